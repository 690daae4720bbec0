"""Which elements of its inputs an element of an output depends on: windows, whole dimensions, or itself alone.

Elements are given as a box: for each dimension the first and the last index. Each entry of ``REACHES`` takes a box of an
output back to boxes of the inputs, as hulls where what is seen has holes. Boxes may go past the edges, into the padding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import ceil, floor, prod
from typing import Any, TypeAlias

from layercli.catalogue.rules import find_dim, find_dims, number_of_spatial
from layercli.catalogue.sizes import as_int
from layercli.catalogue.tensors import Tensor
from layercli.record import record

Interval: TypeAlias = "tuple[int, int]"
Box: TypeAlias = "tuple[Interval, ...]"
Seen: TypeAlias = "Iterable[tuple[Tensor, Box]]"


class NotKnown(Exception):
    """What an output depends on isn't known."""


@record
class Looking:
    """A box of an output that is looked back from.

    ``given`` has the arguments of the call by name, and those of a layer. ``tensors`` are the inputs, ``place`` says which of
    the ``outputs`` it is. ``sources`` says for each dimension of the output which dimension of which input it is, by the
    name of the input, None where it is another size.
    """

    given: Mapping[str, Any]
    tensors: Sequence[tuple[str, Tensor]]
    outputs: Sequence[Tensor]
    place: int
    sources: Sequence[tuple[str, int] | None]
    box: Box
    training: bool = False

    @property
    def input(self) -> Tensor:
        """The first input."""
        return self.tensors[0][1]

    @property
    def output(self) -> Tensor:
        """The output that the box is of."""
        return self.outputs[self.place]

    def get(self, name: str, default: Any = None) -> Any:
        """An argument, or ``default`` where it isn't given or None."""
        value = self.given.get(name, default)
        return default if value is None else value


Reach: TypeAlias = Callable[[Looking], Seen]


def shape_of(tensor: Tensor) -> tuple[int, ...]:
    """The sizes at the trace's."""
    return tuple(as_int(size) for size in tensor.shape)


def cover(tensor: Tensor) -> Box:
    """All of a tensor."""
    return tuple((0, size - 1) for size in shape_of(tensor))


# One by one ---------------------------------------------------------------------------------------------------


def see_itself(look: Looking) -> Seen:
    """The elements at the same place, in each input; a size of 1 is stretched."""
    for _, tensor in look.tensors:
        yield tensor, align(tensor, look.box)


def align(tensor: Tensor, box: Box) -> Box:
    """The part of a tensor that meets a box when it is broadcast to it."""
    own = shape_of(tensor)
    last = box[len(box) - len(own) :] if own else ()
    return tuple((0, 0) if size == 1 else part for size, part in zip(own, last, strict=True))


def see_first(look: Looking) -> Seen:
    """The element at the same place of the first input."""
    yield look.input, look.box


def see_along(*names: str, default: Any = None) -> Reach:
    """All along the dimensions that an argument names, for the rest the same place."""

    def reach(look: Looking) -> Seen:
        dims = find_dims(_first_of(look, names, default), look.input.dim)
        yield look.input, _widen(look.input, look.box, dims)

    return reach


def _first_of(look: Looking, names: Sequence[str], default: Any) -> Any:
    return next((look.given[name] for name in names if look.given.get(name) is not None), default)


def _widen(tensor: Tensor, box: Box, dims: Iterable[int]) -> Box:
    whole = cover(tensor)
    chosen = set(dims)
    return tuple(whole[dim] if dim in chosen else part for dim, part in enumerate(box))


def see_class(look: Looking) -> Seen:
    """All along the dimension of classes; without a ``dim`` PyTorch takes the first or the second one."""
    dim = look.get("dim", 0 if look.input.dim in (0, 1, 3) else 1)
    yield look.input, _widen(look.input, look.box, find_dims(dim, look.input.dim))


def see_before(*names: str) -> Reach:
    """All that stands before along a dimension."""

    def reach(look: Looking) -> Seen:
        dim = find_dim(_first_of(look, names, 0), look.input.dim)
        yield look.input, tuple((0, part[1]) if own == dim else part for own, part in enumerate(look.box))

    return reach


def see_channels(look: Looking) -> Seen:
    """All channels at the same place."""
    yield look.input, _widen(look.input, look.box, (1,))


def see_last(*names: str) -> Reach:
    """All of as many last dimensions as an argument has sizes, at the same place of the others."""

    def reach(look: Looking) -> Seen:
        sizes = _first_of(look, names, None)
        count = len(sizes) if isinstance(sizes, (tuple, list)) else 1
        yield look.input, _widen(look.input, look.box, range(look.input.dim - count, look.input.dim))

    return reach


def see_statistics(look: Looking) -> Seen:
    """The element at the same place; where statistics are computed, all of its channel in the batch."""
    tracked = look.get("track_running_stats", look.get("running_mean") is not None)
    if look.training or look.get("training", False) or not tracked:
        yield look.input, _widen(look.input, look.box, (0, *range(2, look.input.dim)))
    else:
        yield look.input, look.box


def see_instance(look: Looking) -> Seen:
    """All of its channel in the sample; with running statistics out of training the same place alone."""
    tracked = look.get("track_running_stats", False) and not look.training
    count = int(look.get("use_input_stats", True))
    if tracked or not count:
        yield look.input, look.box
        return
    spatial = range(1 if look.input.dim == look.given.get("spatial", -1) + 1 else 2, look.input.dim)
    yield look.input, _widen(look.input, look.box, spatial)


def see_sample(look: Looking) -> Seen:
    """All of the sample but its batch, as hulls of a group of channels."""
    groups = as_int(look.get("num_groups", 1))
    size = shape_of(look.input)[1] // groups
    first, last = look.box[1]
    channels = (first // size * size, last // size * size + size - 1)
    yield look.input, (look.box[0], channels, *cover(look.input)[2:])


# Dimensions that follow ---------------------------------------------------------------------------------------


def follow(look: Looking) -> Seen:
    """The same place along each dimension that the output has, too, all along the others."""
    for name, tensor in look.tensors:
        places = {source[1]: own for own, source in enumerate(look.sources) if source and source[0] == name}
        whole = cover(tensor)
        yield (
            tensor,
            tuple(look.box[places[dim]] if dim in places else whole[dim] for dim in range(tensor.dim)),
        )


def see_permuted(look: Looking) -> Seen:
    """The same element under other numbers of its dimensions. Raises NotKnown."""
    places = {source[1]: own for own, source in enumerate(look.sources) if source}
    if len(places) != look.input.dim:
        raise NotKnown
    yield look.input, tuple(look.box[places[dim]] for dim in range(look.input.dim))


def see_reshaped(look: Looking) -> Seen:
    """The same elements, in row-major order."""
    yield look.input, map_reshaped(shape_of(look.input), shape_of(look.output), look.box)


def map_reshaped(before: Sequence[int], after: Sequence[int], box: Box) -> Box:
    """The hull in the shape ``before`` of a box in the shape ``after``, both in row-major order."""
    if prod(before) == 0:
        return tuple((0, 0) for _ in before)
    found: list[Interval] = []
    old, new = 0, 0
    while old < len(before) or new < len(after):
        last_old, last_new = old + 1, new + 1
        own, other = prod(before[old:last_old]), prod(after[new:last_new])
        while own != other:
            if own < other:
                last_old += 1
                own = prod(before[old:last_old])
            else:
                last_new += 1
                other = prod(after[new:last_new])
        found += _map_group(before[old:last_old], after[new:last_new], box[new:last_new])
        old, new = last_old, last_new
    return tuple(found)


def _map_group(before: Sequence[int], after: Sequence[int], box: Box) -> list[Interval]:
    """A few dimensions that were as many elements before."""
    if len(before) == len(after) == 1:
        return list(box)
    first = last = 0
    for size, part in zip(after, box, strict=True):
        first = first * size + min(max(part[0], 0), size - 1)
        last = last * size + min(max(part[1], 0), size - 1)
    found: list[Interval] = []
    same = True
    for place, size in enumerate(before):
        step = prod(before[place + 1 :])
        low, high = first // step % size, last // step % size
        found.append((low, high) if same else (0, size - 1))
        same = same and low == high
    return found


def see_expanded(look: Looking) -> Seen:
    """The element that was stretched."""
    yield look.input, align(look.input, look.box)


def see_joined(stacked: bool) -> Reach:
    """The elements of those tensors that reach into the box."""

    def reach(look: Looking) -> Seen:
        dim = find_dim(as_int(look.get("dim", 0)), look.output.dim)
        start = 0
        for _, tensor in look.tensors:
            size = 1 if stacked else shape_of(tensor)[dim]
            first, last = max(look.box[dim][0], start), min(look.box[dim][1], start + size - 1)
            if first <= last:
                inner = () if stacked else ((first - start, last - start),)
                yield tensor, (*look.box[:dim], *inner, *look.box[dim + 1 :])
            start += size

    return reach


def see_split(look: Looking) -> Seen:
    """The elements at the same place of the part, which begins where the parts before it end."""
    dim = find_dim(as_int(look.get("dim", 0)), look.input.dim)
    start = as_int(look.get("start", sum(shape_of(part)[dim] for part in look.outputs[: look.place])))
    moved = (look.box[dim][0] + start, look.box[dim][1] + start)
    yield look.input, (*look.box[:dim], moved, *look.box[dim + 1 :])


def see_unbound(look: Looking) -> Seen:
    """The elements at one place of a dimension."""
    dim = find_dim(as_int(look.get("dim", 0)), look.input.dim)
    yield look.input, (*look.box[:dim], (look.place, look.place), *look.box[dim:])


def see_item(look: Looking) -> Seen:
    """The elements that numbers and slices choose. Raises NotKnown where tensors choose them."""
    index = look.given.get("index")
    parts = list(index) if isinstance(index, tuple) else [index]
    if any(
        not isinstance(part, (int, slice, type(None), type(...))) or isinstance(part, bool) for part in parts
    ):
        raise NotKnown
    sizes, box = list(shape_of(look.input)), list(look.box)
    missing = len(sizes) - sum(isinstance(part, (int, slice)) for part in parts)
    filled: list[Any] = []
    for part in parts if ... in parts else [*parts, ...]:
        filled += [slice(None)] * missing if part is ... else [part]
    found: list[Interval] = []
    for part in filled:
        if part is None:
            box.pop(0)
            continue
        size = sizes.pop(0)
        if isinstance(part, slice):
            bounds = (
                None if bound is None else as_int(bound) for bound in (part.start, part.stop, part.step)
            )
            start, _, step = slice(*bounds).indices(size)
            first, last = box.pop(0)
            found.append((start + first * step, start + last * step))
        else:
            found.append((part % size, part % size))
    yield look.input, tuple(found)


def see_product(look: Looking) -> Seen:
    """A row of the left matrix and a column of the right one."""
    (_, left), (_, right) = look.tensors[:2]
    batch = look.box[: len(look.box) - (left.dim > 1) - (right.dim > 1)]
    row = look.box[len(batch)] if left.dim > 1 else None
    column = look.box[-1] if right.dim > 1 else None
    inner = (0, shape_of(left)[-1] - 1)
    yield left, (*_align_batch(left, batch), *([row] if row else []), inner)
    yield right, (*_align_batch(right, batch), inner, *([column] if column else []))


def _align_batch(tensor: Tensor, batch: Box) -> Box:
    count = max(tensor.dim - 2, 0)
    shape = shape_of(tensor)[:count]
    return tuple(
        (0, 0) if size == 1 else part for size, part in zip(shape, batch[len(batch) - count :], strict=True)
    )


def see_row(look: Looking) -> Seen:
    """All of the last dimension at the same place of the others."""
    yield look.input, (*look.box[:-1], cover(look.input)[-1])


def see_rows(look: Looking) -> Seen:
    """All of the last dimension of two inputs, at the same place of the others."""
    for _, tensor in look.tensors[:2]:
        yield tensor, (*look.box[:-1], cover(tensor)[-1])


def see_index(look: Looking) -> Seen:
    """The index whose row was looked up."""
    yield look.input, look.box[: look.input.dim]


def see_attended(look: Looking) -> Seen:
    """One query, and all keys and values, of its sample."""
    (_, query), (_, key), (_, value) = look.tensors[:3]
    batch = look.box[:-2]
    yield query, (*_align_batch(query, batch), look.box[-2], cover(query)[-1])
    steps = cover(key)[-2]
    if look.get("is_causal", False):
        steps = (0, look.box[-2][1])
    for tensor in (key, value):
        shape = shape_of(tensor)[:-2]
        heads = tuple(
            part if size > part[1] else (0, size - 1)
            for size, part in zip(shape, batch[len(batch) - len(shape) :], strict=True)
        )
        yield tensor, (*heads, steps, cover(tensor)[-1])


def see_sequence(look: Looking) -> Seen:
    """All of the sequences of its sample."""
    first = bool(look.get("batch_first", False))
    for _, tensor in look.tensors[:3]:
        whole = list(cover(tensor))
        if tensor.dim == 3 and look.output.dim == 3 and not look.place:
            batch = 0 if first else 1
            whole[batch] = look.box[batch]
        yield tensor, tuple(whole)


def see_steps(look: Looking) -> Seen:
    """The steps up to its own, or from its own on where the feature comes of reading backwards; a last state all of them.

    A second layer on both directions sees all.
    """
    tensor, first = look.input, bool(look.get("batch_first", False))
    box = list(cover(tensor))
    time, batch = (1, 0) if first and tensor.dim == 3 else (0, 1)
    if tensor.dim == 3:
        box[batch] = look.box[batch if look.place == 0 else 1]
    if look.place == 0:
        half = shape_of(look.output)[-1] // 2
        both, deep = look.get("bidirectional", False), look.get("num_layers", 1) > 1
        if not both or (look.box[-1][1] < half and not deep):
            box[time] = (0, look.box[time][1])
        elif look.box[-1][0] >= half and not deep:
            box[time] = (look.box[time][0], box[time][1])
    yield tensor, tuple(box)


def see_cell(look: Looking) -> Seen:
    """All features of its sample, of the input and of the states."""
    for _, tensor in look.tensors:
        yield tensor, (*look.box[: tensor.dim - 1], cover(tensor)[-1])


# Windows ------------------------------------------------------------------------------------------------------


def _slide(
    box: Box, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int]
) -> Box:
    places = zip(box, kernel, stride, padding, dilation, strict=True)
    return tuple(
        (part[0] * step - pad, part[1] * step - pad + hole * (window - 1))
        for part, window, step, pad, hole in places
    )


def _numbers(look: Looking, name: str, count: int, default: Any) -> tuple[int, ...]:
    value = look.get(name, default)
    value = default if value in ((), []) else value
    return tuple(as_int(item) for item in number_of_spatial(value, count, name))


def see_window(count: int, *, filters: bool) -> Reach:
    """A window of the last dimensions; of filters all channels of their group, else its own."""

    def reach(look: Looking) -> Seen:
        kernel = _find_kernel(look, count)
        stride = _numbers(look, "stride", count, 1 if filters else kernel)
        dilation = _numbers(look, "dilation", count, 1)
        padding: Sequence[int]
        given = look.get("padding", 0)
        if given == "valid":
            padding = (0,) * count
        elif given == "same":
            padding = tuple(hole * (window - 1) // 2 for window, hole in zip(kernel, dilation, strict=True))
        else:
            padding = _numbers(look, "padding", count, 0)
        outer = look.box[:-count]
        if filters:
            outer = (*outer[:-1], _see_group(outer[-1], look, count))
        yield look.input, (*outer, *_slide(look.box[-count:], kernel, stride, padding, dilation))

    return reach


def _find_kernel(look: Looking, count: int) -> tuple[int, ...]:
    if look.given.get("kernel_size") is not None:
        return _numbers(look, "kernel_size", count, None)
    return shape_of(look.given["weight"])[-count:]


def _see_group(channels: Interval, look: Looking, count: int) -> Interval:
    """The input channels that go into output channels."""
    groups = as_int(look.get("groups", 1))
    own = shape_of(look.input)[-count - 1] // groups
    out = shape_of(look.output)[-count - 1] // groups
    return channels[0] // out * own, channels[1] // out * own + own - 1


def see_spread(count: int) -> Reach:
    """The positions whose windows, spread out, reach it."""

    def reach(look: Looking) -> Seen:
        kernel = _find_kernel(look, count)
        stride, padding = _numbers(look, "stride", count, 1), _numbers(look, "padding", count, 0)
        dilation = _numbers(look, "dilation", count, 1)
        outer = (*look.box[: -count - 1], _see_group(look.box[-count - 1], look, count))
        inner = tuple(
            _find_reaching(part, window, step, pad, hole)
            for part, window, step, pad, hole in zip(
                look.box[-count:], kernel, stride, padding, dilation, strict=True
            )
        )
        yield look.input, (*outer, *inner)

    return reach


def _find_reaching(part: Interval, window: int, step: int, pad: int, hole: int) -> Interval:
    """From the first to the last position that a window spreads to one of these."""
    found = [
        (place + pad - hole * offset) // step
        for place in {*part}
        for offset in range(window)
        if (place + pad - hole * offset) % step == 0
    ]
    first, last = ceil((part[0] + pad - hole * (window - 1)) / step), (part[1] + pad) // step
    if part[0] == part[1] or not found:
        return (min(found), max(found)) if found else (first, first - 1)
    return min(found, default=first), max(found, default=last)


def see_adapted(count: int) -> Reach:
    """The part of each dimension that one of the windows covers which are chosen for the size to give."""

    def reach(look: Looking) -> Seen:
        sizes = zip(
            shape_of(look.input)[-count:], shape_of(look.output)[-count:], look.box[-count:], strict=True
        )
        inner = tuple((part[0] * own // out, -(-(part[1] + 1) * own // out) - 1) for own, out, part in sizes)
        yield look.input, (*look.box[:-count], *inner)

    return reach


#: How many values on each side are interpolated between.
_TAPS: Mapping[str, int] = {
    "nearest": 0,
    "nearest-exact": 0,
    "linear": 1,
    "bilinear": 1,
    "trilinear": 1,
    "bicubic": 2,
}


def see_resized(fixed_mode: str = "nearest", *, fixed_corners: bool = False) -> Reach:
    """The nearest values, or those that are interpolated between. Raises NotKnown."""

    def reach(look: Looking) -> Seen:
        mode, corners = look.get("mode", fixed_mode), bool(look.get("align_corners", fixed_corners))
        if mode not in _TAPS or look.get("antialias", False):
            raise NotKnown
        factors = _find_factors(look, look.input.dim - 2)
        inner: list[Interval] = []
        for own, out, factor, part in zip(
            shape_of(look.input)[2:], shape_of(look.output)[2:], factors, look.box[2:], strict=True
        ):
            scale = own / out if factor is None else 1 / factor
            if corners and _TAPS[mode]:
                scale = (own - 1) / (out - 1) if out > 1 else 0.0
            bounds = [_interpolate(index, scale, mode, corners) for index in part]
            inner.append((bounds[0][0], bounds[1][1]))
        yield look.input, (*look.box[:2], *inner)

    return reach


def _interpolate(index: int, scale: float, mode: str, corners: bool) -> Interval:
    """The first and the last value that one is made of."""
    taps = _TAPS[mode]
    if not taps:
        nearest = floor((index + (0.5 if mode == "nearest-exact" else 0)) * scale)
        return nearest, nearest
    place = index * scale if corners else (index + 0.5) * scale - 0.5
    first = floor(place)
    return (first, first) if place == first else (first - taps + 1, first + taps)


def _find_factors(look: Looking, count: int) -> tuple[float | None, ...]:
    given = look.get("scale_factor")
    if given is None or look.get("recompute_scale_factor", False):
        return (None,) * count
    return tuple(float(item) for item in (given if isinstance(given, (tuple, list)) else (given,) * count))


def see_unpadded(look: Looking) -> Seen:
    """The element within the padding; what a mode copies into it is looked for at its own place."""
    sides = look.get("pad", look.get("padding", 0))
    count = look.given.get("spatial", 0)
    sides = list(sides) if isinstance(sides, (tuple, list)) else [sides] * (2 * count)
    box = list(look.box)
    for place in range(len(sides) // 2):
        dim = len(box) - 1 - place
        before = as_int(sides[2 * place])
        box[dim] = (box[dim][0] - before, box[dim][1] - before)
    yield look.input, tuple(box)


def see_shuffled(up: bool) -> Reach:
    """Pixels that are moved between channels and space."""

    def reach(look: Looking) -> Seen:
        *outer, channels, height, width = look.box
        if up:
            factor = as_int(look.get("upscale_factor", 1))
            single = all(first == last for first, last in (channels, height, width))
            corner = height[0] % factor * factor + width[0] % factor
            first = channels[0] * factor**2 + (corner if single else 0)
            last = first if single else channels[1] * factor**2 + factor**2 - 1
            box = [(first, last), *((a // factor, b // factor) for a, b in (height, width))]
        else:
            factor = as_int(look.get("downscale_factor", 1))
            box = [
                (channels[0] // factor**2, channels[1] // factor**2),
                *((a * factor, b * factor + factor - 1) for a, b in (height, width)),
            ]
            if all(first == last for first, last in (channels, height, width)):
                row, column = channels[0] % factor**2 // factor, channels[0] % factor
                places = (height[0] * factor + row, width[0] * factor + column)
                box[1:] = [(place, place) for place in places]
        yield look.input, (*outer, *box)

    return reach


# Which entry sees what ----------------------------------------------------------------------------------------


def _each(names: str, reach: Reach) -> Iterator[tuple[str, Reach]]:
    yield from ((name, reach) for name in names.split())


def _list_windows() -> Iterator[tuple[str, Reach]]:
    for count in (1, 2, 3):
        end = f"{count}d"
        yield from _each(f"Conv{end} LazyConv{end} conv{end}", see_window(count, filters=True))
        yield from _each(f"ConvTranspose{end} LazyConvTranspose{end} conv_transpose{end}", see_spread(count))
        pools = " ".join(f"{kind}Pool{end}" for kind in ("Max", "Avg", "LP"))
        calls = " ".join(f"{kind}_pool{end}" for kind in ("max", "avg", "lp"))
        yield from _each(f"{pools} {calls}", see_window(count, filters=False))
        yield from _each(
            f"AdaptiveMaxPool{end} AdaptiveAvgPool{end} adaptive_max_pool{end} adaptive_avg_pool{end}",
            see_adapted(count),
        )
        kinds = ("Reflection", "Replication", "Zero", "Constant", "Circular")
        yield from _each(" ".join(f"{kind}Pad{end}" for kind in kinds), see_unpadded)
        yield from _each(f"BatchNorm{end} LazyBatchNorm{end}", see_statistics)
        yield from _each(f"InstanceNorm{end} LazyInstanceNorm{end}", see_instance)
        yield from _each(f"Dropout{end} dropout{end}", see_first)


#: Functions of each value, and of the values at one place.
_POINTWISE = """
abs absolute neg negative positive sign sgn exp exp2 expm1 log log10 log1p log2 logit sqrt rsqrt square reciprocal
sin cos tan asin arcsin acos arccos atan arctan sinh cosh asinh arcsinh acosh arccosh atanh arctanh sinc deg2rad rad2deg
floor ceil round trunc fix frac erf erfc erfinv lgamma digamma i0 nan_to_num angle conj logical_not bitwise_not isnan
isinf isposinf isneginf isfinite isreal signbit add sub subtract mul multiply div divide true_divide floor_divide
remainder fmod pow float_power atan2 arctan2 hypot copysign nextafter ldexp xlogy logaddexp logaddexp2 heaviside gcd lcm
igamma igammac maximum minimum fmax fmin eq ne not_equal lt less le less_equal gt greater ge greater_equal isclose
logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor complex polar where clamp clip clamp_min clamp_max
lerp addcmul addcdiv masked_fill truediv floordiv mod and_ or_ xor pos invert iadd isub imul itruediv ifloordiv imod ipow
iand ior ixor copy_
"""
#: Functions of the first input's values, one by one.
_FIRST = """
relu relu6 leaky_relu rrelu elu celu selu gelu silu sigmoid logsigmoid hardsigmoid hardswish tanh tanhshrink hardtanh
threshold hardshrink softshrink softplus softsign mish prelu dropout alpha_dropout clone contiguous detach to type_as
float double half bfloat16 long int short char byte bool tril triu
ReLU ReLU6 LeakyReLU RReLU ELU CELU SELU GELU SiLU Sigmoid LogSigmoid Hardsigmoid Hardswish Tanh Tanhshrink Hardtanh
Threshold Hardshrink Softshrink Softplus Softsign Mish PReLU Dropout AlphaDropout Identity
"""
_RESHAPED = """
view view_as reshape reshape_as flatten ravel unflatten squeeze unsqueeze atleast_1d atleast_2d atleast_3d Flatten
Unflatten
"""
_FOLLOWED = """
sum nansum mean nanmean prod var std amax amin any all max min argmax argmin logsumexp median norm count_nonzero
einsum tensordot outer ger cdist PairwiseDistance CosineSimilarity pairwise_distance cosine_similarity one_hot
index_select glu GLU
"""

REACHES: Mapping[str, Reach] = {
    **dict(_each(_POINTWISE, see_itself)),
    **dict(_each(_FIRST, see_first)),
    **dict(_each(_RESHAPED, see_reshaped)),
    **dict(_each(_FOLLOWED, follow)),
    **dict(_each("transpose swapdims swapaxes permute movedim moveaxis t T mT H mH adjoint", see_permuted)),
    **dict(_each("expand expand_as broadcast_to", see_expanded)),
    **dict(_each("cat concat concatenate", see_joined(stacked=False))),
    **dict(_each("stack", see_joined(stacked=True))),
    **dict(_each("chunk split split_with_sizes tensor_split narrow", see_split)),
    **dict(_each("unbind", see_unbound)),
    **dict(_each("getitem", see_item)),
    **dict(_each("softmax log_softmax softmin Softmax LogSoftmax Softmin", see_class)),
    **dict(_each("gumbel_softmax sort argsort", see_along("dim", default=-1))),
    **dict(_each("normalize", see_along("dim", default=1))),
    **dict(_each("Softmax2d", see_channels)),
    **dict(_each("cumsum cumprod cummax cummin logcumsumexp", see_before("dim"))),
    **dict(_each("LocalResponseNorm CrossMapLRN2d local_response_norm", see_channels)),
    **dict(_each("LayerNorm RMSNorm layer_norm rms_norm", see_last("normalized_shape"))),
    **dict(_each("batch_norm SyncBatchNorm", see_statistics)),
    **dict(_each("instance_norm", see_instance)),
    **dict(_each("GroupNorm group_norm", see_sample)),
    **dict(_each("matmul mm bmm mv dot imatmul", see_product)),
    **dict(_each("Linear LazyLinear linear NonDynamicallyQuantizableLinear", see_row)),
    **dict(_each("Bilinear bilinear", see_rows)),
    **dict(_each("Embedding embedding", see_index)),
    **dict(_each("scaled_dot_product_attention", see_attended)),
    **dict(
        _each(
            "MultiheadAttention Transformer TransformerEncoder TransformerDecoder TransformerEncoderLayer "
            "TransformerDecoderLayer",
            see_sequence,
        )
    ),
    **dict(_each("RNN LSTM GRU", see_steps)),
    **dict(_each("RNNCell LSTMCell GRUCell", see_cell)),
    **dict(_each("interpolate Upsample UpsamplingNearest2d", see_resized())),
    **dict(_each("UpsamplingBilinear2d", see_resized("bilinear", fixed_corners=True))),
    **dict(_each("pad", see_unpadded)),
    **dict(_each("PixelShuffle pixel_shuffle", see_shuffled(up=True))),
    **dict(_each("PixelUnshuffle pixel_unshuffle", see_shuffled(up=False))),
    **dict(_list_windows()),
}
