"""The program: its commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from contextvars import copy_context
from typing import Annotated

import typer

from layercli import __version__
from layercli.cli.output import close_output, write_error, write_output
from layercli.cli.usage import Group
from layercli.errors import CommandError, LayercliError, Problem, draw_problems

#: The module of each command, with its function ``run`` and its ``EXAMPLES``: imported when it's asked for.
COMMANDS: dict[str, str] = {
    "trace": "layercli.cli.trace",
    "params": "layercli.cli.params",
    "dims": "layercli.cli.dims",
    "explain": "layercli.cli.explain",
    "show": "layercli.cli.show",
    "list": "layercli.cli.list_known",
    "schema": "layercli.cli.schema",
    "server": "layercli.cli.server",
    "new": "layercli.cli.new",
    "validate": "layercli.cli.validate",
    "lock": "layercli.cli.lock",
    "check": "layercli.cli.check",
    "diff": "layercli.cli.diff",
    "help": "layercli.cli.explain_code",
}

#: The exit code after Ctrl-C, as shells have it.
INTERRUPTED = 130


class Program(Group):
    """``layercli`` itself."""

    modules = COMMANDS
    examples = (
        ("layercli trace lenet", "a bundled model, layer by layer"),
        ("layercli trace net.yaml", "a model of your own"),
        ("layercli params lenet", "every parameter with its shape"),
        ("layercli new net", "a commented spec to start from"),
        ("layercli lock net.yaml", "record its shapes in net.lock"),
        ("layercli check net.yaml", "fail if they have changed"),
        ("layercli help shape-mismatch", "what an error means"),
    )
    notes = (
        "Exit codes: 0 all is well; 1 a model is wrong or differs from its lock; 2 the command couldn't do its "
        "work. FORCE_COLOR=1 turns colours on, NO_COLOR=1 off, also where both are set."
    )


def _show_version(value: bool) -> None:
    if value:
        write_output(f"layercli {__version__}\n")
        raise typer.Exit


app = typer.Typer(
    name="layercli",
    cls=Program,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)


@app.callback()
def _common(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Inspect the layers of a PyTorch model that is written as a YAML spec: shapes, parameters, values."""
    if debug:
        os.environ["LAYERCLI_DEBUG"] = "1"
    if ctx.invoked_subcommand is None:
        write_output(ctx.get_help() + "\n")
        raise typer.Exit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program. 0 all is well; 1 a model is wrong or differs; 2 the work couldn't be done; 130 interrupted."""
    # What torch warns of (a missing numpy, deprecated layers) would stand among the output.
    warnings.simplefilter("ignore")
    try:
        code = _run(arguments)
    except KeyboardInterrupt:
        write_error("interrupted\n")
        code = INTERRUPTED
    return close_output(code)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        given = None if arguments is None else list(arguments)
        # Limits that a command sets end with it.
        result = copy_context().run(app, args=given, prog_name="layercli", standalone_mode=False)
        code = result if isinstance(result, int) else 0
        if code == INTERRUPTED:
            write_error("interrupted\n")
        return code
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:
        _debug()
        known = error if isinstance(error, LayercliError) else CommandError(_explain_exception(error))
        write_error(draw_problems(known.problems) + "\n")
        return known.exit_code


def _explain_exception(error: Exception) -> Problem:
    """What no part of the program has made a problem of."""
    if isinstance(error, OSError):
        place = f": {error.filename}" if error.filename else ""
        return Problem("system", f"{(error.strerror or str(error)).lower()}{place}")
    if isinstance(error, ModuleNotFoundError) and error.name == "torch":
        from layercli.engines import explain_missing_torch

        return explain_missing_torch("this")
    hint = "this is a bug of layercli; run layercli --debug ... and report what it prints"
    return Problem("internal", f"{type(error).__name__}: {error}", hint=hint)


def _debug() -> None:
    if os.environ.get("LAYERCLI_DEBUG"):
        import traceback

        traceback.print_exc()
