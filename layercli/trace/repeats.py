"""Long sequences in which the same items stand several times, each time under another path, and are held once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import field
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

    def enter(self, wanted: Callable[[str], bool], path: str | None = None) -> Iterator[T]:
        """The items here and in those repeats whose paths are wanted, in their order."""
        under = self.path if path is None else path
        move, length = self.move, len(self.path)
        for part in self.parts:
            if isinstance(part, Repeat):
                inner = under + part.path[length:]
                if wanted(inner):
                    yield from part.items.enter(wanted, inner)
            else:
                yield part if under == self.path else move(part, length, under)

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

    def convert(self, convert: Callable[[T], S | None], move: Move[S]) -> Repeats[S]:
        """The same with something else in the place of each item that is held, or nothing where that is None."""
        return self._convert(convert, move, {})

    def _convert(
        self, convert: Callable[[T], S | None], move: Move[S], known: dict[int, Repeats[S]]
    ) -> Repeats[S]:
        found = known.get(id(self))
        if found is None:
            parts = (
                Repeat(part.items._convert(convert, move, known), part.path)
                if isinstance(part, Repeat)
                else convert(part)
                for part in self.parts
            )
            kept = [part for part in parts if part is not None]
            found = known[id(self)] = Repeats(move, kept, self.path)
        return found


def weigh(items: Sequence[T]) -> Iterator[tuple[T, int]]:
    """Each different item of a sequence that may hold repeats, and how often it stands there."""
    return items.weigh() if isinstance(items, Repeats) else ((item, 1) for item in items)


def enter(items: Sequence[T], wanted: Callable[[str], bool]) -> Iterator[T]:
    """The items of a sequence that may hold repeats, without those in repeats whose paths aren't wanted."""
    return items.enter(wanted) if isinstance(items, Repeats) else iter(items)


def convert(items: Sequence[T], function: Callable[[T], S | None], move: Move[S]) -> Repeats[S]:
    """A sequence that may hold repeats with something else in the place of each item, or nothing where that is None."""
    held = items if isinstance(items, Repeats) else Repeats(_keep, items)
    return held.convert(function, move)


def _keep(item: T, length: int, path: str) -> T:
    return item


#: How many of equal siblings stand before those that are left out. One stands after them.
KEPT = 3


@record(slots=True)
class Omitted(Generic[T]):
    """Equal siblings that are left out: the path of the last of them, and how many.

    ``head`` is the last one's own item, where it has one, ``items`` are those inside each. They are the same as in the
    siblings before, and so they aren't compared.
    """

    path: str
    count: int
    items: Repeats[T] = field(compare=False)
    head: T | None = field(default=None, compare=False)

    @property
    def number(self) -> int:
        """How many items are left out."""
        return self.count * (len(self.items) + (self.head is not None))


class NotFolded(Exception):
    """Items were left out of a sequence in places that don't go together, so that it has to be folded whole."""


def check_whole(left: Sequence[T | Omitted[T]], right: Sequence[T | Omitted[T]]) -> None:
    """Raise NotFolded where two blocks that differ could still be the same as a whole."""
    omitted = [item for item in (*left, *right) if isinstance(item, Omitted)]
    if omitted and _count_items(left) == _count_items(right):
        raise NotFolded


def _count_items(items: Sequence[T | Omitted[T]]) -> int:
    return sum(item.number if isinstance(item, Omitted) else 1 for item in items)


def omit_repeats(
    items: Sequence[T], path_of: Callable[[T], str], relate: Callable[[T, T], Hashable]
) -> list[T | Omitted[T]]:
    """A sequence without most of each run of siblings, numbered one after another, that repeat the same items.

    The item before a repeat that has its path is the sibling's own; ``relate`` says how it differs from that of the
    sibling before, names aside, and has to be the same in a run.
    """
    if not isinstance(items, Repeats):
        return [*items]
    return [*_omit(items, items.path, path_of, relate)]


@record(slots=True, eq=False)
class _Block(Generic[T]):
    repeat: Repeat[T]
    head: T | None


def _omit(
    items: Repeats[T], path: str, path_of: Callable[[T], str], relate: Callable[[T, T], Hashable]
) -> Iterator[T | Omitted[T]]:
    length = len(items.path)

    def move(item: T) -> T:
        return item if path == items.path else items.move(item, length, path)

    def show(block: _Block[T]) -> Iterator[T | Omitted[T]]:
        if block.head is not None:
            yield move(block.head)
        yield from _omit(block.repeat.items, path + block.repeat.path[length:], path_of, relate)

    def show_run(run: Sequence[_Block[T]]) -> Iterator[T | Omitted[T]]:
        if len(run) <= KEPT + 1:
            for block in run:
                yield from show(block)
            return
        for block in run[:KEPT]:
            yield from show(block)
        last = run[-2]
        head = None if last.head is None else move(last.head)
        yield Omitted(path + last.repeat.path[length:], len(run) - KEPT - 1, last.repeat.items, head)
        yield from show(run[-1])

    run: list[_Block[T]] = []
    relation: Hashable = None
    for part in _pair_heads(items.parts, path_of):
        if not isinstance(part, _Block):
            yield from show_run(run)
            run = []
            yield move(part)
            continue
        if run and _follows(run[-1], part):
            before = run[-1].head
            found = None if before is None or part.head is None else relate(before, part.head)
            if len(run) == 1 or found == relation:
                run.append(part)
                relation = found
                continue
        yield from show_run(run)
        run = [part]
    yield from show_run(run)


def _pair_heads(parts: Sequence[T | Repeat[T]], path_of: Callable[[T], str]) -> Iterator[T | _Block[T]]:
    waiting: list[T] = []
    for part in parts:
        if isinstance(part, Repeat):
            head = waiting.pop() if waiting and path_of(waiting[0]) == part.path else None
            yield from waiting
            waiting = []
            yield _Block(part, head)
        else:
            yield from waiting
            waiting = [part]
    yield from waiting


def _follows(before: _Block[T], block: _Block[T]) -> bool:
    """Whether both repeat the same, and the numbers at the end of their paths follow each other."""
    one, _, number = before.repeat.path.rpartition(".")
    other, _, following = block.repeat.path.rpartition(".")
    numbers = all(text.isascii() and text.isdigit() and len(text) < 10 for text in (number, following))
    return (
        before.repeat.items is block.repeat.items
        and (before.head is None) == (block.head is None)
        and one == other
        and numbers
        and int(following) == int(number) + 1
    )
