"""Where inputs come from, as rows name it: ``conv1``, and ``lstm[0]`` for a part of a value."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

_NUMBERED_PART = re.compile(r"(.*)\[(0|[1-9][0-9]{0,8})\]")


def is_next_part(source: str, following: str) -> bool:
    """Whether two sources are a part of one value and the part after it: ``unbind[0]`` and ``unbind[1]``."""
    one, other = _NUMBERED_PART.fullmatch(source), _NUMBERED_PART.fullmatch(following)
    return one is not None and other is not None and one[1] == other[1] and int(other[2]) == int(one[2]) + 1


def shift_part(source: str, offset: int) -> str:
    """The part of the same value that is so many places further on."""
    found = _NUMBERED_PART.fullmatch(source)
    return source if found is None else f"{found[1]}[{int(found[2]) + offset}]"


def relate_sources(before: Sequence[str], sources: Sequence[str], path_before: str) -> Hashable:
    """How the sources of a layer differ from those of its sibling before, which has ``path_before``."""
    if len(before) != len(sources):
        return (*before,), (*sources,)
    return tuple(
        _relate(previous, source, path_before) for previous, source in zip(before, sources, strict=True)
    )


def _relate(previous: str, source: str, path_before: str) -> tuple[str, ...]:
    base, bracket, rest = source.partition("[")
    if source == previous:
        return "same", source
    if path_before == base or path_before.endswith(f".{base}"):
        return "before", base.rpartition(".")[0], bracket + rest
    if is_next_part(previous, source):
        return "next", base
    return "other", previous, source
