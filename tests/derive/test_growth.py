"""The work for a model grows with its layers and no faster, counted in the lines of Python that are run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from benchmarks.growth import MODELS
from layercli.derive.session import derive_plan
from layercli.lock import format_lock, lock_from_trace
from layercli.plan.planner import plan_model
from layercli.report.json import format_trace as format_json
from layercli.report.table import format_trace
from layercli.spec.reader import read_spec

BLOCKS = """\
inputs: {{x: [1, 8]}}
layers:
  net: ModuleList({layers})
forward: |
  for layer in net: x = layer(x)
  return x
blocks:
  Block:
    params: {{width: 8}}
    inputs: [x]
    layers: {{fc1: 'Linear(8, width)', fc2: 'Linear(width, 8)'}}
    forward: [x + fc2(relu(fc1(x)))]
"""

WRITERS: dict[str, Callable[[int], str]] = {
    **MODELS,
    "equal blocks": lambda count: BLOCKS.format(layers=f"{count} * Block()"),
    "blocks of one kind": lambda count: BLOCKS.format(layers=f"Block(8 + i) for i in range({count})"),
    "blocks written anew": lambda count: BLOCKS.format(layers=f"Block() for _ in range({count})"),
}


def count_lines(work: Callable[[], Any]) -> tuple[int, Any]:
    """How many lines of Python a call runs, and what it gives."""
    lines = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = work()
    finally:
        sys.settrace(before)
    return lines, result


def measure(text: str, folder: Path) -> dict[str, int]:
    path = folder / "net.yaml"
    path.write_text(text, "utf-8")
    counts: dict[str, int] = {}
    counts["parse"], plan = count_lines(lambda: plan_model(read_spec(path, "net.yaml")))
    counts["derive"], trace = count_lines(partial(derive_plan, plan))
    counts["table"], _ = count_lines(lambda: format_trace(trace, width=100))
    counts["whole table"], _ = count_lines(lambda: format_trace(trace, width=100, fold=False))
    counts["JSON"], _ = count_lines(partial(format_json, trace))
    counts["lock"], _ = count_lines(lambda: format_lock(lock_from_trace(trace, dtype="float32")))
    return counts


@pytest.mark.parametrize("name", WRITERS)
def test_ten_times_the_layers_are_ten_times_the_work(name: str, tmp_path: Path) -> None:
    # The first time some things are made that stay.
    measure(WRITERS[name](5), tmp_path)
    few, many = (measure(WRITERS[name](count), tmp_path) for count in (30, 300))
    assert {step: round(many[step] / few[step], 1) for step in few if many[step] > 10.5 * few[step]} == {}


@pytest.mark.parametrize("name", ["equal blocks", "blocks written anew"])
def test_equal_blocks_cost_next_to_nothing_each(name: str, tmp_path: Path) -> None:
    few, many = (measure(WRITERS[name](count), tmp_path) for count in (30, 300))
    other = measure(WRITERS["blocks of one kind"](300), tmp_path)
    assert many["parse"] - few["parse"] < 0.5 * other["parse"]
    for step in ("derive", "table", "lock"):
        assert many[step] - few[step] < 0.5 * other[step], step
