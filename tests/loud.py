"""Faults that users are spared and tests are not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def loud_diagnosis() -> Iterator[None]:
    """What a search for mends stumbles over is raised inside, where else the problem would be told without any."""
    with (
        patch("layercli.diagnose.session.is_debugging", return_value=True),
        patch("layercli.diagnose.trial.is_debugging", return_value=True),
    ):
        yield
