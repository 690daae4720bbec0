"""The table of a trace, character for character; the expected texts are files in ``tables``."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from layercli.errors import CommandError
from layercli.report import layout
from layercli.report.columns import COLUMNS, DEFAULT_COLUMNS
from layercli.report.table import format_trace, render_trace
from layercli.trace import Trace
from tests.report import hand_made

TABLES = Path(__file__).parent / "tables"

TRACES = {
    "lenet": hand_made.make_lenet(),
    "failed": hand_made.make_lenet(28),
    "gpt2": hand_made.make_gpt2(),
    "tagger": hand_made.make_tagger(),
    "deep": hand_made.make_deep(),
    "hostile": hand_made.make_hostile(),
    "uncalled": hand_made.make_uncalled(),
    "repeated": hand_made.make_repeated(),
}
WIDTHS = (20, 60, 80, 120)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", TRACES)
def test_table(name: str, width: int) -> None:
    expected = (TABLES / f"{name}-{width}.txt").read_text(encoding="utf-8")
    assert format_trace(TRACES[name], width=width) == expected


def test_every_expected_text_is_compared() -> None:
    assert {path.stem for path in TABLES.iterdir()} == {
        f"{name}-{width}" for name in TRACES for width in WIDTHS
    }


@pytest.mark.parametrize("width", [1, 20, 33, 47, 60, 80, 120])
@pytest.mark.parametrize("name", TRACES)
def test_nothing_is_cut_and_lines_are_too_long_only_for_one_item(name: str, width: int) -> None:
    trace = TRACES[name]
    whole = format_trace(trace)
    text = format_trace(trace, width=width)
    shapes = re.findall(r"\[[\d, ]+\]", whole)
    assert sorted(re.findall(r"\[[\d, ]+\]", text)) == sorted(shapes)
    for line in text.splitlines():
        assert line == line.rstrip()
        items = re.split("  +| · ", line.strip())
        assert layout.measure(line) <= width or len(items) == 1, line


def test_without_a_width_nothing_is_narrowed() -> None:
    assert format_trace(TRACES["gpt2"]) == format_trace(TRACES["gpt2"], width=1000)


@pytest.mark.parametrize("name", TRACES)
def test_color_adds_codes_only(name: str) -> None:
    for width in (None, *WIDTHS):
        plain = format_trace(TRACES[name], width=width)
        colored = format_trace(TRACES[name], width=width, color=True)
        assert re.sub(r"\x1b\[\d*m", "", colored) == plain
        assert "\x1b" not in plain


def test_layers_are_bold_and_operations_dim() -> None:
    lines = format_trace(TRACES["lenet"], color=True).splitlines()
    assert lines[0] == "\x1b[1mLeNet\x1b[0m   lenet.yaml · cpu · eval · N = 1"
    assert lines[4].startswith("  \x1b[1mconv1\x1b[0m         Conv2d")
    assert lines[5].startswith("  \x1b[2mrelu\x1b[0m\x1b[2m  ")
    assert lines[5].endswith("\x1b[0m")


def test_ascii_keeps_to_ascii() -> None:
    text = format_trace(TRACES["hostile"], ascii=True)
    assert text.isascii()
    assert "a\\xf1b\\xb7\\u6f22\\u5b57" in text
    assert "lenet.yaml - cpu - eval - N = 1" in format_trace(TRACES["lenet"], ascii=True)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", TRACES)
def test_rich_prints_the_same_text(name: str, width: int) -> None:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(render_trace(TRACES[name]))
    text = format_trace(TRACES[name], width=width)
    if all(layout.measure(line) <= width for line in text.splitlines()):
        assert capture.get() == text
    else:
        assert capture.get().replace("\n", "") == text.replace("\n", "")
        assert all(layout.measure(line) <= width for line in capture.get().splitlines())


def test_a_trace_prints_itself() -> None:
    trace = TRACES["lenet"]
    assert str(trace) == format_trace(trace)
    console = Console(width=80, force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(trace)
    assert "\x1b[1mconv1\x1b[0m" in capture.get()


def test_further_columns() -> None:
    text = format_trace(TRACES["lenet"], columns=["macs", "call", "source", "macs"], layers_only=True)
    assert text.splitlines()[3:5] == [
        "  layer  type    output           params            MACs  call  source",
        "  conv1  Conv2d  [1, 6, 28, 28]      156   0.2%  117,600        lenet.yaml:7:10",
    ]


def test_every_column_has_a_text_for_every_row() -> None:
    for trace in TRACES.values():
        text = format_trace(trace, columns=list(COLUMNS))
        assert all(column.heading in text for column in COLUMNS.values())
    assert set(DEFAULT_COLUMNS) <= set(COLUMNS)


def test_unknown_macs_are_a_question_mark_and_none_are_zero() -> None:
    lines = format_trace(TRACES["repeated"], columns=["macs"]).splitlines()
    assert [line.split()[-1] for line in lines[4:7]] == ["64", "?", "64"]
    assert lines[-1] == "72 parameters, all trainable · 288 B · at least 128 MACs (1 row unknown)"


def test_flops_have_a_column_and_a_sum_of_their_own() -> None:
    plain = format_trace(TRACES["lenet"])
    assert "FLOPs" not in plain
    lines = format_trace(TRACES["lenet"], columns=["macs", "flops"]).splitlines()
    assert lines[3].split()[-2:] == ["MACs", "FLOPs"]
    assert lines[4].split()[-2:] == ["117,600", "239,904"]
    assert lines[5].split()[-2:] == ["0", "4,704"]
    assert lines[-1].endswith("322,056 MACs · 663,802 FLOPs")


def test_unknown_flops_are_a_question_mark_and_counted() -> None:
    rows = [
        replace(row, flops=None) if row.path in ("relu", "fc3") else row
        for row in hand_made.make_lenet().rows
    ]
    lines = format_trace(replace(hand_made.make_lenet(), rows=tuple(rows)), columns=["flops"]).splitlines()
    assert lines[5].split()[-1] == "?"
    assert lines[-1].endswith("322,056 MACs · at least 657,408 FLOPs (2 rows unknown)")


def test_an_unknown_column_is_refused_with_a_suggestion() -> None:
    with pytest.raises(CommandError) as error:
        format_trace(TRACES["lenet"], columns=["mac"])
    assert error.value.problems[0].message == "there is no column called mac"
    assert error.value.problems[0].hint == "did you mean macs?"


def test_a_depth_says_that_it_hides() -> None:
    text = format_trace(TRACES["gpt2"], depth=1)
    assert "transformer  GPT2Model  [1, 16, 768]    124,421,376  100.0%" in text
    assert "note: rows deeper than level 1 are not shown; what they hold is counted in the row above" in text
    assert "note:" not in format_trace(TRACES["gpt2"], depth=4)


def test_a_trace_without_rows() -> None:
    text = format_trace(hand_made.make_trace())
    assert text == ("Net   cpu · eval\nx     float32[1, 8]\n\n  nothing was called\n\nno parameters\n")


def make_long(rows: int) -> Trace:
    return hand_made.make_trace(
        *(
            hand_made.layer(
                f"layer{index}", "Linear", hand_made.tensor(1, 8), hand_made.tensor(1, index), index
            )
            for index in range(rows)
        )
    )


@pytest.mark.parametrize("width", [None, 20, 40, 60])
def test_work_grows_with_the_number_of_rows(width: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = 0
    measure = layout.measure

    def count(text: str) -> int:
        nonlocal measured
        measured += len(text)
        return measure(text)

    monkeypatch.setattr(layout, "measure", count)
    work = []
    for rows in (500, 2000):
        measured = 0
        lines = format_trace(make_long(rows), width=width).splitlines()
        assert len(lines) >= rows
        work.append(measured)
    assert 0 < work[1] < 6 * work[0]
