"""Each case is told as its text says, and its mends do what they promise, with both engines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layercli.diagnose.editing import apply_edits, list_sources
from layercli.diagnose.session import MAX_MENDS, explain_failure
from layercli.engines import trace_by
from layercli.errors import Mend, SpecError
from layercli.plan.records import Plan
from layercli.trace import Trace
from layercli.trace.failure import TraceFailed
from tests.diagnose.diagnosed import CASES, explain_case, find_failure, load_case, tell_case

cases = pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)


def mend_case(path: Path, mend: Mend, folder: Path) -> Plan:
    """The plan of a case with a mend made."""
    assert list_sources(mend.edits) == [path.name]
    source = mend.edits[0].position.source
    target = folder / path.name
    target.write_text(apply_edits(source.text, mend.edits), "utf-8")
    return load_case(target)


def name_finished(trace: Trace) -> list[str]:
    return [row.path for row in trace.rows if row.finished]


@cases
def test_a_case_is_told_as_its_text_says(path: Path) -> None:
    assert tell_case(path) == path.with_suffix(".txt").read_text("utf-8")


def test_every_text_has_its_case() -> None:
    texts = {path.stem for path in CASES[0].parent.glob("*.txt")}
    assert texts == {path.stem for path in CASES}
    assert len(CASES) > 60


@cases
def test_mends_do_what_they_promise(path: Path, tmp_path: Path) -> None:
    plan = load_case(path)
    failure = find_failure(plan)
    assert failure is not None
    told = explain_case(path)
    assert told is not None
    mends = [mend for problem in told.problems for mend in problem.mends]
    assert mends, "nothing is offered"
    assert len({mend.edits for mend in mends}) == len(mends)
    for problem in told.problems:
        assert len(problem.mends) <= MAX_MENDS
        assert not (problem.mends and problem.hint), "a hint says less than a mend that was tried"
    for mend in mends:
        mended = find_failure(mend_case(path, mend, tmp_path))
        if mend.outcome == "the model then runs":
            assert mended is None, mend.message
            continue
        assert isinstance(mended, TraceFailed)
        if mend.outcome.endswith(" is then made"):
            # Its rows are there, since layers are made before any is called.
            continue
        place = mend.outcome.removeprefix("the model then gets as far as ")
        row = next(row for row in reversed(mended.trace.rows) if not row.finished)
        position = mended.problems[0].position
        assert position is not None
        assert place in (row.path, f"line {position.line}")
        rows = failure.trace.rows if isinstance(failure, TraceFailed) else ()
        # What is refused between two rows, as names for a number of values, is of neither.
        between = isinstance(failure, TraceFailed) and all(row.finished for row in rows)
        assert len(name_finished(mended.trace)) >= sum(row.finished for row in rows) + (not between)


@cases
def test_pytorch_agrees(path: Path, tmp_path: Path) -> None:
    """It refuses the case at the same place, and takes the model with the first mend."""
    plan = load_case(path)
    with pytest.raises(SpecError) as caught:
        trace_by(plan, "run")
    by_rules, by_run = explain_case(path), explain_failure(plan, caught.value)
    assert by_rules is not None
    for known, problem in zip(by_rules.problems, by_run.problems, strict=True):
        assert set(known.notes) <= set(problem.notes)
        assert replace(problem, notes=known.notes) == known
    first = by_rules.problems[0].mends[0]
    if first.outcome == "the model then runs":
        trace = trace_by(mend_case(path, first, tmp_path), "both")
        assert not trace.failed


def test_without_mends_nothing_is_tried() -> None:
    path = next(path for path in CASES if path.stem == "linear_flattened")
    plan = load_case(path)
    failure = find_failure(plan)
    assert failure is not None
    (problem,) = explain_failure(plan, failure, mends=False).problems
    assert problem.mends == ()
    assert problem.notes[0].startswith("864 is 6 * 12 * 12")


def test_what_the_rules_take_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("inputs: {x: [2, 8]}\nlayers: {fc: 'Linear(8, 2)'}\n")
    failure = SpecError()
    assert explain_failure(load_case(path), failure) is failure
