"""Operations that pick or write elements by index or mask, embeddings among them."""

from __future__ import annotations

from typing import Any

from layercli.catalogue.entries import FUNCTIONAL, TENSOR, TORCH, Operation
from layercli.catalogue.rules import broadcast_shapes
from layercli.catalogue.sizes import ceil_div, maximum
from layercli.catalogue.tensors import AnySize, Shape, Tensor, refuse


def get_item(input: Tensor, index: Any) -> Tensor:
    """``input[index]`` for ints, slices, None, ``...`` and integer tensors, which PyTorch allows.

    Source: https://docs.pytorch.org/docs/stable/tensor_view.html and NumPy's rules of advanced indexing.
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    consumed = sum(part is not None and part is not Ellipsis and not isinstance(part, bool) for part in parts)
    if sum(part is Ellipsis for part in parts) > 1:
        refuse("takes ... once")
    if consumed > input.dim:
        refuse(f"has {consumed} indices for {input.dim} dimensions")
    if Ellipsis not in [part for part in parts if not isinstance(part, Tensor)]:
        parts.append(Ellipsis)
    at = next(place for place, part in enumerate(parts) if part is Ellipsis)
    parts[at : at + 1] = [slice(None)] * (input.dim - consumed)
    shape: list[AnySize] = []
    strides: list[AnySize] | None = None if input.strides is None else []
    chosen: list[tuple[int, Tensor]] = []
    dim = 0
    for part in parts:
        if part is None:
            shape.append(1)
            if strides is not None:
                strides.append(0)
            continue
        if isinstance(part, bool):
            refuse("takes no bool as an index", code="value-dependent")
        size = input.shape[dim]
        step = 0 if input.strides is None else input.strides[dim]
        dim += 1
        if isinstance(part, slice):
            length, skip = _slice_length(part, size)
            shape.append(length)
            if strides is not None:
                strides.append(step * skip)
        elif isinstance(part, (Tensor, list, range)):
            chosen.append((len(shape), _index_tensor(part)))
            shape.append(size)
            if strides is not None:
                strides.append(step)
        else:
            _check_index(part, size)
    if not chosen:
        return Tensor(input.dtype, shape, None if strides is None else tuple(strides))
    return _choose(input, shape, chosen)


def _index_tensor(part: Any) -> Tensor:
    """A tensor of indices; a list of ints is one too."""
    if not isinstance(part, Tensor):
        return Tensor("int64", _nested_shape(list(part)))
    if part.dtype in ("bool", "uint8"):
        refuse("takes no mask as an index: its size would depend on values", code="value-dependent")
    if part.dtype not in ("int64", "int32", "int8", "int16"):
        refuse(f"takes whole numbers as indices, not {part.dtype}", code="dtype-mismatch")
    return part


def _nested_shape(items: Any) -> Shape:
    if not isinstance(items, (list, tuple)):
        if isinstance(items, bool) or not isinstance(items, int):
            refuse(f"takes ints as indices, not {items!r}", code="wrong-kind")
        return ()
    inner = [_nested_shape(item) for item in items]
    return (len(items), *(inner[0] if inner else ()))


def _check_index(index: Any, size: AnySize) -> None:
    if isinstance(index, (float, str)):
        refuse(f"takes no {index!r} as an index", code="wrong-kind")
    if index >= size or index < -size:
        refuse(f"has no index {index} in a dimension of {size}")


def _slice_length(part: slice, size: AnySize) -> tuple[AnySize, int]:
    """How many elements a slice takes of a dimension, and its step."""
    step = 1 if part.step is None else part.step
    if step <= 0:
        refuse("takes slices with a positive step only")
    first = _clip(0 if part.start is None else part.start, size)
    last = size if part.stop is None else _clip(part.stop, size)
    if isinstance(first, int) and first == 0 and last is size and step == 1:
        return size, step
    return maximum(ceil_div(last - first, step), 0), step


def _clip(bound: AnySize, size: AnySize) -> AnySize:
    if bound < 0:
        bound = bound + size
        return bound if bound >= 0 else 0
    return bound if bound <= size else size


def _choose(input: Tensor, shape: list[AnySize], chosen: list[tuple[int, Tensor]]) -> Tensor:
    """Tensors of indices: their common shape takes the place of their dimensions, or comes first if these are apart."""
    common = broadcast_shapes([index.shape for _, index in chosen])
    places = [place for place, _ in chosen]
    together = places == list(range(places[0], places[0] + len(places)))
    rest = [size for place, size in enumerate(shape) if place not in places]
    before = places[0] if together else 0
    # The kernel restrides its input, so the order of dimensions in memory is its own.
    return Tensor(input.dtype, (*rest[:before], *common, *rest[before:]), None)


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
