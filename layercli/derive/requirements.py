"""What rows need of dims, out of the conditions that a symbolic derivation recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from layercli.catalogue.polynomials import common_monomial, content, divide_out, freeze, is_constant
from layercli.catalogue.sizes import Condition, Size, as_int, evaluate, is_symbolic
from layercli.derive.conditions import ConditionLog, Trial
from layercli.derive.solutions import find_sizes
from layercli.record import record
from layercli.trace import Requirement

#: At how many other sizes it is tried what a row does where a condition doesn't hold.
MAX_WITNESSES = 3
#: Of how many conditions the whole model is tried, where the row takes other sizes.
MAX_WHOLE = 12
#: What bounds a size by such a number is no matter of the model.
FAR = 1 << 31
#: Sizes that all dims are given at once to find such.
MAX_JOINT = 40


@record
class Reason:
    """A condition with the row that came to it first, and that row's call, to be tried at other sizes."""

    path: str
    condition: Condition
    trial: Trial | None
    #: What held before.
    earlier: tuple[Condition, ...]

    @property
    def is_of_one(self) -> bool:
        """Whether it only tells sizes of 0 and 1 of a tensor from all others."""
        return self.trial is not None and self.trial.is_row and self.condition.is_of_one


def list_requirements(
    given: Sequence[Condition],
    log: ConditionLog,
    dims: Mapping[str, Any],
    takes: Callable[[Mapping[str, int]], bool],
) -> tuple[Requirement, ...]:
    """The conditions of a derivation that not all sizes of 1 and more fulfil, each once, at its first row.

    ``given`` are those under which the inputs are as they are. Of each it is tried what the row does where it doesn't
    hold: what PyTorch refuses there is needed; what makes no difference isn't told. Where the row does something else,
    ``takes`` says whether PyTorch takes the model at some sizes.
    """
    traced = {name: as_int(size) for name, size in dims.items()}
    needed: dict[Condition, Reason] = {}
    assumed: dict[Condition, Reason] = {}
    whole = 0
    for reason in find_reasons(given, log, traced):
        outcome = _try(reason, traced)
        if outcome is None:
            continue
        if not outcome and whole < MAX_WHOLE:
            whole += 1
            outcome = not any(map(takes, islice(find_witnesses(reason, traced), MAX_WITNESSES)))
        (needed if outcome else assumed)[reason.condition] = reason
    kept = drop_implied([*needed], ())
    rest = drop_implied([*assumed], kept)
    return (
        *(Requirement(needed[condition].path, condition.describe()) for condition in kept),
        *(
            Requirement(assumed[condition].path, condition.describe(), False, assumed[condition].is_of_one)
            for condition in rest
        ),
    )


def find_reasons(
    given: Sequence[Condition], log: ConditionLog, traced: Mapping[str, int]
) -> Iterator[Reason]:
    """Every condition that not all sizes of 1 and more fulfil, once; of a product that isn't 0 its factors."""
    placed: list[tuple[Condition, str, Trial | None]] = [(condition, "", None) for condition in given]
    placed += zip(log.conditions, log.places, log.trials, strict=True)
    seen: dict[Condition, None] = {}
    told: set[Condition] = set()
    for condition, path, trial in placed:
        if condition in seen:
            continue
        earlier = (*seen,)
        seen[condition] = None
        for part in split_product(condition, traced):
            far = max(part.numbers, default=0) >= FAR
            if not far and part not in told and not part.holds_from_one():
                told.add(part)
                yield Reason(path, part, trial, earlier)


def split_product(condition: Condition, sizes: Mapping[str, int]) -> list[Condition]:
    """That a product is not 0 as the same of each of its factors."""
    left = condition.left
    if (
        not isinstance(left, Size)
        or is_symbolic(condition.right)
        or condition.right != 0
        or not condition.differs
    ):
        return [condition]
    terms = dict(left.key)
    common = common_monomial(terms)
    rest = divide_out(terms, common, content(terms))
    factors = [Size((((((atom, 1),), 1)),), 0) for atom, _ in common]
    if not is_constant(rest):
        factors.append(Size(freeze(rest), 0))
    return [Condition(Size(factor.key, evaluate(factor, sizes)), "!=", 0, True) for factor in factors]


def drop_implied(conditions: Sequence[Condition], others: Sequence[Condition]) -> list[Condition]:
    """Without those in one dim that the rest, and ``others``, in that dim imply."""
    kept = list(conditions)
    for condition in conditions:
        names = condition.dims
        if len(names) != 1:
            continue
        (name,) = names
        rest = [other for other in (*kept, *others) if other != condition and other.dims == names]
        without, within = find_sizes(name, rest), find_sizes(name, [*rest, condition])
        if without is not None and within is not None and without.is_same(within):
            kept.remove(condition)
    return kept


def _try(reason: Reason, traced: Mapping[str, int]) -> bool | None:
    """Whether PyTorch refuses sizes at which a condition doesn't hold, as far as some of them tell.

    None where the row does the same there. What can't be tried counts as needed: the inputs wouldn't be what they are.
    """
    if reason.trial is None:
        return True
    outcomes = [
        reason.trial.compare(sizes) for sizes in islice(find_witnesses(reason, traced), MAX_WITNESSES)
    ]
    if all(outcome == "refused" for outcome in outcomes):
        return True
    return None if all(outcome == "same" for outcome in outcomes) else False


def find_witnesses(reason: Reason, traced: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Sizes at which a condition doesn't hold and all before it do: one dim is another, or all are the same.

    A size of 1, which may broadcast, is tried only where no other is there.
    """
    condition = reason.condition
    names = sorted(condition.dims)
    numbers = sorted({0, 1, 2, 3, 7, *condition.numbers, *traced.values()})
    tried = [
        {**traced, name: size}
        for name in names
        for number in numbers
        for size in (traced[name] + number, number + 1, traced[name] - number, number, traced[name] * number)
    ]
    tried += [dict.fromkeys(traced, size) for size in range(1, MAX_JOINT)]
    unique = {tuple(sizes.values()): sizes for sizes in tried if min(sizes.values()) > 0}
    for special in (False, True):
        found = False
        for sizes in unique.values():
            if (1 in (sizes[name] for name in names)) != special or condition.holds(sizes):
                continue
            if all(other.holds(sizes) for other in reason.earlier):
                found = True
                yield sizes
        if found:
            return
