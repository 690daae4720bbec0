"""Every known attack on a reader of models ends in an ordinary error, and nothing else comes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from layercli.cli.main import main
from tests.apart import Ending, bounded_memory, run_apart
from tests.security.attacks import ATTACKS, KNOWN, PWN, RUN, Attack

#: What a run needs is loaded before the processes are copied from this one.
assert torch.zeros(1).sum() == 0


def launch(
    attack: Attack, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Ending:
    """What the program makes of an attack, in a project of its own.

    One that reaches the kernels of PyTorch is tried in a process apart, the others in this one, whose end fails the test, too.
    """
    for name, text in (("pyproject.toml", ""), ("net.yaml", attack.text), *attack.files):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.replace("{PWN}", PWN).encode())
    if attack.command.startswith(RUN):
        return run_apart(*attack.command.split(), folder=folder)
    monkeypatch.chdir(folder)
    with bounded_memory():
        code = main(attack.command.split())
    return Ending(code, *capsys.readouterr())


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_ends_in_an_error(
    attack: Attack, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"net.yaml", "pyproject.toml", *(name.partition("/")[0] for name, _ in attack.files)}
    ending = launch(attack, tmp_path, capsys, monkeypatch)
    told = ending.out + ending.err
    codes = re.findall(r"error\[([\w-]+)\]", told)
    assert codes, told[-2000:]
    assert set(codes) & set(attack.codes.split()), codes
    assert ending.code in (1, 2)
    assert "internal" not in codes
    assert "Traceback" not in told
    assert {path.name for path in tmp_path.iterdir()} == there
    if attack in KNOWN:
        # Who wrote it for another program learns what to write here.
        assert "\nhelp: " in told


def test_each_attack_has_a_name_of_its_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) > 150


def test_a_crash_would_be_seen(tmp_path: Path) -> None:
    """What a kernel does to a process that nothing guards."""
    import ctypes

    ending = run_apart("list", folder=tmp_path, prepare=lambda: ctypes.string_at(0))
    assert ending.code < 0
