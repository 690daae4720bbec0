"""The result of a validation as one JSON object; docs/ci.md has every key."""

from __future__ import annotations

from layercli.lint.result import ValidationResult
from layercli.report.check.json import convert_finding, dump_json
from layercli.report.options import CheckOptions
from layercli.report.validation.findings import list_findings

#: The version of the JSON: keys may be added within it, never changed.
JSON_VERSION = 1


def format_json(result: ValidationResult, options: CheckOptions) -> str:
    """The whole result, paths as seen from the working folder."""
    return dump_json(
        {
            "version": JSON_VERSION,
            "specs": [
                {
                    "path": spec.path,
                    "errors": sum(problem.severity == "error" for problem in spec.problems),
                    "warnings": sum(problem.severity == "warning" for problem in spec.problems),
                    "exit_code": spec.exit_code,
                }
                for spec in result.specs
            ],
            "findings": [convert_finding(finding) for finding in list_findings(result)],
            "totals": {
                "specs": len(result.specs),
                "errors": result.count("error"),
                "warnings": result.count("warning"),
            },
            "summary": result.summary,
            "exit_code": result.exit_code,
        }
    )
