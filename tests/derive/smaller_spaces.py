"""Entries of which there are fewer than a hundred different legal or illegal calls to draw, and why."""

from __future__ import annotations

from collections.abc import Mapping

_ATTRIBUTE = "an attribute takes no arguments, and every tensor has it"
_CONTAINER = "a container isn't called; it is proved by the models that hold it"
_ALL = "takes any tensor, and a method can't be called on anything else"

SMALLER_SPACES: Mapping[str, str] = {
    **dict.fromkeys(
        ("layer ModuleList", "layer ModuleDict", "layer ParameterList", "layer ParameterDict"), _CONTAINER
    ),
    **dict.fromkeys(("T", "shape", "ndim", "dtype", "device", "itemsize", "nbytes"), _ATTRIBUTE),
    **dict.fromkeys(
        ("mT", "mH"), "an attribute takes no arguments, and only tensors of too few dimensions lack it"
    ),
    **dict.fromkeys(
        ("int", "long", "short", "char", "byte", "bool", "half", "bfloat16", "float", "double"), _ALL
    ),
    **dict.fromkeys(("cfloat", "cdouble", "contiguous", "dim", "nelement", "element_size", "zero_"), _ALL),
    "is_tensor": "takes any value",
    "ctc_loss": "few lengths and labels that are drawn fit one another",
    "fold": "few sizes that are drawn fit one another",
    "max_unpool1d": "few indices and sizes that are drawn fit one another",
    "operator neg": "only bools have no negative",
    "operator pos": "only bools are refused",
}
