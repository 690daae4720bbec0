"""Layers that are the same are derived once: the trace is that of a derivation which shares nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import layercli
from layercli.derive.session import derive_conditions, derive_plan, list_tensors
from layercli.derive.sharing import Sharing
from layercli.errors import SpecError
from layercli.lock import format_lock, lock_from_trace
from layercli.plan.records import Plan
from layercli.report.rows import build_tree
from layercli.run.session import trace_plan
from layercli.spec.library import list_bundled
from layercli.trace import Trace
from layercli.trace.agreement import compare_traces
from layercli.trace.failure import TraceFailed
from layercli.trace.repeats import Repeats
from tests.derive.bundled import load_bundled
from tests.derive.drawn_models import draw_model
from tests.derive.test_agreement import CASES, MODES, settings_of

#: How a table may be asked for.
VIEWS: tuple[dict[str, Any], ...] = (
    {},
    {"fold": False},
    {"layers_only": True},
    *({"depth": depth, "layers_only": only} for depth in (1, 2, 3, 4) for only in (False, True)),
)


def derive(plan: Plan, *, share: bool) -> tuple[Trace, str]:
    try:
        return derive_plan(plan, share=share), ""
    except TraceFailed as failure:
        return failure.trace, str(failure)


def check_same(plan: Plan) -> Trace:
    """Derive a plan with and without sharing; all that anybody can see of it is the same."""
    (shared, refusal), (whole, expected) = derive(plan, share=True), derive(plan, share=False)
    assert refusal == expected
    assert not any(isinstance(part, Repeats) for part in whole.rows)
    # What is compared by value leaves formulas out; what is printed doesn't.
    assert [repr(row) for row in shared.rows] == [repr(row) for row in whole.rows]
    assert [repr(shared.rows[place]) for place in range(-len(shared.rows), 0)] == [*map(repr, whole.rows)]
    assert [*map(repr, shared.tensors)] == [*map(repr, whole.tensors)]
    assert shared == whole
    assert (shared.totals, shared.requirements, shared.notes) == (
        whole.totals,
        whole.requirements,
        whole.notes,
    )
    assert shared.to_dict() == whole.to_dict()
    for view in VIEWS:
        assert build_tree(shared, **view) == build_tree(whole, **view), view
    if not refusal:
        assert write_lock(shared) == write_lock(whole)
    return shared


def write_lock(trace: Trace) -> str:
    return format_lock(lock_from_trace(trace, dtype="float32"))


@pytest.mark.parametrize("path", list_bundled(), ids=lambda path: path.stem)
def test_bundled_model(path: Path) -> None:
    for mode in MODES:
        plan = load_bundled(path, mode=mode)
        check_same(plan)
        if plan.dims:
            check_same(load_bundled(path, mode=mode, symbolic=[*plan.dims]))


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_case_of_the_language(path: Path) -> None:
    for mode in MODES:
        plan = layercli.load(path, mode=mode, **settings_of(path))
        check_same(plan)
        if plan.dims:
            check_same(layercli.load(path, mode=mode, symbolic=[*plan.dims], **settings_of(path)))


# Models of many equal blocks -------------------------------------------------------------------------------

#: What a block of width 8 may be made of: its layers, its statements, what it gives.
BODIES: tuple[tuple[dict[str, str], tuple[str, ...], str], ...] = (
    ({"fc": "Linear(8, 8)"}, (), "x + fc(x)"),
    ({"fc": "Linear(8, 8)", "norm": "LayerNorm(8)"}, ("h = norm(x)",), "fc(h) + x.mean()"),
    ({"fc": "Linear(8, 8)"}, ("x += 1",), "fc(x)"),
    ({"fc": "Linear(8, 8)", "act": "ReLU(inplace=True)"}, (), "act(fc(x))"),
    ({"fc": "Linear(8, 8)"}, (), "x"),
    ({"fc": "Linear(8, 8)", "drop": "Dropout(0.1)"}, ("y = drop(fc(x))",), "y if self.training else y + x"),
    ({"fc": "Linear(8, 8)", "gain": "Parameter(ones(8))"}, (), "fc(x) * gain"),
    ({"fc": "Linear(8, 8)", "gain": "Parameter(ones(2, 4, 8))"}, (), "gain"),
    ({"fc": "Linear(8, 8)", "spare": "Linear(8, 3)"}, (), "fc(x)"),
    ({"fc": "Linear(8, 8)"}, ("h = fc(x).transpose(0, 1)",), "h.transpose(0, 1)"),
    ({"fc": "Linear(8, 8)"}, ("h = [fc(x), x]", "h.append(x)"), "h[0] + h[2]"),
    ({"fc": "Linear(8, 8)", "attn": "MultiheadAttention(8, 2, batch_first=True)"}, (), "attn(x, x, fc(x))[0]"),
    ({"fc": "weight_norm(Linear(8, 8))"}, (), "fc(x)"),
    ({"fc": "Linear(8, 8)", "lazy": "LazyLinear(8)"}, (), "fc(lazy(x))"),
    ({"fc": "Linear(8, 8)", "rnn": "LSTM(8, 8, batch_first=True)"}, ("h, (a, b) = rnn(fc(x))",), "h"),
    ({"fc": "Linear(8, 8)", "seq": "Sequential(Linear(8, 8), Sequential(ReLU(), Linear(8, 8)))"}, (), "seq(fc(x))"),
)  # fmt: skip

#: What a layer may do with a block's input besides.
STEPS = (
    "x += 1",
    "x = x.transpose(0, 1).contiguous().transpose(0, 1)",
    "x = x.detach()",
    "x = x @ items[1].fc.weight",
    "x = items[0].fc(x)",
    "x = items[-1](x)",
    "x = items[0](items[1](items[0](x)))",
)
LOOPS = (
    "for item in items: x = item(x)",
    "for i, item in enumerate(items): x = item(x) if i else item(x.transpose(0, 1)).transpose(0, 1)",
    "for item, part in zip(items, x.unbind(0)): x = x + item(part[None])",
)
CALLS = ("x = items(x)", "x = items(items(x))")

#: What holds several of a block in the layer around them, as ``items``, and how that may use them.
HOLDERS = (
    ("ModuleList(4 * {block}())", LOOPS + STEPS),
    ("ModuleList({block}() for _ in range(6))", LOOPS + STEPS),
    ("ModuleList(2 * {block}(), 3 * {block}())", LOOPS + STEPS),
    ("Sequential(7 * {block}())", LOOPS + CALLS + STEPS),
    ("5 * {block}()", LOOPS + CALLS + STEPS),
    ("[{block}(), 2 * {block}()]", LOOPS + CALLS + STEPS),
    ("ModuleDict(a={block}(), b={block}())", ("for item in items.values(): x = item(x)", "x = items.b(items.a(x))")),
)  # fmt: skip

TIES = ("", "items.1.fc.weight: items.0.fc.weight", "items.0.fc.bias: items.2.fc.bias")
FREEZE = ("", "items.0.*", "items.1.fc.bias", "*.bias", "items.*.fc.weight")


def write_layers(layers: dict[str, str], statements: list[str], result: str, indent: str) -> Iterator[str]:
    yield f"{indent}layers:"
    yield from (
        f"{indent}  {name}: {text if text[0] == '[' else repr(text)}" for name, text in layers.items()
    )
    yield f"{indent}forward: |"
    yield from (f"{indent}  {line}" for line in [*statements, f"return {result}"])


def write_model(draw: random.Random) -> str:
    """A model of blocks of blocks, in ways that may be refused."""
    lines = ["name: Net", "dims: {N: 2, T: 4}", "inputs:", "  x: [N, T, 8]", "blocks:"]
    names = ["Inner", "Middle", "Outer"][: draw.randint(2, 3)]
    for depth, name in enumerate(names):
        body, steps, result = draw.choice(BODIES)
        layers, statements = dict(body), list[str](steps)
        if depth:
            holder, uses = draw.choice(HOLDERS)
            layers["items"] = holder.format(block=names[depth - 1])
            statements = [*draw.choices(uses, k=draw.randint(1, 2)), *statements]
        lines += [f"  {name}:", "    inputs: [x]", *write_layers(layers, statements, result, "    ")]
        if depth and draw.random() < 0.2:
            lines += [line for line in [draw.choice(TIES)] if line for line in ("    tie:", f"      {line}")]
        if draw.random() < 0.1:
            lines.append(f"    freeze: [{draw.choice(('fc.*', 'fc.weight'))}]")
    holder, uses = draw.choice(HOLDERS)
    layers = {"items": holder.format(block=names[-1])}
    lines += write_layers(layers, draw.choices(uses, k=draw.randint(1, 4)), "x", "")
    tie, freeze = draw.choice(TIES * 2 + ("",) * 6), draw.choice(FREEZE + ("",) * 8)
    lines += ["tie:", f"  {tie}"] if tie else []
    lines += [f"freeze: ['{freeze}']"] if freeze else []
    return "\n".join(lines) + "\n"


def load_drawn(text: str, folder: Path, **settings: Any) -> Plan | None:
    path = folder / "net.yaml"
    path.write_text(text, "utf-8")
    try:
        plan = layercli.load(path, **settings)
        list_tensors(plan)
    except SpecError:
        return None
    return plan


@pytest.mark.parametrize("seed", range(6))
def test_drawn_models_of_equal_blocks(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    checked = 0
    while checked < 8:
        text = write_model(draw)
        plan = load_drawn(text, tmp_path, mode=draw.choice(MODES))
        if plan is None:
            continue
        check_same(plan)
        checked += 1
        symbolic = load_drawn(text, tmp_path, mode=plan.mode, symbolic=["N", "T"])
        assert symbolic is not None
        check_same(symbolic)


def test_drawn_models_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared: set[int] = set()
    repeat = Sharing.repeat

    def note(sharing: Sharing, *given: Any) -> Any:
        shared.add(id(sharing.known))
        return repeat(sharing, *given)

    monkeypatch.setattr(Sharing, "repeat", note)
    draw = random.Random(0)
    for _ in range(60):
        plan = load_drawn(write_model(draw), tmp_path)
        if plan is not None:
            derive(plan, share=True)
    assert len(shared) > 10


@pytest.mark.parametrize("seed", range(4))
def test_drawn_models_as_pytorch_runs_them(seed: int, tmp_path: Path) -> None:
    draw = random.Random(f"run {seed}")
    checked = 0
    while checked < 5:
        plan = load_drawn(write_model(draw), tmp_path, mode=draw.choice(MODES))
        if plan is None:
            continue
        try:
            derived = derive_plan(plan)
        except SpecError:
            continue
        assert compare_traces(trace_plan(plan, device="cpu")[0], derived) == ()
        checked += 1


@pytest.mark.parametrize("seed", range(30))
def test_drawn_models_of_any_kind(seed: int, tmp_path: Path) -> None:
    plan = load_drawn(draw_model(random.Random(seed)).write(), tmp_path)
    if plan is not None:
        check_same(plan)


# What is shared --------------------------------------------------------------------------------------------

NET = """\
inputs: {x: [2, 8], n: "3"}
layers:
  items: ModuleList(6 * Block())
blocks:
  Block:
    inputs: [x, n=None]
    layers: {fc: 'Linear(8, 8)', gain: Parameter(ones(8))}
    forward: |
      y = fc(x) * gain
      return y, x, (y, n)
forward: |
"""


@pytest.mark.parametrize(
    ("forward", "derived"),
    [
        ("for item in items: y = item(x)[0]\n  return y", 1),
        ("for item in items: x = item(x)[0]\n  return x", 1),
        ("for item in items: x = item(x)[1]\n  return x", 1),
        ("for i, item in enumerate(items): x = item(x, i)[1]\n  return x", 6),
        ("for i, item in enumerate(items): x = item(x, i > 2)[1]\n  return x", 2),
        ("for i, item in enumerate(items): x = item(x, 1 if i else 1.0)[1]\n  return x", 2),
        ("for item in items: x = item(x, [n])[1]\n  return x", 6),
        ("for item in items: x = item(items[0](x)[1])[1]\n  return x", 7),
        ("y = x @ items[2].fc.weight\n  for item in items: y = item(x)[0]\n  return y", 2),
        ("for item in items: y = item(x)[0]\n  return y @ items[2].fc.weight", 1),
        ("for i, item in enumerate(items): y = item(x.transpose(0, 1)[:, :2] if i == 9 else x)[0]\n  return y", 1),
        ("for i, item in enumerate(items): y = item(ones(8, 2).T if i % 2 else x)[0]\n  return y", 2),
    ],
)  # fmt: skip
def test_how_often_a_block_is_derived(
    forward: str, derived: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from layercli.derive import engine

    calls = 0
    run_block = engine.run_block

    def count(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        return run_block(*given)

    monkeypatch.setattr(engine, "run_block", count)
    plan = load_drawn(f"{NET}  {forward}\n", tmp_path)
    assert plan is not None
    derive_plan(plan)
    assert calls == 1 + derived
    check_same(plan)


def test_steps_count_as_if_nothing_was_shared(tmp_path: Path) -> None:
    from layercli.spec.limits import current_limits, set_limits

    plan = load_drawn(f"{NET}  for item in items: x = item(x)[1]\n  return x\n", tmp_path)
    assert plan is not None
    outcomes = set()
    try:
        for steps in chain(range(1, 150, 7), (5_000_000,)):
            set_limits({"steps": steps})
            outcomes.add(derive(plan, share=True)[1])
            assert derive(plan, share=True) == derive(plan, share=False)
    finally:
        set_limits({"steps": type(current_limits())().steps})
    assert "" in outcomes
    assert any("steps" in outcome for outcome in outcomes)


def test_conditions_are_told_once_each(tmp_path: Path) -> None:
    text = NET.replace("{x: [2, 8]", "{x: [N, 8]").replace("inputs:", "dims: {N: 2}\ninputs:", 1)
    plan = load_drawn(
        f"{text}  for item in items: x = item(x[:2])[0]\n  return x\n", tmp_path, symbolic=["N"]
    )
    assert plan is not None
    conditions = [condition for _, condition in derive_conditions(plan).conditions]
    assert len(conditions) == len(set(conditions)) > 0
