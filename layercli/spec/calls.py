"""Checks of calls that need no tensors: argument names, devices, layers as arguments, sizes that values decide."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from layercli.catalogue.dtypes import DTYPES
from layercli.catalogue.entries import Method
from layercli.catalogue.signature import Signature
from layercli.errors import SpecError, did_you_mean
from layercli.spec.values import Device, FunctionValue, Site

#: NumPy's words that PyTorch's own functions take, too.
_NUMPY_WORDS = {"axis": "dim", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other"}

#: Arguments that decide the size of a result, and so may not be tensors.
_SIZE_ARGUMENTS = frozenset(
    {
        "size", "sizes", "shape", "shapes", "dims", "repeats", "num_classes", "k", "n", "m", "row", "col", "length", "num_samples",
        "pad", "chunks", "split_size", "split_size_or_sections", "split_sizes", "indices_or_sections",
        "tensor_indices_or_sections", "output_size", "output_shape", "kernel_size", "scale_factor", "steps", "bins",
        "start_dim", "end_dim", "step", "window_length", "upscale_factor", "downscale_factor", "stride", "padding",
        "dilation", "output_padding", "groups", "N", "r",
    }
)  # fmt: skip
#: Arguments that decide where or how often something is done. PyTorch reads an int out of a tensor of one element.
_PLACE_ARGUMENTS = frozenset(
    {
        "dim",
        "dim0",
        "dim1",
        "dim2",
        "axis0",
        "axis1",
        "offset",
        "diagonal",
        "shifts",
        "edge_order",
        "decimals",
        "divisor_override",
    }
)
_MOVED = frozenset({"source", "destination"})
#: ``start`` and ``end`` decide a size in these, and are tensors like any other elsewhere (``lerp``).
_RANGES = frozenset({"arange", "range", "linspace", "logspace", "narrow", "slice_scatter"})

#: What stands for an argument whose value isn't known yet: every check lets it pass.
UNKNOWN = object()

#: Flags of losses that have None as their default; others have True or False.
_FLAGS = frozenset({"size_average"})

#: Operations whose result has a size that values decide unless this argument is given.
_NEEDED_ARGUMENTS = {
    "where": ("input", "write where(mask, a, b), or keep the mask and multiply by it"),
    "one_hot": ("num_classes", "write one_hot(x, num_classes)"),
}


#: What Python says of a call that doesn't fit, and the same in the words of a layer's inputs or a function's arguments.
_MISFITS: tuple[tuple[str, Callable[[re.Match[str], str], str]], ...] = (
    (
        r"takes (?:from )?(?:(\d+) to )?(\d+) positional arguments? but (\d+) (?:was|were) given",
        lambda found, word: _count_given(found[1], int(found[2]), int(found[3]), word),
    ),
    (
        r"missing \d+ required (?:positional|keyword-only) arguments?: (.+)",
        lambda found, word: _list_missing(re.findall(r"'(\w+)'", found[1]), word),
    ),
    (r"got an unexpected keyword argument '(\w+)'", lambda found, word: f"has no {word} {found[1]}"),
    (r"got multiple values for argument '(\w+)'", lambda found, word: f"got its {word} {found[1]} twice"),
)


def _count_given(least: str | None, most: int, given: int, word: str) -> str:
    # The layer itself is one of the arguments of its forward.
    own = int(word == "input")
    takes = f"{int(least) - own} to {most - own}" if least else f"{most - own}"
    return f"takes {takes} {word}{'s' * (most - own != 1)} and got {given - own}"


def _list_missing(names: Sequence[str], word: str) -> str:
    if len(names) == 1:
        return "needs an input" if names[0] == word == "input" else f"needs the {word} {names[0]}"
    return f"needs the {word}s {', '.join(names[:-1])} and {names[-1]}"


def explain_misfit(error: BaseException) -> str:
    """``takes 1 input and got 2`` for a layer's forward that can't be called so; empty for any other error."""
    called, _, said = str(error).partition("() ")
    return explain_call(said) if isinstance(error, TypeError) and called.endswith("forward") else ""


def explain_call(said: str, word: Literal["input", "argument"] = "input") -> str:
    """What Python says of a call that doesn't fit, from after the function's name on, in words; else nothing.

    ``word`` is what the function takes: a layer's forward takes inputs.
    """
    for pattern, say in _MISFITS:
        found = re.match(pattern, said)
        if found is not None:
            return say(found, word)
    return ""


def explain_container(kind: str, member: str, site: Site) -> SpecError:
    """A ModuleList or the like that was called. ``member`` is the name of its first one."""
    text = site.code.segment(site.node.func) if isinstance(site.node, ast.Call) else site.text
    hint = f"go through it: for layer in {text}: x = layer(x); or make it a Sequential, which runs in order"
    if kind == "ModuleDict":
        hint = f"call a member: {text}[{member or 'name'!r}](x)"
    return site.error("not-callable", f"{text} is a {kind}, which holds layers and can't be called", hint)


def explain_mask(site: Site) -> SpecError:
    """A subscript whose size would depend on the values of a mask."""
    message = "a mask as an index gives a size that depends on values"
    return site.error("value-dependent", message, "use where or masked_fill")


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


def _join_arguments(name: str, signature: Signature, arguments: Sequence[Any], site: Site) -> str:
    """What to write for tensors that should have been a list, or for an order of dimensions."""
    node = site.node
    if isinstance(node, ast.Call) and len(node.args) == len(arguments):
        texts = [site.code.segment(item) for item in node.args]
        called = site.code.segment(node.func)
        plain = [isinstance(value, (int, float, str)) for value in arguments]
        count = plain.index(True) if True in plain else len(plain)
        if next(iter(signature.by_name), "") == "tensors" and count > 1:
            listed = f"[{', '.join(texts[:count])}]"
            return f"write {called}({', '.join([listed, *texts[count:]])})"
        if name == "transpose" and all(isinstance(value, int) for value in arguments):
            return f"write {called.removesuffix('transpose')}permute({', '.join(texts)})"
    return f"{name}({signature})"


def _check_call(
    engine: Kinds,
    name: str,
    signature: Signature,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    site: Site,
) -> None:
    _check_values(engine, name, signature, arguments, keywords, site)
    kinds = [parameter.kind for parameter in signature.parameters]
    slots = sum(kind in ("positional", "positional-only") for kind in kinds)
    if len(arguments) > slots and "rest" not in kinds:
        # PyTorch still takes some of its old forms, such as add(x, 2, y).
        message = f"{name} takes {slots} argument{'s' * (slots != 1)} by place and got {len(arguments)}"
        raise site.error("too-many-arguments", message, _join_arguments(name, signature, arguments, site))
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
    if name == "to" and any(isinstance(value, (int, float)) for value in arguments[:1]):
        raise site.error("wrong-kind", f"to takes a dtype or a tensor, and this is {arguments[0]}")
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


#: Functions that take their tensors in a list.
_OF_LISTS = ("cat", "concat", "concatenate", "stack")

#: What may stand where a dtype is meant; each engine has its own kind of dtype.
_NO_DTYPES = (bool, int, float, tuple, list, dict, FunctionValue, Device)


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
        if value is UNKNOWN:
            continue
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
        # max(a, b) takes a tensor where max(a, 1) takes a dim.
        is_place = parameter in _PLACE_ARGUMENTS or (parameter in _MOVED and name in ("movedim", "moveaxis"))
        if is_place and _holds_tensor(engine, value) and name not in ("max", "min"):
            message = f"{parameter} would depend on the values of a tensor"
            texts = [site.argument(index).text for index in range(len(arguments))]
            hint = f"write {name}([{', '.join(texts)}])" if name in _OF_LISTS else "write a number"
            raise at.error("value-dependent", message, hint)
        known = signature.by_name.get(parameter)
        is_flag = known is not None and isinstance(known.default, bool)
        if (is_flag or (parameter in _FLAGS and value is not None)) and not isinstance(value, bool):
            # What PyTorch's functions in Python make of other values is up to Python, and to the values of tensors.
            shown = "a tensor" if engine.is_tensor(value) else at.text.removeprefix(f"{parameter}=")
            raise at.error("wrong-kind", f"{parameter} takes True or False, not {shown}")
        if engine.is_tensor(value) and _takes_number(name, parameter):
            raise at.error("wrong-kind", f"{parameter} takes a number, and this is a tensor")
        # The rules read True as 1 where PyTorch does so for each function that takes a size.
        if (decides or is_place) and parameter != "size" and _holds_bool(value):
            raise at.error(
                "wrong-kind", f"{parameter} takes ints, not {value!r}", "write 1 for True, 0 for False"
            )
        if parameter == "dtype" and isinstance(value, str):
            hint = (
                f"write dtype={DTYPES[value]}" if value in DTYPES else "write dtype=float32, or another dtype"
            )
            raise at.error("wrong-kind", f"a dtype is a name, and this is the text {value!r}", hint)
        if parameter == "dtype" and (isinstance(value, _NO_DTYPES) or engine.is_tensor(value)):
            raise at.error("wrong-kind", f"{name} needs a dtype such as float32 as dtype")


def _takes_number(name: str, parameter: str) -> bool:
    """Whether what PyTorch makes of a tensor for this number is up to its value, or to the other arguments."""
    if parameter in ("low", "high"):
        return name.startswith("randint")
    return parameter == "dropout_p" or (parameter == "p" and ("dropout" in name or "mvlgamma" in name))


def _holds_bool(value: Any) -> bool:
    """Whether bools stand where ints belong: PyTorch takes them for ints in some places, and not in others."""
    return isinstance(value, bool) or (
        isinstance(value, (tuple, list)) and any(isinstance(item, bool) for item in value)
    )


def _holds_tensor(engine: Kinds, value: Any) -> bool:
    return engine.is_tensor(value) or (
        isinstance(value, (tuple, list)) and any(engine.is_tensor(item) for item in value)
    )
