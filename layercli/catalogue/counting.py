"""The cost of a call, found by the name of an operation or the class of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from layercli.catalogue.entries import Layer, Operation
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.macs import Macs, take_none
from layercli.catalogue.methods import METHODS
from layercli.catalogue.operators import MEANINGS
from layercli.catalogue.sizes import as_int
from layercli.catalogue.tensors import Refusal
from layercli.catalogue.work import Work, find_arithmetic
from layercli.catalogue.wrappers import STEPS


class Cost(NamedTuple):
    """The MACs and the FLOPs of one call, each None where unknown."""

    macs: int | None
    flops: int | None


NOTHING = Cost(0, 0)
UNKNOWN = Cost(None, None)

#: What operators do beside what they mean as operations.
_VIEWS = ("getitem",)
_OPERATORS: Mapping[str, str] = {
    **MEANINGS,
    **{"i" + name.rstrip("_"): meaning for name, meaning in MEANINGS.items()},
    "idiv": MEANINGS["truediv"],
}


def _find_operation(name: str) -> Operation | None:
    form = FUNCTIONS.get(name) or METHODS.get(name) or FUNCTIONS.get(_OPERATORS.get(name, ""))
    return None if form is None else form.operation


def count_operation(name: str, output: Any, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Cost:
    """What an operation costs, by the name that its row has, a method's tensor first."""
    if name in _VIEWS:
        return NOTHING
    operation = _find_operation(name)
    return (
        UNKNOWN
        if operation is None
        else _evaluate(operation.macs, operation.work, output, arguments, keywords)
    )


def count_layer(
    entry: Layer, layer: Any, output: Any, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> Cost:
    """What a layer's own work costs, ``layer`` being a module of PyTorch or one without values."""
    return _evaluate(entry.macs, entry.work, output, arguments, keywords, layer)


def _evaluate(
    macs: Macs, work: Work, output: Any, arguments: Sequence[Any], keywords: Mapping[str, Any], *layer: Any
) -> Cost:
    products = _call(macs, output, arguments, keywords, *layer)
    if products is None:
        return UNKNOWN
    if products == 0 and work is take_none:
        return NOTHING
    arithmetic = find_arithmetic((output, arguments, keywords))
    if arithmetic == "integer":
        return Cost(products, 0)
    elementwise = None if arithmetic == "complex" else _call(work, output, arguments, keywords, *layer)
    return Cost(products, None if elementwise is None else 2 * products + elementwise)


def _call(
    formula: Macs | Work, output: Any, arguments: Sequence[Any], keywords: Mapping[str, Any], *layer: Any
) -> int | None:
    if formula is take_none:
        return 0
    try:
        count = formula(*layer, output, *arguments, **keywords)
    except (Refusal, TypeError, KeyError, AttributeError):
        # PyTorch also takes forms of a call that its documentation doesn't have.
        return None
    return None if count is None else as_int(count)


def find_layer(classes: Sequence[type]) -> Layer | None:
    """The entry of a module of PyTorch's own by its class and those that it is made of; None for any other."""
    for candidate in classes:
        if not candidate.__module__.startswith("torch.nn."):
            return None
        entry = LAYERS.get(candidate.__name__) or STEPS.get(candidate.__name__)
        if entry is not None:
            return None if entry.name == "Module" else entry
    return None
