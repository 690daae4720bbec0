"""Distances between two inputs."""

from __future__ import annotations

from typing import Any

from layercli.catalogue import work
from layercli.catalogue.entries import Layer
from layercli.catalogue.functions import call_function
from layercli.catalogue.modules import Module


def measure_angle(layer: Module, x1: Any, x2: Any) -> Any:
    """The common shape without one dimension. Source: torch.nn.CosineSimilarity."""
    return call_function("cosine_similarity", x1, x2, layer.dim, layer.eps)


def measure_distance(layer: Module, x1: Any, x2: Any) -> Any:
    """The common shape without the last dimension. Source: torch.nn.PairwiseDistance."""
    return call_function("pairwise_distance", x1, x2, layer.p, layer.eps, layer.keepdim)


LAYERS: tuple[Layer, ...] = (
    Layer(
        "CosineSimilarity",
        "dim=1, eps=1e-08",
        "Gives the cosine of the angle between two inputs along one dimension.",
        rule=measure_angle,
        work=work.through(work.compare_angles, "dim"),
    ),
    Layer(
        "PairwiseDistance",
        "p=2.0, eps=1e-06, keepdim=False",
        "Gives the p-norm of the difference of two inputs along the last dimension.",
        rule=measure_distance,
        work=work.measure_distance_of,
    ),
)
