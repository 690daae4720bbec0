"""Which names the expressions of a block mention."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from layercli.spec.expressions import Code, Expression
from layercli.spec.model import (
    Block,
    LayerDefinition,
    LayerValue,
    LongForm,
    Named,
    NamedLayers,
    NumberedLayers,
    Sizes,
    Unread,
    list_expressions,
)
from layercli.spec.names import resolve_prefix


def list_code(block: Block, dims: Iterable[Named] = ()) -> Iterator[Code]:
    """Every expression and statement of a block; ``dims`` are the model's, which the block's params may stand in."""
    for named in (*block.params, *dims):
        yield from list_expressions(named.value)
    for item in block.inputs:
        if isinstance(item.value, Sizes):
            yield from item.value.items
        else:
            yield from list_expressions(item.value)
    for layer in block.layers:
        yield from _list_layer(layer.value)
    if block.forward is not None:
        yield from block.forward.bodies


def _list_layer(value: LayerValue) -> Iterator[Code]:
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, LongForm):
        yield value.type
        for argument in value.arguments:
            yield from list_expressions(argument.value)
    elif not isinstance(value, Unread):
        inner = [entry.value for entry in value.entries] if isinstance(value, NamedLayers) else value.items
        for item in inner:
            yield from _list_layer(item)


def list_listed(block: Block) -> Iterator[tuple[str, LayerDefinition]]:
    """The layers that stand in a list under a name, each alone in its item, and their paths: ``- conv: Conv2d(...)``."""
    named = [(layer.name, layer.value) for layer in block.layers]
    pending: list[tuple[str, Sequence[LayerValue]]] = []
    if block.numbered:
        pending, named = [("", [value for _, value in named])], []
    while named or pending:
        if named:
            path, value = named.pop()
            if isinstance(value, NamedLayers):
                named += [(f"{path}.{entry.name}", entry.value) for entry in value.entries]
            elif isinstance(value, NumberedLayers):
                pending.append((f"{path}.", value.items))
            continue
        prefix, items = pending.pop()
        alone = [
            item.entries[0] for item in items if isinstance(item, NamedLayers) and len(item.entries) == 1
        ]
        if len(alone) == len(items):
            yield from ((f"{prefix}{place}.{entry.name}", entry) for place, entry in enumerate(alone))


def find_names(code: Iterable[Code]) -> set[str]:
    """The names that are read, those after ``self.`` among them."""
    found: set[str] = set()
    for part in code:
        for node in ast.walk(part.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found.add(node.id)
            elif isinstance(node, ast.Attribute) and resolve_prefix(node.value) == "self":
                found.add(node.attr)
    return found


def find_owners(code: Iterable[Code]) -> set[str]:
    """The names whose attributes are read, as those of ``fc.weight`` and ``self.encoder.layers[0].weight`` are."""
    found: set[str] = set()
    for part in code:
        for node in ast.walk(part.tree):
            if not isinstance(node, ast.Attribute):
                continue
            inner: ast.expr = node.value
            while isinstance(inner, (ast.Attribute, ast.Subscript)):
                if isinstance(inner, ast.Attribute):
                    found.add(inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name):
                found.add(inner.id)
    return found - {"self"}
