"""Activation functions, softmax and its like among them."""

from __future__ import annotations

from layercli.catalogue.entries import EVERYWHERE, FUNCTIONAL, FUNCTIONAL_AND_TORCH, TENSOR, Operation

OPERATIONS = (
    Operation("relu", "input, inplace=False", "max(0, x).", EVERYWHERE, in_place=EVERYWHERE),
    Operation("relu6", "input, inplace=False", "min(max(0, x), 6).", FUNCTIONAL),
    Operation(
        "leaky_relu",
        "input, negative_slope=0.01, inplace=False",
        "x above zero, negative_slope * x below.",
        FUNCTIONAL,
        in_place=FUNCTIONAL,
    ),
    Operation(
        "prelu", "input, weight", "x above zero, weight * x below, one weight or one a channel.", EVERYWHERE
    ),
    Operation(
        "rrelu",
        "input, lower=0.125, upper=0.3333333333333333, training=False, inplace=False",
        "x above zero, below it x times a slope that is drawn in training.",
        FUNCTIONAL_AND_TORCH,
        in_place=FUNCTIONAL_AND_TORCH,
        random=True,
    ),
    Operation(
        "elu",
        "input, alpha=1.0, inplace=False",
        "x above zero, alpha * (exp(x) - 1) below.",
        FUNCTIONAL,
        in_place=FUNCTIONAL,
    ),
    Operation(
        "celu",
        "input, alpha=1.0, inplace=False",
        "x above zero, alpha * (exp(x / alpha) - 1) below.",
        FUNCTIONAL_AND_TORCH,
        in_place=FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "selu",
        "input, inplace=False",
        "ELU with the scale and alpha that keep mean 0 and variance 1.",
        FUNCTIONAL_AND_TORCH,
        in_place=FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "gelu", "input, *, approximate='none'", "x times the normal distribution's share below x.", FUNCTIONAL
    ),
    Operation("silu", "input, inplace=False", "x * sigmoid(x).", FUNCTIONAL),
    Operation("mish", "input, inplace=False", "x * tanh(softplus(x)).", FUNCTIONAL),
    Operation(
        "glu", "input, dim=-1", "The first half along `dim` times the sigmoid of the second half.", FUNCTIONAL
    ),
    Operation("sigmoid", "input", "1 / (1 + exp(-x)).", EVERYWHERE, in_place=TENSOR),
    Operation("logsigmoid", "input", "log(1 / (1 + exp(-x))).", FUNCTIONAL),
    Operation("hardsigmoid", "input, inplace=False", "min(max(0, x + 3), 6) / 6.", FUNCTIONAL),
    Operation("hardswish", "input, inplace=False", "x * hardsigmoid(x).", FUNCTIONAL),
    Operation("tanh", "input", "The hyperbolic tangent.", EVERYWHERE, in_place=TENSOR),
    Operation("tanhshrink", "input", "x - tanh(x).", FUNCTIONAL),
    Operation(
        "hardtanh",
        "input, min_val=-1.0, max_val=1.0, inplace=False",
        "x kept between `min_val` and `max_val`.",
        FUNCTIONAL,
        in_place=FUNCTIONAL,
    ),
    Operation(
        "threshold",
        "input, threshold, value, inplace=False",
        "x above the threshold, `value` elsewhere.",
        FUNCTIONAL_AND_TORCH,
        in_place=FUNCTIONAL_AND_TORCH,
    ),
    Operation("hardshrink", "input, lambd=0.5", "x, and zero between -lambd and lambd.", EVERYWHERE),
    Operation("softshrink", "input, lambd=0.5", "x moved towards zero by `lambd`.", FUNCTIONAL),
    Operation("softplus", "input, beta=1, threshold=20", "log(1 + exp(beta * x)) / beta.", FUNCTIONAL),
    Operation("softsign", "input", "x / (1 + |x|).", FUNCTIONAL),
    Operation(
        "softmax",
        "input, dim=None, *, dtype=None",
        "Exponentials divided by their sum along `dim`.",
        EVERYWHERE,
        in_torch="input, dim, dtype=None",
        in_tensor="dim, dtype=None",
    ),
    Operation(
        "log_softmax",
        "input, dim=None, *, dtype=None",
        "The logarithm of softmax along `dim`.",
        EVERYWHERE,
        in_torch="input, dim, dtype=None",
        in_tensor="dim, dtype=None",
    ),
    Operation("softmin", "input, dim=None, *, dtype=None", "Softmax of -x along `dim`.", FUNCTIONAL),
    Operation(
        "gumbel_softmax",
        "logits, tau=1, hard=False, eps=1e-10, dim=-1",
        "Softmax of logits with Gumbel noise, as one-hot where `hard`.",
        FUNCTIONAL,
        random=True,
    ),
)
