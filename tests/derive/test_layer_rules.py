"""Every layer's rules against PyTorch: tensors held, rows and output for sample calls and random neighbours of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import layercli
from layercli.trace.failure import TraceFailed
from tests.derive.layer_samples import LAYER_SAMPLES
from tests.derive.proving import layer_disagreement, mutate
from tests.derive.test_operation_rules import NOT_MUTATED

MUTATIONS = 2

#: Name, constructor and inputs of each sample call.
LAYER_CALLS = [
    (constructor.split("(", 1)[0], constructor, inputs) for constructor, calls in LAYER_SAMPLES for inputs in calls
]


@pytest.mark.parametrize("name", sorted({name for name, _, _ in LAYER_CALLS}))
def test_layer_is_what_pytorch_makes(name: str) -> None:
    generator = random.Random(name)
    found = []
    for known, constructor, inputs in LAYER_CALLS:
        if known != name:
            continue
        for train in (False, True):
            found.append(layer_disagreement(constructor, inputs, train=train))
        for number in range(0 if name in NOT_MUTATED else MUTATIONS):
            made, given = mutate(constructor, generator, 0.15), mutate(f"f({inputs})", generator, 0.2)[2:-1]
            found.append(layer_disagreement(made, given, train=number % 2 == 1))
    assert not [text for text in found if text]


@pytest.mark.parametrize("bias", [False, True])
def test_clusters_are_made_as_pytorch_makes_them_and_not_run(bias: bool, tmp_path: Path) -> None:
    # Which clusters run depends on the values of the targets, so only their tensors can be told.
    path = tmp_path / "clusters.yaml"
    path.write_text(
        "name: Clusters\n"
        "inputs: {x: 'rand(3, 8)', y: 'tensor([1, 5, 12])'}\n"
        f"layers: {{loss: 'AdaptiveLogSoftmaxWithLoss(8, 20, [4, 9], div_value=2.0, head_bias={bias})'}}\n"
        "forward: ['loss(x, y)']\n"
    )
    with pytest.raises(TraceFailed, match="use --run") as failure:
        layercli.derive(path)
    assert failure.value.trace.tensors == layercli.trace(path).tensors
