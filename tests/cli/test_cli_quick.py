"""What the program doesn't load, and that ending the process at once loses nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

#: Runs the command line of the JSON on standard input; prints the exit code and which of some packages are loaded.
PROGRAM = """
import contextlib, io, json, sys
from layercli.cli.main import main

with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    code = main(json.load(sys.stdin))
print(json.dumps([code, [name for name in ("pydantic", "rich.table") if name in sys.modules]]))
"""


def run_python(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], input=text, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (0, ["--help"]),
        (0, ["trace", "--help"]),
        (0, ["trace", "lenet"]),
        (0, ["trace", "lenet", "--dim", "N=2", "--columns", "input", "--format", "json", "--eval"]),
        (0, ["list", "layers"]),
        (2, ["trace", "lenet", "--set", "nothing=1"]),
        (2, ["check", "no-such-folder"]),
    ],
)
def test_plain_values_load_neither_pydantic_nor_tables(code: int, arguments: list[str]) -> None:
    ran = run_python("-c", PROGRAM, text=json.dumps(arguments))
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [code, []]


def test_numbers_are_still_checked_by_typer() -> None:
    assert run_python("-m", "layercli", "trace", "lenet", "--depth", "none").returncode == 2
    assert run_python("-m", "layercli", "trace", "lenet", "--depth", "0").returncode == 2


def test_a_long_output_is_whole_when_the_process_ends() -> None:
    ran = run_python("-m", "layercli", "list", "layers", "--format", "json")
    assert ran.returncode == 0
    assert len(ran.stdout) > 1 << 14
    assert json.loads(ran.stdout)


def test_the_exit_code_and_the_error_are_those_of_main(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text("inputs: {x: [1, 4]}\nlayers:\n  fc: Linaer(4, 2)\n", "utf-8")
    ran = run_python("-m", "layercli", "trace", str(spec))
    assert ran.returncode == 1
    assert "unknown-layer" in ran.stderr
