"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# The same examples in every run: what is new is looked for with more of them, by hand.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")
