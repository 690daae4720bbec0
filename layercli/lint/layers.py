"""Layers that no call reaches."""

from __future__ import annotations

from collections.abc import Collection

from layercli.errors import Position, Problem
from layercli.plan.records import LayerPlan, Plan, locate_member, map_plans
from layercli.spec.mentions import find_names, find_owners, list_code
from layercli.spec.model import Block
from layercli.trace import Trace

_PARAMETERS = ("ParameterList", "ParameterDict")


def find_unused_layers(plan: Plan, trace: Trace, also: Collection[str] = ()) -> list[Problem]:
    """A warning for each layer of the spec that no call reaches: the outermost, once however often it is made.

    ``also`` are paths that are called in another mode. A layer whose parameters a forward reads is none.
    """
    if not trace.never_called:
        return []
    plans = map_plans(plan.root)
    reached = {""}
    for path in (*(row.path for row in trace.rows), *also):
        parts = path.split(".")
        reached.update(".".join(parts[:count]) for count in range(1, len(parts) + 1))
    code = [part for block in list_blocks(plan.root) for part in list_code(block)]
    read, named = find_owners(code), find_names(code)
    warnings: dict[Position, Problem] = {}
    for uncalled in trace.never_called:
        if uncalled.used_by:
            continue
        parts = uncalled.path.split(".")
        paths = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
        path = next((outer for outer in paths if outer not in reached), "")
        name = path.rpartition(".")[2]
        # Lists of parameters are read and never called.
        # What is inside of a layer that is called is its own.
        if not path or path not in plans or name in read or (uncalled.type in _PARAMETERS and name in named):
            continue
        position = locate_member(plans, path)
        warnings.setdefault(
            position,
            Problem(
                "unused-layer",
                f"the layer {path} is never called",
                position,
                severity="warning",
                hint="call it in forward, or remove it",
            ),
        )
    return list(warnings.values())


def list_plans(root: LayerPlan) -> list[LayerPlan]:
    """Every planned layer once, however often it is made, those that composite layers are given among them."""
    found: dict[int, LayerPlan] = {}
    pending = [root]
    while pending:
        plan = pending.pop()
        if id(plan) in found:
            continue
        found[id(plan)] = plan
        members = [child for _, child in reversed(plan.children)]
        pending += [child for child in (*members, *plan.arguments.values()) if isinstance(child, LayerPlan)]
    return list(found.values())


def list_blocks(root: LayerPlan) -> list[Block]:
    """Every block that a plan makes, the model itself first."""
    blocks = {id(plan.block): plan.block for plan in list_plans(root) if plan.block is not None}
    return list(blocks.values())
