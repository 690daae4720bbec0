"""``layercli lock``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from layercli.cli.bounds import bounded
from layercli.cli.options import (
    LimitOption,
    StaticOption,
    VerifyOption,
    apply_limits,
    choose_engine,
    tell_derived,
)
from layercli.cli.output import write_output

EXAMPLES = (
    ("layercli lock net.yaml", "writes net.lock beside it"),
    ("layercli lock configs", "every spec in the folder"),
)


def run(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Spec files, or folders of them.")],
    static: StaticOption = None,
    verify: VerifyOption = False,
    limit: LimitOption = None,
) -> int:
    """Record layers, shapes and parameters in lock files.

    The lock of net.yaml is net.lock beside it: commit both. layercli check compares them. Where torch is
    installed models are derived and run (--verify), and nothing is written that PyTorch and the rules don't agree
    on.
    """
    from layercli.checks import lock_specs

    apply_limits(limit)
    engine = choose_engine(static, verify, "both")
    with bounded():
        for written in lock_specs(paths, Path.cwd(), engine):
            verb = "wrote" if written.changed else "unchanged:"
            write_output(f"{verb} {written.lock}   {written.rows:,} rows\n")
    tell_derived(static, engine, "both")
    return 0
