"""Every rule of the spec language by a good case: a spec in ``cases/ok`` against the PyTorch class of its name.

``NAME.json`` beside ``NAME.yaml`` is what a trace has to show. Names, values and layers are held to the class in
``cases/classes.py``, which knows nothing of layercli.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import layercli
from layercli.build.builder import make_inputs
from layercli.build.types import type_of
from layercli.plan.planner import Setting
from layercli.plan.records import Plan
from layercli.run.tensors import name_module
from layercli.trace import Trace, format_type

CASES = Path(__file__).parent / "cases" / "ok"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))


def load(name: str) -> tuple[Plan, dict[str, Any]]:
    """A case's plan, with the settings that its expectation names, and the expectation."""
    expected = json.loads((CASES / f"{name}.json").read_text())
    given = expected.pop("given", {})
    params = {key: Setting(text) for key, text in given.get("params", {}).items()}
    plan = layercli.load(
        CASES / f"{name}.yaml", params=params, dims=given.get("dims"), inputs=given.get("inputs")
    )
    return plan, expected


def make_reference(plan: Plan, arguments: Mapping[str, Any]) -> nn.Module:
    given = {
        name: getattr(nn, value[3:]) if str(value).startswith("nn.") else value
        for name, value in arguments.items()
    }
    model: nn.Module = getattr(import_module("cases.classes"), plan.name)(**given)
    return model.train(plan.mode == "train")


def summarise(trace: Trace) -> dict[str, Any]:
    """A trace in the form of an expectation."""
    summary: dict[str, Any] = {
        "model": trace.model,
        "inputs": {name: format_type(value) for name, value in trace.inputs},
        "output": format_type(trace.output),
        "rows": [[row.path, row.type, format_type(row.output), row.parameters] for row in trace.rows],
        "state_dict": {record.name: list(record.type.shape) for record in trace.tensors if record.persistent},
    }
    if trace.never_called:
        summary["never_called"] = [layer.path for layer in trace.never_called]
    return summary


@pytest.mark.parametrize("name", NAMES)
def test_trace_is_the_expected_one(name: str) -> None:
    plan, expected = load(name)
    expected.pop("arguments", None)
    assert summarise(layercli.trace(plan, device="cpu")) == expected


@pytest.mark.parametrize("name", NAMES)
def test_module_is_the_one_of_the_class(name: str) -> None:
    plan, expected = load(name)
    model, reference = layercli.build(plan), make_reference(plan, expected.get("arguments", {}))
    assert str(model) == str(reference)
    for mine, theirs in (
        (
            describe(model.named_parameters(remove_duplicate=False)),
            describe(reference.named_parameters(remove_duplicate=False)),
        ),
        (describe(model.named_parameters()), describe(reference.named_parameters())),
        (describe(model.named_buffers()), describe(reference.named_buffers())),
        (describe(model.state_dict().items()), describe(reference.state_dict().items())),
    ):
        assert mine == theirs
    assert {name: list(value.shape) for name, value in reference.state_dict().items()} == expected[
        "state_dict"
    ]


def describe(tensors: Any) -> list[tuple[str, str, bool]]:
    return [(name, format_type(type_of(tensor)), tensor.requires_grad) for name, tensor in tensors]


@pytest.mark.parametrize("name", NAMES)
def test_values_are_those_of_the_class(name: str) -> None:
    plan, expected = load(name)
    model = layercli.build(plan, seed=1, mode=plan.mode)
    reference = make_reference(plan, expected.get("arguments", {}))
    reference.load_state_dict(model.state_dict())
    torch.manual_seed(2)
    inputs = make_inputs(plan)
    example: Any = getattr(reference, "example", None)
    if example is not None:
        torch.manual_seed(2)
        assert_same(inputs, example())
    calls = watch(reference)
    outputs = []
    with torch.no_grad():
        for module in (model, reference):
            torch.manual_seed(3)
            outputs.append(module(*copy.deepcopy(list(inputs.values()))))
    assert_same(*outputs)
    assert format_type(type_of(outputs[1])) == expected["output"]
    types = {call[1] for call in calls}
    assert [row[:3] for row in expected["rows"] if row[1] in types] == calls


def assert_same(mine: Any, theirs: Any) -> None:
    """The same nest with the same tensors, to the last bit."""
    assert type(mine) is type(theirs)
    if isinstance(mine, torch.Tensor):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0, equal_nan=True)
    elif isinstance(mine, (tuple, list)):
        assert len(mine) == len(theirs)
        for left, right in zip(mine, theirs, strict=True):
            assert_same(left, right)
    elif isinstance(mine, dict):
        assert list(mine) == list(theirs)
        for key in mine:
            assert_same(mine[key], theirs[key])
    else:
        assert mine == theirs


def watch(model: nn.Module) -> list[list[str]]:
    """Path, class and output type of each layer that ``model`` calls, in the order in which calls begin."""
    calls: list[list[str]] = []
    running: list[list[str]] = []
    for path, module in model.named_modules():
        if path == "":
            continue

        def begin(module: nn.Module, arguments: Any, path: str = path) -> None:
            running.append([path, name_module(module), ""])
            calls.append(running[-1])

        def end(module: nn.Module, arguments: Any, output: Any) -> None:
            running.pop()[2] = format_type(type_of(output))

        module.register_forward_pre_hook(begin)
        module.register_forward_hook(end)
    return calls


@pytest.mark.parametrize("name", NAMES)
def test_trace_of_the_class_shows_the_same(name: str) -> None:
    plan, expected = load(name)
    reference = make_reference(plan, expected.get("arguments", {}))
    trace = layercli.trace(reference, *make_inputs(plan).values())
    assert [shorten(row) for row in summarise(trace)["rows"]] == [shorten(row) for row in expected["rows"]]


def shorten(row: list[Any]) -> list[Any]:
    """A row without what PyTorch calls an operation: it doesn't tell ``x / 2`` from ``x.div(2)``."""
    path, kind, output, parameters = row
    return [path if kind[:1].isupper() else path.rpartition(".")[0], output, parameters]
