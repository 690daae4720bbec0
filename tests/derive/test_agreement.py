"""Both engines on whole models: every bundled one and every case of the language, in both modes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest

import layercli
from layercli.derive.session import derive_plan
from layercli.plan.planner import Setting
from layercli.run.session import trace_plan
from layercli.spec.library import list_bundled
from layercli.trace.agreement import compare_traces
from tests.derive.bundled import load_bundled

CASES = Path(__file__).parent.parent / "cases" / "ok"
MODES: tuple[Literal["eval", "train"], ...] = ("eval", "train")

#: Large ones run in their own mode only.
ONE_MODE = {"llama-70b", "bert-base", "vit-base-patch16-224", "gpt2", "resnet50", "transformer"}


@pytest.mark.parametrize("path", list_bundled(), ids=lambda path: path.stem)
def test_bundled_model(path: Path) -> None:
    for mode in (None,) if path.stem in ONE_MODE else MODES:
        plan = load_bundled(path, mode=mode)
        assert compare_traces(trace_plan(plan)[0], derive_plan(plan)) == ()


def settings_of(path: Path) -> dict[str, Any]:
    given = json.loads(path.with_suffix(".json").read_text("utf-8")).get("given", {})
    params = {name: Setting(text) for name, text in given.get("params", {}).items()}
    return {**given, "params": params}


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_case_of_the_language(path: Path) -> None:
    for mode in MODES:
        plan = layercli.load(path, mode=mode, **settings_of(path))
        assert compare_traces(trace_plan(plan)[0], derive_plan(plan)) == ()


def test_a_disagreement_is_found() -> None:
    from dataclasses import replace

    trace = layercli.derive("lenet")
    changed = replace(trace, rows=(*trace.rows[:3], replace(trace.rows[3], parameters=1), *trace.rows[4:]))
    assert [str(item) for item in compare_traces(trace, changed)] == [
        "conv2: parameters is 880 on PyTorch and 1 by derivation"
    ]
    assert len(compare_traces(trace, replace(trace, rows=trace.rows[:-1]))) == 1
