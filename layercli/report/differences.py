"""The result of a check as text for a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from layercli.errors import draw_problems, escape_controls
from layercli.lock.differences import Difference
from layercli.lock.result import CheckResult, SpecResult
from layercli.lock.verdicts import Verdict
from layercli.report.logs import break_commands

#: How many lines of differences the text shows for one spec.
MAX_LINES = 40

#: How many specs without a lock it names.
MAX_MISSING = 10

_STYLES = {"old": "31", "new": "32", "breaks": "31", "holds": "32", "heading": "1", "dim": "2"}


def format_text(result: CheckResult, colour: bool = False) -> str:
    """The result for a person: what changed, what it breaks, counts, and the command that accepts it."""
    paint = choose_paint(colour)
    missing = [spec for spec in result.specs if spec.status == "missing"]
    alone = [spec for spec in result.specs if spec.status != "missing" or len(missing) == 1]
    sections = [section for spec in alone if (section := draw_spec(spec, paint))]
    if len(missing) > 1:
        sections.append("\n".join(_draw_all_missing(missing, paint)))
    end = result.summary
    if result.accept:
        end += f"\naccept it with: {_escape(result.accept)}"
    return break_commands("\n\n".join([*sections, end]) + "\n")


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


def _draw_all_missing(specs: Sequence[SpecResult], paint: Paint) -> Iterator[str]:
    yield paint("heading", f"{len(specs):,} specs have no lock:")
    named = sorted(specs, key=lambda spec: bool(spec.problems))[:MAX_MISSING]
    yield from (f"  {_escape(spec.path)}" for spec in named)
    if len(specs) > MAX_MISSING:
        yield f"  and {len(specs) - MAX_MISSING:,} more"
    wrong = [spec.path for spec in specs if spec.problems]
    if wrong:
        yield f"can't be locked, because they are wrong: {_escape(_join(wrong))}"


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
    shapes = [difference for difference in spec.differences if difference.code == "shape-changed"]
    told = [d for d in spec.differences if d.code != "shape-changed" and d.kind != "cost"]
    if told or shapes:
        yield ""
    yield from draw_changes(told, paint)
    yield from draw_shapes(shapes, bool(told))
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

#: What stands before a path where the change itself doesn't tell what it is of.
PREFIXES = {
    "input-added": "input ",
    "input-removed": "input ",
    "input-changed": "input ",
    "inputs-reordered": "inputs",
    "output-changed": "output",
    "param-added": "param ",
    "param-removed": "param ",
    "param-changed": "param ",
    "name-changed": "name",
    "spec-renamed": "spec",
    "tie-rewritten": "tie",
    "freeze-rewritten": "freeze",
    "order-changed": "calls",
    "dims-changed": "dims",
    "need-added": "need of ",
    "need-removed": "need of ",
    "need-moved": "need of ",
    "assumption-added": "assumption of ",
    "assumption-removed": "assumption of ",
    "mode-changed": "mode",
    "dtype-changed": "dtype",
    "entries-reordered": "state_dict",
    "entry-tied": "tied ",
    "wiring-changed": "inputs of ",
    "returns-changed": "output of ",
}


def draw_changes(differences: Sequence[Difference], paint: Paint) -> Iterator[str]:
    """A line for each difference; those that differ only in the numbers of their paths share one."""
    groups: dict[tuple[str, str, str, str], list[Difference]] = {}
    for difference in differences:
        key = (difference.code, mask_numbers(difference.path), difference.old, difference.new)
        groups.setdefault(key, []).append(difference)
    rows: list[tuple[str, str, str]] = []
    for group in list(groups.values())[:MAX_LINES]:
        first = group[0]
        name = PREFIXES.get(first.code, "") + _name_group(group)
        place = str(first.position) if first.position is not None else ""
        rows.append((_escape(name), _draw_change(first, paint), _escape(place)))
    name_width = max((len(name) for name, _, _ in rows), default=0)
    change_width = max((_measure(change) for _, change, _ in rows), default=0)
    for name, change, place in rows:
        line = f"  {name:<{name_width}}   {change}"
        if place:
            line += " " * (change_width - _measure(change) + 3) + paint("dim", place)
        yield line.rstrip()
    left = sum(len(group) for group in list(groups.values())[MAX_LINES:])
    if left:
        yield f"  and {left:,} more"


def _name_group(group: Sequence[Difference]) -> str:
    return group[0].path if len(group) == 1 else f"{mask_numbers(group[0].path)} ({len(group):,})"


def mask_numbers(path: str) -> str:
    return re.sub(r"(?<![^.])[0-9]+(?![^.])", "*", path)


def _measure(text: str) -> int:
    return len(re.sub(r"\x1b\[[0-9]+m", "", text))


def _draw_change(difference: Difference, paint: Paint) -> str:
    old, new = (_escape(text) for text in _shorten(difference.old, difference.new))
    if not old and not new:
        return _escape(difference.message)
    if not old:
        return paint("new", f"+ {new}")
    if not new:
        return paint("old", f"- {old}")
    return f"{paint('old', old)} -> {paint('new', new)}"


def _shorten(old: str, new: str) -> tuple[str, str]:
    """Two tensor types without their dtype where it is the same."""
    dtype, bracket, sizes = old.partition("[")
    if bracket and new.startswith(f"{dtype}[") and old.endswith("]") and new.endswith("]"):
        return bracket + sizes, new[len(dtype) :]
    return old, new


def draw_shapes(differences: Sequence[Difference], consequences: bool) -> Iterator[str]:
    """Rows that now put out something else, those with the same output together."""
    outputs: dict[tuple[str, str], list[str]] = {}
    for difference in differences:
        outputs.setdefault(_shorten(difference.old, difference.new), []).append(difference.path)
    shown = [
        _escape(f"{_join(paths)} {'puts' if len(paths) == 1 else 'put'} out {new}, before {old}")
        for (old, new), paths in outputs.items()
    ]
    for number, part in enumerate(shown[:MAX_LINES]):
        start = "" if not consequences else "and so: " if number == 0 else "        "
        yield f"  {start}{part}"
    if len(shown) > MAX_LINES:
        yield f"  and {len(shown) - MAX_LINES:,} more"


def _join(names: Sequence[str], most: int = 4) -> str:
    """``fc1, fc2 and 3 more``."""
    named = [name or "the model" for name in names]
    if len(named) > most:
        named = [*named[: most - 1], f"{len(named) - most + 1:,} more"]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def draw_verdicts(verdicts: Sequence[Verdict], paint: Paint) -> Iterator[str]:
    """A line for each verdict."""
    name_width = max(len(verdict.kind) for verdict in verdicts)
    word_width = max(len(verdict.word) for verdict in verdicts)
    for verdict in verdicts:
        if not verdict.word:
            yield f"  {verdict.kind:<{name_width}}  {verdict.text}"
            continue
        blanks = " " * (word_width - len(verdict.word))
        word = paint("holds" if verdict.holds else "breaks", verdict.word) + blanks
        yield f"  {verdict.kind:<{name_width}}  {word}  {verdict.text}"
