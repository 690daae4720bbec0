"""Work beside multiply-adds: how many floating-point operations one call takes besides (docs/counting.md).

A formula is called as those of MACs are, with the result and what the call was given, a layer's with the layer
first, and all it reads is shapes, arguments and modes, at the trace's sizes. It gives None where the number isn't known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeAlias

from layercli.catalogue.dtypes import CATEGORIES
from layercli.catalogue.macs import has_added_key, leave_unknown, take_none, widen
from layercli.catalogue.modules import Child, Module
from layercli.catalogue.narration import count_by
from layercli.catalogue.sizes import as_int, is_symbolic
from layercli.record import record

__all__ = ["Work", "leave_unknown", "take_none"]

Work: TypeAlias = "Callable[..., int | None]"

_INTEGER, _FLOATING, _COMPLEX = 1, 2, 3


# What is counted ---------------------------------------------------------------------------------------------


def _rank(value: Any) -> int:
    """The greatest category of dtypes among the tensors in a value, 0 without any."""
    if isinstance(value, (tuple, list)):
        return max(map(_rank, value), default=0)
    if isinstance(value, dict):
        return max(map(_rank, value.values()), default=0)
    dtype = getattr(value, "dtype", None)
    return 0 if dtype is None else CATEGORIES.get(str(dtype).removeprefix("torch."), _FLOATING)


def find_arithmetic(values: Iterable[Any]) -> Literal["integer", "floating", "complex"]:
    """What a call computes with: floating-point numbers where a tensor that goes in or comes out has them."""
    rank = max(map(_rank, values))
    return "complex" if rank == _COMPLEX else "floating" if rank == _FLOATING else "integer"


def shape_of(tensor: Any) -> tuple[int, ...]:
    return tuple(map(as_int, tensor.shape))


def count_of(tensor: Any) -> int:
    """The number of elements."""
    return math.prod(shape_of(tensor))


def _first(output: Any) -> Any:
    """A result, or the first of several."""
    return output[0] if isinstance(output, (tuple, list)) else output


def is_floating(tensor: Any) -> bool:
    return _rank(tensor) == _FLOATING


def join_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that several broadcast to."""
    joined: tuple[int, ...] = ()
    for shape in shapes:
        joined = tuple(map(as_int, widen(joined, tuple(shape))))
    return joined


def spread(*tensors: Any) -> int:
    """The number of elements of the shape that tensors broadcast to."""
    return math.prod(join_shapes(*map(shape_of, tensors)))


def holds(layer: Any, name: str) -> bool:
    """Whether a layer has a parameter or buffer of this name, wrapped or not."""
    if isinstance(layer, Module):
        return name in layer.tensors or name in layer.computed
    wrapped = layer._modules.get("parametrizations")
    held = (layer._parameters.get(name), layer._buffers.get(name))
    return any(tensor is not None for tensor in held) or (wrapped is not None and name in wrapped)


def through(formula: Work, *names: str, training: bool = False) -> Work:
    """The formula of a layer that is an operation's, called with these of the layer's arguments by name.

    With ``training`` it is told the layer's mode, too.
    """

    def count(layer: Any, output: Any, *inputs: Any, **keywords: Any) -> int | None:
        given = {name: getattr(layer, name) for name in names}
        if training:
            given["training"] = layer.training
        return formula(output, *inputs, **given, **keywords)

    return count


# Each element on its own -------------------------------------------------------------------------------------


@record(slots=True)
class Each:
    """So many operations for each element of the result as ``text`` has, a formula in Python's notation.

    Single small letters are values of tensors, and longer names are numbers that are the same for all elements; what has
    none of the former costs nothing. Every operator, comparison and function is one operation, but for ``where``, which
    chooses, and those of truth values, ``& | ~``.
    """

    text: str

    @property
    def operations(self) -> int:
        """The number of operations for one element."""
        return count_operations(self.text)

    def __call__(self, output: Any, *_: Any, **__: Any) -> int:
        return self.operations * count_of(_first(output))


@cache
def count_operations(text: str) -> int:
    """The operations of a formula for one element. Raises SyntaxError."""
    import ast

    def count(node: ast.AST) -> tuple[int, bool]:
        """The operations in a node, and whether it is a value of a tensor."""
        if isinstance(node, ast.Name):
            return 0, len(node.id) == 1
        parts = [count(part) for part in ast.iter_child_nodes(node)]
        if isinstance(node, ast.Call):
            parts = parts[1:]
        varies = any(part for _, part in parts)
        inside = sum(number for number, _ in parts)
        return inside + (varies and _is_operation(node)), varies

    return count(ast.parse(text, mode="eval").body)[0]


def _is_operation(node: Any) -> bool:
    kind = type(node).__name__
    if kind == "Call":
        return bool(node.func.id != "where")
    if kind in ("BinOp", "UnaryOp"):
        return type(node.op).__name__ not in ("BitAnd", "BitOr", "Invert")
    return kind == "Compare"


def add_scaled(output: Any, input: Any, other: Any, *, alpha: Any = 1) -> int:
    """x + y, or x + alpha * y."""
    return count_of(output) * (1 if alpha == 1 else 2)


def add_two_scaled(output: Any, *_: Any, value: Any = 1) -> int:
    """x + y * z, or x + value * y * z, and likewise divided."""
    return count_of(output) * (2 if value == 1 else 3)


def divide(output: Any, *_: Any, rounding_mode: Any = None) -> int:
    """x / y, and rounded."""
    return count_of(output) * (1 if rounding_mode is None else 2)


def round_off(output: Any, *_: Any, decimals: Any = 0) -> int:
    """round(x), or round(x * c) / c."""
    return count_of(output) * (1 if decimals == 0 else 3)


def clamp(output: Any, input: Any, min: Any = None, max: Any = None) -> int:
    """A comparison with each bound."""
    return count_of(output) * sum(bound is not None for bound in (min, max))


def take_logit(output: Any, input: Any, eps: Any = None) -> int:
    """log(x / (1 - x)), and two comparisons where ``eps`` bounds it."""
    return count_of(output) * (3 if eps is None else 5)


def sum_gammas(output: Any, input: Any, p: Any) -> int:
    """p terms lgamma(x + c), their sum, and a constant."""
    return count_of(output) * 3 * as_int(p)


#: The curves of activations, by the functions' names.
CURVES: Mapping[str, Each] = {
    "relu": Each("max(x, 0)"),
    "relu6": Each("min(max(x, 0), 6)"),
    "leaky_relu": Each("where(x > 0, x, negative_slope * x)"),
    "prelu": Each("where(x > 0, x, w * x)"),
    "elu": Each("where(x > 0, x, alpha * (exp(x) - 1))"),
    "celu": Each("where(x > 0, x, alpha * (exp(x / alpha) - 1))"),
    "selu": Each("scale * where(x > 0, x, alpha * (exp(x) - 1))"),
    "silu": Each("x / (1 + exp(-x))"),
    "mish": Each("x * tanh(log(1 + exp(x)))"),
    "glu": Each("x / (1 + exp(-y))"),
    "sigmoid": Each("1 / (1 + exp(-x))"),
    "logsigmoid": Each("-log(1 + exp(-x))"),
    "hardsigmoid": Each("min(max(x + 3, 0), 6) / 6"),
    "hardswish": Each("x * min(max(x + 3, 0), 6) / 6"),
    "tanh": Each("tanh(x)"),
    "tanhshrink": Each("x - tanh(x)"),
    "hardtanh": Each("min(max(x, min_val), max_val)"),
    "threshold": Each("where(x > threshold, x, value)"),
    "hardshrink": Each("where(abs(x) > lambd, x, 0)"),
    "softshrink": Each("where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0))"),
    "softplus": Each("where((t := beta * x) > threshold, x, log(1 + exp(t)) / beta)"),
    "softsign": Each("x / (1 + abs(x))"),
}

GELUS: Mapping[str, Each] = {
    "none": Each("0.5 * x * (1 + erf(x / sqrt(2)))"),
    "tanh": Each("0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3)))"),
}

#: In training the slope is drawn from between the bounds.
RRELUS: Mapping[bool, Each] = {
    False: Each("where(x >= 0, x, slope * x)"),
    True: Each("where(x >= 0, x, (lower + range * u) * x)"),
}


def bend(output: Any, input: Any, *, approximate: Any = "none") -> int:
    """gelu, by one of two formulas."""
    return GELUS[approximate](output)


def leak_randomly(
    output: Any, input: Any, lower: Any = None, upper: Any = None, training: Any = False, inplace: Any = False
) -> int:
    """rrelu, with slopes that are drawn in training."""
    return RRELUS[bool(training)](output)


# Along one dimension -----------------------------------------------------------------------------------------


def _length_along(shape: Sequence[int], dim: Any) -> int:
    return shape[as_int(dim)] if shape else 1


def _choose_softmax_dim(shape: Sequence[int], dim: Any) -> Any:
    """The dimension that softmax takes where none is given."""
    return dim if dim is not None else 0 if len(shape) in (0, 1, 3) else 1


def _count_softmax(rows: int, length: int) -> int:
    """The greatest, the differences to it, their exponentials, the sum of these and the quotients."""
    return rows * (5 * length - 2) if length else 0


def count_log_softmax(rows: int, length: int) -> int:
    """The greatest, the differences to it, their exponentials, the sum of these, its logarithm and the differences."""
    return rows * (5 * length - 1) if length else 0


def _soft(count_rows: Callable[[int, int], int], before: int = 0) -> Work:
    def count(output: Any, input: Any, dim: Any = None, **_: Any) -> int:
        shape = shape_of(input)
        length = _length_along(shape, _choose_softmax_dim(shape, dim))
        rows = math.prod(shape) // length if length else 0
        return count_rows(rows, length) + before * rows * length

    return count


#: softmax, log_softmax, and softmin, which turns the signs first.
share = _soft(_count_softmax)
share_logarithmically = _soft(count_log_softmax)
share_least = _soft(_count_softmax, before=1)


def share_channels(output: Any, input: Any) -> int:
    """softmax of the channels of an image."""
    return share(output, input, -3) or 0


def share_randomly(
    output: Any, logits: Any, tau: Any = 1, hard: Any = False, eps: Any = 1e-10, dim: Any = -1
) -> int:
    """softmax((x - log(-log(u) / 1)) / tau); a hard one takes the greatest of it, and twice a difference."""
    shape = shape_of(logits)
    length = _length_along(shape, dim)
    rows = math.prod(shape) // length if length else 0
    total = 7 * rows * length + _count_softmax(rows, length)
    return total + (rows * (length - 1) + 2 * rows * length if hard and length else 0)


def reduce_each(before: int = 0, after: int = 0, *, passes: int = 1) -> Work:
    """n - 1 operations for each result that is made of n elements, ``passes`` times.

    Besides ``before`` for each element and ``after`` for each result.
    """

    def count(output: Any, input: Any, *_: Any, **__: Any) -> int:
        elements, results = count_of(input), count_of(_first(output))
        return before * elements + passes * max(elements - results, 0) + after * results

    return count


def find_extreme(output: Any, input: Any, dim: Any = None, keepdim: Any = False, *, other: Any = None) -> int:
    """max and min: of one tensor, or of two element by element."""
    pair = other if other is not None else dim
    if hasattr(pair, "shape"):
        return count_of(output)
    return max(count_of(input) - count_of(_first(output)), 0)


def count_norm(p: Any, elements: int, results: int) -> int | None:
    """A p-norm: powers, sums and roots."""
    summed = max(elements - results, 0)
    if p in (None, "fro", 2):
        return elements + summed + results
    if p == "nuc":
        return None
    if p in (0, 1, math.inf, -math.inf):
        return elements + summed
    return 2 * elements + summed + results


def measure_norm(
    output: Any, input: Any, p: Any = "fro", dim: Any = None, keepdim: Any = False, dtype: Any = None
) -> int | None:
    """A p-norm over dimensions."""
    return count_norm(p, count_of(input), count_of(output))


def limit_norms(output: Any, input: Any, p: Any, dim: Any, maxnorm: Any) -> int | None:
    """The norm of each slice, its comparison with the greatest, their quotient and what is multiplied by it."""
    slices = _length_along(shape_of(input), dim)
    norms = count_norm(p, count_of(input), slices)
    return None if norms is None else norms + 3 * slices + count_of(input)


def measure_difference(output: Any, input: Any, other: Any, p: Any = 2) -> int | None:
    """The norm of x - y."""
    elements = spread(input, other)
    norm = count_norm(p, elements, 1)
    return None if norm is None else elements + norm


def sum_diagonal(output: Any, input: Any) -> int:
    """The sum of a diagonal."""
    return max(min(shape_of(input)) - 1, 0)


def covary(
    output: Any, input: Any, *, correction: Any = 1, fweights: Any = None, aweights: Any = None
) -> int | None:
    """Means and differences to them, and the quotients of the products; with weights not known."""
    if fweights is not None or aweights is not None:
        return None
    return 2 * count_of(input) + count_of(output)


def correlate(output: Any, input: Any) -> int:
    """A covariance, the roots of its diagonal, two quotients and two bounds of each."""
    shape = shape_of(input)
    results = count_of(output)
    if len(shape) < 2:
        return 2 * count_of(input) + 2 * results
    return 2 * count_of(input) + 5 * results + shape[0]


def accumulate(each_step: int = 1) -> Work:
    """n - 1 steps along a dimension of n."""

    def count(output: Any, input: Any, dim: Any, **_: Any) -> int:
        shape = shape_of(input)
        length = _length_along(shape, dim)
        return each_step * (math.prod(shape) - math.prod(shape) // length) if length else 0

    return count


def subtract_neighbours(
    output: Any, input: Any, n: Any = 1, dim: Any = -1, prepend: Any = None, append: Any = None
) -> int:
    """n times the differences of neighbours, one fewer each time."""
    shape = shape_of(output)
    left = _length_along(shape, dim)
    rows = math.prod(shape) // left if left else 0
    times = as_int(n)
    return rows * (times * left + times * (times - 1) // 2)


def _count_trapezoids(y: Any, x: Any, dim: Any) -> tuple[int, int, int]:
    """The number of trapezoids, of rows of them, and of differences of ``x``."""
    shape = shape_of(y)
    length = _length_along(shape, dim)
    rows = math.prod(shape) // length if length else 0
    differences = 0
    if x is not None:
        own = shape_of(x)
        along = own[as_int(dim)] if len(own) > 1 else own[0]
        differences = math.prod(own) // along * (along - 1) if along else 0
    return rows * max(length - 1, 0), rows, differences


def integrate(output: Any, y: Any, x: Any = None, *, dx: Any = 1, dim: Any = -1) -> int:
    """The sum of (y + y') * dx over the trapezoids, halved."""
    trapezoids, rows, differences = _count_trapezoids(y, x, dim)
    return 2 * trapezoids + max(trapezoids - rows, 0) + rows + differences


def integrate_stepwise(output: Any, y: Any, x: Any = None, *, dx: Any = 1, dim: Any = -1) -> int:
    """The halves of (y + y') * dx, and their sums one after another."""
    trapezoids, rows, differences = _count_trapezoids(y, x, dim)
    return 3 * trapezoids + max(trapezoids - rows, 0) + differences


def compare_each(output: Any, input: Any, *_: Any, **__: Any) -> int:
    """One comparison for each element that goes in."""
    return count_of(input)


# Elements that indices choose --------------------------------------------------------------------------------


def scatter(
    output: Any, input: Any, dim: Any, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> int:
    """One operation for each element that is added or multiplied, none for those that are written."""
    return 0 if reduce is None else count_of(index)


def scatter_each(output: Any, input: Any, dim: Any, index: Any, src: Any) -> int:
    """One addition for each element that is added."""
    return count_of(index)


def scatter_reduced(
    output: Any, input: Any, dim: Any, index: Any, src: Any, reduce: Any, *, include_self: Any = True
) -> int:
    """One operation for each element that is joined, and the quotients of a mean."""
    return count_of(index) + (count_of(output) if reduce == "mean" else 0)


def add_rows(output: Any, input: Any, dim: Any, index: Any, source: Any, *, alpha: Any = 1) -> int:
    """One addition for each element of ``source``, and a product where it is scaled."""
    return count_of(source) * (1 if alpha == 1 else 2)


def reduce_rows(
    output: Any, input: Any, dim: Any, index: Any, source: Any, reduce: Any, *, include_self: Any = True
) -> int:
    """One operation for each element of ``source``, and the quotients of a mean."""
    return count_of(source) + (count_of(output) if reduce == "mean" else 0)


def put_at(output: Any, input: Any, indices: Any, values: Any, accumulate: Any = False) -> int | None:
    """Nothing for what is written; how much is added depends on the indices."""
    return None if accumulate else 0


def put_each(output: Any, input: Any, index: Any, source: Any, accumulate: Any = False) -> int:
    """One addition for each element that is added."""
    return count_of(index) if accumulate else 0


def look_up(
    output: Any, input: Any, weight: Any, padding_idx: Any = None, max_norm: Any = None, *_: Any, **__: Any
) -> int | None:
    """Nothing; which rows are too long depends on values."""
    return 0 if max_norm is None else None


def look_up_row(layer: Any, output: Any, input: Any) -> int | None:
    """Nothing; which rows are too long depends on values."""
    return 0 if layer.max_norm is None else None


def join_bags(
    output: Any,
    input: Any,
    weight: Any = None,
    offsets: Any = None,
    max_norm: Any = None,
    norm_type: Any = 2,
    scale_grad_by_freq: Any = False,
    mode: Any = "mean",
    sparse: Any = False,
    per_sample_weights: Any = None,
    include_last_offset: Any = False,
    padding_idx: Any = None,
) -> int | None:
    """Sums, means or greatest rows of bags of one size; not known where values tell what is in a bag."""
    shape = shape_of(input)
    if len(shape) != 2 or max_norm is not None or padding_idx is not None:
        return None
    results = count_of(output)
    scaled = 0 if per_sample_weights is None else shape[1]
    joined = max(shape[1] - 1, 0) + scaled + int(mode == "mean")
    return results * joined


def join_bags_of(
    layer: Any, output: Any, input: Any, offsets: Any = None, per_sample_weights: Any = None
) -> int | None:
    """The same for a layer, which has the table."""
    return join_bags(
        output,
        input,
        None,
        offsets,
        layer.max_norm,
        mode=layer.mode,
        per_sample_weights=per_sample_weights,
        padding_idx=layer.padding_idx,
    )


# Products of matrices, and biases ----------------------------------------------------------------------------


def add_to_product(output: Any, *_: Any, beta: Any = 1, alpha: Any = 1) -> int:
    """The sum with a product, and a product with each factor that isn't 1; with a beta of 0 nothing is added."""
    return count_of(output) * sum(map(bool, (beta != 0, beta not in (0, 1), alpha != 1)))


def add_bias(output: Any, input: Any, weight: Any, bias: Any = None, *_: Any, **__: Any) -> int:
    """One addition for each element of the result."""
    return 0 if bias is None else count_of(output)


def add_second_bias(output: Any, input1: Any, input2: Any, weight: Any, bias: Any = None) -> int:
    """One addition for each element of the result."""
    return 0 if bias is None else count_of(output)


def add_own_bias(layer: Any, output: Any, *_: Any, **__: Any) -> int:
    """One addition for each element of the result, where the layer has a bias."""
    return count_of(output) if holds(layer, "bias") else 0


def sum_single(output: Any, a: Any, b: Any, dims: Any = 2) -> int:
    """The sums of tensordot over sizes that stand against 1."""
    shapes = [shape_of(a), shape_of(b)]
    if isinstance(dims, (tuple, list)):
        pairs = list(zip(*([part] if isinstance(part, int) else part for part in dims), strict=True))
    else:
        number = as_int(dims)
        pairs = [(place - number, place) for place in range(number)]
    total = 0
    sizes = [math.prod(shape) for shape in shapes]
    for own, other in pairs:
        both = (shapes[0][own], shapes[1][other])
        for side in (0, 1):
            if both[1 - side] == 1 and both[side] > 1:
                total += sizes[side] - sizes[side] // both[side]
                sizes[side] //= both[side]
    return total


def raise_powers(output: Any, *_: Any, **__: Any) -> int:
    """Each column from the third on is the one before times x."""
    rows, columns = shape_of(output)
    return rows * max(columns - 2, 0)


def measure_pairs(output: Any, input: Any, p: Any = 2) -> int | None:
    """The norm of the difference of each two rows."""
    elements = count_of(output) * shape_of(input)[1]
    norms = count_norm(p, elements, count_of(output))
    return None if norms is None else elements + norms


def measure_distance(
    output: Any, x1: Any, x2: Any, p: Any = 2.0, eps: Any = 1e-6, keepdim: Any = False
) -> int | None:
    """The norm of x - y + eps."""
    elements = spread(x1, x2)
    norms = count_norm(p, elements, count_of(output))
    return None if norms is None else 2 * elements + norms


def measure_distance_of(layer: Any, output: Any, x1: Any, x2: Any) -> int | None:
    """The same for a layer, which PyTorch lets keep the power as ``norm``."""
    return measure_distance(output, x1, x2, layer.p if isinstance(layer, Module) else layer.norm)


def compare_angles(output: Any, x1: Any, x2: Any, dim: Any = 1, eps: Any = 1e-8) -> int:
    """x · y over the product of their norms, which is at least eps."""
    return 6 * spread(x1, x2) + 2 * count_of(output)


# Pooling and convolution -------------------------------------------------------------------------------------


def _window(size: Any, dimensions: int) -> int:
    sizes = tuple(size) if isinstance(size, (tuple, list)) else (size,)
    return math.prod(map(as_int, sizes * dimensions if len(sizes) == 1 else sizes))


def pool_each(dimensions: int, *, lost: int = 0) -> Work:
    """For each result as many operations as its window has elements, less ``lost``.

    Windows that reach over the edge count as whole.
    """

    def count(output: Any, input: Any, kernel_size: Any, *_: Any, **__: Any) -> int:
        return count_of(_first(output)) * (_window(kernel_size, dimensions) - lost)

    return count


def pool_norms(dimensions: int) -> Work:
    """The power of each element, the sum of each window and its root; absolute values where p is infinite."""

    def count(output: Any, input: Any, norm_type: Any, kernel_size: Any, *_: Any, **__: Any) -> int:
        window = _window(kernel_size, dimensions)
        endless = isinstance(norm_type, (int, float)) and math.isinf(norm_type)
        return count_of(input) + count_of(output) * (window - 1 if endless else window)

    return count


def _count_adapted(output: Any, input: Any, dimensions: int) -> int:
    """All elements of all windows of an adaptive pooling: from floor(i * n / m) to ceil((i + 1) * n / m) each."""
    before, after = shape_of(input)[-dimensions:], shape_of(output)[-dimensions:]
    planes = math.prod(shape_of(output)[:-dimensions])
    return planes * math.prod(map(_sum_windows, before, after))


def _sum_windows(size: int, results: int) -> int:
    whole, count = as_int(size), as_int(results)
    if not is_symbolic(size) and count and whole % count == 0:
        return size
    if is_symbolic(size):
        places = range(results)
        total = sum(-((-(place + 1) * size) // results) - place * size // results for place in places)
    else:
        # Neighbours share an element but where a window ends between two: at the multiples of size / gcd.
        total = size + results - math.gcd(whole, count) if count else 0
    return count_by(total, "windows", (size, results), f"in {count} windows over {whole}")


def adapt_each(dimensions: int, *, lost: int = 0) -> Work:
    """The same for adaptive pooling, whose windows have sizes of their own."""

    def count(output: Any, input: Any, *_: Any, **__: Any) -> int:
        result = _first(output)
        return _count_adapted(result, input, dimensions) - lost * count_of(result)

    return count


def add_each(output: Any, input: Any, *_: Any, **__: Any) -> int:
    """One addition for each element that goes in."""
    return count_of(input)


# Normalisation -----------------------------------------------------------------------------------------------


def _count_normalised(elements: int, groups: int, *, own: bool, scaled: bool, shifted: bool) -> int:
    """(x - mean) / sqrt(var + eps) * weight + bias, and mean and variance of each group where they are its own."""
    return (4 * elements if own else 0) + 2 * groups + elements * (2 + scaled + shifted)


#: Running statistics: r + m * (s - r) of both as three operations, and the variance without bias.
_UPDATES = 7


def normalise_batch(
    output: Any,
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: Any = False,
    *_: Any,
    **__: Any,
) -> int:
    """By the statistics of each channel, or by running ones."""
    channels = shape_of(input)[1]
    total = _count_normalised(
        count_of(input), channels, own=bool(training), scaled=weight is not None, shifted=bias is not None
    )
    return total + (_UPDATES * channels if training and running_mean is not None else 0)


def normalise_batch_of(layer: Any, output: Any, input: Any) -> int:
    """The same for a layer, which takes its own statistics in training and where it keeps none."""
    channels = shape_of(input)[1]
    kept = holds(layer, "running_mean")
    own = layer.training or not kept
    total = _count_normalised(
        count_of(input), channels, own=own, scaled=holds(layer, "weight"), shifted=holds(layer, "bias")
    )
    return total + (_UPDATES * channels if layer.training and kept else 0)


def normalise_instances(
    output: Any,
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: Any = True,
    *_: Any,
    **__: Any,
) -> int:
    """By the statistics of each channel of each sample; running ones are means over the samples."""
    instances = math.prod(shape_of(input)[:2])
    total = _count_normalised(
        count_of(input),
        instances,
        own=bool(use_input_stats),
        scaled=weight is not None,
        shifted=bias is not None,
    )
    return total + ((_UPDATES + 2) * instances if use_input_stats and running_mean is not None else 0)


def normalise_instances_of(dimensions: int) -> Work:
    """The same for a layer, over an image or a batch of them."""

    def count(layer: Any, output: Any, input: Any) -> int:
        instances = math.prod(shape_of(input)[:-dimensions])
        kept = holds(layer, "running_mean")
        own = layer.training or not kept
        total = _count_normalised(
            count_of(input), instances, own=own, scaled=holds(layer, "weight"), shifted=holds(layer, "bias")
        )
        return total + ((_UPDATES + 2) * instances if own and kept else 0)

    return count


def _count_last(given: Any) -> int:
    return math.prod(map(as_int, given)) if isinstance(given, (tuple, list)) else as_int(given)


def divide_whole(elements: int, size: int) -> int:
    return elements // size if size else 0


def normalise_last(
    output: Any, input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-5
) -> int:
    """By the statistics over the last dimensions."""
    groups = divide_whole(count_of(input), _count_last(normalized_shape))
    return _count_normalised(
        count_of(input), groups, own=True, scaled=weight is not None, shifted=bias is not None
    )


def normalise_last_of(layer: Any, output: Any, input: Any) -> int:
    """The same for a layer."""
    groups = divide_whole(count_of(input), _count_last(layer.normalized_shape))
    return _count_normalised(
        count_of(input), groups, own=True, scaled=holds(layer, "weight"), shifted=holds(layer, "bias")
    )


def _count_root(elements: int, groups: int, *, scaled: bool) -> int:
    """x / sqrt(mean(x * x) + eps) * weight."""
    return elements * (3 + scaled) + 2 * groups


def normalise_root(
    output: Any, input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None
) -> int:
    """By the root mean square over the last dimensions."""
    elements = count_of(input)
    groups = divide_whole(elements, _count_last(normalized_shape))
    return _count_root(elements, groups, scaled=weight is not None)


def normalise_root_of(layer: Any, output: Any, x: Any) -> int:
    """The same for a layer."""
    elements = count_of(x)
    groups = divide_whole(elements, _count_last(layer.normalized_shape))
    return _count_root(elements, groups, scaled=holds(layer, "weight"))


def normalise_groups(
    output: Any, input: Any, num_groups: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-5
) -> int:
    """By the statistics of each group of channels of each sample."""
    groups = shape_of(input)[0] * as_int(num_groups)
    return _count_normalised(
        count_of(input), groups, own=True, scaled=weight is not None, shifted=bias is not None
    )


def normalise_groups_of(layer: Any, output: Any, input: Any) -> int:
    """The same for a layer."""
    groups = shape_of(input)[0] * as_int(layer.num_groups)
    return _count_normalised(
        count_of(input), groups, own=True, scaled=holds(layer, "weight"), shifted=holds(layer, "bias")
    )


def normalise_neighbours(output: Any, input: Any, size: Any, *_: Any, **__: Any) -> int:
    """x / (k + alpha * mean of the squares around it) ** beta."""
    return count_of(input) * (as_int(size) + 5)


def normalise_norm(
    output: Any, input: Any, p: Any = 2.0, dim: Any = 1, eps: Any = 1e-12, out: Any = None
) -> int | None:
    """x / max(norm, eps)."""
    shape = shape_of(input)
    dims = {
        as_int(place) % max(len(shape), 1) for place in (dim if isinstance(dim, (tuple, list)) else (dim,))
    }
    results = math.prod(size for place, size in enumerate(shape) if place not in dims)
    norms = count_norm(p, count_of(input), results)
    return None if norms is None else norms + results + count_of(input)


# Chance ------------------------------------------------------------------------------------------------------

_Masks: TypeAlias = "Callable[[tuple[int, ...]], int]"


def drop_some(count_masks: _Masks, each_mask: int = 1, each_element: int = 1, *, trains: bool = True) -> Work:
    """In training work on each number of a mask, and on each element.

    The mask is of 0 and 1, and is divided by 1 - p; each element is multiplied by its own. ``trains`` is the default.
    """

    def count(
        output: Any,
        input: Any,
        p: Any = 0.5,
        training: Any = trains,
        inplace: Any = False,
        *,
        train: Any = None,
    ) -> int:
        # ``train`` is the word of ``torch`` for what is ``training`` in ``F``.
        if not p or not (training if train is None else train):
            return 0
        return each_mask * count_masks(shape_of(input)) + each_element * count_of(input)

    return count


def _count_channels(shape: tuple[int, ...]) -> int:
    return math.prod(shape[:2])


def drop_channels(dimensions: int) -> Work:
    """A mask of one number for each channel of each sample; one sample without a batch has a dimension less."""
    return drop_some(lambda shape: shape[0] if len(shape) == dimensions + 1 else _count_channels(shape))


drop = drop_some(math.prod)
drop_planes = drop_some(_count_channels)
#: The mask is multiplied by another number; what stands in for the dropped takes three operations; x * mask + that.
drop_to_limit = drop_some(math.prod, 4, 2, trains=False)
drop_channels_to_limit = drop_some(_count_channels, 4, 2, trains=False)


# Images ------------------------------------------------------------------------------------------------------

#: For each element of a result a sum of products: of 2 elements a dimension, or of 4 rows of 4 and their column.
_INTERPOLATIONS = {"linear": 3, "bilinear": 7, "trilinear": 15, "bicubic": 35}


def resize(
    output: Any,
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: Any = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: Any = False,
) -> int | None:
    """Nothing for the nearest element, sums of products for the others; smoothed ones aren't known."""
    if antialias:
        return None
    if mode in ("nearest", "nearest-exact"):
        return 0
    if mode == "area":
        return _count_adapted(output, input, len(shape_of(input)) - 2)
    return _INTERPOLATIONS[mode] * count_of(output)


def resize_to(mode: str) -> Work:
    """The same for a layer that has this mode."""

    def count(layer: Any, output: Any, input: Any) -> int | None:
        return resize(output, input, mode=mode)

    return count


# Attention ---------------------------------------------------------------------------------------------------


def _count_scores(scores: int, length: int, *, masks: int, dropped: bool) -> int:
    """Scores scaled, masked, shared among the keys, and dropped at random."""
    rows = scores // length if length else 0
    return scores * (1 + masks + 2 * dropped) + _count_softmax(rows, length)


def attend(
    output: Any,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: Any = 0.0,
    is_causal: Any = False,
    *,
    scale: Any = None,
    enable_gqa: Any = False,
) -> int:
    """For each head of the queries and each query the scores of all keys."""
    if count_of(output) == 0:
        return 0
    *heads, length, _features = shape_of(query)
    *others, source, _size = shape_of(key)
    scores = math.prod(map(as_int, widen(heads, others))) * length * source
    return _count_scores(scores, source, masks=_adds_mask(attn_mask), dropped=bool(dropout_p))


def _adds_mask(mask: Any) -> bool:
    """Whether a mask is added to scores; one of truth values chooses among them."""
    return mask is not None and is_floating(mask)


def attend_projected(
    layer: Any,
    output: Any,
    query: Any,
    key: Any,
    value: Any,
    key_padding_mask: Any = None,
    need_weights: Any = True,
    attn_mask: Any = None,
    average_attn_weights: Any = True,
    is_causal: Any = False,
) -> int:
    """The biases of the projections, the scores, and the weights' mean over the heads where it is asked for."""
    shape, size = shape_of(query), as_int(layer.embed_dim)
    row = 1 if layer.batch_first and len(shape) == 3 else 0
    queries, keys = math.prod(shape[:-1]), math.prod(shape_of(key)[:-1])
    source = shape_of(key)[row] + bool(layer.add_zero_attn) + has_added_key(layer)
    scores = queries * as_int(layer.num_heads) * source
    masks = _adds_mask(attn_mask) + _adds_mask(key_padding_mask)
    dropped = bool(layer.training and layer.dropout)
    biases = (2 * queries + 2 * keys) * size if holds(layer, "in_proj_bias") else 0
    averaged = scores if need_weights and average_attn_weights else 0
    return biases + _count_scores(scores, source, masks=masks, dropped=dropped) + averaged


def add_residuals(number: int, *, forgets: bool = False) -> Work:
    """The sums with what goes around ``number`` parts of a layer, and its activation where that has no row.

    With ``forgets`` a copy of the layer takes relu for a layer that it was given.
    """

    def count(layer: Any, output: Any, *_: Any, **__: Any) -> int | None:
        parts = layer.children if isinstance(layer, Module) else layer._modules
        residuals = number * count_of(output)
        name = _name_activation(layer, forgets)
        if not name:
            return residuals
        curve = GELUS["none"] if name == "gelu" else CURVES.get(name)
        elements = divide_whole(count_of(output), as_int(parts["linear1"].in_features))
        inner = elements * as_int(parts["linear1"].out_features)
        return None if curve is None else residuals + curve.operations * inner

    return count


def _name_activation(layer: Any, forgets: bool) -> str:
    """The function that a transformer's layer calls; nothing where a layer inside it is called."""
    if isinstance(layer, Module):
        given = layer.activation
        if isinstance(given, Child):
            return "relu" if forgets and layer.cloned else ""
        return str(given)
    function = vars(layer).get("activation")
    return "" if function is None else _NAMES.get(function.__name__, function.__name__)


#: Functions of ``torch.nn.functional`` that name themselves otherwise.
_NAMES = {"log_sigmoid": "logsigmoid", "_threshold": "threshold"}


# Recurrent layers --------------------------------------------------------------------------------------------

#: For each unit and step, without and with biases: the sums, the curves and the state. RNN: h' = tanh(a + b).
#: LSTM: four such sums, three sigmoids and a tanh, c' = f * c + i * g and h' = o * tanh(c'). GRU: two sums with sigmoids,
#: n = tanh(a + r * b) and h' = (1 - z) * n + z * h.
_STEPS: Mapping[int, tuple[int, int]] = {1: (2, 4), 4: (4 + 13 + 5, 12 + 13 + 5), 3: (10 + 3 + 4, 14 + 5 + 4)}


def recur(gates: int) -> Work:
    """The work of each unit, step, layer and direction; in training dropout between the layers."""

    def count(layer: Any, output: Any, input: Any, hx: Any = None) -> int:
        steps = math.prod(shape_of(input[0] if isinstance(input, tuple) else input)[:-1])
        hidden, layers = as_int(layer.hidden_size), as_int(layer.num_layers)
        directions = 2 if layer.bidirectional else 1
        state = as_int(getattr(layer, "proj_size", 0)) or hidden
        dropped = 2 * state * (layers - 1) if layer.training and layer.dropout else 0
        return steps * directions * (_STEPS[gates][bool(layer.bias)] * hidden * layers + dropped)

    return count


def step_once(gates: int) -> Work:
    """The work of each unit."""

    def count(layer: Any, output: Any, input: Any, hx: Any = None) -> int:
        return math.prod(shape_of(input)[:-1]) * as_int(layer.hidden_size) * _STEPS[gates][bool(layer.bias)]

    return count


# Wrapped weights ---------------------------------------------------------------------------------------------


def scale_direction(layer: Any, output: Any, weight_g: Any, weight_v: Any) -> int:
    """The norms of the directions, the length over each, and a product with that."""
    elements, norms = count_of(weight_v), count_of(weight_g)
    return elements + max(elements - norms, 0) + norms + norms + elements


def divide_by_norm(layer: Any, output: Any, weight: Any) -> int:
    """The weight over its norm; in training u and v over theirs in each iteration."""
    shape = shape_of(weight)
    elements = math.prod(shape)
    if len(shape) < 2:
        return 2 * elements + 1 + elements
    rows = shape[layer.dim]
    iterations = layer.n_power_iterations if layer.training else 0
    return elements + iterations * sum(3 * size + 1 for size in (rows, divide_whole(elements, rows)))
