"""``layercli dims`` and ``layercli trace --symbolic``: what they print and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

LENET = """\
name: LeNet
dims: {N: 1, H: 32, W: 32}
inputs:
  x: [N, 1, H, W]
layers:
  conv1: Conv2d(1, 6, 5)
  conv2: Conv2d(6, 16, 3)
  fc1: Linear(16 * 6 * 6, 10)
forward:
  - x = max_pool2d(relu(conv1(x)), 2)
  - x = max_pool2d(relu(conv2(x)), 2)
  - fc1(x.flatten(1))
"""

DIMS = """\
LeNet   lenet.yaml · eval

N = 1    any size
H = 32   32 to 35
    fc1 needs 96 * ((H - 8) // 4) = 576
W = 32   32 to 35
    fc1 needs 96 * ((W - 8) // 4) = 576

all dims together
    max_pool2d_1 needs (H - 8) // 4 >= 1
    max_pool2d_1 needs (W - 8) // 4 >= 1
    fc1 needs 16 * ((H - 8) // 4) * ((W - 8) // 4) = 576
"""

TRACE = """\
LeNet   lenet.yaml · derived · eval · N = 1 · H = 32 · W = 32
x       float32[N, 1, H, W]

  layer         type        output                                     params
  conv1         Conv2d      [N, 6, H - 4, W - 4]                          156   2.3%
  relu          relu        [N, 6, H - 4, W - 4]
  max_pool2d    max_pool2d  [N, 6, (H - 4) // 2, (W - 4) // 2]
  conv2         Conv2d      [N, 16, (H - 8) // 2, (W - 8) // 2]           880  12.9%
  relu_1        relu        [N, 16, (H - 8) // 2, (W - 8) // 2]
  max_pool2d_1  max_pool2d  [N, 16, (H - 8) // 4, (W - 8) // 4]
  flatten       flatten     [N, 16 * ((H - 8) // 4) * ((W - 8) // 4)]
  fc1           Linear      [N, 10]                                     5,770  84.8%
"""

NOTES = """\
note: max_pool2d_1 needs (H - 8) // 4 >= 1
note: max_pool2d_1 needs (W - 8) // 4 >= 1
note: fc1 needs 16 * ((H - 8) // 4) * ((W - 8) // 4) = 576
"""


@pytest.fixture
def lenet(folder: Path) -> str:
    (folder / "lenet.yaml").write_text(LENET, "utf-8")
    return "lenet.yaml"


def test_dims(lenet: str, run: Run) -> None:
    result = run("dims", lenet)
    assert (result.code, result.err) == (0, "")
    assert result.out == DIMS


def test_dims_with_another_size(lenet: str, run: Run) -> None:
    result = run("dims", lenet, "--dim", "W=40", "--format", "json")
    data = json.loads(result.out)
    assert data["dims"]["N"]["accepted"] == []
    assert data["dims"]["H"]["accepted"] == []
    assert data["dims"]["W"] == {
        "size": 40,
        "accepted": [[32, 35, 1]],
        "because": [{"path": "fc1", "needs": "96 * ((W - 8) // 4) == 576"}],
    }
    assert data["dims"]["N"]["because"] == []
    assert data["together"] is None
    assert data["refusal"] == "fc1 expects 576 features in the last dimension and got 768: float32[1, 768]"
    assert "[32, 35, 1]" in result.out


def test_dims_of_a_model_without(folder: Path, run: Run) -> None:
    (folder / "plain.yaml").write_text(
        "name: Net\ninputs:\n  x: [2, 3]\nlayers:\n  fc: Linear(3, 4)\n", "utf-8"
    )
    for command in (("dims",), ("trace", "--symbolic")):
        result = run(*command, "plain.yaml")
        assert result.code == 2
        assert result.err == (
            "error[no-dims]: plain.yaml has no dims, so nothing depends on one\n"
            "help: name its sizes: dims: {N: 1} and [N, 3] in inputs\n"
        )


def test_symbolic_trace(lenet: str, run: Run) -> None:
    result = run("trace", lenet, "--static", "--symbolic")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(TRACE)
    assert result.out.endswith(NOTES)
    assert run("trace", lenet, "--symbolic").out == result.out


def test_symbolic_json(lenet: str, run: Run) -> None:
    data = json.loads(run("trace", lenet, "--symbolic", "--format", "json").out)
    assert data["rows"][0]["output"] == {
        "dtype": "float32",
        "shape": [1, 6, 28, 28],
        "symbolic": ["N", 6, "H - 4", "W - 4"],
    }
    assert data["requirements"][-1] == {
        "path": "fc1",
        "needs": "16 * ((H - 8) // 4) * ((W - 8) // 4) == 576",
    }
    for option in ("--static", "--run", "--verify"):
        other = json.loads(run("trace", lenet, option, "--format", "json").out)
        assert other["rows"][0]["output"] == data["rows"][0]["output"]
        assert other["requirements"] == data["requirements"]
        assert "[1, 6, 28, 28]" in run("trace", lenet, option).out


def test_symbols_need_a_derivation(lenet: str, run: Run) -> None:
    for option in ("--run", "--verify"):
        result = run("trace", lenet, "--symbolic", option)
        assert result.code == 2
        assert "formulas are derived" in result.err
