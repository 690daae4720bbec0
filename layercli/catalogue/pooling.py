"""Pooling: each window of the input becomes one value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module
from layercli.catalogue.operations import pooling


def _windows(rule: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """A layer that calls an operation with these of its arguments by name."""

    def apply(layer: Module, *inputs: Any, **keywords: Any) -> Any:
        return rule(*inputs, **keywords, **{name: layer.arguments[name] for name in names})

    return apply


_MAXIMUM = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_AVERAGE = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
_NORM = ("norm_type", "kernel_size", "stride", "ceil_mode")
_FRACTIONS = ("kernel_size", "output_size", "output_ratio", "return_indices")


LAYERS: tuple[Layer, ...] = (
    Layer(
        "MaxPool1d",
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "Keeps the greatest value of each window along one dimension.",
        rule=_windows(pooling.pool_maximum(1), *_MAXIMUM),
    ),
    Layer(
        "MaxPool2d",
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "Keeps the greatest value of each window of an image.",
        rule=_windows(pooling.pool_maximum(2), *_MAXIMUM),
    ),
    Layer(
        "MaxPool3d",
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "Keeps the greatest value of each window of a volume.",
        rule=_windows(pooling.pool_maximum(3), *_MAXIMUM),
    ),
    Layer(
        "MaxUnpool1d",
        "kernel_size, stride=None, padding=0",
        "Puts values back at the indices that MaxPool1d returned and zeros everywhere else.",
        rule=_windows(pooling.undo_maximum(1), "kernel_size", "stride", "padding"),
    ),
    Layer(
        "MaxUnpool2d",
        "kernel_size, stride=None, padding=0",
        "Puts values back at the indices that MaxPool2d returned and zeros everywhere else.",
        rule=_windows(pooling.undo_maximum(2), "kernel_size", "stride", "padding"),
    ),
    Layer(
        "MaxUnpool3d",
        "kernel_size, stride=None, padding=0",
        "Puts values back at the indices that MaxPool3d returned and zeros everywhere else.",
        rule=_windows(pooling.undo_maximum(3), "kernel_size", "stride", "padding"),
    ),
    Layer(
        "AvgPool1d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
        "Averages each window along one dimension.",
        rule=_windows(pooling.pool_average(1), *_AVERAGE),
    ),
    Layer(
        "AvgPool2d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "Averages each window of an image.",
        rule=_windows(pooling.pool_average(2), *_AVERAGE, "divisor_override"),
    ),
    Layer(
        "AvgPool3d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "Averages each window of a volume.",
        rule=_windows(pooling.pool_average(3), *_AVERAGE, "divisor_override"),
    ),
    Layer(
        "FractionalMaxPool2d",
        "kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None",
        "Keeps the greatest value of windows placed at random steps, so that an image shrinks by a "
        "fractional ratio.",
        rule=_windows(pooling.pool_fractions(2), *_FRACTIONS),
    ),
    Layer(
        "FractionalMaxPool3d",
        "kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None",
        "Keeps the greatest value of windows placed at random steps, so that a volume shrinks by a "
        "fractional ratio.",
        rule=_windows(pooling.pool_fractions(3), *_FRACTIONS),
    ),
    Layer(
        "LPPool1d",
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "Takes the p-norm of each window along one dimension, without dividing by its size.",
        rule=_windows(pooling.pool_norm(1), *_NORM),
    ),
    Layer(
        "LPPool2d",
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "Takes the p-norm of each window of an image, without dividing by its size.",
        rule=_windows(pooling.pool_norm(2), *_NORM),
    ),
    Layer(
        "LPPool3d",
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "Takes the p-norm of each window of a volume, without dividing by its size.",
        rule=_windows(pooling.pool_norm(3), *_NORM),
    ),
    Layer(
        "AdaptiveMaxPool1d",
        "output_size, return_indices=False",
        "Keeps the greatest values of as many windows along one dimension as output_size asks for.",
        rule=_windows(pooling.adapt_maximum(1), "output_size", "return_indices"),
    ),
    Layer(
        "AdaptiveMaxPool2d",
        "output_size, return_indices=False",
        "Keeps the greatest values of an image's windows, chosen to give exactly output_size.",
        rule=_windows(pooling.adapt_maximum(2), "output_size", "return_indices"),
    ),
    Layer(
        "AdaptiveMaxPool3d",
        "output_size, return_indices=False",
        "Keeps the greatest values of a volume's windows, chosen to give exactly output_size.",
        rule=_windows(pooling.adapt_maximum(3), "output_size", "return_indices"),
    ),
    Layer(
        "AdaptiveAvgPool1d",
        "output_size",
        "Averages as many windows along one dimension as output_size asks for.",
        rule=_windows(pooling.adapt_average(1), "output_size"),
    ),
    Layer(
        "AdaptiveAvgPool2d",
        "output_size",
        "Averages an image's windows, chosen to give exactly output_size.",
        rule=_windows(pooling.adapt_average(2), "output_size"),
    ),
    Layer(
        "AdaptiveAvgPool3d",
        "output_size",
        "Averages a volume's windows, chosen to give exactly output_size.",
        rule=_windows(pooling.adapt_average(3), "output_size"),
    ),
)
