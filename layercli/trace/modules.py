"""What the modules of a model hold: each tensor counted once, ties by name, and the modules that never ran."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Literal, TypeAlias

from layercli.errors import CommandError, Position, Problem, did_you_mean
from layercli.record import record
from layercli.trace.records import TensorRecord, TensorType, Tie, Uncalled, move_tensor, move_uncalled
from layercli.trace.repeats import Repeat, Repeats

#: What ``ModuleRecord.reads`` says of a module that uses everything inside it as its values decide, so that its rows
#: show its own call only.
ALL_INSIDE = "*"


@record(slots=True)
class HeldTensor:
    """A parameter or buffer of one module. Two with the same ``identity`` are one tensor."""

    name: str
    identity: Hashable
    kind: Literal["parameter", "buffer"]
    type: TensorType
    bytes: int
    trainable: bool = False
    persistent: bool = True
    text: str = ""


@record(slots=True)
class ModuleRecord:
    """One module in the order of ``named_modules``.

    ``passive`` ones are never called themselves (``ModuleList``). ``reads`` names a child whose weights this module
    uses without calling it; ``alias`` marks a further place of a module that was listed before.
    """

    path: str
    type: str
    tensors: tuple[HeldTensor, ...] = ()
    position: Position | None = None
    passive: bool = False
    has_children: bool = False
    reads: str = ""
    alias: bool = False


@record(eq=False)
class ModuleSection:
    """A module and all inside it, in the order of ``named_modules``."""

    path: str
    modules: tuple[AnyModule, ...]


@record(eq=False)
class ModuleCopy:
    """A module at ``path`` that holds the same as the one of a section, all inside it included.

    ``made`` are it and those inside it, where they are known one by one; elsewhere ``uncalled`` are the modules inside it
    whose forward didn't run, under the section's path, and None where it wasn't called itself.
    """

    path: str
    of: ModuleSection
    uncalled: tuple[Uncalled, ...] | None = None
    made: tuple[AnyModule, ...] = ()


AnyModule: TypeAlias = "ModuleRecord | ModuleCopy"


@record(frozen=False)
class Held:
    """What one module holds itself, in elements and bytes; tensors that were counted before are ``tied``."""

    parameters: int = 0
    trainable: int = 0
    buffers: int = 0
    bytes: int = 0
    tied: tuple[Tie, ...] = ()


@record(frozen=False)
class Ownership:
    """What each module holds by its path, and all tensors in the order of ``state_dict``.

    ``sections`` has the same for each section that modules are copies of, by its ``id``.
    """

    held: dict[str, Held] = field(default_factory=dict)
    records: Sequence[TensorRecord] = ()
    sections: dict[int, Ownership] = field(default_factory=dict)

    def of(self, path: str) -> Held:
        """What the module at ``path`` holds itself."""
        return self.held.get(path) or Held()

    def holds(self, path: str) -> bool:
        """Whether it holds any parameter or buffer itself."""
        held = self.of(path)
        return bool(held.parameters or held.buffers or held.tied)


def find_ownership(modules: Sequence[AnyModule]) -> Ownership:
    """Look at every module once and count each tensor at the first one that holds it."""
    return _find_ownership(modules, "", {})


def _find_ownership(modules: Sequence[AnyModule], path: str, sections: dict[int, Ownership]) -> Ownership:
    ownership = Ownership(sections=sections)
    ownership.records = Repeats(move_tensor, _own(modules, ownership, {}), path)
    return ownership


def _own(
    modules: Sequence[AnyModule], ownership: Ownership, names: dict[Hashable, str]
) -> Iterator[TensorRecord | Repeat[TensorRecord]]:
    """Count what modules hold, and give their tensors. ``names`` has the first name of each."""
    for module in modules:
        if isinstance(module, ModuleRecord):
            yield from _own_one(module, ownership.held.setdefault(module.path, Held()), names)
            continue
        section = ownership.sections.get(id(module.of))
        if section is None:
            section = _find_ownership(module.of.modules, module.of.path, ownership.sections)
            ownership.sections[id(module.of)] = section
        for _ in _own(module.made, ownership, names):
            pass
        assert isinstance(section.records, Repeats)
        yield Repeat(section.records, module.path)


def _own_one(module: ModuleRecord, held: Held, names: dict[Hashable, str]) -> Iterator[TensorRecord]:
    prefix = f"{module.path}." if module.path else ""
    for tensor in module.tensors:
        full = prefix + tensor.name
        first = names.setdefault(tensor.identity, full)
        parameter = tensor.kind == "parameter"
        found = TensorRecord(
            name=full,
            kind=tensor.kind,
            type=tensor.type,
            owner=module.path,
            owner_type=module.type,
            bytes=tensor.bytes,
            trainable=tensor.trainable,
            tied=first if parameter and first != full else "",
            persistent=tensor.persistent,
            text=tensor.text,
        )
        yield found
        if first != full:
            if parameter:
                held.tied += (Tie(full, first),)
        elif parameter:
            held.parameters += found.count
            held.trainable += found.count if tensor.trainable else 0
            held.bytes += found.bytes
        else:
            held.buffers += found.count


def find_never_called(
    modules: Sequence[AnyModule], ownership: Ownership, called: Collection[str]
) -> tuple[Uncalled, ...]:
    """Modules whose forward didn't run; containers and helpers only where they hold something themselves."""
    listed = [*_list_made(modules)]
    by_path = {module.path: module for module in listed if isinstance(module, ModuleRecord)}
    found: list[Uncalled] = []
    for module in listed:
        if isinstance(module, ModuleCopy):
            inside = module.uncalled
            if inside is None:
                inside = find_never_called(module.of.modules, ownership.sections[id(module.of)], ())
            found += [move_uncalled(layer, len(module.of.path), module.path) for layer in inside]
            continue
        if module.path in called or module.path == "" or module.alias:
            continue
        held = ownership.of(module.path)
        if not ownership.holds(module.path) and (module.passive or module.has_children):
            continue
        owner_path = module.path.rpartition(".")[0]
        reader = _find_reader(module.path, by_path, called)
        found.append(
            Uncalled(
                path=module.path,
                type=module.type,
                parameters=held.parameters,
                trainable=held.trainable,
                buffers=held.buffers,
                bytes=held.bytes,
                used_by=reader or (owner_path if module.passive else ""),
                position=module.position,
            )
        )
    return tuple(found)


def _list_made(modules: Sequence[AnyModule]) -> Iterator[AnyModule]:
    """Each module by itself where it is known, else as a copy."""
    for module in modules:
        if isinstance(module, ModuleCopy) and module.made:
            yield from _list_made(module.made)
        else:
            yield module


def _find_reader(path: str, modules: Mapping[str, ModuleRecord], called: Collection[str]) -> str:
    """The called module that uses the weights of the one at ``path`` without calling it, or nothing."""
    owner_path, _, name = path.rpartition(".")
    owner = modules.get(owner_path)
    if owner is not None and owner.reads == name and (owner_path in called or not owner_path):
        return owner_path
    while owner_path:
        owner = modules.get(owner_path)
        if owner is not None and owner.reads == ALL_INSIDE and owner_path in called:
            return owner_path
        owner_path = owner_path.rpartition(".")[0]
    return ""


def check_paths(wanted: Sequence[str] | frozenset[str], paths: Sequence[str]) -> None:
    """Raise CommandError for a path that no layer has."""
    for path in wanted:
        if path not in paths:
            hint = did_you_mean(path, paths) or f"it has {', '.join(known for known in paths[1:11])}"
            raise CommandError(Problem("unknown-path", f"the model has no layer {path}", hint=hint))
