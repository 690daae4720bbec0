"""A short profile of ``python -m tests.fuzz``, and what that has found."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from layercli.errors import Position, Problem, Source
from layercli.validation import Validation
from tests.fuzz.__main__ import run
from tests.fuzz.properties import check_position, check_problems, check_spec, check_state
from tests.fuzz.specs import KINDS, Drawn, draw_valid, near_valid_specs, noises, valid_specs

FOUND = sorted((Path(__file__).parent / "found").glob("*.yaml"))

short = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
)


@short
@given(drawn=valid_specs())
def test_valid_specs(drawn: Drawn, tmp_path: Path) -> None:
    assert check_spec(drawn, tmp_path / "net.yaml") == "valid"


@settings(short, max_examples=15)
@given(drawn=valid_specs())
def test_state_dicts_are_those_of_classes(drawn: Drawn, tmp_path: Path) -> None:
    check_state(drawn, tmp_path / "net.yaml")


@settings(short, max_examples=150)
@given(drawn=near_valid_specs())
def test_specs_with_mistakes(drawn: Drawn, tmp_path: Path) -> None:
    check_spec(drawn, tmp_path / "net.yaml")


@short
@given(drawn=noises())
def test_noise(drawn: Drawn, tmp_path: Path) -> None:
    check_spec(drawn, tmp_path / "net.yaml")


@pytest.mark.parametrize("found", FOUND, ids=lambda path: path.stem)
def test_what_was_found_once(found: Path, tmp_path: Path) -> None:
    check_spec(Drawn(found.read_bytes()), tmp_path / "net.yaml")


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_draws_the_same_again(kind: str) -> None:
    assert KINDS[kind](random.Random(7)) == KINDS[kind](random.Random(7)) != KINDS[kind](random.Random(8))


def test_the_long_run_counts_all_and_keeps_what_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_for_some(drawn: Drawn, path: Path) -> str:
        if drawn.python:
            raise ZeroDivisionError
        return "other"

    monkeypatch.setattr("tests.fuzz.__main__.check_spec", fail_for_some)
    tally = run(40, 0, 2, False, tmp_path)
    assert tally.done == 40
    assert sum(tally.failures.values()) == 40 - tally.outcomes["other"] > 0
    assert "ZeroDivisionError" in tally.summary()
    assert len(list(tmp_path.glob("*.yaml"))) == len(list(tmp_path.glob("*.txt"))) > 0


def test_the_properties_can_fail(tmp_path: Path) -> None:
    source = Source("net.yaml", "a: 1\n")
    check_position(Position(source, 1, 4, 1))
    for line, column, width in ((0, 1, 1), (9, 1, 1), (1, 9, 1), (1, 1, 9), (1, 1, 0)):
        with pytest.raises(AssertionError):
            check_position(Position(source, line, column, width))
    nowhere = Validation("net.yaml", (Problem("a", "b"),), 1)
    with pytest.raises(AssertionError):
        check_problems(nowhere)
    drawn = draw_valid(random.Random(3))
    broken = Drawn(drawn.data.replace(b"inputs:", b"inputz:"), drawn.python)
    with pytest.raises(AssertionError, match="a valid spec is refused"):
        check_spec(broken, tmp_path / "net.yaml")
