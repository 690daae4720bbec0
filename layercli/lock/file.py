"""The lock file: one line for each row, identical siblings folded; written by hand and read strictly.

Texts are names, numbers, or quoted without YAML's escapes: a character that isn't printable is written as
``\\u{1b}`` in braces, so that keys and values are searched for as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, NoReturn, TypeVar

from layercli.catalogue.dtypes import ITEM_SIZES
from layercli.catalogue.formulas import check_condition, normalise_size
from layercli.errors import CommandError, LayercliError, Position, Problem, Source, did_you_mean
from layercli.lock.folding import (
    EntryFold,
    EntryItem,
    RowItem,
    Siblings,
    fold_entries,
    fold_rows,
    parse_siblings,
    shift_block,
    shift_entries,
)
from layercli.lock.records import (
    LOCK_VERSION,
    NUMBERS_VERSION,
    Lock,
    LockEntry,
    LockRow,
    LockUncalled,
    find_disagreement,
)
from layercli.spec.document import Entries, Items, Node, Scalar, read_document, read_source
from layercli.spec.tree import DISK, Tree
from layercli.trace import TensorType

MAX_BYTES = 1 << 24
#: The most rows, and the most ``state_dict`` entries, that the folds of one lock may stand for.
MAX_ROWS = 1_000_000

_Record = TypeVar("_Record", LockRow, LockEntry)


# Writing

_PLAIN_NAME = re.compile(r"(?:[1-9][0-9]* x )?[A-Za-z_][A-Za-z0-9_.]*|0|[1-9][0-9]{0,17}")
_PLAIN_TYPE = re.compile(r"[a-z][a-z0-9_]*\[[A-Za-z0-9_ ,+*/()-]*\]")
#: What other YAML readers take for something else than text.
_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}
#: A tensor inside a type, or a text in quotes, which has none inside.
_TENSOR = re.compile(
    rf"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?P<dtype>{"|".join(ITEM_SIZES)})\[(?P<sizes>[^\[\]]*)\]""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\u\{([0-9a-f]{1,6})\}")
#: YAML reads no longer key unless it is announced by a question mark.
_LONG_KEY = 500


def format_lock(lock: Lock) -> str:
    """The text of a lock file; the same for the same facts."""
    return "".join(f"{line}\n" for line in _write_lock(lock))


def _write_lock(lock: Lock) -> Iterator[str]:
    yield f"lock: {lock.version}"
    yield f"model: {_quote(lock.model)}"
    yield f"mode: {lock.mode}"
    yield f"dtype: {_quote(lock.dtype)}"
    yield from _write_mapping("params", lock.params)
    yield f"dims: {_write_list(lock.dims)}"
    for key, conditions in (("needs", lock.needs), ("assumes", lock.assumes)):
        if conditions:
            yield from _write_mapping(key, [(text, path or ".") for text, path in conditions])
    yield from _write_mapping("tie", lock.tie)
    yield f"freeze: {_write_list(lock.freeze)}"
    yield from _write_mapping("inputs", lock.inputs)
    yield f"output: {_quote_type(lock.output)}"
    if lock.returns:
        yield f"returns: {_write_list(lock.returns)}"
    yield from _write_block("rows", _write_rows(fold_rows(lock.rows)))
    yield from _write_block("never_called", map(_write_uncalled, lock.never_called))
    yield from _write_block("state_dict", _write_entries(fold_entries(lock.state_dict), "  "), "{}")
    yield f"totals: {{parameters: {lock.parameters}, trainable: {lock.trainable}}}"


def _write_block(key: str, lines: Iterator[str], empty: str = "[]") -> Iterator[str]:
    first = next(lines, None)
    if first is None:
        yield f"{key}: {empty}"
        return
    yield f"{key}:"
    yield first
    yield from lines


def _write_mapping(key: str, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    lines = (f"  {_write_key(name, '  ')} {_quote_type(value)}" for name, value in pairs)
    return _write_block(key, lines, "{}")


def _write_rows(items: Sequence[RowItem], indent: str = "") -> Iterator[str]:
    for item in items:
        if isinstance(item, LockRow):
            yield f"{indent}- {_write_key(item.path, f'{indent}  ')} {{{_write_row(item)}}}"
            continue
        head = item.items[0]
        assert isinstance(head, LockRow)
        yield f"{indent}- {item.siblings}: {_quote(_count_blocks(item.siblings, head))}"
        if item.following != head.sources:
            yield f"{indent}  then: {_write_list(item.following)}"
        yield f"{indent}  each:"
        yield from _write_rows(item.items, f"{indent}  ")


def _count_blocks(siblings: Siblings, head: LockRow) -> str:
    return f"{siblings.count} x {head.type}"


def _write_row(row: LockRow) -> str:
    parts = [f"{row.kind}: {_quote(row.call)}"]
    if row.type != _read_type(row.call):
        parts.append(f"type: {_quote(row.type)}")
    if row.sources:
        parts.append(f"from: {_write_list(row.sources)}")
    if row.returns:
        parts.append(f"returns: {_write_list(row.returns)}")
    parts.append(f"output: {_quote(row.output)}")
    if row.parameters:
        parts.append(f"parameters: {row.parameters}")
    return ", ".join(parts)


def _read_type(call: str) -> str:
    """The type that a call names: what stands before its first bracket."""
    return call.partition("(")[0]


def _write_uncalled(layer: LockUncalled) -> str:
    parts = f"type: {_quote(layer.type)}"
    if layer.parameters:
        parts += f", parameters: {layer.parameters}"
    return f"- {_write_key(layer.path, '  ')} {{{parts}}}"


def _write_entries(items: Sequence[EntryItem], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, EntryFold):
            yield f"{indent}{item.siblings}:"
            yield f"{indent}  each:"
            yield from _write_entries(item.items, f"{indent}    ")
        else:
            yield f"{indent}{_write_key(item.name, indent)} {_write_entry(item)}"


def _write_entry(entry: LockEntry) -> str:
    if entry.kind == "parameter" and not entry.tied and not entry.frozen:
        return _quote_type(str(entry.type))
    parts = [f"{entry.kind}: {_quote(str(entry.type))}"]
    if entry.tied:
        parts.append(f"tied: {_quote(entry.tied)}")
    if entry.frozen:
        parts.append("frozen: true")
    return "{" + ", ".join(parts) + "}"


def _write_list(texts: Sequence[str]) -> str:
    return "[" + ", ".join(map(_quote, texts)) + "]"


def _write_key(name: str, indent: str) -> str:
    """A key and its colon. The root's path, which is empty, is written as a dot."""
    text = _quote(name) if name not in ("", ".") else '"."' if name == "" else r"'\u{2e}'"
    return f"{text}:" if len(text) < _LONG_KEY else f"? {text}\n{indent}:"


def _quote_type(text: str) -> str:
    return text if _PLAIN_TYPE.fullmatch(text) else _quote(text)


def _quote(text: str) -> str:
    """A text as YAML without YAML's escapes: a name plain, anything else in quotes that leave it as it is."""
    if _PLAIN_NAME.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if not text.isprintable() or "\\u{" in text:
        text = "".join(
            character if character.isprintable() else f"\\u{{{ord(character):x}}}"
            for character in text.replace("\\u{", r"\u{5c}u{")
        )
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


# Reading


def load_lock(path: Path, name: str | None = None, tree: Tree = DISK) -> Lock:
    """The lock in a file of ``tree``; ``name`` is what messages call it. Raises CommandError where it can't be read."""
    if tree.look(path) not in ("file", None):
        raise CommandError(Problem("lock-irregular", f"{name or path} is no regular file, so it is no lock"))
    try:
        source = read_source(path, name, MAX_BYTES, tree)
    except LayercliError as error:
        raise CommandError(*error.problems) from None
    return parse_lock(source)


def _explain_document(problem: Problem) -> Problem:
    """What is wrong with the YAML of a lock, which nobody mends by hand."""
    message = problem.message
    if problem.code == "not-a-mapping":
        message = "this is no lock: a lock is a mapping with keys such as model: and rows:"
    note = "a lock is written by layercli lock, not by hand"
    hint = "write the lock anew with layercli lock"
    return replace(problem, message=message, notes=(*problem.notes, note), hint=hint, mends=())


def parse_lock(source: Source) -> Lock:
    """The lock that a text holds.

    Raises CommandError for anything that ``format_lock`` wouldn't write: conflict markers, unknown, missing
    and doubled keys, values of another kind, totals that don't follow from the rows, a newer version.
    """
    _refuse_conflict(source)
    if not source.text.strip():
        _fail("lock-empty", "this lock is empty", Position(source, 1, 1))
    try:
        root = read_document(source)
    except LayercliError as error:
        raise CommandError(*map(_explain_document, error.problems)) from None
    _check_version(root)
    values = _take_keys(root, _LOCK_KEYS)
    dims = _texts(values["dims"])
    in_numbers = _number(values["lock"]) <= NUMBERS_VERSION
    types = _Types(frozenset(() if in_numbers else dims))
    totals = _take_keys(_as_entries(values["totals"]), {"parameters": True, "trainable": True})
    rows = _read_rows(values["rows"], types)
    never_called = tuple(map(_read_uncalled, _as_items(values["never_called"]).items))
    lock = Lock(
        version=_number(values["lock"]),
        model=_text(values["model"]),
        mode=_mode(values["mode"]),
        dtype=_text(values["dtype"]),
        params=_read_pairs(values["params"]),
        dims=dims,
        needs=_read_conditions(values.get("needs"), dims, in_numbers),
        assumes=_read_conditions(values.get("assumes"), dims, in_numbers),
        tie=_read_pairs(values["tie"]),
        freeze=_texts(values["freeze"]),
        inputs=tuple((_key(key), types.read(value)) for key, value in _as_entries(values["inputs"]).entries),
        output=types.read(values["output"]),
        returns=_texts(values["returns"]) if "returns" in values else (),
        rows=tuple(rows),
        never_called=never_called,
        state_dict=_read_entries(values["state_dict"]),
        parameters=_number(totals["parameters"]),
        trainable=_number(totals["trainable"]),
    )
    disagreement = find_disagreement(lock)
    if disagreement is not None:
        total, message = disagreement
        _fail("lock-totals", f"this lock contradicts itself: {message}", totals[total])
    return lock


_LOCK_KEYS = {
    **dict.fromkeys(
        ("lock", "model", "mode", "dtype", "params", "dims", "tie", "freeze", "inputs", "output", "rows"),
        True,
    ),
    **dict.fromkeys(("never_called", "state_dict", "totals"), True),
    "returns": False,
    "needs": False,
    "assumes": False,
}
_CONFLICT = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?: .*)?\r?$", re.MULTILINE)


#: Digits of a number: rules say what sizes follow from sizes, also from such as no machine has the memory for.
_DIGITS = 80


def _fail(code: str, message: str, place: Node | Position, hint: str = "") -> NoReturn:
    position = place if isinstance(place, Position) else place.position
    hint = hint or "write the lock anew with layercli lock"
    raise CommandError(Problem(code, message, position, hint=hint))


def _refuse_conflict(source: Source) -> None:
    found = _CONFLICT.search(source.text)
    if found is None:
        return
    line = source.text.count("\n", 0, found.start()) + 1
    _fail(
        "lock-conflict",
        "a merge conflict stands here",
        Position(source, line, 1, len(found[0].rstrip("\r"))),
        "resolve the spec, then write the lock anew with layercli lock",
    )


def _check_version(root: Entries) -> None:
    node = root.get("lock")
    if node is None:
        _fail("lock-key", "this file has no key lock, so it is no lock of layercli", root)
    version = _number(node)
    if version > LOCK_VERSION:
        _fail(
            "lock-version",
            f"a newer layercli wrote this lock, in version {version}; this one reads version {LOCK_VERSION}",
            node,
            "use the layercli that wrote it, or a newer one",
        )
    if version < 1:
        _fail("lock-version", f"there is no version {version} of a lock", node)


def _take_keys(node: Entries, keys: Mapping[str, bool]) -> dict[str, Node]:
    """The values of a mapping by key. ``keys`` says of each legal one whether it must be there."""
    found = {}
    for key, value in node.entries:
        name = key.text.text
        if name not in keys:
            _fail("lock-key", f"a lock has no key {name} here", key, did_you_mean(name, keys))
        found[name] = value
    missing = [key for key, required in keys.items() if required and key not in found]
    if missing:
        _fail("lock-key", f"the key {missing[0]} is missing here", node)
    return found


def _as_entries(node: Node) -> Entries:
    if not isinstance(node, Entries):
        _fail("lock-value", "a mapping belongs here", node)
    return node


def _as_items(node: Node) -> Items:
    if not isinstance(node, Items):
        _fail("lock-value", "a list belongs here", node)
    return node


def _text(node: Node) -> str:
    if not isinstance(node, Scalar):
        _fail("lock-value", "a text belongs here", node)
    text = node.text.text
    if node.text.style == "plain" and not text:
        _fail("lock-value", "a text belongs here and there is none", node)
    if "\\u{" not in text:
        return text
    found = next((found for found in _ESCAPED.finditer(text) if int(found[1], 16) > 0x10FFFF), None)
    if found is not None:
        _fail("lock-value", f"{found[0]} is no character", node)
    return _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)


def _key(node: Scalar) -> str:
    return "" if node.text.text == "." else _text(node)


def _texts(node: Node) -> tuple[str, ...]:
    return tuple(map(_text, _as_items(node).items))


def _number(node: Node) -> int:
    text = _text(node)
    if not re.fullmatch(rf"0|[1-9][0-9]{{0,{_DIGITS - 1}}}", text):
        _fail("lock-value", f"a whole number of at most {_DIGITS} digits belongs here", node)
    return int(text)


def _mode(node: Node) -> Literal["eval", "train"]:
    text = _text(node)
    if text == "eval":
        return "eval"
    if text == "train":
        return "train"
    _fail("lock-value", "eval or train belongs here", node)


def _tensor_type(node: Node) -> TensorType:
    size = rf"[0-9]{{1,{_DIGITS}}}"
    found = re.fullmatch(rf"([a-z][a-z0-9_]*)\[((?:{size}(?:, {size})*)?)\]", _text(node))
    if found is None:
        _fail("lock-value", "the type of a tensor belongs here, such as float32[6, 1, 5, 5]", node)
    return TensorType(found[1], tuple(map(int, found[2].split(", "))) if found[2] else ())


def _read_pairs(node: Node) -> tuple[tuple[str, str], ...]:
    return tuple((_key(key), _text(value)) for key, value in _as_entries(node).entries)


class _Types:
    """Reads types whose sizes are numbers or formulas over some dims."""

    def __init__(self, dims: frozenset[str]) -> None:
        self.dims = dims
        self.known: dict[str, str] = {}

    def read(self, node: Node) -> str:
        """A type, each size as this layercli writes it."""
        text = _text(node)
        if text not in self.known:
            try:
                self.known[text] = _TENSOR.sub(self._normalise, text)
            except ValueError:
                message = f"{text} is no type whose sizes are numbers"
                if self.dims:
                    message += f" or formulas over {', '.join(sorted(self.dims))}"
                _fail("lock-value", message, node)
        return self.known[text]

    def _normalise(self, found: re.Match[str]) -> str:
        if found["sizes"] is None:
            return found[0]
        sizes = found["sizes"].split(", ") if found["sizes"] else []
        return f"{found['dtype']}[{', '.join(normalise_size(size, self.dims) for size in sizes)}]"


def _read_conditions(node: Node | None, dims: Sequence[str], in_numbers: bool) -> tuple[tuple[str, str], ...]:
    if node is None:
        return ()
    if in_numbers:
        _fail("lock-key", f"a lock of version {NUMBERS_VERSION} holds no conditions", node)
    pairs = _read_pairs(node)
    for (text, _), (key, _) in zip(pairs, _as_entries(node).entries, strict=True):
        try:
            check_condition(text, dims)
        except ValueError:
            _fail("lock-value", f"a comparison of formulas over dims belongs here, not {text}", key)
    return tuple((text, "" if path == "." else path) for text, path in pairs)


def _read_rows(node: Node, types: _Types) -> list[LockRow]:
    rows: list[LockRow] = []
    for item in _as_items(node).items:
        entries = _as_entries(item).entries
        if not entries:
            _fail("lock-value", "a row belongs here", item)
        key, value = entries[0]
        if isinstance(value, Entries):
            if len(entries) > 1:
                _fail("lock-key", "a row has one key, its path", entries[1][0])
            rows.append(_read_row(_key(key), value, types))
        else:
            rows += _unfold_rows(key, value, item, types)
        _bound(len(rows), item)
    return rows


_ROW_KEYS = {
    "layer": False,
    "operation": False,
    "type": False,
    "from": False,
    "returns": False,
    "output": True,
    "parameters": False,
}


def _read_row(path: str, node: Entries, types: _Types) -> LockRow:
    values = _take_keys(node, _ROW_KEYS)
    if ("layer" in values) == ("operation" in values):
        _fail("lock-key", "a row has one of the keys layer and operation", node)
    kind: Literal["layer", "operation"] = "layer" if "layer" in values else "operation"
    call = _text(values[kind])
    return LockRow(
        path=path,
        kind=kind,
        type=_text(values["type"]) if "type" in values else _read_type(call),
        call=call,
        sources=_texts(values["from"]) if "from" in values else (),
        returns=_texts(values["returns"]) if "returns" in values else (),
        output=types.read(values["output"]),
        parameters=_number(values["parameters"]) if "parameters" in values else 0,
    )


def _unfold_rows(key: Scalar, value: Node, item: Node, types: _Types) -> list[LockRow]:
    siblings = _siblings(key)
    values = _take_keys(_as_entries(item), {key.text.text: True, "then": False, "each": True})
    rows = _read_rows(values["each"], types)
    if not rows or rows[0].path != siblings.path:
        _fail("lock-fold", f"the first row of this fold is {siblings.path}", values["each"])
    if _text(value) != _count_blocks(siblings, rows[0]):
        _fail("lock-fold", f"this fold is of {_count_blocks(siblings, rows[0])}", value)
    following = _texts(values["then"]) if "then" in values else rows[0].sources
    return _unfold(rows, [row.path for row in rows[1:]], siblings, item, partial(shift_block, following))


def _read_uncalled(node: Node) -> LockUncalled:
    entries = _as_entries(node).entries
    if len(entries) != 1:
        _fail("lock-value", "one layer belongs here", node)
    key, value = entries[0]
    values = _take_keys(_as_entries(value), {"type": True, "parameters": False})
    parameters = _number(values["parameters"]) if "parameters" in values else 0
    return LockUncalled(_key(key), _text(values["type"]), parameters)


def _read_entries(node: Node) -> tuple[LockEntry, ...]:
    entries = _unfold_entries(node)
    names = set()
    for entry in entries:
        if entry.name in names:
            _fail("lock-duplicate", f"the entry {entry.name} is here twice", node)
        names.add(entry.name)
    return tuple(entries)


def _unfold_entries(node: Node) -> list[LockEntry]:
    entries: list[LockEntry] = []
    for key, value in _as_entries(node).entries:
        if isinstance(value, Entries) and value.get("each") is not None:
            siblings = _siblings(key)
            block = _unfold_entries(_take_keys(value, {"each": True})["each"])
            entries += _unfold(block, [entry.name for entry in block], siblings, value, shift_entries)
        else:
            entries.append(_read_entry(_key(key), value))
        _bound(len(entries), key)
    return entries


def _read_entry(name: str, node: Node) -> LockEntry:
    if isinstance(node, Scalar):
        return LockEntry(name, "parameter", _tensor_type(node))
    keys = {"parameter": False, "buffer": False, "tied": False, "frozen": False}
    values = _take_keys(_as_entries(node), keys)
    if ("parameter" in values) == ("buffer" in values):
        _fail("lock-key", "an entry has one of the keys parameter and buffer", node)
    kind: Literal["parameter", "buffer"] = "parameter" if "parameter" in values else "buffer"
    if "frozen" in values and _text(values["frozen"]) != "true":
        _fail("lock-value", "true belongs here", values["frozen"])
    tied = _text(values["tied"]) if "tied" in values else ""
    return LockEntry(name, kind, _tensor_type(values[kind]), tied, "frozen" in values)


def _siblings(key: Scalar) -> Siblings:
    siblings = parse_siblings(key.text.text)
    if siblings is None:
        _fail("lock-fold", "a range of siblings belongs here, such as h.0 to h.11", key)
    return siblings


def _unfold(
    block: list[_Record],
    inside: Sequence[str],
    siblings: Siblings,
    node: Node,
    shift: Callable[[Sequence[_Record], Siblings, int], Iterator[_Record]],
) -> list[_Record]:
    """All the siblings of a fold, whose first block is given; ``inside`` are the names that belong to it."""
    stray = next((name for name in inside if not name.startswith(f"{siblings.path}.")), None)
    if not block or stray is not None:
        _fail("lock-fold", f"this fold holds what is in {siblings.path} and nothing else", node)
    _bound(len(block) * siblings.count, node)
    rows = list(block)
    for offset in range(1, siblings.count):
        rows += shift(block, siblings, offset)
    return rows


def _bound(count: int, node: Node) -> None:
    if count > MAX_ROWS:
        _fail("lock-too-large", f"this lock stands for more than {MAX_ROWS:,} rows, the limit", node)
