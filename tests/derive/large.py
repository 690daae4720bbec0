"""Calls on tensors that no memory holds: PyTorch runs them on its meta device, which makes shapes and no values.

What is legal, only the CPU decides. So a call is enlarged that it takes, and that it takes with one size doubled, too;
and the meta device is asked only where it says of the small call what the CPU says.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import replace
from random import Random

import torch

from layercli.errors import LayercliError
from layercli.spec.limits import set_limits
from tests.derive.draws import FACTORIES, Drawn
from tests.derive.proving import (
    Verdict,
    plan_layer,
    run_layer_on_torch,
    run_layer_on_types,
    run_on_torch,
    run_on_types,
)

#: A size grows by this power of 2, so that it is more than a memory holds, or the product of two is.
LEAST, MOST = 10, 44
#: Elements that the largest tensor has to have, of what goes in and what comes out: as float32 a quarter of a terabyte.
ELEMENTS = 2**36

_META = torch.device("meta")


def list_sizes(drawn: Drawn) -> list[tuple[int, int]]:
    """Every size above 1 of the tensors that a call is given, and the greatest power of it in one of them."""
    found: dict[int, int] = {}
    for tree in _parse(drawn):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FACTORIES:
                sizes = [size for item in ast.walk(node) if (size := _read_size(item))]
                for size in set(sizes):
                    found[size] = max(found.get(size, 0), sizes.count(size))
    return sorted(found.items())


def enlarge(drawn: Drawn, size: int, factor: int) -> Drawn:
    """The call with ``size`` times ``factor`` wherever that number stands, in tensors and arguments alike."""

    class Enlarge(ast.NodeTransformer):
        def visit_keyword(self, node: ast.keyword) -> ast.AST:
            # A factor or bound is no size, and has to fit into the tensor's dtype.
            return node if node.arg in ("alpha", "low", "high") else self.generic_visit(node)

        def visit_Constant(self, node: ast.Constant) -> ast.AST:
            return ast.Constant(size * factor) if _read_size(node) == size else node

    texts = [ast.unparse(Enlarge().visit(tree)) for tree in _parse(drawn)]
    if not drawn.constructor:
        return replace(drawn, text=texts[1])
    return replace(drawn, constructor=texts[0], text=texts[1][2:-1])


def _parse(drawn: Drawn) -> list[ast.expr]:
    call = f"f({drawn.text})" if drawn.constructor else drawn.text
    return [ast.parse(text, mode="eval").body for text in (drawn.constructor or "0", call)]


def _read_size(node: ast.AST) -> int:
    """The size that a number may be; 0 where it is none."""
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value > 1:
        return node.value
    return 0


def draw_large(drawn: Drawn, random: Random) -> tuple[Drawn, Drawn] | None:
    """A legal call with one size doubled, and with the same one as large as no memory holds; None without a size."""
    # Where random_ draws from is no size, and has no name that tells.
    sizes = [] if drawn.callee.startswith("random") else list_sizes(drawn)
    if not sizes:
        return None
    size, power = random.choice(sizes)
    bits = max(random.randint(LEAST, MOST) // power, 1)
    return enlarge(drawn, size, 2), enlarge(drawn, size, 2**bits)


def compare_large(drawn: Drawn, doubled: Drawn, large: Drawn) -> Verdict:
    """What the rules and PyTorch's meta device say of a large call: "legal" where both give the same.

    "untold" is where the CPU takes no doubled call, the meta device isn't to be trusted with it, or a memory would do.
    """
    try:
        return _compare_large(drawn, doubled, large)
    except LayercliError:
        # A number of layers is bounded.
        return Verdict("untold")


def _compare_large(drawn: Drawn, doubled: Drawn, large: Drawn) -> Verdict:
    exact = True
    for call in (drawn, doubled):
        actual, meta = _run(call, None), _run(call, _META)
        if not actual or not meta or actual[0] != meta[0]:
            return Verdict("untold")
        exact = exact and actual[1] == meta[1]
    meta = _run(large, _META)
    if not meta or max(_count_elements(str(large)), _count_elements("\n".join(meta[0]))) < ELEMENTS:
        return Verdict("untold")
    try:
        derived, strides = _run_by_rules(large)
    except Exception as error:
        return Verdict("differs", f"{large}\n  the rule fails: {error!r}")
    if isinstance(derived, str):
        return Verdict("differs", f"{large}\n  meta: {meta[0]}\n  refused: {derived}")
    if derived != meta[0]:
        return Verdict("differs", f"{large}\n  meta: {meta[0]}\n  derived: {derived}")
    if exact and "?" not in strides and strides != meta[1]:
        return Verdict("differs", f"{large}\n  meta strides: {meta[1]}\n  derived strides: {strides}")
    return Verdict("legal")


def _count_elements(text: str) -> int:
    """The elements of the largest tensor that a text writes the sizes of: ``float32[2, 3]``, ``rand(2, 3)``."""
    lists = re.findall(r"[\[(]([\d, ]+)[\])]", text)
    return max((math.prod(map(int, re.findall(r"\d+", sizes))) for sizes in lists), default=0)


def _run(drawn: Drawn, device: torch.device | None) -> tuple[Sequence[str], str] | None:
    """The types that PyTorch gives on a device, and their strides; None where it refuses."""
    return copy_context().run(_run_without_limits, drawn, device or torch.device("cpu"))


def _run_without_limits(drawn: Drawn, device: torch.device) -> tuple[Sequence[str], str] | None:
    if device.type == "meta":
        # A recurrent layer goes through a sequence step by step, so that it stays as short as on the CPU.
        set_limits({"elements": 2**62})
    if not drawn.constructor:
        outcome, strides = run_on_torch(drawn.text, device)
        return None if outcome.refused else ([outcome.text], strides)
    layer = run_layer_on_torch(plan_layer(drawn.constructor), drawn.text, train=drawn.train, device=device)
    return None if layer.refused else ([layer.tensors, layer.rows], layer.strides)


def _run_by_rules(drawn: Drawn) -> tuple[Sequence[str] | str, str]:
    """The same by the rules; the sentence alone where they refuse."""
    if not drawn.constructor:
        outcome, strides = run_on_types(drawn.text)
        return outcome.refused or [outcome.text], strides
    layer = run_layer_on_types(plan_layer(drawn.constructor), drawn.text, train=drawn.train)
    return layer.refused or [layer.tensors, layer.rows], layer.strides
