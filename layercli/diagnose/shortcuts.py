"""A sum of a block's input and of what its convolutions make of it, where these change its channels or positions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from layercli.diagnose.broadcasting import SUMS
from layercli.diagnose.candidates import Candidate, find_operands, write_argument
from layercli.diagnose.editing import to_edits, wrap_node
from layercli.diagnose.ordering import find_end, insert_below
from layercli.diagnose.origins import resolve_source
from layercli.diagnose.scene import Scene, list_tensors
from layercli.diagnose.tuning import list_before
from layercli.errors import Edit, Position
from layercli.trace import Row, TensorType

#: What such a layer may be called.
_NAMES = ("shortcut", "downsample", "project", "skip")

#: One number of another layer is a smaller change.
_RANK = 7


def list_shortcut_candidates(scene: Scene) -> Iterator[Candidate]:
    """A convolution of one position for the side that is smaller by layers, so that both sides can be added."""
    row = scene.failed
    site = None if row is None or row.type not in SUMS else scene.find_call(row)
    if row is None or site is None or isinstance(site.node, ast.AugAssign):
        return
    tensors = list_tensors(row)
    nodes = find_operands(site)
    if len(tensors) != 2 or len(nodes) != 2 or len(row.sources) != 2:
        return
    for index, node in enumerate(nodes):
        own, other = tensors[index], tensors[1 - index]
        chain = _find_chain(scene, row, index)
        made = None if not isinstance(node, ast.Name) else _make(scene, row, chain, own, other)
        if made is None:
            continue
        block = scene.block_at(scene.find_owner(row.path))
        name = next((name for name in _NAMES if name not in block.layer_names), None)
        place = block.layers[-1].position
        if name is None or block.forward is None or block.numbered:
            continue
        called = f"self.{name}" if "self." in site.code.shown else name
        changes = wrap_node(site.code, node, f"{called}(", ")")
        edits = to_edits(changes)
        indent = place.source.line(place.line)[: place.column - 1]
        if edits is None:
            continue
        if indent.strip():
            # Inside brackets a comma ends what isn't quoted.
            inserted = Edit(Position(place.source, place.line, place.column, 0), f'{name}: "{made}", ')
        else:
            end = find_end(place.source, place.line, len(indent))
            inserted = insert_below(place.source, end, [f"{indent}{name}: {made}"])
        message = f"add the layer {name}: {made} and {scene.describe(changes)}"
        yield Candidate("shortcut", _RANK, message, (inserted, *edits))


def _find_chain(scene: Scene, row: Row, index: int) -> list[Row]:
    """The convolutions of the block between one operand and the other, the last first; none where there is no such way."""
    start, end = resolve_source(scene, row, index), resolve_source(scene, row, 1 - index)
    if start is None or not isinstance(end, Row):
        return []
    owner = scene.find_owner(row.path)
    found: list[Row] = []
    for item, _ in list_before(scene, end):
        if item == start:
            return found
        if isinstance(item, Row) and scene.find_owner(item.path) == owner and item.type.startswith("Conv"):
            found.append(item)
    return []


def _make(scene: Scene, row: Row, chain: list[Row], own: TensorType, other: TensorType) -> str | None:
    """The convolution that makes one shape of the other, with the words of those that do so in more steps."""
    first = None if not chain else scene.plans.get(chain[-1].path)
    last = None if not chain else scene.plans.get(chain[0].path)
    if first is None or last is None or len(own.shape) != len(other.shape) or len(own.shape) < 3:
        return None
    if any("Transpose" in item.type for item in chain) or chain[0].type != chain[-1].type:
        return None
    strides = {-(-size // part) for size, part in zip(own.shape[2:], other.shape[2:], strict=True)}
    step = next(iter(strides))
    if len(strides) > 1 or any(
        -(-size // step) != part for size, part in zip(own.shape[2:], other.shape[2:], strict=True)
    ):
        return None
    making = (
        f"{chain[0].type}({write_argument(first, 'in_channels')}, {write_argument(last, 'out_channels')}, 1"
    )
    if step == 1:
        return f"{making})"
    plans = [scene.plans.get(item.path) for item in chain]
    strided = next(
        (plan for plan in plans if plan is not None and plan.arguments.get("stride") == step), None
    )
    return None if strided is None else f"{making}, stride={write_argument(strided, 'stride')})"
