"""Layers that rearrange or resize images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module, State, apply_operation
from layercli.catalogue.operations import vision
from layercli.catalogue.rules import is_number
from layercli.catalogue.tensors import Tensor, refuse


def check_factors(layer: Module) -> Iterator[State]:
    """No parameters; ``scale_factor`` is a number, or a tuple of them."""
    given = layer.scale_factor
    for factor in given if isinstance(given, tuple) else (given,):
        if not is_number(factor) and (factor or factor is not given):
            refuse(
                f"needs a number or a tuple of numbers as scale_factor, not {given!r}",
                "scale_factor",
                "wrong-kind",
            )
    yield from ()


def resize(**fixed: Any) -> Callable[..., Tensor]:
    """The rule of a layer that interpolates, with some arguments fixed. Source: torch.nn.Upsample."""

    def apply(layer: Module, input: Any) -> Tensor:
        given = {name: layer.arguments[name] for name in _RESIZING if name in layer.arguments} | fixed
        # A scale of 0 is none, and whole numbers count as fractions.
        factor = given["scale_factor"]
        given["scale_factor"] = (
            tuple(own * 1.0 for own in factor)
            if isinstance(factor, tuple)
            else factor * 1.0
            if factor
            else None
        )
        return vision.resize(input, **given)

    return apply


_RESIZING = ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor")


LAYERS: tuple[Layer, ...] = (
    Layer(
        "PixelShuffle",
        "upscale_factor",
        "Moves channels into space, [N, C * r * r, H, W] to [N, C, H * r, W * r].",
        rule=apply_operation(vision.shuffle_pixels, "upscale_factor"),
        work=work.take_none,
    ),
    Layer(
        "PixelUnshuffle",
        "downscale_factor",
        "Moves space into channels, [N, C, H * r, W * r] to [N, C * r * r, H, W].",
        rule=apply_operation(vision.unshuffle_pixels, "downscale_factor"),
        work=work.take_none,
    ),
    Layer(
        "ChannelShuffle",
        "groups",
        "Interleaves the channels of several groups, so that later grouped layers see all of them.",
        rule=apply_operation(vision.shuffle_channels, "groups"),
        work=work.take_none,
    ),
    Layer(
        "Upsample",
        "size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None",
        "Resizes the spatial dimensions to a size or by a factor, by the chosen interpolation.",
        state=check_factors,
        rule=resize(),
        work=work.through(work.resize, "mode"),
    ),
    Layer(
        "UpsamplingNearest2d",
        "size=None, scale_factor=None",
        "Resizes an image by copying the nearest pixel.",
        state=check_factors,
        rule=resize(mode="nearest"),
        work=work.take_none,
    ),
    Layer(
        "UpsamplingBilinear2d",
        "size=None, scale_factor=None",
        "Resizes an image by bilinear interpolation, its corners aligned.",
        state=check_factors,
        rule=resize(mode="bilinear", align_corners=True),
        work=work.resize_to("bilinear"),
    ),
)
