"""A forward pass that ended early."""

from __future__ import annotations

from dataclasses import replace

from layercli.errors import Label, Problem, SpecError
from layercli.trace.recorder import Draft
from layercli.trace.records import PlainType, Trace


class TraceFailed(SpecError):
    """The forward pass ended early; ``trace`` has the rows up to there, the last ones unfinished, and the problems."""

    def __init__(self, trace: Trace, *problems: Problem) -> None:
        super().__init__(*problems)
        self.trace = replace(trace, problems=problems)


def with_problems(failure: SpecError, *problems: Problem) -> SpecError:
    """The same failure with other problems."""
    return TraceFailed(failure.trace, *problems) if isinstance(failure, TraceFailed) else SpecError(*problems)


def point_to_layer(problem: Problem, draft: Draft, model: str) -> Problem:
    """The problem of a layer that refused its inputs, with the place where the layer is made as a second one.

    ``draft`` is the row of its call, ``model`` the name of the model for one that is the model itself.
    """
    place = draft.position
    if place is None or problem.position == place:
        return problem
    if problem.position is None:
        return replace(problem, position=place)
    made = Label(place, f"{draft.path or model} is made here")
    return replace(problem, labels=(*problem.labels, made))


def explain_tuple(draft: Draft) -> str:
    """What to do where the first input of a call is a tuple, such as an LSTM gives; nothing where it isn't."""
    first = next(iter(draft.inputs), None)
    if not isinstance(first, tuple):
        return ""
    if first and all(isinstance(item, PlainType) and item.text.isdigit() for item in first):
        return f"for a tensor of these sizes write [{', '.join(map(str, first))}] in inputs"
    return "this is a tuple; take an item of it in forward, as in output, _ = lstm(x)"
