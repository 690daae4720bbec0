"""``layercli diff``, and the options of ``layercli check`` that name a revision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import NET, Run
from tests.git.repositories import Sandbox, make_repository


@pytest.fixture
def sandbox(folder: Path, run: Run) -> Sandbox:
    made = make_repository(folder)
    assert run("lock", "--static", "net.yaml").code == 0
    made.commit()
    return made


def widen(sandbox: Sandbox) -> None:
    sandbox.write("net.yaml", NET.replace("width: 4", "width: 8"))


def test_the_same_differs_and_trouble(sandbox: Sandbox, run: Run) -> None:
    assert run("diff", "HEAD:net.yaml", "net.yaml").code == 0
    widen(sandbox)
    result = run("diff", "HEAD:net.yaml", "net.yaml")
    assert (result.code, result.err) == (1, "")
    assert result.out.startswith("- HEAD:net.yaml\n+ net.yaml\n")
    result = run("diff", "HEAD~1:net.yaml", "net.yaml")
    assert (result.code, result.out) == (2, "")
    assert "there is no revision HEAD~1 here" in result.err
    sandbox.write("net.yaml", NET.replace("Linear", "Linaer"))
    assert run("diff", "HEAD:net.yaml", "net.yaml").code == 2


def test_forms(sandbox: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    widen(sandbox)
    arguments = ("diff", "net.lock", "net.yaml")
    unified = run(*arguments)
    assert unified.out.startswith("- net.lock\n")
    monkeypatch.setenv("COLUMNS", "120")
    beside = run(*arguments)
    assert beside.out.startswith("  net.lock  ")
    assert run(*arguments, "--unified").out == unified.out
    monkeypatch.delenv("COLUMNS")
    assert run(*arguments, "--side-by-side").out == beside.out
    assert run(*arguments, "--side-by-side", "--unified").code == 2
    assert json.loads(run(*arguments, "--format", "json").out)["exit_code"] == 1
    assert run(*arguments, "--format", "markdown").out.startswith("```diff\n")
    assert run(*arguments, "--format", "csv").code == 2
    assert run(*arguments, "-o", "out.txt").out == ""
    assert Path("out.txt").read_text() == unified.out


def test_completion(sandbox: Sandbox) -> None:
    from layercli.cli.options import complete_file, complete_revision

    sandbox.write("sub/other.lock", "")
    sandbox.git("branch", "topic/one")
    sandbox.git("tag", "v1")
    assert {"net.yaml", "net.lock", "lenet"} <= set(complete_file(""))
    assert complete_file("sub/o") == ["sub/other.lock"]
    assert complete_revision("") == ["HEAD", "main", "topic/one", "v1"]
    assert complete_revision("t") == ["topic/one"]


def test_completion_without_a_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from layercli.cli.options import complete_revision

    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    assert complete_revision("") == []


def test_check_against(sandbox: Sandbox, run: Run) -> None:
    assert run("check", "--against", "HEAD").code == 0
    widen(sandbox)
    assert run("lock", "--static", "net.yaml").code == 0
    assert run("check").code == 0
    result = run("check", "--against", "HEAD")
    assert result.code == 1
    assert "net.yaml differs from HEAD:net.yaml" in result.out
    assert "accept it with" not in result.out
    assert run("check", "--against", "HEAD", "--fail-on", "cost").code == 1


@pytest.mark.parametrize("format", ["text", "json", "github", "gitlab", "junit", "sarif", "markdown"])
def test_every_format_tells_what_is_gone(sandbox: Sandbox, run: Run, format: str) -> None:
    Path("net.yaml").unlink()
    Path("net.lock").unlink()
    result = run("check", "--against", "HEAD", "--format", format)
    assert result.code == 1
    assert "net.yaml" in result.out
    assert "gone" in result.out


def test_changed_since(sandbox: Sandbox, run: Run) -> None:
    result = run("check", "--changed-since", "HEAD")
    assert (result.code, result.out) == (0, "no spec has changed since HEAD: 1 model left out\n")
    for format in ("json", "github", "gitlab", "junit", "sarif", "markdown"):
        assert run("check", "--changed-since", "HEAD", "--format", format).code == 0
    widen(sandbox)
    assert run("check", "--changed-since", "HEAD").code == 1


@pytest.mark.parametrize("option", ["--against", "--changed-since"])
def test_a_shallow_clone(
    sandbox: Sandbox, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    sandbox.commit()
    sandbox.git("clone", "-q", "--depth=1", f"file://{sandbox.root}", str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")
    result = run("check", option, "HEAD~1")
    assert (result.code, result.out) == (2, "")
    assert "fetch-depth: 0" in result.err


def test_both_options_are_too_many(sandbox: Sandbox, run: Run) -> None:
    result = run("check", "--against", "HEAD", "--changed-since", "HEAD")
    assert result.code == 2
    assert "exclude each other" in result.err
