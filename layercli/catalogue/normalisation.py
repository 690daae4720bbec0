"""Normalisation: values shifted and scaled by statistics of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import FRACTIONS, expect_dtype, expect_int, expect_number
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module, State, apply_lazily, apply_operation, hold_lazily
from layercli.catalogue.operations import normalisation
from layercli.catalogue.rules import expect_tensor
from layercli.catalogue.tensors import Shape, Tensor, refuse


def hold_statistics(layer: Module) -> Iterator[State]:
    """``weight`` and ``bias`` where affine, running statistics where they are tracked: one value a channel each."""
    shape = (layer.num_features,)
    if layer.affine:
        yield State("weight", shape)
        if layer.bias:
            yield State("bias", shape)
    if layer.track_running_stats:
        yield State("running_mean", shape, "buffer")
        yield State("running_var", shape, "buffer")
        yield State("num_batches_tracked", (), "buffer", "int64")


_hold_lazily = hold_lazily(hold_statistics, num_features=0)


def _find_channels(layer: Module, input: Tensor) -> Any:
    if input.dim < 2:
        refuse(f"expects channels in dimension 1 and got {input!r}", "input")
    return input.shape[1]


def _lazily(rule: Callable[..., Any]) -> Callable[..., Any]:
    return apply_lazily("num_features", _find_channels, hold_statistics, rule)


def normalise_batch(*dims: int) -> Callable[..., Tensor]:
    """The rule of a BatchNorm that takes these numbers of dimensions. Source: torch.nn.BatchNorm2d.

    In training, and without running statistics, it uses the batch's own.
    """

    def apply(layer: Module, input: Any) -> Tensor:
        tensor = expect_tensor(input, "input")
        if dims and tensor.dim not in dims:
            refuse(f"expects {' or '.join(map(str, dims))} dimensions and got {tensor!r}", "input")
        if not dims:
            _check_channels(tensor)
        held = layer.tensors
        # PyTorch passes an empty tensor on, whatever its channels.
        if held and tensor.numel != 0 and tensor.shape[1] != layer.num_features:
            word = "channel" if layer.num_features == 1 else "channels"
            refuse(f"expects {layer.num_features} {word} and got {tensor.shape[1]}: {tensor!r}", "input")
        trained = layer.training or "running_mean" not in held
        momentum = 0.0 if layer.momentum is None else layer.momentum
        return normalisation.normalise_batch(
            tensor,
            held.get("running_mean"),
            held.get("running_var"),
            held.get("weight"),
            held.get("bias"),
            trained,
            momentum,
            layer.eps,
        )

    return apply


def _check_channels(tensor: Tensor) -> None:
    if tensor.dim < 2:
        refuse(f"expects [N, C] or more dimensions and got {tensor!r}", "input")
    if tensor.shape[1] == 0:
        refuse(f"expects at least one channel and got {tensor!r}", "input")


def normalise_instances(count: int) -> Callable[..., Tensor]:
    """The rule of an InstanceNorm over ``count`` dimensions, with or without a batch. Source: torch.nn.InstanceNorm2d."""

    def apply(layer: Module, input: Any) -> Tensor:
        tensor = expect_tensor(input, "input")
        if tensor.dim not in (count + 1, count + 2):
            refuse(f"expects {count + 1} or {count + 2} dimensions and got {tensor!r}", "input")
        channels = tensor.shape[tensor.dim - count - 1]
        if layer.affine and channels != layer.num_features:
            refuse(f"expects {layer.num_features} channels and got {channels}: {tensor!r}", "input")
        held = layer.tensors
        single = tensor.dim == count + 1
        batch = Tensor(tensor.dtype, (1, *tensor.shape)) if single else tensor
        result = normalisation.normalise_instances(
            batch,
            held.get("running_mean"),
            held.get("running_var"),
            held.get("weight"),
            held.get("bias"),
            layer.training or not layer.track_running_stats,
            0.0 if layer.momentum is None else layer.momentum,
            layer.eps,
        )
        return Tensor(result.dtype, result.shape[1:]) if single else result

    return apply


def hold_groups(layer: Module) -> Iterator[State]:
    """``weight`` and ``bias`` of one value a channel, where affine."""
    if layer.num_groups == 0 or layer.num_channels % layer.num_groups != 0:
        message = f"num_channels ({layer.num_channels}) must be divisible by num_groups ({layer.num_groups})"
        refuse(message, "num_groups", "invalid-argument")
    if layer.affine:
        yield State("weight", (layer.num_channels,))
        if layer.bias:
            yield State("bias", (layer.num_channels,))


def normalise_groups(layer: Module, input: Any) -> Tensor:
    """(N, num_channels, *) in its shape. Source: torch.nn.GroupNorm."""
    held = layer.tensors
    return normalisation.normalise_groups(
        input, layer.num_groups, held.get("weight"), held.get("bias"), layer.eps
    )


def _last_sizes(layer: Module) -> Shape:
    given = layer.normalized_shape
    return tuple(given) if isinstance(given, (tuple, list)) else (given,)


def hold_last(layer: Module) -> Iterator[State]:
    """``weight`` and ``bias`` of the normalised shape, where they are wanted."""
    if layer.elementwise_affine:
        yield State("weight", _last_sizes(layer))
        if layer.bias:
            yield State("bias", _last_sizes(layer))


def normalise_last(layer: Module, input: Any) -> Tensor:
    """(*, *normalized_shape) in its shape. Source: torch.nn.LayerNorm."""
    held = layer.tensors
    return normalisation.normalise_last(
        input, _last_sizes(layer), held.get("weight"), held.get("bias"), layer.eps
    )


def hold_root(layer: Module) -> Iterator[State]:
    """``weight`` of the normalised shape, where it is wanted."""
    if layer.elementwise_affine:
        yield State("weight", _last_sizes(layer))


def normalise_root(layer: Module, x: Any) -> Tensor:
    """(*, *normalized_shape) in its shape. Source: torch.nn.RMSNorm."""
    return normalisation.normalise_root(x, _last_sizes(layer), layer.tensors.get("weight"), layer.eps)


def normalise_maps(layer: Module, input: Any) -> Tensor:
    """(N, C, H, W) in its shape, row-major. Source: torch.nn.CrossMapLRN2d."""
    tensor = expect_dtype(input, FRACTIONS)
    if tensor.dim != 4:
        refuse(f"expects [N, C, H, W] and got {tensor!r}", "input")
    for name in ("alpha", "beta", "k"):
        expect_number(layer.arguments[name], name)
    if expect_int(layer.size, "size") == 0:
        refuse("needs a size other than 0", "size", "invalid-argument")
    if tensor.shape[1] == 0:
        refuse(f"expects at least one channel and got {tensor!r}", "input")
    return Tensor(tensor.dtype, tensor.shape)


LAYERS: tuple[Layer, ...] = (
    Layer(
        "BatchNorm1d",
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, "
        "bias=True",
        "Normalises each channel of [N, C] or [N, C, L] over the batch, by running statistics in evaluation.",
        state=hold_statistics,
        rule=normalise_batch(2, 3),
        work=work.normalise_batch_of,
    ),
    Layer(
        "BatchNorm2d",
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, "
        "bias=True",
        "Normalises each channel of [N, C, H, W] over batch and pixels, by running statistics in evaluation.",
        state=hold_statistics,
        rule=normalise_batch(4),
        work=work.normalise_batch_of,
    ),
    Layer(
        "BatchNorm3d",
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, "
        "bias=True",
        "Normalises each channel of [N, C, D, H, W] over batch and voxels, by running statistics in "
        "evaluation.",
        state=hold_statistics,
        rule=normalise_batch(5),
        work=work.normalise_batch_of,
    ),
    Layer(
        "SyncBatchNorm",
        "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, "
        "process_group=None, *, dtype=None, bias=True",
        "Normalises as BatchNorm does, with statistics shared by all processes in training.",
        state=hold_statistics,
        rule=normalise_batch(),
        work=work.normalise_batch_of,
    ),
    Layer(
        "LazyBatchNorm1d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "A BatchNorm1d that takes num_features from the first input it sees.",
        state=_hold_lazily,
        rule=_lazily(normalise_batch(2, 3)),
        work=work.normalise_batch_of,
    ),
    Layer(
        "LazyBatchNorm2d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "A BatchNorm2d that takes num_features from the first input it sees.",
        state=_hold_lazily,
        rule=_lazily(normalise_batch(4)),
        work=work.normalise_batch_of,
    ),
    Layer(
        "LazyBatchNorm3d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "A BatchNorm3d that takes num_features from the first input it sees.",
        state=_hold_lazily,
        rule=_lazily(normalise_batch(5)),
        work=work.normalise_batch_of,
    ),
    Layer(
        "InstanceNorm1d",
        "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, *, dtype=None, "
        "bias=True",
        "Normalises each channel of each sample along its length.",
        state=hold_statistics,
        rule=normalise_instances(1),
        work=work.normalise_instances_of(1),
    ),
    Layer(
        "InstanceNorm2d",
        "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, *, dtype=None, "
        "bias=True",
        "Normalises each channel of each sample over its pixels.",
        state=hold_statistics,
        rule=normalise_instances(2),
        work=work.normalise_instances_of(2),
    ),
    Layer(
        "InstanceNorm3d",
        "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, *, dtype=None, "
        "bias=True",
        "Normalises each channel of each sample over its voxels.",
        state=hold_statistics,
        rule=normalise_instances(3),
        work=work.normalise_instances_of(3),
    ),
    Layer(
        "LazyInstanceNorm1d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "An InstanceNorm1d that takes num_features from the first input it sees.",
        state=_hold_lazily,
        rule=_lazily(normalise_instances(1)),
        work=work.normalise_instances_of(1),
    ),
    Layer(
        "LazyInstanceNorm2d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "An InstanceNorm2d that takes num_features from the first input it sees.",
        state=_hold_lazily,
        rule=_lazily(normalise_instances(2)),
        work=work.normalise_instances_of(2),
    ),
    Layer(
        "LazyInstanceNorm3d",
        "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, *, dtype=None, bias=True",
        "An InstanceNorm3d that takes num_features from the first input it sees.",
        state=_hold_lazily,
        rule=_lazily(normalise_instances(3)),
        work=work.normalise_instances_of(3),
    ),
    Layer(
        "GroupNorm",
        "num_groups, num_channels, eps=1e-05, affine=True, *, dtype=None, bias=True",
        "Normalises each sample over groups of channels and all their positions.",
        state=hold_groups,
        rule=normalise_groups,
        work=work.normalise_groups_of,
    ),
    Layer(
        "LayerNorm",
        "normalized_shape, eps=1e-05, elementwise_affine=True, bias=True, *, dtype=None",
        "Normalises each sample over its last dimensions to mean 0 and variance 1, then scales and shifts.",
        state=hold_last,
        rule=normalise_last,
        work=work.normalise_last_of,
    ),
    Layer(
        "RMSNorm",
        "normalized_shape, eps=None, elementwise_affine=True, *, dtype=None",
        "Divides by the root mean square over the last dimensions, then scales.",
        state=hold_root,
        rule=normalise_root,
        work=work.normalise_root_of,
    ),
    Layer(
        "LocalResponseNorm",
        "size, alpha=0.0001, beta=0.75, k=1.0",
        "Divides each value by a power of k plus alpha times the mean square of the channels around it.",
        rule=apply_operation(normalisation.normalise_neighbours, "size", "alpha", "beta", "k"),
        work=work.through(work.normalise_neighbours, "size"),
    ),
    Layer(
        "CrossMapLRN2d",
        "size, alpha=0.0001, beta=0.75, k=1",
        "Does to an image what LocalResponseNorm does, with a backward pass of its own.",
        rule=normalise_maps,
        work=work.through(work.normalise_neighbours, "size"),
    ),
)
