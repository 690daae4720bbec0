"""Attention."""

from __future__ import annotations

from typing import Any

from layercli.catalogue import macs, work
from layercli.catalogue.arguments import (
    FLOATS,
    INTS,
    REAL,
    expect_bool,
    expect_dtype,
    expect_number,
    is_plain,
)
from layercli.catalogue.entries import FUNCTIONAL, Operation
from layercli.catalogue.rules import broadcast_shapes, expect_tensor
from layercli.catalogue.sizes import as_int
from layercli.catalogue.tensors import AnySize, Shape, Tensor, refuse


def check_mask(mask: Any, dtype: str) -> Tensor:
    """A mask of scores for queries of ``dtype``. Raises Refusal."""
    tensor = expect_tensor(mask, "attn_mask")
    if tensor.dtype not in ("bool", "float32", dtype):
        refuse(f"takes a mask of bool, float32 or {dtype} and got {tensor!r}", "attn_mask", "dtype-mismatch")
    return tensor


def _share_heads(query: Tensor, other: Tensor, name: str) -> Shape:
    """The shape of keys or values after each of their heads has been repeated for its group of queries."""
    heads = query.shape[-3]
    if other.dim < 3 or other.shape[-3] == 0 or heads % other.shape[-3] != 0:
        refuse(f"needs a number of heads in {name} that divides that in query: {other!r} and {query!r}", name)
    return (*other.shape[:-3], heads, *other.shape[-2:])


def _is_fused(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, grouped: bool) -> bool:
    """Whether the CPU computes all in one kernel, which looks at less than single steps do."""
    if (
        not query.dim == key.dim == value.dim == 4
        or query.shape[0] != key.shape[0]
        or query.shape[0] != value.shape[0]
    ):
        return False
    if key.shape[1] != value.shape[1] or (not grouped and query.shape[1] != key.shape[1]):
        return False
    if mask is not None:
        if mask.dim < 2:
            refuse(f"needs a mask of at least 2 dimensions here: {mask!r}", "attn_mask")
        if not _fits_mask(mask.shape, (*query.shape[:3], key.shape[2])):
            return False
    if query.shape[3] != key.shape[3] or query.shape[3] != value.shape[3]:
        return False
    if key.shape[2] == 0:
        return False
    return all(tensor.strides is None or as_int(tensor.strides[-1]) == 1 for tensor in (query, key, value))


def _fits_mask(mask: Shape, scores: Shape) -> bool:
    """Whether a mask is of 2 or 4 dimensions, each that of the scores or 1."""
    return len(mask) in (2, 4) and all(
        own in (wanted, 1) for own, wanted in zip(reversed(mask), reversed(scores), strict=False)
    )


def attend(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: Any = 0.0,
    is_causal: Any = False,
    *,
    scale: Any = None,
    enable_gqa: Any = False,
) -> Tensor:
    """(..., L, E), (..., S, E) and (..., S, Ev) to (..., L, Ev), what stands in front broadcast.

    With ``enable_gqa`` the heads, third from the end, of keys and values are repeated to as many as queries have.
    The mask broadcasts to (..., L, S). Which layout a result of four dimensions has is up to the kernel.
    Source: torch.nn.functional.scaled_dot_product_attention.
    """
    q, k, v = (
        expect_tensor(given, name) for given, name in ((query, "query"), (key, "key"), (value, "value"))
    )
    for name, tensor in (("key", k), ("value", v)):
        if tensor.dtype != q.dtype:
            refuse(f"needs one dtype for query, key and value: {q!r} and {tensor!r}", name, "dtype-mismatch")
    for name, tensor in (("query", q), ("key", k), ("value", v)):
        if tensor.dim < 2:
            refuse(f"needs at least 2 dimensions and got {tensor!r}", name)
    causal, grouped = expect_bool(is_causal, "is_causal"), expect_bool(enable_gqa, "enable_gqa")
    if scale is not None:
        expect_number(scale, "scale")
    if not is_plain(dropout_p):
        refuse(f"needs a number as dropout_p, not {dropout_p!r}", "dropout_p", "wrong-kind")
    mask = None if attn_mask is None else check_mask(attn_mask, q.dtype)
    if any(as_int(size) == 0 for size in (q.shape[-2], *v.shape)):
        # Without queries or values PyTorch looks at nothing else.
        return Tensor("int64" if q.dtype == "bool" else q.dtype, (*q.shape[:-1], v.shape[-1]))
    shapes = (k.shape, v.shape)
    if grouped:
        if q.dim < 3:
            refuse(f"needs heads in dimension -3 for enable_gqa and got {q!r}", "query")
        shapes = (_share_heads(q, k, "key"), _share_heads(q, v, "value"))
    if dropout_p > 1:
        refuse(f"needs a number from 0 to 1 as dropout_p, not {dropout_p!r}", "dropout_p", "invalid-argument")
    lenient = (mask is not None and causal) or k.shape[-2] != v.shape[-2]
    strict = dropout_p < 0 or (mask is not None and mask.dim < 2)
    if (
        q.dtype in FLOATS
        and dropout_p <= 0
        and (lenient or strict)
        and _is_fused(q, k, v, mask, grouped=grouped)
    ):
        return _attend_at_once(q, v, mask, dropout_p)
    if mask is not None and causal:
        refuse("takes attn_mask or is_causal, not both", "is_causal", "invalid-argument")
    return _attend_in_steps(q, *shapes, mask)


def _attend_at_once(query: Tensor, value: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
    if dropout < 0:
        refuse(f"needs a number from 0 to 1 as dropout_p, not {dropout!r}", "dropout_p", "invalid-argument")
    if mask is not None and mask.shape[-1] != 1 and mask.shape[-1] != value.shape[2]:
        refuse(f"has a mask for {mask.shape[-1]} keys and {value.shape[2]} values: {mask!r}", "attn_mask")
    return Tensor(query.dtype, query.shape, None)


def _attend_in_steps(query: Tensor, key: Shape, value: Shape, mask: Tensor | None) -> Tensor:
    if query.shape[-1] != key[-1]:
        refuse(f"needs as many features in key as in query: {query.shape[-1]} and {key[-1]} differ", "key")
    if key[-2] != value[-2]:
        refuse(f"needs as many values as keys: {list(key)} and {list(value)}", "value")
    batch = broadcast_shapes([query.shape[:-2], key[:-2]])
    empty = any(as_int(size) == 0 for size in batch)
    # Without any scores only the mask needs an infinity.
    masked = empty and mask is not None and mask.dtype == "bool"
    expect_dtype(query, REAL - INTS if masked else REAL if empty else FLOATS, "query")
    if mask is not None:
        scores: tuple[AnySize, ...] = (*batch, query.shape[-2], key[-2])
        if mask.dim > len(scores) or any(
            own not in (wanted, 1)
            for own, wanted in zip(reversed(mask.shape), reversed(scores), strict=False)
        ):
            refuse(f"has a mask that can't be broadcast to {list(scores)}: {mask!r}", "attn_mask")
    batch = broadcast_shapes([batch, value[:-2]])
    # Kernels that do it all at once take four dimensions; the others multiply matrices step by step.
    layout = None if query.dim == len(key) == len(value) == 4 else "contiguous"
    return Tensor(query.dtype, (*batch, query.shape[-2], value[-1]), layout)


OPERATIONS = (
    Operation(
        "scaled_dot_product_attention",
        "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, *, scale=None, enable_gqa=False",
        "softmax(query @ key.mT * scale + mask) @ value.",
        FUNCTIONAL,
        random=True,
        rule=attend,
        macs=macs.attend,
        work=work.attend,
    ),
)
