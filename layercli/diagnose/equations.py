"""Other equations for an ``einsum`` that was refused: letters in another order, more of them, another output."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import permutations
from string import ascii_lowercase

from layercli.diagnose.candidates import Candidate, propose
from layercli.diagnose.editing import replace_node
from layercli.diagnose.scene import Scene, list_tensors
from layercli.spec.values import Site
from layercli.trace import TensorType

#: The most letters of one tensor whose orders are all looked at.
MAX_LETTERS = 5


def list_equation_candidates(scene: Scene) -> Iterator[Candidate]:
    """Equations that go with the tensors of the ``einsum`` that failed, those that change least first."""
    row = scene.failed
    site = scene.find_call(row) if row is not None and row.type == "einsum" else None
    node = None if site is None else site.node
    if row is None or site is None or not isinstance(node, ast.Call):
        return
    given = next((item for item in node.args if isinstance(item, ast.Constant)), None)
    if given is None or not isinstance(given.value, str) or "..." in given.value or "->" not in given.value:
        return
    tensors = list_tensors(row)
    left, _, output = given.value.replace(" ", "").partition("->")
    for rank, (terms, kept) in enumerate(_list_equations(left.split(","), output, tensors)):
        yield from _write(scene, site, given, terms, kept, rank)


def _write(
    scene: Scene, site: Site, given: ast.Constant, terms: Sequence[str], output: str, rank: int
) -> Iterator[Candidate]:
    quote = '"' if site.code.segment(given).startswith('"') else "'"
    comma = ", " if ", " in str(given.value) else ","
    arrow = " -> " if " -> " in str(given.value) else "->"
    text = f"{quote}{comma.join(terms)}{arrow}{output}{quote}"
    yield from propose(scene, f"equation {rank}", rank, [replace_node(site.code, given, text)])


def _list_equations(
    terms: list[str], output: str, tensors: Sequence[TensorType]
) -> Iterator[tuple[list[str], str]]:
    """The inputs' letters and the output's, of which one or the other is changed."""
    if len(terms) != len(tensors):
        return
    yield from ((terms, kept) for kept in _list_outputs(terms, output))
    lacking = {len(tensor.shape) - len(term) for term, tensor in zip(terms, tensors, strict=True)}
    if len(lacking) == 1 and (count := lacking.pop()) > 0:
        # Dimensions that all have, such as heads, stand behind the batch.
        free = [letter for letter in f"h{ascii_lowercase}" if letter not in "".join(terms)]
        added = "".join(free[:count])
        yield [term[:1] + added + term[1:] for term in terms], output[:1] + added + output[1:]
    yield from ((other, output) for other in _list_orders(terms, tensors))


def _list_outputs(terms: Sequence[str], output: str) -> Iterator[str]:
    """The output with one letter for another, where one stands twice or is in no input."""
    known = "".join(terms)
    for place, letter in reversed(list(enumerate(output))):
        if letter in known and output.count(letter) == 1:
            continue
        once = [other for other in dict.fromkeys(known) if other not in output]
        # What two inputs share is summed, so that another letter is meant.
        own = [other for other in once if sum(other in term for term in terms) == 1]
        yield from (output[:place] + other + output[place + 1 :] for other in own or once)


def _list_orders(terms: list[str], tensors: Sequence[TensorType]) -> Iterator[list[str]]:
    """The letters of one input in another order, with which every letter has one size."""
    found: list[tuple[int, list[str]]] = []
    for place, term in enumerate(terms):
        for order in permutations(term) if 1 < len(term) <= MAX_LETTERS else ():
            others = [*terms[:place], "".join(order), *terms[place + 1 :]]
            moved = sum(old != new for old, new in zip(term, order, strict=True))
            if moved and _fits(others, tensors):
                found.append((moved, others))
    yield from (others for _, others in sorted(found, key=lambda item: item[0]))


def _fits(terms: Sequence[str], tensors: Sequence[TensorType]) -> bool:
    """Whether each letter stands for one size."""
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms, tensors, strict=True):
        if len(term) != len(tensor.shape):
            return False
        for letter, size in zip(term, tensor.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                return False
    return True
