"""The sizes of every bundled model's dims, tried with PyTorch on CPU around every edge.

``python -W ignore -m tests.derive.edges`` for all of them, names for some. Those of a trillion parameters, and of 70
billion, are tried with few layers: the others are the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import layercli
from layercli.derive.admissible import list_admissible
from layercli.plan.records import Plan
from layercli.spec.library import list_bundled
from layercli.trace.admissible import AdmissibleSizes

#: Params with which a model fits into memory.
SMALLER: dict[str, dict[str, Any]] = {
    "llama-70b": {
        "hidden_size": 256, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": 50,
    },
    "bert-base": {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2, "vocab_size": 50},
    "gpt2": {"n_embd": 24, "n_layer": 2, "vocab_size": 50},
}  # fmt: skip
#: What no memory holds whatever its params are.
LEFT_OUT = ("moe-1t",)


def list_sizes(name: str, params: Mapping[str, Any]) -> AdmissibleSizes:
    """The sizes of a model with other params."""

    def plan_with(sizes: Mapping[str, int], symbolic: Sequence[str]) -> Plan:
        return layercli.load(name, params=params, dims=sizes, symbolic=symbolic)

    return list_admissible(layercli.load(name, params=params), plan_with)


def find_mistakes(name: str) -> tuple[list[str], int]:
    """Where the sizes that are accepted aren't those that PyTorch takes, in words, and how many were tried."""
    params = SMALLER.get(name, {})
    found = list_sizes(name, params)
    mistakes: list[str] = []
    tried = 0
    for item in found.dims:
        for size in item.list_edges():
            try:
                layercli.trace(name, params=params, dims={item.dim: size}, device="cpu")
                runs = True
            except layercli.SpecError:
                runs = False
            tried += 1
            if runs != (size in item):
                mistakes.append(f"{name}: {item.dim} = {size} is {'taken' if runs else 'refused'} by PyTorch")
    return mistakes, tried


def list_names() -> list[str]:
    """The bundled models that have dims and fit."""
    names = [path.stem for path in list_bundled()]
    return [name for name in names if name not in LEFT_OUT and layercli.load(name).dims]


def main() -> int:
    """Print every mistake and the counts; 1 where there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="bundled models; all without any")
    wrong = 0
    for name in parser.parse_args().names or list_names():
        mistakes, tried = find_mistakes(name)
        wrong += len(mistakes)
        print(f"{name}: {tried} sizes tried, {len(mistakes)} mistakes", *mistakes, sep="\n  ", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
