"""Documents that are run: what their blocks say is typed, and what comes back is compared or written in.

A document is Markdown. Its blocks are run in order in one folder:

- ``yaml`` below a line ``<!-- file: net.yaml -->`` is written to that file;
- ``diff`` below a line ``<!-- edit: net.yaml -->`` replaces its ``-`` line by its ``+`` line in that file;
- ``console`` has lines that start with ``$ ``, each a command of layercli or git, and its output below; a line of three
  dots stands for any number of lines that are left out;
- ``python`` has lines that start with ``>>> ``, as the interpreter shows them.

All commands run in this process: each of their own would import torch again.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from layercli.cli.main import main
from tests.git.repositories import ENVIRONMENT as ENVIRONMENT_OF_GIT

ROOT = Path(__file__).resolve().parent.parent.parent

#: The environment that the documents were written in.
ENVIRONMENT = {"COLUMNS": "100", "NO_COLOR": "1"}
CLEARED = ("FORCE_COLOR", "CI", "TERM", "LAYERCLI_DEBUG", "LINES")

CUT = "..."

#: Documents that are written from the catalogue of codes.
WRITTEN = ("errors.md",)

_NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")
#: A line of a tensor that PyTorch prints (four decimals), or of its statistics: digits at its end may differ.
_VALUES = re.compile(r"\d\.\d{4}(?!\d)|^\s*mean ")


@dataclass(frozen=True)
class Fence:
    """One fenced block: ``start`` and ``end`` are the indices of its first line and of its closing fence."""

    language: str
    marker: str
    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A command or statement of a document: the lines typed, the output written below, and the real one."""

    line: int
    typed: tuple[str, ...]
    expected: tuple[str, ...]
    actual: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return same_output(self.expected, self.actual)


@dataclass
class Session:
    """One folder and one namespace, where a document is run from its beginning to its end."""

    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    code: int = 0

    def run(self, command: str) -> str:
        """The output of a command of the documents, standard error in its place among it."""
        words = shlex.split(command)
        if words == ["echo", "$?"]:
            return f"{self.code}\n"
        if words[0] == "git":
            return _run_git(words[1:])
        assert words[0] == "layercli", f"documents run layercli and git only, not {command}"
        with _capture() as output:
            self.code = main(words[1:])
        assert "error[internal]" not in output.getvalue(), output.getvalue()
        return output.getvalue()

    def execute(self, statement: str) -> str:
        """What the interpreter shows for a statement."""
        with _capture() as output:
            exec(compile(statement, "<document>", "single"), self.namespace)
        return output.getvalue()


def _run_git(arguments: Sequence[str]) -> str:
    """What git says, without anyone's own configuration."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        env=inherited | ENVIRONMENT_OF_GIT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@contextlib.contextmanager
def _capture() -> Iterator[io.StringIO]:
    output = io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        warnings.simplefilter("ignore")
        yield output


def list_documents() -> list[Path]:
    """README and everything in docs that is written by hand; each example in the others has a folder of its own."""
    documents = sorted((ROOT / "docs").glob("*.md"))
    return [ROOT / "README.md", *(path for path in documents if path.name not in WRITTEN)]


def find_fences(text: str) -> Iterator[Fence]:
    """The fenced blocks of a document. A marker is a comment on the line just above."""
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        opening = re.fullmatch(r"```(\w+)", lines[index])
        if opening:
            end = lines.index("```", index + 1)
            comment = re.fullmatch(r"<!-- (.*) -->", lines[index - 1]) if index else None
            yield Fence(
                opening[1], comment[1] if comment else "", index + 1, end, tuple(lines[index + 1 : end])
            )
            index = end
        index += 1


def run_document(text: str, folder: Path) -> list[list[Step]]:
    """Run a document in ``folder``; the steps of each of its blocks in the order of ``find_fences``."""
    session = Session()
    steps: list[list[Step]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        for name in CLEARED:
            patch.delenv(name, raising=False)
        for fence in find_fences(text):
            steps.append(list(_run_fence(fence, session)))
    return steps


def _run_fence(fence: Fence, session: Session) -> Iterator[Step]:
    kind, _, name = fence.marker.partition(": ")
    if kind == "file":
        Path(name).write_text("\n".join(fence.lines) + "\n", encoding="utf-8")
    elif kind == "edit":
        _edit(Path(name), fence.lines)
    elif fence.language == "console":
        for offset, command, expected in _split_commands(fence.lines):
            actual = session.run(command)
            yield Step(fence.start + offset + 1, (f"$ {command}",), expected, _split_output(actual))
    elif fence.language == "python":
        for offset, typed, expected in _split_statements(fence.lines):
            actual = session.execute("\n".join(line[4:] for line in typed) + "\n")
            yield Step(fence.start + offset + 1, typed, expected, _split_output(actual))


def _edit(path: Path, lines: Sequence[str]) -> None:
    text = path.read_text(encoding="utf-8")
    old = "\n".join(line[1:] for line in lines if line[:1] == "-")
    new = "\n".join(line[1:] for line in lines if line[:1] == "+")
    assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


def _split_commands(lines: Sequence[str]) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    starts = [index for index, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield start, lines[start][2:], _split_output("\n".join(lines[start + 1 : end]))


def _split_statements(lines: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...], tuple[str, ...]]]:
    starts = [index for index, line in enumerate(lines) if line.startswith(">>> ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        stop = start + 1
        while stop < end and lines[stop].startswith("..."):
            stop += 1
        yield start, tuple(lines[start:stop]), _split_output("\n".join(lines[stop:end]))


def _split_output(text: str) -> tuple[str, ...]:
    """Lines without what can't be seen: space at their ends, empty lines at the end of all."""
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def same_output(expected: Sequence[str], actual: Sequence[str]) -> bool:
    """Whether an output is the one that is written down.

    They are the same text, but for the last digits of values that PyTorch computed, and for lines that were left
    out where ``expected`` has a line of three dots.
    """
    if CUT not in expected:
        return len(expected) == len(actual) and all(map(_same_line, expected, actual))
    cut = list(expected).index(CUT)
    head, rest = expected[:cut], expected[cut + 1 :]
    if not same_output(head, actual[:cut]):
        return False
    return any(same_output(rest, actual[start:]) for start in range(cut, len(actual) + 1))


def _same_line(expected: str, actual: str) -> bool:
    if expected == actual:
        return True
    if not (_VALUES.search(expected) and _VALUES.search(actual)):
        return False
    words = [_NUMBER.sub("", line.replace(" ", "")) for line in (expected, actual)]
    if words[0] != words[1]:
        return False
    pairs = zip(_NUMBER.findall(expected), _NUMBER.findall(actual), strict=True)
    return all(abs(float(one) - float(other)) <= 2e-4 + 1e-3 * abs(float(one)) for one, other in pairs)


def write_outputs(text: str, steps: Sequence[Sequence[Step]]) -> str:
    """The document with the real outputs in place of those that don't agree; a block that agrees stays as it is."""
    lines = text.split("\n")
    for fence, done in reversed(list(zip(find_fences(text), steps, strict=True))):
        if all(step.agrees for step in done):
            continue
        written: list[str] = []
        for step in done:
            if written and fence.language == "console":
                written.append("")
            written += [*step.typed, *(step.expected if step.agrees else step.actual)]
        lines[fence.start : fence.end] = written
    return "\n".join(lines)


def describe(name: str, step: Step) -> str:
    """A step whose output isn't the one written down, for the message of a failing test."""
    return "\n".join(
        [
            f"{name}:{step.line}: {step.typed[0]}",
            "--- written down",
            *step.expected,
            "--- real",
            *step.actual,
            "",
        ]
    )
