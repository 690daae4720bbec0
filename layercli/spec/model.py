"""A spec as it is written: frozen records of its parts, with positions, before any value is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

from layercli.errors import Position, Problem, Source
from layercli.record import record
from layercli.spec.expressions import Body, Expression
from layercli.spec.tree import DISK, Tree


@record
class ListValue:
    """A YAML list of values."""

    items: tuple[Value, ...]
    position: Position


@record
class Unread:
    """What stands in the place of something that couldn't be read and whose problem is known."""


UNREAD = Unread()

#: An expression, or a YAML list of them.
Value: TypeAlias = "Expression | ListValue | Unread"


def list_expressions(value: Value | None) -> Iterator[Expression]:
    """The expressions of a value that may be a list of them."""
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, ListValue):
        for item in value.items:
            yield from list_expressions(item)


@record
class Named:
    """A named value of ``params`` or ``dims``. A param without value has to be given."""

    name: str
    position: Position
    value: Value | None


@record
class Sizes:
    """An input given as a list of sizes."""

    items: tuple[Expression, ...]
    position: Position


@record
class Input:
    """An argument of ``forward``: at the top level with an example, in a block perhaps with a default."""

    name: str
    position: Position
    value: Sizes | Expression | Unread | None = None


@record
class NamedLayers:
    """A mapping of layers: a Sequential with named children."""

    entries: tuple[LayerDefinition, ...]
    position: Position


@record
class NumberedLayers:
    """A list of layers: a Sequential with numbered children."""

    items: tuple[LayerValue, ...]
    position: Position


@record
class LongForm:
    """``{type: Conv2d, in_channels: 1, ...}``: a call for programs that write specs."""

    type: Expression
    arguments: tuple[Named, ...]
    position: Position


LayerValue: TypeAlias = "Expression | NamedLayers | NumberedLayers | LongForm | Unread"


@record
class LayerDefinition:
    """One entry of ``layers``."""

    name: str
    position: Position
    value: LayerValue


@record
class Forward:
    """``forward``: a list of statements that share a running value, or one literal block.

    ``complete`` is False where statements couldn't be read, so that nothing is known of the names in it.
    """

    style: Literal["list", "block"]
    bodies: tuple[Body, ...]
    position: Position
    complete: bool = True


@record
class TieDefinition:
    """``tie: {name: target}``, both dotted parameter names."""

    name: str
    target: str
    position: Position
    target_position: Position


@record
class Glob:
    """One pattern of ``freeze``."""

    pattern: str
    position: Position


@record
class Block:
    """A class: a block of ``blocks``, an imported one, or the model itself.

    ``definitions`` are the blocks and imports of the file that it was written in, by name. ``main`` marks the model
    itself. ``unread`` says that the block couldn't be read, and that the problem is known.
    """

    name: str
    position: Position
    doc: str = ""
    params: tuple[Named, ...] = ()
    inputs: tuple[Input, ...] = ()
    layers: tuple[LayerDefinition, ...] = ()
    forward: Forward | None = None
    tie: tuple[TieDefinition, ...] = ()
    freeze: tuple[Glob, ...] = ()
    numbered: bool = False
    definitions: Mapping[str, Block] = field(default_factory=dict, compare=False, repr=False)
    main: bool = False
    unread: bool = False

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        return tuple(layer.name for layer in self.layers)

    @cached_property
    def layer_set(self) -> frozenset[str]:
        return frozenset(self.layer_names)


@record
class Spec:
    """A whole spec file.

    ``dtype`` is a dtype's name; ``import_paths`` are the other files that were read for it. ``problems`` are those
    of parts that couldn't be read: planning adds its own and raises them all. ``imports`` says where each import is named.
    """

    source: Source
    main: Block
    dims: tuple[Named, ...] = ()
    dtype: str = "float32"
    mode: Literal["eval", "train"] = "eval"
    import_paths: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()
    imports: Mapping[str, Position] = field(default_factory=dict)
    #: The file that it was read from, and where that lies; None where it was no file.
    path: Path | None = field(default=None, compare=False, repr=False)
    tree: Tree = field(default=DISK, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.main.name

    @property
    def doc(self) -> str:
        return self.main.doc
