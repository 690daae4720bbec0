"""Activations: elementwise curves, and softmax and its relatives."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "ELU",
        "alpha=1.0, inplace=False",
        "Keeps positive values and bends negative ones towards -alpha along alpha * (exp(x) - 1).",
    ),
    Layer(
        "CELU",
        "alpha=1.0, inplace=False",
        "Keeps positive values and bends negative ones along alpha * (exp(x / alpha) - 1), smooth at "
        "zero for any alpha.",
    ),
    Layer(
        "SELU",
        "inplace=False",
        "Scales an ELU by fixed constants so that activations drift towards mean 0 and variance 1.",
    ),
    Layer(
        "GELU",
        "approximate='none'",
        "Multiplies each value by the probability that a standard normal variable lies below it.",
    ),
    Layer(
        "GLU",
        "dim=-1",
        "Splits one dimension into halves and multiplies the first by the sigmoid of the second.",
    ),
    Layer(
        "Hardshrink",
        "lambd=0.5",
        "Sets values between -lambd and lambd to zero and keeps the others.",
    ),
    Layer(
        "Hardsigmoid",
        "inplace=False",
        "Approximates the sigmoid by a line from 0 at -3 to 1 at 3.",
    ),
    Layer(
        "Hardswish",
        "inplace=False",
        "Multiplies each value by its Hardsigmoid, a cheap SiLU.",
    ),
    Layer(
        "Hardtanh",
        "min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None",
        "Clips values to the range from min_val to max_val.",
    ),
    Layer(
        "LeakyReLU",
        "negative_slope=0.01, inplace=False",
        "Keeps positive values and multiplies negative ones by a small fixed slope.",
    ),
    Layer(
        "LogSigmoid",
        "",
        "Takes the logarithm of the sigmoid in a way that doesn't underflow.",
    ),
    Layer(
        "LogSoftmax",
        "dim=None",
        "Takes the logarithm of softmax along one dimension in a way that doesn't underflow.",
    ),
    Layer(
        "Mish",
        "inplace=False",
        "Multiplies each value by the tanh of its softplus.",
    ),
    Layer(
        "PReLU",
        "num_parameters=1, init=0.25, *, dtype=None",
        "Keeps positive values and multiplies negative ones by a learned slope, one in all or one per "
        "channel.",
    ),
    Layer(
        "RReLU",
        "lower=0.125, upper=0.3333333333333333, inplace=False",
        "Multiplies negative values by slopes drawn at random in training and by their mean in evaluation.",
    ),
    Layer(
        "ReLU",
        "inplace=False",
        "Keeps positive values and sets negative ones to zero.",
    ),
    Layer(
        "ReLU6",
        "inplace=False",
        "Clips values to the range from 0 to 6.",
    ),
    Layer(
        "SiLU",
        "inplace=False",
        "Multiplies each value by its sigmoid.",
    ),
    Layer(
        "Sigmoid",
        "",
        "Maps each value to 1 / (1 + exp(-x)), between 0 and 1.",
    ),
    Layer(
        "Softmax",
        "dim=None",
        "Turns the values along one dimension into positive shares that sum to 1.",
    ),
    Layer(
        "Softmax2d",
        "",
        "Turns the channels at each pixel into positive shares that sum to 1.",
    ),
    Layer(
        "Softmin",
        "dim=None",
        "Turns the values along one dimension into shares that sum to 1, the least value getting the "
        "largest.",
    ),
    Layer(
        "Softplus",
        "beta=1.0, threshold=20.0",
        "Smooths ReLU to log(1 + exp(beta * x)) / beta, and is linear where beta * x passes the threshold.",
    ),
    Layer(
        "Softshrink",
        "lambd=0.5",
        "Moves each value towards zero by lambd and stops there.",
    ),
    Layer(
        "Softsign",
        "",
        "Divides each value by 1 plus its absolute value.",
    ),
    Layer(
        "Tanh",
        "",
        "Maps each value to its hyperbolic tangent, between -1 and 1.",
    ),
    Layer(
        "Tanhshrink",
        "",
        "Subtracts from each value its hyperbolic tangent.",
    ),
    Layer(
        "Threshold",
        "threshold, value, inplace=False",
        "Keeps values above the threshold and replaces the others by a fixed value.",
    ),
)
