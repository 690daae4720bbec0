"""Operations that make one tensor of several."""

from __future__ import annotations

from layercli.catalogue.entries import TORCH, Operation

OPERATIONS = (
    Operation(
        "cat", "tensors, dim=0", "Tensors joined along a dimension.", TORCH, aliases=("concat", "concatenate")
    ),
    Operation("stack", "tensors, dim=0", "Tensors of one shape joined along a new dimension.", TORCH),
    Operation("hstack", "tensors", "Tensors side by side: joined along dimension 1, vectors along 0.", TORCH),
    Operation(
        "vstack",
        "tensors",
        "Tensors one above the other: joined along dimension 0, vectors as rows.",
        TORCH,
        aliases=("row_stack",),
    ),
    Operation("dstack", "tensors", "Tensors in depth: joined along dimension 2.", TORCH),
    Operation("column_stack", "tensors", "Tensors side by side, vectors as columns.", TORCH),
    Operation("block_diag", "*tensors", "Matrices along the diagonal of a larger one.", TORCH),
    Operation("meshgrid", "*tensors, indexing=None", "The coordinates of the grid that vectors span.", TORCH),
    Operation("cartesian_prod", "*tensors", "All choices of one value from each vector, as rows.", TORCH),
    Operation(
        "combinations",
        "input, r=2, with_replacement=False",
        "All choices of r values of a vector, as rows.",
        TORCH,
    ),
)
