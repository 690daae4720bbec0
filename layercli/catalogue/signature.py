"""Signatures as data, and the binding of arguments to them, without importing torch."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from layercli.errors import suggest
from layercli.record import record


class Required:
    """The default of a parameter that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = Required()


#: Arguments as other frameworks and people call them.
_ELSEWHERE: dict[str, tuple[str, ...]] = {
    "filters": ("out_channels",), "channels": ("out_channels", "num_channels"), "units": ("out_features",),
    "in": ("in_features", "in_channels"), "out": ("out_features", "out_channels"),
    "in_dim": ("in_features", "in_channels"), "out_dim": ("out_features", "out_channels"),
    "input_dim": ("num_embeddings", "in_features", "input_size", "in_channels"),
    "output_dim": ("embedding_dim", "out_features", "out_channels"), "inputs": ("in_features", "in_channels"),
    "outputs": ("out_features", "out_channels"), "in_features": ("in_channels", "input_size"),
    "out_features": ("out_channels", "hidden_size"), "in_channels": ("in_features", "num_features"),
    "out_channels": ("out_features",), "kernel": ("kernel_size",), "ksize": ("kernel_size",), "strides": ("stride",),
    "pool_size": ("kernel_size",), "pad": ("padding",), "dilation_rate": ("dilation",), "use_bias": ("bias",),
    "hidden_dim": ("hidden_size", "dim_feedforward"), "hidden": ("hidden_size",), "layers": ("num_layers",),
    "heads": ("num_heads", "nhead"), "num_heads": ("nhead",), "nhead": ("num_heads",), "n_heads": ("num_heads", "nhead"),
    "dim": ("embed_dim", "d_model", "normalized_shape", "num_features"), "embed_dim": ("embedding_dim", "d_model"),
    "key_dim": ("embed_dim",), "ff_dim": ("dim_feedforward",), "vocab_size": ("num_embeddings",),
    "rate": ("p",), "dropout": ("p",), "prob": ("p",), "epsilon": ("eps",), "num_groups": ("groups",),
    "groups": ("num_groups",), "axis": ("dim",), "factor": ("scale_factor",),
}  # fmt: skip

#: Arguments of other frameworks that are no argument here.
_NO_ARGUMENT = {
    "activation": "leave it out, and write the activation as a layer after this one: ReLU()",
    "input_shape": "leave it out; the sizes stand under inputs",
    "kernel_initializer": "leave it out", "bias_initializer": "leave it out", "kernel_regularizer": "leave it out",
    "return_sequences": "leave it out; the layer gives every step, and out[:, -1] takes the last one",
    "data_format": "leave it out; channels are the second dimension",
    "name": "leave it out; the name is the key before the layer",
}  # fmt: skip


@record
class Parameter:
    """One parameter of a signature. ``default`` is REQUIRED, a literal, or a name (``relu``) as text."""

    name: str
    kind: Literal["positional", "keyword", "positional-only", "rest", "keywords"] = "positional"
    default: Any = REQUIRED
    text: str = ""


class BindingError(Exception):
    """Arguments don't fit. ``argument`` is the place (int) or keyword (str) at fault, None for the call."""

    def __init__(self, code: str, message: str, argument: int | str | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.argument = argument
        self.hint = hint


@record
class Signature:
    """The parameters of a callable, in order.

    ``star_by_name`` says that what ``*size`` collects may also come as one keyword: ``size=(2, 3)``.
    """

    parameters: tuple[Parameter, ...]
    star_by_name: bool = False

    @cached_property
    def by_name(self) -> Mapping[str, Parameter]:
        return {parameter.name: parameter for parameter in self.parameters}

    def __str__(self) -> str:
        parts: list[str] = []
        keyword_only = False
        kinds = [parameter.kind for parameter in self.parameters]
        for index, parameter in enumerate(self.parameters):
            if parameter.kind == "keyword" and not keyword_only:
                keyword_only = True
                if "rest" not in kinds:
                    parts.append("*")
            if parameter.kind in ("rest", "keywords"):
                parts.append(("*" if parameter.kind == "rest" else "**") + parameter.name)
            elif parameter.default is REQUIRED:
                parts.append(parameter.name)
            else:
                parts.append(f"{parameter.name}={parameter.text or repr(parameter.default)}")
            if parameter.kind == "positional-only" and "positional-only" not in kinds[index + 1 :]:
                parts.append("/")
        return ", ".join(parts)

    def _hint_argument(self, name: str, unknown: Sequence[str]) -> str:
        """What to write for arguments that aren't there, the first of which is told."""
        near = {word: self._find_near(word) for word in unknown}
        first = near[unknown[0]]
        if not first:
            return _NO_ARGUMENT.get(unknown[0]) or f"{name}({self})"
        others = [f"{word} is {meant}" for word, meant in near.items() if meant and word != unknown[0]]
        return f"did you mean {first}?" + (f" {' and '.join(others)}, too" if others else "")

    def _find_near(self, word: str) -> str:
        """The argument that a word was meant for."""
        known = [p.name for p in self.parameters if p.kind in ("positional", "keyword")]
        elsewhere = next((item for item in _ELSEWHERE.get(word, ()) if item in known), "")
        return elsewhere or " or ".join(suggest(word, known, cutoff=0.7))

    def bind(self, name: str, positional: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
        """The given arguments by parameter name, in the signature's order, defaults left out.

        ``*args`` is always there, as a tuple, and ``**kwargs`` as a dict.
        Raises BindingError with the code ``unknown-argument``, ``missing-argument``, ``doubled-argument`` or
        ``too-many-arguments``.
        """
        bound: dict[str, Any] = {}
        slots = [p for p in self.parameters if p.kind in ("positional", "positional-only")]
        rest = next((p for p in self.parameters if p.kind == "rest"), None)
        extra = next((p for p in self.parameters if p.kind == "keywords"), None)
        if len(positional) > len(slots) and rest is None:
            if slots:
                takes = f"at most {len(slots)} positional argument" + "s" * (len(slots) != 1)
            else:
                takes = "no positional arguments" if self.parameters else "no arguments"
            raise BindingError(
                "too-many-arguments",
                f"{name} takes {takes} and got {len(positional)}",
                len(slots),
                f"{name}({self})",
            )
        for slot, value in zip(slots, positional, strict=False):
            bound[slot.name] = value
        if rest is not None:
            bound[rest.name] = tuple(positional[len(slots) :])
        known = {p.name for p in self.parameters if p.kind in ("positional", "keyword")}
        others: dict[str, Any] = {}
        for keyword, value in keywords.items():
            if keyword in known:
                if keyword in bound:
                    raise BindingError(
                        "doubled-argument", f"{name} got {keyword} twice", keyword, "give it once"
                    )
                bound[keyword] = value
            elif rest is not None and self.star_by_name and keyword == rest.name and not bound[keyword]:
                bound[rest.name] = (value,)
            elif extra is not None:
                others[keyword] = value
            else:
                raise BindingError(
                    "unknown-argument",
                    f"{name} has no argument {keyword}",
                    keyword,
                    self._hint_argument(name, [word for word in keywords if word not in known]),
                )
        if extra is not None:
            bound[extra.name] = others
        missing = [
            p.name
            for p in self.parameters
            if p.default is REQUIRED
            and p.kind in ("positional", "positional-only", "keyword")
            and p.name not in bound
        ]
        if missing:
            listed = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
            raise BindingError("missing-argument", f"{name} needs {listed}", None, f"{name}({self})")
        return {p.name: bound[p.name] for p in self.parameters if p.name in bound}


def parse_signature(text: str) -> Signature:
    """Read ``"a, b=1, *, c='x'"``. A default that is no literal (``relu``) is kept as its text."""
    function = ast.parse(f"def f({text}): pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    given = function.args
    parameters: list[Parameter] = []
    positional = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults))
    defaults += given.defaults
    for argument, default in zip(positional, defaults, strict=True):
        kind: Literal["positional-only", "positional"] = (
            "positional-only" if argument in given.posonlyargs else "positional"
        )
        parameters.append(Parameter(argument.arg, kind, *_read_default(default)))
    if given.vararg is not None:
        parameters.append(Parameter(given.vararg.arg, "rest", ()))
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        parameters.append(Parameter(argument.arg, "keyword", *_read_default(default)))
    if given.kwarg is not None:
        parameters.append(Parameter(given.kwarg.arg, "keywords", ()))
    return Signature(tuple(parameters))


def _read_default(node: ast.expr | None) -> tuple[Any, str]:
    if node is None:
        return REQUIRED, ""
    text = ast.unparse(node)
    try:
        return ast.literal_eval(node), text
    except ValueError:
        return text, text
