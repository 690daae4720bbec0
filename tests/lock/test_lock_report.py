"""The result of a check as text, literally; tests/report has the other formats."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from layercli.errors import Position, Problem, Source
from layercli.lock import (
    CheckResult,
    Difference,
    Lock,
    SpecResult,
    collect_positions,
    compare_locks,
    judge_differences,
)
from layercli.report.differences import MAX_LINES, format_text
from tests.lock.lock_samples import draw_lenet, lock_lenet


def check_lenet(old: Lock, new: Lock) -> SpecResult:
    found = compare_locks(old, new, collect_positions(draw_lenet().trace((1, 10))))
    verdicts = judge_differences(old, new, found)
    return SpecResult(
        "configs/lenet.yaml", "configs/lenet.lock", "differs", found, verdicts, rows=len(new.rows)
    )


WIDENED = check_lenet(lock_lenet(), lock_lenet(wide=168))
HELD = SpecResult("configs/net.yaml", "configs/net.lock", "ok", rows=1_900)
WRONG = SpecResult(
    "bad.yaml",
    "bad.lock",
    "error",
    problems=(
        Problem(
            "lock-key", "a lock has no key mods here", Position(Source("bad.lock", "mods: 1\n"), 1, 1, 4)
        ),
    ),
)
MISSING = SpecResult("new.yaml", "new.lock", "missing")
ORPHANED = SpecResult("old.lock", "old.lock", "orphaned")

TEXT = """\
configs/lenet.yaml differs from configs/lenet.lock

  fc1   Linear(576, 120) -> Linear(576, 168)   configs/lenet.yaml:9:3
    fc1.weight   [120, 576] -> [168, 576]
    fc1.bias     [120] -> [168]
    fc2.weight   [84, 120] -> [84, 168]
    fc2          Linear(120, 84) -> Linear(168, 84)
    and so: fc1 and relu_2 put out [N, 168], before [N, 120]

  checkpoints  break    3 of 10 entries don't load: fc1.weight, fc1.bias and fc2.weight
  callers      hold     input and output are the same
  behaviour    holds    every other call and its wiring are the same
  inside       changes  2 layers have other sizes, 2 rows have another output
  cost         81,290 -> 113,018 parameters (+39.0%)

2 models, 1,912 rows compared, 1 difference: 1 model differs
accept it with: layercli lock configs/lenet.yaml
"""

OTHERS = """\
bad.yaml couldn't be checked
error[lock-key]: a lock has no key mods here
  --> bad.lock:1:1
 1 | mods: 1
   | ^^^^

new.yaml has no lock: there is no new.lock

old.lock has no spec: remove it, or bring its spec back

3 models, 1,900 rows compared: 1 model has no lock, 1 lock has no spec, 1 model couldn't be checked
accept it with: layercli lock --prune new.yaml old.lock
"""


def test_the_text_tells_what_changed_and_what_it_breaks() -> None:
    assert format_text(CheckResult((WIDENED, HELD))) == TEXT


def test_the_text_tells_what_could_not_be_compared() -> None:
    assert format_text(CheckResult((WRONG, HELD, MISSING, ORPHANED))) == OTHERS


def test_the_text_of_a_check_that_holds_is_one_line() -> None:
    assert format_text(CheckResult((HELD,))) == "1 model, 1,900 rows compared: all hold\n"
    assert format_text(CheckResult(())) == "nothing was there to check\n"


def test_colour_adds_nothing_but_colour() -> None:
    coloured = format_text(CheckResult((WIDENED, HELD)), True)
    assert "\x1b[31m[120, 576]\x1b[0m -> \x1b[32m[168, 576]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == TEXT


def make_difference(path: str, **changes: Any) -> Difference:
    given = {"old": "a", "new": "b", "message": f"{path} changed"} | changes
    return Difference("layer-changed", "behaviour", path, position=None, **given)


def test_the_text_joins_equal_changes_of_siblings_and_is_bounded() -> None:
    siblings = [make_difference(f"h.{number}.fc") for number in range(12)]
    others = [make_difference(f"layer_{number}") for number in range(MAX_LINES + 5)]
    spec = SpecResult("a.yaml", "a.lock", "differs", (*siblings, *others))
    lines = format_text(CheckResult((spec,))).split("\n")
    assert lines[2] == "  h.*.fc (12)   a -> b"
    assert "  and 6 more" in lines


def test_the_text_tells_a_changed_param_before_what_follows_from_it() -> None:
    old = replace(lock_lenet(), params=(("wide", "120"),))
    new = replace(lock_lenet(wide=168), params=(("wide", "168"),))
    lines = format_text(CheckResult((check_lenet(old, new),))).split("\n")
    assert lines[2:4] == [
        "  param wide   120 -> 168   configs/lenet.yaml:9:3",
        "    fc1.weight   [120, 576] -> [168, 576]",
    ]
    assert lines[8] == "    and so: fc1 and relu_2 put out [N, 168], before [N, 120]"


def test_the_text_tells_that_the_order_changed() -> None:
    old = lock_lenet()
    spec = check_lenet(old, replace(old, state_dict=old.state_dict[::-1]))
    line = format_text(CheckResult((spec,))).split("\n")[2]
    assert line.startswith("  state_dict   the entries of state_dict come in another order")


CODES = [
    ((HELD,), 0),
    ((WIDENED, HELD), 1),
    ((MISSING,), 1),
    ((ORPHANED, HELD), 1),
    ((WRONG, WIDENED), 2),
    ((replace(WRONG, exit_code=1), HELD), 1),
    ((), 2),
]


@pytest.mark.parametrize(("specs", "code"), CODES)
def test_exit_codes(specs: tuple[SpecResult, ...], code: int) -> None:
    assert CheckResult(specs).exit_code == code


def test_the_command_that_accepts_can_be_pasted() -> None:
    paths = ["-x.yaml", "a b.yaml", "$(ls).yaml", "net.yaml"]
    specs = tuple(SpecResult(path, "l", "differs") for path in paths)
    assert CheckResult(specs).accept == "layercli lock ./-x.yaml 'a b.yaml' '$(ls).yaml' net.yaml"
    assert CheckResult((HELD, WRONG, ORPHANED)).accept == "layercli lock --prune old.lock"
    assert CheckResult((HELD, WRONG)).accept == ""


def test_the_command_that_accepts_leaves_what_is_known() -> None:
    many = tuple(replace(WIDENED, path=f"{number}.yaml") for number in range(7))
    assert CheckResult(many).accept == "layercli lock"
    parts = tuple(
        replace(part, ignored="agreed", follows=tuple(replace(one, ignored="agreed") for one in part.follows))
        for part in WIDENED.differences
    )
    known = replace(WIDENED, path="known.yaml", differences=parts)
    names = " ".join(spec.path for spec in many)
    assert CheckResult((*many, known)).accept == f"layercli lock {names}"


def test_what_it_costs_is_no_difference_of_its_own() -> None:
    cost = Difference("parameters-changed", "cost", "", "2", "4", "the model has 4 parameters, before 2")
    result = CheckResult((replace(WIDENED, differences=(*WIDENED.differences, cost)),))
    assert result.summary == CheckResult((WIDENED,)).summary
    assert "1 difference:" in CheckResult((replace(WIDENED, differences=(cost,)),)).summary
