"""What a person may choose about the look of a report."""

from __future__ import annotations

from layercli.record import record


@record(slots=True)
class TraceOptions:
    """How to show a trace or a listing; each format heeds what applies to it.

    ``width`` is in terminal columns, None for no limit. ``columns`` are names in ``columns.COLUMNS``, shown
    after the usual ones. ``fold`` draws a run of identical siblings once. ``depth`` is the number of levels
    of the tree that are drawn, None for all. ``ascii`` keeps to characters that any terminal can show.
    """

    width: int | None = None
    columns: tuple[str, ...] = ()
    fold: bool = True
    depth: int | None = None
    layers_only: bool = False
    color: bool = False
    ascii: bool = False


@record(slots=True)
class CheckOptions:
    """How to show the result of a check; each format heeds what applies to it.

    ``folder`` is the working folder as seen from the root of the repository: platforms count paths from there.
    ``version`` is that of layercli, for formats that name the tool.
    """

    color: bool = False
    folder: str = ""
    version: str = ""
