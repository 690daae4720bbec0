"""Operations that draw from the seeded generator: creation, sampling, dropout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import (
    FLOATS,
    FRACTIONS,
    FULL_FLOATS,
    MISSING,
    REAL,
    REAL_NUMBERS,
    check_dtype,
    expect_at_least,
    expect_bool,
    expect_dtype,
    expect_dtype_unless_empty,
    expect_fit,
    expect_int,
    expect_number,
    expect_sizes,
    is_plain,
    is_whole,
    range_of,
)
from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, TENSOR, TORCH, Operation
from layercli.catalogue.operations.creation import fill_sizes, make_like
from layercli.catalogue.rules import (
    check_expandable,
    elementwise,
    expect_own_elements,
    expect_tensor,
    like,
)
from layercli.catalogue.tensors import Tensor, default_dtype, refuse


def draw_fractions(*size: Any, dtype: str | None = None) -> Tensor:
    """``size``, in ``dtype`` or the default one. Source: torch.rand."""
    result = fill_sizes(*size, dtype=dtype)
    check_dtype(result.dtype, FRACTIONS, "dtype")
    return result


def draw_normal_fractions(*size: Any, dtype: str | None = None) -> Tensor:
    """``size``, in ``dtype`` or the default one. Source: torch.randn."""
    return expect_dtype_unless_empty(fill_sizes(*size, dtype=dtype), FRACTIONS, "dtype")


def _check_bounds(low: Any, high: Any, dtype: str, argument: str) -> None:
    check_dtype(dtype, REAL, "dtype")
    if low >= high:
        message = f"draws from {low} up to but without {high}, which is nothing"
        refuse(message, argument, "invalid-argument")
    least, greatest = _DRAWN_RANGES[dtype] if dtype in _DRAWN_RANGES else range_of(dtype)
    if low < least or high - 1 > greatest:
        refuse(f"draws from {low} to {high - 1}, and {dtype} holds {least} to {greatest}", argument)


#: What random whole numbers may be in dtypes that aren't integral.
_DRAWN_RANGES: Mapping[str, tuple[int, int]] = {
    "bool": (0, 1),
    "float16": (-65504, 65504),
    "bfloat16": (-(2**63), 2**63 - 1),
    "float32": (-(2**63), 2**63 - 1),
    "float64": (-(2**63), 2**63 - 1),
}


def draw_whole(
    *bounds: Any, low: Any = 0, high: Any = MISSING, size: Any = MISSING, dtype: str | None = "int64"
) -> Tensor:
    """``size``, given after one bound or two. Source: torch.randint."""
    given = list(bounds)
    if size is MISSING and given and not is_whole(given[-1]):
        size = given.pop()
    if size is MISSING or size is None:
        refuse("needs size", "size", "missing-argument")
    if high is MISSING and given:
        high = given.pop()
    if given:
        low = given.pop()
    if given or high is MISSING:
        refuse("takes low, high and size", "high", "invalid-argument")
    dtype = dtype or "int64"
    shape = expect_sizes(size)
    _check_bounds(expect_int(low, "low"), expect_int(high, "high"), dtype, "high")
    return Tensor(dtype, shape)


def draw_order(n: Any, *, dtype: str | None = "int64") -> Tensor:
    """(n,). Source: torch.randperm."""
    dtype = dtype or "int64"
    check_dtype(dtype, REAL_NUMBERS, "dtype")
    expect_fit(expect_at_least(n, 0, "n"), dtype, "n")
    return Tensor(dtype, (n,))


def draw_normal(mean: Any, std: Any, size: Any, *, dtype: str | None = None) -> Tensor:
    """``size``, in ``dtype`` or the default one. Source: torch.normal."""
    expect_number(mean, "mean")
    if is_plain(expect_number(std, "std")) and std < 0:
        refuse(f"needs std to be 0 or more, not {std}", "std")
    return expect_dtype_unless_empty(Tensor(dtype or default_dtype(), expect_sizes(size)), FRACTIONS, "dtype")


def draw_fractions_like(input: Any, *, dtype: str | None = None) -> Tensor:
    """The input's shape and order of dimensions. Source: torch.rand_like."""
    return expect_dtype(make_like(input, dtype=dtype), FRACTIONS, "dtype" if dtype else "input")


def draw_normal_fractions_like(input: Any, *, dtype: str | None = None) -> Tensor:
    """The input's shape and order of dimensions. Source: torch.randn_like."""
    return expect_dtype_unless_empty(make_like(input, dtype=dtype), FRACTIONS, "dtype" if dtype else "input")


def draw_whole_like(
    input: Any, *bounds: Any, low: Any = 0, high: Any = MISSING, dtype: str | None = None
) -> Tensor:
    """The input's shape and order of dimensions. Source: torch.randint_like."""
    given = list(bounds)
    if high is MISSING and given:
        high = given.pop()
    if given:
        low = given.pop()
    if given or high is MISSING:
        refuse("takes low and high", "high", "invalid-argument")
    result = make_like(input, dtype=dtype)
    _check_bounds(expect_int(low, "low"), expect_int(high, "high"), result.dtype, "high")
    return result


def draw_truth(input: Any, p: Any = MISSING) -> Tensor:
    """The input's shape and dtype, row-major. Source: torch.bernoulli."""
    if p is not MISSING:
        _check_chance(p)
    tensor = expect_dtype_unless_empty(input, FLOATS if p is MISSING else REAL)
    return Tensor(tensor.dtype, tensor.shape)


def _check_chance(p: Any) -> None:
    expect_number(p, "p")
    if is_plain(p) and not 0 <= p <= 1:
        refuse(f"needs p to be from 0 to 1, not {p}", "p")


def draw_indices(input: Any, num_samples: Any, replacement: Any = False) -> Tensor:
    """(..., size) to (..., num_samples) as int64. Source: torch.multinomial."""
    weights = expect_dtype(input, FLOATS)
    if weights.dim not in (1, 2):
        refuse(f"takes one or two dimensions and got {weights.dim}: {weights!r}", "input")
    if expect_int(num_samples, "num_samples") <= 0:
        refuse(f"needs num_samples to be 1 or more, not {num_samples}", "num_samples")
    if weights.shape[-1] == 0 and (weights.dim == 1 or weights.shape[0] != 0):
        refuse(f"has nothing to draw from: {weights!r}", "input")
    if not expect_bool(replacement, "replacement") and num_samples > weights.shape[-1]:
        refuse(f"can't draw {num_samples} of {weights.shape[-1]} without putting them back", "num_samples")
    return Tensor("int64", (*weights.shape[:-1], num_samples))


def draw_counts(input: Any) -> Tensor:
    """The input's shape and dtype, row-major. Source: torch.poisson."""
    return Tensor(expect_dtype(input, FLOATS).dtype, input.shape)


def draw_successes(count: Any, prob: Any) -> Tensor:
    """The common shape of both. Source: torch.binomial."""
    trials, chance = expect_dtype(count, FLOATS, "count"), expect_dtype(prob, FLOATS, "prob")
    if trials.dtype != chance.dtype:
        refuse(f"needs one dtype and got {trials!r} and {chance!r}", "prob", "dtype-mismatch")
    result = elementwise(expect_dtype(count, FULL_FLOATS, "count").dtype, trials, chance)
    # PyTorch makes the result in the shape of ``count`` first, row-major, and a new one only where that is too small.
    if result.dim == trials.dim and all(
        own == size for own, size in zip(trials.shape, result.shape, strict=True)
    ):
        return Tensor(result.dtype, result.shape)
    return result


def _check_written(tensor: Tensor, takes: frozenset[str]) -> Tensor:
    return expect_own_elements(expect_dtype_unless_empty(tensor, takes))


def _check_above_zero(value: Any, argument: str) -> None:
    if is_plain(expect_number(value, argument)) and not value > 0:
        refuse(f"needs {argument} above 0, not {value}", argument)


def fill_normal(tensor: Tensor, mean: Any = 0, std: Any = 1) -> Tensor:
    """The tensor itself. Source: torch.Tensor.normal_."""
    expect_number(mean, "mean")
    if is_plain(expect_number(std, "std")) and std < 0:
        refuse(f"needs std to be 0 or more, not {std}", "std")
    return _check_written(tensor, FRACTIONS)


def fill_uniform(tensor: Tensor, from_: Any = 0, /, to: Any = 1) -> Tensor:
    """The tensor itself. Source: torch.Tensor.uniform_."""
    expect_number(from_, "from_")
    expect_number(to, "to")
    if is_plain(from_) and is_plain(to) and from_ > to:
        refuse(f"draws from {from_} up to {to}, which is nothing", "to")
    return _check_written(expect_dtype(tensor, FRACTIONS), FRACTIONS)


def fill_truth(tensor: Tensor, p: Any = 0.5) -> Tensor:
    """The tensor itself. ``p`` may be a tensor that is broadcast to it. Source: torch.Tensor.bernoulli_."""
    if isinstance(p, Tensor):
        if tensor.numel != 0:
            check_expandable(expect_dtype(p, FLOATS, "p"), tensor.shape, "p")
    else:
        _check_chance(p)
    return _check_written(tensor, REAL)


def fill_whole(tensor: Tensor, *bounds: Any) -> Tensor:
    """The tensor itself; one bound is the upper one. Source: torch.Tensor.random_."""
    _check_written(tensor, REAL)
    if len(bounds) > 2:
        refuse("takes from and to", "", "too-many-arguments")
    if bounds and not (len(bounds) == 2 and bounds[1] is None):
        low, high = (0, bounds[0]) if len(bounds) == 1 else bounds
        _check_bounds(expect_int(low, "from_"), expect_int(high, "to"), tensor.dtype, "to")
    return tensor


def fill_exponential(tensor: Tensor, lambd: Any = 1) -> Tensor:
    """The tensor itself. Source: torch.Tensor.exponential_."""
    _check_above_zero(lambd, "lambd")
    return _check_written(tensor, FLOATS)


def fill_log_normal(tensor: Tensor, mean: Any = 1, std: Any = 2) -> Tensor:
    """The tensor itself. Source: torch.Tensor.log_normal_."""
    expect_number(mean, "mean")
    _check_above_zero(std, "std")
    return _check_written(tensor, FLOATS)


def fill_cauchy(tensor: Tensor, median: Any = 0, sigma: Any = 1) -> Tensor:
    """The tensor itself. Source: torch.Tensor.cauchy_."""
    expect_number(median, "median")
    _check_above_zero(sigma, "sigma")
    return _check_written(expect_dtype(tensor, FLOATS), FLOATS)


def fill_geometric(tensor: Tensor, p: Any) -> Tensor:
    """The tensor itself. Source: torch.Tensor.geometric_."""
    if is_plain(expect_number(p, "p")) and not 0 < p < 1:
        refuse(f"needs p between 0 and 1, not {p}", "p")
    return _check_written(tensor, REAL_NUMBERS)


def drop_elements(input: Any, p: Any = 0.5, training: Any = True, inplace: Any = False) -> Tensor:
    """The input's shape and dtype; the input itself where nothing is dropped. Source: torch.nn.functional.dropout."""
    return _drop(expect_tensor(input, "input"), p, training, inplace, channels=False)


def drop_more(input: Any, p: Any = 0.5, training: Any = False, inplace: Any = False) -> Tensor:
    """The input's shape and dtype. Source: torch.nn.functional.alpha_dropout."""
    return _drop(expect_tensor(input, "input"), p, training, inplace, channels=False)


def drop_more_channels(input: Any, p: Any = 0.5, training: Any = False, inplace: Any = False) -> Tensor:
    """(N, C, *) in its shape and dtype. Source: torch.nn.functional.feature_alpha_dropout."""
    return _drop(expect_tensor(input, "input"), p, training, inplace, channels=True)


def drop_channels(dims: tuple[int, ...] = (), batched: int = 0) -> Callable[..., Tensor]:
    """(N, C, *) in its shape and dtype.

    ``dims`` are the numbers of dimensions that are allowed, any where there are none; others than ``batched`` have no N.
    Source: torch.nn.functional.dropout2d.
    """

    def rule(input: Any, p: Any = 0.5, training: Any = True, inplace: Any = False) -> Tensor:
        tensor = expect_tensor(input, "input")
        _check_chance(p)
        if dims and tensor.dim not in dims:
            refuse(
                f"takes {' or '.join(map(str, dims))} dimensions and got {tensor.dim}: {tensor!r}", "input"
            )
        lacking = 1 if batched and tensor.dim != batched else 0
        result = _drop(tensor, p, training, inplace, channels=True, lacking=lacking)
        # A dimension in front is put in and taken out again, which gives a view.
        is_view = lacking and result is tensor and not expect_bool(inplace, "inplace")
        return Tensor(tensor.dtype, tensor.shape, tensor.strides) if is_view else result

    return rule


def _drop(tensor: Tensor, p: Any, training: Any, inplace: Any, *, channels: bool, lacking: int = 0) -> Tensor:
    _check_chance(p)
    if not expect_bool(training, "training") or p == 0 or tensor.numel == 0:
        return tensor
    has_channels = not channels or tensor.dim + lacking > 1
    if p != 1 and not has_channels:
        refuse(f"drops channels, so it takes two dimensions or more: {tensor!r}", "input")
    if p != 1:
        expect_dtype(tensor, FLOATS)
    if inplace:
        return expect_own_elements(tensor)
    if p == 1 or not channels:
        return like(tensor)
    kept = 2 - lacking
    noise = Tensor(tensor.dtype, (*tensor.shape[:kept], *(1,) * (tensor.dim - kept)))
    return elementwise(tensor.dtype, tensor, noise)


OPERATIONS = (
    Operation(
        "rand",
        "*size, dtype=None, device=None",
        "Evenly drawn numbers from 0 up to 1.",
        TORCH,
        creates=True,
        random=True,
        rule=draw_fractions,
        work=work.take_none,
    ),
    Operation(
        "randn",
        "*size, dtype=None, device=None",
        "Normally drawn numbers, mean 0, deviation 1.",
        TORCH,
        creates=True,
        random=True,
        rule=draw_normal_fractions,
        work=work.take_none,
    ),
    Operation(
        "randint",
        "low=0, high=None, size=None, *, dtype=int64, device=None",
        "Drawn whole numbers from `low` (0 where left out) up to but without `high`.",
        TORCH,
        creates=True,
        random=True,
        rule=draw_whole,
        work=work.take_none,
    ),
    Operation(
        "randperm",
        "n, *, dtype=int64, device=None",
        "The numbers from 0 to n - 1 in drawn order.",
        TORCH,
        creates=True,
        random=True,
        rule=draw_order,
        work=work.take_none,
    ),
    Operation(
        "normal",
        "mean, std, size, *, dtype=None, device=None",
        "Normally drawn numbers of the given mean and deviation.",
        TORCH,
        creates=True,
        random=True,
        rule=draw_normal,
        work=work.Each("mean + std * z"),
    ),
    Operation(
        "rand_like",
        "input, *, dtype=None, device=None",
        "Evenly drawn numbers from 0 up to 1, in the shape of the input.",
        TORCH,
        random=True,
        rule=draw_fractions_like,
        work=work.take_none,
    ),
    Operation(
        "randn_like",
        "input, *, dtype=None, device=None",
        "Normally drawn numbers in the shape of the input.",
        TORCH,
        random=True,
        rule=draw_normal_fractions_like,
        work=work.take_none,
    ),
    Operation(
        "randint_like",
        "input, low=0, high=None, *, dtype=None, device=None",
        "Drawn whole numbers in the shape of the input.",
        TORCH,
        random=True,
        rule=draw_whole_like,
        work=work.take_none,
    ),
    # Sampling
    Operation(
        "bernoulli",
        "input, p=None",
        "0 or 1, drawn with the chance of 1 that each value gives.",
        random=True,
        rule=draw_truth,
        work=work.Each("u < p"),
    ),
    Operation(
        "multinomial",
        "input, num_samples, replacement=False",
        "Indices drawn with the weights in each row.",
        random=True,
        rule=draw_indices,
        work=work.leave_unknown,
    ),
    Operation(
        "poisson",
        "input",
        "Counts drawn with the rate that each value gives.",
        TORCH,
        random=True,
        rule=draw_counts,
        work=work.leave_unknown,
    ),
    Operation(
        "binomial",
        "count, prob",
        "Successes drawn of `count` trials of chance `prob`.",
        TORCH,
        random=True,
        rule=draw_successes,
        work=work.leave_unknown,
    ),
    Operation(
        "normal_",
        "mean=0, std=1",
        "Fills with normally drawn numbers.",
        TENSOR,
        random=True,
        rule=fill_normal,
        work=work.Each("mean + std * z"),
    ),
    Operation(
        "uniform_",
        "from_=0, /, to=1",
        "Fills with evenly drawn numbers.",
        TENSOR,
        random=True,
        rule=fill_uniform,
        work=work.Each("low + range * u"),
    ),
    Operation(
        "bernoulli_",
        "p=0.5",
        "Fills with 0 or 1, drawn with the chance `p` of 1.",
        TENSOR,
        random=True,
        rule=fill_truth,
        work=work.Each("u < p"),
    ),
    Operation(
        "random_",
        "from_=0, to=None, /",
        "Fills with drawn whole numbers.",
        TENSOR,
        random=True,
        rule=fill_whole,
        work=work.take_none,
    ),
    Operation(
        "exponential_",
        "lambd=1",
        "Fills with exponentially drawn numbers.",
        TENSOR,
        random=True,
        rule=fill_exponential,
        work=work.Each("-log(u) / lambd"),
    ),
    Operation(
        "log_normal_",
        "mean=1, std=2",
        "Fills with numbers whose logarithm is normal.",
        TENSOR,
        random=True,
        rule=fill_log_normal,
        work=work.Each("exp(mean + std * z)"),
    ),
    Operation(
        "cauchy_",
        "median=0, sigma=1",
        "Fills with numbers of a Cauchy distribution.",
        TENSOR,
        random=True,
        rule=fill_cauchy,
        work=work.Each("median + sigma * tan(pi * (u - 0.5))"),
    ),
    Operation(
        "geometric_",
        "p",
        "Fills with the number of trials up to a first success.",
        TENSOR,
        random=True,
        rule=fill_geometric,
        work=work.Each("ceil(log(u) / factor)"),
    ),
    # Dropout
    Operation(
        "dropout",
        "input, p=0.5, training=True, inplace=False",
        "Zeroes elements with chance `p` and scales the others by 1 / (1 - p).",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, p, train",
        random=True,
        rule=drop_elements,
        work=work.drop,
    ),
    Operation(
        "dropout1d",
        "input, p=0.5, training=True, inplace=False",
        "Zeroes whole channels of sequences with chance `p`.",
        FUNCTIONAL,
        random=True,
        rule=drop_channels((2, 3), batched=3),
        work=work.drop_channels(1),
    ),
    Operation(
        "dropout2d",
        "input, p=0.5, training=True, inplace=False",
        "Zeroes whole channels of images with chance `p`.",
        FUNCTIONAL,
        random=True,
        rule=drop_channels(),
        work=work.drop_planes,
    ),
    Operation(
        "dropout3d",
        "input, p=0.5, training=True, inplace=False",
        "Zeroes whole channels of volumes with chance `p`.",
        FUNCTIONAL,
        random=True,
        rule=drop_channels(batched=5),
        work=work.drop_channels(3),
    ),
    Operation(
        "alpha_dropout",
        "input, p=0.5, training=False, inplace=False",
        "Dropout that keeps mean and deviation, for SELU.",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, p, train",
        random=True,
        rule=drop_more,
        work=work.drop_to_limit,
    ),
    Operation(
        "feature_alpha_dropout",
        "input, p=0.5, training=False, inplace=False",
        "Dropout of whole channels that keeps mean and deviation, for SELU.",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, p, train",
        random=True,
        rule=drop_more_channels,
        work=work.drop_channels_to_limit,
    ),
)
