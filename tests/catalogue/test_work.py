"""Formulas of elementwise work: what they count, that they are what PyTorch computes, and which work isn't known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from layercli.catalogue import loss_work, work
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.operations import FAMILIES
from layercli.catalogue.work import CURVES, GELUS, RRELUS, Each, count_operations, leave_unknown
from layercli.catalogue.wrappers import STEPS

OPERATIONS = {operation.name: operation for family in FAMILIES.values() for operation in family}

# What a formula counts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "operations"),
    [
        ("x", 0),
        ("-x", 1),
        ("x * y", 1),
        ("max(x, 0)", 1),
        ("x == -inf", 1),
        ("x - y * z", 2),
        ("exp(x)", 1),
        ("where(x > 0, x, alpha * x)", 2),
        ("where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0))", 4),
        # What is the same for all elements is computed once.
        ("0.5 * sqrt(2 / pi) * x", 1),
        ("sqrt(2 / pi) * 0.5", 0),
        # A value with a name is computed once.
        ("sin(t := pi * x) / t", 3),
        ("(x != 0) & (y != 0)", 2),
    ],
)
def test_count_of_a_formula(text: str, operations: int) -> None:
    assert count_operations(text) == operations


def test_a_formula_is_counted_for_each_element_of_the_result() -> None:
    assert Each("x * y + z")(torch.ones(2, 3)) == 12
    assert Each("frexp(x)")((torch.ones(5), torch.ones(5))) == 5
    assert Each("x * y")(torch.ones(0, 3)) == 0


# A formula is the operation ------------------------------------------------------------------------------------


def _choose(condition: Tensor, first: Any, second: Any) -> Tensor:
    def widen(value: Any) -> Tensor:
        return value if isinstance(value, Tensor) else torch.tensor(float(value), dtype=torch.float64)

    return torch.where(condition, widen(first), widen(second))


def _bound(limit: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Any, Any], Tensor]:
    def apply(first: Any, second: Any) -> Tensor:
        values = [
            value if isinstance(value, Tensor) else torch.tensor(float(value), dtype=torch.float64)
            for value in (first, second)
        ]
        return limit(*values)

    return apply


def _on_tensors(name: str) -> Callable[..., Any]:
    def apply(*given: Any) -> Any:
        if not any(isinstance(value, Tensor) for value in given):
            return getattr(math, name)(*given)
        return getattr(torch, name)(*given)

    return apply


NAMES: Mapping[str, Any] = {
    "where": _choose,
    "max": _bound(torch.maximum),
    "min": _bound(torch.minimum),
    "pi": math.pi,
    "inf": math.inf,
    **{
        name: _on_tensors(name)
        for name in (
            "abs", "sign", "sgn", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "sqrt", "sin", "cos", "tan",
            "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "floor", "ceil", "trunc", "erf", "erfc",
            "erfinv", "lgamma", "digamma", "i0", "frexp", "atan2", "copysign", "nextafter", "igamma", "igammac", "polygamma",
            "tanh",
        )
    },
}  # fmt: skip

X = torch.tensor([-2.5, -1.0, -0.25, 0.0, 0.4, 0.9, 3.5, 30.0], dtype=torch.float64)
Y = torch.tensor([1.5, -2.0, 0.75, 0.3, -0.6, 2.0, 0.5, 1.25], dtype=torch.float64)
UNIT = torch.linspace(0.05, 0.95, 8, dtype=torch.float64)
SIGNS = torch.tensor([1.0, -1.0] * 4, dtype=torch.float64)

#: What a formula calls the arguments that PyTorch has defaults or fixed numbers for.
CONSTANTS: Mapping[str, Mapping[str, Any]] = {
    "deg2rad": {"factor": math.pi / 180},
    "rad2deg": {"factor": 180 / math.pi},
    "nan_to_num": {"nan": 0.0, "posinf": torch.finfo(torch.float64).max, "neginf": torch.finfo(torch.float64).min},
    "isclose": {"rtol": 1e-5, "atol": 1e-8},
    "leaky_relu": {"negative_slope": 0.01},
    "elu": {"alpha": 1.0},
    "celu": {"alpha": 1.0},
    "selu": {"alpha": 1.6732632423543772, "scale": 1.0507009873554805},
    "hardtanh": {"min_val": -1.0, "max_val": 1.0},
    "hardshrink": {"lambd": 0.5},
    "softshrink": {"lambd": 0.5},
    "softplus": {"beta": 1.0, "threshold": 20.0},
}  # fmt: skip
POSITIVE = {
    "log", "log10", "log1p", "log2", "sqrt", "rsqrt", "lgamma", "digamma", "igamma", "igammac", "acosh", "xlogy", "pow",
    "float_power",
}  # fmt: skip
BOUNDED = {"asin", "acos", "atanh", "erfinv"}
#: Those that choose, join or draw, and are tried below or by hand.
NOT_EVALUATED = {
    "frexp", "polygamma", "lerp", "cross", "prelu", "glu", "threshold", "arange", "linspace", "logspace", "hann_window",
    "hamming_window", "blackman_window", "bartlett_window", "kaiser_window", "normal", "normal_", "uniform_", "bernoulli",
    "bernoulli_", "exponential_", "log_normal_", "cauchy_", "geometric_", "isreal", "clamp_min", "clamp_max",
}  # fmt: skip
EVALUATED = sorted(
    name
    for name, operation in OPERATIONS.items()
    if isinstance(operation.work, Each) and name not in NOT_EVALUATED
)


def evaluate(formula: Each, **values: Any) -> Tensor:
    """The value of a formula, which is Python once its functions are PyTorch's."""
    result: Tensor = eval(formula.text, {**NAMES, **values})
    return result


def find_function(name: str) -> Callable[..., Any]:
    return getattr(torch, name, None) or getattr(F, name)


@pytest.mark.parametrize("name", EVALUATED)
def test_a_formula_gives_what_pytorch_computes(name: str) -> None:
    formula = OPERATIONS[name].work
    assert isinstance(formula, Each)
    first = X.abs() + 1 if name in POSITIVE else 2 * UNIT - 1 if name in BOUNDED else X
    second = Y.abs() if name in POSITIVE else Y
    arguments = _count_tensors(formula)
    expected = find_function(name)(*(first, second)[:arguments])
    found = evaluate(formula, x=first, y=second, **CONSTANTS.get(name, {}))
    torch.testing.assert_close(found.to(expected.dtype), expected)


def _count_tensors(formula: Each) -> int:
    return 2 if "y" in compile(formula.text, "", "eval").co_names else 1


@pytest.mark.parametrize(
    ("formula", "values", "expected"),
    [
        (GELUS["none"], {"x": X}, F.gelu(X)),
        (GELUS["tanh"], {"x": X}, F.gelu(X, approximate="tanh")),
        (CURVES["prelu"], {"x": X, "w": UNIT[:1]}, F.prelu(X, UNIT[:1])),
        (CURVES["glu"], {"x": X, "y": Y}, F.glu(torch.stack([X, Y]), 0)[0]),
        (CURVES["threshold"], {"x": X, "threshold": 0.3, "value": 7.0}, F.threshold(X, 0.3, 7.0)),
        (RRELUS[False], {"x": X, "slope": 0.25}, F.rrelu(X, 0.2, 0.3)),
        (OPERATIONS["lerp"].work, {"x": X, "y": Y, "w": UNIT}, torch.lerp(X, Y, UNIT)),
        (OPERATIONS["clamp_min"].work, {"x": X, "y": Y}, torch.clamp_min(X, Y)),
        (OPERATIONS["clamp_max"].work, {"x": X, "y": Y}, torch.clamp_max(X, Y)),
        (OPERATIONS["polygamma"].work, {"x": X.abs() + 1, "order": 2}, torch.polygamma(2, X.abs() + 1)),
        (
            OPERATIONS["hann_window"].work,
            {"i": torch.arange(8, dtype=torch.float64), "step": 2 * math.pi / 8},
            torch.hann_window(8, dtype=torch.float64),
        ),
        (
            OPERATIONS["hamming_window"].work,
            {"i": torch.arange(8, dtype=torch.float64), "step": 2 * math.pi / 8, "alpha": 0.54, "beta": 0.46},
            torch.hamming_window(8, dtype=torch.float64),
        ),
        (
            OPERATIONS["blackman_window"].work,
            {"i": torch.arange(8, dtype=torch.float64), "step": 2 * math.pi / 8},
            torch.blackman_window(8, dtype=torch.float64),
        ),
        (
            OPERATIONS["bartlett_window"].work,
            {"i": torch.arange(8, dtype=torch.float64), "step": 2 / 8},
            torch.bartlett_window(8, dtype=torch.float64),
        ),
        (
            OPERATIONS["kaiser_window"].work,
            {
                "i": torch.arange(8, dtype=torch.float64),
                "step": 2 / 8,
                "beta": 12.0,
                "scale": torch.i0(torch.tensor(12.0, dtype=torch.float64)),
            },
            torch.kaiser_window(8, dtype=torch.float64),
        ),
        (
            OPERATIONS["linspace"].work,
            {"i": torch.arange(5, dtype=torch.float64), "start": 2.0, "step": 0.25},
            torch.linspace(2, 3, 5, dtype=torch.float64),
        ),
        (
            OPERATIONS["logspace"].work,
            {"i": torch.arange(5, dtype=torch.float64), "start": 2.0, "step": 0.25, "base": 10.0},
            torch.logspace(2, 3, 5, dtype=torch.float64),
        ),
    ],
    ids=lambda value: value.text if isinstance(value, Each) else "",
)
def test_a_formula_with_more_arguments(formula: Each, values: dict[str, Any], expected: Tensor) -> None:
    torch.testing.assert_close(evaluate(formula, **values), expected)


PROBABILITIES = UNIT.flip(0)
LOSS_CASES: list[tuple[Each, dict[str, Any], Tensor]] = [
    (loss_work.LOSSES["l1_loss"], {"x": X, "y": Y}, F.l1_loss(X, Y, reduction="none")),
    (loss_work.LOSSES["mse_loss"], {"x": X, "y": Y}, F.mse_loss(X, Y, reduction="none")),
    (
        loss_work.LOSSES["smooth_l1_loss"],
        {"x": X, "y": Y, "beta": 2.0},
        F.smooth_l1_loss(X, Y, reduction="none", beta=2.0),
    ),
    (
        loss_work.LOSSES["huber_loss"],
        {"x": X, "y": Y, "delta": 2.0},
        F.huber_loss(X, Y, reduction="none", delta=2.0),
    ),
    (
        loss_work.LOSSES["binary_cross_entropy"],
        {"x": UNIT, "y": PROBABILITIES},
        F.binary_cross_entropy(UNIT, PROBABILITIES, reduction="none"),
    ),
    (
        loss_work.LOSSES["binary_cross_entropy_with_logits"],
        {"x": X, "y": UNIT},
        F.binary_cross_entropy_with_logits(X, UNIT, reduction="none"),
    ),
    (
        loss_work.WEIGHTED_LOGITS,
        {"x": X, "y": UNIT, "w": Y},
        F.binary_cross_entropy_with_logits(X, UNIT, reduction="none", pos_weight=Y),
    ),
    (loss_work.LOSSES["kl_div"], {"x": X, "y": UNIT}, F.kl_div(X, UNIT, reduction="none")),
    (
        loss_work.KL_DIV_OF_LOGARITHMS,
        {"x": X, "y": UNIT},
        F.kl_div(X, UNIT, reduction="none", log_target=True),
    ),
    (
        loss_work.LOSSES["gaussian_nll_loss"],
        {"x": X, "y": Y, "v": UNIT, "eps": 1e-6},
        F.gaussian_nll_loss(X, Y, UNIT, reduction="none"),
    ),
    (loss_work.POISSON[True], {"x": X, "y": Y}, F.poisson_nll_loss(X, Y, reduction="none")),
    (
        loss_work.POISSON[False],
        {"x": UNIT, "y": Y, "eps": 1e-8},
        F.poisson_nll_loss(UNIT, Y, log_input=False, reduction="none"),
    ),
    (
        loss_work.STIRLING,
        {"y": Y.abs() + 0.5, "z": F.poisson_nll_loss(X, Y.abs() + 0.5, reduction="none")},
        F.poisson_nll_loss(X, Y.abs() + 0.5, full=True, reduction="none"),
    ),
    (
        loss_work.LOSSES["hinge_embedding_loss"],
        {"x": X, "y": SIGNS, "margin": 1.0},
        F.hinge_embedding_loss(X, SIGNS, reduction="none"),
    ),
    (
        loss_work.LOSSES["margin_ranking_loss"],
        {"x": X, "y": SIGNS, "z": Y, "margin": 0.5},
        F.margin_ranking_loss(X, Y, SIGNS, margin=0.5, reduction="none"),
    ),
    (
        loss_work.LOSSES["soft_margin_loss"],
        {"x": X, "y": SIGNS},
        F.soft_margin_loss(X, SIGNS, reduction="none"),
    ),
    (
        loss_work.LOSSES["multilabel_soft_margin_loss"],
        {"x": X, "y": UNIT},
        F.multilabel_soft_margin_loss(X[:, None], UNIT[:, None], reduction="none"),
    ),
]


@pytest.mark.parametrize(
    ("formula", "values", "expected"),
    LOSS_CASES,
    ids=lambda value: value.text if isinstance(value, Each) else "",
)
def test_a_loss_is_what_its_formula_gives(formula: Each, values: dict[str, Any], expected: Tensor) -> None:
    torch.testing.assert_close(evaluate(formula, **values), expected)


def test_every_curve_and_loss_is_evaluated() -> None:
    assert {name for name in CURVES if name not in NOT_EVALUATED} <= set(EVALUATED)
    assert {*loss_work.LOSSES.values()} <= {formula for formula, _, _ in LOSS_CASES}


def test_the_documentation_shows_the_formulas() -> None:
    text = (Path(__file__).parents[2] / "docs/counting.md").read_text(encoding="utf-8")
    formulas = {
        *CURVES.values(),
        *GELUS.values(),
        *RRELUS.values(),
        *(formula for formula, _, _ in LOSS_CASES),
    }
    for formula in formulas:
        assert f"| `{formula.text}` | {formula.operations} |" in text


@pytest.mark.parametrize("name", CURVES)
def test_a_function_tells_its_own_name(name: str) -> None:
    """The activation of a transformer's layer is found by it."""
    own = getattr(F, name).__name__
    assert work._NAMES.get(own, own) == name


# What isn't known ----------------------------------------------------------------------------------------------

#: How often values are compared or moved is up to the values, or to the kernel.
UNKNOWN = {
    "bucketize", "searchsorted", "isin", "histc", "median", "nanmedian", "mode", "quantile", "nanquantile", "kthvalue",
    "sort", "argsort", "msort", "topk", "gradient", "grid_sample", "ctc_loss", "multilabel_margin_loss",
    # decompositions, and what is made of them
    "cdist", "det", "logdet", "slogdet", "inverse", "pinverse", "matrix_exp", "svd",
    # drawn by rejecting
    "multinomial", "poisson", "binomial",
    # complex numbers
    "polar",
}  # fmt: skip
UNKNOWN_LAYERS = {"CTCLoss", "MultiLabelMarginLoss", "AdaptiveLogSoftmaxWithLoss", "_Orthogonal"}


def test_every_operation_is_decided() -> None:
    assert {name for name, operation in OPERATIONS.items() if operation.work is leave_unknown} == UNKNOWN
    assert len(FUNCTIONS) > len(UNKNOWN)


def test_every_layer_is_decided() -> None:
    entries = {**LAYERS, **STEPS}
    unknown = {name for name, entry in entries.items() if entry.work is leave_unknown and not entry.refused}
    assert unknown == UNKNOWN_LAYERS
