"""Sizes with dims in them, which behave as integers: ``(H - 4) // 2`` at any ``H``.

A ``Size`` knows the integer that it is at the trace's sizes, and its canonical form, which is the same for
two sizes that are equal whatever the dims are. What turns out to be a constant is a plain int. A comparison is
decided at the trace's sizes and recorded as a ``Condition`` where other sizes could decide it otherwise.
"""

from __future__ import annotations

import operator as operators
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import gcd
from typing import Any, Final, Literal, TypeAlias

from layercli.catalogue.factored import format_terms
from layercli.catalogue.polynomials import (
    MAXIMAL_DEGREE,
    MAXIMAL_TERMS,
    ONE,
    Polynomial,
    SizeTooComplex,
    Terms,
    add,
    collect_dims,
    common_monomial,
    constant,
    content,
    count_terms,
    divide_out,
    evaluate_terms,
    floor_divide,
    freeze,
    is_always_zero,
    is_constant,
    is_never_zero,
    is_nonnegative,
    multiply,
    rank,
    scale,
)
from layercli.record import record

__all__ = [
    "AnySize",
    "Condition",
    "Size",
    "SizeTooComplex",
    "as_int",
    "ceil_div",
    "count_as",
    "dims_of",
    "evaluate",
    "format_size",
    "is_symbolic",
    "key_of",
    "make_dim",
    "maximum",
    "minimum",
    "product",
    "record_conditions",
    "same_shape",
    "substitute",
]

AnySize: TypeAlias = "int | Size"
#: The remainder of a multiple, ``2 * C % 5``, and of what is below 0, ``(-H) % 8``.
_MULTIPLE: Final = re.compile(r"(\d+) \* (\w+) % (\d+)")
_NEGATIVE: Final = re.compile(r"\(-(\w+(?: \* \w+)*)\) % (\d+)")
#: What is 0 where a remainder is less than a number: ``H % 4 // 2``.
_REMAINDER: Final = re.compile(r"((?:\w+|\([^()]+\)) % \d+) // (\d+)")
Comparison: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]

_COMPARISONS: Final[Mapping[Comparison, Callable[[Any, Any], bool]]] = {
    "==": operators.eq,
    "!=": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}
_OPPOSITES: Final[Mapping[Comparison, Comparison]] = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
}


@record(slots=True, eq=False, repr=False)
class Size:
    """An integer with dims in it: immutable, hashable by its canonical form, made by ``make_dim`` and arithmetic.

    ``key`` is the canonical form, ``value`` the integer at the trace's sizes. ``==`` is a comparison of values
    that is recorded, as are the others and ``bool``; ``same`` compares canonical forms and records nothing.
    It is no index and has no ``int()``, so that a dim is never fixed unseen: ``value`` is the way to do so.

    Arithmetic with other integers and sizes: ``+ - * // %``, ``divmod``, ``abs`` and ``**`` with a plain number.
    Raises ZeroDivisionError where a divisor is 0 at the trace's sizes (elsewhere that is a condition), and
    SizeTooComplex where the result has too many terms.
    """

    key: Terms
    value: int

    def same(self, other: object) -> bool:
        """Whether both are equal at all sizes, as their canonical forms tell."""
        return isinstance(other, Size) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return format_terms(self.key)

    def __add__(self, other: AnySize) -> AnySize:
        if not isinstance(other, int | Size):
            return NotImplemented
        return _make(add(dict(self.key), _to_polynomial(other)), self.value + as_int(other))

    __radd__ = __add__

    def __sub__(self, other: AnySize) -> AnySize:
        if not isinstance(other, int | Size):
            return NotImplemented
        return _make(add(dict(self.key), _to_polynomial(other), -1), self.value - as_int(other))

    def __rsub__(self, other: int) -> AnySize:
        if not isinstance(other, int):
            return NotImplemented
        return _make(add(constant(int(other)), dict(self.key), -1), other - self.value)

    def __mul__(self, other: AnySize) -> AnySize:
        if not isinstance(other, int | Size):
            return NotImplemented
        return _make(multiply(dict(self.key), _to_polynomial(other)), self.value * as_int(other))

    __rmul__ = __mul__

    def __neg__(self) -> AnySize:
        return _make(scale(dict(self.key), -1), -self.value)

    def __pos__(self) -> Size:
        return self

    def __abs__(self) -> AnySize:
        return self if self >= 0 else -self

    def __floordiv__(self, other: AnySize) -> AnySize:
        return _divide(self, other) if isinstance(other, int | Size) else NotImplemented

    def __rfloordiv__(self, other: int) -> AnySize:
        return _divide(int(other), self) if isinstance(other, int) else NotImplemented

    def __mod__(self, other: AnySize) -> AnySize:
        return self - other * _divide(self, other) if isinstance(other, int | Size) else NotImplemented

    def __rmod__(self, other: int) -> AnySize:
        return other - self * _divide(int(other), self) if isinstance(other, int) else NotImplemented

    def __divmod__(self, other: AnySize) -> tuple[AnySize, AnySize]:
        if not isinstance(other, int | Size):
            return NotImplemented
        quotient = _divide(self, other)
        return quotient, self - other * quotient

    def __pow__(self, exponent: int) -> AnySize:
        if not isinstance(exponent, int):
            return NotImplemented
        if exponent < 0:
            raise ValueError("a size has no negative power")
        if exponent > MAXIMAL_DEGREE:
            raise SizeTooComplex(f"a power of a size goes up to {MAXIMAL_DEGREE}, not {exponent}")
        result: AnySize = 1
        for _ in range(exponent):
            result = result * self
        return result

    def __eq__(self, other: object) -> bool:
        return _compare(self, "==", other) if isinstance(other, int | Size) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return _compare(self, "!=", other) if isinstance(other, int | Size) else NotImplemented

    def __lt__(self, other: AnySize) -> bool:
        return _compare(self, "<", other) if isinstance(other, int | Size) else NotImplemented

    def __le__(self, other: AnySize) -> bool:
        return _compare(self, "<=", other) if isinstance(other, int | Size) else NotImplemented

    def __gt__(self, other: AnySize) -> bool:
        return _compare(self, ">", other) if isinstance(other, int | Size) else NotImplemented

    def __ge__(self, other: AnySize) -> bool:
        return _compare(self, ">=", other) if isinstance(other, int | Size) else NotImplemented

    def __bool__(self) -> bool:
        return _compare(self, "!=", 0)


@record(slots=True, eq=False)
class Condition:
    """A comparison that was decided at the trace's sizes, ``outcome``, and could be otherwise at others.

    Equal to another by the canonical forms of both sides.
    """

    left: AnySize
    operator: Comparison
    right: AnySize
    outcome: bool

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether the comparison comes out the same at other sizes; False where a divisor is 0 there."""
        try:
            left, right = evaluate(self.left, sizes), evaluate(self.right, sizes)
        except ZeroDivisionError:
            return False
        return _COMPARISONS[self.operator](left, right) == self.outcome

    @property
    def differs(self) -> bool:
        """Whether it says that both sides are not equal."""
        return (self.operator, self.outcome) in (("!=", True), ("==", False))

    @property
    def dims(self) -> frozenset[str]:
        """The names of the dims in it."""
        return dims_of(self.left) | dims_of(self.right)

    @property
    def numbers(self) -> frozenset[int]:
        """The numbers that its sides are compared with or shifted by, without their signs."""
        sides = (self.left, self.right)
        terms = [term for side in sides if isinstance(side, Size) for term in side.key]
        found = {abs(coefficient) for monomial, coefficient in terms if not monomial}
        return frozenset(found | {abs(side) for side in sides if not isinstance(side, Size)})

    @property
    def is_of_one(self) -> bool:
        """Whether it only tells 0 and 1 from all other sizes."""
        if isinstance(self.right, Size) or not isinstance(self.left, Size):
            return False
        bounds = {"==": (0, 1), "!=": (0, 1), "<": (1, 2), ">=": (1, 2), "<=": (0, 1), ">": (0, 1)}
        return self.right in bounds[self.operator]

    def holds_from_one(self) -> bool:
        """Whether it is proved for all sizes of 1 and more."""
        try:
            with record_conditions() as unproved:
                shifted = {name: make_dim(name, 0) + 1 for name in self.dims}
                left, right = substitute(self.left, shifted), substitute(self.right, shifted)
                outcome = _COMPARISONS[self.operator](left, right)
        except (ZeroDivisionError, SizeTooComplex):
            return False
        return not unproved and outcome == self.outcome

    @property
    def _identity(self) -> tuple[Any, ...]:
        return key_of(self.left), self.operator, key_of(self.right), self.outcome

    def __eq__(self, other: object) -> bool:
        return self._identity == other._identity if isinstance(other, Condition) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity)

    def negate(self) -> Condition:
        """What would have had to hold for the other outcome."""
        return Condition(self.left, self.operator, self.right, not self.outcome)

    def describe(self) -> str:
        """What held at sizes of 1 and more, as short as it can be said: ``H % 2 == 0``, ``S == T``."""
        texts = [str(self)]
        difference = self.left - self.right
        if self.operator in ("==", "!=") and isinstance(difference, Size) and ONE not in dict(difference.key):
            shown = self.operator if self.outcome else _OPPOSITES[self.operator]
            terms = dict(difference.key)
            # Dims are no reason for a product to be 0.
            common = tuple(item for item in common_monomial(terms) if item[0][0])
            rest = Size(freeze(divide_out(terms, common, content(terms))), 0)
            zero = min(format_size(rest), format_size(-rest), key=len)
            within = _REMAINDER.fullmatch(zero)
            if within is not None:
                texts.append(f"{within[1]} {'<' if shown == '==' else '>='} {within[2]}")
            elif " % " in zero and "//" not in zero:
                texts.append(f"{_shorten_remainder(zero)} {shown} 0")
            first, *others = sorted(rest.key)
            if len(others) == 1 and {first[1], others[0][1]} == {1, -1}:
                left, right = (format_size(Size(((monomial, 1),), 0)) for monomial, _ in (first, *others))
                texts.append(f"{left} {shown} {right}")
        return min(texts, key=len)

    def __str__(self) -> str:
        """What held, as Python writes it: a comparison that was false is shown as its opposite."""
        shown = self.operator if self.outcome else _OPPOSITES[self.operator]
        return f"{format_size(self.left)} {shown} {format_size(self.right)}"


def _shorten_remainder(remainder: str) -> str:
    """One that is 0 where another is: ``C % 5`` for ``2 * C % 5``, ``H % 8`` for ``(-H) % 8``."""
    negative = _NEGATIVE.fullmatch(remainder)
    if negative is not None:
        remainder = f"{negative[1]} % {negative[2]}"
    found = _MULTIPLE.fullmatch(remainder)
    if found is None or gcd(int(found[1]), int(found[3])) != 1:
        return remainder
    return f"{found[2]} % {found[3]}"


_recorder: ContextVar[list[Condition] | None] = ContextVar("conditions", default=None)


@contextmanager
def record_conditions() -> Iterator[list[Condition]]:
    """Collect the conditions of the comparisons made inside, in their order, repeated ones repeated.

    An inner recorder keeps its conditions from the outer one.
    """
    conditions: list[Condition] = []
    token = _recorder.set(conditions)
    try:
        yield conditions
    finally:
        _recorder.reset(token)


def make_dim(name: str, value: int) -> Size:
    """The dim ``name``, whose size in the trace is ``value``.

    Raises ValueError for a name that is no identifier and for a negative value.
    """
    if not name.isidentifier():
        raise ValueError(f"a dim is named by an identifier, not {name!r}")
    if value < 0:
        raise ValueError(f"the dim {name} is 0 or more, not {value}")
    return Size((((((name, (), ()), 1),), 1),), value)


def evaluate(size: AnySize, sizes: Mapping[str, int]) -> int:
    """The integer that ``size`` is at other sizes of its dims.

    Raises KeyError for a dim that ``sizes`` lacks and ZeroDivisionError where a divisor is 0.
    """
    return evaluate_terms(size.key, sizes) if isinstance(size, Size) else size


def substitute(size: AnySize, sizes: Mapping[str, AnySize]) -> AnySize:
    """The size with other sizes in the place of its dims.

    Raises KeyError for a dim that ``sizes`` lacks, ZeroDivisionError and SizeTooComplex as arithmetic does.
    """
    return _substitute(size.key, sizes) if isinstance(size, Size) else size


def _substitute(terms: Terms, sizes: Mapping[str, AnySize]) -> AnySize:
    total: AnySize = 0
    for monomial, coefficient in terms:
        part: AnySize = coefficient
        for (name, numerator, divisor), exponent in monomial:
            atom = sizes[name] if name else _substitute(numerator, sizes) // _substitute(divisor, sizes)
            part = part * atom**exponent
        total = total + part
    return total


def dims_of(size: AnySize) -> frozenset[str]:
    """The names of the dims that ``size`` depends on."""
    return frozenset(collect_dims(size.key)) if isinstance(size, Size) else frozenset()


def format_size(size: AnySize) -> str:
    """The size as a formula in factored form, which Python reads back: ``16 * ((H - 8) // 4)``."""
    return format_terms(size.key) if isinstance(size, Size) else str(int(size))


def as_int(size: AnySize) -> int:
    """The integer at the trace's sizes."""
    # An int that knows its formula keeps it.
    return size.value if isinstance(size, Size) else +size


def is_symbolic(size: object) -> bool:
    """Whether the size depends on a dim."""
    return isinstance(size, Size)


def key_of(size: AnySize) -> int | Terms:
    """What two sizes share exactly when they are the same at all dims; compared and hashed unrecorded."""
    return size.key if isinstance(size, Size) else size


def same_shape(left: Sequence[AnySize], right: Sequence[AnySize]) -> bool:
    """Whether two shapes are equal at all sizes, by canonical forms; nothing is recorded."""
    return len(left) == len(right) and all(
        key_of(own) == key_of(other) for own, other in zip(left, right, strict=True)
    )


def ceil_div(dividend: AnySize, divisor: AnySize) -> AnySize:
    """The quotient rounded up."""
    return -(-dividend // divisor)


def product(sizes: Iterable[AnySize]) -> AnySize:
    """All sizes multiplied; 1 for none."""
    result: AnySize = 1
    for size in sizes:
        result = result * size
    return result


def maximum(left: AnySize, right: AnySize) -> AnySize:
    """The greater one at the trace's sizes, with the comparison recorded where it could be the other."""
    return left if left >= right else right


def minimum(left: AnySize, right: AnySize) -> AnySize:
    """The lesser one at the trace's sizes, with the comparison recorded where it could be the other."""
    return left if left <= right else right


def count_as(count: AnySize, unit: str) -> AnySize:
    """``count``, which is told as so many ``unit`` where its formula is told."""
    tell: Callable[[str], int] | None = getattr(count, "tell_unit", None)
    return count if tell is None else tell(unit)


def _to_polynomial(size: AnySize) -> Polynomial:
    return dict(size.key) if isinstance(size, Size) else constant(int(size))


def _make(polynomial: Polynomial, value: int) -> AnySize:
    if is_constant(polynomial):
        return value
    terms = freeze(polynomial)
    if count_terms(terms) > MAXIMAL_TERMS:
        raise SizeTooComplex(f"a size has more than {MAXIMAL_TERMS} terms")
    if rank(terms[0][0])[0] > MAXIMAL_DEGREE:
        raise SizeTooComplex(f"a size has a power above {MAXIMAL_DEGREE}")
    return Size(terms, value)


def _divide(dividend: AnySize, divisor: AnySize) -> AnySize:
    value = as_int(dividend) // as_int(divisor)
    if isinstance(divisor, Size):
        _compare(divisor, "!=", 0)
    return _make(floor_divide(_to_polynomial(dividend), _to_polynomial(divisor)), value)


def _compare(left: Size, operator: Comparison, right: AnySize) -> bool:
    outcome = _COMPARISONS[operator](left.value, as_int(right))
    recorder = _recorder.get()
    if recorder is not None and not _is_settled(left, operator, right):
        recorder.append(Condition(left, operator, right, outcome))
    return outcome


def _is_settled(left: Size, operator: Comparison, right: AnySize) -> bool:
    """Whether the comparison is proved to come out the same at all sizes."""
    difference = add(dict(left.key), _to_polynomial(right), -1)
    if is_constant(difference):
        return True
    if operator in ("==", "!="):
        return is_never_zero(difference) or is_always_zero(difference)
    if operator in (">", "<="):
        difference = scale(difference, -1)
    # The question is whether the difference is below 0.
    return is_nonnegative(difference) or is_nonnegative(add(scale(difference, -1), {ONE: -1}))
