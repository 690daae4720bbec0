"""Operations over whole dimensions: sums, extremes, statistics, running totals, sorting."""

from __future__ import annotations

from layercli.catalogue.entries import TENSOR, TORCH, Operation

OPERATIONS = (
    Operation(
        "sum", "input, dim=None, keepdim=False, *, dtype=None", "The sum; whole numbers add up as int64."
    ),
    Operation("nansum", "input, dim=None, keepdim=False, *, dtype=None", "The sum, NaN counted as zero."),
    Operation("mean", "input, dim=None, keepdim=False, *, dtype=None", "The arithmetic mean."),
    Operation("nanmean", "input, dim=None, keepdim=False, *, dtype=None", "The mean of what isn't NaN."),
    Operation("prod", "input, dim=None, keepdim=False, *, dtype=None", "The product."),
    Operation(
        "var",
        "input, dim=None, unbiased=True, keepdim=False, *, correction=1",
        "The variance, divided by the count less `correction`.",
    ),
    Operation(
        "std",
        "input, dim=None, unbiased=True, keepdim=False, *, correction=1",
        "The standard deviation, the root of `var`.",
    ),
    Operation(
        "var_mean",
        "input, dim=None, unbiased=True, keepdim=False, *, correction=1",
        "The variance and the mean.",
        TORCH,
    ),
    Operation(
        "std_mean",
        "input, dim=None, unbiased=True, keepdim=False, *, correction=1",
        "The standard deviation and the mean.",
        TORCH,
    ),
    Operation("amax", "input, dim=(), keepdim=False", "The greatest value over one or several dimensions."),
    Operation("amin", "input, dim=(), keepdim=False", "The least value over one or several dimensions."),
    Operation("aminmax", "input, *, dim=None, keepdim=False", "The least and the greatest value."),
    Operation(
        "max",
        "input, dim=None, keepdim=False, *, other=None",
        "The greatest value; values and indices with a dimension; of two tensors, elementwise.",
    ),
    Operation(
        "min",
        "input, dim=None, keepdim=False, *, other=None",
        "The least value; values and indices with a dimension; of two tensors, elementwise.",
    ),
    Operation("argmax", "input, dim=None, keepdim=False", "The index of the greatest value."),
    Operation("argmin", "input, dim=None, keepdim=False", "The index of the least value."),
    Operation(
        "median", "input, dim=None, keepdim=False", "The lower median; with a dimension, its index too."
    ),
    Operation("nanmedian", "input, dim=None, keepdim=False", "The lower median of what isn't NaN."),
    Operation(
        "mode", "input, dim=-1, keepdim=False", "The most frequent value and an index where it stands."
    ),
    Operation(
        "quantile",
        "input, q, dim=None, keepdim=False, *, interpolation='linear'",
        "The values below which the shares `q` lie.",
    ),
    Operation(
        "nanquantile",
        "input, q, dim=None, keepdim=False, *, interpolation='linear'",
        "The quantiles of what isn't NaN.",
    ),
    Operation("kthvalue", "input, k, dim=-1, keepdim=False", "The k-th least value and its index."),
    Operation("all", "input, dim=None, keepdim=False", "Whether every value is nonzero."),
    Operation("any", "input, dim=None, keepdim=False", "Whether at least one value is nonzero."),
    Operation("count_nonzero", "input, dim=None", "How many values are nonzero."),
    Operation("logsumexp", "input, dim, keepdim=False", "The logarithm of the sum of exponentials."),
    Operation("norm", "input, p='fro', dim=None, keepdim=False, dtype=None", "The vector or matrix norm."),
    Operation("renorm", "input, p, dim, maxnorm", "Slices along `dim` scaled down to norm `maxnorm`."),
    Operation("dist", "input, other, p=2", "The p-norm of the difference of two tensors."),
    Operation("trace", "input", "The sum of a matrix's diagonal."),
    Operation("cov", "input, *, correction=1, fweights=None, aweights=None", "The covariances of the rows."),
    Operation("corrcoef", "input", "The correlations of the rows."),
    Operation("histc", "input, bins=100, min=0, max=0", "How many values fall into each of equal bins."),
    # Along a dimension, of the same size
    Operation("cumsum", "input, dim, *, dtype=None", "The running sum along `dim`.", in_place=TENSOR),
    Operation("cumprod", "input, dim, *, dtype=None", "The running product along `dim`.", in_place=TENSOR),
    Operation("cummax", "input, dim", "The running greatest value along `dim`, and its index."),
    Operation("cummin", "input, dim", "The running least value along `dim`, and its index."),
    Operation("logcumsumexp", "input, dim", "The logarithm of the running sum of exponentials."),
    Operation(
        "diff",
        "input, n=1, dim=-1, prepend=None, append=None",
        "The difference of neighbours along `dim`, taken n times.",
    ),
    Operation(
        "trapezoid",
        "y, x=None, *, dx=1, dim=-1",
        "The integral along `dim` by the trapezoidal rule.",
        TORCH,
        aliases=("trapz",),
    ),
    Operation(
        "cumulative_trapezoid",
        "y, x=None, *, dx=1, dim=-1",
        "The running integral along `dim` by the trapezoidal rule.",
        TORCH,
    ),
    Operation(
        "gradient",
        "input, *, spacing=1, dim=None, edge_order=1",
        "Central differences along each of the dimensions.",
        TORCH,
    ),
    # Order
    Operation(
        "sort", "input, dim=-1, descending=False, *, stable=False", "Values in order, and their old indices."
    ),
    Operation(
        "argsort", "input, dim=-1, descending=False, *, stable=False", "The indices that sort `input`."
    ),
    Operation("msort", "input", "Values in order along the first dimension."),
    Operation(
        "topk",
        "input, k, dim=-1, largest=True, sorted=True",
        "The k greatest or least values, and their indices.",
    ),
    Operation(
        "searchsorted",
        "sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None",
        "Where each value would have to be inserted to keep the sequence sorted.",
        TORCH,
    ),
)
