"""The sizes that dims may have, one function per format: ``DIMS_FORMATS`` lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from layercli.report.json import format_data
from layercli.report.layout import clean, flow, split_words
from layercli.report.options import TraceOptions
from layercli.trace.admissible import Admissible, AdmissibleSizes, Unknown

#: More ranges than this are counted.
MAX_RANGES = 12

_UNKNOWN: Mapping[Unknown, str] = {
    "apart": "greater sizes would have to be derived one by one",
    "formulas": "the formulas of greater sizes get too long",
}


def format_text(found: AdmissibleSizes, options: TraceOptions) -> str:
    """For a person: each dim with its sizes and reasons, then what rows need of all dims."""
    width = options.width
    edge = max(len(describe_dim(item)) for item in found.dims) + 3
    lines = [f"{found.model}   {found.spec} · {found.mode}", ""]
    if found.refusal:
        sizes = ", ".join(describe_dim(item) for item in found.dims)
        lines += [*flow(split_words(f"PyTorch refuses {sizes}: {found.refusal}"), width, indent=4), ""]
    for item in found.dims:
        parts = flow(describe_sizes(item), width, separator=", ", indent=edge, used=edge)
        lines.append(f"{describe_dim(item):{edge}}{parts[0]}")
        lines += parts[1:]
        lines += _indent([str(reason) for reason in item.because], width)
        if item.known_to is not None:
            lines += _indent([_UNKNOWN[item.unknown]], width)
    together = [*_tell_together(found)]
    if together:
        lines += ["", "all dims together", *_indent(together, width)]
    if found.notes:
        lines += ["", *(line for note in found.notes for line in flow(split_words(f"note: {note}"), width))]
    if found.device:
        number = sum(len(item.tried) for item in found.dims)
        lines += ["", f"tried {number:,} sizes on PyTorch · {found.device}"]
        lines += _indent(describe_trials(found) or ["all as derived"], width)
    return "\n".join(clean(line, options.ascii) for line in lines) + "\n"


def _tell_together(found: AdmissibleSizes) -> Iterator[str]:
    """What rows need of all dims, without what is said at one of them and what only leaves sizes of 0 and 1 to rules of their own."""
    for left, right, path in found.equal:
        yield f"{left} and {right} must be equal, because of {path or 'the inputs'}"
    equal = {f"{left} == {right}" for left, right, _ in found.equal}
    told = {reason for item in found.dims for reason in item.because}
    apart = {item.dim for item in found.dims if item.known_to is not None}
    for need in found.together or ():
        # What is needed of a dim whose sizes were derived one by one holds at its size in the spec only.
        if apart.intersection(need.text.split()):
            continue
        if need not in told and need.text not in equal and (need.needed or not need.of_one):
            yield str(need)


def describe_dim(item: Admissible) -> str:
    """A dim and its size in the spec: ``H = 32``."""
    return f"{item.dim} = {item.size}"


def describe_sizes(item: Admissible) -> list[str]:
    """The sizes that a dim may have, in words."""
    shown = [str(size) for size in item.accepted[:MAX_RANGES]]
    if len(item.accepted) > MAX_RANGES:
        shown.append(f"and {len(item.accepted) - MAX_RANGES:,} more")
    if item.known_to is not None:
        shown.append(f"not known above {item.known_to:,}")
    return shown or ["no size"]


def describe_trials(found: AdmissibleSizes) -> list[str]:
    """Where PyTorch says otherwise than the rules, in words."""
    return [
        f"{item.dim} = {trial.size} is accepted by the rules, and PyTorch refuses it: {trial.refusal}"
        if trial.derived
        else f"{item.dim} = {trial.size} is refused by the rules, and PyTorch takes it"
        for item in found.dims
        for trial in item.tried
        if trial.differs
    ]


def _indent(texts: list[str], width: int | None) -> list[str]:
    return [line for text in texts for line in flow(_words(text), width, indent=8)]


def _words(text: str) -> list[str]:
    first, *rest = split_words(text)
    return ["    " + first, *rest]


def format_json(found: AdmissibleSizes, options: TraceOptions) -> str:
    """``AdmissibleSizes.to_dict`` as text."""
    return format_data(found.to_dict())


#: What ``layercli dims --format`` takes.
DIMS_FORMATS: dict[str, Callable[[AdmissibleSizes, TraceOptions], str]] = {
    "text": format_text,
    "json": format_json,
}
