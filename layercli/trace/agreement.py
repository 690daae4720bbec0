"""Where two traces of one model differ: the proof that both engines say the same."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from layercli.record import record
from layercli.trace.records import DictType, PlainType, Row, TensorType, Trace, format_type

#: What only one engine knows.
_ONE_ENGINE = ("values", "symbolic")
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
    found += _compare_lists("rows", [row.path for row in run.rows], [row.path for row in derived.rows])
    for one, other in zip(run.rows, derived.rows, strict=False):
        found += [
            Disagreement(
                one.path, field.name, _show(getattr(one, field.name)), _show(getattr(other, field.name))
            )
            for field in fields(Row)
            if field.name not in _ONE_ENGINE and getattr(one, field.name) != getattr(other, field.name)
        ]
    for what in ("never_called", "tensors"):
        left, right = getattr(run, what), getattr(derived, what)
        if left != right:
            found += _compare_lists(what, [str(item) for item in left], [str(item) for item in right])
    return tuple(found)


def _compare_lists(what: str, run: list[str], derived: list[str]) -> list[Disagreement]:
    """The first place where two lists part."""
    for place, (one, other) in enumerate(zip(run, derived, strict=False)):
        if one != other:
            return [Disagreement("", f"{what}[{place}]", one, other)]
    if len(run) != len(derived):
        return [Disagreement("", f"the number of {what}", str(len(run)), str(len(derived)))]
    return []


def _show(value: Any) -> str:
    if value is None or isinstance(value, (TensorType, DictType, PlainType)):
        return format_type(value)
    return str(value)
