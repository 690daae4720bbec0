"""The formulas of the catalogue's entries, in names."""

from __future__ import annotations

import re

import pytest
import torch

from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.operators import MEANINGS
from layercli.catalogue.reach import REACHES
from layercli.catalogue.wrappers import STEPS
from layercli.explain.entries import formulas_of
from layercli.explain.subjects import find_subjects, suggest_subject

#: What has no call of its own, or one whose inputs no rule alone can make.
WITHOUT_EXAMPLE = {"ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "CTCLoss"}


@pytest.mark.parametrize("name", [name for name, layer in LAYERS.items() if not layer.refused])
def test_every_layer_has_its_formulas(name: str) -> None:
    found = formulas_of(LAYERS[name])
    assert found.pages == (f"https://docs.pytorch.org/docs/stable/generated/torch.nn.{name}.html",)
    assert bool(found.inputs) == (name not in WITHOUT_EXAMPLE)


@pytest.mark.parametrize(
    ("name", "sizes", "state", "macs"),
    [
        (
            "Conv1d",
            (("L_out", "floor((L_in + 2*padding - dilation*(kernel_size - 1) - 1) / stride) + 1"),),
            (("weight", "[out_channels, in_channels // groups, kernel_size]"), ("bias", "[out_channels]")),
            "N*L_out*out_channels*(in_channels // groups)*kernel_size",
        ),
        (
            "ConvTranspose1d",
            (
                ("L_out", "(L_in - 1)*stride - 2*padding + dilation*(kernel_size - 1) + output_padding + 1"),
                ("C_out", "(out_channels // groups)*groups"),
            ),
            (
                ("weight", "[in_channels, out_channels // groups, kernel_size]"),
                ("bias", "[out_channels]"),
            ),
            "N*L_in*C_in*(out_channels // groups)*kernel_size",
        ),
        (
            "AvgPool1d",
            (("L_out", "floor((L_in + 2*padding - kernel_size) / stride) + 1"),),
            (),
            "0",
        ),
        (
            "Linear",
            (),
            (("weight", "[out_features, in_features]"), ("bias", "[out_features]")),
            "N*out_features*in_features",
        ),
        (
            "GRUCell",
            (),
            (
                ("weight_ih", "[3*hidden_size, input_size]"),
                ("weight_hh", "[3*hidden_size, hidden_size]"),
                ("bias_ih", "[3*hidden_size]"),
                ("bias_hh", "[3*hidden_size]"),
            ),
            "input.shape[0]*3*hidden_size*(input_size + hidden_size)",
        ),
    ],
)
def test_formulas(
    name: str, sizes: tuple[tuple[str, str], ...], state: tuple[tuple[str, str], ...], macs: str
) -> None:
    found = formulas_of(LAYERS[name])
    assert set(found.sizes) == set(sizes)
    assert found.state == state
    assert found.macs == macs


def test_constraints_are_told_in_names() -> None:
    assert "expects in_features features in the last dimension" in formulas_of(LAYERS["Linear"]).needs


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "BatchNorm2d", "NLLLoss", "Conv2d"])
def test_constraints_in_names_have_no_sizes_of_the_example(name: str) -> None:
    needs = formulas_of(LAYERS[name]).needs
    assert needs
    assert not [sentence for sentence in needs if re.search(r"\[[^]]*\d", sentence)]


def test_what_stands_inside_is_named_and_its_work_not_left_out_of_formulas() -> None:
    found = formulas_of(LAYERS["TransformerEncoderLayer"])
    assert ("self_attn", "MultiheadAttention") in found.inside
    assert (found.macs, found.flops, found.needs) == ("", "", ())
    attention = formulas_of(LAYERS["MultiheadAttention"])
    assert attention.inside == ()
    assert attention.state[-2:] == (
        ("out_proj.weight", "[embed_dim, embed_dim]"),
        ("out_proj.bias", "[embed_dim]"),
    )
    names = [name for name, _ in formulas_of(LAYERS["AdaptiveLogSoftmaxWithLoss"]).state]
    assert [*torch.nn.AdaptiveLogSoftmaxWithLoss(4, 9, (3, 6)).state_dict()] == names


def test_inputs_of_a_loss_have_names() -> None:
    found = formulas_of(LAYERS["TripletMarginLoss"])
    assert [name for name, _ in found.inputs] == ["anchor", "positive", "negative"]


def test_windows_of_many_sizes_are_a_function_of_both() -> None:
    windows = "N*C*windows(H_in, output_size)*windows(W_in, output_size)"
    assert formulas_of(LAYERS["AdaptiveAvgPool2d"]).flops == windows
    assert formulas_of(LAYERS["AdaptiveAvgPool2d"]).words == "adaptive average pooling over 2 dimensions"


def test_what_is_multiplied_and_divided_alike_is_left_out() -> None:
    assert formulas_of(LAYERS["Softmax"]).flops == "input.shape[0]*(5*input.shape[1] - 2)"


def test_pages_of_functions_and_methods() -> None:
    pages = "https://docs.pytorch.org/docs/stable/generated"
    assert formulas_of(FUNCTIONS["relu"]).pages == (
        f"{pages}/torch.nn.functional.relu.html",
        f"{pages}/torch.relu.html",
    )
    assert formulas_of(METHODS["view"]).pages == (f"{pages}/torch.Tensor.view.html",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Conv2d", ["Conv2d"]),
        ("nn.Conv2d", ["Conv2d"]),
        ("relu", ["F.relu"]),
        ("torch.relu", ["torch.relu"]),
        ("unfold", ["F.unfold", "x.unfold"]),
        ("x.unfold", ["x.unfold"]),
        ("F.view", []),
        ("Module", []),
        ("nothing", []),
    ],
)
def test_what_names_mean(text: str, names: list[str]) -> None:
    assert [subject.name for subject in find_subjects(text)] == names


def test_suggestions() -> None:
    assert suggest_subject("Conv2s").startswith("did you mean Conv2d")
    assert suggest_subject("lenett") == ""


def test_reaches_are_of_entries() -> None:
    """Each name that has one is a layer, an operation, or an operator's row."""
    operators = {*MEANINGS, *(f"i{name.rstrip('_')}" for name in MEANINGS), "getitem"}
    known = {*LAYERS, *FUNCTIONS, *METHODS, *STEPS, *operators, "NonDynamicallyQuantizableLinear"}
    assert set(REACHES) - known == set()
