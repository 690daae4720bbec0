"""Dropout: values set to zero at random in training."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "Dropout",
        "p=0.5, inplace=False",
        "Sets each value to zero with probability p in training and scales the others by 1 / (1 - p).",
    ),
    Layer(
        "Dropout1d",
        "p=0.5, inplace=False",
        "Sets whole channels of [N, C, L] to zero with probability p in training and scales the others "
        "by 1 / (1 - p).",
    ),
    Layer(
        "Dropout2d",
        "p=0.5, inplace=False",
        "Sets whole channels of [N, C, H, W] to zero with probability p in training and scales the "
        "others by 1 / (1 - p).",
    ),
    Layer(
        "Dropout3d",
        "p=0.5, inplace=False",
        "Sets whole channels of [N, C, D, H, W] to zero with probability p in training and scales the "
        "others by 1 / (1 - p).",
    ),
    Layer(
        "AlphaDropout",
        "p=0.5, inplace=False",
        "Replaces values by SELU's lower limit with probability p in training, keeping mean and variance.",
    ),
    Layer(
        "FeatureAlphaDropout",
        "p=0.5, inplace=False",
        "Replaces whole channels by SELU's lower limit with probability p in training, keeping mean and "
        "variance.",
    ),
)
