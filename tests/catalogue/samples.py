"""Legal calls of every operation: names, the namespaces (all that have it where empty), and the arguments.

The arguments are an expression of the spec language. The first one is the tensor whose method is called.
Together the calls of an operation give every parameter of its signatures a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from layercli.catalogue.entries import Form, Namespace

SAMPLES: tuple[tuple[str, str, str], ...] = (
    # elementwise
    (
        (
            "abs neg positive sign sgn signbit exp exp2 expm1 log log10 log1p log2 logit sqrt rsqrt square reciprocal "
            "sin cos tan asin acos atan sinh cosh asinh atanh sinc deg2rad rad2deg floor ceil round trunc frac frexp "
            "erf erfc erfinv lgamma digamma i0 nan_to_num angle conj logical_not isnan isinf isposinf isneginf "
            "isfinite isreal"
        ),
        "",
        "rand(2, 3)",
    ),
    ("acosh", "", "rand(2, 3) + 1"),
    ("logit", "", "rand(2, 3), eps=1e-5"),
    ("round", "", "rand(2, 3), decimals=1"),
    ("nan_to_num", "", "rand(2, 3), nan=0.0, posinf=1.0, neginf=-1.0"),
    ("polygamma", "torch", "1, rand(2, 3)"),
    ("polygamma", "Tensor", "rand(2, 3), 1"),
    ("mvlgamma", "", "rand(2, 3) + 2, 2"),
    ("bitwise_not", "", "randint(0, 8, (2, 3))"),
    ("bucketize", "", "rand(2, 3), tensor([0.2, 0.5]), out_int32=True, right=True"),
    (
        (
            "add sub mul div true_divide floor_divide remainder fmod pow float_power atan2 hypot copysign nextafter "
            "ldexp xlogy logaddexp logaddexp2 heaviside igamma igammac maximum minimum fmax fmin eq ne lt le gt ge "
            "isclose logical_and logical_or logical_xor"
        ),
        "",
        "rand(2, 3), rand(3)",
    ),
    (
        "add sub mul div true_divide floor_divide remainder fmod pow float_power eq ne lt le gt ge",
        "",
        "rand(2, 3), 2",
    ),
    ("add sub", "", "rand(2, 3), rand(2, 3), alpha=2"),
    ("div", "", "rand(2, 3), rand(2, 3), rounding_mode='floor'"),
    ("isclose", "", "rand(2, 3), rand(2, 3), rtol=1e-3, atol=1e-3, equal_nan=True"),
    (
        "gcd lcm bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift",
        "",
        "randint(1, 8, (2, 3)), randint(1, 8, (3,))",
    ),
    ("complex polar", "", "rand(2, 3), rand(2, 3)"),
    ("where", "torch", "rand(2, 3) > 0.5, rand(2, 3), rand(3)"),
    ("where", "torch", "rand(2, 3) > 0.5, rand(2, 3), 0.0"),
    ("where", "Tensor", "rand(2, 3), rand(2, 3) > 0.5, rand(3)"),
    ("clamp", "", "rand(2, 3), 0.2, 0.5"),
    ("clamp", "", "rand(2, 3), max=0.5"),
    ("clamp_min clamp_max", "", "rand(2, 3), 0.5"),
    ("lerp", "", "rand(2, 3), rand(2, 3), 0.5"),
    ("addcmul addcdiv", "", "rand(2, 3), rand(2, 3), rand(3), value=2"),
    ("isin", "", "arange(4), tensor([1, 2]), assume_unique=True, invert=True"),
    ("fill_", "", "rand(2, 3), 1.0"),
    ("zero_", "", "rand(2, 3)"),
    ("copy_", "", "rand(2, 3), rand(3), non_blocking=False"),
    # activation
    (
        (
            "relu relu6 leaky_relu rrelu elu celu selu gelu silu mish sigmoid logsigmoid hardsigmoid hardswish tanh "
            "tanhshrink hardtanh hardshrink softshrink softplus softsign"
        ),
        "",
        "randn(2, 3)",
    ),
    ("relu relu6 selu silu mish hardsigmoid hardswish", "F", "randn(2, 3), inplace=True"),
    ("leaky_relu", "F", "randn(2, 3), negative_slope=0.2, inplace=True"),
    ("prelu", "", "randn(2, 3), tensor([0.25])"),
    ("rrelu", "", "randn(2, 3), lower=0.1, upper=0.3, training=True"),
    ("rrelu", "F", "randn(2, 3), inplace=True"),
    ("elu celu", "F", "randn(2, 3), alpha=2.0, inplace=True"),
    ("celu", "torch", "randn(2, 3), alpha=2.0"),
    ("gelu", "", "randn(2, 3), approximate='tanh'"),
    ("glu", "", "randn(2, 4)"),
    ("glu", "", "randn(2, 3), dim=0"),
    ("hardtanh", "F", "randn(2, 3), min_val=-2.0, max_val=2.0, inplace=True"),
    ("threshold", "", "randn(2, 3), 0.1, 20"),
    ("threshold", "F", "randn(2, 3), 0.1, 20, inplace=True"),
    ("hardshrink softshrink", "", "randn(2, 3), lambd=0.2"),
    ("softplus", "", "randn(2, 3), beta=2, threshold=10"),
    ("softmax log_softmax softmin", "", "randn(2, 3), dim=1"),
    ("softmax log_softmax softmin", "", "randn(2, 3), dim=-1, dtype=float64"),
    ("softmax log_softmax softmin", "F", "randn(2, 3)"),
    ("gumbel_softmax", "", "randn(2, 3), tau=0.5, hard=True, eps=1e-8, dim=1"),
    # reduction
    (
        (
            "sum nansum mean nanmean prod var std var_mean std_mean amax amin aminmax max min argmax argmin median "
            "nanmedian mode all any count_nonzero norm sort argsort msort trace cov corrcoef histc diff trapezoid "
            "cumulative_trapezoid gradient"
        ),
        "",
        "rand(3, 3)",
    ),
    ("sum nansum mean nanmean prod", "", "rand(2, 3), dim=1, keepdim=True, dtype=float64"),
    ("sum mean amax amin std var", "", "rand(2, 3, 4), (0, 2), keepdim=True"),
    ("var std var_mean std_mean", "", "rand(2, 3), 1, unbiased=False, keepdim=True"),
    ("var std var_mean std_mean", "", "rand(2, 3), dim=1, correction=0, keepdim=True"),
    (
        "amax amin aminmax max min argmax argmin median nanmedian mode all any",
        "",
        "rand(2, 3), dim=1, keepdim=True",
    ),
    ("max min", "", "rand(2, 3), rand(2, 3)"),
    ("max min", "", "rand(2, 3), other=rand(2, 3)"),
    ("quantile nanquantile", "", "rand(2, 3), 0.5, dim=1, keepdim=True, interpolation='nearest'"),
    ("kthvalue", "", "rand(2, 3), 2, dim=0, keepdim=True"),
    ("count_nonzero", "", "rand(2, 3), dim=1"),
    ("logsumexp", "", "rand(2, 3), dim=1, keepdim=True"),
    ("norm", "", "rand(2, 3), p=2, dim=1, keepdim=True, dtype=float64"),
    ("renorm", "", "rand(2, 3), p=2, dim=0, maxnorm=1.0"),
    ("dist", "", "rand(2, 3), rand(2, 3), p=1"),
    ("cov", "", "rand(2, 3), correction=0, fweights=tensor([1, 2, 1]), aweights=rand(3)"),
    ("histc", "", "rand(2, 3), bins=4, min=0, max=1"),
    ("cumsum cumprod", "", "rand(2, 3), dim=1"),
    ("cumsum cumprod", "", "rand(2, 3), 1, dtype=float32"),
    ("cummax cummin logcumsumexp", "", "rand(2, 3), dim=1"),
    ("diff", "", "rand(2, 3), n=2, dim=0, prepend=rand(1, 3), append=rand(1, 3)"),
    ("trapezoid cumulative_trapezoid", "", "rand(2, 3), rand(2, 3), dim=0"),
    ("trapezoid cumulative_trapezoid", "", "rand(2, 3), dx=0.5, dim=0"),
    ("gradient", "", "rand(3, 4), spacing=2.0, dim=0, edge_order=2"),
    ("sort argsort", "", "rand(2, 3), dim=0, descending=True"),
    ("sort argsort", "", "rand(2, 3), dim=0, descending=True, stable=True"),
    ("topk", "", "rand(2, 3), 2, dim=1, largest=False, sorted=False"),
    ("searchsorted", "", "arange(4), tensor([1, 2]), out_int32=True, right=True"),
    ("searchsorted", "", "arange(4), tensor([1, 2]), side='left', sorter=arange(4)"),
    # view
    ("view", "", "rand(2, 3), 3, -1"),
    ("view", "", "rand(2, 3), (6,)"),
    ("view", "", "rand(2, 3), int32"),
    ("view_as reshape_as", "", "rand(2, 3), rand(6)"),
    ("reshape", "", "rand(2, 3), (3, 2)"),
    ("reshape", "Tensor", "rand(2, 3), 3, -1"),
    ("flatten", "", "rand(2, 3, 4), start_dim=1, end_dim=-1"),
    ("ravel fliplr flipud atleast_1d atleast_2d atleast_3d t adjoint", "", "rand(2, 3)"),
    ("atleast_1d atleast_2d atleast_3d broadcast_tensors", "", "rand(3), rand(2, 3)"),
    ("unflatten", "", "rand(2, 6), 1, (3, -1)"),
    ("squeeze", "", "rand(2, 1, 3)"),
    ("squeeze", "", "rand(2, 1, 3), dim=1"),
    ("unsqueeze", "", "rand(2, 3), dim=-1"),
    ("transpose", "", "rand(2, 3), dim0=0, dim1=1"),
    ("swapaxes", "", "rand(2, 3), axis0=0, axis1=1"),
    ("permute", "", "rand(2, 3, 4), (2, 0, 1)"),
    ("permute", "Tensor", "rand(2, 3, 4), 2, 0, 1"),
    ("movedim", "", "rand(2, 3, 4), source=0, destination=2"),
    ("T mT H mH shape ndim dtype device itemsize nbytes", "", "rand(2, 3)"),
    ("expand", "", "rand(1, 3), 2, -1"),
    ("expand", "", "rand(1, 3), (2, 3)"),
    ("expand_as", "", "rand(1, 3), rand(2, 3)"),
    ("broadcast_to", "", "rand(1, 3), (2, 3)"),
    ("sum_to_size", "", "rand(2, 3), 1, 3"),
    ("repeat", "", "rand(2, 3), 2, 1"),
    ("tile", "", "rand(2, 3), (2, 1)"),
    ("tile", "Tensor", "rand(2, 3), 2, 1"),
    ("repeat_interleave", "", "rand(2, 3), 2"),
    ("repeat_interleave", "", "rand(2, 3), 2, dim=0, output_size=4"),
    ("narrow", "", "rand(2, 3), dim=1, start=0, length=2"),
    ("select", "", "rand(2, 3), dim=1, index=0"),
    ("chunk", "", "rand(2, 3), chunks=2, dim=1"),
    ("split", "", "rand(2, 3), 2, dim=1"),
    ("split", "", "rand(2, 3), (1, 2), dim=1"),
    ("split_with_sizes", "", "rand(2, 3), (1, 2), dim=1"),
    ("tensor_split", "", "rand(2, 3), 2, dim=1"),
    ("tensor_split", "", "rand(2, 3), (1,), dim=1"),
    ("hsplit vsplit dsplit", "", "rand(2, 2, 2), 2"),
    ("hsplit vsplit dsplit", "", "rand(2, 2, 2), (1,)"),
    ("unbind", "", "rand(2, 3), dim=1"),
    ("unfold", "Tensor", "rand(2, 5), dimension=1, size=3, step=1"),
    ("diagonal", "", "rand(2, 3, 4), offset=1, dim1=1, dim2=2"),
    ("diag tril triu", "", "rand(3, 3), diagonal=1"),
    ("diag_embed", "", "rand(2, 3), offset=1, dim1=0, dim2=1"),
    ("diagflat", "", "rand(2, 3), offset=1"),
    ("fill_diagonal_", "", "rand(3, 3), 1.0, wrap=True"),
    ("flip", "", "rand(2, 3), (0, 1)"),
    ("flip", "Tensor", "rand(2, 3), 0, 1"),
    ("roll", "", "rand(2, 3), 1"),
    ("roll", "", "rand(2, 3), shifts=(1, 1), dims=(0, 1)"),
    ("rot90", "", "rand(2, 3), k=2, dims=(0, 1)"),
    ("view_as_real", "", "zeros(2, 3, dtype=complex64)"),
    ("view_as_complex", "", "rand(2, 3, 2)"),
    ("real imag", "", "zeros(2, 3, dtype=complex64)"),
    (
        (
            "contiguous clone detach float double half bfloat16 long int short char byte bool cfloat cdouble size dim "
            "numel nelement element_size is_floating_point is_complex is_signed is_tensor"
        ),
        "",
        "rand(2, 3)",
    ),
    ("to", "", "rand(2, 3), float64"),
    ("to", "", "rand(2, 3), zeros(2, dtype=int64)"),
    ("to", "", "rand(2, 3), dtype=int64, non_blocking=False, copy=True"),
    ("to", "", "rand(2, 3), device=rand(2).device, dtype=float64"),
    ("type_as", "", "rand(2, 3), zeros(2, dtype=int64)"),
    ("size", "", "rand(2, 3), dim=1"),
    ("is_same_size", "", "rand(2, 3), rand(2, 3)"),
    ("broadcast_shapes", "", "(2, 1), (3,)"),
    # indexing
    ("index_select", "", "rand(2, 3), dim=1, index=tensor([0, 2])"),
    ("gather", "", "rand(2, 3), dim=1, index=zeros(2, 1, dtype=int64), sparse_grad=False"),
    ("take_along_dim", "", "rand(2, 3), indices=zeros(2, 1, dtype=int64), dim=1"),
    ("take", "", "rand(2, 3), index=tensor([0, 5])"),
    ("scatter scatter_add", "", "zeros(2, 3), 1, zeros(2, 1, dtype=int64), rand(2, 1)"),
    ("scatter", "", "zeros(2, 3), 1, zeros(2, 1, dtype=int64), 1.0"),
    ("scatter", "", "zeros(2, 3), dim=1, index=zeros(2, 1, dtype=int64), src=rand(2, 1), reduce='add'"),
    ("scatter", "", "zeros(2, 3), dim=1, index=zeros(2, 1, dtype=int64), value=1.0"),
    (
        "scatter_reduce",
        "",
        "zeros(2, 3), dim=1, index=zeros(2, 1, dtype=int64), src=rand(2, 1), reduce='amax', include_self=False",
    ),
    ("index_add", "", "zeros(2, 3), dim=1, index=tensor([0]), source=rand(2, 1), alpha=2"),
    ("index_copy", "", "zeros(2, 3), dim=1, index=tensor([0]), source=rand(2, 1)"),
    ("index_fill", "", "zeros(2, 3), dim=1, index=tensor([0]), value=1.0"),
    (
        "index_reduce",
        "",
        "zeros(2, 3), dim=1, index=tensor([0]), source=rand(2, 1), reduce='prod', include_self=False",
    ),
    ("index_put", "", "zeros(2, 3), indices=(tensor([0]), tensor([1])), values=rand(1), accumulate=True"),
    ("put", "", "zeros(2, 3), index=tensor([0]), source=rand(1), accumulate=True"),
    ("masked_fill", "", "rand(2, 3), mask=rand(2, 3) > 0.5, value=0.0"),
    ("masked_scatter", "", "rand(2, 3), mask=rand(2, 3) > 0.5, source=rand(6)"),
    ("select_scatter", "", "rand(2, 3), src=rand(2), dim=1, index=0"),
    ("slice_scatter", "", "rand(2, 4), src=rand(2, 2), dim=1, start=0, end=4, step=2"),
    ("diagonal_scatter", "", "rand(2, 2, 2), src=rand(2, 2), offset=0, dim1=1, dim2=2"),
    ("nonzero_static", "", "rand(2, 3), size=4, fill_value=0"),
    ("unravel_index", "", "arange(4), shape=(2, 3)"),
    ("embedding", "", "tensor([0, 2]), rand(3, 4)"),
    (
        "embedding",
        "",
        (
            "tensor([0, 2]), rand(3, 4), padding_idx=0, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=False, "
            "sparse=False"
        ),
    ),
    ("embedding_bag", "", "tensor([[0, 2]]), rand(3, 4), per_sample_weights=rand(1, 2), mode='sum'"),
    (
        "embedding_bag",
        "",
        (
            "tensor([0, 2]), rand(3, 4), offsets=tensor([0, 2]), max_norm=1.0, norm_type=1, "
            "scale_grad_by_freq=False, sparse=False, include_last_offset=True, padding_idx=0"
        ),
    ),
    ("one_hot", "", "tensor([0, 2]), num_classes=3"),
    ("one_hot", "", "randint(3, (2, 4)), num_classes=5"),
    ("one_hot", "", "randint(3, (2, 3, 4)), num_classes=3"),
    # joining
    ("cat stack", "", "[rand(2, 3), rand(2, 3)], dim=1"),
    ("hstack vstack dstack column_stack", "", "(rand(2, 3), rand(2, 3))"),
    ("block_diag", "", "rand(2, 3), rand(2, 3)"),
    ("meshgrid", "", "arange(2), arange(3), indexing='ij'"),
    ("meshgrid", "", "rand(2), rand(3), rand(4)"),
    ("cartesian_prod", "", "arange(2), arange(3)"),
    ("cartesian_prod", "", "rand(2), rand(3), rand(4)"),
    ("combinations", "", "arange(3), r=2, with_replacement=True"),
    ("combinations", "", "rand(4), 2"),
    # linear algebra
    ("matmul mm", "", "rand(2, 3), rand(3, 4)"),
    ("bmm", "", "rand(5, 2, 3), rand(5, 3, 4)"),
    ("mv", "", "rand(2, 3), rand(3)"),
    ("dot vdot inner outer", "", "rand(3), rand(3)"),
    ("kron", "", "rand(2, 3), rand(2, 3)"),
    ("addmm", "", "rand(2, 4), rand(2, 3), rand(3, 4), beta=2, alpha=0.5"),
    ("addmv", "", "rand(2), rand(2, 3), rand(3), beta=2, alpha=0.5"),
    ("addr", "", "rand(2, 3), rand(2), rand(3), beta=2, alpha=0.5"),
    ("addbmm", "", "rand(2, 4), rand(5, 2, 3), rand(5, 3, 4), beta=2, alpha=0.5"),
    ("baddbmm", "", "rand(5, 2, 4), rand(5, 2, 3), rand(5, 3, 4), beta=2, alpha=0.5"),
    ("einsum", "", "'ij,jk->ik', rand(2, 3), rand(3, 4)"),
    ("tensordot", "", "rand(2, 3), rand(3, 4), dims=1"),
    ("tensordot", "", "rand(2, 3), rand(4, 3), dims=([1], [1])"),
    ("cross", "", "rand(2, 3), rand(2, 3), dim=1"),
    ("linear", "", "rand(2, 3), rand(4, 3), bias=rand(4)"),
    ("bilinear", "", "rand(2, 3), rand(2, 4), rand(5, 3, 4), bias=rand(5)"),
    ("cdist", "", "rand(2, 3), rand(4, 3), p=1.0, compute_mode='donot_use_mm_for_euclid_dist'"),
    ("pdist", "", "rand(2, 3), p=1"),
    ("pairwise_distance", "", "rand(2, 3), rand(2, 3), p=1.0, eps=1e-5, keepdim=True"),
    ("cosine_similarity", "", "rand(2, 3), rand(2, 3), dim=0, eps=1e-5"),
    ("det logdet slogdet inverse matrix_exp", "", "eye(3)"),
    ("det logdet slogdet inverse matrix_exp", "", "rand(3, 3)"),
    ("det logdet slogdet inverse matrix_exp", "", "rand(2, 4, 4)"),
    ("pinverse", "", "rand(2, 3), rcond=1e-5"),
    ("matrix_power", "", "eye(3), 2"),
    ("svd", "", "rand(2, 3), some=False, compute_uv=True"),
    ("vander", "", "rand(3), N=2, increasing=True"),
    # creation
    ("zeros ones rand randn", "", "2, 3, dtype=float64, device=rand(1).device"),
    ("zeros ones rand randn", "", "(2, 3)"),
    ("zeros ones rand randn", "", "size=(2, 3)"),
    ("full", "", "(2, 3), 1.0, dtype=float64, device=rand(1).device"),
    ("eye", "", "2, m=3, dtype=float64, device=rand(1).device"),
    ("arange", "", "5"),
    ("arange", "", "start=1, end=5, step=2, dtype=float32, device=rand(1).device"),
    ("linspace", "", "0, 1, steps=5, dtype=float64, device=rand(1).device"),
    ("logspace", "", "0, 1, steps=5, base=2.0, dtype=float64, device=rand(1).device"),
    ("tensor as_tensor", "", "[[1, 2], [3, 4]], dtype=float32, device=rand(1).device"),
    ("scalar_tensor", "", "1.0, dtype=float64, device=rand(1).device"),
    ("tril_indices triu_indices", "", "2, 3, offset=1, dtype=int32, device=rand(1).device"),
    ("hann_window blackman_window bartlett_window kaiser_window hamming_window", "", "4"),
    (
        "hann_window blackman_window bartlett_window",
        "",
        "4, periodic=False, dtype=float64, device=rand(1).device",
    ),
    ("hamming_window", "", "4, periodic=False, alpha=0.5, beta=0.5, dtype=float64, device=rand(1).device"),
    ("kaiser_window", "", "4, periodic=False, beta=10.0, dtype=float64, device=rand(1).device"),
    ("zeros_like ones_like rand_like randn_like", "", "rand(2, 3), dtype=float64, device=rand(1).device"),
    ("full_like", "", "rand(2, 3), 1.0, dtype=float64, device=rand(1).device"),
    ("new_zeros new_ones", "", "rand(2, 3), 4, 5, dtype=float64, device=rand(1).device"),
    ("new_zeros new_ones", "", "rand(2, 3), (4, 5)"),
    ("new_zeros new_ones expand broadcast_to sum_to_size", "", "rand(1, 3), size=(1, 3)"),
    ("repeat", "", "rand(2, 3), repeats=(2, 1)"),
    ("permute flip tile", "", "rand(2, 3), dims=(1, 0)"),
    ("reshape", "", "rand(2, 3), shape=(3, 2)"),
    ("view", "", "rand(2, 3), size=(3, 2)"),
    ("new_full", "", "rand(2, 3), (4, 5), 1.0, dtype=float64, device=rand(1).device"),
    ("new_tensor", "", "rand(2, 3), [1, 2], dtype=float64, device=rand(1).device"),
    # random
    ("randint", "", "10, (2, 3)"),
    ("randint", "", "low=1, high=10, size=(2, 3), dtype=float32, device=rand(1).device"),
    ("randperm", "", "5, dtype=int32, device=rand(1).device"),
    ("normal", "", "0.0, 1.0, (2, 3), dtype=float64, device=rand(1).device"),
    ("randint_like", "", "rand(2, 3), 10, dtype=int64, device=rand(1).device"),
    ("randint_like", "", "rand(2, 3), low=1, high=10"),
    ("bernoulli poisson", "", "rand(2, 3)"),
    ("bernoulli", "", "rand(2, 3), p=0.5"),
    ("multinomial", "", "rand(2, 3), num_samples=4, replacement=True"),
    ("binomial", "", "ones(2, 3), rand(2, 3)"),
    ("normal_", "", "rand(2, 3), mean=1, std=2"),
    ("uniform_", "", "rand(2, 3), -1, to=1"),
    ("bernoulli_", "", "rand(2, 3), p=0.1"),
    ("random_", "", "rand(2, 3), 1, 5"),
    ("exponential_", "", "rand(2, 3), lambd=2"),
    ("log_normal_", "", "rand(2, 3), mean=0, std=1"),
    ("cauchy_", "", "rand(2, 3), median=1, sigma=2"),
    ("geometric_", "", "rand(2, 3), p=0.5"),
    ("dropout alpha_dropout", "F", "rand(2, 3), p=0.4, training=True, inplace=True"),
    ("dropout1d", "", "rand(2, 3, 4), p=0.4, training=True, inplace=True"),
    ("dropout2d", "", "rand(2, 3, 4, 5), p=0.4, training=True, inplace=True"),
    ("dropout3d", "", "rand(2, 3, 4, 5, 6), p=0.4, training=True, inplace=True"),
    ("feature_alpha_dropout", "F", "rand(2, 3, 4), p=0.4, training=True, inplace=True"),
    ("dropout alpha_dropout feature_alpha_dropout", "torch", "rand(2, 3, 4), p=0.4, train=True"),
    # convolution
    ("conv1d", "", "rand(1, 4, 9), rand(6, 2, 3), bias=rand(6), stride=2, padding=1, dilation=2, groups=2"),
    (
        "conv2d",
        "",
        "rand(1, 4, 9, 9), rand(6, 2, 3, 5), bias=rand(6), stride=(2, 1), padding=1, dilation=1, groups=2",
    ),
    ("conv2d", "", "rand(1, 4, 9, 9), rand(6, 4, 3, 5), padding='same'"),
    (
        "conv3d",
        "",
        "rand(1, 4, 5, 5, 5), rand(6, 2, 3, 3, 3), bias=rand(6), stride=2, padding=1, dilation=1, groups=2",
    ),
    (
        "conv_transpose1d",
        "",
        "rand(1, 4, 5), rand(4, 3, 3), bias=rand(6), stride=2, padding=1, output_padding=1, groups=2, dilation=1",
    ),
    (
        "conv_transpose2d",
        "",
        (
            "rand(1, 4, 5, 5), rand(4, 3, 3, 3), bias=rand(6), stride=2, padding=1, output_padding=1, groups=2, "
            "dilation=1"
        ),
    ),
    (
        "conv_transpose3d",
        "",
        (
            "rand(1, 4, 3, 3, 3), rand(4, 3, 3, 3, 3), bias=rand(6), stride=2, padding=1, output_padding=1, "
            "groups=2, dilation=1"
        ),
    ),
    ("conv_tbc", "", "rand(5, 1, 2), rand(3, 2, 4), rand(4), pad=1"),
    ("unfold", "F", "rand(1, 2, 5, 5), kernel_size=3, dilation=1, padding=1, stride=2"),
    ("fold", "", "rand(1, 18, 9), output_size=(5, 5), kernel_size=3, dilation=1, padding=1, stride=2"),
    # pooling
    (
        "max_pool1d",
        "F",
        "rand(1, 2, 9), 3, stride=2, padding=1, dilation=1, ceil_mode=True, return_indices=True",
    ),
    (
        "max_pool2d",
        "F",
        "rand(1, 2, 9, 9), 3, stride=2, padding=1, dilation=1, ceil_mode=True, return_indices=True",
    ),
    (
        "max_pool3d",
        "F",
        "rand(1, 2, 5, 5, 5), 3, stride=2, padding=1, dilation=1, ceil_mode=True, return_indices=True",
    ),
    ("max_pool1d", "", "rand(1, 2, 9), 3, stride=2, padding=1, dilation=1, ceil_mode=True"),
    ("max_pool2d", "", "rand(1, 2, 9, 9), (3, 2), stride=2, padding=1, dilation=1, ceil_mode=True"),
    ("max_pool3d", "", "rand(1, 2, 5, 5, 5), 3, stride=2, padding=1, dilation=1, ceil_mode=True"),
    ("avg_pool1d", "", "rand(1, 2, 9), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False"),
    (
        "avg_pool2d",
        "",
        "rand(1, 2, 9, 9), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False, divisor_override=2",
    ),
    (
        "avg_pool3d",
        "",
        "rand(1, 2, 5, 5, 5), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False, divisor_override=2",
    ),
    ("lp_pool1d", "", "rand(1, 2, 9), 2, 3, stride=2, ceil_mode=True"),
    ("lp_pool2d", "", "rand(1, 2, 9, 9), 2, 3, stride=2, ceil_mode=True"),
    ("lp_pool3d", "", "rand(1, 2, 5, 5, 5), 2, 3, stride=2, ceil_mode=True"),
    ("adaptive_max_pool1d", "", "rand(1, 2, 9), output_size=4, return_indices=True"),
    ("adaptive_max_pool2d", "", "rand(1, 2, 9, 9), output_size=(4, None), return_indices=True"),
    ("adaptive_max_pool3d", "", "rand(1, 2, 5, 5, 5), output_size=2, return_indices=True"),
    ("adaptive_avg_pool1d", "", "rand(1, 2, 9), output_size=4"),
    ("adaptive_avg_pool2d", "", "rand(1, 2, 9, 9), output_size=(4, None)"),
    ("adaptive_avg_pool3d", "", "rand(1, 2, 5, 5, 5), output_size=2"),
    ("fractional_max_pool2d", "", "rand(1, 2, 9, 9), 2, output_size=4, return_indices=True"),
    ("fractional_max_pool2d", "", "rand(1, 2, 9, 9), 2, output_ratio=(0.5, 0.5)"),
    ("fractional_max_pool3d", "", "rand(1, 2, 5, 5, 5), 2, output_size=2, return_indices=True"),
    ("fractional_max_pool3d", "", "rand(1, 2, 5, 5, 5), 2, output_ratio=(0.5, 0.5, 0.5)"),
    ("max_unpool1d", "", "rand(1, 1, 2), tensor([[[1, 3]]]), 2, stride=2, padding=0, output_size=(5,)"),
    ("max_unpool2d", "", "rand(1, 1, 1, 1), tensor([[[[3]]]]), 2, stride=2, padding=0, output_size=(3, 3)"),
    (
        "max_unpool3d",
        "",
        "rand(1, 1, 1, 1, 1), tensor([[[[[3]]]]]), 2, stride=2, padding=0, output_size=(3, 3, 3)",
    ),
    # normalisation
    (
        "batch_norm",
        "",
        "rand(2, 3, 4), zeros(3), ones(3), weight=ones(3), bias=zeros(3), training=True, momentum=0.2, eps=1e-3",
    ),
    (
        "instance_norm",
        "",
        (
            "rand(2, 3, 4), running_mean=zeros(3), running_var=ones(3), weight=ones(3), bias=zeros(3), "
            "use_input_stats=True, momentum=0.2, eps=1e-3"
        ),
    ),
    ("layer_norm", "", "rand(2, 3), (3,), weight=ones(3), bias=zeros(3), eps=1e-3"),
    ("rms_norm", "", "rand(2, 3), (3,), weight=ones(3), eps=1e-3"),
    ("group_norm", "", "rand(2, 4, 3), 2, weight=ones(4), bias=zeros(4), eps=1e-3"),
    ("local_response_norm", "", "rand(2, 4, 3), 2, alpha=1e-3, beta=0.5, k=2.0"),
    ("normalize", "", "rand(2, 3), p=1.0, dim=0, eps=1e-6"),
    # attention
    (
        "scaled_dot_product_attention",
        "",
        (
            "rand(1, 4, 3, 8), rand(1, 2, 5, 8), rand(1, 2, 5, 8), attn_mask=ones(3, 5) > 0, dropout_p=0.1, "
            "scale=1.0, enable_gqa=True"
        ),
    ),
    ("scaled_dot_product_attention", "", "rand(1, 3, 8), rand(1, 3, 8), rand(1, 3, 8), is_causal=True"),
    # vision
    ("pad", "", "rand(1, 2, 3), (1, 2), mode='reflect'"),
    ("pad", "", "rand(1, 2, 3), (1, 2), mode='constant', value=1.0"),
    (
        "interpolate",
        "",
        (
            "rand(1, 2, 4, 4), scale_factor=2.0, mode='bilinear', align_corners=False, "
            "recompute_scale_factor=True, antialias=True"
        ),
    ),
    ("interpolate", "", "rand(1, 2, 4, 4), size=(8, 6)"),
    (
        "grid_sample",
        "",
        "rand(1, 2, 4, 4), rand(1, 3, 3, 2), mode='nearest', padding_mode='border', align_corners=True",
    ),
    ("affine_grid", "", "rand(1, 2, 3), (1, 2, 4, 4), align_corners=True"),
    ("pixel_shuffle", "", "rand(1, 4, 2, 2), 2"),
    ("pixel_unshuffle", "", "rand(1, 1, 4, 4), 2"),
    ("channel_shuffle", "", "rand(1, 4, 2, 2), 2"),
    # loss
    ("l1_loss mse_loss huber_loss", "", "rand(2, 3), rand(2, 3), reduction='sum', weight=rand(2, 3)"),
    (
        (
            "l1_loss mse_loss smooth_l1_loss hinge_embedding_loss soft_margin_loss kl_div binary_cross_entropy "
            "binary_cross_entropy_with_logits poisson_nll_loss"
        ),
        "",
        "rand(2, 3), rand(2, 3), size_average=True, reduce=True",
    ),
    (
        "l1_loss mse_loss huber_loss smooth_l1_loss soft_margin_loss",
        "",
        "rand(2, 3), rand(2, 3), reduction='none'",
    ),
    ("smooth_l1_loss", "", "rand(2, 3), rand(2, 3), beta=2.0"),
    ("huber_loss", "", "rand(2, 3), rand(2, 3), delta=2.0"),
    (
        "cross_entropy",
        "",
        "rand(2, 3), tensor([0, 2]), weight=ones(3), ignore_index=1, reduction='sum', label_smoothing=0.1",
    ),
    ("cross_entropy", "", "rand(2, 3), rand(2, 3)"),
    ("cross_entropy nll_loss", "", "rand(2, 3), tensor([0, 2]), size_average=True, reduce=True"),
    (
        "linear_cross_entropy",
        "",
        (
            "rand(2, 3), rand(4, 3), tensor([0, 2]), linear_bias=rand(4), weight=ones(4), reduction='sum', "
            "ignore_index=1, label_smoothing=0.1"
        ),
    ),
    ("nll_loss", "", "rand(2, 3), tensor([0, 2]), weight=ones(3), ignore_index=1, reduction='sum'"),
    ("binary_cross_entropy", "", "rand(2, 3), rand(2, 3), weight=rand(2, 3), reduction='none'"),
    (
        "binary_cross_entropy_with_logits",
        "",
        "rand(2, 3), rand(2, 3), weight=rand(2, 3), reduction='none', pos_weight=ones(3)",
    ),
    ("kl_div", "", "rand(2, 3), rand(2, 3), reduction='batchmean', log_target=True"),
    ("poisson_nll_loss", "", "rand(2, 3), rand(2, 3), log_input=False, full=True, eps=1e-6, reduction='sum'"),
    ("gaussian_nll_loss", "", "rand(2, 3), rand(2, 3), ones(2, 3), full=True, eps=1e-5, reduction='sum'"),
    (
        "ctc_loss",
        "",
        (
            "rand(5, 2, 3).log_softmax(2), tensor([[1, 2], [2, 1]]), tensor([5, 5]), tensor([2, 2]), blank=0, "
            "reduction='sum', zero_infinity=True"
        ),
    ),
    ("hinge_embedding_loss", "", "rand(2, 3), ones(2, 3), margin=2.0, reduction='sum'"),
    ("margin_ranking_loss", "", "rand(3), rand(3), ones(3), margin=0.5, reduction='sum'"),
    ("cosine_embedding_loss", "", "rand(2, 3), rand(2, 3), ones(2), margin=0.5, reduction='sum'"),
    ("margin_ranking_loss", "", "rand(3), rand(3), ones(3), size_average=True, reduce=True"),
    ("cosine_embedding_loss", "", "rand(2, 3), rand(2, 3), ones(2), size_average=True, reduce=True"),
    ("multi_margin_loss", "", "rand(2, 3), tensor([0, 2]), p=2, margin=0.5, weight=ones(3), reduction='sum'"),
    ("multi_margin_loss", "", "rand(2, 3), tensor([0, 2]), size_average=True, reduce=True"),
    ("multilabel_margin_loss", "", "rand(1, 3), tensor([[0, 2, -1]]), reduction='sum'"),
    ("multilabel_margin_loss", "", "rand(1, 3), tensor([[0, 2, -1]]), size_average=True, reduce=True"),
    ("multilabel_soft_margin_loss", "", "rand(2, 3), ones(2, 3), weight=ones(3), reduction='sum'"),
    ("multilabel_soft_margin_loss", "", "rand(2, 3), ones(2, 3), size_average=True, reduce=True"),
    (
        "triplet_margin_loss",
        "",
        "rand(2, 3), rand(2, 3), rand(2, 3), margin=0.5, p=1, eps=1e-5, swap=True, reduction='sum'",
    ),
    ("triplet_margin_loss", "", "rand(2, 3), rand(2, 3), rand(2, 3), size_average=True, reduce=True"),
    (
        "triplet_margin_with_distance_loss",
        "",
        "rand(2, 3), rand(2, 3), rand(2, 3), margin=0.5, swap=True, reduction='sum'",
    ),
)

#: Expressions with every operator, and what ``x += y`` does in a forward, as a call of its name.
OPERATOR_SAMPLES: Mapping[str, tuple[str, ...]] = {
    **{
        name: (f"rand(2, 3) {sign} rand(3)", f"rand(2, 3) {sign} 2", f"2 {sign} rand(2, 3)")
        for name, sign in (
            ("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/"), ("floordiv", "//"), ("mod", "%"), ("pow", "**"),
            ("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="),
        )
    },
    **{
        name: (f"randint(0, 8, (2, 3)) {sign} randint(0, 8, (3,))", f"randint(0, 8, (2, 3)) {sign} 2")
        for name, sign in (("and_", "&"), ("or_", "|"), ("xor", "^"))
    },
    **{name: (f"{name}(rand(2, 3), rand(3))", f"{name}(rand(2, 3), 2)") for name in (
        "iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow",
    )},
    **{name: (f"{name}(randint(0, 8, (2, 3)), randint(0, 8, (3,)))",) for name in ("iand", "ior", "ixor")},
    "matmul": ("rand(2, 3) @ rand(3, 4)", "rand(3) @ rand(3)", "rand(5, 2, 3) @ rand(3, 4)"),
    "imatmul": ("imatmul(rand(3, 3), rand(3, 3))",),
    "neg": ("-rand(2, 3)",),
    "pos": ("+rand(2, 3)",),
    "invert": ("~randint(0, 8, (2, 3))",),
    "getitem": (
        "rand(4, 3, 5)[1]", "rand(4, 3, 5)[1:3, ..., None, 2]", "rand(4, 3, 5)[:, ::2]", "rand(4, 3, 5)[[0, 2], 1:]",
        "rand(4, 3, 5)[tensor([0, 2]), :, tensor([[1], [3]])]", "rand(4, 3)[zeros(2, 2, dtype=int64)]", "rand(4)[-1]",
    ),
}  # fmt: skip


def iterate_calls(form: Form, namespace: Namespace) -> Iterator[str]:
    """The arguments of every sample call of ``form`` in ``namespace``."""
    for names, namespaces, arguments in SAMPLES:
        if form.operation.name not in names.split():
            continue
        if namespaces and namespace not in namespaces.split():
            continue
        if "inplace=" in arguments and (namespace != "F" or form.in_place):
            continue
        yield arguments
