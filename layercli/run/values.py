"""Values as PyTorch prints them, and their statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from layercli.build.types import type_of
from layercli.trace import Statistics, Values, ValueText

Snapshot = tuple[tuple[str, Any], ...]


def snapshot(values: Sequence[Any], names: Sequence[str]) -> Snapshot:
    """Copies of the inputs of a row, since a layer may change them in place."""
    flat = [pair for name, value in zip(names, values, strict=False) for pair in flatten(name, value)]
    return tuple((name, tensor.detach().clone()) for name, tensor in flat)


def flatten(name: str, value: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor in a nest, with a name for each."""
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, (tuple, list)):
        for index, item in enumerate(value):
            yield from flatten(f"{name}[{index}]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from flatten(f"{name}[{key!r}]" if name else str(key), item)


def show_values(before: Snapshot, module: nn.Module | None, output: Any, statistics: bool) -> Values:
    """The inputs, own parameters and outputs of a row as text."""
    parameters = (
        []
        if module is None
        else [(name, value) for name, value in module._parameters.items() if value is not None]
    )
    return Values(
        inputs=tuple(_show(name, tensor, statistics) for name, tensor in before),
        parameters=tuple(_show(name, tensor, statistics) for name, tensor in parameters),
        outputs=tuple(_show(name, tensor, statistics) for name, tensor in flatten("output", output)),
    )


def _show(name: str, tensor: torch.Tensor, statistics: bool) -> ValueText:
    return ValueText(name, type_of(tensor), str(tensor), measure(tensor) if statistics else None)


def measure(tensor: torch.Tensor) -> Statistics | None:
    """Mean, standard deviation (divided by n), least and greatest value; None where there are none."""
    if tensor.numel() == 0 or tensor.device.type == "meta" or tensor.is_complex():
        return None
    numbers = tensor.detach().to(torch.float64)
    return Statistics(
        mean=float(numbers.mean()),
        std=float(numbers.std(correction=0)),
        minimum=float(numbers.min()),
        maximum=float(numbers.max()),
    )
