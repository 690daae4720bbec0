"""What a lock file says of one model: structured facts, nothing that churns when a tool is upgraded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from layercli.errors import Position
from layercli.record import record
from layercli.trace import Row, TensorRecord, TensorType, Trace, Uncalled, format_type
from layercli.trace.repeats import convert, weigh

#: The version that this layercli writes and the newest that it reads.
LOCK_VERSION = 2
#: In this version and before sizes are numbers: those of the trace.
NUMBERS_VERSION = 1


@record(slots=True)
class LockRow:
    """One call of a layer or operation, in call order.

    ``call`` is the normalised text (``Conv2d(1, 6, kernel_size=5)``), ``sources`` says where each tensor
    input comes from, by its name within the owner. ``output`` is a type in the notation of the spec language,
    ``parameters`` the number of elements that the module holds itself, ``returns`` which of its own rows and
    inputs a block's output is.
    """

    path: str
    kind: Literal["layer", "operation"]
    type: str
    call: str
    sources: tuple[str, ...]
    output: str
    parameters: int = 0
    returns: tuple[str, ...] = ()


@record(slots=True)
class SourceName:
    """The name of a row, input or parameter, and which part of its value is meant: ``lstm`` and ``[0]``."""

    base: str
    part: str

    def __str__(self) -> str:
        return self.base + self.part


def split_source(text: str) -> SourceName:
    """Read a source as a row has it, such as ``lstm[0]``."""
    base, bracket, rest = text.partition("[")
    return SourceName(base, bracket + rest)


@record(slots=True)
class LockUncalled:
    """A layer whose forward never ran, with the number of elements that it holds itself."""

    path: str
    type: str
    parameters: int = 0


@record(slots=True)
class LockEntry:
    """One entry of ``state_dict``. ``tied`` names the parameter whose storage it shares."""

    name: str
    kind: Literal["parameter", "buffer"]
    type: TensorType
    tied: str = ""
    frozen: bool = False

    @property
    def count(self) -> int:
        """The number of elements."""
        return math.prod(self.type.shape)


@record
class Lock:
    """The facts of one model. ``dims`` are names, ``parameters`` and ``trainable`` count each tensor once.

    Sizes are formulas over dims, in a lock of ``NUMBERS_VERSION`` numbers. ``needs`` are comparisons that PyTorch
    refuses to be false, ``assumes`` those under which the formulas are these, each with the path of its first row.
    """

    model: str
    mode: Literal["eval", "train"]
    dtype: str
    params: tuple[tuple[str, str], ...]
    dims: tuple[str, ...]
    tie: tuple[tuple[str, str], ...]
    freeze: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]
    output: str
    rows: Sequence[LockRow]
    never_called: tuple[LockUncalled, ...]
    state_dict: Sequence[LockEntry]
    parameters: int
    trainable: int
    returns: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    assumes: tuple[tuple[str, str], ...] = ()
    version: int = LOCK_VERSION


def lock_from_trace(
    trace: Trace,
    *,
    dtype: str,
    tie: Iterable[tuple[str, str]] = (),
    freeze: Iterable[str] = (),
    version: int = LOCK_VERSION,
) -> Lock:
    """The lock of a whole trace. ``tie`` is pairs (name, target), ``freeze`` the globs of the spec.

    A trace without formulas gives a lock that holds for its own sizes. Raises ValueError for a trace whose forward pass
    failed or whose parts disagree about the number of parameters.
    """
    if trace.failed:
        raise ValueError(f"the trace of {trace.model} ended early")
    lock = collect_facts(trace, dtype=dtype, tie=tie, freeze=freeze, version=version)
    disagreement = find_disagreement(lock)
    if disagreement:
        raise ValueError(f"the trace of {trace.model} contradicts itself: {disagreement[1]}")
    return lock


def collect_facts(
    trace: Trace, *, dtype: str, tie: Iterable[tuple[str, str]], freeze: Iterable[str], version: int
) -> Lock:
    """What a lock would say of a trace, also of one that ended early: the facts up to there, for comparisons only."""
    if version <= NUMBERS_VERSION:
        trace = trace.in_numbers()
    return Lock(
        version=version,
        model=trace.model,
        mode=trace.mode,
        dtype=dtype,
        params=trace.params,
        dims=tuple(name for name, _ in trace.dims),
        needs=_list_conditions(trace, needed=True) if version > NUMBERS_VERSION else (),
        assumes=_list_conditions(trace, needed=False) if version > NUMBERS_VERSION else (),
        tie=tuple(tie),
        freeze=tuple(freeze),
        inputs=tuple((name, format_type(value)) for name, value in trace.inputs),
        output=format_type(trace.output),
        returns=trace.returns,
        rows=convert(trace.rows, _lock_row, _move_row),
        never_called=tuple(
            LockUncalled(layer.path, layer.type, layer.parameters) for layer in trace.never_called
        ),
        state_dict=convert(trace.tensors, _lock_tensor, _move_entry),
        parameters=trace.totals.parameters,
        trainable=trace.totals.trainable,
    )


def _lock_row(row: Row) -> LockRow:
    return LockRow(
        path=row.path,
        kind=row.kind,
        type=row.type,
        call=row.arguments if row.symbolic is None else row.symbolic.arguments,
        sources=row.sources if row.symbolic is None else row.symbolic.sources,
        output=format_type(row.output),
        parameters=row.parameters,
        returns=row.returns,
    )


def _lock_tensor(tensor: TensorRecord) -> LockEntry | None:
    """The entry of ``state_dict``, None where it hasn't one."""
    if not tensor.persistent:
        return None
    frozen = tensor.kind == "parameter" and not tensor.trainable
    return LockEntry(tensor.name, tensor.kind, tensor.type, tensor.tied, frozen)


def _move_row(row: LockRow, length: int, path: str) -> LockRow:
    return replace(row, path=path + row.path[length:])


def _move_entry(entry: LockEntry, length: int, path: str) -> LockEntry:
    tied = path + entry.tied[length:] if entry.tied else ""
    return replace(entry, name=path + entry.name[length:], tied=tied)


def _list_conditions(trace: Trace, needed: bool) -> tuple[tuple[str, str], ...]:
    """The conditions under which the formulas hold, apart from what tells sizes of 0 and 1 from others.

    A trace without formulas is one of its own sizes.
    """
    if trace.requirements is None:
        return () if needed else tuple((f"{name} == {size}", "") for name, size in trace.dims)
    found: dict[str, str] = {}
    for item in trace.requirements:
        if item.needed == needed and not (item.of_one and not needed):
            found.setdefault(item.text, item.path)
    return tuple(found.items())


def find_disagreement(lock: Lock) -> tuple[Literal["parameters", "trainable"], str] | None:
    """The total that doesn't follow from the parts of a lock, and a sentence about it; None if all do."""
    held = sum(row.parameters * times for row, times in weigh(lock.rows))
    held += sum(layer.parameters for layer in lock.never_called)
    owned = [
        (entry, times)
        for entry, times in weigh(lock.state_dict)
        if entry.kind == "parameter" and not entry.tied
    ]
    named = sum(entry.count * times for entry, times in owned)
    trainable = sum(entry.count * times for entry, times in owned if not entry.frozen)
    if lock.parameters != held:
        return "parameters", f"the total is {lock.parameters:,} parameters and the rows hold {held:,}"
    if lock.parameters != named:
        return "parameters", f"the total is {lock.parameters:,} parameters and state_dict has {named:,}"
    if lock.trainable != trainable:
        return (
            "trainable",
            f"the total is {lock.trainable:,} trainable parameters and state_dict has {trainable:,}",
        )
    return None


def collect_positions(trace: Trace) -> dict[str, Position]:
    """Where each path of a trace stands in its spec: for ``compare_locks``."""
    positions: dict[str, Position] = {}
    parts: list[Row | Uncalled] = [*trace.rows, *trace.never_called]
    for part in parts:
        if part.position is not None:
            positions.setdefault(part.path, part.position)
    return positions
