"""``layercli check --changed-since``: which specs are checked."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from layercli.checks import lock_specs
from layercli.errors import CommandError
from layercli.history.changed import check_changed, list_changed
from layercli.lock import CheckResult
from tests.git.repositories import NET, Sandbox, make_repository

BLOCKS = "blocks:\n  Block: {inputs: [x], layers: {fc: 'Linear(4, 4)'}, forward: [fc(x)]}\n"
BETWEEN = (
    "imports: {Block: blocks.yaml}\nblocks:\n  Two: {inputs: [x], layers: {a: 'Block()', b: 'Block()'}}\n"
)
IMPORTING = "imports: {Two: between.yaml}\ninputs: {x: [1, 4]}\nlayers: {block: 'Two()'}\n"


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    made = make_repository(tmp_path / "repository")
    made.write("net.yaml", NET)
    made.write("importing.yaml", IMPORTING)
    made.write("between.yaml", BETWEEN)
    made.write("blocks.yaml", BLOCKS)
    made.write("README.md", "about it")
    list(lock_specs([], made.root, "derive"))
    made.commit()
    return made


def check(sandbox: Sandbox, revision: str = "HEAD", *paths: str) -> CheckResult:
    return check_changed(paths, sandbox.root, revision)


def append(name: str, text: str = "# more\n") -> Callable[[Sandbox], None]:
    def change(sandbox: Sandbox) -> None:
        path = sandbox.root / name
        path.write_text(path.read_text() + text if path.exists() else text)

    return change


def remove(name: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: (sandbox.root / name).unlink()


def rename(old: str, new: str) -> Callable[[Sandbox], None]:
    def change(sandbox: Sandbox) -> None:
        (sandbox.root / old).rename(sandbox.root / new)

    return change


def link(name: str) -> Callable[[Sandbox], None]:
    def change(sandbox: Sandbox) -> None:
        path = sandbox.root / name
        path.rename(sandbox.root / "behind.txt")
        path.symlink_to("behind.txt")

    return change


def touch(sandbox: Sandbox) -> None:
    os.utime(sandbox.root / "net.yaml", (1, 1))


def write_windows(sandbox: Sandbox) -> None:
    path = sandbox.root / "net.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (append("README.md"), []),
        (append("notes.txt"), []),
        (touch, []),
        (write_windows, []),
        (append("pyproject.toml", "[project]\nname = 'it'\n"), []),
        (
            append("pyproject.toml", "[tool.layercli]\nexclude = ['nothing']\n"),
            ["importing.yaml", "net.yaml"],
        ),
        (append("net.yaml"), ["net.yaml"]),
        (append("net.lock"), ["net.yaml"]),
        (remove("net.lock"), ["net.yaml"]),
        (append("between.yaml"), ["importing.yaml"]),
        (append("blocks.yaml"), ["importing.yaml"]),
        (remove("blocks.yaml"), ["importing.yaml"]),
        (append("net.yaml", "unreadable: [\n"), ["net.yaml"]),
        (append("new.yaml", NET), ["new.yaml"]),
        (remove("net.yaml"), ["net.lock"]),
        (rename("net.yaml", "renamed.yaml"), ["renamed.yaml", "net.lock"]),
        (link("net.lock"), ["net.yaml"]),
    ],
)
def test_what_is_checked(sandbox: Sandbox, change: Callable[[Sandbox], None], found: list[str]) -> None:
    change(sandbox)
    # Whether it is committed, staged or not known to git is one.
    assert [spec.path for spec in check(sandbox).specs] == found
    sandbox.git("add", "--all")
    assert [spec.path for spec in check(sandbox).specs] == found
    sandbox.commit()
    assert [spec.path for spec in check(sandbox, "HEAD~1").specs] == found


def test_a_link_that_is_named_is_checked(sandbox: Sandbox) -> None:
    link("net.yaml")(sandbox)
    sandbox.commit()
    assert [spec.path for spec in check(sandbox, "HEAD", "net.yaml").specs] == ["net.yaml"]


def test_nothing_changed_is_a_success(sandbox: Sandbox) -> None:
    result = check(sandbox)
    assert (result.specs, result.exit_code, result.accept) == ((), 0, "")
    assert result.summary == "no spec has changed since HEAD: 2 models left out"


def test_the_others_are_counted(sandbox: Sandbox) -> None:
    append("net.yaml")(sandbox)
    result = check(sandbox)
    assert result.summary == "1 model, 3 rows compared, 1 model unchanged since HEAD: all hold"
    assert result.exit_code == 0


def test_a_folder_without_specs_is_still_an_error(tmp_path: Path) -> None:
    sandbox = make_repository(tmp_path)
    sandbox.commit()
    with pytest.raises(CommandError, match="no spec here to check"):
        check(sandbox)


def test_no_such_revision(sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="there is no revision main~7 here") as caught:
        check(sandbox, "main~7")
    assert caught.value.exit_code == 2


def test_another_orphan_is_left_alone(sandbox: Sandbox) -> None:
    remove("net.yaml")(sandbox)
    sandbox.commit()
    assert check(sandbox).specs == ()


def test_attributes_and_filters_are_not_asked(sandbox: Sandbox) -> None:
    sandbox.write(".gitattributes", "*.yaml filter=trap\n")
    sandbox.git("config", "filter.trap.clean", "false")
    sandbox.git("config", "filter.trap.required", "true")
    os.utime(sandbox.root / "net.yaml", (1, 1))
    assert check(sandbox).specs == ()


def test_the_files_are_listed_with_why_they_are_checked(sandbox: Sandbox) -> None:
    append("blocks.yaml")(sandbox)
    assert [(item.name, item.taken) for item in list_changed((), sandbox.root, "HEAD")] == [
        ("importing.yaml", True),
        ("net.yaml", False),
    ]
    reasons = [item.reason.partition("; ")[2] for item in list_changed((), sandbox.root, "HEAD")]
    assert reasons == ["it, an import or its lock changed since HEAD", "it is as it was at HEAD"]
    sandbox.write("pyproject.toml", '[tool.layercli]\nfail-on = ["callers"]\n')
    assert all(item.taken for item in list_changed((), sandbox.root, "HEAD"))
