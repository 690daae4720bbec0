"""Convolutions, and the windows they run over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from layercli.catalogue import macs, work
from layercli.catalogue.arguments import BOOLS, COMPLEX, FRACTIONS, expect_dtype, expect_int, is_whole
from layercli.catalogue.dtypes import can_cast
from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, Operation
from layercli.catalogue.layouts import find_view_strides
from layercli.catalogue.rules import expect_tensor, is_row_major, number_of_spatial, promote, tell_count
from layercli.catalogue.sizes import as_int, product, same_shape
from layercli.catalogue.tensors import AnySize, Shape, Tensor, contiguous_strides, doubt, refuse


def sliding_size(
    size: AnySize, kernel: AnySize, stride: AnySize, padding: AnySize, dilation: AnySize
) -> AnySize:
    """How many places a window has: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def batched(input: Any, count: int, name: str = "input") -> Tensor:
    """``input``, which has ``count`` spatial dimensions after the channels, with or without a batch. Raises Refusal."""
    tensor = expect_tensor(input, name)
    if tensor.dim not in (count + 1, count + 2):
        shape = ", ".join(("C", *("D", "H", "W")[3 - count :])) if count > 1 else "C, L"
        refuse(f"expects [N, {shape}] or [{shape}] and got {tensor}", name)
    return tensor


def spread(value: Any, count: int, argument: str, least: int | None) -> tuple[AnySize, ...]:
    """An int or a tuple as ``count`` ints of at least ``least``, of any size for None. Raises Refusal."""
    values = number_of_spatial(value, count, argument)
    for place, item in enumerate(values):
        # PyTorch makes sure that the first is an int, and reads True as 1 behind it.
        if not is_whole(item) and not (place and isinstance(item, bool) and item is not value):
            refuse(f"needs ints as {argument}, not {item!r}", argument, "wrong-kind")
        if least is not None and item < least:
            refuse(f"needs {argument} of at least {least}, not {item}", argument)
    return tuple(int(item) if isinstance(item, bool) else item for item in values)


def check_operands(
    input: Tensor, weight: Tensor, bias: Any, kernel: Literal["plain", "any", "none"] = "any"
) -> None:
    """The dtypes of a convolution's operands are one; only the plain kernel takes small ints. Raises Refusal."""
    for name, other in (("weight", weight), ("bias", bias)):
        if other is not None and not isinstance(other, Tensor):
            refuse(f"needs a tensor as {name}, not {other!r}", name, "wrong-kind")
        if isinstance(other, Tensor) and other.dtype != input.dtype:
            refuse(f"expects {other.dtype} as its {name} has, and got {input}", "input", "dtype-mismatch")
    if input.dtype in _NO_KERNEL[kernel]:
        refuse(f"can't convolve {input.dtype}", "input", "dtype-mismatch")


_NO_KERNEL = {"any": ("bool", "uint8", "int8", "int16", "int32"), "plain": ("bool",), "none": ()}


def has_no_work(tensor: Tensor, count: int) -> bool:
    """Whether there is no sample or no channel, so that no kernel runs. Raises Refusal for other empty inputs."""
    if tensor.shape[-count - 1] == 0 or (tensor.dim == count + 2 and tensor.shape[0] == 0):
        return True
    if any(size == 0 for size in tensor.shape[-count:]):
        refuse(f"expects sizes above 0 and got {tensor}", "input")
    return False


def _pass_empty(tensor: Tensor, filters: Tensor, bias: Any, count: int, shape: Sequence[AnySize]) -> Tensor:
    """What becomes of an input with no sample or no channel: no channels in give no channels out. Raises Refusal."""
    channels, *sizes = shape
    none = tensor.shape[-count - 1] == 0
    if tensor.dtype in COMPLEX and tensor.dtype != filters.dtype:
        refuse(f"expects {filters.dtype} as its weight has, and got {tensor}", "input", "dtype-mismatch")
    dtype = promote(Tensor(tensor.dtype, (0,)), Tensor(filters.dtype, (0,) if none else ()))
    if isinstance(bias, Tensor) and not can_cast(bias.dtype, dtype):
        refuse(f"gives {dtype} and has a bias of {bias}", "bias", "dtype-mismatch")
    return Tensor(dtype, (*tensor.shape[: -count - 1], 0 if none else channels, *sizes))


def has_plain_rows(tensor: Tensor) -> bool:
    """Whether a tensor lies row by row without doubt.

    Sizes of 1 have any stride, and by theirs a kernel may take a tensor for one with its channels last.
    """
    return tensor.strides is not None and same_shape(tensor.strides, contiguous_strides(tensor.shape))


def make_output(input: Tensor, shape: Sequence[AnySize], weight: Tensor) -> Tensor:
    """The output in row-major order, unless the input isn't: then the kernel chooses."""
    plain = has_plain_rows(input) and has_plain_rows(weight)
    return Tensor(input.dtype, shape, "contiguous" if plain else None)


def _padding(
    padding: Any, count: int, stride: Sequence[AnySize], window: Sequence[tuple[AnySize, AnySize]]
) -> list[AnySize]:
    """Both sides' padding together, for each dimension; "same" is as much as the window takes. Raises Refusal."""
    if padding == "valid":
        return [0] * count
    if padding == "same":
        if any(step != 1 for step in stride):
            refuse("takes padding='same' with a stride of 1 only", "padding")
        return [dilation * (kernel - 1) for kernel, dilation in window]
    if isinstance(padding, str):
        refuse(f"takes 'same', 'valid' or ints as padding, not {padding!r}", "padding", "wrong-kind")
    return [2 * item for item in spread(padding, count, "padding", 0)]


def convolve(count: int) -> Callable[..., Tensor]:
    """The rule of a convolution over ``count`` dimensions.

    (N, C_in, *) with a weight of (C_out, C_in / groups, *) to (N, C_out, *). Source: torch.nn.Conv2d, "Shape".
    """

    def rule(
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: Any = 1,
    ) -> Tensor:
        filters = expect_tensor(weight, "weight")
        if filters.dim != count + 2:
            refuse(f"expects a weight of {count + 2} dimensions and got {filters}", "weight")
        tensor = batched(input, count)
        idle = has_no_work(tensor, count)
        holes = spread(dilation, count, "dilation", 0 if idle else 1)
        if not idle:
            is_plain = all(hole == 1 for hole in holes)
            check_operands(tensor, filters, bias, "plain" if is_plain else "any")
        steps = spread(stride, count, "stride", 1)
        if groups < 1:
            refuse(f"needs at least 1 group, not {groups}", "groups")
        channels = tensor.shape[-count - 1]
        out_channels, per_group, *kernel = filters.shape
        if channels != per_group * groups:
            refuse(
                f"expects {tell_count(per_group * groups, 'channel')} and got {channels}: {tensor}", "input"
            )
        if out_channels % groups != 0 or out_channels < groups:
            refuse(f"has {out_channels} output channels, which {groups} groups don't divide", "groups")
        if isinstance(bias, Tensor) and (bias.dim != 1 or bias.shape[0] != out_channels):
            refuse(f"expects a bias of [{out_channels}] and got {bias}", "bias")
        # Without channels PyTorch multiplies nothing by nothing and doesn't look at the window.
        if any(window < 1 for window in kernel) and not (idle and channels == 0):
            refuse(f"needs a window of at least 1 and has {kernel}", "weight")
        padded = _padding(padding, count, steps, list(zip(kernel, holes, strict=True)))
        sizes: list[AnySize] = []
        for size, extra, window, hole, step in zip(
            tensor.shape[-count:], padded, kernel, holes, steps, strict=True
        ):
            reach = hole * (window - 1) + 1
            if size + extra < reach:
                refuse(
                    f"has a window of {reach}, larger than its padded input of {size + extra}: {tensor}",
                    "input",
                )
            sizes.append((size + extra - reach) // step + 1)
        if idle:
            if isinstance(bias, Tensor) and bias.dtype != tensor.dtype:
                refuse(f"expects {bias.dtype} as its bias has, and got {tensor}", "input", "dtype-mismatch")
            return _pass_empty(tensor, filters, bias, count, (out_channels, *sizes))
        return make_output(tensor, (*tensor.shape[: -count - 1], out_channels, *sizes), filters)

    return rule


#: From so many elements on, of the first four dimensions, PyTorch gives a single image to oneDNN, too.
_ONEDNN_ELEMENTS = 20480


def _goes_to_onednn(tensor: Tensor, kernel: Sequence[AnySize], groups: Any, is_padded_little: bool) -> bool:
    """Whether oneDNN computes a convolution, whose transposed one gives sizes of 0, where PyTorch's own refuses them.

    Source: ConvParams::use_mkldnn in PyTorch's Convolution.cpp.
    """
    if tensor.dtype not in ("float32", "complex64") or not is_padded_little:
        return False
    has_batch = tensor.dim == len(kernel) + 2
    sizes = tensor.shape if has_batch else (1, *tensor.shape)
    return (
        groups > 1
        or (len(kernel) > 1 and kernel[-1] > 3 and kernel[-2] > 3)
        or sizes[0] > 1
        or product(sizes[:4]) > _ONEDNN_ELEMENTS
    )


def convolve_transposed(count: int) -> Callable[..., Tensor]:
    """The rule of a transposed convolution over ``count`` dimensions.

    (N, C_in, *) with a weight of (C_in, C_out / groups, *) to (N, C_out, *), each size
    (size - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1. Source: torch.nn.ConvTranspose2d.
    """

    def rule(
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: Any = 1,
        dilation: Any = 1,
    ) -> Tensor:
        filters = expect_tensor(weight, "weight")
        if filters.dim != count + 2:
            refuse(f"expects a weight of {count + 2} dimensions and got {filters}", "weight")
        tensor = batched(input, count)
        idle = has_no_work(tensor, count)
        if bias is not None:
            expect_tensor(bias, "bias")
        if not idle:
            check_operands(tensor, filters, bias)
        steps = spread(stride, count, "stride", 1)
        cut = spread(padding, count, "padding", 0)
        more = spread(output_padding, count, "output_padding", 0)
        holes = spread(dilation, count, "dilation", 0 if idle else 1)
        if groups < 1:
            refuse(f"needs at least 1 group, not {groups}", "groups")
        channels = tensor.shape[-count - 1]
        in_channels, per_group, *kernel = filters.shape
        if channels != in_channels:
            refuse(f"expects {tell_count(in_channels, 'channel')} and got {channels}: {tensor}", "input")
        if in_channels % groups != 0 or in_channels < groups:
            refuse(f"has {in_channels} input channels, which {groups} groups don't divide", "groups")
        if isinstance(bias, Tensor) and (bias.dim != 1 or bias.shape[0] != per_group * groups):
            refuse(f"expects a bias of [{per_group * groups}] and got {bias}", "bias")
        if per_group == 0 or any(window < 1 for window in kernel):
            refuse(
                f"needs output channels and a window of at least 1 and has a weight of {filters}", "weight"
            )
        sizes: list[AnySize] = []
        places = zip(tensor.shape[-count:], kernel, steps, cut, more, holes, strict=True)
        for size, window, step, less, extra, hole in places:
            if not idle and extra >= step and extra >= hole:
                refuse(f"needs output_padding below stride or dilation, not {extra}", "output_padding")
            length = (size - 1) * step - 2 * less + hole * (window - 1) + extra + 1
            if length < 1 and (
                length < 0 or not (idle or _goes_to_onednn(tensor, kernel, groups, extra < step))
            ):
                refuse(f"would give a size of {length}: {tensor}", "input")
            if length < 1 and not idle and all(window == 1 for window in kernel[-2:]):
                doubt("gives a size of 0, which PyTorch refuses where it has one thread only")
            sizes.append(length)
        if idle:
            return _pass_empty(tensor, filters, bias, count, (per_group * groups, *sizes))
        return make_output(tensor, (*tensor.shape[: -count - 1], per_group * groups, *sizes), filters)

    return rule


def _conv_tbc(input: Any, weight: Any, bias: Any, pad: Any = 0) -> Tensor:
    """(T, B, C_in) with a weight of (K, C_in, C_out) to (T', B, C_out). Source: torch.nn.functional.conv_tbc."""
    tensor, filters, offset = (
        expect_tensor(input, "input"),
        expect_tensor(weight, "weight"),
        expect_tensor(bias, "bias"),
    )
    if tensor.dim != 3 or filters.dim != 3 or offset.dim != 1:
        refuse("expects an input and a weight of 3 dimensions and a bias of 1")
    if tensor.shape[2] != filters.shape[1]:
        refuse(f"expects {filters.shape[1]} channels and got {tensor.shape[2]}: {tensor}", "input")
    if filters.shape[2] != offset.shape[0]:
        refuse(f"expects a bias of [{filters.shape[2]}] and got {offset}", "bias")
    length = tensor.shape[0] - filters.shape[0] + 1 + 2 * expect_int(pad, "pad")
    if length < 0:
        refuse(f"has a window of {filters.shape[0]}, larger than its padded input: {tensor}", "input")
    result = Tensor(tensor.dtype, (length, tensor.shape[1], filters.shape[2]))
    if _meets_window(tensor, as_int(filters.shape[0]), as_int(length), as_int(pad)):
        check_operands(tensor, filters, None, "none" if result.numel == 0 else "plain")
    return result


def _meets_window(tensor: Tensor, window: int, length: int, pad: int) -> bool:
    """Whether a place of the window meets an element. Its kernel views their steps and samples as rows. Raises Refusal."""
    # No other place meets more of them than the one that starts with the first.
    place = min(max(pad, 0), window - 1)
    steps = min(as_int(tensor.shape[0]) + pad - place, length) - max(pad - place, 0)
    if place < 0 or steps <= 0:
        return False
    if tensor.strides is not None and not is_row_major(tensor):
        rows = Tensor(tensor.dtype, (steps, *tensor.shape[1:]), tensor.strides)
        if find_view_strides(rows, (steps * tensor.shape[1], tensor.shape[2])) is None:
            refuse(f"views steps and samples as rows, which this layout doesn't allow: {tensor}", "input")
    return True


def _spread_pair(value: Any, argument: str, least: int) -> tuple[AnySize, ...]:
    if isinstance(value, (tuple, list)) and len(value) != 2:
        refuse(f"needs an int or 2 of them as {argument} and got {len(value)}", argument)
    return spread(value, 2, argument, least)


def _count_windows(
    sizes: Sequence[AnySize], kernel: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[list[AnySize], tuple[AnySize, ...]]:
    """The places of a two-dimensional window, and its sizes. Raises Refusal."""
    windows = _spread_pair(kernel, "kernel_size", 1)
    holes = _spread_pair(dilation, "dilation", 1)
    padded = _spread_pair(padding, "padding", 0)
    steps = _spread_pair(stride, "stride", 1)
    places = [
        sliding_size(size, window, step, pad, hole)
        for size, window, step, pad, hole in zip(sizes, windows, steps, padded, holes, strict=True)
    ]
    for place in places:
        if place < 1:
            refuse(f"has windows of {list(windows)} with no place in {list(sizes)}", "kernel_size")
    return places, windows


#: The dtypes whose windows PyTorch copies.
_COPIED = FRACTIONS | BOOLS


def unfold_windows(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """(N, C, H, W) to (N, C * kernel, places). Source: torch.nn.Unfold."""
    tensor = expect_dtype(batched(input, 2), _COPIED)
    places, windows = _count_windows(tensor.shape[-2:], kernel_size, dilation, padding, stride)
    if any(size == 0 for size in tensor.shape[-3:]):
        refuse(f"expects sizes above 0 and got {tensor}", "input")
    shape = (*tensor.shape[:-3], tensor.shape[-3] * product(windows), product(places))
    return Tensor(tensor.dtype, shape)


def fold_windows(
    input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """(N, C * kernel, places) to (N, C, *output_size). Source: torch.nn.Fold."""
    tensor = expect_dtype(input, _COPIED)
    if tensor.dim not in (2, 3):
        refuse(f"expects 2 or 3 dimensions and got {tensor}", "input")
    out: Shape = _spread_pair(output_size, "output_size", 1)
    places, windows = _count_windows(out, kernel_size, dilation, padding, stride)
    columns, length = tensor.shape[-2:]
    if columns % product(windows) != 0 or columns == 0:
        refuse(
            f"expects a multiple of {product(windows)} in dimension {tensor.dim - 2} and got {columns}: {tensor}",
            "input",
        )
    if length != product(places):
        refuse(f"expects {product(places)} columns and got {length}: {tensor}", "input")
    return Tensor(tensor.dtype, (*tensor.shape[:-2], columns // product(windows), *out))


OPERATIONS = (
    Operation(
        "conv1d",
        "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
        "Convolution of sequences.",
        FUNCTIONAL_AND_TORCH,
        rule=convolve(1),
        macs=macs.convolve,
        work=work.add_bias,
    ),
    Operation(
        "conv2d",
        "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
        "Convolution of images.",
        FUNCTIONAL_AND_TORCH,
        rule=convolve(2),
        macs=macs.convolve,
        work=work.add_bias,
    ),
    Operation(
        "conv3d",
        "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
        "Convolution of volumes.",
        FUNCTIONAL_AND_TORCH,
        rule=convolve(3),
        macs=macs.convolve,
        work=work.add_bias,
    ),
    Operation(
        "conv_transpose1d",
        "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
        "Transposed convolution of sequences.",
        FUNCTIONAL_AND_TORCH,
        rule=convolve_transposed(1),
        macs=macs.convolve_transposed,
        work=work.add_bias,
    ),
    Operation(
        "conv_transpose2d",
        "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
        "Transposed convolution of images.",
        FUNCTIONAL_AND_TORCH,
        rule=convolve_transposed(2),
        macs=macs.convolve_transposed,
        work=work.add_bias,
    ),
    Operation(
        "conv_transpose3d",
        "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
        "Transposed convolution of volumes.",
        FUNCTIONAL_AND_TORCH,
        rule=convolve_transposed(3),
        macs=macs.convolve_transposed,
        work=work.add_bias,
    ),
    Operation(
        "conv_tbc",
        "input, weight, bias, pad=0",
        "Convolution of sequences laid out as time, batch, channel.",
        FUNCTIONAL_AND_TORCH,
        rule=_conv_tbc,
        macs=macs.convolve_sequence,
        work=work.add_bias,
    ),
    Operation(
        "unfold",
        "input, kernel_size, dilation=1, padding=0, stride=1",
        "The windows of images as columns.",
        FUNCTIONAL,
        rule=unfold_windows,
        work=work.take_none,
    ),
    Operation(
        "fold",
        "input, output_size, kernel_size, dilation=1, padding=0, stride=1",
        "Columns summed back into images.",
        FUNCTIONAL,
        rule=fold_windows,
        work=work.add_each,
    ),
)
