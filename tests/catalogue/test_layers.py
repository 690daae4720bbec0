"""The catalogue of layers against ``torch.nn`` itself."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import pytest
import torch

from layercli.catalogue.layers import FAMILIES, LAYERS, REFUSED_ARGUMENTS
from layercli.catalogue.signature import REQUIRED, BindingError

CLASSES: dict[str, type[torch.nn.Module]] = {
    name: value
    for name, value in vars(torch.nn).items()
    if not name.startswith("_") and isinstance(value, type) and issubclass(value, torch.nn.Module)
}
REFUSED = {"Module", "Container", "DataParallel", "RNNBase", "RNNCellBase"}
KINDS: dict[Any, str] = {
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_POSITIONAL: "rest",
    inspect.Parameter.VAR_KEYWORD: "keywords",
}


def read_torch_signature(name: str) -> list[tuple[str, str, Any]]:
    """Name, kind and default of each constructor argument as PyTorch has it, without self and device."""
    constructor: Any = CLASSES[name].__init__
    if constructor is torch.nn.Module.__init__:
        return []  # declared as *args and **kwargs to be overridden, but refuses any
    if name in ("RNN", "LSTM", "GRU"):
        constructor = typing.get_overloads(constructor)[0]
    parameters: list[tuple[str, str, Any]] = []
    after_device = False
    for parameter in list(inspect.signature(constructor).parameters.values())[1:]:
        if parameter.name == "device":
            after_device = True
            continue
        kind = KINDS[parameter.kind]
        if kind == "positional" and after_device:
            kind = "keyword"
        default = parameter.default
        if kind in ("rest", "keywords"):
            default = ()
        elif default is inspect.Parameter.empty:
            default = REQUIRED
        elif callable(default):
            default = default.__name__
        parameters.append((parameter.name, kind, default))
    return parameters


def test_every_class_of_torch_nn_has_an_entry() -> None:
    missing = sorted(CLASSES.keys() - LAYERS.keys())
    assert not missing, f"torch {torch.__version__} has layers that the catalogue lacks: {missing}"


def test_every_entry_is_a_class_of_torch_nn() -> None:
    unknown = sorted(LAYERS.keys() - CLASSES.keys())
    assert not unknown, f"torch {torch.__version__} lacks layers that the catalogue has: {unknown}"


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_signature_is_that_of_torch(name: str) -> None:
    ours = [(p.name, p.kind, p.default) for p in LAYERS[name].signature.parameters]
    theirs = read_torch_signature(name)
    # Keyword-only arguments have no order; 1 and 1.0, or 0 and False, are not the same default.
    assert [entry for entry in ours if entry[1] != "keyword"] == [e for e in theirs if e[1] != "keyword"]
    assert sorted(map(repr, ours)) == sorted(map(repr, theirs))


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_signature_is_written_as_it_is_printed(name: str) -> None:
    assert str(LAYERS[name].signature) == LAYERS[name].arguments


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_recurrent_arguments_are_accepted_by_keyword_and_place(name: str) -> None:
    given = {
        "input_size": 3,
        "hidden_size": 4,
        "num_layers": 2,
        "nonlinearity": "relu",
        "bias": False,
        "batch_first": True,
        "dropout": 0.5,
        "bidirectional": True,
        "proj_size": 2,
        "dtype": torch.float64,
    }
    parameters = LAYERS[name].signature.parameters
    chosen = {parameter.name: given[parameter.name] for parameter in parameters}
    by_keyword = CLASSES[name](**chosen)
    for argument, value in chosen.items():
        if argument != "dtype":
            assert getattr(by_keyword, argument) == value
    assert {parameter.dtype for parameter in by_keyword.parameters()} == {torch.float64}
    places = [chosen.pop(parameter.name) for parameter in parameters if parameter.kind == "positional"]
    by_place = CLASSES[name](*places, **chosen)
    assert repr(by_place) == repr(by_keyword)
    with pytest.raises((TypeError, ValueError)):
        CLASSES[name](3, 4, unheard_of=1)


@pytest.mark.parametrize("name", ["RNN", "GRU"])
def test_only_lstm_has_projections(name: str) -> None:
    assert "proj_size" not in LAYERS[name].signature.by_name
    with pytest.raises(ValueError, match="proj_size"):
        CLASSES[name](3, 4, proj_size=2)


@pytest.mark.parametrize("name", ["Tanh", "Sigmoid", "LogSigmoid", "Softsign", "Softmax2d", "Tanhshrink"])
def test_layers_without_a_constructor_take_nothing(name: str) -> None:
    with pytest.raises(TypeError):
        CLASSES[name](1)
    with pytest.raises(BindingError):
        LAYERS[name].signature.bind(name, [1], {})


def test_what_stands_after_device_is_given_by_keyword() -> None:
    with pytest.raises(TypeError):
        torch.nn.Linear(2, 3, True, torch.float32)
    with pytest.raises(BindingError) as caught:
        LAYERS["Linear"].signature.bind("Linear", [2, 3, True, "float32"], {})
    assert caught.value.code == "too-many-arguments"


def test_refused_layers_are_these_and_say_why() -> None:
    assert {name for name, layer in LAYERS.items() if layer.refused} == REFUSED
    for name in REFUSED:
        reason = LAYERS[name].refused
        assert reason.startswith("it ")
        assert not reason.endswith(".")


def test_refused_arguments_can_be_left_out() -> None:
    standing = {
        parameter.name: parameter.default
        for layer in LAYERS.values()
        for parameter in layer.signature.parameters
        if parameter.name in REFUSED_ARGUMENTS
    }
    assert standing == {"process_group": None, "options": None}
    assert all(REFUSED_ARGUMENTS.values())


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_doc_is_one_sentence(name: str) -> None:
    doc = LAYERS[name].doc
    assert doc[0].isupper()
    assert doc.endswith(".")
    assert doc.count(". ") == 0
    assert 20 < len(doc) < 130
    theirs = inspect.getdoc(CLASSES[name]) or ""
    assert doc.rstrip(".").lower() not in theirs.lower()


def test_no_two_layers_have_the_same_doc() -> None:
    docs = [layer.doc for layer in LAYERS.values()]
    assert sorted(docs) == sorted(set(docs))


def test_families_hold_each_layer_once() -> None:
    assert sum(len(family) for family in FAMILIES.values()) == len(LAYERS)
    assert all(FAMILIES.values())
