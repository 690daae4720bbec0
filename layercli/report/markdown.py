"""A trace or a listing as a Markdown table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from layercli.report.columns import choose_columns
from layercli.report.layout import Cell, Column, clean
from layercli.report.options import TraceOptions
from layercli.report.rows import build_tree
from layercli.report.words import describe_run, describe_totals, list_notes
from layercli.trace.records import Trace, format_type

if TYPE_CHECKING:
    from layercli.report.parameters import ParameterListing


def quote_code(text: str, in_table: bool = True) -> str:
    """A text as a code span: nothing in it is markup, a mention or, where ``in_table``, a new cell."""
    shown = clean(text)
    if not shown:
        return ""
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest or shown != shown.strip() else ""
    return fence + space + (shown.replace("|", "\\|") if in_table else shown) + space + fence


def escape_text(text: str) -> str:
    """A sentence with the signs escaped that Markdown or a forge would read as something else.

    Forges look for mentions, references and addresses in what is left when backslashes are gone: a comment parts them.
    """
    shown = re.sub(r"([\\`*_{}\[\]#|~<>])", r"\\\1", clean(text)).replace("&", "&amp;")
    return re.sub(r"@|[#!%~$](?=\w)|\bGH-(?=[0-9])|:(?=//)|\bwww(?=\.)", r"\g<0><!-- -->", shown)


def format_trace(trace: Trace, options: TraceOptions | None = None) -> str:
    """The rows with their whole paths, runs of identical siblings folded unless ``fold`` is off."""
    options = options or TraceOptions()
    tree = build_tree(trace, fold=options.fold, depth=options.depth, layers_only=options.layers_only)
    columns = choose_columns(options.columns, failed=trace.failed)
    columns["layer"] = choose_columns(["path"])["path"]
    rows = [[column.cell(tree_row, trace) for column in columns.values()] for tree_row in tree]
    marks = ["x " if tree_row.failed else "" for tree_row in tree]
    headings = [column.heading or name for name, column in columns.items()]
    headings[0] = "layer"
    blocks = [
        " · ".join([f"**{escape_text(trace.model)}**", *map(escape_text, describe_run(trace))]),
        "\n".join(f"- {quote_code(f'{name}: {format_type(value)}')}" for name, value in trace.inputs),
        _draw_table(headings, list(columns.values()), rows, marks),
    ]
    if not trace.failed:
        blocks.append(" · ".join(describe_totals(trace.totals, len(trace.rows), columns)))
    notes = list_notes(trace, tree, options.depth)
    blocks.append("\n".join(f"- {escape_text(note)}" for note in notes))
    return _join(blocks)


def format_runs(traces: Sequence[Trace], options: TraceOptions) -> str:
    """The table of the first run, and after it the values of every run that kept some."""
    from layercli.report.layout import draw_lines
    from layercli.report.values import lay_out_runs

    values = draw_lines(lay_out_runs(traces, options)).strip("\n")
    table = format_trace(traces[0], options)
    return f"{table}\n<!-- values -->\n\n{indent_code(values)}\n" if values else table


def format_parameters(listing: ParameterListing) -> str:
    """Every tensor of the listing, with its value under the table where it is known."""
    from layercli.report.parameters import COLUMNS, describe_listing, describe_role

    rows = [
        [
            Cell(tensor.name),
            Cell(str(list(tensor.type.shape))),
            Cell(tensor.type.dtype),
            Cell("", note=f"= {tensor.tied}") if tensor.tied else Cell(f"{tensor.count:,}"),
            Cell(describe_role(tensor)),
        ]
        for tensor in listing.shown
    ]
    parts = [part for part in (listing.spec, listing.layer) if part]
    blocks = [
        " · ".join([f"**{escape_text(listing.model)}**", *map(escape_text, parts)]),
        _draw_table([column.heading for column in COLUMNS], COLUMNS, rows, [""] * len(rows)),
        " · ".join(map(escape_text, describe_listing(listing))),
    ]
    for tensor in listing.shown:
        if tensor.text:
            blocks += [quote_code(tensor.name), indent_code(tensor.text)]
    return _join(blocks)


def indent_code(text: str) -> str:
    """A text of several lines as a code block that nothing in it can end."""
    return "\n".join(f"    {clean(line)}".rstrip() for line in text.splitlines())


def _draw_table(
    headings: Sequence[str], columns: Sequence[Column], rows: Sequence[Sequence[Cell]], marks: Sequence[str]
) -> str:
    lines = [headings, ["---:" if column.right else "---" for column in columns]]
    lines += [
        [mark + quote_code(str(row[0])), *map(_draw_cell, row[1:], columns[1:])]
        for mark, row in zip(marks, rows, strict=True)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _draw_cell(cell: Cell, column: Column) -> str:
    """Numbers as they are, everything else as code."""
    if not column.right:
        return quote_code(str(cell))
    return " ".join(part for part in (cell.text, cell.unit, quote_code(cell.note)) if part)


def _join(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"
