"""Locking and checking of specs on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from layercli.engines import Engine, derive_far, trace_by
from layercli.errors import CommandError, LayercliError, Problem, SpecError
from layercli.lock import (
    LOCK_VERSION,
    NUMBERS_VERSION,
    CheckResult,
    Difference,
    DifferenceClass,
    Lock,
    SpecResult,
    check_lock_names,
    collect_facts,
    collect_positions,
    compare_locks,
    format_lock,
    judge_differences,
    load_lock,
    lock_from_trace,
    lock_path,
    remove_lock,
    write_lock,
)
from layercli.lock.likeness import MAX_PAIRS, measure_likeness, pair_alike
from layercli.lock.result import tell_move
from layercli.policy import apply_policy
from layercli.record import record
from layercli.scope import find_scope, read_head, refuse_nothing
from layercli.spec.library import display_name
from layercli.spec.model import Spec
from layercli.spec.tree import DISK, Tree
from layercli.trace import Trace
from layercli.work import Tell, tell_nothing

if TYPE_CHECKING:
    from layercli.plan.records import Plan

#: Chooses some of the specs, and of the locks that have none.
Narrow: TypeAlias = Callable[[tuple[Path, ...], tuple[Path, ...]], tuple[tuple[Path, ...], tuple[Path, ...]]]


@record
class Written:
    """One lock that was written, found to say the same already, or, without a spec, ``removed``."""

    spec: str
    lock: str
    changed: bool
    rows: int
    removed: bool = False


@record
class Made:
    """The lock that a spec has, and what it comes from."""

    lock: Lock
    trace: Trace
    spec: Spec

    def compare(self, old: Lock) -> tuple[Difference, ...]:
        """Every difference from another lock, each where it stands in the spec."""
        from layercli.lock.heads import read_heads

        if old == self.lock:
            return ()
        return compare_locks(old, self.lock, collect_positions(self.trace), read_heads(self.spec))


def make_lock(path: Path, name: str, engine: Engine, version: int = LOCK_VERSION, tree: Tree = DISK) -> Made:
    """The lock that a spec of ``tree`` has. Raises SpecError, CommandError.

    ``version`` is that of the lock that it will be compared with: the earlier ones have sizes as numbers.
    """
    from layercli.plan.planner import plan_model
    from layercli.spec.reader import read_spec

    plan = plan_model(read_spec(path, name, tree))
    try:
        trace = trace_by(plan, engine, formulas=version > NUMBERS_VERSION)
    except SpecError as failure:
        from layercli.diagnose.session import diagnose

        raise diagnose(plan, failure) from failure.__cause__
    return Made(lock_from_trace(trace, **_read_settings(plan), version=version), trace, plan.spec)


def _read_settings(plan: Plan) -> dict[str, Any]:
    """What a lock says that isn't in a trace."""
    tie = [(item.name, item.target) for item in plan.tie]
    return {"dtype": plan.dtype, "tie": tie, "freeze": [glob.pattern for glob in plan.freeze]}


def explain_since(
    problems: Sequence[Problem], spec: Path, name: str, old: Lock, since: str
) -> tuple[Problem, ...]:
    """The problems of a spec that fails, the first with what changed in it since a lock, which messages call ``since``.

    It stays as it is where the spec has no layers that could be compared.
    """
    from layercli.plan.planner import plan_model
    from layercli.spec.reader import read_spec

    try:
        notes = _list_changes(plan_model(read_spec(spec, name)), old, since)
    except (LayercliError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        # Whatever a derivation stumbles over here, the problem itself is what the user came for.
        return tuple(problems)
    first, *others = problems
    return (replace(first, notes=(*first.notes, *notes)), *others)


def _list_changes(plan: Plan, old: Lock, since: str) -> tuple[str, ...]:
    """What changed since a lock in a plan that fails, a sentence each."""
    from layercli.lock.heads import read_heads
    from layercli.lock.unfinished import compare_unfinished, tell_changes
    from layercli.plan.records import map_plans

    trace = derive_far(plan, formulas=old.version > NUMBERS_VERSION)
    new = collect_facts(trace, **_read_settings(plan), version=old.version)
    new = replace(new, inputs=new.inputs or old.inputs, state_dict=new.state_dict or old.state_dict)
    plans = map_plans(plan.root)
    calls = {path: layer.call for path, layer in plans.items()}
    positions = {path: layer.position for path, layer in plans.items()} | collect_positions(trace)
    unfinished = [index for index, row in enumerate(trace.rows) if not row.finished]
    found = compare_unfinished(old, new, unfinished, calls, positions, read_heads(plan.spec))
    return tuple(tell_changes(found, since))


def lock_specs(
    paths: Sequence[str],
    folder: Path,
    engine: Engine = "both",
    prune: bool = False,
    tell: Tell = tell_nothing,
) -> Iterator[Written]:
    """Write the lock of each spec; with ``both`` engines none that they don't agree on.

    Locks that have no spec are removed where ``prune`` says so. A spec that is wrong keeps its old lock and no other from
    being written; what is wrong with all of them is raised at the end. Raises CommandError where there is no spec, and
    SpecError.
    """
    scope = find_scope(paths, folder)
    refuse_nothing("lock", paths, folder, scope, scope.orphans if prune else ())
    specs = scope.specs
    check_lock_names(Path(scope.name(spec, folder)) for spec in specs)
    errors: list[LayercliError] = []
    for number, spec in enumerate(specs, start=1):
        name, target = scope.name(spec, folder), lock_path(spec)
        lock_name = scope.name(target, folder)
        tell(number, len(specs), name)
        try:
            made = make_lock(spec, name, engine)
            changed = write_lock(target, format_lock(made.lock), lock_name)
        except LayercliError as error:
            errors.append(error)
        else:
            yield Written(name, lock_name, changed, len(made.trace.rows))
    for lock in scope.orphans if prune else ():
        lock_name = scope.name(lock, folder)
        try:
            remove_lock(lock, lock_name)
        except LayercliError as error:
            errors.append(error)
        else:
            yield Written("", lock_name, True, 0, removed=True)
    if errors:
        problems = [problem for error in errors for problem in error.problems]
        raise (
            CommandError(*problems) if any(error.exit_code == 2 for error in errors) else SpecError(*problems)
        )


def check_specs(
    paths: Sequence[str],
    folder: Path,
    engine: Engine = "derive",
    narrow: Narrow | None = None,
    fail_on: Sequence[DifferenceClass] = (),
    tell: Tell = tell_nothing,
) -> CheckResult:
    """Compare each spec with its lock, of those that ``narrow`` chooses. Nothing is written.

    ``fail_on`` are the classes of differences that fail, if not those that the configuration says. Raises CommandError
    where nothing is there to check, in all or in one of ``paths``.
    """
    scope = find_scope(paths, folder)
    specs, orphans = scope.specs, scope.orphans
    refuse_nothing("check", paths, folder, scope, orphans)
    check_lock_names(Path(scope.name(spec, folder)) for spec in specs)
    found = len(specs)
    if narrow is not None:
        specs, orphans = narrow(specs, orphans)
    results = []
    for number, spec in enumerate(specs, start=1):
        name = scope.name(spec, folder)
        tell(number, len(specs), name)
        results.append(check_spec(spec, folder, engine, name))
    left = [SpecResult(name, name, "orphaned") for name in (scope.name(lock, folder) for lock in orphans)]
    results = [*_find_moved(results, specs, left, orphans), *left]
    result = CheckResult(tuple(results), tuple(paths), unchanged=found - len(specs))
    whole = scope.whole and narrow is None
    return apply_policy(result, scope.configuration, scope.place, folder, fail_on, whole)


def _find_moved(
    results: Sequence[SpecResult], specs: Sequence[Path], left: Sequence[SpecResult], orphans: Sequence[Path]
) -> Iterator[SpecResult]:
    """The results, of each spec without a lock with the lock without a spec that is its own by its content."""
    moved: dict[int, int] = {}
    missing = [index for index, spec in enumerate(results) if spec.status == "missing" and not spec.problems]
    if missing and orphans and len(missing) * len(orphans) <= MAX_PAIRS:
        made: dict[int, Lock] = {}
        read: dict[int, Lock] = {}
        for index in missing:
            with suppress(LayercliError):
                made[index] = make_lock(specs[index], results[index].path, "derive").lock
        for index, lock in enumerate(orphans):
            with suppress(LayercliError):
                read[index] = load_lock(lock, left[index].lock)
        moved = pair_alike(
            (measure_likeness(old, new), number, index)
            for number, new in made.items()
            for index, old in read.items()
        )
    for index, spec in enumerate(results):
        yield spec if index not in moved else _tell_moved(spec, left[moved[index]].lock)


def _tell_moved(spec: SpecResult, lock: str) -> SpecResult:
    message = (
        f"{lock} has no spec and says nearly the same, so {spec.path} may be its spec under another name"
    )
    problem = Problem("lock-renamed", message, hint=tell_move(lock, spec.lock), severity="note")
    return replace(spec, problems=(problem,))


def _find_problems(spec: Path, name: str, engine: Engine) -> tuple[Problem, ...]:
    """Why a spec can't be locked; nothing where it can."""
    try:
        make_lock(spec, name, engine)
    except LayercliError as error:
        return error.problems
    return ()


def _find_unchanged(spec: Path, name: str, lock_file: Path, engine: Engine) -> Lock | None:
    """The lock that a spec has now, where its file says that word for word, and so needn't be read for its facts."""
    head = re.match(rb"lock: ([1-9][0-9]?)\n", read_head(lock_file))
    if head is None or not lock_file.is_file() or int(head[1]) > LOCK_VERSION:
        return None
    try:
        made = make_lock(spec, name, engine, int(head[1])).lock
    except LayercliError:
        return None
    return made if read_head(lock_file) == format_lock(made).encode("utf-8") else None


def check_spec(
    spec: Path, folder: Path, engine: Engine = "derive", name: str = "", *, explain: bool = True
) -> SpecResult:
    """Compare one spec, as ``engine`` sees it, with its lock. ``name`` is what messages call it.

    With ``explain`` the problems of one that fails tell what changed since its lock.
    """
    name, lock_file = name or display_name(spec, folder), lock_path(spec)
    lock_name = lock_path(Path(name)).as_posix()
    try:
        if not os.path.lexists(lock_file):
            return SpecResult(name, lock_name, "missing", problems=_find_problems(spec, name, engine))
        unchanged = _find_unchanged(spec, name, lock_file, engine)
        if unchanged is not None:
            return SpecResult(name, lock_name, "ok", rows=len(unchanged.rows))
        old = load_lock(lock_file, lock_name)
    except LayercliError as error:
        return SpecResult(name, lock_name, "error", problems=error.problems, exit_code=error.exit_code)
    try:
        made = make_lock(spec, name, engine, old.version)
    except SpecError as error:
        problems = explain_since(error.problems, spec, name, old, lock_name) if explain else error.problems
        return SpecResult(name, lock_name, "error", problems=problems, exit_code=error.exit_code)
    except LayercliError as error:
        return SpecResult(name, lock_name, "error", problems=error.problems, exit_code=error.exit_code)
    rows, differences = len(made.lock.rows), made.compare(old)
    if not differences:
        return SpecResult(name, lock_name, "ok", rows=rows)
    verdicts = judge_differences(old, made.lock, differences)
    problems = (_explain_numbers(name, lock_name),) if old.version <= NUMBERS_VERSION else ()
    return SpecResult(name, lock_name, "differs", differences, verdicts, problems, rows=rows)


def _explain_numbers(name: str, lock_name: str) -> Problem:
    message = (
        f"{lock_name} was written by an earlier layercli: it has the sizes of its trace instead of formulas"
    )
    hint = f"layercli lock {name} writes it anew, the same for any sizes of the dims"
    return Problem("lock-earlier", message, severity="warning", hint=hint)
