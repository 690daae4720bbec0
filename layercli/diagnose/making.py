"""Changes that may end the problem of a layer which can't be made: its arguments don't go together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import gcd
from typing import Any

from layercli.diagnose.candidates import Candidate, propose, set_argument
from layercli.diagnose.scene import Scene
from layercli.errors import Problem, suggest
from layercli.plan.records import LayerPlan

#: Arguments of which the first has to be a multiple of the second.
DIVISORS: dict[str, tuple[tuple[str, str], ...]] = {
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
}

#: The largest number whose divisors are looked for.
MAX_DIVIDED = 65_536

#: Arguments that are probabilities.
_PROBABILITIES = ("p", "dropout")


def list_making_candidates(scene: Scene) -> Iterator[Candidate]:
    """Changes of the arguments of the layer that the problem is of, or of one that it is given."""
    found = find_refused_layer(scene)
    if found is None:
        return
    path, plan = found
    yield from _divide(scene, path, plan)
    yield from _allow_padding(scene, path, plan)
    for name, site in plan.argument_sites.items():
        if site.position == scene.problem.position:
            yield from _name_choice(scene, path, plan, name)
            yield from _limit_probability(scene, path, plan, name)


def find_refused_layer(scene: Scene) -> tuple[str, LayerPlan] | None:
    """The layer that can't be made, or the one that it is given, with its path."""
    position = scene.problem.position
    plans = [(path, plan) for path, outer in scene.plans.items() for plan in list_given(outer)]
    for path, plan in plans:
        if position is not None and plan.position == position:
            return path, plan
    for path, plan in plans:
        if position in [site.position for site in plan.argument_sites.values()]:
            return path, plan
    return None


def list_refused_layers(scene: Scene) -> dict[str, LayerPlan]:
    """The layers that a problem of making is of, by their paths: the one that is refused, or those that share a parameter."""
    found = find_refused_layer(scene)
    if found is not None:
        return dict([found])
    named = [word.rpartition(".")[0] for word in re.findall(r"[\w.]+\.\w+", scene.problem.message)]
    return {path: scene.plans[path] for path in named if path in scene.plans}


def list_given(outer: LayerPlan) -> Iterator[LayerPlan]:
    """A layer and those that it is given, at any depth."""
    yield outer
    for value in outer.arguments.values():
        if isinstance(value, LayerPlan):
            yield from list_given(value)


def explain_making(scene: Scene) -> Problem:
    """The problem in the same words for every layer whose heads or groups don't divide, PyTorch's as a note."""
    problem = scene.problem
    found = find_refused_layer(scene)
    if found is None:
        return problem
    path, plan = found
    for whole, part in DIVISORS.get(plan.type_name, ()):
        number, near = plan.arguments.get(whole), plan.arguments.get(part)
        if not isinstance(number, int) or not isinstance(near, int) or near < 1 or number % near == 0:
            continue
        message = f"{path} needs {part} to divide {whole}, and {near} doesn't divide {number}"
        said = problem.message.partition(": ")[2]
        notes = (f"PyTorch: {said}",) if said else ()
        return replace(problem, message=message, label=f"{part} is {near}", notes=notes)
    return problem


def _divide(scene: Scene, path: str, plan: LayerPlan) -> Iterator[Candidate]:
    """Heads or groups that divide, the nearest first; a width that they divide."""
    pairs = DIVISORS.get(plan.type_name, ())
    numbers = [plan.arguments.get(whole) for whole, _ in pairs]
    near = plan.arguments.get(pairs[0][1]) if pairs else None
    wholes = [number for number in numbers if isinstance(number, int) and number > 0]
    if not isinstance(near, int) or len(wholes) < len(numbers):
        return
    if all(near > 0 and number % near == 0 for number in wholes):
        return
    divisors = [divisor for divisor in list_divisors(gcd(*wholes), max(near, 1)) if divisor != near]
    for rank, divisor in enumerate(divisors[:2]):
        for way in set_argument(scene, path, pairs[0][1], divisor, plan=plan):
            yield from propose(scene, f"divisor {rank}", way.cost + rank, way.changes)
    for (whole, _), number in zip(pairs, wholes, strict=True):
        if near > 0 and number % near:
            multiple = max(1, round(number / near)) * near
            # A group for each channel is meant as such.
            rank = -1 if near in wholes else 10
            for way in set_argument(scene, path, whole, multiple, plan=plan):
                yield from propose(scene, f"multiple {whole}", way.cost + rank, way.changes)


def list_divisors(number: int, near: int) -> list[int]:
    """The divisors of a number, the nearest to ``near`` first; of a huge one none."""
    if not 0 < number <= MAX_DIVIDED:
        return []
    found = [divisor for divisor in range(1, number + 1) if number % divisor == 0]
    return sorted(found, key=lambda divisor: (abs(divisor - near), -divisor))


def _allow_padding(scene: Scene, path: str, plan: LayerPlan) -> Iterator[Candidate]:
    """The padding that keeps positions, as a number, where PyTorch takes ``'same'`` without a stride only."""
    kernel, holes = plan.arguments.get("kernel_size"), plan.arguments.get("dilation", 1)
    if plan.arguments.get("padding") != "same" or plan.arguments.get("stride", 1) in (1, (1, 1)):
        return
    number = _keep_positions(kernel, holes)
    if number is not None:
        for way in set_argument(scene, path, "padding", number, plan=plan):
            yield from propose(scene, "padding", way.cost, way.changes)
    for way in set_argument(scene, path, "stride", 1, plan=plan):
        yield from propose(scene, "stride", 5 + way.cost, way.changes)


def _keep_positions(kernel: Any, holes: Any) -> Any:
    """The padding with which a window of stride 1 keeps as many positions as there are, in one or each dimension."""
    if isinstance(kernel, int) and isinstance(holes, int):
        return holes * (kernel - 1) // 2
    if isinstance(kernel, (tuple, list)) and isinstance(holes, int):
        return tuple(holes * (size - 1) // 2 for size in kernel)
    return None


def _name_choice(scene: Scene, path: str, plan: LayerPlan, argument: str) -> Iterator[Candidate]:
    """One of the texts that the refusal names, the most like the given one first."""
    given = plan.arguments.get(argument)
    named = [text for text in re.findall(r"'([\w-]+)'", scene.problem.message) if text != given]
    if not isinstance(given, str) or not named:
        return
    words = suggest(given, named) or named
    site = plan.argument_sites[argument]
    quote = '"' if '"' in site.text else "'"
    for rank, word in enumerate(dict.fromkeys(words)):
        for way in set_argument(scene, path, argument, f"{quote}{word}{quote}", plan=plan):
            yield from propose(scene, f"choice {rank}", way.cost + rank, way.changes)


def _limit_probability(scene: Scene, path: str, plan: LayerPlan, argument: str) -> Iterator[Candidate]:
    """A percentage as a probability."""
    given = plan.arguments.get(argument)
    if argument not in _PROBABILITIES or not isinstance(given, (int, float)) or 0 <= given <= 1:
        return
    unit = 10 if given < 5 else 100
    wanted: Sequence[float] = [given / unit] if 1 < given <= 100 else [-given] if -1 <= given < 0 else []
    for rank, number in enumerate(dict.fromkeys([*wanted, 0.5])):
        for way in set_argument(scene, path, argument, number, plan=plan):
            yield from propose(scene, f"probability {rank}", way.cost + rank, way.changes)
