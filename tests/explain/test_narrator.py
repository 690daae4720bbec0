"""Every sample call of the catalogue, narrated: the formulas give the numbers that the rules gave."""

from __future__ import annotations

from math import floor
from typing import Any

import pytest

from layercli.catalogue.narration import draw_formula, is_formula, term_of, write_formula
from layercli.catalogue.tensors import Refusal
from layercli.derive.engine import Call, type_of
from layercli.errors import LayercliError
from layercli.explain.narrator import narrate_call
from tests.derive.layer_samples import LAYER_SAMPLES
from tests.derive.test_operation_rules import CALLS
from tests.explain.narrating import (
    list_numbers,
    narrate_sample,
    narrate_text,
    watch_layer,
    watch_operations,
)

OPERATION_NAMES = sorted({name for name, _ in CALLS})
LAYER_NAMES = sorted({constructor.split("(", 1)[0] for constructor, _ in LAYER_SAMPLES})


def list_formulas(call: Call) -> list[str]:
    """The formulas of a call, each of which has to give its number."""
    found = narrate_call(call)
    assert str(type_of(found.output)) == str(type_of(call.output))
    assert (found.macs, found.flops) == (call.draft.macs, call.draft.flops)
    numbers: list[Any] = [*list_numbers(found.output), found.macs, found.flops]
    numbers += [size for state in found.state for size in state.shape]
    texts = [(size, write_formula(term_of(size))) for size in numbers if is_formula(size)]
    assert [(text, eval(text, {"floor": floor})) for _, text in texts] == [
        (text, size) for size, text in texts
    ]
    return [text for _, text in texts]


@pytest.mark.parametrize("name", OPERATION_NAMES)
def test_operation_tells_what_it_evaluates(name: str) -> None:
    for own, text in CALLS:
        if own == name:
            calls = watch_operations(text)
            if calls:
                list_formulas(calls[-1])


@pytest.mark.parametrize("name", LAYER_NAMES)
def test_layer_tells_what_it_evaluates(name: str) -> None:
    for constructor, calls in LAYER_SAMPLES:
        if constructor.split("(", 1)[0] != name:
            continue
        for inputs in calls:
            for train in (False, True):
                try:
                    watched = watch_layer(constructor, inputs, train=train)
                except (LayercliError, Refusal):
                    continue
                for call in watched:
                    list_formulas(call)


#: Layers and their inputs, the formulas of the output's sizes for people, in names, and of the MACs.
LAYERS: tuple[tuple[str, str, list[str], list[str], str], ...] = (
    (
        "Conv2d(1, 6, 5)",
        "rand(1, 1, 32, 32)",
        ["floor((32 + 2*0 - 1*(5 - 1) - 1) / 1) + 1"] * 2,
        [
            f"({letter}_in + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1"
            for letter in ("H", "W")
        ],
        "28*28 positions * 6 channels * 1*5*5",
    ),
    (
        "Conv2d(4, 6, (3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)",
        "rand(2, 4, 12, 12)",
        ["floor((12 + 2*1 - 1*(3 - 1) - 1) / 2) + 1", "floor((12 + 2*2 - 2*(5 - 1) - 1) / 1) + 1"],
        [
            "(H_in + 2*padding[0] - dilation[0]*(kernel_size[0] - 1) - 1) // stride[0] + 1",
            "(W_in + 2*padding[1] - dilation[1]*(kernel_size[1] - 1) - 1) // stride[1] + 1",
        ],
        "2 samples * 6*8 positions * 6 channels * (4/2)*3*5",
    ),
    (
        "ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1)",
        "rand(1, 4, 5)",
        ["(6/1)*1", "(5 - 1)*2 - 2*1 + 1*(3 - 1) + 1 + 1"],
        [
            "(out_channels // groups)*groups",
            "(L_in - 1)*stride - 2*padding + dilation*(kernel_size - 1) + output_padding + 1",
        ],
        "5 positions * 4 channels * 6*3",
    ),
    (
        "MaxPool2d(2, ceil_mode=True)",
        "rand(1, 2, 9, 8)",
        ["ceil((9 + 2*0 - 1*(2 - 1) - 1) / 2) + 1", "ceil((8 + 2*0 - 1*(2 - 1) - 1) / 2) + 1"],
        [
            f"-(-({letter}_in + 2*padding - dilation*(kernel_size - 1) - 1) // kernel_size) + 1"
            for letter in ("H", "W")
        ],
        "0",
    ),
    (
        "AvgPool2d(3, 2, 1)",
        "rand(1, 2, 9, 9)",
        ["floor((9 + 2*1 - 3) / 2) + 1"] * 2,
        [f"({letter}_in + 2*padding - kernel_size) // stride + 1" for letter in ("H", "W")],
        "0",
    ),
    ("AdaptiveAvgPool2d((1, None))", "rand(1, 2, 9, 9)", [], [], "0"),
    ("Linear(576, 120)", "rand(1, 576)", [], [], "120 outputs * 576"),
    ("Linear(3, 2)", "rand(4, 5, 3)", [], [], "4*5*2 outputs * 3"),
    ("Bilinear(3, 4, 2)", "rand(5, 3), rand(5, 4)", [], [], "5*2 outputs * 3*4"),
    ("Embedding(10, 4)", "zeros(2, 5, dtype=int64)", [], [], "0"),
    (
        "LSTM(3, 5, num_layers=2, bidirectional=True)",
        "rand(4, 2, 3)",
        ["5*2", "2*2", "2*2"],
        ["hidden_size*2", "num_layers*2", "num_layers*2"],
        "4*2 steps * 2*(4*5*(3 + 5) + (2 - 1)*4*5*(2*5 + 5))",
    ),
    (
        "MultiheadAttention(4, 2)",
        "rand(3, 2, 4), rand(5, 2, 4), rand(5, 2, 4)",
        [],
        [],
        "(2*3*2*4 + 5*2*4 + 5*2*4)*4 + 2*3*2*5*4",
    ),
    ("LayerNorm(4)", "rand(2, 4)", [], [], "0"),
    ("BatchNorm2d(3)", "rand(2, 3, 4, 4)", [], [], "0"),
    (
        "ReflectionPad2d((1, 2, 3, 0))",
        "rand(1, 2, 4, 4)",
        ["4 + 3 + 0", "4 + 1 + 2"],
        ["H_in + padding[2] + padding[3]", "W_in + padding[0] + padding[1]"],
        "0",
    ),
    (
        "Unfold(3, padding=1)",
        "rand(1, 2, 5, 5)",
        ["2*3*3", "(floor((5 + 2*1 - 1*(3 - 1) - 1) / 1) + 1)*(floor((5 + 2*1 - 1*(3 - 1) - 1) / 1) + 1)"],
        [
            "C_in*kernel_size*kernel_size",
            "((H_in + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1)"
            "*((W_in + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1)",
        ],
        "0",
    ),
    ("Fold((5, 5), 3)", "rand(1, 18, 9)", ["18/(3*3)"], ["input.shape[1] // (kernel_size*kernel_size)"], "0"),
    (
        "Upsample(scale_factor=2)",
        "rand(1, 2, 4, 5)",
        ["floor(4*2)", "floor(5*2)"],
        ["floor(H_in*scale_factor)", "floor(W_in*scale_factor)"],
        "0",
    ),
    (
        "PixelShuffle(2)",
        "rand(1, 8, 3, 3)",
        ["8/(2*2)", "3*2", "3*2"],
        ["C_in // (upscale_factor*upscale_factor)", "H_in*upscale_factor", "W_in*upscale_factor"],
        "0",
    ),
    ("Flatten()", "rand(1, 16, 6, 6)", ["16*6*6"], ["input.shape[1]*input.shape[2]*input.shape[3]"], "0"),
)


@pytest.mark.parametrize(
    ("constructor", "inputs", "people", "names", "macs"), LAYERS, ids=lambda item: str(item)[:30]
)
def test_formulas_of_layers(
    constructor: str, inputs: str, people: list[str], names: list[str], macs: str
) -> None:
    found = narrate_sample(constructor, inputs)
    terms = [term_of(size) for size in list_numbers(found.output) if is_formula(size)]
    assert [draw_formula(term) for term in terms] == people
    assert [write_formula(term, "names") for term in terms] == names
    assert draw_formula(term_of(found.macs), brief=True) == macs


#: Operations, the formulas of their output's sizes for people and of their MACs.
OPERATIONS: tuple[tuple[str, list[str], str], ...] = (
    ("cat([rand(2, 3), rand(2, 4)], dim=1)", ["3 + 4"], "0"),
    ("stack([rand(2, 3), rand(2, 3), rand(2, 3)])", [], "0"),
    ("flatten(rand(1, 16, 6, 6), 1)", ["16*6*6"], "0"),
    ("rand(1, 16, 5, 5).view(-1, 400)", ["1*16*5*5/400"], "0"),
    ("rand(2, 6).reshape((3, -1))", ["2*6/3"], "0"),
    ("rand(2, 3).repeat(2, 4)", ["2*2", "3*4"], "0"),
    ("rand(2, 3, 4) @ rand(4, 5)", [], "2*3*5 outputs * 4"),
    ("F.linear(rand(2, 3), rand(4, 3))", [], "2*4 outputs * 3"),
    ("F.max_pool2d(rand(1, 6, 28, 28), 2)", ["floor((28 + 2*0 - 1*(2 - 1) - 1) / 2) + 1"] * 2, "0"),
    (
        "F.conv1d(rand(1, 4, 9), rand(6, 4, 3))",
        ["floor((9 + 2*0 - 1*(3 - 1) - 1) / 1) + 1"],
        "7 positions * 6 channels * 4*3",
    ),
    ("F.pad(rand(1, 2, 3), (1, 2))", ["3 + 1 + 2"], "0"),
    ("F.interpolate(rand(1, 2, 4), scale_factor=1.5)", ["floor(4*1.5)"], "0"),
    ("F.glu(rand(2, 4))", ["4/2"], "0"),
    ("arange(start=1, end=6, step=2)", ["ceil((6 - 1) / 2)"], "0"),
)


@pytest.mark.parametrize(("text", "people", "macs"), OPERATIONS, ids=lambda item: str(item)[:30])
def test_formulas_of_operations(text: str, people: list[str], macs: str) -> None:
    found = narrate_text(text)
    terms = [term_of(size) for size in list_numbers(found.output) if is_formula(size)]
    assert [draw_formula(term) for term in terms] == people
    assert draw_formula(term_of(found.macs), brief=True) == macs


def test_this_test_can_fail() -> None:
    (size, *_) = [
        size for size in list_numbers(narrate_sample("Flatten()", "rand(2, 3, 4)").output) if is_formula(size)
    ]
    assert eval(write_formula(term_of(size)).replace("3", "5")) != size
