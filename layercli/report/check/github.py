"""The result of a check as workflow commands, which GitHub shows at the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from layercli.errors import Position, escape_controls
from layercli.lock.findings import Finding, Severity, list_findings, sort_findings
from layercli.lock.result import CheckResult
from layercli.record import record
from layercli.report.check.places import find_in_repository
from layercli.report.options import CheckOptions

#: GitHub shows no more annotations of one kind from one step.
MAX_ANNOTATIONS = 10

#: How many consequences one of them tells.
MAX_CONSEQUENCES = 10

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


@record
class Annotation:
    """Sentences at a place. ``level`` is ``error``, ``warning`` or ``notice``."""

    level: str
    file: str
    position: Position | None
    title: str
    message: str


def format_check(result: CheckResult, options: CheckOptions) -> str:
    """A command for each line with findings, the gravest first, at most ten, and one with the counts."""
    summary = result.summary + (f"\naccept it with: {result.accept}" if result.accept else "")
    level = "notice" if result.specs or result.exit_code == 0 else "error"
    # What the model costs is in the verdict, and at no line.
    findings = [finding for finding in list_findings(result) if finding.kind != "cost"]
    return write_annotations(findings, Annotation(level, "", None, "layercli check", summary), options)


def write_annotations(findings: Sequence[Finding], summary: Annotation, options: CheckOptions) -> str:
    """Findings and the counts as commands.

    Every line is a command, so that no name in it can be taken for one.
    """
    groups = _group_lines(sort_findings(findings))
    lines = [_write_command(_annotate(group), options) for group in groups[:MAX_ANNOTATIONS]]
    left = sum(map(len, groups[MAX_ANNOTATIONS:]))
    if left:
        more = f"and {left:,} more finding{'s' * (left > 1)}\n{summary.message}"
        summary = replace(summary, message=more)
    return "\n".join([*lines, _write_command(summary, options)]) + "\n"


def _group_lines(findings: Sequence[Finding]) -> list[list[Finding]]:
    """The findings of one line together; those without a line are alone."""
    groups: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        place = finding.position
        groups.setdefault(number if place is None else (place.file, place.line), []).append(finding)
    return list(groups.values())


def _annotate(group: Sequence[Finding]) -> Annotation:
    first = group[0]
    title = f"{first.code} ({first.gravest})" + (f" and {len(group) - 1:,} more" if len(group) > 1 else "")
    message = "\n".join(line for finding in group for line in _tell(finding))
    return Annotation(_LEVELS[first.severity], first.file, first.position, title, message)


def _tell(finding: Finding) -> Iterator[str]:
    yield finding.message
    yield from finding.details
    yield from (f"and so: {consequence.message}" for consequence in finding.follows[:MAX_CONSEQUENCES])
    left = len(finding.follows) - MAX_CONSEQUENCES
    if left > 0:
        yield f"and {left:,} more"


def _write_command(annotation: Annotation, options: CheckOptions) -> str:
    position = annotation.position
    properties = {"file": find_in_repository(annotation.file, options)}
    if position is not None:
        properties["line"] = str(position.line)
        properties["col"] = str(position.column)
        properties["endColumn"] = str(position.column + position.width)
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
