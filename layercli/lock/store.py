"""Lock files on disk: which one belongs to a spec, and writing it whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from layercli.errors import CommandError, Problem
from layercli.files import write_whole


def lock_path(spec_path: Path) -> Path:
    """The lock that belongs to a spec: ``lenet.lock`` beside ``lenet.yaml``."""
    return spec_path.with_suffix(".lock")


def check_lock_names(spec_paths: Iterable[Path]) -> None:
    """Make sure that no two specs of one folder would share a lock.

    Raises CommandError with a problem for each pair whose names differ in nothing but their ending or the
    case of their letters (which some file systems don't tell apart).
    """
    seen: dict[tuple[Path, str], Path] = {}
    problems = []
    for path in dict.fromkeys(spec_paths):
        lock = lock_path(path)
        other = seen.setdefault((lock.parent, lock.name.casefold()), path)
        if other != path:
            problems.append(
                Problem(
                    "lock-name",
                    f"{other} and {path} would share one lock, {lock.name}",
                    hint="give one of them another name",
                )
            )
    if problems:
        raise CommandError(*problems)


def write_lock(path: Path, text: str, name: str = "") -> bool:
    """Write a lock whole or not at all; True if the file changed. Raises CommandError as write_whole does."""
    return write_whole(path, text, name)


def remove_lock(path: Path, name: str = "") -> None:
    """Remove a lock. Raises CommandError where its folder can't be written."""
    try:
        path.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandError(Problem("unwritable", f"can't remove {name or path}: {reason}")) from None
