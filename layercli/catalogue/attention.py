"""Attention, and the transformer built of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from layercli.catalogue import macs, work
from layercli.catalogue.arguments import FLOATS, check_dtype, expect_bool, is_plain
from layercli.catalogue.dtypes import is_floating, promote_dtypes
from layercli.catalogue.entries import Layer
from layercli.catalogue.functions import FunctionName, call_function
from layercli.catalogue.linear import apply_linear, hold_linear
from layercli.catalogue.modules import Child, Module, State
from layercli.catalogue.operations.attention import check_mask
from layercli.catalogue.rules import elementwise, expect_tensor
from layercli.catalogue.tensors import AnySize, Shape, Tensor, contiguous_strides, refuse

# Multi-head attention ----------------------------------------------------------------------------------------

#: PyTorch's own class of the output projection, whose weights attention reads without calling it.
OUT_PROJECTION = Layer(
    "NonDynamicallyQuantizableLinear",
    "in_features, out_features, bias=True, *, dtype=None",
    "Is a Linear under another name.",
    state=hold_linear,
    rule=apply_linear,
)


def _key_features(layer: Module) -> AnySize:
    found: AnySize = layer.embed_dim if layer.kdim is None else layer.kdim
    return found


def _value_features(layer: Module) -> AnySize:
    found: AnySize = layer.embed_dim if layer.vdim is None else layer.vdim
    return found


def _is_packed(layer: Module) -> bool:
    """Whether queries, keys and values have the same features, and so one weight for all three."""
    return bool(_key_features(layer) == layer.embed_dim and _value_features(layer) == layer.embed_dim)


def hold_projections(layer: Module) -> Iterator[State]:
    """``in_proj_weight`` of (3 * embed_dim, embed_dim), or three weights for other kdim and vdim; biases."""
    size = layer.embed_dim
    for name in ("embed_dim", "num_heads"):
        if layer.arguments[name] <= 0:
            refuse(f"{name} must be greater than 0", name, "invalid-argument")
    if size % layer.num_heads != 0:
        refuse("embed_dim must be divisible by num_heads", "num_heads", "invalid-argument")
    if _is_packed(layer):
        yield State("in_proj_weight", (3 * size, size))
    else:
        yield State("q_proj_weight", (size, size))
        yield State("k_proj_weight", (size, _key_features(layer)))
        yield State("v_proj_weight", (size, _value_features(layer)))
    if layer.bias:
        yield State("in_proj_bias", (3 * size,))
    if layer.add_bias_kv:
        yield State("bias_k", (1, 1, size))
        yield State("bias_v", (1, 1, size))


def make_out_projection(layer: Module) -> Iterator[Child]:
    """``out_proj``."""
    size = layer.embed_dim
    given = {"in_features": size, "out_features": size, "bias": layer.bias, "dtype": layer.arguments["dtype"]}
    yield Child("out_proj", OUT_PROJECTION, given)


def read_projections(names: Sequence[str]) -> Iterable[str]:
    """The wrapped tensors that a call reads, the separate projections last."""
    return [
        *(name for name in names if name[1:] != "_proj_weight"),
        *(name for name in names if name[1:] == "_proj_weight"),
    ]


def to_float_mask(mask: Any, dtype: str, name: str) -> Tensor | None:
    """A mask as it is added to scores: a bool one becomes 0 and minus infinity in ``dtype``. Raises Refusal."""
    if mask is None:
        return None
    tensor = expect_tensor(mask, name)
    if tensor.dtype == "bool":
        return Tensor(dtype, tensor.shape, tensor.strides)
    if not is_floating(tensor.dtype):
        refuse(f"takes bool and floating dtypes as {name} and got {tensor!r}", name, "dtype-mismatch")
    return tensor


def _check_inputs(query: Any, key: Any, value: Any, padding: Tensor | None, mask: Tensor | None) -> bool:
    """Whether there is a batch. Raises Refusal for numbers of dimensions that don't go together."""
    q, k, v = expect_tensor(query, "query"), expect_tensor(key, "key"), expect_tensor(value, "value")
    if q.dim not in (2, 3):
        refuse(f"expects 2 or 3 dimensions in query and got {q!r}", "query")
    for name, tensor in (("key", k), ("value", v)):
        if tensor.dim != q.dim:
            refuse(f"expects {q.dim} dimensions in {name}, as in query, and got {tensor!r}", name)
    if padding is not None and padding.dim != q.dim - 1:
        refuse(f"expects {q.dim - 1} dimensions in key_padding_mask and got {padding!r}", "key_padding_mask")
    if mask is not None and mask.dim not in (2, 3):
        refuse(f"expects 2 or 3 dimensions in attn_mask and got {mask!r}", "attn_mask")
    return q.dim == 3


def _check_features(layer: Module, name: str, tensor: Tensor, features: AnySize) -> None:
    if tensor.shape[-1] != features:
        refuse(
            f"expects {features} features in the last dimension of {name} and got {tensor.shape[-1]}: {tensor!r}",
            name,
        )
    if tensor.dtype != layer.dtype:
        refuse(f"expects {layer.dtype} in {name} and got {tensor.dtype}", name, "dtype-mismatch")


def _expect_shape(tensor: Tensor, shape: Shape, name: str) -> None:
    if any(own != wanted for own, wanted in zip(tensor.shape, shape, strict=True)):
        refuse(f"expects {name} of {list(shape)} and got {list(tensor.shape)}", name)


def apply_attention(
    layer: Module,
    query: Any,
    key: Any,
    value: Any,
    key_padding_mask: Any = None,
    need_weights: Any = True,
    attn_mask: Any = None,
    average_attn_weights: Any = True,
    is_causal: Any = False,
) -> tuple[Tensor, Tensor | None]:
    """(L, N, embed_dim), (S, N, kdim) and (S, N, vdim) to (L, N, embed_dim) and the weights, (N, L, S).

    With batch_first the batch is first, and the output a view of the other order; without a batch N is left out.
    Weights that aren't averaged are (N, num_heads, L, S); without ``need_weights`` they are None. ``key_padding_mask``
    is (N, S), ``attn_mask`` (L, S) or (N * num_heads, L, S). Source: torch.nn.MultiheadAttention.
    """
    dtype = expect_tensor(query, "query").dtype
    padding = to_float_mask(key_padding_mask, dtype, "key_padding_mask")
    mask = to_float_mask(attn_mask, dtype, "attn_mask")
    batched = _check_inputs(query, key, value, padding, mask)
    if is_causal and mask is None:
        refuse("needs attn_mask where is_causal says that it is causal", "is_causal", "invalid-argument")
    row, batch_dim = (1, 0) if layer.batch_first and batched else (0, 1)
    length, source = query.shape[row], key.shape[row]
    batch, sources, values = (tensor.shape[batch_dim] if batched else 1 for tensor in (query, key, value))
    _check_features(layer, "query", query, layer.embed_dim)
    if value.shape[row] != source or values != sources:
        refuse(f"needs as many values as keys: {key!r} and {value!r}", "value")
    _check_features(layer, "key", key, _key_features(layer))
    _check_features(layer, "value", value, _value_features(layer))
    # Without keys there is nothing whose batch could differ.
    if sources != batch and (source != 0 or layer.add_bias_kv):
        refuse(f"needs one batch size in query and key: {query!r} and {key!r}", "key")
    heads = layer.num_heads
    if padding is None and not need_weights:
        expect_bool(is_causal, "is_causal")
    if is_causal and padding is None and not need_weights:
        # The kernel makes the mask that this one is said to be.
        mask = None
    if mask is not None:
        wanted = (length, source) if mask.dim == 2 else (batch * heads, length, source)
        _expect_shape(mask, wanted, "attn_mask")
    if padding is not None:
        _expect_shape(padding, (batch, source) if batched else (source,), "key_padding_mask")
    source = source + bool(layer.add_bias_kv) + bool(layer.add_zero_attn)
    merged = _merge_masks(layer, mask, padding, fused=not need_weights)
    several = mask is None or mask.dim == 3 or padding is not None
    # One mask for each sequence and head is cut into heads by a view that an empty one leaves open.
    if merged and not need_weights and several and batch * heads != 1 and batch * source == 0:
        refuse(f"can't take masks for no sequences or no keys: {query!r} and {key!r}", "attn_mask")
    size = layer.embed_dim
    step, row_step, column = contiguous_strides((length, batch, size))
    output = Tensor(dtype, (length, batch, size))
    if not batched:
        output = Tensor(dtype, (length, size))
    elif layer.batch_first:
        output = Tensor(dtype, (batch, length, size), (row_step, step, column))
    if not need_weights:
        return output, None
    shape = (length, source) if average_attn_weights else (heads, length, source)
    return output, Tensor(dtype, (batch, *shape) if batched else shape)


def _merge_masks(layer: Module, mask: Tensor | None, padding: Tensor | None, *, fused: bool) -> bool:
    """Whether there is a mask. Raises Refusal where its dtype, or the dropout of the weights, doesn't fit."""
    dtype = layer.dtype
    check_dtype(dtype, FLOATS, "query")
    found = [tensor for tensor in (mask, padding) if tensor is not None]
    if found:
        merged = Tensor(promote_dtypes(found[0].dtype, found[-1].dtype), found[0].shape)
        if fused:
            check_mask(merged, dtype)
        elif merged.dtype != dtype:
            refuse(f"needs masks of {dtype} and got {merged.dtype}", "attn_mask", "dtype-mismatch")
    dropout = layer.dropout if layer.training else 0.0
    if not is_plain(dropout) or dropout > 1 or (fused and dropout < 0):
        refuse(f"needs a dropout from 0 to 1, not {dropout!r}", code="invalid-argument")
    return bool(found)


# Layers of a transformer -------------------------------------------------------------------------------------


def _check_activation(layer: Module) -> None:
    given = layer.activation
    if isinstance(given, str) and not isinstance(given, FunctionName) and given not in ("relu", "gelu"):
        refuse(f"activation is 'relu' or 'gelu', not {given!r}", "activation", "invalid-argument")


def _activate(layer: Module, input: Tensor) -> Any:
    given = layer.activation
    if isinstance(given, Child):
        return layer.call("activation", input)
    if not isinstance(given, str):
        refuse(f"can't call the activation {given!r}", code="not-callable")
    return call_function(given, input)


def make_layer_parts(*attentions: str, norms: int) -> Callable[[Module], Iterator[Child]]:
    """What a layer of a transformer is made of, in PyTorch's order."""

    def children(layer: Module) -> Iterator[Child]:
        _check_activation(layer)
        shared = {"bias": layer.bias, "dtype": layer.arguments["dtype"]}
        size, inner = layer.d_model, layer.dim_feedforward
        attention = {
            "embed_dim": size,
            "num_heads": layer.nhead,
            "dropout": layer.dropout,
            "batch_first": layer.batch_first,
            **shared,
        }
        for name in attentions:
            yield Child(name, "MultiheadAttention", attention)
        yield Child("linear1", "Linear", {"in_features": size, "out_features": inner, **shared})
        yield Child("dropout", "Dropout", {"p": layer.dropout})
        yield Child("linear2", "Linear", {"in_features": inner, "out_features": size, **shared})
        for number in range(1, norms + 1):
            yield Child(
                f"norm{number}",
                "LayerNorm",
                {"normalized_shape": size, "eps": layer.layer_norm_eps, **shared},
            )
        for number in range(1, norms + 1):
            yield Child(f"dropout{number}", "Dropout", {"p": layer.dropout})
        if isinstance(layer.activation, Child):
            yield replace(layer.activation, name="activation")

    return children


def _add(left: Tensor, right: Tensor) -> Tensor:
    return elementwise(promote_dtypes(left.dtype, right.dtype), left, right)


def _feed_forward(layer: Module, input: Tensor, last: str, *, forgets: bool = False) -> Any:
    inner = layer.call("linear1", input)
    # A copy of a decoder's layer takes relu for a layer that it was given: its __setstate__ looks for a function.
    forgotten = forgets and layer.cloned and isinstance(layer.activation, Child)
    inner = call_function("relu", inner) if forgotten else _activate(layer, inner)
    return layer.call(last, layer.call("linear2", layer.call("dropout", inner)))


def _attend_within(layer: Module, input: Tensor, **options: Any) -> Any:
    return layer.call("dropout1", layer.call("self_attn", input, input, input, **options)[0])


def encode_step(
    layer: Module, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: Any = False
) -> Any:
    """Self-attention and a feed-forward network, each with a residual and a norm. Source: torch.nn.TransformerEncoderLayer."""
    x = expect_tensor(src, "src")
    options = {
        "attn_mask": to_float_mask(src_mask, x.dtype, "src_mask"),
        "key_padding_mask": to_float_mask(src_key_padding_mask, x.dtype, "src_key_padding_mask"),
        "need_weights": False,
        "is_causal": is_causal,
    }
    if layer.norm_first:
        x = _add(x, _attend_within(layer, layer.call("norm1", x), **options))
        return _add(x, _feed_forward(layer, layer.call("norm2", x), "dropout2"))
    x = layer.call("norm1", _add(x, _attend_within(layer, x, **options)))
    return layer.call("norm2", _add(x, _feed_forward(layer, x, "dropout2")))


def decode_step(
    layer: Module,
    tgt: Any,
    memory: Any,
    tgt_mask: Any = None,
    memory_mask: Any = None,
    tgt_key_padding_mask: Any = None,
    memory_key_padding_mask: Any = None,
    tgt_is_causal: Any = False,
    memory_is_causal: Any = False,
) -> Any:
    """Self-attention, attention to ``memory``, a feed-forward network. Source: torch.nn.TransformerDecoderLayer."""
    x = expect_tensor(tgt, "tgt")
    own = {
        "attn_mask": tgt_mask,
        "key_padding_mask": tgt_key_padding_mask,
        "is_causal": tgt_is_causal,
        "need_weights": False,
    }
    other = {
        "attn_mask": memory_mask,
        "key_padding_mask": memory_key_padding_mask,
        "is_causal": memory_is_causal,
        "need_weights": False,
    }

    def attend_to_memory(given: Tensor) -> Any:
        return layer.call("dropout2", layer.call("multihead_attn", given, memory, memory, **other)[0])

    if layer.norm_first:
        x = _add(x, _attend_within(layer, layer.call("norm1", x), **own))
        x = _add(x, attend_to_memory(layer.call("norm2", x)))
        return _add(x, _feed_forward(layer, layer.call("norm3", x), "dropout3", forgets=True))
    x = layer.call("norm1", _add(x, _attend_within(layer, x, **own)))
    x = layer.call("norm2", _add(x, attend_to_memory(x)))
    return layer.call("norm3", _add(x, _feed_forward(layer, x, "dropout3", forgets=True)))


# Stacks of them ----------------------------------------------------------------------------------------------


def make_stack(argument: str) -> Callable[[Module], Iterator[Child]]:
    """``layers``, so many copies of the layer that ``argument`` is, and ``norm`` where there is one."""

    def children(layer: Module) -> Iterator[Child]:
        copied = layer.arguments[argument]
        if not isinstance(copied, Child):
            refuse(f"needs a layer as {argument}, not {copied!r}", argument, "invalid-argument")
        copies = tuple(replace(copied, name=str(number), cloned=True) for number in range(layer.num_layers))
        yield Child("layers", "ModuleList", children=copies)
        if isinstance(layer.norm, Child):
            yield replace(layer.norm, name="norm")

    return children


def _list_layers(layer: Module) -> list[Module]:
    """The layers of a stack. Raises Refusal where there are none, or the first has no ``self_attn`` to ask."""
    layers = list(layer.children["layers"].children.values())
    if not layers:
        refuse("has no layers to run", code="invalid-argument")
    attention = layers[0].children.get("self_attn")
    if attention is None or "batch_first" not in attention.arguments:
        refuse(f"needs layers with a self_attn, and {layers[0].type} has none", code="invalid-argument")
    return layers


def _normalise(layer: Module, input: Any) -> Any:
    if layer.norm is None:
        return input
    if "norm" not in layer.children:
        refuse(f"can't call the norm {layer.norm!r}", code="not-callable")
    return layer.call("norm", input)


def encode(
    layer: Module, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: Any = None
) -> Any:
    """Each layer on the output of the one before, then the norm. Source: torch.nn.TransformerEncoder.

    Whether a mask is causal, where ``is_causal`` doesn't say, only its values tell; for types both are one.
    """
    output = expect_tensor(src, "src")
    padding = to_float_mask(src_key_padding_mask, output.dtype, "src_key_padding_mask")
    own = to_float_mask(mask, output.dtype, "mask")
    options = {"src_mask": own, "is_causal": is_causal is True, "src_key_padding_mask": padding}
    for step in _list_layers(layer):
        output = layer.call_module(step, output, **options)
    return _normalise(layer, output)


def decode(
    layer: Module,
    tgt: Any,
    memory: Any,
    tgt_mask: Any = None,
    memory_mask: Any = None,
    tgt_key_padding_mask: Any = None,
    memory_key_padding_mask: Any = None,
    tgt_is_causal: Any = None,
    memory_is_causal: Any = False,
) -> Any:
    """Each layer on the output of the one before and ``memory``, then the norm. Source: torch.nn.TransformerDecoder."""
    output = expect_tensor(tgt, "tgt")
    options = {
        "tgt_mask": tgt_mask,
        "memory_mask": memory_mask,
        "tgt_key_padding_mask": tgt_key_padding_mask,
        "memory_key_padding_mask": memory_key_padding_mask,
        "tgt_is_causal": tgt_is_causal is True,
        "memory_is_causal": memory_is_causal,
    }
    for step in _list_layers(layer):
        output = layer.call_module(step, output, memory, **options)
    return _normalise(layer, output)


def make_transformer(layer: Module) -> Iterator[Child]:
    """``encoder`` and ``decoder``: those that were given, else stacks with a norm at the end."""
    given = {
        name: layer.arguments[name]
        for name in (
            "d_model", "nhead", "dim_feedforward", "dropout", "activation", "layer_norm_eps", "batch_first", "norm_first",
            "bias", "dtype",
        )
    }  # fmt: skip
    norm = {name: layer.arguments[name] for name in ("bias", "dtype")}
    norm |= {"normalized_shape": layer.d_model, "eps": layer.layer_norm_eps}
    for name in ("encoder", "decoder"):
        custom = layer.arguments[f"custom_{name}"]
        if isinstance(custom, Child):
            yield replace(custom, name=name)
        elif custom is None:
            title = name.capitalize()
            stack = {
                f"{name}_layer": Child("layer", f"Transformer{title}Layer", given),
                "num_layers": layer.arguments[f"num_{name}_layers"],
                "norm": Child("norm", "LayerNorm", norm),
            }
            yield Child(name, f"Transformer{title}", stack)


def transform(
    layer: Module,
    src: Any,
    tgt: Any,
    src_mask: Any = None,
    tgt_mask: Any = None,
    memory_mask: Any = None,
    src_key_padding_mask: Any = None,
    tgt_key_padding_mask: Any = None,
    memory_key_padding_mask: Any = None,
    src_is_causal: Any = None,
    tgt_is_causal: Any = None,
    memory_is_causal: Any = False,
) -> Any:
    """(S, N, d_model) and (T, N, d_model) to (T, N, d_model), or with the batch first or without one.

    Source: torch.nn.Transformer.
    """
    source, target = expect_tensor(src, "src"), expect_tensor(tgt, "tgt")
    for name, tensor in (("src", source), ("tgt", target)):
        if tensor.dim < (1 if layer.batch_first else 2):
            refuse(f"expects 2 or 3 dimensions in {name} and got {tensor!r}", name)
    batch = 0 if layer.batch_first else 1
    if source.dim == 3 and source.shape[batch] != target.shape[batch]:
        refuse(f"needs one batch size in src and tgt: {source!r} and {target!r}", "tgt")
    for name, tensor in (("src", source), ("tgt", target)):
        if tensor.shape[-1] != layer.d_model:
            refuse(
                f"expects {layer.d_model} features in the last dimension of {name} and got {tensor!r}", name
            )
    for name in ("encoder", "decoder"):
        if name not in layer.children:
            refuse(f"can't call the {name} {layer.arguments[f'custom_{name}']!r}", code="not-callable")
    memory = layer.call(
        "encoder", source, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
    )
    return layer.call(
        "decoder",
        target,
        memory,
        tgt_mask=tgt_mask,
        memory_mask=memory_mask,
        tgt_key_padding_mask=tgt_key_padding_mask,
        memory_key_padding_mask=memory_key_padding_mask,
        tgt_is_causal=tgt_is_causal,
        memory_is_causal=memory_is_causal,
    )


LAYERS: tuple[Layer, ...] = (
    Layer(
        "MultiheadAttention",
        "embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, "
        "kdim=None, vdim=None, batch_first=False, *, dtype=None",
        "Lets each query gather values by its similarity to keys, in several heads, and projects the result.",
        state=hold_projections,
        children=make_out_projection,
        rule=apply_attention,
        reads="out_proj",
        accesses=read_projections,
        macs=macs.attend_projected,
        work=work.attend_projected,
    ),
    Layer(
        "Transformer",
        "d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, "
        "dropout=0.1, activation=relu, custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-05, "
        "batch_first=False, norm_first=False, bias=True, *, dtype=None",
        "Encodes a source sequence and decodes a target sequence that attends to it.",
        children=make_transformer,
        rule=transform,
        work=work.take_none,
    ),
    Layer(
        "TransformerEncoder",
        "encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True",
        "Runs a sequence through num_layers copies of an encoder layer.",
        children=make_stack("encoder_layer"),
        rule=encode,
        work=work.take_none,
    ),
    Layer(
        "TransformerDecoder",
        "decoder_layer, num_layers, norm=None",
        "Runs a target sequence and an encoded source through num_layers copies of a decoder layer.",
        children=make_stack("decoder_layer"),
        rule=decode,
        work=work.take_none,
    ),
    Layer(
        "TransformerEncoderLayer",
        "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=relu, layer_norm_eps=1e-05, "
        "batch_first=False, norm_first=False, bias=True, *, dtype=None",
        "Does self-attention, then a two-layer feed-forward network, each with a residual and a norm.",
        children=make_layer_parts("self_attn", norms=2),
        rule=encode_step,
        work=work.add_residuals(2),
    ),
    Layer(
        "TransformerDecoderLayer",
        "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=relu, layer_norm_eps=1e-05, "
        "batch_first=False, norm_first=False, bias=True, *, dtype=None",
        "Does self-attention, attention to an encoded source and a feed-forward network, each with a "
        "residual and a norm.",
        children=make_layer_parts("self_attn", "multihead_attn", norms=3),
        rule=decode_step,
        work=work.add_residuals(3, forgets=True),
    ),
)
