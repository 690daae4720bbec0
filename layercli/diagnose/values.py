"""How the text of a spec can be changed so that an expression has another value."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from layercli.diagnose.editing import Change, replace_node
from layercli.diagnose.scene import Scene
from layercli.record import record
from layercli.spec.expressions import Code, Expression
from layercli.spec.model import ListValue, Value
from layercli.spec.values import Site

#: Blocks inside blocks through which a param is followed.
MAX_LEVELS = 8


@record
class Way:
    """Changes that give an expression another value, and how much they ask of the reader: 0 is a number for a number."""

    changes: tuple[Change, ...]
    cost: int


def list_ways(
    scene: Scene, owner: str, site: Site, value: Any, factors: Sequence[int] = (), level: int = 0
) -> Iterator[Way]:
    """Ways to make the expression at ``site`` have ``value``, in the block at ``owner``.

    ``factors`` are what the value is a product of, where that is known.
    """
    node = site.node.value if isinstance(site.node, ast.keyword) else site.node
    if not isinstance(node, ast.expr):
        return
    if isinstance(value, (tuple, list)):
        yield from _replace_items(scene, owner, site.code, node, value, level)
        return
    seen: set[tuple[Change, ...]] = set()
    for way in _solve(scene, owner, site.code, node, value, factors, level):
        if way.changes not in seen:
            seen.add(way.changes)
            yield way


def read_number(node: ast.AST, names: Mapping[str, Any]) -> int | None:
    """The whole number that an expression of constants and params is; None where it isn't one."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, int) and not isinstance(node.value, bool) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = read_number(node.operand, names)
        return None if inner is None else -inner
    name = _read_name(node)
    if name is not None:
        found = names.get(name)
        return found if isinstance(found, int) and not isinstance(found, bool) else None
    if not isinstance(node, ast.BinOp):
        return None
    left, right = read_number(node.left, names), read_number(node.right, names)
    if left is None or right is None:
        return None
    if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
        if right == 0:
            return None
        return left // right if isinstance(node.op, ast.FloorDiv) else left % right
    apply = {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}
    return apply.get(type(node.op))


def _read_name(node: ast.AST) -> str | None:
    """The param that a node may name: ``width`` or ``self.width``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return node.attr
    return None


def _replace_items(
    scene: Scene, owner: str, code: Code, node: ast.expr, values: Sequence[Any], level: int
) -> Iterator[Way]:
    """A tuple or list, item by item where it has as many, else as a whole."""
    names = scene.plans[owner].arguments
    if isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) == len(values):
        ways: list[Way] = []
        for item, value in zip(node.elts, values, strict=True):
            if read_number(item, names) == value:
                continue
            way = next(list_ways(scene, owner, Site(code, item), value, (), level), None)
            if way is None:
                break
            ways.append(way)
        else:
            yield Way(tuple(change for way in ways for change in way.changes), max(way.cost for way in ways))
            return
    brackets = "[]" if isinstance(node, ast.List) else "()"
    inner = ", ".join(map(str, values)) + ("," if len(values) == 1 and brackets == "()" else "")
    yield Way((replace_node(code, node, brackets[0] + inner + brackets[1]),), 1)


def _solve(
    scene: Scene, owner: str, code: Code, node: ast.expr, value: int, factors: Sequence[int], level: int
) -> Iterator[Way]:
    names = scene.plans[owner].arguments
    whole = replace_node(code, node, str(value))
    is_number = isinstance(node, ast.Constant) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
    )
    if is_number:
        yield Way((whole,), 0)
        return
    name = _read_name(node)
    if name is not None and name in names and level < MAX_LEVELS:
        yield from _set_param(scene, owner, name, value, level + 1)
        yield Way((whole,), 3)
        return
    if isinstance(node, ast.BinOp):
        products = list_factors(node)
        if len(factors) == len(products) > 1:
            changes = tuple(
                replace_node(code, part, str(factor))
                for part, factor in zip(products, factors, strict=True)
                if read_number(part, names) != factor
            )
            constant = all(
                isinstance(part, ast.Constant)
                for part, factor in zip(products, factors, strict=True)
                if read_number(part, names) != factor
            )
            if changes and constant:
                yield Way(changes, 0)
        left, right = read_number(node.left, names), read_number(node.right, names)
        both = isinstance(node.op, (ast.Mult, ast.Add))
        for part in (node.left, node.right) if both else (node.left,):
            # x * 1 and x + 0 are x.
            if read_number(part, names) == value:
                yield Way((replace_node(code, node, code.segment(part)),), 0)
        for part, wanted in _invert(node, left, right, value):
            for way in _solve(scene, owner, code, part, wanted, (), level):
                yield Way(way.changes, way.cost + 1)
    yield Way((whole,), 2)


def list_factors(node: ast.AST) -> list[ast.AST]:
    """The factors of a product, from left to right."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*list_factors(node.left), *list_factors(node.right)]
    return [node]


def _invert(
    node: ast.BinOp, left: int | None, right: int | None, value: int
) -> Iterator[tuple[ast.expr, int]]:
    """Each side of an operator with the value that it needs for the whole to be ``value``."""
    if isinstance(node.op, ast.Mult):
        for part, other in ((node.left, right), (node.right, left)):
            if other and value % other == 0:
                yield part, value // other
    elif isinstance(node.op, ast.Add):
        for part, other in ((node.left, right), (node.right, left)):
            if other is not None:
                yield part, value - other
    elif isinstance(node.op, ast.Sub):
        if right is not None:
            yield node.left, value + right
        if left is not None:
            yield node.right, left - value
    elif isinstance(node.op, ast.FloorDiv):
        if right is not None:
            yield node.left, value * right
        if left and value and left % value == 0:
            yield node.right, left // value


def _set_param(scene: Scene, owner: str, name: str, value: int, level: int) -> Iterator[Way]:
    """Another value for a param: where the block is made, else its default."""
    if not owner and name in scene.plan.given_params:
        return
    plan = scene.plans[owner]
    site = plan.argument_sites.get(name)
    if site is not None and owner:
        for way in list_ways(scene, scene.find_owner(owner), site, value, (), level):
            yield Way(way.changes, way.cost + 1)
        return
    param = next((param for param in scene.block_at(owner).params if param.name == name), None)
    found: Value | None = None if param is None else param.value
    if isinstance(found, ListValue) or not isinstance(found, Expression):
        return
    for way in list_ways(scene, owner, Site(found, found.tree), value, (), level):
        yield Way(way.changes, way.cost + 1)
