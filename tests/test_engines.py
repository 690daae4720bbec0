"""Both engines side by side: what is done by which, and what comes of it where they don't agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import layercli
from layercli import engines
from layercli.cli.main import main
from layercli.derive import admissible, printing, session
from layercli.engines import has_torch
from layercli.errors import Problem, SpecError
from layercli.trace.admissible import Range

NET = "dims: {N: 2}\ninputs: {x: [N, 4]}\nlayers:\n  fc: Linear(4, 3)\nforward:\n  - relu(fc(x))\n"
INDEX = "dims: {T: 5}\ninputs:\n  x: ones(T, dtype=int64).cumsum(0)\nlayers:\n  words: Embedding(6, 3)\nforward:\n  - words(x)\n"

REPORT = "help: this is a bug of layercli: please report it with the spec\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "net.yaml").write_text(NET)
    (tmp_path / "index.yaml").write_text(INDEX)
    return tmp_path


def change(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, edit: Callable[[Any], Any]) -> None:
    """Let what a derivation gives be something else."""
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given, **named: edit(real(*given, **named)))


def widen(trace: layercli.Trace) -> layercli.Trace:
    """The trace with another number of parameters in its first row."""
    first, *others = trace.rows
    return replace(trace, rows=(replace(first, parameters=16), *others))


def test_a_fault_of_a_rule_is_no_refusal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why PyTorch refuses something is asked of the rules, and what they stumble over is to be seen."""
    (folder / "net.yaml").write_text(NET.replace("Linear(4, 3)", "Linear(5, 3)"))
    monkeypatch.setattr(session, "derive_plan", lambda plan: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        engines.run_plan(layercli.load(folder / "net.yaml"), device="cpu")


DIFFERING = (
    "error[engines-differ]: the two engines differ\n"
    "   = fc: parameters is 15 on PyTorch and 16 by derivation\n" + REPORT
)


@pytest.mark.parametrize(
    "command",
    [
        ["trace", "net.yaml", "--verify"],
        ["lock", "net.yaml"],
        ["lock", "net.yaml", "--verify"],
    ],
)
def test_a_row_that_differs(
    command: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(monkeypatch, session, "derive_plan", widen)
    assert main(command) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", DIFFERING)
    assert not (folder / "net.lock").exists()


def test_check_with_both(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lock", "net.yaml"]) == 0
    for option in ("--static", "--run", "--verify"):
        assert main(["check", "net.yaml", option]) == 0
    capsys.readouterr()
    change(monkeypatch, session, "derive_plan", widen)
    assert main(["check", "net.yaml", "--verify"]) == 2
    assert "fc: parameters is 15 on PyTorch and 16 by derivation" in capsys.readouterr().out


def test_a_parameter_that_differs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["params", "net.yaml", "--verify"]) == 0
    shown = capsys.readouterr().out
    assert main(["params", "net.yaml"]) == 0
    assert capsys.readouterr().out == shown
    change(
        monkeypatch,
        session,
        "list_tensors",
        lambda tensors: (tensors[0], replace(tensors[1], trainable=False)),
    )
    assert main(["params", "net.yaml", "--verify"]) == 2
    assert "fc.bias: trainable is True on PyTorch and False by derivation" in capsys.readouterr().err


def test_a_line_of_print_that_differs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(monkeypatch, printing, "print_model", lambda text: text.replace("=4", "=5"))
    assert main(["show", "net.yaml", "--verify"]) == 2
    told = capsys.readouterr().err
    assert "lines[1] is   (fc): Linear(in_features=4, out_features=3, bias=True) on PyTorch" in told
    assert main(["show", "net.yaml", "--run"]) == 0
    assert "in_features=4" in capsys.readouterr().out


def test_a_model_that_only_the_rules_refuse(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(plan: object, **named: object) -> None:
        raise SpecError(Problem("shape-mismatch", "fc expects 5 features"))

    monkeypatch.setattr(session, "derive_plan", refuse)
    monkeypatch.setattr(session, "list_tensors", refuse)
    for command in ("trace", "params", "lock"):
        assert main([command, "net.yaml", "--verify"]) == 2
        assert capsys.readouterr().err == (
            "error[engines-differ]: PyTorch takes this model, and the rules refuse it\n"
            "   = fc expects 5 features\n" + REPORT
        )


def test_a_model_that_only_pytorch_refuses(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "index.yaml", "--dim", "T=7", "--static"]) == 0
    assert main(["trace", "index.yaml", "--dim", "T=7", "--verify"]) == 1
    told = capsys.readouterr().err
    assert "error[index-range]: words has 6 rows and is asked for number 7, counted from 0" in told
    assert "= PyTorch: index out of range in self" in told
    assert "= the rules take it: where values decide only a run can tell" in told
    assert main(["trace", "index.yaml", "--dim", "T=7"]) == 1
    assert "the rules take it" not in capsys.readouterr().err


def test_sizes_are_tried(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--run", "--verify"):
        assert main(["dims", "net.yaml", option]) == 0
        assert capsys.readouterr().out == (
            "Net   net.yaml · eval\n\nN = 2   any size\n\ntried 5 sizes on PyTorch · cpu\n    all as derived\n"
        ).replace("Net ", "net ", 1)


def test_a_size_that_only_pytorch_refuses(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dims", "index.yaml", "--run"]) == 0
    told = capsys.readouterr().out
    assert "tried 7 sizes on PyTorch · cpu\n" in told
    refused = (
        "words has 6 rows and is asked for number 10, counted from 0; PyTorch: index out of range in self"
    )
    assert f"    T = 10 is accepted by the rules, and PyTorch refuses it: {refused}" in told
    assert main(["dims", "index.yaml", "--verify"]) == 2
    told = capsys.readouterr().err
    assert f"T = 10: the model is refused ({refused}) on PyTorch and accepted by derivation" in told
    assert "where values decide only a run can tell" in told


def test_a_size_that_only_the_rules_refuse(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def narrow(found: Any) -> Any:
        return replace(found, dims=tuple(replace(item, accepted=(Range(1, 3),)) for item in found.dims))

    change(monkeypatch, admissible, "list_admissible", narrow)
    assert main(["dims", "net.yaml", "--run", "--format", "json"]) == 0
    out = capsys.readouterr().out
    assert '"size": 4,\n     "derived": false,\n     "run": true\n' in out
    assert main(["dims", "net.yaml", "--verify"]) == 2
    told = capsys.readouterr().err
    assert "N = 0: the model is accepted on PyTorch and refused by derivation" in told
    assert told.endswith(REPORT)


def test_a_folder_called_torch_is_not_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.machinery import ModuleSpec

    assert has_torch()
    for found in (None, ModuleSpec("torch", None, is_package=True)):
        monkeypatch.setattr(engines, "find_spec", lambda name, found=found: found)
        assert not has_torch()
