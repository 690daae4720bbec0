"""Sizes with dims in them against plain integers, and against sympy for what is equal."""

from __future__ import annotations

import operator
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from layercli.catalogue.polynomials import MAXIMAL_DEGREE
from layercli.catalogue.sizes import (
    AnySize,
    Condition,
    Size,
    SizeTooComplex,
    as_int,
    ceil_div,
    dims_of,
    evaluate,
    format_size,
    is_symbolic,
    key_of,
    make_dim,
    maximum,
    minimum,
    product,
    record_conditions,
    same_shape,
)

NAMES = ("N", "H", "W")
N, H, W, T = make_dim("N", 2), make_dim("H", 32), make_dim("W", 36), make_dim("T", 16)

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

#: An expression is a dim's name, a number, or an operator with two expressions.
Expression = Any
leaves = st.one_of(st.sampled_from(NAMES), st.integers(-6, 9))


def combine(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.tuples(st.sampled_from(list(OPERATORS)), parts, parts),
        st.tuples(st.sampled_from(["//", "%"]), parts, st.integers(1, 8)),
        st.tuples(st.sampled_from(["+", "-", "*"]), parts, st.integers(-6, 9)),
    )


expressions = st.recursive(leaves, combine, max_leaves=9)
#: Without divisions, as the numerators of convolution, pooling and views are.
numeric = st.recursive(
    leaves, lambda parts: st.tuples(st.sampled_from(["+", "-", "*"]), parts, parts), max_leaves=9
)
environments = st.fixed_dictionaries({name: st.integers(0, 40) for name in NAMES})


def compute(expression: Expression, leaf: Callable[[str], Any]) -> Any:
    """The expression with what ``leaf`` makes of its dims."""
    if isinstance(expression, str):
        return leaf(expression)
    if isinstance(expression, int):
        return expression
    sign, left, right = expression
    return OPERATORS[sign](compute(left, leaf), compute(right, leaf))


def compute_size(expression: Expression, sizes: dict[str, int]) -> AnySize:
    """The expression over dims; what can't be computed at these sizes is no example."""
    dims = {name: make_dim(name, value) for name, value in sizes.items()}
    try:
        result: AnySize = compute(expression, dims.__getitem__)
    except (ZeroDivisionError, SizeTooComplex):
        assume(False)
    return result


def compute_plain(expression: Expression, sizes: dict[str, int]) -> int | None:
    """The expression over integers, None where it divides by 0."""
    try:
        result: int = compute(expression, sizes.__getitem__)
    except ZeroDivisionError:
        return None
    return result


@settings(deadline=None)
@given(expressions, environments, environments)
def test_a_size_is_the_integer_at_its_own_and_at_all_other_sizes(
    expression: Expression, sizes: dict[str, int], others: dict[str, int]
) -> None:
    size = compute_size(expression, sizes)
    assert as_int(size) == compute_plain(expression, sizes) == evaluate(size, sizes)
    assert dims_of(size) <= set(NAMES)
    elsewhere = compute_plain(expression, others)
    if elsewhere is not None:
        assert evaluate(size, others) == elsewhere


@settings(deadline=None)
@given(expressions, environments, environments)
def test_the_conditions_of_an_expression_tell_where_it_can_be_computed(
    expression: Expression, sizes: dict[str, int], others: dict[str, int]
) -> None:
    with record_conditions() as conditions:
        compute_size(expression, sizes)
    assert all(condition.holds(sizes) for condition in conditions)
    assert (compute_plain(expression, others) is not None) == all(c.holds(others) for c in conditions)


@settings(deadline=None)
@given(expressions, environments, environments)
def test_the_text_is_python_for_the_same_integer(
    expression: Expression, sizes: dict[str, int], others: dict[str, int]
) -> None:
    size = compute_size(expression, sizes)
    text = format_size(size)
    assert eval(text, {}, dict(sizes)) == as_int(size)
    if compute_plain(expression, others) is not None:
        assert eval(text, {}, dict(others)) == evaluate(size, others)


@settings(deadline=None)
@given(numeric, st.integers(1, 8), environments)
def test_the_text_of_a_division_read_as_sizes_is_the_same_size(
    expression: Expression, divisor: int, sizes: dict[str, int]
) -> None:
    size = compute_size(("//", expression, divisor), sizes)
    text = format_size(size)
    read_back = eval(text, {}, {name: make_dim(name, value) for name, value in sizes.items()})
    assert key_of(read_back) == key_of(size)
    assert format_size(read_back) == text


@settings(deadline=None)
@given(
    expressions,
    expressions,
    st.sampled_from(list(COMPARISONS)),
    environments,
    st.lists(environments, max_size=5),
)
def test_a_comparison_is_recorded_unless_it_is_the_same_everywhere(
    left: Expression, right: Expression, sign: str, sizes: dict[str, int], others: list[dict[str, int]]
) -> None:
    first, second = compute_size(left, sizes), compute_size(right, sizes)
    assume(is_symbolic(first) or is_symbolic(second))
    with record_conditions() as conditions:
        outcome = COMPARISONS[sign](first, second)
    assert outcome is COMPARISONS[sign](as_int(first), as_int(second))
    for other in others:
        plain = (compute_plain(left, other), compute_plain(right, other))
        if None in plain:
            continue
        elsewhere = COMPARISONS[sign](*plain)
        if conditions:
            assert conditions[0].holds(other) == (elsewhere == outcome)
            shown = eval(str(conditions[0]), {}, dict(other))
            assert shown == conditions[0].holds(other)
        else:
            assert elsewhere == outcome


@settings(deadline=None)
@given(expressions, expressions, environments)
def test_same_sizes_have_the_same_hash_and_are_equal_unrecorded(
    left: Expression, right: Expression, sizes: dict[str, int]
) -> None:
    first, second = compute_size(left, sizes), compute_size(right, sizes)
    assume(isinstance(first, Size) and isinstance(second, Size))
    assert isinstance(first, Size)
    assert isinstance(second, Size)
    for one, other in ((first, second), (first + 1 - 1, first), (second + first - first, second)):
        assert isinstance(one, Size)
        assert isinstance(other, Size)
        if one.same(other):
            with record_conditions() as conditions:
                assert one == other
                assert operator.ne(one, other) is False
            assert conditions == []
            assert hash(one) == hash(other)
            assert one.value == other.value
    assert first.same(first + second - second)
    assert not first.same(first + 1)


@settings(deadline=None, max_examples=40)
@given(expressions, expressions, environments)
def test_what_sympy_finds_equal_is_the_same(
    left: Expression, right: Expression, sizes: dict[str, int]
) -> None:
    sympy = pytest.importorskip("sympy")
    symbols = {name: sympy.Symbol(name, integer=True, nonnegative=True) for name in NAMES}
    for first, second in (
        (left, right),
        (("*", left, ("+", right, 2)), ("+", ("*", right, left), ("*", 2, left))),
        (("//", ("+", left, ("*", 3, right)), 3), ("+", right, ("//", left, 3))),
        (("%", ("-", ("*", 4, right), left), 4), ("%", ("-", 0, left), 4)),
    ):
        one, other = compute_size(first, sizes), compute_size(second, sizes)
        difference = sympy.expand(compute(first, symbols.__getitem__) - compute(second, symbols.__getitem__))
        if difference == 0:
            assert key_of(one) == key_of(other)
        elif difference.is_zero is False or difference.is_Integer:
            assert key_of(one) != key_of(other)


#: Each pair is the same size.
SAME: list[tuple[AnySize, AnySize]] = [
    ((4 * H + 6) // 4, H + 1),
    ((H // 2) // 3, H // 6),
    (((H - 4) // 2 - 4) // 2, (H - 12) // 4),
    ((H - 1) // 2 + 1, (H + 1) // 2),
    (ceil_div(H, 2), (H + 1) // 2),
    (H - H // 2, (H + 1) // 2),
    (2 * H + -H // 2, (3 * H) // 2),
    ((2 * H) // 6, H // 3),
    (((H + 1) // 2 + 1) // 2, (H + 3) // 4),
    ((H + H // 2) // 2, (H + 1) // 4 + H // 2),
    ((((H + 1) // 2 + 1) // 2 + 1) // 2, (H + 7) // 8),
    (ceil_div(ceil_div(H, 2), 3), (H + 5) // 6),
    ((3 * H) // 2, H + H // 2),
    ((H - H // 2) // 3, (H + 1) // 6),
    (N * T // N, T),
    ((N * T) // (N * W), T // W),
    ((H * W + 2 * H) // (W + 2), H),
    (ceil_div(N * T, N), T),
    ((H // W) // T, H // (W * T)),
    (-H % 4, (4 - H % 4) % 4),
    ((N + T) * (N - T), N**2 - T**2),
    (H - H, 0),
    ((2 * H + 1) % 2, 1),
    (H * 0, 0),
    (3 // (N + 4), 0),
    (H**0, 1),
    (abs(H + 1), H + 1),
    (divmod(H, 4)[0] * 4 + divmod(H, 4)[1], H),
]


@pytest.mark.parametrize(("left", "right"), SAME, ids=[f"{left} is {right}" for left, right in SAME])
def test_equal_sizes_have_one_form(left: AnySize, right: AnySize) -> None:
    assert key_of(left) == key_of(right)
    assert type(left) is type(right)


PRODUCT = 16 * ((H - 8) // 4) * ((W - 8) // 4)

TEXTS: list[tuple[AnySize, str]] = [
    (7, "7"),
    (-7, "-7"),
    (H, "H"),
    (-H, "-H"),
    (H - 4, "H - 4"),
    (4 - H, "4 - H"),
    (-H - W, "-H - W"),
    (2 * H - 8, "2 * (H - 4)"),
    (T * N, "N * T"),
    (-3 * N * T, "-3 * N * T"),
    (N * T + 1 + N, "N * T + N + 1"),
    (H * H, "H ** 2"),
    (H**2 - 4, "(H + 2) * (H - 2)"),
    ((H - 2) ** 2, "(H - 2) ** 2"),
    ((H // 2) ** 2, "(H // 2) ** 2"),
    ((N + T) * (H + W), "(H + W) * (N + T)"),
    ((4 - H) * (W - 2), "-(H - 4) * (W - 2)"),
    ((H - 1) // 2 + 1, "(H + 1) // 2"),
    (N * ((H + 1) // 2) ** 2, "N * ((H + 1) // 2) ** 2"),
    (N * ((H + 1) // 2) * ((W + 1) // 2), "N * ((H + 1) // 2) * ((W + 1) // 2)"),
    (((H + 1) // 2) * ((W + 1) // 2) // 10, "((H + 1) // 2) * ((W + 1) // 2) // 10"),
    (N + (H + 1) // 2, "N + (H + 1) // 2"),
    ((H - 4) // 2, "(H - 4) // 2"),
    (-T // 6, "(-T) // 6"),
    (-(T // 6), "-(T // 6)"),
    (-((T + 3) // 6), "(2 - T) // 6"),
    (5 - H // 2, "5 - H // 2"),
    (N - H // 2, "N - H // 2"),
    (2 * (H // 2), "2 * (H // 2)"),
    (2 * (H // 2) + 1, "2 * (H // 2) + 1"),
    (-(H // 2) * W, "-W * (H // 2)"),
    ((3 * H + 5) // 7, "(3 * H + 5) // 7"),
    (H // (W + 1), "H // (W + 1)"),
    (H // (2 * W), "H // (2 * W)"),
    (1 // N, "1 // N"),
    (H % 4, "H % 4"),
    (-H % 4, "(-H) % 4"),
    (3 * (H % 4) + N, "N + 3 * (H % 4)"),
    (PRODUCT, "16 * ((H - 8) // 4) * ((W - 8) // 4)"),
    (N * PRODUCT // 576, "N * ((H - 8) // 4) * ((W - 8) // 4) // 36"),
    (N * (H - 40) * (W - 40) // 36, "N * (H - 40) * (W - 40) // 36"),
    (PRODUCT + 10, "16 * ((H - 8) // 4) * ((W - 8) // 4) + 10"),
    (PRODUCT + N, "16 * ((H - 8) // 4) * ((W - 8) // 4) + N"),
]


@pytest.mark.parametrize(("size", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_the_text_is_factored(size: AnySize, text: str) -> None:
    assert format_size(size) == text
    assert f"{size}" == text


#: What is compared, and the text of the condition that comes of it; the empty text for none.
CONDITIONS: list[tuple[str, Callable[[], object], str]] = [
    ("different dims", lambda: H == W, "H != W"),
    ("a dim and a number", lambda: H == 32, "H == 32"),
    ("a number at the left", lambda: H < 33, "H < 33"),
    ("false", lambda: T < 8, "T >= 8"),
    ("truth", lambda: bool(H - 4), "H - 4 != 0"),
    ("division by a dim", lambda: T // N, "N != 0"),
    ("division by what is never 0", lambda: T // (N + 1), ""),
    ("remainder of a dim", lambda: 7 % N, "N != 0"),
    ("the greater", lambda: max(H, W), "W > H"),
    ("a multiple of four", lambda: 2 * (2 * (H // 2) // 2) == H, "2 * (H // 2) == H"),
    ("a view", lambda: PRODUCT == 576, "16 * ((H - 8) // 4) * ((W - 8) // 4) != 576"),
    ("the same", lambda: H == H + 1 - 1, ""),
    ("a constant apart", lambda: H < H + 3, ""),
    ("dims are not negative", lambda: H >= 0, ""),
    ("dims are above -1", lambda: H * W > -1, ""),
    ("a half", lambda: H // 2 <= H, ""),
    ("a remainder", lambda: H % 4 < 4, ""),
    ("odd is not even", lambda: 2 * H == 5, ""),
    ("two halves", lambda: H - H // 2 == (H + 1) // 2, ""),
    ("plain numbers", lambda: maximum(3, 4), ""),
    ("no number", lambda: H == "H" or H is None, ""),
]


@pytest.mark.parametrize(
    ("compare", "text"), [case[1:] for case in CONDITIONS], ids=[c[0] for c in CONDITIONS]
)
def test_conditions_are_recorded_where_other_sizes_could_differ(
    compare: Callable[[], object], text: str
) -> None:
    with record_conditions() as conditions:
        compare()
    assert [str(condition) for condition in conditions] == ([text] if text else [])


def test_recorders_nest_and_end() -> None:
    with record_conditions() as outer:
        assert H < 40
        with record_conditions() as inner:
            assert H < 50
        assert H < 60
    assert H < 70
    assert [str(condition) for condition in outer] == ["H < 40", "H < 60"]
    assert [str(condition) for condition in inner] == ["H < 50"]


def fail_after_a_comparison() -> None:
    assert H < 40
    assert 1 // (H - 32)


def test_a_recorder_ends_with_an_error() -> None:
    with record_conditions() as outer:
        with pytest.raises(ZeroDivisionError), record_conditions():
            fail_after_a_comparison()
        assert H < 50
    assert [str(condition) for condition in outer] == ["H < 50"]


def test_conditions_are_equal_by_their_forms() -> None:
    one, other = Condition(H + 1, "==", W, False), Condition(1 + H, "==", W, False)
    with record_conditions() as recorded:
        assert one == other
        assert len({one, other, Condition(H, "==", W, False), Condition(H + 1, "==", W, True)}) == 3
    assert recorded == []


def test_a_condition_does_not_hold_where_a_divisor_is_zero() -> None:
    condition = Condition(T // N, "==", 8, True)
    assert condition.holds({"T": 16, "N": 2})
    assert not condition.holds({"T": 16, "N": 0})


def test_shapes_are_compared_unrecorded() -> None:
    with record_conditions() as conditions:
        assert same_shape((N, 3, H + 1), [N, 3, 1 + H])
        assert not same_shape((N, 3), (2, 3))
        assert not same_shape((N, H), (N, W))
        assert not same_shape((N,), (N, 1))
        assert {N: "batch", H: "height"}[N] == "batch"
    assert conditions == []


def test_a_size_is_no_index_and_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        range(H)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        int(H)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        H * 0.5  # type: ignore[operator]
    with pytest.raises(TypeError):
        2**H  # type: ignore[operator]
    with pytest.raises(AttributeError):
        H.value = 5  # type: ignore[misc]


def test_a_size_survives_pickling() -> None:
    size = (H + 1) // 2
    copy = pickle.loads(pickle.dumps(size))
    assert isinstance(size, Size)
    assert size.same(copy)
    assert copy.value == size.value


@pytest.mark.parametrize("divide", [lambda a, b: a // b, lambda a, b: a % b, divmod])
@pytest.mark.parametrize("divisor", [0, H - 32])
def test_division_by_what_is_zero_here_fails(divide: Callable[[Any, Any], Any], divisor: AnySize) -> None:
    with pytest.raises(ZeroDivisionError):
        divide(W, divisor)


def test_dims_have_names_and_are_not_negative() -> None:
    with pytest.raises(ValueError, match="identifier"):
        make_dim("2H", 1)
    with pytest.raises(ValueError, match="0 or more"):
        make_dim("H", -1)


def test_what_is_evaluated_needs_every_dim() -> None:
    with pytest.raises(KeyError):
        evaluate(H + W, {"H": 1})
    with pytest.raises(ZeroDivisionError):
        evaluate(H // N, {"H": 1, "N": 0})


def test_small_helpers_take_sizes_and_integers() -> None:
    assert (ceil_div(7, 2), product([]), product([2, 3]), maximum(3, 5), minimum(3, 5)) == (4, 1, 6, 5, 3)
    assert format_size(product([N, 3, H])) == "3 * H * N"
    assert maximum(H, 40) == 40
    assert minimum(H, W) is H
    assert as_int(True) == 1
    assert as_int(H) == 32
    assert dims_of(H // N + 3) == {"H", "N"}
    assert dims_of(3) == frozenset()
    assert is_symbolic(H)
    assert not is_symbolic(3)


def grow_terms() -> AnySize:
    size: AnySize = 1
    for index in range(8):
        size = size * (make_dim(f"a{index}", 1) + make_dim(f"b{index}", 1))
    return size


def grow_divisions() -> AnySize:
    size: AnySize = H
    for _ in range(20):
        size = (size * N + size // 3) // 7
    return size


@pytest.mark.parametrize(
    "grow", [grow_terms, grow_divisions, lambda: H**2**40, lambda: (H**MAXIMAL_DEGREE) * H]
)
def test_what_grows_without_end_is_refused(grow: Callable[[], AnySize]) -> None:
    with pytest.raises(SizeTooComplex):
        grow()


def test_sizes_need_neither_torch_nor_sympy() -> None:
    code = "import sys, layercli.catalogue.sizes; print(sorted({'torch', 'sympy'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
