"""Spec -> Plan: evaluate params, dims, layers and inputs, and check every constructor call, without torch."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Any, Literal, NoReturn

from layercli.catalogue.entries import Layer, Method
from layercli.catalogue.layers import LAYERS, REFUSED_ARGUMENTS
from layercli.catalogue.signature import BindingError
from layercli.catalogue.sizes import AnySize, Condition, Size, make_dim, record_conditions
from layercli.errors import CommandError, Position, Problem, Source, SpecError, did_you_mean
from layercli.plan.arguments import (
    PLAIN,
    argument_sites,
    bind,
    check_argument,
    describe_plain,
    error_at,
    explain_no_layer,
    find_layer_of,
    refuse_class_as_key,
    refuse_function,
)
from layercli.plan.containers import CONTAINERS, TENSORS, Children
from layercli.plan.forward import check_forward
from layercli.plan.records import (
    BufferPlan,
    LayerPlan,
    Member,
    ParameterPlan,
    Plan,
    Recipe,
    WrapperPlan,
    block_signature,
)
from layercli.plan.ties import MAX_PROBLEMS
from layercli.record import record
from layercli.spec.calls import check_function, check_method
from layercli.spec.document import Text
from layercli.spec.expressions import Expression, parse_expression
from layercli.spec.interpreter import Budget, Interpreter, Scope, Stage
from layercli.spec.limits import allow_more, current_limits
from layercli.spec.model import (
    Block,
    LayerValue,
    ListValue,
    LongForm,
    Named,
    NamedLayers,
    Sizes,
    Spec,
    Unread,
    Value,
)
from layercli.spec.values import (
    MISSING,
    BlockClass,
    Builtin,
    FunctionValue,
    LayerClass,
    Site,
    TensorClass,
    WrapperClass,
)

#: Layers of one recurrent or composite layer, and levels of blocks inside blocks.
MAX_INNER_LAYERS = 1_000
MAX_BLOCK_DEPTH = 60

_INNER_LAYERS = ("num_layers", "num_encoder_layers", "num_decoder_layers")


@record(frozen=False)
class PlanEngine:
    """The interpreter's engine while a model is planned: tensors are recipes, layers are plans."""

    budget: Budget = field(default_factory=Budget)
    depth: int = 0
    checked: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    outside: Mapping[str, str] = field(default_factory=dict)
    #: The blocks that were made, by the call: a call that is made once more gives the same one.
    made: dict[Hashable, LayerPlan] = field(default_factory=dict)
    #: The layers of ``torch.nn`` whose arguments are known, by their places.
    planned: dict[Position, LayerPlan] = field(default_factory=dict)

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, Recipe)

    def is_layer(self, value: Any) -> bool:
        return isinstance(value, LayerPlan)

    def call_function(
        self, function: FunctionValue, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any:
        check_function(self, function, arguments, keywords, site)
        return Recipe("function", function.entry.name, tuple(arguments), keywords, site, function.namespace)

    def call_method(
        self, tensor: Any, method: Method, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any:
        if method.name in (
            "size",
            "dim",
            "numel",
            "ndimension",
            "nelement",
            "stride",
            "unbind",
            "element_size",
        ):
            self._refuse_size(site)
        check_method(self, method, arguments, keywords, site)
        return Recipe("method", method.name, (tensor, *arguments), keywords, site)

    def get_attribute(self, tensor: Any, attribute: Method, site: Site) -> Any:
        if attribute.name not in ("T", "mT", "H", "mH", "real", "imag"):
            self._refuse_size(site)
        return Recipe("attribute", attribute.name, (tensor,), {}, site)

    def apply_operator(self, name: str, operands: list[Any], site: Site) -> Any:
        return Recipe("operator", name, tuple(operands), {}, site)

    def get_item(self, tensor: Any, index: Any, site: Site) -> Any:
        return Recipe("item", "getitem", (tensor, index), {}, site)

    def length(self, tensor: Any, site: Site) -> int:
        self._refuse_size(site)

    def _refuse_size(self, site: Site) -> NoReturn:
        raise site.error(
            "size-of-tensor", "a tensor's size can't be asked here", "write the size itself, or a param"
        )

    def call_layer(self, layer: Any, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
        raise site.error("layer-called-here", "a layer is called in `forward` only")

    def get_member(self, layer: Any, name: str) -> Any:
        return next((member for key, member in layer.children if key == name), MISSING)

    def list_members(self, layer: Any) -> Sequence[str]:
        return [name for name, _ in layer.children]

    def container_kind(self, layer: Any) -> Literal["list", "dict", ""]:
        return {"Sequential": "list", "ModuleList": "list", "ModuleDict": "dict"}.get(layer.type_name, "")  # type: ignore[return-value]

    def container_items(self, layer: Any) -> Sequence[tuple[str, Any]]:
        return list(layer.children)

    def is_training(self) -> bool:
        return False

    # Construction ----------------------------------------------------------------------------------------

    def repeat_layer(self, count: int, layer: LayerPlan, site: Site) -> LayerPlan:
        children = tuple((str(index), layer) for index in range(count))
        return self._container(LAYERS["Sequential"], children, site, product=True)

    def construct(
        self,
        target: LayerClass | BlockClass | WrapperClass | TensorClass,
        arguments: list[Any],
        keywords: dict[str, Any],
        site: Site,
    ) -> Any:
        if isinstance(target, TensorClass):
            return TENSORS[target.name](arguments, keywords, site)
        if isinstance(target, WrapperClass):
            return self._wrap(target, arguments, keywords, site)
        if isinstance(target, BlockClass):
            _check_read(target.block)
            key = _identify_call(target.block, site.node, self.depth, arguments, keywords)
            if key is not None and key in self.made:
                return self.made[key]
            bound = bind(target.block.name, block_signature(target.block), arguments, keywords, site)
            sites = argument_sites(block_signature(target.block), arguments, keywords, site)
            plan = self.construct_block(target.block, bound, site.position, sites)
            if key is not None:
                self.made[key] = plan
            return plan
        entry = target.entry
        if entry.refused:
            raise site.error("refused-layer", f"{entry.name} can't be used in a spec: {entry.refused}")
        if entry.name in CONTAINERS:
            return self._container(entry, CONTAINERS[entry.name](arguments, keywords, site), site)
        bound = bind(entry.name, entry.signature, arguments, keywords, site)
        sites = argument_sites(entry.signature, arguments, keywords, site)
        return self.construct_layer(entry, bound, site.position, sites)

    def construct_layer(
        self, entry: Layer, bound: Mapping[str, Any], position: Position, sites: Mapping[str, Site]
    ) -> LayerPlan:
        """A layer of ``torch.nn`` with bound arguments, each looked at for what a spec may not give."""
        modules = 1
        for name, value in bound.items():
            site = sites.get(name)
            place = position if site is None else site.position
            if name in REFUSED_ARGUMENTS and value is not None:
                message = f"{name} can't be given in a spec: {REFUSED_ARGUMENTS[name]}"
                raise error_at("refused-argument", message, place, "leave it out")
            check_argument(entry.name, name, value, place)
            if name in _INNER_LAYERS and isinstance(value, int) and value > MAX_INNER_LAYERS:
                raise error_at("too-many-modules", f"{name} is more than {MAX_INNER_LAYERS:,}", place)
            if isinstance(value, LayerPlan):
                modules += value.modules * _repeats(bound)
        modules += 16 * sum(value for name in _INNER_LAYERS[1:] if isinstance(value := bound.get(name), int))
        plan = self._counted(LayerPlan(entry, bound, position, sites, modules=modules))
        self.planned.setdefault(position, plan)
        return plan

    def construct_block(
        self, block: Block, given: Mapping[str, Any], position: Position, sites: Mapping[str, Site]
    ) -> LayerPlan:
        """A block with bound params: defaults are filled in, its layers are evaluated, its forward checked."""
        found = _Findings()
        children: tuple[tuple[str, Member], ...] | None = None
        self.depth += 1
        try:
            if self.depth > MAX_BLOCK_DEPTH:
                message = f"blocks stand inside blocks more than {MAX_BLOCK_DEPTH} deep"
                raise error_at("too-deep", message, position)
            params, unread = self.evaluate_params(block, given, found)
            with found.collect():
                children = self.plan_layers(block, params, unread=unread)
        finally:
            self.depth -= 1
        self.check_block(block, children)
        found.finish()
        assert children is not None
        modules = 1 + sum(child.modules for _, child in children if isinstance(child, LayerPlan))
        return self._counted(LayerPlan(block, params, position, sites, children, modules=modules))

    def check_block(self, block: Block, children: Sequence[tuple[str, Member]] | None) -> None:
        """Look at a block's forward, once however often the block is used."""
        if id(block) not in self.checked and not block.unread:
            self.checked.add(id(block))
            self.problems += check_forward(block, children, (), self.outside)

    def check_unused(self, block: Block, found: _Findings) -> None:
        """Look at a block that was never made, whose params are not known: at what its layers are called."""
        if id(block) in self.checked or block.unread:
            return
        try:
            self.plan_layers(block, {}, unread={param.name for param in block.params})
        except SpecError as error:
            found.problems |= dict.fromkeys(error.problems)
        self.check_block(block, None)

    def _container(
        self, entry: Layer, children: tuple[tuple[str, Member], ...], site: Site, product: bool = False
    ) -> LayerPlan:
        modules = 1 + sum(child.modules for _, child in children if isinstance(child, LayerPlan))
        return self._counted(
            LayerPlan(entry, {}, site.position, children=children, product=product, modules=modules)
        )

    def _counted(self, plan: LayerPlan) -> LayerPlan:
        if plan.modules > current_limits().modules:
            raise error_at(
                "too-many-modules",
                f"this makes {plan.modules:,} modules, more than {current_limits().modules:,}",
                plan.position,
                allow_more("modules"),
            )
        return plan

    def _wrap(
        self, target: WrapperClass, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> LayerPlan:
        entry = target.entry
        bound = bind(entry.name, entry.signature, arguments, keywords, site)
        module = bound["module"]
        if not isinstance(module, LayerPlan):
            raise site.argument(0).error(
                "wrong-kind", f"{entry.name} takes a layer", f"write {entry.name}(Linear(8, 8))"
            )
        for name, value in bound.items():
            if name != "module":
                check_argument(entry.name, name, value, site.argument(name).position)
        return replace(module, wrappers=(*module.wrappers, WrapperPlan(entry, bound, site)))

    # Evaluation ------------------------------------------------------------------------------------------

    def interpreter(self, stage: Stage, **names: Any) -> Interpreter:
        return Interpreter(self, Scope(stage, **names), self.budget)

    def evaluate_params(
        self, block: Block, given: Mapping[str, Any], found: _Findings
    ) -> tuple[dict[str, Any], Set[str]]:
        """The params of a block by name, what was given or else the default, and the names that have no value.

        Why a name has none goes to ``found``.
        """
        params: dict[str, Any] = {}
        unread: set[str] = set()
        interpreter = self.interpreter(
            "params",
            params=params,
            definitions=block.definitions,
            layer_names=block.layer_names,
            unread=unread,
            outside={} if block.main else self.outside,
        )
        later = {param.name for param in block.params}
        interpreter.scope.assigned_later = later
        for param in block.params:
            unread.add(param.name)
            with found.collect():
                if param.name in given:
                    params[param.name] = given[param.name]
                elif param.value is None:
                    message = f"{block.name} needs the param {param.name}"
                    hint = f"give it, --set {param.name}=..., or write a default here instead of ~"
                    raise error_at("param-needed", message, param.position, hint)
                else:
                    params[param.name] = evaluate_value(interpreter, param.value)
                unread.discard(param.name)
            later.discard(param.name)
        return params, unread

    def plan_layers(
        self,
        block: Block,
        params: Mapping[str, Any],
        dims: Mapping[str, int] | None = None,
        unread: Set[str] = frozenset(),
    ) -> tuple[tuple[str, Member], ...]:
        """The members of a block in order. Raises SpecError with the problems of all of them."""
        interpreter = self.interpreter(
            "layers",
            params=params,
            dims=dims or {},
            definitions=block.definitions,
            layer_names=block.layer_names,
            unread=unread,
            outside={} if block.main else self.outside,
        )
        interpreter.scope.block = block
        children: list[tuple[str, Member]] = []
        found = _Findings()
        for layer in block.layers:
            interpreter.scope.layer = layer.name if isinstance(layer.value, Expression) else ""
            with found.collect():
                refuse_class_as_key(interpreter, layer.name, layer.value, layer.position)
                value = self.plan_layer_value(interpreter, layer.value)
                if value is not None:
                    children.append((layer.name, value))
        found.finish()
        return tuple(children)

    def plan_layer_value(self, interpreter: Interpreter, value: LayerValue) -> Member | None:
        """One entry of ``layers`` in any of its forms."""
        if isinstance(value, Unread):
            raise SpecError()
        if isinstance(value, Expression):
            refuse_function(interpreter, value)
            result = interpreter.evaluate(value)
            if result is not None and not isinstance(result, (LayerPlan, ParameterPlan, BufferPlan)):
                raise explain_no_layer(interpreter, value, result)
            return result
        if isinstance(value, LongForm):
            return self._long_form(interpreter, value)
        named: list[tuple[str | None, LayerValue]] = []
        if isinstance(value, NamedLayers):
            for entry in value.entries:
                refuse_class_as_key(interpreter, entry.name, entry.value, entry.position)
                named.append((entry.name, entry.value))
        else:
            named += [(None, item) for item in value.items]
        children: list[tuple[str, Member]] = []
        found = _Findings()
        for name, item in named:
            with found.collect():
                child = self.plan_layer_value(interpreter, item)
                if child is None:
                    continue
                if not isinstance(child, LayerPlan):
                    hint = "parameters and buffers belong into `layers` itself or into a block"
                    raise child.site.error("not-a-layer", "a Sequential holds layers only", hint)
                if name is None and child.product:
                    start = len(children)
                    children += [(str(start + index), part) for index, (_, part) in enumerate(child.children)]
                else:
                    children.append((name or str(len(children)), child))
        found.finish()
        modules = 1 + sum(child.modules for _, child in children if isinstance(child, LayerPlan))
        return self._counted(
            LayerPlan(LAYERS["Sequential"], {}, value.position, children=tuple(children), modules=modules)
        )

    def _long_form(self, interpreter: Interpreter, value: LongForm) -> Member | None:
        site = Site(value.type, value.type.tree)
        target = (
            interpreter.evaluate(value.type)
            if not isinstance(value.type.tree, ast.Name)
            else interpreter.look_up(value.type, value.type.tree, called=True)
        )
        if not isinstance(target, (LayerClass, BlockClass)):
            layer = find_layer_of(target.entry.name) if isinstance(target, FunctionValue) else ""
            message = f"type needs a layer class, and this is {interpreter.describe(target)}"
            raise site.error("wrong-kind", message, f"write type: {layer}" if layer else "")
        if isinstance(target, BlockClass):
            _check_read(target.block)
        signature = (
            target.entry.signature if isinstance(target, LayerClass) else block_signature(target.block)
        )
        given = {
            argument.name: evaluate_value(interpreter, argument.value, lone_words=True)
            for argument in value.arguments
            if argument.value is not None
        }
        positions = {argument.name: argument.position for argument in value.arguments}
        name = repr(target)
        try:
            bound = signature.bind(name, [], given)
        except BindingError as error:
            place = positions.get(str(error.argument), value.type.position())
            raise error_at(error.code, error.message, place, error.hint) from None
        sites = {
            argument.name: Site(argument.value, argument.value.tree)
            for argument in value.arguments
            if isinstance(argument.value, Expression)
        }
        if isinstance(target, BlockClass):
            return self.construct_block(target.block, bound, value.position, sites)
        if target.entry.refused or target.entry.name in CONTAINERS:
            return self.construct(target, [], given, site)  # type: ignore[no-any-return]
        return self.construct_layer(target.entry, bound, value.position, sites)


def _identify_call(
    block: Block, node: ast.AST, depth: int, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> Hashable | None:
    """What two calls of blocks share exactly when they are the same; None where an argument isn't plain."""
    values = (*arguments, *keywords.values())
    if not all(isinstance(value, PLAIN) for value in values):
        return None
    plain = tuple([(type(value), repr(value)) for value in values])
    return id(block), id(node), depth, len(arguments), tuple(keywords), plain


@record(frozen=False)
class _Findings:
    """Problems of several independent things, raised together at the end."""

    problems: dict[Problem, None] = field(default_factory=dict)
    failed: bool = False

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Keep the problems that are raised inside, unless they are such that nothing after them is worth a try."""
        try:
            yield
        except SpecError as error:
            self.failed = True
            self.problems |= dict.fromkeys(error.problems)
            final = any(problem.code in _FINAL for problem in error.problems)
            if final or len(self.problems) > MAX_PROBLEMS:
                raise SpecError(*self.problems) from None

    def finish(self) -> None:
        """Raise SpecError if anything went wrong; without problems where all of them are known already."""
        if self.failed:
            raise SpecError(*self.problems)


#: Codes of limits: what follows would only take as long again.
_FINAL = frozenset({"too-deep", "too-many-modules", "too-many-steps"})


def _check_read(block: Block) -> None:
    if block.unread:
        raise SpecError()


def _repeats(bound: Mapping[str, Any]) -> int:
    count = bound.get("num_layers", 1)
    return count if isinstance(count, int) else 1


def evaluate_value(interpreter: Interpreter, value: Value, *, lone_words: bool = True) -> Any:
    """A value of ``params`` or of a long form: a list of values, an expression, or a lone word as text."""
    if isinstance(value, Unread):
        raise SpecError()
    if isinstance(value, ListValue):
        return [evaluate_value(interpreter, item, lone_words=lone_words) for item in value.items]
    tree = value.tree
    if lone_words and isinstance(tree, ast.Name):
        scope = interpreter.scope
        named = (scope.assigned_later, scope.unread, scope.dims, scope.layer_names, ("self",))
        meant = next(interpreter.candidates(tree.id), MISSING)
        # A function that makes tensors is no value: zeros is padding_mode='zeros'.
        makes = isinstance(meant, FunctionValue) and (meant.entry.creates or meant.entry.random)
        if (meant is MISSING or makes) and not any(tree.id in names for names in named):
            return tree.id
    result = interpreter.evaluate(value)
    interpreter.check_nesting(result, Site(value, tree))
    return result


# The whole plan --------------------------------------------------------------------------------------------


class PlanFailed(SpecError):
    """A ``spec`` that can't be evaluated; ``planned`` are those of its layers that can."""

    def __init__(self, problems: Sequence[Problem], planned: Iterable[LayerPlan], spec: Spec) -> None:
        super().__init__(*sorted_problems(problems))
        self.spec = spec
        self.planned = tuple(planned)


def plan_model(
    spec: Spec,
    *,
    params: Mapping[str, Any] | None = None,
    dims: Mapping[str, int] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    mode: Literal["eval", "train"] | None = None,
    symbolic: Collection[str] = (),
) -> Plan:
    """Evaluate a spec. ``params`` and ``dims`` replace defaults, ``inputs`` the sizes of inputs, by name.

    The dims in ``symbolic`` are sizes with a name, for a derivation; one that the spec computes from others stays
    their formula.

    A value of ``params`` may be text in the spec language wrapped in ``Setting``. Raises SpecError for what the spec
    says, CommandError for a replacement that doesn't fit.
    """
    block = spec.main
    engine = PlanEngine(outside=_describe_names(spec))
    given = _settings(engine, spec, params or {})
    replaced = dict(inputs or {})
    _check_names(spec, replaced, "input", "--input")
    _check_names(spec, dict.fromkeys(symbolic), "dim", "--symbolic")
    found = _Findings(dict.fromkeys(spec.problems), bool(spec.problems))
    children: Children | None = None
    planned_inputs: list[tuple[str, Any]] = []
    try:
        values, unread = engine.evaluate_params(block, given, found)
        sizes, unknown = _evaluate_dims(engine, spec, values, unread, dims or {}, found)
        sizes |= _dims_of_inputs(spec, sizes, replaced, dims or {})
        with found.collect():
            children = engine.plan_layers(block, values, {**dict.fromkeys(unknown, 1), **sizes}, unread)
        for item in block.inputs:
            with found.collect():
                interpreter = engine.interpreter(
                    "inputs",
                    params=values,
                    dims=sizes,
                    definitions=block.definitions,
                    layer_names=block.layer_names,
                    unread=unread | unknown,
                )
                interpreter.scope.block = block
                value = _plan_input(interpreter, item.value, replaced.get(item.name))
                planned_inputs.append((item.name, value))
    except SpecError as error:
        raise PlanFailed(error.problems, engine.planned.values(), spec) from None
    for definition in block.definitions.values():
        engine.check_unused(definition, found)
    problems = [*found.problems, *engine.problems]
    problems += check_forward(block, children, [dim.name for dim in spec.dims], {})
    if problems:
        raise PlanFailed(problems, engine.planned.values(), spec)
    assert children is not None
    assert not found.failed
    modules = 1 + sum(child.modules for _, child in children if isinstance(child, LayerPlan))
    root = LayerPlan(block, values, block.position, children=children, modules=modules)
    plan = Plan(
        spec,
        engine._counted(root),
        values,
        sizes,
        tuple(planned_inputs),
        mode or spec.mode,
        given_dims=dict(dims or {}),
        given_inputs=replaced,
        given_params=given,
    )
    return name_sizes(plan, symbolic) if symbolic else plan


def name_sizes(plan: Plan, names: Collection[str] = ()) -> Plan:
    """The plan with dims as names in its sizes: those in ``names``, or all. It can be derived only.

    A model without dims stays as it is.
    """
    chosen = names or [*plan.dims]
    if not chosen:
        return plan
    engine = PlanEngine(outside=_describe_names(plan.spec))
    sizes, inputs, conditions = _plan_symbolically(
        engine, plan.spec, plan.params, plan.given_dims, plan.given_inputs, chosen
    )
    return replace(plan, dims=sizes, inputs=tuple(inputs), conditions=conditions, symbolic=True)


def _plan_symbolically(
    engine: PlanEngine,
    spec: Spec,
    params: Mapping[str, Any],
    given: Mapping[str, int],
    replaced: Mapping[str, Sequence[int]],
    symbolic: Collection[str],
) -> tuple[dict[str, AnySize], list[tuple[str, Any]], tuple[Condition, ...]]:
    """Dims and inputs once more, with names in them, and the conditions under which they are such."""
    found = _Findings()
    block = spec.main
    with record_conditions() as conditions:
        sizes, _ = _evaluate_dims(engine, spec, params, frozenset(), given, found)
        told = _dims_of_inputs(spec, sizes, replaced, given)
        # Dims that others are computed from keep the size that these saw.
        sizes, _ = _evaluate_dims(engine, spec, params, frozenset(), given, found, set(symbolic) - set(told))
        sizes |= {name: make_dim(name, size) if name in symbolic else size for name, size in told.items()}
        interpreter = engine.interpreter(
            "inputs",
            params=params,
            dims=sizes,
            definitions=block.definitions,
            layer_names=block.layer_names,
        )
        inputs: list[tuple[str, Any]] = []
        for item in block.inputs:
            wanted: Sequence[AnySize] | None = replaced.get(item.name)
            nodes = list_size_nodes(item.value)
            if wanted is not None and len(nodes) == len(wanted):
                names = [node.id if isinstance(node, ast.Name) else "" for node in nodes]
                wanted = [sizes.get(name, size) for name, size in zip(names, wanted, strict=True)]
            inputs.append((item.name, _plan_input(interpreter, item.value, wanted)))
    found.finish()
    return sizes, inputs, tuple(conditions)


def _describe_names(spec: Spec) -> dict[str, str]:
    """What the names of the model itself are, for messages about blocks that can't see them."""
    block = spec.main
    kinds: tuple[tuple[str, Sequence[str]], ...] = (
        ("a layer", () if block.numbered else block.layer_names),
        ("an input", [item.name for item in block.inputs]),
        ("a dim", [dim.name for dim in spec.dims]),
        ("a param", [param.name for param in block.params]),
    )
    return {name: kind for kind, names in kinds for name in names}


def sorted_problems(problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once, in the order of the file."""
    unique = list(dict.fromkeys(problems))
    order = {problem: index for index, problem in enumerate(unique)}

    def key(problem: Problem) -> tuple[str, int, int, int]:
        place = problem.position
        return (
            ("", 0, 0, order[problem])
            if place is None
            else (place.file, place.line, place.column, order[problem])
        )

    return sorted(unique, key=key)


@record
class Setting:
    """The text of ``--set name=text``."""

    text: str


#: The option that changes each kind of value.
_OPTIONS = {"param": "--set", "dim": "--dim", "input": "--input"}


def _check_names(spec: Spec, given: Mapping[str, Any], kind: str, option: str) -> None:
    """Raises CommandError for a name that the spec doesn't have among the values of a kind."""
    names = {
        "param": [param.name for param in spec.main.params],
        "dim": [dim.name for dim in spec.dims],
        "input": [item.name for item in spec.main.inputs],
    }
    known = names[kind]
    for name in given:
        if name in known:
            continue
        other = next((other for other in names if name in names[other] and option == _OPTIONS[kind]), "")
        meant = (
            f"{name} is {'an' if other == 'input' else 'a'} {other}; write {_OPTIONS[other]} {name}=..."
            if other
            else ""
        )
        listed = f"it has {', '.join(known)}" if known else f"it has no {kind}s"
        hint = meant or did_you_mean(name, known) or listed
        raise CommandError(
            Problem(f"unknown-{kind}", f"{option} {name}: the spec has no {kind} {name}", hint=hint)
        )


def _settings(engine: PlanEngine, spec: Spec, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``--set``, checked against the kind of each default."""
    block = spec.main
    _check_names(spec, given, "param", "--set")
    values: dict[str, Any] = {}
    for param in block.params:
        if param.name not in given:
            continue
        value = given[param.name]
        found = _Findings(dict.fromkeys(spec.problems), bool(spec.problems))
        if isinstance(value, Setting):
            before = replace(block, params=block.params[: block.params.index(param)])
            earlier, _ = engine.evaluate_params(before, {**_required_as_none(block), **values}, found)
            found.finish()
            interpreter = engine.interpreter(
                "params",
                params=earlier,
                definitions=block.definitions,
                assigned_later=frozenset(later.name for later in block.params[len(before.params) :]),
            )
            source = Source(f"--set {param.name}", value.text)
            try:
                value = evaluate_value(interpreter, parse_expression(Text.whole(source)))
            except SpecError as error:
                raise CommandError(*error.problems) from None
        if param.value is not None:
            defaults, _ = engine.evaluate_params(block, {**_required_as_none(block), **values}, found)
            found.finish()
            value = _fit_kind(param, value, defaults[param.name])
        values[param.name] = value
    return values


def _required_as_none(block: Block) -> dict[str, None]:
    return {param.name: None for param in block.params if param.value is None}


def _fit_kind(param: Named, value: Any, default: Any) -> Any:
    """A setting of the default's kind; an int widens to a float. Raises CommandError."""
    if default is None or value is None or type(value) is type(default):
        return value
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    callables = (FunctionValue, LayerClass, BlockClass)
    sequences = (tuple, list)
    for kinds in (callables, sequences, (*callables, str)):
        if isinstance(value, kinds) and isinstance(default, kinds):
            return value
    kinds_named = {bool: "True or False", int: "an int", float: "a number", str: "a text"}
    wanted = kinds_named.get(type(default), f"of the kind of {default!r}")
    raise CommandError(
        Problem(
            "wrong-kind",
            f"--set {param.name}={value!r}: {param.name} is {wanted}, {default!r} in the spec",
            param.position,
        )
    )


def _evaluate_dims(
    engine: PlanEngine,
    spec: Spec,
    params: Mapping[str, Any],
    unread: Set[str],
    given: Mapping[str, int],
    found: _Findings,
    symbolic: Collection[str] = (),
) -> tuple[dict[str, Any], Set[str]]:
    """The dims by name, and the names of those that have no size, for reasons that go to ``found``.

    Those in ``symbolic`` are named sizes.
    """
    _check_names(spec, given, "dim", "--dim")
    sizes: dict[str, AnySize] = {}
    unknown: set[str] = set(unread)
    interpreter = engine.interpreter(
        "dims",
        params=params,
        dims=sizes,
        definitions=spec.main.definitions,
        layer_names=spec.main.layer_names,
        unread=unknown,
    )
    for index, dim in enumerate(spec.dims):
        interpreter.scope.assigned_later = frozenset(later.name for later in spec.dims[index:])
        unknown.add(dim.name)
        with found.collect():
            place = dim.position
            size: Any = given.get(dim.name, MISSING)
            if size is MISSING:
                assert dim.value is not None
                size = evaluate_value(interpreter, dim.value, lone_words=False)
                place = dim.value.position() if isinstance(dim.value, Expression) else place
            if isinstance(size, bool) or not isinstance(size, (int, Size)) or size < 0:
                hint = (
                    "write // for a whole number" if isinstance(size, float) and math.isfinite(size) else ""
                )
                message = (
                    f"the dim {dim.name} is a size, an int of at least 0, and this is {describe_plain(size)}"
                )
                raise error_at("wrong-kind", message, place, hint)
            if dim.name in symbolic and not isinstance(size, Size):
                size = make_dim(dim.name, size)
            sizes[dim.name] = size
            unknown.discard(dim.name)
    return sizes, unknown - unread


def list_size_nodes(value: Sizes | Expression | Unread | None) -> list[ast.expr]:
    """The nodes that give an input's sizes, where they stand by themselves."""
    if isinstance(value, Sizes):
        return [item.tree for item in value.items]
    if not isinstance(value, Expression):
        return []
    calls = [node for node in ast.walk(value.tree) if isinstance(node, ast.Call)]
    sized = [nodes for call in calls if (nodes := _size_arguments(call)) is not None]
    return sized[0] if len(sized) == 1 else []


def _size_arguments(call: ast.Call) -> list[ast.expr] | None:
    name = (
        call.func.id
        if isinstance(call.func, ast.Name)
        else call.func.attr
        if isinstance(call.func, ast.Attribute)
        else ""
    )
    place = _SIZE_PLACES.get(name)
    if place is None:
        return None
    for keyword in call.keywords:
        if keyword.arg == "size" and isinstance(keyword.value, (ast.Tuple, ast.List)):
            return list(keyword.value.elts)
    if place == "all":
        arguments = call.args
        if len(arguments) == 1 and isinstance(arguments[0], (ast.Tuple, ast.List)):
            return list(arguments[0].elts)
        return list(arguments)
    index = len(call.args) - 1 if name == "randint" else 0
    node = call.args[index] if 0 <= index < len(call.args) else None
    return list(node.elts) if isinstance(node, (ast.Tuple, ast.List)) else None


#: Functions that make a tensor of given sizes: all positional arguments are sizes, or one tuple of them is.
_SIZE_PLACES = {"rand": "all", "randn": "all", "zeros": "all", "ones": "all", "randint": "one", "full": "one"}


def _dims_of_inputs(
    spec: Spec, dims: Mapping[str, int], replaced: Mapping[str, Sequence[int]], given: Mapping[str, int]
) -> dict[str, int]:
    """Dims that take their size from a replaced input: ``--input x=4x1x32x32`` sets N of ``[N, 1, 32, 32]``."""
    found: dict[str, int] = {}
    for item in spec.main.inputs:
        sizes = replaced.get(item.name)
        nodes = list_size_nodes(item.value)
        if sizes is None or len(nodes) != len(sizes):
            continue
        for node, size in zip(nodes, sizes, strict=True):
            if not isinstance(node, ast.Name) or node.id not in dims:
                continue
            known = found.get(node.id, given.get(node.id))
            if known is not None and known != size:
                raise CommandError(
                    Problem(
                        "conflicting-size",
                        f"--input {item.name}: {node.id} would be {size} here and {known} elsewhere",
                        item.position,
                    )
                )
            found[node.id] = size
    return found


def _plan_input(
    interpreter: Interpreter, value: Sizes | Expression | Unread | None, sizes: Sequence[AnySize] | None
) -> Any:
    if value is None or isinstance(value, Unread):
        raise SpecError()
    if isinstance(value, Sizes):
        if sizes is None:
            sizes = [_evaluate_size(interpreter, item) for item in value.items]
        first = value.items[0] if value.items else None
        site = Site(first, first.tree) if first is not None else Site(_NO_CODE, ast.Constant(None))
        return Recipe("function", "rand", tuple(sizes) if sizes else ((),), {}, site, "torch")
    result = interpreter.evaluate(value)
    if isinstance(result, (FunctionValue, LayerClass, BlockClass, Builtin, LayerPlan)):
        hint = f"call it: {value.segment(value.tree)}(1, 8)" if isinstance(result, FunctionValue) else ""
        message = f"an input is a tensor or a plain value, not {interpreter.describe(result)}"
        raise value.problem("wrong-kind", message, value.tree, hint)
    if sizes is None:
        return result
    resized = _resize(result, tuple(sizes)) if isinstance(result, Recipe) else None
    if resized is None:
        raise CommandError(
            Problem(
                "input-not-sized",
                "--input can't replace the sizes of this input",
                value.position(),
                hint="change the spec, or use --dim",
            )
        )
    return resized


_NO_CODE = parse_expression(Text.whole(Source("-", "0")))


def _evaluate_size(interpreter: Interpreter, item: Expression) -> AnySize:
    size = interpreter.evaluate(item)
    if isinstance(size, bool) or not isinstance(size, (int, Size)) or size < 0:
        hint = ""
        if isinstance(size, float) and math.isfinite(size):
            hint = "write // for a whole number"
        elif isinstance(size, Recipe):
            hint = "for an expression leave out the square brackets"
        elif size is None or size == -1:
            hint = "write 1, or the name of a dim: [N, ...] with dims: {N: 1}"
        raise item.problem(
            "wrong-kind", f"a size is an int of at least 0, not {interpreter.describe(size)}", item.tree, hint
        )
    return size


def _resize(recipe: Recipe, sizes: tuple[AnySize, ...]) -> Recipe | None:
    """The same recipe with other sizes in its one creating call, or None where there isn't just one."""
    if recipe.kind == "function" and recipe.name in _SIZE_PLACES:
        keywords = {name: value for name, value in recipe.keywords.items() if name != "size"}
        if _SIZE_PLACES[recipe.name] == "all":
            return replace(recipe, operands=sizes or ((),), keywords=keywords)
        if recipe.name == "full":
            return replace(recipe, operands=(sizes, *recipe.operands[1:]))
        bounds = tuple(value for value in recipe.operands if isinstance(value, (int, Size)))
        return replace(recipe, operands=(*bounds, sizes), keywords=keywords)
    changed = [
        (index, _resize(value, sizes))
        for index, value in enumerate(recipe.operands)
        if isinstance(value, Recipe)
    ]
    found = [(index, value) for index, value in changed if value is not None]
    if len(found) != 1:
        return None
    index, value = found[0]
    return replace(recipe, operands=(*recipe.operands[:index], value, *recipe.operands[index + 1 :]))
