"""Activations: elementwise curves, and softmax and its relatives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.entries import Layer
from layercli.catalogue.functions import apply_function, call_function
from layercli.catalogue.modules import Module, State
from layercli.catalogue.rules import expect_tensor
from layercli.catalogue.tensors import refuse


def _range(layer: Module) -> tuple[Any, Any]:
    """The bounds of a Hardtanh, under their deprecated names where these are given."""
    low = layer.min_val if layer.min_value is None else layer.min_value
    high = layer.max_val if layer.max_value is None else layer.max_value
    return low, high


def check_range(layer: Module) -> Iterator[State]:
    """No parameters; the upper bound is above the lower one."""
    low, high = _range(layer)
    if high <= low:
        refuse(f"max_val ({high}) must be greater than min_val ({low})", "max_val", "invalid-argument")
    yield from ()


def clip(layer: Module, input: Any) -> Any:
    """The input's shape. Source: torch.nn.Hardtanh."""
    return call_function("hardtanh", input, *_range(layer), layer.inplace)


def hold_slopes(layer: Module) -> Iterator[State]:
    """``weight``: one slope for all channels, or one for each."""
    yield State("weight", (layer.num_parameters,))


def apply_slopes(layer: Module, input: Any) -> Any:
    """The input's shape. Source: torch.nn.PReLU."""
    return call_function("prelu", input, layer.tensors["weight"])


def share_channels(layer: Module, input: Any) -> Any:
    """(N, C, H, W) or (C, H, W) in its shape. Source: torch.nn.Softmax2d."""
    tensor = expect_tensor(input, "input")
    if tensor.dim not in (3, 4):
        refuse(f"expects [N, C, H, W] or [C, H, W] and got {tensor!r}", "input")
    return call_function("softmax", tensor, -3)


LAYERS: tuple[Layer, ...] = (
    Layer(
        "ELU",
        "alpha=1.0, inplace=False",
        "Keeps positive values and bends negative ones towards -alpha along alpha * (exp(x) - 1).",
        rule=apply_function("elu", "alpha", "inplace"),
        work=work.through(work.CURVES["elu"]),
    ),
    Layer(
        "CELU",
        "alpha=1.0, inplace=False",
        "Keeps positive values and bends negative ones along alpha * (exp(x / alpha) - 1), smooth at "
        "zero for any alpha.",
        rule=apply_function("celu", "alpha", "inplace"),
        work=work.through(work.CURVES["celu"]),
    ),
    Layer(
        "SELU",
        "inplace=False",
        "Scales an ELU by fixed constants so that activations drift towards mean 0 and variance 1.",
        rule=apply_function("selu", "inplace"),
        work=work.through(work.CURVES["selu"]),
    ),
    Layer(
        "GELU",
        "approximate='none'",
        "Multiplies each value by the probability that a standard normal variable lies below it.",
        rule=apply_function("gelu", "approximate"),
        work=work.through(work.bend, "approximate"),
    ),
    Layer(
        "GLU",
        "dim=-1",
        "Splits one dimension into halves and multiplies the first by the sigmoid of the second.",
        rule=apply_function("glu", "dim"),
        work=work.through(work.CURVES["glu"]),
    ),
    Layer(
        "Hardshrink",
        "lambd=0.5",
        "Sets values between -lambd and lambd to zero and keeps the others.",
        rule=apply_function("hardshrink", "lambd"),
        work=work.through(work.CURVES["hardshrink"]),
    ),
    Layer(
        "Hardsigmoid",
        "inplace=False",
        "Approximates the sigmoid by a line from 0 at -3 to 1 at 3.",
        rule=apply_function("hardsigmoid", "inplace"),
        work=work.through(work.CURVES["hardsigmoid"]),
    ),
    Layer(
        "Hardswish",
        "inplace=False",
        "Multiplies each value by its Hardsigmoid, a cheap SiLU.",
        rule=apply_function("hardswish", "inplace"),
        work=work.through(work.CURVES["hardswish"]),
    ),
    Layer(
        "Hardtanh",
        "min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None",
        "Clips values to the range from min_val to max_val.",
        state=check_range,
        rule=clip,
        work=work.through(work.CURVES["hardtanh"]),
    ),
    Layer(
        "LeakyReLU",
        "negative_slope=0.01, inplace=False",
        "Keeps positive values and multiplies negative ones by a small fixed slope.",
        rule=apply_function("leaky_relu", "negative_slope", "inplace"),
        work=work.through(work.CURVES["leaky_relu"]),
    ),
    Layer(
        "LogSigmoid",
        "",
        "Takes the logarithm of the sigmoid in a way that doesn't underflow.",
        rule=apply_function("logsigmoid"),
        work=work.through(work.CURVES["logsigmoid"]),
    ),
    Layer(
        "LogSoftmax",
        "dim=None",
        "Takes the logarithm of softmax along one dimension in a way that doesn't underflow.",
        rule=apply_function("log_softmax", "dim"),
        work=work.through(work.share_logarithmically, "dim"),
    ),
    Layer(
        "Mish",
        "inplace=False",
        "Multiplies each value by the tanh of its softplus.",
        rule=apply_function("mish", "inplace"),
        work=work.through(work.CURVES["mish"]),
    ),
    Layer(
        "PReLU",
        "num_parameters=1, init=0.25, *, dtype=None",
        "Keeps positive values and multiplies negative ones by a learned slope, one in all or one per "
        "channel.",
        state=hold_slopes,
        rule=apply_slopes,
        work=work.through(work.CURVES["prelu"]),
    ),
    Layer(
        "RReLU",
        "lower=0.125, upper=0.3333333333333333, inplace=False",
        "Multiplies negative values by slopes drawn at random in training and by their mean in evaluation.",
        rule=apply_function("rrelu", "lower", "upper", "inplace", training=True),
        work=work.through(work.leak_randomly, training=True),
    ),
    Layer(
        "ReLU",
        "inplace=False",
        "Keeps positive values and sets negative ones to zero.",
        rule=apply_function("relu", "inplace"),
        work=work.through(work.CURVES["relu"]),
    ),
    Layer(
        "ReLU6",
        "inplace=False",
        "Clips values to the range from 0 to 6.",
        rule=apply_function("relu6", "inplace"),
        work=work.through(work.CURVES["relu6"]),
    ),
    Layer(
        "SiLU",
        "inplace=False",
        "Multiplies each value by its sigmoid.",
        rule=apply_function("silu", "inplace"),
        work=work.through(work.CURVES["silu"]),
    ),
    Layer(
        "Sigmoid",
        "",
        "Maps each value to 1 / (1 + exp(-x)), between 0 and 1.",
        rule=apply_function("sigmoid"),
        work=work.through(work.CURVES["sigmoid"]),
    ),
    Layer(
        "Softmax",
        "dim=None",
        "Turns the values along one dimension into positive shares that sum to 1.",
        rule=apply_function("softmax", "dim"),
        work=work.through(work.share, "dim"),
    ),
    Layer(
        "Softmax2d",
        "",
        "Turns the channels at each pixel into positive shares that sum to 1.",
        rule=share_channels,
        work=work.through(work.share_channels),
    ),
    Layer(
        "Softmin",
        "dim=None",
        "Turns the values along one dimension into shares that sum to 1, the least value getting the "
        "largest.",
        rule=apply_function("softmin", "dim"),
        work=work.through(work.share_least, "dim"),
    ),
    Layer(
        "Softplus",
        "beta=1.0, threshold=20.0",
        "Smooths ReLU to log(1 + exp(beta * x)) / beta, and is linear where beta * x passes the threshold.",
        rule=apply_function("softplus", "beta", "threshold"),
        work=work.through(work.CURVES["softplus"]),
    ),
    Layer(
        "Softshrink",
        "lambd=0.5",
        "Moves each value towards zero by lambd and stops there.",
        rule=apply_function("softshrink", "lambd"),
        work=work.through(work.CURVES["softshrink"]),
    ),
    Layer(
        "Softsign",
        "",
        "Divides each value by 1 plus its absolute value.",
        rule=apply_function("softsign"),
        work=work.through(work.CURVES["softsign"]),
    ),
    Layer(
        "Tanh",
        "",
        "Maps each value to its hyperbolic tangent, between -1 and 1.",
        rule=apply_function("tanh"),
        work=work.through(work.CURVES["tanh"]),
    ),
    Layer(
        "Tanhshrink",
        "",
        "Subtracts from each value its hyperbolic tangent.",
        rule=apply_function("tanhshrink"),
        work=work.through(work.CURVES["tanhshrink"]),
    ),
    Layer(
        "Threshold",
        "threshold, value, inplace=False",
        "Keeps values above the threshold and replaces the others by a fixed value.",
        rule=apply_function("threshold", "threshold", "value", "inplace"),
        work=work.through(work.CURVES["threshold"]),
    ),
)
