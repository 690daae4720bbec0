"""Specs drawn from the grammar: valid ones with the same model as a PyTorch class, near-valid ones, and noise.

Everything is drawn from a ``random.Random``, so that a seed gives the same spec again; for Hypothesis it draws the numbers
itself, and makes what fails smaller.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from hypothesis import strategies as st

from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.methods import METHODS

#: (C, H, W), (T, D) or (D,), the batch aside.
Shape: TypeAlias = "tuple[int, ...]"


@dataclass(frozen=True)
class Made:
    """A layer's constructor in the words of both languages, and the shape that it gives."""

    text: str
    shape: Shape
    python: str = ""
    #: Written on lines of its own, as the long form or named children.
    below: Sequence[str] = ()


@dataclass
class Grammar:
    """One spec while it is drawn: the numbers that are left to draw, its params and blocks."""

    draw: random.Random
    params: dict[str, int] = field(default_factory=dict)
    blocks: dict[str, tuple[str, str]] = field(default_factory=dict)

    def size(self, number: int) -> str:
        """A number as a spec may write it: itself, by a param, or by arithmetic."""
        kind = self.draw.randrange(12)
        known = [name for name, value in self.params.items() if value == number]
        if kind < 2 and known:
            return self.draw.choice(known)
        if kind == 2 and len(self.params) < 4:
            name = f"p{len(self.params)}"
            self.params[name] = number
            return name
        if kind == 3 and number > 1:
            return f"{number - 1} + 1"
        if kind == 4:
            return f"{number * 2} // 2"
        if kind == 5:
            return f"max(1, {number})"
        return str(number)


# Layers ----------------------------------------------------------------------------------------------------

Maker: TypeAlias = "Callable[[Grammar, Shape], Made]"


def _call(grammar: Grammar, name: str, shape: Shape, *sizes: int, **options: object) -> Made:
    given = [grammar.size(size) for size in sizes]
    shown = "".join(f", {key}={value!r}" for key, value in options.items())
    prefix = grammar.draw.choice(("", "", "", "nn.", "torch.nn."))
    text = f"{prefix}{name}({', '.join(given)}{shown if given else shown[2:]})"
    below: tuple[str, ...] = ()
    entry = LAYERS[name]
    slots = [parameter.name for parameter in entry.signature.parameters][: len(given)]
    if grammar.draw.randrange(12) == 0:
        pairs = [*zip(slots, given, strict=True), *((key, _plain(value)) for key, value in options.items())]
        below = (f"type: {name}", *(f"{key}: {value}" for key, value in pairs))
    python = f"nn.{name}({', '.join(map(str, sizes))}{shown if sizes else shown[2:]})"
    return Made(text, shape, python, below)


def _plain(value: object) -> str:
    """An option in the long form, where the name of a function is no text."""
    if isinstance(value, str):
        return f'"{value!r}"'
    return str(value) if not isinstance(value, bool) else str(value).lower()


def _keep(name: str, *options: dict[str, object]) -> Maker:
    """A layer that keeps the shape and needs no size."""
    return lambda grammar, shape: _call(grammar, name, shape, **grammar.draw.choice(options or ({},)))


def _linear(grammar: Grammar, shape: Shape) -> Made:
    out = grammar.draw.randint(1, 9)
    options: dict[str, object] = {"bias": False} if grammar.draw.random() < 0.3 else {}
    return _call(grammar, "Linear", (*shape[:-1], out), shape[-1], out, **options)


def _convolution(grammar: Grammar, shape: Shape) -> Made:
    channels, height, width = shape
    kernel = grammar.draw.choice([size for size in (1, 2, 3, 5) if size <= min(height, width)])
    out, padding = grammar.draw.randint(1, 8), grammar.draw.choice((0, 1))
    options: dict[str, object] = {"padding": padding} if padding else {}
    if grammar.draw.random() < 0.2:
        options["bias"] = False
    grown = 2 * padding - kernel + 1
    return _call(grammar, "Conv2d", (out, height + grown, width + grown), channels, out, kernel, **options)


def _pool(grammar: Grammar, shape: Shape) -> Made:
    channels, height, width = shape
    kernel = 2 if min(height, width) > 1 else 1
    name = grammar.draw.choice(("MaxPool2d", "AvgPool2d"))
    return _call(grammar, name, (channels, height // kernel, width // kernel), kernel)


def _adaptive(grammar: Grammar, shape: Shape) -> Made:
    size = grammar.draw.randint(1, 3)
    return _call(grammar, "AdaptiveAvgPool2d", (shape[0], size, size), size)


def _normalise_channels(grammar: Grammar, shape: Shape) -> Made:
    return _call(grammar, "BatchNorm2d", shape, shape[0])


def _normalise_groups(grammar: Grammar, shape: Shape) -> Made:
    return _call(grammar, "GroupNorm", shape, 1, shape[0])


def _normalise_last(grammar: Grammar, shape: Shape) -> Made:
    return _call(grammar, grammar.draw.choice(("LayerNorm", "RMSNorm")), shape, shape[-1])


def _flatten(grammar: Grammar, shape: Shape) -> Made:
    total = 1
    for size in shape:
        total *= size
    return _call(grammar, "Flatten", (total,))


def _transformer(grammar: Grammar, shape: Shape) -> Made:
    heads = grammar.draw.choice([count for count in (1, 2, 4) if shape[-1] % count == 0])
    return _call(grammar, "TransformerEncoderLayer", shape, shape[-1], heads, 4, batch_first=True)


def _sequence(grammar: Grammar, shape: Shape) -> Made:
    """Several layers as a Sequential, written as a call, with names, as a list or a product."""
    kind = grammar.draw.randrange(4)
    if kind == 0:
        inner = _draw_keeping(grammar, shape)
        count = grammar.draw.randint(0, 3)
        return Made(
            f"{count} * {inner.text}", shape, f"nn.Sequential(*[{inner.python} for _ in range({count})])"
        )
    parts: list[Made] = []
    for _ in range(grammar.draw.randint(1, 3)):
        made = draw_layer(grammar, shape, nested=True)
        parts.append(made)
        shape = made.shape
    python = f"nn.Sequential({', '.join(made.python for made in parts)})"
    if kind == 1:
        names = [f"{grammar.draw.choice(('a', 'b', 'layer', 'self'))}{place}" for place in range(len(parts))]
        pairs = ", ".join(f"({name!r}, {made.python})" for name, made in zip(names, parts, strict=True))
        lines = tuple(f"{name}: {quote(made.text)}" for name, made in zip(names, parts, strict=True))
        return Made("", shape, f"nn.Sequential(OrderedDict([{pairs}]))", lines)
    if kind == 2:
        return Made("", shape, python, tuple(f"- {quote(made.text)}" for made in parts))
    return Made(f"Sequential({', '.join(made.text for made in parts)})", shape, python)


def _block(grammar: Grammar, shape: Shape) -> Made:
    """A block of its own with one layer and a connection around it."""
    name = f"Block{len(grammar.blocks)}"
    if len(grammar.blocks) > 2:
        return _keep("Identity")(grammar, shape)
    own = Grammar(grammar.draw)
    own.params["width"] = shape[-1]
    inner = _draw_keeping(own, shape)
    params = (
        "{"
        + ", ".join(f"{key}: {'~' if key == 'width' else value}" for key, value in own.params.items())
        + "}"
    )
    grammar.blocks[name] = (
        f"  {name}:\n    params: {params}\n    inputs: [x]\n    layers:\n      inner: {quote(inner.text)}\n"
        "    forward:\n      - x + inner(x)\n",
        f"class {name}(nn.Module):\n  def __init__(self):\n    super().__init__()\n    self.inner = {inner.python}\n",
    )
    return Made(f"{name}({grammar.size(shape[-1])})", shape, f"{name}()")


_ACTIVATIONS: tuple[Maker, ...] = (
    _keep("ReLU", {}, {"inplace": False}), _keep("GELU", {}, {"approximate": "tanh"}), _keep("Tanh"), _keep("SiLU"),
    _keep("Dropout", {}, {"p": 0.1}), _keep("Identity"), _keep("Softplus", {"beta": 2}), _keep("ELU", {"alpha": 0.5}),
    _keep("PReLU"), _keep("LeakyReLU", {"negative_slope": 1e-2}),
)  # fmt: skip
_MAKERS: dict[int, tuple[Maker, ...]] = {
    1: (_linear, _linear, _normalise_last, *_ACTIVATIONS),
    2: (_linear, _normalise_last, _transformer, _flatten, *_ACTIVATIONS),
    3: (
        _convolution,
        _convolution,
        _pool,
        _adaptive,
        _normalise_channels,
        _normalise_groups,
        _flatten,
        *_ACTIVATIONS,
    ),
}


def _draw_keeping(grammar: Grammar, shape: Shape) -> Made:
    """A layer that keeps the shape."""
    choices = [*_ACTIVATIONS, _normalise_last if len(shape) < 3 else _normalise_channels]
    return grammar.draw.choice(choices)(grammar, shape)


def draw_layer(grammar: Grammar, shape: Shape, *, nested: bool = False) -> Made:
    """A layer that takes ``shape``; a ``nested`` one is written as one expression."""
    if not nested and grammar.draw.random() < 0.2:
        return grammar.draw.choice((_sequence, _sequence, _block))(grammar, shape)
    return grammar.draw.choice(_MAKERS[len(shape)])(grammar, shape)


# Whole specs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """A spec's bytes; ``python`` is the source of the same model as PyTorch classes, of a valid one, else empty."""

    data: bytes
    python: str = ""


def quote(text: str) -> str:
    """An expression as a YAML scalar."""
    if re.search(r": |:$| #|^[\[{'\"@%*&!|>]|^- ", text):
        return "'" + text.replace("'", "''") + "'"
    return text


_STATEMENTS: tuple[str, ...] = (
    "x = {name}(x)", "x = self.{name}(x)", "y = {name}(x); x = y", "x = x + {name}(x) * 0 if False else {name}(x)",
)  # fmt: skip


def draw_valid(draw: random.Random) -> Drawn:
    """A spec that PyTorch and the rules take."""
    grammar = Grammar(draw)
    dims = draw.choice(((), ("N",), ("N",), ("N", "T")))
    shape: Shape = draw.choice(((draw.randint(1, 9),), (draw.randint(1, 5), 4), (draw.randint(1, 4), 9, 8)))
    layers: list[tuple[str, Made]] = []
    first = shape
    for place in range(draw.randint(1, 6)):
        made = draw_layer(grammar, shape)
        layers.append((f"{draw.choice(('fc', 'conv', 'norm', 'layer', 'block', 'relu'))}{place}", made))
        shape = made.shape
    batch = "N" if dims else "2"
    lines = [f"name: {draw.choice(('Net', 'Drawn', 'M1'))}"] if draw.random() < 0.5 else []
    if draw.random() < 0.3:
        lines.append("doc: 'A net: drawn, with a # in it.'")
    if grammar.params:
        lines += ["params:", *(f"  {name}: {value}" for name, value in grammar.params.items())]
    if dims:
        lines.append(f"dims: {{{', '.join(f'{name}: {number}' for number, name in enumerate(dims, 2))}}}")
    sizes = ", ".join(map(str, (batch, *first)))
    lines += ["inputs:", f"  x: {draw.choice((f'[{sizes}]', f'rand({sizes})', f'rand({sizes}) * 2 - 1'))}"]
    if grammar.blocks:
        lines += ["blocks:", *(text.rstrip("\n") for text, _ in grammar.blocks.values())]
    lines.append("layers:")
    for name, made in layers:
        if made.below:
            lines += [f"  {name}:", *(f"    {line}" for line in made.below)]
        else:
            lines.append(f"  {name}: {quote(made.text)}")
    lines += _draw_forward(draw, [name for name, _ in layers])
    lines += draw.choice(
        ((), ("mode: train",), ("dtype: float64",), ("freeze: ['*']",) if "(" not in sizes else ())
    )
    if "freeze: ['*']" in lines and not any("Linear(" in made.python for _, made in layers):
        lines.remove("freeze: ['*']")
    text = "\n".join(lines) + "\n"
    if draw.random() < 0.1:
        text = text.replace("\n", "\r\n")
    if draw.random() < 0.1:
        text = "# \u00e9\u6f22\U0001f600\n" + text
    return Drawn(text.encode(), _write_python(grammar, layers))


def _draw_forward(draw: random.Random, names: Sequence[str]) -> list[str]:
    kind = draw.randrange(4)
    if kind == 0:
        return []
    if kind == 1:
        return [
            "forward:",
            *(
                f"  - {draw.choice((name, f'{name}(x)' if place == 0 else name))}"
                for place, name in enumerate(names)
            ),
        ]
    body = [line for name in names for line in draw.choice(_STATEMENTS).format(name=name).split("; ")]
    if kind == 2:
        return ["forward:", *(f"  - {quote(line)}" for line in body)]
    return ["forward: |", *(f"  {line}" for line in body), "  return x"]


def _write_python(grammar: Grammar, layers: Sequence[tuple[str, Made]]) -> str:
    blocks = "".join(python for _, python in grammar.blocks.values())
    body = "".join(f"    self.{name} = {made.python}\n" for name, made in layers)
    return f"{blocks}class Net(nn.Module):\n  def __init__(self):\n    super().__init__()\n{body}"


# Near-valid ones, and noise --------------------------------------------------------------------------------

#: What is put into a text: what YAML or Python gives a meaning, words of the language, and what is refused.
PIECES = (
    *"()[]{}:,-#'\"|>&*!%@`~?.=+/\\^$;<_ \t\n0x\x00\u00e9\u202e\u2028\x85\r\x1b\ufeff", "\n\n", "  ", "- ", ": ", "...", "**", "//", "->", ":=",
    "==", "|\n  ", ">\n  ", "'''", '"""', "\r\n", "layers:", "forward:", "inputs:", "params:", "blocks:", "imports: {A: a.yaml}\n", "tie:",
    "freeze:", "dims:", "dtype:", "mode:", "self", "self.", "nn.", "F.", "torch.", "math.", "None", "True", "~", "null", "return ",
    "for i in range(3): ", "for i in x: ", "if ", "else: ", "while True: ", "lambda x: ", "x", "y", "N", "T", "1", "-1", "0", "1e400", "1e-5", "0x",
    "10 ** 10 ** 10", "'a' * 10 ** 9", "range(10 ** 12)", "9" * 400, "2 ** 63", "-(2 ** 63)", "2 ** 31", "Linear(", "Linear(8, 8)", "Sequential",
    "2 * ", "1000 * ", "0 * ", "Parameter(", "Buffer(zeros(3))", "relu", "x[0]", "x[..., None]", "x[::-1]", "x[x]", "[x for x in ", "*x", "**x",
    "{{ x }}", "<<: ", "*a", "&a ", "!!python/name:os.system ", "---\n", "%YAML 1.2\n", "<<<<<<< ours\n", "x.shape", "x.shape[0]", "len(x)",
    ".flatten(1)", ".view(-1)", ".T", ".size()", ".split(1)", "cat([x, x])", "stack([x], 9)", "x @ x", "x // 0", "assert ", "in ", "not ",
    "{type: Linear, ", "ModuleList([", "ModuleDict({'a': ", "# layercli: ignore", "(((((((((", "]]]]]]]]", "{a: {b: {c: ", "type: ", "Block0(", "p0",
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d+)?|\S")
_NUMBERS = (
    "0",
    "1",
    "-1",
    "2",
    "7",
    "1.5",
    "1e9",
    "2 ** 63",
    "True",
    "None",
    "'a'",
    "(1, 2)",
    "[]",
    "N",
    "x",
    "float32",
)


def mutate(text: str, draw: random.Random) -> str:
    """A text after one to five changes of characters, words or lines."""
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 5))):
        text = draw.choice(_MUTATIONS)(text, draw)
    return text


def _change_line(text: str, draw: random.Random) -> str:
    lines = text.split("\n")
    one, two = draw.randrange(len(lines)), draw.randrange(len(lines))
    kind = draw.randrange(6)
    if kind == 0:
        del lines[one]
    elif kind == 1:
        lines.insert(two, lines[one])
    elif kind == 2:
        lines[one], lines[two] = lines[two], lines[one]
    elif kind == 3:
        lines.insert(two, lines.pop(one))
    elif kind == 4:
        lines[one] = " " * draw.randrange(9) + lines[one].lstrip()
    else:
        lines = lines[: one + 1]
    return "\n".join(lines)


def _change_characters(text: str, draw: random.Random) -> str:
    at = draw.randint(0, len(text))
    return text[:at] + draw.choice(("", *PIECES)) + text[at + draw.choice((0, 0, 1, 1, 2, 5, 20)) :]


def _change_word(text: str, draw: random.Random) -> str:
    return _put_word(text, draw, list(_WORD.finditer(text)))


def _change_name(text: str, draw: random.Random) -> str:
    """Another name or number, which YAML doesn't mind."""
    return _put_word(text, draw, [word for word in _WORD.finditer(text) if word[0][0].isalnum()])


def _put_word(text: str, draw: random.Random, words: Sequence[re.Match[str]]) -> str:
    if not words:
        return text
    word = draw.choice(words)
    if word[0][0].isdigit():
        new = draw.choice(_NUMBERS)
    elif word[0][0].isalpha():
        names = (list(LAYERS), list(FUNCTIONS), list(METHODS), [other[0] for other in words])
        new = draw.choice(draw.choice(names))
    else:
        new = draw.choice(("", word[0] * 2, "(", ")", "[", "]", ",", ":", "."))
    return text[: word.start()] + new + text[word.end() :]


def _swap_words(text: str, draw: random.Random) -> str:
    words = list(_WORD.finditer(text))
    if len(words) < 2:
        return text
    one, two = sorted(draw.sample(range(len(words)), 2))
    first, second = words[one], words[two]
    return (
        text[: first.start()]
        + second[0]
        + text[first.end() : second.start()]
        + first[0]
        + text[second.end() :]
    )


def _repeat_part(text: str, draw: random.Random) -> str:
    start = draw.randint(0, len(text))
    part = text[start : start + draw.randint(1, 40)]
    return text[:start] + part * draw.choice((2, 2, 3, 50, 1000)) + text[start:]


_MUTATIONS = (
    _change_line,
    _change_characters,
    _change_word,
    _change_word,
    _change_word,
    _swap_words,
    _repeat_part,
)


def draw_near_valid(draw: random.Random) -> Drawn:
    """A valid spec with some changes, which is seldom one still."""
    return Drawn(mutate(draw_valid(draw).data.decode(), draw).encode("utf-8", "surrogatepass"))


def draw_wrong(draw: random.Random) -> Drawn:
    """A valid spec with one to three other names and numbers: the mistakes of people, more than of editors."""
    text = draw_valid(draw).data.decode()
    for _ in range(draw.randint(1, 3)):
        text = _change_name(text, draw)
    return Drawn(text.encode())


def draw_noise(draw: random.Random) -> Drawn:
    """Bytes, alone or inside a valid spec."""
    noise = draw.randbytes(draw.randint(0, 60))
    if draw.random() < 0.3:
        return Drawn(noise)
    data = draw_valid(draw).data
    at = draw.randint(0, len(data))
    return Drawn(data[:at] + noise[: draw.choice((1, 2, 5, 60))] + data[at + draw.choice((0, 1, 5)) :])


KINDS: dict[str, Callable[[random.Random], Drawn]] = {
    "valid": draw_valid, "wrong": draw_wrong, "near-valid": draw_near_valid, "noise": draw_noise,
}  # fmt: skip
#: Of a hundred specs so many are of each kind.
SHARES = {"valid": 20, "wrong": 40, "near-valid": 33, "noise": 7}


def valid_specs() -> st.SearchStrategy[Drawn]:
    """Valid specs for Hypothesis."""
    return st.builds(draw_valid, st.randoms(use_true_random=False))


def near_valid_specs() -> st.SearchStrategy[Drawn]:
    """Specs with mistakes for Hypothesis."""
    return st.builds(draw_wrong, st.randoms(use_true_random=False)) | st.builds(
        draw_near_valid, st.randoms(use_true_random=False)
    )


def noises() -> st.SearchStrategy[Drawn]:
    """Noise for Hypothesis."""
    return st.builds(draw_noise, st.randoms(use_true_random=False))
