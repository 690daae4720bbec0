"""Changes that may end the problem of an operation: of its numbers, its operands, or of what gave these."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from math import prod

from layercli.diagnose.broadcasting import BROADCAST, find_clashes, list_places
from layercli.diagnose.candidates import (
    GUESS,
    MAX_OPERANDS,
    Candidate,
    find_operands,
    propose,
    resize_input,
    set_origin,
    wrap,
)
from layercli.diagnose.editing import Change, replace_node, rewrite, wrap_node
from layercli.diagnose.joining import CAT
from layercli.diagnose.kinds import list_kind_candidates
from layercli.diagnose.layers import REDUCTIONS, list_arrangements
from layercli.diagnose.losses import fits_loss
from layercli.diagnose.numbers import DIMS, Number, fit_order, list_numbers
from layercli.diagnose.origins import find_origin, resolve_source
from layercli.diagnose.roles import may_be
from layercli.diagnose.scene import Scene, list_entries, list_tensors
from layercli.diagnose.tuning import read_call
from layercli.diagnose.values import list_ways, read_number
from layercli.diagnose.windows import fit_positions
from layercli.plan.planner import list_size_nodes
from layercli.plan.records import ParameterPlan
from layercli.spec.values import Site
from layercli.trace import Row, TensorType

#: Operations by what they ask of their inputs: these are searched for changes of their operands.
PRODUCTS = frozenset({"matmul", "mm", "bmm", "mv", "dot", "addmm", "baddbmm", "linear", "inner", "tensordot"})
ELEMENTWISE = BROADCAST | {
    "floordiv", "mod", "lerp", "addcmul", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div",
    "binary_cross_entropy", "binary_cross_entropy_with_logits",
}  # fmt: skip
JOINING = CAT | {"stack", "hstack", "vstack"}
#: Others whose operands have sizes in common.
ALIKE = frozenset(
    {"scaled_dot_product_attention", "cosine_similarity", "pairwise_distance", "cdist", "bilinear"}
)
RESHAPING = frozenset({"view", "reshape"})


def list_operation_candidates(scene: Scene) -> Iterator[Candidate]:
    """Changes for the operation that failed."""
    row = scene.failed
    site = None if row is None or row.kind != "operation" else scene.find_call(row)
    if row is None or site is None:
        return
    yield from list_kind_candidates(scene, row)
    tensors = list_tensors(row)[:MAX_OPERANDS]
    numbers = list(islice(list_numbers(row, site), 2 * MAX_OPERANDS))
    if row.type in RESHAPING:
        yield from _fit_sizes(scene, row, site, numbers)
    if row.type == "permute":
        yield from fit_order(scene, site, numbers, tensors[0], 5) if tensors else ()
    if row.type in JOINING:
        yield from _fit_joining(scene, row, site, numbers, tensors)
    if row.type in PRODUCTS:
        yield from _turn_operands(scene, site, tensors)
    if len(tensors) > 1:
        yield from _fit_sides(scene, row, tensors)
    if row.type in ELEMENTWISE:
        yield from _keep_dimensions(scene, row)
    yield from _change_numbers(scene, row, site, numbers, tensors)
    if row.type not in BROADCAST or not _lacks_dimensions(tensors):
        yield from _arrange_operands(scene, row, site, tensors, _rank_arrangements(row, tensors))


def list_loss_candidates(scene: Scene) -> Iterator[Candidate]:
    """Changes of what gave the inputs of a loss."""
    row = scene.failed
    if row is not None and row.kind == "layer" and row.type.endswith("Loss"):
        yield from _fit_sides(scene, row, list_tensors(row)[:MAX_OPERANDS])


def _rank_arrangements(row: Row, tensors: Sequence[TensorType]) -> int:
    """How likely it is that operands have more, fewer or other dimensions than was meant."""
    if row.type.endswith("_loss") or "cross" in row.type:
        return 12
    if len({len(tensor.shape) for tensor in tensors}) > 1:
        return 16 if row.type in ELEMENTWISE or row.type in JOINING else GUESS
    return GUESS + 20


# Numbers ---------------------------------------------------------------------------------------------------


def _change_numbers(
    scene: Scene, row: Row, site: Site, numbers: Sequence[Number], tensors: Sequence[TensorType]
) -> Iterator[Candidate]:
    """Each number as a dimension that is there, or as a size of what came."""
    if row.type in RESHAPING or row.type == "permute" or not tensors:
        return
    rank = max(len(tensor.shape) for tensor in tensors)
    first = tensors[0].shape
    owner = scene.find_owner(row.path)
    for number in numbers:
        value = read_number(number.node, scene.plans[owner].arguments)
        if value is None:
            continue
        if number.name in DIMS:
            wanted = _list_dims(value, rank, [read_number(item.node, {}) for item in numbers])
        else:
            wanted = _list_sizes(row, value, numbers, first, scene, owner)
        for order, size in enumerate(dict.fromkeys(wanted)):
            for way in list_ways(scene, owner, Site(site.code, number.node), size):
                base = 5 if number.name in DIMS or row.type in _SIZED else GUESS
                if row.type in JOINING and number.name in DIMS and rank > 3 and size % rank > 1:
                    # Images are joined by their channels, seldom side by side.
                    base = GUESS
                yield from propose(scene, "number", base + order + way.cost, way.changes)


def _list_dims(value: int, rank: int, others: Sequence[int | None]) -> list[int]:
    """Dimensions that are there, the nearest first, but for those that the same call names already."""
    inside = range(-rank, 0) if value < 0 else range(rank)
    near = sorted(inside, key=lambda index: (abs(index - value) if value >= 0 else -index, index))
    taken = {other % rank for other in others if other is not None and rank and -rank <= other < rank}
    return [index for index in near if index % rank not in taken]


#: Operations whose numbers say sizes or windows, so that another one is no guess.
_SIZED = frozenset(
    {
        "split", "split_with_sizes", "unflatten", "expand", "narrow", "getitem", "select", "tensor_split", "topk",
        *(f"{kind}_pool{count}d" for kind in ("max", "avg", "lp") for count in (1, 2, 3)),
        "unfold", "fold", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "group_norm", "layer_norm", "glu",
        "repeat", "one_hot", "tile",
    }
)  # fmt: skip


def _list_sizes(
    row: Row, value: int, numbers: Sequence[Number], shape: Sequence[int], scene: Scene, owner: str
) -> list[int]:
    """Other values for a number that says a size, the likeliest first."""
    found: list[int] = []
    parts = [
        read_number(item.node, scene.plans[owner].arguments) for item in numbers if item.place is not None
    ]
    known = [part for part in parts if part is not None]
    if parts and len(known) == len(parts) and value in known:
        rest = [*known]
        rest.remove(value)
        for size in reversed(shape):
            # One of the parts of a sum or of a product.
            if size > sum(rest) and row.type.startswith("split"):
                found.append(size - sum(rest))
            if prod(rest) and size % prod(rest) == 0:
                found.append(size // prod(rest))
    if "pool" in row.type:
        found.append(min(shape[2:], default=1))
    elif row.type in ("getitem", "select", "narrow"):
        found += sorted((size - 1 for size in shape), key=lambda size: abs(size - value))
    divisors = [size for size in range(1, 65) if any(item % size == 0 for item in shape if item > 1)]
    found += sorted(shape, key=lambda size: abs(size - value))
    found += sorted(divisors, key=lambda size: abs(size - value))[:3]
    return [size for size in found if size != value]


def _fit_sizes(scene: Scene, row: Row, site: Site, numbers: Sequence[Number]) -> Iterator[Candidate]:
    """Sizes of a ``view`` that hold as many elements as there are."""
    tensor = row.inputs[0] if row.inputs else None
    if not isinstance(tensor, TensorType):
        return
    owner = scene.find_owner(row.path)
    node = site.node
    if row.type == "view" and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        _, end = site.code.span(node.func)
        yield from propose(scene, "reshape", 0, [Change(site.code, end - len("view"), end, "reshape")])
    sizes = read_call(row)
    own = numbers[len(numbers) - len(sizes) :]
    if not sizes or len(own) != len(sizes):
        return
    count = prod(tensor.shape)
    for place in reversed(range(len(sizes))):
        rest = prod(size for index, size in enumerate(sizes) if index != place and size != -1)
        if sizes[place] == -1 or rest == 0:
            continue
        wanted = []
        if -1 in sizes:
            batch = tensor.shape[0]
            if batch and count % (rest * batch) == 0 and sizes[0] == -1:
                wanted.append(count // (rest * batch))
        elif count % rest == 0:
            wanted.append(count // rest)
        last = place == len(sizes) - 1
        for size in wanted:
            factors = tensor.shape[1:] if prod(tensor.shape[1:]) == size else ()
            for way in list_ways(scene, owner, Site(site.code, own[place].node), size, factors):
                rank = 1 + way.cost + (0 if last else 4)
                yield from propose(scene, "size", rank, way.changes)
                yield from propose(scene, "size", rank, [*way.changes, *_repeat(site, way.changes)])
        if -1 not in sizes:
            yield from propose(scene, "size", 8, [replace_node(site.code, own[place].node, "-1")])


def _repeat(site: Site, changes: Sequence[Change]) -> Iterator[Change]:
    """The same changes in the other calls of a body that are written in the same way: for keys and values what queries get."""
    node = site.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    own = site.code.span(node.func)[1], site.code.span(node)[1]
    text = site.code.shown[own[0] : own[1]]
    if any(change.code is not site.code or not own[0] <= change.begin <= own[1] for change in changes):
        return
    for other in ast.walk(site.code.tree):
        if not isinstance(other, ast.Call) or other is node or not isinstance(other.func, ast.Attribute):
            continue
        begin, end = site.code.span(other.func)[1], site.code.span(other)[1]
        if other.func.attr == node.func.attr and site.code.shown[begin:end] == text:
            for change in changes:
                shift = begin - own[0]
                yield Change(site.code, change.begin + shift, change.end + shift, change.text)


# Operands --------------------------------------------------------------------------------------------------


def _turn_operands(scene: Scene, site: Site, tensors: Sequence[TensorType]) -> Iterator[Candidate]:
    """One side of a product transposed."""
    operands = find_operands(site)
    matrix = all(len(tensor.shape) == 2 for tensor in tensors)
    for rank, node in enumerate(reversed(operands)):
        yield from wrap(
            scene, site, node, ".T" if matrix else ".transpose(-2, -1)", "transpose", 2 * rank - 11
        )
    if len(operands) != 2 or len(tensors) != 2:
        return
    left, right = (tensor.shape for tensor in tensors)
    if len(left) == len(right) == 4 and left[1:3] == (right[-1], right[1]):
        # Heads stand before positions on one side only.
        yield from wrap(scene, site, operands[0], ".transpose(1, 2)", "transpose", -12)
    texts = [site.code.segment(node) for node in operands]
    if matrix and right[-1] == left[0]:
        swapped = [
            replace_node(site.code, node, text)
            for node, text in zip(operands, reversed(texts), strict=True)
            if isinstance(node, (ast.Name, ast.Call, ast.Attribute, ast.Subscript))
        ]
        yield from propose(scene, "transpose", -10, swapped) if len(swapped) == 2 else ()
    if len(left) == len(right) + 1 and left[:-2] == right[:-1] and left[-1] == right[-1]:
        # A vector for each sample.
        begin, end = site.code.span(site.node)
        inside = wrap_node(site.code, operands[1], "", ".unsqueeze(-1)")
        around = [Change(site.code, end, end, ".squeeze(-1)")]
        if isinstance(site.node, ast.BinOp):
            # What is written behind the operand stands at the end of the whole as well.
            around = [Change(site.code, begin, begin, "(")]
            inside[-1] = replace(inside[-1], text=f"{inside[-1].text}).squeeze(-1)")
        yield from propose(scene, "transpose", -12, [*inside, *around])


def _arrange_operands(
    scene: Scene, row: Row, site: Site, tensors: Sequence[TensorType], rank: int
) -> Iterator[Candidate]:
    """Operands with more, fewer or exchanged dimensions."""
    operands = find_operands(site)
    for index, node in enumerate(operands):
        given = [tensors[index]] if len(operands) == len(tensors) else tensors
        for tensor in given:
            ways = list(list_arrangements(tensor).items())
            if len(tensor.shape) < max(len(item.shape) for item in tensors):
                ways.sort(key=lambda way: (not way[0].startswith(".squeeze"), way[0] != ".unsqueeze(-1)"))
            smaller = len(tensor.shape) < max(len(item.shape) for item in tensors)
            for order, (after, shape) in enumerate(ways):
                if "unsqueeze" in after and row.type in ELEMENTWISE and not smaller:
                    continue
                if len(operands) == len(tensors) and not fits_loss(row, index, shape):
                    continue
                yield from wrap(scene, site, node, after, "arrange", rank + order)


def _lacks_dimensions(tensors: Sequence[TensorType]) -> bool:
    """Whether one of two tensors has its sizes beside those of the other once it gets sizes of one."""
    return len(tensors) == 2 and any(
        list_places(tensor.shape, other.shape) for tensor in tensors for other in tensors
    )


def _fit_sides(scene: Scene, row: Row, tensors: Sequence[TensorType]) -> Iterator[Candidate]:
    """One of two operands made with the size of the other: the layer that sets it, a parameter, an input."""
    known = row.kind == "layer" or row.type in ELEMENTWISE or row.type in JOINING or row.type in ALIKE
    base = 4 if known else 20 if row.type in PRODUCTS else GUESS
    # What is added to more dimensions is the likelier one to be wrong.
    ranks = sorted(range(len(tensors)), key=lambda index: len(tensors[index].shape))
    for place, tensor in enumerate(tensors):
        index = ranks.index(place)
        for other in tensors:
            dims = _find_clashes(row, tensor, other)
            for dim, wanted in dims:
                origin = find_origin(scene, row, tensor, dim)
                if origin is None:
                    yield from _resize_parameter(scene, row, place, dim, wanted)
                    continue
                if not may_be(scene, row, origin, other, dim):
                    continue
                # What most of them have is what was meant.
                alike = sum(len(item.shape) >= -dim and item.shape[dim] == wanted for item in tensors)
                for way in set_origin(scene, origin, wanted):
                    rank = base + way.cost + index - 3 * max(0, alike - 1)
                    yield from propose(scene, "producer", rank, way.changes)
                yield from fit_positions(scene, origin, wanted, base + 1 + index)
                if origin.row is None:
                    sizes = [*origin.tensor.shape]
                    sizes[origin.dim] = wanted
                    yield from resize_input(
                        scene, origin.name, sizes, f"input {origin.name}", max(15, base) + index
                    )


def _find_clashes(row: Row, tensor: TensorType, other: TensorType) -> list[tuple[int, int]]:
    """Dimensions of a tensor, from the end, with the sizes that would go with another one."""
    if row.type in PRODUCTS:
        if len(tensor.shape) < 2 or len(other.shape) < 2 or tensor is other:
            return []
        return [(-1, other.shape[-2]), (-2, other.shape[-1])]
    if row.type not in ELEMENTWISE and len(tensor.shape) == len(other.shape):
        return [
            (dim, other.shape[dim])
            for dim in range(-1, -len(tensor.shape) - 1, -1)
            if tensor.shape[dim] != other.shape[dim]
        ]
    return [(dim, other.shape[dim]) for dim in find_clashes(tensor.shape, other.shape)][:1]


def _resize_parameter(scene: Scene, row: Row, index: int, dim: int, size: int) -> Iterator[Candidate]:
    """Another size for a parameter of the block."""
    owner = scene.find_owner(row.path)
    name = row.sources[index] if index < len(row.sources) else ""
    member = next((member for key, member in scene.plans[owner].children if key == name), None)
    if not isinstance(member, ParameterPlan):
        return
    for entry in list_entries(scene.block_at(owner)):
        if entry.before != f"{name}: ":
            continue
        tree = entry.code.tree
        nodes = list_size_nodes(entry.code)
        if not nodes and isinstance(tree, ast.Call):
            nodes = tree.args
        if len(nodes) >= -dim:
            for way in list_ways(scene, owner, Site(entry.code, nodes[dim]), size):
                yield from propose(scene, "parameter", 5 + way.cost, way.changes)


def _keep_dimensions(scene: Scene, row: Row) -> Iterator[Candidate]:
    """``keepdim=True`` in the reduction that gave an operand."""
    for index in range(len(row.sources)):
        source = resolve_source(scene, row, index)
        if not isinstance(source, Row) or source.type not in REDUCTIONS or source.position is None:
            continue
        made = scene.find_node(source.position, source.path)
        if made is not None and isinstance(made.node, ast.Call) and made.node.args:
            end = made.code.span(made.node)[1] - 1
            yield from propose(scene, "keepdim", -10, [Change(made.code, end, end, ", keepdim=True")])


def _fit_joining(
    scene: Scene, row: Row, site: Site, numbers: Sequence[Number], tensors: Sequence[TensorType]
) -> Iterator[Candidate]:
    """The dimension along which tensors are joined, where none is named; ``cat`` for ``stack``."""
    node = site.node
    if not isinstance(node, ast.Call) or not tensors:
        return
    end = site.code.span(node)[1] - 1
    if not any(number.name in DIMS for number in numbers):
        rank = len(tensors[0].shape)
        for dim in range(rank):
            base = GUESS if rank > 3 and dim > 1 else 4
            yield from propose(scene, "number", base + dim, [Change(site.code, end, end, f", {dim}")])
    if row.type == "stack":
        begin, stop = site.code.span(node.func)
        name = rewrite(site.code, begin, stop, ()).removesuffix("stack") + "cat"
        renamed = Change(site.code, begin, stop, name)
        dims = [number for number in numbers if number.name in DIMS]
        for dim in range(len(tensors[0].shape)):
            change = (
                replace_node(site.code, dims[0].node, str(dim))
                if dims
                else Change(site.code, end, end, f", {dim}")
            )
            yield from propose(scene, "cat", 10 + dim, [renamed, change])
