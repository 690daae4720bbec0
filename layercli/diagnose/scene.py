"""What failed, with all that a search for its cause and its mends looks at: rows, plans, the nodes of the spec."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from layercli.diagnose.editing import Change, rewrite
from layercli.errors import Position, Problem
from layercli.plan.records import LayerPlan, Plan, map_plans
from layercli.record import record
from layercli.spec.expressions import Body, Code, Expression
from layercli.spec.model import (
    Block,
    LayerDefinition,
    LayerValue,
    LongForm,
    NamedLayers,
    NumberedLayers,
    Sizes,
    list_expressions,
)
from layercli.spec.values import Site
from layercli.trace import Row, TensorType, Trace, Type
from layercli.trace.records import iterate_tensor_types

#: Longer calls are shown without what stands around them.
MAX_SHOWN = 100


@record(eq=False)
class Scene:
    """One problem of a plan. ``trace`` has the rows up to it; it is None where no forward pass began."""

    plan: Plan
    problem: Problem
    trace: Trace | None

    @cached_property
    def open_rows(self) -> tuple[Row, ...]:
        """The rows that didn't finish, the outermost first."""
        return () if self.trace is None else tuple(row for row in self.trace.rows if not row.finished)

    @property
    def failed(self) -> Row | None:
        """The innermost row that didn't finish."""
        return self.open_rows[-1] if self.open_rows else None

    @property
    def last_finished(self) -> Row | None:
        """The row that finished last."""
        return (
            None
            if self.trace is None
            else next((row for row in reversed(self.trace.rows) if row.finished), None)
        )

    @cached_property
    def finished(self) -> Mapping[str, Row]:
        """The last row of each path that did."""
        return {} if self.trace is None else {row.path: row for row in self.trace.rows if row.finished}

    @cached_property
    def begun(self) -> Mapping[str, Row]:
        """The last row of each path."""
        return {} if self.trace is None else {row.path: row for row in self.trace.rows}

    @cached_property
    def last_inside(self) -> Mapping[str, Row]:
        """The row that finished last directly inside each path."""
        return {path.rpartition(".")[0]: row for path, row in self.finished.items()}

    @cached_property
    def plans(self) -> Mapping[str, LayerPlan]:
        """Every planned layer by its path."""
        return map_plans(self.plan.root)

    # Where things stand ----------------------------------------------------------------------------------

    def find_owner(self, path: str) -> str:
        """The path of the block that the layer or operation at ``path`` is written in; the model's is empty."""
        while path:
            path = path.rpartition(".")[0]
            found = self.plans.get(path)
            if found is not None and found.block is not None:
                return path
        return ""

    def block_at(self, path: str) -> Block:
        """The block at a path that ``find_owner`` gave."""
        block = self.plans[path].block
        assert block is not None
        return block

    def find_call(self, row: Row) -> Site | None:
        """Where ``forward`` calls the layer or operation of a row that failed; None where no statement does."""
        position = row.position if row.kind == "operation" else self.problem.position
        return None if position is None else self.find_node(position, row.path)

    def find_node(self, position: Position, path: str) -> Site | None:
        """The outermost expression or ``+=`` at a position, in the ``forward`` of a block around ``path``."""
        owner = self.find_owner(path)
        while True:
            forward = self.block_at(owner).forward
            for body in () if forward is None else forward.bodies:
                if body.text.source != position.source:
                    continue
                for node in ast.walk(body.tree):
                    if isinstance(node, (ast.expr, ast.AugAssign)) and body.position(node) == position:
                        return Site(body, node)
            if not owner:
                return None
            owner = self.find_owner(owner)

    def find_making(self, plan: LayerPlan, owner: str) -> Site | None:
        """The call that makes a layer, as the block at ``owner`` writes it; None for the long form."""
        for entry in list_entries(self.block_at(owner)):
            for node in ast.walk(entry.code.tree):
                if isinstance(node, ast.Call) and entry.code.position(node) == plan.position:
                    return Site(entry.code, node)
        return None

    # Telling changes -------------------------------------------------------------------------------------

    def describe(self, changes: Sequence[Change]) -> str:
        """What to write, as a sentence without a full stop: ``write fc1: Linear(400, 120)``."""
        written: list[str] = []
        sized: list[str] = []
        for change in changes:
            item = self._find_sized_input(change.code)
            told = f"{item[0]} the size {self._show_sizes(item[1], changes)}" if item else ""
            if told:
                sized += [told] if told not in sized else []
                continue
            text = self._show_change(change, changes)
            written += [text] if text not in written else []
        # Python reads the word and between two statements as its own.
        statements = any(isinstance(change.code, Body) for change in changes)
        parts = ["write " + ("; " if statements else " and ").join(written)] if written else []
        parts += ["give " + " and ".join(sized)] if sized else []
        return " and ".join(parts)

    def _find_sized_input(self, code: Code) -> tuple[str, Sizes] | None:
        for item in self.plan.spec.main.inputs:
            if isinstance(item.value, Sizes) and any(code is size for size in item.value.items):
                return item.name, item.value
        return None

    def _show_sizes(self, sizes: Sizes, changes: Sequence[Change]) -> str:
        return f"[{', '.join(rewrite(item, 0, len(item.shown), changes) for item in sizes.items)}]"

    def _show_change(self, change: Change, changes: Sequence[Change]) -> str:
        code = change.code
        begin, end, before = 0, len(code.shown), self._labels.get(id(code), "")
        if isinstance(code, Body):
            begin, end = code.span(find_statement(code, change.begin, change.end))
        text = before + rewrite(code, begin, end, changes)
        if len(text) <= MAX_SHOWN:
            return text
        calls = [
            span
            for node in ast.walk(code.tree)
            if isinstance(node, (ast.Call, ast.BinOp))
            and (span := code.span(node))[0] <= change.begin <= change.end <= span[1]
        ]
        shortest = min(calls, key=lambda span: span[1] - span[0], default=(begin, end))
        return rewrite(code, *shortest, changes)

    @cached_property
    def _labels(self) -> Mapping[int, str]:
        """What stands before an expression in the file, by its ``id``: ``fc1: ``."""
        found: dict[int, str] = {}
        blocks = {id(plan.block): plan.block for plan in self.plans.values() if plan.block is not None}
        for block in blocks.values():
            for entry in list_entries(block):
                found.setdefault(id(entry.code), entry.before)
            for param in block.params:
                for code in list_expressions(param.value):
                    found.setdefault(id(code), f"{param.name}: ")
        for item in self.plan.spec.main.inputs:
            if isinstance(item.value, Expression):
                found.setdefault(id(item.value), f"{item.name}: ")
        for dim in self.plan.spec.dims:
            for code in list_expressions(dim.value):
                found.setdefault(id(code), f"{dim.name}: ")
        return found


def join_changes(first: str, second: str) -> str:
    """Two texts of ``Scene.describe`` as one, of which a statement isn't followed by the word and."""
    joint = "; " if " = " in first or "return " in first else " and "
    return f"{first}{joint}{second.removeprefix('write ')}"


@record
class Entry:
    """An expression of ``layers`` with what stands before it, and the definition that it belongs to."""

    code: Expression
    before: str
    definition: LayerDefinition


def list_entries(block: Block) -> Iterator[Entry]:
    """Every expression in the layers of a block, those inside mappings and lists included."""
    for definition in block.layers:
        before = "- " if block.numbered else f"{definition.name}: "
        yield from _list_inside(definition.value, before, definition)


def _list_inside(value: LayerValue, before: str, definition: LayerDefinition) -> Iterator[Entry]:
    if isinstance(value, Expression):
        yield Entry(value, before, definition)
    elif isinstance(value, NamedLayers):
        for inner in value.entries:
            yield from _list_inside(inner.value, f"{inner.name}: ", inner)
    elif isinstance(value, NumberedLayers):
        for item in value.items:
            yield from _list_inside(item, "- ", definition)
    elif isinstance(value, LongForm):
        for argument in value.arguments:
            for code in list_expressions(argument.value):
                yield Entry(code, f"{argument.name}: ", definition)


def find_statement(body: Body, begin: int, end: int) -> ast.AST:
    """The innermost statement of a body around characters of it."""
    found: ast.AST = body.tree
    for node in ast.walk(body.tree):
        if isinstance(node, ast.stmt):
            start, stop = body.span(node)
            if start <= begin and end <= stop:
                found = node
    return found


def list_tensors(row: Row) -> list[TensorType]:
    """The tensors that a row got, those in its tuples and lists included."""
    return [item for value in row.inputs for item in iterate_tensor_types(value)]


def tensor_at(row: Row, index: int) -> TensorType | None:
    """An input of a row, where it is a tensor."""
    value: Type = row.inputs[index] if index < len(row.inputs) else None
    return value if isinstance(value, TensorType) else None
