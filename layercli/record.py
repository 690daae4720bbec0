"""Dataclasses that cost next to nothing to define.

``dataclasses.dataclass`` writes and compiles up to seven functions for each class: 0.6 ms, times the hundred classes
that a command imports. A record is such a dataclass with the same fields, ``replace`` and behaviour, whose one function
that has to be compiled, ``__init__``, is compiled when the first instance is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def record(cls: type[T], /) -> type[T]: ...


@overload
def record(
    *, frozen: bool = True, slots: bool = False, eq: bool = True, repr: bool = True
) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: Any = None, /, **options: bool) -> Any:
    """Make a class a dataclass: a frozen one, unless ``frozen`` is False. The options mean what they do there."""
    return _make(cls) if cls is not None else lambda later: _make(later, **options)


def _make(
    cls: type[Any], *, frozen: bool = True, slots: bool = False, eq: bool = True, repr: bool = True
) -> type[Any]:
    # Else dataclasses looks for a signature to write there.
    cls.__doc__ = cls.__doc__ or cls.__name__
    made: type[Any] = dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    methods: dict[str, Any] = {}
    if frozen:
        methods |= {"__setattr__": _refuse_change, "__delattr__": _refuse_change}
    if frozen and slots:
        methods["__setstate__"] = _restore
    if repr:
        methods["__repr__"] = _show
    if eq:
        methods["__eq__"], hash_key = _compare_by([item.name for item in fields(made) if item.compare])
        methods["__hash__"] = hash_key if frozen else None
    for name, method in methods.items():
        if name not in cls.__dict__:
            setattr(made, name, method)
    made.__init__ = _LateInit(made, frozen)
    return made


class _LateInit:
    """The ``__init__`` of a record, which puts the compiled one in its place when somebody looks it up."""

    def __init__(self, cls: type[Any], frozen: bool) -> None:
        self.cls = cls
        self.frozen = frozen

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        init = _write_init(self.cls, self.frozen)
        self.cls.__init__ = init
        return init.__get__(instance, owner)


def _write_init(cls: type[Any], frozen: bool) -> Any:
    """A function with the fields as its parameters, as ``dataclasses`` writes it."""
    names: dict[str, Any] = {"set_field": object.__setattr__, "MISSING": MISSING}
    parameters: list[str] = []
    lines: list[str] = []
    for item in fields(cls):
        name, value = item.name, item.name
        if item.default is not MISSING:
            names[f"default_{name}"] = item.default
            parameters.append(f"{name}=default_{name}")
        elif item.default_factory is not MISSING:
            names[f"make_{name}"] = item.default_factory
            parameters.append(f"{name}=MISSING")
            value = f"make_{name}() if {name} is MISSING else {name}"
        else:
            parameters.append(name)
        lines.append(f"set_field(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    exec(f"def __init__(self, {', '.join(parameters)}):\n " + "\n ".join(lines or ["pass"]), names)
    init = names["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__module__ = cls.__module__
    init.__annotations__ = {item.name: item.type for item in fields(cls)} | {"return": "None"}
    return init


def _compare_by(names: list[str]) -> tuple[Callable[[Any, Any], Any], Callable[[Any], int]]:
    """``__eq__`` and ``__hash__`` by the fields with these names."""
    key: Callable[[Any], Any] = attrgetter(*names) if names else _take_nothing

    def equal(self: Any, other: Any) -> Any:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def hash_key(self: Any) -> int:
        return hash(key(self))

    return equal, hash_key


def _take_nothing(self: Any) -> tuple[()]:
    return ()


@recursive_repr()
def _show(self: Any) -> str:
    shown = [f"{item.name}={getattr(self, item.name)!r}" for item in fields(self) if item.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_change(self: Any, name: str, *value: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")


def _restore(self: Any, state: tuple[None, Mapping[str, Any]]) -> None:
    """What copy and pickle do otherwise by setting attributes, which a frozen record refuses."""
    for name, value in state[1].items():
        object.__setattr__(self, name, value)
