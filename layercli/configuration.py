"""What ``[tool.layercli]`` of a ``pyproject.toml`` says: which specs there are, what fails, and what is known to differ."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NoReturn

from layercli.codes.warnings import IGNORABLE
from layercli.errors import CommandError, Position, Problem, Source, did_you_mean
from layercli.lock.differences import CLASSES, DifferenceClass
from layercli.record import record
from layercli.spec.document import read_source
from layercli.toml import Steps, locate_values, parse_toml

FILE_NAME = "pyproject.toml"
TABLE: Steps = ("tool", "layercli")

#: Bytes that a configuration may have.
MAX_BYTES = 1 << 20

#: What fails where nothing else is said: a model that only costs more is as good as before.
DEFAULT_FAIL_ON: tuple[DifferenceClass, ...] = tuple(kind for kind in CLASSES if kind != "cost")


@record
class Pattern:
    """A glob over paths below the folder of the configuration, and where it stands.

    ``*`` and ``?`` stand for characters of one name, ``**`` for any number of folders. A folder means what is below it.
    """

    text: str
    position: Position | None = None

    def matches(self, path: str) -> bool:
        """Whether it means a file: its path from the configuration's folder, with slashes."""
        return _translate(self.text.rstrip("/"), "/").match(path) is not None


@record
class Ignore:
    """A change that is known. A glob that is empty means anything, and so does no ``kind``."""

    spec: str
    path: str
    kind: DifferenceClass | None
    reason: str
    position: Position | None = None

    def matches(self, spec: str, path: str, kind: DifferenceClass) -> bool:
        """Whether it means a difference of this class at ``path``, the model's own being ``.``, in a spec.

        ``spec`` is its path from the configuration's folder. A path means what is below it, too.
        """
        return (
            (self.kind is None or self.kind == kind)
            and (not self.spec or _translate(self.spec, "/").match(spec) is not None)
            and (not self.path or _translate(self.path, ".").match(path or ".") is not None)
        )

    @property
    def problem(self) -> Problem | None:
        """Why it counts for nothing."""
        if not self.reason:
            hint = 'say why it is known: reason = "..."'
            return Problem("ignore-unreasoned", "this ignore has no reason", self.position, hint=hint)
        if _means_all(self.spec) and _means_all(self.path):
            hint = "name the spec or the path that it is about"
            if self.kind is not None:
                hint += f", or leave {self.kind} out of fail-on"
            return Problem("ignore-everything", "this ignore matches everything", self.position, hint=hint)
        return None

    def __str__(self) -> str:
        parts = (("spec", self.spec), ("path", self.path), ("class", self.kind))
        return ", ".join(f"{key} = {value}" for key, value in parts if value)


@record
class Configuration:
    """What ``[tool.layercli]`` says. ``name`` is what a person calls the file, empty where there is none.

    Without ``specs`` every spec counts. ``ignore_warnings`` are codes that aren't told. Paths are counted from the folder of the file.
    ``places`` says where the value of a key stands.
    """

    name: str = ""
    specs: tuple[Pattern, ...] = ()
    exclude: tuple[Pattern, ...] = ()
    fail_on: tuple[DifferenceClass, ...] = DEFAULT_FAIL_ON
    ignore: tuple[Ignore, ...] = ()
    ignore_warnings: tuple[str, ...] = ()
    places: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)

    def find_exclude(self, path: str) -> Pattern | None:
        """The pattern that leaves a file out, if one does. ``path`` is counted from the configuration's folder."""
        return next((pattern for pattern in self.exclude if pattern.matches(path)), None)

    def find_pattern(self, path: str) -> Pattern | None:
        """The pattern of ``specs`` that a file falls under, if one does."""
        return next((pattern for pattern in self.specs if pattern.matches(path)), None)

    def takes(self, path: str) -> bool:
        """Whether a spec with this path is to be checked."""
        taken = not self.specs or self.find_pattern(path) is not None
        return taken and self.find_exclude(path) is None

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with its ignores; these count for nothing."""
        return tuple(problem for item in self.ignore if (problem := item.problem) is not None)

    @cached_property
    def known(self) -> tuple[Ignore, ...]:
        """The ignores that count."""
        return tuple(item for item in self.ignore if item.problem is None)


def read_configuration(text: str, name: str) -> Configuration:
    """What the text of a ``pyproject.toml`` says of layercli; the defaults where that is nothing.

    ``name`` is what messages call the file. Raises CommandError with a position for what is no TOML, unknown keys, values
    of another kind and patterns that lead out of the folder.
    """
    # A file that has no word of it says nothing, whatever else is in it.
    if "layercli" not in text:
        return Configuration()
    source = Source(name, text)
    tool = parse_toml(source).get("tool")
    if not isinstance(tool, dict) or "layercli" not in tool:
        return Configuration()
    return _Reader(source, tool["layercli"]).read()


def find_configuration(folder: Path) -> tuple[Path, Configuration]:
    """The configuration that holds in ``folder``, and the folder that its paths are counted from.

    It is that of the nearest ``pyproject.toml`` with ``[tool.layercli]``, here or above up to the root of the repository.
    Without one it is the default for this folder. Raises CommandError as ``read_configuration`` does.
    """
    for place in _list_places(folder):
        file = place / FILE_NAME
        if not os.path.lexists(file):
            continue
        name = os.path.relpath(file, folder).replace(os.sep, "/")
        found = read_configuration(read_source(file, name, MAX_BYTES).text, name)
        if found.name:
            return place, found
    return folder, Configuration()


def _list_places(folder: Path) -> Iterator[Path]:
    """The folder and those above it up to the root of its repository; without one only the folder."""
    places: list[Path] = []
    for place in (folder, *folder.parents):
        places.append(place)
        if os.path.lexists(place / ".git"):
            return iter(places)
    return iter(places[:1])


class _Reader:
    def __init__(self, source: Source, table: Any) -> None:
        self.source = source
        self.table = table

    @cached_property
    def places(self) -> Mapping[Steps, Position]:
        return locate_values(self.source)

    def find(self, *steps: str | int) -> Position | None:
        """Where the value that ``steps`` lead to stands, or what is around it."""
        path: Steps = (*TABLE, *steps)
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)

    def fail(self, message: str, *steps: str | int, hint: str = "", code: str = "configuration") -> NoReturn:
        raise CommandError(Problem(code, message, self.find(*steps), hint=hint))

    def read(self) -> Configuration:
        if not isinstance(self.table, dict):
            self.fail("tool.layercli has to be a table")
        self.check_keys(
            self.table, "[tool.layercli]", ("specs", "exclude", "fail-on", "ignore", "ignore-warnings")
        )
        return Configuration(
            name=self.source.name,
            specs=self.read_patterns("specs"),
            exclude=self.read_patterns("exclude"),
            fail_on=self.read_classes(),
            ignore=tuple(
                self.read_ignore(index, item) for index, item in enumerate(self.read_list("ignore"))
            ),
            ignore_warnings=tuple(
                self.read_warning(value, index)
                for index, value in enumerate(self.read_list("ignore-warnings"))
            ),
            places={key: place for key in self.table if (place := self.find(key)) is not None},
        )

    def check_keys(
        self, table: Mapping[str, Any], where: str, known: tuple[str, ...], *steps: str | int
    ) -> None:
        for key in table:
            if key not in known:
                hint = did_you_mean(key, known) or f"its keys are {', '.join(known)}"
                self.fail(f"{where} has no key {key}", *steps, key, "=", hint=hint)

    def read_list(self, key: str) -> list[Any]:
        value = self.table.get(key, [])
        if not isinstance(value, list):
            self.fail(f"{key} has to be a list", key, hint=f"write {key} = [...]")
        return value

    def read_text(self, value: Any, what: str, *steps: str | int) -> str:
        if not isinstance(value, str):
            self.fail(f"{what} has to be a text", *steps)
        return value

    def read_patterns(self, key: str) -> tuple[Pattern, ...]:
        values = self.read_list(key)
        if key in self.table and not values and key == "specs":
            self.fail("specs is empty, so there would be nothing to check", key, hint="leave it out")
        return tuple(self.read_pattern(value, key, key, index) for index, value in enumerate(values))

    def read_pattern(self, value: Any, what: str, *steps: str | int) -> Pattern:
        text = self.read_text(value, f"a pattern of {what}", *steps)
        wrong = _find_fault(text)
        if wrong:
            self.fail(
                f"{text or 'an empty text'} {wrong}", *steps, hint="write a glob such as configs/**/*.yaml"
            )
        return Pattern(text, self.find(*steps))

    def read_class(self, value: Any, *steps: str | int) -> DifferenceClass:
        text = self.read_text(value, "a class of differences", *steps)
        found = next((kind for kind in CLASSES if kind == text), None)
        if found is None:
            hint = did_you_mean(text, CLASSES) or f"the classes are {', '.join(CLASSES)}"
            self.fail(f"there is no class of differences called {text}", *steps, hint=hint)
        return found

    def read_classes(self) -> tuple[DifferenceClass, ...]:
        if "fail-on" not in self.table:
            return DEFAULT_FAIL_ON
        values = self.read_list("fail-on")
        if not values:
            self.fail(
                "fail-on is empty, so nothing would fail", "fail-on", hint="leave it out for the default"
            )
        given = [self.read_class(value, "fail-on", index) for index, value in enumerate(values)]
        return tuple(kind for kind in CLASSES if kind in given)

    def read_warning(self, value: Any, index: int) -> str:
        text = self.read_text(value, "a code of a warning", "ignore-warnings", index)
        if text not in IGNORABLE:
            hint = did_you_mean(text, IGNORABLE) or f"the warnings are {', '.join(IGNORABLE)}"
            message = f"there is no warning called {text}, and errors can't be ignored"
            self.fail(message, "ignore-warnings", index, hint=hint)
        return text

    def read_ignore(self, index: int, item: Any) -> Ignore:
        if not isinstance(item, dict):
            self.fail("an ignore has to be a table", "ignore", index, hint='{spec = "...", reason = "..."}')
        self.check_keys(item, "an ignore", ("spec", "path", "class", "reason"), "ignore", index)
        for key in item:
            self.read_text(item[key], f"{key} of an ignore", "ignore", index, key)
        spec = str(item.get("spec", ""))
        if spec:
            self.read_pattern(spec, "an ignore", "ignore", index, "spec")
        return Ignore(
            spec=spec,
            path=str(item.get("path", "")),
            kind=self.read_class(item["class"], "ignore", index, "class") if "class" in item else None,
            reason=str(item.get("reason", "")).strip(),
            position=self.find("ignore", index),
        )


def _find_fault(pattern: str) -> str:
    """Why a pattern isn't one of paths below a folder; nothing where it is."""
    if not pattern.strip() or not pattern.isprintable():
        return "is no pattern of paths"
    if "\\" in pattern:
        return "has a backslash: separate folders with /"
    if pattern.startswith(("/", "~")) or PureWindowsPath(pattern).drive:
        return "is no path below the folder of the configuration"
    if ".." in PurePosixPath(pattern).parts:
        return "leads out of the folder of the configuration"
    if "***" in pattern or pattern.count("*") > _MAX_STARS:
        return "has too many stars"
    return ""


#: More stars than anyone writes would take long to match.
_MAX_STARS = 8

_ALL = re.compile(r"[*?/.]*(?:\.(?:yaml|yml))?")


def _means_all(glob: str) -> bool:
    """Whether a glob, of specs or of paths in a model, leaves nothing out."""
    return _ALL.fullmatch(glob) is not None and glob not in (".", "./")


@lru_cache(maxsize=256)
def _translate(glob: str, separator: str) -> re.Pattern[str]:
    """A pattern of the names between separators; what it matches may go on with more of them."""
    between = re.escape(separator)
    parts: list[str] = []
    for name in [part for part in glob.split(separator) if part not in ("", ".")]:
        if name == "**":
            parts.append(f"(?:[^{between}]+{between})*")
            continue
        text = "".join(_WILD.get(character, re.escape(character)) for character in re.sub(r"\*+", "*", name))
        parts.append(text.replace("\0", f"[^{between}]") + between)
    body = "".join(parts)
    if not body:
        # The model itself, and nothing below it.
        return re.compile(re.escape(separator) + r"\Z")
    if body.endswith(f"{between})*"):
        return re.compile(body + rf"[^{between}]", re.DOTALL)
    return re.compile(body.removesuffix(between) + rf"(?:{between}|\Z)", re.DOTALL)


_WILD = {"*": "\0*", "?": "\0"}
