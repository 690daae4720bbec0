"""Convolutions, their transposes, and the sliding windows below them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from layercli.catalogue import macs, work
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module, State, apply_lazily, apply_operation, hold_lazily
from layercli.catalogue.operations import convolution
from layercli.catalogue.operations.vision import pad_edges
from layercli.catalogue.rules import number_of_spatial
from layercli.catalogue.tensors import Tensor, refuse


def _check_channels(layer: Module, *, lazy: bool) -> None:
    """What every convolution asks of its arguments; a lazy one not of its channels. Raises Refusal."""
    if layer.groups <= 0:
        refuse("groups must be a positive integer", "groups", "invalid-argument")
    for name in ("in_channels", "out_channels"):
        if not lazy and layer.arguments[name] % layer.groups != 0:
            refuse(f"{name} must be divisible by groups", "groups", "invalid-argument")
    if layer.padding_mode not in (modes := ("circular", "reflect", "replicate", "zeros")):
        known = ", ".join(map(repr, modes))
        message = f"padding_mode must be one of {known}, but got padding_mode={layer.padding_mode!r}"
        refuse(message, "padding_mode", "invalid-argument")


def hold_filters(
    count: int, *, transposed: bool = False, lazy: bool = False
) -> Callable[[Module], Iterator[State]]:
    """``weight`` of (out_channels, in_channels / groups, *kernel), the first two exchanged where transposed; ``bias``."""

    def state(layer: Module) -> Iterator[State]:
        _check_channels(layer, lazy=lazy)
        if transposed and layer.padding_mode != "zeros":
            refuse(
                "only zeros padding mode is there for transposed convolutions",
                "padding_mode",
                "invalid-argument",
            )
        if isinstance(layer.padding, str):
            if layer.padding not in ("same", "valid"):
                refuse(f"padding can't be {layer.padding!r}", "padding", "invalid-argument")
            if layer.padding == "same" and any(
                step != 1 for step in number_of_spatial(layer.stride, count, "stride")
            ):
                refuse("padding='same' needs a stride of 1", "padding", "invalid-argument")
        given = layer.kernel_size
        # A tuple of another length makes a weight that no call takes.
        kernel = tuple(given) if isinstance(given, (tuple, list)) else (given,) * count
        if any(size < 0 for size in (*kernel, layer.in_channels, layer.out_channels)):
            refuse("a size can't be below 0", "kernel_size", "invalid-argument")
        if transposed:
            yield State("weight", (layer.in_channels, layer.out_channels // layer.groups, *kernel))
        else:
            yield State("weight", (layer.out_channels, layer.in_channels // layer.groups, *kernel))
        if layer.bias:
            yield State("bias", (layer.out_channels,))

    return state


def apply_filters(count: int) -> Callable[..., Tensor]:
    """The rule of a convolution layer, padded in its padding mode. Source: torch.nn.Conv2d."""
    rule = convolution.convolve(count)

    def apply(layer: Module, input: Any) -> Tensor:
        padding = layer.padding
        if layer.padding_mode != "zeros":
            sides = _sides(layer, count)
            convolution.batched(input, count)
            input = pad_edges(input, sides, mode=layer.padding_mode)
            padding = 0
        weight, bias = layer.tensors["weight"], layer.tensors.get("bias")
        return rule(input, weight, bias, layer.stride, padding, layer.dilation, layer.groups)

    return apply


def _sides(layer: Module, count: int) -> Sequence[Any]:
    """How much the padding mode adds on each side, from the last dimension to the first.

    A tuple is taken as it is, one of another length than there are dimensions, too.
    """
    if isinstance(layer.padding, (tuple, list)):
        return [amount for amount in reversed(layer.padding) for _ in range(2)]
    kernel = number_of_spatial(layer.kernel_size, count, "kernel_size")
    holes = number_of_spatial(layer.dilation, count, "dilation")
    sides: list[Any] = []
    for place in reversed(range(count)):
        if layer.padding == "same":
            total = holes[place] * (kernel[place] - 1)
            sides += [total // 2, total - total // 2]
        elif layer.padding == "valid":
            sides += [0, 0]
        else:
            sides += [layer.padding, layer.padding]
    return sides


def apply_transposed(count: int) -> Callable[..., Tensor]:
    """The rule of a transposed convolution layer, with ``output_size`` as in its call. Source: torch.nn.ConvTranspose2d."""
    rule = convolution.convolve_transposed(count)

    def apply(layer: Module, input: Any, output_size: Any = None) -> Tensor:
        extra = layer.output_padding
        if output_size is not None:
            extra = _find_output_padding(layer, convolution.batched(input, count), list(output_size), count)
        weight, bias = layer.tensors["weight"], layer.tensors.get("bias")
        return rule(input, weight, bias, layer.stride, layer.padding, extra, layer.groups, layer.dilation)

    return apply


def _find_output_padding(layer: Module, input: Tensor, sizes: list[Any], count: int) -> tuple[Any, ...]:
    """The output padding that gives the asked size. Raises Refusal where none does."""
    if len(sizes) == count + (input.dim - count):
        sizes = sizes[-count:]
    if len(sizes) != count:
        refuse(f"needs {count} or {input.dim} values for output_size and got {len(sizes)}", "output_size")
    names = ("kernel_size", "stride", "padding", "dilation")
    values = [number_of_spatial(layer.arguments[name], count, name) for name in names]
    found = []
    for size, own, kernel, stride, padding, dilation in zip(
        sizes, input.shape[-count:], *values, strict=True
    ):
        least = (own - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1
        if size < least or size > least + stride - 1:
            refuse(f"can't give a size of {size}; it is from {least} to {least + stride - 1}", "output_size")
        found.append(size - least)
    return tuple(found)


def _hold_lazily(count: int, *, transposed: bool = False) -> Callable[[Module], Iterator[State]]:
    return hold_lazily(hold_filters(count, transposed=transposed), in_channels=0, out_channels=0)


def _apply_lazily(count: int, *, transposed: bool = False) -> Callable[..., Tensor]:
    def find_channels(layer: Module, input: Tensor) -> Any:
        channels = convolution.batched(input, count).shape[-count - 1]
        if channels % layer.groups != 0:
            refuse(f"has {layer.groups} groups, which don't divide {channels} channels: {input!r}", "input")
        return channels

    rule = apply_transposed(count) if transposed else apply_filters(count)
    state = hold_filters(count, transposed=transposed, lazy=True)
    return apply_lazily("in_channels", find_channels, state, rule)


LAYERS: tuple[Layer, ...] = (
    Layer(
        "Conv1d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "Slides learned filters along one spatial dimension of [N, C, L].",
        state=hold_filters(1),
        rule=apply_filters(1),
        macs=macs.slide_filters(1),
        work=work.add_own_bias,
    ),
    Layer(
        "Conv2d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "Slides learned filters over the two spatial dimensions of [N, C, H, W].",
        state=hold_filters(2),
        rule=apply_filters(2),
        macs=macs.slide_filters(2),
        work=work.add_own_bias,
    ),
    Layer(
        "Conv3d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "Slides learned filters through the three spatial dimensions of [N, C, D, H, W].",
        state=hold_filters(3),
        rule=apply_filters(3),
        macs=macs.slide_filters(3),
        work=work.add_own_bias,
    ),
    Layer(
        "ConvTranspose1d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
        "bias=True, dilation=1, padding_mode='zeros', *, dtype=None",
        "Spreads each position of [N, C, L] over a learned filter, the transpose of Conv1d, usually to "
        "enlarge it.",
        state=hold_filters(1, transposed=True),
        rule=apply_transposed(1),
        macs=macs.spread_filters(1),
        work=work.add_own_bias,
    ),
    Layer(
        "ConvTranspose2d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
        "bias=True, dilation=1, padding_mode='zeros', *, dtype=None",
        "Spreads each pixel of [N, C, H, W] over a learned filter, the transpose of Conv2d, usually to "
        "enlarge it.",
        state=hold_filters(2, transposed=True),
        rule=apply_transposed(2),
        macs=macs.spread_filters(2),
        work=work.add_own_bias,
    ),
    Layer(
        "ConvTranspose3d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
        "bias=True, dilation=1, padding_mode='zeros', *, dtype=None",
        "Spreads each voxel of [N, C, D, H, W] over a learned filter, the transpose of Conv3d, usually "
        "to enlarge it.",
        state=hold_filters(3, transposed=True),
        rule=apply_transposed(3),
        macs=macs.spread_filters(3),
        work=work.add_own_bias,
    ),
    Layer(
        "LazyConv1d",
        "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "A Conv1d that takes in_channels from the first input it sees.",
        state=_hold_lazily(1),
        rule=_apply_lazily(1),
        macs=macs.slide_filters(1),
        work=work.add_own_bias,
    ),
    Layer(
        "LazyConv2d",
        "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "A Conv2d that takes in_channels from the first input it sees.",
        state=_hold_lazily(2),
        rule=_apply_lazily(2),
        macs=macs.slide_filters(2),
        work=work.add_own_bias,
    ),
    Layer(
        "LazyConv3d",
        "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "A Conv3d that takes in_channels from the first input it sees.",
        state=_hold_lazily(3),
        rule=_apply_lazily(3),
        macs=macs.slide_filters(3),
        work=work.add_own_bias,
    ),
    Layer(
        "LazyConvTranspose1d",
        "out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
        "dilation=1, padding_mode='zeros', *, dtype=None",
        "A ConvTranspose1d that takes in_channels from the first input it sees.",
        state=_hold_lazily(1, transposed=True),
        rule=_apply_lazily(1, transposed=True),
        macs=macs.spread_filters(1),
        work=work.add_own_bias,
    ),
    Layer(
        "LazyConvTranspose2d",
        "out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
        "dilation=1, padding_mode='zeros', *, dtype=None",
        "A ConvTranspose2d that takes in_channels from the first input it sees.",
        state=_hold_lazily(2, transposed=True),
        rule=_apply_lazily(2, transposed=True),
        macs=macs.spread_filters(2),
        work=work.add_own_bias,
    ),
    Layer(
        "LazyConvTranspose3d",
        "out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
        "dilation=1, padding_mode='zeros', *, dtype=None",
        "A ConvTranspose3d that takes in_channels from the first input it sees.",
        state=_hold_lazily(3, transposed=True),
        rule=_apply_lazily(3, transposed=True),
        macs=macs.spread_filters(3),
        work=work.add_own_bias,
    ),
    Layer(
        "Unfold",
        "kernel_size, dilation=1, padding=0, stride=1",
        "Copies every sliding window of an image into a column, [N, C, H, W] to [N, C * window, windows].",
        rule=apply_operation(convolution.unfold_windows, "kernel_size", "dilation", "padding", "stride"),
        work=work.take_none,
    ),
    Layer(
        "Fold",
        "output_size, kernel_size, dilation=1, padding=0, stride=1",
        "Adds columns of window values back into an image at their places, where windows overlap as a sum.",
        rule=apply_operation(
            convolution.fold_windows, "output_size", "kernel_size", "dilation", "padding", "stride"
        ),
        work=work.through(work.add_each),
    ),
)
