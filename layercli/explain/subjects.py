"""Which entries of the catalogue a name means."""

from __future__ import annotations

from collections.abc import Iterator

from layercli.catalogue.entries import Form, Layer
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.methods import METHODS
from layercli.errors import did_you_mean
from layercli.record import record

#: How namespaces are written before a name.
_PREFIXES = {
    "F": ("F", "torch.nn.functional", "nn.functional"),
    "torch": ("torch",),
    "Tensor": ("x", "Tensor", "torch.Tensor"),
}
_KINDS = {"F": "function", "torch": "function", "Tensor": "method"}


@record
class Subject:
    """One thing that a name may mean, by its full name, with its entries."""

    name: str
    kind: str
    entries: tuple[Layer | Form, ...]


def find_subjects(text: str) -> list[Subject]:
    """All that a name may mean: a layer, or operations, those that are the same in several namespaces once."""
    owner, _, name = text.rpartition(".")
    if owner in ("", "nn", "torch.nn") and name in LAYERS and not LAYERS[name].refused:
        return [Subject(name, "layer", (LAYERS[name],))]
    found: list[Subject] = []
    for namespace, form in _list_forms(name):
        if owner and owner not in _PREFIXES[namespace]:
            continue
        same = next((place for place, item in enumerate(found) if _is_same(item.entries[0], form)), None)
        if same is None:
            prefix = _PREFIXES[namespace][0]
            found.append(Subject(f"{prefix}.{name}", _KINDS[namespace], (form,)))
        elif form not in found[same].entries:
            old = found[same]
            found[same] = Subject(old.name, old.kind, (*old.entries, form))
    return found


def suggest_subject(text: str) -> str:
    """A hint for a name that is nearly one of the catalogue's, empty where none is like it."""
    owner, _, name = text.rpartition(".")
    known = (
        [layer.name for layer in LAYERS.values() if not layer.refused]
        if owner in ("", "nn", "torch.nn")
        else []
    )
    if owner or name[:1].islower():
        known += [*FUNCTIONS, *METHODS]
    return did_you_mean(name, known)


def _list_forms(name: str) -> Iterator[tuple[str, Form]]:
    for forms in (FUNCTIONS, METHODS):
        form = forms.get(name)
        if form is not None:
            yield form.namespaces[0], form
            for namespace in form.namespaces[1:]:
                yield namespace, form


def _is_same(one: Layer | Form, other: Form) -> bool:
    return isinstance(one, Form) and one.operation is other.operation
