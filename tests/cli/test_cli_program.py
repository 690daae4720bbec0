"""The program as a whole: its help, usage errors, surroundings and exit codes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import layercli
import layercli.checks
from layercli.cli.main import COMMANDS
from layercli.cli.output import use_color
from layercli.report import PARAMETER_FORMATS, RUN_FORMATS
from layercli.report.check import CHECK_FORMATS
from tests.cli.conftest import Run

HELP = """\
Usage: layercli [OPTIONS] COMMAND [ARGUMENTS]

Inspect the layers of a PyTorch model that is written as a YAML spec: shapes,
parameters, values.

Commands:
  trace     Run a model once and show every layer and operation
  params    List a model's parameters by their state_dict names
  dims      Show which sizes each dim may have
  explain   Show how a layer's output, parameters and cost come about
  show      Print a model as PyTorch does, or its spec in one form
  list      List the bundled models, what a spec may use, or the codes of errors
  schema    Print the JSON Schema of a spec file
  server    Answer an editor that asks for the problems, shapes and completions
            of specs
  new       Write a commented spec to start from
  validate  Find what is wrong in specs, or probably is
  lock      Record layers, shapes and parameters in lock files
  check     Compare specs with their lock files
  diff      Show what changed between two specs or locks
  help      Explain the code of an error or a warning, or a command

Options:
  --version             Show the version and exit.
  --debug               Show tracebacks of errors.
  --install-completion  Install completion for the current shell.
  --show-completion     Show completion for the current shell, to copy it or
                        customize the installation.
  -h, --help            Show this message and exit.

Examples:
  layercli trace lenet           a bundled model, layer by layer
  layercli trace net.yaml        a model of your own
  layercli params lenet          every parameter with its shape
  layercli new net               a commented spec to start from
  layercli lock net.yaml         record its shapes in net.lock
  layercli check net.yaml        fail if they have changed
  layercli help shape-mismatch   what an error means

Exit codes: 0 all is well; 1 a model is wrong or differs from its lock; 2 the
command couldn't do its work. FORCE_COLOR=1 turns colours on, NO_COLOR=1 off,
also where both are set.
"""

SHOW_HELP = """\
Usage: layercli show [OPTIONS] SPEC

Print a model as PyTorch does, or its spec in one form.

The text is that of print(model). It is derived, which needs no torch; --run
makes the model and prints it. --format spec prints the spec as layercli reads
it, in one form for all that say the same: what it imports is among its
blocks, --set gives its params other defaults, and comments are left out.

Arguments:
  SPEC  A spec file, or the name of a bundled model.

Options:
  --set NAME=VALUE     Set a param of the spec; may be repeated.
  --layer PATH         Print only this layer.
  --static / --run     Derive by rules, which needs no torch, or run on PyTorch.
  --verify             Do both, and fail where PyTorch and the rules differ.
  --limit NAME=VALUE   Raise or lower a limit on what a spec may use, such as
                       modules=1000000; may be repeated.
  -f, --format FORMAT  text or spec. [default: text]
  -o, --output FILE    Write to this file instead.
  -h, --help           Show this message and exit.

Examples:
  layercli show tinymodel
      what print(model) shows
  layercli show tinymodel --layer linear2
      one layer
  layercli show resnet50 --format spec
      the spec in one file, its imports in it
"""


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(option: str, run: Run) -> None:
    result = run(option)
    assert (result.code, result.out, result.err) == (0, HELP, "")
    assert run("show", option).out == SHOW_HELP


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    result = run()
    assert (result.code, result.out, result.err) == (2, HELP, "")


def test_version(run: Run) -> None:
    assert run("--version").out == f"layercli {layercli.__version__}\n"


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_fits_and_is_for_people(
    command: str | None, columns: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = run(*([command] if command else []), "--help").out
    assert max(len(line) for line in text.splitlines()) <= min(80, max(60, columns))
    assert text.isascii()
    assert "\nExamples:\n" in text
    assert not re.search(r"<=|<\w+>|\brange\b|\bUNSET\b|\{", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_a_command_use_options_that_it_has(command: str, run: Run) -> None:
    text = run(command, "--help").out
    before, _, examples = text.partition("\nExamples:\n")
    options = set(re.findall(r"(?:^|\s)(--?\w[\w-]*)", before))
    lines = [line for line in examples.splitlines() if line.startswith("  layercli")]
    assert lines
    for line in lines:
        assert line.split()[1] == command
        assert set(re.findall(r"\s(--?[a-z][a-z-]*)", line)) <= options, line


def test_the_formats_of_the_options_are_those_that_there_are(run: Run) -> None:
    formats = {"trace": [*RUN_FORMATS], "params": [*PARAMETER_FORMATS], "check": [*CHECK_FORMATS]}
    for command, (*first, last) in formats.items():
        shown = " ".join(run(command, "--help").out.split())
        assert f"{', '.join(first)} or {last}." in shown


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["trac"], "there is no command trac\nhelp: did you mean trace?"),
        (["Trace"], "there is no command Trace\nhelp: did you mean trace?"),
        (
            ["x"],
            "there is no command x\n"
            f"help: the commands are {', '.join(COMMANDS)}",
        ),
        (["trace"], "layercli trace needs SPEC\nhelp: such as layercli trace lenet"),
        (["new"], "layercli new needs NAME\nhelp: such as layercli new net"),
        (["trace", "net", "--colums", "x"], "layercli trace has no option --colums\nhelp: did you mean --columns"),
        (["trace", "net", "-q"], "layercli trace has no option -q\nhelp: layercli trace --help shows what it takes"),
        (["trace", "net", "--debug"], "layercli trace has no option --debug\nhelp: write it before the command: layercli --debug trace"),
        (["--verson"], "layercli has no option --verson\nhelp: did you mean --version"),
        (["trace", "net", "more"], "too many arguments: more\nhelp: layercli trace --help shows what it takes"),
        (["trace", "net", "--layer"], "--layer needs PATH\nhelp: layercli trace --help shows what it takes"),
        (["trace", "net", "-f"], "-f needs FORMAT\nhelp: layercli trace --help shows what it takes"),
        (["trace", "net", "--train=1"], "--train takes no value\nhelp: write --train alone"),
        (["trace", "net", "--train", "--eval"], "--train and --eval exclude each other\nhelp: leave one of them out"),
        (["trace", "net", "--device", "cpu", "--static"], "--device is of a run on PyTorch, so it goes without --static"),
        (["trace", "net", "--values", "--verify"], "--values is of a run on PyTorch, so it goes without --verify"),
        (["trace", "net", "--symbolic", "--stats"], "--stats is of a run on PyTorch, so it goes without --symbolic"),
        (["params", "net", "--values", "--static"], "only PyTorch has values, so --static goes without --values"),
    ],
)  # fmt: skip
def test_usage_errors(arguments: list[str], error: str, run: Run) -> None:
    result = run(*arguments)
    assert result.err.startswith(f"error[usage]: {error}")
    assert (result.code, result.out) == (2, "")


# Surroundings


@pytest.mark.parametrize(
    ("environment", "terminal", "coloured"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"CI": "true"}, True, False),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "CI": "true", "TERM": "dumb"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_when_there_are_colours(
    environment: dict[str, str],
    terminal: bool,
    coloured: bool,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert use_color() is coloured
    for command in ("trace", "params"):
        assert ("\x1b[" in run(command, "net").out) is coloured
        assert "\x1b[" not in run(command, "net", "--format", "csv").out


def test_the_text_is_the_same_without_colours(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run("trace", "net").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert re.sub(r"\x1b\[[0-9;]*m", "", run("trace", "net").out) == plain


@pytest.mark.parametrize("columns", [20, 60, 80])
def test_a_narrow_terminal_loses_nothing(columns: int, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = run("trace", "residual").out
    monkeypatch.setenv("COLUMNS", str(columns))
    narrow = run("trace", "residual").out
    rows = wide.split("\n\n")[1].partition("\n")[2]
    for shown in (*re.findall(r"\[\d[^]]*\]", wide), *re.findall(r"\b[a-zA-Z]\w+", rows)):
        assert shown in narrow
    if columns >= 60:
        assert max(len(line) for line in narrow.splitlines()) <= columns


# Exit codes of what goes wrong outside of specs


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **keywords: object) -> None:
        raise error

    monkeypatch.setattr(layercli.checks, "check_specs", fail)


def test_an_interrupt_is_exit_code_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(KeyboardInterrupt(), monkeypatch)
    result = run("check")
    assert (result.code, result.out, result.err) == (130, "", "interrupted\n")


def test_a_bug_is_called_one_and_traced_on_demand(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERCLI_DEBUG", "")
    fail_with(ValueError("boom"), monkeypatch)
    result = run("check")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error[internal]: ValueError: boom\nhelp: this is a bug of layercli")
    assert "Traceback (most recent call last)" in run("--debug", "check").err


def test_a_failure_of_the_system_is_no_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(OSError(5, "Input/output error", "net.yaml"), monkeypatch)
    result = run("check")
    assert (result.code, result.out, result.err) == (2, "", "error[system]: input/output error: net.yaml\n")


def test_a_name_in_a_message_drives_no_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(OSError(5, "Input/output error", "\x1b[2Jnet.yaml"), monkeypatch)
    assert run("check").err == "error[system]: input/output error: \\x1b[2Jnet.yaml\n"


def test_a_working_folder_that_is_gone(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for arguments in (["trace", "lenet"], ["check"], ["new", "net"]):
        result = run(*arguments)
        assert result.code == 2
        assert result.err.startswith("error[")
        assert "error[internal]" not in result.err
