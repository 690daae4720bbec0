"""Places as editors count them and as problems do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layercli.errors import Position, Source
from layercli.server.texts import UNITS, Lines

TEXT = "a\u00e4\U0001f600b\r\nzwei\rdrei\n\nvier"


@pytest.mark.parametrize(
    ("encoding", "column"),
    [("utf-8", 7), ("utf-16", 4), ("utf-32", 3)],
)
def test_columns_are_counted_in_units_of_the_encoding(encoding: str, column: int) -> None:
    lines = Lines(TEXT, encoding)
    assert lines.place(TEXT.index("b")) == (0, column)
    assert lines.offset(0, column) == TEXT.index("b")


def test_a_column_inside_a_character_is_its_beginning() -> None:
    assert Lines(TEXT, "utf-16").offset(0, 3) == TEXT.index("\U0001f600")


def test_lines_end_as_the_protocol_says() -> None:
    lines = Lines("a\u2028b\x85c\x0bd\r\ne\rf\ng")
    assert [lines.line(number) for number in range(5)] == ["a\u2028b\x85c\x0bd", "e", "f", "g", ""]


@pytest.mark.parametrize(("line", "units", "offset"), [(0, 99, 4), (9, 0, 19), (2, 99, 13), (-1, -1, 0)])
def test_places_outside_are_the_nearest_inside(line: int, units: int, offset: int) -> None:
    assert Lines("a\u00e4\U0001f600b\r\nzwei\rdr\n\nvier").offset(line, units) == offset


def test_positions_of_problems_count_line_feeds_only() -> None:
    text = "\ufeffname: a\rb\r\nlayers: c\n"
    lines, source = Lines(text), Source("net.yaml", text.removeprefix("\ufeff"))
    begin, end = lines.span(Position(source, 2, 9, 1))
    assert text[begin:end] == "c"
    assert lines.place(begin) == (2, 8)
    begin, end = lines.span(Position(source, 1, 7, 3))
    assert text[begin:end] == "a\rb"
    assert lines.own_place(begin) == (1, 7)


@given(st.text(st.sampled_from("ab\r\n\u00e9\u2028\U0001f600\ud83d"), max_size=30), st.sampled_from([*UNITS]))
def test_places_and_offsets_are_inverse(text: str, encoding: str) -> None:
    lines = Lines(text, encoding)
    for offset in range(len(text) + 1):
        line, column = lines.place(offset)
        # A line feed behind a carriage return begins no line, and has no column of its own.
        behind = offset > 0 and text[offset - 1 : offset + 1] == "\r\n"
        assert lines.offset(line, column) == offset - behind
        assert lines.own_offset(*lines.own_place(offset)) == offset
