"""The sizes that a layer is said to take, tried on PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from layercli.explain.constraints import list_accepted, list_needs
from layercli.explain.trial import call_layer, call_operation

#: Layers as PyTorch and as the spec language make them, and the sizes of an input.
LAYERS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("Conv2d(4, 6, (3, 5), stride=2)", (2, 4, 9, 9)),
    ("Conv2d(4, 6, 3, padding=1, dilation=2)", (2, 4, 9, 9)),
    ("ConvTranspose1d(4, 6, 3, padding=2)", (2, 4, 9)),
    ("MaxPool2d(3, stride=2, ceil_mode=True)", (2, 4, 9, 9)),
    ("AvgPool1d(4)", (2, 4, 9)),
    ("Linear(6, 3)", (2, 6)),
    ("PixelShuffle(2)", (1, 8, 3, 3)),
    ("PixelUnshuffle(3)", (1, 2, 6, 6)),
    ("LSTM(4, 3)", (5, 2, 4)),
    ("GroupNorm(2, 4)", (2, 4, 3)),
    ("GLU()", (2, 6)),
    ("ReflectionPad2d(3)", (1, 2, 6, 6)),
    ("Unflatten(1, (2, -1))", (2, 6)),
)

#: Sizes that are tried of each dimension.
SIZES = range(1, 14)


def takes(layer: torch.nn.Module, shape: tuple[int, ...]) -> bool:
    try:
        layer(torch.zeros(shape))
    except (RuntimeError, ValueError):
        return False
    return True


@pytest.mark.parametrize(("text", "shape"), LAYERS, ids=[text for text, _ in LAYERS])
def test_accepted_sizes_are_those_of_pytorch(text: str, shape: tuple[int, ...]) -> None:
    layer: Any = eval(f"torch.nn.{text}", {"torch": torch})
    layer.eval()
    found = {
        item.dimension: item
        for item in list_accepted(call_layer(text, f"rand({', '.join(map(str, shape))})"), text.split("(")[0])
    }
    for dim in range(len(shape)):
        for size in SIZES:
            other = (*shape[:dim], size, *shape[dim + 1 :])
            said = dim not in found or any(size in item for item in found[dim].ranges)
            assert said == takes(layer, other), (text, other)


def test_sentences() -> None:
    call = call_layer("Linear(6, 3)", "rand(2, 6)")
    assert [item.sentence for item in list_accepted(call, "Linear")] == [
        "expects 6 features in the last dimension"
    ]
    assert list_needs(call) == ("expects float32",)
    assert list_needs(call_operation("F", "relu", "rand(2, 3)")) == ("takes whole numbers and floats",)


def test_sentences_are_not_about_what_was_tried() -> None:
    call = call_layer("CrossEntropyLoss()", "rand(3, 4, 5), zeros(3, 5, dtype=int64)")
    sentences = [item.sentence for item in list_accepted(call, "CrossEntropyLoss")]
    assert {*sentences} == {"", "expects class indices of [3, 5]"}
    assert [sentence for sentence in list_needs(call) if sentence.startswith("takes")] == [
        "takes floats as input",
        "takes int64 as target",
    ]
    norm = call_layer("BatchNorm2d(3)", "rand(2, 3, 4, 4)")
    assert not [sentence for sentence in list_needs(norm) if "float64" in sentence]
