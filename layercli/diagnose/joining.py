"""Operands that are joined: parameters without a batch, images of other sizes, sequences beside features."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from layercli.diagnose.candidates import Candidate, find_operands, propose, wrap
from layercli.diagnose.editing import Change, wrap_node
from layercli.diagnose.fits import find_misfits
from layercli.diagnose.origins import find_origin
from layercli.diagnose.scene import Scene, list_tensors
from layercli.plan.records import ParameterPlan
from layercli.spec.values import Site
from layercli.trace import Row, TensorType

#: Names of one function.
CAT = frozenset({"cat", "concat", "concatenate"})

#: A parameter for each sample is never meant.
_EXPANDED = 0

#: Another number of a layer is a smaller change than another operation.
_INTERPOLATED = 9
_REDUCED = 10


def list_joining_candidates(scene: Scene) -> Iterator[Candidate]:
    """Changes of operands that have other sizes than those beside them, and ``cat`` for ``stack``."""
    row = scene.failed
    if row is None:
        return
    yield from _join_stacked(scene, row)
    site = scene.find_call(row) if row.type in CAT else None
    tensors = list_tensors(row)
    nodes = [] if site is None else find_operands(site)
    if site is None or len(nodes) != len(tensors) or len(tensors) < 2:
        return
    yield from _expand_parameters(scene, row, site, nodes, tensors)
    yield from _reduce_sequences(scene, site, nodes, tensors)
    yield from _interpolate(scene, row, site, nodes, tensors)


def _expand_parameters(
    scene: Scene, row: Row, site: Site, nodes: Sequence[ast.expr], tensors: Sequence[TensorType]
) -> Iterator[Candidate]:
    """``cls.expand(x.shape[0], -1, -1)`` for a parameter that stands beside a batch."""
    members = dict(scene.plans[scene.find_owner(row.path)].children)
    for index, (node, tensor) in enumerate(zip(nodes, tensors, strict=True)):
        source = row.sources[index] if index < len(row.sources) else ""
        if (
            not isinstance(members.get(source), ParameterPlan)
            or len(tensor.shape) < 2
            or tensor.shape[0] != 1
        ):
            continue
        for beside, other in zip(nodes, tensors, strict=True):
            if len(other.shape) != len(tensor.shape) or other.shape[0] == 1:
                continue
            batch = f"{beside.id}.shape[0]" if isinstance(beside, ast.Name) else str(other.shape[0])
            rest = ", -1" * (len(tensor.shape) - 1)
            yield from wrap(scene, site, node, f".expand({batch}{rest})", "expanded", _EXPANDED)
            break


def _reduce_sequences(
    scene: Scene, site: Site, nodes: Sequence[ast.expr], tensors: Sequence[TensorType]
) -> Iterator[Candidate]:
    """The mean over a sequence that is joined with features of the same samples."""
    lowest = min(len(tensor.shape) for tensor in tensors)
    for node, tensor in zip(nodes, tensors, strict=True):
        if lowest == 2 and len(tensor.shape) == 3:
            yield from wrap(scene, site, node, ".mean(1)", "reduced", _REDUCED)


def _interpolate(
    scene: Scene, row: Row, site: Site, nodes: Sequence[ast.expr], tensors: Sequence[TensorType]
) -> Iterator[Candidate]:
    """The smaller image with the positions of the larger one."""
    if any(len(tensor.shape) != 4 or "float" not in tensor.dtype for tensor in tensors):
        return
    largest = max(tensors, key=lambda tensor: tensor.shape[2] * tensor.shape[3])
    beside = nodes[tensors.index(largest)]
    if not isinstance(beside, ast.Name):
        return
    prefix = "F." if "F." in site.code.shown else ""
    changes: list[Change] = []
    for node, tensor in zip(nodes, tensors, strict=True):
        if tensor.shape[2:] != largest.shape[2:]:
            origin = find_origin(scene, row, tensor, -1)
            made = None if origin is None else origin.row
            if made is not None and "Transpose" in made.type and 4 * tensor.shape[-1] < 3 * largest.shape[-1]:
                # What was to make the image larger has another stride in mind.
                return
            begin, end = site.code.span(node)
            # A name before an operator needs no brackets inside a call.
            changes += [
                Change(site.code, begin, begin, f"{prefix}interpolate("),
                Change(site.code, end, end, f", {beside.id}.shape[2:])"),
            ]
    yield from propose(scene, "interpolated", _INTERPOLATED, changes)


def _join_stacked(scene: Scene, row: Row) -> Iterator[Candidate]:
    """``cat`` for ``stack``, where a layer wants as many features as all tensors have together."""
    misfit = next(find_misfits(row, scene.plans.get(row.path)), None)
    origin = None if misfit is None else find_origin(scene, row, misfit.tensor, misfit.fit.dim)
    made = None if origin is None else origin.row
    if misfit is None or made is None or made.type != "stack" or made.position is None:
        return
    tensors = list_tensors(made)
    site = scene.find_node(made.position, made.path)
    node = None if site is None else site.node
    if site is None or not isinstance(node, ast.Call) or len(node.args) > 2:
        return
    if len(tensors[0].shape) != 2 or sum(tensor.shape[-1] for tensor in tensors) != misfit.needed:
        return
    begin, end = site.code.span(node.func)
    changes = [Change(site.code, end - len("stack"), end, "cat")]
    dims = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
    if dims:
        changes.append(Change(site.code, *site.code.span(dims[0]), "1"))
    else:
        stop = site.code.span(node)[1] - 1
        changes.append(Change(site.code, stop, stop, ", 1"))
    yield from propose(scene, "cat", -15, [item for item in changes if begin < item.end])


# Layers of images in a row ---------------------------------------------------------------------------------


def list_sequence_candidates(scene: Scene) -> Iterator[Candidate]:
    """Images as the sequence of their positions for attention; a sequence of images as a batch for a convolution."""
    row = next((item for item in scene.open_rows if item.type in _ATTENTION or _IMAGE.get(item.type)), None)
    plan = None if row is None else scene.plans.get(row.path)
    tensor = row.inputs[0] if row is not None and row.inputs else None
    if row is None or plan is None or not isinstance(tensor, TensorType):
        return
    site = scene.find_call(row)
    nodes = [] if site is None or not isinstance(site.node, ast.Call) else site.node.args
    if site is None or len(nodes) != 1:
        return
    rank = len(tensor.shape)
    if row.type in _ATTENTION and rank == 4:
        yield from wrap(scene, site, nodes[0], ".flatten(2).transpose(1, 2)", "positions", 0)
    count = _IMAGE.get(row.type, 0)
    if count and rank == count + 3 and tensor.shape[2] == plan.arguments.get("in_channels"):
        node = nodes[0]
        batch = f"{node.id}.shape[:2]" if isinstance(node, ast.Name) else str(tensor.shape[:2])
        _, end = site.code.span(site.node)
        changes = [
            *wrap_node(site.code, node, "", ".flatten(0, 1)"),
            Change(site.code, end, end, f".unflatten(0, {batch})"),
        ]
        yield from propose(scene, "batch of sequences", 1, changes)


#: Layers whose positions are one dimension.
_ATTENTION = frozenset({"TransformerEncoder", "TransformerEncoderLayer"})

#: Convolutions by the dimensions that they slide over.
_IMAGE = {"Conv1d": 1, "Conv2d": 2}
