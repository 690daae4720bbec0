"""The result of a check as SARIF 2.1.0, which code scanning of forges and editors read."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from layercli.errors import Mend, Position, escape_controls
from layercli.lock.findings import Finding, Rule, find_rule, list_findings
from layercli.lock.result import CheckResult
from layercli.report.check.json import dump_json
from layercli.report.check.places import find_in_repository
from layercli.report.options import CheckOptions

SARIF_VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

#: The name of our fingerprints with their version: another way to compute them gets another number.
FINGERPRINT = "layercli/v1"


def format_check(result: CheckResult, options: CheckOptions) -> str:
    """A log with one run: the rules that were broken, in the order of their first finding, and the findings."""
    return write_log(list_findings(result), result.exit_code, options)


def write_log(findings: Sequence[Finding], exit_code: int, options: CheckOptions) -> str:
    """Findings as a log; ``exit_code`` is that of the command, 2 where it couldn't do its work."""
    rules = {finding.code: find_rule(finding) for finding in findings}
    numbers = {code: number for number, code in enumerate(rules)}
    driver: dict[str, Any] = {"name": "layercli"}
    if options.version:
        driver["semanticVersion"] = options.version
    driver["rules"] = [_convert_rule(rule) for rule in rules.values()]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": exit_code != 2, "exitCode": exit_code}],
        "columnKind": "unicodeCodePoints",
        "results": [_convert_finding(finding, numbers[finding.code], options) for finding in findings],
    }
    return dump_json({"$schema": SCHEMA, "version": SARIF_VERSION, "runs": [run]})


def _convert_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.help},
        "help": {"text": rule.help},
        "properties": {"tags": [rule.kind]},
    }


def _convert_finding(finding: Finding, rule_number: int, options: CheckOptions) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": _locate(finding.file, finding.position, options)}
    if finding.path:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.path}]
    mends = (mend.message for mend in finding.mends)
    text = "\n".join((finding.message, *finding.notes, *filter(None, (finding.hint, *mends))))
    converted: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule_number,
        "level": finding.severity,
        "message": {"text": _escape_message(text)},
        "locations": [location],
    }
    related: list[tuple[str, Position | None, str]] = []
    related += [(label.position.file, label.position, label.text) for label in finding.labels]
    related += [(one.file, one.position, f"and so: {one.message}") for one in finding.follows]
    if related:
        converted["relatedLocations"] = [
            {
                "physicalLocation": _locate(file, position, options),
                "message": {"text": _escape_message(text)},
            }
            for file, position, text in related
        ]
    if finding.mends:
        converted["fixes"] = [_convert_mend(mend, options) for mend in finding.mends]
    if finding.ignored:
        converted["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": escape_controls(finding.ignored)}
        ]
    converted["partialFingerprints"] = {FINGERPRINT: finding.fingerprint}
    facts = {
        "class": finding.kind,
        "gravest": finding.gravest,
        "spec": finding.spec,
        "old": finding.old,
        "new": finding.new,
    }
    converted["properties"] = {name: value for name, value in facts.items() if value}
    return converted


def _convert_mend(mend: Mend, options: CheckOptions) -> dict[str, Any]:
    """Edits of the spec; what is to be replaced may have no characters."""
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in mend.edits:
        place = edit.position
        region = {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.line,
            "endColumn": place.column + place.width,
        }
        replacement = {"deletedRegion": region, "insertedContent": {"text": edit.text}}
        changes.setdefault(place.file, []).append(replacement)
    return {
        "description": {"text": _escape_message(mend.message)},
        "artifactChanges": [
            {"artifactLocation": _name_file(file, options), "replacements": replacements}
            for file, replacements in changes.items()
        ],
    }


def _locate(file: str, position: Position | None, options: CheckOptions) -> dict[str, Any]:
    # Code scanning wants a line of everything; what has none is of the file as a whole.
    region = {"startLine": 1}
    if position is not None:
        end = position.column + position.width
        region = {"startLine": position.line, "startColumn": position.column, "endColumn": end}
    return {"artifactLocation": _name_file(file, options), "region": region}


def _name_file(file: str, options: CheckOptions) -> dict[str, str]:
    """A file as a URI, relative to the root of the repository unless it is elsewhere."""
    path = find_in_repository(file, options)
    uri = quote(path.encode("utf-8", "surrogateescape"), safe="/-._~")
    if posixpath.isabs(path):
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _escape_message(text: str) -> str:
    """A message in which nothing is a placeholder or a link, as section 3.11 of the standard has them."""
    shown = "\n".join(map(escape_controls, text.replace("\r", "\\r").split("\n")))
    return shown.replace("{", "{{").replace("}", "}}").replace("](", "] (")
