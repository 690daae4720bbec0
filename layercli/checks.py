"""Locking and checking of specs on disk: which ones, with which lock, and what came of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from layercli.errors import CommandError, LayercliError, Problem
from layercli.lock import (
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
from layercli.spec.library import SUFFIXES, display_name
from layercli.trace import Trace

#: Levels of folders that are searched, and bytes of a file that are looked at to tell whether it is a spec.
MAX_LEVELS = 20
MAX_HEAD = 1 << 20


@dataclass(frozen=True)
class Written:
    """One lock that was written, or found to say the same already."""

    spec: str
    lock: str
    changed: bool
    rows: int


def find_specs(paths: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """The spec files that ``paths`` mean: files as they are, folders with all specs below them.

    Without paths all specs below ``folder``. Raises CommandError for a path that isn't there.
    """
    found: list[Path] = []
    for path in paths or ["."]:
        place = folder / path
        if place.is_dir():
            found += _specs_below(place)
        elif place.is_file():
            if place.suffix == ".lock":
                place = next(
                    (place.with_suffix(end) for end in SUFFIXES if place.with_suffix(end).exists()), place
                )
            found.append(place)
        else:
            hint = "a lock belongs to a file, so name its path" if "/" not in path else ""
            raise CommandError(Problem("missing-file", f"there is no file {path}", hint=hint))
    return tuple(dict.fromkeys(found))


def _specs_below(folder: Path, level: int = 0) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise CommandError(Problem("unreadable-file", f"{folder} can't be read: {error.strerror}")) from None
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            if level < MAX_LEVELS and entry.name not in ("node_modules", "__pycache__"):
                yield from _specs_below(Path(entry.path), level + 1)
        elif entry.name.endswith(SUFFIXES) and _looks_like_spec(Path(entry.path)):
            yield Path(entry.path)


def _looks_like_spec(path: Path) -> bool:
    """A YAML file with ``inputs`` and ``layers`` at its top level."""
    try:
        with open(path, "rb") as file:
            head = file.read(MAX_HEAD)
    except OSError:
        return False
    return all(re.search(rb"(?m)^" + key + rb"[ ]*:", head) for key in (b"inputs", b"layers"))


def find_orphans(paths: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """Locks in the searched folders that no spec has any more."""
    found: list[Path] = []
    for path in paths or ["."]:
        place = folder / path
        if place.is_dir():
            found += _locks_below(place)
    return tuple(
        lock for lock in dict.fromkeys(found) if not any(lock.with_suffix(end).exists() for end in SUFFIXES)
    )


def _locks_below(folder: Path, level: int = 0) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir() and level < MAX_LEVELS:
            yield from _locks_below(Path(entry.path), level + 1)
        elif entry.name.endswith(".lock") and _is_our_lock(Path(entry.path)):
            yield Path(entry.path)


def _is_our_lock(path: Path) -> bool:
    """Other tools have locks too; ours says so in its first lines."""
    try:
        with open(path, "rb") as file:
            head = file.read(2000)
    except OSError:
        return False
    return b"layercli" in head.split(b"\n", 1)[0]


def make_lock(path: Path, name: str) -> tuple[Lock, Trace]:
    """The lock that a spec has now, and the trace it comes from. Raises SpecError, CommandError."""
    from layercli.plan.planner import plan_model
    from layercli.run.session import trace_plan
    from layercli.spec.reader import read_spec

    plan = plan_model(read_spec(path, name))
    trace = trace_plan(plan)[0]
    tie = [(item.name, item.target) for item in plan.tie]
    return lock_from_trace(
        trace, dtype=plan.dtype, tie=tie, freeze=[glob.pattern for glob in plan.freeze]
    ), trace


def lock_specs(paths: Sequence[str], folder: Path) -> Iterator[Written]:
    """Write the lock of each spec. Raises CommandError where there is none, SpecError for one that is wrong."""
    specs = find_specs(paths, folder)
    if not specs:
        raise CommandError(
            Problem("nothing-to-lock", "there is no spec here", hint="name one: layercli lock net.yaml")
        )
    check_lock_names(specs)
    for spec in specs:
        name = display_name(spec, folder)
        made, trace = make_lock(spec, name)
        target = lock_path(spec)
        changed = write_lock(target, format_lock(made))
        yield Written(name, display_name(target, folder), changed, len(trace.rows))


def check_specs(paths: Sequence[str], folder: Path) -> CheckResult:
    """Compare each spec with its lock. Nothing is written. Raises CommandError where nothing is there to check."""
    specs = find_specs(paths, folder)
    orphans = find_orphans(paths, folder)
    if not specs and not orphans:
        raise CommandError(
            Problem(
                "nothing-to-check", "there is no spec here to check", hint="name one: layercli check net.yaml"
            )
        )
    check_lock_names(specs)
    results = [check_spec(spec, folder) for spec in specs]
    results += [
        SpecResult(display_name(lock, folder), display_name(lock, folder), "orphaned") for lock in orphans
    ]
    return CheckResult(tuple(results))


def check_spec(spec: Path, folder: Path) -> SpecResult:
    """Compare one spec with its lock."""
    name, lock_file = display_name(spec, folder), lock_path(spec)
    lock_name = display_name(lock_file, folder)
    try:
        if not os.path.lexists(lock_file):
            return SpecResult(name, lock_name, "missing")
        old = load_lock(lock_file, lock_name)
        new, trace = make_lock(spec, name)
    except LayercliError as error:
        return SpecResult(name, lock_name, "error", problems=error.problems, exit_code=error.exit_code)
    differences = compare_locks(old, new, collect_positions(trace))
    if not differences:
        return SpecResult(name, lock_name, "ok", rows=len(new.rows))
    verdicts = judge_differences(old, new, differences)
    return SpecResult(name, lock_name, "differs", differences, verdicts, rows=len(new.rows))
