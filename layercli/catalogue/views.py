"""What views share with the tensor that they look into: whether it takes a gradient, or is to be conjugated yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layercli.catalogue.layouts import is_contiguous
from layercli.catalogue.sizes import Size
from layercli.catalogue.tensors import Tensor

#: Operations that give their first tensor's storage another shape.
_VIEWS = frozenset(
    (
        "H", "T", "adjoint", "as_strided", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_to", "chunk",
        "diagonal", "dsplit", "expand", "expand_as", "getitem", "hsplit", "mH", "mT", "movedim", "moveaxis", "narrow",
        "permute", "real",
        "select", "split", "squeeze", "swapaxes", "swapdims", "t", "tensor_split", "transpose", "unbind", "unflatten",
        "unfold", "unsqueeze", "view", "view_as", "view_as_complex", "view_as_real", "vsplit",
    )
)  # fmt: skip
#: Those that do so to each of their tensors.
_VIEWS_OF_EACH = frozenset(("broadcast_tensors", "meshgrid"))
#: Those that do so where the layout allows it, and copy otherwise.
_VIEWS_IF_CONTIGUOUS = frozenset(("flatten", "ravel", "reshape", "reshape_as"))
#: Those that conjugate complex numbers, too.
_CONJUGATING = frozenset(("H", "adjoint", "mH"))


def follow_view(name: str, arguments: Sequence[Any], output: Any) -> None:
    """Tell the result of an operation, where it is a view of its first tensor, what is so of that tensor's memory.

    It takes a gradient, or is to be conjugated yet. A model runs without recording gradients, so that whatever is computed
    takes none; PyTorch takes no tensor that takes a gradient for a plain number. Source: torch.no_grad, torch.conj.
    """
    if name in _VIEWS_OF_EACH and isinstance(output, tuple):
        given = arguments[0] if isinstance(arguments[0], (tuple, list)) else arguments
        for source, tensor in zip(given, output, strict=False):
            _mark(source, tensor)
        return
    source = arguments[0] if arguments else None
    if not isinstance(source, Tensor):
        return
    if (source.requires_grad or source.conjugated) and _is_view(name, source, arguments):
        for tensor in output if isinstance(output, tuple) else (output,):
            if isinstance(tensor, Tensor):
                _mark(source, tensor)
    if name in _CONJUGATING and output is not source:
        output.conjugated = output.dtype.startswith("complex") and not source.conjugated
    elif name == "detach":
        output.conjugated = source.conjugated


def _mark(source: Tensor, view: Tensor) -> None:
    view.requires_grad = view.requires_grad or source.requires_grad
    view.conjugated = source.conjugated and view.dtype.startswith("complex")


def _is_view(name: str, source: Tensor, arguments: Sequence[Any]) -> bool:
    if name == "getitem":
        return _is_basic(arguments[1])
    if name == "view":
        # A dtype makes another tensor of the same bytes.
        return isinstance(arguments[-1], (int, Size, tuple, list))
    return name in _VIEWS or (name in _VIEWS_IF_CONTIGUOUS and is_contiguous(source))


def _is_basic(index: Any) -> bool:
    """Whether a subscript gives a view: of numbers, which a tensor may hold, slices, None and ... only."""
    parts = index if isinstance(index, tuple) else (index,)
    return not any(
        isinstance(part, (list, tuple))
        or (isinstance(part, Tensor) and (part.dim > 0 or part.dtype == "bool"))
        for part in parts
    )
