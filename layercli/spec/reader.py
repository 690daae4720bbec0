"""YAML nodes -> Spec: which keys there are, what each may hold, and the blocks that other files bring in."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from layercli.catalogue.dtypes import DTYPES
from layercli.catalogue.module_attributes import MODULE_ATTRIBUTES
from layercli.errors import Label, Position, Problem, Source, SpecError, did_you_mean, suggest
from layercli.record import record
from layercli.spec.accidents import (
    explain_keyless,
    explain_listed,
    explain_tight_dash,
    explain_unmarked_block,
)
from layercli.spec.document import (
    Entries,
    Items,
    Node,
    Scalar,
    Text,
    explain_split_mapping,
    explain_unbalanced,
    read_document,
    read_source,
)
from layercli.spec.expressions import Body, Expression, parse_body, parse_expression
from layercli.spec.keys import BLOCK_KEYS, MODES, PREFIXES, SPEC_KEYS
from layercli.spec.library import ImportRefused, display_name, find_project_root, resolve_import
from layercli.spec.model import (
    UNREAD,
    Block,
    Forward,
    Glob,
    Input,
    LayerDefinition,
    LayerValue,
    ListValue,
    LongForm,
    Named,
    NamedLayers,
    NumberedLayers,
    Sizes,
    Spec,
    TieDefinition,
    Unread,
    Value,
)
from layercli.spec.tree import DISK, Tree

MAX_IMPORTS = 50

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@record(frozen=False)
class _File:
    """One spec file that is being read: its problems, and the blocks that its names mean."""

    source: Source
    path: Path
    root: Path
    tree: Tree = DISK
    problems: list[Problem] = field(default_factory=list)
    definitions: dict[str, Block] = field(default_factory=dict)
    imports: dict[str, Position] = field(default_factory=dict)
    imported: list[Path] = field(default_factory=list)
    chain: tuple[Path, ...] = ()
    #: Set where so much is amiss that whatever came next would only be a consequence.
    hopeless: bool = False

    def report(
        self, code: str, message: str, position: Position, hint: str = "", labels: tuple[Label, ...] = ()
    ) -> None:
        self.problems.append(Problem(code, message, position, hint=hint, labels=labels))


def read_spec(path: Path, name: str | None = None, tree: Tree = DISK) -> Spec:
    """The spec in a file; ``name`` is what messages call the file. What it imports lies in ``tree``, too.

    What is wrong in single parts stands in its ``problems``, so that planning can add what it finds in the others.
    Raises SpecError where the file is no spec, CommandError where it can't be read.
    """
    source = read_source(path, name, tree=tree)
    spec = _read_file(_File(source, path, find_project_root(path, tree), tree))
    return replace(spec, path=path, tree=tree)


def read_text(text: str, name: str) -> Spec:
    """The spec that a text is; ``name`` is what messages call it. Raises what ``read_spec`` raises."""
    return _read_file(_File(Source(name, text), Path(name), Path.cwd()))


def _read_file(file: _File) -> Spec:
    document = read_document(file.source)
    strange = _explain_strange(document)
    if strange:
        raise SpecError(*strange)
    meant = _check_keys(file, document, SPEC_KEYS, "a spec")
    entries = {key.text.text: value for key, value in document.entries}
    name = _read_name(file, entries.get("name"))
    for key in ("inputs", "layers"):
        if key not in entries:
            file.hopeless = True
            if key not in meant:
                place = _first_position(document)
                file.report("missing-key", f"this spec has no {key}", place, _MISSING_KEY_HINTS[key])
    _read_imports(file, entries.get("imports"))
    blocks = _read_blocks(file, entries.get("blocks"))
    main = _read_block(file, name, document, document.position, entries, main=True)
    dims = _read_named(file, entries.get("dims"), "dims", "a dim")
    dtype = _read_word(file, entries.get("dtype"), "dtype", "float32", _floating_dtypes())
    mode = _read_word(file, entries.get("mode"), "mode", MODES[0], {mode: mode for mode in MODES})
    _check_clashes(file, main, dims)
    _check_cycles(file, blocks)
    if file.hopeless:
        raise SpecError(*sorted(file.problems, key=_place))
    return Spec(
        file.source,
        main,
        dims,
        dtype,
        "train" if mode == "train" else "eval",
        tuple(dict.fromkeys(file.imported)),
        tuple(sorted(file.problems, key=_place)),
        imports=file.imports,
    )


def _explain_strange(document: Entries) -> list[Problem]:
    """What ends a file at once: keys that stand too far left, a spec inside of a key, a file of another kind."""
    problems: list[Problem] = []
    above: Scalar | None = None
    for key, value in document.entries:
        text = key.text.text
        if text in SPEC_KEYS:
            above = (
                key if _is_empty(value) and text in ("inputs", "layers", "params", "dims", "blocks") else None
            )
        elif above is not None:
            message = f"{text} stands beside {above.text.text} and not under it"
            hint = f"indent what belongs to {above.text.text}: by two blanks"
            if _NAME.match(text) or text.startswith("self."):
                problems.append(Problem("yaml-indentation", message, key.position, hint=hint))
            above = None
        inside = [name for name in ("inputs", "layers") if isinstance(value, Entries) and value.get(name)]
        if text not in SPEC_KEYS and inside and document.get("layers") is None:
            hint = f"write {' and '.join(inside)} at the left margin, without {text}:"
            return [Problem("unknown-key", f"a spec has no key {text}", key.position, hint=hint)]
    known = [key for key, _ in document.entries if key.text.text in SPEC_KEYS]
    near = [key for key, _ in document.entries if _find_meant(key.text.text, SPEC_KEYS)]
    if not problems and not known and not near and len(document.entries) > 1:
        message = "this is no spec: it has neither inputs nor layers"
        hint = "layercli new net.yaml starts a spec"
        return [Problem("missing-key", message, _first_position(document), hint=hint)]
    return problems


#: Keys as other formats and people call them.
_MEANT = {
    "init": "layers", "__init__": "layers", "modules": "layers", "module": "layers", "network": "layers",
    "architecture": "layers", "net": "layers", "model": "layers", "submodules": "layers", "call": "forward",
    "def forward": "forward", "forward(self, x)": "forward", "input_shape": "inputs", "input": "inputs",
    "input_size": "inputs", "config": "params", "hyperparameters": "params", "hparams": "params", "args": "params",
    "variables": "params", "class": "name", "title": "name", "description": "doc", "docstring": "doc",
    "import": "imports", "frozen": "freeze", "tied": "tie", "tie_weights": "tie", "weight_tying": "tie", "precision": "dtype", "functions": "blocks", "classes": "blocks",
}  # fmt: skip

#: Keys about training, which is no part of a spec.
_TRAINING = frozenset(
    {
        "optimizer", "optim", "lr", "learning_rate", "loss", "criterion", "epochs", "batch_size", "metrics", "dataset",
        "data", "scheduler", "trainer", "seed", "device", "weight_decay", "callbacks",
    }
)  # fmt: skip


def _find_meant(text: str, known: Sequence[str]) -> list[str]:
    """The keys that may be meant by one that isn't there."""
    if text in _TRAINING:
        return []
    other = _MEANT.get(text, "")
    return [other] if other in known else suggest(text, known)


_MISSING_KEY_HINTS = {
    "inputs": "add inputs: {x: [1, 3, 32, 32]}",
    "layers": "add layers: and under it name: Linear(8, 4)",
}


def _place(problem: Problem) -> tuple[str, int, int]:
    position = problem.position
    return ("", 0, 0) if position is None else (position.file, position.line, position.column)


def _first_position(document: Entries) -> Position:
    return document.entries[0][0].position if document.entries else document.position


def _floating_dtypes() -> dict[str, str]:
    names = {
        name: canonical for name, canonical in DTYPES.items() if canonical.startswith(("float", "bfloat"))
    }
    return names | {f"torch.{name}": canonical for name, canonical in names.items()}


def _check_keys(file: _File, node: Entries, known: Sequence[str], what: str) -> set[str]:
    """Report unknown keys, and give the missing ones that were meant by them."""
    meant: set[str] = set()
    for key, _ in node.entries:
        text = key.text.text
        if text not in known:
            near = [name for name in _find_meant(text, known) if node.get(name) is None]
            hint = f"did you mean {' or '.join(near)}?" if near else f"{what} has {', '.join(known)}"
            if text in _TRAINING:
                hint = "leave it out: a spec is the model, and says nothing of training"
                if text in ("loss", "criterion"):
                    hint = "a loss is a layer, which forward calls: layers: {loss: CrossEntropyLoss()}"
            file.report("unknown-key", f"{what} has no key {text}", key.position, hint)
            meant.update(near)
    file.hopeless = file.hopeless or bool(meant)
    return meant


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.text.quoted and not node.text.text.strip()


def _read_name(file: _File, node: Node | None) -> str:
    if node is None:
        stem = file.path.stem
        return re.sub(r"\W", "_", stem, flags=re.ASCII) or "Model"
    text = _read_text(file, node, "name")
    if text and not _NAME.match(text):
        hint = f"write {re.sub(r'[^A-Za-z0-9_]', '', text) or 'Net'}: letters, digits and _ only"
        file.report("bad-name", f"{text} is no class name", node.position, hint)
    return text or "Model"


def _read_text(file: _File, node: Node | None, key: str) -> str:
    if node is None:
        return ""
    if not isinstance(node, Scalar):
        problem = explain_split_mapping(node)
        hint = problem.hint if problem is not None else f"write {key}: text"
        file.report("wrong-kind", f"{key} is a text", node.position, hint)
        return ""
    return node.text.text.strip()


def _read_word(file: _File, node: Node | None, key: str, default: str, words: Mapping[str, str]) -> str:
    if node is None:
        return default
    text = _read_text(file, node, key)
    if text in words:
        return words[text]
    if text or isinstance(node, Scalar):
        canonical = tuple(dict.fromkeys(words.values()))
        hint = did_you_mean(text, canonical) or f"it is one of {', '.join(canonical)}"
        code = "unknown-dtype" if key == "dtype" else "unknown-mode"
        file.report(
            code,
            f"{text or 'nothing'} is no {'floating dtype' if key == 'dtype' else key}",
            node.position,
            hint,
        )
    return default


def _mapping(file: _File, node: Node | None, key: str, example: str) -> Sequence[tuple[Scalar, Node]]:
    """The entries of a mapping; an empty value is one without entries."""
    if node is None or _is_empty(node):
        return ()
    if isinstance(node, Entries):
        return node.entries
    file.hopeless = True
    if isinstance(node, Scalar) and re.match(r"[A-Za-z_]\w*:\S", node.text.text):
        file.problems.append(explain_keyless(file.source, node.position.line))
        return ()
    if isinstance(node, Scalar) and key == "layers":
        line = node.position.line
        problem = explain_tight_dash(node.position)
        if problem is None and re.match(r"(?:self\.)?[A-Za-z_]\w*\s*=[^=]", node.text.text):
            problem = explain_keyless(file.source, line)
        if problem is not None:
            file.problems.append(problem)
            return ()
    what = "a list" if isinstance(node, Items) else "a text"
    hint = f"write {_write_mapping(key, node) or example}"
    if isinstance(node, Scalar) and node.text.style == "literal":
        hint = f"write {key}: without the |, and below it a name, a colon and a value on each line"
    file.report("wrong-kind", f"{key} is a mapping, and this is {what}", node.position, hint)
    return ()


def _write_mapping(key: str, node: Node) -> str:
    """A list as the mapping that was meant; empty where that can't be told."""
    if not isinstance(node, Items) or not node.items:
        return ""
    texts = [_write_node(item) for item in node.items]
    if key == "inputs" and all(isinstance(item, Scalar) for item in node.items):
        if any(text.isdigit() for text in texts):
            return f"inputs: {{x: [{', '.join(texts)}]}}"
        return f"inputs: {{{', '.join(f'{text}: [1, 3, 32, 32]' for text in texts)}}}"
    if key == "tie" and len(texts) == 2 and all(isinstance(item, Scalar) for item in node.items):
        return f"tie: {{{texts[0]}: {texts[1]}}}"
    if key == "imports" and all(text.split(".")[0] in ("torch", "nn", "numpy", "math") for text in texts):
        return "no imports: layers and functions of PyTorch are there by name"
    if key in ("inputs", "params", "dims") and all(isinstance(item, Entries) for item in node.items):
        return f"{key}: {{{', '.join(texts)}}}" if all(texts) else ""
    return ""


def _write_node(node: Node) -> str:
    """A node on one line as the file has it; empty for one of several lines."""
    if isinstance(node, Scalar):
        return node.text.text.strip()
    if isinstance(node, Items):
        return f"[{', '.join(map(_write_node, node.items))}]"
    return ", ".join(f"{key.text.text}: {_write_node(value)}" for key, value in node.entries)


def check_name(file: _File, key: Scalar, kind: str, *, layer: bool = False) -> bool:
    """Report a name that can't be one. Names of layers may not hide what every module has."""
    name = key.text.text
    if not _NAME.match(name):
        hint = "write a name of letters, digits and _, with no digit first"
        first, dot, rest = name.partition(".")
        loop = re.match(r"for (\w+) in (.+)", name)
        plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")
        if loop is not None:
            hint = f"write a list: layers: ModuleList(Linear(8, 8) for {loop[1]} in {loop[2]}), or 3 * Linear(8, 8)"
        elif first == "self" and _NAME.match(rest):
            hint = f"write {rest}"
        elif _NAME.match(plain) and not dot and name.isascii():
            hint = f"write {plain}: letters, digits and _, with no digit first"
        elif layer and dot and _NAME.match(first):
            hint = f"a dot leads into a layer: write {first}: and below it its own layers"
        file.report("bad-name", f"{name!r} can't name {kind}", key.position, hint)
    elif keyword.iskeyword(name):
        file.report(
            "bad-name",
            f"{name} is a keyword of Python and can't name {kind}",
            key.position,
            f"write {name}_ or another name",
        )
    elif name.startswith("__"):
        file.report(
            "bad-name",
            f"{name} begins with two underscores, which Python keeps for itself",
            key.position,
            f"write {name.strip('_') or 'another name'}",
        )
    elif layer and name in MODULE_ATTRIBUTES:
        file.report(
            "bad-name",
            f"{name} is an attribute of every nn.Module and can't name a layer",
            key.position,
            f"write {name}_layer or another name",
        )
    elif not layer and name in PREFIXES:
        file.report(
            "bad-name", f"{name} has a meaning of its own in expressions", key.position, "take another name"
        )
    else:
        return True
    return False


def _expression(file: _File, node: Node) -> Expression | Unread:
    """An expression, or its place with the problem reported."""
    if not isinstance(node, Scalar):
        problem = explain_split_mapping(node)
        file.problems.append(
            problem
            or Problem(
                "wrong-kind",
                "an expression is needed here",
                node.position,
                hint="write it on one line, in quotes if it begins with [ or {",
            )
        )
        return UNREAD
    parsed: Expression | None = _parse(file, node.text, parse_expression)
    return parsed or UNREAD


def _parse(file: _File, text: Text, parse: Callable[[Text], Any]) -> Any:
    try:
        return parse(text)
    except SpecError as error:
        problem = explain_unbalanced(text) if error.problems[0].code == "syntax" else None
        file.problems += [problem] if problem is not None else error.problems
        return None


def _value(file: _File, node: Node) -> Value:
    if isinstance(node, Items):
        return ListValue(tuple(_value(file, item) for item in node.items), node.position)
    return _expression(file, node)


def _read_named(file: _File, node: Node | None, key: str, kind: str) -> tuple[Named, ...]:
    """``params`` or ``dims``."""
    named: list[Named] = []
    example = f"{key}: {{N: 1}}" if key == "dims" else f"{key}: {{width: 64}}"
    for name, value in _mapping(file, node, key, example):
        legal = check_name(file, name, kind)
        required = (
            isinstance(value, Scalar)
            and not value.text.quoted
            and value.text.text.strip() in ("~", "null", "")
        )
        parsed: Value | None = UNREAD
        if required and key == "dims":
            file.report(
                "empty-value",
                f"the dim {name.text.text} needs a size for the trace",
                name.position,
                f"write {name.text.text}: 1",
            )
        elif legal:
            parsed = None if required else _value(file, value)
        named.append(Named(name.text.text, name.position, parsed))
    return tuple(named)


def _read_inputs(file: _File, node: Node | None) -> tuple[Input, ...]:
    """The top level's ``inputs``: names with sizes or expressions."""
    inputs: list[Input] = []
    for name, value in _mapping(file, node, "inputs", "inputs: {x: [1, 3, 32, 32]}"):
        legal = check_name(file, name, "an input")
        if _is_empty(value):
            file.report(
                "empty-value",
                f"the input {name.text.text} has no sizes",
                name.position,
                f"write {name.text.text}: [1, 3, 32, 32]",
            )
            legal = False
        parsed = _example(file, name.text.text, value) if legal else UNREAD
        inputs.append(Input(name.text.text, name.position, parsed))
    return tuple(inputs)


def _example(file: _File, name: str, node: Node) -> Sizes | Expression | Unread:
    """What an input is given: sizes, or an expression."""
    if isinstance(node, Items):
        nested = next((item for item in node.items if not isinstance(item, Scalar)), None)
        if nested is not None:
            hint = f"write {name}: [1, 3, 32, 32], or for several tensors {name}: '[rand(1, 8), rand(1, 8)]'"
            file.report("wrong-kind", "a size is an int, and this is a list", nested.position, hint)
            return UNREAD
        sizes = [_expression(file, item) for item in node.items]
        read = tuple(size for size in sizes if isinstance(size, Expression))
        return Sizes(read, node.position) if len(read) == len(sizes) else UNREAD
    if isinstance(node, Entries) and any(key.text.text.strip() in _DESCRIBING for key, _ in node.entries):
        file.report(
            "wrong-kind", "an input is a list of sizes or an expression", node.position, _suggest(name, node)
        )
        return UNREAD
    text = node.text.text.strip() if isinstance(node, Scalar) else ""
    if typed := re.fullmatch(r"(?:torch\.)?(\w+)\s*\[(.*)\]", text):
        dtype, sizes_text = typed.groups()
        if dtype in DTYPES:
            hint = f"write {name}: {_create(dtype, sizes_text, node)}"
            file.report("wrong-kind", f"{text} is how a type is shown, not a tensor", node.position, hint)
            return UNREAD
    if re.fullmatch(r"\d+(?:x\d+)+|\w+(?:\s+[x\u00d7]\s+\w+)+", text):
        sizes_written = re.split(r"\s+[x\u00d7]\s+|(?<=\d)x(?=\d)", text)
        hint = f"write {name}: [{', '.join(sizes_written)}]"
        file.report("wrong-kind", "sizes are a list", node.position, hint)
        return UNREAD
    return _expression(file, node)


#: Keys by which someone may describe an input, though it is given by an expression.
_DESCRIBING = ("shape", "size", "sizes", "dtype")


def _suggest(name: str, node: Entries) -> str:
    """What to write for an input that was described as a mapping of its sizes and dtype."""
    given = {key.text.text.strip(): value for key, value in node.entries}
    sizes = next((given[key] for key in _DESCRIBING[:3] if key in given), None)
    dtype = given.get("dtype")
    if not isinstance(sizes, Items) or not all(isinstance(item, Scalar) for item in sizes.items):
        return f"write {name}: [1, 3, 32, 32], or {name}: zeros(1, 8, dtype=int64)"
    texts = [item.text.text.strip() for item in sizes.items if isinstance(item, Scalar)]
    kind = dtype.text.text.strip().removeprefix("torch.") if isinstance(dtype, Scalar) else "float32"
    return f"write {name}: {_create(kind, ', '.join(texts), node)}"


def _create(dtype: str, sizes: str, node: Node) -> str:
    """An input of this dtype and these sizes as the language writes it, in quotes where YAML needs them."""
    if dtype in ("float32", "float"):
        return f"[{sizes}]"
    many = f"({sizes})" if "," in sizes or not sizes else f"({sizes},)"
    integer = dtype in ("int64", "long", "int32", "int")
    given = "" if dtype in ("int64", "long") else f", dtype={dtype}"
    text = f"randint(0, 10, {many}{given})" if integer else f"zeros({many}, dtype={dtype})"
    position = node.position
    flow = "{" in position.source.line(position.line)[: position.column - 1]
    return f"'{text}'" if flow else text


def _read_block_inputs(file: _File, node: Node | None) -> tuple[Input, ...]:
    """A block's ``inputs``: argument names, some with defaults."""
    if node is None or _is_empty(node):
        return ()
    if not isinstance(node, Items):
        names = [key.text.text for key, _ in node.entries] if isinstance(node, Entries) else [node.text.text]
        hint = f"write inputs: [{', '.join(names)}]"
        file.report("wrong-kind", "a block's inputs is a list of names", node.position, hint)
        file.hopeless = True
        return ()
    inputs: list[Input] = []
    for item in node.items:
        if not isinstance(item, Scalar):
            file.report(
                "wrong-kind", "an input of a block is a name", item.position, "write inputs: [x, mask=None]"
            )
            file.hopeless = True
            continue
        text = item.text
        name, equals, _ = text.text.partition("=")
        key = Scalar(Text(text.source, name.strip(), text.style, text.stretches))
        check_name(file, key, "an input")
        if name.strip() in [known.name for known in inputs]:
            file.report(
                "doubled-argument", f"{name.strip()} is an input twice", item.position, "rename one of them"
            )
            continue
        default = None
        if equals:
            start = len(name) + 1
            line, column = text.place(start)
            value = Text(text.source, text.text[start:], text.style, ((0, line, column),))
            default = _parse(file, value, parse_expression) or UNREAD
        elif inputs and inputs[-1].value is not None:
            file.report(
                "missing-default",
                f"{name.strip()} stands after an input with a default and needs one",
                item.position,
                f"write {name.strip()}=None, or put it before {inputs[-1].name}",
            )
        inputs.append(Input(name.strip(), item.position, default))
    return tuple(inputs)


def _read_layers(file: _File, node: Node | None) -> tuple[tuple[LayerDefinition, ...], bool]:
    """``layers``, and whether it is a list with numbered children."""
    if isinstance(node, Items):
        items = [_layer_value(file, item) for item in node.items]
        return tuple(
            LayerDefinition(str(index), item.position, value)
            for index, (item, value) in enumerate(zip(node.items, items, strict=True))
        ), True
    return _named_layers(file, _mapping(file, node, "layers", "layers: {fc: 'Linear(8, 4)'}")), False


#: The path of a parameter, as ``tie`` has it.
_PARAMETER = r"[A-Za-z_]\w*(?:\.\w+)*\.(?:weight|bias)\w*"


def _named_layers(file: _File, entries: Sequence[tuple[Scalar, Node]]) -> tuple[LayerDefinition, ...]:
    found: list[LayerDefinition] = []
    for name, node in entries:
        text = name.text.text
        value: LayerValue = UNREAD
        other = node.text.text.strip() if isinstance(node, Scalar) else ""
        if all(re.fullmatch(_PARAMETER, each) for each in (text, other)):
            names = [each.removeprefix("self.") for each in (text, other)]
            hint = f"write tie: {{{names[0]}: {names[1]}}} at the left margin, and leave this line out"
            file.report("bad-name", f"{text!r} can't name a layer", name.position, hint)
        elif check_name(file, name, "a layer", layer=True):
            if _is_empty(node):
                hint = f"write {text}: Linear(8, 4), or None where there is no layer"
                file.report("empty-value", f"the layer {text} has no value", name.position, hint)
            else:
                value = _layer_value(file, node)
        found.append(LayerDefinition(text, name.position, value))
    return tuple(found)


#: Keys under which other formats have the arguments of a layer, and how often it is repeated.
_ARGUMENT_KEYS = ("args", "kwargs", "arguments", "params", "parameters")
_REPEAT_KEYS = ("repeat", "repeats", "times", "count", "n")
#: Keys under which they have its class, with the whole path of it.
_CLASS_KEYS = ("_target_", "class_name", "class_path")


def _explain_class_in_list(node: Items) -> Problem | None:
    """``[Linear, 10, 20]`` for ``Linear(10, 20)``."""
    texts = [item.text.text.strip() for item in node.items if isinstance(item, Scalar)]
    if (
        len(texts) != len(node.items)
        or len(texts) < 2
        or re.fullmatch(r"(?:nn\.)?[A-Z]\w*", texts[0]) is None
    ):
        return None
    if not all(re.fullmatch(r"[-+.\w]+", text) and not text[:1].isupper() for text in texts[1:]):
        return None
    hint = f"write {texts[0]}({', '.join(texts[1:])})"
    return Problem("not-a-layer", "a list of layers has layers only", node.position, hint=hint)


def _explain_repeated(node: Entries) -> Problem | None:
    """``{layer: Linear(8, 8), repeat: 3}`` for ``3 * Linear(8, 8)``."""
    layers = [value for key, value in node.entries if key.text.text not in _REPEAT_KEYS]
    for key, value in node.entries:
        text = value.text.text.strip() if isinstance(value, Scalar) else ""
        if key.text.text in _REPEAT_KEYS and (text.isdigit() or _NAME.match(text)) and len(layers) == 1:
            hint = (
                f"write {text} * {_write_node(layers[0])}"
                if isinstance(layers[0], Scalar)
                else "write 3 * Block()"
            )
            return Problem("not-a-layer", f"{key.text.text} is no layer", key.position, hint=hint)
    return None


def _explain_class(node: Entries) -> Problem | None:
    """``{_target_: torch.nn.Linear, in_features: 8}`` for ``{type: Linear, in_features: 8}``."""
    for key, value in node.entries:
        path = value.text.text.strip() if isinstance(value, Scalar) else ""
        if key.text.text not in _CLASS_KEYS or re.fullmatch(r"\$?[\w.]+", path) is None:
            continue
        name = path.rpartition(".")[2]
        message = f"{key.text.text} names no class here: a spec has the layers of torch.nn and its own blocks"
        hint = f"write type: {name}" if name[:1].isupper() else "write type: and a layer, as in type: Linear"
        return Problem("unknown-key", message, key.position, hint=hint)
    return None


def _explain_arguments(node: Entries) -> Problem | None:
    """``{type: Linear, args: [10, 20]}``, where the arguments stand beside ``type``."""
    kind = node.get("type")
    for key, value in node.entries:
        if key.text.text not in _ARGUMENT_KEYS or not isinstance(kind, Scalar) or isinstance(value, Scalar):
            continue
        name, written = kind.text.text.strip(), _write_node(value)
        call = f"{name}({', '.join(map(_write_node, value.items))})" if isinstance(value, Items) else ""
        hint = f"write {call}" if call else f"write {{type: {name}, {written}}}"
        message = "the arguments of a layer stand beside its type"
        return Problem("unknown-argument", message, key.position, hint=hint)
    return None


def _layer_value(file: _File, node: Node) -> LayerValue:
    if isinstance(node, Items):
        told = _explain_class_in_list(node)
    elif isinstance(node, Entries):
        told = _explain_class(node) or _explain_arguments(node) or _explain_repeated(node)
    else:
        told = explain_listed(node.text.text, node.position)
        file.hopeless = file.hopeless or told is not None
    if told is not None:
        file.problems.append(told)
        return UNREAD
    if isinstance(node, Scalar):
        if _is_empty(node):
            file.report("empty-value", "a layer is missing here", node.position, "write - Linear(8, 4)")
            return UNREAD
        return _expression(file, node)
    if isinstance(node, Items):
        return NumberedLayers(tuple(_layer_value(file, item) for item in node.items), node.position)
    split = _split_call(node)
    if split is not None:
        file.problems.append(split)
        return UNREAD
    entries = {key.text.text: value for key, value in node.entries}
    if isinstance(entries.get("type"), Scalar):
        return _long_form(file, node)
    return NamedLayers(_named_layers(file, node.entries), node.position)


def _split_call(node: Entries) -> Problem | None:
    """``{type: ...}`` and named layers are meant as mappings; a dict display that YAML took for one isn't."""
    keys = [key.text.text for key, _ in node.entries]
    if all(_NAME.match(key) for key in keys):
        return None
    return explain_split_mapping(node)


def _long_form(file: _File, node: Entries) -> LongForm | Unread:
    type_node = node.get("type")
    assert isinstance(type_node, Scalar)
    target = _parse(file, type_node.text, parse_expression)
    arguments: list[Named] = []
    for key, value_node in node.entries:
        name = key.text.text
        if name == "type":
            continue
        if not _NAME.match(name):
            file.report("bad-name", f"{name!r} can't name an argument", key.position)
            continue
        arguments.append(Named(name, key.position, _value(file, value_node)))
    return UNREAD if target is None else LongForm(target, tuple(arguments), node.position)


def _read_forward(file: _File, node: Node | None, key: Position) -> Forward | None:
    if node is None:
        return None
    unread = Forward("list", (), key, complete=False)
    if isinstance(node, Scalar):
        if node.text.style not in ("literal", "folded"):
            if _is_empty(node):
                file.report(
                    "empty-value",
                    "forward has no statements",
                    key,
                    "leave the key out to run the layers in order",
                )
                return unread
            tight = explain_tight_dash(node.position) if node.position.line > key.line else None
            several = node.text.place(len(node.text.text) - 1)[0] > node.position.line
            unmarked = explain_unmarked_block(file.source, node.position.line) if several else None
            if tight is not None or unmarked is not None:
                file.problems += [problem for problem in (tight or unmarked,) if problem is not None]
                return unread
            file.report(
                "wrong-kind",
                "forward is a list of statements or a literal block",
                node.position,
                f"put it on a line of its own, after a dash: - {node.text.text.splitlines()[0]}",
            )
            return unread
        if node.text.style == "folded":
            file.report("wrong-kind", "> joins the lines of forward into one", key, "write forward: |")
            return unread
        body = _parse(file, node.text, lambda text: parse_body(text, block=True))
        return unread if body is None else Forward("block", (body,), node.position)
    if isinstance(node, Entries):
        first, value = node.entries[0] if node.entries else (None, None)
        assigned = isinstance(value, Scalar) and first is not None and _NAME.match(first.text.text)
        hint = "begin each statement with a dash, or write forward: |"
        if assigned and isinstance(value, Scalar) and first is not None:
            hint = f"write - {first.text.text} = {value.text.text}"
        place = node.position if node.flow or first is None else first.position
        unmarked = None if node.flow or assigned else explain_unmarked_block(file.source, place.line)
        if unmarked is not None:
            file.problems.append(unmarked)
            return unread
        file.report("wrong-kind", "forward is a list of statements or a literal block", place, hint)
        return unread
    bodies: list[Body] = []
    for index, item in enumerate(node.items):
        if not isinstance(item, Scalar):
            file.problems.append(
                explain_split_mapping(item)
                or Problem(
                    "wrong-kind",
                    "a statement is a text",
                    item.position,
                    hint="put it in quotes, or write forward: |",
                )
            )
            continue
        body = _parse(file, item.text, lambda text: parse_body(text, block=False))
        if body is not None and _check_listed(file, body, last=index == len(node.items) - 1):
            bodies.append(body)
    if not node.items:
        file.report(
            "empty-value",
            "forward has no statements",
            key,
            "leave the key out to run the layers in order",
        )
    return Forward("list", tuple(bodies), node.position, complete=0 < len(bodies) == len(node.items))


def _check_listed(file: _File, body: Body, *, last: bool) -> bool:
    import ast

    for index, statement in enumerate(body.statements):
        ends = last and index == len(body.statements) - 1
        if isinstance(statement, ast.Return) and not ends:
            value = "" if statement.value is None else body.segment(statement.value)
            file.report(
                "after-return",
                "return ends forward, and statements follow",
                body.position(statement),
                f"write {value} alone: each statement's value goes on to the next" if value else "remove it",
            )
            return False
        if isinstance(statement, (ast.For, ast.If, ast.Pass, ast.Break, ast.Continue)):
            word = type(statement).__name__.lower()
            file.report(
                "wrong-kind",
                f"{word} stands in a literal block only",
                body.position(statement),
                "write forward: | and the statements as in Python",
            )
            return False
    return True


def _read_block(
    file: _File, name: str, node: Entries, position: Position, entries: Mapping[str, Node], *, main: bool
) -> Block:
    keys = {key.text.text: key.position for key, _ in node.entries}
    layers, numbered = _read_layers(file, entries.get("layers"))
    forward = _read_forward(file, entries.get("forward"), keys.get("forward", position))
    inputs = (
        _read_inputs(file, entries.get("inputs")) if main else _read_block_inputs(file, entries.get("inputs"))
    )
    block = Block(
        name=name,
        position=position,
        doc=" ".join(_read_text(file, entries.get("doc"), "doc").split()),
        params=_read_named(file, entries.get("params"), "params", "a param"),
        inputs=inputs,
        layers=layers,
        forward=forward,
        tie=_read_tie(file, entries.get("tie")),
        freeze=_read_freeze(file, entries.get("freeze")),
        numbered=numbered,
        definitions=file.definitions,
        main=main,
    )
    if not main and "inputs" not in entries and forward is not None:
        file.hopeless = True
        file.report(
            "missing-key", f"the block {name} has a forward and no inputs", position, "add inputs: [x]"
        )
    if not main and "inputs" not in entries and forward is None and layers:
        block = replace(block, inputs=(Input("input", position),))
    if not main and not layers and forward is None and not file.hopeless:
        file.hopeless = True
        file.report(
            "missing-key",
            f"the block {name} has neither layers nor forward",
            position,
            "add layers: or forward:",
        )
    if main and _holds_nothing(entries.get("inputs")):
        file.hopeless = True
        hint = "write inputs: {x: [1, 3, 32, 32]}"
        file.report("empty-value", "inputs names no input", keys["inputs"], hint)
    if main and _holds_nothing(entries.get("layers")) and (forward is None or not forward.complete):
        file.hopeless = True
        file.report("empty-value", "layers names no layer", keys["layers"], "write fc: Linear(8, 4) below it")
    return block


def _holds_nothing(node: Node | None) -> bool:
    """Whether a key is there and nothing under it."""
    if node is None or isinstance(node, Scalar):
        return node is not None and _is_empty(node)
    return not (node.items if isinstance(node, Items) else node.entries)


def _check_clashes(file: _File, main: Block, dims: Sequence[Named]) -> None:
    """Names that would hide each other without anybody noticing."""
    params = {param.name: param.position for param in main.params}
    for dim in dims:
        if dim.name in params:
            file.report(
                "doubled-name",
                f"{dim.name} is a param and a dim",
                dim.position,
                "rename one of them",
                (Label(params[dim.name], "the param"),),
            )


def _read_tie(file: _File, node: Node | None) -> tuple[TieDefinition, ...]:
    ties = []
    for name, target in _mapping(file, node, "tie", "tie: {head.weight: embedding.weight}"):
        text = _read_text(file, target, "the tied parameter")
        if text:
            ties.append(TieDefinition(name.text.text, text, name.position, target.position))
        elif isinstance(target, Scalar):
            file.report(
                "empty-value",
                f"{name.text.text} is tied to nothing",
                name.position,
                f"write {name.text.text}: embedding.weight",
            )
    return tuple(ties)


def _read_freeze(file: _File, node: Node | None) -> tuple[Glob, ...]:
    if node is None or _is_empty(node):
        return ()
    items = node.items if isinstance(node, Items) else (node,)
    globs = []
    for item in items:
        if not isinstance(item, Scalar):
            hint = 'write freeze: ["features.*"]'
            file.report("wrong-kind", "freeze is a list of patterns", item.position, hint)
        elif item.text.text.count("*") > 8 or len(item.text.text) > 500:
            file.report(
                "bad-glob", "this pattern has too many stars", item.position, "name the layer and one star"
            )
        else:
            globs.append(Glob(item.text.text.strip(), item.position))
    return tuple(globs)


#: Keys that a block hasn't, with what it has instead.
_TOP_KEYS = {
    "name": "its name is the key above",
    "dims": "a block reads sizes from its inputs, as in x.shape[1], or has them as params",
    "dtype": "write dtype at the top level; it holds for the whole model",
    "mode": "write mode at the top level; it holds for the whole model",
    "blocks": "write the block beside this one, under blocks at the top level",
    "imports": "write imports at the top level",
}


def _read_blocks(file: _File, node: Node | None) -> dict[str, Block]:
    blocks: dict[str, Block] = {}
    for name, value in _mapping(
        file, node, "blocks", "blocks: {Block: {inputs: [x], layers: {fc: 'Linear(8, 8)'}}}"
    ):
        text = name.text.text
        if not check_name(file, name, "a block"):
            blocks[text] = Block(text, name.position, unread=True)
            continue
        if text in file.definitions:
            file.report(
                "doubled-name", f"{text} is a block and an import", name.position, "rename one of them"
            )
            continue
        if not isinstance(value, Entries):
            file.report(
                "wrong-kind",
                f"the block {text} is a mapping with inputs, layers and forward",
                value.position if not _is_empty(value) else name.position,
                "write inputs:, layers: and forward: below it, as in a spec",
            )
            blocks[text] = Block(text, name.position, unread=True)
            continue
        for key, _ in value.entries:
            if key.text.text in _TOP_KEYS:
                file.report(
                    "unknown-key",
                    f"{key.text.text} stands at the top level only, not in a block",
                    key.position,
                    _TOP_KEYS[key.text.text],
                )
        other = [entry for entry in value.entries if entry[0].text.text not in _TOP_KEYS]
        _check_keys(file, Entries(tuple(other), value.position, value.flow), BLOCK_KEYS, "a block")
        entries = {key.text.text: child for key, child in value.entries}
        blocks[text] = _read_block(file, text, value, name.position, entries, main=False)
    file.definitions.update(blocks)
    return blocks


def _check_cycles(file: _File, blocks: Mapping[str, Block]) -> None:
    """A block that holds itself, perhaps through others, would never end."""
    import ast

    def uses(block: Block) -> list[str]:
        names: list[str] = []

        def visit(value: LayerValue) -> None:
            if isinstance(value, Expression):
                names.extend(
                    node.id
                    for node in ast.walk(value.tree)
                    if isinstance(node, ast.Name) and node.id in blocks
                )
            elif isinstance(value, LongForm):
                visit(value.type)
            elif isinstance(value, NamedLayers):
                for entry in value.entries:
                    visit(entry.value)
            elif isinstance(value, NumberedLayers):
                for item in value.items:
                    visit(item)

        for layer in block.layers:
            visit(layer.value)
        return names

    graph = {name: list(dict.fromkeys(uses(block))) for name, block in blocks.items()}
    done: set[str] = set()
    for start in graph:
        stack: list[tuple[str, tuple[str, ...]]] = [(start, (start,))]
        while stack:
            name, chain = stack.pop()
            if name in done:
                continue
            for used in graph[name]:
                if used == start:
                    file.report(
                        "block-cycle",
                        f"the block {start} holds itself: {' -> '.join((*chain, start))}",
                        blocks[start].position,
                        "a layer is built once and never ends inside itself; repeat one with 12 * Block(...)",
                    )
                    file.hopeless = True
                    done.update(chain)
                    stack.clear()
                    break
                if used not in chain and len(chain) < 100:
                    stack.append((used, (*chain, used)))
        done.add(start)


# Imports ---------------------------------------------------------------------------------------------------


def _read_imports(file: _File, node: Node | None) -> None:
    for name, value in _mapping(file, node, "imports", "imports: {BasicBlock: blocks/resnet.yaml}"):
        text = name.text.text
        block = None
        target = _read_text(file, value, f"the file of {text}") if check_name(file, name, "an import") else ""
        if target:
            try:
                block = _import_block(file, text, target, value.position)
            except SpecError as error:
                file.problems += _imported_at(error.problems, value.position)
        file.definitions[text] = block or Block(text, name.position, unread=True)
        file.imports[text] = name.position


def _imported_at(problems: Sequence[Problem], position: Position) -> list[Problem]:
    """Problems of another file, each with the place that imports it."""
    label = Label(position, "imported here")
    return [
        problem
        if problem.position is None or problem.position.file == position.file
        else replace(problem, labels=(*problem.labels, label))
        for problem in problems
    ]


def _import_block(file: _File, name: str, target: str, position: Position) -> Block | None:
    try:
        path = resolve_import(target, file.path, file.root, file.tree)
    except ImportRefused as error:
        file.report(error.code, error.message, position, error.hint)
        return None
    chain = (*file.chain, file.tree.resolve(file.path))
    if path in chain:
        cycle = " -> ".join([part.name for part in chain[chain.index(path) :]] + [path.name])
        message = f"these files import each other: {cycle}"
        if path == chain[-1]:
            message = "this file imports itself"
        hint = "blocks of one file know each other, so put what belongs together into one file"
        file.report("import-cycle", message, position, hint)
        return None
    file.imported.append(path)
    if len(file.imported) > MAX_IMPORTS:
        file.report("too-many-imports", f"more than {MAX_IMPORTS} files are imported", position)
        return None
    shown = file.tree.name(path) or display_name(path, Path.cwd())
    source = read_source(path, shown, tree=file.tree)
    other = _File(source, path, file.root, file.tree, imported=file.imported, chain=chain)
    block = _read_imported(other, name, position)
    file.problems += _imported_at(sorted(other.problems, key=_place), position)
    return None if other.hopeless else block


def _read_imported(file: _File, name: str, position: Position) -> Block | None:
    """The block ``name`` of another file, or the whole spec as a block."""
    document = read_document(file.source)
    _check_keys(file, document, SPEC_KEYS, "a spec")
    entries = {key.text.text: value for key, value in document.entries}
    _read_imports(file, entries.get("imports"))
    blocks = _read_blocks(file, entries.get("blocks"))
    _check_cycles(file, blocks)
    if name in blocks:
        found = blocks[name]
    elif "layers" in entries:
        found = _read_block(
            file,
            _read_name(file, entries.get("name")),
            document,
            _first_position(document),
            entries,
            main=True,
        )
        found = replace(found, main=False, inputs=tuple(replace(item, value=None) for item in found.inputs))
    else:
        hint = did_you_mean(name, blocks) or f"it has {', '.join(blocks) or 'no blocks'}"
        file.report("unknown-import", f"{file.source.name} has no block {name}", position, hint)
        return None
    return found
