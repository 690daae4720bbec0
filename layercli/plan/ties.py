"""Which parameters ``tie`` and ``freeze`` name, the same for modules of PyTorch and for those of a derivation."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase

from layercli.errors import Problem, SpecError, did_you_mean
from layercli.spec.model import Glob, TieDefinition

#: Nobody reads more, and what each name may have been takes its time to find.
MAX_PROBLEMS = 1_000

#: dtype and sizes of a parameter, which a lazy layer doesn't know yet.
Sizes = tuple[str, Sequence[object] | None]


def check_ties(
    ties: Sequence[TieDefinition],
    find: Callable[[str], Sizes | None],
    names: Callable[[], Sequence[str]],
    refused: Collection[str] = (),
) -> None:
    """Raise SpecError with what is wrong in any tie.

    ``find`` gives the parameter of a dotted name, None where there is none; ``names`` lists them all. What is inside of
    the layers in ``refused``, which can't be made, isn't known.
    """
    problems: list[Problem] = []
    for tie in ties:
        if len(problems) > MAX_PROBLEMS:
            break
        places = ((tie.name, tie.position), (tie.target, tie.target_position))
        sizes = [find(name) for name, _ in places]
        for (name, position), found in zip(places, sizes, strict=True):
            if found is None and not any(f"{name}.".startswith(f"{path}.") for path in refused):
                known = names()
                inside = [other for other in known if other.startswith(f"{name}.")]
                hint = f"it is a layer with {', '.join(inside[:3])}" if inside else did_you_mean(name, known)
                message = f"there is no parameter {name}"
                problems.append(Problem("unknown-parameter", message, position, hint=hint))
        old, new = sizes
        if old is None or new is None:
            continue
        if old[1] is None or new[1] is None:
            name, position = places[0] if old[1] is None else places[1]
            message = f"{name} is of a lazy layer, so its sizes aren't known before the first call and it can't be tied"
            problems.append(Problem("tie-lazy", message, position, hint="write the layer with its sizes"))
            continue
        if (old[0], list(old[1])) != (new[0], list(new[1])):
            shapes = f"{tie.name} is {list(old[1])} and {tie.target} is {list(new[1])}"
            hint = f"give the two layers arguments with which {tie.name} is {list(new[1])}, too"
            message = f"{shapes}; tied parameters have one shape"
            problems.append(Problem("tie-shapes", message, tie.position, hint=hint))
    if problems:
        raise SpecError(*problems)


def match_globs(globs: Sequence[Glob], names: Sequence[str], refused: Collection[str] = ()) -> list[str]:
    """The names that any glob matches. Raises SpecError for globs that match none, nor any in the layers ``refused``."""
    problems: list[Problem] = []
    found: list[str] = []
    for glob in globs:
        if len(problems) > MAX_PROBLEMS:
            break
        matched = [name for name in names if fnmatchcase(name, glob.pattern)]
        found += matched
        if not matched and not any(_may_match(glob.pattern, path) for path in refused):
            hint = did_you_mean(glob.pattern, names) or f"parameters are named like {', '.join(names[:3])}"
            message = f"no parameter matches {glob.pattern}"
            problems.append(Problem("freeze-nothing", message, glob.position, hint=hint))
    if problems:
        raise SpecError(*problems)
    return found


def _may_match(pattern: str, path: str) -> bool:
    """Whether a glob may match something in a layer: whether its beginning, up to a wildcard, does."""
    start = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    inside = f"{path}."
    return start.startswith(inside) or inside.startswith(start)
