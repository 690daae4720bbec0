"""Files are written whole or not at all. More of it is tested with the locks, which are written this way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layercli.errors import CommandError
from layercli.files import write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_told_whether_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    assert write_whole(path, "café\r\n") is True
    assert path.read_bytes() == "café\r\n".encode()
    assert write_whole(path, "café\r\n") is False
    assert write_whole(path, "cafe!\r\n") is True
    assert write_whole(path, "") is True
    assert path.read_bytes() == b""
    assert names(tmp_path) == ["out.txt"]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("none/out", "its folder is not there"),
        ("file/out", "what should be its folder is a file"),
        ("x" * 300, "its name is too long"),
    ],
)
def test_the_system_s_answers_are_sentences(place: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError) as caught:
        write_whole(tmp_path / place, "text")
    (problem,) = caught.value.problems
    assert (problem.code, problem.message) == ("unwritable", f"can't write {tmp_path / place}: {reason}")
    assert names(tmp_path) == ["file"]


def test_an_answer_without_a_sentence_is_the_system_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(CommandError, match=r"^can't write deep/out: input/output error$"):
        write_whole(tmp_path / "out", "text", "deep/out")
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_only_regular_files_are_written(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "out"
    target = tmp_path / "target"
    target.write_text("old")
    if kind == "link":
        path.symlink_to(target)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(CommandError) as caught:
        write_whole(path, "new", "out")
    (problem,) = caught.value.problems
    assert (
        problem.message == f"out is {'a link' if kind == 'link' else 'no regular file'}, so it is not written"
    )
    assert problem.hint == "links are not followed: let it be a regular file"
    assert target.read_text() == "old"
    assert names(tmp_path) == ["out", "target"]
