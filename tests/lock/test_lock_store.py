"""Locks on disk: which belongs to which spec, and that a lock is written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from layercli.errors import CommandError
from layercli.lock import check_lock_names, lock_path, write_lock


@pytest.mark.parametrize(
    ("spec", "lock"),
    [
        ("configs/lenet.yaml", "configs/lenet.lock"),
        ("lenet.yml", "lenet.lock"),
        ("a.b.yaml", "a.b.lock"),
        ("../x/net.yaml", "../x/net.lock"),
    ],
)
def test_a_lock_stands_beside_its_spec(spec: str, lock: str) -> None:
    assert lock_path(Path(spec)) == Path(lock)


@pytest.mark.parametrize(
    ("specs", "clash"),
    [
        (["a.yaml", "b.yaml", "c/a.yaml"], None),
        (["a.yaml", "a.yaml"], None),
        (["a.yaml", "a.yml"], "a.yaml and a.yml would share one lock"),
        (["c/Net.yaml", "c/net.yaml"], "c/Net.yaml and c/net.yaml would share one lock"),
    ],
)
def test_two_specs_never_share_a_lock(specs: list[str], clash: str | None) -> None:
    paths = [Path(spec) for spec in specs]
    if clash is None:
        check_lock_names(paths)
        return
    with pytest.raises(CommandError, match=clash):
        check_lock_names(paths)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_lock_is_written_and_left_alone_when_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "net.lock"
    assert write_lock(path, "lock: 1\n") is True
    os.utime(path, ns=(1, 1))
    inode = path.stat().st_ino
    assert write_lock(path, "lock: 1\n") is False
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (inode, 1)
    assert write_lock(path, "lock: é\n") is True
    assert path.read_bytes() == "lock: é\n".encode()
    assert names(tmp_path) == ["net.lock"]


def test_permissions_are_kept_and_new_files_follow_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "net.lock"
    before = os.umask(0o027)
    try:
        write_lock(path, "a\n")
        assert path.stat().st_mode & 0o777 == 0o640
        path.chmod(0o606)
        write_lock(path, "b\n")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o606


@pytest.mark.parametrize("function", ["replace", "fsync", "fchmod"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_whatever_breaks_off_the_old_lock_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, error: BaseException
) -> None:
    path = tmp_path / "net.lock"
    path.write_text("old\n")

    def fail(*arguments: Any, **keywords: Any) -> None:
        raise error

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(CommandError if isinstance(error, OSError) else KeyboardInterrupt):
        write_lock(path, "new\n")
    assert path.read_text() == "old\n"
    assert names(tmp_path) == ["net.lock"]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "its folder or the file itself may not be written"),
    ],
)
def test_a_failure_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    def fail(*arguments: Any, **keywords: Any) -> None:
        raise OSError(number, "x")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CommandError, match=f"can't write .*net.lock: {reason}") as caught:
        write_lock(tmp_path / "net.lock", "new\n")
    assert caught.value.exit_code == 2
    assert names(tmp_path) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="its folder is not there"):
        write_lock(tmp_path / "none" / "net.lock", "new\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(CommandError, match="may not be written"):
        write_lock(tmp_path / "net.lock", "new\n")


def test_a_link_or_folder_is_not_written(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old\n")
    (tmp_path / "net.lock").symlink_to(target)
    (tmp_path / "folder.lock").mkdir()
    os.mkfifo(tmp_path / "pipe.lock")
    for name in ("net.lock", "folder.lock", "pipe.lock"):
        with pytest.raises(CommandError, match="is not written"):
            write_lock(tmp_path / name, "new\n")
    assert target.read_text() == "old\n"
    assert len(names(tmp_path)) == 4
