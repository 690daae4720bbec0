"""A layer without values: its arguments, the tensors it holds, the layers inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal

from layercli.catalogue.arguments import is_whole
from layercli.catalogue.tensors import AnySize, Shape, Tensor, contiguous_strides, default_dtype, refuse
from layercli.record import record

if TYPE_CHECKING:
    from layercli.catalogue.entries import Layer


@record(slots=True)
class State:
    """A parameter or buffer that a layer makes. Without ``dtype`` it has the layer's, else the default one.

    ``trainable`` says whether a parameter takes a gradient at first.
    """

    name: str
    shape: tuple[AnySize, ...]
    kind: Literal["parameter", "buffer"] = "parameter"
    dtype: str | None = None
    persistent: bool = True
    trainable: bool = True


@record(slots=True)
class Child:
    """A layer that a composite layer makes: by class and arguments, or ``plan`` where the spec gave it.

    ``type`` names a class of ``torch.nn``, or is the entry of one that PyTorch keeps to itself. ``cloned`` says that
    PyTorch makes it by copying another.
    """

    name: str
    type: str | Layer
    arguments: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Child, ...] = ()
    plan: Any = None
    cloned: bool = False


@record(frozen=False, eq=False)
class Module:
    """One layer as the rules of the catalogue see it.

    ``arguments`` has every argument of the constructor, defaults filled in; each is an attribute, too. ``tensors``
    are its parameters and buffers by name, ``buffers`` the names of those that are buffers, ``transient`` those that
    ``state_dict`` leaves out. ``run`` calls a child, so that the call has its row.

    ``entry`` has the layer's rules and is None for blocks; ``type`` is the class as rows name it, which a wrapper
    changes. ``given`` says that the layer was an argument of a composite one, whose call includes its own, ``cloned``
    that it was made as a copy of another. ``computed`` are the layers that give a wrapped tensor, by its name.

    ``pending`` makes its tensors and children, where that waits until somebody asks for them. ``refused`` are the
    members of a block that can't be made, with the errors that say why.
    """

    path: str
    type: str
    arguments: Mapping[str, Any]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    buffers: set[str] = field(default_factory=set)
    transient: set[str] = field(default_factory=set)
    children: dict[str, Module] = field(default_factory=dict)
    training: bool = False
    plan: Any = None
    run: Callable[..., Any] | None = None
    entry: Layer | None = None
    given: bool = False
    cloned: bool = False
    computed: dict[str, Module] = field(default_factory=dict)
    pending: Callable[[], None] | None = None
    refused: dict[str, Exception] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["arguments"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def dtype(self) -> str:
        """The dtype of the layer's own parameters."""
        given = self.arguments.get("dtype")
        return given if isinstance(given, str) else default_dtype()

    def call(self, child: str, *inputs: Any, **keywords: Any) -> Any:
        """The output of a child by its dotted name."""
        module = self
        for part in child.split("."):
            module = module.children[part]
        return self.call_module(module, *inputs, **keywords)

    def call_module(self, module: Module, *inputs: Any, **keywords: Any) -> Any:
        """The output of a layer inside this one."""
        assert self.run is not None
        return self.run(module, list(inputs), keywords)

    def join(self, name: str) -> str:
        """The path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def complete(self) -> None:
        """Make what is pending."""
        if self.pending is not None:
            make, self.pending = self.pending, None
            make()

    def walk(self) -> Iterator[Module]:
        """This module and all inside it that is made, in the order of ``named_modules``."""
        stack = [self]
        while stack:
            module = stack.pop()
            yield module
            stack += reversed(module.children.values())


#: Layers that hand on what they are given, which may be something else than tensors.
PASSING = frozenset({"Identity", "Sequential"})


def apply_operation(rule: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """The rule of a layer that calls an operation's rule on its one input, with these of its arguments by name."""

    def apply(layer: Module, input: Any) -> Any:
        return rule(input, **{name: layer.arguments[name] for name in names})

    return apply


def hold_lazily(
    state: Callable[[Module], Iterable[State]], **missing: Any
) -> Callable[[Module], Iterator[State]]:
    """What a lazy layer holds before its first input: the tensors of its eager class, without sizes.

    ``missing`` are arguments that only the eager class has, with values that it takes.
    """

    def hold(layer: Module) -> Iterator[State]:
        for found in state(Module(layer.path, layer.type, {**layer.arguments, **missing})):
            yield State(found.name, (0,) if found.shape else (), found.kind, found.dtype, found.persistent)

    return hold


def read_shape(state: State, arguments: Mapping[str, Any]) -> Shape:
    """The sizes of a layer's tensor. Raises Refusal for what is none, naming the argument that it comes from."""
    for size in state.shape:
        argument = next((name for name, value in arguments.items() if value is size), "")
        if not is_whole(size) and not (isinstance(size, bool) and size is not state.shape[0]):
            named = f" as {argument}" if argument else f" in the shape of {state.name}"
            refuse(f"needs an int{named}, not {size!r}", argument, "invalid-argument")
        if size < 0:
            shown = list(state.shape)
            refuse(f"{state.name} would have a negative size: {shown}", argument, "invalid-argument")
    return tuple(int(size) if isinstance(size, bool) else size for size in state.shape)


def apply_lazily(
    name: str,
    find: Callable[[Module, Tensor], AnySize],
    state: Callable[[Module], Iterable[State]],
    rule: Callable[..., Any],
) -> Callable[..., Any]:
    """The rule of a lazy layer: the first input gives the argument ``name``, and the tensors their sizes.

    Source: torch.nn.modules.lazy.LazyModuleMixin.
    """

    @wraps(rule)
    def apply(layer: Module, input: Any, *others: Any, **named: Any) -> Any:
        if name not in layer.arguments:
            if not isinstance(input, Tensor):
                refuse(f"needs a tensor as input, not {input!r}", "input", "wrong-kind")
            layer.arguments = {**layer.arguments, name: find(layer, input)}
            for found in state(layer):
                tensor = layer.tensors[found.name]
                tensor.shape = read_shape(found, layer.arguments)
                tensor.strides = contiguous_strides(tensor.shape)
        return rule(layer, input, *others, **named)

    return apply
