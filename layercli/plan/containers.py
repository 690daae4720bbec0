"""Parameters, buffers, and containers of layers, from the arguments of their calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from layercli.catalogue.layers import LAYERS
from layercli.catalogue.module_attributes import MODULE_ATTRIBUTES
from layercli.errors import did_you_mean
from layercli.plan.arguments import describe_plain, find_layer_of, value_needs
from layercli.plan.records import BufferPlan, LayerPlan, Member, ParameterPlan, Recipe
from layercli.spec.values import (
    BlockClass,
    Builtin,
    FunctionValue,
    LayerClass,
    Site,
    TensorClass,
    WrapperClass,
)


def _tensor_of(name: str, arguments: list[Any], site: Site) -> Recipe:
    """The tensor of ``Parameter(zeros(1, 4))`` or, in short, ``Parameter(1, 4)``."""
    if len(arguments) == 1 and isinstance(arguments[0], Recipe):
        return arguments[0]
    sizes = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)) else arguments
    if sizes and all(isinstance(size, int) and not isinstance(size, bool) for size in sizes):
        return Recipe("function", "zeros", tuple(sizes), {}, site, "torch")
    hint = f"write {name}(zeros(4)) or {name}(4)"
    raise site.error("wrong-kind", f"{name} takes a tensor or its sizes", hint)


def _flag(name: str, default: bool, allowed: str, keywords: Mapping[str, Any], site: Site) -> bool:
    for keyword in keywords:
        if keyword != allowed:
            raise site.argument(keyword).error(
                "unknown-argument",
                f"{name} has no argument {keyword}",
                did_you_mean(keyword, [allowed]) or f"it has {allowed}={default}",
            )
    value = keywords.get(allowed, default)
    if not isinstance(value, bool):
        raise site.argument(allowed).error("wrong-kind", f"{allowed} is True or False")
    return value


def _plan_parameter(arguments: list[Any], keywords: dict[str, Any], site: Site) -> ParameterPlan:
    requires_grad = _flag("Parameter", True, "requires_grad", keywords, site)
    return ParameterPlan(_tensor_of("Parameter", arguments, site), requires_grad, site)


def _plan_buffer(arguments: list[Any], keywords: dict[str, Any], site: Site) -> BufferPlan:
    persistent = _flag("Buffer", True, "persistent", keywords, site)
    return BufferPlan(_tensor_of("Buffer", arguments, site), persistent, site)


TENSORS: dict[str, Callable[[list[Any], dict[str, Any], Site], ParameterPlan | BufferPlan]] = {
    "Parameter": _plan_parameter,
    "Buffer": _plan_buffer,
}

Children = tuple[tuple[str, Member], ...]


def _flatten_layers(values: Sequence[Any], site: Site, kind: str) -> list[LayerPlan]:
    layers: list[LayerPlan] = []
    for index, value in enumerate(values):
        if isinstance(value, LayerPlan):
            layers += (
                [child for _, child in value.children if isinstance(child, LayerPlan)]
                if value.product
                else [value]
            )
        elif isinstance(value, (list, tuple)):
            layers += _flatten_layers(value, site, kind)
        else:
            place = site.argument(index)
            name = value.entry.name if isinstance(value, FunctionValue) else getattr(value, "name", "")
            layer = find_layer_of(name)
            hint = f"write {value!r}()" if isinstance(value, (LayerClass, BlockClass)) else ""
            what = describe_plain(value)
            if isinstance(value, (FunctionValue, Builtin, Recipe)):
                what = "a tensor" if isinstance(value, Recipe) else f"the function {value!r}"
                needs = layer and value_needs(LayerClass(LAYERS[layer]))
                hint = f"write {layer}({'...' if needs else ''})" if layer else "call functions in `forward`"
            elif isinstance(value, (LayerClass, BlockClass, WrapperClass, TensorClass)):
                what = f"the class {value!r}"
            raise place.error("not-a-layer", f"{kind} holds layers, and this is {what}", hint)
    return layers


def _plan_sequence(kind: str) -> Callable[[list[Any], dict[str, Any], Site], Children]:
    def plan(arguments: list[Any], keywords: dict[str, Any], site: Site) -> Children:
        if len(arguments) == 1 and isinstance(arguments[0], dict) and kind == "Sequential":
            return _plan_dict([arguments[0]], keywords, site)
        if keywords and not (kind == "ModuleList" and set(keywords) == {"modules"}):
            name = next(iter(keywords))
            raise site.argument(name).error(
                "unknown-argument",
                f"{kind} takes no names",
                "for named children write a mapping: {conv: ..., act: ...}",
            )
        layers = _flatten_layers([*arguments, *keywords.values()], site, kind)
        return tuple((str(index), layer) for index, layer in enumerate(layers))

    return plan


def _plan_dict(arguments: list[Any], keywords: dict[str, Any], site: Site) -> Children:
    given: dict[Any, Any] = {}
    for argument in arguments:
        if not isinstance(argument, dict):
            raise site.argument(0).error(
                "wrong-kind", "this takes a dict or names", "write ModuleDict(box=Linear(8, 4))"
            )
        given |= argument
    given |= keywords
    children: list[tuple[str, Member]] = []
    for name, value in given.items():
        if not isinstance(name, str) or not name or "." in name or name in MODULE_ATTRIBUTES:
            message, hint = f"{describe_plain(name)} can't name a layer", "write a plain name"
            if name in MODULE_ATTRIBUTES:
                message = f"{name} is an attribute of every nn.Module and can't name a layer"
                hint = f"write {name}_layer or another name"
            raise site.argument(name).error("bad-name", message, hint)
        if not isinstance(value, LayerPlan):
            message = f"a ModuleDict holds layers, and {name} is {describe_plain(value)}"
            raise site.argument(name).error("not-a-layer", message)
        children.append((name, value))
    return tuple(children)


def _as_parameter(value: Any, site: Site) -> ParameterPlan:
    if isinstance(value, ParameterPlan):
        return value
    if isinstance(value, Recipe):
        return ParameterPlan(value, True, site)
    message = f"this holds parameters, and {describe_plain(value)} is none"
    raise site.error("not-a-layer", message, "write Parameter(zeros(4))")


def _plan_parameter_list(arguments: list[Any], keywords: dict[str, Any], site: Site) -> Children:
    values = [*arguments, *keywords.values()]
    if len(values) == 1 and isinstance(values[0], (list, tuple)):
        values = list(values[0])
    return tuple((str(index), _as_parameter(value, site)) for index, value in enumerate(values))


def _plan_parameter_dict(arguments: list[Any], keywords: dict[str, Any], site: Site) -> Children:
    given = dict(keywords)
    for argument in arguments:
        if not isinstance(argument, dict):
            raise site.argument(0).error("wrong-kind", "ParameterDict takes a dict or names")
        given |= argument
    for name in given:
        if not isinstance(name, str) or not name or "." in name or name in MODULE_ATTRIBUTES:
            raise site.argument(name).error("bad-name", f"{name!r} can't name a parameter")
    return tuple((name, _as_parameter(value, site)) for name, value in given.items())


CONTAINERS: dict[str, Callable[[list[Any], dict[str, Any], Site], Children]] = {
    "Sequential": _plan_sequence("Sequential"),
    "ModuleList": _plan_sequence("ModuleList"),
    "ModuleDict": _plan_dict,
    "ParameterList": _plan_parameter_list,
    "ParameterDict": _plan_parameter_dict,
}
