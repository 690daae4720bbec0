"""A plan from beginning to end without torch: modules, inputs, forward, trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from layercli.catalogue.sizes import (
    Condition,
    Size,
    SizeTooComplex,
    as_int,
    dims_of,
    evaluate,
    is_symbolic,
    record_conditions,
)
from layercli.catalogue.tensors import Refusal, settings
from layercli.derive.engine import (
    ConditionLog,
    Pass,
    SymbolicKind,
    TypeEngine,
    TypeKind,
    call_module,
    explain_refusal,
    make_value,
)
from layercli.derive.modules import ModuleMaker, record_modules
from layercli.derive.solutions import find_sizes
from layercli.errors import CommandError, Problem, SpecError
from layercli.plan.records import Plan, Recipe, describe_plan
from layercli.record import record
from layercli.spec.interpreter import Budget
from layercli.trace import Requirement, TensorRecord, Trace
from layercli.trace.failure import TraceFailed
from layercli.trace.modules import check_paths, find_never_called, find_ownership
from layercli.trace.recorder import Recorder

#: Of how many conditions it is tried whether PyTorch needs them.
MAX_WITNESSES = 12


def derive_plan(plan: Plan) -> Trace:
    """The trace that a run of the plan would give. Raises TraceFailed where PyTorch would refuse it, SpecError."""
    with settings(plan.dtype):
        if not plan.symbolic:
            return _derive(plan)
        with record_conditions() as conditions:
            try:
                return _derive(plan, ConditionLog(conditions))
            except SizeTooComplex as error:
                message = f"the formulas of this model get too long: {error}"
                raise CommandError(Problem("formula-too-long", message)) from None


@record
class Derivation:
    """What came of a symbolic plan: whether PyTorch takes it, and the conditions under which it is the same.

    Each condition has the path of its row. ``refusal`` says what PyTorch would refuse, and the last condition is then
    mostly why.
    """

    conditions: tuple[tuple[str, Condition], ...]
    refusal: SpecError | None


def derive_conditions(plan: Plan) -> Derivation:
    """Derive a symbolic plan for its conditions. Raises SizeTooComplex where one gets too long."""
    refusal: SpecError | None = None
    with settings(plan.dtype), record_conditions() as conditions:
        log = ConditionLog(conditions)
        try:
            _derive(plan, log)
        except SpecError as error:
            refusal = error
    log.place("")
    own = [("", condition) for condition in plan.conditions]
    return Derivation((*own, *zip(log.places, log.conditions, strict=True)), refusal)


def _derive(plan: Plan, log: ConditionLog | None = None) -> Trace:
    root = ModuleMaker(plan).make()
    engine = TypeEngine(None)
    inputs: dict[str, Any] = {name: make_value(value, engine) for name, value in plan.inputs}
    names = {
        id(tensor): f"{module.path}.{name}" if module.path else name
        for module in root.walk()
        for name, tensor in module.tensors.items()
    }
    kind = TypeKind() if log is None else SymbolicKind()
    recorder = Recorder(kind, names)
    running = Pass(recorder, Budget(), plan.dims, log)
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
    modules = record_modules(root)
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
        requirements=None if log is None else list_requirements(plan, log),
        **describe_plan(plan),
    )
    if failure is not None:
        raise TraceFailed(trace, *failure.problems)
    return trace


def list_requirements(plan: Plan, log: ConditionLog) -> tuple[Requirement, ...]:
    """The conditions of a derivation that not all sizes of 1 and more fulfil, each once, at its first row."""
    placed = [("", condition) for condition in plan.conditions]
    placed += zip(log.places, log.conditions, strict=False)
    first: dict[Condition, str] = {}
    for path, condition in placed:
        first.setdefault(condition, path)
    traced = {name: as_int(size) for name, size in plan.dims.items()}
    for condition in [*first]:
        for factor in split_product(condition, traced):
            first.setdefault(factor, first[condition])
    conditions = drop_implied(
        [
            condition
            for condition in first
            if not condition.holds_from_one() and split_product(condition, traced) == [condition]
        ]
    )
    needed = [
        index >= MAX_WITNESSES or is_needed(plan, condition, [*first][: [*first].index(condition)])
        for index, condition in enumerate(conditions)
    ]
    return tuple(
        Requirement(first[condition], condition.describe(), is_true)
        for condition, is_true in zip(conditions, needed, strict=True)
    )


def split_product(condition: Condition, sizes: Mapping[str, int]) -> list[Condition]:
    """That a product is not 0 as the same of each of its factors."""
    left = condition.left
    if (
        not isinstance(left, Size)
        or len(left.key) != 1
        or is_symbolic(condition.right)
        or condition.right != 0
        or not condition.differs
    ):
        return [condition]
    factors = [Size((((((atom, 1),), 1)),), 0) for atom, _ in left.key[0][0]]
    return [Condition(Size(factor.key, evaluate(factor, sizes)), "!=", 0, True) for factor in factors]


def drop_implied(conditions: Sequence[Condition]) -> list[Condition]:
    """Without those in one dim that the others in that dim imply."""
    kept = list(conditions)
    for condition in conditions:
        names = dims_of(condition.left) | dims_of(condition.right)
        if len(names) != 1:
            continue
        (name,) = names
        others = [
            other
            for other in kept
            if other != condition and dims_of(other.left) | dims_of(other.right) == names
        ]
        without, within = find_sizes(name, others), find_sizes(name, [*others, condition])
        if without is not None and within is not None and without.is_same(within):
            kept.remove(condition)
    return kept


def is_needed(plan: Plan, condition: Condition, earlier: Sequence[Condition]) -> bool:
    """Whether PyTorch refuses other sizes, as far as a trial with one other dim tells."""
    traced = {name: as_int(size) for name, size in plan.dims.items()}
    for name in sorted(dims_of(condition.left) | dims_of(condition.right)):
        size = traced[name]
        for other in (size + 1, size - 1, 2 * size, 2 * size + 1, size + 7, size // 2, 1, 2, 3, 16 * size, 1):
            sizes = {**traced, name: other}
            others = (*plan.conditions, *earlier)
            if other < 1 or condition.holds(sizes) or not all(item.holds(sizes) for item in others):
                continue
            try:
                derive_plan(evaluate_plan(plan, sizes))
            except SpecError:
                return True
            return False
    return True


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


def list_tensors(plan: Plan, *, layer: str = "") -> tuple[TensorRecord, ...]:
    """Every parameter and buffer of a plan's model in the order of ``state_dict``.

    Raises CommandError where the model has no ``layer``, SpecError.
    """
    with settings(plan.dtype):
        modules = record_modules(ModuleMaker(plan).make())
    records = find_ownership(modules).records
    if layer and layer not in (record.name for record in records):
        check_paths([layer], [module.path for module in modules])
    return records
