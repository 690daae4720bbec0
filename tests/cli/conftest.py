"""Running the program: in this process, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from layercli.cli.main import main

#: What changes how the program looks or behaves, and is not to come from whoever runs the tests.
ENVIRONMENT = (
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "FORCE_COLOR",
    "CI",
    "TERM",
    "LAYERCLI_DEBUG",
    "PYTHONIOENCODING",
)

NET = """\
name: Net
params: {width: 4}
dims: {N: 2}
inputs:
  x: [N, 3]
layers:
  first: Linear(3, width)
  drop: Dropout(0.5)
  last: Linear(width, 2)
forward:
  - relu(first(x))
  - drop
  - last
"""


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with ``net.yaml``, and none of the surroundings' settings."""
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process."""

    def run(*arguments: str) -> Result:
        code = main(arguments)
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return run


@pytest.fixture
def start(folder: Path) -> Run:
    """Run a command line in a process of its own, with ``environment`` added to what it inherits."""

    def start(*arguments: str, environment: dict[str, str] | None = None, **options: Any) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "layercli", *arguments],
            **{"capture_output": True, "text": True, "check": False, "timeout": 60} | options,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **(environment or {})},
        )
        return Result(done.returncode, done.stdout or "", done.stderr or "")

    return start
