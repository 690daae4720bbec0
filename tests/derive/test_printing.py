"""What ``print`` shows of a model, against PyTorch's own text."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import hypothesis
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import layercli
from layercli.build.builder import _Maker
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.tensors import settings
from layercli.derive.engine import TypeEngine
from layercli.derive.modules import ModuleMaker
from layercli.derive.printing import print_model, print_module
from layercli.errors import LayercliError
from layercli.run.session import print_model as print_built
from layercli.spec.library import list_bundled
from tests.derive.draws import draw_calls, list_entries
from tests.derive.layer_samples import LAYER_SAMPLES
from tests.derive.proving import plan_layer

#: So many drawn constructors of each layer.
DRAWS = 5

#: Those too large to be made in a test, even without values.
LARGE = ("moe-1t",)

HOLDING = """\
inputs: {x: [1, 4]}
layers:
  many: ParameterList([Parameter(rand(2, 3)), Parameter(tensor([1]), requires_grad=False)])
  one: ParameterList([Parameter(rand(2))])
  named: "ParameterDict({'a': Parameter(rand(2)), 'b': Parameter(rand(()))})"
  none: ModuleList()
  same: ModuleList([Linear(4, 4), Linear(4, 4), Linear(4, 5), Linear(4, 4)])
  members: ModuleDict(a=ReLU(), b=Sequential(Linear(4, 4), 2 * Block()))
  wrapped: weight_norm(spectral_norm(Linear(4, 4), 'bias'))
forward:
  - x
blocks:
  Block:
    inputs: [x]
    layers:
      scale: Parameter(ones(4))
      inner: Sequential(Dropout(0.5), LayerNorm(4))
    forward:
      - inner(x) * scale
"""


def print_both(constructor: str) -> tuple[str, str] | None:
    """A layer printed by PyTorch and by the rules; None where it can't be made."""
    try:
        plan = plan_layer(constructor)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            built = _Maker(torch.device("cpu")).make_layer(plan)
        with settings("float32"):
            maker = ModuleMaker.__new__(ModuleMaker)
            maker.training, maker.problems, maker.maker = False, {}, TypeEngine(None)
            derived = maker.make_layer("", plan)
    except LayercliError:
        return None
    return str(built), print_module(derived)


@pytest.mark.parametrize("constructor", [text for text, _ in LAYER_SAMPLES])
def test_a_layer_is_printed_as_pytorch_does(constructor: str) -> None:
    printed = print_both(constructor)
    assert printed is not None
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    "entry", [name for name, samples in list_entries().items() if name.startswith("layer ") and samples]
)
@given(data=st.data())
@hypothesis.settings(max_examples=DRAWS)
def test_drawn_arguments_are_printed_as_pytorch_does(entry: str, data: st.DataObject) -> None:
    constructor = data.draw(draw_calls(entry)).constructor
    printed = print_both(constructor)
    # A tensor as an argument is printed with values, which the rules don't have.
    if printed is not None and not re.search(r"(float|int|complex|bool)\d*\[", printed[1]):
        assert printed[0] == printed[1], constructor


def test_every_layer_has_a_sample() -> None:
    sampled = {text.split("(", 1)[0] for text, _ in LAYER_SAMPLES}
    made_of_others = {"Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"}
    assert {name for name, entry in LAYERS.items() if not entry.refused} - sampled <= made_of_others


@pytest.mark.parametrize("path", list_bundled(), ids=lambda path: path.stem)
def test_a_bundled_model_is_printed_as_pytorch_does(path: Path) -> None:
    if path.stem not in LARGE:
        plan = layercli.load(path)
        assert print_model(plan) == print_built(plan)


def test_containers_and_wrappers(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(HOLDING, "utf-8")
    plan = layercli.load(path)
    model = layercli.build(plan)
    assert print_model(plan) == str(model)
    for layer, module in model.named_modules():
        assert print_model(plan, layer) == str(module)
