"""Values of a forward that go nowhere: liveness of names, from the last statement to the first."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence, Set

from layercli.errors import Problem
from layercli.spec.expressions import Code
from layercli.spec.model import Block
from layercli.spec.names import resolve_prefix

#: The name of the running value of a list of statements, which no local can have.
RUNNING = ""

#: Methods that change what they are called on.
_CHANGING = frozenset({"append", "extend"})

Statement = tuple[Code, ast.stmt]


def find_unused_values(block: Block, changes: Callable[[str], bool]) -> Iterator[Problem]:
    """A warning for each value of a block's forward that is computed and not used.

    ``changes`` says of a layer's name whether its call may change what it is given.
    """
    if block.forward is None:
        return
    statements = [(body, statement) for body in block.forward.bodies for statement in body.statements]
    flow = _Flow(block, changes, listed=block.forward.style == "list")
    flow.pass_over(statements, {RUNNING} if flow.listed else set(), tell=True)
    yield from reversed(flow.problems)


class _Flow:
    """Walks statements backwards with the names that are still read after each."""

    def __init__(self, block: Block, changes: Callable[[str], bool], *, listed: bool) -> None:
        self.block = block
        self.changes = changes
        self.listed = listed
        self.problems: list[Problem] = []
        self.inputs = {item.name for item in block.inputs}
        trees = [body.tree for body in block.forward.bodies] if block.forward is not None else []
        names = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)]
        self.read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        self.stored = {node.id for node in names if isinstance(node.ctx, ast.Store)} | self.inputs
        #: What is read where a loop is left, or begun anew.
        self.loops: list[tuple[Set[str], Set[str]]] = []

    def pass_over(self, statements: Sequence[Statement], live: Set[str], *, tell: bool) -> Set[str]:
        """The names that are read from the first statement on, where ``live`` are those read after the last."""
        for code, statement in reversed(statements):
            live = self.pass_one(code, statement, live, tell=tell)
        return live

    def pass_one(self, code: Code, statement: ast.stmt, live: Set[str], *, tell: bool) -> Set[str]:
        if isinstance(statement, ast.Assign):
            return self.assign(code, statement, live, tell=tell)
        if isinstance(statement, ast.AugAssign):
            # It may change a tensor that has other names, so it is never for nothing.
            return (live - {RUNNING}) | self.reads(statement)
        if isinstance(statement, ast.Expr):
            return self.evaluate(code, statement.value, live, tell=tell)
        if isinstance(statement, ast.Return):
            return self.reads(statement)
        if isinstance(statement, ast.If):
            either = self.inside(code, statement.body, live, tell=tell)
            either = either | self.inside(code, statement.orelse, live, tell=tell)
            return either | self.reads(statement.test)
        if isinstance(statement, ast.For):
            targets = {node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name)}
            # A statement adds what it reads and takes away what it sets, whatever is read later: one round finds all.
            self.loops.append((live, live))
            head = live | (self.inside(code, statement.body, live, tell=False) - targets)
            self.loops.pop()
            if tell:
                self.loops.append((live, head))
                self.inside(code, statement.body, head, tell=True)
                self.loops.pop()
            return head | self.reads(statement.iter)
        if isinstance(statement, ast.Break):
            return self.loops[-1][0]
        if isinstance(statement, ast.Continue):
            return self.loops[-1][1]
        return live | self.reads(statement)

    def inside(self, code: Code, statements: Sequence[ast.stmt], live: Set[str], *, tell: bool) -> Set[str]:
        return self.pass_over([(code, statement) for statement in statements], live, tell=tell)

    def assign(self, code: Code, statement: ast.Assign, live: Set[str], *, tell: bool) -> Set[str]:
        target = statement.targets[0]
        targets = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
        used = targets & live or (self.listed and RUNNING in live)
        named = [name for name in sorted(targets) if name.startswith("_")]
        if tell and not used and not named and not self.has_effect(statement.value):
            name = code.segment(target)
            message = f"{name} {'are' if len(targets) > 1 else 'is'} assigned and never used"
            hint = "use it, or leave the line out"
            if targets & self.read:
                message = f"this value of {name} is never used: {name} gets another one before it is read"
                hint = f"use it before that, or give it another name than {name}"
            self.tell(code, target, message, hint)
        return (live - targets - {RUNNING}) | self.reads(statement.value)

    def evaluate(self, code: Code, node: ast.expr, live: Set[str], *, tell: bool) -> Set[str]:
        rest = live - {RUNNING}
        if self.listed and self.takes_running(node):
            if tell and RUNNING not in live and not self.changes(code.segment(node).removeprefix("self.")):
                message = f"the value of {code.segment(node)} is never used"
                self.tell(code, node, message, "use it in the next statement, or leave it out")
            return rest | self.reads(node) | {RUNNING}
        if tell and RUNNING not in live and not isinstance(node, ast.Constant) and not self.has_effect(node):
            shown = code.segment(node)
            first = node.args[0] if isinstance(node, ast.Call) and node.args else None
            name = first.id if isinstance(first, ast.Name) and first.id in self.stored else "y"
            self.tell(code, node, f"the value of {shown} is never used", f"write {name} = {shown}")
        return rest | self.reads(node)

    def takes_running(self, node: ast.expr) -> bool:
        """Whether a statement may be a layer or function that is called on the running value."""
        if isinstance(node, ast.Name):
            return node.id not in self.stored
        return isinstance(node, (ast.Attribute, ast.Subscript)) and not self.reads(node) & self.stored

    def has_effect(self, node: ast.expr) -> bool:
        """Whether evaluating something may do more than give a value."""
        return any(isinstance(part, ast.Call) and self.changes_inputs(part) for part in ast.walk(node))

    def changes_inputs(self, call: ast.Call) -> bool:
        function = call.func
        if any(keyword.arg in (None, "inplace", "out") for keyword in call.keywords):
            return True
        if isinstance(function, ast.Attribute):
            prefix = resolve_prefix(function.value)
            if prefix is None:
                return function.attr.endswith("_") or function.attr in _CHANGING
            return self.changes(function.attr) if prefix == "self" else self.is_changing(function.attr, call)
        if not isinstance(function, ast.Name):
            return True
        if function.id in self.block.layer_set:
            return self.changes(function.id)
        return function.id in self.stored or self.is_changing(function.id, call)

    def is_changing(self, name: str, call: ast.Call) -> bool:
        """Whether a function writes into what it is given: by its name, or by a further argument, as in ``relu(x, True)``."""
        last = call.args[-1] if len(call.args) > 1 else None
        return name.endswith("_") or (isinstance(last, ast.Constant) and last.value is True)

    def reads(self, node: ast.AST) -> Set[str]:
        return {
            part.id
            for part in ast.walk(node)
            if isinstance(part, ast.Name)
            and (isinstance(part.ctx, ast.Load) or isinstance(node, ast.AugAssign))
        }

    def tell(self, code: Code, node: ast.expr, message: str, hint: str) -> None:
        place = code.position(node)
        self.problems.append(Problem("unused-value", message, place, severity="warning", hint=hint))
