"""What the examples of codes really print: written by ``python -m tests.docs.update``, and held by a test."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from layercli.codes.records import Code

PATH = Path(__file__).with_name("messages.json")


@cache
def _read() -> Mapping[str, Sequence[str]]:
    found: Mapping[str, Sequence[str]] = json.loads(PATH.read_text("utf-8"))
    return found


def find_output(code: str) -> Sequence[str]:
    """The lines that the example of a code prints; none where it has no example."""
    return _read().get(code, ())


def describe_code(entry: Code) -> dict[str, Any]:
    """A code as JSON: what it means, and its example with what that prints."""
    data: dict[str, Any] = {
        "code": entry.code,
        "severity": entry.severity,
        "title": entry.title,
        "help": entry.help,
        "example": None,
    }
    if entry.example is not None:
        example = entry.example
        data["example"] = {
            "files": {name: to_text(content) for name, content in example.files.items()},
            "before": list(example.before),
            "changed": {name: to_text(content) for name, content in example.changed.items()},
            "command": example.command,
            "output": list(find_output(entry.code)),
        }
    return data


def to_text(content: str | bytes) -> str:
    """The content of a file, what is no UTF-8 in it as escapes."""
    return content if isinstance(content, str) else content.decode("utf-8", "backslashreplace")
