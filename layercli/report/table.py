"""A trace as a plain-text table, for terminals, and the same for rich."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from layercli.record import record
from layercli.report.columns import TraceColumn, choose_columns
from layercli.report.layout import (
    Cell,
    Line,
    Record,
    clean,
    draw_lines,
    flow,
    lay_out_table,
    measure,
    split_words,
)
from layercli.report.options import TraceOptions
from layercli.report.rows import TreeRow, build_tree
from layercli.report.words import describe_run, describe_totals, list_notes
from layercli.trace.records import Trace, format_type

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text


def format_trace(
    trace: Trace,
    *,
    width: int | None = None,
    columns: Sequence[str] = (),
    fold: bool = True,
    depth: int | None = None,
    layers_only: bool = False,
    color: bool = False,
    ascii: bool = False,
) -> str:
    """The table of a trace, with a newline at the end.

    ``width`` is in terminal columns, None for no limit; ``columns`` are further ones by their names in
    ``COLUMNS``. Raises ``CommandError`` for an unknown column or a depth below 1.
    """
    options = TraceOptions(width, tuple(columns), fold, depth, layers_only, color, ascii)
    return draw_lines(lay_out_trace(trace, options), color)


@record
class RenderedTrace:
    """A trace that a rich console can print, at the console's width and in its colours."""

    trace: Trace
    options: TraceOptions

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from rich.text import Text

        chosen = replace(
            self.options, width=options.max_width, ascii=self.options.ascii or options.ascii_only
        )
        for line in lay_out_trace(self.trace, chosen):
            # Text, not markup: shapes and names hold brackets.
            text = Text(no_wrap=True, overflow="ignore")
            for part, style in line:
                text.append(part, style=style)
            # Rich would cut what is too long; a terminal goes on in the next line, and so does this.
            yield from text.divide(range(options.max_width, len(text), options.max_width))


def render_trace(trace: Trace, options: TraceOptions | None = None) -> RenderedTrace:
    """The table of a trace for rich; the width and colours of ``options`` are the console's."""
    return RenderedTrace(trace, options or TraceOptions())


def lay_out_trace(trace: Trace, options: TraceOptions) -> list[Line]:
    """The lines of the table: what ran, its rows, totals, notes, and the layers that never ran."""
    tree = build_tree(trace, fold=options.fold, depth=options.depth, layers_only=options.layers_only)
    lines = [*lay_out_header(trace, options), ()]
    if tree:
        columns = choose_columns(options.columns, failed=trace.failed)
        records = [_make_record(tree_row, columns, trace, options.ascii) for tree_row in tree]
        lines += lay_out_table(list(columns.values()), records, options.width)
    else:
        lines.append((("  nothing was called", "dim"),))
    closing = _close(trace, tree, options)
    return [*lines, (), *closing] if closing else lines


def lay_out_header(trace: Trace, options: TraceOptions) -> list[Line]:
    """The model and how it was run, then each input with its type."""
    return lay_out_heading(
        trace.model,
        describe_run(trace),
        [(name, format_type(value)) for name, value in trace.inputs],
        options,
    )


def lay_out_heading(
    model: str, parts: Sequence[str], inputs: Sequence[tuple[str, str]], options: TraceOptions
) -> list[Line]:
    """A bold name with what there is to say of it, and named things under it, in two columns that line up."""
    name = clean(model, options.ascii)
    named = [(clean(left, options.ascii), clean(right, options.ascii)) for left, right in inputs]
    edge = max(measure(left) for left in (name, *(left for left, _ in named))) + 3
    about = [clean(part, options.ascii) for part in parts]
    texts = flow(about, options.width, separator=_choose_separator(options), indent=4, used=edge)
    first, rest = (texts[0], texts[1:]) if texts else ("", [])
    lines: list[Line] = [((name, "bold"), (" " * (edge - measure(name)) + first if first else "", ""))]
    if options.width is not None and edge + measure(first) > options.width:
        rest = [
            "    " + text for text in flow(about, options.width - 4, separator=_choose_separator(options))
        ]
        lines = [((name, "bold"),)]
    lines += [((text, ""),) for text in rest]
    for left, right in named:
        if options.width is None or edge + measure(right) <= options.width:
            lines.append(((left + " " * (edge - measure(left)) + right, ""),))
        else:
            lines += [((left, ""),), (("    " + right, ""),)]
    return lines


def _choose_separator(options: TraceOptions) -> str:
    return " - " if options.ascii else " · "


def lay_out_sentence(items: Sequence[str], options: TraceOptions, separator: str = " ") -> list[Line]:
    """Items that read as one line, over several where the width asks for it, none of them broken."""
    shown = [clean(item, options.ascii) for item in items]
    return [((text, ""),) for text in flow(shown, options.width, separator=separator, indent=4)]


def lay_out_parts(parts: Sequence[str], options: TraceOptions) -> list[Line]:
    """The parts of a closing line, with a dot between them."""
    return lay_out_sentence(parts, options, _choose_separator(options))


def _make_record(tree_row: TreeRow, columns: dict[str, TraceColumn], trace: Trace, ascii: bool) -> Record:
    cells = [column.cell(tree_row, trace) for column in columns.values()]
    operation = tree_row.row is not None and tree_row.row.kind == "operation"
    return Record(
        tuple(
            Cell(clean(cell.text, ascii), cell.unit, clean(cell.note, ascii) if cell.note else "")
            for cell in cells
        ),
        level=tree_row.level,
        mark="x" if tree_row.failed else "",
        label_style="dim" if operation else "bold",
        style="dim" if operation else "",
    )


def _close(trace: Trace, tree: Sequence[TreeRow], options: TraceOptions) -> list[Line]:
    """What stands under the rows; of a failed pass only the notes, as its sums would be of a part."""
    lines: list[Line] = []
    if not trace.failed:
        lines += lay_out_parts(describe_totals(trace.totals, len(trace.rows), options.columns), options)
    for note in list_notes(trace, tree, options.depth):
        lines += lay_out_sentence(split_words(note), options)
    return lines
