"""The JSON Schema of a spec file, made from the tables of the language."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from layercli.catalogue.dtypes import DTYPES, FLOATING_DTYPES
from layercli.catalogue.entries import Layer
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.module_attributes import MODULE_ATTRIBUTES
from layercli.catalogue.signature import REQUIRED, Parameter, Signature
from layercli.spec.keys import BLOCK_KEYS, KEYS, MODES, PREFIXES, SPEC_KEYS

Schema = dict[str, Any]

#: Draft 7 is the newest that the language servers for YAML read: that of VS Code's extension takes no later one.
DRAFT: Final = "http://json-schema.org/draft-07/schema#"

_IDENTIFIER: Final = "[A-Za-z_][A-Za-z0-9_]*"
_SCALARS: Final = ["string", "number", "boolean", "null"]

#: A spec has these keys; a file of blocks that others import has none of them.
_REQUIRED: Final = {
    "if": {
        "required": ["blocks"],
        "not": {"anyOf": [{"required": [name]} for name in ("inputs", "layers", "forward")]},
    },
    "else": {"required": ["inputs", "layers"]},
}
#: Where there is no layer something else has to be computed.
_COMPUTES: Final = {
    "if": {"required": ["layers"], "properties": {"layers": {"enum": [None, {}, []]}}},
    "then": {"required": ["forward"]},
}


def make_schema() -> Schema:
    """The schema of a spec file as JSON has it.

    It takes every spec that layercli takes, as far as keys and the kinds of their values go; what an expression says, and
    whether shapes fit, it can't see.
    """
    layers = [layer for _, layer in sorted(LAYERS.items()) if not layer.refused]
    return {
        "$schema": DRAFT,
        "title": "A layercli spec",
        "description": "A PyTorch model as data: its inputs, layers and forward.",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _describe(name, schema) for name, schema in _make_keys().items()},
        "allOf": [_REQUIRED, _COMPUTES],
        "definitions": {
            "name": _make_name(PREFIXES),
            "layerName": _make_name(sorted(MODULE_ATTRIBUTES)),
            "text": {"type": _SCALARS},
            "expression": {
                "type": _SCALARS,
                "pattern": r"\S",
                "description": "A value, or an expression in the words of Python and PyTorch.",
            },
            "value": {
                "anyOf": [
                    {"$ref": "#/definitions/expression"},
                    {"type": "array", "items": {"$ref": "#/definitions/value"}},
                ]
            },
            "params": _map("name", "value"),
            "block": _make_block(),
            "layers": {"anyOf": [{"type": "null"}, _map("layerName", "layer"), _list("layer")]},
            "layer": {
                "anyOf": [
                    {"$ref": "#/definitions/call"},
                    {"$ref": "#/definitions/layerMapping"},
                    _list("layer"),
                ]
            },
            "call": _make_call(layers),
            "layerMapping": {
                "type": "object",
                "description": "A Sequential of these layers; with a `type` that names a class, one call of it.",
                "if": {"required": ["type"], "properties": {"type": {"type": "string"}}},
                "then": {"$ref": "#/definitions/longForm"},
                "else": _map("layerName", "layer", type_=None),
            },
            "longForm": _make_long_form(layers),
            "tie": {
                "type": ["object", "null"],
                "additionalProperties": {"type": "string", "pattern": r"\S"},
            },
            "freeze": {
                "anyOf": [
                    {"type": ["string", "null"], "maxLength": 500},
                    {"type": "array", "items": {"type": "string", "maxLength": 500}},
                ]
            },
            "forward": _make_forward(),
        },
    }


def _make_keys() -> dict[str, Schema]:
    """What each key of a spec holds."""
    keys: dict[str, Schema] = {
        "name": {"type": ["string", "null"], "pattern": rf"^\s*(?:{_IDENTIFIER})?\s*$"},
        "doc": _refer("text"),
        "params": _refer("params"),
        "dims": {
            "type": ["object", "null"],
            "propertyNames": _refer("name"),
            "additionalProperties": {
                "type": ["integer", "string"],
                "minimum": 0,
                "pattern": r"\S",
                "description": "The size that a trace uses.",
            },
        },
        "inputs": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": _refer("name"),
            "additionalProperties": {
                "anyOf": [
                    {
                        "type": "array",
                        "description": "The sizes of a tensor in the default dtype.",
                        "items": {"type": ["integer", "string"], "minimum": 0, "pattern": r"\S"},
                    },
                    _refer("expression"),
                ]
            },
        },
        "layers": _refer("layers"),
        "forward": _refer("forward"),
        "blocks": {
            "type": ["object", "null"],
            "propertyNames": _refer("name"),
            "additionalProperties": _refer("block"),
        },
        "imports": {
            "type": ["object", "null"],
            "propertyNames": _refer("name"),
            "additionalProperties": {
                "type": "string",
                "pattern": r"^\s*(?![/\s]|[A-Za-z]:)(?!.*://)[^\\]*\.ya?ml\s*$",
                "description": "The path of a .yaml file inside the project, relative to this file's folder.",
            },
        },
        "tie": _refer("tie"),
        "freeze": _refer("freeze"),
        "dtype": {"enum": _list_floating()},
        "mode": {"enum": [*MODES]},
    }
    return {name: keys[name] for name in SPEC_KEYS}


def _list_floating() -> list[str]:
    """The names of floating dtypes, as they are and after ``torch.``."""
    names = [name for name, canonical in DTYPES.items() if canonical in FLOATING_DTYPES]
    return [*names, *(f"torch.{name}" for name in names)]


def _make_block() -> Schema:
    keys = _make_keys() | {"inputs": _make_block_inputs()}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _describe(name, keys[name], block=True) for name in BLOCK_KEYS},
        "anyOf": [{"required": ["layers"]}, {"required": ["forward"]}],
        "dependencies": {"forward": ["inputs"]},
    }


def _make_block_inputs() -> Schema:
    return {
        "type": ["array", "null"],
        "items": {"type": "string", "pattern": rf"^\s*{_IDENTIFIER}\s*(?:=[\s\S]*\S)?\s*$"},
    }


def _make_forward() -> Schema:
    return {
        "anyOf": [
            {
                "type": "array",
                "minItems": 1,
                "description": "Statements, each on the value of the one before.",
                "items": {"type": ["string", "number", "boolean"], "pattern": r"\S"},
            },
            {
                "type": "string",
                "pattern": r"\S",
                "description": "The body of a Python function, as a literal block.",
            },
        ]
    }


def _make_name(refused: Iterable[str]) -> Schema:
    """A name that isn't one of ``refused``, no keyword of Python, and without two underscores in front."""
    return {
        "pattern": rf"^(?!__){_IDENTIFIER}$",
        "not": {"enum": sorted({*keyword.kwlist, *refused})},
    }


def _make_call(layers: Iterable[Layer]) -> Schema:
    """A layer as a text: any expression but a class that isn't called."""
    names = "|".join(re.escape(layer.name) for layer in layers)
    return {
        "type": ["string", "null"],
        "pattern": rf"^(?!\s*(?:(?:torch\.)?nn\.)?(?:{names})\s*$)[\s\S]*\S",
        "description": "A call such as `Conv2d(3, 16, 3)` or `12 * Block(64)`; `None` registers nothing.",
        # What editors for YAML insert; other readers of schemas pass over it.
        "defaultSnippets": [
            {
                "label": f"{layer.name}({layer.signature})",
                "description": layer.doc,
                "body": f"{layer.name}({write_snippet(layer.signature)})",
            }
            for layer in layers
        ],
    }


def write_snippet(signature: Signature) -> str:
    """The required arguments as places to be filled in, in the syntax that editors share: ``${1:in_features}``.

    Where none is required the cursor goes between the brackets.
    """
    needed = [
        parameter.name
        for parameter in signature.parameters
        if parameter.default is REQUIRED and parameter.kind != "rest"
    ]
    shown = ", ".join(f"${{{number}:{name}}}" for number, name in enumerate(needed, start=1))
    return shown or ("$1" if signature.parameters else "")


def _make_long_form(layers: Iterable[Layer]) -> Schema:
    """A call with its arguments as keys: of a class of ``torch.nn`` those that it has."""
    layers = list(layers)
    return {
        "required": ["type"],
        "properties": {
            "type": {
                "description": "The class: one of `torch.nn`, a block or an import.",
                "anyOf": [
                    {"enum": [layer.name for layer in layers]},
                    {"type": "string", "pattern": r"\S"},
                ],
            }
        },
        "propertyNames": {"pattern": f"^{_IDENTIFIER}$"},
        "additionalProperties": _refer("value"),
        "allOf": [
            {
                "if": {"properties": {"type": {"enum": _spell(layer.name)}}},
                "then": _make_arguments(layer),
            }
            for layer in layers
        ],
    }


def _spell(name: str) -> list[str]:
    return [name, f"nn.{name}", f"torch.nn.{name}"]


def _make_arguments(layer: Layer) -> Schema:
    parameters = layer.signature.parameters
    named = [item for item in parameters if item.kind in ("positional", "keyword")]
    schema: Schema = {
        "description": f"{layer.doc} {layer.page}",
        "properties": {"type": True, **{item.name: _make_argument(item) for item in named}},
    }
    required = [item.name for item in named if item.default is REQUIRED]
    if required:
        schema["required"] = required
    if not any(item.kind == "keywords" for item in parameters):
        schema["additionalProperties"] = False
    return schema


def _make_argument(parameter: Parameter) -> Schema:
    schema = _refer("value")
    if parameter.default is REQUIRED:
        return {"allOf": [schema], "description": "Has to be given."}
    shown = parameter.text or repr(parameter.default)
    return {"allOf": [schema], "description": f"`{shown}` if not given."}


def _describe(name: str, schema: Schema, *, block: bool = False) -> Schema:
    """The schema of a key with what the key is for, and an example."""
    import yaml

    key = KEYS[name]
    example = key.block_example if block and key.block_example else key.example
    described: Mapping[str, Any] = {"description": key.doc, "examples": [yaml.safe_load(example)]}
    # Whatever stands beside a reference isn't read in this draft.
    return {**described, **({"allOf": [schema]} if "$ref" in schema else schema)}


def _refer(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _map(name: str, value: str, type_: Any = ("object", "null")) -> Schema:
    schema = {"propertyNames": _refer(name), "additionalProperties": _refer(value)}
    return schema if type_ is None else {"type": [*type_], **schema}


def _list(item: str) -> Schema:
    return {"type": "array", "items": _refer(item)}
