"""Operations on each element alone, with broadcasting and type promotion where there are several inputs."""

from __future__ import annotations

from layercli.catalogue.entries import TENSOR, TORCH, Operation

OPERATIONS = (
    # One input
    Operation("abs", "input", "The absolute value.", aliases=("absolute",), in_place=TENSOR),
    Operation("neg", "input", "The value with its sign turned.", aliases=("negative",), in_place=TENSOR),
    Operation("positive", "input", "The input as it is, as unary plus gives it."),
    Operation("sign", "input", "-1, 0 or 1 by the sign.", in_place=TENSOR),
    Operation(
        "sgn", "input", "The sign, or for complex numbers the value scaled to length 1.", in_place=TENSOR
    ),
    Operation("signbit", "input", "Whether the sign bit is set, so True for -0.0."),
    Operation("exp", "input", "e to the power of the value.", in_place=TENSOR),
    Operation("exp2", "input", "2 to the power of the value.", in_place=TENSOR),
    Operation("expm1", "input", "exp(x) - 1, exact for small x.", in_place=TENSOR),
    Operation("log", "input", "The natural logarithm.", in_place=TENSOR),
    Operation("log10", "input", "The logarithm to base 10.", in_place=TENSOR),
    Operation("log1p", "input", "log(1 + x), exact for small x.", in_place=TENSOR),
    Operation("log2", "input", "The logarithm to base 2.", in_place=TENSOR),
    Operation(
        "logit", "input, eps=None", "log(x / (1 - x)), x first clamped to [eps, 1 - eps].", in_place=TENSOR
    ),
    Operation("sqrt", "input", "The square root.", in_place=TENSOR),
    Operation("rsqrt", "input", "One over the square root.", in_place=TENSOR),
    Operation("square", "input", "The value times itself.", in_place=TENSOR),
    Operation("reciprocal", "input", "One over the value.", in_place=TENSOR),
    Operation("sin", "input", "The sine of an angle in radians.", in_place=TENSOR),
    Operation("cos", "input", "The cosine of an angle in radians.", in_place=TENSOR),
    Operation("tan", "input", "The tangent of an angle in radians.", in_place=TENSOR),
    Operation("asin", "input", "The angle whose sine is the value.", aliases=("arcsin",), in_place=TENSOR),
    Operation("acos", "input", "The angle whose cosine is the value.", aliases=("arccos",), in_place=TENSOR),
    Operation("atan", "input", "The angle whose tangent is the value.", aliases=("arctan",), in_place=TENSOR),
    Operation("sinh", "input", "The hyperbolic sine.", in_place=TENSOR),
    Operation("cosh", "input", "The hyperbolic cosine.", in_place=TENSOR),
    Operation("asinh", "input", "The inverse hyperbolic sine.", aliases=("arcsinh",), in_place=TENSOR),
    Operation("acosh", "input", "The inverse hyperbolic cosine.", aliases=("arccosh",), in_place=TENSOR),
    Operation("atanh", "input", "The inverse hyperbolic tangent.", aliases=("arctanh",), in_place=TENSOR),
    Operation("sinc", "input", "sin(pi x) / (pi x), and 1 at 0.", in_place=TENSOR),
    Operation("deg2rad", "input", "Degrees as radians.", in_place=TENSOR),
    Operation("rad2deg", "input", "Radians as degrees.", in_place=TENSOR),
    Operation("floor", "input", "The greatest whole number not above the value.", in_place=TENSOR),
    Operation("ceil", "input", "The least whole number not below the value.", in_place=TENSOR),
    Operation(
        "round",
        "input, *, decimals=0",
        "The nearest number with `decimals` decimal places, halves to even.",
        in_place=TENSOR,
    ),
    Operation("trunc", "input", "The value without its fraction.", aliases=("fix",), in_place=TENSOR),
    Operation("frac", "input", "The fraction, with the sign of the value.", in_place=TENSOR),
    Operation("frexp", "input", "Mantissa and exponent, so that x = mantissa * 2 ** exponent."),
    Operation("erf", "input", "The error function.", in_place=TENSOR),
    Operation("erfc", "input", "One minus the error function.", in_place=TENSOR),
    Operation("erfinv", "input", "The inverse of the error function.", in_place=TENSOR),
    Operation(
        "lgamma", "input", "The logarithm of the absolute value of the gamma function.", in_place=TENSOR
    ),
    Operation("digamma", "input", "The derivative of the logarithm of the gamma function.", in_place=TENSOR),
    Operation(
        "polygamma",
        "n, input",
        "The n-th derivative of the digamma function.",
        in_tensor="n",
        in_place=TENSOR,
    ),
    Operation(
        "mvlgamma", "input, p", "The logarithm of the gamma function in p dimensions.", in_place=TENSOR
    ),
    Operation("i0", "input", "The modified Bessel function of the first kind, of order 0.", in_place=TENSOR),
    Operation(
        "nan_to_num",
        "input, nan=None, posinf=None, neginf=None",
        "The value, with NaN and infinities replaced by numbers.",
        in_place=TENSOR,
    ),
    Operation("angle", "input", "The angle of a complex number in radians."),
    Operation("conj", "input", "The complex conjugate."),
    Operation("logical_not", "input", "Whether the value is zero.", in_place=TENSOR),
    Operation("bitwise_not", "input", "Each bit turned, or not for bools.", in_place=TENSOR),
    Operation("isnan", "input", "Whether the value is NaN."),
    Operation("isinf", "input", "Whether the value is infinite."),
    Operation("isposinf", "input", "Whether the value is plus infinity."),
    Operation("isneginf", "input", "Whether the value is minus infinity."),
    Operation("isfinite", "input", "Whether the value is neither infinite nor NaN."),
    Operation("isreal", "input", "Whether the imaginary part is zero."),
    Operation(
        "bucketize",
        "input, boundaries, *, out_int32=False, right=False",
        "The number of the bucket between sorted boundaries that each value falls in.",
        TORCH,
    ),
    # Two inputs
    Operation("add", "input, other, *, alpha=1", "input + alpha * other.", in_place=TENSOR),
    Operation(
        "sub", "input, other, *, alpha=1", "input - alpha * other.", aliases=("subtract",), in_place=TENSOR
    ),
    Operation("mul", "input, other", "input * other.", aliases=("multiply",), in_place=TENSOR),
    Operation(
        "div",
        "input, other, *, rounding_mode=None",
        "input / other, whole where `rounding_mode` is 'floor' or 'trunc'.",
        aliases=("divide",),
        in_place=TENSOR,
    ),
    Operation("true_divide", "input, other", "input / other, with a fraction.", in_place=TENSOR),
    Operation("floor_divide", "input, other", "input // other, rounded down.", in_place=TENSOR),
    Operation("remainder", "input, other", "input % other, with the sign of `other`.", in_place=TENSOR),
    Operation(
        "fmod", "input, other", "The remainder of a division, with the sign of `input`.", in_place=TENSOR
    ),
    Operation("pow", "input, exponent", "input to the power of `exponent`.", in_place=TENSOR),
    Operation("float_power", "input, exponent", "input to the power of `exponent`, in double precision."),
    Operation(
        "atan2",
        "input, other",
        "The angle of the point (other, input), in all four quadrants.",
        aliases=("arctan2",),
        in_place=TENSOR,
    ),
    Operation("hypot", "input, other", "The length of the hypotenuse of two legs.", in_place=TENSOR),
    Operation("copysign", "input, other", "The size of `input` with the sign of `other`.", in_place=TENSOR),
    Operation("nextafter", "input, other", "The next number from `input` towards `other`.", in_place=TENSOR),
    Operation("ldexp", "input, other", "input * 2 ** other.", in_place=TENSOR),
    Operation("xlogy", "input, other", "input * log(other), and 0 where `input` is 0.", in_place=TENSOR),
    Operation("logaddexp", "input, other", "log(exp(input) + exp(other)), without overflow."),
    Operation("logaddexp2", "input, other", "log2(2 ** input + 2 ** other), without overflow."),
    Operation("heaviside", "input, values", "0 below zero, 1 above it, `values` at it.", in_place=TENSOR),
    Operation("gcd", "input, other", "The greatest common divisor.", in_place=TENSOR),
    Operation("lcm", "input, other", "The least common multiple.", in_place=TENSOR),
    Operation("igamma", "input, other", "The lower incomplete gamma function, regularised.", in_place=TENSOR),
    Operation(
        "igammac", "input, other", "The upper incomplete gamma function, regularised.", in_place=TENSOR
    ),
    Operation("maximum", "input, other", "The greater of two values, NaN where one is."),
    Operation("minimum", "input, other", "The lesser of two values, NaN where one is."),
    Operation("fmax", "input, other", "The greater of two values, the number where one is NaN."),
    Operation("fmin", "input, other", "The lesser of two values, the number where one is NaN."),
    Operation("eq", "input, other", "input == other."),
    Operation("ne", "input, other", "input != other.", aliases=("not_equal",)),
    Operation("lt", "input, other", "input < other.", aliases=("less",)),
    Operation("le", "input, other", "input <= other.", aliases=("less_equal",)),
    Operation("gt", "input, other", "input > other.", aliases=("greater",)),
    Operation("ge", "input, other", "input >= other.", aliases=("greater_equal",)),
    Operation(
        "isclose",
        "input, other, rtol=1e-05, atol=1e-08, equal_nan=False",
        "Whether two values differ by at most atol + rtol * |other|.",
    ),
    Operation("logical_and", "input, other", "Whether both are nonzero.", in_place=TENSOR),
    Operation("logical_or", "input, other", "Whether at least one is nonzero.", in_place=TENSOR),
    Operation("logical_xor", "input, other", "Whether exactly one is nonzero.", in_place=TENSOR),
    Operation("bitwise_and", "input, other", "The bits set in both.", in_place=TENSOR),
    Operation("bitwise_or", "input, other", "The bits set in at least one.", in_place=TENSOR),
    Operation("bitwise_xor", "input, other", "The bits set in exactly one.", in_place=TENSOR),
    Operation("bitwise_left_shift", "input, other", "The bits moved up by `other` places.", in_place=TENSOR),
    Operation(
        "bitwise_right_shift", "input, other", "The bits moved down by `other` places.", in_place=TENSOR
    ),
    Operation("complex", "real, imag", "A complex number from its real and imaginary part.", TORCH),
    Operation("polar", "abs, angle", "A complex number from its length and its angle in radians.", TORCH),
    # Three inputs and more
    Operation(
        "where",
        "condition, input, other",
        "`input` where the condition holds, `other` where it doesn't.",
        in_tensor="condition, other",
    ),
    Operation(
        "clamp",
        "input, min=None, max=None",
        "The value, or the bound that it lies beyond.",
        aliases=("clip",),
        in_place=TENSOR,
    ),
    Operation("clamp_min", "input, min", "The value, or `min` where it is below.", in_place=TENSOR),
    Operation("clamp_max", "input, max", "The value, or `max` where it is above.", in_place=TENSOR),
    Operation("lerp", "input, end, weight", "input + weight * (end - input).", in_place=TENSOR),
    Operation(
        "addcmul",
        "input, tensor1, tensor2, *, value=1",
        "input + value * tensor1 * tensor2.",
        in_place=TENSOR,
    ),
    Operation(
        "addcdiv",
        "input, tensor1, tensor2, *, value=1",
        "input + value * tensor1 / tensor2.",
        in_place=TENSOR,
    ),
    Operation(
        "isin",
        "elements, test_elements, *, assume_unique=False, invert=False",
        "Whether each element is one of `test_elements`.",
        TORCH,
    ),
    # Written into the tensor itself
    Operation("fill_", "value", "Sets every element to `value`.", TENSOR),
    Operation("zero_", "", "Sets every element to zero.", TENSOR),
    Operation(
        "copy_", "other, non_blocking=False", "Copies the values of `other`, broadcast and cast.", TENSOR
    ),
)
