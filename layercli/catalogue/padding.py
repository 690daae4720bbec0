"""Padding: more values around the edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layercli.catalogue import work
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module
from layercli.catalogue.operations.vision import pad_edges
from layercli.catalogue.rules import expect_tensor
from layercli.catalogue.tensors import Tensor, refuse


def pad(count: int, mode: str) -> Callable[..., Tensor]:
    """The rule of a layer that pads the last ``count`` dimensions: one amount for all sides, or one for each.

    Source: torch.nn.ReflectionPad2d.
    """

    def apply(layer: Module, input: Any) -> Tensor:
        tensor = expect_tensor(input, "input")
        if mode == "circular" and tensor.dim not in (count + 1, count + 2):
            refuse(f"expects {count + 1} or {count + 2} dimensions and got {tensor!r}", "input")
        given = layer.padding
        sides = tuple(given) if isinstance(given, (tuple, list)) else (given,) * (2 * count)
        return pad_edges(tensor, sides, mode, layer.arguments.get("value"))

    return apply


LAYERS: tuple[Layer, ...] = (
    Layer(
        "ReflectionPad1d",
        "padding",
        "Extends both ends of a sequence with its mirror image, the edge value not repeated.",
        rule=pad(1, "reflect"),
        work=work.take_none,
    ),
    Layer(
        "ReflectionPad2d",
        "padding",
        "Extends the edges of an image with its mirror image, the edge pixels not repeated.",
        rule=pad(2, "reflect"),
        work=work.take_none,
    ),
    Layer(
        "ReflectionPad3d",
        "padding",
        "Extends the faces of a volume with its mirror image, the edge voxels not repeated.",
        rule=pad(3, "reflect"),
        work=work.take_none,
    ),
    Layer(
        "ReplicationPad1d",
        "padding",
        "Extends both ends of a sequence by repeating the edge value.",
        rule=pad(1, "replicate"),
        work=work.take_none,
    ),
    Layer(
        "ReplicationPad2d",
        "padding",
        "Extends the edges of an image by repeating the edge pixels.",
        rule=pad(2, "replicate"),
        work=work.take_none,
    ),
    Layer(
        "ReplicationPad3d",
        "padding",
        "Extends the faces of a volume by repeating the edge voxels.",
        rule=pad(3, "replicate"),
        work=work.take_none,
    ),
    Layer(
        "ZeroPad1d",
        "padding",
        "Extends both ends of a sequence with zeros.",
        rule=pad(1, "constant"),
        work=work.take_none,
    ),
    Layer(
        "ZeroPad2d",
        "padding",
        "Extends the edges of an image with zeros.",
        rule=pad(2, "constant"),
        work=work.take_none,
    ),
    Layer(
        "ZeroPad3d",
        "padding",
        "Extends the faces of a volume with zeros.",
        rule=pad(3, "constant"),
        work=work.take_none,
    ),
    Layer(
        "ConstantPad1d",
        "padding, value",
        "Extends both ends of a sequence with one given value.",
        rule=pad(1, "constant"),
        work=work.take_none,
    ),
    Layer(
        "ConstantPad2d",
        "padding, value",
        "Extends the edges of an image with one given value.",
        rule=pad(2, "constant"),
        work=work.take_none,
    ),
    Layer(
        "ConstantPad3d",
        "padding, value",
        "Extends the faces of a volume with one given value.",
        rule=pad(3, "constant"),
        work=work.take_none,
    ),
    Layer(
        "CircularPad1d",
        "padding",
        "Extends both ends of a sequence with values from its opposite end.",
        rule=pad(1, "circular"),
        work=work.take_none,
    ),
    Layer(
        "CircularPad2d",
        "padding",
        "Extends the edges of an image with pixels from the opposite edge.",
        rule=pad(2, "circular"),
        work=work.take_none,
    ),
    Layer(
        "CircularPad3d",
        "padding",
        "Extends the faces of a volume with voxels from the opposite face.",
        rule=pad(3, "circular"),
        work=work.take_none,
    ),
)
