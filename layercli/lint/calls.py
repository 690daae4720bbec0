"""What the calls of a derivation show: activations twice, dims that PyTorch chooses, biases that are cancelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from layercli.catalogue.modules import PASSING, Module
from layercli.catalogue.tensors import Tensor
from layercli.derive.engine import Call
from layercli.errors import Label, Problem
from layercli.lint.layers import list_plans
from layercli.plan.records import LayerPlan
from layercli.record import record

#: Losses that apply an activation to their first input themselves: what they apply, and which activations of it are
#: one too many, as layers and as functions.
_LOSSES: Mapping[str, tuple[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("CrossEntropyLoss", "cross_entropy"),
        ("log_softmax", frozenset({"Softmax", "LogSoftmax", "Softmax2d", "softmax", "log_softmax"})),
    ),
    **dict.fromkeys(
        ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits"),
        ("sigmoid", frozenset({"Sigmoid", "sigmoid"})),
    ),
}

#: Operations that give the same values in another shape.
RESHAPING = frozenset(
    {
        "Flatten", "Unflatten", "contiguous", "flatten", "moveaxis", "movedim", "permute", "ravel", "reshape", "squeeze",
        "swapaxes", "swapdims", "transpose", "t", "unflatten", "unsqueeze", "view", "T", "mT", "adjoint",
    }
)  # fmt: skip

#: What takes ``dim`` and has none unless it is given.
_WITH_DIM = frozenset({"Softmax", "Softmin", "LogSoftmax", "softmax", "softmin", "log_softmax"})

#: Where the chance of a dropout stands among a function's arguments.
_DROPOUTS = {
    "dropout": 1, "dropout1d": 1, "dropout2d": 1, "dropout3d": 1, "alpha_dropout": 1, "feature_dropout": 1,
    "feature_alpha_dropout": 1,
}  # fmt: skip

#: The arguments of layers that are such a chance.
_CHANCES = {
    **dict.fromkeys(
        ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"), "p"
    ),
    **dict.fromkeys(
        (
            "MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer", "RNN", "LSTM",
            "GRU",
        ),
        "dropout",
    ),
}  # fmt: skip

#: Numbers of dimensions in which PyTorch chooses the first one, else it is the second.
_FIRST_CHOSEN = (0, 1, 3)


@record(eq=False)
class Flow:
    """The calls of one derivation, and which of them made each tensor; ``watch`` is told of each when it ends."""

    calls: list[Call] = field(default_factory=list)
    makers: dict[int, Call] = field(default_factory=dict)
    takers: dict[int, list[Call]] = field(default_factory=dict)

    def watch(self, call: Call) -> None:
        """Keep a call. One that hands on what others made, inside it or before, is none that made it."""
        module = call.module
        handing = module is not None and (module.entry is None or module.entry.name in PASSING)
        if not handing or not call.draft.path:
            given = call.output if handing else (*call.values, *call.keywords.values())
            for tensor in _list_tensors(given):
                self.takers.setdefault(id(tensor), []).append(call)
        if not handing:
            inner = module is not None and bool(module.children)
            for tensor in _list_tensors(call.output):
                if not inner or id(tensor) not in self.makers:
                    self.makers[id(tensor)] = call
        # Tensors are kept by ``id``, and so have to live.
        self.calls.append(call)

    def find_maker(self, value: Any) -> Call | None:
        """The call that a tensor comes from; None where it is an input or a parameter, or isn't known."""
        return self.makers.get(id(value)) if isinstance(value, Tensor) else None


def _list_tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _list_tensors(item)
    elif isinstance(value, dict):
        yield from _list_tensors([*value.values()])


def find_doubled_activations(flow: Flow) -> Iterator[Problem]:
    """A warning for each softmax before a loss that takes one itself, and likewise for sigmoid."""
    for call in flow.calls:
        if call.draft.type not in _LOSSES:
            continue
        applied, doubled = _LOSSES[call.draft.type]
        given = call.values[0] if call.values else call.keywords.get("input")
        maker = flow.find_maker(given)
        while maker is not None and maker.draft.type in RESHAPING and maker.values:
            maker = flow.find_maker(maker.values[0])
        if maker is None or maker.draft.type not in doubled or maker.draft.position is None:
            continue
        name, loss = name_call(maker), name_call(call)
        labels = () if call.draft.position is None else (Label(call.draft.position, "the loss"),)
        yield Problem(
            "activation-before-loss",
            f"{loss} takes the {applied} of its input itself, and {name} comes before it",
            maker.draft.position,
            labels=labels,
            severity="warning",
            hint=f"give {loss} what {name} gets",
        )


def find_implicit_dims(flow: Flow) -> Iterator[Problem]:
    """A warning for each softmax without ``dim``, which says which one PyTorch takes."""
    for call in flow.calls:
        if call.draft.type not in _WITH_DIM or call.draft.position is None:
            continue
        given = call.module.arguments if call.module is not None else call.keywords
        by_place = call.module is None and len(call.values) > 1 and call.values[1] is not None
        value = call.values[0] if call.values else call.keywords.get("input")
        if given.get("dim") is not None or by_place or not isinstance(value, Tensor):
            continue
        chosen = 0 if value.dim in _FIRST_CHOSEN else 1
        last = (
            f"dim=-1 for the last dimension, or dim={chosen}" if chosen != value.dim - 1 else f"dim={chosen}"
        )
        yield Problem(
            "implicit-dim",
            f"{name_call(call)} has no dim, and PyTorch takes dim {chosen} of {value}",
            call.draft.position,
            severity="warning",
            hint=f"write {last}",
        )


def find_whole_dropouts(root: LayerPlan, flow: Flow) -> Iterator[Problem]:
    """A warning for each dropout that leaves nothing."""
    for plan in list_plans(root):
        chance = _CHANCES.get(plan.type_name, "") if plan.block is None else ""
        if chance and _is_one(plan.arguments.get(chance)):
            yield _explain_dropout(plan.type_name, chance, plan.locate(chance))
    for call in flow.calls:
        index = _DROPOUTS.get(call.draft.type)
        if index is None or call.module is not None or call.draft.position is None:
            continue
        given = call.values[index] if len(call.values) > index else call.keywords.get("p")
        if _is_one(given):
            yield _explain_dropout(call.draft.type, "p", call.draft.position)


def _explain_dropout(name: str, argument: str, place: Any) -> Problem:
    message = f"{name} with {argument}=1 sets every value to zero in training"
    hint = f"{argument} is the share that is dropped, such as {argument}=0.1"
    return Problem("dropout-everything", message, place, severity="warning", hint=hint)


def _is_one(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 1


def find_cancelled_biases(flow: Flow) -> Iterator[Problem]:
    """A warning for each bias of a layer whose only output goes to a normalisation that subtracts it again."""
    for call in flow.calls:
        module = call.module
        if module is None or module.entry is None or not call.values:
            continue
        given = call.values[0]
        maker = flow.find_maker(given)
        if maker is None or maker.module is None or maker.draft.position is None:
            continue
        if not _has_bias(maker.module) or len(flow.takers.get(id(given), ())) != 1:
            continue
        if not _cancels(module, maker.module, given):
            continue
        name, norm = name_call(maker), name_call(call)
        labels = (
            () if call.draft.position is None else (Label(call.draft.position, "subtracts the mean again"),)
        )
        yield Problem(
            "cancelled-bias",
            f"{norm} cancels the bias of {name}: it subtracts the mean of each channel",
            maker.draft.position,
            labels=labels,
            severity="warning",
            hint=f"give {name} bias=False",
        )


def _has_bias(module: Module) -> bool:
    name = module.entry.name if module.entry is not None else ""
    linear = name.removeprefix("Lazy").startswith(("Conv", "Linear"))
    return linear and "bias" in module.tensors


def _cancels(norm: Module, maker: Module, value: Tensor) -> bool:
    """Whether a normalisation subtracts the mean of just those elements that each bias was added to."""
    assert norm.entry is not None
    assert maker.entry is not None
    name = norm.entry.name.removeprefix("Lazy")
    kind = maker.entry.name.removeprefix("Lazy")
    if kind == "Linear":
        return name in ("BatchNorm1d", "SyncBatchNorm") and value.dim == 2
    batched = value.dim == int(kind[-2]) + 2
    if name.startswith(("BatchNorm", "SyncBatchNorm")):
        return batched
    if name.startswith("InstanceNorm"):
        return value.dim == int(name[-2]) + 1 + batched
    return name == "GroupNorm" and batched and bool(norm.num_groups == norm.num_channels)


def name_call(call: Call) -> str:
    """What a person calls the layer or operation of a call."""
    return call.draft.path or call.draft.type


def find_warnings_of_calls(root: LayerPlan, flow: Flow) -> Sequence[Problem]:
    """All of them, each once however often what it is of is called."""
    found: dict[tuple[str, Any], Problem] = {}
    for problem in (
        *find_doubled_activations(flow),
        *find_implicit_dims(flow),
        *find_whole_dropouts(root, flow),
        *find_cancelled_biases(flow),
    ):
        found.setdefault((problem.code, problem.position), problem)
    return list(found.values())
