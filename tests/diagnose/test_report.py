"""The whole report of a shape that doesn't fit, at three widths: the rows that ran, the failing one, the problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from layercli.cli.main import main

NET = """\
name: Tagger
params: {hidden: 32}
inputs:
  sentence: randint(0, 100, (1, 12))
layers:
  embedding: Embedding(100, 24)
  encoder: 2 * Layer(24, hidden)
  head: Linear(2 * hidden, 5)
blocks:
  Layer:
    params: {inside: ~, outside: ~}
    inputs: [x]
    layers:
      feed_forward: Sequential(Linear(inside, outside), GELU(), Linear(outside, inside + 4))
      norm: LayerNorm(inside)
    forward: |
      y = feed_forward(x)
      return norm(x + y)
"""

NARROW = """\
Tagger     tagger.yaml · derived · eval
sentence   int64[1, 12]

  layer             type        output       params
  embedding         Embedding   [1, 12, 24]   2,400
  encoder           Sequential
    0               Layer
      feed_forward  Sequential  [1, 12, 28]
        0           Linear      [1, 12, 32]     800
        1           GELU        [1, 12, 32]
        2           Linear      [1, 12, 28]     924
x     add           add
          got [1, 12, 24], [1, 12, 28]
"""

WIDE = """\
Tagger     tagger.yaml · derived · eval
sentence   int64[1, 12]

  layer             type        output                        params
  embedding         Embedding   [1, 12, 24]                    2,400
  encoder           Sequential
    0               Layer
      feed_forward  Sequential  [1, 12, 28]
        0           Linear      [1, 12, 32]                      800
        1           GELU        [1, 12, 32]
        2           Linear      [1, 12, 28]                      924
x     add           add         got [1, 12, 24], [1, 12, 28]
"""

PROBLEM = """
error[shape-mismatch]: add in encoder.0 can't broadcast [1, 12, 24] and [1, 12, 28]: 24 and 28 differ
   --> tagger.yaml:18:19
 18 |       return norm(x + y)
    |                   ^^^^^ x is float32[1, 12, 24], y is float32[1, 12, 28]
    = in encoder.0 (Layer), made at tagger.yaml:7:16
    = 24 is embedding_dim of embedding, Embedding(100, 24) at line 6
    = 28 is out_features of encoder.0.feed_forward.2, Linear(32, 28) at line 14
help: write feed_forward: Sequential(Linear(inside, outside), GELU(), Linear(outside, inside))   (tried: the model then gets as far as head)
"""


@pytest.fixture(autouse=True)
def tagger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tagger.yaml").write_text(NET)


TABLES = {60: NARROW, 80: WIDE, 120: WIDE}


@pytest.mark.parametrize("width", TABLES)
def test_the_report(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["trace", "tagger.yaml", "--static"]) == 1
    told = capsys.readouterr()
    assert told.out == TABLES[width]
    assert told.err == PROBLEM
