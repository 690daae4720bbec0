"""Linear maps of the last dimension, and the layer that does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layercli.catalogue import macs, work
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module, State, apply_lazily, hold_lazily
from layercli.catalogue.operations.linear_algebra import bilinear, linear
from layercli.catalogue.rules import expect_tensor, tell_count
from layercli.catalogue.tensors import AnySize, Tensor, refuse


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
        refuse(
            f"expects {tell_count(layer.in_features, 'feature')} in the last dimension and got a tensor without dimensions"
        )
    if tensor.shape[-1] != layer.in_features:
        refuse(
            f"expects {tell_count(layer.in_features, 'feature')} in the last dimension and got {tensor.shape[-1]}: {tensor}"
        )
    return linear(tensor, layer.tensors["weight"], layer.tensors.get("bias"))


def _find_features(layer: Module, input: Tensor) -> AnySize:
    if input.dim == 0:
        refuse(f"expects features in the last dimension and got {input!r}", "input")
    return input.shape[-1]


def hold_bilinear(layer: Module) -> Iterator[State]:
    """``weight`` of (out_features, in1_features, in2_features), and ``bias``."""
    if layer.in1_features == 0:
        refuse("needs in1_features of at least 1", "in1_features", "invalid-argument")
    yield State("weight", (layer.out_features, layer.in1_features, layer.in2_features))
    if layer.bias:
        yield State("bias", (layer.out_features,))


def apply_bilinear(layer: Module, input1: Any, input2: Any) -> Tensor:
    """(*, in1_features) and (*, in2_features) to (*, out_features). Source: torch.nn.Bilinear."""
    return bilinear(input1, input2, layer.tensors["weight"], layer.tensors.get("bias"))


def pass_on(layer: Module, input: Any) -> Any:
    """The input itself. Source: torch.nn.Identity."""
    return input


LAYERS: tuple[Layer, ...] = (
    Layer(
        "Identity",
        "*args, **kwargs",
        "Returns its input unchanged, whatever arguments it was made with.",
        rule=pass_on,
        work=work.take_none,
    ),
    Layer(
        "Linear",
        "in_features, out_features, bias=True, *, dtype=None",
        "Multiplies the last dimension by a weight matrix and adds a bias.",
        state=hold_linear,
        rule=apply_linear,
        macs=macs.map_features,
        work=work.add_own_bias,
    ),
    Layer(
        "Bilinear",
        "in1_features, in2_features, out_features, bias=True, *, dtype=None",
        "Combines two inputs through one weight matrix per output feature, x1 W x2, and adds a bias.",
        state=hold_bilinear,
        rule=apply_bilinear,
        macs=macs.map_feature_pairs,
        work=work.add_own_bias,
    ),
    Layer(
        "LazyLinear",
        "out_features, bias=True, *, dtype=None",
        "A Linear that takes in_features from the first input it sees.",
        state=hold_lazily(hold_linear, in_features=0),
        rule=apply_lazily("in_features", _find_features, hold_linear, apply_linear),
        macs=macs.map_features,
        work=work.add_own_bias,
    ),
)
