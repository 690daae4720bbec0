"""For which sizes of one dim conditions hold, exactly.

A condition in one dim with divisions by numbers is a polynomial on each residue class of a period, which changes its sign a
few times only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import lcm
from typing import TypeAlias

from layercli.catalogue.polynomials import measure_period
from layercli.catalogue.sizes import Condition, Size, evaluate
from layercli.record import record

#: Longer periods are given up.
MAX_PERIOD = 20_000

#: Part of the whole numbers from 0 on: from the first to before the second, to the end where that is None.
Interval: TypeAlias = "tuple[int, int | None]"


@record(slots=True)
class Sizes:
    """Sizes by their remainder: ``period * q + remainder`` for each q in its intervals."""

    period: int
    intervals: tuple[tuple[Interval, ...], ...]

    @property
    def first(self) -> int:
        """The least size."""
        return min(
            self.period * intervals[0][0] + remainder
            for remainder, intervals in enumerate(self.intervals)
            if intervals
        )

    def is_same(self, other: Sizes) -> bool:
        """Whether both have the same sizes of 1 and more."""
        period = lcm(self.period, other.period)
        return all(
            self._cut(period, remainder) == other._cut(period, remainder) for remainder in range(period)
        )

    def _cut(self, period: int, remainder: int) -> list[Interval]:
        """The q of a longer period and a remainder of it, 0 left out."""
        own = stretch(
            self.intervals[remainder % self.period], period // self.period, remainder // self.period
        )
        return intersect(own, [(int(remainder == 0), None)])

    def contains(self, size: int) -> bool:
        q, remainder = divmod(size, self.period)
        return any(first <= q and (end is None or q < end) for first, end in self.intervals[remainder])


def find_sizes(dim: str, conditions: Iterable[Condition]) -> Sizes | None:
    """The sizes of the only dim of some conditions at which all of them hold.

    None with a divisor that isn't a number, or too long a period.
    """
    holding: list[tuple[int, list[list[Interval]]]] = []
    for condition in conditions:
        found = _solve(dim, condition)
        if found is None:
            return None
        holding.append(found)
    period = lcm(*(own for own, _ in holding))
    if period > MAX_PERIOD:
        return None
    intervals = []
    for remainder in range(period):
        rest: list[Interval] = [(0, None)]
        for own, by_remainder in holding:
            # q of the long period is q * (period // own) + remainder // own of the condition's own.
            times, start = period // own, remainder // own
            rest = intersect(rest, stretch(by_remainder[remainder % own], times, start))
        intervals.append(tuple(rest))
    return Sizes(period, tuple(intervals))


def stretch(intervals: Sequence[Interval], times: int, start: int) -> list[Interval]:
    """The q for which ``q * times + start`` is in the intervals."""
    return [
        (max(0, -((start - first) // times)), None if end is None else max(0, -((start - end) // times)))
        for first, end in intervals
    ]


def intersect(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """What is in both."""
    found: list[Interval] = []
    for first, end in left:
        for other, other_end in right:
            ends = [item for item in (end, other_end) if item is not None]
            start, stop = max(first, other), min(ends) if ends else None
            if stop is None or start < stop:
                found.append((start, stop))
    return sorted(found, key=lambda interval: interval[0])


def _solve(dim: str, condition: Condition) -> tuple[int, list[list[Interval]]] | None:
    """Where a condition in one dim holds: a period, and the intervals of q for each remainder.

    None with a divisor that isn't a number, or too long a period.
    """
    difference = condition.left - condition.right
    if not isinstance(difference, Size):
        return 1, [[(0, None)] if condition.holds({dim: 0}) else []]
    measured = measure_period(difference.key)
    if measured is None or measured[0] > MAX_PERIOD:
        return None
    period, degree = measured
    by_remainder: list[list[Interval]] = []
    for remainder in range(period):

        def at(q: int, remainder: int = remainder) -> int:
            return evaluate(difference, {dim: period * q + remainder})

        breaks = [0, *_find_breaks(at, degree)]
        intervals: list[Interval] = []
        for first, end in [*pairwise(breaks), (breaks[-1], None)]:
            if first != end and condition.holds({dim: period * first + remainder}):
                if intervals and intervals[-1][1] == first:
                    first = intervals.pop()[0]
                intervals.append((first, end))
        by_remainder.append(intervals)
    return period, by_remainder


def _find_breaks(at: Callable[[int], int], degree: int) -> list[int]:
    """Where a polynomial changes its sign: between two of these numbers, and after the last, it has one sign.

    Its differences are a polynomial of lower degree; between the places where those change sign it is monotone.
    """
    if degree == 0:
        return []
    turns = _find_breaks(lambda q: at(q + 1) - at(q), degree - 1)
    found: set[int] = set(turns)
    for first, end in [*pairwise([0, *turns]), ((turns or [0])[-1], None)]:
        rising = at(first + 1) - at(first)
        if rising == 0:
            continue
        for bound in (0, 1):
            crossed = _find_crossing(at, 1 if rising > 0 else -1, bound, first, end)
            if crossed is not None:
                found.add(crossed)
    return sorted(place for place in found if place > 0)


def _find_crossing(
    at: Callable[[int], int], sign: int, bound: int, first: int, end: int | None
) -> int | None:
    """The first number from ``first`` on, before ``end`` or at it, where ``sign * at`` has reached a bound.

    It never falls there, and grows without end where ``end`` is None.
    """

    def reached(q: int) -> bool:
        return sign * at(q) >= bound

    if end is None:
        end = first + 1
        while not reached(end):
            end += end - first
    elif not reached(end):
        return None
    while first < end:
        middle = (first + end) // 2
        first, end = (first, middle) if reached(middle) else (middle + 1, end)
    return first
