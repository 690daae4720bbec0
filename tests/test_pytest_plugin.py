"""The pytest plugin in suites of others: specs as items, ``shape_check``, and that it is no weight to carry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import torch

# Runs of pytest within this process forget what they imported, and torch can't be imported twice.
import layercli.checks
import layercli.module_checks
import layercli.report.differences
import layercli.run.session
from layercli.errors import Source
from layercli.lock import parse_lock
from layercli.pytest_plugin import MAX_NAME, clean_name
from tests.docs.documents import ROOT, find_fences

pytest_plugins = ("pytester",)

SPEC = "inputs: {x: [1, 4]}\nlayers:\n  fc: Linear(4, 2)\n"
WIDER = SPEC.replace("4, 2", "4, 3")
WRONG = SPEC.replace("4, 2", "5, 2")

MODULE = """\
import torch
from torch import nn

def test_mlp(shape_check):
    model = nn.Sequential(nn.Linear(3, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 2))
    shape_check(model, torch.zeros(2, 3), "mlp")
"""
MLP = "__locks__/test_mlp/mlp.lock"


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def write(pytester: pytest.Pytester, text: str = MODULE, width: int = 4) -> None:
    pytester.makepyfile(test_mlp=text.replace("WIDTH", str(width)))


def count_locks(pytester: pytest.Pytester) -> list[str]:
    return sorted(path.relative_to(pytester.path).as_posix() for path in pytester.path.rglob("*.lock"))


# Specs


def write_specs(pytester: pytest.Pytester) -> None:
    """A suite whose tests are in one folder, and a spec in another one."""
    for folder in ("configs", "tests"):
        (pytester.path / folder).mkdir()
    (pytester.path / "configs" / "net.yaml").write_text(SPEC)
    (pytester.path / "configs" / "other.yaml").write_text("inputs: here\n")
    (pytester.path / "tests" / "test_one.py").write_text("def test_one(): pass\n")
    pytester.makeini("[pytest]\ntestpaths = tests\n")


def test_without_being_asked_it_adds_nothing(pytester: pytest.Pytester) -> None:
    write_specs(pytester)
    pytester.runpytest().assert_outcomes(passed=1)
    pytester.runpytest("configs").assert_outcomes()


@pytest.mark.parametrize("asked", ["option", "ini"])
def test_each_spec_is_an_item(asked: str, pytester: pytest.Pytester) -> None:
    write_specs(pytester)
    arguments = ["--layercli"]
    if asked == "ini":
        pytester.makeini("[pytest]\ntestpaths = tests\nlayercli = true\n")
        arguments = []
    done = pytester.runpytest("-v", *arguments)
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            "layercli: 1 spec",
            "configs/net.yaml::lock FAILED*",
            "configs/net.yaml has no lock: there is no configs/net.lock",
            "accept it with: layercli lock configs/net.yaml",
        ]
    )
    assert count_locks(pytester) == []


def test_an_update_writes_the_locks_and_says_so(pytester: pytest.Pytester) -> None:
    write_specs(pytester)
    done = pytester.runpytest("--layercli-update")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["*= layercli =*", "wrote configs/net.lock"])
    done = pytester.runpytest("--layercli-update")
    done.assert_outcomes(passed=2)
    done.stdout.no_fnmatch_line("wrote*")
    pytester.runpytest("--layercli").assert_outcomes(passed=2)
    assert count_locks(pytester) == ["configs/net.lock"]


def test_a_failure_is_the_verdict_alone(pytester: pytest.Pytester) -> None:
    write_specs(pytester)
    pytester.runpytest("--layercli-update").assert_outcomes(passed=2)
    (pytester.path / "configs" / "net.yaml").write_text(WIDER)
    done = pytester.runpytest("--layercli")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            "configs/net.yaml differs from configs/net.lock",
            "*fc.weight*[[]2, 4] -> [[]3, 4]*",
            "*checkpoints*break*",
            "accept it with: layercli lock configs/net.yaml",
        ]
    )
    done.stdout.no_fnmatch_line("*Traceback*")
    done.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_what_is_named_is_what_runs(pytester: pytest.Pytester) -> None:
    write_specs(pytester)
    pytester.runpytest("--layercli-update").assert_outcomes(passed=2)
    pytester.runpytest("--layercli", "tests").assert_outcomes(passed=1)
    pytester.runpytest("--layercli", "configs").assert_outcomes(passed=1)
    pytester.runpytest("--layercli", "configs/net.yaml").assert_outcomes(passed=1)
    pytester.runpytest("--layercli", "configs/net.yaml::lock").assert_outcomes(passed=1)
    pytester.runpytest("--layercli", "-m", "layercli").assert_outcomes(passed=1, deselected=1)
    pytester.runpytest("--layercli", "-m", "not layercli").assert_outcomes(passed=1, deselected=1)


def test_a_spec_found_twice_is_one_item(pytester: pytest.Pytester) -> None:
    """Once below the folder that is searched, and once since all are meant."""
    (pytester.path / "net.yaml").write_text(SPEC)
    pytester.runpytest("--layercli-update").assert_outcomes(passed=1)


def test_the_configuration_of_layercli_counts(pytester: pytest.Pytester) -> None:
    """Which specs there are, and which differences are known."""
    for folder in ("configs", "drafts"):
        (pytester.path / folder).mkdir()
        (pytester.path / folder / "net.yaml").write_text(SPEC)
    table = '[tool.layercli]\nspecs = ["configs/*.yaml"]\n'
    pytester.makepyprojecttoml(table)
    pytester.runpytest("--layercli-update").assert_outcomes(passed=1)
    assert count_locks(pytester) == ["configs/net.lock"]

    (pytester.path / "configs" / "net.yaml").write_text(WIDER)
    pytester.runpytest("--layercli").assert_outcomes(failed=1)
    known = 'ignore = [{spec = "configs/net.yaml", reason = "it is tried out"}]\n'
    pytester.makepyprojecttoml(table + known)
    pytester.runpytest("--layercli").assert_outcomes(passed=1)


def test_a_wrong_configuration_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml('[tool.layercli]\nspec = ["configs/*.yaml"]\n')
    done = pytester.runpytest("--layercli")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*did you mean specs?*"])


def test_folders_that_pytest_passes_over_are_counted(pytester: pytest.Pytester) -> None:
    (pytester.path / "net.yaml").write_text(SPEC)
    (pytester.path / "old.egg" / "lib").mkdir(parents=True)
    (pytester.path / "old.egg" / "lib" / "net.yaml").write_text(SPEC)
    done = pytester.runpytest("--layercli-update")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["layercli: 1 spec, and 1 in folders of norecursedirs"])
    pytester.runpytest("--layercli", "old.egg/lib/net.yaml").assert_outcomes(failed=1)


def test_a_wrong_spec_fails_and_is_not_locked(pytester: pytest.Pytester) -> None:
    (pytester.path / "net.yaml").write_text(WRONG)
    done = pytester.runpytest("--layercli-update")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*fc expects 5 features*"])
    assert count_locks(pytester) == []


def test_a_lock_without_a_spec_fails(pytester: pytest.Pytester) -> None:
    (pytester.path / "net.yaml").write_text(SPEC)
    pytester.runpytest("--layercli-update").assert_outcomes(passed=1)
    (pytester.path / "net.yaml").unlink()
    done = pytester.runpytest("--layercli")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["net.lock has no spec: remove it, or bring its spec back"])


def test_nothing_to_check_is_an_error(pytester: pytest.Pytester) -> None:
    write(pytester)
    done = pytester.runpytest("--layercli")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*no spec to check*"])


# Modules


def test_a_module_without_a_lock_fails_and_says_what_writes_it(pytester: pytest.Pytester) -> None:
    write(pytester)
    done = pytester.runpytest()
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        [
            f"has no lock: there is no {MLP}",
            "accept it with: pytest --layercli-update test_mlp.py::test_mlp",
        ]
    )
    assert count_locks(pytester) == []


def test_a_module_is_locked_and_compared(pytester: pytest.Pytester) -> None:
    write(pytester)
    done = pytester.runpytest("--layercli-update")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines([f"wrote {MLP}"])
    pytester.runpytest().assert_outcomes(passed=1)
    found = parse_lock(Source(MLP, (pytester.path / MLP).read_text()))
    assert (found.rows[0].path, found.rows[0].output) == ("0", "float32[2, 4]")
    assert found.parameters == 26

    write(pytester, width=5)
    done = pytester.runpytest()
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        [
            f"differs from {MLP}",
            "*0.weight*[[]4, 3] -> [[]5, 3]*",
            "*checkpoints*break*",
            "accept it with: pytest --layercli-update test_mlp.py::test_mlp",
        ]
    )
    done.stdout.no_fnmatch_line("*pytest_plugin.py*")
    pytester.runpytest("--layercli-update", "test_mlp.py::test_mlp").assert_outcomes(passed=1)
    pytester.runpytest().assert_outcomes(passed=1)


TWO = (
    MODULE
    + """
def test_other(shape_check):
    shape_check(nn.Linear(3, 2), torch.zeros(1, 3))
"""
)
OTHER_LOCK = "__locks__/test_mlp/test_other.lock"


@pytest.mark.parametrize(
    ("arguments", "end", "kept"),
    [
        ((), "", False),
        (("-n", "2"), "", False),
        (("-k", "mlp"), "", True),
        (("test_mlp.py::test_mlp",), "", True),
        (("test_mlp.py",), "", False),
        ((), "@pytest.mark.skip\ndef test_skipped(): pass\n", True),
        ((), "def test_failing(): assert 0\n", True),
    ],
)
def test_an_update_removes_locks_that_no_test_has(
    pytester: pytest.Pytester, arguments: tuple[str, ...], end: str, kept: bool
) -> None:
    write(pytester, TWO)
    pytester.runpytest("--layercli-update").assert_outcomes(passed=2)
    (pytester.path / "__locks__/test_mlp/poetry.lock").write_text("# of somebody else\n")
    write(pytester, f"import pytest\n{MODULE}\n{end}")
    # A run that compares removes nothing.
    pytester.runpytest(*arguments)
    assert OTHER_LOCK in count_locks(pytester)
    done = pytester.runpytest("--layercli-update", *arguments)
    left = ["__locks__/test_mlp/mlp.lock", "__locks__/test_mlp/poetry.lock"]
    assert count_locks(pytester) == sorted([*left, *([OTHER_LOCK] if kept else [])])
    if not kept:
        done.stdout.fnmatch_lines([f"removed {OTHER_LOCK}, which no test has"])


def test_an_update_removes_locks_of_test_files_that_are_gone(pytester: pytest.Pytester) -> None:
    write(pytester)
    (pytester.path / "test_old.py").write_text((pytester.path / "test_mlp.py").read_text())
    pytester.runpytest("--layercli-update").assert_outcomes(passed=2)
    (pytester.path / "test_old.py").unlink()
    pytester.runpytest("--layercli-update").assert_outcomes(passed=1)
    assert count_locks(pytester) == [MLP]


def test_the_lock_has_the_name_of_its_test(pytester: pytest.Pytester) -> None:
    text = """\
        import pytest, torch
        from torch import nn

        @pytest.mark.parametrize("width", [4, 8])
        def test_width(shape_check, width):
            shape_check(nn.Linear(3, width), (torch.zeros(2, 3),))

        class TestBoth:
            def test_by_name(self, shape_check):
                shape_check(nn.Bilinear(2, 3, 1), {"input1": torch.zeros(1, 2), "input2": torch.zeros(1, 3)})
                shape_check(nn.Identity(), torch.zeros(1), "second")
        """
    pytester.makepyfile(test_names=text)
    pytester.runpytest("--layercli-update").assert_outcomes(passed=3)
    names = ["TestBoth.test_by_name", "second", "test_width-4", "test_width-8"]
    assert count_locks(pytester) == [f"__locks__/test_names/{name}.lock" for name in names]
    pytester.runpytest().assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ('shape_check(model, x, "a/b")', "'a/b' is no name of a lock"),
        ('shape_check(model, x, "..")', "'..' is no name of a lock"),
        ("shape_check(model, x); shape_check(model, x)", "this test checks test_it twice"),
        ("shape_check(x, model)", "TypeError: an nn.Module belongs here, not Tensor"),
    ],
)
def test_what_is_wrong_is_said(calls: str, said: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it=f"import torch\ndef test_it(shape_check):\n    x = torch.zeros(1)\n"
        f"    model = torch.nn.Identity()\n    {calls}\n"
    )
    done = pytester.runpytest("--layercli-update")
    done.assert_outcomes(failed=1)
    assert said in done.stdout.str()


def test_two_models_do_not_write_one_lock(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""\
        import pytest, torch

        @pytest.mark.parametrize("width", [4, 4, 8])
        def test_width(shape_check, width):
            shape_check(torch.nn.Linear(3, width), torch.zeros(2, 3), "one")
        """
    )
    done = pytester.runpytest("--layercli-update")
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["*another test wrote another model to __locks__/test_it/one.lock*"])


def test_what_a_forward_raises_is_raised(pytester: pytest.Pytester) -> None:
    write(pytester, MODULE.replace("zeros(2, 3)", "zeros(2, 5)"))
    done = pytester.runpytest()
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["E *RuntimeError: mat1 and mat2*", "E *0 (Linear) failed on float32[[]2, 5]*"])


def test_a_lock_that_was_edited_is_not_compared(pytester: pytest.Pytester) -> None:
    write(pytester)
    pytester.runpytest("--layercli-update").assert_outcomes(passed=1)
    place = pytester.path / MLP
    place.write_text("<<<<<<< ours\n" + place.read_text())
    done = pytester.runpytest()
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*lock-conflict*a merge conflict stands here*"])
    pytester.runpytest("--layercli-update").assert_outcomes(passed=1)
    pytester.runpytest().assert_outcomes(passed=1)


def test_the_module_is_left_as_it_was(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""\
        import torch

        def test_it(shape_check):
            model = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Dropout())
            before = {name: value.clone() for name, value in model.state_dict().items()}
            state = torch.get_rng_state()
            shape_check(model, torch.ones(2, 3))
            assert model.training
            assert torch.equal(torch.get_rng_state(), state)
            assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
        """
    )
    pytester.runpytest("--layercli-update").assert_outcomes(passed=1)


def test_locks_of_modules_are_not_those_of_specs(pytester: pytest.Pytester) -> None:
    """Neither ``layercli check`` nor the items of specs take them for locks whose spec is gone."""
    write(pytester)
    (pytester.path / "net.yaml").write_text(SPEC)
    pytester.runpytest("--layercli-update").assert_outcomes(passed=2)
    pytester.runpytest("--layercli").assert_outcomes(passed=2)
    assert layercli.checks.check_specs([], pytester.path).exit_code == 0


def test_the_documents_show_what_it_says(pytester: pytest.Pytester) -> None:
    fences = list(find_fences((ROOT / "docs" / "ci.md").read_text("utf-8")))
    (test,) = (fence for fence in fences if fence.marker == "file: test_encoder.py")
    (said,) = (fence for fence in fences if fence.marker.startswith("pytest: "))
    old, new = said.marker.removeprefix("pytest: ").split(" -> ")
    text = "\n".join(test.lines)
    pytester.makepyfile(test_encoder=text)
    pytester.runpytest("--layercli-update").assert_outcomes(passed=1)
    pytester.makepyfile(test_encoder=text.replace(old, new))
    assert "\n".join(said.lines) in pytester.runpytest().stdout.str()


# Where it runs


def test_nothing_is_written_in_ci(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    write(pytester)
    (pytester.path / "net.yaml").write_text(SPEC)
    monkeypatch.setenv("CI", "true")
    done = pytester.runpytest("--layercli-update")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*--layercli-update writes locks, and CI is set*"])
    pytester.runpytest("--layercli").assert_outcomes(failed=2)
    assert count_locks(pytester) == []


def test_it_works_in_several_processes(pytester: pytest.Pytester) -> None:
    write(pytester)
    (pytester.path / "configs").mkdir()
    (pytester.path / "configs" / "net.yaml").write_text(SPEC)
    pytester.makeini("[pytest]\ntestpaths = test_mlp.py\n")
    done = pytester.runpytest_subprocess("-n", "2", "--layercli-update", "-W", "ignore")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines([f"wrote {MLP}", "wrote configs/net.lock"])
    assert count_locks(pytester) == [MLP, "configs/net.lock"]


# What it costs

PROGRAM = """
import contextlib, io, json, sys
import pytest

with contextlib.redirect_stdout(io.StringIO()):
    pytest.main([*sys.argv[1:], "-p", "no:cacheprovider"])
print(json.dumps(sorted(sys.modules)))
"""


def list_modules(folder: Path, *arguments: str) -> set[str]:
    """What a run of pytest has imported."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=clean,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_being_there_costs_next_to_nothing(tmp_path: Path) -> None:
    """It imports little of layercli, and nothing of anybody else's."""
    (tmp_path / "test_one.py").write_text("def test_one(): pass\n")
    (tmp_path / "net.yaml").write_text(SPEC)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    ours = list_modules(tmp_path, "--collect-only") - list_modules(
        tmp_path, "--collect-only", "-p", "no:layercli"
    )
    assert "layercli.pytest_plugin" in ours
    assert {name.split(".")[0] for name in ours} == {"layercli"}
    assert len(ours) <= 10, sorted(ours)


def test_specs_are_checked_without_torch(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    modules = list_modules(tmp_path, "--layercli")
    assert "layercli.checks" in modules
    assert "torch" not in modules


def test_pytest_finds_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"layercli": "layercli.pytest_plugin"}
    (found,) = entry_points(group="pytest11", name="layercli")
    assert found.value == "layercli.pytest_plugin", "install it anew: pip install -e ."


# Names


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("test_it", "test_it"),
        ("test_it[3-relu]", "test_it-3-relu"),
        ("TestA.test_b[a/b\\c: é]", "TestA.test_b-a-b-c"),
        ("...", "lock"),
    ],
)
def test_names_of_locks(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


def test_long_names_are_cut_and_stay_different() -> None:
    names = {clean_name("x" * 300 + end) for end in "ab"}
    assert {len(name) for name in names} == {MAX_NAME}
    assert len(names) == 2


def test_the_dtype_is_that_of_the_parameters() -> None:
    lock = layercli.module_checks.lock_module(
        torch.nn.Linear(2, 1, dtype=torch.float64), torch.zeros(1, 2).double()
    )
    assert lock.dtype == "float64"
