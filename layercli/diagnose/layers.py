"""Changes that may end the problem of a layer which refused its inputs, or which can't be made."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from layercli.diagnose.candidates import (
    GUESS,
    Candidate,
    find_direct_call,
    find_inputs,
    insert_layer,
    propose,
    resize_input,
    set_argument,
    set_origin,
    wrap,
)
from layercli.diagnose.editing import Change, replace_node
from layercli.diagnose.fits import Misfit, find_misfits, list_fits
from layercli.diagnose.kinds import CLASS_LOSSES, list_kind_candidates
from layercli.diagnose.making import DIVISORS, list_divisors
from layercli.diagnose.numbers import fit_order, list_numbers
from layercli.diagnose.origins import Origin, find_factors, find_origin
from layercli.diagnose.scene import Scene, tensor_at
from layercli.diagnose.windows import list_window_candidates
from layercli.plan.records import LayerPlan
from layercli.spec.values import Site
from layercli.trace import Row, TensorType

#: Layers whose channels stand in the second dimension, and how their names begin.
_CHANNELS_SECOND = ("Conv", "BatchNorm", "InstanceNorm", "GroupNorm", "SyncBatchNorm")


def list_layer_candidates(scene: Scene) -> Iterator[Candidate]:
    """Changes for the layers that didn't finish, those of the innermost first."""
    for row in reversed(scene.open_rows):
        plan = scene.plans.get(row.path)
        if row.kind != "layer" or plan is None or plan.block is not None:
            continue
        misfits = list(find_misfits(row, plan))
        for misfit in misfits:
            yield from _fit_argument(scene, row, plan, misfit)
            yield from _fit_input(scene, row, misfit)
        if len({misfit.fit.argument for misfit in misfits}) > 1:
            yield from _fit_several(scene, row, misfits)
        if not misfits:
            yield from list_kind_candidates(scene, row)
            yield from _arrange_dimensions(scene, row)
            yield from list_window_candidates(scene, row, plan)
            yield from _rename_layer(scene, row, plan)
            yield from _fit_dimension(scene, row, plan)
        if "batch_first" in plan.arguments or row.type in _BATCH_FIRST:
            for way in set_argument(scene, row.path, "batch_first", not plan.arguments.get("batch_first")):
                yield from propose(scene, "batch_first", 2, way.changes)


#: Layers that take their batch first when they are told to.
_BATCH_FIRST = (
    "RNN",
    "LSTM",
    "GRU",
    "MultiheadAttention",
    "TransformerEncoderLayer",
    "TransformerDecoderLayer",
)


def _fit_dimension(scene: Scene, row: Row, plan: LayerPlan) -> Iterator[Candidate]:
    """A dimension that is there, where a layer names one that isn't."""
    tensor, dim = tensor_at(row, 0), plan.arguments.get("dim")
    if tensor is not None and isinstance(dim, int) and not -len(tensor.shape) <= dim < len(tensor.shape):
        for way in set_argument(scene, row.path, "dim", len(tensor.shape) - 1 if dim > 0 else -1):
            yield from propose(scene, "dim", way.cost, way.changes)


def _rename_layer(scene: Scene, row: Row, plan: LayerPlan) -> Iterator[Candidate]:
    """The same layer for another number of dimensions: ``BatchNorm1d`` for ``BatchNorm2d``."""
    tensor = tensor_at(row, 0)
    making = scene.find_making(plan, scene.find_owner(row.path))
    if tensor is None or making is None or not row.type.endswith(("1d", "2d", "3d")):
        return
    assert isinstance(making.node, ast.Call)
    _, end = making.code.span(making.node.func)
    for rank, count in enumerate((len(tensor.shape) - 2, len(tensor.shape) - 1)):
        if 1 <= count <= 3 and count != int(row.type[-2]):
            change = Change(making.code, end - 2, end, f"{count}d")
            yield from propose(scene, "name", 3 + rank, [change])


def _fit_argument(scene: Scene, row: Row, plan: LayerPlan, misfit: Misfit) -> Iterator[Candidate]:
    """The layer's own argument as the size that came."""
    holder, _ = list_fits(plan)
    argument = misfit.fit.argument
    origin = find_origin(scene, row, misfit.tensor, misfit.fit.dim)
    factors = find_factors(origin) if origin is not None else ()
    given = holder.arguments.get(argument)
    if misfit.got == 0:
        return
    value: Any = misfit.got
    if isinstance(given, (tuple, list)):
        value = type(given)(misfit.tensor.shape[-len(given) :])
    for way in set_argument(scene, row.path, argument, value, factors, holder):
        yield from propose(scene, "argument", way.cost, way.changes)
        for also in _keep_divisible(scene, row, holder, misfit):
            yield from propose(scene, "argument", way.cost + 4, [*way.changes, *also])


def _keep_divisible(scene: Scene, row: Row, holder: LayerPlan, misfit: Misfit) -> Iterator[Sequence[Change]]:
    """Changes of a number of heads or groups to one that divides the size that came."""
    for whole, part in DIVISORS.get(holder.type_name, ()):
        near = holder.arguments.get(part, 1)
        if whole != misfit.fit.argument or not isinstance(near, int) or near < 1 or misfit.got % near == 0:
            continue
        for divisor in list_divisors(misfit.got, near)[:1]:
            for way in set_argument(scene, row.path, part, divisor, (), holder):
                yield way.changes


def _fit_several(scene: Scene, row: Row, misfits: Sequence[Misfit]) -> Iterator[Candidate]:
    """Several arguments at once."""
    changes: list[Change] = []
    for argument in dict.fromkeys(misfit.fit.argument for misfit in misfits):
        misfit = next(item for item in misfits if item.fit.argument == argument)
        way = next(set_argument(scene, row.path, argument, misfit.got), None)
        if way is None:
            return
        changes += way.changes
    yield from propose(scene, "argument", 1, changes)


def _fit_input(scene: Scene, row: Row, misfit: Misfit) -> Iterator[Candidate]:
    """An input arranged as the layer wants it, or made so where it comes from."""
    tensor, dim, needed = misfit.tensor, misfit.fit.dim, misfit.needed
    rank = len(tensor.shape)
    place = dim % rank
    site = find_direct_call(scene, row)
    inputs = [] if site is None else find_inputs(site)
    node = inputs[misfit.fit.input] if misfit.fit.input < len(inputs) else None
    others = [index for index, size in enumerate(tensor.shape) if size == needed and index != place]
    second = row.type.startswith(_CHANNELS_SECOND)
    if row.type == "Linear" and rank > 2:
        yield from _flatten_input(scene, row, misfit, site, node)
    if site is not None and node is not None:
        if second and rank - 1 in others and rank > 2:
            order = ", ".join(map(str, (0, rank - 1, *range(1, rank - 1))))
            after = ".transpose(1, 2)" if rank == 3 else f".permute({order})"
            yield from wrap(scene, site, node, after, "arrange", -10)
        for other in others:
            after = f".transpose({min(place, other)}, {max(place, other)})"
            yield from wrap(scene, site, node, after, "arrange", 12)
        if second and needed == 1:
            yield from wrap(scene, site, node, ".unsqueeze(1)", "arrange", -11)
    origin = find_origin(scene, row, tensor, dim)
    if origin is None:
        return
    yield from _arrange_origin(scene, origin, needed)
    for way in set_origin(scene, origin, needed):
        yield from propose(scene, "producer", 20 + way.cost, way.changes)
    if origin.row is None:
        sizes = [*origin.tensor.shape]
        sizes[origin.dim] = needed
        yield from resize_input(scene, origin.name, sizes, f"input {origin.name}", 15)


def _arrange_origin(scene: Scene, origin: Origin, needed: int) -> Iterator[Candidate]:
    """Another order of dimensions where they are exchanged already."""
    row = origin.row
    if row is None or row.type not in ("permute", "transpose") or row.position is None:
        return
    site, tensor = scene.find_node(row.position, row.path), tensor_at(row, 0)
    if site is not None and tensor is not None and needed in tensor.shape:
        rank = len(tensor.shape)
        numbers = [*list_numbers(row, site)]
        if row.type == "permute":
            yield from fit_order(scene, site, numbers, tensor, -40)
        pairs = [(first, second) for first in range(rank) for second in range(first + 1, rank)]
        for first, second in pairs if row.type == "transpose" and len(numbers) == 2 else ():
            changes = [
                replace_node(site.code, number.node, str(dim))
                for number, dim in zip(numbers, (first, second), strict=True)
            ]
            yield from propose(scene, "order", -40, changes)


def _flatten_input(
    scene: Scene, row: Row, misfit: Misfit, site: Site | None, node: ast.expr | None
) -> Iterator[Candidate]:
    """A flatten that is missing before the first ``Linear``, or a mean over the positions of an image."""
    shape = misfit.tensor.shape
    flat = prod(shape[1:])
    if len(shape) == 4 and shape[1] == misfit.needed and site is not None and node is not None:
        yield from wrap(scene, site, node, ".mean((2, 3))", "mean", -12)
    also: Sequence[Change] = ()
    rank = -14
    if flat != misfit.needed:
        way = next(set_argument(scene, row.path, "in_features", flat, shape[1:]), None)
        if way is None:
            return
        also, rank = way.changes, -9 if len(shape) > 3 else 15
    if site is not None and node is not None:
        yield from wrap(scene, site, node, ".flatten(1)", "flatten", rank, also)
    yield from insert_layer(scene, row.path, "Flatten()", "flatten", rank, also)


def _arrange_dimensions(scene: Scene, row: Row) -> Iterator[Candidate]:
    """An input with more or fewer dimensions."""
    site = find_direct_call(scene, row)
    tensors = [tensor for index in range(len(row.inputs)) if (tensor := tensor_at(row, index)) is not None]
    alike = row.type.endswith("Loss") and len({len(tensor.shape) for tensor in tensors}) == 1
    base = GUESS if alike and row.type not in CLASS_LOSSES else 13
    for index, node in enumerate([] if site is None else find_inputs(site)):
        tensor = tensor_at(row, index)
        if tensor is not None and site is not None:
            for rank, after in enumerate(list_arrangements(tensor)):
                yield from wrap(scene, site, node, after, "arrange", base + rank)


def list_arrangements(tensor: TensorType) -> list[str]:
    """Methods that give a tensor more, fewer or exchanged dimensions, the likeliest first."""
    rank = len(tensor.shape)
    found = [f".squeeze({index})" for index in reversed(range(rank)) if tensor.shape[index] == 1]
    found += [f".unsqueeze({index})" for index in (1, 0, *range(2, rank), -1) if index <= rank]
    found += [".flatten(1)", ".flatten(2)"][: max(0, rank - 2)]
    pairs = [(first, second) for first in range(rank) for second in range(first + 1, rank)]
    pairs.sort(key=lambda pair: (pair != (rank - 2, rank - 1), pair[0] == 0))
    found += [f".transpose({first}, {second})" for first, second in pairs]
    return found
