"""The interpreter's engine on types: tensors without values, layers by the rules of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import cache, partial
from typing import Any, Literal

from layercli.catalogue.arguments import expect_bool, expect_number
from layercli.catalogue.counting import NOTHING, count_layer, count_operation
from layercli.catalogue.entries import Form, Method
from layercli.catalogue.extents import follow_extent
from layercli.catalogue.functions import FUNCTIONS, FunctionName
from layercli.catalogue.methods import METHODS
from layercli.catalogue.modules import PASSING, Module
from layercli.catalogue.operators import OPERATORS, get_item
from layercli.catalogue.rules import write_into
from layercli.catalogue.signature import BindingError, Signature
from layercli.catalogue.sizes import Size, as_int, format_size
from layercli.catalogue.tensors import MISFITS, Refusal, Tensor, collect_doubts
from layercli.catalogue.views import follow_view
from layercli.derive.conditions import ConditionLog, Trial, evaluate_value
from layercli.derive.sharing import Sharing, identify_call
from layercli.errors import Position, Problem, SpecError
from layercli.plan.records import LayerPlan, Recipe, format_value
from layercli.record import record
from layercli.spec.calls import check_function, check_method, explain_call, explain_container, explain_mask
from layercli.spec.forward import InputsRefused, bind_inputs, run_forward
from layercli.spec.interpreter import UNKNOWN, Budget, ForwardEngine, Interpreter, Recovery, Scope
from layercli.spec.symbols import SizeFloat
from layercli.spec.values import (
    MISSING,
    Device,
    Dtype,
    FunctionValue,
    Site,
)
from layercli.trace import DictType, PlainType, TensorType, Type
from layercli.trace.failure import explain_tuple, point_to_layer
from layercli.trace.recorder import Draft, Recorder


def to_rule(value: Any) -> Any:
    """A value of the language as rules take it: dtypes by name, functions by name."""
    if isinstance(value, Dtype):
        return value.name
    if isinstance(value, FunctionValue):
        return FunctionName(value.entry.name)
    if isinstance(value, tuple):
        return tuple(to_rule(item) for item in value)
    if isinstance(value, list):
        return [to_rule(item) for item in value]
    # What it does to a shape can't be followed.
    return value.fix() if isinstance(value, SizeFloat) else value


def to_operand(value: Any) -> Any:
    """The same of an operand beside a tensor: of a number without a size only the value is at stake."""
    return value.plain if isinstance(value, SizeFloat) else to_rule(value)


def type_of(value: Any) -> Type:
    """A value of the derivation as the records of a trace write it."""
    if isinstance(value, Tensor):
        return TensorType(value.dtype, tuple(as_int(size) for size in value.shape))
    if isinstance(value, (tuple, list)):
        return tuple(type_of(item) for item in value)
    if isinstance(value, dict):
        return DictType(tuple((str(key), type_of(item)) for key, item in value.items()))
    if value is None:
        return None
    if isinstance(value, Size):
        return PlainType(str(as_int(value)))
    if isinstance(value, (bool, int, float, str, Dtype, FunctionValue)):
        return PlainType(repr(value)[:80])
    return PlainType(type(value).__name__)


class TypeKind:
    """What a recorder has to know of values without contents."""

    format_symbolic: Callable[[Any], str] | None = None

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, Tensor)

    def type_of(self, value: Any) -> Type:
        return type_of(value)

    def format_plain(self, value: Any) -> str:
        if isinstance(value, Dtype):
            return value.name
        return str(as_int(value)) if isinstance(value, Size) else format_value(value)


def describe_sizes(value: Type, source: Any) -> Type:
    """A type with the formulas of the value that it is of."""
    if isinstance(value, TensorType):
        sizes = tuple(format_size(size) if isinstance(size, Size) else size for size in source.shape)
        return replace(value, symbolic=sizes)
    if isinstance(value, tuple):
        return tuple(describe_sizes(item, own) for item, own in zip(value, source, strict=True))
    if isinstance(value, DictType):
        pairs = zip(value.entries, source.values(), strict=True)
        return DictType(tuple((key, describe_sizes(item, own)) for (key, item), own in pairs))
    if isinstance(value, PlainType) and isinstance(source, (Size, SizeFloat)):
        return PlainType(value.text, format_symbolic(source))
    return value


def format_symbolic(value: Size | SizeFloat) -> str:
    """A number as the formula by which it follows from dims."""
    return value.formula if isinstance(value, SizeFloat) else format_size(value)


class SymbolicKind(TypeKind):
    """The same where sizes have dims in them: types hold their formulas, and calls are written both ways."""

    def type_of(self, value: Any) -> Type:
        return describe_sizes(type_of(value), value)

    def write_symbolic(self, value: Any) -> str:
        """A plain value with the formulas of its sizes."""
        if isinstance(value, slice):
            parts = ["" if part is None else self.write_symbolic(part) for part in (value.start, value.stop)]
            step = "" if value.step is None else f":{self.write_symbolic(value.step)}"
            return ":".join(parts) + step
        return format_symbolic(value) if isinstance(value, (Size, SizeFloat)) else self.format_plain(value)

    format_symbolic = write_symbolic

    def format_plain(self, value: Any) -> str:
        if isinstance(value, slice):
            parts = (value.start, value.stop, value.step)
            value = slice(*(as_int(part) if isinstance(part, Size) else part for part in parts))
        return super().format_plain(value)


@record(eq=False)
class Call:
    """A call that has ended, for what watches a derivation: its row, what the rule was given, what it gave.

    ``module`` is None for an operation, ``rule`` for a layer. Its tensors include those that wrappers computed.
    ``site`` is where a ``forward`` calls it; None where none does, as in a Sequential.
    """

    draft: Draft
    module: Module | None
    rule: Callable[..., Any] | None
    values: Sequence[Any]
    keywords: Mapping[str, Any]
    output: Any
    site: Position | None = None


@record(frozen=False)
class Pass:
    """One derivation of a forward pass: its recorder, the steps that are left, the sizes of dims.

    ``log`` is there where sizes have dims in them. ``watch`` is told of each call when it ends. With ``sharing`` calls
    that are the same are derived once; ``watch`` is told of those only.
    """

    recorder: Recorder
    budget: Budget
    dims: Mapping[str, Any]
    log: ConditionLog | None = None
    watch: Callable[[Call], None] | None = None
    #: What only a run can tell, by the path of the row.
    doubts: dict[str, str] = field(default_factory=dict)
    #: The calls of the modules whose forward runs.
    trials: list[Trial] = field(default_factory=list)
    sharing: Sharing | None = None
    #: The layers that are called right now by a statement, with the places of these calls.
    sites: list[tuple[Module, Position]] = field(default_factory=list)
    #: There where more than the first problem is to be found.
    recovery: Recovery | None = None

    def enter(self, module: Module) -> None:
        """Something inside a module is wanted."""
        if self.sharing is None:
            module.complete()
        else:
            self.sharing.enter(module, self)

    def place_conditions(self, path: str | None = None, trial: Trial | None = None) -> None:
        """The conditions since the last time are of this row, or of the module whose forward runs."""
        if self.log is None:
            return
        if path is None:
            frames = self.recorder.frames
            path = frames[-1].path if frames else ""
            trial = self.trials[-1] if self.trials else None
        self.log.place(path, trial)


class TypeEngine(ForwardEngine):
    """Derives one module's forward. ``owner`` is None where tensors are made outside of a module."""

    def __init__(self, owner: Module | None, running: Pass | None = None) -> None:
        self.owner = owner
        self.running = running

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, Tensor)

    def is_layer(self, value: Any) -> bool:
        return isinstance(value, Module)

    def is_training(self) -> bool:
        return self.owner is not None and self.owner.training

    # Operations ------------------------------------------------------------------------------------------

    def run(
        self,
        name: str,
        rule: Callable[..., Any] | None,
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        site: Site,
        convert: Callable[[Any], Any] = to_rule,
    ) -> Any:
        """The result of an operation by its rule, with its row. Raises SpecError for what PyTorch would refuse.

        ``convert`` gives an argument as the rule takes it.
        """
        if rule is None:
            raise site.error("no-rule", f"{name} can't be derived yet", "use --run")
        shown = {key: value for key, value in keywords.items() if key != "device"}
        values = list(arguments)
        called = f"{name} in {self.owner.path}" if self.owner is not None and self.owner.path else name

        def derive(*given: Any, **named: Any) -> Any:
            if any(isinstance(value, Device) for value in (*given, *named.values())):
                raise site.error("wrong-kind", f"{name} takes no device in this place")
            return call_rule(
                rule,
                [convert(value) for value in given],
                {key: convert(value) for key, value in named.items()},
                called,
                site,
            )

        if self.running is None:
            output = derive(*values, **shown)
            follow_extent(name, values, output)
            follow_view(name, values, output)
            return output
        self.running.place_conditions()
        with collect_doubts() as doubts:
            output, draft = self.running.recorder.run_operation(name, derive, values, shown, site.position)
        follow_extent(name, values, output)
        follow_view(name, values, output)
        if doubts and draft is not None:
            self.running.doubts[draft.path] = doubts[0]
        if self.running.log is not None:
            trial = Trial(lambda _, given, named: derive(*given, **named), values, shown, True, output)
            self.running.place_conditions(None if draft is None else draft.path, trial)
        if draft is not None:
            draft.macs, draft.flops = count_operation(name, output, values, shown)
            if self.running.watch is not None:
                taken = [convert(value) for value in values]
                named = {key: convert(value) for key, value in shown.items()}
                self.running.watch(Call(draft, None, rule, taken, named, output, site.position))
        return output

    def call_function(
        self, function: FunctionValue, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any:
        check_function(self, function, arguments, keywords, site)
        entry = function.entry
        return self.run(
            entry.name,
            rule_of(entry, "torch" if function.namespace == "torch" else "F"),
            arguments,
            keywords,
            site,
        )

    def call_method(
        self, tensor: Any, method: Method, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any:
        check_method(self, method, arguments, keywords, site)
        values = [value for value in arguments if not isinstance(value, Device)]
        if method.name == "to" and not values and not [key for key in keywords if key != "device"]:
            return tensor
        return self.run(method.name, rule_of(method, "Tensor"), [tensor, *values], keywords, site)

    def get_attribute(self, tensor: Any, attribute: Method, site: Site) -> Any:
        plain = _ATTRIBUTES.get(attribute.name)
        if plain is not None:
            return plain(tensor)
        return self.run(attribute.name, rule_of(attribute, "Tensor"), [tensor], {}, site)

    def apply_operator(self, name: str, operands: list[Any], site: Site) -> Any:
        return self.run(name, OPERATORS.get(name), operands, {}, site, to_operand)

    def get_item(self, tensor: Any, index: Any, site: Site) -> Any:
        for part in index if isinstance(index, tuple) else (index,):
            if isinstance(part, Tensor) and part.dtype in ("bool", "uint8"):
                raise explain_mask(site)
        return self.run("getitem", get_item, [tensor, index], {}, site)

    def length(self, tensor: Any, site: Site) -> Any:
        if tensor.dim == 0:
            raise site.error("wrong-kind", "a tensor without dimensions has no length")
        return tensor.shape[0]

    # Layers ----------------------------------------------------------------------------------------------

    def call_layer(self, layer: Any, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
        assert self.running is not None
        if layer.type in ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict") and layer.entry:
            raise explain_container(layer.type, next(iter(layer.children), ""), site)
        self.running.sites.append((layer, site.position))
        try:
            return call_module(layer, arguments, keywords, self.running)
        except InputsRefused as refused:
            problems = [replace(problem, position=site.position) for problem in refused.problems]
            raise SpecError(*problems) from None
        except Refusal as refusal:
            raise explain_refusal(refusal, self.running.recorder, layer.path, site.position) from None
        finally:
            self.running.sites.pop()

    def get_member(self, layer: Any, name: str) -> Any:
        self._enter(layer)
        if name in layer.children:
            return layer.children[name]
        if name in layer.tensors:
            return layer.tensors[name]
        if name in layer.refused:
            raise layer.refused[name]
        if name in layer.computed:
            assert self.running is not None
            position = None if layer.plan is None else layer.plan.position
            return call_module(layer.computed[name], [], {}, self.running, position)
        block = None if layer.plan is None else layer.plan.block
        if block is not None and name in block.layer_set:
            return None
        entry = layer.entry
        # A layer made with bias=False has the name, and None under it.
        return (
            None if entry is not None and entry.state is not None and name in ("weight", "bias") else MISSING
        )

    def _enter(self, layer: Module) -> None:
        if self.running is not None:
            self.running.enter(layer)

    def list_members(self, layer: Any) -> Sequence[str]:
        self._enter(layer)
        block = None if layer.plan is None else layer.plan.block
        return [*layer.children, *layer.tensors, *(block.layer_names if block is not None else ())]

    def container_kind(self, layer: Any) -> Literal["list", "dict", ""]:
        if layer.plan is not None and layer.plan.block is not None:
            return ""
        if layer.type in ("Sequential", "ModuleList", "ParameterList"):
            return "list"
        return "dict" if layer.type in ("ModuleDict", "ParameterDict") else ""

    def container_items(self, layer: Any) -> Sequence[tuple[str, Any]]:
        self._enter(layer)
        members = layer.tensors if layer.type in ("ParameterList", "ParameterDict") else layer.children
        return list(members.items())


def _shape(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.shape


_ATTRIBUTES: dict[str, Callable[[Tensor], Any]] = {
    "shape": _shape,
    "dtype": lambda tensor: Dtype(tensor.dtype),
    "device": lambda tensor: Device(),
    "ndim": lambda tensor: tensor.dim,
}


#: NumPy's words that PyTorch's own functions take for theirs.
_NUMPY_WORDS = {"axis": "dim", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other"}

#: Functions of ``torch`` and methods that are written in Python, and so know PyTorch's words only and read any value.
IN_PYTHON = frozenset(
    {
        "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors",
        "cartesian_prod", "cdist", "einsum", "is_tensor", "meshgrid", "norm", "split", "tensordot", "unflatten",
        "unravel_index",
    }
)  # fmt: skip

#: Functions of ``torch.nn.functional`` that aren't.
NOT_IN_PYTHON = frozenset(
    {
        "adaptive_avg_pool1d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "bilinear", "celu_", "channel_shuffle",
        "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
        "cosine_similarity", "elu_", "gelu", "hardshrink", "hardtanh_", "leaky_relu_", "linear", "logsigmoid", "one_hot",
        "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "prelu", "relu_", "rrelu_",
        "scaled_dot_product_attention", "selu_", "softplus", "softshrink", "threshold_",
    }
)  # fmt: skip


@cache
def rule_of(form: Form, namespace: str) -> Callable[..., Any] | None:
    """The rule of an operation under one of its names, called as ``namespace`` has it.

    In place it gives its first argument back.
    """
    operation = form.operation
    rule = operation.rule
    if rule is None:
        return None
    special = {"torch": operation.in_torch, "Tensor": operation.in_tensor}.get(namespace) is not None
    signature = form.signature_in(namespace)  # type: ignore[arg-type]
    rest = next((parameter.name for parameter in signature.parameters if parameter.kind == "rest"), "")
    names = [p.name for p in signature.parameters if p.kind in ("positional", "positional-only")]
    names = ["self", *names] if namespace == "Tensor" else names
    slots = len(names)
    is_native = form.name in NOT_IN_PYTHON if namespace == "F" else form.name not in IN_PYTHON

    def call(*arguments: Any, **keywords: Any) -> Any:
        if namespace != "F" and form.name not in IN_PYTHON:
            keywords = {
                key if key in signature.by_name else _NUMPY_WORDS.get(key, key): value
                for key, value in keywords.items()
            }
        if len(arguments) > slots and not rest:
            # A method's tensor isn't among the arguments that a person counts.
            most, given = (count - (namespace == "Tensor") for count in (slots, len(arguments)))
            said = f"takes {most} arguments by place and got {given}"
            raise Refusal(said, "", "too-many-arguments")
        twice = next((name for name in names[: len(arguments)] if name in keywords), "")
        if twice:
            raise Refusal(f"got {twice} twice", twice, "doubled-argument")
        if signature.star_by_name:
            arguments, keywords = _read_rest(rest, slots, arguments, keywords)
        if is_native:
            _check_plain(signature, names, arguments, keywords)
        values, named = list(arguments), keywords
        if special:
            values, named = _bind_special(form, namespace, arguments, keywords)
        elif signature.star_by_name and rest in named:
            values, named = (
                [*values, named[rest]],
                {key: value for key, value in named.items() if key != rest},
            )
        try:
            result = rule(*values, **named)
        except MISFITS as error:
            own = values[1:] if namespace == "Tensor" else values
            raise _explain_misfit(error, "argument", signature, form.name, own, named) from None
        if not form.in_place:
            return result
        target = arguments[0] if arguments else keywords[names[0]]
        if keywords.get("dtype", target.dtype) not in (None, target.dtype):
            raise Refusal(f"writes into {target.dtype}, not {keywords['dtype']}", "dtype", "dtype-mismatch")
        return write_into(target, result, shared=operation.writes_shared)

    return call


#: What may be None though the signature has another default: it stands for the default.
_NONE_TAKEN = frozenset({"correction", "dtype"})


#: Fractions that may be tensors with dimensions, too: the chances of ``bernoulli_``.
_TENSOR_TAKEN = frozenset({"p"})


def _check_plain(
    signature: Signature, names: Sequence[str], arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> None:
    """What PyTorch's own reader of arguments asks of plain ones. Raises Refusal.

    None stands only where it or an empty tuple is the default, True or False where that is one, a number where that is
    a fraction.
    """
    for name, value in (*zip(names, arguments, strict=False), *keywords.items()):
        parameter = signature.by_name.get(name)
        if parameter is None:
            continue
        default = parameter.default
        if value is None and default not in (None, ()) and name not in _NONE_TAKEN:
            raise Refusal(f"needs {name}, which can't be None", name, "wrong-kind")
        if isinstance(default, bool):
            expect_bool(value, name)
        elif isinstance(default, float) and value is not None and name not in _TENSOR_TAKEN:
            expect_number(value, name)


def _read_rest(
    name: str, slots: int, arguments: Sequence[Any], keywords: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A call whose sizes or dims come one by one, as one tuple, or by their name as a tuple. Raises Refusal.

    PyTorch makes sure that the first is an int, and reads True as 1 behind it.
    """
    own, given = tuple(arguments[:slots]), tuple(arguments[slots:])
    if not given and name not in keywords:
        raise Refusal(f"needs {name}", "", "missing-argument")
    by_name = keywords.get(name, ())
    if not isinstance(by_name, (tuple, list)):
        raise Refusal(f"needs a tuple of ints as {name}, not {by_name!r}", name, "wrong-kind")
    if name in keywords:
        keywords = {**keywords, name: _read_bools(by_name)}
    if len(given) == 1 and isinstance(given[0], (tuple, list)):
        return (*own, _read_bools(given[0])), keywords
    return (*own, *_read_bools(given)), keywords


def _read_bools(values: Sequence[Any]) -> Sequence[Any]:
    if not any(isinstance(value, bool) for value in values[1:]):
        return values
    return (*values[:1], *(int(value) if isinstance(value, bool) else value for value in values[1:]))


def _bind_special(
    form: Form, namespace: str, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """A call of the signature that a namespace has for itself, as the rule takes it: the tensor in its own place."""
    own = arguments[1:] if namespace == "Tensor" else arguments
    signature = form.signature_in(namespace)  # type: ignore[arg-type]
    try:
        bound = signature.bind(form.name, own, keywords)
    except BindingError as error:
        raise Refusal(error.message.removeprefix(f"{form.name} "), "", error.code) from None
    names = list(form.operation.signature_in("F").by_name)
    if namespace == "Tensor":
        missing = next(name for name in names if name not in signature.by_name)
        # A method's own word for an argument, split_size, is given by name.
        bound = {
            name: bound[name] if name != missing else arguments[0]
            for name in (*names, *bound)
            if name in bound or name == missing
        }
    values: list[Any] = []
    for parameter in (
        signature.parameters if namespace == "torch" else form.operation.signature_in("F").parameters
    ):
        if parameter.name not in bound or parameter.kind == "keyword":
            break
        values.append(bound.pop(parameter.name))
    return values, bound


def call_rule(
    rule: Callable[..., Any], arguments: Sequence[Any], keywords: Mapping[str, Any], name: str, site: Site
) -> Any:
    """Call a rule as the operation is called. Raises SpecError with the rule's sentence."""
    try:
        return rule(*arguments, **keywords)
    except Refusal as refusal:
        raise site.argument(refusal.argument or None).error(
            refusal.code, f"{name} {refusal.message}"
        ) from None
    except MISFITS as error:
        misfit = _explain_misfit(error, "argument")
        raise site.error(misfit.code, f"{name} {misfit.message}") from None


def _explain_misfit(
    error: Exception,
    word: Literal["input", "argument"],
    signature: Signature | None = None,
    name: str = "",
    arguments: Sequence[Any] = (),
    keywords: Mapping[str, Any] = {},
) -> Refusal:
    """Why a call doesn't fit: by the signature of what was called, else by what Python says of its rule."""
    if signature is not None:
        try:
            signature.bind(name, arguments, keywords)
        except BindingError as misfit:
            return Refusal(misfit.message.removeprefix(f"{name} "), "", misfit.code)
        first = next(iter(signature.by_name), "")
        if first == "input" and arguments and not isinstance(arguments[0], (Tensor, tuple, list)):
            return Refusal(f"needs a tensor as {first}, not {arguments[0]!r}", first, "wrong-kind")
    said = str(error).partition("() ")[2]
    message = explain_call(said, word) or f"can't be called like this: {said or error}"
    return Refusal(message, code="invalid-argument")


def explain_refusal(
    refusal: Refusal, recorder: Recorder, model: str, position: Position | None = None
) -> SpecError:
    """A layer whose constraint the inputs break: the innermost one whose call didn't end.

    ``model`` is what a layer without a path is called, ``position`` that of the call in the spec, where one stands there.
    """
    draft = recorder.failed_draft
    if draft is None:
        return SpecError(Problem(refusal.code, f"{model} {refusal.message}", position))
    hint = explain_tuple(draft) if refusal.code == "wrong-kind" else ""
    message = f"{draft.path or model} {refusal.message}"
    return SpecError(point_to_layer(Problem(refusal.code, message, position, hint=hint), draft, model))


def call_module(
    module: Module,
    arguments: list[Any],
    keywords: dict[str, Any],
    running: Pass,
    position: Position | None = None,
) -> Any:
    """The output of a module, with its row and those inside it. Raises Refusal, SpecError.

    ``position`` is that of a layer which isn't being called itself, and one inside it is.
    """
    sharing = running.sharing
    if sharing is None or module.pending is None or sharing.was_called(module) or position is not None:
        running.enter(module)
        return _derive_call(module, arguments, keywords, running, position)
    key = identify_call(module, arguments, keywords, running)
    known = sharing.find(key, running)
    if known is not None:
        running.place_conditions()
        return sharing.repeat(module, known, arguments, keywords, running)
    module.complete()
    start, steps = len(running.recorder.drafts), running.budget.steps
    output = _derive_call(module, arguments, keywords, running, position)
    # A call that changed its inputs is none that leaves the rest as it was.
    if key is not None and identify_call(module, arguments, keywords, running) == key:
        steps -= running.budget.steps
        sharing.keep(key, module, (*arguments, *keywords.values()), output, start, steps, running)
    return output


def _derive_call(
    module: Module,
    arguments: list[Any],
    keywords: dict[str, Any],
    running: Pass,
    position: Position | None,
) -> Any:
    plan: LayerPlan | None = module.plan
    block = None if plan is None else plan.block
    recorder = running.recorder
    told = plan is not None and not module.given
    running.place_conditions()
    if position is None and module.path:
        position = plan.position if plan is not None and told and module.path else _position_around(recorder)
    frame = recorder.begin_layer(
        module.path,
        module.type,
        module,
        arguments,
        keywords,
        names=_input_names(module, arguments, keywords),
        members=(*module.children, *module.tensors),
        text=plan.call if plan is not None else "",
        told=told,
        position=position,
    )
    trial = Trial(partial(_call_apart, module, running.dims), arguments, keywords, block is None)
    running.trials.append(trial)
    values, named = list(arguments), dict(keywords)
    if module.entry is None or module.entry.name not in PASSING:
        values = [to_rule(value) for value in values]
        named = {name: to_rule(value) for name, value in named.items()}
    seen = module
    if block is not None:
        output = run_block(module, arguments, keywords, running)
    else:
        rule = None if module.entry is None else module.entry.rule
        if rule is None:
            raise Refusal(f"({module.type}) can't be derived yet", code="no-rule")
        module.run = lambda child, inputs, options: call_module(child, inputs, options, running)
        seen = _compute_tensors(module, running)
        output = call_layer_rule(rule, seen, values, named)
        follow_extent(module.type, values, output)
    running.place_conditions()
    running.trials.pop()
    trial.output = output
    recorder.end_layer(frame, output, returns=block is not None)
    entry = module.entry
    own = NOTHING if block is not None or entry is None else count_layer(entry, module, output, values, named)
    frame.draft.macs, frame.draft.flops = own
    if running.watch is not None:
        caller, place = running.sites[-1] if running.sites else (None, None)
        site = place if caller is module else None
        running.watch(Call(frame.draft, seen, None, values, named, output, site))
    return output


def _call_apart(
    module: Module,
    dims: Mapping[str, Any],
    sizes: Mapping[str, int],
    arguments: list[Any],
    keywords: dict[str, Any],
) -> Any:
    """The output of a module at some sizes of dims, its rows forgotten. Raises Refusal, SpecError."""
    apart = Pass(Recorder(TypeKind(), {}), Budget(), evaluate_value(dict(dims), sizes))
    return call_module(module, arguments, keywords, apart)


def _position_around(recorder: Recorder) -> Position | None:
    """Where the layer stands in the spec that the next one is a part of; nowhere for the model itself."""
    return recorder.frames[-1].draft.position if recorder.frames else None


def _compute_tensors(module: Module, running: Pass) -> Module:
    """The module as its rule sees it, with the tensors that wrappers compute, each with its rows."""
    entry = module.entry
    if not module.computed or entry is None:
        return module
    held = [state.name for state in entry.state(module)] if entry.state is not None else []
    names: Iterable[str] = [name for name in held if name in module.computed]
    if entry.accesses is not None:
        names = entry.accesses([*names])
    computed = {name: call_module(module.computed[name], [], {}, running) for name in names}
    return replace(module, tensors={**module.tensors, **computed})


def call_layer_rule(
    rule: Callable[..., Any], module: Module, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> Any:
    """Call a layer's rule as the layer is called. Raises Refusal, also where the arguments don't fit it."""
    try:
        return rule(module, *arguments, **keywords)
    except MISFITS as error:
        raise _explain_misfit(error, "input") from None


def _input_names(module: Module, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[str]:
    block = None if module.plan is None else module.plan.block
    if block is not None:
        names = [item.name for item in block.inputs][: len(arguments)]
        names += [f"input[{index}]" for index in range(len(names), len(arguments))]
    elif len(arguments) == 1:
        names = ["input"]
    else:
        names = [f"input[{index}]" for index in range(len(arguments))]
    return names + list(keywords)


def run_block(module: Module, arguments: Sequence[Any], keywords: Mapping[str, Any], running: Pass) -> Any:
    """Interpret a block's forward on types. Raises SpecError."""
    block = module.plan.block
    engine = TypeEngine(module, running)
    scope = Scope(
        "forward",
        params=module.arguments,
        dims=running.dims if module.path == "" else {},
        definitions=block.definitions,
        owner=module,
        layer_names=block.layer_names,
    )
    interpreter = Interpreter(engine, scope, running.budget, running.recovery)
    scope.locals.update(bind_inputs(interpreter, block, arguments, keywords, is_root=module.path == ""))

    def run_in_order(value: Any) -> Any:
        for child in module.children.values():
            try:
                value = call_module(child, [value], {}, running)
            except Refusal as refusal:
                raise explain_refusal(refusal, running.recorder, child.path) from None
        return value

    output = run_forward(interpreter, block, run_in_order)
    if output is UNKNOWN:
        # What is wrong is known.
        raise SpecError()
    return output


def make_value(recipe: Any, engine: TypeEngine) -> Any:
    """The tensor without values that a recipe describes; tuples, lists and dicts likewise; plain values as they are."""
    if isinstance(recipe, Recipe):
        operands = [make_value(operand, engine) for operand in recipe.operands]
        keywords = {name: make_value(value, engine) for name, value in recipe.keywords.items()}
        return _MAKE[recipe.kind](engine, recipe, operands, keywords)
    if isinstance(recipe, tuple):
        return tuple(make_value(item, engine) for item in recipe)
    if isinstance(recipe, list):
        return [make_value(item, engine) for item in recipe]
    return (
        {key: make_value(item, engine) for key, item in recipe.items()}
        if isinstance(recipe, dict)
        else recipe
    )


_Make = Callable[[TypeEngine, Recipe, list[Any], dict[str, Any]], Any]
_MAKE: dict[str, _Make] = {
    "function": lambda engine, recipe, operands, keywords: engine.call_function(
        FunctionValue(FUNCTIONS[recipe.name], recipe.namespace), operands, keywords, recipe.site
    ),
    "method": lambda engine, recipe, operands, keywords: engine.call_method(
        operands[0], METHODS[recipe.name], operands[1:], keywords, recipe.site
    ),
    "attribute": lambda engine, recipe, operands, keywords: engine.get_attribute(
        operands[0], METHODS[recipe.name], recipe.site
    ),
    "operator": lambda engine, recipe, operands, keywords: engine.apply_operator(
        recipe.name, operands, recipe.site
    ),
    "item": lambda engine, recipe, operands, keywords: engine.get_item(operands[0], operands[1], recipe.site),
}
