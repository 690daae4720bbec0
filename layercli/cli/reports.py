"""``--format`` of a check: several reports from one run, to standard output and to files."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from layercli import __version__
from layercli.cli.options import check_choice, complete_words, list_words
from layercli.cli.output import use_color, write_error, write_output
from layercli.errors import CommandError, Problem, draw_problems
from layercli.lock.result import CheckResult
from layercli.record import record
from layercli.report.check import CHECK_FORMATS, format_check
from layercli.report.options import CheckOptions

#: The variables in which runners of workflows say where they checked the repository out.
ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")

#: The variable in which GitHub's runner names the file that is shown as the summary of a step.
SUMMARY = "GITHUB_STEP_SUMMARY"

complete_formats = complete_words(list(CHECK_FORMATS))


@record
class Report:
    """One format, and the file that it goes to: None is standard output."""

    format: str
    path: Path | None = None


def read_reports(
    texts: Sequence[str], output: Path | None = None, formats: Collection[str] = CHECK_FORMATS
) -> tuple[Report, ...]:
    """``text`` and ``sarif=out.sarif`` as reports, the one without a file first; ``output`` is its file.

    Where each has a file, the text goes to standard output besides. Raises CommandError for a format that there
    isn't, for two that go to standard output, and for two in one file.
    """
    alone: list[str] = []
    filed: list[Report] = []
    for text in texts:
        format, equals, name = text.partition("=")
        check_choice("--format", format, list(formats))
        if not equals:
            alone.append(format)
        elif not name or name.endswith(("/", os.sep)) or Path(name).is_dir():
            problem = f"--format {text} names no file"
            raise CommandError(Problem("usage", problem, hint=f"write --format {format}=out.{format}"))
        else:
            filed.append(Report(format, Path(name)))
    if len(set(alone)) > 1:
        problem = f"--format {alone[0]} and --format {alone[1]} both go to standard output"
        raise CommandError(
            Problem("usage", problem, hint=f"give one of them a file: --format {alone[1]}=out.{alone[1]}")
        )
    reports = (Report(alone[0] if alone else "text", output), *filed)
    seen: set[str] = set()
    for report in reports:
        place = "" if report.path is None else os.path.realpath(report.path)
        if place in seen:
            raise CommandError(Problem("usage", f"two reports would go to {report.path}"))
        seen.add(place)
    return reports


def write_reports(result: CheckResult, reports: Sequence[Report]) -> None:
    """Write each report, files whole or not at all, and for ``github`` the summary of the step besides.

    Raises CommandError where a file can't be written, or is one of those that were checked.
    """
    checked = [path for spec in result.specs for path in (spec.path, spec.lock)]
    options = write_each(reports, checked, lambda format, shown: format_check(result, format, shown))
    if any(report.format == "github" for report in reports):
        _add_summary(format_check(result, "markdown", options))


def write_each(
    reports: Sequence[Report], checked: Iterable[str], write: Callable[[str, CheckOptions], str]
) -> CheckOptions:
    """Write each report, as ``write`` gives it in a format, and give the options without colour.

    Raises CommandError where a file can't be written, or is one of those that were ``checked``.
    """
    places = set(map(os.path.realpath, checked))
    for report in reports:
        if report.path is not None and os.path.realpath(report.path) in places:
            problem = f"a report can't go to {report.path}, which was checked"
            raise CommandError(Problem("usage", problem, hint="name another file"))
    options = CheckOptions(folder=find_folder(), version=__version__)
    for report in reports:
        color = report.path is None and use_color()
        shown = CheckOptions(color, options.folder, options.version)
        write_output(write(report.format, shown), report.path)
    return options


def find_folder() -> str:
    """The working folder as seen from the root of the repository, where a runner says what that is."""
    here = Path.cwd().resolve()
    for name in ROOTS:
        root = os.environ.get(name)
        if root and here.is_relative_to(Path(root).resolve()):
            return here.relative_to(Path(root).resolve()).as_posix()
    return ""


def _add_summary(text: str) -> None:
    """Add to the summary of the step; that there is none, or can't be, changes nothing of what was found."""
    path = os.environ.get(SUMMARY)
    if not path:
        return
    from layercli.files import append_text

    try:
        append_text(Path(path), text)
    except CommandError as error:
        message = f"there is no job summary: {error.problems[0].message}"
        write_error(draw_problems([Problem("no-summary", message, severity="warning")]) + "\n")


def describe_formats(formats: Collection[str] = CHECK_FORMATS) -> str:
    """The help of ``--format``."""
    return (
        f"{list_words(list(formats))}. With =FILE it goes to that file; may be repeated, as in "
        "--format text --format sarif=out.sarif."
    )
