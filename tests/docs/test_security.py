"""What docs/security.md says of the limits is what they are."""

from __future__ import annotations

from layercli.codes import list_codes
from layercli.spec.limits import LIMIT_NAMES
from tests.docs.security import PAGE, WORDS, write_page


def test_the_table_is_that_of_the_limits() -> None:
    text = PAGE.read_text("utf-8")
    assert write_page(text) == text, "python -m tests.docs.security"
    assert text.count("| `") == len(LIMIT_NAMES)


def test_the_codes_are_there() -> None:
    assert {code for _, code in WORDS.values()} <= set(list_codes())
