"""Checks of calls that need no tensors: argument names, devices, sizes that values would decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from layercli.catalogue.entries import Method
from layercli.catalogue.signature import Signature
from layercli.errors import did_you_mean
from layercli.spec.interpreter import Device, Engine, FunctionValue, Site

#: NumPy's words that PyTorch's own functions take, too.
_NUMPY_WORDS = {"axis": "dim", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other"}

#: Operations whose size would depend on values if this argument were a tensor.
_SIZE_ARGUMENTS = {
    "repeat_interleave": ("repeats", "write repeats as an int"),
    "tensor_split": ("tensor_indices_or_sections", "write the sections as ints"),
}


def check_function(
    engine: Engine, function: FunctionValue, arguments: Sequence[Any], keywords: Mapping[str, Any], site: Site
) -> None:
    """Refuse what no tensor could make right in a call of a function. Raises SpecError."""
    signature = function.entry.signature_in(function.namespace)  # type: ignore[arg-type]
    _check_call(engine, function.entry.name, signature, arguments, keywords, site)


def check_method(
    engine: Engine, method: Method, arguments: Sequence[Any], keywords: Mapping[str, Any], site: Site
) -> None:
    """Refuse what no tensor could make right in a call of a method. Raises SpecError."""
    _check_call(engine, method.name, method.signature_in("Tensor"), (None, *arguments), keywords, site)


def _check_call(
    engine: Engine,
    name: str,
    signature: Signature,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    site: Site,
) -> None:
    takes_any = any(parameter.kind == "keywords" for parameter in signature.parameters)
    for keyword, value in keywords.items():
        if keyword == "device":
            if value is not None and not isinstance(value, Device):
                raise site.argument(keyword).error(
                    "refused-argument",
                    "a spec names no device",
                    "leave it out, or write device=x.device; --device says where it runs",
                )
        elif (
            keyword not in signature.by_name
            and not takes_any
            and _NUMPY_WORDS.get(keyword) not in signature.by_name
        ):
            hint = did_you_mean(keyword, signature.by_name) or f"{name}({signature})"
            raise site.argument(keyword).error("unknown-argument", f"{name} has no argument {keyword}", hint)
    if name == "to" and any(isinstance(value, str) for value in arguments):
        raise site.error(
            "refused-argument", "a spec names no device", "leave it out; --device says where it runs"
        )
    if name in _SIZE_ARGUMENTS:
        keyword, hint = _SIZE_ARGUMENTS[name]
        deciding = [*arguments[1:2], keywords.get(keyword), keywords.get("indices_or_sections")]
        if any(engine.is_tensor(value) for value in deciding):
            raise site.error("value-dependent", f"the size of what {name} gives would depend on values", hint)
