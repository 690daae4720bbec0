"""Attention, and the transformer built of it."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "MultiheadAttention",
        "embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, "
        "kdim=None, vdim=None, batch_first=False, *, dtype=None",
        "Lets each query gather values by its similarity to keys, in several heads, and projects the result.",
    ),
    Layer(
        "Transformer",
        "d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, "
        "dropout=0.1, activation=relu, custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-05, "
        "batch_first=False, norm_first=False, bias=True, *, dtype=None",
        "Encodes a source sequence and decodes a target sequence that attends to it.",
    ),
    Layer(
        "TransformerEncoder",
        "encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True",
        "Runs a sequence through num_layers copies of an encoder layer.",
    ),
    Layer(
        "TransformerDecoder",
        "decoder_layer, num_layers, norm=None",
        "Runs a target sequence and an encoded source through num_layers copies of a decoder layer.",
    ),
    Layer(
        "TransformerEncoderLayer",
        "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=relu, layer_norm_eps=1e-05, "
        "batch_first=False, norm_first=False, bias=True, *, dtype=None",
        "Does self-attention, then a two-layer feed-forward network, each with a residual and a norm.",
    ),
    Layer(
        "TransformerDecoderLayer",
        "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=relu, layer_norm_eps=1e-05, "
        "batch_first=False, norm_first=False, bias=True, *, dtype=None",
        "Does self-attention, attention to an encoded source and a feed-forward network, each with a "
        "residual and a norm.",
    ),
)
