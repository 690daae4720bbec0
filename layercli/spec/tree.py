"""Where files are read: the disk, or whatever else has files at paths, such as a revision of a repository."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from layercli.errors import CommandError, Problem
from layercli.record import record

#: What lies at a path itself, behind no link.
Kind: TypeAlias = Literal["file", "folder", "link", "other"]


class Tree(Protocol):
    """Files at paths. Paths are absolute or relative to the working folder, as on the disk."""

    def look(self, path: Path) -> Kind | None:
        """What lies at ``path``, links not followed; None where nothing does. Raises OSError."""

    def read(self, path: Path, shown: str, most: int) -> bytes:
        """The bytes of a regular file, which messages call ``shown``.

        Raises CommandError where it isn't one, can't be read, or is larger than ``most`` bytes.
        """

    def list_files(self, folder: Path) -> list[str]:
        """The names of the regular files directly in a folder; none where it can't be listed."""

    def resolve(self, path: Path) -> Path:
        """The same path from the root on, without links in it."""

    def name(self, path: Path) -> str | None:
        """What messages call a file; None where its path says it."""


@record
class Disk:
    """The files that lie on the disk."""

    def look(self, path: Path) -> Kind | None:
        """What lies at ``path``, links not followed. Raises OSError where that can't be told."""
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            return None
        return _KINDS.get(stat.S_IFMT(mode), "other")

    def read(self, path: Path, shown: str, most: int) -> bytes:
        """The bytes of a regular file, a link to one followed. Raises CommandError."""
        # Opening a pipe would wait for its writer, so it is opened without waiting and looked at first.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(path, flags)
        except FileNotFoundError:
            raise CommandError(Problem("missing-file", f"there is no file {shown}")) from None
        except (OSError, ValueError) as error:
            # Windows refuses to open a folder, where other systems open it.
            if path.is_dir():
                raise CommandError(explain_kind(shown, "folder")) from None
            reason = getattr(error, "strerror", None) or str(error)
            raise CommandError(Problem("unreadable-file", f"{shown} can't be read: {reason}")) from None
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            raise CommandError(explain_kind(shown, _KINDS.get(stat.S_IFMT(mode), "other")))
        with open(descriptor, "rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise CommandError(explain_size(shown, most))
        return data

    def list_files(self, folder: Path) -> list[str]:
        """The names of the files directly in a folder, links to files among them."""
        try:
            with os.scandir(folder) as entries:
                return [entry.name for entry in entries if entry.is_file()]
        except OSError:
            return []

    def resolve(self, path: Path) -> Path:
        """The same path from the root on, without links in it."""
        return path.resolve()

    def name(self, path: Path) -> str | None:
        """Nothing but its path."""
        return None


_KINDS: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}

DISK = Disk()


@record
class Drafts(Disk):
    """The files on the disk, with texts of an editor in the place of some, by their absolute paths."""

    texts: Mapping[Path, str] = field(default_factory=dict)

    def look(self, path: Path) -> Kind | None:
        """What lies at ``path``; a text is a file, also where none is saved yet."""
        return "file" if path in self.texts else super().look(path)

    def read(self, path: Path, shown: str, most: int) -> bytes:
        """The bytes of a text, or of a file. Raises CommandError."""
        text = self.texts.get(Path(os.path.abspath(path)))
        if text is None:
            return super().read(path, shown, most)
        data = text.encode("utf-8", "surrogatepass")
        if len(data) > most:
            raise CommandError(explain_size(shown, most))
        return data


def explain_kind(shown: str, kind: Kind) -> Problem:
    """Why what isn't a regular file isn't read."""
    if kind == "folder":
        return Problem("is-folder", f"{shown} is a folder, not a spec", hint="name a .yaml file in it")
    what = "a link" if kind == "link" else "a pipe or a device"
    return Problem("not-regular", f"{shown} is {what}, and only regular files are read")


def explain_size(shown: str, most: int) -> Problem:
    """Why a large file isn't read."""
    return Problem("file-too-large", f"{shown} is larger than {most:,} bytes, the limit for a file")
