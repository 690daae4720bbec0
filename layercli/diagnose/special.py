"""Changes that only some layers call for: their own arguments, the inputs that they are called with, their name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from math import prod
from typing import Any

from layercli.diagnose.candidates import (
    Candidate,
    find_direct_call,
    propose,
    redeclare_input,
    rename_layer,
    set_argument,
    set_origin,
    write_argument,
)
from layercli.diagnose.editing import Change
from layercli.diagnose.fits import RECURRENT
from layercli.diagnose.origins import find_origin, resolve_source
from layercli.diagnose.scene import Scene, list_tensors, tensor_at
from layercli.diagnose.values import list_ways
from layercli.plan.records import LayerPlan
from layercli.spec.values import Site
from layercli.trace import Row, TensorType

#: ``expects h_0 of [2, 4, 16] and got [1, 4, 16]``
EXPECTED = re.compile(r"expects \w+ of \[([\d, ]+)\] and got \w*\[([\d, ]+)\]")

#: Operations that make a tensor of the sizes that they are given.
CREATING = frozenset({"zeros", "ones", "randn", "rand", "empty", "full", "new_zeros", "new_ones"})

#: Rows between the one that made a tensor and the one that refuses it: ``triu(ones(8, 8)).bool()``.
MAX_CHANGED = 8


def list_special_candidates(scene: Scene, row: Row, plan: LayerPlan) -> Iterator[Candidate]:
    """Changes for the layer of a row, by its type."""
    yield from _resize_made(scene, row)
    if row.type == "LayerNorm":
        yield from _normalise_channels(scene, row, plan)
    if scene.problem.code == "index-range":
        yield from _widen_table(scene, row)
    if row.type == "MultiheadAttention":
        yield from _rename_mask(scene, row)
    if row.type in RECURRENT:
        yield from _join_states(scene, row)
    if row.type == "Unflatten":
        yield from _fit_unflattened(scene, row, plan)
    if row.type in ("PixelShuffle", "ChannelShuffle"):
        yield from _fit_multiple(scene, row, plan)


def read_expected(message: str) -> tuple[list[int], list[int]] | None:
    """The shape that a layer expects of an input, and the one that it got, of as many dimensions."""
    found = EXPECTED.search(message)
    if found is None:
        return None
    wanted, got = ([int(size) for size in part.split(",")] for part in found.groups())
    return (wanted, got) if len(wanted) == len(got) else None


def _resize_made(scene: Scene, row: Row) -> Iterator[Candidate]:
    """Other sizes for the tensors that a statement makes and a layer refuses, all that have the same."""
    expected = read_expected(scene.problem.message)
    if expected is None:
        return
    wanted, got = expected
    changes: list[Change] = []
    tensors = list_tensors(row)
    for place, tensor in enumerate(tensors):
        if list(tensor.shape) != got:
            continue
        made = _find_created(scene, resolve_source(scene, row, place))
        if made is None or made.position is None:
            continue
        site = scene.find_node(made.position, made.path)
        if site is None or not isinstance(site.node, ast.Call):
            continue
        nodes = site.node.args
        if nodes and isinstance(nodes[0], (ast.Tuple, ast.List)):
            nodes = nodes[0].elts
        if len(nodes) < len(wanted):
            continue
        for node, size, own in zip(nodes, wanted, got, strict=False):
            way = next(list_ways(scene, scene.find_owner(made.path), Site(site.code, node), size), None)
            if size != own and way is not None:
                changes += way.changes
    if changes:
        yield from propose(scene, "made", 3, changes)


def _find_created(scene: Scene, made: Row | str | None) -> Row | None:
    """The row that made a tensor of the sizes that it was given, before those that changed its elements only."""
    for _ in range(MAX_CHANGED):
        if not isinstance(made, Row) or made.type in CREATING:
            return made if isinstance(made, Row) else None
        before = tensor_at(made, 0)
        if before is None or not isinstance(made.output, TensorType) or before.shape != made.output.shape:
            return None
        made = resolve_source(scene, made, 0)
    return None


def _normalise_channels(scene: Scene, row: Row, plan: LayerPlan) -> Iterator[Candidate]:
    """``GroupNorm(1, channels)`` for the channels of an image, which ``LayerNorm`` looks for in the last dimension."""
    tensor, size = tensor_at(row, 0), plan.arguments.get("normalized_shape")
    if tensor is not None and len(tensor.shape) > 3 and tensor.shape[1] == size:
        channels = write_argument(plan, "normalized_shape")
        yield from rename_layer(scene, row.path, "GroupNorm", -5, f"1, {channels}")


def _widen_table(scene: Scene, row: Row) -> Iterator[Candidate]:
    """As many rows as the largest number needs; another range of the numbers."""
    found = re.search(r"has (\d+) rows? and is asked for number (\d+)", scene.problem.message)
    if found is None:
        return
    for way in set_argument(scene, row.path, "num_embeddings", int(found[2]) + 1):
        yield from propose(scene, "rows", way.cost, way.changes)


def _rename_mask(scene: Scene, row: Row) -> Iterator[Candidate]:
    """``key_padding_mask`` for a mask of (N, S), ``attn_mask`` for one of (L, S)."""
    site = find_direct_call(scene, row)
    other = {"attn_mask": "key_padding_mask", "key_padding_mask": "attn_mask"}
    for keyword in site.node.keywords if site is not None and isinstance(site.node, ast.Call) else ():
        if site is not None and keyword.arg in other:
            begin, _ = site.code.span(keyword)
            change = Change(site.code, begin, begin + len(keyword.arg), other[keyword.arg])
            yield from propose(scene, "mask", 0, [change])


def _join_states(scene: Scene, row: Row) -> Iterator[Candidate]:
    """``lstm(x, (h, c))`` for ``lstm(x, h, c)``; a ``GRU`` has one state."""
    site = find_direct_call(scene, row)
    node = None if site is None else site.node
    if site is None or not isinstance(node, ast.Call) or len(node.args) != 3 or node.keywords:
        return
    begin, end = site.code.span(node.args[1])[0], site.code.span(node.args[2])[1]
    first = site.code.segment(node.args[1])
    both = f"({first}, {site.code.segment(node.args[2])})"
    text = both if row.type == "LSTM" else first
    yield from propose(scene, "states", 0, [Change(site.code, begin, end, text)])


def _fit_unflattened(scene: Scene, row: Row, plan: LayerPlan) -> Iterator[Candidate]:
    """Sizes whose product is the dimension that is taken apart."""
    tensor, dim = tensor_at(row, 0), plan.arguments.get("dim")
    sizes: Any = plan.arguments.get("unflattened_size")
    if tensor is None or not isinstance(dim, int) or not isinstance(sizes, (tuple, list)):
        return
    if not -len(tensor.shape) <= dim < len(tensor.shape):
        return
    for place in reversed(range(len(sizes))):
        rest = prod(size for index, size in enumerate(sizes) if index != place)
        if rest > 0 and tensor.shape[dim] % rest == 0:
            fitting = type(sizes)([*sizes[:place], tensor.shape[dim] // rest, *sizes[place + 1 :]])
            for way in set_argument(scene, row.path, "unflattened_size", fitting):
                yield from propose(scene, "size", way.cost + len(sizes) - place, way.changes)


def _fit_multiple(scene: Scene, row: Row, plan: LayerPlan) -> Iterator[Candidate]:
    """As many channels as can be taken apart: in the layer that sets them, or in the model's input."""
    tensor = tensor_at(row, 0)
    factor = plan.arguments.get("upscale_factor", plan.arguments.get("groups"))
    if tensor is None or not isinstance(factor, int) or factor < 1 or len(tensor.shape) < 3:
        return
    unit = factor**2 if row.type == "PixelShuffle" else factor
    origin = find_origin(scene, row, tensor, -3)
    below = tensor.shape[-3] // unit * unit
    for rank, size in enumerate((below + unit, below)):
        if origin is None or size < 1:
            continue
        for way in set_origin(scene, origin, size):
            yield from propose(scene, f"producer {rank}", way.cost + rank, way.changes)
        if origin.row is None:
            sizes = [str(item) for item in origin.tensor.shape]
            sizes[-3] = str(size)
            text = f"[{', '.join(sizes)}]"
            yield from redeclare_input(scene, origin.name, text, f"input {rank}", 5 + rank)
