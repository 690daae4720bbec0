"""How time grows with a model: each step on 10,000 layers beside the same step on 1,000."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.pairs import Comparison

SIZES = (1_000, 10_000)


def write_named(count: int) -> str:
    """Layers and statements written one by one."""
    layers = "".join(f"  fc{index}: Linear(8, 8)\n" for index in range(count))
    steps = "".join(f"  - x = relu(fc{index}(x))\n" for index in range(count))
    return f"inputs: {{x: [1, 8]}}\nlayers:\n{layers}forward:\n{steps}"


def write_numbered(count: int) -> str:
    """A Sequential of layers of which no two are the same."""
    return (
        f"inputs: {{x: [1, 8]}}\nlayers:\n  net: Sequential(Linear(8 + i, 9 + i) for i in range({count}))\n"
    )


def write_loop(count: int) -> str:
    """A loop over a ModuleList of layers of which no two are the same."""
    layers = f"  net: ModuleList(Linear(8 + i, 9 + i) for i in range({count}))\n"
    return f"inputs: {{x: [1, 8]}}\nlayers:\n{layers}forward: |\n  for layer in net: x = relu(layer(x))\n  return x\n"


MODELS: dict[str, Callable[[int], str]] = {
    "layers by name": write_named,
    "a Sequential": write_numbered,
    "a loop": write_loop,
}


def compare_growth(folder: Path) -> Iterator[Comparison]:
    """Parse, derive, table and JSON of each model, in seconds of the processor."""
    from layercli.derive.session import derive_plan
    from layercli.plan.planner import plan_model
    from layercli.report.json import format_trace as format_json
    from layercli.report.table import format_trace
    from layercli.spec.reader import read_spec

    def parse(path: Path) -> Any:
        return plan_model(read_spec(path, "net.yaml"))

    for name, write in MODELS.items():
        paths = [folder / f"{write.__name__}-{count}.yaml" for count in SIZES]
        for count, path in zip(SIZES, paths, strict=True):
            path.write_text(write(count), "utf-8")
        plans = [parse(path) for path in paths]
        traces = [derive_plan(plan) for plan in plans]
        steps: tuple[tuple[str, Callable[[Any], Any], list[Any]], ...] = (
            ("parse", parse, paths),
            ("derive", derive_plan, plans),
            ("table", partial(format_trace, width=100), traces),
            ("JSON", format_json, traces),
        )
        for step, function, given in steps:
            few, many = (partial(_time, function, value) for value in given)
            yield Comparison(f"{step} of {name}, 10,000 layers", "1,000 layers", many, few)


def _time(function: Callable[[Any], Any], value: Any) -> float:
    """The seconds of a call without the collector of cycles, which the command line does without, too."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        function(value)
        return time.process_time() - start
    finally:
        gc.enable()
