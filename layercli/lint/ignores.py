"""Comments that turn warnings off: ``# layercli: ignore[unused-layer]``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from layercli.codes.warnings import IGNORABLE
from layercli.errors import Position, Problem, Source, did_you_mean
from layercli.record import record

# Only ignore and ignore-file turn anything off. The words of other linters, disable, noqa and the like, are read to be
# told as mistakes: a comment that is passed over in silence leaves its warning there and nobody knows why.
_COMMENT = re.compile(
    r"(?:^|(?<=\s))#\s*(?P<name>layercli)\s*:\s*"
    r"(?P<word>ignore-file|ignore|disable|noqa|suppress|skip|off)(?![\w-])"
    r"(?P<rest>\s*\[(?P<codes>[^\]]*)\])?(?P<after>[\s=:(]*(?P<bare>[\w-]+))?",
    re.IGNORECASE,
)

_FORMS = ("ignore", "ignore-file")


@record
class Ignore:
    """A code that a comment turns off: on ``line``, or in the whole file where that is 0."""

    code: str
    line: int
    position: Position


def read_ignores(
    source: Source, at_line: Mapping[int, str] = MappingProxyType({})
) -> tuple[list[Ignore], list[Problem]]:
    """What the comments of a file turn off, and what is wrong with them.

    One after a value holds for its line, one on a line of its own for the next line that is none. ``at_line`` has the
    codes of the warnings at each line, for what to write instead.
    """
    ignores: list[Ignore] = []
    problems: list[Problem] = []
    for number, text in enumerate(source.lines, start=1):
        if "layercli" not in text.lower():
            continue
        for found in _COMMENT.finditer(text):
            line = _find_line(source, number, text[: found.start()])
            words = found["name"], found["word"]
            form = words[1].lower() if words[1].lower() in _FORMS else "ignore"
            known = words == ("layercli", form)
            if not known or not (found["codes"] or "").strip():
                bare = found["bare"] if found["bare"] in IGNORABLE else ""
                code = (found["codes"] or "").strip() or bare or at_line.get(line) or IGNORABLE[0]
                end = (
                    found.end() if bare else found.end("word") if found["rest"] is None else found.end("rest")
                )
                place = Position(source, number, found.start() + 1, end - found.start())
                message = "this comment names no code" if known else "this comment turns nothing off"
                if known and bare:
                    message = "this comment has no brackets around its code"
                hint = f"write {form}[{code}]"
                problems.append(Problem("bad-ignore", message, place, severity="warning", hint=hint))
                continue
            line = 0 if form == "ignore-file" else line
            for part in re.finditer(r"[^,\s]+", found["codes"]):
                column = found.start("codes") + part.start() + 1
                named = Position(source, number, column, len(part[0]))
                if part[0] in IGNORABLE:
                    ignores.append(Ignore(part[0], line, named))
                else:
                    problems.append(_explain_unknown(part[0], named))
    return ignores, problems


def _find_line(source: Source, number: int, before: str) -> int:
    """The line that a comment is about: its own, or of one that stands alone the next that holds something."""
    if before.strip():
        return number
    for later in range(number + 1, len(source.lines) + 1):
        text = source.line(later).strip()
        if text and not text.startswith("#"):
            return later
    return number


def _explain_unknown(code: str, place: Position) -> Problem:
    hint = did_you_mean(code, IGNORABLE) or f"the warnings are {', '.join(IGNORABLE)}"
    message = f"there is no warning called {code}, and errors can't be ignored"
    return Problem("bad-ignore", message, place, severity="warning", hint=hint)


def apply_ignores(warnings: Iterable[Problem], sources: Sequence[Source]) -> Iterator[Problem]:
    """The warnings that no comment in their files turns off; then those about the comments in ``sources``."""
    warnings = [*warnings]
    at_line: dict[str, dict[int, str]] = {}
    for warning in warnings:
        if warning.position is not None:
            lines = at_line.setdefault(warning.position.file, {})
            codes = lines.get(warning.position.line, "").split(", ")
            lines[warning.position.line] = ", ".join(dict.fromkeys(filter(None, (*codes, warning.code))))
    read = {source.name: read_ignores(source, at_line.get(source.name, {})) for source in sources}
    used: set[Ignore] = set()
    #: The line of the first warning that is left, by file and code.
    left: dict[tuple[str, str], int] = {}
    for warning in warnings:
        place = warning.position
        if place is None:
            yield warning
            continue
        if place.file not in read:
            read[place.file] = read_ignores(place.source)
        matching = [
            item for item in read[place.file][0] if item.code == warning.code and item.line in (0, place.line)
        ]
        used.update(matching)
        if not matching:
            left.setdefault((place.file, warning.code), place.line)
            yield warning
    for source in sources:
        ignores, problems = read[source.name]
        yield from problems
        for item in ignores:
            if item not in used:
                message = f"there is no warning {item.code} here that this could turn off"
                hint = _find_elsewhere(item, left.get((source.name, item.code), 0))
                yield Problem("unneeded-ignore", message, item.position, severity="warning", hint=hint)


def _find_elsewhere(ignore: Ignore, line: int) -> str:
    """What to do with a comment that turns nothing off: the warning may be at another line."""
    if not line:
        return "remove it"
    return f"the warning is at line {line}: move it there, or write ignore-file[{ignore.code}]"
