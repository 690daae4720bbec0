"""Findings: everything a check has to say, as one list that each machine format is written from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Literal, TypeAlias, get_args

from layercli.errors import Label, Mend, Position, Problem
from layercli.lock.differences import CLASSES, CODES, Difference, DifferenceClass
from layercli.lock.result import CheckResult, SpecResult
from layercli.record import record

FindingClass: TypeAlias = Literal["configuration", "spec", "lock", DifferenceClass, "warning"]
Severity: TypeAlias = Literal["error", "warning", "note"]

#: The gravest first.
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

#: What a finding of each class means for someone who reads it, in the order of their gravity.
CLASS_HELP: Mapping[FindingClass, str] = {
    "configuration": "What is checked, or what makes a check fail, isn't what the configuration seems to say.",
    "spec": "The spec can't be compared with its lock until this is mended.",
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


#: A title, and what the code means, for each code of a difference (its class is in ``differences.CODES``).
_DIFFERENCES: Mapping[str, tuple[str, str]] = {
    "entry-added": ("New entry in state_dict", "A parameter or buffer has been added."),
    "entry-removed": ("Entry of state_dict is gone", "A parameter or buffer has been removed or renamed."),
    "entry-changed": ("Entry of state_dict has another type", "A parameter or buffer has another shape or dtype."),
    "entry-renamed": ("Entry of state_dict has another name", "A parameter or buffer of the same shape is there under another name: rename it in what was saved."),
    "entry-tied": ("Entry of state_dict is tied in another way", "A parameter shares its storage with another one than before."),
    "tie-changed": ("tie is another one", "The spec ties other parameters than before."),
    "entries-reordered": ("Entries of state_dict are in another order", "An optimizer numbers parameters by their order."),
    "input-added": ("New input", "The model takes one more input."),
    "input-removed": ("Input is gone", "The model takes one input less."),
    "input-renamed": ("Input has another name", "An input that was given by name is refused now."),
    "input-changed": ("Input has another type", "An input has another shape or dtype."),
    "inputs-reordered": ("Inputs are in another order", "Inputs that are given by position end up in each other's place."),
    "output-changed": ("Output has another type", "What the model returns has another shape, dtype or structure."),
    "param-added": ("New param", "The spec has one more param."),
    "param-removed": ("Param is gone", "A param that was given by name is refused now."),
    "need-added": ("New condition on the dims", "Sizes that were taken before are refused."),
    "dims-changed": ("Other dims", "Dims that were given by name are other ones now."),
    "spec-deleted": ("Spec is gone", "A revision has a spec that isn't there any more."),
    "spec-renamed": ("Spec has another path", "Whoever loads it by its path has to name another one."),
    "mode-changed": ("Other mode", "The model is locked in train mode instead of eval mode, or the other way round."),
    "dtype-changed": ("Other default dtype", "Parameters and tensors that name no dtype have another one."),
    "entry-kind": ("Parameter became a buffer, or a buffer a parameter", "An optimizer sees parameters only."),
    "entry-frozen": ("Parameter is frozen, or no longer frozen", "Training leaves frozen parameters as they are."),
    "freeze-changed": ("freeze is another one", "The spec freezes other parameters than before."),
    "layer-added": ("New call of a layer", "A layer has been added to the forward pass."),
    "layer-removed": ("Call of a layer is gone", "A layer has been removed from the forward pass or renamed."),
    "layer-called": ("Layer is called now", "A layer that was there before takes part in the forward pass."),
    "layer-uncalled": ("Layer is no longer called", "A layer is still there and takes no part in the forward pass."),
    "layer-changed": ("Layer has other arguments", "A layer is of another type or has other arguments."),
    "layer-moved": ("Layer is called in another place", "The same layer is called earlier or later than before."),
    "operation-added": ("New operation", "A function or method has been added to the forward pass."),
    "operation-removed": ("Operation is gone", "A function or method has been removed from the forward pass."),
    "operation-changed": ("Operation has other arguments", "A function or method is another one or has other arguments."),
    "operation-moved": ("Operation is in another place", "The same function or method is called earlier or later than before."),
    "wiring-changed": ("Call takes other inputs", "A call takes its inputs from other places than before."),
    "returns-changed": ("Block returns something else", "A block, or the model, returns the result of other calls than before."),
    "layer-renamed": ("Layer has another name", "A layer of the same call is there under another name."),
    "layer-resized": ("Layer has other sizes", "A layer of the same type has other sizes."),
    "operation-resized": ("Operation has other sizes", "The same function or method is called with other sizes."),
    "shape-changed": ("Row has another output", "What a call puts out has another shape, dtype or structure."),
    "uncalled-added": ("New layer that is never called", "It has parameters and takes no part in the forward pass."),
    "uncalled-removed": ("Layer that was never called is gone", "It took no part in the forward pass."),
    "uncalled-changed": ("Layer that is never called changed", "It takes no part in the forward pass."),
    "need-removed": ("Condition on the dims is gone", "Sizes that were refused before are taken."),
    "need-moved": ("Condition on the dims comes from another row", "The same sizes are taken as before."),
    "assumption-added": ("Formulas hold for fewer sizes", "Sizes in the lock are formulas, and they hold under a new condition."),
    "assumption-removed": ("Formulas hold for more sizes", "Sizes in the lock are formulas, and a condition of theirs is gone."),
    "param-changed": ("Param has another default", "What follows from it is told by other findings."),
    "name-changed": ("Model has another name", "Nothing but its name follows from it."),
    "tie-rewritten": ("tie is written in another way", "The same parameters are tied."),
    "freeze-rewritten": ("freeze is written in another way", "The same parameters are frozen."),
    "order-changed": ("Calls are in another order", "The same calls take the same inputs in another order."),
    "parameters-changed": ("Other number of parameters", "The model has more or fewer parameters."),
    "trainable-changed": ("Other number of parameters that take a gradient", "More or fewer parameters are trained."),
}  # fmt: skip

_ACCEPT = "If it is meant, accept it with layercli lock and commit the lock."
_WRITE_ANEW = "A lock is written by layercli lock and not by hand: write it anew and review what changed."

#: Codes of locks that can't be compared.
_LOCKS: Mapping[str, tuple[str, str]] = {
    "lock-missing": ("Spec has no lock", "Write it with layercli lock and commit it."),
    "lock-orphaned": ("Lock has no spec", "Remove the lock, or bring its spec back."),
    "lock-deleted": (
        "Lock is gone",
        "A revision has the lock: bring it back, or write it anew with layercli lock.",
    ),
    "lock-accepted": ("Change is accepted", "The lock was written anew with the change."),
    "lock-earlier": (
        "Lock was written by an earlier layercli",
        "Its sizes are numbers instead of formulas, so it holds for these sizes of the dims only.",
    ),
    "lock-conflict": (
        "Merge conflict in a lock",
        "Resolve the spec, then write the lock anew with layercli lock.",
    ),
    "lock-duplicate": ("Lock says the same twice", _WRITE_ANEW),
    "lock-empty": ("Lock is empty", _WRITE_ANEW),
    "lock-fold": ("Folded rows of a lock don't fit", _WRITE_ANEW),
    "lock-irregular": ("Lock is no regular file", "Links are not followed: let the lock be a regular file."),
    "lock-key": ("Lock has an unknown, doubled or missing key", _WRITE_ANEW),
    "lock-totals": ("Lock contradicts itself", _WRITE_ANEW),
    "lock-value": ("Lock has a value of another kind", _WRITE_ANEW),
    "lock-version": (
        "Lock was written by a newer layercli",
        "Use the layercli that wrote it, or a newer one.",
    ),
}

#: Every code of its own; what else is wrong with a spec or a lock has the code of its problem (``find_rule``).
RULES: Mapping[str, Rule] = {
    **{code: Rule(code, "lock", title, help) for code, (title, help) in _LOCKS.items()},
    **{
        code: Rule(code, kind, _DIFFERENCES[code][0], f"{_DIFFERENCES[code][1]} {CLASS_HELP[kind]} {_ACCEPT}")
        for code, (kind, _) in CODES.items()
        if code in _DIFFERENCES
    },
}

#: What stands for the codes of problems, of which there are as many as ways to write a wrong spec.
_PROBLEMS: Mapping[FindingClass, tuple[str, str]] = {
    "configuration": ("Configuration says what doesn't hold", "Mend [tool.layercli] in pyproject.toml."),
    "spec": ("Spec is no model", f"{CLASS_HELP['spec']} The message says what to write instead."),
    "lock": ("Lock can't be read", _WRITE_ANEW),
}


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
        mends = (f"{mend.message} (tried)" for mend in self.mends)
        return tuple(text for text in (*self.notes, ignored, self.hint, *mends) if text)

    @property
    def file(self) -> str:
        """The file that it is about: the spec, unless its position is in another one."""
        return self.spec if self.position is None else self.position.file


def find_rule(finding: Finding) -> Rule:
    """What is known of a finding's code."""
    title, help = _PROBLEMS.get(finding.kind, (finding.code, CLASS_HELP[finding.kind]))
    return RULES.get(finding.code) or Rule(finding.code, finding.kind, title, help)


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
