"""Which differences make a check fail: those of some classes that the configuration doesn't know."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from layercli.configuration import Configuration, Ignore
from layercli.errors import Problem
from layercli.lock import CheckResult, Difference, DifferenceClass


def apply_policy(
    result: CheckResult,
    configuration: Configuration,
    place: Path,
    folder: Path,
    fail_on: Sequence[DifferenceClass] = (),
    whole: bool = False,
) -> CheckResult:
    """A result in which each difference says whether it fails, and why not where it is ignored.

    The paths of ``configuration`` are counted from ``place``, those of the result from ``folder``. ``fail_on`` counts for
    more than what the configuration says. Where the check is of all that the configuration names (``whole``), an ignore
    that matches nothing is a problem, and so is one without a reason or one that matches everything.
    """
    classes = frozenset(fail_on or configuration.fail_on)
    used: set[int] = set()
    specs = []
    for spec in result.specs:
        path = os.path.relpath(folder / spec.path, place).replace(os.sep, "/")
        differences = tuple(
            _judge(difference, path, configuration.known, classes, used) for difference in spec.differences
        )
        specs.append(replace(spec, differences=differences))
    problems = [*result.problems, *configuration.problems]
    if whole:
        problems += [
            _explain_unused(item) for index, item in enumerate(configuration.known) if index not in used
        ]
    return replace(result, specs=tuple(specs), problems=tuple(problems))


def _judge(
    difference: Difference,
    spec: str,
    known: Sequence[Ignore],
    classes: frozenset[DifferenceClass],
    used: set[int],
) -> Difference:
    """A difference and its consequences; an ignore of its path means its consequences, too."""
    parts = []
    for part in difference.parts:
        found = next(
            (
                index
                for index, item in enumerate(known)
                if item.matches(spec, part.path, part.kind) or item.matches(spec, difference.path, part.kind)
            ),
            None,
        )
        reason = ""
        if found is not None:
            used.add(found)
            reason = known[found].reason
        parts.append(replace(part, fails=part.kind in classes and not reason, ignored=reason, follows=()))
    return replace(parts[0], follows=tuple(parts[1:]))


def _explain_unused(item: Ignore) -> Problem:
    message = f"no difference matches this ignore of {item}"
    hint = "what it was for has been accepted or mended, so remove it"
    return Problem("ignore-unused", message, item.position, hint=hint)
