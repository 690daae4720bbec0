"""The module that a spec or block becomes: real children, and a forward that the interpreter runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import torch
from torch import nn

from layercli.build.engine import TorchEngine
from layercli.errors import Problem, SpecError
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
        scope.locals.update(self._bind(interpreter, arguments, keywords))
        first = scope.locals[block.inputs[0].name] if block.inputs else None
        if block.forward is None:
            return self._run_in_order(first)
        if block.forward.style == "block":
            return interpreter.execute_block(block.forward.bodies[0])
        return interpreter.execute_list(block.forward.bodies, first)

    def _run_in_order(self, value: Any) -> Any:
        for name in self.member_names:
            layer = self._modules.get(name)
            if layer is not None:
                value = layer(value)
        return value

    def _find_device(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> torch.device:
        for value in (*arguments, *keywords.values()):
            if isinstance(value, torch.Tensor):
                return value.device
        held = next(self.parameters(), None)
        return torch.device("cpu") if held is None else held.device

    def _bind(
        self, interpreter: Interpreter, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> dict[str, Any]:
        """The arguments of one call by name. Raises SpecError as Python raises TypeError."""
        block = self._layercli_block
        names = self.input_names
        if len(arguments) > len(names):
            raise self._error(
                "too-many-arguments", f"{block.name} takes {len(names)} inputs and got {len(arguments)}"
            )
        bound = dict(zip(names, arguments, strict=False))
        for name, value in keywords.items():
            if name not in names:
                raise self._error(
                    "unknown-argument", f"{block.name} has no input {name}; it has {', '.join(names)}"
                )
            if name in bound:
                raise self._error("doubled-argument", f"{block.name} got its input {name} twice")
            bound[name] = value
        for item in block.inputs:
            if item.name in bound:
                continue
            if item.value is None or self._layercli_dtype is not None:
                raise self._error("missing-argument", f"{block.name} needs the input {item.name}")
            bound[item.name] = interpreter.evaluate(item.value)  # type: ignore[arg-type]
        return {name: bound[name] for name in names}

    def _error(self, code: str, message: str) -> SpecError:
        return SpecError(Problem(code, message, self._layercli_block.position))
