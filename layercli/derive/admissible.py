"""Which sizes of a dim a model takes, the other dims as in the trace, and because of which rows.

A derivation with the dim as a symbol holds for every size at which its conditions come out the same. So the sizes are
marked path by path, from 0 on: derive at the first unmarked one, and mark what its conditions allow. A condition in one
dim with divisions by numbers is a polynomial on each residue class of a period, which changes its sign a few times only;
so each path marks whole rays, and where no size is unmarked the open end is proved (``solutions``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import lcm

from layercli.catalogue.sizes import Condition, SizeTooComplex, as_int, make_dim
from layercli.derive.requirements import split_product
from layercli.derive.session import Derivation, derive_conditions, derive_plan
from layercli.derive.solutions import MAX_PERIOD, Interval, Sizes, find_sizes, intersect, stretch
from layercli.errors import CommandError, SpecError
from layercli.plan.records import Plan
from layercli.record import record
from layercli.trace import Requirement, Trace
from layercli.trace.admissible import Admissible, AdmissibleSizes, Range, Unknown

#: Sizes that are no further apart than this in a set are looked at one by one.
MAX_LISTED = 200_000
#: More paths are not followed, nor more than the least number of them when they have taken so many steps of evaluation.
MAX_PATHS = 200
LEAST_PATHS = 16
MAX_STEPS = 100_000
#: How many accepted ranges, and sizes within a step, are looked at for reasons.
MAX_RANGES = 16


@record(slots=True)
class _Path:
    """A derivation and the sizes for which it is the same."""

    marked: Sizes
    derivation: Derivation

    @property
    def accepted(self) -> bool:
        return self.derivation.refusal is None


def list_admissible(
    plan: Plan, plan_with: Callable[[Mapping[str, int], Sequence[str]], Plan]
) -> AdmissibleSizes:
    """The sizes that each dim of a plan may have.

    ``plan_with`` gives the same plan with other sizes of some dims, and with some as symbols.
    """
    sizes = {name: as_int(size) for name, size in plan.dims.items()}
    found = [
        find_admissible(name, size, lambda size, name=name: plan_with({name: size}, [name]))  # type: ignore[misc]
        for name, size in sizes.items()
    ]
    trace: Trace | None = None
    refusal: SpecError | None = None
    try:
        trace = derive_plan(plan_with({}, [*sizes]))
    except (SpecError, CommandError):
        refusal = _find_refusal(plan)
        if refusal is not None and not any(item.accepted for item in found):
            # No size of one dim alone ends it, so that it's a problem of the model.
            raise refusal from None
    return AdmissibleSizes(
        plan.name,
        plan.spec.source.name,
        plan.mode,
        tuple(found),
        together=None if trace is None else trace.requirements,
        notes=() if trace is None else trace.notes,
        refusal="" if refusal is None else refusal.problems[0].message,
    )


def _find_refusal(plan: Plan) -> SpecError | None:
    """Why PyTorch would refuse a plan; None where it takes it."""
    try:
        derive_plan(plan)
    except SpecError as error:
        return error
    return None


def find_admissible(dim: str, traced: int, plan_at: Callable[[int], Plan]) -> Admissible:
    """The sizes that a dim may have, which is ``traced`` in the trace.

    ``plan_at`` gives the plan with the dim as a symbol that has this size.
    """

    def derive_at(size: int) -> Derivation:
        try:
            return derive_conditions(plan_at(size))
        except SpecError as error:
            # No inputs can be made with it.
            return Derivation((("", _differ(dim, size)),), error)

    return find_taken(dim, traced, derive_at)


def find_taken(dim: str, traced: int, derive_at: Callable[[int], Derivation]) -> Admissible:
    """The sizes of a dim that whatever is derived takes: ``derive_at`` does so with the dim as a symbol of this size.

    What it raises as SizeTooComplex ends the search.
    """
    paths: list[_Path] = []
    size: int | None = 0
    steps = 0
    why: Unknown = "apart"
    while size is not None and len(paths) < (MAX_PATHS if steps < MAX_STEPS else LEAST_PATHS):
        try:
            derivation = derive_at(size)
        except SizeTooComplex:
            why = "formulas"
            break
        steps += derivation.steps
        marked = find_sizes(dim, dict.fromkeys(condition for _, condition in derivation.conditions))
        # PyTorch treats sizes of 0 and 1 in ways of their own (layouts, broadcasting): each is a path of its own.
        alone = Sizes(1, (((size, size + 1),),))
        if marked is None or lcm(marked.period, *(path.marked.period for path in paths)) > MAX_PERIOD:
            marked = alone
        paths.append(_Path(_restrict(marked, size), derivation))
        size = _find_unmarked([path.marked for path in paths])
    accepted = tuple(_list_ranges([path.marked for path in paths if path.accepted], size))
    because = _explain_edges(dim, accepted, paths)
    if size is None:
        return Admissible(dim, traced, accepted, because)
    return Admissible(dim, traced, accepted, because, known_to=size - 1, unknown=why)


def _differ(dim: str, size: int) -> Condition:
    """That a dim isn't of some size, which it is."""
    return Condition(make_dim(dim, size), "!=", size, False)


def _explain_edges(dim: str, accepted: Sequence[Range], paths: Sequence[_Path]) -> tuple[Requirement, ...]:
    """What the refused sizes beside the accepted ones lack; nothing where none is accepted, as it isn't this dim then."""
    beside = {
        size
        for found in accepted[:MAX_RANGES]
        for size in (
            *range(found.first - 1, found.first + min(found.step, MAX_RANGES)),
            *(() if found.last is None else (found.last + 1,)),
        )
    }
    refused = [
        path
        for path in paths
        if not path.accepted and any(size >= 0 and path.marked.contains(size) for size in beside)
    ]
    return tuple(dict.fromkeys(_explain(dim, path, paths) for path in refused))


def _explain(dim: str, refused: _Path, paths: Sequence[_Path]) -> Requirement:
    """The condition at which a refused path parts from the accepted one that goes with it longest."""
    own = refused.derivation.conditions
    if not own:
        return Requirement("", str(_differ(dim, refused.marked.first).negate()))
    shared = max(_count_shared(own, path.derivation.conditions) for path in paths if path.accepted)
    path, condition = own[min(shared, len(own) - 1)]
    needed = condition.negate()
    # Of a product that may not be 0 it is the factor that is.
    factors = [item for item in split_product(needed, {dim: refused.marked.first}) if as_int(item.left) == 0]
    return Requirement(path, (factors[0] if needed.differs and factors else needed).describe())


def _count_shared(left: Sequence[tuple[str, Condition]], right: Sequence[tuple[str, Condition]]) -> int:
    pairs = zip(left, right, strict=False)
    return next(
        (index for index, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right))
    )


def _restrict(marked: Sizes, size: int) -> Sizes:
    """Without 0 and 1, or only the one of them that was derived."""
    intervals = []
    for remainder, own in enumerate(marked.intervals):
        if size < 2:
            q = size // marked.period
            wanted: list[Interval] = [(q, q + 1)] if remainder == size % marked.period else []
        else:
            wanted = [(-((remainder - 2) // marked.period), None)]
        intervals.append(tuple(intersect(list(own), wanted)))
    return Sizes(marked.period, tuple(intervals))


def _join_paths(marked: Sequence[Sizes]) -> tuple[int, list[list[Interval]]]:
    """The sizes of all paths by one period, the intervals sorted and those that touch made one."""
    period = lcm(*(item.period for item in marked))
    joined: list[list[Interval]] = []
    for remainder in range(period):
        intervals: list[Interval] = []
        for item in marked:
            times, start = period // item.period, remainder // item.period
            intervals += stretch(item.intervals[remainder % item.period], times, start)
        merged: list[Interval] = []
        for first, end in sorted(intervals, key=lambda interval: interval[0]):
            if end is not None and first >= end:
                continue
            if merged and (merged[-1][1] is None or first <= merged[-1][1]):
                start, last = merged.pop()
                merged.append((start, None if last is None or end is None else max(last, end)))
            else:
                merged.append((first, end))
        joined.append(merged)
    return period, joined


def _find_unmarked(marked: Sequence[Sizes]) -> int | None:
    """The least size that no path has."""
    period, joined = _join_paths(marked)
    gaps = []
    for remainder, intervals in enumerate(joined):
        q = intervals[0][1] if intervals and intervals[0][0] == 0 else 0
        if q is not None:
            gaps.append(period * q + remainder)
    return min(gaps, default=None)


def _list_ranges(marked: Sequence[Sizes], known: int | None) -> Iterator[Range]:
    """The sizes as few ranges, those before ``known`` only."""
    if not marked:
        return
    period, joined = _join_paths(marked)
    ends = [
        bound for intervals in joined for interval in intervals for bound in interval if bound is not None
    ]
    # From here on only the remainder counts.
    steady = period * max(ends, default=0) if known is None else known
    endless = [bool(intervals) and intervals[-1][1] is None and known is None for intervals in joined]
    if steady > MAX_LISTED:
        yield from _list_by_remainder(period, joined, known)
        return
    period = next(
        length
        for length in range(1, period + 1)
        if period % length == 0 and all(endless[index] == endless[index % length] for index in range(period))
    )
    listed = [any(item.contains(size) for item in marked) for size in range(steady)]
    ranges: list[Range] = []
    for remainder in range(period):
        if not endless[remainder]:
            continue
        first = steady + (remainder - steady) % period
        while first >= period and listed[first - period]:
            first -= period
            listed[first] = False
        ranges.append(Range(first, None, period))
    ranges += _group([size for size, is_in in enumerate(listed) if is_in])
    yield from sorted(ranges, key=lambda found: found.first)


def _group(sizes: Sequence[int]) -> Iterator[Range]:
    """Neighbours, or else three and more that are equally far apart, as one range."""
    index = 0
    while index < len(sizes):
        first = sizes[index]
        end = index + 1
        step = sizes[end] - first if end < len(sizes) else 1
        while end < len(sizes) and sizes[end] - sizes[end - 1] == step:
            end += 1
        if step > 1 and end - index < 3:
            end, step = index + 1, 1
        yield Range(first, sizes[end - 1], step)
        index = end


def _list_by_remainder(
    period: int, joined: Sequence[Sequence[Interval]], known: int | None
) -> Iterator[Range]:
    found = []
    for remainder, intervals in enumerate(joined):
        for first, end in intervals:
            last = None if end is None else period * (end - 1) + remainder
            if known is not None:
                limit = known - 1 - (known - 1 - remainder) % period
                last = limit if last is None else min(last, limit)
            if last is None or last >= period * first + remainder:
                found.append(Range(period * first + remainder, last, period))
    yield from sorted(found, key=lambda item: item.first)
