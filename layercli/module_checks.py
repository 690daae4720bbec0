"""Locks of modules that no spec describes: of any ``nn.Module``, from one call of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layercli.errors import LayercliError
from layercli.lock import (
    Lock,
    SpecResult,
    compare_locks,
    format_lock,
    judge_differences,
    load_lock,
    lock_from_trace,
)

if TYPE_CHECKING:
    from torch import nn


def lock_module(module: nn.Module, inputs: Any) -> Lock:
    """The lock of a module and the sizes that it was called with, in the mode that it is in.

    ``inputs`` are a tuple or list of what its forward takes by position, a dict of what it takes by name, or else its
    only input. Raises CommandError where torch isn't installed, SpecError where the forward raises, and TypeError for
    what is no module.
    """
    from layercli.engines import require_torch

    require_torch("a module")

    import torch

    from layercli.run.tracer import trace_module

    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"an nn.Module belongs here, not {type(module).__name__}")
    arguments, keywords = _split(inputs)
    trace = trace_module(module, arguments, keywords)
    floating = (tensor.dtype for tensor in module.parameters() if tensor.is_floating_point())
    dtype = next(floating, torch.float32)
    return lock_from_trace(trace, dtype=str(dtype).removeprefix("torch."))


def _split(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What is given by position, and by name."""
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    return (tuple(inputs), {}) if isinstance(inputs, tuple | list) else ((inputs,), {})


def check_module(lock: Lock, path: Path, name: str, lock_name: str) -> SpecResult:
    """Compare what a module is now with its lock file. Nothing is written.

    ``name`` and ``lock_name`` are what messages call the module and the file.
    """
    if not path.is_file():
        return SpecResult(name, lock_name, "missing")
    try:
        if path.read_bytes() == format_lock(lock).encode("utf-8"):
            return SpecResult(name, lock_name, "ok", rows=len(lock.rows))
        old = load_lock(path, lock_name)
    except LayercliError as error:
        return SpecResult(name, lock_name, "error", problems=error.problems, exit_code=error.exit_code)
    differences = compare_locks(old, lock)
    if not differences:
        return SpecResult(name, lock_name, "ok", rows=len(lock.rows))
    verdicts = judge_differences(old, lock, differences)
    return SpecResult(name, lock_name, "differs", differences, verdicts, rows=len(lock.rows))
