"""The hook as pre-commit runs it: installed from a repository, in a repository, before a commit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.test_wheel import ROOT

#: What a clone of this repository has that the hook is made of.
PARTS = ("layercli", "configs", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")

SPEC = "inputs: {x: [1, 4]}\nlayers:\n  fc: Linear(4, 2)\n"

CONFIGURATION = """\
repos:
- repo: {repo}
  rev: {rev}
  hooks:
  - id: {hook}
"""


def call(*command: str | Path, cwd: Path, code: int = 0) -> str:
    """What a command says, on whichever stream, if it ends with ``code``."""
    done = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def git(folder: Path, *arguments: str, code: int = 0) -> str:
    return call("git", *arguments, cwd=folder, code=code)


def skip_without_index(said: str) -> None:
    """Skip the test where pip, which failed, can't get anything from an index."""
    pip: Sequence[str] = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir")
    place = Path(os.environ["PRE_COMMIT_HOME"]) / "download"
    done = subprocess.run((*pip, "-d", place, "hatchling"), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("there is no package index here, and pre-commit installs hooks from one")
    pytest.fail(said)


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the user's, nor of a commit that these tests may be run for."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "PRE_COMMIT"))]:
        monkeypatch.delenv(name)
    # The hook's environment has to be enough for it.
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A Person")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "person@example.com")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PRE_COMMIT_COLOR", "never")
    monkeypatch.setenv("PIP_NO_COMPILE", "1")


def make_hook_repository(folder: Path) -> str:
    """A repository with what this one has now; gives its commit."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "-m", "Everything")
    return git(folder, "rev-parse", "HEAD").strip()


def install_hook(folder: Path, hook: str, spec: str) -> tuple[Path, Path]:
    """A repository with a spec that is to be committed and one hook; gives it and the program that the hook runs."""
    repo, work = folder / "layercli", folder / "work"
    repo.mkdir()
    work.mkdir()
    rev = make_hook_repository(repo)
    git(work, "init", "--quiet")
    (work / ".pre-commit-config.yaml").write_text(CONFIGURATION.format(repo=repo, rev=rev, hook=hook))
    (work / "net.yaml").write_text(spec)
    git(work, "add", "--all")

    pre_commit = (sys.executable, "-m", "pre_commit")
    installed = subprocess.run(
        (*pre_commit, "install", "--install-hooks"), cwd=work, capture_output=True, text=True, check=False
    )
    if installed.returncode:
        skip_without_index(installed.stdout + installed.stderr)
    (layercli,) = (folder / "home").glob("repo*/py_env-*/bin/layercli")
    assert not [*layercli.parents[1].glob("lib/*/site-packages/torch")], "the hook needs no torch"
    return work, layercli


@pytest.mark.usefixtures("surroundings")
def test_a_commit_is_held_up_until_its_locks_hold(tmp_path: Path) -> None:
    work, layercli = install_hook(tmp_path, "layercli-check", SPEC)
    said = git(work, "commit", "--quiet", "-m", "Without a lock", code=1)
    assert "net.yaml has no lock" in said

    call(layercli, "lock", "net.yaml", cwd=work)
    git(work, "add", "net.lock")
    assert re.search(r"layercli check\.+Passed", git(work, "commit", "-m", "With its lock"))

    (work / "net.yaml").write_text(SPEC.replace("4, 2", "4, 3"))
    said = git(work, "commit", "--all", "--quiet", "-m", "Another size", code=1)
    assert re.search(r"fc\.weight +\[2, 4\] -> \[3, 4\]", said)
    assert "accept it with: layercli lock net.yaml" in said

    # What is checked doesn't depend on which files change, and those that are deleted are none of them.
    git(work, "checkout", "--quiet", "net.yaml")
    git(work, "rm", "--quiet", "net.yaml")
    assert "net.lock has no spec" in git(work, "commit", "--quiet", "-m", "Gone", code=1)


@pytest.mark.usefixtures("surroundings")
def test_a_commit_is_held_up_until_its_specs_are_right(tmp_path: Path) -> None:
    work, _ = install_hook(tmp_path, "layercli-validate", SPEC.replace("Linear", "Linaer"))
    said = git(work, "commit", "--quiet", "-m", "A wrong name", code=1)
    assert "error[unknown-layer]: there is no layer called Linaer" in said
    assert "1 spec: 1 error" in said

    (work / "net.yaml").write_text(SPEC + "  spare: Linear(2, 2)\nforward:\n  - fc\n")
    git(work, "add", "net.yaml")
    assert re.search(r"layercli validate\.+Passed", git(work, "commit", "-m", "With a warning"))


def test_the_hooks_are_told_no_files() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in hooks] == ["layercli-check", "layercli-validate"]
    assert {(hook["language"], hook["pass_filenames"]) for hook in hooks} == {("python", False)}
    call(sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml", cwd=ROOT)
