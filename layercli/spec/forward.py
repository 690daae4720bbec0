"""One call of a block with either engine: its inputs by name, then its statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from layercli.errors import Problem, SpecError
from layercli.spec.expressions import Expression
from layercli.spec.interpreter import Interpreter
from layercli.spec.model import Block


class InputsRefused(SpecError):
    """A block was called with other inputs than it has. Whoever knows the call puts the problem there."""


def bind_inputs(
    interpreter: Interpreter,
    block: Block,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    *,
    is_root: bool,
) -> dict[str, Any]:
    """The arguments of one call by name. Raises InputsRefused where Python would raise TypeError."""
    names = [item.name for item in block.inputs]

    def error(code: str, message: str) -> SpecError:
        hint = f"its inputs are {', '.join(names)}" if names else "it has no inputs"
        return InputsRefused(Problem(code, message, block.position, hint=hint))

    if len(arguments) > len(names):
        takes = f"{len(names)} input{'s' * (len(names) != 1)}"
        raise error("too-many-arguments", f"{block.name} takes {takes} and got {len(arguments)}")
    bound = dict(zip(names, arguments, strict=False))
    for name, value in keywords.items():
        if name not in names:
            raise error("unknown-argument", f"{block.name} has no input {name}")
        if name in bound:
            raise error("doubled-argument", f"{block.name} got its input {name} twice")
        bound[name] = value
    for item in block.inputs:
        if item.name in bound:
            continue
        # The values of the model's own inputs are examples, not defaults.
        if is_root or not isinstance(item.value, Expression):
            raise error("missing-argument", f"{block.name} needs the input {item.name}")
        bound[item.name] = interpreter.evaluate(item.value)
    return {name: bound[name] for name in names}


def run_forward(interpreter: Interpreter, block: Block, run_in_order: Callable[[Any], Any]) -> Any:
    """What a block gives for the inputs that are bound in the interpreter's scope."""
    first = interpreter.scope.locals[block.inputs[0].name] if block.inputs else None
    if block.forward is None:
        return run_in_order(first)
    if block.forward.style == "block":
        return interpreter.execute_block(block.forward.bodies[0])
    return interpreter.execute_list(block.forward.bodies, first)
