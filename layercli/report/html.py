"""A trace as one HTML table, for notebooks: no script, no style sheet, every text escaped."""

from __future__ import annotations

from html import escape

from layercli.report.columns import TraceColumn, choose_columns
from layercli.report.layout import clean
from layercli.report.options import TraceOptions
from layercli.report.rows import TreeRow, build_tree
from layercli.report.words import describe_run, describe_totals, list_notes
from layercli.trace.records import Trace, format_type

#: How far a level of the tree is moved to the right.
INDENT = "1.2em"


def format_html(trace: Trace, options: TraceOptions | None = None) -> str:
    """The table with the run over it and its sums under it."""
    options = options or TraceOptions()
    tree = build_tree(trace, fold=options.fold, depth=options.depth, layers_only=options.layers_only)
    columns = choose_columns(options.columns, failed=trace.failed)
    headings = "".join(_draw_cell("th", column.heading, column.right) for column in columns.values())
    rows = "\n".join(_draw_row(tree_row, columns, trace) for tree_row in tree)
    about = " · ".join([f"<b>{_escape(trace.model)}</b>", *map(_escape, describe_run(trace))])
    inputs = "".join(
        f"<br><code>{_escape(name)}: {_escape(format_type(value))}</code>" for name, value in trace.inputs
    )
    totals = [] if trace.failed else [" · ".join(describe_totals(trace.totals, len(trace.rows), columns))]
    closing = "<br>".join(map(_escape, [*totals, *list_notes(trace, tree, options.depth)]))
    return (
        f'<div class="layercli-trace"><p>{about}{inputs}</p>\n'
        f"<table>\n<thead><tr>{headings}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n"
        f"<p>{closing}</p></div>\n"
    )


def _escape(text: str) -> str:
    return escape(clean(text))


def _draw_cell(tag: str, text: str, right: bool, style: str = "") -> str:
    align = "right" if right else "left"
    return f'<{tag} style="text-align: {align}; white-space: pre;{style}">{_escape(text)}</{tag}>'


def _draw_row(tree_row: TreeRow, columns: dict[str, TraceColumn], trace: Trace) -> str:
    cells = []
    for name, column in columns.items():
        text = str(column.cell(tree_row, trace))
        style = ""
        if name == "layer":
            style = f" padding-left: calc(0.5em + {tree_row.level} * {INDENT});"
            text = f"x {text}" if tree_row.failed else text
        cells.append(_draw_cell("td", text, column.right, style))
    operation = tree_row.row is not None and tree_row.row.kind == "operation"
    opening = '<tr style="opacity: 0.6">' if operation else "<tr>"
    return f"{opening}{''.join(cells)}</tr>"
