"""The text of a size: factors where there are some, one division where it says all, as Python reads it back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import gcd, isqrt
from typing import NamedTuple

from layercli.catalogue.polynomials import (
    ONE,
    Atom,
    Monomial,
    Polynomial,
    Terms,
    add,
    common_monomial,
    constant,
    content,
    divide_exactly,
    divide_out,
    divide_with_remainder,
    freeze,
    is_constant,
    is_nonnegative,
    iterate_atoms,
    multiply,
    rank,
    scale,
)

_SUM, _PRODUCT, _POWER, _ATOM = range(4)

_TWO: Terms = ((ONE, 2),)

#: Sums longer than this are written term by term: nothing makes them readable.
_MAXIMAL_SUM = 40
#: How often a sum is taken into a division, a remainder or a product, one inside the other.
_MAXIMAL_DEPTH = 2
#: The greatest number whose divisors are tried as coefficients of a linear factor.
_MAXIMAL_CONTENT = 1_000_000


class _Text(NamedTuple):
    """An expression and how tightly its outermost operator binds."""

    text: str
    level: int

    def bracketed(self, level: int) -> str:
        """The text as an operand of an operator that binds as tightly as ``level`` says."""
        return f"({self.text})" if self.level < level else self.text


def format_terms(terms: Terms) -> str:
    """The factored form of a polynomial: the same text for the same terms."""
    return _format_frozen(terms, 0).text


def _format(polynomial: Polynomial, depth: int) -> _Text:
    return _format_frozen(freeze(polynomial), depth)


@lru_cache(maxsize=4096)
def _format_frozen(terms: Terms, depth: int) -> _Text:
    # depth is the number of rearrangements that led here.
    polynomial = _round_halves_up(dict(terms))
    if is_constant(polynomial):
        number = polynomial.get(ONE, 0)
        return _Text(str(number), _ATOM if number >= 0 else _PRODUCT)
    number = content(polynomial)
    if polynomial[max(polynomial, key=rank)] < 0:
        number = -number
    monomial = common_monomial(polynomial)
    primitive = divide_out(polynomial, monomial, number)
    factors = [] if is_constant(primitive) else _find_factors(primitive)
    lone_division = not factors and len(monomial) == 1 and monomial[0][1] == 1 and not monomial[0][0][0]
    if abs(number) == 1 and (lone_division or (len(factors) == 1 and not monomial)):
        return _format_sum(polynomial, depth)
    text = _format_product(number, monomial, factors, depth)
    if len(factors) == 1 and not monomial and _is_rearrangeable(polynomial, depth):
        products = _format_with_product(polynomial, depth + 1)
        return min([text, *products, *_format_with_remainder(polynomial, depth + 1)], key=_length)
    return text


def _is_rearrangeable(polynomial: Polynomial, depth: int) -> bool:
    return len(polynomial) <= _MAXIMAL_SUM and depth < _MAXIMAL_DEPTH


def _round_halves_up(polynomial: Polynomial) -> Polynomial:
    """``H - H // 2`` as ``(H + 1) // 2``, wherever that leaves fewer terms."""
    halves = {atom for atom in iterate_atoms(polynomial.items()) if not atom[0] and atom[2] == _TWO}
    for atom in sorted(halves):
        numerator = dict(atom[1])
        other: Atom = ("", freeze(add(numerator, constant(1))), _TWO)
        exchanged: Polynomial = {}
        for monomial, coefficient in polynomial.items():
            exponent = dict(monomial).get(atom, 0)
            term = {tuple(item for item in monomial if item[0] != atom): coefficient}
            for _ in range(exponent):
                term = multiply(term, add(numerator, {((other, 1),): -1}))
            exchanged = add(exchanged, term)
        if len(exchanged) < len(polynomial):
            polynomial = exchanged
    return polynomial


def _length(text: _Text) -> tuple[int, str]:
    return len(text.text), text.text


def _format_product(number: int, monomial: Monomial, factors: list[Polynomial], depth: int) -> _Text:
    dims = sorted((atom[0], exponent) for atom, exponent in monomial if atom[0])
    others = [
        (_format_division(dict(a[1]), dict(a[2]), depth), exponent) for a, exponent in monomial if not a[0]
    ]
    texts = [_format_sum(factor, depth) for factor in factors]
    others += [(text, texts.count(text)) for text in dict.fromkeys(texts)]
    parts = [_format_power(_Text(name, _ATOM), exponent) for name, exponent in dims]
    parts += sorted((_format_power(text, exponent) for text, exponent in others), key=_length)
    if len(parts) == 1 and number == 1:
        return parts[0]
    joined = " * ".join(part.bracketed(_POWER) for part in parts)
    if abs(number) != 1:
        joined = f"{abs(number)} * {joined}"
    return _Text(f"-{joined}" if number < 0 else joined, _PRODUCT)


def _format_power(base: _Text, exponent: int) -> _Text:
    return base if exponent == 1 else _Text(f"{base.bracketed(_ATOM)} ** {exponent}", _POWER)


def _format_division(numerator: Polynomial, divisor: Polynomial, depth: int, sign: str = "//") -> _Text:
    above, below = _format(numerator, depth), _format(divisor, depth)
    shown = f"({above.text})" if above.text.startswith("-") else above.bracketed(_PRODUCT)
    return _Text(f"{shown} {sign} {below.bracketed(_POWER)}", _PRODUCT)


def _format_sum(polynomial: Polynomial, depth: int) -> _Text:
    """A sum that has no factors, or a lone division."""
    rounded = _format_rounded(polynomial, depth)
    if rounded is not None:
        return rounded
    plain = _format_terms(polynomial, depth)
    if not _is_rearrangeable(polynomial, depth):
        return plain
    rearrange = (_format_as_division, _format_with_remainder, _format_with_product)
    forms = [form for rearranged in rearrange for form in rearranged(polynomial, depth + 1)]
    return min([plain, *forms], key=_length)


def _format_terms(polynomial: Polynomial, depth: int) -> _Text:
    """The terms in a row: by degree, then by text, brackets last, a positive one first where there is one."""
    terms = [
        (
            -rank(monomial)[0],
            _format_product(abs(c), monomial, [], depth) if monomial else _Text(str(abs(c)), _ATOM),
            c,
        )
        for monomial, c in polynomial.items()
    ]
    terms.sort(key=lambda term: (term[0], term[1].text.startswith("("), term[1].text))
    first = next((index for index, term in enumerate(terms) if term[2] > 0), 0)
    terms.insert(0, terms.pop(first))
    if len(terms) == 1:
        _, text, coefficient = terms[0]
        return text if coefficient > 0 else _Text(f"-{text.bracketed(_POWER)}", _PRODUCT)
    shown = ""
    for _, text, coefficient in terms:
        if shown:
            shown += f" - {text.text}" if coefficient < 0 else f" + {text.text}"
        elif coefficient > 0:
            shown = text.text
        else:
            shown = f"-({text.text})" if " // " in text.text else f"-{text.text}"
    return _Text(shown, _SUM)


def _lone_divisions(polynomial: Polynomial) -> Iterator[tuple[Monomial, Atom, int]]:
    """The terms that are a division times a number, with it and the number."""
    for monomial, coefficient in polynomial.items():
        if len(monomial) == 1 and monomial[0][1] == 1 and not monomial[0][0][0]:
            yield monomial, monomial[0][0], coefficient


def _format_rounded(polynomial: Polynomial, depth: int) -> _Text | None:
    """``H // 4 - 2`` as ``(H - 8) // 4``; None for anything else."""
    if len(polynomial) != 2 or ONE not in polynomial:
        return None
    for _, (_, numerator, divisor), coefficient in _lone_divisions(polynomial):
        if coefficient == 1 and is_constant(dict(divisor)):
            number = dict(divisor)[ONE] * polynomial[ONE]
            return _format_division(add(dict(numerator), constant(number)), dict(divisor), depth)
    return None


def _format_as_division(polynomial: Polynomial, depth: int) -> Iterator[_Text]:
    """The sum taken into a division that is one of its terms: ``H + (W - H) // 2`` as ``(H + W) // 2``."""
    for monomial, (_, own, below), coefficient in _lone_divisions(polynomial):
        numerator, divisor = dict(own), dict(below)
        rest = {m: c for m, c in polynomial.items() if m != monomial}
        if coefficient == 1:
            yield _format_division(add(numerator, multiply(divisor, rest)), divisor, depth)
        elif coefficient == -1 and is_nonnegative(divisor):
            # -(p // d) is (d - 1 - p) // d.
            whole = add(multiply(divisor, rest), add(divisor, numerator, -1))
            yield _format_division(add(whole, constant(-1)), divisor, depth)


def _format_with_remainder(polynomial: Polynomial, depth: int) -> Iterator[_Text]:
    """``H - 4 * (H // 4)`` as ``H % 4``, with what else is in the sum."""
    for _, (_, own, below), coefficient in _lone_divisions(polynomial):
        numerator, divisor = dict(own), dict(below)
        if not is_constant(divisor) or coefficient % divisor[ONE]:
            continue
        times = -coefficient // divisor[ONE]
        difference = add(numerator, {((("", own, below), 1),): -divisor[ONE]})
        rest = add(polynomial, difference, -times)
        if len(rest) >= len(polynomial):
            continue
        yield _join_remainder(rest, times, numerator, divisor, depth)
        if times < 0:
            # d - 1 - p % d is (d - 1 - p) % d.
            last = constant(divisor[ONE] - 1)
            yield _join_remainder(add(rest, last, times), -times, add(last, numerator, -1), divisor, depth)


def _join_remainder(
    rest: Polynomial, times: int, numerator: Polynomial, divisor: Polynomial, depth: int
) -> _Text:
    """``rest + times * (numerator % divisor)``."""
    modulo = _format_division(numerator, divisor, depth, "%")
    shown = modulo if times in (1, -1) else _Text(f"{abs(times)} * ({modulo.text})", _PRODUCT)
    if rest:
        return _Text(f"{_format(rest, depth).text} {'+' if times > 0 else '-'} {shown.text}", _SUM)
    return shown if times > 0 else _Text(f"-({shown.text})", _PRODUCT)


def _format_with_product(polynomial: Polynomial, depth: int) -> Iterator[_Text]:
    """A product and what remains of the sum beside it: ``(H - 2) * (W - 2) + 10``."""
    for atom in _linear_atoms(polynomial):
        factor, rest = _split_at(polynomial, atom)
        if len(factor) < 2:
            continue
        number = content(factor) if factor[max(factor, key=rank)] > 0 else -content(factor)
        unit = divide_out(factor, ONE, number)
        quotient, _ = divide_with_remainder(rest, scale(unit, abs(number)))
        if number < 0:
            quotient = scale(quotient, -1)
        beside = add(rest, multiply(factor, quotient), -1)
        if not quotient or not beside:
            continue
        shown = _format(multiply(factor, add({((atom, 1),): 1}, quotient)), depth).text
        added = _format(beside, depth).text
        joined = f"{shown} - {added[1:]}" if added.startswith("-") else f"{shown} + {added}"
        yield _Text(joined, _SUM)


def _linear_atoms(polynomial: Polynomial) -> list[Atom]:
    """The atoms that no term has in a higher power than the first, in a fixed order."""
    degrees: dict[Atom, int] = {}
    for monomial in polynomial:
        for atom, exponent in monomial:
            degrees[atom] = max(degrees.get(atom, 0), exponent)
    return sorted(atom for atom, degree in degrees.items() if degree == 1)


def _split_at(polynomial: Polynomial, atom: Atom) -> tuple[Polynomial, Polynomial]:
    """``a`` and ``b`` of ``a * atom + b``, for a polynomial that is linear in ``atom``."""
    factor, rest = dict[Monomial, int](), dict[Monomial, int]()
    for monomial, coefficient in polynomial.items():
        others = tuple(item for item in monomial if item[0] != atom)
        (rest if len(others) == len(monomial) else factor)[others] = coefficient
    return factor, rest


def _find_factors(polynomial: Polynomial) -> list[Polynomial]:
    """Factors whose product is ``polynomial``: a primitive one, its leading coefficient above 0.

    They are irreducible where some atom occurs in the first power only, as in every product of distinct
    sizes; of the others the factors that are linear in one atom are found.
    """
    if len(polynomial) == 1 or len(polynomial) > 2 * _MAXIMAL_SUM:
        return [polynomial]
    linear = _linear_atoms(polynomial)
    if linear:
        parts = [_split_at(polynomial, atom)[0] for atom in linear]
        shortest = min(parts, key=len)
        factors, left = _extract(polynomial, _find_own_factors(shortest))
        return factors if is_constant(left) else [*factors, left]
    for atom in sorted(set(iterate_atoms(polynomial.items()))):
        factors, left = _extract(polynomial, _linear_candidates(polynomial, atom))
        if factors:
            return factors if is_constant(left) else [*factors, *_find_factors(left)]
    return [polynomial]


def _find_own_factors(polynomial: Polynomial) -> list[Polynomial]:
    """The factors with more than one term of a polynomial that needn't be primitive."""
    sign = 1 if polynomial[max(polynomial, key=rank)] > 0 else -1
    primitive = divide_out(polynomial, common_monomial(polynomial), sign * content(polynomial))
    return [] if is_constant(primitive) else _find_factors(primitive)


def _extract(polynomial: Polynomial, candidates: list[Polynomial]) -> tuple[list[Polynomial], Polynomial]:
    """Those candidates that divide the polynomial, as often as they do, and what is left of it."""
    found: list[Polynomial] = []
    for candidate in candidates:
        while (quotient := divide_exactly(polynomial, candidate)) is not None:
            found.append(candidate)
            polynomial = quotient
    return found, polynomial


def _linear_candidates(polynomial: Polynomial, atom: Atom) -> list[Polynomial]:
    """Every ``a * atom + b`` with numbers that could divide the polynomial, by its first and last part."""
    highest = max(exponent for monomial in polynomial for own, exponent in monomial if own == atom)
    first = [c for monomial, c in polynomial.items() if (atom, highest) in monomial]
    last = [c for monomial, c in polynomial.items() if all(own != atom for own, _ in monomial)]
    if not last:
        return []
    return [
        {((atom, 1),): factor, ONE: sign * number}
        for factor in _divisors(gcd(*first))
        for number in _divisors(gcd(*last))
        for sign in (1, -1)
    ]


def _divisors(number: int) -> list[int]:
    if number > _MAXIMAL_CONTENT:
        return [1]
    small = [candidate for candidate in range(1, isqrt(number) + 1) if number % candidate == 0]
    return small + [number // candidate for candidate in reversed(small) if candidate**2 != number]
