"""One call of each entry that shows its formulas: arguments with names are worth more than their values here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_SEQUENCE, _IMAGE, _VOLUME = "rand(2, 4, 9)", "rand(2, 4, 9, 9)", "rand(2, 4, 9, 9, 9)"
_BY_COUNT: Mapping[str, str] = {"1": _SEQUENCE, "2": _IMAGE, "3": _VOLUME}

#: The arguments of a layer, and what it's called with; ``#`` stands for 1, 2 and 3 in a name, and ``...`` for the
#: input of so many spatial dimensions.
_LAYERS: Mapping[str, tuple[str, str]] = {
    "Conv#d": ("4, 6, 3", "..."),
    "LazyConv#d": ("6, 3", "..."),
    "ConvTranspose#d": ("4, 6, 3", "..."),
    "LazyConvTranspose#d": ("6, 3", "..."),
    "MaxPool#d": ("3, stride=2", "..."),
    "AvgPool#d": ("3, stride=2", "..."),
    "LPPool#d": ("2.0, 3, stride=2", "..."),
    "FractionalMaxPool#d": ("3, output_ratio=0.5", "..."),
    "AdaptiveMaxPool#d": ("4", "..."),
    "AdaptiveAvgPool#d": ("4", "..."),
    "MaxUnpool#d": ("3, stride=2", "..., (0 * ...).long()"),
    "BatchNorm#d": ("4", "..."),
    "InstanceNorm#d": ("4", "..."),
    "LazyBatchNorm#d": ("", "..."),
    "LazyInstanceNorm#d": ("", "..."),
    "ReflectionPad#d": ("1", "..."),
    "ReplicationPad#d": ("1", "..."),
    "ZeroPad#d": ("1", "..."),
    "ConstantPad#d": ("1, 0.0", "..."),
    "CircularPad#d": ("1", "..."),
    "Dropout#d": ("", "..."),
    "Linear": ("4, 6", "rand(2, 4)"),
    "LazyLinear": ("6", "rand(2, 4)"),
    "Bilinear": ("3, 4, 6", "rand(2, 3), rand(2, 4)"),
    "Unfold": ("3", _IMAGE),
    "Fold": ("9, 3", "rand(2, 36, 49)"),
    "Embedding": ("10, 4", "zeros(2, 5, dtype=int64)"),
    "EmbeddingBag": ("10, 4", "zeros(2, 5, dtype=int64)"),
    "RNN": ("4, 6, 2", "rand(5, 2, 4)"),
    "LSTM": ("4, 6, 2", "rand(5, 2, 4)"),
    "GRU": ("4, 6, 2", "rand(5, 2, 4)"),
    "RNNCell": ("4, 6", "rand(2, 4)"),
    "LSTMCell": ("4, 6", "rand(2, 4)"),
    "GRUCell": ("4, 6", "rand(2, 4)"),
    "MultiheadAttention": ("4, 2", "rand(5, 2, 4), rand(7, 2, 4), rand(7, 2, 4)"),
    "TransformerEncoderLayer": ("4, 2, 6", "rand(5, 2, 4)"),
    "TransformerDecoderLayer": ("4, 2, 6", "rand(5, 2, 4), rand(7, 2, 4)"),
    "TransformerEncoder": ("TransformerEncoderLayer(4, 2, 6), 2", "rand(5, 2, 4)"),
    "TransformerDecoder": ("TransformerDecoderLayer(4, 2, 6), 2", "rand(5, 2, 4), rand(7, 2, 4)"),
    "Transformer": ("4, 2, 2, 2, 6", "rand(5, 2, 4), rand(7, 2, 4)"),
    "GroupNorm": ("2, 4", _IMAGE),
    "LayerNorm": ("4", "rand(2, 5, 4)"),
    "RMSNorm": ("4", "rand(2, 5, 4)"),
    "LocalResponseNorm": ("2", _IMAGE),
    "CrossMapLRN2d": ("2", _IMAGE),
    "SyncBatchNorm": ("4", _IMAGE),
    "PReLU": ("4", "rand(2, 4)"),
    "Flatten": ("", _IMAGE),
    "Unflatten": ("1, (2, -1)", "rand(2, 4, 9)"),
    "PixelShuffle": ("2", _IMAGE),
    "PixelUnshuffle": ("2", "rand(2, 4, 8, 8)"),
    "ChannelShuffle": ("2", _IMAGE),
    "Upsample": ("scale_factor=2.0", _IMAGE),
    "UpsamplingNearest2d": ("scale_factor=2.0", _IMAGE),
    "UpsamplingBilinear2d": ("scale_factor=2.0", _IMAGE),
    "AdaptiveLogSoftmaxWithLoss": ("4, 9, (3, 6)", "rand(2, 4), zeros(2, dtype=int64)"),
    "LinearCrossEntropyLoss": ("4, 6", "rand(2, 4), zeros(2, dtype=int64)"),
    "Threshold": ("0.1, 20.0", "rand(2, 4)"),
    "Softmax2d": ("", _IMAGE),
    "GLU": ("", "rand(2, 4)"),
}

#: What operations are called with.
_OPERATIONS: Mapping[str, str] = {
    "conv#d": "..., rand(6, 4, (3)), rand(6)",
    "conv_transpose#d": "..., rand(4, 6, (3)), rand(6)",
    "max_pool#d": "..., 3, stride=2, padding=0, dilation=1",
    "avg_pool#d": "..., 3, stride=2, padding=0",
    "lp_pool#d": "..., 2.0, 3, stride=2",
    "adaptive_max_pool#d": "..., 4",
    "adaptive_avg_pool#d": "..., 4",
    "max_unpool#d": "..., (0 * ...).long(), 3, stride=2, padding=0",
    "fractional_max_pool#d": "..., 3, output_ratio=0.5",
    "conv_tbc": "rand(9, 2, 4), rand(3, 4, 6), rand(6), pad=1",
    "linear": "rand(2, 4), rand(6, 4), rand(6)",
    "bilinear": "rand(2, 3), rand(2, 4), rand(6, 3, 4)",
    "matmul": "rand(2, 5, 4), rand(2, 4, 6)",
    "mm": "rand(5, 4), rand(4, 6)",
    "bmm": "rand(2, 5, 4), rand(2, 4, 6)",
    "mv": "rand(5, 4), rand(4)",
    "addmm": "rand(5, 6), rand(5, 4), rand(4, 6)",
    "baddbmm": "rand(2, 5, 6), rand(2, 5, 4), rand(2, 4, 6)",
    "einsum": "'bij,bjk->bik', rand(2, 5, 4), rand(2, 4, 6)",
    "tensordot": "rand(2, 5, 4), rand(5, 4, 6)",
    "kron": "rand(2, 3), rand(4, 5)",
    "outer": "rand(2), rand(3)",
    "cdist": "rand(2, 5, 4), rand(2, 6, 4)",
    "cat": "[rand(2, 3), rand(2, 4)], dim=1",
    "hstack": "[rand(2, 3), rand(2, 4)]",
    "stack": "[rand(2, 3), rand(2, 3)]",
    "flatten": f"{_IMAGE}, 1",
    "unflatten": "rand(2, 4, 9), 1, (2, -1)",
    "view": f"{_IMAGE}, 2, -1",
    "reshape": f"{_IMAGE}, (2, -1)",
    "permute": "rand(2, 3, 4), (0, 2, 1)",
    "transpose": "rand(2, 3, 4), 1, 2",
    "repeat": "rand(2, 3), 2, 4",
    "tile": "rand(2, 3), (2, 4)",
    "repeat_interleave": "rand(2, 3), 2, dim=1",
    "expand": "rand(2, 1), 2, 4",
    "narrow": "rand(2, 9), 1, 2, 3",
    "unfold": f"{_IMAGE}, 3, dilation=1, padding=0, stride=2",
    "fold": "rand(2, 36, 16), 9, 3, stride=2",
    "pad": f"{_IMAGE}, (1, 2, 3, 4)",
    "interpolate": f"{_IMAGE}, scale_factor=2.0",
    "pixel_shuffle": f"{_IMAGE}, 2",
    "pixel_unshuffle": "rand(2, 4, 8, 8), 2",
    "channel_shuffle": f"{_IMAGE}, 2",
    "embedding": "zeros(2, 5, dtype=int64), rand(10, 4)",
    "one_hot": "zeros(2, 5, dtype=int64), 10",
    "scaled_dot_product_attention": "rand(2, 3, 5, 4), rand(2, 3, 7, 4), rand(2, 3, 7, 4)",
    "glu": "rand(2, 4)",
    "chunk": "rand(2, 9), 2, dim=1",
    "split": "rand(2, 9), 3, dim=1",
    "layer_norm": "rand(2, 5, 4), (4,)",
    "batch_norm": f"{_IMAGE}, rand(4), rand(4)",
    "group_norm": f"{_IMAGE}, 2",
    "diff": "rand(2, 9)",
    "cross_entropy": "rand(2, 5), zeros(2, dtype=int64)",
}

#: What is tried of entries that have no line above, until one is taken.
_TRIED: tuple[str, ...] = (
    "rand(2, 4)",
    "rand(2, 4), rand(2, 4)",
    _IMAGE,
    "rand(4, 4)",
    "rand(2, 4), dim=1",
    "rand(4), rand(4)",
    "rand(2, 4), 2",
    "rand(2, 4), zeros(2, dtype=int64)",
    "rand(2, 4), zeros(2, 4, dtype=int64)",
    "rand(2), rand(2), ones(2)",
    "rand(2, 4), rand(2, 4), ones(2)",
    "rand(2, 4), rand(2, 4), rand(2, 4)",
    "zeros(2, 4, dtype=int64)",
    "2, 4",
)


def list_layer_examples(name: str) -> Iterator[tuple[str, str]]:
    """Calls to try of a layer: the constructor's, and the arguments of the layer's own."""
    key, count = _split_count(name)
    if key in _LAYERS:
        arguments, given = _LAYERS[key]
        yield f"{name}({arguments})", given.replace("...", _BY_COUNT.get(count, "..."))
        return
    for given in _TRIED:
        yield f"{name}()", given


def list_operation_examples(name: str) -> Iterator[str]:
    """Arguments to try of an operation, a method's tensor first."""
    key, count = _split_count(name)
    if key not in _OPERATIONS:
        yield from _TRIED
        return
    window = ", ".join(["3"] * int(count)) if count else ""
    yield _OPERATIONS[key].replace("...", _BY_COUNT.get(count, "...")).replace("(3)", window)


def _split_count(name: str) -> tuple[str, str]:
    """``Conv2d`` as ``Conv#d`` and 2, where lines are written so; else the name itself."""
    found = re.fullmatch(r"(.+)([123])d", name)
    if found is None or f"{found[1]}#d" not in (*_LAYERS, *_OPERATIONS):
        return name, ""
    return f"{found[1]}#d", found[2]
