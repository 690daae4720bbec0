"""The result of a check as a code quality report, which GitLab shows in a merge request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from layercli.errors import escape_controls
from layercli.lock.findings import Finding, Severity, list_findings
from layercli.lock.result import CheckResult
from layercli.report.check.json import dump_json
from layercli.report.check.places import find_in_repository
from layercli.report.options import CheckOptions

_SEVERITIES: dict[Severity, str] = {"error": "major", "warning": "minor", "note": "info"}


def format_check(result: CheckResult, options: CheckOptions) -> str:
    """A list of findings; GitLab compares their fingerprints with those of the branch that is merged into."""
    return write_findings(list_findings(result), options)


def write_findings(findings: Sequence[Finding], options: CheckOptions) -> str:
    """Findings as such a list."""
    return dump_json([_convert(finding, options) for finding in findings])


def _convert(finding: Finding, options: CheckOptions) -> dict[str, Any]:
    return {
        "description": escape_controls("; ".join(_tell(finding))).replace("\n", " "),
        "check_name": finding.code,
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": find_in_repository(finding.file, options),
            # GitLab wants a line of everything; what has none is of the file as a whole.
            "lines": {"begin": 1 if finding.position is None else finding.position.line},
        },
    }


def _tell(finding: Finding) -> Iterator[str]:
    yield finding.message
    yield from finding.details
    if finding.follows:
        more = f" (and {len(finding.follows) - 1:,} more)" if len(finding.follows) > 1 else ""
        yield f"and so: {finding.follows[0].message}{more}"
