"""Everything that is wrong with a spec, or probably is, by derivation and without torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from layercli.errors import LayercliError, Problem, Source, SpecError
from layercli.lint.result import SpecProblems, ValidationResult
from layercli.record import record
from layercli.spec.tree import DISK, Drafts
from layercli.work import Tell, tell_nothing

if TYPE_CHECKING:
    from layercli.plan.records import Plan
    from layercli.trace import Trace


@record(eq=False)
class Validation:
    """What came of one spec.

    ``problems`` are its errors and warnings in the order of the file. ``exit_code`` is 1 for an error in it, 2 where it
    can't be read. ``plan`` is there where it could be evaluated, ``trace`` where its layers could be made: the rows, of one
    that PyTorch would refuse those up to there.
    """

    name: str
    problems: tuple[Problem, ...]
    exit_code: int
    plan: Plan | None = None
    trace: Trace | None = None


def validate_spec(
    path: Path, name: str = "", *, texts: Mapping[Path, str] | None = None, ignore: Collection[str] = ()
) -> Validation:
    """Look at the spec in a file, which messages call ``name``.

    ``texts`` stand for the files at their absolute paths, such as those that an editor hasn't saved: the spec itself, or
    what it imports. ``ignore`` are codes of warnings that aren't wanted.
    """
    from layercli.plan.planner import PlanFailed, plan_model, sorted_problems
    from layercli.spec.reader import read_spec

    tree = DISK if texts is None else Drafts(texts)
    name = name or str(path)
    plan: Plan | None = None
    trace: Trace | None = None
    errors: tuple[Problem, ...] = ()
    warnings: Sequence[Problem] = ()
    exit_code = 0
    try:
        spec = read_spec(path, name, tree)
        try:
            plan = plan_model(spec)
        except PlanFailed as failure:
            from layercli.derive.session import add_refused

            raise add_refused(failure) from None
        trace, errors, warnings = _derive(plan, ignore)
        exit_code = 1 if errors else 0
    except LayercliError as error:
        exit_code = error.exit_code
        if plan is not None and isinstance(error, SpecError):
            errors = _list_errors(plan, error)
        else:
            errors = error.problems
    problems = tuple(sorted_problems([*errors, *warnings]))
    return Validation(name, problems, exit_code, plan, trace)


def find_problems(
    path: Path, name: str = "", *, texts: Mapping[Path, str] | None = None, ignore: Collection[str] = ()
) -> tuple[Problem, ...]:
    """The errors and warnings of a spec, as ``validate_spec`` finds them."""
    return validate_spec(path, name, texts=texts, ignore=ignore).problems


def _derive(plan: Plan, ignore: Collection[str]) -> tuple[Trace, tuple[Problem, ...], Sequence[Problem]]:
    """The trace of a plan, its errors and its warnings. Raises SpecError where no layer or input can be made."""
    from layercli.lint.ignores import apply_ignores
    from layercli.lint.warnings import find_warnings, watch

    watched, flow = watch(plan)
    errors = () if watched.failure is None else _list_errors(plan, watched.failure)
    sources: list[Source] = [] if errors else [plan.spec.source]
    found = apply_ignores(find_warnings(plan, watched, flow), sources)
    return watched.trace, errors, [problem for problem in found if problem.code not in ignore]


def _list_errors(plan: Plan, failure: SpecError) -> tuple[Problem, ...]:
    from layercli.diagnose.session import diagnose_all

    return diagnose_all(plan, failure).problems


def validate_specs(
    paths: Sequence[str],
    folder: Path,
    *,
    ignore: Collection[str] = (),
    strict: bool = False,
    tell: Tell = tell_nothing,
) -> ValidationResult:
    """Look at each spec in ``paths``, or without any at all that the configuration names.

    The warnings in ``ignore`` aren't told, nor those that the configuration turns off. Raises CommandError where there is no
    spec, in all or in one of ``paths``.
    """
    from layercli.scope import find_scope, refuse_nothing

    scope = find_scope(paths, folder)
    refuse_nothing("validate", paths, folder, scope, ())
    codes = {*ignore, *scope.configuration.ignore_warnings}
    found = []
    for number, spec in enumerate(scope.specs, start=1):
        name = scope.name(spec, folder)
        tell(number, len(scope.specs), name)
        validation = validate_spec(spec, name, ignore=codes)
        found.append(SpecProblems(name, validation.problems, validation.exit_code))
    return ValidationResult(tuple(found), strict)
