"""Every layer of ``torch.nn`` by its name, put together from the families."""

from __future__ import annotations

from collections.abc import Mapping

from layercli.catalogue.entries import Layer
from layercli.catalogue.families import LAYER_FAMILIES, Late, find_in_families, load_families
from layercli.catalogue.index import LAYER_NAMES

#: The layers of each family, in the order in which people look for them.
FAMILIES: Late[tuple[Layer, ...]] = load_families(LAYER_FAMILIES, "layercli.catalogue", "LAYERS")

#: Arguments of layers that a spec may not give, whichever the layer, and why. ``device`` is left out of every
#: signature; the others stand in theirs, where PyTorch has them, and keep their default.
REFUSED_ARGUMENTS: Mapping[str, str] = {
    "device": "a spec says what a model is, and --device says where it runs",
    "process_group": "it names processes of a running program, which a spec doesn't have",
    "options": "it takes a LinearCrossEntropyOptions, which a spec can't write",
}


#: Every public ``Module`` class of ``torch.nn``, those that a spec may not use included (``Layer.refused``).
LAYERS: Mapping[str, Layer] = find_in_families(
    LAYER_NAMES, lambda family: {layer.name: layer for layer in FAMILIES[family]}
)
