"""``layercli trace --fix``: the first mend that is known, shown as a difference and written into the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from layercli.cli.output import use_color, write_error
from layercli.errors import CommandError, Mend, Problem, SpecError, draw_problem, escape_controls

if TYPE_CHECKING:
    from layercli.plan.records import Plan

_COLORS = {"-": "31", "+": "32", "@": "36"}


def fix_spec(load: Callable[[], Plan]) -> None:
    """Write the first mend of what ``load`` gives into its file; where there is none, the file stays as it is.

    Raises SpecError, and CommandError for a spec that isn't one's own to change, or a file that can't be written.
    """
    from layercli.diagnose.session import diagnose, select_mend
    from layercli.diagnose.trial import find_files

    try:
        plan = load()
    except SpecError as error:
        position = error.problems[0].position
        _tell_none("the spec" if position is None else position.file)
        raise
    check_own(plan)
    failure = _find_failure(plan)
    if failure is None:
        message = f"nothing to mend: {plan.spec.source.name} runs"
        write_error(draw_problem(Problem("nothing-to-mend", message, severity="note")) + "\n\n")
        return
    told = diagnose(plan, failure)
    mend = select_mend(told.problems)
    if mend is None:
        _tell_none(plan.spec.source.name)
        return
    problem = next(problem for problem in told.problems if mend in problem.mends)
    write_mend(mend, problem, find_files(plan))


def _tell_none(name: str) -> None:
    message = f"no mend of {name} is known, and nothing was changed"
    write_error(draw_problem(Problem("no-mend", message, severity="note")) + "\n\n")


def check_own(plan: Plan) -> None:
    """Raises CommandError for a bundled spec, and for one that options have changed."""
    from layercli.spec.library import is_bundled

    path, name = plan.spec.path, plan.spec.source.name
    if path is not None and is_bundled(path):
        stem = path.stem
        hint = f"copy it and mend the copy: layercli new my_{stem} --from {stem}"
        message = f"{name} is bundled with layercli, and --fix changes files of yours only"
        raise CommandError(Problem("usage", message, hint=hint))
    given = {"--set": plan.given_params, "--dim": plan.given_dims, "--input": plan.given_inputs}
    option = next((option for option, values in given.items() if values), "")
    if option:
        message = f"--fix mends the spec as it is written, so it goes without {option}"
        raise CommandError(Problem("usage", message, hint="leave one of them out"))


def _find_failure(plan: Plan) -> SpecError | None:
    from layercli.derive.session import derive_plan

    try:
        derive_plan(plan)
    except SpecError as error:
        return error
    return None


def write_mend(mend: Mend, problem: Problem, files: dict[str, Path]) -> None:
    """Show what a mend changes in which file, and write it. Raises CommandError where that can't be done."""
    from dataclasses import replace

    from layercli.diagnose.editing import apply_edits, list_sources
    from layercli.files import write_whole

    names = list_sources(mend.edits)
    if len(names) > 1:
        message = f"the mend changes {' and '.join(names)}, and --fix changes one file"
        raise CommandError(Problem("usage", message, hint=f"by hand: {mend.message}"))
    name = names[0]
    path = files[name]
    source = mend.edits[0].position.source
    text = apply_edits(source.text, mend.edits)
    write_error(draw_problem(replace(problem, mends=(mend,))) + "\n\n")
    write_error(draw_difference(name, source.text, text, color=use_color()) + "\n")
    data = path.read_bytes()
    mark = "\ufeff" if data.startswith(b"\xef\xbb\xbf") else ""
    if data != (mark + source.text).encode("utf-8"):
        message = f"{name} has changed since it was read, so it is not written"
        raise CommandError(Problem("changed-file", message, hint="try again"))
    write_whole(path, mark + text, name)


def draw_difference(name: str, old: str, new: str, *, color: bool) -> str:
    """Two texts of a file as a unified difference, with a newline at the end."""
    from difflib import unified_diff

    lines = [
        escape_controls(line.rstrip("\r"))
        for line in unified_diff(old.split("\n"), new.split("\n"), name, name, lineterm="", n=2)
    ]
    if color:
        lines = [f"\x1b[{_COLORS[line[0]]}m{line}\x1b[0m" if line[:1] in _COLORS else line for line in lines]
    return "\n".join(lines) + "\n"
