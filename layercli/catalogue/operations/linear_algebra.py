"""Products, distances, decompositions of matrices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from layercli.catalogue import macs, work
from layercli.catalogue.arguments import expect_int, expect_number
from layercli.catalogue.dtypes import CATEGORIES, can_cast, promote_dtypes
from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, TENSOR, TORCH, Operation
from layercli.catalogue.layouts import is_contiguous, is_empty, with_shape
from layercli.catalogue.operations.indexing import is_expandable
from layercli.catalogue.operations.view import (
    REAL_PARTS,
    convert,
    find_some_dims,
    movedim,
    permute,
    take_diagonal,
    transpose,
    unsqueeze,
    view,
)
from layercli.catalogue.rules import (
    broadcast_shapes,
    elementwise,
    expect_tensor,
    find_dim,
    is_number,
    like,
    promote,
    reduce_shape,
    tell_count,
)
from layercli.catalogue.sizes import as_int, minimum, product, record_conditions, same_shape
from layercli.catalogue.tensors import AnySize, Shape, Tensor, contiguous_strides, refuse

# Products --------------------------------------------------------------------------------------------------


def _expect_dims(value: Any, dims: int, argument: str, what: str) -> Tensor:
    tensor = expect_tensor(value, argument)
    if tensor.dim != dims:
        refuse(f"needs {what} as {argument} and got {tensor!r}", argument)
    return tensor


def _check_dtypes(left: Tensor, right: Tensor) -> None:
    if left.dtype != right.dtype:
        refuse(f"multiplies tensors of one dtype and got {left!r} and {right!r}", code="dtype-mismatch")


def _check_multiplied(size: AnySize, other: AnySize, left: Tensor, right: Tensor) -> None:
    """Whether the sizes that are summed over are one. Raises Refusal."""
    if size != other:
        refuse(f"multiplies {left!r} and {right!r}, whose sizes {size} and {other} have to be equal")


def _check_kernel(result: Tensor, summed: AnySize) -> Tensor:
    """The result of a product whose kernel takes all dtypes but two; without elements it has nothing to do. Raises Refusal."""
    if result.dtype in ("bool", "complex32") and not _is_trivial(result, summed):
        refuse(f"multiplies no matrices of {result.dtype}", code="dtype-mismatch")
    return result


def mm(input: Tensor, mat2: Any) -> Tensor:
    """(n, m) and (m, p) to (n, p). Source: torch.mm."""
    left, right = _expect_dims(input, 2, "input", "a matrix"), _expect_dims(mat2, 2, "mat2", "a matrix")
    _check_multiplied(left.shape[1], right.shape[0], left, right)
    _check_dtypes(left, right)
    return _check_kernel(Tensor(left.dtype, (left.shape[0], right.shape[1])), left.shape[1])


def bmm(input: Tensor, mat2: Any) -> Tensor:
    """(b, n, m) and (b, m, p) to (b, n, p). Source: torch.bmm."""
    left = _expect_dims(input, 3, "input", "a batch of matrices")
    right = _expect_dims(mat2, 3, "mat2", "a batch of matrices")
    if left.shape[0] != right.shape[0]:
        refuse(f"multiplies batches of one size and got {left!r} and {right!r}")
    _check_multiplied(left.shape[2], right.shape[1], left, right)
    result = Tensor(right.dtype, (*left.shape[:2], right.shape[2]))
    if left.dtype != right.dtype and not _is_trivial(result, left.shape[2]):
        _check_dtypes(left, right)
    return _check_kernel(result, left.shape[2])


def mv(input: Tensor, vec: Any) -> Tensor:
    """(n, m) and (m,) to (n,). Source: torch.mv."""
    left, right = _expect_dims(input, 2, "input", "a matrix"), _expect_dims(vec, 1, "vec", "a vector")
    _check_multiplied(left.shape[1], right.shape[0], left, right)
    _check_dtypes(left, right)
    return _check_kernel(Tensor(left.dtype, left.shape[:1]), left.shape[1])


def dot(input: Tensor, tensor: Any) -> Tensor:
    """(n,) and (n,) to (). Source: torch.dot."""
    left, right = _expect_dims(input, 1, "input", "a vector"), _expect_dims(tensor, 1, "tensor", "a vector")
    _check_multiplied(left.shape[0], right.shape[0], left, right)
    _check_dtypes(left, right)
    return _check_kernel(Tensor(left.dtype, ()), 1)


def vdot(input: Tensor, other: Any) -> Tensor:
    """(n,) and (n,) to (). Source: torch.vdot."""
    return dot(input, other)


def matmul(input: Tensor, other: Any) -> Tensor:
    """(*, n, m) and (*, m, p) to (*, n, p), batches broadcast; vectors stand for one row or column that goes again.

    Source: torch.matmul.
    """
    left, right = expect_tensor(input, "input"), expect_tensor(other, "other")
    if not left.dim or not right.dim:
        refuse(f"multiplies tensors with dimensions and got {left!r} and {right!r}")
    _check_multiplied(left.shape[-1], right.shape[-2 if right.dim > 1 else -1], left, right)
    if left.dim == right.dim == 1:
        return dot(left, right)
    batch = broadcast_shapes([left.shape[:-2], right.shape[:-2]])
    rows = left.shape[-2:-1] if left.dim > 1 else ()
    columns = right.shape[-1:] if right.dim > 1 else ()
    result = Tensor(right.dtype, (*batch, *rows, *columns))
    if left.dtype != right.dtype and not (_is_batched(left, right) and _is_trivial(result, left.shape[-1])):
        _check_dtypes(left, right)
    return _check_kernel(result, left.shape[-1])


def _is_batched(left: Tensor, right: Tensor) -> bool:
    """Whether ``matmul`` takes batches rather than one large matrix, by dimensions and layout. Source: should_fold."""
    if min(left.dim, right.dim) > 2 or max(left.dim, right.dim) < 3:
        return max(left.dim, right.dim) > 2
    if left.dim == 2:
        return True
    large = left if left.dim > 2 else transpose(right, -1, -2)
    if large.strides is None or is_empty(large):
        return False
    steps = zip(large.strides, large.strides[1:], large.shape[1:], strict=False)
    return any(as_int(own) != as_int(inner * size) for own, inner, size in list(steps)[: large.dim - 2])


def _is_trivial(result: Tensor, summed: AnySize) -> bool:
    """Whether there is nothing to multiply, where batches of matrices are taken whatever their dtypes."""
    return is_empty(result) or summed == 0


def inner(input: Tensor, other: Any) -> Tensor:
    """(*, n) and (**, n) to (*, **). Source: torch.inner."""
    left, right = expect_tensor(input, "input"), expect_tensor(other, "other")
    if not left.dim or not right.dim:
        return multiply(left, right)
    _check_multiplied(left.shape[-1], right.shape[-1], left, right)
    _check_dtypes(left, right)
    return _check_kernel(Tensor(left.dtype, (*left.shape[:-1], *right.shape[:-1])), left.shape[-1])


def outer(input: Tensor, vec2: Any) -> Tensor:
    """(n,) and (m,) to (n, m). Source: torch.outer."""
    left, right = _expect_dims(input, 1, "input", "a vector"), _expect_dims(vec2, 1, "vec2", "a vector")
    return Tensor(promote(left, right), (*left.shape, *right.shape))


def kron(input: Tensor, other: Any) -> Tensor:
    """(a1, a2, ...) and (b1, b2, ...) to (a1 * b1, a2 * b2, ...). Source: torch.kron."""
    left, right = expect_tensor(input, "input"), expect_tensor(other, "other")
    dims = max(left.dim, right.dim)
    own, others = ((*(1,) * (dims - tensor.dim), *tensor.shape) for tensor in (left, right))
    # PyTorch multiplies views of (a1, 1, a2, 1, ...) and (1, b1, 1, b2, ...) and shows the result as the product.
    first = view(left, [part for size in own for part in (size, 1)])
    second = view(right, [part for size in others for part in (1, size)])
    result = multiply(first, second)
    return view(result, [size * factor for size, factor in zip(own, others, strict=True)])


def multiply(*factors: Tensor) -> Tensor:
    """The elementwise product; those of another dtype are copied first, and so lie densely in memory."""
    dtype = promote(*factors)
    return elementwise(dtype, *(convert(factor, dtype) for factor in factors))


def _check_factors(dtype: str, **factors: Any) -> None:
    for name, factor in factors.items():
        if not isinstance(factor, complex):
            expect_number(factor, name)
        if isinstance(factor, Tensor) and CATEGORIES[factor.dtype] > 1 > CATEGORIES[dtype] - 1:
            refuse(f"takes whole numbers as {name} for {dtype}, not {factor!r}", name, "dtype-mismatch")
        if isinstance(factor, complex) and CATEGORIES[dtype] < 3:
            refuse(f"takes no complex number as {name} for {dtype}", name, "dtype-mismatch")
        if isinstance(factor, float) and CATEGORIES[dtype] < 2:
            refuse(f"takes whole numbers as {name} for {dtype}, not {factor}", name, "dtype-mismatch")


def _add_product(input: Any, result: Tensor, beta: Any, alpha: Any) -> Tensor:
    """``beta * input + alpha * result``, the input broadcast to the product. Raises Refusal."""
    added = expect_tensor(input, "input")
    if not is_expandable(added.shape, result.shape):
        refuse(f"adds {added!r} to a product of {list(result.shape)}, to which it doesn't broadcast", "input")
    _check_dtypes(added, result)
    for name, factor in (("beta", beta), ("alpha", alpha)):
        # Kernels of whole numbers cut a fraction.
        if is_number(factor):
            factor = int(factor)
        _check_factors(result.dtype if is_number(factor) else "float64", **{name: factor})
    return result


def addmm(input: Tensor, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """(n, p) plus the product of (n, m) and (m, p). Source: torch.addmm."""
    return _add_product(input, mm(mat1, mat2), beta, alpha)


def addmv(input: Tensor, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """(n,) plus the product of (n, m) and (m,). Source: torch.addmv."""
    result = _add_product(input, mv(mat, vec), beta, alpha)
    # Without elements in the matrix, the kernel gives beta * input as it is.
    return (
        like(input) if beta != 0 and not same_shape(input.shape, result.shape) and is_empty(mat) else result
    )


def addr(input: Tensor, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """(n, m) plus the outer product of (n,) and (m,). Source: torch.addr."""
    left, right = _expect_dims(vec1, 1, "vec1", "a vector"), _expect_dims(vec2, 1, "vec2", "a vector")
    added = expect_tensor(input, "input")
    shape = (*left.shape, *right.shape)
    if not is_expandable(added.shape, shape):
        refuse(f"adds {added!r} to a product of {list(shape)}, to which it doesn't broadcast", "input")
    dtype = promote(added, left, right)
    _check_factors(dtype, beta=beta, alpha=alpha)
    return multiply(added, unsqueeze(left, 1), right)


def addbmm(input: Tensor, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """(n, p) plus the sum of the products of (b, n, m) and (b, m, p). Source: torch.addbmm."""
    products = bmm(batch1, batch2)
    added = expect_tensor(input, "input")
    if as_int(batch1.shape[0]) == 0:
        # Without a product, only beta * input is left.
        return _add_product(added, Tensor(added.dtype, products.shape[1:]), beta, 1)
    _check_dtypes(batch1, batch2)
    return _add_product(added, Tensor(products.dtype, products.shape[1:]), beta, alpha)


def baddbmm(input: Tensor, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """(b, n, p) plus the products of (b, n, m) and (b, m, p). Source: torch.baddbmm."""
    result = bmm(batch1, batch2)
    _check_dtypes(expect_tensor(input, "input"), batch1)
    _add_product(input, Tensor(batch1.dtype, result.shape), beta, alpha)
    return result


def tensordot(a: Any, b: Any, dims: Any = 2) -> Tensor:
    """Sums of products over ``dims``: the last ones of a and the first ones of b, or a list for each.

    Source: torch.tensordot.
    """
    left, right = expect_tensor(a, "a"), expect_tensor(b, "b")
    if isinstance(dims, (tuple, list)):
        if len(dims) != 2:
            refuse(f"needs the dimensions of both tensors, not {dims!r}", "dims")
        own, others = (_find_summed(part, tensor) for part, tensor in zip(dims, (left, right), strict=True))
    else:
        count = as_int(expect_int(dims, "dims"))
        if count < 0 or count > min(left.dim, right.dim):
            refuse(f"can't sum over {count} dimensions of {left!r} and {right!r}", "dims")
        own, others = tuple(range(left.dim - count, left.dim)), tuple(range(count))
    if len(own) != len(others):
        refuse(f"needs as many dimensions of both tensors, not {len(own)} and {len(others)}", "dims")
    _check_dtypes(left, right)
    summed: AnySize = 1
    for first, second in zip(own, others, strict=True):
        size, other = left.shape[first], right.shape[second]
        if size != other and size != 1 and other != 1:
            _check_multiplied(size, other, left, right)
        summed = summed * (1 if as_int(size) == 1 else other)
    shape = (*reduce_shape(left.shape, own, False), *reduce_shape(right.shape, others, False))
    return _check_kernel(Tensor(left.dtype, shape), summed)


def _find_summed(dims: Any, tensor: Tensor) -> tuple[int, ...]:
    if dims and not tensor.dim:
        refuse(f"can't sum over dimensions of {tensor!r}", "dims")
    return find_some_dims(dims, tensor.dim, "dims")


def cross(input: Tensor, other: Any, dim: Any = None) -> Tensor:
    """(*, 3, *) and the same, broadcast, to the same. Source: torch.cross."""
    left, right = expect_tensor(input, "input"), expect_tensor(other, "other")
    if left.dim != right.dim:
        refuse(f"needs tensors of one number of dimensions and got {left!r} and {right!r}", "other")
    place = _find_three(left) if dim is None else find_dim(dim, left.dim)
    if not left.dim or left.shape[place] != 3 or right.shape[place] != 3:
        refuse(f"needs a size of 3 in dimension {place} and got {left!r} and {right!r}", "dim")
    result = Tensor(left.dtype, broadcast_shapes([left.shape, right.shape]))
    if left.dtype != right.dtype and not is_empty(result):
        _check_dtypes(left, right)
    return _check_kernel(result, 1)


def _find_three(tensor: Tensor) -> int:
    found = next((place for place, size in enumerate(tensor.shape) if size == 3), None)
    if found is None:
        refuse(f"needs a dimension of size 3 and got {tensor!r}", "input")
    return found


def linear(input: Tensor, weight: Any, bias: Any = None) -> Tensor:
    """(*, in) and ``weight`` of (out, in) or (in,) to (*, out) or (*). Source: torch.nn.functional.linear."""
    tensor, matrix = expect_tensor(input, "input"), expect_tensor(weight, "weight")
    if matrix.dim not in (1, 2):
        refuse(f"needs a matrix of (out, in) as weight and got {matrix!r}", "weight")
    if not tensor.dim:
        refuse(f"needs an input with dimensions and got {tensor!r}", "input")
    if tensor.shape[-1] != matrix.shape[-1]:
        refuse(
            f"expects {tell_count(matrix.shape[-1], 'feature')} in the last dimension and got {tensor.shape[-1]}: {tensor!r}",
            "input",
        )
    _check_dtypes(tensor, matrix)
    result = Tensor(tensor.dtype, (*tensor.shape[:-1], *matrix.shape[:-1]))
    if bias is not None:
        _add_bias(tensor, matrix, result, expect_tensor(bias, "bias"))
    return _check_kernel(result, tensor.shape[-1])


def _add_bias(input: Tensor, weight: Tensor, result: Tensor, bias: Tensor) -> None:
    """Whether a bias fits: as a row of one product where that is done at once, else by broadcasting. Raises Refusal."""
    row = bias.dim == 1 or sum(as_int(size) != 1 for size in bias.shape) == 1
    at_once = input.dim == 2 or (row and is_contiguous(bias) and is_contiguous(input))
    if at_once and weight.dim == 1:
        refuse(f"takes a bias only with a weight of (out, in), not {weight!r}", "weight")
    shape = (product(result.shape[:-1]), result.shape[-1]) if at_once else result.shape
    if not is_expandable(bias.shape, shape):
        refuse(f"adds a bias of {list(bias.shape)} to {list(shape)}, to which it doesn't broadcast", "bias")
    if bias.dtype != input.dtype and (at_once or not can_cast(bias.dtype, input.dtype)):
        refuse(f"adds a bias of {input.dtype} and got {bias!r}", "bias", "dtype-mismatch")


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Tensor:
    """(*, in1), (*, in2) and ``weight`` of (out, in1, in2) to (*, out). Source: torch.nn.functional.bilinear."""
    left, right = expect_tensor(input1, "input1"), expect_tensor(input2, "input2")
    matrix = _expect_dims(weight, 3, "weight", "(out, in1, in2)")
    if left.dim != right.dim or not left.dim:
        refuse(f"needs inputs of one number of dimensions and got {left!r} and {right!r}", "input2")
    for own, other in zip(left.shape[:-1], right.shape[:-1], strict=True):
        if own != other:
            refuse(
                f"needs inputs that differ in the last dimension only and got {left!r} and {right!r}",
                "input2",
            )
    for tensor in (right, matrix) if bias is None else (right, matrix, expect_tensor(bias, "bias")):
        _check_dtypes(left, tensor)
    if left.dtype == "bool":
        refuse("multiplies no bools", "input1", "dtype-mismatch")
    for place, tensor in ((1, left), (2, right)):
        if tensor.shape[-1] != matrix.shape[place]:
            name = f"input{place}"
            refuse(
                f"expects {matrix.shape[place]} features in {name} and got {tensor.shape[-1]}: {tensor!r}",
                name,
            )
        if tensor.shape[-1] == 0:
            refuse(f"needs a feature at least and got {tensor!r}", f"input{place}")
    result = Tensor(left.dtype, (*left.shape[:-1], matrix.shape[0]))
    if bias is not None and (
        bias.shape[:1] != matrix.shape[:1] or not is_expandable(bias.shape, result.shape)
    ):
        refuse(f"needs a bias of {matrix.shape[0]} and got {bias!r}", "bias")
    return result


# Einstein's notation ---------------------------------------------------------------------------------------

_ELLIPSIS = "..."


def _read_equation(
    equation: Any, operands: Sequence[Any]
) -> tuple[list[Tensor], list[list[str]], list[str], list[str], dict[str, AnySize]]:
    """The tensors, the names of their dimensions, those that the result has and that are summed, and the sizes.

    Raises Refusal.
    """
    if not isinstance(equation, str):
        equation, operands = _write_equation((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    given = [expect_tensor(operand, "operands") for operand in operands]
    terms, output = _parse_equation(equation)
    if len(terms) != len(given):
        named = f"{len(terms)} tensor{'s' * (len(terms) != 1)}"
        refuse(
            f"names {named} in {equation!r} and got {len(given)}; each has its letters, with a comma between",
            "equation",
        )
    covered = [_count_covered(term, tensor, equation) for term, tensor in zip(terms, given, strict=True)]
    dims = max((count for count in covered if count is not None), default=0)
    names = [_name_dims(term, dims, count) for term, count in zip(terms, covered, strict=True)]
    counts = Counter(name for term in terms for name in term if name != _ELLIPSIS)
    if output is None:
        output = [_ELLIPSIS, *sorted(name for name, count in counts.items() if count == 1)]
    for name, count in Counter(output).items():
        if count > 1 or (name not in counts and name != _ELLIPSIS):
            refuse(
                f"has an output in {equation!r} with {name} " + ("twice" if count > 1 else "from no input"),
                "equation",
            )
    kept = _name_dims(output, dims, dims)
    summed = _name_dims([_ELLIPSIS], dims, dims) if _ELLIPSIS not in output else []
    summed += sorted(name for name in counts if name not in kept)
    return given, names, kept, summed, _find_sizes(names, given, equation)


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Sums of products of dimensions named by letters: 'bij,bjk->bik'. Source: torch.einsum."""
    given, names, kept, summed, sizes = _read_equation(equation, operands)
    shape = tuple(sizes.get(name, 1) for name in kept)
    if any(tensor.dtype != given[0].dtype for tensor in given) or CATEGORIES[given[0].dtype] < 2:
        # What PyTorch makes of several dtypes or of whole numbers depends on which sizes are 1.
        result = _contract(names, given, kept, summed)
    else:
        with record_conditions():
            result = _contract(names, given, kept, summed)
    # With opt_einsum installed, PyTorch chooses the order of three products or more.
    return Tensor(result.dtype, shape, result.strides if len(given) < 3 else None)


def multiply_named(output: Any, equation: Any, *operands: Any) -> AnySize:
    """From left to right, for each two tensors one for every combination of the indices that they have.

    An index that nothing further on has is summed. Where none is, it's a product of matrices only if both tensors
    have indices of their own; else it's elementwise. A size of 1 that is broadcast is no index.
    """
    return _multiply_pairs(equation, operands)[0]


def multiply_elements_named(output: Any, equation: Any, *operands: Any) -> int:
    """The elementwise products, and the sums over the indices of one tensor alone."""
    return as_int(_multiply_pairs(equation, operands)[1])


def _multiply_pairs(equation: Any, operands: tuple[Any, ...]) -> tuple[AnySize, AnySize]:
    """The multiply-adds of an equation, and its work beside them."""
    if not isinstance(equation, str):
        equation, operands = _write_equation((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    shapes = [Tensor("float32", operand.shape) for operand in operands]
    with record_conditions():
        _, names, kept, _, sizes = _read_equation(equation, shapes)
    terms = [
        {name for name, size in zip(term, shape.shape, strict=True) if as_int(size) == as_int(sizes[name])}
        for term, shape in zip(names, shapes, strict=True)
    ]
    products: AnySize = 0
    beside: AnySize = 0

    def keep(term: set[str], wanted: set[str]) -> set[str]:
        nonlocal beside
        beside = beside + _count_named(term, sizes) - _count_named(term & wanted, sizes)
        return term & wanted

    left = terms[0]
    for place, right in enumerate(terms[1:], 2):
        needed = set(kept).union(*terms[place:])
        left, right = keep(left, right | needed), keep(right, left | needed)
        summed = (left & right) - needed
        taken = _count_named(left | right, sizes)
        if summed or (left - right and right - left):
            products = products + taken
        else:
            beside = beside + taken
        left = (left | right) - summed
    keep(left, set(kept))
    return products, beside


def _count_named(names: set[str], sizes: Mapping[str, AnySize]) -> AnySize:
    """The number of combinations of indices."""
    return product(sizes[name] for name in sorted(names))


def _write_equation(given: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """The other form of a call, a list of numbers after each tensor, as an equation and tensors. Raises Refusal."""
    terms = ["".join(_letter(item) for item in _expect_list(term)) for term in given[1::2]]
    output = "->" + "".join(_letter(item) for item in _expect_list(given[-1])) if len(given) % 2 else ""
    return ",".join(terms) + output, tuple(given[: len(given) - len(given) % 2 : 2])


def _expect_list(term: Any) -> Sequence[Any]:
    if not isinstance(term, (tuple, list)):
        refuse(
            f"needs an equation in quotes first, or a list of numbers after each tensor, not {term!r}",
            "equation",
        )
    return term


def _letter(item: Any) -> str:
    if item is Ellipsis:
        return _ELLIPSIS
    if not isinstance(item, int) or not 0 <= item < 52:
        refuse(f"takes the numbers 0 to 51 for dimensions, not {item!r}", "equation")
    return chr(ord("A") + item) if item < 26 else chr(ord("a") + item - 26)


def _parse_equation(equation: str) -> tuple[list[list[str]], list[str] | None]:
    """The dimensions' letters of each input and of the output, None where there is no arrow. Raises Refusal."""
    left, arrow, right = equation.partition("->")
    inputs = [_parse_term(term, equation) for term in left.split(",")]
    return inputs, _parse_term(right, equation) if arrow else None


def _parse_term(text: str, equation: str) -> list[str]:
    names: list[str] = []
    rest = text.replace(" ", "")
    while rest:
        name = _ELLIPSIS if rest.startswith(_ELLIPSIS) else rest[0]
        if name != _ELLIPSIS and not (name.isascii() and name.isalpha()):
            refuse(
                f"takes letters, commas, ... and one -> in an equation, not {name!r}: {equation!r}",
                "equation",
            )
        if name == _ELLIPSIS and name in names:
            refuse(f"takes ... once a tensor: {equation!r}", "equation")
        names.append(name)
        rest = rest[len(name) :]
    return names


def _count_covered(term: Sequence[str], tensor: Tensor, equation: str) -> int | None:
    """How many dimensions ``...`` stands for, None without one. Raises Refusal."""
    named = len(term) - (_ELLIPSIS in term)
    if tensor.dim < named or (tensor.dim > named and _ELLIPSIS not in term):
        refuse(
            f"names {named} dimensions in {''.join(term)!r} of {equation!r} and got {tensor!r}", "operands"
        )
    return tensor.dim - named if _ELLIPSIS in term else None


def _name_dims(term: Sequence[str], dims: int, covered: int | None) -> list[str]:
    """A name for each dimension; those under ``...`` are counted so that the last ones of all tensors share names."""
    names: list[str] = []
    for name in term:
        names += (
            [f"...{dims - (covered or 0) + place}" for place in range(covered or 0)]
            if name == _ELLIPSIS
            else [name]
        )
    return names


def _find_sizes(names: Sequence[Sequence[str]], given: Sequence[Tensor], equation: str) -> dict[str, AnySize]:
    """The size of each name: one in all tensors, or 1. Raises Refusal."""
    sizes: dict[str, AnySize] = {}
    for term, tensor in zip(names, given, strict=True):
        own: dict[str, AnySize] = {}
        for name, size in zip(term, tensor.shape, strict=True):
            if name in own and own[name] != size:
                refuse(
                    f"needs one size for {name} twice in {tensor!r}: {own[name]} and {size} differ",
                    "operands",
                )
            own[name] = size
        for name, size in own.items():
            known = sizes.get(name, 1)
            if isinstance(known, int) and known == 1:
                sizes[name] = size
            elif not (isinstance(size, int) and size == 1) and known != size:
                if known == 1:
                    sizes[name] = size
                elif size != 1:
                    refuse(
                        f"needs one size for {name} in {equation!r} and got {known} and {size}", "operands"
                    )
    return sizes


def _contract(
    names: Sequence[Sequence[str]], given: Sequence[Tensor], kept: Sequence[str], summed: Sequence[str]
) -> Tensor:
    """The dtype and layout of the sum of products, by the steps that PyTorch takes from left to right."""
    order = [*kept, *summed]
    aligned = [_align(tensor, term, order) for tensor, term in zip(given, names, strict=True)]
    if len(aligned) == 1:
        return _sum(aligned[0], range(len(kept), len(order)), keepdim=False) if summed else aligned[0]
    wide = [sum(tensor.shape[place] != 1 for tensor in aligned) for place in range(len(order))]
    result = aligned[0]
    for other in aligned[1:]:
        both: list[int] = []
        only: tuple[list[int], list[int]] = ([], [])
        for place in range(len(kept), len(order)):
            here, there = result.shape[place] != 1, other.shape[place] != 1
            if here and there:
                wide[place] -= 1
                if wide[place] == 1:
                    both.append(place)
                    wide[place] = 0
            elif (here or there) and wide[place] == 1:
                only[0 if here else 1].append(place)
                wide[place] = 0
        left = _sum(result, only[0], keepdim=True) if only[0] else result
        right = _sum(other, only[1], keepdim=True) if only[1] else other
        result = _multiply_pair(left, right, both)
    return view(result, result.shape[: len(kept)]) if summed else result


def _align(tensor: Tensor, names: Sequence[str], order: Sequence[str]) -> Tensor:
    """The tensor with the dimensions of ``order``: diagonals for repeated names, sizes of 1 for missing ones."""
    places: dict[str, int] = {}
    dim = 0
    for name in names:
        if name in places:
            tensor = movedim(take_diagonal(tensor, 0, places[name], dim), -1, places[name])
        else:
            places[name] = dim
            dim += 1
    for name in order:
        if name not in places:
            tensor = unsqueeze(tensor, dim)
            places[name] = dim
            dim += 1
    return permute(tensor, [places[name] for name in order])


def _sum(tensor: Tensor, dims: Sequence[int], *, keepdim: bool) -> Tensor:
    dtype = "int64" if CATEGORIES[tensor.dtype] < 2 else tensor.dtype
    return Tensor(dtype, reduce_shape(tensor.shape, list(dims), keepdim))


def _multiply_pair(left: Tensor, right: Tensor, summed: Sequence[int]) -> Tensor:
    """The product of two aligned tensors, summed over dimensions that stay as 1. Source: at::sumproduct_pair."""
    if not summed:
        return multiply(left, right)
    groups: dict[str, list[int]] = {"both": [], "left": [], "right": []}
    for place in range(left.dim):
        if place not in summed:
            here, there = left.shape[place] != 1, right.shape[place] != 1
            groups["both" if here and there else "left" if here else "right"].append(place)
    both, own, others = groups["both"], groups["left"], groups["right"]
    if own and others and others[-1] < own[0]:
        # The operands change places where the right one's dimensions come first in the result.
        left, right, own, others = right, left, others, own
    sizes = [product(left.shape[place] for place in group) for group in (both, own, summed)]
    columns = product(right.shape[place] for place in others)
    batch = bmm(
        with_shape(permute(left, [*both, *own, *summed, *others]), (sizes[0], sizes[1], sizes[2])),
        with_shape(permute(right, [*both, *summed, *others, *own]), (sizes[0], sizes[2], columns)),
    )
    order = [*both, *own, *summed, *others]
    shape = [
        right.shape[place] if place in others else 1 if place in summed else left.shape[place]
        for place in order
    ]
    return permute(view(batch, shape), [order.index(place) for place in range(left.dim)])


# Distances -------------------------------------------------------------------------------------------------


def cdist(
    x1: Any, x2: Any, p: Any = 2.0, compute_mode: Any = "use_mm_for_euclid_dist_if_necessary"
) -> Tensor:
    """(*, n, m) and (*, k, m) to (*, n, k). Source: torch.cdist."""
    left, right = expect_tensor(x1, "x1"), expect_tensor(x2, "x2")
    modes = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
    if compute_mode not in modes:
        refuse(
            f"takes compute_mode={', '.join(map(repr, modes))}, not {compute_mode!r}",
            "compute_mode",
            "wrong-kind",
        )
    for tensor in (left, right):
        if CATEGORIES[tensor.dtype] != 2:
            refuse(f"takes floating numbers, not {tensor!r}", code="dtype-mismatch")
        if tensor.dim < 2:
            refuse(f"needs rows of numbers and got {tensor!r}")
    _check_multiplied(left.shape[-1], right.shape[-1], left, right)
    _expect_power(p)
    batch = broadcast_shapes([left.shape[:-2], right.shape[:-2]])
    result = Tensor(left.dtype, (*batch, left.shape[-2], right.shape[-2]))
    if (left.dtype != right.dtype or left.dtype in _HALVES) and not _is_trivial(result, left.shape[-1]):
        _check_dtypes(left, right)
        rows = max(as_int(left.shape[-2]), as_int(right.shape[-2]))
        multiplied = p == 2 and (compute_mode == modes[1] or (compute_mode == modes[0] and rows > 25))
        if left.dtype in _HALVES and not multiplied:
            refuse(f"takes float32 or float64, not {left!r}", "x1", "dtype-mismatch")
    return result


def _expect_power(p: Any) -> None:
    if not is_number(p):
        refuse(f"needs a number as p, not {p!r}", "p", "wrong-kind")
    if p < 0:
        refuse(f"takes no negative p, not {p}", "p")


def pdist(input: Any, p: Any = 2) -> Tensor:
    """(n, m) to (n * (n - 1) // 2,). Source: torch.nn.functional.pdist."""
    tensor = _expect_dims(input, 2, "input", "a matrix")
    _expect_power(p)
    rows = tensor.shape[0]
    result = Tensor(tensor.dtype, (rows * (rows - 1) // 2,))
    halves = tensor.dtype in _HALVES and not _is_trivial(result, tensor.shape[1])
    if CATEGORIES[tensor.dtype] != 2 or halves:
        refuse(f"takes float32 or float64, not {tensor!r}", "input", "dtype-mismatch")
    return result


def pairwise_distance(x1: Any, x2: Any, p: Any = 2.0, eps: Any = 1e-6, keepdim: bool = False) -> Tensor:
    """(*, m) and (*, m) to (*), or (*, 1). Source: torch.nn.functional.pairwise_distance."""
    left, right = expect_tensor(x1, "x1"), expect_tensor(x2, "x2")
    if "bool" in (left.dtype, right.dtype):
        refuse("subtracts no bools", code="dtype-mismatch")
    for name, number in (("p", p), ("eps", eps)):
        expect_number(number, name)
    difference = elementwise(promote(promote_pair(left, right), eps), left, right)
    dtype = REAL_PARTS.get(difference.dtype, difference.dtype)
    return Tensor(dtype, reduce_shape(difference.shape, (difference.dim - 1,), keepdim))


def promote_pair(left: Tensor, right: Tensor) -> Tensor:
    """A tensor of the promoted dtype."""
    return Tensor(promote(left, right), left.shape or right.shape)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: Any = 1e-8) -> Tensor:
    """(*, m, *) and the same, broadcast, to (*). Source: torch.nn.functional.cosine_similarity."""
    left, right = expect_tensor(x1, "x1"), expect_tensor(x2, "x2")
    dtype = promote_dtypes(left.dtype, right.dtype)
    if CATEGORIES[dtype] != 2:
        refuse(f"takes floating numbers, not {left!r} and {right!r}", code="dtype-mismatch")
    if is_number(eps) and eps < 0:
        refuse(f"needs eps of 0 or more, not {eps}", "eps")
    shape = broadcast_shapes([left.shape, right.shape])
    return Tensor(dtype, reduce_shape(shape, (find_dim(dim, len(shape)),), False))


# Square matrices and decompositions ------------------------------------------------------------------------


def _expect_matrices(input: Tensor, dtypes: Sequence[str], *, square: bool = True) -> Tensor:
    """(*, m, n) in one of the dtypes, m = n where they have to be square. Raises Refusal."""
    if input.dtype not in dtypes:
        refuse(f"takes {', '.join(dtypes[:-1])} or {dtypes[-1]}, not {input!r}", "input", "dtype-mismatch")
    if input.dim < 2:
        refuse(f"needs matrices and got {input!r}", "input")
    if square and input.shape[-2] != input.shape[-1]:
        refuse(f"needs square matrices and got {input.shape[-2]} by {input.shape[-1]}: {input!r}", "input")
    return input


_LAPACK = ("float32", "float64", "complex64", "complex128")
_HALVES = ("float16", "bfloat16")


def _by_columns(dtype: str, shape: Shape) -> Tensor:
    """Matrices that lie in memory column by column, as LAPACK writes them."""
    swapped = (*shape[:-2], shape[-1], shape[-2])
    strides = contiguous_strides(swapped)
    return Tensor(dtype, shape, (*strides[:-2], strides[-1], strides[-2]))


def det(input: Tensor) -> Tensor:
    """(*, n, n) to (*). Source: torch.det."""
    dtypes = (*_LAPACK, *_HALVES) if input.dtype in _HALVES and is_empty(input) else _LAPACK
    return Tensor(_expect_matrices(input, dtypes).dtype, input.shape[:-2])


def logdet(input: Tensor) -> Tensor:
    """(*, n, n) to (*). Source: torch.logdet."""
    return Tensor(_expect_matrices(input, _LAPACK).dtype, input.shape[:-2])


def slogdet(input: Tensor) -> tuple[Tensor, Tensor]:
    """(*, n, n) to the sign and the logarithm, each (*). Source: torch.slogdet."""
    sign = logdet(input)
    return sign, Tensor(REAL_PARTS.get(input.dtype, input.dtype), sign.shape)


def inverse(input: Tensor) -> Tensor:
    """(*, n, n) to the same. Source: torch.inverse."""
    return _by_columns(_expect_matrices(input, _LAPACK).dtype, input.shape)


def pinverse(input: Tensor, rcond: Any = 1e-15) -> Tensor:
    """(*, m, n) to (*, n, m). Source: torch.pinverse."""
    _expect_matrices(input, _LAPACK, square=False)
    return Tensor(input.dtype, (*input.shape[:-2], input.shape[-1], input.shape[-2]))


def matrix_exp(input: Tensor) -> Tensor:
    """(*, n, n) to the same. Source: torch.matrix_exp."""
    return Tensor(_expect_matrices(input, (*_LAPACK, *_HALVES)).dtype, input.shape)


def matrix_power(input: Tensor, n: Any) -> Tensor:
    """(*, n, n) to the same. Source: torch.matrix_power."""
    power = as_int(expect_int(n, "n"))
    if input.dim < 2 or input.shape[-2] != input.shape[-1]:
        refuse(f"needs square matrices and got {input!r}", "input")
    if power < 0:
        turned = inverse(input)
        return turned if power == -1 else Tensor(input.dtype, input.shape)
    result = Tensor(input.dtype, input.shape)
    return _check_kernel(result, input.shape[-1]) if power > 1 else result


def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """(*, m, n) to (*, m, k), (*, k) and (*, n, k), k the lesser of m and n; square ones without ``some``.

    Source: torch.svd.
    """
    dtypes = (*_LAPACK, *_HALVES) if input.dtype in _HALVES and is_empty(input) else _LAPACK
    _expect_matrices(input, dtypes, square=False)
    batch, rows, columns = input.shape[:-2], input.shape[-2], input.shape[-1]
    least = minimum(rows, columns)
    values = Tensor(REAL_PARTS.get(input.dtype, input.dtype), (*batch, least))
    if not compute_uv:
        return (
            Tensor(input.dtype, (*batch, rows, rows)),
            values,
            _by_columns(input.dtype, (*batch, columns, columns)),
        )
    left, right = (least, least) if some else (rows, columns)
    return (
        _by_columns(input.dtype, (*batch, rows, left)),
        values,
        Tensor(input.dtype, (*batch, columns, right)),
    )


def vander(x: Any, N: Any = None, increasing: bool = False) -> Tensor:  # noqa: N803
    """(n,) to (n, N). Source: torch.vander."""
    tensor = _expect_dims(x, 1, "x", "a vector")
    columns = tensor.shape[0] if N is None else expect_int(N, "N")
    if columns < 0:
        refuse(f"takes no negative number of columns, not {columns}", "N")
    return Tensor("int64" if CATEGORIES[tensor.dtype] < 2 else tensor.dtype, (tensor.shape[0], columns))


OPERATIONS = (
    # Products
    Operation(
        "matmul",
        "input, other",
        "The matrix product, batches broadcast, as `@`.",
        rule=matmul,
        macs=macs.multiply_rows,
        work=work.take_none,
    ),
    Operation(
        "mm",
        "input, mat2",
        "The product of two matrices.",
        rule=mm,
        macs=macs.multiply_rows,
        work=work.take_none,
    ),
    Operation(
        "bmm",
        "input, mat2",
        "The products of two batches of matrices.",
        rule=bmm,
        macs=macs.multiply_rows,
        work=work.take_none,
    ),
    Operation(
        "mv",
        "input, vec",
        "The product of a matrix and a vector.",
        rule=mv,
        macs=macs.multiply_rows,
        work=work.take_none,
    ),
    Operation(
        "dot",
        "input, tensor",
        "The sum of products of two vectors.",
        rule=dot,
        macs=macs.multiply_rows,
        work=work.take_none,
    ),
    Operation(
        "vdot",
        "input, other",
        "The sum of products of two vectors, the first one conjugated.",
        rule=vdot,
        macs=macs.multiply_rows,
        work=work.take_none,
    ),
    Operation(
        "inner",
        "input, other",
        "Sums of products over the last dimensions.",
        rule=inner,
        macs=macs.multiply_inner,
        work=work.take_none,
    ),
    Operation(
        "outer",
        "input, vec2",
        "All products of two vectors' elements.",
        aliases=("ger",),
        rule=outer,
        macs=macs.multiply_each,
        work=work.take_none,
    ),
    Operation(
        "kron",
        "input, other",
        "The Kronecker product.",
        rule=kron,
        macs=macs.multiply_each,
        work=work.take_none,
    ),
    Operation(
        "addmm",
        "input, mat1, mat2, *, beta=1, alpha=1",
        "beta * input + alpha * (mat1 @ mat2).",
        in_place=TENSOR,
        rule=addmm,
        macs=macs.add_product("mat1", "mat2"),
        work=work.add_to_product,
    ),
    Operation(
        "addmv",
        "input, mat, vec, *, beta=1, alpha=1",
        "beta * input + alpha * (mat @ vec).",
        in_place=TENSOR,
        rule=addmv,
        writes_shared=True,
        macs=macs.add_product("mat", "vec"),
        work=work.add_to_product,
    ),
    Operation(
        "addr",
        "input, vec1, vec2, *, beta=1, alpha=1",
        "beta * input + alpha * the outer product of two vectors.",
        in_place=TENSOR,
        rule=addr,
        macs=macs.multiply_each,
        work=work.add_to_product,
    ),
    Operation(
        "addbmm",
        "input, batch1, batch2, *, beta=1, alpha=1",
        "beta * input + alpha * the sum of a batch of products.",
        in_place=TENSOR,
        rule=addbmm,
        macs=macs.add_product("batch1", "batch2"),
        work=work.add_to_product,
    ),
    Operation(
        "baddbmm",
        "input, batch1, batch2, *, beta=1, alpha=1",
        "beta * input + alpha * (batch1 @ batch2), for batches.",
        in_place=TENSOR,
        rule=baddbmm,
        writes_shared=True,
        macs=macs.add_product("batch1", "batch2"),
        work=work.add_to_product,
    ),
    Operation(
        "einsum",
        "equation, *operands",
        "Sums of products by Einstein's notation.",
        TORCH,
        rule=einsum,
        macs=multiply_named,
        work=multiply_elements_named,
    ),
    Operation(
        "tensordot",
        "a, b, dims=2",
        "Sums of products over the given dimensions of both.",
        TORCH,
        rule=tensordot,
        macs=macs.multiply_summed,
        work=work.sum_single,
    ),
    Operation(
        "cross",
        "input, other, dim=None",
        "The vector product in three dimensions.",
        rule=cross,
        work=work.Each("x * y - z * w"),
    ),
    Operation(
        "linear",
        "input, weight, bias=None",
        "input @ weight.T + bias.",
        FUNCTIONAL,
        rule=linear,
        macs=macs.multiply_rows,
        work=work.add_bias,
    ),
    Operation(
        "bilinear",
        "input1, input2, weight, bias=None",
        "input1 @ weight @ input2 for each output feature, plus bias.",
        FUNCTIONAL_AND_TORCH,
        rule=bilinear,
        macs=macs.multiply_twice,
        work=work.add_second_bias,
    ),
    # Distances
    Operation(
        "cdist",
        "x1, x2, p=2.0, compute_mode='use_mm_for_euclid_dist_if_necessary'",
        "The distance of each row of `x1` to each row of `x2`.",
        TORCH,
        rule=cdist,
        macs=macs.leave_unknown,
        work=work.leave_unknown,
    ),
    Operation(
        "pdist",
        "input, p=2",
        "The distances of all pairs of rows.",
        FUNCTIONAL_AND_TORCH,
        rule=pdist,
        work=work.measure_pairs,
    ),
    Operation(
        "pairwise_distance",
        "x1, x2, p=2.0, eps=1e-06, keepdim=False",
        "The distance of each row of `x1` to its row of `x2`.",
        FUNCTIONAL_AND_TORCH,
        rule=pairwise_distance,
        work=work.measure_distance,
    ),
    Operation(
        "cosine_similarity",
        "x1, x2, dim=1, eps=1e-08",
        "The cosine of the angle between vectors along `dim`.",
        FUNCTIONAL_AND_TORCH,
        rule=cosine_similarity,
        work=work.compare_angles,
    ),
    # Square matrices and decompositions
    Operation(
        "det",
        "input",
        "The determinant.",
        rule=det,
        macs=macs.leave_unknown,
        work=work.leave_unknown,
    ),
    Operation(
        "logdet",
        "input",
        "The logarithm of the determinant.",
        rule=logdet,
        macs=macs.leave_unknown,
        work=work.leave_unknown,
    ),
    Operation(
        "slogdet",
        "input",
        "The sign of the determinant and the logarithm of its absolute value.",
        rule=slogdet,
        macs=macs.leave_unknown,
        work=work.leave_unknown,
    ),
    Operation(
        "inverse",
        "input",
        "The inverse matrix.",
        rule=inverse,
        macs=macs.leave_unknown,
        work=work.leave_unknown,
    ),
    Operation(
        "pinverse",
        "input, rcond=1e-15",
        "The pseudo-inverse matrix.",
        rule=pinverse,
        macs=macs.leave_unknown,
        work=work.leave_unknown,
    ),
    Operation(
        "matrix_exp",
        "input",
        "The matrix exponential.",
        rule=matrix_exp,
        macs=macs.leave_unknown,
        work=work.leave_unknown,
    ),
    Operation(
        "matrix_power",
        "input, n",
        "A square matrix to a whole power.",
        rule=matrix_power,
        macs=macs.multiply_square,
        work=work.take_none,
    ),
    Operation(
        "svd",
        "input, some=True, compute_uv=True",
        "The singular value decomposition: U, S, V.",
        rule=svd,
        macs=macs.leave_unknown,
        work=work.leave_unknown,
    ),
    Operation(
        "vander",
        "x, N=None, increasing=False",
        "The matrix of a vector's powers.",
        TORCH,
        rule=vander,
        work=work.raise_powers,
    ),
)
