"""Padding, resizing and sampling of images, sequences and volumes."""

from __future__ import annotations

from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, Operation

OPERATIONS = (
    Operation(
        "pad",
        "input, pad, mode='constant', value=None",
        "More at the ends of the last dimensions, the last one first: (left, right, top, bottom, ...).",
        FUNCTIONAL,
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
