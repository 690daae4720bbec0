"""``layercli lock`` and ``layercli check``: what they write, print and exit with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import layercli
from layercli.report.check import CHECK_FORMATS
from tests.cli.conftest import NET, Run

WIDER = NET.replace("width: 4", "width: 6")

DIFFERS = """\
net.yaml differs from net.lock

  param width   4 -> 6   net.yaml:2:17
    first.weight   [4, 3] -> [6, 3]
    first.bias     [4] -> [6]
    last.weight    [2, 4] -> [2, 6]
"""


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with its bytes and when it was written."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def locked(folder: Path, run: Run) -> Path:
    assert run("lock", "net.yaml").code == 0
    return folder


def test_lock_writes_a_lock_beside_the_spec(folder: Path, run: Run) -> None:
    result = run("lock", "net.yaml")
    assert (result.code, result.out, result.err) == (0, "wrote net.lock   4 rows\n", "")
    assert (folder / "net.lock").read_text().startswith("lock: 2\nmodel: Net\n")
    before = snapshot(folder)
    assert run("lock", "net.yaml").out == "unchanged: net.lock   4 rows\n"
    assert snapshot(folder) == before


def test_lock_takes_folders_and_locks(folder: Path, run: Run) -> None:
    (folder / "deep").mkdir()
    (folder / "deep/other.yml").write_text(NET)
    assert run("lock", ".").out == "wrote deep/other.lock   4 rows\nwrote net.lock   4 rows\n"
    assert run("lock", "net.lock", "deep").out == (
        "unchanged: net.lock   4 rows\nunchanged: deep/other.lock   4 rows\n"
    )


def test_a_wrong_spec_keeps_its_old_lock_and_the_others_from_nothing(locked: Path, run: Run) -> None:
    old = (locked / "net.lock").read_bytes()
    (locked / "net.yaml").write_text(NET.replace("first: Linear", "first: Linaer"))
    (locked / "bad.yaml").write_text(NET.replace("last: Linear", "last: Linaer"))
    (locked / "other.yaml").write_text(NET)
    result = run("lock", ".")
    assert result.out == "wrote other.lock   4 rows\n"
    assert result.err.count("error[unknown-layer]") == 2
    assert result.code == 1
    assert (locked / "net.lock").read_bytes() == old
    assert not (locked / "bad.lock").exists()


def test_check_holds(locked: Path, run: Run) -> None:
    before = snapshot(locked)
    for arguments in ([], ["net.yaml"], ["net.lock"], ["."], ["net.yaml", "."]):
        result = run("check", *arguments)
        assert (result.code, result.out, result.err) == (0, "1 model, 4 rows compared: all hold\n", "")
    assert snapshot(locked) == before


def test_check_tells_what_differs_with_its_line_and_never_writes(locked: Path, run: Run) -> None:
    (locked / "net.yaml").write_text(WIDER)
    before = snapshot(locked)
    result = run("check")
    assert result.out.startswith(DIFFERS)
    assert "  checkpoints  break " in result.out
    assert result.out.endswith(
        "1 model, 4 rows compared, 1 difference: 1 model differs\naccept it with: layercli lock net.yaml\n"
    )
    assert (result.code, result.err) == (1, "")
    assert snapshot(locked) == before
    assert run("lock", "net.yaml").out == "wrote net.lock   4 rows\n"
    assert run("check").code == 0


def test_check_sees_what_shapes_do_not_show(locked: Path, run: Run) -> None:
    (locked / "net.yaml").write_text(NET.replace("Dropout(0.5)", "Dropout(0.4)"))
    result = run("check")
    assert "behaviour" in result.out
    assert "drop   Dropout() -> Dropout(p=0.4)   net.yaml:8:9\n" in result.out
    assert result.code == 1


def test_check_for_programs(locked: Path, run: Run) -> None:
    (locked / "net.yaml").write_text(WIDER)
    result = run("check", "--format", "json")
    data = json.loads(result.out)
    assert (data["exit_code"], result.code) == (1, 1)
    assert data["findings"][0]["source"] == {"file": "net.yaml", "line": 2, "column": 17, "end_column": 18}
    assert run("check", "--format", "json", "-o", "out.json").code == 1
    assert json.loads((locked / "out.json").read_text()) == data


def test_check_for_a_workflow_run(locked: Path, run: Run) -> None:
    (locked / "net.yaml").write_text(WIDER)
    result = run("check", "--format", "github")
    assert result.out.startswith("::error file=net.yaml,line=2,col=17,endColumn=18,title=")
    assert all(line.startswith("::") for line in result.out.splitlines())
    assert result.code == 1


def test_a_missing_lock_fails(folder: Path, run: Run) -> None:
    result = run("check", "net.yaml")
    assert "net.yaml has no lock: there is no net.lock\n" in result.out
    assert "layercli lock net.yaml" in result.out
    assert result.code == 1
    assert not (folder / "net.lock").exists()


def test_many_missing_locks_are_told_in_few_lines(folder: Path, run: Run) -> None:
    (folder / "net.yaml").rename(folder / "net_00.yaml")
    for number in range(1, 12):
        (folder / f"net_{number:02}.yaml").write_text(NET)
    (folder / "net_03.yaml").write_text(NET.replace("last: Linear", "last: Linaer"))
    result = run("check")
    lines = result.out.splitlines()
    assert lines[0] == "12 specs have no lock:"
    assert lines[1:12] == [
        *(f"  net_{number:02}.yaml" for number in range(11) if number != 3),
        "  and 2 more",
    ]
    assert lines[12] == "can't be locked (layercli validate tells why): net_03.yaml"
    assert lines[-1] == "accept it with: layercli lock"
    assert result.code == 1
    names = [f"net_{number:02}.yaml" for number in range(1, 6)]
    accepted = [name for name in names if name != "net_03.yaml"]
    assert run("check", *names).out.endswith(f"\naccept it with: layercli lock {' '.join(accepted)}\n")
    result = run("check", "net_03.yaml")
    assert "there is no layer called Linaer" in result.out
    assert "accept" not in result.out


@pytest.mark.parametrize("arguments", [[], ["."], ["net.lock"]])
def test_an_orphaned_lock_fails(arguments: list[str], locked: Path, run: Run) -> None:
    (locked / "net.yaml").unlink()
    result = run("check", *arguments)
    assert result.out.startswith("net.lock has no spec: remove it, or bring its spec back\n")
    assert result.code == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "<<<<<<< ours\n" + text + "=======\n" + text + ">>>>>>> theirs\n",
        lambda text: text + "lock: 2\n",
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace("lock: 2", "lock: two"),
        lambda text: text.replace("[4, 3]", "[4, 4]"),
    ],
    ids=["conflict", "doubled key", "half", "empty", "version", "edited by hand"],
)
def test_a_lock_that_can_not_be_read_is_exit_code_2_and_lock_writes_over_it(
    change: Callable[[str], str], locked: Path, run: Run
) -> None:
    whole = (locked / "net.lock").read_text()
    (locked / "net.lock").write_text(change(whole))
    result = run("check", "net.yaml")
    assert "net.yaml couldn't be checked\nerror[" in result.out
    assert "Traceback" not in result.out + result.err
    assert result.code == 2
    assert run("lock", "net.yaml").code == 0
    assert (locked / "net.lock").read_text() == whole


def test_a_spec_that_is_wrong_is_exit_code_1(locked: Path, run: Run) -> None:
    (locked / "net.yaml").write_text(NET.replace("last: Linear", "last: Linaer"))
    result = run("check")
    assert (
        "net.yaml couldn't be checked\nerror[unknown-layer]: there is no layer called Linaer\n" in result.out
    )
    assert "--> net.yaml:9:9" in result.out
    assert result.code == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["check", "empty"], "error[nothing-to-check]: there is no spec in empty to check\n"),
        (["check", "net.yaml", "empty"], "error[nothing-to-check]: there is no spec in empty to check\n"),
        (["check", "lenet"], "error[missing-file]: there is no file lenet\nhelp: name the path of a file"),
        (["check", "net"], "error[missing-file]: there is no file net\nhelp: did you mean net.yaml?\n"),
        (["check", "net.yaml", "none.lock"], "error[missing-file]: there is no file none.lock\n"),
        (
            ["check", "--format", "xml"],
            "error[usage]: --format can't be xml\nhelp: it is text, json, github, gitlab, junit, sarif or markdown\n",
        ),
        (["check", "--set", "width=2"], "error[usage]: layercli check has no option --set\n"),
        (["lock", "empty"], "error[nothing-to-lock]: there is no spec in empty\n"),
        (["lock", "net.yaml", "empty"], "error[nothing-to-lock]: there is no spec in empty\n"),
        (["lock", "lenet"], "error[missing-file]: there is no file lenet\n"),
        (
            ["lock", "deep.yaml"],
            "error[missing-file]: there is no file deep.yaml\nhelp: did you mean a/b/deep.yaml?\n",
        ),
        (["lock", "deep"], "error[missing-file]: there is no file deep\nhelp: did you mean a/b/deep.yaml?\n"),
        (
            ["lock", "twins"],
            "error[lock-name]: twins/net.yaml and twins/net.yml would share one lock, net.lock\n",
        ),
    ],
)
def test_what_can_not_be_done_is_exit_code_2(
    arguments: list[str], error: str, locked: Path, run: Run
) -> None:
    (locked / "empty").mkdir()
    (locked / "twins").mkdir()
    (locked / "twins/net.yaml").write_text(NET)
    (locked / "twins/net.yml").write_text(NET)
    (locked / "a/b").mkdir(parents=True)
    (locked / "a/b/deep.yaml").write_text(NET)
    before = snapshot(locked)
    result = run(*arguments)
    assert result.err.startswith(error)
    assert (result.code, result.out) == (2, "")
    assert snapshot(locked) == before


def test_an_empty_folder_has_nothing_to_check(folder: Path, run: Run) -> None:
    (folder / "net.yaml").unlink()
    result = run("check")
    assert result.err.startswith("error[nothing-to-check]: there is no spec here to check\nhelp: name one")
    assert result.code == 2


def test_a_folder_that_may_not_be_written(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write into any folder, so the system's answer is given here.
    real = os.open

    def refuse(path: str | Path, flags: int, *rest: int, **keywords: int) -> int:
        if flags & os.O_CREAT:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, *rest, **keywords)

    monkeypatch.setattr(os, "open", refuse)
    for arguments, path in [
        (["lock", "net.yaml"], "net.lock"),
        (["trace", "net", "-o", "out.txt"], "out.txt"),
        (["new", "other"], "other.yaml"),
    ]:
        result = run(*arguments)
        assert (
            result.err
            == f"error[unwritable]: can't write {path}: its folder or the file itself may not be written\n"
        )
        assert (result.code, result.out) == (2, "")
    assert [path.name for path in folder.iterdir()] == ["net.yaml"]


def test_a_full_disk(locked: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (locked / "net.yaml").write_text(WIDER)
    before = snapshot(locked)

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    for arguments in (["lock", "net.yaml"], ["trace", "net", "-o", "out.txt"]):
        result = run(*arguments)
        assert result.err.startswith("error[unwritable]: can't write ")
        assert result.err.endswith(": the disk is full\n")
        assert (result.code, result.out) == (2, "")
    assert snapshot(locked) == before


def test_a_lock_holds_for_any_sizes_of_the_dims(locked: Path, run: Run) -> None:
    text = (locked / "net.lock").read_text()
    assert "  x: float32[N, 3]\noutput: float32[N, 2]\n" in text
    spec = (locked / "net.yaml").read_text()
    (locked / "net.yaml").write_text(spec.replace("dims: {N: 2}", "dims: {N: 7}"))
    assert (locked / "net.yaml").read_text() != spec
    assert run("check", "net.yaml").out.endswith("all hold\n")
    for option in ("--static", "--run", "--verify"):
        assert run("lock", "net.yaml", option).out.startswith("unchanged: net.lock")
    assert (locked / "net.lock").read_text() == text


def test_a_lock_with_numbers_for_sizes_is_held_to_these(locked: Path, run: Run) -> None:
    text = (locked / "net.lock").read_text()
    (locked / "net.lock").write_text(text.replace("lock: 2", "lock: 1").replace("float32[N,", "float32[2,"))
    assert run("check", "net.yaml").out.endswith("all hold\n")
    spec = (locked / "net.yaml").read_text()
    (locked / "net.yaml").write_text(spec.replace("dims: {N: 2}", "dims: {N: 7}"))
    result = run("check", "net.yaml")
    assert result.code == 1
    assert "  input x   [2, 3] -> [7, 3]   net.yaml:5:6\n" in result.out
    assert "warning[lock-earlier]: net.lock was written by an earlier layercli" in result.out
    assert run("lock", "net.yaml").out == "wrote net.lock   4 rows\n"
    assert (locked / "net.lock").read_text() == text


def test_a_run_that_is_not_what_the_formulas_say_writes_no_lock(
    locked: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from layercli import engines

    other = layercli.derive(locked / "net.yaml", dims={"N": 3})
    monkeypatch.setattr(engines, "run_plan", lambda *_, **__: [other])
    for option in ("--run", "--verify"):
        result = run("lock", "net.yaml", option)
        assert (result.code, "the two engines differ" in result.err) == (2, True)


@pytest.mark.parametrize("format_", CHECK_FORMATS)
def test_a_spec_that_fails_says_what_changed_in_each_format(format_: str, locked: Path, run: Run) -> None:
    (locked / "net.yaml").write_text(NET.replace("Linear(3, width)", "Linear(3, 7)"))
    result = run("check", "--format", format_)
    assert result.code == 1
    assert "since net.lock: first Linear(3, 4)" in result.out
    assert "first.weight [4, 3]" in result.out


def test_the_time_of_a_command_is_that_of_each_spec(folder: Path, run: Run) -> None:
    """One that takes too long is named, and those after it have their own time."""
    loops = "forward: |\n  for i in range(10 ** 5):\n    for j in range(10 ** 5): k = j\n  return first(x)\n"
    (folder / "pyproject.toml").write_text("[tool.layercli]\nspecs = ['*.yaml']\n")
    for name in ("a", "b"):
        (folder / f"{name}.yaml").write_text(NET[: NET.index("forward")] + loops)
    limits = ("--limit", "seconds=1", "--limit", "steps=100000000")
    result = run("lock", "--static", *limits)
    assert (result.code, result.out) == (2, "wrote net.lock   4 rows\n")
    for name in ("a", "b"):
        assert f"error[out-of-time]: {name}.yaml takes more than 1 seconds\n" in result.err
    result = run("check", *limits)
    assert result.code == 1
    assert "3 models, 4 rows compared" in result.out
