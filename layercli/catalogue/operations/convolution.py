"""Convolutions, and the windows they run over."""

from __future__ import annotations

from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, Operation

OPERATIONS = (
    Operation(
        "conv1d",
        "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
        "Convolution of sequences.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "conv2d",
        "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
        "Convolution of images.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "conv3d",
        "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
        "Convolution of volumes.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "conv_transpose1d",
        "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
        "Transposed convolution of sequences.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "conv_transpose2d",
        "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
        "Transposed convolution of images.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "conv_transpose3d",
        "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
        "Transposed convolution of volumes.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "conv_tbc",
        "input, weight, bias, pad=0",
        "Convolution of sequences laid out as time, batch, channel.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "unfold",
        "input, kernel_size, dilation=1, padding=0, stride=1",
        "The windows of images as columns.",
        FUNCTIONAL,
    ),
    Operation(
        "fold",
        "input, output_size, kernel_size, dilation=1, padding=0, stride=1",
        "Columns summed back into images.",
        FUNCTIONAL,
    ),
)
