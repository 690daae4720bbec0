"""MACs and FLOPs by both engines beside PyTorch's own counter of floating-point operations, two of which are one MAC."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from layercli.build.builder import _Maker
from layercli.build.engine import TorchEngine
from layercli.build.recording import RECORDER
from layercli.catalogue.counting import Cost, count_operation
from layercli.catalogue.tensors import settings
from layercli.derive.engine import Pass, TypeEngine, TypeKind, call_module
from layercli.derive.modules import ModuleMaker
from layercli.errors import LayercliError
from layercli.plan.records import map_plans
from layercli.run.tracer import trace_module
from layercli.spec.interpreter import Budget, Interpreter, Scope
from layercli.trace.recorder import Recorder
from tests.derive.proving import _evaluate_call, parse, plan_layer


@dataclass
class Counts:
    """What PyTorch counts in all, and what each engine says of each row.

    On the CPU PyTorch's counter sees no more than a part of some kernels.
    """

    pytorch: float
    device: str
    run: list[tuple[str, Cost]]
    derived: list[tuple[str, Cost]]

    @property
    def known(self) -> int:
        return sum(cost.macs or 0 for _, cost in self.derived)

    @property
    def unknown(self) -> set[str]:
        return {name.rpartition(".")[2] for name, cost in self.derived if cost.macs is None}

    @property
    def flops(self) -> int | None:
        """The FLOPs of all rows, None where any isn't known."""
        numbers = [cost.flops for _, cost in self.derived]
        return None if None in numbers else sum(number for number in numbers if number is not None)


class _Counter:
    """Runs the operations of an expression, each with its cost."""

    def __init__(self) -> None:
        self.counts: list[tuple[str, Cost]] = []

    def run_operation(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        site: Any,
    ) -> Any:
        output = function(*arguments, **keywords)
        self.counts.append((name, count_operation(name, output, arguments, keywords)))
        return output


class _CountingEngine(TypeEngine):
    """Derives the operations of an expression, each with its cost."""

    def __init__(self) -> None:
        super().__init__(None)
        self.counts: list[tuple[str, Cost]] = []

    def run(self, name: str, rule: Any, arguments: Any, keywords: Any, site: Any, *rest: Any) -> Any:
        output = super().run(name, rule, arguments, keywords, site, *rest)
        self.counts.append((name, count_operation(name, output, arguments, keywords)))
        return output


def count_expression(text: str) -> Counts:
    """The cost of an expression: on meta, where PyTorch counts best, on the CPU where it needs values.

    Raises LayercliError.
    """
    device = "meta"
    try:
        pytorch, run = _count_on(device, text)
    except LayercliError:
        device = "cpu"
        pytorch, run = _count_on(device, text)
    engine = _CountingEngine()
    with settings("float32"):
        Interpreter(engine, Scope("inputs")).evaluate(parse(text))
    return Counts(pytorch, device, run, engine.counts)


def _count_on(device: str, text: str) -> tuple[float, list[tuple[str, Cost]]]:
    counter = _Counter()
    token = RECORDER.set(counter)
    try:
        with warnings.catch_warnings(), FlopCounterMode(display=False) as pytorch:
            warnings.simplefilter("ignore")
            Interpreter(TorchEngine(None, torch.device(device)), Scope("inputs")).evaluate(parse(text))
    finally:
        RECORDER.reset(token)
    return pytorch.get_total_flops() / 2, counter.counts


def count_layer_call(constructor: str, inputs: str, *, train: bool = False) -> Counts:
    """The cost of a layer and what is inside it, likewise. Raises LayercliError."""
    device = "meta"
    try:
        pytorch, run = _count_layer_on(device, constructor, inputs, train)
    except LayercliError:
        device = "cpu"
        pytorch, run = _count_layer_on(device, constructor, inputs, train)
    with settings("float32"):
        maker = ModuleMaker.__new__(ModuleMaker)
        maker.training, maker.problems, maker.maker = train, {}, TypeEngine(None)
        recorder = Recorder(TypeKind(), {})
        module = maker.make_layer("", plan_layer(constructor))
        arguments, keywords = _evaluate_call(Interpreter(TypeEngine(None), Scope("inputs")), inputs)
        call_module(module, list(arguments), keywords, Pass(recorder, Budget(), {}))
    # A root without parameters has no row of its own in a trace.
    paths = {path for path, _ in run}
    rows = [(row.path, Cost(row.macs, row.flops)) for row in recorder.own_drafts if row.path or "" in paths]
    return Counts(pytorch, device, run, rows)


def _count_layer_on(
    device: str, constructor: str, inputs: str, train: bool
) -> tuple[float, list[tuple[str, Cost]]]:
    plan = plan_layer(constructor)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            with torch.device(device):
                layer = _Maker(torch.device(device)).make_layer(plan)
            engine = TorchEngine(None, torch.device(device))
            arguments, keywords = _evaluate_call(Interpreter(engine, Scope("inputs")), inputs)
            trace = trace_module(
                layer,
                arguments,
                keywords,
                plans={"": plan, **map_plans(plan)},
                mode="train" if train else "eval",
            )
            with FlopCounterMode(display=False) as pytorch:
                layer.train(train)(*arguments, **keywords)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return pytorch.get_total_flops() / 2, [(row.path, Cost(row.macs, row.flops)) for row in trace.rows]
