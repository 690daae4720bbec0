"""One forward with its layers while it is drawn, and the same as Python that PyTorch runs at once.

What a model may do next is found by trying it: each statement is run by Python on real tensors before it is kept, so
that neither engine of layercli decides what a legal model is.
"""

from __future__ import annotations

import builtins
import math
import random
import re
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations

from layercli.catalogue.dtypes import DTYPES
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from tests.derive.proving import VALUE_ERRORS

#: Elements of a tensor that a generated model may have.
MAX_ELEMENTS = 40_000

#: What Python raises about a statement that PyTorch refuses.
REFUSALS = (
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    AssertionError,
    ArithmeticError,
)


def make_parameter(*values: Any, requires_grad: bool = True) -> nn.Parameter:
    """``Parameter(zeros(2, 3))``, or ``Parameter(2, 3)`` in short."""
    tensor = values[0] if isinstance(values[0], torch.Tensor) else torch.zeros(*values)
    return nn.Parameter(tensor, requires_grad=requires_grad and tensor.is_floating_point())


def find_names() -> dict[str, Any]:
    """Every name of the language that Python finds as the language does."""
    names: dict[str, Any] = {name: getattr(torch, name) for name in DTYPES}
    for name, form in FUNCTIONS.items():
        names[name] = getattr(nn.functional if "F" in form.namespaces else torch, name)
    names |= {name: getattr(nn, name) for name in LAYERS}
    names |= {
        name: getattr(parametrizations, name) for name in ("weight_norm", "spectral_norm", "orthogonal")
    }
    plain = (len, int, float, bool, range, enumerate, zip, tuple, list, dict, min, max, sum, abs, round)
    names |= {function.__name__: function for function in plain}
    names |= {
        "OrderedDict": OrderedDict,
        "ParameterList": nn.ParameterList,
        "ParameterDict": nn.ParameterDict,
    }
    names |= {"Parameter": make_parameter, "Buffer": nn.Buffer, "math": math, "torch": torch, "nn": nn}
    return names | {"F": nn.functional, "prod": math.prod, "sqrt": math.sqrt, "__builtins__": builtins}


NAMES = find_names()


class Self:
    """``self`` in a forward: layers, params and ``training``."""

    def __init__(self, names: Mapping[str, Any], training: bool) -> None:
        self.__dict__.update(names)
        self.__dict__["training"] = training


@dataclass(frozen=True)
class BlockText:
    """A block: its params with their defaults, its inputs, layers as Python writes them, statements and result."""

    name: str
    params: Mapping[str, Any]
    inputs: Sequence[str]
    layers: Mapping[str, str]
    python: Mapping[str, str]
    statements: Sequence[str]
    result: str


class BlockModule(nn.Module):
    """A block as PyTorch's class."""

    def __init__(self, text: BlockText, blocks: Mapping[str, Any], *given: Any, **named: Any) -> None:
        super().__init__()
        # Layers may have any of the names that an attribute would have here.
        params = {**text.params, **dict(zip(text.params, given, strict=False)), **named}
        for name, made in text.python.items():
            setattr(self, name, eval(made, {**NAMES, **blocks, **params}))
        code = compile("\n".join([*text.statements, f"result_ = {text.result}"]), text.name, "exec")
        self._drawn = text, code, params, {**NAMES, **blocks, **params}

    def forward(self, *values: Any, **named: Any) -> Any:
        text, code, params, known = self._drawn
        own = {name: getattr(self, name) for name in text.python}
        if len(values) > len(text.inputs) or not named.keys() <= {*text.inputs[len(values) :]}:
            raise TypeError(f"{text.name} takes {text.inputs}")
        given = {**dict.fromkeys(text.inputs), **dict(zip(text.inputs, values, strict=False)), **named}
        names = {**known, **own, **given, "self": Self({**params, **own}, self.training)}
        exec(code, names)
        return names["result_"]


@dataclass
class Step:
    """Something to do next: layers to add (name, the spec's text, Python's text), and lines of the forward."""

    lines: list[str]
    layers: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Body:
    """One forward and its layers: what is there so far, by name, and its text.

    ``sizes`` are the names that stand for numbers in the forward: dims, params.
    """

    draw: random.Random
    training: bool
    params: dict[str, Any]
    dims: dict[str, int]
    blocks: dict[str, Any]
    inputs: dict[str, Any]
    locals: dict[str, Any] = field(default_factory=dict)
    layers: dict[str, str] = field(default_factory=dict)
    python: dict[str, str] = field(default_factory=dict)
    module: nn.Module = field(default_factory=nn.Module)
    statements: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.locals.update(self.inputs)

    # Running ---------------------------------------------------------------------------------------------

    def names(self) -> dict[str, Any]:
        own = {name: getattr(self.module, name) for name in self.layers}
        names = {**NAMES, **self.blocks, **self.dims, **self.params, **own, **self.locals}
        names["self"] = Self({**self.params, **own}, self.training)
        return names

    def attempt(self, step: Step) -> str:
        """Do a step if PyTorch does; else say why it doesn't, and ``"?"`` if it isn't worth keeping."""
        if any(name in self.layers or name in self.locals for name, _, _ in step.layers):
            return "?"
        added: list[str] = []
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")
                for name, _, text in step.layers:
                    value = eval(text, {**NAMES, **self.blocks, **self.params})
                    if isinstance(value, nn.Module):
                        value.train(self.training)
                    setattr(self.module, name, value)
                    added.append(name)
                    self.layers[name] = ""
                names = self.names()
                before = dict(names)
                exec(compile("\n".join(step.lines), "forward", "exec"), names)
        except REFUSALS as error:
            for name in added:
                delattr(self.module, name)
                del self.layers[name]
            return "?" if VALUE_ERRORS.search(str(error)) else str(error) or type(error).__name__
        changed = {
            name: value for name, value in names.items()
            if name not in before or (value is not before[name] and name != "self")
        }  # fmt: skip
        if not all(map(_is_small, changed.values())) or any(name in self.layers for name in changed):
            for name in added:
                delattr(self.module, name)
                del self.layers[name]
            return "?"
        self.locals.update({name: value for name, value in changed.items() if _is_value(value)})
        self.keep(step)
        return ""

    def keep(self, step: Step) -> None:
        """Write a step down."""
        for name, text, python in step.layers:
            self.layers[name] = text
            self.python[name] = python
        self.statements += step.lines

    # Choosing --------------------------------------------------------------------------------------------

    def refs(self) -> list[tuple[str, torch.Tensor]]:
        """What stands for a tensor now, the newest last."""
        found: list[tuple[str, torch.Tensor]] = []
        for name, value in self.locals.items():
            _list_refs(name, value, found)
        return found

    def tensor(
        self, fits: Callable[[torch.Tensor], bool] = lambda tensor: True
    ) -> tuple[str, torch.Tensor] | None:
        """A tensor that fits, rather a new one."""
        found = [ref for ref in self.refs() if fits(ref[1])]
        if not found:
            return None
        return found[-1] if self.draw.random() < 0.5 else self.draw.choice(found)

    def target(self) -> str:
        """A name for a new value, at times one that is taken."""
        taken = [name for name, value in self.locals.items() if isinstance(value, torch.Tensor)]
        if taken and self.draw.random() < 0.4:
            return taken[-1] if self.draw.random() < 0.7 else self.draw.choice(taken)
        return self.fresh(self.draw.choice(("h", "y", "z", "out", "v")))

    def fresh(self, stem: str) -> str:
        """A name that nothing has."""
        while True:
            number = self.counts[stem] = self.counts.get(stem, 0) + 1
            name = f"{stem}{number}" if number > 1 or stem == "layer" else stem
            known = (self.layers, self.locals, self.params, self.dims, self.blocks)
            # A function that was called by its bare name would be called no more.
            called = any(re.search(rf"\b{name}\(", line) for line in self.statements)
            if not called and not any(name in group for group in known):
                return name

    def layer_name(self, text: str) -> str:
        """A name for a layer, at times that of its class in small letters, which may be a function's, too."""
        kind = re.match(r"\w+", text)
        stem = kind[0].lower() if kind is not None and self.draw.random() < 0.4 else "layer"
        return self.fresh(
            {"identity": "same"}.get(stem, stem) if stem not in ("parameter", "buffer") else "own"
        )

    # Numbers ---------------------------------------------------------------------------------------------

    def n(self, number: int) -> str:
        """A number in a constructor: as it is, or by params."""
        return self._by(
            number, {name: size for name, size in self.params.items() if isinstance(size, int)}, 0.5
        )

    def size(self, number: int) -> str:
        """A number in the forward: as it is, or by dims, params, ints and sizes of tensors."""
        known: dict[str, int] = {**self.dims, **{k: v for k, v in self.params.items() if isinstance(v, int)}}
        known |= {name: value for name, value in self.locals.items() if isinstance(value, int)}
        for text, tensor in self.refs()[-4:]:
            for dim, size in enumerate(tensor.shape):
                place = dim if self.draw.random() < 0.6 else dim - tensor.dim()
                known[self.draw.choice((f"{text}.shape[{place}]", f"{text}.size({place})"))] = size
        return self._by(number, known, 0.55)

    def _by(self, number: int, known: Mapping[str, int], rate: float) -> str:
        if number < 0 or self.draw.random() > rate or not known:
            return str(number)
        same = [text for text, size in known.items() if size == number]
        if same and self.draw.random() < 0.75:
            return self.draw.choice(same)
        text, size = self.draw.choice([*known.items()])
        ways = [f"{text} + {number - size}" if number > size else f"{text} - {size - number}"]
        if size and number % size == 0:
            ways += [f"{text} * {number // size}", f"{number // size} * {text}"]
        if number and size % number == 0:
            ways += [f"{text} // {size // number}"]
        return self.draw.choice(ways)

    # Text ------------------------------------------------------------------------------------------------

    def call(self, name: str, *arguments: str) -> str:
        """A call of an operation by one of the names that it has: bare, as a function of ``F`` or ``torch``, a method."""
        from layercli.catalogue.methods import METHODS

        first, rest = arguments[0], ", ".join(arguments[1:])
        ways: list[str] = []
        form = FUNCTIONS.get(name)
        if form is not None:
            ways += [f"{namespace}.{name}({', '.join(arguments)})" for namespace in form.namespaces]
            if name not in ("min", "max", "sum", "abs", "round", "sqrt", "prod") and name not in self.layers:
                ways.append(f"{name}({', '.join(arguments)})")
        if name in METHODS and "," not in first:
            ways += [f"{_bracket(first)}.{name}({rest})"] * 2
        return self.draw.choice(ways)


def _bracket(text: str) -> str:
    return text if re.fullmatch(r"[\w.\[\]'()]+", text) else f"({text})"


def _list_refs(text: str, value: Any, found: list[tuple[str, torch.Tensor]]) -> None:
    if isinstance(value, torch.Tensor):
        found.append((text, value))
    elif isinstance(value, (tuple, list)):
        for index, item in enumerate(value[:3]):
            _list_refs(f"{text}[{index}]", item, found)
    elif isinstance(value, dict):
        for key, item in value.items():
            _list_refs(f"{text}[{key!r}]", item, found)


def _is_small(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.numel() <= MAX_ELEMENTS and not value.is_sparse
    if isinstance(value, (tuple, list)):
        return len(value) < 40 and all(map(_is_small, value))
    return not isinstance(value, int) or abs(value) < 10**6


def _is_value(value: Any) -> bool:
    kinds = (torch.Tensor, int, float, str, tuple, list, dict, torch.dtype, torch.device)
    return value is None or isinstance(value, kinds)
