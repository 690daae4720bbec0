"""A problem with its cause and its mends: what was expected, where the wrong size came from, what to write instead."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from layercli.derive.session import find_failures
from layercli.diagnose.broadcasting import list_broadcast_candidates
from layercli.diagnose.calling import list_called_candidates
from layercli.diagnose.candidates import PARTIAL, Candidate
from layercli.diagnose.containers import list_container_candidates
from layercli.diagnose.editing import find_original, move_edits
from layercli.diagnose.equations import list_equation_candidates
from layercli.diagnose.images import list_image_candidates
from layercli.diagnose.joining import list_joining_candidates, list_sequence_candidates
from layercli.diagnose.kinds import find_unpacking, list_kind_candidates
from layercli.diagnose.layers import list_fitting_candidates, list_layer_candidates
from layercli.diagnose.losses import list_target_candidates
from layercli.diagnose.making import (
    explain_making,
    find_refused_layer,
    list_making_candidates,
    list_refused_layers,
)
from layercli.diagnose.operations import list_loss_candidates, list_operation_candidates
from layercli.diagnose.ordering import list_ordered_candidates
from layercli.diagnose.recurrent import list_recurrent_candidates
from layercli.diagnose.scene import Scene, join_changes
from layercli.diagnose.searches import list_searched_candidates
from layercli.diagnose.shortcuts import list_shortcut_candidates
from layercli.diagnose.statements import list_lost_candidates, list_statement_candidates
from layercli.diagnose.tables import list_table_candidates
from layercli.diagnose.telling import Explanation, explain_scene
from layercli.diagnose.texts import list_text_candidates
from layercli.diagnose.trial import SECONDS, Outcome, Trials, derive_outcome, is_debugging, plan_in_numbers
from layercli.diagnose.tuning import RANK, list_tuned_arguments, list_tuned_candidates
from layercli.errors import Edit, Mend, Position, Problem, Source, SpecError
from layercli.plan.records import Plan
from layercli.record import record
from layercli.trace import Row
from layercli.trace.failure import TraceFailed, with_problems

#: Mends that are offered, and problems of one file that are looked into.
MAX_MENDS = 4
MAX_PROBLEMS = 3

#: What comes of most mends.
RUNS = "the model then runs"

#: Mends that are so much less likely than the best one aren't offered.
LIKELY = 24
LIKELY_TUNED = 3

#: Numbers that are so likely may leave another mistake further on.
PARTIAL_TUNED = 5

#: Changes after which the model fails further on that are looked into for what then ends it.
MAX_COMPLETED = 2

#: Edits that are tried for one problem: few for a large model, since each derives it.
MAX_TRIES = 150
MIN_TRIES = 8
WORK = 8_000


def diagnose(plan: Plan, failure: SpecError) -> SpecError:
    """The same failure explained, or as it is where that can't be done."""
    try:
        return explain_failure(plan, failure)
    except Exception:
        # Whatever the search for a cause stumbles over, the problem itself is what the user came for.
        if is_debugging():
            raise
        return failure


#: What ends a derivation that took long already: another one would tell nothing more.
_TAKE_LONG = frozenset({"too-many-steps", "out-of-memory", "out-of-time"})


def diagnose_all(plan: Plan, failure: SpecError) -> SpecError:
    """A failure explained, with what else is wrong in the spec and doesn't follow from it, in the order of the calls."""
    if any(problem.code in _TAKE_LONG for problem in failure.problems):
        return failure
    first = diagnose(plan, failure)
    problems = (*failure.problems, *first.problems)
    told = {(problem.code, problem.message) for problem in problems}
    places = {(problem.code, problem.position) for problem in problems}
    others = [
        item
        for item in find_failures(plan)
        if (item.code, item.message) not in told and (item.code, item.position) not in places
    ]
    return with_problems(first, *first.problems, *diagnose_rest(plan, first.problems, others))


def diagnose_rest(plan: Plan, told: Sequence[Problem], others: Sequence[Problem]) -> tuple[Problem, ...]:
    """What else is wrong explained, or as it is where that can't be done."""
    try:
        return explain_rest(plan, told, others) if others else ()
    except Exception:
        if is_debugging():
            raise
        return tuple(others)


def explain_failure(plan: Plan, failure: SpecError, *, mends: bool = True) -> SpecError:
    """The same failure with its problems explained: labels, where sizes came from, and with ``mends`` what ends it.

    ``failure`` is of either engine. What the rules don't refuse is given back as it is.
    """
    if any(problem.code == "too-many-steps" for problem in failure.problems):
        # It took as long as a spec may take.
        return failure
    plan = plan_in_numbers(plan)
    outcome = derive_outcome(plan)
    if outcome is None or not outcome.problems:
        return failure
    explained: list[Problem] = []
    refusal = ""
    # Of a large model the first problem may take all of the time.
    end = time.process_time() + SECONDS
    for problem in failure.problems:
        known = _find_known(problem, failure.problems, outcome)
        if known is None or len(explained) >= MAX_PROBLEMS:
            explained.append(problem)
            continue
        if outcome.trace is None and known.message != problem.message:
            said = problem.message.partition(": ")[2]
            problem = replace(known, notes=(*known.notes, f"PyTorch: {said}") if said else known.notes)
        elif problem.position is None:
            problem = known
        told, refused = _explain_problem(plan, problem, outcome, mends=mends and time.process_time() < end)
        refusal = refusal or refused
        explained.append(told)
    if isinstance(failure, TraceFailed):
        return TraceFailed(replace(failure.trace, refusal=refusal), *explained)
    return SpecError(*explained)


def _explain_problem(
    plan: Plan, problem: Problem, outcome: Outcome, *, mends: bool = True
) -> tuple[Problem, str]:
    """A problem with labels, notes and mends, and what the table says of the row that failed."""
    scene = Scene(plan, problem, outcome.trace)
    told = explain_scene(scene) if scene.trace is not None else Explanation(explain_making(scene), "")
    found = tuple(find_mends(scene, outcome)) if mends else ()
    return replace(told.problem, mends=found, hint="" if found else told.problem.hint), told.refusal


def explain_rest(plan: Plan, told: Sequence[Problem], others: Sequence[Problem]) -> tuple[Problem, ...]:
    """Problems that don't follow from the first ones, explained as they are once the mends of those are made.

    ``told`` are the first, with their mends. Those that can't be come back as they are.
    """
    explained: dict[tuple[str, int], Problem] = {}
    waiting = {(item.code, _locate(item)[1]): item for item in others}
    source = plan.spec.source
    edits: tuple[Edit, ...] = ()
    mend = select_mend(told)
    for _ in range(MAX_PROBLEMS):
        if mend is None or not _is_of(source, mend.edits):
            break
        moved = move_edits(mend.edits, edits) if edits else mend.edits
        if moved is None:
            break
        edits += moved
        edited = Trials(plan, 1).plan_edits(edits)
        outcome = None if edited is None else derive_outcome(edited)
        if edited is None or outcome is None or not outcome.problems:
            break
        first = outcome.problems[0]
        found, _ = _explain_problem(edited, first, outcome)
        mend = select_mend([found])
        place = None if first.position is None else _move_back(first.position, source, edits)
        key = first.code, 0 if place is None else place.line
        if key in waiting and key not in explained:
            explained[key] = _place_back(found, waiting[key], source, edits)
    return tuple(explained.get((item.code, _locate(item)[1]), item) for item in others)


def _is_of(source: Source, edits: Sequence[Edit]) -> bool:
    """Whether all edits are of one file."""
    return all(edit.position.source.name == source.name for edit in edits)


def _move_back(position: Position, source: Source, edits: Sequence[Edit]) -> Position | None:
    """A place in an edited spec as one of the spec that was given; None where the edits wrote it."""
    return position if position.source.name != source.name else find_original(edits, position)


def _place_back(found: Problem, known: Problem, source: Source, edits: Sequence[Edit]) -> Problem:
    """What was found in an edited spec, in the words and at the places of the one that was given."""
    labels = tuple(
        replace(label, position=place)
        for label in found.labels
        if (place := _move_back(label.position, source, edits)) is not None
    )
    mends = tuple(
        Mend(mend.message, moved, f"with the others mended, {mend.outcome}")
        for mend in found.mends
        if _is_of(source, mend.edits) and (moved := move_edits(mend.edits, edits)) is not None
    )
    hint = "" if mends else known.hint
    return replace(known, label=found.label, labels=labels, notes=found.notes, mends=mends, hint=hint)


def _find_known(problem: Problem, problems: Sequence[Problem], outcome: Outcome) -> Problem | None:
    """What the rules say of the same problem; None where they don't refuse that."""
    for known in outcome.problems:
        if known.position == problem.position and known.code == problem.code:
            return known
    # PyTorch can't say where a layer is called that no statement calls.
    alone = len(problems) == len(outcome.problems) == 1 and problem.position is None
    return outcome.problems[0] if alone else None


@record
class _Tried:
    """A candidate that works: wholly, where the model then runs to the end."""

    candidate: Candidate
    whole: bool
    outcome: str


def find_mends(scene: Scene, outcome: Outcome) -> Iterator[Mend]:
    """The changes that were tried and end a problem, the one that changes least first."""
    rows = 0 if outcome.trace is None else len(outcome.trace.rows)
    left = max(MIN_TRIES, min(MAX_TRIES, WORK // (30 + rows + scene.plan.root.modules // 4)))
    trials = Trials(scene.plan, left)
    candidates = sorted(_list_candidates(scene, trials, outcome), key=lambda candidate: candidate.rank)
    works: dict[str, _Tried] = {}
    seen: set[object] = set()
    for candidate in candidates:
        key = candidate.edits or candidate.message
        done = works.get(candidate.kind)
        if key in seen or (done is not None and done.whole):
            continue
        seen.add(key)
        found_ranks = [tried.candidate.rank for tried in works.values() if tried.whole]
        lowest = min(found_ranks, default=0)
        reach = LIKELY if lowest < RANK else LIKELY_TUNED
        if len(found_ranks) >= MAX_MENDS or (found_ranks and candidate.rank > lowest + reach):
            break
        found = (
            trials.try_inputs(candidate.sizes)
            if candidate.sizes is not None
            else trials.try_edits(candidate.edits)
        )
        if found is None or not _gets_further(scene, outcome, found):
            continue
        whole = not found.problems
        alone = candidate.rank < PARTIAL or RANK <= candidate.rank < RANK + PARTIAL_TUNED
        if whole or (done is None and alone):
            works[candidate.kind] = _Tried(candidate, whole, _tell_outcome(scene, found))
    partial = [tried for tried in works.values() if not tried.whole]
    for tried in sorted(partial, key=lambda tried: tried.candidate.rank)[:MAX_COMPLETED]:
        completed = _complete(scene, trials, tried.candidate)
        if completed is not None:
            works[completed.kind] = _Tried(completed, True, RUNS)
    finished = [tried for tried in works.values() if tried.whole]
    likely_ones = [tried for tried in works.values() if tried.whole or tried.candidate.rank < PARTIAL]
    if min((tried.candidate.rank for tried in finished), default=0) >= RANK:
        # A guess with which the model happens to run is no better than a likely change that isn't all there is to do.
        finished = [tried for tried in likely_ones if not tried.whole] or finished
    order = sorted(finished or works.values(), key=lambda tried: tried.candidate.rank)
    best = order[0].candidate.rank if order else 0
    likely = [tried for tried in order if tried.candidate.rank <= best + LIKELY]
    for tried in likely[:MAX_MENDS]:
        yield Mend(tried.candidate.message, tried.candidate.edits, tried.outcome)


def _complete(scene: Scene, trials: Trials, candidate: Candidate) -> Candidate | None:
    """A change with what the layer behind it then needs, where the model runs with both."""
    source = scene.plan.spec.source
    if not candidate.edits or not _is_of(source, candidate.edits):
        return None
    edited = trials.plan_edits(candidate.edits)
    outcome = None if edited is None else derive_outcome(edited)
    if edited is None or outcome is None or outcome.trace is None or not outcome.problems:
        return None
    # What wants another size than the one that was changed is a mistake of its own.
    sizes = {int(number) for number in re.findall(r"\d+", scene.problem.message)}
    for follow in list_fitting_candidates(Scene(edited, outcome.problems[0], outcome.trace), sizes):
        moved = move_edits(follow.edits, candidate.edits) if _is_of(source, follow.edits) else None
        if moved is None:
            continue
        edits = (*candidate.edits, *moved)
        found = trials.try_edits(edits)
        if found is not None and not found.problems:
            message = join_changes(candidate.message, follow.message)
            return Candidate(candidate.kind, candidate.rank + 2, message, edits)
    return None


#: What offers changes for a model that was made and failed: each looks for what it knows.
_LISTS: tuple[Callable[[Scene], Iterator[Candidate]], ...] = (
    find_unpacking,
    list_statement_candidates,
    list_lost_candidates,
    list_layer_candidates,
    list_operation_candidates,
    list_loss_candidates,
    list_target_candidates,
    list_broadcast_candidates,
    list_called_candidates,
    list_container_candidates,
    list_image_candidates,
    list_table_candidates,
    list_recurrent_candidates,
    list_joining_candidates,
    list_sequence_candidates,
    list_shortcut_candidates,
    list_text_candidates,
    list_equation_candidates,
    list_ordered_candidates,
    list_tuned_candidates,
)


def _list_candidates(scene: Scene, trials: Trials, outcome: Outcome) -> Iterator[Candidate]:
    if scene.trace is None:
        yield from list_making_candidates(scene)
        yield from list_tuned_arguments(scene, list_refused_layers(scene))
        return
    for list_candidates in _LISTS:
        yield from list_candidates(scene)
    if scene.failed is None:
        yield from list_kind_candidates(scene, None)
    yield from list_searched_candidates(scene, trials, outcome)


def _tell_outcome(scene: Scene, after: Outcome) -> str:
    """What comes of a change: that the model then runs, or how far it gets."""
    if not after.problems:
        return RUNS
    found = find_refused_layer(scene) if scene.trace is None else None
    rows = () if after.trace is None else after.trace.rows
    row = next((row for row in reversed(rows) if not row.finished), None)
    if row is None or (found is not None and row.path == found[0]):
        return "the layer is then made" if found is None else f"{found[0]} is then made"
    problem = after.problems[0]
    if row.path and (row.kind == "operation" or row.path in problem.message):
        return f"the model then gets as far as {row.path}"
    place = "further" if problem.position is None else f"as far as line {problem.position.line}"
    return f"the model then gets {place}"


def _gets_further(scene: Scene, before: Outcome, after: Outcome) -> bool:
    """Whether what failed goes through: the model runs, or fails further on."""
    if after.has_empty and not before.has_empty:
        return False
    if not after.problems:
        return True
    if after.trace is None or before.trace is None:
        known = {_locate(item) for item in before.problems if item.position == scene.problem.position}
        same = [problem for problem in after.problems if _locate(problem) in known]
        # A layer that can be made now may fail later, or leave another one that can't be made.
        fewer = after.trace is not None or len(after.problems) < len(before.problems)
        return before.trace is None and not same and fewer
    failed = scene.failed
    if failed is None:
        messages = [problem.message for problem in after.problems]
        gone_on = after.finished > before.finished or any(not row.finished for row in after.trace.rows)
        further = gone_on and after.finished >= before.finished and not _fails_earlier(before, after)
        return further and scene.problem.message not in messages
    if after.finished <= before.finished:
        return False
    if failed.kind == "layer":
        return any(
            row.finished and (row.path, row.call) == (failed.path, failed.call) for row in after.trace.rows
        )
    # An operation may have another number once more are written before it.
    last = next((row for row in reversed(after.trace.rows) if not row.finished), None)
    return last is None or _find_place(last) != _find_place(failed)


def _fails_earlier(before: Outcome, after: Outcome) -> bool:
    """Whether a layer fails that finished without the change."""
    if before.trace is None or after.trace is None:
        return False
    done = {(row.path, row.call) for row in before.trace.rows if row.finished and row.kind == "layer"}
    return any((row.path, row.call) in done for row in after.trace.rows if not row.finished)


def _find_place(row: Row) -> tuple[str, str, int]:
    """The block that calls an operation, what it is, and its line."""
    return row.path.rpartition(".")[0], row.type, 0 if row.position is None else row.position.line


def _locate(problem: Problem) -> tuple[str, int]:
    """A problem's sentence and line, which stay where what stands around it is changed."""
    return problem.message, 0 if problem.position is None else problem.position.line


def select_mend(problems: Sequence[Problem]) -> Mend | None:
    """The mend that would be listed first, of those that change a text."""
    return next((mend for problem in problems for mend in problem.mends if mend.edits), None)
