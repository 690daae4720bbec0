"""The cases in ``cases/bad/shapes``: a spec that doesn't fit, and beside it the problem as it is told. ``python -m`` writes them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from layercli.derive.session import derive_plan
from layercli.diagnose.session import explain_failure
from layercli.errors import SpecError, draw_problems
from layercli.plan.planner import plan_model
from layercli.plan.records import Plan
from layercli.spec.reader import read_spec

CASES = sorted((Path(__file__).parents[1] / "cases" / "bad" / "shapes").glob("*.yaml"))


def load_case(path: Path) -> Plan:
    """The plan of a spec, which messages call by its file's name."""
    return plan_model(read_spec(path, path.name))


def find_failure(plan: Plan) -> SpecError | None:
    """What the rules refuse, without its causes; None where the model runs."""
    try:
        derive_plan(plan)
    except SpecError as failure:
        return failure
    return None


@cache
def explain_case(path: Path) -> SpecError | None:
    """The failure of a case explained, its mends tried; None where the model runs."""
    plan = load_case(path)
    failure = find_failure(plan)
    return None if failure is None else explain_failure(plan, failure)


def tell_case(path: Path) -> str:
    """The problem of a case as a report tells it."""
    told = explain_case(path)
    return "it runs\n" if told is None else draw_problems(told.problems) + "\n"


if __name__ == "__main__":
    for case in CASES:
        case.with_suffix(".txt").write_text(tell_case(case), "utf-8")
