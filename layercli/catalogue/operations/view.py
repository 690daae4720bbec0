"""Operations that keep the values and change shape, order, dtype or memory; and what is known of a tensor."""

from __future__ import annotations

from layercli.catalogue.entries import TENSOR, TORCH, Operation

OPERATIONS = (
    # Shape
    Operation("view", "*size", "The same memory in another shape, one size may be -1.", TENSOR),
    Operation("view_as", "other", "The same memory in the shape of `other`.", TENSOR),
    Operation(
        "reshape",
        "input, shape",
        "The same values in another shape, copied only where they must be.",
        in_tensor="*shape",
    ),
    Operation("reshape_as", "other", "The same values in the shape of `other`.", TENSOR),
    Operation(
        "flatten", "input, start_dim=0, end_dim=-1", "The dimensions from `start_dim` to `end_dim` as one."
    ),
    Operation("ravel", "input", "All dimensions as one."),
    Operation("unflatten", "input, dim, sizes", "One dimension as several, one size may be -1."),
    Operation(
        "squeeze", "input, dim=None", "Without the dimensions of size 1, or without those in `dim` if 1."
    ),
    Operation("unsqueeze", "input, dim", "With a dimension of size 1 put in at `dim`."),
    Operation("atleast_1d", "*tensors", "0-d tensors with one dimension.", TORCH),
    Operation("atleast_2d", "*tensors", "Tensors of fewer dimensions with two.", TORCH),
    Operation("atleast_3d", "*tensors", "Tensors of fewer dimensions with three.", TORCH),
    # Order of the dimensions
    Operation("transpose", "input, dim0, dim1", "Two dimensions exchanged.", aliases=("swapdims",)),
    Operation("swapaxes", "input, axis0, axis1", "Two dimensions exchanged, in NumPy's words."),
    Operation("permute", "input, dims", "The dimensions in a new order.", in_tensor="*dims"),
    Operation(
        "movedim", "input, source, destination", "Dimensions moved to other places.", aliases=("moveaxis",)
    ),
    Operation("t", "input", "A matrix transposed; a vector as it is."),
    Operation("adjoint", "input", "The last two dimensions exchanged, conjugated."),
    Operation("T", "", "A matrix transposed.", TENSOR, attribute=True),
    Operation("mT", "", "The last two dimensions exchanged.", TENSOR, attribute=True),
    Operation("H", "", "A matrix transposed and conjugated.", TENSOR, attribute=True),
    Operation("mH", "", "The last two dimensions exchanged, conjugated.", TENSOR, attribute=True),
    # Repetition
    Operation("expand", "*size", "Dimensions of size 1 shown larger without a copy; -1 keeps one.", TENSOR),
    Operation("expand_as", "other", "Dimensions of size 1 shown as large as those of `other`.", TENSOR),
    Operation(
        "broadcast_to", "input, size", "The input broadcast to `size` without a copy.", in_tensor="*size"
    ),
    Operation("broadcast_tensors", "*tensors", "All inputs broadcast to their common shape.", TORCH),
    Operation("sum_to_size", "*size", "What was broadcast to this shape, summed back to `size`.", TENSOR),
    Operation("repeat", "*repeats", "The whole tensor repeated along each dimension.", TENSOR),
    Operation(
        "tile", "input, dims", "The whole tensor repeated, missing repeats taken as 1.", in_tensor="*dims"
    ),
    Operation(
        "repeat_interleave",
        "input, repeats, dim=None, *, output_size=None",
        "Each element repeated beside itself, a whole number of times.",
    ),
    # Parts
    Operation("narrow", "input, dim, start, length", "A stretch of `length` along one dimension."),
    Operation("select", "input, dim, index", "One slice, its dimension removed."),
    Operation(
        "chunk", "input, chunks, dim=0", "At most `chunks` pieces of equal size, the last one smaller."
    ),
    Operation(
        "split",
        "tensor, split_size_or_sections, dim=0",
        "Pieces of one size, or of the listed sizes.",
        in_tensor="split_size, dim=0",
    ),
    Operation("split_with_sizes", "input, split_sizes, dim=0", "Pieces of the listed sizes."),
    Operation(
        "tensor_split",
        "input, indices_or_sections, /, dim=0",
        "So many pieces that differ by at most one, or cut at the listed indices.",
    ),
    Operation("hsplit", "input, indices_or_sections, /", "Pieces side by side, as `hstack` joins them."),
    Operation(
        "vsplit", "input, indices_or_sections, /", "Pieces one above the other, as `vstack` joins them."
    ),
    Operation("dsplit", "input, indices_or_sections, /", "Pieces in depth, as `dstack` joins them."),
    Operation("unbind", "input, dim=0", "All slices along one dimension."),
    Operation("unfold", "dimension, size, step", "Overlapping windows along one dimension.", TENSOR),
    # Diagonals and triangles
    Operation(
        "diagonal", "input, offset=0, dim1=0, dim2=1", "The diagonal of two dimensions, as the last one."
    ),
    Operation("diag", "input, diagonal=0", "A vector as a diagonal matrix, a matrix's diagonal as a vector."),
    Operation(
        "diag_embed", "input, offset=0, dim1=-2, dim2=-1", "The last dimension as diagonals of matrices."
    ),
    Operation("diagflat", "input, offset=0", "All values as the diagonal of a matrix."),
    Operation(
        "tril", "input, diagonal=0", "The lower triangle, zeros above the given diagonal.", in_place=TENSOR
    ),
    Operation(
        "triu", "input, diagonal=0", "The upper triangle, zeros below the given diagonal.", in_place=TENSOR
    ),
    Operation("fill_diagonal_", "fill_value, wrap=False", "Writes `fill_value` into the diagonal.", TENSOR),
    # Order of the values
    Operation("flip", "input, dims", "The order along the given dimensions turned round.", in_tensor="*dims"),
    Operation("fliplr", "input", "The columns in reverse order."),
    Operation("flipud", "input", "The rows in reverse order."),
    Operation("roll", "input, shifts, dims=()", "Values moved along, those past the end put in front."),
    Operation("rot90", "input, k=1, dims=(0, 1)", "Turned by k right angles in the plane of two dimensions."),
    # Complex numbers
    Operation("view_as_real", "input", "Complex numbers as pairs of reals in a last dimension of 2.", TORCH),
    Operation(
        "view_as_complex", "input", "Pairs of reals in a last dimension of 2 as complex numbers.", TORCH
    ),
    Operation("real", "input", "The real part.", in_tensor="", attribute=True),
    Operation("imag", "input", "The imaginary part.", in_tensor="", attribute=True),
    # Memory
    Operation("contiguous", "", "The same values in memory in the order of their indices.", TENSOR),
    Operation("clone", "input", "A copy."),
    Operation("detach", "input", "The same values, cut off from the gradient."),
    # Dtype
    Operation(
        "to",
        "*target, dtype=None, device=None, non_blocking=False, copy=False",
        "The same values in another dtype, or in that of another tensor.",
        TENSOR,
    ),
    Operation("type_as", "other", "The same values in the dtype of `other`.", TENSOR),
    Operation("float", "", "The values as float32.", TENSOR),
    Operation("double", "", "The values as float64.", TENSOR),
    Operation("half", "", "The values as float16.", TENSOR),
    Operation("bfloat16", "", "The values as bfloat16.", TENSOR),
    Operation("long", "", "The values as int64.", TENSOR),
    Operation("int", "", "The values as int32.", TENSOR),
    Operation("short", "", "The values as int16.", TENSOR),
    Operation("char", "", "The values as int8.", TENSOR),
    Operation("byte", "", "The values as uint8.", TENSOR),
    Operation("bool", "", "Whether each value is nonzero, as bool.", TENSOR),
    Operation("cfloat", "", "The values as complex64.", TENSOR),
    Operation("cdouble", "", "The values as complex128.", TENSOR),
    # What is known of a tensor
    Operation("shape", "", "The sizes of all dimensions.", TENSOR, attribute=True),
    Operation("size", "dim=None", "The sizes of all dimensions, or of one.", TENSOR),
    Operation("dim", "", "The number of dimensions.", TENSOR, aliases=("ndimension",)),
    Operation("ndim", "", "The number of dimensions.", TENSOR, attribute=True),
    Operation("numel", "input, /", "The number of elements."),
    Operation("nelement", "", "The number of elements.", TENSOR),
    Operation("dtype", "", "The dtype.", TENSOR, attribute=True),
    Operation("device", "", "The device, for `device=` arguments.", TENSOR, attribute=True),
    Operation("element_size", "", "The bytes of one element.", TENSOR),
    Operation("itemsize", "", "The bytes of one element.", TENSOR, attribute=True),
    Operation("nbytes", "", "The bytes of all elements.", TENSOR, attribute=True),
    Operation("is_floating_point", "input", "Whether the dtype is a floating one."),
    Operation("is_complex", "input", "Whether the dtype is a complex one."),
    Operation("is_signed", "input", "Whether the dtype has negative numbers."),
    Operation("is_same_size", "input, other", "Whether both have the same sizes."),
    Operation("is_tensor", "obj", "Whether the value is a tensor.", TORCH),
    Operation("broadcast_shapes", "*shapes", "The common shape that the given ones broadcast to.", TORCH),
)
