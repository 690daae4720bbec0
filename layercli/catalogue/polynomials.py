"""Polynomials with integer coefficients over dims and floor divisions: arithmetic in canonical form.

A polynomial is a dict from monomials to coefficients other than 0; its terms, sorted into a tuple, are the
canonical form, and two polynomials with the same form are equal at all sizes. Dims are integers of 0 or more,
divisors are never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from math import gcd
from typing import TypeAlias

#: A dim is ``(name, (), ())``, a floor division ``("", numerator, divisor)``.
Atom: TypeAlias = "tuple[str, Terms, Terms]"
#: Atoms with their exponents, the greatest atom first.
Monomial: TypeAlias = "tuple[tuple[Atom, int], ...]"
#: Monomials with their coefficients, the greatest monomial first.
Terms: TypeAlias = "tuple[tuple[Monomial, int], ...]"
Polynomial: TypeAlias = "dict[Monomial, int]"

ONE: Monomial = ()

#: The most terms of one size, those inside its divisions counted too.
MAXIMAL_TERMS = 200
#: The greatest sum of exponents in one term.
MAXIMAL_DEGREE = 64
#: How many sizes are tried to prove that a polynomial is 0 everywhere.
_MAXIMAL_TRIALS = 600
_MAXIMAL_RELAXATIONS = 12


class SizeTooComplex(Exception):
    """A size has more than ``MAXIMAL_TERMS`` terms or a power above ``MAXIMAL_DEGREE``."""


def rank(monomial: Monomial) -> tuple[int, Monomial]:
    """The place of a monomial in the order by degree, ties by the exponents of the greatest atoms."""
    return sum([exponent for _, exponent in monomial]), monomial


def _rank_of_term(term: tuple[Monomial, int]) -> tuple[int, Monomial]:
    return rank(term[0])


def freeze(polynomial: Polynomial) -> Terms:
    """The canonical form."""
    return tuple(sorted(polynomial.items(), key=_rank_of_term, reverse=True))


def constant(number: int) -> Polynomial:
    return {ONE: number} if number else {}


def is_constant(polynomial: Mapping[Monomial, int]) -> bool:
    return not polynomial or (len(polynomial) == 1 and ONE in polynomial)


def count_terms(terms: Iterable[tuple[Monomial, int]]) -> int:
    """The number of terms, those inside floor divisions included."""
    count = 0
    for monomial, _ in terms:
        count += 1
        for (name, numerator, divisor), _ in monomial:
            if not name:
                count += count_terms(numerator) + count_terms(divisor)
    return count


def iterate_atoms(terms: Iterable[tuple[Monomial, int]]) -> Iterator[Atom]:
    """Every atom of the terms themselves, once for each term that it is in."""
    for monomial, _ in terms:
        for atom, _ in monomial:
            yield atom


def collect_dims(terms: Iterable[tuple[Monomial, int]]) -> set[str]:
    """The names of all dims, those inside floor divisions included."""
    names: set[str] = set()
    for name, numerator, divisor in iterate_atoms(terms):
        if name:
            names.add(name)
        else:
            names |= collect_dims(numerator) | collect_dims(divisor)
    return names


def evaluate_terms(terms: Iterable[tuple[Monomial, int]], sizes: Mapping[str, int]) -> int:
    """The number that the terms are with these sizes of the dims.

    Raises KeyError for a dim that ``sizes`` lacks and ZeroDivisionError where a divisor is 0.
    """
    total = 0
    for monomial, coefficient in terms:
        product = coefficient
        for (name, numerator, divisor), exponent in monomial:
            base = sizes[name] if name else evaluate_terms(numerator, sizes) // evaluate_terms(divisor, sizes)
            product *= base if exponent == 1 else base**exponent
        total += product
    return total


def add(left: Polynomial, right: Polynomial, factor: int = 1) -> Polynomial:
    """``left + factor * right``."""
    result = dict(left)
    for monomial, coefficient in right.items():
        total = result.get(monomial, 0) + factor * coefficient
        if total:
            result[monomial] = total
        else:
            result.pop(monomial, None)
    return result


def scale(polynomial: Polynomial, factor: int) -> Polynomial:
    return {monomial: coefficient * factor for monomial, coefficient in polynomial.items()} if factor else {}


def multiply(left: Polynomial, right: Polynomial) -> Polynomial:
    result: Polynomial = {}
    for first, coefficient in left.items():
        for second, other in right.items():
            monomial = _multiply_monomials(first, second)
            total = result.get(monomial, 0) + coefficient * other
            if total:
                result[monomial] = total
            else:
                result.pop(monomial, None)
    return result


def _multiply_monomials(left: Monomial, right: Monomial) -> Monomial:
    if not left:
        return right
    if not right:
        return left
    exponents = dict(left)
    for atom, exponent in right:
        exponents[atom] = exponents.get(atom, 0) + exponent
    return tuple(sorted(exponents.items(), reverse=True))


def divide_monomials(monomial: Monomial, divisor: Monomial) -> Monomial | None:
    """The monomial that ``divisor`` times is ``monomial``, None where there is none."""
    if not divisor:
        return monomial
    exponents = dict(monomial)
    for atom, exponent in divisor:
        exponents[atom] = exponents.get(atom, 0) - exponent
        if exponents[atom] < 0:
            return None
    return tuple(item for item in exponents.items() if item[1])


def content(polynomial: Polynomial) -> int:
    """The greatest common divisor of the coefficients."""
    return gcd(*polynomial.values())


def common_monomial(polynomial: Polynomial) -> Monomial:
    """The greatest monomial that divides every term."""
    shared: dict[Atom, int] | None = None
    for monomial in polynomial:
        exponents = dict(monomial)
        if shared is None:
            shared = exponents
        else:
            shared = {a: min(e, exponents[a]) for a, e in shared.items() if a in exponents}
        if not shared:
            return ONE
    return tuple(sorted((shared or {}).items(), reverse=True))


def divide_out(polynomial: Polynomial, monomial: Monomial, number: int) -> Polynomial:
    """The polynomial without a monomial and a number that divide every term of it."""
    if number == 1 and not monomial:
        return polynomial
    result: Polynomial = {}
    for own, coefficient in polynomial.items():
        quotient = divide_monomials(own, monomial)
        assert quotient is not None
        result[quotient] = coefficient // number
    return result


def divide_with_remainder(dividend: Polynomial, divisor: Polynomial) -> tuple[Polynomial, Polynomial]:
    """Quotient and remainder; ``divisor`` has a positive leading coefficient.

    The remainder has no term that the leading term of the divisor could still reduce: coefficients lie
    between minus half and half of the leading one, the number at the end between 0 and an integer divisor.
    So it is the same for all dividends that differ by a multiple of the divisor.
    """
    lead = max(divisor, key=rank)
    unit = divisor[lead]
    work, quotient, remainder = dict(dividend), dict[Monomial, int](), dict[Monomial, int]()
    lower = {monomial: coefficient for monomial, coefficient in divisor.items() if monomial != lead}
    while work:
        monomial = max(work, key=rank) if lower else next(iter(work))
        coefficient = work.pop(monomial)
        factor = divide_monomials(monomial, lead)
        if factor is None:
            remainder[monomial] = coefficient
            continue
        rest = coefficient % unit
        if monomial and 2 * rest > unit:
            rest -= unit
        if rest:
            remainder[monomial] = rest
        times = (coefficient - rest) // unit
        if times:
            quotient[factor] = times
            if lower:
                work = add(work, multiply({factor: times}, lower), -1)
        if len(work) + len(quotient) + len(remainder) > 4 * MAXIMAL_TERMS:
            raise SizeTooComplex(f"a division of sizes has more than {4 * MAXIMAL_TERMS} terms")
    return quotient, remainder


def divide_exactly(dividend: Polynomial, divisor: Polynomial) -> Polynomial | None:
    """The polynomial that ``divisor`` times is ``dividend``, None where there is none."""
    lead, greatest = max(divisor, key=rank), max(dividend, key=rank)
    if dividend[greatest] % divisor[lead] or divide_monomials(greatest, lead) is None:
        return None
    quotient, remainder = divide_with_remainder(dividend, divisor)
    return None if remainder else quotient


def floor_divide(numerator: Polynomial, divisor: Polynomial) -> Polynomial:
    """``numerator // divisor`` in canonical form, for a divisor that isn't 0.

    What divides exactly stands before the division, common factors are cancelled, and a division inside the
    numerator is merged where one division does for both. Where the divisor is known to be positive the
    leading coefficient of the numerator is positive too: ``(-p) // d`` is ``-((p + d - 1) // d)``. Halves are
    rounded down: ``(p + 1) // 2`` is ``p - p // 2``.
    """
    whole: Polynomial = {}
    sign = 1
    while True:
        if divisor[max(divisor, key=rank)] < 0:
            numerator, divisor = scale(numerator, -1), scale(divisor, -1)
        numerator, divisor = _cancel(numerator, divisor)
        quotient, numerator = divide_with_remainder(numerator, divisor)
        whole = add(whole, quotient, sign)
        if not numerator:
            return whole
        if is_nonnegative(divisor):
            below = add(add(divisor, numerator, -1), constant(1), -1)
            if is_nonnegative(numerator) and is_nonnegative(below):
                return whole
            if numerator[max(numerator, key=rank)] < 0:
                sign = -sign
                numerator = add(add(divisor, numerator, -1), constant(1), -1)
                continue
            if divisor != {ONE: 2} and _is_half(numerator, divisor):
                # Half the divisor may stand with either sign, so both forms are there to choose from.
                opposite = add(add(divisor, numerator, -1), constant(1), -1)
                quotient, opposite = divide_with_remainder(opposite, divisor)
                if opposite[max(opposite, key=rank)] > 0 and freeze(opposite) < freeze(numerator):
                    whole = add(whole, quotient, -sign)
                    numerator, sign = opposite, -sign
                    continue
            merged = _merge_division(numerator, divisor)
            if merged is not None:
                quotient, numerator, divisor = merged
                whole = add(whole, quotient, sign)
                continue
        if divisor == {ONE: 2} and ONE in numerator:
            # (p + 1) // 2 and p // 2 add up to p: one of them is enough, and two would give two forms.
            numerator = {monomial: coefficient for monomial, coefficient in numerator.items() if monomial}
            whole = add(whole, numerator, sign)
            sign = -sign
        atom: Atom = ("", freeze(numerator), freeze(divisor))
        return add(whole, {((atom, 1),): sign})


def _is_half(numerator: Polynomial, divisor: Polynomial) -> bool:
    """Whether the leading coefficient is half that of the divisor."""
    return 2 * numerator[max(numerator, key=rank)] == divisor[max(divisor, key=rank)]


def _cancel(numerator: Polynomial, divisor: Polynomial) -> tuple[Polynomial, Polynomial]:
    """The fraction without the factors that both sides share.

    The number at the end of the numerator needn't share them where the divisor is above 0: ``(g * x + b) //
    (g * y)`` is ``(x + b // g) // y``, and ``-1 // g`` is -1 for every ``g`` above 0.
    """
    if not numerator:
        return numerator, divisor
    last = numerator.get(ONE, 0)
    others = {monomial: c for monomial, c in numerator.items() if monomial}
    if not others or not is_nonnegative(divisor):
        others, last = numerator, 0
    number = gcd(content(others), content(divisor))
    shared = common_monomial(dict.fromkeys((common_monomial(others), common_monomial(divisor)), 1))
    last //= number
    if last not in (0, -1) or (last and not _is_nonnegative_monomial(shared)):
        shared = ONE
    return add(divide_out(others, shared, number), constant(last)), divide_out(divisor, shared, number)


def _merge_division(
    numerator: Polynomial, divisor: Polynomial
) -> tuple[Polynomial, Polynomial, Polynomial] | None:
    """``(x // a + r) // divisor`` as one division, for a divisor above 0: what stands before it, and its parts.

    None where the numerator has no division of its own, or several.
    """
    found: list[Monomial] = [
        monomial
        for monomial, coefficient in numerator.items()
        if coefficient in (1, -1) and len(monomial) == 1 and monomial[0][1] == 1 and not monomial[0][0][0]
    ]
    if len(found) != 1:
        return None
    (division,) = found
    ((_, inner_numerator, inner_divisor), _) = division[0]
    inner, factor = dict(inner_numerator), dict(inner_divisor)
    rest = {monomial: c for monomial, c in numerator.items() if monomial != division}
    # Before a half 1 and -1 are the same; x - x // 2 is a size rounded up, and x + x // 2 is none.
    rounded_up = divisor == factor == {ONE: 2} and inner_numerator[0][0] in rest
    if rounded_up or numerator[division] == -1:
        if not is_nonnegative(factor):
            return None
        inner = add(add(factor, inner, -1), constant(1), -1)
    before = {division: 1} if rounded_up else {}
    return before, add(inner, multiply(factor, rest)), multiply(factor, divisor)


def is_nonnegative(polynomial: Polynomial) -> bool:
    """Whether the polynomial is proved to be 0 or more at all sizes. False says nothing."""
    return (
        _has_no_negative_term(polynomial)
        or _has_no_negative_term(_relax(polynomial, all_terms=False))
        or _has_no_negative_term(_relax(polynomial, all_terms=True))
    )


def _has_no_negative_term(polynomial: Polynomial) -> bool:
    return all(c > 0 and _is_nonnegative_monomial(monomial) for monomial, c in polynomial.items())


def _is_nonnegative_monomial(monomial: Monomial) -> bool:
    return all(exponent % 2 == 0 or _is_nonnegative_atom(atom) for atom, exponent in monomial)


@lru_cache(maxsize=4096)
def _is_nonnegative_atom(atom: Atom) -> bool:
    name, numerator, divisor = atom
    return bool(name) or (is_nonnegative(dict(numerator)) and is_nonnegative(dict(divisor)))


def _relax(polynomial: Polynomial, all_terms: bool) -> Polynomial:
    """A bound from below for a positive multiple: divisions by numbers become fractions.

    Those with a negative coefficient are at most ``p / d``, the others, with ``all_terms``, at least
    ``(p - d + 1) / d``.
    """
    for _ in range(_MAXIMAL_RELAXATIONS):
        found = _find_division(polynomial, all_terms)
        if found is None:
            break
        monomial, atom = found
        coefficient = polynomial[monomial]
        number = atom[2][0][1]
        bound = dict(atom[1])
        if coefficient > 0:
            bound = add(bound, constant(1 - number))
        others = divide_monomials(monomial, ((atom, 1),))
        assert others is not None
        rest = {own: c * number for own, c in polynomial.items() if own != monomial}
        polynomial = add(rest, multiply({others: coefficient}, bound))
    return polynomial


def _find_division(polynomial: Polynomial, all_terms: bool) -> tuple[Monomial, Atom] | None:
    for monomial, coefficient in polynomial.items():
        if coefficient > 0 and not all_terms:
            continue
        for atom, _ in monomial:
            if not atom[0] and is_constant(dict(atom[2])):
                others = divide_monomials(monomial, ((atom, 1),))
                if others is not None and _is_nonnegative_monomial(others):
                    return monomial, atom
    return None


def is_never_zero(polynomial: Polynomial) -> bool:
    """Whether the polynomial is proved to have no zero: by its sign or by divisibility."""
    number = polynomial.get(ONE, 0)
    divisor = gcd(*[c for monomial, c in polynomial.items() if monomial])
    if number and (not divisor or number % divisor):
        return True
    less_one = constant(-1)
    return is_nonnegative(add(polynomial, less_one)) or is_nonnegative(add(scale(polynomial, -1), less_one))


def is_always_zero(polynomial: Polynomial) -> bool:
    """Whether the polynomial is proved to be 0 at all sizes, as ``H - H // 2 - (H + 1) // 2`` is.

    In one dim with divisions by numbers it is an ordinary polynomial on each residue class of a period, so
    that as many zeros as its degree and one more, in each class, prove it. Several dims are left unproved.
    """
    if not polynomial:
        return True
    terms = freeze(polynomial)
    names = collect_dims(terms)
    measured = measure_period(terms) if len(names) == 1 else None
    if measured is None:
        return False
    period, degree = measured
    trials = period * (degree + 1)
    (name,) = names
    return trials <= _MAXIMAL_TRIALS and not any(
        evaluate_terms(terms, {name: size}) for size in range(trials)
    )


def measure_period(terms: Terms) -> tuple[int, int] | None:
    """Period of the residue classes and degree in the only dim; None with a divisor that isn't a number."""
    period, greatest = 1, 0
    for monomial, _ in terms:
        degree = 0
        for (name, numerator, divisor), exponent in monomial:
            if name:
                degree += exponent
                continue
            inner = measure_period(numerator)
            if inner is None or not is_constant(dict(divisor)):
                return None
            inner_period = inner[0] * divisor[0][1]
            period = period * inner_period // gcd(period, inner_period)
            degree += exponent * inner[1]
        greatest = max(greatest, degree)
    return period, greatest
