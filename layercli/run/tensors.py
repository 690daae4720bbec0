"""Who holds which parameter and buffer: each tensor of a model once, ties by name."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from layercli.build.types import tensor_type
from layercli.trace import TensorRecord, TensorType, Tie


def name_module(module: nn.Module) -> str:
    """The class's name as ``print`` shows it, which a parametrized or a spec's module has changed."""
    return str(module._get_name())  # type: ignore[no-untyped-call]


def is_lazy(tensor: torch.Tensor) -> bool:
    """Whether a lazy layer hasn't made this parameter or buffer yet, so that it has no sizes."""
    return isinstance(tensor, (UninitializedParameter, UninitializedBuffer))


@dataclass
class Held:
    """What one module holds itself, in elements and bytes; tensors that were counted before are ``tied``."""

    parameters: int = 0
    trainable: int = 0
    buffers: int = 0
    bytes: int = 0
    tied: tuple[Tie, ...] = ()


@dataclass
class Ownership:
    """What each module holds by its path, and all tensors in the order of ``state_dict``."""

    held: dict[str, Held] = field(default_factory=dict)
    records: tuple[TensorRecord, ...] = ()

    def of(self, path: str) -> Held:
        return self.held.get(path) or Held()

    def holds(self, path: str) -> bool:
        held = self.of(path)
        return bool(held.parameters or held.buffers or held.tied)


def find_ownership(model: nn.Module, *, values: bool = False) -> Ownership:
    """Look at every module once and count each tensor at the first one that holds it.

    With ``values`` each record has its tensor's text, as PyTorch prints it.
    """
    ownership = Ownership()
    records: list[TensorRecord] = []
    names: dict[int, str] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        held = ownership.held.setdefault(path, Held())
        prefix = f"{path}." if path else ""
        for name, parameter in module._parameters.items():
            if parameter is None:
                continue
            full = prefix + name
            first = names.setdefault(id(parameter), full)
            records.append(_record(full, parameter, path, module, "" if first == full else first, values))
            if first != full:
                held.tied += (Tie(full, first),)
                continue
            count = records[-1].count
            held.parameters += count
            held.trainable += count if parameter.requires_grad else 0
            held.bytes += records[-1].bytes
        for name, buffer in module._buffers.items():
            if buffer is None:
                continue
            full = prefix + name
            persistent = name not in module._non_persistent_buffers_set
            records.append(_record(full, buffer, path, module, "", values, persistent))
            if names.setdefault(id(buffer), full) == full:
                held.buffers += records[-1].count
    ownership.records = tuple(records)
    return ownership


def _record(
    name: str,
    tensor: torch.Tensor,
    path: str,
    module: nn.Module,
    tied: str,
    values: bool,
    persistent: bool = True,
) -> TensorRecord:
    parameter = isinstance(tensor, nn.Parameter)
    # A parameter of a lazy layer that never ran has no sizes yet.
    waiting = is_lazy(tensor)
    shown = TensorType(str(tensor.dtype).removeprefix("torch."), (0,)) if waiting else tensor_type(tensor)
    return TensorRecord(
        name=name,
        kind="parameter" if parameter else "buffer",
        type=shown,
        owner=path,
        owner_type=name_module(module),
        bytes=0 if waiting else tensor.numel() * tensor.element_size(),
        trainable=parameter and tensor.requires_grad,
        tied=tied,
        persistent=persistent,
        text=str(tensor) if values and not waiting else "",
    )
