"""What is known of a layer, function, method or attribute: one frozen entry each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache, cached_property
from typing import Any, Literal, TypeAlias

from layercli.catalogue.macs import Macs, take_none
from layercli.catalogue.modules import Child, Module, State
from layercli.catalogue.signature import Parameter, Signature, parse_signature
from layercli.catalogue.work import Work, leave_unknown
from layercli.record import record

#: Where the documentation of PyTorch has a page of each name.
PAGES = "https://docs.pytorch.org/docs/stable/generated"


@record
class Layer:
    """A module class of ``torch.nn``.

    ``arguments`` is the constructor's signature as text, without ``self`` and ``device``; what PyTorch has
    after ``device`` is given by keyword, since its place would be another:
    ``"in_features, out_features, bias=True, *, dtype=None"``. ``doc`` is one sentence. ``refused`` says why a
    spec may not use the class, as ``"it is ..."``; the empty text means that it may.

    What is known without values: ``state`` gives the parameters and buffers in PyTorch's order, ``children`` the
    layers that a composite one makes, ``rule`` the output for given inputs, with the sentence of each constraint
    that they break (``Refusal``). ``reads`` names a child whose weights are used without a call. ``accesses`` tells
    which of the wrapped tensors with these names a call reads one after another, where that isn't each once, in
    PyTorch's order of parameters. ``macs`` gives the multiply-adds of a call, ``work`` its floating-point operations
    beside them: of the layer's own, not of what has a row inside it.
    """

    name: str
    arguments: str
    doc: str
    refused: str = ""
    state: Callable[[Module], Iterable[State]] | None = None
    children: Callable[[Module], Iterable[Child]] | None = None
    rule: Callable[..., Any] | None = None
    reads: str = ""
    accesses: Callable[[Sequence[str]], Iterable[str]] | None = None
    macs: Macs = take_none
    work: Work = leave_unknown

    @cached_property
    def signature(self) -> Signature:
        return parse_signature(self.arguments)

    @property
    def page(self) -> str:
        """The address of the class in PyTorch's documentation."""
        return f"{PAGES}/torch.nn.{self.name}.html"


#: Where an operation is found: ``torch.nn.functional``, ``torch``, or the methods of ``Tensor``.
Namespace: TypeAlias = Literal["F", "torch", "Tensor"]

FUNCTIONAL: tuple[Namespace, ...] = ("F",)
TORCH: tuple[Namespace, ...] = ("torch",)
TENSOR: tuple[Namespace, ...] = ("Tensor",)
FUNCTIONAL_AND_TORCH: tuple[Namespace, ...] = ("F", "torch")
EVERYWHERE: tuple[Namespace, ...] = ("F", "torch", "Tensor")


@record
class Operation:
    """What one operation is, wherever it is found: as a function of ``F`` or ``torch``, a method, an attribute.

    ``arguments`` is the signature of the function as text, the tensor first; of a method without ``self``
    where there is no function. A method takes the same without the first one, and only ``F`` takes
    ``inplace``; ``in_torch`` and ``in_tensor`` hold the signatures that follow neither rule. ``out``,
    ``layout``, ``pin_memory``, ``requires_grad``, ``generator``, ``memory_format`` and functions as arguments are
    never part of a signature; ``device`` is.

    ``aliases`` are further names of the same thing. ``in_place`` says where the same name with an underscore
    writes into its first argument. ``creates`` marks functions that make a tensor from sizes or literals and
    so take ``device`` and the default dtype, ``random`` those that may draw from the generator, ``attribute``
    those that ``Tensor`` has as an attribute instead of a method.

    ``rule`` gives the type of the result, called as the operation is, a method's tensor first; what breaks a
    constraint raises ``Refusal`` with its sentence. ``writes_shared`` marks
    those that write in place also where elements share their memory, as after ``expand``. ``macs`` gives the
    multiply-adds of a call, ``work`` its floating-point operations beside them.
    """

    name: str
    arguments: str
    doc: str
    namespaces: tuple[Namespace, ...] = ("torch", "Tensor")
    aliases: tuple[str, ...] = ()
    in_place: tuple[Namespace, ...] = ()
    in_torch: str | None = None
    in_tensor: str | None = None
    creates: bool = False
    random: bool = False
    attribute: bool = False
    rule: Callable[..., Any] | None = None
    writes_shared: bool = False
    macs: Macs = take_none
    work: Work = leave_unknown

    def signature_in(self, namespace: Namespace) -> Signature:
        """The signature as ``namespace`` has it, without ``self``."""
        special = {"torch": self.in_torch, "Tensor": self.in_tensor}.get(namespace)
        is_method = namespace == "Tensor" and self.namespaces != TENSOR
        return _make_signature(self.arguments, special, is_method, namespace != "F")


@cache
def _make_signature(arguments: str, special: str | None, is_method: bool, is_native: bool) -> Signature:
    if special is not None:
        return _allow_sizes_by_name(parse_signature(special).parameters)
    parameters = parse_signature(arguments).parameters[is_method:]
    if is_native:
        parameters = tuple(parameter for parameter in parameters if parameter.name != "inplace")
    return _allow_sizes_by_name(parameters)


def only_move(*operations: Operation) -> tuple[Operation, ...]:
    """Operations that take no work but where one says so: views, copies and casts, and facts about a tensor."""
    return tuple(
        replace(operation, work=take_none) if operation.work is leave_unknown else operation
        for operation in operations
    )


def _allow_sizes_by_name(parameters: tuple[Parameter, ...]) -> Signature:
    """PyTorch takes sizes one by one, as a tuple, or by name; lists of tensors never by name."""
    stars = {parameter.name for parameter in parameters if parameter.kind == "rest"}
    return Signature(parameters, star_by_name=bool(stars & {"size", "shape", "dims", "repeats"}))


@record(eq=False)
class Form:
    """An operation under one of its names, in the namespaces that have it under this name."""

    name: str
    operation: Operation
    namespaces: tuple[Namespace, ...]
    in_place: bool = False

    @property
    def doc(self) -> str:
        if self.in_place:
            return f"{self.operation.doc.removesuffix('.')}, written into the tensor itself."
        return self.operation.doc

    @property
    def attribute(self) -> bool:
        return self.operation.attribute and self.namespaces == TENSOR

    @property
    def creates(self) -> bool:
        return self.operation.creates

    @property
    def random(self) -> bool:
        return self.operation.random

    @cached_property
    def signature(self) -> Signature:
        """The signature in the first of the namespaces, which is where a bare name is looked up."""
        return self.signature_in(self.namespaces[0])

    def signature_in(self, namespace: Namespace) -> Signature:
        """The signature as ``namespace`` has it; a form that writes in place anyway takes no ``inplace``."""
        return _find_signature(self, namespace)


@cache
def _find_signature(form: Form, namespace: Namespace) -> Signature:
    signature = form.operation.signature_in(namespace)
    if not form.in_place:
        return signature
    return replace(signature, parameters=tuple(p for p in signature.parameters if p.name != "inplace"))


class Function(Form):
    """A pure function of ``torch.nn.functional`` (``"F"``), ``torch`` (``"torch"``) or both."""


class Method(Form):
    """A method of ``Tensor``, its signature without ``self``, or an attribute where ``attribute`` is True."""
