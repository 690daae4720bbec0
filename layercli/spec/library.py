"""Which file a name means: specs on the command line, bundled ones, and imports."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from functools import cache
from pathlib import Path, PureWindowsPath

from layercli.errors import CommandError, Problem, did_you_mean
from layercli.spec.tree import DISK, Kind, Tree

SUFFIXES = (".yaml", ".yml")
ROOT_MARKS = ("pyproject.toml", ".git")


class ImportRefused(Exception):
    """An import that names no file which may be read. Whoever knows its position makes a SpecError of it."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


# Bundled specs


def find_bundled_folder(package: Path) -> Path | None:
    """The folder of bundled specs of the package that lies at ``package``.

    In a wheel it is inside the package; in a source checkout it lies beside it.
    """
    inside = package / "configs"
    if inside.is_dir():
        return inside
    beside = package.parent / "configs"
    if not beside.is_dir():
        return None
    try:
        project = (package.parent / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    ours = re.search(r"""(?m)^name\s*=\s*["']layercli["']""", project)
    return beside if ours else None


@cache
def _bundled_folder() -> Path | None:
    return find_bundled_folder(Path(__file__).resolve().parent.parent)


def list_bundled() -> tuple[Path, ...]:
    """The bundled specs in the order of their names."""
    folder = _bundled_folder()
    return () if folder is None else tuple(_specs_in(folder))


def is_bundled(path: Path) -> bool:
    """Whether a file is one of the bundled specs."""
    folder = _bundled_folder()
    whole = Path(os.path.abspath(path))
    return folder is not None and whole.parent in (folder, folder.resolve())


def _specs_in(folder: Path, tree: Tree = DISK) -> list[Path]:
    """The spec files directly in a folder; nothing where it can't be listed."""
    names = sorted(name for name in tree.list_files(folder) if name.endswith(SUFFIXES))
    return [folder / name for name in names if not name.startswith(".")]


# Specs by name


def find_spec(name: str, folder: Path) -> Path:
    """The file that ``name`` means to someone who works in ``folder``.

    A path is taken as it is. A bare name, with or without ``.yaml``, is looked for in ``folder``, in its
    ``configs``, then among the bundled specs. Raises CommandError where there is no such regular file.
    """
    if not name.strip() or "\0" in name:
        raise CommandError(Problem("unknown-spec", "a spec needs a name", hint="name a file or a model"))
    path = folder / name
    if _is_path(name):
        if _is_spec(path, name):
            return path
        raise CommandError(explain_missing(path, name))
    names = [name] if name.endswith(SUFFIXES) else [name + suffix for suffix in SUFFIXES]
    for place in _places(folder):
        for candidate in names:
            if _is_spec(place / candidate, candidate):
                return place / candidate
    if path.is_dir():
        raise CommandError(_explain_folder(path, name))
    if os.path.lexists(path):
        raise CommandError(
            Problem(
                "unknown-spec", f"{name} is no .yaml file", hint="the names of specs end in .yaml or .yml"
            )
        )
    known = {found.stem for place in _places(folder) for found in _specs_in(place)}
    stem = name.removesuffix(".yaml").removesuffix(".yml")
    raise CommandError(
        Problem(
            "unknown-spec",
            f"there is no spec called {name}",
            notes=("looked for in the working folder, in configs/, and among the bundled models",),
            hint=did_you_mean(stem, known) or "layercli list models shows the bundled ones",
        )
    )


def _is_path(name: str) -> bool:
    separators = {"/", os.sep, os.altsep or "/"}
    return name in (".", "..") or any(separator in name for separator in separators)


def _places(folder: Path) -> list[Path]:
    bundled = _bundled_folder()
    return [folder, folder / "configs", *([] if bundled is None else [bundled])]


def _is_spec(path: Path, shown: str) -> bool:
    """Whether there is a regular file, perhaps behind a link; CommandError for anything else there."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            message = f"{shown} is a link to a file that isn't there"
            raise CommandError(Problem("missing-file", message)) from None
        return False
    except OSError as error:
        message = f"{shown} can't be read: {error.strerror}"
        raise CommandError(Problem("unreadable-file", message)) from None
    if stat.S_ISDIR(mode):
        raise CommandError(_explain_folder(path, shown))
    if not stat.S_ISREG(mode):
        message = f"{shown} is a pipe or a device, and only regular files are read"
        raise CommandError(Problem("not-regular", message))
    return True


def _explain_folder(path: Path, shown: str) -> Problem:
    inside = _specs_in(path)
    example = f"{shown.rstrip('/')}/{inside[0].name}" if inside else ""
    hint = f"name a file in it, such as {example}" if example else "name a .yaml file"
    return Problem("is-folder", f"{shown} is a folder, not a spec", hint=hint)


def explain_missing(path: Path, shown: str) -> Problem:
    """The problem of a path where there is no file, with what was meant where that can be told."""
    known = [found.name for found in _specs_in(path.parent)]
    near = did_you_mean(path.name, known)
    if not near and path.name + ".yaml" in known:
        near = f"did you mean {path.name}.yaml?"
    return Problem("missing-file", f"there is no file {shown}", hint=near)


def display_name(path: Path, folder: Path) -> str:
    """What to call a file in messages to someone who works in ``folder``."""
    whole = Path(os.path.abspath(path))
    if "site-packages" in whole.parts and is_bundled(whole):
        # Where an environment lies says nothing of the model.
        return whole.name
    if whole.is_relative_to(os.path.abspath(folder)):
        return whole.relative_to(os.path.abspath(folder)).as_posix()
    if ".." in path.parts and path.is_relative_to(folder):
        # As it was given: ../configs/net.yaml.
        return path.relative_to(folder).as_posix()
    return whole.name if is_bundled(whole) else path.as_posix()


def complete_names(prefix: str, folder: Path) -> list[str]:
    """What a shell may offer for a spec that begins with ``prefix``: names, files and folders."""
    if not _is_path(prefix):
        names = {found.stem for place in _places(folder)[1:] for found in _specs_in(place)}
        names |= {found.name for found in _specs_in(folder)} | _folders_in(folder)
        return sorted(name for name in names if name.startswith(prefix))
    start, _, last = prefix.rpartition("/")
    inside = folder / (start or "/")
    names = {found.name for found in _specs_in(inside)} | _folders_in(inside)
    return sorted(f"{start}/{name}" for name in names if name.startswith(last))


def _folders_in(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {
                entry.name + "/" for entry in entries if entry.is_dir() and not entry.name.startswith(".")
            }
    except OSError:
        return set()


# Imports


def find_project_root(spec: Path, tree: Tree = DISK) -> Path:
    """The folder that the imports of a spec may not leave.

    The nearest folder above it with a pyproject.toml or .git, else its own; bundled specs have theirs.
    """
    start = _anchor(spec, tree).parent
    bundled = _bundled_folder()
    if bundled is not None and start == bundled.resolve():
        return start
    for folder in (start, *start.parents):
        if any(tree.look(folder / mark) is not None for mark in ROOT_MARKS):
            return folder
    return start


def _anchor(path: Path, tree: Tree) -> Path:
    """``path`` with links above it resolved and itself left as it is."""
    return tree.resolve(Path(os.path.abspath(path)).parent) / path.name


def resolve_import(text: str, importing_file: Path, root: Path, tree: Tree = DISK) -> Path:
    """The file that an import in ``importing_file`` names: a regular .yaml or .yml file of ``tree`` inside ``root``.

    Raises ImportRefused for absolute paths, ways out of ``root``, links at any level, folders whose name
    starts with a dot, and what isn't there or isn't a regular file.
    """
    parts = _split_import(text)
    root = tree.resolve(root)
    folder = _anchor(importing_file, tree).parent
    if not folder.is_relative_to(root):
        raise ImportRefused(
            "import-outside", f"{importing_file.name} lies outside the project, so it can't import"
        )
    walked = list(folder.relative_to(root).parts)
    for part in parts:
        if part != "..":
            walked.append(part)
        elif walked:
            walked.pop()
        else:
            raise ImportRefused(
                "import-outside",
                f"{text} leads out of the project",
                "keep what is imported in the folder with pyproject.toml or .git, or below it",
            )
    hidden = next((part for part in walked[:-1] if part.startswith(".")), None)
    if hidden is not None:
        raise ImportRefused(
            "import-hidden",
            f"{text} lies in {hidden}, and nothing is imported from folders that start with a dot",
            "put it into another folder",
        )
    return _walk(root, walked, text, tree)


def _split_import(text: str) -> list[str]:
    """The parts of an import's path, ``.`` left out."""
    if not text.isprintable() or not text.strip():
        raise ImportRefused("import-path", "an import needs the path of a .yaml file")
    if "://" in text:
        raise ImportRefused(
            "import-path",
            f"{text} is an address, and only files are imported",
            "download it into the project",
        )
    if text.startswith(("/", "\\")) or PureWindowsPath(text).drive:
        raise ImportRefused(
            "import-absolute", f"{text} is an absolute path", "write it relative to this file's folder"
        )
    if "\\" in text:
        raise ImportRefused("import-path", f"{text} has a backslash", "separate folders with /")
    if not text.endswith(SUFFIXES):
        hint = (
            "name a spec; a Python class has to be written as one" if text.endswith(".py") else "name a spec"
        )
        raise ImportRefused("import-path", f"{text} doesn't end in .yaml or .yml", hint)
    return [part for part in text.split("/") if part not in ("", ".")]


def _walk(root: Path, parts: Iterable[str], text: str, tree: Tree) -> Path:
    """Follow ``parts`` down from ``root``, looking at each one before it is entered."""
    path = root
    kind: Kind | None = "folder"
    for part in parts:
        if kind != "folder":
            raise ImportRefused("import-missing", f"there is no file {text}: {path.name} is no folder")
        above, path = path, path / part
        try:
            kind = tree.look(path)
        except OSError as error:
            raise ImportRefused("import-unreadable", f"{text} can't be read: {error.strerror}") from None
        if kind is None:
            near = did_you_mean(part, (found.name for found in _specs_in(above, tree)))
            hint = near or f"write its path from the folder of the file that imports it; there is no {part}"
            raise ImportRefused("import-missing", f"there is no file {text}", hint)
        if kind == "link":
            raise ImportRefused(
                "import-link",
                f"{text} goes through a link, {part}, and imports follow none",
                "name the file where it really is",
            )
    if kind == "folder":
        raise ImportRefused("import-not-regular", f"{text} is a folder", "name a .yaml file in it")
    if kind != "file":
        raise ImportRefused(
            "import-not-regular", f"{text} is a pipe or a device, and only regular files are read"
        )
    return path
