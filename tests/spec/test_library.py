"""Which file a name means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layercli.errors import CommandError, Problem
from layercli.spec import library
from layercli.spec.library import (
    ImportRefused,
    complete_names,
    display_name,
    find_bundled_folder,
    find_project_root,
    find_spec,
    list_bundled,
    resolve_import,
)

links = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


def write(path: Path, text: str = "name: Net\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bundled"
    for name in ("lenet", "lstmtagger", "resnet18"):
        write(folder / f"{name}.yaml")
    write(folder / "lenet.lock")
    monkeypatch.setattr(library, "_bundled_folder", lambda: folder)
    return folder


@pytest.fixture
def work(tmp_path: Path, bundled: Path) -> Path:
    """A working folder with a spec, one in configs/, and a folder of others."""
    folder = tmp_path / "work"
    write(folder / "net.yaml")
    write(folder / "configs" / "unet.yml")
    write(folder / "models" / "deep.yaml")
    return folder


def refuse(name: str, folder: Path) -> Problem:
    with pytest.raises(CommandError) as caught:
        find_spec(name, folder)
    assert caught.value.exit_code == 2
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net", "work/net.yaml"),
        ("net.yaml", "work/net.yaml"),
        ("./net.yaml", "work/net.yaml"),
        ("unet", "work/configs/unet.yml"),
        ("unet.yml", "work/configs/unet.yml"),
        ("models/deep.yaml", "work/models/deep.yaml"),
        ("../bundled/lenet.yaml", "bundled/lenet.yaml"),
        ("lenet", "bundled/lenet.yaml"),
        ("lenet.yaml", "bundled/lenet.yaml"),
    ],
)
def test_find_spec(tmp_path: Path, work: Path, name: str, expected: str) -> None:
    assert find_spec(name, work).resolve() == tmp_path / expected


def test_the_working_folder_comes_before_configs_and_both_before_the_bundled(
    work: Path, bundled: Path
) -> None:
    assert find_spec("lenet", work) == bundled / "lenet.yaml"
    write(work / "configs" / "lenet.yaml")
    assert find_spec("lenet", work) == work / "configs" / "lenet.yaml"
    write(work / "lenet.yaml")
    assert find_spec("lenet", work) == work / "lenet.yaml"


@pytest.mark.parametrize(
    ("name", "code", "message", "hint"),
    [
        ("lenett", "unknown-spec", "no spec called lenett", "did you mean lenet"),
        ("LeNet", "unknown-spec", "no spec called LeNet", "did you mean lenet"),
        ("Unet.yaml", "unknown-spec", "no spec called Unet.yaml", "did you mean unet"),
        ("xyzzy", "unknown-spec", "no spec called xyzzy", "layercli list models"),
        ("models/deeep.yaml", "missing-file", "no file models/deeep.yaml", "did you mean deep.yaml?"),
        ("models/deep", "missing-file", "no file models/deep", "did you mean deep.yaml?"),
        ("models", "is-folder", "models is a folder", "models/deep.yaml"),
        ("models/", "is-folder", "models/ is a folder", "models/deep.yaml"),
        (".", "is-folder", ". is a folder", "./net.yaml"),
        ("notes.txt", "unknown-spec", "notes.txt is no .yaml file", ".yaml or .yml"),
        ("net.yaml/x.yaml", "missing-file", "no file net.yaml/x.yaml", ""),
        ("", "unknown-spec", "a spec needs a name", "name a file"),
        ("a\0b", "unknown-spec", "a spec needs a name", "name a file"),
        ("x" * 5000, "unreadable-file", "can't be read", ""),
    ],
)
def test_names_that_mean_no_file(work: Path, name: str, code: str, message: str, hint: str) -> None:
    write(work / "notes.txt")
    problem = refuse(name, work)
    assert problem.code == code
    assert message in problem.message
    assert hint in problem.hint


@links
def test_a_spec_on_the_command_line_may_be_a_link(work: Path, bundled: Path) -> None:
    (work / "linked.yaml").symlink_to(bundled / "lenet.yaml")
    assert find_spec("linked", work) == work / "linked.yaml"
    (work / "broken.yaml").symlink_to(work / "gone.yaml")
    assert refuse("broken", work).message == "broken.yaml is a link to a file that isn't there"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are a thing of POSIX")
def test_only_regular_files_are_specs(work: Path) -> None:
    os.mkfifo(work / "pipe.yaml")
    assert refuse("pipe", work).code == "not-regular"
    assert refuse("./pipe.yaml", work).code == "not-regular"
    assert refuse("/dev/null", work).code == "not-regular"


def test_list_bundled(bundled: Path) -> None:
    assert [path.name for path in list_bundled()] == ["lenet.yaml", "lstmtagger.yaml", "resnet18.yaml"]


def test_bundled_specs_lie_in_the_wheel_or_beside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "checkout" / "layercli"
    package.mkdir(parents=True)
    assert find_bundled_folder(package) is None
    beside = write(tmp_path / "checkout" / "configs" / "lenet.yaml").parent
    assert find_bundled_folder(package) is None
    write(tmp_path / "checkout" / "pyproject.toml", '[project]\nname = "another"\n')
    assert find_bundled_folder(package) is None
    write(tmp_path / "checkout" / "pyproject.toml", '[project]\nname = "layercli"\n')
    assert find_bundled_folder(package) == beside
    inside = write(package / "configs" / "lenet.yaml").parent
    assert find_bundled_folder(package) == inside


def test_display_name(work: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert display_name(work / "configs" / "unet.yml", work) == "configs/unet.yml"
    assert display_name(bundled / "lenet.yaml", work) == "lenet.yaml"
    assert display_name(work / "net.yaml", work / "models") == (work / "net.yaml").as_posix()
    monkeypatch.chdir(work / "models")
    assert display_name(Path("../net.yaml"), work / "models") == "../net.yaml"
    assert display_name(Path("deep.yaml"), work) == "models/deep.yaml"


def test_an_installed_spec_has_its_name_alone(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = write(work / ".venv" / "lib" / "site-packages" / "layercli" / "configs" / "lenet.yaml")
    assert display_name(installed, work) == ".venv/lib/site-packages/layercli/configs/lenet.yaml"
    monkeypatch.setattr(library, "_bundled_folder", lambda: installed.parent)
    assert display_name(installed, work) == "lenet.yaml"


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", ["configs/", "lenet", "lstmtagger", "models/", "net.yaml", "resnet18", "unet"]),
        ("l", ["lenet", "lstmtagger"]),
        ("models/", ["models/deep.yaml"]),
        ("./n", ["./net.yaml"]),
        ("nowhere/", []),
    ],
)
def test_complete_names(work: Path, prefix: str, expected: list[str]) -> None:
    (work / ".hidden").mkdir()
    assert complete_names(prefix, work) == expected


# Imports


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    write(folder / "pyproject.toml", "")
    write(folder / "configs" / "net.yaml")
    write(folder / "configs" / "blocks" / "resnet.yaml")
    write(folder / "shared" / "head.yml")
    write(folder / ".secret" / "x.yaml")
    write(tmp_path / "outside.yaml")
    return folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blocks/resnet.yaml", "configs/blocks/resnet.yaml"),
        ("./blocks/resnet.yaml", "configs/blocks/resnet.yaml"),
        ("../shared/head.yml", "shared/head.yml"),
        ("blocks/../net.yaml", "configs/net.yaml"),
    ],
)
def test_resolve_import(project: Path, text: str, expected: str) -> None:
    assert resolve_import(text, project / "configs" / "net.yaml", project) == project / expected


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("/etc/x.yaml", "import-absolute", "is an absolute path"),
        ("C:/x.yaml", "import-absolute", "is an absolute path"),
        ("\\\\host\\x.yaml", "import-absolute", "is an absolute path"),
        ("blocks\\resnet.yaml", "import-path", "has a backslash"),
        ("https://example.org/x.yaml", "import-path", "only files are imported"),
        ("blocks/resnet", "import-path", "doesn't end in .yaml or .yml"),
        ("blocks/resnet.json", "import-path", "doesn't end in .yaml or .yml"),
        ("", "import-path", "needs the path"),
        ("a\nb.yaml", "import-path", "needs the path"),
        ("../../outside.yaml", "import-outside", "leads out of the project"),
        ("../../project/shared/head.yml", "import-outside", "leads out of the project"),
        ("../.secret/x.yaml", "import-hidden", "lies in .secret"),
        ("blocks/resnett.yaml", "import-missing", "there is no file"),
        ("net.yaml/x.yaml", "import-missing", "net.yaml is no folder"),
        ("folder.yaml", "import-not-regular", "is a folder"),
        ("x" * 5000 + ".yaml", "import-unreadable", "can't be read"),
    ],
)
def test_imports_that_are_refused(project: Path, text: str, code: str, part: str) -> None:
    (project / "configs" / "folder.yaml").mkdir()
    with pytest.raises(ImportRefused) as caught:
        resolve_import(text, project / "configs" / "net.yaml", project)
    assert caught.value.code == code
    assert part in caught.value.message


def test_a_missing_import_names_a_near_one(project: Path) -> None:
    with pytest.raises(ImportRefused) as caught:
        resolve_import("blocks/resnett.yaml", project / "configs" / "net.yaml", project)
    assert caught.value.hint == "did you mean resnet.yaml?"


@links
@pytest.mark.parametrize(
    "target", ["configs/linked.yaml", "configs/link/resnet.yaml", "link/blocks/resnet.yaml"]
)
def test_imports_follow_no_link_at_any_level(project: Path, target: str) -> None:
    (project / "configs" / "linked.yaml").symlink_to(project.parent / "outside.yaml")
    (project / "configs" / "link").symlink_to(project / "configs" / "blocks")
    (project / "link").symlink_to(project / "configs")
    with pytest.raises(ImportRefused) as caught:
        resolve_import(target, project / "net.yaml", project)
    assert caught.value.code == "import-link"


@links
def test_links_above_the_project_are_no_concern_of_it(project: Path) -> None:
    link = project.parent / "link"
    link.symlink_to(project)
    root = find_project_root(link / "configs" / "net.yaml")
    found = resolve_import("blocks/resnet.yaml", link / "configs" / "net.yaml", root)
    assert found == project.resolve() / "configs" / "blocks" / "resnet.yaml"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are a thing of POSIX")
def test_only_regular_files_are_imported(project: Path) -> None:
    os.mkfifo(project / "pipe.yaml")
    with pytest.raises(ImportRefused) as caught:
        resolve_import("pipe.yaml", project / "net.yaml", project)
    assert caught.value.code == "import-not-regular"


def test_a_file_outside_the_project_imports_nothing(project: Path) -> None:
    with pytest.raises(ImportRefused) as caught:
        resolve_import("net.yaml", project.parent / "outside.yaml", project)
    assert caught.value.code == "import-outside"


def test_find_project_root(project: Path, tmp_path: Path) -> None:
    assert find_project_root(project / "configs" / "net.yaml") == project
    (project / "configs" / ".git").mkdir()
    assert find_project_root(project / "configs" / "net.yaml") == project / "configs"
    assert find_project_root(tmp_path / "outside.yaml") == tmp_path


def test_the_root_of_bundled_specs_is_their_folder(bundled: Path, tmp_path: Path) -> None:
    # Installed into .venv of a project, their path leads through a hidden folder of that project.
    write(tmp_path / "pyproject.toml", "")
    assert find_project_root(bundled / "lenet.yaml") == bundled
