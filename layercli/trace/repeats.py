"""Long sequences in which the same items stand several times, each time under another path, and are held once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Any, Generic, TypeAlias, TypeVar, overload

from layercli.record import record

T = TypeVar("T")
S = TypeVar("S")

#: What gives an item another path: the item, how long the path in front is now, and what it becomes.
Move: TypeAlias = "Callable[[T, int, str], T]"


@record(slots=True, eq=False)
class Repeat(Generic[T]):
    """Items that stand under ``path`` in the place of ``items.path``."""

    items: Repeats[T]
    path: str


class Repeats(Sequence[T]):
    """A tuple of items, some of them given as repeats of others. Each item is made when it is asked for.

    ``path`` is what the paths of the items begin with and a repeat changes. Equal to whatever has the same items in
    the same order.
    """

    __slots__ = ("_ends", "move", "parts", "path")

    def __init__(self, move: Move[T], parts: Iterable[T | Repeat[T]], path: str = "") -> None:
        self.move = move
        self.parts = tuple(parts)
        self.path = path
        lengths = (len(part.items) if isinstance(part, Repeat) else 1 for part in self.parts)
        self._ends = tuple(accumulate(lengths))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[T]:
        for part in self.parts:
            if isinstance(part, Repeat):
                yield from part.items._iterate_under(part.path)
            else:
                yield part

    def _iterate_under(self, path: str) -> Iterator[T]:
        if path == self.path:
            yield from self
            return
        move, length = self.move, len(self.path)
        for part in self.parts:
            if isinstance(part, Repeat):
                yield from part.items._iterate_under(path + part.path[length:])
            else:
                yield move(part, length, path)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...

    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            return tuple(islice(self, start, stop, step)) if step > 0 else tuple(self)[index]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError("there are fewer items")
        items, path = self, self.path
        while True:
            place = bisect_right(items._ends, index)
            index -= items._ends[place - 1] if place else 0
            part, length = items.parts[place], len(items.path)
            if not isinstance(part, Repeat):
                return part if path == items.path else items.move(part, length, path)
            items, path = part.items, path + part.path[length:]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Repeats, tuple, list)):
            return NotImplemented
        return len(self) == len(other) and all(
            one == another for one, another in zip(self, other, strict=True)
        )

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return Repeats, (self.move, self.parts, self.path)

    def weigh(self) -> Iterator[tuple[T, int]]:
        """Each item that is held, and how often it stands here."""
        inner_first: dict[int, Repeats[T]] = {}
        waiting: list[tuple[Repeats[T], bool]] = [(self, False)]
        while waiting:
            items, done = waiting.pop()
            if done:
                inner_first.setdefault(id(items), items)
            elif id(items) not in inner_first:
                waiting.append((items, True))
                waiting += [(part.items, False) for part in items.parts if isinstance(part, Repeat)]
        times = dict.fromkeys(inner_first, 0)
        times[id(self)] = 1
        for items in reversed(inner_first.values()):
            number = times[id(items)]
            for part in items.parts:
                if isinstance(part, Repeat):
                    times[id(part.items)] += number
                else:
                    yield part, number

    def convert(self, convert: Callable[[T], S], move: Move[S]) -> Repeats[S]:
        """The same with something else in the place of each item that is held."""
        return self._convert(convert, move, {})

    def _convert(
        self, convert: Callable[[T], S], move: Move[S], known: dict[int, Repeats[S]]
    ) -> Repeats[S]:
        found = known.get(id(self))
        if found is None:
            parts = (
                Repeat(part.items._convert(convert, move, known), part.path)
                if isinstance(part, Repeat)
                else convert(part)
                for part in self.parts
            )
            found = known[id(self)] = Repeats(move, parts, self.path)
        return found


def weigh(items: Sequence[T]) -> Iterator[tuple[T, int]]:
    """Each different item of a sequence that may hold repeats, and how often it stands there."""
    return items.weigh() if isinstance(items, Repeats) else ((item, 1) for item in items)
