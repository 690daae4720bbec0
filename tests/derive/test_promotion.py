"""Two operands of all kinds against PyTorch: dtypes of tensors with dimensions, of those without, and plain numbers."""

from __future__ import annotations

from itertools import product

import pytest

from tests.derive.proving import disagreement

OPERANDS = (
    *(f"ones(2, dtype={dtype})" for dtype in ("torch.bool", "uint8", "int64", "float16", "float32", "complex64")),
    *(f"ones((), dtype={dtype})" for dtype in ("torch.bool", "int64", "float64", "complex64")),
    "2", "1.5", "True",
)  # fmt: skip

#: Calls of ``A`` and ``B``, one for each way in which operands are promoted, cast or refused.
CALLS = (
    "A + (B)", "A - (B)", "A / (B)", "A // (B)", "A ** (B)", "A & (B)", "A == (B)", "A < (B)", "torch.add(A, B, alpha=1.5)",
    "torch.maximum(A, B)", "torch.atan2(A, B)", "torch.copysign(A, B)", "torch.xlogy(A, B)", "torch.ldexp(A, B)",
    "torch.where(ones(2) > 0, A, B)", "torch.clamp(A, B)", "torch.clamp(A, B, B)", "torch.lerp(A, A, B)",
    "torch.addcmul(A, A, B)", "torch.addcdiv(A, B, B)", "torch.div(A, B, rounding_mode='floor')", "torch.full_like(A, B)",
    "A.add_(B)", "A.mul_(B)", "A.div_(B)", "A.copy_(B)", "A.fill_(B)",
)  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_promotion_is_that_of_pytorch(call: str) -> None:
    texts = [
        call.replace("B", second).replace("A", first)
        for first, second in product(OPERANDS, repeat=2)
        if "(" in first or ("(" in second and not call.startswith("A."))
    ]
    found = [disagreement(text) for text in texts]
    assert not [text for text in found if text]
