"""Two locks row by row: as text, one below or beside the other, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from layercli.lock.differences import Difference, flatten_differences
from layercli.lock.records import LockRow
from layercli.lock.rows import Change, Comparison, RowPair
from layercli.record import record
from layercli.report.differences import Paint, choose_paint, draw_changes, draw_verdicts
from layercli.report.layout import clean, measure
from layercli.report.logs import break_commands

#: The version of the JSON: keys may be added within it, never changed.
JSON_VERSION = 1

#: So many rows that are the same are shown around one that isn't.
CONTEXT = 3

#: So many blocks that changed as another one are named one by one.
MAX_OTHERS = 2

#: From so many columns on the sides stand beside each other unless asked otherwise, where they fit.
BESIDE = 100

COMPARISON_FORMATS = ("text", "json", "markdown")


@record
class ComparisonOptions:
    """``beside``: the old rows on the left, the new ones on the right; None where the ``width`` decides, in columns."""

    beside: bool | None = None
    width: int | None = None
    color: bool = False


#: What the table of rows shows itself, so that it isn't told once more below it.
_IN_ROWS = (
    "layer-added", "layer-removed", "layer-called", "layer-uncalled", "layer-changed", "layer-moved", "layer-renamed",
    "layer-resized", "operation-added", "operation-removed", "operation-changed", "operation-moved",
    "operation-resized", "shape-changed",
)  # fmt: skip
#: What it shows where the layer of the entry is among the rows that changed.
_IN_LAYER = ("entry-added", "entry-removed", "entry-changed", "entry-renamed")

#: A cell of more characters doesn't widen its column.
MAX_CELL = 44


def format_comparison(comparison: Comparison, format: str, options: ComparisonOptions | None = None) -> str:
    """A comparison in one of ``COMPARISON_FORMATS``, with a newline at its end."""
    options = options or ComparisonOptions()
    if format == "json":
        return format_json(comparison)
    if format == "markdown":
        return format_markdown(comparison)
    return format_text(comparison, options)


def format_text(comparison: Comparison, options: ComparisonOptions) -> str:
    """The rows that changed among their neighbours, what else did, and what that breaks."""
    paint = choose_paint(options.color)
    if not comparison.differences:
        return break_commands(_say_same(comparison) + "\n")
    sections = [_draw_table(comparison, options, paint)]
    left = list_unseen(comparison)
    if left:
        sections.append(list(draw_changes(left, paint)))
    sections.append(list(draw_verdicts(comparison.verdicts, paint)))
    return break_commands("\n\n".join("\n".join(section) for section in sections) + "\n")


def _say_same(comparison: Comparison) -> str:
    rows = len(comparison.new.rows)
    count = f"{rows:,} row{'s' * (rows != 1)} compared"
    return f"{clean(comparison.old_name)} and {clean(comparison.new_name)} say the same: {count}"


def list_unseen(comparison: Comparison) -> list[Difference]:
    """The differences that the table of rows doesn't show."""
    changed = [pair.new or pair.old for pair in comparison.pairs if pair.change != "same"]
    layers = {row.path for row in changed if row is not None and row.kind == "layer"}
    return [
        difference
        for difference in flatten_differences(comparison.differences)
        if difference.code not in _IN_ROWS
        and not (difference.code in _IN_LAYER and difference.path.rpartition(".")[0] in layers)
        and difference.kind != "cost"
    ]


@record
class Repeat:
    """Blocks of a list in which the same changed as in the one before them, ``first``, with their ``rows`` each."""

    first: str
    others: tuple[str, ...]
    rows: int

    def __str__(self) -> str:
        number = len(self.others)
        if number > MAX_OTHERS:
            names = f"{self.others[0]} to {self.others[-1]}"
        else:
            names = " and ".join(filter(None, (", ".join(self.others[:-1]), self.others[-1])))
        verb = "changes" if number == 1 else "change"
        return f"{names} {verb} as {self.first} does, in {number * self.rows:,} rows"


#: What is shown: a pair of rows, blocks that are left out, or how many rows are.
Part: TypeAlias = "RowPair | Repeat | int"


def fold_blocks(pairs: Sequence[RowPair], inside: str = "") -> list[RowPair | Repeat]:
    """The pairs without those of blocks in which the same changed as in the one before, all of them below ``inside``."""
    found: list[RowPair | Repeat] = []
    start = 0
    while start < len(pairs):
        block = _find_block(pairs[start], inside)
        end = _find_end(pairs, start, block)
        if block is None or all(pair.change == "same" for pair in pairs[start:end]):
            found += pairs[start:end]
            start = end
            continue
        first = [_strip(pair, block) for pair in pairs[start:end]]
        others: list[str] = []
        after = end
        while after < len(pairs):
            other = _find_block(pairs[after], inside)
            stop = _find_end(pairs, after, other)
            if other is None or other.rpartition(".")[0] != block.rpartition(".")[0]:
                break
            if [_strip(pair, other) for pair in pairs[after:stop]] != first:
                break
            others.append(other)
            after = stop
        found += fold_blocks(pairs[start:end], f"{block}.")
        # One line in the place of one is no gain.
        if len(others) * len(first) > 1:
            found.append(Repeat(block, tuple(others), len(first)))
        else:
            found += pairs[end:after]
        start = after
    return found


def _find_path(pair: RowPair) -> str:
    row = pair.new or pair.old
    return "" if row is None else row.path


def _find_block(pair: RowPair, inside: str) -> str | None:
    """The path up to its first number below ``inside``."""
    names = _find_path(pair)[len(inside) :].split(".")
    count = next((count for count, name in enumerate(names, start=1) if name.isdecimal()), None)
    return None if count is None else inside + ".".join(names[:count])


def _find_end(pairs: Sequence[RowPair], start: int, block: str | None) -> int:
    """Where the pairs of a block end."""
    end = start + 1
    while block is not None and end < len(pairs) and f"{_find_path(pairs[end])}.".startswith(f"{block}."):
        end += 1
    return end


def _strip(pair: RowPair, block: str) -> tuple[Any, ...]:
    """What a pair says, paths counted from ``block``."""
    return pair.change, *(
        None
        if row is None
        else (f"{row.path}.".removeprefix(f"{block}."), row.call or row.type, row.output, row.parameters)
        for row in (pair.old, pair.new)
    )


def fold_pairs(pairs: Sequence[RowPair]) -> Iterator[Part]:
    """What changed with ``CONTEXT`` others around it, and the number of those left out between."""
    parts = fold_blocks(pairs)
    changed = [
        number for number, part in enumerate(parts) if isinstance(part, Repeat) or part.change != "same"
    ]
    shown = 0
    for number in changed:
        start = max(shown, number - CONTEXT)
        # One row takes no more room than the line that says that it's left out.
        start = shown if start - shown <= 1 else start
        if start > shown:
            yield start - shown
        end = min(len(parts), number + CONTEXT + 1)
        yield from parts[start:end]
        shown = max(shown, end)
    left = len(parts) - shown
    if left == 1:
        yield parts[-1]
    elif left and changed:
        yield left


# Text


def _draw_table(comparison: Comparison, options: ComparisonOptions, paint: Paint) -> list[str]:
    parts = list(fold_pairs(comparison.pairs))
    wide = options.width is not None and options.width >= BESIDE
    if options.beside or (options.beside is None and wide):
        # The last column, that of parameters, is the first to go.
        for columns in (4, 3):
            plain = _draw_beside(comparison, parts, choose_paint(False), columns)
            if options.width is None or max(map(measure, plain)) <= options.width:
                return _draw_beside(comparison, parts, paint, columns)
        if options.beside:
            return _draw_beside(comparison, parts, paint, 3)
    return _draw_unified(comparison, parts, paint)


def _list_cells(row: LockRow | None, dtype: str) -> tuple[str, str, str, str]:
    """Path, call, output, parameters; a type of the ``dtype`` that both models have by default is its sizes."""
    if row is None:
        return "", "", "", ""
    count = f"{row.parameters:,}" if row.parameters else ""
    output = row.output.removeprefix(dtype) if dtype and row.output.startswith(f"{dtype}[") else row.output
    return clean(row.path or "the model"), clean(row.call or row.type), clean(output), count


def _find_dtype(comparison: Comparison) -> str:
    return comparison.new.dtype if comparison.old.dtype == comparison.new.dtype else ""


def _find_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    sizes = [[measure(text) for text in column] for column in zip(*rows, strict=True)]
    return [max((size for size in column if size <= MAX_CELL), default=0) for column in sizes]


def _draw_unified(comparison: Comparison, parts: Sequence[Part], paint: Paint) -> list[str]:
    lines: list[tuple[str, LockRow | None, str]] = []
    removed: list[tuple[str, LockRow | None, str]] = []
    added: list[tuple[str, LockRow | None, str]] = []
    for part in parts:
        if isinstance(part, RowPair) and part.change != "same":
            removed += [("-", part.old, "")] if part.old is not None else []
            added += [("+", part.new, "")] if part.new is not None else []
            continue
        lines += removed + added
        removed, added = [], []
        lines.append((" ", part.new, "") if isinstance(part, RowPair) else (" ", None, _say_left(part)))
    lines += removed + added
    cells = [_list_cells(row, _find_dtype(comparison)) for _, row, _ in lines]
    widths = _find_widths(cells)
    drawn = [
        paint("old", f"- {clean(comparison.old_name)}"),
        paint("new", f"+ {clean(comparison.new_name)}"),
        "",
    ]
    for (sign, row, left), texts in zip(lines, cells, strict=True):
        if row is None:
            drawn.append(paint("dim", left))
        else:
            drawn.append(_style(paint, _SIGNS[sign], f"{sign} {_align(texts, widths)}".rstrip()))
    return drawn


def _say_left(part: Repeat | int) -> str:
    """The line in the place of what is left out."""
    return f"  ... {clean(str(part))}" if isinstance(part, Repeat) else f"  ... {part:,} rows are the same"


_SIGNS = {"-": "old", "+": "new", " ": ""}


def _align(texts: Sequence[str], widths: Sequence[int]) -> str:
    """Cells in columns, of which the last one holds numbers."""
    cells = [
        text + " " * (width - measure(text)) for text, width in zip(texts[:-1], widths[:-1], strict=True)
    ]
    cells.append(" " * (widths[-1] - measure(texts[-1])) + texts[-1])
    return "  ".join(cells)


#: What stands between the sides, as in ``sdiff``.
_BETWEEN: Mapping[Change, str] = {"same": " ", "changed": "|", "removed": "<", "added": ">"}


def _draw_beside(comparison: Comparison, parts: Sequence[Part], paint: Paint, columns: int) -> list[str]:
    pairs = [part for part in parts if isinstance(part, RowPair)]
    dtype = _find_dtype(comparison)
    old = [_list_cells(pair.old, dtype)[:columns] for pair in pairs]
    new = [_list_cells(pair.new, dtype)[:columns] for pair in pairs]
    old_widths, new_widths = _find_widths(old), _find_widths(new)
    heading = clean(comparison.old_name)
    half = max(sum(old_widths) + 2 * (columns - 1), measure(heading))
    drawn = [
        f"  {paint('old', heading)}{' ' * (half - measure(heading))}     {paint('new', clean(comparison.new_name))}",
        "",
    ]
    sides = iter(zip(pairs, old, new, strict=True))
    for part in parts:
        if not isinstance(part, RowPair):
            drawn.append(paint("dim", _say_left(part)))
            continue
        pair, before, after = next(sides)
        left = _align(before, old_widths)
        right = _align(after, new_widths).rstrip()
        blanks = " " * (half - measure(left))
        styles = ("", "") if pair.change == "same" else ("old", "new")
        shown = f"  {_style(paint, styles[0], left)}{blanks}  {_BETWEEN[pair.change]}  {_style(paint, styles[1], right)}"
        drawn.append(shown.rstrip())
    return drawn


def _style(paint: Paint, style: str, text: str) -> str:
    return paint(style, text) if style and text.strip() else text


# Markdown


def format_markdown(comparison: Comparison) -> str:
    """The unified table as a ``diff`` block, and the verdict as a list."""
    from layercli.report.markdown import escape_text

    if not comparison.differences:
        return break_commands(escape_text(_say_same(comparison)) + "\n")
    plain = choose_paint(False)
    lines = _draw_unified(comparison, list(fold_pairs(comparison.pairs)), plain)
    left = list_unseen(comparison)
    if left:
        lines += ["", *draw_changes(left, plain)]
    # A fence ends at one that is as long, and nothing in the block is.
    longest = max((len(line) for line in lines), default=0)
    fence = "`" * (3 if not any("```" in line for line in lines) else longest + 1)
    verdicts = [
        f"- {verdict.kind}{_emphasise(verdict.word, verdict.holds)}: {escape_text(verdict.text)}"
        for verdict in comparison.verdicts
    ]
    blocks = [f"{fence}diff\n" + "\n".join(lines) + f"\n{fence}", "\n".join(verdicts)]
    return break_commands("\n\n".join(blocks) + "\n")


def _emphasise(word: str, holds: bool) -> str:
    return "" if not word else f" {word}" if holds else f" **{word}**"


# JSON


def format_json(comparison: Comparison) -> str:
    """Every pair of rows and every difference as one JSON object, version 1."""
    from layercli.report.check.json import dump_json

    return dump_json(
        {
            "version": JSON_VERSION,
            "old": {"name": comparison.old_name, "model": comparison.old.model},
            "new": {"name": comparison.new_name, "model": comparison.new.model},
            "rows": [
                {"change": pair.change, "old": _convert_row(pair.old), "new": _convert_row(pair.new)}
                for pair in comparison.pairs
            ],
            "differences": [_convert_difference(difference) for difference in comparison.differences],
            "verdict": [
                {"class": verdict.kind, "holds": verdict.holds, "text": verdict.text}
                for verdict in comparison.verdicts
            ],
            "exit_code": comparison.exit_code,
        }
    )


def _convert_row(row: LockRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "path": row.path,
        "kind": row.kind,
        "type": row.type,
        "call": row.call,
        "sources": list(row.sources),
        "output": row.output,
        "parameters": row.parameters,
    }


def _convert_difference(difference: Difference) -> dict[str, Any]:
    return {
        "code": difference.code,
        "class": difference.kind,
        "path": difference.path,
        "old": difference.old or None,
        "new": difference.new or None,
        "message": difference.message,
        "source": None if difference.position is None else difference.position.to_dict(),
        "follows": [_convert_difference(part) for part in difference.follows],
    }
