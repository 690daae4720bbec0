"""The methods and attributes of ``Tensor`` that a spec may use, by name."""

from __future__ import annotations

from collections.abc import Mapping

from layercli.catalogue.entries import TENSOR, Method, Operation
from layercli.catalogue.families import find_in_families
from layercli.catalogue.index import METHOD_NAMES
from layercli.catalogue.operations import FAMILIES


def _list_forms(operation: Operation) -> list[Method]:
    names = (operation.name, *operation.aliases)
    forms = [Method(name, operation, TENSOR) for name in names if "Tensor" in operation.namespaces]
    if "Tensor" in operation.in_place:
        forms += [Method(f"{name}_", operation, TENSOR, in_place=True) for name in names]
    return forms


#: ``METHODS["shape"].attribute`` tells an attribute from a method.
METHODS: Mapping[str, Method] = find_in_families(
    METHOD_NAMES,
    lambda family: {form.name: form for operation in FAMILIES[family] for form in _list_forms(operation)},
)
