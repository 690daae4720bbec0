"""Pooling and its inverse."""

from __future__ import annotations

from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, Operation

OPERATIONS = (
    Operation(
        "max_pool1d",
        "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
        "The greatest value in each window of a sequence.",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False",
    ),
    Operation(
        "max_pool2d",
        "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
        "The greatest value in each window of an image.",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False",
    ),
    Operation(
        "max_pool3d",
        "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
        "The greatest value in each window of a volume.",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False",
    ),
    Operation(
        "avg_pool1d",
        "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
        "The mean of each window of a sequence.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "avg_pool2d",
        "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, "
        "divisor_override=None",
        "The mean of each window of an image.",
        FUNCTIONAL,
    ),
    Operation(
        "avg_pool3d",
        "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, "
        "divisor_override=None",
        "The mean of each window of a volume.",
        FUNCTIONAL,
    ),
    Operation(
        "lp_pool1d",
        "input, norm_type, kernel_size, stride=None, ceil_mode=False",
        "The p-norm of each window of a sequence.",
        FUNCTIONAL,
    ),
    Operation(
        "lp_pool2d",
        "input, norm_type, kernel_size, stride=None, ceil_mode=False",
        "The p-norm of each window of an image.",
        FUNCTIONAL,
    ),
    Operation(
        "lp_pool3d",
        "input, norm_type, kernel_size, stride=None, ceil_mode=False",
        "The p-norm of each window of a volume.",
        FUNCTIONAL,
    ),
    Operation(
        "adaptive_max_pool1d",
        "input, output_size, return_indices=False",
        "The greatest values of a sequence in `output_size` windows.",
        FUNCTIONAL,
    ),
    Operation(
        "adaptive_max_pool2d",
        "input, output_size, return_indices=False",
        "The greatest values of an image in `output_size` windows.",
        FUNCTIONAL,
    ),
    Operation(
        "adaptive_max_pool3d",
        "input, output_size, return_indices=False",
        "The greatest values of a volume in `output_size` windows.",
        FUNCTIONAL,
    ),
    Operation(
        "adaptive_avg_pool1d",
        "input, output_size",
        "The means of a sequence in `output_size` windows.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "adaptive_avg_pool2d",
        "input, output_size",
        "The means of an image in `output_size` windows.",
        FUNCTIONAL,
    ),
    Operation(
        "adaptive_avg_pool3d",
        "input, output_size",
        "The means of a volume in `output_size` windows.",
        FUNCTIONAL,
    ),
    Operation(
        "fractional_max_pool2d",
        "input, kernel_size, output_size=None, output_ratio=None, return_indices=False",
        "The greatest value in each of the drawn windows of an image.",
        FUNCTIONAL,
        random=True,
    ),
    Operation(
        "fractional_max_pool3d",
        "input, kernel_size, output_size=None, output_ratio=None, return_indices=False",
        "The greatest value in each of the drawn windows of a volume.",
        FUNCTIONAL,
        random=True,
    ),
    Operation(
        "max_unpool1d",
        "input, indices, kernel_size, stride=None, padding=0, output_size=None",
        "A pooled sequence at its old size, zeros where no greatest value stood.",
        FUNCTIONAL,
    ),
    Operation(
        "max_unpool2d",
        "input, indices, kernel_size, stride=None, padding=0, output_size=None",
        "A pooled image at its old size, zeros where no greatest value stood.",
        FUNCTIONAL,
    ),
    Operation(
        "max_unpool3d",
        "input, indices, kernel_size, stride=None, padding=0, output_size=None",
        "A pooled volume at its old size, zeros where no greatest value stood.",
        FUNCTIONAL,
    ),
)
