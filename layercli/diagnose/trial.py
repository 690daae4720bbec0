"""Mends are tried: the edited text is read and the whole model derived, in memory and without torch."""

from __future__ import annotations

import ast
import os
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from layercli.derive.session import derive_plan
from layercli.diagnose.editing import EditedTree, apply_edits, list_sources
from layercli.errors import CommandError, Edit, LayercliError, Problem, Source, SpecError
from layercli.plan.planner import list_size_nodes, plan_model
from layercli.plan.records import Plan
from layercli.record import record
from layercli.spec.library import display_name
from layercli.spec.reader import read_spec
from layercli.trace import Trace
from layercli.trace.failure import TraceFailed
from layercli.trace.records import iterate_tensor_types

#: Seconds of the processor in which mends are tried, after which those that were found have to do.
SECONDS = 2.0


@record(eq=False)
class Outcome:
    """What comes of a spec: its trace, as far as it got, and what is refused in it."""

    trace: Trace | None
    problems: tuple[Problem, ...]

    @cached_property
    def finished(self) -> int:
        """How many rows finished; -1 where no forward pass began."""
        return -1 if self.trace is None else sum(row.finished for row in self.trace.rows)

    @cached_property
    def has_empty(self) -> bool:
        """Whether a row has a tensor without elements, which nobody means."""
        rows = () if self.trace is None else self.trace.rows
        return any(0 in item.shape for row in rows for item in iterate_tensor_types(row.output))


def find_files(plan: Plan) -> dict[str, Path]:
    """The files of a spec by what messages call them."""
    spec = plan.spec
    if spec.path is None:
        return {}
    named = {
        spec.tree.name(path) or display_name(path, Path.cwd()): path for path in reversed(spec.import_paths)
    }
    return {**named, spec.source.name: spec.path}


class Trials:
    """Tries edits of one plan's spec. ``left`` is how many may still be tried, each in its share of time."""

    def __init__(self, plan: Plan, left: int) -> None:
        self.plan = plan
        self.left = left
        # The processor's time, so that what is offered doesn't depend on what else runs.
        self.end = time.process_time() + SECONDS
        self.files = find_files(plan)

    def try_edits(self, edits: Sequence[Edit]) -> Outcome | None:
        """What comes of the spec with edits; None where they can't be made, or nothing can be told of it."""
        texts = self._edit(edits)
        return None if texts is None else self._try(texts, self.plan.given_inputs, self.plan.given_dims)

    def try_inputs(self, inputs: Mapping[str, Sequence[int]]) -> Outcome | None:
        """What comes of the spec with other sizes of inputs, and of the dims that options gave them."""
        resized = {
            node.id
            for item in self.plan.spec.main.inputs
            if item.name in inputs
            for node in list_size_nodes(item.value)
            if isinstance(node, ast.Name)
        }
        dims = {name: size for name, size in self.plan.given_dims.items() if name not in resized}
        return self._try({}, {**self.plan.given_inputs, **inputs}, dims)

    def plan_edits(self, edits: Sequence[Edit]) -> Plan | None:
        """The plan of the spec with edits; None where they can't be made or the spec is wrong."""
        texts = self._edit(edits)
        try:
            given = self.plan.given_inputs, self.plan.given_dims
            return None if texts is None else self._plan(texts, *given)
        except LayercliError:
            return None

    def _edit(self, edits: Sequence[Edit]) -> dict[Path, str] | None:
        sources: dict[str, Source] = {edit.position.file: edit.position.source for edit in edits}
        if any(name not in self.files for name in list_sources(edits)):
            return None
        return {
            self.files[name]: apply_edits(source.text, [edit for edit in edits if edit.position.file == name])
            for name, source in sources.items()
        }

    def _try(
        self, texts: Mapping[Path, str], inputs: Mapping[str, Sequence[int]], dims: Mapping[str, int]
    ) -> Outcome | None:
        if self.plan.spec.path is None or self.left <= 0 or time.process_time() > self.end:
            return None
        self.left -= 1
        try:
            edited = self._plan(texts, inputs, dims)
        except LayercliError as error:
            return Outcome(None, error.problems) if isinstance(error, SpecError) else None
        return None if edited is None else derive_outcome(edited)

    def _plan(
        self, texts: Mapping[Path, str], inputs: Mapping[str, Sequence[int]], dims: Mapping[str, int]
    ) -> Plan | None:
        """Raises LayercliError where the edited spec is wrong."""
        plan, path = self.plan, self.plan.spec.path
        if path is None:
            return None
        texts = {path: plan.spec.source.text, **texts}
        spec = read_spec(path, plan.spec.source.name, EditedTree(plan.spec.tree, texts))
        return plan_model(spec, params=plan.given_params, dims=dims, inputs=inputs, mode=plan.mode)


def derive_outcome(plan: Plan) -> Outcome | None:
    """What comes of a plan by the rules; None where they can't tell."""
    try:
        return Outcome(derive_plan(plan), ())
    except TraceFailed as failure:
        return Outcome(failure.trace, failure.problems)
    except SpecError as error:
        return Outcome(None, error.problems)
    except CommandError:
        return None
    except Exception:
        # A mend that a rule stumbles over is none, and no reason to hide the problem that it was for.
        if is_debugging():
            raise
        return None


def is_debugging() -> bool:
    """Whether what a search for mends stumbles over is to be seen, as with ``layercli --debug``."""
    return bool(os.environ.get("LAYERCLI_DEBUG"))


def plan_in_numbers(plan: Plan) -> Plan:
    """The same plan without names in its sizes."""
    if not plan.symbolic:
        return plan
    values: dict[str, Any] = {
        "params": plan.given_params,
        "dims": plan.given_dims,
        "inputs": plan.given_inputs,
    }
    return plan_model(plan.spec, mode=plan.mode, **values)
