"""Which sizes a dim may have: records."""

from __future__ import annotations

from typing import Any, Literal

from layercli.record import record
from layercli.trace.records import JSON_VERSION, Requirement


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
class Admissible:
    """The sizes that one dim may have, the others as they are in the trace, where it is ``size`` itself.

    ``because`` says which rows need what. ``known_to`` is the greatest size up to which all was tried where the rest
    couldn't be proved, else None.
    """

    dim: str
    size: int
    accepted: tuple[Range, ...]
    because: tuple[Requirement, ...]
    known_to: int | None = None

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
        return data


@record(slots=True)
class AdmissibleSizes:
    """The sizes that each dim of a model may have, and ``together``, what rows need of all dims at once.

    ``together`` is None where the model is refused as it is.
    """

    model: str
    spec: str
    mode: Literal["eval", "train"]
    dims: tuple[Admissible, ...]
    together: tuple[Requirement, ...] | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON, version 1."""
        return {
            "version": JSON_VERSION,
            "model": self.model,
            "spec": self.spec,
            "mode": self.mode,
            "dims": {item.dim: item.to_dict() for item in self.dims},
            "together": None if self.together is None else [item.to_dict() for item in self.together],
        }
