"""Which rows of two locks are the same call, and whether two names mean the same source."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from layercli.lock.records import Lock, LockRow, split_source
from layercli.record import record

#: Past this many insertions and removals in a row two sequences have little in common, and a search for the
#: longest common part costs its square.
MAX_EDITS = 400

#: In owners with more calls than this the first way of pairing them is taken.
MAX_COMPARED = 5_000

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
    #: From a row to what has the same value, in the old lock and in the new one.
    old_same: dict[str, str] = field(default_factory=dict)
    new_same: dict[str, str] = field(default_factory=dict)

    def rename(self, new: str) -> str:
        """The old name of a source of the new lock."""
        source = split_source(new)
        return self.renamed.get(source.base, source.base) + source.part

    def is_only_new(self, base: str) -> bool:
        """Whether a source is a row that the old lock doesn't have anywhere."""
        return base in self.added and base not in self.renamed


@record(frozen=False)
class Alignment:
    """Pairs of calls that are the same one in both locks, and those that are in one of them only.

    ``moved`` are pairs, too: calls that stand between others than before. ``reordered`` tells that calls come in another
    order, and take the same as before.
    """

    pairs: list[tuple[Call, Call]] = field(default_factory=list)
    moved: list[tuple[Call, Call]] = field(default_factory=list)
    reordered: bool = False
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
        return any(
            _mean_same(names, one, other)
            for one in dict.fromkeys((old, find_value(old, names.old_same)))
            for other in dict.fromkeys((new, find_value(new, names.new_same)))
        )


def _mean_same(names: Names, old: str, new: str) -> bool:
    one, other = split_source(old), split_source(new)
    if not names.is_only_new(other.base) and names.rename(new) == old:
        return True
    if other.base not in names.added and one.base not in names.removed:
        return False
    behind_new = {
        names.rename(source)
        for name in _see_through(new, names.added)
        for source in (name, find_value(name, names.new_same))
    }
    return any(
        source in behind_new
        for name in _see_through(old, names.removed)
        for source in (name, find_value(name, names.old_same))
    )


def find_value(name: str, same: Mapping[str, str]) -> str:
    """The first source that has the value of this one."""
    source = split_source(name)
    while source.base in same:
        source = split_source(same[source.base] + source.part)
    return str(source)


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
    candidates = _pair_elsewhere(alignment, left, extra)
    _name_rows(alignment, candidates)
    for owner, calls in old_owners.items():
        alignment.names.setdefault(owner, Names()).old_same = _find_same(calls)
    for owner, calls in new_owners.items():
        alignment.names.setdefault(owner, Names()).new_same = _find_same(calls)
    _find_moved(alignment, candidates)
    return alignment


#: Layers that give back what they take, where they don't train.
_PASSING = (
    "Identity",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "AlphaDropout",
    "FeatureAlphaDropout",
)


def _find_same(calls: Sequence[Call]) -> dict[str, str]:
    """The rows whose value another source of their owner has, and that source.

    They are those that pass on what they take, after which a trace calls that by their name, and operations that were
    done before on the same.
    """
    counts: dict[str, int] = {}
    for call in calls:
        counts[call.name] = counts.get(call.name, 0) + 1
    same: dict[str, str] = {}
    first: dict[Hashable, str] = {}
    for call, key in zip(calls, _trace_keys(calls), strict=True):
        if counts[call.name] > 1:
            continue
        if call.row.kind == "operation" and call.row.sources:
            known = first.setdefault(key, call.name)
            if known != call.name:
                same[call.name] = known
        elif call.row.type in _PASSING and len(call.row.sources) == 1:
            same[call.name] = call.row.sources[0]
    return same


def _pair_elsewhere(alignment: Alignment, left: list[Call], extra: list[Call]) -> list[tuple[Call, Call]]:
    """Pairs of calls that stand in another place: layers of one path, and operations that are word for word the same.

    The others are in one lock only.
    """
    waiting: dict[Hashable, list[Call]] = {}
    for call in left:
        waiting.setdefault(_elsewhere_key(call), []).append(call)
    pairs: list[tuple[Call, Call]] = []
    paired: set[int] = set()
    for call in extra:
        candidates = waiting.get(_elsewhere_key(call))
        if candidates:
            partner = candidates.pop(0)
            paired.add(id(partner))
            pairs.append((partner, call))
        else:
            alignment.added.append(call)
    alignment.removed += [call for call in left if id(call) not in paired]
    return pairs


def _elsewhere_key(call: Call) -> Hashable:
    return call.row.path if call.row.kind == "layer" else (call.owner, call.row.type, call.text)


def _name_rows(alignment: Alignment, candidates: Sequence[tuple[Call, Call]]) -> None:
    for removed in alignment.removed:
        names = alignment.names.setdefault(removed.owner, Names())
        names.removed[removed.name] = removed.row.sources
    for added in alignment.added:
        names = alignment.names.setdefault(added.owner, Names())
        names.added[added.name] = added.row.sources
    for one, other in (*alignment.pairs, *candidates):
        names = alignment.names.setdefault(other.owner, Names())
        if one.owner == other.owner:
            names.renamed[other.name] = one.name
        # A layer that is still called somewhere is a source of its own, whichever call is gone.
        names.removed.pop(one.name, None)
        names.added.pop(other.name, None)


def _find_moved(alignment: Alignment, candidates: Sequence[tuple[Call, Call]]) -> None:
    """Tell calls that take something else in their new place from those whose order alone is another."""
    moved = []
    for one, other in candidates:
        if one.owner == other.owner and _takes_same(alignment, one, other):
            alignment.pairs.append((one, other))
            alignment.reordered = True
        else:
            moved.append((one, other))
    paired = {(other.owner, other.name) for _, other in alignment.pairs}
    for one, other in moved:
        alignment.moved.append((one, other))
        # A layer that is also called where it was is seen as that.
        if (other.owner, other.name) not in paired:
            alignment.names.setdefault(one.owner, Names()).removed[one.name] = one.row.sources
            alignment.names.setdefault(other.owner, Names()).added[other.name] = other.row.sources


def _takes_same(alignment: Alignment, old: Call, new: Call) -> bool:
    one, other = old.names or old.row.sources, new.names or new.row.sources
    return len(one) == len(other) and all(
        alignment.same_source(new.owner, a, b) for a, b in zip(one, other, strict=True)
    )


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


def rename_sources(row: LockRow, rename: Callable[[str], str]) -> LockRow:
    """A row whose sources are called otherwise, in its call too."""
    if not row.sources:
        return row
    sources = set(row.sources)

    def replace_token(token: re.Match[str]) -> str:
        return rename(token[0]) if token[0] in sources else token[0]

    call = _TOKEN.sub(replace_token, row.call)
    return replace(row, call=call, sources=tuple(map(rename, row.sources)))


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
    """Pairs of positions, found in several ways of which that one counts which leaves the fewest differences.

    A longest common subsequence isn't the only one, and of several the one is meant that a person edited.
    """
    one, other = _trace_keys(old), _trace_keys(new)
    if one == other:
        return [(index, index) for index in range(len(old))]
    same = _find_same(old), _find_same(new)
    best: list[tuple[int, int]] = []
    least = -1
    for traced in (False, True):
        for backwards in (False, True):
            start = _align_from(one, other, backwards) if traced else []
            pairs = _fill_gaps(old, new, start, backwards)
            count = _count_differences(old, new, pairs, same)
            if least < 0 or count < least:
                best, least = pairs, count
            if least <= 1 or max(len(old), len(new)) > MAX_COMPARED:
                return best
    return best


def _fill_gaps(
    old: Sequence[Call], new: Sequence[Call], pairs: list[tuple[int, int]], backwards: bool
) -> list[tuple[int, int]]:
    """Pair equal calls, then between them those that take or give something else, of one type, in one place."""
    for key in (_exact_key, _text_key, _type_key, _place_key):
        found: list[tuple[int, int]] = []
        for (i, j), (next_i, next_j) in find_gaps(pairs, len(old), len(new)):
            one, other = [key(call) for call in old[i:next_i]], [key(call) for call in new[j:next_j]]
            found += [(i + a, j + b) for a, b in _align_from(one, other, backwards)]
        pairs = sorted([*pairs, *found])
    return pairs


def _align_from(old: Sequence[Hashable], new: Sequence[Hashable], backwards: bool) -> list[tuple[int, int]]:
    """A longest common subsequence, of several the one that is found from the start or from the end."""
    if not backwards:
        return align(old, new)
    pairs = align(old[::-1], new[::-1])
    return [(len(old) - 1 - i, len(new) - 1 - j) for i, j in reversed(pairs)]


def _count_differences(
    old: Sequence[Call],
    new: Sequence[Call],
    pairs: Sequence[tuple[int, int]],
    same: tuple[dict[str, str], dict[str, str]],
) -> int:
    """How many calls of one owner differ when these are paired."""
    tried = Alignment(pairs=[(old[i], new[j]) for i, j in pairs])
    matched_old, matched_new = {i for i, _ in pairs}, {j for _, j in pairs}
    left = [call for i, call in enumerate(old) if i not in matched_old]
    extra = [call for j, call in enumerate(new) if j not in matched_new]
    candidates = _pair_elsewhere(tried, left, extra)
    _name_rows(tried, candidates)
    for names in tried.names.values():
        names.old_same, names.new_same = same
    _find_moved(tried, candidates)
    changed = sum(
        one.text != other.text or one.row.type != other.row.type or not _takes_same(tried, one, other)
        for one, other in tried.pairs
    )
    return len(tried.removed) + len(tried.added) + len(tried.moved) + changed


def _trace_keys(calls: Sequence[Call]) -> list[Hashable]:
    """For each call what it is and what it takes, back to the layers and inputs that it comes from."""
    known: dict[str, Hashable] = {}
    keys: list[Hashable] = []
    for call in calls:
        row = call.row
        if row.kind == "layer":
            key: Hashable = row.path
            known.pop(call.name, None)
        else:
            sources = [split_source(name) for name in call.names or row.sources]
            taken = tuple((known.get(name.base, name.base), name.part) for name in sources)
            # A number in place of nested texts, so that a long chain stays short.
            key = hash((row.type, call.text, row.output, taken))
            known[call.name] = key
        keys.append(key)
    return keys


def _exact_key(call: Call) -> Hashable:
    row = call.row
    if row.kind == "layer":
        return row.path
    return row.type, call.text, row.output


def _text_key(call: Call) -> Hashable:
    return call.row.path if call.row.kind == "layer" else (call.row.type, call.text)


def _type_key(call: Call) -> Hashable:
    return call.row.path if call.row.kind == "layer" else (call.row.type,)


def _place_key(call: Call) -> Hashable:
    return call.row.path if call.row.kind == "layer" else len(call.row.sources)


def find_gaps(
    pairs: Sequence[tuple[int, int]], old_length: int, new_length: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The stretches between pairs where both sides have something."""
    i = j = 0
    for next_i, next_j in [*pairs, (old_length, new_length)]:
        if i < next_i and j < next_j:
            yield (i, j), (next_i, next_j)
        i, j = next_i + 1, next_j + 1


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
