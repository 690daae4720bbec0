"""What the arguments of ``layercli diff`` mean: specs and locks, on the disk or at a revision."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from layercli.checks import Made, make_lock
from layercli.engines import Engine
from layercli.errors import CommandError, Problem, SpecError, did_you_mean
from layercli.git import Revision, find_repository, read_revision
from layercli.lock import LOCK_VERSION, NUMBERS_VERSION, Lock, collect_positions, load_lock
from layercli.lock.heads import read_heads
from layercli.lock.rows import Comparison, compare_sides
from layercli.record import record
from layercli.spec.library import display_name, find_spec
from layercli.spec.tree import DISK, Tree


@record
class Place:
    """A file that an argument means, and the tree that it lies in. ``name`` is what messages call it."""

    name: str
    path: Path
    tree: Tree = DISK

    @property
    def is_lock(self) -> bool:
        """Whether this is a lock, rather than a spec."""
        return self.path.suffix == ".lock"


def compare_places(old: str, new: str, folder: Path, engine: Engine = "derive") -> Comparison:
    """Compare what two arguments mean. Raises CommandError where one of them can't be read or derived."""
    with ExitStack() as stack:
        revisions: dict[str, Revision] = {}

        def open_revision(shown: str) -> Revision:
            if shown not in revisions:
                revisions[shown] = stack.enter_context(read_revision(find_repository(folder), shown))
            return revisions[shown]

        places = [find_place(text, folder, open_revision) for text in (old, new)]
        try:
            locks = [
                load_lock(place.path, place.name, place.tree) if place.is_lock else None for place in places
            ]
            version = _find_version(places, locks)
            before, after = [
                make_lock(place.path, place.name, engine, version, place.tree) if lock is None else lock
                for place, lock in zip(places, locks, strict=True)
            ]
        except SpecError as error:
            # A model that is wrong can't be compared, as diff can't compare what it can't read.
            raise CommandError(*error.problems) from error.__cause__
    old_lock = before.lock if isinstance(before, Made) else before
    names = places[0].name, places[1].name
    if not isinstance(after, Made):
        return compare_sides(old_lock, after, *names)
    return compare_sides(old_lock, after.lock, *names, collect_positions(after.trace), read_heads(after.spec))


def _find_version(places: Sequence[Place], locks: Sequence[Lock | None]) -> int:
    """The version of the locks that were read; one with sizes as numbers compares with no other."""
    versions = [LOCK_VERSION if lock is None else lock.version for lock in locks]
    if all(lock is not None for lock in locks) and min(versions) <= NUMBERS_VERSION < max(versions):
        name = places[versions.index(min(versions))].name
        message = f"{name} was written by an earlier layercli, with numbers in place of formulas"
        hint = "compare with a spec instead of the other lock"
        raise CommandError(Problem("lock-earlier", message, hint=hint))
    return min(versions)


def find_place(text: str, folder: Path, open_revision: Callable[[str], Revision]) -> Place:
    """The file that an argument means: one that is there, ``REVISION:PATH`` as git reads it, or a model's name.

    Raises CommandError where it means none.
    """
    path = folder / text
    if text and "\0" not in text and os.path.lexists(path) and not path.is_dir():
        return Place(display_name(path, folder), path)
    shown, colon, inside = text.partition(":")
    if colon:
        return find_in_revision(open_revision(_check_revision(shown, text)), inside, folder)
    try:
        path = find_spec(text, folder)
    except CommandError as error:
        raise _hint_revision(error, text) from None
    return Place(display_name(path, folder), path)


def _check_revision(shown: str, text: str) -> str:
    if not shown:
        message = f"{text} is a file of git's index, which isn't read"
        raise CommandError(Problem("usage", message, hint=f"write HEAD{text}"))
    return shown


def _hint_revision(error: CommandError, text: str) -> CommandError:
    """What was found nowhere may be a revision without a path."""
    first = error.problems[0]
    if first.code != "unknown-spec" or first.hint.startswith("did you mean"):
        return error
    hint = f"a file at a revision is written REVISION:PATH, such as {text}:configs/lenet.yaml"
    return CommandError(Problem(first.code, first.message, notes=first.notes, hint=hint))


def find_in_revision(revision: Revision, inside: str, folder: Path) -> Place:
    """A file of a revision. Its path is from the top, unless it begins with ``./`` or ``../``."""
    start = revision.locate(folder) if inside.startswith(("./", "../")) else None
    place = PurePosixPath(posixpath.normpath(posixpath.join(str(start or ""), inside)))
    path = revision.path_of(place)
    name = revision.name(path)
    if revision.look(path) is None or revision.locate(path) is None:
        beside = revision.path_of((revision.locate(folder) or PurePosixPath()) / inside)
        known = [str(entry) for entry in revision.entries if entry.suffix == place.suffix]
        hint = did_you_mean(str(place), known)
        if start is None and revision.look(beside) == "file":
            hint = f"did you mean {revision.shown}:./{inside}? Other paths are from the top of the repository"
        raise CommandError(
            Problem(
                "missing-file",
                f"there is no file {inside or 'without a name'} at {revision.shown}",
                hint=hint,
            )
        )
    return Place(name, path, revision)
