"""Runs the rule of a layer or operation on narrated sizes and arguments, so that it tells its formulas.

``layercli.explain.entries.formulas_of`` gives the formulas of an entry of the catalogue in names.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from layercli.catalogue.counting import Cost, count_layer, count_operation
from layercli.catalogue.entries import TENSOR, Form
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.modules import Child, Module, State
from layercli.catalogue.narration import Constant, Name, Narrated, Operation, is_formula, narrate, term_of
from layercli.catalogue.sizes import as_int
from layercli.catalogue.tensors import Refusal, Tensor
from layercli.derive.engine import Call, rule_of
from layercli.record import record

#: The spatial sizes of an input, by their number.
_SPATIAL: Mapping[int, tuple[str, ...]] = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}

#: What changes the number of places, and of channels, and so tells those of the input from those of the output.
_CHANGING = re.compile(r"conv|pool|fold|pad|shuffle|interpolate|upsampl", re.IGNORECASE)
_MIXING = re.compile(r"conv|fold|pixel", re.IGNORECASE)
_IMAGES = re.compile(r"unfold|pixel_?(un)?shuffle", re.IGNORECASE)
_RESIZED = re.compile(r"upsampl|interpolate|channel_?shuffle", re.IGNORECASE)
#: What maps or looks up the last dimension of whatever stands before it.
_FEATURES = ("Linear", "Bilinear", "linear", "LayerNorm", "RMSNorm", "Embedding", "embedding")
_LEADING: Mapping[int, tuple[str, ...]] = {1: (), 2: ("N",), 3: ("N", "L")}
_SEQUENCES = ("RNN", "LSTM", "GRU")
_ATTENTION = ("MultiheadAttention",)


def name_sizes(owner: str, argument: str, rank: int, *, batch_first: bool = False) -> tuple[str, ...]:
    """The names of the sizes of an input: ``N, C_in, H_in, W_in``, or ``weight.shape[0]`` and so on.

    ``owner`` is the layer or operation, ``argument`` the name under which it takes the input.
    """
    plain = tuple(f"{argument}.shape[{place}]" for place in range(rank))
    if owner in _ATTENTION and argument in ("query", "key", "value"):
        steps = "L" if argument == "query" else "S"
        letters = ("N", steps) if batch_first else (steps, "N")
        return (*(letters if rank == 3 else (steps,)), plain[-1]) if rank in (2, 3) else plain
    if owner in _FEATURES and argument.startswith("input") and rank in _LEADING:
        return (*_LEADING[rank], plain[-1])
    if argument not in ("input", "x", "self"):
        return plain
    if owner in _SEQUENCES and rank in (2, 3):
        letters = ("N", "L") if batch_first else ("L", "N")
        return (*(letters if rank == 3 else ("L",)), "H_in")
    count = count_spatial(owner, rank)
    if not count:
        return plain
    places = "_in" if _CHANGING.search(owner) else ""
    channels = "C_in" if _MIXING.search(owner) else "C"
    return (*("N",)[: rank - count - 1], channels, *(name + places for name in _SPATIAL[count]))


def count_spatial(owner: str, rank: int) -> int:
    """How many of the last dimensions are spatial; 0 where none is known to be."""
    found = re.search(r"([123])d$", owner)
    if found is not None:
        count = int(found[1])
        return count if rank in (count + 1, count + 2) else 0
    if _IMAGES.fullmatch(owner):
        return 2 if rank in (3, 4) else 0
    return rank - 2 if _RESIZED.match(owner) and rank in (3, 4, 5) else 0


def name_results(owner: str, output: Tensor) -> tuple[str, ...]:
    """The names of the sizes of an output: those that it takes over, ``H_out``, or ``output.shape[1]``."""
    count = count_spatial(owner, output.dim)
    names = [f"output.shape[{place}]" for place in range(output.dim)]
    if count:
        letters = (*("N",)[: output.dim - count - 1], "C", *_SPATIAL[count])
        names = [letter if letter == "N" else f"{letter}_out" for letter in letters]
    return tuple(names)


#: What the letters of sizes stand for.
_WORDS: Mapping[str, str] = {
    "N": "batch",
    "C": "channels",
    "D": "depth",
    "H": "height",
    "W": "width",
    "L": "length",
    "S": "source length",
}


def name_words(owner: str, argument: str, rank: int) -> tuple[str, ...]:
    """The dimensions of an input in words: ``height``, or ``dimension 2`` where none is known."""
    names = name_sizes(owner, argument, rank)
    return tuple(
        _WORDS.get(name.removesuffix("_in"), f"dimension {place}") for place, name in enumerate(names)
    )


def name_result_words(owner: str, output: Tensor) -> tuple[str, ...]:
    """The dimensions of an output in words, empty where none is known."""
    return tuple(_WORDS.get(name.removesuffix("_out"), "") for name in name_results(owner, output))


@record
class NarratedCall:
    """A call whose numbers know how they came about.

    ``inputs`` are the tensors that it was given, by name. ``output`` is what its rule gave, ``state`` the parameters
    and buffers that its layer holds, ``macs`` and ``flops`` what the call costs, None where that isn't known.
    """

    owner: str
    inputs: tuple[tuple[str, Tensor], ...]
    output: Any
    state: tuple[State, ...]
    macs: int | None
    flops: int | None


def narrate_tensor(owner: str, argument: str, tensor: Tensor, *, batch_first: bool = False) -> Tensor:
    """The tensor with a name for each of its sizes."""
    names = name_sizes(owner, argument, tensor.dim, batch_first=batch_first)
    sizes = [narrate(size, name) for size, name in zip(tensor.shape, names, strict=True)]
    strides = None if tensor.strides is None else tuple(map(as_int, tensor.strides))
    return Tensor(tensor.dtype, sizes, strides, requires_grad=tensor.requires_grad)


def _narrate_value(owner: str, argument: str, value: Any, batch_first: bool = False) -> Any:
    """A value that a call was given, with names for all sizes and numbers in it."""
    if isinstance(value, Tensor):
        return narrate_tensor(owner, argument, value, batch_first=batch_first)
    if isinstance(value, (tuple, list)) and any(isinstance(item, (Tensor, tuple, list)) for item in value):
        items = (
            _narrate_value(owner, f"{argument}[{place}]", item, batch_first)
            for place, item in enumerate(value)
        )
        return type(value)(items)
    if isinstance(value, dict):
        return {key: _narrate_value(owner, f"{argument}[{key!r}]", item) for key, item in value.items()}
    return narrate(value, argument)


def list_tensors(name: str, value: Any) -> Iterator[tuple[str, Tensor]]:
    """The tensors in a value, by name."""
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, (tuple, list)):
        for place, item in enumerate(value):
            yield from list_tensors(f"{name}[{place}]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from list_tensors(f"{name}[{key!r}]", item)


def _name_result(owner: str, value: Any, symbols: Iterator[Any]) -> Any:
    """An output whose sizes are named where a formula gave them, for formulas that go on from there.

    ``symbols`` are the sizes of all outputs, with dims in them where they have any.
    """
    if isinstance(value, Tensor):
        sizes = [
            size if _is_named(size) else narrate(symbol, name)
            for size, name, symbol in zip(value.shape, name_results(owner, value), symbols, strict=False)
        ]
        return Tensor(value.dtype, sizes, value.strides)
    if isinstance(value, (tuple, list)):
        return type(value)(_name_result(owner, item, symbols) for item in value)
    if isinstance(value, dict):
        return {key: _name_result(owner, item, symbols) for key, item in value.items()}
    return value


def _list_sizes(output: Any) -> Iterator[Any]:
    return (size for _, tensor in list_tensors("", output) for size in tensor.shape)


def _is_named(size: Any) -> bool:
    return isinstance(size, Narrated) and isinstance(size.term, Name)


def run_quietly(module: Module, inputs: list[Any], keywords: dict[str, Any]) -> Any:
    """What a layer inside another one gives, without a row. Raises Refusal for a block of the spec."""
    if module.entry is None or module.entry.rule is None:
        raise Refusal("has a block inside, whose formulas are those of its own rows", code="no-rule")
    module.run = run_quietly
    return module.entry.rule(module, *inputs, **keywords)


def narrate_layer(
    module: Module, values: Sequence[Any], keywords: Mapping[str, Any], result: Any
) -> NarratedCall:
    """One call of a layer. Raises Refusal where the rule refuses it or the layer has no rule.

    ``values`` and ``keywords`` are what the rule was called with, ``result`` is what it gave.
    """
    entry = module.entry
    if entry is None or entry.rule is None:
        raise Refusal("has no rule of its own", code="no-rule")
    layer, state = narrate_module(module)
    owner = entry.name.removeprefix("Lazy")
    batch_first = bool(module.arguments.get("batch_first", False))
    names = _name_arguments(entry.rule, len(values) + 1)[1:]
    given = [
        _narrate_value(owner, name, value, batch_first) for name, value in zip(names, values, strict=True)
    ]
    named = {name: _narrate_value(owner, name, value, batch_first) for name, value in keywords.items()}
    output = entry.rule(layer, *given, **named)
    cost = count_layer(entry, layer, _name_result(owner, output, _list_sizes(result)), given, named)
    inputs = [*zip(names, given, strict=True), *named.items()]
    held = tuple(item for item in state if item.name not in module.computed)
    return _make_call(owner, inputs, output, held, cost)


def narrate_module(module: Module) -> tuple[Module, tuple[State, ...]]:
    """A layer whose arguments and tensors have names, and the tensors that its class makes."""
    entry = module.entry
    arguments = {name: narrate(value, name) for name, value in module.arguments.items()}
    layer = replace(module, arguments=arguments, run=run_quietly)
    state = tuple(entry.state(layer)) if entry is not None and entry.state is not None else ()
    layer.tensors = _hold(module.tensors, state)
    return layer, state


def list_read_state(module: Module) -> Iterator[State]:
    """The tensors of the layers inside one that uses their weights without a call, by their names in it."""
    entry = module.entry
    if entry is None or not entry.reads or entry.children is None:
        return
    layer, _ = narrate_module(module)
    for child in entry.children(layer):
        yield from _list_child_state(child, module.children[child.name])


def _list_child_state(child: Child, made: Module) -> Iterator[State]:
    entry = made.entry
    if entry is not None and entry.state is not None:
        for item in entry.state(replace(made, arguments={**made.arguments, **child.arguments})):
            yield replace(item, name=f"{child.name}.{item.name}")
    for inner in child.children:
        for item in _list_child_state(inner, made.children[inner.name]):
            yield replace(item, name=f"{child.name}.{item.name}")


def _hold(tensors: Mapping[str, Tensor], state: Sequence[State]) -> dict[str, Tensor]:
    """The tensors of a layer, with the formulas of their sizes where those are what the layer made."""
    held = dict(tensors)
    for item in state:
        own = held.get(item.name)
        if own is not None and tuple(map(as_int, own.shape)) == tuple(item.shape):
            held[item.name] = Tensor(own.dtype, item.shape, own.strides, requires_grad=own.requires_grad)
    return held


def narrate_operation(
    name: str,
    rule: Callable[..., Any],
    values: Sequence[Any],
    keywords: Mapping[str, Any],
    result: Any,
) -> NarratedCall:
    """One call of an operation by the name of its row. Raises Refusal where the rule refuses it."""
    names = _name_operands(name, rule, len(values))
    given = [_narrate_value(name, own, value) for own, value in zip(names, values, strict=True)]
    shown = {**_list_window_defaults(_find_form(name, rule, len(values)), names), **keywords}
    named = {own: _narrate_value(name, own, value) for own, value in shown.items()}
    output = rule(*given, **named)
    cost = count_operation(name, _name_result(name, output, _list_sizes(result)), given, named)
    return _make_call(name, [*zip(names, given, strict=True), *named.items()], output, (), cost)


def narrate_call(call: Call) -> NarratedCall:
    """A call of a derivation with the formulas of its numbers. Raises Refusal where there are none."""
    if call.module is not None:
        return narrate_layer(call.module, call.values, call.keywords, call.output)
    assert call.rule is not None
    return narrate_operation(call.draft.type, call.rule, call.values, call.keywords, call.output)


def is_leaf(call: Call) -> bool:
    """Whether a call is answered by a rule of its own, without rows inside it."""
    module = call.module
    return module is None or (module.entry is not None and (not module.children or module.entry.reads != ""))


def bind_call(call: Call) -> dict[str, Any]:
    """What a call was given, by name."""
    if call.module is None:
        assert call.rule is not None
        names = _name_operands(call.draft.type, call.rule, len(call.values))
    else:
        entry = call.module.entry
        rule = None if entry is None else entry.rule
        names = [] if rule is None else _name_arguments(rule, len(call.values) + 1)[1:]
    return {**dict(zip(names, call.values, strict=False)), **call.keywords}


def _make_call(
    owner: str, inputs: Sequence[tuple[str, Any]], output: Any, state: tuple[State, ...], cost: Cost
) -> NarratedCall:
    tensors = tuple(pair for name, value in inputs for pair in list_tensors(name, value))
    return NarratedCall(owner, tensors, output, state, cost.macs, cost.flops)


def _find_form(name: str, rule: Callable[..., Any], count: int) -> Form | None:
    """What was called by a name that a function and a method may have, as ``unfold``; None for an operator."""
    found = [forms[name] for forms in (FUNCTIONS, METHODS) if name in forms]
    for form in found:
        if any(rule_of(form, namespace) is rule for namespace in form.namespaces):
            return form
    return next((form for form in found if _takes(form, count)), None)


def _name_operands(name: str, rule: Callable[..., Any], count: int) -> list[str]:
    """The names of the values that an operation is called with by place."""
    form = _find_form(name, rule, count)
    if form is None:
        return _name_arguments(rule, count)
    names, rest = _list_places(form)
    return [*names[:count], *(f"{rest}[{place}]" for place in range(count - len(names)))]


#: Arguments of windows, which are told also where they have their default.
_WINDOW = ("stride", "padding", "dilation", "groups", "output_padding")


def _list_window_defaults(form: Form | None, given: Sequence[str]) -> dict[str, int]:
    """The arguments of a window that a call leaves out, with their defaults."""
    if form is None:
        return {}
    return {
        item.name: item.default
        for item in form.signature.parameters
        if item.name in _WINDOW and item.name not in given and isinstance(item.default, int)
    }


def _takes(form: Form, count: int) -> bool:
    names, rest = _list_places(form)
    return len(names) >= count or bool(rest)


def _list_places(form: Form) -> tuple[list[str], str]:
    """The names of what a form takes by place, a method's tensor first, and the name of the rest."""
    parameters = form.signature.parameters
    names = [item.name for item in parameters if item.kind in ("positional", "positional-only")]
    if form.namespaces == TENSOR:
        names.insert(0, "input")
    return names, next((item.name for item in parameters if item.kind == "rest"), "")


def _name_arguments(rule: Callable[..., Any], count: int) -> list[str]:
    """The names of what a rule takes by place."""
    parameters = inspect.signature(rule).parameters.values()
    names = [
        item.name
        for item in parameters
        if item.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    ]
    names += getattr(rule, "operands", ())
    return [*names[:count], *(f"argument[{place}]" for place in range(count - len(names)))]


def name_macs(flops: Any, macs: int | None) -> Any:
    """The FLOPs with the MACs in them by that name: ``2*MACs + ...``."""
    if not macs or not is_formula(flops):
        return flops
    term = term_of(flops)
    if not isinstance(term, Operation):
        return flops
    twice = Operation("*", (Constant(2), Name("MACs", macs)), 2 * macs, 2)
    if term.value == 2 * macs:
        return Narrated(int(flops), twice)
    if term.operator == "+" and term.operands[0].value == 2 * macs:
        return Narrated(int(flops), Operation("+", (twice, term.operands[1]), term.value, term.parts))
    return flops
