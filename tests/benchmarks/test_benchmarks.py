"""The benchmarks' arithmetic and table. Times themselves are no subject of a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.growth import MODELS, compare_growth
from benchmarks.pairs import Comparison, Result, compare, format_results
from benchmarks.processes import COMMANDS, _process, compare_processes, measure_memory, time_processor

RESULTS = (
    Result("layercli trace lenet", 'python -c "import torch"', ((1.2, 1.0), (3.0, 2.0), (1.1, 1.1))),
    Result("trace", "forward alone", ((0.25, 0.5),)),
)

TABLE = """\
                      seconds  against                   seconds  ratio  from    to
layercli trace lenet    1.200  python -c "import torch"    1.100   1.20  1.00  1.50
trace                   0.250  forward alone               0.500   0.50  0.50  0.50
"""


def test_the_table_has_medians_and_the_ratios_of_pairs() -> None:
    assert format_results(RESULTS) == TABLE


def test_the_ratio_is_that_of_pairs_and_not_of_medians() -> None:
    # The machine is ten times slower in the second round, for both.
    result = Result("a", "b", ((1.0, 2.0), (10.0, 20.0), (1.0, 2.0)))
    assert result.ratios == [0.5, 0.5, 0.5]
    assert (result.seconds, result.seconds_against) == (1.0, 2.0)


def test_both_run_in_turn_and_the_first_round_does_not_count() -> None:
    calls: list[str] = []
    times = iter(range(100, 108))

    def run(name: str) -> float:
        calls.append(name)
        return float(next(times))

    result = compare(Comparison("a", "b", lambda: run("a"), lambda: run("b")), rounds=3)
    assert "".join(calls) == "abababab"
    assert result.pairs == ((102.0, 103.0), (104.0, 105.0), (106.0, 107.0))


def test_a_process_that_fails_is_not_timed(tmp_path: Path) -> None:
    assert _process(("-c", "raise SystemExit(3)"), 3, tmp_path)() > 0
    with pytest.raises(RuntimeError, match="ended with 3, not 0"):
        _process(("-c", "raise SystemExit(3)"), 0, tmp_path)()


def test_the_time_of_the_processor_is_that_of_the_process(tmp_path: Path) -> None:
    sleeping = _process(("-c", "import time; time.sleep(1)"), 0, tmp_path, time_processor)()
    assert 0 < sleeping < 1


def test_every_command_is_compared_once(tmp_path: Path) -> None:
    comparisons = list(compare_processes(tmp_path))
    assert len({comparison.name for comparison in comparisons}) == len(COMMANDS)
    wrong = next(comparison for comparison in comparisons if "wrong.yaml" in comparison.name)
    assert wrong.run() > 0


def test_each_step_is_compared_on_each_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.growth.SIZES", (3, 30))
    comparisons = list(compare_growth(tmp_path))
    assert len(comparisons) == len({comparison.name for comparison in comparisons}) == 4 * len(MODELS)
    for comparison in comparisons:
        assert comparison.run() >= 0
        assert comparison.run_against() >= 0


def test_the_memory_is_that_of_the_process() -> None:
    assert 5e6 < measure_memory("lenet") < 200e6
