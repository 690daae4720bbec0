"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.loud import loud_diagnosis

# The same examples in every run: what is new is looked for with more of them, by hand.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(autouse=True, scope="session")
def _loud_diagnosis() -> Iterator[None]:
    with loud_diagnosis():
        yield
