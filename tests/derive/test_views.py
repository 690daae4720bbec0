"""Tensors in every layout against PyTorch: sizes, strides and legality of views, and of operations on several tensors."""

from __future__ import annotations

import pytest

from tests.derive.layouts import Draw
from tests.derive.proving import disagreement

#: Of each seed's expressions.
COUNT = 80


@pytest.mark.parametrize("seed", range(5))
def test_call_gives_what_pytorch_gives(seed: int) -> None:
    draw = Draw(f"views {seed}")
    found = []
    for _ in range(COUNT):
        text, sizes = draw.tensor()
        found.append(disagreement(draw.call(text, sizes)))
    assert not [text for text in found if text]


@pytest.mark.parametrize("seed", range(5))
def test_call_with_several_tensors_gives_what_pytorch_gives(seed: int) -> None:
    draw = Draw(f"together {seed}")
    found = [disagreement(draw.together()) for _ in range(COUNT)]
    assert not [text for text in found if text]
