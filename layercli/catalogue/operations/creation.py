"""Operations that make a tensor of sizes, literals, or in the likeness of another, without chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from math import ceil, isfinite
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import (
    FLOATS,
    FRACTIONS,
    MISSING,
    NUMBERS,
    REAL_NUMBERS,
    check_dtype,
    expect_at_least,
    expect_bool,
    expect_fit,
    expect_int,
    expect_number,
    expect_sizes,
    is_plain,
    unpack_sizes,
)
from layercli.catalogue.dtypes import CATEGORIES, promote_dtypes
from layercli.catalogue.entries import TENSOR, TORCH, Operation
from layercli.catalogue.rules import expect_tensor, like
from layercli.catalogue.sizes import ceil_div, minimum
from layercli.catalogue.tensors import AnySize, Extent, Shape, Tensor, default_dtype, refuse


def fill_sizes(*size: Any, dtype: str | None = None) -> Tensor:
    """``size``, in ``dtype`` or the default one. Source: torch.zeros."""
    return Tensor(dtype or default_dtype(), unpack_sizes(size))


def fill_with(size: Any, fill_value: Any, *, dtype: str | None = None) -> Tensor:
    """``size``, in ``dtype`` or that of the value. Source: torch.full."""
    return _filled(
        expect_sizes(size), fill_value, dtype or dtype_of_number(expect_number(fill_value, "fill_value"))
    )


def _filled(shape: Shape, fill_value: Any, dtype: str) -> Tensor:
    expect_fit(expect_number(fill_value, "fill_value"), dtype, "fill_value")
    return Tensor(dtype, shape)


def dtype_of_number(value: Any) -> str:
    """The dtype that PyTorch gives a plain number, or a tensor without dimensions taken for one."""
    if isinstance(value, Tensor):
        kinds = {0: "bool", 1: "int64", 2: default_dtype(), 3: "complex64"}
        return kinds[CATEGORIES[value.dtype]]
    if isinstance(value, bool):
        return "bool"
    return default_dtype() if isinstance(value, float) else "int64"


def make_identity(n: Any, m: Any = MISSING, *, dtype: str | None = None) -> Tensor:
    """(n, m), square without ``m``. Source: torch.eye."""
    rows = expect_at_least(n, 0, "n")
    return Tensor(dtype or default_dtype(), (rows, rows if m is MISSING else expect_at_least(m, 0, "m")))


def make_range(*bounds: Any, dtype: str | None = None, **named: Any) -> Tensor:
    """(ceil((end - start) / step),), whole numbers where all three are; one bound is the end. Source: torch.arange."""
    places = ("end",) if len(bounds) == 1 and not {"start", "end"} & set(named) else ("start", "end", "step")
    given = {**dict(zip(places, bounds, strict=False)), **named}
    if (
        len(given) < len(bounds) + len(named)
        or "end" not in given
        or ("step" in given and "start" not in given)
    ):
        refuse("takes end; start and end; or start, end and step", "end", "invalid-argument")
    start, end, step = given.get("start", 0), given["end"], given.get("step", 1)
    for argument, value in (("start", start), ("end", end), ("step", step)):
        if not is_plain(value):
            refuse(f"needs a number as {argument}, not {value!r}", argument, "wrong-kind")
        if isinstance(value, float) and not isfinite(value):
            refuse(f"has no end from {start} to {end}", argument)
    whole = not any(isinstance(value, float) for value in (start, end, step))
    dtype = dtype or ("int64" if whole else default_dtype())
    check_dtype(dtype, REAL_NUMBERS, "dtype")
    if dtype == "int64":
        # PyTorch cuts fractions off before it counts.
        start, end, step = (
            int(value) if isinstance(value, (float, bool)) else value for value in (start, end, step)
        )
    if step == 0:
        refuse("needs a step other than 0", "step")
    if (start > end) if step > 0 else (start < end):
        refuse(f"can't get from {start} to {end} by steps of {step}", "end")
    if any(isinstance(value, float) for value in (start, end, step)):
        count = (end - start) / step
        if not isfinite(count):
            refuse(f"has no end from {start} to {end} by steps of {step}", "step")
        return Tensor(dtype, (ceil(count),))
    made = Tensor(dtype, (ceil_div(end - start, step),))
    if dtype in ("int64", "int32") and isinstance(step, int) and step == 1:
        made.extent = Extent(end)
    return made


def space_evenly(start: Any, end: Any, steps: Any, *, dtype: str | None = None) -> Tensor:
    """(steps,). Source: torch.linspace."""
    for argument, value in (("start", start), ("end", end)):
        expect_number(value, argument)
    dtype = dtype or default_dtype()
    check_dtype(dtype, NUMBERS, "dtype")
    return Tensor(dtype, (expect_at_least(steps, 0, "steps"),))


def space_exponents(
    start: Any, end: Any, steps: Any, base: Any = 10.0, *, dtype: str | None = None
) -> Tensor:
    """(steps,). Source: torch.logspace."""
    expect_number(base, "base")
    return space_evenly(start, end, steps, dtype=dtype)


def convert_data(data: Any, *, dtype: str | None = None) -> Tensor:
    """The sizes of nested lists, () for a number; the dtype of the most general number. Source: torch.tensor."""
    if isinstance(data, Tensor):
        return like(data, dtype)
    shape = _measure(data, ())
    numbers = list(_flatten(data))
    if dtype is None:
        dtype = default_dtype() if not numbers else _join_dtypes(numbers)
    if dtype not in FLOATS:
        for number in numbers:
            expect_fit(number, dtype, "data")
    return Tensor(dtype, shape)


def _measure(data: Any, place: tuple[int, ...]) -> Shape:
    """The sizes of nested lists, each as long as its neighbours."""
    if isinstance(data, Tensor):
        for size in data.shape:
            if size != 1:
                refuse(f"takes tensors of one element inside lists, not {data!r}", "data")
        return ()
    if not isinstance(data, (tuple, list, range)):
        if not is_plain(data):
            refuse(f"takes numbers, not {data!r}", "data", "wrong-kind")
        return ()
    inner = [_measure(item, (*place, index)) for index, item in enumerate(data)]
    for index, shape in enumerate(inner):
        if len(shape) != len(inner[0]) or any(
            own != first for own, first in zip(shape, inner[0], strict=True)
        ):
            at = "".join(f"[{step}]" for step in (*place, index))
            refuse(
                f"takes lists of equal length: data{at} is {list(shape)}, the first is {list(inner[0])}",
                "data",
            )
    return (len(data), *(inner[0] if inner else ()))


def _flatten(data: Any) -> Iterator[Any]:
    if isinstance(data, (tuple, list, range)):
        for item in data:
            yield from _flatten(item)
    else:
        yield data


def _join_dtypes(numbers: Sequence[Any]) -> str:
    dtypes = [number.dtype if isinstance(number, Tensor) else dtype_of_number(number) for number in numbers]
    return reduce(promote_dtypes, dtypes)


def adopt_data(data: Any, *, dtype: str | None = None) -> Tensor:
    """A tensor as it is, else as torch.tensor makes it. Source: torch.as_tensor."""
    if isinstance(data, Tensor) and dtype in (None, data.dtype):
        return data
    return convert_data(data, dtype=dtype)


def wrap_number(s: Any, *, dtype: str | None = None) -> Tensor:
    """(), in ``dtype`` or the default one. Source: torch.scalar_tensor."""
    return _filled((), expect_number(s, "s"), dtype or default_dtype())


def count_lower(row: AnySize, col: AnySize, offset: AnySize) -> AnySize:
    """How many elements of a matrix lie on and below a diagonal."""
    if row == 0 or col == 0 or row + offset <= 0:
        return 0
    first = minimum(col, 1 + offset) if offset > 0 else 1
    last = minimum(col, row + offset)
    rows = minimum(row, row + offset)
    slanted = last - first + 1
    return (first + last) * slanted // 2 + (rows - slanted) * col


def list_triangle(*, upper: bool) -> Callable[..., Tensor]:
    """(2, count), the rows and columns of a triangle's elements. Source: torch.tril_indices, torch.triu_indices."""

    def rule(row: Any, col: Any, offset: Any = 0, *, dtype: str | None = "int64") -> Tensor:
        rows, columns = expect_at_least(row, 0, "row"), expect_at_least(col, 0, "col")
        expect_int(offset, "offset")
        dtype = dtype or "int64"
        check_dtype(dtype, frozenset({"int32", "int64"}), "dtype")
        if upper:
            return Tensor(dtype, (2, rows * columns - count_lower(rows, columns, offset - 1)))
        return Tensor(dtype, (2, count_lower(rows, columns, offset)))

    return rule


def make_window(window_length: Any, periodic: Any = True, *, dtype: str | None = None) -> Tensor:
    """(window_length,). Source: torch.hann_window."""
    length = expect_at_least(window_length, 0, "window_length")
    expect_bool(periodic, "periodic")
    dtype = dtype or default_dtype()
    check_dtype(dtype, FLOATS if length > 1 else FRACTIONS, "dtype")
    return Tensor(dtype, (length,))


def make_hamming_window(
    window_length: Any,
    periodic: Any = MISSING,
    alpha: Any = MISSING,
    beta: Any = MISSING,
    *,
    dtype: str | None = None,
) -> Tensor:
    """(window_length,). Source: torch.hamming_window."""
    return _make_tuned_window(window_length, {"periodic": periodic, "alpha": alpha, "beta": beta}, dtype)


def _make_tuned_window(window_length: Any, given: Mapping[str, Any], dtype: str | None) -> Tensor:
    """A window whose further arguments are numbers, each given only with those before it. Raises Refusal."""
    names = list(given)
    for before, name in pairwise(names):
        if given[name] is not MISSING:
            expect_number(given[name], name)
            if given[before] is MISSING:
                refuse(f"takes {name} only with {before}", name, "invalid-argument")
    periodic = given["periodic"]
    return make_window(window_length, True if periodic is MISSING else periodic, dtype=dtype)


def make_kaiser_window(
    window_length: Any, periodic: Any = MISSING, beta: Any = MISSING, *, dtype: str | None = None
) -> Tensor:
    """(window_length,). Source: torch.kaiser_window."""
    return _make_tuned_window(window_length, {"periodic": periodic, "beta": beta}, dtype)


def make_like(input: Any, *, dtype: str | None = None) -> Tensor:
    """The input's shape and order of dimensions. Source: torch.zeros_like."""
    return like(expect_tensor(input, "input"), dtype)


def fill_like(input: Any, fill_value: Any, *, dtype: str | None = None) -> Tensor:
    """The input's shape and order of dimensions. Source: torch.full_like."""
    result = make_like(input, dtype=dtype)
    expect_fit(expect_number(fill_value, "fill_value"), result.dtype, "fill_value")
    return result


def make_new(tensor: Tensor, *size: Any, dtype: str | None = None) -> Tensor:
    """``size``, in ``dtype`` or the tensor's. Source: torch.Tensor.new_zeros."""
    return Tensor(dtype or tensor.dtype, unpack_sizes(size))


def fill_new(tensor: Tensor, size: Any, fill_value: Any, *, dtype: str | None = None) -> Tensor:
    """``size``, in ``dtype`` or the tensor's. Source: torch.Tensor.new_full."""
    return _filled(expect_sizes(size), fill_value, dtype or tensor.dtype)


def convert_new(tensor: Tensor, data: Any, *, dtype: str | None = None) -> Tensor:
    """The sizes of nested lists, in ``dtype`` or the tensor's. Source: torch.Tensor.new_tensor."""
    return convert_data(data, dtype=dtype or tensor.dtype)


OPERATIONS = (
    Operation(
        "zeros",
        "*size, dtype=None, device=None",
        "Zeros of the given sizes.",
        TORCH,
        creates=True,
        rule=fill_sizes,
        work=work.take_none,
    ),
    Operation(
        "ones",
        "*size, dtype=None, device=None",
        "Ones of the given sizes.",
        TORCH,
        creates=True,
        rule=fill_sizes,
        work=work.take_none,
    ),
    Operation(
        "full",
        "size, fill_value, *, dtype=None, device=None",
        "One value in all places of the given sizes.",
        TORCH,
        creates=True,
        rule=fill_with,
        work=work.take_none,
    ),
    Operation(
        "eye",
        "n, m=None, *, dtype=None, device=None",
        "A matrix with ones in the diagonal.",
        TORCH,
        creates=True,
        rule=make_identity,
        work=work.take_none,
    ),
    Operation(
        "arange",
        "start=0, end=None, step=1, *, dtype=None, device=None",
        "The numbers from `start` (0 where only one is given) up to but without `end`.",
        TORCH,
        creates=True,
        rule=make_range,
        work=work.Each("start + step * i"),
    ),
    Operation(
        "linspace",
        "start, end, steps, *, dtype=None, device=None",
        "`steps` numbers evenly from `start` to `end`.",
        TORCH,
        creates=True,
        rule=space_evenly,
        work=work.Each("start + step * i"),
    ),
    Operation(
        "logspace",
        "start, end, steps, base=10.0, *, dtype=None, device=None",
        "`steps` numbers from base ** start to base ** end, evenly in the exponent.",
        TORCH,
        creates=True,
        rule=space_exponents,
        work=work.Each("base ** (start + step * i)"),
    ),
    Operation(
        "tensor",
        "data, *, dtype=None, device=None",
        "The tensor of a number or of nested lists of numbers.",
        TORCH,
        creates=True,
        rule=convert_data,
        work=work.take_none,
    ),
    Operation(
        "as_tensor",
        "data, dtype=None, device=None",
        "The tensor of a number or of nested lists; a tensor as it is.",
        TORCH,
        creates=True,
        rule=adopt_data,
        work=work.take_none,
    ),
    Operation(
        "scalar_tensor",
        "s, *, dtype=None, device=None",
        "A 0-d tensor of one number.",
        TORCH,
        creates=True,
        rule=wrap_number,
        work=work.take_none,
    ),
    Operation(
        "tril_indices",
        "row, col, offset=0, *, dtype=int64, device=None",
        "The indices of the lower triangle of a matrix of `row` by `col`.",
        TORCH,
        creates=True,
        rule=list_triangle(upper=False),
        work=work.take_none,
    ),
    Operation(
        "triu_indices",
        "row, col, offset=0, *, dtype=int64, device=None",
        "The indices of the upper triangle of a matrix of `row` by `col`.",
        TORCH,
        creates=True,
        rule=list_triangle(upper=True),
        work=work.take_none,
    ),
    # Windows
    Operation(
        "hann_window",
        "window_length, periodic=True, *, dtype=None, device=None",
        "The Hann window.",
        TORCH,
        creates=True,
        rule=make_window,
        work=work.Each("0.5 - 0.5 * cos(step * i)"),
    ),
    Operation(
        "hamming_window",
        "window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, device=None",
        "The Hamming window.",
        TORCH,
        creates=True,
        rule=make_hamming_window,
        work=work.Each("alpha - beta * cos(step * i)"),
    ),
    Operation(
        "blackman_window",
        "window_length, periodic=True, *, dtype=None, device=None",
        "The Blackman window.",
        TORCH,
        creates=True,
        rule=make_window,
        work=work.Each("0.42 - 0.5 * cos(t := step * i) + 0.08 * cos(2 * t)"),
    ),
    Operation(
        "bartlett_window",
        "window_length, periodic=True, *, dtype=None, device=None",
        "The Bartlett (triangular) window.",
        TORCH,
        creates=True,
        rule=make_window,
        work=work.Each("1 - abs(step * i - 1)"),
    ),
    Operation(
        "kaiser_window",
        "window_length, periodic=True, beta=12.0, *, dtype=None, device=None",
        "The Kaiser window.",
        TORCH,
        creates=True,
        rule=make_kaiser_window,
        work=work.Each("i0(beta * sqrt(1 - (step * i - 1) ** 2)) / scale"),
    ),
    # In the likeness of a tensor
    Operation(
        "zeros_like",
        "input, *, dtype=None, device=None",
        "Zeros in the shape of the input.",
        TORCH,
        rule=make_like,
        work=work.take_none,
    ),
    Operation(
        "ones_like",
        "input, *, dtype=None, device=None",
        "Ones in the shape of the input.",
        TORCH,
        rule=make_like,
        work=work.take_none,
    ),
    Operation(
        "full_like",
        "input, fill_value, *, dtype=None, device=None",
        "One value in the shape of the input.",
        TORCH,
        rule=fill_like,
        work=work.take_none,
    ),
    Operation(
        "new_zeros",
        "*size, dtype=None, device=None",
        "Zeros of other sizes, in this dtype.",
        TENSOR,
        rule=make_new,
        work=work.take_none,
    ),
    Operation(
        "new_ones",
        "*size, dtype=None, device=None",
        "Ones of other sizes, in this dtype.",
        TENSOR,
        rule=make_new,
        work=work.take_none,
    ),
    Operation(
        "new_full",
        "size, fill_value, *, dtype=None, device=None",
        "One value in all places of other sizes, in this dtype.",
        TENSOR,
        rule=fill_new,
        work=work.take_none,
    ),
    Operation(
        "new_tensor",
        "data, dtype=None, device=None",
        "The tensor of nested lists, in this dtype.",
        TENSOR,
        rule=convert_new,
        work=work.take_none,
    ),
)
