"""The functions of ``torch.nn.functional`` and ``torch`` that a spec may call, by name."""

from __future__ import annotations

from collections.abc import Mapping

from layercli.catalogue.entries import TENSOR, Function, Operation
from layercli.catalogue.operations import FAMILIES


def _list_forms(operation: Operation) -> list[Function]:
    names = (operation.name, *operation.aliases)
    namespaces = tuple(namespace for namespace in operation.namespaces if namespace not in TENSOR)
    in_place = tuple(namespace for namespace in operation.in_place if namespace not in TENSOR)
    forms = [Function(name, operation, namespaces) for name in names if namespaces]
    return forms + [Function(f"{name}_", operation, in_place, in_place=True) for name in names if in_place]


#: ``FUNCTIONS["relu"].namespaces`` says where it is found; a bare name is that of ``F``, else of ``torch``.
FUNCTIONS: Mapping[str, Function] = {
    form.name: form
    for operations in FAMILIES.values()
    for operation in operations
    for form in _list_forms(operation)
}
