"""What arguments have to be for PyTorch to take them: dtypes, whole numbers, sizes, numbers that a dtype holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, Final

from layercli.catalogue.dtypes import CATEGORIES, ITEM_SIZES
from layercli.catalogue.sizes import Size
from layercli.catalogue.tensors import Shape, Tensor, refuse

BOOLS: frozenset[str] = frozenset({"bool"})
INTS: frozenset[str] = frozenset({"uint8", "int8", "int16", "int32", "int64"})
FLOATS: frozenset[str] = frozenset({"float16", "bfloat16", "float32", "float64"})
FULL_FLOATS: frozenset[str] = frozenset({"float32", "float64"})
COMPLEX: frozenset[str] = frozenset({"complex64", "complex128"})
WHOLE: frozenset[str] = BOOLS | INTS
REAL_NUMBERS: frozenset[str] = INTS | FLOATS
REAL: frozenset[str] = WHOLE | FLOATS
NUMBERS: frozenset[str] = REAL_NUMBERS | COMPLEX
FRACTIONS: frozenset[str] = FLOATS | COMPLEX
ALL: frozenset[str] = REAL | COMPLEX
#: Half precision with a complex tensor without dimensions gives complex32, which few operations take.
PROMOTED: frozenset[str] = ALL | {"complex32"}
PROMOTED_NUMBERS: frozenset[str] = NUMBERS | {"complex32"}

_KINDS: Mapping[str, frozenset[str]] = {
    "bools": BOOLS,
    "whole numbers": INTS,
    "floats": FLOATS,
    "complex numbers": COMPLEX,
}


#: Stands for an argument that wasn't given where None is something else.
MISSING: Final = object()


def describe_dtypes(dtypes: frozenset[str]) -> str:
    """A set of dtypes in words: ``floats and complex numbers``, ``int32 and int64``."""
    words: list[str] = []
    rest = dtypes
    for name, kind in _KINDS.items():
        if kind <= dtypes:
            words.append(name)
            rest = rest - kind
    words += sorted(rest)
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def check_dtype(dtype: str, takes: frozenset[str], argument: str = "input", shown: Tensor | str = "") -> None:
    """Refuse a dtype that PyTorch's CPU has no kernel for. Raises Refusal."""
    if dtype not in takes:
        got = shown if isinstance(shown, Tensor) else shown or dtype
        refuse(f"takes {describe_dtypes(takes)} and got {got}", argument, "dtype-mismatch")


def expect_dtype(value: Any, takes: frozenset[str], argument: str = "input") -> Tensor:
    """``value``, which has to be a tensor of one of these dtypes. Raises Refusal."""
    if not isinstance(value, Tensor):
        refuse(f"needs a tensor as {argument}, not {value!r}", argument, "wrong-kind")
    check_dtype(value.dtype, takes, argument, value)
    return value


def expect_dtype_unless_empty(value: Any, takes: frozenset[str], argument: str = "input") -> Tensor:
    """``value``, which has to be a tensor of one of these dtypes or, without elements, of any. Raises Refusal."""
    if isinstance(value, Tensor) and value.dtype not in takes and value.numel == 0:
        return value
    return expect_dtype(value, takes, argument)


def is_whole(value: Any) -> bool:
    """Whether a value is a plain int or a size; bools are neither."""
    return isinstance(value, Size) or (isinstance(value, int) and not isinstance(value, bool))


def is_plain(value: Any) -> bool:
    """Whether a value is a plain number, bools and sizes included."""
    return isinstance(value, (int, float, Size))


def is_scalar(value: Any) -> bool:
    """Whether a value is a plain number, or a tensor without dimensions and gradient, which PyTorch takes for one."""
    return is_plain(value) or (isinstance(value, Tensor) and value.dim == 0 and not value.requires_grad)


def expect_int(value: Any, argument: str) -> Any:
    """``value``, which has to be a plain int. Raises Refusal."""
    if not is_whole(value):
        refuse(f"needs an int as {argument}, not {value!r}", argument, "wrong-kind")
    return value


def expect_bool(value: Any, argument: str) -> bool:
    """``value``, which has to be True or False. Raises Refusal."""
    if not isinstance(value, bool):
        refuse(f"needs True or False as {argument}, not {value!r}", argument, "wrong-kind")
    return value


def expect_number(value: Any, argument: str, *, learned: bool = False) -> Any:
    """``value``, which has to be a plain number or a tensor without dimensions. Raises Refusal.

    With ``learned`` it may be a parameter: PyTorch computes with it, and doesn't ask for a plain number.
    """
    parameter = isinstance(value, Tensor) and value.dim == 0 and value.requires_grad
    if not is_scalar(value) and not (learned and parameter):
        shown = f"a parameter: {value!r}" if parameter else repr(value)
        refuse(f"needs a number as {argument}, not {shown}", argument, "wrong-kind")
    return value


def expect_at_least(value: Any, bound: int, argument: str) -> Any:
    """``value``, which has to be an int not below ``bound``. Raises Refusal."""
    if expect_int(value, argument) < bound:
        refuse(f"needs {argument} to be {bound} or more, not {value}", argument)
    return value


def expect_sizes(given: Any, argument: str = "size") -> Shape:
    """A tuple or list of sizes that none is below 0. Raises Refusal."""
    if not isinstance(given, (tuple, list)):
        refuse(f"needs a tuple of ints as {argument}, not {given!r}", argument, "wrong-kind")
    for place, size in enumerate(given):
        # PyTorch looks at the first alone before it reads all of them as ints.
        if not (is_whole(size) or (place and isinstance(size, bool))):
            refuse(f"needs ints as {argument}, not {size!r}", argument, "wrong-kind")
        if size < 0:
            refuse(f"has a negative size: {list(given)}", argument)
    return tuple(int(size) if isinstance(size, bool) else size for size in given)


def unpack_sizes(given: Sequence[Any], argument: str = "size") -> Shape:
    """Sizes given one by one or as one tuple. Raises Refusal."""
    if len(given) == 1 and isinstance(given[0], (tuple, list)):
        return expect_sizes(given[0], argument)
    if not given:
        refuse(f"needs {argument}", argument, "missing-argument")
    return expect_sizes(given, argument)


def rename_argument(rule: Callable[..., Any], own: str, given: str) -> Callable[..., Any]:
    """``rule`` with another name for one of its arguments, so that operations that differ in it alone share a rule."""

    def renamed(*arguments: Any, **keywords: Any) -> Any:
        return rule(*arguments, **{own if name == given else name: value for name, value in keywords.items()})

    return renamed


_LARGEST: Mapping[str, float] = {
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
    "float32": 3.4028234663852886e38,
}


def range_of(dtype: str) -> tuple[int, int]:
    """The least and the greatest whole number of an integral dtype."""
    bits = 8 * ITEM_SIZES[dtype]
    return (0, 2**bits - 1) if dtype == "uint8" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def expect_fit(value: Any, dtype: str, argument: str) -> None:
    """Refuse a plain number that a dtype can't hold. Raises Refusal."""
    if not is_plain(value) or not _overflows(value, dtype):
        return
    refuse(f"needs a value that {dtype} can hold as {argument}, not {value}", argument)


def _overflows(value: Any, dtype: str) -> bool:
    if isinstance(value, bool) or dtype == "bool" or CATEGORIES[dtype] == 3:
        return False
    if dtype in INTS:
        least, greatest = range_of(dtype)
        if isinstance(value, float) and not isfinite(value):
            return True
        # Negative whole numbers wrap around in an unsigned dtype.
        if dtype == "uint8" and not isinstance(value, float):
            least = -greatest
        return bool(value < least or value > greatest)
    largest = _LARGEST.get(dtype)
    if largest is None or not isinstance(value, float):
        return False
    return isfinite(value) and abs(value) > largest
