"""The dtypes that a spec may name."""

from __future__ import annotations

from collections.abc import Mapping

#: The bytes of one element, by the dtype's canonical name.
ITEM_SIZES: Mapping[str, int] = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
    "complex64": 8,
    "complex128": 16,
}

#: Every name that ``torch`` has for one of these dtypes, with its canonical name.
DTYPES: Mapping[str, str] = {
    **{name: name for name in ITEM_SIZES},
    "double": "float64",
    "float": "float32",
    "half": "float16",
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "cfloat": "complex64",
    "cdouble": "complex128",
}

#: The dtypes that parameters may have and that ``dtype:`` of a spec may name.
FLOATING_DTYPES: frozenset[str] = frozenset({"float64", "float32", "float16", "bfloat16"})
