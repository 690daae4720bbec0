"""torch takes a second to import, so nothing that can be said without it waits for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from layercli.cli.main import COMMANDS

#: Runs each command line of the JSON on standard input, and prints its exit code and whether torch is there.
PROGRAM = """
import contextlib, io, json, sys
from layercli.cli.main import main

results = []
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        code = main(arguments)
    results.append([code, errors.getvalue(), "torch" in sys.modules])
print(json.dumps(results))
"""

GOOD = "inputs: {x: [1, 4]}\nlayers:\n  fc: Linear(4, 2)\n"
SPECS = {
    "good.yaml": GOOD,
    "yaml-error.yaml": "inputs: {x: [1, 4]\nlayers:\n",
    "doubled-key.yaml": "inputs: {x: [1, 4]}\ninputs: {x: [1, 4]}\nlayers: {fc: Linear(4, 2)}\n",
    "unknown-key.yaml": "inputs: {x: [1, 4]}\nlayer: {fc: Linear(4, 2)}\n",
    "unknown-layer.yaml": GOOD.replace("Linear", "Linaer"),
    "missing-argument.yaml": GOOD.replace("4, 2", "4"),
    "unknown-argument.yaml": GOOD.replace("4, 2", "4, 2, bais=False"),
    "bad-expression.yaml": GOOD.replace("4, 2", "4, 2 +"),
    "bad-choice.yaml": GOOD + "mode: evil\n",
    "unknown-param.yaml": GOOD.replace("4, 2", "4, width"),
    "unknown-function.yaml": GOOD + "forward:\n  - rleu(fc(x))\n",
    "unknown-method.yaml": GOOD + "forward:\n  - x.flaten(1)\n",
    "unknown-name.yaml": GOOD + "forward:\n  - fc(y)\n",
    "statement.yaml": GOOD + "forward: |\n  while True:\n    pass\n",
    "import.yaml": GOOD + "imports: {Block: none.yaml}\n",
    "block-cycle.yaml": "inputs: {x: [1]}\nlayers: {a: A()}\nblocks:\n  A: {inputs: [x], layers: {a: A()}}\n",
    "huge-number.yaml": GOOD.replace("4, 2", "4, 10 ** 10 ** 10"),
}
DIMS = "dims: {N: 2}\ninputs: {x: [N, 4]}\nlayers:\n  fc: Linear(4, 2)\n"
WRONG_SPECS = [name for name in SPECS if name != "good.yaml"]

#: Command lines by the exit code that they end with.
COMMAND_LINES: dict[int, list[list[str]]] = {
    0: [
        ["--help"],
        ["--version"],
        *([command, "--help"] for command in COMMANDS),
        ["list"],
        ["list", "models"],
        ["list", "models", "--format", "json"],
        ["list", "layers"],
        ["list", "layers", "Conv2d"],
        ["list", "functions"],
        ["list", "functions", "relu", "--format", "json"],
        ["new", "template"],
        ["new", "copy", "--from", "resnet18"],
        ["trace", "good.yaml", "--static"],
        ["trace", "dims.yaml", "--symbolic"],
        ["params", "good.yaml", "--static"],
        ["dims", "dims.yaml"],
        ["explain", "good.yaml", "fc"],
        ["explain", "Conv2d"],
        ["schema"],
        ["show", "good.yaml"],
        ["show", "resnet18", "--layer", "layer1"],
        ["lock", "locked.yaml", "--static"],
        ["check", "locked.yaml"],
    ],
    1: [
        *(["trace", name] for name in WRONG_SPECS),
        *([command, "unknown-layer.yaml"] for command in ("params", "show", "lock")),
        ["check", "missing-lock.yaml"],
    ],
    2: [
        [],
        ["trac"],
        ["trace"],
        ["trace", "--colums"],
        ["trace", "none"],
        ["trace", "./none.yaml"],
        ["trace", "good", "--format", "jsn"],
        ["trace", "good", "--columns", "none"],
        ["trace", "good", "--set", "none=1"],
        ["trace", "good", "--dim", "N"],
        ["trace", "good", "--dim", "none=3"],
        ["trace", "good", "--input", "x=a"],
        ["trace", "good", "--seed", "x"],
        ["params", "none"],
        ["show", "none"],
        ["list", "modles"],
        ["list", "layers", "Conv"],
        ["new", "template"],
        ["new", "other", "--from", "none"],
        ["lock", "none.yaml"],
        ["lock", "empty"],
        ["check", "--format", "xml"],
        ["check", "none.yaml"],
        ["check", "empty"],
    ],
}

#: What a shell asks for, and one thing that is to be offered.
COMPLETIONS = {
    "layercli ": "trace",
    "layercli sch": "schema",
    "layercli ser": "server",
    "layercli trace len": "lenet",
    "layercli trace --dev": "--device",
    "layercli trace lenet --device m": "meta",
    "layercli list layers Conv": "Conv2d",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in SPECS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "missing-lock.yaml").write_text(GOOD)
    (tmp_path / "empty").mkdir()
    (tmp_path / "locked.yaml").write_text(GOOD)
    (tmp_path / "dims.yaml").write_text(DIMS)
    return tmp_path


def run_all(command_lines: list[list[str]], folder: Path) -> list[tuple[int, str, bool]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(command_lines),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    return [(code, errors, torch) for code, errors, torch in json.loads(done.stdout.splitlines()[-1])]


def test_torch_is_not_imported_for_what_needs_none(folder: Path) -> None:
    expected = [(line, code) for code, lines in COMMAND_LINES.items() for line in lines]
    results = run_all([line for line, _ in expected], folder)
    for (line, code), (found, errors, torch) in zip(expected, results, strict=True):
        assert "error[internal]" not in errors, (line, errors)
        assert found == code, (line, errors)
        assert not torch, f"torch is imported by layercli {' '.join(line)}"


def test_that_test_can_fail(folder: Path) -> None:
    assert run_all([["trace", "good.yaml"]], folder) == [(0, "", True)]


@pytest.mark.parametrize(("typed", "offered"), COMPLETIONS.items())
def test_completion_does_not_import_torch(typed: str, offered: str, folder: Path) -> None:
    words = typed.split(" ")
    asked = {"_LAYERCLI_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "layercli"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, **asked},
    )
    assert offered in done.stdout.split("\n")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert "torch" not in imported
