"""Sizes of the model's inputs that make it run, where a formula isn't asked for: found by trying some."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from layercli.diagnose.candidates import Candidate, find_input_value, list_size_sites, resize_input
from layercli.diagnose.fits import find_misfits
from layercli.diagnose.scene import Scene
from layercli.diagnose.trial import Outcome, Trials
from layercli.trace import Row, TensorType

#: Tries that a search may take, and those that have to be left for other mends.
MAX_SEARCHED = 22
LEFT = 20

#: Layers and operations that slide over the positions of an image.
_WINDOWS = re.compile("conv|pool|unfold|unshuffle", re.IGNORECASE)

#: The largest size that is tried.
LARGEST = 4096


def list_searched_candidates(scene: Scene, trials: Trials, outcome: Outcome) -> Iterator[Candidate]:
    """An image of another size, where a layer wants more or fewer features than its positions give."""
    row = scene.failed
    if row is None or trials.left < MAX_SEARCHED + LEFT or not _has_windows(scene):
        return
    for name, value in scene.trace.inputs if scene.trace is not None else ():
        if not isinstance(value, TensorType) or len(value.shape) < 3:
            continue
        text = find_input_value(scene, name)
        if text is None or len(list_size_sites(text)) != len(value.shape):
            continue
        wanted = _wanted(scene, row)
        even = _make_even(trials, name, value.shape) if row.kind == "operation" else None
        if even is not None:
            yield from resize_input(scene, name, even, "input size", 8)
        found = _search(scene, trials, row, name, value.shape, wanted)
        if found is not None:
            yield from resize_input(scene, name, found, "input size", 15)
        return


def _has_windows(scene: Scene) -> bool:
    """Whether anything slides over positions: without it another number of them changes nothing but by accident."""
    rows = () if scene.trace is None else scene.trace.rows
    return any(_WINDOWS.search(row.type) is not None for row in rows)


def _make_even(trials: Trials, name: str, shape: Sequence[int]) -> list[int] | None:
    """The next larger positions that can be halved as often as the model halves them; None where that isn't it."""
    for unit in (2, 4, 8, 16, 32):
        sizes = [*shape[:2], *(-(-size // unit) * unit for size in shape[2:])]
        if sizes == list(shape):
            continue
        outcome = trials.try_inputs({name: sizes})
        if outcome is not None and not outcome.problems:
            return sizes
    return None


def _wanted(scene: Scene, row: Row) -> int | None:
    """How many features the layer that failed needs; None where it needs its input to be larger."""
    misfit = next(find_misfits(row, scene.plans.get(row.path)), None)
    return None if misfit is None else misfit.needed


def _search(
    scene: Scene, trials: Trials, row: Row, name: str, shape: Sequence[int], wanted: int | None
) -> list[int] | None:
    """The roundest size near the given one at which the row goes through.

    What an image gives grows with its size, so the sizes that fit stand side by side.
    """
    least = trials.left - MAX_SEARCHED
    results: dict[int, int] = {}

    def resized(change: int) -> list[int]:
        return [*shape[:2], *(size + change for size in shape[2:])]

    def compare(change: int) -> int:
        """-1 where the size is too small, 1 where it is too large, else 0."""
        if change in results:
            return results[change]
        if min(resized(change)[2:]) < 1:
            return -1
        outcome = trials.try_inputs({name: resized(change)})
        results[change] = _judge(scene, row, outcome, wanted)
        return results[change]

    start = compare(0) if wanted is not None else -1
    if start == 0:
        return None
    step, low, high = 1, 0, 0
    while trials.left > least:
        change = step if start < 0 else -step
        if max(resized(change)) > LARGEST or min(resized(change)[2:]) < 1:
            if start < 0:
                return None
            change = 1 - min(shape[2:])
        if compare(change) != start:
            low, high = sorted((change, (step // 2) * (1 if start < 0 else -1)))
            break
        if min(resized(change)[2:]) == 1:
            return None
        step *= 2
    else:
        return None
    # The edge at which it becomes large enough.
    while high - low > 1 and trials.left > least:
        middle = (low + high) // 2
        if compare(middle) < 0:
            low = middle
        else:
            high = middle
    fitting = [change for change in (high, low) if results.get(change) == 0]
    if not fitting:
        return None
    first = fitting[0]
    best = first
    for change in range(first, first + 8):
        size = min(resized(change)[2:])
        if trials.left <= least or compare(change) != 0:
            break
        if _roundness(size) > _roundness(min(resized(best)[2:])):
            best = change
    return resized(best)


def _roundness(size: int) -> int:
    """By what power of two a size can be divided."""
    return size & -size


def _judge(scene: Scene, row: Row, outcome: Outcome | None, wanted: int | None) -> int:
    if outcome is None or outcome.trace is None:
        return -1
    if not outcome.problems:
        return 0
    last = next((item for item in reversed(outcome.trace.rows) if not item.finished), None)
    if last is None or (last.path, last.call) != (row.path, row.call):
        done = any(
            item.finished and (item.path, item.call) == (row.path, row.call) for item in outcome.trace.rows
        )
        return 0 if done else -1
    if wanted is None:
        return -1
    misfit = next(find_misfits(last, scene.plans.get(row.path)), None)
    return -1 if misfit is None or misfit.got < wanted else 1
