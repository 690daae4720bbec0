"""Every operation of the language: functions of ``F`` and ``torch``, methods and attributes of ``Tensor``.

The tables are written and reviewed by hand, never read out of PyTorch: a name that isn't here can't be reached
from a spec. An operation is pure but for the in-place forms and the generator's state; its result's shape
depends on shapes and plain numbers alone.
"""

from __future__ import annotations

from layercli.catalogue.entries import Operation
from layercli.catalogue.families import OPERATION_FAMILIES, Late, load_families

#: Each family by its name, its operations in the order in which they are listed.
FAMILIES: Late[tuple[Operation, ...]] = load_families(OPERATION_FAMILIES, __name__, "OPERATIONS")
