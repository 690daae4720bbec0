"""The bundled model of a trillion parameters against sums written out by hand, and how little is derived for it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import layercli
from layercli.derive import engine
from layercli.derive.session import derive_plan
from layercli.lock import format_lock, lock_from_trace
from layercli.report.rows import build_tree
from layercli.trace import Trace

VOCABULARY, WIDTH, INSIDE, LAYERS = 163_840, 7_168, 2_048, 60
HEADS, KEY_VALUE_HEADS, HEAD, EXPERTS, CHOSEN = 64, 8, 128, 384, 8
TOKENS = 4_096


@pytest.fixture(scope="module")
def trace() -> Trace:
    return layercli.derive("moe-1t")


def test_parameters(trace: Trace) -> None:
    queries = WIDTH * HEADS * HEAD
    keys = values = WIDTH * KEY_VALUE_HEADS * HEAD
    outputs = HEADS * HEAD * WIDTH
    attention = queries + keys + values + outputs + HEAD + HEAD
    router = WIDTH * EXPERTS
    expert = WIDTH * INSIDE + WIDTH * INSIDE + INSIDE * WIDTH
    layer = WIDTH + attention + WIDTH + router + EXPERTS * expert
    model = VOCABULARY * WIDTH + LAYERS * layer + WIDTH + WIDTH * VOCABULARY
    assert model == 1_025_128_101_888
    assert trace.totals.parameters == trace.totals.trainable == model
    assert trace.totals.bytes == 2 * model
    assert trace.totals.buffers == HEAD // 2
    assert sum(tensor.count for tensor in trace.tensors if tensor.kind == "parameter") == model


def test_macs(trace: Trace) -> None:
    queries = TOKENS * WIDTH * HEADS * HEAD
    keys = values = TOKENS * WIDTH * KEY_VALUE_HEADS * HEAD
    scores = weighted = HEADS * TOKENS * TOKENS * HEAD
    outputs = TOKENS * HEADS * HEAD * WIDTH
    attention = queries + keys + values + scores + weighted + outputs
    router = TOKENS * WIDTH * EXPERTS
    # 4,096 tokens choose 8 experts each, 32,768 in all: 86 for each of 384, rounded up.
    share = 86
    assert EXPERTS * (share - 1) < TOKENS * CHOSEN <= EXPERTS * share
    experts = EXPERTS * share * (WIDTH * INSIDE + WIDTH * INSIDE + INSIDE * WIDTH)
    model = LAYERS * (attention + router + experts) + TOKENS * WIDTH * VOCABULARY
    assert model == 141_712_445_931_520
    assert (trace.totals.macs, trace.totals.macs_unknown) == (model, 0)


def test_rows(trace: Trace) -> None:
    attention = 1 + 4 + 2 + 3 + 3 + 2 * 7 + 3
    experts = 1 + 13 + EXPERTS * (1 + 3 + 2) + 9
    layer = 1 + 2 + 2 + attention + experts
    assert len(trace.rows) == 4 + 9 + LAYERS * layer == 141_733
    assert trace.never_called == ()
    last = trace.rows[-1 - (9 + 1 + 2)]
    assert last.path == "model.layers.59.mlp.experts.383.down_proj"
    assert (last.type, last.parameters) == ("Linear", INSIDE * WIDTH)
    assert sum(1 for row in trace.rows if row.type == "Expert") == LAYERS * EXPERTS


def test_each_block_is_derived_once(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: Counter[str] = Counter()
    rules = 0
    run_block, call_rule = engine.run_block, engine.call_layer_rule

    def count_block(module: Any, *rest: Any) -> Any:
        blocks[module.type] += 1
        return run_block(module, *rest)

    def count_rule(*rest: Any) -> Any:
        nonlocal rules
        rules += 1
        return call_rule(*rest)

    monkeypatch.setattr(engine, "run_block", count_block)
    monkeypatch.setattr(engine, "call_layer_rule", count_rule)
    derive_plan(layercli.load("moe-1t"))
    assert blocks == dict.fromkeys(
        (
            "MoEForCausalLM",
            "MoEModel",
            "MoERotaryEmbedding",
            "MoEDecoderLayer",
            "MoEAttention",
            "SparseMLP",
            "Expert",
        ),
        1,
    )
    # Of each layer once: embedding, norms, projections, router, an expert's three, and the head.
    assert rules == 1 + 2 + 4 + 2 + 1 + 3 + 1 + 1


def test_what_is_folded_is_never_made_in_full(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    from layercli.trace.repeats import Repeats

    made = 0
    move_row = trace.rows.move  # type: ignore[attr-defined]

    def count(*given: Any) -> Any:
        nonlocal made
        made += 1
        return move_row(*given)

    def count_in(items: Any) -> None:
        items.move = count
        for part in items.parts:
            if not hasattr(part, "type"):
                count_in(part.items)

    assert isinstance(trace.rows, Repeats)
    count_in(trace.rows)
    lines = build_tree(trace)
    assert [(line.name, line.last_name, line.count) for line in lines if line.count > 1] == [
        ("layers.0", "layers.59", 60),
        ("experts.0", "experts.383", 384),
    ]
    assert trace.totals.parameters > 10**12
    assert format_lock(lock_from_trace(trace, dtype="bfloat16")).count("\n") < 150
    assert made < 2_000


def test_the_smaller_one_counts_by_the_same_sums() -> None:
    trace = layercli.derive(
        "moe-1t", params={"num_hidden_layers": 2, "num_experts": 5, "num_experts_per_tok": 3}
    )
    layer = WIDTH * HEADS * HEAD * 2 + WIDTH * KEY_VALUE_HEADS * HEAD * 2 + 2 * HEAD + 2 * WIDTH
    layer += 5 * WIDTH + 5 * 3 * WIDTH * INSIDE
    assert trace.totals.parameters == 2 * VOCABULARY * WIDTH + 2 * layer + WIDTH
    # The 12,288 choices of all tokens, five equal shares of them: 2,458.
    macs = TOKENS * WIDTH * HEADS * HEAD * 2 + TOKENS * WIDTH * KEY_VALUE_HEADS * HEAD * 2
    macs += 2 * HEADS * TOKENS * TOKENS * HEAD + TOKENS * WIDTH * 5 + 5 * 2_458 * 3 * WIDTH * INSIDE
    assert trace.totals.macs == 2 * macs + TOKENS * WIDTH * VOCABULARY
