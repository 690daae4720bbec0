"""Which arguments of a layer have to match which sizes of its inputs, and which make sizes of its output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layercli.plan.records import LayerPlan
from layercli.record import record
from layercli.trace import Row, TensorType


@record
class Fit:
    """The argument that has to be the size of dimension ``dim`` of the input with this number."""

    argument: str
    dim: int = -1
    input: int = 0


@record
class Misfit:
    """An argument that isn't the size that it has to be."""

    fit: Fit
    needed: int
    got: int
    tensor: TensorType


def _of_dimensions(name: str, argument: str, *prefixes: str) -> dict[str, tuple[Fit, ...]]:
    return {
        f"{prefix}{name}{count}d": (Fit(argument, -count - 1),) for prefix in prefixes for count in (1, 2, 3)
    }


RECURRENT = ("RNN", "LSTM", "GRU")

#: By type of layer.
FITS: dict[str, tuple[Fit, ...]] = {
    "Linear": (Fit("in_features"),),
    "Bilinear": (Fit("in1_features"), Fit("in2_features", input=1)),
    **_of_dimensions("Conv", "in_channels", ""),
    **_of_dimensions("ConvTranspose", "in_channels", ""),
    **{f"BatchNorm{count}d": (Fit("num_features", 1),) for count in (1, 2, 3)},
    "SyncBatchNorm": (Fit("num_features", 1),),
    **_of_dimensions("InstanceNorm", "num_features", ""),
    "GroupNorm": (Fit("num_channels", 1),),
    "LayerNorm": (Fit("normalized_shape"),),
    "RMSNorm": (Fit("normalized_shape"),),
    **{
        name + cell: (Fit("input_size"), *((Fit("hidden_size", input=1),) if cell else ()))
        for name in RECURRENT
        for cell in ("", "Cell")
    },
    "MultiheadAttention": (
        Fit("embed_dim"), Fit("kdim", input=1), Fit("vdim", input=2),
        Fit("embed_dim", input=1), Fit("embed_dim", input=2),
    ),
    "TransformerEncoderLayer": (Fit("d_model"),),
    "TransformerDecoderLayer": (Fit("d_model"), Fit("d_model", input=1)),
    "Transformer": (Fit("d_model"), Fit("d_model", input=1)),
    "PReLU": (Fit("num_parameters", 1),),
    "AdaptiveLogSoftmaxWithLoss": (Fit("in_features"),),
}  # fmt: skip

#: How many dimensions a layer takes; with others its channels can't be told.
_RANKS: dict[str, tuple[int, ...]] = {
    "BatchNorm1d": (2, 3), "BatchNorm2d": (4,), "BatchNorm3d": (5,),
    **{
        f"{name}{count}d": (count + 1, count + 2)
        for name in ("Conv", "ConvTranspose", "InstanceNorm")
        for count in (1, 2, 3)
    },
}  # fmt: skip

#: Arguments of a composite layer that stand in a layer which it is given.
INNER = {
    "TransformerEncoder": ("encoder_layer", (Fit("d_model"),)),
    "TransformerDecoder": ("decoder_layer", (Fit("d_model"), Fit("d_model", input=1))),
}

#: The argument that makes a size of the output, and the dimension from the end that it makes.
MAKERS: dict[str, tuple[str, int]] = {
    "Linear": ("out_features", -1),
    "LazyLinear": ("out_features", -1),
    "Bilinear": ("out_features", -1),
    **{
        f"{lazy}Conv{transposed}{count}d": ("out_channels", -count - 1)
        for lazy in ("", "Lazy")
        for transposed in ("", "Transpose")
        for count in (1, 2, 3)
    },
    "Embedding": ("embedding_dim", -1),
    "EmbeddingBag": ("embedding_dim", -1),
    **{name + cell: ("hidden_size", -1) for name in RECURRENT for cell in ("", "Cell")},
}

#: Several for each count of an argument: both directions of a recurrent layer.
TWICE = "bidirectional"


def list_fits(plan: LayerPlan) -> tuple[LayerPlan, tuple[Fit, ...]]:
    """What has to match in a layer, and the plan that has the arguments: its own, or that of a layer it is given."""
    name = plan.type_name
    if plan.block is not None:
        return plan, ()
    if name in INNER:
        argument, fits = INNER[name]
        inner = plan.arguments.get(argument)
        return (inner, fits) if isinstance(inner, LayerPlan) else (plan, ())
    return plan, FITS.get(name, ())


def find_misfits(row: Row, plan: LayerPlan | None) -> Iterator[Misfit]:
    """The arguments of the layer of a row that its inputs don't match; an operation has no plan and none."""
    if plan is None:
        return
    holder, fits = list_fits(plan)
    for fit in fits:
        value: Any = holder.arguments.get(fit.argument)
        tensor = row.inputs[fit.input] if fit.input < len(row.inputs) else None
        if not isinstance(tensor, TensorType):
            continue
        rank = len(tensor.shape)
        if rank not in _RANKS.get(holder.type_name, (rank,)):
            continue
        if fit.argument == "normalized_shape" and isinstance(value, (tuple, list)):
            yield from _compare_shapes(fit, value, tensor)
        elif (
            not isinstance(value, int)
            or isinstance(value, bool)
            or (holder.type_name == "PReLU" and value == 1)
        ):
            continue
        elif -rank <= fit.dim < rank and tensor.shape[fit.dim] != value:
            yield Misfit(fit, value, tensor.shape[fit.dim], tensor)


def _compare_shapes(fit: Fit, shape: Any, tensor: TensorType) -> Iterator[Misfit]:
    """The last dimensions of an input against the shape that a layer normalises."""
    if len(shape) > len(tensor.shape):
        return
    for place in range(-len(shape), 0):
        if shape[place] != tensor.shape[place]:
            yield Misfit(Fit(fit.argument, place), shape[place], tensor.shape[place], tensor)
