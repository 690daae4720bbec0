"""What a call asks of its inputs, found out by asking its rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from layercli.catalogue.narration import tell_names
from layercli.catalogue.sizes import Size, SizeTooComplex, as_int, make_dim, record_conditions
from layercli.catalogue.tensors import Refusal, Tensor
from layercli.derive.admissible import find_taken
from layercli.derive.engine import Call
from layercli.derive.session import Derivation
from layercli.errors import Problem, SpecError
from layercli.explain.narrator import bind_call, list_tensors, name_words, narrate_module, run_quietly
from layercli.trace.explanation import Accepted

#: Of more tensors it isn't asked.
MAX_TENSORS = 4
#: The other dtypes that are tried.
_DTYPES = ("float32", "float64", "int64", "bool")
_SYMBOL = "size"


def repeat_call(call: Call, put_in: Any) -> Any:
    """What the rule of a call gives for other inputs: ``put_in`` makes them of the tensors. Raises Refusal."""
    values = [_replace_tensors(value, put_in) for value in call.values]
    keywords = {name: _replace_tensors(value, put_in) for name, value in call.keywords.items()}
    if call.module is None:
        assert call.rule is not None
        return call.rule(*values, **keywords)
    entry = call.module.entry
    if entry is None or entry.rule is None:
        raise Refusal("has no rule", code="no-rule")
    return entry.rule(replace(call.module, run=run_quietly), *values, **keywords)


def _replace_tensors(value: Any, put_in: Any) -> Any:
    if isinstance(value, Tensor):
        return put_in(value)
    if isinstance(value, (tuple, list)):
        return type(value)(_replace_tensors(item, put_in) for item in value)
    if isinstance(value, dict):
        return {key: _replace_tensors(item, put_in) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(_replace_tensors(part, put_in) for part in (value.start, value.stop, value.step)))
    # Only the size that is asked about is a symbol.
    return as_int(value) if isinstance(value, Size) else value


def list_inputs(call: Call) -> list[tuple[str, Tensor]]:
    """The tensors that a call was given, by name, each once."""
    seen: dict[int, tuple[str, Tensor]] = {}
    for name, value in bind_call(call).items():
        for own, tensor in list_tensors(name, value):
            seen.setdefault(id(tensor), (own, tensor))
    return list(seen.values())


def list_accepted(call: Call, owner: str) -> tuple[Accepted, ...]:
    """For each dimension of an input the sizes that the rule takes, where it doesn't take any."""
    tensors = list_inputs(call)
    if not tensors or len(tensors) > MAX_TENSORS or not _is_repeatable(call):
        return ()
    found: list[Accepted] = []
    for name, tensor in tensors:
        words = name_words(owner, name, tensor.dim)
        for dim in range(tensor.dim):
            item = _find_accepted(call, name, tensor, dim, words[dim])
            if item is not None:
                found.append(item)
    return tuple(found)


def _find_accepted(call: Call, name: str, tensor: Tensor, dim: int, word: str) -> Accepted | None:
    size = as_int(tensor.shape[dim])
    taken = find_taken(_SYMBOL, size, lambda other: _derive_at(call, tensor, dim, other))
    anything = [(item.first, item.last, item.step) for item in taken.accepted] == [(0, None, 1)]
    if anything or taken.known_to is not None:
        return None
    return Accepted(name, dim, word, size, taken.accepted, _ask_both(call, tensor, _resize(tensor, dim)))


def _resize(tensor: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The tensor with two other sizes of one dimension."""
    shape = fix_sizes(tensor).shape
    one, other = ((*shape[:dim], shape[dim] + more, *shape[dim + 1 :]) for more in (1, 2))
    return Tensor(tensor.dtype, one), Tensor(tensor.dtype, other)


def _is_repeatable(call: Call) -> bool:
    try:
        repeat_call(call, fix_sizes)
    except Refusal:
        return False
    return True


def fix_sizes(tensor: Tensor) -> Tensor:
    """The tensor at the trace's sizes."""
    strides = None if tensor.strides is None else tuple(map(as_int, tensor.strides))
    return Tensor(tensor.dtype, tuple(map(as_int, tensor.shape)), strides)


def _derive_at(call: Call, tensor: Tensor, dim: int, size: int) -> Derivation:
    """The call with another size of one dimension of an input, as a symbol."""

    def put_in(own: Tensor) -> Tensor:
        shape = list(map(as_int, own.shape))
        if own is tensor:
            shape[dim] = make_dim(_SYMBOL, size)  # type: ignore[call-overload]
        return Tensor(own.dtype, shape)

    refusal: SpecError | None = None
    with record_conditions() as conditions:
        try:
            repeat_call(call, put_in)
        except (Refusal, ZeroDivisionError) as error:
            refusal = SpecError(Problem("invalid-argument", str(error)))
    return Derivation(tuple(("", condition) for condition in conditions), refusal)


def list_needs(call: Call) -> tuple[str, ...]:
    """The sentences of the constraints that inputs with other dtypes or numbers of dimensions would break."""
    tensors = list_inputs(call)
    if not tensors or len(tensors) > MAX_TENSORS or not _is_repeatable(call):
        return ()
    found = (
        _say_where(_ask_both(call, tensor, others), name if len(tensors) > 1 else "")
        for name, tensor in tensors
        for others in _vary(tensor)
    )
    return tuple(dict.fromkeys(sentence for sentence in found if sentence))


def _say_where(sentence: str, name: str) -> str:
    """Which of several inputs takes some dtypes only, where the sentence doesn't say."""
    return f"{sentence} as {name}" if name and re.fullmatch(r"takes [\w, ]+", sentence) else sentence


def _ask(call: Call, tensor: Tensor, other: Tensor) -> str:
    """The sentence with which the rule refuses another tensor in the place of one; empty where it says no more than that."""
    try:
        repeat_call(call, lambda own: other if own is tensor else fix_sizes(own))
    except Refusal as refusal:
        found = re.match(r"((?:expects|takes|needs) .+?),? and got ", refusal.message)
        # What another dtype asks of the other tensors is nothing that this one asks.
        strange = other.dtype != tensor.dtype and found and other.dtype in found[1].split(",")[0].split()
        return found[1] if found and not strange else ""
    except (SizeTooComplex, ZeroDivisionError, IndexError, TypeError, ValueError):
        return ""
    return ""


def list_named_needs(call: Call) -> tuple[str, ...]:
    """The sentences of the constraints that other inputs would break, in the names of the layer's arguments."""
    if call.module is None or not _is_repeatable(call):
        return ()
    module, _ = narrate_module(call.module)
    named = replace(call, module=module)
    found: list[str] = []
    with tell_names():
        tensors = list_inputs(call)
        for name, tensor in tensors:
            others = [_resize(tensor, dim) for dim in range(tensor.dim)]
            asked = (_ask_both(named, tensor, pair) for pair in (*others, *_vary(tensor)))
            found += [_say_where(sentence, name if len(tensors) > 1 else "") for sentence in asked]
    # Sizes that have no names are those of the example.
    return tuple(dict.fromkeys(item for item in found if item and not re.search(r"\[[^]]*\d", item)))


def _ask_both(call: Call, tensor: Tensor, others: tuple[Tensor, Tensor]) -> str:
    """The sentence that refuses both of two other tensors, empty where it is about these rather than about all others."""
    one, other = (_ask(call, tensor, item) for item in others)
    return one if one == other else ""


def _vary(tensor: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Pairs of tensors of other dtypes and numbers of dimensions."""
    shape = fix_sizes(tensor).shape
    dtypes = [dtype for dtype in _DTYPES if dtype != tensor.dtype]
    for dtype in dtypes:
        yield Tensor(dtype, shape), Tensor(dtype, shape)
    yield Tensor(tensor.dtype, (1, 1, 1, *shape)), Tensor(tensor.dtype, (2, 2, 2, *shape))
    yield Tensor(tensor.dtype, shape[len(shape) - 1 :]), Tensor(tensor.dtype, shape[len(shape) - 1 :])
