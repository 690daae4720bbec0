"""Operations that pick or write elements by index or mask, embeddings among them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import COMPLEX, MISSING, expect_bool, expect_int, expect_number, is_whole
from layercli.catalogue.dtypes import CATEGORIES, ITEM_SIZES
from layercli.catalogue.entries import FUNCTIONAL, TENSOR, TORCH, Operation
from layercli.catalogue.extents import check_extent
from layercli.catalogue.layouts import is_empty, with_shape
from layercli.catalogue.operations.view import (
    clone,
    drop_dim,
    expand_to,
    expect_sizes,
    select,
    take_diagonal,
    take_slice,
    unbind,
    unsqueeze,
    view,
)
from layercli.catalogue.rules import (
    broadcast_shapes,
    dense_like,
    elementwise,
    expect_tensor,
    find_dim,
    is_number,
)
from layercli.catalogue.sizes import Size, as_int
from layercli.catalogue.tensors import AnySize, Shape, Tensor, refuse


def get_item(input: Tensor, index: Any) -> Tensor:
    """``input[index]``: ints and slices give views, tensors and lists of ints a new tensor, None a size of 1.

    Source: https://docs.pytorch.org/docs/stable/tensor_view.html, and NumPy's rules of advanced indexing.
    """
    parts = list(index) if isinstance(index, tuple) or _is_like_tuple(index) else [index]
    named = sum(part is not None and part is not Ellipsis and not isinstance(part, bool) for part in parts)
    if named > input.dim:
        refuse(f"has {named} indices for {input.dim} dimensions: {input!r}")
    result = Tensor(input.dtype, input.shape, input.strides)
    chosen: dict[int, Tensor] = {}
    dim = 0
    for part in parts:
        if part is Ellipsis:
            dim += input.dim - named
        elif part is None or isinstance(part, bool):
            result = unsqueeze(result, dim)
            if part is not None:
                chosen[dim] = Tensor("int64", (1 if part else 0,))
            dim += 1
        elif isinstance(part, slice) and part == slice(None):
            dim += 1
        elif dim >= result.dim:
            refuse(f"has more indices than dimensions: {input!r}")
        elif isinstance(part, slice):
            result = take_slice(result, dim, part)
            dim += 1
        elif is_whole(part):
            result = select(result, dim, part)
        else:
            given = to_index(part, result.shape[dim])
            if given.dim == 0:
                # Any index will do for the type, and whether this one is in range only its value tells.
                result = drop_dim(result, dim)
            else:
                check_extent(given, result, dim, "")
                chosen[dim] = given
                dim += 1
    return choose(result, chosen) if chosen else result


def _is_like_tuple(index: Any) -> bool:
    """Whether PyTorch takes a list as several indices rather than as one tensor of them."""
    several = (Tensor, list, tuple, range, slice, type(None), type(Ellipsis))
    return isinstance(index, list) and len(index) < 32 and any(isinstance(part, several) for part in index)


def to_index(part: Any, size: AnySize) -> Tensor:
    """A tensor of indices into a dimension of ``size``; a list of numbers is one, too, and one of bools a mask.

    Raises Refusal, also for masks whose values aren't known: so many elements would be chosen as are True.
    """
    if isinstance(part, (list, tuple, range)):
        return _list_to_index(part, size)
    if not isinstance(part, Tensor):
        refuse(f"takes ints, slices, None, ... and tensors of ints, not {part!r}", code="wrong-kind")
    if part.dtype in ("bool", "uint8"):
        refuse("takes no mask as an index: its size would depend on values", code="value-dependent")
    if part.dtype not in ("int64", "int32") and (part.dim or CATEGORIES[part.dtype] != 1):
        refuse(f"takes int64 or int32 as indices, not {part.dtype}", code="dtype-mismatch")
    return part


def _list_to_index(items: Sequence[Any], size: AnySize) -> Tensor:
    if items and all(isinstance(item, bool) for item in items):
        if size != len(items):
            refuse(f"takes a mask of {size} bools for a dimension of {size}, not of {len(items)}")
        return Tensor("int64", (sum(items),))
    return Tensor("int64", _find_nested_shape(items))


def _find_nested_shape(items: Any) -> Shape:
    if not isinstance(items, (list, tuple, range)):
        if not isinstance(items, (int, Size, float)):
            refuse(f"takes ints as indices, not {items!r}", code="wrong-kind")
        return ()
    inner = [_find_nested_shape(item) for item in items]
    if any(shape != inner[0] for shape in inner):
        refuse("takes lists of one length only as indices", code="wrong-kind")
    return (len(items), *(inner[0] if inner else ()))


def choose(input: Tensor, chosen: Mapping[int, Tensor]) -> Tensor:
    """Elements by tensors of indices for some dimensions; their common shape stands where these were together, else in front.

    The kernel is elementwise over the input, its indexed dimensions held still, and the indices; so are its strides.
    """
    common = broadcast_shapes([index.shape for index in chosen.values()])
    places = sorted(chosen)
    together = places[-1] - places[0] + 1 == len(places)
    before = places[0] if together else 0
    rest = [dim for dim in range(input.dim) if dim not in chosen]
    shape = [input.shape[dim] for dim in rest]
    shape[before:before] = common
    if input.strides is None:
        return Tensor(input.dtype, shape, None)
    steps = [input.strides[dim] for dim in rest]
    steps[before:before] = [0] * len(common)
    after = len(rest) - before
    operands = [Tensor(input.dtype, shape, tuple(steps))]
    for dim in places:
        wide = expand_to(chosen[dim], common)
        operands.append(with_shape(wide, (*(1,) * before, *common, *(1,) * after)))
    return Tensor(input.dtype, shape, dense_like(shape, operands))


def fits_dtype(value: Any, dtype: str) -> bool:
    """Whether a number can be written into a tensor of a dtype without overflow. Source: c10::overflows."""
    if isinstance(value, complex):
        return CATEGORIES[dtype] == 3
    if dtype == "bool" or isinstance(value, (bool, Size)):
        return True
    if CATEGORIES[dtype] >= 2:
        return math.isinf(value) or math.isnan(value) or abs(value) <= _GREATEST[dtype]
    if isinstance(value, float):
        if math.isinf(value) or math.isnan(value):
            return False
        value = math.trunc(value)
    greatest = (1 << 8 * ITEM_SIZES[dtype] - (dtype != "uint8")) - 1
    return bool(-greatest - (dtype != "uint8") <= value <= greatest)


_GREATEST = {
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
    "float32": 3.4028234663852886e38,
    "complex64": 3.4028234663852886e38,
    "float64": math.inf,
    "complex128": math.inf,
}


def expect_value(value: Any, dtype: str, argument: str = "value", *, learned: bool = True) -> None:
    """A number that fits into the dtype, or a tensor without dimensions, ``learned`` or not. Raises Refusal."""
    if isinstance(value, Tensor):
        if value.requires_grad and not learned:
            refuse(f"needs a number as {argument}, not a parameter: {value!r}", argument, "wrong-kind")
        if value.dim:
            refuse(f"takes a number or a tensor without dimensions, not {value!r}", argument)
    elif not isinstance(value, complex) and not is_number(value):
        refuse(f"needs a number as {argument}, not {value!r}", argument, "wrong-kind")
    elif not fits_dtype(value, dtype):
        refuse(f"can't write {value!r} into {dtype}, which is too small for it", argument, "dtype-mismatch")


def expect_indices(
    index: Any, dtypes: Collection[str], argument: str = "index", *, dims: int | None = None
) -> Tensor:
    """A tensor of indices, with at most ``dims`` dimensions. Raises Refusal."""
    tensor = expect_tensor(index, argument)
    if tensor.dtype not in dtypes:
        refuse(f"takes {' or '.join(dtypes)} as {argument}, not {tensor!r}", argument, "dtype-mismatch")
    if dims is not None and tensor.dim > dims:
        refuse(f"takes a vector as {argument}, not {tensor!r}", argument)
    return tensor


_LONG = ("int64",)
_LONG_OR_INT = ("int64", "int32")


def expect_dtype(tensor: Any, dtype: str, argument: str) -> Tensor:
    """A tensor of this dtype. Raises Refusal."""
    given = expect_tensor(tensor, argument)
    if given.dtype != dtype:
        refuse(f"needs {argument} in {dtype} and got {given!r}", argument, "dtype-mismatch")
    return given


def _filled(shape: Shape) -> Shape:
    """The sizes, a tensor without dimensions taken as a vector of one."""
    return shape or (1,)


# Picking ---------------------------------------------------------------------------------------------------


def index_select(input: Tensor, dim: int, index: Any) -> Tensor:
    """(*, S, *) to (*, len(index), *). Source: torch.index_select."""
    place = find_dim(dim, input.dim)
    given = expect_indices(index, _LONG_OR_INT, dims=1)
    if input.dim == 0:
        if given.numel != 1:
            refuse(f"has one element, and {given.numel} are asked for", "index")
        return Tensor(input.dtype, ())
    _check_not_empty(input, place, given)
    return Tensor(input.dtype, (*input.shape[:place], given.numel, *input.shape[place + 1 :]))


def _check_picked(input: Tensor, place: int, index: Tensor, what: str) -> None:
    """Whether ``index`` has the input's dimensions, and no more elements but along one. Raises Refusal."""
    own, given = _filled(input.shape), _filled(index.shape)
    if len(own) != len(given):
        refuse(f"needs {what} of {len(own)} dimensions and got {index!r}", "index")
    for dim, (size, limit) in enumerate(zip(given, own, strict=True)):
        if dim != place and size > limit:
            refuse(f"has {limit} in dimension {dim}, and {what} has {size}: {index!r}", "index")


def gather(input: Tensor, dim: int, index: Any, *, sparse_grad: bool = False) -> Tensor:
    """(*) to the shape of ``index``, no larger than the input but along ``dim``. Source: torch.gather."""
    place = find_dim(dim, input.dim)
    given = expect_tensor(index, "index")
    if not is_empty(given):
        expect_indices(given, _LONG_OR_INT)
        _check_picked(input, place, given, "index")
    return Tensor(input.dtype, given.shape)


def take_along_dim(input: Tensor, indices: Any, dim: Any = None) -> Tensor:
    """(*) to the shape of ``indices``, broadcast against the input but along ``dim``. Source: torch.take_along_dim."""
    if dim is None:
        chosen = expect_tensor(indices, "indices")
        if is_empty(chosen):
            return Tensor(input.dtype, (0,))
        # Without a dim they are looked at as those of gather are.
        expect_indices(chosen, _LONG_OR_INT, "indices")
        _check_not_empty(view(input, -1), 0, chosen)
        return Tensor(input.dtype, (chosen.numel,))
    given = expect_indices(indices, _LONG, "indices")
    if not input.dim:
        refuse(f"has no dimension {dim}: {input!r}", "dim")
    if input.dim != given.dim:
        refuse(f"needs indices of {input.dim} dimensions and got {given!r}", "indices")
    place = find_dim(dim, input.dim)
    _check_not_empty(input, place, given)
    own = [*input.shape[:place], given.shape[place], *input.shape[place + 1 :]]
    return Tensor(input.dtype, broadcast_shapes([own, given.shape]))


def _check_not_empty(input: Tensor, place: int, indices: Tensor) -> None:
    if input.shape[place] == 0 and not is_empty(indices):
        refuse(f"has no elements along dimension {place}: {input!r}")
    check_extent(indices, input, place, "index")


def take(input: Tensor, index: Any) -> Tensor:
    """(*) to the shape of ``index``. Source: torch.take."""
    given = expect_indices(index, _LONG)
    if is_empty(input) and not is_empty(given):
        refuse(f"takes elements of an empty tensor: {input!r}")
    return Tensor(input.dtype, given.shape)


# Writing ---------------------------------------------------------------------------------------------------

_REDUCTIONS = {
    "scatter": ("add", "multiply"),
    "scatter_reduce": ("sum", "prod", "mean", "amax", "amin", "max", "min"),
    "index_reduce": ("prod", "mean", "amax", "amin"),
}


def _check_reduction(operation: str, reduce: Any) -> None:
    if reduce not in _REDUCTIONS[operation]:
        refuse(
            f"takes reduce={', '.join(map(repr, _REDUCTIONS[operation]))}, not {reduce!r}",
            "reduce",
            "wrong-kind",
        )


def scatter(
    input: Tensor,
    dim: int,
    index: Any,
    *source_or_value: Any,
    src: Any = MISSING,
    value: Any = MISSING,
    reduce: Any = MISSING,
) -> Tensor:
    """(*) to the same shape; ``index`` is no larger than the input but along ``dim``. Source: torch.Tensor.scatter_."""
    given_both = [given for given in (*source_or_value, src, value) if given is not MISSING]
    if len(given_both) != 1 or given_both[0] is None:
        refuse("takes src or value", "src", "invalid-argument")
    source = given_both[0]
    if src is not MISSING:
        # Without its name a number is read as value.
        expect_tensor(src, "src")
    named = "value" if value is not MISSING else "src"
    place = find_dim(dim, input.dim)
    given = expect_tensor(index, "index")
    if not is_empty(given):
        expect_indices(given, _LONG_OR_INT)
    if reduce is not MISSING:
        _check_reduction("scatter", reduce)
    if isinstance(source, Tensor) and named == "src":
        expect_dtype(source, input.dtype, "src")
    else:
        expect_value(source, input.dtype, named, learned=False)
    if not is_empty(given):
        _check_picked(input, place, given, "index")
        if isinstance(source, Tensor) and named == "src":
            _check_covered(given, source)
    return Tensor(input.dtype, input.shape)


def _check_covered(index: Tensor, source: Tensor) -> None:
    """Whether ``source`` has a value for each index. Raises Refusal."""
    own, given = _filled(source.shape), _filled(index.shape)
    if len(own) != len(given):
        refuse(f"needs src of {len(given)} dimensions, as the index has, and got {source!r}", "src")
    for dim, (size, limit) in enumerate(zip(given, own, strict=True)):
        if size > limit:
            refuse(f"needs {size} values in dimension {dim} of src and got {limit}: {source!r}", "src")


def scatter_add(input: Tensor, dim: int, index: Any, src: Any) -> Tensor:
    """As ``scatter``. Source: torch.Tensor.scatter_add_."""
    return scatter(input, dim, index, expect_tensor(src, "src"))


def scatter_reduce(
    input: Tensor, dim: int, index: Any, src: Any, reduce: Any, *, include_self: bool = True
) -> Tensor:
    """As ``scatter``. Source: torch.Tensor.scatter_reduce_."""
    _check_reduction("scatter_reduce", reduce)
    result = scatter(input, dim, index, expect_tensor(src, "src"))
    if not is_empty(expect_tensor(index, "index")):
        _check_reducible(input.dtype, reduce)
    return result


def _check_reducible(dtype: str, reduce: str) -> None:
    if (dtype == "bool" and reduce == "mean") or (
        CATEGORIES[dtype] == 3 and reduce not in ("sum", "prod", "mean")
    ):
        refuse(f"has no {reduce} of {dtype}", "input", "dtype-mismatch")


def _check_slices(input: Tensor, place: int, index: Tensor, source: Tensor) -> None:
    """Whether ``source`` has a slice of the input's shape for each index. Raises Refusal."""
    if source.dim and place >= source.dim:
        refuse(f"needs source with dimension {place} and got {source!r}", "source")
    count = source.shape[place] if source.dim else 1
    if count != index.numel:
        refuse(
            f"needs {index.numel} slices of source in dimension {place} and got {count}: {source!r}", "source"
        )
    both = input.dim and source.dim
    own = drop_dim(input, place).shape if both else input.shape
    given = drop_dim(source, place).shape if both else source.shape
    if len(own) != len(given) or any(size != other for size, other in zip(own, given, strict=True)):
        refuse(f"needs slices of {list(own)} and got {list(given)}: {source!r}", "source")


def index_add(input: Tensor, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Tensor:
    """(*, S, *) to the same shape, ``source`` of (*, len(index), *). Source: torch.Tensor.index_add_."""
    place = find_dim(dim, input.dim)
    given = expect_indices(index, _LONG_OR_INT, dims=1)
    _check_slices(input, place, given, expect_dtype(source, input.dtype, "source"))
    expect_value(alpha, input.dtype, "alpha", learned=False)
    return Tensor(input.dtype, input.shape)


def index_reduce(
    input: Tensor, dim: int, index: Any, source: Any, reduce: Any, *, include_self: bool = True
) -> Tensor:
    """As ``index_add``. Source: torch.Tensor.index_reduce_."""
    _check_reduction("index_reduce", reduce)
    result = index_add(input, dim, index, source)
    if CATEGORIES[input.dtype] == 3 and reduce in ("amax", "amin"):
        refuse(f"has no {reduce} of {input.dtype}", "input", "dtype-mismatch")
    if not expect_bool(include_self, "include_self") and input.dtype in ("bool", *COMPLEX):
        refuse(f"takes include_self=False for numbers only, not {input!r}", "include_self", "dtype-mismatch")
    return result


def index_copy(input: Tensor, dim: int, index: Any, source: Any) -> Tensor:
    """(*, S, *) to the same shape, ``source`` of (*, len(index), *). Source: torch.Tensor.index_copy_."""
    place = find_dim(dim, input.dim)
    given = expect_indices(index, _LONG, dims=1)
    values = expect_dtype(source, input.dtype, "source")
    own = drop_dim(input, place).shape if input.dim else ()
    slices = drop_dim(values, place).shape if values.dim > place else ()
    if input.dim and values.dim and input.dim != values.dim:
        refuse(f"needs source of {input.dim} dimensions and got {values!r}", "source")
    if len(own) != len(slices) or any(size != other for size, other in zip(own, slices, strict=True)):
        refuse(f"needs slices of {list(own)} and got {list(slices)}: {values!r}", "source")
    count = values.shape[place] if values.dim else 1
    if count != given.numel:
        refuse(
            f"needs {given.numel} slices of source in dimension {place} and got {count}: {values!r}", "source"
        )
    return Tensor(input.dtype, input.shape)


def index_fill(input: Tensor, dim: int, index: Any, value: Any) -> Tensor:
    """(*) to the same shape. Source: torch.Tensor.index_fill_."""
    find_dim(dim, input.dim)
    expect_indices(index, _LONG, dims=1)
    expect_value(value, input.dtype)
    return clone(input)


def index_put(input: Tensor, indices: Any, values: Any, accumulate: bool = False) -> Tensor:
    """(*) to the same shape, ``values`` broadcast to what the indices pick. Source: torch.Tensor.index_put_."""
    if isinstance(indices, (tuple, list)) and not indices and input.numel == 0:
        source = expect_dtype(values, input.dtype, "values")
        # One value alone would be written through a mask, which PyTorch makes of the indices that aren't there.
        if is_expandable(source.shape, input.shape) and (accumulate or source.numel != 1):
            return clone(input)
    if not isinstance(indices, (tuple, list)) or not indices:
        refuse(f"needs a tuple of tensors as indices, not {indices!r}", "indices", "wrong-kind")
    given = [expect_tensor(index, "indices") for index in indices]
    source = expect_dtype(values, input.dtype, "values")
    chosen: dict[int, Tensor] = {}
    masked = False
    dim = 0
    for index in given:
        if index.dtype in ("bool", "uint8"):
            masked = True
            _check_mask(input, dim, index)
            dim += index.dim
            continue
        if dim >= input.dim:
            refuse(f"has more indices than dimensions: {input!r}", "indices")
        chosen[dim] = expect_indices(index, _LONG_OR_INT, "indices")
        dim += 1
    if not masked:
        picked = choose(input, chosen).shape
        if not is_expandable(source.shape, picked):
            refuse(
                f"can't broadcast values of {list(source.shape)} to the {list(picked)} that it picks",
                "values",
            )
    return clone(input)


def _check_mask(input: Tensor, dim: int, mask: Tensor) -> None:
    if dim + mask.dim > input.dim:
        refuse(f"has more indices than dimensions: {input!r}", "indices")
    for place, size in enumerate(mask.shape):
        if size != input.shape[dim + place]:
            refuse(
                f"needs a mask of the sizes of {input!r} from dimension {dim} on and got {mask!r}", "indices"
            )


def is_expandable(shape: Shape, wide: Shape) -> bool:
    """Whether a shape broadcasts to exactly ``wide``."""
    if len(shape) > len(wide):
        return False
    pairs = zip(shape[::-1], wide[::-1], strict=False)
    return all((isinstance(own, int) and own == 1) or own == other or own == 1 for own, other in pairs)


def put(input: Tensor, index: Any, source: Any, accumulate: bool = False) -> Tensor:
    """(*) to the same shape, ``source`` with as many elements as ``index``. Source: torch.Tensor.put_."""
    given = expect_indices(index, _LONG)
    values = expect_dtype(source, input.dtype, "source")
    if given.numel != values.numel:
        refuse(f"needs {given.numel} values and got {values.numel}: {values!r}", "source")
    if is_empty(input) and not is_empty(given):
        refuse(f"writes into an empty tensor: {input!r}")
    return clone(input)


def masked_fill(input: Tensor, mask: Any, value: Any) -> Tensor:
    """(*) to the common shape with ``mask``. Source: torch.Tensor.masked_fill_."""
    where = expect_dtype(mask, "bool", "mask")
    expect_value(value, input.dtype)
    return Tensor(input.dtype, broadcast_shapes([input.shape, where.shape]))


def masked_scatter(input: Tensor, mask: Any, source: Any) -> Tensor:
    """(*) to the common shape with ``mask``. Source: torch.Tensor.masked_scatter_."""
    where = expect_dtype(mask, "bool", "mask")
    expect_dtype(source, input.dtype, "source")
    return Tensor(input.dtype, broadcast_shapes([input.shape, where.shape]))


def _write_part(input: Tensor, part: Tensor, src: Any) -> Tensor:
    """A copy of the input, one part of it written: dense even where the input isn't, else in its very strides."""
    source = expect_tensor(src, "src")
    if source.dim != part.dim or any(own != size for own, size in zip(source.shape, part.shape, strict=True)):
        refuse(f"needs src of {list(part.shape)} and got {source!r}", "src")
    if input.strides is None or 0 not in input.strides:
        return Tensor(input.dtype, input.shape, input.strides)
    return clone(input)


def select_scatter(input: Tensor, src: Any, dim: int, index: Any) -> Tensor:
    """(*) to the same shape, ``src`` of one slice's. Source: torch.select_scatter."""
    return _write_part(input, select(input, dim, index), src)


def slice_scatter(
    input: Tensor, src: Any, dim: int = 0, start: Any = None, end: Any = None, step: Any = 1
) -> Tensor:
    """(*) to the same shape, ``src`` of the slice's. Source: torch.slice_scatter."""
    if input.dim == 0:
        refuse("needs a tensor with dimensions", "input")
    part = slice(*(None if bound is None else expect_int(bound, "start") for bound in (start, end, step)))
    return _write_part(input, take_slice(input, find_dim(dim, input.dim), part), src)


def diagonal_scatter(input: Tensor, src: Any, offset: Any = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """(*) to the same shape, ``src`` of the diagonal's. Source: torch.diagonal_scatter."""
    return _write_part(input, take_diagonal(input, offset, dim1, dim2), src)


# Indices as values -----------------------------------------------------------------------------------------


def nonzero_static(input: Tensor, *, size: Any, fill_value: Any = -1) -> Tensor:
    """(*) to int64 (size, number of dimensions). Source: torch.nonzero_static."""
    count = expect_int(size, "size")
    expect_int(fill_value, "fill_value")
    if count < 0:
        refuse(f"takes no negative size, not {count}", "size")
    return Tensor("int64", (count, input.dim))


def unravel_index(indices: Any, shape: Any) -> tuple[Tensor, ...]:
    """(*) to an int64 tensor of (*) for each size of ``shape``. Source: torch.unravel_index."""
    given = expect_tensor(indices, "indices")
    if CATEGORIES[given.dtype] != 1:
        refuse(f"takes whole numbers as indices, not {given!r}", "indices", "dtype-mismatch")
    single = is_whole(shape) or isinstance(shape, bool)
    sizes = (shape,) if single else expect_sizes(shape, "shape")
    for size in sizes:
        if size < 0:
            refuse(f"takes no negative size, and {list(sizes)} has {size}", "shape")
        if not is_empty(given) and size == 0:
            refuse(f"has no indices into a tensor without elements: {list(sizes)}", "shape")
    if not sizes:
        return ()
    return unbind(elementwise("int64", unsqueeze(given, -1), Tensor("int64", (len(sizes),))), -1)


# Embeddings ------------------------------------------------------------------------------------------------


def embedding(
    input: Any,
    weight: Any,
    padding_idx: Any = None,
    max_norm: Any = None,
    norm_type: Any = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """(*) of indices and ``weight`` of (rows, columns) to (*, columns). Source: torch.nn.functional.embedding."""
    rows = expect_tensor(weight, "weight")
    given = expect_tensor(input, "input")
    expect_bool(scale_grad_by_freq, "scale_grad_by_freq")
    expect_bool(sparse, "sparse")
    if padding_idx is not None:
        _check_padding(padding_idx, rows)
    expect_indices(given, _LONG_OR_INT, "input")
    if rows.dim != 2:
        refuse(f"needs a matrix as weight and got {rows!r}", "weight")
    check_extent(given, rows, 0, "input")
    _check_not_empty(rows, 0, given)
    if max_norm is not None and CATEGORIES[rows.dtype] < 2:
        refuse(f"takes max_norm only with floating weights, not {rows!r}", "weight", "dtype-mismatch")
    if max_norm is not None:
        expect_number(max_norm, "max_norm")
        expect_number(norm_type, "norm_type")
    return Tensor(rows.dtype, (*given.shape, rows.shape[1]))


def _check_padding(padding_idx: Any, weight: Tensor) -> None:
    index = expect_int(padding_idx, "padding_idx")
    if weight.dim == 0:
        refuse(f"needs a matrix as weight and got {weight!r}", "weight")
    if (index >= weight.shape[0] and index > 0) or index < -weight.shape[0]:
        refuse(f"has {weight.shape[0]} rows and no row {index} for padding", "padding_idx")


def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: Any = None,
    norm_type: Any = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: Any = None,
) -> Tensor:
    """Indices in bags and ``weight`` of (rows, columns) to (bags, columns): bags are the rows of a matrix, or start
    at ``offsets`` in a vector. Source: torch.nn.functional.embedding_bag.
    """
    given, rows = expect_tensor(input, "input"), expect_tensor(weight, "weight")
    if rows.dtype in ("int64", "int32") and CATEGORIES[given.dtype] == 2:
        # Indices and weight were once the other way round, and PyTorch still takes them so.
        given, rows = rows, given
    expect_bool(sparse, "sparse")
    expect_bool(scale_grad_by_freq, "scale_grad_by_freq")
    if per_sample_weights is not None:
        scales = expect_tensor(per_sample_weights, "per_sample_weights")
        if scales.dim != given.dim or any(
            own != size for own, size in zip(scales.shape, given.shape, strict=True)
        ):
            refuse(
                f"needs a weight for each index, {list(given.shape)}, and got {scales!r}",
                "per_sample_weights",
            )
        if mode != "sum":
            refuse(f"takes per_sample_weights only with mode='sum', not {mode!r}", "per_sample_weights")
        expect_dtype(scales, rows.dtype, "per_sample_weights")
    if rows.dim != 2:
        refuse(f"needs a matrix as weight and got {rows!r}", "weight")
    if max_norm is not None:
        expect_number(max_norm, "max_norm")
        expect_number(norm_type, "norm_type")
    if mode not in ("sum", "mean", "max"):
        refuse(f"takes mode='sum', 'mean' or 'max', not {mode!r}", "mode", "wrong-kind")
    if mode == "max" and (scale_grad_by_freq or sparse):
        refuse("takes neither scale_grad_by_freq nor sparse with mode='max'", "mode")
    if rows.dtype not in ("float16", "bfloat16", "float32", "float64"):
        refuse(f"takes floating weights, not {rows!r}", "weight", "dtype-mismatch")
    expect_indices(given, _LONG_OR_INT, "input")
    if padding_idx is not None:
        index = expect_int(padding_idx, "padding_idx")
        if index >= rows.shape[0] or index < -rows.shape[0]:
            refuse(f"has {rows.shape[0]} rows and no row {index} for padding", "padding_idx")
    return Tensor(rows.dtype, (_count_bags(given, offsets, include_last_offset), rows.shape[1]))


def _count_bags(input: Tensor, offsets: Any, include_last_offset: bool) -> AnySize:
    if input.dim == 2:
        if offsets is not None:
            refuse(
                "takes offsets only with a vector of indices; the rows of a matrix are the bags", "offsets"
            )
        if input.shape[1] == 0:
            refuse(f"needs bags with indices and got {input!r}", "input")
        return input.shape[0]
    if input.dim != 1:
        refuse(f"needs a vector or a matrix of indices and got {input!r}", "input")
    if offsets is None:
        refuse("needs offsets, at which the bags of a vector of indices start", "offsets", "invalid-argument")
    starts = expect_indices(offsets, _LONG_OR_INT, "offsets", dims=1)
    if starts.dim != 1:
        refuse(f"needs a vector of offsets and got {starts!r}", "offsets")
    if include_last_offset:
        if starts.shape[0] < 1:
            refuse("needs one offset at least with include_last_offset", "offsets")
        return starts.shape[0] - 1
    return starts.shape[0]


def one_hot(tensor: Any, num_classes: Any = -1) -> Tensor:
    """(*) of classes to int64 (*, num_classes). Source: torch.nn.functional.one_hot."""
    given = expect_indices(tensor, _LONG, "tensor")
    count = expect_int(num_classes, "num_classes")
    if as_int(count) == -1:
        refuse("needs num_classes, which would depend on values else", "num_classes", "value-dependent")
    if count <= 0:
        refuse(f"needs one class or more, not {count}", "num_classes")
    return Tensor("int64", (*given.shape, count))


OPERATIONS = (
    Operation(
        "index_select",
        "input, dim, index",
        "The slices along `dim` that a vector of indices names.",
        rule=index_select,
        work=work.take_none,
    ),
    Operation(
        "gather",
        "input, dim, index, *, sparse_grad=False",
        "The values that `index` names along `dim`, in the shape of `index`.",
        rule=gather,
        work=work.take_none,
    ),
    Operation(
        "take_along_dim",
        "input, indices, dim=None",
        "The values that `indices` name along `dim`, broadcast against the input.",
        rule=take_along_dim,
        work=work.take_none,
    ),
    Operation(
        "take",
        "input, index",
        "The values at the indices into the flattened input.",
        rule=take,
        work=work.take_none,
    ),
    Operation(
        "scatter",
        "input, dim, index, src=None, *, value=None, reduce=None",
        "A copy with `src` or `value` written where `index` says along `dim`.",
        in_place=TENSOR,
        rule=scatter,
        work=work.scatter,
    ),
    Operation(
        "scatter_add",
        "input, dim, index, src",
        "A copy with `src` added where `index` says along `dim`.",
        in_place=TENSOR,
        rule=scatter_add,
        work=work.scatter_each,
    ),
    Operation(
        "scatter_reduce",
        "input, dim, index, src, reduce, *, include_self=True",
        "A copy with `src` reduced into the places that `index` names along `dim`.",
        in_place=TENSOR,
        rule=scatter_reduce,
        work=work.scatter_reduced,
    ),
    Operation(
        "index_add",
        "input, dim, index, source, *, alpha=1",
        "A copy with slices of `source` added to the named slices.",
        in_place=TENSOR,
        rule=index_add,
        work=work.add_rows,
    ),
    Operation(
        "index_copy",
        "input, dim, index, source",
        "A copy with slices of `source` in place of the named slices.",
        in_place=TENSOR,
        rule=index_copy,
        work=work.take_none,
    ),
    Operation(
        "index_fill",
        "input, dim, index, value",
        "A copy with the named slices set to `value`.",
        in_place=TENSOR,
        rule=index_fill,
        writes_shared=True,
        work=work.take_none,
    ),
    Operation(
        "index_reduce",
        "input, dim, index, source, reduce, *, include_self=True",
        "A copy with slices of `source` reduced into the named slices.",
        in_place=TENSOR,
        rule=index_reduce,
        work=work.reduce_rows,
    ),
    Operation(
        "index_put",
        "input, indices, values, accumulate=False",
        "A copy with `values` at the places that a tuple of index tensors names.",
        in_place=TENSOR,
        rule=index_put,
        writes_shared=True,
        work=work.put_at,
    ),
    Operation(
        "put",
        "input, index, source, accumulate=False",
        "A copy with `source` at the indices into the flattened input.",
        in_place=TENSOR,
        rule=put,
        work=work.put_each,
    ),
    Operation(
        "masked_fill",
        "input, mask, value",
        "`value` where the mask is True.",
        in_place=TENSOR,
        rule=masked_fill,
        writes_shared=True,
        work=work.take_none,
    ),
    Operation(
        "masked_scatter",
        "input, mask, source",
        "The values of `source`, in order, where the mask is True.",
        in_place=TENSOR,
        rule=masked_scatter,
        work=work.take_none,
    ),
    Operation(
        "select_scatter",
        "input, src, dim, index",
        "A copy with `src` as one of its slices.",
        rule=select_scatter,
        work=work.take_none,
    ),
    Operation(
        "slice_scatter",
        "input, src, dim=0, start=None, end=None, step=1",
        "A copy with `src` as a stretch of its slices.",
        rule=slice_scatter,
        work=work.take_none,
    ),
    Operation(
        "diagonal_scatter",
        "input, src, offset=0, dim1=0, dim2=1",
        "A copy with `src` as one of its diagonals.",
        rule=diagonal_scatter,
        work=work.take_none,
    ),
    Operation(
        "nonzero_static",
        "input, *, size, fill_value=-1",
        "The indices of `size` nonzero elements, filled up where there are fewer.",
        rule=nonzero_static,
        work=work.compare_each,
    ),
    Operation(
        "unravel_index",
        "indices, shape",
        "Indices into a flattened tensor as one index a dimension.",
        TORCH,
        rule=unravel_index,
        work=work.take_none,
    ),
    Operation(
        "embedding",
        "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False",
        "The rows of `weight` that the indices name.",
        FUNCTIONAL,
        rule=embedding,
        work=work.look_up,
    ),
    Operation(
        "embedding_bag",
        "input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode='mean', "
        "sparse=False, per_sample_weights=None, include_last_offset=False, padding_idx=None",
        "Sums, means or maxima of bags of rows of `weight`.",
        FUNCTIONAL,
        rule=embedding_bag,
        work=work.join_bags,
    ),
    Operation(
        "one_hot",
        "tensor, num_classes",
        "A new last dimension, 1 at the class and 0 elsewhere.",
        FUNCTIONAL,
        rule=one_hot,
        work=work.take_none,
    ),
)
