"""A spec that is typed character by character: whatever is there so far, every question has an answer."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from layercli.server import actions, analysis
from layercli.server.actions import list_actions
from layercli.server.analysis import Analysis, analyse, looks_like_spec, may_become_spec
from layercli.server.completion import find_signature, list_offers
from layercli.server.hover import tell_place, write_markdown, write_plain
from layercli.server.outline import Outline, find_place, read_outline
from layercli.spec.library import list_bundled
from layercli.validation import Validation

TEXTS = {path.stem: path.read_text("utf-8") for path in list_bundled()}
BLOCKS = """\
inputs: {x: [1, 8]}
imports: {Other: other.yaml}
blocks:
  Block:
    params: {dim: ~, act: GELU}
    inputs: [x, 'mask=None']
    layers: {fc: 'Linear(dim, dim)', act: act()}
    forward: |
      if mask is not None:
          x = x * mask
      return self.act(self.fc(x))
layers:
  - {type: Block, dim: 8}
  - Sequential(Linear(8, 8), 2 * Block(8))
"""


def look(text: str) -> Analysis:
    path = Path("net.yaml").absolute()
    return analyse(path, {path: text}, nullcontext)


@pytest.mark.parametrize(
    "text", [TEXTS["lenet"], TEXTS["lstmtagger"], BLOCKS], ids=["lenet", "lstmtagger", "blocks"]
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_each_beginning_has_answers(text: str, ends: str) -> None:
    text = text.replace("\n", ends)
    for end in range(0, len(text), 3):
        found = look(text[:end])
        assert "internal" not in [problem.code for problem in found.problems], text[:end]
        lines = found.lines("utf-16")
        line = len(lines.starts) - 1
        shown = [lines.line(number) for number in range(line + 1)]
        outline = read_outline(found.text, line) or Outline()
        place = find_place(shown, line, len(shown[-1]))
        list_offers(place, outline, found, "")
        find_signature(place, outline)
        pieces = tell_place(found, outline, line, end, lines)
        assert write_markdown(pieces).count("```") % 2 == 0
        assert write_plain(pieces) or not pieces


@pytest.mark.parametrize("name", TEXTS)
def test_bundled_specs_are_specs(name: str) -> None:
    assert looks_like_spec(TEXTS[name])
    assert may_become_spec(TEXTS[name])


def test_every_line_of_a_survey_is_in_the_text() -> None:
    found = look(TEXTS["lenet"])
    assert found.survey is not None
    lines = TEXTS["lenet"].split("\n")
    for call in found.survey.calls:
        for place in (call.made, call.called):
            assert place is None or 0 < place.line <= len(lines)
    called = [call.path for call in found.survey.called_on(found.name, lines.index("  - fc3(x)") + 1)]
    assert called == ["fc3"]


def test_nothing_is_tried_where_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    text = TEXTS["lenet"].replace("Conv2d(1", "Conv2D(1")
    assert [action.title for action in list_actions(look(text), 0, len(text))] == ["Write Conv2d"]
    monkeypatch.setattr(actions, "MAX_SECONDS", -1.0)
    assert list_actions(look(text), 0, len(text)) == []


def test_a_mistake_of_ours_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **keywords: object) -> Validation:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(analysis, "validate_spec", fail)
    (problem,) = look(TEXTS["lenet"]).problems
    assert (problem.code, problem.message) == ("internal", "ZeroDivisionError: division by zero")
