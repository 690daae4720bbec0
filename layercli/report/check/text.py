"""The result of a check for a person."""

from __future__ import annotations

from layercli.lock.result import CheckResult
from layercli.report.differences import format_text
from layercli.report.options import CheckOptions


def format_check(result: CheckResult, options: CheckOptions) -> str:
    """What changed, what it breaks, counts, and the command that accepts it; no text for programs."""
    return format_text(result, options.color)
