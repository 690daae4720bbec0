"""What an output sees of the model's inputs: its receptive field, by looking back through all calls before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from layercli.catalogue.narration import term_of
from layercli.catalogue.reach import REACHES, Box, Looking, NotKnown, cover, shape_of
from layercli.catalogue.tensors import Refusal, Tensor
from layercli.derive.engine import Call
from layercli.explain.narrator import bind_call, list_tensors, narrate_call
from layercli.trace.explanation import BEFORE, Sight

#: Layers that compute between the rows inside them, so that what these get isn't what others gave.
_COMPOSITE = (
    "Transformer",
    "TransformerEncoder",
    "TransformerDecoder",
    "TransformerEncoderLayer",
    "TransformerDecoderLayer",
)


class Seer:
    """Looks back from one call through those before it.

    ``calls`` are all of the model, in the order in which they ended, ``end`` the number of those that are looked back
    through. ``inputs`` are the model's.
    """

    def __init__(self, calls: Sequence[Call], end: int, inputs: Sequence[tuple[str, Tensor]]) -> None:
        self.calls = calls
        self.end = end
        self.inputs = [(name, tensor) for name, tensor in inputs if tensor.dim]
        self.names = {id(tensor): name for name, tensor in self.inputs}
        self.held = {
            id(tensor) for call in calls if call.module is not None for tensor in call.module.tensors.values()
        }
        self.looks: dict[tuple[int, int], Looking] = {}

    def look(self, output: Tensor) -> tuple[Sight, ...]:
        """What the element in the middle sees of each input of the model that it depends on; nothing of an empty output."""
        if any(size == 0 for size in shape_of(output)):
            return ()
        middle: Box = tuple(((size - 1) // 2,) * 2 for size in shape_of(output))
        try:
            seen = self.trace_back(output, middle, clipped=True)
            field = self.trace_back(output, middle, clipped=False)
            steps = self._measure_steps(output, middle, field)
        except NotKnown as reason:
            return (Sight("", (), None, because=str(reason)),)
        found = tuple(
            Sight(
                name,
                shape_of(tensor),
                _measure(seen[name]),
                tuple(first for first, _ in seen[name]),
                _measure(field[name]),
                steps[name],
            )
            for name, tensor in self.inputs
            if name in seen and name in field
        )
        return found or (Sight("", (), ()),)

    def _measure_steps(
        self, output: Tensor, middle: Box, field: Mapping[str, Box]
    ) -> dict[str, tuple[str, ...]]:
        """How far apart in each dimension of an input neighbours look that stand side by side in the output."""
        steps = {name: [""] * len(box) for name, box in field.items()}
        for dim, size in enumerate(shape_of(output)):
            count = next((count for count in (8, 4, 2, 1) if middle[dim][0] + count < size), 0)
            if not count:
                continue
            moved = (*middle[:dim], (middle[dim][0] + count,) * 2, *middle[dim + 1 :])
            after = self.trace_back(output, moved, clipped=False)
            for name, box in field.items():
                pairs = enumerate(zip(box, after.get(name, box), strict=True))
                moves = [(place, other[0] - own[0]) for place, (own, other) in pairs if own[0] != other[0]]
                # A step that moves several dimensions is no step along one: what was flattened.
                if len(moves) == 1 and moves[0][1] > 0:
                    place, distance = moves[0]
                    steps[name][place] = str(Fraction(distance, count))
                grown = [place for place, last in _list_grown(box, after.get(name, box)) if last]
                if not moves and len(grown) == 1:
                    steps[name][grown[0]] = BEFORE
        return {name: tuple(found) for name, found in steps.items()}

    def trace_back(self, output: Tensor, box: Box, *, clipped: bool) -> dict[str, Box]:
        """The box of each input of the model that a box of an output depends on.

        ``clipped`` leaves out at every call what lies in the padding. Raises NotKnown.
        """
        found: dict[str, Box] = {}
        pending = {id(output): (box, self.end)}
        end = self.end
        while pending:
            rest = self._walk(pending, end, clipped)
            pending = {}
            for key, (seen, asking) in rest.items():
                if key in self.names:
                    name = self.names[key]
                    found[name] = _join(found[name], seen) if name in found else seen
                elif key not in self.held:
                    end, around = self._find_composite(asking)
                    for tensor, part in _see_around(around, seen):
                        _add(pending, tensor, part, end)
        return found

    def _walk(
        self, pending: dict[int, tuple[Box, int]], end: int, clipped: bool
    ) -> dict[int, tuple[Box, int]]:
        """What no call before ``end`` gave of some boxes of tensors and of those that they depend on."""
        for number in range(end - 1, -1, -1):
            call = self.calls[number]
            if _is_passed_on(call):
                continue
            outputs = [tensor for _, tensor in list_tensors("", call.output)]
            for place, tensor in enumerate(outputs):
                if id(tensor) not in pending:
                    continue
                wanted, _ = pending.pop(id(tensor))
                for source, seen in self._look_back(number, outputs, place, wanted):
                    own = _clip(source, seen) if clipped else seen
                    if all(first <= last for first, last in own):
                        _add(pending, source, own, number)
        return pending

    def _look_back(
        self, number: int, outputs: Sequence[Tensor], place: int, box: Box
    ) -> list[tuple[Tensor, Box]]:
        """What a box of one output of a call sees of the call's inputs. Raises NotKnown."""
        call = self.calls[number]
        look = self.looks.get((number, place))
        if look is None:
            look = self.looks[number, place] = _prepare(call, outputs, place)
        if not look.tensors:
            return []
        name = _name_of(call)
        reach = REACHES.get(name) or REACHES.get(name.removesuffix("_"))
        if reach is None:
            raise NotKnown(call.draft.path)
        try:
            return list(reach(replace(look, box=box)))
        except (NotKnown, Refusal, TypeError, KeyError, IndexError, ValueError):
            raise NotKnown(call.draft.path) from None

    def _find_composite(self, number: int) -> tuple[int, Call]:
        """The innermost composite layer that a call is inside of, and where its calls begin. Raises NotKnown."""
        path = self.calls[number].draft.path if number < len(self.calls) else ""
        for around in self.calls[number + 1 :]:
            own = around.draft.path
            if around.module is not None and _name_of(around) in _COMPOSITE and path.startswith(f"{own}."):
                break
        else:
            raise NotKnown(path)
        start = number
        while start > 0 and self.calls[start - 1].draft.path.startswith(f"{own}."):
            start -= 1
        return start, around


def _list_grown(box: Box, after: Box) -> Iterator[tuple[int, bool]]:
    """Whether each dimension is seen from its beginning to a place that has moved on."""
    for place, (own, other) in enumerate(zip(box, after, strict=True)):
        yield place, own[0] == other[0] == 0 and other[1] > own[1]


def _see_around(call: Call, box: Box) -> Iterator[tuple[Tensor, Box]]:
    """All that goes into a composite layer, of the sample that a box within it belongs to."""
    assert call.module is not None
    batch = 0 if call.module.arguments.get("batch_first", False) else 1
    for _, tensor in list_tensors("", [*call.values, *call.keywords.values()]):
        whole = list(cover(tensor))
        if tensor.dim == len(box) == 3:
            whole[batch] = box[batch]
        yield tensor, tuple(whole)


def _add(pending: dict[int, tuple[Box, int]], tensor: Tensor, box: Box, asking: int) -> None:
    known = pending.get(id(tensor))
    pending[id(tensor)] = (box if known is None else _join(known[0], box), asking)


def _join(left: Box, right: Box) -> Box:
    """The hull of two boxes."""
    return tuple((min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(left, right, strict=True))


def _clip(tensor: Tensor, box: Box) -> Box:
    return tuple((max(a, 0), min(b, size - 1)) for (a, b), size in zip(box, shape_of(tensor), strict=True))


def _measure(box: Box) -> tuple[int, ...]:
    return tuple(last - first + 1 for first, last in box)


def _name_of(call: Call) -> str:
    """The name of a call's entry."""
    if call.module is None or call.module.entry is None:
        return call.draft.type
    return call.module.entry.name


def _is_passed_on(call: Call) -> bool:
    """Whether what a call gives comes out of a call inside it, or out of parameters."""
    if call.module is None:
        return False
    entry = call.module.entry
    return entry is None or entry.name in ("Sequential", "ModuleList", "ModuleDict")


def _prepare(call: Call, outputs: Sequence[Tensor], place: int) -> Looking:
    """All that is known of a call but the box."""
    given = bind_call(call)
    tensors = [pair for name, value in given.items() for pair in list_tensors(name, value)]
    if call.module is not None:
        given = {**call.module.arguments, **given}
        spatial = re.search(r"([123])d$", _name_of(call))
        given["spatial"] = int(spatial[1]) if spatial else 0
        if "weight" in call.module.tensors:
            given.setdefault("weight", call.module.tensors["weight"])
    training = call.module is not None and call.module.training
    return Looking(given, tensors, outputs, place, _find_sources(call, place), (), training)


def _find_sources(call: Call, place: int) -> list[tuple[str, int] | None]:
    """Which dimension of which input each dimension of an output is, as the call's own rule tells it."""
    try:
        narrated = narrate_call(call)
    except Refusal:
        return []
    outputs = [tensor for _, tensor in list_tensors("", narrated.output)]
    places = {
        term_of(size): (name, dim)
        for name, tensor in narrated.inputs
        for dim, size in enumerate(tensor.shape)
    }
    return [places.get(term_of(size)) for size in outputs[place].shape]
