"""``layercli explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from layercli.cli.bounds import bounded
from layercli.cli.diagnosed import diagnosed
from layercli.cli.options import (
    TEXT_FORMATS,
    DimOption,
    InputOption,
    LimitOption,
    ModeOption,
    OutputOption,
    SetOption,
    StaticOption,
    TextFormatOption,
    VerifyOption,
    apply_limits,
    check_choice,
    choose_engine,
    complete_spec,
    list_words,
    load_plan,
)
from layercli.cli.output import find_width, needs_ascii, write_output
from layercli.errors import CommandError, Problem

if TYPE_CHECKING:
    from layercli.catalogue.entries import Form, Layer
    from layercli.report import TraceOptions

EXAMPLES = (
    ("layercli explain lenet conv1", "where each of its numbers comes from"),
    ("layercli explain unet up2 --symbolic", "with dims in the formulas"),
    ("layercli explain lenet", "the model by its parts"),
    ("layercli explain Conv2d", "the formulas of a layer"),
    ("layercli explain torch.cat", "those of a function"),
)


def _complete_subject(incomplete: str) -> list[str]:
    from layercli.catalogue.layers import LAYERS

    names = [name for name in LAYERS if incomplete and name.startswith(incomplete)]
    return [*complete_spec(incomplete), *names]


def _complete_path(ctx: typer.Context, incomplete: str) -> list[str]:
    from layercli.derive.session import derive_plan
    from layercli.errors import LayercliError
    from layercli.spec.limits import set_limits

    try:
        # Nobody waits longer for a word, and the spec may be anybody's.
        set_limits({"seconds": 5, "memory": 4_096})
        with bounded():
            trace = derive_plan(load_plan(ctx.params["spec"], None, None, None))
    except (LayercliError, KeyError):
        return []
    return [path for path in dict.fromkeys(row.path for row in trace.rows) if path.startswith(incomplete)]


def run(
    spec: Annotated[
        str,
        typer.Argument(
            metavar="SPEC",
            help="A spec file or bundled model; or a layer, function or method, such as Conv2d.",
            autocompletion=_complete_subject,
        ),
    ],
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH]",
            help="The layer or operation in it, by its path in the trace.",
            autocompletion=_complete_path,
        ),
    ] = None,
    set_: SetOption = None,
    dim: DimOption = None,
    input_: InputOption = None,
    train: ModeOption = None,
    static: StaticOption = None,
    verify: VerifyOption = False,
    symbolic: Annotated[
        bool, typer.Option("--symbolic", help="Show formulas with dims in them, where sizes depend on dims.")
    ] = False,
    limit: LimitOption = None,
    format_: TextFormatOption = "text",
    output: OutputOption = None,
) -> int:
    """Show how a layer's output, parameters and cost come about.

    Each formula is the one that was evaluated, with the numbers put in; then what it sees of the model's input, which
    inputs it takes, and what it needs of dims. Without a model, the formulas of a layer, function or method.
    """
    from layercli.report import TraceOptions

    check_choice("--format", format_, TEXT_FORMATS)
    apply_limits(limit)
    engine = choose_engine(static, verify, "derive")
    options = TraceOptions(
        width=find_width() if output is None else None,
        columns=("symbolic",) if symbolic else (),
        ascii=output is None and needs_ascii(),
    )
    entries = None if path is not None else _find_entries(spec)
    if entries is not None:
        given = {"--set": set_, "--dim": dim, "--input": input_, "--verify": verify, "--symbolic": symbolic}
        used = next((option for option, value in given.items() if value), None)
        if used is not None:
            message = f"{used} goes with a model, and {spec} is a {entries[0]}"
            raise CommandError(
                Problem("usage", message, hint="name a spec first: layercli explain lenet conv1")
            )
        write_output(_explain_entries(spec, entries[1], format_, options), output)
        return 0

    from layercli.explain.session import explain_path
    from layercli.report.explanation import EXPLANATION_FORMATS

    with bounded():
        plan = load_plan(spec, set_, dim, input_, train)
        named = load_plan(spec, set_, dim, input_, train, tuple(plan.dims)) if plan.dims else None
        with diagnosed(plan):
            measured = None
            if engine != "derive":
                from layercli.engines import trace_by

                measured = trace_by(plan, engine)
            found = explain_path(plan, path or "", symbolic=named, measured=measured)
    write_output(EXPLANATION_FORMATS[format_](found, options), output)
    return 1 if found.differences else 0


def _find_entries(name: str) -> tuple[str, list[Any]] | None:
    """What a name of the catalogue stands for, None for a spec. Raises CommandError where it is ambiguous or unknown.

    A bundled model goes before a function of the same name, which has a longer one, too: ``F.linear``.
    """
    from layercli.explain.subjects import find_subjects, suggest_subject
    from layercli.spec.library import list_bundled

    if Path(name).exists() or name in (path.stem for path in list_bundled()):
        return None
    subjects = find_subjects(name)
    if len(subjects) > 1:
        listed = list_words([subject.name for subject in subjects])
        hint = f"write layercli explain {subjects[0].name}"
        raise CommandError(Problem("ambiguous-name", f"{name} can be {listed}", hint=hint))
    if subjects:
        return subjects[0].kind, list(subjects[0].entries)
    hint = suggest_subject(name)
    if hint:
        raise CommandError(Problem("unknown-name", f"there is no model, layer or function {name}", hint=hint))
    return None


def _explain_entries(name: str, entries: list[Layer | Form], format_: str, options: TraceOptions) -> str:
    from layercli.explain.entries import explain_entries
    from layercli.report.explanation import ENTRY_FORMATS

    return ENTRY_FORMATS[format_](explain_entries(name, entries), options)
