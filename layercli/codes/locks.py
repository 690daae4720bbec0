"""Locks that can't be compared, and what else a check has to say of them."""

from __future__ import annotations

from layercli.codes.records import SPEC_NAME, Code, Example, error

_NET = "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 2)\n"
_LOCK = """\
lock: 2
model: net
mode: eval
dtype: float32
params: {}
dims: []
tie: {}
freeze: []
inputs:
  x: float32[1, 8]
output: float32[1, 2]
returns: [fc]
rows:
- fc: {layer: "Linear(8, 2)", from: [x], output: "float32[1, 2]", parameters: 18}
never_called: []
state_dict:
  fc.weight: float32[2, 8]
  fc.bias: float32[2]
totals: {parameters: 18, trainable: 18}
"""
_WIDER_NET = _NET.replace("8, 2", "8, 3")
_WIDER = _LOCK.replace("8, 2", "8, 3").replace("[1, 2]", "[1, 3]").replace("[2", "[3").replace("18", "27")
#: Three blocks of a stack, of which the first is written out.
_FOLDED = (
    _LOCK.partition("rows:")[0].replace("[1, 2]", "[1, 8]").replace("[fc]", "[h]")
    + """\
rows:
- h: {layer: Sequential(), from: [x], returns: ["2"], output: "float32[1, 8]"}
- h.0 to h.2: 3 x Linear
  then: ["0"]
  each:
  - h.0: {layer: "Linear(8, 8)", from: [input], output: "float32[1, 8]", parameters: 72}
never_called: []
state_dict:
  h.0 to h.2:
    each:
      h.0.weight: float32[8, 8]
      h.0.bias: float32[8]
totals: {parameters: 216, trainable: 216}
"""
)
_STACK = "inputs: {x: [1, 8]}\nlayers:\n  h: 3 * Linear(8, 8)\n"
_ANEW = "A lock is written by layercli lock and not by hand: write it anew and review what changed."


def _written(lock: str, spec: str = _NET) -> Example:
    """A spec and a lock that somebody wrote."""
    return Example({SPEC_NAME: spec, "net.lock": lock}, "layercli check")


CODES: tuple[Code, ...] = (
    error(
        "lock-missing",
        "Spec has no lock",
        "Write it with layercli lock and commit it.",
        Example({SPEC_NAME: _NET}, "layercli check"),
    ),
    error(
        "lock-orphaned",
        "Lock has no spec",
        "Remove the lock, or bring its spec back. layercli lock --prune removes all such.",
        Example({"net.lock": _LOCK}, "layercli check"),
    ),
    Code(
        "lock-renamed",
        "note",
        "Lock has another name than its spec",
        "A lock without a spec says nearly the same as a spec without a lock. If the spec was renamed, give its lock the same "
        "name, so that it is compared with it.",
        Example({"network.yaml": _NET, "net.lock": _LOCK}, "layercli check"),
    ),
    Code(
        "lock-deleted",
        "warning",
        "Lock is gone",
        "A revision has the lock: bring it back, or write it anew with layercli lock.",
        Example(
            {SPEC_NAME: _NET},
            "layercli check --against HEAD",
            (
                "git init -q",
                "layercli lock net.yaml",
                "git add .",
                "git commit -qm Net",
                "git rm -q net.lock",
            ),
        ),
    ),
    Code(
        "lock-accepted",
        "note",
        "Change is accepted",
        "Compared with a revision the spec differs, and its lock was written anew with the change.",
        Example(
            {SPEC_NAME: _NET},
            "layercli check --against HEAD",
            ("git init -q", "layercli lock net.yaml", "git add .", "git commit -qm Net"),
            {SPEC_NAME: _WIDER_NET, "net.lock": _WIDER},
        ),
    ),
    Code(
        "lock-earlier",
        "warning",
        "Lock was written by an earlier layercli",
        "Its sizes are numbers instead of formulas, so it holds for these sizes of the dims only. layercli lock writes it "
        "anew.",
        _written(_LOCK.replace("lock: 2", "lock: 1"), _WIDER_NET),
    ),
    error(
        "lock-conflict",
        "Merge conflict in a lock",
        "Resolve the spec, then write the lock anew with layercli lock: it writes over the conflict.",
        _written("<<<<<<< HEAD\nlock: 2\n=======\nlock: 2\n>>>>>>> wider\n"),
    ),
    error(
        "lock-duplicate",
        "Lock says the same twice",
        _ANEW,
        _written(_FOLDED.replace("totals:", "  h.1.bias: float32[8]\ntotals:"), _STACK),
    ),
    error("lock-empty", "Lock is empty", _ANEW, _written("")),
    error(
        "lock-fold",
        "Folded rows of a lock don't fit",
        _ANEW,
        _written(_FOLDED.replace("3 x Linear", "2 x Linear"), _STACK),
    ),
    error(
        "lock-irregular",
        "Lock is no regular file",
        "Links are not followed: let the lock be a regular file.",
        Example({SPEC_NAME: _NET, "net.lock/notes.txt": ""}, "layercli check"),
    ),
    error(
        "lock-key",
        "Lock has an unknown, doubled or missing key",
        _ANEW,
        _written("lock: 2\nmodel: net\n"),
    ),
    error(
        "lock-totals",
        "Lock contradicts itself",
        _ANEW,
        _written(_LOCK.replace("totals: {parameters: 18", "totals: {parameters: 20")),
    ),
    error(
        "lock-value",
        "Lock has a value of another kind",
        _ANEW,
        _written("lock: two\n"),
    ),
    error(
        "lock-version",
        "Lock was written by a newer layercli",
        "Use the layercli that wrote it, or a newer one.",
        _written("lock: 99\n"),
    ),
    error(
        "lock-too-large",
        "Lock stands for too many rows",
        "Folded rows stand for each other, and this lock for more than any model has. Write it anew with layercli lock.",
        _written(_FOLDED.replace("h.0 to h.2: 3 x", "h.0 to h.999999: 1000000 x"), _STACK),
    ),
    error(
        "lock-name",
        "Two specs would have one lock",
        "The lock of net.yaml is net.lock, and so is that of net.yml. Rename one of the specs.",
        Example({SPEC_NAME: _NET, "net.yml": _NET}, "layercli lock"),
    ),
)
