"""The files of a commit, and specs read from them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from layercli.errors import CommandError
from layercli.git import Revision, find_repository, read_revision
from layercli.spec.library import ImportRefused, find_project_root, resolve_import
from layercli.spec.reader import read_spec
from tests.git.repositories import NET, Sandbox, make_repository

BLOCKS = "blocks:\n  Block: {inputs: [x], layers: {fc: 'Linear(4, 4)'}, forward: [fc(x)]}\n"
IMPORTING = """\
imports: {Block: ../blocks/block.yaml}
inputs: {x: [1, 4]}
layers: {block: 'Block()'}
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    made = make_repository(tmp_path / "repository")
    made.write("net.yaml", NET)
    made.write("configs/importing.yaml", IMPORTING)
    made.write("blocks/block.yaml", BLOCKS)
    made.write("run.yaml", NET).chmod(0o755)
    (made.root / "link.yaml").symlink_to("net.yaml")
    (made.root / "linked").symlink_to("blocks")
    made.git("add", ".")
    made.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    made.git("commit", "-q", "-m", "one")
    return made


@pytest.fixture
def revision(sandbox: Sandbox) -> Iterator[Revision]:
    with read_revision(find_repository(sandbox.root), "HEAD") as found:
        yield found


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("net.yaml", "file"),
        ("run.yaml", "file"),
        ("blocks", "folder"),
        (".", "folder"),
        (".git", "folder"),
        ("blocks/../net.yaml", "file"),
        ("link.yaml", "link"),
        ("linked", "link"),
        ("linked/block.yaml", None),
        ("module", "other"),
        ("module/net.yaml", None),
        ("net.yaml/x", None),
        ("nothing", None),
        ("..", None),
        ("/etc/passwd", None),
    ],
)
def test_look(revision: Revision, sandbox: Sandbox, name: str, kind: str | None) -> None:
    assert revision.look(sandbox.root / name) == kind


def test_a_file_is_what_was_committed(revision: Revision, sandbox: Sandbox) -> None:
    path = sandbox.write("net.yaml", "changed")
    assert revision.read(path, "net.yaml", 1 << 20).decode() == NET
    path.unlink()
    assert revision.read(path, "net.yaml", len(NET)).decode() == NET
    assert revision.name(path) == "HEAD:net.yaml"
    assert sorted(revision.list_files(sandbox.root)) == ["net.yaml", "run.yaml"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing.yaml", "there is no file it"),
        ("blocks", "it is a folder, not a spec"),
        ("link.yaml", "it is a link, and only regular files are read"),
        ("module", "it is a pipe or a device, and only regular files are read"),
        ("/etc/passwd", "there is no file it"),
    ],
)
def test_what_is_not_read(revision: Revision, sandbox: Sandbox, name: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        revision.read(sandbox.root / name, "it", 1 << 20)
    assert caught.value.problems[0].message == message


def test_a_large_file_is_left_and_the_next_one_read(revision: Revision, sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="larger than 10 bytes"):
        revision.read(sandbox.root / "net.yaml", "it", 10)
    assert revision.read(sandbox.root / "run.yaml", "it", 1 << 20).decode() == NET


def test_names_that_are_unusual(sandbox: Sandbox) -> None:
    names = ["a b.yaml", "tab\t.yaml", "line\nbreak.yaml", '"quoted".yaml', "größe.yaml", "-o.yaml"]
    for name in names:
        sandbox.write(name, name)
    (sandbox.root / os.fsdecode(b"\xff.yaml")).write_text("bytes")
    sandbox.commit()
    with read_revision(find_repository(sandbox.root), "HEAD") as revision:
        for name in names:
            assert revision.read(sandbox.root / name, name, 100).decode() == name
        assert revision.read(sandbox.root / os.fsdecode(b"\xff.yaml"), "", 100) == b"bytes"


def test_a_folder_behind_a_link(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(sandbox.root)
    with read_revision(find_repository(tmp_path / "way"), "HEAD") as revision:
        assert revision.look(tmp_path / "way/net.yaml") == "file"
        assert read_spec(tmp_path / "way/configs/importing.yaml", "it", revision).problems == ()


def test_longer_hashes(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.git("init", "-q", "--object-format=sha256", ".")
    sandbox.write("net.yaml", NET)
    sandbox.commit()
    with read_revision(find_repository(tmp_path), "HEAD") as revision:
        assert len(revision.commit) == 64
        assert revision.read(tmp_path / "net.yaml", "it", 1 << 20).decode() == NET


# Specs


def test_a_spec_brings_what_it_imported_then(revision: Revision, sandbox: Sandbox) -> None:
    path = sandbox.root / "configs/importing.yaml"
    sandbox.write("blocks/block.yaml", "broken: [")
    spec = read_spec(path, revision.name(path), revision)
    assert spec.problems == ()
    assert spec.import_paths == (sandbox.root / "blocks/block.yaml",)
    (sandbox.root / "blocks/block.yaml").unlink()
    assert read_spec(path, revision.name(path), revision) == spec


def test_its_problems_name_the_revision(sandbox: Sandbox) -> None:
    sandbox.write("blocks/block.yaml", BLOCKS.replace("inputs: [x]", "inpust: [x]"))
    sandbox.commit()
    with read_revision(find_repository(sandbox.root), "HEAD") as revision:
        path = sandbox.root / "configs/importing.yaml"
        spec = read_spec(path, revision.name(path), revision)
        position = spec.problems[0].position
        assert position is not None
        assert position.file == "HEAD:blocks/block.yaml"


def test_the_project_ends_where_it_did(sandbox: Sandbox, revision: Revision) -> None:
    path = sandbox.root / "configs/importing.yaml"
    assert find_project_root(path, revision) == sandbox.root
    sandbox.write("configs/pyproject.toml", "")
    assert find_project_root(path, revision) == sandbox.root
    sandbox.commit()
    with read_revision(find_repository(sandbox.root), "HEAD") as later:
        assert find_project_root(path, later) == sandbox.root / "configs"
        with pytest.raises(ImportRefused, match="leads out of the project"):
            resolve_import("../blocks/block.yaml", path, sandbox.root / "configs", later)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("../link.yaml", "import-link"),
        ("../linked/block.yaml", "import-link"),
        ("../module/net.yaml", "import-missing"),
        ("../blocks", "import-path"),
        ("../blocks/blok.yaml", "import-missing"),
        ("../../outside.yaml", "import-outside"),
        ("../.git/config.yaml", "import-hidden"),
        ("/etc/passwd.yaml", "import-absolute"),
    ],
)
def test_imports_that_are_refused(revision: Revision, sandbox: Sandbox, target: str, code: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        resolve_import(target, sandbox.root / "configs/importing.yaml", sandbox.root, revision)
    assert caught.value.code == code


def test_a_missing_import_is_near_another(revision: Revision, sandbox: Sandbox) -> None:
    with pytest.raises(ImportRefused) as caught:
        resolve_import("../blocks/blok.yaml", sandbox.root / "configs/importing.yaml", sandbox.root, revision)
    assert caught.value.hint == "did you mean block.yaml?"
