"""``layercli help``."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from layercli.cli.help import find_help_width
from layercli.cli.options import check_choice, complete_words, format_option
from layercli.cli.output import write_output
from layercli.errors import CommandError, Problem, did_you_mean, escape_controls

if TYPE_CHECKING:
    from layercli.codes import Code

FORMATS = ("text", "json")

EXAMPLES = (
    ("layercli help shape-mismatch", "what an error means, with an example"),
    ("layercli help unused-layer", "a warning"),
    ("layercli help trace", "a command"),
)


def _complete(ctx: typer.Context, incomplete: str) -> list[str]:
    from layercli.codes import list_codes

    commands = ctx.parent.command.list_commands(ctx.parent) if ctx.parent is not None else []  # type: ignore[attr-defined]
    return complete_words([*commands, *list_codes()])(incomplete)


def run(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[CODE]",
            help="The code of an error, a warning or a difference, or a command.",
            autocompletion=_complete,
            show_default=False,
        ),
    ] = None,
    format_: Annotated[str, format_option(FORMATS)] = "text",
) -> int:
    """Explain the code of an error or a warning, or a command.

    A code stands in brackets: error[shape-mismatch]. Its page says what it means and what to do, with an example and what
    layercli prints for it. Without CODE this is the help of layercli itself.
    """
    from layercli.codes import find_code, list_codes

    check_choice("--format", format_, FORMATS)
    assert ctx.parent is not None
    program = ctx.parent.command
    if name is None:
        write_output(ctx.parent.get_help() + "\n")
        return 0
    code = name.removeprefix("error").removeprefix("warning").strip("[]:")
    entry = find_code(code) or find_code(name)
    if entry is not None:
        write_output(_FORMATS[format_](entry))
        return 0
    names: list[str] = program.list_commands(ctx.parent)  # type: ignore[attr-defined]
    if name in names:
        command = program.get_command(ctx.parent, name)  # type: ignore[attr-defined]
        with command.make_context(name, ["--help"], parent=ctx.parent, resilient_parsing=True) as inner:
            write_output(command.get_help(inner) + "\n")
        return 0
    hint = did_you_mean(name, [*list_codes(), *names]) or "layercli list codes shows all"
    raise CommandError(Problem("unknown-code", f"there is no code and no command {name}", hint=hint))


def format_text(entry: Code) -> str:
    """The page of a code for a person."""
    from layercli.codes.messages import find_output

    width = find_help_width() - 2
    lines = [f"{entry.code}: {entry.title}", "", *textwrap.wrap(entry.help, width)]
    example = entry.example
    if example is None:
        return "\n".join(lines) + "\n"
    if example.setting:
        lines += ["", example.setting]
    else:
        lines += _show_files(example.files, "")
    lines += [""] if example.before else []
    lines += [f"  $ {line}" for line in example.before]
    lines += _show_files(example.changed, ", changed")
    lines += ["", f"  $ {example.command}"]
    lines += [f"  {line}".rstrip() for line in find_output(entry.code)]
    return "\n".join(lines) + "\n"


def _show_files(files: object, state: str) -> Sequence[str]:
    assert isinstance(files, dict)
    lines: list[str] = []
    for name, content in files.items():
        text = content if isinstance(content, str) else content.decode("utf-8", "backslashreplace")
        shown = [escape_controls(line) for line in text.rstrip("\n").split("\n")]
        lines += ["", f"  {name}{state}", *(f"    {line}".rstrip() for line in shown)]
    return lines


def _format_json(entry: Code) -> str:
    import json

    from layercli.codes.messages import describe_code

    return json.dumps(describe_code(entry), indent=1) + "\n"


_FORMATS = {"text": format_text, "json": _format_json}
