"""The catalogue of codes: every code of the source is in it and the other way round, and each example shows its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from layercli.codes import FAMILIES, Code, find_code, list_codes
from layercli.codes.messages import PATH
from layercli.codes.warnings import IGNORABLE
from layercli.lock import CODES as DIFFERENCES
from tests.codes.document import DOCUMENT, format_document, format_messages
from tests.codes.examples import run_example, shows
from tests.docs.documents import same_output

PACKAGE = Path(__file__).parents[2] / "layercli"
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "codes" not in path.relative_to(PACKAGE).parts]

#: What makes a problem, its code first.
MAKERS = (
    "Problem",
    "problem",
    "error",
    "error_at",
    "report",
    "Finding",
    "BindingError",
    "ImportRefused",
    "_fail",
)
#: What refuses a call: the code is the third argument, or has its name.
REFUSERS = ("refuse", "Refusal")

#: What can't be shown by a small spec or a command: it depends on the computer, or would be a bug.
WITHOUT_EXAMPLE = {
    "ambiguous-name", "bad-depth", "changed-file", "engines-differ", "formula-too-long", "git-failed", "git-slow", "git-too-much",
    "import-link", "import-unreadable", "internal", "no-git", "no-mend", "no-pygls", "no-rule", "no-summary", "no-torch", "out-of-memory",
    "out-of-time", "repository-owner", "system", "unreadable-file",
}  # fmt: skip


def find_used(tree: ast.AST) -> Iterator[str]:
    """The codes that a module uses, where each stands as it is."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).split(".")[-1]
        given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        given += node.args[:1] if name in MAKERS else node.args[2:3] if name in REFUSERS else []
        for value in given:
            parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            yield from (str(part.value) for part in parts if isinstance(part, ast.Constant) and part.value)


def find_texts(tree: ast.AST) -> Iterator[str]:
    """Every text of a module, and those that an f-string may be of: ``unknown-{kind}``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            beginning = str(node.values[0].value)
            yield from (
                code for code in list_codes() if beginning.endswith("-") and code.startswith(beginning)
            )


def test_every_code_of_the_source_is_in_the_catalogue() -> None:
    used = {code for path in MODULES for code in find_used(ast.parse(path.read_text("utf-8")))}
    assert len(used) > 150
    assert used - set(list_codes()) == set()
    assert set(DIFFERENCES) - set(list_codes()) == set()


def test_every_code_of_the_catalogue_is_in_the_source() -> None:
    texts = {text for path in MODULES for text in find_texts(ast.parse(path.read_text("utf-8")))}
    assert set(list_codes()) - texts == set()


def test_a_code_that_is_not_known_is_seen() -> None:
    tree = ast.parse(
        "raise SpecError(Problem('no-such-code', 'x'))\nrefuse('x', 'p', 'odd' if a else 'even')\n"
    )
    assert {*find_used(tree)} == {"no-such-code", "odd", "even"}


def test_each_code_has_one_place() -> None:
    entries = [entry for family in FAMILIES for entry in import_module(f"layercli.codes.{family}").CODES]
    assert len(entries) == len(list_codes())
    files = {path.stem for path in (PACKAGE / "codes").glob("*.py")}
    assert files == {*FAMILIES, "__init__", "records", "messages"}


@pytest.mark.parametrize("entry", list_codes().values(), ids=lambda entry: entry.code)
def test_entries_are_written_alike(entry: Code) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.code)
    assert entry.title[0].isupper() or entry.title.split(" ")[0].islower()
    assert not entry.title.endswith(".")
    assert entry.help.endswith(".")
    assert "  " not in entry.help
    assert (entry.severity == "difference") == (entry.code in DIFFERENCES)
    assert (entry.example is None) == (entry.code in WITHOUT_EXAMPLE)


@pytest.mark.parametrize(
    "entry",
    [entry for entry in list_codes().values() if entry.example is not None],
    ids=lambda entry: entry.code,
)
def test_an_example_shows_its_code(entry: Code) -> None:
    from layercli.codes.messages import find_output

    assert entry.example is not None
    output = run_example(entry.example)
    assert shows(entry, output)
    lines = [line.rstrip() for line in output.rstrip("\n").split("\n")]
    assert same_output(find_output(entry.code), lines), "python -m tests.docs.update writes it anew"


def test_an_example_of_another_code_is_seen() -> None:
    entry = find_code("unknown-layer")
    assert entry is not None
    assert not shows(entry, "error[unknown-name]: there is nothing called x here\n")


def test_the_document_has_every_code() -> None:
    import json

    outputs = json.loads(PATH.read_text("utf-8"))
    assert PATH.read_text("utf-8") == format_messages(outputs)
    assert DOCUMENT.read_text("utf-8") == format_document(outputs)
    assert set(outputs) == {code for code, entry in list_codes().items() if entry.example is not None}


def test_errors_are_no_warnings_that_can_be_turned_off() -> None:
    assert {entry.severity for code in IGNORABLE if (entry := find_code(code)) is not None} == {"warning"}
