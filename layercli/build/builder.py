"""Plan -> ``nn.Module``, and the example inputs of a plan as tensors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from layercli.build.engine import (
    TORCH_ERRORS,
    TorchEngine,
    choose_code,
    find_torch_function,
    first_line,
    make_value,
    to_torch,
)
from layercli.build.module import SpecModule
from layercli.catalogue.sizes import as_int
from layercli.errors import Position, Problem, SpecError
from layercli.plan.arguments import blame_argument
from layercli.plan.records import BufferPlan, LayerPlan, ParameterPlan, Plan, Recipe
from layercli.plan.ties import check_ties, match_globs
from layercli.spec.model import Glob, TieDefinition
from layercli.spec.values import FunctionValue


class SkipInitialisation(TorchFunctionMode):
    """Leaves new parameters as they are: on meta they have no values, and each fill costs time."""

    _FILLS = frozenset({"uniform_", "normal_", "zero_", "fill_", "trunc_normal_"})

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(function, "__module__", None) == "torch.nn.init":
            return (kwargs or {}).get("tensor", args[0] if args else None)
        if args and getattr(function, "__name__", "") in self._FILLS:
            return args[0]
        return function(*args, **(kwargs or {}))


@contextmanager
def default_dtype(name: str) -> Iterator[None]:
    """PyTorch's default dtype is ``name`` inside."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, name))
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def build_model(plan: Plan, *, device: str = "cpu", seed: int | None = None) -> nn.Module:
    """The module that a plan describes, in train mode as PyTorch makes it.

    On ``"meta"`` parameters have sizes and no values. With a ``seed`` PyTorch's generator is set first.
    Raises SpecError with the problems of all layers that PyTorch refuses to make.
    """
    if plan.symbolic:
        raise TypeError("a plan with symbols can only be derived; load it without symbolic")
    if seed is not None:
        torch.manual_seed(seed)
    meta = device == "meta"
    place = torch.device("meta" if meta else "cpu")
    with default_dtype(plan.dtype):
        if meta:
            with place, SkipInitialisation():
                model = _make_root(plan, place)
        else:
            model = _make_root(plan, place)
    if not meta and device != "cpu":
        model = model.to(device)
    return model


def _make_root(plan: Plan, place: torch.device) -> nn.Module:
    maker = _Maker(place)
    block = plan.spec.main
    model: nn.Module = SpecModule(
        block,
        plan.params,
        {name: as_int(size) for name, size in plan.dims.items()},
        getattr(torch, plan.dtype),
    )
    maker.fill(model, plan.root)
    problems = maker.problems
    try:
        tie_parameters(model, block.tie, maker.refused)
    except SpecError as error:
        problems += error.problems
    try:
        freeze_parameters(model, block.freeze, maker.refused)
    except SpecError as error:
        problems += error.problems
    if problems:
        raise SpecError(*problems)
    return model


def make_inputs(plan: Plan, *, device: str = "cpu") -> dict[str, Any]:
    """The example inputs by name. Raises SpecError for an expression that PyTorch refuses."""
    place = torch.device("meta" if device == "meta" else "cpu")
    engine = TorchEngine(None, place)
    with default_dtype(plan.dtype):
        values = {name: make_value(value, engine) for name, value in plan.inputs}
    if device in ("cpu", "meta"):
        return values
    return {name: move(value, device) for name, value in values.items()}


def move(value: Any, device: str) -> Any:
    """A tensor, or every tensor in a nest of them, on another device."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, (tuple, list)):
        return type(value)(move(item, device) for item in value)
    return {key: move(item, device) for key, item in value.items()} if isinstance(value, dict) else value


class _Maker:
    """Makes the modules of one model and collects the problems of all of them."""

    def __init__(self, place: torch.device) -> None:
        self.place = place
        self.engine = TorchEngine(None, place)
        self.problems: list[Problem] = []
        self.path: list[str] = []
        #: The paths of what can't be made.
        self.refused: list[str] = []

    def fill(self, module: nn.Module, plan: LayerPlan) -> None:
        """Make the members of a block or container and register them in order."""
        for name, member in plan.children:
            self.path.append(name)
            try:
                if isinstance(member, ParameterPlan):
                    module.register_parameter(name, self.make_parameter(member))
                elif isinstance(member, BufferPlan):
                    value = make_value(member.value, self.engine)
                    module.register_buffer(name, value, persistent=member.persistent)
                else:
                    module.add_module(name, self.make_layer(member))
            except SpecError as error:
                self.keep(error)
            self.path.pop()

    def keep(self, error: SpecError) -> None:
        """Note the problems of the layer that is being made; of a block that is used often, once."""
        self.refused.append(".".join(self.path))
        told = {(problem.code, problem.message, problem.position) for problem in self.problems}
        notes = (f"this is the layer {'.'.join(self.path)}",) if len(self.path) > 1 else ()
        self.problems += [
            replace(problem, notes=(*problem.notes, *notes))
            for problem in error.problems
            if (problem.code, problem.message, problem.position) not in told
        ]

    def make_parameter(self, plan: ParameterPlan) -> nn.Parameter:
        """A parameter with its first value. Raises SpecError for a dtype that takes no gradient."""
        value = make_value(plan.value, self.engine)
        try:
            return nn.Parameter(value, requires_grad=plan.requires_grad)
        except RuntimeError as error:
            hint = "write Buffer(...), or give requires_grad=False" if "gradients" in str(error) else ""
            raise SpecError(replace(_refused("Parameter", plan.site.position, error), hint=hint)) from error

    def make_layer(self, plan: LayerPlan) -> nn.Module:
        """A layer with all that is in it. Raises SpecError for one that PyTorch refuses to make."""
        target = plan.target
        layer: nn.Module
        if plan.block is not None:
            layer = SpecModule(plan.block, plan.arguments, {}, None)
            self.fill(layer, plan)
            if not self.problems:
                tie_parameters(layer, plan.block.tie)
                freeze_parameters(layer, plan.block.freeze)
        elif target.name in _CONTAINERS:
            layer = _CONTAINERS[target.name]()
            if isinstance(layer, (nn.ParameterList, nn.ParameterDict)):
                self._fill_parameters(layer, plan)
            else:
                self.fill(layer, plan)
        else:
            layer = self._make_torch_layer(plan)
        for wrapper in plan.wrappers:
            given = {name: to_torch(value) for name, value in wrapper.arguments.items() if name != "module"}
            try:
                layer = getattr(nn.utils.parametrizations, wrapper.entry.name)(layer, **given)
            except TORCH_ERRORS as error:
                raise SpecError(_refused(wrapper.entry.name, wrapper.site.position, error)) from error
        return layer

    def _fill_parameters(self, layer: nn.ParameterList | nn.ParameterDict, plan: LayerPlan) -> None:
        for name, member in plan.children:
            assert isinstance(member, ParameterPlan)
            value = self.make_parameter(member)
            if isinstance(layer, nn.ParameterList):
                layer.append(value)
            else:
                layer[name] = value

    def _make_torch_layer(self, plan: LayerPlan) -> nn.Module:
        arguments = {name: self._make_argument(value) for name, value in plan.arguments.items()}
        try:
            made: nn.Module = getattr(nn, plan.target.name)(**arguments)
        except TORCH_ERRORS as error:
            raise SpecError(blame_argument(plan, _refused(plan.target.name, plan.position, error))) from error
        return made

    def _make_argument(self, value: Any) -> Any:
        if isinstance(value, LayerPlan):
            return self.make_layer(value)
        if isinstance(value, FunctionValue):
            return find_torch_function(value)
        if isinstance(value, Recipe):
            return make_value(value, self.engine)
        if isinstance(value, (tuple, list)):
            return type(value)(self._make_argument(item) for item in value)
        return to_torch(value)


_CONTAINERS: Mapping[str, Callable[[], nn.Module]] = {
    "Sequential": nn.Sequential,
    "ModuleList": nn.ModuleList,
    "ModuleDict": nn.ModuleDict,
    "ParameterList": nn.ParameterList,
    "ParameterDict": nn.ParameterDict,
}


def _refused(name: str, position: Position, error: BaseException) -> Problem:
    code = choose_code(error, "invalid-argument")
    return Problem(code, f"PyTorch refuses to make {name}: {first_line(error)}", position)


def find_parameter(model: nn.Module, name: str) -> tuple[nn.Module, str] | None:
    """The module that holds the parameter of a dotted name, and its name there."""
    *path, last = name.split(".")
    module = model
    for part in path:
        child = module._modules.get(part)
        if child is None:
            return None
        module = child
    return (module, last) if module._parameters.get(last) is not None else None


def tie_parameters(model: nn.Module, ties: tuple[TieDefinition, ...], refused: Collection[str] = ()) -> None:
    """Make each left parameter the same tensor as the right one. Raises SpecError with what is wrong in any.

    What is inside of the layers in ``refused`` isn't there.
    """
    if not ties:
        return
    parameters = dict(model.named_parameters(remove_duplicate=False))

    def find(name: str) -> tuple[str, torch.Size | None] | None:
        found = parameters.get(name)
        if found is None:
            return None
        return str(found.dtype), None if is_lazy(found) else found.shape

    check_ties(ties, find, lambda: [*parameters], refused)
    for tie in ties:
        left, right = find_parameter(model, tie.name), find_parameter(model, tie.target)
        if left is not None and right is not None:
            left[0]._parameters[left[1]] = right[0]._parameters[right[1]]


def freeze_parameters(model: nn.Module, globs: tuple[Glob, ...], refused: Collection[str] = ()) -> None:
    """Turn gradients off by glob. Raises SpecError for globs that match nothing."""
    parameters = dict(model.named_parameters(remove_duplicate=False))
    for name in match_globs(globs, [*parameters], refused):
        # Of a lazy layer's parameter nothing else may be asked yet.
        parameters[name].requires_grad = False
