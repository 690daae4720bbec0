"""What a command imports, since each one starts Python anew."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from layercli.cli.main import COMMANDS

#: Prints the modules that are there after a command.
PROGRAM = """
import contextlib, io, json, sys
from layercli.cli.main import main

with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    main(sys.argv[1:])
print(json.dumps(list(sys.modules)))
"""

#: What no command that derives needs.
NEVER = {"torch", "rich", "pydantic", "layercli.build.builder", "layercli.run.session"}


@pytest.mark.parametrize(
    ("arguments", "needed", "unneeded"),
    [
        (["trace", "lenet", "--static"], "layercli.derive.session", "layercli.checks"),
        (["params", "lenet", "--static"], "layercli.derive.session", "layercli.checks"),
        (["check", "configs/lenet.yaml"], "layercli.checks", "layercli.report.table"),
        (["trace", "wrong.yaml"], "layercli.spec.reader", "layercli.diagnose.session"),
    ],
)
def test_a_command_imports_what_it_needs(
    arguments: list[str], needed: str, unneeded: str, tmp_path: Path
) -> None:
    (tmp_path / "wrong.yaml").write_text("inputs: {x: [1, 8]}\nlayers:\n  fc: Linaer(8, 2)\n")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "lenet.yaml").write_text("inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 2)\n")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    modules = set(json.loads(done.stdout))
    assert needed in modules
    assert unneeded not in modules
    assert modules & NEVER == set()
    assert modules & set(COMMANDS.values()) == {COMMANDS[arguments[0]]}
