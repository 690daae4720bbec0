"""The result of a validation for a person."""

from __future__ import annotations

from layercli.errors import draw_problem
from layercli.lint.result import ValidationResult
from layercli.report.logs import break_commands
from layercli.report.options import CheckOptions


def format_text(result: ValidationResult, options: CheckOptions) -> str:
    """Each problem with its line, and the counts; no text for programs."""
    return break_commands("\n\n".join([*map(draw_problem, result.problems), result.summary]) + "\n")
