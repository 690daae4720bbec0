"""Padding, resizing and sampling of images, sequences and volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from layercli.catalogue import macs, work
from layercli.catalogue.arguments import (
    FLOATS,
    check_dtype,
    expect_at_least,
    expect_bool,
    expect_dtype,
    expect_number,
    expect_sizes,
)
from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, Operation
from layercli.catalogue.layouts import channels_last_strides, suggest_strides
from layercli.catalogue.operations.convolution import has_plain_rows
from layercli.catalogue.operations.pooling import adapt_average
from layercli.catalogue.rules import expect_tensor, like, scale
from layercli.catalogue.sizes import product, same_shape
from layercli.catalogue.tensors import AnySize, Shape, Tensor, contiguous_strides, refuse


def pad_edges(input: Any, pad: Any, mode: Any = "constant", value: Any = None) -> Tensor:
    """Sizes grow by what is added at both ends, from the last dimension on; below 0 cuts off.

    ``reflect`` adds less than the size, ``circular`` at most the size; both and ``replicate`` work on the last one to
    three dimensions behind a batch and channels. Source: torch.nn.functional.pad.
    """
    tensor = expect_tensor(input, "input")
    sides = [pad] if isinstance(pad, int) else list(pad)
    if len(sides) % 2 or len(sides) > 2 * tensor.dim:
        refuse(f"needs an even number of at most {2 * tensor.dim} values as pad and got {len(sides)}", "pad")
    if mode not in ("constant", "reflect", "replicate", "circular"):
        refuse(f"mode can't be {mode!r}", "mode", "invalid-argument")
    count = len(sides) // 2
    if mode == "constant" and value is not None:
        expect_number(value, "value")
    if mode != "constant":
        if value not in (None, 0):
            refuse(f"takes no value with mode={mode!r}", "value")
        if (count, tensor.dim) not in ((1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (3, 5)):
            refuse(f"can't pad {count} dimensions of {tensor} with mode={mode!r}", "pad")
        if mode != "circular" and any(
            size == 0 for size in tensor.shape[1 if tensor.dim == count + 2 else 0 :]
        ):
            refuse(f"expects sizes above 0 and got {tensor}", "input")
        if tensor.dtype in ("bool",) and mode != "circular":
            refuse(f"can't pad {tensor.dtype} with mode={mode!r}", "input", "dtype-mismatch")
    shape = list(tensor.shape)
    for place in range(count):
        size, before, after = shape[-place - 1], sides[2 * place], sides[2 * place + 1]
        if mode == "reflect" and (before >= size or after >= size):
            refuse(
                f"can't reflect {max(before, after)} values at the end of a dimension of {size}: {tensor}",
                "pad",
            )
        if mode == "circular" and (before > size or after > size):
            refuse(f"can't wrap {max(before, after)} values around a dimension of {size}: {tensor}", "pad")
        total = size + before + after
        # Constants are added only after all is cut off.
        kept = size + min(before, 0) + min(after, 0) if mode == "constant" else total
        if kept < 0 or total < 0:
            refuse(f"would give a size of {total}: {tensor}", "pad")
        shape[-place - 1] = total
    # The kernels ask that at least one of the padded dimensions keeps something.
    if mode in ("reflect", "replicate") and all(size == 0 for size in shape[tensor.dim - count :]):
        refuse(f"would give nothing but sizes of 0: {tensor}", "pad")
    return Tensor(tensor.dtype, shape, "contiguous" if has_plain_rows(tensor) else None)


def follow_layout(tensor: Tensor, shape: Sequence[AnySize]) -> Shape | None:
    """Strides of a tensor of another shape that has its channels last where the input has."""
    own = suggest_strides(tensor)
    if own is None or same_shape(own, contiguous_strides(tensor.shape)):
        return None if own is None else contiguous_strides(shape)
    return channels_last_strides(tuple(shape))


#: How many spatial dimensions each way of resizing takes.
_MODES: Mapping[str, tuple[int, ...]] = {
    "nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "area": (1, 2, 3), "linear": (1,), "bilinear": (2,),
    "bicubic": (2,), "trilinear": (3,), "lanczos": (2,),
}  # fmt: skip

#: Those whose samples lie at whole positions, so that it makes no difference where the corners are.
_WITHOUT_CORNERS = ("nearest", "nearest-exact", "area")
_SMOOTHED = ("bilinear", "bicubic", "lanczos")


def resize(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: Any = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: Any = False,
) -> Tensor:
    """(N, C, *) to (N, C, *size), or each size times ``scale_factor``, rounded down.

    Source: torch.nn.functional.interpolate.
    """
    tensor = expect_tensor(input, "input")
    if mode not in _MODES:
        refuse(f"mode can't be {mode!r}; it is one of {', '.join(_MODES)}", "mode", "invalid-argument")
    count = tensor.dim - 2
    if count not in _MODES[mode]:
        expected = " or ".join(str(dims + 2) for dims in _MODES[mode])
        refuse(f"expects {expected} dimensions with mode={mode!r} and got {tensor!r}", "input")
    if align_corners is not None:
        if mode in _WITHOUT_CORNERS:
            refuse(f"takes no align_corners with mode={mode!r}", "align_corners", "invalid-argument")
        expect_bool(align_corners, "align_corners")
    smoothed = bool(antialias)
    if smoothed and mode not in _SMOOTHED:
        refuse(f"takes no antialias with mode={mode!r}", "antialias", "invalid-argument")
    if mode == "lanczos" and (align_corners or not smoothed):
        refuse(
            "needs antialias=True and no align_corners with mode='lanczos'", "antialias", "invalid-argument"
        )
    sizes = _find_sizes(tensor, count, size, scale_factor, recompute_scale_factor)
    if mode == "area":
        return adapt_average(count)(tensor, sizes)
    if any(own < 1 for own in (*tensor.shape[2:], *sizes)):
        refuse(f"needs sizes above 0 and resizes {list(tensor.shape[2:])} to {list(sizes)}", "input")
    if product(tensor.shape[1:]) == 0:
        refuse(f"expects at least one channel and got {tensor!r}", "input")
    takes = FLOATS - {"float16", "bfloat16"} if smoothed else FLOATS
    check_dtype(
        tensor.dtype, takes if mode in ("linear", "trilinear") else takes | {"uint8"}, "input", tensor
    )
    shape = (*tensor.shape[:2], *sizes)
    return Tensor(tensor.dtype, shape, follow_layout(tensor, shape))


def _find_sizes(
    tensor: Tensor, count: int, size: Any, scale_factor: Any, recompute_scale_factor: Any
) -> Shape:
    """The sizes to give, from sizes or factors, one for all dimensions or one for each. Raises Refusal."""
    if (size is None) == (scale_factor is None):
        if size is not None:
            refuse("takes size or scale_factor, not both", "scale_factor", "invalid-argument")
        refuse("needs size=... or scale_factor=..., and has neither", "size", "missing-argument")
    argument, given = ("size", size) if size is not None else ("scale_factor", scale_factor)
    values = list(given) if isinstance(given, (tuple, list)) else [given] * count
    if len(values) != count:
        refuse(f"needs {count} values for {argument} and got {len(values)}", argument)
    if size is not None:
        if recompute_scale_factor:
            refuse("takes recompute_scale_factor with a scale_factor only", "recompute_scale_factor")
        return expect_sizes(values)
    for factor in values:
        if isinstance(factor, (bool, Tensor)) or not isinstance(factor, (int, float)):
            refuse(f"needs numbers as scale_factor, not {factor!r}", "scale_factor", "wrong-kind")
        if not isfinite(factor):
            refuse(f"needs finite numbers as scale_factor, not {factor}", "scale_factor", "invalid-argument")
    return tuple(scale(own, factor) for own, factor in zip(tensor.shape[2:], values, strict=True))


def sample_grid(
    input: Any, grid: Any, mode: Any = "bilinear", padding_mode: Any = "zeros", align_corners: Any = None
) -> Tensor:
    """(N, C, *) at the places of a grid of (N, *places, 2 or 3) to (N, C, *places).

    Source: torch.nn.functional.grid_sample.
    """
    tensor, places = expect_tensor(input, "input"), expect_tensor(grid, "grid")
    if mode not in ("bilinear", "nearest", "bicubic"):
        refuse(f"mode can't be {mode!r}", "mode", "invalid-argument")
    if padding_mode not in ("zeros", "border", "reflection"):
        refuse(f"padding_mode can't be {padding_mode!r}", "padding_mode", "invalid-argument")
    if align_corners is not None:
        expect_bool(align_corners, "align_corners")
    if tensor.dim not in (4, 5) or (mode == "bicubic" and tensor.dim != 4):
        refuse(
            f"expects [N, C, H, W]{' or [N, C, D, H, W]' * (mode != 'bicubic')} and got {tensor!r}", "input"
        )
    if places.dim != tensor.dim or places.shape[-1] != tensor.dim - 2:
        expected = ("N", *("D", "H", "W")[5 - tensor.dim :], str(tensor.dim - 2))
        refuse(f"expects a grid of [{', '.join(expected)}] and got {places!r}", "grid")
    if places.shape[0] != tensor.shape[0]:
        refuse(f"expects one batch size and got {tensor!r} and a grid of {places!r}", "grid")
    if any(size == 0 for size in tensor.shape[2:]):
        refuse(f"expects sizes above 0 and got {tensor!r}", "input")
    if tensor.numel * places.numel != 0:
        check_dtype(tensor.dtype, FLOATS, "input", tensor)
        if tensor.dtype != places.dtype:
            refuse(f"expects a grid of {tensor.dtype} and got {places!r}", "grid", "dtype-mismatch")
    elif tensor.dim == 5:
        check_dtype(tensor.dtype, FLOATS, "input", tensor)
    return Tensor(tensor.dtype, (*tensor.shape[:2], *places.shape[1:-1]))


def make_grid(theta: Any, size: Any, align_corners: Any = None) -> Tensor:
    """(N, 2, 3) to (N, H, W, 2) for a size of (N, C, H, W), and the same in three dimensions.

    Source: torch.nn.functional.affine_grid.
    """
    matrices = expect_dtype(theta, FLOATS, "theta")
    corners = False if align_corners is None else expect_bool(align_corners, "align_corners")
    sizes = expect_sizes(size)
    count = len(sizes) - 2
    if count not in (2, 3):
        refuse(f"needs a size of 4 or 5 dimensions, not {list(sizes)}", "size")
    if matrices.dim != 3 or matrices.shape[1] != count or matrices.shape[2] != count + 1:
        refuse(f"expects [N, {count}, {count + 1}] for a size of {list(sizes)} and got {matrices!r}", "theta")
    single = corners and any(own == 1 for own in sizes[2:]) and not any(own == 0 for own in sizes[2:])
    if not single and any(own == 0 for own in sizes):
        refuse(f"needs sizes above 0, not {list(sizes)}", "size")
    if matrices.dtype in ("float16", "bfloat16") and any(own <= 1 for own in sizes[2:]):
        refuse(f"makes no {matrices.dtype} grid of a single place", "theta", "dtype-mismatch")
    if matrices.shape[0] != sizes[0]:
        refuse(f"expects {sizes[0]} matrices and got {matrices!r}", "theta")
    return Tensor(matrices.dtype, (sizes[0], *sizes[2:], count))


def _expect_image(input: Any) -> Tensor:
    tensor = expect_tensor(input, "input")
    if tensor.dim < 3:
        refuse(f"expects [*, C, H, W] and got {tensor!r}", "input")
    return tensor


def shuffle_pixels(input: Any, upscale_factor: Any) -> Tensor:
    """(*, C r r, H, W) to (*, C, H r, W r). Source: torch.nn.functional.pixel_shuffle."""
    tensor = _expect_image(input)
    factor = expect_at_least(upscale_factor, 1, "upscale_factor")
    *batch, channels, height, width = tensor.shape
    if channels % (factor * factor) != 0:
        refuse(f"expects a multiple of {factor * factor} channels and got {channels}: {tensor!r}", "input")
    shape = (*batch, channels // (factor * factor), height * factor, width * factor)
    return Tensor(tensor.dtype, shape, follow_layout(tensor, shape))


def unshuffle_pixels(input: Any, downscale_factor: Any) -> Tensor:
    """(*, C, H r, W r) to (*, C r r, H, W). Source: torch.nn.functional.pixel_unshuffle."""
    tensor = _expect_image(input)
    factor = expect_at_least(downscale_factor, 1, "downscale_factor")
    *batch, channels, height, width = tensor.shape
    for size in (height, width):
        if size % factor != 0:
            refuse(f"expects a height and width that {factor} divides and got {tensor!r}", "input")
    if tensor.numel == 0:
        # PyTorch gives an input without elements back as it is.
        return like(tensor)
    shape = (*batch, channels * factor * factor, height // factor, width // factor)
    return Tensor(tensor.dtype, shape, follow_layout(tensor, shape))


def shuffle_channels(input: Any, groups: Any) -> Tensor:
    """(N, C, *) in its shape, C a multiple of the groups. Source: torch.nn.functional.channel_shuffle."""
    tensor = _expect_image(input)
    count = expect_at_least(groups, 1, "groups")
    if tensor.shape[1] % count != 0:
        refuse(f"expects channels that {count} groups divide and got {tensor.shape[1]}: {tensor!r}", "input")
    return Tensor(tensor.dtype, tensor.shape, suggest_strides(tensor))


OPERATIONS = (
    Operation(
        "pad",
        "input, pad, mode='constant', value=None",
        "More at the ends of the last dimensions, the last one first: (left, right, top, bottom, ...).",
        FUNCTIONAL,
        rule=pad_edges,
        work=work.take_none,
    ),
    Operation(
        "interpolate",
        "input, size=None, scale_factor=None, mode='nearest', align_corners=None, "
        "recompute_scale_factor=None, antialias=False",
        "Resized to `size` or by `scale_factor`.",
        FUNCTIONAL,
        rule=resize,
        work=work.resize,
    ),
    Operation(
        "grid_sample",
        "input, grid, mode='bilinear', padding_mode='zeros', align_corners=None",
        "The values at the places that the grid names, in coordinates from -1 to 1.",
        FUNCTIONAL,
        rule=sample_grid,
        work=work.leave_unknown,
    ),
    Operation(
        "affine_grid",
        "theta, size, align_corners=None",
        "The sampling grid of a batch of affine maps.",
        FUNCTIONAL,
        rule=make_grid,
        macs=macs.map_grid,
        work=work.take_none,
    ),
    Operation(
        "pixel_shuffle",
        "input, upscale_factor",
        "Channels rearranged into an image larger by `upscale_factor`.",
        FUNCTIONAL_AND_TORCH,
        rule=shuffle_pixels,
        work=work.take_none,
    ),
    Operation(
        "pixel_unshuffle",
        "input, downscale_factor",
        "An image rearranged into channels, smaller by `downscale_factor`.",
        FUNCTIONAL_AND_TORCH,
        rule=unshuffle_pixels,
        work=work.take_none,
    ),
    Operation(
        "channel_shuffle",
        "input, groups",
        "The channels of all groups interleaved.",
        FUNCTIONAL_AND_TORCH,
        rule=shuffle_channels,
        work=work.take_none,
    ),
)
