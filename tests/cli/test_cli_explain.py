"""``layercli explain``: what it prints and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CONV1 = """\
conv1   Conv2d(1, 6, 5)   configs/lenet.yaml:7:10

output  [1, 6, 28, 28]
        height 28 = floor((32 + 2*0 - 1*(5 - 1) - 1) / 1) + 1, width likewise
params  156 = 6*1*5*5 weights + 6 biases
MACs    117,600 = 28*28 positions * 6 channels * 1*5*5
FLOPs   239,904 = 2*117600 + 6*28*28
sees    5 x 5 of the input, one step apart
takes   expects 1 channel
        height 5 and more, width 5 and more
        expects float32 as its weight has
        expects [N, C, H, W] or [C, H, W]
dims    any N
"""

SHARED = """\
name: Shared
dims: {N: 2}
inputs:
  x: [N, 8]
  y: [N, 8]
layers:
  fc: Linear(8, 8)
  emb: Linear(8, 8)
  unused: Linear(8, 3)
tie:
  emb.weight: fc.weight
forward:
  - x = fc(x)
  - x = relu(fc(x) + y)
  - x = emb(x)
  - x.view(-1, 4)
"""


def write_shared(folder: Path) -> str:
    path = folder / "shared.yaml"
    path.write_text(SHARED, encoding="utf-8")
    return str(path)


def drop_place(text: str) -> str:
    """The output without the folder of the spec in its first line."""
    first, rest = text.split("\n", 1)
    return (
        "   ".join(part.rpartition("/")[2] if ".yaml" in part else part for part in first.split("   "))
        + "\n"
        + rest
    )


@pytest.mark.parametrize("width", [80, 120])
def test_explains_a_layer(run: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    result = run("explain", "lenet", "conv1")
    assert (result.code, result.err) == (0, "")
    assert drop_place(result.out) == drop_place(CONV1)


def test_breaks_lines_between_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    wide = "        height 28 = floor((32 + 2*0 - 1*(5 - 1) - 1) / 1) + 1, width likewise\n"
    narrow = "        height 28 = floor((32 + 2*0 - 1*(5 - 1) - 1) / 1) +\n          1, width likewise\n"
    assert drop_place(run("explain", "lenet", "conv1").out) == drop_place(CONV1.replace(wide, narrow))


def test_explains_an_operation(run: Run) -> None:
    lines = run("explain", "lenet", "max_pool2d_1").out.splitlines()
    assert lines[0].startswith("max_pool2d_1   max_pool2d(relu_1, 2)   ")
    assert lines[2:7] == [
        "output  [1, 16, 6, 6]",
        "        height 6 = floor((12 + 2*0 - 1*(2 - 1) - 1) / 2) + 1, width likewise",
        "params  none",
        "MACs    none",
        "FLOPs   1,728 = 16*6*6*(2*2 - 1)",
    ]
    assert "sees    12 x 12 of the input, 4 steps apart" in lines


def test_explains_what_has_layers_inside(run: Run) -> None:
    lines = run("explain", "unet", "down1").out.splitlines()
    assert "params  2,512 parameters, all trainable" in lines
    assert "sees    5 x 5 of the input, one step apart" in lines
    assert "  conv2   Conv2d       [1, 16, 64, 64]   2,304  9,437,184" in lines


def test_explains_the_model_by_its_parts(run: Run) -> None:
    out = run("explain", "gpt2").out
    assert "params  124,439,808 parameters, all trainable\nMACs    1,981,231,104\n" in out
    lines = run("explain", "gpt2", "transformer").out.splitlines()
    assert "  h.0 to h.11  12 x GPT2Block  [1, 16, 768]   7,087,872  113,639,424  each" in lines


def test_says_each_call_of_a_shared_layer(run: Run, tmp_path: Path) -> None:
    out = run("explain", write_shared(tmp_path), "fc").out
    assert "call 1, of x\noutput  [2, 8]\n" in out
    assert "\ncall 2, of fc\noutput  [2, 8]\n" in out
    assert out.count("params") == 1


def test_says_what_a_weight_is_tied_to_and_what_is_not_called(run: Run, tmp_path: Path) -> None:
    path = write_shared(tmp_path)
    assert "params  8 = 8 biases\ntied    emb.weight = fc.weight\n" in run("explain", path, "emb").out
    unused = run("explain", path, "unused").out
    assert "output  not called\nparams  27 = 3*8 weights + 3 biases\n" in unused
    view = run("explain", path, "view").out
    assert "output  [4, 4]\n        4 = 2*8/4\n" in view
    assert "sees    all of x\n        all of y\n" in view


def test_explains_a_layer_that_pytorch_makes(run: Run) -> None:
    lines = run("explain", "transformer-encoder", "layers.1.linear1").out.splitlines()
    assert lines[0].startswith("layers.1.linear1   Linear(512, 2048)   ")
    assert "params  1,050,624 = 2048*512 weights + 2048 biases" in lines
    assert "sees    all of the input" in lines


def test_puts_dims_into_formulas(run: Run) -> None:
    out = run("explain", "unet", "up2", "--symbolic").out
    assert "output  [N, 32, 2 * (H // 4), 2 * (W // 4)]\n" in out
    assert "        height 2 * (H // 4) = ((H // 4) - 1)*2 - 2*0 + 1*(2 - 1) + 0 + 1\n" in out
    assert "N samples * (H // 4)*(W // 4) positions * 64 channels" in out


def test_follows_options_of_the_model(run: Run) -> None:
    out = run("explain", "lenet", "fc1", "--dim", "N=7").out
    assert "MACs    483,840 = 7*120 outputs * 576\n" in out


def test_a_layer_before_the_one_that_fails(run: Run) -> None:
    good = run("explain", "lenet", "conv1", "--input", "x=2x1x40x36")
    assert good.code == 0
    assert "height 36 = floor((40 + 2*0 - 1*(5 - 1) - 1) / 1) + 1\n" in good.out
    bad = run("explain", "lenet", "fc1", "--input", "x=2x1x40x36")
    assert (bad.code, bad.out) == (1, "")
    assert "fc1 expects 576 features" in bad.err


@pytest.mark.parametrize("option", ["--run", "--verify"])
def test_compares_with_pytorch(run: Run, option: str) -> None:
    result = run("explain", "lenet", "conv1", option)
    assert result.code == 0
    assert result.out.endswith("dims    any N\n\nrun     PyTorch gives the same\n")


def test_explains_an_entry(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert (
        run("explain", "Conv2d").out
        == """\
Conv2d(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
    padding_mode='zeros', *, dtype=None)
Slides learned filters over the two spatial dimensions of [N, C, H, W].

input   [N, C_in, H_in, W_in]
output  [N, out_channels, H_out, W_out]
        H_out = floor((H_in + 2*padding - dilation*(kernel_size - 1) - 1) / stride) + 1, W_out likewise
params  weight [out_channels, in_channels // groups, kernel_size, kernel_size]
        bias [out_channels]
MACs    N*H_out*W_out*out_channels*(in_channels // groups)*kernel_size*kernel_size
FLOPs   2*MACs + N*out_channels*H_out*W_out
takes   expects (in_channels // groups)*groups channels
        expects float32 as its weight has
        expects [N, C, H, W] or [C, H, W]
source  https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
"""
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "max_pool2d",
            "torch.max_pool2d(input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False)",
        ),
        (
            "F.max_pool2d",
            "F.max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False)",
        ),
        ("torch.cat", "        output.shape[1] = tensors[0].shape[1] + tensors[1].shape[1]"),
        ("x.view", "source  https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html"),
        ("view", "x.view(*size)"),
        ("F.linear", "MACs    N*weight.shape[0]*input.shape[1]"),
        ("nn.Linear", "output  [N, out_features]"),
        ("softmax", "x.softmax(dim, dtype=None)"),
    ],
)
def test_names_of_entries(run: Run, monkeypatch: pytest.MonkeyPatch, name: str, line: str) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    result = run("explain", name)
    assert result.code == 0
    assert line in result.out.splitlines()


def test_a_bundled_model_goes_before_a_function(run: Run) -> None:
    assert run("explain", "linear").out.startswith("LinearExample\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("unfold",), "error[ambiguous-name]: unfold can be F.unfold or x.unfold\n"),
        (("Conv2s",), "help: did you mean Conv2d"),
        (
            ("lenet", "conv3"),
            "error[unknown-path]: LeNet has no layer or operation conv3\nhelp: did you mean conv2",
        ),
        (("unet", "conv1"), "help: did you mean down1.conv1?"),
        (("Conv2d", "--dim", "N=2"), "error[usage]: --dim goes with a model, and Conv2d is a layer\n"),
        (("lenet", "conv1", "--static", "--verify"), "error[usage]: --verify does both"),
        (("nothing-at-all",), "error["),
        (("lenet", "conv1", "--format", "xml"), "error[usage]: --format can't be xml\n"),
    ],
)
def test_refuses(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run("explain", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_writes_json(run: Run) -> None:
    data = json.loads(run("explain", "lenet", "conv1", "--format", "json").out)
    (call,) = data["calls"]
    assert data["version"] == 1
    assert call["sizes"][0] == {
        "dimension": 2,
        "value": 28,
        "formula": "(32 + 2*0 - 1*(5 - 1) - 1) // 1 + 1",
        "names": "(H_in + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1",
    }
    assert eval(call["macs_formula"]["formula"]) == call["macs"] == data["macs"] == 117600
    assert call["sees"][0]["sees"] == [1, 1, 5, 5]
    assert call["sees"][0]["steps"] == ["", "", "1", "1"]
    assert {item["dimension"]: item["accepted"] for item in call["accepts"]} == {
        1: [[1, 1, 1]],
        2: [[5, None, 1]],
        3: [[5, None, 1]],
    }
    assert [item["value"] for item in data["held"]] == [150, 6]
    entry = json.loads(run("explain", "Conv2d", "--format", "json").out)
    assert entry["kind"] == "layer"
    assert entry["state"]["bias"] == "[out_channels]"


def test_imports_no_torch() -> None:
    code = (
        "import sys; from layercli.cli.main import main; code = main(['explain', 'lenet', 'conv1']); "
        "assert code == 0 and main(['explain', 'Conv2d']) == 0; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("statements", "path", "sees"),
    [
        (["fc(x)"], "fc", "all of the input at its own place in dimension 1"),
        (["fc(zeros(2, 8))"], "fc", "nothing of the input"),
        (["fc(x[:, 0])"], "fc", "8 of the input"),
        (["relu(x)"], "relu", "one value of the input"),
        (
            ["x = fc(x)[:, 1:T]", "y, z = x.chunk(2, dim=-1)", "y * z"],
            "mul",
            "all of the input at its own place in dimension 1",
        ),
        (["x.mean(1)"], "mean", "all of the input at its own place in dimension 2"),
        (["fc(x).sum()"], "sum", "all of the input"),
        (["x.cumsum(1)"], "cumsum", "the input up to its own place, 3 of 5 in the middle"),
        (["x.flip(1)"], "flip", "not known, because of flip"),
        (["softmax(x @ x.transpose(1, 2), -1)"], "softmax", "all of the input"),
    ],
)
def test_says_what_is_seen(run: Run, tmp_path: Path, statements: list[str], path: str, sees: str) -> None:
    spec = tmp_path / "net.yaml"
    lines = [
        "name: Net",
        "dims: {T: 5}",
        "inputs:",
        "  x: [2, T, 8]",
        "layers:",
        "  fc: Linear(8, 8)",
        "forward:",
    ]
    spec.write_text("\n".join([*lines, *(f"  - {statement}" for statement in statements)]) + "\n")
    out = run("explain", str(spec), path).out
    assert f"sees    {sees}\n" in out
