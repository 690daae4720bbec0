"""The result of a validation: one file per format, and the dict that lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TypeAlias

from layercli.lint.result import ValidationResult
from layercli.report.options import CheckOptions

__all__ = ["VALIDATION_FORMATS", "ValidationFormat", "format_validation"]

ValidationFormat: TypeAlias = Callable[[ValidationResult, CheckOptions], str]

#: What ``layercli validate --format`` takes, and the module whose ``format_text`` and so on makes it, a text with a newline
#: at its end. It is imported when it's asked for.
VALIDATION_FORMATS: Mapping[str, str] = {
    "text": "layercli.report.validation.text",
    "json": "layercli.report.validation.json",
    "github": "layercli.report.validation.platforms",
    "gitlab": "layercli.report.validation.platforms",
    "sarif": "layercli.report.validation.platforms",
}


def format_validation(result: ValidationResult, format: str, options: CheckOptions | None = None) -> str:
    """The result in one of ``VALIDATION_FORMATS``."""
    write: ValidationFormat = getattr(import_module(VALIDATION_FORMATS[format]), f"format_{format}")
    return write(result, options or CheckOptions())
