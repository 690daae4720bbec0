"""``layercli trace``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from layercli.cli.bounds import bounded
from layercli.cli.diagnosed import diagnosed
from layercli.cli.options import (
    FORMATS,
    DeviceOption,
    DimOption,
    FormatOption,
    InputOption,
    LimitOption,
    ModeOption,
    OutputOption,
    SeedOption,
    SetOption,
    SpecArgument,
    StaticOption,
    VerifyOption,
    apply_limits,
    check_choice,
    check_dims,
    choose_engine,
    load_plan,
    read_number,
    tell_derived,
)
from layercli.cli.output import find_width, needs_ascii, use_color, write_error, write_output
from layercli.errors import CommandError, Problem, draw_problems

if TYPE_CHECKING:
    from layercli.engines import Engine

EXAMPLES = (
    ("layercli trace lenet", "layers, shapes, parameters"),
    ("layercli trace net.yaml --dim N=32", "another batch size"),
    ("layercli trace net.yaml --input x=1x3x64x64", "another input"),
    ("layercli trace lstmtagger --set hidden_dim=128", "another param"),
    ("layercli trace gpt2 --depth 2", "the upper levels only"),
    ("layercli trace llama-70b", "too large for memory"),
    ("layercli trace unet --symbolic", "sizes as formulas over dims"),
    ("layercli trace maxpool --values", "what goes in and comes out"),
    ("layercli trace linear --values --params", "and the weights between"),
    ("layercli trace batchnorm --stats", "means before and after"),
    ("layercli trace dropout --values --repeat 2", "two different masks"),
    ("layercli trace lenet --format json -o lenet.json", "for a program"),
    ("layercli trace net.yaml --fix", "mend what doesn't fit"),
)


def _complete_columns(incomplete: str) -> list[str]:
    from layercli.report.columns import COLUMNS

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in COLUMNS if name.startswith(last)]


def run(
    spec: SpecArgument,
    set_: SetOption = None,
    dim: DimOption = None,
    input_: InputOption = None,
    device: DeviceOption = "auto",
    train: ModeOption = None,
    seed: SeedOption = 0,
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            metavar="NAME,...",
            help="Further columns, such as input,macs,flops,bytes,source.",
            autocompletion=_complete_columns,
        ),
    ] = "",
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth",
            metavar="N",
            help="Show the upper N levels only.",
            parser=read_number("--depth", 1, 1000),
        ),
    ] = None,
    layers_only: Annotated[bool, typer.Option("--layers-only", help="Leave operations out.")] = False,
    fold: Annotated[
        bool, typer.Option("--fold/--no-fold", help="Show a run of equal blocks once (the default), or each.")
    ] = True,
    values: Annotated[bool, typer.Option("--values", help="Print inputs and outputs.")] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Add mean, standard deviation, least and greatest value.")
    ] = False,
    params: Annotated[bool, typer.Option("--params", help="Print the layers' own parameters, too.")] = False,
    layer: Annotated[
        list[str] | None,
        typer.Option("--layer", metavar="PATH", help="Print the values of this layer only; may be repeated."),
    ] = None,
    repeat: Annotated[
        int,
        typer.Option("--repeat", metavar="N", help="Run N times.", parser=read_number("--repeat", 1, 1000)),
    ] = 1,
    static: StaticOption = None,
    verify: VerifyOption = False,
    symbolic: Annotated[
        bool,
        typer.Option(
            "--symbolic", help="Show sizes as formulas over the dims, and what they need. Implies --static."
        ),
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the first mend that is known into the file, then run.")
    ] = False,
    limit: LimitOption = None,
    format_: FormatOption = "table",
    output: OutputOption = None,
) -> int:
    """Run a model once and show every layer and operation.

    A row for each call, in order: its path, type, output shape and own parameters. Further columns come by
    --columns, values by --values and --stats. Where torch isn't installed the rows are derived (--static).
    """
    from layercli.engines import add_formulas, require_torch, run_plan, trace_by
    from layercli.report import RUN_FORMATS, TraceOptions
    from layercli.report.columns import choose_columns
    from layercli.trace.failure import TraceFailed

    check_choice("--format", format_, FORMATS)
    apply_limits(limit)
    if symbolic and (verify or static is False):
        raise CommandError(
            Problem("usage", "formulas are derived, so --symbolic goes without --run and --verify")
        )
    with_values = values or stats or params or bool(layer)
    needs_run = [
        option
        for option, given in {
            "--device": device != "auto",
            "--values": values,
            "--stats": stats,
            "--params": params,
            "--layer": bool(layer),
            "--repeat": repeat > 1,
        }.items()
        if given
    ]
    if needs_run and (static or symbolic or (verify and needs_run != ["--device"])):
        excluded = "--static" if static else "--symbolic" if symbolic else "--verify"
        message = f"{needs_run[-1]} is of a run on PyTorch, so it goes without {excluded}"
        raise CommandError(Problem("usage", message, hint="leave one of them out"))
    if repeat > 1 and not with_values:
        hint = "without values every run shows the same"
        raise CommandError(Problem("usage", "--repeat needs --values or --stats", hint=hint))
    if needs_run:
        require_torch(needs_run[-1])
    default: Engine = "derive" if symbolic else "run"
    engine = choose_engine(static, verify, default)
    names = tuple(name.strip() for name in columns.split(",") if name.strip())
    choose_columns(names)
    options = TraceOptions(
        width=find_width() if output is None else None,
        columns=names,
        fold=fold,
        depth=depth,
        layers_only=layers_only,
        color=output is None and format_ == "table" and use_color(),
        ascii=output is None and needs_ascii(),
    )
    if fix:
        from layercli.cli.fix import fix_spec

        with bounded():
            fix_spec(lambda: load_plan(spec, set_, dim, input_, train))
    with bounded():
        plan = load_plan(spec, set_, dim, input_, train)
        if symbolic:
            check_dims(plan)
            plan = load_plan(spec, set_, dim, input_, train, tuple(plan.dims))
    try:
        with bounded(device), diagnosed(plan):
            if engine == "run":
                from layercli.run.devices import check_memory, choose_device
                from layercli.run.tracer import ValueRequest

                request = (
                    ValueRequest(frozenset(layer) if layer else None, stats, params) if with_values else None
                )
                check_memory(plan, choose_device(plan, device, values=with_values), values=with_values)
                traces = run_plan(plan, device=device, seed=seed, request=request, repeat=repeat)
                if format_ == "json":
                    traces = add_formulas(plan, traces)
            else:
                traces = [trace_by(plan, engine, device=device, seed=seed, formulas=format_ == "json")]
    except TraceFailed as failure:
        write_output(RUN_FORMATS[format_]((failure.trace,), options), output)
        write_error("\n")
        raise
    write_output(RUN_FORMATS[format_](traces, options), output)
    if traces[0].never_called:
        from layercli.lint.warnings import warn_of_unused_layers

        with bounded():
            warnings = warn_of_unused_layers(plan, traces[0])
        if warnings:
            write_error("\n" + draw_problems(warnings) + "\n")
    tell_derived(static, engine, default)
    return 0
