"""Which sizes a dim may have: records."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from layercli.record import record
from layercli.trace.records import JSON_VERSION, Requirement

#: Greater sizes aren't tried, nor those around more ranges: that would take too long.
MAX_TRIED = 4096
MAX_TRIED_RANGES = 16

#: Why greater sizes aren't known: each is a case of its own, which would be derived apart, or formulas get too long.
Unknown: TypeAlias = Literal["apart", "formulas"]


@record(slots=True)
class Range:
    """``first``, ``first + step``, ... up to ``last``, without end where that is None."""

    first: int
    last: int | None
    step: int = 1

    def __contains__(self, size: int) -> bool:
        inside = size >= self.first and (self.last is None or size <= self.last)
        return inside and (size - self.first) % self.step == 0

    def __str__(self) -> str:
        if self.last is None:
            if self.step == 1:
                return f"{self.first} and more" if self.first else "any size"
            return f"{self.first}, {self.first + self.step}, {self.first + 2 * self.step} and so on"
        if self.first == self.last:
            return str(self.first)
        return f"{self.first} to {self.last}{f' in steps of {self.step}' if self.step > 1 else ''}"


@record(slots=True)
class Trial:
    """What PyTorch did with a size, which the rules accept or not: ``refusal`` is why it refused, or empty."""

    size: int
    derived: bool
    refusal: str

    @property
    def differs(self) -> bool:
        """Whether the rules say something else."""
        return self.derived == bool(self.refusal)

    def to_dict(self) -> dict[str, Any]:
        """As JSON writes it."""
        data: dict[str, Any] = {"size": self.size, "derived": self.derived, "run": not self.refusal}
        return {**data, "refusal": self.refusal} if self.refusal else data


@record(slots=True)
class Admissible:
    """The sizes that one dim may have, the others as they are in the trace, where it is ``size`` itself.

    ``because`` says which rows need what, and nothing where no size is accepted. ``known_to`` is the greatest size up to
    which all was tried where the rest couldn't be proved, else None; then ``unknown`` says why. ``tried`` is what PyTorch
    did, where it was asked.
    """

    dim: str
    size: int
    accepted: tuple[Range, ...]
    because: tuple[Requirement, ...]
    known_to: int | None = None
    unknown: Unknown = "apart"
    tried: tuple[Trial, ...] = ()

    def list_edges(self) -> list[int]:
        """The least sizes, that of the trace and some above, and those around the ends of ranges, as far as they are known."""
        found = {0, 1, 2, 3, self.size, self.size + 1, 2 * self.size}
        for item in (*self.accepted[:MAX_TRIED_RANGES], *self.accepted[MAX_TRIED_RANGES:][-1:]):
            for end in (item.first, item.last):
                if end is not None:
                    found |= {end + step for step in (-item.step, -1, 0, 1, 2, item.step)}
        most = MAX_TRIED if self.known_to is None else min(self.known_to, MAX_TRIED)
        return sorted(size for size in found if 0 <= size <= most)

    def __contains__(self, size: int) -> bool:
        return any(size in found for found in self.accepted)

    def to_dict(self) -> dict[str, Any]:
        """As JSON writes it: each range is ``[from, to or null, step]``."""
        data: dict[str, Any] = {
            "size": self.size,
            "accepted": [[item.first, item.last, item.step] for item in self.accepted],
            "because": [item.to_dict() for item in self.because],
        }
        if self.known_to is not None:
            data["known_to"] = self.known_to
        if self.tried:
            data["tried"] = [trial.to_dict() for trial in self.tried]
        return data


@record(slots=True)
class AdmissibleSizes:
    """The sizes that each dim of a model may have, and ``together``, what rows need of all dims at once.

    ``together`` is None where the model is refused as it is, and ``refusal`` says why. ``device`` is where sizes were tried
    on PyTorch, else empty. ``notes`` say what only a run can tell.
    """

    model: str
    spec: str
    mode: Literal["eval", "train"]
    dims: tuple[Admissible, ...]
    together: tuple[Requirement, ...] | None
    device: str = ""
    notes: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def equal(self) -> tuple[tuple[str, str, str], ...]:
        """Pairs of dims that the model makes equal, each with the path of the row that does."""
        names = {item.dim for item in self.dims}
        pairs = [(need, need.text.split(" == ")) for need in self.together or () if need.needed]
        return tuple(
            (pair[0], pair[1], need.path) for need, pair in pairs if len(pair) == 2 and names >= {*pair}
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON, version 1."""
        return {
            "version": JSON_VERSION,
            "model": self.model,
            "spec": self.spec,
            "mode": self.mode,
            "dims": {item.dim: item.to_dict() for item in self.dims},
            "together": None if self.together is None else [item.to_dict() for item in self.together],
            "equal": [[left, right] for left, right, _ in self.equal],
            **({"refusal": self.refusal} if self.refusal else {}),
            **({"notes": list(self.notes)} if self.notes else {}),
            **({"device": self.device} if self.device else {}),
        }
