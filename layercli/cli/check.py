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
    choose_engine,
    complete_revision,
)
from layercli.cli.reports import complete_formats, describe_formats, read_reports, write_reports

EXAMPLES = (
    ("layercli check", "every spec below this folder"),
    ("layercli check configs/lenet.yaml", "one spec"),
    ("layercli check --format github", "as annotations of a workflow run"),
    ("layercli check --format junit=out.xml", "text here, JUnit's XML in a file"),
    ("layercli check --against main", "what this branch breaks"),
)


def run(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH...]", help="Spec files, or folders of them.", show_default=False),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT[=FILE]",
            help=describe_formats(),
            autocompletion=complete_formats,
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="REVISION",
            help="Compare with the specs, locks and configuration of a git revision.",
            autocompletion=complete_revision,
        ),
    ] = None,
    static: StaticOption = None,
    verify: VerifyOption = False,
    limit: LimitOption = None,
    output: OutputOption = None,
) -> int:
    """Compare specs with their lock files.

    Exit code 1 where one differs, told with its spec line, or has no lock; 2 where there is nothing to check.
    Neither specs nor locks are written. Specs are derived by rules, which needs no torch; --run compares what PyTorch gives with
    the lock instead.
    """
    reports = read_reports(formats or (), output)
    apply_limits(limit)
    engine = choose_engine(static, verify, "derive")

    with bounded():
        if against is None:
            from layercli.checks import check_specs

            result = check_specs(paths or [], Path.cwd(), engine)
        else:
            from layercli.history.against import check_against

            result = check_against(paths or [], Path.cwd(), against, engine)
    write_reports(result, reports)
    return result.exit_code
