"""Which specs and locks a command is about: those that are named, or that the configuration names."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from layercli.configuration import Configuration, Pattern, find_configuration
from layercli.errors import CommandError, Problem
from layercli.lock import lock_path
from layercli.record import record
from layercli.spec.library import SUFFIXES, display_name, explain_missing

#: Bytes of a file that are looked at to tell what it is.
MAX_HEAD = 1 << 20

#: How far below the working folder a file is looked for whose name alone was given: there, and two further down.
MAX_LEVELS = 3

#: The folder beside a test file with the locks of its modules, which have no specs.
MODULE_LOCKS = "__locks__"

#: Folders of other people's files, of what was built, and of locks that no spec belongs to.
SKIPPED_FOLDERS = (
    "__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", MODULE_LOCKS,
)  # fmt: skip

#: The file that makes a folder a virtual environment.
ENVIRONMENT_MARK = "pyvenv.cfg"


@record
class Candidate:
    """A file that may be a spec, as messages call it, and why it is to be checked or why not."""

    path: Path
    name: str
    taken: bool
    reason: str


@record
class Scope:
    """What a command is about: specs, and locks without one.

    ``place`` is the folder of ``configuration``. ``whole`` tells that nothing was named, so all is meant that this names.
    """

    place: Path
    configuration: Configuration
    whole: bool
    candidates: tuple[Candidate, ...]
    orphans: tuple[Path, ...]

    @property
    def specs(self) -> tuple[Path, ...]:
        """The specs to check."""
        return tuple(item.path for item in self.candidates if item.taken)

    def name(self, path: Path, folder: Path) -> str:
        """What messages to someone who works in ``folder`` call a file."""
        return name_in(path, folder, self.place) if self.whole else display_name(path, folder)


def find_scope(paths: Sequence[str], folder: Path) -> Scope:
    """What ``paths`` mean, or without any the configuration that holds in ``folder``, with the reasons.

    Raises CommandError where a path isn't there, a folder or the configuration can't be read, and where a path or a
    pattern means neither a spec nor a lock.
    """
    place, configuration = find_configuration(folder)
    if not paths:
        candidates = tuple(list_configured(folder, place, configuration))
        orphans = tuple(list_orphans(place, folder, configuration))
        _refuse_idle(configuration, place, candidates, orphans)
        return Scope(place, configuration, True, candidates, orphans)
    found: dict[Path, Candidate] = {}
    for path in paths:
        for spec in find_specs([path], folder):
            name = display_name(spec, folder)
            within = (folder / path).is_dir()
            pattern = configuration.find_exclude(count_from(place, spec)) if within else None
            if pattern is not None:
                found.setdefault(spec, Candidate(spec, name, False, _tell_pattern("exclude", pattern)))
            else:
                found[spec] = Candidate(spec, name, True, f"it is in {path}" if within else "it was named")
    return Scope(place, configuration, False, tuple(found.values()), find_orphans(paths, folder))


def count_from(place: Path, path: Path) -> str:
    """The path of a file as patterns see it."""
    return os.path.relpath(path, place).replace(os.sep, "/")


def name_in(path: Path, folder: Path, place: Path) -> str:
    """What to call a file that the configuration in ``place`` names, to someone who works in ``folder``."""
    return display_name(path, folder) if place == folder else count_from(folder, path)


def _tell_pattern(key: str, pattern: Pattern) -> str:
    place = "" if pattern.position is None else f" ({pattern.position})"
    return f"{key}: {pattern.text}{place}"


def list_configured(folder: Path, place: Path, configuration: Configuration) -> Iterator[Candidate]:
    """The YAML files below ``place`` that are specs, or that a configuration names, to someone who works in ``folder``."""
    for file in _walk_configured(place, folder, configuration):
        if not file.name.endswith(SUFFIXES):
            continue
        path, name = count_from(place, file), name_in(file, folder, place)
        spec = _is_spec(file)
        matched = configuration.find_pattern(path)
        excluded = configuration.find_exclude(path)
        if excluded is not None:
            if spec:
                yield Candidate(file, name, False, _tell_pattern("exclude", excluded))
        elif matched is not None:
            reason = _tell_pattern("specs", matched)
            fault = "" if spec else find_fault(file)
            if not spec:
                reason += f" matches it, and it {fault or 'has no inputs and layers'}"
            # What it says can't be known: that it is no spec is for the configuration to say.
            yield Candidate(file, name, spec or fault != "", reason)
        elif spec and configuration.specs:
            yield Candidate(file, name, False, "no pattern of specs matches it")
        elif spec:
            locked = _is_our_lock(lock_path(file))
            yield Candidate(file, name, True, "it has a lock" if locked else "it has inputs and layers")


def _walk_configured(place: Path, folder: Path, configuration: Configuration) -> Iterator[Path]:
    """The files in the folders that patterns may mean, all below ``place`` where there are none."""
    for top in find_tops(configuration):
        start = place / top
        links = [above for above in (start, *start.parents) if above.is_relative_to(place) and above != place]
        # What isn't there is told when no spec is found.
        if start.is_dir() and not any(above.is_symlink() for above in links):
            yield from _files_below(start, folder)


def find_tops(configuration: Configuration) -> list[str]:
    """The folders that are searched, none of which lies in another; the empty one is that of the configuration."""
    tops = {_find_top(pattern.text) for pattern in configuration.specs} or {""}
    return sorted(top for top in tops if not any(_is_below(top, other) for other in tops))


def _find_top(pattern: str) -> str:
    """The folder that all files lie in which a pattern can match."""
    parts = pattern.rstrip("/").split("/")
    fixed = next((index for index, part in enumerate(parts) if re.search(r"[*?]", part)), len(parts) - 1)
    return "/".join(parts[:fixed])


def _is_below(path: str, top: str) -> bool:
    return path != top and (not top or path.startswith(f"{top}/"))


def list_orphans(place: Path, folder: Path, configuration: Configuration) -> Iterator[Path]:
    """Locks whose spec the configuration would name, if it were there."""
    for file in _walk_configured(place, folder, configuration):
        if not _is_our_lock(file) or _specs_of(file):
            continue
        if any(configuration.takes(count_from(place, file.with_suffix(end))) for end in SUFFIXES):
            yield file


def _refuse_idle(
    configuration: Configuration, place: Path, candidates: Sequence[Candidate], orphans: Sequence[Path]
) -> None:
    """A pattern that means nothing is a mistake: what it was for would go unchecked."""
    specs = [item.path for item in candidates if item.taken or _is_spec(item.path)]
    specs += [lock.with_suffix(end) for lock in orphans for end in SUFFIXES]
    paths = [count_from(place, spec) for spec in specs]
    problems = [
        Problem(
            "nothing-to-check",
            f"no spec matches {pattern.text}",
            pattern.position,
            hint="a spec is a YAML file with inputs and layers; links are not followed",
        )
        for pattern in configuration.specs
        if not any(pattern.matches(path) for path in paths)
    ]
    if problems:
        raise CommandError(*problems)


def find_specs(paths: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """The spec files that ``paths`` mean: files as they are, folders with all specs below them.

    A lock means its spec. Without paths those that the configuration names. Raises CommandError for a path that isn't
    there and for a folder that can't be read.
    """
    if not paths:
        return find_scope((), folder).specs
    found: list[Path] = []
    for path in paths:
        place = folder / path
        if place.is_dir():
            found += [file for file in _files_below(place, folder) if _is_spec(file)]
        elif place.suffix == ".lock" and (_specs_of(place) or place.is_file()):
            found += _specs_of(place)
        elif place.is_file():
            found.append(place)
        else:
            problem = explain_missing(place, path)
            hint = (
                _name_below(path, folder)
                or problem.hint
                or "name the path of a file; layercli new NAME --from MODEL copies a bundled model"
            )
            raise CommandError(replace(problem, hint=hint))
    return tuple(dict.fromkeys(found))


def _name_below(path: str, folder: Path) -> str:
    """A spec of that name in ``folder`` or up to two folders further down, as a hint."""
    if os.path.basename(path) != path:
        return ""
    names = [path] if path.endswith(SUFFIXES) else [path + end for end in SUFFIXES]
    level = [folder]
    for _ in range(MAX_LEVELS):
        found = [place / name for place in level for name in names if (place / name).is_file()]
        if found:
            return f"did you mean {' or '.join(display_name(place, folder) for place in found[:3])}?"
        with contextlib.suppress(CommandError):
            level = [
                Path(entry.path)
                for place in level
                for entry in reversed(_scan(place, folder))
                if _is_searched(entry)
            ]
    return ""


def find_orphans(paths: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """Locks in the searched folders, and among the files named, that no spec has any more."""
    if not paths:
        return find_scope((), folder).orphans
    found: list[Path] = []
    for path in paths:
        place = folder / path
        files = _files_below(place, folder) if place.is_dir() else [place]
        found += [file for file in files if _is_our_lock(file) and not _specs_of(file)]
    return tuple(dict.fromkeys(found))


def _specs_of(lock: Path) -> list[Path]:
    return [spec for end in SUFFIXES if (spec := lock.with_suffix(end)).exists()]


def _files_below(place: Path, folder: Path) -> Iterator[Path]:
    """Regular files in the order of their names; no links, and nothing whose name starts with a dot."""
    pending = _scan(place, folder)
    while pending:
        entry = pending.pop()
        if entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        elif _is_searched(entry):
            pending += _scan(Path(entry.path), folder)


def _is_searched(entry: os.DirEntry[str]) -> bool:
    """Whether specs of this project may lie in what is found in a folder."""
    return (
        entry.is_dir(follow_symlinks=False)
        and entry.name not in SKIPPED_FOLDERS
        and not os.path.lexists(os.path.join(entry.path, ENVIRONMENT_MARK))
    )


def _scan(place: Path, folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, the first name last."""
    try:
        with os.scandir(place) as entries:
            shown = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        message = f"{display_name(place, folder)} can't be read: {(error.strerror or str(error)).lower()}"
        raise CommandError(Problem("unreadable-file", message)) from None
    return sorted(shown, key=lambda entry: entry.name, reverse=True)


def _is_spec(path: Path) -> bool:
    """Whether this is a YAML file with ``inputs`` and ``layers`` at its top level, or with a lock."""
    if not path.name.endswith(SUFFIXES):
        return False
    return _is_our_lock(lock_path(path)) or looks_like_spec(read_head(path))


def find_fault(path: Path) -> str:
    """Why what a YAML file says can't be known, for a sentence that it is the subject of; empty where it can."""
    import yaml

    try:
        with open(path, "rb") as file:
            data = file.read(MAX_HEAD + 1)
        if len(data) <= MAX_HEAD:
            for _ in yaml.parse(data.decode("utf-8"), Loader=yaml.SafeLoader):
                pass
    except OSError as error:
        return f"can't be read: {(error.strerror or str(error)).lower()}"
    except UnicodeDecodeError:
        return "is no UTF-8"
    except (yaml.YAMLError, RecursionError):
        return "is no YAML"
    return ""


def looks_like_spec(head: bytes) -> bool:
    """Whether a file that begins so has ``inputs`` and ``layers`` at its top level."""
    return all(re.search(rb"(?m)^[\"']?" + key + rb"[\"']? *:", head) for key in (b"inputs", b"layers"))


def looks_like_lock(head: bytes) -> bool:
    """Whether a file that begins so is a lock of ours."""
    return re.match(rb"lock: *[0-9]+\s", head) is not None


def _is_our_lock(path: Path) -> bool:
    """Whether this is a lock of ours; other tools have files of that name too."""
    return path.suffix == ".lock" and looks_like_lock(read_head(path))


def read_head(path: Path) -> bytes:
    """The beginning of a file; nothing where it may not be read."""
    try:
        with open(path, "rb") as file:
            return file.read(MAX_HEAD)
    except OSError:
        return b""


def refuse_nothing(
    command: str, paths: Sequence[str], folder: Path, scope: Scope, orphans: Sequence[Path]
) -> None:
    """Raises CommandError where there is nothing to do, in all or in one of ``paths``."""
    end = " to check" if command == "check" else ""
    problems = []
    if not paths and not scope.specs and not orphans:
        message, hint = f"there is no spec here{end}", f"name one: layercli {command} net.yaml"
        if scope.candidates:
            message = f"the configuration leaves out every spec{end}"
            hint = f"layercli {command} --list tells why" if command == "check" else hint
        problems.append(Problem(f"nothing-to-{command}", message, hint=hint))
    for path in paths:
        taken = [spec for spec in find_specs([path], folder) if spec in scope.specs]
        if not taken and not any(lock in orphans for lock in find_orphans([path], folder)):
            place = "here" if path == "." else f"in {path}"
            hint = f"name one: layercli {command} net.yaml"
            problems.append(Problem(f"nothing-to-{command}", f"there is no spec {place}{end}", hint=hint))
            break
    if problems:
        raise CommandError(*problems)
