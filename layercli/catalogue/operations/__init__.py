"""Every operation of the language: functions of ``F`` and ``torch``, methods and attributes of ``Tensor``.

The tables are written and reviewed by hand, never read out of PyTorch: a name that isn't here can't be reached
from a spec. An operation is pure but for the in-place forms and the generator's state; its result's shape
depends on shapes and plain numbers alone.
"""

from __future__ import annotations

from layercli.catalogue.entries import Operation
from layercli.catalogue.operations import (
    activation,
    attention,
    convolution,
    creation,
    elementwise,
    indexing,
    joining,
    linear_algebra,
    loss,
    normalisation,
    pooling,
    random,
    reduction,
    view,
    vision,
)

#: Each family by its name, its operations in the order in which they are listed.
FAMILIES: dict[str, tuple[Operation, ...]] = {
    "elementwise": elementwise.OPERATIONS,
    "activation": activation.OPERATIONS,
    "reduction": reduction.OPERATIONS,
    "view": view.OPERATIONS,
    "indexing": indexing.OPERATIONS,
    "joining": joining.OPERATIONS,
    "linear algebra": linear_algebra.OPERATIONS,
    "creation": creation.OPERATIONS,
    "random": random.OPERATIONS,
    "convolution": convolution.OPERATIONS,
    "pooling": pooling.OPERATIONS,
    "normalisation": normalisation.OPERATIONS,
    "attention": attention.OPERATIONS,
    "vision": vision.OPERATIONS,
    "loss": loss.OPERATIONS,
}
