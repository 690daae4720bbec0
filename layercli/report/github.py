"""The result of a check as workflow commands, which GitHub shows at the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from layercli.errors import Position, escape_controls
from layercli.lock.result import CheckResult, SpecResult
from layercli.record import record

#: GitHub shows no more annotations of one kind from one step.
MAX_ANNOTATIONS = 10


@record
class Annotation:
    """A sentence at a place. ``level`` is ``error``, ``warning`` or ``notice``."""

    level: str
    file: str
    position: Position | None
    title: str
    message: str


def format_github(result: CheckResult, colour: bool = False) -> str:
    """A command for each finding, at most ten, the number of those left out, and the counts.

    Every line is a command, so that no name in it can be taken for one.
    """
    annotations = [annotation for spec in result.specs for annotation in _annotate(spec)]
    lines = [_write_command(annotation) for annotation in annotations[:MAX_ANNOTATIONS]]
    summary = result.summary
    if len(annotations) > MAX_ANNOTATIONS:
        summary = f"and {len(annotations) - MAX_ANNOTATIONS:,} more findings\n{summary}"
    if result.accept:
        summary += f"\naccept it with: {result.accept}"
    level = "notice" if result.specs else "error"
    lines.append(_write_command(Annotation(level, "", None, "layercli check", summary)))
    return "\n".join(lines) + "\n"


def _annotate(spec: SpecResult) -> Iterator[Annotation]:
    for problem in spec.problems:
        level = "error" if problem.severity == "error" else "warning"
        message = "\n".join(filter(None, (problem.message, *problem.notes, problem.hint)))
        yield Annotation(level, spec.path, problem.position, problem.code, message)
    for difference in spec.differences:
        title = f"{difference.code} ({difference.kind})"
        yield Annotation("error", spec.path, difference.position, title, difference.message)
    if spec.status == "missing":
        message = f"{spec.path} has no lock: there is no {spec.lock}"
        yield Annotation("error", spec.path, None, "lock-missing", message)
    if spec.status == "orphaned":
        message = f"{spec.lock} has no spec: remove it, or bring its spec back"
        yield Annotation("error", spec.lock, None, "lock-orphaned", message)


def _write_command(annotation: Annotation) -> str:
    position = annotation.position
    properties = {"file": position.file if position is not None else annotation.file}
    if position is not None:
        properties |= {"line": str(position.line), "col": str(position.column)}
    properties["title"] = annotation.title
    text = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items() if value)
    return f"::{annotation.level} {text}::{_escape_data(annotation.message)}"


def _escape_data(text: str) -> str:
    """A message as the runner reads it back: percent signs and line breaks as hexadecimal codes."""
    # Of the control characters only line breaks mean something to a reader.
    shown = "\n".join(map(escape_controls, text.replace("\r\n", "\n").split("\n")))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    """A property's value; in it colons and commas would end it."""
    # Escaping comes first for line breaks here: no property has several lines.
    text = text.replace("\r", "\\r").replace("\n", "\\n")
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
