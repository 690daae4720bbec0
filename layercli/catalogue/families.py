"""The families of the catalogue, each imported when one of its entries is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, TypeVar

T = TypeVar("T")

#: The modules of layers, in the order in which people look for them.
LAYER_FAMILIES = (
    "linear", "convolution", "pooling", "padding", "activation", "normalisation", "recurrent", "attention", "dropout",
    "embedding", "shape", "vision", "distance", "loss", "container",
)  # fmt: skip

#: The modules of ``operations``, in the order in which they are listed.
OPERATION_FAMILIES = (
    "elementwise", "activation", "reduction", "view", "indexing", "joining", "linear algebra", "creation", "random",
    "convolution", "pooling", "normalisation", "attention", "vision", "loss",
)  # fmt: skip


class Late(Mapping[str, T]):
    """What ``find`` gives for each of ``names``, found when it's asked for."""

    def __init__(self, names: Iterable[str], find: Callable[[str], T]) -> None:
        self._names = dict.fromkeys(names)
        self._find = find
        self._found: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name in self._found:
            return self._found[name]
        if name not in self._names:
            raise KeyError(name)
        found = self._found[name] = self._find(name)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def load_families(families: Iterable[str], package: str, table: str) -> Late[tuple[Any, ...]]:
    """The entries of each family: what its module in ``package`` has under the name ``table``."""

    def load(family: str) -> tuple[Any, ...]:
        entries: tuple[Any, ...] = getattr(import_module(f"{package}.{family.replace(' ', '_')}"), table)
        return entries

    return Late(families, load)


def find_in_families(names: Mapping[str, str], list_family: Callable[[str], Mapping[str, T]]) -> Late[T]:
    """Every entry by its name: ``names`` are those of each family, ``list_family`` gives its entries by name."""
    families = {name: family for family, inside in names.items() for name in inside.split()}
    entries = Late(names, list_family)
    return Late(families, lambda name: entries[families[name]][name])
