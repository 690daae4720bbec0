"""Dimensions that an operand of fewer dimensions lacks: ``x * s[:, :, None, None]``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from layercli.diagnose.candidates import Candidate, find_operands, wrap
from layercli.diagnose.scene import Scene, list_tensors

#: What comes of it is likelier than any other change of an operation that broadcasts.
_RANK = -2

#: Operands with more dimensions aren't looked into.
MAX_RANK = 5

#: ``a + b`` and ``a += b``.
SUMS = frozenset({"add", "iadd"})

#: Operations of two operands that are broadcast.
BROADCAST = frozenset(
    {
        "add", "sub", "mul", "truediv", "div", "pow", "maximum", "minimum", "eq", "ne", "lt", "le", "gt", "ge",
        "and_", "or_", "xor", "where", "masked_fill", "iadd", "isub", "imul", "itruediv",
    }
)  # fmt: skip


def list_broadcast_candidates(scene: Scene) -> Iterator[Candidate]:
    """Sizes of one that an operand needs, so that its own stand beside those of the other that they are equal to."""
    row = scene.failed
    site = None if row is None or row.type not in BROADCAST else scene.find_call(row)
    if row is None or site is None:
        return
    tensors = list_tensors(row)
    operands = find_operands(site)
    if len(operands) != len(tensors):
        return
    for node, tensor in zip(operands, tensors, strict=True):
        for other in tensors:
            for rank, places in enumerate(list_places(tensor.shape, other.shape)):
                after = write_expansion(places, len(other.shape))
                yield from wrap(scene, site, node, after, "broadcast", _RANK + rank)


def list_places(shape: Sequence[int], other: Sequence[int]) -> list[tuple[int, ...]]:
    """The dimensions of a larger shape beside which those of a smaller one may stand, in order, the first ones first.

    Empty where the smaller one is as large, or goes with the last ones as it is.
    """
    count = len(other)
    if not 0 < len(shape) < count <= MAX_RANK:
        return []
    found = [
        places
        for places in combinations(range(count), len(shape))
        if all(size in (1, other[place]) for size, place in zip(shape, places, strict=True))
    ]
    return [] if tuple(range(count - len(shape), count)) in found else found


def find_clashes(left: Sequence[int], right: Sequence[int]) -> Iterator[int]:
    """The dimensions from the end in which two shapes can't be broadcast, the last first."""
    for dim in range(-1, -min(len(left), len(right)) - 1, -1):
        if left[dim] != right[dim] and 1 not in (left[dim], right[dim]):
            yield dim


def write_expansion(places: Sequence[int], count: int) -> str:
    """What to write behind an operand so that its dimensions stand at ``places`` of ``count``."""
    lacking = [place for place in range(places[0], count) if place not in places]
    if len(lacking) == 1:
        return f".unsqueeze({-1 if lacking[0] == count - 1 else lacking[0] - places[0]})"
    kept = range(places[0], count)
    return f"[{', '.join(':' if place in places else 'None' for place in kept)}]"
