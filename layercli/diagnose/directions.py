"""Recurrent layers in both directions, whose output has twice as many features as their state."""

from __future__ import annotations

from collections.abc import Iterator

from layercli.diagnose.candidates import Candidate, propose, set_argument
from layercli.diagnose.fits import TWICE
from layercli.diagnose.scene import Scene
from layercli.diagnose.tuning import list_before
from layercli.trace import Row
from layercli.trace.records import iterate_tensor_types

_RANK = 9


def list_direction_candidates(scene: Scene) -> Iterator[Candidate]:
    """One direction, where what a layer gave in both met half as many features."""
    row = scene.failed
    tensors = [] if row is None else [item for value in row.inputs for item in iterate_tensor_types(value)]
    widths = {tensor.shape[-1] for tensor in tensors if tensor.shape}
    if row is None or row.kind != "operation" or not any(2 * width in widths for width in widths):
        return
    for item, _ in list_before(scene, row):
        plan = scene.plans.get(item.path) if isinstance(item, Row) else None
        if isinstance(item, Row) and plan is not None and plan.arguments.get(TWICE) is True:
            for way in set_argument(scene, item.path, TWICE, False):
                yield from propose(scene, "directions", _RANK, way.changes)
