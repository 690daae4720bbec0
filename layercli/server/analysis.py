"""What is known of one text of a spec: its problems, and on demand each call that its forward makes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from pathlib import Path
from time import perf_counter

from layercli.catalogue.sizes import SizeTooComplex, as_int
from layercli.derive.engine import Call
from layercli.derive.session import watch_plan
from layercli.errors import LayercliError, Position, Problem, Source
from layercli.plan.planner import name_sizes
from layercli.plan.records import Plan
from layercli.record import record
from layercli.server.texts import Lines
from layercli.spec.document import Entries, Scalar, read_document
from layercli.spec.keys import SPEC_KEYS
from layercli.spec.library import display_name
from layercli.spec.limits import current_limits
from layercli.trace import Trace, Type
from layercli.validation import Validation, validate_spec

#: What holds the work on one text to its limits of time and memory.
Bound = Callable[[], AbstractContextManager[object]]

#: In larger models layers that are the same are derived once, and so are shown by the first of them.
MAX_APART = 1_000
#: So many calls are remembered for what is shown of a line.
MAX_SEEN = 20_000

_TOP_KEY = re.compile(r"(?m)^[\"']?([A-Za-z_][\w-]*)[\"']?[ \t]*:(?:[ \t\r]|$)")


def looks_like_spec(text: str) -> bool:
    """Whether a text is meant as a spec, written to its end or not: ``layers`` or ``inputs`` among keys of a spec."""
    keys = set(_TOP_KEY.findall(text[: current_limits().bytes]))
    own = keys & set(SPEC_KEYS)
    return bool(own & {"layers", "inputs"}) and 2 * len(own) > len(keys)


def may_become_spec(text: str) -> bool:
    """Whether all of a text that has keys is of a spec, or of a file of blocks."""
    return set(_TOP_KEY.findall(text[: current_limits().bytes])) <= set(SPEC_KEYS)


@record
class Seen:
    """A call of a layer or operation: its types, its cost, and where it stands.

    ``made`` is where a layer is made, ``called`` where a forward calls it.
    """

    path: str
    type: str
    is_layer: bool
    arguments: str
    inputs: tuple[Type, ...]
    output: Type
    macs: int | None
    made: Position | None
    called: Position | None


@record(eq=False)
class Survey:
    """One derivation of a plan with all calls that have ended, in that order, with formulas where dims allow it."""

    calls: Sequence[Seen]
    trace: Trace

    def made_on(self, source: str, line: int) -> list[Seen]:
        """The calls of layers that are made on a line, counted from 1, of a file by its name."""
        return [call for call in self.calls if _is_on(call.made, source, line)]

    def called_on(self, source: str, line: int) -> list[Seen]:
        """The calls that stand on a line."""
        return [call for call in self.calls if _is_on(call.called, source, line)]


@record(eq=False)
class Analysis:
    """One text. ``texts`` are those of all open files, by path; ``validation`` is None for what is no spec.

    ``seconds`` is how long it took.
    """

    path: Path
    text: str
    texts: Mapping[Path, str]
    bound: Bound
    validation: Validation | None
    seconds: float = 0.0

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Its errors and warnings."""
        return () if self.validation is None else self.validation.problems

    @property
    def name(self) -> str:
        """What messages call it."""
        return display_name(self.path, Path.cwd())

    @property
    def is_too_large(self) -> bool:
        """Whether no spec may be so long, so that nothing is looked for in it."""
        return len(self.text) > current_limits().bytes

    def lines(self, encoding: str) -> Lines:
        """The text by its lines."""
        return Lines(self.text, encoding)

    @cached_property
    def survey(self) -> Survey | None:
        """Its calls; None where it can't be derived at all, or takes too long."""
        plan = None if self.validation is None else self.validation.plan
        if plan is None:
            return None
        # What ends it is told as a problem already.
        with suppress(LayercliError, SizeTooComplex), self.bound():
            return survey_plan(plan)
        return None

    def find_file(self, position: Position) -> Path | None:
        """The file that a position is in; None where that can't be told."""
        if self.is_own(position.source):
            return self.path
        path = Path(os.path.abspath(position.file))
        plan = None if self.validation is None else self.validation.plan
        if plan is not None:
            found = {display_name(file, Path.cwd()): file for file in plan.spec.import_paths}
            path = found.get(position.file, path)
        return path if path in self.texts or path.is_file() else None

    def find_import(self, position: Position) -> Position | None:
        """Where this text imports the file that a position is in, perhaps through others."""
        try:
            imports = read_document(Source(self.name, self.text.removeprefix("\ufeff"))).get("imports")
        except LayercliError:
            return None
        if not isinstance(imports, Entries) or not imports.entries:
            return None
        wanted = self.find_file(position)
        for _, value in imports.entries:
            if isinstance(value, Scalar) and _join(self.path, value.text.text.strip()) == wanted:
                return value.position
        return imports.entries[0][0].position

    def is_own(self, source: Source) -> bool:
        """Whether positions in a source are in this text."""
        return source.name == self.name


def _join(path: Path, target: str) -> Path:
    return Path(os.path.abspath(path.parent / target))


def analyse(path: Path, texts: Mapping[Path, str], bound: Bound) -> Analysis:
    """Look at the text of an open file; whatever goes wrong is a problem of it."""
    text, start = texts[path], perf_counter()
    validation = None
    if looks_like_spec(text):
        name = display_name(path, Path.cwd())
        validation = run_bounded(lambda: validate_spec(path, name, texts=texts), name, bound)
    return Analysis(path, text, texts, bound, validation, perf_counter() - start)


def run_bounded(validate: Callable[[], Validation], name: str, bound: Bound) -> Validation:
    """A validation within its limits; what ends it otherwise is its only problem."""
    try:
        with bound():
            return validate()
    except LayercliError as error:
        return Validation(name, error.problems, error.exit_code)
    except Exception as error:
        hint = "this is a bug of layercli: please report it with the spec"
        problem = Problem("internal", f"{type(error).__name__}: {error}", hint=hint)
        return Validation(name, (problem,), 2)


def survey_plan(plan: Plan) -> Survey:
    """The calls of a plan. Raises SpecError where no layer or input can be made."""
    share = plan.root.modules > MAX_APART
    if plan.dims and not plan.symbolic:
        with suppress(LayercliError, SizeTooComplex):
            return _watch(name_sizes(plan), share)
    return _watch(plan, share)


def _watch(plan: Plan, share: bool) -> Survey:
    calls: list[Seen] = []

    def see(call: Call) -> None:
        draft = call.draft
        if len(calls) < MAX_SEEN:
            is_layer = draft.kind == "layer"
            calls.append(
                Seen(
                    path=draft.path,
                    type=draft.type,
                    is_layer=is_layer,
                    arguments=draft.arguments,
                    inputs=draft.inputs,
                    output=draft.output,
                    macs=None if draft.macs is None else as_int(draft.macs),
                    made=draft.position if is_layer else None,
                    called=call.site,
                )
            )

    watched = watch_plan(plan, see, share=share)
    return Survey(calls, watched.trace)


def _is_on(position: Position | None, source: str, line: int) -> bool:
    return position is not None and position.line == line and position.file == source
