"""Text -> size: formulas over dims, as ``format_size`` writes them."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, Final

from layercli.catalogue.polynomials import MAXIMAL_DEGREE, SizeTooComplex
from layercli.catalogue.sizes import AnySize, Size, format_size, make_dim

#: Longer formulas aren't read.
MAX_LENGTH = 10_000
#: What dims are while a formula is read: so large that nothing is a division by zero but what always is.
_SIZE = 1_000_003

_OPERATORS: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_SIGNS: Final = re.compile(r" (==|!=|<=|>=|<|>) ")


@lru_cache(maxsize=4096)
def normalise_size(text: str, dims: frozenset[str]) -> str:
    """A formula over some dims as ``format_size`` writes it. Raises ValueError for anything else."""
    return format_size(parse_size(text, dims))


def parse_size(text: str, dims: Collection[str]) -> AnySize:
    """The size that a formula over some dims says. Raises ValueError for anything else."""
    if len(text) > MAX_LENGTH:
        raise ValueError("a formula is shorter")
    try:
        return _evaluate(ast.parse(text, mode="eval").body, dims)
    except (SyntaxError, RecursionError, MemoryError, ZeroDivisionError, SizeTooComplex) as error:
        raise ValueError(f"{text!r} is no formula") from error


def check_condition(text: str, dims: Collection[str]) -> None:
    """Raise ValueError unless a text compares two formulas over some dims, as ``Condition`` writes it."""
    parts = _SIGNS.split(text)
    if len(parts) != 3:
        raise ValueError(f"{text!r} compares no two formulas")
    parse_size(parts[0], dims)
    parse_size(parts[2], dims)


def _evaluate(node: ast.expr, dims: Collection[str]) -> AnySize:
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return number
        case ast.Name(id=name) if name in dims:
            return make_dim(name, _SIZE)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand, dims)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(exponent))):
            base = _evaluate(left, dims)
            if isinstance(base, Size) and 0 <= exponent <= MAXIMAL_DEGREE:
                return base**exponent
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            result: AnySize = _OPERATORS[type(sign)](_evaluate(left, dims), _evaluate(right, dims))
            return result
    raise ValueError(f"{ast.unparse(node)} is no formula over dims")
