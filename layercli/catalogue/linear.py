"""Linear maps of the last dimension, and the layer that does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module, State
from layercli.catalogue.rules import expect_tensor
from layercli.catalogue.tensors import Tensor, refuse


def hold_linear(layer: Module) -> Iterator[State]:
    """``weight`` of (out_features, in_features), and ``bias``."""
    yield State("weight", (layer.out_features, layer.in_features))
    if layer.bias:
        yield State("bias", (layer.out_features,))


def apply_linear(layer: Module, input: Any) -> Tensor:
    """(*, in_features) to (*, out_features). Source: torch.nn.Linear."""
    tensor = expect_tensor(input, "input")
    if tensor.dtype != layer.dtype:
        refuse(f"expects {layer.dtype} and got {tensor.dtype}", "input", "dtype-mismatch")
    if tensor.dim == 0:
        refuse(f"expects {layer.in_features} features in the last dimension and got a tensor without dimensions")
    if tensor.shape[-1] != layer.in_features:
        refuse(f"expects {layer.in_features} features in the last dimension and got {tensor.shape[-1]}: {tensor}")
    return Tensor(tensor.dtype, (*tensor.shape[:-1], layer.out_features))


LAYERS: tuple[Layer, ...] = (
    Layer(
        "Identity",
        "*args, **kwargs",
        "Returns its input unchanged, whatever arguments it was made with.",
    ),
    Layer(
        "Linear",
        "in_features, out_features, bias=True, *, dtype=None",
        "Multiplies the last dimension by a weight matrix and adds a bias.",
        state=hold_linear,
        rule=apply_linear,
    ),
    Layer(
        "Bilinear",
        "in1_features, in2_features, out_features, bias=True, *, dtype=None",
        "Combines two inputs through one weight matrix per output feature, x1 W x2, and adds a bias.",
    ),
    Layer(
        "LazyLinear",
        "out_features, bias=True, *, dtype=None",
        "A Linear that takes in_features from the first input it sees.",
    ),
)
