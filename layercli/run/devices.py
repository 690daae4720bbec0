"""Which device a trace runs on: what was asked for, or what is right for the model's size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from layercli.errors import CommandError, Problem, did_you_mean
from layercli.plan.records import BufferPlan, LayerPlan, ParameterPlan, Plan, Recipe
from layercli.spec.limits import allow_more, current_limits

#: Up to so many parameters and input elements a run on the CPU is quicker than the first use of meta kernels:
#: with 11.7 million (resnet18) both take as long, with 25 million (resnet50) meta saves a third of the time.
SMALL_PARAMETERS = 10_000_000
SMALL_INPUTS = 4_000_000

#: The same for a model with a recurrent layer. Meta takes its steps one by one, 3.4 ms each, where the CPU needs a
#: few microseconds.
SMALL_RECURRENT = 100_000_000

KINDS = ("auto", "cpu", "cuda", "mps", "meta")


def choose_device(plan: Plan, asked: str = "auto", *, values: bool = False) -> str:
    """The device for a plan. ``values`` says that values are wanted, which meta hasn't.

    ``auto`` is the CPU for small models and meta for large ones. Raises CommandError for a device that isn't
    there, or for values on meta.
    """
    if asked == "auto":
        if values:
            return "cpu"
        return "cpu" if is_small(plan) else "meta"
    if asked == "meta" and values:
        raise CommandError(
            Problem("no-values", "on the meta device tensors have no values", hint="use --device cpu")
        )
    if asked in ("cpu", "meta"):
        return asked
    _check_present(asked)
    return asked


def _check_present(asked: str) -> None:
    import re

    import torch

    present = ["cpu", "meta"]
    present += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        present.append("mps")
    kind, colon, number = asked.partition(":")
    if (
        kind not in KINDS
        or kind == "auto"
        or (colon and (kind != "cuda" or not re.fullmatch(r"\d{1,3}", number)))
    ):
        hint = did_you_mean(asked, KINDS) or f"it is one of {', '.join(KINDS)}, or cuda:0"
        raise CommandError(Problem("unknown-device", f"there is no kind of device {asked}", hint=hint))
    if asked == "cuda" and "cuda:0" in present:
        return
    if asked not in present:
        raise CommandError(
            Problem(
                "no-such-device", f"there is no device {asked} here", hint=f"there is {', '.join(present)}"
            )
        )


def check_memory(plan: Plan, device: str, *, values: bool = False) -> None:
    """Raises CommandError where a plan's parameters alone, by estimate, take more memory than the limit.

    Only the memory of the CPU is limited. ``values`` says that values are wanted.
    """
    if device != "cpu":
        return
    import torch

    needed = estimate_parameters(plan.root) * getattr(torch, plan.dtype).itemsize / (1 << 20)
    limit = current_limits().memory
    if needed > limit:
        message = (
            f"the parameters alone take {_format_mib(needed)}, more than the limit of {_format_mib(limit)}"
        )
        without = "leave values out, then it runs on meta" if values else "use --device meta"
        raise CommandError(Problem("out-of-memory", message, hint=f"{without}; {allow_more('memory')}"))


def _format_mib(number: float) -> str:
    return f"{number:,.0f} MiB" if number < 1024 else f"{number / 1024:,.0f} GiB"


def is_small(plan: Plan) -> bool:
    """Whether a plan's parameters and inputs are few enough for the CPU, by estimate."""
    limit = SMALL_RECURRENT if _is_recurrent(plan.root) else SMALL_PARAMETERS
    return (
        estimate_parameters(plan.root) <= limit
        and sum(estimate_elements(value) for _, value in plan.inputs) <= SMALL_INPUTS
    )


def _is_recurrent(plan: LayerPlan) -> bool:
    return plan.type_name in ("RNN", "GRU", "LSTM") or any(
        isinstance(child, LayerPlan) and _is_recurrent(child) for _, child in plan.children
    )


def estimate_elements(value: Any) -> int:
    """About how many elements the tensor of a recipe has: its greatest part counts."""
    if isinstance(value, Recipe):
        inner = max((estimate_elements(operand) for operand in value.operands), default=0)
        if value.kind != "function":
            return inner
        if value.name == "tensor":
            return max(inner, _count_values(value.operands))
        sizes = [item for operand in (*value.operands, value.keywords.get("size")) for item in _ints(operand)]
        bounds = 2 if value.name == "randint" else 0
        return max(inner, math.prod(size for size in sizes[bounds:] if size > 0))
    if isinstance(value, (tuple, list)):
        return sum(estimate_elements(item) for item in value)
    return 0


def _count_values(value: Any) -> int:
    return sum(map(_count_values, value)) if isinstance(value, (tuple, list)) else 1


def _ints(value: Any) -> list[int]:
    if isinstance(value, (tuple, list)):
        return [size for item in value for size in _ints(item)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


def estimate_parameters(plan: LayerPlan) -> int:
    """About how many parameters a plan makes, from the arguments of its large layers."""
    total = 0
    for _, child in plan.children:
        if isinstance(child, (ParameterPlan, BufferPlan)):
            total += estimate_elements(child.value)
        else:
            total += estimate_parameters(child)
    if plan.block is None and not plan.children:
        given = plan.arguments
        estimate = _ESTIMATES.get(plan.type_name)
        try:
            total += estimate(given) if estimate is not None else 0
        except (TypeError, KeyError, AttributeError, ValueError):
            return total
        repeats = given.get("num_layers", 1)
        for value in given.values():
            if isinstance(value, LayerPlan):
                total += estimate_parameters(value) * (repeats if isinstance(repeats, int) else 1)
    return total


def _estimate_convolution(dimensions: int) -> Callable[[Mapping[str, Any]], int]:
    def estimate(given: Mapping[str, Any]) -> int:
        sizes = _ints(given["kernel_size"])
        kernel = math.prod(sizes) if len(sizes) > 1 else sizes[0] ** dimensions
        return int(kernel * given.get("in_channels", 1) * given["out_channels"] // given.get("groups", 1))

    return estimate


def _estimate_recurrent(gates: int) -> Callable[[Mapping[str, Any]], int]:
    def estimate(given: Mapping[str, Any]) -> int:
        hidden, layers = given["hidden_size"], given.get("num_layers", 1)
        directions = 2 if given.get("bidirectional") else 1
        first = gates * hidden * (given["input_size"] + hidden)
        return int(directions * (first + (layers - 1) * gates * hidden * hidden * (1 + directions)))

    return estimate


def _estimate_transformer(given: Mapping[str, Any]) -> int:
    width, inner = given.get("d_model", 512), given.get("dim_feedforward", 2048)
    encoder = 4 * width * width + 2 * width * inner
    if (
        "num_encoder_layers" in given
        or "num_decoder_layers" in given
        or "d_model" not in given
        or "nhead" not in given
    ):
        layers = given.get("num_encoder_layers", 6) + given.get("num_decoder_layers", 6)
    else:
        layers = 12
    return int(layers * encoder)


_ESTIMATES: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "Linear": lambda given: given["in_features"] * given["out_features"],
    "Bilinear": lambda given: given["in1_features"] * given["in2_features"] * given["out_features"],
    "Embedding": lambda given: given["num_embeddings"] * given["embedding_dim"],
    "EmbeddingBag": lambda given: given["num_embeddings"] * given["embedding_dim"],
    "Conv1d": _estimate_convolution(1),
    "Conv2d": _estimate_convolution(2),
    "Conv3d": _estimate_convolution(3),
    "ConvTranspose1d": _estimate_convolution(1),
    "ConvTranspose2d": _estimate_convolution(2),
    "ConvTranspose3d": _estimate_convolution(3),
    "RNN": _estimate_recurrent(1),
    "GRU": _estimate_recurrent(3),
    "LSTM": _estimate_recurrent(4),
    "MultiheadAttention": lambda given: 4 * given["embed_dim"] ** 2,
    "TransformerEncoderLayer": lambda given: (
        4 * given["d_model"] ** 2 + 2 * given["d_model"] * given.get("dim_feedforward", 2048)
    ),
    "TransformerDecoderLayer": lambda given: (
        8 * given["d_model"] ** 2 + 2 * given["d_model"] * given.get("dim_feedforward", 2048)
    ),
    "Transformer": _estimate_transformer,
}
