"""What a spec may use, so that one from a stranger can't eat a machine; ``--limit NAME=VALUE`` raises one."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import fields, replace

from layercli.record import record


@record
class Limits:
    """Each bound counts once for the whole spec.

    ``bytes`` of a file; ``levels`` of YAML; ``characters`` of one expression or statement, and of a text;
    ``digits`` of a number; ``modules`` of the model; ``steps`` of the interpreter; ``items`` of one list, range or
    call's results; ``elements`` of one tensor in memory; ``sequence`` steps of a recurrent layer; ``memory`` in MiB
    of a whole run, ``seconds`` of what is about one spec.
    """

    bytes: int = 1 << 20
    levels: int = 40
    characters: int = 10_000
    digits: int = 77
    modules: int = 200_000
    steps: int = 5_000_000
    items: int = 100_000
    elements: int = 1 << 31
    sequence: int = 100_000
    memory: int = 16_384
    seconds: int = 900

    @property
    def rows(self) -> int:
        """Calls of layers and operations that a trace may have: each takes as much as some twenty steps."""
        return max(self.steps // 20, 1_000)


#: What ``Limits`` has, for messages and completion.
LIMIT_NAMES: tuple[str, ...] = tuple(field.name for field in fields(Limits))

_DEFAULT = Limits()
_LIMITS: ContextVar[Limits] = ContextVar("layercli_limits", default=_DEFAULT)


def current_limits() -> Limits:
    """The limits that hold now."""
    return _LIMITS.get()


def set_limits(changes: Mapping[str, int]) -> None:
    """Other limits hold from now on, in this context."""
    _LIMITS.set(replace(_LIMITS.get(), **changes))
    if "items" in changes:
        from layercli.catalogue.tensors import MOST_PARTS

        MOST_PARTS.set(changes["items"])


#: How a limit is raised: by an option of the command that ran into it, where nothing else is said.
_RAISED_BY: ContextVar[str] = ContextVar("layercli_raised_by", default="--limit {name}=N allows more")


def allow_more(name: str) -> str:
    """How to raise a limit, as a hint says it."""
    return _RAISED_BY.get().format(name=name)


def raise_elsewhere() -> None:
    """From now on, in this context, hints name a command that limits are raised by: what runs here has no options."""
    _RAISED_BY.set("in a terminal, layercli validate --limit {name}=N allows more")
