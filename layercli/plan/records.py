"""A plan: every layer that a spec asks for with its evaluated arguments, before any of them exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any, Literal, TypeAlias

from layercli.catalogue.entries import Layer
from layercli.catalogue.signature import REQUIRED, Parameter, Signature
from layercli.catalogue.sizes import AnySize, Condition, as_int
from layercli.catalogue.wrappers import Wrapper
from layercli.errors import Position
from layercli.record import record
from layercli.spec.expressions import Expression
from layercli.spec.model import Block, Glob, ListValue, Spec, TieDefinition, Value
from layercli.spec.values import Device, Site


@record(eq=False)
class Recipe:
    """How to make a tensor: the call of a function, method, operator, subscript or attribute.

    ``operands`` and ``keywords`` hold plain values and further recipes, also inside tuples, lists and dicts.
    """

    kind: Literal["function", "method", "operator", "item", "attribute"]
    name: str
    operands: tuple[Any, ...]
    keywords: Mapping[str, Any]
    site: Site
    namespace: str = ""

    def __str__(self) -> str:
        if self.kind == "attribute":
            return f"{format_value(self.operands[0])}.{self.name}"
        parts = [format_value(value) for value in self.operands]
        parts += [f"{name}={format_value(value)}" for name, value in self.keywords.items()]
        return f"{self.name}({', '.join(parts)})"


@record(eq=False)
class ParameterPlan:
    """A parameter of a layer: how its first value is made, and whether it takes a gradient."""

    value: Recipe
    requires_grad: bool
    site: Site


@record(eq=False)
class BufferPlan:
    """A buffer of a layer: how its first value is made, and whether ``state_dict`` has it."""

    value: Recipe
    persistent: bool
    site: Site


@record(eq=False)
class WrapperPlan:
    """``weight_norm`` or its like around a layer."""

    entry: Wrapper
    arguments: Mapping[str, Any]
    site: Site


@record(eq=False)
class LayerPlan:
    """One module that is to be made; the same plan may be made several times.

    ``target`` is a class of ``torch.nn`` or a block, ``arguments`` what its constructor was given by name.
    ``children`` are the members of a block or container in registration order. ``argument_sites`` says where
    each argument stands. ``product`` marks a Sequential that came of ``12 * layer`` and is spliced into a
    container around it. ``modules`` is the number of modules that one making gives.
    """

    target: Layer | Block
    arguments: Mapping[str, Any]
    position: Position
    argument_sites: Mapping[str, Site] = field(default_factory=dict, repr=False)
    children: tuple[tuple[str, Member], ...] = ()
    wrappers: tuple[WrapperPlan, ...] = ()
    product: bool = False
    modules: int = 1

    @property
    def type_name(self) -> str:
        return self.target.name

    @property
    def block(self) -> Block | None:
        return self.target if isinstance(self.target, Block) else None

    @cached_property
    def call(self) -> str:
        """The constructor's call as normalised text: what equals its default is left out."""
        target = self.target
        if isinstance(target, Block):
            signature = block_signature(target)
            given = self.arguments
        else:
            signature = target.signature
            given = {} if self.children else self.arguments
        text = f"{target.name}({format_arguments(signature, given)})"
        for wrapper in self.wrappers:
            given = {name: value for name, value in wrapper.arguments.items() if name != "module"}
            rest = format_arguments(wrapper.entry.signature, given)
            text = f"{wrapper.entry.name}({text}{', ' if rest else ''}{rest})"
        return text

    def locate(self, argument: str) -> Position:
        """Where an argument stands; the whole layer where it wasn't given."""
        site = self.argument_sites.get(argument)
        return self.position if site is None else site.position


Member: TypeAlias = "LayerPlan | ParameterPlan | BufferPlan"


@record(repr=False)
class Plan:
    """All that is needed to build a model and to call it once.

    A ``symbolic`` one can be derived only: its dims and inputs have names in them, as long as ``conditions`` hold.
    ``given_params``, ``given_dims`` and ``given_inputs`` are the values that replaced those of the spec.
    """

    spec: Spec
    root: LayerPlan
    params: Mapping[str, Any]
    dims: Mapping[str, AnySize]
    inputs: tuple[tuple[str, Any], ...]
    mode: Literal["eval", "train"]
    conditions: tuple[Condition, ...] = ()
    symbolic: bool = False
    given_dims: Mapping[str, int] = field(default_factory=dict)
    given_inputs: Mapping[str, Sequence[int]] = field(default_factory=dict)
    given_params: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        modules = f"{self.root.modules:,} module{'s' * (self.root.modules != 1)}"
        return f"<Plan of {self.name}: {modules}, {self.mode} mode>"

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def dtype(self) -> str:
        return self.spec.dtype

    @property
    def tie(self) -> tuple[TieDefinition, ...]:
        return self.spec.main.tie

    @property
    def freeze(self) -> tuple[Glob, ...]:
        return self.spec.main.freeze


def block_signature(block: Block) -> Signature:
    """A block's params as the signature of its constructor."""
    return Signature(
        tuple(
            # No value of a spec is Ellipsis, so that a report shows whatever was given.
            Parameter(
                param.name, "positional", REQUIRED if param.value is None else ..., _write_value(param.value)
            )
            for param in block.params
        )
    )


def _write_value(value: Value | None) -> str:
    """A default as the spec writes it."""
    if isinstance(value, ListValue):
        return f"[{', '.join(map(_write_value, value.items))}]"
    return value.segment(value.tree) if isinstance(value, Expression) else "..."


def format_arguments(signature: Signature, given: Mapping[str, Any]) -> str:
    """Arguments as normalised text: required ones in their place, others by name unless they equal the default."""
    parts: list[str] = []
    by_place = True
    for parameter in signature.parameters:
        if parameter.name not in given:
            by_place = False
            continue
        value = given[parameter.name]
        if parameter.kind == "rest":
            parts += [format_value(item) for item in value]
        elif parameter.kind == "keywords":
            parts += [f"{name}={format_value(item)}" for name, item in value.items()]
        elif parameter.default is REQUIRED and by_place and parameter.kind != "keyword":
            parts.append(format_value(value))
        elif not _same(value, parameter.default):
            parts.append(f"{parameter.name}={format_value(value)}")
    return ", ".join(parts)


def _same(value: Any, default: Any) -> bool:
    plain = (bool, int, float, str, tuple, list, type(None))
    return isinstance(value, plain) and type(value) is type(default) and bool(value == default)


def format_value(value: Any) -> str:
    """A plain value, function, layer or recipe as normalised text."""
    if isinstance(value, LayerPlan):
        return value.call
    if isinstance(value, Recipe):
        return str(value)
    if isinstance(value, ParameterPlan):
        return f"Parameter({value.value})"
    if isinstance(value, tuple):
        inner = ", ".join(format_value(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(format_value(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {format_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, slice):
        parts = ["" if part is None else format_value(part) for part in (value.start, value.stop)]
        return ":".join(parts) + ("" if value.step is None else f":{format_value(value.step)}")
    if value is Ellipsis:
        return "..."
    return "device" if isinstance(value, Device) else repr(value)


def describe_plan(plan: Plan) -> dict[str, Any]:
    """The fields of a Trace that come from the plan."""
    return {
        "model": plan.name,
        "spec": plan.spec.source.name,
        "dims": tuple((name, as_int(size)) for name, size in plan.dims.items()),
        "params": tuple((name, format_value(value)) for name, value in plan.params.items()),
    }


def locate_member(plans: Mapping[str, LayerPlan], path: str) -> Position:
    """Where the layer at ``path`` is named, or made where it has no name of its own. ``plans`` is of ``map_plans``."""
    outer, _, name = path.rpartition(".")
    block = plans[outer].block
    named = next((layer.position for layer in block.layers if layer.name == name), None) if block else None
    return named or plans[path].position


def map_plans(root: LayerPlan) -> dict[str, LayerPlan]:
    """Every planned layer by its path."""
    found: dict[str, LayerPlan] = {"": root}
    stack = [("", root)]
    while stack:
        path, plan = stack.pop()
        for name, child in plan.children:
            if isinstance(child, LayerPlan):
                inner = f"{path}.{name}" if path else name
                found[inner] = child
                stack.append((inner, child))
    return found
