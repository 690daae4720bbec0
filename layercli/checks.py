"""Locking and checking of specs on disk: which ones, with which lock, and what came of it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from layercli.configuration import Configuration, Pattern, find_configuration
from layercli.engines import Engine, trace_by
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
from layercli.policy import apply_policy
from layercli.record import record
from layercli.spec.library import SUFFIXES, display_name, explain_missing
from layercli.spec.model import Spec
from layercli.spec.tree import DISK, Tree
from layercli.trace import Trace
from layercli.work import Tell, tell_nothing

#: Bytes of a file that are looked at to tell what it is.
MAX_HEAD = 1 << 20

#: How far below the working folder a file is looked for whose name alone was given: there, and two further down.
MAX_LEVELS = 3

#: The folder beside a test file with the locks of its modules, which have no specs.
MODULE_LOCKS = "__locks__"

#: Folders of other people's files, of what was built, and of locks that no spec belongs to.
SKIPPED_FOLDERS = (
    "__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", MODULE_LOCKS,
)  # fmt: skip

#: The file that makes a folder a virtual environment.
ENVIRONMENT_MARK = "pyvenv.cfg"


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
class Candidate:
    """A file that may be a spec, as messages call it, and why it is to be checked or why not."""

    path: Path
    name: str
    taken: bool
    reason: str


@record
class Scope:
    """What a command is about: specs, and locks without one.

    ``place`` is the folder of ``configuration``. ``whole`` tells that nothing was named, so all is meant that this names.
    """

    place: Path
    configuration: Configuration
    whole: bool
    candidates: tuple[Candidate, ...]
    orphans: tuple[Path, ...]

    @property
    def specs(self) -> tuple[Path, ...]:
        """The specs to check."""
        return tuple(item.path for item in self.candidates if item.taken)

    def name(self, path: Path, folder: Path) -> str:
        """What messages to someone who works in ``folder`` call a file."""
        return name_in(path, folder, self.place) if self.whole else display_name(path, folder)


def find_scope(paths: Sequence[str], folder: Path) -> Scope:
    """What ``paths`` mean, or without any the configuration that holds in ``folder``, with the reasons.

    Raises CommandError where a path isn't there, a folder or the configuration can't be read, and where a path or a
    pattern means neither a spec nor a lock.
    """
    place, configuration = find_configuration(folder)
    if not paths:
        candidates = tuple(list_configured(folder, place, configuration))
        orphans = tuple(list_orphans(place, folder, configuration))
        _refuse_idle(configuration, place, candidates, orphans)
        return Scope(place, configuration, True, candidates, orphans)
    found: dict[Path, Candidate] = {}
    for path in paths:
        for spec in find_specs([path], folder):
            name = display_name(spec, folder)
            within = (folder / path).is_dir()
            pattern = configuration.find_exclude(_count_from(place, spec)) if within else None
            if pattern is not None:
                found.setdefault(spec, Candidate(spec, name, False, _tell_pattern("exclude", pattern)))
            else:
                found[spec] = Candidate(spec, name, True, f"it is in {path}" if within else "it was named")
    return Scope(place, configuration, False, tuple(found.values()), find_orphans(paths, folder))


def _count_from(place: Path, path: Path) -> str:
    """The path of a file as patterns see it."""
    return os.path.relpath(path, place).replace(os.sep, "/")


def name_in(path: Path, folder: Path, place: Path) -> str:
    """What to call a file that the configuration in ``place`` names, to someone who works in ``folder``."""
    return display_name(path, folder) if place == folder else _count_from(folder, path)


def _tell_pattern(key: str, pattern: Pattern) -> str:
    place = "" if pattern.position is None else f" ({pattern.position})"
    return f"{key}: {pattern.text}{place}"


def list_configured(folder: Path, place: Path, configuration: Configuration) -> Iterator[Candidate]:
    """The YAML files below ``place`` that are specs, or that a configuration names, to someone who works in ``folder``."""
    for file in _walk_configured(place, folder, configuration):
        if not file.name.endswith(SUFFIXES):
            continue
        path, name = _count_from(place, file), name_in(file, folder, place)
        spec = _is_spec(file)
        matched = configuration.find_pattern(path)
        excluded = configuration.find_exclude(path)
        if excluded is not None:
            if spec:
                yield Candidate(file, name, False, _tell_pattern("exclude", excluded))
        elif matched is not None:
            reason = _tell_pattern("specs", matched)
            if not spec:
                reason += " matches it, and it has no inputs and layers"
            yield Candidate(file, name, spec, reason)
        elif spec and configuration.specs:
            yield Candidate(file, name, False, "no pattern of specs matches it")
        elif spec:
            locked = _is_our_lock(lock_path(file))
            yield Candidate(file, name, True, "it has a lock" if locked else "it has inputs and layers")


def _walk_configured(place: Path, folder: Path, configuration: Configuration) -> Iterator[Path]:
    """The files in the folders that patterns may mean, all below ``place`` where there are none."""
    for top in find_tops(configuration):
        start = place / top
        links = [above for above in (start, *start.parents) if above.is_relative_to(place) and above != place]
        # What isn't there is told when no spec is found.
        if start.is_dir() and not any(above.is_symlink() for above in links):
            yield from _files_below(start, folder)


def find_tops(configuration: Configuration) -> list[str]:
    """The folders that are searched, none of which lies in another; the empty one is that of the configuration."""
    tops = {_find_top(pattern.text) for pattern in configuration.specs} or {""}
    return sorted(top for top in tops if not any(_is_below(top, other) for other in tops))


def _find_top(pattern: str) -> str:
    """The folder that all files lie in which a pattern can match."""
    parts = pattern.rstrip("/").split("/")
    fixed = next((index for index, part in enumerate(parts) if re.search(r"[*?]", part)), len(parts) - 1)
    return "/".join(parts[:fixed])


def _is_below(path: str, top: str) -> bool:
    return path != top and (not top or path.startswith(f"{top}/"))


def list_orphans(place: Path, folder: Path, configuration: Configuration) -> Iterator[Path]:
    """Locks whose spec the configuration would name, if it were there."""
    for file in _walk_configured(place, folder, configuration):
        if not _is_our_lock(file) or _specs_of(file):
            continue
        if any(configuration.takes(_count_from(place, file.with_suffix(end))) for end in SUFFIXES):
            yield file


def _refuse_idle(
    configuration: Configuration, place: Path, candidates: Sequence[Candidate], orphans: Sequence[Path]
) -> None:
    """A pattern that means nothing is a mistake: what it was for would go unchecked."""
    specs = [item.path for item in candidates if _is_spec(item.path)]
    specs += [lock.with_suffix(end) for lock in orphans for end in SUFFIXES]
    paths = [_count_from(place, spec) for spec in specs]
    problems = [
        Problem(
            "nothing-to-check",
            f"no spec matches {pattern.text}",
            pattern.position,
            hint="a spec is a YAML file with inputs and layers; links are not followed",
        )
        for pattern in configuration.specs
        if not any(pattern.matches(path) for path in paths)
    ]
    if problems:
        raise CommandError(*problems)


def find_specs(paths: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """The spec files that ``paths`` mean: files as they are, folders with all specs below them.

    A lock means its spec. Without paths those that the configuration names. Raises CommandError for a path that isn't
    there and for a folder that can't be read.
    """
    if not paths:
        return find_scope((), folder).specs
    found: list[Path] = []
    for path in paths:
        place = folder / path
        if place.is_dir():
            found += [file for file in _files_below(place, folder) if _is_spec(file)]
        elif place.suffix == ".lock" and (_specs_of(place) or place.is_file()):
            found += _specs_of(place)
        elif place.is_file():
            found.append(place)
        else:
            problem = explain_missing(place, path)
            hint = (
                _name_below(path, folder)
                or problem.hint
                or "a lock belongs to a file, so name the path of one"
            )
            raise CommandError(replace(problem, hint=hint))
    return tuple(dict.fromkeys(found))


def _name_below(path: str, folder: Path) -> str:
    """A spec of that name in ``folder`` or up to two folders further down, as a hint."""
    if os.path.basename(path) != path:
        return ""
    names = [path] if path.endswith(SUFFIXES) else [path + end for end in SUFFIXES]
    level = [folder]
    for _ in range(MAX_LEVELS):
        found = [place / name for place in level for name in names if (place / name).is_file()]
        if found:
            return f"did you mean {' or '.join(display_name(place, folder) for place in found[:3])}?"
        with contextlib.suppress(CommandError):
            level = [
                Path(entry.path)
                for place in level
                for entry in reversed(_scan(place, folder))
                if _is_searched(entry)
            ]
    return ""


def find_orphans(paths: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """Locks in the searched folders, and among the files named, that no spec has any more."""
    if not paths:
        return find_scope((), folder).orphans
    found: list[Path] = []
    for path in paths:
        place = folder / path
        files = _files_below(place, folder) if place.is_dir() else [place]
        found += [file for file in files if _is_our_lock(file) and not _specs_of(file)]
    return tuple(dict.fromkeys(found))


def _specs_of(lock: Path) -> list[Path]:
    return [spec for end in SUFFIXES if (spec := lock.with_suffix(end)).exists()]


def _files_below(place: Path, folder: Path) -> Iterator[Path]:
    """Regular files in the order of their names; no links, and nothing whose name starts with a dot."""
    pending = _scan(place, folder)
    while pending:
        entry = pending.pop()
        if entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        elif _is_searched(entry):
            pending += _scan(Path(entry.path), folder)


def _is_searched(entry: os.DirEntry[str]) -> bool:
    """Whether specs of this project may lie in what is found in a folder."""
    return (
        entry.is_dir(follow_symlinks=False)
        and entry.name not in SKIPPED_FOLDERS
        and not os.path.lexists(os.path.join(entry.path, ENVIRONMENT_MARK))
    )


def _scan(place: Path, folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, the first name last."""
    try:
        with os.scandir(place) as entries:
            shown = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        message = f"{display_name(place, folder)} can't be read: {(error.strerror or str(error)).lower()}"
        raise CommandError(Problem("unreadable-file", message)) from None
    return sorted(shown, key=lambda entry: entry.name, reverse=True)


def _is_spec(path: Path) -> bool:
    """Whether this is a YAML file with ``inputs`` and ``layers`` at its top level, or with a lock."""
    if not path.name.endswith(SUFFIXES):
        return False
    return _is_our_lock(lock_path(path)) or looks_like_spec(_read_head(path))


def looks_like_spec(head: bytes) -> bool:
    """Whether a file that begins so has ``inputs`` and ``layers`` at its top level."""
    return all(re.search(rb"(?m)^[\"']?" + key + rb"[\"']? *:", head) for key in (b"inputs", b"layers"))


def looks_like_lock(head: bytes) -> bool:
    """Whether a file that begins so is a lock of ours."""
    return re.match(rb"lock: *[0-9]+\s", head) is not None


def _is_our_lock(path: Path) -> bool:
    """Whether this is a lock of ours; other tools have files of that name too."""
    return path.suffix == ".lock" and looks_like_lock(_read_head(path))


def _read_head(path: Path) -> bytes:
    """The beginning of a file; nothing where it may not be read."""
    try:
        with open(path, "rb") as file:
            return file.read(MAX_HEAD)
    except OSError:
        return b""


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
    tie = [(item.name, item.target) for item in plan.tie]
    freeze = [glob.pattern for glob in plan.freeze]
    lock = lock_from_trace(trace, dtype=plan.dtype, tie=tie, freeze=freeze, version=version)
    return Made(lock, trace, plan.spec)


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


def refuse_nothing(
    command: str, paths: Sequence[str], folder: Path, scope: Scope, orphans: Sequence[Path]
) -> None:
    """Raises CommandError where there is nothing to do, in all or in one of ``paths``."""
    end = " to check" if command == "check" else ""
    problems = []
    if not paths and not scope.specs and not orphans:
        message, hint = f"there is no spec here{end}", f"name one: layercli {command} net.yaml"
        if scope.candidates:
            message = f"the configuration leaves out every spec{end}"
            hint = f"layercli {command} --list tells why" if command == "check" else hint
        problems.append(Problem(f"nothing-to-{command}", message, hint=hint))
    for path in paths:
        taken = [spec for spec in find_specs([path], folder) if spec in scope.specs]
        if not taken and not any(lock in orphans for lock in find_orphans([path], folder)):
            place = "here" if path == "." else f"in {path}"
            hint = f"name one: layercli {command} net.yaml"
            problems.append(Problem(f"nothing-to-{command}", f"there is no spec {place}{end}", hint=hint))
            break
    if problems:
        raise CommandError(*problems)


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
    for lock in orphans:
        name = scope.name(lock, folder)
        results.append(SpecResult(name, name, "orphaned"))
    result = CheckResult(tuple(results), tuple(paths), unchanged=found - len(specs))
    whole = scope.whole and narrow is None
    return apply_policy(result, scope.configuration, scope.place, folder, fail_on, whole)


def _find_problems(spec: Path, name: str, engine: Engine) -> tuple[Problem, ...]:
    """Why a spec can't be locked; nothing where it can."""
    try:
        make_lock(spec, name, engine)
    except LayercliError as error:
        return error.problems
    return ()


def _find_unchanged(spec: Path, name: str, lock_file: Path, engine: Engine) -> Lock | None:
    """The lock that a spec has now, where its file says that word for word, and so needn't be read for its facts."""
    head = re.match(rb"lock: ([1-9][0-9]?)\n", _read_head(lock_file))
    if head is None or not lock_file.is_file() or int(head[1]) > LOCK_VERSION:
        return None
    try:
        made = make_lock(spec, name, engine, int(head[1])).lock
    except LayercliError:
        return None
    return made if _read_head(lock_file) == format_lock(made).encode("utf-8") else None


def check_spec(spec: Path, folder: Path, engine: Engine = "derive", name: str = "") -> SpecResult:
    """Compare one spec, as ``engine`` sees it, with its lock. ``name`` is what messages call it."""
    name, lock_file = name or display_name(spec, folder), lock_path(spec)
    lock_name = lock_path(Path(name)).as_posix()
    try:
        if not os.path.lexists(lock_file):
            return SpecResult(name, lock_name, "missing", problems=_find_problems(spec, name, engine))
        unchanged = _find_unchanged(spec, name, lock_file, engine)
        if unchanged is not None:
            return SpecResult(name, lock_name, "ok", rows=len(unchanged.rows))
        old = load_lock(lock_file, lock_name)
        made = make_lock(spec, name, engine, old.version)
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
