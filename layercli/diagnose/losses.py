"""Changes of the target of a loss, and of how its inputs stand: class numbers, channels second, equal shapes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from layercli.diagnose.candidates import (
    Candidate,
    find_direct_call,
    find_input_value,
    find_inputs,
    find_operands,
    propose,
    redeclare_input,
    resize_input,
    wrap,
    write_sizes,
    write_tuple,
)
from layercli.diagnose.editing import replace_node, wrap_node
from layercli.diagnose.kinds import CLASS_LOSSES
from layercli.diagnose.origins import resolve_source
from layercli.diagnose.scene import Scene, tensor_at
from layercli.diagnose.tuning import list_before
from layercli.spec.expressions import Expression
from layercli.spec.values import Site
from layercli.trace import Row, TensorType

#: Losses that compare element with element, so that both inputs have one shape.
ALIKE_LOSSES = frozenset(
    {
        "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss", "KLDivLoss", "PoissonNLLLoss",
        "MultiLabelSoftMarginLoss", "SoftMarginLoss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss",
        "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "poisson_nll_loss",
    }
)  # fmt: skip

#: A target that was declared wrongly is likelier than a layer that gives the wrong size.
_DECLARED = 3

#: A target of the image's own positions is as it should be.
_OF_IMAGE = 10

#: Where a dimension of one is all that is wrong, a method at the call is likelier.
_BY_ONES = 14


def list_target_candidates(scene: Scene) -> Iterator[Candidate]:
    """Changes for the loss that failed, where it has a target."""
    row = scene.failed
    given, target = (None, None) if row is None else (tensor_at(row, 0), tensor_at(row, 1))
    if row is None or given is None or target is None:
        return
    if row.type in CLASS_LOSSES and "float" not in given.dtype:
        yield from _keep_scores(scene, row)
    elif row.type in CLASS_LOSSES and given.shape:
        yield from _fit_classes(scene, row, given, target)
    elif row.type in ALIKE_LOSSES and given.shape != target.shape:
        rank = _BY_ONES if drop_ones(given.shape) == drop_ones(target.shape) else _DECLARED
        yield from _declare_alike(scene, row, given.shape, target, rank)


def fits_loss(row: Row, index: int, shape: Sequence[int]) -> bool:
    """Whether the input ``index`` of a row with another shape is what a loss means; of other rows any is.

    Losses that compare elements broadcast, so that what runs may still be wrong.
    """
    given, target = tensor_at(row, 0), tensor_at(row, 1)
    other = target if index == 0 else given
    if other is None or index > 1:
        return True
    if row.type in ALIKE_LOSSES:
        return tuple(shape) == other.shape
    if row.type in CLASS_LOSSES and given is not None and target is not None:
        # Classes stay where they were counted from; a target has a number for each sample, or a share of each class.
        own = given if index == 0 else target
        return len(shape) <= len(own.shape)
    return True


def drop_ones(shape: Sequence[int]) -> list[int]:
    """A shape without its sizes of one."""
    return [size for size in shape if size != 1]


def _fit_classes(scene: Scene, row: Row, given: TensorType, target: TensorType) -> Iterator[Candidate]:
    """Class numbers for each sample and position, or the classes where the loss looks for them."""
    wanted = (given.shape[0], *given.shape[2:]) if len(given.shape) > 1 else ()
    whole = "float" not in target.dtype
    numbered = row.type.lower().startswith("nll")
    if target.shape == given.shape and (whole or numbered):
        yield from _take_largest(scene, row)
        if numbered:
            yield from _declare_classes(scene, row, given.shape[1], wanted, -1)
    elif len(given.shape) > 2 and target.shape == given.shape[:-1]:
        yield from _move_classes(scene, row, len(given.shape))
    elif not whole and len(target.shape) == len(given.shape) and min(target.shape[1:], default=1) > 1:
        # A share of each class.
        yield from _declare_alike(scene, row, given.shape, target, _DECLARED)
    elif target.shape != wanted:
        by_ones = whole and drop_ones(wanted) == drop_ones(target.shape)
        classes = given.shape[1] if len(given.shape) > 1 else given.shape[0]
        rank = _BY_ONES if by_ones else _DECLARED if whole else -1
        if len(wanted) > 2 and _is_of_image(scene, target.shape):
            rank = _OF_IMAGE
        yield from _declare_classes(scene, row, classes, wanted, rank)
        if not whole:
            yield from _squeeze_target(scene, row, target, wanted)


def _find_nodes(scene: Scene, row: Row) -> tuple[Site | None, list[ast.expr]]:
    """The call of a loss and the texts of its inputs."""
    site = find_direct_call(scene, row)
    if site is None:
        return None, []
    return site, find_operands(site) if row.kind == "operation" else find_inputs(site)


def _is_of_image(scene: Scene, shape: Sequence[int]) -> bool:
    """Whether a target has the positions of an image that the model gets."""
    inputs = () if scene.trace is None else scene.trace.inputs
    return any(
        isinstance(value, TensorType) and len(value.shape) > 3 and value.shape[2:] == tuple(shape[1:])
        for _, value in inputs
    )


def _move_classes(scene: Scene, row: Row, count: int) -> Iterator[Candidate]:
    """The classes moved from the last dimension to the second, or all positions as samples."""
    site, nodes = _find_nodes(scene, row)
    if site is None or len(nodes) < 2:
        return
    order = ", ".join(map(str, (0, count - 1, *range(1, count - 1))))
    moved = ".transpose(1, 2)" if count == 3 else f".permute({order})"
    yield from wrap(scene, site, nodes[0], moved, "arrange", -2)
    flat = [
        *wrap_node(site.code, nodes[0], "", f".flatten(0, {count - 2})"),
        *wrap_node(site.code, nodes[1], "", ".flatten()"),
    ]
    yield from propose(scene, "flatten", -1, flat)


def _keep_scores(scene: Scene, row: Row) -> Iterator[Candidate]:
    """The scores of all classes, where ``argmax`` took the class out of them."""
    made = resolve_source(scene, row, 0)
    if not isinstance(made, Row) or made.type != "argmax" or made.position is None:
        return
    site = scene.find_node(made.position, made.path)
    if site is not None and isinstance(site.node, ast.Call):
        text = site.code.segment(find_operands(site)[0])
        yield from propose(scene, "scores", 0, [replace_node(site.code, site.node, text)])


def _take_largest(scene: Scene, row: Row) -> Iterator[Candidate]:
    """Class numbers out of a target that has a one at the class."""
    site, nodes = _find_nodes(scene, row)
    if site is not None and len(nodes) > 1:
        yield from wrap(scene, site, nodes[1], ".argmax(1)", "largest", 11)


def _squeeze_target(scene: Scene, row: Row, target: TensorType, wanted: Sequence[int]) -> Iterator[Candidate]:
    """A column of class numbers that came as fractions."""
    site, nodes = _find_nodes(scene, row)
    if site is None or len(nodes) < 2 or target.shape != (*wanted[:1], 1, *wanted[1:]):
        return
    yield from wrap(scene, site, nodes[1], ".squeeze(1).long()", "convert", 10)


def _find_target(scene: Scene, row: Row) -> str | None:
    """The model's input that is the target of a loss and nothing else; None where what is compared was made of it."""
    target, given = resolve_source(scene, row, 1), resolve_source(scene, row, 0)
    read = [given] if not isinstance(given, Row) else [item for item, _ in list_before(scene, given)]
    return target if isinstance(target, str) and target not in read else None


def _declare_classes(
    scene: Scene, row: Row, classes: int, shape: Sequence[int], rank: int
) -> Iterator[Candidate]:
    """The target as class numbers."""
    name = _find_target(scene, row)
    if name is not None:
        inside = write_tuple(_write_shape(scene, name, shape))
        yield from redeclare_input(scene, name, f"randint(0, {classes}, {inside})", "target", rank)


def _declare_alike(
    scene: Scene, row: Row, shape: Sequence[int], target: TensorType, rank: int
) -> Iterator[Candidate]:
    """The target in the shape of what it is compared with."""
    name = _find_target(scene, row)
    value = None if name is None else find_input_value(scene, name)
    if name is None or value is None:
        return
    if len(shape) == len(target.shape):
        yield from resize_input(scene, name, shape, "target", rank)
        return
    sizes = _write_shape(scene, name, shape)
    text = f"[{', '.join(sizes)}]"
    if isinstance(value, Expression):
        floating = "float" in target.dtype
        text = f"rand({text[1:-1]})" if floating else f"randint(0, 2, {write_tuple(sizes)}).float()"
    yield from redeclare_input(scene, name, text, "target", rank)


def _write_shape(scene: Scene, name: str, shape: Sequence[int]) -> list[str]:
    """Sizes as the input writes them where it has the same in their place."""
    value = find_input_value(scene, name)
    known = [] if value is None else write_sizes(value)
    given = next((item for key, item in scene.trace.inputs if key == name), None) if scene.trace else None
    own = given.shape if isinstance(given, TensorType) and len(given.shape) == len(known) else ()
    return [
        known[place] if place < len(own) and own[place] == size else str(size)
        for place, size in enumerate(shape)
    ]
