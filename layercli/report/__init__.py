"""How a trace and a listing of parameters look: one file per format, and the two dicts that list them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from layercli.report.options import TraceOptions
from layercli.trace.records import Trace

if TYPE_CHECKING:
    from layercli.report.parameters import ParameterListing

__all__ = ["PARAMETER_FORMATS", "RUN_FORMATS", "TRACE_FORMATS", "TraceOptions"]


# Each format is imported when it is first used: JSON needs neither the table nor what it draws with.


def _runs_table(traces: Sequence[Trace], options: TraceOptions) -> str:
    from layercli.report.values import format_runs

    return format_runs(traces, options)


def _runs_json(traces: Sequence[Trace], options: TraceOptions) -> str:
    from layercli.report.json import format_runs

    return format_runs(traces)


def _runs_csv(traces: Sequence[Trace], options: TraceOptions) -> str:
    from layercli.report.csv import format_trace

    # Runs of one model differ in values only, which this format doesn't hold.
    return format_trace(traces[0], options)


def _runs_markdown(traces: Sequence[Trace], options: TraceOptions) -> str:
    from layercli.report.markdown import format_runs

    return format_runs(traces, options)


def _parameters_table(listing: ParameterListing, options: TraceOptions) -> str:
    from layercli.report.parameters import format_parameters

    return format_parameters(listing, options)


def _parameters_json(listing: ParameterListing, options: TraceOptions) -> str:
    from layercli.report.json import format_parameters

    return format_parameters(listing)


def _parameters_csv(listing: ParameterListing, options: TraceOptions) -> str:
    from layercli.report.csv import format_parameters

    return format_parameters(listing)


def _parameters_markdown(listing: ParameterListing, options: TraceOptions) -> str:
    from layercli.report.markdown import format_parameters

    return format_parameters(listing)


def _format_one(format_runs: Callable[[Sequence[Trace], TraceOptions], str]) -> TraceFormat:
    return lambda trace, options: format_runs((trace,), options)


TraceFormat: TypeAlias = Callable[[Trace, TraceOptions], str]

#: How several runs of one model look: their rows once, then the values of each run.
RUN_FORMATS: dict[str, Callable[[Sequence[Trace], TraceOptions], str]] = {
    "table": _runs_table,
    "json": _runs_json,
    "csv": _runs_csv,
    "markdown": _runs_markdown,
}

#: What ``layercli trace --format`` takes. Each gives a text with a newline at the end, values included.
TRACE_FORMATS: dict[str, TraceFormat] = {
    name: _format_one(format_runs) for name, format_runs in RUN_FORMATS.items()
}

#: What ``layercli params --format`` takes.
PARAMETER_FORMATS: dict[str, Callable[[ParameterListing, TraceOptions], str]] = {
    "table": _parameters_table,
    "json": _parameters_json,
    "csv": _parameters_csv,
    "markdown": _parameters_markdown,
}
