"""Where two traces of one model differ: the proof that both engines say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from layercli.record import record
from layercli.trace.records import (
    DictType,
    PlainType,
    Row,
    TensorRecord,
    TensorType,
    Trace,
    drop_symbols,
    format_type,
)

#: What only one engine knows.
_ONE_ENGINE = ("values", "symbolic", "text")
_FIELDS = ("model", "mode", "inputs", "output", "returns", "dims", "params", "failed")


@record
class Disagreement:
    """One thing that the engines say differently, each in its own words."""

    path: str
    what: str
    run: str
    derived: str

    def __str__(self) -> str:
        return f"{self.path or 'the model'}: {self.what} is {self.run} on PyTorch and {self.derived} by derivation"


def compare_traces(run: Trace, derived: Trace) -> tuple[Disagreement, ...]:
    """Every disagreement about the model, its rows, layers that never ran and tensors; none where they are equal."""
    found = [
        Disagreement("", name, _show(getattr(run, name)), _show(getattr(derived, name)))
        for name in _FIELDS
        if getattr(run, name) != getattr(derived, name)
    ]
    found += compare_lists("rows", [row.path for row in run.rows], [row.path for row in derived.rows])
    for one, other in zip(run.rows, derived.rows, strict=False):
        found += _compare_fields(one.path, one, other)
    if run.never_called != derived.never_called:
        called = [[str(item) for item in trace.never_called] for trace in (run, derived)]
        found += compare_lists("never_called", *called)
    return (*found, *compare_tensors(run.tensors, derived.tensors))


def compare_tensors(run: Sequence[TensorRecord], derived: Sequence[TensorRecord]) -> tuple[Disagreement, ...]:
    """Every disagreement about parameters and buffers, the values of which only one engine has."""
    found = compare_lists("tensors", [item.name for item in run], [item.name for item in derived])
    for one, other in zip(run, derived, strict=False):
        if one.name == other.name:
            found += _compare_fields(one.name, one, other)
    return tuple(found)


def _compare_fields(path: str, run: Row | TensorRecord, derived: Row | TensorRecord) -> list[Disagreement]:
    return [
        Disagreement(path, field.name, _show(getattr(run, field.name)), _show(getattr(derived, field.name)))
        for field in fields(run)
        if field.name not in _ONE_ENGINE and getattr(run, field.name) != getattr(derived, field.name)
    ]


def join_formulas(run: Trace, derived: Trace) -> Trace:
    """A run with the formulas of a derivation that agrees with it."""
    rows = tuple(
        replace(row, inputs=other.inputs, output=other.output, symbolic=other.symbolic)
        for row, other in zip(run.rows, derived.rows, strict=True)
    )
    return replace(
        run, inputs=derived.inputs, output=derived.output, rows=rows, requirements=derived.requirements
    )


def compare_lists(what: str, run: list[str], derived: list[str]) -> list[Disagreement]:
    """The first place where two lists part."""
    for place, (one, other) in enumerate(zip(run, derived, strict=False)):
        if one != other:
            return [Disagreement("", f"{what}[{place}]", one, other)]
    if len(run) != len(derived):
        return [Disagreement("", f"the number of {what}", str(len(run)), str(len(derived)))]
    return []


def _show(value: Any) -> str:
    if value is None or isinstance(value, (TensorType, DictType, PlainType)):
        return format_type(drop_symbols(value))
    return str(value)
