"""Meta traces without the compiler's import: the same rows, and PyTorch as it was before."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import layercli

#: Traces each model of standard input on meta, first without the compiler, then with it; prints what it saw.
PROGRAM = """
import json, sys
import torch
import layercli
from layercli.run.lean import COMPILER, work_lean

models = json.load(sys.stdin)
trace = lambda: [layercli.trace(model, device="meta").to_dict() for model in models]
lean = trace()
seen = {"lean": COMPILER in sys.modules, "numpy": "numpy" in sys.modules, "attribute": "_dynamo" in vars(torch)}
import torch._dynamo
seen["real"] = hasattr(torch._dynamo, "optimize")
seen["equal"] = trace() == lean
seen["rows"] = [len(model["rows"]) for model in lean]
seen["compiled"] = torch.compile(torch.nn.Linear(2, 3), backend="eager")(torch.zeros(1, 2)).shape
print(json.dumps(seen))
"""

#: Convolutions and batch norm, attention and layer norm, recurrence, every activation, functions of the kernels.
MODELS = ["resnet18", "vit-base-patch16-224", "lstmtagger", "activations", "unet"]


def test_a_lean_trace_has_the_rows_of_a_whole_one() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        input=json.dumps(MODELS),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    seen: dict[str, Any] = json.loads(ran.stdout)
    assert not seen["lean"], "the trace imported the compiler after all"
    assert not seen["attribute"], "the stand-in was left behind"
    assert seen["real"], "the compiler's import after the trace gave something else"
    assert seen["equal"]
    assert seen["compiled"] == [1, 3]
    assert all(rows > 0 for rows in seen["rows"])


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> Any:
    """PyTorch as in a process that hasn't compiled anything."""
    import torch

    from layercli.run import lean

    monkeypatch.delitem(sys.modules, lean.COMPILER, raising=False)
    # Not delattr: to look for the attribute imports it.
    monkeypatch.delitem(vars(torch), "_dynamo", raising=False)
    return lean


def test_a_function_is_handed_back_as_it_is_and_its_mark_removed(unloaded: Any) -> None:
    import torch

    def kernel(value: int) -> int:
        return value + 1

    marked = torch._compile._disable_dynamo(kernel)
    assert unloaded.work_lean(lambda: marked(1)) == 2
    assert not hasattr(kernel, "__dynamo_disable")
    assert unloaded.COMPILER not in sys.modules


def test_work_that_needs_more_of_the_compiler_is_done_again_without_the_stand_in(unloaded: Any) -> None:
    attempts: list[bool] = []

    def work() -> bool:
        stands_in = isinstance(sys.modules.get(unloaded.COMPILER), unloaded._StandIn)
        attempts.append(stands_in)
        return stands_in and hasattr(sys.modules[unloaded.COMPILER], "optimize")

    assert unloaded.work_lean(work) is False
    assert attempts == [True, False]


def test_an_error_of_the_work_itself_is_raised_at_once(unloaded: Any) -> None:
    attempts: list[int] = []

    def work() -> None:
        attempts.append(1)
        raise layercli.CommandError(layercli.Problem("usage", "no"))

    with pytest.raises(layercli.CommandError):
        unloaded.work_lean(work)
    assert len(attempts) == 1
    assert unloaded.COMPILER not in sys.modules


def test_where_the_compiler_is_loaded_nothing_stands_in(
    unloaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = object()
    monkeypatch.setitem(sys.modules, unloaded.COMPILER, loaded)
    assert unloaded.work_lean(lambda: sys.modules[unloaded.COMPILER]) is loaded
