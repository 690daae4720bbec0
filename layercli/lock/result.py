"""What a check of some specs found."""

from __future__ import annotations

import shlex
from typing import Literal, TypeAlias, get_args

from layercli.errors import Problem
from layercli.lock.differences import Difference
from layercli.lock.verdicts import Verdict
from layercli.record import record

#: So many specs are named one by one in the command that accepts what changed.
MAX_NAMED = 5

Status: TypeAlias = Literal["ok", "differs", "missing", "orphaned", "deleted", "error"]
STATUSES: tuple[Status, ...] = get_args(Status)


@record
class SpecResult:
    """The check of one spec, or of one lock that has none.

    ``path`` is the spec as the user names it (for an orphan, the lock), ``lock`` its lock. ``rows`` is the
    number of rows compared. ``exit_code`` matters for the status ``error``: 1 where the spec is wrong, 2
    where it or its lock can't be read. The ``problems`` of a spec whose lock is missing keep it from being locked; those of
    one that differs say what else there is to know of its lock. Compared with a revision, ``lock`` is what the spec was
    there, ``deleted`` a spec that is only there, and ``accepted`` one that differs from it as its lock says.
    """

    path: str
    lock: str
    status: Status
    differences: tuple[Difference, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    problems: tuple[Problem, ...] = ()
    rows: int = 0
    exit_code: int = 2
    accepted: bool = False

    @property
    def fails(self) -> bool:
        """Whether this makes the check fail: a difference doesn't that is ignored, or of a class that passes."""
        if self.status in ("differs", "deleted") and self.differences:
            return any(difference.failing for difference in self.differences)
        return self.status != "ok"

    @property
    def causes(self) -> int:
        """How many differences a person would count: what the model costs follows from the others."""
        told = sum(difference.kind != "cost" for difference in self.differences)
        return told or len(self.differences)


@record
class CheckResult:
    """The checks of all specs, in order.

    ``given`` are the files and folders that were to be checked, none where all were that the configuration names.
    ``problems`` are what is wrong with the configuration; those of severity ``error`` fail.
    ``against`` is the revision that was compared with, if not locks were. ``unchanged`` specs were left out, because they
    are as at the revision ``since``.
    """

    specs: tuple[SpecResult, ...]
    given: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    against: str = ""
    since: str = ""
    unchanged: int = 0

    def count(self, status: Status) -> int:
        """How many have this status."""
        return sum(spec.status == status for spec in self.specs)

    @property
    def models(self) -> int:
        """How many specs there are; orphaned locks have none."""
        return len(self.specs) - self.count("orphaned") - self.count("deleted")

    @property
    def rows(self) -> int:
        """How many rows were compared."""
        return sum(spec.rows for spec in self.specs)

    @property
    def accept(self) -> str:
        """The command that accepts what changed, empty where there is nothing to accept.

        Of many specs it names the files and folders that were given, where these are fewer and have no spec in them whose
        differences are known, and so to be kept.
        """
        paths = [
            spec.path
            for spec in self.specs
            if (spec.status == "differs" and not spec.accepted and not _is_ignored(spec))
            or (spec.status == "missing" and not any(item.severity == "error" for item in spec.problems))
        ]
        orphans = [spec.lock for spec in self.specs if spec.status == "orphaned"]
        if not paths and not orphans:
            return ""
        named = [*paths, *orphans]
        kept = any(
            spec.status == "differs" and not spec.accepted and _is_ignored(spec) for spec in self.specs
        )
        if len(named) > MAX_NAMED and len(self.given) < len(named) and not kept:
            named = list(self.given)
        return " ".join(["layercli lock", *(["--prune"] if orphans else []), *map(quote_argument, named)])

    @property
    def exit_code(self) -> int:
        """0 all holds; 1 a difference or a wrong model; 2 something, or everything, couldn't be checked."""
        codes = [_EXIT_CODES.get(spec.status, spec.exit_code) for spec in self.specs if spec.fails]
        codes += [0 for spec in self.specs if not spec.fails]
        codes += [1 for problem in self.problems if problem.severity == "error"]
        return max(codes, default=0 if self.since and self.unchanged else 2)

    @property
    def summary(self) -> str:
        """``24 models, 1,912 rows compared: 1 model differs``."""
        if not self.specs:
            if self.since and self.unchanged:
                return f"no spec has changed since {self.since}: {_count(self.unchanged, 'model')} left out"
            return "nothing was there to check"
        counts = f"{_count(self.models, 'model')}, {_count(self.rows, 'row')} compared"
        if self.against:
            counts += f" with {self.against}"
        if self.since:
            counts += f", {_count(self.unchanged, 'model')} unchanged since {self.since}"
        differences = sum(spec.causes for spec in self.specs)
        if differences:
            counts += f", {_count(differences, 'difference')}"
        found = [
            f"{_count(number, noun)} {verb if number == 1 else verbs}"
            for status, noun, verb, verbs in _FINDINGS
            if (number := sum(spec.status == status and spec.fails for spec in self.specs))
        ]
        passing = sum(spec.status == "differs" and not spec.fails for spec in self.specs)
        if passing:
            found.append(
                f"{_count(passing, 'model')} {'differs and passes' if passing == 1 else 'differ and pass'}"
            )
        wrong = sum(problem.severity == "error" for problem in self.problems)
        if wrong:
            found.append(f"{_count(wrong, 'problem')} in the configuration")
        return f"{counts}: {', '.join(found) if found else 'all hold'}"


_EXIT_CODES: dict[Status, int] = {"ok": 0, "differs": 1, "missing": 1, "orphaned": 1, "deleted": 1}
_FINDINGS: tuple[tuple[Status, str, str, str], ...] = (
    ("differs", "model", "differs", "differ"),
    ("missing", "model", "has no lock", "have no lock"),
    ("orphaned", "lock", "has no spec", "have no spec"),
    ("deleted", "model", "is gone", "are gone"),
    ("error", "model", "couldn't be checked", "couldn't be checked"),
)


def _is_ignored(spec: SpecResult) -> bool:
    """Whether all that differs is known, so that nobody wants it accepted yet."""
    parts = [part for difference in spec.differences for part in difference.parts]
    return bool(parts) and all(part.ignored for part in parts if part.kind != "cost")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def tell_move(old: str, new: str) -> str:
    """What to do where a lock has another name than its spec, as a hint."""
    return f"if it is the lock of this spec: git mv {quote_argument(old)} {quote_argument(new)}"


def quote_argument(path: str) -> str:
    """A path as a shell takes it for one."""
    # A path that starts with a dash would be read as an option.
    return shlex.quote(f"./{path}" if path.startswith("-") else path)
