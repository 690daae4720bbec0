"""Which parameters ``tie`` and ``freeze`` name, the same for modules of PyTorch and for those of a derivation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from layercli.errors import Problem, SpecError, did_you_mean
from layercli.spec.model import Glob, TieDefinition

#: dtype and sizes of a parameter.
Sizes = tuple[str, Sequence[object]]


def check_ties(ties: Sequence[TieDefinition], parameters: Mapping[str, Sizes]) -> None:
    """Raise SpecError with what is wrong in any tie, given every parameter by its dotted name."""
    problems: list[Problem] = []
    for tie in ties:
        unknown = [
            (name, position)
            for name, position in ((tie.name, tie.position), (tie.target, tie.target_position))
            if name not in parameters
        ]
        for name, position in unknown:
            inside = [other for other in parameters if other.startswith(f"{name}.")]
            hint = f"it is a layer with {', '.join(inside[:3])}" if inside else did_you_mean(name, parameters)
            problems.append(
                Problem("unknown-parameter", f"there is no parameter {name}", position, hint=hint)
            )
        if unknown:
            continue
        old, new = parameters[tie.name], parameters[tie.target]
        if (old[0], list(old[1])) != (new[0], list(new[1])):
            message = f"{tie.name} is {list(old[1])} and {tie.target} is {list(new[1])}; tied parameters have one shape"
            problems.append(Problem("tie-shapes", message, tie.position))
    if problems:
        raise SpecError(*problems)


def match_globs(globs: Sequence[Glob], names: Sequence[str]) -> list[str]:
    """The names that any glob matches. Raises SpecError for globs that match none."""
    problems: list[Problem] = []
    found: list[str] = []
    for glob in globs:
        matched = [name for name in names if fnmatchcase(name, glob.pattern)]
        found += matched
        if not matched:
            hint = did_you_mean(glob.pattern, names) or f"parameters are named like {', '.join(names[:3])}"
            message = f"no parameter matches {glob.pattern}"
            problems.append(Problem("freeze-nothing", message, glob.position, hint=hint))
    if problems:
        raise SpecError(*problems)
    return found
