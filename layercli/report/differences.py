"""The result of a check as text for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from layercli.errors import draw_problems, escape_controls
from layercli.lock.comparison import mask_numbers
from layercli.lock.differences import PREFIXES, RENAMES, Difference, shorten_types
from layercli.lock.result import CheckResult, SpecResult
from layercli.lock.verdicts import Verdict, join_names
from layercli.report.logs import break_commands

#: How many lines of differences the text shows for one spec.
MAX_LINES = 40

#: How many lines it shows of each kind of consequence of one difference.
MAX_FOLDED = 6

#: From more rows on with one output those of equal blocks are told as one.
MAX_NAMED = 4

#: How many specs without a lock it names.
MAX_MISSING = 10

_STYLES = {"old": "31", "new": "32", "breaks": "31", "holds": "32", "heading": "1", "dim": "2"}


def format_text(result: CheckResult, colour: bool = False) -> str:
    """The result for a person: what changed, what it breaks, counts, and the command that accepts it."""
    paint = choose_paint(colour)
    missing = [spec for spec in result.specs if spec.status == "missing" and not _is_moved(spec)]
    alone = [spec for spec in result.specs if spec not in missing or len(missing) == 1]
    sections = [section for spec in alone if (section := draw_spec(spec, paint))]
    if result.problems:
        sections.insert(0, draw_problems(result.problems))
    if len(missing) > 1:
        sections.append("\n".join(_draw_all_missing(missing, paint)))
    end = result.summary
    if result.accept:
        end += f"\naccept it with: {_escape(result.accept)}"
    return break_commands("\n\n".join([*sections, end]) + "\n")


def _is_moved(spec: SpecResult) -> bool:
    """Whether there is more to say of a spec without a lock than why it can't be locked."""
    return any(problem.severity != "error" for problem in spec.problems)


Paint = Callable[[str, str], str]


def _paint(style: str, text: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if text else ""


def _leave(style: str, text: str) -> str:
    return text


def choose_paint(color: bool) -> Paint:
    """What gives a text the colours of a style, or leaves it as it is."""
    return _paint if color else _leave


def draw_spec(spec: SpecResult, paint: Paint = _leave) -> str:
    """What there is to say of one spec, without a line break at its end; empty where it holds."""
    return "\n".join(_SECTIONS[spec.status](spec, paint))


def _escape(text: str) -> str:
    """A text on one line, whatever is in it."""
    return escape_controls(text).replace("\n", "\\n")


def _draw_ok(spec: SpecResult, paint: Paint) -> Iterator[str]:
    if spec.problems:
        yield draw_problems(spec.problems)


def _draw_missing(spec: SpecResult, paint: Paint) -> Iterator[str]:
    yield paint("heading", f"{_escape(spec.path)} has no lock") + f": there is no {_escape(spec.lock)}"
    if spec.problems:
        yield draw_problems(spec.problems)
    if any(problem.severity == "error" for problem in spec.problems):
        yield f"if it is no spec: {_EXCLUDE}"


def _draw_all_missing(specs: Sequence[SpecResult], paint: Paint) -> Iterator[str]:
    yield paint("heading", f"{len(specs):,} specs have no lock:")
    named = sorted(specs, key=lambda spec: bool(spec.problems))[:MAX_MISSING]
    yield from (f"  {_escape(spec.path)}" for spec in named)
    if len(specs) > MAX_MISSING:
        yield f"  and {len(specs) - MAX_MISSING:,} more"
    wrong = [spec.path for spec in specs if spec.problems]
    if wrong:
        yield f"can't be locked (layercli validate tells why): {_escape(join_names(wrong))}"
        yield f"if one of these is no spec: {_EXCLUDE}"


#: How a file is left out that only looks like a spec.
_EXCLUDE = "leave it out by exclude = [...] below [tool.layercli] in pyproject.toml"


def _draw_orphaned(spec: SpecResult, paint: Paint) -> Iterator[str]:
    heading = paint("heading", f"{_escape(spec.lock)} has no spec")
    yield f"{heading}: remove it, or bring its spec back"


def _draw_deleted(spec: SpecResult, paint: Paint) -> Iterator[str]:
    yield paint("heading", f"{_escape(spec.path)} is gone") + f": there was {_escape(spec.lock)}"
    yield ""
    yield from draw_verdicts(spec.verdicts, paint)


def _draw_error(spec: SpecResult, paint: Paint) -> Iterator[str]:
    yield paint("heading", f"{_escape(spec.path)} couldn't be checked")
    yield draw_problems(spec.problems)


def _draw_differs(spec: SpecResult, paint: Paint) -> Iterator[str]:
    yield paint("heading", f"{_escape(spec.path)} differs from {_escape(spec.lock)}")
    # What it costs is told with the verdicts.
    told = [difference for difference in spec.differences if difference.kind != "cost"]
    if told:
        yield ""
    yield from draw_changes(told, paint)
    yield from _draw_passing(spec.differences, paint)
    if spec.verdicts:
        yield ""
        yield from draw_verdicts(spec.verdicts, paint)
    if spec.problems:
        yield ""
        yield draw_problems(spec.problems)


_SECTIONS: Mapping[str, Callable[[SpecResult, Paint], Iterator[str]]] = {
    "ok": _draw_ok,
    "differs": _draw_differs,
    "missing": _draw_missing,
    "orphaned": _draw_orphaned,
    "deleted": _draw_deleted,
    "error": _draw_error,
}


def draw_changes(differences: Sequence[Difference], paint: Paint) -> Iterator[str]:
    """A line for each difference, and below it what follows from it.

    Those that differ only in the numbers of their paths share a line, as one block's does with those equal to it.
    """
    groups = _group_equal(differences)
    for group in groups[:MAX_LINES]:
        first = group[0]
        equal = [part for part in first.follows if _find_key(part) == _find_key(first)]
        rest = [part for one in group for part in one.follows if part not in equal and part.kind != "cost"]
        yield from _draw_table([[*group, *equal]], paint, "  ")
        yield from _draw_consequences(rest, paint)
    left = sum(len(group) for group in groups[MAX_LINES:])
    if left:
        yield f"  and {left:,} more"


def _find_key(difference: Difference) -> tuple[str, str, str, str]:
    texts = difference.old, difference.new
    if difference.code in RENAMES:
        texts = mask_numbers(texts[0]), mask_numbers(texts[1])
    return difference.code, mask_numbers(difference.path), *texts


def _group_equal(differences: Sequence[Difference]) -> list[list[Difference]]:
    groups: dict[tuple[str, str, str, str], list[Difference]] = {}
    for difference in differences:
        groups.setdefault(_find_key(difference), []).append(difference)
    return list(groups.values())


def _draw_table(groups: Sequence[Sequence[Difference]], paint: Paint, indent: str) -> Iterator[str]:
    rows: list[tuple[str, str, str]] = []
    for group in groups:
        first = group[0]
        # A rename has both names in it.
        name = "" if first.code in RENAMES else PREFIXES.get(first.code, "") + _name_group(group)
        place = str(first.position) if first.position is not None and indent == "  " else ""
        rows.append((_escape(name), _draw_group(group, paint), _escape(place)))
    name_width = max((len(name) for name, _, _ in rows), default=0)
    for name, change, place in rows:
        line = f"{indent}{name:<{name_width}}   {change}" if name else f"{indent}{change}"
        if place:
            line += "   " + paint("dim", place)
        yield line.rstrip()


def _draw_consequences(differences: Sequence[Difference], paint: Paint) -> Iterator[str]:
    """The entries that changed with it, then in a sentence the rows that did."""
    entries = [part for part in differences if part.kind in ("checkpoints", "callers")]
    shapes = [part for part in differences if part.code == "shape-changed"]
    others = [part for part in differences if part not in entries and part not in shapes]
    groups = [*_group_equal(entries)[:MAX_FOLDED], *_group_equal(others)[:MAX_FOLDED]]
    yield from _draw_table(groups, paint, "    ")
    left = len(entries) + len(others) - sum(map(len, groups))
    if left:
        yield f"    and {left:,} more"
    yield from _draw_shapes(shapes)


def _draw_passing(differences: Sequence[Difference], paint: Paint) -> Iterator[str]:
    """Which of them are known, by the reasons, and which don't fail."""
    reasons: dict[str, list[str]] = {}
    for difference in differences:
        # What is known of a difference is known of what follows from it.
        for part in (difference,) if difference.ignored else difference.parts:
            if part.ignored and part.path not in reasons.setdefault(part.ignored, []):
                reasons[part.ignored].append(part.path)
    if reasons:
        yield ""
    for reason, paths in reasons.items():
        yield _escape(f"  known: {join_names(paths)}: {reason}")


def _name_group(group: Sequence[Difference]) -> str:
    return group[0].path if len(group) == 1 else f"{mask_numbers(group[0].path)} ({len(group):,})"


def _draw_group(group: Sequence[Difference], paint: Paint) -> str:
    """What changed in each of them, which of renames has their names in it."""
    first = group[0]
    if first.code not in RENAMES or len(group) == 1:
        return _draw_change(first, paint)
    masked = replace(first, old=mask_numbers(first.old), new=mask_numbers(first.new))
    return f"{_draw_change(masked, paint)} ({len(group):,})"


def _draw_change(difference: Difference, paint: Paint) -> str:
    if difference.code in RENAMES:
        return f"{paint('old', _escape(difference.old))} is now {paint('new', _escape(difference.new))}"
    old, new = (_escape(text) for text in shorten_types(difference.old, difference.new))
    if not old and not new:
        return _escape(difference.message)
    if not old:
        return paint("new", f"+ {new}")
    if not new:
        return paint("old", f"- {old}")
    return f"{paint('old', old)} -> {paint('new', new)}"


def _draw_shapes(differences: Sequence[Difference]) -> Iterator[str]:
    """Rows that now put out something else, those with the same output together."""
    outputs: dict[tuple[str, str], list[str]] = {}
    for difference in differences:
        outputs.setdefault(shorten_types(difference.old, difference.new), []).append(difference.path)
    shown = [
        _escape(f"{_join_rows(paths)} {'puts' if len(paths) == 1 else 'put'} out {new}, before {old}")
        for (old, new), paths in outputs.items()
    ]
    for number, part in enumerate(shown[:MAX_FOLDED]):
        yield f"    {'and so: ' if number == 0 else '        '}{part}"
    if len(shown) > MAX_FOLDED:
        yield f"            and {len(shown) - MAX_FOLDED:,} more sizes"


def _join_rows(paths: Sequence[str]) -> str:
    """The rows by name; of many, those of equal blocks, which differ only in their numbers, as one."""
    if len(paths) <= MAX_NAMED:
        return join_names(paths)
    groups: dict[str, list[str]] = {}
    for path in paths:
        masked = mask_numbers(path)
        groups.setdefault(path if masked == "*" else masked, []).append(path)
    named = [
        group[0] if len(group) == 1 else f"{masked} ({len(group):,})" for masked, group in groups.items()
    ]
    if len(groups) > MAX_NAMED:
        left = sum(map(len, list(groups.values())[MAX_NAMED - 1 :]))
        named = [*named[: MAX_NAMED - 1], f"{left:,} more"]
    return join_names(named)


def draw_verdicts(verdicts: Sequence[Verdict], paint: Paint) -> Iterator[str]:
    """A line for each verdict."""
    name_width = max(len(verdict.kind) for verdict in verdicts)
    word_width = max(len(verdict.word) for verdict in verdicts)
    for verdict in verdicts:
        if not verdict.word:
            yield f"  {verdict.kind:<{name_width}}  {_escape(verdict.text)}"
            continue
        blanks = " " * (word_width - len(verdict.word))
        word = paint("holds" if verdict.holds else "breaks", verdict.word) + blanks
        yield f"  {verdict.kind:<{name_width}}  {word}  {_escape(verdict.text)}"
