"""Which family has which entry, as ``layercli/catalogue/index.py`` says it: ``python -m tests.catalogue.index``."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from layercli.catalogue import functions, index, layers, methods, operations

FILE = Path(index.__file__)
WIDTH = 110

HEAD = '''"""The names in each family, so that a family needn't be imported to know what is in it.

Written by ``python -m tests.catalogue.index`` from the families, and held to them by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
'''


def draw_index() -> str:
    """The text that the file has to have."""
    tables = (
        ("LAYER_NAMES", "Layers of ``torch.nn``.", layers.FAMILIES, lambda layer: [layer.name]),
        ("FUNCTION_NAMES", "Functions of ``F`` and ``torch``.", operations.FAMILIES, name_forms(functions)),
        ("METHOD_NAMES", "Methods and attributes of ``Tensor``.", operations.FAMILIES, name_forms(methods)),
    )
    return HEAD + "".join(draw_table(*table) for table in tables)


def name_forms(module: Any) -> Callable[[Any], list[str]]:
    """The names that an operation has in a module's table."""
    return lambda operation: [form.name for form in module._list_forms(operation)]


def draw_table(
    name: str, comment: str, families: Mapping[str, Iterable[Any]], list_names: Callable[[Any], list[str]]
) -> str:
    """One table: a text of names for each family."""
    lines = [f"\n#: {comment}\n{name}: Mapping[str, str] = {{\n"]
    for family, entries in families.items():
        names = " ".join(found for entry in entries for found in list_names(entry))
        lines.append(
            f'    "{family}": """\n{textwrap.indent(textwrap.fill(names, WIDTH - 8), " " * 8)}\n    """,\n'
        )
    return "".join([*lines, "}\n"])


if __name__ == "__main__":
    FILE.write_text(draw_index(), "utf-8")
