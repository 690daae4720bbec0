"""Calls of single layers and operations by the rules, for formulas without a model."""

from __future__ import annotations

import ast

from layercli.catalogue.entries import Namespace
from layercli.derive.engine import Call
from layercli.derive.session import watch_plan
from layercli.plan.planner import plan_model
from layercli.spec.reader import read_text


def call_layer(constructor: str, inputs: str, *, train: bool = False) -> Call:
    """The call of a layer, both as expressions of the spec language. Raises SpecError where PyTorch refuses it."""
    calls = _derive(f"{{layer: {_quote(constructor)}}}", f"layer({inputs})", train)
    return next(call for call in calls if call.draft.path == "layer")


def call_operation(namespace: Namespace, name: str, arguments: str) -> Call:
    """The call of an operation, its arguments as expressions, a method's tensor first. Raises SpecError."""
    return [*_derive("{}", write_call(namespace, name, arguments), False)][-2]


def write_call(namespace: Namespace, name: str, arguments: str) -> str:
    """The expression that calls an operation in a namespace."""
    if namespace != "Tensor":
        return f"{namespace}.{name}({arguments})"
    call = ast.parse(f"f({arguments})", mode="eval").body
    assert isinstance(call, ast.Call)
    first = ast.unparse(call.args.pop(0))
    return f"({first}).{name}{ast.unparse(call)[1:]}"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _derive(layers: str, expression: str, train: bool) -> list[Call]:
    lines = [
        "name: Example",
        f"mode: {'train' if train else 'eval'}",
        "inputs: {unused: [1]}",
        f"layers: {layers}",
        f"forward: [{_quote(expression)}]",
    ]
    calls: list[Call] = []
    watched = watch_plan(plan_model(read_text("\n".join(lines), "example")), calls.append)
    if watched.failure is not None:
        raise watched.failure
    return calls
