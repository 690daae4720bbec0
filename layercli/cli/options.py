"""Options that several commands share, and the reading of their texts."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from layercli.cli.output import write_error
from layercli.errors import CommandError, Problem, did_you_mean, draw_problems
from layercli.spec.limits import LIMIT_NAMES, set_limits

if TYPE_CHECKING:
    from layercli.engines import Engine
    from layercli.plan.records import Plan


def complete_spec(incomplete: str) -> list[str]:
    """Spec files here and the names of bundled models."""
    from layercli.spec.library import complete_names

    return complete_names(incomplete, Path.cwd())


def complete_file(incomplete: str) -> list[str]:
    """Spec files, their locks, and the names of bundled models."""
    folder, slash, start = incomplete.rpartition("/")
    with contextlib.suppress(OSError, ValueError):
        locks = [
            f"{folder}{slash}{path.name}"
            for path in (Path.cwd() / (folder + slash)).glob("*.lock")
            if path.name.startswith(start)
        ]
        return sorted([*complete_spec(incomplete), *locks])
    return complete_spec(incomplete)


def complete_revision(incomplete: str) -> list[str]:
    """The branches and tags of the repository here."""
    from layercli.git import find_repository

    try:
        names = find_repository(Path.cwd()).list_names()
    except CommandError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_words(words: Iterable[str]) -> Callable[[str], list[str]]:
    """A completion that offers ``words``."""

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def list_words(words: Sequence[str]) -> str:
    """``a, b or c``."""
    return f"{', '.join(words[:-1])} or {words[-1]}"


def read_number(option: str, least: int, most: int) -> Callable[[str | int], int]:
    """A reader of whole numbers from ``least`` to ``most``. What it gives raises CommandError for others."""

    def read(text: str | int) -> int:
        if not re.fullmatch(r"\s*[+-]?[0-9]{1,20}\s*", str(text)):
            hint = f"write {option} {least}"
            raise CommandError(Problem("usage", f"{option} {text} is no whole number", hint=hint))
        if not least <= int(text) <= most:
            bound = f"at least {least}" if int(text) < least else f"at most {most:,}"
            raise CommandError(Problem("usage", f"{option} has to be {bound}, not {text}"))
        return int(text)

    return read


def format_option(formats: Sequence[str]) -> Any:
    """``--format`` with these choices."""
    return typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"{list_words(formats)}.",
        autocompletion=complete_words(formats),
    )


#: The kinds of devices, and the formats of traces and parameters: what knows them isn't imported to draw the help.
DEVICES = ("auto", "cpu", "cuda", "mps", "meta")
FORMATS = ("table", "json", "csv", "markdown")
#: The formats of what is neither a table nor a list of findings.
TEXT_FORMATS = ("text", "json")

SpecArgument = Annotated[
    str,
    typer.Argument(
        metavar="SPEC", help="A spec file, or the name of a bundled model.", autocompletion=complete_spec
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a param of the spec; may be repeated."),
]
DimOption = Annotated[
    list[str] | None,
    typer.Option("--dim", metavar="NAME=SIZE", help="Set a dim, such as N=32; may be repeated."),
]
InputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="NAME=SIZES",
        help="Set the sizes of an input, such as x=4x1x32x32; may be repeated.",
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed",
        metavar="NUMBER",
        help="Seed of the random generator.",
        parser=read_number("--seed", 0, 2**63 - 1),
    ),
]
ModeOption = Annotated[
    bool | None,
    typer.Option("--train/--eval", help="Run in this mode instead of the spec's.", show_default=False),
]
DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="auto, cpu, cuda, cuda:N, mps or meta. auto is the CPU for small models, and for large ones meta, "
        "which needs no memory.",
        autocompletion=complete_words(DEVICES),
    ),
]
FormatOption = Annotated[str, format_option(FORMATS)]
TextFormatOption = Annotated[str, format_option(TEXT_FORMATS)]
StaticOption = Annotated[
    bool | None,
    typer.Option(
        "--static/--run",
        help="Derive by rules, which needs no torch, or run on PyTorch.",
        show_default=False,
    ),
]
VerifyOption = Annotated[
    bool, typer.Option("--verify", help="Do both, and fail where PyTorch and the rules differ.")
]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        help="Raise or lower a limit on what a spec may use, such as modules=1000000; may be repeated.",
        autocompletion=complete_words(f"{name}=" for name in LIMIT_NAMES),
    ),
]


def read_output(text: str | Path) -> Path:
    """The path of ``--output``. Raises CommandError for a folder."""
    if str(text).endswith(("/", os.sep)) or Path(text).is_dir():
        hint = f"name a file in it: -o {str(text).rstrip('/')}/trace.json"
        raise CommandError(Problem("usage", f"--output {text} is a folder", hint=hint))
    return Path(text)


OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead.", parser=read_output),
]


def check_choice(option: str, value: str, choices: Sequence[str]) -> str:
    """``value``, which has to be one of ``choices``. Raises CommandError."""
    if value not in choices:
        hint = did_you_mean(value, choices) or f"it is {list_words(choices)}"
        raise CommandError(Problem("usage", f"{option} can't be {value}", hint=hint))
    return value


def _split(option: str, texts: Sequence[str], example: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name or not value.strip():
            raise CommandError(
                Problem(
                    "usage",
                    f"{option} {text} is not of the form NAME=VALUE",
                    hint=f"write {option} {example}",
                )
            )
        if name in pairs:
            raise CommandError(Problem("usage", f"{option} sets {name} twice"))
        pairs[name] = value.strip()
    return pairs


def read_settings(texts: Sequence[str] | None) -> dict[str, str]:
    """``width=64`` as a text by name."""
    return _split("--set", texts or (), "width=64")


def read_dims(texts: Sequence[str]) -> dict[str, int]:
    """``N=32`` as a size by name."""
    return {name: _read_size("--dim", name, value) for name, value in _split("--dim", texts, "N=32").items()}


def read_inputs(texts: Sequence[str]) -> dict[str, list[int]]:
    """``x=4x1x32x32`` (or with commas) as sizes by name."""
    return {
        name: [
            _read_size("--input", name, part)
            for part in re.split(r"[x,]", value.strip("[]() ").replace(" ", ""))
        ]
        for name, value in _split("--input", texts, "x=4x1x32x32").items()
    }


def _read_size(option: str, name: str, text: str) -> int:
    if not re.fullmatch(r"\s*\d{1,15}\s*", text, re.ASCII):
        example = f"{name}=32" if option == "--dim" else f"{name}=4x1x32x32"
        raise CommandError(
            Problem("usage", f"{option} {name}: {text!r} is no size", hint=f"write {option} {example}")
        )
    return int(text)


def choose_engine(static: bool | None, verify: bool, default: Engine) -> Engine:
    """Which engine the options ask for: where they ask for none ``default``, and without torch a derivation.

    Raises CommandError where they contradict each other, and where they ask for torch and it isn't installed.
    """
    from layercli.engines import has_torch, require_torch

    if verify and static is not None:
        raise CommandError(
            Problem("usage", f"--verify does both, so --{'static' if static else 'run'} can't be given")
        )
    if static:
        return "derive"
    if verify or static is False:
        require_torch("--verify" if verify else "--run")
        return "both" if verify else "run"
    return default if default == "derive" or has_torch() else "derive"


def tell_derived(static: bool | None, engine: Engine, default: Engine) -> None:
    """A note on standard error where something was derived though nobody asked for it."""
    if static is None and engine == "derive" and default != "derive":
        message = "torch is not installed, so this is derived by rules and not run"
        write_error("\n" + draw_problems([Problem("no-torch", message, severity="note")]) + "\n")


def apply_limits(texts: Sequence[str] | None) -> None:
    """``modules=1000000`` holds for the rest of the command. Raises CommandError."""
    changes: dict[str, int] = {}
    for name, value in _split("--limit", texts or (), "modules=1000000").items():
        if name not in LIMIT_NAMES:
            hint = did_you_mean(name, LIMIT_NAMES) or f"it is {list_words(LIMIT_NAMES)}"
            raise CommandError(Problem("usage", f"--limit {name}: there is no such limit", hint=hint))
        changes[name] = read_number(f"--limit {name}", 1, 1 << 60)(value)
    if changes:
        set_limits(changes)


def load_plan(
    spec: str,
    settings: Sequence[str] | None,
    dims: Sequence[str] | None,
    inputs: Sequence[str] | None,
    train: bool | None = None,
    symbolic: Sequence[str] = (),
) -> Plan:
    """Read and evaluate a spec with the options that change it. Raises SpecError, CommandError.

    The dims in ``symbolic`` are names in formulas.
    """
    from layercli import load
    from layercli.plan.planner import PlanFailed, Setting

    mode: Literal["train", "eval"] | None = None if train is None else "train" if train else "eval"
    try:
        return load(
            spec,
            params={name: Setting(text) for name, text in read_settings(settings).items()},
            dims=read_dims(dims or ()),
            inputs=read_inputs(inputs or ()),
            mode=mode,
            symbolic=symbolic,
        )
    except PlanFailed as failure:
        from layercli.derive.session import add_refused

        raise add_refused(failure) from None


def check_dims(plan: Plan) -> None:
    """Raises CommandError for a model that has no dims, and so no formulas."""
    if not plan.dims:
        message = f"{plan.spec.source.name} has no dims, so nothing depends on one"
        hint = "name its sizes: dims: {N: 1} and [N, 3] in inputs"
        raise CommandError(Problem("no-dims", message, hint=hint))
