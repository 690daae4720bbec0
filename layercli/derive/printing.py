"""What ``print`` shows of a model, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from types import MappingProxyType

from layercli.catalogue.modules import Module
from layercli.catalogue.printed import print_arguments
from layercli.catalogue.tensors import settings
from layercli.derive.modules import ModuleMaker
from layercli.plan.records import Plan
from layercli.trace.modules import check_paths

#: The classes that show equal neighbours once.
_LISTS = ("ModuleList", "ParametrizationList")


def print_model(plan: Plan, layer: str = "") -> str:
    """What ``print`` shows of a plan's model, or of one of its layers. Raises CommandError for an unknown one."""
    with settings(plan.dtype):
        # One layer may be any, so all are made then; of the whole model what it has in several places is made once.
        maker = ModuleMaker(plan, late=not layer)
        root = maker.make()
    if not layer:
        return print_module(root, maker.samples)
    modules = {module.path: module for module in root.walk()}
    check_paths([layer], list(modules))
    return print_module(modules[layer])


def print_module(root: Module, samples: Mapping[int, Module] = MappingProxyType({})) -> str:
    """A module as ``torch.nn.Module.__repr__`` writes it.

    A pending one looks like its sample, which ``samples`` has by the ``id`` of its plan.
    """
    printed: dict[int, str] = {}
    # From the innermost ones outwards, since models may be deeper than Python's stack.
    for module in reversed(list(root.walk())):
        if module.pending is not None:
            sample = samples[id(module.plan)]
            if id(sample) not in printed:
                printed[id(sample)] = print_module(sample, samples)
            printed[id(module)] = printed[id(sample)]
            continue
        children = [(name, printed[id(child)]) for name, child in module.children.items()]
        inner = _join(print_arguments(module), _name_children(module, children))
        printed[id(module)] = f"{module.type}({inner})"
    return printed[id(root)]


def _name_children(module: Module, children: list[tuple[str, str]]) -> list[str]:
    if module.entry is None or module.entry.name not in _LISTS:
        return [f"({name}): {text}" for name, text in children]
    lines = []
    for text, group in groupby(children, key=lambda child: child[1]):
        names = [name for name, _ in group]
        first, last = names[0], names[-1]
        lines.append(f"({first}): {text}" if first == last else f"({first}-{last}): {len(names)} x {text}")
    return lines


def _join(own: str, children: list[str]) -> str:
    """What stands between the brackets: one line, or one for each member, set in by two."""
    lines = [*(own.split("\n") if own else []), *children]
    if len(lines) < 2 and not children:
        return own
    # What a member shows on lines of its own is set in once more.
    return "\n  " + "\n".join(lines).replace("\n", "\n  ") + "\n"
