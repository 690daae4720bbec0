"""Operations that make a tensor of sizes, literals, or in the likeness of another, without chance."""

from __future__ import annotations

from layercli.catalogue.entries import TENSOR, TORCH, Operation

OPERATIONS = (
    Operation("zeros", "*size, dtype=None, device=None", "Zeros of the given sizes.", TORCH, creates=True),
    Operation("ones", "*size, dtype=None, device=None", "Ones of the given sizes.", TORCH, creates=True),
    Operation(
        "full",
        "size, fill_value, *, dtype=None, device=None",
        "One value in all places of the given sizes.",
        TORCH,
        creates=True,
    ),
    Operation(
        "eye",
        "n, m=None, *, dtype=None, device=None",
        "A matrix with ones in the diagonal.",
        TORCH,
        creates=True,
    ),
    Operation(
        "arange",
        "start=0, end=None, step=1, *, dtype=None, device=None",
        "The numbers from `start` (0 where only one is given) up to but without `end`.",
        TORCH,
        creates=True,
    ),
    Operation(
        "linspace",
        "start, end, steps, *, dtype=None, device=None",
        "`steps` numbers evenly from `start` to `end`.",
        TORCH,
        creates=True,
    ),
    Operation(
        "logspace",
        "start, end, steps, base=10.0, *, dtype=None, device=None",
        "`steps` numbers from base ** start to base ** end, evenly in the exponent.",
        TORCH,
        creates=True,
    ),
    Operation(
        "tensor",
        "data, *, dtype=None, device=None",
        "The tensor of a number or of nested lists of numbers.",
        TORCH,
        creates=True,
    ),
    Operation(
        "as_tensor",
        "data, dtype=None, device=None",
        "The tensor of a number or of nested lists; a tensor as it is.",
        TORCH,
        creates=True,
    ),
    Operation(
        "scalar_tensor", "s, *, dtype=None, device=None", "A 0-d tensor of one number.", TORCH, creates=True
    ),
    Operation(
        "tril_indices",
        "row, col, offset=0, *, dtype=int64, device=None",
        "The indices of the lower triangle of a matrix of `row` by `col`.",
        TORCH,
        creates=True,
    ),
    Operation(
        "triu_indices",
        "row, col, offset=0, *, dtype=int64, device=None",
        "The indices of the upper triangle of a matrix of `row` by `col`.",
        TORCH,
        creates=True,
    ),
    # Windows
    Operation(
        "hann_window",
        "window_length, periodic=True, *, dtype=None, device=None",
        "The Hann window.",
        TORCH,
        creates=True,
    ),
    Operation(
        "hamming_window",
        "window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, device=None",
        "The Hamming window.",
        TORCH,
        creates=True,
    ),
    Operation(
        "blackman_window",
        "window_length, periodic=True, *, dtype=None, device=None",
        "The Blackman window.",
        TORCH,
        creates=True,
    ),
    Operation(
        "bartlett_window",
        "window_length, periodic=True, *, dtype=None, device=None",
        "The Bartlett (triangular) window.",
        TORCH,
        creates=True,
    ),
    Operation(
        "kaiser_window",
        "window_length, periodic=True, beta=12.0, *, dtype=None, device=None",
        "The Kaiser window.",
        TORCH,
        creates=True,
    ),
    # In the likeness of a tensor
    Operation("zeros_like", "input, *, dtype=None, device=None", "Zeros in the shape of the input.", TORCH),
    Operation("ones_like", "input, *, dtype=None, device=None", "Ones in the shape of the input.", TORCH),
    Operation(
        "full_like",
        "input, fill_value, *, dtype=None, device=None",
        "One value in the shape of the input.",
        TORCH,
    ),
    Operation("new_zeros", "*size, dtype=None, device=None", "Zeros of other sizes, in this dtype.", TENSOR),
    Operation("new_ones", "*size, dtype=None, device=None", "Ones of other sizes, in this dtype.", TENSOR),
    Operation(
        "new_full",
        "size, fill_value, *, dtype=None, device=None",
        "One value in all places of other sizes, in this dtype.",
        TENSOR,
    ),
    Operation(
        "new_tensor", "data, dtype=None, device=None", "The tensor of nested lists, in this dtype.", TENSOR
    ),
)
