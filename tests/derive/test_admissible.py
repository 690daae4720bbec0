"""The sizes that dims may have, against PyTorch on CPU around every edge, and the arithmetic behind them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import layercli
from layercli.catalogue.sizes import AnySize, Condition, make_dim
from layercli.derive.admissible import find_admissible, list_admissible
from layercli.derive.solutions import find_sizes
from layercli.report.dims import format_text
from layercli.report.options import TraceOptions
from layercli.trace.admissible import Admissible, AdmissibleSizes
from tests.derive.edges import find_mistakes
from tests.derive.test_symbolic_models import LENET

#: Sizes above this are not tried.
MAX_TRIED = 600

NET = "name: Net\ndims: {dims}\ninputs:\n  x: {x}\nlayers:\n  same: Identity()\nforward: |\n  x = same(x)\n  {forward}\n"


def list_sizes(path: str | Path) -> AdmissibleSizes:
    plan = layercli.load(path)
    return list_admissible(plan, lambda sizes, symbolic: layercli.load(path, dims=sizes, symbolic=symbolic))


def find_edges(item: Admissible) -> list[int]:
    """Sizes around every end of a range, and the least ones."""
    tried = {0, 1, 2, 3, item.size}
    for found in item.accepted:
        for end in (found.first, found.last):
            if end is not None:
                tried |= {end + step for step in (-found.step, -1, 0, 1, 2, found.step)}
    return sorted(size for size in tried if 0 <= size <= (item.known_to or MAX_TRIED))


def runs(path: str | Path, dim: str, size: int) -> bool:
    try:
        layercli.trace(path, dims={dim: size}, device="cpu")
    except layercli.SpecError:
        return False
    return True


def check_edges(path: str | Path, found: AdmissibleSizes) -> None:
    for item in found.dims:
        for size in find_edges(item):
            assert runs(path, item.dim, size) == (size in item), (item.dim, size)


def show(found: AdmissibleSizes) -> dict[str, str]:
    return {item.dim: ", ".join(map(str, item.accepted)) for item in found.dims}


def test_lenet(tmp_path: Path) -> None:
    path = tmp_path / "lenet.yaml"
    path.write_text(LENET, "utf-8")
    found = list_sizes(path)
    assert found.to_dict()["dims"] == {
        "N": {"size": 1, "accepted": [[0, None, 1]], "because": []},
        "H": {
            "size": 32,
            "accepted": [[32, 35, 1]],
            "because": [{"path": "fc1", "needs": "96 * ((H - 8) // 4) == 576"}],
        },
        "W": {
            "size": 32,
            "accepted": [[32, 35, 1]],
            "because": [{"path": "fc1", "needs": "96 * ((W - 8) // 4) == 576"}],
        },
    }
    check_edges(path, found)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("unet", {"N": "any size", "H": "4, 8, 12 and so on", "W": "4, 8, 12 and so on"}),
        (
            "convolutions",
            {"N": "any size", "L": "3 and more", "H": "5 and more", "W": "5 and more", "D": "3 and more"},
        ),
        ("lstmtagger", {"T": "1 and more"}),
        ("grutagger", {"T": "1 and more"}),
        ("rnntagger", {"T": "1 and more"}),
        ("lenet", {"N": "any size"}),
        ("losses", {"N": "1 and more", "T": "1 and more"}),
        ("residual", {"N": "any size"}),
        ("activations", {"N": "any size"}),
        ("transformer-encoder", {"N": "any size", "S": "any size"}),
        ("bert-base", {"N": "1 and more", "T": "1 to 512"}),
        ("gpt2", {"N": "1 and more", "T": "1 to 1024"}),
        ("transformer", {"N": "any size", "S": "any size", "T": "any size"}),
    ],
)
def test_bundled_models(name: str, sizes: dict[str, str]) -> None:
    found = list_sizes(name)
    assert show(found) == sizes
    if name not in ("bert-base", "gpt2", "transformer"):
        check_edges(name, found)


@pytest.mark.parametrize("name", ["gpt2", "llama-70b", "rnntagger"])
def test_sizes_around_every_edge(name: str) -> None:
    """The others stand in ``python -m tests.derive.edges``."""
    mistakes, tried = find_mistakes(name)
    assert (mistakes, tried > 5) == ([], True)


@pytest.mark.parametrize(
    ("dims", "x", "forward", "sizes", "because"),
    [
        ("{T: 6}", "rand(T, 4)", "return x.view(-1, 3)", "0, 3, 6 and so on", ["view needs T % 3 = 0"]),
        (
            "{T: 7}",
            "rand(T, 4)",
            "return x + zeros(7, 4)",
            "1, 7",
            ["add needs T = 1"],
        ),
        (
            "{T: 3}",
            "rand(T * T + 2, 4)",
            "return x[: 27] + zeros(11, 4)",
            "3",
            ["add needs T ** 2 + 2 = 11"],
        ),
        ("{T: 6}", "rand(2, 4)", "return cat([x] * T)", "1 to 199", ["the model needs T != 0"]),
        ("{T: 6}", "rand(10 // T, 4)", "return x", "1 and more", ["the model needs T != 0"]),
        (
            "{T: 3}",
            "rand(T, T, T)",
            "return x.reshape(8, 27) if T > 2 else x",
            "0 to 2, 6",
            ["reshape needs T ** 3 = 216"],
        ),
    ],
)
def test_made_models(tmp_path: Path, dims: str, x: str, forward: str, sizes: str, because: list[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET.format(dims=dims, x=x, forward=forward), "utf-8")
    found = list_sizes(path)
    check_edges(path, found)
    assert show(found) == {"T": sizes}
    assert [str(need) for need in found.dims[0].because] == because


def test_dims_that_have_to_be_equal(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    text = NET.format(dims="{S: 5, T: 5}", x="rand(S, 2)", forward="return x + zeros(T, 2)")
    path.write_text(text, "utf-8")
    found = list_sizes(path)
    check_edges(path, found)
    assert [str(need) for need in found.together or ()] == ["add needs S = T"]
    assert found.equal == (("S", "T", "add"),)
    assert found.to_dict()["equal"] == [["S", "T"]]
    assert "S and T must be equal, because of add" in format_text(found, TraceOptions())


@pytest.mark.parametrize(
    ("x", "forward", "equal"),
    [
        (
            "rand(S, 2, T)",
            "return x.view(T, 2, -1).view(S, T, -1) @ zeros(2, S) + zeros(S, S, 1)",
            ("S", "T"),
        ),
        ("rand(4 * S, 2)", "return x.view(2, 4 * T)", ("S", "T")),
        ("rand(T, 3 * S)", "return x @ zeros(3 * T, 2)", ("S", "T")),
        ("rand(S // 2, 2)", "return x + zeros(T // 2, 2)", None),
    ],
)
def test_which_dims_have_to_be_equal(
    tmp_path: Path, x: str, forward: str, equal: tuple[str, str] | None
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET.format(dims="{S: 6, T: 6}", x=x, forward=forward), "utf-8")
    found = list_sizes(path)
    assert {frozenset(pair[:2]) for pair in found.equal} == ({frozenset(equal)} if equal else set())


POSITIONS = {
    "return wpe(p)": "0 to 8",
    "return wpe(p.unsqueeze(0).expand(3, T))[0]": "0 to 8",
    "return wpe(p[None, :].to(torch.int32))": "0 to 8",
    "return wpe(p + 2)": "0 to 6",
    "return wpe(arange(2, T).flip(0))": "2 to 8",
    "return rand(3, 8)[:, p]": "0 to 8",
    "return rand(8, 3).index_select(0, p)": "0 to 8",
    # Here only the values tell: more is accepted than PyTorch takes, and nothing refused that it takes.
    "p -= 3\n  return wpe(p.abs())": "any size",
    "q = p.view(-1, 1)\n  p.clamp_(0, 7)\n  return wpe(q)": "any size",
    "q = p.view(-1, 1)\n  F.hardtanh(p, 0, 7, inplace=True)\n  return wpe(q)": "any size",
    "return wpe(p.clamp(max=7))": "any size",
    "return wpe(p[: 5])": "any size",
    "return rand(12, 0)[p]": "any size",
}


@pytest.mark.parametrize("text", POSITIONS)
def test_positions_beyond_a_table(text: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    layers = "inputs:\n  x: rand(T, 4)\nlayers:\n  wpe: Embedding(8, 4)\n  same: Identity()\n"
    path.write_text(f"dims: {{T: 6}}\n{layers}forward: |\n  p = arange(T)\n  {text}\n", "utf-8")
    (item,) = list_sizes(path).dims
    assert ", ".join(map(str, item.accepted)) == POSITIONS[text]
    for size in (5, 6, 7, 8, 9, 20):
        assert size in item or not runs(path, "T", size)


def test_only_a_run_can_tell_whether_the_layout_of_a_kernel_may_be_viewed(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    attention = "F.scaled_dot_product_attention(x, x, x)"
    told = (
        "view may be refused, which only a run can tell: PyTorch chooses the layout of float32[1, 5, 2, 4]; "
        "reshape takes any"
    )
    for forward, notes in {
        f"return {attention}.transpose(1, 2).view(5, 8)": (told,),
        f"return {attention}.transpose(1, 2).reshape(5, 8)": (),
        f"return {attention}.view(1, 2, 5, 4)": (),
    }.items():
        path.write_text(NET.format(dims="{T: 5}", x="rand(1, 2, 5, 4)", forward=forward), "utf-8")
        trace = layercli.derive(path)
        assert trace.notes == notes
        assert trace.to_dict().get("notes", []) == [*notes]
        assert list_sizes(path).notes == notes
        assert (f"note: {told}" in str(trace)) == bool(notes)


def test_a_loop_over_a_dim_is_known_as_far_as_it_was_tried(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    forward = "for i in range(T):\n    x = x + i\n  return x"
    path.write_text(NET.format(dims="{T: 2}", x="rand(2, 4)", forward=forward), "utf-8")
    (item,) = list_sizes(path).dims
    assert item.to_dict() == {"size": 2, "accepted": [[0, 199, 1]], "because": [], "known_to": 199}


def test_a_loop_over_a_product_is_tried_within_a_number_of_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.yaml"
    forward = "for i in range(A * B):\n    x = x + i\n  return x"
    path.write_text(NET.format(dims="{A: 4, B: 100}", x="rand(2, 4)", forward=forward), "utf-8")
    monkeypatch.setattr(sys.modules[find_admissible.__module__], "MAX_STEPS", 10_000)
    found = list_sizes(path)
    assert [item.known_to for item in found.dims] == [15, 34]
    check_edges(path, found)
    text = format_text(found, TraceOptions())
    assert (
        "A = 4     0 to 15, not known above 15\n    greater sizes would have to be derived one by one\n"
        in text
    )


@pytest.mark.parametrize(
    ("x", "forward", "together"),
    [
        # That a factor of a sum is 0 is nothing of the other one.
        (
            "[N, 1, T]",
            "return F.batch_norm(x[:, :, 4:], zeros(1), ones(1))",
            ["getitem needs T >= 4", "batch_norm assumes T - 4 != 0"],
        ),
        ("[2, 4, T]", "return x.reshape(-1, 5)", ["reshape needs T % 5 = 0"]),
        ("[2, T]", "return x + zeros(2, 2 * ((T + 1) // 2))", ["add needs T % 2 = 0"]),
    ],
)
def test_conditions_are_said_as_short_as_they_can_be(
    tmp_path: Path, x: str, forward: str, together: list[str]
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET.format(dims="{N: 2, T: 10}", x=x, forward=forward), "utf-8")
    found = list_sizes(path)
    check_edges(path, found)
    assert [str(need) for need in found.together or ()] == together


def test_a_model_that_is_refused_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET.format(dims="{T: 4}", x="rand(T, 4)", forward="return x.view(-1, 3)"), "utf-8")
    found = list_sizes(path)
    assert show(found) == {"T": "0, 3, 6 and so on"}
    assert found.together is None
    assert found.refusal.startswith("view has 16 elements, which 3 doesn't divide")
    assert f"PyTorch refuses T = 4: {found.refusal}\n" in format_text(found, TraceOptions())


def test_a_model_that_no_size_of_a_dim_mends_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET.format(dims="{T: 4}", x="rand(T, 4)", forward="return x.view(-1, 0)"), "utf-8")
    with pytest.raises(layercli.SpecError, match="can't work out -1 beside a size of 0"):
        list_sizes(path)


def test_what_a_dim_needs_is_no_matter_where_another_is_why_none_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    text = NET.format(dims="{N: 2, T: 4}", x="rand(N, T)", forward="return x.reshape(N, 2, -1, 3)")
    path.write_text(text, "utf-8")
    found = list_sizes(path)
    assert show(found) == {"N": "", "T": "0, 6, 12 and so on"}
    assert found.dims[0].because == ()


@st.composite
def formulas(draw: st.DrawFn) -> AnySize:
    size: AnySize = make_dim("H", 5)
    for _ in range(draw(st.integers(1, 4))):
        number = draw(st.integers(-9, 9))
        match draw(st.sampled_from(["+", "*", "//", "square"])):
            case "+":
                size = size + number
            case "*":
                size = size * number
            case "//":
                size = size // draw(st.integers(1, 5))
            case _:
                size = size * make_dim("H", 5)
    return size


@given(
    st.lists(
        st.tuples(formulas(), st.integers(-30, 30), st.sampled_from(["==", "!=", "<", ">="])), max_size=3
    )
)
def test_sizes_that_fulfil_conditions(drawn: list[tuple[AnySize, int, str]]) -> None:
    conditions = [Condition(left, operator, right, True) for left, right, operator in drawn]  # type: ignore[arg-type]
    found = find_sizes("H", conditions)
    if found is None:
        return
    for size in (*range(80), 997, 10_000, 123_457):
        assert found.contains(size) == all(item.holds({"H": size}) for item in conditions)
