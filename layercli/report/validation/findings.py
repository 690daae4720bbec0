"""The problems of a validation as findings, such as a check has."""

from __future__ import annotations

from layercli.errors import Problem
from layercli.lint.result import ValidationResult
from layercli.lock.findings import Finding, mark_findings, tell_problem


def list_findings(result: ValidationResult) -> tuple[Finding, ...]:
    """Every problem once, with the first spec that has it."""
    found: dict[Problem, str] = {}
    for spec in result.specs:
        for problem in spec.problems:
            found.setdefault(problem, spec.path)
    return mark_findings(
        tell_problem(problem, "warning" if problem.severity == "warning" else "spec", path)
        for problem, path in found.items()
    )
