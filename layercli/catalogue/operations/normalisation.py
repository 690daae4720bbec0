"""Normalisations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import (
    FLOATS,
    FRACTIONS,
    expect_bool,
    expect_dtype,
    expect_int,
    expect_number,
    expect_sizes,
    is_plain,
)
from layercli.catalogue.dtypes import CATEGORIES
from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, Operation
from layercli.catalogue.layouts import channels_last_strides, is_contiguous, suggest_strides
from layercli.catalogue.operations import pooling
from layercli.catalogue.operations.view import view
from layercli.catalogue.rules import (
    dense_like,
    elementwise,
    expect_own_elements,
    expect_tensor,
    find_dims,
    like,
    promote,
    to_floating,
)
from layercli.catalogue.sizes import product
from layercli.catalogue.tensors import AnySize, Shape, Tensor, refuse

#: A vector of one value a channel by its name, None where there is none.
Vectors = Sequence[tuple[str, Tensor | None]]


def _expect_optional(value: Any, name: str) -> Tensor | None:
    return None if value is None else expect_tensor(value, name)


def _check_vectors(vectors: Vectors, count: AnySize, *, flat: bool) -> None:
    """Refuse vectors that don't have one value for each of ``count`` channels. Raises Refusal."""
    for name, vector in vectors:
        if vector is None:
            continue
        if vector.numel != count or (flat and vector.dim != 1):
            refuse(f"expects {name} of [{count}] and got {vector!r}", name)


def _check_parameters(tensor: Tensor, vectors: Vectors) -> str:
    """The dtype that all vectors have: the input's, or float32 for halves. Raises Refusal."""
    dtypes = {vector.dtype for _, vector in vectors if vector is not None}
    allowed = {tensor.dtype, "float32"} if tensor.dtype in ("float16", "bfloat16") else {tensor.dtype}
    for name, vector in vectors:
        if vector is not None and (vector.dtype not in allowed or len(dtypes) > 1):
            refuse(
                f"expects {name} of {tensor.dtype}, the input's dtype, and got {vector!r}",
                name,
                "dtype-mismatch",
            )
    return next(iter(dtypes), tensor.dtype)


def normalise_batch(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: Any = False,
    momentum: Any = 0.1,
    eps: Any = 1e-05,
) -> Tensor:
    """(N, C, *) in its shape; one value a channel in all vectors. Source: torch.nn.functional.batch_norm."""
    tensor = expect_tensor(input, "input")
    trained = expect_bool(training, "training")
    if tensor.dim < 2:
        refuse(f"expects channels in dimension 1 and got {tensor!r}", "input")
    if trained and product((tensor.shape[0], *tensor.shape[2:])) == 1:
        refuse(f"needs more than one value a channel in training and got {tensor!r}", "input")
    expect_number(eps, "eps")
    if is_plain(eps) and (eps < 0 or (trained and eps == 0)):
        refuse(f"needs an eps above 0, not {eps}", "eps", "invalid-argument")
    expect_number(momentum, "momentum")
    return _normalise_channels(tensor, running_mean, running_var, weight, bias, trained)


def _normalise_channels(
    tensor: Tensor, running_mean: Any, running_var: Any, weight: Any, bias: Any, trained: bool
) -> Tensor:
    statistics = [
        (name, _expect_optional(value, name))
        for name, value in (("running_mean", running_mean), ("running_var", running_var))
    ]
    parameters = [
        (name, _expect_optional(value, name)) for name, value in (("weight", weight), ("bias", bias))
    ]
    if tensor.numel == 0:
        return _pass_empty(tensor, [vector for _, vector in parameters])
    channels = tensor.shape[1]
    if not trained:
        for name, vector in statistics:
            if vector is None:
                refuse(f"needs {name} outside of training", name, "missing-argument")
    if (statistics[0][1] is None) != (statistics[1][1] is None):
        refuse("needs both of running_mean and running_var, or none", "running_var", "missing-argument")
    _check_vectors(statistics, channels, flat=True)
    _check_vectors(parameters, channels, flat=False)
    expect_dtype(tensor, FLOATS)
    used = _check_parameters(tensor, parameters)
    held = _check_parameters(tensor, statistics)
    if held != used and any(vector is not None for _, vector in parameters) and statistics[0][1] is not None:
        refuse(
            f"expects running_mean of {used}, as its weight has, and got {held}",
            "running_mean",
            "dtype-mismatch",
        )
    return Tensor(tensor.dtype, tensor.shape, _find_batch_strides(tensor))


def _find_batch_strides(tensor: Tensor) -> Shape | None:
    """Channels last where the input holds them so without a gap, sizes of 1 aside."""
    if tensor.strides is not None and tensor.dim in (4, 5) and not is_contiguous(tensor):
        order = (0, *range(2, tensor.dim), 1)
        turned = [tensor.shape[place] for place in order], tuple(tensor.strides[place] for place in order)
        if is_contiguous(Tensor(tensor.dtype, *turned)):
            return channels_last_strides(tensor.shape)
    return suggest_strides(tensor)


def _pass_empty(tensor: Tensor, vectors: Sequence[Tensor | None]) -> Tensor:
    """An input without elements comes through, scaled by the first element of each vector."""
    result = like(tensor)
    for vector in vectors:
        if vector is not None:
            if vector.dim == 0 or vector.shape[0] == 0:
                refuse(f"needs a value a channel and got {vector!r}", "weight")
            scale = Tensor(vector.dtype, vector.shape[1:])
            result = elementwise(promote(result, scale), result, scale)
    return result


def normalise_instances(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: Any = True,
    momentum: Any = 0.1,
    eps: Any = 1e-05,
) -> Tensor:
    """(N, C, *) in its shape, row-major. Source: torch.nn.functional.instance_norm."""
    tensor = expect_tensor(input, "input")
    own = expect_bool(use_input_stats, "use_input_stats")
    if own and product(tensor.shape[2:]) == 1:
        refuse(f"needs more than one value a channel of each sample and got {tensor!r}", "input")
    if not own and (running_mean is None or running_var is None):
        refuse(
            "needs running_mean and running_var without statistics of the input",
            "running_mean",
            "missing-argument",
        )
    if tensor.dim < 2:
        refuse(f"expects channels in dimension 1 and got {tensor!r}", "input")
    expect_number(momentum, "momentum")
    expect_number(eps, "eps")
    samples, channels = tensor.shape[:2]
    vectors = []
    given = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, value in given.items():
        vector = _expect_optional(value, name)
        if vector is not None:
            if own and name.startswith("running"):
                expect_own_elements(vector)
            if vector.dim > 1:
                refuse(f"expects {name} of [{channels}] and got {vector!r}", name)
            # They are written into: even of one channel they need its dimension.
            if own and name.startswith("running") and (vector.dim == 0 or vector.numel != channels):
                refuse(f"expects {name} of [{channels}] and got {vector!r}", name)
            # Every sample has its own copy.
            vector = Tensor(vector.dtype, (vector.numel * samples,))
        vectors.append(vector)
    mean, variance, scale, offset = vectors
    used = tensor.dtype if scale is None else scale.dtype
    if mean is not None and variance is not None and mean.dtype != used:
        # Running statistics of another dtype are converted, which only the first one decides.
        mean, variance = Tensor(used, mean.shape), Tensor(used, variance.shape)
    for name, statistic in (("running_mean", mean), ("running_var", variance)) if own else ():
        # What is written into them is the mean over all samples.
        if statistic is not None and CATEGORIES[statistic.dtype] < 2:
            refuse(f"has no mean of {statistic.dtype}", name, "dtype-mismatch")
    folded = Tensor(tensor.dtype, (1, samples * channels, *tensor.shape[2:]))
    result = _normalise_channels(folded, mean, variance, scale, offset, own)
    return Tensor(result.dtype, tensor.shape)


def _check_last(tensor: Tensor, normalized_shape: Any) -> tuple[AnySize, ...]:
    """The sizes of the last dimensions, which are these. Raises Refusal."""
    sizes = expect_sizes(normalized_shape, "normalized_shape")
    if not sizes:
        refuse("needs at least one size as normalized_shape", "normalized_shape")
    own = tensor.shape[tensor.dim - len(sizes) :] if tensor.dim >= len(sizes) else ()
    if len(own) != len(sizes) or any(size != other for size, other in zip(own, sizes, strict=True)):
        shown = ", ".join(str(size) for size in sizes)
        refuse(f"expects [*, {shown}] and got {tensor!r}", "input")
    return sizes


def _check_affine(sizes: Sequence[AnySize], parameters: Vectors) -> None:
    for name, vector in parameters:
        if vector is not None and (
            vector.dim != len(sizes) or any(a != b for a, b in zip(vector.shape, sizes, strict=True))
        ):
            refuse(f"expects {name} of {list(sizes)} and got {vector!r}", name)


def normalise_last(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-05
) -> Tensor:
    """(*, *normalized_shape) in its shape, row-major. Source: torch.nn.functional.layer_norm."""
    tensor = expect_tensor(input, "input")
    sizes = _check_last(tensor, normalized_shape)
    expect_number(eps, "eps")
    parameters = [("weight", _expect_optional(weight, "weight")), ("bias", _expect_optional(bias, "bias"))]
    _check_affine(sizes, parameters)
    _check_parameters(tensor, parameters)
    expect_dtype(tensor, FLOATS)
    return Tensor(tensor.dtype, tensor.shape)


def normalise_root(input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Tensor:
    """(*, *normalized_shape) in its shape. Source: torch.nn.functional.rms_norm."""
    tensor = expect_tensor(input, "input")
    sizes = _check_last(tensor, normalized_shape)
    if eps is not None:
        expect_number(eps, "eps")
    _check_affine(sizes, [("weight", _expect_optional(weight, "weight"))])
    expect_dtype(tensor, FRACTIONS)
    return Tensor(tensor.dtype, tensor.shape, suggest_strides(tensor))


def normalise_groups(
    input: Any, num_groups: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-05
) -> Tensor:
    """(N, C, *) in its shape, C a multiple of the groups. Source: torch.nn.functional.group_norm."""
    tensor = expect_tensor(input, "input")
    if tensor.dim < 2:
        refuse(f"expects channels in dimension 1 and got {tensor!r}", "input")
    groups = expect_int(num_groups, "num_groups")
    if groups < 1:
        refuse(f"needs at least 1 group, not {groups}", "num_groups", "invalid-argument")
    expect_number(eps, "eps")
    channels = tensor.shape[1]
    if channels % groups != 0:
        refuse(f"expects channels that {groups} groups divide and got {channels}: {tensor!r}", "input")
    if product((tensor.shape[0] * channels // groups, *tensor.shape[2:])) == 1:
        refuse(f"needs more than one value a group and got {tensor!r}", "input")
    parameters = [("weight", _expect_optional(weight, "weight")), ("bias", _expect_optional(bias, "bias"))]
    _check_vectors(parameters, channels, flat=True)
    _check_parameters(tensor, parameters)
    expect_dtype(tensor, FLOATS)
    return Tensor(tensor.dtype, tensor.shape, suggest_strides(tensor))


def normalise_neighbours(
    input: Any, size: Any, alpha: Any = 0.0001, beta: Any = 0.75, k: Any = 1.0
) -> Tensor:
    """(N, C, *) in its shape, with one spatial dimension or more. Source: torch.nn.functional.local_response_norm."""
    tensor = expect_tensor(input, "input")
    if tensor.dim < 3:
        refuse(f"expects [N, C, L] or more dimensions and got {tensor!r}", "input")
    if tensor.numel == 0:
        return tensor
    for value, name in ((alpha, "alpha"), (beta, "beta"), (k, "k")):
        expect_number(value, name, learned=True)
    expect_int(size, "size")
    if tensor.dim > 4:
        view(like(tensor), tensor.shape[0], 1, *tensor.shape[1:3], -1)
    # The squares are averaged over windows of channels, by the pooling that the number of dimensions needs.
    if size < 1:
        refuse(f"needs a size of at least 1, not {size}", "size", "invalid-argument")
    inner = 1 if tensor.dim == 3 else 2
    pooling.pool_average(inner + 1)(
        Tensor(tensor.dtype, (1, 1, tensor.shape[1] + size - 1, *(1,) * inner)), (size, *(1,) * inner), 1
    )
    return Tensor(to_floating(tensor.dtype), tensor.shape, dense_like(tensor.shape, [tensor]))


def normalise_vectors(input: Any, p: Any = 2.0, dim: Any = 1, eps: Any = 1e-12) -> Tensor:
    """The input's shape. Source: torch.nn.functional.normalize."""
    tensor = expect_dtype(input, FRACTIONS)
    dims = find_dims(dim, tensor.dim)
    expect_number(eps, "eps", learned=True)
    expect_number(p, "p")
    if isinstance(p, float) and p == float("inf") and any(tensor.shape[place] == 0 for place in dims):
        refuse(f"has no greatest value along an empty dimension: {tensor!r}", "dim")
    return like(tensor)


OPERATIONS = (
    Operation(
        "batch_norm",
        "input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05",
        "Each channel normalised over the batch, or by running statistics outside training.",
        FUNCTIONAL,
        rule=normalise_batch,
        work=work.normalise_batch,
    ),
    Operation(
        "instance_norm",
        "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, "
        "momentum=0.1, eps=1e-05",
        "Each channel of each sample normalised.",
        FUNCTIONAL,
        rule=normalise_instances,
        work=work.normalise_instances,
    ),
    Operation(
        "layer_norm",
        "input, normalized_shape, weight=None, bias=None, eps=1e-05",
        "The last dimensions normalised to mean 0 and variance 1.",
        FUNCTIONAL_AND_TORCH,
        rule=normalise_last,
        work=work.normalise_last,
    ),
    Operation(
        "rms_norm",
        "input, normalized_shape, weight=None, eps=None",
        "The last dimensions divided by their root mean square.",
        FUNCTIONAL_AND_TORCH,
        rule=normalise_root,
        work=work.normalise_root,
    ),
    Operation(
        "group_norm",
        "input, num_groups, weight=None, bias=None, eps=1e-05",
        "Groups of channels of each sample normalised.",
        FUNCTIONAL_AND_TORCH,
        rule=normalise_groups,
        work=work.normalise_groups,
    ),
    Operation(
        "local_response_norm",
        "input, size, alpha=0.0001, beta=0.75, k=1.0",
        "Each value divided by a power of the mean square of its neighbouring channels.",
        FUNCTIONAL,
        rule=normalise_neighbours,
        work=work.normalise_neighbours,
    ),
    Operation(
        "normalize",
        "input, p=2.0, dim=1, eps=1e-12",
        "Vectors along `dim` divided by their p-norm.",
        FUNCTIONAL,
        rule=normalise_vectors,
        work=work.normalise_norm,
    ),
)
