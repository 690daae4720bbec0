"""The values of the spec language that are neither Python's nor tensors nor layers, and where one stands."""

from __future__ import annotations

import ast
from typing import Any, Literal

from layercli.catalogue.entries import Function, Layer
from layercli.catalogue.wrappers import Wrapper
from layercli.errors import Position, SpecError
from layercli.record import record
from layercli.spec.expressions import Code
from layercli.spec.model import Block


@record(slots=True)
class Dtype:
    """A dtype by its canonical name, such as ``float32``."""

    name: str

    def __repr__(self) -> str:
        return self.name


@record(slots=True)
class Device:
    """What ``x.device`` gives: accepted as an argument, without effect."""


@record(slots=True)
class FunctionValue:
    """A listed function as a value, such as ``activation=gelu``."""

    entry: Function
    namespace: str

    def __repr__(self) -> str:
        return self.entry.name


@record(slots=True)
class LayerClass:
    """A class of ``torch.nn`` as a value."""

    entry: Layer

    def __repr__(self) -> str:
        return self.entry.name


@record(slots=True)
class BlockClass:
    """A block as a value."""

    block: Block

    def __repr__(self) -> str:
        return self.block.name


@record(slots=True)
class WrapperClass:
    """``weight_norm`` and its like, which take a layer and give it back changed."""

    entry: Wrapper

    def __repr__(self) -> str:
        return self.entry.name


@record(slots=True)
class TensorClass:
    """``Parameter`` or ``Buffer``, which make an attribute of a layer out of a tensor."""

    name: Literal["Parameter", "Buffer"]

    def __repr__(self) -> str:
        return self.name


@record(slots=True)
class Builtin:
    """A function of Python on plain values."""

    name: str

    def __repr__(self) -> str:
        return self.name


@record(slots=True)
class BoundMethod:
    """A method that was looked up and waits for its call."""

    owner: Any
    name: str

    def __repr__(self) -> str:
        return f"the method {self.name}, which isn't called: .{self.name}()"


@record(slots=True)
class Site:
    """The node at which the interpreter stands."""

    code: Code
    node: ast.AST

    @property
    def position(self) -> Position:
        """Where the node stands."""
        return self.code.position(self.node)

    @property
    def text(self) -> str:
        """The node as the spec writes it."""
        return self.code.segment(self.node)

    def error(self, code: str, message: str, hint: str = "", label: str = "") -> SpecError:
        """An error with one problem, at the node."""
        return self.code.problem(code, message, self.node, hint, label)

    def argument(self, key: int | str | None) -> Site:
        """The site of one argument of this call; of the call where it has no place of its own."""
        node = self.node
        if isinstance(node, ast.Call):
            if isinstance(key, int) and key < len(node.args):
                return Site(self.code, node.args[key])
            for keyword in node.keywords:
                if keyword.arg is not None and keyword.arg == key:
                    return Site(self.code, keyword)
        return self


#: What a name means where no engine member has it.
MISSING = object()
