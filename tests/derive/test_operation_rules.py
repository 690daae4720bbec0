"""Every operation's rule against PyTorch: the sample calls, and calls that Hypothesis draws, legal or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.derive.draws import draw_calls, list_entries, spell
from tests.derive.long_run import prove_call

#: Drawn calls of each entry in the test command; ``python -m tests.derive`` goes on until it has enough.
DRAWS = 3

#: Entries whose kernels may end the process on some arguments. The long run draws their calls in processes apart.
ENDING = frozenset({"ctc_loss", "layer CTCLoss", "layer GRUCell", "scaled_dot_product_attention"})

#: Every sample call as an expression, with its operation's name.
CALLS = list(
    dict.fromkeys(
        (sample.name, spell(sample).text)
        for samples in list_entries().values()
        for sample in samples
        if sample.kind not in ("layer", "operator")
    )
)

OPERATIONS = [entry for entry in list_entries() if not entry.startswith("layer ")]


@pytest.mark.parametrize("entry", OPERATIONS)
def test_samples_are_legal(entry: str) -> None:
    verdicts = [prove_call(spell(sample)) for sample in list_entries()[entry]]
    assert verdicts
    assert [verdict for verdict in verdicts if verdict.kind != "legal"] == []


@pytest.mark.parametrize("entry", [entry for entry in OPERATIONS if entry not in ENDING])
@settings(max_examples=DRAWS)
@given(data=st.data())
def test_rule_gives_what_pytorch_gives(entry: str, data: st.DataObject) -> None:
    drawn = data.draw(draw_calls(entry))
    assert prove_call(drawn).text == ""
