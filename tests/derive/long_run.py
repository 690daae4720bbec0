"""The long proof: calls of every entry are drawn until enough different ones were legal, and enough illegal.

Each entry is proved in a process of its own, so that a kernel of PyTorch that ends the process, or never returns, is
found and named. What was counted is kept in ``proved.json`` after every entry; a run that was stopped goes on from there.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import torch
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.derive.draws import Drawn, draw_calls, list_entries, read_drawn, spell
from tests.derive.large import compare_large, draw_large
from tests.derive.proving import Verdict, compare, compare_layer, run_on_torch
from tests.derive.sentences import choose_sentences, cut_subject

PROVED = Path(__file__).parent / "proved.json"

#: Different legal calls that an entry needs, and as many illegal ones.
ENOUGH = 100
#: Draws in one round of Hypothesis, and rounds until an entry is given up.
ROUND = 100
ROUNDS = 40
#: Legal calls of an entry that are made too large for a memory, if as many can be, and how many are tried for each.
LARGE = 10
TRIES = 4
#: Seconds that one call may take, and bytes that a process may hold.
SECONDS = 30.0
MEMORY = 12 * 2**30
#: Times that a process may end in one entry, and times that a large call may take too long.
MOST_STOPS = 20
MOST_LATE = 3


@dataclass(frozen=True)
class Proof:
    """What was found of one entry: how many different calls were legal, illegal, disputed, and which ended the process.

    ``large`` counts legal calls of sizes that no memory holds. ``refuses`` has a sentence of each constraint.
    """

    legal: int = 0
    illegal: int = 0
    large: int = 0
    refuses: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        return min(self.legal, self.illegal) >= ENOUGH and not self.differs


def prove_call(drawn: Drawn) -> Verdict:
    """What both engines say of a drawn call."""
    if drawn.constructor:
        return compare_layer(drawn.constructor, drawn.text, train=drawn.train)
    return compare(drawn.text, drawn.callee)


#: What a child reports: the text of a call before it is tried, and the kind and text of its verdict.
Report: TypeAlias = tuple[str, str, str]


def _prove_in_child(entry: str, known: Mapping[str, str], start: int, reports: Connection) -> None:
    """Draw calls and report each before and after it is tried. ``known`` holds the kinds of those tried before."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A kernel that ends the process says so on standard error; the parent names the call.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    warnings.simplefilter("ignore")
    # With one thread PyTorch refuses some transposed convolutions that it takes with several.
    torch.set_num_threads(2 if "transpose" in entry.lower() else 1)
    seen = dict(known)
    name = entry.rpartition(" ")[2]
    taken = [read_drawn(text, name) for text, kind in known.items() if kind == "legal"]

    def count(kind: str) -> int:
        return sum(other == kind for other in seen.values())

    def judge(drawn: Drawn) -> None:
        text = str(drawn)
        if text not in seen:
            reports.send((text, "", ""))
            try:
                verdict = prove_call(drawn)
            except Exception as error:
                verdict = Verdict("differs", f"{text}\n  neither says: {error!r}")
            seen[text] = verdict.kind
            if verdict.kind == "legal":
                taken.append(drawn)
            said = cut_subject(verdict.said, drawn.callee) if verdict.kind == "illegal" else ""
            reports.send((text, verdict.kind, said or verdict.text))

    for sample in list_entries()[entry]:
        judge(spell(sample))
    for number in range(start, start + ROUNDS):
        legal, illegal = count("legal"), count("illegal")
        if min(legal, illegal) >= ENOUGH:
            break
        _draw_round(entry, number, legal < ENOUGH and (illegal >= ENOUGH or number % 2 == 0), judge)
    _judge_large(taken, Random(start), seen, reports)


def _judge_large(taken: Sequence[Drawn], random: Random, seen: dict[str, str], reports: Connection) -> None:
    """Make legal calls large until enough of them were told apart."""
    left = LARGE - sum(kind == "large" for kind in seen.values())
    for drawn in random.sample(taken, min(len(taken), TRIES * LARGE)):
        pair = draw_large(drawn, random)
        if left <= 0 or pair is None or f"large {pair[1]}" in seen:
            continue
        text = f"large {pair[1]}"
        reports.send((text, "", ""))
        try:
            verdict = compare_large(drawn, *pair)
        except Exception as error:
            verdict = Verdict("differs", f"{text}\n  neither says: {error!r}")
        seen[text] = "large" if verdict.kind == "legal" else verdict.kind
        left -= verdict.kind == "legal"
        reports.send((text, seen[text], verdict.text))


def _draw_round(entry: str, number: int, gentle: bool, judge: Any) -> None:
    @seed(number)
    @settings(
        max_examples=ROUND,
        database=None,
        derandomize=False,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(draw_calls(entry, gentle))
    def draw(drawn: Drawn) -> None:
        judge(drawn)

    draw()


@dataclass
class _Job:
    """An entry in work: its process, what has come back, and the call that is being tried."""

    entry: str
    kinds: dict[str, str] = field(default_factory=dict)
    differs: dict[str, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    stopped: list[str] = field(default_factory=list)
    trying: str = ""
    since: float = 0.0
    process: Any = None
    reports: Any = None

    def start(self) -> None:
        context = multiprocessing.get_context("fork")
        self.reports, theirs = context.Pipe(duplex=False)
        start = 1 + ROUNDS * (len(self.stopped) + list(self.kinds.values()).count("late"))
        self.process = context.Process(
            target=_prove_in_child, args=(self.entry, dict(self.kinds), start, theirs), daemon=True
        )
        self.process.start()
        theirs.close()
        self.trying, self.since = "", time.monotonic()

    def read(self) -> bool:
        """Take what has come; False where the process has ended."""
        try:
            while self.reports.poll():
                self.take(*self.reports.recv())
        except EOFError:
            return False
        return True

    def take(self, text: str, kind: str, shown: str) -> None:
        self.trying, self.since = "" if kind else text, time.monotonic()
        if kind:
            self.kinds[text] = kind
        if kind == "differs":
            self.differs[text] = shown
        if kind == "illegal":
            self.refused[shown] += 1

    def end(self) -> bool:
        """What is to be done once the process has ended: True where another one goes on."""
        self.process.kill()
        self.process.join()
        self.reports.close()
        if not self.trying:
            return False
        if self.trying.startswith("large "):
            # The meta device goes through some calls step by step.
            self.kinds[self.trying] = "late"
            return list(self.kinds.values()).count("late") < MOST_LATE
        self.stopped.append(self.trying)
        self.kinds[self.trying] = "stopped"
        return len(self.stopped) < MOST_STOPS

    @property
    def proof(self) -> Proof:
        kinds = list(self.kinds.values())
        return Proof(
            kinds.count("legal"),
            kinds.count("illegal"),
            kinds.count("large"),
            choose_sentences(self.refused),
            tuple(self.differs.values()),
            tuple(self.stopped),
        )


def prove_entries(entries: Sequence[str], processes: int = 2) -> Iterator[tuple[str, Proof]]:
    """Prove entries side by side, each in a process of its own, and give each as soon as it is done."""
    # What PyTorch loads on its first calls on the meta device is loaded once, before the processes part.
    for text in ("F.softmax(rand(2), 0)", "rand(2) + rand(2)"):
        run_on_torch(text, torch.device("meta"))
    waiting = list(reversed(entries))
    jobs: list[_Job] = []
    while waiting or jobs:
        while waiting and len(jobs) < processes:
            job = _Job(waiting.pop())
            job.start()
            jobs.append(job)
        wait([job.reports for job in jobs], timeout=1.0)
        for job in list(jobs):
            late = job.trying and time.monotonic() - job.since > SECONDS
            if job.read() and not late:
                continue
            if job.end():
                job.start()
            else:
                jobs.remove(job)
                yield job.entry, job.proof


def read_kept() -> tuple[dict[str, Proof], str]:
    """The proofs that were kept, by entry, and the PyTorch that they are of."""
    kept = json.loads(PROVED.read_text("utf-8"))
    proofs = {
        entry: Proof(
            proof["legal"],
            proof["illegal"],
            proof.get("large", 0),
            *(tuple(proof.get(name, ())) for name in ("refuses", "differs", "stopped")),
        )
        for entry, proof in kept["entries"].items()
    }
    return proofs, kept["torch"]


def read_proofs() -> dict[str, Proof]:
    """The proofs that a run goes on from: none where they are of another PyTorch."""
    proofs, version = read_kept() if PROVED.exists() else ({}, "")
    return proofs if version == torch.__version__.partition("+")[0] else {}


def write_proofs(proofs: Mapping[str, Proof]) -> None:
    """Keep proofs, in the order of the catalogue."""
    entries = {
        entry: {key: value for key, value in asdict(proofs[entry]).items() if value or isinstance(value, int)}
        for entry in list_entries()
        if entry in proofs
    }
    kept = {"torch": torch.__version__.partition("+")[0], "entries": entries}
    lines = [f"    {json.dumps(entry)}: {json.dumps(proof)}" for entry, proof in entries.items()]
    text = (
        f'{{\n  "torch": {json.dumps(kept["torch"])},\n  "entries": {{\n' + ",\n".join(lines) + "\n  }\n}\n"
    )
    partial = PROVED.with_suffix(".partial")
    partial.write_text(text, "utf-8")
    partial.replace(PROVED)


def run_long(names: Iterable[str], *, afresh: bool = False, most: int = 3) -> int:
    """Prove the entries, or those not proved yet where none is named. Prints what isn't as it should be; 1 for that."""
    proofs = read_proofs()
    named = list(names)
    entries = named or [
        entry for entry in list_entries() if afresh or entry not in proofs or not proofs[entry].enough
    ]
    wrong = 0
    began = time.monotonic()
    for number, (entry, proof) in enumerate(prove_entries(entries), start=1):
        proofs[entry] = proof
        write_proofs(proofs)
        if not proof.enough or proof.stopped:
            wrong += bool(proof.differs)
            seconds = time.monotonic() - began
            print(
                f"[{number}/{len(entries)} {seconds:.0f} s] {entry}: {proof.legal} legal, {proof.illegal} illegal, "
                f"{len(proof.differs)} disagreements, {len(proof.stopped)} ended the process",
                flush=True,
            )
            for text in (
                *proof.differs[:most],
                *(f"ended the process: {call}" for call in proof.stopped[:most]),
            ):
                print("  " + text, flush=True)
    print(
        f"{sum(proof.legal for proof in proofs.values()):,} legal and "
        f"{sum(proof.illegal for proof in proofs.values()):,} illegal calls of {len(proofs)} entries, "
        f"{sum(proof.large for proof in proofs.values()):,} of them too large for a memory"
    )
    return 1 if wrong else 0
