"""What a lock doesn't have of a spec: where its params and inputs stand, and which params others are computed from."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from layercli.errors import Position
from layercli.record import record

if TYPE_CHECKING:
    from layercli.spec.model import Input, Named, Spec, Value


@record
class Heads:
    """Positions of params and inputs by name. ``computed`` has for each param those that its value is computed from."""

    params: Mapping[str, Position] = field(default_factory=dict)
    inputs: Mapping[str, Position] = field(default_factory=dict)
    computed: Mapping[str, frozenset[str]] = field(default_factory=dict)


def read_heads(spec: Spec) -> Heads:
    """The heads of a spec."""
    computed: dict[str, frozenset[str]] = {}
    for param in spec.main.params:
        # A param sees only those before it.
        used = {name for name in _list_names(param.value) if name in computed}
        computed[param.name] = frozenset(used.union(*(computed[name] for name in used)))
    params = {param.name: _locate(param) for param in spec.main.params}
    return Heads(params, {item.name: _locate(item) for item in spec.main.inputs}, computed)


def _locate(item: Named | Input) -> Position:
    """Where the value of a param or an input stands, or else its name."""
    from layercli.spec.expressions import Expression
    from layercli.spec.model import Unread

    if item.value is None or isinstance(item.value, Unread):
        return item.position
    return item.value.position() if isinstance(item.value, Expression) else item.value.position


def _list_names(value: Value | None) -> Iterator[str]:
    """The names in a value, also those with ``self.`` before them."""
    from layercli.spec.expressions import Expression
    from layercli.spec.model import ListValue

    if isinstance(value, ListValue):
        for item in value.items:
            yield from _list_names(item)
    elif isinstance(value, Expression):
        for node in ast.walk(value.tree):
            if isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.Attribute):
                yield node.attr
