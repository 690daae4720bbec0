"""The parameters and buffers of a model by their ``state_dict`` names: the listing and its table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from typing import Any, Literal

from layercli.record import record
from layercli.report.layout import Cell, Column, Line, Record, clean, draw_lines, lay_out_table
from layercli.report.options import TraceOptions
from layercli.report.table import lay_out_heading, lay_out_parts
from layercli.report.words import describe_parameters, format_bytes
from layercli.trace.records import TensorRecord

#: The version of the JSON of a listing.
JSON_VERSION = 1


@record
class ParameterListing:
    """The tensors of a model, in ``state_dict`` order, and which of them to show.

    ``layer`` keeps those of one layer and of what it holds (or the one tensor of that name); buffers are
    there with ``buffers`` only.
    """

    model: str
    tensors: tuple[TensorRecord, ...]
    spec: str = ""
    layer: str = ""
    buffers: bool = False
    engine: Literal["run", "derive"] = "run"

    @cached_property
    def shown(self) -> tuple[TensorRecord, ...]:
        """The tensors that the listing is about."""
        return tuple(tensor for tensor in self.tensors if self._shows(tensor))

    def _shows(self, tensor: TensorRecord) -> bool:
        if tensor.kind == "buffer" and not self.buffers:
            return False
        inside = f"{tensor.owner}.".startswith(f"{self.layer}.")
        return not self.layer or inside or tensor.name == self.layer

    @cached_property
    def totals(self) -> ListingTotals:
        """Sums over the tensors shown, each tensor once."""
        return sum_tensors(self.shown)

    def by_owner(self) -> Iterator[tuple[str, str, tuple[TensorRecord, ...]]]:
        """The tensors shown, by the layer that holds them: its path, its type, its own tensors."""
        for (owner, owner_type), tensors in groupby(
            self.shown, lambda tensor: (tensor.owner, tensor.owner_type)
        ):
            yield owner, owner_type, tuple(tensors)

    def to_dict(self) -> dict[str, Any]:
        """The listing as JSON."""
        totals = self.totals
        return {
            "version": JSON_VERSION,
            "model": self.model,
            "spec": self.spec,
            "engine": self.engine,
            "layer": self.layer or None,
            "tensors": [tensor.to_dict() for tensor in self.shown],
            "totals": {
                "parameters": totals.parameters,
                "trainable": totals.trainable,
                "frozen": totals.frozen,
                "bytes": totals.bytes,
                **({"buffers": totals.buffers} if self.buffers else {}),
            },
        }


@record(slots=True)
class ListingTotals:
    """Numbers of elements; ``bytes`` is the size of the parameters. Tied ones count where they stand first."""

    parameters: int
    trainable: int
    buffers: int
    bytes: int

    @property
    def frozen(self) -> int:
        """The number of parameter elements that take no gradient."""
        return self.parameters - self.trainable


def sum_tensors(tensors: tuple[TensorRecord, ...]) -> ListingTotals:
    """Sums over tensors, tied ones left out."""
    parameters = [tensor for tensor in tensors if tensor.kind == "parameter" and not tensor.tied]
    return ListingTotals(
        parameters=sum(tensor.count for tensor in parameters),
        trainable=sum(tensor.count for tensor in parameters if tensor.trainable),
        buffers=sum(tensor.count for tensor in tensors if tensor.kind == "buffer" and not tensor.tied),
        bytes=sum(tensor.bytes for tensor in parameters),
    )


#: Headings and alignment of a listing; the last says what learns, or that it is a buffer.
COLUMNS = (
    Column("name"),
    Column("shape"),
    Column("dtype"),
    Column("count", right=True),
    Column("trainable"),
)


def describe_role(tensor: TensorRecord) -> str:
    """Whether a tensor learns, or that it is a buffer and ``state_dict`` has it or not."""
    if tensor.kind == "buffer":
        return "buffer" if tensor.persistent else "buffer, not in state_dict"
    return "yes" if tensor.trainable else "no"


def describe_listing(listing: ParameterListing) -> list[str]:
    """The parts of the line under a listing."""
    totals = listing.totals
    learning = describe_parameters(totals.parameters, totals.trainable)
    parts = [
        f"{learning}, {totals.frozen:,} frozen" if 0 < totals.trainable < totals.parameters else learning
    ]
    if totals.bytes:
        parts.append(format_bytes(totals.bytes))
    if listing.buffers:
        parts.append(f"{totals.buffers:,} in buffers")
    if listing.layer:
        whole = sum_tensors(listing.tensors).parameters
        parts.append(f"the whole model has {whole:,}")
    return parts


def format_parameters(listing: ParameterListing, options: TraceOptions | None = None) -> str:
    """The table of a listing: each layer with its sum, under it its tensors, with their values if known."""
    options = options or TraceOptions()
    engine = "derived" if listing.engine == "derive" else ""
    parts = [part for part in (listing.spec, engine, listing.layer) if part]
    records = [record for owned in listing.by_owner() for record in _make_records(*owned, options.ascii)]
    lines: list[Line] = [*lay_out_heading(listing.model, parts, [], options), ()]
    if records:
        lines += [*lay_out_table(COLUMNS, records, options.width), ()]
    lines += lay_out_parts(describe_listing(listing), options)
    return draw_lines(lines, options.color)


def _make_records(
    owner: str, owner_type: str, tensors: tuple[TensorRecord, ...], ascii: bool
) -> Iterator[Record]:
    totals = sum_tensors(tensors)
    number = totals.parameters + totals.buffers
    yield Record(
        (
            Cell(clean(owner or "(self)", ascii)),
            Cell(clean(owner_type, ascii)),
            Cell(),
            Cell(f"{number:,}" if number else ""),
            Cell(),
        ),
        label_style="bold",
    )
    for tensor in tensors:
        tied = f"= {clean(tensor.tied, ascii)}" if tensor.tied else ""
        yield Record(
            (
                Cell(clean(tensor.name, ascii)),
                Cell(str(list(tensor.type.shape))),
                Cell(tensor.type.dtype),
                Cell("" if tied else f"{tensor.count:,}", note=tied),
                Cell(describe_role(tensor)),
            ),
            level=1,
            below=tuple(clean(line, ascii) for line in tensor.text.splitlines()),
        )
