"""Plan -> modules without values: what ``build`` makes of it, by the rules of the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any

from layercli.catalogue.dtypes import CATEGORIES, ITEM_SIZES
from layercli.catalogue.entries import Layer
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.modules import Child, Module, read_shape
from layercli.catalogue.signature import REQUIRED
from layercli.catalogue.sizes import as_int, product
from layercli.catalogue.tensors import MISFITS, Refusal, Tensor, refuse
from layercli.derive.engine import TypeEngine, make_value, to_rule
from layercli.derive.holdings import record_modules
from layercli.errors import Problem, SpecError
from layercli.plan.arguments import blame_argument
from layercli.plan.records import BufferPlan, LayerPlan, ParameterPlan, Plan
from layercli.plan.ties import check_ties, match_globs
from layercli.spec.model import Glob, TieDefinition
from layercli.trace.modules import ModuleSection

#: Bytes of one tensor, which PyTorch counts in 64 bits.
MOST_BYTES = 2**63 - 1


class ModuleMaker:
    """Makes the modules of one plan and collects the problems of all of them.

    What a plan has in several places is made once as a sample, for its problems and for what it holds; those in their
    places are made when somebody asks for their members. ``names`` are those of all made parameters and buffers by
    ``id``.
    """

    #: The layers that are made late, by the ``id`` of their plan.
    late: Set[int] = frozenset()

    def __init__(self, plan: Plan, *, late: bool = True) -> None:
        self.plan = plan
        self.training = plan.mode == "train"
        #: Each once, however many layers have it.
        self.problems: dict[Problem, None] = {}
        self.maker = TypeEngine(None)
        self.names: dict[int, str] = {}
        # An id is good only as long as its tensor lives, and a tie puts another in the place of one.
        self.named: list[Tensor] = []
        self.samples: dict[int, Module] = {}
        self.unchanged: dict[int, Module] = {}
        self.sections: dict[int, ModuleSection] = {}
        self.parameters: dict[int, tuple[str, ...]] = {}
        if late:
            self.late = find_repeated(plan.root)

    def make_some(self) -> Module:
        """The root without the layers that PyTorch refuses to make, of which ``problems`` has what is wrong."""
        root = Module("", self.plan.name, self.plan.params, training=self.training, plan=self.plan.root)
        self.fill(root, self.plan.root)
        return root

    def make(self) -> Module:
        """The root. Raises SpecError with the problems of all layers."""
        root = self.make_some()
        self.finish(root)
        return root

    def finish(self, root: Module) -> None:
        """Tie and freeze parameters, and name all tensors. Raises SpecError with these problems and those of layers."""
        block = self.plan.spec.main
        refused = (
            [module.join(name) for module in root.walk() for name in module.refused] if self.problems else []
        )
        try:
            self.tie_parameters(root, block.tie, refused)
        except SpecError as error:
            self.problems |= dict.fromkeys(error.problems)
        try:
            self.freeze_parameters(root, block.freeze, refused)
        except SpecError as error:
            self.problems |= dict.fromkeys(error.problems)
        if self.problems:
            raise SpecError(*self.problems)
        self._name_tensors(root)

    def _name_tensors(self, root: Module) -> None:
        """Name the tensors inside ``root``, one that is there twice by its first place."""
        found: dict[int, str] = {}
        for module in root.walk():
            for name, tensor in module.tensors.items():
                found.setdefault(id(tensor), module.join(name))
                self.named.append(tensor)
        self.names |= found

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
                self.problems |= dict.fromkeys(error.problems)
                module.refused[name] = error
        if module.refused and plan.block is None:
            # A container without one of its members would be another one.
            raise next(iter(module.refused.values()))

    def _parameter(self, value: Tensor, member: ParameterPlan) -> Tensor:
        if member.requires_grad and not value.dtype.startswith(("float", "bfloat", "complex")):
            # PyTorch's own sentence.
            reason = "Only Tensors of floating point and complex dtype can require gradients"
            message = f"PyTorch refuses to make Parameter: {reason}"
            hint = "write Buffer(...), or give requires_grad=False"
            raise SpecError(Problem("invalid-argument", message, member.site.position, hint=hint))
        return Tensor(value.dtype, value.shape, value.strides, requires_grad=member.requires_grad)

    def make_layer(self, path: str, plan: LayerPlan) -> Module:
        """A planned layer with all inside it, at once or later. Raises SpecError."""
        if id(plan) not in self.late:
            return self._make_layer_now(path, plan)
        sample = self.samples.get(id(plan))
        if sample is None:
            sample = self.samples[id(plan)] = self._make_layer_now(path, plan)
        module = Module(
            path, sample.type, sample.arguments, training=sample.training, plan=plan, entry=sample.entry
        )

        def complete() -> None:
            made = self._make_layer_now(path, plan)
            module.tensors, module.children, module.computed = made.tensors, made.children, made.computed
            module.buffers, module.transient = made.buffers, made.transient
            self._name_tensors(module)

        module.pending = complete
        self.unchanged[id(module)] = module
        return module

    def _make_layer_now(self, path: str, plan: LayerPlan) -> Module:
        if plan.block is not None:
            module = Module(path, plan.block.name, plan.arguments, training=self.training, plan=plan)
            self.fill(module, plan)
            if not self.problems:
                self.tie_parameters(module, plan.block.tie)
                self.freeze_parameters(module, plan.block.freeze)
        else:
            assert isinstance(plan.target, Layer)
            try:
                module = self.make_torch_layer(path, plan.target, plan.arguments, plan)
            except Refusal as refusal:
                message = f"PyTorch refuses to make {plan.target.name}: {refusal.message}"
                problem = Problem("invalid-argument", message, plan.position)
                raise SpecError(blame_argument(plan, problem, refusal.argument)) from None
            except MISFITS as error:
                message = (
                    f"PyTorch refuses to make {plan.target.name}: arguments of this kind don't fit: {error}"
                )
                raise SpecError(Problem("invalid-argument", message, plan.position)) from None
        for wrapper in plan.wrappers:
            given = {name: to_rule(value) for name, value in wrapper.arguments.items() if name != "module"}
            try:
                wrapper.entry.wrap(module, **given)
            except Refusal as refusal:
                message = f"PyTorch refuses to make {wrapper.entry.name}: {refusal.message}"
                raise SpecError(Problem("invalid-argument", message, wrapper.site.position)) from None
            except MISFITS as error:
                message = (
                    f"PyTorch refuses to make {wrapper.entry.name}: arguments of this kind don't fit: {error}"
                )
                raise SpecError(Problem("invalid-argument", message, wrapper.site.position)) from None
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
                refuse(f"parameters have a floating dtype, not {dtype}", "dtype", "invalid-argument")
            shape = read_shape(state, arguments)
            if as_int(product(shape)) * ITEM_SIZES[dtype] > MOST_BYTES:
                refuse(
                    f"its {state.name} of {list(shape)} has more bytes than 64 bits count",
                    "",
                    "invalid-argument",
                )
            module.tensors[state.name] = Tensor(dtype, shape, requires_grad=parameter and state.trainable)
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
            with self._making_all():
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

    @contextmanager
    def _making_all(self) -> Iterator[None]:
        """Layers that are made inside are made at once."""
        late, self.late = self.late, frozenset()
        try:
            yield
        finally:
            self.late = late

    def section_of(self, module: Module) -> ModuleSection | None:
        """What a layer of a plan holds that stands in several places; None where that was changed."""
        if id(module) not in self.unchanged:
            return None
        section = self.sections.get(id(module.plan))
        if section is None:
            sample = self.samples[id(module.plan)]
            section = ModuleSection(sample.path, record_modules(sample, self.section_of))
            self.sections[id(module.plan)] = section
        return section

    def list_parameters(self, root: Module) -> Iterator[str]:
        """Every parameter's dotted name within ``root``, in the order of ``named_parameters``."""
        start = len(root.path) + 1 if root.path else 0
        for module in root.walk():
            if module.pending is not None:
                inside = self.parameters.get(id(module.plan))
                if inside is None:
                    inside = tuple(self.list_parameters(self.samples[id(module.plan)]))
                    self.parameters[id(module.plan)] = inside
                names: Iterable[str] = inside
            else:
                names = (name for name in module.tensors if name not in module.buffers)
            prefix = module.join("")[start:]
            yield from (prefix + name for name in names)

    def find_parameter(self, root: Module, full: str) -> tuple[Module, str] | None:
        """The module of the parameter with this dotted name within ``root``, and its name there, to be changed."""
        *parts, name = full.split(".")
        modules = [root]
        modules[0].complete()
        for part in parts:
            child = modules[-1].children.get(part)
            if child is None:
                return None
            child.complete()
            modules.append(child)
        module = modules[-1]
        if name not in module.tensors or name in module.buffers:
            return None
        for changed in modules:
            self.unchanged.pop(id(changed), None)
        return module, name

    def tie_parameters(
        self, root: Module, ties: tuple[TieDefinition, ...], refused: Collection[str] = ()
    ) -> None:
        """Make each left parameter the same tensor as the right one. Raises SpecError with what is wrong in any.

        What is inside of the layers in ``refused`` isn't there.
        """

        def find(name: str) -> tuple[str, Sequence[Any] | None] | None:
            place = self.find_parameter(root, name)
            if place is None:
                return None
            module, own = place
            tensor = module.tensors[own]
            waits = module.entry is not None and module.entry.name.startswith("Lazy")
            return tensor.dtype, None if waits else tensor.shape

        check_ties(ties, find, lambda: [*self.list_parameters(root)], refused)
        for tie in ties:
            left, right = self.find_parameter(root, tie.name), self.find_parameter(root, tie.target)
            if left is not None and right is not None:
                left[0].tensors[left[1]] = right[0].tensors[right[1]]

    def freeze_parameters(self, root: Module, globs: tuple[Glob, ...], refused: Collection[str] = ()) -> None:
        """Turn gradients off by glob. Raises SpecError for globs that match nothing."""
        if not globs:
            return
        for full in match_globs(globs, [*self.list_parameters(root)], refused):
            found = self.find_parameter(root, full)
            assert found is not None
            module, name = found
            module.tensors[name].requires_grad = False


def _list_origins(children: Sequence[Child]) -> Iterator[tuple[int, int]]:
    """What children are made of, those inside them included, by identity."""
    for child in children:
        yield id(child.plan), id(child.arguments)
        yield from _list_origins(child.children)
        yield from _list_origins([value for value in child.arguments.values() if isinstance(value, Child)])


def find_repeated(root: LayerPlan) -> Set[int]:
    """The layers with others inside them that a plan has in several places, by ``id``.

    Lazy layers have state that their first call changes, so what holds one is left out.
    """
    times: dict[int, int] = {}
    plans = [root]
    for plan in plans:
        for child in _list_plans(plan):
            times[id(child)] = times.get(id(child), 0) + 1
            if times[id(child)] == 1:
                plans.append(child)
    lazy: dict[int, bool] = {}

    def is_lazy(plan: LayerPlan) -> bool:
        if id(plan) not in lazy:
            inside = (*_list_plans(plan), *_list_given(plan))
            lazy[id(plan)] = plan.type_name.startswith("Lazy") or any(is_lazy(child) for child in inside)
        return lazy[id(plan)]

    return {
        id(plan)
        for plan in plans
        if times.get(id(plan), 0) > 1 and not plan.wrappers and _has_layers_inside(plan) and not is_lazy(plan)
    }


def _list_plans(plan: LayerPlan) -> list[LayerPlan]:
    return [child for _, child in plan.children if isinstance(child, LayerPlan)]


def _list_given(plan: LayerPlan) -> list[LayerPlan]:
    return [value for value in plan.arguments.values() if isinstance(value, LayerPlan)]


def _has_layers_inside(plan: LayerPlan) -> bool:
    return bool(plan.children) or (isinstance(plan.target, Layer) and plan.target.children is not None)
