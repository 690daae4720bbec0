"""Elementwise work: how many floating-point operations one call takes beside its multiply-adds (docs/counting.md).

A formula is called as those of MACs are, with the result and what the call was given, a layer's with the layer
first, and reads sizes at the trace's. It gives None where the number isn't known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias

from layercli.catalogue.dtypes import CATEGORIES
from layercli.catalogue.macs import leave_unknown, take_none

__all__ = ["Work", "find_arithmetic", "leave_unknown", "take_none"]

Work: TypeAlias = Callable[..., int | None]

_INTEGER, _FLOATING, _COMPLEX = 1, 2, 3


def _rank(value: Any) -> int:
    """The greatest category of dtypes among the tensors in a value, 0 without any."""
    if isinstance(value, (tuple, list)):
        return max(map(_rank, value), default=0)
    if isinstance(value, dict):
        return max(map(_rank, value.values()), default=0)
    dtype = getattr(value, "dtype", None)
    return 0 if dtype is None else CATEGORIES.get(str(dtype).removeprefix("torch."), _FLOATING)


def find_arithmetic(values: Iterable[Any]) -> Literal["integer", "floating", "complex"]:
    """What a call computes with: floating-point numbers where a tensor that goes in or comes out has them."""
    rank = max(map(_rank, values))
    return "complex" if rank == _COMPLEX else "floating" if rank == _FLOATING else "integer"
