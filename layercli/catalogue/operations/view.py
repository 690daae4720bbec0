"""Operations that keep the values and change shape, order, dtype or memory; and what is known of a tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import MISSING, expect_bool, expect_int, expect_number, is_whole
from layercli.catalogue.dtypes import CATEGORIES, ITEM_SIZES
from layercli.catalogue.entries import TENSOR, TORCH, Operation, only_move
from layercli.catalogue.layouts import (
    copy_strides,
    fill_shape,
    find_view_strides,
    is_contiguous,
    is_empty,
    suggest_strides,
    with_shape,
)
from layercli.catalogue.rules import broadcast_shapes as find_common_shape
from layercli.catalogue.rules import (
    count_parts,
    expect_tensor,
    find_dim,
    find_dims,
    slice_length,
)
from layercli.catalogue.sizes import as_int, minimum, product, record_conditions, same_shape
from layercli.catalogue.tensors import AnySize, Shape, Tensor, doubt, refuse

# Shape -----------------------------------------------------------------------------------------------------


def expect_sizes(given: Any, argument: str) -> Shape:
    """Ints in a tuple or list. Raises Refusal."""
    if not isinstance(given, (tuple, list)):
        refuse(f"needs a tuple of ints as {argument}, not {given!r}", argument, "wrong-kind")
    return tuple(expect_int(item, argument) for item in given)


def gather_sizes(given: Any, argument: str) -> Shape:
    """Sizes as PyTorch's functions and methods take them: one by one or as one tuple. Raises Refusal."""
    if isinstance(given, (tuple, list)) and len(given) == 1 and isinstance(given[0], (tuple, list)):
        return expect_sizes(given[0], argument)
    return expect_sizes(given, argument)


def view(input: Tensor, *size: Any) -> Tensor:
    """(*) to ``size`` with as many elements, in the same memory. Source: torch.Tensor.view."""
    if len(size) == 1 and isinstance(size[0], str):
        return view_dtype(input, size[0])
    shape = fill_shape(gather_sizes(size, "size"), input.numel, repr(input), "size")
    if input.strides is None:
        return Tensor(input.dtype, shape, None)
    with record_conditions():
        possible = find_view_strides(input, shape, recorded=False)
    strides = find_view_strides(input, shape, recorded=possible is None)
    if strides is None:
        shown = f"{input!r} with strides {list(input.strides)}"
        refuse(f"can't show {shown} as {list(shape)} without a copy; write reshape", "size", "needs-copy")
    return Tensor(input.dtype, shape, strides)


def view_or_doubt(input: Tensor, *size: Any) -> Tensor:
    """(*) to ``size`` with as many elements, in the same memory. Source: torch.Tensor.view.

    Whether that takes a copy, which PyTorch refuses, isn't known where a kernel chose the layout.
    """
    result = view(input, *size)
    if input.strides is None and not same_shape(input.shape, result.shape):
        doubt(
            f"may be refused, which only a run can tell: PyTorch chooses the layout of {input!r}; reshape takes any"
        )
    return result


def _expect_plain_memory(input: Tensor) -> None:
    """Refuse to show what is in memory where it is to be conjugated yet. Raises Refusal."""
    if input.conjugated:
        refuse("can't show the memory of a conjugated tensor; write clone() first", "input")


def view_dtype(input: Tensor, dtype: str) -> Tensor:
    """The same bytes as another dtype; the last dimension grows or shrinks. Source: torch.Tensor.view."""
    if dtype not in ITEM_SIZES:
        refuse(f"takes sizes or a dtype, not {dtype!r}", "dtype", "wrong-kind")
    own, other = ITEM_SIZES[input.dtype], ITEM_SIZES[dtype]
    if dtype != input.dtype:
        _expect_plain_memory(input)
    if own == other:
        return Tensor(dtype, input.shape, input.strides)
    if input.dim == 0:
        refuse(f"can't show one {input.dtype} as {dtype}, which has {other} bytes instead of {own}", "dtype")
    if input.strides is None:
        last = input.shape[-1] * own // other
        return Tensor(dtype, (*input.shape[:-1], last), None)
    if input.strides[-1] != 1:
        refuse(f"needs a last dimension without gaps to show {input.dtype} as {dtype}", "dtype")
    if own > other:
        ratio = own // other
        strides = tuple(stride * ratio for stride in input.strides[:-1])
        return Tensor(dtype, (*input.shape[:-1], input.shape[-1] * ratio), (*strides, 1))
    ratio = other // own
    doubt(
        f"may be refused where {input!r} is a part of a tensor, which only a run can tell: clone() takes any"
    )
    if input.shape[-1] % ratio != 0:
        refuse(
            f"needs a last dimension that {ratio} divides to show {input.dtype} as {dtype}: {input!r}",
            "dtype",
        )
    for stride in input.strides[:-1]:
        if stride % ratio != 0:
            refuse(f"needs strides that {ratio} divides to show {input.dtype} as {dtype}", "dtype")
    strides = tuple(stride // ratio for stride in input.strides[:-1])
    return Tensor(dtype, (*input.shape[:-1], input.shape[-1] // ratio), (*strides, 1))


def view_as(input: Tensor, other: Any) -> Tensor:
    """(*) to the shape of ``other``, in the same memory. Source: torch.Tensor.view_as."""
    return view_or_doubt(input, expect_tensor(other, "other").shape)


def reshape(input: Tensor, shape: Any) -> Tensor:
    """(*) to ``shape`` with as many elements, copied only where no view does. Source: torch.reshape."""
    return with_shape(input, fill_shape(gather_sizes(shape, "shape"), input.numel, repr(input)))


def reshape_as(input: Tensor, other: Any) -> Tensor:
    """(*) to the shape of ``other``. Source: torch.Tensor.reshape_as."""
    return reshape(input, expect_tensor(other, "other").shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """(*, S_start, ..., S_end, *) to (*, product, *). Source: torch.flatten."""
    first, last = find_dim(start_dim, input.dim, "start_dim"), find_dim(end_dim, input.dim, "end_dim")
    if first > last:
        refuse(f"needs start_dim before end_dim, and {start_dim} comes after {end_dim}", "start_dim")
    if input.dim == 0:
        return with_shape(input, (1,))
    if first == last:
        return input
    merged = product(input.shape[first : last + 1])
    return with_shape(input, (*input.shape[:first], merged, *input.shape[last + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """(*) to (product,), in row-major order. Source: torch.ravel."""
    dense = contiguous(input)
    return Tensor(input.dtype, (input.numel,), None if dense.strides is None else (1,))


def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """(*, S, *) to (*, *sizes, *) with S their product. Source: torch.unflatten."""
    given = expect_sizes(sizes, "sizes")
    if not given:
        refuse("needs at least one size", "sizes")
    place = _find_real_dim(dim, input)
    filled = fill_shape(given, input.shape[place], repr(input), "sizes")
    return view(input, (*input.shape[:place], *filled, *input.shape[place + 1 :]))


def _find_real_dim(dim: Any, input: Tensor, argument: str = "dim") -> int:
    if input.dim == 0:
        refuse("needs a tensor with dimensions", argument)
    return find_dim(dim, input.dim, argument)


def squeeze(input: Tensor, dim: Any = MISSING) -> Tensor:
    """Without the dimensions of size 1, or without those in ``dim`` where 1. Source: torch.squeeze."""
    if dim is None:
        refuse("needs an int as dim, not None", "dim", "wrong-kind")
    chosen = range(input.dim) if dim is MISSING else find_some_dims(dim, input.dim)
    kept = [place for place in range(input.dim) if place not in chosen or input.shape[place] != 1]
    return _pick_dims(input, kept)


def find_some_dims(dim: Any, dims: int, argument: str = "dim") -> tuple[int, ...]:
    """Dimensions counted from the front, each once; none for an empty tuple. Raises Refusal."""
    return () if dim == () or dim == [] else find_dims(dim, dims, argument)


def _pick_dims(input: Tensor, dims: Sequence[int]) -> Tensor:
    strides = None if input.strides is None else tuple(input.strides[dim] for dim in dims)
    return Tensor(input.dtype, tuple(input.shape[dim] for dim in dims), strides)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """(*) to (*, 1, *). Source: torch.unsqueeze."""
    place = find_dim(dim, input.dim + 1)
    shape = (*input.shape[:place], 1, *input.shape[place:])
    if input.strides is None:
        return Tensor(input.dtype, shape, None)
    step = 1 if place == input.dim else input.shape[place] * input.strides[place]
    return Tensor(input.dtype, shape, (*input.strides[:place], step, *input.strides[place:]))


def gather_tensors(tensors: Sequence[Any], argument: str = "tensors") -> list[Tensor]:
    """Tensors given one by one or as one list. Raises Refusal."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    return [expect_tensor(tensor, argument) for tensor in given]


def _widen(input: Tensor, dims: int) -> Tensor:
    if input.dim >= dims:
        return input
    if input.dim == 0:
        return with_shape(input, (1,) * dims)
    wide = input if input.dim == 2 or dims == 1 else unsqueeze(input, 0)
    return unsqueeze(wide, -1) if dims == 3 else wide


def _at_least(dims: int) -> Callable[..., Any]:
    def rule(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], Tensor):
            return _widen(tensors[0], dims)
        return tuple(_widen(tensor, dims) for tensor in gather_tensors(tensors))

    rule.__doc__ = f"Each tensor with {dims} dimensions or more. Source: torch.atleast_{dims}d."
    return rule


atleast_1d, atleast_2d, atleast_3d = (_at_least(dims) for dims in (1, 2, 3))


# Order of the dimensions -----------------------------------------------------------------------------------


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """(*, S0, *, S1, *) to (*, S1, *, S0, *). Source: torch.transpose."""
    first, second = find_dim(dim0, input.dim, "dim0"), find_dim(dim1, input.dim, "dim1")
    order = list(range(input.dim))
    if order:
        order[first], order[second] = order[second], order[first]
    return _pick_dims(input, order)


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """As ``transpose``. Source: torch.swapaxes."""
    return transpose(input, axis0, axis1)


def permute(input: Tensor, dims: Any) -> Tensor:
    """The dimensions in the order ``dims``. Source: torch.permute."""
    given = gather_sizes(dims, "dims")
    if len(given) != input.dim:
        refuse(f"needs all {input.dim} dimensions in their new order and got {len(given)}: {input!r}", "dims")
    return _pick_dims(input, find_some_dims(given, input.dim, "dims"))


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions at ``source`` moved to ``destination``, the others in their order. Source: torch.movedim."""
    if isinstance(source, int) != isinstance(destination, int):
        refuse("needs source and destination of one kind", "destination", "wrong-kind")
    taken = find_some_dims(source, input.dim, "source")
    places = find_some_dims(destination, input.dim, "destination")
    if len(taken) != len(places):
        refuse(f"needs as many places as dimensions, not {len(places)} for {len(taken)}", "destination")
    if input.dim == 0:
        return input
    moved = dict(zip(places, taken, strict=True))
    others = iter(dim for dim in range(input.dim) if dim not in taken)
    return _pick_dims(input, [moved[place] if place in moved else next(others) for place in range(input.dim)])


def t(input: Tensor) -> Tensor:
    """(m, n) to (n, m); tensors of fewer dimensions as they are. Source: torch.t."""
    if input.dim > 2:
        refuse(f"needs two dimensions at most and got {input.dim}: {input!r}; write transpose")
    return transpose(input, 0, -1)


def transpose_matrix(input: Tensor) -> Tensor:
    """(m, n) to (n, m). Source: torch.Tensor.T."""
    return _pick_dims(input, range(input.dim)[::-1])


def transpose_one_matrix(input: Tensor) -> Tensor:
    """(m, n) to (n, m), and nothing else but a tensor without dimensions. Source: torch.Tensor.H."""
    if input.dim not in (0, 2):
        refuse(f"needs a matrix and got {input.dim} dimensions: {input!r}; write mH")
    return transpose_matrix(input)


def transpose_matrices(input: Tensor) -> Tensor:
    """(*, m, n) to (*, n, m); a tensor without dimensions as it is. Source: torch.Tensor.mT, torch.adjoint."""
    if input.dim == 0:
        return input
    if input.dim < 2:
        refuse(f"needs two dimensions at least and got {input.dim}: {input!r}")
    return transpose(input, -2, -1)


# Repetition ------------------------------------------------------------------------------------------------


def expand(input: Tensor, *size: Any) -> Tensor:
    """Sizes of 1 shown as larger ones with stride 0; -1 keeps a size. Source: torch.Tensor.expand."""
    given = gather_sizes(size, "size")
    return expand_to(input, given)


def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """The input expanded to ``size``. Source: torch.broadcast_to."""
    return expand_to(input, gather_sizes(size, "size"))


def expand_to(input: Tensor, sizes: Shape) -> Tensor:
    """The input with its sizes of 1 shown as ``sizes`` has them. Raises Refusal. Source: at::inferExpandGeometry."""
    added = len(sizes) - input.dim
    if added < 0:
        refuse(f"names {len(sizes)} sizes for {input.dim} dimensions: {input!r}", "size")
    shape: list[AnySize] = []
    strides: list[AnySize] = []
    for place in reversed(range(len(sizes))):
        size = sizes[place]
        own = input.shape[place - added] if place >= added else 1
        if as_int(size) == -1 and place >= added:
            size = own
        elif size < 0:
            refuse(f"takes -1 only for dimensions that are there, not {size}: {list(sizes)}", "size")
        if input.strides is not None and place >= added:
            step = input.strides[place - added]
        else:
            step = shape[-1] * strides[-1] if shape else 1
        if isinstance(own, int) and own == 1:
            step = step if isinstance(size, int) and size == 1 else 0
        elif size != own:
            if own != 1:
                refuse(f"can't expand {input!r} to {list(sizes)}: {own} isn't 1", "size")
            step = 0
        shape.append(size)
        strides.append(step)
    if input.dim == 0:
        strides = [0] * len(sizes)
    return Tensor(input.dtype, shape[::-1], None if input.strides is None else tuple(strides[::-1]))


def expand_as(input: Tensor, other: Any) -> Tensor:
    """The input expanded to the shape of ``other``. Source: torch.Tensor.expand_as."""
    return expand_to(input, expect_tensor(other, "other").shape)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """All tensors expanded to their common shape. Source: torch.broadcast_tensors."""
    given = [expect_tensor(tensor, "tensors") for tensor in tensors]
    shape = find_common_shape([tensor.shape for tensor in given])
    return tuple(expand_to(tensor, shape) for tensor in given)


def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """What was broadcast from ``size``, summed back to it. Source: torch.Tensor.sum_to_size."""
    sizes = gather_sizes(size, "size")
    added = input.dim - len(sizes)
    if added < 0:
        refuse(f"names {len(sizes)} sizes for {input.dim} dimensions: {input!r}", "size")
    summed = added > 0 or not sizes
    for own, wanted in zip(input.shape[max(added, 0) :], sizes, strict=True):
        if own != wanted:
            if wanted != 1:
                refuse(f"can't sum {input!r} to {list(sizes)}: {wanted} isn't 1", "size")
            summed = True
    if not summed:
        return input
    return Tensor("int64" if CATEGORIES[input.dtype] < 2 else input.dtype, sizes)


def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """(*, S) to (*, repeats * S), a copy. Source: torch.Tensor.repeat."""
    return repeat_by(input, gather_sizes(repeats, "repeats"), "repeats")


def repeat_by(input: Tensor, repeats: Shape, argument: str) -> Tensor:
    """Each size times its repeat; further repeats stand for dimensions in front. Raises Refusal."""
    added = len(repeats) - input.dim
    if added < 0:
        refuse(
            f"needs a number for each of {input.dim} dimensions and got {len(repeats)}: {input!r}", argument
        )
    wide = (*(1,) * added, *input.shape)
    for size, count in zip(wide, repeats, strict=True):
        if count < 0 and size != 0:
            refuse(f"takes no negative number, and {list(repeats)} has {count}", argument)
    return Tensor(input.dtype, [size * count for size, count in zip(wide, repeats, strict=True)])


def tile(input: Tensor, dims: Any) -> Tensor:
    """As ``repeat``, missing repeats in front taken as 1. Source: torch.tile."""
    repeats = gather_sizes(dims, "dims")
    return repeat_by(input, (*(1,) * (input.dim - len(repeats)), *repeats), "dims")


def repeat_interleave(input: Tensor, repeats: Any, dim: Any = None, *, output_size: Any = None) -> Tensor:
    """(*, S, *) to (*, S * repeats, *), each element beside itself. Source: torch.repeat_interleave."""
    count = expect_int(repeats, "repeats")
    if count < 0:
        refuse(f"takes no negative number of repeats, not {count}", "repeats")
    whole = flatten(input) if dim is None else input
    place = 0 if dim is None else _find_real_dim(dim, whole)
    size = whole.shape[place] * count
    if output_size is not None and size != expect_int(output_size, "output_size"):
        refuse(f"gives {size} and not output_size={output_size}", "output_size")
    return Tensor(input.dtype, (*whole.shape[:place], size, *whole.shape[place + 1 :]))


# Parts -----------------------------------------------------------------------------------------------------


def _resize(input: Tensor, dim: int, size: AnySize, step: int = 1) -> Tensor:
    strides = input.strides
    if strides is not None and step != 1:
        strides = (*strides[:dim], strides[dim] * step, *strides[dim + 1 :])
    return Tensor(input.dtype, (*input.shape[:dim], size, *input.shape[dim + 1 :]), strides)


def narrow(input: Tensor, dim: int, start: Any, length: Any) -> Tensor:
    """(*, S, *) to (*, length, *). Source: torch.narrow."""
    place = _find_real_dim(dim, input)
    size = input.shape[place]
    first, count = expect_int(start, "start"), expect_int(length, "length")
    if count < 0:
        refuse(f"takes no negative length, not {count}", "length")
    if first < 0:
        first = first + size
    if first < 0 or first > size:
        refuse(f"starts at {start} in a dimension of {size}: {input!r}", "start")
    if first + count > size:
        refuse(f"needs {count} from {first} on in a dimension of {size}: {input!r}", "length")
    return _resize(input, place, count)


def select(input: Tensor, dim: int, index: Any) -> Tensor:
    """(*, S, *) to (*). Source: torch.select."""
    place = _find_real_dim(dim, input)
    size = input.shape[place]
    if expect_int(index, "index") >= size or index < -size:
        refuse(f"has no index {index} in a dimension of {size}: {input!r}", "index")
    return drop_dim(input, place)


def drop_dim(input: Tensor, dim: int) -> Tensor:
    """The input without one of its dimensions."""
    return _pick_dims(input, [other for other in range(input.dim) if other != dim])


def take_slice(input: Tensor, dim: int, part: slice) -> Tensor:
    """The input with one dimension cut by a slice. Raises Refusal. Source: at::slice."""
    length, step = slice_length(part, input.shape[dim])
    return _resize(input, dim, length, step)


def chunk(input: Tensor, chunks: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` pieces of ceil(S / chunks), the last one smaller. Source: torch.chunk."""
    place = _find_real_dim(dim, input)
    count = expect_int(chunks, "chunks")
    if count <= 0:
        refuse(f"needs one piece or more, not {count}", "chunks")
    size = input.shape[place]
    piece = (size + count - 1) // count
    if piece == 0:
        return tuple(input if index < 0 else _resize(input, place, 0) for index in range(count_parts(count)))
    return _split_evenly(input, place, piece)


def _split_evenly(input: Tensor, place: int, piece: AnySize) -> tuple[Tensor, ...]:
    size = input.shape[place]
    if piece == 0:
        if size != 0:
            refuse(f"can't split a dimension of {size} into pieces of 0: {input!r}", "split_size_or_sections")
        return (_resize(input, place, 0),)
    count = max(count_parts((size + piece - 1) // piece), 1)
    return tuple(_resize(input, place, own) for own in [*[piece] * (count - 1), size - piece * (count - 1)])


def split(
    tensor: Tensor, split_size_or_sections: Any = None, dim: int = 0, *, split_size: Any = None
) -> tuple[Tensor, ...]:
    """(*, S, *) to pieces of one size, or of the listed sizes. Source: torch.split."""
    sizes = split_size if split_size_or_sections is None else split_size_or_sections
    if isinstance(sizes, (tuple, list)):
        return split_with_sizes(tensor, sizes, dim)
    place = _find_real_dim(dim, tensor)
    piece = expect_int(sizes, "split_size_or_sections")
    if piece < 0:
        refuse(f"takes no negative size, not {piece}", "split_size_or_sections")
    return _split_evenly(tensor, place, piece)


def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """(*, S, *) to pieces of the listed sizes, which sum to S. Source: torch.split."""
    place = _find_real_dim(dim, input)
    sizes = expect_sizes(split_sizes, "split_sizes")
    total: AnySize = 0
    for size in sizes:
        if size < 0:
            refuse(f"takes no negative size, and {list(sizes)} has {size}", "split_sizes")
        total = total + size
    if total != input.shape[place]:
        refuse(
            f"needs sizes that sum to {input.shape[place]}, and {list(sizes)} sums to {total}: {input!r}",
            "split_sizes",
        )
    return tuple(_resize(input, place, size) for size in sizes)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """So many pieces that differ by one at most, or cut at the listed indices. Source: torch.tensor_split."""
    place = _find_real_dim(dim, input)
    size = input.shape[place]
    if isinstance(indices_or_sections, (tuple, list)):
        cuts = [0, *expect_sizes(indices_or_sections, "indices_or_sections"), None]
        return tuple(take_slice(input, place, slice(start, stop)) for start, stop in pairwise(cuts))
    count = expect_int(indices_or_sections, "indices_or_sections")
    if count <= 0:
        refuse(f"needs one piece or more, not {count}", "indices_or_sections")
    number = count_parts(count)
    return tuple(_resize(input, place, (size + number - 1 - index) // number) for index in range(number))


def _split_at(least: int, dim: int) -> Callable[..., Any]:
    def rule(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        if input.dim < least:
            refuse(f"needs {least} dimensions at least and got {input.dim}: {input!r}")
        place = 0 if input.dim == 1 else dim
        if not isinstance(indices_or_sections, (tuple, list)):
            count = expect_int(indices_or_sections, "indices_or_sections")
            if count == 0 or input.shape[place] % count != 0:
                refuse(f"needs a dimension that {count} divides, and got {input.shape[place]}: {input!r}")
        return tensor_split(input, indices_or_sections, place)

    rule.__doc__ = (
        f"``tensor_split`` along dimension {dim}, into equal pieces. Source: torch.{'hvd'[dim - 1]}split."
    )
    return rule


hsplit, vsplit, dsplit = _split_at(1, 1), _split_at(2, 0), _split_at(3, 2)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """(*, S, *) to S tensors of (*). Source: torch.unbind."""
    place = _find_real_dim(dim, input)
    piece = drop_dim(input, place)
    return tuple(
        Tensor(piece.dtype, piece.shape, piece.strides) for _ in range(count_parts(input.shape[place]))
    )


def unfold(input: Tensor, dimension: int, size: Any, step: Any) -> Tensor:
    """(*, S, *) to (*, (S - size) // step + 1, *, size). Source: torch.Tensor.unfold."""
    place = find_dim(dimension, input.dim, "dimension")
    length, skip = expect_int(size, "size"), expect_int(step, "step")
    whole = input if input.dim else Tensor(input.dtype, (1,), (1,))
    if length < 0:
        refuse(f"takes no negative size, not {length}", "size")
    if length > whole.shape[place]:
        refuse(f"needs windows of at most {whole.shape[place]}, not {length}: {input!r}", "size")
    if skip <= 0:
        refuse(f"needs a step of 1 or more, not {skip}", "step")
    count = (whole.shape[place] - length) // skip + 1
    shape = (*whole.shape[:place], count, *whole.shape[place + 1 :], length)
    strides = whole.strides
    if strides is not None:
        strides = (*strides[:place], strides[place] * skip, *strides[place + 1 :], strides[place])
    if input.dim == 0:
        return Tensor(input.dtype, shape[1:], None if strides is None else strides[1:])
    return Tensor(input.dtype, shape, strides)


# Diagonals and triangles -----------------------------------------------------------------------------------


def take_diagonal(input: Tensor, offset: Any = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """(*, S1, *, S2, *) to (*, length of the diagonal). Source: torch.diagonal."""
    first, second = find_dim(dim1, input.dim, "dim1"), find_dim(dim2, input.dim, "dim2")
    if first == second or input.dim == 0:
        refuse(f"needs two dimensions, and {dim1} and {dim2} are one: {input!r}", "dim2")
    shift = expect_int(offset, "offset")
    rows, columns = input.shape[first], input.shape[second]
    length = minimum(rows, columns - shift) if shift >= 0 else minimum(rows + shift, columns)
    rest = _pick_dims(input, [dim for dim in range(input.dim) if dim not in (first, second)])
    strides = rest.strides
    if strides is not None and input.strides is not None:
        strides = (*strides, input.strides[first] + input.strides[second])
    return Tensor(input.dtype, (*rest.shape, length if length > 0 else 0), strides)


def diag(input: Tensor, diagonal: Any = 0) -> Tensor:
    """(n,) to a matrix with that diagonal, (m, n) to its diagonal. Source: torch.diag."""
    if input.dim not in (1, 2):
        refuse(f"needs a vector or a matrix and got {input.dim} dimensions: {input!r}")
    if input.dim == 1:
        return diag_embed(input, diagonal)
    return Tensor(input.dtype, take_diagonal(input, diagonal).shape)


def diag_embed(input: Tensor, offset: Any = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """(*, n) to (*, n + |offset|, *, n + |offset|, *). Source: torch.diag_embed."""
    first, second = find_dim(dim1, input.dim + 1, "dim1"), find_dim(dim2, input.dim + 1, "dim2")
    if first == second or input.dim == 0:
        refuse(f"needs two dimensions, and {dim1} and {dim2} are one: {input!r}", "dim2")
    shift = expect_int(offset, "offset")
    size = input.shape[-1] + (shift if shift >= 0 else -shift)
    shape = list(input.shape[:-1])
    for place in sorted((first, second)):
        shape.insert(place, size)
    return Tensor(input.dtype, shape)


def diagflat(input: Tensor, offset: Any = 0) -> Tensor:
    """(*) to a matrix with all values on a diagonal. Source: torch.diagflat."""
    return diag_embed(ravel(input), offset)


def triangle(input: Tensor, diagonal: Any = 0) -> Tensor:
    """(*, m, n) to the same shape. Source: torch.tril, torch.triu."""
    expect_int(diagonal, "diagonal")
    if input.dim < 2:
        refuse(f"needs two dimensions at least and got {input.dim}: {input!r}")
    return Tensor(input.dtype, input.shape)


def fill_diagonal_(input: Tensor, fill_value: Any, wrap: Any = False) -> Tensor:
    """The input itself, of two dimensions, or of more with one size. Source: torch.Tensor.fill_diagonal_."""
    expect_bool(wrap, "wrap")
    expect_number(fill_value, "fill_value")
    if input.dim < 2:
        refuse(f"needs two dimensions at least and got {input.dim}: {input!r}")
    if input.dim > 2:
        for size in input.shape[1:]:
            if size != input.shape[0]:
                refuse(f"needs one size for all of more than two dimensions: {input!r}")
    return input


# Order of the values ---------------------------------------------------------------------------------------


def flip(input: Tensor, dims: Any) -> Tensor:
    """The same shape. Source: torch.flip."""
    find_some_dims(gather_sizes(dims, "dims"), input.dim, "dims")
    return clone(input)


def _flip_from(least: int) -> Callable[..., Any]:
    def rule(input: Tensor) -> Tensor:
        if input.dim < least:
            refuse(f"needs {least} dimensions at least and got {input.dim}: {input!r}")
        return clone(input)

    rule.__doc__ = f"The same shape, of {least} dimensions or more. Source: torch.flip."
    return rule


def roll(input: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    """The same shape. Source: torch.roll."""
    moves = (shifts,) if is_whole(shifts) else expect_sizes(shifts, "shifts")
    places = (dims,) if isinstance(dims, int) else tuple(dims)
    if not moves:
        refuse("needs at least one number of places to move by", "shifts")
    if not places and len(moves) == 1:
        return Tensor(input.dtype, input.shape, None if input.strides is None else "contiguous")
    if len(moves) != len(places):
        refuse(f"needs a dimension for each number, not {len(places)} for {len(moves)}", "dims")
    if not input.dim or any(not -input.dim <= place < input.dim for place in places):
        if not is_empty(input):
            refuse(f"has no dimension {list(places)}; there are {input.dim}", "dims")
        return clone(input)
    return Tensor(input.dtype, input.shape, suggest_strides(input))


def rot90(input: Tensor, k: Any = 1, dims: Any = (0, 1)) -> Tensor:
    """(*, S0, *, S1, *) to the same or, for odd k, with both exchanged. Source: torch.rot90."""
    turns = expect_int(k, "k")
    given = expect_sizes(dims, "dims")
    if len(given) != 2 or input.dim < 2:
        refuse(f"needs two dimensions to turn in, not {list(given)} of {input!r}", "dims")
    first, second = (find_dim(as_int(dim), input.dim, "dims") for dim in given)
    if first == second:
        refuse(f"needs two dimensions to turn in, and {list(given)} are one", "dims")
    if as_int(turns) % 4 == 0:
        return Tensor(input.dtype, input.shape, None if input.strides is None else "contiguous")
    return transpose(clone(input), first, second) if as_int(turns) % 2 else clone(input)


# Complex numbers -------------------------------------------------------------------------------------------

#: The dtype of the real part of each complex one.
REAL_PARTS = {"complex32": "float16", "complex64": "float32", "complex128": "float64"}
_COMPLEX = {real: whole for whole, real in REAL_PARTS.items()}


def view_as_real(input: Tensor) -> Tensor:
    """(*) of complex numbers to (*, 2) of reals. Source: torch.view_as_real."""
    if input.dtype not in REAL_PARTS:
        refuse(f"needs complex numbers and got {input!r}", "input", "dtype-mismatch")
    _expect_plain_memory(input)
    strides = None if input.strides is None else (*(stride * 2 for stride in input.strides), 1)
    return Tensor(REAL_PARTS[input.dtype], (*input.shape, 2), strides)


def view_as_complex(input: Tensor) -> Tensor:
    """(*, 2) of reals to (*) of complex numbers. Source: torch.view_as_complex."""
    if input.dtype not in _COMPLEX:
        refuse(f"needs float16, float32 or float64 and got {input!r}", "input", "dtype-mismatch")
    if input.dim == 0 or input.shape[-1] != 2:
        refuse(f"needs a last dimension of 2: {input!r}")
    if input.strides is None:
        return Tensor(_COMPLEX[input.dtype], input.shape[:-1], None)
    if input.strides[-1] != 1:
        refuse("needs the pairs of the last dimension next to each other in memory; write contiguous()")
    for stride in input.strides[:-1]:
        if stride % 2 != 0:
            refuse("needs pairs of numbers that start at even places in memory; write contiguous()")
    return Tensor(
        _COMPLEX[input.dtype], input.shape[:-1], tuple(stride // 2 for stride in input.strides[:-1])
    )


def real(input: Tensor) -> Tensor:
    """The same shape; real numbers are their own real part. Source: torch.real."""
    return select(view_as_real(input), -1, 0) if input.dtype in REAL_PARTS else input


def imag(input: Tensor) -> Tensor:
    """The same shape, of complex numbers. Source: torch.imag."""
    return select(view_as_real(input), -1, 1)


# Memory and dtype ------------------------------------------------------------------------------------------


def contiguous(input: Tensor) -> Tensor:
    """The input itself where it is row-major, else a copy that is. Source: torch.Tensor.contiguous."""
    return input if is_contiguous(input) else Tensor(input.dtype, input.shape)


def clone(input: Tensor) -> Tensor:
    """The same shape. Source: torch.clone."""
    return Tensor(input.dtype, input.shape, copy_strides(input))


def detach(input: Tensor) -> Tensor:
    """The same tensor under another name. Source: torch.Tensor.detach."""
    return Tensor(input.dtype, input.shape, input.strides)


def to(
    input: Tensor,
    *target: Any,
    dtype: Any = MISSING,
    other: Any = MISSING,
    non_blocking: Any = MISSING,
    copy: Any = MISSING,
) -> Tensor:
    """The same shape in another dtype; the input itself where nothing changes. Source: torch.Tensor.to."""
    given, targets = list(target), [value for value in (dtype, other) if value is not MISSING]
    if given and given[0] is None:
        # No device, and perhaps a dtype behind it.
        given.pop(0)
        targets += given[:1]
        given = given[1:]
    elif given and (isinstance(given[0], Tensor) or (isinstance(given[0], str) and given[0] in CATEGORIES)):
        targets.append(given.pop(0))
    flags = [*given, *(flag for flag in (non_blocking, copy) if flag is not MISSING)]
    named = {1: non_blocking, 2: copy}
    twice = any(named[place] is not MISSING for place in range(1, min(len(given), 2) + 1))
    misfit = len(given) > 2 or twice or len(targets) > 1 or (given and not targets)
    kinds = [isinstance(value, (str, Tensor, type(None))) for value in targets]
    kinds += [isinstance(flag, bool) for flag in flags]
    if misfit or not all(kinds):
        refuse(f"takes a dtype or a tensor, not {', '.join(map(repr, target))}", "target", "wrong-kind")
    wanted = next(iter(targets), None)
    if other is not MISSING:
        expect_tensor(other, "other")
    copied = given[1] if len(given) > 1 else copy is True
    return convert(
        input, (wanted.dtype if isinstance(wanted, Tensor) else wanted) or input.dtype, copied=copied
    )


def convert(input: Tensor, dtype: str, *, copied: bool = False) -> Tensor:
    """The values in a dtype: the input itself where it has that and no copy is asked for."""
    if dtype == input.dtype and not copied:
        return input
    return Tensor(dtype, input.shape, copy_strides(input))


def type_as(input: Tensor, other: Any) -> Tensor:
    """The same shape in the dtype of ``other``. Source: torch.Tensor.type_as."""
    return convert(input, expect_tensor(other, "other").dtype)


def _convert_to(dtype: str) -> Callable[[Tensor], Tensor]:
    def rule(input: Tensor) -> Tensor:
        return convert(input, dtype)

    rule.__doc__ = f"The same shape in {dtype}. Source: torch.Tensor.to."
    return rule


# What is known of a tensor ---------------------------------------------------------------------------------


def find_size(input: Tensor, dim: Any = None) -> Any:
    """All sizes, or that of one dimension. Source: torch.Tensor.size."""
    return input.shape if dim is None else input.shape[_find_real_dim(dim, input)]


def is_same_size(input: Tensor, other: Any) -> bool:
    """Whether both have the same sizes. Source: torch.is_same_size."""
    shape = expect_tensor(other, "other").shape
    return input.dim == len(shape) and all(
        own == theirs for own, theirs in zip(input.shape, shape, strict=True)
    )


def broadcast_shapes(*shapes: Any) -> Shape:
    """The common shape of several, each a tuple or one size; None is left out. Source: torch.broadcast_shapes."""
    given = [(shape,) if is_whole(shape) or isinstance(shape, bool) else shape for shape in shapes]
    given = [expect_sizes(shape, "shapes") for shape in given if shape is not None]
    for shape in given:
        for size in shape:
            if size < 0:
                refuse(f"takes no negative size, and {list(shape)} has {size}", "shapes")
    return find_common_shape(given)


def is_tensor(obj: Any, /) -> bool:
    """Whether the value is a tensor. Source: torch.is_tensor."""
    return isinstance(obj, Tensor)


def count_dims(input: Tensor) -> int:
    """The number of dimensions. Source: torch.Tensor.dim."""
    return input.dim


def numel(input: Tensor) -> AnySize:
    """The product of all sizes. Source: torch.numel."""
    return input.numel


def element_size(input: Tensor) -> int:
    """The bytes of one element. Source: torch.Tensor.element_size."""
    return ITEM_SIZES[input.dtype]


def nbytes(input: Tensor) -> AnySize:
    """The bytes of all elements. Source: torch.Tensor.nbytes."""
    return input.numel * ITEM_SIZES[input.dtype]


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating one. Source: torch.is_floating_point."""
    return CATEGORIES[input.dtype] == 2


def is_complex(input: Tensor) -> bool:
    """Whether the dtype is a complex one. Source: torch.is_complex."""
    return CATEGORIES[input.dtype] == 3


def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers. Source: torch.is_signed."""
    return input.dtype not in ("bool", "uint8")


OPERATIONS = only_move(
    # Shape
    Operation(
        "view", "*size", "The same memory in another shape, one size may be -1.", TENSOR, rule=view_or_doubt
    ),
    Operation("view_as", "other", "The same memory in the shape of `other`.", TENSOR, rule=view_as),
    Operation(
        "reshape",
        "input, shape",
        "The same values in another shape, copied only where they must be.",
        in_tensor="*shape",
        rule=reshape,
    ),
    Operation("reshape_as", "other", "The same values in the shape of `other`.", TENSOR, rule=reshape_as),
    Operation(
        "flatten",
        "input, start_dim=0, end_dim=-1",
        "The dimensions from `start_dim` to `end_dim` as one.",
        rule=flatten,
    ),
    Operation("ravel", "input", "All dimensions as one.", rule=ravel),
    Operation(
        "unflatten", "input, dim, sizes", "One dimension as several, one size may be -1.", rule=unflatten
    ),
    Operation(
        "squeeze",
        "input, dim=None",
        "Without the dimensions of size 1, or without those in `dim` if 1.",
        rule=squeeze,
    ),
    Operation("unsqueeze", "input, dim", "With a dimension of size 1 put in at `dim`.", rule=unsqueeze),
    Operation("atleast_1d", "*tensors", "0-d tensors with one dimension.", TORCH, rule=atleast_1d),
    Operation("atleast_2d", "*tensors", "Tensors of fewer dimensions with two.", TORCH, rule=atleast_2d),
    Operation("atleast_3d", "*tensors", "Tensors of fewer dimensions with three.", TORCH, rule=atleast_3d),
    # Order of the dimensions
    Operation(
        "transpose", "input, dim0, dim1", "Two dimensions exchanged.", aliases=("swapdims",), rule=transpose
    ),
    Operation(
        "swapaxes", "input, axis0, axis1", "Two dimensions exchanged, in NumPy's words.", rule=swapaxes
    ),
    Operation("permute", "input, dims", "The dimensions in a new order.", in_tensor="*dims", rule=permute),
    Operation(
        "movedim",
        "input, source, destination",
        "Dimensions moved to other places.",
        aliases=("moveaxis",),
        rule=movedim,
    ),
    Operation("t", "input", "A matrix transposed; a vector as it is.", rule=t),
    Operation("adjoint", "input", "The last two dimensions exchanged, conjugated.", rule=transpose_matrices),
    Operation("T", "", "A matrix transposed.", TENSOR, attribute=True, rule=transpose_matrix),
    Operation(
        "mT", "", "The last two dimensions exchanged.", TENSOR, attribute=True, rule=transpose_matrices
    ),
    Operation(
        "H", "", "A matrix transposed and conjugated.", TENSOR, attribute=True, rule=transpose_one_matrix
    ),
    Operation(
        "mH",
        "",
        "The last two dimensions exchanged, conjugated.",
        TENSOR,
        attribute=True,
        rule=transpose_matrices,
    ),
    # Repetition
    Operation(
        "expand",
        "*size",
        "Dimensions of size 1 shown larger without a copy; -1 keeps one.",
        TENSOR,
        rule=expand,
    ),
    Operation(
        "expand_as",
        "other",
        "Dimensions of size 1 shown as large as those of `other`.",
        TENSOR,
        rule=expand_as,
    ),
    Operation(
        "broadcast_to",
        "input, size",
        "The input broadcast to `size` without a copy.",
        in_tensor="*size",
        rule=broadcast_to,
    ),
    Operation(
        "broadcast_tensors",
        "*tensors",
        "All inputs broadcast to their common shape.",
        TORCH,
        rule=broadcast_tensors,
    ),
    Operation(
        "sum_to_size",
        "*size",
        "What was broadcast to this shape, summed back to `size`.",
        TENSOR,
        rule=sum_to_size,
        work=work.reduce_each(),
    ),
    Operation("repeat", "*repeats", "The whole tensor repeated along each dimension.", TENSOR, rule=repeat),
    Operation(
        "tile",
        "input, dims",
        "The whole tensor repeated, missing repeats taken as 1.",
        in_tensor="*dims",
        rule=tile,
    ),
    Operation(
        "repeat_interleave",
        "input, repeats, dim=None, *, output_size=None",
        "Each element repeated beside itself, a whole number of times.",
        rule=repeat_interleave,
    ),
    # Parts
    Operation(
        "narrow", "input, dim, start, length", "A stretch of `length` along one dimension.", rule=narrow
    ),
    Operation("select", "input, dim, index", "One slice, its dimension removed.", rule=select),
    Operation(
        "chunk",
        "input, chunks, dim=0",
        "At most `chunks` pieces of equal size, the last one smaller.",
        rule=chunk,
    ),
    Operation(
        "split",
        "tensor, split_size_or_sections, dim=0",
        "Pieces of one size, or of the listed sizes.",
        in_tensor="split_size, dim=0",
        rule=split,
    ),
    Operation(
        "split_with_sizes", "input, split_sizes, dim=0", "Pieces of the listed sizes.", rule=split_with_sizes
    ),
    Operation(
        "tensor_split",
        "input, indices_or_sections, /, dim=0",
        "So many pieces that differ by at most one, or cut at the listed indices.",
        rule=tensor_split,
    ),
    Operation(
        "hsplit", "input, indices_or_sections, /", "Pieces side by side, as `hstack` joins them.", rule=hsplit
    ),
    Operation(
        "vsplit",
        "input, indices_or_sections, /",
        "Pieces one above the other, as `vstack` joins them.",
        rule=vsplit,
    ),
    Operation(
        "dsplit", "input, indices_or_sections, /", "Pieces in depth, as `dstack` joins them.", rule=dsplit
    ),
    Operation("unbind", "input, dim=0", "All slices along one dimension.", rule=unbind),
    Operation(
        "unfold", "dimension, size, step", "Overlapping windows along one dimension.", TENSOR, rule=unfold
    ),
    # Diagonals and triangles
    Operation(
        "diagonal",
        "input, offset=0, dim1=0, dim2=1",
        "The diagonal of two dimensions, as the last one.",
        rule=take_diagonal,
    ),
    Operation(
        "diag",
        "input, diagonal=0",
        "A vector as a diagonal matrix, a matrix's diagonal as a vector.",
        rule=diag,
    ),
    Operation(
        "diag_embed",
        "input, offset=0, dim1=-2, dim2=-1",
        "The last dimension as diagonals of matrices.",
        rule=diag_embed,
    ),
    Operation("diagflat", "input, offset=0", "All values as the diagonal of a matrix.", rule=diagflat),
    Operation(
        "tril",
        "input, diagonal=0",
        "The lower triangle, zeros above the given diagonal.",
        in_place=TENSOR,
        rule=triangle,
        writes_shared=True,
    ),
    Operation(
        "triu",
        "input, diagonal=0",
        "The upper triangle, zeros below the given diagonal.",
        in_place=TENSOR,
        rule=triangle,
        writes_shared=True,
    ),
    Operation(
        "fill_diagonal_",
        "fill_value, wrap=False",
        "Writes `fill_value` into the diagonal.",
        TENSOR,
        rule=fill_diagonal_,
    ),
    # Order of the values
    Operation(
        "flip",
        "input, dims",
        "The order along the given dimensions turned round.",
        in_tensor="*dims",
        rule=flip,
    ),
    Operation("fliplr", "input", "The columns in reverse order.", rule=_flip_from(2)),
    Operation("flipud", "input", "The rows in reverse order.", rule=_flip_from(1)),
    Operation(
        "roll", "input, shifts, dims=()", "Values moved along, those past the end put in front.", rule=roll
    ),
    Operation(
        "rot90",
        "input, k=1, dims=(0, 1)",
        "Turned by k right angles in the plane of two dimensions.",
        rule=rot90,
    ),
    # Complex numbers
    Operation(
        "view_as_real",
        "input",
        "Complex numbers as pairs of reals in a last dimension of 2.",
        TORCH,
        rule=view_as_real,
    ),
    Operation(
        "view_as_complex",
        "input",
        "Pairs of reals in a last dimension of 2 as complex numbers.",
        TORCH,
        rule=view_as_complex,
    ),
    Operation("real", "input", "The real part.", in_tensor="", attribute=True, rule=real),
    Operation("imag", "input", "The imaginary part.", in_tensor="", attribute=True, rule=imag),
    # Memory
    Operation(
        "contiguous", "", "The same values in memory in the order of their indices.", TENSOR, rule=contiguous
    ),
    Operation("clone", "input", "A copy.", rule=clone),
    Operation("detach", "input", "The same values, cut off from the gradient.", rule=detach),
    # Dtype
    Operation(
        "to",
        "*target, dtype=None, device=None, non_blocking=False, copy=False",
        "The same values in another dtype, or in that of another tensor.",
        TENSOR,
        rule=to,
    ),
    Operation("type_as", "other", "The same values in the dtype of `other`.", TENSOR, rule=type_as),
    Operation("float", "", "The values as float32.", TENSOR, rule=_convert_to("float32")),
    Operation("double", "", "The values as float64.", TENSOR, rule=_convert_to("float64")),
    Operation("half", "", "The values as float16.", TENSOR, rule=_convert_to("float16")),
    Operation("bfloat16", "", "The values as bfloat16.", TENSOR, rule=_convert_to("bfloat16")),
    Operation("long", "", "The values as int64.", TENSOR, rule=_convert_to("int64")),
    Operation("int", "", "The values as int32.", TENSOR, rule=_convert_to("int32")),
    Operation("short", "", "The values as int16.", TENSOR, rule=_convert_to("int16")),
    Operation("char", "", "The values as int8.", TENSOR, rule=_convert_to("int8")),
    Operation("byte", "", "The values as uint8.", TENSOR, rule=_convert_to("uint8")),
    Operation("bool", "", "Whether each value is nonzero, as bool.", TENSOR, rule=_convert_to("bool")),
    Operation("cfloat", "", "The values as complex64.", TENSOR, rule=_convert_to("complex64")),
    Operation("cdouble", "", "The values as complex128.", TENSOR, rule=_convert_to("complex128")),
    # What is known of a tensor
    Operation("shape", "", "The sizes of all dimensions.", TENSOR, attribute=True),
    Operation("size", "dim=None", "The sizes of all dimensions, or of one.", TENSOR, rule=find_size),
    Operation("dim", "", "The number of dimensions.", TENSOR, aliases=("ndimension",), rule=count_dims),
    Operation("ndim", "", "The number of dimensions.", TENSOR, attribute=True, rule=count_dims),
    Operation("numel", "input, /", "The number of elements.", rule=numel),
    Operation("nelement", "", "The number of elements.", TENSOR, rule=numel),
    Operation("dtype", "", "The dtype.", TENSOR, attribute=True),
    Operation("device", "", "The device, for `device=` arguments.", TENSOR, attribute=True),
    Operation("element_size", "", "The bytes of one element.", TENSOR, rule=element_size),
    Operation("itemsize", "", "The bytes of one element.", TENSOR, attribute=True, rule=element_size),
    Operation("nbytes", "", "The bytes of all elements.", TENSOR, attribute=True, rule=nbytes),
    Operation("is_floating_point", "input", "Whether the dtype is a floating one.", rule=is_floating_point),
    Operation("is_complex", "input", "Whether the dtype is a complex one.", rule=is_complex),
    Operation("is_signed", "input", "Whether the dtype has negative numbers.", rule=is_signed),
    Operation("is_same_size", "input, other", "Whether both have the same sizes.", rule=is_same_size),
    Operation("is_tensor", "obj, /", "Whether the value is a tensor.", TORCH, rule=is_tensor),
    Operation(
        "broadcast_shapes",
        "*shapes",
        "The common shape that the given ones broadcast to.",
        TORCH,
        rule=broadcast_shapes,
    ),
)
