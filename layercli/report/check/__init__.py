"""The result of a check: one file per format, and the dict that lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TypeAlias

from layercli.lock.result import CheckResult
from layercli.report.options import CheckOptions

__all__ = ["CHECK_FORMATS", "CheckFormat", "CheckOptions", "format_check"]

CheckFormat: TypeAlias = Callable[[CheckResult, CheckOptions], str]

#: What ``layercli check --format`` takes, and the module whose ``format_check`` makes it, a text with a newline at
#: its end. It is imported when it's asked for.
CHECK_FORMATS: Mapping[str, str] = {
    "text": "layercli.report.check.text",
    "json": "layercli.report.check.json",
    "github": "layercli.report.check.github",
    "gitlab": "layercli.report.check.gitlab",
    "junit": "layercli.report.check.junit",
    "sarif": "layercli.report.check.sarif",
    "markdown": "layercli.report.check.markdown",
}


def format_check(result: CheckResult, format: str, options: CheckOptions | None = None) -> str:
    """The result in one of ``CHECK_FORMATS``."""
    write: CheckFormat = import_module(CHECK_FORMATS[format]).format_check
    return write(result, options or CheckOptions())
