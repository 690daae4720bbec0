"""Renames, moves and new numbers in a list, on specs as people write them."""

from __future__ import annotations

import pytest

from layercli.lock import collect_positions, compare_locks, judge_differences, lock_from_trace
from layercli.lock.records import Lock
from layercli.plan.planner import plan_model
from layercli.spec.reader import read_text
from layercli.trace import Trace

NET = """\
params: {width: 8, depth: 2}
inputs: {x: [4, 8]}
layers:
  stem: Linear(8, width)
  body: Sequential(Linear(width, width), ReLU(), Linear(width, 16), Tanh())
  blocks: ModuleList(depth * Block(16))
  scale: Parameter(ones(16))
  head: Linear(16, 2)
forward: |
  x = body(relu(stem(x)))
  for block in blocks: x = block(x)
  return head(x * scale)
blocks:
  Block:
    params: {size: ~}
    inputs: [x]
    layers:
      norm: LayerNorm(size)
      fc: Linear(size, size)
    forward:
      - x + fc(norm(x))
"""


def find_lock(text: str) -> tuple[Lock, Trace]:
    from layercli.derive.session import derive_plan

    plan = plan_model(read_text(text, "net.yaml"))
    trace = derive_plan(plan)
    freeze = [glob.pattern for glob in plan.freeze]
    return lock_from_trace(trace, dtype=plan.dtype, freeze=freeze), trace


#: Replacements in NET, then the code, path, old and new of the one difference, and the codes of what follows from it.
EDITS = {
    "a renamed layer": (
        [("head", "classify")],
        ("layer-renamed", "classify", "head", "classify"),
        ["entry-renamed"] * 2,
    ),
    "a renamed layer in a block": (
        [("fc", "proj")],
        ("layer-renamed", "blocks.0.proj", "blocks.0.fc", "blocks.0.proj"),
        ["entry-renamed"] * 4 + ["layer-renamed"],
    ),
    "a renamed list": (
        [("blocks: ModuleList", "stages: ModuleList"), ("in blocks", "in stages")],
        ("layer-renamed", "stages", "blocks", "stages"),
        ["entry-renamed"] * 8,
    ),
    "a renamed parameter": (
        [("scale", "gain")],
        ("entry-renamed", "gain", "scale", "gain"),
        [],
    ),
    "a renamed and widened layer": (
        [("head: Linear(16, 2)", "out: Linear(16, 3)"), ("head(", "out(")],
        ("layer-renamed", "out", "head", "out"),
        None,
    ),
    "a renamed input": (
        [("{x: [4, 8]}", "{image: [4, 8]}"), ("stem(x)", "stem(image)")],
        ("input-renamed", "image", "x", "image"),
        [],
    ),
    "a new layer in a list": (
        [("Linear(width, width), ", "Linear(width, width), Dropout(0.5), ")],
        ("layer-added", "body.1", "", "Dropout()"),
        ["entry-renamed"] * 2 + ["layer-renamed"] * 3,
    ),
    "a layer gone from a list": (
        [("ReLU(), ", "")],
        ("layer-removed", "body.1", "ReLU()", ""),
        ["entry-renamed"] * 2 + ["layer-renamed"] * 2,
    ),
    "a param": (
        [("width: 8", "width: 12")],
        ("param-changed", "width", "8", "12"),
        ["entry-changed"] * 5 + ["layer-resized"] * 3 + ["parameters-changed"] + ["shape-changed"] * 4,
    ),
    "more blocks": (
        [("depth: 2", "depth: 4")],
        ("param-changed", "depth", "2", "4"),
        ["entry-added"] * 8 + ["layer-added"] * 2 + ["parameters-changed"],
    ),
    "frozen layers": (
        [("forward: |", "freeze: [head.*]\nforward: |")],
        ("freeze-changed", "", "", "head.*"),
        ["entry-frozen"] * 2 + ["trainable-changed"],
    ),
    "a changed block": (
        [("x + fc(norm(x))", "x + relu(fc(norm(x)))")],
        ("operation-added", "blocks.0.relu", "", "relu(fc)"),
        ["operation-added"],
    ),
    "another call order in a block": (
        [("fc(norm(x))", "norm(fc(x))")],
        ("layer-moved", "blocks.0.norm", "", "LayerNorm(16)"),
        ["layer-moved"],
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_one_edit_of_a_spec_is_one_difference(name: str) -> None:
    replacements, head, codes = EDITS[name]
    text = NET
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    before, (after, trace) = find_lock(NET)[0], find_lock(text)
    found = compare_locks(before, after, collect_positions(trace))
    told = [(cause.code, cause.path, cause.old, cause.new) for cause in found]
    if codes is None:
        assert told[0] == head or head in told
        return
    assert told == [head]
    assert sorted(part.code for part in found[0].follows) == sorted(codes)


def test_the_verdict_tells_which_weights_load_under_another_name() -> None:
    before, after = find_lock(NET)[0], find_lock(NET.replace("head", "classify"))[0]
    verdict = judge_differences(before, after, compare_locks(before, after))[0]
    assert verdict.text == (
        "2 of 17 entries load under other names only: head.weight is now classify.weight and "
        "head.bias is now classify.bias"
    )


def test_a_layer_of_another_kind_is_no_rename() -> None:
    text = NET.replace("head: Linear(16, 2)", "out: Bilinear(16, 16, 2)").replace(
        "head(x * scale)", "out(x, x)"
    )
    codes = {cause.code for cause in compare_locks(find_lock(NET)[0], find_lock(text)[0])}
    assert "layer-removed" in codes
    assert "layer-added" in codes
    assert "layer-renamed" not in codes
