"""Names of PyTorch that are left out of the language on purpose, with the reason that a person needs."""

from __future__ import annotations

from collections.abc import Mapping

#: Each reason completes "NAME is not in the spec language: ...".
_REASONS: tuple[tuple[str, str], ...] = (
    (
        "nonzero argwhere masked_select unique unique_consecutive bincount",
        "the size of its result depends on the values of its input, not on its shape",
    ),
    (
        "item tolist is_nonzero equal allclose",
        "it makes a plain value out of a tensor's contents, and what a model does may not depend on them",
    ),
    (
        "numpy from_numpy frombuffer from_dlpack to_dlpack asarray",
        "a spec doesn't leave PyTorch; write tensors with tensor, arange, full and the like",
    ),
    (
        "empty empty_like empty_strided empty_permuted empty_quantized new_empty new_empty_strided new",
        "it shows memory that nobody has written to; use zeros, zeros_like or new_zeros",
    ),
    (
        "resize_ resize_as_ resize resize_as set_ as_strided as_strided_ as_strided_scatter",
        "it can show memory that isn't the tensor's; use view, expand, narrow or unfold",
    ),
    (
        "native_batch_norm native_channel_shuffle native_dropout native_group_norm native_layer_norm native_norm",
        "it is an inner part of PyTorch; use the function of the same name without native_",
    ),
    ("cholesky qr", "PyTorch has taken it out since 2.14"),
    ("load save from_file", "a spec neither reads nor writes files"),
    (
        "storage untyped_storage storage_type storage_offset data_ptr const_data_ptr",
        "it reaches behind the tensor",
    ),
    ("stride is_contiguous dim_order layout", "what is in which order in memory differs between devices"),
    (
        "cpu cuda xpu mps mtia pin_memory is_cpu is_cuda is_mps is_meta is_xpu get_device",
        "a spec says nothing about the device; choose it with --device",
    ),
    ("type", "it can move a tensor to another device; use to(dtype), float(), long() and the like"),
    ("share_memory_ is_shared record_stream", "a spec has one process"),
    (
        "backward grad retain_grad grad_fn is_leaf retains_grad reinforce no_grad enable_grad inference_mode",
        "a spec describes the forward pass alone",
    ),
    ("requires_grad requires_grad_ detach_", "which parameters take a gradient is said under freeze"),
    ("data", "it goes round the gradient; use detach()"),
    ("register_hook register_post_accumulate_grad_hook", "a spec has no hooks"),
    (
        "manual_seed seed initial_seed get_rng_state set_rng_state",
        "the seed is set with --seed, the same for every run",
    ),
    (
        "set_default_dtype set_default_device set_default_tensor_type",
        "it changes the whole process; the default dtype is said under dtype, the device with --device",
    ),
    (
        (
            "set_num_threads set_num_interop_threads set_printoptions set_grad_enabled set_flush_denormal "
            "set_float32_matmul_precision set_deterministic_debug_mode set_warn_always set_anomaly_enabled "
            "set_autocast_enabled use_deterministic_algorithms autocast"
        ),
        "it changes the whole process",
    ),
    (
        "apply apply_ map_ map2_ vmap compile cond while_loop checkpoint",
        "it takes a function as an argument, and a spec has none",
    ),
    (
        (
            "handle_torch_function has_torch_function has_torch_function_unary has_torch_function_variadic "
            "boolean_dispatch assert_int_or_pair"
        ),
        "it is PyTorch's own machinery, not a function of a model",
    ),
    (
        "multi_head_attention_forward",
        "use the layer MultiheadAttention, or scaled_dot_product_attention",
    ),
    ("upsample upsample_nearest upsample_bilinear", "PyTorch has replaced it; use interpolate"),
    (
        (
            "max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices "
            "adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices adaptive_max_pool3d_with_indices "
            "fractional_max_pool2d_with_indices fractional_max_pool3d_with_indices"
        ),
        "write return_indices=True in the function without _with_indices",
    ),
    ("grouped_mm scaled_mm scaled_grouped_mm", "only some GPUs have it; use bmm or einsum"),
    (
        "segment_reduce",
        "it trusts its lengths and can read memory that isn't the tensor's; use scatter_reduce",
    ),
    (
        "squeeze_ unsqueeze_ transpose_ t_ swapaxes_ swapdims_",
        "it changes the shape of a tensor under all its names; write x = x.unsqueeze(...) and the like",
    ),
    (
        (
            "sparse_coo_tensor sparse_csr_tensor sparse_csc_tensor sparse_bsr_tensor sparse_bsc_tensor "
            "sparse_compressed_tensor to_sparse to_sparse_coo to_sparse_csr to_sparse_csc to_sparse_bsr "
            "to_sparse_bsc to_dense coalesce sparse_mask"
        ),
        "a spec has dense tensors alone",
    ),
    (
        (
            "quantize_per_tensor quantize_per_channel quantize_per_tensor_dynamic dequantize int_repr "
            "fake_quantize_per_tensor_affine fake_quantize_per_channel_affine"
        ),
        "a spec has no quantised tensors",
    ),
    ("pack_padded_sequence pad_packed_sequence pack_sequence", "packed sequences aren't in version 1"),
)

#: Methods that a forward pass is the same without.
_NEEDLESS = frozenset(
    (
        "cpu", "cuda", "xpu", "pin_memory", "share_memory_", "requires_grad_", "retain_grad", "numpy", "tolist", "item",
    )
)  # fmt: skip

REFUSED: Mapping[str, str] = {name: reason for names, reason in _REASONS for name in names.split()}


def hint_refused_method(name: str) -> str:
    """What to write instead of a method that is left out; empty where its reason says so."""
    return f"leave .{name}() out" if name in _NEEDLESS else ""
