"""What a forward may do next, drawn at random: calls of layers, operations, views, loops, branches."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable

import torch

from tests.derive.drawn_bodies import Body, Step
from tests.derive.drawn_layers import (
    LOSSES,
    divisors,
    draw_attention,
    draw_layer,
    draw_recurrent,
    options,
)
from tests.derive.draws import list_entries, spell
from tests.derive.layer_samples import LAYER_SAMPLES
from tests.derive.layouts import Draw

StepMaker = Callable[[Body], "Step | None"]


def is_floating(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point()


def is_default(tensor: torch.Tensor) -> bool:
    return tensor.dtype == torch.get_default_dtype() and tensor.dim() > 0


def is_integer(tensor: torch.Tensor) -> bool:
    return tensor.dtype in (torch.int64, torch.int32)


def is_sequence(tensor: torch.Tensor) -> bool:
    return is_default(tensor) and tensor.dim() in (2, 3) and tensor.numel() > 0


def has_dims(least: int, most: int = 9) -> Callable[[torch.Tensor], bool]:
    return lambda tensor: least <= tensor.dim() <= most


# Layers ------------------------------------------------------------------------------------------------------


def call_layer(body: Body) -> Step | None:
    """A new layer on a tensor."""
    found = body.tensor(is_default)
    if found is None:
        return None
    text, x = found
    made = draw_layer(body.draw, x, body.n)
    name = body.layer_name(made)
    prefix = "self." if body.draw.random() < 0.3 else ""
    call = f"{prefix}{name}({text})"
    if body.draw.random() < 0.2:
        call = body.call(body.draw.choice(("relu", "tanh", "gelu", "silu", "sigmoid", "leaky_relu")), call)
    return Step([f"{body.target()} = {call}"], [(name, made, made)])


def add_residual(body: Body) -> Step | None:
    """A layer that keeps the size, and its input on top."""
    found = body.tensor(is_default)
    if found is None:
        return None
    text, x = found
    width = body.n(x.shape[-1])
    made = body.draw.choice(
        (
            f"Linear({width}, {width})", f"LayerNorm({width})", "GELU()", "Dropout(0.1)", "Identity()",
            f"Sequential(Linear({width}, 5), ReLU(), Linear(5, {width}))",
        )
    )  # fmt: skip
    if x.dim() == 4 and body.draw.random() < 0.6:
        width = body.n(x.shape[1])
        made = body.draw.choice(
            (
                f"Conv2d({width}, {width}, 3, padding=1)", f"Conv2d({width}, {width}, 1, bias=False)",
                f"BatchNorm2d({width})", f"Sequential(Conv2d({width}, {width}, 3, padding=1), BatchNorm2d({width}), ReLU())",
            )
        )  # fmt: skip
    name = body.layer_name(made)
    lines = body.draw.choice(
        (
            [f"{body.target()} = {text} + {name}({text})"],
            [f"{body.target()} = {name}({text}) + {text}"],
            [f"{text} = {text} + {name}({text})"]
            if text.isidentifier()
            else [f"r = {text}", f"r = r + {name}(r)"],
            [f"skip = {text}", f"skip = F.relu({name}(skip) + {text})"],
        )
    )
    return Step(lines, [(name, made, made)])


def call_again(body: Body) -> Step | None:
    """A layer of before on the same or another tensor."""
    names = [name for name in body.layers if isinstance(getattr(body.module, name), torch.nn.Module)]
    found = body.tensor(is_floating)
    if found is None or not names:
        return None
    name = body.draw.choice(names)
    layer = getattr(body.module, name)
    if isinstance(layer, torch.nn.ModuleList):
        name = f"{name}[{body.draw.choice((0, -1))}]"
    if isinstance(layer, torch.nn.ModuleDict):
        name = f"{name}[{next(iter(layer))!r}]"
    return Step([f"{body.target()} = {name}({found[0]})"])


def call_container(body: Body) -> Step | None:
    """A container of layers, run in order, in a loop or one by one."""
    found = body.tensor(is_default)
    if found is None:
        return None
    text, x = found
    draw = body.draw
    width, count = body.n(x.shape[-1]), draw.randint(1, 3)
    unit = draw.choice(
        (f"Linear({width}, {width})", f"Linear({width}, {width}, bias=False)", f"LayerNorm({width})", "Tanh()",
         f"Sequential(Linear({width}, {width}), ReLU())", f"RMSNorm({width})", "PReLU()")
    )  # fmt: skip
    if x.dim() in (3, 4) and draw.random() < 0.4:
        channels = body.n(x.shape[1])
        unit = f"Conv{x.dim() - 2}d({channels}, {channels}, 3, padding=1)"
    units = ", ".join([unit] * count)
    name = body.fresh(draw.choice(("layers", "stack", "body", "blocks")))
    target = body.target()
    out = target if target != text else body.fresh("h")
    listed = f"[{unit} for _ in range({count})]"
    many, listed = f"ModuleList({count} * {unit})", f"ModuleList({listed})"
    kind = draw.randrange(9)
    if kind == 0:
        made, python = draw.choice(
            (
                (f"{count} * {unit}", f"Sequential(*[{unit} for _ in range({count})])"),
                (f"Sequential({units})", f"Sequential({units})"),
            )
        )
        return Step([f"{target} = {name}({text})"], [(name, made, python)])
    if kind == 1:
        second = draw_layer(draw, x, body.n)
        made = f"Sequential({unit}, {second})"
        return Step([f"{target} = self.{name}({text})"], [(name, made, made)])
    if kind == 2:
        lines = [f"{out} = {text}", f"for layer in self.{name}:", f"    {out} = layer({out}) + {text}"]
        return Step(lines, [(name, many, listed)])
    if kind == 3:
        lines = [f"{out} = {text}", f"for i in range({count}):", f"    {out} = {name}[i]({out}) * (i + 1)"]
        return Step(lines, [(name, listed, listed)])
    if kind == 4:
        joined = draw.choice(("cat", "stack"))
        return Step(
            [f"{target} = torch.{joined}([layer({text}) for layer in {name}], {draw.randint(0, 1)})"],
            [(name, many, listed)],
        )
    if kind == 5:
        made = (
            f"ModuleDict(dict(a={unit}, b={unit}))"
            if draw.random() < 0.5
            else f"ModuleDict({{'a': {unit}, 'b': {unit}}})"
        )
        spec = f"ModuleDict(a={unit}, b={unit})" if "dict" in made else made
        lines = ["parts = []", f"for key, layer in {name}.items():", f"    parts.append(layer({text}))",
                 f"{target} = cat(parts, {draw.randint(0, 1)})"]  # fmt: skip
        if draw.random() < 0.4:
            lines = [f"{target} = {name}['a']({text}) - {name}['b']({text})"]
        return Step(lines, [(name, spec, made)])
    if kind == 6:
        norm = body.fresh("norms")
        norms = f"ModuleList([LayerNorm({width}) for _ in range({count})])"
        lines = [
            f"{out} = {text}",
            f"for layer, norm in zip({name}, {norm}):",
            f"    {out} = norm(layer({out}))",
        ]
        return Step(lines, [(name, many, listed), (norm, norms, norms)])
    if kind == 7:
        lines = [f"{out} = {text}", f"for i, layer in enumerate({name}):", "    if i == 1:", "        continue",
                 f"    {out} = layer({out})", "    if i > 1:", "        break"]  # fmt: skip
        return Step(lines, [(name, many, listed)])
    widths = [draw.randint(1, 6) for _ in range(count)]
    made = f"Sequential(*[Linear({width} + {widths[0]} * i, {width} + {widths[0]} * (i + 1)) for i in range({count})])"
    spec = f"Sequential(Linear({width} + {widths[0]} * i, {width} + {widths[0]} * (i + 1)) for i in range({count}))"
    return Step([f"{target} = {name}({text})"], [(name, spec, made)])


def call_recurrent(body: Body) -> Step | None:
    """A recurrent layer or cell, at times with a state, at times step by step."""
    found = body.tensor(is_sequence)
    if found is None:
        return None
    text, x = found
    draw = body.draw
    made, kind, batch_first = draw_recurrent(draw, x, body.n)
    name = body.layer_name(made)
    layers = [(name, made, made)]
    target = body.target()
    hidden = int(made.split(", ")[1].rstrip(")")) if made.split(", ")[1].rstrip(")").isdigit() else 0
    if kind.endswith("Cell"):
        if x.dim() == 3 and hidden and kind != "LSTMCell" and draw.random() < 0.7:
            state = f"zeros({body.size(x.shape[1])}, {hidden})"
            lines = [f"state = {state}", "steps = []", f"for t in range({body.size(x.shape[0])}):",
                     f"    state = {name}({text}[t], state)", "    steps.append(state)", f"{target} = torch.stack(steps)"]  # fmt: skip
            return Step(lines, layers)
        row = f"{text}[{draw.randint(0, x.shape[0] - 1)}]"
        if kind == "LSTMCell":
            return Step([f"{target}, cell = {name}({row})"], layers)
        return Step([f"{target} = {name}({row})"], layers)
    given = text
    if hidden and draw.random() < 0.3 and "num_layers" not in made and "proj" not in made:
        ways = 2 if "bidirectional" in made else 1
        sizes = [str(ways)]
        if x.dim() == 3:
            sizes.append(body.size(x.shape[0 if batch_first else 1]))
        state = f"zeros({', '.join([*sizes, str(hidden)])})"
        given += f", ({state}, {state})" if kind == "LSTM" else f", {state}"
    lines = draw.choice(
        (
            [f"{target}, _ = {name}({given})"],
            [f"{target}, state = self.{name}({given})"],
            [f"{target} = {name}({given})[0]"],
            [f"result = {name}({given})"],
            [f"{target}, (h, c) = {name}({given})"] if kind == "LSTM" else [f"_, {target} = {name}({given})"],
        )
    )
    return Step(lines, layers)


def call_attention(body: Body) -> Step | None:
    """An attention or transformer layer, at times with masks."""
    found = body.tensor(is_sequence)
    if found is None:
        return None
    text, x = found
    draw = body.draw
    made, calls = draw_attention(draw, x, body.n)
    name = body.layer_name(made)
    call = draw.choice(calls)
    length = x.shape[0 if x.dim() == 2 or "batch_first" not in made else 1]
    if draw.random() < 0.35:
        mask = f"ones({body.size(length)}, {body.size(length)})"
        mask = draw.choice(
            (f"{mask}.tril() == 0", f"torch.triu({mask}, 1).bool()", f"torch.triu({mask} * float('-inf'), 1)")
        )
        if "MultiheadAttention" in made:
            call += f", attn_mask={mask}"
        elif made.startswith("Transformer("):
            call += f", tgt_mask={mask}"
        elif "Encoder" in made:
            call += f", {'mask' if made.startswith('TransformerEncoder(') else 'src_mask'}={mask}"
        else:
            call += f", tgt_mask={mask}"
    call = call.replace("{x}", text)
    target = body.target()
    if "MultiheadAttention" in made:
        line = draw.choice(
            (
                f"{target}, weights = {name}({call})",
                f"{target}, _ = {name}({call})",
                f"{target} = {name}({call})[0]",
            )
        )
        return Step([line], [(name, made, made)])
    return Step([f"{target} = {name}({call})"], [(name, made, made)])


def embed(body: Body) -> Step | None:
    """Integers into vectors."""
    found = body.tensor(is_integer)
    if found is None:
        return None
    text, _x = found
    draw, target = body.draw, body.target()
    classes = draw.randint(2, 9)
    # A size for the values that the generator gives in a trace, too.
    index = f"{text} % {classes}" if draw.random() < 0.7 else f"{text}.clamp(0, {classes - 1})"
    kind = draw.randrange(5)
    if kind == 0:
        return Step([f"{target} = F.one_hot({index}, {classes})"])
    if kind == 1:
        name = body.layer_name("EmbeddingBag")
        made = f"EmbeddingBag({body.n(classes)}, {draw.randint(1, 5)}{options(draw, 'mode=' + repr(draw.choice(('sum', 'max'))))})"
        return Step([f"{target} = {name}({index})"], [(name, made, made)])
    if kind == 2:
        name = body.fresh("table")
        made = f"Parameter(rand({classes}, {draw.randint(1, 5)}))"
        return Step(
            [f"{target} = {draw.choice((f'F.embedding({index}, {name})', f'{name}[{index}]'))}"],
            [(name, made, made)],
        )
    name = body.layer_name("Embedding")
    made = f"Embedding({body.n(classes)}, {body.n(draw.randint(1, 6))}{options(draw, 'padding_idx=0', 'max_norm=1.0', rate=0.2)})"
    return Step([f"{target} = {name}({index})"], [(name, made, made)])


def take_loss(body: Body) -> Step | None:
    """A loss of a tensor and a target made of it."""
    found = body.tensor(lambda tensor: is_default(tensor) and tensor.numel() > 0)
    if found is None:
        return None
    text, x = found
    draw = body.draw
    made, kind = draw.choice(LOSSES)
    name = body.layer_name(made)
    goal = draw.choice((f"ones_like({text})", f"{text}.detach()", f"torch.sigmoid({text})"))
    if kind == "labels":
        dim = 1 if x.dim() > 1 else 0
        goal = f"{text}.argmax({dim})"
    return Step([f"{body.fresh('loss')} = {name}({text}, {goal})"], [(name, made, made)])


def use_parameter(body: Body) -> Step | None:
    """A parameter or buffer of the model itself, or one of a layer."""
    found = body.tensor(is_default)
    if found is None:
        return None
    text, x = found
    draw = body.draw
    sizes = [body.n(size) if draw.random() < 0.7 else "1" for size in x.shape[draw.randint(0, x.dim() - 1) :]]
    shape = ", ".join(sizes)
    name = body.fresh(draw.choice(("scale", "bias", "position", "mask")))
    made = draw.choice(
        (
            f"Parameter({shape})", f"Parameter(ones({shape}))", f"Parameter(rand({shape}), requires_grad=False)",
            f"Buffer(ones({shape}))", f"Buffer(zeros({shape}), persistent=False)", f"Parameter(randn({shape}) * 0.02)",
        )
    )  # fmt: skip
    operator = draw.choice(("+", "*", "-", "/"))
    held = [
        f"{layer}.weight" for layer in body.layers
        if isinstance(getattr(getattr(body.module, layer), "weight", None), torch.Tensor)
    ]  # fmt: skip
    if held and draw.random() < 0.35:
        weight = draw.choice(held)
        line = draw.choice(
            (
                f"{text} @ {weight}.T",
                f"F.linear({text}, {weight})",
                f"{text} * {weight}.mean()",
                f"{weight} * 2",
            )
        )
        return Step([f"{body.target()} = {line}"])
    if draw.random() < 0.3:
        out = draw.randint(1, 5)
        made = f"Parameter(rand({out}, {body.n(x.shape[-1])}))"
        return Step([f"{body.target()} = F.linear({text}, {name})"], [(name, made, made)])
    owner = "self." if draw.random() < 0.4 else ""
    return Step([f"{body.target()} = {text} {operator} {owner}{name}"], [(name, made, made)])


def call_block(body: Body) -> Step | None:
    """A layer of a block that the model has."""
    found = body.tensor(is_default)
    if found is None or not body.blocks:
        return None
    text, x = found
    draw = body.draw
    block = draw.choice([*body.blocks])
    channels = x.shape[1] if draw.random() < 0.5 and x.dim() > 1 else x.shape[-1]
    made = draw.choice((f"{block}({body.n(channels)})", f"{block}(c={body.n(channels)})", f"{block}()"))
    name = body.fresh(block.lower())
    count = draw.randint(2, 3)
    if draw.random() < 0.3:
        return Step(
            [f"{body.target()} = {name}({text})"],
            [(name, f"{count} * {made}", f"Sequential(*[{made} for _ in range({count})])")],
        )
    like = body.tensor(lambda other: other.shape == x.shape)
    given = draw.choice(
        (text, text, f"{text}, None", f"{text}, {like[0] if like else text}", f"{text}, skip={text}")
    )
    return Step([f"{body.target()} = {name}({given})"], [(name, made, made)])


def call_structured(body: Body) -> Step | None:
    """Layers in the forms that YAML has for them, layers that may be missing, lists of parameters."""
    found = body.tensor(is_default)
    if found is None:
        return None
    text, x = found
    draw, target = body.draw, body.target()
    width = body.n(x.shape[-1])
    unit, act = f"Linear({width}, {width})", draw.choice(("ReLU()", "Tanh()", "GELU('tanh')", "Identity()"))
    name = body.fresh(draw.choice(("features", "maybe", "head", "weights")))
    kind = draw.randrange(7)
    if kind == 0:
        spec = f"{{first: '{unit}', act: ReLU(), inner: {{deep: '{unit}', last: Tanh()}}}}"
        python = f"Sequential(OrderedDict([('first', {unit}), ('act', ReLU()), ('inner', Sequential(OrderedDict([('deep', {unit}), ('last', Tanh())])))]))"
        called = draw.choice(("", "", ".first", ".inner", ".inner.deep", "[0]", "[-1][1]", "[2].deep"))
        lines = [f"{target} = {name}{called}({text})"]
        if draw.random() < 0.3:
            lines = [f"{target} = F.linear({text}, {name}.first.weight, self.{name}.inner.deep.bias)"]
        return Step(lines, [(name, spec, python)])
    if kind == 1:
        return Step(
            [f"{target} = {name}({text})"],
            [(name, f"['{unit}', ReLU(), ['{unit}']]", f"Sequential({unit}, ReLU(), Sequential({unit}))")],
        )
    if kind == 2:
        out = draw.randint(1, 5)
        spec = f"{{type: Linear, in_features: {width}, out_features: {out}, bias: false}}"
        return Step([f"{target} = {name}({text})"], [(name, spec, f"Linear({width}, {out}, bias=False)")])
    if kind == 3:
        made = f"{unit} if {width} > {draw.randint(1, 6)} else None"
        line = f"{target} = {name}({text}) if {name} is not None else {text}"
        return Step([line], [(name, made, made)])
    if kind == 4:
        made = f"ParameterList([Parameter(ones({width})), Parameter(1, {width})])"
        lines = [f"{target} = {text}", f"for scale in {name}:", f"    {target} = {target} * scale"]
        if draw.random() < 0.4:
            lines = [f"{target} = {text} + {name}[1] - {name}[0]"]
        return Step(lines, [(name, made, made)])
    if kind == 5:
        made = f"ParameterDict({{'left': Parameter({width}), 'right': Parameter(ones(1))}})"
        return Step([f"{target} = {text} * {name}['left'] + self.{name}['right']"], [(name, made, made)])
    made = f"ModuleList([{unit}, {act}, {unit}])"
    lines = draw.choice(
        (
            [f"{target} = {name}[0]({text}) + self.{name}[-1]({text})"],
            [f"{target} = {text}", f"for layer in {name}[1:]:", f"    {target} = layer({target})"],
            [
                f"{target} = {text}",
                f"for i in range(len({name})):",
                f"    {target} = {name}[i]({target}) if i % 2 == 0 else {target}",
            ],
            [f"{target} = [layer({text}) for layer in {name}][-1]"],
        )
    )
    return Step(lines, [(name, made, made)])


# Operations --------------------------------------------------------------------------------------------------

_POINTWISE = [
    "relu",
    "gelu",
    "silu",
    "tanh",
    "sigmoid",
    "exp",
    "abs",
    "neg",
    "sqrt",
    "square",
    "sin",
    "cos",
    "erf",
    "softplus",
    "elu",
    "leaky_relu",
    "hardswish",
    "hardtanh",
    "log1p",
    "sign",
    "floor",
    "round",
    "reciprocal",
    "rsqrt",
    "expm1",
    "mish",
    "selu",
    "relu6",
    "softsign",
    "logsigmoid",
    "positive",
    "clone",
    "detach",
    "nan_to_num",
    "isnan",
    "tan",
    "logical_not",
    "sgn",
    "trunc",
    "frac",
]


def map_elements(body: Body) -> Step | None:
    """Functions of each element."""
    found = body.tensor()
    if found is None:
        return None
    text = body.call(body.draw.choice(_POINTWISE), found[0])
    if body.draw.random() < 0.4:
        text = body.call(body.draw.choice(_POINTWISE), text)
    return Step([f"{body.target()} = {text}"])


def combine(body: Body) -> Step | None:
    """Two tensors, or a tensor and a number."""
    found = body.tensor()
    if found is None:
        return None
    text, x = found
    draw = body.draw
    like = body.tensor(lambda other: other.shape == x.shape) if draw.random() < 0.5 else body.tensor()
    assert like is not None
    operator = draw.choice(("+", "-", "*", "/", "+", "*", "//", "%", "**", ">", "<=", "=="))
    other = like[0]
    if draw.random() < 0.35:
        other = draw.choice(("2", "0.5", "1", "True", "-1", "3.0", body.size(2), "1e-3"))
    if draw.random() < 0.2:
        name = draw.choice(
            ("add", "mul", "maximum", "minimum", "where", "lerp", "atan2", "sub", "logaddexp", "pow", "fmod")
        )
        if name == "where":
            return Step([f"{body.target()} = torch.where({text} > 0, {text}, {other})"])
        return Step(
            [f"{body.target()} = {body.call(name, text, other, *(['0.5'] if name == 'lerp' else []))}"]
        )
    left, right = (text, other) if draw.random() < 0.8 else (other, text)
    return Step([f"{body.target()} = {left} {operator} {right}"])


def write_in_place(body: Body) -> Step | None:
    """What writes into its tensor."""
    found = body.tensor()
    if found is None:
        return None
    text, x = found
    draw = body.draw
    like = body.tensor(lambda other: other.shape == x.shape)
    assert like is not None
    other = draw.choice((like[0], "1", "0.5", "2"))
    if draw.random() < 0.4 and text.isidentifier():
        return Step([f"{text} {draw.choice(('+=', '-=', '*=', '/=', '**=', '//='))} {other}"])
    call = draw.choice(
        (
            f"{text}.add_({other})", f"{text}.mul_({other})", f"torch.relu_({text})", f"{text}.clamp_(0, 1)", f"{text}.zero_()",
            f"F.relu({text}, inplace=True)", f"{text}.masked_fill_({text} > 0, 0.0)", f"{text}.copy_({other if other == like[0] else text})",
            f"{text}.sub_({other})", f"F.dropout({text}, 0.5, self.training, inplace=True)", f"{text}.exp_()", f"{text}.fill_(1)",
f"{text}.normal_()", f"{text}.div_({other})", f"F.elu_({text})", f"{text}.sigmoid_()",

        )
    )  # fmt: skip
    return Step([call if draw.random() < 0.3 else f"{body.target()} = {call}"])


def view(body: Body) -> Step | None:
    """Other sizes of the same elements."""
    found = body.tensor(has_dims(1))
    if found is None:
        return None
    text, x = found
    draw, shape, dims = body.draw, list(x.shape), x.dim()
    first, second = draw.randrange(-dims, dims), draw.randrange(-dims, dims)
    layout = Draw(0)
    layout.random = draw
    regrouped = [size if size == -1 else body.size(size) for size in layout.regroup(shape)]
    sizes = ", ".join(map(str, regrouped))
    order = ", ".join(map(str, draw.sample(range(dims), dims)))
    divisor = draw.choice(divisors(shape[first])) if shape[first] else 1
    wide = [draw.randint(1, 3) if size == 1 else draw.choice((-1, size)) for size in shape]
    rest = draw.choice(("-1", body.size(x[0].numel()) if x.numel() else "0"))
    call = draw.choice(
        (
            f"{text}.view({sizes})", f"{text}.view({sizes})", f"{text}.reshape({sizes})", f"torch.reshape({text}, ({sizes},))",
            f"{text}.view({body.size(shape[0])}, {rest})", f"{text}.view(len({text}), -1)", f"{text}.flatten({draw.randint(0, dims - 1)})",
            f"torch.flatten({text}, 1)", f"{text}.permute({order})", f"{text}.transpose({first}, {second})", f"{text}.transpose(-1, -2)",
            f"{text}.unsqueeze({draw.randint(-dims - 1, dims)})", f"{text}.squeeze()", f"{text}.squeeze({first})",
            f"{text}.movedim({first}, {second})", f"{text}.mT", f"{text}.T" if dims == 2 else f"{text}.contiguous()",
            f"{text}.unflatten({first}, ({divisor}, -1))", f"{text}.expand({', '.join(map(str, wide))})",
            f"{text}.unsqueeze(0).expand({draw.randint(1, 3)}, {', '.join(['-1'] * dims)})",
            f"{text}.repeat({', '.join(str(draw.randint(1, 2)) for _ in range(dims))})", f"{text}.tile(2)",
            f"{text}.roll(1, {first})", f"torch.flip({text}, [{first}])", f"{text}.contiguous().view(-1)",
            f"{text}.transpose({first}, {second}).contiguous()", f"{text}.narrow({first}, 0, {body.size(max(shape[first] - 1, 0))})",
            f"{text}.swapaxes({first}, {second})", f"{text}.unfold({first}, {min(2, shape[first])}, 1)",
            f"{text}.diagonal(0, {first}, {second})", f"torch.tril({text})", f"{text}.triu(1)", f"{text}.select({first}, 0)",
            f"{text}.repeat_interleave(2, {first})", f"{text}.view_as({text})", f"{text}.clone().view({sizes})",
            f"{text}.reshape({body.size(shape[0])}, {divisor}, -1)", f"torch.movedim({text}, 0, -1)", f"{text}.t()",
            layout.call(text, shape),
        )
    )  # fmt: skip
    return Step([f"{body.target()} = {call}"])


def split(body: Body) -> Step | None:
    """Parts of a tensor."""
    found = body.tensor(has_dims(1))
    if found is None:
        return None
    text, x = found
    draw = body.draw
    dim = draw.randrange(-x.dim(), x.dim())
    size = x.shape[dim]
    kind = draw.randrange(6)
    if kind == 0 and size >= 2:
        return Step(
            [
                f"left, right = {draw.choice((f'{text}.chunk(2, {dim})', f'torch.chunk({text}, 2, dim={dim})'))}"
            ]
        )
    if kind == 1 and size >= 2:
        part = draw.randint(1, size - 1)
        return Step([f"left, right = {text}.split([{body.size(part)}, {body.size(size - part)}], dim={dim})"])
    if kind == 2 and 1 < size < 6:
        names = ", ".join(f"part{index}" for index in range(size))
        return Step([f"{names} = {text}.unbind({dim})"])
    if kind == 3 and size >= 1:
        piece = draw.randint(1, size)
        return Step(
            [
                f"parts = {text}.split({body.size(piece)}, {dim})",
                f"{body.target()} = cat([part * 2 for part in parts], {dim})",
            ]
        )
    if kind == 4 and size % 3 == 0 and size:
        target = body.target()
        return Step([f"q, k, v = torch.chunk({text}, 3, {dim})", f"{target} = q * k + v"])
    return Step([f"parts = {text}.tensor_split({draw.randint(1, 3)}, {dim})"])


def join(body: Body) -> Step | None:
    """Several tensors as one."""
    found = body.tensor()
    if found is None:
        return None
    text, x = found
    draw = body.draw
    others = [other for other, tensor in body.refs() if tensor.dim() == x.dim()]
    same = [other for other, tensor in body.refs() if tensor.shape == x.shape]
    chosen = [text, *draw.choices(same if draw.random() < 0.75 else others, k=draw.randint(1, 2))]
    draw.shuffle(chosen)
    listed = ", ".join(chosen)
    dim = draw.randint(-max(x.dim(), 1), max(x.dim(), 1))
    call = draw.choice(
        (
            f"cat([{listed}], {dim})", f"torch.cat(({listed}), dim={dim})", f"stack([{listed}], {dim})", f"torch.stack(({listed}))",
            f"torch.hstack([{listed}])", f"torch.vstack([{listed}])", f"torch.cat([{text}] * 2, dim={dim})", f"torch.column_stack([{listed}])",
        )
    )  # fmt: skip
    return Step([f"{body.target()} = {call}"])


def reduce(body: Body) -> Step | None:
    """A reduction, a sort or a running sum."""
    found = body.tensor(lambda tensor: tensor.numel() > 0)
    if found is None:
        return None
    text, x = found
    draw, dims = body.draw, max(x.dim(), 1)
    dim = draw.randrange(-dims, dims)
    keep = draw.choice((", keepdim=True", ""))
    target = body.target()
    name = draw.choice(["mean", "sum", "amax", "amin", "std", "var", "argmax", "argmin", "prod", "all", "any", "softmax", "log_softmax", "cumsum", "logsumexp", "norm", "median", "sort", "topk", "max", "min", "aminmax", "var_mean", "count_nonzero", "cumprod"])  # fmt: skip
    if name in ("softmax", "log_softmax"):
        return Step([f"{target} = {body.call(name, text, draw.choice((f'dim={dim}', str(dim))))}"])
    if name in ("cumsum", "cumprod", "count_nonzero"):
        return Step([f"{target} = {body.call(name, text, str(dim))}"])
    if name in ("sort", "topk", "max", "min", "median", "aminmax", "var_mean"):
        given = [draw.choice((f"dim={dim}", str(dim)))] if name != "aminmax" else [f"dim={dim}"]
        if name == "topk":
            given = ["1", f"dim={dim}"]
        call = (
            f"torch.{name}({text}, {', '.join(given)})"
            if draw.random() < 0.5
            else f"{text}.{name}({', '.join(given)})"
        )
        if name == "var_mean":
            call = f"torch.var_mean({text}, dim={dim}{keep})"
        return Step(
            [draw.choice((f"values, index = {call}", f"{target} = {call}[0]", f"{target} = {call}[1]"))]
        )
    axes = [f"dim={dim}", str(dim)]
    if name in ("mean", "sum", "amax", "std", "var") and x.dim() > 1:
        axes += [f"dim=({dim % dims}, {(dim + 1) % dims})", f"[{dim % dims}, {(dim + 1) % dims}]"]
    if name in ("norm",):
        axes = [f"dim={dim}"]
    if draw.random() < 0.15 and name not in ("logsumexp",):
        return Step([f"{target} = {text}.{name}()"])
    shape = f"torch.{name}({text}, {draw.choice(axes)}{keep})"
    return Step(
        [f"{target} = {shape if draw.random() < 0.5 else f'{text}.{name}({draw.choice(axes)}{keep})'}"]
    )


def index(body: Body) -> Step | None:
    """A subscript."""
    found = body.tensor(has_dims(1))
    if found is None:
        return None
    text, x = found
    draw, shape = body.draw, list(x.shape)
    layout = Draw(0)
    layout.random = draw
    size = shape[-1]
    subscript = draw.choice(
        (
            "0", "-1", ":, 0", "..., -1", ":, None", "None", "1:", ":, :-1", "::2", "..., None", ":1", f": {body.size(max(shape[0] - 1, 1))}",
            f"..., : {body.size(size)} // 2", f"..., {body.size(max(size - 1, 0))}:", ":, ::2", "[0]", "0, ...", "0, 0", "[0, -1]",
            f"arange({body.size(shape[0])})", f"..., arange({body.size(size)} - 1)", layout.subscript(shape), layout.subscript(shape),
            f"{text}.shape[0] // 2", ":, 1:, None",
        )
    )  # fmt: skip
    return Step([f"{body.target()} = {text}[{subscript}]"])


def multiply(body: Body) -> Step | None:
    """Products of matrices."""
    found = body.tensor(lambda tensor: is_floating(tensor) and tensor.dim() > 0)
    if found is None:
        return None
    text, x = found
    draw, dims = body.draw, x.dim()
    fits = body.tensor(
        lambda other: other.dtype == x.dtype and other.dim() >= 1 and other.shape[-1] == x.shape[-1]
    )
    assert fits is not None
    other = fits[0]
    letters = "abcdefg"[:dims]
    turned = "".join(draw.sample(letters, dims))
    kept = "".join(draw.sample(letters, draw.randint(0, dims)))
    call = draw.choice(
        (
            f"{text} @ {other}.transpose(-1, -2)", f"torch.matmul({text}, {other}.mT)", f"{text} @ {other}.T",
            f"torch.einsum('{letters}->{turned}', {text})", f"torch.einsum('{letters},{letters}->{kept}', {text}, {text})",
            f"torch.bmm({text}, {other}.transpose(1, 2))", f"F.scaled_dot_product_attention({text}, {text}, {text})",
            f"F.scaled_dot_product_attention({text}, {other}, {other}, is_causal=True)", f"torch.mm({text}, {other}.t())",
            f"F.linear({text}, rand({draw.randint(1, 4)}, {body.size(x.shape[-1])}))", f"torch.outer({text}, {other})",
            f"torch.einsum('...i,...j->...ij', {text}, {text})", f"F.softmax({text} @ {other}.transpose(-2, -1) / math.sqrt({body.size(x.shape[-1])}), dim=-1) @ {other}",
            f"torch.cdist({text}, {other})", f"F.normalize({text}, dim=-1)", f"torch.tensordot({text}, {text}, dims=1)", f"F.cosine_similarity({text}, {other}, dim=-1)",
            f"torch.dot({text}, {other})", f"{text} @ rand({body.size(x.shape[-1])}, {draw.randint(1, 4)})", f"torch.baddbmm(zeros(1), {text}, {text}.mT)",
        )
    )  # fmt: skip
    return Step([f"{body.target()} = {call}"])


def make_tensor(body: Body) -> Step | None:
    """A new tensor whose sizes are of another."""
    found = body.tensor(has_dims(1))
    if found is None:
        return None
    text, x = found
    draw = body.draw
    size, last = body.size(x.shape[0]), body.size(x.shape[-1])
    call = draw.choice(
        (
            f"zeros({size}, {last})", f"ones_like({text})", f"arange({last})", f"torch.arange({size}, device={text}.device)", f"torch.full(({size},), 0.5)",
            f"eye({size})", f"torch.linspace(0, 1, {last})", f"randn_like({text})", f"rand({size}, {last})", f"randint(0, 4, ({size}, {last}))",
            f"{text}.new_zeros({last})", f"ones({size}, {last}).tril().bool()", f"torch.full_like({text}, 2)", f"torch.zeros({text}.shape[:1])",
            f"zeros({text}.shape)", f"zeros(*{text}.shape[1:], 2)", f"torch.arange({last}, dtype={text}.dtype) * 2", "tensor([1, 2, 3])",
            f"zeros({size}, {last}, dtype=int64)", f"randn({text}.size())", f"torch.rand_like({text}.float())", f"torch.ones({size}, {size}).triu(1) * float('-inf')",
        )
    )  # fmt: skip
    return Step([f"{body.fresh(draw.choice(('grid', 'made')))} = {call}"])


def convert(body: Body) -> Step | None:
    """Another dtype."""
    found = body.tensor()
    if found is None:
        return None
    text, _ = found
    like = body.tensor()
    assert like is not None
    call = body.draw.choice(
        (f"{text}.float()", f"{text}.double()", f"{text}.half()", f"{text}.long()", f"{text}.bool()", f"{text}.to(float64)",
         f"{text}.to(torch.bfloat16)", f"{text}.type_as({like[0]})", f"{text}.to({like[0]}.dtype)", f"{text}.int()",
         f"{text}.to(dtype=torch.float32)", f"{text}.to({like[0]})")
    )  # fmt: skip
    return Step([f"{body.target()} = {call}"])


def mask(body: Body) -> Step | None:
    """Masks and choices by values."""
    found = body.tensor(has_dims(1))
    if found is None:
        return None
    text, x = found
    draw = body.draw
    dim = draw.randrange(-x.dim(), x.dim())
    call = draw.choice(
        (
            f"{text}.masked_fill({text} > 0.5, 0.0)", f"torch.where({text} > 0, {text}, {text} * 2)", f"{text} * ({text} > 0)",
            f"{text}.gather({dim}, {text}.argmax({dim}, keepdim=True))", f"torch.gather({text}, {dim}, {text}.argsort({dim}))",
            f"{text}.index_select({dim}, tensor([0]))", f"{text}.clamp(min=0)", f"torch.clamp({text}, 0, 1)", f"~({text} > 0)",
            f"({text} > 0) & ({text} < 1)", f"F.dropout({text}, 0.5, training=self.training)", f"F.dropout({text}, training=True)",
            f"torch.scatter(zeros_like({text}), {dim}, {text}.argsort({dim}), {text})", f"torch.take_along_dim({text}, {text}.argsort({dim}), {dim})",
            f"torch.bernoulli({text}.sigmoid())", f"F.gumbel_softmax({text}, dim={dim})", f"torch.where({text}.bool(), 1.0, 0.0)",
        )
    )  # fmt: skip
    return Step([f"{body.target()} = {call}"])


def apply_window(body: Body) -> Step | None:
    """Convolution, pooling, padding and resizing by functions."""
    found = body.tensor(lambda tensor: is_floating(tensor) and 2 <= tensor.dim() <= 5)
    if found is None:
        return None
    text, x = found
    draw = body.draw
    dims = draw.choice([dims for dims in (1, 2, 3) if dims + 1 <= x.dim() <= dims + 2])
    channels = x.shape[-1 - dims]
    kernel = [str(draw.randint(1, 2)) for _ in range(dims)]
    weight = f"rand({draw.randint(1, 3)}, {body.size(channels)}, {', '.join(kernel)})"
    turned = f"rand({body.size(channels)}, {draw.randint(1, 3)}, {', '.join(kernel)})"
    pads = ", ".join(str(draw.choice((0, 1, 1, 2, -1))) for _ in range(2 * draw.randint(1, dims)))
    size = f"({', '.join(str(draw.randint(1, 4)) for _ in range(dims))}{',' if dims == 1 else ''})"
    call = draw.choice(
        (
            f"F.conv{dims}d({text}, {weight}{options(draw, 'stride=2', 'padding=1')})", f"F.conv_transpose{dims}d({text}, {turned}{options(draw, 'stride=2')})",
            f"F.max_pool{dims}d({text}, 2)", f"F.avg_pool{dims}d({text}, 2{options(draw, 'stride=1', 'ceil_mode=True')})", f"F.adaptive_avg_pool{dims}d({text}, 1)",
            f"F.adaptive_max_pool{dims}d({text}, {size})", f"F.pad({text}, ({pads}))", f"F.pad({text}, ({pads}), mode={draw.choice(('reflect', 'replicate', 'circular'))!r})",
            f"F.interpolate({text}, scale_factor=2)", f"F.interpolate({text}, size={size})", f"F.interpolate({text}, size={text}.shape[2:])",
            f"F.max_pool{dims}d({text}, {draw.randint(1, 3)}, stride=1, padding={draw.randint(0, 1)})", f"F.layer_norm({text}, ({body.size(x.shape[-1])},))",
            f"F.layer_norm({text}, {text}.shape[1:])", f"F.group_norm({text}, {draw.choice(divisors(x.shape[1]))})", f"F.instance_norm({text})",
            f"F.batch_norm({text}, None, None, training=True)", f"F.lp_pool{min(dims, 2)}d({text}, 2, 2)", f"F.unfold({text}, 2)", f"F.pixel_shuffle({text}, 2)",
            f"F.rms_norm({text}, ({body.size(x.shape[-1])},))", f"F.interpolate({text}, scale_factor=0.5, mode='nearest')", f"F.local_response_norm({text}, 2)",
        )
    )  # fmt: skip
    return Step([f"{body.target()} = {call}"])


def unpool(body: Body) -> Step | None:
    """Pooling with indices, and back."""
    found = body.tensor(
        lambda tensor: is_default(tensor) and tensor.dim() in (3, 4) and min(tensor.shape) > 1
    )
    if found is None:
        return None
    text, _x = found
    pool, back = body.fresh("pool"), body.fresh("back")
    pooled, unpooled = "MaxPool2d(2, return_indices=True)", "MaxUnpool2d(2)"
    layers = [(pool, pooled, pooled), (back, unpooled, unpooled)]
    given = body.draw.choice(("", f", output_size={text}.shape", f", {text}.size()"))
    return Step([f"low, where = {pool}({text})", f"{body.target()} = {back}(low, where{given})"], layers)


# Plain values, branches, samples --------------------------------------------------------------------------------


def take_sizes(body: Body) -> Step | None:
    """Ints of sizes."""
    found = body.tensor(has_dims(2))
    if found is None:
        return None
    text, _x = found
    draw = body.draw
    first, second = body.fresh("n"), body.fresh("m")
    line = draw.choice(
        (
            f"{first}, {second} = {text}.shape[:2]", f"{first}, {second} = {text}.shape[-2:]", f"{first} = {text}.shape[0] * {text}.shape[1]",
            f"{first} = {text}.size(-1) // 2", f"{first} = len({text}) + 1", f"{first} = {text}.numel()", f"{first} = max({text}.shape[0], {text}.shape[1])",
            f"{first} = {text}.shape[-1] - 1", f"{first} = {text}.dim()", f"{first} = -(-{text}.shape[-1] // 2)", f"{first} = {text}.shape[0] % 3", f"{first} = sum({text}.shape)", f"{first} = int({text}.shape[0] / 2)", f"{first} = prod({text}.shape[1:])",
        )
    )  # fmt: skip
    return Step([line])


def branch(body: Body) -> Step | None:
    """A choice by plain values, or an assertion."""
    found = body.tensor(has_dims(1))
    if found is None:
        return None
    text, x = found
    draw = body.draw
    target = body.target()
    condition = draw.choice(
        (
            f"{text}.shape[0] > {draw.randint(0, 4)}", f"{text}.dim() == {x.dim()}", "self.training", f"{text}.size(-1) % 2 == 0", "not self.training",
            f"{body.size(x.shape[0])} == {body.size(x.shape[-1])}", f"{text}.shape[-1] >= 3 and {text}.shape[0] > 1", f"{text}.dtype == torch.float32",
            f"{text}.shape[0] < {draw.randint(1, 9)} or self.training", f"{text}.shape == {text}.size()", f"1 < {text}.shape[0] <= 4", f"{text}.is_floating_point()",
        )
    )  # fmt: skip
    one, two = f"{text} * 2", draw.choice((f"{text}.mean(0)", text, f"-{text}", f"{text}.flatten()"))
    kind = draw.randrange(5)
    if kind == 0:
        return Step([f"{target} = {one} if {condition} else {two}"])
    if kind == 1:
        return Step([f"assert {text}.shape[{draw.randrange(x.dim())}] > {draw.choice((0, 0, 2))}"])
    if kind == 2:
        return Step(
            [
                f"{target} = {text}",
                f"if {condition}:",
                f"    {target} = {target} + 1",
                "else:",
                f"    {target} = {two}",
            ]
        )
    if kind == 3:
        lines = [
            f"if {condition}:",
            f"    {target} = {one}",
            f"elif {text}.dim() > 1:",
            f"    {target} = {two}",
            "else:",
            f"    {target} = {text}",
        ]
        return Step(lines)
    return Step([f"{target} = {one}", f"if {condition}:", f"    {target} = {two}"])


def loop(body: Body) -> Step | None:
    """A loop or comprehension over plain values."""
    found = body.tensor(has_dims(1))
    if found is None:
        return None
    text, x = found
    draw = body.draw
    target = body.target()
    count = draw.randint(1, 3)
    kind = draw.randrange(8)
    if kind == 0:
        return Step([f"{target} = {text}", f"for i in range({count}):", f"    {target} = {target} * 2 + i"])
    if kind == 1:
        return Step(
            [
                f"{target} = torch.stack([{text} * i for i in range(1, {count + 1})], dim={draw.randint(0, x.dim())})"
            ]
        )
    if kind == 2 and 0 < x.shape[0] < 5:
        return Step([f"{target} = cat([{text}[i] for i in range({body.size(x.shape[0])})])"])
    if kind == 3:
        return Step(
            [f"{target} = {text}", "for a, b in ((1, 2), (0.5, 3)):", f"    {target} = {target} * a - b"]
        )
    if kind == 4 and 0 < x.shape[0] < 5:
        return Step(
            [
                "rows = []",
                f"for t in range({text}.shape[0]):",
                f"    rows.append({text}[t].sum())",
                f"{target} = torch.stack(rows)",
            ]
        )
    if kind == 5:
        return Step(
            [
                "outs = []",
                "for k in [1, 2]:",
                f"    outs.append({text} ** k)",
                f"{target} = torch.cat(outs, {draw.randrange(-x.dim(), x.dim())})",
            ]
        )
    if kind == 6:
        return Step([f"{target} = sum([{text} * k for k in (1, 2)])"])
    return Step(
        [
            f"pair = ({text}, {text} * 2)",
            f"{target} = pair[0] - pair[1]",
            "for part in pair:",
            f"    {target} = {target} + part",
        ]
    )


class _Swap(ast.NodeTransformer):
    """Puts a name in the place of one of the tensors that a sample makes."""

    def __init__(self, name: str, at: int) -> None:
        self.name, self.at = name, at

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in (
            "rand",
            "randn",
            "randint",
            "zeros",
            "ones",
            "tensor",
            "arange",
        ):
            self.at -= 1
            if self.at == -1:
                return ast.parse(self.name, mode="eval").body
        return self.generic_visit(node)


def _swap(draw: random.Random, text: str, name: str) -> str:
    swap = _Swap(name, draw.choice((0, 0, 0, 1, 2)))
    tree = swap.visit(ast.parse(text, mode="eval"))
    return ast.unparse(tree)


def call_sample(body: Body) -> Step | None:
    """A call of any operation of the catalogue, at times on a tensor of the model."""
    _name, text = body.draw.choice(_PLAIN_CALLS)
    found = body.tensor()
    if found is not None and body.draw.random() < 0.6:
        text = _swap(body.draw, text, found[0])
    return Step([f"{body.target()} = {text}"])


def call_sample_layer(body: Body) -> Step | None:
    """A layer of any kind of the catalogue, at times on a tensor of the model."""
    made, calls = body.draw.choice(_PLAIN_LAYERS)
    inputs = body.draw.choice(calls)
    call = f"f({inputs})"
    found = body.tensor()
    if found is not None and body.draw.random() < 0.4:
        call = _swap(body.draw, call, found[0])
    name = body.layer_name(made)
    return Step([f"{body.target()} = {name}{call[1:]}"], [(name, made, made)])


_PLAIN_CALLS = [
    (sample.name, spell(sample).text)
    for samples in list_entries().values()
    for sample in samples
    if sample.kind not in ("layer", "operator") and sample.name != "ctc_loss"
]
_PLAIN_LAYERS = [(made, calls) for made, calls in LAYER_SAMPLES if not made.startswith("CTCLoss")]

#: What may come next, with how often it does.
STEPS: tuple[tuple[int, StepMaker], ...] = (
    (14, call_layer), (5, add_residual), (3, call_again), (6, call_container), (4, call_recurrent), (4, call_attention),
    (5, embed), (2, take_loss), (4, use_parameter), (8, call_block), (4, call_structured), (5, map_elements), (6, combine), (4, write_in_place),
    (9, view), (4, split), (4, join), (5, reduce), (5, index), (4, multiply), (3, make_tensor), (2, convert), (3, mask),
    (4, apply_window), (1, unpool), (3, take_sizes), (3, branch), (3, loop), (7, call_sample), (5, call_sample_layer),
)  # fmt: skip


def draw_step(body: Body) -> Step | None:
    """Something that may come next, legal or not."""
    weights = [weight for weight, _ in STEPS]
    return body.draw.choices([maker for _, maker in STEPS], weights)[0](body)
