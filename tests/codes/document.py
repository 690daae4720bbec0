"""``docs/errors.md`` and what ``layercli help`` shows: every code with its example and the real output."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from layercli.codes import FAMILIES, Code, list_codes
from layercli.codes.messages import PATH
from layercli.codes.records import Example
from layercli.errors import escape_controls
from tests.codes.examples import run_example
from tests.docs.documents import ROOT

DOCUMENT = ROOT / "docs" / "errors.md"

_HEAD = """\
# Errors, warnings and differences

Every message begins with its code in brackets, `error[shape-mismatch]`. Codes stay the same from release to release.
`layercli help CODE` shows what is below for one of them, `layercli list codes` the list.

An error makes a command fail. A warning is of something that runs and is probably not what was meant: `layercli validate` tells
it, and with `--strict` fails. A comment turns a warning off, on its line or on the line above it:
`# layercli: ignore[unused-layer]`; for a whole file it is `# layercli: ignore-file[unused-layer]`. So do `--ignore unused-layer`
and, for all specs, `ignore-warnings = ["unused-layer"]` in `[tool.layercli]` of `pyproject.toml`. A difference is what
`layercli check` finds between a spec and its lock; [ci.md](ci.md) says which of them fail.

<!-- Written by python -m tests.docs.update from layercli/codes. -->
"""


def run_examples() -> dict[str, list[str]]:
    """What the example of each code prints, by code."""
    return {
        code: _split(run_example(entry.example))
        for code, entry in list_codes().items()
        if entry.example is not None
    }


def _split(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip("\n").split("\n")]


def format_messages(outputs: Mapping[str, Sequence[str]]) -> str:
    """The outputs as the file from which ``layercli help`` reads them."""
    return json.dumps(outputs, indent=1) + "\n"


def format_document(outputs: Mapping[str, Sequence[str]]) -> str:
    """The whole document."""
    return _HEAD + "".join(_write(outputs)) + "\n"


def _write(outputs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    from importlib import import_module

    for family, title in FAMILIES.items():
        yield f"\n## {title}\n"
        for entry in import_module(f"layercli.codes.{family}").CODES:
            yield f"\n### {entry.code}\n\n{entry.title}. {entry.help}\n"
            if entry.example is not None:
                yield _show(entry, entry.example, outputs[entry.code])


def _show(entry: Code, example: Example, output: Sequence[str]) -> str:
    lines: list[str] = []
    if example.setting:
        lines += ["", example.setting]
    else:
        lines += _show_files(example.files)
    lines += ["", "```console"] if example.before or not example.changed else []
    for line in example.before:
        lines += [f"$ {line}"]
    if example.changed:
        lines += ["```", *_show_files(example.changed), "", "```console"]
    lines += [f"$ {example.command}", *output, "```"]
    return "\n".join(lines) + "\n"


def _show_files(files: Mapping[str, str | bytes]) -> list[str]:
    lines: list[str] = []
    for name, content in files.items():
        text = content if isinstance(content, str) else content.decode("utf-8", "backslashreplace")
        shown = [escape_controls(line) for line in text.rstrip("\n").split("\n")]
        language = {"yaml": "yaml", "toml": "toml"}.get(name.rpartition(".")[2], "text")
        lines += ["", f"`{name}`", "", f"```{language}", *shown, "```"]
    return lines


def update() -> int:
    """Run every example and write both files; gives how many there are."""
    outputs = run_examples()
    PATH.write_text(format_messages(outputs), "utf-8")
    DOCUMENT.write_text(format_document(outputs), "utf-8")
    return len(outputs)
