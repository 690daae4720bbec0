"""The expressions and statements of a spec."""

from __future__ import annotations

from layercli.codes.records import Code, command, error

_INPUTS = "inputs: {x: [1, 8]}\n"
_HEAD = _INPUTS + "layers:\n  fc: Linear(8, 2)\n"

CODES: tuple[Code, ...] = (
    error(
        "syntax",
        "Text that can't be read as an expression",
        "Expressions are written as in Python. The message has what Python's parser says of it, and where.",
        _INPUTS + "layers:\n  fc: Linear(8 2)\n",
    ),
    error(
        "not-in-language",
        "Part of Python that a spec hasn't",
        "A spec has a subset of Python: calls, arithmetic, comparisons, if, for, assignments. The message says what to write "
        "instead.",
        _HEAD + "forward: |\n  while True:\n      x = fc(x)\n  return x\n",
    ),
    error(
        "not-ascii",
        "Name with other letters than a to z",
        "Two letters that look the same can be different ones, so names have ASCII letters only. Texts may have any.",
        _HEAD + "forward:\n  - größe = fc(x)\n",
    ),
    error(
        "too-long",
        "Text is longer than the limit",
        "An expression or statement, or a text that one makes, has more characters than anybody reads. Write it in parts.",
        command(
            "layercli validate net.yaml --limit characters=20",
            _INPUTS + "layers:\n  fc: Linear(8 + 8 + 8 - 16, 2)\n",
        ),
    ),
    error(
        "too-deep",
        "Nested too deeply",
        "Brackets, operators or blocks stand in each other more levels deep than the limit. Give a part a name.",
        _INPUTS + "layers:\n  fc: Linear(" + "(" * 80 + "8" + ")" * 80 + ", 2)\n",
    ),
    error(
        "number-too-large",
        "Number is too large for any size",
        "No tensor has that many elements, and counting with such numbers takes long.",
        _INPUTS + "layers:\n  fc: Linear(8, 10 ** 10 ** 10)\n",
    ),
    error(
        "division-by-zero",
        "Division by zero",
        "The divisor is 0 for these params and dims.",
        "params: {heads: 0}\n" + _INPUTS + "layers:\n  fc: Linear(8 // heads, 2)\n",
    ),
    error(
        "wrong-kind",
        "Value of another kind than is needed",
        "A text stands where a size belongs, a list where a mapping does, a tuple where a tensor does. The message says what "
        "is needed and what is there.",
        _INPUTS + "layers:\n  fc: Linear(8, '2')\n",
    ),
    error(
        "unknown-name",
        "Name that means nothing here",
        "It is no local, input, layer, param or dim that this place can see. A block sees only what is its own; dims are for "
        "inputs and forward. The message names the nearest one.",
        _HEAD + "forward:\n  - y = fc(x)\n  - relu(z)\n",
    ),
    error(
        "unknown-layer",
        "No such layer",
        "It is no class of torch.nn, no block and no import. Names are written as in PyTorch; layercli list layers shows all.",
        _INPUTS + "layers:\n  fc: Linaer(8, 2)\n",
    ),
    error(
        "unknown-function",
        "No such function",
        "A spec has the pure functions of torch.nn.functional and of torch, by their own names. layercli list functions shows "
        "all.",
        _HEAD + "forward:\n  - softmx(fc(x), dim=1)\n",
    ),
    error(
        "unknown-method",
        "No such method or attribute",
        "A tensor has the pure methods of PyTorch's; lists and tuples have those of Python that forward needs. layercli list "
        "functions shows them as x.name.",
        _HEAD + "forward:\n  - fc(x).softmx(1)\n",
    ),
    error(
        "used-before-assigned",
        "Name is used before it has a value",
        "The name gets its value further down. Statements run from top to bottom, and params see those above them.",
        _HEAD + "forward:\n  - y = fc(skip)\n  - skip = x\n  - y\n",
    ),
    error(
        "refused-name",
        "Function or method that a spec may not use",
        "PyTorch has it. In a spec it would make the size of a result depend on values, touch files or the process, or leave "
        "PyTorch. The message says which, and mostly what to use.",
        _HEAD + "forward:\n  - fc(x).nonzero()\n",
    ),
    error(
        "refused-layer",
        "Class that a spec may not use",
        "torch.nn has it, and it is no layer that computes something from its arguments alone. The message says why.",
        _INPUTS + "layers:\n  fc: Module()\n",
    ),
    error(
        "refused-argument",
        "Argument that a spec may not give",
        "PyTorch takes it, and a spec says what a model is, not where or by what it runs: no device, no process group, no "
        "function that makes tensors.",
        _INPUTS + "layers:\n  fc: Linear(8, 2, device='cuda')\n",
    ),
    error(
        "missing-argument",
        "Call without an argument that it needs",
        "The signature stands below the message: what has no = in it has to be given.",
        _INPUTS + "layers:\n  fc: Linear(8)\n",
    ),
    error(
        "unknown-argument",
        "Call with an argument that there isn't",
        "The signature, or the nearest name, stands below the message. Names are PyTorch's own.",
        _INPUTS + "layers:\n  fc: Linear(8, 2, biass=False)\n",
    ),
    error(
        "doubled-argument",
        "Argument is given twice",
        "Once by its place and once by its name, or twice by name. Remove one.",
        _INPUTS + "layers:\n  fc: Linear(8, 2, in_features=8)\n",
    ),
    error(
        "too-many-arguments",
        "Call with more arguments than there are",
        "The signature stands below the message; what comes after a * in it is given by name.",
        _INPUTS + "layers:\n  act: ReLU(True, 8)\n",
    ),
    error(
        "not-a-layer",
        "Something else in the place of a layer",
        "Under layers stand calls of layer classes, blocks, Parameter and Buffer. A function belongs into forward, a number "
        "into params.",
        _INPUTS + "layers:\n  fc: Linear(8, 2)\n  act: relu\n",
    ),
    error(
        "layer-not-called",
        "Layer or class in the place of its result",
        "A class has to be called to make a layer, ReLU(), and a layer to compute something, act(x).",
        _HEAD + "forward:\n  - y = fc\n  - relu(y)\n",
    ),
    error(
        "layer-made-here",
        "Layer is made outside of layers",
        "What forward makes would be new in every call, with new weights. Make it under layers and call it by its name; for "
        "an activation there is a function, relu(x).",
        _HEAD + "forward:\n  - ReLU()(fc(x))\n",
    ),
    error(
        "layer-called-here",
        "Layer is called outside of forward",
        "layers and params say what there is, and only forward computes with it.",
        _INPUTS + "layers:\n  fc: Linear(8, 2)\n  twice: Linear(8, 2)(8)\n",
    ),
    error(
        "shared-layer",
        "One layer in two places",
        "A layer belongs to one name. To run it twice call it twice in forward; to share weights use tie.",
        _INPUTS + "layers:\n  fc: Linear(8, 8)\n  again: Sequential(fc, ReLU())\n",
    ),
    error(
        "not-callable",
        "Something that can't be called is called",
        "A ModuleList holds layers and is none itself, a number or None is none either. Call one of its members, or loop over "
        "them.",
        _INPUTS + "layers:\n  stack: ModuleList([Linear(8, 8), ReLU()])\nforward:\n  - stack(x)\n",
    ),
    error(
        "no-such-item",
        "No such item",
        "A list or container hasn't that many items, or a dict has no such key. Counting starts at 0.",
        _INPUTS + "layers:\n  stack: ModuleList([Linear(8, 8), ReLU()])\nforward:\n  - stack[2](x)\n",
    ),
    error(
        "unpack-count",
        "More or fewer names than values",
        "The left side of = has another number of names than the right side has values.",
        _INPUTS + "layers:\n  lstm: LSTM(8, 4)\nforward:\n  - y, h, c = lstm(x)\n  - y\n",
    ),
    error(
        "no-return",
        "forward gives nothing back",
        "The body of a block form has to end in return, in every branch that is taken. A list of statements needs none.",
        _HEAD + "forward: |\n  y = fc(x)\n",
    ),
    error(
        "assertion-failed",
        "assert doesn't hold",
        "forward says itself what has to be so, and it isn't for these inputs.",
        _HEAD + "forward: |\n  assert x.shape[1] == 16, 'x has 16 features'\n  return fc(x)\n",
    ),
    error(
        "tensor-truth",
        "Decision on the values of a tensor",
        "if, and, or and while look at values, which a trace doesn't know before it runs. Decide on sizes and params, or use "
        "where(condition, a, b), which keeps both.",
        _HEAD + "forward: |\n  if x.sum() > 0:\n      x = -x\n  return fc(x)\n",
    ),
    error(
        "value-dependent",
        "Size that depends on values",
        "What this gives has a size that follows from the values of a tensor and not from shapes, so nothing after it could "
        "be derived.",
        _HEAD + "forward:\n  - y = fc(x)\n  - y[y > 0]\n",
    ),
    error(
        "tensor-here",
        "Tensor where only plain values are",
        "Params and the arguments of layers are numbers, texts and the like. A tensor of the model's own is Parameter(...) or "
        "Buffer(...) under layers.",
        "params: {scale: 'ones(8)'}\n" + _HEAD,
    ),
    error(
        "size-of-tensor",
        "Size of a tensor is asked where none exists yet",
        "Inputs are planned before any tensor is made. Write the size itself, or use a dim.",
        "inputs:\n  x: rand(1, rand(8, 8).shape[0])\nlayers:\n  fc: Linear(8, 2)\n",
    ),
    error(
        "dim-in-layer",
        "Layer depends on a dim",
        "Dims are sizes that a caller may change, such as the batch, and layers are made before the call. Use a param.",
        "dims: {N: 8}\ninputs: {x: [1, N]}\nlayers:\n  fc: Linear(N, 2)\n",
    ),
    error(
        "param-needed",
        "Param without a value",
        "~ says that the caller has to give it: by --set name=value, or in the call of the block.",
        "params: {width: ~}\n" + _INPUTS + "layers:\n  fc: Linear(8, width)\n",
    ),
)
