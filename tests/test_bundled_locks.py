"""Every bundled model has a lock, ``layercli check`` holds it, and it is the same whatever the sizes of the dims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import layercli
from layercli.cli.main import main
from layercli.engines import derive_formulas
from layercli.errors import Source
from layercli.lock import Lock, format_lock, lock_from_trace, parse_lock
from tests.derive.test_agreement import CASES, settings_of
from tests.derive.test_symbolic_models import FORWARDS, write_forward

CONFIGS = Path(__file__).parent.parent / "configs"

#: Those of which a derivation takes longest are derived at fewer sizes.
LARGE = {"moe-1t", "llama-70b", "resnet50"}

#: What a forward may do that a size of 1 could hide, and that PyTorch takes for all these sizes.
FURTHER = (
    "x.view(N, -1, 2 * W // 2).transpose(1, 2).reshape(-1, H)",
    "x.unsqueeze(1).expand(-1, 3, -1, -1).flatten(0, 1)",
    "x + zeros(1, H, 1)",
    "softmax(x @ x.transpose(-2, -1) / sqrt(W) - 2 * H ** -0.5, -1)",
    "torch.arange(H).unsqueeze(0) + zeros(N, 1)",
    "x.permute(2, 0, 1).contiguous().view(W, -1)",
    "cat([x, x[:, -1:]], dim=1)[:, 1:]",
    "x.repeat(1, 2, 3).narrow(1, 1, H - 1)",
    "x.roll(H // 2, 1).masked_fill(tril(ones(H, W)) == 0, -1.0 / (H + W))",
    "full((N, H), W)",
)


def list_other_sizes(traced: Mapping[str, int], few: bool) -> Iterator[dict[str, int]]:
    """Sizes of which one is another than in the spec, and a set of which all are."""
    for name, size in traced.items():
        for other in () if few else (1, 2, 3, 4, 5, 8, size - 1, size + 1, 2 * size):
            if other not in (0, size):
                yield {name: other}
    yield dict.fromkeys(traced, 3)
    yield {name: 2 * size for name, size in traced.items()}


def write_lock(path: Path, given: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[Lock, str]:
    plan = layercli.load(path, **{**given, "dims": {**given.get("dims", {}), **sizes}})
    tie = [(item.name, item.target) for item in plan.tie]
    freeze = [glob.pattern for glob in plan.freeze]
    lock = lock_from_trace(derive_formulas(plan), dtype=plan.dtype, tie=tie, freeze=freeze)
    return lock, format_lock(lock)


def check_sizes(path: Path, given: Mapping[str, Any], few: bool = False) -> int:
    """The number of other sizes that the model takes; the lock is the same for all of them."""
    dims = layercli.load(path, **given).dims
    lock, text = write_lock(path, given, {})
    assert parse_lock(Source("net.lock", text)) == lock
    fixed = {name for condition, _ in lock.assumes for name in dims if condition.startswith(f"{name} ==")}
    tried = 0
    for sizes in list_other_sizes({name: int(str(size)) for name, size in dims.items()}, few):
        if fixed & sizes.keys():
            continue
        try:
            _, other = write_lock(path, given, sizes)
        except layercli.SpecError:
            continue
        tried += 1
        assert other == text, sizes
    return tried


def test_every_bundled_model_has_a_lock() -> None:
    models = {path.stem for path in CONFIGS.glob("*.yaml")}
    assert {path.stem for path in CONFIGS.glob("*.lock")} == models
    assert len(models) >= 23


def test_check_holds(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONFIGS.parent)
    assert main(["check", "configs"]) == 0
    assert capsys.readouterr().out.endswith("all hold\n")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_bundled_lock_is_the_same_for_any_sizes(path: Path) -> None:
    plan = layercli.load(path)
    assert path.with_suffix(".lock").read_text("utf-8") == write_lock(path, {}, {})[1]
    if plan.dims:
        assert check_sizes(path, {}, few=path.stem in LARGE) >= 1


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_lock_of_a_case_is_the_same_for_any_sizes(path: Path) -> None:
    # An input that is replaced brings the sizes of its dims.
    check_sizes(path, {name: value for name, value in settings_of(path).items() if name != "inputs"})


@pytest.mark.parametrize("text", FURTHER)
def test_the_lock_of_a_forward_is_the_same_for_any_sizes(text: str, tmp_path: Path) -> None:
    assert check_sizes(write_forward(text, tmp_path), {}) > 10


@pytest.mark.parametrize("text", FORWARDS)
def test_sizes_at_which_a_forward_does_the_same(text: str, tmp_path: Path) -> None:
    path = write_forward(text, tmp_path)
    assert write_lock(path, {}, FORWARDS[text])[1] == write_lock(path, {}, {})[1]
