"""The wrappers of ``torch.nn.utils.parametrizations``: they compute a layer's weight from other tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from layercli.catalogue import macs, work
from layercli.catalogue.arguments import FULL_FLOATS, expect_bool, expect_int, expect_number
from layercli.catalogue.dtypes import CATEGORIES
from layercli.catalogue.entries import Layer
from layercli.catalogue.modules import Module
from layercli.catalogue.rules import expect_tensor, find_dim, like
from layercli.catalogue.signature import Signature, parse_signature
from layercli.catalogue.sizes import maximum, product
from layercli.catalogue.tensors import Tensor, refuse
from layercli.record import record

#: Which the kernels of decompositions don't take.
HALF_FLOATS = frozenset({"float16", "bfloat16"})


@record
class Wrapper:
    """A function of ``torch.nn.utils.parametrizations``: it takes a layer, changes it and returns it.

    ``wrap`` does so to a layer without values, called with the same arguments; what PyTorch would refuse raises
    ``Refusal``.
    """

    name: str
    arguments: str
    doc: str
    wrap: Callable[..., None]

    @cached_property
    def signature(self) -> Signature:
        return parse_signature(self.arguments)


def _compute(layer: Module) -> Any:
    """What the steps make of the original tensors, one after another."""
    first, *others = layer.children.values()
    value = layer.call_module(first, *layer.tensors.values())
    for step in others:
        value = layer.call_module(step, value)
    return value


def _combine(layer: Module, weight_g: Any, weight_v: Any) -> Tensor:
    """A length and a direction to the tensor, which has the direction's shape."""
    return like(expect_tensor(weight_v, "weight_v"))


def _divide(layer: Module, weight: Any) -> Tensor:
    """A tensor over its greatest singular value."""
    return like(expect_tensor(weight, "weight"))


def _is_nothing(tensor: Tensor) -> bool:
    """Whether a tensor holds matrices of 0 rows and columns, which every kernel takes."""
    return all(size == 0 for size in tensor.shape[-2:])


def _orthogonalise(layer: Module, weight: Any) -> Tensor:
    """The tensor's orthogonal factor, in the layout that the kernel gives it."""
    tensor = expect_tensor(weight, "weight")
    # PyTorch makes it in half precision, too, without the base, which it can't compute, or of nothing.
    without_base = layer.map == "matrix_exp" and not layer.trivialised
    if tensor.dtype in HALF_FLOATS and not (
        without_base or (layer.map != "householder" and _is_nothing(tensor))
    ):
        refuse(f"can't be made orthogonal in half precision: {tensor!r}", "weight", "dtype-mismatch")
    return Tensor(tensor.dtype, tensor.shape, None)


_HOLDER = Layer("ModuleDict", "", "Holds the steps of each wrapped tensor.", work=work.take_none)
_STEPS = Layer(
    "ParametrizationList",
    "",
    "Computes a wrapped tensor from its originals.",
    rule=_compute,
    work=work.take_none,
)
_WEIGHT_NORM = Layer(
    "_WeightNorm", "", "Puts a length and a direction together.", rule=_combine, work=work.scale_direction
)
_SPECTRAL_NORM = Layer(
    "_SpectralNorm",
    "",
    "Divides by the greatest singular value.",
    rule=_divide,
    macs=macs.divide_by_norm,
    work=work.divide_by_norm,
)
_ORTHOGONAL = Layer(
    "_Orthogonal",
    "",
    "Makes rows or columns orthonormal.",
    rule=_orthogonalise,
    macs=macs.leave_unknown,
    work=work.leave_unknown,
)


#: The classes of the steps, which PyTorch keeps to itself, by name.
STEPS: Mapping[str, Layer] = {
    entry.name: entry for entry in (_STEPS, _WEIGHT_NORM, _SPECTRAL_NORM, _ORTHOGONAL)
}


def _find_tensor(module: Module, name: Any) -> Tensor:
    """The tensor of a layer that is to be wrapped, wrapped already or not. Raises Refusal."""
    steps = module.computed.get(name)
    if steps is not None:
        found: Tensor = steps.arguments["type"]
        return found
    if name not in module.tensors:
        refuse(f"{module.type} has no parameter or buffer {name!r}", "name", "invalid-argument")
    return module.tensors[name]


def _add_step(
    module: Module,
    name: str,
    entry: Layer,
    originals: Mapping[str, Tensor],
    buffers: Mapping[str, Tensor] | None = None,
    **arguments: Any,
) -> None:
    """Let a step compute a tensor of ``module`` from ``originals``, or from what earlier steps made of theirs.

    The tensor gives way to those in ``parametrizations``. A class of ``torch.nn`` has another name then.
    """
    steps = module.computed.get(name)
    if steps is None:
        if not module.computed:
            path, training = module.join("parametrizations"), module.training
            module.children["parametrizations"] = Module(
                path, _HOLDER.name, {}, training=training, entry=_HOLDER
            )
            if module.entry is not None:
                module.type = f"Parametrized{module.type}"
        holder = module.children["parametrizations"]
        tensor = module.tensors.pop(name)
        given = {"type": Tensor(tensor.dtype, tensor.shape)}
        steps = Module(
            holder.join(name), _STEPS.name, given, {**originals}, training=module.training, entry=_STEPS
        )
        if name in module.buffers:
            module.buffers.remove(name)
            steps.buffers.update(originals)
        holder.children[name] = module.computed[name] = steps
    number = str(len(steps.children))
    held = {**(buffers or {})}
    steps.children[number] = Module(
        steps.join(number), entry.name, arguments, held, {*held}, training=module.training, entry=entry
    )


def normalise_weight(module: Module, name: Any = "weight", dim: Any = 0) -> None:
    """``original0``, the length for each index of ``dim``, or one of all, and ``original1``, the direction.

    Source: torch.nn.utils.parametrizations.weight_norm.
    """
    tensor = _find_tensor(module, name)
    if name in module.computed:
        refuse("weight_norm must come before other wrappers of a tensor", "name", "invalid-argument")
    if tensor.dim == 0 or CATEGORIES[tensor.dtype] < 2:
        refuse(
            f"needs a floating tensor with dimensions, and {name} is {tensor!r}", "name", "invalid-argument"
        )
    if dim is None or expect_int(dim, "dim") == -1:
        shape: tuple[Any, ...] = ()
    else:
        kept = find_dim(dim, tensor.dim)
        if tensor.shape[kept] == 0:
            refuse(
                f"needs at least one index in dimension {dim} of {name}: {tensor!r}",
                "dim",
                "invalid-argument",
            )
        shape = tuple(size if place == kept else 1 for place, size in enumerate(tensor.shape))
    length = Tensor(tensor.dtype, shape, requires_grad=tensor.requires_grad)
    _add_step(module, name, _WEIGHT_NORM, {"original0": length, "original1": tensor})


def normalise_spectrum(
    module: Module, name: Any = "weight", n_power_iterations: Any = 1, eps: Any = 1e-12, dim: Any = None
) -> None:
    """``original``, and the singular vectors ``_u`` and ``_v`` of the tensor as a matrix with ``dim`` in front.

    Source: torch.nn.utils.parametrizations.spectral_norm.
    """
    tensor = _find_tensor(module, name)
    if dim is None:
        transposed = module.entry is not None and module.entry.name.startswith("ConvTranspose")
        dim = 1 if transposed else 0
    front = expect_int(dim, "dim")
    if not -tensor.dim <= front < tensor.dim:
        refuse(f"{name} has no dimension {front}; there are {tensor.dim}", "dim", "invalid-argument")
    expect_number(eps, "eps")
    if expect_int(n_power_iterations, "n_power_iterations") <= 0:
        refuse("n_power_iterations must be positive", "n_power_iterations", "invalid-argument")
    buffers = {}
    if tensor.dim > 1:
        rows = tensor.shape[front]
        columns = product(size for place, size in enumerate(tensor.shape) if place != front % tensor.dim)
        buffers = {"_u": Tensor(tensor.dtype, (rows,)), "_v": Tensor(tensor.dtype, (columns,))}
    given = {"n_power_iterations": n_power_iterations, "dim": front % tensor.dim}
    _add_step(module, name, _SPECTRAL_NORM, {"original": tensor}, buffers, **given)


def orthogonalise(
    module: Module, name: Any = "weight", orthogonal_map: Any = None, *, use_trivialization: Any = True
) -> None:
    """``original``, and with ``use_trivialization`` the square matrices ``base``.

    Source: torch.nn.utils.parametrizations.orthogonal.
    """
    tensor = _find_tensor(module, name)
    if tensor.dim < 2:
        refuse(f"needs a matrix or several, and {name} is {tensor!r}", "name", "invalid-argument")
    complex_ = CATEGORIES[tensor.dtype] == 3
    square = tensor.shape[-1] == tensor.shape[-2]
    chosen = (
        orthogonal_map
        if orthogonal_map is not None
        else "matrix_exp"
        if square or complex_
        else "householder"
    )
    if chosen not in ("matrix_exp", "cayley", "householder"):
        refuse(f"orthogonal_map can't be {chosen!r}", "orthogonal_map", "invalid-argument")
    if complex_ and chosen == "householder":
        refuse("orthogonal_map='householder' takes no complex tensors", "orthogonal_map", "invalid-argument")
    trivialised = expect_bool(use_trivialization, "use_trivialization")
    if trivialised and name in module.computed:
        refuse(f"needs use_trivialization=False where {name} is wrapped already", "name", "invalid-argument")
    if tensor.dtype not in FULL_FLOATS and tensor.dtype not in HALF_FLOATS and not complex_:
        refuse(f"takes floating tensors, and {name} is {tensor!r}", "name", "invalid-argument")
    buffers = {}
    if trivialised and (tensor.dtype not in HALF_FLOATS or _is_nothing(tensor)):
        larger = maximum(tensor.shape[-1], tensor.shape[-2])
        buffers["base"] = Tensor(tensor.dtype, (*tensor.shape[:-2], larger, larger))
    _add_step(module, name, _ORTHOGONAL, {"original": tensor}, buffers, map=chosen, trivialised=trivialised)


#: Each wrapper by its name. The first argument is the layer, which the wrapper changes and returns.
WRAPPERS: Mapping[str, Wrapper] = {
    wrapper.name: wrapper
    for wrapper in (
        Wrapper(
            "weight_norm",
            "module, name='weight', dim=0",
            "Splits a layer's weight into a length and a direction that are learned apart.",
            normalise_weight,
        ),
        Wrapper(
            "spectral_norm",
            "module, name='weight', n_power_iterations=1, eps=1e-12, dim=None",
            "Divides a layer's weight by its greatest singular value, estimated by power iteration.",
            normalise_spectrum,
        ),
        Wrapper(
            "orthogonal",
            "module, name='weight', orthogonal_map=None, *, use_trivialization=True",
            "Keeps the rows or the columns of a layer's weight orthonormal, whichever are fewer.",
            orthogonalise,
        ),
    )
}
