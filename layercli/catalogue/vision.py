"""Layers that rearrange or resize images."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "PixelShuffle",
        "upscale_factor",
        "Moves channels into space, [N, C * r * r, H, W] to [N, C, H * r, W * r].",
    ),
    Layer(
        "PixelUnshuffle",
        "downscale_factor",
        "Moves space into channels, [N, C, H * r, W * r] to [N, C * r * r, H, W].",
    ),
    Layer(
        "ChannelShuffle",
        "groups",
        "Interleaves the channels of several groups, so that later grouped layers see all of them.",
    ),
    Layer(
        "Upsample",
        "size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None",
        "Resizes the spatial dimensions to a size or by a factor, by the chosen interpolation.",
    ),
    Layer(
        "UpsamplingNearest2d",
        "size=None, scale_factor=None",
        "Resizes an image by copying the nearest pixel.",
    ),
    Layer(
        "UpsamplingBilinear2d",
        "size=None, scale_factor=None",
        "Resizes an image by bilinear interpolation, its corners aligned.",
    ),
)
