"""What may change from one lock to another, each change classed by what it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

from layercli.errors import Position
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
    found = (replace(part, follows=()) for difference in differences for part in difference.parts)
    return tuple(sorted(found, key=lambda part: CLASSES.index(part.kind)))


#: Every code with its class and its sentence, in which ``{path}``, ``{old}`` and ``{new}`` are filled in.
CODES: Mapping[str, tuple[DifferenceClass, str]] = {
    "entry-added": ("checkpoints", "{path}, {new}, is new, and weights saved before don't have it"),
    "entry-removed": ("checkpoints", "{path}, {old}, is gone, and weights saved before still have it"),
    "entry-changed": (
        "checkpoints",
        "{path} changed from {old} to {new}, so weights saved before don't load",
    ),
    "entry-renamed": (
        "checkpoints",
        "{old} is now {new}, of the same shape, so weights saved before load once it is renamed in them",
    ),
    "tie-changed": ("checkpoints", "tie says {new}, before {old}"),
    "entry-tied": ("checkpoints", "{path} is tied to {new}, before to {old}"),
    "entries-reordered": (
        "checkpoints",
        "the entries of state_dict come in another order, so an optimizer's state saved before doesn't fit",
    ),
    "input-added": ("callers", "the input {path}, {new}, is new"),
    "input-removed": ("callers", "the input {path}, {old}, is gone"),
    "input-renamed": ("callers", "the input {old} is now {new}"),
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
    "layer-moved": ("behaviour", "{path}, {new}, is called in another place"),
    "operation-added": ("behaviour", "{path} is a new operation, {new}"),
    "operation-removed": ("behaviour", "the operation {path}, {old}, is gone"),
    "operation-changed": ("behaviour", "the operation {path} changed from {old} to {new}"),
    "operation-moved": ("behaviour", "the operation {path}, {new}, is in another place"),
    "freeze-changed": ("behaviour", "freeze says {new}, before {old}"),
    "wiring-changed": ("behaviour", "{path} takes {new}, before {old}"),
    "returns-changed": ("behaviour", "{path} returns {new}, before {old}"),
    "layer-renamed": ("inside", "{old} is now {new}"),
    "layer-resized": ("inside", "{path} changed from {old} to {new}"),
    "operation-resized": ("inside", "the operation {path} changed from {old} to {new}"),
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

#: What stands before a path where the change itself doesn't tell what it is of.
PREFIXES: Mapping[str, str] = {
    "input-added": "input ",
    "input-removed": "input ",
    "input-changed": "input ",
    "layer-moved": "place of ",
    "operation-moved": "place of ",
    "tie-changed": "tie",
    "freeze-changed": "freeze",
    "inputs-reordered": "inputs",
    "output-changed": "output",
    "param-added": "param ",
    "param-removed": "param ",
    "param-changed": "param ",
    "name-changed": "name",
    "spec-renamed": "spec",
    "tie-rewritten": "tie",
    "freeze-rewritten": "freeze",
    "order-changed": "calls",
    "dims-changed": "dims",
    "need-added": "need of ",
    "need-removed": "need of ",
    "need-moved": "need of ",
    "assumption-added": "assumption of ",
    "assumption-removed": "assumption of ",
    "mode-changed": "mode",
    "dtype-changed": "dtype",
    "entries-reordered": "state_dict",
    "entry-tied": "tied ",
    "wiring-changed": "inputs of ",
    "returns-changed": "output of ",
}


#: Codes of differences in nothing but a name.
RENAMES = ("layer-renamed", "entry-renamed", "input-renamed")


def shorten_types(old: str, new: str) -> tuple[str, str]:
    """Two tensor types without their dtype where it is the same."""
    dtype, bracket, sizes = old.partition("[")
    if bracket and new.startswith(f"{dtype}[") and old.endswith("]") and new.endswith("]"):
        return bracket + sizes, new[len(dtype) :]
    return old, new


_ENDS = {"entry-added": "is new", "entry-removed": "is gone"}


def say_difference(difference: Difference) -> str:
    """A difference in a few words: ``fc1.weight [120, 576] -> [168, 576]``."""
    if difference.code in RENAMES:
        return f"{difference.old} is now {difference.new}"
    if difference.code in _ENDS:
        return f"{difference.path} {_ENDS[difference.code]}"
    old, new = shorten_types(difference.old, difference.new)
    if not old or not new:
        return difference.message
    return f"{PREFIXES.get(difference.code, '')}{difference.path} {old} -> {new}".lstrip()
