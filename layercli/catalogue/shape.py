"""Layers that only change the shape."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "Flatten",
        "start_dim=1, end_dim=-1",
        "Joins the dimensions from start_dim to end_dim into one, by default all but the batch.",
    ),
    Layer(
        "Unflatten",
        "dim, unflattened_size",
        "Splits one dimension into several of given sizes.",
    ),
)
