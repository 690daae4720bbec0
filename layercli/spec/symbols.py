"""Plain arithmetic with sizes that have dims in them, where Python's own on ``Size`` doesn't reach: floats, powers.

Whatever can't be said as a formula takes the size at the trace's dims and records, as a condition, that it is so.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from layercli.catalogue.sizes import Size, SizeTooComplex, as_int, format_size

__all__ = ["SizeFloat", "apply_function", "apply_to_sizes", "fix", "round_quotient", "to_float"]


class SizeFloat(float):
    """A float that came of sizes: ``T / 2``, ``sqrt(T)``. It is as good as any other until it decides something.

    ``sizes`` are those it depends on. A comparison, ``//`` and ``%``, and ``fix`` record that they are what they are in
    the trace. ``quotient`` are dividend and divisor where it is one whole number by another, so that rounding it gives a
    formula. ``formula`` is how it was computed, as Python writes it, ``level`` how tightly its last operator binds.
    """

    sizes: tuple[Size, ...]
    quotient: tuple[Any, Any] | None
    formula: str
    level: int

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


#: How tightly operators bind; a name, a number and a call bind tightest.
_LEVELS: Final[dict[str, int]] = {"+": 0, "-": 0, "*": 1, "/": 1, "**": 3}
_UNARY, _ATOM = 2, 4


def _write(value: Any) -> tuple[str, int]:
    """An operand as Python writes it, and how tightly it binds."""
    if isinstance(value, SizeFloat):
        return value.formula, value.level
    text = format_size(value) if isinstance(value, Size) else repr(value)
    return text, _ATOM if text.isidentifier() or text.replace(".", "").isalnum() else -1


def _join(left: Any, sign: str, right: Any) -> tuple[str, int]:
    """``left`` and ``right`` with an operator between them, bracketed where they have to be."""
    level = _LEVELS[sign]
    (first, own), (second, other) = _write(left), _write(right)
    shown = f"({first})" if own < level or (own == level and sign == "**") else first
    return (
        f"{shown} {sign} {f'({second})' if other < level or (other == level and sign != '**') else second}",
        level,
    )


def _call(name: str, values: Sequence[Any]) -> tuple[str, int]:
    return f"{name}({', '.join(_write(value)[0] for value in values)})", _ATOM


def _make(
    number: float, written: tuple[str, int], *origins: Any, quotient: tuple[Any, Any] | None = None
) -> SizeFloat:
    made = SizeFloat(number)
    made.formula, made.level = written
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


def _keep(name: str, sign: str) -> Callable[..., Any]:
    method = getattr(float, f"__{name}__")

    def apply(self: SizeFloat, *others: Any) -> Any:
        result = method(self, *(_to_plain(other) for other in others))
        if not isinstance(result, float):
            return result
        if not others:
            text, level = _write(self)
            shown = text if level >= _UNARY else f"({text})"
            written = {"neg": (f"-{shown}", _UNARY), "abs": _call("abs", [self])}.get(name, (text, level))
        else:
            (other,) = others
            written = _join(other, sign, self) if name.startswith("r") else _join(self, sign, other)
        return _make(result, written, self, *others)

    return apply


def _decide(name: str) -> Callable[..., Any]:
    method = getattr(float, name)

    def apply(self: SizeFloat, *others: Any) -> Any:
        return method(self.fix(), *(fix(other) for other in others))

    return apply


for _name, _sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}.items():
    setattr(SizeFloat, f"__{_name}__", _keep(_name, _sign))
    setattr(SizeFloat, f"__r{_name}__", _keep(f"r{_name}", _sign))
for _name in ("neg", "pos", "abs"):
    setattr(SizeFloat, f"__{_name}__", _keep(_name, ""))
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
        return _make(float(as_int(value)), _write(value), value)
    return value if isinstance(value, SizeFloat) else float(value)


#: Where a function has a value at all.
_DOMAINS: Final[dict[str, Callable[[Size], bool]]] = {
    "sqrt": lambda size: size >= 0,
    "log": lambda size: size > 0,
    "log2": lambda size: size > 0,
    "log10": lambda size: size > 0,
}


def apply_function(function: Callable[..., float], *values: Any) -> Any:
    """A function of plain numbers, such as ``math.sqrt``, on sizes and floats made of them."""
    result = function(*(_to_plain(value) for value in values))
    decide = _DOMAINS.get(function.__name__)
    if decide is not None and isinstance(values[0], Size):
        # A number at other sizes, too, or an error there.
        decide(values[0])
    return _make(result, _call(function.__name__, values), *values)


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
        result = _to_plain(left) / _to_plain(right)
        return _make(result, _join(left, "/", right), left, right, quotient=quotient)
    if kind is ast.Pow:
        if whole and isinstance(left, Size) and isinstance(right, int) and right >= 0:
            return left ** int(right)
        result = _to_plain(left) ** _to_plain(right)
        if not isinstance(result, float):
            return plain(fix(left), fix(right))
        return _make(result, _join(left, "**", right), left, right)
    if whole:
        try:
            return plain(left, right)
        except SizeTooComplex:
            return plain(fix(left), fix(right))
    return plain(to_float(left), to_float(right))
