"""Params and blocks that nothing uses, and names of layers that mislead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from layercli.catalogue.layers import LAYERS
from layercli.errors import Position, Problem
from layercli.lint.layers import list_blocks, list_plans
from layercli.plan.records import LayerPlan
from layercli.spec.mentions import find_names, list_code, list_listed
from layercli.spec.model import Block, LayerDefinition, Spec
from layercli.spec.unknown import hint_listed


def find_unused_params(spec: Spec) -> Iterator[Problem]:
    """A warning for each param that no expression mentions, of the model and of the blocks that it uses."""
    for block in (spec.main, *_list_used(spec)):
        if block.unread or not block.params:
            continue
        names = find_names(list_code(block, spec.dims if block.main else ()))
        for param in block.params:
            if param.name not in names:
                owner = "" if block.main else f" of {block.name}"
                yield Problem(
                    "unused-param",
                    f"the param {param.name}{owner} is never used",
                    param.position,
                    severity="warning",
                    hint="use it, or leave it out",
                )


def find_listed_names(root: LayerPlan) -> Iterator[Problem]:
    """A warning for each list whose items are named layers, of which each is a Sequential of its own."""
    for block in list_blocks(root):
        lists: dict[str, list[tuple[str, LayerDefinition]]] = {}
        for path, entry in list_listed(block):
            lists.setdefault(f".{path}".rsplit(".", 2)[0], []).append((path, entry))
        for entries in lists.values():
            # The same can be said of each item of one list.
            path, first = entries[0]
            yield Problem(
                "listed-name",
                f"each item of this list is a Sequential of its own, and the path of {first.name} is {path}",
                first.position,
                severity="warning",
                hint=hint_listed([entry for _, entry in entries]),
            )


def find_misleading_names(root: LayerPlan) -> Iterator[Problem]:
    """A warning for each layer that has the name of a class and is of another, with none of it inside."""
    seen: set[Position] = set()
    for plan in list_plans(root):
        block = plan.block
        places = {} if block is None else {layer.name: layer.position for layer in block.layers}
        known = {*LAYERS, *(block.definitions if block is not None else ())}
        for name, member in plan.children if plan.type_name != "ModuleDict" else ():
            if not isinstance(member, LayerPlan) or name not in known:
                continue
            position = places.get(name, member.position)
            if position in seen or any(inner.type_name == name for inner in list_plans(member)):
                continue
            seen.add(position)
            yield Problem(
                "misleading-name",
                f"the layer {name} has the name of a class, and is {_add_article(member.type_name)}",
                position,
                severity="warning",
                hint=f"give it another name, or write {name}: {name}(...)",
            )


def _add_article(name: str) -> str:
    return f"an {name}" if name[:1] in "AEIOU" else f"a {name}"


def find_unused_blocks(spec: Spec) -> Iterator[Problem]:
    """A warning for each block and import of the file that neither the model nor another block uses."""
    used = {id(block) for block in _list_used(spec)}
    unused = {name: block for name, block in spec.main.definitions.items() if id(block) not in used}
    # What only an unused block uses goes with that one.
    mentioned = {
        name: find_names(list_code(block)) for name, block in unused.items() if name not in spec.imports
    }
    mentions = Counter(other for names in mentioned.values() for other in names if other in unused)
    for name, block in unused.items():
        if mentions[name] > (name in mentioned.get(name, ())):
            continue
        imported = spec.imports.get(name)
        kind = "block" if imported is None else "import"
        yield Problem(
            "unused-block",
            f"the {kind} {name} is never used",
            imported or block.position,
            severity="warning",
            hint="use it in layers, or leave it out",
        )


def _list_used(spec: Spec) -> list[Block]:
    """The blocks that the model mentions, and those that they mention."""
    if not spec.main.definitions:
        return []
    found: dict[int, Block] = {}
    pending: list[tuple[set[str], Mapping[str, Block]]] = [
        (find_names(list_code(spec.main, spec.dims)), spec.main.definitions)
    ]
    while pending:
        names, definitions = pending.pop()
        for name, block in definitions.items():
            if name in names and id(block) not in found:
                found[id(block)] = block
                pending.append((find_names(list_code(block)), block.definitions))
    return list(found.values())
