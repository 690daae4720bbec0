"""A forward pass that ended early."""

from __future__ import annotations

from layercli.errors import Problem, SpecError
from layercli.trace.records import Trace


class TraceFailed(SpecError):
    """The forward pass ended early; ``trace`` has the rows up to there, the last ones unfinished."""

    def __init__(self, trace: Trace, *problems: Problem) -> None:
        super().__init__(*problems)
        self.trace = trace
