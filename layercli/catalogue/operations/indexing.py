"""Operations that pick or write elements by index or mask, embeddings among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from layercli.catalogue.dtypes import CATEGORIES
from layercli.catalogue.entries import FUNCTIONAL, TENSOR, TORCH, Operation
from layercli.catalogue.operations.view import (
    drop_dim,
    expand_to,
    is_size,
    select,
    take_slice,
    unsqueeze,
    with_shape,
)
from layercli.catalogue.rules import broadcast_shapes, dense_like
from layercli.catalogue.sizes import Size
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
        elif is_size(part):
            result = select(result, dim, part)
        else:
            given = to_index(part, result.shape[dim])
            if given.dim == 0:
                # Any index will do for the type, and whether this one is in range only its value tells.
                result = drop_dim(result, dim)
            else:
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


OPERATIONS = (
    Operation("index_select", "input, dim, index", "The slices along `dim` that a vector of indices names."),
    Operation(
        "gather",
        "input, dim, index, *, sparse_grad=False",
        "The values that `index` names along `dim`, in the shape of `index`.",
    ),
    Operation(
        "take_along_dim",
        "input, indices, dim=None",
        "The values that `indices` name along `dim`, broadcast against the input.",
    ),
    Operation("take", "input, index", "The values at the indices into the flattened input."),
    Operation(
        "scatter",
        "input, dim, index, src=None, *, value=None, reduce=None",
        "A copy with `src` or `value` written where `index` says along `dim`.",
        in_place=TENSOR,
    ),
    Operation(
        "scatter_add",
        "input, dim, index, src",
        "A copy with `src` added where `index` says along `dim`.",
        in_place=TENSOR,
    ),
    Operation(
        "scatter_reduce",
        "input, dim, index, src, reduce, *, include_self=True",
        "A copy with `src` reduced into the places that `index` names along `dim`.",
        in_place=TENSOR,
    ),
    Operation(
        "index_add",
        "input, dim, index, source, *, alpha=1",
        "A copy with slices of `source` added to the named slices.",
        in_place=TENSOR,
    ),
    Operation(
        "index_copy",
        "input, dim, index, source",
        "A copy with slices of `source` in place of the named slices.",
        in_place=TENSOR,
    ),
    Operation(
        "index_fill",
        "input, dim, index, value",
        "A copy with the named slices set to `value`.",
        in_place=TENSOR,
    ),
    Operation(
        "index_reduce",
        "input, dim, index, source, reduce, *, include_self=True",
        "A copy with slices of `source` reduced into the named slices.",
        in_place=TENSOR,
    ),
    Operation(
        "index_put",
        "input, indices, values, accumulate=False",
        "A copy with `values` at the places that a tuple of index tensors names.",
        in_place=TENSOR,
    ),
    Operation(
        "put",
        "input, index, source, accumulate=False",
        "A copy with `source` at the indices into the flattened input.",
        in_place=TENSOR,
    ),
    Operation("masked_fill", "input, mask, value", "`value` where the mask is True.", in_place=TENSOR),
    Operation(
        "masked_scatter",
        "input, mask, source",
        "The values of `source`, in order, where the mask is True.",
        in_place=TENSOR,
    ),
    Operation("select_scatter", "input, src, dim, index", "A copy with `src` as one of its slices."),
    Operation(
        "slice_scatter",
        "input, src, dim=0, start=None, end=None, step=1",
        "A copy with `src` as a stretch of its slices.",
    ),
    Operation(
        "diagonal_scatter",
        "input, src, offset=0, dim1=0, dim2=1",
        "A copy with `src` as one of its diagonals.",
    ),
    Operation(
        "nonzero_static",
        "input, *, size, fill_value=-1",
        "The indices of `size` nonzero elements, filled up where there are fewer.",
    ),
    Operation(
        "unravel_index", "indices, shape", "Indices into a flattened tensor as one index a dimension.", TORCH
    ),
    Operation(
        "embedding",
        "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False",
        "The rows of `weight` that the indices name.",
        FUNCTIONAL,
    ),
    Operation(
        "embedding_bag",
        "input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode='mean', "
        "sparse=False, per_sample_weights=None, include_last_offset=False, padding_idx=None",
        "Sums, means or maxima of bags of rows of `weight`.",
        FUNCTIONAL,
    ),
    Operation(
        "one_hot", "tensor, num_classes", "A new last dimension, 1 at the class and 0 elsewhere.", FUNCTIONAL
    ),
)
