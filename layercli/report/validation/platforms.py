"""The result of a validation for platforms, in the formats that a check has."""

from __future__ import annotations

from layercli.lint.result import ValidationResult
from layercli.report.check.github import Annotation, write_annotations
from layercli.report.check.gitlab import write_findings
from layercli.report.check.sarif import write_log
from layercli.report.options import CheckOptions
from layercli.report.validation.findings import list_findings


def format_github(result: ValidationResult, options: CheckOptions) -> str:
    """Workflow commands, which GitHub shows at the lines of a pull request."""
    summary = Annotation("notice", "", None, "layercli validate", result.summary)
    return write_annotations(list_findings(result), summary, options)


def format_gitlab(result: ValidationResult, options: CheckOptions) -> str:
    """A code quality report, which GitLab shows in a merge request."""
    return write_findings(list_findings(result), options)


def format_sarif(result: ValidationResult, options: CheckOptions) -> str:
    """SARIF 2.1.0, which code scanning of forges and editors read."""
    return write_log(list_findings(result), result.exit_code, options)
