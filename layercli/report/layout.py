"""Plain-text tables that never cut a cell: what doesn't fit the width gets a narrower form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from layercli.errors import escape_controls
from layercli.record import record
from layercli.report.logs import break_commands

#: The styles of a segment and the codes that switch them on.
ANSI = {"bold": "\x1b[1m", "dim": "\x1b[2m"}
RESET = "\x1b[0m"

#: A text and its style, a key of ``ANSI`` or empty.
Segment: TypeAlias = tuple[str, str]
Line: TypeAlias = tuple[Segment, ...]

GAP = 2
#: Columns at the left edge, for the mark.
MARGIN = 2
#: How much further in a second line of a record stands than its first.
STEP = 4
#: A cell too long for its column gets a line of its own as long as at most one record in so many needs it.
SPILL_SHARE = 8


@record(slots=True)
class Cell:
    """A text; after it a ``unit`` that numbers are aligned before, and a ``note`` that has no column."""

    text: str = ""
    unit: str = ""
    note: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.text, self.unit, self.note) if part)


@record(slots=True)
class Column:
    """A heading; ``right`` aligns numbers, an ``optional`` column is the first to go."""

    heading: str
    right: bool = False
    optional: bool = False


@record(slots=True)
class Record:
    """The cells of one row, the first of them its label, and the lines of text under it."""

    cells: tuple[Cell, ...]
    level: int = 0
    mark: str = ""
    label_style: str = ""
    style: str = ""
    below: tuple[str, ...] = ()


def clean(text: str, ascii: bool = False) -> str:
    """A text of a stranger on one line: control characters, and others where ``ascii``, as escapes."""
    if text.isascii() and text.isprintable():
        return text
    shown = escape_controls(text).replace("\n", "\\n")
    return shown.encode("ascii", "backslashreplace").decode("ascii") if ascii else shown


def measure(text: str) -> int:
    """The number of terminal columns that a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def draw_lines(lines: Iterable[Line], color: bool = False) -> str:
    """Lines as text, with a newline after each; styles as ANSI codes where ``color``."""
    return break_commands("".join(_draw_line(line, color) + "\n" for line in lines))


def _draw_line(line: Line, color: bool) -> str:
    if not color:
        return "".join(text for text, _ in line)
    return "".join(f"{ANSI[style]}{text}{RESET}" if style and text else text for text, style in line)


def flow(
    items: Sequence[str], width: int | None, *, separator: str = " ", indent: int = 0, used: int = 0
) -> list[str]:
    """Items on as few lines as fit, whole each; the first line has ``used`` columns less.

    Lines after the first start with ``indent`` spaces.
    """
    lines: list[str] = []
    current = ""
    for item in items:
        if not current:
            current = item
            continue
        longer = current + separator + item
        room = None if width is None else width - (0 if lines else used)
        if room is None or measure(longer) <= room:
            current = longer
        else:
            lines.append(current)
            current = " " * indent + item.lstrip()
    return [*lines, current] if current else lines


def split_words(text: str) -> list[str]:
    """The words of a sentence; what stands in brackets is one, so that no shape is broken.

    Wider spaces before a word stay with it.
    """
    return re.findall(r"(?:(?<= ) +)?(?:\[[^\]]*\]|\S)+", text)


def lay_out_table(columns: Sequence[Column], records: Sequence[Record], width: int | None) -> list[Line]:
    """The widest form of a table that fits: all columns, without the optional ones, stacked, or as a list."""
    needed = [index for index, column in enumerate(columns) if not column.optional]
    every = list(range(len(columns)))
    grids = [_Grid(columns, records, chosen) for chosen in (every, needed)]
    if width is None:
        return grids[0].draw(width, None)
    for grid in grids:
        if grid.width <= width:
            return grid.draw(width, None)
    for grid in grids:
        spilled = grid.find_spill(width)
        if spilled is not None:
            return grid.draw(width, spilled)
    numbers = [0, *(index for index in needed[1:] if columns[index].right)]
    texts = [index for index in needed[1:] if not columns[index].right]
    grid = _Grid(columns, records, numbers)
    if grid.width <= width:
        return grid.draw(width, None, under=texts)
    return [line for record in records for line in _list_cells(columns, record, needed, width)]


class _Grid:
    """Some columns of a table with their widths; ``spilled`` is the column whose long cells leave it."""

    def __init__(self, columns: Sequence[Column], records: Sequence[Record], chosen: Sequence[int]) -> None:
        self.columns = columns
        self.records = records
        self.chosen = chosen
        self.widths: dict[int, int] = {}
        self.units: dict[int, int] = {}
        for index in chosen:
            sizes = [_measure_cell(record, index) for record in records]
            self.widths[index] = max([measure(columns[index].heading), *sizes])
            units = [measure(record.cells[index].unit) for record in records]
            self.units[index] = max((1 + unit for unit in units if unit), default=0)

    @property
    def width(self) -> int:
        """The columns that the widest row takes, notes left aside."""
        inner = sum(self.widths.values()) + sum(self.units.values())
        return MARGIN + inner + GAP * (len(self.chosen) - 1)

    def find_spill(self, width: int) -> int | None:
        """The column that fits once its few long cells have lines of their own, made as narrow as that."""
        texts = [index for index in self.chosen[1:] if not self.columns[index].right]
        for index in sorted(texts, key=lambda index: -self.widths[index]):
            room = self.widths[index] - (self.width - width)
            sizes = [_measure_cell(record, index) for record in self.records]
            staying = [size for size in sizes if size <= room]
            leaving = len(sizes) - len(staying)
            if room >= measure(self.columns[index].heading) and leaving <= max(1, len(sizes) // SPILL_SHARE):
                self.widths[index] = max([measure(self.columns[index].heading), *staying])
                return index
        return None

    def draw(self, width: int | None, spilled: int | None, under: Sequence[int] = ()) -> list[Line]:
        """The heading and the records; the cells of the columns ``under`` stand on a second line each."""
        heading = tuple(Cell(column.heading) for column in self.columns)
        first = Record(heading, label_style="dim", style="dim")
        lines = self._draw_record(first, None, None, under)
        for shown in self.records:
            lines += self._draw_record(shown, width, spilled, under)
            lines += [((" " * (MARGIN + 4) + text, ""),) if text else () for text in shown.below]
        return lines

    def _draw_record(
        self, record: Record, width: int | None, spilled: int | None, under: Sequence[int]
    ) -> list[Line]:
        alone = ""
        line = ""
        start = MARGIN
        for index in self.chosen:
            cell = record.cells[index]
            size = self.widths[index]
            if index == 0:
                line = _pad_left(" " * (2 * record.level) + cell.text, size)
            elif index == spilled and measure(cell.text) > size:
                alone = cell.text
                line += " " * (GAP + size)
            elif self.columns[index].right:
                filled = " " * (size - measure(cell.text)) + cell.text
                unit = f" {cell.unit}" if cell.unit else ""
                line += " " * GAP + filled + _pad_left(unit, self.units[index])
            else:
                line += " " * GAP + _pad_left(cell.text, size)
            if cell.note and not cell.text:
                start = measure(line) - size - self.units[index]
        line = line.rstrip()
        below = [record.cells[index].text for index in under if record.cells[index].text]
        for note in _find_notes(record):
            # A note in an otherwise empty cell stands there, where nothing comes after it.
            placed = _pad_left(line, start) if measure(line) <= start else line + " " * GAP
            if width is None or MARGIN + measure(placed + note) <= width:
                line = placed + note
            else:
                below.append(note)
        indent = MARGIN + 2 * record.level + STEP
        further = [alone] if alone else []
        further += flow(below, None if width is None else width - indent, separator=" " * GAP)
        return [
            _start_line(record, line),
            *(((" " * indent + text, record.style or ("dim" if under else "")),) for text in further),
        ]


def _measure_cell(record: Record, index: int) -> int:
    return measure(record.cells[index].text) + (2 * record.level if index == 0 else 0)


def _pad_left(text: str, size: int) -> str:
    return text + " " * (size - measure(text))


def _find_notes(record: Record) -> list[str]:
    return [cell.note for cell in record.cells if cell.note]


def _start_line(record: Record, line: str) -> Line:
    """The first line of a record: its mark, its label and the rest, each in its style."""
    end = 2 * record.level + len(record.cells[0].text)
    return (
        (_pad_left(record.mark, MARGIN), "bold" if record.mark else ""),
        (line[:end], record.label_style),
        (line[end:], record.style),
    )


def _list_cells(columns: Sequence[Column], record: Record, chosen: Sequence[int], width: int) -> list[Line]:
    """A record as its label and, under it, its cells; numbers are followed by what they count."""
    items = []
    for index in chosen[1:]:
        cell = record.cells[index]
        if cell.text:
            word = columns[index].heading if columns[index].right else ""
            items.append(" ".join(part for part in (cell.text, word, cell.unit) if part))
    items += _find_notes(record)
    indent = MARGIN + 2 * record.level + STEP
    under = flow(items, width - indent, separator=" " * GAP)
    return [
        _start_line(record, " " * (2 * record.level) + record.cells[0].text),
        *(((" " * indent + text, record.style),) for text in under),
        *(((" " * (MARGIN + 4) + text, ""),) if text else () for text in record.below),
    ]
