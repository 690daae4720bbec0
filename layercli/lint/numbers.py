"""Random numbers that are looked up where there are fewer: tokens past an embedding, targets past the classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from layercli.catalogue.lookups import find_lookup
from layercli.catalogue.tensors import Tensor
from layercli.derive.engine import Call
from layercli.derive.session import Watched
from layercli.errors import Label, Position, Problem
from layercli.lint.calls import RESHAPING, Flow, name_call
from layercli.plan.records import Plan, Recipe
from layercli.record import record

#: Operations whose result has numbers of their first tensor and no others.
_KEEPING = RESHAPING | {
    "clone",
    "detach",
    "expand",
    "flip",
    "getitem",
    "int",
    "long",
    "repeat",
    "roll",
    "select",
    "to",
}


@record
class _Drawn:
    """Numbers from ``low`` to ``high`` - 1 that ``name`` draws."""

    name: str
    low: int
    high: int
    position: Position


def find_random_numbers(plan: Plan, watched: Watched, flow: Flow) -> Iterator[Problem]:
    """A warning for each randint that may draw what the layer or function that gets it hasn't."""
    if any(map(_writes_numbers, flow.calls)):
        # Whatever is a view of it has other numbers now.
        return
    inputs = {
        id(tensor): _trace_recipe(f"the input {name}", recipe)
        for (name, tensor), (_, recipe) in zip(watched.inputs, plan.inputs, strict=True)
    }
    seen: set[tuple[Position, Position | None]] = set()
    for call in flow.calls:
        settings = {} if call.module is None else call.module.arguments
        lookup = find_lookup(call.draft.type, call.values, call.keywords, settings)
        if lookup is None or (call.module is not None and call.module.entry is None):
            continue
        drawn = _find_drawn(lookup.numbers, inputs, flow)
        if drawn is None or (drawn.low >= 0 and drawn.high <= lookup.count):
            continue
        past = drawn.high > lookup.count
        number = drawn.high - 1 if past else drawn.low
        places = drawn.position, call.draft.position
        if number == lookup.ignored or places in seen:
            continue
        seen.add(places)
        name = name_call(call)
        labels = () if call.draft.position is None else (Label(call.draft.position, "looks them up"),)
        numbers = f"up to {number}" if past else f"from {number} on"
        yield Problem(
            "random-number",
            f"{drawn.name} draws numbers {numbers}, and {name} has {lookup.count} {lookup.call.noun}, counted from 0",
            drawn.position,
            labels=labels,
            severity="warning",
            hint=lookup.mend(number),
        )


def _writes_numbers(call: Call) -> bool:
    """Whether an operation writes into a tensor of whole numbers."""
    written = call.module is None and call.values and call.output is call.values[0]
    return bool(written) and call.draft.type not in _KEEPING and "int" in getattr(call.output, "dtype", "")


def _find_drawn(value: Any, inputs: Mapping[int, _Drawn | None], flow: Flow) -> _Drawn | None:
    """The randint that all numbers in a tensor come from; None where that isn't known."""
    while isinstance(value, Tensor):
        if "int" not in value.dtype:
            return None
        maker = flow.find_maker(value)
        if maker is None:
            return inputs.get(id(value))
        if maker.draft.type == "randint" and maker.draft.position is not None:
            return _read_bounds("randint", maker.values, maker.keywords, maker.draft.position)
        if maker.draft.type not in _KEEPING or not maker.values or maker.values[0] is value:
            return None
        value = maker.values[0]
    return None


def _trace_recipe(name: str, recipe: Any) -> _Drawn | None:
    """The randint that an input is made by."""
    while isinstance(recipe, Recipe):
        if recipe.name == "randint":
            return _read_bounds(name, recipe.operands, recipe.keywords, recipe.site.position)
        if recipe.name not in _KEEPING or not recipe.operands:
            return None
        recipe = recipe.operands[0]
    return None


def _read_bounds(
    name: str, values: Sequence[Any], keywords: Mapping[str, Any], position: Position
) -> _Drawn | None:
    """``randint(high, size)`` and ``randint(low, high, size)``."""
    if "high" in keywords:
        low, high = keywords.get("low", values[0] if values else 0), keywords["high"]
    elif len(values) > 1 and isinstance(values[1], int):
        low, high = values[:2]
    else:
        low, high = 0, values[0] if values else None
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    return _Drawn(name, low, high, position)
