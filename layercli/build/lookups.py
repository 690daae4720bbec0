"""Numbers of a run that are past the end of what they are looked up in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from layercli.catalogue.lookups import find_lookup
from layercli.errors import Position, Problem


def explain_number(
    name: str,
    shown: str,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    settings: Mapping[str, Any],
    place: Position | None,
    notes: tuple[str, ...],
) -> Problem | None:
    """Why a function or layer that looks numbers up was refused; None where all of them are there.

    ``shown`` is what messages call it, ``settings`` are what a layer was made with.
    """
    lookup = find_lookup(name, arguments, keywords, settings)
    numbers = None if lookup is None else lookup.numbers
    if (
        lookup is None
        or not isinstance(numbers, torch.Tensor)
        or numbers.is_meta
        or numbers.dtype.is_floating_point
        or numbers.dtype.is_complex
    ):
        return None
    if lookup.ignored is not None:
        numbers = numbers[numbers != lookup.ignored]
    if numbers.numel() == 0:
        return None
    least, greatest = int(numbers.min()), int(numbers.max())
    if least >= 0 and greatest < lookup.count:
        return None
    number = greatest if greatest >= lookup.count else least
    return Problem(
        "index-range", f"{shown} {lookup.refuse(number)}", place, notes=notes, hint=lookup.mend(number)
    )
