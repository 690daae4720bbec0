"""What names and prefixes mean: fixed tables, one identifier at a time."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from typing import Any

from layercli.catalogue.dtypes import DTYPES
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.wrappers import WRAPPERS
from layercli.spec.keys import NAMESPACES
from layercli.spec.model import Block
from layercli.spec.values import (
    MISSING,
    BlockClass,
    Builtin,
    Dtype,
    FunctionValue,
    LayerClass,
    TensorClass,
    WrapperClass,
)

BUILTINS = (
    "min", "max", "sum", "sqrt", "prod", "abs", "round", "len", "int", "float", "bool", "range", "enumerate",
    "zip", "tuple", "list", "dict",
)  # fmt: skip

MATH: dict[str, Any] = {
    "log": math.log, "exp": math.exp, "sqrt": math.sqrt, "ceil": math.ceil, "floor": math.floor,
    "pi": math.pi, "inf": math.inf,
}  # fmt: skip


def find_class(name: str, definitions: Mapping[str, Block]) -> Any:
    """A block, import, layer class, wrapper, ``Parameter`` or ``Buffer`` of this name, else MISSING."""
    if name in definitions:
        return BlockClass(definitions[name])
    if name in LAYERS:
        return LayerClass(LAYERS[name])
    if name in WRAPPERS:
        return WrapperClass(WRAPPERS[name])
    if name == "Parameter":
        return TensorClass("Parameter")
    return TensorClass("Buffer") if name == "Buffer" else MISSING


def find_function(name: str) -> Any:
    """A builtin of Python, or a function of ``F``, else of ``torch``, else MISSING."""
    if name in BUILTINS:
        return Builtin(name)
    entry = FUNCTIONS.get(name)
    if entry is None:
        return MISSING
    return FunctionValue(entry, "F" if "F" in entry.namespaces else "torch")


def find_in_namespace(prefix: str, name: str) -> Any:
    """What ``nn.name``, ``F.name``, ``torch.name`` or ``math.name`` means, else MISSING."""
    if prefix == "math":
        return MATH.get(name, MISSING)
    if prefix == "nn":
        found = find_class(name, {})
        return MISSING if isinstance(found, WrapperClass) else found
    entry = FUNCTIONS.get(name)
    if entry is not None and prefix in entry.namespaces:
        return FunctionValue(entry, prefix)
    if prefix == "torch" and name in DTYPES:
        return Dtype(DTYPES[name])
    return MISSING


def names_of_namespace(prefix: str) -> list[str]:
    """All names after ``nn.``, ``F.``, ``torch.`` or ``math.``."""
    if prefix == "math":
        return list(MATH)
    if prefix == "nn":
        return list(LAYERS)
    return [name for name, entry in FUNCTIONS.items() if prefix in entry.namespaces] + (
        list(DTYPES) if prefix == "torch" else []
    )


def resolve_prefix(node: ast.expr) -> str | None:
    """``nn`` for ``nn`` and ``torch.nn``, ``F`` for ``F`` and ``torch.nn.functional``, and so on."""
    if isinstance(node, ast.Name):
        return NAMESPACES.get(node.id)
    if isinstance(node, ast.Attribute):
        return NAMESPACES.get(ast.unparse(node))
    return None
