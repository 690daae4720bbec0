"""What ends a problem: its mends, and what its hint says to write, each tried before it is offered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from layercli.errors import Edit, Position, Problem
from layercli.record import record
from layercli.server.analysis import Analysis, analyse
from layercli.server.texts import Lines

#: So many texts of hints are tried for one request, and none where one takes longer than an editor may wait, or all before have.
MAX_TRIALS = 12
MAX_SECONDS = 2.0


@record
class Change:
    """Characters of one file, whose text is ``whole``, from ``begin`` to ``end``, that become ``text``."""

    path: Path
    whole: str
    begin: int
    end: int
    text: str


@record
class Action:
    """One way to end a problem; ``preferred`` is the one that changes least."""

    title: str
    problem: Problem
    changes: tuple[Change, ...]
    preferred: bool = False


def list_actions(analysis: Analysis, begin: int, end: int) -> list[Action]:
    """What can be done about the problems between two offsets of a text."""
    lines = Lines(analysis.text)
    found: list[Action] = []
    left = MAX_TRIALS if analysis.seconds <= MAX_SECONDS else 0
    deadline = perf_counter() + MAX_SECONDS
    for problem in analysis.problems:
        places = [problem.position, *(label.position for label in problem.labels)]
        own = [place for place in places if place is not None and analysis.is_own(place.source)]
        spans = [lines.span(place) for place in own]
        if not any(first <= end and begin <= last for first, last in spans):
            continue
        is_here = own[0] == problem.position
        actions = [*_list_mends(analysis, problem)]
        if not actions and is_here and not analysis.is_too_large:
            first, last = spans[0]
            for title, edit in _read_hint(problem, analysis.text[first:last]):
                if left and perf_counter() < deadline and _ends(analysis, problem, edit):
                    actions.append(Action(title, problem, (edit_in(analysis.path, analysis.text, edit),)))
                left = max(left - 1, 0)
        found += [replace(action, preferred=number == 0) for number, action in enumerate(actions)]
    return found


def _list_mends(analysis: Analysis, problem: Problem) -> Iterator[Action]:
    """The mends of a problem whose files are all known."""
    for mend in problem.mends:
        changes = []
        for edit in mend.edits:
            path = analysis.find_file(edit.position)
            if path is None:
                break
            changes.append(edit_in(path, text_of(path, edit.position, analysis), edit))
        else:
            yield Action(mend.message, problem, tuple(changes))


def text_of(path: Path, position: Position, analysis: Analysis) -> str:
    """The text of the file that a position is in, as the editor has it, else as it was read."""
    return analysis.texts.get(path, position.source.text)


def edit_in(path: Path, whole: str, edit: Edit) -> Change:
    """An edit as a change of a file with this text. Of a position's stretch the width may be 0."""
    begin, end = Lines(whole).span(edit.position)
    newline = "\r\n" if "\r\n" in whole else "\n"
    return Change(path, whole, begin, end, edit.text.replace("\n", newline))


def _read_hint(problem: Problem, written: str) -> Iterator[tuple[str, Edit]]:
    """What may be written in the place of a problem by what its hint says, with a title for each."""
    assert problem.position is not None
    position = problem.position
    suggested = re.fullmatch(r"did you mean ([\w.]+(?: or [\w.]+)*)\?", problem.hint)
    if suggested is not None:
        name = re.match(r"[\w.]*", written)
        width = len(name[0]) if name is not None and name[0] else position.width
        place = Position(position.source, position.line, position.column, width)
        for word in suggested[1].split(" or "):
            yield f"Write {word}", Edit(place, word)
    told = re.match(r"write (.+)", problem.hint)
    if told is not None:
        texts = [told[1], *(told[1].split(end)[0] for end in (", or ", " or ", ": ", ", as in "))]
        for text in dict.fromkeys(texts):
            yield f"Write {text}", Edit(position, text)


def _ends(analysis: Analysis, problem: Problem, edit: Edit) -> bool:
    """Whether an edit ends a problem and makes no other."""
    change = edit_in(analysis.path, analysis.text, edit)
    text = analysis.text[: change.begin] + change.text + analysis.text[change.end :]
    texts: Mapping[Path, str] = {**analysis.texts, analysis.path: text}
    before, after = analysis.validation, analyse(analysis.path, texts, analysis.bound).validation
    if before is None or after is None:
        return False
    known = {(item.code, item.message) for item in before.problems}
    made = [item for item in after.problems if (item.code, item.message) not in known]
    if not made:
        return len(after.problems) < len(before.problems)
    # What was hidden until the spec could be evaluated is no fault of the edit, unless it is about the same line.
    line = edit.position.line
    elsewhere = all(item.position is not None and item.position.line != line for item in made)
    return before.plan is None and after.plan is not None and elsewhere
