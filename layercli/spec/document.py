"""YAML text to nodes whose every character knows its place in the file, and all errors of YAML itself."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

from layercli.errors import Label, Position, Problem, Source, SpecError
from layercli.record import record
from layercli.spec.accidents import (
    Trouble,
    explain,
    explain_cut,
    explain_directive,
    explain_flow,
    explain_keyless,
    explain_python,
    find_comment,
    find_unbalanced,
    hint_quoted,
    quote,
    quote_line,
)
from layercli.spec.limits import current_limits
from layercli.spec.tree import DISK, Tree

MAX_PROBLEMS = 20
#: So many lines of one plain text are looked at for an item of a list that YAML has folded into it.
MAX_FOLDED = 50

Style = Literal["plain", "single", "double", "literal", "folded"]

# yaml-stubs know neither the loader built on libyaml where it is missing nor its absence.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STYLES: dict[str, Style] = {"'": "single", '"': "double", "|": "literal", ">": "folded"}


@record
class Text:
    """The text of one scalar, each character with its place in the file.

    ``stretches`` holds ``(offset, line, column)``, one for each run of characters that stand side by side in
    the file, in rising order of offset. A character made by a line break or an escape stands where that does.
    """

    source: Source
    text: str
    style: Style
    stretches: tuple[tuple[int, int, int], ...] = field(repr=False)

    @property
    def quoted(self) -> bool:
        return self.style in ("single", "double")

    @classmethod
    def whole(cls, source: Source, style: Style = "plain") -> Text:
        """All of a source that is no YAML, such as an expression given on the command line."""
        text = source.text.replace("\r\n", "\n")
        stretches = []
        offset = 0
        for number, line in enumerate(text.split("\n"), 1):
            stretches.append((offset, number, 1))
            offset += len(line) + 1
        return cls(source, text, style, tuple(stretches))

    @cached_property
    def _offsets(self) -> list[int]:
        return [offset for offset, _, _ in self.stretches]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at ``offset``; of the place after the last one at the end."""
        start, line, column = self.stretches[max(0, bisect_right(self._offsets, offset) - 1)]
        return line, column + offset - start

    def position(self, offset: int = 0, length: int | None = None) -> Position:
        """Where ``length`` characters from ``offset`` on stand: all the rest where ``length`` is None.

        A position stays on one line, so the width ends with the line.
        """
        offset = min(max(offset, 0), len(self.text))
        end = len(self.text) if length is None else min(offset + max(length, 0), len(self.text))
        line, column = self.place(offset)
        width = 0
        index = max(0, bisect_right(self._offsets, offset) - 1)
        for number in range(index, len(self.stretches)):
            start, at, first = self.stretches[number]
            if at != line or (start >= end and number > index):
                # An escape is wider than the character it stands for.
                if at == line and start == end:
                    width = first - column
                break
            following = self.stretches[number + 1][0] if number + 1 < len(self.stretches) else len(self.text)
            width = first + min(end, following) - start - column
        end_of_line = len(self.source.line(line)) + 1
        column = min(column, end_of_line)
        return Position(self.source, line, column, max(1, min(width, end_of_line - column)))


@record
class Scalar:
    """A text, quoted or not; an empty value is an empty plain one."""

    text: Text

    @property
    def position(self) -> Position:
        return self.text.position()


@record
class Items:
    """A list. ``flow``: written in brackets."""

    items: tuple[Node, ...]
    position: Position
    flow: bool


@record
class Entries:
    """A mapping in the order of the file, keys unique. ``flow``: written in braces."""

    entries: tuple[tuple[Scalar, Node], ...]
    position: Position
    flow: bool

    @cached_property
    def _by_key(self) -> dict[str, Node]:
        return {name.text.text: value for name, value in reversed(self.entries)}

    def get(self, key: str) -> Node | None:
        """The value under ``key``, or None."""
        return self._by_key.get(key)


Node = Scalar | Items | Entries


# Reading the file


def read_source(
    path: Path, name: str | None = None, max_bytes: int | None = None, tree: Tree = DISK
) -> Source:
    """The text of a regular file of ``tree``; ``name`` is what messages call it.

    Raises CommandError where the file can't be read or is larger than ``max_bytes``, SpecError where it isn't
    UTF-8 or holds characters that no spec may hold.
    """
    most = current_limits().bytes if max_bytes is None else max_bytes
    shown = str(path) if name is None else name
    data = tree.read(path, shown, most)
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        source = Source(shown, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise SpecError(_explain_encoding(shown, data, error)) from None
    problems = _check_characters(source)
    if problems:
        raise SpecError(*problems)
    return source


def _explain_encoding(shown: str, data: bytes, error: UnicodeDecodeError) -> Problem:
    source = Source(shown, data.decode("utf-8", errors="replace"))
    before = data[: error.start]
    start = before.rfind(b"\n") + 1
    position = Position(source, before.count(b"\n") + 1, len(before[start:].decode("utf-8")) + 1)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Problem("not-utf8", "this file is UTF-16, not UTF-8", position, hint="save it as UTF-8")
    return Problem(
        "not-utf8",
        f"the byte 0x{data[error.start]:02x} here isn't UTF-8",
        position,
        hint="save the file as UTF-8",
    )


# Characters that no spec may hold

_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff"
_CHARACTERS: tuple[tuple[str, str, str, str], ...] = (
    (
        "control-character",
        f"[{_CONTROLS}]",
        "a control character ({}) stands here, and a spec is plain text",
        "remove it",
    ),
    (
        "line-separator",
        "[\x85\u2028\u2029]",
        "{} stands here, which some programs take for the end of a line and some don't",
        "write a plain line break or a blank instead",
    ),
    (
        "lone-carriage-return",
        "\r(?!\n)",
        "a carriage return without a line feed stands here",
        "end lines with a line feed, alone or after a carriage return",
    ),
    (
        "bidirectional-character",
        f"[{_BIDIRECTIONAL}]",
        "{} stands here, which makes a text look different from what it says",
        "remove it",
    ),
    (
        "byte-order-mark",
        "\ufeff",
        "a byte order mark (U+FEFF) stands inside the file",
        "remove it; it may stand at the very start only",
    ),
    (
        "yaml-tab",
        "(?m:(?<=^)[ ]*(\t))",
        "a tab stands in the indentation",
        "indent with blanks; YAML allows no tabs there",
    ),
)
_REFUSED = re.compile(f"[{_CONTROLS}{_BIDIRECTIONAL}\x85\u2028\u2029\ufeff]|\r(?!\n)|(?m:^[ ]*\t)")
_REFUSED_ESCAPES = f"[{_CONTROLS}{_BIDIRECTIONAL}\x85\u2028\u2029\ufeff\r]"


def _check_characters(source: Source) -> list[Problem]:
    """One problem for each kind of refused character, at the first of its kind."""
    text = source.text
    if _REFUSED.search(text) is None:
        return []
    problems = []
    for code, pattern, message, hint in _CHARACTERS:
        places = [found.end() - 1 for found in re.finditer(pattern, text)]
        if not places:
            continue
        before = text[: places[0]]
        position = Position(source, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        more = len(places) - 1
        notes = (f"{more} more of this kind in the file",) if more else ()
        message = message.format(f"U+{ord(text[places[0]]):04X}")
        problems.append(Problem(code, message, position, notes=notes, hint=hint))
    return sorted(problems, key=_place)


def _check_conflict(source: Source) -> list[Problem]:
    """Two sides of a merge that nobody has decided between."""
    starts = re.search(r"(?m)^<{7} .*", source.text)
    ends = re.search(r"(?m)^>{7} ", source.text)
    if starts is None or ends is None:
        return []
    line = source.text.count("\n", 0, starts.start()) + 1
    return [
        Problem(
            "conflict-marker",
            "a merge conflict is left in this file",
            Position(source, line, 1, len(source.line(line))),
            hint="keep one of the two sides and remove the lines <<<<<<<, ======= and >>>>>>>",
        )
    ]


def _check_python(source: Source) -> list[Problem]:
    """A class of Python instead of a spec."""
    found = re.search(r"(?m)^(?:import [A-Za-z_]|from [\w.]+ import |(?:class|def) \w+ *[(:])", source.text)
    if found is None or re.search(r"(?m)^(?:inputs|layers) *:", source.text):
        return []
    line = source.text.count("\n", 0, found.start()) + 1
    return [
        Problem(
            "not-a-mapping",
            "this is Python, and a spec is YAML: the layers under layers:, the statements under forward:",
            Position(source, line, 1, len(source.line(line))),
            hint="layercli new net.yaml starts a spec",
        )
    ]


def _place(problem: Problem) -> tuple[int, int]:
    position = problem.position
    return (0, 0) if position is None else (position.line, position.column)


# From events to nodes


@record(frozen=False)
class _Open:
    """A list or mapping whose end hasn't been read."""

    mapping: bool
    flow: bool
    line: int
    column: int
    listed: bool
    nodes: list[Node] = field(default_factory=list)
    keys: dict[str, Scalar] = field(default_factory=dict)
    key: Scalar | None = None
    entries: list[tuple[Scalar, Node]] = field(default_factory=list)

    @property
    def at_key(self) -> bool:
        return self.mapping and self.key is None


class _Stop(Exception):
    """What follows can't be made sense of."""


def read_document(source: Source, max_depth: int | None = None) -> Entries:
    """The mapping that a file holds.

    Raises SpecError with every problem found: characters that are refused; YAML that can't be read; anchors,
    aliases, tags, merge keys, directives, several documents; keys that are doubled, not text, or written with
    escapes; expressions that YAML splits; more than ``max_depth`` levels; no mapping at all.
    """
    problems = _check_characters(source) or _check_conflict(source) or _check_python(source)
    if problems:
        raise SpecError(*problems)
    reader = _Reader(source, current_limits().levels if max_depth is None else max_depth)
    root = reader.read()
    problems = sorted(reader.problems, key=_place)
    if problems:
        raise SpecError(*problems)
    if not isinstance(root, Entries):
        raise SpecError(_explain_top(source, root))
    return root


def _explain_top(source: Source, root: Node | None) -> Problem:
    if root is None or (isinstance(root, Scalar) and not root.text.text and not root.text.quoted):
        return Problem(
            "empty-spec",
            "this file holds no spec",
            Position(source, 1, 1),
            hint="a spec has at least the keys inputs: and layers:",
        )
    if isinstance(root, Scalar) and re.match(r"[A-Za-z_]\w*:\S", root.text.text):
        return explain_keyless(source, root.position.line)
    what = "a list" if isinstance(root, Items) else "a text"
    return Problem(
        "not-a-mapping",
        f"a spec is a mapping with keys such as inputs: and layers:, and this is {what}",
        root.position,
        hint="write key: value at the start of the file",
    )


class _Reader:
    """One pass over the events of one file, without recursion, so that depth costs nothing."""

    def __init__(self, source: Source, max_depth: int) -> None:
        self.source = source
        self.text = source.text.replace("\r\n", "\n")
        self.max_depth = max_depth
        self.problems: list[Problem] = []
        self.open: list[_Open] = []
        self.root: Node | None = None
        self.documents = 0
        self.quoted: tuple[int, int, int] | None = None
        self.split_flow = False
        self.anchors: set[str] = set()

    def read(self) -> Node | None:
        try:
            for event in yaml.parse(self.text, Loader=_LOADER):
                _HANDLERS.get(type(event), _ignore)(self, event)
        except _Stop:
            pass
        except yaml.YAMLError as error:
            # Releases of PyYAML from 6.0.4 on count for themselves, and look ahead of what they have told us.
            deep = "nesting depth" in str(getattr(error, "problem", ""))
            trouble = self._trouble(error)
            found = self._too_deep(trouble.here()) if deep else explain(trouble)
            if found.code == "yaml-quote-needed" and found.position is not None:
                # A value that needs quotes as a whole needs none inside.
                self.problems = [
                    known
                    for known in self.problems
                    if known.code != found.code or _place(known)[0] != found.position.line
                ]
            if _place(found) not in map(_place, self.problems):
                self.problems.append(found)
        return self.root

    def report(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) == MAX_PROBLEMS:
            raise _Stop

    def at(self, mark: Any, width: int = 1) -> Position:
        return Position(self.source, mark.line + 1, mark.column + 1, width)

    def span(self, event: Any) -> Position:
        """From the start of an event to its end, or to the end of the line."""
        start, end = event.start_mark, event.end_mark
        left = len(self.source.line(start.line + 1)) - start.column
        width = end.column - start.column if end.line == start.line else left
        return self.at(start, max(1, min(width, left)))

    def document(self, event: Any) -> None:
        self.documents += 1
        if event.version is not None or event.tags:
            line = next(
                (n for n, line in enumerate(self.source.lines, 1) if line.startswith("%")),
                event.start_mark.line + 1,
            )
            self.report(explain_directive(self.source, line))
        if self.documents > 1:
            self.report(
                Problem(
                    "yaml-documents",
                    "a file holds one spec, and a second document starts here",
                    self.at(event.start_mark, 3 if event.explicit else 1),
                    hint="remove the line ---, or put the second document into a file of its own",
                )
            )
            raise _Stop

    def alias(self, event: Any) -> None:
        if event.anchor in self.anchors:
            hint = "write the thing out, or make it a block or a param and use it by name"
        elif self._outermost_flow() is not None:
            hint = f"write '*{event.anchor}' if the * is part of the text"
        else:
            hint = f"write {quote_line(self.source, event.start_mark.line + 1)} if the * is part of the text"
        self.report(
            Problem(
                "yaml-alias",
                f"*{event.anchor} is a YAML alias, and a spec has none",
                self.span(event),
                hint=hint,
            )
        )
        self.add(Scalar(Text(self.source, "", "plain", ((0, *self._mark(event.start_mark)),))), event)

    def scalar(self, event: Any) -> None:
        decorated = self.check_decoration(event)
        style = _STYLES.get(event.style or "", "plain")
        first = self._mark(event.start_mark)
        if decorated:
            stretches: tuple[tuple[int, int, int], ...] = ((0, *first),)
        else:
            stretches = self._map(event, style)
        scalar = Scalar(Text(self.source, event.value, style, stretches))
        if style in ("single", "double"):
            self.quoted = (*first, event.end_mark.line + 1)
        if style == "double" and (found := re.search(_REFUSED_ESCAPES, event.value)):
            self.report(
                Problem(
                    "control-character",
                    f"this escape stands for U+{ord(found[0]):04X}, which no spec may hold",
                    scalar.text.position(found.start(), 1),
                    hint="remove it",
                )
            )
        frame = self.open[-1] if self.open else None
        listed = frame is not None and not frame.mapping and not frame.flow
        if listed and style == "plain" and event.end_mark.line > event.start_mark.line:
            self.check_folded(event)
        if frame is not None and frame.flow and style == "plain" and not self.split_flow:
            self.split_flow = find_unbalanced(event.value) is not None
        self.add(scalar, event)

    def check_folded(self, event: Any) -> None:
        """An item of a list that is indented too far, so that YAML folds it into the one above."""
        first = event.start_mark.line + 1
        for line in range(first + 1, min(event.end_mark.line + 1, first + MAX_FOLDED) + 1):
            text = self.source.line(line)
            # After another operator, or inside of brackets, a dash is a minus.
            likely = r" *- " if line == first + 1 else r" *- [\w, ]+ =[^=]"
            before = "\n".join(self.source.lines[first - 1 : line - 1])[event.start_mark.column :]
            if re.match(likely, text) is None or find_unbalanced(before) is not None:
                continue
            start = len(text) - len(text.lstrip(" "))
            self.report(
                Problem(
                    "yaml-indentation",
                    "this line is indented deeper than the item above it, so YAML takes both for one",
                    Position(self.source, line, start + 1, len(text.strip())),
                    hint="give it the indentation of the item above; a minus goes to the end of the line before",
                )
            )
            return

    def start(self, event: Any) -> None:
        self.check_decoration(event)
        mapping = isinstance(event, yaml.MappingStartEvent)
        if self.open and self.open[-1].at_key:
            self.refuse_key(event, mapping)
        if len(self.open) >= self.max_depth:
            self.report(self._too_deep(self.at(event.start_mark)))
            raise _Stop
        listed = bool(self.open) and not self.open[-1].mapping and not self.open[-1].flow
        line, column = self._mark(event.start_mark)
        if event.flow_style and (event.anchor is not None or event.tag is not None):
            line, column = self._find_bracket(event.start_mark)
        self.open.append(_Open(mapping, bool(event.flow_style), line, column, listed))

    def _find_bracket(self, mark: Any) -> tuple[int, int]:
        """Line and column of the bracket that opens a list or mapping, after its anchor and tag."""
        found = re.compile(r"[\[{]").search(self.text, mark.index)
        at = mark.index if found is None else found.start()
        before = self.text[:at]
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1

    def end(self, event: Any) -> None:
        frame = self.open.pop()
        text = self.source.line(frame.line).rstrip()
        closed = frame.flow and event.end_mark.line + 1 == frame.line
        end = event.end_mark.column if closed else len(text)
        position = Position(self.source, frame.line, frame.column, max(1, end - frame.column + 1))
        if frame.flow and self.split_flow and not any(outer.flow for outer in self.open):
            self.split_flow = False
            found = explain_flow(self.source, frame.line, frame.column, frame.listed)
            self.report(found if found is not None else _explain_unmatched(position))
        if frame.mapping and frame.flow:
            self.check_blanks(frame)
        node = (
            Entries(tuple(frame.entries), position, frame.flow)
            if frame.mapping
            else Items(tuple(frame.nodes), position, frame.flow)
        )
        self.add(node, event)

    def add(self, node: Node, event: Any) -> None:
        if not self.open:
            self.root = node
            return
        frame = self.open[-1]
        if not frame.mapping:
            frame.nodes.append(node)
        elif frame.key is not None:
            frame.entries.append((frame.key, node))
            frame.key = None
        elif isinstance(node, Scalar):
            self.check_key(node, event, frame)
            frame.key = node

    def check_key(self, key: Scalar, event: Any, frame: _Open) -> None:
        text, style = key.text.text, key.text.style
        start, end = event.start_mark, event.end_mark
        first = frame.keys.setdefault(text, key)
        if isinstance(event, yaml.AliasEvent) or (frame.flow and self.split_flow):
            return
        if text == "<<" and style == "plain":
            code = "yaml-merge"
            message = "<< is a YAML merge key, and a spec has none"
            hint = "write the entries out, or make a block of what is shared"
        elif style in ("literal", "folded") or start.line != end.line:
            code, message, hint = "yaml-key", "a key stands on one line", "write key: value"
        elif style == "double" and "\\" in self.text[start.index : end.index]:
            code = "yaml-key-escape"
            message = "a key has no escapes, so that it can be found by searching for it"
            hint = "write the characters themselves"
        elif not text:
            code, message, hint = "yaml-key", "there is no key before this colon", "write key: value"
        elif first is not key:
            code, message = "yaml-duplicate-key", f"the key {text} stands here twice"
            hint = "rename one of them or remove it"
        else:
            return
        again = code == "yaml-duplicate-key"
        labels = (Label(first.position, "first"),) if again else ()
        self.report(Problem(code, message, self.span(event), "again" if again else "", labels, hint=hint))

    def check_blanks(self, frame: _Open) -> None:
        """``{N:2, H:32}``, where ``N:2`` is a key for YAML."""
        for key, value in frame.entries:
            tight = re.fullmatch(r"([A-Za-z_]\w*):(\S.*)", key.text.text)
            empty = isinstance(value, Scalar) and not value.text.text and not value.text.quoted
            if tight is None or not empty or key.text.quoted:
                continue
            hint = f"write {tight[1]}: {tight[2]}"
            message = "a key is followed by a colon and a blank"
            self.report(Problem("yaml-missing-blank", message, key.position, hint=hint))
            return

    def refuse_key(self, event: Any, mapping: bool) -> None:
        if self._explain_open_flow():
            raise _Stop
        place = self.at(event.start_mark)
        line, column = self._mark(event.start_mark)
        text = self.source.line(line)
        template = mapping and "{{" in text[max(0, column - 2) : column + 1]
        if template:
            message = "{{ starts a template in other tools, and a mapping as a key in YAML"
            hint = "write the value itself, or make it a param and set it with --set"
        else:
            what = "mapping" if mapping else "list"
            message = f"a key is a name, and this one is a {what}"
            hint = "write a name as the key, or put an expression in quotes"
        if not event.flow_style:
            place = self.at(event.start_mark, max(1, len(text) - column + 1))
        self.report(Problem("yaml-key", message, place, hint=hint))
        raise _Stop

    def check_decoration(self, event: Any) -> bool:
        """Refuse an anchor or tag before a node; whether there is one."""
        if event.anchor is None and event.tag is None:
            return False
        line, column = self._mark(event.start_mark)
        text = self.source.line(line)
        if event.anchor is not None:
            self.anchors.add(event.anchor)
            found = text.find(f"&{event.anchor}", column - 1) + 1
            self.report(
                Problem(
                    "yaml-anchor",
                    f"&{event.anchor} is a YAML anchor, and a spec has none",
                    Position(self.source, line, found or column, len(event.anchor) + 1),
                    hint="write what is shared once, as a block or a param, and use it by name",
                )
            )
        if event.tag is not None:
            found = text.find("!", column - 1) + 1 or column
            width = len(re.split(r"[\s,\[\]{}]", text[found - 1 :], maxsplit=1)[0])
            shown = text[found - 1 : found - 1 + width]
            python = "python" in event.tag
            self.report(
                Problem(
                    "yaml-tag",
                    f"{shown} is a YAML tag, and a spec has none"
                    + (": nothing in a spec can run Python code" if python else ""),
                    Position(self.source, line, found, max(1, width)),
                    hint="remove it"
                    if python or shown.startswith("!!")
                    else "remove it, or write not for a negation",
                )
            )
        return True

    def _mark(self, mark: Any) -> tuple[int, int]:
        return mark.line + 1, mark.column + 1

    def _outermost_flow(self) -> _Open | None:
        return next((frame for frame in self.open if frame.flow), None)

    def _explain_open_flow(self) -> bool:
        frame = self._outermost_flow()
        if frame is None:
            return False
        found = explain_flow(self.source, frame.line, frame.column, frame.listed)
        if found is not None:
            self.report(found)
        return found is not None

    def _too_deep(self, position: Position) -> Problem:
        message = f"this is nested more than {self.max_depth} levels deep, the limit for a file"
        return Problem("yaml-depth", message, position, hint="move the inner part into a block")

    def _trouble(self, error: yaml.YAMLError) -> Trouble:
        mark = getattr(error, "problem_mark", None)
        context = getattr(error, "context_mark", None)
        line, column = self._mark(mark) if mark is not None else (1, 1)
        lines = self.source.lines
        if line > len(lines) or (line == len(lines) > 1 and not lines[-1]):
            # The end of the file is an empty line that nobody sees.
            line = min(line, len(lines)) - (not lines[-1])
            column = len(lines[line - 1]) + 1
        frame = self._outermost_flow()
        return Trouble(
            source=self.source,
            line=line,
            column=column,
            message=str(getattr(error, "problem", None) or ""),
            doing=str(getattr(error, "context", None) or ""),
            context=self._mark(context) if context is not None else None,
            columns=tuple((frame.column, not frame.mapping) for frame in self.open if not frame.flow),
            flow=None if frame is None else (frame.line, frame.column, frame.listed),
            quoted=self.quoted,
        )

    def _map(self, event: Any, style: Style) -> tuple[tuple[int, int, int], ...]:
        """The stretches of a scalar: see ``Text``."""
        start, end = event.start_mark, event.end_mark
        line, column = self._mark(start)
        inside = 1 if style in ("single", "double") else 0
        raw = self.text[start.index + inside : end.index - inside]
        if raw == event.value and "\n" not in raw and style not in ("literal", "folded"):
            return ((0, line, column + inside if raw else column),)
        if style in ("literal", "folded"):
            characters = _decode_block(raw, line, style == "literal", self._indent())
        else:
            characters = _decode_flow(raw, line, column + inside, style)
        stretches: list[tuple[int, int, int]] = []
        decoded = []
        following = None
        for offset, (character, at_line, at_column, width) in enumerate(characters):
            if offset == len(event.value):
                break
            decoded.append(character)
            if (at_line, at_column) != following:
                stretches.append((offset, at_line, at_column))
            following = (at_line, at_column + 1) if width == 1 else None
        if "".join(decoded) != event.value or not stretches:
            return ((0, line, column),)
        return tuple(stretches)

    def _indent(self) -> int:
        """The indentation, in columns, of the block that a scalar stands in; -1 at the top."""
        return max((frame.column - 1 for frame in self.open if not frame.flow), default=-1)


def _explain_unmatched(position: Position) -> Problem:
    return Problem(
        "yaml-quote-needed",
        "a text in here has brackets that don't match",
        position,
        hint="close them, or put the text in quotes",
    )


def _ignore(reader: _Reader, event: Any) -> None:
    pass


_HANDLERS: dict[type[Any], Any] = {
    yaml.DocumentStartEvent: _Reader.document,
    yaml.AliasEvent: _Reader.alias,
    yaml.ScalarEvent: _Reader.scalar,
    yaml.SequenceStartEvent: _Reader.start,
    yaml.MappingStartEvent: _Reader.start,
    yaml.SequenceEndEvent: _Reader.end,
    yaml.MappingEndEvent: _Reader.end,
}


# From the characters of a file to those of a value: each with its line, column and width in the file

_Placed = tuple[str, int, int, int]
_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_ESCAPE_DIGITS = {"x": 2, "u": 4, "U": 8}


def _decode_flow(raw: str, line: int, column: int, style: Style) -> Iterator[_Placed]:
    """Plain and quoted text: line breaks fold with the blanks around them, quotes and escapes are undone."""
    at = 0
    while at < len(raw):
        character = raw[at]
        if character in " \t\n":
            end = at
            while end < len(raw) and raw[end] in " \t\n":
                end += 1
            blanks = raw[at:end]
            if "\n" not in blanks:
                for blank in blanks:
                    yield blank, line, column, 1
                    column += 1
            else:
                yield from _fold(blanks, line, column)
                line, column = line + blanks.count("\n"), len(blanks) - blanks.rfind("\n")
            at = end
        elif style == "single" and character == "'":
            yield "'", line, column, 2
            at, column = at + 2, column + 2
        elif style == "double" and character == "\\":
            code = raw[at + 1]
            if code == "\n":
                end = at + 2
                while end < len(raw) and raw[end] in " \t\n":
                    end += 1
                blanks = raw[at + 1 : end]
                # The first break is escaped away; each further one counts.
                yield from _breaks(blanks, line, column + 1)
                line, column = line + blanks.count("\n"), len(blanks) - blanks.rfind("\n")
                at = end
                continue
            width = 2 + _ESCAPE_DIGITS.get(code, 0)
            value = chr(int(raw[at + 2 : at + width], 16)) if code in _ESCAPE_DIGITS else _ESCAPES[code]
            yield value, line, column, width
            at, column = at + width, column + width
        else:
            yield character, line, column, 1
            at, column = at + 1, column + 1


def _fold(blanks: str, line: int, column: int) -> Iterator[_Placed]:
    if blanks.count("\n") == 1:
        yield " ", line, column + blanks.index("\n"), 0
    else:
        yield from _breaks(blanks, line, column)


def _breaks(blanks: str, line: int, column: int) -> Iterator[_Placed]:
    """A line break for each one in ``blanks`` but the first."""
    for number, part in enumerate(blanks.split("\n")[1:-1], 1):
        yield "\n", line + number, len(part) + 1, 0


def _decode_block(raw: str, line: int, literal: bool, outer: int) -> Iterator[_Placed]:
    """A literal or folded block; ``raw`` begins with its header, ``outer`` is the indentation around it."""
    header, *lines = raw.split("\n")
    ends = len(lines) - 1
    digit = re.match(r"[|>][+-]?([1-9])", header)
    if digit is not None:
        indent = max(outer, 0) + int(digit[1])
    else:
        indent = max(outer + 1, 1)
        for text in lines:
            indent = max(indent, len(text) - len(text.lstrip(" ")))
            if text.strip(" "):
                break
    waiting: list[_Placed] = []
    started = False
    was_blank = False
    for number, text in enumerate(lines):
        at = line + 1 + number
        content = text[indent:]
        if not content:
            if number < ends:
                waiting.append(("\n", at, len(text) + 1, 0))
            continue
        is_blank = content[0] in " \t"
        if started and not literal and not was_blank and not is_blank:
            # One break between two lines is a blank; of several, the first one goes.
            first, *rest = waiting
            yield from rest or [(" ", first[1], first[2], 0)]
        else:
            yield from waiting
        for offset, character in enumerate(content):
            yield character, at, indent + offset + 1, 1
        waiting = [("\n", at, len(text) + 1, 0)] if number < ends else []
        started, was_blank = True, is_blank
    yield from waiting


# For those who know what a node should have been


def explain_split_mapping(node: Entries | Items) -> Problem | None:
    """Why YAML made a mapping or list of what was meant as an expression, with the line that mends it.

    None where the node spans several lines, and so was meant as it is written.
    """
    source, line = node.position.source, node.position.line
    if node.flow:
        kind, opening = ("list", "[") if isinstance(node, Items) else ("mapping", "{")
        message = f"a value that starts with {opening} is a {kind} for YAML; an expression needs quotes here"
    elif isinstance(node, Entries):
        message = "YAML takes a colon and a blank for the end of a key, so this expression needs quotes"
    else:
        message = "YAML takes a dash and a blank for an item of a list, so this expression needs quotes"
    text = source.line(line)
    column = node.position.column
    dashes = text[: column - 1]
    if _last_line(node) != line or not (dashes.strip() or node.flow):
        return None
    value = text[column - 1 :].rstrip()
    value = value[: node.position.width] if node.flow else value[: find_comment(value)]
    rest = text[column - 1 + len(value) :]
    hint = hint_quoted((dashes + quote(value) + rest[: find_comment(rest)]).strip(), dashes)
    position = Position(source, line, column, len(value))
    return explain_python(value, position) or Problem("yaml-quote-needed", message, position, hint=hint)


def _last_line(node: Node) -> int:
    while not isinstance(node, Scalar):
        if isinstance(node, Items):
            if not node.items:
                return node.position.line
            node = node.items[-1]
        else:
            if not node.entries:
                return node.position.line
            node = node.entries[-1][1]
    text = node.text
    return text.place(max(0, len(text.text) - 1))[0]


def explain_unbalanced(text: Text) -> Problem | None:
    """Why the brackets of an expression don't match, where YAML is to blame or the text has too few."""
    if text.style == "plain" and text.text:
        line, column = text.place(0)
        last, end = text.place(len(text.text))
        if line == last and re.match(r"[ \t]+#", text.source.line(line)[end - 1 :]):
            found = explain_cut(text.source, line, column)
            if found is not None:
                return found
    offset = find_unbalanced(text.text)
    if offset is None:
        return None
    character = text.text[offset]
    if character in "([{":
        message, hint = f"the {character} here is never closed", f"close it with {_CLOSING[character]}"
    else:
        message, hint = f"the {character} here closes nothing", "remove it, or open it before"
    return Problem("unbalanced-brackets", message, text.position(offset, 1), hint=hint)


_CLOSING = {"(": ")", "[": "]", "{": "}"}
