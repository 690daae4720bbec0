"""A ``forward`` for layers that run in order, where one of them has to be called in another way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from layercli.diagnose.candidates import Candidate, find_input_value, write_sizes, write_tuple
from layercli.diagnose.fits import find_misfits
from layercli.diagnose.kinds import CLASS_LOSSES
from layercli.diagnose.scene import Scene
from layercli.errors import Edit, Position, Source
from layercli.plan.records import LayerPlan
from layercli.spec.model import Block, LayerDefinition
from layercli.trace import Row, TensorType

#: Longer statements are told by the one that differs.
MAX_SHOWN = 100

#: Inputs that a layer needs besides its first, given the same value.
SAME = {"MultiheadAttention": 2, "Transformer": 1, "TransformerDecoder": 1, "TransformerDecoderLayer": 1}

#: Layers with two inputs that differ.
_PAIRS = ("Bilinear", "CosineSimilarity", "PairwiseDistance", *SAME)

#: The rank of a statement that stands for what a person may have meant.
_RANK = 3


def list_ordered_candidates(scene: Scene) -> Iterator[Candidate]:
    """A ``forward`` with the call that the layer which failed needs; none where there is a ``forward`` already."""
    row = next((item for item in reversed(scene.open_rows) if item.kind == "layer" and item.path), None)
    plan = None if row is None else scene.plans.get(row.path)
    if row is None or plan is None:
        return
    owner, _, name = row.path.rpartition(".")
    if scene.find_owner(row.path) != owner:
        return
    block = scene.block_at(owner)
    own = next((item for item in block.layers if item.name == name), None)
    if block.forward is not None or block.numbered or own is None or not block.inputs:
        return
    for rank, (calls, added) in enumerate(_list_calls(scene, block, row, plan, own)):
        # Exchanged dimensions are likelier than another width.
        base = -1 if scene.problem.code == "shape-mismatch" else _RANK
        yield from _write_forward(scene, block, calls, added, own, base + rank)


def _list_calls(
    scene: Scene, block: Block, row: Row, plan: LayerPlan, own: LayerDefinition
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Statements by the layer that they call, and inputs that are added for them."""
    code = scene.problem.code
    names = [item.name for item in block.inputs]
    first = row.inputs[0] if row.inputs else None
    if code == "wrong-kind" and isinstance(first, tuple):
        place = [item.name for item in block.layers].index(own.name)
        if place > 0 and first:
            before = block.layers[place - 1].name
            yield {before: f"x, {', '.join('_' * (len(first) - 1))} = {before}(x)"}, {}
        return
    if code in ("invalid-argument", "missing-argument"):
        is_loss = row.type.endswith("Loss")
        if len(names) > 1 and (is_loss or row.type in _PAIRS):
            given = names[:2]
            text = f"x = {own.name}({'x' if is_loss else given[0]}, {given[1]})"
            yield {own.name: text}, {}
        if row.type in SAME:
            result = "x, _" if row.type == "MultiheadAttention" else "x"
            yield {own.name: f"{result} = {own.name}({', '.join('x' * (SAME[row.type] + 1))})"}, {}
        elif is_loss and len(names) == 1 and isinstance(first, TensorType) and block.main:
            yield {own.name: f"x = {own.name}(x, target)"}, {"target": _make_target(row, first)}
        return
    if code == "shape-mismatch" and isinstance(first, TensorType) and len(first.shape) == 3:
        misfit = next(find_misfits(row, plan), None)
        if misfit is not None and misfit.needed in first.shape[1:]:
            yield {own.name: f"x = {own.name}(x.transpose(1, 2))"}, {}


def _make_target(row: Row, given: TensorType) -> str:
    """A target for a loss, as an input says it."""
    if row.type in CLASS_LOSSES and len(given.shape) > 1:
        sizes = (given.shape[0], *given.shape[2:])
        return f"randint(0, {given.shape[1]}, {write_tuple(sizes)})"
    return f"rand({', '.join(map(str, given.shape))})"


def _write_forward(
    scene: Scene,
    block: Block,
    calls: dict[str, str],
    added: dict[str, str],
    own: LayerDefinition,
    rank: int,
) -> Iterator[Candidate]:
    """The edits that write a ``forward`` below the layers, and inputs below the others."""
    source = own.position.source
    first = block.inputs[0].name
    statements: list[str] = []
    for definition in block.layers:
        text = calls.get(definition.name, f"x = {definition.name}(x)")
        if not statements:
            head, equals, tail = text.partition(" = ")
            text = head + equals + re.sub(r"\bx\b", first, tail)
        statements.append(text)
    forward = add_forward(block, statements)
    if forward is None:
        return
    edits = [forward]
    message = f"add forward: [{', '.join(map(repr, statements))}]"
    if len(message) > MAX_SHOWN:
        (changed,) = calls.values()
        message = f"add a forward with - {changed}, and - x = NAME(x) for each other layer"
    for name, text in added.items():
        value = find_input_value(scene, first)
        above = None if value is None else _find_key(source, block.inputs[-1].position.line, "inputs")
        if value is None or above is None or "{" in source.line(above[0]) or not write_sizes(value):
            return
        column = block.inputs[0].position.column - 1
        edits.append(insert_below(source, find_end(source, *above), [f"{' ' * column}{name}: {text}"]))
        message = f"add the input {name}: {text} and {message.removeprefix('add ')}"
    yield Candidate("forward", rank, message, tuple(edits))


def add_forward(block: Block, statements: Sequence[str]) -> Edit | None:
    """A ``forward`` below the layers of a block; None where these don't stand below their key."""
    place = block.layers[0].position
    key = _find_key(place.source, place.line, "layers")
    if key is None:
        return None
    indent = " " * key[1]
    lines = [f"{indent}forward:", *(f"{indent}  - {statement}" for statement in statements)]
    return insert_below(place.source, find_end(place.source, *key), lines)


def _find_key(source: Source, line: int, key: str) -> tuple[int, int] | None:
    """The line of ``key:`` at or above a line, and how far it is indented."""
    for number in range(line, 0, -1):
        found = re.match(rf"( *){key} *:", source.line(number))
        if found is not None:
            return number, len(found[1])
    return None


def find_end(source: Source, line: int, indent: int) -> int:
    """The last line of what stands under the key at a line."""
    last = line
    for number in range(line + 1, len(source.lines) + 1):
        text = source.line(number)
        if not text.strip():
            continue
        if len(text) - len(text.lstrip(" ")) <= indent:
            break
        last = number
    return last


def insert_below(source: Source, line: int, lines: Sequence[str]) -> Edit:
    """Lines below another."""
    text = source.line(line).rstrip("\r")
    return Edit(Position(source, line, len(text) + 1, 0), "\n" + "\n".join(lines))
