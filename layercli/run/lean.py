"""Meta kernels without an import that they don't use, ``torch._dynamo``: it takes longer than most traces.

A part of these kernels is Python that PyTorch keeps out of compilation: the first call of each imports the
compiler, only to mark the function. Here a stand-in for the compiler hands the function back unmarked and the marks are
left to be made later. Should anything else of the compiler be asked for, the work is done again with the real one.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeVar

import torch

COMPILER = "torch._dynamo"

Result = TypeVar("Result")


def work_lean(work: Callable[[], Result]) -> Result:
    """The result of ``work``, which is called again with the whole of PyTorch if the first call needed it."""
    if COMPILER in sys.modules:
        return work()
    with _absent_numpy():
        with _stand_in() as asked:
            try:
                result = work()
            except Exception:
                if not asked:
                    raise
        return work() if asked else result


class _StandIn(ModuleType):
    """Has ``disable``, which marks functions for the compiler, and notes what else is asked for."""

    def __init__(self) -> None:
        super().__init__(COMPILER)
        self.unmarked: list[Any] = []
        self.asked: list[str] = []

    def disable(self, function: Any, *settings: Any, **options: Any) -> Any:
        self.unmarked.append(function)
        return function

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        raise AttributeError(f"{COMPILER} is not loaded")


@contextmanager
def _stand_in() -> Iterator[list[str]]:
    """Put the stand-in where the compiler would be; yields the list of what it couldn't give."""
    module = _StandIn()
    name = COMPILER.rpartition(".")[2]
    sys.modules[COMPILER] = module
    setattr(torch, name, module)
    try:
        yield module.asked
    finally:
        del sys.modules[COMPILER]
        delattr(torch, name)
        for function in module.unmarked:
            # Where torch._compile keeps the marked function; the next call looks for the compiler again.
            vars(function).pop("__dynamo_disable", None)


@contextmanager
def _absent_numpy() -> Iterator[None]:
    """Where numpy isn't installed, say so once: the kernels try to import it thousands of times."""
    if "numpy" in sys.modules or importlib.util.find_spec("numpy") is not None:
        yield
        return
    sys.modules["numpy"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["numpy"]
