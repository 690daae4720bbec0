"""Places of an edited text are found in the text before."""

from __future__ import annotations

import pytest

from layercli.diagnose.editing import apply_edits, find_original, move_edits
from layercli.errors import Edit, Position, Source

TEXT = "layers:\n  fc1: Linear(12, 20)\n  fc2: Linear(24, 5)\n"


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_edits_behind_an_inserted_line_are_those_of_the_text_before(ends: str) -> None:
    source = Source("net.yaml", TEXT.replace("\n", ends))
    made = (
        Edit(Position(source, 2, 3, 0), "flatten: Flatten()\n  "),
        Edit(Position(source, 2, 15, 2), "4096"),
    )
    edited = Source("net.yaml", apply_edits(source.text, made))
    assert edited.lines[2] == "  fc1: Linear(4096, 20)"
    on_one_line = Edit(Position(edited, 3, 21, 2), "24")
    below = Edit(Position(edited, 4, 15, 2), "20")
    moved = move_edits((on_one_line, below), made)
    assert moved is not None
    assert [(edit.position.line, edit.position.column) for edit in moved] == [(2, 19), (3, 15)]
    whole = apply_edits(source.text, (*made, *moved))
    assert whole == apply_edits(edited.text, (on_one_line, below))


def test_what_edits_wrote_was_nowhere_before() -> None:
    source = Source("net.yaml", TEXT)
    made = (
        Edit(Position(source, 2, 3, 0), "flatten: Flatten()\n  "),
        Edit(Position(source, 2, 15, 2), "4096"),
    )
    edited = Source("net.yaml", apply_edits(source.text, made))
    for position in (Position(edited, 2, 12, 9), Position(edited, 3, 15, 4), Position(edited, 3, 8, 12)):
        found = find_original(made, position)
        assert found is None or source.text.split("\n")[found.line - 1][found.column - 1 :].startswith(
            "Linear"
        )
    assert move_edits((Edit(Position(edited, 3, 15, 4), "8"),), made) is None
