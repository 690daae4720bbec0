"""Tables of positions that are longer than what they are added to: ``x + positions[:, :x.shape[1]]``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from layercli.diagnose.broadcasting import SUMS, find_clashes
from layercli.diagnose.candidates import Candidate, find_operands, wrap
from layercli.diagnose.origins import find_origin
from layercli.diagnose.roles import POSITIONS, tell_role
from layercli.diagnose.scene import Scene, list_tensors
from layercli.plan.records import BufferPlan, ParameterPlan

#: The first positions of a table are likelier than another table where the input says how many there are, else less.
_LIKELY = 3
_UNLIKELY = 8


def list_table_candidates(scene: Scene) -> Iterator[Candidate]:
    """The first rows of a parameter that is added to a shorter sequence."""
    row = scene.failed
    site = None if row is None or row.type not in SUMS else scene.find_call(row)
    if row is None or site is None:
        return
    tensors = list_tensors(row)
    nodes = find_operands(site)
    if isinstance(site.node, ast.AugAssign):
        nodes = [site.node.target, site.node.value]
    if len(tensors) != 2 or len(nodes) != 2 or len(row.sources) != 2:
        return
    members = dict(scene.plans[scene.find_owner(row.path)].children)
    for index, (node, tensor) in enumerate(zip(nodes, tensors, strict=True)):
        other, beside = tensors[1 - index], nodes[1 - index]
        if not isinstance(members.get(row.sources[index]), (ParameterPlan, BufferPlan)):
            continue
        clashes = list(find_clashes(tensor.shape, other.shape))
        if len(clashes) != 1 or clashes[0] == -1 or tensor.shape[clashes[0]] < other.shape[clashes[0]]:
            continue
        dim = clashes[0]
        origin = find_origin(scene, row, other, dim)
        given = origin is not None and origin.row is None and tell_role(origin) in (POSITIONS, "")
        size = str(other.shape[dim])
        if given and isinstance(beside, ast.Name):
            size = f"{beside.id}.shape[{len(other.shape) + dim}]"
        after = f"[{':, ' * (len(tensor.shape) + dim)}:{size}]"
        yield from wrap(scene, site, node, after, "table", _LIKELY if given else _UNLIKELY)
