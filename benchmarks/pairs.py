"""Timing two things in turn, and what is said of the times."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

Pair = tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """Something timed against something else: each one does its work once and gives the seconds that it took."""

    name: str
    against: str
    run: Callable[[], float]
    run_against: Callable[[], float]


@dataclass(frozen=True)
class Result:
    """The times of a comparison, in seconds, in the order in which they were taken."""

    name: str
    against: str
    pairs: tuple[Pair, ...]

    @property
    def seconds(self) -> float:
        """The median of the first one's times."""
        return median(first for first, _ in self.pairs)

    @property
    def seconds_against(self) -> float:
        """The median of the second one's times."""
        return median(second for _, second in self.pairs)

    @property
    def ratios(self) -> list[float]:
        """First against second, pair by pair, from the least to the greatest."""
        return sorted(first / second for first, second in self.pairs)


def compare(comparison: Comparison, rounds: int) -> Result:
    """Run both in turn, A B A B, after one run of each that doesn't count.

    A machine that slows down for a while then slows both, and the ratio of a pair stays.
    """
    comparison.run()
    comparison.run_against()
    pairs = tuple((comparison.run(), comparison.run_against()) for _ in range(rounds))
    return Result(comparison.name, comparison.against, pairs)


def time_call(work: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def format_results(results: Sequence[Result]) -> str:
    """A plain table, a line for each result: medians in seconds, the median ratio, the least and the greatest."""
    lines = [("", "seconds", "against", "seconds", "ratio", "from", "to")]
    lines += [
        (
            result.name,
            f"{result.seconds:.3f}",
            result.against,
            f"{result.seconds_against:.3f}",
            f"{median(result.ratios):.2f}",
            f"{result.ratios[0]:.2f}",
            f"{result.ratios[-1]:.2f}",
        )
        for result in results
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    texts = (0, 2)
    return "".join(
        "  ".join(
            cell.ljust(width) if column in texts else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        + "\n"
        for line in lines
    )
