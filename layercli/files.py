"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from layercli.errors import CommandError, Problem

#: What the system says, in a person's words. Anything else is told in the system's own.
_REASONS = {
    errno.EACCES: "its folder or the file itself may not be written",
    errno.EPERM: "its folder or the file itself may not be written",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENOENT: "its folder is not there",
    errno.ENOTDIR: "what should be its folder is a file",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ELOOP: "it is a link",
}


def write_whole(path: Path, text: str, name: str = "") -> bool:
    """Write ``text`` whole or not at all; True if the file changed. An unchanged file is not touched.

    ``name`` is what messages call the file, its path by default. Permissions of a file that is there are kept.
    Raises CommandError where the file is a link or no regular file, and where it can't be written; what was there
    before is then still there.
    """
    try:
        return _replace(path, text.encode(), name or str(path))
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
        raise CommandError(Problem("unwritable", f"can't write {name or path}: {reason}")) from error


def append_text(path: Path, text: str, name: str = "") -> None:
    """Add ``text`` to the end of a file, or make it. Raises CommandError where that can't be done."""
    try:
        with open(path, "ab") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
        raise CommandError(Problem("unwritable", f"can't write {name or path}: {reason}")) from error


def _replace(path: Path, data: bytes, name: str) -> bool:
    mode = None
    with contextlib.suppress(FileNotFoundError):
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            link = stat.S_ISLNK(status.st_mode)
            raise CommandError(
                Problem(
                    "unwritable",
                    f"{name} is {'a link' if link else 'no regular file'}, so it is not written",
                    hint="links are not followed: let it be a regular file",
                )
            )
        mode = stat.S_IMODE(status.st_mode)
        if status.st_size == len(data) and _read(path, len(data)) == data:
            return False
    temporary = path.with_name(f".layercli-{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with open(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)
    return True


def _read(path: Path, size: int) -> bytes | None:
    """At most ``size + 1`` bytes of a regular file; None if it may not be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:
        return None
    with open(descriptor, "rb") as file:
        return file.read(size + 1)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
