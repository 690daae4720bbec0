"""How a tensor lies in memory: row-major, dense or with its channels last, and what shapes show the same memory."""

from __future__ import annotations

from collections.abc import Sequence

from layercli.catalogue.rules import dense_like
from layercli.catalogue.sizes import as_int, product, record_conditions, same_shape
from layercli.catalogue.tensors import AnySize, Shape, Tensor, contiguous_strides, refuse


def is_contiguous(input: Tensor) -> bool:
    """Whether the layout is row-major; sizes of 1 have any stride, and a tensor without elements any layout."""
    if input.strides is None:
        return False
    if same_shape(input.strides, contiguous_strides(input.shape)):
        return True
    expected = 1
    for size, stride in zip(_ints(input.shape)[::-1], _ints(input.strides)[::-1], strict=True):
        if size == 0:
            return True
        if size != 1:
            if stride != expected:
                return 0 in _ints(input.shape)
            expected *= size
    return True


def is_dense(input: Tensor) -> bool:
    """Whether the elements fill their memory, each once, in some order of the dimensions."""
    if input.strides is None:
        return False
    pairs = sorted(
        zip(_ints(input.strides), _ints(input.shape), strict=True), key=lambda pair: (pair[1] < 2, pair[0])
    )
    expected = 1
    for stride, size in pairs:
        if size < 2:
            return 0 not in _ints(input.shape) or is_contiguous(input)
        if stride != expected:
            return is_contiguous(input)
        expected *= size
    return True


def copy_strides(input: Tensor) -> Shape | None:
    """Strides of a copy: those of the input where it is dense, else dense ones in the same order of dimensions."""
    return input.strides if is_dense(input) else dense_like(input.shape, [input])


def has_channels_last(input: Tensor) -> bool | None:
    """Whether a new tensor would follow this one in having its channels last; None where the layout isn't known.

    Source: c10's is_channels_last_strides.
    """
    order = _CHANNELS_LAST.get(input.dim)
    if order is None or input.strides is None:
        return False if order is None else None
    shape, strides = _ints(input.shape), _ints(input.strides)
    least = 0
    for dim in order:
        if shape[dim] == 0 or strides[dim] < least or strides[1] == 0 or (dim == 0 and least == strides[1]):
            return False
        least = strides[dim] * (shape[dim] if shape[dim] > 1 else 1)
    return True


def suggest_strides(input: Tensor) -> Shape | None:
    """Strides of a new tensor that has its channels last where the input has them so, else row-major ones."""
    last = has_channels_last(input)
    if last is None:
        return None
    return channels_last_strides(input.shape) if last else contiguous_strides(input.shape)


_CHANNELS_LAST = {4: (1, 3, 2, 0), 5: (1, 4, 3, 2, 0)}


def channels_last_strides(shape: Shape) -> Shape:
    """Strides of (N, C, *spatial) with the channels next to each other."""
    strides: list[AnySize] = [0] * len(shape)
    step: AnySize = 1
    for dim in _CHANNELS_LAST[len(shape)]:
        strides[dim] = step
        size = shape[dim]
        step = step * (size if not isinstance(size, int) or size > 1 else 1)
    return tuple(strides)


def _ints(sizes: Sequence[AnySize]) -> tuple[int, ...]:
    return tuple(as_int(size) for size in sizes)


def is_empty(input: Tensor) -> bool:
    """Whether a size is 0, so that there are no elements."""
    return any(size == 0 for size in input.shape)


def find_view_strides(input: Tensor, shape: Shape, *, recorded: bool = True) -> Shape | None:
    """Strides that show the same memory in ``shape``, which has as many elements; None where there are none.

    Neighbouring dimensions of the input that lie in memory as one form a chunk, and each chunk has to be made up by
    sizes of ``shape``. The input's strides have to be known. Source: at::detail::computeStride.
    """
    assert input.strides is not None
    if same_shape(input.strides, contiguous_strides(input.shape)):
        return contiguous_strides(shape)
    if is_empty(input) if recorded else 0 in _ints(input.shape):
        return input.strides if same_shape(input.shape, shape) else contiguous_strides(shape)
    strides: list[AnySize] = [0] * len(shape)
    last = len(shape) - 1
    base = input.strides[-1]
    chunk: AnySize = 1
    seen: AnySize = 1
    for dim in reversed(range(input.dim)):
        chunk = chunk * input.shape[dim]
        if dim and (input.shape[dim - 1] == 1 or input.strides[dim - 1] == chunk * base):
            continue
        # Which sizes belong to the chunk is settled by the equality below, where the view succeeds.
        while last >= 0 and (
            (seen < chunk if recorded else as_int(seen) < as_int(chunk)) or as_int(shape[last]) == 1
        ):
            strides[last] = seen * base
            seen = seen * shape[last]
            last -= 1
        if seen != chunk:
            return None
        if dim:
            base = input.strides[dim - 1]
            chunk = seen = 1
    return None if last >= 0 else tuple(strides)


def fill_shape(sizes: Shape, numel: AnySize, what: str, argument: str = "shape") -> Shape:
    """``sizes`` with -1 worked out so that they hold ``numel`` elements. Raises Refusal."""
    unknown = [place for place, size in enumerate(sizes) if as_int(size) == -1]
    if len(unknown) > 1:
        refuse(f"can work out one size of -1, and {list(sizes)} has {len(unknown)}", argument)
    for size in sizes:
        if size < 0 and as_int(size) != -1:
            refuse(f"takes no negative size, and {list(sizes)} has {size}", argument)
    known = product(size for place, size in enumerate(sizes) if place not in unknown)
    if not unknown:
        if known != numel:
            refuse(f"has {numel} elements and can't be {list(sizes)}, which has {known}: {what}", argument)
        return sizes
    if known == 0:
        refuse(f"can't work out -1 beside a size of 0 in {list(sizes)}", argument)
    if numel % known != 0:
        refuse(
            f"has {numel} elements, which {known} doesn't divide, and can't be {list(sizes)}: {what}",
            argument,
        )
    place = unknown[0]
    return (*sizes[:place], numel // known, *sizes[place + 1 :])


def with_shape(input: Tensor, shape: Shape) -> Tensor:
    """The input in a shape with as many elements: the same memory where possible, else a copy. Records nothing."""
    if input.strides is None:
        return Tensor(input.dtype, shape, None)
    with record_conditions():
        strides = find_view_strides(input, shape, recorded=False)
    return Tensor(input.dtype, shape, contiguous_strides(shape) if strides is None else strides)
