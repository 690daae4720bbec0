"""Comments that turn warnings off: ``# layercli: ignore[unused-layer]``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from layercli.codes.warnings import IGNORABLE
from layercli.errors import Position, Problem, Source, did_you_mean
from layercli.record import record

_COMMENT = re.compile(
    r"(?:^|(?<=\s))#\s*layercli:\s*(?P<word>ignore(?:-file)?)\b(?P<rest>\s*\[(?P<codes>[^\]]*)\])?"
)


@record
class Ignore:
    """A code that a comment turns off: on ``line``, or in the whole file where that is 0."""

    code: str
    line: int
    position: Position


def read_ignores(source: Source) -> tuple[list[Ignore], list[Problem]]:
    """What the comments of a file turn off, and what is wrong with them.

    One after a value holds for its line, one on a line of its own for the next line that is none.
    """
    ignores: list[Ignore] = []
    problems: list[Problem] = []
    for number, text in enumerate(source.lines, start=1):
        if "layercli:" not in text:
            continue
        for found in _COMMENT.finditer(text):
            place = Position(source, number, found.start() + 1, found.end() - found.start())
            if found["codes"] is None or not found["codes"].strip():
                hint = f"write {found['word']}[{IGNORABLE[0]}]"
                problems.append(
                    Problem("bad-ignore", "this comment names no code", place, severity="warning", hint=hint)
                )
                continue
            line = 0 if found["word"] == "ignore-file" else _find_line(source, number, text[: found.start()])
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
    read = {source.name: read_ignores(source) for source in sources}
    used: set[Ignore] = set()
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
            yield warning
    for source in sources:
        ignores, problems = read[source.name]
        yield from problems
        for item in ignores:
            if item not in used:
                message = f"there is no warning {item.code} here that this could turn off"
                hint = "remove it"
                yield Problem("unneeded-ignore", message, item.position, severity="warning", hint=hint)
