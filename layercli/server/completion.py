"""What may be written where a cursor stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from layercli.catalogue.dtypes import DTYPES, FLOATING_DTYPES
from layercli.catalogue.signature import REQUIRED, Signature
from layercli.record import record
from layercli.server import names as known
from layercli.server.analysis import Analysis
from layercli.server.names import Kind, Meaning, resolve
from layercli.server.outline import Names, OpenCall, Outline, Place, find_call
from layercli.spec.keys import BLOCK_KEYS, KEYS, MODES, NAMESPACES, SPEC_KEYS
from layercli.spec.schema import write_snippet

#: So many parameters are offered for ``tie`` and ``freeze``.
MAX_TENSORS = 2_000

_WORD = re.compile(r"[A-Za-z_][\w.]*\Z|\Z")


@record
class Offer:
    """One thing that may be written: ``text`` with places to be filled in, ``plain`` without.

    ``rank`` is how near it is: offers of a lower one come first.
    """

    label: str
    kind: Kind
    detail: str
    doc: str
    text: str
    plain: str
    rank: int


def list_offers(place: Place, outline: Outline, analysis: Analysis, after: str) -> list[Offer]:
    """What may be written at a place; ``after`` is the rest of the line."""
    names = outline.classes.get(place.owner, Names())
    if place.is_key:
        return [*_list_keys(place, outline, names, after)]
    if place.section in ("tie", "freeze"):
        return [*_list_tensors(analysis)]
    words = _WORDS.get(place.section)
    if words is not None and len(place.inside) == 1:
        return [_offer(Meaning(word, "value"), rank=0) for word in words]
    if place.section not in ("params", "dims", "inputs", "layers", "forward"):
        return []
    found = _WORD.search(place.before)
    word = "" if found is None else found[0]
    if place.section != "forward" and place.inside[-1:] == ("type",):
        chosen: Iterable[Offer] = [_offer(item, rank=1, called=False) for item in known.list_classes(outline)]
    else:
        chosen = _list_in_expression(place, outline, names, word, after)
    start = word.rpartition(".")[2].lower()
    return [offer for offer in chosen if offer.label.lower().startswith(start)]


_WORDS = {
    "mode": MODES,
    "dtype": tuple(name for name, canonical in DTYPES.items() if canonical in FLOATING_DTYPES),
}


def _list_keys(place: Place, outline: Outline, names: Names, after: str) -> Iterator[Offer]:
    if not place.inside:
        own = BLOCK_KEYS if place.owner else SPEC_KEYS
        if len(place.path) == 1:
            # A name of a block is being written.
            return
        given = set(names.keys) - {place.before.strip() + after.split(":")[0].strip()}
        for name in own:
            if name not in given:
                key = KEYS[name]
                yield _write_key(name, key.doc, key.example, after)
    elif place.section == "layers" and place.type:
        called = resolve(place.type, outline, names, in_forward=False)
        for parameter in () if called is None or called.signature is None else called.signature.parameters:
            shown = "" if parameter.default is REQUIRED else f"{parameter.text or repr(parameter.default)}"
            yield _write_key(parameter.name, "", shown, after)


def _write_key(name: str, doc: str, shown: str, after: str) -> Offer:
    text = name if ":" in after else f"{name}: "
    return Offer(name, "key", shown, doc, text.replace("$", r"\$"), text, 0)


def _list_tensors(analysis: Analysis) -> Iterator[Offer]:
    survey = analysis.survey
    for tensor in () if survey is None else survey.trace.tensors[:MAX_TENSORS]:
        if tensor.kind == "parameter":
            yield _offer(Meaning(tensor.name, "value", doc=str(tensor.type)), rank=0)


def _list_in_expression(
    place: Place, outline: Outline, names: Names, word: str, after: str
) -> Iterator[Offer]:
    in_forward = place.section == "forward"
    owner, dot, _ = word.rpartition(".")
    called = not after.startswith("(")
    if dot or re.search(r"[\])]\.\w*\Z", place.before):
        yield from _list_behind_dot(owner, outline, names, in_forward, called)
        return
    call = find_call(place.before)
    if call is not None and not call.keyword:
        yield from _list_keywords(call, outline, names, in_forward)
    rank = 1
    own: dict[str, Kind] = dict.fromkeys(names.params, "value")
    if place.section in ("dims", "inputs", "forward"):
        own |= dict.fromkeys(names.dims, "value")
    if in_forward:
        own |= dict.fromkeys((*names.inputs, *names.locals), "value")
    for name, kind in own.items():
        yield _offer(Meaning(name, kind, doc=names.params.get(name, names.dims.get(name, ""))), rank=rank)
    if in_forward:
        for name in names.layers:
            member = known.find_member(name, names, outline)
            if member is not None:
                yield _offer(member, rank=rank, called=called)
    if place.section in ("layers", "params"):
        for meaning in known.list_classes(outline):
            yield _offer(meaning, rank=2, called=called)
    if place.section != "dims":
        needed = in_forward or place.section == "inputs" or call is not None
        for meaning in known.list_functions() if needed else ():
            yield _offer(meaning, rank=3, called=called)
        for prefix in ("F", "torch", "nn", "self"):
            yield _offer(Meaning(prefix, "module"), rank=4)


def _list_behind_dot(
    owner: str, outline: Outline, names: Names, in_forward: bool, called: bool
) -> Iterator[Offer]:
    prefix = NAMESPACES.get(owner)
    if prefix == "self":
        for name in names.layers:
            member = known.find_member(name, names, outline)
            if member is not None:
                yield _offer(member, rank=0, called=called)
        yield from (_offer(Meaning(name, "value", doc=text), rank=1) for name, text in names.params.items())
        if in_forward:
            yield _offer(Meaning("training", "value", doc="Whether the model is in train mode."), rank=2)
        return
    if prefix is not None:
        yield from (_offer(item, rank=0, called=called) for item in known.list_namespace(prefix))
        return
    base = owner.removeprefix("self.").split(".")[0]
    if in_forward and base in names.layers and base not in names.locals:
        inner = outline.classes.get(known.class_of(names.layers[base]))
        for name in (*(inner.layers if inner is not None else ()), "weight", "bias"):
            yield _offer(Meaning(name, "layer"), rank=0)
        return
    yield from (_offer(item, rank=0, called=called) for item in known.list_methods())


def _list_keywords(call: OpenCall, outline: Outline, names: Names, in_forward: bool) -> Iterator[Offer]:
    """The arguments of an open call that aren't given yet."""
    called = resolve(call.callee, outline, names, in_forward=in_forward)
    if called is None or called.signature is None:
        return
    by_place = 0
    for parameter in called.signature.parameters:
        if parameter.kind in ("positional", "positional-only"):
            by_place += 1
            if by_place <= call.by_place:
                continue
        if parameter.kind in ("positional", "keyword") and parameter.name not in call.given:
            shown = "" if parameter.default is REQUIRED else f"={parameter.text or repr(parameter.default)}"
            text = f"{parameter.name}="
            yield Offer(text, "argument", f"{called.name}({parameter.name}{shown})", "", text, text, 0)


def _offer(meaning: Meaning, *, rank: int, called: bool = True) -> Offer:
    text = plain = meaning.name
    if called and meaning.kind in ("class", "function", "method", "layer"):
        signature = meaning.signature
        if signature is None:
            plain = text = text if meaning.kind == "layer" else f"{text}("
        else:
            text = f"{text}({write_snippet(signature)})"
            plain = f"{plain}()" if not signature.parameters else f"{plain}("
    return Offer(meaning.name, meaning.kind, meaning.call, meaning.doc, text, plain, rank)


@record
class Help:
    """The signature of a call that is being written: its text, its parameters as texts, and the one that comes next."""

    label: str
    doc: str
    parameters: tuple[str, ...]
    active: int | None


def find_signature(place: Place, outline: Outline) -> Help | None:
    """The signature of the innermost call that is open at a place."""
    call = find_call(place.before)
    names = outline.classes.get(place.owner, Names())
    if call is None or place.section not in ("params", "inputs", "layers", "forward"):
        return None
    called = resolve(call.callee, outline, names, in_forward=place.section == "forward")
    if called is None or called.signature is None:
        return None
    parameters = called.signature.parameters
    shown = [str(Signature((parameter,))).removeprefix("*, ").removesuffix(", /") for parameter in parameters]
    active = call.by_place
    if call.keyword:
        active = next((n for n, item in enumerate(parameters) if item.name == call.keyword), len(parameters))
    elif parameters and parameters[-1].kind == "rest":
        active = min(active, len(parameters) - 1)
    doc = called.doc if called.kind != "layer" else ""
    return Help(called.call, doc, tuple(shown), active if active < len(parameters) else None)
