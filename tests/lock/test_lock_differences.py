"""What counts as a difference between two locks, how it is classed, and what it is said to break."""

from __future__ import annotations

import string
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layercli.lock import (
    CODES,
    Lock,
    LockEntry,
    LockRow,
    LockUncalled,
    collect_positions,
    compare_locks,
    flatten_differences,
    judge_differences,
)
from layercli.lock.alignment import align, split_call
from layercli.trace import TensorType
from tests.lock.lock_samples import Sketch, draw_lenet, draw_tower, linear, lock_lenet, lock_tower


def told(old: Lock, new: Lock) -> list[tuple[str, str, str, str]]:
    return [(d.code, d.path, d.old, d.new) for d in flatten_differences(compare_locks(old, new))]


def with_row(lock: Lock, path: str, **changes: Any) -> Lock:
    rows = tuple(replace(row, **changes) if row.path == path else row for row in lock.rows)
    assert rows != lock.rows
    return replace(lock, rows=rows)


def with_entry(lock: Lock, name: str, **changes: Any) -> Lock:
    entries = tuple(replace(e, **changes) if e.name == name else e for e in lock.state_dict)
    assert entries != lock.state_dict
    return replace(lock, state_dict=entries)


def test_equal_locks_have_no_differences() -> None:
    assert compare_locks(lock_lenet(), lock_lenet()) == ()


def test_a_widened_layer_is_one_cause_with_its_consequences() -> None:
    old, new = lock_lenet(), lock_lenet(wide=168)
    [found] = compare_locks(old, new, collect_positions(draw_lenet(wide=168).trace((1, 10))))
    assert [(d.kind, d.code, d.path, d.old, d.new) for d in found.parts] == [
        ("inside", "layer-resized", "fc1", "Linear(576, 120)", "Linear(576, 168)"),
        ("inside", "shape-changed", "fc1", "float32[N, 120]", "float32[N, 168]"),
        ("inside", "shape-changed", "relu_2", "float32[N, 120]", "float32[N, 168]"),
        ("inside", "layer-resized", "fc2", "Linear(120, 84)", "Linear(168, 84)"),
        ("checkpoints", "entry-changed", "fc1.weight", "float32[120, 576]", "float32[168, 576]"),
        ("checkpoints", "entry-changed", "fc1.bias", "float32[120]", "float32[168]"),
        ("checkpoints", "entry-changed", "fc2.weight", "float32[84, 120]", "float32[84, 168]"),
        ("cost", "parameters-changed", "", "81,290", "113,018"),
    ]
    assert str(found.position) == "configs/lenet.yaml:9:3"


@pytest.mark.parametrize(
    ("old", "new", "code"), [(False, True, "operation-added"), (True, False, "operation-removed")]
)
def test_one_inserted_operation_is_one_difference(old: bool, new: bool, code: str) -> None:
    # Four operations after it get other numbers, and the next call reads from it: all that has one cause.
    found = compare_locks(lock_lenet(inserted=old), lock_lenet(inserted=new))
    assert [(d.code, d.kind, d.path) for d in found] == [(code, "behaviour", "relu_1")]


CHANGES = {
    "another function": (
        {"activation": "gelu"},
        [("operation-changed", "gelu", "relu(conv1)", "gelu(conv1)")],
    ),
    "another argument": (
        {"kernel": "3"},
        [("operation-changed", "max_pool2d_1", "max_pool2d(relu_1, 2)", "max_pool2d(relu_1, 3)")],
    ),
    "another source": (
        {"flat_from": "max_pool2d"},
        [("wiring-changed", "flatten", "max_pool2d_1", "max_pool2d")],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_operation_is_one_difference(name: str) -> None:
    options, expected = CHANGES[name]
    assert told(lock_lenet(), lock_lenet(**options)) == expected


def test_a_larger_batch_changes_nothing() -> None:
    assert lock_lenet(batch=7) == lock_lenet()
    assert compare_locks(lock_lenet(), lock_lenet(batch=7)) == ()


def test_a_larger_batch_without_a_name_changes_callers_and_shapes_only() -> None:
    old, new = draw_lenet().lock((1, 10)), draw_lenet(batch=7).lock((7, 10))
    [cause] = compare_locks(old, new)
    found = cause.parts
    assert cause.code == "input-changed"
    assert sorted(d.code for d in found) == ["input-changed", "output-changed"] + ["shape-changed"] * 12
    assert not {"added", "removed"} & {d.code.partition("-")[2] for d in found}


def test_what_rows_need_of_dims() -> None:
    old = replace(lock_lenet(), needs=(("N >= 2", "conv1"), ("N % 2 == 0", "conv2")))
    new = replace(
        lock_lenet(), needs=(("N >= 2", "relu"), ("N % 4 == 0", "conv2")), assumes=(("N == 4", "fc1"),)
    )
    assert [(d.code, d.kind, d.path, d.message) for d in compare_locks(old, new)] == [
        (
            "need-added",
            "callers",
            "conv2",
            "conv2 needs N % 4 == 0 now, so sizes that were taken before are refused",
        ),
        ("need-moved", "inside", "relu", "relu is the first row that needs N >= 2, before conv1"),
        ("need-removed", "inside", "conv2", "conv2 no longer needs N % 2 == 0"),
        ("assumption-added", "inside", "fc1", "the formulas hold for N == 4 only, because of fc1"),
    ]
    assert [d.code for d in compare_locks(new, old)][-1] == "assumption-removed"


def add_twice(sources: str, text: str = "add({}, {})") -> Lock:
    sketch = Sketch("Sum", x=(1, 4), y=(1, 4))
    linear(sketch, "fc", "x", (4, 4), 1)
    sketch.operation(text, sources, (1, 4))
    return sketch.lock((1, 4))


@pytest.mark.parametrize(
    ("old", "new"), [("x y", "x x"), ("x y", "y x"), ("fc x", "fc y"), ("fc fc", "fc x")]
)
def test_the_same_call_of_other_values_is_another_wiring(old: str, new: str) -> None:
    expected = [("wiring-changed", "add", ", ".join(old.split()), ", ".join(new.split()))]
    assert told(add_twice(old), add_twice(new)) == expected


def test_a_layer_that_reads_something_else_is_another_wiring() -> None:
    assert told(lock_lenet(), with_row(lock_lenet(), "fc3", sources=("x",))) == [
        ("wiring-changed", "fc3", "relu_3", "x")
    ]


def test_names_in_a_call_are_told_from_keywords_texts_and_functions() -> None:
    call = """x(x, relu_1, 'x', h.0, x.y, x=x, k=[x], x[0], lstm[1]['a'])"""
    row = LockRow("a", "operation", "x", call, ("x", "h.0", "relu_1", "lstm[1]['a']"), "")
    text = "x(\0, \0, 'x', \0, x.y, x=\0, k=[\0], x[0], \0)"
    assert split_call(row) == (text, ("x", "relu_1", "h.0", "x", "x", "lstm[1]['a']"))


def draw_split(inserted: bool, part: int) -> Lock:
    sketch = Sketch("Split", x=(1, 4))
    if inserted:
        sketch.operation("split({}, 2)", "x", (1, 2))
    name = sketch.operation("split({}, 1)", "x", (1, 1))
    sketch.operation("neg({})", f"{name}[{part}]", (1, 1))
    return sketch.lock((1, 1))


def test_a_part_of_a_renumbered_operation_is_still_that_part() -> None:
    assert [d.code for d in compare_locks(draw_split(False, 1), draw_split(True, 1))] == ["operation-added"]
    assert told(draw_split(False, 1), draw_split(False, 0)) == [
        ("wiring-changed", "neg", "split[1]", "split[0]")
    ]


LAYERS = {
    "explained by its entries": ("Linear(576, 168)", "fc1.weight", (168, 576), None),
    "another argument too": ("Linear(576, 168, 3)", "fc1.weight", (168, 576), "layer-changed"),
    "another type": ("Lin(576, 168)", "fc1.weight", (168, 576), "layer-changed"),
    "not explained": ("Linear(576, 169)", "fc1.weight", (168, 576), "layer-changed"),
    "no entry changed": ("Linear(576, 168)", "fc1.weight", (120, 576), "layer-changed"),
    "an entry of another layer": ("Linear(576, 168)", "fc2.weight", (84, 168), "layer-changed"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_whose_entries_tell_its_change_is_no_second_difference(name: str) -> None:
    call, entry, shape, code = LAYERS[name]
    lock = with_row(lock_lenet(), "fc1", call=call, type=call.partition("(")[0])
    if shape != (120, 576):
        lock = with_entry(lock, entry, type=TensorType("float32", shape))
    codes = [d.code for d in compare_locks(lock_lenet(), lock) if d.kind == "behaviour"]
    assert codes == ([code] if code else [])


def test_a_new_block_is_one_row_and_its_entries() -> None:
    found = compare_locks(lock_tower(blocks=3), lock_tower(blocks=4))
    assert [[(d.code, d.path) for d in cause.parts] for cause in found] == [
        [
            ("layer-added", "h.3"),
            ("entry-added", "h.3.ln.weight"),
            ("entry-added", "h.3.ln.bias"),
            ("parameters-changed", ""),
        ]
    ]


def test_an_operation_gone_from_each_of_equal_blocks_is_one_difference() -> None:
    [found] = compare_locks(lock_tower(blocks=3), lock_tower(blocks=3, residual=False))
    assert [(d.code, d.path) for d in found.parts] == [("operation-removed", f"h.{n}.add") for n in range(3)]


def test_a_layer_called_at_another_place_is_matched_by_its_path() -> None:
    lock = lock_tower(blocks=2)
    rows = list(lock.rows)
    moved = [rows[5], *rows[6:9], *rows[1:5]]
    found = told(lock, replace(lock, rows=(rows[0], *moved, rows[9])))
    assert found == [("order-changed", "", "", "")]


def test_a_layer_called_once_more_is_one_difference() -> None:
    def draw(calls: int) -> Lock:
        sketch = Sketch("Twice", x=(1, 4))
        linear(sketch, "fc", "x", (4, 4), 1)
        for _ in range(calls):
            sketch.layer("act", "ReLU()", "fc", (1, 4))
        return sketch.lock((1, 4))

    assert told(draw(1), draw(2)) == [("layer-added", "act", "", "ReLU()")]
    assert told(draw(3), draw(1)) == [("layer-removed", "act", "ReLU()", "")]


def test_a_layer_that_is_no_longer_called_is_told_as_that() -> None:
    lock = lock_lenet()
    never = (LockUncalled("fc2", "Linear", 10_164),)
    rows = tuple(row for row in lock.rows if row.path != "fc2")
    new = with_row(
        replace(lock, rows=rows, never_called=never), "relu_3", call="relu(relu_2)", sources=("relu_2",)
    )
    assert told(lock, new) == [("layer-uncalled", "fc2", "Linear(120, 84)", "")]
    assert told(new, lock) == [("layer-called", "fc2", "", "Linear(120, 84)")]


L = lock_lenet()
SETTINGS = {
    "name": (replace(L, model="Net"), "name-changed"),
    "mode": (replace(L, mode="train"), "mode-changed"),
    "dtype": (replace(L, dtype="bfloat16"), "dtype-changed"),
    "dims": (replace(L, dims=("N", "T")), "dims-changed"),
    "param": (replace(L, params=(("a", "1"),)), "param-added"),
    "tie": (replace(L, tie=(("a", "b"),)), "tie-rewritten"),
    "freeze": (replace(L, freeze=("z*",)), "freeze-rewritten"),
    "input": (replace(L, inputs=(*L.inputs, ("y", "int64[1]"))), "input-added"),
    "no input": (replace(L, inputs=()), "input-removed"),
    "input's type": (replace(L, inputs=(("x", "int64[1, 1, 32, 32]"),)), "input-changed"),
    "output": (replace(L, output="(float32[1, 10],)"), "output-changed"),
    "entry": (
        replace(L, state_dict=(*L.state_dict, LockEntry("b", "buffer", TensorType("int64", ())))),
        "entry-added",
    ),
    "no entry": (replace(L, state_dict=L.state_dict[:-1]), "entry-removed"),
    "order of entries": (replace(L, state_dict=L.state_dict[::-1]), "entries-reordered"),
    "tied": (with_entry(L, "fc1.bias", tied="fc2.bias"), "entry-tied"),
    "kind": (with_entry(L, "fc1.bias", kind="buffer"), "entry-kind"),
    "frozen": (with_entry(L, "fc1.bias", frozen=True), "entry-frozen"),
    "trainable": (replace(L, trainable=5), "trainable-changed"),
    "uncalled": (replace(L, never_called=(LockUncalled("a", "ReLU"),)), "uncalled-added"),
    "own parameters": (with_row(L, "fc3", parameters=5), "order-changed"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_each_fact_of_a_lock_has_its_code(name: str) -> None:
    new, code = SETTINGS[name]
    assert [d.code for d in compare_locks(L, new)] == [code]
    assert [d.kind for d in compare_locks(L, new)] == [CODES[code][0]]


def test_inputs_in_another_order_and_changed_params() -> None:
    old = replace(L, inputs=(("a", "t"), ("b", "t")), params=(("p", "1"), ("q", "2")))
    new = replace(L, inputs=(("b", "t"), ("a", "t")), params=(("p", "3"),))
    assert told(old, new) == [
        ("param-removed", "q", "2", ""),
        ("inputs-reordered", "", "a, b", "b, a"),
        ("param-changed", "p", "1", "3"),
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_locks_that_differ_have_a_difference(data: st.DataObject) -> None:
    """Nothing in a lock changes unseen: each field of each row and entry, each value of the header."""
    lock = replace(lock_tower(blocks=2), params=(("a", "1"),), tie=(("a", "b"),), freeze=("f",), dims=("N",))
    part = data.draw(st.sampled_from(["rows", "state_dict", "header"]))
    if part == "header":
        field = data.draw(
            st.sampled_from(["model", "dtype", "output", "params", "dims", "tie", "freeze", "inputs"])
        )
        new = replace(lock, **{field: getattr(lock, field)[:-1]})
    else:
        items = list(getattr(lock, part))
        index = data.draw(st.integers(0, len(items) - 1))
        edit = data.draw(st.sampled_from(["drop", "swap", "change"]))
        if edit == "drop":
            del items[index]
        elif edit == "swap":
            other = data.draw(st.integers(0, len(items) - 1))
            items[index], items[other] = items[other], items[index]
        elif part == "rows":
            value = {
                "call": "f(1)",
                "type": "F",
                "sources": ("other",),
                "output": "int64[3]",
                "parameters": 9,
            }
            field = data.draw(st.sampled_from(sorted(value)))
            items[index] = replace(items[index], **{field: value[field]})
        else:
            value = {"kind": "buffer", "type": TensorType("int8", (3,)), "tied": "t", "frozen": True}
            field = data.draw(st.sampled_from(sorted(value)))
            items[index] = replace(items[index], **{field: value[field]})
        changed: dict[str, Any] = {part: tuple(items)}
        new = replace(lock, **changed)
    assert bool(compare_locks(lock, new)) == (lock != new)


def test_every_sentence_can_be_filled_in() -> None:
    for kind, sentence in CODES.values():
        assert kind in ("checkpoints", "callers", "behaviour", "inside", "cost")
        fields = {field for _, field, _, _ in string.Formatter().parse(sentence) if field}
        assert fields <= {"path", "old", "new"}


# Alignment


def longest(old: str, new: str) -> int:
    table = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, one in enumerate(old):
        for j, other in enumerate(new):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@settings(max_examples=300, deadline=None)
@given(st.text("abc", max_size=14), st.text("abc", max_size=14))
def test_alignment_is_a_longest_common_subsequence(old: str, new: str) -> None:
    pairs = align(old, new)
    assert all(old[i] == new[j] for i, j in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    assert len(pairs) == longest(old, new)


def draw_long(rows: int, inserted: set[int], batch: int = 1) -> Lock:
    sketch = Sketch("Long", x=(batch, 4))
    x = "x"
    for number in range(rows):
        x = sketch.operation(["relu({})", "neg({})", "tanh({})"][number % 3], x, (batch, 4))
        if number in inserted:
            x = sketch.operation("relu({})", x, (batch, 4))
    return sketch.lock((batch, 4))


def test_ten_thousand_rows_are_compared() -> None:
    added = {10, 5_000, 9_001}
    found = compare_locks(draw_long(10_000, set()), draw_long(10_000, added))
    assert [d.code for d in found] == ["operation-added"] * 3
    found = flatten_differences(compare_locks(draw_long(10_000, set()), draw_long(10_000, added, batch=2)))
    assert [d.code for d in found].count("operation-added") == 3
    assert [d.code for d in found].count("shape-changed") == 10_000


def test_sequences_with_little_in_common_are_given_up_on() -> None:
    assert align("ab" * 2_000 + "z", "cd" * 2_000 + "z") == [(4_000, 4_000)]


# Verdicts


def judge(old: Lock, new: Lock) -> dict[str, tuple[bool, str]]:
    verdicts = judge_differences(old, new, compare_locks(old, new))
    return {verdict.kind: (verdict.holds, f"{verdict.word} {verdict.text}".strip()) for verdict in verdicts}


def test_the_verdict_on_a_widened_layer() -> None:
    assert judge(lock_lenet(), lock_lenet(wide=168)) == {
        "checkpoints": (False, "break 3 of 10 entries don't load: fc1.weight, fc1.bias and fc2.weight"),
        "callers": (True, "hold input and output are the same"),
        "behaviour": (True, "holds every other call and its wiring are the same"),
        "inside": (False, "changes 2 layers have other sizes, 2 rows have another output"),
        "cost": (False, "81,290 -> 113,018 parameters (+39.0%)"),
    }


def test_the_verdict_on_an_inserted_operation() -> None:
    assert judge(lock_lenet(), lock_lenet(inserted=True)) == {
        "checkpoints": (True, "hold every entry is the same (10)"),
        "callers": (True, "hold input and output are the same"),
        "behaviour": (False, "changes 1 operation is new"),
        "cost": (True, "81,290 parameters as before"),
    }


@pytest.mark.parametrize("name", SETTINGS)
def test_every_change_has_a_verdict(name: str) -> None:
    new, code = SETTINGS[name]
    broken = [kind for kind, (holds, _) in judge(L, new).items() if not holds]
    assert broken == [CODES[code][0]]


def test_tying_and_order_are_told_from_weights_that_do_not_load() -> None:
    assert judge(L, SETTINGS["tied"][0])["checkpoints"] == (
        False,
        "break 1 entry is tied in another way; weights saved before load into other parameters",
    )
    assert judge(L, SETTINGS["order of entries"][0])["checkpoints"] == (
        False,
        "break the entries come in another order; saved weights load, the state of an optimizer doesn't",
    )


def test_positions_are_of_the_first_call_of_a_path() -> None:
    trace = draw_tower(2).trace((1, 16, 50))
    assert collect_positions(trace) == {}
    assert set(collect_positions(draw_lenet().trace((1, 10)))) == {"conv1", "conv2", "fc1", "fc2", "fc3"}
