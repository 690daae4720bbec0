"""YAML text to nodes: every character has its place, and every accident its own sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from layercli.errors import CommandError, Problem, Source, SpecError, draw_problems
from layercli.spec import document
from layercli.spec.document import (
    Entries,
    Items,
    Node,
    Scalar,
    Text,
    explain_split_mapping,
    explain_unbalanced,
    read_document,
    read_source,
)

LOADERS = sorted({yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)}, key=lambda c: c.__name__)


def read(text: str) -> Entries:
    return read_document(Source("net.yaml", text))


def refuse(text: str) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        read(text)
    draw_problems(caught.value.problems)
    return caught.value.problems


def scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Items):
        for item in node.items:
            yield from scalars(item)
    else:
        for key, value in node.entries:
            yield key
            yield from scalars(value)


def value_of(text: str, key: str = "a") -> Text:
    node = read(text).get(key)
    assert isinstance(node, Scalar)
    return node.text


# Nodes


def test_nodes_have_their_shape_and_place() -> None:
    root = read("name: Net\ninputs: {x: [1, N]}\nforward:\n  - fc(x)\nempty:\n")
    assert [key.text.text for key, _ in root.entries] == ["name", "inputs", "forward", "empty"]
    assert not root.flow
    inputs, forward, empty = root.get("inputs"), root.get("forward"), root.get("empty")
    assert isinstance(inputs, Entries)
    assert inputs.flow
    assert (inputs.position.line, inputs.position.column, inputs.position.width) == (2, 9, 11)
    sizes = inputs.get("x")
    assert isinstance(sizes, Items)
    assert sizes.flow
    assert len(sizes.items) == 2
    assert isinstance(forward, Items)
    assert not forward.flow
    assert isinstance(empty, Scalar)
    assert (empty.text.text, empty.text.style, str(empty.position)) == ("", "plain", "net.yaml:5:7")
    assert root.get("nothing") is None


@pytest.mark.parametrize(
    ("text", "style", "quoted"),
    [
        ("a: x", "plain", False),
        ("a: 'x'", "single", True),
        ('a: "x"', "double", True),
        ("a: |\n  x", "literal", False),
        ("a: >\n  x", "folded", False),
    ],
)
@pytest.mark.parametrize("loader", LOADERS)
def test_styles(monkeypatch: pytest.MonkeyPatch, loader: type, text: str, style: str, quoted: bool) -> None:
    monkeypatch.setattr(document, "_LOADER", loader)
    found = value_of(text)
    assert (found.text, found.style, found.quoted) == ("x", style, quoted)


# Each: a document, its value under "a", and the place of each given part of that value.
PLACES: list[tuple[str, str, dict[str, tuple[int, int]]]] = [
    ("a: Linear(8, 2)", "Linear(8, 2)", {"Linear": (1, 4), "2": (1, 14)}),
    ("# é😀ü\na: é😀(b)", "é😀(b)", {"é": (2, 4), "😀": (2, 5), "b": (2, 7)}),
    ("\r\na: f(x,\r\n   y)\r\n", "f(x, y)", {"x": (2, 6), "y": (3, 4)}),
    ("a: f(x,\n\n   y)", "f(x,\ny)", {"x": (1, 6), "y": (3, 4)}),
    ("a: 'it''s x'", "it's x", {"it": (1, 5), "'": (1, 7), "s": (1, 9), "x": (1, 11)}),
    ("a: 'b\n\n\n  c'", "b\n\nc", {"b": (1, 5), "c": (4, 3)}),
    ('a: "x\\ty\\u00e9z"', "x\tyéz", {"x": (1, 5), "\t": (1, 6), "y": (1, 8), "é": (1, 9), "z": (1, 15)}),
    ('a: "b \\\n    c"', "b c", {"b": (1, 5), "c": (2, 5)}),
    ("a: |\n    x = y\n\n      z\n", "x = y\n\n  z\n", {"x": (2, 5), "y": (2, 9), "z": (4, 7)}),
    ("a: |-\n  x\n  y\n", "x\ny", {"x": (2, 3), "y": (3, 3)}),
    ("a: |2-  # note\n    x\n", "  x", {"x": (2, 5)}),
    ("a: >\n  x\n  y\n\n  z\n   q\n", "x y\nz\n q\n", {"x": (2, 3), "y": (3, 3), "z": (5, 3), "q": (6, 4)}),
]


@pytest.mark.parametrize(("text", "value", "parts"), PLACES)
@pytest.mark.parametrize("loader", LOADERS)
def test_each_character_has_its_place(
    monkeypatch: pytest.MonkeyPatch, loader: type, text: str, value: str, parts: dict[str, tuple[int, int]]
) -> None:
    monkeypatch.setattr(document, "_LOADER", loader)
    found = value_of(text)
    assert found.text == value
    for part, place in parts.items():
        position = found.position(value.index(part), len(part))
        assert (position.line, position.column) == place, part


def test_a_position_stays_on_its_line() -> None:
    text = value_of("a: |\n  x = f(y)\n  return x\n")
    assert text.position().width == len("x = f(y)")
    assert text.position(4, 100).width == len("f(y)")
    assert text.position(9, 6).width == len("return")
    end = text.position(len(text.text))
    assert (end.line, end.column, end.width) == (3, 11, 1)


def test_the_width_of_an_escape_is_that_of_its_characters() -> None:
    text = value_of('a: "x\\u00e9y"')
    assert text.position(1, 1).width == len("\\u00e9")
    assert text.position(0).width == len("x\\u00e9y")


def test_a_text_that_is_no_yaml() -> None:
    text = Text.whole(Source("--set", "a\n  b"))
    assert str(text.position(4)) == "--set:2:3"


PIECES = st.lists(
    st.sampled_from(
        [
            "a",
            "b1",
            "é",
            "😀",
            " ",
            "  ",
            "(",
            "''",
            "'",
            '"',
            "\\n",
            "\\",
            "\\\n",
            "\\x41",
            "\\u00e9",
            "\n",
            "\n\n",
            "\n \n",
            "\n  ",
            "#",
            " #",
            ",",
            ": ",
            ":",
            "-",
            "[1]",
            "\t",
        ]
    ),
    max_size=9,
).map("".join)
LINES = st.lists(st.sampled_from(["a", "é😀 x", "b  ", "", "  c", "   ", " \td"]), min_size=1, max_size=6)


@st.composite
def documents(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(["", "# é😀\n", "---\n", "\n"]))
    for number in range(draw(st.integers(1, 3))):
        opening, indent = draw(
            st.sampled_from([("k{}: ", 0), ("'é {}':\n- ", 0), ("k{}:\n  - ", 2), ("k{}:\n  z:\n  - q: ", 4)])
        )
        text += opening.format(number)
        break_ = "\n" + " " * (indent + draw(st.integers(1, 3)))
        kind = draw(st.sampled_from(["plain", "single", "double", "literal", "folded", "flow"]))
        if kind in ("literal", "folded"):
            text += "|" if kind == "literal" else ">"
            text += draw(st.sampled_from(["", "-", "+", "1", "2-", "+1", " # c"]))
            text += break_ + break_.join(draw(LINES)) + draw(st.sampled_from(["", "\n", "\n\n"]))
        else:
            start, end = {"plain": ("a", ""), "single": ("'", "'"), "double": ('"', '"')}.get(
                kind, ("[x, '", "', {y: b}]")
            )
            text += start + draw(PIECES).replace("\n", break_) + end
        text += "\n"
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def check_places(root: Node, source: Source) -> None:
    for scalar in scalars(root):
        text = scalar.text
        last = (0, 0)
        for offset, character in enumerate(text.text):
            line, column = place = text.place(offset)
            assert last <= place, "places rise"
            last = place
            there = source.line(line)[column - 1 : column]
            rest = source.line(line)[column - 1 :]
            folded = character in " \n" and not rest.strip(" \t\\")
            escaped = text.style == "double" and there == "\\"
            assert there == character or folded or escaped, (text, offset)
            position = text.position(offset, 3)
            assert position.width == 1 or column - 1 + position.width <= len(source.line(line))


@pytest.mark.parametrize("loader", LOADERS)
@settings(max_examples=400, deadline=None)
@given(text=documents())
def test_places_of_any_document(loader: type, text: str) -> None:
    source = Source("net.yaml", text)
    before = document._LOADER
    document._LOADER = loader
    try:
        check_places(read_document(source), source)
    except SpecError as error:
        for problem in error.problems:
            assert problem.position is not None
            assert problem.hint
            assert problem.position.line <= len(source.lines)
    finally:
        document._LOADER = before


def test_the_property_can_fail() -> None:
    source = Source("net.yaml", "a: 'it''s'")
    wrong = Scalar(Text(source, "it's", "single", ((0, 1, 5),)))
    with pytest.raises(AssertionError):
        check_places(wrong, source)


# What is refused: code, place, and a part of the hint

REFUSED: list[tuple[str, str, str, str]] = [
    ("x: &foo 1", "yaml-anchor", "1:4", "a block or a param"),
    ("x: 1\ny: *foo", "yaml-alias", "2:4", "y: '*foo'"),
    ("<<: {a: 1}", "yaml-merge", "1:1", "make a block"),
    ("x: !t 1", "yaml-tag", "1:4", "remove it"),
    ("x: !!python/object/apply:os.system [ls]", "yaml-tag", "1:4", "remove it"),
    ("a: 1\n---\nb: 2", "yaml-documents", "2:1", "remove the line ---"),
    ("%YAML 1.2\n---\na: 1", "yaml-directive", "1:1", "remove this line"),
    ("a: 1\nb: 2\na: 3", "yaml-duplicate-key", "3:1", "rename"),
    ("a: {b: 1, b: 2}", "yaml-duplicate-key", "1:11", "rename"),
    ("a:\n\tb: 1", "yaml-tab", "2:1", "blanks"),
    ("a:\n  \tb: 1", "yaml-tab", "2:3", "blanks"),
    ("a: x\x00", "control-character", "1:5", "remove"),
    ("a: x\x1b[31m", "control-character", "1:5", "remove"),
    ('a: "x\\0"', "control-character", "1:6", "remove"),
    ('a: "\\u202e"', "control-character", "1:5", "remove"),
    ("a: x\u2028", "line-separator", "1:5", "line break"),
    ("a: x\u2029", "line-separator", "1:5", "line break"),
    ("# c\x85", "line-separator", "1:4", "line break"),
    ("a: 1\rb: 2", "lone-carriage-return", "1:5", "line feed"),
    ("a: 1 # \u202e", "bidirectional-character", "1:8", "remove"),
    ("a: \ufeff1", "byte-order-mark", "1:4", "start"),
    ('"\\x61": 1', "yaml-key-escape", "1:1", "themselves"),
    ("? [a]\n: 1", "yaml-key", "1:3", "a name as the key"),
    ("a: {{x}}", "yaml-key", "1:5", "--set"),
    ("{{x}}: 1", "yaml-key", "1:1", "--set"),
    ("? |\n  a\n: 1", "yaml-key", "1:3", "key: value"),
    ("", "empty-spec", "1:1", "layers:"),
    ("# nothing\n", "empty-spec", "1:1", "layers:"),
    ("---\n", "empty-spec", "1:1", "layers:"),
    ("- a", "not-a-mapping", "1:1", "key: value"),
    ("a text", "not-a-mapping", "1:1", "key: value"),
    ("layers:Linear", "yaml-missing-blank", "1:1", "write layers: Linear"),
    ("a: 1\nb:2\nc: 3", "yaml-missing-blank", "2:1", "write b: 2"),
    ("a: 1\nfoo\nb: 2", "yaml-missing-colon", "2:1", "key: value"),
    ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n", "conflict-marker", "2:1", "one of the two"),
    ("a: 'x\nb: 1\n", "yaml-unclosed", "1:4", "close it with '"),
    ("a: 'x\nb: 'y'\n", "yaml-unclosed", "1:4", "on its own line"),
    ("a: [1, 2\nb: 1\n", "yaml-unclosed", "1:4", "close it with ]"),
    ("a: {b: {c: 1}\n", "yaml-unclosed", "1:4", "close it with }"),
    ("a: [, 1]", "yaml-missing-entry", "1:5", "remove the comma"),
    ('a: "\\d"', "yaml-escape", "1:5", "single quotes"),
    ("a: x\n  b: 1", "yaml-indentation", "2:3", "same indentation"),
    ("a:\n    b: 1\n  c: 2", "yaml-indentation", "3:3", "same indentation"),
    ("a: 1\n- b", "yaml-mixed", "2:1", "key: value"),
    ("a:\n  - b\n  c: 1", "yaml-mixed", "3:3", "write - c: 1"),
    ("a: f(1, # one\n  2)\nb: 1", "yaml-comment", "1:9", "a line of its own"),
    ("a: " + "[" * 50, "yaml-depth", "1:43", "block"),
    # Expressions that YAML takes for something else: the hint shows the line with quotes.
    ("layers: {a: Linear(8, 2)}", "yaml-quote-needed", "1:13", "layers: {a: 'Linear(8, 2)'}"),
    (
        "a: {b: f(1, 2), c: ReLU(), d: g((3, 5))} # c",
        "yaml-quote-needed",
        "1:8",
        "a: {b: 'f(1, 2)', c: ReLU(), d: 'g((3, 5))'}",
    ),
    ("a: [Linear(8, 2), ReLU()]", "yaml-quote-needed", "1:5", "a: ['Linear(8, 2)', ReLU()]"),
    ("a: {b: x[0]}", "yaml-quote-needed", "1:8", "a: {b: 'x[0]'}"),
    ("a: {b: f([1, 2]), c: [1, 2]}", "yaml-quote-needed", "1:8", "a: {b: 'f([1, 2])', c: [1, 2]}"),
    ("a: {b: randint(0, v, (T,))}", "yaml-quote-needed", "1:8", "a: {b: 'randint(0, v, (T,))'}"),
    ("a: {b: f({'k': 1})}", "yaml-quote-needed", "1:8", "a: {b: \"f({'k': 1})\"}"),
    ("a: {b: 'x' + y}", "yaml-quote-needed", "1:8", "a: {b: \"'x' + y\"}"),
    ("a: {b: f(1,\n  2)}", "yaml-quote-needed", "1:8", "write 'f(1, 2)'"),
    ("a: [*.weight]", "yaml-quote-needed", "1:5", "a: ['*.weight']"),
    ("a: x[:, : n]", "yaml-quote-needed", "1:4", "a: 'x[:, : n]'"),
    ("- {'k': f(x, 1)}", "yaml-quote-needed", "1:9", "- \"{'k': f(x, 1)}\""),
    ("- 'a' + x", "yaml-quote-needed", "1:3", "- \"'a' + x\""),
    ('- "a" + x', "yaml-quote-needed", "1:3", "- '\"a\" + x'"),
    ("- [a, b] = f(x)", "yaml-quote-needed", "1:3", "- '[a, b] = f(x)'"),
    ("- {'a': x}['a']", "yaml-quote-needed", "1:3", "- \"{'a': x}['a']\""),
    ("- *[x, y]", "yaml-quote-needed", "1:3", "- '*[x, y]'"),
    ("- @x", "syntax", "1:3", "write x; a product has two sides: x @ x"),
    ("- %x", "yaml-quote-needed", "1:3", "- '%x'"),
    ("- `x`", "yaml-quote-needed", "1:3", "- '`x`'"),
    ("- > x", "yaml-quote-needed", "1:3", "- '> x'"),
    ("- | x", "yaml-quote-needed", "1:3", "- '| x'"),
    ("- & x", "yaml-quote-needed", "1:3", "- '& x'"),
    ("- , x", "yaml-quote-needed", "1:3", "- ', x'"),
    ("a: ] x", "yaml-quote-needed", "1:4", "a: '] x'"),
    ("a: - x", "yaml-quote-needed", "1:4", "a: '- x'"),
    ("a: -", "yaml-quote-needed", "1:4", "a: '-'"),
]


@pytest.mark.parametrize(
    ("text", "code", "place", "hint"), REFUSED, ids=[repr(row[0])[:40] for row in REFUSED]
)
@pytest.mark.parametrize("loader", LOADERS)
def test_refused(
    monkeypatch: pytest.MonkeyPatch, loader: type, text: str, code: str, place: str, hint: str
) -> None:
    monkeypatch.setattr(document, "_LOADER", loader)
    problem = refuse(text)[0]
    assert (problem.code, str(problem.position)) == (code, f"net.yaml:{place}")
    assert hint in problem.hint
    assert not problem.message.endswith(".")


@pytest.mark.parametrize(
    "text", [row[3] for row in REFUSED if row[1] == "yaml-quote-needed" and row[3][:2] in ("a:", "la")]
)
def test_the_line_that_a_hint_shows_is_read(text: str) -> None:
    read(text)


def test_a_tag_for_python_says_that_nothing_runs() -> None:
    assert "run Python code" in refuse("x: !!python/object:os.system 1")[0].message


def test_independent_problems_come_together_in_order() -> None:
    problems = refuse("a: &x 1\nb: *x\na: !t 2\n<<: {}\n")
    assert [problem.code for problem in problems] == [
        "yaml-anchor",
        "yaml-alias",
        "yaml-duplicate-key",
        "yaml-tag",
        "yaml-merge",
    ]
    assert problems[1].hint.startswith("write the thing out")


def test_both_places_of_a_doubled_key_are_shown() -> None:
    (problem,) = refuse("conv: 1\nfc: 2\nconv: 3")
    assert [str(label.position) for label in problem.labels] == ["net.yaml:1:1"]


def test_each_layer_that_is_written_with_an_equal_sign_is_shown() -> None:
    made = "".join(f"  self.fc{number} = nn.Linear(8, {number})\n" for number in range(1, 4))
    (problem,) = refuse(f"layers:\n  conv: Conv2d(3, 4, 3)\n{made}\n  other = 3\n")
    assert problem.hint == "write fc1: nn.Linear(8, 1)"
    assert [(label.position.line, label.text) for label in problem.labels] == [
        (4, "write fc2: nn.Linear(8, 2)"),
        (5, "write fc3: nn.Linear(8, 3)"),
    ]
    assert problem.notes == ()
    (problem,) = refuse("layers:\n  a: ReLU()\n" + "  b = ReLU()\n" * 40)
    assert len(problem.labels) == 11
    assert problem.notes == ("28 more of the lines below are written so, too",)


def test_problems_are_counted_up_to_a_limit() -> None:
    assert len(refuse("a: 1\n" * 1000)) == document.MAX_PROBLEMS


@pytest.mark.parametrize(
    "text",
    [
        "---\na: 1\n...\n",
        "a: 1\r\nb: |\r\n  x\r\n",
        "a:\n\n  b: 1\n",
        "{a: 1, b: [x, (y)]}",
        "a: x #y\nb: it's\n",
        "a: {b: it's, c: 'f(1, 2)'}",
        '"a b": 1',
        "a: 'b\u200bc'",
        "a: " + "[" * 30 + "]" * 30,
        # Dashes that are minus signs, or stand in prose.
        "forward:\n  - y = a\n      + b\n      - c\n",
        "forward:\n  - y = f(a\n      - b)\n",
        "doc: what\n  - it does\n",
        # Words of Python inside a spec's own text.
        "doc: |\n  import torch\ninputs: {x: [1]}\nlayers: {fc: f}\n",
    ],
)
def test_accepted(text: str) -> None:
    read(text)


# What only the reader of a spec can ask


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("f:\n  - return {'a': x}", "write - \"return {'a': x}\""),
        ("f:\n  - y = x[:, : n]  # c", "write - 'y = x[:, : n]'"),
        ("f:\n  - {'a': x}", "write - \"{'a': x}\""),
        ("f:\n  - [a, b]", "write - '[a, b]'"),
        ("f:\n  - - x", "write - '- x'"),
    ],
)
def test_explain_split_mapping(text: str, hint: str) -> None:
    items = read(text).get("f")
    assert isinstance(items, Items)
    (node,) = items.items
    assert not isinstance(node, Scalar)
    problem = explain_split_mapping(node)
    assert problem is not None
    assert problem.code == "yaml-quote-needed"
    assert problem.hint.startswith(hint)
    assert "forward: |" in problem.hint
    mended = read("f:\n  " + problem.hint.removeprefix("write ").split(", or in forward")[0]).get("f")
    assert isinstance(mended, Items)
    assert isinstance(mended.items[0], Scalar)


def test_a_mapping_of_several_lines_was_meant() -> None:
    items = read("f:\n  - a: 1\n    b: 2").get("f")
    assert isinstance(items, Items)
    assert isinstance(items.items[0], Entries)
    assert explain_split_mapping(items.items[0]) is None


@pytest.mark.parametrize(
    ("text", "code", "place", "hint"),
    [
        ("a: Conv2d(1, 6 #kernel, 5)", "yaml-comment", "1:16", "a: 'Conv2d(1, 6 #kernel, 5)'"),
        ("a: Conv2d(1, 6 # the kernel", "yaml-comment", "1:16", "a line of its own"),
        ("a: assert x, 'a #b'", "yaml-comment", "1:17", "a: \"assert x, 'a #b'\""),
        ("a: f(x", "unbalanced-brackets", "1:5", "close it with )"),
        ("a: f(x))", "unbalanced-brackets", "1:8", "remove it"),
        ("a: |\n  f(x]\n", "unbalanced-brackets", "2:6", "remove it"),
    ],
)
def test_explain_unbalanced(text: str, code: str, place: str, hint: str) -> None:
    problem = explain_unbalanced(value_of(text))
    assert problem is not None
    assert (problem.code, str(problem.position)) == (code, f"net.yaml:{place}")
    assert hint in problem.hint


@pytest.mark.parametrize("text", ["a: f(x) # c", "a: f('(')", "a: it's"])
def test_balanced(text: str) -> None:
    assert explain_unbalanced(value_of(text)) is None


# Depth and size


DEEP = """
from layercli.errors import Source, SpecError
from layercli.spec.document import read_document
for text in ("[" * 30000, "- " * 30000, "{a: " * 30000, "? " * 30000, "a: " * 30000,
             "\\n".join(" " * n + "a:" for n in range(1000)), "a: {b: " + "f(," * 30000):
    try:
        read_document(Source("deep.yaml", text))
    except SpecError as error:
        print(error.problems[0].code)
"""


def test_depth_does_not_crash_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    codes = done.stdout.split()
    assert len(codes) == 7
    assert codes.count("yaml-depth") >= 4


def test_the_limit_of_depth_can_be_raised() -> None:
    text = "a: " + "[" * 45 + "]" * 45
    refuse(text)
    read_document(Source("net.yaml", text), max_depth=50)


# Files


def test_read_source(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: \xc3\xa9\r\n")
    source = read_source(path, "net.yaml")
    assert (source.name, source.text) == ("net.yaml", "name: é\r\n")


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"a: 1\nb: \xc3\xa9\xff", "not-utf8", "2:5"),
        ("a: 1".encode("utf-16"), "not-utf8", "1:1"),
        (b"a: 1\n\n b\x00", "control-character", "3:3"),
    ],
)
def test_bytes_that_are_refused(tmp_path: Path, data: bytes, code: str, place: str) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(data)
    with pytest.raises(SpecError) as caught:
        read_source(path, "net.yaml")
    (problem,) = caught.value.problems
    assert (problem.code, str(problem.position)) == (code, f"net.yaml:{place}")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    big = tmp_path / "big.yaml"
    big.write_text("a: 1\n" * 100)
    cases = [(tmp_path / "none.yaml", "missing-file"), (tmp_path, "is-folder"), (big, "file-too-large")]
    for path, code in cases:
        with pytest.raises(CommandError) as caught:
            read_source(path, max_bytes=100)
        assert caught.value.problems[0].code == code
    assert read_source(big, max_bytes=500).text == "a: 1\n" * 100


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are a thing of POSIX")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(CommandError) as caught:
        read_source(tmp_path / "pipe.yaml")
    assert caught.value.problems[0].code == "not-regular"
