"""What the search for mends stumbles over hides no problem, and is seen with ``--debug`` and by tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest

from layercli.cli.main import main
from layercli.diagnose import session, trial
from layercli.errors import SpecError
from tests.diagnose.diagnosed import CASES, find_failure, load_case

PLACES = ("layercli.diagnose.session.find_mends", "layercli.diagnose.trial.derive_plan")


def _stumble(*arguments: Any, **keywords: Any) -> NoReturn:
    raise ZeroDivisionError


@pytest.mark.parametrize("place", PLACES)
def test_a_stumble_hides_no_problem(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = load_case(next(path for path in CASES if path.stem == "linear_flattened"))
    failure = find_failure(plan)
    assert failure is not None
    monkeypatch.setattr(place, _stumble)
    with pytest.raises(ZeroDivisionError):
        session.diagnose(plan, failure)
    for module in (session, trial):
        monkeypatch.setattr(module, "is_debugging", lambda: False)
    told: SpecError = session.diagnose(plan, failure)
    assert [problem.message for problem in told.problems] == [problem.message for problem in failure.problems]
    assert not any(problem.mends for problem in told.problems)


def test_a_stumble_is_seen_with_debug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAYERCLI_DEBUG", "")
    for module in (session, trial):
        monkeypatch.setattr(module, "is_debugging", _IS_DEBUGGING)
    monkeypatch.setattr("layercli.diagnose.session.find_mends", _stumble)
    Path("net.yaml").write_text("inputs: {x: [2, 8]}\nlayers: {fc: 'Linear(9, 2)'}\n")
    assert main(["validate", "net.yaml"]) == 1
    assert "shape-mismatch" in capsys.readouterr().out
    assert main(["--debug", "validate", "net.yaml"]) == 2
    assert "in _stumble" in capsys.readouterr().err


#: As it is outside tests.
_IS_DEBUGGING = trial.is_debugging
