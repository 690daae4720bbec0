"""Kernels under hostile values: ``python -W ignore -m tests.fuzz.kernels --count 200 [--only NAME,NAME]``.

Calls of every entry of the catalogue that runs a kernel are drawn (``tests.derive.draws``): of functions, methods, operators
and layers, the constructors of these, too. Their tensors and numbers are filled with what an index, a length or a divisor
mustn't be. Whatever comes of it, the process has to go on: each entry is tried in a process apart, and a call that ends it, or
takes too long, is shown with the signal.

Left out is what runs nothing: the containers that are never called (``ModuleList`` and the like), and the layers that no spec
may use.
"""

from __future__ import annotations

import argparse
import ast
import multiprocessing
import os
import random
import resource
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

import torch
from hypothesis import HealthCheck, Phase, given, seed, settings

from layercli.build.builder import _Maker
from layercli.build.engine import TorchEngine
from layercli.errors import LayercliError, SpecError
from layercli.spec.values import FunctionValue, Site
from tests.derive.draws import Drawn, draw_calls, list_entries, spell
from tests.derive.proving import evaluate, plan_layer

#: What no index, length, count or divisor should be: small steps past an end, and values that wrap around.
WHOLE = (
    "-1", "0", "1", "2", "5", "7", "1000", "2 ** 20", "2 ** 31 - 1", "2 ** 31", "2 ** 32 + 1", "2 ** 40", "2 ** 62",
    "2 ** 63 - 1", "-2", "-(2 ** 31)", "-(2 ** 40)", "-(2 ** 63)",
)  # fmt: skip
EDGES = ("-(2 ** 63)", "-(2 ** 63)", "-1", "-1", "0", "2 ** 63 - 1", "64", "1000")
#: Words that choose another kernel.
WORDS = {
    "floor": ("trunc", "trunc"),
    "mean": ("sum", "none", "max"),
    "sum": ("mean", "none"),
    "bilinear": ("nearest", "bicubic"),
    "zeros": ("border", "reflection"),
    "nearest": ("bilinear", "bicubic", "area", "linear"),
    "constant": ("reflect", "circular"),
}
REAL = (
    "math.inf - math.inf",
    "math.inf",
    "-math.inf",
    "1e30",
    "-1e30",
    "-1.0",
    "2.0",
    "1e9",
    "0.0",
    "1e-38",
    "-0.999",
)
#: What makes a tensor in a drawn call, and whether of whole numbers.
_FACTORIES = {
    "rand": False, "randn": False, "randint": True, "zeros": False, "ones": False, "tensor": True, "arange": True,
    "full": False,
}  # fmt: skip

SECONDS = 20.0
#: Less than what takes long only because it is large.
MEMORY = 2 * 2**30
#: Of one entry no more calls are looked for that end the process.
MOST_FOUND = 12


def make_hostile(text: str, source: random.Random) -> str:
    """A call, or its arguments, with hostile values in one to three of its tensors and numbers."""
    tree = ast.parse(f"f({text})", mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in WORDS and source.random() < 0.5:
            node.value = source.choice(WORDS[node.value])
    if source.random() < 0.25:
        # What only tensors of whole numbers do, such as dividing the least one by -1.
        for old in dict.fromkeys(_list_places(tree)):
            if isinstance(old, ast.Call):
                new = f"({ast.unparse(old)}).long().fill_({source.choice(EDGES)})"
                tree = _Put(old, ast.parse(new, mode="eval").body).visit(tree)
            elif isinstance(old, ast.Constant) and type(old.value) is int and source.random() < 0.5:
                tree = _Put(old, ast.parse(source.choice(EDGES), mode="eval").body).visit(tree)
        return ast.unparse(ast.fix_missing_locations(tree))[2:-1]
    for _ in range(source.randint(1, 3)):
        places = list(_list_places(tree))
        if not places:
            break
        old = source.choice(places)
        tree = _Put(old, _spoil(old, source)).visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree))[2:-1]


def _list_places(tree: ast.AST) -> Iterator[ast.expr]:
    """The factories of tensors, three times each, and the plain numbers outside of them."""
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in _FACTORIES:
        yield from (tree,) * 3
        return
    if isinstance(tree, ast.Constant) and type(tree.value) in (int, float):
        yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _list_places(child)


def _spoil(node: ast.expr, source: random.Random) -> ast.expr:
    if isinstance(node, ast.Constant):
        text = source.choice(WHOLE if isinstance(node.value, int) else REAL)
        return ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    whole = _FACTORIES[node.func.id] or "int" in ast.unparse(node)
    value = source.choice(WHOLE if whole else REAL)
    made = ast.unparse(node)
    kind = source.randrange(4)
    if kind == 0:
        text = f"({made}).index_fill(0, tensor(0), {value})"
    elif kind == 1:
        text = f"({made}).index_fill(-1, tensor(-1), {value})"
    elif kind == 2 and whole:
        text = (
            f"(({made}).fill_({value}) // {source.choice(WHOLE)})" if value != "0" else f"({made}).fill_(0)"
        )
    else:
        text = f"({made}).fill_({value})"
    return ast.parse(text, mode="eval").body


class _Put(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.expr) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else self.generic_visit(node)


def list_called() -> list[str]:
    """The entries of the catalogue that run a kernel."""
    return [entry for entry, samples in list_entries().items() if samples]


def make_layer(constructor: str) -> torch.nn.Module:
    """The module that a constructor's call makes. Raises SpecError."""
    maker = _Maker(torch.device("cpu"))
    layer = maker.make_layer(plan_layer(constructor))
    if maker.problems:
        raise SpecError(*maker.problems)
    return layer


class _LayerEngine(TorchEngine):
    """Calls a layer wherever ``relu`` is called."""

    def __init__(self, layer: torch.nn.Module) -> None:
        super().__init__(None, torch.device("cpu"))
        self.layer = layer

    def call_function(
        self, function: FunctionValue, arguments: list[Any], keywords: dict[str, Any], site: Site
    ) -> Any:
        if function.entry.name == "relu":
            return self.call_layer(self.layer, arguments, keywords, site)
        return super().call_function(function, arguments, keywords, site)


def run_call(drawn: Drawn) -> None:
    """Make the call on PyTorch as a run does. Raises LayercliError for what is refused."""
    torch.default_generator.manual_seed(0)
    if drawn.constructor:
        layer = make_layer(drawn.constructor).train(drawn.train)
        evaluate(_LayerEngine(layer), f"relu({drawn.text})")
    else:
        evaluate(TorchEngine(None, torch.device("cpu")), drawn.text)


def _try_in_child(entry: str, start: int, count: int, reports: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    source = random.Random(f"{entry} {start}")
    tried = 0

    def attempt(drawn: Drawn) -> None:
        nonlocal tried
        text, constructor = drawn.text, drawn.constructor
        # The sizes of a layer reach its kernel, too, as long as it can be made with them.
        if constructor and source.random() < 0.4:
            constructor = make_hostile(constructor, source)
        if constructor == drawn.constructor or source.random() < 0.5:
            text = make_hostile(text, source)
        hostile = Drawn(drawn.callee, text, constructor, drawn.train)
        reports.send(str(hostile))
        tried += 1
        try:
            run_call(hostile)
        except LayercliError:
            pass
        except Exception as error:
            reports.send(f"!{type(error).__name__}: {error}"[:300])
        reports.send("")

    samples = [spell(sample) for sample in list_entries()[entry]]
    # A layer does something else while it is trained.
    samples += [Drawn(each.callee, each.text, each.constructor, True) for each in samples if each.constructor]
    for number in range(count):
        if tried >= count:
            return
        if number % 4 < 3:
            for _ in range(10):
                attempt(source.choice(samples))
        else:
            _draw_some(entry, start * 1000 + number, attempt)


def _draw_some(entry: str, number: int, attempt: Any) -> None:
    @seed(number)
    @settings(
        max_examples=20,
        database=None,
        derandomize=False,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(draw_calls(entry))
    def draw(drawn: Drawn) -> None:
        attempt(drawn)

    draw()


@dataclass
class _Job:
    """An entry in work: its process, the call that is being tried, what was found."""

    entry: str
    count: int
    tried: int = 0
    rounds: int = 0
    found: list[str] = field(default_factory=list)
    trying: str = ""
    since: float = 0.0
    process: Any = None
    reports: Any = None

    def start(self) -> None:
        context = multiprocessing.get_context("fork")
        self.reports, theirs = context.Pipe(duplex=False)
        self.rounds += 1
        left = self.count - self.tried
        arguments = (self.entry, self.rounds, left, theirs)
        self.process = context.Process(target=_try_in_child, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        self.trying, self.since = "", time.monotonic()

    def read(self) -> bool:
        """Take what has come; False where the process has ended."""
        try:
            while self.reports.poll():
                text = self.reports.recv()
                if text.startswith("!"):
                    self.found.append(f"{self.trying}\n    {text[1:]}")
                    continue
                self.trying, self.since = text, time.monotonic()
                self.tried += bool(text)
        except EOFError:
            return False
        return True

    def end(self, late: bool) -> bool:
        """Note what ended the process; True where another one goes on."""
        if late:
            self.process.kill()
        self.process.join()
        self.reports.close()
        if not self.trying:
            return False
        code = self.process.exitcode
        why = (
            f"more than {SECONDS:.0f} s"
            if late
            else signal.Signals(-code).name
            if code < 0
            else f"exit {code}"
        )
        self.found.append(f"{self.trying}\n    {why}")
        return len(self.found) < MOST_FOUND and self.tried < self.count


def try_entries(entries: Sequence[str], count: int, processes: int) -> Iterator[_Job]:
    """Try ``count`` calls of each entry, and give what came of it as soon as it is done."""
    waiting = list(reversed(entries))
    jobs: list[_Job] = []
    while waiting or jobs:
        while waiting and len(jobs) < processes:
            jobs.append(_Job(waiting.pop(), count))
            jobs[-1].start()
        wait([job.reports for job in jobs], timeout=1.0)
        for job in list(jobs):
            late = bool(job.trying) and time.monotonic() - job.since > SECONDS
            if job.read() and not late:
                continue
            if job.end(late):
                job.start()
            else:
                jobs.remove(job)
                yield job


def main() -> int:
    """The command; 1 where a call ended its process, took too long, or raised what isn't ours."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.kernels", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="calls of each entry")
    parser.add_argument("--only", default="", help="entries, separated by commas")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    entries = options.only.split(",") if options.only else list_called()
    tried = found = 0
    for number, job in enumerate(try_entries(entries, options.count, options.processes), start=1):
        tried, found = tried + job.tried, found + len(job.found)
        if job.found:
            print(
                f"[{number}/{len(entries)}] {job.entry}: {len(job.found)} of {job.tried:,} calls", flush=True
            )
            for text in job.found:
                print(f"  {text}", flush=True)
    print(f"{tried:,} calls of {len(entries)} entries, {found:,} of them didn't end as they should")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
