"""Values of options that need no conversion: for every other one typer loads pydantic, which takes 0.1 s."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def pass_plain_values(parameters: list[Any]) -> None:
    """Let defaults, absent values and texts by typer's conversion; whatever else comes takes typer's way."""
    for parameter in parameters:
        parameter.process_value = _passing(parameter, parameter.process_value)


def _passing(parameter: Any, convert: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    nothing = () if parameter.multiple or parameter.nargs == -1 else None
    # Releases of typer that don't say what a parameter takes don't use pydantic either.
    taken = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)

    def process(context: Any, value: Any) -> Any:
        if value is None and not parameter.required:
            value = nothing
        elif not _is_plain(value, taken) and (value is not parameter.default or parameter.required):
            return convert(context, value)
        return value if parameter.callback is None else parameter.callback(context, parameter, value)

    return process


def _is_plain(value: Any, taken: Any) -> bool:
    """Whether a value is the text, or a list of the texts, that a parameter takes."""
    if taken is str:
        return isinstance(value, str)
    return taken == list[str] and bool(value) and all(isinstance(item, str) for item in value)
