"""``layercli lock``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from layercli.cli.progress import show_progress
from layercli.errors import escape_controls

if TYPE_CHECKING:
    from layercli.checks import Written

EXAMPLES = (
    ("layercli lock net.yaml", "writes net.lock beside it"),
    ("layercli lock configs", "every spec in the folder"),
    ("layercli lock --prune", "every spec, and locks without one are removed"),
)


def run(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH...]", help="Spec files, or folders of them.", show_default=False),
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove locks that have no spec any more.")] = False,
    static: StaticOption = None,
    verify: VerifyOption = False,
    limit: LimitOption = None,
) -> int:
    """Record layers, shapes and parameters in lock files.

    Without PATH those of every spec that [tool.layercli] of pyproject.toml names, else of every one below this folder.
    The lock of net.yaml is net.lock beside it: commit both. layercli check compares them. Where torch is
    installed models are derived and run (--verify), and nothing is written that PyTorch and the rules don't agree
    on.
    """
    from layercli.checks import lock_specs

    apply_limits(limit)
    engine = choose_engine(static, verify, "both")
    with bounded() as clock, show_progress("locking") as tell:
        for written in lock_specs(paths or [], Path.cwd(), engine, prune, clock.start_each(tell)):
            write_output(_say_written(written))
    tell_derived(static, engine, "both")
    return 0


def _say_written(written: Written) -> str:
    name = escape_controls(written.lock).replace("\n", "\\n")
    if written.removed:
        return f"removed {name}, which has no spec\n"
    verb = "wrote" if written.changed else "unchanged:"
    return f"{verb} {name}   {written.rows:,} row{'s' * (written.rows != 1)}\n"
