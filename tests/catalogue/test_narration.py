"""Numbers that know their formula: they are ints to everything else, and the text gives the same number again."""

from __future__ import annotations

import json
from math import floor, trunc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layercli.catalogue.narration import (
    Narrated,
    draw_formula,
    is_formula,
    narrate,
    tell_names,
    term_of,
    write_formula,
)
from layercli.catalogue.sizes import as_int, ceil_div, count_as, make_dim, product

LEAVES = st.one_of(
    st.integers(-9, 40),
    st.builds(narrate, st.integers(-9, 40), st.sampled_from(("a", "b", "c", "kernel_size"))),
)


def combine(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(lambda left, right: left + right, children, children),
        st.builds(lambda left, right: left - right, children, children),
        st.builds(lambda left, right: left * right, children, children),
        st.builds(lambda left, right: left // right if right else left, children, children),
        st.builds(lambda left, right: left % right if right else left, children, children),
        st.builds(lambda left, right: ceil_div(left, right) if right else left, children, children),
        st.builds(lambda value: -value, children),
    )


@given(st.recursive(LEAVES, combine, max_leaves=12))
def test_text_gives_the_same_number(value: int) -> None:
    assert eval(write_formula(term_of(value))) == value


@given(st.recursive(LEAVES, combine, max_leaves=12))
def test_names_give_the_same_number_where_each_is_one(value: int) -> None:
    text = write_formula(term_of(narrate(7, "a") * value + narrate(3, "b")), "numbers")
    assert eval(text) == 7 * value + 3


A, B, H = narrate(6, "a"), narrate(4, "b"), narrate(32, "H_in")


@pytest.mark.parametrize(
    ("value", "python", "names", "people"),
    [
        (A + B, "6 + 4", "a + b", "6 + 4"),
        (A - (B - 1), "6 - 4 + 1", "a - b + 1", "6 - 4 + 1"),
        (A - (B + A * 2), "6 - 4 - 6*2", "a - b - a*2", "6 - 4 - 6*2"),
        (A * (B + 1), "6*(4 + 1)", "a*(b + 1)", "6*(4 + 1)"),
        (A * B // 3, "6*4 // 3", "a*b // 3", "6*4/3"),
        (A // B * 3, "(6 // 4)*3", "(a // b)*3", "floor(6 / 4)*3"),
        ((A + B) // 2 + 1, "(6 + 4) // 2 + 1", "(a + b) // 2 + 1", "floor((6 + 4) / 2) + 1"),
        (ceil_div(A + B, 3), "-(-(6 + 4) // 3)", "-(-(a + b) // 3)", "ceil((6 + 4) / 3)"),
        (A % B, "6 % 4", "a % b", "6 % 4"),
        (1 * A + 0, "6", "a", "6"),
        (product([A, B, A]), "6*4*6", "a*b*a", "6*4*6"),
        (A + 1 + B - 1, "6 + 4", "a + b", "6 + 4"),
        (B + A + B, "2*4 + 6", "2*b + a", "2*4 + 6"),
        (ceil_div(A, 1), "6", "a", "6"),
        (trunc(A * 1.5), "floor(6*1.5)", "floor(a*1.5)", "floor(6*1.5)"),
        (trunc(A * (narrate(2, "scale") * 1.0)), "floor(6*2)", "floor(a*scale)", "floor(6*2)"),
        (A**2, "6*6", "a*a", "6*6"),
    ],
)
def test_text(value: int, python: str, names: str, people: str) -> None:
    term = term_of(value)
    assert write_formula(term) == python
    assert write_formula(term, "names") == names
    assert draw_formula(term) == people
    assert eval(python, {"floor": floor}) == value


def test_units_and_what_is_left_out() -> None:
    samples, positions = count_as(narrate(1, "N"), "samples"), count_as(H * H, "positions")
    count = samples * positions * count_as(A, "channels") * (B // narrate(1, "groups")) * B
    assert draw_formula(term_of(count)) == "1 samples * 32*32 positions * 6 channels * (4/1)*4"
    assert draw_formula(term_of(count), brief=True) == "32*32 positions * 6 channels * 4*4"
    assert write_formula(term_of(count)) == "1*32*32*6*(4 // 1)*4"
    assert draw_formula(term_of(count), "names") == "N*H_in*H_in*a*(b // groups)*b"
    assert draw_formula(term_of(A + 2 * narrate(0, "padding")), brief=True) == "6"
    assert count_as(5, "samples") == 5


def test_dims_in_the_place_of_numbers() -> None:
    size = narrate(make_dim("H", 32) - 4, "H_in")
    assert draw_formula(term_of((size + 1) // 2), "dims") == "floor(((H - 4) + 1) / 2)"
    assert draw_formula(term_of(narrate(make_dim("H", 32), "H_in") * A), "dims") == "H*6"
    assert size == 28


def test_it_is_an_int() -> None:
    value = A + B
    assert isinstance(value, int)
    assert isinstance(value, Narrated)
    assert (value, hash(value), f"{value:,}", str(value), repr([value])) == (10, hash(10), "10", "10", "[10]")
    assert json.dumps([value]) == "[10]"
    assert list(range(narrate(3, "n"))) == [0, 1, 2]
    assert "abc"[narrate(1, "n")] == "b"
    assert as_int(value) is value
    assert {10: "x"}[value] == "x"


def test_what_has_no_name() -> None:
    assert narrate(True, "bias") is True
    assert narrate(None, "padding") is None
    assert narrate("same", "padding") == "same"
    assert [draw_formula(term_of(item), "names") for item in narrate((1, 2), "stride")] == [
        "stride[0]",
        "stride[1]",
    ]
    assert not is_formula(3)
    assert not is_formula(A)
    assert is_formula(A + B)


def test_a_long_formula_is_not_told() -> None:
    value = A
    for _ in range(2000):
        value = value * 3 + B
    assert not is_formula(value)


def test_sentences_say_names_where_asked() -> None:
    with tell_names():
        assert f"expects {A} of {[B]} and {A + B}" == "expects a of [b] and a + b"
    assert f"expects {A}" == "expects 6"
