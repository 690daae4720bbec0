"""``layercli check``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    complete_revision,
    complete_words,
)
from layercli.cli.output import write_output
from layercli.cli.progress import show_progress
from layercli.cli.reports import complete_formats, describe_formats, read_reports, write_reports
from layercli.errors import CommandError, Problem

if TYPE_CHECKING:
    from layercli.engines import Engine
    from layercli.lock.differences import DifferenceClass
    from layercli.lock.result import CheckResult
    from layercli.work import Tell

#: The classes of differences, which aren't imported to draw the help.
CLASS_NAMES = ("checkpoints", "callers", "behaviour", "inside", "cost")

EXAMPLES = (
    ("layercli check", "every spec that pyproject.toml names, or every one here"),
    ("layercli check configs/lenet.yaml", "one spec"),
    ("layercli check --format github", "as annotations of a workflow run"),
    ("layercli check --format junit=out.xml", "text here, JUnit's XML in a file"),
    ("layercli check --against main", "what this branch breaks"),
    ("layercli check --fail-on checkpoints,callers", "other changes are told and pass"),
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
    since: Annotated[
        str | None,
        typer.Option(
            "--changed-since",
            metavar="REVISION",
            help="Check only specs that changed since a git revision: themselves, what they import, their locks, or "
            "the configuration.",
            autocompletion=complete_revision,
        ),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar="CLASSES",
            help=f"Fail on these classes of differences only: {', '.join(CLASS_NAMES)}; may be repeated.",
            autocompletion=complete_words(CLASS_NAMES),
            show_default=False,
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Tell which specs would be checked and why, and check none.")
    ] = False,
    static: StaticOption = None,
    verify: VerifyOption = False,
    limit: LimitOption = None,
    output: OutputOption = None,
) -> int:
    """Compare specs with their lock files.

    Without PATH every spec that [tool.layercli] of pyproject.toml names, else every one below this folder.
    Exit code 1 where one differs, told with its spec line, or has no lock; 2 where there is nothing to check.
    Neither specs nor locks are written. Specs are derived by rules, which needs no torch; --run compares what PyTorch gives with
    the lock instead.
    """
    reports = read_reports(formats or (), output)
    classes = read_classes(fail_on or ())
    apply_limits(limit)
    if against is not None and since is not None:
        hint = "--against REVISION says what changed since then, in all specs"
        raise CommandError(Problem("usage", "--against and --changed-since exclude each other", hint=hint))
    if listed:
        return _list(paths or [], against, since)
    engine = choose_engine(static, verify, "derive")
    with bounded() as clock, show_progress("checking") as tell:
        result = _check(paths or [], against, since, engine, classes, clock.start_each(tell))
    write_reports(result, reports)
    return result.exit_code


def _check(
    paths: Sequence[str],
    against: str | None,
    since: str | None,
    engine: Engine,
    fail_on: Sequence[DifferenceClass],
    tell: Tell,
) -> CheckResult:
    if against is not None:
        from layercli.history.against import check_against

        return check_against(paths, Path.cwd(), against, engine, fail_on, tell)
    if since is not None:
        from layercli.history.changed import check_changed

        return check_changed(paths, Path.cwd(), since, engine, fail_on, tell)

    from layercli.checks import check_specs

    return check_specs(paths, Path.cwd(), engine, fail_on=fail_on, tell=tell)


def _list(paths: Sequence[str], against: str | None, since: str | None) -> int:
    from layercli.report.scope import format_scope
    from layercli.scope import find_scope

    if against is not None:
        from layercli.history.against import list_against

        candidates = list_against(paths, Path.cwd(), against)
    elif since is not None:
        from layercli.history.changed import list_changed

        candidates = list_changed(paths, Path.cwd(), since)
    else:
        candidates = find_scope(paths, Path.cwd()).candidates
    write_output(format_scope([(item.name, item.taken, item.reason) for item in candidates]))
    return 0 if since is not None or any(item.taken for item in candidates) else 2


def read_classes(texts: Sequence[str]) -> tuple[DifferenceClass, ...]:
    """``checkpoints,callers`` as classes. Raises CommandError."""
    from layercli.lock.differences import CLASSES

    given = [word.strip() for text in texts for word in text.split(",")]
    for word in given:
        check_choice("--fail-on", word, CLASSES)
    return tuple(kind for kind in CLASSES if kind in given)
