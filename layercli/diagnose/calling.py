"""Inputs that a layer's call lacks: attention and decoders, which take more than one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from layercli.diagnose.candidates import Candidate, find_direct_call, propose, rename_layer
from layercli.diagnose.editing import Change, replace_node
from layercli.diagnose.ordering import SAME
from layercli.diagnose.scene import Scene, find_statement
from layercli.diagnose.statements import name_call
from layercli.spec.expressions import Body
from layercli.spec.mentions import find_names
from layercli.spec.values import Site
from layercli.trace import Row, TensorType

#: Layers that give their weights, too.
_PAIRS = frozenset({"MultiheadAttention"})

#: What a decoder's memory is called.
_MEMORY = re.compile("mem|enc|src|source|context|ctx", re.IGNORECASE)

#: The layer that a person means who has no second input for a decoder.
_ENCODERS = {"TransformerDecoderLayer": "TransformerEncoderLayer"}


def list_called_candidates(scene: Scene) -> Iterator[Candidate]:
    """The same value for each input that the call lacks, or an input of the model that nothing reads yet."""
    row = scene.failed
    if row is None or scene.problem.code not in ("invalid-argument", "missing-argument"):
        return
    site = find_direct_call(scene, row) if row.type in SAME else None
    if site is None or not isinstance(site.code, Body):
        return
    named = name_call(scene, site.code, site.node)
    if named is not None:
        # A bare name in a list.
        name, function, changes = named
        given = _list_given(scene, row, name)
        for rank, items in enumerate(given):
            # The next bare name gets all that a statement assigns.
            text = f"{name} = {function}({', '.join(items)}){'[0]' if row.type in _PAIRS else ''}"
            change = Change(site.code, *site.code.span(site.node), text)
            quoted = Change(site.code, *site.code.span(site.node), f'"{text}"')
            yield from propose(scene, f"inputs {rank}", rank, [*changes, change])
            yield from propose(scene, f"inputs {rank}", rank, [*changes, quoted])
    elif isinstance(site.node, ast.Call) and len(site.node.args) == 1:
        first = site.code.segment(site.node.args[0])
        for rank, items in enumerate(_list_given(scene, row, first)):
            added = replace_node(site.code, site.node.args[0], ", ".join(items))
            yield from propose(scene, f"inputs {rank}", rank, [added, *_take_output(row, site)])
    if row.type in _ENCODERS:
        yield from rename_layer(scene, row.path, _ENCODERS[row.type], 2)


def _list_given(scene: Scene, row: Row, first: str) -> Iterator[list[str]]:
    """What a layer may be called with, by its texts."""
    count = SAME[row.type]
    if not scene.find_owner(row.path):
        forward = scene.plan.spec.main.forward
        read = find_names(() if forward is None else forward.bodies)
        width = row.inputs[0].shape[-1] if row.inputs and isinstance(row.inputs[0], TensorType) else 0
        for name, value in () if scene.trace is None else scene.trace.inputs:
            alike = isinstance(value, TensorType) and len(value.shape) > 1 and value.shape[-1] == width
            if name in read or name == first or not alike:
                continue
            # A decoder takes what it decodes first, and what the encoder made of the rest as its memory.
            decodes = row.type.startswith("TransformerDecoder") and not _MEMORY.match(name)
            yield [name, first] if decodes else [first, *[name] * count]
    yield [first] * (count + 1)


def _take_output(row: Row, site: Site) -> list[Change]:
    """What leaves the weights out of what a call gives."""
    if row.type not in _PAIRS:
        return []
    assert isinstance(site.code, Body)
    begin, end = site.code.span(site.node)
    statement = find_statement(site.code, begin, end)
    if isinstance(statement, ast.Assign) and statement.value is site.node:
        target = statement.targets[0]
        if isinstance(target, ast.Name):
            stop = site.code.span(target)[1]
            return [Change(site.code, stop, stop, ", _")]
        return []
    return [Change(site.code, end, end, "[0]")]
