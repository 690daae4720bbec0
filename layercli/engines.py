"""A plan's trace by either engine, or by both where they have to agree."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import Literal, TypeAlias

from layercli.errors import CommandError, Problem, SpecError
from layercli.plan.records import Plan
from layercli.trace import TensorRecord, Trace
from layercli.trace.agreement import compare_traces
from layercli.trace.failure import TraceFailed

#: ``run`` is PyTorch, ``derive`` the rules of the catalogue, ``both`` refuses to give what they don't agree on.
Engine: TypeAlias = Literal["run", "derive", "both"]

#: How many disagreements are told.
MAX_TOLD = 10


def has_torch() -> bool:
    """Whether PyTorch is installed; it isn't imported."""
    return find_spec("torch") is not None


def trace_by(plan: Plan, engine: Engine, *, device: str = "auto", seed: int = 0) -> Trace:
    """The trace of a plan. Raises TraceFailed, SpecError, CommandError, and with ``both`` where the engines differ.

    A model that both refuse is refused in PyTorch's words.
    """
    if engine == "derive":
        from layercli.derive.session import derive_plan

        return derive_plan(plan)

    from layercli.run.session import trace_plan

    if engine == "run":
        return trace_plan(plan, device=device, seed=seed)[0]

    from layercli.derive.session import derive_plan

    refusal: SpecError | None = None
    derived: Trace | None = None
    try:
        derived = derive_plan(plan)
    except SpecError as error:
        refusal = error
    trace = trace_plan(plan, device=device, seed=seed)[0]
    if derived is None:
        assert refusal is not None
        message = "PyTorch runs this model, and the rules refuse it"
        notes = tuple(problem.message for problem in refusal.problems)
        raise CommandError(
            Problem("engines-differ", message, refusal.problems[0].position, notes=notes, hint=_REPORT)
        )
    found = compare_traces(trace, derived)
    if found:
        notes = tuple(str(item) for item in found[:MAX_TOLD])
        if len(found) > MAX_TOLD:
            notes += (f"and {len(found) - MAX_TOLD:,} more",)
        raise CommandError(Problem("engines-differ", "the two engines differ", notes=notes, hint=_REPORT))
    return trace


def explain_failure(plan: Plan, failure: TraceFailed) -> TraceFailed:
    """A failed run with the rule's sentence, where the rules refuse the same row for a reason that they know."""
    from layercli.derive.session import derive_plan

    try:
        derive_plan(plan)
    except TraceFailed as refusal:
        same = _find_failed(refusal.trace) == _find_failed(failure.trace)
        first, *others = failure.problems
        if same and refusal.problems[0].code != "no-rule" and first.code != "argument-refused":
            sentence = refusal.problems[0].message
            notes = (sentence, *(note for note in first.notes if note != sentence))
            return TraceFailed(failure.trace, replace(first, notes=notes), *others)
    except Exception:
        # Whatever a rule stumbles over here, PyTorch's own sentence is what the user came for.
        return failure
    return failure


def _find_failed(trace: Trace) -> str:
    """The path of the innermost row that didn't finish."""
    return next((row.path for row in reversed(trace.rows) if not row.finished), "")


_REPORT = "this is a bug of layercli: please report it with the spec"


def list_tensors(
    plan: Plan, engine: Engine, *, layer: str = "", seed: int = 0, values: bool = False
) -> tuple[TensorRecord, ...]:
    """Every parameter and buffer of a plan's model in the order of ``state_dict``, with values where asked.

    Raises CommandError where the model has no ``layer``, SpecError.
    """
    if engine == "derive":
        from layercli.derive.session import list_tensors as derive_tensors

        return derive_tensors(plan, layer=layer)

    from layercli.run.session import list_tensors as run_tensors

    return run_tensors(plan, layer=layer, seed=seed, values=values)


def choose_lock_engine(static: bool | None) -> Engine:
    """What a lock is written from: both engines where torch is installed, unless one was asked for."""
    if static is None:
        return "both" if has_torch() else "derive"
    return "derive" if static else "run"
