"""Every bundled model has a lock, and ``layercli check`` holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from layercli.cli.main import main

CONFIGS = Path(__file__).parent.parent / "configs"


def test_every_bundled_model_has_a_lock() -> None:
    models = {path.stem for path in CONFIGS.glob("*.yaml")}
    assert {path.stem for path in CONFIGS.glob("*.lock")} == models
    assert len(models) >= 23


def test_check_holds(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONFIGS.parent)
    assert main(["check", "configs"]) == 0
    assert capsys.readouterr().out.endswith("all hold\n")
