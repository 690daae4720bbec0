"""Help texts: drawn here, so that they look the same with every typer, and end in examples."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

#: Help is no wider than this, whatever the terminal, nor narrower than that.
MAX_WIDTH = 80
MIN_WIDTH = 40
#: A first column wider than this stands on a line of its own.
MAX_FIRST = 28


class Entry(NamedTuple):
    """One line of a list: an option, argument, command or example, and what it is for."""

    name: str
    meaning: str


def find_help_width() -> int:
    """The columns that a help text may take."""
    return min(MAX_WIDTH, max(MIN_WIDTH, shutil.get_terminal_size((MAX_WIDTH, 24)).columns))


def draw_help(
    context: Any,
    examples: Sequence[tuple[str, str]],
    notes: str = "",
    commands: Mapping[str, str | None] = MappingProxyType({}),
) -> str:
    """The help of the command that a typer context is of, with ``notes`` after everything else.

    ``commands`` are those inside it, with the text that begins with what each is for.
    """
    command = context.command
    width = find_help_width()
    parameters = [item for item in command.get_params(context) if not getattr(item, "hidden", False)]
    arguments = [item for item in parameters if item.param_type_name == "argument"]
    options = [item for item in parameters if item.param_type_name == "option"]
    sections = {
        "Arguments": [Entry(item.metavar.strip("[]"), _explain(item)) for item in arguments],
        "Commands": [Entry(name, summarise(text)) for name, text in commands.items()],
        "Options": [Entry(_name_option(item), _explain(item)) for item in options],
        "Examples": [Entry(*example) for example in examples],
    }
    pieces = [context.command_path, "[OPTIONS]", *(item.metavar for item in arguments)]
    lines = [f"Usage: {' '.join(pieces)}{' COMMAND [ARGUMENTS]' if commands else ''}", ""]
    for paragraph in (command.help or "").split("\n\n"):
        lines += [*textwrap.wrap(" ".join(paragraph.split()), width - 2), ""]
    for title, entries in sections.items():
        if entries:
            lines += [f"{title}:", *_draw_entries(entries, width, stacked=title == "Examples"), ""]
    return "\n".join([*lines, *textwrap.wrap(notes, width - 2)]).rstrip() + "\n"


def summarise(text: str | None) -> str:
    """The first line of a help text, without its full stop: what a list of commands shows."""
    return (text or "").strip().split("\n", 1)[0].rstrip(".")


def _name_option(option: Any) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    if option.secondary_opts:
        return f"{names} / {', '.join(option.secondary_opts)}"
    return names if option.is_flag else f"{names} {option.metavar or 'VALUE'}"


def _explain(parameter: Any) -> str:
    meaning = parameter.help or ""
    default = parameter.default
    shown = isinstance(default, (str, int)) and not isinstance(default, bool) and default != ""
    return f"{meaning} [default: {default}]" if shown else meaning


def _draw_entries(entries: Sequence[Entry], width: int, *, stacked: bool) -> Iterator[str]:
    """Two columns; ``stacked`` lists take two lines an entry where the columns don't fit."""
    widest = max(len(name) for name, _ in entries)
    if stacked and any(widest + 5 + len(meaning) > width for _, meaning in entries):
        for name, meaning in entries:
            yield f"  {name}"
            yield from textwrap.wrap(meaning, width, initial_indent=" " * 6, subsequent_indent=" " * 6)
        return
    first = widest if stacked else min(MAX_FIRST, widest)
    indent = first + (5 if stacked else 4)
    for name, meaning in entries:
        wrapped = textwrap.wrap(meaning, width - indent) or [""]
        if len(name) > first:
            yield f"  {name}"
        else:
            yield f"  {name:<{indent - 2}}{wrapped.pop(0)}".rstrip()
        yield from (" " * indent + line for line in wrapped)
