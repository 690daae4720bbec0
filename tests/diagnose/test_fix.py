"""``layercli trace --fix``: the first mend is shown and written, and the file is else as it was."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from layercli.cli.main import main
from tests.apart import drop_powers, run_apart

NET = """\
# A net with a mistake.
inputs:   {x: [1, 1, 28, 28]}

layers:
  conv1: Conv2d(1, 6, 5)      # 24 by 24
  pool:  MaxPool2d(2)
  fc1:   Linear(6 * 14 * 14, 10)   # the mistake
forward:
  - x = pool(relu(conv1(x)))
  - x = x.flatten(1)
  - fc1(x)
"""

MENDED = NET.replace("6 * 14 * 14", "6 * 12 * 12")

SHOWN = """\
error[shape-mismatch]: fc1 expects 1176 features in the last dimension and got 864: float32[1, 864]
   --> net.yaml:11:5
 11 |   - fc1(x)
    |     ^^^^^^ x is float32[1, 864]
   --> net.yaml:7:17
  7 |   fc1:   Linear(6 * 14 * 14, 10)   # the mistake
    |                 ^^^^^^^^^^^ in_features is 1176
    = 864 is 6 * 12 * 12, flattened at line 10 from pool, [1, 6, 12, 12]
    = 6 is out_channels of conv1, Conv2d(1, 6, 5) at line 5
help: write fc1: Linear(6 * 12 * 12, 10)   (tried: the model then runs)

--- net.yaml
+++ net.yaml
@@ -5,5 +5,5 @@
   conv1: Conv2d(1, 6, 5)      # 24 by 24
   pool:  MaxPool2d(2)
-  fc1:   Linear(6 * 14 * 14, 10)   # the mistake
+  fc1:   Linear(6 * 12 * 12, 10)   # the mistake
 forward:
   - x = pool(relu(conv1(x)))

"""

TRACE = """\
net   net.yaml · derived · eval
x     float32[1, 1, 28, 28]

  layer    type       output          params
  conv1    Conv2d     [1, 6, 24, 24]     156   1.8%
  relu     relu       [1, 6, 24, 24]
  pool     MaxPool2d  [1, 6, 12, 12]
  flatten  flatten    [1, 864]
  fc1      Linear     [1, 10]          8,650  98.2%

8,806 parameters, all trainable · 34.4 KiB · 95,040 MACs
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    return path


def test_the_mend_is_shown_and_written(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 0
    told = capsys.readouterr()
    assert told.err == SHOWN
    assert told.out == TRACE
    assert net.read_text() == MENDED
    assert os.listdir(net.parent) == ["net.yaml"]


def test_without_being_asked_nothing_is_written(net: Path) -> None:
    before = net.stat()
    assert main(["trace", "net.yaml", "--static"]) == 1
    assert net.read_text() == NET
    assert net.stat().st_mtime_ns == before.st_mtime_ns


def test_with_nothing_to_mend_it_says_so(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net.write_text(MENDED)
    before = net.stat()
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 0
    told = capsys.readouterr()
    assert told.err == "note[nothing-to-mend]: nothing to mend: net.yaml runs\n\n"
    assert told.out == TRACE
    assert net.stat().st_mtime_ns == before.st_mtime_ns


def test_without_a_known_mend_it_says_so(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "inputs: {x: [2, 8]}\nlayers: {emb: 'Embedding(4, 2, padding_idx=7)'}\n"
    net.write_text(text)
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("note[no-mend]: no mend of net.yaml is known, and nothing was changed\n")
    assert "error[invalid-argument]" in error
    assert net.read_text() == text


def test_a_spec_that_cant_be_read_is_not_changed(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "inputs: {x: [2, 8]}\nlayers: {fc: 'Linaer(8, 2)'}\n"
    net.write_text(text)
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("note[no-mend]: no mend of net.yaml is known, and nothing was changed\n\nerror[")
    assert net.read_text() == text


def test_one_mend_at_a_time(net: Path) -> None:
    net.write_text("inputs: {x: [4, 10]}\nlayers:\n  fc1: Linear(12, 20)\n  fc2: Linear(24, 5)\n")
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 1
    assert "fc1: Linear(10, 20)\n  fc2: Linear(24, 5)\n" in net.read_text()
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 0
    assert "fc1: Linear(10, 20)\n  fc2: Linear(20, 5)\n" in net.read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NET.replace("\n", "\r\n").encode(), MENDED.replace("\n", "\r\n").encode()),
        (b"\xef\xbb\xbf" + NET.encode(), b"\xef\xbb\xbf" + MENDED.encode()),
        (NET.rstrip("\n").encode(), MENDED.rstrip("\n").encode()),
        (NET.replace("mistake", "größte").encode(), MENDED.replace("mistake", "größte").encode()),
        (
            NET.replace("Linear(6 * 14 * 14, 10)", "'Linear(6 * 14 * 14, 10)'").encode(),
            MENDED.replace("Linear(6 * 12 * 12, 10)", "'Linear(6 * 12 * 12, 10)'").encode(),
        ),
    ],
    ids=["carriage returns", "byte order mark", "no last line end", "other letters", "quotes"],
)
def test_every_byte_but_those_of_the_mend_stays(net: Path, before: bytes, after: bytes) -> None:
    net.write_bytes(before)
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 0
    assert net.read_bytes() == after


def test_permissions_stay(net: Path) -> None:
    net.chmod(0o640)
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 0
    assert net.stat().st_mode & 0o777 == 0o640


def test_a_missing_flatten_comes_into_both_places(net: Path) -> None:
    net.write_text(
        "inputs: {x: [2, 1, 28, 28]}\nlayers:\n  # the only one\n  fc: Linear(784, 10)\nforward:\n  - fc\n  - relu\n"
    )
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 0
    assert net.read_text() == (
        "inputs: {x: [2, 1, 28, 28]}\nlayers:\n  # the only one\n  flatten: Flatten()\n  fc: Linear(784, 10)\n"
        "forward:\n  - flatten\n  - fc\n  - relu\n"
    )


def test_a_block_of_another_file_is_mended_there(net: Path) -> None:
    blocks = net.with_name("blocks.yaml")
    blocks.write_text(
        "blocks:\n  Head:\n    inputs: [x]\n    layers:\n      fc: Linear(8, 2)\n    forward: [fc(x)]\n"
    )
    text = "inputs: {x: [2, 10]}\nimports: {Head: blocks.yaml}\nlayers: {head: Head()}\n"
    net.write_text(text)
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 0
    assert net.read_text() == text
    assert "fc: Linear(10, 2)\n" in blocks.read_text()


# Refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet"], "lenet.yaml is bundled with layercli, and --fix changes files of yours only"),
        (["net.yaml", "--input", "x=1x1x30x30"], "so it goes without --input"),
        (["wide.yaml", "--set", "width=3"], "so it goes without --set"),
        (["wide.yaml", "--dim", "N=3"], "so it goes without --dim"),
    ],
)
def test_what_isnt_the_spec_as_it_stands_is_refused(
    net: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = net.with_name("wide.yaml")
    wide.write_text(
        "params: {width: 8}\ndims: {N: 1}\ninputs: {x: [N, 9]}\nlayers:\n  fc: Linear(width, 2)\n"
    )
    texts = {path: path.read_text() for path in (net, wide)}
    assert main(["trace", *arguments, "--fix", "--static"]) == 2
    assert message in capsys.readouterr().err
    assert {path: path.read_text() for path in texts} == texts


def test_a_link_is_not_written(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = net.with_name("link.yaml")
    link.symlink_to(net.name)
    assert main(["trace", "link.yaml", "--fix", "--static"]) == 2
    assert "link.yaml is a link, so it is not written" in capsys.readouterr().err
    assert net.read_text() == NET
    assert link.is_symlink()


def test_a_file_that_changed_meanwhile_is_not_written(
    net: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from layercli.cli import fix

    draw = fix.draw_difference

    def change_and_draw(name: str, old: str, new: str, *, color: bool) -> str:
        net.write_text(NET + "# more\n")
        return draw(name, old, new, color=color)

    monkeypatch.setattr(fix, "draw_difference", change_and_draw)
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 2
    assert "net.yaml has changed since it was read, so it is not written" in capsys.readouterr().err
    assert net.read_text() == NET + "# more\n"


def test_a_folder_that_may_not_be_written(net: Path) -> None:
    net.parent.chmod(0o500)
    try:
        ending = run_apart("trace", "net.yaml", "--fix", "--static", folder=net.parent, prepare=drop_powers)
    finally:
        net.parent.chmod(0o700)
    assert ending.code == 2
    assert "can't write net.yaml" in ending.err
    assert net.read_text() == NET


def test_colours(net: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["trace", "net.yaml", "--fix", "--static"]) == 0
    error = capsys.readouterr().err
    assert "\x1b[31m-  fc1:   Linear(6 * 14 * 14, 10)   # the mistake\x1b[0m\n" in error
    assert "\x1b[32m+  fc1:   Linear(6 * 12 * 12, 10)   # the mistake\x1b[0m\n" in error


# For programs ----------------------------------------------------------------------------------------------


def test_json_has_the_problem_and_its_mends(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "net.yaml", "--static", "--format", "json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert [row["path"] for row in data["rows"]] == ["conv1", "relu", "pool", "flatten", "fc1"]
    (problem,) = data["problems"]
    assert problem["code"] == "shape-mismatch"
    assert problem["source"] == {"file": "net.yaml", "line": 11, "column": 5, "end_column": 11}
    assert problem["labels"] == [
        {
            "source": {"file": "net.yaml", "line": 7, "column": 17, "end_column": 28},
            "text": "in_features is 1176",
        }
    ]
    first, second = problem["mends"]
    assert first["message"] == "write fc1: Linear(6 * 12 * 12, 10)"
    assert first["outcome"] == "the model then runs"
    lines = net.read_text().splitlines()
    for edit in reversed(first["edits"]):
        place = edit["source"]
        line, start = lines[place["line"] - 1], place["column"] - 1
        lines[place["line"] - 1] = line[:start] + edit["text"] + line[place["end_column"] - 1 :]
    assert "\n".join(lines) + "\n" == MENDED
    assert second["message"] == "give x the size [1, 1, 32, 32]"
