"""What a text names, and where in it a place stands, however unfinished the text is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Final

from layercli.errors import Source, SpecError
from layercli.record import record
from layercli.spec.document import Entries, Items, Node, Scalar, read_document

#: The key under which the names of the model itself stand, beside those of its blocks.
MODEL: Final = ""

#: So many lines are left out to read the rest.
MAX_LEFT_OUT = 5

_KEY = re.compile(
    r"""[ ]*(?P<dashes>(?:-[ ]+)*)(?P<quote>["']?)(?P<key>[A-Za-z_][\w.]*)(?P=quote)[ ]*:(?:[ ]+|$)"""
)
_ASSIGNED = re.compile(r"(?m)^[ \t]*(?:for[ ]+)?([A-Za-z_][\w, ]*?)[ ]*(?:[-+*/@%]|//|\*\*)?(?:=(?!=)| in )")
_TYPE = re.compile(r"\s*type[ ]*:[ ]*([A-Za-z_][\w.]*)")
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}


@record
class Names:
    """What one class names: its params, dims and layers with their values as texts, its inputs, and its locals."""

    params: Mapping[str, str] = field(default_factory=dict)
    dims: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, str] = field(default_factory=dict)
    locals: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@record
class Outline:
    """The classes of a text by name, the model's own names under ``MODEL``, and the names of its imports."""

    classes: Mapping[str, Names] = field(default_factory=dict)
    imports: tuple[str, ...] = ()

    @property
    def model(self) -> Names:
        """The names of the model itself."""
        return self.classes.get(MODEL, Names())

    @property
    def blocks(self) -> list[str]:
        """The names of the blocks."""
        return [name for name in self.classes if name != MODEL]


@record
class Place:
    """Where a cursor stands.

    ``path`` are the keys that it is below, ``is_key`` says that a key may be written there. ``before`` is what stands
    between that key, or the beginning of the statement, and the cursor. ``type`` is what the key ``type`` holds in the
    mapping around it.
    """

    path: tuple[str, ...]
    before: str
    is_key: bool
    type: str = ""

    @property
    def owner(self) -> str:
        """The block that it is in, or ``MODEL``."""
        return self.path[1] if len(self.path) > 1 and self.path[0] == "blocks" else MODEL

    @property
    def inside(self) -> tuple[str, ...]:
        """The keys below the model's or block's own level."""
        return self.path[2:] if self.path[:1] == ("blocks",) else self.path

    @property
    def section(self) -> str:
        """The key of the model or block that it is below; empty where it is below none."""
        return self.inside[0] if self.inside else ""


# What is named --------------------------------------------------------------------------------------------


def read_outline(text: str, line: int) -> Outline | None:
    """The names of a text; where it can't be read, of it without the line that is being written, from 0, and others."""
    lines = text.replace("\r\n", "\n").split("\n")
    left_out = line
    for _ in range(MAX_LEFT_OUT + 1):
        try:
            return _outline(read_document(Source("", "\n".join(lines))))
        except SpecError as error:
            if left_out < len(lines):
                lines[left_out] = ""
            places = [problem.position.line - 1 for problem in error.problems if problem.position is not None]
            left_out = next((place for place in places if place < len(lines) and lines[place]), len(lines))
    return None


def _outline(document: Entries) -> Outline:
    classes = {MODEL: _read_names(document)}
    for name, node in _entries(document.get("blocks")):
        if isinstance(node, Entries):
            classes[name] = _read_names(node)
    return Outline(classes, tuple(name for name, _ in _entries(document.get("imports"))))


def _read_names(node: Entries) -> Names:
    inputs = node.get("inputs")
    names = {name: write_node(value) for name, value in _entries(inputs)}
    if isinstance(inputs, Items):
        texts = [item.text.text for item in inputs.items if isinstance(item, Scalar)]
        names = {text.partition("=")[0].strip(): text for text in texts}
    return Names(
        params={name: write_node(value) for name, value in _entries(node.get("params"))},
        dims={name: write_node(value) for name, value in _entries(node.get("dims"))},
        inputs=names,
        layers={name: write_node(value) for name, value in _entries(node.get("layers"))},
        locals=tuple(_list_locals(node.get("forward"))),
        keys=tuple(key.text.text for key, _ in node.entries),
    )


def _entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Entries):
        yield from ((key.text.text, value) for key, value in node.entries)


def write_node(node: Node) -> str:
    """A value on one line, as it might have been written."""
    if isinstance(node, Scalar):
        return " ".join(node.text.text.split())
    if isinstance(node, Items):
        return f"[{', '.join(map(write_node, node.items))}]"
    return "{" + ", ".join(f"{key.text.text}: {write_node(value)}" for key, value in node.entries) + "}"


def _list_locals(node: Node | None) -> Iterator[str]:
    nodes = node.items if isinstance(node, Items) else () if node is None else (node,)
    found: dict[str, None] = {}
    for item in nodes:
        if isinstance(item, Scalar):
            for names in _ASSIGNED.findall(item.text.text):
                found |= dict.fromkeys(
                    name.strip() for name in names.split(",") if name.strip().isidentifier()
                )
    yield from (name for name in found if name != "_")


# Where a cursor stands ------------------------------------------------------------------------------------


def find_place(lines: list[str], line: int, column: int) -> Place:
    """Where the character at a line and column stands, both from 0; ``lines`` have no ends."""
    before = lines[line][:column] if line < len(lines) else ""
    path = _list_parents(lines, line, before)
    if _is_inside_forward(path):
        text = _join_statement(lines, line, before)
        return Place(path[: path.index("forward") + 1], re.sub(r"^[ ]*(?:-[ ]+)?", "", text), False)
    key = _KEY.match(before)
    if key is None:
        dashes = re.match(r"[ ]*(?:-(?:[ ]+|$))*", before)
        rest = before[dashes.end() :] if dashes else before
        # The second line of a value that goes on.
        if path and _is_open(next((text for text in reversed(lines[:line]) if text.strip()), "")):
            return _go_into(path, _join_statement(lines, line, before).lstrip())
        listed = "-" in before[: len(before) - len(rest)]
        return (
            _go_into(path, rest)
            if rest[:1] == "{"
            else Place(path, rest, not listed, _find_type(lines, line))
        )
    return _go_into((*path, key["key"]), before[key.end() :])


def _is_inside_forward(path: tuple[str, ...]) -> bool:
    return path[:1] == ("forward",) or (path[:1] == ("blocks",) and path[2:3] == ("forward",))


def _list_parents(lines: list[str], line: int, before: str) -> tuple[str, ...]:
    """The keys that a line is below, by the columns at which lines begin."""
    indent = len(before) - len(before.lstrip(" "))
    # A list may begin in the column of its key.
    listed = before.lstrip(" ").startswith("- ") or before.strip() == "-"
    path: list[str] = []
    for number in range(line - 1, -1, -1):
        text = lines[number]
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        own = len(text) - len(text.lstrip(" "))
        if own > indent or (own == indent and not listed):
            continue
        key = _KEY.match(text)
        if own == indent and (key is None or key["dashes"]):
            continue
        indent, listed = own, False
        if key is not None:
            path.insert(0, key["key"])
            if key["dashes"]:
                listed = True
        if own == 0:
            break
    return tuple(path)


def _find_type(lines: list[str], line: int) -> str:
    """What ``type`` holds in the mapping of lines around one, which begin in its column."""
    indent = len(lines[line]) - len(lines[line].lstrip(" ")) if line < len(lines) else 0
    for step in (-1, 1):
        number = line + step
        while 0 <= number < len(lines):
            text = lines[number]
            own = len(text) - len(text.lstrip(" "))
            if text.strip() and own < indent:
                break
            found = _TYPE.match(text) if own == indent else None
            if found is not None:
                return found[1]
            number += step
    return ""


def _is_open(text: str) -> bool:
    """Whether a line has brackets that it doesn't close."""
    return bool(scan(text)[0])


def _join_statement(lines: list[str], line: int, before: str) -> str:
    """The text before a cursor, from the first line on whose brackets are open there."""
    text = before
    for number in range(line - 1, max(line - 20, -1), -1):
        above = lines[number]
        goes_on = _is_open(above) or re.search(r"[,(\[{]\s*$", above) is not None
        if not goes_on or text.lstrip(" ").startswith("- "):
            break
        key = _KEY.match(above)
        text = f"{above[key.end() :] if key is not None else above}\n{text}"
        if key is not None:
            break
    return text


def _go_into(path: tuple[str, ...], text: str) -> Place:
    """The place at the end of a value, which may be a mapping in braces."""
    text = text.lstrip(" ")
    while text.startswith("{"):
        parts = split_at_commas(text[1:])
        if parts is None:
            return Place(path, text, False)
        last = parts[-1].lstrip(" \n")
        key = _KEY.match(last)
        if key is None:
            types = [_TYPE.match(part) for part in parts]
            return Place(path, last, True, next((found[1] for found in types if found), ""))
        path, text = (*path, key["key"]), last[key.end() :].lstrip(" ")
    return Place(path, text.lstrip("'\""), False)


def scan(text: str) -> tuple[list[tuple[str, int]], str]:
    """The brackets that are open at the end of a text with their offsets, and the quote that is."""
    stack: list[tuple[str, int]] = []
    quote = ""
    for place, character in enumerate(text):
        if quote:
            # No text goes over the end of its line.
            quote = "" if character in (quote, "\n") else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            stack.append((character, place))
        elif character in ")]}" and stack and stack[-1][0] == _BRACKETS[character]:
            stack.pop()
    return stack, quote


def split_at_commas(text: str) -> list[str] | None:
    """The parts of a text between commas that stand in no brackets; None where a bracket is closed that isn't open."""
    parts, depth, start, quote = [], 0, 0, ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth < 0:
                return None
        elif character == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


@record
class OpenCall:
    """A call whose brackets are open: what is called, the names that are given already, and how many come by place."""

    callee: str
    given: tuple[str, ...]
    by_place: int
    #: The name before ``=`` where the cursor is behind it.
    keyword: str = ""


def find_call(before: str) -> OpenCall | None:
    """The innermost call that is open at the end of a text; None inside a text in quotes."""
    stack, quote = scan(before)
    if quote:
        return None
    while stack:
        bracket, place = stack.pop()
        callee = re.search(r"[A-Za-z_][\w.]*$", before[:place])
        if bracket == "(" and callee is not None:
            parts = split_at_commas(before[place + 1 :]) or [""]
            keywords = [re.match(r"\s*([A-Za-z_]\w*)\s*=(?!=)", part) for part in parts]
            given = tuple(found[1] for found in keywords[:-1] if found)
            keyword = keywords[-1][1] if keywords[-1] else ""
            by_place = sum(found is None for found in keywords[:-1])
            return OpenCall(callee[0], given, by_place, keyword)
        if bracket in "[{":
            continue
    return None
