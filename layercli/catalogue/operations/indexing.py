"""Operations that pick or write elements by index or mask, embeddings among them."""

from __future__ import annotations

from layercli.catalogue.entries import FUNCTIONAL, TENSOR, TORCH, Operation

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
