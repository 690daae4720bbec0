"""Where a size came from: the row that set it, followed back through those that kept it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import prod

from layercli.diagnose.fits import MAKERS, TWICE
from layercli.diagnose.scene import Scene, list_tensors
from layercli.errors import Position
from layercli.record import record
from layercli.trace import Row, TensorType

#: Rows through which a size is followed.
MAX_STEPS = 200

#: Operations that arrange elements anew, with the word for it.
ARRANGING = {
    "flatten": "flattened", "Flatten": "flattened", "view": "reshaped", "reshape": "reshaped",
    "unflatten": "reshaped", "Unflatten": "reshaped", "permute": "permuted", "transpose": "transposed",
    "movedim": "permuted", "swapaxes": "transposed", "t": "transposed", "T": "transposed", "mT": "transposed",
    "cat": "joined", "concat": "joined", "stack": "stacked", "squeeze": "squeezed", "unsqueeze": "unsqueezed",
    "view_as": "reshaped", "reshape_as": "reshaped", "ravel": "flattened",
}  # fmt: skip

#: Layers whose output has the sizes of their input, all of them.
_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")


@record
class Origin:
    """What set a size: a row, or an input of the model where ``row`` is None, and the rows that kept it, the last first.

    ``dim`` counts from the end. ``tensor`` is what came out there.
    """

    row: Row | None
    name: str
    dim: int
    tensor: TensorType
    kept: tuple[Row, ...]

    @property
    def size(self) -> int:
        return self.tensor.shape[self.dim]


def find_origin(scene: Scene, row: Row, tensor: TensorType, dim: int) -> Origin | None:
    """What set dimension ``dim`` of an input of a row; None where that can't be followed."""
    dim = dim if dim < 0 else dim - len(tensor.shape)
    kept: list[Row] = []
    for _ in range(MAX_STEPS):
        place = _find_input(row, tensor)
        if place is None:
            return None
        found = resolve_source(scene, row, place)
        if found is None:
            return None
        if isinstance(found, str):
            return Origin(None, found, dim, tensor, tuple(kept))
        row = found
        made = MAKERS.get(row.type)
        if made is not None and made[1] == dim:
            return Origin(row, row.path, dim, tensor, tuple(kept))
        passed = None if row.type in ARRANGING else _find_passed(row, tensor, dim)
        if passed is None:
            return Origin(row, row.path, dim, tensor, tuple(kept))
        kept.append(row)
        tensor = passed
    return None


def _find_input(row: Row, tensor: TensorType) -> int | None:
    """The place among the sources of a row of the first input that is of a type."""
    if row.kind == "layer":
        places = [index for index, value in enumerate(row.inputs) if value == tensor]
        return places[0] if places and places[0] < len(row.sources) else None
    tensors = list_tensors(row)
    return tensors.index(tensor) if tensor in tensors and len(tensors) == len(row.sources) else None


def _find_passed(row: Row, tensor: TensorType, dim: int) -> TensorType | None:
    """The input whose size a row gives on in a dimension."""
    for item in list_tensors(row):
        same_rank = len(item.shape) == len(tensor.shape)
        if same_rank and item.shape[dim] == tensor.shape[dim]:
            return item
    return None


def resolve_source(scene: Scene, row: Row, place: int) -> Row | str | None:
    """The row that gave what a row has at a place among its sources, or the name of the model's input that it is."""
    if place >= len(row.sources):
        return None
    source = re.sub(r"^\w+=", "", row.sources[place])
    base = re.sub(r"(\[[^\]]*\])+$", "", source)
    around = row.path
    while True:
        around = around.rpartition(".")[0]
        path = f"{around}.{base}" if around else base
        if path in scene.finished:
            return _look_inside(scene, scene.finished[path])
        owner = scene.begun.get(around)
        if owner is not None:
            names = _input_names(scene, owner)
            if source in names and names.index(source) < len(owner.sources):
                return resolve_source(scene, owner, names.index(source))
        if not around:
            inputs = [name for name, _ in scene.plan.inputs]
            return base if base in inputs else None


def _input_names(scene: Scene, row: Row) -> list[str]:
    """What a block or container calls its inputs."""
    plan = scene.plans.get(row.path)
    if plan is not None and plan.block is not None:
        return [item.name for item in plan.block.inputs]
    count = len(row.inputs)
    return ["input"] if count == 1 else [f"input[{index}]" for index in range(count)]


def _look_inside(scene: Scene, row: Row) -> Row:
    """The row inside a block or container that gave its output, where one did."""
    plan = scene.plans.get(row.path)
    inside: Row | None = None
    if plan is not None and plan.block is not None and len(row.returns) == 1:
        inside = scene.finished.get(f"{row.path}.{row.returns[0]}")
    elif row.type in _CONTAINERS or (plan is not None and plan.block is not None and not row.returns):
        last = scene.last_inside.get(row.path)
        inside = last if last is not None and last.output == row.output else None
    return row if inside is None else _look_inside(scene, inside)


# Telling it ------------------------------------------------------------------------------------------------


def tell_origin(scene: Scene, origin: Origin) -> Iterator[str]:
    """Where a size came from, as sentences without a full stop."""
    size, row = origin.size, origin.row
    if row is None:
        yield f"{size} is a size of the input {origin.name}, {origin.tensor.sizes}"
        return
    made = MAKERS.get(row.type)
    if made is not None and made[1] == origin.dim:
        twice = " in both directions" if TWICE in row.arguments else ""
        yield f"{size} is {made[0]}{twice} of {row.path}, {row.arguments}{_at(scene, row.position)}"
        return
    first = next(iter(list_tensors(row)), None)
    word = ARRANGING.get(row.type)
    if first is None:
        yield f"{size} comes from {row.path}{_at(scene, row.position)}"
        return
    source = _name_source(scene, row)
    given = f"{source + ', ' if source else ''}{first.sizes}"
    if word is None:
        yield f"{size} comes from {row.path}{_at(scene, row.position)}, which makes {origin.tensor.sizes} of {first.sizes}"
        return
    factors = find_factors(origin)
    if len(factors) > 1:
        yield f"{size} is {' * '.join(map(str, factors))}, {word}{_at(scene, row.position)} from {given}"
        before = find_origin(scene, row, first, -len(factors))
        if before is not None and before.row is not None and MAKERS.get(before.row.type):
            yield from tell_origin(scene, before)
    else:
        yield f"{size} is {word}{_at(scene, row.position)} from {given}"


def find_factors(origin: Origin) -> Sequence[int]:
    """The sizes that a flattened one is the product of; none where it isn't flattened."""
    row = origin.row
    first = None if row is None else next(iter(row.inputs), None)
    if row is None or row.type not in ARRANGING or not isinstance(first, TensorType):
        return ()
    for start in reversed(range(len(first.shape))):
        if prod(first.shape[start:]) == origin.size:
            return first.shape[start:]
    return ()


def _name_source(scene: Scene, row: Row) -> str:
    found = resolve_source(scene, row, 0) if row.sources else None
    return found if isinstance(found, str) else "" if found is None else found.path


def _at(scene: Scene, position: Position | None) -> str:
    """Where a row stands, short where it is the file of the problem."""
    if position is None:
        return ""
    told = scene.problem.position
    same = told is not None and told.source == position.source
    return f" at line {position.line}" if same else f" at {position}"


def tell_chain(scene: Scene) -> Iterator[str]:
    """The blocks around a failed row, from the top."""
    for row in scene.open_rows:
        if row is scene.failed or not row.path or row.kind != "layer":
            continue
        plan = scene.plans.get(row.path)
        if plan is not None and plan.block is not None and row.position is not None:
            yield f"in {row.path} ({row.type}), made at {row.position}"
