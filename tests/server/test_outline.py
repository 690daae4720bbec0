"""What a text names, and where a cursor in it stands, however unfinished the text is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layercli.server.outline import MODEL, find_call, find_place, read_outline

TEXT = """\
params: {width: 8}
dims:
  N: 1
inputs:
  x: [N, 8]
layers:
  fc: Linear(8, width)
  long:
    type: Conv2d
    in_channels: 1
  several:
    - Linear(8, 8)
blocks:
  Block:
    params: {dim: ~}
    inputs: [x, "mask=None"]
    layers: {fc: "Linear(dim, dim)"}
    forward: |
      y, _ = self.fc(x)
      for row in y:
          y += row
      return y
forward:
- z = fc(
    x, 1)
- z == 2
"""


def test_names_are_those_of_each_class() -> None:
    outline = read_outline(TEXT, 0)
    assert outline is not None
    assert outline.blocks == ["Block"]
    model, block = outline.classes[MODEL], outline.classes["Block"]
    assert dict(model.params) == {"width": "8"}
    assert dict(model.dims) == {"N": "1"}
    assert dict(model.layers) == {
        "fc": "Linear(8, width)",
        "long": "{type: Conv2d, in_channels: 1}",
        "several": "[Linear(8, 8)]",
    }
    assert model.locals == ("z",)
    assert dict(block.inputs) == {"x": "x", "mask": "mask=None"}
    assert block.locals == ("y", "row")


@pytest.mark.parametrize("line", ["  fc: Linear(8,", "  fc", "  fc: {", '  fc: "', "  fc:\tg", "  - a: {b"])
def test_names_are_there_while_a_line_is_written(line: str) -> None:
    lines = TEXT.split("\n")
    lines[6] = line
    outline = read_outline("\n".join(lines), 6)
    assert outline is not None
    assert "long" in outline.model.layers
    assert outline.blocks == ["Block"]


@pytest.mark.parametrize(
    ("marked", "path", "before", "is_key"),
    [
        ("|", (), "", True),
        ("dims: {}\nla|", (), "la", True),
        ("mode: e|", ("mode",), "e", False),
        ("layers:\n  fc: Lin|ear(8)", ("layers", "fc"), "Lin", False),
        ("layers:\n  f|", ("layers",), "f", True),
        ("layers:\n  fc: 'Linear(|'", ("layers", "fc"), "Linear(", False),
        ("layers: {a: ReLU(), fc: Linear(8, |", ("layers", "fc"), "Linear(8, ", False),
        ("layers: {a: {b: 'Li|", ("layers", "a", "b"), "Li", False),
        ("layers: {a: ReLU(), |", ("layers",), "", True),
        ("layers:\n- Line|", ("layers",), "Line", False),
        ("layers:\n  - Line|", ("layers",), "Line", False),
        ("layers:\n  a: Sequential(\n    Linear(8, |", ("layers", "a"), "Sequential(\n    Linear(8, ", False),
        ("layers:\n  a:\n    b: ReLU()\n    c: X|", ("layers", "a", "c"), "X", False),
        ("layers:\n  # note: here\n\n  a: X|", ("layers", "a"), "X", False),
        ("blocks:\n  Block:\n    inp|", ("blocks", "Block"), "inp", True),
        ("blocks:\n  Block:\n    forward: |-\n      y = x\n      if y:\n        z = y.|", ("blocks", "Block", "forward"), "z = y.", False),
        ("forward: |-\n  else:\n    x = f(|", ("forward",), "x = f(", False),
        ("forward:\n  - x = f(x)\n  - y = |", ("forward",), "y = ", False),
        ("forward:\n- x = f(\n- y = |", ("forward",), "y = ", False),
        ("forward:\n  - x = f(\n      a, |", ("forward",), "x = f(\n      a, ", False),
    ],
)  # fmt: skip
def test_places(marked: str, path: tuple[str, ...], before: str, is_key: bool) -> None:
    start, _, _ = marked.rpartition("|")
    lines = marked.replace("|-", "!-").replace("|", "").replace("!-", "|-").split("\n")
    line = start.count("\n")
    place = find_place(lines, line, len(start) - start.rfind("\n") - 1)
    assert (place.path, place.before, place.is_key) == (path, before, is_key)


@pytest.mark.parametrize(
    ("text", "line"),
    [("layers:\n  a:\n    type: nn.Conv2d\n    in", 3), ("layers:\n  a: {type: nn.Conv2d, in", 1)],
)
def test_the_type_of_a_long_form_is_known(text: str, line: int) -> None:
    place = find_place(text.split("\n"), line, len(text.split("\n")[line]))
    assert (place.path, place.type, place.is_key) == (("layers", "a"), "nn.Conv2d", True)


@pytest.mark.parametrize(
    ("before", "callee", "given", "by_place", "keyword"),
    [
        ("Linear(", "Linear", (), 0, ""),
        ("Linear(8, ", "Linear", (), 1, ""),
        ("Linear(8, bias=False, ", "Linear", ("bias",), 1, ""),
        ("Linear(8, bias=", "Linear", (), 1, "bias"),
        ("relu(F.conv2d(x, (1, 2), [3, ", "F.conv2d", (), 2, ""),
        ("a == b(c == 1, ", "b", (), 1, ""),
        ("f(g(x), h(y), '(', ", "f", (), 3, ""),
    ],
)
def test_open_calls(before: str, callee: str, given: tuple[str, ...], by_place: int, keyword: str) -> None:
    call = find_call(before)
    assert call is not None
    assert (call.callee, call.given, call.by_place, call.keyword) == (callee, given, by_place, keyword)


@pytest.mark.parametrize("before", ["", "x", "f(x)", "f('a", "(1, ", "[f(x), "])
def test_no_call_is_open(before: str) -> None:
    assert find_call(before) is None


@given(
    st.text(st.sampled_from("ab:-{}[](),'\"| \n#=.\U0001f600"), max_size=60),
    st.integers(0, 8),
    st.integers(0, 9),
)
def test_any_text_has_places(text: str, line: int, column: int) -> None:
    lines = text.split("\n")
    place = find_place(lines, min(line, len(lines) - 1), column)
    find_call(place.before)
    read_outline(text, line)
