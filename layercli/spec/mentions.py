"""The expressions of a block, which names they mention, and the names of layers that stand in lists."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

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
    if block.numbered:
        items = tuple(layer.value for layer in block.layers)
        for path, entry in _list_listed("", NumberedLayers(items, block.position)):
            yield path.removeprefix("."), entry
        return
    for layer in block.layers:
        yield from _list_listed(layer.name, layer.value)


def _list_listed(path: str, value: LayerValue) -> Iterator[tuple[str, LayerDefinition]]:
    if isinstance(value, NamedLayers):
        for entry in value.entries:
            yield from _list_listed(f"{path}.{entry.name}", entry.value)
    elif isinstance(value, NumberedLayers):
        alone = [
            item.entries[0]
            for item in value.items
            if isinstance(item, NamedLayers) and len(item.entries) == 1
        ]
        if len(alone) == len(value.items):
            yield from ((f"{path}.{place}.{entry.name}", entry) for place, entry in enumerate(alone))
        for place, item in enumerate(value.items):
            yield from _list_listed(f"{path}.{place}", item)


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
