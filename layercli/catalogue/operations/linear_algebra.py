"""Products, distances, decompositions of matrices."""

from __future__ import annotations

from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, TENSOR, TORCH, Operation

OPERATIONS = (
    # Products
    Operation("matmul", "input, other", "The matrix product, batches broadcast, as `@`."),
    Operation("mm", "input, mat2", "The product of two matrices."),
    Operation("bmm", "input, mat2", "The products of two batches of matrices."),
    Operation("mv", "input, vec", "The product of a matrix and a vector."),
    Operation("dot", "input, tensor", "The sum of products of two vectors."),
    Operation("vdot", "input, other", "The sum of products of two vectors, the first one conjugated."),
    Operation("inner", "input, other", "Sums of products over the last dimensions."),
    Operation("outer", "input, vec2", "All products of two vectors' elements.", aliases=("ger",)),
    Operation("kron", "input, other", "The Kronecker product."),
    Operation(
        "addmm",
        "input, mat1, mat2, *, beta=1, alpha=1",
        "beta * input + alpha * (mat1 @ mat2).",
        in_place=TENSOR,
    ),
    Operation(
        "addmv", "input, mat, vec, *, beta=1, alpha=1", "beta * input + alpha * (mat @ vec).", in_place=TENSOR
    ),
    Operation(
        "addr",
        "input, vec1, vec2, *, beta=1, alpha=1",
        "beta * input + alpha * the outer product of two vectors.",
        in_place=TENSOR,
    ),
    Operation(
        "addbmm",
        "input, batch1, batch2, *, beta=1, alpha=1",
        "beta * input + alpha * the sum of a batch of products.",
        in_place=TENSOR,
    ),
    Operation(
        "baddbmm",
        "input, batch1, batch2, *, beta=1, alpha=1",
        "beta * input + alpha * (batch1 @ batch2), for batches.",
        in_place=TENSOR,
    ),
    Operation("einsum", "equation, *operands", "Sums of products by Einstein's notation.", TORCH),
    Operation("tensordot", "a, b, dims=2", "Sums of products over the given dimensions of both.", TORCH),
    Operation("cross", "input, other, dim=None", "The vector product in three dimensions."),
    Operation("linear", "input, weight, bias=None", "input @ weight.T + bias.", FUNCTIONAL),
    Operation(
        "bilinear",
        "input1, input2, weight, bias=None",
        "input1 @ weight @ input2 for each output feature, plus bias.",
        FUNCTIONAL_AND_TORCH,
    ),
    # Distances
    Operation(
        "cdist",
        "x1, x2, p=2.0, compute_mode='use_mm_for_euclid_dist_if_necessary'",
        "The distance of each row of `x1` to each row of `x2`.",
        TORCH,
    ),
    Operation("pdist", "input, p=2", "The distances of all pairs of rows.", FUNCTIONAL_AND_TORCH),
    Operation(
        "pairwise_distance",
        "x1, x2, p=2.0, eps=1e-06, keepdim=False",
        "The distance of each row of `x1` to its row of `x2`.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "cosine_similarity",
        "x1, x2, dim=1, eps=1e-08",
        "The cosine of the angle between vectors along `dim`.",
        FUNCTIONAL_AND_TORCH,
    ),
    # Square matrices and decompositions
    Operation("det", "input", "The determinant."),
    Operation("logdet", "input", "The logarithm of the determinant."),
    Operation("slogdet", "input", "The sign of the determinant and the logarithm of its absolute value."),
    Operation("inverse", "input", "The inverse matrix."),
    Operation("pinverse", "input, rcond=1e-15", "The pseudo-inverse matrix."),
    Operation("matrix_exp", "input", "The matrix exponential."),
    Operation("matrix_power", "input, n", "A square matrix to a whole power."),
    Operation("cholesky", "input, upper=False", "The Cholesky factor of a positive definite matrix."),
    Operation("qr", "input, some=True", "An orthogonal and an upper triangular factor."),
    Operation("svd", "input, some=True, compute_uv=True", "The singular value decomposition: U, S, V."),
    Operation("vander", "x, N=None, increasing=False", "The matrix of a vector's powers.", TORCH),
)
