"""Embeddings: rows of a table looked up by index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import expect_int
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module, State
from layercli.catalogue.operations import indexing
from layercli.catalogue.tensors import Tensor, refuse


def hold_table(layer: Module) -> Iterator[State]:
    """``weight`` of (num_embeddings, embedding_dim)."""
    rows, given = layer.num_embeddings, layer.arguments["_weight"]
    shape = (rows, layer.embedding_dim)
    if layer.padding_idx is not None:
        index = expect_int(layer.padding_idx, "padding_idx")
        if index < -rows or (index > 0 and index >= rows) or (given is None and rows == 0):
            refuse(f"padding_idx must be one of {rows} rows, not {index}", "padding_idx", "invalid-argument")
    frozen = bool(layer.arguments.get("_freeze", False))
    if given is None:
        yield State("weight", shape, trainable=not frozen)
        return
    if not isinstance(given, Tensor):
        refuse(f"_weight needs a tensor, not {given!r}", "_weight", "invalid-argument")
    if given.dim != 2 or given.shape[0] != shape[0] or given.shape[1] != shape[1]:
        refuse(f"_weight must be {list(shape)} and is {given!r}", "_weight", "invalid-argument")
    yield State("weight", shape, dtype=given.dtype, trainable=not frozen)


def look_up(layer: Module, input: Any) -> Tensor:
    """(*) of indices to (*, embedding_dim). Source: torch.nn.Embedding."""
    return indexing.embedding(
        input,
        layer.tensors["weight"],
        layer.padding_idx,
        layer.max_norm,
        layer.norm_type,
        layer.scale_grad_by_freq,
        layer.sparse,
    )


def look_up_bags(layer: Module, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Tensor:
    """(B, N) of indices, or (N,) and the B offsets at which bags start, to (B, embedding_dim).

    Source: torch.nn.EmbeddingBag.
    """
    return indexing.embedding_bag(
        input,
        layer.tensors["weight"],
        offsets,
        layer.max_norm,
        layer.norm_type,
        layer.scale_grad_by_freq,
        layer.mode,
        layer.sparse,
        per_sample_weights,
        layer.include_last_offset,
        layer.padding_idx,
    )


LAYERS: tuple[Layer, ...] = (
    Layer(
        "Embedding",
        "num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, "
        "scale_grad_by_freq=False, sparse=False, _weight=None, _freeze=False, *, dtype=None",
        "Looks up a learned vector for each index.",
        state=hold_table,
        rule=look_up,
        work=work.look_up_row,
    ),
    Layer(
        "EmbeddingBag",
        "num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
        "mode='mean', sparse=False, _weight=None, include_last_offset=False, padding_idx=None, *, "
        "dtype=None",
        "Looks up a learned vector for each index and returns the sum, mean or greatest values of each bag.",
        state=hold_table,
        rule=look_up_bags,
        work=work.join_bags_of,
    ),
)
