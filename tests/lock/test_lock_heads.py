"""Params and inputs: where they stand, and what is computed from what."""

from __future__ import annotations

from pathlib import Path

import pytest

from layercli.checks import Made, make_lock
from layercli.lock import Difference
from layercli.lock.heads import read_heads
from layercli.report.differences import draw_changes

VIT = """\
params:
  size: 32
  patch: 4
  count: (size // patch) ** 2
  tokens: self.count + 1
dims: {N: 1}
inputs:
  x: [N, 3, size, size]
layers:
  proj: Conv2d(3, 8, patch, stride=patch)
  pos: Parameter(zeros(1, tokens, 8))
  blocks: 6 * Block(8)
forward: |
  x = proj(x).flatten(2).transpose(1, 2)
  x = cat([x, x[:, :1]], 1) + pos
  return blocks(x)
blocks:
  Block: {params: {width: ~}, inputs: [x], layers: {fc: 'Linear(width, width)', act: ReLU()}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(text: str) -> Made:
    path = Path("net.yaml")
    path.write_text(text)
    return make_lock(path, "net.yaml", "derive")


def compare(old: str, new: str) -> tuple[Difference, ...]:
    before = make(old).lock
    return make(new).compare(before)


def draw(differences: tuple[Difference, ...]) -> str:
    return "\n".join(draw_changes(differences, lambda style, text: text))


def test_what_is_computed_from_what(folder: Path) -> None:
    heads = read_heads(make(VIT).spec)
    assert heads.computed == {
        "size": frozenset(),
        "patch": frozenset(),
        "count": {"size", "patch"},
        "tokens": {"size", "patch", "count"},
    }
    assert {name: (place.line, place.column) for name, place in heads.params.items()} == {
        "size": (2, 9), "patch": (3, 10), "count": (4, 10), "tokens": (5, 11),
    }  # fmt: skip
    assert [(name, place.line) for name, place in heads.inputs.items()] == [("x", 8)]


def test_params_follow_from_the_one_that_they_are_computed_from(folder: Path) -> None:
    [found] = [part for part in compare(VIT, VIT.replace("patch: 4", "patch: 8")) if part.kind != "cost"]
    assert (found.code, found.path, str(found.position)) == ("param-changed", "patch", "net.yaml:3:10")
    params = {part.path: (part.old, part.new) for part in found.follows if part.code == "param-changed"}
    assert params == {"count": ("64", "16"), "tokens": ("65", "17")}
    assert "pos" in {part.path for part in found.follows if part.code == "entry-changed"}


def test_two_edits_of_params_are_two_differences(folder: Path) -> None:
    new = "params: {a: 5, b: 7}\ninputs: {x: [1, 4]}\nlayers: ['Linear(4, a)', 'Linear(a, b)']\n"
    found = compare(new.replace("5", "9").replace("7", "11"), new)
    assert [(part.path, str(part.position)) for part in found if part.code == "param-changed"] == [
        ("a", "net.yaml:1:13"),
        ("b", "net.yaml:1:19"),
    ]


def test_an_input_is_shown_where_it_stands(folder: Path) -> None:
    old = "inputs:\n  x: [2, 4]\n  y: [2, 4]\nlayers: {fc: 'Linear(4, 4)'}\nforward: [x + y, fc]\n"
    [found] = compare(old, old.replace("x: [2, 4]", "x: [1, 4]"))
    assert (found.code, str(found.position)) == ("input-changed", "net.yaml:2:6")


def test_a_param_is_not_shown_at_a_layer_of_its_name(folder: Path) -> None:
    old = "params: {drop: 0.1}\ninputs: {x: [2, 4]}\nlayers: {drop: Dropout(drop)}\nforward: [drop(x)]\n"
    positions = {part.code: str(part.position) for part in compare(old, old.replace("0.1", "0.2"))}
    assert positions["param-changed"] == "net.yaml:1:16"


def test_equal_blocks_are_told_together(folder: Path) -> None:
    text = draw(compare(VIT, VIT.replace("patch: 4", "patch: 8")))
    assert "the model, cat, add and 19 more put out [N, 17, 8], before [N, 65, 8]" in text
    text = draw(compare(VIT, VIT.replace("fc:", "linear:")))
    assert "  blocks.*.fc is now blocks.*.linear (6)   net.yaml:" in text
    assert "    blocks.*.fc.weight is now blocks.*.linear.weight (6)" in text


def test_a_few_layers_are_named(folder: Path) -> None:
    old = "inputs: {x: [1, 4]}\nlayers: ['Linear(4, 6)', ReLU(), Tanh(), 'Linear(6, 2)']\n"
    text = draw(compare(old, old.replace("6", "7")))
    assert "and so: 0, 1 and 2 put out [1, 7], before [1, 6]" in text


TIED = """\
params: {count: 50, width: 20, hidden: 20, rate: 0.5}
inputs: {x: 'randint(count, (4, 2))'}
layers:
  drop: Dropout(rate)
  encoder: Embedding(count, width)
  rnn: LSTM(width, hidden, 2, dropout=rate)
  decoder: Linear(hidden, count)
forward: |
  x, _ = rnn(drop(encoder(x)))
  return decoder(drop(x))
tie: {decoder.weight: encoder.weight}
"""


@pytest.mark.parametrize("rate", ["Dropout(rate)", "Dropout(0.3)"])
def test_another_rate_is_no_cause_of_other_sizes(folder: Path, rate: str) -> None:
    new = TIED.replace("20", "24").replace("0.5", "0.3").replace("Dropout(rate)", rate)
    changes = {change.path: change for change in compare(TIED.replace("Dropout(rate)", "Dropout(0.5)"), new)}
    assert {"width", "rate"} <= changes.keys()
    sized = {
        part.path for part in changes["width"].parts if part.code.startswith(("entry-", "layer-resized"))
    }
    assert {"encoder.weight", "decoder.weight", "decoder", "encoder", "rnn.weight_ih_l0"} <= sized
    for path in changes.keys() - {"width"}:
        assert {part.kind for part in changes[path].parts} <= {"inside", "behaviour"}
        assert {part.path for part in changes[path].parts} <= {path, "drop"}
