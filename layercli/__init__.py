"""layercli: a layer inspector and shape tracer for PyTorch. torch is imported when a function needs it.

``load`` reads a spec, ``build`` makes a real ``nn.Module`` of it, ``trace`` records every layer and operation of
a spec or of any ``nn.Module``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast

from layercli.errors import CommandError, LayercliError, Position, Problem, SpecError
from layercli.trace import Row, TensorType, Trace

if TYPE_CHECKING:
    from os import PathLike

    from torch import nn

    from layercli.plan.records import Plan

# Packages that share a name with a function below: loaded first, they don't take the function's place later.
for _name in ("build", "derive", "trace"):
    import_module(f"layercli.{_name}")

__version__ = "0.1.0"

__all__ = [
    "CommandError",
    "LayercliError",
    "Position",
    "Problem",
    "Row",
    "SpecError",
    "TensorType",
    "Trace",
    "__version__",
    "build",
    "derive",
    "load",
    "trace",
]


def load(
    spec: str | PathLike[str],
    *,
    params: Mapping[str, Any] | None = None,
    dims: Mapping[str, int] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    mode: Literal["eval", "train"] | None = None,
    symbolic: Collection[str] = (),
) -> Plan:
    """Read a spec and evaluate it: a path, or the name of a bundled model.

    ``params`` and ``dims`` replace the spec's values, ``inputs`` the sizes of its inputs, ``mode`` its mode. The dims
    in ``symbolic`` are names in the formulas of ``derive``.
    Raises SpecError for what is wrong in the spec, CommandError where it can't be found or read.
    """
    import os
    from pathlib import Path

    from layercli.plan.planner import plan_model
    from layercli.spec.library import display_name, find_spec
    from layercli.spec.reader import read_spec

    path = find_spec(os.fspath(spec), Path.cwd())
    read = read_spec(path, display_name(path, Path.cwd()))
    return plan_model(read, params=params, dims=dims, inputs=inputs, mode=mode, symbolic=symbolic)


def build(
    spec: Plan | str | PathLike[str],
    *,
    device: str = "cpu",
    seed: int | None = None,
    mode: Literal["eval", "train"] = "train",
    **settings: Any,
) -> nn.Module:
    """The ``nn.Module`` of a spec: trainable, picklable, with the ``state_dict`` that its PyTorch class has.

    It is initialised as PyTorch does it, from the generator's state or from ``seed``, and is in train mode, as from
    a constructor; the mode of the spec is that of its traces. ``settings`` are those of ``load``. Raises what
    ``load`` raises, and SpecError for a layer that PyTorch refuses to make.
    """
    from layercli.engines import require_torch

    plan = _plan_of(spec, settings, "build", ("device", "seed", "mode", *_SETTINGS))
    require_torch("build")

    from layercli.build.builder import build_model

    return build_model(plan, device=device, seed=seed).train(mode == "train")


def trace(
    model: Plan | nn.Module | str | PathLike[str],
    *arguments: Any,
    device: str = "auto",
    seed: int = 0,
    mode: Literal["eval", "train"] | None = None,
    **keywords: Any,
) -> Trace:
    """Run a model once and record every layer and operation.

    ``model`` is a spec, by name or loaded, or any ``nn.Module`` with the arguments of one call. For a spec
    ``keywords`` are those of ``load``; for a module they are passed to its ``forward``. A module runs where it is,
    in its own mode unless ``mode`` says otherwise, and is left as it was. Raises what ``load`` raises, and SpecError
    with the attribute ``trace``, the rows so far, where the forward fails.
    """
    from layercli.plan.records import Plan

    if isinstance(model, Plan) or not hasattr(model, "named_modules"):
        if arguments:
            raise TypeError("a spec brings its own inputs; use inputs={name: sizes} to change their sizes")
        from layercli.engines import add_formulas, run_plan

        if mode is not None:
            keywords["mode"] = mode
        plan = _plan_of(model, keywords, "trace", ("device", "seed", "mode", *_SETTINGS))
        return add_formulas(plan, run_plan(plan, device=device, seed=seed))[0].in_numbers()
    from layercli.run.tracer import trace_module

    return trace_module(cast("nn.Module", model), arguments, keywords, mode=mode)


def derive(spec: Plan | str | PathLike[str], **settings: Any) -> Trace:
    """The trace that a run of a spec would give, by rules and without torch. ``settings`` are those of ``load``.

    Raises what ``load`` raises, and SpecError with the attribute ``trace`` where PyTorch would refuse the model.
    """
    from layercli.engines import derive_formulas

    plan = _plan_of(spec, settings, "derive", ("mode", *_SETTINGS, "symbolic"))
    trace = derive_formulas(plan)
    return trace if plan.symbolic else trace.in_numbers()


#: What ``load`` takes, ``mode`` and ``symbolic`` aside.
_SETTINGS = ("params", "dims", "inputs")


def _plan_of(
    spec: Plan | str | PathLike[str], settings: Mapping[str, Any], function: str, known: Sequence[str]
) -> Plan:
    """The plan of what ``function`` was given, which takes the keywords in ``known`` with a spec."""
    from dataclasses import replace

    from layercli.plan.records import Plan

    unknown = [name for name in settings if name not in known]
    if unknown:
        takes = f"{', '.join(known[:-1])} and {known[-1]}"
        raise TypeError(f"{function}() takes no {unknown[0]} with a spec; it takes {takes}")
    if not isinstance(spec, Plan):
        return load(spec, **settings)
    if set(settings) - {"mode"}:
        raise TypeError("this spec is loaded; give params, dims and inputs to load")
    return replace(spec, mode=settings["mode"]) if settings.get("mode") else spec
