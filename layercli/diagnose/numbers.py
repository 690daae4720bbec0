"""The numbers among the arguments of an operation, and other orders of dimensions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

from layercli.catalogue.entries import Form
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.methods import METHODS
from layercli.diagnose.candidates import Candidate, propose
from layercli.diagnose.editing import Change
from layercli.diagnose.scene import Scene
from layercli.diagnose.values import read_number
from layercli.record import record
from layercli.spec.names import resolve_prefix
from layercli.spec.values import Site
from layercli.trace import Row, TensorType

#: Arguments that name dimensions.
DIMS = frozenset(
    {
        "dim",
        "dims",
        "dim0",
        "dim1",
        "dim2",
        "axis",
        "axis0",
        "axis1",
        "start_dim",
        "end_dim",
        "source",
        "destination",
    }
)

#: The most dimensions whose orders are all tried.
MAX_ORDERED = 4


@record
class Number:
    """A number among the arguments of a call: the name of its argument, its node, the place inside a tuple."""

    name: str
    node: ast.expr
    place: int | None = None


def list_numbers(row: Row, site: Site) -> Iterator[Number]:
    """The arguments of a call that may be numbers, those inside tuples one by one."""
    node = site.node
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for part in parts:
            for inner in ast.walk(part) if isinstance(part, ast.Slice) else [part]:
                if isinstance(inner, (ast.Constant, ast.UnaryOp)):
                    yield Number("index", inner)
        return
    if not isinstance(node, ast.Call):
        return
    is_method = isinstance(node.func, ast.Attribute) and resolve_prefix(node.func.value) is None
    form: Form | None = METHODS.get(row.type) if is_method else FUNCTIONS.get(row.type)
    names: list[str] = []
    rest = ""
    if form is not None:
        namespace: Any = "Tensor" if is_method else form.namespaces[0] if form.namespaces else "torch"
        for parameter in form.signature_in(namespace).parameters:
            if parameter.kind == "rest":
                rest = parameter.name
            elif parameter.kind != "keyword":
                names.append(parameter.name)
    for index, argument in enumerate(node.args):
        yield from _split_number(names[index] if index < len(names) else rest, argument)
    for keyword in node.keywords:
        yield from _split_number(keyword.arg or "", keyword.value)


def _split_number(name: str, node: ast.expr) -> Iterator[Number]:
    if isinstance(node, (ast.Tuple, ast.List)):
        for place, item in enumerate(node.elts):
            yield Number(name, item, place)
    else:
        yield Number(name, node)


def fit_order(
    scene: Scene, site: Site, numbers: Sequence[Number], tensor: TensorType, rank: int
) -> Iterator[Candidate]:
    """Another order of dimensions, one that has all of them, the most like the given one first."""
    own = [number for number in numbers if number.name in DIMS]
    count = len(tensor.shape)
    given = [read_number(number.node, {}) for number in own]
    if not own or not 0 < count <= MAX_ORDERED or None in given:
        return
    begin, end = site.code.span(own[0].node)[0], site.code.span(own[-1].node)[1]
    kept = [value % count for value in given if value is not None and -count <= value < count]

    def unlike(order: Sequence[int]) -> tuple[int, Sequence[int]]:
        return sum(a != b for a, b in zip(order, kept, strict=False)), order

    for index, order in enumerate(sorted(permutations(range(count)), key=unlike)):
        text = ", ".join(map(str, order))
        yield from propose(scene, "order", rank + index, [Change(site.code, begin, end, text)])
