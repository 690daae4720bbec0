"""Other numbers for what set the sizes that met: in the call itself, in the layers and calls before it, in the inputs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import gcd, log2, prod
from typing import Any

from layercli.diagnose.candidates import (
    Candidate,
    find_input_value,
    list_size_sites,
    propose,
    resize_input,
)
from layercli.diagnose.editing import Change
from layercli.diagnose.fits import find_misfits
from layercli.diagnose.making import list_divisors, list_given
from layercli.diagnose.origins import resolve_source
from layercli.diagnose.scene import Scene, list_entries, list_tensors, tensor_at
from layercli.diagnose.values import Way, list_ways, read_number
from layercli.plan.records import LayerPlan
from layercli.record import record
from layercli.spec.expressions import Expression
from layercli.spec.values import Site
from layercli.trace import Row

#: What is less likely than a change that the failed row itself calls for, and likelier than a guess.
RANK = 30

#: Rows before the one that failed whose numbers are looked at, and all that is tried of them.
MAX_ROWS = 24
MAX_TUNED = 150

#: How far from a number others are tried, where none can be worked out.
NEAR = 3

#: How much less likely it is that the model's inputs are wrong.
INPUT = 8

#: By what a number may be multiplied.
FAR = 4

#: Problems that another number may end.
_TUNED = ("shape-mismatch", "invalid-argument", "unpack-count")


@record
class Clash:
    """Two sizes that met: they have to be equal, or with ``divides`` the second has to divide the first."""

    got: int
    wanted: int
    divides: bool = False


@record
class Number:
    """A whole number in the text of a spec, in the block at ``owner``, so many rows before the one that failed.

    It has several ``sites`` where one call has it more than once, as in ``ones(8, 8)``.
    """

    owner: str
    sites: tuple[Site, ...]
    value: int
    steps: int


def list_tuned_candidates(scene: Scene) -> Iterator[Candidate]:
    """Each number that may have set the sizes which met, as one with which they may go together."""
    # What is unpacked was given by the row before.
    row = scene.last_finished if scene.problem.code == "unpack-count" else scene.failed
    if row is None or scene.problem.code not in _TUNED:
        return
    clashes = list(_list_clashes(scene, row))
    yield from _tune(scene, _list_numbers(scene, row), clashes)
    yield from _tune_inputs(scene, row, clashes)


def list_tuned_arguments(scene: Scene, layers: Mapping[str, LayerPlan]) -> Iterator[Candidate]:
    """Each number that layers are made with, by their paths, as another one with which they can be made."""
    numbers = [
        number for path, plan in layers.items() for number in _list_arguments(scene, path, plan, steps=0)
    ]
    values = dict.fromkeys(number.value for number in numbers)
    # The sizes of two layers met; those of one alone have nothing to do with each other.
    clashes = [Clash(one, other) for one in values for other in values if one != other and len(layers) > 1]
    yield from _tune(scene, numbers, clashes)


def _tune(scene: Scene, numbers: Iterable[Number], clashes: Sequence[Clash]) -> Iterator[Candidate]:
    ranks: dict[tuple[Change, ...], int] = {}
    for number in numbers:
        for value, unlikely in rank_values(number.value, clashes):
            for way in _list_number_ways(scene, number, value):
                rank = RANK + number.steps + unlikely + way.cost
                ranks[way.changes] = min(rank, ranks.get(way.changes, rank))
    for changes, rank in sorted(ranks.items(), key=lambda item: item[1])[:MAX_TUNED]:
        # Of one number in the text one other value is offered.
        first = changes[0]
        kind = f"number at {first.code.text.place(first.code.start + first.begin)}"
        yield from propose(scene, kind, rank, changes)


def _list_number_ways(scene: Scene, number: Number, value: int) -> list[Way]:
    """Ways that write a number in the place of a number, or the first one where all would replace a name."""
    each = [list(list_ways(scene, number.owner, site, value)) for site in number.sites]
    ways = each[0]
    if len(each) > 1:
        first = [found[0] for found in each if found]
        changes = tuple(dict.fromkeys(change for way in first for change in way.changes))
        ways = [Way(changes, max(way.cost for way in first))] if len(first) == len(each) else []
    plain = [way for way in ways if all(_changes_number(change) for change in way.changes)]
    return plain or ways[:1]


def _changes_number(change: Change) -> bool:
    """Whether a number is written for a number of the same sign."""
    before = change.code.shown[change.begin : change.end]
    return before.lstrip("-").isdigit() and (before.startswith("-") or not change.text.startswith("-"))


def _tune_inputs(scene: Scene, row: Row, clashes: Sequence[Clash]) -> Iterator[Candidate]:
    """Each size of the model's inputs that reach the row."""
    for name in dict.fromkeys(item for item, _ in list_before(scene, row) if isinstance(item, str)):
        value = find_input_value(scene, name)
        given: Any = dict(scene.trace.inputs).get(name) if scene.trace is not None else None
        sizes = list(getattr(given, "shape", ()))
        if value is None or len(list_size_sites(value)) != len(sizes):
            continue
        for place, size in enumerate(sizes):
            for other, unlikely in rank_values(size, clashes):
                resized = [*sizes[:place], other, *sizes[place + 1 :]]
                yield from resize_input(scene, name, resized, f"input {name}", RANK + INPUT + unlikely)


# Where numbers stand ---------------------------------------------------------------------------------------


def list_before(scene: Scene, row: Row) -> Iterator[tuple[Row | str, int]]:
    """The rows that a row's inputs were made by, and names of the model's inputs, the nearest first."""
    waiting: list[tuple[Row, int]] = [(row, 0)]
    seen = {(row.path, row.call)}
    for item, steps in waiting:
        yield item, steps
        for place in range(len(item.sources)):
            found = resolve_source(scene, item, place)
            if isinstance(found, str):
                yield found, steps + 1
            elif found is not None and (found.path, found.call) not in seen and len(waiting) < MAX_ROWS:
                seen.add((found.path, found.call))
                waiting.append((found, steps + 1))


def _list_numbers(scene: Scene, row: Row) -> Iterator[Number]:
    for item, steps in list_before(scene, row):
        if isinstance(item, str):
            value = find_input_value(scene, item)
            if isinstance(value, Expression) and not list_size_sites(value):
                yield from _list_in(scene, "", Site(value, value.tree), steps + INPUT)
            continue
        if item.kind == "operation":
            site = scene.find_call(item) if item is row else _find_made(scene, item)
            if site is not None:
                yield from _list_in(scene, scene.find_owner(item.path), site, steps)
            yield from _list_in_members(scene, item, steps + 1)
            continue
        path = item.path
        while path and path not in scene.plans:
            path = path.rpartition(".")[0]
        plan = scene.plans.get(path)
        if plan is not None and plan.block is None:
            yield from _list_arguments(scene, path, plan, steps)


def _find_made(scene: Scene, row: Row) -> Site | None:
    return None if row.position is None else scene.find_node(row.position, row.path)


def _list_arguments(scene: Scene, path: str, plan: LayerPlan, steps: int) -> Iterator[Number]:
    """The numbers that a layer was made with, those of layers that it was given included."""
    for holder in list_given(plan):
        for name, site in holder.argument_sites.items():
            if not isinstance(holder.arguments.get(name), (LayerPlan, str, bool)):
                yield from _list_in(scene, scene.find_owner(path), site, steps)


def _list_in_members(scene: Scene, row: Row, steps: int) -> Iterator[Number]:
    """The numbers in parameters and buffers that an operation takes, and in layers whose parameters it takes."""
    owner = scene.find_owner(row.path)
    entries = {entry.before: entry.code for entry in list_entries(scene.block_at(owner))}
    for source in row.sources:
        name = re.split(r"[.\[]", source)[0]
        code = entries.get(f"{name}: ")
        if code is not None and (name != source or name not in scene.plans):
            yield from _list_in(scene, owner, Site(code, code.tree), steps)


def _list_in(scene: Scene, owner: str, site: Site, steps: int) -> Iterator[Number]:
    """The largest expressions in a node whose values are whole numbers, the last first: it's the likeliest to be wrong."""
    names = scene.plans[owner].arguments
    found: list[Number] = []
    waiting: list[ast.AST] = [site.node]
    while waiting:
        node = waiting.pop()
        value = read_number(node, names)
        if value is not None:
            found.append(Number(owner, (Site(site.code, node),), value, steps))
        else:
            waiting += ast.iter_child_nodes(node)
    yield from found
    for value in dict.fromkeys(number.value for number in found):
        sites = tuple(number.sites[0] for number in reversed(found) if number.value == value)
        if value > 1 and len(sites) > 1:
            yield Number(owner, sites, value, steps + 1)


# What they may be ------------------------------------------------------------------------------------------


def _list_clashes(scene: Scene, row: Row) -> Iterator[Clash]:
    """The sizes that met in a row, each as the one that may be wrong."""
    for misfit in find_misfits(row, scene.plans.get(row.path)):
        yield Clash(misfit.got, misfit.needed)
        yield Clash(misfit.needed, misfit.got)
    counts = re.search(r"(\d+) names for (\d+) values", scene.problem.message)
    if counts is not None:
        yield Clash(int(counts[2]), int(counts[1]))
    tensors = list_tensors(row)
    for left in tensors:
        for right in tensors:
            if len(left.shape) == len(right.shape) and left is not right:
                for own, other in zip(left.shape, right.shape, strict=True):
                    if own != other:
                        yield Clash(own, other)
                        yield Clash(own, other, divides=True)
    first = tensor_at(row, 0)
    numbers = [number for number in read_call(row) if number > 0]
    if first is not None and row.type in ("view", "reshape") and numbers:
        yield Clash(prod(first.shape), prod(numbers))
        yield Clash(prod(numbers), prod(first.shape))
        yield Clash(prod(first.shape), prod(numbers), divides=True)


def read_call(row: Row) -> list[int]:
    """The numbers that an operation was called with, out of the row's text; none where one isn't told."""
    try:
        call = ast.parse(row.arguments, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    if not isinstance(call, ast.Call):
        return []
    given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    items = [
        item for node in given for item in (node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node])
    ]
    values = [read_number(item, {}) for item in items]
    return [] if None in values else [value for value in values if value is not None]


def rank_values(value: int, clashes: Sequence[Clash]) -> list[tuple[int, int]]:
    """Other values for a number, each with how unlikely it is, the likeliest first.

    Those with which sizes that met go together are likelier than others near it, small changes than large ones, and
    round numbers than others.
    """
    solved = [
        other
        for clash in clashes
        for other in (_divide if clash.divides else _equal)(value, clash)
        if other > 0
    ]
    near = [value + distance for step in range(1, NEAR + 1) for distance in (-step, step)]
    found = dict.fromkeys((value * 2, *([value // 2] if value % 2 == 0 else ()), *near), 4)
    found |= dict.fromkeys(solved, 0)
    ranked = [
        (other, unlikely + _compare(value, other))
        for other, unlikely in found.items()
        if other != value and (value < 0 or 0 <= other <= FAR * max(value, NEAR))
    ]
    return sorted(ranked, key=lambda item: item[1])


def _compare(value: int, other: int) -> int:
    """How large a change is, in halves and doubles, and whether what was round no longer is."""
    distance = abs(other - value)
    change = min(distance, round(2 * abs(log2(max(1, other) / value)))) if value > 0 else distance
    return change + (other & -other < value & -value)


def _equal(value: int, clash: Clash) -> Iterator[int]:
    """The number with which a size that it is, or is a factor or a term of, is the wanted one."""
    got, wanted = clash.got, clash.wanted
    if got and value * wanted % got == 0:
        yield value * wanted // got
    if abs(wanted - got) <= value:
        yield value + wanted - got
        yield value + got - wanted


def _divide(value: int, clash: Clash) -> Iterator[int]:
    """The numbers with which one size divides another that it didn't."""
    whole, part = clash.got, clash.wanted
    if value < 1 or part < 1 or whole % part == 0:
        return
    if part % value == 0 and whole % (part // value) == 0:
        yield from list_divisors(whole // (part // value), value)[:2]
    if whole % value == 0:
        unit = part // gcd(part, whole // value)
        below = value // unit * unit
        yield from sorted((below, below + unit), key=lambda item: abs(item - value))
