"""The page of the catalogue is what its generator gives, and says that every entry was proved often enough."""

from __future__ import annotations

from tests.derive.draws import list_entries
from tests.derive.long_run import ENOUGH, read_kept
from tests.derive.smaller_spaces import SMALLER_SPACES
from tests.docs.catalogue import PAGE, find_missing, write_page


def test_the_page_is_what_the_generator_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == write_page(), "python -m tests.docs.catalogue writes it"


def test_every_entry_is_proved_or_says_why_not() -> None:
    assert list(find_missing()) == []


def test_no_reason_is_given_without_need() -> None:
    proofs, _ = read_kept()
    enough = {entry for entry, proof in proofs.items() if min(proof.legal, proof.illegal) >= ENOUGH}
    assert SMALLER_SPACES.keys() & enough == set()
    assert SMALLER_SPACES.keys() <= list_entries().keys()
    assert all(reason and not reason.endswith(".") for reason in SMALLER_SPACES.values())
