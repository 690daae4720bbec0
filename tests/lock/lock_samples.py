"""Traces written by hand, numbered as the tracer numbers them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from layercli.errors import Position, Source
from layercli.lock import Lock, lock_from_trace
from layercli.trace import Row, TensorRecord, TensorType, Trace, Type, Uncalled

SPEC = Source("configs/lenet.yaml", "name: LeNet\n")


class Sketch:
    """A trace in the making; calls are given in order."""

    def __init__(self, model: str, **inputs: tuple[int, ...]) -> None:
        self.model = model
        self.inputs = tuple((name, TensorType("float32", shape)) for name, shape in inputs.items())
        self.rows: list[Row] = []
        self.tensors: list[TensorRecord] = []
        self.never_called: list[Uncalled] = []
        self.counts: dict[str, int] = {}

    def layer(
        self,
        path: str,
        call: str,
        source: str,
        shape: tuple[int, ...],
        weights: dict[str, tuple[int, ...]] | None = None,
        line: int = 0,
    ) -> str:
        """A call of a layer; gives its name."""
        kind = call.partition("(")[0]
        sizes = weights or {}
        for name, size in sizes.items():
            self.tensor(f"{path}.{name}", size)
        count = sum(math.prod(size) for size in sizes.values())
        self.rows.append(
            Row(
                path,
                "layer",
                kind,
                1,
                path.count("."),
                (),
                TensorType("float32", shape),
                count,
                count,
                arguments=call,
                sources=tuple(source.split()),
                position=Position(SPEC, line, 3) if line else None,
            )
        )
        return path

    def operation(self, call: str, sources: str, shape: tuple[int, ...], owner: str = "") -> str:
        """A call of a function, whose text has a gap for each source; gives its name."""
        kind = call.partition("(")[0]
        prefix = f"{owner}." if owner else ""
        number = self.counts.get(prefix + kind, 0)
        self.counts[prefix + kind] = number + 1
        name = kind if number == 0 else f"{kind}_{number}"
        names = sources.split()
        self.rows.append(
            Row(
                prefix + name,
                "operation",
                kind,
                1,
                prefix.count("."),
                (),
                TensorType("float32", shape),
                arguments=call.format(*names),
                sources=tuple(names),
            )
        )
        return name

    def tensor(self, name: str, shape: tuple[int, ...], **further: Any) -> None:
        kind = TensorType("float32", shape)
        further.setdefault("trainable", True)
        self.tensors.append(
            TensorRecord(
                name, "parameter", kind, name.rpartition(".")[0], "", 4 * math.prod(shape), **further
            )
        )

    def trace(self, output: tuple[int, ...], **further: Any) -> Trace:
        """The trace, with the first size of everything called N where N is one of the dims."""
        named = dict(further.get("dims", ()))
        if "N" in named:
            further = {"requirements": (), **further}
            self.inputs = tuple((name, name_batch(value)) for name, value in self.inputs)
            self.rows = [replace(row, output=name_batch(row.output)) for row in self.rows]
        return Trace(
            model=self.model,
            engine="run",
            device="cpu",
            mode="eval",
            inputs=self.inputs,
            output=TensorType("float32", output, ("N", *output[1:]) if "N" in named else None),
            rows=tuple(self.rows),
            never_called=tuple(self.never_called),
            tensors=tuple(self.tensors),
            **further,
        )

    def lock(self, output: tuple[int, ...], **further: Any) -> Lock:
        return lock_from_trace(self.trace(output, **further), dtype="float32")


def name_batch(value: Type) -> TensorType:
    """A tensor's type with N for its first size."""
    assert isinstance(value, TensorType)
    return replace(value, symbolic=("N", *value.shape[1:]))


def linear(sketch: Sketch, path: str, source: str, sizes: tuple[int, int], batch: int, line: int = 0) -> str:
    before, after = sizes
    weights = {"weight": (after, before), "bias": (after,)}
    return sketch.layer(path, f"Linear({before}, {after})", source, (batch, after), weights, line)


def draw_lenet(
    wide: int = 120,
    batch: int = 1,
    inserted: bool = False,
    activation: str = "relu",
    kernel: str = "2",
    flat_from: str = "",
) -> Sketch:
    """LeNet with ``wide`` features after ``fc1``; ``inserted`` doubles the first activation."""
    sketch = Sketch("LeNet", x=(batch, 1, 32, 32))
    first, second = (batch, 6, 28, 28), (batch, 16, 12, 12)
    sizes = {"weight": (6, 1, 5, 5), "bias": (6,)}
    x = sketch.layer("conv1", "Conv2d(1, 6, kernel_size=5)", "x", first, sizes, 7)
    x = sketch.operation(activation + "({})", x, first)
    if inserted:
        x = sketch.operation("relu({})", x, first)
    x = sketch.operation("max_pool2d({}, [2, 2])", x, (batch, 6, 14, 14))
    sizes = {"weight": (16, 6, 3, 3), "bias": (16,)}
    x = sketch.layer("conv2", "Conv2d(6, 16, kernel_size=3)", x, second, sizes, 8)
    x = sketch.operation("relu({})", x, second)
    x = sketch.operation(f"max_pool2d({{}}, {kernel})", x, (batch, 16, 6, 6))
    x = sketch.operation("flatten({}, 1)", flat_from or x, (batch, 576))
    x = linear(sketch, "fc1", x, (576, wide), batch, 9)
    x = sketch.operation("relu({})", x, (batch, wide))
    x = linear(sketch, "fc2", x, (wide, 84), batch, 10)
    x = sketch.operation("relu({})", x, (batch, 84))
    linear(sketch, "fc3", x, (84, 10), batch, 11)
    return sketch


def lock_lenet(**options: Any) -> Lock:
    return draw_lenet(**options).lock((options.get("batch", 1), 10), dims=(("N", options.get("batch", 1)),))


def draw_tower(blocks: int = 12, experts: int = 0, residual: bool = True) -> Sketch:
    """A stack of equal blocks as in GPT, the head tied to the embedding."""
    sketch = Sketch("Tower", ids=(1, 16))
    full = (1, 16, 8)
    x = sketch.layer("wte", "Embedding(50, 8)", "ids", full, {"weight": (50, 8)})
    for number in range(blocks):
        path = f"h.{number}"
        sketch.layer(path, "Block(8)", x, full)
        sketch.layer(f"{path}.ln", "LayerNorm(8)", "x", full, {"weight": (8,), "bias": (8,)})
        source = "ln"
        for expert in range(experts):
            name = f"mlp.{expert}"
            sketch.layer(f"{path}.{name}", "Linear(8, 8)", source, full, {"weight": (8, 8), "bias": (8,)})
            source = name
        sketch.operation("gelu({})", source, full, path)
        if residual:
            sketch.operation("add({}, {})", "gelu x", full, path)
        x = path
    sketch.layer("lm_head", "Linear(8, 50, bias=False)", x, (1, 16, 50))
    sketch.tensor("lm_head.weight", (50, 8), tied="wte.weight")
    return sketch


def lock_tower(**options: Any) -> Lock:
    return draw_tower(**options).lock((1, 16, 50))
