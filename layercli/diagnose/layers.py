"""Changes that may end the problem of a layer which refused its inputs, or which can't be made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from layercli.diagnose.candidates import (
    Candidate,
    find_direct_call,
    find_inputs,
    insert_layer,
    propose,
    redeclare_input,
    resize_input,
    set_argument,
    set_origin,
    wrap,
    write_sizes,
    find_input_value,
)
from layercli.diagnose.fits import Misfit, find_misfits, list_fits
from layercli.diagnose.origins import find_factors, find_origin
from layercli.diagnose.scene import Scene, tensor_at
from layercli.plan.records import LayerPlan
from layercli.trace import Row, TensorType

#: Where sizes of one tensor are what a layer wants of another dimension, it stands there by mistake.
_CHANNELS_SECOND = ("Conv", "BatchNorm", "InstanceNorm", "GroupNorm", "SyncBatchNorm")


def list_layer_candidates(scene: Scene) -> Iterator[Candidate]:
    """Changes for the layers that didn't finish, those of the innermost first."""
    for row in reversed(scene.open_rows):
        plan = scene.plans.get(row.path)
        if row.kind != "layer" or plan is None or plan.block is not None:
            continue
        misfits = list(find_misfits(row, plan))
        for misfit in misfits:
            yield from _fit_argument(scene, row, plan, misfit)
            yield from _fit_input(scene, row, plan, misfit)
        if misfits:
            yield from _fit_several(scene, row, plan, misfits)
        else:
            yield from _arrange_dimensions(scene, row)
        yield from _fit_window(scene, row, plan)


def _holder_path(scene: Scene, row: Row, plan: LayerPlan) -> str:
    """The path of the layer whose arguments have to match: a layer that is given to another has none of its own."""
    return row.path


def _fit_argument(scene: Scene, row: Row, plan: LayerPlan, misfit: Misfit) -> Iterator[Candidate]:
    """The layer's own argument as the size that came."""
    holder, _ = list_fits(plan)
    origin = find_origin(scene, row, misfit.tensor, misfit.fit.dim)
    factors = find_factors(origin) if origin is not None else ()
    value: object = misfit.got
    given = holder.arguments.get(misfit.fit.argument)
    if isinstance(given, (tuple, list)):
        value = [*given]
        value[misfit.fit.dim] = misfit.got
        value = type(given)(value)
    for way in set_argument(scene, row.path, misfit.fit.argument, value, factors, holder):
        yield from propose(scene, "argument", way.cost, way.changes)
        for also in _keep_divisible(scene, row, holder, misfit):
            yield from propose(scene, "argument", way.cost + 4, [*way.changes, *also])


#: Arguments of which one has to divide another.
_DIVISORS = {
    "MultiheadAttention": (("embed_dim", "num_heads"),),
    "TransformerEncoderLayer": (("d_model", "nhead"),),
    "TransformerDecoderLayer": (("d_model", "nhead"),),
    "Transformer": (("d_model", "nhead"),),
    "GroupNorm": (("num_channels", "num_groups"),),
    **{
        f"Conv{transposed}{count}d": (("in_channels", "groups"), ("out_channels", "groups"))
        for transposed in ("", "Transpose")
        for count in (1, 2, 3)
    },
}  # fmt: skip


def list_divisors(number: int, near: int) -> list[int]:
    """The divisors of a number, the nearest to ``near`` first."""
    found = [divisor for divisor in range(1, min(number, 4096) + 1) if number % divisor == 0]
    return sorted(found, key=lambda divisor: (abs(divisor - near), divisor))


def _keep_divisible(scene: Scene, row: Row, holder: LayerPlan, misfit: Misfit) -> Iterator[Sequence[object]]:
    """Changes of a number of heads or groups that divides the size that came."""
    for whole, part in _DIVISORS.get(holder.type_name, ()):
        near = holder.arguments.get(part)
        if whole != misfit.fit.argument or not isinstance(near, int) or near < 1 or misfit.got % near == 0:
            continue
        for divisor in list_divisors(misfit.got, near)[:1]:
            for way in set_argument(scene, row.path, part, divisor, (), holder):
                yield way.changes
