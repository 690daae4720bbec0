"""What typer's commands do otherwise here: their help, and usage errors in the form that all errors have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from layercli.cli.help import draw_help
from layercli.cli.plain import pass_plain_values
from layercli.errors import CommandError, Problem, did_you_mean

#: The error of a wrong command line. Its module has moved between releases of typer, that of a subclass hasn't.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]

Examples = tuple[tuple[str, str], ...]


class Command(TyperCommand):
    """A command that explains itself in this program's words."""

    examples: ClassVar[Examples] = ()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What is left of ``args``. Raises CommandError for a wrong command line."""
        if not ctx.resilient_parsing:
            check_pairs(self.get_params(ctx), args)
        with _explained(self, ctx):
            return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help text."""
        formatter.write(draw_help(ctx, self.examples))


def check_pairs(options: Sequence[Any], args: Sequence[str]) -> None:
    """Raise CommandError for both of two options that exclude each other, such as ``--static`` and ``--run``.

    Those are pairs without a default; of the others the last one counts.
    """
    given = [word for word in args[: args.index("--") if "--" in args else None] if word.startswith("-")]
    for option in options:
        if not getattr(option, "secondary_opts", None) or option.default is not None:
            continue
        both = [
            next((word for word in given if word in names), "")
            for names in (option.opts, option.secondary_opts)
        ]
        if all(both):
            message = f"{both[0]} and {both[1]} exclude each other"
            raise CommandError(Problem("usage", message, hint="leave one of them out"))


class Group(TyperGroup):
    """The program itself: its commands, each made when it's asked for from the module that has its ``run``."""

    modules: ClassVar[Mapping[str, str]] = {}
    examples: ClassVar[Examples] = ()
    notes: ClassVar[str] = ""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands."""
        return list(self.modules)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, None where there is none."""
        if cmd_name in self.modules and cmd_name not in self.commands:
            self.commands[cmd_name] = make_command(cmd_name, self.modules[cmd_name])
        return self.commands.get(cmd_name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What is left of ``args``. Raises CommandError for a wrong command line."""
        with _explained(self, ctx):
            return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that ``args`` begin with. Raises CommandError where there is none."""
        if not ctx.resilient_parsing and args[0] not in self.modules:
            hint = did_you_mean(args[0], self.modules) or f"the commands are {', '.join(self.modules)}"
            raise CommandError(Problem("usage", f"there is no command {args[0]}", hint=hint))
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help text."""
        commands = {name: import_module(module).run.__doc__ for name, module in self.modules.items()}
        formatter.write(draw_help(ctx, self.examples, self.notes, commands))


def make_command(name: str, module: str) -> Any:
    """The command that a module's ``run`` is."""
    found = import_module(module)
    program = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    program.command(name, cls=type(f"{name.title()}Command", (Command,), {"examples": found.EXAMPLES}))(
        found.run
    )
    return typer.main.get_command(program)


@contextmanager
def _explained(command: TyperCommand | TyperGroup, context: Any) -> Iterator[None]:
    """Read a command line without pydantic, and say what is wrong in it as a problem."""
    pass_plain_values(command.get_params(context))
    try:
        yield
    except UsageError as error:
        raise CommandError(explain_usage(error, context)) from None


def explain_usage(error: Exception, context: Any) -> Problem:
    """A wrong option or argument as a problem: what is wrong, and what to write."""
    explain = _EXPLANATIONS.get(type(error).__name__)
    message, hint = explain(error, context) if explain is not None else ("", "")
    if not message:
        message = _say(getattr(error, "message", "") or str(error))
    return Problem("usage", message, hint=hint or f"{context.command_path} --help shows what it takes")


def _explain_option(error: Any, context: Any) -> tuple[str, str]:
    name = error.option_name
    if context.parent is not None and name in _name_options(context.parent):
        hint = f"write it before the command: {context.parent.command_path} {name} {context.info_name}"
    else:
        hint = did_you_mean(name, [known for known in _name_options(context) if known.startswith("--")])
    return f"{context.command_path} has no option {name}", hint


def _name_options(context: Any) -> list[str]:
    return [
        name for item in context.command.get_params(context) for name in (*item.opts, *item.secondary_opts)
    ]


def _explain_missing(error: Any, context: Any) -> tuple[str, str]:
    name = error.param.metavar if error.param is not None else ""
    examples = getattr(context.command, "examples", ())
    return f"{context.command_path} needs {name}", f"such as {examples[0][0]}" if examples else ""


def _explain_value(error: Any, context: Any) -> tuple[str, str]:
    options = {name: item for item in context.command.get_params(context) for name in item.opts}
    option = options.get(error.option_name)
    if option is None or option.is_flag:
        return f"{error.option_name} takes no value", f"write {error.option_name} alone"
    return f"{error.option_name} needs {option.metavar}", ""


_EXPLANATIONS: dict[str, Callable[[Any, Any], tuple[str, str]]] = {
    "NoSuchOption": _explain_option,
    "MissingParameter": _explain_missing,
    "BadOptionUsage": _explain_value,
}


def _say(message: str) -> str:
    """A sentence of typer's in the style of ours."""
    extra = re.fullmatch(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", message)
    if extra:
        return f"too many arguments: {extra[1]}"
    return f"{message[:1].lower()}{message[1:].rstrip('.')}"
