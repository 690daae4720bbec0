"""Distances between two inputs."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "CosineSimilarity",
        "dim=1, eps=1e-08",
        "Gives the cosine of the angle between two inputs along one dimension.",
    ),
    Layer(
        "PairwiseDistance",
        "p=2.0, eps=1e-06, keepdim=False",
        "Gives the p-norm of the difference of two inputs along the last dimension.",
    ),
)
