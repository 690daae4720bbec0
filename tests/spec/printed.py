"""What a spec says, apart from where it says it, and what holds for each one that is printed."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from layercli.errors import Position
from layercli.spec.expressions import Code
from layercli.spec.mentions import find_names, list_code
from layercli.spec.model import Spec
from layercli.spec.printing import print_spec
from layercli.spec.reader import read_text
from layercli.trace import Trace

#: What a spec knows of files, and not what it says. ``definitions`` and ``main`` are looked at by name.
_OF_FILES = frozenset(
    {"source", "path", "tree", "import_paths", "imports", "problems", "definitions", "main"}
)


def describe(spec: Spec) -> dict[str, Any]:
    """What a spec says, and each block that it or they use, by the name of its class."""
    found: dict[str, Any] = {}
    pending = [spec.main, *spec.main.definitions.values()]
    while pending:
        block = pending.pop()
        key = "" if block.main else block.name
        if key not in found:
            used = find_names(list_code(block))
            pending += [other for name, other in block.definitions.items() if name in used]
            found[key] = _describe(block, {name: other.name for name, other in block.definitions.items()})
    return {**found, "spec": _describe(spec, {})}


def _describe(value: Any, names: Mapping[str, str]) -> Any:
    """A record without places: expressions by their trees, in which blocks have the names of their classes."""
    if isinstance(value, Code):
        tree = re.sub(
            r"Name\(id='(\w+)'", lambda name: f"Name({names.get(name[1], name[1])}", ast.dump(value.tree)
        )
        return type(value).__name__, tree
    if isinstance(value, tuple):
        return tuple(_describe(item, names) for item in value)
    if not hasattr(value, "__dataclass_fields__"):
        return value
    parts = {
        item.name: _describe(getattr(value, item.name), names)
        for item in fields(value)
        if item.name not in _OF_FILES and not isinstance(getattr(value, item.name), Position)
    }
    return type(value).__name__, parts


def check_printed(spec: Spec) -> Spec:
    """A spec is printed, read again, and says the same; what comes of it is printed as the same text."""
    text = print_spec(spec)
    again = read_text(text, spec.source.name)
    assert not again.problems, again.problems
    assert print_spec(again) == text
    assert describe(again) == describe(spec)
    return again


def describe_trace(trace: Trace) -> Any:
    """A trace as its JSON, without places in a file."""
    return _strip_places(trace.to_dict())


def _strip_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strip_places(item) for key, item in value.items() if key not in ("source", "spec")}
    return [*map(_strip_places, value)] if isinstance(value, list) else value
