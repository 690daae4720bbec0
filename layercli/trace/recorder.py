"""The rows of one forward pass as its calls begin and end, over any kind of tensor.

Both engines tell a recorder of each call, so that paths, numbers, sources and texts are the same by construction.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import field
from functools import partial
from typing import Any, Literal, Protocol

from layercli.errors import Position, Problem, SpecError
from layercli.record import record
from layercli.trace.modules import Held, Ownership
from layercli.trace.records import Row, SymbolicCall, Type, Values, move_row
from layercli.trace.repeats import Repeat, Repeats


class Kind(Protocol):
    """What a recorder has to know of the values that it sees."""

    def is_tensor(self, value: Any) -> bool: ...
    def type_of(self, value: Any) -> Type: ...
    def format_plain(self, value: Any) -> str: ...

    @property
    def format_symbolic(self) -> Callable[[Any], str] | None:
        """``format_plain`` with formulas over dims in the place of sizes; None where nothing has any."""


@record(frozen=False)
class Draft:
    """A row whose call has begun."""

    path: str
    kind: Literal["layer", "operation"]
    type: str
    call: int
    depth: int
    inputs: tuple[Type, ...]
    sources: tuple[str, ...]
    arguments: str
    position: Position | None
    output: Type = None
    returns: tuple[str, ...] = ()
    finished: bool = False
    macs: int | None = None
    flops: int | None = None
    values: Values | None = None
    symbolic: SymbolicCall | None = None


@record(frozen=False)
class Frame:
    """A module whose forward runs: the names that its tensors and operations have so far."""

    path: str
    draft: Draft
    module: Any
    used: set[str]
    labels: dict[int, str] = field(default_factory=dict)
    alive: list[Any] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def forget(self, key: int, _: Any) -> None:
        """The tensor with this ``id`` is gone; another one may get it."""
        self.labels.pop(key, None)


#: Rows that one pass may have where nobody says how many.
DEFAULT_MOST = 100_000


class Recorder:
    """Collects the rows of one forward pass. Used once.

    ``calls`` has how often the layer at each path was called. Of a layer that does what another did only its own row
    is kept, and the others are repeated; ``originals`` has the path of that other one. ``is_whole`` says that no layer
    inside such a one was called once more later.
    """

    def __init__(
        self, kind: Kind, names: Mapping[int, str], most: int = DEFAULT_MOST, allow_more: str = ""
    ) -> None:
        """``names`` are those of the model's parameters and buffers by ``id``, ``most`` how many rows there may be.

        ``allow_more`` says what there may be more by.
        """
        self.most = most
        self.allow_more = allow_more
        self.kind = kind
        self.names = names
        self.drafts: list[Draft | Repeat[Draft]] = []
        self.frames: list[Frame] = []
        self.calls: dict[str, int] = {}
        self.originals: dict[str, str] = {}
        self.is_whole = True

    # Layers ----------------------------------------------------------------------------------------------

    def begin_layer(
        self,
        path: str,
        type_name: str,
        module: Any,
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        *,
        names: Sequence[str],
        members: Iterable[str],
        text: str,
        told: bool,
        position: Position | None,
    ) -> Frame:
        """A layer is called. ``names`` are what it calls its inputs, ``members`` the names that it has taken.

        ``told`` says whether its call and wiring are facts of the model: what stands inside PyTorch's own composite
        layers follows from the composite's call, and how it is written changes with PyTorch's version. So do the plain
        values that are passed there, some of which PyTorch finds in a mask's contents.
        """
        self._count_row(position)
        values = (*arguments, *keywords.values())
        draft = Draft(
            path=path,
            kind="layer",
            type=type_name,
            call=self._count_call(path),
            depth=self.next_depth,
            inputs=tuple(self.kind.type_of(value) for value in values if told or self.holds_tensor(value)),
            sources=(),
            arguments=text if told else "",
            position=position,
        )
        if told:
            self._tell_sources(draft, arguments, keywords)
        self.drafts.append(draft)
        frame = Frame(path, draft, module, set(members))
        for name, value in zip(names, values, strict=True):
            self.label(frame, value, name)
        self.frames.append(frame)
        return frame

    @property
    def next_depth(self) -> int:
        """How deep a layer stands that is called now."""
        parent = self.frames[-1] if self.frames else None
        return 0 if parent is None or parent.path == "" else parent.draft.depth + 1

    def _count_row(self, position: Position | None) -> None:
        """One more row. Raises SpecError for too many: each is small, and two calls in each of forty blocks make 2 ** 40."""
        if len(self.drafts) >= self.most:
            message = f"this model makes more than {self.most:,} calls of layers and operations"
            hints = filter(None, ("use fewer or shorter loops and calls", self.allow_more))
            raise SpecError(Problem("too-many-steps", message, position, hint="; ".join(hints)))

    def _count_call(self, path: str) -> int:
        number = self.calls[path] = self.calls.get(path, 0) + 1
        return number

    def _tell_sources(self, draft: Draft, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        """Write where a layer's inputs come from into its row, whose other fields are there."""
        if not self.frames:
            return
        draft.sources = self._call_sources(arguments, keywords, self.kind.format_plain)
        if self.kind.format_symbolic is not None:
            sources = self._call_sources(arguments, keywords, self.kind.format_symbolic)
            draft.symbolic = SymbolicCall(draft.arguments, sources) if sources != draft.sources else None

    def close_section(self, start: int) -> Repeats[Draft]:
        """Put the rows from the place ``start`` on, those of a layer that has ended, together as one section.

        Its own row stays before them. The section may be repeated.
        """
        head = self.drafts[start]
        assert isinstance(head, Draft)
        section = Repeats(_move_draft, self.drafts[start + 1 :], head.path)
        self.drafts[start + 1 :] = [Repeat(section, head.path)]
        return section

    def repeat_layer(
        self,
        path: str,
        head: Draft,
        section: Repeats[Draft],
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        output: Any,
    ) -> None:
        """A layer is called for the first time, and does what another did: its own row is ``head``, then ``section``.

        The inputs are of the same types, and so is what it gives, which is ``output`` here.
        """
        self._count_call(path)
        self.originals[path] = head.path
        draft = copy(head)
        draft.path = path
        self._tell_sources(draft, arguments, keywords)
        self.drafts += [draft, Repeat(section, path)]
        self._label_output(path, output)

    def end_layer(self, frame: Frame, output: Any, *, returns: bool) -> None:
        """The layer of the innermost frame gave ``output``. ``returns`` says to note which of its rows that is."""
        draft = frame.draft
        draft.output = self.kind.type_of(output)
        draft.finished = True
        if returns:
            draft.returns = tuple(self.sources([output]))
        self.frames.pop()
        self._label_output(frame.path, output)

    def _label_output(self, path: str, output: Any) -> None:
        """Give what a layer gave its name in the frame around it."""
        if self.frames:
            owner = self.frames[-1].path
            inside = owner and path.startswith(owner + ".")
            self.label(self.frames[-1], output, path[len(owner) + 1 :] if inside else path)

    # Operations ------------------------------------------------------------------------------------------

    def run_operation(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        position: Position | None,
    ) -> tuple[Any, Draft | None]:
        """The result of ``function``, and its row where it yields a tensor. A failure leaves an unfinished row."""
        if not self.frames:
            return function(*arguments, **keywords), None
        self._count_row(position)
        frame = self.frames[-1]
        place = len(self.drafts)
        values = [value for value in (*arguments, *keywords.values()) if self.holds_tensor(value)]
        draft = Draft(
            path="",
            kind="operation",
            type=name,
            call=frame.draft.call,
            depth=frame.draft.depth + 1 if frame.path else 0,
            inputs=tuple(self.kind.type_of(value) for value in values),
            sources=tuple(self.sources(values)),
            arguments=f"{name}({self._format_operands(arguments, keywords, self.kind.format_plain)})",
            position=position,
        )
        if self.kind.format_symbolic is not None:
            text = f"{name}({self._format_operands(arguments, keywords, self.kind.format_symbolic)})"
            if text != draft.arguments:
                draft.symbolic = SymbolicCall(text, draft.sources)
        try:
            output = function(*arguments, **keywords)
        except Exception:
            draft.path = self._number(frame, name)
            self.drafts.insert(place, draft)
            raise
        if not self.holds_tensor(output):
            return output, None
        draft.path = self._number(frame, name)
        draft.output = self.kind.type_of(output)
        draft.finished = True
        self.drafts.insert(place, draft)
        self.label(frame, output, draft.path[len(frame.path) + 1 :] if frame.path else draft.path)
        return output, draft

    def _number(self, frame: Frame, name: str) -> str:
        """The path of an operation: ``relu``, ``relu_1``, ..., the first name that nothing of this owner has."""
        number = frame.numbers.get(name, 0)
        candidate = f"{name}_{number}" if number else name
        while candidate in frame.used:
            number += 1
            candidate = f"{name}_{number}"
        frame.used.add(candidate)
        frame.numbers[name] = number + 1
        return f"{frame.path}.{candidate}" if frame.path else candidate

    # Names -----------------------------------------------------------------------------------------------

    def label(self, frame: Frame, value: Any, name: str) -> None:
        """Give every tensor in ``value`` a name in a frame."""
        if self.kind.is_tensor(value):
            key = id(value)
            frame.labels[key] = name
            # An id is good only as long as its tensor lives.
            frame.alive.append(weakref.ref(value, partial(frame.forget, key)))
        elif isinstance(value, (tuple, list)):
            for index, item in enumerate(value):
                self.label(frame, item, f"{name}[{index}]")
        elif isinstance(value, dict):
            for key, item in value.items():
                self.label(frame, item, f"{name}[{key!r}]")

    def holds_tensor(self, value: Any) -> bool:
        """Whether there is a tensor anywhere in ``value``."""
        if self.kind.is_tensor(value):
            return True
        if isinstance(value, (tuple, list)):
            return any(self.holds_tensor(item) for item in value)
        return isinstance(value, dict) and any(self.holds_tensor(item) for item in value.values())

    def sources(self, values: Iterable[Any]) -> Iterator[str]:
        """Where each tensor in ``values`` comes from, by its name in the innermost frame."""
        for value in values:
            if self.kind.is_tensor(value):
                yield self._source(value)
            elif isinstance(value, (tuple, list)):
                yield from self.sources(value)
            elif isinstance(value, dict):
                yield from self.sources(value.values())

    def _source(self, tensor: Any) -> str:
        frame = self.frames[-1]
        label = frame.labels.get(id(tensor))
        if label is not None:
            return label
        name = self.names.get(id(tensor))
        if name is None:
            return "?"
        owner = frame.path
        return name[len(owner) + 1 :] if owner and name.startswith(owner + ".") else name

    def _call_sources(
        self, arguments: Sequence[Any], keywords: Mapping[str, Any], write: Callable[[Any], str]
    ) -> tuple[str, ...]:
        """Where the inputs of a layer come from, and the plain values among them, which ``write`` gives the text of."""
        found: list[str] = []
        for name, value in (*((None, value) for value in arguments), *keywords.items()):
            prefix = "" if name is None else f"{name}="
            if self.holds_tensor(value):
                found += [f"{prefix}{source}" for source in self.sources([value])]
            else:
                found.append(prefix + self._format_operand(value, write))
        return tuple(found)

    def _format_operands(
        self, arguments: Sequence[Any], keywords: Mapping[str, Any], write: Callable[[Any], str]
    ) -> str:
        texts = [self._format_operand(value, write) for value in arguments]
        texts += [
            f"{name}={self._format_operand(value, write)}"
            for name, value in keywords.items()
            if name != "device"
        ]
        return ", ".join(texts)

    def _format_operand(self, value: Any, write: Callable[[Any], str]) -> str:
        if self.kind.is_tensor(value):
            return self._source(value)
        if isinstance(value, tuple):
            inner = ", ".join(self._format_operand(item, write) for item in value)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, list):
            return f"[{', '.join(self._format_operand(item, write) for item in value)}]"
        if isinstance(value, dict):
            entries = (f"{key!r}: {self._format_operand(item, write)}" for key, item in value.items())
            return "{" + ", ".join(entries) + "}"
        return write(value)

    # The result ------------------------------------------------------------------------------------------

    @property
    def returns(self) -> tuple[str, ...]:
        """Which rows and inputs the model's output is."""
        return next((draft.returns for draft in self.own_drafts if draft.path == ""), ())

    @property
    def failed_draft(self) -> Draft | None:
        """The innermost row that began and didn't finish."""
        return next((draft for draft in reversed(self.own_drafts) if not draft.finished), None)

    @property
    def own_drafts(self) -> list[Draft]:
        """The rows outside of sections; those inside have all finished."""
        return [draft for draft in self.drafts if isinstance(draft, Draft)]

    def rows(self, ownership: Ownership) -> Repeats[Row]:
        """The rows in call order, with what each module holds itself in its first row."""
        takes_work = any(
            draft.path == "" and draft.finished and (draft.macs != 0 or draft.flops != 0)
            for draft in self.own_drafts
        )
        keep_root = ownership.holds("") or len(self.drafts) == 1 or takes_work
        kept = [draft for draft in self.drafts if draft.path != "" or keep_root]
        drafts = Repeats(_move_draft, kept)
        rows = drafts.convert(lambda draft: self._make_row(draft, ownership), move_row)
        return rows if self.is_whole else Repeats(move_row, tuple(rows))

    def _make_row(self, draft: Draft, ownership: Ownership) -> Row:
        original = self.originals.get(draft.path, draft.path)
        held = ownership.of(original) if draft.kind == "layer" and draft.call == 1 else _NOTHING
        row = Row(
            path=original,
            kind=draft.kind,
            type=draft.type,
            call=draft.call,
            depth=draft.depth,
            inputs=draft.inputs,
            output=draft.output,
            parameters=held.parameters,
            trainable=held.trainable,
            buffers=held.buffers,
            bytes=held.bytes,
            macs=draft.macs,
            flops=draft.flops,
            arguments=draft.arguments,
            sources=draft.sources,
            returns=draft.returns if draft.path else (),
            tied=held.tied,
            position=draft.position,
            values=draft.values,
            finished=draft.finished,
            symbolic=draft.symbolic,
        )
        return row if original == draft.path else move_row(row, len(original), draft.path)


#: What an operation holds, and a layer that was called before.
_NOTHING = Held()


def _move_draft(draft: Draft, length: int, path: str) -> Draft:
    moved = copy(draft)
    moved.path = path + draft.path[length:]
    return moved
