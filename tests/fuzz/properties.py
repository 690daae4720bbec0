"""What holds for every text that is given as a spec: each function raises AssertionError where it doesn't."""

from __future__ import annotations

import ast
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from layercli.derive.session import derive_plan
from layercli.errors import LayercliError, Position, Problem, Source, draw_problems
from layercli.lock import format_lock, lock_from_trace, parse_lock
from layercli.plan.planner import plan_model
from layercli.report import TRACE_FORMATS, TraceOptions
from layercli.spec.document import Text
from layercli.spec.expressions import parse_expression
from layercli.spec.model import Spec
from layercli.spec.reader import read_spec
from layercli.validation import Validation, validate_spec
from tests.fuzz.specs import Drawn
from tests.loud import loud_diagnosis
from tests.spec.printed import check_printed

#: Seconds that one spec may take; none takes a tenth of it on a machine that does nothing else.
SECONDS = 60


@contextmanager
def time_limit(seconds: int = SECONDS) -> Iterator[None]:
    """Fail where something goes on for ever."""

    def fail(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"this takes more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def check_spec(drawn: Drawn, path: Path) -> str:
    """All of what follows, of a spec that is written to ``path``: ``valid`` or the code of its first error."""
    path.write_bytes(drawn.data)
    with time_limit(), loud_diagnosis():
        validation = validate_spec(path, "net.yaml")
        printed = print_again(path)
    check_problems(validation)
    errors = [problem for problem in validation.problems if problem.severity == "error"]
    assert bool(errors) == (validation.exit_code != 0)
    if errors:
        assert not drawn.python, f"a valid spec is refused: {errors[0].code}: {errors[0].message}"
        return errors[0].code
    assert validation.trace is not None
    with time_limit():
        check_printing(validation)
        assert printed is not None
        check_lock(validation, printed)
    return "valid"


def check_problems(validation: Validation) -> None:
    """Every problem has a code, a sentence, and places inside its file; a spec that is wrong has one at least."""
    for problem in validation.problems:
        assert problem.code
        assert problem.message
        for place in list_places(problem):
            check_position(place)
        for edit in (edit for mend in problem.mends for edit in mend.edits):
            # What is put in replaces nothing.
            check_position(edit.position, least=0)
        # Only what is wrong with the file as a whole stands nowhere in it.
        assert problem.position is not None or problem.code in ("file-too-large", "out-of-memory"), problem
    assert re.fullmatch(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f]*", draw_problems(validation.problems))


def list_places(problem: Problem) -> Iterator[Position]:
    """Where a problem and its labels stand."""
    if problem.position is not None:
        yield problem.position
    yield from (label.position for label in problem.labels)


def check_position(place: Position, least: int = 1) -> None:
    """A place is inside its file, on one line of it, and ``least`` characters wide."""
    assert 1 <= place.line <= len(place.source.lines)
    length = len(place.source.line(place.line))
    assert 1 <= place.column <= length + 1
    assert least <= place.width <= max(1, length + 1 - (place.column - 1))


def print_again(path: Path) -> Spec | None:
    """A spec that can be read, perhaps with mistakes in what it says, is printed and read again as the same."""
    try:
        spec = read_spec(path, "net.yaml")
    except LayercliError:
        return None
    return None if spec.problems else check_printed(spec)


def check_lock(validation: Validation, printed: Spec) -> None:
    """The printed spec has the lock of the one that it was printed from."""
    assert validation.trace is not None
    trace = derive_plan(plan_model(printed))
    dtype = printed.dtype
    assert format_lock(lock_from_trace(trace, dtype=dtype)) == format_lock(
        lock_from_trace(validation.trace, dtype=dtype)
    )


def check_printing(validation: Validation) -> None:
    """What is printed of a model is read back as the same: its lock, and every call in it that is an expression."""
    trace, plan = validation.trace, validation.plan
    assert trace is not None
    assert plan is not None
    lock = lock_from_trace(trace, dtype=plan.dtype)
    text = format_lock(lock)
    again = parse_lock(Source("net.lock", text))
    assert format_lock(again) == text
    assert again == lock
    for row in trace.rows:
        if row.kind == "operation":
            check_expression(row.arguments)
    for show in TRACE_FORMATS.values():
        show(trace, TraceOptions())


def check_expression(text: str) -> None:
    """An expression that is printed by Python and read again is the same."""
    try:
        first = parse_expression(Text.whole(Source("printed", text)))
    except LayercliError:
        # A row shows values that no expression makes, such as a dtype inside a tuple, as PyTorch does.
        return
    printed = ast.unparse(first.tree)
    second = parse_expression(Text.whole(Source("printed", printed)))
    assert ast.dump(first.tree) == ast.dump(second.tree)
    assert ast.unparse(second.tree) == printed


def check_state(drawn: Drawn, path: Path) -> None:
    """A valid spec has the keys, shapes and dtypes of ``state_dict`` that the same PyTorch class has, built and derived."""
    import torch
    from torch import nn

    import layercli
    from layercli.engines import list_tensors

    path.write_bytes(drawn.data)
    names: dict[str, Any] = {"nn": nn}
    dtype = torch.float64 if b"dtype: float64" in drawn.data else torch.float32
    with torch.device("meta"):
        exec(f"from collections import OrderedDict\n{drawn.python}", names)
        wanted = names["Net"]().to(dtype).state_dict()
    plan = layercli.load(path)
    derived = [
        (held.name, tuple(held.type.shape)) for held in list_tensors(plan, "derive") if held.persistent
    ]
    assert derived == [(name, tuple(value.shape)) for name, value in wanted.items()]
    built = layercli.build(plan, device="meta").state_dict()
    assert list(built) == list(wanted)
    assert [(value.shape, value.dtype) for value in built.values()] == [
        (value.shape, value.dtype) for value in wanted.values()
    ]
