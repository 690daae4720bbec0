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
            if kind < 0.14:
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
    lambda draw, text, sizes: f"torch.view_as_complex({text}.float())",
)  # fmt: skip
