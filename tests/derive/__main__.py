"""The long proof: ``python -m tests.derive --count 100`` tries so many random neighbours of every sample."""

from __future__ import annotations

import argparse
import random
import sys
import warnings

from tests.derive.proving import disagreement, layer_disagreement, mutate
from tests.derive.test_layer_rules import LAYER_CALLS
from tests.derive.test_operation_rules import CALLS, NOT_MUTATED


def main() -> int:
    """Print every disagreement and the counts; 1 where there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="neighbours of each sample")
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=3, help="disagreements to print of each name")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    wanted = set(options.only.split(",")) if options.only else None
    tried = differing = 0
    shown: dict[str, int] = {}
    calls = [(name, text, "") for name, text in CALLS] + [
        (name, text, inputs) for name, text, inputs in LAYER_CALLS
    ]
    for name, text, inputs in calls:
        if wanted is not None and name not in wanted:
            continue
        generator = random.Random(f"{options.seed} {text} {inputs}")
        for number in range(1 if name in NOT_MUTATED else options.count + 1):
            if inputs:
                made = mutate(text, generator, 0.15) if number else text
                given = mutate(f"f({inputs})", generator, 0.2)[2:-1] if number else inputs
                found = layer_disagreement(made, given, train=number % 2 == 1)
            else:
                found = disagreement(mutate(text, generator) if number else text)
            tried += 1
            if found:
                differing += 1
                shown[name] = shown.get(name, 0) + 1
                if shown[name] <= options.most:
                    print(f"{name}: {found}")
    print(f"{tried:,} calls tried, {differing:,} disagreements in {len(shown)} names")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
