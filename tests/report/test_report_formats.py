"""The formats for programs and pages, listings of parameters, and values."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from layercli.report import PARAMETER_FORMATS, RUN_FORMATS, TRACE_FORMATS, TraceOptions
from layercli.report.html import format_html
from layercli.report.markdown import escape_text, quote_code
from layercli.report.parameters import ParameterListing
from layercli.report.values import format_values
from layercli.report.words import format_bytes, format_percent
from layercli.trace import Row, Statistics, Trace, Values, ValueText
from tests.report import hand_made

OPTIONS = TraceOptions()
TRACES = [
    hand_made.make_lenet(),
    hand_made.make_lenet(28),
    hand_made.make_gpt2(),
    hand_made.make_hostile(),
    hand_made.make_uncalled(),
]


def make_listing(layer: str = "", *, buffers: bool = False, text: str = "") -> ParameterListing:
    tensors = tuple(replace(tensor, text=text) for tensor in hand_made.make_tensors())
    return ParameterListing("Net", tensors, "net.yaml", layer, buffers)


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.model)
def test_json_is_the_dictionary_of_the_trace(trace: Trace) -> None:
    text = TRACE_FORMATS["json"](trace, OPTIONS)
    assert json.loads(text) == json.loads(json.dumps(trace.to_dict()))
    assert text.endswith("}\n")


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.model)
def test_csv_has_every_row_and_sums_to_the_total(trace: Trace) -> None:
    rows = read_csv(TRACE_FORMATS["csv"](trace, OPTIONS))
    assert len(rows) == len(trace.rows) + len(trace.never_called)
    for key in ("parameters", "trainable", "buffers", "bytes"):
        assert sum(int(row[key]) for row in rows) == getattr(trace.totals, key)
    shallow = read_csv(TRACE_FORMATS["csv"](trace, TraceOptions(depth=1)))
    assert sum(int(row["parameters"]) for row in shallow) == trace.totals.parameters


def test_csv_holds_raw_numbers_and_whole_types() -> None:
    first = read_csv(TRACE_FORMATS["csv"](hand_made.make_lenet(), OPTIONS))[0]
    assert first == {
        "path": "conv1",
        "kind": "layer",
        "type": "Conv2d",
        "call": "1",
        "depth": "0",
        "arguments": "",
        "inputs": "float32[1, 1, 32, 32]",
        "output": "float32[1, 6, 28, 28]",
        "parameters": "156",
        "trainable": "156",
        "buffers": "0",
        "bytes": "624",
        "macs": "117600",
        "flops": "239904",
        "tied": "",
        "file": "lenet.yaml",
        "line": "7",
        "column": "10",
    }
    assert read_csv(TRACE_FORMATS["csv"](hand_made.make_gpt2(), OPTIONS))[0]["macs"] == ""


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-x", "@sum"])
def test_csv_defuses_formulas(text: str) -> None:
    row = hand_made.operation("add", text, hand_made.tensor(1), hand_made.tensor(1))
    assert read_csv(TRACE_FORMATS["csv"](hand_made.make_trace(row), OPTIONS))[0]["type"] == "'" + text


@pytest.mark.parametrize(("text", "shown"), [("\tx", "\\tx"), ("\r=x", "\\r=x"), ("a\nb", "a\\nb")])
def test_csv_shows_control_characters_as_escapes(text: str, shown: str) -> None:
    row = hand_made.operation("add", text, hand_made.tensor(1), hand_made.tensor(1))
    assert read_csv(TRACE_FORMATS["csv"](hand_made.make_trace(row), OPTIONS))[0]["type"] == shown


def test_markdown() -> None:
    lines = TRACE_FORMATS["markdown"](hand_made.make_gpt2(), OPTIONS).splitlines()
    assert lines[0] == "**GPT2** · gpt2.yaml · cpu · eval · N = 1 · T = 16"
    assert lines[2] == "- `x: int64[1, 16]`"
    assert lines[4:8] == [
        "| layer | type | output | params | percent |",
        "| --- | --- | --- | ---: | ---: |",
        "| `transformer` | `GPT2Model` | `[1, 16, 768]` |  |  |",
        "| `transformer.wte` | `Embedding` | `[1, 16, 768]` | 38,597,376 | 31.0% |",
    ]
    assert (
        "| `transformer.h.0 to transformer.h.11` | `12 x Block` | `[1, 16, 768]` | 7,086,336 each | 5.7% |"
        in lines
    )
    assert "| `lm_head` | `Linear` | `[1, 16, 50257]` | `= transformer.wte.weight` |  |" in lines
    assert lines[-1] == "124,421,376 parameters, all trainable · 474.6 MiB"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("relu", "`relu`"),
        ("", ""),
        ("a|b", "`a\\|b`"),
        ("a`b", "`` a`b ``"),
        ("``", "``` `` ```"),
        ("<b>@you", "`<b>@you`"),
        ("two\nlines", "`two\\nlines`"),
        ("\x1b[31m", "`\\x1b[31m`"),
    ],
)
def test_markdown_code(text: str, code: str) -> None:
    assert quote_code(text) == code


def test_markdown_text() -> None:
    assert escape_text("<b>|`x`|[a](b)\n@you & *me*") == (
        "\\<b\\>\\|\\`x\\`\\|\\[a\\](b)\\\\n@<!-- -->you &amp; \\*me\\*"
    )


def test_markdown_rows_have_as_many_cells_as_the_heading() -> None:
    lines = TRACE_FORMATS["markdown"](hand_made.make_hostile(), OPTIONS).splitlines()
    table = [line.replace("\\|", "") for line in lines if line.startswith("|")]
    assert len(table) == 7
    assert {line.count("|") for line in table} == {6}


class Cells(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_html_escapes_and_stands_alone() -> None:
    page = Cells(format_html(hand_made.make_hostile()))
    assert set(page.tags) <= {"div", "p", "b", "br", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert "<script>" in page.texts
    assert "Conv2d[/x]" in page.texts
    assert "esc\\x1b[31m" in page.texts


def test_html_says_what_the_table_says() -> None:
    page = Cells(hand_made.make_gpt2()._repr_html_())
    for text in ("h.0 to h.11", "12 x Block", "7,086,336 each", "= transformer.wte.weight"):
        assert text in page.texts
    assert page.texts[-2:] == ["124,421,376 parameters, all trainable · 474.6 MiB", "\n"]
    assert page.tags.count("tr") == 15


def test_the_formats_of_the_command_line() -> None:
    assert list(TRACE_FORMATS) == list(RUN_FORMATS) == list(PARAMETER_FORMATS)
    for trace in TRACES:
        for format_trace in TRACE_FORMATS.values():
            assert format_trace(trace, OPTIONS).endswith("\n")


PARAMETERS = """\
Net   net.yaml

  name              shape        dtype    count  trainable
  (self)            Net                       8
    scale           [8]          float32      8  yes
  wte               Embedding             8,000
    wte.weight      [1000, 8]    float32  8,000  yes
  norm              BatchNorm1d              16
    norm.weight     [8]          float32      8  no
    norm.bias       [8]          float32      8  no
  lm_head           Linear                1,000
    lm_head.weight  [1000, 8]    float32         yes  = wte.weight
    lm_head.bias    [1000]       float32  1,000  yes

9,024 parameters, 9,008 trainable, 16 frozen · 35.2 KiB
"""

NORM_WITH_BUFFERS = """\
Net   net.yaml · norm

  name                 shape        dtype    count  trainable
  norm                 BatchNorm1d              28
    norm.weight        [8]          float32      8  no
    norm.bias          [8]          float32      8  no
    norm.running_mean  [8]          float32      8  buffer
    norm.mask          [2, 2]       bool         4  buffer, not in state_dict

16 parameters, none trainable · 64 B · 12 in buffers · the whole model has 9,024
"""

NARROW = """\
Net   net.yaml · lm_head

  name              count
      shape  dtype  trainable
  lm_head           1,000
      Linear
    lm_head.weight  = wte.weight
        [1000, 8]  float32  yes
    lm_head.bias    1,000
        [1000]  float32  yes

1,000 parameters, all trainable
    3.9 KiB
    the whole model has 9,024
"""


@pytest.mark.parametrize(
    ("listing", "width", "expected"),
    [
        (make_listing(), 80, PARAMETERS),
        (make_listing("norm", buffers=True), 80, NORM_WITH_BUFFERS),
        (make_listing("lm_head"), 37, NARROW),
    ],
)
def test_parameters(listing: ParameterListing, width: int, expected: str) -> None:
    assert PARAMETER_FORMATS["table"](listing, TraceOptions(width=width)) == expected


def test_a_layer_is_not_another_that_starts_like_it() -> None:
    listing = replace(make_listing(), layer="lm")
    assert listing.shown == ()
    assert [tensor.name for tensor in replace(listing, layer="wte.weight").shown] == ["wte.weight"]
    assert "no parameters" in PARAMETER_FORMATS["table"](listing, OPTIONS)


def test_values_of_parameters_stand_under_their_names() -> None:
    text = "Parameter containing:\ntensor([1.],\n       requires_grad=True)"
    lines = PARAMETER_FORMATS["table"](make_listing("scale", text=text), OPTIONS).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("    scale"))
    assert lines[start + 1 : start + 4] == [f"      {line}" for line in text.splitlines()]
    markdown = PARAMETER_FORMATS["markdown"](make_listing("scale", text=text), OPTIONS)
    assert "`scale`\n\n    Parameter containing:\n    tensor([1.],\n" in markdown


def test_parameters_for_programs() -> None:
    listing = make_listing(buffers=True)
    data = json.loads(PARAMETER_FORMATS["json"](listing, OPTIONS))
    assert data["totals"] == {
        "parameters": 9_024,
        "trainable": 9_008,
        "frozen": 16,
        "bytes": 36_096,
        "buffers": 12,
    }
    assert [tensor["name"] for tensor in data["tensors"]] == [tensor.name for tensor in listing.tensors]
    rows = read_csv(PARAMETER_FORMATS["csv"](listing, OPTIONS))
    assert rows[6] == {
        "name": "lm_head.weight",
        "kind": "parameter",
        "shape": "[1000, 8]",
        "dtype": "float32",
        "count": "8000",
        "bytes": "32000",
        "owner": "lm_head",
        "owner_type": "Linear",
        "trainable": "true",
        "tied": "wte.weight",
        "persistent": "true",
    }
    markdown = PARAMETER_FORMATS["markdown"](listing, OPTIONS).splitlines()
    assert "| `lm_head.weight` | `[1000, 8]` | `float32` | `= wte.weight` | `yes` |" in markdown


def make_run(first: float) -> Trace:
    given, output = hand_made.tensor(1, 2), hand_made.tensor(1, 1)
    values = Values(
        (ValueText("x", given, f"tensor([[{first}, 2.0]])", Statistics(14.93, 5.804, 5.1, 24.8)),),
        (ValueText("weight", hand_made.tensor(1, 2), "Parameter containing:\ntensor([[3., 4.]])"),),
        (ValueText("output", output, "tensor([[\x1b]])", Statistics(-1.19e-8, 1.0, -2.5, float("nan"))),),
    )
    row = hand_made.layer("fc", "Linear", given, output, 2, arguments="Linear(2, 1)", values=values)
    return hand_made.make_trace(row, hand_made.operation("relu", "relu", output, output), inputs=given)


RUN = """\

fc   Linear(2, 1)
  input x  float32[1, 2]
    tensor([[{first}, 2.0]])
    mean 14.93  std 5.804  min 5.1  max 24.8
  parameter weight  float32[1, 2]
    Parameter containing:
    tensor([[3., 4.]])
  output  float32[1, 1]
    tensor([[\\x1b]])
    mean -1.19e-08  std 1  min -2.5  max nan
"""


def test_values() -> None:
    expected = "Net   cpu · eval\nx     float32[1, 2]\n" + RUN.format(first=1.0)
    assert format_values([make_run(1.0)]) == expected
    assert TRACE_FORMATS["table"](make_run(1.0), OPTIONS).endswith(RUN.format(first=1.0))


def test_runs_stand_one_after_another() -> None:
    runs = [make_run(1.0), make_run(5.0)]
    expected = "\nrun 1\n" + RUN.format(first=1.0) + "\nrun 2\n" + RUN.format(first=5.0)
    text = RUN_FORMATS["table"](runs, OPTIONS)
    assert text.endswith(expected)
    assert text.count("2 parameters, all trainable") == 1
    data = json.loads(RUN_FORMATS["json"](runs, OPTIONS), parse_constant=pytest.fail)
    texts = [run["rows"][0]["values"]["inputs"][0]["text"] for run in data]
    assert texts == ["tensor([[1.0, 2.0]])", "tensor([[5.0, 2.0]])"]
    assert data[0]["rows"][0]["values"]["outputs"][0]["max"] == "nan"
    markdown = RUN_FORMATS["markdown"](runs, OPTIONS)
    assert "\n    run 2\n\n    fc   Linear(2, 1)\n" in markdown
    assert len(read_csv(RUN_FORMATS["csv"](runs, OPTIONS))) == 2


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (325_160, "317.5 KiB"),
        (5 * 2**30, "5.0 GiB"),
        (3 * 2**50, "3072.0 TiB"),
    ],
)
def test_bytes(number: int, text: str) -> None:
    assert format_bytes(number) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(0, 9, ""), (0, 0, ""), (1, 2, "50.0%"), (1, 5000, "<0.1%"), (3, 3, "100.0%")]
)
def test_percent(part: int, whole: int, text: str) -> None:
    assert format_percent(part, whole) == text


def load_modules(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after ``code``."""
    report = f"import sys; {code}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_format_loads_only_what_it_needs() -> None:
    trace = "from layercli.trace import Trace; t = Trace('Net', 'run', 'cpu', 'eval', (), None, ())"
    names = "from layercli.report import TRACE_FORMATS, TraceOptions"
    loaded = {
        name: load_modules(f"{trace}; {names}; TRACE_FORMATS['{name}'](t, TraceOptions())")
        for name in TRACE_FORMATS
    }
    assert "layercli.report.table" in loaded["table"]
    assert "layercli.report.table" not in loaded["json"] | loaded["csv"]
    assert not {"rich", "torch"} & set().union(*loaded.values())


def test_rows_without_values_are_left_out() -> None:
    row: Row = make_run(1.0).rows[1]
    assert format_values([hand_made.make_trace(row)]) == "Net   cpu · eval\nx     float32[1, 8]\n"
