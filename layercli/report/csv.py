"""A trace or a listing as CSV: one line a row, raw numbers, the names that the JSON has."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from layercli.report.layout import clean
from layercli.report.options import TraceOptions
from layercli.report.rows import TreeRow, build_tree
from layercli.trace.records import Row, Trace, Uncalled, format_type

if TYPE_CHECKING:
    from layercli.report.parameters import ParameterListing

#: A cell that starts so is a formula to a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@")

TRACE_HEADER = (
    "path",
    "kind",
    "type",
    "call",
    "depth",
    "arguments",
    "inputs",
    "output",
    "parameters",
    "trainable",
    "buffers",
    "bytes",
    "macs",
    "flops",
    "tied",
    "file",
    "line",
    "column",
)

PARAMETER_HEADER = (
    "name",
    "kind",
    "shape",
    "dtype",
    "count",
    "bytes",
    "owner",
    "owner_type",
    "trainable",
    "tied",
    "persistent",
)


def format_trace(trace: Trace, options: TraceOptions | None = None) -> str:
    """Every row, and the layers that never ran as rows of call 0, so that ``parameters`` sums to the total.

    Nothing is folded; ``depth`` and ``layers_only`` apply. What isn't known is empty.
    """
    options = options or TraceOptions()
    tree = build_tree(trace, fold=False, depth=options.depth, layers_only=options.layers_only)
    called = (_write_row(tree_row, tree_row.row) for tree_row in tree if tree_row.row or tree_row.hidden)
    return _format(TRACE_HEADER, [*called, *map(_write_uncalled, trace.never_called)])


def _write_row(tree_row: TreeRow, row: Row | None) -> tuple[object, ...]:
    counts = tree_row.counts
    return (
        tree_row.path,
        row.kind if row else "layer",
        row.type if row else "",
        row.call if row else 0,
        row.depth if row else "",
        row.arguments if row else "",
        ", ".join(map(format_type, row.inputs)) if row else "",
        format_type(row.output) if row else "",
        counts.parameters,
        counts.trainable,
        counts.buffers,
        counts.bytes,
        counts.macs,
        counts.flops,
        ", ".join(f"{tie.name} = {tie.target}" for tie in row.tied) if row else "",
        *_write_position(row),
    )


def _write_uncalled(layer: Uncalled) -> tuple[object, ...]:
    counts = (layer.parameters, layer.trainable, layer.buffers, layer.bytes)
    return (layer.path, "layer", layer.type, 0, "", "", "", "", *counts, "", "", "", *_write_position(layer))


def _write_position(holder: Row | Uncalled | None) -> tuple[object, ...]:
    if holder is None or holder.position is None:
        return ("", "", "")
    return (holder.position.file, holder.position.line, holder.position.column)


def format_parameters(listing: ParameterListing) -> str:
    """Every tensor of the listing; a tied one names the parameter that it is."""
    rows = [
        (
            tensor.name,
            tensor.kind,
            str(list(tensor.type.shape)),
            tensor.type.dtype,
            tensor.count,
            tensor.bytes,
            tensor.owner,
            tensor.owner_type,
            str(tensor.trainable).lower(),
            tensor.tied,
            str(tensor.persistent).lower(),
        )
        for tensor in listing.shown
    ]
    return _format(PARAMETER_HEADER, rows)


def _format(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_defuse(cell) for cell in row] for row in rows)
    return text.getvalue()


def _defuse(cell: object) -> object:
    """The cell, control characters as escapes; a text that a spreadsheet would run has a quote before it."""
    if not isinstance(cell, str):
        return cell
    shown = clean(cell)
    return f"'{shown}" if shown.startswith(FORMULA_STARTS) else shown
