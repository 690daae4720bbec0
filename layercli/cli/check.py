"""``layercli check``."""

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
    format_option,
)
from layercli.cli.output import use_color, write_output

EXAMPLES = (
    ("layercli check", "every spec below this folder"),
    ("layercli check configs/lenet.yaml", "one spec"),
    ("layercli check --format github", "as annotations of a workflow run"),
)

#: The keys of CHECK_FORMATS, which isn't imported to draw the help.
FORMATS = ("text", "json", "github")


def run(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH...]", help="Spec files, or folders of them.", show_default=False),
    ] = None,
    format_: Annotated[str, format_option(FORMATS)] = "text",
    static: StaticOption = None,
    verify: VerifyOption = False,
    limit: LimitOption = None,
    output: OutputOption = None,
) -> int:
    """Compare specs with their lock files.

    Exit code 1 where one differs, told with its spec line, or has no lock; 2 where there is nothing to check.
    Nothing is written. Specs are derived by rules, which needs no torch; --run compares what PyTorch gives with
    the lock instead.
    """
    from layercli.report.differences import CHECK_FORMATS

    check_choice("--format", format_, FORMATS)
    apply_limits(limit)

    engine = choose_engine(static, verify, "derive")

    from layercli.checks import check_specs

    with bounded():
        result = check_specs(paths or [], Path.cwd(), engine)
    write_output(CHECK_FORMATS[format_](result, output is None and use_color()), output)
    return result.exit_code
