"""Comparisons of whole processes, from their start to their end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.pairs import Comparison, time_call

TORCH = "import torch"
LIBRARIES = "import typer, rich.table, yaml"

WRONG_SPEC = "inputs: {x: [1, 8]}\nlayers:\n  fc: Linaer(8, 2)\n"

#: The arguments of layercli, the exit code that they end with, and what Python does in the process beside it.
COMMANDS: tuple[tuple[tuple[str, ...], int, str], ...] = (
    (("trace", "lenet"), 0, TORCH),
    (("trace", "gpt2"), 0, TORCH),
    (("trace", "llama-70b"), 0, TORCH),
    (("--help",), 0, LIBRARIES),
    (("trace", "wrong.yaml"), 1, LIBRARIES),
)


def compare_processes(folder: Path) -> Iterator[Comparison]:
    """Each command in a process of its own, with ``folder`` as the working folder."""
    (folder / "wrong.yaml").write_text(WRONG_SPEC, "utf-8")
    for arguments, code, statement in COMMANDS:
        yield Comparison(
            name=f"layercli {' '.join(arguments)}",
            against=f'python -c "{statement}"',
            run=_process(("-m", "layercli", *arguments), code, folder),
            run_against=_process(("-c", statement), 0, folder),
        )


def _process(arguments: Sequence[str], code: int, folder: Path) -> Callable[[], float]:
    # Compiled files are kept, as they are where a package is installed.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run() -> float:
        return time_call(lambda: _run_process(arguments, code, folder, environment))

    return run


def _run_process(arguments: Sequence[str], code: int, folder: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != code:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}, not {code}:\n{ended.stderr}")
