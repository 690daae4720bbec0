"""What runs and is probably not what was meant."""

from __future__ import annotations

from layercli.codes.records import Code, warning

CODES: tuple[Code, ...] = (
    warning(
        "unused-layer",
        "Layer is never called",
        "The layer is made, its parameters are in state_dict, and forward never calls it, so they are never trained. "
        "Call it, or leave it out. A layer that is called in the other mode only (self.training) is none, nor is one whose "
        "weight forward reads.",
        """\
inputs: {x: [1, 8]}
layers:
  fc1: Linear(8, 8)
  fc2: Linear(8, 2)
forward:
  - fc1
""",
    ),
    warning(
        "unused-value",
        "Value goes nowhere",
        "forward computes a value that nothing reads: a name that is assigned and not used, or gets another value before "
        "it is, or a call whose result isn't kept. A name that starts with _ says that this is meant.",
        """\
inputs: {x: [1, 8]}
layers:
  fc1: Linear(8, 8)
  fc2: Linear(8, 8)
forward:
  - y = fc1(x)
  - fc2(x)
""",
    ),
    warning(
        "unused-param",
        "Param is never used",
        "The model or a block has a param that no expression of it mentions, so setting it changes nothing. Use it, or leave "
        "it out.",
        """\
params: {width: 8, depth: 2}
inputs: {x: [1, width]}
layers:
  fc: Linear(width, 2)
""",
    ),
    warning(
        "unused-block",
        "Block is never used",
        "blocks or imports has a name that neither the model nor a block of it uses. Use it, or leave it out.",
        """\
inputs: {x: [1, 8]}
layers:
  fc: Linear(8, 2)
blocks:
  Head:
    inputs: [x]
    layers:
      fc: Linear(8, 8)
""",
    ),
    warning(
        "activation-before-loss",
        "Activation that the loss applies itself",
        "CrossEntropyLoss takes the log_softmax of its input, BCEWithLogitsLoss the sigmoid. With one before it the "
        "gradients get small, and training is slow or stops early. Give the loss the values before it.",
        """\
inputs:
  x: [4, 8]
  target: randint(0, 3, (4,))
layers:
  fc: Linear(8, 3)
  softmax: Softmax(dim=1)
  loss: CrossEntropyLoss()
forward:
  - y = softmax(fc(x))
  - loss(y, target)
""",
    ),
    warning(
        "implicit-dim",
        "Softmax without a dim",
        "Without dim PyTorch takes one by the number of dimensions: the first of 0, 1 or 3, else the second, which for a "
        "sequence is seldom what is meant. Say which: the last one is dim=-1.",
        """\
inputs: {x: [2, 5, 8]}
layers:
  fc: Linear(8, 3)
  softmax: Softmax()
""",
    ),
    warning(
        "dropout-everything",
        "Dropout of everything",
        "p is the share of values that are set to zero in training, so with p=1 nothing is left to learn from. To keep "
        "everything write p=0, or leave the layer out.",
        """\
inputs: {x: [1, 8]}
layers:
  fc: Linear(8, 8)
  drop: Dropout(1)
""",
    ),
    warning(
        "cancelled-bias",
        "Bias that a normalisation cancels",
        "A batch or instance normalisation subtracts the mean of each channel, and with it whatever a bias just before it "
        "added: its parameters take memory and learn nothing. Write bias=False. Weights that were saved with it load with "
        "strict=False.",
        """\
inputs: {x: [2, 3, 8, 8]}
layers:
  conv: Conv2d(3, 4, 3)
  norm: BatchNorm2d(4)
""",
    ),
    warning(
        "random-number",
        "Random number past the end",
        "An input, or a randint in forward, draws numbers that the embedding, loss or one_hot which gets them doesn't have: "
        "a run fails as soon as one of them is drawn. Both count from 0, and randint leaves its upper end out.",
        """\
inputs:
  tokens: randint(0, 1000, (2, 5))
layers:
  embedding: Embedding(100, 8)
""",
    ),
    warning(
        "listed-name",
        "Named layers in a list",
        "A list numbers its layers, and a mapping names them. A dash before a name makes both: a Sequential with one layer in "
        "it. Without the dashes the layers have their names.",
        """\
inputs: {x: [1, 8]}
layers:
  - fc: Linear(8, 8)
  - act: ReLU()
""",
    ),
    warning(
        "misleading-name",
        "Layer with the name of another class",
        "A layer may have the name of a class, as LayerNorm: LayerNorm(8) has, but this one is of another class, so that "
        "forward doesn't say what it calls. Give it another name, or write the class that its name says.",
        """\
inputs: {x: [1, 8]}
layers:
  Linear: ReLU()
""",
    ),
    warning(
        "bad-ignore",
        "Comment that turns nothing off",
        "# layercli: ignore[...] names no code, one that there isn't, or an error, which can't be turned off. Name warnings, "
        "with commas between.",
        """\
inputs: {x: [1, 8]}
layers:
  fc: Linear(8, 2)  # layercli: ignore
""",
    ),
    warning(
        "unneeded-ignore",
        "Comment for a warning that isn't there",
        "What # layercli: ignore[...] was for has been mended, or is another line's. Remove it, or move it to the line that "
        "the warning points to.",
        """\
inputs: {x: [1, 8]}
layers:
  fc: Linear(8, 2)  # layercli: ignore[cancelled-bias]
""",
    ),
)

#: The warnings that a comment, an option or the configuration can turn off.
IGNORABLE = tuple(entry.code for entry in CODES if not entry.code.endswith("-ignore"))
