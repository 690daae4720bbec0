"""The tables of functions and methods against PyTorch itself."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional

from layercli.catalogue.dtypes import DTYPES, FLOATING_DTYPES, ITEM_SIZES
from layercli.catalogue.entries import Form, Namespace
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.operations import FAMILIES
from layercli.catalogue.refused import REFUSED
from layercli.catalogue.signature import REQUIRED
from layercli.derive.engine import IN_PYTHON, NOT_IN_PYTHON
from tests.catalogue.samples import SAMPLES, iterate_calls

OPERATIONS = [operation for operations in FAMILIES.values() for operation in operations]
pytestmark = pytest.mark.filterwarnings("ignore")

OWNERS: dict[str, Any] = {"F": torch.nn.functional, "torch": torch, "Tensor": torch.Tensor}
FORMS: list[tuple[Namespace, Form]] = [
    (namespace, form) for form in (*FUNCTIONS.values(), *METHODS.values()) for namespace in form.namespaces
]

# The functions that sample arguments are written with.
FACTORIES = ("rand", "randn", "randint", "arange", "tensor", "zeros", "ones", "eye")

# Parameters of PyTorch that no signature of ours has: where results go, what makes a tensor special, and
# what only PyTorch's own code passes.
LEFT_OUT = {
    "out",
    "layout",
    "pin_memory",
    "requires_grad",
    "memory_format",
    "generator",
    "names",
    "_stacklevel",
    "_random_samples",
    "distance_function",
    "options",
    "implicit",
    "self",
}

# Words of the stubs for what our signatures call otherwise, or have no word for: the positional-only argument
# of the splits, the tensor of `to`, the dtype of `view`, and what only some devices take.
OTHER_WORDS = {
    "isin": {"element", "test_element"},
    "tensor_split": {"tensor_indices_or_sections", "sections", "indices"},
    "hsplit": {"sections", "indices"},
    "vsplit": {"sections", "indices"},
    "dsplit": {"sections", "indices"},
    "to": {"other"},
    "view": {"dtype"},
    "mm": {"out_dtype"},
    "bmm": {"out_dtype"},
    "addmm": {"out_dtype"},
    "baddbmm": {"out_dtype"},
    "layer_norm": {"cudnn_enable"},
    "group_norm": {"cudnn_enabled"},
}

# F.one_hot counts the classes in the values when their number is left out, so here it is required.
OTHER_DEFAULTS = {"one_hot"}


def evaluate(arguments: str) -> tuple[list[Any], dict[str, Any]]:
    names: dict[str, Any] = {"capture": lambda *given, **keywords: (list(given), keywords)}
    names |= {name: getattr(torch, name) for name in (*FACTORIES, *DTYPES)}
    given: tuple[list[Any], dict[str, Any]] = eval(f"capture({arguments})", names)
    return given


def call(form: Form, namespace: Namespace, arguments: str) -> Any:
    """What PyTorch gives for a sample call, after our own signature has accepted it."""
    torch.manual_seed(0)
    given, keywords = evaluate(arguments)
    if form.attribute:
        return getattr(given[0], form.name)
    form.signature_in(namespace).bind(form.name, given[1:] if namespace == "Tensor" else given, keywords)
    return getattr(OWNERS[namespace], form.name)(*given, **keywords)


def test_no_form_hides_another() -> None:
    expected = sum(
        (1 + len(operation.aliases)) * count_tables(operation.namespaces) for operation in OPERATIONS
    )
    expected += sum(
        (1 + len(operation.aliases)) * count_tables(operation.in_place) for operation in OPERATIONS
    )
    assert len(FUNCTIONS) + len(METHODS) == expected


def count_tables(namespaces: tuple[Namespace, ...]) -> int:
    return ("Tensor" in namespaces) + bool(set(namespaces) - {"Tensor"})


def test_nothing_is_both_listed_and_refused() -> None:
    assert not REFUSED.keys() & (FUNCTIONS.keys() | METHODS.keys())


def test_pytorch_has_them() -> None:
    wrong = [
        f"{namespace}.{form.name}"
        for namespace, form in FORMS
        if callable(getattr(OWNERS[namespace], form.name, None)) is form.attribute
    ]
    assert wrong == []


def test_aliases_give_the_same() -> None:
    aliases = [
        (namespace, form) for namespace, form in FORMS if form.name.rstrip("_") in form.operation.aliases
    ]
    assert len(aliases) > 50
    for namespace, form in aliases:
        table = METHODS if namespace == "Tensor" else FUNCTIONS
        original = table[form.operation.name + "_" * form.in_place]
        for arguments in iterate_calls(form, namespace):
            expected = call(original, namespace, arguments)
            torch.testing.assert_close(call(form, namespace, arguments), expected, equal_nan=True)


def test_every_public_function_of_functional_is_listed_or_refused() -> None:
    public = {
        name
        for name in dir(torch.nn.functional)
        if not name.startswith("_")
        and callable(getattr(torch.nn.functional, name))
        and not inspect.isclass(getattr(torch.nn.functional, name))
        and getattr(getattr(torch.nn.functional, name), "__module__", "") != "typing"
    }
    known = {name for name, form in FUNCTIONS.items() if "F" in form.namespaces}
    assert public - known - REFUSED.keys() == set()


def read_stubs() -> dict[str, dict[str, list[ast.arguments]]]:
    """The overloads of PyTorch's builtins, as the stubs in its wheel list them."""
    folder = Path(torch.__file__).parent / "_C"
    functions = ast.parse((folder / "_VariableFunctions.pyi").read_text("utf-8")).body
    types = ast.parse((folder / "__init__.pyi").read_text("utf-8")).body
    tensor = next(node for node in types if isinstance(node, ast.ClassDef) and node.name == "TensorBase")
    stubs: dict[str, dict[str, list[ast.arguments]]] = {"torch": {}, "Tensor": {}}
    for namespace, body in (("torch", functions), ("Tensor", tensor.body)):
        for node in body:
            if isinstance(node, ast.FunctionDef):
                stubs[namespace].setdefault(node.name, []).append(node.args)
    return stubs


def iterate_arguments(overload: ast.arguments) -> Iterator[ast.arg]:
    yield from (*overload.posonlyargs, *overload.args, *overload.kwonlyargs)
    if overload.vararg is not None:
        yield overload.vararg


def inspect_signature(found: Any) -> inspect.Signature | None:
    """The signature where it says something: not of a builtin, nor of a wrapper that takes anything."""
    try:
        signature = inspect.signature(found)
    except ValueError:
        return None
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    generic = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return None if kinds <= generic else signature


def test_signatures_agree_with_pytorch() -> None:
    compared = 0
    for namespace, form in FORMS:
        theirs = None if form.attribute else inspect_signature(getattr(OWNERS[namespace], form.name))
        if theirs is None:
            continue
        compared += 1
        ours = form.signature_in(namespace).parameters
        kept = [parameter for parameter in theirs.parameters.values() if parameter.name not in LEFT_OUT]
        assert [p.name for p in ours] == [p.name for p in kept], form.name
        if form.name in OTHER_DEFAULTS:
            continue
        for mine, its in zip(ours, kept, strict=True):
            expected = REQUIRED if its.default is inspect.Parameter.empty else its.default
            if mine.kind != "rest":
                assert mine.default == expected, (form.name, mine.name)
    assert compared > 80


def test_parameters_are_those_of_the_builtins() -> None:
    stubs = read_stubs()
    compared = 0
    for namespace, form in FORMS:
        found = getattr(OWNERS[namespace], form.name)
        shared = namespace == "F" and found is getattr(torch, form.name, None)
        overloads = stubs.get("torch" if shared else namespace, {}).get(form.name)
        if overloads is None or inspect_signature(found) is not None:
            continue
        compared += 1
        theirs = {
            argument.arg for overload in overloads for argument in iterate_arguments(overload)
        } - LEFT_OUT
        ours = form.signature_in(namespace).parameters
        named = {parameter.name for parameter in ours if parameter.kind != "positional-only"} - {"target"}
        assert named <= theirs, (namespace, form.name)
        assert theirs <= {p.name for p in ours} | OTHER_WORDS.get(form.name, set()), (namespace, form.name)
    assert compared > 700


@pytest.mark.parametrize(
    ("namespace", "form"), FORMS, ids=[f"{namespace}.{form.name}" for namespace, form in FORMS]
)
def test_it_can_be_called(namespace: Namespace, form: Form) -> None:
    calls = list(iterate_calls(form, namespace))
    assert calls, "no sample call"
    for arguments in calls:
        call(form, namespace, arguments)


def test_every_parameter_is_in_a_sample() -> None:
    missing: dict[str, set[str]] = {}
    for namespace, form in FORMS:
        if form.attribute or form.in_place:
            continue
        unused = set(form.signature_in(namespace).by_name)
        for arguments in iterate_calls(form, namespace):
            given, keywords = evaluate(arguments)
            positional = given[1:] if namespace == "Tensor" else given
            unused -= form.signature_in(namespace).bind(form.name, positional, keywords).keys()
        if unused:
            missing[f"{namespace}.{form.name}"] = unused
    assert missing == {}


def test_samples_name_operations() -> None:
    named = {name for names, _, _ in SAMPLES for name in names.split()}
    assert named == {operation.name for operation in OPERATIONS}


@pytest.mark.parametrize("name", DTYPES)
def test_dtype(name: str) -> None:
    dtype = getattr(torch, name)
    canonical = DTYPES[name]
    assert dtype is getattr(torch, canonical)
    assert str(dtype) == f"torch.{canonical}"
    assert ITEM_SIZES[canonical] == dtype.itemsize
    assert (canonical in FLOATING_DTYPES) is dtype.is_floating_point


def test_docs_are_one_sentence() -> None:
    for operation in OPERATIONS:
        assert operation.doc.endswith(".")
        assert "\n" not in operation.doc
        assert len(operation.doc) <= 100


def test_the_tables_need_no_torch() -> None:
    code = (
        "import sys, layercli.catalogue.functions, layercli.catalogue.methods, layercli.catalogue.refused, "
        "layercli.catalogue.dtypes; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_written_in_python_is_known() -> None:
    """PyTorch's own reader of arguments is stricter than Python's."""
    for namespace, form in FORMS:
        found = getattr(OWNERS[namespace], form.name)
        in_python = inspect.isfunction(found)
        if namespace == "F":
            assert (form.name in NOT_IN_PYTHON) is not in_python, form.name
        elif not form.attribute:
            # The method alone is, and neither reads more than the other.
            assert (form.name in IN_PYTHON) is in_python or form.name == "unflatten", form.name
