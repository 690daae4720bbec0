"""What README says of torchinfo, measured with torchinfo."""

from __future__ import annotations

import re
from importlib.metadata import version

import torch

import layercli
from tests.docs.documents import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def find_numbers(beginning: str) -> list[int]:
    """The numbers in the last two cells of the row of README's table that begins so."""
    line = next(line for line in README.split("\n") if line.startswith(f"| {beginning}"))
    return [int(cell.replace(",", "")) for cell in line.strip("| ").split("|")[-2:]]


def test_a_tied_weight_is_counted_once() -> None:
    import torchinfo

    model = layercli.build("gpt2", device="meta")
    real = sum(parameter.numel() for parameter in model.parameters())
    ours = layercli.trace("gpt2").totals.parameters
    theirs = torchinfo.summary(model, verbose=0).total_params
    assert find_numbers("parameters of `gpt2`") == [ours, theirs]
    assert ours == real
    assert f"(PyTorch: {real:,})" in README


def test_functional_calls_have_rows() -> None:
    import torchinfo

    trace = layercli.trace("lenet")
    summary = torchinfo.summary(layercli.build("lenet"), input_data=torch.rand(1, 1, 32, 32), verbose=0)
    theirs = [info for info in summary.summary_list if info.depth > 0]
    assert find_numbers("rows of `lenet`") == [len(trace.rows), len(theirs)]
    kinds = [row.kind for row in trace.rows]
    assert f"{kinds.count('layer')} layers and {kinds.count('operation')} functional calls" in README


def test_the_version_is_the_one_measured() -> None:
    measured = re.search(r"torchinfo (\d+\.\d+\.\d+) by", README)
    assert measured is not None
    assert measured[1] == version("torchinfo")
