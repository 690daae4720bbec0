"""Every layer's rules against PyTorch: tensors held, rows and output for sample calls and random neighbours of them."""

from __future__ import annotations

import random

import pytest

from tests.derive.layer_samples import LAYER_SAMPLES
from tests.derive.proving import layer_disagreement, mutate
from tests.derive.test_operation_rules import NOT_MUTATED

MUTATIONS = 2

#: Name, constructor and inputs of each sample call.
LAYER_CALLS = [
    (constructor.split("(", 1)[0], constructor, inputs)
    for constructor, calls in LAYER_SAMPLES
    for inputs in calls
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
