"""Sequences that hold the same items once are what they would be written out."""

from __future__ import annotations

import pickle
import random
import re
from typing import Any

import pytest

import layercli
from layercli.errors import Source
from layercli.lock import format_lock, lock_from_trace, parse_lock
from layercli.report.rows import build_tree
from layercli.trace.repeats import Omitted, Repeat, Repeats, convert, enter, omit_repeats, weigh
from layercli.trace.sources import is_next_part, relate_sources, shift_part

Items = Repeats[str]


def move(item: str, length: int, path: str) -> str:
    return path + item[length:]


def draw_items(draw: random.Random, path: str, depth: int) -> Items:
    parts: list[str | Repeat[str]] = []
    for number in range(draw.randint(0, 4)):
        inside = f"{path}.{number}"
        if depth and draw.random() < 0.6:
            items = draw_items(draw, inside, depth - 1)
            parts += [Repeat(items, f"{path}.{number + extra}") for extra in range(draw.randint(1, 4))]
        else:
            parts.append(f"{inside}.row")
    return Repeats(move, parts, path)


def write_out(items: Items, path: str) -> list[str]:
    found: list[str] = []
    for part in items.parts:
        if isinstance(part, Repeat):
            found += write_out(part.items, path + part.path[len(items.path) :])
        else:
            found.append(path + part[len(items.path) :])
    return found


@pytest.mark.parametrize("seed", range(40))
def test_repeats_are_a_sequence(seed: int) -> None:
    draw = random.Random(seed)
    items = draw_items(draw, "net", 4)
    whole: Any = tuple(write_out(items, "net"))
    assert (len(items), [*items], items) == (len(whole), [*whole], whole)
    assert whole == items == Repeats(move, whole)
    assert hash(items) == hash(whole)
    assert [items[place] for place in range(-len(whole), len(whole))] == [*whole, *whole]
    assert [*reversed(items)] == [*reversed(whole)]
    for cut in (slice(2, None), slice(None, -1), slice(1, 5, 2), slice(None, None, -1)):
        assert items[cut] == whole[cut]
    for place in (len(whole), -len(whole) - 1):
        with pytest.raises(IndexError):
            items[place]
    assert sum(times for _, times in items.weigh()) == len(whole)
    assert sum(len(item) * times for item, times in weigh(items)) == sum(map(len, whole))
    assert convert(items, lambda item: f"{item}!", move) == tuple(f"{item}!" for item in whole)
    assert convert(items, lambda item: item if item[-5] == "1" else None, move) == tuple(
        item for item in whole if item[-5] == "1"
    )
    assert pickle.loads(pickle.dumps(items)) == items
    assert [*items.enter(lambda path: True)] == [*enter(whole, lambda path: False)] == [*whole]
    entered = [*enter(items, lambda path: path in ("net.1", "net.1.0"))]
    wanted = [item for item in whole if re.fullmatch(r"net(\.1(\.0)?)?\.\d+\.row|net\.1\.row", item)]
    assert [item for item in entered if item in wanted] == entered
    assert [item for item in whole if item.startswith("net.1.0.") and item.count(".") == 4] == [
        item for item in entered if item.startswith("net.1.0.") and item.count(".") == 4
    ]


def test_a_run_of_siblings_is_shown_by_its_first_three_and_its_last() -> None:
    inside = Repeats(move, ["h.0.a", "h.0.b"], "h.0")
    parts: list[Any] = [
        part for number in range(9) for part in (f"h.{number}", Repeat(inside, f"h.{number}"))
    ]
    shown = omit_repeats(Repeats(move, ["x", *parts, "y"]), lambda item: item, lambda before, item: None)
    assert [item for item in shown if isinstance(item, str)] == [
        *("x", "h.0", "h.0.a", "h.0.b", "h.1", "h.1.a", "h.1.b", "h.2", "h.2.a", "h.2.b"),
        *("h.8", "h.8.a", "h.8.b", "y"),
    ]
    (omitted,) = [item for item in shown if isinstance(item, Omitted)]
    assert (omitted.path, omitted.count, omitted.head, omitted.number) == ("h.7", 5, "h.7", 15)
    # Two that differ from the one before in another way are no run.
    relations = iter("abababab")
    shown = omit_repeats(Repeats(move, parts), lambda item: item, lambda before, item: next(relations))
    assert not any(isinstance(item, Omitted) for item in shown)


def test_sources() -> None:
    assert is_next_part("unbind[0]", "unbind[1]")
    assert not is_next_part("unbind[0]", "unbind[2]")
    assert not is_next_part("unbind[0]", "chunk[1]")
    assert not is_next_part("conv1", "conv2")
    assert shift_part("a[1][9]", 3) == "a[1][12]"
    assert shift_part("conv1", 3) == "conv1"
    first = relate_sources(("h.0", "x", "u[1]"), ("h.1", "x", "u[2]"), "net.h.1")
    assert first == relate_sources(("h.1", "x", "u[2]"), ("h.2", "x", "u[3]"), "net.h.2")
    assert first != relate_sources(("h.1", "x", "u[2]"), ("h.2", "x", "u[2]"), "net.h.2")
    assert first != relate_sources(("h.1", "x", "u[2]"), ("h.2", "x"), "net.h.2")


PARTS = """\
inputs: {x: [7, 2, 8]}
layers: {experts: ModuleList(7 * Expert())}
forward: |
  parts = x.unbind(0)
  y = 0
  outputs = []
  for expert, i in zip(experts, [WHICH]):
      outputs.append(expert(parts[i]))
  return stack(outputs)
blocks:
  Expert: {inputs: [x], layers: {fc1: 'Linear(8, 8)', fc2: 'Linear(8, 8)'}, forward: [x + fc2(fc1(x))]}
"""


@pytest.mark.parametrize(
    ("which", "runs"),
    [
        ("0, 1, 2, 3, 4, 5, 6", [("experts.0", "experts.6", 7)]),
        ("3, 3, 3, 3, 3, 3, 3", [("experts.0", "experts.6", 7)]),
        ("0, 1, 2, 2, 2, 2, 2", [("experts.0", "experts.2", 3), ("experts.3", "experts.6", 4)]),
        ("2, 2, 2, 3, 4, 5, 6", [("experts.0", "experts.2", 3), ("experts.3", "experts.6", 4)]),
    ],
)
def test_siblings_that_take_one_part_after_another_are_a_run(
    which: str, runs: list[tuple[str, str, int]], tmp_path: Any
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(PARTS.replace("WHICH", which), "utf-8")
    trace = layercli.derive(path)
    found = [(line.name, line.last_name, line.count) for line in build_tree(trace) if line.count > 1]
    assert found == runs
    lock = lock_from_trace(trace, dtype="float32")
    text = format_lock(lock)
    assert parse_lock(Source("net.lock", text)) == lock
    assert text.count(" x Expert") == len(runs)
