"""Numbers, sizes, types and sums as people read them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from layercli.report.rows import TreeRow, group_uncalled
from layercli.trace.records import DictType, TensorType, Tie, Totals, Trace, Type

#: The dtype that is left out before a shape: PyTorch's own default.
USUAL_DTYPE = "float32"

BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")

#: More tensors of one type in a tuple are counted, as those that ``unbind`` gives.
MAX_ALIKE = 8

#: Said where ``depth`` hides rows.
DEPTH_NOTE = "rows deeper than level {depth} are not shown; what they hold is counted in the row above"


def format_bytes(number: int) -> str:
    """A number of bytes in binary units: ``624 B``, ``317.5 KiB``."""
    size = float(number)
    place = 0
    while size >= 1024 and place < len(BYTE_UNITS) - 1:
        size /= 1024
        place += 1
    return f"{size:.1f} {BYTE_UNITS[place]}" if place else f"{number} B"


def format_percent(part: int, whole: int) -> str:
    """A share of the whole, empty for nothing: ``85.2%``."""
    if not part or not whole:
        return ""
    share = 100 * part / whole
    return f"{share:.1f}%" if share >= 0.05 else "<0.1%"


def format_output(value: Type) -> str:
    """A type with its shapes whole, and each dtype that isn't ``float32``: ``[1, 6]``, ``int64[1, 5]``."""
    if isinstance(value, TensorType):
        return f"{'' if value.dtype == USUAL_DTYPE else value.dtype}{value.sizes}"
    if isinstance(value, tuple):
        if len(value) > MAX_ALIKE and len(set(value)) == 1 and isinstance(value[0], TensorType):
            return f"({len(value)} x {format_output(value[0])})"
        inner = ", ".join(format_output(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, DictType):
        return "{" + ", ".join(f"{name}: {format_output(item)}" for name, item in value.entries) + "}"
    return str(value)


def format_ties(ties: tuple[Tie, ...]) -> str:
    """What is counted elsewhere: ``= wte.weight``, and with its own name where there are several."""
    if len(ties) == 1:
        return f"= {ties[0].target}"
    return ", ".join(f"{tie.name.rpartition('.')[2]} = {tie.target}" for tie in ties)


def name_run(name: str, last_name: str) -> str:
    """A run of siblings by its first and its last: ``h.0 to h.11``."""
    return f"{name} to {last_name}" if last_name else name


def name_row(tree_row: TreeRow) -> str:
    """A line of the tree as people call it; the model itself is ``(self)``, or its ``forward`` where that failed."""
    name = name_run(tree_row.name, tree_row.last_name) or ("forward" if tree_row.failed else "(self)")
    return f"{name} (call {tree_row.repeated})" if tree_row.repeated else name


def describe_parameters(parameters: int, trainable: int) -> str:
    """A number of parameters and how many of them learn: ``81,290 parameters, all trainable``."""
    if not parameters:
        return "no parameters"
    number = f"{parameters:,} parameter{'s' if parameters > 1 else ''}"
    learning = {parameters: "all", 0: "none"}.get(trainable, f"{trainable:,}")
    return f"{number}, {learning} trainable"


def describe_totals(totals: Totals, number_of_rows: int, columns: Collection[str] = ()) -> list[str]:
    """The parts of the line under a trace with these columns; MACs and FLOPs are left out where none are known."""
    parts = [describe_parameters(totals.parameters, totals.trainable)]
    if totals.bytes:
        parts.append(format_bytes(totals.bytes))
    if totals.buffers:
        parts.append(f"{totals.buffers:,} in buffers")
    parts += _describe_work("MACs", totals.macs, totals.macs_unknown, number_of_rows)
    if "flops" in columns:
        parts += _describe_work("FLOPs", totals.flops, totals.flops_unknown, number_of_rows)
    return parts


def _describe_work(name: str, number: int, unknown: int, number_of_rows: int) -> list[str]:
    if number_of_rows and not unknown:
        return [f"{number:,} {name}"]
    if unknown < number_of_rows:
        return [f"at least {number:,} {name} ({unknown:,} row{'s' if unknown > 1 else ''} unknown)"]
    return []


def describe_run(trace: Trace) -> list[str]:
    """The parts of the line over a trace after the model's name."""
    dims = [f"{name} = {size}" for name, size in trace.dims]
    place = "derived" if trace.engine == "derive" else trace.device
    return [part for part in (trace.spec, place, trace.mode, *dims) if part]


def list_notes(trace: Trace, tree: Sequence[TreeRow], depth: int | None) -> list[str]:
    """The lines under the sums: notes, and the layers that never ran with the reason where it is known.

    A failed pass says nothing of the layers that it didn't come to.
    """
    notes = [*trace.notes, *map(str, trace.requirements or ())]
    if any(tree_row.hidden for tree_row in tree):
        notes.append(DEPTH_NOTE.format(depth=depth))
    lines = [f"note: {note}" for note in notes]
    for group in [] if trace.failed else group_uncalled(trace):
        reason = f"weights used directly by {group.used_by}" if group.used_by else group.type
        name = f"{group.count} x {group.name}" if group.count > 1 else group.name
        number = f"  {group.counts.parameters:,}" if group.counts.parameters else ""
        lines.append(f"not called: {name} ({reason}){number}")
    return lines
