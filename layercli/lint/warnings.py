"""All warnings of one spec."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from layercli.derive.session import Watched, watch_plan
from layercli.errors import Problem, SpecError
from layercli.lint.calls import Flow, find_warnings_of_calls
from layercli.lint.ignores import apply_ignores
from layercli.lint.layers import find_unused_layers, list_blocks, list_plans
from layercli.lint.names import (
    find_listed_names,
    find_misleading_names,
    find_unused_blocks,
    find_unused_params,
)
from layercli.lint.numbers import find_random_numbers
from layercli.lint.values import find_unused_values
from layercli.plan.records import LayerPlan, Plan
from layercli.spec.mentions import list_code
from layercli.trace import Trace


def watch(plan: Plan) -> tuple[Watched, Flow]:
    """Derive a plan with all that its warnings need. Raises SpecError where a layer can't be made."""
    flow = Flow()
    return watch_plan(plan, flow.watch, share=True), flow


def find_warnings(plan: Plan, watched: Watched, flow: Flow) -> Iterator[Problem]:
    """The warnings of a plan whose derivation was watched; of one that failed those that don't depend on the rest."""
    spec = plan.spec
    yield from find_unused_params(spec)
    yield from find_unused_blocks(spec)
    yield from find_listed_names(plan.root)
    yield from find_misleading_names(plan.root)
    changing = _find_changing(plan)
    for block in list_blocks(plan.root):
        yield from find_unused_values(block, changing(block.name))
    if watched.failure is None:
        also = _list_called_otherwise(plan) if watched.trace.never_called else ()
        yield from find_unused_layers(plan, watched.trace, also)
        yield from find_warnings_of_calls(plan.root, flow)
        yield from find_random_numbers(plan, watched, flow)


def _find_changing(plan: Plan) -> Callable[[str], Callable[[str], bool]]:
    """For a block's name, whether a layer of it may change what it is given, by the layer's name."""
    found: set[tuple[str, str]] = set()
    for owner in list_plans(plan.root):
        for name, member in owner.children:
            if isinstance(member, LayerPlan) and any(map(_changes_input, list_plans(member))):
                found.add((owner.type_name, name))
    return lambda block: lambda layer: (block, layer) in found


def _changes_input(plan: LayerPlan) -> bool:
    """Whether a layer works in place, or a block's forward may."""
    if plan.arguments.get("inplace"):
        return True
    forward = None if plan.block is None else plan.block.forward
    nodes = [node for body in (forward.bodies if forward else ()) for node in ast.walk(body.tree)]
    return any(
        isinstance(node, ast.AugAssign)
        or (isinstance(node, ast.Attribute) and node.attr.endswith("_"))
        or (isinstance(node, ast.Name) and node.id.endswith("_"))
        or (isinstance(node, ast.keyword) and node.arg in (None, "inplace", "out"))
        for node in nodes
    )


def _list_called_otherwise(plan: Plan) -> Collection[str]:
    """The paths that are called in the other mode, where a forward asks for the mode."""
    asked = any(
        isinstance(node, ast.Attribute) and node.attr == "training"
        for block in list_blocks(plan.root)
        for code in list_code(block)
        for node in ast.walk(code.tree)
    )
    if not asked:
        return ()
    other = replace(plan, mode="eval" if plan.mode == "train" else "train")
    try:
        watched = watch_plan(other, lambda call: None, share=True)
    except SpecError:
        return ()
    return [row.path for row in watched.trace.rows]


def warn_of_unused_layers(plan: Plan, trace: Trace) -> Sequence[Problem]:
    """The warnings of layers that no call reaches, for a trace by either engine; those that comments turn off left out."""
    also = _list_called_otherwise(plan) if trace.never_called else ()
    return [*apply_ignores(find_unused_layers(plan, trace, also), ())]
