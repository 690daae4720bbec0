"""MACs: how many multiply-adds of matrix products and convolutions one call takes.

A bias isn't one. Elementwise work, reductions, normalisation, pooling, look-ups, views and copies take none. A
formula is called with the result and what the call was given, a layer's with the layer first. All it reads is the
shapes of tensors and the arguments of layers, so it serves PyTorch's tensors and modules and those without values
alike. It gives None where the number isn't known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from layercli.catalogue.modules import Module
from layercli.catalogue.rules import number_of_spatial
from layercli.catalogue.sizes import as_int, count_as, product
from layercli.catalogue.tensors import AnySize, Shape

Macs: TypeAlias = "Callable[..., AnySize | None]"


def take_none(*_: Any, **__: Any) -> int:
    """0: no product of matrices, or one that has a row of its own."""
    return 0


def leave_unknown(*_: Any, **__: Any) -> None:
    """None: what PyTorch does depends on values, or on the kernel."""


def _shape(tensor: Any) -> Shape:
    return tuple(tensor.shape)


def _count(tensor: Any) -> AnySize:
    """The number of elements."""
    return product(_shape(tensor))


def _count_outputs(output: Any) -> AnySize:
    """The number of elements of a result, counted as such."""
    return count_as(_count(output), "outputs")


def _count_places(tensor: Any, dimensions: int) -> AnySize:
    """The number of elements of images or their like, whose last dimensions are spatial and follow the channels."""
    *batch, channels = _shape(tensor)[:-dimensions]
    samples, positions = product(batch), product(_shape(tensor)[-dimensions:])
    return count_as(samples, "samples") * count_as(positions, "positions") * count_as(channels, "channels")


# Products of matrices ----------------------------------------------------------------------------------------


def multiply_rows(output: Any, input: Any, *_: Any, **__: Any) -> AnySize:
    """For each element of the result a sum over the last dimension of ``input``."""
    return _count_outputs(output) * _shape(input)[-1] if _shape(input) else 0


def multiply_each(output: Any, *_: Any, **__: Any) -> AnySize:
    """For each element of the result one product, as of a column and a row."""
    return _count(output)


def multiply_inner(output: Any, input: Any, other: Any) -> AnySize:
    """For each element of the result a sum over the last dimension; a tensor without dimensions only scales."""
    return multiply_rows(output, input) if _shape(other) else 0


def multiply_square(output: Any, input: Any, n: AnySize) -> AnySize | None:
    """A power of square matrices by squaring: a product for each binary digit of ``n`` below the first, and for each 1
    among them. A negative one takes an inverse."""
    power = as_int(n)
    if power < 0:
        return None
    products = max(power.bit_length() + power.bit_count() - 2, 0)
    return products * _count(output) * _shape(input)[-1]


def add_product(first: str, second: str) -> Macs:
    """(*, n, m) and (*, m, p), whose product is added to something: * n m p. A vector on the right has p = 1.

    ``first`` and ``second`` are the names of the two arguments.
    """

    def formula(output: Any, input: Any, *factors: Any, **named: Any) -> AnySize:
        given = dict(zip((first, second), factors, strict=False)) | named
        columns = _shape(given[second])[1:]
        return _count(given[first]) * (columns[-1] if columns else 1)

    return formula


def multiply_summed(output: Any, a: Any, b: Any, dims: Any = 2) -> AnySize:
    """For each element of the result a sum over all of ``dims``; a size of 1 is summed before."""
    if isinstance(dims, (tuple, list)):
        own, others = ([part] if isinstance(part, int) else part for part in dims)
    else:
        count = as_int(dims)
        own, others = list(range(-count, 0)), list(range(count))
    pairs = [(_shape(a)[first], _shape(b)[second]) for first, second in zip(own, others, strict=True)]
    return _count_outputs(output) * product(
        size for size, other in pairs if 1 not in (as_int(size), as_int(other))
    )


def multiply_twice(output: Any, input1: Any, input2: Any, weight: Any, *_: Any, **__: Any) -> AnySize:
    """One for each weight and sample, as in a linear map of all products of the two inputs."""
    return product(_shape(output)[:-1]) * _count(weight)


def map_grid(output: Any, theta: Any, *_: Any, **__: Any) -> AnySize:
    """For each coordinate a sum over a row of the map."""
    return _count(output) * _shape(theta)[-1]


def score_classes(output: Any, input: Any, linear_weight: Any, *_: Any, **__: Any) -> AnySize:
    """The linear map in a loss: one for each weight and sample."""
    return product(_shape(input)[:-1]) * _count(linear_weight)


# Layers of them ----------------------------------------------------------------------------------------------


def map_features(layer: Any, output: Any, input: Any) -> AnySize:
    """For each element of the result a sum over ``in_features``."""
    size: AnySize = layer.in_features
    return _count_outputs(output) * size


def map_feature_pairs(layer: Any, output: Any, *_: Any, **__: Any) -> AnySize:
    """For each element of the result a sum over all pairs of features."""
    pairs: AnySize = layer.in1_features * layer.in2_features
    return _count_outputs(output) * pairs


def map_classes(layer: Any, output: Any, input: Any, *_: Any, **__: Any) -> AnySize:
    """The linear map in a loss: one for each weight and sample."""
    classes: AnySize = layer.num_classes
    return _count(input) * classes * product(layer.out_features)


def measure_with(layer: Any, *_: Any, **__: Any) -> int | None:
    """What a given function takes isn't known; a layer as the distance has rows of its own."""
    return 0 if (layer.children if isinstance(layer, Module) else layer._modules) else None


def measure_by(*_: Any, distance_function: Any = None, **__: Any) -> int | None:
    """What a given function takes isn't known."""
    return 0 if distance_function is None else None


def divide_by_norm(layer: Any, output: Any, weight: Any) -> AnySize:
    """u · (W v) for the greatest singular value, in training after two products an iteration; a vector needs none."""
    if len(_shape(weight)) < 2:
        return 0
    iterations: int = layer.n_power_iterations if layer.training else 0
    front: int = layer.dim
    return (1 + 2 * iterations) * _count(weight) + _shape(weight)[front]


# Convolutions ------------------------------------------------------------------------------------------------


def convolve(output: Any, input: Any, weight: Any, *_: Any, **__: Any) -> AnySize:
    """For each element of the result a sum over the window and the channels of its group."""
    return _count_places(output, len(_shape(weight)) - 2) * product(_shape(weight)[1:])


def convolve_transposed(output: Any, input: Any, weight: Any, *_: Any, **__: Any) -> AnySize:
    """Each element of the input is spread over the window and the channels of its group."""
    return _count_places(input, len(_shape(weight)) - 2) * product(_shape(weight)[1:])


def convolve_sequence(output: Any, input: Any, weight: Any, *_: Any, **__: Any) -> AnySize:
    """For each element of the result a sum over the window and the channels; the weight has them in front."""
    return _count(output) * product(_shape(weight)[:2])


def _window(layer: Any, dimensions: int) -> AnySize:
    return product(number_of_spatial(layer.kernel_size, dimensions, "kernel_size"))


def slide_filters(dimensions: int) -> Macs:
    """For each element of the result a sum over the window and the channels of its group."""

    def formula(layer: Any, output: Any, input: Any) -> AnySize:
        channels: AnySize = layer.in_channels // layer.groups
        return _count_places(output, dimensions) * channels * _window(layer, dimensions)

    return formula


def spread_filters(dimensions: int) -> Macs:
    """Each element of the input is spread over the window and the channels of its group."""

    def formula(layer: Any, output: Any, input: Any, output_size: Any = None) -> AnySize:
        channels: AnySize = layer.out_channels // layer.groups
        return _count_places(input, dimensions) * channels * _window(layer, dimensions)

    return formula


# Attention ---------------------------------------------------------------------------------------------------


def attend(output: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> AnySize:
    """Scores of (L, E) and (S, E), and sums of (S, Ev), for each head of the queries."""
    if as_int(_count(output)) == 0:
        return 0
    *heads, length, features = _shape(query)
    *others, source, _size = _shape(key)
    return product(widen(heads, others)) * length * source * features + _count(output) * source


def widen(own: Sequence[AnySize], other: Sequence[AnySize]) -> Shape:
    """Two shapes that broadcast as one; heads that several queries share count once a query."""
    dims = max(len(own), len(other))
    first, second = ((*(1,) * (dims - len(shape)), *shape) for shape in (own, other))
    return tuple(b if as_int(a) == 1 else a for a, b in zip(first, second, strict=True))


def attend_projected(
    layer: Any, output: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any
) -> AnySize:
    """The projections of queries, keys, values and of the result, the scores, and the sums of values."""
    size: AnySize = layer.embed_dim
    row = 1 if layer.batch_first and len(_shape(query)) == 3 else 0
    source = _shape(key)[row] + bool(layer.add_zero_attn) + has_added_key(layer)
    queries = product(_shape(query)[:-1])
    return (2 * queries * size + _count(key) + _count(value)) * size + 2 * queries * source * size


def has_added_key(layer: Any) -> bool:
    """PyTorch keeps ``bias_k`` instead of ``add_bias_kv``, None as a plain attribute; reading a wrapped one computes it."""
    return bool(layer.add_bias_kv) if isinstance(layer, Module) else "bias_k" not in vars(layer)


# Recurrent layers --------------------------------------------------------------------------------------------


def recur(gates: int) -> Macs:
    """For each step of each layer and direction, all gates of the input and of the state, and a projection."""

    def formula(layer: Any, output: Any, input: Any, hx: Any = None) -> AnySize:
        # A packed sequence has its steps, those of all samples, first.
        steps = count_as(product(_shape(input[0] if isinstance(input, tuple) else input)[:-1]), "steps")
        hidden: AnySize = layer.hidden_size
        below: AnySize = layer.input_size
        later_layers: AnySize = layer.num_layers - 1
        projected: AnySize = getattr(layer, "proj_size", 0)
        state = projected or hidden
        directions = 2 if layer.bidirectional else 1
        first = gates * hidden * (below + state) + hidden * projected
        later = gates * hidden * (directions * state + state) + hidden * projected
        return steps * directions * (first + later_layers * later)

    return formula


def step_once(gates: int) -> Macs:
    """All gates of the input and of the state."""

    def formula(layer: Any, output: Any, input: Any, hx: Any = None) -> AnySize:
        weights: AnySize = gates * layer.hidden_size * (layer.input_size + layer.hidden_size)
        return product(_shape(input)[:-1]) * weights

    return formula
