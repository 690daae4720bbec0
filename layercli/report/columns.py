"""The columns of a trace: heading, alignment and text of each, shared by every format that draws rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from layercli.errors import CommandError, Problem, did_you_mean
from layercli.record import record
from layercli.report.layout import Cell, Column
from layercli.report.rows import TreeRow
from layercli.report.words import format_output, format_percent, format_ties, name_row, name_run
from layercli.trace.records import Row, Trace, iterate_tensor_types


@record(slots=True)
class TraceColumn(Column):
    """A column and what stands in it."""

    cell: Callable[[TreeRow, Trace], Cell] = lambda tree_row, trace: Cell()


def _count_cell(tree_row: TreeRow, number: int) -> Cell:
    return Cell(f"{number:,}", "each" if tree_row.count > 1 else "") if number else Cell()


def _type_cell(tree_row: TreeRow, trace: Trace) -> Cell:
    name = tree_row.row.type if tree_row.row else ""
    return Cell(f"{tree_row.count} x {name}".rstrip() if tree_row.count > 1 else name)


def _output_cell(tree_row: TreeRow, trace: Trace) -> Cell:
    if tree_row.row is None:
        return Cell()
    if tree_row.row.finished:
        return Cell(format_output(tree_row.row.output))
    if tree_row.failed and trace.refusal:
        return Cell(trace.refusal)
    if tree_row.failed and tree_row.row.inputs:
        return Cell("got " + ", ".join(format_output(value) for value in tree_row.row.inputs))
    return Cell()


def _parameters_cell(tree_row: TreeRow, trace: Trace) -> Cell:
    cell = _count_cell(tree_row, tree_row.counts.parameters)
    ties = tree_row.row.tied if tree_row.row and not tree_row.repeated else ()
    return Cell(cell.text, cell.unit, format_ties(ties)) if ties else cell


def _of_work(number: Callable[[TreeRow], int | None]) -> Callable[[TreeRow, Trace], Cell]:
    """The cell of a number that may be unknown, which is another thing than 0."""

    def draw(tree_row: TreeRow, trace: Trace) -> Cell:
        if tree_row.row is None and not tree_row.hidden:
            return Cell()
        count = number(tree_row)
        return Cell("?") if count is None else Cell(f"{count:,}", "each" if tree_row.count > 1 else "")

    return draw


def _dtype_cell(tree_row: TreeRow, trace: Trace) -> Cell:
    dtypes = [tensor.dtype for tensor in iterate_tensor_types(tree_row.row.output if tree_row.row else None)]
    return Cell(", ".join(dict.fromkeys(dtypes)))


def _of_row(text: Callable[[Row], str]) -> Callable[[TreeRow, Trace], Cell]:
    return lambda tree_row, trace: Cell(text(tree_row.row) if tree_row.row else "")


def _of_counts(number: Callable[[TreeRow], int]) -> Callable[[TreeRow, Trace], Cell]:
    return lambda tree_row, trace: _count_cell(tree_row, number(tree_row))


#: Every column by the name that ``--columns`` takes.
COLUMNS: dict[str, TraceColumn] = {
    "layer": TraceColumn("layer", cell=lambda tree_row, trace: Cell(name_row(tree_row))),
    "path": TraceColumn(
        "path", cell=lambda tree_row, trace: Cell(name_run(tree_row.path, tree_row.last_path) or "(self)")
    ),
    "type": TraceColumn("type", cell=_type_cell),
    "kind": TraceColumn("kind", cell=_of_row(lambda row: row.kind)),
    "depth": TraceColumn("depth", right=True, cell=_of_row(lambda row: str(row.depth))),
    "call": TraceColumn("call", cell=_of_row(lambda row: row.arguments)),
    "input": TraceColumn("input", cell=_of_row(lambda row: ", ".join(map(format_output, row.inputs)))),
    "output": TraceColumn("output", cell=_output_cell),
    "dtype": TraceColumn("dtype", cell=_dtype_cell),
    "params": TraceColumn("params", right=True, cell=_parameters_cell),
    "percent": TraceColumn(
        "",
        right=True,
        optional=True,
        cell=lambda tree_row, trace: Cell(
            format_percent(tree_row.counts.parameters, trace.totals.parameters)
        ),
    ),
    "trainable": TraceColumn(
        "trainable", right=True, cell=_of_counts(lambda tree_row: tree_row.counts.trainable)
    ),
    "buffers": TraceColumn("buffers", right=True, cell=_of_counts(lambda tree_row: tree_row.counts.buffers)),
    "bytes": TraceColumn("bytes", right=True, cell=_of_counts(lambda tree_row: tree_row.counts.bytes)),
    "macs": TraceColumn("MACs", right=True, cell=_of_work(lambda tree_row: tree_row.counts.macs)),
    "flops": TraceColumn("FLOPs", right=True, cell=_of_work(lambda tree_row: tree_row.counts.flops)),
    "source": TraceColumn("source", cell=_of_row(lambda row: str(row.position) if row.position else "")),
}

DEFAULT_COLUMNS = ("layer", "type", "output", "params", "percent")


def choose_columns(names: Sequence[str], *, failed: bool = False) -> dict[str, TraceColumn]:
    """The usual columns and after them the named ones; a failed pass has no shares to show.

    Raises ``CommandError`` for a name that is no column.
    """
    problems = [
        Problem("unknown-column", f"there is no column called {name}", hint=_suggest_column(name))
        for name in names
        if name not in COLUMNS
    ]
    if problems:
        raise CommandError(*problems)
    usual = [name for name in DEFAULT_COLUMNS if not (failed and name == "percent")]
    return {name: COLUMNS[name] for name in dict.fromkeys([*usual, *names])}


def _suggest_column(name: str) -> str:
    return did_you_mean(name, COLUMNS) or f"the columns are {', '.join(COLUMNS)}"
