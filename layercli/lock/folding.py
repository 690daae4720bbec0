"""Runs of identical siblings (``h.0`` to ``h.11``) written once, and read back in full.

A fold of rows holds the rows of its first block. The others are the same with another number in their paths;
``following`` is where the second block gets its inputs from, and where that names the first block each later
one takes the block before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from layercli.lock.records import LockEntry, LockRow, split_source
from layercli.record import record

_NAME = r"(?:[A-Za-z_][A-Za-z0-9_]*|0|[1-9][0-9]{0,8})"
_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_NUMBERED = re.compile(rf"((?:{_NAME}\.)*)({_NUMBER})")
#: How deep folds nest, so that a reader with a bound on nesting can take any lock.
_MAX_NESTING = 12
_RANGE = re.compile(rf"((?:{_NAME}\.)*)({_NUMBER}) to \1({_NUMBER})")


@record
class Siblings:
    """The paths ``prefix`` + number, for the numbers from ``first`` to ``last``."""

    prefix: str
    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    @property
    def path(self) -> str:
        """The path of the first one."""
        return f"{self.prefix}{self.first}"

    def __str__(self) -> str:
        return f"{self.prefix}{self.first} to {self.prefix}{self.last}"


def parse_siblings(text: str) -> Siblings | None:
    """Read ``h.0 to h.11``; None for anything else."""
    match = _RANGE.fullmatch(text)
    if match is None or int(match[2]) >= int(match[3]):
        return None
    return Siblings(match[1], int(match[2]), int(match[3]))


@record
class RowFold:
    """Sibling blocks, each called once, one straight after the other."""

    siblings: Siblings
    following: tuple[str, ...]
    items: tuple[RowItem, ...]


@record
class EntryFold:
    """The ``state_dict`` entries of sibling blocks."""

    siblings: Siblings
    items: tuple[EntryItem, ...]


RowItem: TypeAlias = "LockRow | RowFold"
EntryItem: TypeAlias = "LockEntry | EntryFold"


def fold_rows(rows: Sequence[LockRow]) -> tuple[RowItem, ...]:
    """Fold what can be folded, inside blocks too, where it saves a line."""
    return _fold_rows(rows, 0, len(rows), _MAX_NESTING)


def _fold_rows(rows: Sequence[LockRow], start: int, end: int, nesting: int) -> tuple[RowItem, ...]:
    if nesting == 0:
        return tuple(rows[start:end])
    items: list[RowItem] = []
    index = start
    while index < end:
        fold, after = _fold_blocks(rows, index, end, nesting)
        if fold is None:
            items.append(rows[index])
            index += 1
        else:
            items.append(fold)
            index = after
    return tuple(items)


def _fold_blocks(rows: Sequence[LockRow], start: int, end: int, nesting: int) -> tuple[RowFold | None, int]:
    head = rows[start]
    match = _NUMBERED.fullmatch(head.path)
    if match is None:
        return None, start
    prefix, first = match[1], int(match[2])
    length = _measure_block(rows, start, end)
    following: tuple[str, ...] = head.sources
    count = 1
    after = start + length
    while after + length <= end and rows[after].path == f"{prefix}{first + count}":
        if count == 1:
            following = rows[after].sources
        siblings = Siblings(prefix, first, first + count)
        expected = shift_block(following, rows[start : start + length], siblings, count)
        if _measure_block(rows, after, end) != length or list(rows[after : after + length]) != list(expected):
            break
        count += 1
        after += length
    # A fold takes two lines of its own, and one more where the blocks follow each other.
    if count == 1 or (count - 1) * length <= 2 + (following != head.sources):
        return None, start
    items = (head, *_fold_rows(rows, start + 1, start + length, nesting - 1))
    return RowFold(Siblings(prefix, first, first + count - 1), following, items), after


def _measure_block(rows: Sequence[LockRow], start: int, end: int) -> int:
    inside = rows[start].path + "."
    stop = start + 1
    while stop < end and rows[stop].path.startswith(inside):
        stop += 1
    return stop - start


def shift_block(
    following: tuple[str, ...], rows: Sequence[LockRow], siblings: Siblings, offset: int
) -> Iterator[LockRow]:
    """The rows of the sibling ``offset`` places after the first, whose rows are given, its own row first.

    ``following`` are the sources of the second block.
    """
    own = len(siblings.path)
    path = f"{siblings.prefix}{siblings.first + offset}"
    digits = len(str(siblings.first))
    before = siblings.first + offset - 1
    yield replace(
        rows[0],
        path=path,
        sources=tuple(
            f"{source.base[:-digits]}{before}{source.part}"
            if siblings.path == source.base or siblings.path.endswith(f".{source.base}")
            else str(source)
            for source in map(split_source, following)
        ),
    )
    for row in rows[1:]:
        yield replace(row, path=path + row.path[own:])


def fold_entries(entries: Sequence[LockEntry]) -> tuple[EntryItem, ...]:
    """Fold what can be folded among ``state_dict`` entries, inside blocks too, where it saves a line."""
    return _fold_entries(entries, 0, len(entries), 0, _MAX_NESTING)


def _fold_entries(
    entries: Sequence[LockEntry], start: int, end: int, depth: int, nesting: int
) -> tuple[EntryItem, ...]:
    if nesting == 0:
        return tuple(entries[start:end])
    items: list[EntryItem] = []
    index = start
    while index < end:
        fold, after = _fold_siblings(entries, index, end, depth, nesting)
        if fold is None:
            items.append(entries[index])
            index += 1
        else:
            items.append(fold)
            index = after
    return tuple(items)


def _fold_siblings(
    entries: Sequence[LockEntry], start: int, end: int, depth: int, nesting: int
) -> tuple[EntryFold | None, int]:
    parts = entries[start].name.split(".")
    for level in range(depth, len(parts) - 1):
        match = _NUMBERED.fullmatch(".".join(parts[: level + 1]))
        if match is None:
            continue
        prefix, first = match[1], int(match[2])
        length = _measure_entries(entries, start, end, f"{prefix}{first}.")
        block = entries[start : start + length]
        count = 1
        after = start + length
        while after + length <= end:
            siblings = Siblings(prefix, first, first + count)
            expected = list(shift_entries(block, siblings, count))
            if list(entries[after : after + length]) != expected:
                break
            # A longer block that only starts like the first one is another block.
            if _measure_entries(entries, after, end, f"{prefix}{first + count}.") != length:
                break
            count += 1
            after += length
        if (count - 1) * length > 2:
            items = _fold_entries(entries, start, start + length, level + 1, nesting - 1)
            return EntryFold(Siblings(prefix, first, first + count - 1), items), after
    return None, start


def _measure_entries(entries: Sequence[LockEntry], start: int, end: int, inside: str) -> int:
    stop = start
    while stop < end and entries[stop].name.startswith(inside):
        stop += 1
    return stop - start


def shift_entries(entries: Sequence[LockEntry], siblings: Siblings, offset: int) -> Iterator[LockEntry]:
    """The entries of the sibling ``offset`` places after the first, whose entries are given."""
    own = len(siblings.path)
    path = f"{siblings.prefix}{siblings.first + offset}"
    for entry in entries:
        yield replace(entry, name=path + entry.name[own:])
