"""What changed from one lock to another, each change classed by what it breaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, TypeAlias, get_args

from layercli.errors import Position
from layercli.lock.alignment import Alignment, Call, align_locks
from layercli.lock.records import Lock, LockEntry
from layercli.record import record

DifferenceClass: TypeAlias = Literal["checkpoints", "callers", "behaviour", "inside", "cost"]

#: In the order in which they are reported, the gravest first.
CLASSES: tuple[DifferenceClass, ...] = get_args(DifferenceClass)


@record
class Difference:
    """One thing that changed. ``kind`` is its class, ``position`` stands in the spec as it is now.

    ``follows`` are its consequences, which have none of their own: the weights of a layer that is wider now, and the
    rows after it. ``fails`` says whether it makes a check fail: its class is one of those that do, and it isn't
    ignored; ``ignored`` is the reason why it is.
    """

    code: str
    kind: DifferenceClass
    path: str
    old: str
    new: str
    message: str
    position: Position | None = None
    follows: tuple[Difference, ...] = ()
    fails: bool = True
    ignored: str = ""

    @property
    def parts(self) -> tuple[Difference, ...]:
        """Itself and its consequences."""
        return (self, *self.follows)

    @property
    def failing(self) -> bool:
        """Whether it or one of its consequences makes a check fail."""
        return any(part.fails for part in self.parts)


def flatten_differences(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Differences and their consequences, each once, the gravest class first."""
    found = (part for difference in differences for part in difference.parts)
    return tuple(sorted(found, key=lambda part: CLASSES.index(part.kind)))


#: Every code with its class and its sentence, in which ``{path}``, ``{old}`` and ``{new}`` are filled in.
CODES: Mapping[str, tuple[DifferenceClass, str]] = {
    "entry-added": ("checkpoints", "{path}, {new}, is new, and weights saved before don't have it"),
    "entry-removed": ("checkpoints", "{path}, {old}, is gone, and weights saved before still have it"),
    "entry-changed": (
        "checkpoints",
        "{path} changed from {old} to {new}, so weights saved before don't load",
    ),
    "entry-tied": ("checkpoints", "{path} is tied to {new}, before to {old}"),
    "entries-reordered": (
        "checkpoints",
        "the entries of state_dict come in another order, so an optimizer's state saved before doesn't fit",
    ),
    "input-added": ("callers", "the input {path}, {new}, is new"),
    "input-removed": ("callers", "the input {path}, {old}, is gone"),
    "input-changed": ("callers", "the input {path} changed from {old} to {new}"),
    "inputs-reordered": ("callers", "the inputs come in another order: {new}, before {old}"),
    "output-changed": ("callers", "the output changed from {old} to {new}"),
    "param-added": ("callers", "the param {path}, {new}, is new"),
    "param-removed": ("callers", "the param {path}, {old}, is gone"),
    "need-added": ("callers", "{path} needs {new} now, so sizes that were taken before are refused"),
    "dims-changed": ("callers", "the dims are {new}, before {old}"),
    "spec-deleted": ("callers", "{old} is gone"),
    "spec-renamed": ("callers", "the spec is {new} now, before {old}"),
    "mode-changed": ("behaviour", "the model is locked in {new} mode, before in {old} mode"),
    "dtype-changed": ("behaviour", "the default dtype is {new}, before {old}"),
    "entry-kind": ("behaviour", "{path} is a {new}, before a {old}"),
    "entry-frozen": ("behaviour", "{path} is {new}, before {old}"),
    "layer-added": ("behaviour", "{path} is a new call, {new}"),
    "layer-removed": ("behaviour", "{path}, {old}, is gone"),
    "layer-called": ("behaviour", "{path}, {new}, is called now; it was not before"),
    "layer-uncalled": ("behaviour", "{path}, {old}, is no longer called"),
    "layer-changed": ("behaviour", "{path} changed from {old} to {new}"),
    "operation-added": ("behaviour", "{path} is a new operation, {new}"),
    "operation-removed": ("behaviour", "the operation {path}, {old}, is gone"),
    "operation-changed": ("behaviour", "the operation {path} changed from {old} to {new}"),
    "wiring-changed": ("behaviour", "{path} takes {new}, before {old}"),
    "returns-changed": ("behaviour", "{path} returns {new}, before {old}"),
    "shape-changed": ("inside", "{path} puts out {new}, before {old}"),
    "uncalled-added": ("inside", "{path}, {new}, is a new layer that is never called"),
    "uncalled-removed": ("inside", "{path}, {old}, is gone; it was never called"),
    "uncalled-changed": ("inside", "{path}, never called, changed from {old} to {new}"),
    "need-removed": ("inside", "{path} no longer needs {old}"),
    "need-moved": ("inside", "{path} is the first row that needs {new}, before {old}"),
    "assumption-added": ("inside", "the formulas hold for {new} only, because of {path}"),
    "assumption-removed": ("inside", "the formulas no longer hold for {old} only"),
    "param-changed": ("inside", "the param {path} is {new}, before {old}"),
    "name-changed": ("inside", "the model is called {new}, before {old}"),
    "tie-rewritten": ("inside", "tie says {new}, before {old}, and ties the same"),
    "freeze-rewritten": ("inside", "freeze says {new}, before {old}, and freezes the same"),
    "order-changed": ("inside", "the calls come in another order"),
    "parameters-changed": ("cost", "the model has {new} parameters, before {old}"),
    "trainable-changed": ("cost", "{new} parameters take a gradient, before {old}"),
}


def compare_locks(
    old: Lock, new: Lock, positions: Mapping[str, Position] | None = None
) -> tuple[Difference, ...]:
    """Every difference from ``old`` to ``new``, none where they are equal, the gravest class first.

    Layers are matched by path, operations by longest common subsequence within their owner, their numbers
    left aside. ``positions`` says where a path stands in the new spec (``collect_positions``).
    """
    if old == new:
        return ()
    comparison = _Comparison(old, new, positions or {})
    found = [
        *comparison.compare_entries(),
        *comparison.compare_interface(),
        *comparison.compare_settings(),
        *comparison.compare_rows(),
        *comparison.compare_uncalled(),
        *comparison.compare_totals(),
    ]
    if not found:
        found = [comparison.make("order-changed")]
    return tuple(sorted(found, key=lambda difference: CLASSES.index(difference.kind)))


class _Comparison:
    def __init__(self, old: Lock, new: Lock, positions: Mapping[str, Position]) -> None:
        self.old = old
        self.new = new
        self.positions = positions
        self.old_entries = {entry.name: entry for entry in old.state_dict}
        self.new_entries = {entry.name: entry for entry in new.state_dict}

    def make(self, code: str, path: str = "", old: str = "", new: str = "") -> Difference:
        kind, sentence = CODES[code]
        message = sentence.format(path=path or "the model", old=old or "nothing", new=new or "nothing")
        return Difference(code, kind, path, old, new, message, self.find_position(path))

    def find_position(self, path: str) -> Position | None:
        """Where ``path`` or the nearest module around it stands in the spec."""
        while path:
            if path in self.positions:
                return self.positions[path]
            path = path.rpartition(".")[0]
        return None

    def compare_entries(self) -> Iterator[Difference]:
        old, new = self.old_entries, self.new_entries
        for name, entry in new.items():
            if name not in old:
                yield self.make("entry-added", name, new=str(entry.type))
            else:
                yield from self.compare_entry(old[name], entry)
        for name, entry in old.items():
            if name not in new:
                yield self.make("entry-removed", name, old=str(entry.type))
        if [name for name in old if name in new] != [name for name in new if name in old]:
            yield self.make("entries-reordered")

    def compare_entry(self, old: LockEntry, new: LockEntry) -> Iterator[Difference]:
        if old.type != new.type:
            yield self.make("entry-changed", new.name, str(old.type), str(new.type))
        if old.tied != new.tied:
            yield self.make("entry-tied", new.name, old.tied, new.tied)
        if old.kind != new.kind:
            yield self.make("entry-kind", new.name, old.kind, new.kind)
        elif old.frozen != new.frozen:
            yield self.make("entry-frozen", new.name, _say_frozen(old), _say_frozen(new))

    def compare_interface(self) -> Iterator[Difference]:
        yield from self.compare_pairs("input", self.old.inputs, self.new.inputs)
        old_order, new_order = [[name for name, _ in lock.inputs] for lock in (self.old, self.new)]
        if old_order != new_order and sorted(old_order) == sorted(new_order):
            yield self.make("inputs-reordered", "", ", ".join(old_order), ", ".join(new_order))
        if self.old.output != self.new.output:
            yield self.make("output-changed", "", self.old.output, self.new.output)

    def compare_pairs(
        self, what: str, old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]
    ) -> Iterator[Difference]:
        before, after = dict(old), dict(new)
        for name, text in after.items():
            if name not in before:
                yield self.make(f"{what}-added", name, new=text)
            elif before[name] != text:
                yield self.make(f"{what}-changed", name, before[name], text)
        for name, text in before.items():
            if name not in after:
                yield self.make(f"{what}-removed", name, old=text)

    def compare_settings(self) -> Iterator[Difference]:
        old, new = self.old, self.new
        yield from self.compare_pairs("param", old.params, new.params)
        if old.model != new.model:
            yield self.make("name-changed", "", old.model, new.model)
        if old.mode != new.mode:
            yield self.make("mode-changed", "", old.mode, new.mode)
        if old.dtype != new.dtype:
            yield self.make("dtype-changed", "", old.dtype, new.dtype)
        if old.dims != new.dims:
            yield self.make("dims-changed", "", ", ".join(old.dims), ", ".join(new.dims))
        yield from self.compare_needs()
        # What these do is seen in the entries; only where it is the same is the text itself a difference.
        shared = list(self.shared_entries())
        if old.tie != new.tie and all(one.tied == other.tied for one, other in shared):
            yield self.make("tie-rewritten", "", _say_ties(old), _say_ties(new))
        if old.freeze != new.freeze and all(one.frozen == other.frozen for one, other in shared):
            yield self.make("freeze-rewritten", "", ", ".join(old.freeze), ", ".join(new.freeze))

    def compare_needs(self) -> Iterator[Difference]:
        old, new = dict(self.old.needs), dict(self.new.needs)
        for text, path in new.items():
            if text not in old:
                yield self.make("need-added", path, new=text)
            elif old[text] != path:
                yield self.make("need-moved", path, old[text] or "the model", text)
        for text, path in old.items():
            if text not in new:
                yield self.make("need-removed", path, old=text)
        old, new = dict(self.old.assumes), dict(self.new.assumes)
        for text, path in new.items():
            if text not in old:
                yield self.make("assumption-added", path, new=text)
        for text, path in old.items():
            if text not in new:
                yield self.make("assumption-removed", path, old=text)

    def shared_entries(self) -> Iterator[tuple[LockEntry, LockEntry]]:
        for name, entry in self.old_entries.items():
            if name in self.new_entries:
                yield entry, self.new_entries[name]

    def compare_rows(self) -> Iterator[Difference]:
        alignment = align_locks(self.old, self.new)
        yield from self.compare_returns(alignment, "", self.old.returns, self.new.returns)
        numbered: list[tuple[int, Difference]] = []
        for old_call, new_call in alignment.pairs:
            numbered += [
                (new_call.index, difference)
                for difference in self.compare_calls(alignment, old_call, new_call)
            ]
        uncalled = {layer.path for layer in self.new.never_called}
        for call in _outermost(alignment.removed):
            code = f"{call.row.kind}-removed"
            if call.row.kind == "layer" and call.row.path in uncalled:
                code = "layer-uncalled"
            numbered.append((call.index, self.make(code, call.row.path, old=_say_call(call))))
        uncalled = {layer.path for layer in self.old.never_called}
        for call in _outermost(alignment.added):
            code = f"{call.row.kind}-added"
            if call.row.kind == "layer" and call.row.path in uncalled:
                code = "layer-called"
            numbered.append((call.index, self.make(code, call.row.path, new=_say_call(call))))
        numbered.sort(key=lambda pair: pair[0])
        yield from (difference for _, difference in numbered)

    def compare_calls(self, alignment: Alignment, old: Call, new: Call) -> Iterator[Difference]:
        path = new.row.path
        changed = (old.row.type, old.text, len(old.names)) != (new.row.type, new.text, len(new.names))
        if changed and not self.follows_from_entries(old, new):
            yield self.make(f"{new.row.kind}-changed", path, _say_call(old), _say_call(new))
        if changed and new.row.kind == "operation":
            yield from self.compare_outputs(old, new)
            return
        old_names = old.names or old.row.sources
        new_names = new.names or new.row.sources
        wired = len(old_names) == len(new_names) and all(
            alignment.same_source(new.owner, one, other)
            for one, other in zip(old_names, new_names, strict=True)
        )
        if not wired:
            yield self.make("wiring-changed", path, ", ".join(old_names), ", ".join(new_names))
        yield from self.compare_returns(alignment, path, old.row.returns, new.row.returns)
        yield from self.compare_outputs(old, new)

    def compare_returns(
        self, alignment: Alignment, path: str, old: Sequence[str], new: Sequence[str]
    ) -> Iterator[Difference]:
        """Whether a block, or the model, gives the same of its rows and inputs in the same order."""
        same = len(old) == len(new) and all(
            alignment.same_source(path, one, other) for one, other in zip(old, new, strict=True)
        )
        if not same:
            yield self.make("returns-changed", path, ", ".join(old), ", ".join(new))

    def compare_outputs(self, old: Call, new: Call) -> Iterator[Difference]:
        if old.row.output != new.row.output:
            yield self.make("shape-changed", new.row.path, old.row.output, new.row.output)

    def follows_from_entries(self, old: Call, new: Call) -> bool:
        """Whether two calls of a layer differ only in sizes that its changed ``state_dict`` entries show.

        Such a change is told by the entries: ``Linear(576, 120)`` to ``Linear(576, 168)``.
        """
        if new.row.kind == "operation" or old.row.type != new.row.type:
            return False
        before, after = _NUMBER.split(old.text), _NUMBER.split(new.text)
        if before[::2] != after[::2]:
            return False
        sizes = {pair for pair in zip(before[1::2], after[1::2], strict=True) if pair[0] != pair[1]}
        return sizes <= self.changed_sizes(new.row.path)

    def changed_sizes(self, path: str) -> set[tuple[str, str]]:
        """Old and new sizes, as text, of the changed entries in the layer at ``path``."""
        return {
            (str(one), str(other))
            for old, new in self.changed_entries
            if not path or new.name.startswith(f"{path}.")
            for one, other in zip(old.type.shape, new.type.shape, strict=False)
            if one != other
        }

    @cached_property
    def changed_entries(self) -> list[tuple[LockEntry, LockEntry]]:
        return [(old, new) for old, new in self.shared_entries() if old.type != new.type]

    def compare_uncalled(self) -> Iterator[Difference]:
        old = {layer.path: layer.type for layer in self.old.never_called}
        new = {layer.path: layer.type for layer in self.new.never_called}
        old_called = {row.path for row in self.old.rows}
        new_called = {row.path for row in self.new.rows}
        for path, kind in new.items():
            if path in old and old[path] != kind:
                yield self.make("uncalled-changed", path, old[path], kind)
            elif path not in old and path not in old_called:
                yield self.make("uncalled-added", path, new=kind)
        for path, kind in old.items():
            if path not in new and path not in new_called:
                yield self.make("uncalled-removed", path, old=kind)

    def compare_totals(self) -> Iterator[Difference]:
        old, new = self.old, self.new
        if old.parameters != new.parameters:
            yield self.make("parameters-changed", "", f"{old.parameters:,}", f"{new.parameters:,}")
        elif old.trainable != new.trainable:
            yield self.make("trainable-changed", "", f"{old.trainable:,}", f"{new.trainable:,}")


_NUMBER = re.compile(r"(?<![\w.])([0-9]+)(?![\w.])")


def _outermost(calls: Sequence[Call]) -> Iterator[Call]:
    """The calls that don't stand inside another one of these."""
    layers = {call.row.path for call in calls if call.row.kind == "layer"}
    for call in calls:
        if not call.owner or call.owner not in layers:
            yield call


def _say_call(call: Call) -> str:
    return call.row.call or call.row.type


def _say_frozen(entry: LockEntry) -> str:
    return "frozen" if entry.frozen else "trainable"


def _say_ties(lock: Lock) -> str:
    return ", ".join(f"{name} = {target}" for name, target in lock.tie)
