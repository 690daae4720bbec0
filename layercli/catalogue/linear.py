"""Linear maps of the last dimension, and the layer that does nothing."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "Identity",
        "*args, **kwargs",
        "Returns its input unchanged, whatever arguments it was made with.",
    ),
    Layer(
        "Linear",
        "in_features, out_features, bias=True, *, dtype=None",
        "Multiplies the last dimension by a weight matrix and adds a bias.",
    ),
    Layer(
        "Bilinear",
        "in1_features, in2_features, out_features, bias=True, *, dtype=None",
        "Combines two inputs through one weight matrix per output feature, x1 W x2, and adds a bias.",
    ),
    Layer(
        "LazyLinear",
        "out_features, bias=True, *, dtype=None",
        "A Linear that takes in_features from the first input it sees.",
    ),
)
