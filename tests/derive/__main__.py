"""The long proof: ``python -m tests.derive`` proves every entry that isn't proved yet, ``--only NAMES`` these again."""

from __future__ import annotations

import argparse
import sys
import warnings

from tests.derive.draws import list_entries
from tests.derive.long_run import run_long


def main() -> int:
    """Print every disagreement and the counts; 1 where there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", default="", help="entries, separated by commas: relu, 'layer Linear', 'operator add'"
    )
    parser.add_argument("--afresh", action="store_true", help="prove all entries again")
    parser.add_argument("--most", type=int, default=3, help="disagreements to print of each entry")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    named = [name.strip() for name in options.only.split(",") if name.strip()]
    unknown = set(named) - list_entries().keys()
    if unknown:
        parser.error(f"no such entries: {', '.join(sorted(unknown))}")
    return run_long(named, afresh=options.afresh, most=options.most)


if __name__ == "__main__":
    sys.exit(main())
