"""Rows of every bundled model: the formulas give the numbers of the trace, and sums are those of the trace."""

from __future__ import annotations

from math import floor

import pytest

import layercli
from layercli.derive.session import derive_plan
from layercli.explain.session import explain_path
from layercli.report.explanation import EXPLANATION_FORMATS
from layercli.report.options import TraceOptions
from layercli.spec.library import list_bundled
from layercli.trace.explanation import CallExplanation, Explanation, Formula

MODELS = sorted(path.stem for path in list_bundled())
#: Of larger models so many rows are explained, spread over all.
ROWS = 8


def list_formulas(found: Explanation, call: CallExplanation) -> list[Formula]:
    formulas = [*(item.formula for item in call.sizes), *(item.formula for item in found.held)]
    return formulas + [item for item in (call.macs_formula, call.flops_formula) if item is not None]


@pytest.mark.parametrize("name", MODELS)
def test_rows_are_explained(name: str) -> None:
    plan = layercli.load(name)
    if plan.root.modules > 1000:
        pytest.skip("a derivation of each row would take too long")
    trace = derive_plan(plan)
    paths = list(dict.fromkeys(row.path for row in trace.rows if row.path))
    symbolic = layercli.load(name, symbolic=tuple(plan.dims)) if plan.dims else None
    for path in paths[:: max(len(paths) // ROWS, 1)]:
        rows = [row for row in trace.rows if row.path == path]
        found = explain_path(plan, path, symbolic=symbolic)
        assert [call.output for call in found.calls] == [row.output for row in rows][: len(found.calls)]
        for call, row in zip(found.calls, rows, strict=False):
            assert (call.macs, call.flops) == (row.macs, row.flops)
            for formula in list_formulas(found, call):
                assert eval(formula.numbers, {"floor": floor, "MACs": row.macs}) == formula.value, path
        held = sum(item.formula.value for item in found.held if item.kind == "parameter" and item.counted)
        assert held == rows[0].parameters
        assert EXPLANATION_FORMATS["text"](found, TraceOptions(width=80)).startswith(path)
        assert EXPLANATION_FORMATS["json"](found, TraceOptions())


@pytest.mark.parametrize("name", [name for name in MODELS if name != "moe-1t"])
def test_sums_are_those_of_the_trace(name: str) -> None:
    plan = layercli.load(name)
    found, totals = explain_path(plan, ""), derive_plan(plan).totals
    assert (found.parameters, found.trainable) == (totals.parameters, totals.trainable)
    assert found.macs == (totals.macs if not totals.macs_unknown else None)
