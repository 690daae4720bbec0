"""Small models drawn at random, and single edits of them as a person makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from layercli.derive.session import derive_plan
from layercli.errors import LayercliError
from layercli.lock import Lock, collect_positions, lock_from_trace
from layercli.plan.planner import plan_model
from layercli.spec.reader import read_text
from layercli.trace import Trace

UNARY = ("relu", "tanh", "sigmoid", "gelu", "softmax({}, 1)", "{} * 2.0", "{} + 1")
BINARY = ("{} + {}", "{} - {}", "{} * {}", "cat([{}, {}], 1)", "maximum({}, {})")
#: What layers are written as: ``{before}`` is what they take, ``{after}`` what they give.
LAYERS = {
    "Linear": "Linear({before}, {after})",
    "Norm": "LayerNorm({before})",
    "Batch": "BatchNorm1d({before})",
    "Act": "ReLU()",
    "Drop": "Dropout(0.1)",
}


@dataclass(frozen=True)
class Step:
    """One statement: a layer by its name, or a call with a gap for each source. Sources are numbers of values."""

    call: str
    sources: tuple[int, ...]
    layer: str = ""
    width: int = 0


@dataclass(frozen=True)
class Model:
    """Values are numbered: 0 is the input, each step gives the next ones by its key in ``steps``, in their order."""

    steps: Mapping[int, Step]
    result: int
    #: How often the steps run one after another, each time in a block of its own.
    blocks: int = 0
    #: The order in which layers are written down, where it isn't that of their calls.
    order: tuple[str, ...] = ()
    params: Mapping[str, int] = field(default_factory=dict)

    def measure(self) -> dict[int, int]:
        """The width of each value."""
        widths = {0: 8}
        for value, step in self.steps.items():
            before = [widths[source] for source in step.sources]
            widths[value] = step.width or (sum(before) if step.call.startswith("cat") else before[0])
        return widths

    def write(self) -> str:
        """The text of the spec."""
        widths = self.measure()
        layers = {
            step.layer: LAYERS[step.call].format(before=widths[step.sources[0]], after=step.width)
            for step in self.steps.values()
            if step.layer
        }
        lines = [f"  {name}: {layers[name]}" for name in self.order or layers]
        body = [f"  - v{value} = {_write_call(step)}" for value, step in self.steps.items()]
        body.append(f"  - v{self.result}")
        head = "inputs: {v0: [4, 8]}\n"
        inner = "\n".join(["layers:" if lines else "layers: {}", *lines, "forward:", *body]) + "\n"
        if not self.blocks:
            return head + inner
        names = [f"b{index}" for index in range(self.blocks)]
        block = "".join(f"    {line}\n" for line in ["inputs: [v0]", *inner.splitlines()])
        uses = "".join(f"  {name}: Body()\n" for name in names)
        calls = "".join(f"  - v0 = {name}(v0)\n" for name in names)
        return f"{head}blocks:\n  Body:\n{block}layers:\n{uses}forward:\n{calls}  - v0\n"


def _write_call(step: Step) -> str:
    names = [f"v{source}" for source in step.sources]
    if step.layer:
        return f"{step.layer}({names[0]})"
    return step.call.format(*names) if "{}" in step.call else f"{step.call}({names[0]})"


def draw_model(random: Random) -> Model:
    """A chain with branches of 3 to 12 steps."""
    steps: dict[int, Step] = {}
    for value in range(1, random.randint(4, 13)):
        latest = value - 1 if random.random() < 0.8 else random.randrange(value)
        kind = random.random()
        if kind < 0.4:
            call = random.choice([*LAYERS, "Linear"])
            width = random.choice((8, 8, 16)) if call == "Linear" else 0
            steps[value] = Step(call, (latest,), f"{call.lower()}{value}", width)
        elif kind < 0.75 or value < 2:
            steps[value] = Step(random.choice(UNARY), (latest,))
        else:
            steps[value] = Step(random.choice(BINARY), (latest, random.randrange(value)))
    model = Model(steps, max(steps))
    return replace(model, blocks=random.choice((0, 0, 0, 3)))


def find_lock(model: Model) -> tuple[Lock, Trace] | None:
    """The lock of a model; None where it isn't legal."""
    try:
        plan = plan_model(read_text(model.write(), "net.yaml"))
        trace = derive_plan(plan)
        return lock_from_trace(trace, dtype="float32"), trace
    except LayercliError:
        return None


# Edits


def _redirect(model: Model, old: int, new: int, but: int = -1) -> Model:
    """Let what reads one value read another."""
    steps = {
        value: replace(step, sources=tuple(new if source == old else source for source in step.sources))
        if value != but
        else step
        for value, step in model.steps.items()
    }
    return replace(model, steps=steps, result=new if model.result == old else model.result)


def insert_operation(model: Model, random: Random) -> Model:
    """A function between a value and what reads it."""
    place = random.choice([0, *model.steps])
    new = max(model.steps) + 1
    model = _redirect(model, place, new)
    steps = {}
    if place == 0:
        steps[new] = Step(random.choice(UNARY), (0,))
    for value, step in model.steps.items():
        steps[value] = step
        if value == place:
            steps[new] = Step(random.choice(UNARY), (place,))
    return replace(model, steps=steps)


def delete_operation(model: Model, random: Random) -> Model | None:
    """A function is gone, and what read it reads what it read."""
    places = [value for value, step in model.steps.items() if not step.layer and len(step.sources) == 1]
    if not places:
        return None
    place = random.choice(places)
    steps = {value: step for value, step in model.steps.items() if value != place}
    return _redirect(replace(model, steps=steps), place, model.steps[place].sources[0])


def insert_layer(model: Model, random: Random) -> Model:
    """A layer of no other width between a value and what reads it."""
    place = random.choice(list(model.steps))
    new = max(model.steps) + 1
    model = _redirect(model, place, new)
    steps = {}
    for value, step in model.steps.items():
        steps[value] = step
        if value == place:
            steps[new] = Step(random.choice(("Norm", "Act", "Drop")), (place,), f"extra{new}")
    return replace(model, steps=steps)


def _find_layers(model: Model, *calls: str) -> list[int]:
    return [value for value, step in model.steps.items() if step.layer and step.call in (calls or LAYERS)]


def delete_layer(model: Model, random: Random) -> Model | None:
    """A layer of no other width is gone."""
    places = _find_layers(model, "Norm", "Batch", "Act", "Drop")
    if not places:
        return None
    place = random.choice(places)
    steps = {value: step for value, step in model.steps.items() if value != place}
    return _redirect(replace(model, steps=steps), place, model.steps[place].sources[0])


def rename_layer(model: Model, random: Random) -> Model | None:
    """Another name for a layer."""
    places = _find_layers(model)
    if not places:
        return None
    place = random.choice(places)
    return replace(model, steps={**model.steps, place: replace(model.steps[place], layer="renamed")})


def widen_layer(model: Model, random: Random) -> Model | None:
    """More features of a Linear, and of what takes them."""
    places = _find_layers(model, "Linear")
    if not places:
        return None
    place = random.choice(places)
    return replace(model, steps={**model.steps, place: replace(model.steps[place], width=24)})


def swap_arguments(model: Model, random: Random) -> Model | None:
    """The two sources of a call the other way round."""
    places = [value for value, step in model.steps.items() if len(set(step.sources)) == 2]
    if not places:
        return None
    place = random.choice(places)
    step = model.steps[place]
    return replace(model, steps={**model.steps, place: replace(step, sources=step.sources[::-1])})


def change_argument(model: Model, random: Random) -> Model | None:
    """Another function in the place of one."""
    places = [value for value, step in model.steps.items() if not step.layer and len(step.sources) == 1]
    if not places:
        return None
    place = random.choice(places)
    step = model.steps[place]
    call = random.choice([call for call in UNARY if call != step.call])
    return replace(model, steps={**model.steps, place: replace(step, call=call)})


def reorder_calls(model: Model, random: Random) -> Model | None:
    """Two statements one after another, of which neither takes the other's value, the other way round."""
    values = list(model.steps)
    pairs = [
        index
        for index in range(len(values) - 1)
        if values[index] not in model.steps[values[index + 1]].sources
    ]
    if not pairs:
        return None
    index = random.choice(pairs)
    values[index], values[index + 1] = values[index + 1], values[index]
    layers = tuple(step.layer for step in model.steps.values() if step.layer)
    return replace(model, steps={value: model.steps[value] for value in values}, order=layers)


def reorder_layers(model: Model, random: Random) -> Model | None:
    """The same layers, written down in another order."""
    layers = [step.layer for step in model.steps.values() if step.layer]
    if len(layers) < 2:
        return None
    random.shuffle(layers)
    return replace(model, order=tuple(layers))


def exchange_steps(model: Model, random: Random) -> Model | None:
    """Two unary calls one after another in the other order."""
    values = list(model.steps)
    pairs = [
        (step.sources[0], value)
        for value, step in model.steps.items()
        if len(step.sources) == 1
        and not step.width
        and step.sources[0] in model.steps
        and values.index(value) == values.index(step.sources[0]) + 1
        and len(model.steps[step.sources[0]].sources) == 1
        and not model.steps[step.sources[0]].width
        and sum(step.sources[0] in other.sources for other in model.steps.values()) == 1
    ]
    if not pairs:
        return None
    first, second = random.choice(pairs)
    one, other = model.steps[first], model.steps[second]
    steps = {
        **model.steps,
        first: replace(other, sources=one.sources),
        second: replace(one, sources=(first,)),
    }
    layers = tuple(step.layer for step in model.steps.values() if step.layer)
    return replace(model, steps=steps, order=layers)


EDITS: Mapping[str, Callable[[Model, Random], Model | None]] = {
    edit.__name__: edit
    for edit in (
        insert_operation,
        delete_operation,
        insert_layer,
        delete_layer,
        rename_layer,
        widen_layer,
        swap_arguments,
        change_argument,
        reorder_calls,
        reorder_layers,
        exchange_steps,
    )
}

__all__ = ["EDITS", "Model", "collect_positions", "draw_model", "find_lock"]
