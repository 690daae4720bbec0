"""Where ``auto`` runs a model: on the CPU while that is quicker."""

from __future__ import annotations

from pathlib import Path

import pytest

import layercli
from layercli.run.devices import choose_device

LINEAR = "inputs: {{x: [1, {width}]}}\nlayers:\n  fc: Linear({width}, {width})\n"
RECURRENT = "inputs: {{x: [9, {width}]}}\nlayers:\n  body: Sequential(LSTM({width}, {width}))\n"


@pytest.mark.parametrize(
    ("text", "width", "device"),
    [
        (LINEAR, 3000, "cpu"),
        (LINEAR, 4000, "meta"),
        (RECURRENT, 1000, "cpu"),
        (RECURRENT, 2000, "cpu"),
        (RECURRENT, 4000, "meta"),
        ("inputs: {{x: [{width}, 1000]}}\nlayers:\n  fc: Linear(1000, 2)\n", 4000, "cpu"),
        ("inputs: {{x: [{width}, 1000]}}\nlayers:\n  fc: Linear(1000, 2)\n", 4001, "meta"),
        # Values aren't sizes.
        (
            "inputs: {{x: 'tensor([[1, {width}], [17, 99]])'}}\nlayers:\n  e: Embedding(1000, 4)\n",
            4000,
            "cpu",
        ),
    ],
)
def test_large_models_and_inputs_go_to_meta(tmp_path: Path, text: str, width: int, device: str) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(text.format(width=width), "utf-8")
    plan = layercli.load(spec)
    assert choose_device(plan) == device
    assert choose_device(plan, values=True) == "cpu"
