"""Operations that make one tensor of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.arguments import expect_int
from layercli.catalogue.entries import TORCH, Operation
from layercli.catalogue.layouts import channels_last_strides, has_channels_last
from layercli.catalogue.operations.view import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    expand_to,
    flatten,
    gather_tensors,
    transpose,
    unsqueeze,
    view,
)
from layercli.catalogue.rules import expect_tensor, find_dim, promote
from layercli.catalogue.sizes import as_int, product
from layercli.catalogue.tensors import AnySize, Shape, Tensor, contiguous_strides, refuse


def expect_tensors(tensors: Any, argument: str = "tensors") -> list[Tensor]:
    """A list or tuple of tensors, one at least. Raises Refusal."""
    if not isinstance(tensors, (tuple, list)):
        refuse(f"needs a list of tensors, not {tensors!r}", argument, "wrong-kind")
    if not tensors:
        refuse("needs one tensor at least and got none", argument)
    return [expect_tensor(tensor, argument) for tensor in tensors]


def cat(tensors: Any, dim: int = 0) -> Tensor:
    """(*, S1, *), (*, S2, *), ... to (*, S1 + S2 + ..., *); vectors without elements are passed over.

    Source: torch.cat.
    """
    given = expect_tensors(tensors)
    for tensor in given:
        if tensor.dim == 0:
            refuse("takes no tensors without dimensions; write stack", "tensors")
    wide = [tensor for tensor in given if tensor.dim != 1]
    counted = [tensor for tensor in given if tensor.dim != 1 or tensor.shape[0] != 0] if wide else given
    first = counted[0]
    if not wide and dim not in (0, -1) and all(tensor.shape[0] == 0 for tensor in given):
        return Tensor(promote(*given), (0,))
    place = find_dim(dim, first.dim)
    total: AnySize = 0
    for tensor in counted:
        if tensor.dim != first.dim:
            refuse(f"needs tensors of one number of dimensions and got {first!r} and {tensor!r}", "tensors")
        for other, (own, size) in enumerate(zip(first.shape, tensor.shape, strict=True)):
            if other != place and own != size:
                refuse(
                    f"needs one size in dimension {other} and got {own} and {size}: {first!r}, {tensor!r}",
                    "tensors",
                )
        total = total + tensor.shape[place]
    shape = (*first.shape[:place], total, *first.shape[place + 1 :])
    return Tensor(promote(*given), shape, _find_strides(given, shape))


def _find_strides(tensors: Sequence[Tensor], shape: Shape) -> Shape | None:
    """Channels last where all tensors have them so, else row-major."""
    known = [has_channels_last(tensor) for tensor in tensors]
    if False in known:
        return contiguous_strides(shape)
    if None in known:
        return None
    dims = {tensor.dim for tensor in tensors}
    return channels_last_strides(shape) if dims == {len(shape)} else contiguous_strides(shape)


def stack(tensors: Any, dim: int = 0) -> Tensor:
    """n tensors of (*) to (*, n, *). Source: torch.stack."""
    given = expect_tensors(tensors)
    first = given[0]
    place = find_dim(dim, first.dim + 1)
    for tensor in given[1:]:
        if tensor.dim != first.dim or any(
            own != size for own, size in zip(first.shape, tensor.shape, strict=True)
        ):
            refuse(f"needs tensors of one shape and got {first!r} and {tensor!r}", "tensors")
    if place == first.dim:
        return cat([unsqueeze(tensor, place) for tensor in given], place)
    shape = (*first.shape[:place], len(given), *first.shape[place:])
    return view(cat(given, place), shape)


def _join_along(dim: int, widen: Callable[..., Any]) -> Callable[[Any], Tensor]:
    def rule(tensors: Any) -> Tensor:
        given = [widen(tensor) for tensor in expect_tensors(tensors)]
        return cat(given, 0 if given[0].dim == 1 else dim)

    rule.__doc__ = (
        f"``cat`` along dimension {dim}, of tensors with dimensions put in. Source: torch.{'vhd'[dim]}stack."
    )
    return rule


hstack = _join_along(1, atleast_1d)


def column_stack(tensors: Any) -> Tensor:
    """(n, k1), (n, k2), ... to (n, k1 + k2 + ...), vectors taken as columns. Source: torch.column_stack."""
    given = expect_tensors(tensors)
    return hstack([view_column(tensor) if tensor.dim < 2 else tensor for tensor in given])


def view_column(tensor: Tensor) -> Tensor:
    """A vector as a matrix of one column."""
    return Tensor(tensor.dtype, (tensor.numel, 1))


def block_diag(*tensors: Any) -> Tensor:
    """(m1, n1), (m2, n2), ... to (m1 + m2 + ..., n1 + n2 + ...). Source: torch.block_diag."""
    given = gather_tensors(tensors)
    for tensor in given:
        if tensor.dim > 2:
            refuse(f"takes matrices, not {tensor!r}", "tensors")
    if not given:
        return Tensor("float32", (1, 0))
    blocks = [(*(1,) * (2 - tensor.dim), *tensor.shape) for tensor in given]
    rows: AnySize = 0
    columns: AnySize = 0
    for block in blocks:
        rows, columns = rows + block[0], columns + block[1]
    return Tensor(promote(*given), (rows, columns))


def meshgrid(*tensors: Any, indexing: Any = None) -> tuple[Tensor, ...]:
    """(n1,), (n2,), ... to as many of (n1, n2, ...), the first two exchanged for 'xy'. Source: torch.meshgrid."""
    given = expect_tensors(gather_tensors(tensors))
    if indexing not in (None, "ij", "xy"):
        refuse(f"takes indexing='ij' or 'xy', not {indexing!r}", "indexing", "wrong-kind")
    for tensor in given:
        if tensor.dim > 1:
            refuse(f"takes vectors, not {tensor!r}", "tensors")
        if tensor.dtype != given[0].dtype:
            refuse(
                f"takes vectors of one dtype, not {given[0]!r} and {tensor!r}", "tensors", "dtype-mismatch"
            )
    swapped = indexing == "xy" and len(given) > 1
    if swapped:
        given[:2] = given[1::-1]
    shape = tuple(tensor.numel for tensor in given)
    grids = [
        expand_to(view(tensor, [-1 if place == own else 1 for place in range(len(given))]), shape)
        for own, tensor in enumerate(given)
    ]
    if swapped:
        grids[:2] = grids[1::-1]
        grids = [transpose(grid, 0, 1) for grid in grids]
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Tensor:
    """(n1,), (n2,), ... to (n1 * n2 * ..., number of vectors). Source: torch.cartesian_prod."""
    given = expect_tensors(gather_tensors(tensors))
    for tensor in given:
        if tensor.dim != 1:
            refuse(f"takes vectors, not {tensor!r}", "tensors")
    if len(given) == 1:
        return given[0]
    return stack([flatten(grid) for grid in meshgrid(*given)], 1)


#: A tensor has fewer elements than 2 to this power.
_MOST_BITS = 63


def combinations(input: Any, r: Any = 2, with_replacement: bool = False) -> Tensor:
    """(n,) to (number of choices, r). Source: torch.combinations."""
    tensor = expect_tensor(input, "input")
    if tensor.dim != 1:
        refuse(f"takes a vector, not {tensor!r}", "input")
    count = as_int(expect_int(r, "r"))
    if count < 0:
        refuse(f"chooses no negative number of values, not {count}", "r")
    if count == 0:
        return Tensor(tensor.dtype, (0,))
    values = as_int(tensor.shape[0])
    if values > 1 and (count > _MOST_BITS or values**count >= 2**_MOST_BITS):
        # PyTorch marks the places of a grid of as many dimensions first.
        refuse(f"makes a grid of {values} ** {count} places on its way, which is too large", "r")
    if count > _MOST_BITS:
        return Tensor(tensor.dtype, (values if with_replacement else 0, count))
    most = tensor.shape[0] + (count - 1 if with_replacement else 0)
    return Tensor(tensor.dtype, (product(most - index for index in range(count)) // factorial(count), count))


OPERATIONS = (
    Operation(
        "cat",
        "tensors, dim=0",
        "Tensors joined along a dimension.",
        TORCH,
        aliases=("concat", "concatenate"),
        rule=cat,
        work=work.take_none,
    ),
    Operation(
        "stack",
        "tensors, dim=0",
        "Tensors of one shape joined along a new dimension.",
        TORCH,
        rule=stack,
        work=work.take_none,
    ),
    Operation(
        "hstack",
        "tensors",
        "Tensors side by side: joined along dimension 1, vectors along 0.",
        TORCH,
        rule=hstack,
        work=work.take_none,
    ),
    Operation(
        "vstack",
        "tensors",
        "Tensors one above the other: joined along dimension 0, vectors as rows.",
        TORCH,
        aliases=("row_stack",),
        rule=_join_along(0, atleast_2d),
        work=work.take_none,
    ),
    Operation(
        "dstack",
        "tensors",
        "Tensors in depth: joined along dimension 2.",
        TORCH,
        rule=_join_along(2, atleast_3d),
        work=work.take_none,
    ),
    Operation(
        "column_stack",
        "tensors",
        "Tensors side by side, vectors as columns.",
        TORCH,
        rule=column_stack,
        work=work.take_none,
    ),
    Operation(
        "block_diag",
        "*tensors",
        "Matrices along the diagonal of a larger one.",
        TORCH,
        rule=block_diag,
        work=work.take_none,
    ),
    Operation(
        "meshgrid",
        "*tensors, indexing=None",
        "The coordinates of the grid that vectors span.",
        TORCH,
        rule=meshgrid,
        work=work.take_none,
    ),
    Operation(
        "cartesian_prod",
        "*tensors",
        "All choices of one value from each vector, as rows.",
        TORCH,
        rule=cartesian_prod,
        work=work.take_none,
    ),
    Operation(
        "combinations",
        "input, r=2, with_replacement=False",
        "All choices of r values of a vector, as rows.",
        TORCH,
        rule=combinations,
        work=work.take_none,
    ),
)
