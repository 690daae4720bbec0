"""Nothing that a spec may call shows memory that nobody has written to.

PyTorch fills such memory with NaN, or the greatest number, where it is asked to; whatever of that comes out would have been
somebody else's.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from layercli.build.engine import TorchEngine
from layercli.build.types import iterate_tensors
from layercli.errors import LayercliError
from tests.derive.draws import list_entries, spell
from tests.derive.proving import evaluate
from tests.fuzz.kernels import make_layer

#: A sample call or two of every operation.
CALLS = [
    spell(sample).text
    for samples in list_entries().values()
    for sample in dict.fromkeys((*samples[:1], *samples[-1:]))
    if sample.kind not in ("layer", "operator")
]
CONSTRUCTORS = sorted(
    {sample.constructor for samples in list_entries().values() for sample in samples if sample.constructor}
)


@contextmanager
def filled() -> Iterator[None]:
    """Memory that is asked for is full of NaN inside."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.use_deterministic_algorithms(before)


def find_foreign(values: list[torch.Tensor], again: list[torch.Tensor]) -> list[str]:
    """Where two results differ that only unwritten memory can have made different."""
    return [
        f"{one.dtype} {list(one.shape)}"
        for one, other in zip(values, again, strict=True)
        if not torch.equal(one.nan_to_num(0.5), other.nan_to_num(0.5))
        or not torch.equal(one.isnan(), other.isnan())
    ]


def compute(text: str) -> list[torch.Tensor]:
    # The generator of the CPU alone: those of GPUs note the stack of each call.
    torch.default_generator.manual_seed(0)
    value = evaluate(TorchEngine(None, torch.device("cpu")), text)
    return [tensor.detach().resolve_conj() for tensor in iterate_tensors(value)]


def test_no_operation_shows_foreign_memory() -> None:
    found = []
    for text in CALLS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plain = compute(text)
        with filled():
            found += [f"{text}: {difference}" for difference in find_foreign(plain, compute(text))]
    assert found == []


def test_no_layer_starts_with_foreign_memory() -> None:
    found = []
    for constructor in CONSTRUCTORS:
        try:
            with filled():
                layer = make_layer(constructor)
        except LayercliError:
            continue
        values = [value for value in layer.state_dict().values() if not torch.nn.parameter.is_lazy(value)]
        found += [constructor for value in values if value.is_floating_point() and bool(value.isnan().any())]
    assert found == []


def test_foreign_memory_would_be_seen() -> None:
    with filled():
        assert bool(torch.empty(8).isnan().all())
        assert find_foreign([torch.zeros(8)], [torch.empty(8)])


@pytest.mark.parametrize("text", ["Parameter(3, 4)", "Buffer(zeros(3))"])
def test_parameters_start_at_zero(text: str, tmp_path: Path) -> None:
    import layercli

    path = tmp_path / "net.yaml"
    path.write_text(f"inputs: {{x: [1]}}\nlayers: {{w: '{text}'}}\nforward: [x]\n")
    with filled():
        assert all(bool((value == 0).all()) for value in layercli.build(path).state_dict().values())
