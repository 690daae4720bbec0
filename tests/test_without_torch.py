"""An environment in which torch isn't installed: the wheel, typer, rich, pyyaml, and what those need."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from importlib.metadata import PathDistribution, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from layercli.cli.main import COMMANDS
from tests.test_torch_is_late import COMPLETIONS, GOOD, SPECS, WRONG_SPECS
from tests.test_wheel import ROOT, build, run

#: Runs each command line of the JSON on standard input, and prints its exit code and what it wrote.
PROGRAM = """
import contextlib, io, json, sys
from layercli.cli.main import main

results = []
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as errors:
        code = main(arguments)
    results.append([code, out.getvalue(), errors.getvalue()])
print(json.dumps(results))
"""

DIMS = "dims: {N: 2}\ninputs: {x: [N, 4]}\nlayers:\n  fc: Linear(4, 2)\nforward:\n  - fc(x).view(2, -1)\n"
BAD = GOOD.replace("4, 2", "5, 2")
CALL = GOOD + "forward:\n  - fc(x, x)\n"

NOTE = "\nnote[no-torch]: torch is not installed, so this is derived by rules and not run\n"

#: Command lines that say the same with torch and without.
SAME = [
    ["--help"],
    ["--version"],
    *([command, "--help"] for command in COMMANDS),
    ["list"],
    ["list", "layers"],
    ["list", "functions", "relu", "--format", "json"],
    ["show", "gpt2"],
    ["show", "good.yaml"],
    ["show", "good.yaml", "--layer", "none"],
    ["show", "bad.yaml"],
    ["trace", "good.yaml", "--static"],
    ["trace", "lenet", "--static", "--format", "json"],
    ["trace", "dims.yaml", "--symbolic"],
    ["trace", "bad.yaml", "--static"],
    ["trace", "call.yaml", "--static"],
    ["params", "lenet", "--static"],
    ["params", "lenet", "--static", "--format", "json"],
    ["dims", "dims.yaml"],
    ["explain", "lenet"],
    ["explain", "lenet", "conv1"],
    ["explain", "dims.yaml", "fc", "--symbolic"],
    ["explain", "Conv2d"],
    ["explain", "bad.yaml", "fc"],
    ["dims", "unet", "--format", "json"],
    ["check", "locked.yaml"],
    ["check", "locked.yaml", "--static"],
    ["check", "bad.yaml"],
    ["lock", "locked.yaml", "--static"],
    *(["trace", name] for name in WRONG_SPECS),
    *([command, "unknown-layer.yaml"] for command in ("params", "show", "lock", "check", "dims")),
    ["trace"],
    ["trace", "good.yaml", "--static", "--run"],
    ["trace", "good.yaml", "--static", "--verify"],
    ["trace", "good.yaml", "--static", "--values"],
    ["trace", "none"],
]

#: What derives where torch isn't there to run it, with the same command line for where it is.
DERIVED = [
    (["trace", "good.yaml"], ["trace", "good.yaml", "--static"]),
    (["trace", "dims.yaml", "--format", "json"], ["trace", "dims.yaml", "--static", "--format", "json"]),
    (["params", "good.yaml"], ["params", "good.yaml", "--static"]),
    (["lock", "locked.yaml"], ["lock", "locked.yaml", "--static"]),
]

#: What needs PyTorch, and the option that does.
NEEDS_TORCH = {
    **{f"{command} good.yaml --run": "--run" for command in ("trace", "params", "show", "lock", "check")},
    **{
        f"{command} good.yaml --verify": "--verify"
        for command in ("trace", "params", "show", "lock", "check")
    },
    "explain good.yaml fc --run": "--run",
    "explain good.yaml fc --verify": "--verify",
    "dims dims.yaml --run": "--run",
    "dims dims.yaml --verify": "--verify",
    "trace good.yaml --values": "--values",
    "trace good.yaml --stats": "--stats",
    "trace good.yaml --params": "--params",
    "trace good.yaml --layer fc": "--layer",
    "trace good.yaml --values --repeat 2": "--repeat",
    "trace good.yaml --device cpu": "--device",
    "params good.yaml --values": "--values",
}


def find_needed(names: list[str]) -> list[PathDistribution]:
    """The installed distributions of these names, and of all that they need."""
    found: dict[str, PathDistribution] = {}
    while names:
        name = names.pop()
        if name in found:
            continue
        held = distribution(name)
        assert isinstance(held, PathDistribution)
        found[name] = held
        needs = [Requirement(text) for text in held.requires or ()]
        names += [
            need.name.lower() for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})
        ]
    return list(found.values())


def link_needed(site: Path) -> None:
    """Make what layercli can't do without importable from ``site``, and nothing else."""
    for held in find_needed(["typer", "rich", "pyyaml"]):
        for top in {file.parts[0] for file in held.files or () if file.parts[0] != ".."} - {"__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(str(held.locate_file(top)))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of a virtual environment with layercli and without torch."""
    place = tmp_path_factory.mktemp("bare") / "venv"
    venv.EnvBuilder(symlinks=True).create(place)
    variables = {"base": str(place), "platbase": str(place), "installed_base": sys.base_prefix}
    site = Path(sysconfig.get_path("purelib", "venv", vars=variables))
    link_needed(site)
    wheel = build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        place,
        "--disable-pip-version-check",
        "install",
        "--quiet",
    ]
    run(*pip, "--no-deps", "--no-index", wheel, cwd=place)
    return Path(sysconfig.get_path("scripts", "venv", vars=variables))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path)


def fill(folder: Path) -> Path:
    """A folder with the specs that the command lines are about."""
    for name, text in {
        **SPECS,
        "dims.yaml": DIMS,
        "bad.yaml": BAD,
        "call.yaml": CALL,
        "locked.yaml": GOOD,
    }.items():
        (folder / name).write_text(text)
    return folder


def run_all(python: Path | str, lines: list[list[str]], folder: Path) -> list[tuple[int, str, str]]:
    plain = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "FORCE_COLOR")}
    done = subprocess.run(
        [python, "-c", PROGRAM],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**plain, "COLUMNS": "100"},
    )
    assert done.returncode == 0, done.stderr
    return [(code, out, errors) for code, out, errors in json.loads(done.stdout.splitlines()[-1])]


def test_the_environment_has_neither_torch_nor_numpy(bare: Path, tmp_path: Path) -> None:
    program = (
        "import importlib.util as util, layercli, layercli.engines as engines\n"
        "print(util.find_spec('torch'), util.find_spec('numpy'), engines.has_torch(), layercli.__file__)"
    )
    told = run(bare / "python", "-c", program, cwd=tmp_path).split()
    assert told[:3] == ["None", "None", "False"]
    assert Path(told[3]).is_relative_to(bare.parent)


def test_what_needs_no_torch_says_the_same_without(bare: Path, folder: Path) -> None:
    lines = [["lock", "locked.yaml", "--static"], *SAME]
    without = run_all(bare / "python", lines, folder)
    with_torch = run_all(sys.executable, lines[1:], folder)
    for line, bare_result, result in zip(SAME, without[1:], with_torch, strict=True):
        assert bare_result == result, line
        assert "internal" not in result[2], line
        assert result[1] or result[2], line


def test_without_options_it_is_derived_and_says_so(bare: Path, folder: Path) -> None:
    run_all(sys.executable, [["lock", "locked.yaml", "--static"]], folder)
    without = run_all(bare / "python", [line for line, _ in DERIVED], folder)
    with_torch = run_all(sys.executable, [line for _, line in DERIVED], folder)
    for (line, _), bare_result, (code, out, errors) in zip(DERIVED, without, with_torch, strict=True):
        assert bare_result == (code, out, errors + NOTE), line
        assert code == 0
        assert "derive" in out or line[0] == "lock"


def test_what_needs_torch_says_how_to_get_it(bare: Path, folder: Path) -> None:
    results = run_all(bare / "python", [line.split() for line in NEEDS_TORCH], folder)
    for (line, option), (code, out, errors) in zip(NEEDS_TORCH.items(), results, strict=True):
        assert (code, out) == (2, ""), line
        assert errors == (
            f"error[no-torch]: {option} needs PyTorch, and torch is not installed\n"
            "help: pip install torch; shapes and parameters are derived without it: --static, layercli.derive\n"
        ), line


def test_a_new_spec_is_locked_and_checked(bare: Path, folder: Path) -> None:
    """Through the program that was installed, as a CI job would call it."""

    def call(*arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [bare / "layercli", *arguments], capture_output=True, text=True, check=False, cwd=folder
        )
        return done.returncode, done.stdout, done.stderr

    assert call("new", "mine", "--from", "resnet18")[0] == 0
    code, out, errors = call("lock", "mine.yaml")
    rows = re.fullmatch(r"wrote mine\.lock   (\d+) rows\n", out)
    assert (code, errors) == (0, NOTE)
    assert rows is not None
    assert call("check", "mine.yaml") == (0, f"1 model, {rows[1]} rows compared: all hold\n", "")
    text = (folder / "mine.yaml").read_text().replace("num_classes: 1000", "num_classes: 10")
    (folder / "mine.yaml").write_text(text)
    code, out, errors = call("check", "mine.yaml")
    assert (code, errors) == (1, "")
    assert re.search(r"fc\.weight +\[1000, 512\] -> \[10, 512\]", out)


@pytest.mark.parametrize(("typed", "offered"), COMPLETIONS.items())
def test_completion(typed: str, offered: str, bare: Path, folder: Path) -> None:
    words = typed.split(" ")
    asked = {"_LAYERCLI_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    assert offered in run(bare / "layercli", cwd=folder, **asked).split("\n")


def test_python_derives_and_says_how_to_run(bare: Path, folder: Path) -> None:
    program = (
        "import layercli\n"
        "print(layercli.derive('lenet').totals.parameters)\n"
        "for function in (layercli.trace, layercli.build):\n"
        "    try:\n        function('lenet')\n"
        "    except layercli.CommandError as error:\n        print(error.problems[0].code)\n"
    )
    assert run(bare / "python", "-c", program, cwd=folder).split() == ["81290", "no-torch", "no-torch"]


def read_project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


def test_torch_is_an_extra_and_a_newer_one_is_taken() -> None:
    project = read_project()
    assert {Requirement(text).name for text in project["dependencies"]} == {"typer", "rich", "pyyaml"}
    (torch,) = map(Requirement, project["optional-dependencies"]["torch"])
    assert torch.name == "torch"
    assert "2.13.0" in torch.specifier
    assert "3.0.0" in torch.specifier
    assert "2.12.0" not in torch.specifier


def test_the_tests_bring_torch() -> None:
    assert "layercli[torch]" in read_project()["optional-dependencies"]["dev"]


def test_readme_says_how_to_install_it_with_torch_and_without() -> None:
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert "`pip install .` installs all but torch" in readme
    assert "`pip install '.[torch]'` installs it, too" in readme
