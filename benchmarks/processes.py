"""Comparisons of whole processes, from their start to their end."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pairs import Comparison, time_call

TORCH = "import torch"
LIBRARIES = "import typer, rich.table, yaml"

WRONG_SPEC = "inputs: {x: [1, 8]}\nlayers:\n  fc: Linaer(8, 2)\n"


@dataclass(frozen=True)
class Command:
    """The arguments of layercli, what Python does in the process beside it, and the exit code that it ends with."""

    arguments: str
    against: str = LIBRARIES
    code: int = 0
    bundled: bool = False


#: ``bundled`` ones run where the bundled models are.
COMMANDS = (
    Command("trace lenet", TORCH),
    Command("trace gpt2", TORCH),
    Command("trace llama-70b", TORCH),
    Command("trace lenet --static"),
    Command("trace resnet50 --static"),
    Command("trace llama-70b --static"),
    Command("trace moe-1t --static"),
    Command("check", bundled=True),
    Command("check small"),
    Command("trace wrong.yaml", code=1),
    Command("--help"),
)


#: How many small specs are checked by one command.
SMALL = 50


def write_small(folder: Path) -> None:
    """Small specs, no two the same, with their locks."""
    from layercli.checks import lock_specs

    folder.mkdir(exist_ok=True)
    for index in range(SMALL):
        layers = f"  conv: Conv2d(1, {index + 4}, 3)\n  fc: Linear({index + 4}, {index + 2})\n"
        forward = "  - x = relu(conv(x)).mean((2, 3))\n  - fc(x)\n"
        text = f"dims: {{N: 1}}\ninputs: {{x: [N, 1, 28, 28]}}\nlayers:\n{layers}forward:\n{forward}"
        (folder / f"net_{index:02}.yaml").write_text(text, "utf-8")
    for _ in lock_specs(["."], folder, "derive"):
        pass


def compare_processes(folder: Path) -> Iterator[Comparison]:
    """Each command in a process of its own, with ``folder`` as the working folder."""
    from layercli.spec.library import list_bundled

    (folder / "wrong.yaml").write_text(WRONG_SPEC, "utf-8")
    write_small(folder / "small")
    models = list_bundled()
    for command in COMMANDS:
        # What needs no torch has one thread, and the seconds of its processor don't count those of other work.
        measure = time_call if command.against == TORCH else time_processor
        place = models[0].parent if command.bundled else folder
        arguments = ("-m", "layercli", *command.arguments.split())
        yield Comparison(
            name=f"layercli {command.arguments}{f' ({len(models)} models)' if command.bundled else ''}",
            against=f'python -c "{command.against}"',
            run=_process(arguments, command.code, place, measure),
            run_against=_process(("-c", command.against), 0, folder, measure),
        )


#: Derived models whose memory is told.
WEIGHED = ("llama-70b", "moe-1t")


#: Runs its arguments and prints the most memory that they took. A process starts with the memory of the one that
#: starts it, and this one has little.
_WEIGH = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def measure_memory(model: str) -> int:
    """The most memory, in bytes, that ``layercli trace MODEL --static`` has at once."""
    command = [sys.executable, "-m", "layercli", "trace", model, "--static"]
    ended = subprocess.run(
        [sys.executable, "-c", _WEIGH, *command], capture_output=True, text=True, check=True
    )
    return int(ended.stdout) * (1 if sys.platform == "darwin" else 1024)


def time_processor(work: Callable[[], object]) -> float:
    """The seconds of a processor that the processes take which a call starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _process(
    arguments: Sequence[str],
    code: int,
    folder: Path,
    measure: Callable[[Callable[[], object]], float] = time_call,
) -> Callable[[], float]:
    # Compiled files are kept, as they are where a package is installed.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run() -> float:
        return measure(lambda: _run_process(arguments, code, folder, environment))

    return run


def _run_process(arguments: Sequence[str], code: int, folder: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != code:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}, not {code}:\n{ended.stderr}")
