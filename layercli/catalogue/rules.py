"""What the rules of several families share: dimensions, broadcasting, type promotion, layouts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import trunc
from typing import Any

from layercli.catalogue.dtypes import CATEGORIES, can_cast, promote_dtypes
from layercli.catalogue.sizes import Size, as_int
from layercli.catalogue.tensors import (
    MOST_PARTS,
    AnySize,
    Shape,
    Tensor,
    contiguous_strides,
    default_dtype,
    refuse,
)


def is_number(value: Any) -> bool:
    """Whether a value is a plain number, bools included."""
    return isinstance(value, (int, float)) or hasattr(value, "value")


def find_dim(dim: int, dims: int, argument: str = "dim") -> int:
    """A dimension counted from the front. 0-d tensors take 0 and -1. Raises Refusal."""
    if isinstance(dim, Size):
        dim = fix_size(dim)
    if isinstance(dim, bool) or not isinstance(dim, int):
        refuse(f"needs an int as {argument}, not {dim!r}", argument, "wrong-kind")
    around = max(dims, 1)
    if not -around <= dim < around:
        refuse(f"has no dimension {dim}; there are {dims}", argument)
    return dim % around


def count_parts(number: AnySize) -> int:
    """How many tensors a call gives. Raises Refusal for too many, before they are made."""
    count, most = fix_size(number), MOST_PARTS.get()
    if count > most:
        refuse(f"would give {count:,} tensors, more than {most:,}", code="tensor-too-large")
    return count


def fix_size(size: AnySize) -> int:
    """The int that a size is, where the result takes it as one; that it is so is a condition."""
    count = as_int(size)
    return count if size == count else as_int(size)


#: Up to this divisor the product of a size and a fraction is exact.
_EXACT = 1024


def scale(size: AnySize, factor: int | float) -> AnySize:
    """A size times a factor, as fractions of double precision are multiplied, without what stands behind the point."""
    if isinstance(size, Size):
        whole, parts = factor.as_integer_ratio()
        if parts <= _EXACT and whole > 0:
            return size * whole // parts
        size = fix_size(size)
    return trunc(size * factor)


def find_dims(dim: Any, dims: int, argument: str = "dim") -> tuple[int, ...]:
    """Several dimensions counted from the front, all of them for None; each once. Raises Refusal."""
    if dim is None or dim == () or dim == []:
        return tuple(range(dims))
    given = list(dim) if isinstance(dim, (tuple, list)) else [dim]
    found = [find_dim(item, dims, argument) for item in given]
    if len(set(found)) != len(found):
        refuse(f"names a dimension twice in {argument}={dim}", argument)
    return tuple(found)


def broadcast_shapes(shapes: Sequence[Sequence[AnySize]]) -> Shape:
    """The common shape of several, sizes of 1 stretched. Raises Refusal.

    Source: https://docs.pytorch.org/docs/stable/notes/broadcasting.html
    """
    result: list[AnySize] = []
    for place in range(1, max((len(shape) for shape in shapes), default=0) + 1):
        size: AnySize = 1
        for shape in shapes:
            if len(shape) < place:
                continue
            other = shape[-place]
            if isinstance(other, int) and other == 1:
                continue
            if isinstance(size, int) and size == 1:
                size = other
            elif size != other:
                if size == 1:
                    size = other
                elif other != 1:
                    shown = " and ".join(str(list(shape)) for shape in shapes)
                    refuse(f"can't broadcast {shown}: {size} and {other} differ")
        result.append(size)
    return tuple(reversed(result))


def promote(*operands: Any) -> str:
    """The dtype of an operation between tensors and plain numbers.

    Tensors with dimensions decide, then those without, then plain numbers; a lower group counts only where its kind
    (bool, int, float, complex) is more general. Source: torch.result_type.
    """
    groups: list[str | None] = [None, None, None]
    for operand in operands:
        if isinstance(operand, Tensor):
            rank, dtype = (0 if operand.dim else 1), operand.dtype
        elif isinstance(operand, bool):
            rank, dtype = 2, "bool"
        elif isinstance(operand, float):
            rank, dtype = 2, default_dtype()
        else:
            rank, dtype = 2, "int64"
        known = groups[rank]
        groups[rank] = dtype if known is None else promote_dtypes(known, dtype)
    zero = _join_groups(groups[1], groups[2])
    result = _join_groups(groups[0], zero)
    assert result is not None
    return result


def _join_groups(higher: str | None, lower: str | None) -> str | None:
    """The dtype of a group of operands and one of lower rank, which counts where its kind is more general."""
    if higher is None or lower is None or CATEGORIES[lower] <= CATEGORIES[higher]:
        return lower if higher is None else higher
    if CATEGORIES[higher] == 2:
        return {"float64": "complex128", "float16": "complex32"}.get(higher, "complex64")
    return promote_dtypes(higher, lower) if higher == "bool" else lower


def to_floating(dtype: str) -> str:
    """The dtype of a function that gives fractions: whole numbers become the default dtype."""
    return default_dtype() if CATEGORIES[dtype] < 2 else dtype


def dense_like(shape: Sequence[AnySize], tensors: Iterable[Tensor]) -> Shape | None:
    """Strides of a new tensor that keeps the order of dimensions of its inputs, as elementwise operations do.

    Dimensions are ordered by the inputs' strides, the first input that tells two apart decides. None where an
    input's layout isn't known. Source: TensorIterator's reorder_dimensions.
    """
    shape = tuple(shape)
    strides: list[Shape] = []
    for tensor in tensors:
        if tensor.dim == 0:
            continue
        if tensor.strides is None:
            return None
        pad = len(shape) - tensor.dim
        own = [
            0 if as_int(size) == 1 and as_int(wide) != 1 else stride
            for size, wide, stride in zip(tensor.shape, shape[pad:], tensor.strides, strict=True)
        ]
        strides.append((*(0,) * pad, *own))
    order = list(range(len(shape) - 1, -1, -1))
    # An insertion sort, since ambiguous pairs are passed over rather than taken as equal.
    for i in range(1, len(order)):
        first = i
        for second in range(i - 1, -1, -1):
            comparison = _compare_strides(order[second], order[first], shape, strides)
            if comparison > 0:
                order[first], order[second] = order[second], order[first]
                first = second
            elif comparison < 0:
                break
    if order == list(range(len(shape) - 1, -1, -1)):
        return contiguous_strides(shape)
    result: list[AnySize] = [0] * len(shape)
    step: AnySize = 1
    for dim in order:
        result[dim] = step
        size = shape[dim]
        step = step * (size if not isinstance(size, int) or size > 1 else 1)
    return tuple(result)


def _compare_strides(first: int, second: int, shape: Sequence[AnySize], strides: Sequence[Shape]) -> int:
    for own in strides:
        left, right = as_int(own[first]), as_int(own[second])
        if left == 0 or right == 0:
            continue
        if left != right:
            return -1 if left < right else 1
        if as_int(shape[first]) > as_int(shape[second]):
            return 1
    return 0


def elementwise(dtype: str, *operands: Any, common: str | None = None) -> Tensor:
    """A tensor of ``dtype`` in the common shape of all tensors among the operands.

    Those that don't have the ``common`` dtype are cast to it first, which makes dense tensors of expanded ones.
    """
    tensors = [
        like(operand) if common is not None and operand.dtype != common else operand
        for operand in operands
        if isinstance(operand, Tensor)
    ]
    if len(tensors) == 1:
        shape = tensors[0].shape
    else:
        shape = broadcast_shapes([tensor.shape for tensor in tensors])
    return Tensor(dtype, shape, dense_like(shape, tensors))


def like(tensor: Tensor, dtype: str | None = None) -> Tensor:
    """A new tensor of the same shape and order of dimensions."""
    return Tensor(dtype or tensor.dtype, tensor.shape, dense_like(tensor.shape, [tensor]))


def reduce_shape(shape: Sequence[AnySize], dims: Sequence[int], keepdim: bool) -> Shape:
    """The shape without the reduced dimensions, or with 1 in their place."""
    if keepdim:
        return tuple(1 if index in dims else size for index, size in enumerate(shape))
    return tuple(size for index, size in enumerate(shape) if index not in dims)


def expect_tensor(value: Any, argument: str) -> Tensor:
    """``value``, which has to be a tensor. Raises Refusal."""
    if not isinstance(value, Tensor):
        refuse(f"needs a tensor as {argument}, not {value!r}", argument, "wrong-kind")
    return value


def tell_count(number: AnySize, unit: str) -> str:
    """``1 channel``, ``3 channels``."""
    return f"{number} {unit}" if type(number) is int and number == 1 else f"{number} {unit}s"


def number_of_spatial(value: Any, count: int, argument: str) -> tuple[Any, ...]:
    """One value for each of ``count`` dimensions: an int for all of them, or a tuple. Raises Refusal."""
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            return tuple(value) * count
        if len(value) != count:
            refuse(f"needs {count} values for {argument} and got {len(value)}", argument)
        return tuple(value)
    return (value,) * count


def expect_own_elements(target: Tensor) -> Tensor:
    """``target``, no two elements of which may be one in memory, as after expand. Raises Refusal."""
    for size, stride in zip(target.shape, target.strides or (), strict=False):
        if as_int(stride) == 0 and size > 1 and not any(other == 0 for other in target.shape):
            refuse(f"can't write into an expanded tensor: {target!r} has several elements in one place")
    return target


def check_expandable(tensor: Tensor, shape: Sequence[AnySize], argument: str = "input") -> None:
    """Refuse a tensor that can't be broadcast to a shape without changing it. Raises Refusal."""
    if tensor.dim > len(shape):
        refuse(f"can't expand {tensor!r} to {list(shape)}", argument)
    for own, size in zip(reversed(tensor.shape), reversed(shape), strict=False):
        if own != size and own != 1:
            refuse(f"can't expand {tensor!r} to {list(shape)}: {own} and {size} differ", argument)


def write_into(target: Tensor, result: Tensor, *, shared: bool = False) -> Tensor:
    """``target``, which an operation in place writes ``result`` into. Raises Refusal.

    ``shared`` allows that several of its elements are one in memory.
    """
    if len(result.shape) != len(target.shape) or any(
        own != other for own, other in zip(target.shape, result.shape, strict=True)
    ):
        refuse(f"writes into {target!r}, and the result is {list(result.shape)}")
    # Only ``abs`` makes numbers of another kind that would fit: PyTorch refuses it for complex ones in place.
    made_real = CATEGORIES[target.dtype] == 3 and CATEGORIES[result.dtype] in (1, 2)
    if made_real or not can_cast(result.dtype, target.dtype):
        refuse(f"writes into {target.dtype}, and the result is {result.dtype}", code="dtype-mismatch")
    return target if shared else expect_own_elements(target)


def is_row_major(tensor: Tensor) -> bool:
    """Whether a tensor is known to lie in memory row by row."""
    if tensor.strides is None:
        return False
    wanted = contiguous_strides(tensor.shape)
    return any(as_int(size) == 0 for size in tensor.shape) or all(
        as_int(size) == 1 or as_int(own) == as_int(other)
        for size, own, other in zip(tensor.shape, tensor.strides, wanted, strict=True)
    )


def slice_length(part: slice, size: AnySize) -> tuple[AnySize, int]:
    """How many elements a slice takes of a dimension, and its step. Raises Refusal."""
    step = 1 if part.step is None else part.step
    if step <= 0:
        refuse("takes slices with a positive step only")
    first = clip_bound(0 if part.start is None else part.start, size)
    last = size if part.stop is None else clip_bound(part.stop, size)
    if isinstance(first, int) and first == 0 and last is size and step == 1:
        return size, step
    if last < first:
        return 0, step
    return (last - first + step - 1) // step, step


def clip_bound(bound: AnySize, size: AnySize) -> AnySize:
    """A bound of a slice, counted from the front and kept inside the dimension."""
    if bound < 0:
        bound = bound + size
        return bound if bound >= 0 else 0
    return bound if bound <= size else size
