"""Runs of identical siblings (``h.0`` to ``h.11``) written once, and read back in full.

A fold of rows holds the rows of its first block. The others are the same with another number in their paths;
``following`` is where the second block gets its inputs from. Where that names the first block each later one takes the
block before it, and where it is the part of a value after the one that the first block takes, ``unbind[1]`` after
``unbind[0]``, each later one takes the next.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

from layercli.lock.records import LockEntry, LockRow, split_source
from layercli.record import record
from layercli.trace.repeats import NotFolded, Omitted, check_whole, omit_repeats
from layercli.trace.sources import is_next_part, relate_sources, shift_part

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
_Item = TypeVar("_Item", LockRow, LockEntry)
_RowLike = TypeVar("_RowLike", LockRow, "LockRow | Omitted[LockRow]")
_EntryLike = TypeVar("_EntryLike", LockEntry, "LockEntry | Omitted[LockEntry]")


def fold_rows(rows: Sequence[LockRow]) -> tuple[RowItem, ...]:
    """Fold what can be folded, inside blocks too, where it saves a line."""
    shown = omit_repeats(rows, lambda row: row.path, _relate)
    try:
        return _fold_rows(shown, 0, len(shown), _MAX_NESTING)
    except NotFolded:
        return _fold_rows(rows, 0, len(rows), _MAX_NESTING)


def _relate(before: LockRow, row: LockRow) -> Hashable:
    return relate_sources(before.sources, row.sources, before.path)


#: Rows, and what stands for those of siblings that were left out because they are the same.
_Rows: TypeAlias = "Sequence[LockRow | Omitted[LockRow]]"
_Entries: TypeAlias = "Sequence[LockEntry | Omitted[LockEntry]]"


def _check_all(items: Sequence[_Item | Omitted[_Item]]) -> tuple[_Item, ...]:
    """The items, none of which may stand for others. Raises NotFolded."""
    found = tuple(item for item in items if not isinstance(item, Omitted))
    if len(found) < len(items):
        raise NotFolded
    return found


def _fold_rows(rows: _Rows, start: int, end: int, nesting: int) -> tuple[RowItem, ...]:
    if nesting == 0:
        return _check_all(rows[start:end])
    items: list[RowItem] = []
    index = start
    while index < end:
        fold, after = _fold_blocks(rows, index, end, nesting)
        if fold is None:
            items += _check_all(rows[index : index + 1])
            index += 1
        else:
            items.append(fold)
            index = after
    return tuple(items)


def _fold_blocks(rows: _Rows, start: int, end: int, nesting: int) -> tuple[RowFold | None, int]:
    head = rows[start]
    if isinstance(head, Omitted):
        raise NotFolded
    match = _NUMBERED.fullmatch(head.path)
    if match is None:
        return None, start
    prefix, first = match[1], int(match[2])
    length = _measure_block(rows, start, end)
    following: tuple[str, ...] = head.sources
    count = 1
    after = start + length
    while after < end:
        block = rows[after]
        if isinstance(block, Omitted):
            if block.path != f"{prefix}{first + count + block.count - 1}":
                break
            if count == 1:
                raise NotFolded
            # They go on as those before them, and so does the one after them.
            count += block.count
            after += 1
            continue
        if block.path != f"{prefix}{first + count}":
            break
        if count == 1:
            following = block.sources
        siblings = Siblings(prefix, first, first + count)
        expected = list(shift_block(following, rows[start : start + length], siblings, count))
        found = list(rows[after : after + _measure_block(rows, after, end)])
        if found != expected:
            check_whole(found, expected)
            break
        count += 1
        after += length
    # A fold takes two lines of its own, and one more where the blocks follow each other.
    if count == 1 or (count - 1) * length <= 2 + (following != head.sources):
        return None, start
    items = (head, *_fold_rows(rows, start + 1, start + length, nesting - 1))
    return RowFold(Siblings(prefix, first, first + count - 1), following, items), after


def _measure_block(rows: _Rows, start: int, end: int) -> int:
    inside = rows[start].path + "."
    stop = start + 1
    while stop < end and rows[stop].path.startswith(inside):
        stop += 1
    return stop - start


def shift_block(
    following: tuple[str, ...], rows: Sequence[_RowLike], siblings: Siblings, offset: int
) -> Iterator[_RowLike]:
    """The rows of the sibling ``offset`` places after the first, whose rows are given, its own row first.

    ``following`` are the sources of the second block.
    """
    own = len(siblings.path)
    path = f"{siblings.prefix}{siblings.first + offset}"
    head, *others = rows
    assert isinstance(head, LockRow)
    sources = tuple(
        _shift_source(source, siblings, offset, head.sources[place : place + 1])
        for place, source in enumerate(following)
    )
    yield replace(head, path=path, sources=sources)
    for row in others:
        yield replace(row, path=path + row.path[own:])


def _shift_source(source: str, siblings: Siblings, offset: int, first: tuple[str, ...]) -> str:
    """Where a sibling gets an input, the second one from ``source`` and the first one from ``first``."""
    name = split_source(source)
    if siblings.path == name.base or siblings.path.endswith(f".{name.base}"):
        digits = len(str(siblings.first))
        return f"{name.base[:-digits]}{siblings.first + offset - 1}{name.part}"
    return shift_part(source, offset - 1) if first and is_next_part(first[0], source) else source


def fold_entries(entries: Sequence[LockEntry]) -> tuple[EntryItem, ...]:
    """Fold what can be folded among ``state_dict`` entries, inside blocks too, where it saves a line."""
    shown = omit_repeats(entries, lambda entry: "", lambda before, entry: None)
    try:
        return _fold_entries(shown, 0, len(shown), 0, _MAX_NESTING)
    except NotFolded:
        return _fold_entries(entries, 0, len(entries), 0, _MAX_NESTING)


def _fold_entries(entries: _Entries, start: int, end: int, depth: int, nesting: int) -> tuple[EntryItem, ...]:
    if nesting == 0:
        return _check_all(entries[start:end])
    items: list[EntryItem] = []
    index = start
    while index < end:
        fold, after = _fold_siblings(entries, index, end, depth, nesting)
        if fold is None:
            items += _check_all(entries[index : index + 1])
            index += 1
        else:
            items.append(fold)
            index = after
    return tuple(items)


def _fold_siblings(
    entries: _Entries, start: int, end: int, depth: int, nesting: int
) -> tuple[EntryFold | None, int]:
    parts = _name_entry(entries[start]).split(".")
    for level in range(depth, len(parts) - 1):
        match = _NUMBERED.fullmatch(".".join(parts[: level + 1]))
        if match is None:
            continue
        prefix, first = match[1], int(match[2])
        length = _measure_entries(entries, start, end, f"{prefix}{first}.")
        block = entries[start : start + length]
        count = 1
        after = start + length
        while after < end:
            omitted = entries[after]
            if (
                isinstance(omitted, Omitted)
                and omitted.path == f"{prefix}{first + count + omitted.count - 1}"
            ):
                if count == 1:
                    raise NotFolded
                # They go on as those before them, and so does the one after them.
                count += omitted.count
                after += 1
                continue
            siblings = Siblings(prefix, first, first + count)
            expected = list(shift_entries(block, siblings, count))
            # A longer block that only starts like the first one is another block.
            found = list(
                entries[after : after + _measure_entries(entries, after, end, f"{prefix}{first + count}.")]
            )
            if found != expected:
                check_whole(found, expected)
                break
            count += 1
            after += length
        if (count - 1) * length > 2:
            items = _fold_entries(entries, start, start + length, level + 1, nesting - 1)
            return EntryFold(Siblings(prefix, first, first + count - 1), items), after
    return None, start


def _measure_entries(entries: _Entries, start: int, end: int, inside: str) -> int:
    stop = start
    while stop < end and _name_entry(entries[stop]).startswith(inside):
        stop += 1
    return stop - start


def _name_entry(entry: LockEntry | Omitted[LockEntry]) -> str:
    return f"{entry.path}." if isinstance(entry, Omitted) else entry.name


def shift_entries(entries: Sequence[_EntryLike], siblings: Siblings, offset: int) -> Iterator[_EntryLike]:
    """The entries of the sibling ``offset`` places after the first, whose entries are given."""
    own = len(siblings.path)
    path = f"{siblings.prefix}{siblings.first + offset}"
    for entry in entries:
        if isinstance(entry, Omitted):
            yield replace(entry, path=path + entry.path[own:])
        else:
            yield replace(entry, name=path + entry.name[own:])
