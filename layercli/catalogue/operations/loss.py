"""Losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from layercli.catalogue import loss_work, macs, work
from layercli.catalogue.arguments import (
    FLOATS,
    FRACTIONS,
    FULL_FLOATS,
    INTS,
    REAL,
    check_dtype,
    expect_bool,
    expect_dtype,
    expect_fit,
    expect_int,
    expect_number,
    is_plain,
    is_whole,
)
from layercli.catalogue.dtypes import CATEGORIES, can_cast
from layercli.catalogue.entries import FUNCTIONAL, Operation
from layercli.catalogue.operations.linear_algebra import linear, pairwise_distance
from layercli.catalogue.operations.view import broadcast_tensors
from layercli.catalogue.rules import (
    broadcast_shapes,
    check_expandable,
    dense_like,
    elementwise,
    expect_tensor,
    find_dim,
    is_row_major,
    like,
    promote,
    reduce_shape,
    to_floating,
    write_into,
)
from layercli.catalogue.sizes import product
from layercli.catalogue.tensors import AnySize, Tensor, refuse

#: What may become of the losses of all elements.
_REDUCTIONS = ("none", "mean", "sum")


def find_reduction(size_average: Any, reduce: Any, reduction: Any) -> Any:
    """The reduction that the deprecated ``size_average`` and ``reduce`` ask for, where one is given."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is not None and not reduce:
        return "none"
    return "mean" if size_average is None or size_average else "sum"


def reduce_loss(losses: Tensor, reduction: Any, *, others: Sequence[str] = ("elementwise_mean",)) -> Tensor:
    """The losses themselves for "none", else one number without dimensions. Raises Refusal."""
    if not isinstance(reduction, str) or reduction not in (*_REDUCTIONS, *others):
        refuse(f"reduction can't be {reduction!r}", "reduction", "invalid-argument")
    if reduction == "none":
        return losses
    if reduction in ("mean", "elementwise_mean") and CATEGORIES[losses.dtype] < 2:
        refuse(f"has no mean of {losses.dtype}", "reduction", "dtype-mismatch")
    return Tensor("int64" if CATEGORIES[losses.dtype] < 2 else losses.dtype, ())


def _combine(left: Any, right: Any) -> Tensor:
    return elementwise(promote(left, right), left, right)


def _subtract(left: Any, right: Any) -> Tensor:
    for value in (left, right):
        if isinstance(value, Tensor) and value.dtype == "bool":
            refuse(f"subtracts no bools: {value!r}", "target", "dtype-mismatch")
    return _combine(left, right)


def _divide(left: Any, right: Any) -> Tensor:
    return elementwise(to_floating(promote(left, right)), left, right)


def _to_floats(tensor: Tensor) -> Tensor:
    return like(tensor, to_floating(tensor.dtype))


def _sum(tensor: Tensor, dim: int) -> Tensor:
    """The sum over one dimension."""
    place = find_dim(dim, tensor.dim)
    dtype = "int64" if CATEGORIES[tensor.dtype] < 2 else tensor.dtype
    shape = reduce_shape(tensor.shape, (place,), False)
    return Tensor(dtype, shape, "contiguous" if is_row_major(tensor) else None)


def _pair(input: Any, target: Any) -> tuple[Tensor, Tensor]:
    return expect_tensor(input, "input"), expect_tensor(target, "target")


def _same_shape(left: Tensor, right: Tensor) -> bool:
    return left.dim == right.dim and all(a == b for a, b in zip(left.shape, right.shape, strict=True))


def _expect_same_shape(left: Tensor, right: Any, argument: str) -> Tensor:
    other = expect_tensor(right, argument)
    if not _same_shape(left, other):
        refuse(f"expects {argument} of {list(left.shape)} and got {other!r}", argument)
    return other


# Differences -----------------------------------------------------------------------------------------------


def _measure_absolute(input: Tensor, target: Tensor) -> Tensor:
    difference = _subtract(input, target)
    return like(
        difference, {"complex64": "float32", "complex128": "float64"}.get(difference.dtype, difference.dtype)
    )


def _measure_squares(input: Tensor, target: Tensor) -> Tensor:
    check_dtype(promote(input, target), FLOATS, "target")
    return _combine(input, target)


def _multiply_difference(input: Tensor, target: Tensor) -> Tensor:
    return _subtract(input, target)


def _measure_curve(input: Tensor, target: Tensor) -> Tensor:
    """The dtype is the input's, which the kernel writes into."""
    check_dtype(input.dtype, FLOATS, "input", input)
    if not can_cast(promote(input, target), input.dtype):
        refuse(f"gives {input.dtype} and got a target of {target!r}", "target", "dtype-mismatch")
    shape = broadcast_shapes([input.shape, target.shape])
    return Tensor(input.dtype, shape, dense_like(shape, [input]))


_Measure = Callable[[Tensor, Tensor], Tensor]


def _weigh(losses: Tensor, input: Tensor, weight: Any, reduction: Any, *, divided: bool) -> Tensor:
    """Losses times weights; their mean is divided by the sum of the weights, or by the number of losses."""
    weights = _expect_same_shape(input, weight, "weight")
    weighed = _combine(losses, weights)
    if divided and reduction == "mean":
        total = _divide(reduce_loss(weighed, "sum"), reduce_loss(weights, "sum"))
        return Tensor(total.dtype, ())
    return reduce_loss(weighed, reduction, others=())


def measure_l1(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
    weight: Any = None,
) -> Tensor:
    """The common shape, or one number. Source: torch.nn.functional.l1_loss."""
    given, wanted = _pair(input, target)
    asked = find_reduction(size_average, reduce, reduction)
    losses = _measure_absolute(*broadcast_tensors(given, wanted))
    if weight is None:
        return reduce_loss(losses, asked)
    return _weigh(losses, given, weight, asked, divided=True)


def measure_mse(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
    weight: Any = None,
) -> Tensor:
    """The common shape, or one number. Source: torch.nn.functional.mse_loss."""
    given, wanted = _pair(input, target)
    asked = find_reduction(size_average, reduce, reduction)
    if weight is None:
        return reduce_loss(_measure_squares(*broadcast_tensors(given, wanted)), asked)
    difference = _multiply_difference(*broadcast_tensors(given, wanted))
    return _weigh(difference, given, weight, asked, divided=True)


def measure_smooth_l1(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
    beta: Any = 1.0,
) -> Tensor:
    """The common shape, or one number. Source: torch.nn.functional.smooth_l1_loss."""
    given, wanted = _pair(input, target)
    asked = find_reduction(size_average, reduce, reduction)
    expect_number(beta, "beta")
    if is_plain(beta) and beta < 0:
        refuse(f"needs a beta of at least 0, not {beta}", "beta", "invalid-argument")
    measure: _Measure = _measure_absolute if is_plain(beta) and beta == 0 else _measure_squares
    return reduce_loss(measure(*broadcast_tensors(given, wanted)), asked)


def measure_huber(
    input: Any, target: Any, reduction: Any = "mean", delta: Any = 1.0, weight: Any = None
) -> Tensor:
    """The common shape, or one number. Source: torch.nn.functional.huber_loss."""
    given, wanted = _pair(input, target)
    expect_number(delta, "delta")
    if is_plain(delta) and delta <= 0:
        refuse(f"needs a delta above 0, not {delta}", "delta", "invalid-argument")
    losses = _measure_curve(*broadcast_tensors(given, wanted))
    if weight is None:
        return reduce_loss(losses, reduction)
    return _weigh(losses, given, weight, reduction, divided=False)


# Classes ---------------------------------------------------------------------------------------------------


def _check_class_weight(weight: Any, classes: AnySize, dtype: str | None) -> Tensor | None:
    if weight is None:
        return None
    weights = expect_tensor(weight, "weight")
    if weights.dim != 1 or weights.shape[0] != classes:
        refuse(f"expects weight of [{classes}], one for each class, and got {weights!r}", "weight")
    if dtype is not None and weights.dtype != dtype:
        refuse(
            f"expects weight of {dtype}, the input's dtype, and got {weights!r}", "weight", "dtype-mismatch"
        )
    return weights


def _pick_classes(tensor: Tensor, target: Tensor, weight: Any, reduction: Any) -> Tensor:
    """The losses at class indices, (N, C, *) by (N, *). Source: torch.nn.NLLLoss, "Shape"."""
    if tensor.dim < 1:
        refuse(f"expects [N, C, *] or [C] and got {tensor!r}", "input")
    if tensor.dim == 1:
        if target.dim > 1 or (target.dim == 1 and target.shape[0] != 1):
            refuse(f"expects one class index for [C] and got {target!r}", "target")
    else:
        expected = (tensor.shape[0], *tensor.shape[2:])
        if target.dim != len(expected) or any(a != b for a, b in zip(target.shape, expected, strict=True)):
            refuse(f"expects class indices of {list(expected)} and got {target!r} for {tensor!r}", "target")
        if tensor.dim not in (2, 4) and tensor.shape[1] == 0 and target.numel != 0:
            refuse(f"has no classes for {target!r}: {tensor!r}", "target")
    flat = tensor.dim <= 2
    takes = frozenset({"int64", "uint8"} if flat or tensor.numel == 0 else {"int64"})
    check_dtype(target.dtype, takes, "target", target)
    check_dtype(tensor.dtype, FLOATS, "input", tensor)
    _check_class_weight(weight, tensor.shape[0 if tensor.dim == 1 else 1], tensor.dtype)
    return reduce_loss(Tensor(tensor.dtype, () if tensor.dim == 1 else target.shape), reduction)


def pick_classes(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: Any = -100,
    reduce: Any = None,
    reduction: Any = "mean",
) -> Tensor:
    """(N, C, *) by class indices of (N, *) to (N, *), or one number. Source: torch.nn.functional.nll_loss."""
    tensor, classes = _pair(input, target)
    expect_int(ignore_index, "ignore_index")
    return _pick_classes(tensor, classes, weight, find_reduction(size_average, reduce, reduction))


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: Any = -100,
    reduce: Any = None,
    reduction: Any = "mean",
    label_smoothing: Any = 0.0,
) -> Tensor:
    """(N, C, *) by class indices of (N, *), or by shares of each class in the input's shape.

    To (N, *), or one number. Source: torch.nn.functional.cross_entropy.
    """
    tensor, wanted = _pair(input, target)
    asked = find_reduction(size_average, reduce, reduction)
    expect_int(ignore_index, "ignore_index")
    expect_number(label_smoothing, "label_smoothing")
    if is_plain(label_smoothing) and not 0 <= label_smoothing <= 1:
        refuse(
            f"needs label_smoothing from 0 to 1, not {label_smoothing}", "label_smoothing", "invalid-argument"
        )
    if tensor.dim == 0:
        refuse(f"expects [N, C, *] or [C] and got {tensor!r}", "input")
    check_dtype(tensor.dtype, FLOATS, "input", tensor)
    if not _same_shape(tensor, wanted):
        return _pick_classes(tensor, wanted, weight, asked)
    check_dtype(
        wanted.dtype, FLOATS, "target", f"{wanted!r}, which has the input's shape and so holds shares"
    )
    if ignore_index >= 0:
        refuse("takes ignore_index for class indices only", "ignore_index", "invalid-argument")
    place = 0 if tensor.dim == 1 else 1
    weights = _check_class_weight(weight, tensor.shape[place], None)
    losses = _combine(tensor, wanted)
    if weights is not None:
        losses = Tensor(promote(losses, weights), losses.shape, losses.strides)
    return reduce_loss(_sum(losses, place), asked)


def cross_entropy_of_linear(
    input: Any,
    linear_weight: Any,
    target: Any,
    *,
    linear_bias: Any = None,
    weight: Any = None,
    reduction: Any = "mean",
    ignore_index: Any = None,
    label_smoothing: Any = 0.0,
) -> Tensor:
    """(N, in) through a weight of (C, *, in) to (N, *), or one number.

    Source: torch.nn.functional.linear_cross_entropy.
    """
    tensor, filters = expect_tensor(input, "input"), expect_tensor(linear_weight, "linear_weight")
    wanted = expect_tensor(target, "target")
    if tensor.dim not in (1, 2):
        refuse(f"expects [N, in_features] or [in_features] and got {tensor!r}", "input")
    if filters.dim < 2:
        refuse(f"expects a linear_weight of at least 2 dimensions and got {filters!r}", "linear_weight")
    if tensor.shape[-1] != filters.shape[-1]:
        refuse(
            f"expects {filters.shape[-1]} features in the last dimension and got {tensor.shape[-1]}: {tensor!r}",
            "input",
        )
    out = filters.shape[:-1]
    if len(out) > 1 and tensor.dim == 1:
        refuse(f"expects [N, {filters.shape[-1]}] for a weight of {filters!r} and got {tensor!r}", "input")
    offset = None
    if linear_bias is not None:
        offset = expect_tensor(linear_bias, "linear_bias")
        if offset.dim != len(out) or any(a != b for a, b in zip(offset.shape, out, strict=True)):
            refuse(f"expects linear_bias of {list(out)} and got {offset!r}", "linear_bias")
        offset = Tensor(offset.dtype, (product(out),))
    shape = (*tensor.shape[:-1], *out)
    logits = linear(tensor, Tensor(filters.dtype, (product(out), filters.shape[-1])), offset)
    shares = wanted.dim == len(shape) and all(a == b for a, b in zip(wanted.shape, shape, strict=True))
    if shares and ignore_index is not None:
        refuse("takes ignore_index for class indices only", "ignore_index", "invalid-argument")
    if is_plain(label_smoothing) and label_smoothing < 0:
        # Only the layer refuses it.
        label_smoothing = 0.0
    return cross_entropy(
        Tensor(logits.dtype, shape),
        wanted,
        weight=weight,
        reduction=reduction,
        ignore_index=-100 if ignore_index is None else ignore_index,
        label_smoothing=label_smoothing,
    )


def _check_samples(tensor: Tensor) -> tuple[AnySize, AnySize]:
    """How many samples and classes [N, C] or [C] has. Raises Refusal."""
    if tensor.dim > 2 or (tensor.dim > 0 and tensor.shape[-1] == 0):
        refuse(f"expects [N, C] or [C] with at least one class and got {tensor!r}", "input")
    return (tensor.shape[0] if tensor.dim == 2 else 1), (tensor.shape[-1] if tensor.dim else 1)


def measure_margins(
    input: Any,
    target: Any,
    p: Any = 1,
    margin: Any = 1.0,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
) -> Tensor:
    """(N, C) by class indices of (N) to (N), or one number. Source: torch.nn.functional.multi_margin_loss."""
    tensor, classes = _pair(input, target)
    if is_plain(expect_number(p, "p")) and p not in (1, 2):
        refuse(f"needs 1 or 2 as p, not {p!r}", "p", "invalid-argument")
    expect_number(margin, "margin")
    samples, count = _check_samples(tensor)
    if classes.dim > 1 or classes.numel != samples:
        refuse(f"expects class indices of [{samples}] and got {classes!r} for {tensor!r}", "target")
    weights = _check_class_weight(weight, count, None)
    losses = Tensor(tensor.dtype, (samples,) if classes.dim else ())
    result = reduce_loss(losses, find_reduction(size_average, reduce, reduction))
    if tensor.numel != 0:
        check_dtype(tensor.dtype, FULL_FLOATS, "input", tensor)
        check_dtype(classes.dtype, frozenset({"int64"}), "target", classes)
        if weights is not None and weights.dtype != tensor.dtype:
            refuse(f"expects weight of {tensor.dtype} and got {weights!r}", "weight", "dtype-mismatch")
    return result


def measure_label_margins(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: Any = "mean"
) -> Tensor:
    """(N, C) by class indices of (N, C) to (N), or one number. Source: torch.nn.functional.multilabel_margin_loss."""
    tensor, classes = _pair(input, target)
    samples, count = _check_samples(tensor)
    if (classes.dim > 1 or classes.numel != count) if tensor.dim < 2 else not _same_shape(tensor, classes):
        refuse(f"expects class indices of {list(tensor.shape)} and got {classes!r}", "target")
    losses = Tensor(tensor.dtype, (samples,) if classes.dim == 2 else ())
    result = reduce_loss(losses, find_reduction(size_average, reduce, reduction))
    if tensor.numel != 0:
        check_dtype(tensor.dtype, FULL_FLOATS, "input", tensor)
        check_dtype(classes.dtype, frozenset({"int64"}), "target", classes)
    return result


# Probabilities ---------------------------------------------------------------------------------------------


def measure_binary(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
) -> Tensor:
    """The input's shape, which the target has, too, or one number.

    Source: torch.nn.functional.binary_cross_entropy.
    """
    given, wanted = _pair(input, target)
    _expect_same_shape(given, wanted, "target")
    check_dtype(given.dtype, FLOATS, "input", given)
    if wanted.dtype != given.dtype:
        refuse(f"expects a target of {given.dtype} and got {wanted!r}", "target", "dtype-mismatch")
    losses = elementwise(given.dtype, given, wanted)
    if weight is not None:
        losses = write_into(losses, _combine(losses, expect_tensor(weight, "weight")))
    return reduce_loss(losses, find_reduction(size_average, reduce, reduction))


def measure_binary_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """The input's shape, which the target has, too, or one number.

    Source: torch.nn.functional.binary_cross_entropy_with_logits.
    """
    given, wanted = _pair(input, target)
    _expect_same_shape(given, wanted, "target")
    check_dtype(given.dtype, FLOATS, "input", given)
    losses = _subtract(1, wanted)
    losses = write_into(losses, _combine(losses, given))
    logarithm: Tensor = like(given)
    if pos_weight is not None:
        factor = _subtract(expect_tensor(pos_weight, "pos_weight"), 1)
        logarithm = _combine(_combine(factor, wanted), logarithm)
    losses = write_into(losses, _subtract(losses, logarithm))
    if weight is not None:
        losses = write_into(losses, _combine(losses, expect_tensor(weight, "weight")))
    return reduce_loss(losses, find_reduction(size_average, reduce, reduction))


def measure_labels(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
) -> Tensor:
    """(*, C) to (*), or one number. Source: torch.nn.functional.multilabel_soft_margin_loss."""
    given, wanted = _pair(input, Tensor("int64", ()) if is_plain(target) else target)
    check_dtype(given.dtype, FLOATS, "input", given)
    other = _combine(_subtract(1, wanted), given)
    losses = _combine(_combine(wanted, given), other)
    if weight is not None:
        losses = _combine(losses, weight if is_plain(weight) else expect_tensor(weight, "weight"))
    if given.dim == 0:
        refuse(f"expects classes in the last dimension and got {given!r}", "input")
    losses = _to_floats(_sum(losses, given.dim - 1))
    return reduce_loss(losses, find_reduction(size_average, reduce, reduction), others=())


def measure_divergence(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
    log_target: Any = False,
) -> Tensor:
    """The common shape, or one number. Source: torch.nn.functional.kl_div."""
    expect_bool(log_target, "log_target")
    given, wanted = _pair(input, target)
    check_dtype(given.dtype, FLOATS, "input", given)
    check_dtype(wanted.dtype, FLOATS, "target", wanted)
    asked = find_reduction(size_average, reduce, reduction)
    return reduce_loss(_combine(wanted, given), asked, others=("elementwise_mean", "batchmean"))


def measure_counts(
    input: Any,
    target: Any,
    log_input: Any = True,
    full: Any = False,
    size_average: Any = None,
    eps: Any = 1e-08,
    reduce: Any = None,
    reduction: Any = "mean",
) -> Tensor:
    """The common shape, or one number. Source: torch.nn.functional.poisson_nll_loss."""
    given, wanted = _pair(input, target)
    expect_bool(full, "full")
    expect_number(eps, "eps")
    if expect_bool(log_input, "log_input"):
        losses = _subtract(_to_floats(given), _combine(wanted, given))
    else:
        losses = _subtract(given, _combine(wanted, _to_floats(given)))
    if full:
        # Stirling's term stands only where the target is above 1, which complex numbers aren't.
        term = _subtract(_combine(wanted, _to_floats(wanted)), wanted)
        check_dtype(wanted.dtype, REAL, "target", wanted)
        losses = write_into(losses, _combine(losses, term))
    return reduce_loss(losses, find_reduction(size_average, reduce, reduction), others=())


def measure_gaussian(
    input: Any, target: Any, var: Any, full: Any = False, eps: Any = 1e-06, reduction: Any = "mean"
) -> Tensor:
    """The common shape, or one number; ``var`` has the input's shape, or 1 in one dimension, or lacks the last.

    Source: torch.nn.functional.gaussian_nll_loss.
    """
    given = expect_tensor(input, "input")
    # A plain number is subtracted like any other.
    wanted = target if is_plain(target) else expect_tensor(target, "target")
    if isinstance(target, bool):
        refuse("subtracts no bools", "target", "dtype-mismatch")
    if isinstance(var, float) and var < 0:
        refuse(f"needs var of 0 or more, not {var}", "var", "invalid-argument")
    variance = like(given, promote(given, var)) if isinstance(var, float) else expect_dtype(var, REAL, "var")
    expect_number(eps, "eps", learned=True)
    if not _same_shape(variance, given):
        own = zip(given.shape, variance.shape, strict=False)
        if variance.dim == given.dim - 1 and all(a == b for a, b in own):
            strides = None if variance.strides is None else (*variance.strides, 1)
            variance = Tensor(variance.dtype, (*variance.shape, 1), strides)
        elif variance.dim != given.dim or _sum_differing(given, variance) != 1:
            refuse(f"expects var of {list(given.shape)}, or 1 in one dimension, and got {variance!r}", "var")
    if not can_cast(promote(variance, eps), variance.dtype):
        refuse(f"expects var of floats and got {variance!r}", "var", "dtype-mismatch")
    losses = _combine(_to_floats(variance), _divide(_subtract(given, wanted), variance))
    return reduce_loss(losses, reduction, others=())


def _sum_differing(left: Tensor, right: Tensor) -> AnySize:
    total: AnySize = 0
    for size, other in zip(left.shape, right.shape, strict=True):
        if size != other:
            total = total + other
    return total


def align_labels(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: Any = 0,
    reduction: Any = "mean",
    zero_infinity: Any = False,
) -> Tensor:
    """(T, N, C) by labels of (N, S), or all in a row, to (N), or one number.

    Source: torch.nn.functional.ctc_loss.
    """
    expect_bool(zero_infinity, "zero_infinity")
    tensor = expect_dtype(log_probs, FULL_FLOATS, "log_probs")
    labels = expect_dtype(targets, frozenset({"int64", "int32"}), "targets")
    if tensor.dim not in (2, 3):
        refuse(f"expects [T, N, C] or [T, C] and got {tensor!r}", "log_probs")
    if tensor.numel == 0:
        refuse(f"needs elements in log_probs and got {tensor!r}", "log_probs")
    samples = tensor.shape[1] if tensor.dim == 3 else 1
    for name, lengths in (("input_lengths", input_lengths), ("target_lengths", target_lengths)):
        if isinstance(lengths, Tensor):
            check_dtype(lengths.dtype, INTS, name, lengths)
            count = lengths.numel
        else:
            if not isinstance(lengths, (tuple, list)) or not all(is_whole(item) for item in lengths):
                refuse(f"needs a tensor or tuple of ints as {name}, not {lengths!r}", name, "wrong-kind")
            count = len(lengths)
        if count != samples:
            refuse(f"expects {samples} {name} and got {count}", name)
    if labels.dim not in (1, 2) or (labels.dim == 2 and labels.shape[0] != samples):
        refuse(f"expects targets of [{samples}, S] and got {labels!r}", "targets")
    _check_lengths(tensor, labels, input_lengths, target_lengths)
    if not 0 <= expect_int(blank, "blank") < tensor.shape[-1]:
        refuse(f"needs a blank among {tensor.shape[-1]} classes, not {blank}", "blank", "invalid-argument")
    return reduce_loss(Tensor(tensor.dtype, (samples,) if tensor.dim == 3 else ()), reduction)


def _check_lengths(log_probs: Tensor, labels: Tensor, input_lengths: Any, target_lengths: Any) -> None:
    """Lengths that are plain ints fit the steps and the labels. Raises Refusal."""
    if not isinstance(target_lengths, Tensor):
        if any(length < 0 for length in target_lengths):
            refuse(f"needs lengths of 0 or more, not {list(target_lengths)}", "target_lengths")
        most = max((0, *target_lengths))
        if labels.dim == 2 and labels.shape[1] < most:
            refuse(f"expects {most} labels or more in a row and got {labels!r}", "targets")
        if labels.dim == 1 and labels.shape[0] != sum(target_lengths):
            refuse(f"expects {sum(target_lengths)} labels in all and got {labels!r}", "targets")
    if not isinstance(input_lengths, Tensor):
        for length in input_lengths:
            if not 0 <= length <= log_probs.shape[0]:
                refuse(f"needs lengths from 0 to {log_probs.shape[0]}, not {length}", "input_lengths")


# Pairs and triplets ----------------------------------------------------------------------------------------


def measure_hinge(
    input: Any,
    target: Any,
    margin: Any = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
) -> Tensor:
    """The common shape, or one number. Source: torch.nn.functional.hinge_embedding_loss."""
    given, wanted = _pair(input, target)
    check_dtype(given.dtype, INTS | FLOATS, "input", given)
    expect_number(margin, "margin")
    if is_plain(margin):
        expect_fit(float(margin), given.dtype, "margin")
    losses = elementwise(given.dtype, wanted, given)
    return reduce_loss(losses, find_reduction(size_average, reduce, reduction))


def measure_soft_margin(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: Any = "mean"
) -> Tensor:
    """The input's shape, or one number. Source: torch.nn.functional.soft_margin_loss."""
    given, wanted = _pair(input, target)
    check_dtype(given.dtype, FRACTIONS, "input", given)
    check_expandable(wanted, given.shape, "target")
    if not can_cast(promote(given, wanted), given.dtype):
        refuse(f"gives {given.dtype} and got a target of {wanted!r}", "target", "dtype-mismatch")
    losses = elementwise(given.dtype, given, wanted)
    return reduce_loss(losses, find_reduction(size_average, reduce, reduction))


def _expect_one_dim(*tensors: tuple[str, Tensor]) -> None:
    if len({tensor.dim for _, tensor in tensors}) > 1:
        shown = ", ".join(f"{name} {tensor!r}" for name, tensor in tensors)
        refuse(f"expects tensors of one number of dimensions and got {shown}", tensors[-1][0])


def compare_pair(
    input1: Any,
    input2: Any,
    target: Any,
    margin: Any = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
) -> Tensor:
    """The common shape, or one number. Source: torch.nn.functional.margin_ranking_loss."""
    first, second = expect_tensor(input1, "input1"), expect_tensor(input2, "input2")
    wanted = expect_tensor(target, "target")
    expect_number(margin, "margin")
    _expect_one_dim(("input1", first), ("input2", second), ("target", wanted))
    if wanted.dtype == "bool":
        refuse(f"negates no bools: {wanted!r}", "target", "dtype-mismatch")
    losses = _to_floats(_combine(wanted, _subtract(first, second)))
    check_dtype(losses.dtype, FLOATS, "input1")
    return reduce_loss(losses, find_reduction(size_average, reduce, reduction))


def compare_directions(
    input1: Any,
    input2: Any,
    target: Any,
    margin: Any = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
) -> Tensor:
    """(N, M) twice, or (M), by a target of (N), or (). Source: torch.nn.functional.cosine_embedding_loss."""
    first, second = expect_dtype(input1, REAL, "input1"), expect_dtype(input2, REAL, "input2")
    wanted = expect_tensor(target, "target")
    expect_number(margin, "margin")
    if wanted.dim > 1:
        refuse(f"expects a target of [N] or [] and got {wanted!r}", "target")
    for name, tensor in (("input1", first), ("input2", second)):
        if tensor.dim != wanted.dim + 1:
            refuse(f"expects {wanted.dim + 1} dimensions for a target of {wanted!r} and got {tensor!r}", name)
    products = _sum(_combine(first, second), wanted.dim)
    lengths = [_to_floats(_sum(tensor, wanted.dim)) for tensor in (first, second)]
    cosines = _divide(products, _combine(*lengths))
    losses = elementwise(cosines.dtype, wanted, cosines)
    return reduce_loss(losses, find_reduction(size_average, reduce, reduction))


def _expect_margin(margin: Any) -> None:
    expect_number(margin, "margin", learned=True)
    if is_plain(margin) and margin <= 0:
        refuse(f"margin must be greater than 0, got {margin}", "margin", "invalid-argument")


def compare_triplet(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    measure: Callable[[Tensor, Tensor], Any],
    *,
    margin: Any,
    swap: Any,
) -> Tensor:
    """The losses of all triplets by a distance, without a reduction. Raises Refusal."""
    _expect_margin(margin)
    _expect_one_dim(("anchor", anchor), ("positive", positive), ("negative", negative))
    near = expect_tensor(measure(anchor, positive), "distance_function")
    far = expect_tensor(measure(anchor, negative), "distance_function")
    if swap:
        other = expect_tensor(measure(positive, negative), "distance_function")
        check_dtype(promote(far, other), REAL, "distance_function")
        far = _combine(far, other)
    losses = _subtract(_combine(near, float(margin) if is_plain(margin) else margin), far)
    check_dtype(losses.dtype, REAL, "distance_function")
    return losses


def compare_distances(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: Any = 1.0,
    p: Any = 2,
    eps: Any = 1e-06,
    swap: Any = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: Any = "mean",
) -> Tensor:
    """(*, D) three times to (*), or one number. Source: torch.nn.functional.triplet_margin_loss."""
    expect_number(margin, "margin")
    expect_number(p, "p")
    expect_number(eps, "eps")
    expect_bool(swap, "swap")
    losses = compare_triplet(
        expect_tensor(anchor, "anchor"),
        expect_tensor(positive, "positive"),
        expect_tensor(negative, "negative"),
        lambda left, right: pairwise_distance(left, right, float(p) if is_plain(p) else p, eps),
        margin=margin,
        swap=swap,
    )
    return reduce_loss(losses, find_reduction(size_average, reduce, reduction))


def compare_euclidean(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: Any = 1.0,
    swap: Any = False,
    reduction: Any = "mean",
) -> Tensor:
    """(*, D) three times to (*), or one number. Source: torch.nn.functional.triplet_margin_with_distance_loss."""
    losses = compare_triplet(
        expect_tensor(anchor, "anchor"),
        expect_tensor(positive, "positive"),
        expect_tensor(negative, "negative"),
        pairwise_distance,
        margin=margin,
        swap=swap,
    )
    return reduce_loss(losses, reduction, others=())


OPERATIONS = (
    Operation(
        "l1_loss",
        "input, target, size_average=None, reduce=None, reduction='mean', weight=None",
        "The absolute difference.",
        FUNCTIONAL,
        rule=measure_l1,
        work=loss_work.lose_l1,
    ),
    Operation(
        "mse_loss",
        "input, target, size_average=None, reduce=None, reduction='mean', weight=None",
        "The squared difference.",
        FUNCTIONAL,
        rule=measure_mse,
        work=loss_work.lose_squares,
    ),
    Operation(
        "smooth_l1_loss",
        "input, target, size_average=None, reduce=None, reduction='mean', beta=1.0",
        "The squared difference below `beta`, the absolute one above.",
        FUNCTIONAL,
        rule=measure_smooth_l1,
        work=loss_work.lose_smoothly,
    ),
    Operation(
        "huber_loss",
        "input, target, reduction='mean', delta=1.0, weight=None",
        "The squared difference below `delta`, delta times the absolute one above.",
        FUNCTIONAL,
        rule=measure_huber,
        work=loss_work.lose_huber,
    ),
    Operation(
        "cross_entropy",
        "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', "
        "label_smoothing=0.0",
        "The negative logarithm of softmax at the target class, or against class shares.",
        FUNCTIONAL,
        rule=cross_entropy,
        work=loss_work.lose_classes,
    ),
    Operation(
        "linear_cross_entropy",
        "input, linear_weight, target, *, linear_bias=None, weight=None, reduction='mean', ignore_index=None, "
        "label_smoothing=0.0",
        "The cross entropy of a linear layer's output.",
        FUNCTIONAL,
        rule=cross_entropy_of_linear,
        macs=macs.score_classes,
        work=loss_work.lose_mapped_classes,
    ),
    Operation(
        "nll_loss",
        "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'",
        "The negative of the log-probability at the target class.",
        FUNCTIONAL,
        rule=pick_classes,
        work=loss_work.lose_picked,
    ),
    Operation(
        "binary_cross_entropy",
        "input, target, weight=None, size_average=None, reduce=None, reduction='mean'",
        "The cross entropy of a probability and a target from 0 to 1.",
        FUNCTIONAL,
        rule=measure_binary,
        work=loss_work.lose_binary,
    ),
    Operation(
        "binary_cross_entropy_with_logits",
        "input, target, weight=None, size_average=None, reduce=None, reduction='mean', pos_weight=None",
        "The cross entropy of a logit's sigmoid and a target from 0 to 1.",
        FUNCTIONAL,
        rule=measure_binary_logits,
        work=loss_work.lose_logits,
    ),
    Operation(
        "kl_div",
        "input, target, size_average=None, reduce=None, reduction='mean', log_target=False",
        "The Kullback-Leibler divergence of log-probabilities from a target distribution.",
        FUNCTIONAL,
        rule=measure_divergence,
        work=loss_work.lose_divergence,
    ),
    Operation(
        "poisson_nll_loss",
        "input, target, log_input=True, full=False, size_average=None, eps=1e-08, reduce=None, "
        "reduction='mean'",
        "The negative log-likelihood of counts with a Poisson rate.",
        FUNCTIONAL,
        rule=measure_counts,
        work=loss_work.lose_counts,
    ),
    Operation(
        "gaussian_nll_loss",
        "input, target, var, full=False, eps=1e-06, reduction='mean'",
        "The negative log-likelihood of targets with a normal distribution.",
        FUNCTIONAL,
        rule=measure_gaussian,
        work=loss_work.lose_gaussian,
    ),
    Operation(
        "ctc_loss",
        "log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', zero_infinity=False",
        "Connectionist temporal classification: the negative log-probability of all alignments.",
        FUNCTIONAL,
        rule=align_labels,
        work=work.leave_unknown,
    ),
    Operation(
        "hinge_embedding_loss",
        "input, target, margin=1.0, size_average=None, reduce=None, reduction='mean'",
        "The distance where the target is 1, max(0, margin - distance) where it is -1.",
        FUNCTIONAL,
        rule=measure_hinge,
        work=loss_work.lose_hinges,
    ),
    Operation(
        "margin_ranking_loss",
        "input1, input2, target, margin=0, size_average=None, reduce=None, reduction='mean'",
        "max(0, margin - target * (input1 - input2)).",
        FUNCTIONAL,
        rule=compare_pair,
        work=loss_work.lose_order,
    ),
    Operation(
        "soft_margin_loss",
        "input, target, size_average=None, reduce=None, reduction='mean'",
        "log(1 + exp(-target * input)).",
        FUNCTIONAL,
        rule=measure_soft_margin,
        work=loss_work.lose_softly,
    ),
    Operation(
        "multi_margin_loss",
        "input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction='mean'",
        "The hinge loss of every other class against the target class.",
        FUNCTIONAL,
        rule=measure_margins,
        work=loss_work.lose_margins,
    ),
    Operation(
        "multilabel_margin_loss",
        "input, target, size_average=None, reduce=None, reduction='mean'",
        "The hinge loss of every other class against each target class.",
        FUNCTIONAL,
        rule=measure_label_margins,
        work=work.leave_unknown,
    ),
    Operation(
        "multilabel_soft_margin_loss",
        "input, target, weight=None, size_average=None, reduce=None, reduction='mean'",
        "The mean over the classes of the cross entropy of each class on its own.",
        FUNCTIONAL,
        rule=measure_labels,
        work=loss_work.lose_labels,
    ),
    Operation(
        "cosine_embedding_loss",
        "input1, input2, target, margin=0, size_average=None, reduce=None, reduction='mean'",
        "1 - cosine where the target is 1, max(0, cosine - margin) where it is -1.",
        FUNCTIONAL,
        rule=compare_directions,
        work=loss_work.lose_directions,
    ),
    Operation(
        "triplet_margin_loss",
        "anchor, positive, negative, margin=1.0, p=2, eps=1e-06, swap=False, size_average=None, reduce=None, "
        "reduction='mean'",
        "max(0, distance to the positive - distance to the negative + margin).",
        FUNCTIONAL,
        rule=compare_distances,
        work=loss_work.lose_distances,
    ),
    Operation(
        "triplet_margin_with_distance_loss",
        "anchor, positive, negative, *, margin=1.0, swap=False, reduction='mean'",
        "The triplet loss with the Euclidean distance.",
        FUNCTIONAL,
        rule=compare_euclidean,
        macs=macs.measure_by,
        work=loss_work.lose_given_distances,
    ),
)
