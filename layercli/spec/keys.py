"""The keys that a spec and its blocks have: what each is for, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping

from layercli.record import record


@record
class Key:
    """One key of a spec.

    ``doc`` says what it is for, in Markdown; ``example`` is its value as a YAML text. ``in_block`` says that a block has
    it, too, and ``block_example`` how it is written there where that is another way.
    """

    name: str
    doc: str
    example: str
    in_block: bool = False
    block_example: str = ""


#: Every key, in the order in which a spec usually has them.
KEYS: Mapping[str, Key] = {
    key.name: key
    for key in (
        Key("name", "The class name. Without it, it is the file's stem.", "LeNet"),
        Key("doc", "What the model is: the docstring.", "LeNet-5 for 32 x 32 digits.", in_block=True),
        Key(
            "params",
            "The constructor's arguments with their defaults: values, or expressions over earlier params. `~` means "
            "that one has to be given: by `--set name=value`, or by the block's caller.",
            "{width: 64, heads: 4, hidden: 4 * width}",
            in_block=True,
        ),
        Key(
            "dims",
            "Named sizes that a caller may change, each with the size that a trace uses. `inputs` and `forward` may use "
            "them, arguments of layers may not.",
            "{N: 1, T: 16}",
        ),
        Key(
            "inputs",
            "The arguments of one example call: a list of sizes is a float tensor of that shape, an expression such as "
            "`randint(0, 100, (N, T))` any other one. In a block a list of argument names.",
            "{x: [N, 3, 32, 32]}",
            in_block=True,
            block_example="[x, mask=None]",
        ),
        Key(
            "layers",
            "The submodules, parameters and buffers by attribute name, in the order of registration: calls of `torch.nn` "
            "classes, blocks and imports; a product such as `12 * Block(dim)`; a mapping or list of further layers.",
            "{conv: 'Conv2d(3, 16, 3)', fc: 'Linear(16, 10)'}",
            in_block=True,
        ),
        Key(
            "forward",
            "The computation: a list of statements, each on the value of the one before, or a literal block `|` with the "
            "body of a Python function. Without it the layers run in order.",
            "[x = relu(conv(x)), x = x.flatten(1), fc(x)]",
            in_block=True,
        ),
        Key(
            "blocks",
            "Further classes that this spec uses, by name. Each has `params`, `inputs`, `layers` and `forward` of its own "
            "and is called like a class of `torch.nn`.",
            "{Block: {params: {dim: ~}, inputs: [x], layers: {fc: 'Linear(dim, dim)'}, forward: [x + fc(x)]}}",
        ),
        Key(
            "imports",
            "Blocks of other spec files, or whole specs as blocks, by name: each the path of a `.yaml` file inside the "
            "project, relative to this file's folder.",
            "{BasicBlock: blocks/resnet.yaml}",
        ),
        Key(
            "tie",
            "Parameters that share storage: the left one becomes the same `Parameter` as the right one.",
            "{lm_head.weight: wte.weight}",
            in_block=True,
        ),
        Key(
            "freeze",
            "Parameters that take no gradient, as patterns of their `state_dict` names.",
            "['features.*']",
            in_block=True,
        ),
        Key(
            "dtype",
            "The default floating dtype of parameters and inputs, `float32` if not given.",
            "bfloat16",
        ),
        Key("mode", "The mode in which a trace runs the model: `eval`, if not given, or `train`.", "train"),
    )
}

SPEC_KEYS: tuple[str, ...] = tuple(KEYS)
BLOCK_KEYS: tuple[str, ...] = tuple(name for name, key in KEYS.items() if key.in_block)

#: The modes that ``mode`` may name.
MODES: tuple[str, ...] = ("eval", "train")

#: Names with a meaning of their own in expressions, which nothing but a layer may have.
PREFIXES: tuple[str, ...] = ("nn", "F", "torch", "math", "self")

#: What may stand before the dot of a namespace, with the prefix that it means.
NAMESPACES: Mapping[str, str] = {
    **{prefix: prefix for prefix in PREFIXES},
    "torch.nn": "nn",
    "nn.functional": "F",
    "torch.nn.functional": "F",
}
