"""Sample calls of the catalogue, narrated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layercli.catalogue.tensors import Tensor, settings
from layercli.derive.engine import Call, Pass, TypeEngine, TypeKind, call_module
from layercli.derive.modules import ModuleMaker
from layercli.explain.narrator import NarratedCall, narrate_call
from layercli.spec.interpreter import Budget, Interpreter, Scope
from layercli.trace.recorder import Recorder
from tests.derive.proving import _evaluate_call, parse, plan_layer


def watch_operations(text: str) -> list[Call]:
    """The calls of an expression of the spec language, by the rules."""
    calls: list[Call] = []
    recorder = Recorder(TypeKind(), {})
    recorder.begin_layer("", "", None, [], {}, names=[], members=(), text="", told=False, position=None)
    engine = TypeEngine(None, Pass(recorder, Budget(), {}, watch=calls.append))
    with settings("float32"):
        Interpreter(engine, Scope("inputs")).evaluate(parse(text))
    return calls


def watch_layer(constructor: str, inputs: str, *, train: bool = False) -> list[Call]:
    """The calls of a layer and those inside it, by the rules."""
    calls: list[Call] = []
    with settings("float32"):
        maker = ModuleMaker.__new__(ModuleMaker)
        maker.training, maker.problems, maker.maker = train, {}, TypeEngine(None)
        module = maker.make_layer("", plan_layer(constructor))
        arguments, keywords = _evaluate_call(Interpreter(TypeEngine(None), Scope("inputs")), inputs)
        running = Pass(Recorder(TypeKind(), {}), Budget(), {}, watch=calls.append)
        call_module(module, list(arguments), keywords, running)
    return calls


def narrate_text(text: str) -> NarratedCall:
    """The last call of an expression."""
    return narrate_call(watch_operations(text)[-1])


def narrate_sample(constructor: str, inputs: str, *, train: bool = False) -> NarratedCall:
    """The call of a layer."""
    return narrate_call(watch_layer(constructor, inputs, train=train)[-1])


def list_numbers(value: Any) -> Iterator[int]:
    """Every size in an output."""
    if isinstance(value, Tensor):
        yield from value.shape  # type: ignore[misc]
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from list_numbers(item)
    elif isinstance(value, dict):
        yield from list_numbers(list(value.values()))
