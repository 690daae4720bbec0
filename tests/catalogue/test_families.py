"""The families of the catalogue: which entry is in which, and that only those are imported that are used."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

import layercli.catalogue
from layercli.catalogue import families
from layercli.catalogue.entries import Layer
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.operators import MEANINGS, OPERATORS
from tests.catalogue.index import FILE, draw_index

FOLDER = Path(layercli.catalogue.__file__).parent

#: Prints which modules of the catalogue are imported once a spec is derived.
PROGRAM = """
import json, sys
import layercli
layercli.derive(sys.argv[1])
print(json.dumps([name for name in sys.modules if name.startswith("layercli.catalogue.")]))
"""


def test_index_holds_every_entry() -> None:
    message = "an entry was added or renamed: run python -m tests.catalogue.index"
    assert FILE.read_text("utf-8") == draw_index(), message


@pytest.mark.parametrize(
    ("folder", "table", "known"),
    [
        (FOLDER, r"LAYERS: tuple\[", families.LAYER_FAMILIES),
        (FOLDER / "operations", "OPERATIONS = ", families.OPERATION_FAMILIES),
    ],
)
def test_every_module_with_entries_is_a_family(folder: Path, table: str, known: Collection[str]) -> None:
    modules = {
        path.stem.replace("_", " ")
        for path in folder.glob("*.py")
        if re.search(f"(?m)^{table}", path.read_text("utf-8"))
    }
    assert modules == set(known)


@pytest.mark.parametrize("table", [LAYERS, FUNCTIONS, METHODS])
def test_entries_have_the_names_that_they_are_found_by(table: families.Late[Layer]) -> None:
    assert [entry.name for entry in table.values()] == list(table)


def test_every_operator_has_a_rule() -> None:
    assert set(MEANINGS) < set(OPERATORS)
    assert all(callable(rule) for rule in OPERATORS.values())


def test_what_is_late_is_found_once() -> None:
    asked: list[str] = []
    late = families.Late(["a", "b"], lambda name: asked.append(name) or name.upper())  # type: ignore[func-returns-value]
    assert (list(late), len(late), "a" in late, "c" in late, asked) == (["a", "b"], 2, True, False, [])
    assert (late["a"], late.get("a"), late.get("c"), asked) == ("A", "A", None, ["a"])
    with pytest.raises(KeyError, match="c"):
        late["c"]


def test_only_what_a_model_uses_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "lenet"], capture_output=True, text=True, check=True
    )
    imported = {name.removeprefix("layercli.catalogue.") for name in json.loads(done.stdout)}
    assert {"convolution", "linear", "operations.view"} <= imported
    assert not imported & {"recurrent", "attention", "loss", "operations.reduction", "operations.loss"}
