"""The wrappers of ``torch.nn.utils.parametrizations``: they compute a layer's weight from other tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from layercli.catalogue.signature import Signature, parse_signature


@dataclass(frozen=True)
class Wrapper:
    """A function of ``torch.nn.utils.parametrizations``: it takes a layer, changes it and returns it."""

    name: str
    arguments: str
    doc: str

    @cached_property
    def signature(self) -> Signature:
        return parse_signature(self.arguments)


#: Each wrapper by its name. The first argument is the layer, which the wrapper changes and returns.
WRAPPERS: Mapping[str, Wrapper] = {
    wrapper.name: wrapper
    for wrapper in (
        Wrapper(
            "weight_norm",
            "module, name='weight', dim=0",
            "Splits a layer's weight into a length and a direction that are learned apart.",
        ),
        Wrapper(
            "spectral_norm",
            "module, name='weight', n_power_iterations=1, eps=1e-12, dim=None",
            "Divides a layer's weight by its greatest singular value, estimated by power iteration.",
        ),
        Wrapper(
            "orthogonal",
            "module, name='weight', orthogonal_map=None, *, use_trivialization=True",
            "Keeps the rows or the columns of a layer's weight orthonormal, whichever are fewer.",
        ),
    )
}
