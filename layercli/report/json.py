"""A trace or a listing as JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from layercli.trace.records import Trace

if TYPE_CHECKING:
    from layercli.report.parameters import ParameterListing

_SIZES = re.compile(r"\[\n\s*(?:-?\d+|null)(?:,\n\s*(?:-?\d+|null))*\n\s*\]")
_FORMULAS = re.compile(r'(?<="symbolic": )\[\n\s*(?:-?\d+|"[^"\n]*")(?:,\n\s*(?:-?\d+|"[^"\n]*"))*\n\s*\]')
_ITEM = re.compile(r'-?\d+|null|"[^"]*"')


def format_trace(trace: Trace) -> str:
    """``Trace.to_dict`` as text, every row in it, with a newline at the end."""
    return format_data(trace.to_dict())


def format_runs(traces: Sequence[Trace]) -> str:
    """One run as its object, several as a list of objects."""
    return format_trace(traces[0]) if len(traces) == 1 else format_data([trace.to_dict() for trace in traces])


def format_parameters(listing: ParameterListing) -> str:
    """``ParameterListing.to_dict`` as text, with a newline at the end."""
    return format_data(listing.to_dict())


def format_data(data: object) -> str:
    """JSON with lists of sizes on one line each."""
    try:
        text = json.dumps(data, indent=1, allow_nan=False)
    except ValueError:
        text = json.dumps(_name_non_finite(data), indent=1)
    # Sizes are read as one thing. A line break is JSON's own: in a text it would be escaped.
    for lists in (_SIZES, _FORMULAS):
        text = lists.sub(lambda sizes: f"[{', '.join(_ITEM.findall(sizes[0]))}]", text)
    return text + "\n"


def _name_non_finite(data: object) -> object:
    """The data with numbers that JSON has no signs for as text: ``nan``, ``inf``, ``-inf``."""
    if isinstance(data, dict):
        return {name: _name_non_finite(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_name_non_finite(value) for value in data]
    return str(data) if isinstance(data, float) and not math.isfinite(data) else data
