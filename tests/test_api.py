"""The public API: modules that train, pickle and load, and traces of any ``nn.Module`` that leave it as it was."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

import layercli
from layercli.trace import Trace, format_type
from layercli.trace.failure import TraceFailed

SPEC = """
name: Tagger
params: {words: 7, width: 4}
dims: {T: 3}
inputs:
  x: randint(0, words, (2, T))
blocks:
  Residual:
    params: {dim: ~}
    inputs: [x]
    layers:
      fc: Linear(dim, dim)
    forward:
      - x + relu(fc(x))
layers:
  embedding: Embedding(words, width)
  body: 2 * Residual(width)
  head: Linear(width, words, bias=False)
forward:
  - head(body(embedding(x)))
tie: {head.weight: embedding.weight}
"""


class Residual(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return x + functional.relu(self.fc(x))


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.body = nn.Sequential(Residual(4), Residual(4))
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.embedding(x)))


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "tagger.yaml"
    path.write_text(SPEC)
    return path


# build -----------------------------------------------------------------------------------------------------


def test_a_built_module_trains(spec: Path) -> None:
    model = layercli.build(spec, seed=0)
    words = torch.randint(0, 7, (2, 3))
    before = copy.deepcopy(model.state_dict())
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)

    def step() -> float:
        optimiser.zero_grad()
        loss = functional.cross_entropy(model(words).flatten(0, 1), words.flatten())
        torch.autograd.backward(loss)
        optimiser.step()
        return loss.item()

    first = step()
    for name, value in model.state_dict().items():
        assert not torch.equal(value, before[name]), name
    assert step() < first
    assert model.get_parameter("head.weight") is model.get_parameter("embedding.weight")


@pytest.mark.parametrize("copied", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy])
def test_a_built_module_is_copied_whole(spec: Path, copied: Callable[[nn.Module], nn.Module]) -> None:
    model = layercli.build(spec, seed=0)
    other = copied(model)
    words = torch.randint(0, 7, (2, 3))
    assert torch.equal(other(words), model(words))
    assert str(other) == str(model)
    assert other.get_parameter("head.weight") is other.get_parameter("embedding.weight")
    with torch.no_grad():
        other.get_parameter("head.weight").zero_()
    assert model(words).abs().sum() > 0


def test_weights_go_both_ways(spec: Path) -> None:
    model, reference = layercli.build(spec), Tagger()
    words = torch.randint(0, 7, (2, 3))
    model.load_state_dict(reference.state_dict())
    assert torch.equal(model(words), reference(words))
    model = layercli.build(spec)
    reference.load_state_dict(model.state_dict())
    assert torch.equal(model(words), reference(words))


def test_a_seed_initialises_as_the_class_does(spec: Path) -> None:
    # The class makes the head's own weight before it drops it for the embedding's, and so does the spec.
    torch.manual_seed(5)
    reference = Tagger()
    state = layercli.build(spec, seed=5).state_dict()
    assert all(torch.equal(value, reference.state_dict()[name]) for name, value in state.items())


def test_a_built_module_goes_into_another(spec: Path) -> None:
    model = nn.Sequential(layercli.build(spec), nn.Linear(7, 2)).train()
    assert model(torch.randint(0, 7, (2, 3))).shape == (2, 3, 2)
    assert sorted(model.state_dict())[0] == "0.body.0.fc.bias"
    assert model[0].training
    assert not model.eval()[0].training


def test_settings_reach_the_module(spec: Path) -> None:
    model = layercli.build(spec, params={"width": 6}, mode="eval")
    assert not any(module.training for module in model.modules())
    assert model.get_parameter("embedding.weight").shape == (7, 6)
    plan = layercli.load(spec, dims={"T": 5})
    assert [format_type(value) for _, value in layercli.trace(plan).inputs] == ["int64[2, 5]"]


@pytest.mark.parametrize("name", ["resnet18", "batchnorm"])
def test_a_built_module_is_in_train_mode_whatever_its_traces_are_in(name: str) -> None:
    plan = layercli.load(name)
    assert all(module.training for module in layercli.build(plan, device="meta").modules())
    assert layercli.trace(plan).mode == plan.mode


@pytest.mark.parametrize(
    ("spec", "layer"),
    [
        ("layers: {fc: 'Linear(4, 4)'}\n", "fc"),
        ("layers: {fc: 'Linear(4, 4)'}\nforward:\n  - fc(x)\n", "fc"),
        ("layers: {fc: '2 * Linear(4, 4)'}\nforward:\n  - fc[1](x)\n", "fc[1]"),
    ],
)
def test_a_wrong_call_names_the_layer_and_says_why(spec: str, layer: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"inputs: {{x: [2, 4]}}\n{spec}")
    with pytest.raises(layercli.SpecError) as caught:
        layercli.build(path)(torch.rand(2, 3))
    first, second = str(caught.value).split("\n")
    assert first.endswith(f"{layer} (Linear) failed on float32[2, 3]")
    assert second == "  PyTorch: mat1 and mat2 shapes cannot be multiplied (2x3 and 4x4)"
    assert ("net.yaml:4:5: " in first) == ("forward" in spec)


def test_an_error_is_its_position_sentence_and_hint(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("inputs: {x: [2, 4]}\nlayers:\n  fc: Linaer(4, 4)\n  no: Conv2e(1, 1, 1)\n")
    with pytest.raises(layercli.SpecError) as caught:
        layercli.load(path)
    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        "net.yaml:3:7: there is no layer called Linaer\n  help: did you mean Linear or Bilinear or LazyLinear?\n"
        "net.yaml:4:7: there is no layer called Conv2e\n  help: did you mean Conv2d or Conv3d or Conv1d?"
    )


def test_a_wrong_call_names_the_input(spec: Path) -> None:
    model = layercli.build(spec)
    with pytest.raises(layercli.SpecError, match="has no input y"):
        model(y=torch.zeros(1))


# trace of any module ---------------------------------------------------------------------------------------


def rows(trace: Trace) -> list[list[Any]]:
    return [[row.path, row.type, format_type(row.output), row.parameters] for row in trace.rows]


def check_totals(trace: Trace, model: nn.Module) -> None:
    """Rows and layers that never ran hold each parameter and buffer of the model once."""
    parameters = list(model.parameters())
    assert trace.totals.parameters == sum(parameter.numel() for parameter in parameters)
    assert trace.totals.trainable == sum(item.numel() for item in parameters if item.requires_grad)
    assert trace.totals.buffers == sum(buffer.numel() for buffer in model.buffers())
    assert trace.totals.bytes == sum(item.numel() * item.element_size() for item in parameters)


class Functional(nn.Module):
    """Operations of every kind: functions, methods, operators both ways round, attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(functional.relu(self.conv(x)), 2)
        x = self.relu(x).flatten(1)
        x = 1 - x / 2
        x = 2 / (x + 1)
        x += 1
        return (-x @ x.T)[:, 0]


def test_operations_are_rows() -> None:
    trace = layercli.trace(Functional(), torch.rand(2, 1, 6, 6))
    assert rows(trace) == [
        ["conv", "Conv2d", "float32[2, 2, 4, 4]", 20],
        ["relu_1", "relu", "float32[2, 2, 4, 4]", 0],
        ["max_pool2d", "max_pool2d", "float32[2, 2, 2, 2]", 0],
        ["relu", "ReLU", "float32[2, 2, 2, 2]", 0],
        ["flatten", "flatten", "float32[2, 8]", 0],
        ["div", "div", "float32[2, 8]", 0],
        ["sub", "sub", "float32[2, 8]", 0],
        ["add", "add", "float32[2, 8]", 0],
        ["div_1", "div", "float32[2, 8]", 0],
        ["add_", "add_", "float32[2, 8]", 0],
        ["neg", "neg", "float32[2, 8]", 0],
        ["T", "T", "float32[8, 2]", 0],
        ["matmul", "matmul", "float32[2, 2]", 0],
        ["getitem", "getitem", "float32[2]", 0],
    ]
    assert [row.sources for row in trace.rows[-3:]] == [("add_",), ("neg", "T"), ("matmul",)]


class Pair(NamedTuple):
    left: Tensor
    right: Tensor | None


class ModelOutput(OrderedDict[str, Any]):
    """A dict whose entries are attributes too, as transformer libraries return it."""

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def to_tuple(self) -> tuple[Any, ...]:
        return tuple(self.values())


class Nested(nn.Module):
    """Tuples, dicts, None and plain values go in and come out."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = PairMaker()
        self.output = OutputMaker()

    def forward(self, x: tuple[Tensor, dict[str, Tensor]], scale: float, mask: Tensor | None = None) -> Any:
        pair = self.pair(x[0], mask)
        output = self.output(pair.left, hidden=x[1])
        return {"pair": pair, "output": [output.logits * scale, None], "scale": scale}


class PairMaker(nn.Module):
    def forward(self, x: Tensor, mask: Tensor | None) -> Pair:
        return Pair(x + 1, mask)


class OutputMaker(nn.Module):
    def forward(self, x: Tensor, *, hidden: dict[str, Tensor]) -> ModelOutput:
        return ModelOutput(logits=x * hidden["a"], hidden=(x, x), loss=None)


def test_nested_values_are_shown_whole() -> None:
    inputs = (torch.rand(2, 3), {"a": torch.rand(3)})
    trace = layercli.trace(Nested(), inputs, 0.5, mask=None)
    shown = {row.path: (tuple(map(format_type, row.inputs)), format_type(row.output)) for row in trace.rows}
    assert format_type(trace.output) == (
        "{pair: (float32[2, 3], None), output: (float32[2, 3], None), scale: 0.5}"
    )
    assert shown["pair"] == (("float32[2, 3]", "None"), "(float32[2, 3], None)")
    assert shown["output"] == (
        ("float32[2, 3]", "{a: float32[3]}"),
        "{logits: float32[2, 3], hidden: (float32[2, 3], float32[2, 3]), loss: None}",
    )
    assert [name for name, _ in trace.inputs] == ["input[0]", "input[1]", "mask"]


class Repeated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.inner = Residual(4)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2):
            x = self.inner(self.fc(x))
        return x


def test_a_layer_called_twice_has_two_rows_and_counts_once() -> None:
    model = Repeated()
    trace = layercli.trace(model, torch.rand(1, 4))
    assert [(row.path, row.call, row.parameters) for row in trace.rows if row.kind == "layer"] == [
        ("fc", 1, 20),
        ("inner", 1, 0),
        ("inner.fc", 1, 20),
        ("fc", 2, 0),
        ("inner", 2, 0),
        ("inner.fc", 2, 0),
    ]
    assert [row.path for row in trace.rows if row.kind == "operation"] == ["inner.relu", "inner.add"] * 2
    check_totals(trace, model)


class Shared(nn.Module):
    """One module under two parents."""

    def __init__(self) -> None:
        super().__init__()
        shared = nn.Linear(4, 4)
        self.left = nn.Sequential(shared, nn.ReLU())
        self.right = nn.Sequential(shared, nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.left(x) + self.right(x)


class Holder(nn.Module):
    """Parameters and buffers of a module that has children, in lists, tied, frozen, and never used."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.shift = nn.Buffer(torch.zeros(4))
        self.weights = nn.ParameterList([torch.rand(4, 4), torch.rand(4)])
        self.named = nn.ParameterDict({"a": torch.rand(4)})
        self.embedding = nn.Embedding(4, 4)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.normed = parametrizations.weight_norm(nn.Linear(4, 4))
        self.head = nn.Linear(4, 4, bias=False)
        self.head.weight = self.embedding.weight
        self.spare = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embedding(x) * self.scale + self.shift
        x = self.normed(self.frozen(x)) @ self.weights[0] + self.weights[1] + self.named["a"]
        return self.head(x)


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (Shared, torch.rand(1, 4)),
        (Holder, torch.randint(0, 4, (2,))),
        (Tagger, torch.randint(0, 7, (2, 3))),
        (lambda: nn.Linear(4, 2), torch.rand(1, 4)),
        (lambda: nn.LSTM(4, 3, 2, bidirectional=True, proj_size=2), torch.rand(5, 1, 4)),
        (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2), torch.rand(3, 1, 8)),
    ],
    ids=["shared", "holder", "tied", "leaf", "lstm", "encoder"],
)
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_totals_are_those_of_the_module(make: Callable[[], nn.Module], inputs: Tensor) -> None:
    model = make()
    check_totals(layercli.trace(model, inputs), model)


def test_parameters_stand_where_they_are_held() -> None:
    model = Holder()
    trace = layercli.trace(model, torch.randint(0, 4, (2,)))
    held = {
        row.path: (row.parameters, row.trainable, row.buffers)
        for row in trace.rows
        if row.parameters or row.buffers
    }
    assert held == {
        "": (4, 4, 4),
        "embedding": (16, 16, 0),
        "frozen": (20, 0, 0),
        "normed": (4, 4, 0),
        "normed.parametrizations.weight": (20, 20, 0),
    }
    head = next(row for row in trace.rows if row.path == "head")
    assert [(tie.name, tie.target) for tie in head.tied] == [("head.weight", "embedding.weight")]
    assert [(layer.path, layer.parameters, layer.used_by) for layer in trace.never_called] == [
        ("weights", 20, ""),
        ("named", 4, ""),
        ("spare", 10, ""),
    ]


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("training", [False, True])
def test_attention_shows_its_children(training: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).train(training)
    trace = layercli.trace(model, torch.rand(1, 3, 8))
    called = {row.path for row in trace.rows}
    children = ("self_attn", "linear1", "dropout", "linear2", "norm1", "norm2", "dropout1", "dropout2")
    assert {f"layers.{index}.{name}" for index in range(2) for name in children} <= called
    assert [(layer.path, layer.used_by) for layer in trace.never_called] == [
        ("layers.0.self_attn.out_proj", "layers.0.self_attn"),
        ("layers.1.self_attn.out_proj", "layers.1.self_attn"),
    ]
    attention = nn.MultiheadAttention(8, 2).train(training)
    x = torch.rand(3, 1, 8)
    assert format_type(layercli.trace(attention, x, x, x).output) == "(float32[3, 1, 8], float32[1, 3, 3])"


# The module is as before -----------------------------------------------------------------------------------


class Restless(nn.Module):
    """All that a forward may change: statistics, buffers and attributes, renormalised weights, the generator."""

    def __init__(self, fails: bool) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 4, max_norm=0.1)
        self.norm = nn.BatchNorm1d(4)
        self.still = nn.BatchNorm1d(4)
        self.conv = parametrizations.spectral_norm(nn.Linear(4, 4))
        self.encoder = nn.TransformerEncoderLayer(4, 2, 8)
        self.steps: Tensor = nn.Buffer(torch.zeros(1))
        self.calls = 0
        self.late: nn.Module | None = None
        self.fails = fails

    def forward(self, x: Tensor) -> Tensor:
        self.steps = self.steps + 1
        self.calls += 1
        if self.late is None:
            self.late = nn.Linear(4, 4)
        x = self.conv(self.still(self.norm(self.embedding(x))))
        x = self.encoder(functional.dropout(x, 0.5).unsqueeze(0)) + torch.rand(1)
        if self.fails:
            raise RuntimeError("failed on purpose")
        return x


def take_state(model: Restless) -> dict[str, Any]:
    """All that a trace has to leave alone, by name."""
    hooks = [name for name in vars(model) if name.endswith(("_hooks", "_with_kwargs", "_always_called"))]
    return {
        "values": {name: value.clone() for name, value in model.state_dict().items()},
        "tensors": {name: id(value) for name, value in model.state_dict(keep_vars=True).items()},
        "gradients": {name: value.requires_grad for name, value in model.named_parameters()},
        "training": {name: module.training for name, module in model.named_modules()},
        "hooks": {
            name: [len(getattr(module, key)) for key in hooks] for name, module in model.named_modules()
        },
        "attributes": {name: sorted(vars(module)) for name, module in model.named_modules()},
        "calls": model.calls,
        "random": torch.get_rng_state(),
        "dtype": torch.get_default_dtype(),
        "grad": torch.is_grad_enabled(),
        "fast path": torch.backends.mha.get_fastpath_enabled(),
    }


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("mode", [None, "eval", "train"])
def test_a_traced_module_is_as_before(fails: bool, mode: Any) -> None:
    torch.manual_seed(0)
    model = Restless(fails).train()
    model.still.eval()
    called: list[str] = []
    handle = model.norm.register_forward_hook(lambda *_: called.append("norm"))
    before = take_state(model)
    if fails:
        with pytest.raises(layercli.SpecError, match=r"Restless failed on int64\[5\]"):
            layercli.trace(model, torch.arange(5), mode=mode)
    else:
        layercli.trace(model, torch.arange(5), mode=mode)
    after = take_state(model)
    for part in ("values", "random"):
        torch.testing.assert_close(after.pop(part), before.pop(part), rtol=0, atol=0, msg=part)
    assert after == before
    assert called == ["norm"]
    handle.remove()


def test_the_state_that_is_compared_can_differ() -> None:
    model = Restless(False).train()
    before = take_state(model)
    model(torch.arange(5))
    after = take_state(model)
    for part, name in (("values", "norm.running_mean"), ("values", "embedding.weight"), ("values", "steps")):
        assert not torch.equal(before[part][name], after[part][name]), name
    assert not torch.equal(before["random"], after["random"])


def test_a_module_runs_in_its_own_mode() -> None:
    model = Restless(False).train()
    model.still.eval()
    seen: dict[str, bool] = {}
    for name in ("norm", "still"):
        module = model.get_submodule(name)
        module.register_forward_hook(lambda module, *_, name=name: seen.update({name: module.training}))
    assert layercli.trace(model, torch.arange(5)).mode == "train"
    assert seen == {"norm": True, "still": False}
    assert layercli.trace(model, torch.arange(5), mode="eval").mode == "eval"
    assert seen == {"norm": False, "still": False}


def test_a_failed_trace_has_the_rows_so_far() -> None:
    with pytest.raises(layercli.SpecError) as caught:
        layercli.trace(Restless(True), torch.arange(5))
    assert caught.value.problems[0].notes == ("RuntimeError: failed on purpose",)
    trace: Trace = caught.value.trace  # type: ignore[attr-defined]
    assert trace.failed
    finished = {row.path: row.finished for row in trace.rows}
    assert finished["encoder"]
    assert not finished[""]


def test_a_failing_layer_is_named() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Linear(5, 2)))
    with pytest.raises(layercli.SpecError, match=r"1\.1 \(Linear\) failed on float32\[2, 4\]"):
        layercli.trace(model, torch.rand(2, 4))


def test_a_trace_takes_no_gradients_and_the_module_still_can() -> None:
    model = Functional()
    x = torch.rand(2, 1, 6, 6)
    layercli.trace(model, x)
    torch.autograd.backward(model(x).sum())
    assert model.conv.weight.grad is not None


def test_traces_are_alike_and_the_generator_stays(spec: Path) -> None:
    before = torch.get_rng_state()
    first, second = layercli.trace(spec), layercli.trace(spec)
    assert first == second
    assert torch.equal(torch.get_rng_state(), before)


def test_the_default_dtype_stays_also_when_a_spec_fails(tmp_path: Path) -> None:
    path = tmp_path / "wide.yaml"
    for size in (4, 5):
        path.write_text(f"dtype: float64\ninputs: {{x: [2, {size}]}}\nlayers: {{fc: 'Linear(4, 4)'}}\n")
        model = layercli.build(path)
        assert model.get_parameter("fc.weight").dtype == torch.float64
        if size == 4:
            layercli.trace(path)
            model(torch.rand(2, 4, dtype=torch.float64))
        else:
            with pytest.raises(layercli.SpecError, match=r"fc expects 4 features .* float64\[2, 5\]"):
                layercli.trace(path)
            with pytest.raises(layercli.SpecError):
                model(torch.rand(2, 5, dtype=torch.float64))
        assert torch.get_default_dtype() == torch.float32


def test_a_spec_takes_no_tensors_and_a_plan_no_params(spec: Path) -> None:
    with pytest.raises(TypeError, match="brings its own inputs"):
        layercli.trace(spec, torch.rand(1))
    with pytest.raises(
        TypeError, match=r"trace\(\) takes no values .* device, seed, mode, params, dims and inputs"
    ):
        layercli.trace(spec, values=True)
    with pytest.raises(TypeError, match=r"build\(\) takes no dim "):
        layercli.build(spec, dim={"T": 2})
    with pytest.raises(TypeError, match=r"derive\(\) takes no device "):
        layercli.derive(spec, device="cpu")
    with pytest.raises(TypeError, match="give params, dims and inputs to load"):
        layercli.trace(layercli.load(spec), params={"width": 2})


def test_a_trace_and_a_plan_are_one_line_at_the_prompt(spec: Path) -> None:
    plan = layercli.load("lenet")
    assert repr(plan) == "<Plan of LeNet: 6 modules, eval mode>"
    assert repr(layercli.trace(plan)) == "<Trace of LeNet: 12 rows, 81,290 parameters>"
    with pytest.raises(TraceFailed) as caught:
        layercli.trace("lenet", inputs={"x": [1, 1, 28, 28]})
    assert repr(caught.value.trace) == "<Trace of LeNet: 8 rows, the last one failed>"


def test_a_trace_is_drawn_in_every_way(spec: Path) -> None:
    trace = layercli.trace(spec)
    assert "embedding" in str(trace)
    assert "<" in trace._repr_html_()
    assert trace.to_dict()["totals"]["parameters"] == 68
