"""What changed since a lock in a model that no longer works, as far as that is known: all its layers, some of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from layercli.errors import Position
from layercli.lock.alignment import align_locks, split_call
from layercli.lock.comparison import compare_locks
from layercli.lock.differences import Difference, say_difference
from layercli.lock.heads import Heads
from layercli.lock.records import Lock, LockRow
from layercli.lock.renames import find_renames

#: How many differences are told, and how many of the entries that follow from one of them.
MAX_TOLD = 5
MAX_ENTRIES = 3

#: What only a whole pass tells, and so the same of both.
_UNKNOWN: Mapping[str, Any] = {"returns": (), "needs": (), "assumes": (), "parameters": 0, "trainable": 0}
#: What may be told only because a pass ended early.
_EARLY = ("layer-uncalled", "order-changed")


def compare_unfinished(
    old: Lock,
    new: Lock,
    unfinished: Sequence[int],
    calls: Mapping[str, str],
    positions: Mapping[str, Position],
    heads: Heads,
) -> tuple[Difference, ...]:
    """The differences from ``old`` to a model that fails.

    ``new`` has its rows up to the call that fails; ``unfinished`` are the places of those that didn't end, ``calls`` is
    what each of its layers is made as, by its path: of what isn't reached the layers alone are compared. ``positions`` and
    ``heads`` are as for ``compare_locks``.
    """
    left, right = _match_rows(old, replace(new, output=old.output), unfinished, calls)
    reached = {row.path for row in (*left, *right)}
    for row in old.rows:
        if row.kind == "layer" and row.call and row.path not in reached:
            reached.add(row.path)
            left.append(_strip(row, row.call))
            if row.path in calls:
                right.append(_strip(row, calls[row.path]))
    called = {row.path for row in right}
    uncalled = [layer for layer in old.never_called if layer.path in calls and layer.path not in called]
    before = replace(old, rows=left, **_UNKNOWN)
    after = replace(new, rows=right, output=old.output, never_called=tuple(uncalled), **_UNKNOWN)
    return tuple(
        difference
        for difference in compare_locks(before, after, positions, heads)
        if difference.code not in _EARLY
        and not (difference.code == "layer-removed" and difference.path in calls)
    )


def _match_rows(
    old: Lock, new: Lock, unfinished: Sequence[int], calls: Mapping[str, str]
) -> tuple[list[LockRow], list[LockRow]]:
    """The rows of both up to the call that fails; one that didn't end puts out what it did before."""
    pairs = {other.index: one.index for one, other in align_locks(find_renames(old, new).lock, new).pairs}
    end = max((place for index, place in pairs.items() if index not in unfinished), default=-1) + 1
    for index in unfinished:
        known = pairs.values()
        skipped = [
            row
            for place, row in enumerate(old.rows[: pairs.get(index, 0)])
            if place >= end and place not in known
        ]
        # What stands behind calls that may still come isn't reached, however alike it is.
        if any(row.kind == "layer" and row.path in calls for row in skipped) or (
            skipped and not _is_same_call(old.rows[pairs[index]], new.rows[index])
        ):
            del pairs[index]
    left = list(old.rows[: max(pairs.values(), default=-1) + 1])
    right = list(new.rows)
    for index in unfinished:
        place = pairs.get(index)
        output = "" if place is None else left[place].output
        if place is not None:
            left[place] = replace(left[place], returns=())
        right[index] = replace(right[index], output=output, returns=())
    return left, right


def _is_same_call(old: LockRow, new: LockRow) -> bool:
    """Whether two rows are calls of one layer, or of one operation with the same arguments beside its sources."""
    if new.kind == "layer":
        return old.path == new.path
    return (old.type, split_call(old)[0]) == (new.type, split_call(new)[0])


def _strip(row: LockRow, call: str) -> LockRow:
    """A row that isn't reached: which layer it is of, and what that is made as."""
    return replace(row, call=call, sources=(), output="", returns=())


def tell_changes(differences: Sequence[Difference], since: str) -> Iterator[str]:
    """The differences since something in a line each, with the entries that changed with it."""
    told = [difference for difference in differences if difference.kind != "cost"]
    for difference in told[:MAX_TOLD]:
        place = "" if difference.position is None else f" ({difference.position})"
        entries = [say_difference(part) for part in difference.follows if part.code.startswith("entry-")]
        if len(entries) > MAX_ENTRIES:
            entries = [*entries[:MAX_ENTRIES], f"{len(entries) - MAX_ENTRIES:,} more"]
        end = f", and so {', '.join(entries)}" if entries else ""
        yield f"since {since}: {say_difference(difference)}{place}{end}"
    if len(told) > MAX_TOLD:
        yield f"since {since}: and {len(told) - MAX_TOLD:,} more"
