"""The blocks of a spec and of the files that it imports, under names of one file."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterator, Mapping
from itertools import chain, count

from layercli.errors import Position, Problem, SpecError
from layercli.record import record
from layercli.spec.keys import PREFIXES
from layercli.spec.mentions import find_names, list_code
from layercli.spec.model import Block, Spec


@record
class Inlined:
    """A block, and what the blocks that its expressions name are called now, where that is another name."""

    block: Block
    renamed: Mapping[str, str]


def inline_blocks(spec: Spec) -> tuple[Inlined, dict[str, Inlined]]:
    """The model, and by name every block that it has or that these use, as they would stand in one file.

    Each keeps the name of its class, unless another block has it or it means something else where it would be seen.
    Raises SpecError where a name that has to change means something else in the same block, too.
    """
    blocks = _list_blocks(spec)
    names = _name_blocks(spec, blocks)
    placed = {
        names[block.position]: Inlined(block, _rename(block, _mention(block), names)) for block in blocks
    }
    return Inlined(spec.main, _rename(spec.main, _mention(spec.main), names)), placed


def _mention(block: Block) -> set[str]:
    """The names that mean something in a block."""
    return find_names(list_code(block)) | block.layer_set | {param.name for param in block.params}


def _list_blocks(spec: Spec) -> list[Block]:
    """All blocks of the file and its imports, and of other files those that these use, each once."""
    found: dict[Position, Block] = {}
    pending = [*spec.main.definitions.values()]
    while pending:
        block = pending.pop(0)
        if block.position not in found:
            found[block.position] = block
            mentioned = find_names(list_code(block))
            pending += [other for name, other in block.definitions.items() if name in mentioned]
    # A file that is imported twice is read twice, and its blocks stand in the same places.
    return [*found.values()]


def _name_blocks(spec: Spec, blocks: list[Block]) -> dict[Position, str]:
    """What each block is called, by its place."""
    main = spec.main
    users = [(block, _mention(block)) for block in (main, *blocks)]
    names: dict[Position, str] = {}
    # Those of the file itself come first, so that they keep their names.
    for block in sorted(blocks, key=lambda block: block.definitions is not main.definitions):
        for name in _propose_names(block, [main, *blocks]):
            legal = not (keyword.iskeyword(name) or name.startswith("__") or name in PREFIXES)
            if legal and name not in names.values() and _is_free(name, users):
                names[block.position] = name
                break
    return {block.position: names[block.position] for block in blocks}


def _propose_names(block: Block, users: list[Block]) -> Iterator[str]:
    keys = [
        key
        for user in users
        for key, other in user.definitions.items()
        if other.position == block.position and key != block.name
    ]
    return chain((block.name, *keys), (f"{(keys or [block.name])[0]}_{number}" for number in count(2)))


def _is_free(name: str, users: list[tuple[Block, set[str]]]) -> bool:
    """Whether every block that says ``name`` means a block by it, and so can say its new name instead."""
    return all(name in user.definitions for user, mentioned in users if name in mentioned)


def _rename(block: Block, mentioned: set[str], names: Mapping[Position, str]) -> dict[str, str]:
    renamed = {
        key: names[other.position]
        for key, other in block.definitions.items()
        if key in mentioned and names.get(other.position, key) != key
    }
    bound = {param.name: param.position for param in block.params}
    for code in list_code(block) if renamed else ():
        for node in ast.walk(code.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound.setdefault(node.id, code.position(node))
    for key, new in renamed.items():
        if key in bound:
            message = (
                f"{key} is a block here, which would have to be called {new} in one file, and another value"
            )
            raise SpecError(Problem("doubled-name", message, bound[key], hint="rename one of them"))
    return renamed
