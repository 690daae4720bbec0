"""``layercli show``."""

from __future__ import annotations

from typing import Annotated

import typer

from layercli.cli.options import LimitOption, OutputOption, SetOption, SpecArgument, apply_limits, load_plan
from layercli.cli.output import write_output

EXAMPLES = (
    ("layercli show tinymodel", "what print(model) shows"),
    ("layercli show tinymodel --layer linear2", "one layer"),
)


def run(
    spec: SpecArgument,
    set_: SetOption = None,
    layer: Annotated[str, typer.Option("--layer", metavar="PATH", help="Print only this layer.")] = "",
    limit: LimitOption = None,
    output: OutputOption = None,
) -> int:
    """Print a model, or one of its layers, as PyTorch does.

    The text is that of print(model).
    """
    apply_limits(limit)
    plan = load_plan(spec, set_, None, None)

    from layercli.run.session import print_model

    write_output(print_model(plan, layer) + "\n", output)
    return 0
