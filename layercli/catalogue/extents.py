"""Which values a tensor of whole numbers has, as far as that is known: those of arange, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layercli.catalogue.sizes import Size
from layercli.catalogue.tensors import Extent, Tensor, refuse

#: Operations that give every value of their first tensor, and no others.
_KEEPING = frozenset(
    (
        "T", "clone", "contiguous", "detach", "expand", "expand_as", "flatten", "flip", "int", "long", "movedim", "mT",
        "permute", "ravel", "repeat", "reshape", "reshape_as", "roll", "squeeze", "swapaxes", "t", "tile", "to",
        "transpose", "unflatten", "unsqueeze", "view", "view_as",
    )
)  # fmt: skip
_WIDE = ("int32", "int64")


def follow_extent(name: str, arguments: Sequence[Any], output: Any) -> None:
    """Tell the result of an operation what is known of the values of its first argument, where it has the same."""
    source = arguments[0] if arguments else None
    if not isinstance(source, Tensor) or source.extent is None:
        return
    if output is source:
        if name not in _KEEPING:
            source.extent.end = None
        return
    if not isinstance(output, Tensor) or output.dtype not in _WIDE:
        return
    if name in _KEEPING or (name == "getitem" and _takes_all(arguments[1])):
        output.extent = source.extent
    elif name == "add" and len(arguments) == 2 and source.extent.end is not None and is_whole(arguments[1]):
        output.extent = Extent(source.extent.end + arguments[1])


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number, with dims in it or not."""
    return isinstance(value, (int, Size)) and not isinstance(value, bool)


def _takes_all(index: Any) -> bool:
    """Whether a subscript leaves nothing out: of None, ... and slices without bounds."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or (isinstance(part, slice) and _has_no_bounds(part))
        for part in parts
    )


def _has_no_bounds(part: slice) -> bool:
    return part.start is None and part.stop is None and part.step is None


def check_extent(indices: Tensor, input: Tensor, place: int, argument: str) -> None:
    """Refuse indices that are known to go beyond a dimension of ``input``. Raises Refusal."""
    end = None if indices.extent is None else indices.extent.end
    size = input.shape[place]
    if end is not None and end > size and indices.numel != 0 and input.numel != 0:
        shown = f"{size} rows" if place == 0 else f"{size} places along dimension {place}"
        refuse(f"has {shown} and is asked for number {end - 1}, counted from 0", argument, "index-range")
