"""What changed since a revision: specs, locks and configuration as they were there, and as they are now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from layercli.checks import check_spec, explain_since, make_lock
from layercli.configuration import Configuration, find_configuration
from layercli.engines import Engine
from layercli.errors import CommandError, LayercliError, Problem, SpecError
from layercli.git import Revision, find_repository, read_revision
from layercli.history.changed import is_spec_changed
from layercli.history.configuration import find_configuration_at, find_loosened
from layercli.lock import (
    CheckResult,
    Difference,
    DifferenceClass,
    Lock,
    SpecResult,
    check_lock_names,
    judge_differences,
    load_lock,
    lock_path,
)
from layercli.lock.differences import CODES
from layercli.lock.likeness import LIKENESS, MAX_PAIRS, pair_alike
from layercli.lock.result import tell_move
from layercli.lock.verdicts import Verdict
from layercli.policy import apply_policy
from layercli.record import record
from layercli.scope import (
    ENVIRONMENT_MARK,
    MAX_HEAD,
    SKIPPED_FOLDERS,
    Candidate,
    count_from,
    find_orphans,
    find_scope,
    find_specs,
    find_tops,
    list_configured,
    list_orphans,
    looks_like_lock,
    looks_like_spec,
    name_in,
    read_head,
)
from layercli.spec.library import SUFFIXES, display_name
from layercli.work import Tell, tell_nothing


@record
class Pair:
    """A spec as it is now, and where it was in the revision; None for one that is new, or gone."""

    before: Path | None
    now: Path | None

    @property
    def path(self) -> Path:
        """Where it is, or was."""
        found = self.now or self.before
        assert found is not None
        return found


def check_against(
    paths: Sequence[str],
    folder: Path,
    shown: str,
    engine: Engine = "derive",
    fail_on: Sequence[DifferenceClass] = (),
    tell: Tell = tell_nothing,
) -> CheckResult:
    """Compare each spec with what it was at the revision ``shown``, and what is new with its lock. Nothing is written.

    Which specs there are is what the configuration of the revision says, and what the present one does. Raises
    CommandError where there is no such revision, and where nothing is there to compare.
    """
    with read_revision(find_repository(folder), shown) as revision:
        scope = _find_scope(revision, paths, folder)
        old, new = scope.old[1], scope.new[1]
        check_lock_names(Path(scope.name(spec)) for spec in scope.now)
        results = []
        pairs = list(pair_specs(scope.before, scope.now, revision))
        for number, pair in enumerate(pairs, start=1):
            tell(number, len(pairs), scope.name(pair.path))
            results.append(_check_pair(pair, revision, folder, engine, scope.name))
        results += [SpecResult(scope.name(lock), scope.name(lock), "orphaned") for lock in scope.orphans]
        problems = (*find_loosened(shown, old, new), *new.problems)
    result = CheckResult(tuple(results), tuple(paths), problems, against=shown)
    # What was wrong with the configuration then is told by no position here, and can't be mended any more.
    return apply_policy(result, replace(old, ignore=old.known), scope.old[0], folder, fail_on)


def list_against(paths: Sequence[str], folder: Path, shown: str) -> tuple[Candidate, ...]:
    """The files that ``check_against`` looks at, with what became of each, and those that it leaves out.

    Raises CommandError as that does.
    """
    with read_revision(find_repository(folder), shown) as revision:
        scope = _find_scope(revision, paths, folder)
        pairs = list(pair_specs(scope.before, scope.now, revision))
        found = [
            Candidate(pair.path, scope.name(pair.path), True, _tell_fate(pair, revision)) for pair in pairs
        ]
    taken = {candidate.name for candidate in found}
    left = find_scope(paths, folder).candidates if scope.now else ()
    found += [item for item in left if not item.taken and item.name not in taken]
    return tuple(sorted(found, key=lambda item: item.name))


def _tell_fate(pair: Pair, revision: Revision) -> str:
    if pair.before is None or pair.now is None:
        return f"it is {'new' if pair.before is None else 'gone'} since {revision.shown}"
    if revision.locate(pair.before) != revision.locate(pair.now):
        return f"it was {revision.name(pair.before)}"
    changed = is_spec_changed(pair.now, revision)
    return f"it {'changed since' if changed else 'is as it was at'} {revision.shown}"


# Which specs


@record
class _Scope:
    """What there was and what there is, by the configuration of the revision (``old``) and by the present one (``new``)."""

    paths: tuple[str, ...]
    folder: Path
    old: tuple[Path, Configuration]
    new: tuple[Path, Configuration]
    before: list[Path]
    now: list[Path]
    orphans: list[Path]

    def name(self, path: Path) -> str:
        """What messages call a file: the path that leads to it from the working folder, unless others were given."""
        if not self.paths:
            return name_in(path, self.folder, self.old[0])
        shown = display_name(path, self.folder)
        if not os.path.isabs(shown) or any(map(os.path.isabs, self.paths)):
            return shown
        return count_from(self.folder, path)


def _find_scope(revision: Revision, paths: Sequence[str], folder: Path) -> _Scope:
    """Raises CommandError where there is nothing to compare."""
    old = find_configuration_at(revision, folder)
    new = find_configuration(folder)
    before = find_specs_at(revision, paths, folder, *old)
    now, orphans = _find_now(paths, folder, before, (old, new))
    if not before and not now and not orphans:
        message = f"there is no spec to check, neither here nor at {revision.shown}"
        raise CommandError(Problem("nothing-to-check", message, hint="name one: layercli check net.yaml"))
    return _Scope(tuple(paths), folder, old, new, before, now, orphans)


def find_specs_at(
    revision: Revision, paths: Sequence[str], folder: Path, place: Path, configuration: Configuration
) -> list[Path]:
    """The specs that ``paths`` meant at a revision, without paths those that its configuration names."""
    return [
        path
        for entry in sorted(revision.entries)
        if entry.name.endswith(SUFFIXES) and revision.entries[entry].kind == "file"
        for path in [revision.path_of(entry)]
        if _is_meant(path, revision, paths, folder, place, configuration)
    ]


def _is_meant(
    path: Path,
    revision: Revision,
    paths: Sequence[str],
    folder: Path,
    place: Path,
    configuration: Configuration,
) -> bool:
    locations = (revision.locate(path), revision.locate(lock_path(path)))
    if any(revision.locate(folder / given) in locations for given in paths):
        return True
    tops = [folder / given for given in paths] or [place / top for top in find_tops(configuration)]
    if not any(_is_searched(path, top, revision) for top in tops):
        return False
    counted = count_from(place, path)
    taken = configuration.find_exclude(counted) is None if paths else configuration.takes(counted)
    return taken and _is_spec(path, revision)


def _find_below(path: Path, top: Path, revision: Revision) -> PurePosixPath | None:
    """``path`` as counted from ``top``, None where it isn't below it."""
    whole, above = revision.locate(path), revision.locate(top)
    if whole is None or above is None or not whole.is_relative_to(above):
        return None
    return whole.relative_to(above)


def _is_searched(path: Path, top: Path, revision: Revision) -> bool:
    """Whether a search from ``top`` would come upon a file of a revision."""
    below = _find_below(path, top, revision)
    if below is None or any(part.startswith(".") or part in SKIPPED_FOLDERS for part in below.parts):
        return False
    folders = (top / folder for folder in below.parents if folder.parts)
    return not any(revision.look(folder / ENVIRONMENT_MARK) == "file" for folder in folders)


def _is_spec(path: Path, revision: Revision) -> bool:
    return looks_like_spec(_read_head(path, revision)) or looks_like_lock(
        _read_head(lock_path(path), revision)
    )


def _read_head(path: Path, revision: Revision) -> bytes:
    if revision.look(path) != "file":
        return b""
    try:
        return revision.read(path, revision.name(path), MAX_HEAD)
    except CommandError as error:
        if error.problems[0].code == "git-failed":
            raise
        return b""


def _find_now(
    paths: Sequence[str],
    folder: Path,
    before: Sequence[Path],
    sides: Sequence[tuple[Path, Configuration]],
) -> tuple[list[Path], list[Path]]:
    """The specs there are now, by either configuration, or those that ``paths`` mean, and the locks without one.

    A path that only the revision has means none.
    """
    specs: list[Path] = []
    orphans: list[Path] = []
    for path in paths:
        try:
            found = find_specs([path], folder)
        except CommandError:
            top = Path(os.path.abspath(folder / path))
            gone = [spec for spec in before if _is_at(spec, top)]
            if os.path.lexists(top) or not gone:
                raise
            left = [str(lock_path(spec)) for spec in gone if os.path.lexists(lock_path(spec))]
            orphans += find_orphans(left, folder) if left else ()
            continue
        within = (folder / path).is_dir()
        specs += [spec for spec in found if not within or not _is_excluded(spec, sides)]
        orphans += find_orphans([path], folder)
    if not paths:
        for place, configuration in sides:
            specs += [item.path for item in list_configured(folder, place, configuration) if item.taken]
            orphans += list_orphans(place, folder, configuration)
    return list(dict.fromkeys(specs)), list(dict.fromkeys(orphans))


def _is_at(spec: Path, top: Path) -> bool:
    return spec.is_relative_to(top) or lock_path(spec) == top


def _is_excluded(spec: Path, sides: Sequence[tuple[Path, Configuration]]) -> bool:
    """Whether both configurations leave a spec out."""
    return all(
        configuration.find_exclude(count_from(place, spec)) is not None for place, configuration in sides
    )


# Which spec was which


def pair_specs(before: Sequence[Path], now: Sequence[Path], revision: Revision) -> Iterator[Pair]:
    """Each spec with what it was, one that is gone with a new one whose content is alike."""
    places = {revision.locate(spec): spec for spec in before}
    gone = dict(places)
    new: list[Path] = []
    found: dict[Path, Path] = {}
    for spec in now:
        place = revision.locate(spec)
        if place in gone:
            found[spec] = gone.pop(place)
        else:
            new.append(spec)
    found |= match_renamed([*gone.values()], new, revision)
    renamed = set(found.values())
    for spec in now:
        yield Pair(found.get(spec), spec)
    for spec in gone.values():
        if spec not in renamed:
            yield Pair(spec, None)


def match_renamed(gone: Sequence[Path], new: Sequence[Path], revision: Revision) -> dict[Path, Path]:
    """From each new spec that one of those gone became to that one, the most alike first."""
    if not gone or not new or len(gone) * len(new) > MAX_PAIRS:
        return {}

    from difflib import SequenceMatcher

    old_lines = {spec: _split_lines(_read_head(spec, revision)) for spec in gone}
    likeness: list[tuple[float, Path, Path]] = []
    for spec in new:
        lines = _split_lines(read_head(spec))
        # Looking one of two sequences up is the dear part, so this one stays the same.
        matcher = SequenceMatcher(None, b=lines, autojunk=False)
        for other in gone:
            matcher.set_seq1(old_lines[other])
            if lines and matcher.quick_ratio() >= LIKENESS and (ratio := matcher.ratio()) >= LIKENESS:
                likeness.append((ratio, spec, other))
    return pair_alike(sorted(likeness))


def _split_lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").splitlines()


# What became of one


def _check_pair(
    pair: Pair, revision: Revision, folder: Path, engine: Engine, name: Callable[[Path], str]
) -> SpecResult:
    if pair.now is None:
        assert pair.before is not None
        return _tell_deleted(name(pair.before), revision.name(pair.before))
    result = check_spec(pair.now, folder, engine, name(pair.now), explain=pair.before is None)
    if pair.before is None:
        return result
    if result.status == "error":
        return _explain_error(result, pair.now, pair.before, revision, engine)
    result = _tell_lock(result, pair.before, revision, name)
    renamed = revision.locate(pair.now) != revision.locate(pair.before)
    if not renamed and not is_spec_changed(pair.now, revision):
        return result
    old, problems = _read_before(pair.before, revision, engine)
    if old is None:
        return replace(result, problems=(*result.problems, *problems))
    new = make_lock(pair.now, result.path, engine, old.version)
    differences = new.compare(old)
    verdicts = judge_differences(old, new.lock, differences)
    if renamed:
        differences = (_make_difference("spec-renamed", name(pair.before), result.path), *differences)
        verdicts = tuple(map(_judge_renamed, verdicts))
    if not differences:
        return replace(result, problems=(*result.problems, *problems))
    if result.status == "ok":
        message = f"{result.lock} says the same: this change is accepted in it"
        problems = (*problems, Problem("lock-accepted", message, severity="note"))
    return SpecResult(
        result.path,
        revision.name(pair.before),
        "differs",
        differences,
        verdicts,
        (*problems, *result.problems),
        rows=len(new.lock.rows),
        accepted=result.status == "ok",
    )


def _explain_error(
    result: SpecResult, now: Path, before: Path, revision: Revision, engine: Engine
) -> SpecResult:
    """The result of a spec that fails, with what changed in it since the revision."""
    old = _read_before(before, revision, engine)[0] if result.exit_code == SpecError.exit_code else None
    if old is None:
        return result
    problems = explain_since(result.problems, now, result.path, old, revision.name(before))
    return replace(result, problems=problems)


def _tell_lock(
    result: SpecResult, before: Path, revision: Revision, name: Callable[[Path], str]
) -> SpecResult:
    """The result of a spec whose lock is missing, with what the revision had."""
    lock = lock_path(before)
    if result.status != "missing" or revision.look(lock) is None:
        return result
    message = f"{revision.name(lock)} was its lock, and there is no {result.lock}"
    hint = "bring it back, or write it anew"
    if os.path.lexists(lock):
        hint = tell_move(name(lock), result.lock)
    problem = Problem("lock-deleted", message, severity="warning", hint=hint)
    return replace(result, problems=(problem, *result.problems))


def _read_before(spec: Path, revision: Revision, engine: Engine) -> tuple[Lock | None, tuple[Problem, ...]]:
    """What a spec was: derived now, and where that can't be done what its lock said."""
    name = revision.name(spec)
    try:
        return make_lock(spec, name, engine, tree=revision).lock, ()
    except LayercliError as error:
        reason = error.problems[0]
    lock = lock_path(spec)
    note = f"{reason.position}: {reason.message}" if reason.position is not None else reason.message
    try:
        if revision.look(lock) is not None:
            message = f"{name} can't be derived, so its lock of then is compared"
            found = load_lock(lock, revision.name(lock), revision)
            return found, (Problem("spec-unreadable", message, notes=(note,), severity="warning"),)
    except CommandError as error:
        note = error.problems[0].message
    message = f"{name} can't be derived and has no lock that can be read, so nothing was compared with it"
    return None, (Problem("spec-unreadable", message, notes=(note,), severity="warning"),)


def _tell_deleted(name: str, shown: str) -> SpecResult:
    verdicts = (
        Verdict("checkpoints", False, "break", "weights saved before have no model"),
        Verdict("callers", False, "break", "the spec is gone"),
    )
    return SpecResult(name, shown, "deleted", (_make_difference("spec-deleted", shown, ""),), verdicts)


def _make_difference(code: str, old: str, new: str) -> Difference:
    kind, sentence = CODES[code]
    return Difference(code, kind, "", old, new, sentence.format(path="the spec", old=old, new=new))


def _judge_renamed(verdict: Verdict) -> Verdict:
    """The verdict with what another path means to those who name it."""
    if verdict.kind != "callers":
        return verdict
    text = "the spec has another path" if verdict.holds else f"the spec has another path; {verdict.text}"
    return Verdict("callers", False, "break", text)
