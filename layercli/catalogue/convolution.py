"""Convolutions, their transposes, and the sliding windows below them."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "Conv1d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "Slides learned filters along one spatial dimension of [N, C, L].",
    ),
    Layer(
        "Conv2d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "Slides learned filters over the two spatial dimensions of [N, C, H, W].",
    ),
    Layer(
        "Conv3d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "Slides learned filters through the three spatial dimensions of [N, C, D, H, W].",
    ),
    Layer(
        "ConvTranspose1d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
        "bias=True, dilation=1, padding_mode='zeros', *, dtype=None",
        "Spreads each position of [N, C, L] over a learned filter, the transpose of Conv1d, usually to "
        "enlarge it.",
    ),
    Layer(
        "ConvTranspose2d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
        "bias=True, dilation=1, padding_mode='zeros', *, dtype=None",
        "Spreads each pixel of [N, C, H, W] over a learned filter, the transpose of Conv2d, usually to "
        "enlarge it.",
    ),
    Layer(
        "ConvTranspose3d",
        "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
        "bias=True, dilation=1, padding_mode='zeros', *, dtype=None",
        "Spreads each voxel of [N, C, D, H, W] over a learned filter, the transpose of Conv3d, usually "
        "to enlarge it.",
    ),
    Layer(
        "LazyConv1d",
        "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "A Conv1d that takes in_channels from the first input it sees.",
    ),
    Layer(
        "LazyConv2d",
        "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "A Conv2d that takes in_channels from the first input it sees.",
    ),
    Layer(
        "LazyConv3d",
        "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
        "padding_mode='zeros', *, dtype=None",
        "A Conv3d that takes in_channels from the first input it sees.",
    ),
    Layer(
        "LazyConvTranspose1d",
        "out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
        "dilation=1, padding_mode='zeros', *, dtype=None",
        "A ConvTranspose1d that takes in_channels from the first input it sees.",
    ),
    Layer(
        "LazyConvTranspose2d",
        "out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
        "dilation=1, padding_mode='zeros', *, dtype=None",
        "A ConvTranspose2d that takes in_channels from the first input it sees.",
    ),
    Layer(
        "LazyConvTranspose3d",
        "out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
        "dilation=1, padding_mode='zeros', *, dtype=None",
        "A ConvTranspose3d that takes in_channels from the first input it sees.",
    ),
    Layer(
        "Unfold",
        "kernel_size, dilation=1, padding=0, stride=1",
        "Copies every sliding window of an image into a column, [N, C, H, W] to [N, C * window, windows].",
    ),
    Layer(
        "Fold",
        "output_size, kernel_size, dilation=1, padding=0, stride=1",
        "Adds columns of window values back into an image at their places, where windows overlap as a sum.",
    ),
)
