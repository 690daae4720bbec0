"""The result of a check as JUnit's XML: a test case for each spec."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from layercli.errors import escape_controls
from layercli.lock.findings import Finding, list_findings
from layercli.lock.result import CheckResult
from layercli.report.options import CheckOptions

NAME = "layercli check"

#: The test case of what is wrong with no spec.
CONFIGURATION = "configuration"


def format_check(result: CheckResult, options: CheckOptions) -> str:
    """A suite of specs: each holds, fails, or has an error where the check couldn't be done."""
    found: dict[str, list[Finding]] = {spec.path: [] for spec in result.specs}
    for finding in list_findings(result):
        found.setdefault(finding.spec or CONFIGURATION, []).append(finding)
    undone = {spec.path for spec in result.specs if spec.status == "error" and spec.exit_code == 2}
    suites = Element("testsuites", {"name": NAME})
    suite = SubElement(suites, "testsuite", {"name": NAME})
    counts = {"tests": 0, "failures": 0, "errors": 0}
    for name, findings in found.items():
        case = SubElement(suite, "testcase", {"classname": NAME, "name": _clean(name)})
        counts["tests"] += 1
        errors = [finding for finding in findings if finding.severity == "error"]
        if errors:
            kind = "error" if name in undone else "failure"
            counts[f"{kind}s"] += 1
            message = errors[0].message + (f" (and {len(errors) - 1:,} more)" if len(errors) > 1 else "")
            SubElement(case, kind, {"type": errors[0].code, "message": _clean(message)}).text = _tell(
                findings
            )
        elif findings:
            SubElement(case, "system-out").text = _tell(findings)
    for element in (suites, suite):
        element.attrib |= {name: str(count) for name, count in counts.items()}
    indent(suites, " ")
    # Runners take these for commands where they see the report in a log.
    text = tostring(suites, encoding="unicode").replace("##", "#&#35;")
    text = re.sub(r"(?m)^([ \t]*):(?=:)", r"\1&#58;", text)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _tell(findings: Sequence[Finding]) -> str:
    lines = []
    for finding in findings:
        place = finding.file if finding.position is None else str(finding.position)
        lines.append(f"{place}: {finding.severity}[{finding.code}] {finding.message} ({finding.gravest})")
        lines += [f"  {text}" for text in finding.details]
        lines += [f"  and so: {consequence.message}" for consequence in finding.follows]
    return "\n".join(map(_clean, lines))


def _clean(text: str) -> str:
    """A text on one line without characters that XML hasn't."""
    return escape_controls(text).replace("\n", "\\n")
