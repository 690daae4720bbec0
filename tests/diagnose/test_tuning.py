"""Other values for a number: those with which sizes that met go together come first."""

from __future__ import annotations

from pathlib import Path

import pytest

from layercli.diagnose.session import explain_failure
from layercli.diagnose.tuning import Clash, rank_values
from tests.diagnose.diagnosed import find_failure, load_case


@pytest.mark.parametrize(
    ("value", "clashes", "first"),
    [
        # A size as it is, one of its factors, one of its terms.
        (32, [Clash(32, 48)], 48),
        (12, [Clash(768, 704)], 11),
        (7, [Clash(8, 5)], 4),
        # 12 heads of 768 features where 11 were written, and features that 12 heads divide.
        (11, [Clash(12288, 176, divides=True)], 12),
        (769, [Clash(12304, 192, divides=True)], 768),
    ],
)
def test_sizes_that_met_are_solved(value: int, clashes: list[Clash], first: int) -> None:
    ranked = [other for other, _ in rank_values(value, clashes)]
    assert first in ranked[:2]
    assert value not in ranked
    assert len(set(ranked)) == len(ranked)


def test_without_a_clash_near_numbers_are_tried_and_none_below_zero() -> None:
    assert {other for other, _ in rank_values(1, [])} == {0, 2, 3, 4}
    assert {-2, 0} <= {other for other, _ in rank_values(-1, [])}


def test_a_mend_makes_no_tensor_empty(tmp_path: Path) -> None:
    """Positions that are gone altogether would fit, too."""
    path = tmp_path / "net.yaml"
    path.write_text(
        "inputs: {x: [2, 3, 8]}\nlayers:\n  position: Parameter(zeros(2, 4, 8))\nforward:\n  - x + position\n"
    )
    plan = load_case(path)
    failure = find_failure(plan)
    assert failure is not None
    (problem,) = explain_failure(plan, failure).problems
    assert "write position: Parameter(zeros(2, 3, 8))" in [mend.message for mend in problem.mends]
    assert not any("0" in mend.message.partition("zeros")[2] for mend in problem.mends)
