"""Calls of layers that are the same as an earlier one but for the path, which are derived once.

Two layers of one plan hold the same and do the same with inputs of the same types: sizes, formulas, layouts, gradients,
which inputs are one tensor, plain values. Only a layer that isn't made yet may share a call: nobody has tied, frozen,
read or called anything inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from layercli.catalogue.modules import Module
from layercli.catalogue.sizes import Size
from layercli.catalogue.tensors import Tensor
from layercli.derive.holdings import record_modules
from layercli.record import record
from layercli.spec.values import Device, Dtype, FunctionValue
from layercli.trace import Uncalled
from layercli.trace.modules import ModuleSection, find_never_called, find_ownership
from layercli.trace.recorder import Draft
from layercli.trace.repeats import Repeats

if TYPE_CHECKING:
    from layercli.derive.engine import Pass


class Incomparable(Exception):
    """A value of which it isn't known whether it is the same as another."""


@record(slots=True)
class Input:
    """A tensor of an output that is one of the inputs, by its place among them."""

    place: int


@record(eq=False)
class Inside:
    """What happened to a layer inside a call: whether it was made, how often it was called, and as which call."""

    path: str
    made: bool
    calls: int
    known: KnownCall | None


@record(eq=False)
class KnownCall:
    """A layer's call that can be repeated: its rows, what it gave, the steps it took, and what happened inside.

    The layers inside, outer ones first, and the rows that are in doubt have their paths from this layer on.
    """

    path: str
    head: Draft
    section: Repeats[Draft]
    output: Any
    steps: int
    uncalled: tuple[Uncalled, ...]
    inside: tuple[Inside, ...]
    doubts: tuple[tuple[str, str], ...]


class Sharing:
    """The calls of one derivation that others may repeat."""

    def __init__(
        self, section_of: Callable[[Module], ModuleSection | None], names: Mapping[int, str]
    ) -> None:
        """``section_of`` says what a module holds that isn't made, ``names`` are those of parameters and buffers."""
        self.section_of = section_of
        self.names = names
        self.known: dict[Hashable, KnownCall] = {}
        self.places: dict[int, KnownCall] = {}
        self.uncalled: dict[str, tuple[Uncalled, ...]] = {}

    def was_called(self, module: Module) -> bool:
        """Whether a layer was called already as one of those that are the same."""
        return id(module) in self.places

    def find(self, key: Hashable | None, running: Pass) -> KnownCall | None:
        """The call with this key, where there is one."""
        known = None if key is None else self.known.get(key)
        # Where the steps don't suffice, the place is found at which they end.
        return known if known is not None and known.steps <= running.budget.steps else None

    def repeat(
        self,
        module: Module,
        known: KnownCall,
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        running: Pass,
    ) -> Any:
        """The output of a call that is like a known one, with its rows."""
        tensors: dict[int, Tensor] = {}
        _identify((*arguments, *keywords.values()), tensors)
        output = _restore(known.output, [*tensors.values()], {})
        running.budget.steps -= known.steps
        running.recorder.repeat_layer(module.path, known.head, known.section, arguments, keywords, output)
        running.doubts |= {module.path + path: sentence for path, sentence in known.doubts}
        self.places[id(module)] = known
        self.uncalled[module.path] = known.uncalled
        return output

    def keep(
        self,
        key: Hashable,
        module: Module,
        inputs: Sequence[Any],
        output: Any,
        start: int,
        steps: int,
        running: Pass,
    ) -> None:
        """Remember a call that has ended, whose own row is at the place ``start``, for others to repeat."""
        recorder = running.recorder
        tensors: dict[int, Tensor] = {}
        try:
            _identify(tuple(inputs), tensors)
            kept = _keep(output, {key: place for place, key in enumerate(tensors)}, {}, self.names)
        except Incomparable:
            return
        length = len(module.path)
        inside = tuple(
            Inside(
                layer.path[length:],
                layer.pending is None,
                recorder.calls.get(layer.path, 0),
                self.places.get(id(layer)),
            )
            for layer in module.walk()
            if layer is not module
        )
        records = record_modules(module, self.section_of, self.uncalled)
        head = recorder.drafts[start]
        assert isinstance(head, Draft)
        self.known[key] = self.places[id(module)] = KnownCall(
            path=module.path,
            head=head,
            section=recorder.close_section(start),
            output=kept,
            steps=steps,
            uncalled=find_never_called(records, find_ownership(records), recorder.calls),
            inside=inside,
            doubts=tuple(
                (path[length:], sentence)
                for path, sentence in running.doubts.items()
                if path.startswith(f"{module.path}.")
            ),
        )

    def enter(self, module: Module, running: Pass) -> None:
        """Something inside a layer is wanted from outside: make it, as its call left it."""
        known = self.places.pop(id(module), None)
        if known is None:
            module.complete()
            return
        running.recorder.is_whole = False
        if module.pending is None:
            return
        module.complete()
        layers = {layer.path: layer for layer in module.walk()}
        for inside in known.inside:
            path = module.path + inside.path
            layer = layers[path]
            if inside.made and layer.pending is not None:
                layer.complete()
                layers |= {made.path: made for made in layer.walk()}
            if inside.calls:
                running.recorder.calls[path] = inside.calls
            if inside.known is not None:
                self.places[id(layer)] = inside.known
                self.uncalled[path] = inside.known.uncalled


def identify_call(
    module: Module, arguments: Sequence[Any], keywords: Mapping[str, Any], running: Pass
) -> Hashable | None:
    """What two calls of layers share exactly when they are the same; None where that can't be told."""
    try:
        values = _identify((*arguments, *keywords.values()), {})
    except Incomparable:
        return None
    return (
        id(module.plan),
        module.training,
        running.recorder.next_depth,
        len(arguments),
        tuple(keywords),
        values,
    )


_PLAIN = (bool, int, float, str, type(None), type(Ellipsis))


def _identify(value: Any, tensors: dict[int, Tensor]) -> Hashable:
    """What two values share exactly when they are the same in all that a derivation may depend on.

    ``tensors`` collects each tensor once, by ``id``. Raises Incomparable for lists and the like, which a call may
    change.
    """
    if isinstance(value, Tensor):
        if id(value) in tensors:
            return Input([*tensors].index(id(value)))
        if value.extent is not None:
            # What is written into it inside counts outside.
            raise Incomparable
        tensors[id(value)] = value
        strides = None if value.strides is None else _identify(value.strides, tensors)
        return value.dtype, _identify(value.shape, tensors), strides, value.requires_grad, value.conjugated
    if isinstance(value, Size):
        return Size, value.key, value.value
    if isinstance(value, tuple):
        return tuple([_identify(item, tensors) for item in value])
    if isinstance(value, _PLAIN):
        return type(value), repr(value) if isinstance(value, float) else value
    if isinstance(value, (Dtype, Device)):
        return type(value), repr(value)
    if isinstance(value, FunctionValue):
        return FunctionValue, value.entry.name, value.namespace
    if isinstance(value, slice):
        return slice, _identify((value.start, value.stop, value.step), tensors)
    raise Incomparable


def _keep(value: Any, inputs: Mapping[int, int], kept: dict[int, Any], names: Mapping[int, str]) -> Any:
    """A value as it is now, its tensors copied and each still one; those that are inputs by their places.

    Raises Incomparable for a parameter or buffer, which is the layer's own, for known values, which views share, and for
    what isn't known itself.
    """
    if id(value) in kept:
        return kept[id(value)]
    made: Any
    if isinstance(value, Tensor):
        if id(value) in inputs:
            return Input(inputs[id(value)])
        if id(value) in names or value.extent is not None:
            raise Incomparable
        made = _copy(value)
    elif type(value) in (tuple, list):
        made = type(value)(_keep(item, inputs, kept, names) for item in value)
    elif type(value) is dict:
        made = {key: _keep(item, inputs, kept, names) for key, item in value.items()}
    else:
        _identify(value, {})
        return value
    kept[id(value)] = made
    return made


def _restore(value: Any, inputs: Sequence[Tensor], made: dict[int, Any]) -> Any:
    """A kept value once more, with tensors of its own."""
    if isinstance(value, Input):
        return inputs[value.place]
    if id(value) in made:
        return made[id(value)]
    restored: Any
    if isinstance(value, Tensor):
        restored = _copy(value)
    elif type(value) in (tuple, list):
        restored = type(value)(_restore(item, inputs, made) for item in value)
    elif type(value) is dict:
        restored = {key: _restore(item, inputs, made) for key, item in value.items()}
    else:
        return value
    made[id(value)] = restored
    return restored


def _copy(tensor: Tensor) -> Tensor:
    copy = Tensor(tensor.dtype, tensor.shape, tensor.strides, requires_grad=tensor.requires_grad)
    copy.conjugated = tensor.conjugated
    return copy
