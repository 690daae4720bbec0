"""What a layer is given: arguments bound to its signature, values that none may be, and why a value is no layer."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from layercli.catalogue.dtypes import DTYPES
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS, REFUSED_ARGUMENTS
from layercli.catalogue.signature import BindingError, Signature
from layercli.errors import Position, Problem, SpecError
from layercli.plan.records import LayerPlan, Recipe, block_signature, format_value
from layercli.spec.expressions import Expression
from layercli.spec.interpreter import Interpreter
from layercli.spec.model import LayerValue, NamedLayers, NumberedLayers
from layercli.spec.names import find_class, resolve_prefix
from layercli.spec.values import (
    BlockClass,
    Builtin,
    Device,
    Dtype,
    FunctionValue,
    LayerClass,
    Site,
    TensorClass,
    WrapperClass,
)

PLAIN = (bool, int, float, str, type(None))


def error_at(code: str, message: str, position: Position, hint: str = "") -> SpecError:
    """An error with one problem."""
    return SpecError(Problem(code, message, position, hint=hint))


def blame_argument(plan: LayerPlan, problem: Problem, argument: str = "") -> Problem:
    """The problem of a layer that can't be made, at ``argument``; else at the one that it names last, which is the one
    that has to fit the others.

    A complaint that names none may show the value of one.
    """
    words = re.findall(r"[\w.+-]+", problem.message)
    named = list(dict.fromkeys(word for word in words if word in plan.argument_sites))
    if argument in plan.argument_sites:
        named = [*(name for name in named if name != argument), argument]
    if not named:
        shown = [name for name in plan.argument_sites if format_value(plan.arguments.get(name)) in words]
        named = shown if len(shown) == 1 else []
    if not named:
        return problem
    *others, last = [(name, f"{name} is {format_value(plan.arguments[name])}") for name in named]
    notes = (" and ".join(text for _, text in others),) if others else ()
    return replace(problem, position=plan.locate(last[0]), label=last[1], notes=(*problem.notes, *notes))


def bind(
    name: str, signature: Signature, arguments: Sequence[Any], keywords: Mapping[str, Any], site: Site
) -> dict[str, Any]:
    """Arguments by parameter name. Raises SpecError at the argument that doesn't fit."""
    for keyword in keywords:
        if keyword in REFUSED_ARGUMENTS and keyword not in signature.by_name:
            reason = REFUSED_ARGUMENTS[keyword]
            message = f"{keyword} can't be given in a spec: {reason}"
            raise site.argument(keyword).error("refused-argument", message, "leave it out")
    try:
        return signature.bind(name, arguments, keywords)
    except BindingError as error:
        raise site.argument(error.argument).error(error.code, error.message, error.hint) from None


def argument_sites(
    signature: Signature, arguments: Sequence[Any], keywords: Mapping[str, Any], site: Site
) -> dict[str, Site]:
    """Where each bound argument stands."""
    names = [
        parameter.name
        for parameter in signature.parameters
        if parameter.kind in ("positional", "positional-only")
    ]
    places: dict[str, int | str] = {name: index for index, name in enumerate(names[: len(arguments)])}
    places |= {name: name for name in keywords}
    return {name: site.argument(key) for name, key in places.items()}


def check_argument(layer: str, name: str, value: Any, position: Position) -> None:
    """Refuse values that no constructor may be given from a spec."""
    if name == "dtype" and value is not None and not isinstance(value, Dtype):
        hint = f"write dtype={DTYPES[value]}" if isinstance(value, str) and value in DTYPES else ""
        message = f"dtype needs a dtype, such as float32, not {describe_plain(value)}"
        raise error_at("wrong-kind", message, position, hint)
    if name in _COUNTS:
        _check_count(layer, name, value, position)
    if name in _WINDOWS:
        _check_window(layer, name, value, position)
    if name in _RANGES and isinstance(value, int) and not isinstance(value, bool):
        _check_range(layer, name, value, position)
    if isinstance(value, FunctionValue):
        if name in _TEXTS:
            hint = f"text needs quotes: '{value.entry.name}'"
            message = f"{name} of {layer} is a text, and this is the function {value.entry.name}"
            raise error_at("wrong-kind", message, position, hint)
        if value.entry.creates or value.entry.random:
            hint = f"name a function such as relu or gelu, or write its name as text: '{value!r}'"
            raise error_at("refused-argument", f"{value!r} can't be a layer's {name}", position, hint)
        _check_kind(layer, name, value, position)
        return
    if isinstance(value, (Builtin, LayerClass, BlockClass, WrapperClass, TensorClass)):
        made = isinstance(value, (LayerClass, BlockClass))
        hint = f"write {value!r}()" if made else "name a function such as relu or gelu"
        raise error_at("wrong-kind", f"{name} of {layer} can't be {value!r}", position, hint)
    if isinstance(value, Device):
        raise error_at("refused-argument", "device can't be given in a spec", position)
    _check_kind(layer, name, value, position)
    if isinstance(value, (tuple, list)):
        for item in value:
            check_argument(layer, name, item, position)
        return
    if not isinstance(value, (*PLAIN, Dtype, LayerPlan, Recipe, dict, range)):
        raise error_at("wrong-kind", f"{name} of {layer} can't be {value!r}", position)


def explain_no_layer(interpreter: Interpreter, code: Expression, value: Any) -> SpecError:
    """Why a value can't stand in ``layers``, and what may have been meant."""
    text = code.segment(code.tree)
    if isinstance(value, (LayerClass, BlockClass)):
        return code.problem(
            "layer-not-called",
            f"{text} is a class, not a layer",
            code.tree,
            f"write {text}(...)" if value_needs(value) else f"write {text}()",
        )
    if isinstance(value, FunctionValue):
        close = [name for name in LAYERS if name.lower() == value.entry.name.replace("_", "").lower()]
        hint = f"write {close[0]}()" if close else "call it in `forward`"
        return code.problem("not-a-layer", f"{text} is a function, not a layer", code.tree, hint)
    if isinstance(value, Recipe):
        return code.problem(
            "not-a-layer", f"{text} is a tensor", code.tree, f"write Parameter({text}) or Buffer({text})"
        )
    hint = "a plain value belongs in `params`" if isinstance(value, PLAIN) else ""
    if isinstance(value, tuple) and text.endswith(","):
        hint = f"leave out the comma at the end: {text.removesuffix(',')}"
    return code.problem("not-a-layer", f"{interpreter.describe(value)} is no layer", code.tree, hint)


def refuse_class_as_key(interpreter: Interpreter, name: str, value: LayerValue, position: Position) -> None:
    """``Block: {cin: 16, cout: 16}``: a class in the place of a layer's name, and its arguments below it."""
    target = find_class(name, interpreter.scope.definitions)
    if not isinstance(target, (LayerClass, BlockClass)):
        return
    signature = target.entry.signature if isinstance(target, LayerClass) else block_signature(target.block)
    if isinstance(value, NamedLayers):
        given = {entry.name: entry.value for entry in value.entries}
        if not given or not set(given) <= set(signature.by_name):
            return
        texts = {key: _write_argument(item) for key, item in given.items()}
        by_name = ", ".join(f"{key}: {text}" for key, text in texts.items())
        in_call = ", ".join(f"{key}={text}" for key, text in texts.items())
        hint = f"write {name}({in_call}), or {{type: {name}, {by_name}}}"
    elif isinstance(value, NumberedLayers):
        texts_in_order = [_write_argument(item) for item in value.items]
        plain = [isinstance(item, Expression) and isinstance(item.tree, ast.Constant) for item in value.items]
        if not plain or not all(plain):
            return
        hint = f"write {name}({', '.join(texts_in_order)})"
    else:
        return
    raise error_at("not-a-layer", f"{name} is a class, and its arguments stand below it", position, hint)


def _write_argument(value: LayerValue) -> str:
    if isinstance(value, NumberedLayers):
        return f"[{', '.join(map(_write_argument, value.items))}]"
    return value.segment(value.tree) if isinstance(value, Expression) else "..."


def find_layer_of(function: str) -> str:
    """The layer that does what a function does, by its name; empty where there is none."""
    plain = function.replace("_", "").lower()
    return next((name for name in LAYERS if name.lower() == plain), "")


def refuse_function(interpreter: Interpreter, code: Expression) -> None:
    """``conv: conv2d(1, 6, 3)``: a function where the layer of nearly the same name is meant."""
    tree = code.tree
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, (ast.Name, ast.Attribute)):
        return
    name = tree.func.id if isinstance(tree.func, ast.Name) else tree.func.attr
    if name not in FUNCTIONS or name in interpreter.scope.params:
        return
    layer = find_layer_of(name)
    if not layer or layer == name:
        return
    if isinstance(tree.func, ast.Attribute) and resolve_prefix(tree.func.value) not in ("F", "torch"):
        return
    whole, function = code.segment(tree), code.segment(tree.func)
    hint = f"write {layer}{whole.removeprefix(function)}"
    raise code.problem("not-a-layer", f"{name} is a function, not a layer", tree.func, hint)


def describe_plain(value: Any) -> str:
    """A value in a message, cut where it is long."""
    shown = repr(value) if isinstance(value, PLAIN) else f"a {type(value).__name__}"
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return f"the text {shown}" if isinstance(value, str) else shown


#: Arguments of layers that are numbers of something, or several of them.
_COUNTS = frozenset(
    {
        "in_features", "out_features", "in1_features", "in2_features", "in_channels", "out_channels", "kernel_size",
        "groups", "num_features", "num_channels", "num_groups", "normalized_shape", "num_embeddings", "embedding_dim",
        "input_size", "hidden_size", "num_layers", "embed_dim", "num_heads", "d_model", "nhead", "dim_feedforward",
        "num_encoder_layers", "num_decoder_layers", "num_parameters", "upscale_factor", "downscale_factor",
    }
)  # fmt: skip


#: Arguments of layers that lay out windows, and how large one may be: some kernels count in 32 bits.
_WINDOWS = frozenset(
    {"kernel_size", "stride", "padding", "dilation", "output_padding", "output_size", "size", "scale_factor"}
)
_MOST_WINDOW = 2**31 - 1


#: Arguments of which PyTorch takes more than its kernels stand: the least int64 by -1 ends the process, and as many rounds as
#: an int64 counts never end. Wherever a layer stands, these are looked at before it is made.
_RANGES = {"divisor_override": (1, _MOST_WINDOW), "n_power_iterations": (1, 10_000)}


#: Arguments of layers that are texts.
_TEXTS = frozenset({"mode", "padding_mode", "padding", "reduction", "nonlinearity", "approximate"})


def _check_window(layer: str, name: str, value: Any, position: Position) -> None:
    for item in value if isinstance(value, (tuple, list)) else (value,):
        if isinstance(item, (int, float)) and abs(item) > _MOST_WINDOW:
            message = f"{name} of {layer} is at most {_MOST_WINDOW}, and this is {describe_plain(item)}"
            raise error_at("invalid-argument", message, position)


def _check_range(layer: str, name: str, value: int, position: Position) -> None:
    least, most = _RANGES[name]
    if not least <= value <= most:
        message = (
            f"{name} of {layer} is at least {least} and at most {most}, and this is {describe_plain(value)}"
        )
        raise error_at("invalid-argument", message, position)


def _check_count(layer: str, name: str, value: Any, position: Position) -> None:
    """A number of features, channels or the like is an int of at least 0."""
    _check_single(layer, name, value, position)
    for item in value if isinstance(value, (tuple, list)) else (value,):
        if isinstance(item, int) and not isinstance(item, bool) and item >= 0:
            continue
        hint = "write // for a whole number" if isinstance(item, float) and math.isfinite(item) else ""
        if isinstance(item, str) and item.isdigit():
            hint = f"write {item} without quotes"
        if isinstance(item, int) and item < 0:
            hint = f"write {-item}"
        message = f"{name} of {layer} is an int of at least 0, and this is {describe_plain(item)}"
        raise error_at("wrong-kind", message, position, hint)


#: Arguments of layers that are True or False, ints or several of them, and numbers or several of them.
_FLAGS = frozenset(
    {
        "add_bias_kv", "add_zero_attn", "affine", "align_corners", "batch_first", "bias", "bidirectional", "ceil_mode",
        "count_include_pad", "elementwise_affine", "enable_nested_tensor", "full", "head_bias", "include_last_offset",
        "inplace", "keepdim", "log_input", "log_target", "mask_check", "norm_first", "recompute_scale_factor", "reduce",
        "return_indices", "scale_grad_by_freq", "size_average", "sparse", "swap", "track_running_stats", "zero_infinity",
        "_freeze",
    }
)  # fmt: skip
_INTS = frozenset(
    {
        "blank", "cutoffs", "dilation", "dim", "divisor_override", "end_dim", "ignore_index", "kdim", "n_classes",
        "num_classes", "output_padding", "output_size", "padding", "padding_idx", "proj_size", "size", "start_dim",
        "stride", "unflattened_size", "vdim",
    }
)  # fmt: skip
_NUMBERS = frozenset(
    {
        "alpha", "beta", "delta", "div_value", "dropout", "eps", "init", "k", "label_smoothing", "lambd",
        "layer_norm_eps", "lower", "margin", "max_norm", "max_val", "max_value", "min_val", "min_value", "momentum",
        "negative_slope", "norm_type", "output_ratio", "p", "scale_factor", "threshold", "upper", "value",
    }
)  # fmt: skip
#: Of the counts, the ints and the numbers, those of which there may be one for each dimension.
_SEVERAL = frozenset(
    {
        "cutoffs", "dilation", "kernel_size", "normalized_shape", "out_features", "output_padding", "output_ratio",
        "output_size", "padding", "scale_factor", "size", "stride", "unflattened_size",
    }
)  # fmt: skip
#: What may be None though its default isn't: no bias, a cumulative average.
_OPTIONAL = frozenset({"bias", "momentum"})


def _check_kind(layer: str, name: str, value: Any, position: Position) -> None:
    """An argument that is a plain value is one of its kind, and no tensor."""
    entry = LAYERS.get(layer)
    parameter = None if entry is None else entry.signature.by_name.get(name)
    if parameter is None or (value is None and (parameter.default is None or name in _OPTIONAL)):
        return
    if name in _FLAGS and not isinstance(value, bool):
        message = f"{name} of {layer} is True or False, and this is {_describe_given(value)}"
        raise error_at("wrong-kind", message, position, "write True or False")
    if name == "distance_function" and not isinstance(value, (FunctionValue, LayerPlan)):
        message = f"{name} of {layer} is a function or a layer, and this is {_describe_given(value)}"
        raise error_at(
            "wrong-kind", message, position, "name one: F.pairwise_distance, or PairwiseDistance()"
        )
    if name not in _INTS and name not in _NUMBERS:
        return
    # Padding may be 'same', and a size that pooling keeps is None.
    if (name == "padding" and isinstance(value, str)) or isinstance(value, range):
        return
    _check_single(layer, name, value, position)
    takes: tuple[type, ...] = (int, float) if name in _NUMBERS else (int,)
    for item in value if isinstance(value, (tuple, list)) else (value,):
        if isinstance(item, bool) or not isinstance(item, takes):
            if item is None and name == "output_size":
                continue
            kind = "a number" if name in _NUMBERS else "an int"
            message = f"{name} of {layer} is {kind}, and this is {_describe_given(item)}"
            raise error_at("wrong-kind", message, position)


def _check_single(layer: str, name: str, value: Any, position: Position) -> None:
    if isinstance(value, (tuple, list)) and name not in _SEVERAL:
        message = f"{name} of {layer} is one number, and this is {describe_plain(value)}"
        raise error_at("wrong-kind", message, position)


def _describe_given(value: Any) -> str:
    if isinstance(value, Recipe):
        return "a tensor"
    return f"the function {value!r}" if isinstance(value, FunctionValue) else describe_plain(value)


def value_needs(value: LayerClass | BlockClass) -> bool:
    """Whether a class can't be made without arguments."""
    signature = value.entry.signature if isinstance(value, LayerClass) else block_signature(value.block)
    try:
        signature.bind("", [], {})
    except BindingError:
        return True
    return False
