"""Normalisation: values shifted and scaled by statistics of their own."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "BatchNorm1d",
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, "
        "bias=True",
        "Normalises each channel of [N, C] or [N, C, L] over the batch, by running statistics in evaluation.",
    ),
    Layer(
        "BatchNorm2d",
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, "
        "bias=True",
        "Normalises each channel of [N, C, H, W] over batch and pixels, by running statistics in evaluation.",
    ),
    Layer(
        "BatchNorm3d",
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, "
        "bias=True",
        "Normalises each channel of [N, C, D, H, W] over batch and voxels, by running statistics in "
        "evaluation.",
    ),
    Layer(
        "SyncBatchNorm",
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, "
        "process_group=None, *, dtype=None, bias=True",
        "Normalises as BatchNorm does, with statistics shared by all processes in training.",
    ),
    Layer(
        "LazyBatchNorm1d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "A BatchNorm1d that takes num_features from the first input it sees.",
    ),
    Layer(
        "LazyBatchNorm2d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "A BatchNorm2d that takes num_features from the first input it sees.",
    ),
    Layer(
        "LazyBatchNorm3d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "A BatchNorm3d that takes num_features from the first input it sees.",
    ),
    Layer(
        "InstanceNorm1d",
        "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, *, dtype=None, "
        "bias=True",
        "Normalises each channel of each sample along its length.",
    ),
    Layer(
        "InstanceNorm2d",
        "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, *, dtype=None, "
        "bias=True",
        "Normalises each channel of each sample over its pixels.",
    ),
    Layer(
        "InstanceNorm3d",
        "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, *, dtype=None, "
        "bias=True",
        "Normalises each channel of each sample over its voxels.",
    ),
    Layer(
        "LazyInstanceNorm1d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "An InstanceNorm1d that takes num_features from the first input it sees.",
    ),
    Layer(
        "LazyInstanceNorm2d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "An InstanceNorm2d that takes num_features from the first input it sees.",
    ),
    Layer(
        "LazyInstanceNorm3d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "An InstanceNorm3d that takes num_features from the first input it sees.",
    ),
    Layer(
        "GroupNorm",
        "num_groups, num_channels, eps=1e-05, affine=True, *, dtype=None, bias=True",
        "Normalises each sample over groups of channels and all their positions.",
    ),
    Layer(
        "LayerNorm",
        "normalized_shape, eps=1e-05, elementwise_affine=True, bias=True, *, dtype=None",
        "Normalises each sample over its last dimensions to mean 0 and variance 1, then scales and shifts.",
    ),
    Layer(
        "RMSNorm",
        "normalized_shape, eps=None, elementwise_affine=True, *, dtype=None",
        "Divides by the root mean square over the last dimensions, then scales.",
    ),
    Layer(
        "LocalResponseNorm",
        "size, alpha=0.0001, beta=0.75, k=1.0",
        "Divides each value by a power of k plus alpha times the mean square of the channels around it.",
    ),
    Layer(
        "CrossMapLRN2d",
        "size, alpha=0.0001, beta=0.75, k=1",
        "Does to an image what LocalResponseNorm does, with a backward pass of its own.",
    ),
)
