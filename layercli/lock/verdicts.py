"""What holds and what breaks, in words, for the differences between two locks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layercli.lock.differences import CLASSES, Difference, DifferenceClass, flatten_differences
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
    """What holds and what breaks, class by class; ``inside`` only where something changed there.

    Consequences count as the differences do that they follow from.
    """
    differences = flatten_differences(differences)
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
    "layer-renamed": ("layer has another name", "layers have another name"),
    "layer-resized": ("layer has other sizes", "layers have other sizes"),
    "operation-resized": ("operation has other sizes", "operations have other sizes"),
    "layer-moved": ("layer is called in another place", "layers are called in other places"),
    "operation-moved": ("operation is in another place", "operations are in other places"),
    "input-renamed": ("input has another name", "inputs have other names"),
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
    "tie-changed": "tie says something else",
    "freeze-changed": "freeze says something else",
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
    return Verdict("checkpoints", False, "break", "; ".join(_tell_entries(new, differences)))


def _tell_entries(new: Lock, differences: Sequence[Difference]) -> Iterator[str]:
    """Which of the entries that weights were saved for load, and which don't."""
    found: dict[str, list[Difference]] = {}
    for difference in differences:
        cast = difference.code == "entry-changed" and _has_same_shape(difference)
        found.setdefault("entry-cast" if cast else difference.code, []).append(difference)
    for code, (one, several) in _ENTRIES.items():
        parts = found.pop(code, [])
        if parts:
            total = f"{len(parts):,} of {len(new.state_dict):,}" if code in _COUNTED else f"{len(parts):,}"
            end = one if len(parts) == 1 else several
            yield f"{total} {end}: {join_names([_say_entry(part) for part in parts], 2 if code == 'entry-renamed' else 4)}"
    left = [part for parts in found.values() for part in parts]
    if not left:
        return
    codes = {part.code for part in left}
    end = ""
    if codes <= {"entries-reordered"} and len(left) == len(differences):
        end = "; saved weights load, the state of an optimizer doesn't"
    elif codes & {"entry-tied", "tie-changed"}:
        end = "; weights saved before load into other parameters"
    yield _count_codes(left) + end


#: What becomes of weights that were saved before, for one entry and for several.
_ENTRIES = {
    "entry-changed": ("entries doesn't load", "entries don't load"),
    "entry-renamed": ("entries loads under another name only", "entries load under other names only"),
    "entry-added": ("entries isn't in weights saved before", "entries aren't in weights saved before"),
    "entry-removed": ("entry is gone", "entries are gone"),
    "entry-cast": ("entries has another dtype, and loads", "entries have another dtype, and load"),
}
#: Those that are told out of all that the model has now.
_COUNTED = ("entry-changed", "entry-renamed", "entry-added", "entry-cast")


def _say_entry(difference: Difference) -> str:
    return (
        f"{difference.old} is now {difference.path}"
        if difference.code == "entry-renamed"
        else difference.path
    )


def _has_same_shape(difference: Difference) -> bool:
    return difference.old.partition("[")[2] == difference.new.partition("[")[2]


def join_names(names: Sequence[str], most: int = 4) -> str:
    """``fc1, fc2 and 3 more``."""
    named = [name or "the model" for name in names]
    if len(named) > most:
        named = [*named[: most - 1], f"{len(named) - most + 1:,} more"]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


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
