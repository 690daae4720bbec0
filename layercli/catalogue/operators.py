"""The rules of Python's operators on tensors, by the names that their rows have, and of subscripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from layercli.catalogue.families import Late
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.operations.indexing import get_item
from layercli.catalogue.rules import is_number, write_into
from layercli.catalogue.tensors import Tensor

#: The operation that each operator is, by the operator's name.
MEANINGS: Mapping[str, str] = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "true_divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "pow", "matmul": "matmul", "and_": "bitwise_and", "or_": "bitwise_or",
    "xor": "bitwise_xor", "neg": "neg", "pos": "positive", "invert": "bitwise_not", "eq": "eq", "ne": "ne",
    "lt": "lt", "le": "le", "gt": "gt", "ge": "ge",
}  # fmt: skip


def _write(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The operator in place: the left tensor itself, where the result fits into it; a number has no such form."""

    def write(left: Any, right: Any) -> Any:
        return write_into(left, rule(left, right)) if isinstance(left, Tensor) else rule(left, right)

    return write


def _compare(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """A comparison, which Python turns around where its left side is a number."""

    def compare(left: Any, right: Any) -> Any:
        if not isinstance(left, Tensor):
            left, right = right, left
        if name in _WITHOUT_ORDER and not (isinstance(right, Tensor) or is_number(right)):
            return name == "ne"
        return rule(left, right)

    return compare


#: Comparisons that hold or don't between a tensor and anything else, too.
_WITHOUT_ORDER = ("eq", "ne")
_COMPARISONS = (*_WITHOUT_ORDER, "lt", "le", "gt", "ge")

#: Operators in place by the name of their row, and the operator that each is otherwise.
_IN_PLACE: Mapping[str, str] = {
    "i" + name.rstrip("_"): name
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor")
}


def _make_rule(name: str) -> Callable[..., Any]:
    rule = FUNCTIONS[MEANINGS[_IN_PLACE.get(name, name)]].operation.rule
    assert rule is not None
    # Python makes x @= y out of x @ y.
    if name in _IN_PLACE and name != "imatmul":
        return _write(rule)
    return _compare(name, rule) if name in _COMPARISONS else rule


OPERATORS: Late[Callable[..., Any]] = Late((*MEANINGS, *_IN_PLACE), _make_rule)

__all__ = ["OPERATORS", "get_item"]
