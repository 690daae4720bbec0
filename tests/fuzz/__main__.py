"""Specs drawn at random, each held to ``tests.fuzz.properties``: ``python -W ignore -m tests.fuzz --count 100000``.

No property of most of them needs PyTorch, so that hundreds are tried in a second. Whatever fails is written to a folder with
its seed, and once it is mended goes to ``tests/fuzz/found``. Processes are bounded, and one that ends is named with its spec.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tests.fuzz.properties import SECONDS, check_spec, check_state
from tests.fuzz.specs import KINDS, SHARES, Drawn
from tests.loud import loud_diagnosis

#: Bytes that a process may hold.
MEMORY = 3 << 30
#: Of so many valid specs one is compared with the PyTorch class of the same model.
COMPARED = 10
#: Problems of one kind that are kept.
MOST_KEPT = 5


def draw(seed: int, number: int) -> tuple[str, Drawn]:
    """The spec of a number in the series of a seed, and its kind."""
    source = random.Random(f"{seed} {number}")
    kind = source.choices([*SHARES], [*SHARES.values()])[0]
    return kind, KINDS[kind](source)


def try_specs(seed: int, numbers: range, compare: bool, reports: Connection) -> None:
    """Try each spec, and report its number before, and after what came of it, with the error where it failed."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if compare:
        import torch

        torch.set_num_threads(1)
    with loud_diagnosis(), tempfile.TemporaryDirectory(prefix="layercli-fuzz-") as folder:
        path = Path(folder) / "net.yaml"
        # A project of its own: nothing outside is looked for.
        (path.parent / "pyproject.toml").touch()
        os.chdir(folder)
        valid = 0
        for number in numbers:
            reports.send((number, "", ""))
            drawn = draw(seed, number)[1]
            try:
                outcome = check_spec(drawn, path)
                if compare and drawn.python:
                    valid += 1
                    if valid % COMPARED == 1:
                        check_state(drawn, path)
                        outcome = "valid, with the state of its class"
                reports.send((number, outcome, ""))
            except BaseException as error:
                reports.send((number, f"failed: {name_failure(error)}", traceback.format_exc()))
    os._exit(0)


def name_failure(error: BaseException) -> str:
    """The exception and the place that it comes from, which tells failures of one cause from others."""
    frames = traceback.extract_tb(error.__traceback__)
    place = next((frame for frame in reversed(frames) if "layercli" in frame.filename), frames[-1])
    return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"


@dataclass
class Worker:
    """A process, what it is trying, and which specs it still has to."""

    numbers: range
    trying: int = -1
    since: float = 0.0
    process: Any = None
    reports: Any = None

    def start(self, seed: int, compare: bool) -> None:
        context = multiprocessing.get_context("fork")
        self.reports, theirs = context.Pipe(duplex=False)
        self.process = context.Process(
            target=try_specs, args=(seed, self.numbers, compare, theirs), daemon=True
        )
        self.process.start()
        theirs.close()
        self.trying, self.since = -1, time.monotonic()


@dataclass
class Tally:
    """What came of all specs so far."""

    count: int
    folder: Path
    seed: int
    began: float = field(default_factory=time.monotonic)
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    shown: float = 0.0

    @property
    def done(self) -> int:
        return self.outcomes.total() + self.failures.total()

    def take(self, number: int, outcome: str, text: str) -> None:
        """Count an outcome; keep the spec of a failure."""
        if not outcome.startswith("failed: "):
            self.outcomes[outcome] += 1
            return
        name = outcome.removeprefix("failed: ")
        self.failures[name] += 1
        if self.failures[name] <= MOST_KEPT:
            kind, drawn = draw(self.seed, number)
            stem = self.folder / f"{self.seed}-{number}"
            stem.with_suffix(".yaml").write_bytes(drawn.data)
            stem.with_suffix(".txt").write_text(f"{name} ({kind})\n\n{text}", "utf-8")
            self.clear()
            print(f"{name} ({kind}): {stem}.yaml", flush=True)

    def show(self, *, last: bool = False) -> None:
        """A bar on a terminal, a line now and then elsewhere."""
        now = time.monotonic()
        if not last and now - self.shown < (0.2 if sys.stderr.isatty() else 30):
            return
        self.shown = now
        rate = self.done / max(now - self.began, 1e-9)
        left = (self.count - self.done) / rate if rate else 0
        filled = 30 * self.done // max(self.count, 1)
        text = (
            f"[{'#' * filled}{'.' * (30 - filled)}] {self.done:,} of {self.count:,}, {self.failures.total():,} failed, "
            f"{rate:.0f}/s, {left / 60:.0f} min left"
        )
        sys.stderr.write(f"\r\x1b[K{text}" if sys.stderr.isatty() else text + "\n")
        sys.stderr.flush()

    def clear(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")

    def summary(self) -> str:
        """The counts, most first."""
        valid = sum(count for outcome, count in self.outcomes.items() if outcome.startswith("valid"))
        compared = self.outcomes["valid, with the state of its class"]
        codes = [(code, count) for code, count in self.outcomes.most_common() if not code.startswith("valid")]
        lines = [
            f"{self.done:,} specs: {valid:,} valid ({compared:,} compared with their class), {sum(n for _, n in codes):,} "
            f"refused with {len(codes)} codes, {self.failures.total():,} failed"
        ]
        lines.append(", ".join(f"{code} {count:,}" for code, count in codes))
        lines += [f"failed: {name} {count:,}" for name, count in self.failures.most_common()]
        return "\n".join(lines)


def run(count: int, seed: int, processes: int, compare: bool, folder: Path, start: int = 0) -> Tally:
    """Try ``count`` specs from number ``start`` on."""
    tally = Tally(count, folder, seed)
    share = -(-count // processes)
    end = start + count
    workers = [Worker(range(begin, min(begin + share, end))) for begin in range(start, end, share)]
    for worker in workers:
        worker.start(seed, compare)
    while workers:
        wait([worker.reports for worker in workers], timeout=1.0)
        for worker in list(workers):
            ended = False
            try:
                while worker.reports.poll():
                    number, outcome, text = worker.reports.recv()
                    worker.trying, worker.since = number, time.monotonic()
                    if outcome:
                        tally.take(number, outcome, text)
                        worker.trying = -1
            except EOFError:
                ended = True
            late = worker.trying >= 0 and time.monotonic() - worker.since > 3 * SECONDS
            if ended or late:
                worker.process.kill()
                worker.process.join()
                number = worker.trying
                if number < 0:
                    workers.remove(worker)
                    continue
                why = "takes for ever" if late else f"ended the process ({worker.process.exitcode})"
                tally.take(number, f"failed: {why}", "")
                worker.numbers = range(number + 1, worker.numbers.stop)
                worker.start(seed, compare)
        tally.show()
    tally.show(last=True)
    return tally


def main() -> int:
    """The command; 1 where any spec failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--start", type=int, default=0, help="the number of the first spec in the series of the seed"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--without-torch", action="store_true", help="compare no model with its PyTorch class"
    )
    parser.add_argument("--folder", type=Path, help="where specs that fail are written")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="layercli-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    tally = run(
        options.count,
        options.seed,
        max(1, options.processes),
        not options.without_torch,
        folder.resolve(),
        options.start,
    )
    print("\n" + tally.summary() if sys.stderr.isatty() else tally.summary())
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
