"""Findings: everything a check has to say, as one list that each machine format is written from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Literal, TypeAlias, get_args

from layercli.codes import find_code
from layercli.errors import Label, Mend, Position, Problem
from layercli.lock.differences import CLASSES, Difference, DifferenceClass
from layercli.lock.result import CheckResult, SpecResult
from layercli.record import record

FindingClass: TypeAlias = Literal["configuration", "spec", "lock", DifferenceClass, "warning"]
Severity: TypeAlias = Literal["error", "warning", "note"]

#: The gravest first.
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

#: What a finding of each class means for someone who reads it, in the order of their gravity.
CLASS_HELP: Mapping[FindingClass, str] = {
    "configuration": "What is checked, or what makes a check fail, isn't what the configuration seems to say.",
    "spec": "The spec is no model until this is mended, and is compared with no lock.",
    "lock": "Nothing was compared with this lock.",
    "checkpoints": "Weights and optimizer states saved before may no longer load.",
    "callers": "Code that calls the model may have to change.",
    "behaviour": "The model may compute something else from the same weights and inputs.",
    "inside": "Neither checkpoints nor callers see it; what follows from it is told with it.",
    "cost": "It follows from another difference.",
    "warning": "The model runs, and this is probably not what was meant.",
}

_CLASSES = tuple(CLASS_HELP)


@record
class Rule:
    """What findings of one code have in common: ``title`` names it, ``help`` says what it means and what to do."""

    code: str
    kind: FindingClass
    title: str
    help: str


_ACCEPT = "If it is meant, accept it with layercli lock and commit the lock."


@record
class Finding:
    """One thing that a check found.

    ``code`` is stable, ``kind`` its class; what has the severity ``error`` makes a check fail. ``spec`` is the spec as
    the user names it (of an orphan the lock, empty for the configuration), ``path`` the place in the model
    (``fc1.weight``), empty for the whole. ``old`` and ``new`` are what a difference is between, ``ignored`` is the
    reason why it makes no check fail, ``follows`` are its consequences, which have none of their own.
    ``fingerprint`` is the same in every run that finds the same, wherever in the file, and differs between the
    findings of one run.
    """

    code: str
    kind: FindingClass
    severity: Severity
    spec: str
    path: str
    message: str
    position: Position | None = None
    old: str = ""
    new: str = ""
    notes: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    hint: str = ""
    mends: tuple[Mend, ...] = ()
    ignored: str = ""
    follows: tuple[Finding, ...] = ()
    fingerprint: str = ""

    @property
    def gravest(self) -> FindingClass:
        """The gravest class among its own and those of its consequences."""
        return min((self.kind, *(finding.kind for finding in self.follows)), key=_CLASSES.index)

    @property
    def details(self) -> tuple[str, ...]:
        """Further sentences, why it is ignored and what to write instead among them."""
        ignored = f"ignored: {self.ignored}" if self.ignored else ""
        mends = (f"{mend.message} (tried: {mend.outcome})" for mend in self.mends)
        return tuple(text for text in (*self.notes, ignored, self.hint, *mends) if text)

    @property
    def file(self) -> str:
        """The file that it is about: the spec, unless its position is in another one."""
        return self.spec if self.position is None else self.position.file


def find_rule(finding: Finding) -> Rule:
    """What is known of a finding's code, and what its class means."""
    entry = find_code(finding.code)
    title, help = (finding.code, "") if entry is None else (entry.title, entry.help)
    parts = [help, CLASS_HELP[finding.kind], _ACCEPT if finding.kind in CLASSES else ""]
    return Rule(finding.code, finding.kind, title, " ".join(filter(None, parts)))


def list_findings(result: CheckResult) -> tuple[Finding, ...]:
    """Everything that a check found: what is wrong with the configuration, then spec by spec."""
    found = [_tell_problem(problem) for problem in result.problems]
    found += [finding for spec in result.specs for finding in _find(spec)]
    return mark_findings(found)


def flatten_findings(findings: Iterable[Finding]) -> Iterator[tuple[Finding, Finding | None]]:
    """Each finding and, after it, its consequences; with it the one that it is a consequence of."""
    for finding in findings:
        yield finding, None
        yield from ((consequence, finding) for consequence in finding.follows)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first, of all specs; those as grave as each other as they were."""
    return sorted(
        findings, key=lambda finding: (SEVERITIES.index(finding.severity), _CLASSES.index(finding.gravest))
    )


def _find(spec: SpecResult) -> Iterator[Finding]:
    if spec.status == "missing":
        message = f"{spec.path} has no lock: there is no {spec.lock}"
        yield Finding("lock-missing", "lock", "error", spec.path, "", message)
    if spec.status == "orphaned":
        message = f"{spec.lock} has no spec: remove it, or bring its spec back"
        yield Finding("lock-orphaned", "lock", "error", spec.lock, "", message)
    yield from (_tell_problem(problem, spec) for problem in spec.problems)
    yield from (_tell_difference(difference, spec) for difference in spec.differences)


def _tell_difference(difference: Difference, spec: SpecResult) -> Finding:
    follows = [_tell_difference(consequence, spec) for consequence in difference.follows]
    follows.sort(key=lambda finding: _CLASSES.index(finding.kind))
    # What stands nowhere itself, such as a param, is shown where it is first seen.
    places = (difference.position, *(finding.position for finding in follows))
    return Finding(
        difference.code,
        difference.kind,
        "error" if difference.failing else "note",
        spec.path,
        difference.path,
        difference.message,
        next(filter(None, places), None),
        difference.old,
        difference.new,
        ignored=difference.ignored,
        follows=tuple(follows),
    )


def _tell_problem(problem: Problem, spec: SpecResult | None = None) -> Finding:
    kind: FindingClass = "configuration"
    if spec is not None:
        in_lock = problem.position is not None and problem.position.file == spec.lock
        kind = "lock" if in_lock or problem.code.startswith("lock-") else "spec"
    return tell_problem(problem, kind, "" if spec is None else spec.path)


def tell_problem(problem: Problem, kind: FindingClass, spec: str) -> Finding:
    """A problem as a finding of a class, of the spec with this path."""
    severities: Iterator[Severity] = (known for known in SEVERITIES if known == problem.severity)
    return Finding(
        problem.code,
        kind,
        next(severities, "error"),
        spec,
        "",
        problem.message,
        problem.position,
        notes=problem.notes,
        labels=problem.labels,
        hint=problem.hint,
        mends=problem.mends,
    )


def mark_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of one run with their fingerprints."""
    return tuple(map(_Marker().mark, findings))


class _Marker:
    """Gives findings their fingerprints: a hash of what was found, and of how often the same was found before."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, ...], int] = {}

    def mark(self, finding: Finding) -> Finding:
        key = (finding.code, finding.spec, *_take_facts(finding))
        self.seen[key] = self.seen.get(key, 0) + 1
        text = "\0".join((*key, str(self.seen[key])))
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return replace(finding, fingerprint=digest, follows=tuple(map(self.mark, finding.follows)))


def _take_facts(finding: Finding) -> tuple[str, ...]:
    """What a finding is known by. Its sentence may be mended in another version, and lines move."""
    if finding.kind in CLASSES:
        return finding.path, finding.old, finding.new
    if finding.position is None:
        return (finding.file,)
    return finding.file, finding.position.source.line(finding.position.line).strip()
