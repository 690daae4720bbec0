"""``layercli list``."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from layercli.cli.options import (
    TEXT_FORMATS,
    TextFormatOption,
    check_choice,
    complete_words,
    list_words,
)
from layercli.cli.output import find_width, write_output
from layercli.errors import CommandError, LayercliError, Problem, did_you_mean

EXAMPLES = (
    ("layercli list", "the bundled models"),
    ("layercli list layers", "every layer with its arguments"),
    ("layercli list layers Conv2d", "one of them"),
    ("layercli list functions", "what forward may call"),
    ("layercli list codes", "of errors, warnings and differences"),
    ("layercli list models --format json", "for a program"),
)

#: One known thing: name, signature and a sentence.
Known = tuple[str, str, str]


def _models() -> list[Known]:
    from layercli.spec.library import list_bundled
    from layercli.spec.reader import read_spec

    found: list[Known] = []
    for path in list_bundled():
        try:
            found.append((path.stem, "", read_spec(path, path.name).doc))
        except LayercliError as error:
            found.append((path.stem, "", f"can't be read: {error.problems[0].message}"))
    return sorted(found)


def _layers() -> list[Known]:
    from layercli.catalogue.layers import LAYERS

    return [
        (name, f"({entry.signature})", entry.doc)
        for name, entry in sorted(LAYERS.items())
        if not entry.refused
    ]


def _functions() -> list[Known]:
    from layercli.catalogue.functions import FUNCTIONS
    from layercli.catalogue.methods import METHODS

    found: dict[str, Known] = {}
    for name, entry in FUNCTIONS.items():
        found[name] = (name, f"({entry.signature})", entry.doc)
    for name, method in METHODS.items():
        if name not in found:
            found[f"x.{name}"] = (
                f"x.{name}",
                "" if method.attribute else f"({method.signature})",
                method.doc,
            )
    return [found[name] for name in sorted(found, key=lambda name: name.removeprefix("x."))]


def _codes() -> list[Known]:
    from layercli.codes import list_codes

    return [(code, "", entry.title) for code, entry in list_codes().items()]


KINDS: dict[str, Callable[[], list[Known]]] = {
    "models": _models,
    "layers": _layers,
    "functions": _functions,
    "codes": _codes,
}


def _complete_name(ctx: typer.Context, incomplete: str) -> list[str]:
    kind = ctx.params.get("kind")
    return [name for name, _, _ in KINDS[kind]() if name.startswith(incomplete)] if kind in KINDS else []


def run(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="[KIND]", help=f"{list_words(tuple(KINDS))}.", autocompletion=complete_words(KINDS)
        ),
    ] = "models",
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Show this one only.", autocompletion=_complete_name),
    ] = None,
    format_: TextFormatOption = "text",
) -> int:
    """List the bundled models, what a spec may use, or the codes of errors.

    Layers and functions are listed with their arguments and a sentence each. layercli help CODE explains a code.
    """
    check_choice("KIND", kind, tuple(KINDS))
    check_choice("--format", format_, TEXT_FORMATS)
    known = KINDS[kind]()
    if name is not None:
        chosen = [item for item in known if item[0] in (name, f"x.{name}")]
        if not chosen:
            raise CommandError(
                Problem(
                    f"unknown-{kind.rstrip('s')}",
                    f"there is no {kind.rstrip('s')} called {name}",
                    hint=did_you_mean(name, [item[0] for item in known]),
                )
            )
        known = chosen
    write_output(_FORMATS[format_](kind, known, name is not None))
    return 0


def _format_text(kind: str, known: Sequence[Known], one: bool) -> str:
    if one:
        name, signature, doc = known[0]
        page = ""
        if kind == "layers":
            from layercli.catalogue.layers import LAYERS

            page = f"{LAYERS[name].page}\n"
        return f"{name}{signature}\n{_wrap(doc, '    ')}{page}"
    if kind in ("models", "codes"):
        width = max((len(name) for name, _, _ in known), default=0)
        return "".join(_wrap(doc, f"{name:<{width}}  ") for name, _, doc in known)
    return "".join(f"{name}{signature}\n{_wrap(doc, '    ')}" for name, signature, doc in known)


def _wrap(text: str, start: str) -> str:
    """``text`` after ``start``, in lines as wide as the terminal that all begin below the first."""
    width = find_width()
    if width is None or width <= 2 * len(start):
        return f"{start}{text}\n"
    return textwrap.fill(text, width, initial_indent=start, subsequent_indent=" " * len(start)) + "\n"


def _format_json(kind: str, known: Sequence[Known], one: bool) -> str:
    import json

    data: Any = [
        {"name": name, **({"signature": f"{name}{signature}"} if signature else {}), "doc": doc}
        for name, signature, doc in known
    ]
    return json.dumps(data[0] if one else data, indent=1, ensure_ascii=False) + "\n"


_FORMATS: dict[str, Callable[[str, Sequence[Known], bool], str]] = {
    "text": _format_text,
    "json": _format_json,
}
