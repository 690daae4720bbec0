"""Constructors of layers that fit a tensor, drawn at random: what stands under ``layers`` of a generated model."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from torch import Tensor

#: A constructor for a tensor: the text, with sizes as ``n`` writes them.
Number = Callable[[int], str]
Maker = Callable[[random.Random, Tensor, Number], str]

ACTIVATIONS = (
    "ReLU()", "ReLU(inplace=True)", "ReLU6()", "GELU()", "GELU('tanh')", "SiLU()", "ELU(0.5)", "CELU()", "SELU()",
    "Hardswish()", "Hardsigmoid()", "Hardtanh(-2, 2)", "Hardshrink()", "LeakyReLU(0.1)", "LeakyReLU(0.1, inplace=True)",
    "LogSigmoid()", "Mish()", "PReLU()", "RReLU()", "Sigmoid()", "Softplus()", "Softshrink()", "Softsign()", "Tanh()",
    "Tanhshrink()", "Threshold(0.1, 20)", "Softmax(-1)", "LogSoftmax(dim=-1)", "Softmin(dim=0)", "Softmax(1)",
    "Dropout(0.3)", "Dropout(p=0.5, inplace=True)", "AlphaDropout()", "FeatureAlphaDropout(0.3)", "Identity()",
)  # fmt: skip


def options(draw: random.Random, *texts: str, rate: float = 0.35) -> str:
    """Some of these keyword arguments, after a comma each."""
    return "".join(f", {text}" for text in texts if draw.random() < rate)


def divisors(number: int) -> list[int]:
    """What divides a size, 1 where the size is 0."""
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0] or [1]


def _kernel(draw: random.Random, dims: int, most: int = 3) -> str:
    sizes = [draw.randint(1, most) for _ in range(dims)]
    return str(sizes[0]) if dims == 1 or draw.random() < 0.7 else f"({', '.join(map(str, sizes))})"


def _convolution(dims: int, *, transposed: bool = False, lazy: bool = False) -> Maker:
    def make(draw: random.Random, x: Tensor, n: Number) -> str:
        channels = x.shape[-1 - dims]
        groups = draw.choice(divisors(channels)) if draw.random() < 0.3 else 1
        out = groups * draw.randint(1, 3)
        given = options(
            draw,
            f"stride={_kernel(draw, dims, 2)}",
            f"dilation={_kernel(draw, dims, 2)}",
            "bias=False",
            f"groups={n(groups)}" if groups > 1 else "groups=1",
        )
        if groups > 1 and "groups" not in given:
            given += f", groups={n(groups)}"
        if transposed:
            given += options(draw, "padding=1", "output_padding=1")
        else:
            same = "'same'" if "stride" not in given else "2"
            given += draw.choice(("", "", ", padding=1", f", padding={same}"))
            if draw.random() < 0.2:
                given += f", padding_mode={draw.choice(('circular', 'reflect', 'replicate', 'zeros'))!r}"
        kind = f"{'Lazy' if lazy else ''}Conv{'Transpose' if transposed else ''}{dims}d"
        first = "" if lazy else f"{n(channels)}, "
        return f"{kind}({first}{n(out)}, {_kernel(draw, dims)}{given})"

    return make


def _pool(dims: int) -> Maker:
    def make(draw: random.Random, x: Tensor, n: Number) -> str:
        kind = draw.choice(("Max", "Avg", "LP", "AdaptiveAvg", "AdaptiveMax", "Fractional"))
        if kind.startswith("Adaptive"):
            sizes = [str(draw.choice((1, 2, 3, "None"))) for _ in range(dims)]
            size = draw.choice(sizes) if dims == 1 or draw.random() < 0.5 else f"({', '.join(sizes)})"
            return f"{kind}Pool{dims}d({'2' if size == 'None' else size})"
        kernel = _kernel(draw, dims)
        if kind == "LP":
            return f"LPPool{dims}d({draw.choice(('2', '1', '3.0'))}, {kernel}{options(draw, 'stride=2', 'ceil_mode=True')})"
        if kind == "Fractional":
            if dims == 1:
                return f"MaxPool1d({kernel}, dilation=2)"
            return f"FractionalMaxPool{dims}d({kernel}, {draw.choice(('output_size=2', 'output_ratio=0.5'))})"
        given = options(draw, "stride=1", "padding=1", "ceil_mode=True")
        given += options(draw, "count_include_pad=False" if kind == "Avg" else "dilation=2")
        return f"{kind}Pool{dims}d({kernel}{given})"

    return make


def _pad(dims: int) -> Maker:
    def make(draw: random.Random, x: Tensor, n: Number) -> str:
        kind = draw.choice(("Reflection", "Replication", "Zero", "Constant", "Circular"))
        sizes = [draw.choice((0, 1, 1, 2, -1)) for _ in range(2 * dims)]
        size = str(draw.choice((0, 1, 2))) if draw.random() < 0.5 else f"({', '.join(map(str, sizes))})"
        return f"{kind}Pad{dims}d({size}{', 0.5' if kind == 'Constant' else ''})"

    return make


def _norm(dims: int) -> Maker:
    def make(draw: random.Random, x: Tensor, n: Number) -> str:
        place = 1 if x.dim() > dims or x.dim() == 2 else 0
        channels = x.shape[place] if x.dim() > place else 1
        kind = draw.choice(
            (f"BatchNorm{dims}d", f"BatchNorm{dims}d", f"InstanceNorm{dims}d", "GroupNorm", "LocalResponseNorm",
             f"LazyBatchNorm{dims}d", f"LazyInstanceNorm{dims}d", "SyncBatchNorm")
        )  # fmt: skip
        if kind == "GroupNorm":
            return f"GroupNorm({draw.choice(divisors(x.shape[1]))}, {n(x.shape[1])}{options(draw, 'affine=False')})"
        if kind == "LocalResponseNorm":
            return f"LocalResponseNorm({draw.randint(1, 3)}{options(draw, 'alpha=1e-3', 'k=2.0')})"
        given = options(
            draw, "affine=False", "track_running_stats=True", "momentum=0.2", "eps=1e-4", rate=0.2
        )
        if kind.startswith("Lazy"):
            return f"{kind}({given.removeprefix(', ')})"
        return f"{kind}({n(channels)}{given})"

    return make


def _last(draw: random.Random, x: Tensor, n: Number) -> str:
    size = x.shape[-1]
    kind = draw.choice(
        ("Linear", "Linear", "Linear", "LayerNorm", "RMSNorm", "LazyLinear", "GLU", "Unflatten")
    )
    if kind == "Linear":
        return f"Linear({n(size)}, {n(draw.randint(1, 8))}{options(draw, 'bias=False')})"
    if kind == "LazyLinear":
        return f"LazyLinear({draw.randint(1, 6)})"
    if kind == "GLU":
        return "GLU()" if size % 2 == 0 else f"Linear({n(size)}, {n(size)})"
    if kind == "Unflatten":
        divisor = draw.choice(divisors(size))
        return f"Unflatten(-1, ({divisor}, {draw.choice((str(size // divisor), '-1'))}))"
    count = draw.randint(1, x.dim()) if draw.random() < 0.3 else 1
    sizes = [n(item) for item in x.shape[x.dim() - count :]]
    shape = sizes[0] if count == 1 else f"({', '.join(sizes)})"
    affine = options(draw, "elementwise_affine=False", "eps=1e-4")
    if kind == "LayerNorm" and "affine" not in affine:
        affine += options(draw, "bias=False")
    return f"{kind}({shape}{affine})"


def _reshape(draw: random.Random, x: Tensor, n: Number) -> str:
    return draw.choice(
        ("Flatten()", "Flatten(0)", "Flatten(1, 2)", "Flatten(0, 1)", "Flatten(-2)", f"PReLU({n(x.shape[1])})"
         if x.dim() > 1 else "Flatten(0)", "Dropout1d(0.2)", "Dropout2d(0.3)", "Softmax()")
    )  # fmt: skip


def _vision(draw: random.Random, x: Tensor, n: Number) -> str:
    channels = x.shape[-3]
    kind = draw.choice(
        ("Upsample", "Upsample", "PixelShuffle", "PixelUnshuffle", "ChannelShuffle", "Unfold", "Softmax2d", "Nearest",
         "Bilinear", "CrossMapLRN2d")
    )  # fmt: skip
    match kind:
        case "Upsample":
            mode = draw.choice(("nearest", "bilinear", "bicubic", "area", "nearest-exact"))
            size = draw.choice(("size=(5, 6)", "scale_factor=2", "scale_factor=(1.5, 0.7)", "size=4"))
            corners = (
                ", align_corners=True" if mode in ("bilinear", "bicubic") and draw.random() < 0.5 else ""
            )
            return f"Upsample({size}, mode={mode!r}{corners})"
        case "PixelShuffle":
            return "PixelShuffle(2)" if channels % 4 == 0 else "ZeroPad2d(1)"
        case "PixelUnshuffle":
            fits = x.shape[-1] % 2 == 0 and x.shape[-2] % 2 == 0
            return "PixelUnshuffle(2)" if fits else "PixelUnshuffle(1)"
        case "ChannelShuffle":
            return f"ChannelShuffle({draw.choice(divisors(channels))})"
        case "Unfold":
            return f"Unfold({_kernel(draw, 2)}{options(draw, 'dilation=2', 'padding=1', 'stride=2')})"
        case "Nearest":
            return "UpsamplingNearest2d(scale_factor=2)"
        case "Bilinear":
            return "UpsamplingBilinear2d((3, 5))"
        case "CrossMapLRN2d":
            return "CrossMapLRN2d(2)"
        case _:
            return "Softmax2d()"


def _upsample(draw: random.Random, x: Tensor, n: Number) -> str:
    mode = draw.choice(("nearest", "linear" if x.dim() == 3 else "trilinear", "area", "nearest-exact"))
    size = draw.choice(("size=5", "scale_factor=2", "scale_factor=1.5"))
    return f"Upsample({size}, mode={mode!r})"


def _wrapped(draw: random.Random, x: Tensor, n: Number) -> str:
    inner = _last(draw, x, n)
    if not inner.startswith("Linear("):
        inner = f"Linear({n(x.shape[-1])}, {draw.randint(1, 4)})"
    wrapper = draw.choice(("weight_norm", "spectral_norm", "orthogonal", "weight_norm"))
    given = options(
        draw, *({"weight_norm": ("dim=1",), "spectral_norm": ("n_power_iterations=2",)}.get(wrapper, ()))
    )
    return f"{wrapper}({inner}{given})"


def _wrapped_convolution(draw: random.Random, x: Tensor, n: Number) -> str:
    inner = _convolution(2, transposed=draw.random() < 0.3)(draw, x, n)
    return f"{draw.choice(('weight_norm', 'spectral_norm', 'orthogonal'))}({inner})"


#: Layers by the least and greatest number of dimensions that they take, with how often they are drawn.
MAKERS: tuple[tuple[int, int, int, Maker], ...] = (
    (1, 5, 4, lambda draw, x, n: draw.choice(ACTIVATIONS)),
    (1, 5, 4, _last),
    (1, 5, 1, _reshape),
    (1, 4, 1, _wrapped),
    (2, 3, 2, _convolution(1)),
    (2, 3, 1, _convolution(1, transposed=True)),
    (2, 3, 2, _pool(1)),
    (2, 3, 1, _pad(1)),
    (2, 3, 2, _norm(1)),
    (3, 3, 1, _upsample),
    (3, 3, 1, _convolution(1, lazy=True)),
    (3, 4, 5, _convolution(2)),
    (3, 4, 2, _convolution(2, transposed=True)),
    (3, 4, 3, _pool(2)),
    (3, 4, 2, _pad(2)),
    (3, 4, 2, _vision),
    (3, 4, 1, _wrapped_convolution),
    (4, 4, 3, _norm(2)),
    (4, 4, 1, _convolution(2, lazy=True)),
    (4, 4, 1, _convolution(2, transposed=True, lazy=True)),
    (4, 5, 4, _convolution(3)),
    (4, 5, 1, _convolution(3, transposed=True)),
    (4, 5, 3, _pool(3)),
    (4, 5, 1, _pad(3)),
    (5, 5, 3, _norm(3)),
    (5, 5, 1, _upsample),
)


def draw_layer(draw: random.Random, x: Tensor, n: Number) -> str:
    """A constructor of a layer of one input that mostly takes ``x``."""
    fitting = [(weight, maker) for least, most, weight, maker in MAKERS if least <= x.dim() <= most]
    if not fitting:
        return draw.choice(ACTIVATIONS)
    weights = [weight for weight, _ in fitting]
    return draw.choices([maker for _, maker in fitting], weights)[0](draw, x, n)


def draw_recurrent(draw: random.Random, x: Tensor, n: Number) -> tuple[str, str, bool]:
    """A recurrent layer or cell, its kind, and whether the batch comes first."""
    kind = draw.choice(("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"))
    hidden = draw.randint(1, 5)
    if kind.endswith("Cell"):
        return f"{kind}({n(x.shape[-1])}, {n(hidden)}{options(draw, 'bias=False')})", kind, False
    given = options(
        draw, "num_layers=2", "bias=False", "batch_first=True", "bidirectional=True", "dropout=0.2"
    )
    if kind == "LSTM" and hidden > 1 and draw.random() < 0.25:
        given += ", proj_size=1"
    if kind == "RNN":
        given += options(draw, "nonlinearity='relu'")
    return f"{kind}({n(x.shape[-1])}, {n(hidden)}{given})", kind, "batch_first=True" in given


def draw_attention(draw: random.Random, x: Tensor, n: Number) -> tuple[str, Sequence[str]]:
    """An attention or transformer layer for sequences ``x``, and the arguments of calls with ``x`` as ``{x}``."""
    size = x.shape[-1]
    heads = draw.choice(divisors(size))
    first = options(draw, "batch_first=True")
    kind = draw.choice(("MHA", "MHA", "Encoder", "Decoder", "Encoders", "Decoders", "Transformer"))
    if kind == "MHA":
        given = options(draw, "dropout=0.1", "bias=False", "add_bias_kv=True", "add_zero_attn=True", rate=0.2)
        call = f"MultiheadAttention({n(size)}, {heads}{given}{first})"
        return call, (
            "{x}, {x}, {x}", "{x}, {x}, {x}, need_weights=False", "{x}, {x}, {x}, average_attn_weights=False",
            "query={x}, key={x}, value={x}",
        )  # fmt: skip
    given = options(
        draw, "dropout=0.0", "norm_first=True", "activation='gelu'", "bias=False", "activation=SiLU()"
    )
    if given.count("activation") > 1:
        given = given.replace(", activation=SiLU()", "")
    if kind == "Transformer":
        counts = f"num_encoder_layers={draw.randint(1, 2)}, num_decoder_layers=1, dim_feedforward=6"
        return f"Transformer({n(size)}, {heads}, {counts}{given}{first})", ("{x}, {x}", "src={x}, tgt={x}")
    side = kind.removesuffix("s")
    layer = f"Transformer{side}Layer({n(size)}, {heads}, {draw.choice((4, 6))}{given}{first})"
    if kind.endswith("s"):
        norm = f", LayerNorm({n(size)})" if draw.random() < 0.4 else ""
        layer = f"Transformer{side}({layer}, {draw.randint(1, 2)}{norm})"
    return layer, ("{x}",) if side == "Encoder" else ("{x}, {x}", "tgt={x}, memory={x}")


#: Losses with the target that each takes beside a tensor: one like it, ones or labels.
LOSSES: tuple[tuple[str, str], ...] = (
    ("MSELoss()", "like"), ("MSELoss(reduction='none')", "like"), ("L1Loss(reduction='sum')", "like"),
    ("SmoothL1Loss(beta=0.5)", "like"), ("HuberLoss()", "like"), ("HuberLoss('none', 0.5)", "like"),
    ("BCEWithLogitsLoss()", "like"), ("BCEWithLogitsLoss(reduction='none')", "like"), ("KLDivLoss()", "like"),
    ("PoissonNLLLoss()", "like"), ("SoftMarginLoss()", "like"), ("HingeEmbeddingLoss(reduction='none')", "like"),
    ("MultiLabelSoftMarginLoss()", "like"), ("CrossEntropyLoss()", "labels"), ("NLLLoss(reduction='none')", "labels"),
    ("CrossEntropyLoss(label_smoothing=0.1, reduction='none')", "labels"), ("MultiMarginLoss()", "labels"),
    ("CosineSimilarity()", "like"), ("PairwiseDistance(keepdim=True)", "like"), ("CrossEntropyLoss()", "like"),
)  # fmt: skip
