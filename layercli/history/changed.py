"""Which specs changed since a revision: they themselves, what they import, their locks, or the configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from layercli.checks import check_specs
from layercli.configuration import Configuration, find_configuration
from layercli.engines import Engine
from layercli.errors import CommandError, LayercliError
from layercli.git import Revision, find_repository, read_revision
from layercli.history.configuration import find_configuration_at
from layercli.lock import CheckResult, DifferenceClass, lock_path
from layercli.scope import Candidate, find_scope
from layercli.spec.library import SUFFIXES
from layercli.spec.reader import read_spec
from layercli.spec.tree import DISK
from layercli.work import Tell, tell_nothing

#: Bytes up to which files are compared; larger ones count as changed.
MAX_BYTES = 1 << 24


def is_changed(path: Path, revision: Revision) -> bool:
    """Whether a file is another one than in a commit, or was or is no regular file. Untracked ones are not in it."""
    now = DISK.look(path)
    if now is None:
        return revision.look(path) is not None
    if now != "file" or revision.look(path) != "file":
        return True
    shown = str(path)
    try:
        return _unify(DISK.read(path, shown, MAX_BYTES)) != _unify(revision.read(path, shown, MAX_BYTES))
    except CommandError as error:
        if error.problems[0].code == "git-failed":
            raise
        return True


def _unify(data: bytes) -> bytes:
    """Git may write other line ends than it keeps, and they mean the same."""
    return re.sub(rb"\r\n", b"\n", data)


def is_spec_changed(spec: Path, revision: Revision) -> bool:
    """Whether a spec, or a file that it takes blocks from, is another one than in a commit."""
    if is_changed(spec, revision):
        return True
    try:
        read = read_spec(spec)
    except LayercliError:
        return True
    # What a wrong import meant isn't known.
    return bool(read.problems) or any(is_changed(path, revision) for path in read.import_paths)


def check_changed(
    paths: Sequence[str],
    folder: Path,
    shown: str,
    engine: Engine = "derive",
    fail_on: Sequence[DifferenceClass] = (),
    tell: Tell = tell_nothing,
) -> CheckResult:
    """Check only what isn't what it was at the revision ``shown``; that nothing isn't is no error.

    Raises CommandError where there is no such revision, and where there is no spec at all.
    """
    with read_revision(find_repository(folder), shown) as revision:

        def narrow(
            specs: tuple[Path, ...], orphans: tuple[Path, ...]
        ) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
            changed = find_changed(specs, revision, folder)
            return tuple(changed), tuple(lock for lock in orphans if is_orphan_changed(lock, revision))

        return replace(check_specs(paths, folder, engine, narrow, fail_on, tell), since=shown)


def list_changed(paths: Sequence[str], folder: Path, shown: str) -> tuple[Candidate, ...]:
    """The files that may be specs, of which ``check_changed`` checks only those that aren't what they were.

    Raises CommandError as that does.
    """
    with read_revision(find_repository(folder), shown) as revision:
        scope = find_scope(paths, folder)
        changed = set(find_changed(scope.specs, revision, folder))
        ends = {
            True: f"; it, an import or its lock changed since {shown}",
            False: f"; it is as it was at {shown}",
        }
        if is_configuration_changed(revision, folder):
            ends[True] = f"; the configuration changed since {shown}"
    return tuple(
        replace(item, taken=item.path in changed, reason=item.reason + ends[item.path in changed])
        if item.taken
        else item
        for item in scope.candidates
    )


def find_changed(specs: Sequence[Path], revision: Revision, folder: Path) -> list[Path]:
    """The specs that aren't what they were in a commit, with all that their check depends on.

    Raises CommandError where a configuration can't be read.
    """
    if is_configuration_changed(revision, folder):
        return list(specs)
    return [
        spec for spec in specs if is_spec_changed(spec, revision) or is_changed(lock_path(spec), revision)
    ]


def is_orphan_changed(lock: Path, revision: Revision) -> bool:
    """Whether a lock without a spec is another one than in a commit, or had its spec there."""
    return is_changed(lock, revision) or any(
        revision.look(lock.with_suffix(end)) is not None for end in SUFFIXES
    )


def is_configuration_changed(revision: Revision, folder: Path) -> bool:
    """Whether ``[tool.layercli]`` says something else than it did."""
    place, old = find_configuration_at(revision, folder)
    now, new = find_configuration(folder)
    return _strip(old) != _strip(new) or (old.name != "" and place != now)


def _strip(configuration: Configuration) -> Configuration:
    """A configuration without where it stands."""
    return replace(
        configuration,
        name="",
        specs=tuple(replace(pattern, position=None) for pattern in configuration.specs),
        exclude=tuple(replace(pattern, position=None) for pattern in configuration.exclude),
        ignore=tuple(replace(item, position=None) for item in configuration.ignore),
    )
