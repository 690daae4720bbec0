"""``layercli params``."""

from __future__ import annotations

from typing import Annotated

import typer

from layercli.cli.bounds import bounded
from layercli.cli.diagnosed import diagnosed
from layercli.cli.options import (
    FORMATS,
    FormatOption,
    LimitOption,
    OutputOption,
    SeedOption,
    SetOption,
    SpecArgument,
    StaticOption,
    VerifyOption,
    apply_limits,
    check_choice,
    choose_engine,
    load_plan,
    tell_derived,
)
from layercli.cli.output import find_width, needs_ascii, use_color, write_output
from layercli.errors import CommandError, Problem

EXAMPLES = (
    ("layercli params tinymodel", "shapes and totals"),
    ("layercli params tinymodel --layer linear2 --values", "one layer, with values"),
    ("layercli params resnet18 --buffers", "running statistics too"),
    ("layercli params gpt2 --format csv", "for a spreadsheet"),
)


def run(
    spec: SpecArgument,
    set_: SetOption = None,
    layer: Annotated[str, typer.Option("--layer", metavar="PATH", help="List only this layer's.")] = "",
    values: Annotated[bool, typer.Option("--values", help="Print values as PyTorch does.")] = False,
    buffers: Annotated[bool, typer.Option("--buffers", help="List buffers too.")] = False,
    seed: SeedOption = 0,
    static: StaticOption = None,
    verify: VerifyOption = False,
    limit: LimitOption = None,
    format_: FormatOption = "table",
    output: OutputOption = None,
) -> int:
    """List a model's parameters by their state_dict names.

    Each with its shape, dtype and count, whether it is trained, and what it is tied to. Where torch isn't installed
    they are derived (--static).
    """
    from layercli.engines import list_tensors, require_torch
    from layercli.report import PARAMETER_FORMATS, TraceOptions
    from layercli.report.parameters import ParameterListing

    check_choice("--format", format_, FORMATS)
    apply_limits(limit)
    if static and values:
        raise CommandError(
            Problem("usage", "only PyTorch has values, so --static goes without --values", hint="use --run")
        )
    if values:
        require_torch("--values")
    engine = choose_engine(static, verify, "run")
    with bounded():
        plan = load_plan(spec, set_, None, None)
        with diagnosed(plan):
            if values:
                from layercli.run.devices import check_memory

                check_memory(plan, "cpu", values=True)
            tensors = list_tensors(plan, engine, layer=layer, seed=seed, values=values)
    listing = ParameterListing(
        plan.name,
        tuple(tensors),
        plan.spec.source.name,
        layer,
        buffers,
        "derive" if engine == "derive" else "run",
    )
    options = TraceOptions(
        width=find_width() if output is None else None,
        color=output is None and format_ == "table" and use_color(),
        ascii=output is None and needs_ascii(),
    )
    write_output(PARAMETER_FORMATS[format_](listing, options), output)
    tell_derived(static, engine, "run")
    return 0
