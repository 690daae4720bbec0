"""Pooling: each window of the input becomes one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module, State, apply_operation
from layercli.catalogue.operations import pooling
from layercli.catalogue.rules import number_of_spatial
from layercli.catalogue.tensors import refuse


def _undo(count: int) -> Callable[..., Any]:
    """The rule of an unpooling layer, which takes the indices of the maxima and the size to give."""
    rule = pooling.undo_maximum(count)

    def apply(layer: Module, input: Any, indices: Any, output_size: Any = None) -> Any:
        return rule(input, indices, layer.kernel_size, layer.stride, layer.padding, output_size)

    return apply


def _norm(count: int) -> Callable[..., Any]:
    """The rule of a layer that pools by a p-norm, whose power is a fraction even if it was given as an int."""
    rule = pooling.pool_norm(count)

    def apply(layer: Module, input: Any) -> Any:
        return rule(input, float(layer.norm_type), layer.kernel_size, layer.stride, layer.ceil_mode)

    return apply


def check_fractions(count: int) -> Callable[[Module], Iterator[State]]:
    """No parameters; one of ``output_size`` and ``output_ratio`` is given, and ratios lie between 0 and 1."""

    def state(layer: Module) -> Iterator[State]:
        windows = number_of_spatial(layer.kernel_size, count, "kernel_size")
        if count == 3 and any(window <= 0 for window in windows):
            refuse(
                f"kernel_size must be greater than 0, not {layer.kernel_size}",
                "kernel_size",
                "invalid-argument",
            )
        if (layer.output_size is None) == (layer.output_ratio is None):
            refuse("needs either output_size or output_ratio", "output_size", "invalid-argument")
        if layer.output_ratio is not None:
            ratios = _spread_ratio(layer, count)
            if not all(0 < ratio < 1 for ratio in ratios[:count]):
                refuse(
                    f"needs ratios between 0 and 1, not {layer.output_ratio}",
                    "output_ratio",
                    "invalid-argument",
                )
        yield from ()

    return state


_MAXIMUM = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_AVERAGE = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")


def _spread_ratio(layer: Module, count: int) -> tuple[Any, ...]:
    ratio = layer.output_ratio
    if isinstance(ratio, (tuple, list)) and len(ratio) < count:
        refuse(
            f"needs {count} values for output_ratio and got {len(ratio)}", "output_ratio", "invalid-argument"
        )
    return tuple(ratio) if isinstance(ratio, (tuple, list)) else (ratio,) * count


def apply_fractions(count: int) -> Callable[..., Any]:
    """The rule of a fractional pooling layer over ``count`` dimensions. Source: torch.nn.FractionalMaxPool2d."""
    rule = pooling.pool_fractions(count)

    def apply(layer: Module, input: Any) -> Any:
        ratio = None if layer.output_ratio is None else _spread_ratio(layer, count)
        return rule(input, layer.kernel_size, layer.output_size, ratio, layer.return_indices)

    return apply


LAYERS: tuple[Layer, ...] = (
    Layer(
        "MaxPool1d",
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "Keeps the greatest value of each window along one dimension.",
        rule=apply_operation(pooling.pool_maximum(1), *_MAXIMUM),
        work=work.through(work.pool_each(1, lost=1), "kernel_size"),
    ),
    Layer(
        "MaxPool2d",
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "Keeps the greatest value of each window of an image.",
        rule=apply_operation(pooling.pool_maximum(2), *_MAXIMUM),
        work=work.through(work.pool_each(2, lost=1), "kernel_size"),
    ),
    Layer(
        "MaxPool3d",
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "Keeps the greatest value of each window of a volume.",
        rule=apply_operation(pooling.pool_maximum(3), *_MAXIMUM),
        work=work.through(work.pool_each(3, lost=1), "kernel_size"),
    ),
    Layer(
        "MaxUnpool1d",
        "kernel_size, stride=None, padding=0",
        "Puts values back at the indices that MaxPool1d returned and zeros everywhere else.",
        rule=_undo(1),
        work=work.take_none,
    ),
    Layer(
        "MaxUnpool2d",
        "kernel_size, stride=None, padding=0",
        "Puts values back at the indices that MaxPool2d returned and zeros everywhere else.",
        rule=_undo(2),
        work=work.take_none,
    ),
    Layer(
        "MaxUnpool3d",
        "kernel_size, stride=None, padding=0",
        "Puts values back at the indices that MaxPool3d returned and zeros everywhere else.",
        rule=_undo(3),
        work=work.take_none,
    ),
    Layer(
        "AvgPool1d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
        "Averages each window along one dimension.",
        rule=apply_operation(pooling.pool_average(1), *_AVERAGE),
        work=work.through(work.pool_each(1), "kernel_size"),
    ),
    Layer(
        "AvgPool2d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "Averages each window of an image.",
        rule=apply_operation(pooling.pool_average(2), *_AVERAGE, "divisor_override"),
        work=work.through(work.pool_each(2), "kernel_size"),
    ),
    Layer(
        "AvgPool3d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "Averages each window of a volume.",
        rule=apply_operation(pooling.pool_average(3), *_AVERAGE, "divisor_override"),
        work=work.through(work.pool_each(3), "kernel_size"),
    ),
    Layer(
        "FractionalMaxPool2d",
        "kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None",
        "Keeps the greatest value of windows placed at random steps, so that an image shrinks by a "
        "fractional ratio.",
        state=check_fractions(2),
        rule=apply_fractions(2),
        work=work.through(work.pool_each(2, lost=1), "kernel_size"),
    ),
    Layer(
        "FractionalMaxPool3d",
        "kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None",
        "Keeps the greatest value of windows placed at random steps, so that a volume shrinks by a "
        "fractional ratio.",
        state=check_fractions(3),
        rule=apply_fractions(3),
        work=work.through(work.pool_each(3, lost=1), "kernel_size"),
    ),
    Layer(
        "LPPool1d",
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "Takes the p-norm of each window along one dimension, without dividing by its size.",
        rule=_norm(1),
        work=work.through(work.pool_norms(1), "norm_type", "kernel_size"),
    ),
    Layer(
        "LPPool2d",
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "Takes the p-norm of each window of an image, without dividing by its size.",
        rule=_norm(2),
        work=work.through(work.pool_norms(2), "norm_type", "kernel_size"),
    ),
    Layer(
        "LPPool3d",
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "Takes the p-norm of each window of a volume, without dividing by its size.",
        rule=_norm(3),
        work=work.through(work.pool_norms(3), "norm_type", "kernel_size"),
    ),
    Layer(
        "AdaptiveMaxPool1d",
        "output_size, return_indices=False",
        "Keeps the greatest values of as many windows along one dimension as output_size asks for.",
        rule=apply_operation(pooling.adapt_maximum(1), "output_size", "return_indices"),
        work=work.through(work.adapt_each(1, lost=1)),
    ),
    Layer(
        "AdaptiveMaxPool2d",
        "output_size, return_indices=False",
        "Keeps the greatest values of an image's windows, chosen to give exactly output_size.",
        rule=apply_operation(pooling.adapt_maximum(2), "output_size", "return_indices"),
        work=work.through(work.adapt_each(2, lost=1)),
    ),
    Layer(
        "AdaptiveMaxPool3d",
        "output_size, return_indices=False",
        "Keeps the greatest values of a volume's windows, chosen to give exactly output_size.",
        rule=apply_operation(pooling.adapt_maximum(3), "output_size", "return_indices"),
        work=work.through(work.adapt_each(3, lost=1)),
    ),
    Layer(
        "AdaptiveAvgPool1d",
        "output_size",
        "Averages as many windows along one dimension as output_size asks for.",
        rule=apply_operation(pooling.adapt_average(1), "output_size"),
        work=work.through(work.adapt_each(1)),
    ),
    Layer(
        "AdaptiveAvgPool2d",
        "output_size",
        "Averages an image's windows, chosen to give exactly output_size.",
        rule=apply_operation(pooling.adapt_average(2), "output_size"),
        work=work.through(work.adapt_each(2)),
    ),
    Layer(
        "AdaptiveAvgPool3d",
        "output_size",
        "Averages a volume's windows, chosen to give exactly output_size.",
        rule=apply_operation(pooling.adapt_average(3), "output_size"),
        work=work.through(work.adapt_each(3)),
    ),
)
