"""git runs and writes nothing that a repository or an argument names."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from layercli.errors import CommandError
from layercli.git import find_repository, program, read_revision
from layercli.git.program import find_program, make_environment, run_git
from tests.git.repositories import NET, Sandbox, make_repository


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    made = make_repository(tmp_path / "repository")
    made.write("net.yaml", NET)
    made.commit()
    return made


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a trace, ``trap.ran``."""
    path = tmp_path / "trap"
    path.write_text(f"#!/bin/sh\ntouch '{tmp_path}/trap.ran'\n")
    path.chmod(0o755)
    return path


def has_run(trap: Path) -> bool:
    return trap.with_name("trap.ran").exists()


def read_everything(root: Path) -> str:
    """What a check asks of git."""
    repository = find_repository(root)
    repository.list_names()
    with read_revision(repository, "HEAD") as revision:
        return revision.read(root / "net.yaml", "net.yaml", 1 << 20).decode()


def list_files(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def set_traps(sandbox: Sandbox, trap: Path) -> None:
    """Everything that a repository's own files can name a program by."""
    sandbox.write(
        ".git/config",
        f"""\
[core]
    repositoryformatversion = 0
    fsmonitor = {trap}
    hooksPath = {trap.parent}/hooks
    pager = {trap}
    editor = {trap}
    sshCommand = {trap}
    askPass = {trap}
    gitProxy = {trap}
    alternateRefsCommand = {trap}
    attributesFile = {trap.parent}/attributes
[alias]
    rev-parse = !{trap}
    ls-tree = !{trap}
    cat-file = !{trap}
    for-each-ref = !{trap}
[pager]
    rev-parse = {trap}
    ls-tree = {trap}
    cat-file = {trap}
    for-each-ref = {trap}
[diff]
    external = {trap}
[diff "trap"]
    textconv = {trap}
    command = {trap}
[filter "trap"]
    clean = {trap}
    smudge = {trap}
    process = {trap}
    required = true
[credential]
    helper = !{trap}
[gpg]
    program = {trap}
[log]
    showSignature = true
[uploadpack]
    packObjectsHook = {trap}
[protocol]
    allow = always
[include]
    path = {trap.parent}/included
""",
    )
    (trap.parent / "included").write_text(f"[core]\nfsmonitor = {trap}\n")
    (trap.parent / "attributes").write_text("* filter=trap diff=trap\n")
    sandbox.write(".git/info/attributes", "* filter=trap diff=trap\n")
    for folder in (trap.parent / "hooks", sandbox.root / ".git/hooks"):
        folder.mkdir(exist_ok=True)
        for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc"):
            (folder / name).write_text(f"#!/bin/sh\n{trap}\n")
            (folder / name).chmod(0o755)


def test_what_a_repository_names_is_not_run(sandbox: Sandbox, trap: Path) -> None:
    set_traps(sandbox, trap)
    before = list_files(sandbox.root)
    assert read_everything(sandbox.root) == NET
    assert not has_run(trap)
    assert list_files(sandbox.root) == before


def test_the_traps_work(sandbox: Sandbox, trap: Path) -> None:
    set_traps(sandbox, trap)
    sandbox.git("status", code=None)
    assert has_run(trap)


def test_a_missing_object_is_not_fetched(sandbox: Sandbox, tmp_path: Path, trap: Path) -> None:
    sandbox.git("config", "uploadpack.allowFilter", "true")
    sandbox.git(
        "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{sandbox.root}", str(tmp_path / "part")
    )
    part = Sandbox(tmp_path / "part")
    part.git("config", "remote.origin.uploadpack", str(trap))
    part.git("config", "protocol.file.allow", "always")
    with pytest.raises(CommandError) as caught:
        read_everything(part.root)
    assert caught.value.problems[0].message == "git can't read net.yaml"
    assert "--filter" in caught.value.problems[0].hint
    assert not has_run(trap)
    part.git("cat-file", "-p", "HEAD:net.yaml", code=128)
    assert has_run(trap), "the trap doesn't work"


@pytest.mark.parametrize(
    "revision",
    [
        "--output=pwned",
        "-o",
        "--help",
        "--exec=touch pwned",
        "",
        " ",
        "HEAD\n--output=pwned",
        "HEAD\0",
        "\x1b[31m",
        "nothing",
        "HEAD^{tree}",
        "HEAD:net.yaml",
        "HEAD..HEAD",
        "^HEAD",
        "HEAD HEAD",
        "$(touch pwned)",
        "@{upstream}",
        "a" * 10_000,
    ],
)
def test_an_argument_is_a_revision_or_nothing(sandbox: Sandbox, revision: str) -> None:
    before = list_files(sandbox.root)
    repository = find_repository(sandbox.root)
    with pytest.raises(CommandError) as caught:
        repository.find_commit(revision)
    assert caught.value.problems[0].code == "unknown-revision"
    assert list_files(sandbox.root) == before


@pytest.mark.parametrize(
    ("revision", "message", "hint"),
    [
        ("main..side", "main..side is a range", "name the commit that it begins at: main"),
        ("main...side", "main...side is a range", "in common: $(git merge-base main side)"),
        ("..side", "..side is a range", "begins at: HEAD"),
        (":/a commit", ":/a commit is a search for a commit", "name a branch, a tag or a commit"),
        ("main:net.yaml", "main:net.yaml is a file", "name a branch, a tag or a commit"),
    ],
)
def test_what_means_no_single_commit_is_told(
    sandbox: Sandbox, revision: str, message: str, hint: str
) -> None:
    with pytest.raises(CommandError) as caught:
        find_repository(sandbox.root).find_commit(revision)
    [problem] = caught.value.problems
    assert problem.message == f"{message}, not one commit"
    assert hint in problem.hint


def test_braces_may_hold_any_sign(sandbox: Sandbox) -> None:
    sandbox.git("commit", "-q", "--allow-empty", "-m", "mend: all .. of it")
    assert find_repository(sandbox.root).find_commit("HEAD^{/mend: all .. of}")


@pytest.mark.parametrize("revision", ["HEAD", "main", "@", "v1", "side/branch", "HEAD~0", "HEAD^{/a commit}"])
def test_revisions(sandbox: Sandbox, revision: str) -> None:
    sandbox.git("tag", "-a", "-m", "a tag", "v1")
    sandbox.git("branch", "side/branch")
    assert find_repository(sandbox.root).find_commit(revision) == sandbox.git("rev-parse", "HEAD")


def test_a_branch_that_looks_like_an_option_is_none(sandbox: Sandbox) -> None:
    sandbox.git("update-ref", "refs/heads/--output=x", "HEAD")
    with pytest.raises(CommandError, match="is no revision"):
        find_repository(sandbox.root).find_commit("--output=x")
    assert find_repository(sandbox.root).find_commit("refs/heads/--output=x")


# Which git, and where


def test_the_surroundings_of_a_hook_count_for_nothing(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: Path
) -> None:
    other = make_repository(tmp_path / "other")
    for name, value in {
        "GIT_DIR": str(other.root / ".git"),
        "GIT_WORK_TREE": str(other.root),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": str(trap),
        "GIT_PAGER": str(trap),
        "GIT_SSH_COMMAND": str(trap),
        "GIT_TRACE": str(tmp_path / "trace"),
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    assert read_everything(sandbox.root) == NET
    assert not has_run(trap)
    assert not (tmp_path / "trace").exists()
    assert make_environment()["GIT_CEILING_DIRECTORIES"] == str(tmp_path)


def test_a_git_of_the_working_folder_is_not_run(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, trap: Path
) -> None:
    (sandbox.root / "git").write_bytes(trap.read_bytes())
    (sandbox.root / "git").chmod(0o755)
    monkeypatch.chdir(sandbox.root)
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", "sub/..", os.environ["PATH"]]))
    assert read_everything(sandbox.root) == NET
    assert os.path.isabs(find_program())
    assert not has_run(trap)


def test_no_git(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(sandbox.root))
    with pytest.raises(CommandError, match="there is no git on PATH"):
        find_repository(sandbox.root)


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(CommandError, match="lies in no git repository") as caught:
        find_repository(tmp_path)
    assert caught.value.exit_code == 2


def test_a_repository_without_files(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.git("init", "-q", "--bare", ".")
    with pytest.raises(CommandError, match="a bare one"):
        find_repository(tmp_path)


def test_a_repository_without_commits(tmp_path: Path) -> None:
    sandbox = make_repository(tmp_path)
    with pytest.raises(CommandError, match="no revision HEAD here"):
        find_repository(sandbox.root).find_commit("HEAD")


def test_files_that_lie_elsewhere(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    sandbox.git("config", "core.worktree", str(tmp_path / "elsewhere"))
    with pytest.raises(CommandError, match="in another folder"):
        find_repository(sandbox.root)


def test_a_shallow_clone_says_what_to_do(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.commit()
    sandbox.git("clone", "-q", "--depth=1", f"file://{sandbox.root}", str(tmp_path / "shallow"))
    repository = find_repository(tmp_path / "shallow")
    assert repository.shallow
    with pytest.raises(CommandError, match="hasn't all commits") as caught:
        repository.find_commit("HEAD~1")
    assert "fetch-depth: 0" in caught.value.problems[0].hint
    assert "git fetch --unshallow" in caught.value.problems[0].hint


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="gives files to another user")
def test_a_repository_of_another_user(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.delenv("SUDO_UID", raising=False)
    for path in (sandbox.root, sandbox.root / ".git"):
        os.chown(path, 54321, 54321)
    with pytest.raises(CommandError, match="belongs to another user") as caught:
        find_repository(sandbox.root)
    advice = caught.value.problems[0].hint
    assert advice == f"if you trust it: git config --global --add safe.directory {sandbox.root}"
    # What the repository says of itself doesn't count, what the user does counts.
    with open(sandbox.root / ".git/config", "a") as file:
        file.write("[safe]\n    directory = *\n")
    with pytest.raises(CommandError, match="belongs to another user"):
        find_repository(sandbox.root)
    (home / ".gitconfig").write_text(f"[safe]\n    directory = {sandbox.root}\n")
    assert read_everything(sandbox.root) == NET


# Limits


def replace_git(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_git_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_git(tmp_path / "bin", "exec sleep 60", monkeypatch)
    monkeypatch.setattr(program, "MAX_SECONDS", 0.1)
    with pytest.raises(CommandError, match=r"took more than 0\.1 seconds"):
        run_git(tmp_path, ["rev-parse"])


def test_an_endless_answer_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_git(tmp_path / "bin", "exec yes", monkeypatch)
    monkeypatch.setattr(program, "MAX_BYTES", 10_000)
    with pytest.raises(CommandError, match="more than 10,000 bytes"):
        run_git(tmp_path, ["rev-parse"])


def test_a_git_that_is_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_git(tmp_path / "bin", "", monkeypatch)
    (tmp_path / "bin/git").write_bytes(b"\x7fELF")
    with pytest.raises(CommandError, match="git can't be started"):
        run_git(tmp_path, ["rev-parse"])
