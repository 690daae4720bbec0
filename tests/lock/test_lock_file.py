"""The lock file: what it looks like, that it reads back to the same facts, and what it refuses."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from layercli.errors import CommandError, Source
from layercli.lock import Lock, LockEntry, LockRow, LockUncalled, format_lock, load_lock, parse_lock
from layercli.lock import file as lock_file
from layercli.lock.records import lock_from_trace
from layercli.trace import TensorType, Uncalled
from tests.lock.lock_samples import draw_lenet, draw_tower, lock_lenet, lock_tower

LENET = """\
lock: 2
model: LeNet
mode: eval
dtype: float32
params: {}
dims: [N]
tie: {}
freeze: []
inputs:
  x: float32[N, 1, 32, 32]
output: float32[N, 10]
rows:
- conv1: {layer: "Conv2d(1, 6, kernel_size=5)", from: [x], output: "float32[N, 6, 28, 28]", parameters: 156}
- relu: {operation: "relu(conv1)", from: [conv1], output: "float32[N, 6, 28, 28]"}
"""

FOLDED = """\
rows:
- wte: {layer: "Embedding(50, 8)", from: [ids], output: "float32[1, 16, 8]", parameters: 400}
- h.0 to h.11: 12 x Block
  then: [h.0]
  each:
  - h.0: {layer: "Block(8)", from: [wte], output: "float32[1, 16, 8]"}
  - h.0.ln: {layer: "LayerNorm(8)", from: [x], output: "float32[1, 16, 8]", parameters: 16}
  - h.0.gelu: {operation: "gelu(ln)", from: [ln], output: "float32[1, 16, 8]"}
  - h.0.add: {operation: "add(gelu, x)", from: [gelu, x], output: "float32[1, 16, 8]"}
- lm_head: {layer: "Linear(8, 50, bias=False)", from: [h.11], output: "float32[1, 16, 50]"}
never_called: []
state_dict:
  wte.weight: float32[50, 8]
  h.0 to h.11:
    each:
      h.0.ln.weight: float32[8]
      h.0.ln.bias: float32[8]
  lm_head.weight: {parameter: "float32[50, 8]", tied: wte.weight}
totals: {parameters: 592, trainable: 592}
"""


def parse(text: str) -> Lock:
    return parse_lock(Source("net.lock", text))


def test_a_lock_has_one_line_for_each_row() -> None:
    text = format_lock(lock_lenet())
    assert text.startswith(LENET)
    assert text.count("\n- ") == len(lock_lenet().rows)
    assert parse(text) == lock_lenet()


def test_equal_siblings_are_folded() -> None:
    assert format_lock(lock_tower()).endswith(FOLDED)
    assert parse(FOLDED_WHOLE) == lock_tower()


FOLDED_WHOLE = format_lock(lock_tower())


def test_blocks_that_hand_on_a_part_of_their_output_are_folded() -> None:
    lock = lock_tower(blocks=5)
    rows = tuple(
        replace(row, sources=tuple(f"{name}[0]" if name.startswith("h.") else name for name in row.sources))
        for row in lock.rows
    )
    text = format_lock(replace(lock, rows=rows))
    assert '- h.0 to h.4: 5 x Block\n  then: ["h.0[0]"]\n' in text
    assert parse(text).rows == rows


def test_folds_stand_in_folds() -> None:
    lock = lock_tower(experts=8)
    text = format_lock(lock)
    assert "  - h.0.mlp.0 to h.0.mlp.7: 8 x Linear\n    then: [mlp.0]\n" in text
    assert "      h.0.mlp.0 to h.0.mlp.7:\n        each:\n" in text
    assert parse(text) == lock


def test_a_sibling_that_differs_ends_a_fold() -> None:
    lock = lock_tower()
    rows = [replace(row, call="LayerNorm(8, eps=0.1)") if row.path == "h.7.ln" else row for row in lock.rows]
    changed = replace(lock, rows=tuple(rows))
    text = format_lock(changed)
    assert "- h.0 to h.6: 7 x Block\n" in text
    assert "- h.8 to h.11: 4 x Block\n" in text
    assert parse(text) == changed


def test_other_readers_of_yaml_see_the_same_texts() -> None:
    data = yaml.safe_load(format_lock(lock_lenet()))
    assert data["dims"] == ["N"]
    assert data["rows"][0]["conv1"]["layer"] == "Conv2d(1, 6, kernel_size=5)"
    assert data["rows"][0]["conv1"]["parameters"] == 156
    assert data["state_dict"]["fc1.weight"] == "float32[120, 576]"


def test_a_lock_holds_what_the_trace_says_and_nothing_of_tools_or_time() -> None:
    sketch = draw_tower(2)
    sketch.tensor("frozen.weight", (3,), trainable=False)
    sketch.tensor("mask", (4,), persistent=False, trainable=True)
    sketch.never_called.append(Uncalled("frozen", "Linear", 3, 0))
    trace = sketch.trace((1, 16, 50))
    lock = lock_from_trace(
        replace(
            trace, tensors=tuple(replace(t, kind="buffer") if t.name == "mask" else t for t in trace.tensors)
        ),
        dtype="bfloat16",
        tie=[("lm_head.weight", "wte.weight")],
        freeze=["frozen.*"],
    )
    assert lock.state_dict[-1] == LockEntry(
        "frozen.weight", "parameter", TensorType("float32", (3,)), "", True
    )
    assert lock.never_called == (LockUncalled("frozen", "Linear", 3),)
    assert (lock.parameters, lock.trainable) == (435 - 32 + 32, 432)
    text = format_lock(lock)
    assert parse(text) == lock
    assert "tie:\n  lm_head.weight: wte.weight\nfreeze: ['frozen.*']\n".replace("'", '"') in text
    assert not re.search(r"macs|torch|layercli|20\d\d", text)


def test_a_trace_that_failed_or_contradicts_itself_has_no_lock() -> None:
    trace = draw_lenet().trace((1, 10))
    with pytest.raises(ValueError, match="ended early"):
        lock_from_trace(replace(trace, failed=True), dtype="float32")
    with pytest.raises(ValueError, match=r"81,290 parameters and state_dict has 81,280"):
        lock_from_trace(replace(trace, tensors=trace.tensors[:-1]), dtype="float32")


# Any lock reads back

HOSTILE = st.one_of(
    st.text(max_size=12),
    st.text("aA0.:-#'\"\\{}[],&*!|>%@`?~ \t\n\r\0\x1b\x85\u2028\u202e\ufeff\ud800é😀u=<y", max_size=12),
    st.sampled_from(
        [
            "true",
            "No",
            "null",
            "~",
            "",
            ".",
            "<<",
            "=======",
            "\\u{41}",
            "h.0 to h.3",
            "then",
            "each",
            "0",
            "1e3",
        ]
    ),
)
PATHS = st.one_of(
    HOSTILE,
    st.lists(st.sampled_from(["h", "0", "1", "2", "3", "10", "w"]), min_size=1, max_size=4).map(".".join),
)
SIZES = st.lists(st.integers(0, 4), max_size=3).map(tuple)
ROWS = st.builds(
    LockRow,
    path=PATHS,
    kind=st.sampled_from(["layer", "operation"]),
    type=HOSTILE,
    call=HOSTILE,
    sources=st.lists(PATHS, max_size=2).map(tuple),
    output=HOSTILE,
)
ENTRIES = st.builds(
    LockEntry,
    name=PATHS,
    kind=st.sampled_from(["parameter", "buffer"]),
    type=st.builds(TensorType, st.sampled_from(["float32", "int64"]), SIZES),
    tied=HOSTILE,
    frozen=st.booleans(),
)
PAIRS = st.lists(st.tuples(HOSTILE, HOSTILE), max_size=2, unique_by=lambda pair: pair[0]).map(tuple)


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    entries = draw(st.lists(ENTRIES, max_size=6, unique_by=lambda entry: entry.name))
    rows = draw(st.lists(ROWS, max_size=6))
    if draw(st.booleans()):
        blocks = range(draw(st.integers(2, 5)))
        inside = draw(st.lists(ROWS, max_size=3))
        head = draw(ROWS)
        rows += [
            replace(row, path=f"a.{number}" + (f".{index}.{row.path}" if index else ""))
            for number in blocks
            for index, row in enumerate([head, *inside])
        ]
        entries += [
            LockEntry(f"a.{n}.{name}", "buffer", TensorType("float32", (2,)))
            for n in blocks
            for name in "bcd"
        ]
        entries = list({entry.name: entry for entry in entries}.values())
    owned = [entry for entry in entries if entry.kind == "parameter" and not entry.tied]
    total = sum(entry.count for entry in owned)
    return Lock(
        model=draw(HOSTILE),
        mode=draw(st.sampled_from(["eval", "train"])),
        dtype=draw(HOSTILE),
        params=draw(PAIRS),
        dims=tuple(draw(st.lists(HOSTILE, max_size=2))),
        tie=draw(PAIRS),
        freeze=tuple(draw(st.lists(HOSTILE, max_size=2))),
        inputs=draw(PAIRS),
        output=draw(HOSTILE),
        rows=tuple(rows),
        never_called=(LockUncalled(draw(PATHS), draw(HOSTILE), total),),
        state_dict=tuple(entries),
        parameters=total,
        trainable=sum(entry.count for entry in owned if not entry.frozen),
    )


@settings(max_examples=300, deadline=None)
@given(locks())
def test_any_lock_reads_back_to_the_same_facts(lock: Lock) -> None:
    text = format_lock(lock)
    assert all(line.isprintable() for line in text.split("\n"))
    assert parse(text) == lock
    assert format_lock(parse(text)) == text


def test_a_name_longer_than_a_key_of_yaml_reads_back() -> None:
    lock = lock_lenet()
    long = "a" * 5000
    rows = (replace(lock.rows[0], path=long), *lock.rows[1:])
    entries = (replace(lock.state_dict[0], name=long), *lock.state_dict[1:])
    changed = replace(lock, rows=rows, state_dict=entries, inputs=((long, "float32[1]"),))
    assert parse(format_lock(changed)) == changed


# What is refused: (what to replace, by what, code, line, column)

REFUSED = {
    "unknown key": ("mode: eval", "mode: eval\nmods: eval", "lock-key", 4, 1),
    "missing key": ("mode: eval\n", "", "lock-key", 1, 1),
    "doubled key": ("mode: eval", "mode: eval\nmode: eval", "yaml-duplicate-key", 4, 1),
    "doubled entry": ("  conv1.bias: ", "  conv1.weight: ", "yaml-duplicate-key", 28, 3),
    "unknown key of a row": ("from: [conv1]", "form: [conv1]", "lock-key", 14, 36),
    "missing key of a row": (', output: "float32[N, 6, 28, 28]"}', "}", "lock-key", 14, 9),
    "no kind": ('relu: {operation: "relu(conv1)"', "relu: {type: relu", "lock-key", 14, 9),
    "row of several": ("- relu: {", "- other: {layer: a(), output: a}\n  relu: {", "lock-key", 15, 3),
    "row without a path": ("- relu: {", "- {}\n- relu: {", "lock-value", 14, 3),
    "text for a list": ("dims: [N]", "dims: N", "lock-value", 6, 7),
    "list for a text": ("mode: eval", "mode: [eval]", "lock-value", 3, 7),
    "list for a mapping": ("params: {}", "params: []", "lock-value", 5, 9),
    "nothing for a text": ("model: LeNet", "model:", "lock-value", 2, 7),
    "mode": ("mode: eval", "mode: test", "lock-value", 3, 7),
    "number": ("parameters: 156", "parameters: 1_56", "lock-value", 13, 105),
    "negative": ("parameters: 156", "parameters: -156", "lock-value", 13, 105),
    "huge number": ("parameters: 156", f"parameters: {10**400}", "lock-value", 13, 105),
    "no tensor": ("conv1.bias: float32[6]", "conv1.bias: float32[N]", "lock-value", 28, 15),
    "no character": ("model: LeNet", r"model: '\u{ffffff}'", "lock-value", 2, 9),
    "row edited": ("parameters: 156", "parameters: 157", "lock-totals", 37, 22),
    "entry edited": ("conv1.bias: float32[6]", "conv1.bias: float32[7]", "lock-totals", 37, 22),
    "total edited": ("trainable: 81290", "trainable: 81291", "lock-totals", 37, 40),
    "entry frozen": ("float32[6]", '{parameter: "float32[6]", frozen: true}', "lock-totals", 37, 40),
    "frozen how": ("float32[6]", '{parameter: "float32[6]", frozen: yes}', "lock-value", 28, 49),
    "entry of two kinds": ("float32[6]", '{parameter: "float32[6]", buffer: a}', "lock-key", 28, 15),
    "conflict": (
        "mode: eval\n",
        "<<<<<<< HEAD\nmode: eval\n=======\nmode: train\n>>>>>>> a\n",
        "lock-conflict",
        3,
        1,
    ),
    "conflict with its base": ("mode: eval\n", "||||||| base\nmode: eval\n", "lock-conflict", 3, 1),
    "newer": ("lock: 2", "lock: 3\nnews: []", "lock-version", 1, 7),
    "older": ("lock: 2", "lock: 0", "lock-version", 1, 7),
    "no lock": ("lock: 2\n", "", "lock-key", 1, 1),
    "a dim that isn't there": ("float32[N, 1, 32", "float32[M, 1, 32", "lock-value", 10, 6),
    "no formula": ("float32[N, 6, 28", "float32[N(1), 6, 28", "lock-value", 13, 69),
    "half a formula": ("float32[N, 6, 28", "float32[N //, 6, 28", "lock-value", 13, 69),
    "division by 0": ("float32[N, 6, 28", "float32[N // 0, 6, 28", "lock-value", 13, 69),
    "a power of numbers": ("float32[N, 6, 28", "float32[9 ** 9, 6, 28", "lock-value", 13, 69),
    "a tower of brackets": ("float32[N, 6, 28", f"float32[{'(' * 300}N, 6, 28", "lock-value", 13, 69),
    "a need of another dim": ("tie: {}", 'needs:\n  "M >= 3": conv1\ntie: {}', "lock-value", 8, 4),
    "no comparison": ("tie: {}", 'needs:\n  "N + 3": conv1\ntie: {}', "lock-value", 8, 4),
    "two comparisons": ("tie: {}", 'assumes:\n  "1 < N < 3": conv1\ntie: {}', "lock-value", 8, 4),
    "anchor": ("params: {}", "params: &a {}", "yaml-anchor", 5, 9),
    "tag": ("model: LeNet", "model: !!python/name:os.system x", "yaml-tag", 2, 8),
    "second document": ("mode: eval", "---\nmode: eval", "yaml-documents", 3, 1),
    "control character": ("model: LeNet", "model: Le\x1bNet", "control-character", 2, 10),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_lock_is_read_strictly(name: str) -> None:
    old, new, code, line, column = REFUSED[name]
    text = format_lock(lock_lenet())
    assert text.count(old)
    with pytest.raises(CommandError) as caught:
        parse(text.replace(old, new, 1))
    problem = caught.value.problems[0]
    assert caught.value.exit_code == 2
    assert (problem.code, str(problem.position)) == (code, f"net.lock:{line}:{column}")


def test_conditions_on_dims_are_told_with_their_rows() -> None:
    lock = replace(
        lock_lenet(), needs=(("N % 2 == 0", "conv1"), ("16 // N >= 1", "")), assumes=(("N == 4", ""),)
    )
    text = format_lock(lock)
    assert (
        'dims: [N]\nneeds:\n  "N % 2 == 0": conv1\n  "16 // N >= 1": "."\nassumes:\n  "N == 4": "."\ntie: {}\n'
        in text
    )
    assert parse(text) == lock


def test_a_formula_is_read_by_what_it_says() -> None:
    text = format_lock(lock_lenet()).replace("float32[N, 6, 28, 28]", "float32[2 * N - N, 3 + 3, 28, 28]")
    assert parse(text) == lock_lenet()


NUMBERS = format_lock(lock_lenet()).replace("lock: 2", "lock: 1").replace("float32[N,", "float32[1,")


def test_an_earlier_lock_has_numbers_for_sizes() -> None:
    trace = draw_lenet().trace((1, 10), dims=(("N", 1),))
    lock = lock_from_trace(trace, dtype="float32", version=1)
    assert parse(NUMBERS) == lock
    assert format_lock(lock) == NUMBERS
    with pytest.raises(CommandError, match=r"float32\[N, 10\] is no type whose sizes are numbers"):
        parse(NUMBERS.replace("output: float32[1, 10]", "output: float32[N, 10]"))
    with pytest.raises(CommandError, match="version 1 holds no conditions"):
        parse(NUMBERS.replace("tie: {}", 'needs:\n  "N >= 3": conv1\ntie: {}'))


def test_a_trace_without_formulas_holds_for_its_own_sizes() -> None:
    trace = replace(draw_lenet().trace((1, 10)), dims=(("N", 1),))
    lock = lock_from_trace(trace, dtype="float32")
    assert lock.inputs == (("x", "float32[1, 1, 32, 32]"),)
    assert lock.assumes == (("N == 1", ""),)


REFUSED_FOLDS = {
    "another count": ("12 x Block", "11 x Block", "lock-fold"),
    "another type": ("12 x Block", "12 x Black", "lock-fold"),
    "no range": ("h.0 to h.11: 12", "h.0 and h.11: 12", "lock-fold"),
    "backwards": ("h.0 to h.11: 12", "h.11 to h.0: 12", "lock-fold"),
    "two stems": ("h.0 to h.11: 12", "h.0 to g.11: 12", "lock-fold"),
    "another head": ("- h.0: {", "- h.1: {", "lock-fold"),
    "stray row": ("- h.0.gelu: {", "- h.1.gelu: {", "lock-fold"),
    "stray entry": ("h.0.ln.bias: ", "h.01.ln.bias: ", "lock-fold"),
    "nothing in it": (
        "\n      h.0.ln.weight: float32[8]\n      h.0.ln.bias: float32[8]\n",
        " {}\n",
        "lock-fold",
    ),
    "unknown key": ("  then: [h.0]", "  than: [h.0]", "lock-key"),
    "entry twice": ("  lm_head.weight: {", "  h.3.ln.bias: {", "lock-duplicate"),
    "too many": ("h.0 to h.11: 12 x Block", "h.0 to h.999999: 1000000 x Block", "lock-too-large"),
}


@pytest.mark.parametrize("name", REFUSED_FOLDS)
def test_a_fold_is_read_strictly(name: str) -> None:
    old, new, code = REFUSED_FOLDS[name]
    assert old in FOLDED_WHOLE
    with pytest.raises(CommandError) as caught:
        parse(FOLDED_WHOLE.replace(old, new, 1))
    assert caught.value.problems[0].code == code
    assert caught.value.problems[0].position is not None


def test_folds_in_folds_are_bounded_before_they_are_unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_file, "MAX_ROWS", 100)
    text = format_lock(lock_tower(experts=8))
    with pytest.raises(CommandError, match="more than 100 rows"):
        parse(text)


@pytest.mark.parametrize("text", ["", " \n\n", "# nothing\n", "[1]\n", "lock\n", "a" * 3000])
def test_a_text_that_is_no_lock_is_refused(text: str) -> None:
    with pytest.raises(CommandError):
        parse(text)


def test_a_newer_version_is_told_in_a_sentence() -> None:
    with pytest.raises(
        CommandError, match="a newer layercli wrote this lock, in version 7; this one reads version 2"
    ):
        parse("lock: 7\nwhatever: it says\n")


def test_a_lock_is_read_from_a_regular_file_only(tmp_path: Path) -> None:
    path = tmp_path / "net.lock"
    path.write_text(format_lock(lock_lenet()))
    assert load_lock(path) == lock_lenet()
    path.write_bytes(b"lock: 2\nmodel: \xff\n")
    with pytest.raises(CommandError) as caught:
        load_lock(path, "net.lock")
    assert str(caught.value.problems[0].position) == "net.lock:2:8"
    (tmp_path / "link.lock").symlink_to(path)
    for name in ("link.lock", "none.lock", "."):
        with pytest.raises(CommandError):
            load_lock(tmp_path / name)
