"""Where the values of a TOML text stand, held to what ``tomllib`` reads there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from layercli.errors import CommandError, Source
from layercli.toml import Steps, locate_values, parse_toml

TEXT = '''\
# [tool.none]
title = "a # no comment"
[tool.layercli] # one
specs = ["a", # first
  'b', """c
  d""", ]
"quoted key".inner = {x = 1, 'y' = [true, {z = 2.5e3}]}
date = 1979-05-27T07:32:00Z

[[tool.layercli.ignore]]
spec = 'x = [1]'
[[tool.layercli.ignore]]
reason = """"quoted\\" """"
[tool.layercli.ignore.deep]
empty = {}
none = []
'''


def list_values(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    yield steps, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        yield from list_values(inner, (*steps, step))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_value_stands_where_it_is_said_to(end: str) -> None:
    text = TEXT.replace("\n", end)
    places = locate_values(Source("a.toml", text))
    leaves = 0
    for steps, value in list_values(tomllib.loads(text)):
        if not steps or isinstance(value, dict) or steps == ("tool", "layercli", "ignore"):
            continue
        position = places[steps]
        shown = position.source.line(position.line)[position.column - 1 :][: position.width]
        if isinstance(value, str) and "\n" in value:
            assert shown.startswith('"""c')
        elif not isinstance(value, list) or steps[-1] != "specs":
            assert tomllib.loads(f"v = {shown}")["v"] == value
        key = places.get((*steps, "="))
        if isinstance(steps[-1], str):
            assert key is not None
            assert steps[-1] in key.source.line(key.line)[key.column - 1 :]
        leaves += 1
    assert leaves == 13


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = [\n1,\n", (3, 1)),
        ("a = 1\na = 2\n", (2, 1)),
        ("a = \n", (1, 5)),
        ("x", (1, 2)),
        ("a = '", (1, 6)),
    ],
)
def test_what_is_no_toml_is_told_with_its_place(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(CommandError) as caught:
        parse_toml(Source("a.toml", text))
    [problem] = caught.value.problems
    assert problem.code == "toml-syntax"
    assert problem.position is not None
    assert (problem.position.line, abs(problem.position.column - place[1]) <= 6) == (place[0], True)
