"""Every bundled model against the PyTorch module that it describes, and against the reference traces."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import layercli
from layercli.trace import Row, Trace, iterate_tensor_types
from tests.models.comparisons import CASES, Case

TESTS = Path(__file__).parent.parent
CONFIGS = TESTS.parent / "configs"

#: Calls in a reference trace that the specs don't have: of modules that do nothing or only wrap a function.
LEFT_OUT = {
    "resnet18": r"act1|.*\.(act\d|aa|drop_block)|global_pool.*",
    "resnet50": r"act1|.*\.(act\d|aa|drop_block)|global_pool.*",
    "vit-base-patch16-224": r"patch_drop|norm_pre|fc_norm|patch_embed\.norm"
    r"|.*\.([qk]_norm|attn\.norm|mlp\.norm|ls\d|drop_path\d)",
}
#: Classes of a reference trace that compute what a class of torch.nn does.
SAME_CLASS = {"NewGELUActivation": "GELU", "GELUActivation": "GELU"}


@pytest.fixture(autouse=True)
def slow_path() -> Iterator[None]:
    """PyTorch's own attention without the fast path, which leaves out the calls of inner layers."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(enabled)


def load(case: Case) -> Any:
    return layercli.load(case.model, params=dict(case.params), dims=dict(case.dims))


def build(case: Case) -> Any:
    place = "cpu" if case.values else "meta"
    return layercli.build(load(case), device=place, mode="train" if case.train else "eval")


def trace(case: Case) -> Trace:
    return layercli.trace(load(case), device="cpu" if case.values else "meta")


def make_reference(case: Case) -> nn.Module:
    with torch.device("cpu" if case.values else "meta"):
        return case.reference().train(case.train)


def describe(tensors: Iterator[tuple[str, Tensor]]) -> list[tuple[str, list[int], torch.dtype, bool]]:
    return [(name, list(tensor.shape), tensor.dtype, tensor.requires_grad) for name, tensor in tensors]


def shape_texts(value: Any) -> list[str]:
    """Every tensor in an output of PyTorch or of a reference trace, as ``float32[1, 6]``."""
    if isinstance(value, Tensor):
        return [f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"]
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    return [] if value is None else [text for item in value for text in shape_texts(item)]


def row_texts(row: Row) -> list[str]:
    return [str(tensor) for tensor in iterate_tensor_types(row.output)]


def flatten(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    return [] if value is None else [tensor for item in value for tensor in flatten(item)]


def run_with_hooks(module: nn.Module, inputs: tuple[Tensor, ...]) -> list[tuple[str, str, list[str]]]:
    """Path, class and outputs of every call of an inner module, in the order in which the calls start."""
    calls: list[tuple[str, str, list[str]]] = []
    open_calls: list[int] = []

    def start(path: str, called: nn.Module) -> None:
        open_calls.append(len(calls))
        calls.append((path, type(called).__name__, []))

    def end(output: Any) -> None:
        calls[open_calls.pop()][2].extend(shape_texts(output))

    for path, child in module.named_modules():
        if path:
            child.register_forward_pre_hook(lambda called, _inputs, path=path: start(path, called))
            child.register_forward_hook(lambda _module, _inputs, output: end(output))
    with torch.no_grad():
        module(*inputs)
    return calls


def read_golden(name: str) -> dict[str, Any]:
    golden: dict[str, Any] = json.loads((TESTS / "golden" / f"{name}.json").read_text(encoding="utf-8"))
    return golden


def test_each_bundled_model_is_compared() -> None:
    assert sorted(path.stem for path in CONFIGS.glob("*.yaml")) == sorted({case.model for case in CASES})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parameters_and_buffers_are_those_of_the_module(case: Case) -> None:
    built, wanted = build(case), make_reference(case)
    assert list(built.state_dict()) == list(wanted.state_dict())
    assert describe(built.named_parameters(remove_duplicate=False)) == describe(
        wanted.named_parameters(remove_duplicate=False)
    )
    assert describe(built.named_buffers()) == describe(wanted.named_buffers())
    count = sum(parameter.numel() for parameter in built.parameters())
    assert count == sum(parameter.numel() for parameter in wanted.parameters())
    if case.parameters is not None:
        assert count == case.parameters


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layers_are_called_as_in_the_module(case: Case) -> None:
    result = trace(case)
    module = make_reference(case)
    with torch.device("cpu" if case.values else "meta"):
        calls = run_with_hooks(module, case.inputs())
    rows = [(row.path, row.type, row_texts(row)) for row in result.rows if row.kind == "layer" and row.path]
    # What runs inside it is up to the values of its targets, so its rows show its own call only.
    assert rows == [call for call in calls if not call[0].startswith("adaptive_log_softmax.")]
    assert result.totals.parameters == sum(parameter.numel() for parameter in module.parameters())
    assert result.totals.buffers == sum(buffer.numel() for buffer in module.buffers())


@pytest.mark.parametrize("case", [case for case in CASES if case.golden], ids=str)
def test_trace_agrees_with_the_reference_trace(case: Case) -> None:
    golden = read_golden(case.golden)
    built = build(case)
    shapes = {name: list(tensor.shape) for name, tensor in built.named_parameters(remove_duplicate=False)}
    assert list(shapes.items()) == list(golden["parameters"].items())
    assert {name: list(tensor.shape) for name, tensor in built.named_buffers()} == golden["buffers"]

    result = trace(case)
    assert result.totals.parameters == golden["unique_parameters"]
    assert shape_texts([str(tensor) for tensor in iterate_tensor_types(result.output)]) == shape_texts(
        golden["output"]
    )
    layers = {row.path: row for row in result.rows if row.kind == "layer" and row.call == 1}
    left_out = re.compile(LEFT_OUT.get(case.golden, r"(?!)"))
    compared = [call for call in golden["calls"] if not left_out.fullmatch(call["name"])]
    for call in compared:
        row = layers[call["name"]]
        assert (row.path, row.type) == (call["name"], SAME_CLASS.get(call["type"], call["type"]))
        assert (row.path, row_texts(row)) == (call["name"], shape_texts(call["out"]))
        assert (row.path, row.parameters) == (call["name"], 0 if row.tied else call["params"])
    # The reference lists calls as they end, a trace as they start: one order for the innermost layers.
    ends = [
        call["name"] for call in compared if not any(path.startswith(call["name"] + ".") for path in layers)
    ]
    assert [path for path in layers if path in set(ends)] == ends


@pytest.mark.parametrize("case", [case for case in CASES if case.values and not case.random], ids=str)
def test_values_are_those_of_the_module(case: Case) -> None:
    built, module = build(case).float(), make_reference(case).float()
    module.load_state_dict(built.state_dict())
    inputs = case.inputs()
    with torch.no_grad():
        given, wanted = flatten(built(*inputs)), flatten(module(*inputs))
    assert len(given) == len(wanted) > 0
    for one, other in zip(given, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_linear_computes_x_times_weight_transposed_plus_bias() -> None:
    model = layercli.build(layercli.load("linear"))
    weights, biases = (model.get_parameter(f"lin.{name}").tolist() for name in ("weight", "bias"))
    x = [0.5, -1.0, 2.0]
    by_hand = [
        sum(a * b for a, b in zip(x, row, strict=True)) + bias
        for row, bias in zip(weights, biases, strict=True)
    ]
    assert model(torch.tensor([x])).tolist()[0] == pytest.approx(by_hand, abs=1e-6)


def test_batchnorm_moves_a_mean_of_15_to_0() -> None:
    model = layercli.build(layercli.load("batchnorm"))
    assert model.training
    x = torch.rand(1, 4, 4) * 20 + 5
    y = model(x)
    assert 10 < x.mean() < 20
    assert y.mean(2).tolist()[0] == pytest.approx([0] * 4, abs=1e-5)
    assert y.var(2, correction=0).tolist()[0] == pytest.approx([1] * 4, abs=1e-3)


def test_dropout_draws_two_masks_and_scales_what_is_left() -> None:
    model = layercli.build(layercli.load("dropout"))
    assert model.training
    torch.manual_seed(0)
    x = torch.rand(1, 4, 4) + 0.1
    first, second = model(x)
    assert not torch.equal(first == 0, second == 0)
    for output in (first, second):
        kept = output != 0
        assert kept.any()
        assert not kept.all()
        torch.testing.assert_close(output[kept], x[kept] / 0.6)
    model.eval()
    assert all(torch.equal(output, x) for output in model(x))


def test_pooling_keeps_the_greatest_or_least_of_each_square() -> None:
    x = torch.rand(1, 6, 6)
    squares = x.unfold(1, 3, 3).unfold(2, 3, 3).flatten(3)
    assert torch.equal(layercli.build(layercli.load("maxpool"))(x), squares.amax(3))
    assert torch.equal(layercli.build(layercli.load("minpool"))(x), squares.amin(3))


@pytest.mark.parametrize(
    ("model", "module", "others"),
    [
        ("activations", "activation", set()),
        ("losses", "loss", {"AdaptiveLogSoftmaxWithLoss"}),
    ],
)
def test_all_classes_of_a_kind_are_called(model: str, module: str, others: set[str]) -> None:
    classes = {
        name
        for name, value in vars(nn).items()
        if isinstance(value, type)
        and issubclass(value, nn.Module)
        and value.__module__ == f"torch.nn.modules.{module}"
    }
    result = layercli.trace(layercli.load(model), device="cpu")
    assert {row.type for row in result.rows if row.kind == "layer" and row.depth == 0} == classes | others


def test_unet_takes_multiples_of_4() -> None:
    model = layercli.build(layercli.load("unet"))
    assert model(torch.rand(2, 1, 20, 36)).shape == (2, 2, 20, 36)
    with pytest.raises(layercli.SpecError, match="cat"):
        model(torch.rand(1, 1, 30, 32))


def test_gpt2_shares_one_weight() -> None:
    model = build(next(case for case in CASES if case.model == "gpt2" and case.label == "small"))
    assert model.lm_head.weight is model.transformer.wte.weight
