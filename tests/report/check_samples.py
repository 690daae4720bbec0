"""Results of checks, written by hand: everything that there is to report, and names that try to be something else."""

from __future__ import annotations

from dataclasses import replace

from layercli.errors import Label, Position, Problem, Source
from layercli.lock import CheckResult, Difference, SpecResult
from layercli.lock.result import STATUSES
from layercli.lock.verdicts import Verdict

LENET = Source("configs/lenet.yaml", "name: LeNet\n" * 12)
FC1, FC2 = Position(LENET, 9, 3), Position(LENET, 10, 3)


def widen(path: str, old: str, new: str, position: Position) -> Difference:
    message = f"{path} changed from {old} to {new}, so weights saved before don't load"
    return Difference("entry-changed", "checkpoints", path, old, new, message, position)


def put_out(path: str, position: Position | None) -> Difference:
    old, new = "float32[N, 120]", "float32[N, 168]"
    return Difference(
        "shape-changed", "inside", path, old, new, f"{path} puts out {new}, before {old}", position
    )


WIDENED = SpecResult(
    "configs/lenet.yaml",
    "configs/lenet.lock",
    "differs",
    (
        widen("fc1.weight", "float32[120, 576]", "float32[168, 576]", FC1),
        widen("fc1.bias", "float32[120]", "float32[168]", FC1),
        widen("fc2.weight", "float32[84, 120]", "float32[84, 168]", FC2),
        put_out("fc1", FC1),
        put_out("relu_2", None),
        Difference("parameters-changed", "cost", "", "81,290", "113,018", "the model has 113,018 parameters"),
    ),
    (
        Verdict("checkpoints", False, "break", "3 entries changed shape; weights saved before don't load"),
        Verdict("callers", True, "hold", "input and output are the same"),
        Verdict("behaviour", True, "holds", "every other call and its wiring are the same"),
        Verdict("inside", False, "changes", "2 rows have another output"),
        Verdict("cost", False, "", "81,290 -> 113,018 parameters (+39.0%)"),
    ),
    rows=12,
)
HELD = SpecResult("configs/net.yaml", "configs/net.lock", "ok", rows=1_900)
WRONG = SpecResult(
    "bad.yaml",
    "bad.lock",
    "error",
    problems=(
        Problem(
            "lock-key", "a lock has no key mods here", Position(Source("bad.lock", "mods: 1\n"), 1, 1, 4)
        ),
    ),
)
MISSING = SpecResult("new.yaml", "new.lock", "missing")
ORPHANED = SpecResult("old.lock", "old.lock", "orphaned")

PLACE = Position(Source("net.yaml", "a: 1\nfc: Linaer(3, 2)\n"), 2, 5, 12)

#: A spec that is no model.
NO_MODEL = SpecResult(
    "net.yaml",
    "net.lock",
    "error",
    problems=(
        Problem(
            "unknown-layer",
            "there is no layer called Linaer",
            PLACE,
            labels=(Label(replace(PLACE, line=1), "the first line"),),
            notes=("a note",),
            hint="did you mean Linear?",
        ),
    ),
    exit_code=1,
)

#: A difference with what follows from it, and one that is ignored.
CAUSE = Difference(
    "entry-changed",
    "checkpoints",
    "fc.weight",
    "float32[4, 3]",
    "float32[6, 3]",
    "fc.weight changed",
    PLACE,
    follows=(
        Difference("shape-changed", "inside", "relu", "float32[4]", "float32[6]", "relu puts out", PLACE),
        Difference("parameters-changed", "cost", "", "16", "24", "the model has 24 parameters"),
    ),
)
IGNORED = replace(CAUSE, path="old.weight", follows=(), fails=False, ignored="until the next release")
REORDERED = Difference(
    "entries-reordered", "checkpoints", "", "", "", "the entries of state_dict come in another order"
)
FOLDED = SpecResult("net.yaml", "net.lock", "differs", (CAUSE, IGNORED, REORDERED))

LOOSE = Problem("ignore-unused", "an ignore matches nothing", severity="warning")

EVERYTHING = CheckResult((WIDENED, HELD, WRONG, MISSING, ORPHANED, FOLDED), problems=(LOOSE,))

#: What may stand in a spec, in a path, or in a lock that somebody else wrote.
HOSTILE = [
    "::error::x",
    "  ::error::x",
    "a\n::set-output name=x::y",
    "a\r\n##[add-path]x",
    "##[group]x ##vso[task.setvariable variable=x]y",
    "%0A::error::",
    "%25%0D%3A",
    "a,line=1,title=x:y",
    "\x1b[2J\x07\0",
    "[red]x[/red] [/x]",
    "\u2028::error::\u2029\x85\x0b\x0c",
    "\u202egnp.yaml\u2066\u200f",
    "@someone |<script>alert(1)</script>",
    "<!-- --><img src=x onerror=alert(1)>",
    "</summary></details>]]></failure>&lt;",
    "`code` ``more`` ```",
    "[text](http://example.org) ![x](y) <http://example.org> www.example.org",
    "{0} {x} [1](2)",
    "a\\|b\\",
    "#1 !2 ~label $ref",
    "=cmd()",
    "\udc80\udcff",
    "# heading",
    "- item\n\n    code",
    "x" * 5_000,
    "",
    ".",
    "..",
    "/",
]


def make_hostile(name: str) -> CheckResult:
    """A result of every status in which each text that isn't ours is ``name``."""
    position = Position(Source(name, name), 1, 1)
    difference = Difference("shape-changed", "inside", name, name, name, f"{name} changed", position)
    other = replace(difference, code="layer-changed", kind="behaviour", follows=(difference,))
    removed = replace(difference, code="layer-removed", kind="behaviour", new="")
    passed = replace(difference, fails=False, ignored=name)
    problem = Problem(
        "syntax",
        name or "wrong",
        position,
        label=name,
        labels=(Label(position, name),),
        notes=(name,),
        hint=name,
    )
    paths = [name + str(number) if name else "" for number in range(len(STATUSES))]
    specs = tuple(
        SpecResult(
            path,
            path if status == "orphaned" else name,
            status,
            (difference, other, removed, passed) if status in ("differs", "deleted") else (),
            (Verdict("inside", False, "changes", f"{name} has another output"),),
            (problem,),
        )
        for path, status in zip(paths, STATUSES, strict=True)
    )
    return CheckResult(specs, problems=(problem,))
