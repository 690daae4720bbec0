"""The modules of a PyTorch model as records: who holds which parameter and buffer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from layercli.build.types import tensor_type
from layercli.catalogue.counting import find_layer
from layercli.errors import Position
from layercli.plan.records import LayerPlan
from layercli.trace import TensorType
from layercli.trace.modules import HeldTensor, ModuleRecord

_PASSIVE = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)


def name_module(module: nn.Module) -> str:
    """The class's name as ``print`` shows it, which a parametrized or a spec's module has changed."""
    return str(module._get_name())  # type: ignore[no-untyped-call]


def find_reads(module: nn.Module) -> str:
    """The child whose weights a layer of PyTorch uses without calling it, by its entry in the catalogue."""
    entry = find_layer(type(module).__mro__)
    return "" if entry is None else entry.reads


def is_lazy(tensor: torch.Tensor) -> bool:
    """Whether a lazy layer hasn't made this parameter or buffer yet, so that it has no sizes."""
    return isinstance(tensor, (UninitializedParameter, UninitializedBuffer))


def name_type(module: nn.Module, plan: LayerPlan | None) -> str:
    """The class of a module as rows name it: as the spec does, unless a wrapper has changed it."""
    return name_module(module) if plan is None or plan.wrappers else plan.type_name


def find_position(path: str, plans: Mapping[str, LayerPlan]) -> Position | None:
    """Where the layer at ``path``, or the composite layer that it is a part of, stands in the spec."""
    while path:
        if path in plans:
            return plans[path].position
        path = path.rpartition(".")[0]
    return None


def record_modules(
    model: nn.Module, plans: Mapping[str, LayerPlan] | None = None, *, values: bool = False
) -> list[ModuleRecord]:
    """Every module of a model, also one that stands in several places. With ``values`` tensors have their text."""
    known = plans or {}
    first: dict[int, str] = {}
    return [
        ModuleRecord(
            path=path,
            type=name_type(module, known.get(path)),
            tensors=tuple(_held_tensors(module, values)),
            position=find_position(path, known),
            passive=isinstance(module, _PASSIVE),
            has_children=bool(module._modules),
            reads=find_reads(module),
            alias=first.setdefault(id(module), path) != path,
        )
        for path, module in model.named_modules(remove_duplicate=False)
    ]


def _held_tensors(module: nn.Module, values: bool) -> Iterator[HeldTensor]:
    for name, parameter in module._parameters.items():
        if parameter is not None:
            yield _hold(name, parameter, "parameter", values)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            yield _hold(name, buffer, "buffer", values, name not in module._non_persistent_buffers_set)


def _hold(
    name: str,
    tensor: torch.Tensor,
    kind: Literal["parameter", "buffer"],
    values: bool,
    persistent: bool = True,
) -> HeldTensor:
    waiting = is_lazy(tensor)
    dtype = str(tensor.dtype).removeprefix("torch.")
    return HeldTensor(
        name=name,
        identity=id(tensor),
        kind=kind,
        type=TensorType(dtype, (0,)) if waiting else tensor_type(tensor),
        bytes=0 if waiting else tensor.numel() * tensor.element_size(),
        trainable=kind == "parameter" and tensor.requires_grad,
        persistent=persistent,
        text=str(tensor) if values and not waiting else "",
    )
