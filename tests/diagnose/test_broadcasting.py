"""Where the dimensions of a smaller operand may stand, against what broadcasting then gives."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from layercli.diagnose.broadcasting import list_places, write_expansion
from layercli.diagnose.containers import name_layers

_SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("shape", "other", "after"),
    [
        ((4, 32), (4, 32, 12, 12), "[:, :, None, None]"),
        ((4, 64), (4, 20, 64), ".unsqueeze(1)"),
        ((4, 20), (4, 20, 64), ".unsqueeze(-1)"),
        ((20,), (4, 20, 64), ".unsqueeze(-1)"),
        ((16,), (4, 16, 8, 8), "[:, None, None]"),
    ],
)
def test_the_likeliest_place(shape: tuple[int, ...], other: tuple[int, ...], after: str) -> None:
    assert write_expansion(list_places(shape, other)[0], len(other)) == after


@pytest.mark.parametrize(
    ("shape", "other"), [((64,), (4, 20, 64)), ((4, 20), (4, 20)), ((7, 3), (4, 20, 64))]
)
def test_no_place(shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    assert list_places(shape, other) == []


@given(_SHAPES, _SHAPES)
def test_each_place_broadcasts(shape: list[int], other: list[int]) -> None:
    for places in list_places(shape, other):
        after = write_expansion(places, len(other))
        expanded = eval(f"tensor{after}", {"tensor": torch.zeros(shape)})
        assert list((expanded + torch.zeros(other)).shape) == other


def test_layers_are_named_by_their_types() -> None:
    types = ["Conv2d", "ReLU", "Conv2d", "MaxPool2d", "Flatten", "LSTM", "Linear"]
    assert name_layers(types, set()) == ["conv1", "relu", "conv2", "maxpool", "flatten", "lstm", "fc"]
    assert name_layers(["LSTM"], {"lstm"}) == ["lstm1"]
