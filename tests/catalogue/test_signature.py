"""Signatures as data: reading, printing, and binding as Python itself binds."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layercli.catalogue.signature import REQUIRED, BindingError, Parameter, parse_signature

SIGNATURES = [
    "",
    "a",
    "a, b",
    "a, b=1, c='x'",
    "*, a, b=2",
    "a, *, b, c=None",
    "*args",
    "**kwargs",
    "a, *args",
    "a=1, *args, b=2",
    "*args, a",
    "a, **kwargs",
    "a, *args, b, c=1, **kwargs",
    "a, /, b=1",
    "a=0, /",
    "a, /, **kwargs",
    "a, /, b, *, c=(1, 2)",
]
LINEAR = parse_signature("in_features, out_features, bias=True, *, dtype=None")


@pytest.mark.parametrize("text", SIGNATURES)
def test_printed_as_written(text: str) -> None:
    assert str(parse_signature(text)) == text


def test_kinds_and_defaults() -> None:
    signature = parse_signature("a, /, b=1e-05, act=relu, mode='relu', *rest, c=(1, -2), d, **others")
    assert signature.parameters == (
        Parameter("a", "positional-only", REQUIRED),
        Parameter("b", "positional", 1e-05, "1e-05"),
        Parameter("act", "positional", "relu", "relu"),
        Parameter("mode", "positional", "relu", "'relu'"),
        Parameter("rest", "rest", ()),
        Parameter("c", "keyword", (1, -2), "(1, -2)"),
        Parameter("d", "keyword", REQUIRED),
        Parameter("others", "keywords", ()),
    )
    assert list(signature.by_name) == ["a", "b", "act", "mode", "rest", "c", "d", "others"]


def test_bound_in_the_order_of_the_signature_without_defaults() -> None:
    bound = LINEAR.bind("Linear", [2], {"dtype": "float64", "out_features": 3})
    assert list(bound.items()) == [("in_features", 2), ("out_features", 3), ("dtype", "float64")]


def test_stars_are_always_bound() -> None:
    signature = parse_signature("a=1, *args, **kwargs")
    assert signature.bind("f", [], {}) == {"args": (), "kwargs": {}}
    assert signature.bind("f", [1, 2, 3], {"b": 4, "args": 5}) == {
        "a": 1,
        "args": (2, 3),
        "kwargs": {"b": 4, "args": 5},
    }


@pytest.mark.parametrize(
    ("text", "positional", "keywords", "code", "argument", "message", "hint"),
    [
        pytest.param(
            str(LINEAR), [2, 3], {"biass": True},
            "unknown-argument", "biass", "f has no argument biass", "did you mean bias?",
            id="unknown, with a near name",
        ),
        pytest.param(
            str(LINEAR), [2, 3], {"zzz": 1},
            "unknown-argument", "zzz", "f has no argument zzz", f"f({LINEAR})",
            id="unknown, with nothing near",
        ),
        pytest.param(
            "a, /", [], {"a": 1},
            "unknown-argument", "a", "f has no argument a", "f(a, /)",
            id="by keyword what goes by place only",
        ),
        pytest.param(
            "*args", [], {"args": 1},
            "unknown-argument", "args", "f has no argument args", "f(*args)",
            id="the name of a star",
        ),
        pytest.param(
            str(LINEAR), [2], {},
            "missing-argument", None, "f needs out_features", f"f({LINEAR})",
            id="one missing",
        ),
        pytest.param(
            "a, b, *, c", [], {},
            "missing-argument", None, "f needs a, b and c", "f(a, b, *, c)",
            id="three missing",
        ),
        pytest.param(
            "*args, a", [1, 2], {},
            "missing-argument", None, "f needs a", "f(*args, a)",
            id="missing behind a star",
        ),
        pytest.param(
            str(LINEAR), [2, 3], {"in_features": 2},
            "doubled-argument", "in_features", "f got in_features twice", "give it once",
            id="doubled",
        ),
        pytest.param(
            str(LINEAR), [1, 2, 3, 4, 5], {},
            "too-many-arguments", 3, "f takes at most 3 positional arguments and got 5", f"f({LINEAR})",
            id="too many",
        ),
        pytest.param(
            "a", [1, 2], {},
            "too-many-arguments", 1, "f takes at most 1 positional argument and got 2", "f(a)",
            id="too many for one",
        ),
        pytest.param(
            "*, a=1", [1], {},
            "too-many-arguments", 0, "f takes no positional arguments and got 1", "f(*, a=1)",
            id="too many for keywords only",
        ),
        pytest.param(
            "", [1], {},
            "too-many-arguments", 0, "f takes no arguments and got 1", "f()",
            id="too many for none",
        ),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit(
    text: str,
    positional: list[Any],
    keywords: dict[str, Any],
    code: str,
    argument: int | str | None,
    message: str,
    hint: str,
) -> None:
    with pytest.raises(BindingError) as caught:
        parse_signature(text).bind("f", positional, keywords)
    error = caught.value
    assert (error.code, error.argument, error.message, error.hint) == (code, argument, message, hint)


@given(
    text=st.sampled_from(SIGNATURES),
    positional=st.lists(st.integers(0, 9), max_size=4),
    keywords=st.dictionaries(st.sampled_from(["a", "b", "c", "d", "args", "kwargs"]), st.integers(0, 9)),
)
def test_binds_what_python_binds(text: str, positional: list[int], keywords: dict[str, int]) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def f({text}): pass", namespace)
    try:
        expected = dict(inspect.signature(namespace["f"]).bind(*positional, **keywords).arguments)
    except TypeError:
        with pytest.raises(BindingError):
            parse_signature(text).bind("f", positional, keywords)
        return
    bound = parse_signature(text).bind("f", positional, keywords)
    # Python leaves an empty star out.
    assert {name: value for name, value in bound.items() if value not in ((), {})} == expected
