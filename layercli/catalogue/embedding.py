"""Embeddings: rows of a table looked up by index."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "Embedding",
        "num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, "
        "scale_grad_by_freq=False, sparse=False, _weight=None, _freeze=False, *, dtype=None",
        "Looks up a learned vector for each index.",
    ),
    Layer(
        "EmbeddingBag",
        "num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
        "mode='mean', sparse=False, _weight=None, include_last_offset=False, padding_idx=None, *, "
        "dtype=None",
        "Looks up a learned vector for each index and returns the sum, mean or greatest values of each bag.",
    ),
)
