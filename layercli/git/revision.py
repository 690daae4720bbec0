"""The files of one commit, read as those on the disk are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path, PurePosixPath

from layercli.errors import CommandError, Problem
from layercli.git.program import GitProcess, last_line, start_git
from layercli.git.repository import Repository
from layercli.record import record
from layercli.spec.tree import Kind, explain_kind, explain_size


@record(slots=True)
class Entry:
    """One name in a commit. ``key`` is the hash of its content."""

    kind: Kind
    key: str


#: Modes of entries: what git keeps is a file, executable or not, a link, or a commit of another repository.
_KINDS: Mapping[bytes, Kind] = {b"100644": "file", b"100755": "file", b"100664": "file", b"120000": "link"}


@record
class Revision:
    """The files of one commit, at the paths that they have in the working tree.

    ``shown`` is the revision as the user wrote it, ``entries`` what the commit has by path from the top. Links and
    other repositories are not followed.
    """

    shown: str
    commit: str
    repository: Repository
    entries: Mapping[PurePosixPath, Entry] = field(repr=False)
    folders: frozenset[PurePosixPath] = field(repr=False)
    process: GitProcess = field(repr=False, compare=False)

    def locate(self, path: Path) -> PurePosixPath | None:
        """The path from the top of the repository; None for one outside it."""
        whole = Path(os.path.abspath(path))
        if not whole.is_relative_to(self.repository.root):
            whole = whole.parent.resolve() / whole.name
            if not whole.is_relative_to(self.repository.root):
                return None
        return PurePosixPath(whole.relative_to(self.repository.root).as_posix())

    def find(self, path: Path) -> Entry | None:
        """What the commit has at ``path``, folders aside."""
        place = self.locate(path)
        return None if place is None else self.entries.get(place)

    def look(self, path: Path) -> Kind | None:
        """What lies at ``path``, links not followed."""
        place = self.locate(path)
        if place is None:
            return None
        if place in self.folders or place == _GIT:
            return "folder"
        entry = self.entries.get(place)
        return None if entry is None else entry.kind

    def read(self, path: Path, shown: str, most: int) -> bytes:
        """The bytes of a file as they were committed: without filters. Raises CommandError."""
        kind = self.look(path)
        if kind is None:
            raise CommandError(Problem("missing-file", f"there is no file {shown}"))
        entry = self.find(path)
        if kind != "file" or entry is None:
            raise CommandError(explain_kind(shown, kind))
        size, data = self.process.read_object(entry.key, most)
        if size > most:
            raise CommandError(explain_size(shown, most))
        if size < 0:
            errors = self.process.read_errors()
            note = last_line(errors) if errors else "its content is missing"
            hint = "a clone made with --filter leaves contents out; a plain git clone has them all"
            raise CommandError(Problem("git-failed", f"git can't read {shown}", notes=(note,), hint=hint))
        return data

    def list_files(self, folder: Path) -> list[str]:
        """The names of the files directly in a folder."""
        place = self.locate(folder)
        return [
            path.name for path, entry in self.entries.items() if path.parent == place and entry.kind == "file"
        ]

    def resolve(self, path: Path) -> Path:
        """The same path from the root on; in a commit no path leads through a link."""
        return Path(os.path.abspath(path))

    def name(self, path: Path) -> str:
        """``HEAD~3:configs/lenet.yaml``."""
        place = self.locate(path)
        return f"{self.shown}:{path if place is None else place}"

    def path_of(self, place: PurePosixPath) -> Path:
        """Where a file of the commit lies, or would lie, in the working tree."""
        return self.repository.root / place


_GIT = PurePosixPath(".git")


@contextmanager
def read_revision(repository: Repository, shown: str) -> Iterator[Revision]:
    """The files of the commit that a revision means, for as long as the block runs. Raises CommandError."""
    commit = repository.find_commit(shown)
    answer = repository.ask("ls-tree", "-r", "-z", "--full-tree", commit)
    if answer.code:
        message = f"git can't list the files of {shown}"
        raise CommandError(Problem("git-failed", message, notes=(last_line(answer.errors),)))
    entries = dict(_read_entries(answer.output))
    folders = {parent for path in entries for parent in path.parents} | {PurePosixPath()}
    with start_git(repository.root, ("cat-file", "--batch"), repository.trusted) as process:
        yield Revision(shown, commit, repository, entries, frozenset(folders), process)


def _read_entries(listing: bytes) -> Iterator[tuple[PurePosixPath, Entry]]:
    """``100644 blob HASH<TAB>PATH``, each with a zero byte at its end."""
    for line in listing.split(b"\0")[:-1]:
        head, _, path = line.partition(b"\t")
        mode, _, key = head.split(b" ")
        parts = os.fsdecode(path).split("/")
        # No tool makes such names, and here they would mean something outside the repository.
        if not any(part in ("", ".", "..", ".git") for part in parts):
            yield PurePosixPath(*parts), Entry(_KINDS.get(mode, "other"), key.decode("ascii"))
