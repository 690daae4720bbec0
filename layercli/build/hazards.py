"""Calls that a kernel of PyTorch doesn't survive: they end the process, never end, or read memory that isn't theirs.

Each was found by ``python -m tests.fuzz.kernels`` or by hand. What stands here is asked of the real values right before the
call, and says why it is refused; everything else is PyTorch's to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.nn import functional

from layercli.catalogue.entries import Form
from layercli.spec.values import Site

#: Kernels that lay out windows count them in 32 bits, and walk through them one by one.
MOST_WINDOW = 2**31 - 1
#: A power is made positive first, which the least int64 has no way to be.
MOST_POWER = 2**31 - 1

#: What lays out windows in the calls of functions that have any.
_WINDOW_ARGUMENTS = frozenset(
    {"kernel_size", "stride", "padding", "dilation", "output_padding", "output_size", "pad"}
)
_WINDOWED = frozenset(
    {
        "fold", "unfold", "pad", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
        "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d",
        "lp_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d", "fractional_max_pool2d", "fractional_max_pool3d",
        "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
        "adaptive_avg_pool3d",
    }
)  # fmt: skip


#: NumPy's words, under which PyTorch takes the same arguments.
_OTHER_WORDS = {"x": "input", "x1": "input", "x2": "other"}


def check_function(form: Form, arguments: Sequence[Any], keywords: Mapping[str, Any], site: Site) -> None:
    """Refuse a call that its kernel wouldn't survive. Raises SpecError. The tensor of a method comes first."""
    if form.name in _WINDOWED:
        slots = [parameter.name for parameter in form.signature_in(form.namespaces[0]).parameters]
        for name, value in (*zip(slots, arguments, strict=False), *keywords.items()):
            if name in _WINDOW_ARGUMENTS:
                _check_window(form.name, name, value, site)
    _check_values(form.name, form.name, arguments, keywords, site)


def check_layer(kind: str, name: str, inputs: Sequence[Any], keywords: Mapping[str, Any], site: Site) -> None:
    """Refuse inputs that the kernel of a layer wouldn't survive. Raises SpecError. ``name`` is what messages call it."""
    _check_values(kind, name, inputs, keywords, site)


def _check_values(
    called: str, shown: str, arguments: Sequence[Any], keywords: Mapping[str, Any], site: Site
) -> None:
    check = _CHECKS.get(called)
    if check is None:
        return
    named = {_OTHER_WORDS.get(name, name): value for name, value in keywords.items()}
    try:
        reason = check(*arguments, **named)
    except (TypeError, RuntimeError, ValueError, IndexError, AttributeError):
        # Arguments of another kind are PyTorch's to refuse.
        return
    if reason:
        raise site.error("invalid-argument", f"{shown} {reason}")


def _check_window(called: str, name: str, value: Any, site: Site) -> None:
    for size in _iterate_ints(value):
        if abs(size) > MOST_WINDOW:
            raise site.error("invalid-argument", f"{called} takes a {name} up to {MOST_WINDOW}, not {size}")


def _iterate_ints(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _iterate_ints(item)


def _has_values(*values: Any) -> bool:
    return not any(isinstance(value, torch.Tensor) and value.is_meta for value in values)


def _check_labels(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, *_: Any, **__: Any
) -> str:
    """``ctc_loss`` looks a label up in the classes wherever that leads. Labels past a target's length aren't read."""
    if not _has_values(log_probs, targets, target_lengths):
        return ""
    lengths = torch.as_tensor(target_lengths, device=targets.device)
    if targets.dim() == 2 and lengths.dim() == 1:
        places = torch.arange(targets.shape[1], device=targets.device)
        targets = targets[places < lengths[:, None]]
    elif targets.dim() == 1:
        targets = targets[: int(lengths.sum())]
    if targets.numel() == 0:
        return ""
    least, greatest, classes = int(targets.min()), int(targets.max()), log_probs.shape[-1]
    if least >= 0 and greatest < classes:
        return ""
    return f"expects labels from 0 to {classes - 1} and got {least} to {greatest}"


def _check_quotient(input: Any, other: Any, *, rounding_mode: Any = None) -> str:
    """The least int over -1 is one more than the greatest, at which the processor stops."""
    if rounding_mode != "trunc" or not _has_values(input, other):
        return ""
    dtype = torch.result_type(input, other)
    if dtype.is_floating_point or dtype.is_complex or dtype == torch.bool:
        return ""
    least = torch.iinfo(dtype).min
    overflows = (torch.as_tensor(input) == least) & (torch.as_tensor(other) == -1)
    shown = str(dtype).removeprefix("torch.")
    return f"can't divide {least} by -1, which is past what {shown} holds" if bool(overflows.any()) else ""


def _average_over(pool: Callable[..., torch.Tensor]) -> Callable[..., str]:
    """Whole numbers are added up and divided by ``divisor_override``: the least sum by -1 is as bad as any quotient."""

    def check(input: Any, *arguments: Any, divisor_override: Any = None, **keywords: Any) -> str:
        *others, last = arguments if len(arguments) == _AVERAGE_ARGUMENTS else (*arguments, divisor_override)
        if last != -1 or input.is_floating_point() or not _has_values(input):
            return ""
        sums = pool(input, *others, divisor_override=1, **keywords)
        least = torch.iinfo(sums.dtype).min
        return f"can't divide {least} by -1" if bool((sums == least).any()) else ""

    return check


#: Of ``avg_pool2d`` behind the tensor, all of them given by place.
_AVERAGE_ARGUMENTS = 6


def _check_multiple(input: Any, other: Any) -> str:
    """``lcm`` divides by a greatest common divisor that overflows to -1."""
    if not _has_values(input, other):
        return ""
    dtype = torch.result_type(input, other)
    least = torch.iinfo(dtype).min
    if any(bool((torch.as_tensor(value).to(dtype) == least).any()) for value in (input, other)):
        return f"can't take a multiple of {least}, which has no positive counterpart"
    return ""


def _check_power(input: Any, n: Any) -> str:
    return f"takes powers up to {MOST_POWER}, not {n}" if isinstance(n, int) and abs(n) > MOST_POWER else ""


def _check_trials(count: Any, prob: Any) -> str:
    """``binomial`` draws until its draw is one of ``count``, which never is where that is no number."""
    if not _has_values(count, prob):
        return ""
    finite = all(bool(torch.isfinite(torch.as_tensor(value)).all()) for value in (count, prob))
    return "" if finite else "expects finite counts and probabilities"


def _check_state(input: Any, hx: Any = None) -> str:
    """A cell cuts its gates into three or four along a dimension that is another one here, and takes what isn't there."""
    states = hx if isinstance(hx, (tuple, list)) else (hx,)
    if input.dim() != 1 or not any(isinstance(state, torch.Tensor) and state.dim() == 2 for state in states):
        return ""
    return "expects a state of 1 dimension, as its input has, and got one of 2"


#: By name of a function, method or layer.
_CHECKS: Mapping[str, Callable[..., str]] = {
    "ctc_loss": _check_labels,
    "CTCLoss": _check_labels,
    **dict.fromkeys(("div", "div_", "divide", "divide_"), _check_quotient),
    **dict.fromkeys(("lcm", "lcm_"), _check_multiple),
    "avg_pool2d": _average_over(functional.avg_pool2d),
    "avg_pool3d": _average_over(functional.avg_pool3d),
    "matrix_power": _check_power,
    "binomial": _check_trials,
    "GRUCell": _check_state,
    "LSTMCell": _check_state,
}
