"""The module that a spec or block becomes: real children, and a forward that the interpreter runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import torch
from torch import nn

from layercli.build.engine import TorchEngine, call_in_order
from layercli.spec.forward import bind_inputs, run_forward
from layercli.spec.interpreter import Budget, Interpreter, Scope
from layercli.spec.model import Block

#: Steps are counted once for a whole call of the outermost module.
_BUDGET: ContextVar[Budget | None] = ContextVar("layercli_budget", default=None)


class SpecModule(nn.Module):
    """A block, or a whole spec, as an ``nn.Module``.

    ``block`` and ``params`` are what ``forward`` needs; ``dims`` and ``dtype`` are set on the outermost module
    only. Its name in ``print`` is the block's.
    """

    def __init__(
        self, block: Block, params: Mapping[str, Any], dims: Mapping[str, int], dtype: torch.dtype | None
    ) -> None:
        super().__init__()
        self._layercli_block = block
        self._layercli_params = dict(params)
        self._layercli_dims = dict(dims)
        self._layercli_dtype = dtype

    @property
    def member_names(self) -> tuple[str, ...]:
        """What ``layers`` names, also where the value is None."""
        return self._layercli_block.layer_names

    @property
    def input_names(self) -> tuple[str, ...]:
        """The arguments of ``forward``."""
        return tuple(item.name for item in self._layercli_block.inputs)

    def _get_name(self) -> str:
        return self._layercli_block.name

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        """Run the spec's forward. Raises SpecError at the statement that fails."""
        budget = _BUDGET.get()
        if budget is not None:
            return self._run(arguments, keywords, budget)
        budget = Budget()
        token = _BUDGET.set(budget)
        before = torch.get_default_dtype()
        try:
            if self._layercli_dtype is not None and self._layercli_dtype != before:
                torch.set_default_dtype(self._layercli_dtype)
            return self._run(arguments, keywords, budget)
        finally:
            torch.set_default_dtype(before)
            _BUDGET.reset(token)

    def _run(self, arguments: tuple[Any, ...], keywords: dict[str, Any], budget: Budget) -> Any:
        block = self._layercli_block
        engine = TorchEngine(self, self._find_device(arguments, keywords))
        scope = Scope(
            "forward",
            params=self._layercli_params,
            dims=self._layercli_dims,
            definitions=block.definitions,
            owner=self,
            layer_names=block.layer_names,
        )
        interpreter = Interpreter(engine, scope, budget)
        is_root = self._layercli_dtype is not None
        scope.locals.update(bind_inputs(interpreter, block, arguments, keywords, is_root=is_root))
        return run_forward(interpreter, block, self._run_in_order)

    def _run_in_order(self, value: Any) -> Any:
        for name in self.member_names:
            layer = self._modules.get(name)
            if layer is not None:
                value = call_in_order(name, layer, value)
        return value

    def _find_device(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> torch.device:
        for value in (*arguments, *keywords.values()):
            if isinstance(value, torch.Tensor):
                return value.device
        held = next(self.parameters(), None)
        return torch.device("cpu") if held is None else held.device
