"""``layercli show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from layercli.cli.bounds import bounded
from layercli.cli.diagnosed import diagnosed
from layercli.cli.options import (
    LimitOption,
    OutputOption,
    SetOption,
    SpecArgument,
    StaticOption,
    VerifyOption,
    apply_limits,
    check_choice,
    choose_engine,
    format_option,
    load_plan,
    read_settings,
)
from layercli.cli.output import write_output
from layercli.errors import CommandError, Problem

if TYPE_CHECKING:
    from layercli.plan.records import Plan

EXAMPLES = (
    ("layercli show tinymodel", "what print(model) shows"),
    ("layercli show tinymodel --layer linear2", "one layer"),
    ("layercli show resnet50 --format spec", "the spec in one file, its imports in it"),
)

FORMATS = ("text", "spec")


def run(
    spec: SpecArgument,
    set_: SetOption = None,
    layer: Annotated[str, typer.Option("--layer", metavar="PATH", help="Print only this layer.")] = "",
    static: StaticOption = None,
    verify: VerifyOption = False,
    limit: LimitOption = None,
    format_: Annotated[str, format_option(FORMATS)] = "text",
    output: OutputOption = None,
) -> int:
    """Print a model as PyTorch does, or its spec in one form.

    The text is that of print(model). It is derived, which needs no torch; --run makes the model and prints it.
    --format spec prints the spec as layercli reads it, in one form for all that say the same: what it imports is among
    its blocks, --set gives its params other defaults, and comments are left out.
    """
    check_choice("--format", format_, FORMATS)
    if format_ == "spec" and (layer or static is not None or verify):
        problem = "--format spec prints the whole spec and makes no layer"
        raise CommandError(Problem("usage", problem, hint="leave out --layer, --run, --static and --verify"))
    apply_limits(limit)
    with bounded():
        plan = load_plan(spec, set_, None, None)
        text = _print_spec(plan, set_) if format_ == "spec" else _print_model(plan, layer, static, verify)
    write_output(text, output)
    return 0


def _print_model(plan: Plan, layer: str, static: bool | None, verify: bool) -> str:
    from layercli.engines import print_model

    engine = choose_engine(static, verify, "derive")
    with diagnosed(plan):
        return print_model(plan, engine, layer) + "\n"


def _print_spec(plan: Plan, settings: list[str] | None) -> str:
    from layercli.spec.printing import print_spec, set_defaults

    return print_spec(set_defaults(plan.spec, read_settings(settings), plan.given_params))
