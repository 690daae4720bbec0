"""Formulas over dims against plain sizes: what holds for one set of sizes says the right thing for others, too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from layercli.catalogue.sizes import Condition, Size, SizeTooComplex, evaluate, make_dim, record_conditions
from layercli.catalogue.tensors import Tensor, settings
from layercli.derive.engine import TypeEngine
from layercli.errors import LayercliError
from layercli.spec.interpreter import Interpreter, Scope
from tests.derive.layouts import Draw
from tests.derive.proving import parse

#: Of each seed's expressions, and other sizes tried of each.
COUNT = 120
OTHERS = 4

#: Sizes stand in these calls; ``zeros((2, 3))`` becomes ``zeros((d2, d3))``.
_SIZED = re.compile(r"((?:zeros|expand|view|reshape|repeat|tile|sum_to_size)\(\(?)([^()]*)\)")


def name_sizes(text: str) -> str:
    """The expression with a dim for each size above 1, equal sizes sharing one."""
    return _SIZED.sub(
        lambda call: call[1] + re.sub(r"(?<![\w.-])([2-9]|\d\d)\b", r"d\1", call[2]) + ")", text
    )


def derive(text: str, dims: Mapping[str, Any]) -> tuple[Any, bool, list[Condition]]:
    """The value of an expression on types, whether it was refused, and the conditions."""
    with settings("float32"), record_conditions() as conditions:
        try:
            value = Interpreter(TypeEngine(None), Scope("forward", dims=dims)).evaluate(parse(text))
        except LayercliError:
            return None, True, conditions
    return value, False, conditions


def evaluate_value(value: Any, sizes: Mapping[str, int]) -> Any:
    """The value with all formulas worked out; of tensors dtype and shape."""
    if isinstance(value, Tensor):
        return value.dtype, [evaluate(size, sizes) for size in value.shape]
    if isinstance(value, (tuple, list)):
        return [evaluate_value(item, sizes) for item in value]
    return evaluate(value, sizes) if isinstance(value, Size) else value


@pytest.mark.parametrize("seed", range(4))
def test_formula_holds_where_its_conditions_do(seed: int) -> None:
    draw = Draw(f"symbols {seed}")
    tried = 0
    for _ in range(COUNT):
        tensor, sizes = draw.tensor()
        drawn = draw.random.choice(
            (draw.call(tensor, sizes), f"{tensor}[{draw.subscript(sizes)}]", draw.together())
        )
        text = name_sizes(drawn)
        # A view of other bytes asks for strides that tell 0 from no elements; biases of vectors are as rare.
        if re.search(r"view\((int32|float64|float16|uint8|complex64)|F.linear", text):
            continue
        traced = {f"d{number}": int(number) for number in re.findall(r"\bd(\d+)\b", text)}
        try:
            value, refused, conditions = derive(
                text, {name: make_dim(name, size) for name, size in traced.items()}
            )
        except SizeTooComplex:
            continue
        plain, plainly_refused, _ = derive(text, traced)
        assert refused == plainly_refused, text
        assert evaluate_value(value, traced) == evaluate_value(plain, traced), text
        for _ in range(OTHERS):
            others = {
                name: draw.random.choice((0, 1, 2, 3, 4, 6, size, 2 * size)) for name, size in traced.items()
            }
            if not all(condition.holds(others) for condition in conditions):
                continue
            tried += 1
            plain, plainly_refused, _ = derive(text, others)
            assert refused == plainly_refused, (text, others)
            assert evaluate_value(value, others) == evaluate_value(plain, others), (text, others)
    assert tried > COUNT
