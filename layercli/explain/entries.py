"""The formulas of an entry of the catalogue, in the names of its arguments and of its input's sizes.

``formulas_of(form)`` is what ``layercli explain Conv2d`` and ``docs/catalogue.md`` show. They are those of one call, which
the entry's own rule answered: an example of ``examples``, or the ``call`` that is given.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from layercli.catalogue.entries import PAGES, Form, Layer
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.narration import draw_formula, is_formula, term_of
from layercli.catalogue.tensors import Refusal
from layercli.derive.engine import Call
from layercli.errors import LayercliError
from layercli.explain.constraints import list_named_needs
from layercli.explain.examples import list_layer_examples, list_operation_examples
from layercli.explain.narrator import (
    NarratedCall,
    is_leaf,
    list_read_state,
    list_tensors,
    name_macs,
    name_results,
    narrate_call,
)
from layercli.explain.trial import call_layer, call_operation
from layercli.trace.explanation import EntryExplanation, EntryFormulas

__all__ = ["EntryFormulas", "describe_rule", "explain_entries", "find_example", "formulas_of", "list_pages"]


def formulas_of(entry: Layer | Form, call: NarratedCall | None = None) -> EntryFormulas:
    """The formulas of a layer, or of an operation under one of its names, shown by ``call`` or by an example."""
    rule = entry.rule if isinstance(entry, Layer) else entry.operation.rule
    words, pages = describe_rule(rule), list_pages(entry)
    needs: tuple[str, ...] = ()
    inside: tuple[tuple[str, str], ...] = ()
    if call is None:
        example = find_example(entry)
        if example is None:
            return EntryFormulas(words, pages)
        call = narrate_call(example)
        if is_leaf(example):
            needs = list_named_needs(example)
            if example.module is not None:
                call = replace(call, state=(*call.state, *list_read_state(example.module)))
        else:
            assert example.module is not None
            inside = tuple((name, child.type) for name, child in example.module.children.items())
            # Those are its own, without what is inside.
            call = replace(call, macs=None, flops=None)
    outputs = list(list_tensors("output", call.output))
    sizes: dict[str, str] = {}
    shapes: list[tuple[str, str]] = []
    for name, tensor in outputs:
        names = name_results(call.owner, tensor)
        shown: list[str] = []
        for own, size in zip(names, tensor.shape, strict=True):
            if is_formula(size) and not _is_short(size):
                label = own if name == "output" else own.replace("output", name)
                sizes[label] = draw_formula(term_of(size), "names")
                shown.append(label)
            else:
                shown.append(draw_formula(term_of(size), "names"))
        shapes.append((name, f"[{', '.join(shown)}]"))
    return EntryFormulas(
        words,
        pages,
        inputs=tuple((name, _write_shape(tensor.shape)) for name, tensor in call.inputs),
        outputs=tuple(shapes),
        sizes=tuple(sizes.items()),
        state=tuple((item.name, _write_shape(item.shape)) for item in call.state),
        macs=_write_count(call.macs),
        flops=_write_count(name_macs(call.flops, call.macs)),
        needs=needs,
        inside=inside,
    )


def explain_entries(name: str, entries: Sequence[Layer | Form]) -> EntryExplanation:
    """What a name of the catalogue stands for: a layer, or one operation in all of its namespaces."""
    first = entries[0]
    if isinstance(first, Layer):
        texts = [f"{first.name}({first.signature})"]
    else:
        texts = list(
            dict.fromkeys(
                text for entry in entries if isinstance(entry, Form) for text in _write_calls(entry)
            )
        )
    formulas = formulas_of(first)
    pages = dict.fromkeys(page for entry in entries for page in list_pages(entry))
    return EntryExplanation(
        name,
        "layer" if isinstance(first, Layer) else "operation",
        tuple(texts),
        first.doc,
        replace(formulas, pages=tuple(pages)),
    )


def _write_calls(form: Form) -> Iterator[str]:
    for namespace in form.namespaces:
        owner = "x" if namespace == "Tensor" else namespace
        arguments = "" if form.attribute else f"({form.signature_in(namespace)})"
        yield f"{owner}.{form.name}{arguments}"


def _is_short(size: Any) -> bool:
    return len(draw_formula(term_of(size), "names")) <= 24


def _write_shape(shape: Sequence[Any]) -> str:
    return f"[{', '.join(draw_formula(term_of(size), 'names') for size in shape)}]"


def _write_count(count: Any) -> str:
    return "" if count is None else draw_formula(term_of(count), "names")


def find_example(entry: Layer | Form) -> Call | None:
    """A call that shows the formulas of an entry; None where no example is taken."""
    if isinstance(entry, Layer):
        makers = [partial(call_layer, *example) for example in list_layer_examples(entry.name)]
    else:
        arguments = list_operation_examples(entry.name)
        makers = [partial(call_operation, entry.namespaces[0], entry.name, given) for given in arguments]
    for make in makers:
        try:
            call = make()
            narrate_call(call)
        except (LayercliError, Refusal, IndexError):
            continue
        return call
    return None


# Words --------------------------------------------------------------------------------------------------------

_PLACES = {"F": "torch.nn.functional", "torch": "torch", "Tensor": "torch.Tensor"}


def list_pages(entry: Layer | Form) -> tuple[str, ...]:
    """The pages of PyTorch's documentation on an entry."""
    if isinstance(entry, Layer):
        return (entry.page,)
    return tuple(f"{PAGES}/{_PLACES[namespace]}.{entry.name}.html" for namespace in entry.namespaces)


def describe_rule(rule: Callable[..., Any] | None) -> str:
    """The first sentence that a rule says of itself; empty where it says none."""
    for text in _find_docstrings(rule, 0):
        first = re.split(r"(?<=[.:])\s", " ".join(text.split()), maxsplit=1)[0]
        first = re.sub(r"^The (rule|type) of ", "", first)
        if not first.startswith(("Source", "As ``")):
            return first.rstrip(":.").replace("``", "`")
    return ""


#: What makes rules of other rules and says nothing of what they do.
_MAKERS = ("apply_operation", "apply_function", "apply_lazily", "rename_argument", "hold_lazily")


def _find_docstrings(rule: Any, depth: int) -> Iterator[str]:
    """What a rule says, what the rules say that it's made of, and what makes it."""
    if not inspect.isfunction(rule) or depth > 3:
        return
    if rule.__doc__:
        yield rule.__doc__
    maker = rule.__qualname__.split(".")[0]
    cells = (cell.cell_contents for cell in rule.__closure__ or ())
    held = dict(zip(rule.__code__.co_freevars, cells, strict=True))
    for inner in held.values():
        if isinstance(inner, str) and maker == "apply_function" and inner in FUNCTIONS:
            yield from _find_docstrings(FUNCTIONS[inner].operation.rule, depth + 1)
        elif inspect.isfunction(inner):
            yield from _find_docstrings(inner, depth + 1)
    made_by = getattr(sys.modules.get(rule.__module__), maker, None)
    if maker not in _MAKERS and made_by is not rule and inspect.isfunction(made_by) and made_by.__doc__:
        # What it was made for: over 2 dimensions.
        yield made_by.__doc__.replace("``count``", str(held.get("count", "some")))
