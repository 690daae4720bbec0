"""What a validation of some specs found."""

from __future__ import annotations

from layercli.errors import Problem
from layercli.record import record


@record
class SpecProblems:
    """The errors and warnings of one spec, in the order of the file.

    ``path`` is the spec as the user names it, ``exit_code`` 1 for an error in it, 2 where it can't be read.
    """

    path: str
    problems: tuple[Problem, ...]
    exit_code: int


@record
class ValidationResult:
    """The problems of all specs, in order. With ``strict`` warnings fail, too."""

    specs: tuple[SpecProblems, ...]
    strict: bool = False

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Those of all specs, one of a file that several import once."""
        return tuple(dict.fromkeys(problem for spec in self.specs for problem in spec.problems))

    def count(self, severity: str) -> int:
        """How many problems are this grave."""
        return sum(problem.severity == severity for problem in self.problems)

    @property
    def exit_code(self) -> int:
        """0 all is well; 1 something is wrong; 2 a spec couldn't be read."""
        strict = self.strict and self.count("warning") > 0
        return max((*(spec.exit_code for spec in self.specs), int(strict)))

    @property
    def summary(self) -> str:
        """``24 specs: 2 errors and 1 warning in 2 of them``."""
        counts = [
            f"{number:,} {severity}{'s' * (number != 1)}"
            for severity in ("error", "warning")
            if (number := self.count(severity))
        ]
        specs = f"{len(self.specs):,} spec{'s' * (len(self.specs) != 1)}"
        if not counts:
            return f"{specs}: no problems"
        told = sum(bool(spec.problems) for spec in self.specs)
        where = f" in {told:,} of them" if len(self.specs) > 1 else ""
        return f"{specs}: {' and '.join(counts)}{where}"
