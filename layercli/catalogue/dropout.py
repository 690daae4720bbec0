"""Dropout: values set to zero at random in training."""

from __future__ import annotations

from collections.abc import Iterator

from layercli.catalogue import work
from layercli.catalogue.entries import Layer
from layercli.catalogue.functions import apply_function
from layercli.catalogue.modules import Module, State
from layercli.catalogue.rules import is_number
from layercli.catalogue.tensors import refuse


def check_chance(layer: Module) -> Iterator[State]:
    """No parameters; ``p`` is from 0 to 1."""
    if not is_number(layer.p) or layer.p < 0 or layer.p > 1:
        refuse(f"dropout probability has to be between 0 and 1, but got {layer.p!r}", "p", "invalid-argument")
    yield from ()


LAYERS: tuple[Layer, ...] = (
    Layer(
        "Dropout",
        "p=0.5, inplace=False",
        "Sets each value to zero with probability p in training and scales the others by 1 / (1 - p).",
        state=check_chance,
        rule=apply_function("dropout", "p", "inplace", training=True),
        work=work.through(work.drop, "p", training=True),
    ),
    Layer(
        "Dropout1d",
        "p=0.5, inplace=False",
        "Sets whole channels of [N, C, L] to zero with probability p in training and scales the others "
        "by 1 / (1 - p).",
        state=check_chance,
        rule=apply_function("dropout1d", "p", "inplace", training=True),
        work=work.through(work.drop_channels(1), "p", training=True),
    ),
    Layer(
        "Dropout2d",
        "p=0.5, inplace=False",
        "Sets whole channels of [N, C, H, W] to zero with probability p in training and scales the "
        "others by 1 / (1 - p).",
        state=check_chance,
        rule=apply_function("dropout2d", "p", "inplace", training=True),
        work=work.through(work.drop_planes, "p", training=True),
    ),
    Layer(
        "Dropout3d",
        "p=0.5, inplace=False",
        "Sets whole channels of [N, C, D, H, W] to zero with probability p in training and scales the "
        "others by 1 / (1 - p).",
        state=check_chance,
        rule=apply_function("dropout3d", "p", "inplace", training=True),
        work=work.through(work.drop_channels(3), "p", training=True),
    ),
    Layer(
        "AlphaDropout",
        "p=0.5, inplace=False",
        "Replaces values by SELU's lower limit with probability p in training, keeping mean and variance.",
        state=check_chance,
        rule=apply_function("alpha_dropout", "p", training=True),
        work=work.through(work.drop_to_limit, "p", training=True),
    ),
    Layer(
        "FeatureAlphaDropout",
        "p=0.5, inplace=False",
        "Replaces whole channels by SELU's lower limit with probability p in training, keeping mean and "
        "variance.",
        state=check_chance,
        rule=apply_function("feature_alpha_dropout", "p", training=True),
        work=work.through(work.drop_channels_to_limit, "p", training=True),
    ),
)
