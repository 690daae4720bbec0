"""What ``print`` shows of each layer between its brackets, as PyTorch's ``extra_repr`` writes it.

A layer that isn't in the table shows nothing of its own. A tensor among the arguments shows its type, since its values
are known to PyTorch only. Source: torch.nn.Module.extra_repr.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from layercli.catalogue.modules import Module

Printed = Callable[[Module], str]


def print_arguments(layer: Module) -> str:
    """What a layer shows of its arguments."""
    shown = None if layer.entry is None else PRINTED.get(layer.entry.name)
    return "" if shown is None else shown(layer)


def _holds(layer: Module, name: str) -> bool:
    """Whether a layer has this tensor, be it one that a wrapper computes."""
    return name in layer.tensors or name in layer.computed


def _spread(value: Any, count: int) -> tuple[Any, ...]:
    """One number for each of ``count`` dimensions, where one is given for all."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * count


def _show(*names: str) -> Printed:
    """``name=value`` of these arguments."""
    return lambda layer: ", ".join(f"{name}={layer.arguments[name]}" for name in names)


def _show_first(count: int, *names: str, then: Mapping[str, Any]) -> Printed:
    """The first ``count`` of these arguments without their names, then those that differ from PyTorch's default."""

    def show(layer: Module) -> str:
        given = layer.arguments
        parts = [
            str(given[name]) if index < count else f"{name}={given[name]}" for index, name in enumerate(names)
        ]
        parts += [
            f"{name}={given[name]}"
            for name, default in then.items()
            if name in given and given[name] != default
        ]
        return ", ".join(parts)

    return show


def _show_activation(*names: str) -> Printed:
    """These arguments, and ``inplace`` where it is True."""

    def show(layer: Module) -> str:
        parts = [f"{name}={layer.arguments[name]}" for name in names]
        return ", ".join([*parts, *(["inplace=True"] if layer.arguments.get("inplace") else [])])

    return show


def _show_hardtanh(layer: Module) -> str:
    given = layer.arguments
    bounds = {
        name: given[name] if given.get(old) is None else given[old]
        for name, old in (("min_val", "min_value"), ("max_val", "max_value"))
    }
    inplace = ", inplace=True" if given["inplace"] else ""
    return ", ".join(f"{name}={value}" for name, value in bounds.items()) + inplace


def _show_linear(*names: str) -> Printed:
    """These arguments, 0 for one that the first input will tell, and whether there is a bias."""
    return lambda layer: ", ".join(
        [*(f"{name}={layer.arguments.get(name, 0)}" for name in names), f"bias={_holds(layer, 'bias')}"]
    )


def _show_convolution(count: int) -> Printed:
    def show(layer: Module) -> str:
        given = layer.arguments
        parts = [str(given.get("in_channels", 0)), str(given["out_channels"])]
        parts += [f"{name}={_spread(given[name], count)}" for name in ("kernel_size", "stride")]
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = given.get(name, usual)
            shown = value if isinstance(value, str) else _spread(value, count)
            parts += [f"{name}={shown}"] if shown != (usual,) * count else []
        parts += [f"groups={given['groups']}"] if given["groups"] != 1 else []
        parts += [] if _holds(layer, "bias") else ["bias=False"]
        mode = given["padding_mode"]
        return ", ".join([*parts, *([f"padding_mode={mode}"] if mode != "zeros" else [])])

    return show


def _show_pool(*names: str, spread: int = 0) -> Printed:
    """These arguments, ``stride`` that of the window where none is given, each for ``spread`` dimensions if not 0."""

    def show(layer: Module) -> str:
        given = dict(layer.arguments)
        if given["stride"] is None:
            given["stride"] = given["kernel_size"]
        return ", ".join(
            f"{name}={_spread(given[name], spread) if spread else given[name]}" for name in names
        )

    return show


def _show_padding(count: int) -> Printed:
    return lambda layer: f"{_spread(layer.padding, count)}"


def _show_constant_padding(count: int) -> Printed:
    return lambda layer: f"padding={_spread(layer.padding, count)}, value={layer.value}"


def _show_batch_norm(layer: Module) -> str:
    given = layer.arguments
    parts = [str(given.get("num_features", 0))]
    parts += [f"{name}={given[name]}" for name in ("eps", "momentum", "affine")]
    return ", ".join(
        [*parts, f"bias={_holds(layer, 'bias')}", f"track_running_stats={given['track_running_stats']}"]
    )


def _show_group_norm(layer: Module) -> str:
    given = layer.arguments
    sizes = f"{given['num_groups']}, {given['num_channels']}"
    return f"{sizes}, eps={given['eps']}, affine={given['affine']}, bias={_holds(layer, 'bias')}"


def _show_layer_norm(layer: Module) -> str:
    given = layer.arguments
    sizes = f"{_spread(given['normalized_shape'], 1)}, eps={given['eps']}"
    shown = f"{sizes}, elementwise_affine={given['elementwise_affine']}"
    return (
        shown
        if layer.entry is not None and layer.entry.name == "RMSNorm"
        else f"{shown}, bias={_holds(layer, 'bias')}"
    )


def _show_recurrent(layer: Module) -> str:
    usual = {
        "proj_size": 0,
        "num_layers": 1,
        "bias": True,
        "batch_first": False,
        "dropout": 0,
        "bidirectional": False,
    }
    given = {**layer.arguments, "dropout": float(layer.dropout)}
    parts = [str(given["input_size"]), str(given["hidden_size"])]
    return ", ".join(
        [
            *parts,
            *(f"{name}={given[name]}" for name, value in usual.items() if given.get(name, value) != value),
        ]
    )


def _find_padding_row(layer: Module) -> Any:
    """``padding_idx`` counted from the beginning."""
    index, count = layer.padding_idx, layer.num_embeddings
    return index + count if index is not None and index < 0 else index


def _show_embedding(layer: Module) -> str:
    given = {**layer.arguments, "padding_idx": _find_padding_row(layer)}
    usual = {
        "padding_idx": None,
        "max_norm": None,
        "norm_type": 2,
        "scale_grad_by_freq": False,
        "sparse": False,
    }
    parts = [str(given["num_embeddings"]), str(given["embedding_dim"])]
    return ", ".join(
        [*parts, *(f"{name}={given[name]}" for name, value in usual.items() if given[name] != value)]
    )


def _show_embedding_bag(layer: Module) -> str:
    given = {**layer.arguments, "padding_idx": _find_padding_row(layer)}
    usual = {"max_norm": None, "norm_type": 2, "scale_grad_by_freq": False, "mode": "", "padding_idx": None}
    parts = [str(given["num_embeddings"]), str(given["embedding_dim"])]
    return ", ".join(
        [*parts, *(f"{name}={given[name]!r}" for name, value in usual.items() if given[name] != value)]
    )


def _show_upsample(mode: str = "") -> Printed:
    def show(layer: Module) -> str:
        given = layer.arguments
        factor = given["scale_factor"]
        if factor:
            factor = tuple(map(float, factor)) if isinstance(factor, tuple) else float(factor)
        sizes = f"scale_factor={factor!r}" if factor else f"size={given['size']!r}"
        return f"{sizes}, mode={mode or given['mode']!r}" if not mode else f"{sizes}, mode={mode!r}"

    return show


def _show_cross_entropy(layer: Module) -> str:
    given = layer.arguments
    return (
        f"in_features={given['in_features']}, num_classes={given['num_classes']}, "
        f"out_features={given['out_features']}, bias={_holds(layer.children['linear'], 'bias')}, "
        f"reduction={given['reduction']}, ignore_index={given['ignore_index']}, "
        f"label_smoothing={given['label_smoothing']}, options={given['options']}"
    )


def _list_parameters(describe: Callable[[str], str]) -> Printed:
    """A line for each parameter of a list or dict, with its dtype as ``describe`` has it."""

    def show(layer: Module) -> str:
        return "\n".join(
            f"  ({name}): Parameter containing: [{describe(tensor.dtype)} of size {'x'.join(map(str, tensor.shape))}]"
            for name, tensor in layer.tensors.items()
        )

    return show


#: Dtypes by the name that ``torch.typename`` has for tensors of them.
_TENSOR_NAMES = {
    "float32": "FloatTensor",
    "float64": "DoubleTensor",
    "float16": "HalfTensor",
    "bfloat16": "BFloat16Tensor",
    "int64": "LongTensor",
    "int32": "IntTensor",
    "int16": "ShortTensor",
    "int8": "CharTensor",
    "uint8": "ByteTensor",
    "bool": "BoolTensor",
    "complex64": "ComplexFloatTensor",
    "complex128": "ComplexDoubleTensor",
}

_WINDOW = ("kernel_size", "stride", "padding")
_NUMBERED = {"1d": 1, "2d": 2, "3d": 3}


def _for_dimensions(name: str, make: Callable[[int], Printed]) -> dict[str, Printed]:
    """The same of a layer's classes for one, two and three dimensions."""
    return {name + end: make(count) for end, count in _NUMBERED.items()}


#: What each layer shows, by its class.
PRINTED: Mapping[str, Printed] = {
    "Linear": _show_linear("in_features", "out_features"),
    "NonDynamicallyQuantizableLinear": _show_linear("in_features", "out_features"),
    "LazyLinear": _show_linear("in_features", "out_features"),
    "Bilinear": _show_linear("in1_features", "in2_features", "out_features"),
    **_for_dimensions("Conv", _show_convolution),
    **_for_dimensions("ConvTranspose", _show_convolution),
    **_for_dimensions("LazyConv", _show_convolution),
    **_for_dimensions("LazyConvTranspose", _show_convolution),
    "Unfold": _show("kernel_size", "dilation", "padding", "stride"),
    "Fold": _show("output_size", "kernel_size", "dilation", "padding", "stride"),
    **_for_dimensions("MaxPool", lambda count: _show_pool(*_WINDOW, "dilation", "ceil_mode")),
    **_for_dimensions("MaxUnpool", lambda count: _show_pool(*_WINDOW, spread=count)),
    **_for_dimensions("AvgPool", lambda count: _show_pool(*_WINDOW, spread=1 if count == 1 else 0)),
    **_for_dimensions("LPPool", lambda count: _show("norm_type", "kernel_size", "stride", "ceil_mode")),
    **_for_dimensions("AdaptiveMaxPool", lambda count: _show("output_size")),
    **_for_dimensions("AdaptiveAvgPool", lambda count: _show("output_size")),
    **_for_dimensions("ReflectionPad", lambda count: _show_padding(2 * count)),
    **_for_dimensions("ReplicationPad", lambda count: _show_padding(2 * count)),
    **_for_dimensions("ZeroPad", lambda count: _show_padding(2 * count)),
    **_for_dimensions("CircularPad", lambda count: _show_padding(2 * count)),
    **_for_dimensions("ConstantPad", lambda count: _show_constant_padding(2 * count)),
    **dict.fromkeys(("ELU", "CELU"), _show_activation("alpha")),
    **dict.fromkeys(("SELU", "Mish", "ReLU", "ReLU6", "SiLU"), _show_activation()),
    "GELU": lambda layer: f"approximate={layer.approximate!r}",
    **dict.fromkeys(("GLU", "LogSoftmax", "Softmax", "Softmin"), _show("dim")),
    **dict.fromkeys(("Hardshrink", "Softshrink"), lambda layer: f"{layer.lambd}"),
    "Hardtanh": _show_hardtanh,
    "LeakyReLU": _show_activation("negative_slope"),
    "PReLU": _show("num_parameters"),
    "RReLU": _show_activation("lower", "upper"),
    "Softplus": _show("beta", "threshold"),
    "Threshold": _show_activation("threshold", "value"),
    **_for_dimensions("BatchNorm", lambda count: _show_batch_norm),
    **_for_dimensions("LazyBatchNorm", lambda count: _show_batch_norm),
    **_for_dimensions("InstanceNorm", lambda count: _show_batch_norm),
    **_for_dimensions("LazyInstanceNorm", lambda count: _show_batch_norm),
    "SyncBatchNorm": _show_batch_norm,
    "GroupNorm": _show_group_norm,
    **dict.fromkeys(("LayerNorm", "RMSNorm"), _show_layer_norm),
    **dict.fromkeys(
        ("LocalResponseNorm", "CrossMapLRN2d"), _show_first(1, "size", "alpha", "beta", "k", then={})
    ),
    **dict.fromkeys(("RNN", "LSTM", "GRU"), _show_recurrent),
    **dict.fromkeys(
        ("RNNCell", "LSTMCell", "GRUCell"),
        _show_first(2, "input_size", "hidden_size", then={"bias": True, "nonlinearity": "tanh"}),
    ),
    **dict.fromkeys(("Dropout", "AlphaDropout", "FeatureAlphaDropout"), _show("p", "inplace")),
    **_for_dimensions("Dropout", lambda count: _show("p", "inplace")),
    "Embedding": _show_embedding,
    "EmbeddingBag": _show_embedding_bag,
    "Flatten": _show("start_dim", "end_dim"),
    "Unflatten": _show("dim", "unflattened_size"),
    "PixelShuffle": _show("upscale_factor"),
    "PixelUnshuffle": _show("downscale_factor"),
    "ChannelShuffle": _show("groups"),
    "Upsample": _show_upsample(),
    "UpsamplingNearest2d": _show_upsample("nearest"),
    "UpsamplingBilinear2d": _show_upsample("bilinear"),
    "LinearCrossEntropyLoss": _show_cross_entropy,
    "ParameterList": _list_parameters(lambda dtype: f"torch.{dtype}"),
    "ParameterDict": _list_parameters(lambda dtype: f"torch.{_TENSOR_NAMES[dtype]}"),
}
