"""Two locks row by row: literal text, and whatever is in their names."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from layercli.checks import make_lock
from layercli.lock import Lock
from layercli.lock.rows import Comparison, compare_sides
from layercli.report.comparison import COMPARISON_FORMATS, ComparisonOptions, format_comparison

NET = """\
name: Net
dims: {N: 1}
inputs: {x: [N, 4]}
layers:
  first: Linear(4, 8)
  last: Linear(8, 2)
forward:
  - x = relu(first(x))
  - x = x * 2
  - x = x + 1
  - x = x * 3
  - x = x + 2
  - x = x * 4
  - last(x)
"""

EDITED = NET.replace("Linear(8, 2)", "Linear(8, 3)").replace(
    "  - x = x * 2\n", "  - x = tanh(x)\n  - x = x * 2\n"
)


def make(tmp_path: Path, text: str) -> Lock:
    path = tmp_path / "net.yaml"
    path.write_text(text)
    return make_lock(path, "net.yaml", "derive").lock


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    return compare_sides(make(tmp_path, NET), make(tmp_path, EDITED), "old.lock", "net.yaml")


UNIFIED = """\
- old.lock
+ net.yaml

  first  Linear(4, 8)   [N, 8]  40
  relu   relu(first)    [N, 8]
+ tanh   tanh(relu)     [N, 8]
  mul    mul(tanh, 2)   [N, 8]
  add    add(mul, 1)    [N, 8]
  mul_1  mul(add, 3)    [N, 8]
  add_1  add(mul_1, 2)  [N, 8]
  mul_2  mul(add_1, 4)  [N, 8]
- last   Linear(8, 2)   [N, 2]  18
+ last   Linear(8, 3)   [N, 3]  27
"""

BESIDE = """\
  old.lock                             net.yaml

  first  Linear(4, 8)   [N, 8]  40     first  Linear(4, 8)   [N, 8]  40
  relu   relu(first)    [N, 8]         relu   relu(first)    [N, 8]
                                    >  tanh   tanh(relu)     [N, 8]
  mul    mul(relu, 2)   [N, 8]         mul    mul(tanh, 2)   [N, 8]
  add    add(mul, 1)    [N, 8]         add    add(mul, 1)    [N, 8]
  mul_1  mul(add, 3)    [N, 8]         mul_1  mul(add, 3)    [N, 8]
  add_1  add(mul_1, 2)  [N, 8]         add_1  add(mul_1, 2)  [N, 8]
  mul_2  mul(add_1, 4)  [N, 8]         mul_2  mul(add_1, 4)  [N, 8]
  last   Linear(8, 2)   [N, 2]  18  |  last   Linear(8, 3)   [N, 3]  27
"""


def draw(comparison: Comparison, beside: bool | None = None, width: int | None = None) -> str:
    return format_comparison(comparison, "text", ComparisonOptions(beside, width))


def test_rows_below_each_other(comparison: Comparison) -> None:
    assert draw(comparison).startswith(UNIFIED)


def test_rows_beside_each_other(comparison: Comparison) -> None:
    assert draw(comparison, True).startswith(BESIDE)


@pytest.mark.parametrize(
    ("beside", "width", "expected"),
    [
        (None, None, UNIFIED),
        (None, 60, UNIFIED),
        (None, 99, UNIFIED),
        (None, 100, BESIDE),
        (True, 80, BESIDE),
        (False, 200, UNIFIED),
    ],
)
def test_the_width_decides(
    comparison: Comparison, beside: bool | None, width: int | None, expected: str
) -> None:
    assert draw(comparison, beside, width).startswith(expected)


def test_the_parameters_are_the_first_to_go(comparison: Comparison) -> None:
    narrow = draw(comparison, True, 70).split("\n")
    assert narrow[2] == "  first  Linear(4, 8)   [N, 8]     first  Linear(4, 8)   [N, 8]"
    assert draw(comparison, True, 20).split("\n")[2] == narrow[2]


def test_what_does_not_fit_stands_below_each_other(tmp_path: Path) -> None:
    old, new = (make(tmp_path, text.replace("first", "f" * 40)) for text in (NET, EDITED))
    comparison = compare_sides(old, new, "old.lock", "net.yaml")
    assert draw(comparison, None, 100).startswith("- old.lock")
    assert draw(comparison, None, 250).startswith("  old.lock  ")


def test_rows_that_are_the_same_are_left_out(tmp_path: Path) -> None:
    new = make(tmp_path, NET.replace("x * 4", "x * 5"))
    text = draw(compare_sides(make(tmp_path, NET), new, "old.lock", "net.yaml"))
    assert "\n  ... 3 rows are the same\n" in text
    assert "\n- mul_2  mul(add_1, 4)  [N, 8]\n+ mul_2  mul(add_1, 5)  [N, 8]\n" in text


def test_what_no_row_shows_stands_below(tmp_path: Path) -> None:
    new = make(tmp_path, NET + "freeze: [first.bias]\nmode: train\n")
    text = draw(compare_sides(make(tmp_path, NET), new, "old.lock", "net.yaml"))
    assert "first.bias" in text
    assert "mode" in text


def test_the_same(tmp_path: Path) -> None:
    lock = make(tmp_path, NET)
    comparison = compare_sides(lock, lock, "old.lock", "net.yaml")
    assert comparison.exit_code == 0
    assert draw(comparison) == "old.lock and net.yaml say the same: 8 rows compared\n"
    assert json.loads(format_comparison(comparison, "json"))["differences"] == []


def test_the_colours_say_nothing_else(comparison: Comparison) -> None:
    for beside in (True, False):
        colored = format_comparison(comparison, "text", ComparisonOptions(beside, None, True))
        plain = colored
        for code in ("31", "32", "1", "2", "0"):
            plain = plain.replace(f"\x1b[{code}m", "")
        assert plain == draw(comparison, beside)
        assert colored != plain


def test_markdown_is_a_diff(comparison: Comparison) -> None:
    text = format_comparison(comparison, "markdown")
    assert text.startswith(f"```diff\n{UNIFIED}\n  output")
    assert "\n```\n\n- checkpoints **break**: " in text


def test_json_has_every_row(comparison: Comparison) -> None:
    data = json.loads(format_comparison(comparison, "json"))
    assert list(data) == ["version", "old", "new", "rows", "differences", "verdict", "exit_code"]
    assert [row["change"] for row in data["rows"]] == [
        *("same", "same", "added", "same", "same", "same", "same", "same", "changed"),
    ]
    added = data["rows"][2]
    assert added["old"] is None
    assert (added["new"]["path"], added["new"]["call"], added["new"]["output"]) == (
        "tanh",
        "tanh(relu)",
        "float32[N, 8]",
    )
    assert [difference["code"] for difference in data["differences"]] == ["layer-resized", "operation-added"]
    follows = {part["code"] for part in data["differences"][0]["follows"]}
    assert follows == {"entry-changed", "shape-changed", "output-changed", "parameters-changed"}
    assert (data["version"], data["exit_code"]) == (1, 1)


def test_the_page_on_json_names_every_key(comparison: Comparison) -> None:
    page = (Path(__file__).parents[2] / "docs/json.md").read_text("utf-8")
    section = page.split("\n## Differences\n")[1].split("\n## ")[0]
    tables = [
        {key for row in re.findall(r"(?m)^\| (`.*?) \|", part) for key in re.findall(r"`(\w+)`", row)}
        for part in re.split(r"\n(?:The object|Either row|A difference):\n", section)[1:]
    ]
    data = json.loads(format_comparison(comparison, "json"))
    assert tables == [set(data), set(data["rows"][0]["new"]), set(data["differences"][0])]


BLOCKS = """\
params: {width: 4, depth: 4}
inputs: {x: [1, 2]}
layers:
  stem: Linear(2, width)
  body: depth * Block(width)
blocks:
  Block: {params: {width: ~}, inputs: [x], layers: {fc: 'Linear(width, width)', act: ReLU()}}
"""


def test_blocks_that_change_alike_are_shown_once(tmp_path: Path) -> None:
    old, new = make(tmp_path, BLOCKS), make(tmp_path, BLOCKS.replace("width: 4", "width: 5"))
    for beside in (True, False):
        text = draw(compare_sides(old, new, "old.lock", "net.yaml"), beside)
        assert text.count("\n  ... body.1 to body.3 change as body.0 does, in 9 rows\n") == 1
        assert text.count("body.0.fc") >= 1
        assert "body.1.fc" not in text
    # Each row is in the JSON, whatever is shown.
    data = json.loads(format_comparison(compare_sides(old, new, "old.lock", "net.yaml"), "json"))
    assert sum("fc" in row["new"]["path"] for row in data["rows"]) == 4


def test_a_block_that_changes_otherwise_is_shown(tmp_path: Path) -> None:
    layers = "".join(f"    - 'Block({width})'\n" for width in (4, 4, 4))
    listed = BLOCKS.replace("  body: depth * Block(width)\n", f"  body:\n{layers}")
    other = listed.replace("act: ReLU()", "act: Tanh()").replace(
        "    - 'Block(4)'\n", "    - Linear(4, 4)\n", 1
    )
    text = draw(compare_sides(make(tmp_path, listed), make(tmp_path, other), "old.lock", "net.yaml"))
    assert "... body.2 changes as body.1 does, in 3 rows" in text


def test_new_blocks_are_shown_once(tmp_path: Path) -> None:
    old, new = make(tmp_path, BLOCKS), make(tmp_path, BLOCKS.replace("depth: 4", "depth: 6"))
    text = draw(compare_sides(old, new, "old.lock", "net.yaml"))
    assert "+ body.4.fc" in text
    assert "... body.5 changes as body.4 does, in 3 rows" in text
    assert "\n+ body.5" not in text


HOSTILE = [
    "\x1b[31mred",
    "a\nb",
    "::error::pwned",
    "\n::error::pwned",
    "```",
    "````\n<script>",
    "##[error]x",
    "@everyone",
    "| a | b",
    "\udcff",
]


@pytest.mark.parametrize("format", COMPARISON_FORMATS)
@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_strangers(comparison: Comparison, name: str, format: str) -> None:
    rows = tuple(
        replace(pair, new=None if pair.new is None else replace(pair.new, path=name, call=name))
        for pair in comparison.pairs
    )
    text = format_comparison(replace(comparison, pairs=rows, old_name=name, new_name=name), format)
    assert "\x1b" not in text
    assert not any(line.lstrip().startswith("::") for line in text.split("\n"))
    assert "##[" not in text
    if format == "json":
        assert json.loads(text)["new"]["name"] == name
    if format == "markdown":
        fence = text.split("diff\n")[0]
        assert text.count(f"\n{fence}") == 1
