"""Sample calls made so large that no memory holds their tensors: the rules give what PyTorch's meta device gives."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from tests.derive.draws import Drawn, list_entries, read_drawn, spell
from tests.derive.large import ELEMENTS, compare_large, draw_large, enlarge, list_sizes

#: Entries that ``python -m tests.derive`` makes large; here every tenth is.
ENTRIES = list(list_entries())[::10]


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_large_call_gives_what_the_meta_device_gives(entry: str) -> None:
    for place, sample in enumerate(list_entries()[entry][:2]):
        drawn = spell(sample)
        pair = draw_large(drawn, Random(place))
        if pair is not None:
            assert compare_large(drawn, *pair).text == ""


@pytest.mark.parametrize(
    "text", ["torch.outer(rand(3), rand(4))", "(rand(3, 4)).softmax(1)", "F.pad(rand(3), (1, 2))"]
)
def test_sizes_beyond_any_memory_are_compared(text: str) -> None:
    drawn = Drawn(text.partition("(")[0].rpartition(".")[2], text)
    verdict = compare_large(drawn, enlarge(drawn, 3, 2), enlarge(drawn, 3, ELEMENTS))
    assert verdict.kind == "legal"


def test_a_small_call_proves_nothing() -> None:
    drawn = Drawn("relu", "torch.relu(rand(3))")
    assert compare_large(drawn, enlarge(drawn, 3, 2), enlarge(drawn, 3, 4)).kind == "untold"


def test_one_size_grows_wherever_it_stands() -> None:
    drawn = Drawn("Linear", "rand(3, 3, 2)", "Linear(2, 3, bias=True)")
    assert list_sizes(drawn) == [(2, 1), (3, 2)]
    assert str(enlarge(drawn, 3, 5)) == "Linear(2, 15, bias=True) on (rand(15, 15, 2))"


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_text_of_a_call_is_read_back(entry: str) -> None:
    for sample in list_entries()[entry]:
        for train in (False, bool(sample.constructor)):
            drawn = replace(spell(sample), train=train)
            assert read_drawn(str(drawn), sample.name) == drawn
