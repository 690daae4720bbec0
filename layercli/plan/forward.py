"""What can be said of a ``forward`` before it runs: names that mean nothing, and layers in order that can't be called."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence, Set
from typing import Any

from layercli.catalogue.dtypes import DTYPES
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.module_attributes import MODULE_ATTRIBUTES
from layercli.catalogue.refused import REFUSED, hint_refused_method
from layercli.errors import Label, Problem, SpecError, did_you_mean
from layercli.plan.records import LayerPlan, Member, ParameterPlan
from layercli.plan.ties import MAX_PROBLEMS
from layercli.spec.calls import UNKNOWN, check_function
from layercli.spec.expressions import Body, name_after_dot
from layercli.spec.mentions import list_listed
from layercli.spec.model import Block
from layercli.spec.names import (
    BUILTINS,
    find_class,
    find_function,
    find_in_namespace,
    names_of_namespace,
    resolve_prefix,
)
from layercli.spec.unknown import (
    DASHES,
    explain_class_in_forward,
    explain_package,
    explain_unknown,
    hint_layer,
    hint_listed,
    hint_member,
    hint_present,
)
from layercli.spec.values import (
    MISSING,
    BlockClass,
    Device,
    FunctionValue,
    LayerClass,
    Site,
    TensorClass,
    WrapperClass,
)

#: Attributes of plain values that a forward may use.
_PLAIN_ATTRIBUTES = frozenset({"append", "extend", "items", "keys", "values", "training"})


def check_forward(
    block: Block,
    children: Sequence[tuple[str, Member]] | None,
    dims: Sequence[str],
    outside: Mapping[str, str],
) -> list[Problem]:
    """The problems of a block's forward that need no run.

    ``children`` is None where the layers have problems, ``outside`` says what names mean that the block can't see.
    """
    if block.forward is None:
        return _check_order(block, children or ())
    if not block.forward.complete or not all(name.isidentifier() for name in _names(block)):
        return []
    layers = {name for name, child in children or () if isinstance(child, LayerPlan)}
    checker = _Checker(block, dims, layers, outside)
    for body in block.forward.bodies:
        checker.body = body
        checker.check_statements(body.statements)
        if len(checker.problems) > MAX_PROBLEMS:
            return checker.problems
    if block.forward.style == "block" and not any(
        isinstance(node, ast.Return) for node in ast.walk(block.forward.bodies[0].tree)
    ):
        body = block.forward.bodies[0]
        last = body.statements[-1] if body.statements else None
        hint = "end it with return x"
        if isinstance(last, ast.Expr):
            hint = f"write return {body.segment(last.value)}"
        elif isinstance(last, ast.Assign):
            hint = f"end it with return {body.segment(last.targets[0])}"
        checker.problems.append(
            Problem("no-return", "this forward returns nothing", body.position(last), hint=hint)
        )
    return checker.problems


def _names(block: Block) -> list[str]:
    numbered = () if block.numbered else block.layer_names
    return [*numbered, *(item.name for item in block.inputs), *(param.name for param in block.params)]


def _check_order(block: Block, children: Sequence[tuple[str, Member]]) -> list[Problem]:
    """Without a forward the layers run in order, so each has to be one that can be called."""
    problems = []
    for name, child in children:
        if not isinstance(child, LayerPlan):
            kind = "parameter" if isinstance(child, ParameterPlan) else "buffer"
            message = f"{name} is a {kind}, and without a forward the layers run in order"
            place, hint = child.site.position, f"write a forward that uses {name}"
        elif child.type_name in ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict"):
            message = f"{name} is a {child.type_name}, which can't be called, and without a forward the layers run in order"
            place, hint = child.position, "write a forward, or make it a Sequential"
        else:
            continue
        problems.append(Problem("not-callable", message, place, hint=hint))
    return problems


class _NoTensors:
    """What stands for tensors while nothing is known of them: no value is one."""

    def is_tensor(self, value: Any) -> bool:
        return False

    def is_layer(self, value: Any) -> bool:
        return False


def _stand_in(name: str | None, node: ast.expr) -> Any:
    """A literal as it is; for anything else a value that every check lets pass."""
    return node.value if isinstance(node, ast.Constant) else Device() if name == "device" else UNKNOWN


class _Checker:
    """Walks the statements in order and keeps the names that are assigned so far."""

    def __init__(
        self,
        block: Block,
        dims: Sequence[str],
        layers: Set[str],
        outside: Mapping[str, str],
    ) -> None:
        self.block = block
        self.params = {param.name for param in block.params}
        self.dims = dims
        self.layers = layers
        self.outside = outside
        self.members = set(block.layer_names)
        self.assigned = {item.name for item in block.inputs}
        self.anywhere = {
            node.id
            for body in (block.forward.bodies if block.forward else ())
            for node in ast.walk(body.tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        self.problems: list[Problem] = []
        self.told: set[tuple[str, str]] = set()
        self.body: Body

    def report(self, error: SpecError) -> None:
        """Keep a problem; of one that says the same of several places, the first."""
        for problem in error.problems:
            # One list needs to be told of once.
            listed = problem.hint.startswith(DASHES)
            said = ("", problem.hint) if listed else (problem.code, problem.message)
            if said not in self.told:
                self.told.add(said)
                self.problems.append(problem)

    def check_statements(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            if isinstance(statement, ast.Assign):
                self.check_called(statement.value, "assigns")
                self.check(statement.value)
                self.assign(statement.targets[0])
            elif isinstance(statement, ast.AugAssign):
                self.check(ast.copy_location(ast.Name(statement.target.id, ast.Load()), statement.target))  # type: ignore[union-attr]
                self.check(statement.value)
                self.assign(statement.target)
            elif isinstance(statement, ast.For):
                self.check(statement.iter)
                self.assign(statement.target)
                self.check_statements(statement.body)
            elif isinstance(statement, ast.If):
                self.check(statement.test)
                self.check_statements(statement.body)
                self.check_statements(statement.orelse)
            else:
                if isinstance(statement, ast.Return) and statement.value is not None:
                    self.check_called(statement.value, "returns")
                if isinstance(statement, ast.Expr):
                    self.check_class(statement.value, statement.value)
                    if isinstance(statement.value, ast.Name):
                        # In a list of statements it may be a layer or function for the running value.
                        self.check_name(statement.value, called=False, alone=True)
                        continue
                for child in ast.iter_child_nodes(statement):
                    if isinstance(child, ast.expr):
                        self.check(child)

    def check_called(self, node: ast.expr, verb: str) -> None:
        """A layer in the place of its result."""
        name = node.id if isinstance(node, ast.Name) else ""
        if isinstance(node, ast.Attribute) and resolve_prefix(node.value) == "self":
            name = node.attr
        elif name in self.assigned:
            return
        if name in self.layers:
            text = self.body.segment(node)
            message = f"this {verb} the layer {text} itself, not its result"
            first = next((item.name for item in self.block.inputs), "x")
            self.report(self.body.problem("layer-not-called", message, node, f"write {text}({first})"))

    def assign(self, target: ast.expr) -> None:
        self.assigned |= {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}

    def check(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            self.check_name(node, called=False)
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                self.check_name(node.func, called=True)
            else:
                self.check(node.func)
            self.check_call(node)
            for child in (*node.args, *node.keywords):
                self.check(child)
        elif isinstance(node, ast.Attribute):
            self.check_attribute(node)
        elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.DictComp)):
            before = set(self.assigned)
            for generator in node.generators:
                self.check(generator.iter)
                self.assign(generator.target)
                for test in generator.ifs:
                    self.check(test)
            for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                self.check(part)
            self.assigned = before
        else:
            for child in ast.iter_child_nodes(node):
                self.check(child)

    def check_call(self, node: ast.Call) -> None:
        """A class that is called, and names of arguments that a function hasn't."""
        target = self.find_target(node.func)
        self.check_class(node.func, node)
        unpacked = any(isinstance(item, ast.Starred) for item in node.args) or any(
            keyword.arg is None for keyword in node.keywords
        )
        if not isinstance(target, FunctionValue) or unpacked:
            return
        keywords = {keyword.arg or "": _stand_in(keyword.arg, keyword.value) for keyword in node.keywords}
        try:
            arguments = [_stand_in(None, item) for item in node.args]
            check_function(_NoTensors(), target, arguments, keywords, Site(self.body, node))
        except SpecError as error:
            self.report(error)

    def check_class(self, node: ast.expr, whole: ast.expr) -> None:
        """A class where a layer should be."""
        target = self.find_target(node)
        if isinstance(target, (LayerClass, BlockClass, WrapperClass, TensorClass)):
            callee = self.body.segment(node) if self.takes_local(whole) else ""
            code, message, hint = explain_class_in_forward(repr(target), self.body.segment(whole), callee)
            self.report(self.body.problem(code, message, whole, hint))

    def takes_local(self, node: ast.expr) -> bool:
        """Whether the first argument of a call is made of the forward's own values, as a tensor is and no size."""
        first = node.args[0] if isinstance(node, ast.Call) and node.args else None
        if isinstance(first, (ast.Attribute, ast.Subscript)) or first is None:
            return False
        return any(isinstance(part, ast.Name) and part.id in self.assigned for part in ast.walk(first))

    def find_target(self, node: ast.expr) -> Any:
        """The class or function that a call means, where that is known."""
        if isinstance(node, ast.Name):
            hidden = node.id in self.assigned or node.id in self.members or node.id in self.params
            found = find_class(node.id, self.block.definitions)
            return MISSING if hidden else found if found is not MISSING else find_function(node.id)
        prefix = resolve_prefix(node.value) if isinstance(node, ast.Attribute) else None
        if prefix in (None, "self") or not isinstance(node, ast.Attribute):
            return MISSING
        hidden = isinstance(node.value, ast.Name) and node.value.id in self.assigned
        return MISSING if hidden else find_in_namespace(prefix or "", node.attr)

    def is_known(self, name: str) -> bool:
        """Whether the block itself gives a name its meaning."""
        return name in self.assigned or name in self.members or name in self.params or name in self.dims

    def check_name(self, node: ast.Name, *, called: bool, alone: bool = False) -> None:
        name = node.id
        if self.is_known(name):
            return
        if name in self.anywhere:
            self.report(self.explain_early(node))
            return
        if name in DTYPES:
            return
        found = [
            value
            for value in (find_class(name, self.block.definitions), find_function(name))
            if value is not MISSING
        ]
        if found:
            return
        if name == "self":
            self.report(
                self.body.problem(
                    "unknown-name", "self alone is no value", node, "write self.layer, or a tensor's name"
                )
            )
            return
        if name in self.outside:
            message = f"{name} is {self.outside[name]} of the model, and a block sees only what is its own"
            hint = f"pass it to the block: inputs: [x, {name}], or as a param"
            self.report(self.body.problem("unknown-name", message, node, hint))
            return
        own = [*self.assigned, *self.anywhere, *self.members, *self.params, *self.dims]
        classes = [*self.block.definitions, *LAYERS] if name[:1].isupper() else []
        functions = [*FUNCTIONS, *BUILTINS] if called or alone else []
        code, message, hint = explain_unknown(name, [own, classes, functions], called=called)
        hint = self.hint_listed(name) or (self.hint_numbered() if called else "") or hint
        if not called and code == "unknown-name" and not hint:
            inputs = [item.name for item in self.block.inputs]
            hint = hint_present(dict.fromkeys([*inputs, *sorted(self.assigned)]))
        self.report(self.body.problem(code, message, node, hint))

    def hint_listed(self, name: str) -> str:
        """What to write for a name that a layer has in a list, where it is no name of the block."""
        found = [
            (path.rsplit(".", 2)[0] if path.count(".") > 1 else "", layer)
            for path, layer in list_listed(self.block)
        ]
        place = next((place for place, layer in found if layer.name == name), None)
        return "" if place is None else hint_listed([layer for other, layer in found if other == place])

    def hint_numbered(self) -> str:
        """What to do where the layers of a list have no names, which a forward calls them by."""
        if not self.block.numbered:
            return ""
        return "leave forward out, as the layers of a list run in order, or give each of them a name: net: Linear(8, 4)"

    def explain_early(self, node: ast.Name) -> SpecError:
        """A local that gets its value further down."""
        places = [
            body.position(store)
            for body in (self.block.forward.bodies if self.block.forward else ())
            for store in ast.walk(body.tree)
            if isinstance(store, ast.Name) and isinstance(store.ctx, ast.Store) and store.id == node.id
        ]
        later = [place for place in places if place.line > self.body.position(node).line]
        labels = (Label(later[0], "assigned here"),) if later else ()
        message = f"{node.id} is used before it is assigned"
        return SpecError(Problem("used-before-assigned", message, self.body.position(node), labels=labels))

    def check_attribute(self, node: ast.Attribute) -> None:
        prefix = resolve_prefix(node.value)
        if isinstance(node.value, ast.Name) and node.value.id in self.assigned:
            prefix = None
        if prefix == "self":
            if node.attr not in self.members and node.attr not in self.params and node.attr != "training":
                hint = self.hint_listed(node.attr) or self.hint_numbered()
                hint = hint or hint_member(node.attr, [*self.members, *self.params])
                if node.attr in MODULE_ATTRIBUTES:
                    hint = "a spec calls its layers by name, and no method of nn.Module"
                message = f"there is no layer, parameter or param called {node.attr}"
                self.report(self.body.problem("unknown-name", message, name_after_dot(node), hint))
            return
        if prefix is not None:
            self.check_in_namespace(node, prefix)
            return
        if isinstance(node.value, ast.Name) and not self.is_known(node.value.id):
            package = explain_package(node.value.id, node.attr)
            if package is not None:
                code, message, hint = package
                self.report(self.body.problem(code, message, node, hint))
                return
        before = len(self.problems)
        self.check(node.value)
        if len(self.problems) > before:
            return
        if isinstance(node.value, (ast.Call, ast.BinOp)) or (
            isinstance(node.value, ast.Name) and node.value.id in self.assigned
        ):
            self.check_method(node)

    def check_in_namespace(self, node: ast.Attribute, prefix: str) -> None:
        if find_in_namespace(prefix, node.attr) is not MISSING:
            return
        if node.attr in REFUSED:
            message = f"{node.attr} is not in the spec language: {REFUSED[node.attr]}"
            self.report(self.body.problem("refused-name", message, name_after_dot(node)))
            return
        shown = {"F": "torch.nn.functional", "nn": "torch.nn"}.get(prefix, prefix)
        kind = "layer" if prefix == "nn" else "function"
        known = names_of_namespace(prefix)
        hint = hint_layer(node.attr, known) if kind == "layer" else did_you_mean(node.attr, known)
        message = f"{shown} has no {kind} {node.attr} that a spec may use"
        self.report(self.body.problem(f"unknown-{kind}", message, name_after_dot(node), hint))

    def check_method(self, node: ast.Attribute) -> None:
        """A method of what is a local value: of a tensor, or one of the few of lists and dicts."""
        if node.attr in METHODS or node.attr in _PLAIN_ATTRIBUTES or node.attr in self.members:
            return
        if self._may_be_layer(node.value):
            return
        if node.attr in REFUSED:
            message = f"{node.attr} is not in the spec language: {REFUSED[node.attr]}"
            hint = hint_refused_method(node.attr)
            self.report(self.body.problem("refused-name", message, name_after_dot(node), hint))
            return
        message = f"a tensor has no method {node.attr} that a spec may use"
        hint = did_you_mean(node.attr, METHODS)
        self.report(self.body.problem("unknown-method", message, name_after_dot(node), hint))

    def _may_be_layer(self, node: ast.expr) -> bool:
        """Names of loops over containers hold layers, whose members aren't known here."""
        return isinstance(node, ast.Name) and any(
            isinstance(target, ast.Name) and target.id == node.id
            for body in (self.block.forward.bodies if self.block.forward else ())
            for loop in ast.walk(body.tree)
            if isinstance(loop, (ast.For, ast.comprehension))
            for target in ast.walk(loop.target)
        )
