"""What ``layercli check`` and ``lock`` take from ``pyproject.toml``, and which differences fail."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import NET, Run
from tests.cli.test_cli_lock import snapshot
from tests.cli.test_cli_process import break_pipe

WIDER = NET.replace("width: 4", "width: 6")
OTHER_DROPOUT = NET.replace("Dropout(0.5)", "Dropout(0.4)")


@pytest.fixture
def repository(folder: Path) -> Path:
    """A repository with two configured specs, one that is left out, and one outside of all patterns."""
    (folder / ".git").mkdir()
    (folder / "net.yaml").unlink()
    for path in ("configs/a.yaml", "configs/deep/b.yaml", "configs/old/c.yaml", "other/d.yaml"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(NET)
    configure(folder, "specs = ['configs/**/*.yaml']\nexclude = ['configs/old']")
    return folder


def configure(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.layercli]\n{text}\n")


def test_without_arguments_the_configuration_says_which_specs(repository: Path, run: Run) -> None:
    assert run("lock").out == "wrote configs/a.lock   4 rows\nwrote configs/deep/b.lock   4 rows\n"
    assert run("check").out == "2 models, 8 rows compared: all hold\n"
    assert run("check", "other").code == 1
    assert run("check", "configs/old/c.yaml").code == 1
    assert run("check", "configs").out == "2 models, 8 rows compared: all hold\n"


def test_the_configuration_holds_further_down(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("lock")
    (repository / "configs/a.yaml").write_text(WIDER)
    monkeypatch.chdir(repository / "configs/deep")
    result = run("check")
    assert result.out.startswith("../a.yaml differs from ../a.lock\n")
    assert result.out.endswith("\naccept it with: layercli lock ../a.yaml\n")
    assert run("lock", "../a.yaml").code == 0
    assert run("check").code == 0


def test_list_tells_what_is_checked_and_why(repository: Path, run: Run) -> None:
    (repository / "configs/blocks.yaml").write_text("blocks: {}\n")
    assert run("check", "--list").out == (
        "check  configs/a.yaml       specs: configs/**/*.yaml (pyproject.toml:2:10)\n"
        "leave  configs/blocks.yaml  specs: configs/**/*.yaml (pyproject.toml:2:10) matches it, and it has no inputs "
        "and layers\n"
        "check  configs/deep/b.yaml  specs: configs/**/*.yaml (pyproject.toml:2:10)\n"
        "leave  configs/old/c.yaml   exclude: configs/old (pyproject.toml:3:12)\n"
        "2 specs to check, 2 left out\n"
    )
    assert run("check", "--list", "configs", "other/d.yaml").out == (
        "check  configs/a.yaml       it is in configs\n"
        "check  configs/deep/b.yaml  it is in configs\n"
        "leave  configs/old/c.yaml   exclude: configs/old (pyproject.toml:3:12)\n"
        "check  other/d.yaml         it was named\n"
        "3 specs to check, 1 left out\n"
    )
    (repository / "pyproject.toml").unlink()
    lines = run("check", "--list").out.splitlines()
    assert lines[0] == "check  configs/a.yaml       it has inputs and layers"
    assert lines[-1] == "4 specs to check"


def test_a_pattern_that_means_nothing_is_exit_code_2(repository: Path, run: Run) -> None:
    configure(repository, "specs = ['configs/*.yaml', 'models/*.yaml']")
    for command in ("check", "lock"):
        result = run(command)
        assert result.err.startswith("error[nothing-to-check]: no spec matches models/*.yaml\n")
        assert "--> pyproject.toml:2:28" in result.err
        assert (result.code, result.out) == (2, "")


def test_no_link_is_followed(repository: Path, run: Run) -> None:
    (repository / "outside").mkdir()
    (repository / "outside/e.yaml").write_text(NET)
    (repository / "configs/link").symlink_to(repository / "outside")
    (repository / "configs/f.yaml").symlink_to(repository / "outside/e.yaml")
    assert run("check", "--list").out.count("check ") == 2
    configure(repository, "specs = ['configs/link/*.yaml']")
    assert run("check").code == 2


@pytest.mark.parametrize("text", ["specs = ['../*.yaml']", "spec = []", "specs = [,]"])
def test_a_wrong_configuration_is_exit_code_2(text: str, repository: Path, run: Run) -> None:
    configure(repository, text)
    for arguments in (["check"], ["lock"], ["check", "configs/a.yaml"]):
        result = run(*arguments)
        assert "--> pyproject.toml:2:" in result.err
        assert (result.code, result.out) == (2, "")


def test_a_repository_with_200_specs_is_taken_over_by_one_command(folder: Path, run: Run) -> None:
    (folder / "net.yaml").unlink()
    for number in range(200):
        (folder / f"net_{number:03}.yaml").write_text(NET)
    result = run("check")
    assert result.out.startswith("200 specs have no lock:\n  net_000.yaml\n")
    assert result.code == 1
    command = result.out.splitlines()[-1].removeprefix("accept it with: layercli ")
    assert run(*command.split(), "--static").code == 0
    assert run("check").out == "200 models, 800 rows compared: all hold\n"


def test_prune_removes_locks_without_a_spec(repository: Path, run: Run) -> None:
    run("lock")
    (repository / "configs/deep/b.yaml").unlink()
    (repository / "configs/poetry.lock").write_text("[metadata]\n")
    (repository / "other/d.lock").write_bytes((repository / "configs/a.lock").read_bytes())
    (repository / "other/d.yaml").unlink()
    result = run("check")
    assert "configs/deep/b.lock has no spec" in result.out
    assert result.out.endswith("accept it with: layercli lock --prune configs/deep/b.lock\n")
    assert run("lock").out == "unchanged: configs/a.lock   4 rows\n"
    assert (repository / "configs/deep/b.lock").exists()
    assert run("lock", "--prune", "configs/deep/b.lock").out == (
        "removed configs/deep/b.lock, which has no spec\n"
    )
    assert run("lock", "--prune").out == "unchanged: configs/a.lock   4 rows\n"
    assert (repository / "other/d.lock").exists()
    assert (repository / "configs/poetry.lock").exists()


def test_fail_on_some_classes(repository: Path, run: Run) -> None:
    run("lock")
    (repository / "configs/a.yaml").write_text(OTHER_DROPOUT)
    assert run("check").code == 1
    result = run("check", "--fail-on", "checkpoints,callers", "--fail-on", "cost")
    assert result.code == 0
    assert "  drop   Dropout() -> Dropout(p=0.4)" in result.out
    assert "\n2 models, 8 rows compared, 1 difference: 1 model differs and passes\n" in result.out
    assert run("check", "--fail-on", "behaviour").code == 1
    configure(repository, "specs = ['configs/a.yaml']\nfail-on = ['checkpoints']")
    assert run("check").code == 0
    assert run("check", "--fail-on", "behaviour").code == 1
    result = run("check", "--fail-on", "behavior")
    assert result.err == "error[usage]: --fail-on can't be behavior\nhelp: did you mean behaviour?\n"
    assert result.code == 2


def test_what_a_difference_breaks_counts_with_what_follows_from_it(repository: Path, run: Run) -> None:
    run("lock")
    (repository / "configs/a.yaml").write_text(WIDER)
    assert run("check", "--fail-on", "checkpoints").code == 1
    assert run("check", "--fail-on", "callers").code == 0
    assert run("check", "--fail-on", "cost").code == 1


def ignore(path: str = "drop", reason: str = "agreed in May", spec: str = "configs/a.yaml") -> str:
    return (
        "specs = ['configs/a.yaml']\n"
        f"ignore = [{{spec = '{spec}', path = '{path}', class = 'behaviour', reason = '{reason}'}}]"
    )


def test_a_known_change_passes_with_its_reason(repository: Path, run: Run) -> None:
    run("lock")
    (repository / "configs/a.yaml").write_text(OTHER_DROPOUT)
    configure(repository, ignore())
    result = run("check")
    assert "\n  known: drop: agreed in May\n" in result.out
    assert "accept it with" not in result.out
    assert result.code == 0
    assert run("check", "configs/a.yaml").code == 0
    data = json.loads(run("check", "--format", "json").out)
    assert data["findings"][0]["ignored"] == "agreed in May"
    # Another change of the same spec isn't known.
    (repository / "configs/a.yaml").write_text(OTHER_DROPOUT.replace("relu(first", "tanh(first"))
    assert run("check").code == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (ignore(path="first"), "ignore-unused"),
        (ignore(spec="configs/b.yaml"), "ignore-unused"),
        (ignore(reason=""), "ignore-unreasoned"),
        (ignore(path="**", spec="**/*.yaml"), "ignore-everything"),
    ],
)
def test_an_ignore_that_is_wrong_is_a_finding(text: str, code: str, repository: Path, run: Run) -> None:
    run("lock")
    configure(repository, text)
    result = run("check")
    assert result.out.startswith(f"error[{code}]: ")
    assert "--> pyproject.toml:3:11" in result.out
    assert result.out.endswith("1 model, 4 rows compared: 1 problem in the configuration\n")
    assert result.code == 1
    # What was named may be less than what the ignore is for.
    assert run("check", "configs/a.yaml").code == (0 if code == "ignore-unused" else 1)


def test_in_ci_nothing_is_coloured_or_written(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("lock")
    (repository / "configs/a.yaml").write_text(WIDER)
    before = snapshot(repository)
    monkeypatch.setenv("CI", "true")
    result = run("check")
    assert "\x1b" not in result.out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("check").out
    assert snapshot(repository) == before


@pytest.mark.parametrize(("text", "code"), [(NET, 0), (WIDER, 1), ("inputs: {}\n", 1), (None, 2)])
def test_a_closed_pipe_keeps_the_exit_code(text: str | None, code: int, folder: Path, run: Run) -> None:
    run("lock")
    if text is None:
        (folder / "net.lock").write_text("lock: 99\n")
    else:
        (folder / "net.yaml").write_text(text)
    assert break_pipe("check")[0] == code


def test_progress_is_for_terminals(folder: Path, start: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for ci, shown in (("", True), ("1", False)):
        master, slave = pty.openpty()
        code = (
            "import layercli.cli.progress as progress\n"
            "progress.DELAY = 0\n"
            "with progress.show_progress('checking') as tell:\n"
            "    tell(3, 1200, 'configs/\\x1b]0;a.yaml')\n"
        )
        environment = {**os.environ, "CI": ci, "TERM": "xterm"}
        subprocess.run([sys.executable, "-c", code], stderr=slave, env=environment, check=True, timeout=60)
        os.close(slave)
        os.set_blocking(master, False)
        try:
            written = os.read(master, 4096).decode()
        except OSError:
            written = ""
        os.close(master)
        expected = "\r\x1b[Kchecking 3 of 1,200: configs/\\x1b]0;a.yaml\r\x1b[K"
        assert written == (expected if shown else "")
    assert start("lock", "net.yaml", "--static").err == ""
