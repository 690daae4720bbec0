"""Generated whole models with both engines: ``python -W ignore -m tests.derive.generated --count 10000``.

PyTorch and the rules have to take the same models with the same traces, or refuse them at the same row; formulas over
dims have to say what a run at other sizes says. Each model is tried in a process apart, so that a kernel of PyTorch that
ends the process, or never returns, is found and named. The same seed gives the same models.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

import layercli
from layercli.catalogue.functions import FUNCTIONS
from layercli.catalogue.layers import LAYERS
from layercli.catalogue.methods import METHODS
from layercli.catalogue.sizes import SizeTooComplex, as_int
from layercli.catalogue.tensors import Tensor
from layercli.derive.admissible import find_admissible
from layercli.derive.engine import TypeKind
from layercli.derive.session import derive_conditions, derive_plan
from layercli.engines import print_model
from layercli.errors import CommandError, LayercliError, Source, SpecError
from layercli.lock import format_lock, lock_from_trace, parse_lock
from layercli.plan.records import Plan
from layercli.run.session import trace_plan
from layercli.run.tracer import TorchKind
from layercli.trace import TensorType, Trace, Type, format_type, iterate_tensor_types
from layercli.trace.agreement import compare_traces
from layercli.trace.failure import TraceFailed
from tests.derive.drawn_models import Model, draw_model, list_smaller
from tests.derive.proving import VALUE_ERRORS, strides_of

#: Other sizes at which each model with dims is tried.
OTHERS = 3
#: Of so many models with dims one is asked which sizes it takes.
ASKED = 8
#: Seconds that one model may take, and checks while it is made smaller.
SECONDS = 120.0
MOST_CHECKS = 250


#: What the language refuses although PyTorch does it.
ONLY_OURS = frozenset({"value-dependent", "tie-shapes", "tie-lazy"})


@dataclass
class Verdict:
    """What came of one model. ``kind`` is empty where all agree, else says what differs, and ``text`` how.

    ``outcome`` is ``legal``, ``refused``, ``by value`` (only values decide) or ``unreadable`` (the language has no such
    thing), ``counts`` what was compared, ``types`` the layers and operations that ran.
    """

    outcome: str = ""
    kind: str = ""
    text: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)


class Differs(Exception):
    """The engines differ about a model."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind, self.text = kind, text


class ByValue(Exception):
    """PyTorch refuses a value, which no type can show."""


def run_model(plan: Plan) -> Trace | SpecError:
    """The trace of a run on the CPU, or why PyTorch refuses. Raises ByValue."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return trace_plan(plan, device="cpu")[0]
        except SpecError as error:
            notes = " ".join(text for problem in error.problems for text in (problem.message, *problem.notes))
            if VALUE_ERRORS.search(notes):
                raise ByValue(notes) from None
            return error


def derive_model(plan: Plan) -> Trace | SpecError:
    """The trace by the rules, or why they refuse."""
    try:
        return derive_plan(plan)
    except SpecError as error:
        return error


def tell(outcome: Trace | SpecError) -> str:
    """An outcome in a line or two."""
    if isinstance(outcome, Trace):
        return f"accepts it: {format_type(outcome.output)}"
    problem = outcome.problems[0]
    row = _find_failed(outcome) if isinstance(outcome, TraceFailed) else "while it is made"
    return f"refuses it ({row}): {problem.message} {' '.join(problem.notes)}"


def _find_failed(error: TraceFailed) -> str:
    return next((row.path for row in reversed(error.trace.rows) if not row.finished), "the model")


def compare_outcomes(run: Trace | SpecError, derived: Trace | SpecError) -> None:
    """Raises Differs unless both are the same trace, or refusals at the same row."""
    both = f"PyTorch {tell(run)}\nthe derivation {tell(derived)}"
    if isinstance(run, Trace) != isinstance(derived, Trace):
        raise Differs("only one refuses", both)
    if isinstance(run, Trace) and isinstance(derived, Trace):
        found = compare_traces(run, derived)
        if found:
            raise Differs("traces", "\n".join(map(str, found[:4])))
        return
    assert isinstance(run, SpecError)
    assert isinstance(derived, SpecError)
    if isinstance(run, TraceFailed) != isinstance(derived, TraceFailed):
        raise Differs("refused at other places", both)
    if isinstance(run, TraceFailed) and isinstance(derived, TraceFailed):
        found = compare_traces(run.trace, derived.trace)
        if found:
            raise Differs("rows before a refusal", f"{both}\n" + "\n".join(map(str, found[:4])))
        return
    places = [
        [problem.position and problem.position.line for problem in error.problems] for error in (run, derived)
    ]
    if places[0][:1] != places[1][:1]:
        raise Differs("refused at other lines", f"{both}\n{places[0]} and {places[1]}")


def list_types(trace: Trace) -> list[TensorType]:
    values = [*(value for _, value in trace.inputs), *(row.output for row in trace.rows), trace.output]
    return [tensor for value in values for tensor in iterate_tensor_types(value)]


def evaluate_types(trace: Trace, sizes: Mapping[str, int]) -> list[TensorType]:
    """The types of all rows, the formulas worked out as Python reads them."""
    names: dict[str, Any] = {**sizes, "min": min, "max": max, "__builtins__": {}}
    return [
        TensorType(tensor.dtype, tuple(eval(str(size), names) for size in tensor.symbolic or ()))
        for tensor in list_types(trace)
    ]


def check_model(model: Model, path: Path, number: int = 0, *, symbols: bool = True) -> Verdict:
    """What both engines say of a model, which is written to ``path``; with ``symbols`` at other sizes, too."""
    verdict = Verdict()
    path.write_text(model.write(), "utf-8")
    try:
        _check(model, path, verdict, number if symbols else None)
    except Differs as error:
        verdict.kind, verdict.text = error.kind, error.text
    except ByValue:
        verdict.outcome = "by value"
    except (LayercliError, RecursionError, MemoryError) as error:
        verdict.kind, verdict.text = "unexpected", f"{type(error).__name__}: {error}"
    except Exception as error:
        import traceback

        verdict.kind, verdict.text = "unexpected", f"{error!r}\n{''.join(traceback.format_exc()[-900:])}"
    return verdict


def _check(model: Model, path: Path, verdict: Verdict, number: int | None) -> None:
    try:
        plan = layercli.load(path)
    except LayercliError as error:
        verdict.outcome = "unreadable"
        problem = error.problems[0]
        verdict.counts[f"unreadable: {problem.code}"] = 1
        if model.output is not None:
            verdict.text = f"{problem.code}: {problem.message}"
        return
    run, derived = run_model(plan), derive_model(plan)
    verdict.outcome = "legal" if isinstance(run, Trace) else "refused"
    compare_outcomes(run, derived)
    if isinstance(run, SpecError):
        if isinstance(run, TraceFailed):
            verdict.counts["rows"] = len(run.trace.rows)
        if model.output is not None and run.problems[0].code not in ONLY_OURS:
            raise Differs("plain PyTorch runs it", tell(run))
        return
    assert isinstance(derived, Trace)
    verdict.counts["rows"] = len(run.rows)
    verdict.types = sorted({row.type for row in run.rows})
    if model.broken:
        raise Differs("plain PyTorch refuses it", model.broken)
    if model.output is not None and format_type(model.output) != format_type(run.output):
        both = f"plain: {format_type(model.output)}\nrun: {format_type(run.output)}"
        raise Differs("plain PyTorch gives another output", both)
    check_locks(plan, run, derived)
    check_print(plan)
    check_layouts(plan, verdict)
    if plan.dims and number is not None:
        check_symbols(plan, path, derived, random.Random(f"sizes {number}"), verdict)


def check_print(plan: Plan) -> None:
    """What ``print`` shows is the same by both engines. Raises Differs."""
    built, derived = print_model(plan, "run"), print_model(plan, "derive")
    if built != derived:
        raise Differs("printed", f"{built}\n{derived}")


def describe_layouts(kind: type[TorchKind] | type[TypeKind]) -> AbstractContextManager[Any]:
    """Inside, rows name the layout of each tensor beside its dtype."""
    plain = kind.type_of

    def type_of(self: Any, value: Any) -> Type:
        if isinstance(value, (torch.Tensor, Tensor)):
            known = plain(self, value)
            assert isinstance(known, TensorType)
            return TensorType(f"{known.dtype} {strides_of(value)}", known.shape)
        if isinstance(value, (tuple, list)):
            return tuple(type_of(self, item) for item in value)
        return plain(self, value)

    return patch.object(kind, "type_of", type_of)


def check_layouts(plan: Plan, verdict: Verdict) -> None:
    """The strides of every row's output are the same by both engines, where a rule knows them. Raises Differs."""
    with describe_layouts(TorchKind), describe_layouts(TypeKind):
        run, derived = run_model(plan), derive_model(plan)
    assert isinstance(run, Trace)
    assert isinstance(derived, Trace)
    for row, other in zip(run.rows, derived.rows, strict=True):
        pairs = zip(iterate_tensor_types(row.output), iterate_tensor_types(other.output), strict=True)
        for one, said in pairs:
            if said.dtype.endswith("?"):
                continue
            verdict.counts["layouts"] = verdict.counts.get("layouts", 0) + 1
            if one.dtype != said.dtype:
                raise Differs("layouts", f"{row.path}: {one} on PyTorch and {said} by derivation")


def check_locks(plan: Plan, run: Trace, derived: Trace) -> None:
    """The lock of a derivation is that of a run, and is read as it was written. Raises Differs."""
    given: dict[str, Any] = {
        "dtype": plan.dtype,
        "tie": [(item.name, item.target) for item in plan.tie],
        "freeze": [glob.pattern for glob in plan.freeze],
    }
    one, other = lock_from_trace(run, **given), lock_from_trace(derived, **given)
    text = format_lock(one)
    if text != format_lock(other):
        raise Differs("locks", "the lock of the derivation is another")
    if parse_lock(Source("drawn.lock", text)) != one:
        raise Differs("locks", "the lock isn't read as it was written")


def check_symbols(plan: Plan, path: Path, derived: Trace, draw: random.Random, verdict: Verdict) -> None:
    """Formulas and conditions against runs at other sizes. Raises Differs."""
    traced = {name: as_int(size) for name, size in plan.dims.items()}
    symbolic = layercli.load(path, symbolic=[*traced])
    try:
        formulas = derive_plan(symbolic)
        derivation = derive_conditions(symbolic)
    except (CommandError, SizeTooComplex) as error:
        if isinstance(error, CommandError) and error.problems[0].code != "formula-too-long":
            raise
        verdict.counts["formulas too long"] = 1
        return
    except SpecError as error:
        raise Differs("symbols refuse", tell(error)) from None
    found = compare_traces(derived, formulas)
    if found:
        raise Differs("symbols change the trace", "\n".join(map(str, found[:4])))
    if evaluate_types(formulas, traced) != list_types(derived):
        raise Differs("formulas at the traced sizes", "another type")
    verdict.counts["with dims"] = 1
    for _ in range(OTHERS):
        sizes = draw_sizes(traced, draw)
        if sizes == traced:
            continue
        try:
            check_sizes(path, sizes, formulas, derivation.conditions, verdict)
        except ByValue:
            continue
    # A loop over a dim is followed for each size.
    if draw.randrange(ASKED) == 0 and "range(" not in path.read_text("utf-8"):
        check_admissible(path, traced, draw, verdict)


def draw_sizes(traced: Mapping[str, int], draw: random.Random) -> dict[str, int]:
    """Other sizes of one dim or several."""
    chosen = draw.sample([*traced], draw.randint(1, len(traced)))
    return {
        name: draw.choice((0, 1, 1, 2, 3, size + 1, max(size - 1, 0), 2 * size, size + 2, 4, 7))
        if name in chosen
        else size
        for name, size in traced.items()
    }


def try_sizes(path: Path, sizes: Mapping[str, int]) -> Trace | SpecError:
    """Both engines at other sizes. Raises Differs, ByValue."""
    try:
        plan = layercli.load(path, dims=sizes)
    except SpecError as error:
        return error
    run, derived = run_model(plan), derive_model(plan)
    try:
        compare_outcomes(run, derived)
    except Differs as error:
        raise Differs(f"{error.kind} at other sizes", f"{dict(sizes)}\n{error.text}") from None
    return run


def check_sizes(
    path: Path,
    sizes: Mapping[str, int],
    formulas: Trace,
    conditions: Sequence[tuple[str, Any]],
    verdict: Verdict,
) -> None:
    """One set of other sizes: where the conditions hold, the run is what the formulas say. Raises Differs, ByValue."""
    broken = next(((place, item) for place, item in conditions if not item.holds(sizes)), None)
    run = try_sizes(path, sizes)
    verdict.counts["other sizes"] = verdict.counts.get("other sizes", 0) + 1
    if broken is None:
        if isinstance(run, SpecError):
            raise Differs("the conditions hold", f"at {dict(sizes)} PyTorch {tell(run)}")
        if [row.path for row in run.rows] != [row.path for row in formulas.rows]:
            raise Differs("the conditions hold", f"at {dict(sizes)} there are other rows")
        for said, is_so in zip(evaluate_types(formulas, sizes), list_types(run), strict=True):
            if said != is_so:
                raise Differs(
                    "the conditions hold", f"at {dict(sizes)} the formulas say {said} and PyTorch {is_so}"
                )
        verdict.counts["sizes as said"] = verdict.counts.get("sizes as said", 0) + 1
        return
    kind = "sizes refused" if isinstance(run, SpecError) else "sizes otherwise"
    if isinstance(run, Trace) and [row.path for row in run.rows] == [row.path for row in formulas.rows]:
        try:
            if evaluate_types(formulas, sizes) == list_types(run):
                kind = "sizes the same"
        except ArithmeticError:
            pass
    verdict.counts[kind] = verdict.counts.get(kind, 0) + 1


def check_admissible(path: Path, traced: Mapping[str, int], draw: random.Random, verdict: Verdict) -> None:
    """The sizes that ``layercli dims`` tells of one dim, against runs. Raises Differs."""
    dim = draw.choice([*traced])
    found = find_admissible(
        dim, traced[dim], lambda size: layercli.load(path, dims={dim: size}, symbolic=[dim])
    )
    tried = {0, 1, 2, 3, traced[dim], traced[dim] + 1}
    for item in found.accepted:
        for end in (item.first, item.last):
            if end is not None:
                tried |= {end - 1, end, end + 1, end + item.step}
    for size in sorted(tried):
        if not 0 <= size <= min(40, found.known_to if found.known_to is not None else 40):
            continue
        try:
            accepted = isinstance(try_sizes(path, {**traced, dim: size}), Trace)
        except ByValue:
            continue
        if accepted != (size in found):
            shown = ", ".join(map(str, found.accepted))
            raise Differs(
                "admissible sizes",
                f"{dim} = {size}: PyTorch {'takes' if accepted else 'refuses'} it; told: {shown}",
            )
        verdict.counts["sizes asked"] = verdict.counts.get("sizes asked", 0) + 1


#: Disagreements that show without other sizes.
AT_ONCE = frozenset(
    {
        "only one refuses",
        "traces",
        "refused at other places",
        "rows before a refusal",
        "refused at other lines",
        "locks",
        "printed",
        "layouts",
    }
)


def make_smaller(model: Model, kind: str, path: Path, number: int) -> Model:
    """The smallest model found that has the same kind of disagreement."""
    if kind.startswith("plain PyTorch"):
        return model
    smallest = replace(model, broken="", output=None)
    left, ends = MOST_CHECKS, time.monotonic() + SECONDS / 2
    while True:
        for smaller in list_smaller(smallest):
            left -= 1
            if left < 0 or time.monotonic() > ends:
                return smallest
            try:
                same = check_model(smaller, path, number, symbols=kind not in AT_ONCE).kind == kind
            except Exception:
                continue
            if same:
                smallest = smaller
                break
        else:
            return smallest


# The long profile ----------------------------------------------------------------------------------------------


def _work(seed: int, folder: str, link: Connection) -> None:
    """Try the models whose numbers come in."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    path = Path(folder) / f"trying-{os.getpid()}.yaml"
    while (number := link.recv()) is not None:
        try:
            model = draw_model(random.Random(f"{seed} {number}"))
        except Exception as error:
            link.send(asdict(Verdict("not drawn", "not drawn", repr(error))))
            continue
        verdict = check_model(model, path, number)
        if verdict.kind:
            smallest = make_smaller(model, verdict.kind, path, number)
            said = check_model(smallest, path, number)
            said = said if said.kind == verdict.kind else verdict
            comment = "".join(f"# {line}\n" for line in f"{number}: {said.kind}\n{said.text}".splitlines())
            (Path(folder) / f"{number:06}.yaml").write_text(comment + smallest.write(), "utf-8")
            verdict.text = said.text
        link.send(asdict(verdict))
    path.unlink(missing_ok=True)


@dataclass
class Worker:
    """A process, what it tries, and since when."""

    process: Any
    link: Connection
    number: int | None = None
    since: float = 0.0


def _start(seed: int, folder: str) -> Worker:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(seed, folder, there), daemon=True)
    process.start()
    there.close()
    return Worker(process, here)


def try_models(
    seed: int, numbers: Sequence[int], processes: int, folder: str
) -> Iterator[tuple[int, Verdict]]:
    """The verdict on each model, as they come. One that ends its process, or takes too long, is told as such."""
    pending = iter(numbers)
    workers = [_start(seed, folder) for _ in range(min(processes, len(numbers)))]

    def give(worker: Worker) -> None:
        worker.number, worker.since = next(pending, None), time.monotonic()
        worker.link.send(worker.number)

    for worker in workers:
        give(worker)
    while any(worker.number is not None for worker in workers):
        busy = [worker for worker in workers if worker.number is not None]
        ready = wait([worker.link for worker in busy], timeout=5.0)
        for place, worker in enumerate(workers):
            number = worker.number
            if number is None:
                continue
            late = time.monotonic() - worker.since > 2 * SECONDS
            if worker.link not in ready and not late:
                continue
            try:
                if late and worker.link not in ready:
                    raise EOFError
                verdict = Verdict(**worker.link.recv())
            except (EOFError, ConnectionError):
                worker.process.kill()
                worker.process.join()
                yield number, Verdict(outcome="never ended" if late else "ended its process")
                worker = workers[place] = _start(seed, folder)
                give(worker)
                continue
            yield number, verdict
            give(worker)
    for worker in workers:
        worker.process.join(10)


def main() -> int:
    """Print the counts and each disagreement; 1 where there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="models to try")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--folder", default="", help="where models that differ are written")
    parser.add_argument("--only", type=int, nargs="*", help="numbers to try alone")
    options = parser.parse_args()
    folder = options.folder or tempfile.mkdtemp(prefix="layercli-generated-")
    Path(folder).mkdir(parents=True, exist_ok=True)
    numbers = options.only or range(options.first, options.first + options.count)
    outcomes: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for number, verdict in try_models(options.seed, numbers, options.processes, folder):
        outcomes[verdict.outcome] += 1
        counts.update(verdict.counts)
        types.update(verdict.types)
        if verdict.kind:
            kinds[verdict.kind] += 1
            print(f"{number} {verdict.kind}: {verdict.text[:600]}", flush=True)
        elif verdict.outcome in ("ended its process", "never ended") or verdict.text:
            print(f"{number} {verdict.outcome}: {verdict.text}", flush=True)
        if sum(outcomes.values()) % 500 == 0:
            print(f"# {sum(outcomes.values())} tried, {sum(kinds.values())} disagreements", flush=True)
    layers, operations = types.keys() & LAYERS.keys(), types.keys() & (FUNCTIONS.keys() | METHODS.keys())
    print(json.dumps({"outcomes": outcomes, "counts": counts, "disagreements": kinds}, indent=1))
    print(
        f"{len(layers)} of {len(LAYERS)} layers, {len(operations)} operations, models that differ are in {folder}"
    )
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
