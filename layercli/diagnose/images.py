"""Features of a sample as an image: sizes for a ``view`` before the first transposed convolution of a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from math import isqrt, prod

from layercli.diagnose.candidates import (
    Candidate,
    find_direct_call,
    find_inputs,
    insert_layer,
    propose,
    set_origin,
    wrap,
)
from layercli.diagnose.numbers import list_numbers
from layercli.diagnose.origins import find_origin
from layercli.diagnose.scene import Scene, tensor_at
from layercli.diagnose.tuning import read_call
from layercli.diagnose.values import list_factors, list_ways, read_number
from layercli.spec.values import Site
from layercli.trace import Row, TensorType

#: Layers that want an image, by how many dimensions of positions it has.
_OF_IMAGES = {
    f"{name}{count}d": count
    for name in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm")
    for count in (2, 3)
}

#: The argument that says how many channels they take.
_CHANNELS = ("in_channels", "num_features")


def list_image_candidates(scene: Scene) -> Iterator[Candidate]:
    """Changes where features were to become an image, which as many positions in each dimension make up."""
    row = scene.failed
    if row is None:
        return
    if row.type in _OF_IMAGES:
        yield from _unflatten(scene, row)
    elif row.type in ("view", "reshape"):
        yield from _fit_sides(scene, row)


def _unflatten(scene: Scene, row: Row) -> Iterator[Candidate]:
    """A ``view`` that takes features apart where a layer of images gets them."""
    tensor, plan, count = tensor_at(row, 0), scene.plans.get(row.path), _OF_IMAGES[row.type]
    channels = next((plan.arguments[name] for name in _CHANNELS if plan and name in plan.arguments), None)
    if tensor is None or len(tensor.shape) != 2 or not isinstance(channels, int) or channels < 1:
        return
    positions, rest = divmod(tensor.shape[1], channels)
    if positions == 1 and "Norm" in row.type:
        # Features alone are normalised by another layer.
        return
    sides = None if rest or not positions else _find_factors(scene, row, tensor, channels, count)
    sides = sides or (None if rest else find_sides(positions, count))
    if sides is None:
        return
    site = find_direct_call(scene, row)
    node = next(iter([] if site is None else find_inputs(site)), None)
    shape = ", ".join(map(str, (channels, *sides)))
    if site is not None and node is not None:
        after = f"[:, :{', None' * count}]" if positions == 1 else f".view(-1, {shape})"
        yield from wrap(scene, site, node, after, "image", 3 if positions == 1 else -3)
    yield from insert_layer(scene, row.path, f"Unflatten(1, ({shape}))", "image", 4 if positions == 1 else -3)


def _find_factors(
    scene: Scene, row: Row, tensor: TensorType, channels: int, count: int
) -> Sequence[int] | None:
    """The positions as the layer that gave the features has them: ``Linear(100, 128 * 7 * 5)``."""
    origin = find_origin(scene, row, tensor, -1)
    plan = None if origin is None or origin.row is None else scene.plans.get(origin.row.path)
    site = None if plan is None else plan.argument_sites.get("out_features")
    if site is None or origin is None or origin.row is None:
        return None
    names = scene.plans[scene.find_owner(origin.row.path)].arguments
    factors = [read_number(part, names) for part in list_factors(site.node)]
    known = [factor for factor in factors if factor is not None]
    fits = len(known) == len(factors) == count + 1 and known[0] == channels
    return known[1:] if fits and prod(known) == tensor.shape[1] else None


def find_sides(positions: int, count: int) -> Sequence[int] | None:
    """As many equal sizes as make up a number of positions; None where there are none."""
    side = isqrt(positions) if count == 2 else round(positions ** (1 / count))
    return [side] * count if side and side**count == positions else None


def _fit_sides(scene: Scene, row: Row) -> Iterator[Candidate]:
    """Equal sizes at the end of a ``view`` that hold what there is of each sample; a layer that gives as much as it wants."""
    tensor, site = tensor_at(row, 0), None if row.position is None else scene.find_call(row)
    sizes = read_call(row)
    if tensor is None or site is None or len(tensor.shape) < 2 or len(sizes) < 4 or len(set(sizes[2:])) > 1:
        return
    numbers = list(list_numbers(row, site))
    numbers = numbers[len(numbers) - len(sizes) :]
    count, channels = len(sizes) - 2, sizes[1]
    features = prod(tensor.shape[1:])
    if len(numbers) < len(sizes) or channels < 1 or sizes[0] not in (-1, tensor.shape[0]):
        return
    sides = find_sides(features // channels, count) if features % channels == 0 else None
    owner = scene.find_owner(row.path)
    if sides is not None:
        ways = [
            next(list_ways(scene, owner, Site(site.code, number.node), side), None)
            for number, side in zip(numbers[2:], sides, strict=True)
        ]
        changes = [change for way in ways if way is not None for change in way.changes]
        yield from propose(scene, "sides", -1, changes)
    origin = find_origin(scene, row, tensor, -1) if len(tensor.shape) == 2 else None
    if origin is not None:
        for way in islice(set_origin(scene, origin, prod(sizes[1:])), 1):
            yield from propose(scene, "producer", 2 + way.cost, way.changes)
