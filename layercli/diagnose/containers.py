"""A tuple between layers that run in order: these by name or number in a ``forward``, which takes the tuple apart."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from layercli.diagnose.candidates import Candidate, propose
from layercli.diagnose.editing import Change, to_edits
from layercli.diagnose.ordering import MAX_SHOWN, add_forward
from layercli.diagnose.scene import Scene, find_statement
from layercli.diagnose.statements import name_call
from layercli.errors import Edit, Position
from layercli.plan.records import LayerPlan
from layercli.spec.expressions import Body, Expression
from layercli.spec.model import Block
from layercli.trace import Row

#: Layers that run in order are called one by one up to so many.
MAX_CALLED = 8

#: What a layer is called by its type, where it isn't that type in small letters.
_NAMES = {"Linear": "fc", "Embedding": "embed", "MultiheadAttention": "attention"}
_PREFIXES = ("Conv", "BatchNorm", "InstanceNorm", "MaxPool", "AvgPool", "Dropout")

#: The only change there is.
_RANK = 0


def list_container_candidates(scene: Scene) -> Iterator[Candidate]:
    """A call for each layer of a list or ``Sequential`` in which one gives the next a tuple."""
    row = next((item for item in reversed(scene.open_rows) if item.kind == "layer"), None)
    given = row.inputs[0] if row is not None and row.inputs else None
    if scene.problem.code != "wrong-kind" or row is None or not isinstance(given, tuple) or not given:
        return
    owner, _, name = row.path.rpartition(".")
    around = scene.plans.get(owner)
    if around is None or not name.isdigit():
        return
    if around.block is not None and around.block.numbered:
        yield from _name_layers(scene, row, around.block, list(around.children), int(name))
    elif around.block is None and around.type_name == "Sequential":
        keys = [key for key, _ in around.children]
        if keys == list(map(str, range(len(keys)))) and len(keys) <= MAX_CALLED:
            yield from _call_each(scene, owner, len(keys), int(name), len(given))
            yield from _add_forward(scene, owner, len(keys), int(name), len(given))


def _tell_steps(
    names: Sequence[str], first: str, name: str, taken: int, count: int, last: str
) -> Iterator[str]:
    """A statement for each layer, of which the one before ``taken`` gives ``count`` values."""
    for index, layer in enumerate(names):
        target = f"{name}{', _' * (count - 1)}" if index == taken - 1 else name
        head = last if last and index == len(names) - 1 else f"{target} = "
        yield f"{head}{layer}({first if index == 0 else name})"


# A list of layers ------------------------------------------------------------------------------------------


def _name_layers(
    scene: Scene, row: Row, block: Block, children: Sequence[tuple[str, object]], taken: int
) -> Iterator[Candidate]:
    """Names in the place of the dashes, and a ``forward`` below."""
    layers = [child for _, child in children if isinstance(child, LayerPlan)]
    values = [definition.value for definition in block.layers]
    if len(layers) != len(values) or block.forward is not None or not block.inputs:
        return
    names = name_layers([layer.type_name for layer in layers], {item.name for item in block.inputs})
    edits: list[Edit] = []
    told: list[str] = []
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, Expression):
            return
        place = value.position()
        line = place.source.line(place.line)
        dash = line.rfind("- ", 0, place.column)
        if dash < 0 or line[:dash].strip() or line[dash + 2 : place.column - 1].strip(" \"'"):
            return
        edits.append(Edit(Position(place.source, place.line, dash + 1, 2), f"{name}: "))
        told.append(f"{name}: {value.shown}")
    given = row.inputs[0]
    if not isinstance(given, tuple):
        return
    steps = list(_tell_steps(names, block.inputs[0].name, "x", taken, len(given), ""))
    forward = add_forward(block, steps)
    if forward is None:
        return
    edits.append(forward)
    message = f"write {', '.join(told)} and add forward: [{', '.join(map(repr, steps))}]"
    if len(message) > 2 * MAX_SHOWN:
        shown = ", ".join(told[taken - 1 : taken + 1])
        message = f"name the layers, as in {shown}, and add a forward with - {steps[taken - 1]}"
    yield Candidate("forward", _RANK, message, tuple(edits))


def name_layers(types: Sequence[str], taken: set[str]) -> list[str]:
    """A name for each layer by its type, with a number where there are several: ``conv1``, ``conv2``, ``fc``."""
    short = [_shorten(kind) for kind in types]
    counts = Counter(short)
    seen: Counter[str] = Counter()
    names = []
    for name in short:
        seen[name] += 1
        numbered = counts[name] > 1 or name in taken
        names.append(f"{name}{seen[name]}" if numbered else name)
    return names


def _shorten(kind: str) -> str:
    if kind in _NAMES:
        return _NAMES[kind]
    # Conv2d is a convolution for short.
    plain = kind[:-2] if kind.endswith(("1d", "2d", "3d")) and kind.startswith(_PREFIXES) else kind
    return plain.lower()


# A Sequential ----------------------------------------------------------------------------------------------


def _call_each(scene: Scene, path: str, count: int, taken: int, values: int) -> Iterator[Candidate]:
    """The layers of a ``Sequential`` by their numbers in the place of its call."""
    position = scene.problem.position
    site = None if position is None else scene.find_node(position, path)
    if site is None or not isinstance(site.code, Body):
        return
    body = site.code
    named = name_call(scene, body, site.node)
    if named is not None:
        name, function, changes = named
        names = [f"{function}[{index}]" for index in range(count)]
        steps = list(_tell_steps(names, name, name, taken, values, ""))
        begin, end = body.span(site.node)
        place = body.position(site.node)
        before = place.source.line(place.line)[: place.column - 1]
        if before.strip() == "-":
            texts = [f"\n{before}".join(steps)]
        else:
            texts = [", ".join(f"{quote}{step}{quote}" for step in steps) for quote in ('"', "'")]
        for text in texts:
            edits = to_edits([*changes, Change(body, begin, end, text)])
            if edits:
                yield Candidate("forward", _RANK, _tell(steps, function), edits)
        return
    node = site.node
    statement = find_statement(body, *body.span(node))
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return
    names = [f"{body.segment(node.func)}[{index}]" for index in range(count)]
    first = body.segment(node.args[0])
    if isinstance(statement, ast.Return) and statement.value is node:
        name, last = "x", "return "
    elif isinstance(statement, ast.Assign) and statement.value is node:
        name, last = body.segment(statement.targets[0]), ""
        if not name.isidentifier():
            return
    else:
        return
    steps = list(_tell_steps(names, first, name, taken, values, last))
    place = body.position(statement)
    indent = place.source.line(place.line)[: place.column - 1]
    if indent.strip():
        return
    for candidate in propose(
        scene, "forward", _RANK, [Change(body, *body.span(statement), f"\n{indent}".join(steps))]
    ):
        yield Candidate("forward", _RANK, _tell(steps, body.segment(node)), candidate.edits)


def _tell(steps: Sequence[str], before: str) -> str:
    """Statements in the place of one, as a sentence without a full stop."""
    return f"write {', '.join(map(repr, steps))} in the place of {before}"


def _add_forward(scene: Scene, path: str, count: int, taken: int, values: int) -> Iterator[Candidate]:
    """A ``forward`` for layers that run in order, one of them a ``Sequential`` whose own are called one by one."""
    owner, _, name = path.rpartition(".")
    if scene.find_owner(path) != owner:
        return
    block = scene.block_at(owner)
    if block.forward is not None or block.numbered or not block.inputs:
        return
    first = block.inputs[0].name
    steps: list[str] = []
    for definition in block.layers:
        names = [definition.name]
        if definition.name == name:
            names = [f"{name}[{index}]" for index in range(count)]
        at = taken if definition.name == name else 0
        steps += _tell_steps(names, "x" if steps else first, "x", at, values, "")
    forward = add_forward(block, steps)
    if forward is not None:
        yield Candidate("forward", _RANK, f"add forward: [{', '.join(map(repr, steps))}]", (forward,))
