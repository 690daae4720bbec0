"""Every layer's rules against PyTorch: tensors held, rows and output of sample calls and of drawn ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.derive.draws import draw_calls, list_entries, spell
from tests.derive.layer_samples import LAYER_SAMPLES
from tests.derive.long_run import prove_call
from tests.derive.test_operation_rules import DRAWS, ENDING

#: Name, constructor and inputs of each sample call.
LAYER_CALLS = [
    (constructor.partition("(")[0], constructor, inputs)
    for constructor, calls in LAYER_SAMPLES
    for inputs in calls
]

LAYERS = [entry for entry, samples in list_entries().items() if entry.startswith("layer ") and samples]


@pytest.mark.parametrize("entry", LAYERS)
def test_samples_are_legal(entry: str) -> None:
    found = [
        prove_call(replace(spell(sample), train=train))
        for sample in list_entries()[entry]
        for train in (False, True)
    ]
    assert [verdict for verdict in found if verdict.kind in ("differs", "untold")] == []


@pytest.mark.parametrize("entry", [entry for entry in LAYERS if entry not in ENDING])
@settings(max_examples=DRAWS)
@given(data=st.data())
def test_layer_is_what_pytorch_makes(entry: str, data: st.DataObject) -> None:
    drawn = data.draw(draw_calls(entry))
    assert prove_call(drawn).text == ""
