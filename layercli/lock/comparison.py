"""From two locks to their differences: each has one cause, and what follows from it is folded into it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property

from layercli.errors import Position
from layercli.lock.alignment import Call, align_locks, read_calls
from layercli.lock.differences import CLASSES, CODES, Difference
from layercli.lock.heads import Heads
from layercli.lock.records import Lock, LockEntry, split_source
from layercli.lock.renames import GONE, Rename, Renames, find_renames
from layercli.record import record

#: Two texts that stood in one place: a size, or a word of a call.
Change = tuple[str, str]


def compare_locks(
    old: Lock, new: Lock, positions: Mapping[str, Position] | None = None, heads: Heads | None = None
) -> tuple[Difference, ...]:
    """Every difference from ``old`` to ``new``, none where they are equal, the gravest first.

    Layers are matched by path, renamed ones by what they are, operations by longest common subsequence within their
    owner, their numbers left aside. Sizes, entries and totals that follow from a difference are folded into it.
    ``positions`` says where a path stands in the new spec (``collect_positions``), ``heads`` where its params and inputs do.
    """
    if old == new:
        return ()
    return _Comparison(old, new, positions or {}, heads or Heads()).compare()


@record(frozen=False)
class _Cause:
    """A difference that follows from no other, with those that follow from it."""

    head: Difference
    follows: list[Difference] = field(default_factory=list)
    #: Which other causes are the same as this one: the same change in each of several equal blocks.
    key: tuple[str, ...] = ()

    def finish(self) -> Difference:
        follows = [part for part in dict.fromkeys(self.follows) if part != self.head]
        # What stands nowhere itself, as in a comparison of two locks, is shown where it is first seen.
        places = [part.position for part in (self.head, *follows) if part.position is not None]
        return replace(self.head, follows=tuple(follows), position=places[0] if places else None)


class _Comparison:
    def __init__(self, old: Lock, new: Lock, positions: Mapping[str, Position], heads: Heads) -> None:
        self.renames: Renames = find_renames(old, new)
        self.before = old
        self.old = self.renames.lock
        self.new = new
        self.positions = positions
        self.heads = heads
        self.old_entries = {entry.name: entry for entry in self.old.state_dict}
        self.new_entries = {entry.name: entry for entry in new.state_dict}
        self.causes: list[_Cause] = []
        #: The cause of what changed in the layer, or the call, at a path.
        self.touched: dict[str, _Cause] = {}
        #: The cause of another output of a row, by its owner and name; of inputs, too.
        self.outputs: dict[tuple[str, str], _Cause] = {}
        #: Likewise for rows that are gone, or have moved.
        self.gone: dict[tuple[str, str], _Cause] = {}
        self.types: dict[tuple[str, str], str] = {}
        self.old_types: dict[tuple[str, str], str] = {}
        #: What the sizes of what a block takes changed by, and the causes of that.
        self.taken: dict[str, tuple[set[Change], list[_Cause]]] = {}
        #: How the arguments of a block changed, and why.
        self.given: list[tuple[str, set[Change], _Cause]] = []
        self.params: list[tuple[Change, _Cause]] = []
        self.dtype: _Cause | None = None
        #: The only cause that there is before what rows need is compared.
        self.only: _Cause | None = None
        self.told_entries: set[str] = set()

    def compare(self) -> tuple[Difference, ...]:
        self.compare_settings()
        self.compare_inputs()
        self.tell_renames()
        self.compare_rows()
        self.compare_uncalled()
        self.compare_entries()
        self.compare_needs()
        self.compare_totals()
        self.tell_shifts()
        if not self.causes:
            self.start(self.make("order-changed"))
        return tuple(sorted(self.merge_equal(), key=_measure_gravity))

    # Causes

    def make(
        self, code: str, path: str = "", old: str = "", new: str = "", *, position: Position | None = None
    ) -> Difference:
        kind, sentence = CODES[code]
        path, old, new = (text.replace(GONE, "") for text in (path, old, new))
        message = sentence.format(path=path or "the model", old=old or "nothing", new=new or "nothing")
        return Difference(code, kind, path, old, new, message, position or self.find_position(path))

    def find_position(self, path: str) -> Position | None:
        """Where ``path`` or the nearest module around it stands in the spec."""
        while path:
            if path in self.positions:
                return self.positions[path]
            path = path.rpartition(".")[0]
        return None

    def start(self, head: Difference, owner: str = "") -> _Cause:
        """A new cause. ``owner`` is the path of the block that it stands in."""
        place = self.block_types.get(owner, "")
        name = head.path[len(owner) + 1 :] if owner else head.path
        where = ("in", place, name) if place else ("at", "", mask_numbers(head.path))
        cause = _Cause(head, key=(head.code, head.old, head.new, *where))
        self.causes.append(cause)
        return cause

    @cached_property
    def block_types(self) -> dict[str, str]:
        """The type of each called layer that has rows inside, apart from those that are only lists."""
        types: dict[str, str] = {}
        for lock in (self.old, self.new):
            for row in lock.rows:
                if row.kind == "layer" and row.type not in _LISTS:
                    types[row.path] = row.type
        return types

    def merge_equal(self) -> Iterator[Difference]:
        """One difference for the same change in each of several blocks that the spec writes once."""
        merged: dict[tuple[str, ...], _Cause] = {}
        for cause in self.causes:
            position = cause.head.position
            place = (str(position),) if position is not None else cause.key
            first = merged.get(cause.key) or (merged.get((*cause.key[:3], *place)) if position else None)
            if first is None:
                merged[cause.key] = cause
                if position is not None:
                    merged[(*cause.key[:3], *place)] = cause
            else:
                first.follows += [cause.head, *cause.follows]
        done: set[int] = set()
        for cause in merged.values():
            if id(cause) not in done:
                done.add(id(cause))
                yield cause.finish()

    def explain_sizes(self, changes: set[Change]) -> _Cause | None:
        """The changed param that changes of sizes follow from: the same, in proportion, or by as much."""
        for change, cause in self.params:
            if changes and all(_follows_from(one, change) for one in changes):
                return cause
        return None

    def explain_dtype(self, old: str, new: str) -> _Cause | None:
        if self.dtype is None or old.replace(self.before.dtype, self.new.dtype) != new:
            return None
        return self.dtype

    # The head of a lock

    def compare_settings(self) -> None:
        old, new = self.old, self.new
        for rename in self.renames.dims:
            self.start(self.make("dims-changed", "", rename.old, rename.new))
        if old.dims != new.dims:
            self.start(self.make("dims-changed", "", ", ".join(old.dims), ", ".join(new.dims)))
        changed: dict[str, _Cause] = {}
        for difference in self.compare_pairs("param", old.params, new.params, self.heads.params):
            reasons = self.heads.computed.get(difference.path, ())
            cause = next((changed[name] for name in changed if name in reasons), None)
            cause = changed[difference.path] = self.attach(difference, cause)
            self.params.append(((difference.old.strip("'\""), difference.new.strip("'\"")), cause))
        if old.model != new.model:
            self.start(self.make("name-changed", "", old.model, new.model))
        if old.mode != new.mode:
            self.start(self.make("mode-changed", "", old.mode, new.mode))
        if old.dtype != new.dtype:
            self.dtype = self.start(self.make("dtype-changed", "", old.dtype, new.dtype))

    def compare_pairs(
        self,
        what: str,
        old: Sequence[tuple[str, str]],
        new: Sequence[tuple[str, str]],
        places: Mapping[str, Position],
    ) -> Iterator[Difference]:
        before, after = dict(old), dict(new)
        for name, text in after.items():
            if name not in before:
                yield self.make(f"{what}-added", name, new=text, position=places.get(name))
            elif before[name] != text:
                yield self.make(f"{what}-changed", name, before[name], text, position=places.get(name))
        for name, text in before.items():
            if name not in after:
                yield self.make(f"{what}-removed", name, old=text)

    def compare_inputs(self) -> None:
        old, new = self.old, self.new
        for rename in self.renames.inputs:
            position = self.heads.inputs.get(rename.new)
            self.start(self.make("input-renamed", rename.new, rename.old, rename.new, position=position))
        for difference in self.compare_pairs("input", old.inputs, new.inputs, self.heads.inputs):
            changes = _compare_sizes(difference.old, difference.new)
            cause = self.explain_dtype(difference.old, difference.new) or self.explain_sizes(changes)
            if cause is None:
                cause = self.start(difference)
            else:
                cause.follows.append(difference)
            table = self.gone if difference.code == "input-removed" else self.outputs
            table["", difference.path] = cause
        old_order, new_order = [[name for name, _ in lock.inputs] for lock in (old, new)]
        if old_order != new_order and sorted(old_order) == sorted(new_order):
            self.start(self.make("inputs-reordered", "", ", ".join(old_order), ", ".join(new_order)))
        self.old_types |= {("", name): text for name, text in old.inputs}
        self.types |= {("", name): text for name, text in new.inputs}

    # Renames

    def tell_renames(self) -> None:
        """One difference for each renamed part; those of a list are one together."""
        heads: dict[Change, _Cause] = {}
        for rename in self.renames.layers:
            old, new = _strip_common(rename)
            if (old, new) not in heads:
                cause = heads[old, new] = self.start(self.make("layer-renamed", new, old, new))
                cause.key = ("layer-renamed", *self.name_inside(old, new))
            self.tell_entries(rename, heads[old, new])
        for rename in self.renames.entries:
            old = self.renames.names.get(rename.new, rename.old)
            self.start(self.make("entry-renamed", rename.new, old, rename.new))

    def name_inside(self, old: str, new: str) -> tuple[str, str, str, str, str]:
        """Two paths from the nearest block around both of them, and the type of that."""
        around = new.rpartition(".")[0]
        if old.rpartition(".")[0] != around or around not in self.block_types:
            return mask_numbers(old), mask_numbers(new), "at", "", ""
        length = len(around) + 1
        return old[length:], new[length:], "in", self.block_types[around], ""

    def tell_entries(self, rename: Rename, cause: _Cause) -> None:
        """The entries whose names begin otherwise now."""
        inside = f"{rename.new}."
        for name, old in self.renames.names.items():
            if name.startswith(inside) and name in self.new_entries and name not in self.told_entries:
                self.told_entries.add(name)
                cause.follows.append(self.make("entry-renamed", name, old, name))

    def tell_shifts(self) -> None:
        """Layers of a list that have another number, since one of them is new or gone."""
        for rename in self.renames.shifted:
            parent = rename.new.rpartition(".")[0]
            cause = next((cause for cause in self.causes if _stands_in(cause.head, parent)), None)
            moved = self.make("layer-renamed", rename.new, rename.old, rename.new)
            if cause is None:
                cause = self.start(moved)
            else:
                cause.follows.append(moved)
            self.tell_entries(rename, cause)

    # Rows

    def compare_rows(self) -> None:
        self.alignment = alignment = align_locks(self.old, self.new)
        self.read_types()
        self.tell_one_sided(alignment.removed, "removed", {layer.path for layer in self.new.never_called})
        self.tell_one_sided(alignment.added, "added", {layer.path for layer in self.old.never_called})
        for _, new in alignment.moved:
            cause = self.start(
                self.make(f"{new.row.kind}-moved", new.row.path, "", _say_call(new)), new.owner
            )
            self.touched.setdefault(new.row.path, cause)
        for old, new in alignment.moved:
            self.gone[old.owner, old.name] = self.outputs[new.owner, new.name] = self.touched[new.row.path]
        calls = sorted((*alignment.pairs, *alignment.moved), key=lambda pair: pair[1].index)
        moved = {id(new) for _, new in alignment.moved}
        open_calls: list[tuple[Call, Call]] = []
        for old, new in calls:
            while open_calls and not new.row.path.startswith(f"{open_calls[-1][1].row.path}."):
                self.finish_call(*open_calls.pop())
            self.compare_call(old, new, id(new) in moved)
            if new.row.kind == "layer":
                open_calls.append((old, new))
            else:
                self.finish_call(old, new)
        while open_calls:
            self.finish_call(*open_calls.pop())
        self.compare_output()

    def read_types(self) -> None:
        for lock, types in ((self.old, self.old_types), (self.new, self.types)):
            for call in read_calls(lock.rows):
                types[call.owner, call.name] = call.row.output

    def tell_one_sided(self, calls: Sequence[Call], what: str, uncalled: Collection[str]) -> None:
        """Calls that one lock has alone: each is a cause, with what is inside it."""
        layers = {call.row.path for call in calls if call.row.kind == "layer"}
        outermost = [call for call in calls if not call.owner or call.owner not in layers]
        counts: dict[str, int] = {}
        for call in outermost:
            if call.name.rpartition(".")[2].isdecimal():
                parent = call.row.path.rpartition(".")[0]
                counts[parent] = counts.get(parent, 0) + 1
        for call in outermost:
            code = f"{call.row.kind}-{what}"
            if call.row.kind == "layer" and call.row.path in uncalled:
                code = "layer-uncalled" if what == "removed" else "layer-called"
            text = _say_call(call)
            old, new = (text, "") if what == "removed" else ("", text)
            difference = self.make(code, call.row.path, old, new)
            cause = self.find_count(counts.get(call.row.path.rpartition(".")[0], 0), what)
            if cause is None:
                cause = self.start(difference, call.owner)
            else:
                cause.follows.append(difference)
            table = self.gone if what == "removed" else self.outputs
            table[call.owner, call.name] = cause
            self.touched.setdefault(call.row.path, cause)

    def find_count(self, count: int, what: str) -> _Cause | None:
        """The param that a list has more or fewer layers by."""
        for (old, new), cause in self.params:
            if count and old.isdecimal() and new.isdecimal():
                more = int(new) - int(old)
                if more == (count if what == "added" else -count):
                    return cause
        return None

    def compare_call(self, old: Call, new: Call, moved: bool) -> None:
        """What two calls of one layer or operation take otherwise, before what is inside of them."""
        path = new.row.path
        changes, causes = self.compare_sources(old, new)
        self.taken[path] = changes, causes
        own: list[Difference] = []
        reason: _Cause | None = self.touched.get(path)
        texts = (old.row.type, old.text, len(old.names)), (new.row.type, new.text, len(new.names))
        # The model's own arguments are its params, which are compared by themselves.
        if texts[0] != texts[1] and (path or self.old.params == self.new.params):
            sizes = _compare_numbers(old, new)
            cause = self.explain_call(old, new, sizes, changes, causes)
            resized = sizes is not None and (cause is not None or self.is_told_by_entries(path, sizes))
            code = f"{new.row.kind}-{'resized' if resized else 'changed'}"
            difference = self.make(code, path, _say_call(old), _say_call(new))
            if cause is None:
                own.append(difference)
            else:
                cause.follows.append(difference)
                reason = reason or cause
        if not moved and len(old.names) == len(new.names) and not self.takes_same(old, new):
            names = [", ".join(call.names or call.row.sources) for call in (old, new)]
            own.append(self.make("wiring-changed", path, *names))
        if new.row.kind == "layer" and not self.returns_same(path, old.row.returns, new.row.returns):
            own.append(
                self.make("returns-changed", path, ", ".join(old.row.returns), ", ".join(new.row.returns))
            )
        if own:
            cause = self.touched.get(path)
            if cause is None or cause.head.path != path:
                cause = self.start(own.pop(0), new.owner)
            cause.follows += own
            reason = cause
        if reason is not None:
            self.touched.setdefault(path, reason)
            sizes = _compare_numbers(old, new)
            if sizes and new.row.kind == "layer":
                self.given.append((path, sizes, reason))

    def compare_sources(self, old: Call, new: Call) -> tuple[set[Change], list[_Cause]]:
        """How the sizes of what a call takes changed, and the causes of other values that it takes."""
        changes: set[Change] = set()
        causes: list[_Cause] = []
        names = [split_source(name).base for name in new.names or new.row.sources]
        old_names = [split_source(name).base for name in old.names or old.row.sources]
        for name in names:
            cause = self.outputs.get((new.owner, name))
            if cause is not None:
                causes.append(cause)
            elif (new.owner, name) not in self.types:
                entry = f"{new.owner}.{name}" if new.owner else name
                if entry in self.new_entries:
                    found = self.compare_entry(entry)
                    causes += [found] if found is not None else []
                elif new.owner in self.taken:
                    sizes, further = self.taken[new.owner]
                    changes |= sizes
                    causes += further
        causes += [self.gone[old.owner, name] for name in old_names if (old.owner, name) in self.gone]
        for one, other in zip(old_names, names, strict=False):
            changes |= _compare_sizes(
                self.find_type(old.owner, one, self.old_types, self.old_entries),
                self.find_type(new.owner, other, self.types, self.new_entries),
            )
        return changes, causes

    def find_type(
        self, owner: str, name: str, types: Mapping[tuple[str, str], str], entries: Mapping[str, LockEntry]
    ) -> str:
        entry = entries.get(f"{owner}.{name}" if owner else name)
        return types.get((owner, name), "" if entry is None else str(entry.type))

    def explain_call(
        self,
        old: Call,
        new: Call,
        sizes: set[Change] | None,
        changes: set[Change],
        causes: Sequence[_Cause],
    ) -> _Cause | None:
        """The cause that the other text of a call follows from, if it follows from any."""
        if sizes is None:
            for (one, other), cause in self.params:
                if (
                    one
                    and old.row.type.replace(one, other) == new.row.type
                    and old.text.replace(one, other) == new.text
                ):
                    return cause
            return self.explain_arguments(old, new)
        explained = set(changes)
        if not new.row.parameters:
            explained |= _compare_sizes(old.row.output, new.row.output)
        if causes and sizes <= explained:
            return causes[0]
        left = sizes - explained if causes else sizes
        return self.explain_sizes(left) or self.find_given(new.owner)

    def explain_arguments(self, old: Call, new: Call) -> _Cause | None:
        """The changed param that the first changed argument of a call follows from, where each follows from one.

        An argument that is written in one of the calls only has its default in the other.
        """
        if old.row.type != new.row.type or len(old.names) != len(new.names):
            return None
        before, after = _list_arguments(old.text), _list_arguments(new.text)
        found: list[_Cause] = []
        for name in {**before, **after}:
            one, other = before.get(name, ""), after.get(name, "")
            if one == other:
                continue
            causes = [
                cause
                for change, cause in self.params
                if _follows_from((one or change[0], other or change[1]), change)
            ]
            if not causes:
                return None
            found.append(causes[0])
        return found[0] if found else None

    def find_given(self, owner: str) -> _Cause | None:
        """The cause of other arguments of the nearest block around a row."""
        for path, _, cause in reversed(self.given):
            if owner == path or owner.startswith(f"{path}."):
                return cause
        return None

    def is_told_by_entries(self, path: str, sizes: set[Change]) -> bool:
        """Whether the changed ``state_dict`` entries of a layer show these changes of sizes.

        Such a change is told by the entries: ``Linear(576, 120)`` to ``Linear(576, 168)``.
        """
        shown = {
            (str(one), str(other))
            for old, new in self.changed_entries
            if not path or new.name.startswith(f"{path}.")
            for one, other in zip(old.type.shape, new.type.shape, strict=False)
            if one != other
        }
        return sizes <= shown

    @cached_property
    def changed_entries(self) -> list[tuple[LockEntry, LockEntry]]:
        return [(old, new) for old, new in self.shared_entries() if old.type != new.type]

    def takes_same(self, old: Call, new: Call) -> bool:
        one, other = old.names or old.row.sources, new.names or new.row.sources
        return len(one) == len(other) and all(
            self.alignment.same_source(new.owner, a, b) for a, b in zip(one, other, strict=True)
        )

    def returns_same(self, path: str, old: Sequence[str], new: Sequence[str]) -> bool:
        """Whether a block, or the model, gives the same of its rows and inputs in the same order."""
        return len(old) == len(new) and all(
            self.alignment.same_source(path, one, other) for one, other in zip(old, new, strict=True)
        )

    def finish_call(self, old: Call, new: Call) -> None:
        """The output of a call, after what is inside of it."""
        if old.row.output == new.row.output:
            return
        path = new.row.path
        difference = self.make("shape-changed", path, old.row.output, new.row.output)
        cause = self.explain_dtype(old.row.output, new.row.output) or self.explain_flow(old, new)
        cause = cause or self.touched.get(path)
        if cause is None:
            cause = next(iter(self.list_reasons(path, new.row.returns)), None)
        if cause is None and self.taken[path][1]:
            cause = self.taken[path][1][0]
        if cause is None:
            cause = self.explain_sizes(_compare_sizes(old.row.output, new.row.output))
        if cause is None:
            cause = self.find_given(new.owner)
        if cause is None:
            cause = self.start(difference, new.owner)
        else:
            cause.follows.append(difference)
        self.outputs[new.owner, new.name] = cause

    def explain_flow(self, old: Call, new: Call) -> _Cause | None:
        """The cause of the sizes that a call takes, where one without parameters puts out the same.

        Another rate of a dropout is not why it puts out other sizes.
        """
        taken, causes = self.taken[new.row.path]
        sizes = _compare_sizes(old.row.output, new.row.output)
        return causes[0] if causes and not new.row.parameters and sizes and sizes <= taken else None

    def list_reasons(self, path: str, returns: Sequence[str]) -> Iterator[_Cause]:
        """The causes of other outputs of what a block returns; of a list of layers those of its last one."""
        names = [split_source(name).base for name in returns]
        if not names:
            names = [name for owner, name in self.outputs if owner == path][-1:]
        for table in (self.outputs, self.gone):
            for name in names:
                if (path, name) in table:
                    yield table[path, name]

    def compare_output(self) -> None:
        old, new = self.old, self.new
        cause = None
        if not self.returns_same("", old.returns, new.returns):
            returned = ", ".join(old.returns), ", ".join(new.returns)
            cause = self.start(self.make("returns-changed", "", *returned))
        if old.output != new.output:
            difference = self.make("output-changed", "", old.output, new.output)
            old_names = [split_source(name).base for name in old.returns]
            gone = [self.gone["", name] for name in old_names if ("", name) in self.gone]
            cause = self.explain_dtype(old.output, new.output) or cause
            cause = cause or next(iter([*self.list_reasons("", new.returns), *gone]), None)
            if cause is None:
                self.start(difference)
            else:
                cause.follows.append(difference)

    def compare_uncalled(self) -> None:
        old = {layer.path: layer.type for layer in self.old.never_called}
        new = {layer.path: layer.type for layer in self.new.never_called}
        old_called = {row.path for row in self.old.rows}
        new_called = {row.path for row in self.new.rows}
        for path, kind in new.items():
            if path in old and old[path] != kind:
                self.touched[path] = self.start(self.make("uncalled-changed", path, old[path], kind))
            elif path not in old and path not in old_called:
                self.tell_uncalled("uncalled-added", path, new=kind)
        for path, kind in old.items():
            if path not in new and path not in new_called:
                self.tell_uncalled("uncalled-removed", path, old=kind)

    def tell_uncalled(self, code: str, path: str, old: str = "", new: str = "") -> None:
        around = self.find_touched(path)
        difference = self.make(code, path, old, new)
        if around is not None and around.head.path == path.rpartition(".")[0]:
            around.follows.append(difference)
        else:
            self.touched[path] = self.start(difference)

    # Entries

    def find_touched(self, path: str) -> _Cause | None:
        """The cause of what changed in the layer at ``path`` or the nearest one around it."""
        while path:
            if path in self.touched:
                return self.touched[path]
            path = path.rpartition(".")[0]
        return None

    def compare_entries(self) -> None:
        old, new = self.old, self.new
        shared = list(self.shared_entries())
        tie = freeze = None
        if old.tie != new.tie:
            same = all(one.tied == other.tied for one, other in shared)
            code = "tie-rewritten" if same else "tie-changed"
            tie = self.start(self.make(code, "", _say_ties(old), _say_ties(new)))
        if old.freeze != new.freeze:
            same = all(one.frozen == other.frozen for one, other in shared)
            code = "freeze-rewritten" if same else "freeze-changed"
            freeze = self.start(self.make(code, "", ", ".join(old.freeze), ", ".join(new.freeze)))
        for name in self.new_entries:
            self.compare_entry(name)
        for name, entry in self.old_entries.items():
            if name not in self.new_entries:
                self.attach(self.make("entry-removed", name, old=str(entry.type)), self.find_touched(name))
        for one, other in shared:
            around = self.find_touched(other.name)
            if one.tied != other.tied:
                self.attach(self.make("entry-tied", other.name, one.tied, other.tied), tie or around)
            if one.kind != other.kind:
                self.attach(self.make("entry-kind", other.name, one.kind, other.kind), around)
            elif one.frozen != other.frozen:
                said = _say_frozen(one), _say_frozen(other)
                self.attach(self.make("entry-frozen", other.name, *said), freeze or around)
        names = self.old_entries, self.new_entries
        if [name for name in names[0] if name in names[1]] != [name for name in names[1] if name in names[0]]:
            causes = [cause for cause in self.causes if cause.head.code in _REORDERING]
            self.attach(
                self.make("entries-reordered"), causes[0] if len(self.causes) == len(causes) == 1 else None
            )

    def attach(self, difference: Difference, cause: _Cause | None) -> _Cause:
        """Let a difference follow from a cause; without one it is a cause itself."""
        if cause is None:
            return self.start(difference)
        cause.follows.append(difference)
        return cause

    def compare_entry(self, name: str) -> _Cause | None:
        """The cause of another shape or dtype of an entry, which is told once; None where it has neither."""
        new = self.new_entries[name]
        old = self.old_entries.get(name)
        if old is not None and old.type == new.type:
            return None
        if name in self.entry_causes:
            return self.entry_causes[name]
        if old is None:
            cause = self.attach(self.make("entry-added", name, new=str(new.type)), self.find_touched(name))
        else:
            texts = str(old.type), str(new.type)
            cause = self.attach(
                self.make("entry-changed", name, *texts),
                self.explain_dtype(*texts)
                or self.find_touched(name)
                or self.explain_sizes(_compare_sizes(*texts)),
            )
        self.entry_causes[name] = cause
        return cause

    @cached_property
    def entry_causes(self) -> dict[str, _Cause]:
        return {}

    def shared_entries(self) -> Iterator[tuple[LockEntry, LockEntry]]:
        for name, entry in self.old_entries.items():
            if name in self.new_entries:
                yield entry, self.new_entries[name]

    # What follows from it all

    def compare_needs(self) -> None:
        self.only = self.causes[0] if len(self.causes) == 1 else None
        rows = {
            (f"{new.owner}.{old.name}" if new.owner else old.name): new.row.path
            for old, new in (*self.alignment.pairs, *self.alignment.moved)
        }
        old = {text: rows.get(path, path) for text, path in self.old.needs}
        new = dict(self.new.needs)
        for text, path in new.items():
            if text not in old:
                self.attach_need(self.make("need-added", path, new=text))
            elif old[text] != path:
                self.attach_need(self.make("need-moved", path, old[text] or "the model", text))
        for text, path in old.items():
            if text not in new:
                self.attach_need(self.make("need-removed", path, old=text))
        old, new = dict(self.old.assumes), dict(self.new.assumes)
        for text, path in new.items():
            if text not in old:
                self.attach_need(self.make("assumption-added", path, new=text))
        for text, path in old.items():
            if text not in new:
                self.attach_need(self.make("assumption-removed", path, old=text))

    def attach_need(self, difference: Difference) -> None:
        cause = self.touched.get(difference.path) or self.find_output(difference.path)
        self.attach(difference, cause or self.only)

    def find_output(self, path: str) -> _Cause | None:
        owner, _, name = path.rpartition(".")
        return self.outputs.get((owner, name)) or self.outputs.get(("", path))

    def compare_totals(self) -> None:
        old, new = self.old, self.new
        if old.parameters != new.parameters:
            counts = f"{old.parameters:,}", f"{new.parameters:,}"
            self.attach_total(self.make("parameters-changed", "", *counts))
        elif old.trainable != new.trainable:
            counts = f"{old.trainable:,}", f"{new.trainable:,}"
            self.attach_total(self.make("trainable-changed", "", *counts))

    def attach_total(self, difference: Difference) -> None:
        """The total follows from the one difference that entries changed by."""
        causes = [
            cause
            for cause in self.causes
            if any(part.code in _COUNTED for part in (cause.head, *cause.follows))
        ]
        self.attach(difference, causes[0] if len({cause.key for cause in causes}) == 1 else None)


#: Types of layers that only hold others: what is in one has nothing to do with what is in another.
_LISTS = ("Sequential", "ModuleList", "ModuleDict")
#: Codes of differences that may also change the order of entries.
_REORDERING = ("layer-renamed", "entry-renamed", "layer-moved")
#: Codes of differences that the number of parameters follows from.
_COUNTED = ("entry-added", "entry-removed", "entry-changed", "entry-tied", "entry-kind", "entry-frozen")

_NUMBER = re.compile(r"(?<![\w.])([0-9]+)(?![\w.])")
_SIZES = re.compile(r"\[([^\[\]]*)\]")


def mask_numbers(path: str) -> str:
    """A path with a star for each number in it, as equal blocks of a list have it."""
    return re.sub(r"(?<![^.])[0-9]+(?![^.])", "*", path)


def _measure_gravity(difference: Difference) -> int:
    return min(CLASSES.index(part.kind) for part in difference.parts)


def _compare_sizes(old: str, new: str) -> set[Change]:
    """The sizes that differ between two types of one structure."""
    one, other = _SIZES.findall(old), _SIZES.findall(new)
    return {
        pair
        for a, b in zip(one, other, strict=False)
        for pair in _zip_sizes(a.split(", "), b.split(", "))
        if pair[0] != pair[1]
    }


def _zip_sizes(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """Sizes of one place, counted from the left where there are as many, else from the right."""
    if len(old) == len(new):
        yield from zip(old, new, strict=True)
    else:
        yield from zip(reversed(old), reversed(new), strict=False)


def _compare_numbers(old: Call, new: Call) -> set[Change] | None:
    """The numbers that differ between two calls of one type; None where more than numbers differs."""
    if old.row.type != new.row.type or len(old.names) != len(new.names):
        return None
    before, after = _NUMBER.split(old.text), _NUMBER.split(new.text)
    if before[::2] != after[::2]:
        return None
    return {pair for pair in zip(before[1::2], after[1::2], strict=True) if pair[0] != pair[1]}


def _list_arguments(call: str) -> dict[str, str]:
    """The arguments of a call by name or number, those inside of brackets being one with them."""
    inside = call.partition("(")[2].removesuffix(")")
    parts, depth = [""], 0
    for sign in inside:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    arguments: dict[str, str] = {}
    for number, part in enumerate(parts):
        name, equals, value = part.strip().partition("=")
        arguments[name if equals else str(number)] = (value if equals else name).strip("'\"")
    return arguments


def _follows_from(change: Change, given: Change) -> bool:
    """Whether a number changed in the proportion that a given one did, or by as much."""
    if change == given:
        return True
    if not all(text.isdecimal() for text in (*change, *given)):
        return False
    old, new, old_given, new_given = map(int, (*change, *given))
    return old * new_given == new * old_given or new - old == new_given - old_given


def _strip_common(rename: Rename) -> Change:
    """What differs of two paths, the names that they end in alike left out."""
    old, new = rename.old.split("."), rename.new.split(".")
    while len(old) > 1 and len(new) > 1 and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return ".".join(old), ".".join(new)


def _stands_in(difference: Difference, parent: str) -> bool:
    """Whether a difference is a layer that is new in, or gone from, a list."""
    return (
        difference.code in ("layer-added", "layer-removed", "uncalled-added", "uncalled-removed")
        and difference.path.rpartition(".")[0] == parent
    )


def _say_call(call: Call) -> str:
    return call.row.call or call.row.type


def _say_frozen(entry: LockEntry) -> str:
    return "frozen" if entry.frozen else "trainable"


def _say_ties(lock: Lock) -> str:
    return ", ".join(f"{name} = {target}" for name, target in lock.tie)
