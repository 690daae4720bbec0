"""Activation functions, softmax and its like among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import (
    ALL,
    FLOATS,
    FRACTIONS,
    NUMBERS,
    REAL_NUMBERS,
    expect_bool,
    expect_dtype,
    expect_dtype_unless_empty,
    expect_fit,
    expect_number,
    is_plain,
    rename_argument,
)
from layercli.catalogue.entries import EVERYWHERE, FUNCTIONAL, FUNCTIONAL_AND_TORCH, TENSOR, Operation
from layercli.catalogue.operations.elementwise import to_same
from layercli.catalogue.rules import (
    elementwise,
    expect_own_elements,
    expect_tensor,
    find_dim,
    like,
    to_floating,
)
from layercli.catalogue.tensors import Tensor, refuse


def activate(takes: frozenset[str], gives: Callable[[str], str] = to_same) -> Callable[..., Tensor]:
    """The rule of an activation without arguments: the input's shape. Source: torch.nn.functional.relu."""

    def rule(input: Any, inplace: Any = False) -> Tensor:
        tensor = expect_dtype(input, takes)
        return expect_own_elements(tensor) if inplace else like(tensor, gives(tensor.dtype))

    return rule


def activate_with(
    name: str, default: float, *, least: float | None = None, zero: bool = True
) -> Callable[..., Tensor]:
    """The rule of an activation with one number.

    This is not below ``least``, and perhaps not 0. Source: torch.nn.functional.leaky_relu and its like.
    """

    def rule(input: Any, slope: Any = default, inplace: Any = False) -> Tensor:
        tensor = expect_dtype(input, FLOATS)
        if is_plain(expect_number(slope, name)):
            if least is not None and slope < least:
                refuse(f"needs {name} to be {least} or more, not {slope}", name)
            if not zero and slope == 0:
                refuse(f"divides by {name}, which is 0", name)
        return expect_own_elements(tensor) if inplace else like(tensor)

    return rename_argument(rule, "slope", name)


def apply_rrelu(
    input: Any,
    lower: Any = 0.125,
    upper: Any = 0.3333333333333333,
    training: Any = False,
    inplace: Any = False,
) -> Tensor:
    """The input's shape, row-major. Source: torch.nn.functional.rrelu."""
    tensor = expect_dtype(input, FLOATS)
    if expect_bool(training, "training"):
        expect_dtype(tensor, FLOATS - {"float16"})
    if is_plain(expect_number(lower, "lower")) and is_plain(expect_number(upper, "upper")) and lower > upper:
        refuse(f"draws from {lower} to {upper}, which is nothing", "upper")
    return expect_own_elements(tensor) if inplace else Tensor(tensor.dtype, tensor.shape)


def apply_gelu(input: Any, *, approximate: Any = "none") -> Tensor:
    """The input's shape. Source: torch.nn.functional.gelu."""
    if approximate not in ("none", "tanh"):
        refuse(f"needs 'none' or 'tanh' as approximate, not {approximate!r}", "approximate", "wrong-kind")
    return like(expect_dtype(input, FLOATS))


def apply_logsigmoid(input: Any) -> Tensor:
    """The input's shape, row-major. Source: torch.nn.functional.logsigmoid."""
    tensor = expect_dtype(input, FLOATS)
    return Tensor(tensor.dtype, tensor.shape)


def apply_glu(input: Any, dim: Any = -1) -> Tensor:
    """The input's shape with half of the size of ``dim``. Source: torch.nn.functional.glu."""
    tensor = expect_tensor(input, "input")
    if tensor.dim == 0:
        refuse(f"halves a dimension, and the input has none: {tensor!r}", "input")
    place = find_dim(dim, tensor.dim)
    size = tensor.shape[place]
    if size % 2 != 0:
        refuse(f"halves dimension {place}, whose size {size} is odd: {tensor!r}", "dim")
    half = Tensor(
        tensor.dtype, (*tensor.shape[:place], size // 2, *tensor.shape[place + 1 :]), tensor.strides
    )
    return like(expect_dtype(half, FLOATS))


def apply_prelu(input: Any, weight: Any) -> Tensor:
    """(N, C, *) in its shape, with C weights or one. Source: torch.nn.functional.prelu."""
    tensor, slopes = expect_tensor(input, "input"), expect_tensor(weight, "weight")
    if tensor.dtype != slopes.dtype:
        refuse(f"needs one dtype and got {tensor!r} and {slopes!r}", "weight", "dtype-mismatch")
    expect_dtype(tensor, FLOATS)
    if slopes.dim > 1:
        refuse(f"takes weights of one dimension and got {slopes!r}", "weight")
    shape: tuple[Any, ...] = (1,) * tensor.dim
    if slopes.numel != 1:
        if tensor.dim == 0:
            refuse(f"has no channels for {slopes!r}: {tensor!r}", "weight")
        channels = tensor.shape[1] if tensor.dim > 1 else 1
        if slopes.numel != channels:
            refuse(f"needs one weight or {channels}, one a channel, and got {slopes.numel}", "weight")
        shape = (1, channels, *(1,) * (tensor.dim - 2))
    return elementwise(tensor.dtype, tensor, Tensor(tensor.dtype, shape))


def apply_hardtanh(input: Any, min_val: Any = -1.0, max_val: Any = 1.0, inplace: Any = False) -> Tensor:
    """The input's shape. Source: torch.nn.functional.hardtanh."""
    tensor = expect_dtype(input, REAL_NUMBERS)
    for name, value in (("min_val", min_val), ("max_val", max_val)):
        if is_plain(expect_number(value, name)):
            if tensor.dtype == "uint8" and value < 0:
                refuse(f"takes no negative bounds for uint8: {name} is {value}", name)
            expect_fit(value, tensor.dtype, name)
    if is_plain(min_val) and is_plain(max_val) and min_val > max_val:
        refuse(f"keeps between {min_val} and {max_val}, which is nothing", "max_val")
    return expect_own_elements(tensor) if inplace else like(tensor)


def apply_threshold(input: Any, threshold: Any, value: Any, inplace: Any = False) -> Tensor:
    """The input's shape. Source: torch.nn.functional.threshold."""
    tensor = expect_dtype(input, REAL_NUMBERS)
    for name, number in (("threshold", threshold), ("value", value)):
        expect_fit(expect_number(number, name), tensor.dtype, name)
    return tensor if inplace else like(tensor)


def apply_softplus(input: Any, beta: Any = 1, threshold: Any = 20) -> Tensor:
    """The input's shape. Source: torch.nn.functional.softplus."""
    expect_number(beta, "beta")
    expect_number(threshold, "threshold")
    return like(expect_dtype(input, FLOATS))


def find_softmax_dim(dim: Any, dims: int) -> int:
    """The dimension of a softmax; without one the first for 0, 1 and 3 dimensions, else the second."""
    return find_dim((0 if dims in (0, 1, 3) else 1) if dim is None else dim, dims)


def apply_softmax(input: Any, dim: Any = None, dtype: str | None = None) -> Tensor:
    """The input's shape, row-major, cast to ``dtype`` first. Source: torch.nn.functional.softmax."""
    tensor = expect_tensor(input, "input")
    find_softmax_dim(dim, tensor.dim)
    result = Tensor(dtype or tensor.dtype, tensor.shape)
    return expect_dtype_unless_empty(result, FLOATS, "dtype" if dtype else "input")


def apply_softmin(input: Any, dim: Any = None, *, dtype: str | None = None) -> Tensor:
    """The input's shape, row-major. Source: torch.nn.functional.softmin."""
    return apply_softmax(expect_dtype(input, NUMBERS), dim, dtype)


def apply_gumbel_softmax(
    logits: Any, tau: Any = 1, hard: Any = False, eps: Any = 1e-10, dim: Any = -1
) -> Tensor:
    """The shape of ``logits``, row-major. Source: torch.nn.functional.gumbel_softmax."""
    tensor = expect_dtype_unless_empty(logits, FLOATS, "logits")
    if hard:
        expect_dtype(tensor, REAL_NUMBERS, "logits")
    place = find_dim(dim, tensor.dim)
    # The word of a warning is chosen by it, which asks whether it is true.
    bool(eps)
    expect_number(tau, "tau", learned=True)
    if hard and tensor.dim and tensor.shape[place] == 0:
        refuse(f"has nothing to choose from in dimension {place}: {tensor!r}", "dim")
    return Tensor(to_floating(tensor.dtype), tensor.shape)


OPERATIONS = (
    Operation(
        "relu",
        "input, inplace=False",
        "max(0, x).",
        EVERYWHERE,
        in_place=EVERYWHERE,
        rule=activate(REAL_NUMBERS),
        work=work.CURVES["relu"],
    ),
    Operation(
        "relu6",
        "input, inplace=False",
        "min(max(0, x), 6).",
        FUNCTIONAL,
        rule=activate(REAL_NUMBERS),
        work=work.CURVES["relu6"],
    ),
    Operation(
        "leaky_relu",
        "input, negative_slope=0.01, inplace=False",
        "x above zero, negative_slope * x below.",
        FUNCTIONAL,
        in_place=FUNCTIONAL,
        rule=activate_with("negative_slope", 0.01),
        work=work.CURVES["leaky_relu"],
    ),
    Operation(
        "prelu",
        "input, weight",
        "x above zero, weight * x below, one weight or one a channel.",
        EVERYWHERE,
        rule=apply_prelu,
        work=work.CURVES["prelu"],
    ),
    Operation(
        "rrelu",
        "input, lower=0.125, upper=0.3333333333333333, training=False, inplace=False",
        "x above zero, below it x times a slope that is drawn in training.",
        FUNCTIONAL_AND_TORCH,
        in_place=FUNCTIONAL_AND_TORCH,
        random=True,
        rule=apply_rrelu,
        work=work.leak_randomly,
    ),
    Operation(
        "elu",
        "input, alpha=1.0, inplace=False",
        "x above zero, alpha * (exp(x) - 1) below.",
        FUNCTIONAL,
        in_place=FUNCTIONAL,
        rule=activate_with("alpha", 1.0),
        work=work.CURVES["elu"],
    ),
    Operation(
        "celu",
        "input, alpha=1.0, inplace=False",
        "x above zero, alpha * (exp(x / alpha) - 1) below.",
        FUNCTIONAL_AND_TORCH,
        in_place=FUNCTIONAL_AND_TORCH,
        rule=activate_with("alpha", 1.0, zero=False),
        work=work.CURVES["celu"],
    ),
    Operation(
        "selu",
        "input, inplace=False",
        "ELU with the scale and alpha that keep mean 0 and variance 1.",
        FUNCTIONAL_AND_TORCH,
        in_place=FUNCTIONAL_AND_TORCH,
        rule=activate(FLOATS),
        work=work.CURVES["selu"],
    ),
    Operation(
        "gelu",
        "input, *, approximate='none'",
        "x times the normal distribution's share below x.",
        FUNCTIONAL,
        rule=apply_gelu,
        work=work.bend,
    ),
    Operation(
        "silu",
        "input, inplace=False",
        "x * sigmoid(x).",
        FUNCTIONAL,
        rule=activate(FRACTIONS),
        work=work.CURVES["silu"],
    ),
    Operation(
        "mish",
        "input, inplace=False",
        "x * tanh(softplus(x)).",
        FUNCTIONAL,
        rule=activate(FLOATS),
        work=work.CURVES["mish"],
    ),
    Operation(
        "glu",
        "input, dim=-1",
        "The first half along `dim` times the sigmoid of the second half.",
        FUNCTIONAL,
        rule=apply_glu,
        work=work.CURVES["glu"],
    ),
    Operation(
        "sigmoid",
        "input",
        "1 / (1 + exp(-x)).",
        EVERYWHERE,
        in_place=TENSOR,
        rule=activate(ALL, to_floating),
        work=work.CURVES["sigmoid"],
    ),
    Operation(
        "logsigmoid",
        "input",
        "log(1 / (1 + exp(-x))).",
        FUNCTIONAL,
        rule=apply_logsigmoid,
        work=work.CURVES["logsigmoid"],
    ),
    Operation(
        "hardsigmoid",
        "input, inplace=False",
        "min(max(0, x + 3), 6) / 6.",
        FUNCTIONAL,
        rule=activate(FLOATS),
        work=work.CURVES["hardsigmoid"],
    ),
    Operation(
        "hardswish",
        "input, inplace=False",
        "x * hardsigmoid(x).",
        FUNCTIONAL,
        rule=activate(FLOATS),
        work=work.CURVES["hardswish"],
    ),
    Operation(
        "tanh",
        "input",
        "The hyperbolic tangent.",
        EVERYWHERE,
        in_place=TENSOR,
        rule=activate(ALL, to_floating),
        work=work.CURVES["tanh"],
    ),
    Operation(
        "tanhshrink",
        "input",
        "x - tanh(x).",
        FUNCTIONAL,
        rule=activate(NUMBERS, to_floating),
        work=work.CURVES["tanhshrink"],
    ),
    Operation(
        "hardtanh",
        "input, min_val=-1.0, max_val=1.0, inplace=False",
        "x kept between `min_val` and `max_val`.",
        FUNCTIONAL,
        in_place=FUNCTIONAL,
        rule=apply_hardtanh,
        work=work.CURVES["hardtanh"],
    ),
    Operation(
        "threshold",
        "input, threshold, value, inplace=False",
        "x above the threshold, `value` elsewhere.",
        FUNCTIONAL_AND_TORCH,
        in_place=FUNCTIONAL_AND_TORCH,
        rule=apply_threshold,
        work=work.CURVES["threshold"],
    ),
    Operation(
        "hardshrink",
        "input, lambd=0.5",
        "x, and zero between -lambd and lambd.",
        EVERYWHERE,
        rule=activate_with("lambd", 0.5),
        work=work.CURVES["hardshrink"],
    ),
    Operation(
        "softshrink",
        "input, lambd=0.5",
        "x moved towards zero by `lambd`.",
        FUNCTIONAL,
        rule=activate_with("lambd", 0.5, least=0),
        work=work.CURVES["softshrink"],
    ),
    Operation(
        "softplus",
        "input, beta=1, threshold=20",
        "log(1 + exp(beta * x)) / beta.",
        FUNCTIONAL,
        rule=apply_softplus,
        work=work.CURVES["softplus"],
    ),
    Operation(
        "softsign",
        "input",
        "x / (1 + |x|).",
        FUNCTIONAL,
        rule=activate(NUMBERS, to_floating),
        work=work.CURVES["softsign"],
    ),
    Operation(
        "softmax",
        "input, dim=None, *, dtype=None",
        "Exponentials divided by their sum along `dim`.",
        EVERYWHERE,
        in_torch="input, dim, dtype=None",
        in_tensor="dim, dtype=None",
        rule=apply_softmax,
        work=work.share,
    ),
    Operation(
        "log_softmax",
        "input, dim=None, *, dtype=None",
        "The logarithm of softmax along `dim`.",
        EVERYWHERE,
        in_torch="input, dim, dtype=None",
        in_tensor="dim, dtype=None",
        rule=apply_softmax,
        work=work.share_logarithmically,
    ),
    Operation(
        "softmin",
        "input, dim=None, *, dtype=None",
        "Softmax of -x along `dim`.",
        FUNCTIONAL,
        rule=apply_softmin,
        work=work.share_least,
    ),
    Operation(
        "gumbel_softmax",
        "logits, tau=1, hard=False, eps=1e-10, dim=-1",
        "Softmax of logits with Gumbel noise, as one-hot where `hard`.",
        FUNCTIONAL,
        random=True,
        rule=apply_gumbel_softmax,
        work=work.share_randomly,
    ),
)
