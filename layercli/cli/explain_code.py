"""``layercli help``."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from layercli.cli.help import find_help_width
from layercli.cli.options import check_choice, complete_words, format_option
from layercli.cli.output import write_output
from layercli.cli.usage import Group
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

    program, parent = _find_program(ctx)
    return complete_words([*program.list_commands(parent), *list_codes()])(incomplete)


def _find_program(ctx: typer.Context) -> tuple[Group, Any]:
    """The program that a command belongs to, with its context, whose class isn't the same in every typer."""
    assert ctx.parent is not None
    program = ctx.parent.command
    assert isinstance(program, Group)
    return program, ctx.parent


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
    program, parent = _find_program(ctx)
    if name is None:
        write_output(program.get_help(parent) + "\n")
        return 0
    code = name.removeprefix("error").removeprefix("warning").strip("[]:")
    entry = find_code(code) or find_code(name)
    if entry is not None:
        write_output(_FORMATS[format_](entry))
        return 0
    names = program.list_commands(parent)
    if name in names:
        command = program.get_command(parent, name)
        with command.make_context(name, ["--help"], parent=parent, resilient_parsing=True) as inner:
            write_output(command.get_help(inner) + "\n")
        return 0
    codes = [*list_codes(), *names]
    parts = [code for code in codes if name in code.split("-")]
    near = f"did you mean {' or '.join(parts[:4])}?" if parts else did_you_mean(name, codes)
    hint = near or "layercli list codes shows all"
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


def _show_files(files: Mapping[str, str | bytes], state: str) -> list[str]:
    from layercli.codes.messages import to_text

    lines: list[str] = []
    for name, content in files.items():
        shown = [escape_controls(line) for line in to_text(content).rstrip("\n").split("\n")]
        lines += ["", f"  {name}{state}", *(f"    {line}".rstrip() for line in shown)]
    return lines


def _format_json(entry: Code) -> str:
    import json

    from layercli.codes.messages import describe_code

    return json.dumps(describe_code(entry), indent=1) + "\n"


_FORMATS = {"text": format_text, "json": _format_json}
