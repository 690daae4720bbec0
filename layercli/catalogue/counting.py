"""The MACs of a call, found by the name of an operation or the class of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from layercli.catalogue.entries import Layer
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.macs import Macs, take_none
from layercli.catalogue.methods import METHODS
from layercli.catalogue.operators import OPERATORS
from layercli.catalogue.sizes import as_int
from layercli.catalogue.tensors import Refusal
from layercli.catalogue.wrappers import STEPS

#: The operators that multiply matrices. What else an operator does is elementwise, or a view.
_PRODUCTS = dict.fromkeys(("matmul", "imatmul"), FUNCTIONS["matmul"].operation.macs)
_OPERATORS: Mapping[str, Macs] = dict.fromkeys((*OPERATORS, "getitem", "idiv"), take_none) | _PRODUCTS


def count_operation(
    name: str, output: Any, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> int | None:
    """The MACs of an operation under the name that its row has, a method's tensor first; None where unknown."""
    form = FUNCTIONS.get(name) or METHODS.get(name)
    macs = _OPERATORS.get(name) if form is None else form.operation.macs
    return None if macs is None else _evaluate(macs, output, arguments, keywords)


def count_layer(
    entry: Layer, layer: Any, output: Any, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> int | None:
    """The MACs of a layer's own, ``layer`` being a module of PyTorch or one without values; None where unknown."""
    return _evaluate(entry.macs, output, arguments, keywords, layer)


def _evaluate(
    macs: Macs, output: Any, arguments: Sequence[Any], keywords: Mapping[str, Any], *layer: Any
) -> int | None:
    if macs is take_none:
        return 0
    try:
        count = macs(*layer, output, *arguments, **keywords)
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
