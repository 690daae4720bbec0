"""The program in a process of its own: pipes, encodings, hostile folders and shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import NET, Run


def break_pipe(*arguments: str) -> tuple[int, str]:
    """Run a command whose reader is gone before it writes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "layercli", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as stream:
        errors = stream.read().decode()
    return process.wait(timeout=60), errors


def test_a_pipe_that_is_closed_early_keeps_the_exit_code(folder: Path) -> None:
    assert break_pipe("list", "functions") == (0, "")
    assert break_pipe("check") == (1, "")
    assert break_pipe("trace", "gpt2") == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_behind_standard_output(folder: Path, start: Run) -> None:
    with open("/dev/full", "w") as full:
        told = start("list", capture_output=False, stdout=full, stderr=subprocess.PIPE)
        assert told.err == "error[unwritable]: the output can't be written: No space left on device\n"
        assert told.code == 2
        untold = start("list", "nothing", capture_output=False, stdout=subprocess.PIPE, stderr=full)
        assert (untold.code, untold.out) == (2, "")
        assert start("--help", capture_output=False, stdout=full, stderr=subprocess.PIPE).code == 2


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh here")
def test_standard_streams_may_be_closed(folder: Path) -> None:
    for arguments, code in [("list", 0), ("list nothing", 2), ("--help", 0), ("check", 1)]:
        line = f'"{sys.executable}" -m layercli {arguments} >&- 2>&-'
        assert subprocess.run(["sh", "-c", line], check=False, timeout=60).returncode == code


def test_a_terminal_that_shows_ascii_only(folder: Path, start: Run) -> None:
    (folder / "nätz.yaml").write_text(NET.replace("Linear(width", "Linäer(width"), "utf-8")
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    failed = start("trace", "nätz.yaml", environment=ascii_only)
    assert failed.code == 1
    assert failed.err.startswith("error[")
    assert "--> n\\xe4tz.yaml:9:" in failed.err
    traced = start("trace", "net", environment=ascii_only)
    assert traced.code == 0
    assert traced.out.startswith("Net   net.yaml - cpu - eval - N = 2\n")
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
    failed = start("trace", "nätz.yaml", environment=plain, encoding="latin-1")
    assert (failed.code, "Traceback" in failed.err) == (1, False)


def test_modules_in_the_working_folder_are_not_imported(folder: Path, start: Run) -> None:
    for name in ("yaml", "typer", "rich", "torch", "click"):
        (folder / f"{name}.py").write_text(f"open('imported-{name}', 'w').close()\nraise SystemExit(3)\n")
    assert start("list", "layers", "Conv2d").out.startswith("Conv2d(")
    assert start("trace", "net").code == 0
    assert sorted(path.name for path in folder.glob("imported-*")) == []


# Completion


@pytest.fixture
def shell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with the program under its own name."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    program = bin_folder / "layercli"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m layercli "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    return bin_folder


def complete_in_bash(*words: str) -> list[str]:
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        'eval "$(_LAYERCLI_COMPLETE=source_bash layercli)"\n'
        "complete -p layercli >/dev/null || exit 9\n"
        f"COMP_WORDS=({quoted})\nCOMP_CWORD={len(words) - 1}\n"
        '_layercli_completion layercli\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["tr"], ["trace"]),
        (["trace", "lstm"], ["lstmtagger"]),
        (["trace", "net"], ["net.yaml"]),
        (["params", "resnet"], ["resnet18", "resnet50"]),
        (["new", "x", "--from", "tiny"], ["tinymodel"]),
        (["trace", "net.yaml", "--format", "c"], ["csv"]),
        (["trace", "net.yaml", "--device", "m"], ["mps", "meta"]),
        (["trace", "net.yaml", "--columns", "input,mac"], ["input,macs"]),
        (["trace", "net.yaml", "--layers"], ["--layers-only"]),
        (["list", "l"], ["layers"]),
        (["list", "layers", "Conv2"], ["Conv2d"]),
        (["list", "functions", "relu6"], ["relu6"]),
        (["check", "--format", "g"], ["github", "gitlab"]),
    ],
    ids=" ".join,
)
def test_bash_completes(words: list[str], offered: list[str], shell: Path) -> None:
    assert complete_in_bash("layercli", *words) == offered


@pytest.mark.parametrize(
    ("name", "sign"), [("zsh", "#compdef layercli"), ("fish", "complete --command layercli")]
)
def test_other_shells_have_a_script(name: str, sign: str, start: Run) -> None:
    assert sign in start(environment={"_LAYERCLI_COMPLETE": f"source_{name}"}).out


def test_zsh_is_offered_model_names(start: Run) -> None:
    asked = {"_LAYERCLI_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "layercli trace len"}
    assert '"lenet"' in start(environment=asked).out
