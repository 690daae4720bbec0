"""The conditions of a symbolic derivation as they come up, each with the call that came to it, which can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal

from layercli.catalogue.sizes import Condition, Size, evaluate
from layercli.catalogue.tensors import Extent, Refusal, Tensor
from layercli.errors import SpecError
from layercli.record import record
from layercli.spec.values import MISSING


@record(frozen=False)
class Trial:
    """A call that can be repeated at other sizes: ``call`` gets these, the arguments and the keywords.

    ``output`` is there once it ended. ``is_row`` says that the call is one row, not what a block does around its rows.
    """

    call: Callable[[Mapping[str, int], list[Any], dict[str, Any]], Any]
    arguments: Sequence[Any]
    keywords: Mapping[str, Any]
    is_row: bool
    output: Any = MISSING

    def compare(self, sizes: Mapping[str, int]) -> Literal["same", "other", "refused"]:
        """What comes of the call at other sizes, compared with what the formulas say."""
        try:
            arguments = [evaluate_value(value, sizes) for value in self.arguments]
            keywords = {name: evaluate_value(value, sizes) for name, value in self.keywords.items()}
            output = self.call(sizes, arguments, keywords)
        except (Refusal, SpecError, ZeroDivisionError):
            return "refused"
        try:
            expected = evaluate_value(self.output, sizes)
        except ZeroDivisionError:
            return "other"
        return "same" if self.is_row and is_same_value(output, expected) else "other"


@record(frozen=False)
class ConditionLog:
    """The conditions of a derivation, and for each the path and the call of the row that was being derived."""

    conditions: list[Condition]
    places: list[str] = field(default_factory=list)
    trials: list[Trial | None] = field(default_factory=list)

    def place(self, path: str, trial: Trial | None = None) -> None:
        """What has come since the last time is of this row."""
        count = len(self.conditions) - len(self.places)
        self.places += [path] * count
        self.trials += [trial] * count


def evaluate_value(value: Any, sizes: Mapping[str, int]) -> Any:
    """A value of a derivation at some sizes of its dims, without symbols. Raises ZeroDivisionError."""
    if isinstance(value, Size):
        return evaluate(value, sizes)
    if isinstance(value, Tensor):
        shape = tuple(evaluate(size, sizes) for size in value.shape)
        strides = None if value.strides is None else tuple(evaluate(step, sizes) for step in value.strides)
        made = Tensor(value.dtype, shape, strides, requires_grad=value.requires_grad)
        made.conjugated = value.conjugated
        if value.extent is not None and value.extent.end is not None:
            made.extent = Extent(evaluate(value.extent.end, sizes))
        return made
    if isinstance(value, (tuple, list)):
        return type(value)(evaluate_value(item, sizes) for item in value)
    if isinstance(value, slice):
        return slice(*(evaluate_value(part, sizes) for part in (value.start, value.stop, value.step)))
    if isinstance(value, dict):
        return {key: evaluate_value(item, sizes) for key, item in value.items()}
    return value


def is_same_value(left: Any, right: Any) -> bool:
    """Whether two values without symbols are of one type, layouts included."""
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return (left.dtype, left.shape, left.strides) == (right.dtype, right.shape, right.strides)
    if isinstance(left, (tuple, list)) and isinstance(right, (tuple, list)):
        return len(left) == len(right) and all(map(is_same_value, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same_value(left[key], right[key]) for key in left)
    return type(left) is type(right) and bool(left == right)
