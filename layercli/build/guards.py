"""Calls that PyTorch takes and the rules refuse, since nothing sensible comes of them: refused here with the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from layercli.build.types import tensor_type
from layercli.catalogue.entries import Form
from layercli.spec.values import Site
from layercli.trace import format_type

Function = Callable[..., Any]


def guard_call(form: Form, function: Function, site: Site) -> Function:
    """``function``, which refuses such calls. What is returned raises SpecError for them."""
    if form.in_place:
        return _keep_shape(form.name, function, site)
    guard = _GUARDS.get(form.name)
    return function if guard is None else guard(form.name, function, site)


def _keep_shape(name: str, function: Function, site: Site) -> Function:
    """``addbmm_`` resizes the tensor that it writes into, and with it everything else that the tensor is used for."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        tensor = next(iter((*arguments, *keywords.values())), None)
        if not isinstance(tensor, torch.Tensor):
            return function(*arguments, **keywords)
        before = tensor_type(tensor)
        result = function(*arguments, **keywords)
        if tuple(tensor.shape) != before.shape:
            message = f"{name} writes into {format_type(before)}, and the result is {list(tensor.shape)}"
            raise site.error("shape-mismatch", message)
        return result

    return call


def _keep_sizes_positive(name: str, function: Function, site: Site) -> Function:
    """A tensor without dimensions can be expanded to a size of -1, where another size is 0."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        result = function(*arguments, **keywords)
        if isinstance(result, torch.Tensor) and any(size < 0 for size in result.shape):
            message = f"{name} takes -1 only for dimensions that are there, not -1: {list(result.shape)}"
            raise site.error("shape-mismatch", message)
        return result

    return call


def _expect_heads(name: str, function: Function, site: Site) -> Function:
    """Heads shared among groups of queries: without any the kernel divides by 0, which ends the process."""

    def call(*arguments: Any, enable_gqa: Any = False, **keywords: Any) -> Any:
        given: dict[str, Any] = dict(zip(("query", "key", "value"), arguments, strict=False)) | keywords
        operands: list[Any] = [given.get(argument) for argument in ("query", "key", "value")]
        query, key, value = operands
        if enable_gqa is True and all(isinstance(item, torch.Tensor) for item in operands):
            without_heads = min(query.dim(), key.dim()) > 2 and key.shape[-3] == 0
            # Without queries or values PyTorch looks at nothing else.
            if without_heads and query.shape[-2] != 0 and value.numel() != 0:
                shown = " and ".join(format_type(tensor_type(item)) for item in (key, query))
                message = f"{name} needs a number of heads in key that divides that in query: {shown}"
                raise site.error("shape-mismatch", message)
        return function(*arguments, enable_gqa=enable_gqa, **keywords)

    return call


_GUARDS: Mapping[str, Callable[[str, Function, Site], Function]] = {
    "expand": _keep_sizes_positive,
    "broadcast_to": _keep_sizes_positive,
    "scaled_dot_product_attention": _expect_heads,
}
