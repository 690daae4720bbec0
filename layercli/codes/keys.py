"""The keys of a spec and what stands under them, blocks and imports."""

from __future__ import annotations

from layercli.codes.records import Code, Example, command, error

_LAYERS = "layers:\n  fc: Linear(8, 2)\n"
_INPUTS = "inputs: {x: [1, 8]}\n"
_NET = _INPUTS + _LAYERS

CODES: tuple[Code, ...] = (
    error(
        "unknown-key",
        "Key that a spec hasn't",
        "docs/spec.md lists the keys of a spec and of a block. The message names the nearest one.",
        _INPUTS + "layer:\n  fc: Linear(8, 2)\n",
    ),
    error(
        "missing-key",
        "Key that has to be there is missing",
        "A spec has inputs and layers; a block has layers or forward, and inputs where it has a forward.",
        _LAYERS,
    ),
    error(
        "empty-value",
        "Nothing stands where something has to",
        "A key, a name or a dash is there without a value. Write the value, or remove the line.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 2)\n  act:\n",
    ),
    error(
        "bad-name",
        "Name that can't be one",
        "A name has letters, digits and _, no digit first, and is no keyword of Python. A layer can't have a name that every "
        "nn.Module uses itself, such as train or forward.",
        "inputs: {x: [1, 8]}\nlayers:\n  train: Linear(8, 2)\n",
    ),
    error(
        "doubled-name",
        "Two things of one name",
        "A param and a dim, or a block and an import, have the same name, and one would hide the other. Rename one.",
        "params: {N: 8}\ndims: {N: 1}\ninputs: {x: [N, 8]}\n" + _LAYERS,
    ),
    error(
        "missing-default",
        "Input without a default after one with one",
        "As in Python, inputs of a block that have a default come last.",
        _INPUTS
        + "layers:\n  body: Block()\nblocks:\n  Block:\n    inputs: [mask=None, x]\n    layers:\n      fc: Linear(8, 2)\n"
        "    forward:\n      - fc(x)\n",
    ),
    error(
        "after-return",
        "Statements after a return",
        "In a list of statements each value goes on to the next, and the last one is the output. return ends it.",
        _INPUTS + "layers:\n  fc: Linear(8, 2)\nforward:\n  - return fc(x)\n  - relu\n",
    ),
    error(
        "bad-glob",
        "Pattern with too many stars",
        "A pattern of freeze names parameters, with a star for what differs: features.*. More than eight stars are refused, "
        "since they take long to match.",
        _NET + 'freeze: ["*a*b*c*d*e*f*g*h*i*"]\n',
    ),
    error(
        "unknown-dtype",
        "No such dtype",
        "dtype is the default of floating tensors: float32, float64, float16 or bfloat16.",
        "dtype: float23\n" + _NET,
    ),
    error(
        "unknown-mode",
        "No such mode",
        "mode is eval or train.",
        "mode: training\n" + _NET,
    ),
    error(
        "block-cycle",
        "Block holds itself",
        "A block that is a layer of itself, perhaps through others, would never end. To repeat a block write 12 * Block(...).",
        _INPUTS
        + "layers:\n  body: Node()\nblocks:\n  Node:\n    inputs: [x]\n    layers:\n      inner: Node()\n",
    ),
    error(
        "import-missing",
        "No file at the path of an import",
        "The path is counted from the folder of the file that imports. The message names the nearest file.",
        "imports: {Block: parts/block.yaml}\n" + _INPUTS + "layers:\n  body: Block()\n",
    ),
    error(
        "import-path",
        "Import names no spec",
        "An import is the path of a .yaml or .yml file, with slashes. Addresses, backslashes and Python modules are none.",
        "imports: {Block: block.py}\n" + _INPUTS + "layers:\n  body: Block()\n",
    ),
    error(
        "import-absolute",
        "Absolute path of an import",
        "Write the path relative to the folder of this file, so that it means the same on every computer.",
        "imports: {Block: /srv/block.yaml}\n" + _INPUTS + "layers:\n  body: Block()\n",
    ),
    error(
        "import-outside",
        "Import leads out of the project",
        "A spec imports from its project only: the folder with pyproject.toml or .git, and what is below it.",
        "imports: {Block: ../../block.yaml}\n" + _INPUTS + "layers:\n  body: Block()\n",
    ),
    error(
        "import-hidden",
        "Import from a hidden folder",
        "Folders whose name starts with a dot hold what isn't for specs, such as .git. Put the file elsewhere.",
        "imports: {Block: .parts/block.yaml}\n" + _INPUTS + "layers:\n  body: Block()\n",
    ),
    error(
        "import-link",
        "Import goes through a link",
        "A link could lead out of the project, and to another file tomorrow. Name the file where it really is.",
    ),
    error(
        "import-not-regular",
        "Import is no regular file",
        "The path is that of a folder, a pipe or a device.",
        Example(
            {
                "net.yaml": "imports: {Block: parts.yaml}\n" + _INPUTS + "layers:\n  body: Block()\n",
                "parts.yaml/block.yaml": "",
            }
        ),
    ),
    error(
        "import-unreadable",
        "Import can't be read",
        "The system doesn't let this file be looked at; the message has its reason.",
    ),
    error(
        "import-cycle",
        "Files import each other",
        "Put the blocks that know each other into one file.",
        "imports: {Block: net.yaml}\n" + _INPUTS + "layers:\n  body: Block()\n",
    ),
    error(
        "too-many-imports",
        "Too many imports",
        "One spec reads at most fifty other files.",
        Example(
            {
                "net.yaml": "imports:\n"
                + "".join(f"  B{index}: b{index}.yaml\n" for index in range(51))
                + _INPUTS
                + "layers:\n  body: B0()\n",
                **{
                    f"b{index}.yaml": f"blocks:\n  B{index}:\n    layers:\n      fc: Linear(8, 8)\n"
                    for index in range(51)
                },
            },
            setting="A spec with 51 imports, b0.yaml to b50.yaml.",
        ),
    ),
    error(
        "unknown-import",
        "Imported file has no such block",
        "The name before the colon is that of a block of the other file; a whole spec may have any name. The message lists "
        "the blocks that are there.",
        command(
            "layercli validate net.yaml",
            "imports: {Blok: block.yaml}\n" + _INPUTS + "layers:\n  body: Blok()\n",
            **{"block.yaml": "blocks:\n  Block:\n    layers:\n      fc: Linear(8, 8)\n"},
        ),
    ),
)
