"""Padding, resizing and sampling of images, sequences and volumes."""

from __future__ import annotations

from typing import Any

from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, Operation
from layercli.catalogue.rules import expect_tensor, is_row_major
from layercli.catalogue.tensors import Tensor, refuse


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
        refuse(f"mode can't be {mode!r}", "mode", "argument-refused")
    count = len(sides) // 2
    if mode != "constant":
        if value not in (None, 0):
            refuse(f"takes no value with mode={mode!r}", "value")
        if (count, tensor.dim) not in ((1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (3, 5)):
            refuse(f"can't pad {count} dimensions of {tensor} with mode={mode!r}", "pad")
        if any(size == 0 for size in tensor.shape[1 if tensor.dim in (count + 2,) else 0 :]):
            refuse(f"expects sizes above 0 and got {tensor}", "input")
        if tensor.dtype in ("bool",) and mode != "circular":
            refuse(f"can't pad {tensor.dtype} with mode={mode!r}", "input", "dtype-mismatch")
    shape = list(tensor.shape)
    for place in range(count):
        size, before, after = shape[-place - 1], sides[2 * place], sides[2 * place + 1]
        if mode == "reflect" and (before >= size or after >= size):
            refuse(f"can't reflect {max(before, after)} values at the end of a dimension of {size}: {tensor}", "pad")
        if mode == "circular" and (before > size or after > size):
            refuse(f"can't wrap {max(before, after)} values around a dimension of {size}: {tensor}", "pad")
        total = size + before + after
        if total < (0 if mode == "constant" else 1):
            refuse(f"would give a size of {total}: {tensor}", "pad")
        shape[-place - 1] = total
    return Tensor(tensor.dtype, shape, "contiguous" if is_row_major(tensor) else None)


OPERATIONS = (
    Operation(
        "pad",
        "input, pad, mode='constant', value=None",
        "More at the ends of the last dimensions, the last one first: (left, right, top, bottom, ...).",
        FUNCTIONAL,
        rule=pad_edges,
    ),
    Operation(
        "interpolate",
        "input, size=None, scale_factor=None, mode='nearest', align_corners=None, "
        "recompute_scale_factor=None, antialias=False",
        "Resized to `size` or by `scale_factor`.",
        FUNCTIONAL,
    ),
    Operation(
        "grid_sample",
        "input, grid, mode='bilinear', padding_mode='zeros', align_corners=None",
        "The values at the places that the grid names, in coordinates from -1 to 1.",
        FUNCTIONAL,
    ),
    Operation(
        "affine_grid",
        "theta, size, align_corners=None",
        "The sampling grid of a batch of affine maps.",
        FUNCTIONAL,
    ),
    Operation(
        "pixel_shuffle",
        "input, upscale_factor",
        "Channels rearranged into an image larger by `upscale_factor`.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "pixel_unshuffle",
        "input, downscale_factor",
        "An image rearranged into channels, smaller by `downscale_factor`.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "channel_shuffle", "input, groups", "The channels of all groups interleaved.", FUNCTIONAL_AND_TORCH
    ),
)
