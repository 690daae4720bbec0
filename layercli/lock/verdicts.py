"""What holds and what breaks, in words, for the differences between two locks."""

from __future__ import annotations

from collections.abc import Sequence

from layercli.lock.differences import CLASSES, Difference, DifferenceClass
from layercli.lock.records import Lock
from layercli.record import record


@record
class Verdict:
    """What the differences of one class mean: ``word`` says whether it holds, ``text`` why."""

    kind: DifferenceClass
    holds: bool
    word: str
    text: str


def judge_differences(old: Lock, new: Lock, differences: Sequence[Difference]) -> tuple[Verdict, ...]:
    """What holds and what breaks, class by class; ``inside`` only where something changed there."""
    found: dict[str, list[Difference]] = {kind: [] for kind in CLASSES}
    for difference in differences:
        found[difference.kind].append(difference)
    verdicts = [
        _judge_checkpoints(new, found["checkpoints"]),
        _judge_callers(found["callers"]),
        _judge_behaviour(found["behaviour"], bool(found["checkpoints"])),
    ]
    if found["inside"]:
        verdicts.append(Verdict("inside", False, "changes", _count_codes(found["inside"])))
    verdicts.append(_judge_cost(old, new))
    return tuple(verdicts)


#: How many differences of one code are told, for one and for several.
_COUNTS = {
    "entry-added": ("entry is new", "entries are new"),
    "entry-removed": ("entry is gone", "entries are gone"),
    "entry-changed": ("entry changed shape", "entries changed shape"),
    "entry-tied": ("entry is tied in another way", "entries are tied in another way"),
    "entry-kind": ("parameter or buffer changed its kind", "parameters or buffers changed their kind"),
    "entry-frozen": ("parameter is frozen or no longer frozen", "parameters are frozen or no longer frozen"),
    "input-added": ("input is new", "inputs are new"),
    "input-removed": ("input is gone", "inputs are gone"),
    "input-changed": ("input changed", "inputs changed"),
    "param-added": ("param is new", "params are new"),
    "param-removed": ("param is gone", "params are gone"),
    "param-changed": ("param has another default", "params have another default"),
    "need-added": ("row needs more of the dims", "conditions on the dims are new"),
    "need-removed": ("row needs less of the dims", "conditions on the dims are gone"),
    "need-moved": ("row needs what another one did", "rows need what others did"),
    "assumption-added": ("assumption about the dims is new", "assumptions about the dims are new"),
    "assumption-removed": ("assumption about the dims is gone", "assumptions about the dims are gone"),
    "layer-added": ("call of a layer is new", "calls of layers are new"),
    "layer-removed": ("call of a layer is gone", "calls of layers are gone"),
    "layer-called": ("layer is called now", "layers are called now"),
    "layer-uncalled": ("layer is no longer called", "layers are no longer called"),
    "layer-changed": ("layer changed", "layers changed"),
    "operation-added": ("operation is new", "operations are new"),
    "operation-removed": ("operation is gone", "operations are gone"),
    "operation-changed": ("operation changed", "operations changed"),
    "wiring-changed": ("call takes other inputs", "calls take other inputs"),
    "returns-changed": ("block returns something else", "blocks return something else"),
    "shape-changed": ("row has another output", "rows have another output"),
    "uncalled-added": ("layer that is never called is new", "layers that are never called are new"),
    "uncalled-removed": ("layer that was never called is gone", "layers that were never called are gone"),
    "uncalled-changed": ("layer that is never called changed", "layers that are never called changed"),
}

#: What there can be only one of.
_SINGLE = {
    "entries-reordered": "the entries come in another order",
    "inputs-reordered": "the inputs come in another order",
    "output-changed": "the output changed",
    "dims-changed": "the dims changed",
    "mode-changed": "the mode changed",
    "dtype-changed": "the default dtype changed",
    "name-changed": "the model has another name",
    "tie-rewritten": "tie is written in another way",
    "freeze-rewritten": "freeze is written in another way",
    "order-changed": "the calls come in another order",
    "spec-deleted": "the spec is gone",
    "spec-renamed": "the spec has another path",
}


def _count_codes(differences: Sequence[Difference]) -> str:
    counts: dict[str, int] = {}
    for difference in differences:
        counts[difference.code] = counts.get(difference.code, 0) + 1
    return ", ".join(
        _SINGLE[code] if code in _SINGLE else f"{count:,} {_COUNTS[code][count > 1]}"
        for code, count in counts.items()
    )


def _judge_checkpoints(new: Lock, differences: Sequence[Difference]) -> Verdict:
    if not differences:
        count = len(new.state_dict)
        entries = "there are no entries" if not count else f"every entry is the same ({count:,})"
        return Verdict("checkpoints", True, "hold", entries)
    codes = {difference.code for difference in differences}
    if codes <= {"entries-reordered"}:
        end = "saved weights load, the state of an optimizer doesn't"
    elif codes <= {"entries-reordered", "entry-tied"}:
        end = "weights saved before load into other parameters"
    else:
        end = "weights saved before don't load"
    return Verdict("checkpoints", False, "break", f"{_count_codes(differences)}; {end}")


def _judge_callers(differences: Sequence[Difference]) -> Verdict:
    if not differences:
        return Verdict("callers", True, "hold", "input and output are the same")
    return Verdict("callers", False, "break", _count_codes(differences))


def _judge_behaviour(differences: Sequence[Difference], checkpoints_break: bool) -> Verdict:
    if not differences:
        other = "other " if checkpoints_break else ""
        return Verdict("behaviour", True, "holds", f"every {other}call and its wiring are the same")
    return Verdict("behaviour", False, "changes", _count_codes(differences))


def _judge_cost(old: Lock, new: Lock) -> Verdict:
    if old.parameters == new.parameters:
        if old.trainable == new.trainable:
            return Verdict("cost", True, "", f"{new.parameters:,} parameters as before")
        text = f"{old.trainable:,} -> {new.trainable:,} of {new.parameters:,} parameters take a gradient"
        return Verdict("cost", False, "", text)
    text = f"{old.parameters:,} -> {new.parameters:,} parameters"
    if old.parameters:
        text += f" ({new.parameters / old.parameters - 1:+.1%})"
    return Verdict("cost", False, "", text)
