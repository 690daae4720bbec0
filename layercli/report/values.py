"""The values that met in each row of a trace, as PyTorch prints them, with their statistics."""

from __future__ import annotations

from collections.abc import Sequence

from layercli.report.layout import Line, clean, draw_lines
from layercli.report.options import TraceOptions
from layercli.report.table import lay_out_header, lay_out_trace
from layercli.trace.records import Row, Statistics, Trace, ValueText, format_type
from layercli.trace.repeats import weigh

#: The parts of ``Values`` in the order in which they are shown, with the word before each name.
PARTS = (("inputs", "input"), ("parameters", "parameter"), ("outputs", "output"))


def format_statistics(statistics: Statistics) -> str:
    """Four numbers to four digits: ``mean 14.9  std 5.8  min 5.1  max 24.8``."""
    return (
        f"mean {statistics.mean:.4g}  std {statistics.std:.4g}  "
        f"min {statistics.minimum:.4g}  max {statistics.maximum:.4g}"
    )


def format_values(traces: Sequence[Trace], options: TraceOptions | None = None) -> str:
    """The values of every row that has them: its inputs, parameters and outputs, in that order.

    The traces are runs of one model; several stand one after another under ``run 1``, ``run 2``.
    """
    options = options or TraceOptions()
    lines: list[Line] = [*lay_out_header(traces[0], options)] if traces else []
    return draw_lines([*lines, *lay_out_runs(traces, options)], options.color)


def format_runs(traces: Sequence[Trace], options: TraceOptions) -> str:
    """The table of the first run, and after it the values of every run that kept some."""
    lines = [*lay_out_trace(traces[0], options), *lay_out_runs(traces, options)]
    return draw_lines(lines, options.color)


def lay_out_runs(traces: Sequence[Trace], options: TraceOptions) -> list[Line]:
    """The lines of the values, an empty one before each row and each run; none without values."""
    lines: list[Line] = []
    kept = [trace for trace in traces if any(row.values is not None for row, _ in weigh(trace.rows))]
    for number, trace in enumerate(kept, start=1):
        if len(kept) > 1:
            lines += [(), ((f"run {number}", "bold"),)]
        for row in trace.rows:
            if row.values is not None:
                lines += [(), *_lay_out_row(row, options)]
    return lines


def _lay_out_row(row: Row, options: TraceOptions) -> list[Line]:
    name = clean(row.path or "(self)", options.ascii) + (f" (call {row.call})" if row.call > 1 else "")
    about = clean(row.arguments or row.type, options.ascii)
    lines: list[Line] = [((name, "bold"), ("   " + about, "dim"))]
    for part, word in PARTS:
        for value in getattr(row.values, part):
            lines += _lay_out_value(value, word, options)
    return lines


def _lay_out_value(value: ValueText, word: str, options: TraceOptions) -> list[Line]:
    name = clean(value.name, options.ascii)
    title = word if name in ("", word) else f"{word} {name}"
    lines: list[Line] = [(("  " + title, ""), ("  " + clean(format_type(value.type), options.ascii), "dim"))]
    for text in value.text.splitlines():
        shown = clean(text, options.ascii)
        lines.append((("    " + shown, ""),) if shown else ())
    if value.statistics is not None:
        lines.append((("    " + format_statistics(value.statistics), ""),))
    return lines
