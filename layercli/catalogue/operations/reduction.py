"""Operations over whole dimensions: sums, extremes, statistics, running totals, sorting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from layercli.catalogue import macs, work
from layercli.catalogue.arguments import (
    ALL,
    COMPLEX,
    FLOATS,
    FRACTIONS,
    FULL_FLOATS,
    INTS,
    MISSING,
    NUMBERS,
    REAL,
    REAL_NUMBERS,
    WHOLE,
    check_dtype,
    expect_at_least,
    expect_bool,
    expect_dtype,
    expect_dtype_unless_empty,
    expect_int,
    expect_number,
    is_plain,
    is_scalar,
)
from layercli.catalogue.dtypes import promote_dtypes
from layercli.catalogue.entries import TENSOR, TORCH, Operation
from layercli.catalogue.operations.elementwise import check_lookup, to_real
from layercli.catalogue.rules import (
    broadcast_shapes,
    elementwise,
    expect_tensor,
    find_dim,
    find_dims,
    like,
    promote,
    reduce_shape,
    to_floating,
)
from layercli.catalogue.tensors import Shape, Tensor, contiguous_strides, refuse


def sum_dtype(dtype: str) -> str:
    """The dtype of a sum: whole numbers and bools add up as int64."""
    return "int64" if dtype in WHOLE else dtype


def _reduce(tensor: Tensor, dtype: str, dim: Any, keepdim: Any) -> Tensor:
    """What is left of a tensor without some dimensions, row-major; all go for None and ()."""
    dims = find_dims(dim, tensor.dim)
    return Tensor(dtype, reduce_shape(tensor.shape, dims, expect_bool(keepdim, "keepdim")))


def _expect_dim(dim: Any, keepdim: Any) -> Any:
    """The dimensions to reduce, None for all. PyTorch takes ``keepdim`` only with ``dim``."""
    if dim is MISSING and keepdim is not MISSING:
        refuse("takes keepdim only with dim", "keepdim", "invalid-argument")
    return None if dim is MISSING else dim


def _expect_values(tensor: Tensor, dim: Any) -> None:
    """Refuse to take an extreme of nothing. Raises Refusal."""
    if dim is None:
        if tensor.numel == 0:
            refuse(f"has no values to choose from: {tensor!r}", "input")
    elif tensor.dim:
        for place in find_dims(dim, tensor.dim):
            if tensor.shape[place] == 0:
                refuse(f"has no values to choose from in dimension {place}: {tensor!r}", "dim")


def add_up(input: Any, dim: Any = MISSING, keepdim: Any = MISSING, *, dtype: str | None = None) -> Tensor:
    """The shape without ``dim``. Source: torch.sum."""
    tensor = expect_dtype(input, ALL)
    dims = _expect_dim(dim, keepdim)
    return _reduce(tensor, dtype or sum_dtype(tensor.dtype), dims, keepdim is not MISSING and keepdim)


def add_up_numbers(input: Any, dim: Any = None, keepdim: Any = False, *, dtype: str | None = None) -> Tensor:
    """The shape without ``dim``. Source: torch.nansum."""
    tensor = expect_dtype(input, REAL)
    result = dtype or sum_dtype(tensor.dtype)
    if tensor.dtype in FLOATS:
        check_dtype(result, REAL, "dtype")
    return _reduce(tensor, result, dim, keepdim)


def average(input: Any, dim: Any = MISSING, keepdim: Any = MISSING, *, dtype: str | None = None) -> Tensor:
    """The shape without ``dim``; fractions only. Source: torch.mean."""
    tensor = expect_tensor(input, "input")
    dims = _expect_dim(dim, keepdim)
    check_dtype(dtype or tensor.dtype, FRACTIONS, "dtype" if dtype else "input", dtype or tensor)
    return _reduce(tensor, dtype or tensor.dtype, dims, keepdim is not MISSING and keepdim)


def average_numbers(input: Any, dim: Any = None, keepdim: Any = False, *, dtype: str | None = None) -> Tensor:
    """The shape without ``dim``; floats only. Source: torch.nanmean."""
    tensor = expect_dtype(input, FLOATS)
    check_dtype(dtype or tensor.dtype, FLOATS, "dtype")
    return _reduce(tensor, dtype or tensor.dtype, dim, keepdim)


def multiply_up(
    input: Any, dim: Any = MISSING, keepdim: Any = MISSING, *, dtype: str | None = None
) -> Tensor:
    """The shape without ``dim``, one dimension or all. Source: torch.prod."""
    tensor = expect_dtype(input, ALL)
    _expect_dim(dim, keepdim)
    dims = None if dim is MISSING else find_dim(dim, tensor.dim)
    return _reduce(tensor, dtype or sum_dtype(tensor.dtype), dims, keepdim is not MISSING and keepdim)


def _spread(
    input: Any,
    given: Sequence[Any],
    dim: Any = MISSING,
    unbiased: Any = MISSING,
    keepdim: Any = MISSING,
    correction: Any = MISSING,
) -> tuple[Tensor, Tensor]:
    """The variance, which is real, and the mean."""
    # What is given alone may be ``unbiased``.
    places = (
        ("unbiased",) if len(given) == 1 and isinstance(given[0], bool) else ("dim", "unbiased", "keepdim")
    )
    by_place = dict(zip(places, given, strict=False))
    dim, unbiased, keepdim = (
        by_place.get("dim", dim),
        by_place.get("unbiased", unbiased),
        by_place.get("keepdim", keepdim),
    )
    if unbiased is not MISSING:
        expect_bool(unbiased, "unbiased")
        if correction is not MISSING:
            refuse("takes unbiased or correction, not both", "correction", "invalid-argument")
        _expect_dim(dim, keepdim)
    elif correction is not MISSING and correction is not None:
        expect_number(correction, "correction")
    tensor = expect_dtype(input, FRACTIONS)
    dims = None if dim is MISSING else dim
    mean = _reduce(tensor, tensor.dtype, dims, keepdim is not MISSING and keepdim)
    return Tensor(to_real(tensor.dtype), mean.shape), mean


def measure_spread(input: Any, *given: Any, **named: Any) -> Tensor:
    """The shape without ``dim``; real fractions. Source: torch.var, torch.std."""
    return _spread(input, given, **named)[0]


def measure_spread_and_mean(input: Any, *given: Any, **named: Any) -> tuple[Tensor, Tensor]:
    """The spread and the mean, both in the shape without ``dim``. Source: torch.var_mean, torch.std_mean."""
    return _spread(input, given, **named)


def find_extreme_over(input: Any, dim: Any = (), keepdim: Any = False) -> Tensor:
    """The shape without ``dim``. Source: torch.amax, torch.amin."""
    tensor = expect_dtype_unless_empty(input, REAL)
    _expect_values(tensor, dim if isinstance(dim, int) or dim else None)
    return _reduce(tensor, tensor.dtype, dim, keepdim)


def find_extremes(input: Any, *, dim: Any = None, keepdim: Any = False) -> tuple[Tensor, Tensor]:
    """The least and the greatest value, both in the shape without ``dim``. Source: torch.aminmax."""
    tensor = expect_dtype(input, REAL)
    dims = None if dim is None else find_dim(dim, tensor.dim)
    _expect_values(tensor, dims)
    result = _reduce(tensor, tensor.dtype, dims, keepdim)
    return result, Tensor(tensor.dtype, result.shape)


def _choose_along(tensor: Tensor, dim: Any, keepdim: Any) -> tuple[Tensor, Tensor]:
    """Values and their indices, both in the shape without ``dim``."""
    place = find_dim(dim, tensor.dim)
    _expect_values(tensor, place)
    values = _reduce(tensor, tensor.dtype, place, keepdim)
    return values, Tensor("int64", values.shape)


def find_extreme(
    input: Any, *given: Any, dim: Any = MISSING, keepdim: Any = MISSING, other: Any = MISSING
) -> Any:
    """One value, values and indices in the shape without ``dim``, or two tensors combined. Source: torch.max."""
    tensor = expect_dtype(input, REAL)
    if given and other is not MISSING:
        refuse("takes dim or other, not both", "other", "invalid-argument")
    if given and isinstance(given[0], Tensor):
        other, dim = given[0], MISSING if len(given) == 1 else given[1]
    elif given:
        dim, keepdim = given[0], given[1] if len(given) > 1 else keepdim
    if other is not MISSING:
        if dim is not MISSING or keepdim is not MISSING:
            refuse("takes dim or other, not both", "other", "invalid-argument")
        dtype = promote(tensor, expect_tensor(other, "other"))
        check_dtype(dtype, REAL, "other")
        return elementwise(dtype, tensor, other, common=dtype)
    if _expect_dim(dim, keepdim) is None and dim is MISSING:
        _expect_values(tensor, None)
        return Tensor(tensor.dtype, ())
    return _choose_along(tensor, dim, keepdim is not MISSING and keepdim)


def find_index(input: Any, dim: Any = None, keepdim: Any = False) -> Tensor:
    """int64 in the shape without ``dim``, one dimension or all. Source: torch.argmax, torch.argmin."""
    tensor = expect_dtype(input, REAL_NUMBERS)
    dims = None if dim is None else find_dim(dim, tensor.dim)
    _expect_values(tensor, dims)
    return _reduce(tensor, "int64", dims, keepdim)


def find_median(input: Any, dim: Any = MISSING, keepdim: Any = MISSING) -> Any:
    """One value, or values and indices in the shape without ``dim``. Source: torch.median."""
    if _expect_dim(dim, keepdim) is None and dim is MISSING:
        return Tensor(expect_dtype_unless_empty(input, REAL_NUMBERS).dtype, ())
    return _choose_along(expect_dtype(input, REAL_NUMBERS), dim, keepdim is not MISSING and keepdim)


def find_mode(input: Any, dim: Any = -1, keepdim: Any = False) -> tuple[Tensor, Tensor]:
    """Values and indices in the shape without ``dim``. Source: torch.mode."""
    tensor = _expect_dtype_of_many(input, REAL)
    return _choose_along(tensor, dim, keepdim)


def _expect_dtype_of_many(input: Any, takes: frozenset[str]) -> Tensor:
    """A tensor of these dtypes, or of any without dimensions or elements, which need no kernel."""
    tensor = expect_tensor(input, "input")
    return expect_dtype_unless_empty(tensor, takes) if tensor.dim else tensor


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def find_quantile(
    input: Any, q: Any, dim: Any = None, keepdim: Any = False, *, interpolation: Any = "linear"
) -> Tensor:
    """The shape without ``dim``, with a first dimension for several ``q``. Source: torch.quantile."""
    tensor = expect_dtype(input, FULL_FLOATS)
    if interpolation not in _INTERPOLATIONS:
        refuse(
            f"needs one of {', '.join(_INTERPOLATIONS)} as interpolation, not {interpolation!r}",
            "interpolation",
        )
    if isinstance(q, Tensor):
        if q.dim > 1:
            refuse(f"takes a number or one dimension of them as q and got {q!r}", "q")
        if q.dtype != tensor.dtype:
            refuse(f"needs one dtype and got {tensor!r} and {q!r}", "q", "dtype-mismatch")
    elif not 0 <= expect_number(q, "q") <= 1:
        refuse(f"needs q to be from 0 to 1, not {q}", "q")
    if tensor.numel == 0:
        refuse(f"has no values to choose from: {tensor!r}", "input")
    result = _reduce(tensor, tensor.dtype, None if dim is None else find_dim(dim, tensor.dim), keepdim)
    if not (isinstance(q, Tensor) and q.dim):
        return result
    # The shares lie last in memory and are moved to the front.
    *rest, step = contiguous_strides((*result.shape, q.shape[0]))
    return Tensor(tensor.dtype, (q.shape[0], *result.shape), (step, *rest))


def find_kth(input: Any, k: Any, dim: Any = -1, keepdim: Any = False) -> tuple[Tensor, Tensor]:
    """Values and indices in the shape without ``dim``. Source: torch.kthvalue."""
    tensor = expect_tensor(input, "input")
    if tensor.dim:
        expect_dtype(tensor, REAL_NUMBERS)
    place = find_dim(dim, tensor.dim)
    size = tensor.shape[place] if tensor.dim else 1
    _expect_values(tensor, place)
    if expect_int(k, "k") < 1 or k > size:
        refuse(f"needs k from 1 to {size}, the size of dimension {place}, not {k}", "k")
    return _choose_along(tensor, place, keepdim)


def ask_all(input: Any, dim: Any = None, keepdim: Any = False) -> Tensor:
    """The shape without ``dim``, bool but for uint8. Source: torch.all, torch.any."""
    tensor = expect_dtype(input, ALL)
    dtype = "uint8" if tensor.dtype == "uint8" else "bool"
    if isinstance(dim, (tuple, list)) and not dim:
        return Tensor(dtype, tensor.shape)
    return _reduce(tensor, dtype, dim, keepdim)


def count_truth(input: Any, dim: Any = None) -> Tensor:
    """int64 in the shape without ``dim``. Source: torch.count_nonzero."""
    return _reduce(expect_dtype(input, ALL), "int64", dim, False)


def add_exponentials(input: Any, dim: Any, keepdim: Any = False) -> Tensor:
    """The shape without ``dim``; fractions. Source: torch.logsumexp."""
    tensor = expect_dtype(input, ALL)
    if dim is None:
        refuse("needs an int or ints as dim, not None", "dim", "wrong-kind")
    if not isinstance(dim, int) and not dim and tensor.dim and not keepdim:
        refuse("needs a dimension at least, or keepdim=True", "dim")
    return _reduce(tensor, to_floating(tensor.dtype), dim, keepdim)


def measure_norm(
    input: Any, p: Any = "fro", dim: Any = None, keepdim: Any = False, dtype: str | None = None
) -> Tensor:
    """The shape without ``dim``; real fractions. Source: torch.norm."""
    tensor = expect_dtype(input, FRACTIONS)
    if dtype is not None and (
        (dtype in COMPLEX) != (tensor.dtype in COMPLEX) or promote_dtypes(tensor.dtype, dtype) != dtype
    ):
        refuse(f"can't take the norm of {tensor!r} in {dtype}", "dtype", "dtype-mismatch")
    result = to_real(dtype or tensor.dtype)
    if isinstance(p, str) and not (p == "fro" and (dim is None or isinstance(dim, int) or len(dim) <= 2)):
        if p != "nuc":
            refuse(f"knows no norm {p!r} of these dimensions", "p")
        check_dtype(dtype or tensor.dtype, FULL_FLOATS | COMPLEX, "input", tensor)
        expect_dtype(tensor, FULL_FLOATS | COMPLEX)
        dims = [dim] if isinstance(dim, int) else range(tensor.dim) if dim is None else dim
        if tensor.dim < 2 or len(dims) != 2:
            refuse(f"takes the nuclear norm over two dimensions: {tensor!r}", "dim")
        return _reduce(tensor, result, tuple(dims), keepdim)
    order = 2 if p is None or isinstance(p, str) else expect_number(p, "p")
    if is_plain(order) and (order < 0 or order == inf) and tensor.numel == 0:
        _expect_values(tensor, dim if isinstance(dim, int) or dim else None)
    return _reduce(tensor, result, dim, keepdim)


def scale_down(input: Any, p: Any, dim: Any, maxnorm: Any) -> Tensor:
    """The input's shape, row-major. Source: torch.renorm."""
    tensor = expect_dtype(input, FRACTIONS)
    if is_plain(expect_number(p, "p")) and p <= 0:
        refuse(f"needs p above 0, not {p}", "p")
    if is_plain(expect_number(maxnorm, "maxnorm")) and maxnorm < 0:
        refuse(f"needs maxnorm to be 0 or more, not {maxnorm}", "maxnorm")
    if tensor.dim < 2:
        refuse(f"needs two dimensions or more and got {tensor!r}", "input")
    find_dim(dim, tensor.dim)
    return Tensor(tensor.dtype, tensor.shape)


def measure_distance(input: Any, other: Any, p: Any = 2) -> Tensor:
    """(), a real number. Source: torch.dist."""
    first, second = expect_dtype(input, NUMBERS), expect_dtype(other, NUMBERS, "other")
    expect_number(p, "p")
    broadcast_shapes([first.shape, second.shape])
    dtype = promote(first, second)
    check_dtype(dtype, FRACTIONS, "input", first)
    return Tensor(to_real(dtype), ())


def add_diagonal(input: Any) -> Tensor:
    """A matrix to (). Source: torch.trace."""
    tensor = expect_dtype(input, NUMBERS)
    if tensor.dim != 2:
        refuse(f"needs a matrix and got {tensor!r}", "input")
    return Tensor(sum_dtype(tensor.dtype), ())


def relate_rows(input: Any, *, correction: Any = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
    """(rows, observations) to (rows, rows), () for one row. Source: torch.cov."""
    tensor = expect_dtype(input, NUMBERS)
    if tensor.dim > 2:
        refuse(f"takes two dimensions at most and got {tensor!r}", "input")
    expect_int(correction, "correction")
    seen = tensor.shape[-1] if tensor.dim else 1
    dtype = tensor.dtype
    for name, weights, takes in (("fweights", fweights, INTS), ("aweights", aweights, FLOATS)):
        if weights is None:
            continue
        expect_dtype(weights, takes, name)
        if weights.dim > 1 or weights.numel != seen:
            refuse(f"needs one weight for each of {seen} observations and got {weights!r}", name)
        if seen == 0:
            refuse("has no weights", name)
        if name == "aweights":
            dtype = promote_dtypes(dtype, weights.dtype)
    if tensor.dim < 2 or tensor.shape[0] == 1:
        return Tensor(to_floating(dtype), ())
    return Tensor(to_floating(dtype), (tensor.shape[0], tensor.shape[0]))


def correlate_rows(input: Any) -> Tensor:
    """(rows, observations) to (rows, rows), () for one row. Source: torch.corrcoef."""
    return relate_rows(input)


def count_in_bins(input: Any, bins: Any = 100, min: Any = 0, max: Any = 0) -> Tensor:
    """(bins,). Source: torch.histc."""
    tensor = expect_dtype(input, FLOATS)
    expect_at_least(bins, 1, "bins")
    if is_plain(expect_number(min, "min")) and is_plain(expect_number(max, "max")) and min > max:
        refuse(f"counts from {min} to {max}, which is nothing", "max")
    return Tensor(tensor.dtype, (bins,))


def run_along(input: Any, dim: Any, *, dtype: str | None = None) -> Tensor:
    """The input's shape, row-major; whole numbers as int64. Source: torch.cumsum, torch.cumprod."""
    tensor = expect_dtype(input, ALL)
    find_dim(dim, tensor.dim)
    result = Tensor(dtype or sum_dtype(tensor.dtype), tensor.shape)
    return expect_dtype_unless_empty(result, NUMBERS, "dtype")


def run_extreme_along(input: Any, dim: Any) -> tuple[Tensor, Tensor]:
    """Values and int64 indices in the input's shape, row-major. Source: torch.cummax, torch.cummin."""
    tensor = _expect_dtype_of_many(input, REAL)
    expect_int(dim, "dim")
    # PyTorch returns before it looks at ``dim`` where there is nothing to run through.
    if not -tensor.dim <= dim < tensor.dim and tensor.numel != 0:
        find_dim(dim, tensor.dim)
    return Tensor(tensor.dtype, tensor.shape), Tensor("int64", tensor.shape)


def run_exponentials_along(input: Any, dim: Any) -> Tensor:
    """The input's shape, row-major. Source: torch.logcumsumexp."""
    tensor = expect_dtype(input, FRACTIONS)
    find_dim(dim, tensor.dim)
    return Tensor(tensor.dtype, tensor.shape)


def take_differences(
    input: Any, n: Any = 1, dim: Any = -1, prepend: Any = None, append: Any = None
) -> Tensor:
    """The size along ``dim``, with what is put before and behind, less ``n``. Source: torch.diff."""
    tensor = expect_dtype(input, ALL)
    if tensor.dim == 0:
        refuse(f"needs a dimension at least and got {tensor!r}", "input")
    extra = [(name, value) for name, value in (("prepend", prepend), ("append", append)) if value is not None]
    expect_at_least(n, 0, "n")
    if n == 0 and not extra:
        return like(tensor)
    place = find_dim(dim, tensor.dim)
    for name, value in extra:
        other = expect_tensor(value, name)
        if other.dim != tensor.dim or any(
            own != size
            for index, (own, size) in enumerate(zip(other.shape, tensor.shape, strict=True))
            if index != place
        ):
            refuse(
                f"needs {name} in the shape of {tensor!r} but for dimension {place} and got {other!r}", name
            )
    if n == 0:
        return like(tensor)
    dtype, size, strides = tensor.dtype, tensor.shape[place], tensor.strides
    if extra:
        for _, value in extra:
            dtype, size = promote_dtypes(dtype, value.dtype), size + value.shape[place]
        strides = contiguous_strides((*tensor.shape[:place], size, *tensor.shape[place + 1 :]))
    left = size - n if n <= size else 0
    return like(Tensor(dtype, (*tensor.shape[:place], left, *tensor.shape[place + 1 :]), strides))


def _find_steps(y: Tensor, x: Any, place: int) -> Shape | None:
    """The shape of the steps between sample points, which lie along dimension ``place``; None for a number."""
    if x is None:
        return None
    points = expect_tensor(x, "x")
    if points.dim == 1:
        if points.shape[0] != y.shape[place]:
            refuse(f"needs one x for each of {y.shape[place]} points and got {points!r}", "x")
        shape: Shape = (*(1,) * place, points.shape[0], *(1,) * (y.dim - place - 1))
    else:
        shape = (*(1,) * (y.dim - points.dim), *points.shape)
    return _shorten(shape, place)


def _shorten(shape: Shape, place: int) -> Shape:
    size = shape[place]
    return (*shape[:place], size - 1 if size > 0 else 0, *shape[place + 1 :])


def _integrate(y: Any, x: Any, dx: Any, dim: Any) -> tuple[Tensor, int]:
    """The areas between neighbours along a dimension, and that dimension; those of even steps not yet one less."""
    tensor = expect_dtype(y, ALL, "y")
    if tensor.dim == 0:
        refuse(f"needs a dimension at least and got {tensor!r}", "y")
    place = find_dim(dim, tensor.dim)
    if dx is not MISSING:
        expect_number(dx, "dx")
    steps = _find_steps(tensor, x, place)
    for name, value in (("y", tensor), ("x", x)):
        if isinstance(value, Tensor) and value.dtype == "bool":
            refuse(f"takes no bools: {name} is {value!r}", name, "dtype-mismatch")
    if steps is None:
        return Tensor(to_floating(tensor.dtype), tensor.shape), place
    shape = broadcast_shapes([_shorten(tensor.shape, place), steps])
    return Tensor(to_floating(promote(tensor, x)), shape), place


def _find_points(x: Any, dx: Any) -> Tensor | None:
    if x is not MISSING and dx is not MISSING:
        refuse("takes x or dx, not both", "dx", "invalid-argument")
    return None if x is MISSING else expect_tensor(x, "x")


def integrate(y: Any, x: Any = MISSING, *, dx: Any = MISSING, dim: Any = -1) -> Tensor:
    """The shape of ``y`` without ``dim``. Source: torch.trapezoid."""
    tensor, x = expect_tensor(y, "y"), _find_points(x, dx)
    place = find_dim(dim, tensor.dim)
    # Without points the result is made of zeros, whatever the dtype and ``x`` are.
    if tensor.dim and (x is not None or tensor.dtype not in FRACTIONS) and tensor.shape[place] == 0:
        return _reduce(tensor, tensor.dtype, place, False)
    areas, place = _integrate(y, x, dx, dim)
    return _reduce(areas, areas.dtype, place, False)


def integrate_along(y: Any, x: Any = MISSING, *, dx: Any = MISSING, dim: Any = -1) -> Tensor:
    """The shape of ``y``, one less along ``dim``, row-major. Source: torch.cumulative_trapezoid."""
    x = _find_points(x, dx)
    areas, place = _integrate(y, x, dx, dim)
    return Tensor(areas.dtype, _shorten(areas.shape, place) if x is None else areas.shape)


def take_gradient(
    input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: Any = 1
) -> tuple[Tensor, ...]:
    """One tensor in the input's shape for each dimension, row-major. Source: torch.gradient."""
    tensor = expect_dtype(input, ALL - {"uint8"})
    if expect_int(edge_order, "edge_order") not in (1, 2):
        refuse(f"needs 1 or 2 as edge_order, not {edge_order}", "edge_order")
    dims = () if isinstance(dim, (tuple, list)) and not dim else find_dims(dim, tensor.dim)
    if dims and tensor.dim == 0:
        refuse(f"needs a dimension at least and got {tensor!r}", "input")
    spacings = list(spacing) if isinstance(spacing, (tuple, list)) else None
    if spacings is not None:
        if len(spacings) != len(dims):
            refuse(f"needs one spacing for each of {len(dims)} dimensions and got {len(spacings)}", "spacing")
        if any(isinstance(item, Tensor) for item in spacings) and not all(
            isinstance(item, Tensor) for item in spacings
        ):
            refuse("needs numbers or tensors as spacing, not both", "spacing", "wrong-kind")
    elif isinstance(spacing, Tensor) and is_scalar(spacing):
        spacing = None
    elif spacing is not None and not is_plain(spacing):
        refuse(
            f"needs a number, or one for each dimension, as spacing, not {spacing!r}", "spacing", "wrong-kind"
        )
    for place in dims:
        if tensor.shape[place] < edge_order + 1:
            refuse(f"needs {edge_order + 1} values or more in dimension {place}: {tensor!r}", "input")
    if dims:
        expect_dtype(tensor, NUMBERS)
    tensors = [item for item in spacings or () if isinstance(item, Tensor)]
    for points in tensors:
        if points.dim != 1:
            refuse(f"needs spacings of one dimension and got {points!r}", "spacing")
    dtype = to_floating(promote(tensor, *tensors))
    return tuple(Tensor(dtype, tensor.shape) for _ in dims)


def _sorted(input: Any, given: Sequence[Any], stable: Any, named: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Values and int64 indices in the input's shape and order of dimensions."""
    if stable is not MISSING:
        if given:
            refuse("takes dim and descending by name together with stable", "stable", "invalid-argument")
        if stable is not None:
            expect_bool(stable, "stable")
    arguments = {**dict(zip(("dim", "descending"), given, strict=False)), **named}
    tensor = expect_dtype(input, REAL)
    find_dim(arguments.get("dim", -1), tensor.dim)
    expect_bool(arguments.get("descending", False), "descending")
    return like(tensor), like(tensor, "int64")


def sort_values(input: Any, *given: Any, stable: Any = MISSING, **named: Any) -> tuple[Tensor, Tensor]:
    """Values and int64 indices in the input's shape. Source: torch.sort."""
    return _sorted(input, given, stable, named)


def sort_indices(input: Any, *given: Any, stable: Any = MISSING, **named: Any) -> Tensor:
    """int64 in the input's shape. Source: torch.argsort."""
    return _sorted(input, given, stable, named)[1]


def sort_first(input: Any) -> Tensor:
    """The input's shape. Source: torch.msort."""
    return _sorted(input, (0,), MISSING, {})[0]


def take_greatest(
    input: Any, k: Any, dim: Any = -1, largest: Any = True, sorted: Any = True
) -> tuple[Tensor, Tensor]:
    """Values and int64 indices with ``k`` as the size of ``dim``, row-major. Source: torch.topk."""
    tensor = expect_dtype(input, REAL_NUMBERS)
    place = find_dim(dim, tensor.dim)
    expect_bool(largest, "largest")
    expect_bool(sorted, "sorted")
    size = tensor.shape[place] if tensor.dim else 1
    if expect_int(k, "k") < 0 or k > size:
        refuse(f"needs k from 0 to {size}, the size of dimension {place}, not {k}", "k")
    shape = (*tensor.shape[:place], k, *tensor.shape[place + 1 :]) if tensor.dim else ()
    return Tensor(tensor.dtype, shape), Tensor("int64", shape)


def find_places(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: Any = False,
    right: Any = False,
    side: Any = None,
    sorter: Any = None,
) -> Tensor:
    """The input's shape, int64 or int32, row-major. Source: torch.searchsorted."""
    sequence = expect_tensor(sorted_sequence, "sorted_sequence")
    dtype = "int32" if expect_bool(out_int32, "out_int32") else "int64"
    if side not in (None, "left", "right"):
        refuse(f"needs 'left' or 'right' as side, not {side!r}", "side", "wrong-kind")
    if expect_bool(right, "right") and side == "left":
        refuse("takes right=True or side='left', not both", "side", "invalid-argument")
    shape = check_lookup(input, sequence)
    if sequence.dim == 0 or (not shape and sequence.dim != 1):
        refuse(f"looks up a number in one dimension and got {sequence!r}", "sorted_sequence")
    if sequence.dim != 1 and (
        len(shape) != sequence.dim
        or any(own != size for own, size in zip(shape[:-1], sequence.shape[:-1], strict=True))
    ):
        refuse(
            f"needs one dimension, or all of {list(shape)} but the last, and got {sequence!r}",
            "sorted_sequence",
        )
    if sorter is not None:
        order = expect_dtype(sorter, frozenset({"int64"}), "sorter")
        if order.dim != sequence.dim or any(a != b for a, b in zip(order.shape, sequence.shape, strict=True)):
            refuse(f"needs a sorter in the shape of {sequence!r} and got {order!r}", "sorter")
    return Tensor(dtype, shape)


OPERATIONS = (
    Operation(
        "sum",
        "input, dim=None, keepdim=False, *, dtype=None",
        "The sum; whole numbers add up as int64.",
        rule=add_up,
        work=work.reduce_each(),
    ),
    Operation(
        "nansum",
        "input, dim=None, keepdim=False, *, dtype=None",
        "The sum, NaN counted as zero.",
        rule=add_up_numbers,
        work=work.reduce_each(before=1),
    ),
    Operation(
        "mean",
        "input, dim=None, keepdim=False, *, dtype=None",
        "The arithmetic mean.",
        rule=average,
        work=work.reduce_each(after=1),
    ),
    Operation(
        "nanmean",
        "input, dim=None, keepdim=False, *, dtype=None",
        "The mean of what isn't NaN.",
        rule=average_numbers,
        work=work.reduce_each(before=1, after=1),
    ),
    Operation(
        "prod",
        "input, dim=None, keepdim=False, *, dtype=None",
        "The product.",
        rule=multiply_up,
        work=work.reduce_each(),
    ),
    Operation(
        "var",
        "input, dim=None, unbiased=True, keepdim=False, *, correction=1",
        "The variance, divided by the count less `correction`.",
        rule=measure_spread,
        work=work.reduce_each(before=3, after=1),
    ),
    Operation(
        "std",
        "input, dim=None, unbiased=True, keepdim=False, *, correction=1",
        "The standard deviation, the root of `var`.",
        rule=measure_spread,
        work=work.reduce_each(before=3, after=2),
    ),
    Operation(
        "var_mean",
        "input, dim=None, unbiased=True, keepdim=False, *, correction=1",
        "The variance and the mean.",
        TORCH,
        rule=measure_spread_and_mean,
        work=work.reduce_each(before=3, after=1),
    ),
    Operation(
        "std_mean",
        "input, dim=None, unbiased=True, keepdim=False, *, correction=1",
        "The standard deviation and the mean.",
        TORCH,
        rule=measure_spread_and_mean,
        work=work.reduce_each(before=3, after=2),
    ),
    Operation(
        "amax",
        "input, dim=(), keepdim=False",
        "The greatest value over one or several dimensions.",
        rule=find_extreme_over,
        work=work.reduce_each(),
    ),
    Operation(
        "amin",
        "input, dim=(), keepdim=False",
        "The least value over one or several dimensions.",
        rule=find_extreme_over,
        work=work.reduce_each(),
    ),
    Operation(
        "aminmax",
        "input, *, dim=None, keepdim=False",
        "The least and the greatest value.",
        rule=find_extremes,
        work=work.reduce_each(passes=2),
    ),
    Operation(
        "max",
        "input, dim=None, keepdim=False, *, other=None",
        "The greatest value; values and indices with a dimension; of two tensors, elementwise.",
        rule=find_extreme,
        work=work.find_extreme,
    ),
    Operation(
        "min",
        "input, dim=None, keepdim=False, *, other=None",
        "The least value; values and indices with a dimension; of two tensors, elementwise.",
        rule=find_extreme,
        work=work.find_extreme,
    ),
    Operation(
        "argmax",
        "input, dim=None, keepdim=False",
        "The index of the greatest value.",
        rule=find_index,
        work=work.reduce_each(),
    ),
    Operation(
        "argmin",
        "input, dim=None, keepdim=False",
        "The index of the least value.",
        rule=find_index,
        work=work.reduce_each(),
    ),
    Operation(
        "median",
        "input, dim=None, keepdim=False",
        "The lower median; with a dimension, its index too.",
        rule=find_median,
        work=work.leave_unknown,
    ),
    Operation(
        "nanmedian",
        "input, dim=None, keepdim=False",
        "The lower median of what isn't NaN.",
        rule=find_median,
        work=work.leave_unknown,
    ),
    Operation(
        "mode",
        "input, dim=-1, keepdim=False",
        "The most frequent value and an index where it stands.",
        rule=find_mode,
        work=work.leave_unknown,
    ),
    Operation(
        "quantile",
        "input, q, dim=None, keepdim=False, *, interpolation='linear'",
        "The values below which the shares `q` lie.",
        rule=find_quantile,
        work=work.leave_unknown,
    ),
    Operation(
        "nanquantile",
        "input, q, dim=None, keepdim=False, *, interpolation='linear'",
        "The quantiles of what isn't NaN.",
        rule=find_quantile,
        work=work.leave_unknown,
    ),
    Operation(
        "kthvalue",
        "input, k, dim=-1, keepdim=False",
        "The k-th least value and its index.",
        rule=find_kth,
        work=work.leave_unknown,
    ),
    Operation(
        "all",
        "input, dim=None, keepdim=False",
        "Whether every value is nonzero.",
        rule=ask_all,
        work=work.compare_each,
    ),
    Operation(
        "any",
        "input, dim=None, keepdim=False",
        "Whether at least one value is nonzero.",
        rule=ask_all,
        work=work.compare_each,
    ),
    Operation(
        "count_nonzero",
        "input, dim=None",
        "How many values are nonzero.",
        rule=count_truth,
        work=work.compare_each,
    ),
    Operation(
        "logsumexp",
        "input, dim, keepdim=False",
        "The logarithm of the sum of exponentials.",
        rule=add_exponentials,
        work=work.reduce_each(before=2, after=2, passes=2),
    ),
    Operation(
        "norm",
        "input, p='fro', dim=None, keepdim=False, dtype=None",
        "The vector or matrix norm.",
        rule=measure_norm,
        work=work.measure_norm,
    ),
    Operation(
        "renorm",
        "input, p, dim, maxnorm",
        "Slices along `dim` scaled down to norm `maxnorm`.",
        rule=scale_down,
        work=work.limit_norms,
    ),
    Operation(
        "dist",
        "input, other, p=2",
        "The p-norm of the difference of two tensors.",
        rule=measure_distance,
        work=work.measure_difference,
    ),
    Operation("trace", "input", "The sum of a matrix's diagonal.", rule=add_diagonal, work=work.sum_diagonal),
    Operation(
        "cov",
        "input, *, correction=1, fweights=None, aweights=None",
        "The covariances of the rows.",
        rule=relate_rows,
        macs=macs.multiply_rows,
        work=work.covary,
    ),
    Operation(
        "corrcoef",
        "input",
        "The correlations of the rows.",
        rule=correlate_rows,
        macs=macs.multiply_rows,
        work=work.correlate,
    ),
    Operation(
        "histc",
        "input, bins=100, min=0, max=0",
        "How many values fall into each of equal bins.",
        rule=count_in_bins,
        work=work.leave_unknown,
    ),
    # Along a dimension, of the same size
    Operation(
        "cumsum",
        "input, dim, *, dtype=None",
        "The running sum along `dim`.",
        in_place=TENSOR,
        rule=run_along,
        work=work.accumulate(),
    ),
    Operation(
        "cumprod",
        "input, dim, *, dtype=None",
        "The running product along `dim`.",
        in_place=TENSOR,
        rule=run_along,
        work=work.accumulate(),
    ),
    Operation(
        "cummax",
        "input, dim",
        "The running greatest value along `dim`, and its index.",
        rule=run_extreme_along,
        work=work.accumulate(),
    ),
    Operation(
        "cummin",
        "input, dim",
        "The running least value along `dim`, and its index.",
        rule=run_extreme_along,
        work=work.accumulate(),
    ),
    Operation(
        "logcumsumexp",
        "input, dim",
        "The logarithm of the running sum of exponentials.",
        rule=run_exponentials_along,
        work=work.accumulate(4),
    ),
    Operation(
        "diff",
        "input, n=1, dim=-1, prepend=None, append=None",
        "The difference of neighbours along `dim`, taken n times.",
        rule=take_differences,
        work=work.subtract_neighbours,
    ),
    Operation(
        "trapezoid",
        "y, x=None, *, dx=1, dim=-1",
        "The integral along `dim` by the trapezoidal rule.",
        TORCH,
        aliases=("trapz",),
        rule=integrate,
        work=work.integrate,
    ),
    Operation(
        "cumulative_trapezoid",
        "y, x=None, *, dx=1, dim=-1",
        "The running integral along `dim` by the trapezoidal rule.",
        TORCH,
        rule=integrate_along,
        work=work.integrate_stepwise,
    ),
    Operation(
        "gradient",
        "input, *, spacing=1, dim=None, edge_order=1",
        "Central differences along each of the dimensions.",
        TORCH,
        rule=take_gradient,
        work=work.leave_unknown,
    ),
    # Order
    Operation(
        "sort",
        "input, dim=-1, descending=False, *, stable=False",
        "Values in order, and their old indices.",
        rule=sort_values,
        work=work.leave_unknown,
    ),
    Operation(
        "argsort",
        "input, dim=-1, descending=False, *, stable=False",
        "The indices that sort `input`.",
        rule=sort_indices,
        work=work.leave_unknown,
    ),
    Operation(
        "msort",
        "input",
        "Values in order along the first dimension.",
        rule=sort_first,
        work=work.leave_unknown,
    ),
    Operation(
        "topk",
        "input, k, dim=-1, largest=True, sorted=True",
        "The k greatest or least values, and their indices.",
        rule=take_greatest,
        work=work.leave_unknown,
    ),
    Operation(
        "searchsorted",
        "sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None",
        "Where each value would have to be inserted to keep the sequence sorted.",
        TORCH,
        rule=find_places,
        work=work.leave_unknown,
    ),
)
