"""Locking and checking of specs on disk: which ones, with which lock, and what came of it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from layercli.engines import Engine, trace_by
from layercli.errors import CommandError, LayercliError, Problem, SpecError
from layercli.lock import (
    LOCK_VERSION,
    NUMBERS_VERSION,
    CheckResult,
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
    write_lock,
)
from layercli.record import record
from layercli.spec.library import SUFFIXES, display_name, explain_missing
from layercli.spec.tree import DISK, Tree
from layercli.trace import Trace

#: Bytes of a file that are looked at to tell what it is.
MAX_HEAD = 1 << 20

#: How far below the working folder a file is looked for whose name alone was given: there, and two further down.
MAX_LEVELS = 3

#: The folder beside a test file with the locks of its modules, which have no specs.
MODULE_LOCKS = "__locks__"

#: Folders of other people's files, and of locks that no spec belongs to.
SKIPPED_FOLDERS = ("node_modules", "__pycache__", MODULE_LOCKS)


@record
class Written:
    """One lock that was written, or found to say the same already."""

    spec: str
    lock: str
    changed: bool
    rows: int


def find_specs(paths: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """The spec files that ``paths`` mean: files as they are, folders with all specs below them.

    A lock means its spec. Without paths all specs below ``folder``. Raises CommandError for a path that isn't
    there and for a folder that can't be read.
    """
    found: list[Path] = []
    for path in paths or ["."]:
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
                if entry.is_dir(follow_symlinks=False) and entry.name not in SKIPPED_FOLDERS
            ]
    return ""


def find_orphans(paths: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """Locks in the searched folders, and among the files named, that no spec has any more."""
    found: list[Path] = []
    for path in paths or ["."]:
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
        elif entry.is_dir(follow_symlinks=False) and entry.name not in SKIPPED_FOLDERS:
            pending += _scan(Path(entry.path), folder)


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


def make_lock(
    path: Path, name: str, engine: Engine, version: int = LOCK_VERSION, tree: Tree = DISK
) -> tuple[Lock, Trace]:
    """The lock that a spec of ``tree`` has, and the trace it comes from. Raises SpecError, CommandError.

    ``version`` is that of the lock that it will be compared with: the earlier ones have sizes as numbers.
    """
    from layercli.plan.planner import plan_model
    from layercli.spec.reader import read_spec

    plan = plan_model(read_spec(path, name, tree))
    trace = trace_by(plan, engine, formulas=version > NUMBERS_VERSION)
    tie = [(item.name, item.target) for item in plan.tie]
    freeze = [glob.pattern for glob in plan.freeze]
    return lock_from_trace(trace, dtype=plan.dtype, tie=tie, freeze=freeze, version=version), trace


def lock_specs(paths: Sequence[str], folder: Path, engine: Engine = "both") -> Iterator[Written]:
    """Write the lock of each spec; with ``both`` engines none that they don't agree on.

    A spec that is wrong keeps its old lock and no other from being written; what is wrong with all of them is
    raised at the end. Raises CommandError where there is no spec, and SpecError.
    """
    specs = find_specs(paths, folder)
    for path in paths or ["."]:
        if not find_specs([path], folder):
            raise CommandError(
                Problem(
                    "nothing-to-lock",
                    f"there is no spec {_name_place(path)}",
                    hint="name one: layercli lock net.yaml",
                )
            )
    check_lock_names(Path(display_name(spec, folder)) for spec in specs)
    errors: list[LayercliError] = []
    for spec in specs:
        name, target = display_name(spec, folder), lock_path(spec)
        lock_name = display_name(target, folder)
        try:
            made, trace = make_lock(spec, name, engine)
            changed = write_lock(target, format_lock(made), lock_name)
        except LayercliError as error:
            errors.append(error)
        else:
            yield Written(name, lock_name, changed, len(trace.rows))
    if errors:
        problems = [problem for error in errors for problem in error.problems]
        raise (
            CommandError(*problems) if any(error.exit_code == 2 for error in errors) else SpecError(*problems)
        )


def _name_place(path: str) -> str:
    return "here" if path == "." else f"in {path}"


def check_specs(paths: Sequence[str], folder: Path, engine: Engine = "derive") -> CheckResult:
    """Compare each spec with its lock. Nothing is written.

    Raises CommandError where nothing is there to check, in all or in one of ``paths``.
    """
    specs = find_specs(paths, folder)
    orphans = find_orphans(paths, folder)
    for path in paths or ["."]:
        if not find_specs([path], folder) and not find_orphans([path], folder):
            raise CommandError(
                Problem(
                    "nothing-to-check",
                    f"there is no spec {_name_place(path)} to check",
                    hint="name one: layercli check net.yaml",
                )
            )
    check_lock_names(Path(display_name(spec, folder)) for spec in specs)
    results = [check_spec(spec, folder, engine) for spec in specs]
    results += [
        SpecResult(display_name(lock, folder), display_name(lock, folder), "orphaned") for lock in orphans
    ]
    return CheckResult(tuple(results), tuple(paths or ["."]))


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
        made, _ = make_lock(spec, name, engine, int(head[1]))
    except LayercliError:
        return None
    return made if _read_head(lock_file) == format_lock(made).encode("utf-8") else None


def check_spec(spec: Path, folder: Path, engine: Engine = "derive") -> SpecResult:
    """Compare one spec, as ``engine`` sees it, with its lock."""
    name, lock_file = display_name(spec, folder), lock_path(spec)
    lock_name = display_name(lock_file, folder)
    try:
        if not os.path.lexists(lock_file):
            return SpecResult(name, lock_name, "missing", problems=_find_problems(spec, name, engine))
        unchanged = _find_unchanged(spec, name, lock_file, engine)
        if unchanged is not None:
            return SpecResult(name, lock_name, "ok", rows=len(unchanged.rows))
        old = load_lock(lock_file, lock_name)
        new, trace = make_lock(spec, name, engine, old.version)
    except LayercliError as error:
        return SpecResult(name, lock_name, "error", problems=error.problems, exit_code=error.exit_code)
    differences = compare_locks(old, new, collect_positions(trace))
    if not differences:
        return SpecResult(name, lock_name, "ok", rows=len(new.rows))
    verdicts = judge_differences(old, new, differences)
    problems = (_explain_numbers(name, lock_name),) if old.version <= NUMBERS_VERSION else ()
    return SpecResult(name, lock_name, "differs", differences, verdicts, problems, rows=len(new.rows))


def _explain_numbers(name: str, lock_name: str) -> Problem:
    message = (
        f"{lock_name} was written by an earlier layercli: it has the sizes of its trace instead of formulas"
    )
    hint = f"layercli lock {name} writes it anew, the same for any sizes of the dims"
    return Problem("lock-earlier", message, severity="warning", hint=hint)
