"""What may change between a spec and its lock."""

from __future__ import annotations

from collections.abc import Sequence

from layercli.codes.records import SPEC_NAME, Code, Example

_NET = """\
params: {width: 8}
inputs: {x: [1, 8]}
layers:
  fc1: Linear(8, width)
  fc2: Linear(width, 2)
forward:
  - x = relu(fc1(x))
  - fc2(x)
"""

_TWO_INPUTS = """\
inputs:
  x: [1, 8]
  y: [1, 8]
layers:
  fc: Linear(8, 2)
forward:
  - fc(x) + relu(fc(y))
"""

_SEQUENCE = """\
dims: {N: 1, T: 4}
inputs: {x: [N, T, 8]}
layers:
  fc: Linear(8, 8)
forward:
  - fc(x)
"""

_BLOCK = """\
inputs: {x: [1, 8]}
layers:
  body: Block()
forward:
  - body(x)
blocks:
  Block:
    inputs: [x]
    layers:
      fc: Linear(8, 8)
      act: Linear(8, 8)
    forward: |
      y = fc(x)
      z = act(x)
      return y
"""

_LOCKED = ("layercli lock net.yaml",)


def _difference(
    code: str, title: str, help: str, *edits: tuple[str, str], spec: str = _NET, old: str = "", new: str = ""
) -> Code:
    """A code with an example: a spec that is locked, then changed by replacing each first text by the second."""
    before = after = old or spec
    for first, second in edits:
        after = after.replace(first, second)
    example = Example({SPEC_NAME: before}, "layercli check", _LOCKED, {SPEC_NAME: new or after})
    return Code(code, "difference", title, help, example)


def _since(code: str, title: str, help: str, commands: Sequence[str]) -> Code:
    """A code with an example in a repository, where a spec is committed and then something is done to it."""
    committed = ("git init -q", "layercli lock net.yaml", "git add .", "git commit -qm Net")
    example = Example({SPEC_NAME: _NET}, "layercli check --against HEAD", (*committed, *commands))
    return Code(code, "difference", title, help, example)


CODES: tuple[Code, ...] = (
    _difference(
        "entry-added", "New entry in state_dict", "A parameter or buffer has been added.",
        ("  fc1: Linear(8, width)", "  fc1: Linear(8, width)\n  norm: LayerNorm(8)"), ("fc2(x)", "fc2(norm(x))"),
    ),
    _difference(
        "entry-removed", "Entry of state_dict is gone", "A parameter or buffer has been removed or renamed.",
        ("Linear(width, 2)", "Linear(width, 2, bias=False)"),
    ),
    _difference(
        "entry-changed", "Entry of state_dict has another type", "A parameter or buffer has another shape or dtype.",
        ("{width: 8}", "{width: 16}"),
    ),
    _difference(
        "entry-renamed", "Entry of state_dict has another name",
        "A parameter or buffer of the same shape is there under another name: rename it in what was saved.",
        ("fc2", "head"),
    ),
    _difference(
        "entry-tied", "Entry of state_dict is tied in another way",
        "A parameter shares its storage with another one than before.",
        ("fc2(x)\n", "fc2(x)\ntie: {fc1.weight: fc3.weight}\n"),
        spec=_NET.replace("  fc2: Linear(width, 2)", "  fc2: Linear(width, 2)\n  fc3: Linear(8, 8)"),
    ),
    _difference(
        "tie-changed", "tie is another one", "The spec ties other parameters than before.",
        ("c.weight: a.weight", "c.weight: b.weight"),
        spec="inputs: {x: [1, 8]}\nlayers:\n  a: Linear(8, 8)\n  b: Linear(8, 8)\n  c: Linear(8, 8)\ntie: {c.weight: a.weight}\n",
    ),
    _difference(
        "entries-reordered", "Entries of state_dict are in another order", "An optimizer numbers parameters by their order.",
        ("  fc1: Linear(8, width)\n  fc2: Linear(width, 2)", "  fc2: Linear(width, 2)\n  fc1: Linear(8, width)"),
    ),
    _difference(
        "input-added", "New input", "The model takes one more input.",
        ("inputs: {x: [1, 8]}", "inputs: {x: [1, 8], y: [1, 8]}"), ("fc1(x)", "fc1(x + y)"),
    ),
    _difference(
        "input-removed", "Input is gone", "The model takes one input less.",
        ("  y: [1, 8]\n", ""), ("relu(fc(y))", "relu(fc(x))"), spec=_TWO_INPUTS,
    ),
    _difference(
        "input-renamed", "Input has another name", "An input that was given by name is refused now.",
        ("inputs: {x:", "inputs: {image:"), ("fc1(x)", "fc1(image)"),
    ),
    _difference(
        "input-changed", "Input has another type", "An input has another shape or dtype.",
        ("[1, 8]", "[4, 8]"),
    ),
    _difference(
        "inputs-reordered", "Inputs are in another order",
        "Inputs that are given by position end up in each other's place.",
        ("  x: [1, 8]\n  y: [1, 8]", "  y: [1, 8]\n  x: [1, 8]"), spec=_TWO_INPUTS,
    ),
    _difference(
        "output-changed", "Output has another type", "What the model returns has another shape, dtype or structure.",
        ("Linear(width, 2)", "Linear(width, 3)"),
    ),
    _difference(
        "param-added", "New param", "The spec has one more param.",
        ("{width: 8}", "{width: 8, classes: 2}"), ("Linear(width, 2)", "Linear(width, classes)"),
    ),
    _difference(
        "param-removed", "Param is gone", "A param that was given by name is refused now.",
        ("params: {width: 8}\n", ""), ("width", "8"),
    ),
    _difference(
        "need-added", "New condition on the dims", "Sizes that were taken before are refused.",
        ("- fc(x)", "- fc(x.view(N, 4, 8))"), spec=_SEQUENCE,
    ),
    _difference(
        "dims-changed", "Other dims", "Dims that were given by name are other ones now.",
        ("T: 4", "L: 4"), ("N, T, 8", "N, L, 8"), spec=_SEQUENCE,
    ),
    _since(
        "spec-deleted", "Spec is gone", "A revision has a spec that isn't there any more.",
        ("git rm -q net.yaml net.lock",),
    ),
    _since(
        "spec-renamed", "Spec has another path", "Whoever loads it by its path has to name another one.",
        ("git mv net.yaml other.yaml", "git mv net.lock other.lock"),
    ),
    _difference(
        "mode-changed", "Other mode", "The model is locked in train mode instead of eval mode, or the other way round.",
        ("params:", "mode: train\nparams:"),
    ),
    _difference(
        "dtype-changed", "Other default dtype", "Parameters and tensors that name no dtype have another one.",
        ("params:", "dtype: bfloat16\nparams:"),
    ),
    _difference(
        "entry-kind", "Parameter became a buffer, or a buffer a parameter", "An optimizer sees parameters only.",
        ("Parameter(ones(8))", "Buffer(ones(8))"),
        spec="inputs: {x: [1, 8]}\nlayers:\n  scale: Parameter(ones(8))\nforward:\n  - x * scale\n",
    ),
    _difference(
        "entry-frozen", "Parameter is frozen, or no longer frozen", "Training leaves frozen parameters as they are.",
        ("fc2(x)\n", 'fc2(x)\nfreeze: ["fc1.*"]\n'),
    ),
    _difference(
        "freeze-changed", "freeze is another one", "The spec freezes other parameters than before.",
        ("fc1.*", "fc2.*"), spec=_NET + 'freeze: ["fc1.*"]\n',
    ),
    _difference(
        "layer-added", "New call of a layer", "A layer has been added to the forward pass.",
        ("  fc2: Linear", "  drop: Dropout(0.1)\n  fc2: Linear"), ("fc2(x)", "fc2(drop(x))"),
    ),
    _difference(
        "layer-removed", "Call of a layer is gone", "A layer has been removed from the forward pass or renamed.",
        ("  drop: Dropout(0.1)\n", ""), ("fc2(drop(x))", "fc2(x)"),
        spec=_NET.replace("  fc2: Linear", "  drop: Dropout(0.1)\n  fc2: Linear").replace("fc2(x)", "fc2(drop(x))"),
    ),
    _difference(
        "layer-called", "Layer is called now", "A layer that was there before takes part in the forward pass.",
        ("fc2(x)", "fc2(spare(x))"), spec=_NET.replace("  fc2: Linear", "  spare: Linear(8, 8)\n  fc2: Linear"),
    ),
    _difference(
        "layer-uncalled", "Layer is no longer called", "A layer is still there and takes no part in the forward pass.",
        ("fc2(spare(x))", "fc2(x)"),
        spec=_NET.replace("  fc2: Linear", "  spare: Linear(8, 8)\n  fc2: Linear").replace("fc2(x)", "fc2(spare(x))"),
    ),
    _difference(
        "layer-changed", "Layer has other arguments", "A layer is of another type or has other arguments.",
        ("Dropout(0.1)", "Dropout(0.2)"), spec=_NET.replace("  fc2: Linear", "  drop: Dropout(0.1)\n  fc2: Linear").replace("fc2(x)", "fc2(drop(x))"),
    ),
    _difference(
        "layer-moved", "Layer is called in another place", "The same layer is called earlier or later than before.",
        ("  - x = drop(x)\n  - x = norm(x)\n", "  - x = norm(x)\n  - x = drop(x)\n"),
        spec="inputs: {x: [1, 8]}\nlayers:\n  drop: Dropout(0.1)\n  norm: LayerNorm(8)\nforward:\n  - x = drop(x)\n"
        "  - x = norm(x)\n  - relu(x)\n",
    ),
    _difference(
        "operation-added", "New operation", "A function or method has been added to the forward pass.",
        ("fc2(x)", "fc2(x).softmax(1)"),
    ),
    _difference(
        "operation-removed", "Operation is gone", "A function or method has been removed from the forward pass.",
        ("relu(fc1(x))", "fc1(x)"),
    ),
    _difference(
        "operation-changed", "Operation has other arguments", "A function or method is another one or has other arguments.",
        ("relu(fc1(x))", "gelu(fc1(x))"),
    ),
    _difference(
        "operation-moved", "Operation is in another place",
        "The same function or method is called earlier or later than before.",
        ("  - x = relu(x)\n  - x = fc1(x)\n", "  - x = fc1(x)\n  - x = relu(x)\n"),
        spec="inputs: {x: [1, 8]}\nlayers:\n  fc1: Linear(8, 8)\n  fc2: Linear(8, 8)\nforward:\n  - x = relu(x)\n"
        "  - x = fc1(x)\n  - fc2(x)\n",
    ),
    _difference(
        "wiring-changed", "Call takes other inputs", "A call takes its inputs from other places than before.",
        ("fc(x) + relu", "fc(y) + relu"), spec=_TWO_INPUTS,
    ),
    _difference(
        "returns-changed", "Block returns something else",
        "A block, or the model, returns the result of other calls than before.",
        ("return y", "return z"), spec=_BLOCK,
    ),
    _difference(
        "layer-renamed", "Layer has another name", "A layer of the same call is there under another name.",
        ("fc2", "head"),
    ),
    _difference(
        "layer-resized", "Layer has other sizes", "A layer of the same type has other sizes.",
        ("{width: 8}", "{width: 16}"),
    ),
    _difference(
        "operation-resized", "Operation has other sizes", "The same function or method is called with other sizes.",
        ("{width: 8}", "{width: 16}"), spec=_NET.replace("fc2(x)", "x.view(1, 2, width // 2)").replace("  fc2: Linear(width, 2)\n", ""),
    ),
    _difference(
        "shape-changed", "Row has another output", "What a call puts out has another shape, dtype or structure.",
        ("{width: 8}", "{width: 16}"),
    ),
    _difference(
        "uncalled-added", "New layer that is never called", "It has parameters and takes no part in the forward pass.",
        ("  fc2: Linear", "  spare: Linear(8, 8)\n  fc2: Linear"),
    ),
    _difference(
        "uncalled-removed", "Layer that was never called is gone", "It took no part in the forward pass.",
        ("  spare: Linear(8, 8)\n", ""), spec=_NET.replace("  fc2: Linear", "  spare: Linear(8, 8)\n  fc2: Linear"),
    ),
    _difference(
        "uncalled-changed", "Layer that is never called changed", "It takes no part in the forward pass.",
        ("spare: Linear(8, 8)", "spare: LayerNorm(8)"),
        spec=_NET.replace("  fc2: Linear", "  spare: Linear(8, 8)\n  fc2: Linear"),
    ),
    _difference(
        "need-removed", "Condition on the dims is gone", "Sizes that were refused before are taken.",
        ("- fc(x.view(N, 4, 8))", "- fc(x)"), spec=_SEQUENCE.replace("- fc(x)", "- fc(x.view(N, 4, 8))"),
    ),
    _difference(
        "need-moved", "Condition on the dims comes from another row", "The same sizes are taken as before.",
        ("  - y = x.view(N, 4, 8)\n  - z = x.reshape(N, 4, 8)\n", "  - z = x.reshape(N, 4, 8)\n  - y = x.view(N, 4, 8)\n"),
        spec=_SEQUENCE.replace("  - fc(x)\n", "  - y = x.view(N, 4, 8)\n  - z = x.reshape(N, 4, 8)\n  - fc(y + z)\n"),
    ),
    _difference(
        "assumption-added", "Formulas hold for fewer sizes",
        "Sizes in the lock are formulas, and they hold under a new condition.",
        ("forward:\n  - fc(x)\n", "forward: |\n  if T == 4:\n      return fc(x)\n  return fc(fc(x))\n"), spec=_SEQUENCE,
    ),
    _difference(
        "assumption-removed", "Formulas hold for more sizes",
        "Sizes in the lock are formulas, and a condition of theirs is gone.",
        ("forward: |\n  if T == 4:\n      return fc(x)\n  return fc(fc(x))\n", "forward:\n  - fc(x)\n"),
        spec=_SEQUENCE.replace("forward:\n  - fc(x)\n", "forward: |\n  if T == 4:\n      return fc(x)\n  return fc(fc(x))\n"),
    ),
    _difference(
        "param-changed", "Param has another default", "What follows from it is told by other findings.",
        ("{width: 8}", "{width: 16}"),
    ),
    _difference(
        "name-changed", "Model has another name", "Nothing but its name follows from it.",
        ("params:", "name: Net2\nparams:"),
    ),
    _difference(
        "tie-rewritten", "tie is written in another way", "The same parameters are tied.",
        ("tie: {fc3.weight: fc1.weight}", "tie: {fc1.weight: fc3.weight}"),
        spec=_NET.replace("  fc2: Linear(width, 2)", "  fc2: Linear(width, 2)\n  fc3: Linear(8, 8)")
        + "tie: {fc3.weight: fc1.weight}\n",
    ),
    _difference(
        "freeze-rewritten", "freeze is written in another way", "The same parameters are frozen.",
        ('"fc1.*"', '"fc1.weight", "fc1.bias"'), spec=_NET + 'freeze: ["fc1.*"]\n',
    ),
    _difference(
        "order-changed", "Calls are in another order", "The same calls take the same inputs in another order.",
        ("  y = fc(x)\n  z = act(x)\n", "  z = act(x)\n  y = fc(x)\n"),
        spec="inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 8)\n  act: LayerNorm(8)\nforward: |\n  y = fc(x)\n  z = act(x)\n"
        "  return y + z\n",
    ),
    _difference(
        "parameters-changed", "Other number of parameters", "The model has more or fewer parameters.",
        ("{width: 8}", "{width: 16}"),
    ),
    _difference(
        "trainable-changed", "Other number of parameters that take a gradient", "More or fewer parameters are trained.",
        ("fc2(x)\n", 'fc2(x)\nfreeze: ["fc1.*"]\n'),
    ),
)  # fmt: skip
