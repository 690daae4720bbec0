"""Changes of a spec's text: at nodes of its expressions, as edits at positions, and applied."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from layercli.errors import Edit, Position
from layercli.record import record
from layercli.spec.expressions import Code
from layercli.spec.tree import Kind, Tree


@record
class Change:
    """Characters ``begin`` to ``end`` of a piece of the language, to be replaced by ``text``."""

    code: Code
    begin: int
    end: int
    text: str


def replace_node(code: Code, node: ast.AST, text: str) -> Change:
    """Write ``text`` in the place of a node."""
    return Change(code, *code.span(node), text)


def wrap_node(code: Code, node: ast.expr, before: str, after: str) -> list[Change]:
    """Write something before and after a node, which gets brackets where it needs them before a dot."""
    begin, end = code.span(node)
    if after.startswith((".", "[")) and not isinstance(
        node, (ast.Name, ast.Call, ast.Attribute, ast.Subscript)
    ):
        before, after = before + "(", ")" + after
    changes = [Change(code, begin, begin, before)] if before else []
    return [*changes, Change(code, end, end, after)]


def to_edits(changes: Iterable[Change]) -> tuple[Edit, ...] | None:
    """Changes as edits of files; None where one goes over several lines."""
    edits = []
    for change in changes:
        text, begin, end = change.code.text, change.code.start + change.begin, change.code.start + change.end
        line, column = text.place(begin)
        width = 0
        if end > begin:
            last_line, last = text.place(end - 1)
            if last_line != line:
                return None
            width = last + 1 - column
        edits.append(Edit(Position(text.source, line, column, width), change.text))
    return tuple(edits)


def rewrite(code: Code, begin: int, end: int, changes: Iterable[Change]) -> str:
    """The part of a piece of the language from ``begin`` to ``end`` with changes made, on one line."""
    shown = code.shown[:end]
    own = [change for change in changes if change.code == code and begin <= change.begin <= change.end <= end]
    for change in sorted(own, key=lambda change: (change.begin, change.end), reverse=True):
        shown = shown[: change.begin] + change.text + shown[change.end :]
    return " ".join(shown[begin:].split())


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text of a source with edits made, its line ends and all else as before."""
    lines = text.split("\n")

    def place(edit: Edit) -> tuple[int, int]:
        return edit.position.line, edit.position.column

    for edit in sorted(edits, key=place, reverse=True):
        line = lines[edit.position.line - 1]
        start = edit.position.column - 1
        ends = "\r\n" if line.endswith("\r") else "\n"
        written = edit.text.replace("\n", ends)
        lines[edit.position.line - 1] = line[:start] + written + line[start + edit.position.width :]
    return "\n".join(lines)


def find_original(edits: Sequence[Edit], position: Position) -> Position | None:
    """Where a place of an edited text stood before the edits; None where they wrote it.

    ``position`` is of the edited text, ``edits`` are of one source, none of them over another.
    """
    source = edits[0].position.source
    wanted = _find_offset(position.source.lines, position)
    shift = 0
    for edit in sorted(edits, key=lambda edit: (edit.position.line, edit.position.column)):
        begin = _find_offset(source.lines, edit.position) + shift
        if wanted + position.width <= begin:
            break
        if wanted < begin + len(edit.text):
            return None
        shift += len(edit.text) - edit.position.width
    rest = wanted - shift
    for number, line in enumerate(source.lines, 1):
        if rest <= len(line):
            return Position(source, number, rest + 1, position.width)
        rest -= len(line) + 1
    return None


def _find_offset(lines: Sequence[str], position: Position) -> int:
    return sum(len(line) + 1 for line in lines[: position.line - 1]) + position.column - 1


def move_edits(edits: Sequence[Edit], made: Sequence[Edit]) -> tuple[Edit, ...] | None:
    """Edits of a text in which others were made, as edits of the text before; None where they change what those wrote."""
    moved = []
    for edit in edits:
        position = find_original(made, edit.position)
        if position is None:
            return None
        moved.append(replace(edit, position=position))
    return tuple(moved)


@record
class EditedTree:
    """The files of another tree, some of them with other texts."""

    tree: Tree
    texts: Mapping[Path, str]

    def look(self, path: Path) -> Kind | None:
        """What lies at ``path``. Raises OSError."""
        return self.tree.look(path)

    def read(self, path: Path, shown: str, most: int) -> bytes:
        """The bytes of a file, as edited. Raises CommandError."""
        text = self.texts.get(path)
        return self.tree.read(path, shown, most) if text is None else text.encode("utf-8")

    def list_files(self, folder: Path) -> list[str]:
        """The names of the files directly in a folder."""
        return self.tree.list_files(folder)

    def resolve(self, path: Path) -> Path:
        """The same path from the root on, without links in it."""
        return self.tree.resolve(path)

    def name(self, path: Path) -> str | None:
        """What messages call a file; None where its path says it."""
        return self.tree.name(path)


def list_sources(edits: Sequence[Edit]) -> list[str]:
    """The names of the files that edits change, each once."""
    return list(dict.fromkeys(edit.position.file for edit in edits))
