"""Names that a module uses itself, against the modules of the installed torch."""

from __future__ import annotations

import pytest
import torch

from layercli.catalogue.module_attributes import CONTAINER_ATTRIBUTES, MODULE_ATTRIBUTES


def list_attributes(module: torch.nn.Module) -> set[str]:
    return {name for name in dir(module) if not name.startswith("__")}


def test_every_attribute_of_a_module_is_listed() -> None:
    missing = sorted(list_attributes(torch.nn.Module()) - MODULE_ATTRIBUTES)
    assert not missing, f"torch {torch.__version__} has module attributes that are not listed: {missing}"


def test_every_listed_attribute_is_one() -> None:
    unknown = sorted(MODULE_ATTRIBUTES - list_attributes(torch.nn.Module()))
    assert not unknown, f"torch {torch.__version__} has no such module attributes: {unknown}"


@pytest.mark.parametrize("name", sorted(CONTAINER_ATTRIBUTES))
def test_attributes_of_containers(name: str) -> None:
    container = getattr(torch.nn, name)()
    assert list_attributes(container) - MODULE_ATTRIBUTES == CONTAINER_ATTRIBUTES[name]


@pytest.mark.parametrize("name", ["train", "half", "type", "forward", "to", "_modules", "training"])
def test_torch_refuses_them_as_names_of_layers(name: str) -> None:
    assert name in MODULE_ATTRIBUTES
    with pytest.raises(KeyError):
        torch.nn.Module().add_module(name, torch.nn.Identity())


@pytest.mark.parametrize("name", ["self", "layer", "output", "LayerNorm", "name", "weight", "items"])
def test_other_names_are_free(name: str) -> None:
    assert name not in MODULE_ATTRIBUTES
    torch.nn.Module().add_module(name, torch.nn.Identity())


def test_a_module_dict_may_not_have_items() -> None:
    assert "items" in CONTAINER_ATTRIBUTES["ModuleDict"]
    with pytest.raises(KeyError):
        torch.nn.ModuleDict({"items": torch.nn.Identity()})
