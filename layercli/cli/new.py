"""``layercli new``."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from pathlib import Path
from typing import Annotated

import typer

from layercli.cli.options import complete_spec
from layercli.cli.output import write_output
from layercli.errors import CommandError, Problem

EXAMPLES = (
    ("layercli new net", "writes net.yaml, commented"),
    ("layercli new net --from resnet18", "starts from a bundled model"),
)

TEMPLATE = """\
# A layercli spec: a PyTorch model as data. layercli trace {file} shows its layers.
name: {name}
doc: One sentence about the model.

# Numbers that you may want to change: layercli trace {file} --set width=32
params: {{width: 16, classes: 10}}

# Sizes that the caller chooses, with the ones a trace uses: layercli trace {file} --dim N=8
dims: {{N: 1}}

# The arguments of one example call: sizes, or an expression such as randint(0, 100, (N, 12)).
inputs:
  x: [N, 3, 32, 32]

# What __init__ makes, by attribute name. layercli list layers shows every layer.
layers:
  conv1: Conv2d(3, width, 3, padding=1)
  conv2: Conv2d(width, 2 * width, 3, padding=1)
  head: Linear(2 * width, classes)

# What forward does, one statement a line. layercli list functions shows every function.
forward: |
  x = max_pool2d(relu(conv1(x)), 2)
  x = max_pool2d(relu(conv2(x)), 2)
  x = x.mean((2, 3))
  return head(x)
"""


def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new spec is NAME.yaml.")],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="SPEC", help="Copy this spec instead.", autocompletion=complete_spec),
    ] = None,
) -> int:
    """Write a commented spec to start from.

    Nothing is overwritten. --from copies a bundled model or a spec of yours, with the files that it imports.
    """
    from layercli.files import write_whole

    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if path.name.startswith(".") or not name.isprintable():
        raise CommandError(Problem("usage", f"{name!r} is no name for a spec", hint="write layercli new net"))
    files = {path: _template(path)} if source is None else _copies(source, path)
    for target in files:
        if target.exists() or target.is_symlink():
            raise CommandError(
                Problem("file-exists", f"{target} is there already", hint="choose another name")
            )
    for target, text in files.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, text)
        write_output(f"wrote {target}\n")
    write_output(f"try: layercli trace {shlex.quote(str(path))}\n")
    return 0


def _class_name(path: Path) -> str:
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    words = [word for word in re.split(r"[^A-Za-z0-9]+", plain) if word]
    name = "".join(word[:1].upper() + word[1:] for word in words) or "Model"
    return name if not name[0].isdigit() else f"Model{name}"


def _template(path: Path) -> str:
    return TEMPLATE.format(file=path.as_posix(), name=_class_name(path))


def _copies(source: str, path: Path) -> dict[Path, str]:
    """The text of a spec under its new name, and of the files that it imports beside it as before."""
    from layercli.spec.library import display_name, find_spec
    from layercli.spec.reader import read_spec

    found = find_spec(source, Path.cwd())
    spec = read_spec(found, display_name(found, Path.cwd()))
    text = re.sub(r"^name:.*$", f"name: {_class_name(path)}", spec.source.text, count=1, flags=re.MULTILINE)
    first = f"# From {spec.source.name}. layercli trace {path.as_posix()} shows its layers.\n"
    files = {path: first + text}
    for imported in spec.import_paths:
        inside = os.path.relpath(imported, found.resolve().parent)
        target = Path(os.path.normpath(path.parent / inside))
        imported_text = imported.read_text("utf-8")
        if target.is_file() and target.read_text("utf-8") == imported_text:
            continue
        if inside.startswith(".."):
            message = f"{source} imports {inside}, which is not below its folder"
            raise CommandError(Problem("import-outside", message, hint="copy it and its imports yourself"))
        files[target] = imported_text
    return files
