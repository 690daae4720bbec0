"""Checks of calls that need no tensors: argument names, devices, layers as arguments, sizes that values decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from layercli.catalogue.dtypes import DTYPES
from layercli.catalogue.entries import Method
from layercli.catalogue.signature import Signature
from layercli.errors import did_you_mean
from layercli.spec.values import Device, FunctionValue, Site

#: NumPy's words that PyTorch's own functions take, too.
_NUMPY_WORDS = {"axis": "dim", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other"}

#: Arguments that decide the size of a result, and so may not be tensors.
_SIZE_ARGUMENTS = frozenset(
    {
        "size", "sizes", "shape", "dims", "repeats", "num_classes", "k", "n", "m", "row", "col", "length", "num_samples",
        "pad", "chunks", "split_size", "split_size_or_sections", "split_sizes", "indices_or_sections",
        "tensor_indices_or_sections", "output_size", "output_shape", "kernel_size", "scale_factor", "steps", "bins",
        "start_dim", "end_dim", "step", "window_length", "upscale_factor", "downscale_factor",
    }
)  # fmt: skip
#: ``start`` and ``end`` decide a size in these, and are tensors like any other elsewhere (``lerp``).
_RANGES = frozenset({"arange", "range", "linspace", "logspace", "narrow", "slice_scatter"})

#: Operations whose result has a size that values decide unless this argument is given.
_NEEDED_ARGUMENTS = {
    "where": ("input", "write where(mask, a, b), or keep the mask and multiply by it"),
    "one_hot": ("num_classes", "write one_hot(x, num_classes)"),
}


#: What Python says of a call that a layer's forward doesn't take, and the same of its inputs.
_MISFITS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (
        r"takes (?:from )?(?:(\d+) to )?(\d+) positional arguments? but (\d+) (?:was|were) given",
        lambda found: _count_inputs(found[1], int(found[2]) - 1, int(found[3]) - 1),
    ),
    (
        r"missing \d+ required (?:positional|keyword-only) arguments?: (.+)",
        lambda found: _list_inputs(re.findall(r"'(\w+)'", found[1])),
    ),
    (r"got an unexpected keyword argument '(\w+)'", lambda found: f"has no input {found[1]}"),
    (r"got multiple values for argument '(\w+)'", lambda found: f"got its input {found[1]} twice"),
)


def _count_inputs(least: str | None, most: int, given: int) -> str:
    takes = f"{int(least) - 1} to {most}" if least else f"{most}"
    return f"takes {takes} input{'s' * (most != 1)} and got {given}"


def _list_inputs(names: Sequence[str]) -> str:
    if len(names) == 1:
        return "needs an input" if names[0] == "input" else f"needs the input {names[0]}"
    return f"needs the inputs {', '.join(names[:-1])} and {names[-1]}"


def explain_misfit(error: BaseException) -> str:
    """``takes 1 input and got 2`` for a layer's forward that can't be called so; empty for any other error."""
    called, _, said = str(error).partition("() ")
    if not isinstance(error, TypeError) or not called.endswith("forward"):
        return ""
    for pattern, say in _MISFITS:
        found = re.match(pattern, said)
        if found is not None:
            return say(found)
    return ""


class Kinds(Protocol):
    """What a check asks of an engine."""

    def is_tensor(self, value: Any) -> bool: ...
    def is_layer(self, value: Any) -> bool: ...


def check_function(
    engine: Kinds, function: FunctionValue, arguments: Sequence[Any], keywords: Mapping[str, Any], site: Site
) -> None:
    """Refuse what no tensor could make right in a call of a function. Raises SpecError."""
    signature = function.entry.signature_in(function.namespace)  # type: ignore[arg-type]
    _check_call(engine, function.entry.name, signature, arguments, keywords, site)


def check_method(
    engine: Kinds, method: Method, arguments: Sequence[Any], keywords: Mapping[str, Any], site: Site
) -> None:
    """Refuse what no tensor could make right in a call of a method. Raises SpecError."""
    _check_call(engine, method.name, method.signature_in("Tensor"), arguments, keywords, site)


def _check_call(
    engine: Kinds,
    name: str,
    signature: Signature,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    site: Site,
) -> None:
    _check_values(engine, name, signature, arguments, keywords, site)
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
            hint = did_you_mean(keyword, signature.by_name, cutoff=0.7) or f"{name}({signature})"
            raise site.argument(keyword).error("unknown-argument", f"{name} has no argument {keyword}", hint)
    if name == "to" and any(isinstance(value, str) for value in arguments):
        raise site.error(
            "refused-argument", "a spec names no device", "leave it out; --device says where it runs"
        )
    given = [value for value in (*arguments, *keywords.values()) if isinstance(value, int)]
    asked = name == "one_hot" and -1 in given
    if asked or (name in _NEEDED_ARGUMENTS and len(arguments) + len(keywords) == 1):
        how = "num_classes=-1" if asked else "one argument"
        message = f"{name} with {how} gives a size that depends on values, not on shapes"
        raise site.error("value-dependent", message, _NEEDED_ARGUMENTS[name][1])


def _check_values(
    engine: Kinds,
    name: str,
    signature: Signature,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    site: Site,
) -> None:
    """Refuse layers as arguments, and tensors where a number decides the size of the result."""
    slots = [parameter.name for parameter in signature.parameters if parameter.kind != "keyword"]
    rest = next((parameter.name for parameter in signature.parameters if parameter.kind == "rest"), "")
    places: list[tuple[int | str, str, Any]] = [
        (index, slots[index] if index < len(slots) else rest, value) for index, value in enumerate(arguments)
    ]
    places += [(keyword, keyword, value) for keyword, value in keywords.items()]
    for key, parameter, value in places:
        at = site.argument(key)
        if engine.is_layer(value):
            raise at.error(
                "layer-not-called",
                f"{at.text} is a layer, and {name} takes its result",
                f"write {at.text}(x)",
            )
        decides = parameter in _SIZE_ARGUMENTS or (parameter in ("start", "end") and name in _RANGES)
        if decides and _holds_tensor(engine, value):
            message = f"the size of what {name} gives would depend on the values of a tensor"
            raise at.error("value-dependent", message, "write a number, or a size such as x.shape[1]")
        if parameter == "dtype" and isinstance(value, str):
            hint = (
                f"write dtype={DTYPES[value]}" if value in DTYPES else "write dtype=float32, or another dtype"
            )
            raise at.error("wrong-kind", f"a dtype is a name, and this is the text {value!r}", hint)


def _holds_tensor(engine: Kinds, value: Any) -> bool:
    return engine.is_tensor(value) or (
        isinstance(value, (tuple, list)) and any(engine.is_tensor(item) for item in value)
    )
