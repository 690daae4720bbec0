"""What is told of the place under the pointer: shapes, parameters and cost of what stands on the line, and signatures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from layercli.catalogue.sizes import as_int
from layercli.codes import find_code
from layercli.errors import Position, escape_controls
from layercli.plan.records import format_value
from layercli.record import record
from layercli.server.analysis import Analysis, Seen, Survey
from layercli.server.names import Meaning, class_of, find_class, resolve
from layercli.server.outline import MODEL, Names, Outline, Place, find_place
from layercli.server.texts import Lines
from layercli.spec.keys import BLOCK_KEYS, KEYS, SPEC_KEYS
from layercli.trace import TensorType, Type, format_type
from layercli.trace.records import drop_symbols

#: So many calls of one line are shown.
MAX_SHOWN = 12
#: And so many types that calls at one place give.
MAX_TYPES = 4

_WORD = re.compile(r"[A-Za-z_][\w.]*")


@record
class Piece:
    """A piece of a hover: code as it is, in ``language``, or a sentence."""

    text: str
    language: str = ""


def tell_place(analysis: Analysis, outline: Outline, line: int, offset: int, lines: Lines) -> list[Piece]:
    """What is known of the character at an offset, on a line from 0; nothing where nothing is."""
    text = lines.line(line)
    column = offset - lines.starts[line]
    word, begin = _word_at(text, column)
    plain_lines = [lines.line(number) for number in range(line + 1)]
    place = find_place(plain_lines, line, len(text) if not word else begin + len(word))
    pieces = [*_tell_problems(analysis, lines, offset)]
    pieces += _tell_key(place, text, column)
    own_line, _ = lines.own_place(lines.starts[line])
    names = outline.classes.get(place.owner, Names())
    meaning = _find_meaning(place, outline, names, word)
    if meaning is not None:
        pieces += _tell_meaning(meaning)
    survey = analysis.survey
    if survey is not None:
        pieces += _tell_values(analysis, place, survey)
        pieces += _tell_calls(analysis, place, survey, own_line, text)
    return pieces


def _word_at(text: str, column: int) -> tuple[str, int]:
    """The dotted name that a column is in, up to the part under it, and where it begins."""
    for found in _WORD.finditer(text):
        if found.start() <= column <= found.end():
            end = re.compile(r"\w*").match(text, column)
            return text[found.start() : end.end() if end else found.end()].rstrip("."), found.start()
    return "", 0


def _tell_problems(analysis: Analysis, lines: Lines, offset: int) -> Iterator[Piece]:
    """What the codes of the problems at a place mean."""
    told: set[str] = set()
    for problem in analysis.problems:
        if problem.position is None or not analysis.is_own(problem.position.source) or problem.code in told:
            continue
        begin, end = lines.span(problem.position)
        code = find_code(problem.code) if begin <= offset <= end else None
        if code is not None:
            told.add(problem.code)
            yield Piece(f"{code.code}: {code.help}")


def _tell_key(place: Place, text: str, column: int) -> Iterator[Piece]:
    """What a key of the language is for, where the pointer is on it."""
    colon = text.find(":")
    word = text[:colon].strip().strip("\"'")
    keys = SPEC_KEYS if place.owner == MODEL else BLOCK_KEYS
    at_top = not place.path if place.owner == MODEL else not place.inside
    if column <= colon and at_top and word in keys:
        yield Piece(KEYS[word].doc)


def _find_meaning(place: Place, outline: Outline, names: Names, word: str) -> Meaning | None:
    """What the name under the pointer means; on the name of a layer its class."""
    if not word:
        return None
    in_forward = place.section == "forward"
    if place.section in ("layers", "params", "inputs", "forward"):
        value = names.layers.get(word.removeprefix("self."), "") if in_forward else ""
        on_name = place.section == "layers" and place.is_key and place.before == word
        if on_name:
            value = names.layers.get(word, "")
        if value:
            return find_class(class_of(value), outline)
        return resolve(word, outline, names, in_forward=in_forward)
    return None


def _tell_meaning(meaning: Meaning) -> Iterator[Piece]:
    yield Piece(meaning.call, "python")
    if meaning.doc:
        yield Piece(meaning.doc + (f" {meaning.page}" if meaning.page else ""))


def write_type(value: Type) -> str:
    """A type as a formula and, where that is another, in numbers."""
    named, plain = format_type(value), format_type(drop_symbols(value))
    if isinstance(value, TensorType):
        plain = plain.removeprefix(value.dtype)
        return named if named.endswith(plain) else f"{named} = {plain}"
    return named if named == plain else f"{named} = {plain}"


def _tell_values(analysis: Analysis, place: Place, survey: Survey) -> Iterator[Piece]:
    """The types of inputs, and the values of params and dims."""
    plan = None if analysis.validation is None else analysis.validation.plan
    if place.owner != MODEL or plan is None:
        return
    name = place.inside[1] if len(place.inside) > 1 else place.before.strip()
    if place.section == "inputs":
        yield from (
            Piece(f"{key}: {write_type(value)}", "text") for key, value in survey.trace.inputs if key == name
        )
    elif place.section == "dims" and name in plan.dims:
        yield Piece(f"{name} = {as_int(plan.dims[name])}", "text")
    elif place.section == "params" and name in plan.params:
        yield Piece(f"{name} = {format_value(plan.params[name])}", "text")


def _tell_calls(analysis: Analysis, place: Place, survey: Survey, line: int, text: str) -> Iterator[Piece]:
    """The calls that a line makes, or those of the layers that are made on it."""
    if place.section == "layers":
        groups = _group(_drop_inner(survey.made_on(analysis.name, line)), lambda call: call.made)
        yield from (Piece(_write_layers(group, survey), "text") for group in groups[:MAX_SHOWN])
    elif place.section == "forward":
        groups = _group(survey.called_on(analysis.name, line), lambda call: call.called)
        if groups:
            yield Piece(_align([_write_calls(group) for group in groups[:MAX_SHOWN]]), "text")
        elif place.owner == MODEL and re.match(r"\s*return\b", text) and not survey.trace.failed:
            yield Piece(f"returns {write_type(survey.trace.output)}", "text")


def _drop_inner(calls: Sequence[Seen]) -> list[Seen]:
    """Without calls inside those of others: a composite layer makes its parts where it is made itself."""
    paths = {call.path for call in calls}

    def is_inner(path: str) -> bool:
        while path:
            path = path.rpartition(".")[0]
            if path in paths:
                return True
        return False

    return [call for call in calls if not is_inner(call.path)]


def _group(calls: Sequence[Seen], place: Callable[[Seen], Position | None]) -> list[list[Seen]]:
    """The calls that stand at one place together: a loop, or a block that is used several times, runs it again."""
    groups: dict[Position | None, list[Seen]] = {}
    for call in calls:
        groups.setdefault(place(call), []).append(call)
    return [*groups.values()]


def _write_types(calls: Sequence[Seen]) -> str:
    """What calls give, each type once."""
    shown = [*dict.fromkeys(write_type(call.output) for call in calls)]
    more = len(shown) - MAX_TYPES
    return ", then ".join(shown[:MAX_TYPES]) + (f", then {more:,} others" if more > 0 else "")


def _write_calls(calls: Sequence[Seen]) -> tuple[str, str]:
    times = f"   {len(calls):,} calls" if len(calls) > 1 else ""
    return calls[0].path or calls[0].type, _write_types(calls) + times


def _write_layers(calls: Sequence[Seen], survey: Survey) -> str:
    """A layer that a line makes; of several the first, and how many there are."""
    first, paths = calls[0], [*dict.fromkeys(call.path for call in calls)]
    name = first.path or first.type
    several = f"{name} to {paths[-1]}, {len(paths):,} layers" if len(paths) > 1 else name
    macs = _sum_macs(first.path, survey)
    each = " each" if len(paths) > 1 else ""
    entries = [
        ("call", first.arguments or first.type),
        ("in", ", ".join(map(write_type, first.inputs))),
        ("out", _write_types(calls)),
        ("params", f"{_count_parameters(first.path, survey):,}{each}"),
        ("MACs", "unknown" if macs is None else f"{macs:,}{each}"),
    ]
    return f"{several}\n{_align(entries)}"


def _is_inside(path: str, owner: str) -> bool:
    return not owner or path == owner or path.startswith(f"{owner}.")


def _count_parameters(path: str, survey: Survey) -> int:
    """The parameters of a layer with all inside it, each tensor once."""
    return sum(
        tensor.count
        for tensor in survey.trace.tensors
        if tensor.kind == "parameter" and not tensor.tied and _is_inside(tensor.owner, path)
    )


def _sum_macs(path: str, survey: Survey) -> int | None:
    """The multiply-adds of all calls of a layer with all inside it; None where some aren't known."""
    known = [row.macs for row in survey.trace.rows if _is_inside(row.path, path)]
    return None if None in known else sum(macs for macs in known if macs is not None)


def _align(entries: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in entries)
    return "\n".join(f"{name:<{width}}  {value}".rstrip() for name, value in entries)


# Writing --------------------------------------------------------------------------------------------------


def write_markdown(pieces: Sequence[Piece]) -> str:
    """Pieces as Markdown in which nothing of the spec can be read as more than text."""
    return "\n\n".join(_fence(piece) if piece.language else piece.text for piece in map(_clean, pieces))


def write_plain(pieces: Sequence[Piece]) -> str:
    """Pieces as plain text."""
    return "\n\n".join(_clean(piece).text for piece in pieces)


def _clean(piece: Piece) -> Piece:
    return Piece(escape_controls(piece.text), piece.language)


def _fence(piece: Piece) -> str:
    longest = max((len(run) for run in re.findall("`+", piece.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{piece.language}\n{piece.text}\n{fence}"
