"""What is called otherwise in a newer lock: layers, whole blocks, entries, inputs and dims, found by what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import partial

from layercli.lock.alignment import align, find_gaps, rename_sources
from layercli.lock.records import Lock, LockEntry, LockRow, LockUncalled, split_source
from layercli.record import record

#: Stands behind the path of a numbered layer that is gone while a later one took its number.
GONE = "\0"

#: So many times renamed parts are looked into for renamed parts of theirs.
MAX_ROUNDS = 4


@record
class Rename:
    """A path, or the name of an input, that is another one now."""

    old: str
    new: str


@record(frozen=False)
class Renames:
    """Every rename from one lock to another, and the older lock in the newer one's names."""

    lock: Lock
    dims: tuple[Rename, ...] = ()
    inputs: tuple[Rename, ...] = ()
    layers: list[Rename] = field(default_factory=list)
    #: Numbered layers that have another number, since one before them is new or gone.
    shifted: list[Rename] = field(default_factory=list)
    entries: list[Rename] = field(default_factory=list)
    #: From the name of an entry in ``lock`` to the one that it had.
    names: dict[str, str] = field(default_factory=dict)


def find_renames(old: Lock, new: Lock) -> Renames:
    """What ``new`` calls otherwise than ``old``. Layers are known by what they and those in them are, then by place."""
    found = Renames(old)
    _rename_dims(found, new)
    _rename_inputs(found, new)
    before = [entry.name for entry in found.lock.state_dict]
    for _ in range(MAX_ROUNDS):
        paths = _find_shifts(found.lock, new)
        found.shifted += [Rename(one, other) for one, other in paths.items() if not other.endswith(GONE)]
        if not paths:
            paths = _find_layers(found.lock, new)
            found.layers += [Rename(one, other) for one, other in paths.items()]
        if not paths:
            break
        found.lock = _move_paths(found.lock, paths)
    paths = _find_entries(found.lock, new)
    if paths:
        found.entries = [Rename(one, other) for one, other in paths.items()]
        found.lock = _move_paths(found.lock, paths)
    if found.layers or found.shifted or found.entries:
        after = [entry.name for entry in found.lock.state_dict]
        found.names = {one: other for one, other in zip(after, before, strict=True) if one != other}
    return found


# Dims and inputs


def _rename_dims(found: Renames, new: Lock) -> None:
    old = found.lock
    if len(old.dims) != len(new.dims):
        return
    pairs = {
        one: other
        for one, other in zip(old.dims, new.dims, strict=True)
        if one != other and one not in new.dims and other not in old.dims
    }
    if not pairs:
        return
    names = "|".join(re.escape(name) for name in pairs)
    pattern = re.compile(rf"(?<![\w.]){_group(names)}(?![\w.(]|\s*=[^=])")
    found.dims = tuple(Rename(one, other) for one, other in pairs.items())
    found.lock = _rewrite(old, lambda text: pattern.sub(lambda name: pairs[name[0]], text), pairs)


def _group(pattern: str) -> str:
    return f"(?:{pattern})"


def _rewrite(lock: Lock, change: Callable[[str], str], dims: Mapping[str, str]) -> Lock:
    """A lock with every formula changed."""
    return replace(
        lock,
        dims=tuple(dims.get(name, name) for name in lock.dims),
        needs=tuple((change(text), path) for text, path in lock.needs),
        assumes=tuple((change(text), path) for text, path in lock.assumes),
        inputs=tuple((name, change(text)) for name, text in lock.inputs),
        output=change(lock.output),
        rows=[replace(row, call=change(row.call), output=change(row.output)) for row in lock.rows],
    )


def _rename_inputs(found: Renames, new: Lock) -> None:
    old = found.lock
    before, after = dict(old.inputs), dict(new.inputs)
    added = [(name, text) for name, text in new.inputs if name not in before]
    pairs: dict[str, str] = {}
    for name, text in old.inputs:
        if name in after:
            continue
        same = next((other for other in added if other[1] == text), None)
        if same is not None:
            added.remove(same)
            pairs[name] = same[0]
    if not pairs:
        return
    found.inputs = tuple(Rename(one, other) for one, other in pairs.items())
    rename = partial(_rename_source, pairs)
    owners = _list_owners(old.rows)
    found.lock = replace(
        old,
        inputs=tuple((pairs.get(name, name), text) for name, text in old.inputs),
        returns=tuple(map(rename, old.returns)),
        rows=[
            row if owner else rename_sources(row, rename) for row, owner in zip(old.rows, owners, strict=True)
        ],
    )


def _rename_source(pairs: Mapping[str, str], text: str) -> str:
    source = split_source(text)
    return pairs.get(source.base, source.base) + source.part


# Paths


def _list_owners(rows: Iterable[LockRow]) -> Iterator[str]:
    """The path of the called module that each row stands in."""
    stack: list[str] = []
    for row in rows:
        while stack and not row.path.startswith(f"{stack[-1]}."):
            stack.pop()
        yield stack[-1] if stack else ""
        if row.kind == "layer" and row.path:
            stack.append(row.path)


def _move_paths(lock: Lock, paths: Mapping[str, str]) -> Lock:
    """A lock whose paths that are in ``paths``, and those below them, are others."""

    def move(path: str) -> str:
        place = path
        while place:
            if place in paths:
                return paths[place] + path[len(place) :]
            place = place.rpartition(".")[0]
        return path

    def move_source(owner: str, text: str) -> str:
        source = split_source(text)
        inside = f"{owner}." if owner else ""
        moved, around = move(inside + source.base), move(owner)
        inside = f"{around}." if around else ""
        name = moved[len(inside) :] if moved.startswith(inside) else source.base
        return name + source.part

    def move_row(row: LockRow, owner: str) -> LockRow:
        moved = rename_sources(row, partial(move_source, owner))
        returns = tuple(move_source(row.path, name) for name in row.returns)
        return replace(moved, path=move(row.path), returns=returns)

    def move_entry(entry: LockEntry) -> LockEntry:
        return replace(entry, name=move(entry.name), tied=move(entry.tied) if entry.tied else "")

    return replace(
        lock,
        needs=tuple((text, move(path)) for text, path in lock.needs),
        assumes=tuple((text, move(path)) for text, path in lock.assumes),
        tie=tuple((move(name), move(target)) for name, target in lock.tie),
        freeze=tuple(map(move, lock.freeze)),
        returns=tuple(move_source("", name) for name in lock.returns),
        rows=[move_row(row, owner) for row, owner in zip(lock.rows, _list_owners(lock.rows), strict=True)],
        never_called=tuple(replace(layer, path=move(layer.path)) for layer in lock.never_called),
        state_dict=[move_entry(entry) for entry in lock.state_dict],
    )


@record(frozen=False)
class _Layer:
    """A called layer with its rows, from its first call to the end of what is inside it."""

    path: str
    owner: str
    start: int
    stop: int


class _Layers:
    """The layers of a lock by path."""

    def __init__(self, lock: Lock) -> None:
        self.rows = list(lock.rows)
        self.layers: dict[str, _Layer] = {}
        stack: list[_Layer] = []
        for index, row in enumerate(self.rows):
            while stack and not row.path.startswith(f"{stack[-1].path}."):
                stack.pop().stop = index
            if row.kind == "layer" and row.path:
                layer = _Layer(row.path, stack[-1].path if stack else "", index, index + 1)
                self.layers.setdefault(row.path, layer)
                stack.append(layer)
        for layer in stack:
            layer.stop = len(self.rows)
        self.entries: dict[str, list[LockEntry]] = {}
        for entry in lock.state_dict:
            place = entry.name.rpartition(".")[0]
            while place:
                if place in self.layers:
                    self.entries.setdefault(place, []).append(entry)
                place = place.rpartition(".")[0]

    def describe(self, path: str) -> Hashable:
        """What a layer is, whatever it is called."""
        layer = self.layers[path]
        length = len(path)
        rows = [
            (row.path[length:], row.type, rename_sources(row, _leave_out).call, row.output, row.parameters)
            for row in self.rows[layer.start : layer.stop]
        ]
        entries = [(entry.name[length:], entry.kind, entry.type) for entry in self.entries.get(path, ())]
        return tuple(rows), tuple(entries)

    def name_type(self, path: str) -> str:
        return self.rows[self.layers[path].start].type

    def list_outermost(self, others: _Layers, uncalled: frozenset[str]) -> list[str]:
        """The layers that ``others`` doesn't have, without those inside one of these."""
        missing = {path for path in self.layers if path not in others.layers and path not in uncalled}
        return [path for path in self.layers if path in missing and self.layers[path].owner not in missing]


def _leave_out(text: str) -> str:
    return "_" + split_source(text).part


def _find_layers(old: Lock, new: Lock) -> dict[str, str]:
    before, after = _Layers(old), _Layers(new)
    old_uncalled = frozenset(layer.path for layer in old.never_called)
    new_uncalled = frozenset(layer.path for layer in new.never_called)
    removed = before.list_outermost(after, new_uncalled)
    added = after.list_outermost(before, old_uncalled)
    paths: dict[str, str] = {}
    if removed and added:
        paths = _pair_equal(removed, added, before.describe, after.describe)
        if not paths:
            deeper = [path for path in after.layers if _lies_in(path, added)]
            paths = _pair_equal(removed, deeper, before.describe, after.describe)
        if not paths:
            deeper = [path for path in before.layers if _lies_in(path, removed)]
            paths = _pair_equal(deeper, added, before.describe, after.describe)
        if not paths:
            paths = _pair_in_place(before, after, removed, added)
    here = {layer.path for layer in new.never_called}
    there = {layer.path for layer in old.never_called}
    gone = [layer for layer in old.never_called if layer.path not in here | set(after.layers)]
    come = [layer for layer in new.never_called if layer.path not in there | set(before.layers)]
    for one in gone:
        same = next((other for other in come if _describe_uncalled(other) == _describe_uncalled(one)), None)
        if same is not None:
            come.remove(same)
            paths[one.path] = same.path
    return paths


def _lies_in(path: str, places: Sequence[str]) -> bool:
    return any(path.startswith(f"{place}.") for place in places)


def _describe_uncalled(layer: LockUncalled) -> tuple[str, int, int]:
    return layer.type, layer.parameters, layer.path.count(".")


def _pair_equal(
    removed: Sequence[str],
    added: Sequence[str],
    describe_old: Callable[[str], Hashable],
    describe_new: Callable[[str], Hashable],
) -> dict[str, str]:
    """Layers that are the same under another path: those with the most similar names first, then in order."""
    waiting: dict[Hashable, list[str]] = {}
    for path in added:
        waiting.setdefault(describe_new(path), []).append(path)
    paths: dict[str, str] = {}
    for path in removed:
        candidates = waiting.get(describe_old(path))
        if candidates:
            last = path.rpartition(".")[2]
            named = next((other for other in candidates if other.rpartition(".")[2] == last), candidates[0])
            candidates.remove(named)
            paths[path] = named
    return paths


def _pair_in_place(
    before: _Layers, after: _Layers, removed: Sequence[str], added: Sequence[str]
) -> dict[str, str]:
    """Layers of one type in one place between what stayed: they changed and got another name at once."""
    paths: dict[str, str] = {}
    for owner in dict.fromkeys(before.layers[path].owner for path in removed):
        old = [path for path in before.layers if before.layers[path].owner == owner]
        new = [path for path in after.layers if after.layers[path].owner == owner]
        pairs = align(old, new)
        for (i, j), (next_i, next_j) in find_gaps(pairs, len(old), len(new)):
            gone = [path for path in old[i:next_i] if path in removed]
            come = [path for path in new[j:next_j] if path in added]
            types = [before.name_type(path) for path in gone]
            if types == [after.name_type(path) for path in come]:
                paths.update(zip(gone, come, strict=True))
    return paths


def _find_shifts(old: Lock, new: Lock) -> dict[str, str]:
    """Numbered layers of a Sequential or a list that have another number now.

    They are told by what they are where more of them are the same so than number by number.
    """
    before, after = _Layers(old), _Layers(new)
    old_lists, new_lists = _list_numbered(before), _list_numbered(after)
    paths: dict[str, str] = {}
    for prefix, one in old_lists.items():
        other = new_lists.get(prefix, [])
        if not other or _is_inside(prefix, paths):
            continue
        old_facts = [before.describe(path) for path in one]
        new_facts = [after.describe(path) for path in other]
        in_place = sum(a == b for a, b in zip(old_facts, new_facts, strict=False))
        if in_place == min(len(one), len(other)):
            continue
        pairs = _align_facts(before, after, one, other, old_facts, new_facts)
        if sum(old_facts[i] == new_facts[j] for i, j in pairs) <= in_place:
            continue
        moved = dict(pairs)
        if all(i == j for i, j in pairs):
            continue
        for index, path in enumerate(one):
            target = other[moved[index]] if index in moved else path + GONE
            if target != path:
                paths[path] = target
    return paths


def _align_facts(
    before: _Layers,
    after: _Layers,
    one: Sequence[str],
    other: Sequence[str],
    old_facts: Sequence[Hashable],
    new_facts: Sequence[Hashable],
) -> list[tuple[int, int]]:
    pairs = align(old_facts, new_facts)
    found: list[tuple[int, int]] = []
    for (i, j), (next_i, next_j) in find_gaps(pairs, len(one), len(other)):
        within = align(
            [before.name_type(path) for path in one[i:next_i]],
            [after.name_type(path) for path in other[j:next_j]],
        )
        found += [(i + a, j + b) for a, b in within]
    return sorted([*pairs, *found])


def _list_numbered(layers: _Layers) -> dict[str, list[str]]:
    """The paths of the numbered layers below each path, in the order of their numbers."""
    found: dict[str, list[str]] = {}
    for path in layers.layers:
        prefix, _, name = path.rpartition(".")
        if name.isdecimal():
            found.setdefault(prefix, []).append(path)
    return {
        prefix: sorted(paths, key=lambda path: int(path.rpartition(".")[2]))
        for prefix, paths in found.items()
    }


def _is_inside(path: str, paths: Mapping[str, str]) -> bool:
    """Whether it lies in one that is moved already."""
    while path:
        if path in paths:
            return True
        path = path.rpartition(".")[0]
    return False


def _find_entries(old: Lock, new: Lock) -> dict[str, str]:
    """Entries of one module that have the same kind and type and another name."""
    here = {entry.name for entry in new.state_dict}
    there = {entry.name for entry in old.state_dict}
    added = [entry for entry in new.state_dict if entry.name not in there]
    paths: dict[str, str] = {}
    for entry in old.state_dict:
        if entry.name in here or GONE in entry.name:
            continue
        same = next((other for other in added if _same_but_for_name(entry, other)), None)
        if same is not None:
            added.remove(same)
            paths[entry.name] = same.name
    return paths


def _same_but_for_name(one: LockEntry, other: LockEntry) -> bool:
    return (one.kind, one.type, one.tied) == (other.kind, other.type, other.tied) and one.name.rpartition(
        "."
    )[0] == other.name.rpartition(".")[0]
