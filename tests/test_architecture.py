"""The direction of imports, and what a module may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "layercli"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What each part imports of the others: only what stands above it. ``layercli`` is the public interface.
IMPORTS = {
    "record": "",
    "codes": "record",
    "errors": "record",
    "files": "record errors",
    "work": "",
    "toml": "record errors",
    "trace": "record errors",
    "catalogue": "record errors",
    "spec": "record errors catalogue",
    "plan": "record errors catalogue spec",
    "derive": "record errors catalogue spec plan trace",
    "explain": "record errors catalogue spec plan trace derive",
    "diagnose": "record errors catalogue spec plan trace derive",
    "build": "record errors catalogue spec plan trace",
    "run": "record errors catalogue spec plan trace build",
    "lock": "record codes errors trace catalogue spec files",
    "git": "record errors spec",
    "lint": "record codes errors catalogue spec plan trace derive",
    "report": "record errors trace lint lock",
    "engines": "record errors catalogue spec plan trace derive build run",
    "configuration": "record codes errors spec lock toml",
    "policy": "errors configuration lock",
    "scope": "record errors spec lock configuration",
    "checks": "record errors catalogue spec plan trace derive diagnose build run engines lock files configuration policy scope work",
    "validation": "record errors spec plan trace derive lint diagnose scope work",
    "module_checks": "record errors trace lock engines run",
    "pytest_plugin": "record errors lock engines report scope checks module_checks",
    "history": "record errors spec lock engines configuration scope checks git policy work",
    "server": "record codes errors catalogue spec plan trace derive validation layercli",
    "cli": "record codes errors catalogue spec plan trace derive lint diagnose explain build run engines lock files report scope checks validation git history server work layercli",
}
#: A trace draws itself in a terminal and a notebook, and looks for how when it's asked to.
LATE = {("trace", "report")}
#: What offers everything under one name, and what starts the program.
OUTSIDE = ("__init__", "__main__")


def name_part(path: Path) -> str:
    """``layercli/lock/file.py`` belongs to ``lock``, ``layercli/errors.py`` is ``errors``."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def find_imports(tree: ast.AST, *, late: bool) -> Iterator[tuple[str, bool]]:
    """The modules that are imported, and whether each is so when it's needed: in a function, or for its types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [alias.name for alias in node.names if name_in_package(alias.name)]
            whole = node.module == "layercli" and names
            yield from ((f"layercli.{name}", late) for name in names) if whole else [(str(node.module), late)]
        else:
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            typing = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            yield from find_imports(node, late=late or function or typing)


def name_in_package(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


def find_wrong_imports(path: Path, text: str) -> set[str]:
    """The parts that a module may not import, and does."""
    part = name_part(path)
    imports = [(name.split("."), late) for name, late in find_imports(ast.parse(text), late=False)]
    found = {(names[min(1, len(names) - 1)], late) for names, late in imports if names[0] == "layercli"}
    return {
        name
        for name, late in found
        if name not in (part, *IMPORTS[part].split()) and not (late and (part, name) in LATE)
    }


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if name_part(path) not in OUTSIDE],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_imports_go_one_way(path: Path) -> None:
    assert find_wrong_imports(path, path.read_text("utf-8")) == set()


@pytest.mark.parametrize(
    ("module", "text", "wrong"),
    [
        ("errors.py", "import layercli.spec.reader", {"spec"}),
        ("plan/planner.py", "from layercli.spec.model import Spec", set()),
        ("plan/planner.py", "def late():\n    from layercli.run.session import trace_plan", {"run"}),
        ("catalogue/layers.py", "if TYPE_CHECKING:\n    from layercli.plan.records import Plan", {"plan"}),
        ("report/table.py", "from layercli import load", {"layercli"}),
        ("report/table.py", "from layercli import checks", {"checks"}),
        ("trace/records.py", "from layercli.report import table", {"report"}),
        ("trace/records.py", "def draw():\n    from layercli.report import table", set()),
    ],
)
def test_that_test_can_fail(module: str, text: str, wrong: set[str]) -> None:
    assert find_wrong_imports(PACKAGE / module, text) == wrong


def test_only_build_and_run_import_torch_at_once() -> None:
    importing = {
        name_part(path)
        for path in MODULES
        for name, late in find_imports(ast.parse(path.read_text("utf-8")), late=False)
        if name.split(".")[0] == "torch" and not late
    }
    assert importing == {"build", "run"}


def test_records_stand_for_dataclasses() -> None:
    using = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module == "dataclasses"
        and any(alias.name == "dataclass" for alias in node.names)
    }
    assert using == {"record.py"}, "write @record: it costs less to define"


def test_every_module_has_one_subject() -> None:
    vague = ("utils.py", "util.py", "helpers.py", "common.py", "misc.py")
    assert [path for path in MODULES if path.name in vague] == []
    lengths = {str(path.relative_to(PACKAGE)): path.read_text("utf-8").count("\n") for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 1300} == {}
