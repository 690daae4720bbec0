"""How a layer comes to its output, parameters and cost; one function per format: ``EXPLANATION_FORMATS`` lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from layercli.report.json import format_data
from layercli.report.layout import (
    Cell,
    Column,
    Record,
    clean,
    draw_lines,
    flow,
    lay_out_table,
    split_words,
)
from layercli.report.options import TraceOptions
from layercli.report.words import describe_parameters, format_output, format_ties
from layercli.trace.explanation import (
    BEFORE,
    CallExplanation,
    EntryExplanation,
    Explanation,
    Formula,
    HeldFormula,
    Part,
    Sight,
    SizeFormula,
)
from layercli.trace.records import Requirement, TensorType, Type, drop_symbols

#: The columns before what is said of each thing.
EDGE = 8
#: A sum over more tensors has a line for each.
MAX_SUMMED = 3
#: What parameters of these names are called when they are counted.
_COUNTED = {"weight": "weights", "bias": "biases"}
#: Fractions of a step.
_FRACTIONS = {"1/2": "half a step", "1/4": "a quarter of a step"}


def format_text(found: Explanation, options: TraceOptions) -> str:
    """For a person: output, parameters, MACs and FLOPs with their formulas, what it sees and takes."""
    writer = _Writer(options.width)
    symbolic = "symbolic" in options.columns
    _write_head(writer, found)
    for call in found.calls:
        _write_call(writer, found, call, symbolic)
    if not found.calls:
        writer.say("output", ["not called"])
        _write_parameters(writer, found)
    if found.holds is not None and found.dims:
        names = ", ".join(name for name, _ in found.dims)
        needs = [_tell_need(item, found.path) for item in found.holds]
        writer.say("dims", needs or [f"any {names}"])
    if found.parts:
        writer.lines.append("")
        writer.lines += _draw_parts(found.parts, found.path, options.width, symbolic)
    if found.measured:
        writer.lines.append("")
        writer.say("run", [str(item) for item in found.differences] or ["PyTorch gives the same"])
    return "".join(clean(line, options.ascii) + "\n" for line in writer.lines)


def _tell_need(item: Requirement, path: str) -> str:
    """What a row needs of dims; its path is said where it isn't the one that is explained."""
    text = str(item)
    return text.removeprefix(f"{path} ") if item.path == path else text


class _Writer:
    """Lines of a label and what is said of it, no wider than a terminal."""

    def __init__(self, width: int | None) -> None:
        self.width = width
        self.lines: list[str] = []

    def say(self, label: str, sentences: Sequence[str]) -> None:
        """Sentences behind a label, each on lines of its own."""
        for place, sentence in enumerate(sentences):
            start = f"{label:{EDGE}}" if place == 0 else " " * EDGE
            first, *others = flow(split_words(sentence) or [""], self.width, indent=EDGE + 2, used=EDGE)
            self.lines += [(start + first).rstrip(), *others]


def _write_head(writer: _Writer, found: Explanation) -> None:
    place = "" if found.position is None else str(found.position)
    name = found.path or found.model
    parts = [part for part in (name, found.text or found.type, place) if part and part != name]
    head = [name, *parts]
    writer.lines += flow([f"{part}   " for part in head[:-1]] + head[-1:], writer.width, separator="")
    writer.lines[:] = [line.rstrip() for line in writer.lines]
    if not found.path and found.doc:
        writer.lines += flow(split_words(found.doc), writer.width)
    writer.lines.append("")


def _write_call(writer: _Writer, found: Explanation, call: CallExplanation, symbolic: bool) -> None:
    if len(found.calls) > 1:
        if call.call > 1:
            writer.lines.append("")
        writer.lines.append(f"call {call.call}, of {call.arguments}")
    shown = call.output if symbolic else drop_symbols(call.output)
    writer.say("output", [format_output(shown), *_tell_sizes(found, call, symbolic)])
    if call.call == 1:
        _write_parameters(writer, found)
    if found.parts:
        if call.call == 1:
            writer.say("MACs", [_tell_count(found.macs, None, symbolic)])
            writer.say("FLOPs", [_tell_count(found.flops, None, symbolic)])
    else:
        writer.say("MACs", [_tell_count(call.macs, call.macs_formula, symbolic)])
        writer.say("FLOPs", [_tell_count(call.flops, call.flops_formula, symbolic)])
    writer.say("sees", [_tell_sight(sight, len(found.inputs) > 1) for sight in call.sees])
    writer.say("takes", _tell_needs([*_tell_accepted(call), *(found.needs if call.call == 1 else ())]))


def _tell_needs(sentences: Sequence[str]) -> list[str]:
    """Each sentence once, as it stands behind the label ``takes``."""
    return [sentence.removeprefix("takes ") for sentence in dict.fromkeys(sentences)]


def _tell_accepted(call: CallExplanation) -> Iterator[str]:
    """The sizes that inputs may have: what the layer says itself, then ranges."""
    several = len({item.input for item in call.accepts}) > 1
    yield from dict.fromkeys(item.sentence for item in call.accepts if item.sentence)
    ranges = [
        f"{item.word} {', '.join(map(str, item.ranges)) or 'of no size'}"
        for item in call.accepts
        # What several tensors have to have in common isn't told by the sizes of each.
        if not several
        and not item.sentence
        and any(own.first > 1 or own.last is not None for own in item.ranges)
    ]
    if ranges:
        yield ", ".join(ranges)


def _tell_sizes(found: Explanation, call: CallExplanation, symbolic: bool) -> list[str]:
    """The formulas of the output's sizes; what gives it where there are none."""
    sentences: list[str] = []
    told = [item for item in call.sizes if _choose(item.formula, symbolic) != str(item.formula.value)]
    for _, group in groupby(told, lambda item: (item.tensor, _choose(item.formula, symbolic))):
        first, *others = group
        text = _tell_size(first, call.output, symbolic)
        for other in others:
            text += f", {other.word or f'dimension {other.dimension}'} likewise"
        sentences.append(text)
    return sentences if sentences or found.parts or not call.words else [call.words]


def _tell_size(item: SizeFormula, output: Type, symbolic: bool) -> str:
    name = " ".join(part for part in (item.tensor, item.word) if part)
    value = f"{item.formula.value:,}"
    if symbolic and isinstance(output, TensorType) and output.symbolic is not None:
        value = str(output.symbolic[item.dimension])
    return f"{name + ' ' if name else ''}{value} = {_choose(item.formula, symbolic)}"


def _choose(formula: Formula, symbolic: bool) -> str:
    return formula.dims if symbolic and formula.dims else formula.shown


def _tell_count(count: int | None, formula: Formula | None, symbolic: bool) -> str:
    if count is None:
        return "not known"
    if formula is None or not count:
        return f"{count:,}" if count else "none"
    text = formula.dims if symbolic and formula.dims else formula.brief
    return f"{count:,}" if text == str(count) else f"{count:,} = {text}"


def _write_parameters(writer: _Writer, found: Explanation) -> None:
    for label, kind in (("params", "parameter"), ("buffers", "buffer")):
        held = [item for item in found.held if item.kind == kind]
        if kind == "parameter" and found.parts:
            writer.say(label, [describe_parameters(found.parameters, found.trainable)])
        elif any(item.counted for item in held):
            writer.say(label, _tell_held([item for item in held if item.counted]))
        elif kind == "parameter":
            writer.say(label, ["none" if not found.tied else "none of its own"])
    if found.tied:
        writer.say("tied", [f"{tie.name} {format_ties((tie,))}" for tie in found.tied])


def _tell_held(held: Sequence[HeldFormula]) -> list[str]:
    """A sum, of few tensors in one line."""
    total = sum(item.formula.value for item in held)
    parts = [f"{item.formula.brief} {_COUNTED.get(item.name, item.name)}" for item in held]
    if len(parts) <= MAX_SUMMED:
        return [f"{total:,} = {' + '.join(parts)}"]
    return [f"{total:,} = {parts[0]}", *(f"+ {part}" for part in parts[1:])]


# What it sees -------------------------------------------------------------------------------------------------


def _tell_sight(sight: Sight, several: bool) -> str:
    """What an output sees of one input: ``5 x 5 of the input, one step apart``."""
    if sight.sizes is None:
        return (
            f"not known, because of {sight.because}"
            if sight.because
            else "not followed through so many layers"
        )
    if not sight.input:
        return "nothing of the input" if not several else "nothing of the inputs"
    name = sight.input if several else "the input"
    sizes, shape, field, steps = sight.sizes, sight.shape, sight.field, sight.steps
    # The sample that it is in tells nothing.
    places = [place for place in range(len(shape)) if shape[place] > 1 and (place or sizes[0] > 1)]
    if all(sizes[place] == 1 for place in places):
        return f"one value of {name}"
    beyond = [place for place in places if field[place] > shape[place]]
    if all(sizes[place] == shape[place] for place in places):
        reach = " x ".join(str(field[place]) for place in places if place >= min(beyond, default=0))
        return f"all of {name}" + (f", {reach} with what lies past its edges" if beyond else "")
    before = next((place for place in places if steps[place] == BEFORE), None)
    if before is not None:
        return f"{name} up to its own place, {sizes[before]} of {shape[before]} in the middle"
    stepped = [place for place in places if steps[place]]
    own = [place for place in stepped if field[place] == 1 and steps[place] == "1"]
    if own and all(place in own or sizes[place] == shape[place] for place in places):
        return f"all of {name} at its own place in dimension{'s' * (len(own) > 1)} {_join(own)}"
    if any(field[place] > 1 for place in stepped):
        # Channels stand before what windows are moved along.
        shown = [place for place in places if place >= stepped[0]]
    elif stepped:
        shown = places
    else:
        partial = [place for place in places if 1 < sizes[place] < shape[place]]
        shown = partial if partial and partial[0] > 1 else [place for place in places if sizes[place] > 1]
    apart = " and ".join(map(_tell_step, dict.fromkeys(steps[place] for place in stepped)))
    size = " x ".join(str(field[place]) for place in shown)
    return f"{size} of {name}" + (f", {apart} apart" if apart else "")


def _join(places: Sequence[int]) -> str:
    *others, last = map(str, places)
    return f"{', '.join(others)} and {last}" if others else last


def _tell_step(step: str) -> str:
    if step == "1":
        return "one step"
    number = Fraction(step)
    return f"{step} steps" if number > 1 else _FRACTIONS.get(step, f"{step} of a step")


# Parts --------------------------------------------------------------------------------------------------------


_COLUMNS = (
    Column("layer"),
    Column("type", optional=True),
    Column("output"),
    Column("params", right=True),
    Column("MACs", right=True),
)


def _draw_parts(parts: Sequence[Part], path: str, width: int | None, symbolic: bool) -> list[str]:
    """What stands directly inside, equal neighbours as one."""
    records: list[Record] = []
    for _, group in groupby(parts, lambda part: (part.type, part.output, part.parameters, part.macs)):
        first, *others = group
        names = [part.path[len(path) + 1 :] if path else part.path for part in (first, *others[-1:])]
        shown = first.output if symbolic else drop_symbols(first.output)
        macs = "not known" if first.macs is None else f"{first.macs:,}" if first.macs else ""
        cells = (
            Cell(" to ".join(names)),
            Cell(f"{len(others) + 1} x {first.type}" if others else first.type),
            Cell(format_output(shown)),
            Cell(f"{first.parameters:,}" if first.parameters else ""),
            Cell(macs, note="each" if others and (first.parameters or macs) else ""),
        )
        records.append(Record(cells))
    return draw_lines(lay_out_table(_COLUMNS, records, width)).splitlines()


def format_json(found: Explanation, options: TraceOptions) -> str:
    """``Explanation.to_dict`` as text."""
    return format_data(found.to_dict())


#: What ``layercli explain SPEC PATH --format`` takes.
EXPLANATION_FORMATS: dict[str, Callable[[Explanation, TraceOptions], str]] = {
    "text": format_text,
    "json": format_json,
}


# Entries of the catalogue ------------------------------------------------------------------------------------


def format_entry_text(found: EntryExplanation, options: TraceOptions) -> str:
    """For a person: how it is called, what it does, and its formulas in names."""
    writer = _Writer(options.width)
    for text in found.calls:
        writer.lines += flow(split_words(text), options.width, indent=4)
    writer.lines += flow(split_words(found.doc), options.width)
    writer.lines.append("")
    formulas = found.formulas
    lettered = [(name, shape) for name, shape in formulas.inputs if f"{name}.shape[0]" not in shape]
    if lettered:
        writer.say("input", [_name_shape(name, shape, len(formulas.inputs) > 1) for name, shape in lettered])
    if formulas.outputs:
        several = len(formulas.outputs) > 1
        shapes = [_name_shape(name, shape, several) for name, shape in formulas.outputs]
        writer.say("output", [*shapes, *_list_size_lines(formulas.sizes)])
    elif formulas.words:
        writer.say("output", [formulas.words])
    if formulas.state:
        writer.say("params", [f"{name} {shape}" for name, shape in formulas.state])
    if formulas.inside:
        writer.say("inside", [f"{name} {type_}" for name, type_ in formulas.inside])
        writer.say("MACs", ["those of the layers inside"])
        writer.say("FLOPs", ["those of the layers inside, and its own additions"])
    elif formulas.outputs:
        writer.say("MACs", [_tell_text(formulas.macs)])
        writer.say("FLOPs", [_tell_text(formulas.flops)])
    writer.say("takes", _tell_needs(formulas.needs))
    writer.say("source", list(formulas.pages))
    return "".join(clean(line, options.ascii) + "\n" for line in writer.lines)


def _name_shape(name: str, shape: str, several: bool) -> str:
    return f"{name} {shape}" if several else shape


def _tell_text(text: str) -> str:
    return {"": "not known", "0": "none"}.get(text, text)


def _list_size_lines(sizes: Sequence[tuple[str, str]]) -> list[str]:
    """The formulas, those that differ only in which dimension they are of said once."""
    lines: list[str] = []
    plain: list[str] = []
    for name, formula in sizes:
        letter = name.partition("_")[0]
        same = formula.replace(f"{letter}_in", "_in")
        if plain and plain[-1] == same and name.endswith("_out"):
            lines[-1] += f", {name} likewise"
            continue
        lines.append(f"{name} = {formula}")
        plain.append(same)
    return lines


def format_entry_json(found: EntryExplanation, options: TraceOptions) -> str:
    """``EntryExplanation.to_dict`` as text."""
    return format_data(found.to_dict())


#: What ``layercli explain NAME --format`` takes.
ENTRY_FORMATS: dict[str, Callable[[EntryExplanation, TraceOptions], str]] = {
    "text": format_entry_text,
    "json": format_entry_json,
}
