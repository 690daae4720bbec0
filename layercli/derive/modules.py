"""Plan -> modules without values: what ``build`` makes of it, by the rules of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from layercli.catalogue.dtypes import CATEGORIES, ITEM_SIZES
from layercli.catalogue.entries import Layer
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.modules import Child, Module
from layercli.catalogue.signature import REQUIRED
from layercli.catalogue.sizes import as_int
from layercli.catalogue.tensors import Refusal, Tensor, refuse
from layercli.derive.engine import TypeEngine, make_value, to_rule
from layercli.errors import Position, Problem, SpecError
from layercli.plan.records import BufferPlan, LayerPlan, ParameterPlan, Plan
from layercli.plan.ties import check_ties, match_globs
from layercli.spec.model import Glob, TieDefinition
from layercli.trace import TensorType
from layercli.trace.modules import HeldTensor, ModuleRecord

_PASSIVE = ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "ParametrizationList")


class ModuleMaker:
    """Makes the modules of one plan and collects the problems of all of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.training = plan.mode == "train"
        self.problems: list[Problem] = []
        self.maker = TypeEngine(None)

    def make(self) -> Module:
        """The root. Raises SpecError with the problems of all layers."""
        root = Module("", self.plan.name, self.plan.params, training=self.training, plan=self.plan.root)
        self.fill(root, self.plan.root)
        if self.problems:
            raise SpecError(*self.problems)
        block = self.plan.spec.main
        tie_parameters(root, block.tie)
        freeze_parameters(root, block.freeze)
        return root

    def fill(self, module: Module, plan: LayerPlan) -> None:
        """Make the members of a block or container."""
        prefix = f"{module.path}." if module.path else ""
        for name, member in plan.children:
            try:
                if isinstance(member, LayerPlan):
                    module.children[name] = self.make_layer(prefix + name, member)
                    continue
                value = make_value(member.value, self.maker)
                if isinstance(member, ParameterPlan):
                    module.tensors[name] = self._parameter(value, member)
                else:
                    assert isinstance(member, BufferPlan)
                    module.tensors[name] = value
                    module.buffers.add(name)
                    if not member.persistent:
                        module.transient.add(name)
            except SpecError as error:
                self.problems += [problem for problem in error.problems if problem not in self.problems]

    def _parameter(self, value: Tensor, member: ParameterPlan) -> Tensor:
        if member.requires_grad and not value.dtype.startswith(("float", "bfloat", "complex")):
            # PyTorch's own sentence.
            reason = "Only Tensors of floating point and complex dtype can require gradients"
            message = f"PyTorch refuses to make Parameter: {reason}"
            hint = "write Buffer(...), or give requires_grad=False"
            raise SpecError(Problem("argument-refused", message, member.site.position, hint=hint))
        return Tensor(value.dtype, value.shape, value.strides, requires_grad=member.requires_grad)

    def make_layer(self, path: str, plan: LayerPlan) -> Module:
        """A planned layer with all inside it."""
        if plan.block is not None:
            module = Module(path, plan.block.name, plan.arguments, training=self.training, plan=plan)
            self.fill(module, plan)
            if not self.problems:
                tie_parameters(module, plan.block.tie)
                freeze_parameters(module, plan.block.freeze)
        else:
            assert isinstance(plan.target, Layer)
            try:
                module = self.make_torch_layer(path, plan.target, plan.arguments, plan)
            except Refusal as refusal:
                message = f"PyTorch refuses to make {plan.target.name}: {refusal.message}"
                raise SpecError(Problem("argument-refused", message, plan.locate(refusal.argument))) from None
        for wrapper in plan.wrappers:
            given = {name: to_rule(value) for name, value in wrapper.arguments.items() if name != "module"}
            try:
                wrapper.entry.wrap(module, **given)
            except Refusal as refusal:
                message = f"PyTorch refuses to make {wrapper.entry.name}: {refusal.message}"
                raise SpecError(Problem("argument-refused", message, wrapper.site.position)) from None
        return module

    def make_torch_layer(
        self, path: str, entry: Layer, given: Mapping[str, Any], plan: LayerPlan | None
    ) -> Module:
        """A layer of ``torch.nn`` with its own tensors and inner layers. Raises Refusal."""
        arguments = self._arguments(entry, given)
        module = Module(path, entry.name, arguments, training=self.training, plan=plan, entry=entry)
        if plan is not None and plan.children:
            self.fill(module, plan)
            return module
        for state in entry.state(module) if entry.state is not None else ():
            parameter, dtype = state.kind == "parameter", state.dtype or module.dtype
            if parameter and CATEGORIES[dtype] < 2:
                refuse(f"parameters have a floating dtype, not {dtype}", "dtype", "argument-refused")
            if any(size < 0 for size in state.shape):
                refuse(
                    f"{state.name} would have a negative size: {list(state.shape)}", code="argument-refused"
                )
            module.tensors[state.name] = Tensor(
                dtype, state.shape, requires_grad=parameter and state.trainable
            )
            if not parameter:
                module.buffers.add(state.name)
                if not state.persistent:
                    module.transient.add(state.name)
        children = () if entry.children is None else tuple(entry.children(module))
        for child in children:
            module.children[child.name] = self.make_child(module.join(child.name), child)
        used = set(_list_origins(children))
        for name, value in arguments.items():
            if isinstance(value, Child) and (id(value.plan), id(value.arguments)) not in used:
                # PyTorch makes a layer before it is given to another that may have no use for it.
                self.make_child(module.join(name), value)
        return module

    def make_child(self, path: str, child: Child) -> Module:
        if child.plan is not None:
            # The layer that the spec gave has no call of its own to show in its place.
            module = self.make_layer(path, child.plan)
            for inside in module.walk():
                inside.given = True
        else:
            entry = LAYERS[child.type] if isinstance(child.type, str) else child.type
            module = self.make_torch_layer(path, entry, child.arguments, None)
            for inner in child.children:
                module.children[inner.name] = self.make_child(module.join(inner.name), inner)
        if child.cloned:
            for inside in module.walk():
                inside.cloned = True
        return module

    def _arguments(self, entry: Layer, given: Mapping[str, Any]) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for parameter in entry.signature.parameters:
            if parameter.name in given:
                value = given[parameter.name]
                made = (
                    Child(parameter.name, "", plan=value)
                    if isinstance(value, LayerPlan)
                    else make_value(value, self.maker)
                )
                arguments[parameter.name] = to_rule(made)
            elif parameter.default is not REQUIRED:
                arguments[parameter.name] = parameter.default
        return arguments


def _list_origins(children: Sequence[Child]) -> Iterator[tuple[int, int]]:
    """What children are made of, those inside them included, by identity."""
    for child in children:
        yield id(child.plan), id(child.arguments)
        yield from _list_origins(child.children)
        yield from _list_origins([value for value in child.arguments.values() if isinstance(value, Child)])


def name_parameters(root: Module) -> Iterator[tuple[str, Module, str]]:
    """Every parameter's dotted name within ``root``, its module and its name there."""
    start = len(root.path) + 1 if root.path else 0
    for module in root.walk():
        prefix = module.path[start:]
        for name in module.tensors:
            if name not in module.buffers:
                yield (f"{prefix}.{name}" if prefix else name), module, name


def tie_parameters(root: Module, ties: tuple[TieDefinition, ...]) -> None:
    """Make each left parameter the same tensor as the right one. Raises SpecError with what is wrong in any."""
    if not ties:
        return
    places = {full: (module, name) for full, module, name in name_parameters(root)}
    tensors = {full: module.tensors[name] for full, (module, name) in places.items()}
    check_ties(ties, {full: (tensor.dtype, tensor.shape) for full, tensor in tensors.items()})
    for tie in ties:
        (left, left_name), (right, right_name) = places[tie.name], places[tie.target]
        left.tensors[left_name] = right.tensors[right_name]


def freeze_parameters(root: Module, globs: tuple[Glob, ...]) -> None:
    """Turn gradients off by glob. Raises SpecError for globs that match nothing."""
    if not globs:
        return
    places = {full: (module, name) for full, module, name in name_parameters(root)}
    for full in match_globs(globs, [*places]):
        module, name = places[full]
        module.tensors[name].requires_grad = False


def find_position(module_path: str, plans: Mapping[str, Module]) -> Position | None:
    """Where the layer at a path, or the composite layer that it is a part of, stands in the spec."""
    path = module_path
    while path:
        found = plans.get(path)
        if found is not None and found.plan is not None and not found.given:
            return found.plan.position  # type: ignore[no-any-return]
        path = path.rpartition(".")[0]
    return None


def record_modules(root: Module) -> list[ModuleRecord]:
    """Every module as the trace's totals need it."""
    by_path = {module.path: module for module in root.walk()}
    return [
        ModuleRecord(
            path=module.path,
            type=module.type,
            tensors=tuple(_hold(module, name, tensor) for name, tensor in _in_order(module)),
            position=find_position(module.path, by_path),
            passive=module.entry is not None and module.entry.name in _PASSIVE,
            has_children=bool(module.children),
            reads=module.entry.reads if module.entry is not None else "",
        )
        for module in by_path.values()
    ]


def _in_order(module: Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters first, as ``state_dict`` has them."""
    yield from ((name, tensor) for name, tensor in module.tensors.items() if name not in module.buffers)
    yield from ((name, tensor) for name, tensor in module.tensors.items() if name in module.buffers)


def _hold(module: Module, name: str, tensor: Tensor) -> HeldTensor:
    parameter = name not in module.buffers
    return HeldTensor(
        name=name,
        identity=id(tensor),
        kind="parameter" if parameter else "buffer",
        type=TensorType(tensor.dtype, tuple(as_int(size) for size in tensor.shape)),
        bytes=as_int(tensor.numel) * ITEM_SIZES[tensor.dtype],
        trainable=parameter and tensor.requires_grad,
        persistent=name not in module.transient,
    )
