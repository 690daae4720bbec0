"""``layercli dims``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from layercli.cli.bounds import bounded
from layercli.cli.diagnosed import diagnosed
from layercli.cli.options import (
    TEXT_FORMATS,
    DimOption,
    LimitOption,
    ModeOption,
    OutputOption,
    SetOption,
    SpecArgument,
    StaticOption,
    TextFormatOption,
    VerifyOption,
    apply_limits,
    check_choice,
    check_dims,
    choose_engine,
    load_plan,
)
from layercli.cli.output import find_width, needs_ascii, write_output

if TYPE_CHECKING:
    from layercli.plan.records import Plan

EXAMPLES = (
    ("layercli dims unet", "which heights, widths, batches"),
    ("layercli dims net.yaml --dim N=32", "with another batch size"),
    ("layercli dims unet --format json", "for a program"),
)


def run(
    spec: SpecArgument,
    set_: SetOption = None,
    dim: DimOption = None,
    train: ModeOption = None,
    static: StaticOption = None,
    verify: VerifyOption = False,
    limit: LimitOption = None,
    format_: TextFormatOption = "text",
    output: OutputOption = None,
) -> int:
    """Show which sizes each dim may have.

    For each dim, the others as they are in the spec: every size that PyTorch takes, and the rows because of which it
    takes no others. Then what rows need of all dims together. Derived by rules, without torch; where the values in a
    tensor decide, as with an index of an embedding, only a run can tell. --run tries the sizes around every edge on
    PyTorch, too, and says where it differs.
    """
    from layercli.engines import DOUBT, REPORT, check_agreement, compare_trials, try_sizes
    from layercli.report import TraceOptions
    from layercli.report.dims import DIMS_FORMATS

    check_choice("--format", format_, TEXT_FORMATS)
    apply_limits(limit)
    engine = choose_engine(static, verify, "derive")

    from layercli.derive.admissible import list_admissible

    def plan_with(sizes: Mapping[str, int], symbolic: Sequence[str]) -> Plan:
        given = [text for text in dim or () if text.partition("=")[0].strip() not in sizes]
        given += [f"{name}={size}" for name, size in sizes.items()]
        return load_plan(spec, set_, given, None, train, symbolic)

    with bounded():
        plan = load_plan(spec, set_, dim, None, train)
        check_dims(plan)
        with diagnosed(plan):
            found = list_admissible(plan, plan_with)
            if engine != "derive":
                found = try_sizes(found, plan_with)
    if engine == "both":
        differing = compare_trials(found)
        only_refused = all(trial.derived for item in found.dims for trial in item.tried if trial.differs)
        check_agreement(differing, DOUBT if only_refused else REPORT)
    options = TraceOptions(
        width=find_width() if output is None else None, ascii=output is None and needs_ascii()
    )
    write_output(DIMS_FORMATS[format_](found, options), output)
    return 0
