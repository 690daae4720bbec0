"""``layercli check --format``: several reports from one run, where they go, and what the surroundings change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from layercli.report.check import CHECK_FORMATS
from tests.cli.conftest import NET, Run

WIDER = NET.replace("width: 4", "width: 6")


@pytest.fixture(autouse=True)
def no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def widened(folder: Path, run: Run) -> Path:
    """A spec that differs from its lock."""
    assert run("lock", "net.yaml").code == 0
    (folder / "net.yaml").write_text(WIDER)
    return folder


def list_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_several_reports_from_one_run(widened: Path, run: Run) -> None:
    alone = {name: run("check", "-f", name).out for name in CHECK_FORMATS}
    files = [f"--format={name}={name}.out" for name in CHECK_FORMATS]
    result = run("check", "-f", "markdown", *files)
    assert (result.code, result.out, result.err) == (1, alone["markdown"], "")
    assert {name: (widened / f"{name}.out").read_text("utf-8") for name in CHECK_FORMATS} == alone
    assert list_files(widened) == {"net.yaml", "net.lock", *(f"{name}.out" for name in CHECK_FORMATS)}


def test_the_text_is_printed_unless_another_format_is(widened: Path, run: Run) -> None:
    text = run("check").out
    assert run("check", "-f", "junit=out.xml").out == text
    assert run("check", "-f", "json=out.json", "-o", "out.txt").out == ""
    assert (widened / "out.txt").read_text() == text
    assert run("check", "-f", "text", "-f", "text").out == text
    (widened / "new=name.json").touch()
    assert run("check", "-f", "json=new=name.json").code == 1
    assert json.loads((widened / "new=name.json").read_text())["exit_code"] == 1


@pytest.mark.parametrize("format", CHECK_FORMATS)
def test_exit_codes_are_the_same_in_every_format(format: str, widened: Path, run: Run) -> None:
    assert run("check", "-f", format).code == 1
    assert run("check", "-f", f"{format}=out").code == 1
    (widened / "net.yaml").write_text(NET)
    assert run("check", "-f", format).code == 0
    (widened / "net.lock").write_text("lock: 2\nlock: 2\n")
    assert run("check", "-f", format).code == 2
    (widened / "net.lock").unlink()
    (widened / "net.yaml").unlink()
    result = run("check", "-f", f"{format}=none")
    assert (result.code, result.out) == (2, "")
    assert not (widened / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["sarfi=x"], "--format can't be sarfi\nhelp: did you mean sarif?"),
        (["sarif="], "--format sarif= names no file\nhelp: write --format sarif=out.sarif"),
        (["sarif=deep"], "--format sarif=deep names no file\nhelp: write"),
        (["sarif=there/"], "--format sarif=there/ names no file\nhelp: write"),
        (
            ["sarif", "json"],
            "--format sarif and --format json both go to standard output\n"
            "help: give one of them a file: --format json=out.json",
        ),
        (["sarif=x", "json=deep/x", "json=x"], "two reports would go to x"),
        (["sarif=x", "json=deep/../x"], "two reports would go to deep/../x"),
        (["json=net.yaml"], "a report can't go to net.yaml, which was checked\nhelp: name another file"),
        (["json=deep/../net.lock"], "a report can't go to deep/../net.lock, which was checked"),
    ],
)
def test_usage_errors(arguments: list[str], error: str, widened: Path, run: Run) -> None:
    (widened / "deep").mkdir()
    before = list_files(widened)
    result = run("check", *(word for argument in arguments for word in ("-f", argument)))
    assert result.err.startswith(f"error[usage]: {error}")
    assert (result.code, result.out) == (2, "")
    assert list_files(widened) == before
    assert (widened / "net.yaml").read_text() == WIDER


def test_a_report_that_can_not_be_written_is_exit_code_2_and_the_others_are_told(
    widened: Path, run: Run
) -> None:
    (widened / "real.json").write_text("as before")
    (widened / "link.json").symlink_to("real.json")
    result = run("check", "-f", "text", "-f", "json=link.json")
    assert result.code == 2
    assert result.out == run("check").out
    assert result.err.startswith("error[unwritable]: link.json is a link, so it is not written")
    assert (widened / "real.json").read_text() == "as before"
    assert run("check", "-f", "json=none/out.json").err.startswith(
        "error[unwritable]: can't write none/out.json: its folder is not there"
    )


# GitHub's job summary


def test_the_summary_of_a_step_is_added_to(widened: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    markdown = run("check", "-f", "markdown").out
    summary = widened / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for _ in range(2):
        assert run("check", "-f", "github").code == 1
    assert summary.read_text() == "before\n" + markdown * 2
    assert run("check").code == 1
    assert summary.read_text() == "before\n" + markdown * 2
    summary.unlink()
    assert run("check", "-f", "github=out.txt").code == 1
    assert summary.read_text() == markdown


def test_a_summary_that_can_not_be_written_changes_no_exit_code(
    widened: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (widened / "none/summary.md", widened):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place))
        result = run("check", "-f", "github")
        assert result.code == 1
        assert result.err.startswith(f"warning[no-summary]: there is no job summary: can't write {place}: ")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "")
    assert run("check", "-f", "github").err == ""


# Paths, colours and pipes


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_platforms_get_the_paths_of_the_repository(
    variable: str, widened: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(widened.parent))
    path = f"{widened.name}/net.yaml"
    assert run("check", "-f", "github").out.startswith(f"::error file={path},line=2,")
    assert json.loads(run("check", "-f", "gitlab").out)[0]["location"]["path"] == path
    assert f'"uri": "{path}"' in run("check", "-f", "sarif").out
    assert json.loads(run("check", "-f", "json").out)["specs"][0]["path"] == "net.yaml"
    monkeypatch.setenv(variable, str(widened / "elsewhere"))
    assert run("check", "-f", "github").out.startswith("::error file=net.yaml,line=2,")


@pytest.mark.parametrize("format", CHECK_FORMATS)
def test_colours_are_for_text_on_a_terminal(
    format: str, widened: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run("check", "-f", format).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("CI", "1")
    coloured = run("check", "-f", format, "-f", f"{format}=out").out
    assert ("\x1b[" in coloured) == (format == "text")
    assert (widened / "out").read_text("utf-8") == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert run("check", "-f", format).out == plain


@pytest.mark.parametrize("format", ["github", "junit", "sarif"])
def test_a_closed_pipe_keeps_the_exit_code_and_the_files(format: str, widened: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "layercli", "check", "-f", format, "-f", f"{format}=out"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(widened / "summary.md")},
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as stream:
        assert stream.read() == b""
    assert process.wait(timeout=60) == 1
    assert (widened / "out").stat().st_size > 100
    assert (widened / "summary.md").exists() == (format == "github")
