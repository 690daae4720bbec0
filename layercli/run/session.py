"""A plan from beginning to end on PyTorch: build it, make its inputs, run it, give back traces or tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from layercli.build.builder import build_model, make_inputs
from layercli.plan.records import Plan, describe_plan, map_plans
from layercli.run.devices import choose_device
from layercli.run.lean import work_lean
from layercli.run.tensors import record_modules
from layercli.run.tracer import ValueRequest, trace_module
from layercli.trace import TensorRecord, Trace
from layercli.trace.modules import check_paths, find_ownership

DEFAULT_SEED = 0

Result = TypeVar("Result")


def trace_plan(
    plan: Plan,
    *,
    device: str = "auto",
    seed: int = DEFAULT_SEED,
    request: ValueRequest | None = None,
    repeat: int = 1,
) -> list[Trace]:
    """Build a plan's model and run it ``repeat`` times on the same inputs.

    The generator is set to ``seed`` before the model is built and before its inputs are made, and is as before
    afterwards. Raises TraceFailed, SpecError, CommandError.
    """
    place = choose_device(plan, device, values=request is not None)
    return _on(place, lambda: _trace_on(place, plan, seed, request, repeat))


def _on(place: str, work: Callable[[], Result]) -> Result:
    return work_lean(work) if place == "meta" else work()


def _trace_on(place: str, plan: Plan, seed: int, request: ValueRequest | None, repeat: int) -> list[Trace]:
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if place.startswith("cuda") else []):
        model = build_model(plan, device=place, seed=seed)
        torch.manual_seed(seed)
        inputs = make_inputs(plan, device=place)
        if request is not None and request.paths is not None:
            check_paths(request.paths, [path for path, _ in model.named_modules()])
        described = describe_plan(plan)
        plans = map_plans(plan.root)
        traces = []
        for number in range(repeat):
            # Each run draws anew, as calling the layer twice does.
            torch.manual_seed(seed + 1 + number)
            traces.append(
                trace_module(
                    model,
                    tuple(inputs.values()),
                    {},
                    plans=plans,
                    request=request,
                    mode=plan.mode,
                    input_names=tuple(inputs),
                    describe=described,
                )
            )
    return traces


def list_tensors(
    plan: Plan, *, layer: str = "", seed: int = DEFAULT_SEED, values: bool = False
) -> Sequence[TensorRecord]:
    """Every parameter and buffer of a plan's model in the order of ``state_dict``, with values where asked.

    Raises CommandError where the model has no ``layer``.
    """
    place = choose_device(plan, "auto", values=values)
    with torch.random.fork_rng(devices=[]):
        model = _on(place, lambda: build_model(plan, device=place, seed=seed))
        records = find_ownership(record_modules(model, values=values)).records
    if layer and layer not in (record.name for record in records):
        check_paths([layer], [path for path, _ in model.named_modules()])
    return records


def print_model(plan: Plan, layer: str = "") -> str:
    """What ``print`` shows of a plan's model, or of one of its layers. Raises CommandError for an unknown one."""
    place = choose_device(plan)
    model = _on(place, lambda: build_model(plan, device=place))
    modules = dict(model.named_modules())
    check_paths([layer] if layer else [], list(modules))
    # Lists of parameters name the class of each, which has the device in it.
    return str(modules[layer]).replace("torch.meta.", "torch.")
