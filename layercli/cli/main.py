"""The program: its commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import typer
from typer.exceptions import TyperException

from layercli import __version__
from layercli.cli import check, list_known, lock, new, params, show, trace
from layercli.cli.output import close_output, write_error, write_output
from layercli.errors import LayercliError


class Command(NamedTuple):
    """One command: its function and the examples below its help."""

    run: Callable[..., Any]
    examples: tuple[tuple[str, str], ...]


COMMANDS: dict[str, Command] = {
    "trace": Command(trace.run, trace.EXAMPLES),
    "params": Command(params.run, params.EXAMPLES),
    "show": Command(show.run, show.EXAMPLES),
    "list": Command(list_known.run, list_known.EXAMPLES),
    "new": Command(new.run, new.EXAMPLES),
    "lock": Command(lock.run, lock.EXAMPLES),
    "check": Command(check.run, check.EXAMPLES),
}

EXAMPLES = (
    ("layercli trace lenet", "a bundled model, layer by layer"),
    ("layercli trace net.yaml", "a model of your own"),
    ("layercli params lenet", "every parameter with its shape"),
    ("layercli new net", "a commented spec to start from"),
    ("layercli lock net.yaml", "record its shapes in net.lock"),
    ("layercli check net.yaml", "fail if they have changed"),
)


def format_examples(examples: Sequence[tuple[str, str]]) -> str:
    """Examples as the end of a help text, a line each."""
    width = max(len(command) for command, _ in examples)
    lines = [f"  {command:<{width}}   {meaning}" for command, meaning in examples]
    # \b keeps the lines as they are; without it they would be joined.
    return "\b\nExamples:\n" + "\n".join(lines)


def _show_version(value: bool) -> None:
    if value:
        write_output(f"layercli {__version__}\n")
        raise typer.Exit


app = typer.Typer(
    name="layercli",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=format_examples(EXAMPLES),
    no_args_is_help=True,
)


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Inspect the layers of a PyTorch model that is written as a YAML spec: shapes, parameters, values."""
    if debug:
        os.environ["LAYERCLI_DEBUG"] = "1"


for _name, _command in COMMANDS.items():
    app.command(_name, epilog=format_examples(_command.examples))(_command.run)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program. 0 all is well; 1 a model is wrong or differs; 2 the work couldn't be done; 130 interrupted."""
    # What torch warns of (a missing numpy, deprecated layers) would stand among the output.
    warnings.simplefilter("ignore")
    try:
        code = _run(arguments)
    except KeyboardInterrupt:
        write_error("interrupted\n")
        code = 130
    return close_output(code)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = app(
            args=None if arguments is None else list(arguments), prog_name="layercli", standalone_mode=False
        )
        return result if isinstance(result, int) else 0
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        return 130
    except LayercliError as error:
        _debug()
        from layercli.errors import draw_problems

        write_error(draw_problems(error.problems) + "\n")
        return error.exit_code
    except TyperException as error:
        return _explain_usage(error)
    except Exception as error:
        _debug()
        write_error(
            f"error[internal]: {type(error).__name__}: {error}\n"
            "help: this is a bug of layercli; run layercli --debug ... and report what it prints\n"
        )
        return 2


def _debug() -> None:
    if os.environ.get("LAYERCLI_DEBUG"):
        import traceback

        traceback.print_exc()


def _explain_usage(error: TyperException) -> int:
    """A wrong option or argument in the form that all errors have; the help where nothing was asked for."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        write_output(message.rstrip() + "\n")
        return 2
    write_error(f"error[usage]: {message[:1].lower()}{message[1:].rstrip('.')}\n")
    if context is not None:
        write_error(f"help: {context.command_path} --help shows what it takes\n")
    return 2
