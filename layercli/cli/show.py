"""``layercli show``."""

from __future__ import annotations

from typing import Annotated

import typer

from layercli.cli.diagnosed import diagnosed
from layercli.cli.options import (
    LimitOption,
    OutputOption,
    SetOption,
    SpecArgument,
    StaticOption,
    VerifyOption,
    apply_limits,
    choose_engine,
    load_plan,
)
from layercli.cli.output import write_output

EXAMPLES = (
    ("layercli show tinymodel", "what print(model) shows"),
    ("layercli show tinymodel --layer linear2", "one layer"),
)


def run(
    spec: SpecArgument,
    set_: SetOption = None,
    layer: Annotated[str, typer.Option("--layer", metavar="PATH", help="Print only this layer.")] = "",
    static: StaticOption = None,
    verify: VerifyOption = False,
    limit: LimitOption = None,
    output: OutputOption = None,
) -> int:
    """Print a model, or one of its layers, as PyTorch does.

    The text is that of print(model). It is derived, which needs no torch; --run makes the model and prints it.
    """
    from layercli.engines import print_model

    apply_limits(limit)
    engine = choose_engine(static, verify, "derive")
    plan = load_plan(spec, set_, None, None)
    with diagnosed(plan):
        text = print_model(plan, engine, layer)
    write_output(text + "\n", output)
    return 0
