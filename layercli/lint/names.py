"""Params and blocks that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from layercli.errors import Problem
from layercli.lint.mentions import find_names, list_code
from layercli.spec.model import Block, Spec


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


def find_unused_blocks(spec: Spec) -> Iterator[Problem]:
    """A warning for each block and import of the file that neither the model nor another block uses."""
    used = {id(block) for block in _list_used(spec)}
    unused = {name: block for name, block in spec.main.definitions.items() if id(block) not in used}
    # What only an unused block uses goes with that one.
    mentioned = {
        name: find_names(list_code(block)) for name, block in unused.items() if name not in spec.imports
    }
    for name, block in unused.items():
        if any(name in names for other, names in mentioned.items() if other != name):
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
