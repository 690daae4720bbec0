"""Recurrent layers in both directions, whose output has twice as many features, and those that got one sample alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from layercli.diagnose.candidates import (
    Candidate,
    find_input_value,
    find_inputs,
    propose,
    redeclare_input,
    set_argument,
    wrap,
    write_sizes,
)
from layercli.diagnose.fits import RECURRENT, TWICE
from layercli.diagnose.origins import resolve_source
from layercli.diagnose.scene import Scene, list_tensors, tensor_at
from layercli.diagnose.tuning import list_before
from layercli.spec.values import Site
from layercli.trace import Row

#: A flag that was set is seldom wrong.
_ONE_DIRECTION = 9

#: Samples of one step each are likelier than one sequence without a batch.
_ONE_STEP = 4


def list_recurrent_candidates(scene: Scene) -> Iterator[Candidate]:
    """Changes of a recurrent layer that gave what an operation refuses."""
    row = scene.failed
    if row is None or row.kind != "operation":
        return
    tensors = list_tensors(row)
    widths = {tensor.shape[-1] for tensor in tensors if tensor.shape}
    twice = any(2 * width in widths for width in widths)
    for item, _ in list_before(scene, row):
        if not isinstance(item, Row) or item.type not in RECURRENT:
            continue
        plan = scene.plans.get(item.path)
        if twice and plan is not None and plan.arguments.get(TWICE) is True:
            for way in set_argument(scene, item.path, TWICE, False):
                yield from propose(scene, "directions", _ONE_DIRECTION, way.changes)
        first = tensor_at(item, 0)
        if row.type == "getitem" and first is not None and len(first.shape) == 2:
            yield from _add_steps(scene, item)


def _find_calls(scene: Scene, row: Row) -> Iterator[Site]:
    """The calls of a layer in the ``forward`` of its block."""
    forward = scene.block_at(scene.find_owner(row.path)).forward
    name = row.path.rpartition(".")[2]
    for body in () if forward is None else forward.bodies:
        for node in ast.walk(body.tree):
            if isinstance(node, ast.Call) and body.segment(node.func).removeprefix("self.") == name:
                yield Site(body, node)


def _add_steps(scene: Scene, row: Row) -> Iterator[Candidate]:
    """A sequence of one step for each sample, where a layer took the samples for the steps of one sequence."""
    plan = scene.plans.get(row.path)
    place = 1 if plan is not None and plan.arguments.get("batch_first") else 0
    for site in _find_calls(scene, row):
        for node in find_inputs(site)[:1]:
            yield from wrap(scene, site, node, f".unsqueeze({place})", "steps", _ONE_STEP)
    source = resolve_source(scene, row, 0)
    value = find_input_value(scene, source) if isinstance(source, str) else None
    sizes = [] if value is None else write_sizes(value)
    if isinstance(source, str) and len(sizes) == 2:
        written = f"[{', '.join([*sizes[:place], '1', *sizes[place:]])}]"
        yield from redeclare_input(scene, source, written, "declared steps", _ONE_STEP + 1)
