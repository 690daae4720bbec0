"""``layercli params``, ``show``, ``list`` and ``new``, by what they print and write."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import layercli
from tests.cli.conftest import NET, Run

# params


def test_params_lists_every_parameter_and_subtotals(run: Run) -> None:
    result = run("params", "net")
    assert result.out.startswith("""\
Net   net.yaml

  name            shape   dtype    count  trainable
  first           Linear              16
    first.weight  [4, 3]  float32     12  yes
    first.bias    [4]     float32      4  yes
  last            Linear              10
    last.weight   [2, 4]  float32      8  yes
    last.bias     [2]     float32      2  yes

26 parameters, all trainable · 104 B""")
    assert (result.code, result.err) == (0, "")


def test_params_of_one_layer(run: Run) -> None:
    result = run("params", "net", "--layer", "last", "--set", "width=5")
    assert "    last.weight  [2, 5]" in result.out
    assert "first" not in result.out
    assert "12 parameters, all trainable · 48 B · the whole model has 32\n" in result.out


def test_parameter_values_are_those_of_the_seed(run: Run) -> None:
    result = run("params", "linear", "--values")
    assert "      Parameter containing:\n      tensor([[" in result.out
    assert "requires_grad=True" in result.out
    assert run("params", "linear", "--values", "--seed", "0").out == result.out
    assert run("params", "linear", "--values", "--seed", "1").out != result.out


def test_buffers_are_listed_where_asked_for(run: Run) -> None:
    assert "running_mean" not in run("params", "batchnorm").out
    assert "running_mean" in run("params", "batchnorm", "--buffers").out


def test_params_for_programs(folder: Path, run: Run) -> None:
    names = ["first.weight", "first.bias", "last.weight", "last.bias"]
    data = json.loads(run("params", "net", "-f", "json").out)
    assert [tensor["name"] for tensor in data["tensors"]] == names
    assert data["totals"]["parameters"] == 26
    assert [
        row["name"] for row in csv.DictReader(run("params", "net", "-f", "csv").out.splitlines())
    ] == names
    assert run("params", "net", "-f", "markdown", "-o", "out.md").out == ""
    assert "`first.weight`" in (folder / "out.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["net", "--layer", "firs"],
            "error[unknown-path]: the model has no layer firs\nhelp: did you mean first?",
        ),
        (["net", "--format", "tabel"], "error[usage]: --format can't be tabel\nhelp: did you mean table?"),
        (["net", "--dim", "N=3"], "error[usage]: layercli params has no option --dim\n"),
        (["nett"], "error[unknown-spec]: there is no spec called nett\n"),
    ],
)
def test_params_that_can_not_be_listed(arguments: list[str], error: str, run: Run) -> None:
    result = run("params", *arguments)
    assert result.err.startswith(error)
    assert (result.code, result.out) == (2, "")


# show


@pytest.mark.parametrize("model", ["net", "tinymodel", "transformer-encoder", "resnet18"])
def test_show_prints_what_print_prints(model: str, run: Run) -> None:
    printed = f"{layercli.build(model, device='meta')}\n"
    for options in ([], ["--static"], ["--run"], ["--verify"]):
        assert run("show", model, *options).out == printed


def test_show_one_layer_and_into_a_file(folder: Path, run: Run) -> None:
    assert run("show", "net", "--layer", "last", "--set", "width=9").out == (
        "Linear(in_features=9, out_features=2, bias=True)\n"
    )
    assert run("show", "resnet18", "--layer", "layer1.0.bn1").out.startswith("BatchNorm2d(64, eps=1e-05")
    assert run("show", "net", "--layer", "last", "-o", "out").out == ""
    assert (folder / "out").read_text() == "Linear(in_features=4, out_features=2, bias=True)\n"


def test_show_the_spec_itself(folder: Path, run: Run) -> None:
    text = run("show", "net", "--format", "spec", "--set", "width=9").out
    assert "  width: 9\n" in text
    (folder / "again.yaml").write_text(text)
    assert run("show", "again", "--format", "spec").out == text
    assert run("show", "again").out == run("show", "net", "--set", "width=9").out
    assert "imports" not in run("show", "resnet18", "-f", "spec").out
    for option in (("--layer", "last"), ("--run",), ("--verify",)):
        result = run("show", "net", "--format", "spec", *option)
        assert result.code == 2
        assert "leave out --layer" in result.err
    assert "it is text or spec" in run("show", "net", "--format", "json").err


def test_show_an_unknown_layer(run: Run) -> None:
    result = run("show", "net", "--layer", "lst")
    assert result.err == "error[unknown-path]: the model has no layer lst\nhelp: did you mean last?\n"
    assert (result.code, result.out) == (2, "")


# list


def test_list_shows_the_bundled_models_with_a_line_each(run: Run) -> None:
    lines = run("list").out.splitlines()
    assert any(line.startswith("lenet ") and "LeNet-5" in line for line in lines)
    assert all("  " in line.strip() for line in lines), "a model has no doc"
    names = [line.split()[0] for line in lines]
    assert names == sorted(names)
    assert run("list", "models").out.splitlines() == lines


def test_list_is_as_wide_as_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = run("list").out.splitlines()
    monkeypatch.setenv("COLUMNS", "60")
    narrow = run("list").out.splitlines()
    assert len(narrow) > len(wide)
    assert max(map(len, narrow)) <= 60
    indent = len(wide[0]) - len(wide[0].partition("  ")[2].lstrip())
    assert all(line.startswith(" " * indent) for line in narrow if line.startswith(" "))
    assert " ".join(" ".join(narrow).split()) == " ".join(" ".join(wide).split())


def test_list_shows_layers_and_functions_with_their_arguments(run: Run) -> None:
    assert "\nReLU(inplace=False)\n    Keeps positive values" in run("list", "layers").out
    functions = run("list", "functions").out
    assert "\nrelu(input, inplace=False)\n    " in functions
    assert "\nx.view(*size)\n    " in functions


def test_list_one(run: Run) -> None:
    assert run("list", "layers", "Linear").out == (
        "Linear(in_features, out_features, bias=True, *, dtype=None)\n"
        "    Multiplies the last dimension by a weight matrix and adds a bias.\n"
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html\n"
    )
    assert run("list", "functions", "view").out.startswith("x.view(*size)\n")
    data = json.loads(run("list", "layers", "ReLU", "--format", "json").out)
    assert (data["name"], data["signature"]) == ("ReLU", "ReLU(inplace=False)")


def test_list_for_programs(run: Run) -> None:
    data = json.loads(run("list", "-f", "json").out)
    assert {"name", "doc"} == set(data[0])
    assert "lenet" in [model["name"] for model in data]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["modles"], "error[usage]: KIND can't be modles\nhelp: did you mean models or codes?\n"),
        (["nets"], "error[usage]: KIND can't be nets\nhelp: it is models, layers, functions or codes\n"),
        (
            ["layers", "Conv2"],
            "error[unknown-layer]: there is no layer called Conv2\nhelp: did you mean Conv2d",
        ),
        (
            ["models", "lenett"],
            "error[unknown-model]: there is no model called lenett\nhelp: did you mean lenet",
        ),
        (["models", "-f", "csv"], "error[usage]: --format can't be csv\nhelp: it is text or json\n"),
    ],
)
def test_what_can_not_be_listed(arguments: list[str], error: str, run: Run) -> None:
    result = run("list", *arguments)
    assert result.err.startswith(error)
    assert (result.code, result.out) == (2, "")


# new


@pytest.mark.parametrize(
    ("name", "path", "model"),
    [
        ("tiny-net", "tiny-net.yaml", "TinyNet"),
        ("tiny.yaml", "tiny.yaml", "Tiny"),
        ("tiny.yml", "tiny.yml", "Tiny"),
        ("3d", "3d.yaml", "Model3d"),
        ("a b/mödel net", "a b/mödel net.yaml", "ModelNet"),
        ("true", "true.yaml", "True"),
    ],
)
def test_a_new_spec_runs_and_is_named_after_its_file(
    name: str, path: str, model: str, folder: Path, run: Run
) -> None:
    result = run("new", name)
    quoted = f"'{path}'" if " " in path else path
    assert result.out == f"wrote {path}\ntry: layercli trace {quoted}\n"
    traced = run("trace", f"./{path}")
    assert traced.out.startswith(f"{model}   {path} · cpu · eval · N = 1\n")
    assert (traced.code, traced.err) == (0, "")


def test_a_new_spec_from_a_bundled_one_brings_its_imports(folder: Path, run: Run) -> None:
    assert run("new", "mine", "--from", "resnet18").out == (
        "wrote mine.yaml\nwrote blocks/resnet.yaml\ntry: layercli trace mine.yaml\n"
    )
    assert (
        (folder / "mine.yaml").read_text().startswith("# From resnet18.yaml. layercli trace mine.yaml shows")
    )
    ours, theirs = run("show", "mine").out, run("show", "resnet18").out
    assert ours.startswith("Mine(\n")
    assert ours.split("\n", 1)[1] == theirs.split("\n", 1)[1]
    # What is there and the same is left as it is.
    again = run("new", "second", "--from", "resnet18")
    assert again.out == "wrote second.yaml\ntry: layercli trace second.yaml\n"
    assert (folder / "second.yaml").exists()


def test_a_new_spec_from_one_of_ones_own(folder: Path, run: Run) -> None:
    assert run("new", "deep/copy", "--from", "net.yaml").out == (
        "wrote deep/copy.yaml\ntry: layercli trace deep/copy.yaml\n"
    )
    assert (folder / "deep/copy.yaml").read_text() == (
        "# From net.yaml. layercli trace deep/copy.yaml shows its layers.\n"
        + NET.replace("name: Net", "name: Copy")
    )


def test_nothing_is_overwritten(folder: Path, run: Run) -> None:
    (folder / "blocks").mkdir()
    (folder / "blocks/resnet.yaml").write_text("mine\n")
    (folder / "link.yaml").symlink_to("nowhere.yaml")
    for arguments, path in [
        (["net"], "net.yaml"),
        (["net", "--from", "lenet"], "net.yaml"),
        (["other", "--from", "resnet18"], "blocks/resnet.yaml"),
        (["link"], "link.yaml"),
    ]:
        result = run("new", *arguments)
        assert result.err == f"error[file-exists]: {path} is there already\nhelp: choose another name\n"
        assert (result.code, result.out) == (2, "")
    assert (folder / "net.yaml").read_text() == NET
    assert (folder / "blocks/resnet.yaml").read_text() == "mine\n"
    assert sorted(path.name for path in folder.iterdir()) == ["blocks", "link.yaml", "net.yaml"]


def test_imports_from_above_are_not_copied_elsewhere(folder: Path, run: Run) -> None:
    (folder / "pyproject.toml").write_text("")
    (folder / "inner").mkdir()
    block = "inputs: [x]\nlayers: {fc: Linear(3, 3)}\n"
    (folder / "block.yaml").write_text(
        f"inputs: {{x: [1, 3]}}\nlayers: {{b: Block()}}\nblocks:\n  Block: {{{block.strip().replace(chr(10), ', ')}}}\n"
    )
    spec = "inputs: {x: [1, 3]}\nimports: {Block: ../block.yaml}\nlayers: {b: Block()}\n"
    (folder / "inner/user.yaml").write_text(spec)
    assert run("new", "inner/other", "--from", "inner/user.yaml").code == 0
    result = run("new", "elsewhere/deep/copy", "--from", "inner/user.yaml")
    assert result.err.startswith(
        "error[import-outside]: inner/user.yaml imports ../block.yaml, which is not below"
    )
    assert (result.code, (folder / "elsewhere").exists()) == (2, False)


@pytest.mark.parametrize("name", ["", ".", "..", "a/.hidden", "two\nlines", "\x1b[31m"])
def test_what_is_no_name_for_a_spec(name: str, folder: Path, run: Run) -> None:
    result = run("new", name)
    assert result.err == f"error[usage]: {name!r} is no name for a spec\nhelp: write layercli new net\n"
    assert (result.code, [path.name for path in folder.iterdir()]) == (2, ["net.yaml"])
