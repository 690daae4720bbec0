"""A tensor without values, and what the rules of the catalogue need to say of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, TypeAlias

from layercli.catalogue.sizes import Size, product
from layercli.record import record

#: A size: an int, or a formula over dims.
AnySize: TypeAlias = "int | Size"
Shape: TypeAlias = "tuple[AnySize, ...]"


class Refusal(Exception):
    """PyTorch would refuse this call. ``message`` is a sentence without its subject: ``expects 576 features ...``.

    ``argument`` names the argument at fault, where there is one.
    """

    def __init__(self, message: str, argument: str = "", code: str = "shape-mismatch") -> None:
        super().__init__(message)
        self.message = message
        self.argument = argument
        self.code = code


#: What a rule raises that is given another kind of value than PyTorch takes there, or other arguments than it has.
#: Where PyTorch takes them the engines don't agree, and the proof of the entry fails.
MISFITS = (TypeError, AttributeError)


def refuse(message: str, argument: str = "", code: str = "shape-mismatch") -> NoReturn:
    """Say that PyTorch refuses this call."""
    raise Refusal(message, argument, code)


#: How many tensors one call may give: each takes memory here, and none in a kernel that makes views.
MOST_PARTS: ContextVar[int] = ContextVar("layercli_most_parts", default=100_000)


_doubts: ContextVar[list[str] | None] = ContextVar("layercli_doubts", default=None)


def doubt(sentence: str) -> None:
    """Say what only a run can tell of this call, without its subject: ``may need a copy ...``."""
    found = _doubts.get()
    if found is not None:
        found.append(sentence)


@contextmanager
def collect_doubts() -> Iterator[list[str]]:
    """What rules doubt inside, in order."""
    found: list[str] = []
    token = _doubts.set(found)
    try:
        yield found
    finally:
        _doubts.reset(token)


class Extent:
    """What is known of the values of a tensor and its views: whole numbers, the greatest of which is before ``end``.

    It is shared by all that have these values, so that what is written into one of them is written into all.
    """

    __slots__ = ("end",)

    def __init__(self, end: AnySize | None) -> None:
        self.end = end


class Tensor:
    """dtype, sizes and layout of a tensor.

    ``strides`` are those of a dense layout, in elements; None where the kernel decides them. Two variables may name
    one Tensor, as in PyTorch: an operation in place gives the same object back. Not compared by value, since
    sizes may be formulas whose comparison is a condition. ``extent`` is there where its values are known.
    """

    __slots__ = ("__weakref__", "conjugated", "dtype", "extent", "requires_grad", "shape", "strides")

    def __init__(
        self,
        dtype: str,
        shape: Sequence[AnySize],
        strides: Shape | str | None = "contiguous",
        *,
        requires_grad: bool = False,
    ) -> None:
        self.dtype = dtype
        self.shape: Shape = tuple(shape)
        self.strides: Shape | None = contiguous_strides(self.shape) if isinstance(strides, str) else strides
        self.requires_grad = requires_grad
        self.extent: Extent | None = None
        #: Whether PyTorch notes that the complex numbers in memory are to be conjugated, and hasn't done it.
        self.conjugated = False

    def __repr__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"

    def __bool__(self) -> bool:
        """True, where PyTorch looks whether the element is 0. Raises Refusal where there isn't one element."""
        if self.numel != 1:
            refuse(f"asks whether a tensor is true, which one element may be: {self!r}", code="wrong-kind")
        return True

    @property
    def dim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def numel(self) -> AnySize:
        """The number of elements."""
        return product(self.shape)


#: What a rule gives: a tensor, a tuple or list of results, a dict of them, None or a plain value.
Result: TypeAlias = Any


def contiguous_strides(shape: Sequence[AnySize]) -> Shape:
    """Strides of a row-major layout; a size of 0 counts as 1, as in PyTorch."""
    strides: list[AnySize] = []
    step: AnySize = 1
    for size in reversed(shape):
        strides.append(step)
        step = step * (size if not isinstance(size, int) or size > 1 else 1)
    return tuple(reversed(strides))


@record
class Settings:
    """What a rule may depend on besides its arguments."""

    default_dtype: str = "float32"


_DEFAULTS = Settings()
_SETTINGS: ContextVar[Settings] = ContextVar("layercli_settings", default=_DEFAULTS)


def default_dtype() -> str:
    """The dtype of tensors that are made without one."""
    return _SETTINGS.get().default_dtype


@contextmanager
def settings(default_dtype: str) -> Iterator[None]:
    """Rules see these settings inside."""
    token = _SETTINGS.set(Settings(default_dtype))
    try:
        yield
    finally:
        _SETTINGS.reset(token)
