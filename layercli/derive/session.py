"""A plan from beginning to end without torch: modules, inputs, forward, trace."""

from __future__ import annotations

from typing import Any

from layercli.catalogue.tensors import Refusal, settings
from layercli.derive.engine import Pass, TypeEngine, TypeKind, call_module, make_value, type_of
from layercli.derive.modules import ModuleMaker, record_modules
from layercli.errors import Problem, SpecError
from layercli.plan.records import Plan, describe_plan
from layercli.spec.interpreter import Budget
from layercli.trace import TensorRecord, Trace
from layercli.trace.failure import TraceFailed
from layercli.trace.modules import check_paths, find_never_called, find_ownership
from layercli.trace.recorder import Recorder


def derive_plan(plan: Plan) -> Trace:
    """The trace that a run of the plan would give. Raises TraceFailed where PyTorch would refuse it, SpecError."""
    with settings(plan.dtype):
        return _derive(plan)


def _derive(plan: Plan) -> Trace:
    root = ModuleMaker(plan).make()
    engine = TypeEngine(None)
    inputs: dict[str, Any] = {name: make_value(value, engine) for name, value in plan.inputs}
    names = {
        id(tensor): f"{module.path}.{name}" if module.path else name
        for module in root.walk()
        for name, tensor in module.tensors.items()
    }
    recorder = Recorder(TypeKind(), names)
    running = Pass(recorder, Budget(), plan.dims)
    failure: SpecError | None = None
    output: Any = None
    try:
        output = call_module(root, list(inputs.values()), {}, running)
    except Refusal as refusal:
        draft = recorder.failed_draft
        place = None if draft is None else draft.position
        name = "the model" if draft is None else draft.path or plan.name
        failure = SpecError(Problem(refusal.code, f"{name} {refusal.message}", place))
    except SpecError as error:
        failure = error
    # Lazy layers have their sizes only now.
    modules = record_modules(root)
    ownership = find_ownership(modules)
    trace = Trace(
        engine="derive",
        device="",
        mode=plan.mode,
        inputs=tuple((name, type_of(value)) for name, value in inputs.items()),
        output=None if failure else type_of(output),
        rows=recorder.rows(ownership),
        never_called=() if failure else find_never_called(modules, ownership, recorder.calls),
        tensors=ownership.records,
        returns=recorder.returns,
        failed=failure is not None,
        **describe_plan(plan),
    )
    if failure is not None:
        raise TraceFailed(trace, *failure.problems)
    return trace


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
