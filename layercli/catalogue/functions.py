"""The functions of ``torch.nn.functional`` and ``torch`` that a spec may call, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from layercli.catalogue.entries import TENSOR, Function, Operation
from layercli.catalogue.families import find_in_families
from layercli.catalogue.index import FUNCTION_NAMES
from layercli.catalogue.modules import Module
from layercli.catalogue.operations import FAMILIES
from layercli.catalogue.tensors import refuse


def _list_forms(operation: Operation) -> list[Function]:
    names = (operation.name, *operation.aliases)
    namespaces = tuple(namespace for namespace in operation.namespaces if namespace not in TENSOR)
    in_place = tuple(namespace for namespace in operation.in_place if namespace not in TENSOR)
    forms = [Function(name, operation, namespaces) for name in names if namespaces]
    return forms + [Function(f"{name}_", operation, in_place, in_place=True) for name in names if in_place]


#: ``FUNCTIONS["relu"].namespaces`` says where it is found; a bare name is that of ``F``, else of ``torch``.
FUNCTIONS: Mapping[str, Function] = find_in_families(
    FUNCTION_NAMES,
    lambda family: {form.name: form for operation in FAMILIES[family] for form in _list_forms(operation)},
)


class FunctionName(str):
    """The name of a function that was given as an argument, as opposed to text."""

    __slots__ = ()


def call_function(name: str, *arguments: Any, **keywords: Any) -> Any:
    """The result of a function by its rule, called as in ``torch.nn.functional``. Raises Refusal."""
    rule = FUNCTIONS[name].operation.rule
    if rule is None:
        refuse(f"uses {name}, which can't be derived yet", code="no-rule")
    return rule(*arguments, **keywords)


def apply_function(name: str, *names: str, training: bool = False) -> Callable[..., Any]:
    """The rule of a layer that calls a function of its one input, with these of the layer's arguments by name.

    With ``training`` the function is told the layer's mode, too.
    """

    def apply(layer: Module, input: Any) -> Any:
        given = {argument: layer.arguments[argument] for argument in names}
        if training:
            given["training"] = layer.training
        return call_function(name, input, **given)

    return apply
