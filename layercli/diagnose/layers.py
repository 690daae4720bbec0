"""Changes that may end the problem of a layer which refused its inputs, or which can't be made."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from math import prod
from typing import Any

from layercli.diagnose.candidates import (
    GUESS,
    PARTIAL,
    Candidate,
    append_layer,
    find_direct_call,
    find_input_value,
    find_inputs,
    insert_layer,
    propose,
    redeclare_input,
    rename_layer,
    resize_input,
    set_argument,
    set_origin,
    wrap,
    write_argument,
    write_sizes,
)
from layercli.diagnose.editing import Change, replace_node
from layercli.diagnose.fits import MAKERS, Misfit, find_misfits, list_fits
from layercli.diagnose.kinds import CLASS_LOSSES, list_kind_candidates
from layercli.diagnose.losses import fits_loss
from layercli.diagnose.making import DIVISORS, list_divisors
from layercli.diagnose.numbers import DIMS, fit_order, list_numbers
from layercli.diagnose.origins import Origin, find_factors, find_origin
from layercli.diagnose.roles import POSITIONS, SAMPLES, tell_role
from layercli.diagnose.scene import Scene, tensor_at
from layercli.diagnose.special import list_special_candidates
from layercli.diagnose.windows import list_window_candidates
from layercli.plan.records import LayerPlan
from layercli.spec.names import resolve_prefix
from layercli.spec.values import Site
from layercli.trace import Row, TensorType

#: What a reduction leaves out unless it is told to keep it.
REDUCTIONS = frozenset(
    {
        "mean", "sum", "amax", "amin", "prod", "std", "var", "norm", "logsumexp", "argmax", "argmin", "any", "all",
    }
)  # fmt: skip

#: Poolings that give as many positions as they are told to.
_ADAPTIVE = re.compile(r"Adaptive(Avg|Max)Pool\dd")

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
            yield from _normalise_features(scene, row, plan, misfit)
        if len({misfit.fit.argument for misfit in misfits}) > 1:
            yield from _fit_several(scene, row, misfits)
        yield from list_special_candidates(scene, row, plan)
        if not misfits:
            yield from list_kind_candidates(scene, row)
            yield from _arrange_dimensions(scene, row)
            yield from list_window_candidates(scene, row, plan)
            yield from _rename_layer(scene, row)
            yield from _fit_dimension(scene, row, plan)
        holder, _ = list_fits(plan)
        if "batch_first" in holder.arguments or holder.type_name in _BATCH_FIRST:
            other = not holder.arguments.get("batch_first")
            # Who wrote that the batch comes first means it.
            rank = 2 if other else PARTIAL + 6
            for way in set_argument(scene, row.path, "batch_first", other, plan=holder):
                yield from propose(scene, "batch_first", rank, way.changes)


def list_fitting_candidates(scene: Scene, sizes: Collection[int]) -> Iterator[Candidate]:
    """Other arguments for the layer that failed, so that it takes what it gets, where it wants one of ``sizes``."""
    row = scene.failed
    plan = None if row is None else scene.plans.get(row.path)
    if row is None or plan is None or plan.block is not None:
        return
    for misfit in find_misfits(row, plan):
        if misfit.needed in sizes:
            yield from _fit_argument(scene, row, plan, misfit)


#: Layers that take their batch first when they are told to.
_BATCH_FIRST = (
    "RNN",
    "LSTM",
    "GRU",
    "MultiheadAttention",
    "TransformerEncoderLayer",
    "TransformerDecoderLayer",
    "Transformer",
)


def _fit_dimension(scene: Scene, row: Row, plan: LayerPlan) -> Iterator[Candidate]:
    """A dimension that is there, where a layer names one that isn't."""
    tensor, dim = tensor_at(row, 0), plan.arguments.get("dim")
    if tensor is not None and isinstance(dim, int) and not -len(tensor.shape) <= dim < len(tensor.shape):
        for way in set_argument(scene, row.path, "dim", len(tensor.shape) - 1 if dim > 0 else -1):
            yield from propose(scene, "dim", way.cost, way.changes)


def _rename_layer(scene: Scene, row: Row) -> Iterator[Candidate]:
    """The same layer for another number of dimensions: ``BatchNorm1d`` for ``BatchNorm2d``."""
    tensor = tensor_at(row, 0)
    if tensor is None or not row.type.endswith(("1d", "2d", "3d")):
        return
    for rank, count in enumerate((len(tensor.shape) - 2, len(tensor.shape) - 1)):
        if 1 <= count <= 3 and count != int(row.type[-2]):
            yield from rename_layer(scene, row.path, f"{row.type[:-2]}{count}d", 3 + rank)


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
    # The last dimension of an image is seldom meant to be features.
    rank = PARTIAL if row.type == "Linear" and len(misfit.tensor.shape) > 3 else 0
    if tell_role(origin) in (SAMPLES, POSITIONS):
        # As many features as there are samples or positions are seldom meant, either.
        rank = PARTIAL
    if value == misfit.got and origin is not None:
        yield from _name_origin(scene, row, holder, argument, origin)
    for way in set_argument(scene, row.path, argument, value, factors, holder):
        yield from propose(scene, "argument", rank + way.cost, way.changes)
        for also in _keep_divisible(scene, row, holder, misfit):
            yield from propose(scene, "argument", rank + way.cost + 4, [*way.changes, *also])


def _name_origin(
    scene: Scene, row: Row, holder: LayerPlan, argument: str, origin: Origin
) -> Iterator[Candidate]:
    """The params that set the size which came, where the layer that made it is written in the same block."""
    path = "" if origin.row is None else origin.row.path
    maker = scene.plans.get(path)
    made = None if maker is None else MAKERS.get(maker.type_name)
    own = holder.argument_sites.get(argument)
    if maker is None or made is None or own is None or maker.arguments.get(made[0]) != origin.size:
        return
    site = maker.argument_sites.get(made[0])
    if site is None or scene.find_owner(path) != scene.find_owner(row.path):
        return
    text = write_argument(maker, made[0])
    node = own.node.value if isinstance(own.node, ast.keyword) else own.node
    named = any(isinstance(item, (ast.Name, ast.Attribute)) for item in ast.walk(site.node))
    if named and own.code.segment(node) != text:
        yield from propose(scene, "argument", -1, [replace_node(own.code, node, text)])


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
            likely = rank == 3 and (place, other) == (2, 1)
            yield from wrap(scene, site, node, after, "arrange", -1 if likely else 12)
        if second and needed == 1:
            yield from wrap(scene, site, node, ".unsqueeze(1)", "arrange", -11)
    origin = find_origin(scene, row, tensor, dim)
    if origin is None:
        return
    yield from _arrange_origin(scene, origin, needed)
    if origin.row is None and second:
        yield from _arrange_sizes(scene, origin, misfit)
    yield from _reduce_others(scene, origin, needed)
    yield from _flatten_from_first(scene, row, origin, needed)
    for way in set_origin(scene, origin, needed):
        yield from propose(scene, "producer", 20 + way.cost, way.changes)
    if origin.row is None and tell_role(origin) not in (SAMPLES, POSITIONS):
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


def _arrange_sizes(scene: Scene, origin: Origin, misfit: Misfit) -> Iterator[Candidate]:
    """The model's input with its channels second, or with one channel where it has none."""
    sizes, rank = list(origin.tensor.shape), len(origin.tensor.shape)
    if rank > 2 and sizes[-1] == misfit.needed and misfit.fit.dim % rank == 1:
        arranged = [sizes[0], sizes[-1], *sizes[1:-1]]
        yield from resize_input(scene, origin.name, arranged, f"arranged {origin.name}", -9)
    value = find_input_value(scene, origin.name)
    texts = [] if value is None else write_sizes(value)
    if misfit.needed == 1 and misfit.fit.dim % rank == 0 and len(texts) == rank:
        written = f"[{', '.join([texts[0], '1', *texts[1:]])}]"
        yield from redeclare_input(scene, origin.name, written, f"arranged {origin.name}", -9)


def _reduce_others(scene: Scene, origin: Origin, needed: int) -> Iterator[Candidate]:
    """A mean over the positions where it was taken over the channels."""
    row = origin.row
    tensor = None if row is None else tensor_at(row, 0)
    if row is None or tensor is None or row.type not in REDUCTIONS or row.position is None:
        return
    site = scene.find_node(row.position, row.path)
    numbers = [] if site is None else [item for item in list_numbers(row, site) if item.name in DIMS]
    kept = [dim for dim in range(1, len(tensor.shape)) if tensor.shape[dim] == needed]
    if site is None or len(numbers) != 1 or not kept or numbers[0].place is not None:
        return
    others = [str(dim) for dim in range(1, len(tensor.shape)) if dim != kept[0]]
    text = others[0] if len(others) == 1 else f"({', '.join(others)})"
    yield from propose(scene, "reduce", -8, [replace_node(site.code, numbers[0].node, text)])


def _flatten_from_first(scene: Scene, row: Row, origin: Origin, needed: int) -> Iterator[Candidate]:
    """A flatten that keeps the samples apart: ``flatten(x, 1)`` for ``flatten(x)``."""
    made = origin.row
    tensor = None if made is None else tensor_at(made, 0)
    if made is None or tensor is None or made.type != "flatten" or made.position is None:
        return
    site = scene.find_node(made.position, made.path)
    if len(origin.tensor.shape) != 1 or site is None or not isinstance(site.node, ast.Call):
        return
    call = site.node
    is_method = isinstance(call.func, ast.Attribute) and resolve_prefix(call.func.value) is None
    if call.keywords or len(call.args) != (0 if is_method else 1):
        return
    end = site.code.span(call)[1] - 1
    flatten = Change(site.code, end, end, "1" if is_method else ", 1")
    flat = prod(tensor.shape[1:])
    if flat == needed:
        yield from propose(scene, "flatten", -14, [flatten])
        return
    way = next(set_argument(scene, row.path, "in_features", flat, tensor.shape[1:]), None)
    if way is not None:
        yield from propose(scene, "flatten", -9, [flatten, *way.changes])


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
    pooled = _pool_to_one(scene, row, misfit)
    if pooled:
        also, rank = pooled, -13
    elif flat != misfit.needed:
        way = next(set_argument(scene, row.path, "in_features", flat, shape[1:]), None)
        if way is None:
            return
        also, rank = way.changes, -9 if len(shape) > 3 else 15
    if site is not None and node is not None:
        yield from wrap(scene, site, node, ".flatten(1)", "flatten", rank, also)
        yield from append_layer(scene, row, "Flatten()", "flatten", rank, also)
    yield from insert_layer(scene, row.path, "Flatten()", "flatten", rank, also)


def _pool_to_one(scene: Scene, row: Row, misfit: Misfit) -> Sequence[Change]:
    """An adaptive pooling to one position, where what it gives has as many channels as features are wanted."""
    shape = misfit.tensor.shape
    origin = find_origin(scene, row, misfit.tensor, -1)
    made = None if origin is None else origin.row
    if made is None or not _ADAPTIVE.fullmatch(made.type) or len(shape) < 3 or shape[1] != misfit.needed:
        return ()
    if prod(shape[2:]) == 1:
        return ()
    way = next(set_argument(scene, made.path, "output_size", 1), None)
    return () if way is None else way.changes


def _normalise_features(scene: Scene, row: Row, plan: LayerPlan, misfit: Misfit) -> Iterator[Candidate]:
    """Features in the last dimension, which ``LayerNorm`` takes there and ``BatchNorm1d`` as channels before positions."""
    shape = misfit.tensor.shape
    if row.type not in ("BatchNorm1d", "InstanceNorm1d") or len(shape) != 3 or shape[2] != misfit.needed:
        return
    counted = tell_role(find_origin(scene, row, misfit.tensor, misfit.fit.dim)) in (SAMPLES, POSITIONS)
    site = find_direct_call(scene, row)
    node = next(iter([] if site is None else find_inputs(site)), None)
    if site is not None and node is not None:
        _, end = site.code.span(site.node)
        back = Change(site.code, end, end, ".transpose(1, 2)")
        yield from wrap(scene, site, node, ".transpose(1, 2)", "arrange", -2, [back])
    features = write_argument(plan, "num_features")
    yield from rename_layer(scene, row.path, "LayerNorm", -1 if counted else 3, features)


def _arrange_dimensions(scene: Scene, row: Row) -> Iterator[Candidate]:
    """An input with more or fewer dimensions."""
    site = find_direct_call(scene, row)
    tensors = [tensor for index in range(len(row.inputs)) if (tensor := tensor_at(row, index)) is not None]
    alike = row.type.endswith("Loss") and len({len(tensor.shape) for tensor in tensors}) == 1
    base = GUESS if alike and row.type not in CLASS_LOSSES else 13
    if row.type.startswith(_CHANNELS_SECOND) and scene.problem.code == "shape-mismatch":
        yield from _add_dimensions(scene, row)
    for index, node in enumerate([] if site is None else find_inputs(site)):
        tensor = tensor_at(row, index)
        if tensor is not None and site is not None:
            whole = row.type.endswith("Loss") and "float" not in tensor.dtype
            for rank, (after, shape) in enumerate(list_arrangements(tensor).items()):
                if not fits_loss(row, index, shape):
                    continue
                yield from wrap(scene, site, node, after, "arrange", base + rank)
                if whole and row.type not in CLASS_LOSSES:
                    yield from wrap(scene, site, node, f"{after}.float()", "arrange", base + rank)


def _add_dimensions(scene: Scene, row: Row) -> Iterator[Candidate]:
    """The model's input with a batch, or with a batch and channels, where it has none."""
    for name, value in () if scene.trace is None else scene.trace.inputs:
        text = find_input_value(scene, name)
        texts = [] if text is None else write_sizes(text)
        if not isinstance(value, TensorType) or not 2 <= len(texts) == len(value.shape) <= 4:
            continue
        plan = scene.plans.get(row.path)
        channels = None if plan is None else plan.arguments.get("in_channels")
        count = int(row.type[-2:-1] or 0)
        missing = ["1"]
        if tensor_at(row, 0) == value and len(texts) == 2 and value.shape[1] == channels:
            # A sample of features as an image of one position.
            written = f"[{', '.join([*texts, *['1'] * count])}]"
            yield from redeclare_input(scene, name, written, f"batch of {name}", 2)
            continue
        if isinstance(channels, int) and tensor_at(row, 0) == value and count == len(texts):
            missing = ["1", str(channels)]
        written = f"[{', '.join([*missing, *texts])}]"
        yield from redeclare_input(scene, name, written, f"batch of {name}", 14)


def list_arrangements(tensor: TensorType) -> dict[str, tuple[int, ...]]:
    """Methods that give a tensor more, fewer or exchanged dimensions, the likeliest first, with the shapes they give."""
    shape = tensor.shape
    rank = len(shape)
    found: dict[str, tuple[int, ...]] = {}
    for index in reversed(range(rank)):
        if shape[index] == 1:
            found[f".squeeze({index})"] = (*shape[:index], *shape[index + 1 :])
    for index in (1, 0, *range(2, rank), -1):
        if index <= rank:
            place = index % (rank + 1)
            found[f".unsqueeze({index})"] = (*shape[:place], 1, *shape[place:])
    for start in range(1, min(3, rank - 1)):
        found[f".flatten({start})"] = (*shape[:start], prod(shape[start:]))
    pairs = [(first, second) for first in range(rank) for second in range(first + 1, rank)]
    pairs.sort(key=lambda pair: (pair != (rank - 2, rank - 1), pair[0] == 0))
    for first, second in pairs:
        order = list(shape)
        order[first], order[second] = order[second], order[first]
        found[f".transpose({first}, {second})"] = tuple(order)
    return found
