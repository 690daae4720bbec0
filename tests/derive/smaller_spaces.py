"""Entries of which there are fewer than a hundred different legal or illegal calls to draw, and why."""

from __future__ import annotations

from collections.abc import Mapping

_ATTRIBUTE = "an attribute takes no arguments, and every tensor has it"
_ALL = "takes any tensor, and a method can't be called on anything else"

SMALLER_SPACES: Mapping[str, str] = {
    "T": _ATTRIBUTE,
}
