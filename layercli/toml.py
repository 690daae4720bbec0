"""Where the keys and values of a TOML text stand, which ``tomllib`` doesn't tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from layercli.errors import CommandError, Position, Problem, Source

#: The keys and indices that lead to a value.
Steps: TypeAlias = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")|' r"'''.*?'''(?!')|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'", re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}\n#]+")
_PLACE = re.compile(r"(.*) \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)", re.DOTALL)


def parse_toml(source: Source) -> dict[str, Any]:
    """The values of a TOML text. Raises CommandError where it is none."""
    import tomllib

    try:
        return tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = _PLACE.fullmatch(str(error))
        message, position = (found[1], _find_end(source)) if found else (str(error), Position(source, 1, 1))
        if found and found[2]:
            position = Position(source, int(found[2]), int(found[3]))
        said = message[:1].lower() + message[1:]
        raise CommandError(Problem("toml-syntax", f"this is no TOML: {said}", position)) from None


def _find_end(source: Source) -> Position:
    return Position(source, len(source.lines), len(source.lines[-1]) + 1)


def locate_values(source: Source) -> Mapping[Steps, Position]:
    """Where each value and table stands by the keys and indices that lead to it, and where its key does by those and ``=``.

    The text has to be one that ``parse_toml`` takes.
    """
    return _Locator(source).places


class _Locator:
    """Walks over a legal TOML text once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.line = 1
        self.line_start = 0
        self.counted = 0
        self.places: dict[Steps, Position] = {}
        self.lengths: dict[Steps, int] = {}
        self.read_document()

    def mark(self, steps: Steps, start: int, end: int) -> None:
        """Keep where the text from ``start`` to ``end`` stands; starts never go back."""
        self.line += self.text.count("\n", self.counted, start)
        self.line_start = self.text.rfind("\n", 0, start) + 1
        self.counted = start
        width = max(1, len(self.text[start:end].partition("\n")[0].rstrip()))
        self.places.setdefault(steps, Position(self.source, self.line, start - self.line_start + 1, width))

    def widen(self, steps: Steps, start: int) -> None:
        """Let the place of a list or table, which has been read, be all of its first line."""
        width = len(self.text[start : self.at].partition("\n")[0].rstrip())
        self.places[steps] = replace(self.places[steps], width=width)

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]

    def take(self, character: str) -> bool:
        if not self.text.startswith(character, self.at):
            return False
        self.at += len(character)
        return True

    def read_document(self) -> None:
        table: Steps = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            before = self.at
            if self.take("["):
                table = self.read_header(self.take("["))
            else:
                self.read_pair(table)
            self.skip(_BLANK)
            if self.at == before:
                return

    def read_header(self, many: bool) -> Steps:
        keys, start, end = self.read_key()
        self.take("]")
        if many:
            self.take("]")
        steps: Steps = ()
        for key in keys[:-1]:
            steps = self.enter((*steps, key))
        steps = (*steps, keys[-1])
        self.mark((*steps, "="), start, end)
        if many:
            self.lengths[steps] = self.lengths.get(steps, 0) + 1
        steps = self.enter(steps)
        self.mark(steps, start, end)
        return steps

    def enter(self, steps: Steps) -> Steps:
        """The steps into a table, into the last one of a list of tables."""
        count = self.lengths.get(steps, 0)
        return (*steps, count - 1) if count else steps

    def read_key(self) -> tuple[list[str], int, int]:
        import tomllib

        keys: list[str] = []
        self.skip(_BLANK)
        start = end = self.at
        while True:
            self.skip(_BLANK)
            quoted = self.text.startswith(('"', "'"), self.at)
            word = self.skip(_STRING if quoted else _BARE)
            keys.append(str(tomllib.loads(f"key = {word}")["key"]) if quoted else word)
            end = self.at
            self.skip(_BLANK)
            if not self.take("."):
                return keys, start, end

    def read_pair(self, table: Steps) -> None:
        keys, start, end = self.read_key()
        steps: Steps = table
        for key in keys:
            steps = (*steps, key)
            self.mark((*steps, "="), start, end)
        self.take("=")
        self.read_value(steps)

    def read_value(self, steps: Steps) -> None:
        self.skip(_BLANK)
        start = self.at
        if self.take("["):
            self.mark(steps, start, start + 1)
            self.read_items(steps)
            self.widen(steps, start)
        elif self.take("{"):
            self.mark(steps, start, start + 1)
            self.read_table(steps)
            self.widen(steps, start)
        else:
            self.skip(_STRING) or self.skip(_SCALAR)
            self.mark(steps, start, self.at)

    def read_items(self, steps: Steps) -> None:
        index = 0
        self.skip(_BLANK)
        while self.at < len(self.text) and not self.take("]"):
            self.read_value((*steps, index))
            index += 1
            self.skip(_BLANK)
            self.take(",")
            self.skip(_BLANK)

    def read_table(self, steps: Steps) -> None:
        self.skip(_BLANK)
        while self.at < len(self.text) and not self.take("}"):
            self.read_pair(steps)
            self.skip(_BLANK)
            self.take(",")
            self.skip(_BLANK)
