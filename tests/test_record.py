"""Records beside the dataclasses that they are in all but how they are made."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

import pytest

from layercli.record import record


@record
class Point:
    """Two coordinates and a name."""

    x: int
    y: int = 2
    name: str = field(default="", compare=False, repr=False)

    @cached_property
    def size(self) -> int:
        return self.x + self.y


@dataclass(frozen=True)
class PlainPoint:
    """The same by the standard library."""

    x: int
    y: int = 2
    name: str = field(default="", compare=False, repr=False)


@record(slots=True)
class Marks:
    """A list that each has for itself."""

    first: int
    rest: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PlainMarks:
    """The same by the standard library."""

    first: int
    rest: list[int] = field(default_factory=list)


@record(frozen=False)
class Counter:
    """Something that changes."""

    count: int = 0


@dataclass
class PlainCounter:
    """The same by the standard library."""

    count: int = 0


@record(eq=False)
class Only:
    """Equal to itself alone."""

    value: int = 1


@record
class Nothing:
    """A record without fields."""


@record
class Named(Point):
    """A point with a field more."""

    label: str = "n"


@record
class Even:
    """Compared and drawn as it says itself."""

    value: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Even) and self.value % 2 == other.value % 2

    def __hash__(self) -> int:
        return self.value % 2

    def __repr__(self) -> str:
        return "even"


TWINS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (Point, PlainPoint),
    (Marks, PlainMarks),
    (Counter, PlainCounter),
]
CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1,), {}),
    ((1, [3]), {}),
    ((1, 2, "a"), {}),
    ((1, 2, "a", 4), {}),
    ((), {"x": 1, "y": 3}),
    ((), {"first": 1, "rest": [1]}),
    ((), {"count": 3}),
    ((1,), {"x": 1}),
    ((1,), {"none": 1}),
]


def describe(make: Callable[..., Any], positional: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    """An instance as text, or what is wrong with the call."""
    try:
        return repr(make(*positional, **keywords))
    except TypeError as error:
        return f"TypeError: {error}"


@pytest.mark.parametrize(("made", "plain"), TWINS)
@pytest.mark.parametrize(("positional", "keywords"), CALLS)
def test_calls_give_the_same(
    made: Callable[..., Any],
    plain: Callable[..., Any],
    positional: tuple[Any, ...],
    keywords: dict[str, Any],
) -> None:
    expected = describe(plain, positional, keywords).replace("Plain", "")
    assert describe(made, positional, keywords) == expected


@pytest.mark.parametrize(("made", "plain"), TWINS)
def test_fields_and_parameters_are_the_same(made: Any, plain: Any) -> None:
    assert bool(is_dataclass(made))
    assert [item.name for item in fields(made)] == [item.name for item in fields(plain)]
    assert made.__match_args__ == plain.__match_args__
    ours, theirs = inspect.signature(made).parameters, inspect.signature(plain).parameters
    assert list(ours) == list(theirs)
    assert [item.annotation for item in ours.values()] == [item.annotation for item in theirs.values()]


def test_equal_by_the_fields_that_are_compared() -> None:
    assert Point(1, name="a") == Point(1, name="b")
    assert Point(1) != Point(2)
    assert Point(1) != Named(1)
    assert len({Point(1), Point(1, name="b"), Point(2)}) == 2
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())
    assert Only() != Only()
    assert len({Only(), Only()}) == 2
    assert Even(2) == Even(4)
    assert (hash(Even(2)), repr(Even(2))) == (0, "even")


def test_another_class_is_not_equal() -> None:
    other: Any = PlainPoint(1)
    assert Point(1) != other
    assert other != Point(1)


def test_frozen_ones_do_not_change() -> None:
    for instance, name in ((Point(1), "x"), (Marks(1), "first"), (Named(1), "label"), (Point(1), "other")):
        with pytest.raises(FrozenInstanceError):
            setattr(instance, name, 3)
        with pytest.raises(FrozenInstanceError):
            delattr(instance, name)
    assert Point(1).size == 3


def test_others_change_and_have_no_hash() -> None:
    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)


def test_lists_are_not_shared() -> None:
    assert Marks(1).rest is not Marks(1).rest


def test_a_later_class_has_the_fields_of_the_first() -> None:
    assert repr(Named(1, label="b")) == "Named(x=1, y=2, label='b')"
    assert replace(Named(1), x=3) == Named(3)


@pytest.mark.parametrize("instance", [Point(1, 3, "a"), Marks(1, [2]), Named(1), Counter(3), Nothing()])
def test_copies_are_equal(instance: Any) -> None:
    assert pickle.loads(pickle.dumps(instance)) == instance
    assert copy.deepcopy(instance) == instance
    assert copy.copy(instance) == instance
    assert replace(instance) == instance


def test_slots_hold_no_other_attribute() -> None:
    assert not hasattr(Marks(1), "__dict__")


def test_a_record_inside_itself_is_drawn_once() -> None:
    marks = Marks(1)
    marks.rest.append(marks)  # type: ignore[arg-type]
    assert repr(marks) == "Marks(first=1, rest=[...])"
