"""Whole specs drawn at random, most of them legal and the others broken on purpose in one place."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st

from layercli.build.types import type_of
from layercli.trace import Type
from tests.derive.drawn_bodies import NAMES, BlockModule, BlockText, Body, Step
from tests.derive.drawn_steps import draw_step

#: The dims that sizes of inputs may have, with the sizes at which they are traced.
DIMS: Mapping[str, Sequence[int]] = {
    "N": (1, 2, 2, 3), "T": (1, 3, 4, 5, 6), "L": (5, 7, 8, 9), "H": (5, 6, 8, 9), "W": (4, 6, 7, 8), "D": (3, 4, 5), "S": (2, 4, 6),
}  # fmt: skip


@dataclass(frozen=True)
class BlockSpec:
    """A block as YAML has it."""

    params: Mapping[str, str]
    inputs: Sequence[str]
    layers: Mapping[str, str]
    statements: Sequence[str]
    result: str
    tie: Mapping[str, str] = field(default_factory=dict)
    freeze: Sequence[str] = ()


@dataclass(frozen=True)
class Model:
    """A spec in parts, which may be left out one by one, and what is known of it.

    ``broken`` says how it was broken, ``output`` what plain PyTorch gives where it is legal.
    """

    dims: Mapping[str, int]
    inputs: Mapping[str, str]
    params: Mapping[str, str]
    blocks: Mapping[str, BlockSpec]
    layers: Mapping[str, str]
    statements: Sequence[str]
    result: str
    tie: Mapping[str, str] = field(default_factory=dict)
    freeze: Sequence[str] = ()
    dtype: str = "float32"
    mode: str = "eval"
    as_list: bool = False
    broken: str = ""
    output: Type = None

    def write(self) -> str:
        """The YAML text."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "name: Drawn"
        if self.params:
            yield f"params: {{{', '.join(f'{name}: {value}' for name, value in self.params.items())}}}"
        if self.dims:
            yield f"dims: {{{', '.join(f'{name}: {size}' for name, size in self.dims.items())}}}"
        if self.dtype != "float32":
            yield f"dtype: {self.dtype}"
        if self.mode != "eval":
            yield f"mode: {self.mode}"
        yield "inputs:"
        yield from (f"  {name}: {quote(text)}" for name, text in self.inputs.items())
        if self.blocks:
            yield "blocks:"
            for name, block in self.blocks.items():
                yield f"  {name}:"
                if block.params:
                    yield f"    params: {{{', '.join(f'{key}: {value}' for key, value in block.params.items())}}}"
                yield f"    inputs: [{', '.join(block.inputs)}]"
                yield from _write_layers(block.layers, "    ")
                yield from _write_forward(block.statements, block.result, "    ")
                yield from _write_ties(block.tie, block.freeze, "    ")
        yield from _write_layers(self.layers, "")
        if self.as_list:
            yield "forward:"
            yield from (
                f"  - {quote_statement(statement)}"
                for statement in write_running(self.statements, self.result, self.inputs)
            )
        else:
            yield from _write_forward(self.statements, self.result, "")
        yield from _write_ties(self.tie, self.freeze, "")


def quote(text: str) -> str:
    """An expression as a YAML scalar; lists are left as they are."""
    if re.search(r": |:$| #|^['\"{@%*&!>|~-]|^\[.*[^\]]$|^\[\[|\[$", text) or (
        text.startswith("[") and "(" in text
    ):
        return "'" + text.replace("'", "''") + "'"
    return text


def quote_statement(text: str) -> str:
    """A statement as an item of a YAML list."""
    return "'" + text.replace("'", "''") + "'" if text.startswith("[") else quote(text)


def _write_ties(tie: Mapping[str, str], freeze: Sequence[str], indent: str) -> Iterator[str]:
    if tie:
        yield f"{indent}tie:"
        yield from (f"{indent}  {left}: {right}" for left, right in tie.items())
    if freeze:
        yield f"{indent}freeze: [{', '.join(quote(glob) for glob in freeze)}]"


def _write_layers(layers: Mapping[str, str], indent: str) -> Iterator[str]:
    if not layers:
        yield f"{indent}layers: {{}}"
        return
    yield f"{indent}layers:"
    # Mappings and lists of layers are YAML's own.
    yield from (
        f"{indent}  {name}: {text if text.startswith(('{', '[')) else quote(text)}"
        for name, text in layers.items()
    )


def _write_forward(statements: Sequence[str], result: str, indent: str) -> Iterator[str]:
    yield f"{indent}forward: |"
    yield from (f"{indent}  {statement}" for statement in statements)
    yield f"{indent}  return {result}"


def write_running(statements: Sequence[str], result: str, inputs: Mapping[str, str]) -> Iterator[str]:
    """Statements as a list: calls at its end of which each takes the value before it, and nothing else does, by bare names."""
    bare: list[str] = []
    wanted = result
    for place in reversed(range(len(statements))):
        found = re.fullmatch(r"(\w+) = (?:self\.)?([a-z]\w*)\((\w+)\)", statements[place])
        before = statements[place - 1].partition(" = ")[0] if place else next(iter(inputs))
        if (
            found is None
            or found[1] != wanted
            or found[3] != before
            or found[2] in ("sum", "min", "max", "len", "abs")
        ):
            break
        bare.insert(0, found[2])
        wanted = found[3]
    rest = statements[: len(statements) - len(bare)]
    yield from rest
    yield from bare
    last = rest[-1].partition(" = ")[0] if rest else ""
    if not bare and last != result:
        yield result


# Drawing -----------------------------------------------------------------------------------------------------


def _draw_inputs(draw: random.Random) -> tuple[dict[str, int], dict[str, str]]:
    """Dims and inputs of several kinds."""
    dims: dict[str, int] = {}

    def size(name: str) -> str:
        if name not in dims and draw.random() < 0.35:
            return str(draw.choice(DIMS[name]))
        dims.setdefault(name, draw.choice(DIMS[name]))
        if draw.random() < 0.06:
            return draw.choice((f"2 * {name}", f"{name} + 1", f"{name} * {name}"))
        return name

    def one(kind: str) -> str:
        c = draw.choice((1, 2, 3, 4, 6, 8))
        match kind:
            case "image":
                return f"[{size('N')}, {c}, {size('H')}, {size('W')}]"
            case "signal":
                return f"[{size('N')}, {c}, {size('L')}]"
            case "volume":
                return f"[{size('N')}, {min(c, 4)}, {size('D')}, 4, {size('S')}]"
            case "sequence":
                return draw.choice((f"[{size('T')}, {size('N')}, {c}]", f"[{size('N')}, {size('T')}, {c}]"))
            case "features":
                return f"[{size('N')}, {c}]"
            case "tokens":
                return f"randint(0, {draw.randint(2, 9)}, ({size('N')}, {size('T')}))"
            case "words":
                return f"randint(0, {draw.randint(2, 9)}, ({size('T')},))"
            case "noise":
                return f"{draw.choice(('randn', 'torch.rand', 'zeros'))}({size('T')}, {c}){draw.choice(('', '.abs()', '.double()', ' * 20 + 5', '.transpose(0, 1)'))}"
            case "mask":
                return draw.choice(
                    (f"ones({size('T')}, {size('T')}).tril().bool()", f"rand({size('N')}, {size('T')}) > 0.5")
                )
            case "positions":
                return f"arange({size('T')})"
            case "pair":
                return f"(rand({size('N')}, {c}), randint(0, 5, ({size('T')},)))"
            case "dict":
                return f"{{'a': rand({size('N')}, {c}), 'b': rand({size('N')}, {c})}}"
            case "scalar":
                return draw.choice(("rand(())", "tensor(2)", "tensor([1.0, 2.0])"))
            case "half":
                return f"rand({size('N')}, {c}).{draw.choice(('half', 'bfloat16', 'double'))}()"
            case _:
                return draw.choice(("2", "0.5", "None", "3"))

    main = draw.choice(
        ("image", "image", "image", "signal", "sequence", "sequence", "features", "tokens", "volume", "words")
    )
    kinds = [main]
    others = (
        "image",
        "signal",
        "sequence",
        "features",
        "tokens",
        "noise",
        "mask",
        "positions",
        "pair",
        "dict",
        "scalar",
        "half",
        "plain",
        main,
    )
    kinds += draw.choices(others, k=draw.choice((0, 0, 1, 1, 2)))
    names = ["x", *draw.sample(("a", "b", "mask_in", "other"), len(kinds) - 1)]
    return dims, {name: one(kind) for name, kind in zip(names, kinds, strict=True)}


def _make_inputs(inputs: Mapping[str, str], dims: Mapping[str, int]) -> dict[str, Any]:
    names = {**NAMES, **dims}
    made: dict[str, Any] = {}
    for name, text in inputs.items():
        value = eval(text, dict(names))
        made[name] = torch.rand(*value) if isinstance(value, list) else value
    return made


def _grow(body: Body, count: int, *, rate: float = 1.0) -> None:
    """Add so many steps, each of which PyTorch does."""
    added = tried = 0
    while added < count and tried < 12 * count:
        tried += 1
        step = draw_step(body)
        if step is not None and body.attempt(step) == "":
            added += 1


def _break(body: Body) -> str:
    """Add a step that PyTorch refuses; what it says."""
    for _ in range(40):
        step = draw_step(body)
        if step is None:
            continue
        if body.draw.random() < 0.6:
            step = _spoil(step, body.draw)
        refused = body.attempt(step)
        if refused not in ("", "?") and not refused.startswith(("name ", "free variable", "local variable")):
            body.keep(step)
            return refused
    return ""


def _spoil(step: Step, draw: random.Random) -> Step:
    """The same step with one number another."""
    texts = [*step.lines, *(text for _, text, python in step.layers if text == python)]
    numbers = [
        (place, found)
        for place, text in enumerate(texts)
        for found in re.finditer(r"(?<![\w.])\d+(?![\w.])", text)
    ]
    if not numbers:
        return step
    place, found = draw.choice(numbers)
    other = str(draw.choice((0, 1, 2, 3, 5, 7, int(found[0]) + 1)))
    before = texts[place]
    after = before[: found.start()] + other + before[found.end() :]
    lines = [after if line == before else line for line in step.lines]
    layers = [
        (name, after if text == before else text, after if python == before else python)
        for name, text, python in step.layers
    ]
    return Step(lines, layers)


def _draw_result(body: Body) -> str:
    """What the forward returns: a tensor, a tuple or a dict."""
    refs = [text for text, _ in body.refs()] or ["1"]
    draw = body.draw
    last = refs[-1]
    others = draw.choices(refs, k=2)
    return draw.choice(
        (last, last, last, f"{last}, {others[0]}", f"({last}, ({others[0]}, {others[1]}))", f"{{'logits': {last}, 'other': {others[0]}}}",
         f"dict(logits={last})", f"[{last}, {others[1]}]", f"{last}, {body.size(3)}")
    )  # fmt: skip


def _draw_block(
    draw: random.Random, name: str, blocks: dict[str, Any], training: bool
) -> tuple[BlockSpec, BlockText]:
    """A block with one input and its width as a param."""
    width = draw.choice((2, 3, 4, 6))
    shape = draw.choice(([2, width, 6, 6], [3, 2, width], [2, width], [2, width, 7], [4, 1, width]))
    params: dict[str, Any] = {"c": width}
    if draw.random() < 0.5:
        params["k"] = draw.choice((1, 2, 3))
    if draw.random() < 0.25:
        params["act"] = draw.choice(("ReLU", "GELU", "Tanh"))
    values = {key: getattr(torch.nn, value) if key == "act" else value for key, value in params.items()}
    optional = draw.random() < 0.3
    inputs: dict[str, Any] = {"x": torch.rand(*shape), **({"skip": None} if optional else {})}
    body = Body(draw, training, values, {}, dict(blocks), inputs)
    if "act" in params:
        body.attempt(Step(["x = act_layer(x)"], [("act_layer", "act()", "act()")]))
    _grow(body, draw.randint(1, 5))
    if optional:
        body.attempt(Step(["if skip is not None:", "    x = x + skip", "x = x * 2"]))
    tensors = [text for text, _ in body.refs()] or ["x"]
    result = tensors[-1] if draw.random() < 0.85 else f"{tensors[-1]}, {draw.choice(tensors)}"
    text = BlockText(
        name, values, [*inputs], dict(body.layers), dict(body.python), tuple(body.statements), result
    )
    tie, freeze = _draw_ties(body)
    spec = BlockSpec(
        params={key: str(value) for key, value in params.items()},
        inputs=["x", *(["skip=None"] if optional else [])],
        layers=dict(body.layers),
        statements=tuple(body.statements),
        result=result,
        tie=tie,
        freeze=freeze,
    )
    return spec, text


def draw_model(draw: random.Random) -> Model:
    """A model, drawn with these random numbers alone."""
    dtype = draw.choice(("float32",) * 9 + ("float64", "bfloat16", "float16"))
    mode = draw.choice(("eval", "eval", "train"))
    kept = torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw.randrange(10**6))
        try:
            torch.set_default_dtype(getattr(torch, dtype))
            return _draw_model(draw, dtype, mode)
        finally:
            torch.set_default_dtype(kept)


def _draw_model(draw: random.Random, dtype: str, mode: str) -> Model:
    training = mode == "train"
    dims, inputs = _draw_inputs(draw)
    params = dict(zip(("width", "hidden", "p"), (draw.randint(2, 8), draw.randint(2, 6), 1), strict=True))
    params = {name: size for name, size in params.items() if draw.random() < 0.4}
    specs: dict[str, BlockSpec] = {}
    makers: dict[str, Any] = {}
    for number in range(draw.choice((0, 0, 1, 1, 2))):
        name = ("Unit", "Mixer")[number]
        specs[name], text = _draw_block(draw, name, makers, training)
        makers[name] = partial(BlockModule, text, dict(makers))
    body = Body(draw, training, dict(params), dims, makers, _make_inputs(inputs, dims))
    count = draw.randint(2, 10)
    broken = ""
    if draw.random() < 0.25:
        _grow(body, draw.randint(0, count - 1))
        broken = _break(body)
        if not broken:
            _grow(body, 2)
    else:
        _grow(body, count)
    result = _draw_result(body)
    output: Type = None
    if not broken:
        try:
            output = type_of(eval(result, body.names()))
        except ArithmeticError:
            result = "1"
            output = type_of(eval(result, body.names()))
    tie, freeze = _draw_ties(body)
    plain = all(
        not statement.startswith((" ", "for ", "if ", "elif", "else")) for statement in body.statements
    )
    used = {name: spec for name, spec in specs.items() if any(name in text for text in body.layers.values())}
    used = {
        name: spec
        for name, spec in specs.items()
        if name in used or any(name in text for other in used.values() for text in other.layers.values())
    }
    statements, result = _inline(draw, body.statements, result)
    model = Model(
        dims=dims, inputs=inputs, params={name: str(size) for name, size in params.items()}, blocks=used, layers=dict(body.layers),
        statements=tuple(statements), result=result, tie=tie, freeze=freeze, dtype=dtype, mode=mode,
        as_list=plain and draw.random() < 0.4, broken=broken, output=output,
    )  # fmt: skip
    return mutate(model, draw) if not broken and draw.random() < 0.15 else model


def _inline(draw: random.Random, statements: Sequence[str], result: str) -> tuple[list[str], str]:
    """The statements, some values put where they are used instead of named first."""
    lines = list(statements)
    place = 0
    while place + 1 < len(lines):
        own, following = (re.fullmatch(r"(\w+) = (.+)", line) for line in lines[place : place + 2])
        rest = "\n".join([*lines[place + 2 :], result])
        if own is not None and following is not None and draw.random() < 0.35:
            name = rf"(?<![\w.']){own[1]}(?!\w|\s*=[^=])"
            once = len(re.findall(name, following[2])) == 1 and (
                not re.search(name, rest) or following[1] == own[1]
            )
            if once and " for " not in following[2] and " if " not in following[2]:
                value = own[2] if re.fullmatch(r"[\w.]+\([^()]*\)", own[2]) else f"({own[2]})"
                before, after = re.split(name, following[2])
                lines[place : place + 2] = [f"{following[1]} = {before}{value}{after}"]
                continue
        place += 1
    return lines, result


def mutate(model: Model, draw: random.Random) -> Model:
    """A neighbour of a model, of which it isn't known whether PyTorch takes it."""
    numbers = re.compile(r"(?<![\w.])\d+(?![\w.])")

    def change(text: str) -> str:
        places = list(numbers.finditer(text))
        if not places:
            return text
        found = draw.choice(places)
        other = draw.choice((0, 1, 2, 3, 4, 6, int(found[0]) + 1, max(int(found[0]) - 1, 0)))
        return f"{text[: found.start()]}{other}{text[found.end() :]}"

    changed = replace(model, output=None)
    kind = draw.choice(
        ("inputs", "layers", "layers", "dims", "params", "number", "number", "name", "drop", "swap", "twice")
    )
    if kind in ("inputs", "layers", "dims", "params"):
        part: dict[str, Any] = dict(getattr(model, kind))
        if not part:
            return model
        key = draw.choice([*part])
        value = change(str(part[key]))
        given: Any = {kind: {**part, key: int(value) if kind == "dims" else value}}
        return replace(changed, **given)
    lines = list(model.statements)
    if not lines:
        return model
    place = draw.randrange(len(lines))
    if kind == "number":
        lines[place] = change(lines[place])
    elif kind == "name":
        known = [found[1] for line in lines[:place] if (found := re.match(r"(\w+) = ", line))] or ["x"]
        used = [name for name in known if re.search(rf"(?<![\w.]){name}(?![\w(])", lines[place])]
        if used:
            old, new = draw.choice(used), draw.choice([*known, *model.inputs])
            lines[place] = re.sub(rf"(?<![\w.]){old}(?![\w(])", new, lines[place])
    elif lines[place].startswith((" ", "for ", "if ", "else", "elif")):
        return model
    elif kind == "drop":
        del lines[place]
    elif kind == "twice":
        lines.insert(place, lines[place])
    elif place + 1 < len(lines) and not lines[place + 1].startswith((" ", "for ", "if ", "else", "elif")):
        lines[place], lines[place + 1] = lines[place + 1], lines[place]
    return replace(changed, statements=lines)


def _draw_ties(body: Body) -> tuple[dict[str, str], list[str]]:
    """Two parameters of one shape as one, and globs of parameters without gradients."""
    draw = body.draw
    named = [
        (name, value)
        for name, value in body.module.named_parameters()
        if "Lazy" not in body.layers[name.split(".")[0]]
    ]
    tie: dict[str, str] = {}
    if draw.random() < 0.2:
        pairs = [
            (left, right) for left, one in named for right, two in named
            if left > right and one.shape == two.shape and one.dtype == two.dtype and "parametrizations" not in left + right
        ]  # fmt: skip
        if pairs:
            left, right = draw.choice(pairs)
            tie[left] = right
    freeze: list[str] = []
    if named and draw.random() < 0.2:
        name = draw.choice(named)[0]
        freeze.append(
            draw.choice((name, f"{name.split('.')[0]}*", "*.weight" if name.endswith(".weight") else name))
        )
    return tie, freeze


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Whole specs, legal or not."""
    return draw_model(draw(st.randoms(use_true_random=False)))


# Making smaller ------------------------------------------------------------------------------------------------


def list_smaller(model: Model) -> Iterator[Model]:
    """The model with one part left out, or simpler; large parts first."""
    statements = model.statements
    text = "\n".join([*statements, model.result])
    unused = [name for name in model.layers if not re.search(rf"\b{name}\b", text)]
    if unused:
        yield replace(
            model,
            layers={name: made for name, made in model.layers.items() if name not in unused},
            tie={},
            freeze=(),
        )
    for place, statement in enumerate(statements[:-1]):
        names = re.match(r"(\w+)", statement)
        if names is not None and names[1] not in ("for", "if", "else", "elif", "assert"):
            yield replace(model, statements=statements[: place + 1], result=names[1])
    for length in (4, 2, 1):
        for place in reversed(range(0, len(statements), length)):
            indent = len(statements[place]) - len(statements[place].lstrip())
            end = place + length
            while end < len(statements) and len(statements[end]) - len(statements[end].lstrip()) > indent:
                end += 1
            yield replace(model, statements=[*statements[:place], *statements[end:]])
    for part in ("layers", "inputs", "params", "dims", "tie", "blocks"):
        found: dict[str, Any] = dict(getattr(model, part))
        for key in reversed(found):
            left: Any = {part: {name: value for name, value in found.items() if name != key}}
            yield replace(model, **left)
    for glob in model.freeze:
        yield replace(model, freeze=[other for other in model.freeze if other != glob])
    for name, size in model.dims.items():
        inputs = {key: re.sub(rf"\b{name}\b", str(size), text) for key, text in model.inputs.items()}
        if inputs != model.inputs:
            lines = [re.sub(rf"(?<![.\w]){name}\b", str(size), line) for line in statements]
            yield replace(
                model,
                inputs=inputs,
                statements=lines,
                dims={key: value for key, value in model.dims.items() if key != name},
            )
    if model.as_list:
        yield replace(model, as_list=False)
    if model.dtype != "float32":
        yield replace(model, dtype="float32")
    if model.mode != "eval":
        yield replace(model, mode="eval")
    for name in re.findall(r"\b[a-z]\w*\b", model.result):
        if model.result != name:
            yield replace(model, result=name)
    for name, block in model.blocks.items():
        for place in reversed(range(len(block.statements))):
            smaller = replace(block, statements=[*block.statements[:place], *block.statements[place + 1 :]])
            yield replace(model, blocks={**model.blocks, name: smaller})
        for key in block.layers:
            smaller = replace(block, layers={own: text for own, text in block.layers.items() if own != key})
            yield replace(model, blocks={**model.blocks, name: smaller})
        if block.result != "x":
            yield replace(model, blocks={**model.blocks, name: replace(block, result="x")})
