"""How large a result will be, asked of the catalogue's rule before PyTorch makes it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from layercli.build.types import iterate_tensors
from layercli.catalogue.entries import Form
from layercli.catalogue.sizes import as_int
from layercli.catalogue.tensors import MISFITS, Refusal, Tensor
from layercli.spec.limits import allow_more, current_limits
from layercli.spec.values import Site

#: Operations whose result may be larger than the product of their operands, or have many parts.
GROWING = frozenset(
    {
        "expand", "expand_as", "broadcast_to", "repeat", "tile", "repeat_interleave", "one_hot", "interpolate",
        "pad", "fold", "affine_grid", "unbind", "split", "split_with_sizes", "chunk", "tensor_split", "hsplit",
        "vsplit", "dsplit", "meshgrid", "combinations", "cartesian_prod", "unflatten", "new_zeros", "new_ones",
        "new_full", "new_tensor", "tril_indices", "triu_indices", "vander", "adaptive_avg_pool1d",
        "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
        "adaptive_max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d", "diag_embed", "diag", "diagflat",
    }
)  # fmt: skip


def check_growth(form: Form, arguments: Sequence[Any], keywords: Mapping[str, Any], site: Site) -> None:
    """Refuse a call whose result has too many elements or parts. Raises SpecError.

    A rule that refuses the call says nothing here: PyTorch is asked next and has the last word.
    """
    most = current_limits().elements
    rule = form.operation.rule
    sizes = [value.numel() for value in iterate_tensors((*arguments, *keywords.values()))]
    if rule is None or not (form.creates or form.name in GROWING or math.prod(sizes) > most):
        return
    if form.name == "combinations":
        _check_grids(*arguments, **keywords, site=site)
    try:
        result = rule(
            *(_without_values(value) for value in arguments),
            **{name: _without_values(value) for name, value in keywords.items() if name != "device"},
        )
    except Refusal as refusal:
        if refusal.code == "tensor-too-large":
            message = f"{form.name} {refusal.message}"
            raise site.error(refusal.code, message, allow_more("items")) from None
        return
    except MISFITS:
        return
    parts = result if isinstance(result, (tuple, list)) else [result]
    if len(parts) > current_limits().items:
        message = f"{form.name} would give {len(parts):,} results"
        raise site.error("tensor-too-large", message, allow_more("items"))
    for part in parts:
        if isinstance(part, Tensor) and as_int(part.numel) > most:
            message = f"{form.name} would give a tensor of {as_int(part.numel):,} elements"
            raise site.error("tensor-too-large", message, allow_more("elements"))


def _check_grids(
    input: Any = None, r: Any = 2, with_replacement: Any = False, *_: Any, site: Site, **__: Any
) -> None:
    """Refuse choices of ``r`` values that need too much: each value marks all places of a grid of r dimensions."""
    limits = current_limits()
    if not isinstance(input, torch.Tensor) or not isinstance(r, int) or r < 0:
        return
    count = input.numel()
    # Two values or more, of which so many are chosen, make more than any limit.
    if r > limits.items or (
        count > 1 and (r > limits.elements.bit_length() or r * count**r > limits.elements)
    ):
        message = f"combinations would make {r} grids of {count} ** {r} places on its way"
        raise site.error("tensor-too-large", message, allow_more("elements"))


def check_sequence(arguments: Sequence[Any], site: Site) -> None:
    """Refuse a recurrent layer's input with too many steps, each of which takes its time. Raises SpecError."""
    most = current_limits().sequence
    first = arguments[0] if arguments else None
    if isinstance(first, torch.Tensor) and any(size > most for size in first.shape[:2]):
        message = f"a recurrent layer would take {max(first.shape[:2]):,} steps, more than {most:,}"
        raise site.error("tensor-too-large", message, allow_more("sequence"))


def _without_values(value: Any) -> Any:
    """An argument as rules take it."""
    if isinstance(value, torch.Tensor):
        return Tensor(str(value.dtype).removeprefix("torch."), tuple(value.shape), tuple(value.stride()))
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, (tuple, list)):
        return type(value)(_without_values(item) for item in value)
    return value
