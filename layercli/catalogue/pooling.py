"""Pooling: each window of the input becomes one value."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "MaxPool1d",
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "Keeps the greatest value of each window along one dimension.",
    ),
    Layer(
        "MaxPool2d",
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "Keeps the greatest value of each window of an image.",
    ),
    Layer(
        "MaxPool3d",
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "Keeps the greatest value of each window of a volume.",
    ),
    Layer(
        "MaxUnpool1d",
        "kernel_size, stride=None, padding=0",
        "Puts values back at the indices that MaxPool1d returned and zeros everywhere else.",
    ),
    Layer(
        "MaxUnpool2d",
        "kernel_size, stride=None, padding=0",
        "Puts values back at the indices that MaxPool2d returned and zeros everywhere else.",
    ),
    Layer(
        "MaxUnpool3d",
        "kernel_size, stride=None, padding=0",
        "Puts values back at the indices that MaxPool3d returned and zeros everywhere else.",
    ),
    Layer(
        "AvgPool1d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
        "Averages each window along one dimension.",
    ),
    Layer(
        "AvgPool2d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "Averages each window of an image.",
    ),
    Layer(
        "AvgPool3d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "Averages each window of a volume.",
    ),
    Layer(
        "FractionalMaxPool2d",
        "kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None",
        "Keeps the greatest value of windows placed at random steps, so that an image shrinks by a "
        "fractional ratio.",
    ),
    Layer(
        "FractionalMaxPool3d",
        "kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None",
        "Keeps the greatest value of windows placed at random steps, so that a volume shrinks by a "
        "fractional ratio.",
    ),
    Layer(
        "LPPool1d",
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "Takes the p-norm of each window along one dimension, without dividing by its size.",
    ),
    Layer(
        "LPPool2d",
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "Takes the p-norm of each window of an image, without dividing by its size.",
    ),
    Layer(
        "LPPool3d",
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "Takes the p-norm of each window of a volume, without dividing by its size.",
    ),
    Layer(
        "AdaptiveMaxPool1d",
        "output_size, return_indices=False",
        "Keeps the greatest values of as many windows along one dimension as output_size asks for.",
    ),
    Layer(
        "AdaptiveMaxPool2d",
        "output_size, return_indices=False",
        "Keeps the greatest values of an image's windows, chosen to give exactly output_size.",
    ),
    Layer(
        "AdaptiveMaxPool3d",
        "output_size, return_indices=False",
        "Keeps the greatest values of a volume's windows, chosen to give exactly output_size.",
    ),
    Layer(
        "AdaptiveAvgPool1d",
        "output_size",
        "Averages as many windows along one dimension as output_size asks for.",
    ),
    Layer(
        "AdaptiveAvgPool2d",
        "output_size",
        "Averages an image's windows, chosen to give exactly output_size.",
    ),
    Layer(
        "AdaptiveAvgPool3d",
        "output_size",
        "Averages a volume's windows, chosen to give exactly output_size.",
    ),
)
