"""Positions, problems and the exceptions that carry them; the one place that draws them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

from layercli.record import record


@record
class Source:
    """A text that positions point into: ``name`` is what a person calls the file."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.replace("\r\n", "\n").split("\n")

    def line(self, number: int) -> str:
        """The text of line ``number``, counted from 1; empty past the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


@record
class Position:
    """A stretch of one line of a source. Lines and columns count from 1, columns in characters."""

    source: Source
    line: int
    column: int
    width: int = 1

    @property
    def file(self) -> str:
        """What a person calls the file."""
        return self.source.name

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def to_dict(self) -> dict[str, Any]:
        """The place as JSON writes it: ``end_column`` is the column behind it."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_column": self.column + self.width,
        }


@record
class Label:
    """A second place that a problem points to, with what stands there."""

    position: Position
    text: str


@record
class Edit:
    """Characters of a source to replace: those of ``position`` (width 0 inserts before it) by ``text``."""

    position: Position
    text: str


@record
class Mend:
    """Edits of the spec that end a problem, tried before they are offered; ``message`` says what to write.

    Without edits it is an option of the command that has to change. ``outcome`` says what came of it.
    """

    message: str
    edits: tuple[Edit, ...]
    outcome: str = "the model then runs"

    def to_dict(self) -> dict[str, Any]:
        """The mend as JSON writes it."""
        edits = [{"source": edit.position.to_dict(), "text": edit.text} for edit in self.edits]
        return {"message": self.message, "outcome": self.outcome, "edits": edits}


@record
class Problem:
    """One thing wrong.

    ``code`` is stable and documented; ``message`` is one sentence without a full stop; ``label`` stands
    beside the caret; ``notes`` are details; ``hint`` says what to write instead; ``mends`` are changes of
    the spec that were tried and end it, the one that changes least first.
    """

    code: str
    message: str
    position: Position | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    hint: str = ""
    severity: str = "error"
    mends: tuple[Mend, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The problem as JSON writes it; what it hasn't is left out."""
        labels = [{"source": label.position.to_dict(), "text": label.text} for label in self.labels]
        data: dict[str, Any] = {"code": self.code, "severity": self.severity, "message": self.message}
        optional = {
            "source": None if self.position is None else self.position.to_dict(),
            "label": self.label,
            "labels": labels,
            "notes": list(self.notes),
            "hint": self.hint,
            "mends": [mend.to_dict() for mend in self.mends],
        }
        return data | {key: value for key, value in optional.items() if value}


class LayercliError(Exception):
    """Something that the user has to know. ``exit_code``: 1 the model is wrong, 2 the work can't be done."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems: tuple[Problem, ...] = problems

    def __str__(self) -> str:
        return "\n".join(map(summarise_problem, self.problems))


class SpecError(LayercliError):
    """The spec is wrong: what it says is no model."""

    exit_code = 1


class CommandError(LayercliError):
    """The command can't do its work: usage, an unreadable file, no such device, nothing to check."""

    exit_code = 2


def escape_controls(text: str) -> str:
    """Show control characters as escapes, so that no text of a stranger drives a terminal."""
    return "".join(
        character
        if character.isprintable() or character == "\n"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def summarise_problem(problem: Problem) -> str:
    """A problem without its source lines: ``net.yaml:12:5: message``, then notes and hint on lines of their own."""
    place = "" if problem.position is None else f"{problem.position}: "
    lines = [f"{place}{problem.message}", *(f"  {note}" for note in problem.notes)]
    if problem.hint:
        lines.append(f"  help: {problem.hint}")
    lines += [f"  help: {_tell_mend(problem, mend)} (tried: {mend.outcome})" for mend in problem.mends]
    return escape_controls("\n".join(lines))


def draw_problem(problem: Problem) -> str:
    """A problem as plain text: the sentence, each place with its source line and caret, notes, hint."""
    places: list[tuple[Position, str]] = []
    if problem.position is not None:
        places.append((problem.position, problem.label))
    places += [(label.position, label.text) for label in problem.labels]
    margin = max((len(str(position.line)) for position, _ in places), default=1) + 1
    lines = [f"{problem.severity}[{problem.code}]: {problem.message}"]
    for position, label in places:
        shown, column, width = _cut_line(position)
        lines.append(f"{' ' * margin}--> {position}")
        lines.append(f"{position.line:>{margin}} | {shown}")
        caret = " " * (column - 1) + "^" * width
        lines.append(f"{' ' * margin} | {caret} {label}".rstrip())
    lines += [f"{' ' * margin} = {note}" for note in problem.notes]
    if problem.hint:
        lines.append(f"help: {problem.hint}")
    lines += [f"help: {_tell_mend(problem, mend)}   (tried: {mend.outcome})" for mend in problem.mends]
    return escape_controls("\n".join(lines))


def _tell_mend(problem: Problem, mend: Mend) -> str:
    """What to write, as a choice where there was one before."""
    return mend.message if mend is problem.mends[0] else f"or {mend.message}"


#: Characters of a source line that a message shows, and how many of them stand before the caret.
MAX_SHOWN = 160
MAX_BEFORE = 100


def _cut_line(position: Position) -> tuple[str, int, int]:
    """The line of a position, of a very long one the part around it, and the caret's column and width in that."""
    text = position.source.line(position.line).expandtabs(1)
    column, dots = position.column, ""
    if len(text) > MAX_SHOWN:
        start = max(0, min(column - 1 - MAX_BEFORE, len(text) - MAX_SHOWN))
        dots = "..." if start + MAX_SHOWN < len(text) else ""
        text = ("..." if start else "") + text[start : start + MAX_SHOWN]
        column += 3 - start if start else 0
    return text + dots, column, max(1, min(position.width, len(text) - column + 1))


def draw_problems(problems: Sequence[Problem]) -> str:
    """Several problems in order, with a closing count where there is more than one."""
    drawn = [draw_problem(problem) for problem in problems]
    if len(problems) > 1:
        files = sorted({problem.position.file for problem in problems if problem.position is not None})
        errors = sum(problem.severity == "error" for problem in problems)
        if errors > 1:
            drawn.append(f"{errors} problems" + (f" in {', '.join(files)}" if files else ""))
    return "\n".join(drawn)


#: So many characters of a name are enough to suggest it.
MIN_BEGINNING = 3


def same_but_for_case(word: str, known: Iterable[str]) -> list[str]:
    """The names in ``known`` that differ from ``word`` in case and underscores only."""
    plain = word.replace("_", "").lower()
    return sorted(name for name in set(known) if name.replace("_", "").lower() == plain)


def suggest(word: str, known: Iterable[str], limit: int = 3, cutoff: float = 0.6) -> list[str]:
    """The names in ``known`` that someone who wrote ``word`` may have meant, best first.

    Where none is like it, those that begin with it. ``cutoff`` is how like they have to be, from 0 to 1.
    """
    from difflib import get_close_matches

    names = sorted(set(known))
    lowered: dict[str, list[str]] = {}
    for name in names:
        lowered.setdefault(name.lower(), []).append(name)
    if word.lower() in lowered:
        return lowered[word.lower()][:limit]
    close = get_close_matches(word.lower(), lowered, n=limit, cutoff=cutoff)
    if not close and len(word) >= MIN_BEGINNING:
        close = [key for key in lowered if key.startswith(word.lower())]
    return [name for key in close for name in lowered[key]][:limit]


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """``did you mean Linear?`` or nothing."""
    found = suggest(word, known, cutoff=cutoff)
    return f"did you mean {' or '.join(found)}?" if found else ""
