"""The result of a check as one JSON object; docs/ci.md has every key."""

from __future__ import annotations

import json
from typing import Any

from layercli.lock.differences import CLASSES
from layercli.lock.findings import Finding, flatten_findings, list_findings
from layercli.lock.result import STATUSES, CheckResult, SpecResult
from layercli.report.options import CheckOptions

#: The version of the JSON: keys may be added within it, never changed.
JSON_VERSION = 1


def format_check(result: CheckResult, options: CheckOptions) -> str:
    """The whole result, paths as seen from the working folder."""
    findings = list(flatten_findings(list_findings(result)))
    return dump_json(
        {
            "version": JSON_VERSION,
            "against": result.against or None,
            "since": result.since or None,
            "specs": [_convert_spec(spec) for spec in result.specs],
            "findings": [convert_finding(finding, cause) for finding, cause in findings],
            "totals": {
                "models": result.models,
                "rows": result.rows,
                "findings": len(findings),
                "differences": sum(finding.kind in CLASSES for finding, _ in findings),
                "unchanged": result.unchanged,
                **{status: result.count(status) for status in STATUSES},
            },
            "summary": result.summary,
            "accept": result.accept or None,
            "exit_code": result.exit_code,
        }
    )


def dump_json(data: Any) -> str:
    """A value as JSON in ASCII, so that nothing in it drives a terminal.

    Two number signs in a row, which begin a command to some runners wherever they stand in a log, are escaped.
    """
    return json.dumps(data, indent=1).replace("##", "#\\u0023") + "\n"


def _convert_spec(spec: SpecResult) -> dict[str, Any]:
    return {
        "path": spec.path,
        "lock": spec.lock,
        "status": spec.status,
        "rows": spec.rows,
        "verdict": [
            {"class": verdict.kind, "holds": verdict.holds, "text": verdict.text} for verdict in spec.verdicts
        ],
    }


def convert_finding(finding: Finding, cause: Finding | None = None) -> dict[str, Any]:
    """A finding, and the fingerprint of the one that it is a consequence of."""
    return {
        "code": finding.code,
        "class": finding.kind,
        "gravest": finding.gravest,
        "severity": finding.severity,
        "spec": finding.spec or None,
        "path": finding.path,
        "message": finding.message,
        "old": finding.old or None,
        "new": finding.new or None,
        "notes": list(finding.notes),
        "hint": finding.hint or None,
        "source": None if finding.position is None else finding.position.to_dict(),
        "labels": [{"text": label.text, "source": label.position.to_dict()} for label in finding.labels],
        "mends": [mend.to_dict() for mend in finding.mends],
        "ignored": finding.ignored or None,
        "fingerprint": finding.fingerprint,
        "cause": None if cause is None else cause.fingerprint,
    }
