"""Which of several locks, or texts, are the same one under another name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from layercli.lock.records import Lock

T = TypeVar("T")

#: How alike two have to be, from 0 to 1, for one to be the other under another name.
LIKENESS = 0.6
#: So many pairs are looked at for that.
MAX_PAIRS = 10_000


def measure_likeness(one: Lock, other: Lock) -> float:
    """How alike two locks are, from 0 to 1: twice the calls and entries that both have, of those of either."""
    left, right = _count_facts(one), _count_facts(other)
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 0.0


def _count_facts(lock: Lock) -> Counter[tuple[str, str]]:
    facts = Counter((row.path, row.call) for row in lock.rows)
    facts.update((entry.name, str(entry.type)) for entry in lock.state_dict)
    return facts


def pair_alike(likeness: Iterable[tuple[float, T, T]]) -> dict[T, T]:
    """From each new one to the old one that it was, the most alike pairs first; what is less than alike isn't paired."""
    found: dict[T, T] = {}
    taken: set[T] = set()
    for ratio, new, old in sorted(likeness, key=lambda item: -item[0]):
        if ratio >= LIKENESS and new not in found and old not in taken:
            found[new] = old
            taken.add(old)
    return found
