"""The rules of Python's operators on tensors, by the names that their rows have, and of subscripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.operations.indexing import get_item
from layercli.catalogue.rules import write_into
from layercli.catalogue.tensors import Tensor

#: The operation that each operator is, by the operator's name.
_MEANINGS: Mapping[str, str] = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "true_divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "pow", "matmul": "matmul", "and_": "bitwise_and", "or_": "bitwise_or",
    "xor": "bitwise_xor", "neg": "neg", "pos": "positive", "invert": "bitwise_not", "eq": "eq", "ne": "ne",
    "lt": "lt", "le": "le", "gt": "gt", "ge": "ge",
}  # fmt: skip


def _find_rule(operation: str) -> Callable[..., Any] | None:
    entry = FUNCTIONS.get(operation)
    return None if entry is None else entry.operation.rule


def _write(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The operator in place: the left tensor itself, where the result fits into it."""

    def write(left: Tensor, right: Any) -> Tensor:
        return write_into(left, rule(left, right))

    return write


OPERATORS: Mapping[str, Callable[..., Any]] = {
    name: rule for name, meaning in _MEANINGS.items() if (rule := _find_rule(meaning)) is not None
} | {
    "i" + name.rstrip("_"): _write(rule)
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor")
    if (rule := _find_rule(_MEANINGS[name])) is not None
}

__all__ = ["OPERATORS", "get_item"]
