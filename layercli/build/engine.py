"""The interpreter's engine on PyTorch: tensors are ``torch.Tensor``, layers are ``nn.Module``."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from layercli.build import hazards
from layercli.build.growth import check_growth, check_sequence
from layercli.build.guards import guard_call
from layercli.build.lookups import explain_number
from layercli.build.recording import RECORDER
from layercli.build.types import type_of
from layercli.catalogue.entries import Method
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.modules import PASSING
from layercli.errors import Problem, SpecError
from layercli.plan.records import Recipe
from layercli.spec.calls import (
    check_function,
    check_method,
    explain_container,
    explain_mask,
    explain_misfit,
)
from layercli.spec.forward import InputsRefused
from layercli.spec.interpreter import ForwardEngine
from layercli.spec.values import (
    MISSING,
    Device,
    Dtype,
    FunctionValue,
    Site,
)
from layercli.trace import format_type

if TYPE_CHECKING:
    from layercli.build.module import SpecModule

#: What PyTorch raises about a call that it refuses.
TORCH_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    AssertionError,
    MemoryError,
    ArithmeticError,
)

_OPERATORS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name)
    for name in (
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "neg", "pos",
        "invert", "eq", "ne", "lt", "le", "gt", "ge", "iadd", "isub", "imul", "itruediv", "ifloordiv", "imod",
        "ipow", "imatmul", "iand", "ior", "ixor",
    )
}  # fmt: skip


def to_torch(value: Any) -> Any:
    """A value of the language as PyTorch takes it."""
    if isinstance(value, Dtype):
        return getattr(torch, value.name)
    if isinstance(value, tuple):
        return tuple(to_torch(item) for item in value)
    if isinstance(value, list):
        return [to_torch(item) for item in value]
    if isinstance(value, dict):
        return {key: to_torch(item) for key, item in value.items()}
    if isinstance(value, FunctionValue):
        return find_torch_function(value)
    return value


def from_torch(value: Any) -> Any:
    """What PyTorch gave as a value of the language: sizes are tuples, dtypes names."""
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, torch.dtype):
        return Dtype(str(value).removeprefix("torch."))
    return Device() if isinstance(value, torch.device) else value


def find_torch_function(function: FunctionValue) -> Callable[..., Any]:
    """The function of PyTorch that an entry of the catalogue stands for."""
    home = nn.functional if function.namespace == "F" else torch
    found: Callable[..., Any] = getattr(home, function.entry.name)
    return found


class TorchEngine(ForwardEngine):
    """Runs one module's forward. ``owner`` is None where tensors are made outside of a module."""

    def __init__(self, owner: SpecModule | None, device: torch.device | None) -> None:
        self.owner = owner
        self.device = device

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, torch.Tensor)

    def is_layer(self, value: Any) -> bool:
        return isinstance(value, nn.Module)

    def is_training(self) -> bool:
        return self.owner is not None and self.owner.training

    # Operations ------------------------------------------------------------------------------------------

    def run(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        keywords: dict[str, Any],
        site: Site,
    ) -> Any:
        """Run an operation, through the recorder where there is one. Raises SpecError for what PyTorch refuses."""
        recorder = RECORDER.get()
        try:
            if recorder is None:
                return from_torch(function(*arguments, **keywords))
            return from_torch(recorder.run_operation(name, function, arguments, keywords, site))
        except SpecError:
            raise
        except TORCH_ERRORS as error:
            raise explain_operation(name, arguments, keywords, site, error) from error

    def call_function(
        self, function: FunctionValue, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any:
        entry = function.entry
        check_function(self, function, arguments, keywords, site)
        given = {name: to_torch(value) for name, value in keywords.items() if name != "device"}
        values = [to_torch(value) for value in arguments]
        if entry.creates and not entry.name.endswith("_like"):
            given["device"] = self.device
        check_growth(entry, values, given, site)
        hazards.check_function(entry, values, given, site)
        guarded = guard_call(entry, find_torch_function(function), site)
        return self.run(entry.name, guarded, values, given, site)

    def call_method(
        self, tensor: Any, method: Method, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any:
        check_method(self, method, arguments, keywords, site)
        given = {name: to_torch(value) for name, value in keywords.items() if name != "device"}
        values = [to_torch(value) for value in arguments if not isinstance(value, Device)]
        if method.name == "to" and not values and not given:
            return tensor
        bound = guard_call(method, getattr(type(tensor), method.name), site)
        check_growth(method, [tensor, *values], given, site)
        hazards.check_function(method, [tensor, *values], given, site)
        return self.run(method.name, bound, [tensor, *values], given, site)

    def get_attribute(self, tensor: Any, attribute: Method, site: Site) -> Any:
        name = attribute.name
        if name in ("shape", "dtype", "device", "ndim"):
            return from_torch(getattr(tensor, name))
        return self.run(name, lambda value: getattr(value, name), [tensor], {}, site)

    def apply_operator(self, name: str, operands: list[Any], site: Site) -> Any:
        return self.run(name, _OPERATORS[name], [to_torch(value) for value in operands], {}, site)

    def get_item(self, tensor: Any, index: Any, site: Site) -> Any:
        for part in index if isinstance(index, tuple) else (index,):
            if isinstance(part, torch.Tensor) and part.dtype in (torch.bool, torch.uint8):
                raise explain_mask(site)
        return self.run("getitem", operator.getitem, [tensor, index], {}, site)

    def length(self, tensor: Any, site: Site) -> int:
        if tensor.dim() == 0:
            raise site.error("wrong-kind", "a tensor without dimensions has no length")
        return int(tensor.shape[0])

    # Layers ----------------------------------------------------------------------------------------------

    def call_layer(self, layer: Any, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
        if isinstance(layer, (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)):
            member = next(iter(layer), "") if isinstance(layer, nn.ModuleDict) else ""
            raise explain_container(type(layer).__name__, member, site)
        values, given = arguments, keywords
        if not hasattr(layer, "_layercli_block") and type(layer).__name__ not in PASSING:
            values = [to_torch(value) for value in values]
            given = {name: to_torch(value) for name, value in given.items()}
        if isinstance(layer, nn.RNNBase):
            check_sequence(values, site)
        hazards.check_layer(type(layer).__name__, _name_callee(site), values, given, site)
        try:
            return layer(*values, **given)
        except InputsRefused as refused:
            raise SpecError(
                *(replace(problem, position=site.position) for problem in refused.problems)
            ) from None
        except SpecError:
            raise
        except TORCH_ERRORS as error:
            raise explain_layer(layer, values, given, site, error) from error

    def get_member(self, layer: Any, name: str) -> Any:
        for group in (layer._modules, layer._parameters, layer._buffers):
            if name in group:
                return group[name]
        parametrizations = layer._modules.get("parametrizations")
        if parametrizations is not None and name in parametrizations:
            return getattr(layer, name)
        block = getattr(layer, "_layercli_block", None)
        return None if block is not None and name in block.layer_set else MISSING

    def list_members(self, layer: Any) -> Sequence[str]:
        return [*layer._modules, *layer._parameters, *layer._buffers, *getattr(layer, "member_names", ())]

    def container_kind(self, layer: Any) -> Literal["list", "dict", ""]:
        if isinstance(layer, (nn.Sequential, nn.ModuleList, nn.ParameterList)):
            return "list"
        return "dict" if isinstance(layer, (nn.ModuleDict, nn.ParameterDict)) else ""

    def container_items(self, layer: Any) -> Sequence[tuple[str, Any]]:
        if isinstance(layer, nn.ParameterList):
            return [(str(index), value) for index, value in enumerate(layer)]
        return list(layer.items()) if isinstance(layer, nn.ParameterDict) else list(layer._modules.items())


def describe_tensors(values: Sequence[Any]) -> str:
    """The types of what met in a call, as ``float32[1, 400] and int64[2]``."""
    shown = [format_type(type_of(value)) for value in values]
    return " and ".join(shown) if len(shown) < 3 else ", ".join(shown)


def first_line(error: BaseException) -> str:
    """PyTorch's own sentence, without what it appends for developers."""
    text = str(error).strip().split("\n\n")[0].split(", but expected one of:")[0]
    # A set of words comes in another order each time.
    text = re.sub(r"\{('\w+'(?:, '\w+')*)\}", lambda found: ", ".join(sorted(found[1].split(", "))), text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines)[:400] or type(error).__name__


def explain_operation(
    name: str, arguments: Sequence[Any], keywords: dict[str, Any], site: Site, error: BaseException
) -> SpecError:
    """An operation that PyTorch refused: what was called on what, and PyTorch's sentence below."""
    tensors = [
        value for value in (*arguments, *keywords.values()) if isinstance(value, (torch.Tensor, tuple, list))
    ]
    met = f" on {describe_tensors(tensors)}" if tensors else ""
    notes = (f"PyTorch: {first_line(error)}",)
    told = explain_number(name, name, arguments, keywords, {}, site.position, notes)
    code = choose_code(error, "operation-failed")
    return SpecError(told or Problem(code, f"{name} failed{met}", site.position, notes=notes))


def call_in_order(name: str, layer: nn.Module, value: Any) -> Any:
    """Call the layer ``name``, which no statement calls. Raises SpecError for what PyTorch refuses."""
    try:
        return layer(value)
    except SpecError:
        raise
    except TORCH_ERRORS as error:
        raise explain_layer(layer, [value], {}, name, error) from error


def explain_layer(
    layer: nn.Module,
    arguments: Sequence[Any],
    keywords: dict[str, Any],
    called: Site | str,
    error: BaseException,
) -> SpecError:
    """A layer that PyTorch refused to run on what it was given; ``called`` is the call, or the layer's name."""
    values = [value for value in (*arguments, *keywords.values()) if value is not None]
    name = called if isinstance(called, str) else _name_callee(called)
    kind = type(layer).__name__
    message = f"{name} ({kind}) failed" if name else f"{kind} failed"
    if values:
        message += f" on {describe_tensors(values)}"
    place = None if isinstance(called, str) else called.position
    notes = (f"PyTorch: {first_line(error)}",)
    misfit = explain_misfit(error)
    if misfit and f"{kind}.forward()" in str(error):
        return SpecError(Problem("invalid-argument", f"{name or kind} {misfit}", place))
    told = explain_number(kind, name or kind, arguments, keywords, vars(layer), place, notes)
    if told is not None:
        return SpecError(told)
    return SpecError(Problem(choose_code(error, "layer-failed"), message, place, notes=notes))


def _name_callee(site: Site) -> str:
    """What a call calls, as the spec writes it."""
    return " ".join(site.code.segment(site.node.func).split()) if isinstance(site.node, ast.Call) else ""


def choose_code(error: BaseException, code: str) -> str:
    """``code``, unless what PyTorch raised says that memory has run out."""
    text = str(error)
    memory = isinstance(error, MemoryError) or "can't allocate memory" in text or "out of memory" in text
    return "out-of-memory" if memory else code


def make_value(recipe: Any, engine: TorchEngine) -> Any:
    """The tensor that a recipe describes; tuples, lists and dicts of recipes likewise; plain values as they are."""
    if isinstance(recipe, Recipe):
        operands = [make_value(operand, engine) for operand in recipe.operands]
        keywords = {name: make_value(value, engine) for name, value in recipe.keywords.items()}
        return _MAKE[recipe.kind](engine, recipe, operands, keywords)
    if isinstance(recipe, tuple):
        return tuple(make_value(item, engine) for item in recipe)
    if isinstance(recipe, list):
        return [make_value(item, engine) for item in recipe]
    if isinstance(recipe, dict):
        return {key: make_value(item, engine) for key, item in recipe.items()}
    return to_torch(recipe)


def _make_function(engine: TorchEngine, recipe: Recipe, operands: list[Any], keywords: dict[str, Any]) -> Any:
    return engine.call_function(
        FunctionValue(FUNCTIONS[recipe.name], recipe.namespace), operands, keywords, recipe.site
    )


def _make_method(engine: TorchEngine, recipe: Recipe, operands: list[Any], keywords: dict[str, Any]) -> Any:
    return engine.call_method(operands[0], METHODS[recipe.name], operands[1:], keywords, recipe.site)


def _make_attribute(
    engine: TorchEngine, recipe: Recipe, operands: list[Any], keywords: dict[str, Any]
) -> Any:
    return engine.get_attribute(operands[0], METHODS[recipe.name], recipe.site)


_MAKE: dict[str, Callable[[TorchEngine, Recipe, list[Any], dict[str, Any]], Any]] = {
    "function": _make_function,
    "method": _make_method,
    "attribute": _make_attribute,
    "operator": lambda engine, recipe, operands, keywords: engine.apply_operator(
        recipe.name, operands, recipe.site
    ),
    "item": lambda engine, recipe, operands, keywords: engine.get_item(operands[0], operands[1], recipe.site),
}
