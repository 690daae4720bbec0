"""Attention."""

from __future__ import annotations

from layercli.catalogue.entries import FUNCTIONAL, Operation

OPERATIONS = (
    Operation(
        "scaled_dot_product_attention",
        "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, *, scale=None, enable_gqa=False",
        "softmax(query @ key.mT * scale + mask) @ value.",
        FUNCTIONAL,
        random=True,
    ),
)
