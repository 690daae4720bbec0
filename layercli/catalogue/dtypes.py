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
    "complex32": 4,
}

#: Every name that ``torch`` has for one of these dtypes, with its canonical name. A spec may not name complex32.
DTYPES: Mapping[str, str] = {
    **{name: name for name in ITEM_SIZES if name != "complex32"},
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

#: The kinds of dtypes, from the least general to the most.
CATEGORIES: Mapping[str, int] = {
    "bool": 0,
    **dict.fromkeys(("uint8", "int8", "int16", "int32", "int64"), 1),
    **dict.fromkeys(("float16", "bfloat16", "float32", "float64"), 2),
    **dict.fromkeys(("complex32", "complex64", "complex128"), 3),
}


def is_floating(dtype: str) -> bool:
    """Whether the dtype has fractions, complex ones not included."""
    return CATEGORIES[dtype] == 2


def can_cast(source: str, target: str) -> bool:
    """Whether PyTorch writes a result of ``source`` into ``target``: never into a less general kind."""
    return CATEGORIES[source] <= CATEGORIES[target]


def promote_dtypes(first: str, second: str) -> str:
    """The dtype of an operation between tensors of these two.

    Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype, type promotion.
    """
    if first == second:
        return first
    low, high = sorted((first, second), key=lambda dtype: (CATEGORIES[dtype], ITEM_SIZES[dtype]))
    if CATEGORIES[low] != CATEGORIES[high]:
        if high == "complex64" and low == "float64":
            return "complex128"
        return high
    if {low, high} == {"float16", "bfloat16"}:
        return "float32"
    if low == "uint8" and high == "int8":
        return "int16"
    if {low, high} == {"uint8", "int8"}:
        return "int16"
    return high
