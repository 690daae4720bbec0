"""Every layer of ``torch.nn`` by its name, put together from the families."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from layercli.catalogue import (
    activation,
    attention,
    container,
    convolution,
    distance,
    dropout,
    embedding,
    linear,
    loss,
    normalisation,
    padding,
    pooling,
    recurrent,
    shape,
    vision,
)
from layercli.catalogue.entries import Layer

#: The layers of each family, in the order in which people look for them.
FAMILIES: Mapping[str, tuple[Layer, ...]] = {
    "linear": linear.LAYERS,
    "convolution": convolution.LAYERS,
    "pooling": pooling.LAYERS,
    "padding": padding.LAYERS,
    "activation": activation.LAYERS,
    "normalisation": normalisation.LAYERS,
    "recurrent": recurrent.LAYERS,
    "attention": attention.LAYERS,
    "dropout": dropout.LAYERS,
    "embedding": embedding.LAYERS,
    "shape": shape.LAYERS,
    "vision": vision.LAYERS,
    "distance": distance.LAYERS,
    "loss": loss.LAYERS,
    "container": container.LAYERS,
}

#: Arguments of layers that a spec may not give, whichever the layer, and why. ``device`` is left out of every
#: signature; the others stand in theirs, where PyTorch has them, and keep their default.
REFUSED_ARGUMENTS: Mapping[str, str] = {
    "device": "a spec says what a model is, and --device says where it runs",
    "process_group": "it names processes of a running program, which a spec doesn't have",
    "options": "it takes a LinearCrossEntropyOptions, which a spec can't write",
}


def index_layers(layers: Iterable[Layer]) -> dict[str, Layer]:
    """The layers by name. Raises ValueError where two have the same one."""
    index: dict[str, Layer] = {}
    for layer in layers:
        if layer.name in index:
            raise ValueError(f"two entries for the layer {layer.name}")
        index[layer.name] = layer
    return index


#: Every public ``Module`` class of ``torch.nn``, those that a spec may not use included (``Layer.refused``).
LAYERS: Mapping[str, Layer] = index_layers(layer for family in FAMILIES.values() for layer in family)
