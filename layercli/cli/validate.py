"""``layercli validate``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from layercli.cli.bounds import bounded
from layercli.cli.options import LimitOption, OutputOption, apply_limits, complete_words
from layercli.cli.progress import show_progress
from layercli.cli.reports import describe_formats, read_reports, write_each
from layercli.errors import CommandError, Problem, did_you_mean

#: The formats, which aren't imported to draw the help.
FORMATS = ("text", "json", "github", "gitlab", "sarif")

EXAMPLES = (
    ("layercli validate net.yaml", "one spec"),
    ("layercli validate", "every spec that pyproject.toml names, or every one here"),
    ("layercli validate configs --strict", "fail on warnings, too"),
    ("layercli validate --ignore implicit-dim", "without these warnings"),
    ("layercli validate --format sarif=out.sarif", "for a platform"),
)


def _complete_ignored(incomplete: str) -> list[str]:
    from layercli.codes.warnings import IGNORABLE

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + code for code in IGNORABLE if code.startswith(last)]


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
            help=describe_formats(FORMATS),
            autocompletion=complete_words(FORMATS),
            show_default=False,
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            metavar="CODE,...",
            help="Warnings that aren't told; may be repeated.",
            autocompletion=_complete_ignored,
            show_default=False,
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings, too.")] = False,
    limit: LimitOption = None,
    output: OutputOption = None,
) -> int:
    """Find what is wrong in specs, or probably is.

    Without PATH every spec that [tool.layercli] of pyproject.toml names, else every one below this folder.
    Each is derived by rules, which needs no torch. Exit code 1 where one has an error; 2 where one can't be read, or where
    there is none. A warning is turned off by a comment on its line: # layercli: ignore[unused-layer].
    layercli help CODE explains an error or a warning.
    """
    from layercli.report.validation import format_validation
    from layercli.validation import validate_specs

    reports = read_reports(formats or (), output, FORMATS)
    codes = read_codes(ignore or ())
    apply_limits(limit)
    with bounded() as clock, show_progress("validating") as tell:
        result = validate_specs(
            paths or [], Path.cwd(), ignore=codes, strict=strict, tell=clock.start_each(tell)
        )
    checked = [spec.path for spec in result.specs]
    write_each(reports, checked, lambda format, options: format_validation(result, format, options))
    return result.exit_code


def read_codes(texts: Sequence[str]) -> tuple[str, ...]:
    """``unused-layer,implicit-dim`` as codes of warnings. Raises CommandError."""
    from layercli.codes.warnings import IGNORABLE

    given = tuple(word.strip() for text in texts for word in text.split(","))
    for code in given:
        if code not in IGNORABLE:
            hint = did_you_mean(code, IGNORABLE) or f"the warnings are {', '.join(IGNORABLE)}"
            message = f"--ignore {code}: there is no such warning, and errors can't be ignored"
            raise CommandError(Problem("usage", message, hint=hint))
    return given
