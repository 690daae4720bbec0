"""A layer or operation that fails: the rows up to it, then what failed, where, on what, and what PyTorch says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import layercli
from layercli.cli.main import main
from layercli.trace.failure import TraceFailed

LAYER = """\
inputs: {x: [1, 1, 28, 28]}
layers:
  conv1: Conv2d(1, 6, 5)
  pool: MaxPool2d(2)
  fc1: Linear(6 * 14 * 14, 10)
forward:
  - x = pool(relu(conv1(x)))
  - x = x.flatten(1)
  - fc1(x)
"""

LAYER_SHOWN = """\
mlp   mlp.yaml · cpu · eval
x     float32[1, 1, 28, 28]

  layer    type       output               params
  conv1    Conv2d     [1, 6, 24, 24]          156
  relu     relu       [1, 6, 24, 24]
  pool     MaxPool2d  [1, 6, 12, 12]
  flatten  flatten    [1, 864]
x fc1      Linear     needs 1176, got 864  11,770
"""

LAYER_ERROR = """
error[shape-mismatch]: fc1 expects 1176 features in the last dimension and got 864: float32[1, 864]
  --> mlp.yaml:9:5
 9 |   - fc1(x)
   |     ^^^^^^ x is float32[1, 864]
  --> mlp.yaml:5:15
 5 |   fc1: Linear(6 * 14 * 14, 10)
   |               ^^^^^^^^^^^ in_features is 1176
   = 864 is 6 * 12 * 12, flattened at line 8 from pool, [1, 6, 12, 12]
   = 6 is out_channels of conv1, Conv2d(1, 6, 5) at line 3
   = PyTorch: mat1 and mat2 shapes cannot be multiplied (1x864 and 1176x10)
help: write fc1: Linear(6 * 12 * 12, 10)   (tried: the model then runs)
help: or give x the size [1, 1, 32, 32]   (tried: the model then runs)
"""

NESTED = """\
inputs: {x: [2, 8]}
layers:
  stem: Linear(8, 16)
  body: 2 * Residual(16)
  head: Linear(16, 4)
blocks:
  Residual:
    params: {width: ~}
    inputs: [x]
    layers:
      net:
        norm: LayerNorm(width)
        up: Linear(width, 32)
        act: GELU()
        down: Linear(16, width)
    forward:
      - x + net(x)
"""

NESTED_SHOWN = """\
nested   nested.yaml · cpu · eval
x        float32[2, 8]

  layer       type        output            params
  stem        Linear      [2, 16]              144
  body        Sequential
    0         Residual
      net     Sequential
        norm  LayerNorm   [2, 16]               32
        up    Linear      [2, 32]              544
        act   GELU        [2, 32]
x       down  Linear      needs 16, got 32     272
"""

NESTED_ERROR = """
error[shape-mismatch]: body.0.net.down expects 16 features in the last dimension and got 32: float32[2, 32]
   --> nested.yaml:17:13
 17 |       - x + net(x)
    |             ^^^^^^ body.0.net.down gets float32[2, 32]
   --> nested.yaml:15:22
 15 |         down: Linear(16, width)
    |                      ^^ in_features is 16
    = in body.0 (Residual), made at nested.yaml:4:13
    = 32 is out_features of body.0.net.up, Linear(16, 32) at line 13
    = PyTorch: mat1 and mat2 shapes cannot be multiplied (2x32 and 16x16)
help: write down: Linear(32, width)   (tried: the model then runs)
help: or write up: Linear(width, 16)   (tried: the model then runs)
"""

OPERATION = """\
inputs: {x: [1, 3, 8, 8]}
layers:
  branch: Branch(3, 6)
blocks:
  Branch:
    params: {inside: ~, outside: ~}
    inputs: [x]
    layers:
      conv: Conv2d(inside, outside, 3, padding=1)
      norm: BatchNorm2d(outside)
    forward: |
      y = norm(conv(x))
      return relu(x + y)
"""

OPERATION_SHOWN = """\
add   add.yaml · cpu · eval
x     float32[1, 3, 8, 8]

  layer   type         output                          params
  branch  Branch
    conv  Conv2d       [1, 6, 8, 8]                       168
    norm  BatchNorm2d  [1, 6, 8, 8]                        12
x   add   add          got [1, 3, 8, 8], [1, 6, 8, 8]
"""

OPERATION_ERROR = """
error[shape-mismatch]: add in branch can't broadcast [1, 3, 8, 8] and [1, 6, 8, 8]: 3 and 6 differ
   --> add.yaml:13:19
 13 |       return relu(x + y)
    |                   ^^^^^ x is float32[1, 3, 8, 8], y is float32[1, 6, 8, 8]
    = in branch (Branch), made at add.yaml:3:11
    = 3 is a size of the input x, [1, 3, 8, 8]
    = 6 is out_channels of branch.conv, Conv2d(3, 6, 3, padding=1) at line 9
    = PyTorch: The size of tensor a (3) must match the size of tensor b (6) at non-singleton dimension 1
help: write branch: Branch(3, 3)   (tried: the model then runs)
help: or add the layer shortcut: Conv2d(inside, outside, 1) and write return relu(shortcut(x) + y)   (tried: the model then runs)
"""


@pytest.mark.parametrize(
    ("name", "spec", "shown", "error"),
    [
        ("mlp", LAYER, LAYER_SHOWN, LAYER_ERROR),
        ("nested", NESTED, NESTED_SHOWN, NESTED_ERROR),
        ("add", OPERATION, OPERATION_SHOWN, OPERATION_ERROR),
    ],
)
def test_rows_and_then_the_error(
    name: str,
    spec: str,
    shown: str,
    error: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    Path(f"{name}.yaml").write_text(spec)
    assert main(["trace", f"{name}.yaml"]) == 1
    told = capsys.readouterr()
    assert told.out == shown
    assert told.err == error


def test_json_has_the_rows_that_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mlp.yaml").write_text(LAYER)
    assert main(["trace", "mlp.yaml", "--format", "json"]) == 1
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["path"] for row in rows] == ["conv1", "relu", "pool", "flatten", "fc1"]
    assert [row["output"] is None for row in rows] == [False, False, False, False, True]


def test_the_exception_has_the_trace(tmp_path: Path) -> None:
    path = tmp_path / "mlp.yaml"
    path.write_text(LAYER)
    with pytest.raises(TraceFailed) as caught:
        layercli.trace(path)
    trace = caught.value.trace
    assert trace.failed
    assert [row.finished for row in trace.rows] == [True, True, True, True, False]
    lines = str(caught.value).split("\n")
    sentence = r"fc1 expects 1176 features in the last dimension and got 864: float32\[1, 864\]"
    assert re.fullmatch(rf"\S*mlp\.yaml:\d+:\d+: {sentence}", lines[0])
    assert lines[1].startswith("  PyTorch: mat1 and mat2 shapes cannot be multiplied")


def test_a_model_runs_again_after_a_failure(tmp_path: Path) -> None:
    """The same plan with an input that fits: nothing of the failure is left."""
    path = tmp_path / "mlp.yaml"
    path.write_text(LAYER)
    with pytest.raises(TraceFailed):
        layercli.trace(path)
    trace = layercli.trace(path, inputs={"x": [1, 1, 32, 32]})
    assert not trace.failed
    assert [row.path for row in trace.rows] == ["conv1", "relu", "pool", "flatten", "fc1"]
