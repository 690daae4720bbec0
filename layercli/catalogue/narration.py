"""Whole numbers that remember how they came about, so that a rule tells the formula that it evaluates.

A rule of the catalogue is plain arithmetic. Run on ``Narrated`` sizes and arguments it gives the numbers that it always
gives, and each has the term of its formula, with numbers or names at its ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod
from typing import Any, Final, Literal, TypeAlias

from layercli.catalogue.sizes import Size, as_int
from layercli.record import record

#: Formulas with more parts than this are told by their value alone.
MAX_PARTS: Final = 100


@record(slots=True)
class Name:
    """What a formula begins with: a size or an argument, by its name and its value.

    ``symbol`` is the value as a formula over dims, where it has dims in it.
    """

    name: str
    value: int | float
    symbol: str = ""


@record(slots=True)
class Constant:
    """A number that stands in the rule."""

    value: int | float


@record(slots=True)
class Operation:
    """An operation of Python on two terms, or on one of them: ``+ - * // %``, ``neg``, ``floor`` of a fraction.

    ``value`` is what it gives, ``parts`` the number of ends that it has.
    """

    operator: Literal["+", "-", "*", "//", "%", "neg", "floor"]
    operands: tuple[Term, ...]
    value: int | float
    parts: int


@record(slots=True)
class Group:
    """A term that counts things: ``28*28 positions``."""

    term: Term
    unit: str
    value: int


Term: TypeAlias = "Name | Constant | Operation | Group"


_TELLING: ContextVar[bool] = ContextVar("layercli_telling_names", default=False)


@contextmanager
def tell_names() -> Iterator[None]:
    """Inside, sentences that are made of narrated numbers say their names."""
    token = _TELLING.set(True)
    try:
        yield
    finally:
        _TELLING.reset(token)


class Narrated(int):
    """An int with the term of its formula. Arithmetic with other ints gives another; all else is as for an int."""

    term: Term

    def __new__(cls, value: int, term: Term) -> Narrated:
        made = super().__new__(cls, value)
        made.term = term
        return made

    def __add__(self, other: int) -> Any:
        return _combine("+", self, other, int.__add__(self, other))

    def __radd__(self, other: int) -> Any:
        return _combine("+", other, self, int.__radd__(self, other))

    def __sub__(self, other: int) -> Any:
        return _combine("-", self, other, int.__sub__(self, other))

    def __rsub__(self, other: int) -> Any:
        return _combine("-", other, self, int.__rsub__(self, other))

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, float):
            return _multiply(self, other)
        return _combine("*", self, other, int.__mul__(self, other))

    def __rmul__(self, other: Any) -> Any:
        if isinstance(other, float):
            return _multiply(other, self)
        return _combine("*", other, self, int.__rmul__(self, other))

    def __floordiv__(self, other: int) -> Any:
        return _combine("//", self, other, int.__floordiv__(self, other))

    def __rfloordiv__(self, other: int) -> Any:
        return _combine("//", other, self, int.__rfloordiv__(self, other))

    def __mod__(self, other: int) -> Any:
        return _combine("%", self, other, int.__mod__(self, other))

    def __rmod__(self, other: int) -> Any:
        return _combine("%", other, self, int.__rmod__(self, other))

    def __divmod__(self, other: int) -> tuple[int, int]:
        return self // other, self % other

    def __pow__(self, exponent: int, modulus: int | None = None) -> Any:
        if modulus is None and type(exponent) is int and 0 < exponent <= 4:
            return prod([self] * exponent)
        return pow(int(self), exponent, modulus)

    def __neg__(self) -> int:
        value, term = -int(self), self.term
        if isinstance(term, Operation) and term.operator == "neg":
            return Narrated(value, term.operands[0])
        return Narrated(value, Operation("neg", (term,), value, _count_parts(term)))

    def __pos__(self) -> Narrated:
        return self

    def __abs__(self) -> int:
        return self if self >= 0 else -self

    def __repr__(self) -> str:
        return draw_formula(self.term, "names") if _TELLING.get() else int.__repr__(self)

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self) if _TELLING.get() else int.__format__(self, spec)

    def tell_unit(self, unit: str) -> int:
        """The same, as so many of a unit."""
        return Narrated(int(self), Group(self.term, unit, int(self)))


def count_by(count: int, function: str, arguments: Sequence[int], unit: str) -> int:
    """A count of things whose formula is too long to be told: in names it is a function of what it came of."""
    if not isinstance(count, Narrated):
        return count
    given = ", ".join(draw_formula(term_of(argument), "names") for argument in arguments)
    return Narrated(int(count), Group(Name(f"{function}({given})", int(count)), unit, int(count)))


class NarratedFraction(float):
    """A float with its term: an argument, or a size times one. ``trunc`` and ``floor`` give a ``Narrated``."""

    term: Term

    def __new__(cls, value: float, term: Term) -> NarratedFraction:
        made = super().__new__(cls, value)
        made.term = term
        return made

    def __mul__(self, other: float) -> float:
        return _multiply(self, other)

    def __rmul__(self, other: float) -> float:
        return _multiply(other, self)

    def __trunc__(self) -> int:
        value = int(float(self))
        return Narrated(value, Operation("floor", (self.term,), value, _count_parts(self.term)))


def _multiply(left: float, right: float) -> float:
    """A product of a fraction, narrated where a factor is."""
    if not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
        return NotImplemented
    value = float(left) * float(right)
    for factor, other in ((left, right), (right, left)):
        if type(factor) is float and factor == 1:
            return NarratedFraction(value, term_of(other))
    operands = (term_of(left), term_of(right))
    return NarratedFraction(value, Operation("*", operands, value, sum(map(_count_parts, operands))))


def _combine(operator: Literal["+", "-", "*", "//", "%"], left: int, right: int, value: Any) -> Any:
    if value is NotImplemented:
        return value
    # What changes nothing in any call isn't part of the formula.
    if not isinstance(right, Narrated) and (operator, right) in _NEUTRAL_RIGHT:
        return left
    if not isinstance(left, Narrated) and (operator, left) in _NEUTRAL_LEFT:
        return right
    if operator == "*" and any(other == 0 and not isinstance(other, Narrated) for other in (left, right)):
        return 0
    operands = (term_of(left), term_of(right))
    if operator == "//":
        rest = _cancel(*operands)
        if rest is not None:
            return Narrated(value, rest)
    return Narrated(value, Operation(operator, operands, value, sum(map(_count_parts, operands))))


def _cancel(dividend: Term, divisor: Term) -> Term | None:
    """A product without the factor that it is divided by; None where it has none."""
    if not (isinstance(divisor, Name) and isinstance(dividend, Operation) and dividend.operator == "*"):
        return None
    left, right = dividend.operands
    if right == divisor:
        return left
    if left == divisor:
        return right
    for place, factor in ((1, right), (0, left)):
        rest = _cancel(factor, divisor)
        if rest is not None:
            operands = (left, rest) if place else (rest, right)
            value = operands[0].value * operands[1].value
            return Operation("*", operands, value, sum(map(_count_parts, operands)))
    return None


_NEUTRAL_RIGHT = {("+", 0), ("-", 0), ("*", 1), ("//", 1)}
_NEUTRAL_LEFT = {("+", 0), ("*", 1)}


def _count_parts(term: Term) -> int:
    if isinstance(term, Group):
        return _count_parts(term.term)
    return term.parts if isinstance(term, Operation) else 1


def term_of(value: Any) -> Term:
    """The term of a number; a plain one is a constant."""
    if isinstance(value, (Narrated, NarratedFraction)):
        return value.term
    return Constant(value if isinstance(value, float) else int(as_int(value)))


def narrate(value: Any, name: str) -> Any:
    """A value with a name: numbers, and those in tuples and lists. Bools and all else are as they were."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Size):
        return Narrated(as_int(value), Name(name, as_int(value), str(value)))
    if isinstance(value, int):
        return Narrated(int(value), Name(name, int(value)))
    if isinstance(value, float):
        return NarratedFraction(value, Name(name, value))
    if isinstance(value, (tuple, list)):
        return type(value)(narrate(item, f"{name}[{place}]") for place, item in enumerate(value))
    if isinstance(value, slice):
        parts = ("start", "stop", "step")
        return slice(*(narrate(getattr(value, part), f"{name}.{part}") for part in parts))
    return value


# Text ---------------------------------------------------------------------------------------------------------

#: How the ends of a formula are written: the numbers that they are, their names, or their formulas over dims.
Ends: TypeAlias = Literal["numbers", "names", "dims"]

#: How strongly a text binds.
_SUM, _QUOTIENT, _PRODUCT, _SIGN, _ATOM = range(5)

_Piece: TypeAlias = "tuple[str, int]"


def is_formula(value: object) -> bool:
    """Whether a number came about by arithmetic rather than as it was given; too long formulas aren't told."""
    return isinstance(value, Narrated) and _is_told(value.term)


def _is_told(term: Term) -> bool:
    return isinstance(term, (Operation, Group)) and _count_parts(term) <= MAX_PARTS


def write_formula(term: Term, ends: Ends = "numbers") -> str:
    """A formula as Python evaluates it, ``floor`` being that of ``math``."""
    return _Writer(ends, python=True).write(term)[0]


def draw_formula(term: Term, ends: Ends = "numbers", *, brief: bool = False) -> str:
    """A formula for people: ``floor(a / b)`` and ``ceil(a / b)``, units behind what they count.

    Where ``brief``, divisions by 1 and sums with 0 are left out, a batch of 1, and single things that would be counted.
    """
    return _Writer(ends, python=False, brief=brief).write(term)[0]


@record
class _Writer:
    ends: Ends
    python: bool
    brief: bool = False

    @property
    def counts(self) -> bool:
        """Whether units are written."""
        return not self.python and self.ends != "names"

    def write(self, term: Term) -> _Piece:
        """The text, and how strongly it binds."""
        if isinstance(term, Operation):
            return _WRITE[term.operator](self, term)
        if isinstance(term, Group):
            if not self.counts:
                return self.write(term.term)
            return f"{self.wrap(term.term, _PRODUCT)} {term.unit}", _QUOTIENT
        if isinstance(term, Name):
            if self.ends == "names":
                return term.name, _ATOM
            if self.ends == "dims" and term.symbol:
                return term.symbol, _ATOM if term.symbol.isidentifier() else _SUM
        return str(term.value), _ATOM if term.value >= 0 else _SIGN

    def wrap(self, term: Term, least: int) -> str:
        """The text, in brackets where it binds less than that."""
        text, strength = self.write(term)
        return text if strength >= least else f"({text})"

    def write_sum(self, term: Operation) -> _Piece:
        parts = _join_parts(self.iterate_sum(term, 1))
        if self.brief:
            parts = [(sign, part) for sign, part in parts if part.value != 0]
        if not parts:
            return "0", _ATOM
        # A sum begins with what is added, if anything is.
        parts.insert(0, parts.pop(next((place for place, (sign, _) in enumerate(parts) if sign > 0), 0)))
        (first, part), *others = parts
        if first > 0 and not others:
            return self.write(part)
        text = "-" * (first < 0) + self.wrap(part, _QUOTIENT if first > 0 else _ATOM)
        for sign, part in others:
            text += f" {'+' if sign > 0 else '-'} {self.wrap(part, _QUOTIENT)}"
        return text, _SUM

    def iterate_sum(self, term: Term, sign: int) -> Iterator[tuple[int, Term]]:
        """The parts of a sum with their signs."""
        if isinstance(term, Operation) and term.operator in ("+", "-"):
            yield from self.iterate_sum(term.operands[0], sign)
            yield from self.iterate_sum(term.operands[1], -sign if term.operator == "-" else sign)
        elif isinstance(term, Operation) and term.operator == "neg" and not _is_quotient(term.operands[0]):
            yield from self.iterate_sum(term.operands[0], -sign)
        elif isinstance(term, Constant) and term.value < 0:
            yield -sign, Constant(-term.value)
        else:
            yield sign, term

    def write_product(self, term: Operation) -> _Piece:
        pieces: list[str] = []
        plain: list[str] = []
        counted = False
        for factor in self.iterate_product(term):
            if not isinstance(factor, Group):
                if not (self.brief and _is_single(factor)):
                    text, strength = self.write(factor)
                    plain.append(text if strength in (_PRODUCT, _ATOM) else f"({text})")
                continue
            counted = True
            if self.brief and factor.value == 1:
                continue
            pieces += ["*".join(plain)] if plain else []
            pieces.append(f"{self.wrap(factor.term, _PRODUCT)} {factor.unit}")
            plain = []
        pieces += ["*".join(plain)] if plain else []
        return " * ".join(pieces) or "1", _QUOTIENT if counted else _PRODUCT

    def iterate_product(self, term: Term) -> Iterator[Term]:
        """The factors of a product; those that count something are whole."""
        if isinstance(term, Operation) and term.operator == "*":
            for operand in term.operands:
                yield from self.iterate_product(operand)
        elif isinstance(term, Group) and not self.counts:
            yield from self.iterate_product(term.term)
        else:
            yield term

    def write_quotient(self, term: Operation) -> _Piece:
        dividend, divisor = term.operands
        if divisor.value == 1 and (self.brief or (self.ends == "dims" and not has_dims(divisor))):
            return self.write(dividend)
        is_sum = self.write(dividend)[1] == _SUM
        plain = self.ends == "numbers" or (
            self.ends == "dims" and not (has_dims(dividend) or has_dims(divisor))
        )
        if self.python or not (is_sum or plain):
            return f"{self.wrap(dividend, _PRODUCT)} // {self.wrap(divisor, _ATOM)}", _QUOTIENT
        if not is_sum and dividend.value % divisor.value == 0:
            return f"{self.wrap(dividend, _PRODUCT)}/{self.wrap(divisor, _ATOM)}", _QUOTIENT
        return f"floor({self.write_fraction(dividend, divisor)})", _ATOM

    def write_fraction(self, dividend: Term, divisor: Term) -> str:
        return f"{self.wrap(dividend, _PRODUCT)} / {self.wrap(divisor, _ATOM)}"

    def write_remainder(self, term: Operation) -> _Piece:
        dividend, divisor = term.operands
        return f"{self.wrap(dividend, _ATOM)} % {self.wrap(divisor, _ATOM)}", _QUOTIENT

    def write_negation(self, term: Operation) -> _Piece:
        (operand,) = term.operands
        if self.is_ceiling(term):
            assert isinstance(operand, Operation)
            dividend, divisor = operand.operands
            assert isinstance(dividend, Operation)
            return f"ceil({self.write_fraction(dividend.operands[0], divisor)})", _ATOM
        return f"-{self.wrap(operand, _ATOM)}", _SIGN

    def is_ceiling(self, term: Operation) -> bool:
        """Whether it is ``-(-a // b)``, written for people."""
        inner = term.operands[0]
        if self.python or not isinstance(inner, Operation) or not _is_quotient(inner):
            return False
        dividend = inner.operands[0]
        return isinstance(dividend, Operation) and dividend.operator == "neg"

    def write_floor(self, term: Operation) -> _Piece:
        return f"floor({self.write(term.operands[0])[0]})", _ATOM


def _join_parts(parts: Iterable[tuple[int, Term]]) -> list[tuple[int, Term]]:
    """The parts of a sum with its constants as one, where the last of them stands, and equal names as a multiple."""
    constant = 0
    counts: dict[Name, int] = {}
    order: list[tuple[int, Term] | None] = []
    for sign, part in parts:
        if isinstance(part, Constant):
            constant += sign * int(part.value)
            order = [item for item in order if item is not None] + [None]
        elif isinstance(part, Name):
            counts[part] = counts.get(part, 0) + sign
            order += [(1, part)] if (1, part) not in order else []
        else:
            order.append((sign, part))
    joined: list[tuple[int, Term]] = []
    for item in order:
        if item is None:
            joined += [(1 if constant > 0 else -1, Constant(abs(constant)))] if constant else []
        elif isinstance(item[1], Name):
            times = counts[item[1]]
            if times:
                joined.append((1 if times > 0 else -1, _multiply_term(abs(times), item[1])))
        else:
            joined.append(item)
    return joined


def iterate_names(term: Term) -> Iterator[Name]:
    """What a formula begins with, as often as it stands there."""
    if isinstance(term, Name):
        yield term
    elif isinstance(term, Group):
        yield from iterate_names(term.term)
    elif isinstance(term, Operation):
        for operand in term.operands:
            yield from iterate_names(operand)


def _is_quotient(term: Term) -> bool:
    return isinstance(term, Operation) and term.operator == "//"


def has_dims(term: Term) -> bool:
    """Whether a formula has dims in it."""
    return any(name.symbol for name in iterate_names(term))


def is_plain_product(term: Term) -> bool:
    """Whether a formula only multiplies and divides by what changes nothing, so that it tells no more than its value."""
    if isinstance(term, Operation):
        others = [name for name in iterate_names(term) if name.value != 1]
        return term.operator in ("*", "//") and [name.value for name in others] == [term.value]
    return False


def _is_single(term: Term) -> bool:
    """Whether a factor is the number of samples, and that is 1."""
    return (
        isinstance(term, Name) and term.value == 1 and (term.name == "N" or term.name.endswith(".shape[0]"))
    )


def _multiply_term(times: int, term: Name) -> Term:
    return term if times == 1 else Operation("*", (Constant(times), term), times * term.value, 2)


_WRITE: Mapping[str, Callable[[_Writer, Operation], _Piece]] = {
    "+": _Writer.write_sum,
    "-": _Writer.write_sum,
    "*": _Writer.write_product,
    "//": _Writer.write_quotient,
    "%": _Writer.write_remainder,
    "neg": _Writer.write_negation,
    "floor": _Writer.write_floor,
}
