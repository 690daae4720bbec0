"""Changes of windows that slide over positions: a convolution, its transpose or a pooling that gives another size."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from layercli.diagnose.candidates import Candidate, propose, set_argument
from layercli.diagnose.editing import Change, replace_node
from layercli.diagnose.origins import Origin, find_origin
from layercli.diagnose.scene import Scene, tensor_at
from layercli.plan.records import LayerPlan
from layercli.trace import Row, TensorType

#: Layers before the one that gave a size which are looked at.
MAX_BEFORE = 12


def list_window_candidates(scene: Scene, row: Row, plan: LayerPlan) -> Iterator[Candidate]:
    """A kernel that is larger than what it slides over: a smaller one, or padding; and what a window can't be."""
    kernel = plan.arguments.get("kernel_size")
    tensor = tensor_at(row, 0)
    count = _count_dimensions(row)
    if kernel is None or tensor is None or not count or len(tensor.shape) < count:
        return
    yield from _limit_output_padding(scene, row, plan)
    yield from _fit_count(scene, row, plan, count)
    sizes = tensor.shape[-count:]
    padding = spread(plan.arguments.get("padding", 0), count)
    windows = spread(kernel, count)
    if not windows or not padding:
        return
    padded = [size + 2 * pad for size, pad in zip(sizes, padding, strict=True)]
    fitting = [min(window, size) for window, size in zip(windows, padded, strict=True)]
    smaller: Any = type(kernel)(fitting) if isinstance(kernel, (tuple, list)) else min(fitting)
    if smaller != kernel and min(fitting) > 0:
        for way in set_argument(scene, row.path, "kernel_size", smaller):
            yield from propose(scene, "kernel", 5 + way.cost, way.changes)
    if min(windows) < 1:
        for way in set_argument(scene, row.path, "kernel_size", 1):
            yield from propose(scene, "kernel", 5 + way.cost, way.changes)
    lacking = [max(0, -(-(window - size) // 2)) for window, size in zip(windows, sizes, strict=True)]
    if any(lacking):
        for way in set_argument(scene, row.path, "padding", max(*lacking, *padding)):
            yield from propose(scene, "padding", 7 + way.cost, way.changes)
    half = [min(pad, window // 2) for pad, window in zip(padding, windows, strict=True)]
    if half != list(padding):
        for way in set_argument(scene, row.path, "padding", min(half)):
            yield from propose(scene, "padding", way.cost, way.changes)


def _count_dimensions(row: Row) -> int:
    """In how many dimensions a layer slides: the 2 of ``Conv2d``."""
    return int(row.type[-2]) if row.type.endswith("d") and row.type[-2:-1].isdigit() else 0


def spread(value: Any, count: int) -> Sequence[int]:
    """A number for each of ``count`` dimensions; none where the value doesn't say them."""
    values = list(value) if isinstance(value, (tuple, list)) else [value] * count
    fits = len(values) == count and all(isinstance(item, int) for item in values)
    return values if fits else ()


def _limit_output_padding(scene: Scene, row: Row, plan: LayerPlan) -> Iterator[Candidate]:
    """The most that ``output_padding`` may be."""
    extra, stride = plan.arguments.get("output_padding", 0), plan.arguments.get("stride", 1)
    holes = plan.arguments.get("dilation", 1)
    numbers = (extra, stride, holes)
    if not all(isinstance(number, int) for number in numbers) or not extra or extra < max(stride, holes):
        return
    for way in set_argument(scene, row.path, "output_padding", max(stride, holes) - 1):
        yield from propose(scene, "output_padding", way.cost, way.changes)


def _fit_count(scene: Scene, row: Row, plan: LayerPlan, count: int) -> Iterator[Candidate]:
    """As many numbers for a window as it has dimensions."""
    changes: list[Change] = []
    for name in ("kernel_size", "stride", "padding", "dilation"):
        given, site = plan.arguments.get(name), plan.argument_sites.get(name)
        if not isinstance(given, (tuple, list)) or len(given) in (1, count) or site is None:
            continue
        value: Any = given[0] if len(set(given)) == 1 else tuple(given[:count])
        if len(given) < count and len(set(given)) > 1:
            return
        node = site.node.value if isinstance(site.node, ast.keyword) else site.node
        changes.append(replace_node(site.code, node, str(value)))
    if changes:
        yield from propose(scene, "count", 0, changes)


# Another number of positions -------------------------------------------------------------------------------


def fit_positions(scene: Scene, origin: Origin, wanted: int, rank: int) -> Iterator[Candidate]:
    """Changes with which the window that set a size gives ``wanted`` positions, or those before it lose none."""
    row = origin.row
    plan = None if row is None else scene.plans.get(row.path)
    if row is None or plan is None or "kernel_size" not in plan.arguments:
        return
    count = _count_dimensions(row)
    names = ("kernel_size", "stride", "padding", "dilation", "output_padding")
    default = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1, "output_padding": 0}
    values: dict[str, int] = {}
    for name in names:
        given = plan.arguments.get(name, default[name])
        if name == "stride" and given is None:
            given = plan.arguments["kernel_size"]
        spreaded = spread(given, count)
        place = origin.dim + count
        if not spreaded or not 0 <= place < count or len(set(spreaded)) > 1:
            return
        values[name] = spreaded[place]
    more = wanted - origin.size
    if "Transpose" in row.type:
        yield from _fit_transposed(scene, row, values, more, rank)
        yield from _widen_before(scene, origin, rank - 1)
    else:
        yield from _fit_sliding(scene, row, values, origin, wanted, rank)
    yield from _pad_before(scene, origin, rank + 2)


def _set_several(scene: Scene, row: Row, values: dict[str, int]) -> list[Change] | None:
    changes: list[Change] = []
    for name, value in values.items():
        way = next(set_argument(scene, row.path, name, value), None)
        if way is None:
            return None
        changes += way.changes
    return _join_insertions(changes)


def _join_insertions(changes: Sequence[Change]) -> list[Change]:
    """Changes that are written at one place as one."""
    found: list[Change] = []
    for change in changes:
        last = found[-1] if found else None
        if last is not None and (last.code, last.begin, last.end) == (change.code, change.begin, change.end):
            found[-1] = Change(last.code, last.begin, last.end, last.text + change.text)
        else:
            found.append(change)
    return found


def _fit_transposed(
    scene: Scene, row: Row, values: dict[str, int], more: int, rank: int
) -> Iterator[Candidate]:
    """A transposed convolution gives (n - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1."""
    kernel, stride, padding = values["kernel_size"], values["stride"], values["padding"]
    holes, extra = values["dilation"], values["output_padding"]
    ways: list[dict[str, int]] = []
    if 0 <= extra + more < max(stride, holes):
        ways.append({"output_padding": extra + more})
    if more % holes == 0 and 0 < kernel + more // holes <= kernel + stride:
        ways.append({"kernel_size": kernel + more // holes})
    for less in range(1, kernel):
        # Padding takes two positions off, output_padding gives some back.
        back = extra + more + 2 * less
        if 0 <= back < max(stride, holes) and padding + less < kernel:
            ways.append({"padding": padding + less} | ({"output_padding": back} if back != extra else {}))
            break
    for index, way in enumerate(ways):
        changes = _set_several(scene, row, way)
        if changes:
            yield from propose(scene, f"transposed {index}", rank + index, changes)


def _fit_sliding(
    scene: Scene, row: Row, values: dict[str, int], origin: Origin, wanted: int, rank: int
) -> Iterator[Candidate]:
    """A convolution or pooling gives (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1."""
    tensor = tensor_at(row, 0)
    if tensor is None:
        return
    own = tensor.shape[origin.dim]
    kernel, stride, padding, holes = (
        values[name] for name in ("kernel_size", "stride", "padding", "dilation")
    )

    def give(stride: int, padding: int) -> int:
        return (own + 2 * padding - holes * (kernel - 1) - 1) // stride + 1

    if stride > 1 and give(1, padding) == wanted:
        for way in set_argument(scene, row.path, "stride", 1):
            yield from propose(scene, "stride", rank + way.cost, way.changes)
    # More padding than this adds positions that see nothing.
    most = kernel // 2 if "Pool" in row.type else holes * (kernel - 1)
    for number in range(most + 1):
        if number != padding and give(stride, number) == wanted:
            for way in set_argument(scene, row.path, "padding", number):
                yield from propose(scene, "padding", rank + way.cost, way.changes)
            return


def _list_before(scene: Scene, origin: Origin) -> Iterator[tuple[Origin, Row, TensorType]]:
    """What set a size, what set the size that it got, and so on, each with its first input."""
    found: Origin | None = origin
    for _ in range(MAX_BEFORE):
        row = None if found is None else found.row
        tensor = None if row is None else tensor_at(row, 0)
        if found is None or row is None or tensor is None:
            return
        yield found, row, tensor
        found = find_origin(scene, row, tensor, found.dim)


def _pad_before(scene: Scene, origin: Origin, rank: int) -> Iterator[Candidate]:
    """Padding in the convolutions before, which then give as many positions as they get."""
    losing: list[tuple[Change, ...]] = []
    for _, row, _ in _list_before(scene, origin):
        plan = scene.plans.get(row.path)
        number = None if plan is None else _keeping_padding(row, plan)
        if number is not None:
            way = next(islice(set_argument(scene, row.path, "padding", number), 1), None)
            if way is not None:
                losing.append(way.changes)
    for index, changes in enumerate(losing):
        yield from propose(scene, "padding before", rank + index, changes)
    if len(losing) > 1:
        yield from propose(
            scene, "padding before", rank + len(losing), [change for changes in losing for change in changes]
        )


def _widen_before(scene: Scene, origin: Origin, rank: int) -> Iterator[Candidate]:
    """``output_padding`` in all transposed convolutions before, which then give as many positions as their stride says."""
    changes: list[Change] = []
    count = 0
    for found, row, tensor in _list_before(scene, origin):
        plan = scene.plans.get(row.path)
        stride = None if plan is None else plan.arguments.get("stride", 1)
        if plan is not None and "Transpose" in row.type and isinstance(stride, int) and stride > 1:
            lacking = stride * tensor.shape[found.dim] - found.size
            extra = plan.arguments.get("output_padding", 0)
            if isinstance(extra, int) and 0 < lacking + extra < stride:
                way = next(set_argument(scene, row.path, "output_padding", lacking + extra), None)
                changes += [] if way is None else way.changes
                count += way is not None
    if count > 1:
        yield from propose(scene, "output_padding before", rank, reversed(changes))


def _keeping_padding(row: Row, plan: LayerPlan) -> int | None:
    """The padding with which a convolution of stride 1 keeps all positions; None where it does, or can't."""
    kernel, padding = plan.arguments.get("kernel_size"), plan.arguments.get("padding", 0)
    stride, holes = plan.arguments.get("stride", 1), plan.arguments.get("dilation", 1)
    if not row.type.startswith("Conv") or "Transpose" in row.type or stride != 1:
        return None
    if not isinstance(kernel, int) or not isinstance(padding, int) or not isinstance(holes, int):
        return None
    number, odd = divmod(holes * (kernel - 1), 2)
    return number if not odd and number != padding else None
