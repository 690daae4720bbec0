"""How one layer's output, parameters and cost come about: records."""

from __future__ import annotations

from typing import Any, Final, Literal

from layercli.errors import Position
from layercli.record import record
from layercli.trace.admissible import Range
from layercli.trace.agreement import Disagreement
from layercli.trace.records import JSON_VERSION, Requirement, Tie, Type, type_to_json


@record(slots=True)
class Formula:
    """A number and how it came about.

    ``numbers`` and ``names`` are the formula as Python evaluates it, ``shown`` and ``brief`` that in numbers for people,
    ``brief`` without what changes nothing. ``dims`` is for people, with dims in it, and empty where none is.
    """

    value: int
    numbers: str
    names: str
    shown: str
    brief: str
    dims: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The formula as JSON writes it."""
        data: dict[str, Any] = {"value": self.value, "formula": self.numbers, "names": self.names}
        return {**data, "dims": self.dims} if self.dims else data


@record(slots=True)
class SizeFormula:
    """A size of an output that a formula gave: of which tensor (empty for the only one), which of its dimensions, in
    words where it has any, and the formula.
    """

    tensor: str
    dimension: int
    word: str
    formula: Formula

    def to_dict(self) -> dict[str, Any]:
        """The size as JSON writes it."""
        place = {"tensor": self.tensor} if self.tensor else {}
        return {**place, "dimension": self.dimension, **self.formula.to_dict()}


@record(slots=True)
class HeldFormula:
    """A parameter or buffer of the layer with the formula of its number of elements.

    ``counted`` is False where it is counted at another layer.
    """

    name: str
    kind: Literal["parameter", "buffer"]
    shape: tuple[int, ...]
    formula: Formula
    counted: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The tensor as JSON writes it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "shape": list(self.shape),
            "counted": self.counted,
            **self.formula.to_dict(),
        }


#: In the place of a step: all that stands before is seen.
BEFORE: Final = "before"


@record(slots=True)
class Sight:
    """What the element in the middle of an output sees of one input of the model.

    ``sizes`` is how many values of each dimension of the input it depends on, from ``starts`` on, ``field`` how many they
    would be if there were no edges. ``steps`` says how far apart neighbours of the output look, as fractions, empty where they look at the
    same place, and ``BEFORE`` where they look at all that stands before theirs. Where it isn't known ``sizes`` is None, ``because`` of the row with this path, and of the
    number of layers where none is told. That it depends on no input is a sight of an input without a name.
    """

    input: str
    shape: tuple[int, ...]
    sizes: tuple[int, ...] | None
    starts: tuple[int, ...] = ()
    field: tuple[int, ...] = ()
    steps: tuple[str, ...] = ()
    because: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The sight as JSON writes it."""
        if self.sizes is None:
            return {"sees": None, "because": self.because}
        return {
            "input": self.input,
            "sees": list(self.sizes),
            "from": list(self.starts),
            "field": list(self.field),
            "steps": list(self.steps),
        }


@record(slots=True)
class Accepted:
    """The sizes that one dimension of an input may have, all else as it is.

    ``sentence`` is what the layer says of another size, without what it got, empty where it says no more than that.
    """

    input: str
    dimension: int
    word: str
    size: int
    ranges: tuple[Range, ...]
    sentence: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON writes it: each range is ``[from, to or null, step]``."""
        return {
            "input": self.input,
            "dimension": self.dimension,
            "size": self.size,
            "accepted": [[item.first, item.last, item.step] for item in self.ranges],
            **({"sentence": self.sentence} if self.sentence else {}),
        }


@record(slots=True)
class Part:
    """What stands directly inside a layer, with the sums over all inside it."""

    path: str
    type: str
    output: Type
    parameters: int
    macs: int | None
    flops: int | None

    def to_dict(self) -> dict[str, Any]:
        """The part as JSON writes it."""
        return {
            "path": self.path,
            "type": self.type,
            "output": type_to_json(self.output),
            "parameters": self.parameters,
            "macs": self.macs,
            "flops": self.flops,
        }


@record(slots=True)
class CallExplanation:
    """How the output of one call came about, and what it costs.

    ``macs`` and ``flops`` are its own, without those inside it, and have no formula where they aren't known or where none
    arises. ``words`` say what gives an output whose sizes follow from no formula. ``accepts`` has the dimensions of its
    inputs that don't take any size.
    """

    call: int
    arguments: str
    position: Position | None
    inputs: tuple[tuple[str, Type], ...]
    output: Type
    sizes: tuple[SizeFormula, ...]
    macs: int | None
    macs_formula: Formula | None
    flops: int | None
    flops_formula: Formula | None
    words: str
    sees: tuple[Sight, ...]
    accepts: tuple[Accepted, ...]

    def to_dict(self) -> dict[str, Any]:
        """The call as JSON writes it."""
        return {
            "call": self.call,
            "arguments": self.arguments,
            "source": None if self.position is None else str(self.position),
            "inputs": {name: type_to_json(value) for name, value in self.inputs},
            "output": type_to_json(self.output),
            "sizes": [item.to_dict() for item in self.sizes],
            "macs": self.macs,
            "macs_formula": None if self.macs_formula is None else self.macs_formula.to_dict(),
            "flops": self.flops,
            "flops_formula": None if self.flops_formula is None else self.flops_formula.to_dict(),
            "words": self.words,
            "sees": [item.to_dict() for item in self.sees],
            "accepts": [item.to_dict() for item in self.accepts],
        }


@record(slots=True)
class Explanation:
    """How a layer or operation of a model comes to its output, parameters and cost, call by call.

    ``inputs`` are the names of the model's. ``held`` are its own parameters and buffers, ``parts`` what stands directly inside it. ``parameters`` counts all
    inside it, each tensor once in the model; ``macs`` and ``flops`` are those of all its calls with all inside, None
    where some aren't known. ``needs`` are the constraints on its inputs as sentences, ``holds`` what its rows need of
    dims, None without dims. ``measured`` says whether PyTorch ran it, too, and
    ``differences`` where that gave something else.
    """

    model: str
    spec: str
    mode: Literal["eval", "train"]
    dims: tuple[tuple[str, int], ...]
    inputs: tuple[str, ...]
    path: str
    kind: Literal["layer", "operation"]
    type: str
    doc: str
    text: str
    position: Position | None
    calls: tuple[CallExplanation, ...]
    parameters: int
    trainable: int
    macs: int | None
    flops: int | None
    held: tuple[HeldFormula, ...]
    tied: tuple[Tie, ...]
    parts: tuple[Part, ...]
    needs: tuple[str, ...]
    holds: tuple[Requirement, ...] | None
    measured: bool = False
    differences: tuple[Disagreement, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON, version 1 (`docs/json.md`)."""
        return {
            "version": JSON_VERSION,
            "model": self.model,
            "spec": self.spec,
            "mode": self.mode,
            "dims": dict(self.dims),
            "inputs": list(self.inputs),
            "path": self.path,
            "kind": self.kind,
            "type": self.type,
            "doc": self.doc,
            "text": self.text,
            "source": None if self.position is None else self.position.to_dict(),
            "calls": [call.to_dict() for call in self.calls],
            "parameters": self.parameters,
            "trainable": self.trainable,
            "macs": self.macs,
            "flops": self.flops,
            "held": [item.to_dict() for item in self.held],
            "tied": {tie.name: tie.target for tie in self.tied},
            "parts": [part.to_dict() for part in self.parts],
            "needs": list(self.needs),
            "holds": None if self.holds is None else [item.to_dict() for item in self.holds],
            "measured": self.measured,
            "differences": [str(item) for item in self.differences],
        }


@record(slots=True)
class EntryFormulas:
    """What an entry of the catalogue computes, as text in the names of its arguments and of its input's sizes.

    ``inputs`` and ``outputs`` are shapes by name; ``sizes`` are the formulas of the output's sizes by the names that they
    have there, ``state`` the shapes of parameters and buffers. ``macs`` and ``flops`` are empty where they aren't known.
    ``inside`` are the layers in it that have work and parameters of their own, by name; what it costs with them is the sum, and no formula
    is told. ``needs`` are the constraints on inputs as sentences. Without a call that shows them there are none of these. ``words`` is what the rule says of itself, ``pages`` where
    PyTorch says it.
    """

    words: str
    pages: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    sizes: tuple[tuple[str, str], ...] = ()
    state: tuple[tuple[str, str], ...] = ()
    macs: str = ""
    flops: str = ""
    needs: tuple[str, ...] = ()
    inside: tuple[tuple[str, str], ...] = ()


@record(slots=True)
class EntryExplanation:
    """A layer or operation without a model: how it is called, what it does, and its formulas."""

    name: str
    kind: Literal["layer", "operation"]
    calls: tuple[str, ...]
    doc: str
    formulas: EntryFormulas

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON, version 1."""
        formulas = self.formulas
        return {
            "version": JSON_VERSION,
            "name": self.name,
            "kind": self.kind,
            "calls": list(self.calls),
            "doc": self.doc,
            "words": formulas.words,
            "inputs": dict(formulas.inputs),
            "outputs": dict(formulas.outputs),
            "sizes": dict(formulas.sizes),
            "state": dict(formulas.state),
            "macs": formulas.macs or None,
            "flops": formulas.flops or None,
            "needs": list(formulas.needs),
            "inside": dict(formulas.inside),
            "pages": list(formulas.pages),
        }
