"""Python's own functions on plain values, as far as the language has them."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from layercli.catalogue.sizes import Size
from layercli.spec.limits import current_limits
from layercli.spec.symbols import SizeFloat, apply_function, fix, round_quotient, to_float
from layercli.spec.values import Site

if TYPE_CHECKING:
    from layercli.spec.interpreter import Interpreter


def _plain_numbers(interpreter: Interpreter, values: Iterable[Any], name: str, site: Site) -> list[Any]:
    numbers = list(values)
    for value in numbers:
        if not isinstance(value, (int, float, Size)):
            raise site.error(
                "wrong-kind", f"{name} takes numbers, and this has {interpreter.describe(value)}"
            )
    if any(isinstance(value, Size) for value in numbers) and any(
        isinstance(value, float) for value in numbers
    ):
        return [fix(value) for value in numbers]
    return numbers


def _builtin_extreme(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def call(self: Interpreter, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
        values = self.iterate(arguments[0], site) if len(arguments) == 1 else arguments
        if not values:
            raise site.error("wrong-kind", f"{name} of nothing")
        return function(_plain_numbers(self, values, name, site))

    return call


def _builtin_sum(self: Interpreter, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
    if not arguments:
        raise site.error("missing-argument", "sum needs a list")
    values = self.iterate(arguments[0], site)
    total = arguments[1] if len(arguments) > 1 else 0
    for value in values:
        total = self.apply_binary(ast.Add, total, value, site)
    return total


def _builtin_prod(self: Interpreter, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
    if len(arguments) != 1:
        raise site.error("wrong-kind", "prod takes one list of numbers")
    total: Any = 1
    for value in _plain_numbers(self, self.iterate(arguments[0], site), "prod", site):
        total = self.check_plain_result(total * value, site)
    return total


#: The texts that ``float`` reads, as in ``masked_fill(mask, float('-inf'))``.
_FLOAT_WORDS = ("inf", "-inf", "nan")


def _builtin_number(function: Callable[..., Any], name: str, most: int = 1) -> Callable[..., Any]:
    def call(self: Interpreter, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
        if not 1 <= len(arguments) <= most or keywords:
            raise site.error("wrong-kind", f"{name} takes one plain value")
        value = arguments[0]
        if name == "float" and value in _FLOAT_WORDS:
            return float(value)
        if isinstance(value, str) and name in ("int", "float"):
            raise site.error("wrong-kind", f"{name} of a text", "write the number itself")
        if name == "bool":
            return self.truth(value, site)
        if isinstance(value, (Size, SizeFloat)) and len(arguments) == 1:
            return _SIZED_NUMBERS[name](value)
        if not isinstance(value, (int, float)):
            raise site.error("wrong-kind", f"{name} can't take {self.describe(value)}")
        digits = arguments[1] if len(arguments) > 1 else None
        if not (digits is None or (isinstance(digits, int) and abs(digits) <= current_limits().digits)):
            raise site.error("wrong-kind", f"{name} takes a number of digits, not {self.describe(digits)}")
        try:
            return self.check_plain_result(function(*arguments), site)
        except (TypeError, ValueError, OverflowError) as error:
            raise site.error("wrong-kind", f"this can't be computed: {error}") from None

    return call


#: The functions of one number on a size, or on a float made of sizes.
_SIZED_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "sqrt": lambda value: apply_function(math.sqrt, value),
    "abs": abs,
    "round": lambda value: value if isinstance(value, Size) else round(value),
    "int": lambda value: value if isinstance(value, Size) else round_quotient(value, "int"),
    "float": to_float,
}


def _builtin_len(self: Interpreter, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
    if len(arguments) != 1:
        raise site.error("wrong-kind", "len takes one value")
    value = arguments[0]
    if self.engine.is_layer(value) and self.engine.container_kind(value):
        return len(self.engine.container_items(value))
    if isinstance(value, (tuple, list, dict, str, range)):
        return len(value)
    raise site.error("wrong-kind", f"{self.describe(value)} has no length")


def _builtin_range(self: Interpreter, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
    # A loop goes round as often as in the trace.
    arguments = [fix(value) for value in arguments]
    if not 1 <= len(arguments) <= 3 or not all(isinstance(value, int) for value in arguments):
        raise site.error("wrong-kind", "range takes one to three ints")
    if len(arguments) == 3 and arguments[2] == 0:
        raise site.error("wrong-kind", "range can't step by 0")
    first, last, step = (0, arguments[0], 1) if len(arguments) == 1 else (*arguments, 1)[:3]
    self.check_items(max(0, (last - first + step - (1 if step > 0 else -1)) // step), site)
    return range(first, last, step)


def _builtin_enumerate(self: Interpreter, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
    start = fix(keywords.get("start", arguments[1] if len(arguments) > 1 else 0))
    if not arguments or not isinstance(start, int):
        raise site.error("wrong-kind", "enumerate takes something with items, and perhaps a start")
    values = self.iterate(arguments[0], site)
    self.pay_for(values, site, pairs=True)
    return list(enumerate(values, start))


def _builtin_zip(self: Interpreter, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
    columns = [self.iterate(value, site) for value in arguments]
    self.pay_for(min(columns, key=len, default=[]), site, pairs=True)
    return list(zip(*columns, strict=False))


def _builtin_sequence(kind: type[Any]) -> Callable[..., Any]:
    def call(self: Interpreter, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
        if len(arguments) > 1:
            raise site.error("too-many-arguments", f"{kind.__name__} takes one value")
        return kind(self.iterate(arguments[0], site)) if arguments else kind()

    return call


def _builtin_dict(self: Interpreter, arguments: list[Any], keywords: dict[str, Any], site: Site) -> Any:
    for value in arguments:
        if isinstance(value, dict):
            self.pay_for(value, site)
    try:
        return dict(
            *(value if isinstance(value, dict) else self.iterate(value, site) for value in arguments),
            **keywords,
        )
    except (TypeError, ValueError) as error:
        raise site.error("wrong-kind", str(error)) from None


BUILTIN_CALLS: dict[str, Callable[[Interpreter, list[Any], dict[str, Any], Site], Any]] = {
    "min": _builtin_extreme(min, "min"),
    "max": _builtin_extreme(max, "max"),
    "sum": _builtin_sum,
    "sqrt": _builtin_number(math.sqrt, "sqrt"),
    "prod": _builtin_prod,
    "abs": _builtin_number(abs, "abs"),
    "round": _builtin_number(round, "round", 2),
    "len": _builtin_len,
    "int": _builtin_number(int, "int"),
    "float": _builtin_number(float, "float"),
    "bool": _builtin_number(bool, "bool"),
    "range": _builtin_range,
    "enumerate": _builtin_enumerate,
    "zip": _builtin_zip,
    "tuple": _builtin_sequence(tuple),
    "list": _builtin_sequence(list),
    "dict": _builtin_dict,
}
