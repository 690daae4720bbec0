"""The GitHub action: its form by its schema and a linter, and its steps in bash, as a runner calls them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from layercli.record import record
from tests.test_pre_commit import git
from tests.test_wheel import ROOT, build
from tests.test_without_torch import link_needed

ACTION = ROOT / "action.yml"
STEPS: list[dict[str, Any]] = yaml.safe_load(ACTION.read_text("utf-8"))["runs"]["steps"]

SPEC = "inputs: {x: [1, 4]}\nlayers:\n  fc: Linear(4, 2)\n"
WIDER = SPEC.replace("4, 2", "4, 3")

#: What the expressions of the action stand for outside of a pull request; inputs have their defaults.
EVENT = {
    "github.event.pull_request.base.sha || github.event.merge_group.base_sha": "",
    "github.event.pull_request.head.sha || github.event.merge_group.head_sha": "",
}


def call(*command: str | Path, code: int = 0) -> str:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == code, done.stdout
    return done.stdout


# What it is


def test_it_has_the_form_of_an_action(tmp_path: Path) -> None:
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions")
    call(*check, ACTION)
    wrong = tmp_path / "action.yml"
    wrong.write_text(ACTION.read_text("utf-8").replace("      shell: bash\n", "", 1))
    assert "shell" in call(*check, wrong, code=1)


def test_a_linter_finds_no_fault(tmp_path: Path) -> None:
    """Among what it looks for are expressions that are pasted into a script."""
    zizmor = (
        Path(sys.executable).parent / "zizmor",
        "--offline",
        "--no-config",
        "--persona=auditor",
        "--quiet",
    )
    call(*zizmor, ACTION)
    wrong = tmp_path / "action.yml"
    wrong.write_text(ACTION.read_text("utf-8").replace('"${common[@]}"', "${{ inputs.paths }}"))
    done = subprocess.run((*zizmor, wrong), capture_output=True, text=True, check=False)
    assert "template-injection" in done.stdout + done.stderr
    assert done.returncode


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["name"])
def test_its_scripts_are_sound(step: Mapping[str, Any], tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text("set -eo pipefail\n" + step["run"])
    call(Path(sys.executable).parent / "shellcheck", "--shell=bash", script)
    assert "${{" not in step["run"]
    # A relative entry of the job's own would lead into the working folder.
    assert step["env"]["PYTHONPATH"] == ""
    calls = re.findall(r'(?:"\$PYTHON"|bin/python"?) (\S+)', step["run"])
    assert calls
    assert set(calls) == {"-I"}


# What it does


@record
class Outcome:
    """What a step left: exit code, log, outputs, and the summary."""

    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str


class Runner:
    """A runner of one job: ``work`` is its working folder, ``temp`` its folder for other files."""

    def __init__(self, place: Path, temp: Path) -> None:
        self.place, self.temp = place, temp
        self.work = place / "work"

    def run(
        self, step: Mapping[str, Any], path: Path = ROOT, event: Mapping[str, str] = EVENT, **inputs: str
    ) -> Outcome:
        """Run one step of the action, which lies at ``path``, in bash."""
        files = {name: self.place / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **{name: str(file) for name, file in files.items()},
            "CI": "true",
            "GITHUB_ACTION_PATH": str(path),
            "GITHUB_WORKSPACE": str(self.work),
            "GITHUB_SHA": git(self.work, "rev-parse", "HEAD").strip(),
            "RUNNER_TEMP": str(self.temp),
            "PYTHONPATH": ".",
            "PIP_NO_DEPS": "1",
            "PIP_NO_INDEX": "1",
            **{name: self._evaluate(text, event, inputs) for name, text in step["env"].items()},
        }
        folder = self._evaluate(step.get("working-directory", ""), event, inputs)
        done = subprocess.run(
            ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]),
            cwd=self.work / folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        outputs = {name: value for name, _, value in (line.partition("=") for line in lines)}
        return Outcome(done.returncode, done.stdout, outputs, files["GITHUB_STEP_SUMMARY"].read_text())

    def _evaluate(self, text: str, event: Mapping[str, str], inputs: Mapping[str, str]) -> str:
        declared = yaml.safe_load(ACTION.read_text("utf-8"))["inputs"]
        values = {f"inputs.{name}": entry["default"] for name, entry in declared.items()}
        values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        values |= {"inputs.python": sys.executable, **event}
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], text)


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the runner, where the first step installed layercli from its wheel; its needs are linked."""
    place = tmp_path_factory.mktemp("job")
    runner = Runner(place, place)
    runner.work.mkdir()
    # Whatever the working folder has, nothing of it is imported.
    for name in ("pip", "venv", "layercli", "yaml", "typing", "sitecustomize"):
        (runner.work / f"{name}.py").write_text("raise SystemExit('imported from the working folder')\n")
    (runner.work / "pip.conf").write_text("[install]\nno-such-option = 1\n")
    git(runner.work, "init", "--quiet")
    git(
        runner.work,
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b.c",
        "commit",
        "--quiet",
        "--allow-empty",
        "-m",
        "x",
    )
    wheel = build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))
    done = runner.run(STEPS[0], wheel)
    assert done.code == 0, done.log
    (site,) = (place / "layercli").glob("lib/*/site-packages")
    assert (site / "layercli").is_dir()
    link_needed(site)
    return place


@pytest.fixture
def runner(temp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """A repository whose specs hold, with a branch ``main``."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A Person")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "person@example.com")
    made = Runner(tmp_path, temp)
    made.work.mkdir()
    git(made.work, "init", "--quiet", "--initial-branch=main")
    (made.work / "net.yaml").write_text(SPEC)
    (made.work / "yaml.py").write_text("raise SystemExit('imported from the working folder')\n")
    lock(made)
    commit(made, "The model")
    return made


def lock(runner: Runner) -> None:
    program = runner.temp / "layercli" / "bin" / "layercli"
    done = subprocess.run((program, "lock", "net.yaml"), cwd=runner.work, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def commit(runner: Runner, message: str) -> str:
    git(runner.work, "add", "--all")
    git(runner.work, "commit", "--quiet", "-m", message)
    return git(runner.work, "rev-parse", "HEAD").strip()


def test_what_holds_passes(runner: Runner) -> None:
    done = runner.run(STEPS[1])
    assert done.code == 0, done.log
    assert done.outputs["exit-code"] == "0"
    assert "all hold" in done.log
    assert "all hold" in done.summary
    assert Path(done.outputs["markdown"]).read_text() == done.summary


def test_what_differs_fails_and_is_annotated(runner: Runner) -> None:
    (runner.work / "net.yaml").write_text(WIDER)
    done = runner.run(STEPS[1])
    assert (done.code, done.outputs["exit-code"]) == (1, "1")
    assert re.search(r"(?m)^::error file=net\.yaml,line=3,", done.log)
    assert re.search(r"fc\.weight +\[2, 4\] -> \[3, 4\]", done.log)
    assert "layercli lock net.yaml" in done.summary


def test_what_cannot_be_done_says_why(runner: Runner) -> None:
    done = runner.run(STEPS[1], paths="none.yaml")
    assert (done.code, done.outputs) == (2, {"exit-code": "2"})
    assert "none.yaml" in done.log
    assert "none.yaml" in done.summary


def test_inputs_are_values_and_no_commands(runner: Runner) -> None:
    done = runner.run(
        STEPS[1],
        paths='net.yaml\n--output=net.yaml\n"; touch stolen; "$(touch stolen)',
        formats="json=out.json",
    )
    assert done.code == 2
    assert not (runner.work / "stolen").exists()
    assert (runner.work / "net.yaml").read_text() == SPEC


def test_paths_and_further_formats(runner: Runner) -> None:
    (runner.work / "wrong.yaml").write_text(WIDER)
    done = runner.run(
        STEPS[1], paths="net.yaml\n", formats="json=out.json\njunit=out.xml\n", working_directory="."
    )
    assert done.code == 0, done.log
    assert json.loads((runner.work / "out.json").read_text())["totals"]["models"] == 1
    assert (runner.work / "out.xml").read_text().startswith("<?xml")


def test_names_are_no_commands_to_the_runner(runner: Runner) -> None:
    name = "::error::x\n::warning::y.yaml"
    done = runner.run(STEPS[1], paths=name)
    token = re.search(r"::stop-commands::(\w+)\n", done.log)
    assert token is not None
    shown = done.log.partition(token[0])[2].partition(f"::{token[1]}::\n")
    assert "x" in shown[0]
    assert "::error::x" not in shown[2]
    assert "::warning::y" not in shown[2]


# On a pull request


def open_pull_request(runner: Runner, text: str, accept: bool = False) -> dict[str, str]:
    """Change the spec on a branch, and merge that into a main that went on, as GitHub does to try it."""
    git(runner.work, "checkout", "--quiet", "-b", "change")
    (runner.work / "net.yaml").write_text(text)
    if accept:
        lock(runner)
    head = commit(runner, "Another size")
    git(runner.work, "checkout", "--quiet", "main")
    base = git(runner.work, "rev-parse", "HEAD").strip()
    (runner.work / "other.txt").write_text("main went on\n")
    commit(runner, "Something else")
    git(runner.work, "checkout", "--quiet", "--detach")
    git(runner.work, "merge", "--quiet", "--no-ff", "-m", "Trial", "change")
    return dict(zip(EVENT, (base, head), strict=True))


def clone_shallow(runner: Runner, commit: str) -> None:
    """Make the working folder what actions/checkout leaves: one commit, whose parents aren't there."""
    origin = runner.work.rename(runner.place / "origin")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    runner.work.mkdir()
    git(runner.work, "init", "--quiet")
    git(runner.work, "remote", "add", "origin", origin.as_uri())
    git(runner.work, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", commit)
    git(runner.work, "checkout", "--quiet", "--detach", commit)


@pytest.mark.parametrize("shallow", [False, True])
def test_a_pull_request_is_compared_with_its_base(runner: Runner, shallow: bool) -> None:
    event = open_pull_request(runner, WIDER)
    if shallow:
        clone_shallow(runner, git(runner.work, "rev-parse", "HEAD").strip())
    done = runner.run(STEPS[1], event=event)
    assert (done.code, done.outputs["exit-code"]) == (1, "1"), done.log
    assert re.search(r"(?m)^::error file=net\.yaml,line=3,", done.log)
    assert "Compared with" in done.log
    assert done.summary.count("### layercli check") == 1
    assert "fc.weight" in done.summary
    assert "other.txt" not in done.log


def test_what_a_pull_request_accepts_is_told_and_passes(runner: Runner) -> None:
    event = open_pull_request(runner, WIDER, accept=True)
    done = runner.run(STEPS[1], event=event)
    assert (done.code, done.outputs["exit-code"]) == (0, "0"), done.log
    assert "::error" not in done.log
    assert "fc.weight" in done.summary
    done = runner.run(STEPS[1], event=event, strict="true")
    assert (done.code, done.outputs["exit-code"]) == (1, "1"), done.log


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ('exclude = ["net.yaml"]', 2),
        ('fail-on = ["callers"]', 2),
        ('ignore = [{path = "fc", reason = "a\\nb"}]', 2),
    ],
)
def test_a_pull_request_that_loosens_its_check_fails(runner: Runner, table: str, line: int) -> None:
    """Even where what it lets pass passes: the next one would find nothing."""
    (runner.work / "other.yaml").write_text(SPEC)
    git(runner.work, "add", "other.yaml")
    (runner.work / "pyproject.toml").write_text("[tool.layercli]\n")
    program = runner.temp / "layercli" / "bin" / "layercli"
    subprocess.run((program, "lock"), cwd=runner.work, capture_output=True, check=True)
    commit(runner, "Another model")
    (runner.work / "pyproject.toml").write_text(f"[tool.layercli]\n{table}\n")
    event = open_pull_request(runner, WIDER, accept="ignore" not in table)
    done = runner.run(STEPS[1], event=event)
    assert (done.code, done.outputs["exit-code"]) == (1, "1"), done.log
    annotation = rf"file=pyproject\.toml,line={line},.*title=configuration-loosened "
    assert re.search(rf"(?m)^::error {annotation}", done.log)
    assert "the configuration is looser" in done.summary
    done = runner.run(STEPS[1], event=event, loosen="true")
    assert (done.code, done.outputs["exit-code"]) == (0, "0"), done.log
    assert re.search(rf"(?m)^::warning {annotation}", done.log)
    assert "::error" not in done.log


def test_a_pull_request_that_tightens_its_check_passes(runner: Runner) -> None:
    (runner.work / "pyproject.toml").write_text('[tool.layercli]\nfail-on = ["callers"]\n')
    commit(runner, "Callers only")
    (runner.work / "pyproject.toml").write_text("[tool.layercli]\n")
    event = open_pull_request(runner, WIDER, accept=True)
    done = runner.run(STEPS[1], event=event)
    assert (done.code, "::error" in done.log) == (0, False), done.log


def test_a_revision_may_be_named(runner: Runner) -> None:
    (runner.work / "net.yaml").write_text(WIDER)
    lock(runner)
    commit(runner, "Another size")
    done = runner.run(STEPS[1], against="HEAD~1", strict="true")
    assert done.code == 1, done.log
    assert runner.run(STEPS[1], against="HEAD", strict="true").code == 0
    done = runner.run(STEPS[1], against="--output=net.lock")
    assert (done.code, done.outputs) == (2, {"exit-code": "2"})
    assert "is no revision" in done.summary


@pytest.mark.parametrize("shallow", [False, True])
def test_a_checkout_of_the_branch_is_compared_with_where_it_began(runner: Runner, shallow: bool) -> None:
    event = open_pull_request(runner, WIDER)
    git(runner.work, "checkout", "--quiet", "change")
    if shallow:
        clone_shallow(runner, [*event.values()][1])
    done = runner.run(STEPS[1], event=event)
    assert done.code == 1, done.log
    assert re.search(r"fc\.weight +\[2, 4\] -> \[3, 4\]", done.log)


def test_a_base_that_is_nowhere_is_an_error(runner: Runner) -> None:
    event = open_pull_request(runner, WIDER)
    clone_shallow(runner, [*event.values()][1])
    git(runner.work, "remote", "set-url", "origin", "file:///none")
    done = runner.run(STEPS[1], event=event)
    assert (done.code, done.outputs) == (2, {"exit-code": "2"})
    assert "fetch-depth: 0" in done.log
