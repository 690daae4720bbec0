"""Pooling and its inverse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import (
    COMPLEX,
    FRACTIONS,
    check_dtype,
    expect_bool,
    expect_int,
    expect_number,
    is_plain,
)
from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, Operation
from layercli.catalogue.operations.convolution import batched, has_plain_rows, spread
from layercli.catalogue.rules import expect_tensor, number_of_spatial, promote, scale, to_floating
from layercli.catalogue.sizes import ceil_div
from layercli.catalogue.tensors import AnySize, Tensor, refuse


def pooled_size(
    size: AnySize, kernel: AnySize, stride: AnySize, padding: AnySize, dilation: AnySize, ceil_mode: bool
) -> AnySize:
    """How many windows a dimension has: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.

    With ``ceil_mode`` the division rounds up, but no window begins in the padding at the end.
    Source: torch.nn.MaxPool2d, "Shape".
    """
    reach = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return reach // stride + 1
    places = ceil_div(reach, stride) + 1
    return places - 1 if (places - 1) * stride >= size + padding else places


def _pool(
    input: Any,
    count: int,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: Any,
    refused: tuple[str, ...],
) -> Tensor:
    """The type that every window pooling gives. Raises Refusal."""
    tensor = batched(input, count)
    expect_bool(ceil_mode, "ceil_mode")
    if tensor.dtype in refused:
        refuse(f"can't pool {tensor.dtype}", "input", "dtype-mismatch")
    windows = spread(kernel_size, count, "kernel_size", 1)
    steps = windows if stride is None or stride in ((), []) else spread(stride, count, "stride", 1)
    padded = spread(padding, count, "padding", 0)
    holes = spread(dilation, count, "dilation", 1)
    for window, pad in zip(windows, padded, strict=True):
        if pad * 2 > window:
            refuse(f"needs padding of at most half the window of {window}, not {pad}", "padding")
    if any(size == 0 for size in tensor.shape[-count - 1 :]):
        refuse(f"expects sizes above 0 and got {tensor}", "input")
    sizes = [
        pooled_size(size, window, step, pad, hole, ceil_mode)
        for size, window, step, pad, hole in zip(
            tensor.shape[-count:], windows, steps, padded, holes, strict=True
        )
    ]
    for size, window in zip(sizes, windows, strict=True):
        if size < 1:
            refuse(f"has a window of {window}, larger than its padded input: {tensor}", "input")
    return Tensor(
        tensor.dtype, (*tensor.shape[:-count], *sizes), "contiguous" if has_plain_rows(tensor) else None
    )


_NO_AVERAGE = ("bool", "uint8", "int8", "int16", "int32", "complex64", "complex128")
_NO_MAXIMUM = ("bool", "complex64", "complex128")


def pool_maximum(count: int) -> Callable[..., Any]:
    """The rule of max pooling over ``count`` dimensions. Source: torch.nn.MaxPool2d."""

    def rule(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: Any = False,
        return_indices: Any = False,
    ) -> Any:
        # Without indices a kernel of its own does sequences, for fractions only.
        whole = () if count > 1 or return_indices else (*_NO_AVERAGE, "int64")
        refused = (*_NO_MAXIMUM, *whole)
        pooled = _pool(input, count, kernel_size, stride, padding, dilation, ceil_mode, refused)
        return (pooled, Tensor("int64", pooled.shape, pooled.strides)) if return_indices else pooled

    return rule


def pool_average(count: int) -> Callable[..., Tensor]:
    """The rule of average pooling over ``count`` dimensions. Source: torch.nn.AvgPool2d."""

    def rule(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: Any = False,
        count_include_pad: Any = True,
        divisor_override: Any = None,
    ) -> Tensor:
        expect_bool(count_include_pad, "count_include_pad")
        if divisor_override is not None and expect_int(divisor_override, "divisor_override") == 0:
            refuse("needs a divisor other than 0", "divisor_override")
        refused = (*_NO_AVERAGE, "float16", "bfloat16") if count == 3 else _NO_AVERAGE
        pooled = _pool(input, count, kernel_size, stride, padding, 1, ceil_mode, refused)
        if count == 3:
            for size, window in zip(input.shape[-3:], spread(kernel_size, 3, "kernel_size", 1), strict=True):
                if size < window:
                    refuse(f"has a window of {window}, larger than its input: {input}", "input")
        return pooled

    return rule


def pool_norm(count: int) -> Callable[..., Tensor]:
    """The rule of p-norm pooling over ``count`` dimensions. Source: torch.nn.LPPool2d."""

    def rule(
        input: Any, norm_type: Any, kernel_size: Any, stride: Any = None, ceil_mode: Any = False
    ) -> Tensor:
        if is_plain(expect_number(norm_type, "norm_type", learned=True)) and norm_type == 0:
            refuse("needs a norm_type other than 0", "norm_type")
        _expect_each(kernel_size, count, "kernel_size")
        if count == 1:
            # Its scale is a product with the size itself.
            expect_int(kernel_size, "kernel_size")
        powers = raise_to(expect_tensor(input, "input"), norm_type)
        pooled = pool_average(count)(powers, kernel_size, stride, 0, ceil_mode)
        return Tensor(to_floating(pooled.dtype), pooled.shape, pooled.strides)

    return rule


def _expect_each(value: Any, count: int, argument: str, *, more: bool = False) -> None:
    """Refuse a tuple that doesn't have one value for each of ``count`` dimensions; ``more`` are left alone."""
    if isinstance(value, (tuple, list)) and (len(value) < count or (len(value) > count and not more)):
        refuse(f"needs {count} values for {argument} and got {len(value)}", argument)


def raise_to(tensor: Tensor, exponent: Any) -> Tensor:
    """The type of a tensor to the power of a plain number."""
    dtype = promote(tensor, exponent)
    return Tensor("int64" if dtype == "bool" else dtype, tensor.shape, tensor.strides)


def _find_adapted(tensor: Tensor, count: int, output_size: Any) -> list[AnySize]:
    """The sizes to give, None keeping a dimension's own. Raises Refusal."""
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * count
    if output_size is None or (count == 1 and None in given):
        refuse("needs a size as output_size, not None", "output_size", "wrong-kind")
    if len(given) != count:
        refuse(f"needs {count} values for output_size and got {len(given)}", "output_size")
    # Sizes that may be None are looked up, which needs more dimensions.
    least = count + (1 if count > 1 and isinstance(output_size, (tuple, list)) else 0)
    if tensor.dim < least:
        refuse(f"expects at least {least} dimensions and got {tensor}", "input")
    sizes = [own if size is None else size for own, size in zip(tensor.shape[-count:], given, strict=True)]
    return list(spread(tuple(sizes), count, "output_size", 0))


def _adapt(tensor: Tensor, count: int, sizes: Sequence[AnySize], nonempty: Sequence[AnySize]) -> Tensor:
    """The type of pooling to given sizes, some of the input's being above 0. Raises Refusal."""
    if any(size == 0 for size in nonempty):
        refuse(f"expects sizes above 0 and got {tensor}", "input")
    return Tensor(
        tensor.dtype, (*tensor.shape[:-count], *sizes), "contiguous" if has_plain_rows(tensor) else None
    )


def adapt_maximum(count: int) -> Callable[..., Any]:
    """The rule of adaptive max pooling over ``count`` dimensions. Source: torch.nn.AdaptiveMaxPool2d."""

    def rule(input: Any, output_size: Any, return_indices: Any = False) -> Any:
        tensor = batched(input, count)
        if tensor.dtype in (*_NO_AVERAGE, "int64"):
            refuse(f"can't pool {tensor.dtype}", "input", "dtype-mismatch")
        pooled = _adapt(tensor, count, _find_adapted(tensor, count, output_size), tensor.shape[1:])
        return (pooled, Tensor("int64", pooled.shape, pooled.strides)) if return_indices else pooled

    return rule


def adapt_average(count: int) -> Callable[..., Tensor]:
    """The rule of adaptive average pooling over ``count`` dimensions. Source: torch.nn.AdaptiveAvgPool2d."""

    def rule(input: Any, output_size: Any) -> Tensor:
        tensor = expect_tensor(input, "input")
        sizes = _find_adapted(tensor, count, output_size)
        if all(size == 1 for size in sizes) and not (count == 1 and tensor.dim not in (2, 3)):
            # Averages of whole dimensions are means, which any number of dimensions may stand before.
            check_dtype(tensor.dtype, FRACTIONS, "input", tensor)
            return _adapt(tensor, count, sizes, ())
        tensor = batched(tensor, count)
        pooled = _adapt(tensor, count, sizes, tensor.shape[1:] if count == 3 else tensor.shape[-count:])
        if tensor.dtype in (*_NO_AVERAGE, "int64") and (count == 3 or pooled.numel != 0):
            refuse(f"can't pool {tensor.dtype}", "input", "dtype-mismatch")
        return pooled

    return rule


def pool_fractions(count: int) -> Callable[..., Any]:
    """The rule of fractional max pooling over ``count`` dimensions. Source: torch.nn.FractionalMaxPool2d."""

    def rule(
        input: Any,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: Any = False,
    ) -> Any:
        tensor = batched(input, count)
        # Without a batch nothing is pooled, but the places are still drawn in the input's dtype.
        idle = tensor.dtype in COMPLEX and tensor.shape[0] == 0
        if tensor.dtype in (*_NO_AVERAGE, "int64") and not idle:
            refuse(f"can't pool {tensor.dtype}", "input", "dtype-mismatch")
        _expect_each(kernel_size, count, "kernel_size")
        _expect_each(output_size, count, "output_size")
        windows = spread(kernel_size, count, "kernel_size", None)
        if output_size is None and output_ratio is None:
            refuse("needs an output_size or an output_ratio", "output_size", "missing-argument")
        if output_size is not None:
            sizes = list(spread(output_size, count, "output_size", 0))
        else:
            ratios = output_ratio
            if not isinstance(ratios, (tuple, list)):
                refuse(
                    f"needs a tuple of numbers as output_ratio, not {ratios!r}", "output_ratio", "wrong-kind"
                )
            _expect_each(ratios, count, "output_ratio", more=count == 3)
            sizes = [
                scale(size, ratio) for size, ratio in zip(tensor.shape[-count:], ratios[:count], strict=True)
            ]
        for size, out, window in zip(tensor.shape[-count:], sizes, windows, strict=True):
            if out < 0:
                refuse(f"would give a size of {out}: {tensor}", "output_ratio")
            # The kernel of volumes wants one place more than it uses.
            if out + window - 1 > size - (count == 3):
                refuse(f"can't place {out} windows of {window} in a dimension of {size}", "output_size")
        # What stands first may be 0, be it the batch or, without one, the channels.
        if any(size == 0 for size in tensor.shape[1:]):
            refuse(f"expects sizes above 0 and got {tensor}", "input")
        pooled = Tensor(tensor.dtype, (*tensor.shape[:-count], *sizes))
        return (pooled, Tensor("int64", pooled.shape)) if return_indices else pooled

    return rule


def undo_maximum(count: int) -> Callable[..., Tensor]:
    """The rule of max unpooling over ``count`` dimensions: (size - 1) stride - 2 padding + kernel.

    Source: torch.nn.MaxUnpool2d.
    """

    def rule(
        input: Any,
        indices: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        output_size: Any = None,
    ) -> Tensor:
        tensor, places = batched(input, count), batched(indices, count, "indices")
        if places.dtype != "int64":
            refuse(f"expects int64 indices and got {places}", "indices", "dtype-mismatch")
        if tensor.dim != places.dim or any(a != b for a, b in zip(tensor.shape, places.shape, strict=True)):
            refuse(f"expects indices of the input's shape and got {places} for {tensor}", "indices")
        _expect_each(kernel_size, count, "kernel_size")
        given = {"stride": kernel_size if stride is None else stride, "padding": padding}
        for name, value in given.items():
            # Python looks up as many as there are dimensions, and only the kernel of volumes is given all.
            _expect_each(value, count, name, more=count < 3)
            if isinstance(value, (tuple, list)):
                given[name] = tuple(value[:count])
        windows = spread(kernel_size, count, "kernel_size", None)
        steps = spread(given["stride"], count, "stride", 1 if count == 3 else None)
        padded = number_of_spatial(given["padding"], count, "padding")
        usual = [
            (size - 1) * step - 2 * pad + window
            for size, step, pad, window in zip(tensor.shape[-count:], steps, padded, windows, strict=True)
        ]
        if output_size is None:
            sizes: list[AnySize] = usual
        else:
            sizes = list(output_size)
            if len(sizes) == count + 2:
                sizes = sizes[2:]
            if len(sizes) != count:
                refuse(
                    f"needs {count} or {count + 2} values for output_size and got {len(sizes)}", "output_size"
                )
            for size, middle, step in zip(sizes, usual, steps, strict=True):
                if not middle - step < size < middle + step:
                    refuse(
                        f"can't give a size of {size}; it is between {middle - step} and {middle + step}",
                        "output_size",
                    )
        if any(size < 0 for size in sizes):
            refuse(f"would give a size below 0: {tensor}", "input")
        result = Tensor(tensor.dtype, (*tensor.shape[:-count], *sizes))
        if tensor.dtype in (*_NO_AVERAGE, "int64") and result.numel != 0:
            refuse(f"can't unpool {tensor.dtype}", "input", "dtype-mismatch")
        return result

    return rule


OPERATIONS = (
    Operation(
        "max_pool1d",
        "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
        "The greatest value in each window of a sequence.",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False",
        rule=pool_maximum(1),
        work=work.pool_each(1, lost=1),
    ),
    Operation(
        "max_pool2d",
        "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
        "The greatest value in each window of an image.",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False",
        rule=pool_maximum(2),
        work=work.pool_each(2, lost=1),
    ),
    Operation(
        "max_pool3d",
        "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
        "The greatest value in each window of a volume.",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False",
        rule=pool_maximum(3),
        work=work.pool_each(3, lost=1),
    ),
    Operation(
        "avg_pool1d",
        "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
        "The mean of each window of a sequence.",
        FUNCTIONAL_AND_TORCH,
        rule=pool_average(1),
        work=work.pool_each(1),
    ),
    Operation(
        "avg_pool2d",
        "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, "
        "divisor_override=None",
        "The mean of each window of an image.",
        FUNCTIONAL,
        rule=pool_average(2),
        work=work.pool_each(2),
    ),
    Operation(
        "avg_pool3d",
        "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, "
        "divisor_override=None",
        "The mean of each window of a volume.",
        FUNCTIONAL,
        rule=pool_average(3),
        work=work.pool_each(3),
    ),
    Operation(
        "lp_pool1d",
        "input, norm_type, kernel_size, stride=None, ceil_mode=False",
        "The p-norm of each window of a sequence.",
        FUNCTIONAL,
        rule=pool_norm(1),
        work=work.pool_norms(1),
    ),
    Operation(
        "lp_pool2d",
        "input, norm_type, kernel_size, stride=None, ceil_mode=False",
        "The p-norm of each window of an image.",
        FUNCTIONAL,
        rule=pool_norm(2),
        work=work.pool_norms(2),
    ),
    Operation(
        "lp_pool3d",
        "input, norm_type, kernel_size, stride=None, ceil_mode=False",
        "The p-norm of each window of a volume.",
        FUNCTIONAL,
        rule=pool_norm(3),
        work=work.pool_norms(3),
    ),
    Operation(
        "adaptive_max_pool1d",
        "input, output_size, return_indices=False",
        "The greatest values of a sequence in `output_size` windows.",
        FUNCTIONAL,
        rule=adapt_maximum(1),
        work=work.adapt_each(1, lost=1),
    ),
    Operation(
        "adaptive_max_pool2d",
        "input, output_size, return_indices=False",
        "The greatest values of an image in `output_size` windows.",
        FUNCTIONAL,
        rule=adapt_maximum(2),
        work=work.adapt_each(2, lost=1),
    ),
    Operation(
        "adaptive_max_pool3d",
        "input, output_size, return_indices=False",
        "The greatest values of a volume in `output_size` windows.",
        FUNCTIONAL,
        rule=adapt_maximum(3),
        work=work.adapt_each(3, lost=1),
    ),
    Operation(
        "adaptive_avg_pool1d",
        "input, output_size",
        "The means of a sequence in `output_size` windows.",
        FUNCTIONAL_AND_TORCH,
        rule=adapt_average(1),
        work=work.adapt_each(1),
    ),
    Operation(
        "adaptive_avg_pool2d",
        "input, output_size",
        "The means of an image in `output_size` windows.",
        FUNCTIONAL,
        rule=adapt_average(2),
        work=work.adapt_each(2),
    ),
    Operation(
        "adaptive_avg_pool3d",
        "input, output_size",
        "The means of a volume in `output_size` windows.",
        FUNCTIONAL,
        rule=adapt_average(3),
        work=work.adapt_each(3),
    ),
    Operation(
        "fractional_max_pool2d",
        "input, kernel_size, output_size=None, output_ratio=None, return_indices=False",
        "The greatest value in each of the drawn windows of an image.",
        FUNCTIONAL,
        random=True,
        rule=pool_fractions(2),
        work=work.pool_each(2, lost=1),
    ),
    Operation(
        "fractional_max_pool3d",
        "input, kernel_size, output_size=None, output_ratio=None, return_indices=False",
        "The greatest value in each of the drawn windows of a volume.",
        FUNCTIONAL,
        random=True,
        rule=pool_fractions(3),
        work=work.pool_each(3, lost=1),
    ),
    Operation(
        "max_unpool1d",
        "input, indices, kernel_size, stride=None, padding=0, output_size=None",
        "A pooled sequence at its old size, zeros where no greatest value stood.",
        FUNCTIONAL,
        rule=undo_maximum(1),
        work=work.take_none,
    ),
    Operation(
        "max_unpool2d",
        "input, indices, kernel_size, stride=None, padding=0, output_size=None",
        "A pooled image at its old size, zeros where no greatest value stood.",
        FUNCTIONAL,
        rule=undo_maximum(2),
        work=work.take_none,
    ),
    Operation(
        "max_unpool3d",
        "input, indices, kernel_size, stride=None, padding=0, output_size=None",
        "A pooled volume at its old size, zeros where no greatest value stood.",
        FUNCTIONAL,
        rule=undo_maximum(3),
        work=work.take_none,
    ),
)
