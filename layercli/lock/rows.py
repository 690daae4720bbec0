"""Two locks side by side: every row with its counterpart, what changed, and what that breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from layercli.errors import Position
from layercli.lock.alignment import Alignment, Call, align_locks
from layercli.lock.comparison import compare_locks
from layercli.lock.differences import Difference
from layercli.lock.heads import Heads
from layercli.lock.records import Lock, LockRow
from layercli.lock.renames import Renames, find_renames
from layercli.lock.verdicts import Verdict, judge_differences
from layercli.record import record

Change: TypeAlias = Literal["same", "changed", "removed", "added"]


@record
class RowPair:
    """A row of either lock, or of both where they are the same call."""

    change: Change
    old: LockRow | None
    new: LockRow | None


@record
class Comparison:
    """What there is to say of two locks, which people call ``old_name`` and ``new_name``."""

    old_name: str
    new_name: str
    old: Lock
    new: Lock
    pairs: tuple[RowPair, ...]
    differences: tuple[Difference, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def exit_code(self) -> int:
        """0 where both say the same, else 1."""
        return 1 if self.differences else 0


def compare_sides(
    old: Lock,
    new: Lock,
    old_name: str,
    new_name: str,
    positions: Mapping[str, Position] | None = None,
    heads: Heads | None = None,
) -> Comparison:
    """Compare two locks row by row. ``positions`` and ``heads`` say where what stands in the new spec."""
    differences = compare_locks(old, new, positions, heads)
    verdicts = judge_differences(old, new, differences)
    return Comparison(old_name, new_name, old, new, tuple(pair_rows(old, new)), differences, verdicts)


def pair_rows(old: Lock, new: Lock) -> Iterator[RowPair]:
    """The rows in the order of the new lock, each removed one after what it stood behind in the old one.

    A call in another place is removed there and added here.
    """
    renames = find_renames(old, new)
    alignment = align_locks(renames.lock, new)
    partners = {other.index: (one, other) for one, other in alignment.pairs}
    paired = {one.index for one, _ in alignment.pairs}
    told = 0
    for number, row in enumerate(new.rows):
        if number not in partners:
            yield RowPair("added", None, row)
            continue
        before, after = partners[number]
        yield from _list_removed(old, paired, told, before.index)
        told = max(told, before.index + 1)
        same = not _is_changed(alignment, renames, before, after)
        yield RowPair("same" if same else "changed", old.rows[before.index], row)
    yield from _list_removed(old, paired, told, len(old.rows))


def _list_removed(old: Lock, paired: set[int], start: int, end: int) -> Iterator[RowPair]:
    return (RowPair("removed", old.rows[index], None) for index in range(start, end) if index not in paired)


def _is_changed(alignment: Alignment, renames: Renames, old: Call, new: Call) -> bool:
    """Whether a call isn't the same in all that a lock says of it, the number of an operation left aside."""
    if (old.row.type, old.text, len(old.names)) != (new.row.type, new.text, len(new.names)):
        return True
    if (old.row.output, old.row.parameters) != (new.row.output, new.row.parameters):
        return True
    if any(rename.new == new.row.path for rename in (*renames.layers, *renames.shifted)):
        return True
    before, after = old.names or old.row.sources, new.names or new.row.sources
    return not _same_sources(alignment, new.owner, before, after) or not _same_sources(
        alignment, new.row.path, old.row.returns, new.row.returns
    )


def _same_sources(alignment: Alignment, owner: str, old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    return len(old) == len(new) and all(
        alignment.same_source(owner, one, other) for one, other in zip(old, new, strict=True)
    )
