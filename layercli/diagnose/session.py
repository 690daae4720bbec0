"""A problem with its cause and its mends: what was expected, where the wrong size came from, what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from layercli.diagnose.candidates import Candidate
from layercli.diagnose.kinds import find_unpacking, list_kind_candidates
from layercli.diagnose.layers import list_layer_candidates, list_making_candidates
from layercli.diagnose.operations import list_loss_candidates, list_operation_candidates
from layercli.diagnose.scene import Scene
from layercli.diagnose.searches import list_searched_candidates
from layercli.diagnose.telling import explain_scene
from layercli.diagnose.trial import Outcome, Trials, derive_outcome, plan_in_numbers
from layercli.errors import Mend, Problem, SpecError
from layercli.plan.records import Plan
from layercli.record import record
from layercli.trace.failure import TraceFailed

#: Mends that are offered, and problems of one file that are looked into.
MAX_MENDS = 4
MAX_PROBLEMS = 3

#: Mends that are so much less likely than the best one aren't offered.
LIKELY = 24

#: What is less likely has to make the whole model run.
PARTIAL = 12

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
        return failure


def explain_failure(plan: Plan, failure: SpecError, *, mends: bool = True) -> SpecError:
    """The same failure with its problems explained: labels, where sizes came from, and with ``mends`` what ends it.

    ``failure`` is of either engine. What the rules don't refuse is given back as it is.
    """
    plan = plan_in_numbers(plan)
    outcome = derive_outcome(plan)
    if outcome is None or not outcome.problems:
        return failure
    explained: list[Problem] = []
    refusal = ""
    for problem in failure.problems:
        known = next((item for item in outcome.problems if _is_same(item, problem)), None)
        if known is None or len(explained) >= MAX_PROBLEMS:
            explained.append(problem)
            continue
        scene = Scene(plan, problem, outcome.trace)
        told = explain_scene(scene)
        refusal = refusal or told.refusal
        found = tuple(find_mends(scene, outcome)) if mends else ()
        explained.append(replace(told.problem, mends=found, hint="" if found else told.problem.hint))
    if isinstance(failure, TraceFailed):
        return TraceFailed(replace(failure.trace, refusal=refusal), *explained)
    return SpecError(*explained)


def _is_same(known: Problem, problem: Problem) -> bool:
    """Whether the rules refuse what a problem is of."""
    return known.position == problem.position and known.code == problem.code


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
        if len(found_ranks) >= MAX_MENDS or (found_ranks and candidate.rank > min(found_ranks) + LIKELY):
            break
        found = (
            trials.try_inputs(candidate.sizes)
            if candidate.sizes is not None
            else trials.try_edits(candidate.edits)
        )
        if found is None or not _gets_further(scene, outcome, found):
            continue
        whole = not found.problems
        if whole or (done is None and candidate.rank < PARTIAL):
            works[candidate.kind] = _Tried(candidate, whole, _tell_outcome(scene, whole))
    finished = [tried for tried in works.values() if tried.whole]
    order = sorted(finished or works.values(), key=lambda tried: tried.candidate.rank)
    best = order[0].candidate.rank if order else 0
    likely = [tried for tried in order if tried.candidate.rank <= best + LIKELY]
    for tried in likely[:MAX_MENDS]:
        yield Mend(tried.candidate.message, tried.candidate.edits, tried.outcome)


def _list_candidates(scene: Scene, trials: Trials, outcome: Outcome) -> Iterator[Candidate]:
    if scene.trace is None:
        yield from list_making_candidates(scene)
        return
    yield from find_unpacking(scene)
    yield from list_layer_candidates(scene)
    yield from list_operation_candidates(scene)
    yield from list_loss_candidates(scene)
    if scene.failed is None:
        yield from list_kind_candidates(scene, None)
    yield from list_searched_candidates(scene, trials, outcome)


def _tell_outcome(scene: Scene, whole: bool) -> str:
    if whole:
        return "the model then runs"
    if scene.trace is None:
        return "the layer can then be made"
    return f"{scene.failed.path} then runs" if scene.failed is not None else "this line then runs"


def _gets_further(scene: Scene, before: Outcome, after: Outcome) -> bool:
    """Whether what failed goes through: the model runs, or fails further on."""
    if not after.problems:
        return True
    if after.trace is None or before.trace is None:
        same = [problem for problem in after.problems if problem.message == scene.problem.message]
        return before.trace is None and not same and len(after.problems) < len(before.problems)
    failed = scene.failed
    if failed is None:
        messages = [problem.message for problem in after.problems]
        return after.finished > before.finished and scene.problem.message not in messages
    if after.finished <= before.finished:
        return False
    if failed.kind == "layer":
        return any(
            row.finished and (row.path, row.call) == (failed.path, failed.call) for row in after.trace.rows
        )
    # An operation may have another number once more are written before it.
    last = next((row for row in reversed(after.trace.rows) if not row.finished), None)
    return last is None or (last.type, last.position and last.position.line) != (
        failed.type,
        failed.position and failed.position.line,
    )


def select_mend(problems: Sequence[Problem]) -> Mend | None:
    """The mend that would be listed first, of those that change a text."""
    return next((mend for problem in problems for mend in problem.mends if mend.edits), None)
