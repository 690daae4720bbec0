"""Whole models, drawn at random or found so, with both engines; ``python -m tests.derive.generated`` draws thousands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

import layercli
from layercli.trace import Trace
from tests.derive.drawn_models import Model, models
from tests.derive.generated import (
    Verdict,
    check_layouts,
    check_model,
    check_print,
    compare_outcomes,
    derive_model,
    run_model,
)
from tests.derive.test_agreement import MODES

#: Models that the engines didn't agree on before.
FOUND = sorted((Path(__file__).parent / "found").glob("*.yaml"))

DRAWN = 20


@settings(max_examples=DRAWN, suppress_health_check=[*HealthCheck], deadline=None)
@given(model=models())
def test_engines_agree_on_drawn_models(model: Model, tmp_path_factory: pytest.TempPathFactory) -> None:
    verdict = check_model(model, tmp_path_factory.getbasetemp() / "drawn.yaml")
    assert (verdict.kind, verdict.text) == ("", ""), model.write()


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_engines_agree_on_found_models(path: Path) -> None:
    for mode in MODES:
        plan = layercli.load(path, mode=mode)
        run, derived = run_model(plan), derive_model(plan)
        compare_outcomes(run, derived)
        if isinstance(run, Trace):
            check_print(plan)
            check_layouts(plan, Verdict())
