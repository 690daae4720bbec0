"""One edit of a spec is one difference, whatever follows from it."""

from __future__ import annotations

from random import Random

import pytest

from layercli.lock import collect_positions, compare_locks, flatten_differences
from tests.lock.edits import EDITS, draw_model, find_lock

#: The models drawn for each kind of edit.
MODELS = 40


@pytest.mark.parametrize("name", EDITS)
def test_one_edit_is_one_difference(name: str) -> None:
    compared = 0
    for seed in range(MODELS):
        random = Random(seed)
        model = draw_model(random)
        edited = EDITS[name](model, random)
        old, new = find_lock(model), None if edited is None else find_lock(edited)
        if edited is None or old is None or new is None or old[0] == new[0]:
            continue
        found = compare_locks(old[0], new[0], collect_positions(new[1]))
        told = [(cause.code, cause.path, cause.old, cause.new) for cause in found]
        assert len(found) == 1, f"seed {seed}: {told}\n{model.write()}\n{edited.write()}"
        compared += 1
    assert compared >= MODELS // 8


def test_that_test_can_fail() -> None:
    """Two edits are two differences."""
    counts = []
    for seed in range(MODELS):
        random = Random(seed)
        model = draw_model(random)
        once = EDITS["insert_operation"](model, random)
        twice = once and EDITS["insert_layer"](once, random)
        old, new = find_lock(model), None if twice is None else find_lock(twice)
        if old is not None and new is not None:
            counts.append(len(compare_locks(old[0], new[0])))
    assert counts.count(2) > len(counts) // 2


def test_every_changed_entry_is_told_once() -> None:
    for seed in range(MODELS):
        random = Random(seed)
        model = draw_model(random)
        edited = EDITS["widen_layer"](model, random)
        old, new = find_lock(model), None if edited is None else find_lock(edited)
        if old is None or new is None:
            continue
        before = {entry.name: entry.type for entry in old[0].state_dict}
        changed = {entry.name for entry in new[0].state_dict if before[entry.name] != entry.type}
        found = flatten_differences(compare_locks(old[0], new[0]))
        told = [part.path for part in found if part.code == "entry-changed"]
        assert sorted(told) == sorted(changed)
