"""One expression with both engines: PyTorch on the CPU is the proof of each rule.

``mutate`` changes a legal expression at random, so that illegal calls are proved to be refused by both.
"""

from __future__ import annotations

import ast
import random
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from layercli.build.builder import _Maker
from layercli.build.engine import TorchEngine
from layercli.build.types import type_of as torch_type_of
from layercli.catalogue.sizes import as_int
from layercli.catalogue.tensors import Refusal, Tensor, settings
from layercli.derive.engine import Pass, TypeEngine, TypeKind, call_module
from layercli.derive.engine import type_of as derived_type_of
from layercli.derive.modules import ModuleMaker, record_modules
from layercli.errors import LayercliError, Source
from layercli.plan.planner import PlanEngine
from layercli.plan.records import LayerPlan, map_plans
from layercli.run.tensors import record_modules as record_torch_modules
from layercli.run.tracer import trace_module
from layercli.spec.document import Text
from layercli.spec.expressions import parse_expression
from layercli.spec.interpreter import Budget, Interpreter, Scope
from layercli.trace import format_type
from layercli.trace.recorder import Recorder

#: Complaints of PyTorch about values, which no type can show.
VALUE_ERRORS = re.compile(
    r"index out of range|out of bounds|out of range|must be within|singular|Class values|probability|"
    r"all elements of input should be between|Target -?\d+ is|less than|is not positive|converge|indices element|invalid max index|Target values should be|"
    r"ZeroDivisionError(?!:)|cannot be negative|weights sum to zero|rate to be non-negative|p_in >= 0|out of DATA bounds|number of ones in mask|not in the valid range|"
    r"offsets\[(0|-1)\]|Expected idx >= 0|Expected i < index_size|the last offset value should be",
)


@dataclass(frozen=True)
class Outcome:
    """What came of an expression: types and strides, or why it was refused."""

    text: str = ""
    refused: str = ""
    by_value: bool = False


def parse(text: str) -> Any:
    """An expression of the spec language."""
    return parse_expression(Text.whole(Source("proof", text)))


def strides_of(value: Any) -> str:
    """The strides of every tensor in a nest, leaving out sizes of 0 and 1, whose strides mean nothing."""
    if isinstance(value, torch.Tensor):
        pairs = list(zip(value.shape, value.stride(), strict=True))
    elif isinstance(value, Tensor):
        if value.strides is None:
            return "?"
        pairs = [(as_int(a), as_int(b)) for a, b in zip(value.shape, value.strides, strict=True)]
    elif isinstance(value, (tuple, list)):
        return "(" + ", ".join(strides_of(item) for item in value) + ")"
    else:
        return ""
    if any(size == 0 for size, _ in pairs):
        return "empty"
    return str([stride for size, stride in pairs if size > 1])


def run_on_torch(text: str) -> tuple[Outcome, str]:
    """The outcome of an expression on PyTorch, and the strides of its result."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = Interpreter(TorchEngine(None, torch.device("cpu")), Scope("inputs")).evaluate(parse(text))
        except LayercliError as error:
            notes = " ".join((*error.problems[0].notes, error.problems[0].message))
            return Outcome(refused=notes, by_value=bool(VALUE_ERRORS.search(notes))), ""
    return Outcome(format_type(torch_type_of(value))), strides_of(value)


def run_on_types(text: str) -> tuple[Outcome, str]:
    """The outcome of an expression by the rules, and the strides of its result."""
    with settings("float32"):
        try:
            value = Interpreter(TypeEngine(None), Scope("inputs")).evaluate(parse(text))
        except LayercliError as error:
            return Outcome(refused=error.problems[0].message), ""
    return Outcome(format_type(derived_type_of(value))), strides_of(value)


def disagreement(text: str) -> str:
    """How the two engines differ about an expression; empty where they agree."""
    actual, strides = run_on_torch(text)
    if actual.by_value:
        return ""
    derived, own = run_on_types(text)
    if bool(actual.refused) != bool(derived.refused):
        if actual.refused:
            return f"{text}\n  torch refuses: {actual.refused}\n  derived: {derived.text}"
        return f"{text}\n  torch: {actual.text}\n  refused: {derived.refused}"
    if actual.text != derived.text:
        return f"{text}\n  torch: {actual.text}\n  derived: {derived.text}"
    if not actual.refused and "?" not in own and own != strides:
        return f"{text}\n  torch strides: {strides}\n  derived strides: {own}"
    return ""


def call_text(namespace: str, name: str, arguments: str) -> str:
    """The expression that calls an operation in a namespace with sample arguments."""
    if namespace != "Tensor":
        return f"{namespace}.{name}({arguments})"
    call = ast.parse(f"f({arguments})", mode="eval").body
    assert isinstance(call, ast.Call)
    first, rest = ast.unparse(call.args[0]), call
    rest.args = rest.args[1:]
    return f"({first}).{name}{ast.unparse(rest)[1:]}"


_DTYPED = ("float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool")


class _Mutation(ast.NodeTransformer):
    """Changes sizes, numbers and dtypes of an expression at random."""

    def __init__(self, generator: random.Random, rate: float) -> None:
        self.generator = generator
        self.rate = rate

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if self.generator.random() > self.rate:
            return node
        if isinstance(node.value, bool):
            return ast.Constant(not node.value)
        if isinstance(node.value, int):
            return ast.Constant(self.generator.choice((0, 1, 1, 2, 2, 3, 4, 5, 6, 8, -1, -2, node.value + 1)))
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("rand", "randn", "zeros", "ones") and self.generator.random() < self.rate:
            if node.args and isinstance(node.args[0], (ast.Tuple, ast.List)):
                return node
            if self.generator.random() < 0.5 and node.args:
                del node.args[self.generator.randrange(len(node.args))]
            else:
                place = self.generator.randrange(len(node.args) + 1)
                node.args.insert(place, ast.Constant(self.generator.choice((1, 1, 2, 3))))
            if not node.args:
                node.args = [ast.Tuple([], ast.Load())]
        if (
            name in ("rand", "randn", "randint", "zeros", "ones")
            and self.generator.random() < self.rate * 0.5
        ):
            dtype = self.generator.choice(_DTYPED)
            method = {"float64": "double", "float16": "half", "int64": "long", "int32": "int"}.get(dtype)
            if method is None:
                to = ast.Attribute(ast.Name("torch", ast.Load()), dtype, ast.Load())
                return ast.Call(ast.Attribute(node, "to", ast.Load()), [to], [])
            return ast.Call(ast.Attribute(node, method, ast.Load()), [], [])
        if name in ("rand", "randn") and len(node.args) > 1 and self.generator.random() < self.rate * 0.3:
            places = self.generator.sample(range(len(node.args)), 2)
            swapped = [ast.Constant(place) for place in places]
            return ast.Call(ast.Attribute(node, "transpose", ast.Load()), list(swapped), [])
        return node


def mutate(text: str, generator: random.Random, rate: float = 0.25) -> str:
    """A random neighbour of an expression."""
    tree = _Mutation(generator, rate).visit(ast.parse(text, mode="eval"))
    return ast.unparse(ast.fix_missing_locations(tree))


# Layers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerOutcome:
    """What came of making a layer and calling it: its tensors, the rows of its call, the strides of what it gave, or
    a refusal.
    """

    tensors: str = ""
    rows: str = ""
    strides: str = ""
    refused: str = ""
    by_value: bool = False


def plan_layer(text: str) -> LayerPlan:
    """The plan of a constructor's call. Raises SpecError."""
    plan = Interpreter(PlanEngine(), Scope("layers")).evaluate(parse(text))
    assert isinstance(plan, LayerPlan)
    return plan


def run_layer_on_torch(plan: LayerPlan, inputs: str, *, train: bool = False) -> LayerOutcome:
    """Make and call a layer on the CPU. ``inputs`` is the text of a call's arguments, tensors as expressions."""
    torch.manual_seed(0)
    maker = _Maker(torch.device("cpu"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            layer = maker.make_layer(plan)
            if maker.problems:
                return LayerOutcome(refused=maker.problems[0].message)
            engine = TorchEngine(None, torch.device("cpu"))
            arguments, keywords = _evaluate_call(Interpreter(engine, Scope("inputs")), inputs)
            strides: list[str] = []
            layer.register_forward_hook(lambda module, given, output: strides.append(strides_of(output)))
            trace = trace_module(
                layer,
                arguments,
                keywords,
                plans={"": plan, **map_plans(plan)},
                mode="train" if train else "eval",
            )
        except LayercliError as error:
            notes = " ".join((error.problems[0].message, *error.problems[0].notes))
            return LayerOutcome(refused=notes, by_value=bool(VALUE_ERRORS.search(notes)))
    rows = [f"{row.path} {row.type} {format_type(row.output)}" for row in trace.rows if row.path]
    tensors = [f"{held.name} {held.kind} {held.type} {held.persistent}" for held in trace.tensors]
    assert len(record_torch_modules(layer)) > 0
    return LayerOutcome("\n".join(tensors), "\n".join([*rows, format_type(trace.output)]), strides[-1])


def run_layer_on_types(plan: LayerPlan, inputs: str, *, train: bool = False) -> LayerOutcome:
    """Make and call a layer by the rules."""
    with settings("float32"):
        maker = ModuleMaker.__new__(ModuleMaker)
        maker.training, maker.problems, maker.maker = train, [], TypeEngine(None)
        recorder = Recorder(TypeKind(), {})
        try:
            module = maker.make_layer("", plan)
            if maker.problems:
                return LayerOutcome(refused=maker.problems[0].message)
            arguments, keywords = _evaluate_call(Interpreter(TypeEngine(None), Scope("inputs")), inputs)
            output = call_module(module, list(arguments), keywords, Pass(recorder, Budget(), {}))
        except LayercliError as error:
            return LayerOutcome(refused=error.problems[0].message)
        except Refusal as refusal:
            return LayerOutcome(refused=refusal.message)
    tensors = [
        f"{record.path}.{held.name} {held.kind} {held.type} {held.persistent}".lstrip(".")
        for record in record_modules(module)
        for held in record.tensors
    ]
    rows = [
        f"{draft.path} {draft.type} {format_type(draft.output)}" for draft in recorder.drafts if draft.path
    ]
    shown = "\n".join([*rows, format_type(derived_type_of(output))])
    return LayerOutcome("\n".join(tensors), shown, strides_of(output))


def _evaluate_call(interpreter: Interpreter, inputs: str) -> tuple[Sequence[Any], dict[str, Any]]:
    call = ast.parse(f"f({inputs})", mode="eval").body
    assert isinstance(call, ast.Call)
    arguments = [interpreter.evaluate(parse(ast.unparse(node))) for node in call.args]
    keywords = {
        node.arg: interpreter.evaluate(parse(ast.unparse(node.value))) for node in call.keywords if node.arg
    }
    return arguments, keywords


def layer_disagreement(constructor: str, inputs: str, *, train: bool = False) -> str:
    """How the two engines differ about a layer and one call of it; empty where they agree."""
    shown = f"{constructor} on ({inputs}){' in train mode' if train else ''}"
    try:
        plan = plan_layer(constructor)
    except LayercliError:
        return ""
    actual = run_layer_on_torch(plan, inputs, train=train)
    if actual.by_value:
        return ""
    derived = run_layer_on_types(plan, inputs, train=train)
    if bool(actual.refused) != bool(derived.refused):
        if actual.refused:
            return f"{shown}\n  torch refuses: {actual.refused}\n  derived: {derived.rows}"
        return f"{shown}\n  torch: {actual.rows}\n  refused: {derived.refused}"
    if actual.tensors != derived.tensors:
        return f"{shown}\n  torch holds:\n{actual.tensors}\n  derived:\n{derived.tensors}"
    if actual.rows != derived.rows:
        return f"{shown}\n  torch rows:\n{actual.rows}\n  derived:\n{derived.rows}"
    if not actual.refused and "?" not in derived.strides and derived.strides != actual.strides:
        return f"{shown}\n  torch strides: {actual.strides}\n  derived strides: {derived.strides}"
    return ""
