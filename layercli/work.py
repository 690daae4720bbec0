"""Telling how far long work has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

#: Is told the number of a step, from 1, how many there are, and what it is about.
Tell: TypeAlias = Callable[[int, int, str], None]


def tell_nothing(done: int, count: int, name: str) -> None:
    """For whoever doesn't want to know."""
