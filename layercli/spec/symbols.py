"""Plain arithmetic with sizes that have dims in them, where Python's own on ``Size`` doesn't reach: floats, powers.

Whatever can't be said as a formula takes the size at the trace's dims and records, as a condition, that it is so.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any, Final

from layercli.catalogue.sizes import Size, SizeTooComplex, as_int

__all__ = ["SizeFloat", "apply_function", "apply_to_sizes", "fix", "round_quotient", "to_float"]


class SizeFloat(float):
    """A float that came of sizes: ``T / 2``, ``sqrt(T)``. It is as good as any other until it decides something.

    ``sizes`` are those it depends on. A comparison, ``//`` and ``%``, and ``fix`` record that they are what they are in
    the trace. ``quotient`` are dividend and divisor where it is one whole number by another, so that rounding it gives a
    formula.
    """

    sizes: tuple[Size, ...]
    quotient: tuple[Any, Any] | None

    def fix(self) -> float:
        """The plain number, with the conditions that it takes."""
        for size in self.sizes:
            fix(size)
        return self.plain

    @property
    def plain(self) -> float:
        return float.__pos__(self)

    def __bool__(self) -> bool:
        return bool(self.fix())

    def __hash__(self) -> int:
        return float.__hash__(self)


def _make(number: float, *origins: Any, quotient: tuple[Any, Any] | None = None) -> SizeFloat:
    made = SizeFloat(number)
    found: dict[Any, Size] = {}
    for origin in origins:
        for size in (origin,) if isinstance(origin, Size) else getattr(origin, "sizes", ()):
            found[size.key] = size
    made.sizes, made.quotient = tuple(found.values()), quotient
    return made


def _to_plain(value: Any) -> Any:
    return (
        as_int(value) if isinstance(value, Size) else value.plain if isinstance(value, SizeFloat) else value
    )


def _keep(name: str) -> Callable[..., Any]:
    method = getattr(float, name)

    def apply(self: SizeFloat, *others: Any) -> Any:
        result = method(self, *(_to_plain(other) for other in others))
        return _make(result, self, *others) if isinstance(result, float) else result

    return apply


def _decide(name: str) -> Callable[..., Any]:
    method = getattr(float, name)

    def apply(self: SizeFloat, *others: Any) -> Any:
        return method(self.fix(), *(fix(other) for other in others))

    return apply


for _name in (
    "__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__", "__rtruediv__", "__pow__",
    "__rpow__", "__neg__", "__pos__", "__abs__",
):  # fmt: skip
    setattr(SizeFloat, _name, _keep(_name))
for _name in (
    "__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__", "__floordiv__", "__rfloordiv__", "__mod__", "__rmod__",
    "__round__",
):  # fmt: skip
    setattr(SizeFloat, _name, _decide(_name))


def fix(value: Any) -> Any:
    """The plain number that a size or a float made of sizes is in the trace, which is recorded; others as they are."""
    if isinstance(value, Size):
        count = as_int(value)
        return count if value == count else as_int(value)
    return value.fix() if isinstance(value, SizeFloat) else value


def to_float(value: Any) -> Any:
    """A size as a float that knows where it came from; other numbers as Python's float has them."""
    if isinstance(value, Size):
        return _make(float(as_int(value)), value)
    return value if isinstance(value, SizeFloat) else float(value)


def apply_function(function: Callable[..., float], *values: Any) -> Any:
    """A function of plain numbers, such as ``math.sqrt``, on sizes and floats made of them."""
    return _make(function(*(_to_plain(value) for value in values)), *values)


_ROUND: Final[dict[str, Callable[[float], int]]] = {"floor": math.floor, "ceil": math.ceil, "int": int}


def round_quotient(number: SizeFloat, direction: str) -> Any:
    """The int that ``floor``, ``ceil`` or ``int`` makes of a float: a formula where it is a quotient of sizes."""
    if number.quotient is None:
        fixed = number.fix()
        return _ROUND[direction](fixed)
    above, below = number.quotient
    if direction == "int":
        direction = "floor" if (above >= 0) == (below > 0) else "ceil"
    return above // below if direction == "floor" else -(-above // below)


#: Operators of ints for which a size has no formula.
_PLAIN: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.MatMult: operator.matmul,
}


def apply_to_sizes(kind: type[ast.operator], plain: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """An operator with a size, or a float made of sizes, on at least one side.

    Raises what Python raises for plain numbers there.
    """
    if kind in _PLAIN or not all(isinstance(value, (int, float, Size)) for value in (left, right)):
        return plain(fix(left), fix(right))
    whole = not isinstance(left, float) and not isinstance(right, float)
    if kind is ast.Div:
        quotient = (left, right) if whole else None
        if whole and isinstance(right, Size):
            # A quotient at other sizes, too, or an error there.
            _ = right != 0
        return _make(_to_plain(left) / _to_plain(right), left, right, quotient=quotient)
    if kind is ast.Pow:
        if whole and isinstance(left, Size) and isinstance(right, int) and right >= 0:
            return left ** int(right)
        result = _to_plain(left) ** _to_plain(right)
        return _make(result, left, right) if isinstance(result, float) else plain(fix(left), fix(right))
    if whole:
        try:
            return plain(left, right)
        except SizeTooComplex:
            return plain(fix(left), fix(right))
    return plain(to_float(left), to_float(right))
