"""A plan from beginning to end without torch: modules, inputs, forward, trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from typing import Any

from layercli.catalogue.modules import Module
from layercli.catalogue.sizes import (
    Condition,
    Size,
    SizeTooComplex,
    evaluate,
    record_conditions,
)
from layercli.catalogue.tensors import Refusal, settings
from layercli.derive.conditions import ConditionLog
from layercli.derive.engine import (
    Call,
    Pass,
    SymbolicKind,
    TypeEngine,
    TypeKind,
    call_module,
    explain_refusal,
    make_value,
)
from layercli.derive.holdings import record_modules
from layercli.derive.modules import ModuleMaker
from layercli.derive.requirements import list_requirements
from layercli.derive.sharing import Sharing
from layercli.errors import CommandError, Problem, SpecError
from layercli.plan.planner import PlanFailed, sorted_problems
from layercli.plan.records import LayerPlan, Plan, Recipe, describe_plan
from layercli.record import record
from layercli.spec.interpreter import Budget
from layercli.spec.limits import allow_more, current_limits
from layercli.trace import Requirement, TensorRecord, Trace
from layercli.trace.failure import TraceFailed
from layercli.trace.modules import check_paths, find_never_called, find_ownership
from layercli.trace.recorder import Draft, Recorder


def derive_plan(plan: Plan, *, share: bool = True) -> Trace:
    """The trace that a run of the plan would give. Raises TraceFailed where PyTorch would refuse it, SpecError.

    Layers that are the same are derived once, unless ``share`` is False; the trace is the same.
    """
    with settings(plan.dtype):
        return _derive_symbolically(plan, share) if plan.symbolic else _derive(plan, share=share)


def _derive_symbolically(plan: Plan, share: bool) -> Trace:
    """The same with formulas, and with what rows need of dims for them to hold."""
    log = ConditionLog([])
    failure: TraceFailed | None = None
    try:
        with record_conditions() as log.conditions:
            trace = _derive(plan, log, share=share)
    except TraceFailed as error:
        trace, failure = error.trace, error
    except SizeTooComplex as error:
        message = f"the formulas of this model get too long: {error}"
        raise CommandError(Problem("formula-too-long", message)) from None
    log.place("")
    requirements = list_requirements(plan.conditions, log, plan.dims, lambda sizes: _takes(plan, sizes))
    trace = replace(trace, requirements=requirements)
    if failure is not None:
        raise TraceFailed(trace, *failure.problems) from failure.__cause__
    return trace


def _takes(plan: Plan, sizes: Mapping[str, int]) -> bool:
    """Whether PyTorch takes a symbolic plan at some sizes of its dims."""
    try:
        _derive(evaluate_plan(plan, sizes))
    except (SpecError, ZeroDivisionError):
        return False
    return True


@record
class Derivation:
    """What came of a symbolic plan: whether PyTorch takes it, and the conditions under which it is the same.

    Each condition has the path of its row. ``refusal`` says what PyTorch would refuse, and the last condition is then
    mostly why. ``steps`` of evaluation is what it took.
    """

    conditions: tuple[tuple[str, Condition], ...]
    refusal: SpecError | None
    steps: int = 0


def derive_conditions(plan: Plan) -> Derivation:
    """Derive a symbolic plan for its conditions. Raises SizeTooComplex where one gets too long."""
    refusal: SpecError | None = None
    budget = Budget()
    steps = budget.steps
    with settings(plan.dtype), record_conditions() as conditions:
        log = ConditionLog(conditions)
        try:
            _derive(plan, log, budget=budget)
        except SpecError as error:
            refusal = error
    log.place("")
    found = [("", condition) for condition in plan.conditions]
    found += zip(log.places, log.conditions, strict=True)
    # Layers that are the same come to their conditions once or several times, as their inputs happen to be.
    first: dict[Condition, str] = {}
    for path, condition in found:
        first.setdefault(condition, path)
    placed = [(path, condition) for condition, path in first.items()]
    if refusal is not None and found and placed[-1] != found[-1]:
        placed.append(found[-1])
    return Derivation(tuple(placed), refusal, steps - budget.steps)


@record(eq=False)
class Watched:
    """The trace of a plan that was watched, and what PyTorch would refuse in it.

    ``inputs`` are the model's as its forward got them, ``log`` has the conditions of a symbolic plan.
    """

    trace: Trace
    inputs: tuple[tuple[str, Any], ...]
    log: ConditionLog | None
    failure: SpecError | None


def watch_plan(plan: Plan, watch: Callable[[Call], None], *, share: bool = False) -> Watched:
    """Derive a plan and tell ``watch`` of each call when it ends; with ``share`` only of the first that are the same.

    Raises SizeTooComplex, and SpecError where no module or input can be made.
    """
    failure: SpecError | None = None
    with settings(plan.dtype), record_conditions() as conditions:
        log = ConditionLog(conditions) if plan.symbolic else None
        inputs = _make_inputs(plan)
        try:
            trace = _derive(plan, log, share=share, watch=watch, inputs=inputs)
        except TraceFailed as error:
            trace, failure = error.trace, error
    if log is not None:
        log.place("")
    return Watched(trace, tuple(inputs.items()), log, failure)


@record(frozen=False)
class _Failures:
    """The problems of one pass, each of which ended one statement."""

    running: Pass
    problems: list[Problem] = field(default_factory=list)
    #: The codes of the problems with their places, and with their messages.
    told: set[tuple[str, object]] = field(default_factory=set)

    def mark(self) -> tuple[int, int, int, int]:
        """How many rows, and how many calls that haven't ended, there are."""
        running = self.running
        recorder = running.recorder
        return len(recorder.drafts), len(recorder.frames), len(running.trials), len(running.sites)

    def keep(self, error: SpecError, mark: tuple[int, int, int, int]) -> None:
        """Forget the calls that didn't end, and keep the problem. Raises it again where it is one of limits."""
        drafts, frames, trials, sites = mark
        running = self.running
        for draft in running.recorder.drafts[drafts:]:
            if isinstance(draft, Draft):
                draft.finished = True
        del running.recorder.frames[frames:], running.trials[trials:], running.sites[sites:]
        if any(problem.code.startswith("too-") or problem.code in _ENDS for problem in error.problems):
            raise error
        self.tell(error.problems)

    def tell(self, problems: Iterable[Problem]) -> None:
        """Add those that aren't told: what a layer refuses in one call it refuses in all."""
        for item in problems:
            keys = {(item.code, item.position), (item.code, item.message)}
            if not keys & self.told:
                self.problems.append(item)
                self.told |= keys


def add_refused(failure: PlanFailed) -> SpecError:
    """What is wrong in a spec that can't be evaluated, with what PyTorch refuses to make of its other layers."""
    spec = failure.spec
    children = tuple((str(index), plan) for index, plan in enumerate(failure.planned))
    root = LayerPlan(spec.main, {}, spec.main.position, children=children)
    with settings(spec.dtype):
        maker = ModuleMaker(Plan(spec, root, {}, {}, (), spec.mode), late=False)
        maker.fill(Module("", spec.name, {}, plan=root), root)
    return SpecError(*sorted_problems([*failure.problems, *maker.problems]))


#: Codes of limits: what follows would only take as long again.
_ENDS = ("tensor-too-large", "number-too-large")


def find_failures(plan: Plan) -> tuple[Problem, ...]:
    """What PyTorch would refuse in a plan: the first, and whatever doesn't follow from it, in the order of the calls.

    After a statement that fails those are derived that need none of its values, and neither a layer that can't be made.
    """
    with settings(plan.dtype):
        maker = ModuleMaker(plan)
        root = maker.make_some()
        with suppress(SpecError):
            maker.finish(root)
        try:
            inputs = _make_inputs(plan)
        except SpecError as error:
            return (
                *maker.problems,
                *(problem for problem in error.problems if problem not in maker.problems),
            )
        recorder = Recorder(TypeKind(), maker.names, current_limits().rows, allow_more("steps"))
        sharing = Sharing(maker.section_of, maker.names)
        running = Pass(recorder, Budget(), plan.dims, sharing=sharing)
        running.recovery = found = _Failures(running)
        found.tell(maker.problems)
        try:
            call_module(root, list(inputs.values()), {}, running)
        except Refusal as refusal:
            found.problems += explain_refusal(refusal, recorder, plan.name).problems
        except SpecError as error:
            found.problems += [problem for problem in error.problems if problem not in found.problems]
    return tuple(found.problems)


def list_needs(plan: Plan, log: ConditionLog, is_inside: Callable[[str], bool]) -> tuple[Requirement, ...]:
    """What the rows whose paths are inside need of dims."""
    chosen = [number for number, path in enumerate(log.places) if is_inside(path)]
    own = ConditionLog(
        [log.conditions[number] for number in chosen],
        [log.places[number] for number in chosen],
        [log.trials[number] for number in chosen],
    )
    with settings(plan.dtype):
        return list_requirements((), own, plan.dims, lambda sizes: _takes(plan, sizes))


def _make_inputs(plan: Plan) -> dict[str, Any]:
    engine = TypeEngine(None)
    return {name: make_value(value, engine) for name, value in plan.inputs}


def _derive(
    plan: Plan,
    log: ConditionLog | None = None,
    *,
    share: bool = True,
    watch: Callable[[Call], None] | None = None,
    inputs: Mapping[str, Any] | None = None,
    budget: Budget | None = None,
) -> Trace:
    maker = ModuleMaker(plan, late=share)
    root = maker.make()
    inputs = _make_inputs(plan) if inputs is None else inputs
    kind = TypeKind() if log is None else SymbolicKind()
    recorder = Recorder(kind, maker.names, current_limits().rows, allow_more("steps"))
    sharing = Sharing(maker.section_of, maker.names)
    running = Pass(
        recorder, budget or Budget(), plan.dims, log, sharing=sharing if share else None, watch=watch
    )
    running.place_conditions()
    failure: SpecError | None = None
    output: Any = None
    try:
        output = call_module(root, list(inputs.values()), {}, running)
    except Refusal as refusal:
        failure = explain_refusal(refusal, recorder, plan.name)
    except SpecError as error:
        failure = error
    if failure is not None and recorder.failed_draft is not None:
        running.place_conditions(recorder.failed_draft.path)
    # Lazy layers have their sizes only now.
    modules = record_modules(root, maker.section_of, sharing.uncalled)
    ownership = find_ownership(modules)
    trace = Trace(
        engine="derive",
        device="",
        mode=plan.mode,
        inputs=tuple((name, kind.type_of(value)) for name, value in inputs.items()),
        output=None if failure else kind.type_of(output),
        rows=recorder.rows(ownership),
        never_called=() if failure else find_never_called(modules, ownership, recorder.calls),
        tensors=ownership.records,
        returns=recorder.returns,
        failed=failure is not None,
        notes=tuple(f"{path} {sentence}" for path, sentence in running.doubts.items()),
        **describe_plan(plan),
    )
    if failure is not None:
        raise TraceFailed(trace, *failure.problems)
    return trace


def evaluate_plan(plan: Plan, sizes: Mapping[str, int]) -> Plan:
    """A symbolic plan at some sizes of its dims, at which its conditions hold."""

    def put_in(value: Any) -> Any:
        if isinstance(value, Size):
            return evaluate(value, sizes)
        if isinstance(value, Recipe):
            keywords = {name: put_in(item) for name, item in value.keywords.items()}
            return replace(value, operands=put_in(value.operands), keywords=keywords)
        if isinstance(value, (tuple, list)):
            return type(value)(put_in(item) for item in value)
        if isinstance(value, slice):
            return slice(put_in(value.start), put_in(value.stop), put_in(value.step))
        return {key: put_in(item) for key, item in value.items()} if isinstance(value, dict) else value

    return replace(
        plan, dims=put_in(dict(plan.dims)), inputs=put_in(plan.inputs), conditions=(), symbolic=False
    )


def list_tensors(plan: Plan, *, layer: str = "") -> Sequence[TensorRecord]:
    """Every parameter and buffer of a plan's model in the order of ``state_dict``.

    Raises CommandError where the model has no ``layer``, SpecError.
    """
    with settings(plan.dtype):
        maker = ModuleMaker(plan, late=not layer)
        modules = record_modules(maker.make(), maker.section_of)
    records = find_ownership(modules).records
    if layer and layer not in (record.name for record in records):
        check_paths([layer], [module.path for module in modules])
    return records
