"""What the modules of a derivation hold, as the totals of a trace need it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from layercli.catalogue.dtypes import ITEM_SIZES
from layercli.catalogue.modules import Module
from layercli.catalogue.sizes import as_int
from layercli.catalogue.tensors import Tensor
from layercli.errors import Position
from layercli.trace import TensorType, Uncalled
from layercli.trace.modules import AnyModule, HeldTensor, ModuleCopy, ModuleRecord, ModuleSection

_PASSIVE = ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "ParametrizationList")


def find_position(module_path: str, plans: Mapping[str, Module]) -> Position | None:
    """Where the layer at a path, or the composite layer that it is a part of, stands in the spec."""
    path = module_path
    while path:
        found = plans.get(path)
        if found is not None and found.plan is not None and not found.given:
            return found.plan.position  # type: ignore[no-any-return]
        path = path.rpartition(".")[0]
    return None


def record_modules(
    root: Module,
    section_of: Callable[[Module], ModuleSection | None] | None = None,
    uncalled: Mapping[str, tuple[Uncalled, ...]] | None = None,
) -> tuple[AnyModule, ...]:
    """Every module as the trace's totals need it.

    ``section_of`` gives what a module holds that others hold, too, and one that isn't made yet. ``uncalled`` are the
    layers inside those that weren't made and were called, by path, whose own forward didn't run.
    """
    by_path = {module.path: module for module in root.walk()}

    def record(module: Module) -> Iterator[AnyModule]:
        section = None if section_of is None else section_of(module)
        if module.pending is not None:
            assert section is not None
            yield ModuleCopy(module.path, section, (uncalled or {}).get(module.path))
        elif section is not None:
            yield ModuleCopy(module.path, section, made=tuple(record_made(module)))
        else:
            yield from record_made(module)

    def record_made(module: Module) -> Iterator[AnyModule]:
        yield ModuleRecord(
            path=module.path,
            type=module.type,
            tensors=tuple(_hold(module, name, tensor) for name, tensor in _in_order(module)),
            position=find_position(module.path, by_path),
            passive=module.entry is not None and module.entry.name in _PASSIVE,
            has_children=bool(module.children),
            reads=module.entry.reads if module.entry is not None else "",
        )
        for child in module.children.values():
            yield from record(child)

    return tuple(record(root))


def _in_order(module: Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters first, as ``state_dict`` has them."""
    yield from ((name, tensor) for name, tensor in module.tensors.items() if name not in module.buffers)
    yield from ((name, tensor) for name, tensor in module.tensors.items() if name in module.buffers)


def _hold(module: Module, name: str, tensor: Tensor) -> HeldTensor:
    parameter = name not in module.buffers
    return HeldTensor(
        name=name,
        identity=id(tensor),
        kind="parameter" if parameter else "buffer",
        type=TensorType(tensor.dtype, tuple(as_int(size) for size in tensor.shape)),
        bytes=as_int(tensor.numel) * ITEM_SIZES[tensor.dtype],
        trainable=parameter and tensor.requires_grad,
        persistent=name not in module.transient,
    )
