"""Trace, Row, TensorType and their like: frozen records, printable and comparable alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field, fields, replace
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal, TypeAlias

from layercli.errors import Position, Problem
from layercli.record import record
from layercli.trace.repeats import convert, weigh

#: The version of the JSON that ``Trace.to_dict`` gives: keys may be added within it, never changed.
JSON_VERSION = 1


@record(slots=True)
class TensorType:
    """What is known of a tensor without its values: its dtype as PyTorch names it, and its sizes."""

    dtype: str
    shape: tuple[int, ...]
    #: The sizes as formulas over dims, and plain ints, where it was derived with symbols.
    symbolic: tuple[str | int, ...] | None = field(default=None, compare=False)

    @property
    def sizes(self) -> str:
        """The sizes in square brackets, as formulas where they are known."""
        return f"[{', '.join(map(str, self.shape if self.symbolic is None else self.symbolic))}]"

    def __str__(self) -> str:
        return f"{self.dtype}{self.sizes}"


@record(slots=True)
class DictType:
    """A dict of types, in order."""

    entries: tuple[tuple[str, Type], ...]


@record(slots=True)
class PlainType:
    """A value that is no tensor (a number, a text), as Python writes it."""

    text: str
    #: The same as a formula over dims, where it was derived with symbols and depends on one.
    symbolic: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.symbolic or self.text


#: A tuple or list of types is a tuple, a dict a ``DictType``, ``None`` is None.
Type: TypeAlias = "TensorType | DictType | PlainType | tuple[Type, ...] | None"


def format_type(value: Type) -> str:
    """A type in the notation of the spec language: ``float32[1, 6]``, ``(…, …)``, ``{name: …}``."""
    if isinstance(value, TensorType):
        return str(value)
    if isinstance(value, tuple):
        inner = ", ".join(format_type(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, DictType):
        return "{" + ", ".join(f"{name}: {format_type(item)}" for name, item in value.entries) + "}"
    return str(value)


def iterate_tensor_types(value: Type) -> Iterator[TensorType]:
    """Every tensor type inside ``value``, in order."""
    if isinstance(value, TensorType):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from iterate_tensor_types(item)
    elif isinstance(value, DictType):
        for _, item in value.entries:
            yield from iterate_tensor_types(item)


def drop_symbols(value: Type) -> Type:
    """A type with sizes as numbers only."""
    if isinstance(value, TensorType):
        return value if value.symbolic is None else TensorType(value.dtype, value.shape)
    if isinstance(value, tuple):
        return tuple(map(drop_symbols, value))
    if isinstance(value, DictType):
        return DictType(tuple((name, drop_symbols(item)) for name, item in value.entries))
    return PlainType(value.text) if isinstance(value, PlainType) else value


def type_to_json(value: Type) -> Any:
    """A type as the trace JSON writes it."""
    if isinstance(value, TensorType):
        data: dict[str, Any] = {"dtype": value.dtype, "shape": list(value.shape)}
        if value.symbolic is not None:
            data["symbolic"] = list(value.symbolic)
        return data
    if isinstance(value, tuple):
        return [type_to_json(item) for item in value]
    if isinstance(value, DictType):
        return {"dict": {name: type_to_json(item) for name, item in value.entries}}
    if value is None:
        return None
    return {"value": value.text, **({"symbolic": value.symbolic} if value.symbolic else {})}


@record(slots=True)
class Tie:
    """A parameter that is the same tensor as another: both by their ``state_dict`` names."""

    name: str
    target: str


@record(slots=True)
class Requirement:
    """What the row at ``path`` needs of dims: ``N * H == 64``, as Python writes it.

    Without ``needed`` PyTorch takes other sizes, too, but the formulas are those for these; with ``of_one`` the others
    are 0 and 1 only.
    """

    path: str
    text: str
    needed: bool = True
    of_one: bool = False

    def __str__(self) -> str:
        verb = "needs" if self.needed else "assumes"
        return f"{self.path or 'the model'} {verb} {self.text.replace('==', '=')}"

    def to_dict(self) -> dict[str, Any]:
        """The requirement as JSON writes it."""
        return {"path": self.path, "needs" if self.needed else "assumes": self.text}


@record(slots=True)
class Statistics:
    """Mean, standard deviation (divided by n, as ``std(correction=0)``), least and greatest value."""

    mean: float
    std: float
    minimum: float
    maximum: float


@record(slots=True)
class ValueText:
    """One tensor of a row as PyTorch prints it, with its statistics where they were asked for."""

    name: str
    type: Type
    text: str
    statistics: Statistics | None = None


@record(slots=True)
class Values:
    """The values that met in one row."""

    inputs: tuple[ValueText, ...]
    parameters: tuple[ValueText, ...]
    outputs: tuple[ValueText, ...]


@record(slots=True)
class SymbolicCall:
    """How a row is called, with formulas over dims in the place of sizes: ``Row.arguments`` and ``Row.sources``."""

    arguments: str
    sources: tuple[str, ...]


@record(slots=True)
class Row:
    """One call of a layer or operation.

    ``parameters``, ``trainable`` and ``buffers`` are numbers of elements that this module holds itself (not
    its children), each tensor of the model counted once, at the first module that holds it and in that
    module's first row; ``tied`` names those counted elsewhere. ``bytes`` is the size of ``parameters``.
    ``macs`` and ``flops`` are None where they aren't known. ``arguments`` is the call as normalised text
    (``Conv2d(1, 6, kernel_size=5)``), ``sources`` says where each tensor input comes from, by the name of a
    row, input or parameter within the owner, and which plain values a layer is called with; ``returns`` says
    which of its own rows and inputs a block's output is. The root's own row has the path ``""``; it is there only
    when the root holds parameters or buffers or takes MACs or FLOPs itself, or when nothing else was called.
    """

    path: str
    kind: Literal["layer", "operation"]
    type: str
    call: int
    depth: int
    inputs: tuple[Type, ...]
    output: Type
    parameters: int = 0
    trainable: int = 0
    buffers: int = 0
    bytes: int = 0
    macs: int | None = None
    flops: int | None = None
    arguments: str = ""
    sources: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    tied: tuple[Tie, ...] = ()
    position: Position | None = None
    values: Values | None = None
    finished: bool = True
    #: There where the row was derived with symbols and its call has one in it.
    symbolic: SymbolicCall | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The row as the trace JSON writes it."""
        data: dict[str, Any] = {
            "path": self.path,
            "kind": self.kind,
            "type": self.type,
            "call": self.call,
            "depth": self.depth,
            "arguments": self.arguments,
            "sources": list(self.sources),
            **({"returns": list(self.returns)} if self.returns else {}),
            "inputs": [type_to_json(value) for value in self.inputs],
            "output": type_to_json(self.output),
            "parameters": self.parameters,
            "trainable": self.trainable,
            "buffers": self.buffers,
            "bytes": self.bytes,
            "macs": self.macs,
            "flops": self.flops,
        }
        if self.symbolic is not None:
            data["symbolic"] = {
                "arguments": self.symbolic.arguments,
                "sources": list(self.symbolic.sources),
            }
        if self.tied:
            data["tied"] = {tie.name: tie.target for tie in self.tied}
        if self.position is not None:
            data["source"] = self.position.to_dict()
        if not self.finished:
            data["failed"] = True
        if self.values is not None:
            data["values"] = {
                part: [
                    {
                        "name": value.name,
                        "type": type_to_json(value.type),
                        "text": value.text,
                        **(
                            {
                                "mean": value.statistics.mean,
                                "std": value.statistics.std,
                                "min": value.statistics.minimum,
                                "max": value.statistics.maximum,
                            }
                            if value.statistics
                            else {}
                        ),
                    }
                    for value in getattr(self.values, part)
                ]
                for part in ("inputs", "parameters", "outputs")
            }
        return data


@record(slots=True)
class Uncalled:
    """A layer of the model whose forward never ran, with what it holds itself.

    ``used_by`` names a layer that reads its parameters without calling it, as ``MultiheadAttention`` does
    with its ``out_proj``.
    """

    path: str
    type: str
    parameters: int = 0
    trainable: int = 0
    buffers: int = 0
    bytes: int = 0
    used_by: str = ""
    position: Position | None = None

    def to_dict(self) -> dict[str, Any]:
        """The layer as the trace JSON writes it."""
        data: dict[str, Any] = {
            "path": self.path,
            "type": self.type,
            "parameters": self.parameters,
            "trainable": self.trainable,
            "buffers": self.buffers,
            "bytes": self.bytes,
        }
        if self.used_by:
            data["used_by"] = self.used_by
        return data


@record(slots=True)
class TensorRecord:
    """A parameter or buffer by its name. ``tied`` names the parameter whose storage it shares.

    ``owner`` is the path of the module that holds it, ``persistent`` says whether ``state_dict`` has it.
    ``text`` is the value as PyTorch prints it, where it was asked for.
    """

    name: str
    kind: Literal["parameter", "buffer"]
    type: TensorType
    owner: str
    owner_type: str
    bytes: int
    trainable: bool = False
    tied: str = ""
    persistent: bool = True
    text: str = ""

    @property
    def count(self) -> int:
        """The number of elements."""
        return math.prod(self.type.shape)

    def to_dict(self) -> dict[str, Any]:
        """The tensor as JSON writes it."""
        data: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "dtype": self.type.dtype,
            "shape": list(self.type.shape),
            "count": self.count,
            "bytes": self.bytes,
            "owner": self.owner,
            "owner_type": self.owner_type,
        }
        if self.kind == "parameter":
            data["trainable"] = self.trainable
            data["tied"] = self.tied or None
        else:
            data["persistent"] = self.persistent
        if self.text:
            data["text"] = self.text
        return data


_GET_REST_OF_ROW = attrgetter(*(item.name for item in fields(Row) if item.name != "path"))


def _drop_symbols_of_row(row: Row) -> Row:
    inputs = tuple(map(drop_symbols, row.inputs))
    return replace(row, inputs=inputs, output=drop_symbols(row.output), symbolic=None)


def move_row(row: Row, length: int, path: str) -> Row:
    """The row under another path, which stands for the first ``length`` characters of its own."""
    moved = Row(path + row.path[length:], *_GET_REST_OF_ROW(row))
    if not row.tied:
        return moved
    ties = tuple(Tie(path + tie.name[length:], path + tie.target[length:]) for tie in row.tied)
    return replace(moved, tied=ties)


def move_uncalled(layer: Uncalled, length: int, path: str) -> Uncalled:
    """The layer under another path, which stands for the first ``length`` characters of its own."""
    used_by = layer.used_by
    if used_by:
        used_by = path + used_by[length:] if len(used_by) >= length else path.rpartition(".")[0]
    return replace(layer, path=path + layer.path[length:], used_by=used_by)


def move_tensor(tensor: TensorRecord, length: int, path: str) -> TensorRecord:
    """The tensor under another path, which stands for the first ``length`` characters of its own."""
    return replace(
        tensor,
        name=path + tensor.name[length:],
        owner=path + tensor.owner[length:],
        tied=path + tensor.tied[length:] if tensor.tied else "",
    )


@record(slots=True)
class Totals:
    """Sums over a model, each tensor once. ``macs`` and ``flops`` sum the known ones, ``..._unknown`` counts the others."""

    parameters: int
    trainable: int
    buffers: int
    bytes: int
    macs: int
    macs_unknown: int = 0
    flops: int = 0
    flops_unknown: int = 0


@record(repr=False)
class Trace:
    """All that one forward pass showed, rows in the order in which the calls started.

    ``failed`` is True where the pass ended early: then the last started rows are unfinished, ``problems`` say why, and
    ``refusal`` what the innermost of them needs and got, where they are known.
    ``device`` is empty where nothing ran. ``tensors`` are all parameters and buffers of the model in ``state_dict`` order, ``returns`` the rows and
    inputs that its output is. ``requirements`` are there where types have formulas. One whose types have none may know itself with them,
    as ``named``, for JSON.
    """

    model: str
    engine: Literal["run", "derive"]
    device: str
    mode: Literal["eval", "train"]
    inputs: tuple[tuple[str, Type], ...]
    output: Type
    rows: Sequence[Row]
    never_called: tuple[Uncalled, ...] = ()
    tensors: Sequence[TensorRecord] = ()
    spec: str = ""
    dims: tuple[tuple[str, int], ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    returns: tuple[str, ...] = ()
    failed: bool = False
    problems: tuple[Problem, ...] = field(default=(), compare=False)
    refusal: str = field(default="", compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    requirements: tuple[Requirement, ...] | None = field(default=None, compare=False)
    named: Trace | None = field(default=None, compare=False)

    def in_numbers(self) -> Trace:
        """The trace without formulas, which its JSON still has."""
        if self.requirements is None:
            return self
        rows = convert(self.rows, _drop_symbols_of_row, move_row)
        inputs = tuple((name, drop_symbols(value)) for name, value in self.inputs)
        output = drop_symbols(self.output)
        return replace(self, inputs=inputs, output=output, rows=rows, requirements=None, named=self)

    @cached_property
    def totals(self) -> Totals:
        """Sums over the rows and the layers that never ran."""
        rows = [*weigh(self.rows)]
        holders: list[tuple[Row | Uncalled, int]] = [*rows, *((layer, 1) for layer in self.never_called)]
        return Totals(
            parameters=sum(holder.parameters * times for holder, times in holders),
            trainable=sum(holder.trainable * times for holder, times in holders),
            buffers=sum(holder.buffers * times for holder, times in holders),
            bytes=sum(holder.bytes * times for holder, times in holders),
            macs=sum((row.macs or 0) * times for row, times in rows),
            macs_unknown=sum(times for row, times in rows if row.macs is None),
            flops=sum((row.flops or 0) * times for row, times in rows),
            flops_unknown=sum(times for row, times in rows if row.flops is None),
        )

    def to_dict(self) -> dict[str, Any]:
        """The trace as JSON, version 1 (`docs/json.md`)."""
        if self.named is not None:
            return self.named.to_dict()
        totals = self.totals
        data: dict[str, Any] = {
            "version": JSON_VERSION,
            "model": self.model,
            "spec": self.spec,
            "engine": self.engine,
            "device": self.device or None,
            "mode": self.mode,
            "dims": dict(self.dims),
            "params": dict(self.params),
            "inputs": {name: type_to_json(value) for name, value in self.inputs},
            "output": type_to_json(self.output),
            "returns": list(self.returns),
            "rows": [row.to_dict() for row in self.rows],
            "never_called": [layer.to_dict() for layer in self.never_called],
            "totals": {
                "parameters": totals.parameters,
                "trainable": totals.trainable,
                "buffers": totals.buffers,
                "bytes": totals.bytes,
                "macs": totals.macs if totals.macs_unknown < len(self.rows) else None,
                "flops": totals.flops if totals.flops_unknown < len(self.rows) else None,
            },
        }
        if totals.macs_unknown:
            data["totals"]["macs_unknown"] = totals.macs_unknown
        if totals.flops_unknown:
            data["totals"]["flops_unknown"] = totals.flops_unknown
        if self.requirements is not None:
            data["requirements"] = [item.to_dict() for item in self.requirements]
        if self.notes:
            data["notes"] = list(self.notes)
        if self.failed:
            data["failed"] = True
        if self.problems:
            data["problems"] = [problem.to_dict() for problem in self.problems]
        return data

    def __rich__(self) -> Any:
        """The table that ``layercli trace`` prints."""
        from layercli.report.table import render_trace

        return render_trace(self)

    def __repr__(self) -> str:
        rows = f"{len(self.rows):,} row{'s' * (len(self.rows) != 1)}"
        rest = "the last one failed" if self.failed else f"{self.totals.parameters:,} parameters"
        return f"<Trace of {self.model}: {rows}, {rest}>"

    def __str__(self) -> str:
        from layercli.report.table import format_trace

        return format_trace(self)

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        from layercli.report.html import format_html

        return format_html(self)
