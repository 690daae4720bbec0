"""What a report says of a failed row besides the problem's sentence: labels at arguments, where sizes came from."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from layercli.diagnose.broadcasting import find_clashes
from layercli.diagnose.fits import Misfit, find_misfits, list_fits
from layercli.diagnose.origins import find_origin, resolve_source, tell_chain, tell_origin
from layercli.diagnose.scene import Scene, list_tensors
from layercli.diagnose.special import read_expected
from layercli.errors import Label, Problem
from layercli.plan.records import LayerPlan
from layercli.record import record
from layercli.trace import Row, TensorType, format_type
from layercli.trace.records import iterate_tensor_types

#: Operands with longer texts are told by their types only.
MAX_NAME = 40

#: Notes on where sizes came from.
MAX_NOTES = 4


@record
class Explanation:
    """A problem with its labels and notes; ``refusal`` is what the table says of the row in place of its output."""

    problem: Problem
    refusal: str


def explain_scene(scene: Scene) -> Explanation:
    """The problem of a scene with what else can be told."""
    problem = scene.problem
    row = scene.failed
    if row is None:
        return Explanation(problem, "")
    around, plan, misfit = _find_misfit(scene)
    notes = list(tell_chain(scene))
    label, labels, refusal = problem.label, problem.labels, ""
    if misfit is not None and plan is not None and around is not None:
        holder, _ = list_fits(plan)
        argument = misfit.fit.argument
        refusal = f"needs {misfit.needed}, got {misfit.got}"
        place = holder.argument_sites.get(argument)
        if place is not None:
            told = Label(place.position, f"{argument} is {holder.arguments[argument]}")
            labels = (*(item for item in labels if item.position != holder.position), told)
        origin = find_origin(scene, around, misfit.tensor, misfit.fit.dim)
        notes += [] if origin is None else list(tell_origin(scene, origin))[:MAX_NOTES]
    elif problem.code == "shape-mismatch":
        notes += list(_tell_sizes(scene, row))[:MAX_NOTES]
    label = label or _label_call(scene, row if around is None or misfit is None else around, misfit)
    return Explanation(
        replace(problem, label=label, labels=labels, notes=(*dict.fromkeys(notes), *problem.notes)), refusal
    )


def _find_misfit(scene: Scene) -> tuple[Row | None, LayerPlan | None, Misfit | None]:
    """The innermost layer that failed and has an argument which its input doesn't match."""
    for row in reversed(scene.open_rows):
        plan = scene.plans.get(row.path)
        if row.kind == "layer" and plan is not None and plan.block is None:
            return row, plan, next(find_misfits(row, plan), None)
    return None, None, None


def _label_call(scene: Scene, row: Row, misfit: Misfit | None) -> str:
    """What met in a call: ``x is float32[1, 400]``."""
    if misfit is not None:
        return _name_operand(scene, row, misfit.fit.input, misfit.tensor)
    tensors = [value for value in row.inputs if isinstance(value, TensorType)]
    if row.kind == "layer" and len(tensors) == 1:
        return _name_operand(scene, row, row.inputs.index(tensors[0]), tensors[0])
    if row.kind == "operation" and len(tensors) == 2 == len(row.inputs):
        site = scene.find_call(row)
        if site is not None and isinstance(site.node, ast.BinOp):
            left, right = site.code.segment(site.node.left), site.code.segment(site.node.right)
            if max(len(left), len(right)) <= MAX_NAME:
                return f"{left} is {tensors[0]}, {right} is {tensors[1]}"
    shown = [format_type(value) for value in row.inputs if any(iterate_tensor_types(value))]
    return f"gets {' and '.join(shown)}" if shown and row.kind == "operation" else ""


def _name_operand(scene: Scene, row: Row, index: int, tensor: TensorType) -> str:
    """An input by the text that stands for it, where a statement calls the layer itself."""
    if not row.path:
        return ""
    site = scene.find_call(row)
    node = None if site is None else site.node
    if site is not None and isinstance(node, ast.Call) and index < len(node.args):
        name = row.path.rpartition(".")[2]
        text = site.code.segment(node.args[index])
        if site.code.segment(node.func).endswith(name) and len(text) <= MAX_NAME:
            return f"{text} is {tensor}"
    return f"{row.path or 'it'} gets {tensor}"


def _tell_sizes(scene: Scene, row: Row) -> Iterator[str]:
    """Where the operands of an operation come from, by the dimensions in which they differ."""
    tensors = list_tensors(row)
    expected = read_expected(scene.problem.message)
    if expected is not None:
        yield from _tell_expected(scene, row, tensors, *expected)
        return
    alike = row.kind == "operation" or row.type.endswith("Loss")
    # The letters of an equation say which dimensions meet.
    if len(tensors) < 2 or not alike or row.type == "einsum":
        return
    left, right = tensors[0], tensors[1]
    for dim in find_clashes(left.shape, right.shape):
        for tensor in (left, right):
            origin = find_origin(scene, row, tensor, dim)
            if origin is not None:
                yield from tell_origin(scene, origin)
            elif len(row.sources) == len(tensors):
                yield f"{tensor.shape[dim]} is a size of {row.sources[tensors.index(tensor)]}, {tensor.sizes}"
        return


def _tell_expected(
    scene: Scene, row: Row, tensors: Sequence[TensorType], wanted: Sequence[int], got: Sequence[int]
) -> Iterator[str]:
    """Where an input of another shape than the expected one comes from."""
    for place, tensor in enumerate(tensors):
        if list(tensor.shape) != list(got):
            continue
        dim = next((dim for dim, size in enumerate(wanted) if size != got[dim]), None)
        origin = None if dim is None else find_origin(scene, row, tensor, dim)
        made = resolve_source(scene, row, place)
        if origin is not None:
            yield from tell_origin(scene, origin)
        elif isinstance(made, Row) and made.position is not None and dim is not None:
            yield f"{got[dim]} is a size of {made.path} at line {made.position.line}, {tensor.sizes}"
        return
