"""``layercli trace``: each option, by what it prints."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
import torch

from tests.cli.conftest import Run

NET_ROWS = """\
Net   net.yaml · cpu · eval · N = 2
x     float32[2, 3]

  layer  type     output  params
  first  Linear   [2, 4]      16  61.5%
  relu   relu     [2, 4]
  drop   Dropout  [2, 4]
  last   Linear   [2, 2]      10  38.5%

26 parameters, all trainable · 104 B"""

NESTED = """\
inputs:
  x: [1, 4]
layers:
  body: 3 * Block(4)
  head: Linear(4, 2)
blocks:
  Block:
    params: {size: ~}
    inputs: [x]
    layers:
      fc: Linear(size, size)
    forward:
      - fc(x) + x
"""


def table(text: str) -> list[list[str]]:
    """The cells of the rows of a table."""
    lines = text.split("\n\n")[1].splitlines()
    return [line.split() for line in lines[1:]]


def header(text: str) -> str:
    return text.partition("\n")[0]


@pytest.fixture
def nested(folder: Path) -> str:
    (folder / "nested.yaml").write_text(NESTED)
    return "nested.yaml"


@pytest.mark.parametrize("name", ["net.yaml", "net", "./net.yaml"])
def test_a_spec_is_found_by_path_and_by_name(name: str, run: Run) -> None:
    result = run("trace", name)
    assert result.out.startswith(NET_ROWS)
    assert (result.code, result.err) == (0, "")


def test_what_stands_in_configs_and_what_is_bundled_is_found_by_name(folder: Path, run: Run) -> None:
    (folder / "configs").mkdir()
    (folder / "net.yaml").rename(folder / "configs" / "inner.yaml")
    assert header(run("trace", "inner").out) == "Net   configs/inner.yaml · cpu · eval · N = 2"
    assert header(run("trace", "tinymodel").out) == "TinyModel   tinymodel.yaml · cpu · eval"


def test_a_spec_with_windows_line_ends_is_the_same(folder: Path, run: Run) -> None:
    text = (folder / "net.yaml").read_text()
    (folder / "net.yaml").write_bytes(text.replace("\n", "\r\n").encode())
    assert run("trace", "net").out.startswith(NET_ROWS)
    wrong = text.replace("first: Linear", "first: Linaer").replace("\n", "\r\n")
    (folder / "net.yaml").write_bytes(wrong.encode())
    assert run("trace", "net").err.startswith(
        "error[unknown-layer]: there is no layer called Linaer\n"
        "  --> net.yaml:7:10\n"
        " 7 |   first: Linaer(3, width)\n"
        "   |          ^^^^^^\n"
        "help: did you mean Linear"
    )


def test_a_path_with_blanks_and_foreign_letters(folder: Path, run: Run) -> None:
    place = folder / "ein Ördner" / "nätz 網.yaml"
    place.parent.mkdir()
    (folder / "net.yaml").rename(place)
    assert (
        header(run("trace", "ein Ördner/nätz 網.yaml").out)
        == "Net   ein Ördner/nätz 網.yaml · cpu · eval · N = 2"
    )


# Options that change the model


def test_set_changes_a_param(run: Run) -> None:
    assert table(run("trace", "net", "--set", "width=8").out)[0] == [
        "first",
        "Linear",
        "[2,",
        "8]",
        "32",
        "64.0%",
    ]


def test_dim_changes_a_size(run: Run) -> None:
    result = run("trace", "net", "--dim", "N=5")
    assert header(result.out) == "Net   net.yaml · cpu · eval · N = 5"
    assert table(result.out)[-1] == ["last", "Linear", "[5,", "2]", "10", "38.5%"]


@pytest.mark.parametrize("sizes", ["7x3", "7,3", "[7, 3]"])
def test_input_changes_the_sizes_of_an_input_and_the_dims_in_them(sizes: str, run: Run) -> None:
    result = run("trace", "net", "--input", f"x={sizes}")
    assert header(result.out) == "Net   net.yaml · cpu · eval · N = 7"
    assert "x     float32[7, 3]" in result.out


@pytest.mark.parametrize(("option", "mode"), [("--train", "train"), ("--eval", "eval")])
def test_the_mode(option: str, mode: str, run: Run) -> None:
    assert header(run("trace", "net", option).out) == f"Net   net.yaml · cpu · {mode} · N = 2"


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_the_device(device: str, run: Run) -> None:
    result = run("trace", "net", "--device", device)
    assert result.out.startswith(NET_ROWS.replace("cpu", device))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
@pytest.mark.parametrize("device", ["cuda", "cuda:0"])
def test_a_cuda_device(device: str, run: Run) -> None:
    result = run("trace", "net", "--device", device)
    assert "cuda" in header(result.out)
    assert table(result.out) == table(NET_ROWS)
    assert run("trace", "net", "--device", f"cuda:{torch.cuda.device_count()}").code == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_cuda_device_that_is_not_there(run: Run) -> None:
    result = run("trace", "net", "--device", "cuda")
    assert result.err.startswith("error[no-such-device]: there is no device cuda here\nhelp: there is cpu")
    assert (result.code, result.out) == (2, "")


def test_the_seed_decides_the_values(run: Run) -> None:
    def outputs(*arguments: str) -> str:
        return run("trace", "net", "--values", "--layer", "last", *arguments).out

    assert outputs("--seed", "3") == outputs("--seed", "3")
    assert outputs("--seed", "0") == outputs()
    assert outputs("--seed", "3") != outputs("--seed", "4")


# Options that change what is shown


def test_columns_are_added(run: Run) -> None:
    lines = run("trace", "net", "--columns", "input,source").out.splitlines()
    assert lines[3:5] == [
        "  layer  type     output  params         input   source",
        "  first  Linear   [2, 4]      16  61.5%  [2, 3]  net.yaml:7:10",
    ]


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ([], ["body", "0 to 2", "fc", "add", "head"]),
        (["--no-fold"], ["body", "0", "fc", "add", "1", "fc", "add", "2", "fc", "add", "head"]),
        (["--depth", "1"], ["body", "head"]),
        (["--depth", "2", "--no-fold"], ["body", "0", "1", "2", "head"]),
        (["--layers-only"], ["body", "0 to 2", "fc", "head"]),
    ],
)
def test_which_rows_are_shown(options: list[str], paths: list[str], nested: str, run: Run) -> None:
    result = run("trace", nested, *options)
    rows = result.out.split("\n\n")[1].splitlines()[1:]
    assert [row.strip().split("  ")[0].removeprefix("body.") for row in rows] == paths


def test_values_are_printed_as_pytorch_prints_them(run: Run) -> None:
    result = run("trace", "linear", "--values", "--params", "--seed", "1")
    assert "\nlin   Linear(3, 2)\n  input  float32[1, 3]\n    tensor([[" in result.out
    assert "  parameter weight  float32[2, 3]\n    Parameter containing:\n    tensor([[" in result.out
    assert "  output  float32[1, 2]\n    tensor([[" in result.out


def test_values_of_one_layer(run: Run) -> None:
    result = run("trace", "net", "--layer", "last")
    sections = result.out.removeprefix(result.out.partition("\nlast ")[0])
    assert sections.startswith("\nlast   Linear(4, 2)\n  input  float32[2, 4]\n")
    assert "first   Linear" not in result.out


def test_stats_add_four_numbers(run: Run) -> None:
    result = run("trace", "net", "--stats", "--layer", "drop")
    lines = [line.split()[::2] for line in result.out.splitlines() if line.startswith("    mean ")]
    assert lines == [["mean", "std", "min", "max"]] * 2


def test_repeat_draws_two_masks(run: Run) -> None:
    result = run("trace", "dropout", "--layer", "dropout", "--repeat", "2")
    first, second = result.out.split("\nrun 1\n")[1].split("\nrun 2\n")
    assert first.split("output")[0] == second.split("output")[0]
    assert first != second


# Formats and files


def test_json(run: Run) -> None:
    data = json.loads(run("trace", "net", "--format", "json").out)
    assert data["version"] == 1
    assert [row["path"] for row in data["rows"]] == ["first", "relu", "drop", "last"]
    assert data["totals"]["parameters"] == 26


def test_csv(run: Run) -> None:
    rows = list(csv.DictReader(run("trace", "net", "-f", "csv").out.splitlines()))
    assert [(row["path"], row["output"], row["parameters"]) for row in rows] == [
        ("first", "float32[2, 4]", "16"),
        ("relu", "float32[2, 4]", "0"),
        ("drop", "float32[2, 4]", "0"),
        ("last", "float32[2, 2]", "10"),
    ]


def test_markdown(run: Run) -> None:
    assert "| `first` | `Linear` | `[2, 4]` | 16 | 61.5% |\n" in run("trace", "net", "-f", "markdown").out


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown"])
def test_a_file_gets_what_a_pipe_would(format_: str, folder: Path, run: Run) -> None:
    shown = run("trace", "net", "-f", format_).out
    result = run("trace", "net", "-f", format_, "--output", "out.txt")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert (folder / "out.txt").read_text("utf-8") == shown


def test_a_file_is_not_coloured_nor_cut_to_the_terminal(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    run("trace", "net", "--output", "out.txt")
    assert (folder / "out.txt").read_text("utf-8").startswith(NET_ROWS)


# Failures


def test_a_forward_that_fails_shows_its_rows_first(run: Run) -> None:
    result = run("trace", "net", "--input", "x=1x5")
    assert result.out.splitlines()[3:] == [
        "  layer  type    output          params",
        "x first  Linear  needs 3, got 5      16",
    ]
    assert "error[" in result.err
    assert "--> net.yaml:11:10" in result.err
    assert "float32[1, 5]" in result.err
    assert "Traceback" not in result.err
    assert result.code == 1


def test_a_forward_that_fails_itself_is_a_row(folder: Path, run: Run) -> None:
    text = "name: Net\ninputs: {x: [2, 3]}\nlayers: {}\nforward: |\n  a, b, c = x.shape\n  return x\n"
    (folder / "early.yaml").write_text(text)
    for option in ("--run", "--static"):
        result = run("trace", "early", option)
        assert result.out.splitlines()[3:] == [
            "  layer    type  output      params",
            "x forward  Net   got [2, 3]",
        ]


def test_a_layer_that_is_never_called_is_a_warning(folder: Path, run: Run) -> None:
    text = (folder / "net.yaml").read_text()
    (folder / "net.yaml").write_text(text.replace("  - drop\n", ""))
    result = run("trace", "net")
    assert result.code == 0
    assert "warning[unused-layer]: the layer drop is never called\n  --> net.yaml:8:3\n" in result.err


def test_an_uncalled_layer_is_warned_of_once_and_without_its_inner_ones(folder: Path, run: Run) -> None:
    (folder / "net.yaml").write_text(
        "inputs: {x: [1, 3]}\n"
        "blocks:\n"
        "  Block:\n"
        "    inputs: [x]\n"
        "    layers:\n"
        "      used: Linear(3, 3)\n"
        "      spare: Linear(3, 3)\n"
        "    forward:\n"
        "      - used\n"
        "layers:\n"
        "  stage:\n"
        "    a: Linear(3, 3)\n"
        "    b: Linear(3, 3)\n"
        "  blocks: 2 * Block()\n"
        "  head: Block()\n"
        "forward:\n"
        "  - blocks\n"
    )
    result = run("trace", "net")
    assert result.code == 0
    told = re.findall(r"the layer (\S+) is never called\n +--> net.yaml:(\d+:\d+)", result.err)
    assert told == [("stage", "11:3"), ("blocks.0.spare", "7:7"), ("head", "15:3")]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["none"], "error[unknown-spec]: there is no spec called none"),
        (["nett"], "help: did you mean net"),
        (["./none.yaml"], "error[missing-file]: there is no file ./none.yaml"),
        (["."], "error[is-folder]: . is a folder, not a spec\nhelp: name a file in it, such as ./net.yaml"),
        (["net", "--set", "width"], "error[usage]: --set width is not of the form NAME=VALUE\nhelp: write --set width=64"),
        (["net", "--set", "wdth=8"], "error[unknown-param]: --set wdth: the spec has no param wdth\nhelp: did you mean width?"),
        (["net", "--set", "width=1", "--set", "width=2"], "error[usage]: --set sets width twice"),
        (["net", "--set", "width='a'"], "error[wrong-kind]: "),
        (["net", "--dim", "N"], "error[usage]: --dim N is not of the form NAME=VALUE\nhelp: write --dim N=32"),
        (["net", "--dim", "N=x"], "error[usage]: --dim N: 'x' is no size\nhelp: write --dim N=32"),
        (["net", "--dim", "N=-1"], "error[usage]: --dim N: '-1' is no size"),
        (["net", "--dim", "M=5"], "error[unknown-dim]: --dim M: the spec has no dim M\nhelp: it has N"),
        (["net", "--dim", "width=5"], "error[unknown-dim]: --dim width: the spec has no dim width\nhelp: width is a param; write --set width=..."),
        (["net", "--set", "N=5"], "error[unknown-param]: --set N: the spec has no param N\nhelp: N is a dim; write --dim N=..."),
        (["net", "--set", "x=5"], "error[unknown-param]: --set x: the spec has no param x\nhelp: x is an input; write --input x=..."),
        (["net", "--input", "x=axb"], "error[usage]: --input x: 'a' is no size\nhelp: write --input x=4x1x32x32"),
        (["net", "--input", "y=7"], "error[unknown-input]: --input y: the spec has no input y\nhelp: it has x"),
        (["net", "--device", "gpu"], "error[unknown-device]: there is no kind of device gpu"),
        (["net", "--format", "jsn"], "error[usage]: --format can't be jsn\nhelp: did you mean json?"),
        (["net", "--format", "xyz"], "error[usage]: --format can't be xyz\nhelp: it is table, json, csv or markdown"),
        (["net", "--columns", "inputs"], "error[unknown-column]: there is no column called inputs\nhelp: did you mean input"),
        (["net", "--seed", "x"], "error[usage]: --seed x is no whole number\nhelp: write --seed 0"),
        (["net", "--seed", "-1"], "error[usage]: --seed has to be at least 0, not -1"),
        (["net", "--seed", "9223372036854775808"], "error[usage]: --seed has to be at most 9,223,372,036,854,775,807"),
        (["net", "--depth", "0"], "error[usage]: --depth has to be at least 1, not 0"),
        (["net", "--repeat", "1001"], "error[usage]: --repeat has to be at most 1,000, not 1001"),
        (["net", "--layer", "lst"], "error[unknown-path]: the model has no layer lst\nhelp: did you mean last?"),
        (["net", "--values", "--device", "meta"], "error[no-values]: on the meta device tensors have no values"),
        (["net", "-o", "none/out"], "error[unwritable]: can't write none/out: its folder is not there"),
        (["net", "-o", "."], "error[usage]: --output . is a folder\nhelp: name a file in it: -o ./trace.json\n"),
        (["net", "-o", "out/"], "error[usage]: --output out/ is a folder\n"),
        (["net", "--repeat", "2"], "error[usage]: --repeat needs --values or --stats\n"),
        (["vit"], "did you mean vit-base-patch16-224?"),
        (
            ["llama-70b", "--values"],
            "error[out-of-memory]: the parameters alone take 131 GiB, more than the limit of 16 GiB\n"
            "help: leave values out, then it runs on meta; --limit memory=N allows more\n",
        ),
        (["gpt2", "--device", "cpu", "--limit", "memory=400"], "the parameters alone take 622 MiB"),
    ],
)  # fmt: skip
def test_what_can_not_be_done_is_told_with_exit_code_2(arguments: list[str], error: str, run: Run) -> None:
    result = run("trace", *arguments)
    assert error in result.err
    assert (result.code, result.out) == (2, "")


def test_the_greatest_seed_is_taken(run: Run) -> None:
    assert run("trace", "net", "--seed", str(2**63 - 1)).code == 0
