"""``layercli diff``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from layercli.cli.bounds import bounded
from layercli.cli.options import (
    LimitOption,
    OutputOption,
    StaticOption,
    VerifyOption,
    apply_limits,
    check_choice,
    choose_engine,
    complete_file,
    format_option,
)
from layercli.cli.output import find_width, use_color, write_output

EXAMPLES = (
    ("layercli diff net.lock net.yaml", "what a check would say"),
    ("layercli diff HEAD~3:net.yaml net.yaml", "since three commits ago"),
    ("layercli diff main:configs/a.lock HEAD:configs/a.lock", "two locks"),
    ("layercli diff resnet18 resnet50", "two bundled models"),
)

#: COMPARISON_FORMATS, which isn't imported to draw the help.
FORMATS = ("text", "json", "markdown")


def run(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD",
            help="A spec or a lock, REVISION:PATH for one of a git revision, or the name of a bundled model.",
            autocompletion=complete_file,
        ),
    ],
    new: Annotated[
        str,
        typer.Argument(metavar="NEW", help="What it is compared with.", autocompletion=complete_file),
    ],
    beside: Annotated[
        bool | None,
        typer.Option(
            "--side-by-side/--unified",
            help="Old rows on the left and new ones on the right, or below each other. By default the width of "
            "the terminal decides.",
            show_default=False,
        ),
    ] = None,
    format_: Annotated[str, format_option(FORMATS)] = "text",
    static: StaticOption = None,
    verify: VerifyOption = False,
    limit: LimitOption = None,
    output: OutputOption = None,
) -> int:
    """Show what changed between two specs or locks.

    As in git a path after a revision is from the top of the repository, one that begins with ./ from here.
    Exit code 0 where both say the same, 1 where they differ, 2 where one of them can't be read. Specs are derived by
    rules, which needs no torch, unless --run is given.
    """
    from layercli.history.sides import compare_places
    from layercli.report.comparison import ComparisonOptions, format_comparison

    check_choice("--format", format_, FORMATS)
    apply_limits(limit)
    engine = choose_engine(static, verify, "derive")
    with bounded():
        comparison = compare_places(old, new, Path.cwd(), engine)
    options = ComparisonOptions(
        beside, find_width() if output is None else None, output is None and use_color()
    )
    write_output(format_comparison(comparison, format_, options), output)
    return comparison.exit_code
