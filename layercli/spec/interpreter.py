"""The bounded interpreter of the spec language, over any kind of tensor and layer.

It knows Python's plain values itself and asks an ``Engine`` for everything about tensors and layers, so that
one interpreter serves the planning of a model, its run on PyTorch and its derivation from types.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence, Set, Sized
from dataclasses import field, replace
from functools import partial
from typing import Any, Literal, NoReturn, Protocol

from layercli.catalogue.dtypes import DTYPES
from layercli.catalogue.entries import Method
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.refused import REFUSED, hint_refused_method
from layercli.catalogue.sizes import Size, as_int
from layercli.catalogue.wrappers import WRAPPERS
from layercli.errors import SpecError, did_you_mean
from layercli.record import record
from layercli.spec.builtins import BUILTIN_CALLS
from layercli.spec.expressions import Body, Code, Expression, name_after_dot
from layercli.spec.limits import allow_more, current_limits
from layercli.spec.mentions import find_names, list_code
from layercli.spec.model import Block
from layercli.spec.names import (
    BUILTINS,
    MATH,
    find_class,
    find_function,
    find_in_namespace,
    names_of_namespace,
    resolve_prefix,
)
from layercli.spec.symbols import SizeFloat, apply_function, apply_to_sizes, fix, round_quotient, to_float
from layercli.spec.unknown import (
    NOTHING_INSIDE,
    explain_class_in_forward,
    explain_package,
    explain_repeated,
    explain_unknown,
    hint_layer,
    hint_member,
    hint_present,
    hint_shared,
)
from layercli.spec.values import (
    MISSING,
    BlockClass,
    BoundMethod,
    Builtin,
    Dtype,
    FunctionValue,
    LayerClass,
    Site,
    TensorClass,
    WrapperClass,
)

#: What to write for functions of a layer's class.
INSTEAD_OF_CLASS_METHODS = {
    "generate_square_subsequent_mask": (
        "write triu(full((T, T), float('-inf')), 1), with the number of positions for T"
    ),
}
#: The most names that are written for what a call gives.
MAX_UNPACKED = 6
#: Lists inside lists.
MAX_NESTING = 50


class Engine(Protocol):
    """What the interpreter asks of tensors and layers, which it moves about without knowing them.

    ``arguments`` and ``keywords`` are values of the language, ``site`` is where the call stands. A method raises
    SpecError there for what it refuses; ``get_member`` gives MISSING for a name that the layer hasn't.
    """

    def is_tensor(self, value: Any) -> bool: ...
    def is_layer(self, value: Any) -> bool: ...
    def construct(
        self, target: LayerClass | BlockClass | WrapperClass | TensorClass, arguments: list[Any],
        keywords: dict[str, Any], site: Site,
    ) -> Any: ...  # fmt: skip
    def repeat_layer(self, count: int, layer: Any, site: Site) -> Any: ...
    def call_function(
        self, function: FunctionValue, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any: ...
    def call_method(
        self, tensor: Any, method: Method, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any: ...
    def get_attribute(self, tensor: Any, attribute: Method, site: Site) -> Any: ...
    def apply_operator(self, name: str, operands: list[Any], site: Site) -> Any: ...
    def get_item(self, tensor: Any, index: Any, site: Site) -> Any: ...
    def length(self, tensor: Any, site: Site) -> int: ...
    def call_layer(self, layer: Any, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any: ...
    def get_member(self, layer: Any, name: str) -> Any: ...
    def list_members(self, layer: Any) -> Sequence[str]: ...
    def container_kind(self, layer: Any) -> Literal["list", "dict", ""]: ...
    def container_items(self, layer: Any) -> Sequence[tuple[str, Any]]: ...
    def is_training(self) -> bool: ...


class ForwardEngine:
    """What the engines that run a forward share: layers are there already, and none is made."""

    def construct(
        self,
        target: LayerClass | BlockClass | WrapperClass | TensorClass,
        arguments: list[Any],
        keywords: dict[str, Any],
        site: Site,
    ) -> NoReturn:
        raise site.error("layer-made-here", "layers are made in `layers`")

    def repeat_layer(self, count: int, layer: Any, site: Site) -> NoReturn:
        raise site.error("layer-made-here", "layers are made in `layers`")


#: Items that are copied or looked at in one step: a list of lists takes its memory and time by what it holds.
ITEMS_PER_STEP = 10
#: The same for characters of a text.
CHARACTERS_PER_STEP = 100

Stage = Literal["params", "dims", "inputs", "layers", "forward"]


@record(frozen=False)
class Budget:
    """Steps that are left, counted once for everything that shares it."""

    steps: int = field(default_factory=lambda: current_limits().steps)

    def spend(self, code: Code, node: ast.AST, steps: int = 1) -> None:
        """Take a step at ``node``, or several. Raises SpecError where none is left."""
        self.steps -= steps
        if self.steps < 0:
            raise code.problem(
                "too-many-steps",
                f"this spec needs more than {current_limits().steps:,} steps to evaluate",
                node,
                f"use fewer or shorter loops; {allow_more('steps')}",
            )


@record(frozen=False)
class Scope:
    """The names that an expression sees.

    ``owner`` is the module of which a name or ``self.`` may mean a member; ``layer_names`` are those that
    ``layers`` will define, for messages before there is an owner. ``unread`` are names whose values have problems
    that are known already, ``assigned_later`` those that get a value further down, ``outside`` what a block's
    surroundings have and it doesn't.
    """

    stage: Stage
    locals: dict[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    dims: Mapping[str, int | Size] = field(default_factory=dict)
    definitions: Mapping[str, Block] = field(default_factory=dict)
    owner: Any = None
    layer_names: Sequence[str] = ()
    assigned_later: Set[str] = frozenset()
    unread: Set[str] = frozenset()
    outside: Mapping[str, str] = field(default_factory=dict)
    #: Whose layers are evaluated, and the one that is.
    block: Block | None = None
    layer: str = ""


_BINARY: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any], str]] = {
    ast.Add: ("add", operator.add, "+"),
    ast.Sub: ("sub", operator.sub, "-"),
    ast.Mult: ("mul", operator.mul, "*"),
    ast.Div: ("truediv", operator.truediv, "/"),
    ast.FloorDiv: ("floordiv", operator.floordiv, "//"),
    ast.Mod: ("mod", operator.mod, "%"),
    ast.Pow: ("pow", operator.pow, "**"),
    ast.MatMult: ("matmul", operator.matmul, "@"),
    ast.BitAnd: ("and_", operator.and_, "&"),
    ast.BitOr: ("or_", operator.or_, "|"),
    ast.BitXor: ("xor", operator.xor, "^"),
}
_UNARY: dict[type[ast.unaryop], tuple[str, Callable[[Any], Any]]] = {
    ast.USub: ("neg", operator.neg),
    ast.UAdd: ("pos", operator.pos),
    ast.Invert: ("invert", operator.invert),
}
_COMPARE: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], bool]]] = {
    ast.Eq: ("eq", operator.eq),
    ast.NotEq: ("ne", operator.ne),
    ast.Lt: ("lt", operator.lt),
    ast.LtE: ("le", operator.le),
    ast.Gt: ("gt", operator.gt),
    ast.GtE: ("ge", operator.ge),
}
_IDENTITY: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
}


#: Numbers that depend on dims.
_SIZED = (Size, SizeFloat)
_SEQUENCES = (str, tuple, list)


#: What stands for a value that a failed statement would have given.
UNKNOWN = object()


class Recovery(Protocol):
    """Goes on after a statement that failed, to find what else is wrong."""

    def mark(self) -> Any:
        """Where to come back to."""

    def keep(self, error: SpecError, mark: Any) -> None:
        """Come back, and remember a problem. Raises it again where nothing after it is worth a try."""


class Interpreter:
    """Evaluates expressions and statements of one scope with one engine.

    With a ``recovery`` a statement that fails leaves its names without a value, and those that need none of them are run.
    """

    def __init__(
        self, engine: Engine, scope: Scope, budget: Budget | None = None, recovery: Recovery | None = None
    ) -> None:
        self.engine = engine
        self.scope = scope
        self.budget = budget or Budget()
        self.recovery = recovery

    # Names -----------------------------------------------------------------------------------------------

    def known_names(self, *, called: bool = False) -> list[list[str]]:
        """The names that this scope has, for suggestions, in groups: what the spec itself names comes first."""
        scope = self.scope
        own = [*scope.locals, *scope.params, *scope.definitions]
        if scope.stage != "layers":
            own += scope.dims
        if scope.owner is not None:
            own += self.engine.list_members(scope.owner)
        classes = [*LAYERS, *WRAPPERS, "Parameter", "Buffer"]
        functions = [*FUNCTIONS, *BUILTINS]
        if scope.stage in ("inputs", "dims"):
            return [own, functions] if called else [own]
        return [own, functions] if scope.stage == "forward" else [own, classes, functions]

    def candidates(self, name: str) -> Iterator[Any]:
        """All meanings of a bare name, the nearest first."""
        scope = self.scope
        if name in scope.locals:
            yield scope.locals[name]
        if scope.owner is not None:
            member = self.engine.get_member(scope.owner, name)
            if member is not MISSING:
                yield member
        if name in scope.params:
            yield scope.params[name]
        if name in scope.dims and scope.stage != "layers":
            yield scope.dims[name]
        found = find_class(name, scope.definitions)
        if found is not MISSING:
            yield found
        found = find_function(name)
        if found is not MISSING:
            yield found
        if name in DTYPES:
            yield Dtype(DTYPES[name])

    def is_callable(self, value: Any) -> bool:
        """Whether a value may stand before parentheses."""
        kinds = (FunctionValue, LayerClass, BlockClass, WrapperClass, TensorClass, Builtin, BoundMethod)
        return isinstance(value, kinds) or self.engine.is_layer(value)

    def look_up(self, code: Code, node: ast.Name, *, called: bool = False) -> Any:
        """The value of a bare name. Where it is called, values that can't be called are passed over."""
        name, scope = node.id, self.scope
        early = name in scope.assigned_later and not called
        if (early or name in scope.unread) and name not in scope.locals:
            # A function of the same name is not what was meant.
            raise self._unknown_name(code, node, called)
        first = MISSING
        for value in self.candidates(name):
            if not called or self.is_callable(value):
                return value
            if first is MISSING:
                first = value
        if first is not MISSING:
            return first
        raise self._unknown_name(code, node, called)

    def _unknown_name(self, code: Code, node: ast.Name, called: bool) -> SpecError:
        name, scope = node.id, self.scope
        if name == "self":
            return code.problem(
                "unknown-name", "self alone is no value", node, "write self.layer, or a tensor's name"
            )
        if scope.stage == "layers":
            if name in scope.dims:
                return code.problem(
                    "dim-in-layer",
                    f"{name} is a dim, and a layer's arguments may not depend on one",
                    node,
                    f"make it a param: params: {{{name}: {scope.dims[name]}}}",
                )
            if name in scope.layer_names:
                message = f"{name} is a layer; one module can't stand in two places"
                if name == "super":
                    message, hint = "super().__init__() is no layer", "leave the line out"
                else:
                    hint = hint_shared(code, node, name, scope.block, scope.layer)
                return code.problem("shared-layer", message, node, hint)
        if name in scope.assigned_later:
            message = f"{name} is used before it has a value; each of `{scope.stage}` sees those above it"
            return code.problem("used-before-assigned", message, node, f"write {name} further up")
        if name in scope.unread:
            return SpecError()
        if name in scope.outside:
            message = f"{name} is {scope.outside[name]} of the model, and a block sees only what is its own"
            hint = f"give the block a param, params: {{{name}: ~}}, and pass it: Block({name}={name})"
            return code.problem("unknown-name", message, node, hint)
        if name in scope.layer_names and scope.stage in ("params", "inputs", "dims"):
            hint = "write its sizes, as in [1, 8], or rand(1, 8)" if scope.stage == "inputs" else ""
            return code.problem(
                "unknown-name", f"{name} is a layer, and layers aren't known here", node, hint
            )
        problem_code, message, hint = explain_unknown(name, self.known_names(called=called), called=called)
        if not called and problem_code == "unknown-name" and not hint:
            param = f"a value with a name is a param: params: {{{name}: 64}}; text needs quotes"
            # What a layer uses, too, is no dim.
            shared = scope.block is not None and name in find_names(
                list_code(replace(scope.block, inputs=(), forward=None))
            )
            hint = {
                "inputs": param if shared else f"a size with a name is a dim: dims: {{{name}: 1}}",
                "dims": "write a number",
                "layers": param,
                "forward": hint_present(scope.locals),
            }.get(scope.stage, "")
        return code.problem(problem_code, message, node, hint)

    # Expressions -----------------------------------------------------------------------------------------

    def evaluate(self, expression: Expression) -> Any:
        """The value of an expression. Raises SpecError."""
        return self._evaluate(expression, expression.tree)

    def _evaluate(self, code: Code, node: ast.expr) -> Any:
        self.budget.spend(code, node)
        return _EVALUATE[type(node)](self, code, node)

    def _name(self, code: Code, node: ast.Name) -> Any:
        return self.look_up(code, node)

    def _constant(self, code: Code, node: ast.Constant) -> Any:
        return node.value

    def _tuple(self, code: Code, node: ast.Tuple) -> Any:
        return tuple(self._items(code, node.elts))

    def _list(self, code: Code, node: ast.List) -> Any:
        return self._items(code, node.elts)

    def _items(self, code: Code, nodes: Sequence[ast.expr]) -> list[Any]:
        items: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                items += self.iterate(self._evaluate(code, node.value), Site(code, node))
            else:
                items.append(self._evaluate(code, node))
        return items

    def _dict(self, code: Code, node: ast.Dict) -> Any:
        result: dict[Any, Any] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self._evaluate(code, value_node)
            if key_node is None:
                if not isinstance(value, dict):
                    raise code.problem("wrong-kind", "** needs a dict", value_node)
                self.pay_for(value, Site(code, value_node))
                result.update(value)
                continue
            key = self._evaluate(code, key_node)
            if isinstance(key, Size):
                key = fix(key)
            if not isinstance(key, (str, int)):
                raise code.problem("wrong-kind", "a dict's keys are texts or ints", key_node)
            result[key] = value
        return result

    def _binary(self, code: Code, node: ast.BinOp) -> Any:
        left, right = self._evaluate(code, node.left), self._evaluate(code, node.right)
        if isinstance(node.op, ast.Mult) and self.scope.stage == "layers":
            for layer, count in ((right, left), (left, right)):
                if self.engine.is_layer(layer):
                    return self._repeat_layer(count, layer, Site(code, node))
                if isinstance(layer, (tuple, list)) and self._holds_module(layer):
                    raise explain_repeated(code, node, self.engine.is_layer(layer[0]))
        return self.apply_binary(type(node.op), left, right, Site(code, node))

    def _holds_module(self, value: Any) -> bool:
        """Whether a layer or parameter stands in a list, or in one inside of it."""
        if isinstance(value, (tuple, list)):
            return any(map(self._holds_module, value))
        engine = self.engine
        plain = isinstance(value, (int, float, str, dict, type(None), Dtype, Size, range))
        return engine.is_layer(value) or not (plain or engine.is_tensor(value) or self.is_callable(value))

    def _repeat_layer(self, count: Any, layer: Any, site: Site) -> Any:
        """``12 * Block(...)``: a Sequential of twelve separate layers."""
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise site.error(
                "wrong-kind", f"a number of layers is an int of at least 0, not {self.describe(count)}"
            )
        self.check_items(count, site)
        return self.engine.repeat_layer(count, layer, site)

    def apply_binary(
        self, kind: type[ast.operator], left: Any, right: Any, site: Site, in_place: bool = False
    ) -> Any:
        """An operator between two values; ``in_place`` that of ``+=``. Raises SpecError for values that have none."""
        name, plain, symbol = _BINARY[kind]
        engine = self.engine
        if engine.is_tensor(left) or engine.is_tensor(right):
            if not engine.is_tensor(left):
                self._check_operand(left, symbol, site, "left")
            if not engine.is_tensor(right):
                self._check_operand(right, symbol, site, "right")
            if in_place and engine.is_tensor(left):
                return engine.apply_operator("i" + name.rstrip("_"), [left, right], site)
            return engine.apply_operator(name, [left, right], site)
        sized = isinstance(left, _SIZED) or isinstance(right, _SIZED)
        if sized and (isinstance(left, _SEQUENCES) or isinstance(right, _SEQUENCES)):
            # As many items as there are: [0] * T.
            left, right, sized = fix(left), fix(right), False
        if not sized:
            self._check_plain(left, right, kind, site)
        try:
            result = apply_to_sizes(kind, plain, left, right) if sized else plain(left, right)
            return self.check_plain_result(result, site)
        except ZeroDivisionError:
            raise site.error("division-by-zero", f"{site.text} divides by zero") from None
        except (TypeError, ValueError, OverflowError) as error:
            raise site.error("wrong-kind", f"{symbol} can't be used here: {error}") from None

    def _check_operand(self, value: Any, symbol: str, site: Site, side: str) -> None:
        if isinstance(value, (int, float, Size)):
            return
        # The right side of x += y is its value.
        at = Site(site.code, getattr(site.node, side, getattr(site.node, "value", site.node)))
        message = f"{symbol} between a tensor and {self.describe(value)}"
        if self.is_callable(value):
            raise at.error("layer-not-called", message, f"write {at.text}(x)")
        hint = f"take an item of it, as in {at.text}[0]" if isinstance(value, (tuple, list)) else ""
        raise at.error("wrong-kind", message, hint)

    def _check_plain(self, left: Any, right: Any, kind: type[ast.operator], site: Site) -> None:
        """Refuse what would take unbounded time or memory, and operators on layers and functions."""
        for value in (left, right):
            if not isinstance(value, (int, float, str, tuple, list, dict, type(None), Dtype)):
                hint = "call it, as in name(x)" if self.is_callable(value) else ""
                raise site.error(
                    "wrong-kind", f"{_BINARY[kind][2]} can't be used on {self.describe(value)}", hint
                )
        whole = isinstance(left, int) and isinstance(right, int)
        if (
            kind is ast.Pow
            and whole
            and abs(left) > 1
            and right * left.bit_length() > 8 * current_limits().digits
        ):
            raise site.error(
                "number-too-large", "this power is too large for any size", "write a smaller one"
            )
        if kind is ast.Mult:
            for sequence, count in ((left, right), (right, left)):
                if isinstance(sequence, (str, tuple, list)) and isinstance(count, int):
                    limit = (
                        current_limits().characters if isinstance(sequence, str) else current_limits().items
                    )
                    if len(sequence) * max(count, 0) > limit:
                        what = "characters" if isinstance(sequence, str) else "items"
                        raise site.error(
                            "too-long", f"this makes {len(sequence) * count:,} {what}, more than {limit:,}"
                        )
        if kind is ast.Mod and isinstance(left, str):
            raise site.error("not-in-language", "text can't be formatted with %")

    def check_plain_result(self, value: Any, site: Site) -> Any:
        """``value``, unless it is larger than the limits allow. Raises SpecError."""
        if isinstance(value, int) and abs(value) >= 10 ** current_limits().digits:
            raise site.error(
                "number-too-large", "this number is too large for any size", "write a smaller one"
            )
        if isinstance(value, complex):
            raise site.error("wrong-kind", "complex numbers are not in the spec language")
        if isinstance(value, (tuple, list)):
            self.check_items(len(value), site)
            self.pay_for(value, site)
        if isinstance(value, str):
            most = current_limits().characters
            if len(value) > most:
                raise site.error("too-long", f"this text has {len(value):,} characters, more than {most:,}")
            self.pay_for(value, site)
        return value

    def pay_for(self, value: Sized, site: Site, *, pairs: bool = False) -> None:
        """Take the steps of copying a value, or of going through it; with ``pairs`` those of a tuple for each item."""
        at_once = CHARACTERS_PER_STEP if isinstance(value, str) else 1 if pairs else ITEMS_PER_STEP
        self.budget.spend(site.code, site.node, len(value) // at_once)

    def check_nesting(self, value: Any, site: Site) -> None:
        """Refuse a list that holds lists that hold it twice, and so on, or itself: it is small only in memory."""
        open_values = [(value, 1)] if isinstance(value, (tuple, list, dict)) else []
        count = 0
        while open_values:
            inner, depth = open_values.pop()
            parts = inner.values() if isinstance(inner, dict) else inner
            count += len(parts)
            self.pay_for(parts, site)
            self.check_items(count, site)
            if depth > MAX_NESTING:
                raise site.error("too-deep", f"lists stand inside lists more than {MAX_NESTING} deep")
            open_values += [(part, depth + 1) for part in parts if isinstance(part, (tuple, list, dict))]

    def check_items(self, count: int, site: Site) -> None:
        """Raises SpecError for more items than one list may have."""
        most = current_limits().items
        if count > most:
            raise site.error("too-long", f"this has {count:,} items, more than {most:,}", allow_more("items"))

    def _unary(self, code: Code, node: ast.UnaryOp) -> Any:
        value = self._evaluate(code, node.operand)
        if isinstance(node.op, ast.Not):
            return not self.truth(value, Site(code, node.operand))
        name, plain = _UNARY[type(node.op)]
        if self.engine.is_tensor(value):
            return self.engine.apply_operator(name, [value], Site(code, node))
        if not isinstance(value, (int, float, Size)):
            raise code.problem("wrong-kind", f"a sign can't stand before {self.describe(value)}", node)
        if isinstance(value, Size) and name == "invert":
            value = fix(value)
        try:
            return plain(value)
        except TypeError as error:
            raise code.problem("wrong-kind", str(error), node) from None

    def _boolean(self, code: Code, node: ast.BoolOp) -> Any:
        stop = isinstance(node.op, ast.Or)
        value: Any = None
        for operand in node.values:
            value = self._evaluate(code, operand)
            if operand is not node.values[-1] and self.truth(value, Site(code, operand)) is stop:
                return value
        return value

    def truth(self, value: Any, site: Site) -> bool:
        """Whether a plain value is true. A tensor's contents decide nothing."""
        if self.engine.is_tensor(value):
            raise site.error(
                "tensor-truth",
                "a tensor's contents can't decide what a model does",
                "use where(mask, a, b), masked_fill, or compare sizes: x.shape[0] > 1",
            )
        if self.engine.is_layer(value):
            return True
        return bool(value)

    def _compare(self, code: Code, node: ast.Compare) -> Any:
        left = self._evaluate(code, node.left)
        result: Any = True
        for kind, right_node in zip(node.ops, node.comparators, strict=True):
            right = self._evaluate(code, right_node)
            result = self._compare_two(type(kind), left, right, Site(code, node))
            if len(node.ops) > 1 and not self.truth(result, Site(code, node)):
                return result
            left = right
        return result

    def _compare_two(self, kind: type[ast.cmpop], left: Any, right: Any, site: Site) -> Any:
        if kind in _IDENTITY:
            if kind in (ast.In, ast.NotIn):
                if isinstance(left, _SIZED) and isinstance(right, (dict, range)):
                    left = fix(left)
                if self.engine.is_tensor(right) or self.engine.is_tensor(left):
                    message = "in would look at a tensor's contents, which can't decide what a model does"
                    raise site.error("tensor-truth", message, "ask for sizes: x.shape[0] == 1")
                if not isinstance(right, (str, tuple, list, dict, range)):
                    right = self.container_keys(right, site)
                if isinstance(right, (str, tuple, list)):
                    self.pay_for(right, site)
            elif (
                left is not None
                and right is not None
                and not isinstance(left, bool)
                and not isinstance(right, bool)
            ):
                raise site.error("not-in-language", "is compares with None, True or False only", "write ==")
            try:
                return _IDENTITY[kind](left, right)
            except TypeError as error:
                raise site.error("wrong-kind", str(error)) from None
        name, plain = _COMPARE[kind]
        if self.engine.is_tensor(left) or self.engine.is_tensor(right):
            if left is None or right is None:
                return kind is ast.NotEq
            return self.engine.apply_operator(name, [left, right], site)
        if isinstance(left, Size) and isinstance(right, float):
            left = to_float(left)
        elif isinstance(right, Size) and isinstance(left, float):
            right = to_float(right)
        if isinstance(left, (str, tuple, list)):
            self.pay_for(left, site)
        try:
            return bool(plain(left, right))
        except TypeError as error:
            raise site.error("wrong-kind", f"these can't be compared: {error}") from None

    def container_keys(self, value: Any, site: Site) -> list[str]:
        """The names in a ModuleDict. Raises SpecError for what is none."""
        if self.engine.is_layer(value) and self.engine.container_kind(value) == "dict":
            return [name for name, _ in self.engine.container_items(value)]
        raise site.error("wrong-kind", f"in can't search {self.describe(value)}")

    def _choice(self, code: Code, node: ast.IfExp) -> Any:
        chosen = (
            node.body if self.truth(self._evaluate(code, node.test), Site(code, node.test)) else node.orelse
        )
        return self._evaluate(code, chosen)

    def _subscript(self, code: Code, node: ast.Subscript) -> Any:
        value = self._evaluate(code, node.value)
        index = self._evaluate(code, node.slice)
        site = Site(code, node)
        if self.engine.is_tensor(value):
            return self.engine.get_item(value, index, site)
        if isinstance(index, (Size, slice)):
            index = _fix_index(index)
        if self.engine.is_layer(value):
            return self._subscript_layer(value, index, site)
        if not isinstance(value, (tuple, list, dict, str, range)):
            hint = ""
            if isinstance(value, BoundMethod) and isinstance(node.slice, (ast.Constant, ast.UnaryOp)):
                hint = f"write {code.segment(node.value)}({code.segment(node.slice)})"
            raise site.error("wrong-kind", f"{self.describe(value)} has no items", hint)
        try:
            return self.check_plain_result(value[index], site) if isinstance(index, slice) else value[index]
        except (IndexError, KeyError):
            size = (
                f"it has {len(value)} items"
                if not isinstance(value, dict)
                else f"it has {', '.join(map(str, value))}"
            )
            raise site.error("no-such-item", f"there is no item {index!r}; {size}") from None
        except TypeError as error:
            raise site.error("wrong-kind", str(error)) from None

    def _subscript_layer(self, layer: Any, index: Any, site: Site) -> Any:
        kind = self.engine.container_kind(layer)
        items = self.engine.container_items(layer)
        self.pay_for(items, site)
        if kind == "list" and isinstance(index, int) and not isinstance(index, bool):
            if -len(items) <= index < len(items):
                return items[index][1]
            size = f"it has {len(items)} layers, from 0 to {len(items) - 1}" if items else "it has none"
            raise site.error("no-such-item", f"there is no layer {index} in this container", size)
        if kind == "list" and isinstance(index, slice):
            return [layer for _, layer in items[index]]
        if kind == "dict":
            for name, item in items:
                if name == index:
                    return item
            hint = did_you_mean(str(index), [name for name, _ in items])
            raise site.error("no-such-item", f"there is no layer {index!r} in this ModuleDict", hint)
        raise site.error("wrong-kind", f"{self.describe(layer)} can't be indexed by {index!r}")

    def _slice(self, code: Code, node: ast.Slice) -> Any:
        parts = [
            None if part is None else self._evaluate(code, part)
            for part in (node.lower, node.upper, node.step)
        ]
        for part, part_node in zip(parts, (node.lower, node.upper, node.step), strict=True):
            if self.engine.is_tensor(part):
                message = "a slice by a tensor gives a size that depends on its values"
                raise code.problem(
                    "value-dependent", message, part_node, "write a number, or a size such as x.shape[1]"
                )
            if part is not None and (isinstance(part, bool) or not isinstance(part, (int, Size))):
                raise code.problem(
                    "wrong-kind", f"a slice needs ints, and this is {self.describe(part)}", part_node
                )
        return slice(*parts)

    def _attribute(self, code: Code, node: ast.Attribute, *, called: bool = False) -> Any:
        prefix = resolve_prefix(node.value)
        if isinstance(node.value, ast.Name) and node.value.id in self.scope.locals:
            prefix = None
        if prefix == "self":
            return self._self_attribute(code, node)
        if prefix is not None:
            found = find_in_namespace(prefix, node.attr)
            if found is MISSING:
                raise self._unknown_in_namespace(code, node, prefix)
            return found
        if isinstance(node.value, ast.Name) and next(self.candidates(node.value.id), MISSING) is MISSING:
            package = explain_package(node.value.id, node.attr)
            if package is not None:
                told, message, hint = package
                raise code.problem(told, message, node, hint)
        value = self._evaluate(code, node.value)
        return self._attribute_of(code, node, value, called)

    def _self_attribute(self, code: Code, node: ast.Attribute) -> Any:
        scope = self.scope
        if scope.owner is not None:
            member = self.engine.get_member(scope.owner, node.attr)
            if member is not MISSING:
                return member
        if node.attr in scope.params:
            return scope.params[node.attr]
        if node.attr == "training" and scope.stage == "forward":
            return self.engine.is_training()
        members = [] if scope.owner is None else list(self.engine.list_members(scope.owner))
        if scope.stage == "layers" and node.attr in scope.layer_names:
            hint = hint_shared(code, node, node.attr, scope.block, scope.layer)
            message = f"{node.attr} is a layer; one module can't stand in two places"
            raise code.problem("shared-layer", message, node, hint)
        hint = hint_member(node.attr, [*members, *scope.params])
        message = f"there is no layer, parameter or param called {node.attr}"
        raise code.problem("unknown-name", message, name_after_dot(node), hint)

    def _unknown_in_namespace(self, code: Code, node: ast.Attribute, prefix: str) -> SpecError:
        shown = {"F": "torch.nn.functional", "nn": "torch.nn"}.get(prefix, prefix)
        place = name_after_dot(node)
        if node.attr in REFUSED:
            message = f"{node.attr} is not in the spec language: {REFUSED[node.attr]}"
            return code.problem("refused-name", message, place)
        kind = "layer" if prefix == "nn" else "function"
        known = names_of_namespace(prefix)
        hint = hint_layer(node.attr, known) if kind == "layer" else did_you_mean(node.attr, known)
        message = f"{shown} has no {kind} {node.attr} that a spec may use"
        return code.problem(f"unknown-{kind}", message, place, hint)

    def _attribute_of(self, code: Code, node: ast.Attribute, value: Any, called: bool) -> Any:
        name, engine = node.attr, self.engine
        if engine.is_layer(value):
            member = engine.get_member(value, name)
            if member is not MISSING:
                return member
            if engine.container_kind(value) == "dict" and name in ("items", "keys", "values"):
                return BoundMethod(value, name)
            hint = did_you_mean(name, engine.list_members(value)) or "call a layer by name: layer(x)"
            raise code.problem("unknown-name", f"this layer has no member {name}", name_after_dot(node), hint)
        if engine.is_tensor(value):
            if name in METHODS:
                method = METHODS[name]
                return (
                    engine.get_attribute(value, method, Site(code, node))
                    if method.attribute
                    else BoundMethod(value, name)
                )
            raise self._unknown_method(code, node)
        if isinstance(value, list) and name in ("append", "extend"):
            return BoundMethod(value, name)
        if isinstance(value, dict) and name in ("items", "keys", "values"):
            return BoundMethod(value, name)
        if isinstance(value, (tuple, list)) and name == "numel":
            return BoundMethod(value, name)
        if isinstance(value, Dtype) and name == "is_floating_point":
            return value.name.startswith(("float", "bfloat"))
        text, hint = code.segment(node.value), ""
        if isinstance(value, (tuple, list)) and name in METHODS:
            hint = f"take an item, {text}[0], or make a tensor of it: stack({text}), cat({text})"
        elif name in INSTEAD_OF_CLASS_METHODS:
            hint = INSTEAD_OF_CLASS_METHODS[name]
        elif self.is_callable(value):
            hint = f"call it first: {text}(x)"
        elif name.startswith("__"):
            hint = NOTHING_INSIDE
        raise code.problem(
            "unknown-method", f"{self.describe(value)} has no {name}", name_after_dot(node), hint
        )

    def _unknown_method(self, code: Code, node: ast.Attribute) -> SpecError:
        name, place = node.attr, name_after_dot(node)
        if name in REFUSED:
            message = f"{name} is not in the spec language: {REFUSED[name]}"
            return code.problem("refused-name", message, place, hint_refused_method(name))
        message = f"a tensor has no method {name} that a spec may use"
        hint = NOTHING_INSIDE if name.startswith("__") else did_you_mean(name, METHODS)
        return code.problem("unknown-method", message, place, hint)

    def _call(self, code: Code, node: ast.Call) -> Any:
        function = node.func
        if isinstance(function, ast.Name):
            target = self.look_up(code, function, called=True)
        elif isinstance(function, ast.Attribute):
            target = self._attribute(code, function, called=True)
        else:
            target = self._evaluate(code, function)
        arguments = self._items(code, node.args)
        keywords: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self._evaluate(code, keyword.value)
            if keyword.arg is None:
                if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
                    raise code.problem("wrong-kind", "** needs a dict with names as keys", keyword.value)
                new = value
            else:
                new = {keyword.arg: value}
            for name in new:
                if name in keywords:
                    raise code.problem("doubled-argument", f"{name} is given twice", keyword, "give it once")
            keywords.update(new)
        return self.call(target, arguments, keywords, Site(code, node))

    def call(self, target: Any, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
        """Call a layer, function, class, method or builtin with evaluated arguments."""
        if isinstance(target, FunctionValue):
            return self._call_function(target, arguments, keywords, site)
        if isinstance(target, BoundMethod):
            return self._call_method(target, arguments, keywords, site)
        if isinstance(target, Builtin):
            return self._call_builtin(target.name, arguments, keywords, site)
        if isinstance(target, (LayerClass, BlockClass, WrapperClass, TensorClass)):
            if self.scope.stage == "forward":
                node = site.node
                given = bool(arguments) and self.engine.is_tensor(arguments[0])
                callee = site.code.segment(node.func) if given and isinstance(node, ast.Call) else ""
                raise site.error(*explain_class_in_forward(repr(target), site.text, callee))
            if self.scope.stage != "layers":
                hint = (
                    f"write {target!r} alone, and make it in `layers`" if self.scope.stage == "params" else ""
                )
                message = f"{target!r} is a class; layers are made in `layers`, not in `{self.scope.stage}`"
                raise site.error("layer-made-here", message, hint)
            return self.engine.construct(target, arguments, keywords, site)
        if self.engine.is_layer(target):
            if self.scope.stage != "forward":
                hint = "say here what it is, and in `forward` what it is given"
                raise site.error("layer-called-here", "a layer is called in `forward` only", hint)
            return self.engine.call_layer(target, arguments, keywords, site)
        if callable(target) and any(target is function for function in MATH.values()):
            return self._call_math(target, arguments, keywords, site)
        hint = "write * between factors" if isinstance(target, (int, float)) else ""
        what = self.describe(target)
        if isinstance(target, (tuple, list)) and isinstance(site.node, ast.Call) and len(arguments) == 1:
            hint = f"write {site.code.segment(site.node.func)}[{site.code.segment(site.node.args[0])}]"
        if isinstance(site.node, ast.Call) and isinstance(site.node.func, ast.Name):
            name = site.node.func.id
            what = f"{name} is {what} and"
            hint = f"write {site.text} if {name} is not None else x" if target is None else hint
        raise site.error("not-callable", f"{what} can't be called", hint)

    def _call_function(
        self, target: FunctionValue, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any:
        if self.scope.stage in ("params", "dims"):
            message = f"`{self.scope.stage}` holds plain values, and {target!r} makes a tensor"
            hint = "make it in `layers`, as in name: Buffer(zeros(4)) or Parameter(zeros(4))"
            raise site.error("tensor-here", message, hint)
        return self.engine.call_function(target, arguments, keywords, site)

    def _call_method(
        self, target: BoundMethod, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any:
        owner, name = target.owner, target.name
        if self.engine.is_layer(owner):
            owner = dict(self.engine.container_items(owner))
        if isinstance(owner, dict):
            self.pay_for(owner, site, pairs=name == "items")
            return _dict_view(owner, name)
        if isinstance(owner, (tuple, list)) and name == "numel":
            return self._call_builtin("prod", [owner], {}, site)
        if isinstance(owner, list):
            if len(arguments) != 1 or keywords:
                raise site.error("too-many-arguments", f"{name} takes one argument")
            added = [arguments[0]] if name == "append" else self.iterate(arguments[0], site)
            self.check_items(len(owner) + len(added), site)
            owner.extend(added)
            self.check_nesting(owner, site)
            return None
        return self.engine.call_method(owner, METHODS[name], arguments, keywords, site)

    def _call_math(self, function: Any, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
        if keywords or not all(isinstance(value, (int, float, Size)) for value in arguments):
            raise site.error(
                "wrong-kind", "functions of math take plain numbers", "for tensors use torch: torch.sqrt(x)"
            )
        try:
            if any(isinstance(value, _SIZED) for value in arguments):
                return _call_on_sizes(function, arguments)
            return function(*arguments)
        except (ValueError, OverflowError, ZeroDivisionError, TypeError) as error:
            raise site.error("wrong-kind", f"this can't be computed: {error}") from None

    def _call_builtin(self, name: str, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
        engine = self.engine
        if arguments and engine.is_tensor(arguments[0]):
            if name == "len":
                return engine.length(arguments[0], site)
            if name in ("int", "float", "bool"):
                raise site.error(
                    "tensor-truth",
                    f"{name}(...) would read a tensor's contents",
                    f"for its dtype write x.{name}()",
                )
            if name in FUNCTIONS:
                entry = FUNCTIONS[name]
                namespace = "torch" if "torch" in entry.namespaces else "F"
                return self._call_function(FunctionValue(entry, namespace), arguments, keywords, site)
        if any(engine.is_tensor(value) for value in arguments) and name == "range":
            raise site.error(
                "tensor-truth", "range would read a tensor's contents", "a size will do: range(x.shape[0])"
            )
        if any(engine.is_tensor(value) for value in arguments) and name in ("min", "max"):
            raise site.error(
                "wrong-kind",
                f"{name} of a plain value and a tensor",
                f"write torch.{name}imum(a, b) or clamp",
            )
        return BUILTIN_CALLS[name](self, arguments, keywords, site)

    def iterate(self, value: Any, site: Site) -> list[Any]:
        """The items of a plain sequence, a container of layers or, as PyTorch does it, of a tensor."""
        engine = self.engine
        if engine.is_tensor(value):
            self.check_items(as_int(engine.length(value, site)), site)
            return list(engine.call_method(value, METHODS["unbind"], [], {}, site))
        if engine.is_layer(value):
            kind = engine.container_kind(value)
            if not kind:
                raise site.error("wrong-kind", f"{self.describe(value)} is not a container")
            items = engine.container_items(value)
            self.pay_for(items, site)
            return [name if kind == "dict" else layer for name, layer in items]
        if isinstance(value, (tuple, list, range, dict, str)):
            self.check_items(len(value), site)
            self.pay_for(value, site)
            return list(value)
        hint = f"write range({site.text})" if isinstance(value, (int, Size)) else ""
        raise site.error("wrong-kind", f"{self.describe(value)} has no items to go through", hint)

    def _comprehend(self, code: Code, node: ast.ListComp | ast.GeneratorExp | ast.DictComp) -> Any:
        saved = dict(self.scope.locals)
        results: list[Any] = []
        try:
            self._generate(code, node, 0, results)
        finally:
            self.scope.locals.clear()
            self.scope.locals.update(saved)
        if not isinstance(node, ast.DictComp):
            return results
        if not all(isinstance(key, (str, int)) for key, _ in results):
            raise code.problem("wrong-kind", "a dict's keys are texts or ints", node.key)
        return dict(results)

    def _generate(
        self, code: Code, node: ast.ListComp | ast.GeneratorExp | ast.DictComp, depth: int, results: list[Any]
    ) -> None:
        if depth == len(node.generators):
            self.check_items(len(results) + 1, Site(code, node))
            if isinstance(node, ast.DictComp):
                results.append((self._evaluate(code, node.key), self._evaluate(code, node.value)))
            else:
                results.append(self._evaluate(code, node.elt))
            return
        generator = node.generators[depth]
        for item in self.iterate(self._evaluate(code, generator.iter), Site(code, generator.iter)):
            self.budget.spend(code, node)
            self.assign(code, generator.target, item)
            if all(self.truth(self._evaluate(code, test), Site(code, test)) for test in generator.ifs):
                self._generate(code, node, depth + 1, results)

    def _starred(self, code: Code, node: ast.Starred) -> Any:
        raise code.problem("not-in-language", "* unpacks inside a call, a list or a tuple only", node)

    def describe(self, value: Any) -> str:
        """What kind of thing a value is, in a few words."""
        if self.engine.is_tensor(value):
            return "a tensor"
        if self.engine.is_layer(value):
            return "a layer"
        if isinstance(value, (LayerClass, BlockClass)):
            return f"the class {value!r}"
        if isinstance(value, (FunctionValue, Builtin, WrapperClass)):
            return f"the function {value!r}"
        if isinstance(value, BoundMethod):
            return f"the method {value.name}"
        if value is None or isinstance(value, (bool, int, float, Size)):
            return repr(value)
        if isinstance(value, str):
            return f"the text {value[:40]!r}"
        return {"list": "a list", "tuple": "a tuple", "dict": "a dict", "range": "a range"}.get(
            type(value).__name__, f"a {type(value).__name__.lower()}"
        )

    # Statements ------------------------------------------------------------------------------------------

    def assign(self, code: Code, target: ast.expr, value: Any) -> None:
        """Bind a name, or several to the items of a value."""
        if isinstance(target, ast.Name):
            self.check_nesting(value, Site(code, target))
            self.scope.locals[target.id] = value
            return
        assert isinstance(target, (ast.Tuple, ast.List))
        items = self.iterate(value, Site(code, target))
        if len(items) != len(target.elts):
            raise code.problem(
                "unpack-count",
                f"{len(target.elts)} names for {len(items)} values",
                target,
                self._explain_unpacking(target, value),
                label=f"gets {len(items)} values",
            )
        for name, item in zip(target.elts, items, strict=True):
            self.assign(code, name, item)

    def _explain_unpacking(self, target: ast.Tuple | ast.List, value: Any) -> str:
        """How to unpack a value that has other items than there are names."""
        if self.engine.is_tensor(value):
            return "a tensor is unpacked along its first dimension"
        names = [name.id for name in target.elts if isinstance(name, ast.Name)]
        if not isinstance(value, (tuple, list)) or len(names) < len(target.elts):
            return ""
        rest = iter(names)
        parts = []
        for item in value:
            inner = [next(rest, "_") for _ in range(len(item))] if isinstance(item, tuple) else []
            parts.append(f"({', '.join(inner)})" if inner else next(rest, "_"))
        known = not list(rest) and len(parts) <= MAX_UNPACKED
        return f"write {', '.join(parts)} = ..." if known else ""

    def _no_layer(self, value: Any, code: Code, node: ast.expr, verb: str) -> None:
        """A layer in the place of its result is a slip that has its own error."""
        if self.engine.is_layer(value) or isinstance(value, (FunctionValue, Builtin, LayerClass, BlockClass)):
            name = code.segment(node)
            kind = (
                "layer"
                if self.engine.is_layer(value)
                else "class"
                if isinstance(value, (LayerClass, BlockClass))
                else "function"
            )
            if kind != "layer" and self.scope.stage == "forward" and verb == "assigns" and kind != "class":
                return
            raise code.problem(
                "layer-not-called",
                f"this {verb} the {kind} {name} itself, not its result",
                node,
                f"write {name}(x)",
            )

    def execute_assignment(self, code: Code, statement: ast.Assign | ast.AugAssign) -> Any:
        """Bind what an assignment names, and give the value. Raises SpecError."""
        value = self._evaluate(code, statement.value)
        if isinstance(statement, ast.AugAssign):
            target = statement.target
            assert isinstance(target, ast.Name)
            old = self.look_up(code, ast.copy_location(ast.Name(target.id, ast.Load()), target))
            value = self.apply_binary(type(statement.op), old, value, Site(code, statement), in_place=True)
            self.assign(code, target, value)
            return value
        self._no_layer(value, code, statement.value, "assigns")
        self.assign(code, statement.targets[0], value)
        return value

    def execute_assert(self, code: Code, statement: ast.Assert) -> None:
        """Raises SpecError with the assertion's own text where its condition is false."""
        if self.truth(self._evaluate(code, statement.test), Site(code, statement.test)):
            return
        text = ""
        if statement.msg is not None:
            told = self._evaluate(code, statement.msg)
            self.check_nesting(told, Site(code, statement.msg))
            text = f": {told}"
        message = f"assert {code.segment(statement.test)} doesn't hold{text}"
        raise code.problem("assertion-failed", message, statement)

    def execute_block(self, body: Body) -> Any:
        """Run a literal block and give what it returns."""
        outcome = self._execute(body, body.statements)
        if not isinstance(outcome, _Return):
            message = "this call came to the end of forward without a return"
            raise body.problem("no-return", message, body.statements[-1], "end it with return x")
        return outcome.value

    def _execute(self, code: Code, statements: Sequence[ast.stmt]) -> Any:
        for statement in statements:
            self.budget.spend(code, statement)
            if self.recovery is None:
                outcome = _STATEMENTS[type(statement)](self, code, statement)
            else:
                outcome = self._attempt(
                    statement, partial(_STATEMENTS[type(statement)], self, code, statement)
                )
            if outcome is UNKNOWN:
                ends = any(isinstance(node, ast.Return) for node in ast.walk(statement))
                outcome = _Return(UNKNOWN) if ends else None
            if outcome is not None:
                return outcome
        return None

    def _attempt(self, statement: ast.stmt, run: Callable[[], Any]) -> Any:
        """What a statement gives; UNKNOWN where it failed, and then the names that it would change have no value."""
        if self.recovery is None:
            return run()
        mark = self.recovery.mark()
        try:
            return run()
        except SpecError as error:
            self.recovery.keep(error, mark)
        names = _find_changed(statement)
        for name in names:
            self.scope.locals.pop(name, None)
        self.scope.unread = self.scope.unread | names
        return UNKNOWN

    def _expression_statement(self, code: Code, statement: ast.Expr) -> None:
        value = self._evaluate(code, statement.value)
        if isinstance(statement.value, (ast.Name, ast.Attribute)) and not self.engine.is_tensor(value):
            self._no_layer(value, code, statement.value, "names")

    def _assignment_statement(self, code: Code, statement: ast.Assign | ast.AugAssign) -> None:
        self.execute_assignment(code, statement)

    def _return_statement(self, code: Code, statement: ast.Return) -> _Return:
        if statement.value is None:
            return _Return(None)
        value = self._evaluate(code, statement.value)
        self._no_layer(value, code, statement.value, "returns")
        return _Return(value)

    def _if_statement(self, code: Code, statement: ast.If) -> Any:
        test = self.truth(self._evaluate(code, statement.test), Site(code, statement.test))
        return self._execute(code, statement.body if test else statement.orelse)

    def _for_statement(self, code: Code, statement: ast.For) -> Any:
        for item in self.iterate(self._evaluate(code, statement.iter), Site(code, statement.iter)):
            self.assign(code, statement.target, item)
            outcome = self._execute(code, statement.body)
            if outcome is _BREAK:
                break
            if isinstance(outcome, _Return):
                return outcome
        return None

    def execute_list(self, bodies: Sequence[Body], first: Any) -> Any:
        """Run the statements of a list: each gives the running value to the next; the last is the output."""
        running = first
        for body in bodies:
            for statement in body.statements:
                self.budget.spend(body, statement)
                running = self._attempt(statement, partial(self._execute_listed, body, statement, running))
        return running

    def _execute_listed(self, code: Code, statement: ast.stmt, running: Any) -> Any:
        if isinstance(statement, (ast.Assign, ast.AugAssign)):
            return self.execute_assignment(code, statement)
        if isinstance(statement, ast.Assert):
            self.execute_assert(code, statement)
            return running
        if isinstance(statement, ast.Return):
            outcome = self._return_statement(code, statement)
            return outcome.value
        assert isinstance(statement, ast.Expr)
        node = statement.value
        if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
            return self._evaluate(code, node)
        if isinstance(node, ast.Name) and node.id not in self.scope.locals:
            value = self.look_up(code, node, called=True)
        else:
            value = self._evaluate(code, node)
        if running is UNKNOWN and self.is_callable(value):
            raise SpecError()
        if isinstance(value, Builtin) and value.name in FUNCTIONS and self.engine.is_tensor(running):
            return self._call_builtin(value.name, [running], {}, Site(code, node))
        if isinstance(value, (FunctionValue, LayerClass, BlockClass)) or self.engine.is_layer(value):
            return self.call(value, [running], {}, Site(code, node))
        return value


class _Return:
    def __init__(self, value: Any) -> None:
        self.value = value


def _find_changed(statement: ast.stmt) -> Set[str]:
    """The names whose values a statement sets or changes; of an assertion those that it is about."""
    asserts = isinstance(statement, ast.Assert)
    names: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and (asserts or isinstance(node.ctx, ast.Store)):
            names.add(node.id)
        # What a list or tensor holds after a call that didn't end isn't known.
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.attr.endswith("_") or node.attr in ("append", "extend"))
        ):
            names.add(node.value.id)
    return names


def _fix_index(index: Any) -> Any:
    """A subscript of a sequence or container, whose items are as many as in the trace."""
    if isinstance(index, slice):
        return slice(fix(index.start), fix(index.stop), fix(index.step))
    return fix(index)


def _call_on_sizes(function: Any, arguments: Sequence[Any]) -> Any:
    """A function of ``math`` on sizes and floats made of them."""
    name = function.__name__
    if name not in ("floor", "ceil"):
        return apply_function(function, *arguments)
    (number,) = arguments
    return round_quotient(number, name) if isinstance(number, SizeFloat) else number


_BREAK = object()
_CONTINUE = object()


def _dict_view(items: Mapping[Any, Any], name: str) -> list[Any]:
    return list({"items": items.items, "keys": items.keys, "values": items.values}[name]())


_EVALUATE: dict[type[ast.expr], Callable[[Interpreter, Code, Any], Any]] = {
    ast.Name: Interpreter._name,
    ast.Constant: Interpreter._constant,
    ast.Tuple: Interpreter._tuple,
    ast.List: Interpreter._list,
    ast.Dict: Interpreter._dict,
    ast.BinOp: Interpreter._binary,
    ast.UnaryOp: Interpreter._unary,
    ast.BoolOp: Interpreter._boolean,
    ast.Compare: Interpreter._compare,
    ast.IfExp: Interpreter._choice,
    ast.Subscript: Interpreter._subscript,
    ast.Slice: Interpreter._slice,
    ast.Attribute: Interpreter._attribute,
    ast.Call: Interpreter._call,
    ast.ListComp: Interpreter._comprehend,
    ast.GeneratorExp: Interpreter._comprehend,
    ast.DictComp: Interpreter._comprehend,
    ast.Starred: Interpreter._starred,
}

_STATEMENTS: dict[type[ast.stmt], Callable[[Interpreter, Code, Any], Any]] = {
    ast.Expr: Interpreter._expression_statement,
    ast.Assign: Interpreter._assignment_statement,
    ast.AugAssign: Interpreter._assignment_statement,
    ast.Assert: Interpreter.execute_assert,
    ast.Return: Interpreter._return_statement,
    ast.If: Interpreter._if_statement,
    ast.For: Interpreter._for_statement,
    ast.Pass: lambda self, code, statement: None,
    ast.Break: lambda self, code, statement: _BREAK,
    ast.Continue: lambda self, code, statement: _CONTINUE,
}
