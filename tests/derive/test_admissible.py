"""The sizes that dims may have, against PyTorch on CPU around every edge, and the arithmetic behind them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import layercli
from layercli.catalogue.sizes import AnySize, Condition, make_dim
from layercli.derive.admissible import list_admissible
from layercli.derive.solutions import find_sizes
from layercli.trace.admissible import Admissible, AdmissibleSizes
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
    ],
)
def test_bundled_models(name: str, sizes: dict[str, str]) -> None:
    found = list_sizes(name)
    assert show(found) == sizes
    if name != "bert-base":
        check_edges(name, found)


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


def test_a_loop_over_a_dim_is_known_as_far_as_it_was_tried(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    forward = "for i in range(T):\n    x = x + i\n  return x"
    path.write_text(NET.format(dims="{T: 2}", x="rand(2, 4)", forward=forward), "utf-8")
    (item,) = list_sizes(path).dims
    assert item.to_dict() == {"size": 2, "accepted": [[0, 199, 1]], "because": [], "known_to": 199}


def test_a_model_that_is_refused_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET.format(dims="{T: 4}", x="rand(T, 4)", forward="return x.view(-1, 3)"), "utf-8")
    found = list_sizes(path)
    assert show(found) == {"T": "0, 3, 6 and so on"}
    assert found.together is None


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
