"""Layers that only change the shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import is_whole
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module, State, apply_operation
from layercli.catalogue.operations import view
from layercli.catalogue.rules import expect_tensor
from layercli.catalogue.tensors import Tensor, refuse


def flatten_dims(input: Any, start_dim: Any, end_dim: Any) -> Tensor:
    """The dimensions from ``start_dim`` to ``end_dim`` as one. Source: torch.nn.Flatten."""
    return view.flatten(expect_tensor(input, "input"), start_dim, end_dim)


def check_sizes(layer: Module) -> Iterator[State]:
    """No parameters; ``unflattened_size`` is a tuple of ints."""
    sizes = layer.unflattened_size
    if not isinstance(sizes, (tuple, list)):
        refuse(
            f"unflattened_size must be a tuple of ints, not {sizes!r}", "unflattened_size", "invalid-argument"
        )
    for size in sizes:
        if not is_whole(size) and not isinstance(size, bool):
            refuse(
                f"unflattened_size must be a tuple of ints, and has {size!r}",
                "unflattened_size",
                "invalid-argument",
            )
    yield from ()


def split_dim(layer: Module, input: Any) -> Tensor:
    """One dimension as several. Source: torch.nn.Unflatten."""
    return view.unflatten(expect_tensor(input, "input"), layer.dim, layer.unflattened_size)


LAYERS: tuple[Layer, ...] = (
    Layer(
        "Flatten",
        "start_dim=1, end_dim=-1",
        "Joins the dimensions from start_dim to end_dim into one, by default all but the batch.",
        rule=apply_operation(flatten_dims, "start_dim", "end_dim"),
        work=work.take_none,
    ),
    Layer(
        "Unflatten",
        "dim, unflattened_size",
        "Splits one dimension into several of given sizes.",
        state=check_sizes,
        rule=split_dim,
        work=work.take_none,
    ),
)
