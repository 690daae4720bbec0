"""Spec -> YAML text in one canonical form, which is read back as the same spec."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import yaml

from layercli.errors import Source, SpecError
from layercli.record import record
from layercli.spec.accidents import quote
from layercli.spec.document import Text
from layercli.spec.expressions import Body, Code, Expression, parse_body, parse_expression
from layercli.spec.inlining import Inlined, inline_blocks
from layercli.spec.keys import BLOCK_KEYS, SPEC_KEYS
from layercli.spec.model import (
    Forward,
    Input,
    LayerValue,
    ListValue,
    LongForm,
    Named,
    NamedLayers,
    Sizes,
    Spec,
    Unread,
    Value,
)


@record
class _Literal:
    """Lines after ``|``."""

    lines: tuple[str, ...]


#: What YAML takes as it is after a key or a dash, and, on the safe side, inside of brackets.
_PLAIN = re.compile(r"(?!-(?: |$)|[!&*?:\[\]{},#|>@`\"'%=]|.*(?::(?: |$)| #))\S(?:[^\n\t]*\S)?")
_PLAIN_IN_FLOW = re.compile(r"[A-Za-z0-9_(.+~-](?:[A-Za-z0-9_().+*/%=<> -]*[A-Za-z0-9_).])?")

#: What stands under a key or a dash: the rest of its line as it is written, or lines below it.
_Node: TypeAlias = "str | _Literal | Mapping[str, _Node] | Sequence[_Node]"


def print_spec(spec: Spec) -> str:
    """The text of a spec with every expression as Python writes it, and the blocks of imported files in it.

    Comments aren't in it. Raises SpecError for a spec with problems, and where no names serve for all blocks.
    """
    if spec.problems:
        raise SpecError(*spec.problems)
    main, blocks = inline_blocks(spec)
    document: dict[str, _Node] = {"name": _quote_text(spec.name), **_Writer(main.renamed).block(main)}
    plain = _Writer({})
    if spec.dims:
        document["dims"] = {_quote_text(dim.name): plain.value(dim.value) for dim in spec.dims}
    if blocks:
        document["blocks"] = {
            _quote_text(name): _sort(_Writer(inlined.renamed).block(inlined), BLOCK_KEYS)
            for name, inlined in blocks.items()
        }
    if spec.dtype != "float32":
        document["dtype"] = spec.dtype
    if spec.mode != "eval":
        document["mode"] = spec.mode
    return "".join(f"{line}\n" for line in _write(_sort(document, SPEC_KEYS)))


def set_defaults(spec: Spec, settings: Mapping[str, str], values: Mapping[str, Any]) -> Spec:
    """The spec with the texts of ``--set`` as the defaults of its params; ``values`` are what they came to."""

    def write(param: Named) -> Named:
        if param.name not in settings:
            return param
        text, value = settings[param.name], values[param.name]
        if isinstance(value, float) and math.isfinite(value):
            # An int that was set for a float is one.
            text = repr(value)
        return replace(param, value=parse_expression(Text.whole(Source(f"--set {param.name}", text))))

    return replace(spec, main=replace(spec.main, params=tuple(map(write, spec.main.params))))


def _sort(document: Mapping[str, _Node], keys: Sequence[str]) -> dict[str, _Node]:
    return {key: document[key] for key in keys if key in document}


# Records to nodes -------------------------------------------------------------------------------------------


@record
class _Writer:
    """Writes what belongs to one block; ``renamed`` are the new names of the blocks that it uses."""

    renamed: Mapping[str, str]

    def block(self, inlined: Inlined) -> dict[str, _Node]:
        block = inlined.block
        nodes: dict[str, _Node] = {}
        if block.doc:
            nodes["doc"] = _quote_text(block.doc)
        if block.params:
            nodes["params"] = {
                _quote_text(param.name): "~" if param.value is None else self.value(param.value)
                for param in block.params
            }
        if block.main:
            nodes["inputs"] = {_quote_text(item.name): self.value(item.value) for item in block.inputs}
        elif block.inputs or block.forward is not None:
            nodes["inputs"] = _flow([self.argument(item) for item in block.inputs])
        if block.numbered:
            nodes["layers"] = [self.layer(layer.value) for layer in block.layers] or "[]"
        elif block.layers or block.main:
            layers = {_quote_text(layer.name): self.layer(layer.value) for layer in block.layers}
            nodes["layers"] = layers or "{}"
        if block.forward is not None:
            nodes["forward"] = self.forward(block.forward)
        if block.tie:
            nodes["tie"] = {_quote_text(tie.name): _quote_text(tie.target) for tie in block.tie}
        if block.freeze:
            nodes["freeze"] = [_quote_text(glob.pattern) for glob in block.freeze]
        return nodes

    def value(self, value: Value | Sizes | None, plain: re.Pattern[str] = _PLAIN) -> str:
        """A param, a dim, an input's example, or an argument of the long form."""
        if isinstance(value, (ListValue, Sizes)):
            return _flow([self.value(item, _PLAIN_IN_FLOW) for item in value.items])
        code = _known(value)
        return _quote(self.text(code), isinstance(code.tree, ast.Name), plain)

    def argument(self, item: Input) -> str:
        """An input of a block."""
        default = "" if item.value is None else f"={self.text(_known(item.value))}"
        return _quote(item.name + default, not default, _PLAIN_IN_FLOW)

    def layer(self, value: LayerValue) -> _Node:
        if isinstance(value, NamedLayers):
            return {_quote_text(entry.name): self.layer(entry.value) for entry in value.entries} or "{}"
        if isinstance(value, LongForm):
            arguments = {_quote_text(item.name): self.value(item.value) for item in value.arguments}
            return {"type": self.value(value.type), **arguments}
        if isinstance(value, (Expression, Unread)):
            return self.value(value)
        return [self.layer(item) for item in value.items] or "[]"

    def forward(self, forward: Forward) -> _Node:
        if forward.style == "block":
            return _Literal(tuple(_write_body(forward.bodies[0], block=True).split("\n")))
        return [_quote(_write_body(body, block=False)) for body in forward.bodies]

    def text(self, code: Expression) -> str:
        """An expression as Python writes it."""
        text = ast.unparse(code.tree)
        if not self.renamed:
            return text if _is_same(code, text) else code.shown
        tree = ast.parse(text, mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = self.renamed.get(node.id, node.id)
        return ast.unparse(tree)


def _known(value: object) -> Expression:
    """What stands in a spec without problems."""
    assert isinstance(value, Expression)
    return value


def _write_body(body: Body, *, block: bool) -> str:
    """Statements as Python writes them, each on its line, or all on one where they are an item of a list."""
    # A text alone is no docstring, which would be written over several lines.
    text = ("\n" if block else "; ").join(ast.unparse(statement) for statement in body.statements)
    return text if _is_same(body, text, block=block) else body.shown.rstrip("\n")


def _is_same(code: Code, text: str, *, block: bool = False) -> bool:
    """Whether a text is read as ``code`` is: written by Python it may be too long, or have too many brackets."""
    printed = Text.whole(Source("printed", text))
    try:
        again: Code = (
            parse_expression(printed) if isinstance(code, Expression) else parse_body(printed, block=block)
        )
    except SpecError:
        return False
    return ast.dump(again.tree) == ast.dump(code.tree)


# Nodes to YAML ----------------------------------------------------------------------------------------------


def _write(node: _Node) -> list[str]:
    """The lines of a node that stands at the left margin."""
    if isinstance(node, str):
        return [node]
    if isinstance(node, _Literal):
        return [*node.lines]
    if isinstance(node, Mapping):
        return [line for key, value in node.items() for line in _write_entry(key, value)]
    return [f"{'  ' if number else '- '}{line}" for item in node for number, line in enumerate(_write(item))]


def _write_entry(key: str, value: _Node) -> list[str]:
    if isinstance(value, str):
        return [f"{key}: {value}"]
    lines = _write(value)
    head = f"{key}:"
    if isinstance(value, _Literal):
        first = next((line for line in lines if line.strip(" ")), "")
        # Where the first line is indented, YAML has to be told by how much the others are.
        head += " |2" if first.startswith(" ") else " |"
    return [head, *(f"  {line}" if line else "" for line in lines)]


def _flow(items: Sequence[str]) -> str:
    return f"[{', '.join(items)}]"


def _quote(text: str, word: bool = False, plain: re.Pattern[str] = _PLAIN) -> str:
    """A text as a scalar; of a ``word`` no reader of YAML makes anything else."""
    if plain.fullmatch(text) and not (word and _is_resolved(text)):
        return text
    if "\n" not in text:
        return quote(text)
    for character, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(character, escape)
    return f'"{text}"'


def _quote_text(text: str) -> str:
    return _quote(text, word=True)


def _is_resolved(text: str) -> bool:
    """Whether YAML 1.1 takes a plain text for something else, as it does with yes, no, on, null and 1."""
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers
    return any(pattern.match(text) for _, pattern in resolvers.get(text[:1], ()))
