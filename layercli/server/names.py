"""What a name in a text means to someone who reads or writes it: a layer, block, function or method with its signature."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from layercli.catalogue.dtypes import DTYPES
from layercli.catalogue.entries import Namespace
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.signature import REQUIRED, Parameter, Signature, parse_signature
from layercli.catalogue.wrappers import WRAPPERS
from layercli.record import record
from layercli.server.outline import Names, Outline
from layercli.spec.keys import NAMESPACES
from layercli.spec.names import BUILTINS, MATH

Kind = Literal["class", "function", "method", "attribute", "layer", "value", "argument", "key", "module"]

_TENSORS: Final = {
    "Parameter": ("data, requires_grad=True", "A tensor that is trained; sizes alone make one of zeros."),
    "Buffer": ("data, persistent=True", "A tensor that goes with the model and isn't trained."),
}


@record
class Meaning:
    """One name: what it is, how it is called where it is, and a sentence. ``page`` is an address that tells more."""

    name: str
    kind: Kind
    signature: Signature | None = None
    doc: str = ""
    page: str = ""

    @property
    def call(self) -> str:
        """The name with its arguments."""
        return self.name if self.signature is None else f"{self.name}({self.signature})"


def find_class(name: str, outline: Outline) -> Meaning | None:
    """The block, layer or wrapper of a name."""
    if name in outline.blocks:
        return Meaning(name, "class", sign_block(outline.classes[name]), "A block of this file.")
    if name in outline.imports:
        return Meaning(name, "class", None, "An imported block.")
    return find_layer(name) or find_wrapper(name)


def find_layer(name: str) -> Meaning | None:
    """The layer of a name in ``torch.nn``."""
    layer = LAYERS.get(name)
    if layer is None or layer.refused:
        return None
    return Meaning(name, "class", layer.signature, layer.doc, layer.page)


def find_wrapper(name: str) -> Meaning | None:
    """The parametrization, or ``Parameter`` or ``Buffer``."""
    wrapper = WRAPPERS.get(name)
    if wrapper is not None:
        return Meaning(name, "function", wrapper.signature, wrapper.doc)
    if name not in _TENSORS:
        return None
    arguments, doc = _TENSORS[name]
    return Meaning(name, "class", parse_signature(arguments), doc)


def find_function(name: str, namespace: Namespace | None = None) -> Meaning | None:
    """The function of a name, as a namespace has it; a bare one is that of ``F``, else of ``torch``."""
    form = FUNCTIONS.get(name)
    if form is None or (namespace is not None and namespace not in form.namespaces):
        return None
    signature = form.signature if namespace is None else form.signature_in(namespace)
    return Meaning(name, "function", signature, form.doc)


def find_method(name: str) -> Meaning | None:
    """The method or attribute of a tensor."""
    form = METHODS.get(name)
    if form is None:
        return None
    if form.attribute:
        return Meaning(name, "attribute", None, form.doc)
    return Meaning(name, "method", form.signature, form.doc)


def sign_block(names: Names) -> Signature:
    """A block's params as a signature."""
    required = ("~", "null", "")
    return Signature(
        tuple(
            Parameter(name, "positional", REQUIRED if value in required else value, value)
            for name, value in names.params.items()
        )
    )


def sign_inputs(names: Names) -> Signature:
    """A block's inputs as a signature."""
    found = []
    for name, text in names.inputs.items():
        _, equals, default = text.partition("=")
        found.append(Parameter(name, "positional", default.strip() if equals else REQUIRED, default.strip()))
    return Signature(tuple(found))


def class_of(value: str) -> str:
    """The class whose layer a value of ``layers`` makes: that of the first call, or the ``type`` of a mapping."""
    long = re.match(r"\{.*?\btype: (?:torch\.)?(?:nn\.)?(\w+)", value)
    if long is not None:
        return long[1]
    if value[:1] in ("{", "[") or "*" in value.partition("(")[0]:
        return "Sequential"
    call = re.match(r"(?:torch\.)?(?:nn\.)?([A-Za-z_]\w*)\s*\(", value)
    return "" if call is None else call[1]


def find_member(name: str, names: Names, outline: Outline) -> Meaning | None:
    """A layer of a class by its name, with how a forward calls it where that is known."""
    if name not in names.layers:
        return None
    value = names.layers[name]
    block = outline.classes.get(class_of(value)) if class_of(value) in outline.blocks else None
    signature = None if block is None else sign_inputs(block)
    return Meaning(name, "layer", signature, value)


def resolve(name: str, outline: Outline, names: Names, *, in_forward: bool) -> Meaning | None:
    """What a dotted name means in an expression of a class; None where that can't be told from the text alone."""
    owner, _, last = name.rpartition(".")
    if not owner:
        member = find_member(name, names, outline) if in_forward else None
        if member is not None or name in names.inputs or name in names.locals:
            return member
        return find_class(name, outline) or find_function(name)
    prefix = NAMESPACES.get(owner)
    if prefix == "self":
        return find_member(last, names, outline)
    if prefix == "nn":
        return find_layer(last)
    if prefix in ("F", "torch"):
        return find_function(last, "F" if prefix == "F" else "torch")
    if owner.removeprefix("self.").split(".")[0] in names.layers:
        return None
    return None if prefix == "math" else find_method(last)


def list_namespace(prefix: str) -> Iterator[Meaning]:
    """Everything behind ``nn.``, ``F.``, ``torch.`` or ``math.``."""
    if prefix == "math":
        yield from (Meaning(name, "function" if callable(value) else "value") for name, value in MATH.items())
    elif prefix == "nn":
        yield from (found for name in LAYERS if (found := find_layer(name)) is not None)
    else:
        namespace: Namespace = "F" if prefix == "F" else "torch"
        yield from (found for name in FUNCTIONS if (found := find_function(name, namespace)) is not None)
        if prefix == "torch":
            yield from (Meaning(name, "value", doc="A dtype.") for name in DTYPES)


def list_methods() -> Iterator[Meaning]:
    """The methods and attributes of tensors."""
    yield from (found for name in METHODS if (found := find_method(name)) is not None)


def list_functions() -> Iterator[Meaning]:
    """What can be called by a bare name: functions of ``F`` and ``torch``, and Python's."""
    yield from (found for name in FUNCTIONS if (found := find_function(name)) is not None)
    yield from (Meaning(name, "function", doc="As in Python.") for name in BUILTINS if name not in FUNCTIONS)


def list_classes(outline: Outline) -> Iterator[Meaning]:
    """What makes a layer: blocks, imports, layers, wrappers, ``Parameter`` and ``Buffer``."""
    own = [*outline.blocks, *outline.imports]
    for name in dict.fromkeys([*own, *LAYERS, *WRAPPERS, *_TENSORS]):
        found = find_class(name, outline)
        if found is not None:
            yield found
