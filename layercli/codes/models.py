"""What PyTorch refuses, and what takes too much."""

from __future__ import annotations

from layercli.codes.records import Code, command, error

_INPUTS = "inputs: {x: [1, 8]}\n"
_HEAD = _INPUTS + "layers:\n  fc: Linear(8, 2)\n"

CODES: tuple[Code, ...] = (
    error(
        "shape-mismatch",
        "Shapes that don't fit",
        "A layer or operation needs other sizes than it gets. The message says which size, where it comes from, and, where "
        "one can be computed and was tried, what to write.",
        _INPUTS + "layers:\n  fc1: Linear(8, 16)\n  fc2: Linear(8, 2)\n",
    ),
    error(
        "dtype-mismatch",
        "Dtypes that don't fit",
        "A layer or operation needs another dtype than it gets: integers for an Embedding, floats for nearly everything "
        "else, one dtype on both sides.",
        _INPUTS + "layers:\n  embedding: Embedding(10, 4)\n",
    ),
    error(
        "index-range",
        "Index that is out of range",
        "An index is past the end of what it is looked up in, such as a token past an Embedding's entries or a target past "
        "the classes of a loss. The first one is 0, so the last one is one less than there are.",
        "inputs:\n  x: arange(20)\nlayers:\n  embedding: Embedding(10, 4)\n",
    ),
    error(
        "needs-copy",
        "View of a tensor that would need a copy",
        "view shows the same memory in another shape, which the layout of a transposed or cut tensor doesn't allow. reshape "
        "copies where it has to.",
        "inputs: {x: [2, 8]}\nlayers: {}\nforward:\n  - x.transpose(0, 1).view(16)\n",
    ),
    error(
        "invalid-argument",
        "Argument that PyTorch refuses",
        "The argument is there and its kind is right, and PyTorch takes no such value: groups that don't divide the channels, "
        "a probability past 1, another number of inputs than the layer has.",
        _INPUTS + "layers:\n  drop: Dropout(2)\n",
    ),
    error(
        "layer-failed",
        "Layer failed in a run",
        "PyTorch refused the call of a layer for a reason that the rules don't know, such as a value. Its own sentence "
        "stands below.",
        command(
            "layercli trace net.yaml --run",
            "inputs:\n  x: rand(4) * 9\n  y: rand(4)\nlayers:\n  loss: BCELoss()\nforward:\n  - loss(x, y)\n",
        ),
    ),
    error(
        "operation-failed",
        "Operation failed in a run",
        "PyTorch refused a function, method or operator for a reason that the rules don't know. Its own sentence stands "
        "below.",
        command(
            "layercli trace net.yaml --run",
            "inputs:\n  x: rand(4) * 9\n  y: rand(4)\nlayers: {}\nforward:\n  - binary_cross_entropy(x, y)\n",
        ),
    ),
    error(
        "unknown-parameter",
        "No such parameter",
        "tie names parameters as state_dict does, such as head.weight. layercli params shows them all.",
        _HEAD + "tie: {fc.weight: embedding.weight}\n",
    ),
    error(
        "tie-shapes",
        "Tied parameters have other shapes",
        "What is tied is one tensor, so both have the same shape.",
        _INPUTS + "layers:\n  a: Linear(8, 4)\n  b: Linear(4, 8)\ntie: {b.weight: a.weight}\n",
    ),
    error(
        "tie-lazy",
        "Tied parameter has no shape yet",
        "A lazy layer gets its shape in the first call, after parameters are tied. Use the layer that isn't lazy.",
        _INPUTS + "layers:\n  a: LazyLinear(8)\n  b: Linear(8, 8)\ntie: {b.weight: a.weight}\n",
    ),
    error(
        "freeze-nothing",
        "Pattern of freeze matches nothing",
        "No parameter has such a name, so nothing would be frozen. layercli params shows them all.",
        _HEAD + 'freeze: ["encoder.*"]\n',
    ),
    error(
        "too-many-modules",
        "More modules than the limit",
        "The layers are counted before any is made. --limit modules=... raises the limit.",
        _INPUTS + "layers:\n  stack: 90000 * Sequential(Linear(8, 8), ReLU(), ReLU())\n",
    ),
    error(
        "too-many-steps",
        "More steps than the limit",
        "Statements and calls are counted, of the whole spec, and the items of lists that are copied. --limit steps=... raises the "
        "limit.",
        command(
            "layercli validate net.yaml --limit steps=1000",
            _HEAD + "forward: |\n  for i in range(1000):\n      x = x + i\n  return fc(x)\n",
        ),
    ),
    error(
        "tensor-too-large",
        "Tensor with more elements than the limit",
        "A tensor of a run would have more elements than the limit. --limit elements=... raises it; --device meta and --static "
        "need no memory for them.",
        command("layercli trace net.yaml --run --limit elements=4", _HEAD),
    ),
    error(
        "out-of-memory",
        "More memory than the limit",
        "The command needs more memory than --limit memory=... allows, in MiB. --device meta and --static need little.",
    ),
    error(
        "out-of-time",
        "More time than the limit",
        "A spec takes longer than --limit seconds=... allows.",
    ),
    error(
        "formula-too-long",
        "Formulas get too long",
        "Sizes as formulas over this many dims have more terms than anybody reads. Name fewer dims.",
    ),
    error(
        "no-rule",
        "No rule for a layer or operation",
        "It can be run and not derived. --run runs it on PyTorch.",
    ),
    error(
        "engines-differ",
        "Run and derivation differ",
        "What PyTorch did isn't what the rules say. One of them is wrong, and it is layercli: please report it with the "
        "spec.",
    ),
)
