"""A plan's trace by either engine, or by both where they have to agree."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, TypeAlias

from layercli.errors import CommandError, Position, Problem, SpecError
from layercli.plan.records import Plan
from layercli.trace import TensorRecord, Trace
from layercli.trace.admissible import Admissible, AdmissibleSizes, Trial
from layercli.trace.agreement import (
    Disagreement,
    compare_lists,
    compare_tensors,
    compare_traces,
    join_formulas,
)
from layercli.trace.failure import TraceFailed, with_problems

if TYPE_CHECKING:
    from layercli.run.tracer import ValueRequest

#: ``run`` is PyTorch, ``derive`` the rules of the catalogue, ``both`` refuses to give what they don't agree on.
Engine: TypeAlias = Literal["run", "derive", "both"]

#: How many disagreements are told.
MAX_TOLD = 10

#: The codes of what PyTorch itself refuses; what else ends a run is a limit, or a mistake that both engines find.
_REFUSED = ("layer-failed", "operation-failed", "invalid-argument", "index-range")

REPORT = "this is a bug of layercli: please report it with the spec"
DOUBT = "the rules take it: where values decide only a run can tell, else this is a bug of layercli"


def has_torch() -> bool:
    """Whether PyTorch is installed; it isn't imported."""
    found = find_spec("torch")
    # A mere folder of that name has no origin.
    return found is not None and found.origin is not None


def require_torch(what: str) -> None:
    """Raise CommandError where torch isn't installed. ``what`` needs it."""
    if not has_torch():
        raise CommandError(explain_missing_torch(what))


def explain_missing_torch(what: str) -> Problem:
    """That ``what`` needs PyTorch, and how to get it."""
    message = f"{what} needs PyTorch, and torch is not installed"
    hint = "pip install torch; shapes and parameters are derived without it: --static, layercli.derive"
    return Problem("no-torch", message, hint=hint)


def run_plan(
    plan: Plan,
    *,
    device: str = "auto",
    seed: int = 0,
    request: ValueRequest | None = None,
    repeat: int = 1,
) -> list[Trace]:
    """Run a plan on PyTorch ``repeat`` times.

    What PyTorch refuses is raised in the rules' words where they refuse the same, with PyTorch's sentence below.
    Raises TraceFailed, SpecError, and CommandError, also where torch isn't installed.
    """
    require_torch("a run")

    from layercli.run.session import trace_plan

    try:
        return trace_plan(plan, device=device, seed=seed, request=request, repeat=repeat)
    except SpecError as failure:
        raise explain_failure(plan, failure) from failure.__cause__


def trace_by(
    plan: Plan, engine: Engine, *, device: str = "auto", seed: int = 0, formulas: bool = False
) -> Trace:
    """The trace of a plan. Raises TraceFailed, SpecError, CommandError, and with ``both`` where the engines differ.

    A model that both refuse is refused as by ``run``. With ``formulas`` it has them where they are known: they are
    derived, so that a run of a model that has dims has to agree.
    """
    if engine == "run" and not (formulas and plan.dims):
        return run_plan(plan, device=device, seed=seed)[0]

    from layercli.derive.session import derive_plan

    derive = derive_formulas if formulas else derive_plan
    if engine == "derive":
        return derive(plan)
    refusal: SpecError | None = None
    derived: Trace | None = None
    try:
        derived = derive(plan)
    except SpecError as error:
        refusal = error
    try:
        trace = run_plan(plan, device=device, seed=seed)[0]
    except SpecError as failure:
        raise _compare_refusals(failure, refusal) from failure.__cause__
    if derived is None:
        assert refusal is not None
        raise _refused_by_rules(refusal)
    check_agreement(compare_traces(trace, derived))
    return join_formulas(trace, derived) if formulas else trace


def derive_formulas(plan: Plan) -> Trace:
    """The derived trace of a plan, with formulas where they don't get too long.

    What is refused is told in numbers. Raises TraceFailed, SpecError.
    """
    from layercli.derive.session import derive_plan
    from layercli.plan.planner import name_sizes

    if plan.dims and not plan.symbolic:
        with contextlib.suppress(SpecError, CommandError):
            return derive_plan(name_sizes(plan))
    return derive_plan(plan)


def derive_far(plan: Plan, *, formulas: bool) -> Trace:
    """The derived trace of a plan up to where it fails, without tensors where no module can be made.

    With ``formulas`` it has no inputs and rows where they aren't known. Raises CommandError.
    """
    from layercli.derive.session import derive_plan
    from layercli.plan.planner import name_sizes
    from layercli.plan.records import describe_plan

    named = formulas and bool(plan.dims)
    for one in (name_sizes(plan), plan) if named else (plan,):
        try:
            trace = derive_plan(one)
        except TraceFailed as failure:
            trace = failure.trace
        except (SpecError, CommandError):
            continue
        return replace(trace, inputs=(), rows=()) if named and one is plan else trace
    return Trace(
        engine="derive",
        device="",
        mode=plan.mode,
        inputs=(),
        output=None,
        rows=(),
        failed=True,
        **describe_plan(plan),
    )


def add_formulas(plan: Plan, traces: Sequence[Trace]) -> list[Trace]:
    """Traces of a run with the formulas of a derivation, where it says the same."""
    try:
        derived = derive_formulas(plan)
    except SpecError:
        return [*traces]
    if derived.requirements is None:
        return [*traces]
    return [trace if compare_traces(trace, derived) else join_formulas(trace, derived) for trace in traces]


def check_agreement(found: Sequence[Disagreement], hint: str = REPORT) -> None:
    """Raise CommandError with what the engines don't agree on."""
    if found:
        notes = tuple(str(item) for item in found[:MAX_TOLD])
        if len(found) > MAX_TOLD:
            notes += (f"and {len(found) - MAX_TOLD:,} more",)
        raise CommandError(Problem("engines-differ", "the two engines differ", notes=notes, hint=hint))


def _refused_by_rules(refusal: SpecError) -> CommandError:
    """What only the rules refuse."""
    first, *_ = refusal.problems
    notes = tuple(problem.message for problem in refusal.problems)
    message = "PyTorch takes this model, and the rules refuse it"
    return CommandError(Problem("engines-differ", message, first.position, notes=notes, hint=REPORT))


def _compare_refusals(failure: SpecError, refusal: SpecError | None) -> SpecError:
    """What a run refused, with a note where the rules refuse nothing, or something else."""
    first, *others = failure.problems
    if first.code not in _REFUSED and refusal is None:
        return failure
    note = DOUBT
    if refusal is not None:
        known = refusal.problems[0]
        if (known.code, known.position, known.message) == (first.code, first.position, first.message):
            return failure
        note = f"the rules refuse something else: {known.message}"
    return with_problems(failure, replace(first, notes=(*first.notes, note)), *others)


def explain_failure(plan: Plan, failure: SpecError) -> SpecError:
    """What PyTorch refused, as the rules say it where they refuse the same call for a reason that they know."""
    first = failure.problems[0]
    # What PyTorch says of a layer that it doesn't make is a whole sentence already.
    made = isinstance(failure, TraceFailed) or first.code != "invalid-argument"
    if len(failure.problems) > 1 or first.code not in _REFUSED or not made:
        return failure

    from layercli.derive.session import derive_plan

    try:
        derive_plan(plan)
    except SpecError as refusal:
        known = refusal.problems[0]
        if known.code == "no-rule" or not _is_within(known.position, first.position):
            return failure
        if not _same_row(failure, refusal):
            return failure
        return with_problems(failure, replace(known, notes=(*known.notes, *first.notes)))
    return failure


def _is_within(inner: Position | None, outer: Position | None) -> bool:
    """Whether a position is another one, or a part of it: the argument of a call that failed."""
    if inner is None or outer is None or (inner.source, inner.line) != (outer.source, outer.line):
        return inner == outer
    end = outer.column + outer.width
    return outer.column <= inner.column and inner.column + inner.width <= end


def _same_row(failure: SpecError, refusal: SpecError) -> bool:
    """Whether the rules refuse the row that failed in a run, or the layer whose insides it is of."""
    if not isinstance(failure, TraceFailed) or not isinstance(refusal, TraceFailed):
        return isinstance(failure, TraceFailed) == isinstance(refusal, TraceFailed)
    failed, refused = _find_failed(failure.trace), _find_failed(refusal.trace)
    return failed == refused or failed.startswith(f"{refused}.")


def _find_failed(trace: Trace) -> str:
    """The path of the innermost row that didn't finish."""
    return next((row.path for row in reversed(trace.rows) if not row.finished), "")


def list_tensors(
    plan: Plan, engine: Engine, *, layer: str = "", seed: int = 0, values: bool = False
) -> Sequence[TensorRecord]:
    """Every parameter and buffer of a plan's model in the order of ``state_dict``, with values where asked.

    Raises SpecError, and CommandError where the model has no ``layer``, where torch isn't installed, and with ``both``
    where the engines differ.
    """
    from layercli.derive.session import list_tensors as derive_tensors

    if engine == "derive":
        return derive_tensors(plan, layer=layer)
    require_torch("a run")

    from layercli.run.session import list_tensors as run_tensors

    tensors = run_tensors(plan, layer=layer, seed=seed, values=values)
    if engine == "both":
        try:
            derived = derive_tensors(plan, layer=layer)
        except SpecError as refusal:
            raise _refused_by_rules(refusal) from None
        check_agreement(compare_tensors(tensors, derived))
    return tensors


def print_model(plan: Plan, engine: Engine, layer: str = "") -> str:
    """What ``print`` shows of a plan's model, or of one of its layers.

    Raises SpecError, and CommandError where the model has no ``layer``, where torch isn't installed, and with ``both``
    where the engines differ.
    """
    from layercli.derive.printing import print_model as print_derived

    if engine == "derive":
        return print_derived(plan, layer)
    require_torch("a run")

    from layercli.run.session import print_model as print_built

    text = print_built(plan, layer)
    if engine == "both":
        lines, derived = text.split("\n"), print_derived(plan, layer).split("\n")
        check_agreement(compare_lists("lines", lines, derived))
    return text


#: Codes of what ends a trial of a size without a verdict of PyTorch.
_NO_VERDICT = ("tensor-too-large", "out-of-memory")


def try_sizes(
    found: AdmissibleSizes, plan_with: Callable[[Mapping[str, int], Sequence[str]], Plan]
) -> AdmissibleSizes:
    """The same with what PyTorch does with the sizes around every edge.

    ``plan_with`` gives the plan with other sizes of some dims. It runs on the CPU, whose verdict counts, unless its
    parameters alone take too much memory there. Raises CommandError where torch isn't installed.
    """
    require_torch("a run")

    from layercli.run.devices import check_memory

    device = "cpu"
    try:
        check_memory(plan_with({}, ()), device)
    except CommandError:
        device = "meta"

    def try_size(item: Admissible, size: int) -> Iterator[Trial]:
        refusal = ""
        try:
            run_plan(plan_with({item.dim: size}, ()), device=device)
        except SpecError as error:
            first = error.problems[0]
            if first.code in _NO_VERDICT:
                return
            refusal = "; ".join((first.message, *first.notes))
        yield Trial(size, size in item, refusal)

    tried = [
        replace(item, tried=tuple(trial for size in item.list_edges() for trial in try_size(item, size)))
        for item in found.dims
    ]
    return replace(found, dims=tuple(tried), device=device)


def compare_trials(found: AdmissibleSizes) -> list[Disagreement]:
    """Where PyTorch takes a size that the rules refuse, or refuses one that they accept."""
    return [
        Disagreement(
            f"{item.dim} = {trial.size}",
            "the model",
            f"refused ({trial.refusal})" if trial.refusal else "accepted",
            "accepted" if trial.derived else "refused",
        )
        for item in found.dims
        for trial in item.tried
        if trial.differs
    ]
