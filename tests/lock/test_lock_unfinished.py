"""What changed since a lock in a model that fails: as far as it comes, and all its layers."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from layercli.checks import check_specs, lock_specs
from layercli.spec.library import find_spec
from tests.lock.edits import Model, draw_model, find_lock

LENET, GPT2 = (find_spec(name, Path()).read_text(encoding="utf-8") for name in ("lenet", "gpt2"))

WIDER = ("fc1: Linear(16 * 6 * 6, 120)", "fc1: Linear(16 * 6 * 6, 168)")
#: The text of a spec, what somebody changes in it, and what is told of that besides the problem itself.
CASES: dict[str, tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]] = {
    "a wider layer": (
        LENET,
        (WIDER,),
        (
            "fc1 Linear(576, 120) -> Linear(576, 168) (net.yaml:9:8), and so fc1.weight [120, 576] -> [168, 576], "
            "fc1.bias [120] -> [168]",
        ),
    ),
    "a layer that isn't reached": (
        LENET,
        (WIDER, ("fc3: Linear(84, 10)", "fc3: Linear(84, 12)")),
        (
            "fc1 Linear(576, 120) -> Linear(576, 168) (net.yaml:9:8), and so fc1.weight [120, 576] -> [168, 576], "
            "fc1.bias [120] -> [168]",
            "fc3 Linear(84, 10) -> Linear(84, 12) (net.yaml:11:8), and so fc3.weight [10, 84] -> [12, 84], "
            "fc3.bias [10] -> [12]",
        ),
    ),
    "a call that is gone": (
        LENET,
        (("  - x = x.flatten(1)\n", ""),),
        ("the operation flatten, flatten(max_pool2d_1, 1), is gone",),
    ),
    "another name and another size": (
        LENET,
        (("fc1: Linear(16 * 6 * 6, 120)", "first: Linear(16 * 6 * 6, 168)"), ("fc1(x)", "first(x)")),
        (
            "fc1 is now first (net.yaml:9:10), and so fc1.weight is now first.weight, fc1.bias is now first.bias",
            "first Linear(576, 120) -> Linear(576, 168) (net.yaml:9:10), and so "
            "first.weight [120, 576] -> [168, 576], first.bias [120] -> [168]",
        ),
    ),
    "an input": (
        LENET,
        (("[N, 1, 32, 32]", "[N, 3, 32, 32]"),),
        ("input x [N, 1, 32, 32] -> [N, 3, 32, 32] (net.yaml:5:6)",),
    ),
    "a layer that can't be made": (
        LENET,
        (("Conv2d(6, 16, 3)", "Conv2d(6, 16, 3, groups=4)"),),
        ("conv2 Conv2d(6, 16, 3) -> Conv2d(6, 16, 3, groups=4) (net.yaml:8:10)",),
    ),
    "a param": (GPT2, (("n_head: 12", "n_head: 7"),), ("param n_head 12 -> 7 (net.yaml:3:82)",)),
    "a layer of every block": (
        GPT2,
        (("c_fc: Conv1D(4 * n_embd", "c_fc: Conv1D(3 * n_embd"),),
        (
            "transformer.h.0.mlp.c_fc Conv1D(3072, 768) -> Conv1D(2304, 768) (net.yaml:59:13), and so "
            "transformer.h.0.mlp.c_fc.weight [768, 3072] -> [768, 2304], "
            "transformer.h.0.mlp.c_fc.bias [3072] -> [2304], "
            "transformer.h.1.mlp.c_fc.weight [768, 3072] -> [768, 2304], 21 more",
        ),
    ),
    "nothing that could be compared": (LENET, (("fc2: Linear(120, 84)", "fc2: Linaer(120, 84)"),), ()),
    "a call that fails": (
        LENET,
        (("  - fc3(x)", "  - fc3(x).view(7, 11)"),),
        ("view is a new operation, view(fc3, 7, 11) (net.yaml:18:5)",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_problem_says_what_changed_since_the_lock(name: str, tmp_path: Path) -> None:
    text, edits, told = CASES[name]
    spec = tmp_path / "net.yaml"
    spec.write_text(text, encoding="utf-8")
    list(lock_specs([], tmp_path, "derive"))
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    spec.write_text(text, encoding="utf-8")
    (result,) = check_specs([], tmp_path).specs
    assert (result.status, result.exit_code) == ("error", 1)
    notes = [note for note in result.problems[0].notes if note.startswith("since ")]
    assert notes == [f"since net.lock: {line}" for line in told]


def fail_somewhere(model: Model, random: Random) -> str:
    """The text of a model with a call at a place in it that fails."""
    lines = model.write().split("\n")
    starts = [
        number for number, line in enumerate(lines) if " = " in line.partition("#")[0] and "- v" in line
    ]
    place = random.choice(starts)
    value = lines[place].strip().removeprefix("- ").partition(" ")[0]
    indent = lines[place][: lines[place].index("-")]
    lines.insert(place + 1, f"{indent}- {value}.view(7, 11)")
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(40))
def test_a_call_that_fails_is_the_only_difference(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    while find_lock(model := draw_model(random)) is None:
        pass
    spec = tmp_path / "net.yaml"
    spec.write_text(model.write(), encoding="utf-8")
    list(lock_specs([], tmp_path, "derive"))
    spec.write_text(fail_somewhere(model, random), encoding="utf-8")
    (result,) = check_specs([], tmp_path).specs
    notes = [note for note in result.problems[0].notes if note.startswith("since ")]
    # Whether it stands before what comes next, or in the place of that, isn't known yet.
    assert len(notes) == 1, notes
    assert re.match(r"since net\.lock: (b\d\.)?view(_\d+)? .*\bview\(\w+, 7, 11\)", notes[0])
