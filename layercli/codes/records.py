"""What is known of one code: its title, what it means, what to do, and an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from layercli.record import record

Severity: TypeAlias = Literal["error", "warning", "note", "difference"]

#: The name of an example's spec.
SPEC_NAME = "net.yaml"


@record
class Example:
    """What shows a code: files by their names, commands that come before, and the one that tells of it.

    ``changed`` are files that are written over before that last one, ``setting`` is said where more is needed than files.
    """

    files: Mapping[str, str | bytes] = field(default_factory=dict)
    command: str = f"layercli validate {SPEC_NAME}"
    before: tuple[str, ...] = ()
    changed: Mapping[str, str | bytes] = field(default_factory=dict)
    setting: str = ""


@record
class Code:
    """One code, which stays the same. Of a difference the severity is what the configuration says.

    ``title`` names it, ``help`` says what it means and what to do. Without ``example`` it says itself why there is none.
    """

    code: str
    severity: Severity
    title: str
    help: str
    example: Example | None = None


def error(code: str, title: str, help: str, example: Example | str | None = None) -> Code:
    """A code of an error, mostly with the text of a spec that shows it."""
    return Code(code, "error", title, help, _show(example))


def warning(code: str, title: str, help: str, example: Example | str | None = None) -> Code:
    """A code of a warning."""
    return Code(code, "warning", title, help, _show(example))


def _show(example: Example | str | None) -> Example | None:
    return Example({SPEC_NAME: example}) if isinstance(example, str) else example


def command(line: str, spec: str = "", **files: str) -> Example:
    """An example that is a command, with a spec where it needs one."""
    return Example({SPEC_NAME: spec, **files} if spec else files, line)
