"""Which rows of two locks are the same call, and whether two names mean the same source."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import field

from layercli.lock.records import Lock, LockRow, split_source
from layercli.record import record

#: Past this many insertions and removals in a row two sequences have little in common, and a search for the
#: longest common part costs its square.
MAX_EDITS = 400

_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
#: Texts in quotes, which hold no names, and names that are neither a keyword nor what is called; a name may
#: have a part, as in ``lstm[0]``.
_TOKEN = re.compile(
    rf"{_QUOTED}|[^\W\d]\w*(?:\.\w+)*(?:\[(?:\d+|{_QUOTED})\])*(?!\w*(?:\s*=(?!=)|\())", re.DOTALL
)


@record
class Call:
    """A row with the path of the module that called it and its name there."""

    index: int
    row: LockRow
    owner: str
    name: str
    #: The text of the call without the names of its sources, and those names in order.
    text: str
    names: tuple[str, ...]


@record(frozen=False)
class Names:
    """What the sources within one owner are called in the other lock."""

    #: From the new name of an operation to its old one.
    renamed: dict[str, str] = field(default_factory=dict)
    #: Where the inputs of rows that are in one lock only come from.
    added: dict[str, tuple[str, ...]] = field(default_factory=dict)
    removed: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def rename(self, new: str) -> str:
        """The old name of a source of the new lock."""
        source = split_source(new)
        return self.renamed.get(source.base, source.base) + source.part


@record(frozen=False)
class Alignment:
    """Pairs of calls that are the same one in both locks, and those that are in one of them only."""

    pairs: list[tuple[Call, Call]] = field(default_factory=list)
    removed: list[Call] = field(default_factory=list)
    added: list[Call] = field(default_factory=list)
    names: dict[str, Names] = field(default_factory=dict)

    def same_source(self, owner: str, old: str, new: str) -> bool:
        """Whether two names mean one source, seen through rows that are in one lock only.

        A row between a source and its reader is one difference; the reader isn't another.
        """
        names = self.names.get(owner)
        if names is None:
            return old == new
        one, other = split_source(old), split_source(new)
        if other.base not in names.added and one.base not in names.removed:
            return names.rename(new) == old
        behind_new = {names.rename(name) for name in _see_through(new, names.added)}
        return not behind_new.isdisjoint(_see_through(old, names.removed))


def _see_through(name: str, inside: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The sources that ``name`` comes from, itself if it isn't ``inside``."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        base = split_source(current).base
        if base in inside:
            waiting += inside[base]
        else:
            found.add(current)
    return found


def align_locks(old: Lock, new: Lock) -> Alignment:
    """Match layers by path, operations by longest common subsequence within their owner."""
    alignment = Alignment()
    old_owners = _group(read_calls(old.rows))
    new_owners = _group(read_calls(new.rows))
    left: list[Call] = []
    extra: list[Call] = []
    for owner in dict.fromkeys([*old_owners, *new_owners]):
        before, after = old_owners.get(owner, []), new_owners.get(owner, [])
        pairs = _align_calls(before, after)
        matched_old = {i for i, _ in pairs}
        matched_new = {j for _, j in pairs}
        alignment.pairs += [(before[i], after[j]) for i, j in pairs]
        left += [call for i, call in enumerate(before) if i not in matched_old]
        extra += [call for j, call in enumerate(after) if j not in matched_new]
    _pair_layers(alignment, left, extra)
    for removed in alignment.removed:
        names = alignment.names.setdefault(removed.owner, Names())
        names.removed[removed.name] = removed.row.sources
    for added in alignment.added:
        names = alignment.names.setdefault(added.owner, Names())
        names.added[added.name] = added.row.sources
    for one, other in alignment.pairs:
        names = alignment.names.setdefault(other.owner, Names())
        if one.row.kind == "operation":
            names.renamed[other.name] = one.name
        # A layer that is still called somewhere is a source of its own, whichever call is gone.
        names.removed.pop(one.name, None)
        names.added.pop(other.name, None)
    return alignment


def read_calls(rows: Sequence[LockRow]) -> Iterator[Call]:
    """Each row with the called module that it stands in."""
    stack: list[str] = []
    for index, row in enumerate(rows):
        while stack and not row.path.startswith(f"{stack[-1]}."):
            stack.pop()
        owner = stack[-1] if stack else ""
        name = row.path[len(owner) + 1 :] if owner else row.path
        text, names = split_call(row)
        yield Call(index, row, owner, name, text, names)
        if row.kind == "layer" and row.path:
            stack.append(row.path)


def split_call(row: LockRow) -> tuple[str, tuple[str, ...]]:
    """The text of a call with a gap for each name of a source, and those names in order."""
    sources = set(row.sources)
    names: list[str] = []

    def replace(token: re.Match[str]) -> str:
        if token[0] not in sources:
            return token[0]
        names.append(token[0])
        return "\0"

    return _TOKEN.sub(replace, row.call), tuple(names)


def _group(calls: Iterator[Call]) -> dict[str, list[Call]]:
    owners: dict[str, list[Call]] = {}
    for call in calls:
        owners.setdefault(call.owner, []).append(call)
    return owners


def _align_calls(old: Sequence[Call], new: Sequence[Call]) -> list[tuple[int, int]]:
    """Pairs of positions: equal calls first, then between them calls of one type, then those in one place."""
    pairs = align([_exact_key(call) for call in old], [_exact_key(call) for call in new])
    for key in (_type_key, _place_key):
        found: list[tuple[int, int]] = []
        for (i, j), (next_i, next_j) in _gaps(pairs, len(old), len(new)):
            within = align([key(call) for call in old[i:next_i]], [key(call) for call in new[j:next_j]])
            found += [(i + a, j + b) for a, b in within]
        pairs = sorted([*pairs, *found])
    return pairs


def _exact_key(call: Call) -> Hashable:
    row = call.row
    if row.kind == "layer":
        return row.path
    return row.type, call.text, row.output


def _type_key(call: Call) -> Hashable:
    return call.row.path if call.row.kind == "layer" else (call.row.type,)


def _place_key(call: Call) -> Hashable:
    return call.row.path if call.row.kind == "layer" else len(call.row.sources)


def _gaps(
    pairs: Sequence[tuple[int, int]], old_length: int, new_length: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The stretches between pairs where both sides have something."""
    i = j = 0
    for next_i, next_j in [*pairs, (old_length, new_length)]:
        if i < next_i and j < next_j:
            yield (i, j), (next_i, next_j)
        i, j = next_i + 1, next_j + 1


def _pair_layers(alignment: Alignment, left: list[Call], extra: list[Call]) -> None:
    """Pair layers that moved to another place or owner by their paths; the others are in one lock only."""
    waiting: dict[str, list[Call]] = {}
    for call in left:
        if call.row.kind == "layer":
            waiting.setdefault(call.row.path, []).append(call)
    moved: set[int] = set()
    for call in extra:
        candidates = waiting.get(call.row.path) if call.row.kind == "layer" else None
        if candidates:
            partner = candidates.pop(0)
            moved.add(id(partner))
            alignment.pairs.append((partner, call))
        else:
            alignment.added.append(call)
    alignment.removed += [call for call in left if id(call) not in moved]


def align(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """A longest common subsequence as pairs of positions, by Myers' greedy search.

    What both ends have in common is set aside first. Where more than ``MAX_EDITS`` insertions and removals
    are left between them, nothing else is paired.
    """
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    old_end, new_end = len(old) - end, len(new) - end
    middle = _search(old[start:old_end], new[start:new_end])
    return [
        *((i, i) for i in range(start)),
        *((start + i, start + j) for i, j in middle),
        *((old_end + i, new_end + i) for i in range(end)),
    ]


def _search(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    if not old or not new:
        return []
    # On diagonal k the position in ``old`` is k more than in ``new``; ``reached[k]`` is the furthest one.
    reached = {1: 0}
    history: list[dict[int, int]] = []
    for edits in range(min(len(old) + len(new), MAX_EDITS) + 1):
        history.append(dict(reached))
        for diagonal in range(-edits, edits + 1, 2):
            i = reached[diagonal + 1] if _inserts(reached, diagonal, edits) else reached[diagonal - 1] + 1
            while i < len(old) and i - diagonal < len(new) and old[i] == new[i - diagonal]:
                i += 1
            reached[diagonal] = i
            if i >= len(old) and i - diagonal >= len(new):
                return _trace_back(history, i, i - diagonal)
    return []


def _inserts(reached: Mapping[int, int], diagonal: int, edits: int) -> bool:
    """Whether the furthest path onto a diagonal comes by an insertion, not by a removal."""
    if abs(diagonal) == edits:
        return diagonal == -edits
    return reached[diagonal - 1] < reached[diagonal + 1]


def _trace_back(history: Sequence[Mapping[int, int]], i: int, j: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for edits in range(len(history) - 1, -1, -1):
        reached = history[edits]
        inserts = _inserts(reached, i - j, edits)
        start = reached[i - j + 1] if inserts else reached[i - j - 1] + 1
        while i > start:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        i, j = (i, j - 1) if inserts else (i - 1, j)
    pairs.reverse()
    return pairs
