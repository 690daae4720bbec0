"""The tree view of a trace: levels, headings, folding, hidden rows, layers that never ran."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from layercli.errors import CommandError
from layercli.report import rows as rows_module
from layercli.report.rows import Counts, TreeRow, build_tree, group_uncalled
from layercli.trace import Row, Tie, Trace, Uncalled
from tests.report.hand_made import layer, make_block, make_gpt2, make_lenet, make_trace, operation, tensor

X = tensor(1, 8)


def linear(path: str, parameters: int = 72, **further: Any) -> Row:
    return layer(path, "Linear", X, X, parameters, **further)


def add(path: str, **further: Any) -> Row:
    return operation(path, "add", X, X, **further)


def show(tree: tuple[TreeRow, ...]) -> list[str]:
    """Each line as its level, its name and what a run adds to it."""
    return [
        "  " * line.level
        + line.name
        + (f" to {line.last_name} x{line.count}" if line.count > 1 else "")
        + (" (no row)" if line.row is None else "")
        for line in tree
    ]


def show_folded(*rows: Row) -> list[str]:
    return show(build_tree(make_trace(*rows)))


def test_rows_stand_by_path_with_headings_and_runs() -> None:
    assert show(build_tree(make_gpt2())) == [
        "transformer",
        "  wte",
        "  wpe",
        "  add",
        "  h.0 to h.11 x12",
        "    ln_1",
        "    attn",
        "    add",
        "    mlp (no row)",
        "      c_fc",
        "      act",
        "      c_proj",
        "  ln_f",
        "lm_head",
    ]


def test_a_run_holds_what_one_of_it_holds_and_rows_hold_their_own() -> None:
    tree = {line.path: line for line in build_tree(make_gpt2())}
    assert tree["transformer.h.0"].counts.parameters == 7_086_336
    assert tree["transformer"].counts.parameters == 0
    assert tree["transformer.h.0.ln_1"].counts.parameters == 1_536


def test_without_folding_every_row_is_there() -> None:
    trace = make_gpt2()
    tree = build_tree(trace, fold=False)
    assert [line.row for line in tree if line.row] == list(trace.rows)
    assert sum(line.counts.parameters for line in tree) == trace.totals.parameters


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        pytest.param([linear("0"), linear("1"), linear("2")], ["0 to 2 x3"], id="leaves"),
        pytest.param([linear("0"), linear("2")], ["0", "2"], id="a gap"),
        pytest.param([linear("0"), linear("1", 80)], ["0", "1"], id="other parameters"),
        pytest.param([linear("0"), linear("1", trainable=0)], ["0", "1"], id="frozen"),
        pytest.param(
            [linear("0", arguments="Linear(8, 8)"), linear("1", arguments="Linear(8, 8, bias=False)")],
            ["0", "1"],
            id="other arguments",
        ),
        pytest.param([linear("0"), replace(linear("1"), output=tensor(1, 9))], ["0", "1"], id="other output"),
        pytest.param([linear("0"), replace(linear("1"), type="Bilinear")], ["0", "1"], id="other type"),
        pytest.param([linear("0"), linear("1", finished=False)], ["0", "1"], id="failed"),
        pytest.param(
            [linear("h.9"), linear("h.10"), linear("h.11"), add("add"), linear("h.12")],
            ["h.9 to h.11 x3", "add", "h.12"],
            id="interrupted",
        ),
        pytest.param([linear("fc1"), linear("fc2")], ["fc1", "fc2"], id="names that end in digits"),
        pytest.param([linear("0", call=1), linear("0", call=2)], ["0", "0"], id="one layer twice"),
        pytest.param([linear("9" * 5000), linear("9" * 5001)], ["9" * 5000, "9" * 5001], id="huge index"),
    ],
)
def test_which_leaves_fold(rows: list[Row], shown: list[str]) -> None:
    assert show_folded(*rows) == shown


@pytest.mark.parametrize(
    ("change", "folds"),
    [
        pytest.param({}, True, id="the same"),
        pytest.param({"type": "SiLU"}, False, id="type"),
        pytest.param({"sources": ("add",)}, False, id="wiring"),
        pytest.param({"macs": 3}, False, id="MACs"),
        pytest.param({"flops": 3}, False, id="FLOPs"),
        pytest.param({"path": "h.1.mlp.gelu"}, False, id="name"),
    ],
)
def test_a_difference_inside_keeps_blocks_apart(change: dict[str, Any], folds: bool) -> None:
    second = [replace(row, **change) if row.type == "GELU" else row for row in make_block("h.1", "h.0")]
    tree = build_tree(make_trace(*make_block("h.0", "x"), *second))
    assert (tree[0].count == 2) is folds


@pytest.mark.parametrize(
    ("sources", "folds"),
    [
        pytest.param(["x", "h.0", "h.1"], True, id="each from the one before"),
        pytest.param(["x", "x", "x"], True, id="all from one place"),
        pytest.param(["x", "h.0", "h.0"], False, id="the last from the first"),
        pytest.param(["x", "y", "z"], False, id="all from elsewhere"),
    ],
)
def test_where_the_input_comes_from_decides_what_folds(sources: list[str], folds: bool) -> None:
    rows = [linear(f"h.{index}", sources=(source,)) for index, source in enumerate(sources)]
    assert (build_tree(make_trace(*rows))[0].count == 3) is folds


def test_runs_fold_within_runs() -> None:
    rows = [
        row
        for outer in range(3)
        for row in [linear(f"stage.{outer}", 0), *(linear(f"stage.{outer}.{inner}") for inner in range(4))]
    ]
    tree = build_tree(make_trace(*rows))
    assert show(tree) == ["stage.0 to stage.2 x3", "  0 to 3 x4"]
    assert [line.counts.parameters for line in tree] == [4 * 72, 72]


def test_blocks_that_are_not_called_themselves_fold() -> None:
    rows = []
    before = "x"
    for index in range(3):
        rows.append(linear(f"h.{index}.a", sources=(before,)))
        rows.append(linear(f"h.{index}.b", sources=(f"h.{index}.a",)))
        before = f"h.{index}.b"
    assert show_folded(*rows) == ["h.0 to h.2 x3 (no row)", "  a", "  b"]


def test_ties_inside_a_block_fold_and_ties_to_different_places_do_not() -> None:
    def tied(index: int, target: str) -> Row:
        return linear(f"h.{index}", 0, tied=(Tie(f"h.{index}.weight", target),))

    assert show_folded(tied(0, "h.0.bias"), tied(1, "h.1.bias")) == ["h.0 to h.1 x2"]
    assert show_folded(tied(1, "h.0.weight"), tied(2, "h.0.weight")) == ["h.1 to h.2 x2"]
    assert show_folded(tied(1, "a.weight"), tied(2, "b.weight")) == ["h.1", "h.2"]


def test_a_container_whose_rows_are_scattered_gets_no_heading() -> None:
    rows = [linear("encoder.a"), add("add"), linear("encoder.b"), linear("encoder.c.d")]
    assert show_folded(*rows) == ["encoder.a", "add", "encoder.b", "encoder.c.d"]


def test_rows_of_a_layer_that_was_left_keep_their_whole_path() -> None:
    rows = [linear("block"), linear("block.a"), linear("shared"), add("block.add")]
    assert show_folded(*rows) == ["block", "  a", "shared", "block.add"]


def test_repeated_calls_are_told_where_the_call_around_them_does_not_tell() -> None:
    rows = [
        linear("cell"),
        linear("cell.fc"),
        linear("cell", 0, call=2),
        linear("cell.fc", 0, call=2),
        linear("cell.fc", 0, call=3),
    ]
    assert [line.repeated for line in build_tree(make_trace(*rows))] == [0, 0, 2, 0, 3]


def test_the_root_is_a_line_without_children() -> None:
    root = layer("", "Net", X, X, 8)
    assert [(line.name, line.level) for line in build_tree(make_trace(root, linear("fc")))] == [
        ("", 0),
        ("fc", 0),
    ]


def test_depth_counts_what_it_hides() -> None:
    trace = make_gpt2()
    for depth in (1, 2, 3, 4):
        tree = build_tree(trace, fold=False, depth=depth)
        assert max(line.level for line in tree) == depth - 1
        assert sum(line.counts.parameters for line in tree) == trace.totals.parameters
        assert sum(line.hidden + (line.row is not None) for line in tree) == len(trace.rows)
    top = build_tree(trace, depth=1)
    assert [(line.name, line.counts.parameters, line.hidden) for line in top] == [
        ("transformer", 124_421_376, 88),
        ("lm_head", 0, 0),
    ]


def test_depth_below_one_is_refused() -> None:
    with pytest.raises(CommandError, match="at least 1"):
        build_tree(make_lenet(), depth=0)


def test_macs_of_hidden_rows_are_unknown_where_one_of_them_is() -> None:
    known = [linear("block", 0, macs=0), linear("block.a", macs=64), linear("block.b", macs=64)]
    assert build_tree(make_trace(*known), depth=1)[0].counts.macs == 128
    unknown = [*known[:2], linear("block.b", macs=None)]
    assert build_tree(make_trace(*unknown), depth=1)[0].counts.macs is None
    assert build_tree(make_trace(*known), depth=1)[0].counts.flops is None
    counted = [linear(path, macs=0, flops=130) for path in ("block", "block.a", "block.b")]
    assert build_tree(make_trace(*counted), depth=1)[0].counts.flops == 390


def test_layers_only() -> None:
    names = [line.name for line in build_tree(make_lenet(), layers_only=True)]
    assert names == ["conv1", "conv2", "fc1", "fc2", "fc3"]


def test_only_the_last_unfinished_row_is_the_one_that_failed() -> None:
    rows = [
        linear("block", finished=False),
        linear("block.a"),
        linear("block.b", finished=False),
        add("block.b.add", finished=False),
    ]
    trace = make_trace(*rows, failed=True)
    assert [line.path for line in build_tree(trace) if line.failed] == ["block.b.add"]
    assert [line.path for line in build_tree(trace, layers_only=True) if line.failed] == ["block.b.add"]
    assert [line.path for line in build_tree(trace, depth=2) if line.failed] == ["block.b"]


def test_layers_that_never_ran_are_grouped() -> None:
    attention = [layer(f"h.{index}.self_attn", "MultiheadAttention", X, X) for index in range(12)]
    trace = make_trace(
        linear("heads.a"),
        *attention,
        never_called=(
            Uncalled("heads", "ModuleDict"),
            *(
                Uncalled(f"h.{index}.self_attn.out_proj", "Linear", 4160, used_by=f"h.{index}.self_attn")
                for index in range(12)
            ),
            Uncalled("heads.b", "Linear", 72),
            Uncalled("aux", "Sequential"),
            Uncalled("aux.0", "Linear", 72),
            Uncalled("aux.2", "Linear", 10),
            Uncalled("spare.0", "Linear", 5),
            Uncalled("spare.1", "Linear", 5),
            Uncalled("encoder.attention", "MultiheadAttention", 30),
            Uncalled("encoder.attention.out_proj", "Linear", 10),
            Uncalled("encoder.drop", "Dropout"),
        ),
    )
    groups = group_uncalled(trace)
    assert [(group.count, group.name, group.used_by, group.counts.parameters) for group in groups] == [
        (12, "self_attn.out_proj", "MultiheadAttention", 49_920),
        (1, "heads.b", "", 72),
        (1, "aux", "", 82),
        (2, "spare.*", "", 10),
        (1, "encoder", "", 40),
    ]
    assert groups[-1].type == "2 layers"
    assert sum(group.counts.parameters for group in groups) == sum(
        uncalled.parameters for uncalled in trace.never_called
    )


def test_counts_add() -> None:
    assert Counts(1, 1, 2, 4, 5) + Counts(1, 0, 0, 4, 5) == Counts(2, 1, 2, 8, 10)
    assert (Counts(macs=None) + Counts(macs=3)).macs is None
    added = Counts(flops=None) + Counts(macs=3, flops=7)
    assert (added.macs, added.flops) == (3, None)
    assert (Counts(flops=2) + Counts(flops=7)).flops == 9


@pytest.mark.parametrize("alike", [True, False])
def test_work_grows_with_the_number_of_rows(alike: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    compare = rows_module._is_counterpart

    def count(*arguments: Any) -> bool:
        nonlocal compared
        compared += 1
        return compare(*arguments)

    monkeypatch.setattr(rows_module, "_is_counterpart", count)

    def make(blocks: int) -> Trace:
        if alike:
            return make_gpt2(blocks)
        return make_trace(*(linear(f"h.{index}", index) for index in range(7 * blocks)))

    work = []
    for blocks in (72, 288):
        compared = 0
        trace = make(blocks)
        build_tree(trace)
        work.append(compared)
    assert len(trace.rows) >= 2000
    assert 0 < work[1] < 6 * work[0]
