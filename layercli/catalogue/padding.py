"""Padding: more values around the edges."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "ReflectionPad1d",
        "padding",
        "Extends both ends of a sequence with its mirror image, the edge value not repeated.",
    ),
    Layer(
        "ReflectionPad2d",
        "padding",
        "Extends the edges of an image with its mirror image, the edge pixels not repeated.",
    ),
    Layer(
        "ReflectionPad3d",
        "padding",
        "Extends the faces of a volume with its mirror image, the edge voxels not repeated.",
    ),
    Layer(
        "ReplicationPad1d",
        "padding",
        "Extends both ends of a sequence by repeating the edge value.",
    ),
    Layer(
        "ReplicationPad2d",
        "padding",
        "Extends the edges of an image by repeating the edge pixels.",
    ),
    Layer(
        "ReplicationPad3d",
        "padding",
        "Extends the faces of a volume by repeating the edge voxels.",
    ),
    Layer(
        "ZeroPad1d",
        "padding",
        "Extends both ends of a sequence with zeros.",
    ),
    Layer(
        "ZeroPad2d",
        "padding",
        "Extends the edges of an image with zeros.",
    ),
    Layer(
        "ZeroPad3d",
        "padding",
        "Extends the faces of a volume with zeros.",
    ),
    Layer(
        "ConstantPad1d",
        "padding, value",
        "Extends both ends of a sequence with one given value.",
    ),
    Layer(
        "ConstantPad2d",
        "padding, value",
        "Extends the edges of an image with one given value.",
    ),
    Layer(
        "ConstantPad3d",
        "padding, value",
        "Extends the faces of a volume with one given value.",
    ),
    Layer(
        "CircularPad1d",
        "padding",
        "Extends both ends of a sequence with values from its opposite end.",
    ),
    Layer(
        "CircularPad2d",
        "padding",
        "Extends the edges of an image with pixels from the opposite edge.",
    ),
    Layer(
        "CircularPad3d",
        "padding",
        "Extends the faces of a volume with voxels from the opposite face.",
    ),
)
