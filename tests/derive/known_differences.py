"""Calls on which the engines are known to differ, each with its reason: a person won't meet them, and PyTorch may mend them."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: By entry: what the text of a call holds, and why the rules don't follow PyTorch there.
KNOWN_DIFFERENCES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "abs": ((r"expand\(-1, 0\)", "PyTorch makes a tensor of size -1"),),
    "take_along_dim": ((r"complex64", "PyTorch takes complex indices where there are none"),),
    "scatter": ((r"src=\d", "PyTorch has no overload for a number as src with reduce"),),
    "addbmm": ((r"addbmm_", "PyTorch resizes the tensor that it writes into"),),
    "dropout2d": ((r"inplace=rand", "a tensor as a flag"),),
    "conv_tbc": ((r"\[::2\]", "the kernel views an input that isn't contiguous"),),
    "instance_norm": ((r"tensor\(1.5\)|torch.bool", "running statistics without channels, or of bools"),),
    "scaled_dot_product_attention": (
        (r"\b0\b|tensor\(1.5\)", "heads in groups of empty tensors, or a tensor as scale"),
    ),
    "gaussian_nll_loss": (
        (
            r"loss\(rand\([\d, ]+\), -?[\d.]+,",
            "PyTorch takes a number as target or var in some reductions only",
        ),
    ),
    "multilabel_soft_margin_loss": ((r"False, |weight=", "PyTorch multiplies by a number as weight"),),
    "combinations": (
        (r"r=(8|9|10)\b", "PyTorch makes all pairs of indices first, which takes too much memory"),
    ),
}


def is_known(entry: str, text: str) -> bool:
    """Whether a difference on this call is one of those above."""
    return any(re.search(pattern, text) for pattern, _ in KNOWN_DIFFERENCES.get(entry, ()))
