"""The types of PyTorch's values, as the records of a trace write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from layercli.spec.values import Dtype, FunctionValue
from layercli.trace import DictType, PlainType, TensorType, Type


def type_of(value: Any) -> Type:
    """What is known of a value without its contents."""
    if isinstance(value, torch.Tensor):
        return tensor_type(value)
    if isinstance(value, (tuple, list)):
        return tuple(type_of(item) for item in value)
    if isinstance(value, dict):
        return DictType(tuple((str(key), type_of(item)) for key, item in value.items()))
    if value is None:
        return None
    if hasattr(value, "to_tuple") and hasattr(value, "items"):
        return DictType(tuple((str(key), type_of(item)) for key, item in value.items()))
    if isinstance(value, (bool, int, float, str, Dtype, FunctionValue)):
        return PlainType(repr(value)[:80])
    if isinstance(value, torch.dtype):
        return PlainType(str(value).removeprefix("torch."))
    is_function = callable(value) and not isinstance(value, (type, torch.nn.Module))
    return PlainType(getattr(value, "__name__", "function") if is_function else type(value).__name__)


def iterate_tensors(value: Any) -> Iterator[torch.Tensor]:
    """Every tensor inside ``value``, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from iterate_tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from iterate_tensors(item)


def tensor_type(tensor: torch.Tensor) -> TensorType:
    """dtype and sizes."""
    return TensorType(str(tensor.dtype).removeprefix("torch."), tuple(int(size) for size in tensor.shape))
