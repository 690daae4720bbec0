"""Work of losses beside multiply-adds: of each element, and of the reduction (docs/counting.md)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from layercli.catalogue.modules import Module
from layercli.catalogue.sizes import as_int
from layercli.catalogue.work import (
    Each,
    Work,
    count_log_softmax,
    count_norm,
    count_of,
    divide_whole,
    holds,
    is_floating,
    join_shapes,
    shape_of,
    spread,
)

Given: TypeAlias = "Mapping[str, Any]"


def _resolve_reduction(given: Given) -> str:
    """The reduction; the two arguments that it replaced go before it."""
    average, reduce = given.get("size_average"), given.get("reduce")
    if average is None and reduce is None:
        return str(given.get("reduction", "mean"))
    return "none" if reduce is False else "sum" if average is False else "mean"


def _count_reduction(reduction: str, losses: int) -> int:
    """The sum of the losses, and a quotient of their mean."""
    return {"none": 0, "sum": max(losses - 1, 0)}.get(reduction, losses)


def lose(names: str, formula: Callable[[Given], tuple[int, int] | None]) -> Work:
    """A loss with these arguments, in order; ``formula`` gives the work before the reduction, and the number of losses."""
    order = names.split(", ")

    def count(output: Any, *arguments: Any, **keywords: Any) -> int | None:
        given = dict(zip(order, arguments, strict=False)) | keywords
        found = formula(given)
        if found is None:
            return None
        work, losses = found
        return work + _count_reduction(_resolve_reduction(given), losses)

    return count


def lose_of(formula: Work, *names: str) -> Work:
    """The same for a layer, which has these arguments."""

    def count(layer: Any, output: Any, *inputs: Any, **keywords: Any) -> int | None:
        given = {name: getattr(layer, name) for name in names}
        # PyTorch's own layer has resolved it.
        arguments = layer.arguments if isinstance(layer, Module) else {"reduction": layer.reduction}
        return formula(output, *inputs, **given, reduction=_resolve_reduction(arguments), **keywords)

    return count


#: For each element of input and target.
LOSSES: Mapping[str, Each] = {
    "l1_loss": Each("abs(x - y)"),
    "mse_loss": Each("(x - y) ** 2"),
    "smooth_l1_loss": Each("where((t := abs(x - y)) < beta, 0.5 * t * t / beta, t - 0.5 * beta)"),
    "huber_loss": Each("where((t := abs(x - y)) <= delta, 0.5 * t * t, delta * (t - 0.5 * delta))"),
    "binary_cross_entropy": Each("-(y * max(log(x), -100) + (1 - y) * max(log(1 - x), -100))"),
    "binary_cross_entropy_with_logits": Each("max(x, 0) - x * y + log(1 + exp(-abs(x)))"),
    "kl_div": Each("y * (log(y) - x)"),
    "gaussian_nll_loss": Each("0.5 * (log(t := max(v, eps)) + (x - y) ** 2 / t)"),
    "hinge_embedding_loss": Each("where(y == 1, x, max(margin - x, 0))"),
    "margin_ranking_loss": Each("max(-y * (x - z) + margin, 0)"),
    "soft_margin_loss": Each("log(1 + exp(-y * x))"),
    "multilabel_soft_margin_loss": Each("-(y * -log(1 + exp(-x)) + (1 - y) * -log(1 + exp(x)))"),
}
WEIGHTED_LOGITS = Each("(1 - y) * x + (1 + (w - 1) * y) * (log(1 + exp(-abs(x))) + max(-x, 0))")
KL_DIV_OF_LOGARITHMS = Each("exp(y) * (y - x)")
#: With logarithms of rates or rates, and what ``full`` adds where the target is above 1.
POISSON: Mapping[bool, Each] = {True: Each("exp(x) - y * x"), False: Each("x - y * log(x + eps)")}
STIRLING = Each("z + where(y > 1, y * log(y) - y + 0.5 * log(2 * pi * y), 0)")


def _weigh(given: Given, losses: int) -> int:
    """A product with the weight of each loss."""
    return 0 if given.get("weight") is None else losses


def lose_each(name: str, names: str, *, divides_by_weights: bool = False) -> Work:
    """A loss for each element, times its weight. A mean may be over the sum of the weights."""
    each_element = LOSSES[name]

    def formula(given: Given) -> tuple[int, int]:
        losses = spread(given[names.split(", ")[0]], given[names.split(", ")[1]])
        work = each_element.operations * losses + _weigh(given, losses)
        if divides_by_weights and given.get("weight") is not None and _resolve_reduction(given) == "mean":
            work += max(losses - 1, 0)
        return work, losses

    return lose(names, formula)


def _lose_smoothly(given: Given) -> tuple[int, int]:
    losses = spread(given["input"], given["target"])
    curve = LOSSES["l1_loss" if given.get("beta", 1.0) == 0 else "smooth_l1_loss"]
    return curve.operations * losses, losses


def _lose_logits(given: Given) -> tuple[int, int]:
    losses = spread(given["input"], given["target"])
    plain = given.get("pos_weight") is None
    curve = LOSSES["binary_cross_entropy_with_logits"] if plain else WEIGHTED_LOGITS
    return curve.operations * losses + _weigh(given, losses), losses


def _lose_divergence(given: Given) -> tuple[int, int]:
    losses = spread(given["input"], given["target"])
    curve = KL_DIV_OF_LOGARITHMS if given.get("log_target", False) else LOSSES["kl_div"]
    return curve.operations * losses, losses


def _lose_counts(given: Given) -> tuple[int, int]:
    losses = spread(given["input"], given["target"])
    operations = POISSON[bool(given.get("log_input", True))].operations
    return (operations + (STIRLING.operations if given.get("full", False) else 0)) * losses, losses


def _lose_gaussian(given: Given) -> tuple[int, int]:
    losses = spread(*(given[name] for name in ("input", "target") if hasattr(given[name], "shape")))
    return (LOSSES["gaussian_nll_loss"].operations + bool(given.get("full", False))) * losses, losses


def _lose_order(given: Given) -> tuple[int, int]:
    losses = spread(given["input1"], given["input2"], given["target"])
    return LOSSES["margin_ranking_loss"].operations * losses, losses


def _count_classes(shape: Sequence[int]) -> tuple[int, int]:
    """The numbers of classes and of distributions over them."""
    classes = shape[0] if len(shape) == 1 else shape[1]
    return classes, divide_whole(math.prod(shape), classes)


def _lose_picked(given: Given) -> tuple[int, int]:
    """-x of each target's class, times its weight; a mean is over the sum of these."""
    _, rows = _count_classes(shape_of(given["input"]))
    work = rows + _weigh(given, rows)
    if given.get("weight") is not None and _resolve_reduction(given) == "mean":
        work += max(rows - 1, 0)
    return work, rows


def _count_cross_entropy(given: Given, classes: int, rows: int) -> tuple[int, int]:
    """log_softmax, and the loss of each target's class, or -sum(y * x) for targets that are probabilities."""
    elements = classes * rows
    smoothed = bool(given.get("label_smoothing", 0.0))
    work = count_log_softmax(rows, classes)
    if is_floating(given["target"]):
        return work + (elements + 2 * elements * smoothed) + _weigh(given, elements) + elements, rows
    work += rows + _weigh(given, rows)
    if given.get("weight") is not None and _resolve_reduction(given) == "mean":
        work += max(rows - 1, 0)
    # The sum of all classes' losses, and its share in the result.
    return work + (elements + _weigh(given, elements) + 3 * rows) * smoothed, rows


def _lose_classes(given: Given) -> tuple[int, int]:
    return _count_cross_entropy(given, *_count_classes(shape_of(given["input"])))


def _lose_mapped_classes(given: Given) -> tuple[int, int]:
    classes, *outer = shape_of(given["linear_weight"])[:-1]
    rows = math.prod(shape_of(given["input"])[:-1]) * math.prod(outer)
    work, losses = _count_cross_entropy(given, classes, rows)
    return work + (0 if given.get("linear_bias") is None else classes * rows), losses


def lose_mapped_classes_of(layer: Any, output: Any, input: Any, target: Any) -> int:
    """The biases of its scores, and their cross-entropy."""
    linear = layer.children["linear"] if isinstance(layer, Module) else layer._modules["linear"]
    rows = math.prod(shape_of(input)[:-1]) * math.prod(map(as_int, layer.out_features))
    classes = as_int(layer.num_classes)
    given = {
        "target": target,
        "weight": layer.weight,
        "label_smoothing": layer.label_smoothing,
        "reduction": layer.reduction,
    }
    work, losses = _count_cross_entropy(given, classes, rows)
    biases = classes * rows if holds(linear, "bias") else 0
    return work + biases + _count_reduction(layer.reduction, losses)


def _lose_margins(given: Given) -> tuple[int, int]:
    """max(margin - x[target] + x, 0) ** p of each other class, times its weight, and their sum over the classes."""
    shape = shape_of(given["input"])
    classes, rows = shape[-1], math.prod(shape[:-1])
    each_class = 3 + (given.get("p", 1) == 2) + (given.get("weight") is not None)
    others = max(classes - 1, 0)
    return rows * (others * each_class + max(others - 1, 0) + 1), rows


def _lose_labels(given: Given) -> tuple[int, int]:
    """The losses of all classes, times their weights, and the mean of each sample."""
    elements = count_of(given["input"])
    shape = shape_of(given["input"])
    work = (LOSSES["multilabel_soft_margin_loss"].operations + 1) * elements + _weigh(given, elements)
    return work, math.prod(shape[:-1])


def _lose_directions(given: Given) -> tuple[int, int]:
    """The cosine, and 1 - it, or max(it - margin, 0), as the target says."""
    shape = join_shapes(shape_of(given["input1"]), shape_of(given["input2"]))
    losses = math.prod(shape[:-1])
    return 6 * math.prod(shape) + 2 * losses + 4 * losses, losses


def _lose_distances(given: Given) -> tuple[int, int] | None:
    """Two distances, or three, of which the lesser counts, and max(margin + d - d', 0)."""
    anchor, positive, negative = (shape_of(given[name]) for name in ("anchor", "positive", "negative"))
    pairs = [join_shapes(anchor, positive), join_shapes(anchor, negative)]
    if given.get("swap", False):
        pairs.append(join_shapes(positive, negative))
    losses = math.prod(join_shapes(*pairs)[:-1])
    work = (3 + (len(pairs) == 3)) * losses
    for shape in pairs:
        elements, results = math.prod(shape), math.prod(shape[:-1])
        norms = count_norm(given.get("p", 2.0), elements, results)
        if norms is None:
            return None
        work += 2 * elements + norms
    return work, losses


def lose_given_distances_of(layer: Any, output: Any, anchor: Any, positive: Any, negative: Any) -> int | None:
    """What is made of the distances, which have rows of their own; of a given function's nothing is known."""
    if isinstance(layer, Module):
        names = [child.type for child in layer.children.values()]
    else:
        names = [type(child).__name__ for child in layer._modules.values()]
    if names != ["PairwiseDistance"]:
        return None
    losses = math.prod(join_shapes(*map(shape_of, (anchor, positive, negative)))[:-1])
    return (3 + bool(layer.swap)) * losses + _count_reduction(layer.reduction, losses)


_LEGACY = "size_average, reduce, reduction"
lose_l1 = lose_each("l1_loss", f"input, target, {_LEGACY}, weight", divides_by_weights=True)
lose_squares = lose_each("mse_loss", f"input, target, {_LEGACY}, weight", divides_by_weights=True)
lose_smoothly = lose(f"input, target, {_LEGACY}, beta", _lose_smoothly)
lose_huber = lose_each("huber_loss", "input, target, reduction, delta, weight")
lose_classes = lose(
    "input, target, weight, size_average, ignore_index, reduce, reduction, label_smoothing", _lose_classes
)
lose_mapped_classes = lose("input, linear_weight, target", _lose_mapped_classes)
lose_picked = lose("input, target, weight, size_average, ignore_index, reduce, reduction", _lose_picked)
lose_binary = lose_each("binary_cross_entropy", f"input, target, weight, {_LEGACY}")
lose_logits = lose(f"input, target, weight, {_LEGACY}, pos_weight", _lose_logits)
lose_divergence = lose(f"input, target, {_LEGACY}, log_target", _lose_divergence)
lose_counts = lose("input, target, log_input, full, size_average, eps, reduce, reduction", _lose_counts)
lose_gaussian = lose("input, target, var, full, eps, reduction", _lose_gaussian)
lose_hinges = lose_each("hinge_embedding_loss", f"input, target, margin, {_LEGACY}")
lose_order = lose(f"input1, input2, target, margin, {_LEGACY}", _lose_order)
lose_softly = lose_each("soft_margin_loss", f"input, target, {_LEGACY}")
lose_margins = lose(f"input, target, p, margin, weight, {_LEGACY}", _lose_margins)
lose_labels = lose(f"input, target, weight, {_LEGACY}", _lose_labels)
lose_directions = lose(f"input1, input2, target, margin, {_LEGACY}", _lose_directions)
lose_distances = lose(f"anchor, positive, negative, margin, p, eps, swap, {_LEGACY}", _lose_distances)
lose_given_distances = lose("anchor, positive, negative", _lose_distances)
