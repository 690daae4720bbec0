"""``python -m benchmarks``: every comparison, one table."""

from __future__ import annotations

import argparse
import platform
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from benchmarks.calls import compare_calls
from benchmarks.growth import compare_growth
from benchmarks.pairs import Comparison, compare, format_results
from benchmarks.processes import WEIGHED, compare_processes, measure_memory


def main() -> None:
    """Measure and print. Each pair is run in turn, so other work on the machine slows both of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="pairs of each comparison (7)")
    parser.add_argument("--only", default="", metavar="TEXT", help="those with this text in their name")
    given = parser.parse_args()
    rounds = max(1, given.rounds)
    print(f"Python {platform.python_version()}, torch {version('torch')}, {rounds} pairs each, medians\n")
    with tempfile.TemporaryDirectory() as folder:
        results = [
            compare(comparison, rounds)
            for comparison in _list_comparisons(Path(folder))
            if given.only in comparison.name
        ]
    print(format_results(results), end="")
    for model in WEIGHED:
        name = f"layercli trace {model} --static"
        if given.only in name:
            print(f"{name}: {measure_memory(model) / 1e6:.1f} MB")


def _list_comparisons(folder: Path) -> Iterator[Comparison]:
    yield from compare_processes(folder)
    yield from compare_growth(folder)
    yield from compare_calls()


main()
