"""What the arguments of ``layercli diff`` mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from layercli.checks import lock_specs, make_lock
from layercli.errors import CommandError
from layercli.history.sides import compare_places
from layercli.lock import NUMBERS_VERSION, format_lock
from layercli.lock.rows import Comparison
from tests.git.repositories import NET, Sandbox, make_repository

WIDER = NET.replace("8", "16")


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Two commits: at the first one the layer between has 8 features, then and now 16."""
    made = make_repository(tmp_path / "repository")
    made.write("configs/net.yaml", NET)
    list(lock_specs([], made.root, "derive"))
    made.commit()
    made.write("configs/net.yaml", WIDER)
    list(lock_specs([], made.root, "derive"))
    made.commit()
    return made


def compare(sandbox: Sandbox, old: str, new: str, folder: str = ".") -> Comparison:
    return compare_places(old, new, sandbox.root / folder)


SAME_THEN = ["HEAD~1:configs/net.yaml", "HEAD~1:configs/net.lock", "main~1:./configs/../configs/net.yaml"]
SAME_NOW = ["configs/net.yaml", "configs/net.lock", "HEAD:configs/net.yaml", "@:configs/net.lock"]


@pytest.mark.parametrize("one", SAME_NOW)
def test_every_way_to_name_a_side(sandbox: Sandbox, one: str) -> None:
    for other in SAME_NOW:
        assert compare(sandbox, one, other).exit_code == 0
    for other in SAME_THEN:
        comparison = compare(sandbox, other, one)
        assert comparison.exit_code == 1
        assert [pair.change for pair in comparison.pairs] == ["changed", "changed", "changed"]
        assert comparison.new_name == one


def test_paths_are_as_git_reads_them(sandbox: Sandbox) -> None:
    for path in ("configs/net.yaml", "./net.yaml", "../configs/net.yaml"):
        comparison = compare(sandbox, f"HEAD~1:{path}", "net.yaml", "configs")
        assert (comparison.old_name, comparison.new_name) == ("HEAD~1:configs/net.yaml", "net.yaml")


def test_a_file_that_is_there_is_no_revision(sandbox: Sandbox) -> None:
    sandbox.write("HEAD:configs/net.yaml", NET)
    assert compare(sandbox, "HEAD:configs/net.yaml", "configs/net.yaml").exit_code == 1


def test_bundled_models(sandbox: Sandbox) -> None:
    assert compare(sandbox, "lenet", "lenet").exit_code == 0
    assert compare(sandbox, "lenet", "configs/net.yaml").exit_code == 1


@pytest.mark.parametrize(
    ("old", "code", "hint"),
    [
        ("HEAD:net.yaml", "missing-file", "did you mean HEAD:./net.yaml? Other paths are from the top"),
        ("HEAD:config/net.yaml", "missing-file", "did you mean configs/net.yaml?"),
        ("HEAD:", "is-folder", ""),
        ("HEAD:configs", "is-folder", ""),
        ("HEAD:../../net.yaml", "missing-file", ""),
        ("HEAD:/etc/passwd", "missing-file", ""),
        (":configs/net.yaml", "usage", "write HEAD:configs/net.yaml"),
        ("v9:configs/net.yaml", "unknown-revision", "git fetch"),
        ("--output=x:configs/net.yaml", "unknown-revision", "name a branch"),
        ("HEAD~1", "unknown-spec", "REVISION:PATH, such as HEAD~1:configs/lenet.yaml"),
        ("nothing.yaml", "unknown-spec", ""),
        ("../nothing.lock", "missing-file", ""),
        ("", "unknown-spec", ""),
        ("wrong.yaml", "unknown-layer", ""),
        ("wrong.lock", "lock-key", ""),
    ],
)
def test_what_can_not_be_compared(sandbox: Sandbox, old: str, code: str, hint: str) -> None:
    sandbox.write("configs/wrong.yaml", NET.replace("Linear", "Linaer"))
    sandbox.write("configs/wrong.lock", "lock: 2\nrubbish: 1\n")
    with pytest.raises(CommandError) as caught:
        compare(sandbox, old, "net.yaml", "configs")
    problem = caught.value.problems[0]
    assert problem.code == code
    assert hint in problem.hint
    assert caught.value.exit_code == 2


def test_locks_of_two_kinds(sandbox: Sandbox) -> None:
    earlier = make_lock(sandbox.write("old.yaml", NET), "old.yaml", "derive", NUMBERS_VERSION).lock
    sandbox.write("old.lock", format_lock(earlier))
    with pytest.raises(CommandError, match="was written by an earlier layercli"):
        compare(sandbox, "old.lock", "configs/net.lock")
    assert compare(sandbox, "old.lock", "old.lock").exit_code == 0
    assert compare(sandbox, "old.lock", "configs/net.yaml").exit_code == 1
