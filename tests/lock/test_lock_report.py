"""The result of a check in each format, literally, and with names that try to be something else."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from layercli.errors import Label, Position, Problem, Source
from layercli.lock import (
    CheckResult,
    Difference,
    Lock,
    SpecResult,
    collect_positions,
    compare_locks,
    judge_differences,
)
from layercli.report.differences import CHECK_FORMATS, MAX_LINES, format_json, format_text
from layercli.report.github import format_github
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

  fc1.weight   [120, 576] -> [168, 576]   configs/lenet.yaml:9:3
  fc1.bias     [120] -> [168]             configs/lenet.yaml:9:3
  fc2.weight   [84, 120] -> [84, 168]     configs/lenet.yaml:10:3
  and so: fc1 and relu_2 put out [N, 168], before [N, 120]

  checkpoints  break    3 entries changed shape; weights saved before don't load
  callers      hold     input and output are the same
  behaviour    holds    every other call and its wiring are the same
  inside       changes  2 rows have another output
  cost         81,290 -> 113,018 parameters (+39.0%)

2 models, 1,912 rows compared: 1 model differs
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
accept it with: layercli lock new.yaml
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


def make_difference(path: str, **changes: str) -> Difference:
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
    assert lines[5:7] == [
        "  param wide   120 -> 168",
        "  and so: fc1 and relu_2 put out [N, 168], before [N, 120]",
    ]


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
    assert CheckResult((HELD, WRONG, ORPHANED)).accept == ""


def test_json_has_it_all() -> None:
    data = json.loads(format_json(CheckResult((WIDENED, HELD, WRONG, MISSING, ORPHANED))))
    assert data["version"] == 1
    assert data["exit_code"] == 2
    assert data["accept"] == "layercli lock configs/lenet.yaml new.yaml"
    assert data["totals"] == {
        "models": 4,
        "rows": 1912,
        "differences": 6,
        "ok": 1,
        "differs": 1,
        "missing": 1,
        "orphaned": 1,
        "error": 1,
    }
    assert data["specs"][0]["differences"][0] == {
        "code": "entry-changed",
        "class": "checkpoints",
        "path": "fc1.weight",
        "old": "float32[120, 576]",
        "new": "float32[168, 576]",
        "message": "fc1.weight changed from float32[120, 576] to float32[168, 576], "
        "so weights saved before don't load",
        "source": {"file": "configs/lenet.yaml", "line": 9, "column": 3},
    }
    assert data["specs"][0]["verdict"][1] == {
        "class": "callers",
        "holds": True,
        "text": "input and output are the same",
    }
    assert data["specs"][2]["problems"] == [
        {
            "code": "lock-key",
            "severity": "error",
            "message": "a lock has no key mods here",
            "hint": None,
            "notes": [],
            "labels": [],
            "source": {"file": "bad.lock", "line": 1, "column": 1},
        }
    ]


def test_json_tells_all_of_a_problem() -> None:
    place = Position(Source("net.yaml", "a: 1\nb: 2\n"), 2, 1)
    problem = Problem(
        "layer-failed",
        "fc failed",
        labels=(Label(place, "made here"),),
        notes=("PyTorch: no",),
        hint="mend it",
    )
    spec = SpecResult("net.yaml", "net.lock", "error", problems=(problem,))
    [shown] = json.loads(format_json(CheckResult((spec,))))["specs"][0]["problems"]
    assert (shown["hint"], shown["notes"], shown["source"]) == ("mend it", ["PyTorch: no"], None)
    assert shown["labels"] == [{"text": "made here", "source": {"file": "net.yaml", "line": 2, "column": 1}}]


GITHUB = """\
::error file=configs/lenet.yaml,line=9,col=3,title=entry-changed (checkpoints)::fc1.weight changed from \
float32[120, 576] to float32[168, 576], so weights saved before don't load
"""


def read_commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Workflow commands as the runner reads them, every line of the text being one."""
    commands = []
    for line in text.splitlines():
        found = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
        assert found is not None, line
        properties = {}
        for pair in found[2].split(","):
            name, _, value = pair.partition("=")
            for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
                value = value.replace(code, character)
            assert name not in properties
            properties[name] = value
        message = found[3]
        for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            message = message.replace(code, character)
        commands.append((found[1], properties, message))
    return commands


def test_github_annotates_the_lines_of_the_spec() -> None:
    text = format_github(CheckResult((WIDENED, HELD)))
    assert text.startswith(GITHUB)
    commands = read_commands(text)
    assert len(commands) == 7
    assert commands[-1] == (
        "notice",
        {"title": "layercli check"},
        "2 models, 1,912 rows compared: 1 model differs\naccept it with: layercli lock configs/lenet.yaml",
    )


def test_github_annotates_what_could_not_be_compared() -> None:
    commands = read_commands(format_github(CheckResult((WRONG, MISSING, ORPHANED))))
    assert [(level, given["file"], given["title"]) for level, given, _ in commands[:-1]] == [
        ("error", "bad.lock", "lock-key"),
        ("error", "new.yaml", "lock-missing"),
        ("error", "old.lock", "lock-orphaned"),
    ]
    assert read_commands(format_github(CheckResult(())))[0][0] == "error"


def test_github_shows_ten_findings_and_counts_the_others() -> None:
    spec = SpecResult("a.yaml", "a.lock", "differs", tuple(make_difference(f"a{n}") for n in range(13)))
    commands = read_commands(format_github(CheckResult((spec,))))
    assert [level for level, _, _ in commands] == ["error"] * 10 + ["notice"]
    assert commands[-1][2].startswith("and 3 more findings\n")


HOSTILE = [
    "::error::x",
    "a\n::set-output name=x::y",
    "a\r\n##[add-path]x",
    "%0A::error::",
    "a,line=1,title=x:y",
    "\x1b[2J\x07",
    "[red]x[/red] [/x]",
    "\u2028::error::\u2029\x85\x0b\x0c",
    "\u202egnp.yaml",
    "@someone |<script>alert(1)</script>",
    "=cmd()",
    "",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("format", CHECK_FORMATS)
def test_hostile_names_are_only_names(format: str, name: str) -> None:
    position = Position(Source(name, name), 1, 1)
    difference = Difference("shape-changed", "inside", name, name, name, f"{name} changed", position)
    other = replace(difference, code="layer-changed", kind="behaviour")
    removed = replace(other, new="", code="layer-removed")
    problem = Problem(name, name, position, notes=(name,), hint=name)
    specs = tuple(
        SpecResult(
            name, name, status, (difference, other, removed) if status == "differs" else (), (), (problem,)
        )
        for status in ("ok", "differs", "missing", "orphaned", "error")
    )
    text = CHECK_FORMATS[format](CheckResult(specs), False)
    assert all(character.isprintable() or character == "\n" for character in text)
    if format == "json":
        assert json.loads(text)["specs"][1]["differences"][0]["path"] == name
    if format == "github":
        for level, properties, message in read_commands(text):
            assert level in ("error", "notice")
            assert set(properties) <= {"file", "line", "col", "title"}
            assert properties.get("line", "1") == "1"
            assert "\r" not in message
    if format == "text":
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())
