"""Each format of a check, held to its schema or to a parser that reads it as its platform does."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft4Validator
from junitparser import JUnitXml, TestCase
from markdown_it import MarkdownIt
from xmlschema import XMLSchema

from layercli.codes import list_codes
from layercli.errors import Position, Source
from layercli.lock import CLASSES, CheckResult, Difference, SpecResult
from layercli.lock.findings import CLASS_HELP, find_rule, flatten_findings, list_findings
from layercli.report.check import CHECK_FORMATS, format_check
from layercli.report.check.github import MAX_ANNOTATIONS
from layercli.report.check.markdown import MAX_CHARACTERS
from layercli.report.options import CheckOptions
from tests.report.check_samples import (
    EVERYTHING,
    FOLDED,
    HELD,
    HOSTILE,
    MISSING,
    NO_MODEL,
    ORPHANED,
    WIDENED,
    WRONG,
    make_hostile,
)

SCHEMAS = Path(__file__).parent / "schemas"

MACHINE_FORMATS = [name for name in CHECK_FORMATS if name not in ("text", "markdown")]


@cache
def load_schema(name: str) -> Draft4Validator:
    schema = json.loads((SCHEMAS / name).read_text("utf-8"))
    Draft4Validator.check_schema(schema)
    return Draft4Validator(schema)


def many(count: int) -> CheckResult:
    """A spec in which so many layers changed, each on a line of its own."""
    source = Source("a.yaml", "x\n" * count)
    differences = tuple(
        Difference(
            "layer-changed", "behaviour", f"a{n}", "a", "b", f"a{n} changed", Position(source, n + 1, 1)
        )
        for n in range(count)
    )
    return CheckResult((SpecResult("a.yaml", "a.lock", "differs", differences),))


# The table of codes, and the list of findings


def test_a_rule_says_what_its_code_and_its_class_mean() -> None:
    [finding] = list_findings(CheckResult((NO_MODEL,)))
    rule = find_rule(finding)
    entry = list_codes()["unknown-layer"]
    assert (rule.code, rule.kind, rule.title) == ("unknown-layer", "spec", entry.title)
    assert rule.help == f"{entry.help} {CLASS_HELP['spec']}"
    for finding, _ in flatten_findings(list_findings(EVERYTHING)):
        rule = find_rule(finding)
        assert rule.title == list_codes()[finding.code].title
        assert rule.help.endswith("commit the lock.") == (finding.kind in CLASSES)


def test_findings_are_everything_there_is() -> None:
    found = list_findings(EVERYTHING)
    assert Counter(finding.kind for finding in found) == Counter(
        configuration=1, lock=3, checkpoints=6, inside=2, cost=1
    )
    assert [one.code for one, cause in flatten_findings(found) if cause is not None] == [
        "shape-changed",
        "parameters-changed",
    ]
    severities = {finding.path: finding.severity for finding in found if finding.spec == "net.yaml"}
    assert severities == {"fc.weight": "error", "old.weight": "note", "": "error"}
    assert found[0].severity == "warning"


def test_fingerprints_are_stable_and_differ() -> None:
    marks = [finding.fingerprint for finding, _ in flatten_findings(list_findings(EVERYTHING))]
    assert len(set(marks)) == len(marks)
    moved = Position(Source("configs/lenet.yaml", "\n" * 30), 20, 1)
    differences = tuple(
        Difference(d.code, d.kind, d.path, d.old, d.new, "said in other words", moved)
        for d in reversed(WIDENED.differences)
    )
    spec = SpecResult(WIDENED.path, WIDENED.lock, "differs", differences)
    again = {finding.fingerprint for finding in list_findings(CheckResult((spec,)))}
    assert again == {finding.fingerprint for finding in list_findings(CheckResult((WIDENED,)))}
    # These are what platforms keep: another way to compute them closes every finding and opens it again.
    assert list_findings(CheckResult((MISSING,)))[0].fingerprint == "17a6c381e6225d7048c14fe163b9fdf6"


def test_the_same_found_twice_has_two_fingerprints() -> None:
    twice = SpecResult("a.yaml", "a.lock", "differs", WIDENED.differences[:1] * 2)
    one, other = list_findings(CheckResult((twice,)))
    assert one.fingerprint != other.fingerprint


def test_a_cause_is_shown_where_it_is_first_seen_and_is_as_grave_as_what_follows() -> None:
    place = Position(Source("net.yaml", "fc\n"), 1, 1)
    totals = Difference("parameters-changed", "cost", "", "16", "24", "the model has 24 parameters")
    weight = Difference("entry-changed", "checkpoints", "fc.weight", "a", "b", "fc.weight changed", place)
    cause = Difference(
        "param-changed", "inside", "width", "4", "6", "the param width is 6", follows=(totals, weight)
    )
    [finding] = list_findings(CheckResult((SpecResult("net.yaml", "net.lock", "differs", (cause,)),)))
    assert (finding.kind, finding.gravest, finding.position) == ("inside", "checkpoints", place)
    assert [consequence.code for consequence in finding.follows] == ["entry-changed", "parameters-changed"]


# All formats


@pytest.mark.parametrize("format", CHECK_FORMATS)
def test_no_format_drives_a_terminal(format: str) -> None:
    for name in HOSTILE:
        text = format_check(make_hostile(name), format)
        assert text.endswith("\n")
        text.encode("utf-8")
        assert all(character.isprintable() or character == "\n" for character in text)


@pytest.mark.parametrize("format", CHECK_FORMATS)
def test_a_log_has_no_commands_but_ours(format: str) -> None:
    for name in HOSTILE:
        for line in format_check(make_hostile(name), format).split("\n"):
            level, properties, message = read_command(line) or ("", {}, "")
            assert level in (("error", "warning", "notice", "") if format == "github" else ("",)), line
            assert set(properties) <= {"file", "line", "col", "endColumn", "title"}
            assert properties.get("line", "1") == "1"
            assert "\r" not in message


@pytest.mark.parametrize("format", MACHINE_FORMATS)
@pytest.mark.parametrize("result", [CheckResult(()), CheckResult((HELD,))], ids=["nothing", "all hold"])
def test_a_check_without_findings_is_a_report_too(format: str, result: CheckResult) -> None:
    text = format_check(result, format)
    if format == "junit":
        assert read_junit(text)[0] == (len(result.specs), 0, 0)
    elif format == "github":
        assert [line.startswith("::") for line in text.splitlines()] == [True]
    else:
        json.loads(text)


# GitHub's annotations


def read_command(line: str) -> tuple[str, dict[str, str], str] | None:
    """The command that GitHub's runner sees in a line of a log, in its new form or in its old one."""
    new = re.fullmatch(r"::([^ :]+)(?: ((?:(?!::).)*))?::(.*)", line.lstrip())
    old = re.search(r"##(?:\w*)\[([\w.-]+)(?: ([^\]]*))?\](.*)", line)
    if new:
        properties = {}
        for pair in filter(None, (new[2] or "").split(",")):
            name, _, value = pair.partition("=")
            assert name not in properties
            properties[name] = unescape(value, ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","))
        return new[1], properties, unescape(new[3], ("%0D", "\r"), ("%0A", "\n"))
    return (old[1], {}, old[3]) if old else None


def unescape(text: str, *codes: tuple[str, str]) -> str:
    for code, character in (*codes, ("%25", "%")):
        text = text.replace(code, character)
    return text


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("::error::x", ("error", {}, "x")),
        ("  ::error file=a%2Cb,line=1::x%0Ay%25", ("error", {"file": "a,b", "line": "1"}, "x\ny%")),
        ("words ##[error]x", ("error", {}, "x")),
        ("##vso[task.debug]x", ("task.debug", {}, "x")),
        ("words ::error::x", None),
        (r"\::error::x", None),
        (r"#\#[error]x", None),
    ],
)
def test_the_reader_of_commands(line: str, command: tuple[str, dict[str, str], str] | None) -> None:
    assert read_command(line) == command


def read_commands(result: CheckResult, **options: str) -> list[tuple[str, dict[str, str], str]]:
    lines = format_check(result, "github", CheckOptions(**options)).splitlines()  # type: ignore[arg-type]
    commands = [read_command(line) for line in lines]
    assert None not in commands
    return [command for command in commands if command]


def test_github_annotates_the_lines_of_the_spec() -> None:
    first, second, third, last = read_commands(CheckResult((WIDENED, HELD)))
    assert first == (
        "error",
        {
            "file": "configs/lenet.yaml",
            "line": "9",
            "col": "3",
            "endColumn": "4",
            "title": "entry-changed (checkpoints) and 2 more",
        },
        "fc1.weight changed from float32[120, 576] to float32[168, 576], so weights saved before don't load\n"
        "fc1.bias changed from float32[120] to float32[168], so weights saved before don't load\n"
        "fc1 puts out float32[N, 168], before float32[N, 120]",
    )
    assert (second[1]["line"], second[1]["title"]) == ("10", "entry-changed (checkpoints)")
    assert third[1] == {"file": "configs/lenet.yaml", "title": "shape-changed (inside)"}
    assert last == (
        "notice",
        {"title": "layercli check"},
        f"{CheckResult((WIDENED, HELD)).summary}\naccept it with: layercli lock configs/lenet.yaml",
    )


def test_github_tells_consequences_and_what_is_ignored_in_the_same_place() -> None:
    loud, alone, quiet = read_commands(CheckResult((FOLDED,)))[:3]
    assert loud[2] == (
        "fc.weight changed\nand so: relu puts out\nand so: the model has 24 parameters\n"
        "fc.weight changed\nignored: until the next release"
    )
    assert (alone[0], alone[1]["title"]) == ("error", "entries-reordered (checkpoints)")
    assert quiet[0] == "notice"


def test_github_annotates_what_could_not_be_compared() -> None:
    commands = read_commands(CheckResult((MISSING, WRONG, ORPHANED)))
    assert [(level, given["file"], given["title"]) for level, given, _ in commands[:-1]] == [
        ("error", "new.yaml", "lock-missing (lock)"),
        ("error", "bad.lock", "lock-key (lock)"),
        ("error", "old.lock", "lock-orphaned (lock)"),
    ]
    [(level, given, message), _] = read_commands(CheckResult((NO_MODEL,)))
    assert (level, given["line"], given["col"], given["endColumn"]) == ("error", "2", "5", "17")
    assert message == "there is no layer called Linaer\na note\ndid you mean Linear?"
    assert read_commands(CheckResult(()))[0][0] == "error"


def test_github_shows_ten_lines_and_counts_the_other_findings() -> None:
    commands = read_commands(many(MAX_ANNOTATIONS + 3))
    assert [level for level, _, _ in commands] == ["error"] * MAX_ANNOTATIONS + ["notice"]
    assert commands[-1][2].startswith("and 3 more findings\n")
    assert read_commands(many(MAX_ANNOTATIONS + 1))[-1][2].startswith("and 1 more finding\n")
    assert not read_commands(many(MAX_ANNOTATIONS))[-1][2].startswith("and")


def test_the_gravest_of_all_specs_come_first() -> None:
    specs = (*many(MAX_ANNOTATIONS).specs, MISSING)
    assert read_commands(CheckResult(specs))[0][1]["title"] == "lock-missing (lock)"


@pytest.mark.parametrize(
    ("folder", "path", "shown"),
    [
        ("", "net.yaml", "net.yaml"),
        (".", "net.yaml", "net.yaml"),
        ("a/b", "net.yaml", "a/b/net.yaml"),
        ("a/b", "../net.yaml", "a/net.yaml"),
        ("a/b", "/c/net.yaml", "/c/net.yaml"),
    ],
)
def test_paths_are_those_of_the_repository(folder: str, path: str, shown: str) -> None:
    result = CheckResult((SpecResult(path, "net.lock", "missing"),))
    assert read_commands(result, folder=folder)[0][1]["file"] == shown
    options = CheckOptions(folder=folder)
    assert json.loads(format_check(result, "gitlab", options))[0]["location"]["path"] == shown
    [found] = read_sarif(format_check(result, "sarif", options))["results"]
    place = found["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == ("file://" if path[0] == "/" else "") + shown
    assert json.loads(format_check(result, "json", options))["findings"][0]["spec"] == path


# GitLab's code quality


def read_gitlab(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)
    load_schema("gitlab-code-quality.json").validate(found)
    marks = [finding["fingerprint"] for finding in found]
    assert len(set(marks)) == len(marks), "GitLab shows findings with one fingerprint once"
    return found


def test_gitlab_has_what_it_needs() -> None:
    found = read_gitlab(format_check(EVERYTHING, "gitlab"))
    mine = [finding for finding in found if finding["location"]["path"] != "net.yaml"]
    assert {finding["check_name"]: finding["severity"] for finding in mine} == {
        "ignore-unused": "minor",
        "entry-changed": "major",
        "shape-changed": "major",
        "parameters-changed": "major",
        "lock-key": "major",
        "lock-missing": "major",
        "lock-orphaned": "major",
    }
    assert found[1]["location"] == {"path": "configs/lenet.yaml", "lines": {"begin": 9}}
    assert [one["description"] for one in found if ";" in one["description"]] == [
        "fc.weight changed; and so: relu puts out (and 1 more)",
        "fc.weight changed; ignored: until the next release",
    ]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_gitlab_keeps_hostile_names_in(name: str) -> None:
    result = make_hostile(name)
    assert len(read_gitlab(format_check(result, "gitlab"))) == len(list_findings(result))


# JUnit


@cache
def junit_schema() -> XMLSchema:
    return XMLSchema(str(SCHEMAS / "junit-10.xsd"))


def read_junit(text: str) -> tuple[tuple[int, int, int], list[TestCase]]:
    """The counts of tests, failures and errors, and the cases."""
    junit_schema().validate(text.replace(' encoding="UTF-8"', "", 1))
    suites = JUnitXml.fromstring(text.encode())
    [suite] = suites
    cases = list(suite)
    results = [type(result).__name__ for case in cases for result in case.result]
    counts = (suite.tests, suite.failures, suite.errors)
    assert counts == (len(cases), results.count("Failure"), results.count("Error"))
    assert counts == (suites.tests, suites.failures, suites.errors)
    return counts, cases


def test_junit_has_a_case_for_each_spec() -> None:
    counts, cases = read_junit(format_check(EVERYTHING, "junit"))
    assert counts == (7, 4, 1)
    assert [case.name for case in cases] == [*(spec.path for spec in EVERYTHING.specs), "configuration"]
    [failure] = cases[0].result
    assert failure.type == "entry-changed"
    assert failure.message.startswith("fc1.weight changed from float32[120, 576]")
    assert "configs/lenet.yaml:10:3: error[entry-changed] fc2.weight changed" in failure.text
    assert cases[1].result == []
    [folded] = cases[5].result
    assert "  and so: relu puts out\n" in folded.text
    assert (
        "note[entry-changed] fc.weight changed (checkpoints)\n  ignored: until the next release"
        in folded.text
    )
    assert "an ignore matches nothing" in cases[6].system_out
    assert read_junit(format_check(CheckResult((NO_MODEL,)), "junit"))[0] == (1, 1, 0)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_junit_keeps_hostile_names_in(name: str) -> None:
    result = make_hostile(name)
    _, cases = read_junit(format_check(result, "junit"))
    names = {case.name for case in cases}
    assert len(names) == (len(result.specs) if name else 1) + 1
    if name.isprintable() and name:
        assert {spec.path for spec in result.specs} < names
        assert any(name in case.result[0].text for case in cases)


# SARIF


def read_sarif(text: str) -> dict[str, Any]:
    """The one run of a log."""
    log = json.loads(text)
    load_schema("sarif-2.1.0.json").validate(log)
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    codes = [rule["id"] for rule in rules]
    assert len(set(codes)) == len(codes)
    marks = [result["partialFingerprints"]["layercli/v1"] for result in run["results"]]
    assert len(set(marks)) == len(marks)
    for result in run["results"]:
        assert codes[result["ruleIndex"]] == result["ruleId"]
        for place in [*result["locations"], *result.get("relatedLocations", ())]:
            region = place["physicalLocation"]["region"]
            assert region["startLine"] >= 1
            assert region.get("endColumn", 2) > region.get("startColumn", 1) >= 1
            uri = place["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"(?:file://)?(?:[\w./~-]|%[0-9A-F]{2})*", uri, re.ASCII)
        text = result["message"]["text"]
        # A placeholder, or a link, as the standard has them.
        assert not re.search(r"(?<!\{)(?:\{\{)*\{\d+\}|\[[^\]]*\]\(", text)
    return dict(run)


def test_sarif_has_rules_places_and_fingerprints() -> None:
    run = read_sarif(format_check(EVERYTHING, "sarif", CheckOptions(version="1.2.3")))
    assert run["tool"]["driver"]["semanticVersion"] == "1.2.3"
    assert run["invocations"] == [{"executionSuccessful": False, "exitCode": 2}]
    codes = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert codes[:3] == ["ignore-unused", "entry-changed", "shape-changed"]
    assert all(rule["help"]["text"] for rule in run["tool"]["driver"]["rules"])
    first = run["results"][1]
    assert (first["ruleId"], first["level"]) == ("entry-changed", "error")
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "configs/lenet.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 9, "startColumn": 3, "endColumn": 4},
            },
            "logicalLocations": [{"fullyQualifiedName": "fc1.weight"}],
        }
    ]
    assert first["properties"] == {
        "class": "checkpoints",
        "gravest": "checkpoints",
        "spec": "configs/lenet.yaml",
        "old": "float32[120, 576]",
        "new": "float32[168, 576]",
    }


def test_sarif_tells_consequences_and_what_is_ignored() -> None:
    cause, ignored, _ = read_sarif(format_check(CheckResult((FOLDED,)), "sarif"))["results"]
    assert [place["message"]["text"] for place in cause["relatedLocations"]] == [
        "and so: relu puts out",
        "and so: the model has 24 parameters",
    ]
    assert "suppressions" not in cause
    assert ignored["level"] == "note"
    assert ignored["suppressions"][0]["justification"] == "until the next release"
    [wrong] = read_sarif(format_check(CheckResult((NO_MODEL,)), "sarif"))["results"]
    assert wrong["message"]["text"] == "there is no layer called Linaer\na note\ndid you mean Linear?"
    assert wrong["relatedLocations"][0]["message"]["text"] == "the first line"


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_sarif_keeps_hostile_names_in(name: str) -> None:
    hostile = make_hostile(name)
    run = read_sarif(format_check(hostile, "sarif"))
    assert len(run["results"]) == len(list_findings(hostile))
    difference = next(result for result in run["results"] if result["ruleId"] == "layer-removed")
    assert difference["properties"].get("old", "") == name
    if name.isprintable() and "/" not in name and name not in ("", ".", ".."):
        uri = difference["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert unquote(uri) == name


# JSON


def test_json_has_it_all() -> None:
    data = json.loads(format_check(EVERYTHING, "json"))
    assert (data["version"], data["exit_code"]) == (1, 2)
    assert (data["accept"], data["summary"]) == (EVERYTHING.accept, EVERYTHING.summary)
    assert data["totals"] == {
        "models": 5,
        "rows": 1912,
        "findings": 15,
        "differences": 11,
        "unchanged": 0,
        "ok": 1,
        "differs": 2,
        "missing": 1,
        "orphaned": 1,
        "deleted": 0,
        "error": 1,
    }
    assert data["specs"][0]["verdict"][1] == {
        "class": "callers",
        "holds": True,
        "text": "input and output are the same",
    }
    first = data["findings"][1]
    assert first == {
        "code": "entry-changed",
        "class": "checkpoints",
        "gravest": "checkpoints",
        "severity": "error",
        "spec": "configs/lenet.yaml",
        "path": "fc1.weight",
        "message": "fc1.weight changed from float32[120, 576] to float32[168, 576], "
        "so weights saved before don't load",
        "old": "float32[120, 576]",
        "new": "float32[168, 576]",
        "notes": [],
        "hint": None,
        "source": {"file": "configs/lenet.yaml", "line": 9, "column": 3, "end_column": 4},
        "labels": [],
        "mends": [],
        "ignored": None,
        "fingerprint": first["fingerprint"],
        "cause": None,
    }
    folded = [finding for finding in data["findings"] if finding["spec"] == "net.yaml"]
    assert [finding["cause"] for finding in folded] == [
        None,
        *[folded[0]["fingerprint"]] * 2,
        None,
        None,
    ]
    assert folded[3]["ignored"] == "until the next release"


def test_json_tells_all_of_a_problem() -> None:
    [shown] = json.loads(format_check(CheckResult((NO_MODEL,)), "json"))["findings"]
    assert (shown["code"], shown["class"]) == ("unknown-layer", "spec")
    assert (shown["hint"], shown["notes"]) == ("did you mean Linear?", ["a note"])
    assert shown["source"] == {"file": "net.yaml", "line": 2, "column": 5, "end_column": 17}
    place = {"file": "net.yaml", "line": 1, "column": 5, "end_column": 17}
    assert shown["labels"] == [{"text": "the first line", "source": place}]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_json_keeps_names_as_they_are(name: str) -> None:
    text = format_check(make_hostile(name), "json")
    assert text.isascii()
    changed = [finding for finding in json.loads(text)["findings"] if finding["code"] == "layer-removed"]
    assert {finding["path"] for finding in changed} == {name}


def test_the_page_on_ci_names_every_key() -> None:
    page = (Path(__file__).parents[2] / "docs/ci.md").read_text("utf-8")
    section = page.split("\n### json\n")[1].split("\n### ")[0]
    tables = [
        {key for row in re.findall(r"(?m)^\| (`.*?) \|", part) for key in re.findall(r"`(\w+)`", row)}
        for part in re.split(r"\n(?:The object|A spec|A finding):\n", section)[1:]
    ]
    data = json.loads(format_check(EVERYTHING, "json"))
    assert tables == [set(data), set(data["specs"][0]), set(data["findings"][0])]


# Markdown


class Elements(HTMLParser):
    """The elements of rendered Markdown, and the text outside of code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.open: list[str] = []
        self.prose = ""
        self.code: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert attributes in ([], [("class", "language-text")]), (tag, attributes)
        self.tags[tag] += 1
        if tag not in ("br", "hr", "img", "input"):
            self.open.append(tag)
        if tag == "code":
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.prose += "\0"

    def handle_data(self, data: str) -> None:
        if "code" in self.open:
            self.code[-1] += data
        else:
            self.prose += data


#: What we write. Whatever else is rendered comes from a name.
TAGS = {"h3", "h4", "p", "ul", "li", "pre", "code", "strong", "details", "summary"} | {
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


def read_markdown(text: str) -> Elements:
    """Markdown as GitHub renders it, but for what it makes of HTML that we don't write."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    elements = Elements()
    elements.feed(html)
    elements.close()
    assert elements.open == []
    return elements


def split_rows(text: str) -> Iterator[list[str]]:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL):
        yield re.findall(r"<t[dh]>(.*?)</t[dh]>", row, re.DOTALL)


MARKDOWN = """\
<!-- layercli check -->

### layercli check

SUMMARY

Accept what changed with

```text
layercli lock configs/lenet.yaml new.yaml
```

#### Specs and locks without the other

- `new.yaml` has no lock

#### `configs/lenet.yaml` differs from `configs/lenet.lock`

- checkpoints **break**: 3 entries changed shape; weights saved before don't load
- callers hold: input and output are the same
- behaviour holds: every other call and its wiring are the same
- inside **changes**: 2 rows have another output
- cost: 81,290 -\\> 113,018 parameters (+39.0%)

| class | where | before | now | line |
| --- | --- | --- | --- | --- |
| checkpoints | `fc1.weight` | `float32[120, 576]` | `float32[168, 576]` | `configs/lenet.yaml:9` |
| checkpoints | `fc1.bias` | `float32[120]` | `float32[168]` | `configs/lenet.yaml:9` |
| checkpoints | `fc2.weight` | `float32[84, 120]` | `float32[84, 168]` | `configs/lenet.yaml:10` |

<details>
<summary>3 consequences</summary>

| class | where | before | now | line |
| --- | --- | --- | --- | --- |
| inside | `fc1` | `float32[N, 120]` | `float32[N, 168]` | `configs/lenet.yaml:9` |
| inside | `relu_2` | `float32[N, 120]` | `float32[N, 168]` |  |
| cost | parameters-changed | `81,290` | `113,018` |  |

</details>
"""


def test_markdown_for_a_pull_request() -> None:
    result = CheckResult((WIDENED, HELD, MISSING))
    assert format_check(result, "markdown") == MARKDOWN.replace("SUMMARY", result.summary)
    elements = read_markdown(MARKDOWN)
    assert set(elements.tags) == TAGS
    assert elements.tags["table"] == 2


def test_markdown_tells_everything() -> None:
    text = format_check(EVERYTHING, "markdown")
    elements = read_markdown(text)
    assert set(elements.tags) == TAGS
    for part in ("lock-key", "an ignore matches nothing"):
        assert any(part in code for code in elements.code), part
    assert "(ignored: `until the next release`)" in text
    assert "the entries of state\\_dict come in another order" in text
    assert "- `old.lock` has no spec" in text


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_markdown_keeps_hostile_names_in(name: str) -> None:
    text = format_check(make_hostile(name), "markdown")
    elements = read_markdown(text)
    assert set(elements.tags) <= TAGS
    assert not re.search(r"@\w|://|www\.|[#!]\d|~\w|GH-\d", elements.prose)
    assert {len(row) for row in split_rows(text)} <= {5}
    if name.isprintable() and name.strip() == name and 0 < len(name) < 100 and "##[" not in name:
        assert name in elements.code


def test_markdown_fits_into_a_comment() -> None:
    specs = tuple(replace(many(100).specs[0], path=f"{number}.yaml") for number in range(300))
    text = format_check(CheckResult(specs), "markdown")
    assert len(text) < MAX_CHARACTERS + 100
    assert re.search(r"\nAnd \d+ more\.\n\Z", text)
    assert "\n\nAnd 60 more.\n" in text
    assert len(format_check(CheckResult((MISSING,) * 5_000), "markdown")) < 3_000
