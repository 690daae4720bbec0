"""Places in a text as editors count them: lines from 0, columns in units of an encoding, lone carriage returns as ends."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property
from typing import Final

from layercli.errors import Position
from layercli.record import record

_ENDS = re.compile(r"\r\n|\n|\r")
_BYTE_ORDER_MARK: Final = "\ufeff"

#: How many units of each encoding a text takes. A half of a surrogate pair counts as the character that it isn't.
UNITS: Final[dict[str, Callable[[str], int]]] = {
    "utf-8": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf-16": lambda text: len(text) + sum(character > "\uffff" for character in text),
    "utf-32": len,
}


@record
class Lines:
    """A text by its lines. ``encoding`` is that in whose units the editor counts columns: utf-8, utf-16 or utf-32."""

    text: str
    encoding: str = "utf-16"

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins, as editors see lines."""
        return [0, *(end.end() for end in _ENDS.finditer(self.text))]

    @cached_property
    def _own_starts(self) -> list[int]:
        """Where each line begins, as positions of problems count lines: a byte order mark is no part of the text."""
        first = len(_BYTE_ORDER_MARK) if self.text.startswith(_BYTE_ORDER_MARK) else 0
        return [first, *(end.end() for end in re.finditer("\n", self.text))]

    def line(self, number: int) -> str:
        """The text of a line, counted from 0, without its end; empty past the last one."""
        if not 0 <= number < len(self.starts):
            return ""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end].rstrip("\r\n")

    def offset(self, line: int, units: int) -> int:
        """The offset of the character at a column; past the end of a line, or of the text, its end."""
        if line >= len(self.starts):
            return len(self.text)
        shown = self.line(max(line, 0))
        start = self.starts[max(line, 0)]
        if self.encoding == "utf-32" or shown.isascii():
            return start + min(max(units, 0), len(shown))
        count = UNITS[self.encoding]
        for place, character in enumerate(shown):
            units -= count(character)
            if units < 0:
                return start + place
        return start + len(shown)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at an offset, as the editor counts them."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self.starts, offset) - 1
        return line, UNITS[self.encoding](self.text[self.starts[line] : offset])

    def own_offset(self, line: int, column: int) -> int:
        """The offset of a line and column as positions of problems count them, both from 1."""
        if line > len(self._own_starts):
            return len(self.text)
        return min(self._own_starts[max(line, 1) - 1] + max(column, 1) - 1, len(self.text))

    def span(self, position: Position) -> tuple[int, int]:
        """The offsets at which the stretch of a position begins and ends."""
        begin = self.own_offset(position.line, position.column)
        return begin, min(begin + max(position.width, 0), len(self.text))

    def own_place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset as positions of problems count them."""
        line = max(bisect_right(self._own_starts, offset), 1)
        return line, max(offset - self._own_starts[line - 1], 0) + 1
