"""Subscripts against PyTorch: of every kind, of tensors in every layout, legal or not."""

from __future__ import annotations

import pytest

from tests.derive.layouts import Draw
from tests.derive.proving import disagreement

#: Of each seed's expressions.
COUNT = 60


@pytest.mark.parametrize("seed", range(6))
def test_subscript_gives_what_pytorch_gives(seed: int) -> None:
    draw = Draw(f"subscripts {seed}")
    found = []
    for _ in range(COUNT):
        text, sizes = draw.tensor()
        found.append(disagreement(f"{text}[{draw.subscript(sizes)}]"))
    assert not [text for text in found if text]
