"""The examples of codes, run as the documents are."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from layercli.codes import Code, Example
from tests.docs.documents import CLEARED, ENVIRONMENT, Session

#: What stands for the folder that an example runs in.
FOLDER = "/home/user/project"


@contextmanager
def prepare(example: Example) -> Iterator[Session]:
    """A folder with the files of an example, in which its commands run; those that come before have run."""
    session = Session()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        for name in CLEARED:
            patch.delenv(name, raising=False)
        _write(example.files)
        for line in example.before:
            session.run(line)
        _write(example.changed)
        yield session


def _write(files: object) -> None:
    assert isinstance(files, dict)
    for name, content in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def run_example(example: Example) -> str:
    """What the command of an example prints, in a folder that is called the same on every computer."""
    with prepare(example) as session:
        return session.run(example.command).replace(os.getcwd(), FOLDER)


def list_told(example: Example) -> list[tuple[str, str]]:
    """The codes of a check's findings, which its text doesn't name, with their severities."""
    with prepare(example) as session:
        findings = json.loads(session.run(f"{example.command} --format json"))["findings"]
    return [(finding["code"], finding["severity"]) for finding in findings]


def shows(entry: Code, output: str) -> bool:
    """Whether the output of a code's example is of that code and its severity."""
    assert entry.example is not None
    if f"{entry.severity}[{entry.code}]: " in output:
        return True
    if not entry.example.command.startswith("layercli check"):
        return False
    told = list_told(entry.example)
    if entry.severity == "difference":
        return entry.code in [code for code, _ in told]
    return (entry.code, entry.severity) in told
