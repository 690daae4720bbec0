"""What to say of a name that means nothing, and of a class where a layer is meant."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.refused import REFUSED
from layercli.errors import SpecError, did_you_mean, same_but_for_case
from layercli.spec.expressions import Code, Expression
from layercli.spec.mentions import find_names
from layercli.spec.model import Block, LayerDefinition

#: What other languages and Python's other half write for a value, and what it is here.
_WORDS = {
    "no": "False", "off": "False", "No": "False", "false": "False", "yes": "True", "on": "True", "Yes": "True",
    "true": "True", "null": "None", "none": "None", "nil": "None",
}  # fmt: skip

#: Functions of Python that the language hasn't, with what to write instead.
_PYTHON_ONLY = {
    "print": "leave it out; layercli trace shows every shape, and --values what is in it",
    "super": "write the statements themselves; a block has no parent",
    "isinstance": "leave the question out: a spec says what its layers are",
    "getattr": "write the name itself: self.layer, or heads['box'] of a ModuleDict",
    "hasattr": "leave the question out: a spec says what its layers are",
    "setattr": "assign to a plain name: y = ...",
    "map": "write a list: [f(x) for x in values]",
    "filter": "write a list: [x for x in values if ...]",
    "reversed": "write values[::-1]",
    "sorted": "write the list in its order",
    "set": "write a list",
    "str": "write the text itself, in quotes",
    "eval": "write the expression itself",
    "exec": "write the statements themselves",
    "open": "a spec neither reads nor writes files",
    "input": "name the input under `inputs`",
}


#: Layers as other frameworks call them.
_ELSEWHERE = {
    "Dense": "Linear", "FullyConnected": "Linear", "BatchNormalization": "BatchNorm1d, BatchNorm2d or BatchNorm3d",
    "BatchNorm": "BatchNorm1d, BatchNorm2d or BatchNorm3d", "LayerNormalization": "LayerNorm",
    "GroupNormalization": "GroupNorm", "Conv": "Conv1d, Conv2d or Conv3d", "Convolution2D": "Conv2d",
    "Conv2DTranspose": "ConvTranspose2d", "Conv1DTranspose": "ConvTranspose1d",
    "DepthwiseConv2D": "Conv2d with groups=in_channels", "MaxPooling1D": "MaxPool1d", "MaxPooling2D": "MaxPool2d",
    "MaxPooling3D": "MaxPool3d", "AveragePooling1D": "AvgPool1d", "AveragePooling2D": "AvgPool2d",
    "AveragePooling3D": "AvgPool3d", "GlobalAveragePooling1D": "AdaptiveAvgPool1d(1)",
    "GlobalAveragePooling2D": "AdaptiveAvgPool2d(1)", "GlobalMaxPooling1D": "AdaptiveMaxPool1d(1)",
    "GlobalMaxPooling2D": "AdaptiveMaxPool2d(1)", "Activation": "a layer of its own, such as ReLU() or Sigmoid()",
    "Swish": "SiLU", "UpSampling2D": "Upsample", "MultiHeadAttention": "MultiheadAttention",
    "SpatialDropout2D": "Dropout2d", "Embed": "Embedding", "GlobalAvgPool2d": "AdaptiveAvgPool2d(1)",
    "GlobalMaxPool2d": "AdaptiveMaxPool2d(1)", "AveragePool2d": "AvgPool2d",
}  # fmt: skip

#: What other frameworks have as a layer and a spec writes in another way.
_INSTEAD = {
    "OrderedDict": "write the layers below the name, each with its own: net: {a: 'Linear(8, 8)', b: ReLU()}",
    "Lambda": "write the expression in `forward`, or a block with it",
    "Reshape": "write x.view(...) in `forward`, or the layer Unflatten(1, (...))",
    "View": "write x.view(...) in `forward`, or the layer Unflatten(1, (...))",
    "Permute": "write x.permute(...) in `forward`", "Transpose": "write x.transpose(1, 2) in `forward`",
    "Rearrange": "write x.view(...) and x.permute(...) in `forward`", "Squeeze": "write x.squeeze(1) in `forward`",
    "Unsqueeze": "write x.unsqueeze(1) in `forward`", "Concatenate": "write cat([a, b], 1) in `forward`",
    "Concat": "write cat([a, b], 1) in `forward`", "Add": "write a + b in `forward`",
    "Multiply": "write a * b in `forward`", "Input": "name it under `inputs`: inputs: {x: [1, 8]}",
    "InputLayer": "name it under `inputs`: inputs: {x: [1, 8]}",
}  # fmt: skip

#: What to do with a name that Python keeps for itself.
NOTHING_INSIDE = "leave it out: a spec reaches nothing inside of Python"

#: Functions of einops.
_EINOPS = ("rearrange", "reduce", "repeat")

#: Texts that arguments of layers and functions take.
_TEXTS = (
    "same", "valid", "reflect", "circular", "replicate", "zeros", "constant", "nearest", "linear", "bilinear", "bicubic",
    "trilinear", "area", "mean", "sum", "none", "tanh", "relu", "gelu",
)  # fmt: skip

#: Packages that a pasted forward may use.
_PACKAGES = {
    "np": "NumPy", "numpy": "NumPy", "tf": "TensorFlow", "tensorflow": "TensorFlow", "keras": "Keras",
    "jnp": "JAX", "jax": "JAX", "torchvision": "torchvision", "einops": "einops", "scipy": "SciPy",
}  # fmt: skip


def explain_package(name: str, attribute: str) -> tuple[str, str, str] | None:
    """Code, message and hint for ``np.mean``; None where ``name`` is no package that is known."""
    if name not in _PACKAGES:
        return None
    calls = [f"torch's {attribute}(x)"] if attribute in FUNCTIONS else []
    if attribute in METHODS:
        calls.append(f"x.{attribute}" if METHODS[attribute].attribute else f"x.{attribute}()")
    hint = f"write {' or '.join(calls)}" if calls else did_you_mean(attribute, FUNCTIONS, cutoff=0.75)
    return (
        "unknown-name",
        f"{name} is not there: a spec has the functions of PyTorch, not those of {_PACKAGES[name]}",
        hint or "layercli list functions shows what there is",
    )


def hint_present(names: Iterable[str]) -> str:
    """The values that a forward has at a place, in the order in which they came."""
    *others, last = [*names][:8] or [""]
    if others:
        return f"there are {', '.join(others)} and {last}"
    return f"there is {last}" if last else ""


def hint_layer(name: str, known: Iterable[str]) -> str:
    """What to write for a layer that isn't there: what it is called here, or else the nearest in ``known``."""
    if name in _ELSEWHERE:
        return f"in PyTorch it is {_ELSEWHERE[name]}"
    if name in _INSTEAD:
        return _INSTEAD[name]
    return did_you_mean(name, known)


#: A layer for a name that begins so.
_BY_NAME = {
    "drop": "Dropout(0.5)", "relu": "ReLU()", "act": "ReLU()", "pool": "MaxPool2d(2)", "maxpool": "MaxPool2d(2)",
    "norm": "BatchNorm2d(8)", "bn": "BatchNorm2d(8)", "conv": "Conv2d(3, 8, 3)", "emb": "Embedding(100, 8)",
    "lstm": "LSTM(8, 16, batch_first=True)", "gru": "GRU(8, 16, batch_first=True)", "flatten": "Flatten()",
}  # fmt: skip


def hint_added(name: str) -> str:
    """What to write for a layer that ``forward`` calls and ``layers`` hasn't."""
    made = next((text for start, text in _BY_NAME.items() if name.lower().startswith(start)), "Linear(8, 4)")
    return f"add it to `layers`, as in {name}: {made}"


#: How the hint begins that writes a whole list as a mapping.
DASHES = "leave out the dash before each item of the list"
#: So many items of a list are written out.
_SHOWN_ITEMS = 6


def hint_listed(layers: Sequence[LayerDefinition]) -> str:
    """What to write for the layers with names that stand in one list, in their order."""
    shown = [f"{layer.name}: {_show_listed(layer)}" for layer in layers]
    if len(shown) == 1:
        return f"write {shown[0]}, without the dash before it".replace(": ,", ":")
    more = "; ..." if len(shown) > _SHOWN_ITEMS else ""
    texts = "; ".join(text.strip() for text in shown[:_SHOWN_ITEMS])
    return f"{DASHES}: {texts}{more}"


def _show_listed(layer: LayerDefinition) -> str:
    return " ".join(layer.value.shown.split()) if isinstance(layer.value, Expression) else ""


def hint_shared(code: Code, node: ast.expr, name: str, block: Block | None, layer: str) -> str:
    """What to write where the name of another layer stands in ``layers``, as a whole or as an argument.

    ``layer`` is the one that is made of it, where it has a line of its own in ``block``.
    """
    made = next((each.value for each in block.layers if each.name == name), None) if block else None
    if layer and isinstance(code, Expression) and node is code.tree:
        return f"leave {layer} out, and call {name} twice in `forward`; `tie` shares weights only"
    if not isinstance(made, Expression):
        return f"write what {name} is made by in its place, or make a second layer; `tie` shares weights"
    begin, end = code.span(node)
    text = " ".join(f"{code.shown[:begin]}{made.shown}{code.shown[end:]}".split())
    hint = f"write {layer}: {text}" if layer else f"write {text}"
    forward = block.forward if block else None
    called = forward is not None and name in find_names(forward.bodies)
    return hint if called else f"{hint}, and leave {name} out"


def explain_repeated(code: Code, node: ast.BinOp, of_layers: bool) -> SpecError:
    """``[Linear(8, 8)] * 4``, which in Python is one layer four times; ``of_layers``: not of parameters."""
    first = isinstance(node.left, (ast.List, ast.Tuple))
    items, count = (node.left, node.right) if first else (node.right, node.left)
    listed, times = code.segment(items), code.segment(count)
    made = f"for _ in range({times})"
    if isinstance(items, (ast.List, ast.Tuple)) and len(items.elts) == 1:
        item = code.segment(items.elts[0])
        hint = f"write [{item} {made}] for layers of their own"
        if of_layers:
            hint += f", as {times} * {item} makes them"
    else:
        hint = f"write [layer {made} for layer in {listed}] for layers of their own"
    message = "a list times a number holds the same layers again, and one module can't stand in two places"
    return code.problem("shared-layer", message, node, hint)


def hint_member(name: str, known: Iterable[str]) -> str:
    """What to write for ``self.name``: the layer that was meant, or the one that is missing.

    ``fc2`` is no slip of the pen for ``fc1``.
    """
    plain = name.rstrip("0123456789")
    near = did_you_mean(name, [other for other in known if other.rstrip("0123456789") != plain])
    return near or hint_added(name)


#: How like a name has to be to be suggested: one of the spec itself, one of PyTorch, one of PyTorch for a value.
_CUTOFFS = {"own": 0.6, "called": 0.6, "value": 0.85}


def _find_near(name: str, groups: Sequence[Iterable[str]], *, called: bool) -> str:
    """``did you mean max_pool2d?``: the same name but for case and underscores first, then near ones."""
    if len(name) < 2:
        # A name of one letter is near to every other one.
        return ""
    same = next(filter(None, (same_but_for_case(name, group) for group in groups)), [])
    if same:
        return f"did you mean {' or '.join(same)}?"
    for index, group in enumerate(groups):
        cutoff = _CUTOFFS["own" if index == 0 else "called" if called else "value"]
        hint = did_you_mean(name, group, cutoff=cutoff)
        if hint:
            return hint
    return ""


def explain_unknown(name: str, groups: Sequence[Iterable[str]], *, called: bool) -> tuple[str, str, str]:
    """Code, message and hint for a name that means nothing.

    ``groups`` are known names, those first that are likelier to be meant: the first one holds the spec's own.
    """
    if name in REFUSED:
        return "refused-name", f"{name} is not in the spec language: {REFUSED[name]}", ""
    if name in _WORDS:
        return "unknown-name", f"{name} is no value here", f"write {_WORDS[name]}"
    if name in ("nn", "F", "torch", "math"):
        return "unknown-name", f"{name} alone is no value", f"write {name}.something"
    if called and name in _PYTHON_ONLY:
        return "unknown-function", f"{name} of Python is not in the spec language", _PYTHON_ONLY[name]
    if name.startswith("__"):
        code = "unknown-function" if called else "unknown-name"
        return code, f"there is no {name} in a spec", NOTHING_INSIDE
    if called and name in _EINOPS:
        message = f"{name} of einops is not in the spec language"
        return "unknown-function", message, "write x.view(...), x.permute(...) and x.mean(...)"
    if name == "device":
        hint = "leave it out, with the .to(...) around it; --device says where the model runs"
        return "unknown-name", "a spec names no device", hint
    if not called and name in _TEXTS:
        return "unknown-name", f"there is nothing called {name} here", f"text needs quotes: '{name}'"
    if called and name in METHODS and not METHODS[name].attribute:
        hint = f"write x.{name}(...); a statement before it has to name x, as in x = conv(x)"
        return (
            "unknown-function",
            f"{name} is a method of tensors, and no function",
            hint,
        )
    hint = _find_near(name, groups, called=called)
    if called and name[:1].isupper():
        return (
            "unknown-layer",
            f"there is no layer called {name}",
            hint_layer(name, ()) or hint or "layercli list layers shows them all",
        )
    if called:
        return (
            "unknown-function",
            f"there is no function or layer called {name}",
            hint or f"{hint_added(name)}; layercli list functions shows the functions",
        )
    return "unknown-name", f"there is nothing called {name} here", hint


#: What a layer of a kind may be called, by a part of its class's name.
_LAYER_NAMES = {"Pool": "pool", "Norm": "norm", "Drop": "drop", "Conv": "conv", "Flatten": "flat"}


def explain_class_in_forward(name: str, text: str, callee: str = "") -> tuple[str, str, str]:
    """Code, message and hint for a layer that is made where it should be called.

    ``callee`` is what stands before the brackets where a tensor stands inside: ``nn.ReLU`` of ``nn.ReLU(x)``.
    """
    if callee:
        message = f"{name} is a class and makes a layer; it is given a tensor here"
        # The function dropout drops in eval mode, too, and so isn't what the layer is.
        function = "" if "Drop" in name else next(iter(same_but_for_case(name, FUNCTIONS)), "")
        kinds = (word for part, word in _LAYER_NAMES.items() if part in name)
        layer = next(kinds, "act" if function else "layer")
        bare = name in LAYERS and set(LAYERS[name].signature.by_name) <= {"inplace"}
        made = f"{layer}: {name}()" if bare else f"{layer}: {name}(...)"
        hint = f"add {made} to `layers` and call {layer}(...)"
        if function:
            hint = f"write {function}{text.removeprefix(callee)}, or {hint}"
        return "layer-made-here", message, hint
    called = text if text.endswith(")") else f"{text}()"
    return (
        "layer-made-here",
        f"{name} is a class; layers are made in `layers`, not in `forward`",
        f"add it to `layers`, as in name: {called}, and call it by its name",
    )
