"""Random expressions of tensors in all kinds of layouts, and of subscripts and views of them, legal or not."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

_DTYPES = ("int64", "float64", "float16", "uint8", "torch.bool", "complex64")


class Draw:
    """Draws texts of expressions. ``shape`` follows the tensor that is drawn, as far as a view is legal."""

    def __init__(self, seed: object) -> None:
        self.random = random.Random(str(seed))

    def one_of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def number(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def shape(self, dims: int | None = None) -> list[int]:
        """Up to four small sizes, often 1 and at times 0."""
        count = self.random.choice((0, 1, 2, 2, 3, 3, 4)) if dims is None else dims
        return [
            self.random.choice((0, 1, 1, 2, 2, 3, 4, 6) if self.random.random() < 0.3 else (1, 2, 3, 4, 6))
            for _ in range(count)
        ]

    def tensor(self, shape: list[int] | None = None) -> tuple[str, list[int]]:
        """A tensor with its sizes: a fresh one, transposed, cut with steps, or expanded, some of them one after another."""
        sizes = self.shape() if shape is None else list(shape)
        text = (
            f"zeros({tuple(sizes)})"
            if self.random.random() < 0.9
            else f"zeros({tuple(sizes)}, dtype={self.one_of(*_DTYPES)})"
        )
        for _ in range(self.random.choice((0, 1, 1, 2, 3))):
            text, sizes = self.random.choice((self._transpose, self._cut, self._expand))(text, sizes)
        return text, sizes

    def _transpose(self, text: str, sizes: list[int]) -> tuple[str, list[int]]:
        if len(sizes) < 2:
            return text, sizes
        order = self.random.sample(range(len(sizes)), len(sizes))
        return f"{text}.permute({', '.join(map(str, order))})", [sizes[dim] for dim in order]

    def _cut(self, text: str, sizes: list[int]) -> tuple[str, list[int]]:
        if not sizes:
            return text, sizes
        dim = self.number(0, len(sizes) - 1)
        start, step = self.number(0, 1), self.number(1, 2)
        subscript = ", ".join([":"] * dim + [f"{start}::{step}"])
        length = len(range(start, sizes[dim], step))
        return f"{text}[{subscript}]", [*sizes[:dim], length, *sizes[dim + 1 :]]

    def _expand(self, text: str, sizes: list[int]) -> tuple[str, list[int]]:
        wide = [self.number(1, 3) if size == 1 else size for size in sizes]
        if len(wide) < 4 and self.random.random() < 0.3:
            wide.insert(0, self.number(1, 3))
        return f"{text}.expand({tuple(wide)})", wide

    def layout(self, shape: Sequence[int], *, mixed: bool = True) -> str:
        """A tensor of these sizes: in a random order of dimensions, some of them cut with a step or expanded.

        At times it has another dtype than the others have, if ``mixed``.
        """
        order = self.random.sample(range(len(shape)), len(shape) if self.random.random() < 0.5 else 0)
        order = order or list(range(len(shape)))
        made, wide, steps = [], [], []
        for dim in order:
            kind = self.random.random()
            made.append(1 if kind < 0.1 else shape[dim] * 2 if kind < 0.2 else shape[dim])
            wide.append(shape[dim] if kind < 0.1 else -1)
            steps.append("::2" if 0.1 <= kind < 0.2 else ":")
        text = f"zeros({tuple(made)})"
        if mixed and self.random.random() < 0.12:
            text = f"zeros({tuple(made)}, dtype={self.one_of(*_DTYPES)})"
        if any(size >= 0 for size in wide):
            text += f".expand({tuple(wide)})"
        if "::2" in steps:
            text += f"[{', '.join(steps)}]"
        if order != sorted(order):
            text += f".permute({tuple(order.index(dim) for dim in range(len(order)))})"
        return text

    def spoil(self, shape: Sequence[int]) -> list[int]:
        """The sizes, at times one of them another, one more or one fewer."""
        sizes = list(shape)
        if self.random.random() < 0.12 and sizes:
            sizes[self.number(0, len(sizes) - 1)] = self.random.choice((0, 1, 1, 2, 5))
        if self.random.random() < 0.06:
            sizes.insert(0, self.number(1, 2))
        if self.random.random() < 0.04:
            sizes = sizes[1:]
        return sizes

    def narrow(self, shape: Sequence[int]) -> list[int]:
        """Sizes that broadcast to these: some of them 1, some in front left out."""
        sizes = [1 if self.number(0, 5) == 0 else size for size in shape]
        return sizes[self.number(0, self.number(0, len(sizes))) :]

    def together(self) -> str:
        """A call of a random operation on several tensors."""
        return self.random.choice(_TOGETHER)(self)

    # Subscripts --------------------------------------------------------------------------------------------

    def subscript(self, sizes: Sequence[int]) -> str:
        """A subscript of a tensor with these sizes: of every kind, at times one too many or out of range."""
        if self.random.random() < 0.04:
            return "()"
        parts: list[str] = []
        left = list(sizes)
        common = self.shape(self.number(0, 2))
        while left or self.random.random() < 0.15:
            kind = self.random.random()
            if kind < 0.08:
                parts.append("None")
                continue
            if kind < 0.14 and "..." not in parts:
                parts.append("...")
                left = left[self.number(0, len(left)) :]
                continue
            if kind < 0.2 and parts:
                break
            size = left.pop(0) if left else 1
            parts.append(self._index(size, common))
        if not parts:
            return "..."
        return (
            parts[0]
            if len(parts) == 1 and self.random.random() < 0.8
            else ", ".join(parts) + ("," if len(parts) == 1 else "")
        )

    def _index(self, size: int, common: Sequence[int]) -> str:
        kind = self.random.random()
        if kind < 0.3:
            return self._slice(size)
        if kind < 0.4:
            return ":"
        if kind < 0.7:
            return str(
                self.number(-size - (self.random.random() < 0.1), max(size - (self.random.random() < 0.9), 0))
            )
        if kind < 0.8:
            return str([self.number(-size, size - 1) if size else 0 for _ in range(self.number(1, 3))])
        if kind < 0.82:
            return self.one_of("True", "1.5", "[]", "[1.0]", "'a'", "[True, False]", "[[0], [0, 0]]")
        shape = [1 if self.random.random() < 0.2 else size for size in common[self.number(0, len(common)) :]]
        dtype = self.one_of("int64", "int64", "int64", "int32", "uint8", "torch.bool", "float32", "int16")
        return f"zeros({tuple(shape)}, dtype={dtype})"

    def _slice(self, size: int) -> str:
        bounds = [
            str(self.number(-size - 2, size + 2)) if self.random.random() < 0.6 else "" for _ in range(2)
        ]
        step = self.random.choice(
            ("", "", "", ":2", ":3", ":1", ":0", ":-1") if self.random.random() < 0.3 else ("", ":2")
        )
        return f"{bounds[0]}:{bounds[1]}{step}"

    # Views -------------------------------------------------------------------------------------------------

    def regroup(self, sizes: Sequence[int]) -> list[int]:
        """Sizes with as many elements: neighbours merged, sizes cut into factors, ones put in, at times something else."""
        result: list[int] = []
        for size in sizes:
            if result and self.random.random() < 0.35:
                result[-1] *= size
            else:
                result.append(size)
            factors = [factor for factor in range(2, result[-1]) if result[-1] % factor == 0]
            if factors and self.random.random() < 0.5:
                factor = self.random.choice(factors)
                result[-1:] = [factor, result[-1] // factor]
            if self.random.random() < 0.15:
                result.append(1)
        if result and self.random.random() < 0.3:
            result[self.number(0, len(result) - 1)] = -1
        if self.random.random() < 0.1:
            result.append(self.number(-2, 3))
        return result

    def dim(self, dims: int) -> int:
        """A dimension, at times one that isn't there."""
        least = -max(dims, 1)
        return self.number(least - (self.random.random() < 0.1), -least - (self.random.random() < 0.9))

    def call(self, text: str, sizes: Sequence[int]) -> str:
        """A call of a random operation on the tensor ``text``."""
        return self.random.choice(_CALLS)(self, text, sizes)


def _numbers(numbers: Sequence[int]) -> str:
    return f"({', '.join(map(str, numbers))}{',' if len(numbers) == 1 else ''})"


def _apply(
    method: str, arguments: Callable[[Draw, Sequence[int]], Sequence[object]]
) -> Callable[[Draw, str, Sequence[int]], str]:
    def make(draw: Draw, text: str, sizes: Sequence[int]) -> str:
        return f"{text}.{method}({', '.join(map(str, arguments(draw, sizes)))})"

    return make


def _widen(draw: Draw, sizes: Sequence[int]) -> list[int]:
    wide = [
        draw.number(-1, 3) if size == 1 or draw.number(0, 9) == 0 else draw.random.choice((size, -1))
        for size in sizes
    ]
    return [draw.number(-1, 3) for _ in range(draw.number(0, 1))] + wide


def _dims(draw: Draw, sizes: Sequence[int]) -> list[int]:
    return [draw.dim(len(sizes)) for _ in range(draw.number(0, 2))]


_CALLS: tuple[Callable[[Draw, str, Sequence[int]], str], ...] = (
    *[_apply("view", lambda draw, sizes: [_numbers(draw.regroup(sizes))])] * 8,
    *[_apply("reshape", lambda draw, sizes: [_numbers(draw.regroup(sizes))])] * 4,
    _apply("flatten", lambda draw, sizes: [draw.dim(len(sizes)), draw.dim(len(sizes))]),
    _apply("unflatten", lambda draw, sizes: [draw.dim(len(sizes)), _numbers(draw.regroup([draw.number(1, 6)]))]),
    _apply("expand", lambda draw, sizes: [_numbers(_widen(draw, sizes))]),
    _apply("squeeze", lambda draw, sizes: [draw.dim(len(sizes))]),
    _apply("squeeze", lambda draw, sizes: [_numbers(_dims(draw, sizes))]),
    _apply("unsqueeze", lambda draw, sizes: [draw.dim(len(sizes) + 1)]),
    _apply("transpose", lambda draw, sizes: [draw.dim(len(sizes)), draw.dim(len(sizes))]),
    _apply("movedim", lambda draw, sizes: [draw.dim(len(sizes)), draw.dim(len(sizes))]),
    _apply("movedim", lambda draw, sizes: [_numbers(_dims(draw, sizes)), _numbers(_dims(draw, sizes))]),
    _apply("narrow", lambda draw, sizes: [draw.dim(len(sizes)), draw.number(-2, 3), draw.number(-1, 3)]),
    _apply("select", lambda draw, sizes: [draw.dim(len(sizes)), draw.number(-3, 2)]),
    _apply("chunk", lambda draw, sizes: [draw.number(0, 4), draw.dim(len(sizes))]),
    _apply("split", lambda draw, sizes: [draw.number(-1, 4), draw.dim(len(sizes))]),
    _apply("split", lambda draw, sizes: [_numbers(draw.shape(2)), draw.dim(len(sizes))]),
    _apply("tensor_split", lambda draw, sizes: [draw.number(0, 4), draw.dim(len(sizes))]),
    _apply("tensor_split", lambda draw, sizes: [_numbers([draw.number(-4, 4) for _ in range(2)]), draw.dim(len(sizes))]),
    _apply("hsplit", lambda draw, sizes: [draw.number(0, 3)]),
    _apply("unbind", lambda draw, sizes: [draw.dim(len(sizes))]),
    _apply("unfold", lambda draw, sizes: [draw.dim(len(sizes)), draw.number(-1, 3), draw.number(0, 3)]),
    _apply("diagonal", lambda draw, sizes: [draw.number(-2, 2), draw.dim(len(sizes)), draw.dim(len(sizes))]),
    _apply("diag_embed", lambda draw, sizes: [draw.number(-2, 2), draw.dim(len(sizes)), draw.dim(len(sizes))]),
    _apply("roll", lambda draw, sizes: [draw.number(-2, 2), draw.dim(len(sizes))]),
    _apply("roll", lambda draw, sizes: [_numbers([1, 2]), _numbers([draw.dim(len(sizes)), draw.dim(len(sizes))])]),
    _apply("roll", lambda draw, sizes: [draw.number(-2, 2)]),
    _apply("rot90", lambda draw, sizes: [draw.number(-4, 4), _numbers([draw.dim(len(sizes)), draw.dim(len(sizes))])]),
    _apply("flip", lambda draw, sizes: [_numbers(_dims(draw, sizes))]),
    _apply("repeat", lambda draw, sizes: [_numbers(draw.shape())]),
    _apply("tile", lambda draw, sizes: [_numbers(draw.shape())]),
    _apply("repeat_interleave", lambda draw, sizes: [draw.number(-1, 3), draw.dim(len(sizes))]),
    _apply("sum_to_size", lambda draw, sizes: [_numbers([size if draw.number(0, 3) else 1 for size in sizes[draw.number(0, 1) :]])]),
    _apply("view", lambda draw, sizes: [draw.one_of("int32", "float64", "float16", "uint8", "complex64")]),
    _apply("to", lambda draw, sizes: [draw.one_of("float32", "float64", "int64"), "copy=True"]),
    *(
        _apply(name, lambda draw, sizes: [])
        for name in (
            "contiguous", "clone", "detach", "ravel", "half", "float", "t", "adjoint", "fliplr", "flipud", "tril",
            "triu", "diag", "diagflat", "atleast_2d", "atleast_3d", "numel", "size", "squeeze", "unbind",
        )
    ),
    lambda draw, text, sizes: f"{text}.{draw.one_of('T', 'mT', 'H', 'mH', 'real', 'imag', 'nbytes')}",
    lambda draw, text, sizes: f"torch.view_as_real({text}.cfloat())",
    lambda draw, text, sizes: f"torch.view_as_complex({text})",
)  # fmt: skip


def _equation(draw: Draw) -> str:
    """An equation of one to three tensors that share letters, with repeated ones and ``...`` at times."""
    sizes = {letter: draw.random.choice((1, 2, 3, 4)) for letter in "abcdeK"}
    terms, tensors = [], []
    rest = draw.shape(draw.number(0, 2)) if draw.number(0, 3) == 0 else None
    for _ in range(draw.random.choice((1, 2, 2, 2, 2, 3))):
        letters = draw.random.sample("abcdeK", draw.number(0, 4))
        if letters and draw.number(0, 9) == 0:
            letters.append(letters[0])
        shape = [1 if draw.number(0, 14) == 0 else sizes[letter] for letter in letters]
        if rest is not None:
            at, count = draw.number(0, len(letters)), draw.number(0, len(rest))
            shape[at:at] = rest[len(rest) - count :]
            letters.insert(at, "...")
        terms.append("".join(letters))
        tensors.append(draw.layout(draw.spoil(shape) if draw.number(0, 5) == 0 else shape))
    equation = ",".join(terms)
    if draw.number(0, 4):
        used = sorted({letter for letter in equation if letter.isalpha()})
        output = draw.random.sample(used, draw.number(0, len(used)))
        if rest is not None and draw.number(0, 4):
            output.insert(draw.number(0, len(output)), "...")
        equation += "->" + "".join(output)
    return f"torch.einsum('{equation}', {', '.join(tensors)})"


def _product(draw: Draw) -> str:
    rows, inner, columns = (draw.random.choice((0, 1, 2, 3, 4)) for _ in range(3))
    batch = draw.shape(draw.random.choice((0, 0, 1, 1, 2)))
    left = [*draw.narrow(batch), *[rows, inner][draw.random.choice((0, 0, 0, 1)) :]]
    right = [*draw.narrow(batch), *[inner, columns][: draw.random.choice((1, 2, 2, 2))]]
    name = draw.one_of("matmul", "matmul", "matmul", "mm", "bmm", "mv", "dot", "vdot")
    return f"torch.{name}({draw.layout(draw.spoil(left))}, {draw.layout(draw.spoil(right))})"


def _added(draw: Draw) -> str:
    batch, rows, inner, columns = (draw.random.choice((0, 1, 2, 3)) for _ in range(4))
    name = draw.one_of("addmm", "addmv", "addr", "addbmm", "baddbmm")
    result, left, right = {
        "addmm": ([rows, columns], [rows, inner], [inner, columns]),
        "addmv": ([rows], [rows, inner], [inner]),
        "addr": ([rows, columns], [rows], [columns]),
        "addbmm": ([rows, columns], [batch, rows, inner], [batch, inner, columns]),
        "baddbmm": ([batch, rows, columns], [batch, rows, inner], [batch, inner, columns]),
    }[name]
    factors = draw.one_of("", "", ", beta=2", ", beta=0", ", alpha=0.5", ", beta=1.5")
    # Of several dtypes and no elements, PyTorch takes some by one name and not by another.
    factors = f"{draw.layout(draw.spoil(left), mixed=False)}, {draw.layout(draw.spoil(right), mixed=False)}{factors}"
    if draw.number(0, 3) == 0:
        # Some would give a target of other sizes those of the result.
        return f"{draw.layout(result, mixed=False)}.{name}_({factors})"
    return f"torch.{name}({draw.layout(draw.spoil(draw.narrow(result)), mixed=False)}, {factors})"


def _linear(draw: Draw) -> str:
    features, outputs = draw.number(1, 4), draw.number(1, 4)
    lead = draw.shape(draw.number(0, 3))
    weight = draw.random.choice(([outputs, features], [outputs, features], [outputs, features], [features]))
    bias = draw.random.choice((None, [outputs], [outputs], [1], [], [*lead[-1:], outputs]))
    last = "" if bias is None else f", {draw.layout(draw.spoil(bias))}"
    return f"F.linear({draw.layout(draw.spoil([*lead, features]))}, {draw.layout(draw.spoil(weight))}{last})"


def _pair(draw: Draw) -> str:
    shape = draw.shape()
    left, right = draw.layout(shape), draw.layout(draw.spoil(draw.narrow(shape)))
    dim = draw.dim(len(shape))
    return draw.one_of(
        f"torch.kron({left}, {right})",
        f"torch.inner({left}, {right})",
        f"torch.outer({left}, {right})",
        f"torch.tensordot({left}, {right}, {draw.number(0, 2)})",
        f"torch.tensordot({left}, {right}, ([{dim}], [{dim}]))",
        f"torch.cosine_similarity({left}, {right}, {dim})",
        f"torch.pairwise_distance({left}, {right}, keepdim={draw.one_of('True', 'False')})",
        f"torch.cdist({left}, {right})",
        f"torch.cross({left}, {right}, {dim})",
        f"torch.broadcast_tensors({left}, {right})",
        f"{left}.masked_fill({right}.bool(), 1.0)",
        f"{left}.masked_fill_({right}.bool(), 1.0)",
        f"{left}.expand_as({right})",
        f"{left}.view_as({right})",
        f"{left}.reshape_as({right})",
    )


def _joined(draw: Draw) -> str:
    shape = draw.shape()
    dim = draw.dim(len(shape))
    tensors = []
    for _ in range(draw.number(1, 3)):
        own = list(shape)
        if own and -len(own) <= dim < len(own) and draw.number(0, 1):
            own[dim] = draw.number(0, 3)
        own = draw.spoil(own) if draw.number(0, 3) == 0 else own
        tensors.append("zeros(0)" if draw.number(0, 12) == 0 else draw.layout(own))
    name = draw.one_of("cat", "cat", "cat", "stack", "stack", "hstack", "vstack", "dstack", "column_stack")
    return f"torch.{name}([{', '.join(tensors)}]{f', {dim}' if name in ('cat', 'stack') else ''})"


def _indexed(draw: Draw) -> str:
    shape = draw.shape()
    dim = draw.dim(len(shape))
    tensor = draw.layout(shape)
    place = dim % max(len(shape), 1)
    count = draw.number(0, 3)
    dtype = draw.one_of("int64", "int64", "int64", "int32", "uint8")
    index = f"zeros({tuple(draw.spoil([count]))}, dtype={dtype})"
    slices = [*shape[:place], count, *shape[place + 1 :]] if shape else []
    given = draw.spoil([draw.number(0, size) for size in shape])
    picked = f"zeros({tuple(given)}, dtype=int64)"
    source = draw.layout(draw.spoil(slices))
    wide = draw.layout([size + draw.number(0, 1) for size in given])
    one = draw.layout(draw.spoil([size for other, size in enumerate(shape) if other != place]))
    return draw.one_of(
        f"{tensor}.index_select({dim}, {index})",
        f"{tensor}.gather({dim}, {picked})",
        f"{tensor}.take_along_dim({picked}, {dim})",
        f"{tensor}.take({picked})",
        f"{tensor}.scatter({dim}, {picked}, {wide})",
        f"{tensor}.scatter_add({dim}, {picked}, {wide})",
        f"{tensor}.scatter_({dim}, {picked}, 1.0)",
        f"{tensor}.index_add({dim}, {index}, {source})",
        f"{tensor}.index_copy({dim}, {index}, {source})",
        f"{tensor}.index_reduce({dim}, {index}, {source}, 'amax')",
        f"{tensor}.index_fill({dim}, {index}, 1.0)",
        f"{tensor}.index_put(({picked},), {source})",
        f"{tensor}.put({picked}, {wide})",
        f"{tensor}.masked_scatter({one} > 1, {source})",
        f"{tensor}.select_scatter({one}, {dim}, 0)",
        f"{tensor}.slice_scatter({source}, {dim}, 0, {count})",
        f"{tensor}.diagonal_scatter({one})",
        f"{tensor}.nonzero_static(size={count})",
        f"torch.unravel_index({tensor}.long(), {tuple(max(size, 1) for size in shape)})",
        f"F.embedding({picked}, {draw.layout([3, 4])})",
        f"F.one_hot({tensor}.long(), {draw.number(0, 3)})",
    )


_TOGETHER: tuple[Callable[[Draw], str], ...] = (
    _equation,
    _product,
    _product,
    _added,
    _linear,
    _pair,
    _pair,
    _joined,
    _indexed,
    _indexed,
)
