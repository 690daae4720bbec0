"""Whole models with dims in their sizes: what the formulas say at other sizes is what a run has there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

import layercli
from layercli.catalogue.sizes import as_int
from layercli.derive.session import derive_plan, evaluate_plan
from layercli.engines import trace_by
from layercli.spec.library import list_bundled
from layercli.trace import TensorType, Trace, iterate_tensor_types
from layercli.trace.agreement import compare_traces
from tests.derive.bundled import load_bundled
from tests.derive.test_agreement import CASES, settings_of

LENET = """\
name: LeNet
dims: {N: 1, H: 32, W: 32}
inputs:
  x: [N, 1, H, W]
layers:
  conv1: Conv2d(1, 6, 5)
  conv2: Conv2d(6, 16, 3)
  fc1: Linear(16 * 6 * 6, 120)
  fc2: Linear(120, 10)
forward:
  - x = max_pool2d(relu(conv1(x)), 2)
  - x = max_pool2d(relu(conv2(x)), 2)
  - x = x.flatten(1)
  - x = relu(fc1(x))
  - fc2(x)
"""

#: What a forward may do with sizes, and other sizes at which it does the same.
FORWARDS = {
    "reshape(x, (N * H // 2, 2, W))": {"N": 3, "H": 6, "W": 1},
    "x.view(x.size(0), -1)": {"N": 4, "H": 3, "W": 7},
    "x[:, : H // 2, 1:]": {"N": 1, "H": 9, "W": 5},
    "zeros(max(H, W), min(H, 3)) + len(x)": {"N": 7, "H": 9, "W": 4},
    "zeros(sum([N, H, W]), prod([N, H]), int(H / 2), math.ceil(W / 2))": {"N": 1, "H": 7, "W": 5},
    "x * sqrt(W) / H ** 0.5 * W ** -1": {"N": 1, "H": 7, "W": 5},
    "cat([x for _ in range(N)], 1)": {"N": 2, "H": 7, "W": 5},
    "zeros(abs(-H), round(W), H ** 2 % 7, int(float(N)))": {"N": 2, "H": 10, "W": 7},
    "x if H == 10 or W > 100 else x.transpose(1, 2)": {"N": 4, "H": 10, "W": 7},
    "stack([x, x])[N - 1 :, 0] if x.shape[2] >= 4 else x": {"N": 2, "H": 5, "W": 6},
    "zeros([3, 4, 5][N - 1], [H] * 2 == [H, H])": {"N": 2, "H": 5, "W": 6},
    "masked_fill(x, x > H, -1.0 / W)": {"N": 3, "H": 5, "W": 6},
}


def evaluate_types(trace: Trace, sizes: Mapping[str, int]) -> list[TensorType]:
    """The types of all rows, the formulas worked out as Python reads them."""
    types = [
        tensor
        for value in (
            *(value for _, value in trace.inputs),
            *(row.output for row in trace.rows),
            trace.output,
        )
        for tensor in iterate_tensor_types(value)
    ]
    return [
        TensorType(tensor.dtype, tuple(eval(str(size), dict(sizes)) for size in tensor.symbolic or ()))
        for tensor in types
    ]


def list_types(trace: Trace) -> list[TensorType]:
    values = [*(value for _, value in trace.inputs), *(row.output for row in trace.rows), trace.output]
    return [tensor for value in values for tensor in iterate_tensor_types(value)]


@pytest.mark.parametrize("path", list_bundled(), ids=lambda path: path.stem)
def test_symbols_change_nothing_but_formulas(path: Path) -> None:
    plan = load_bundled(path)
    symbolic = load_bundled(path, symbolic=[*plan.dims])
    trace = derive_plan(symbolic)
    assert compare_traces(derive_plan(plan), trace) == ()
    assert trace.requirements is not None if plan.dims else trace.requirements is None
    if plan.dims:
        sizes = {name: int(size) for name, size in load_bundled(path).dims.items()}  # type: ignore[arg-type]
        assert evaluate_types(trace, sizes) == list_types(trace)


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_case_of_the_language(path: Path) -> None:
    given = settings_of(path)
    plan = layercli.load(path, **given)
    if not plan.dims:
        return
    trace = derive_plan(layercli.load(path, **given, symbolic=[*plan.dims]))
    assert compare_traces(derive_plan(plan), trace) == ()


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("resnet18", {"N": 2, "H": 65, "W": 40}),
        ("unet", {"N": 3, "H": 20, "W": 36}),
        ("convolutions", {"N": 2, "L": 9, "H": 11, "W": 13, "D": 5}),
        ("lstmtagger", {"T": 9}),
        ("grutagger", {"T": 1}),
        ("gpt2", {"N": 1, "T": 7}),
        ("transformer-decoder", {"N": 3, "S": 4, "T": 6}),
        ("transformer", {"N": 2, "S": 3, "T": 5}),
        ("losses", {"N": 3, "T": 9}),
        ("activations", {"N": 3}),
        ("lenet", {"N": 5}),
        ("residual", {"N": 2}),
        ("rnntagger", {"T": 2}),
        ("bert-base", {"N": 2, "T": 5}),
        ("transformer-encoder", {"N": 1, "S": 3}),
        ("resnet50", {"N": 1, "H": 33, "W": 64}),
        ("vit-base-patch16-224", {"N": 2}),
        ("llama-70b", {"N": 3, "T": 5}),
    ],
)
def test_formulas_hold_in_a_run_at_other_sizes(name: str, sizes: dict[str, int]) -> None:
    plan = layercli.load(name)
    trace = derive_plan(layercli.load(name, symbolic=[*plan.dims]))
    run = layercli.trace(name, dims=sizes)
    assert [row.path for row in trace.rows] == [row.path for row in run.rows]
    assert evaluate_types(trace, sizes) == list_types(run)


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_formulas_of_a_case_hold_in_a_run_at_other_sizes(path: Path) -> None:
    given = {name: value for name, value in settings_of(path).items() if name != "inputs"}
    plan = layercli.load(path, **given)
    sizes = {name: as_int(size) for name, size in plan.dims.items()}
    symbolic = layercli.load(path, **given, symbolic=[*sizes])
    trace = derive_plan(symbolic)
    # What follows from other dims has no size of its own.
    for name in [name for name, size in symbolic.dims.items() if repr(size) == name]:
        for size in (1, 2, 3, 5, 8):
            others = {**sizes, name: size}
            needs = [item.text for item in trace.requirements or ()]
            if not all(eval(text, dict(others)) for text in needs):
                continue
            run = layercli.trace(path, **{**given, "dims": {**given.get("dims", {}), name: size}})
            assert [row.path for row in trace.rows] == [row.path for row in run.rows]
            assert evaluate_types(trace, others) == list_types(run)


def write_forward(text: str, folder: Path) -> Path:
    """A spec whose forward gives the value of an expression with x, N, H and W."""
    path = folder / "net.yaml"
    path.write_text(
        "name: Net\ndims: {N: 2, H: 10, W: 6}\ninputs:\n  x: rand(N, H, W)\nlayers:\n  same: Identity()\n"
        f"forward: |\n  x = same(x)\n  return {text}\n",
        "utf-8",
    )
    return path


@pytest.mark.parametrize("text", FORWARDS)
def test_what_a_forward_does_with_sizes(text: str, tmp_path: Path) -> None:
    path = write_forward(text, tmp_path)
    symbolic = layercli.load(path, symbolic=["N", "H", "W"])
    trace = derive_plan(symbolic)
    assert compare_traces(trace_by(layercli.load(path), "run"), trace) == ()
    sizes = FORWARDS[text]
    run = layercli.trace(path, dims=sizes)
    assert compare_traces(run, derive_plan(evaluate_plan(symbolic, sizes))) == ()
    assert evaluate_types(trace, sizes) == list_types(run)


def test_what_fixes_a_size_is_told(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "name: Net\ndims: {T: 3, D: 4, W: 2 * D}\ninputs:\n  x: rand(T, W)\nlayers:\n  same: Identity()\n"
        "forward: |\n  y = same(x)\n  for i in range(T):\n    y = y + x\n  return y.reshape(int(D * 0.5), -1)\n",
        "utf-8",
    )
    trace = derive_plan(layercli.load(path, symbolic=["T", "D"]))
    assert trace.rows[-1].output == TensorType("float32", (2, 12))
    assert next(iterate_tensor_types(trace.output)).symbolic == (2, "D * T")
    assert [str(item) for item in trace.requirements or ()] == [
        "the model assumes T = 3",
        "the model assumes D = 4",
    ]


def test_needs_of_lenet(tmp_path: Path) -> None:
    path = tmp_path / "lenet.yaml"
    path.write_text(LENET, "utf-8")
    trace = derive_plan(layercli.load(path, symbolic=["N", "H", "W"]))
    assert [item.to_dict() for item in trace.requirements or ()] == [
        {"path": "max_pool2d_1", "needs": "(H - 8) // 4 >= 1"},
        {"path": "max_pool2d_1", "needs": "(W - 8) // 4 >= 1"},
        {"path": "fc1", "needs": "16 * ((H - 8) // 4) * ((W - 8) // 4) == 576"},
    ]
    data = trace.to_dict()
    assert data["inputs"]["x"] == {
        "dtype": "float32",
        "shape": [1, 1, 32, 32],
        "symbolic": ["N", 1, "H", "W"],
    }
    assert data["rows"][-1]["output"]["symbolic"] == ["N", 10]
    assert "symbolic" not in json.dumps(derive_plan(layercli.load(path)).to_dict())


def test_a_replaced_input_keeps_its_dims(tmp_path: Path) -> None:
    path = tmp_path / "lenet.yaml"
    path.write_text(LENET, "utf-8")
    given = {"inputs": {"x": [4, 1, 33, 34]}}
    trace = derive_plan(layercli.load(path, **given, symbolic=["N", "W"]))  # type: ignore[arg-type]
    assert compare_traces(derive_plan(layercli.load(path, **given)), trace) == ()  # type: ignore[arg-type]
    assert [tensor.symbolic for _, value in trace.inputs for tensor in iterate_tensor_types(value)] == [
        ("N", 1, 33, "W")
    ]


def test_a_param_is_no_symbol(tmp_path: Path) -> None:
    path = tmp_path / "lenet.yaml"
    path.write_text(LENET, "utf-8")
    with pytest.raises(layercli.CommandError, match="no dim X"):
        layercli.load(path, params={}, symbolic=["X"])
    with pytest.raises(TypeError, match="can only be derived"):
        layercli.trace(layercli.load(path, symbolic=["N"]))
