"""``layercli validate`` and ``layercli help``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from layercli.cli.validate import FORMATS
from layercli.codes import list_codes
from layercli.report.validation import VALIDATION_FORMATS
from tests.cli.conftest import NET, Run

WARNS = NET.replace("  - drop\n", "")
WRONG = NET.replace("last: Linear(", "last: Linaer(")


def test_nothing_is_wrong(run: Run) -> None:
    result = run("validate", "net.yaml")
    assert (result.code, result.out, result.err) == (0, "1 spec: no problems\n", "")


def test_warnings_pass_unless_they_are_not_to(folder: Path, run: Run) -> None:
    (folder / "net.yaml").write_text(WARNS)
    result = run("validate")
    assert result.code == 0
    assert result.out == (
        "warning[unused-layer]: the layer drop is never called\n"
        "  --> net.yaml:8:3\n"
        " 8 |   drop: Dropout(0.5)\n"
        "   |   ^^^^\n"
        "help: call it in forward, or remove it\n"
        "\n"
        "1 spec: 1 warning\n"
    )
    assert run("validate", "--strict").code == 1
    assert run("validate", "--strict", "--ignore", "unused-value,unused-layer").code == 0


def test_errors_fail_and_other_files_are_looked_at(folder: Path, run: Run) -> None:
    (folder / "bad.yaml").write_text(WRONG)
    result = run("validate", ".")
    assert result.code == 1
    assert "error[unknown-layer]: there is no layer called Linaer\n  --> bad.yaml:9:9\n" in result.out
    assert result.out.endswith("\n2 specs: 1 error in 1 of them\n")
    (folder / "large.yaml").write_text(NET + "#" * (1 << 20))
    result = run("validate", "large.yaml", "bad.yaml")
    assert result.code == 2
    assert "error[file-too-large]" in result.out
    assert "error[unknown-layer]" in result.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--ignore", "unused-laier"], "usage", "--ignore unused-laier: there is no such warning"),
        (["--ignore", "shape-mismatch"], "usage", "errors can't be ignored"),
        (["--format", "junit"], "usage", "--format can't be junit"),
        (["--format", "json=net.yaml"], "usage", "a report can't go to net.yaml, which was checked"),
        (["nothing.yaml"], "missing-file", "there is no file nothing.yaml"),
        (["empty"], "nothing-to-validate", "there is no spec in empty"),
    ],
)
def test_what_can_not_be_done(arguments: list[str], code: str, message: str, folder: Path, run: Run) -> None:
    (folder / "empty").mkdir()
    result = run("validate", *arguments)
    assert result.code == 2
    assert result.err.startswith(f"error[{code}]: ")
    assert message in result.err


def test_the_formats_are_those_of_the_report() -> None:
    assert list(FORMATS) == list(VALIDATION_FORMATS)


def test_json(folder: Path, run: Run) -> None:
    (folder / "net.yaml").write_text(WARNS)
    (folder / "wrong.yaml").write_text(NET.replace("last: Linear(width", "last: Linear(5"))
    data = json.loads(run("validate", "--format", "json").out)
    assert data["specs"] == [
        {"path": "net.yaml", "errors": 0, "warnings": 1, "exit_code": 0},
        {"path": "wrong.yaml", "errors": 1, "warnings": 0, "exit_code": 1},
    ]
    assert data["totals"] == {"specs": 2, "errors": 1, "warnings": 1}
    assert data["summary"] == "2 specs: 1 error and 1 warning in 2 of them"
    assert data["exit_code"] == 1
    warned, failed = data["findings"]
    assert (warned["code"], warned["class"], warned["severity"]) == ("unused-layer", "warning", "warning")
    assert warned["source"] == {"file": "net.yaml", "line": 8, "column": 3, "end_column": 7}
    assert (failed["code"], failed["class"], failed["spec"]) == ("shape-mismatch", "spec", "wrong.yaml")
    edits = [edit for mend in failed["mends"] for edit in mend["edits"]]
    assert {edit["source"]["file"] for edit in edits} == {"wrong.yaml"}


def test_github(folder: Path, run: Run) -> None:
    (folder / "net.yaml").write_text(WARNS)
    (folder / "bad.yaml").write_text(WRONG)
    error, warning, counts = run("validate", "--format", "github").out.splitlines()
    assert error.startswith(
        "::error file=bad.yaml,line=9,col=9,endColumn=15,title=unknown-layer (spec)::there is no layer called Linaer"
    )
    assert warning.startswith(
        "::warning file=net.yaml,line=8,col=3,endColumn=7,title=unused-layer (warning)::the layer drop"
    )
    assert counts == "::notice title=layercli validate::2 specs: 1 error and 1 warning in 2 of them"


def test_sarif_has_the_catalogue_and_fixes(folder: Path, run: Run) -> None:
    (folder / "wrong.yaml").write_text(NET.replace("last: Linear(width", "last: Linear(5"))
    [log] = json.loads(run("validate", "wrong.yaml", "--format", "sarif").out)["runs"]
    [rule] = log["tool"]["driver"]["rules"]
    entry = list_codes()["shape-mismatch"]
    assert rule["shortDescription"] == {"text": entry.title}
    assert rule["help"]["text"].startswith(entry.help)
    [result] = log["results"]
    region = result["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (9, 16, 17)
    assert result["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"] == {"text": "width"}


def test_several_formats_at_once(folder: Path, run: Run) -> None:
    (folder / "net.yaml").write_text(WARNS)
    result = run("validate", "--format", "gitlab=out.json", "--format", "sarif=out.sarif")
    assert result.out.endswith("1 spec: 1 warning\n")
    [entry] = json.loads(Path("out.json").read_text())
    assert (entry["check_name"], entry["severity"]) == ("unused-layer", "minor")
    assert json.loads(Path("out.sarif").read_text())["version"] == "2.1.0"


def test_a_text_for_people_is_no_command_to_a_runner(folder: Path, run: Run) -> None:
    (folder / "net.yaml").write_text(WARNS.replace("drop:", "d: ReLU()  # ##[error]x\n  drop:"))
    (folder / "net.yaml").write_text("inputs: {x: [1, 8]}\nlayers:\n  a: '##[error]'\n")
    assert "##[error]" not in run("validate", "net.yaml").out


# Help


def test_a_code_is_explained(run: Run) -> None:
    result = run("help", "unknown-layer")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == "unknown-layer: No such layer"
    assert "    fc: Linaer(8, 2)" in "\n".join(lines)
    assert "  $ layercli validate net.yaml" in lines
    assert "  error[unknown-layer]: there is no layer called Linaer" in lines
    assert run("help", "error[unknown-layer]").out == result.out


def test_a_code_as_json(run: Run) -> None:
    data = json.loads(run("help", "layer-added", "--format", "json").out)
    assert (data["code"], data["severity"]) == ("layer-added", "difference")
    assert list(data["example"]["files"]) == ["net.yaml"]
    assert data["example"]["before"] == ["layercli lock net.yaml"]
    assert data["example"]["output"][0] == "net.yaml differs from net.lock"
    assert json.loads(run("help", "internal", "--format", "json").out)["example"] is None


def test_help_of_commands(run: Run) -> None:
    assert run("help", "trace").out == run("trace", "--help").out
    assert run("help").out == run("--help").out
    assert run("help").code == 0


def test_a_code_that_there_is_not(run: Run) -> None:
    result = run("help", "unknown-layr")
    assert result.code == 2
    assert result.err == (
        "error[unknown-code]: there is no code and no command unknown-layr\n"
        "help: did you mean unknown-layer or unknown-param or unknown-key?\n"
    )
    assert "layercli list codes" in run("help", "qqqqq").err


def test_every_code_has_a_page_that_fits(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for code, entry in list_codes().items():
        result = run("help", code)
        assert result.code == 0
        assert result.out.startswith(f"{code}: {entry.title}\n")
        assert result.out.isprintable() or "\x1b" not in result.out


def test_codes_are_listed(run: Run) -> None:
    lines = run("list", "codes").out.splitlines()
    assert len(lines) == len(list_codes())
    assert lines[0].split("  ")[0] == "empty-spec"
    assert json.loads(run("list", "codes", "--format", "json").out)[0]["name"] == "empty-spec"
