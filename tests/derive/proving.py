"""One expression with both engines: PyTorch on the CPU is the proof of each rule."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from layercli.build.builder import _Maker
from layercli.build.engine import TorchEngine
from layercli.build.types import type_of as torch_type_of
from layercli.catalogue.operators import OPERATORS
from layercli.catalogue.sizes import as_int
from layercli.catalogue.tensors import Refusal, Tensor, settings
from layercli.derive.engine import Pass, TypeEngine, TypeKind, call_module
from layercli.derive.engine import type_of as derived_type_of
from layercli.derive.holdings import record_modules
from layercli.derive.modules import ModuleMaker
from layercli.errors import LayercliError, Source
from layercli.plan.planner import PlanEngine
from layercli.plan.records import LayerPlan, map_plans
from layercli.run.tensors import record_modules as record_torch_modules
from layercli.run.tracer import trace_module
from layercli.spec.document import Text
from layercli.spec.expressions import parse_expression
from layercli.spec.interpreter import Budget, Interpreter, Scope
from layercli.spec.values import Site
from layercli.trace import format_type
from layercli.trace.modules import ModuleRecord
from layercli.trace.recorder import Recorder

#: Complaints of PyTorch about values, which no type can show.
VALUE_ERRORS = re.compile(
    r"index out of range|out of bounds|out of range|must be within|singular|Class values|probability|"
    r"all elements of input should be between|Target -?\d+ is|less than|is not positive|converge|indices element|invalid max index|Target values should be|"
    r"ZeroDivisionError(?!:)|cannot be negative|weights sum to zero|rate to be non-negative|p_in >= 0|out of DATA bounds|number of ones in mask|not in the valid range|"
    r"offsets\[(0|-1)\]|Expected idx >= 0|Expected i < index_size|the last offset value should be|"
    r"Expected (input|target)_lengths to have value|size \d+ at dimension 0, but got size \d+ for argument #2 'targets'|"
    r"have size at least \d+ at dimension 1, but got size \d+ for argument #2 'targets'|"
    r"more than one element of the written-to tensor.*embedding|"
    r"invalid multinomial distribution|expects to return a \[from, to\) range|expects p to be in|can't allocate memory|"
    r"min_val cannot be greater|q values must be in the range|max must be larger than min",
)


#: Two of them that types do show.
_TYPE_ERRORS = re.compile(r"Dimension out of range|Dimension specified as")


@dataclass(frozen=True)
class Outcome:
    """What came of an expression: types and strides, or why it was refused.

    ``by`` names the operation that PyTorch refused; it is empty where both engines' shared code refuses.
    """

    text: str = ""
    refused: str = ""
    by_value: bool = False
    by: str = ""


@dataclass(frozen=True)
class Verdict:
    """What two engines say of one call.

    ``said`` is the sentence with which the rules refuse it. ``legal``: both give the same. ``illegal``: PyTorch refuses it, and so do the rules. ``differs``: they don't agree, and
    ``text`` shows how. ``untold``: refused because of values, or before PyTorch was asked.
    """

    kind: Literal["legal", "illegal", "differs", "untold"]
    text: str = ""
    said: str = ""


def is_by_value(notes: str) -> bool:
    """Whether PyTorch complained of values."""
    return bool(VALUE_ERRORS.search(notes)) and not _TYPE_ERRORS.search(notes)


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


def evaluate(engine: TorchEngine | TypeEngine, text: str) -> Any:
    """The value of an expression, or of an operator in place, which is written as a call of its name."""
    interpreter = Interpreter(engine, Scope("inputs"))
    name, _, rest = text.partition("(")
    if name not in OPERATORS or not rest:
        return interpreter.evaluate(parse(text))
    code = parse(text)
    operands, _ = _evaluate_call(interpreter, rest[:-1])
    site = Site(code, code.tree)
    if not operands or not engine.is_tensor(operands[0]):
        raise site.error("wrong-kind", "an operator in place is proved of tensors")
    return engine.apply_operator(name, list(operands), site)


#: Where PyTorch decides what is legal.
CPU = torch.device("cpu")


def run_on_torch(text: str, device: torch.device = CPU) -> tuple[Outcome, str]:
    """The outcome of an expression on PyTorch, and the strides of its result."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = evaluate(TorchEngine(None, device), text)
        except LayercliError as error:
            problem = error.problems[0]
            notes = " ".join((*problem.notes, problem.message))
            asked = any(note.startswith("PyTorch: ") for note in problem.notes)
            by = problem.message.partition(" ")[0] if asked else ""
            return Outcome(refused=notes, by_value=is_by_value(notes), by=by), ""
    return Outcome(format_type(torch_type_of(value))), strides_of(value)


def run_on_types(text: str) -> tuple[Outcome, str]:
    """The outcome of an expression by the rules, and the strides of its result."""
    with settings("float32"):
        try:
            value = evaluate(TypeEngine(None), text)
        except LayercliError as error:
            return Outcome(refused=error.problems[0].message), ""
    return Outcome(format_type(derived_type_of(value))), strides_of(value)


def compare(text: str, callee: str) -> Verdict:
    """What the engines say of an expression that calls ``callee``."""
    actual, strides = run_on_torch(text)
    if actual.refused and not actual.by:
        # Nothing was asked of PyTorch, and both engines share the code that refused.
        return Verdict("untold")
    try:
        derived, own = run_on_types(text)
    except Exception as error:
        return Verdict("differs", f"{text}\n  the rule fails: {error!r}")
    if bool(actual.refused) != bool(derived.refused):
        if actual.by_value:
            return Verdict("untold")
        if actual.refused:
            return Verdict("differs", f"{text}\n  torch refuses: {actual.refused}\n  derived: {derived.text}")
        return Verdict("differs", f"{text}\n  torch: {actual.text}\n  refused: {derived.refused}")
    if actual.refused:
        return Verdict("illegal" if actual.by == callee else "untold", said=derived.refused)
    if actual.text != derived.text:
        return Verdict("differs", f"{text}\n  torch: {actual.text}\n  derived: {derived.text}")
    if "?" not in own and own != strides:
        return Verdict("differs", f"{text}\n  torch strides: {strides}\n  derived strides: {own}")
    return Verdict("legal")


def disagreement(text: str) -> str:
    """How the two engines differ about an expression; empty where they agree."""
    return compare(text, "").text


def call_text(namespace: str, name: str, arguments: str) -> str:
    """The expression that calls an operation in a namespace with sample arguments."""
    if namespace != "Tensor":
        return f"{namespace}.{name}({arguments})"
    call = ast.parse(f"f({arguments})", mode="eval").body
    assert isinstance(call, ast.Call)
    first, rest = ast.unparse(call.args[0]), call
    rest.args = rest.args[1:]
    return f"({first}).{name}{ast.unparse(rest)[1:]}"


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
    asked: bool = False


def plan_layer(text: str) -> LayerPlan:
    """The plan of a constructor's call. Raises SpecError."""
    plan = Interpreter(PlanEngine(), Scope("layers")).evaluate(parse(text))
    assert isinstance(plan, LayerPlan)
    return plan


def run_layer_on_torch(
    plan: LayerPlan, inputs: str, *, train: bool = False, device: torch.device = CPU
) -> LayerOutcome:
    """Make and call a layer on a device. ``inputs`` is the text of a call's arguments, tensors as expressions."""
    torch.manual_seed(0)
    maker = _Maker(device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with device:
                layer = maker.make_layer(plan)
            if maker.problems:
                return LayerOutcome(refused=maker.problems[0].message, asked=True)
            engine = TorchEngine(None, device)
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
            problem = error.problems[0]
            notes = " ".join((problem.message, *problem.notes))
            refused = problem.code in ("layer-failed", "invalid-argument", "index-range")
            asked = refused or "PyTorch refuses" in notes
            return LayerOutcome(refused=notes, by_value=is_by_value(notes), asked=asked)
    rows = [f"{row.path} {row.type} {format_type(row.output)}" for row in trace.rows if row.path]
    tensors = [f"{held.name} {held.kind} {held.type} {held.persistent}" for held in trace.tensors]
    assert len(record_torch_modules(layer)) > 0
    return LayerOutcome("\n".join(tensors), "\n".join([*rows, format_type(trace.output)]), strides[-1])


def run_layer_on_types(plan: LayerPlan, inputs: str, *, train: bool = False) -> LayerOutcome:
    """Make and call a layer by the rules."""
    with settings("float32"):
        maker = ModuleMaker.__new__(ModuleMaker)
        maker.training, maker.problems, maker.maker = train, {}, TypeEngine(None)
        recorder = Recorder(TypeKind(), {})
        try:
            module = maker.make_layer("", plan)
            if maker.problems:
                return LayerOutcome(refused=next(iter(maker.problems)).message)
            arguments, keywords = _evaluate_call(Interpreter(TypeEngine(None), Scope("inputs")), inputs)
            output = call_module(module, list(arguments), keywords, Pass(recorder, Budget(), {}))
        except LayercliError as error:
            return LayerOutcome(refused=error.problems[0].message)
        except Refusal as refusal:
            return LayerOutcome(refused=refusal.message)
    tensors = [
        f"{record.path}.{held.name} {held.kind} {held.type} {held.persistent}".lstrip(".")
        for record in record_modules(module)
        if isinstance(record, ModuleRecord)
        for held in record.tensors
    ]
    rows = [
        f"{draft.path} {draft.type} {format_type(draft.output)}"
        for draft in recorder.own_drafts
        if draft.path
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


def compare_layer(constructor: str, inputs: str, *, train: bool = False) -> Verdict:
    """What the engines say of a layer and one call of it."""
    shown = f"{constructor} on ({inputs}){' in train mode' if train else ''}"
    try:
        plan = plan_layer(constructor)
    except LayercliError:
        return Verdict("untold")
    actual = run_layer_on_torch(plan, inputs, train=train)
    try:
        derived = run_layer_on_types(plan, inputs, train=train)
    except Exception as error:
        return Verdict("differs", f"{shown}\n  the rule fails: {error!r}")
    if bool(actual.refused) != bool(derived.refused):
        if actual.by_value:
            return Verdict("untold")
        if actual.refused:
            return Verdict(
                "differs", f"{shown}\n  torch refuses: {actual.refused}\n  derived: {derived.rows}"
            )
        return Verdict("differs", f"{shown}\n  torch: {actual.rows}\n  refused: {derived.refused}")
    if actual.refused:
        return Verdict("illegal" if actual.asked else "untold", said=derived.refused)
    if actual.tensors != derived.tensors:
        return Verdict("differs", f"{shown}\n  torch holds:\n{actual.tensors}\n  derived:\n{derived.tensors}")
    if actual.rows != derived.rows:
        return Verdict("differs", f"{shown}\n  torch rows:\n{actual.rows}\n  derived:\n{derived.rows}")
    if "?" not in derived.strides and derived.strides != actual.strides:
        text = f"{shown}\n  torch strides: {actual.strides}\n  derived strides: {derived.strides}"
        return Verdict("differs", text)
    return Verdict("legal")


def layer_disagreement(constructor: str, inputs: str, *, train: bool = False) -> str:
    """How the two engines differ about a layer and one call of it; empty where they agree."""
    return compare_layer(constructor, inputs, train=train).text
