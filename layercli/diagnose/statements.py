"""Changes for a call in a ``forward`` list that lacks its tensor: the running value, which only bare names get."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence, Set

from layercli.diagnose.candidates import Candidate, propose
from layercli.diagnose.editing import Change
from layercli.diagnose.scene import Scene
from layercli.spec.expressions import Body
from layercli.spec.mentions import find_names

#: What a person means by a function that is written as its layer is made.
_AS_LAYERS = {"flatten": "1"}

#: Names for a value where that of the input is needed later.
_NAMES = ("y", "z", "h", "out", "running", "running_value", "value_so_far")


def list_statement_candidates(scene: Scene) -> Iterator[Candidate]:
    """``relu`` for ``relu()``, and ``x = flatten(x, 1)`` for ``flatten(1)`` with a name for what came before."""
    position = scene.problem.position
    if position is None:
        return
    for plan in scene.plans.values():
        forward = None if plan.block is None else plan.block.forward
        if plan.block is None or forward is None or forward.style != "list" or not plan.block.inputs:
            continue
        for index, body in enumerate(forward.bodies):
            call = _find_call(body)
            if call is None or body.text.source != position.source or body.position(call) != position:
                continue
            given = ", ".join(body.segment(item) for item in (*call.args, *call.keywords))
            function = body.segment(call.func)
            given = given or _AS_LAYERS.get(function.rpartition(".")[2], "")
            if not given:
                yield from propose(scene, "bare", 0, [Change(body, *body.span(call), function)])
                continue
            names = [item.name for item in plan.block.inputs]
            name, changes = _name_values(
                forward.bodies[:index], names, find_names(forward.bodies[index + 1 :])
            )
            text = f"{name} = {function}({name}{', ' if given else ''}{given})"
            # A list in brackets ends a statement at its comma.
            for quote in ("", '"'):
                change = Change(body, *body.span(call), f"{quote}{text}{quote}")
                yield from propose(scene, "named", 1, [*changes, change])


def list_lost_candidates(scene: Scene) -> Iterator[Candidate]:
    """``x = fc1(x)`` for ``fc1`` where a later statement reads ``x``, and what was computed before it is lost."""
    row = scene.failed
    block = None if row is None else scene.block_at(scene.find_owner(row.path))
    if block is None or block.forward is None or block.forward.style != "list" or not block.inputs:
        return
    bodies = block.forward.bodies
    names = [item.name for item in block.inputs]
    for index, body in enumerate(bodies):
        statement = body.statements[0] if len(body.statements) == 1 else None
        node = statement.value if isinstance(statement, ast.Expr) else None
        if node is None or isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
            continue
        name, changes = _name_values(bodies[:index], names, frozenset())
        if changes and name in find_names([body]):
            if name in find_names(bodies[index + 1 :]):
                changes = [*changes, Change(body, *body.span(node), f"{name} = {body.segment(node)}")]
            yield from propose(scene, "named", -12, changes)


def name_call(scene: Scene, body: Body, node: ast.AST) -> tuple[str, str, list[Change]] | None:
    """The running value's name where a statement of a list is a layer's bare name, its text, and the changes that name it."""
    statement = body.statements[0] if len(body.statements) == 1 else None
    if not isinstance(statement, ast.Expr) or statement.value is not node or isinstance(node, ast.Call):
        return None
    for plan in scene.plans.values():
        forward = None if plan.block is None else plan.block.forward
        if plan.block is None or forward is None or forward.style != "list" or body not in forward.bodies:
            continue
        index = forward.bodies.index(body)
        names = [item.name for item in plan.block.inputs]
        name, changes = _name_values(forward.bodies[:index], names, find_names(forward.bodies[index + 1 :]))
        return name, body.segment(node), changes
    return None


def _find_call(body: Body) -> ast.Call | None:
    """The call that is a statement's whole expression."""
    statement = body.statements[0] if len(body.statements) == 1 else None
    value = statement.value if isinstance(statement, ast.Expr) else None
    return value if isinstance(value, ast.Call) else None


def _name_values(bodies: Sequence[Body], inputs: Sequence[str], read: Set[str]) -> tuple[str, list[Change]]:
    """A name that the running value has behind some statements, and the changes that give it to it.

    ``read`` are the names that later statements read: what stands there now has to stay.
    """
    current, changes = inputs[0], list[Change]()
    known = set(inputs)
    for body in bodies:
        for statement in body.statements:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                # Those before have a name already where this one reads them.
                current, changes = statement.targets[0].id, []
                known.add(current)
            elif isinstance(statement, ast.Expr):
                node = statement.value
                text = body.segment(node)
                if isinstance(node, ast.Name) and node.id in known:
                    current, changes = node.id, []
                    continue
                applied = isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))
                target = current
                if target in read:
                    target = next((name for name in _NAMES if name not in known | read), target)
                written = f"{target} = {text}({current})" if applied else f"{target} = {text}"
                changes.append(Change(body, *body.span(node), written))
                current = target
    return current, changes
