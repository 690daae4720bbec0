"""Operations on each element alone, with broadcasting and type promotion where there are several inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from layercli.catalogue import work
from layercli.catalogue.arguments import (
    ALL,
    COMPLEX,
    FLOATS,
    FRACTIONS,
    FULL_FLOATS,
    INTS,
    NUMBERS,
    PROMOTED,
    PROMOTED_NUMBERS,
    REAL,
    REAL_NUMBERS,
    WHOLE,
    check_dtype,
    expect_at_least,
    expect_bool,
    expect_dtype,
    expect_fit,
    expect_int,
    expect_number,
    is_plain,
    is_scalar,
)
from layercli.catalogue.entries import TENSOR, TORCH, Operation
from layercli.catalogue.rules import (
    check_expandable,
    elementwise,
    expect_own_elements,
    expect_tensor,
    like,
    promote,
    to_floating,
)
from layercli.catalogue.tensors import Shape, Tensor, refuse


def to_same(dtype: str) -> str:
    """The dtype of a function that keeps it."""
    return dtype


def to_bool(dtype: str) -> str:
    """The dtype of a question."""
    return "bool"


def to_real(dtype: str) -> str:
    """The dtype of a complex number's parts, else the dtype itself."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def to_angle(dtype: str) -> str:
    """The dtype of an angle: fractions, the parts' dtype for complex numbers."""
    return to_floating(to_real(dtype))


def to_number(dtype: str) -> str:
    """The dtype of a product: bools are multiplied as int64."""
    return "int64" if dtype == "bool" else dtype


def to_double(dtype: str) -> str:
    """Double precision, of complex numbers where the dtype is complex."""
    return "complex128" if dtype.startswith("complex") else "float64"


def each(takes: frozenset[str], gives: Callable[[str], str] = to_same) -> Callable[..., Tensor]:
    """The rule of a function of each element: the input's shape. Source: torch.abs and its like."""

    def rule(input: Any) -> Tensor:
        tensor = expect_dtype(input, takes)
        return like(tensor, gives(tensor.dtype))

    return rule


def keep_input(takes: frozenset[str]) -> Callable[..., Tensor]:
    """The rule of a function that gives its input back. Source: torch.positive."""

    def rule(input: Any) -> Tensor:
        return expect_dtype(input, takes)

    return rule


def apply_logit(input: Any, eps: Any = None) -> Tensor:
    """The input's shape. Source: torch.logit."""
    if eps is not None:
        expect_number(eps, "eps")
    tensor = expect_dtype(input, REAL)
    return like(tensor, to_floating(tensor.dtype))


def apply_round(input: Any, *, decimals: Any = None) -> Tensor:
    """The input's shape; with ``decimals`` floats only. Source: torch.round."""
    if decimals is not None:
        expect_int(decimals, "decimals")
    return like(expect_dtype(input, REAL_NUMBERS if decimals is None else FLOATS))


def apply_frexp(input: Any) -> tuple[Tensor, Tensor]:
    """Mantissa and int32 exponent, both in the input's shape. Source: torch.frexp."""
    tensor = expect_dtype(input, FLOATS)
    return like(tensor), like(tensor, "int32")


def apply_polygamma(n: Any, input: Any) -> Tensor:
    """The input's shape. Source: torch.polygamma."""
    expect_at_least(n, 0, "n")
    tensor = expect_dtype(input, REAL)
    return like(tensor, to_floating(tensor.dtype))


def apply_mvlgamma(input: Any, p: Any) -> Tensor:
    """The input's shape, row-major. Source: torch.mvlgamma."""
    expect_at_least(p, 1, "p")
    tensor = expect_dtype(input, REAL_NUMBERS)
    return Tensor(to_floating(tensor.dtype), tensor.shape)


def replace_nan(input: Any, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Tensor:
    """The input's shape and dtype. Source: torch.nan_to_num."""
    for argument, value in (("nan", nan), ("posinf", posinf), ("neginf", neginf)):
        if value is not None:
            expect_number(value, argument)
    return like(expect_tensor(input, "input"))


def conjugate(input: Any) -> Tensor:
    """The input in its layout; itself where it is real. Source: torch.conj."""
    tensor = expect_tensor(input, "input")
    if tensor.dtype not in COMPLEX:
        return tensor
    result = Tensor(tensor.dtype, tensor.shape, tensor.strides)
    result.conjugated = not tensor.conjugated
    return result


def find_buckets(input: Any, boundaries: Any, *, out_int32: Any = False, right: Any = False) -> Tensor:
    """The input's shape, int64 or int32, row-major. Source: torch.bucketize."""
    edges = expect_tensor(boundaries, "boundaries")
    if edges.dim != 1:
        refuse(f"needs boundaries of one dimension and got {edges!r}", "boundaries")
    dtype = "int32" if expect_bool(out_int32, "out_int32") else "int64"
    expect_bool(right, "right")
    return Tensor(dtype, check_lookup(input, edges))


def check_lookup(input: Any, edges: Tensor) -> Shape:
    """The shape of values to look up among others, real numbers both unless there are none. Raises Refusal."""
    if is_plain(input):
        check_dtype(promote(input, edges), REAL_NUMBERS, "input")
        return ()
    tensor = expect_tensor(input, "input")
    dtype = promote(tensor, edges)
    if dtype not in REAL_NUMBERS and tensor.numel != 0:
        check_dtype(dtype, REAL_NUMBERS, "input", f"{tensor!r} and {edges!r}")
    return tensor.shape


#: Which of two operands may be a plain number: none, the second, one of them, both.
Plain: TypeAlias = Literal["none", "second", "one", "both"]

_PLAIN_PLACES: Mapping[Plain, tuple[bool, bool, bool]] = {
    "none": (False, False, False),
    "second": (False, True, False),
    "one": (True, True, False),
    "both": (True, True, True),
}


def check_operands(
    first: Any, second: Any, plain: Plain, names: tuple[str, str] = ("input", "other")
) -> None:
    """Refuse operands that are neither tensors nor plain numbers where these are taken. Raises Refusal."""
    allowed = _PLAIN_PLACES[plain]
    for value, name, may_be_plain in zip((first, second), names, allowed, strict=False):
        if not (isinstance(value, Tensor) or (may_be_plain and is_plain(value))):
            refuse(f"needs a tensor as {name}, not {value!r}", name, "wrong-kind")
    if not allowed[2] and is_plain(first) and is_plain(second):
        refuse("needs a tensor among its operands", names[0], "wrong-kind")


def _expect_divisor(input: Any, other: Any, dtype: str) -> None:
    """Refuse to divide whole numbers by a plain 0. Raises Refusal."""
    if (
        dtype in INTS
        and is_plain(other)
        and other == 0
        and not (isinstance(input, Tensor) and input.numel == 0)
    ):
        refuse(f"divides whole numbers by 0: {input!r}", "other")


def combine(
    takes: frozenset[str],
    gives: Callable[[str], str] = to_same,
    *,
    plain: Plain = "none",
    divides: bool = False,
) -> Callable[..., Tensor]:
    """The rule of a function of two operands: their common shape and dtype. Source: torch.add and its like.

    ``takes`` are the dtypes that both may be promoted to, ``plain`` says which operand may be a number.
    """

    def rule(input: Any, other: Any) -> Tensor:
        check_operands(input, other, plain)
        dtype = promote(input, other)
        check_dtype(dtype, takes, "other")
        if divides:
            _expect_divisor(input, other, dtype)
        common = to_floating(dtype) if gives is to_floating else dtype
        return elementwise(gives(dtype), input, other, common=common)

    return rule


def _scale_second(takes: frozenset[str]) -> Callable[..., Tensor]:
    """The rule of addition, whose second operand is multiplied by ``alpha`` first. Source: torch.add."""

    def rule(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
        check_operands(input, other, "both")
        dtype = promote(input, other)
        check_dtype(dtype, takes, "other")
        if takes != PROMOTED:
            for name, value in (("input", input), ("other", other)):
                if isinstance(value, bool) or (isinstance(value, Tensor) and value.dtype == "bool"):
                    refuse(f"subtracts no bools: {name} is {value!r}", name, "dtype-mismatch")
        expect_number(alpha, "alpha")
        if isinstance(alpha, bool) and dtype != "bool":
            refuse(f"takes True or False as alpha for bools only, not for {dtype}", "alpha", "dtype-mismatch")
        if isinstance(alpha, float) and dtype in WHOLE:
            refuse(f"needs a whole number as alpha for {dtype}, not {alpha}", "alpha", "dtype-mismatch")
        return elementwise(dtype, input, other, common=dtype)

    return rule


def divide(input: Any, other: Any, *, rounding_mode: Any = None) -> Tensor:
    """The common shape; fractions unless rounded. Source: torch.div."""
    check_operands(input, other, "both")
    dtype = promote(input, other)
    if rounding_mode is None:
        check_dtype(dtype, ALL, "other")
        return elementwise(to_floating(dtype), input, other, common=to_floating(dtype))
    if rounding_mode not in ("floor", "trunc"):
        refuse(
            f"needs 'floor', 'trunc' or None as rounding_mode, not {rounding_mode!r}",
            "rounding_mode",
            "wrong-kind",
        )
    check_dtype(dtype, REAL_NUMBERS, "other")
    _expect_divisor(input, other, dtype)
    return elementwise(dtype, input, other, common=dtype)


def raise_to_power(input: Any, exponent: Any) -> Tensor:
    """The common shape and dtype; row-major where the base is a plain number. Source: torch.pow."""
    check_operands(input, exponent, "one", ("input", "exponent"))
    dtype = promote(input, exponent)
    if not isinstance(input, Tensor):
        check_dtype(dtype, NUMBERS, "exponent")
        return Tensor(dtype, exponent.shape)
    if is_plain(exponent):
        if dtype in INTS and not isinstance(exponent, bool) and exponent < 0:
            refuse(f"raises no whole numbers to negative powers: {input!r} to {exponent}", "exponent")
    else:
        check_dtype(dtype, NUMBERS, "exponent")
    return elementwise(dtype, input, exponent, common=dtype)


def raise_to_double_power(input: Any, exponent: Any) -> Tensor:
    """The common shape in double precision. Source: torch.float_power."""
    check_operands(input, exponent, "one", ("input", "exponent"))
    dtype = to_double(promote(input, exponent))
    return elementwise(dtype, input, exponent, common=dtype)


def shift_exponent(input: Any, other: Any) -> Tensor:
    """The common shape, as the product with a power of 2 in floats. Source: torch.ldexp."""
    check_operands(input, other, "none")
    if input.dtype in FLOATS and other.dtype in WHOLE:
        check_dtype(other.dtype, INTS, "other", other)
        result = elementwise(input.dtype, input, other)
        # The result is made in the likeness of the input, and anew only where that is too small.
        kept = input.dim == result.dim and all(
            own == size for own, size in zip(input.shape, result.shape, strict=True)
        )
        return like(input) if kept else result
    if input.dtype in COMPLEX and other.dtype in WHOLE:
        return elementwise(input.dtype, input, other)
    power = Tensor(to_floating(other.dtype), other.shape)
    if input.dtype in COMPLEX and power.dtype == "float16" and power.dim:
        refuse(f"raises 2 to no half-precision numbers for {input!r}", "other", "dtype-mismatch")
    dtype = promote(input, power)
    return elementwise(dtype, input, power, common=dtype)


def step_at_zero(input: Any, values: Any) -> Tensor:
    """The common shape; both of one dtype. Source: torch.heaviside."""
    check_operands(input, values, "none", ("input", "values"))
    _expect_one_dtype(input, values, "values")
    return elementwise(expect_dtype(input, REAL).dtype, input, values)


def _expect_one_dtype(first: Tensor, second: Tensor, argument: str) -> None:
    if first.dtype != second.dtype:
        refuse(f"needs one dtype and got {first!r} and {second!r}", argument, "dtype-mismatch")


def compare_closely(
    input: Any, other: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False
) -> Tensor:
    """The common shape; both of one dtype. Source: torch.isclose."""
    check_operands(input, other, "none")
    _expect_one_dtype(input, other, "other")
    for argument, value in (("rtol", rtol), ("atol", atol)):
        if is_plain(expect_number(value, argument)) and value < 0:
            refuse(f"needs {argument} to be 0 or more, not {value}", argument)
    expect_bool(equal_nan, "equal_nan")
    return elementwise("bool", input, other)


_COMPLEX_OF: Mapping[str, str] = {"float16": "complex32", "float32": "complex64", "float64": "complex128"}


def _join_floats(first: Any, second: Any, names: tuple[str, str], takes: frozenset[str]) -> Tensor:
    left, right = expect_dtype(first, takes, names[0]), expect_dtype(second, takes, names[1])
    _expect_one_dtype(left, right, names[1])
    return elementwise(_COMPLEX_OF[left.dtype], left, right)


def join_parts(real: Any, imag: Any) -> Tensor:
    """The common shape of two floats of one dtype. Source: torch.complex."""
    return _join_floats(real, imag, ("real", "imag"), FULL_FLOATS | {"float16"})


def join_polar_parts(abs: Any, angle: Any) -> Tensor:
    """The common shape of two floats of one dtype. Source: torch.polar."""
    return _join_floats(abs, angle, ("abs", "angle"), FULL_FLOATS)


def choose(condition: Any, input: Any, other: Any) -> Tensor:
    """The common shape of all three, the common dtype of the last two. Source: torch.where."""
    mask = expect_dtype(condition, frozenset({"bool", "uint8"}), "condition")
    check_operands(input, other, "both")
    dtype = promote(input, other)
    operands = [
        like(value) if isinstance(value, Tensor) and value.dtype != dtype else value
        for value in (input, other)
    ]
    return elementwise(dtype, mask, *operands)


def keep_between(input: Any, min: Any = None, max: Any = None) -> Tensor:
    """The common shape of the input and bounds that are tensors. Source: torch.clamp."""
    bounds = {name: value for name, value in (("min", min), ("max", max)) if value is not None}
    if not bounds:
        refuse("needs min or max", "min", "missing-argument")
    tensor = expect_dtype(input, REAL)
    if all(isinstance(value, Tensor) for value in bounds.values()):
        dtype = promote(tensor, *bounds.values())
        check_dtype(dtype, REAL if len(bounds) == 1 else REAL_NUMBERS, "min")
        return elementwise(dtype, tensor, *bounds.values(), common=dtype)
    for name, value in bounds.items():
        if not is_scalar(value) or (isinstance(value, Tensor) and value.dtype in COMPLEX):
            refuse(f"needs both bounds as numbers, or both as tensors, not {value!r}", name, "wrong-kind")
    numbers = [_as_number(value) for value in bounds.values()]
    dtype = promote(tensor, *numbers)
    check_dtype(dtype, REAL_NUMBERS, "input", tensor)
    for name, value in bounds.items():
        expect_fit(value, dtype, name)
    return like(tensor, dtype)


def _as_number(value: Any) -> Any:
    """A plain number of the kind of a tensor without dimensions that is taken for one."""
    if not isinstance(value, Tensor):
        return value
    return True if value.dtype == "bool" else 1 if value.dtype in INTS else 1.0


def keep_above(input: Any, min: Any) -> Tensor:
    """The common shape. Source: torch.clamp_min."""
    if min is None:
        refuse("needs a number or a tensor as min, not None", "min", "wrong-kind")
    return keep_between(input, min=min)


def keep_below(input: Any, max: Any) -> Tensor:
    """The common shape. Source: torch.clamp_max."""
    if max is None:
        refuse("needs a number or a tensor as max, not None", "max", "wrong-kind")
    return keep_between(input, max=max)


def interpolate_linearly(input: Any, end: Any, weight: Any) -> Tensor:
    """The common shape; one dtype. Source: torch.lerp."""
    start, stop = expect_tensor(input, "input"), expect_tensor(end, "end")
    _expect_one_dtype(start, stop, "end")
    if isinstance(weight, Tensor) and weight.dim:
        _expect_one_dtype(start, weight, "weight")
    elif not isinstance(weight, Tensor) and not is_plain(weight):
        refuse(f"needs a number or a tensor as weight, not {weight!r}", "weight", "wrong-kind")
    dtype = promote(start, weight) if isinstance(weight, Tensor) else start.dtype
    check_dtype(dtype, FRACTIONS, "input", start)
    return elementwise(dtype, start, stop, weight)


def add_scaled(takes: frozenset[str], *, divides: bool) -> Callable[..., Tensor]:
    """The rule of a sum with a scaled product or quotient: the common shape and dtype of all three.

    Of two operands that are divided, one has fractions. Source: torch.addcmul, torch.addcdiv.
    """

    def rule(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Tensor:
        named = (("input", input), ("tensor1", tensor1), ("tensor2", tensor2))
        operands = [expect_tensor(operand, name) for name, operand in named]
        expect_number(value, "value")
        if divides and tensor1.dtype in WHOLE and tensor2.dtype in WHOLE:
            refuse(f"divides floats, not {tensor1!r} by {tensor2!r}", "tensor2", "dtype-mismatch")
        dtype = promote(*operands)
        check_dtype(dtype, takes, "input")
        return elementwise(dtype, *operands, common=dtype)

    return rule


def find_members(
    elements: Any, test_elements: Any, *, assume_unique: Any = False, invert: Any = False
) -> Tensor:
    """The shape of ``elements``, row-major. Source: torch.isin."""
    check_operands(elements, test_elements, "one", ("elements", "test_elements"))
    for name, value in (("elements", elements), ("test_elements", test_elements)):
        if isinstance(value, Tensor):
            expect_dtype(value, REAL_NUMBERS, name)
        elif isinstance(value, bool):
            refuse(f"takes no {value} as {name}", name, "dtype-mismatch")
    expect_bool(assume_unique, "assume_unique")
    expect_bool(invert, "invert")
    return Tensor("bool", elements.shape if isinstance(elements, Tensor) else ())


def fill(tensor: Tensor, value: Any) -> Tensor:
    """The tensor itself. Source: torch.Tensor.fill_."""
    expect_fit(expect_number(value, "value", learned=True), tensor.dtype, "value")
    return tensor


def fill_with_zeros(tensor: Tensor) -> Tensor:
    """The tensor itself. Source: torch.Tensor.zero_."""
    return tensor


def copy_from(tensor: Tensor, other: Any, non_blocking: Any = False) -> Tensor:
    """The tensor itself, with ``other`` broadcast and cast. Source: torch.Tensor.copy_."""
    expect_bool(non_blocking, "non_blocking")
    if isinstance(other, Tensor):
        check_expandable(other, tensor.shape, "other")
    elif not is_plain(other):
        refuse(f"needs a tensor as other, not {other!r}", "other", "wrong-kind")
    return expect_own_elements(tensor)


def _curve(
    name: str, doc: str, rule: Callable[..., Any] | None = None, *, aliases: tuple[str, ...] = ()
) -> Operation:
    """A function of each element that counts as one operation, by default of any numbers to floating-point ones."""
    return Operation(
        name,
        "input",
        doc,
        aliases=aliases,
        in_place=TENSOR,
        rule=rule or each(ALL, to_floating),
        work=work.Each(f"{name}(x)"),
    )


OPERATIONS = (
    # One input
    _curve("abs", "The absolute value.", each(NUMBERS, to_real), aliases=("absolute",)),
    Operation(
        "neg",
        "input",
        "The value with its sign turned.",
        aliases=("negative",),
        in_place=TENSOR,
        rule=each(NUMBERS),
        work=work.Each("-x"),
    ),
    Operation(
        "positive",
        "input",
        "The input as it is, as unary plus gives it.",
        rule=keep_input(NUMBERS),
        work=work.Each("x"),
    ),
    _curve("sign", "-1, 0 or 1 by the sign.", each(REAL)),
    _curve("sgn", "The sign, or for complex numbers the value scaled to length 1.", each(ALL)),
    Operation(
        "signbit",
        "input",
        "Whether the sign bit is set, so True for -0.0.",
        rule=each(REAL, to_bool),
        work=work.Each("x < 0"),
    ),
    _curve("exp", "e to the power of the value."),
    _curve("exp2", "2 to the power of the value."),
    _curve("expm1", "exp(x) - 1, exact for small x."),
    _curve("log", "The natural logarithm."),
    _curve("log10", "The logarithm to base 10."),
    _curve("log1p", "log(1 + x), exact for small x."),
    _curve("log2", "The logarithm to base 2."),
    Operation(
        "logit",
        "input, eps=None",
        "log(x / (1 - x)), x first clamped to [eps, 1 - eps].",
        in_place=TENSOR,
        rule=apply_logit,
        work=work.take_logit,
    ),
    _curve("sqrt", "The square root."),
    Operation(
        "rsqrt",
        "input",
        "One over the square root.",
        in_place=TENSOR,
        rule=each(ALL, to_floating),
        work=work.Each("1 / sqrt(x)"),
    ),
    Operation(
        "square",
        "input",
        "The value times itself.",
        in_place=TENSOR,
        rule=each(ALL, to_number),
        work=work.Each("x * x"),
    ),
    Operation(
        "reciprocal",
        "input",
        "One over the value.",
        in_place=TENSOR,
        rule=each(ALL, to_floating),
        work=work.Each("1 / x"),
    ),
    _curve("sin", "The sine of an angle in radians."),
    _curve("cos", "The cosine of an angle in radians."),
    _curve("tan", "The tangent of an angle in radians."),
    _curve("asin", "The angle whose sine is the value.", aliases=("arcsin",)),
    _curve("acos", "The angle whose cosine is the value.", aliases=("arccos",)),
    _curve("atan", "The angle whose tangent is the value.", aliases=("arctan",)),
    _curve("sinh", "The hyperbolic sine."),
    _curve("cosh", "The hyperbolic cosine."),
    _curve("asinh", "The inverse hyperbolic sine.", aliases=("arcsinh",)),
    _curve("acosh", "The inverse hyperbolic cosine.", aliases=("arccosh",)),
    _curve("atanh", "The inverse hyperbolic tangent.", aliases=("arctanh",)),
    Operation(
        "sinc",
        "input",
        "sin(pi x) / (pi x), and 1 at 0.",
        in_place=TENSOR,
        rule=each(ALL, to_floating),
        work=work.Each("where(x == 0, 1, sin(t := pi * x) / t)"),
    ),
    Operation(
        "deg2rad",
        "input",
        "Degrees as radians.",
        in_place=TENSOR,
        rule=each(REAL, to_floating),
        work=work.Each("x * factor"),
    ),
    Operation(
        "rad2deg",
        "input",
        "Radians as degrees.",
        in_place=TENSOR,
        rule=each(REAL, to_floating),
        work=work.Each("x * factor"),
    ),
    _curve("floor", "The greatest whole number not above the value.", each(REAL_NUMBERS)),
    _curve("ceil", "The least whole number not below the value.", each(REAL_NUMBERS)),
    Operation(
        "round",
        "input, *, decimals=0",
        "The nearest number with `decimals` decimal places, halves to even.",
        in_place=TENSOR,
        rule=apply_round,
        work=work.round_off,
    ),
    _curve("trunc", "The value without its fraction.", each(REAL_NUMBERS), aliases=("fix",)),
    Operation(
        "frac",
        "input",
        "The fraction, with the sign of the value.",
        in_place=TENSOR,
        rule=each(FLOATS),
        work=work.Each("x - trunc(x)"),
    ),
    Operation(
        "frexp",
        "input",
        "Mantissa and exponent, so that x = mantissa * 2 ** exponent.",
        rule=apply_frexp,
        work=work.Each("frexp(x)"),
    ),
    _curve("erf", "The error function.", each(REAL, to_floating)),
    _curve("erfc", "One minus the error function.", each(REAL, to_floating)),
    _curve("erfinv", "The inverse of the error function.", each(REAL, to_floating)),
    _curve("lgamma", "The logarithm of the absolute value of the gamma function.", each(REAL, to_floating)),
    _curve("digamma", "The derivative of the logarithm of the gamma function.", each(REAL, to_floating)),
    Operation(
        "polygamma",
        "n, input",
        "The n-th derivative of the digamma function.",
        in_tensor="n",
        in_place=TENSOR,
        rule=apply_polygamma,
        work=work.Each("polygamma(order, x)"),
    ),
    Operation(
        "mvlgamma",
        "input, p",
        "The logarithm of the gamma function in p dimensions.",
        in_place=TENSOR,
        rule=apply_mvlgamma,
        work=work.sum_gammas,
    ),
    _curve("i0", "The modified Bessel function of the first kind, of order 0.", each(REAL, to_floating)),
    Operation(
        "nan_to_num",
        "input, nan=None, posinf=None, neginf=None",
        "The value, with NaN and infinities replaced by numbers.",
        in_place=TENSOR,
        rule=replace_nan,
        work=work.Each("where(x != x, nan, where(x == inf, posinf, where(x == -inf, neginf, x)))"),
    ),
    Operation(
        "angle",
        "input",
        "The angle of a complex number in radians.",
        rule=each(ALL, to_angle),
        work=work.Each("where(x < 0, pi, 0)"),
    ),
    Operation("conj", "input", "The complex conjugate.", rule=conjugate, work=work.take_none),
    Operation(
        "logical_not",
        "input",
        "Whether the value is zero.",
        in_place=TENSOR,
        rule=each(ALL, to_bool),
        work=work.Each("x == 0"),
    ),
    Operation(
        "bitwise_not",
        "input",
        "Each bit turned, or not for bools.",
        in_place=TENSOR,
        rule=each(WHOLE),
        work=work.take_none,
    ),
    Operation(
        "isnan", "input", "Whether the value is NaN.", rule=each(ALL, to_bool), work=work.Each("x != x")
    ),
    Operation(
        "isinf",
        "input",
        "Whether the value is infinite.",
        rule=each(ALL, to_bool),
        work=work.Each("abs(x) == inf"),
    ),
    Operation(
        "isposinf",
        "input",
        "Whether the value is plus infinity.",
        rule=each(REAL, to_bool),
        work=work.Each("x == inf"),
    ),
    Operation(
        "isneginf",
        "input",
        "Whether the value is minus infinity.",
        rule=each(REAL, to_bool),
        work=work.Each("x == -inf"),
    ),
    Operation(
        "isfinite",
        "input",
        "Whether the value is neither infinite nor NaN.",
        rule=each(ALL, to_bool),
        work=work.Each("abs(x) < inf"),
    ),
    Operation(
        "isreal", "input", "Whether the imaginary part is zero.", rule=each(ALL, to_bool), work=work.Each("x")
    ),
    Operation(
        "bucketize",
        "input, boundaries, *, out_int32=False, right=False",
        "The number of the bucket between sorted boundaries that each value falls in.",
        TORCH,
        rule=find_buckets,
        work=work.leave_unknown,
    ),
    # Two inputs
    Operation(
        "add",
        "input, other, *, alpha=1",
        "input + alpha * other.",
        in_place=TENSOR,
        rule=_scale_second(PROMOTED),
        work=work.add_scaled,
    ),
    Operation(
        "sub",
        "input, other, *, alpha=1",
        "input - alpha * other.",
        aliases=("subtract",),
        in_place=TENSOR,
        rule=_scale_second(PROMOTED_NUMBERS),
        work=work.add_scaled,
    ),
    Operation(
        "mul",
        "input, other",
        "input * other.",
        aliases=("multiply",),
        in_place=TENSOR,
        rule=combine(PROMOTED, plain="both"),
        work=work.Each("x * y"),
    ),
    Operation(
        "div",
        "input, other, *, rounding_mode=None",
        "input / other, whole where `rounding_mode` is 'floor' or 'trunc'.",
        aliases=("divide",),
        in_place=TENSOR,
        rule=divide,
        work=work.divide,
    ),
    Operation(
        "true_divide",
        "input, other",
        "input / other, with a fraction.",
        in_place=TENSOR,
        rule=combine(ALL, to_floating, plain="both"),
        work=work.Each("x / y"),
    ),
    Operation(
        "floor_divide",
        "input, other",
        "input // other, rounded down.",
        in_place=TENSOR,
        rule=combine(REAL_NUMBERS, plain="both", divides=True),
        work=work.Each("floor(x / y)"),
    ),
    Operation(
        "remainder",
        "input, other",
        "input % other, with the sign of `other`.",
        in_place=TENSOR,
        rule=combine(REAL_NUMBERS, plain="one", divides=True),
        work=work.Each("x - floor(x / y) * y"),
    ),
    Operation(
        "fmod",
        "input, other",
        "The remainder of a division, with the sign of `input`.",
        in_place=TENSOR,
        rule=combine(REAL_NUMBERS, plain="second", divides=True),
        work=work.Each("x - trunc(x / y) * y"),
    ),
    Operation(
        "pow",
        "input, exponent",
        "input to the power of `exponent`.",
        in_place=TENSOR,
        rule=raise_to_power,
        work=work.Each("x ** y"),
    ),
    Operation(
        "float_power",
        "input, exponent",
        "input to the power of `exponent`, in double precision.",
        rule=raise_to_double_power,
        work=work.Each("x ** y"),
    ),
    Operation(
        "atan2",
        "input, other",
        "The angle of the point (other, input), in all four quadrants.",
        aliases=("arctan2",),
        in_place=TENSOR,
        rule=combine(REAL, to_floating),
        work=work.Each("atan2(x, y)"),
    ),
    Operation(
        "hypot",
        "input, other",
        "The length of the hypotenuse of two legs.",
        in_place=TENSOR,
        rule=combine(FLOATS),
        work=work.Each("sqrt(x * x + y * y)"),
    ),
    Operation(
        "copysign",
        "input, other",
        "The size of `input` with the sign of `other`.",
        in_place=TENSOR,
        rule=combine(REAL, to_floating, plain="second"),
        work=work.Each("copysign(x, y)"),
    ),
    Operation(
        "nextafter",
        "input, other",
        "The next number from `input` towards `other`.",
        in_place=TENSOR,
        rule=combine(FLOATS),
        work=work.Each("nextafter(x, y)"),
    ),
    Operation(
        "ldexp",
        "input, other",
        "input * 2 ** other.",
        in_place=TENSOR,
        rule=shift_exponent,
        work=work.Each("x * 2 ** y"),
    ),
    Operation(
        "xlogy",
        "input, other",
        "input * log(other), and 0 where `input` is 0.",
        in_place=TENSOR,
        rule=combine(REAL, to_floating, plain="one"),
        work=work.Each("where(x == 0, 0, x * log(y))"),
    ),
    Operation(
        "logaddexp",
        "input, other",
        "log(exp(input) + exp(other)), without overflow.",
        rule=combine(FRACTIONS),
        work=work.Each("log(exp(x) + exp(y))"),
    ),
    Operation(
        "logaddexp2",
        "input, other",
        "log2(2 ** input + 2 ** other), without overflow.",
        rule=combine(FLOATS),
        work=work.Each("log2(2 ** x + 2 ** y)"),
    ),
    Operation(
        "heaviside",
        "input, values",
        "0 below zero, 1 above it, `values` at it.",
        in_place=TENSOR,
        rule=step_at_zero,
        work=work.Each("where(x < 0, 0, where(x > 0, 1, y))"),
    ),
    Operation(
        "gcd",
        "input, other",
        "The greatest common divisor.",
        in_place=TENSOR,
        rule=combine(INTS),
        work=work.take_none,
    ),
    Operation(
        "lcm",
        "input, other",
        "The least common multiple.",
        in_place=TENSOR,
        rule=combine(INTS),
        work=work.take_none,
    ),
    Operation(
        "igamma",
        "input, other",
        "The lower incomplete gamma function, regularised.",
        in_place=TENSOR,
        rule=combine(FLOATS),
        work=work.Each("igamma(x, y)"),
    ),
    Operation(
        "igammac",
        "input, other",
        "The upper incomplete gamma function, regularised.",
        in_place=TENSOR,
        rule=combine(FLOATS),
        work=work.Each("igammac(x, y)"),
    ),
    Operation(
        "maximum",
        "input, other",
        "The greater of two values, NaN where one is.",
        rule=combine(REAL),
        work=work.Each("max(x, y)"),
    ),
    Operation(
        "minimum",
        "input, other",
        "The lesser of two values, NaN where one is.",
        rule=combine(REAL),
        work=work.Each("min(x, y)"),
    ),
    Operation(
        "fmax",
        "input, other",
        "The greater of two values, the number where one is NaN.",
        rule=combine(REAL),
        work=work.Each("max(x, y)"),
    ),
    Operation(
        "fmin",
        "input, other",
        "The lesser of two values, the number where one is NaN.",
        rule=combine(REAL),
        work=work.Each("min(x, y)"),
    ),
    Operation(
        "eq",
        "input, other",
        "input == other.",
        rule=combine(PROMOTED, to_bool, plain="second"),
        work=work.Each("x == y"),
    ),
    Operation(
        "ne",
        "input, other",
        "input != other.",
        aliases=("not_equal",),
        rule=combine(PROMOTED, to_bool, plain="second"),
        work=work.Each("x != y"),
    ),
    Operation(
        "lt",
        "input, other",
        "input < other.",
        aliases=("less",),
        rule=combine(REAL, to_bool, plain="second"),
        work=work.Each("x < y"),
    ),
    Operation(
        "le",
        "input, other",
        "input <= other.",
        aliases=("less_equal",),
        rule=combine(REAL, to_bool, plain="second"),
        work=work.Each("x <= y"),
    ),
    Operation(
        "gt",
        "input, other",
        "input > other.",
        aliases=("greater",),
        rule=combine(REAL, to_bool, plain="second"),
        work=work.Each("x > y"),
    ),
    Operation(
        "ge",
        "input, other",
        "input >= other.",
        aliases=("greater_equal",),
        rule=combine(REAL, to_bool, plain="second"),
        work=work.Each("x >= y"),
    ),
    Operation(
        "isclose",
        "input, other, rtol=1e-05, atol=1e-08, equal_nan=False",
        "Whether two values differ by at most atol + rtol * |other|.",
        rule=compare_closely,
        work=work.Each("abs(x - y) <= atol + rtol * abs(y)"),
    ),
    Operation(
        "logical_and",
        "input, other",
        "Whether both are nonzero.",
        in_place=TENSOR,
        rule=combine(ALL, to_bool),
        work=work.Each("(x != 0) & (y != 0)"),
    ),
    Operation(
        "logical_or",
        "input, other",
        "Whether at least one is nonzero.",
        in_place=TENSOR,
        rule=combine(ALL, to_bool),
        work=work.Each("(x != 0) | (y != 0)"),
    ),
    Operation(
        "logical_xor",
        "input, other",
        "Whether exactly one is nonzero.",
        in_place=TENSOR,
        rule=combine(ALL, to_bool),
        work=work.Each("(x != 0) ^ (y != 0)"),
    ),
    Operation(
        "bitwise_and",
        "input, other",
        "The bits set in both.",
        in_place=TENSOR,
        rule=combine(WHOLE, plain="one"),
        work=work.take_none,
    ),
    Operation(
        "bitwise_or",
        "input, other",
        "The bits set in at least one.",
        in_place=TENSOR,
        rule=combine(WHOLE, plain="one"),
        work=work.take_none,
    ),
    Operation(
        "bitwise_xor",
        "input, other",
        "The bits set in exactly one.",
        in_place=TENSOR,
        rule=combine(WHOLE, plain="one"),
        work=work.take_none,
    ),
    Operation(
        "bitwise_left_shift",
        "input, other",
        "The bits moved up by `other` places.",
        in_place=TENSOR,
        rule=combine(INTS, plain="one"),
        work=work.take_none,
    ),
    Operation(
        "bitwise_right_shift",
        "input, other",
        "The bits moved down by `other` places.",
        in_place=TENSOR,
        rule=combine(INTS, plain="one"),
        work=work.take_none,
    ),
    Operation(
        "complex",
        "real, imag",
        "A complex number from its real and imaginary part.",
        TORCH,
        rule=join_parts,
        work=work.take_none,
    ),
    Operation(
        "polar",
        "abs, angle",
        "A complex number from its length and its angle in radians.",
        TORCH,
        rule=join_polar_parts,
        work=work.leave_unknown,
    ),
    # Three inputs and more
    Operation(
        "where",
        "condition, input, other",
        "`input` where the condition holds, `other` where it doesn't.",
        in_tensor="condition, other",
        rule=choose,
        work=work.take_none,
    ),
    Operation(
        "clamp",
        "input, min=None, max=None",
        "The value, or the bound that it lies beyond.",
        aliases=("clip",),
        in_place=TENSOR,
        rule=keep_between,
        work=work.clamp,
    ),
    Operation(
        "clamp_min",
        "input, min",
        "The value, or `min` where it is below.",
        in_place=TENSOR,
        rule=keep_above,
        work=work.Each("max(x, y)"),
    ),
    Operation(
        "clamp_max",
        "input, max",
        "The value, or `max` where it is above.",
        in_place=TENSOR,
        rule=keep_below,
        work=work.Each("min(x, y)"),
    ),
    Operation(
        "lerp",
        "input, end, weight",
        "input + weight * (end - input).",
        in_place=TENSOR,
        rule=interpolate_linearly,
        work=work.Each("x + w * (y - x)"),
    ),
    Operation(
        "addcmul",
        "input, tensor1, tensor2, *, value=1",
        "input + value * tensor1 * tensor2.",
        in_place=TENSOR,
        rule=add_scaled(PROMOTED_NUMBERS, divides=False),
        work=work.add_two_scaled,
    ),
    Operation(
        "addcdiv",
        "input, tensor1, tensor2, *, value=1",
        "input + value * tensor1 / tensor2.",
        in_place=TENSOR,
        rule=add_scaled(NUMBERS, divides=True),
        work=work.add_two_scaled,
    ),
    Operation(
        "isin",
        "elements, test_elements, *, assume_unique=False, invert=False",
        "Whether each element is one of `test_elements`.",
        TORCH,
        rule=find_members,
        work=work.leave_unknown,
    ),
    # Written into the tensor itself
    Operation("fill_", "value", "Sets every element to `value`.", TENSOR, rule=fill, work=work.take_none),
    Operation("zero_", "", "Sets every element to zero.", TENSOR, rule=fill_with_zeros, work=work.take_none),
    Operation(
        "copy_",
        "other, non_blocking=False",
        "Copies the values of `other`, broadcast and cast.",
        TENSOR,
        rule=copy_from,
        work=work.take_none,
    ),
)
