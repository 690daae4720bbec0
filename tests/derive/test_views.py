"""Views and copies of tensors in every layout against PyTorch: sizes, strides, and whether a view is possible."""

from __future__ import annotations

import pytest

from tests.derive.layouts import Draw
from tests.derive.proving import disagreement

#: Of each seed's expressions.
COUNT = 100


@pytest.mark.parametrize("seed", range(6))
def test_call_gives_what_pytorch_gives(seed: int) -> None:
    draw = Draw(f"views {seed}")
    found = []
    for _ in range(COUNT):
        text, sizes = draw.tensor()
        found.append(disagreement(draw.call(text, sizes)))
    assert not [text for text in found if text]
