"""The names in each family, so that a family needn't be imported to know what is in it.

Written by ``python -m tests.catalogue.index`` from the families, and held to them by a test.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Layers of ``torch.nn``.
LAYER_NAMES: Mapping[str, str] = {
    "linear": """
        Identity Linear Bilinear LazyLinear
    """,
    "convolution": """
        Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d LazyConv3d
        LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d Unfold Fold
    """,
    "pooling": """
        MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d AvgPool1d AvgPool2d AvgPool3d
        FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d
        AdaptiveMaxPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d
    """,
    "padding": """
        ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d
        ZeroPad1d ZeroPad2d ZeroPad3d ConstantPad1d ConstantPad2d ConstantPad3d CircularPad1d CircularPad2d
        CircularPad3d
    """,
    "activation": """
        ELU CELU SELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish
        PReLU RReLU ReLU ReLU6 SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh
        Tanhshrink Threshold
    """,
    "normalisation": """
        BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d
        InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d
        GroupNorm LayerNorm RMSNorm LocalResponseNorm CrossMapLRN2d
    """,
    "recurrent": """
        RNN LSTM GRU RNNCell LSTMCell GRUCell RNNBase RNNCellBase
    """,
    "attention": """
        MultiheadAttention Transformer TransformerEncoder TransformerDecoder TransformerEncoderLayer
        TransformerDecoderLayer
    """,
    "dropout": """
        Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout
    """,
    "embedding": """
        Embedding EmbeddingBag
    """,
    "shape": """
        Flatten Unflatten
    """,
    "vision": """
        PixelShuffle PixelUnshuffle ChannelShuffle Upsample UpsamplingNearest2d UpsamplingBilinear2d
    """,
    "distance": """
        CosineSimilarity PairwiseDistance
    """,
    "loss": """
        L1Loss MSELoss CrossEntropyLoss LinearCrossEntropyLoss CTCLoss NLLLoss PoissonNLLLoss GaussianNLLLoss
        KLDivLoss BCELoss BCEWithLogitsLoss MarginRankingLoss HingeEmbeddingLoss MultiLabelMarginLoss
        HuberLoss SmoothL1Loss SoftMarginLoss MultiLabelSoftMarginLoss CosineEmbeddingLoss MultiMarginLoss
        TripletMarginLoss TripletMarginWithDistanceLoss AdaptiveLogSoftmaxWithLoss NLLLoss2d
    """,
    "container": """
        Sequential ModuleList ModuleDict ParameterList ParameterDict Module Container DataParallel
    """,
}

#: Functions of ``F`` and ``torch``.
FUNCTION_NAMES: Mapping[str, str] = {
    "elementwise": """
        abs absolute neg negative positive sign sgn signbit exp exp2 expm1 log log10 log1p log2 logit sqrt
        rsqrt square reciprocal sin cos tan asin arcsin acos arccos atan arctan sinh cosh asinh arcsinh acosh
        arccosh atanh arctanh sinc deg2rad rad2deg floor ceil round trunc fix frac frexp erf erfc erfinv
        lgamma digamma polygamma mvlgamma i0 nan_to_num angle conj logical_not bitwise_not isnan isinf
        isposinf isneginf isfinite isreal bucketize add sub subtract mul multiply div divide true_divide
        floor_divide remainder fmod pow float_power atan2 arctan2 hypot copysign nextafter ldexp xlogy
        logaddexp logaddexp2 heaviside gcd lcm igamma igammac maximum minimum fmax fmin eq ne not_equal lt
        less le less_equal gt greater ge greater_equal isclose logical_and logical_or logical_xor bitwise_and
        bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift complex polar where clamp clip clamp_min
        clamp_max lerp addcmul addcdiv isin
    """,
    "activation": """
        relu relu_ relu6 leaky_relu leaky_relu_ prelu rrelu rrelu_ elu elu_ celu celu_ selu selu_ gelu silu
        mish glu sigmoid logsigmoid hardsigmoid hardswish tanh tanhshrink hardtanh hardtanh_ threshold
        threshold_ hardshrink softshrink softplus softsign softmax log_softmax softmin gumbel_softmax
    """,
    "reduction": """
        sum nansum mean nanmean prod var std var_mean std_mean amax amin aminmax max min argmax argmin median
        nanmedian mode quantile nanquantile kthvalue all any count_nonzero logsumexp norm renorm dist trace
        cov corrcoef histc cumsum cumprod cummax cummin logcumsumexp diff trapezoid trapz cumulative_trapezoid
        gradient sort argsort msort topk searchsorted
    """,
    "view": """
        reshape flatten ravel unflatten squeeze unsqueeze atleast_1d atleast_2d atleast_3d transpose swapdims
        swapaxes permute movedim moveaxis t adjoint broadcast_to broadcast_tensors tile repeat_interleave
        narrow select chunk split split_with_sizes tensor_split hsplit vsplit dsplit unbind diagonal diag
        diag_embed diagflat tril triu flip fliplr flipud roll rot90 view_as_real view_as_complex real imag
        clone detach numel is_floating_point is_complex is_signed is_same_size is_tensor broadcast_shapes
    """,
    "indexing": """
        index_select gather take_along_dim take scatter scatter_add scatter_reduce index_add index_copy
        index_fill index_reduce index_put put masked_fill masked_scatter select_scatter slice_scatter
        diagonal_scatter nonzero_static unravel_index embedding embedding_bag one_hot
    """,
    "joining": """
        cat concat concatenate stack hstack vstack row_stack dstack column_stack block_diag meshgrid
        cartesian_prod combinations
    """,
    "linear algebra": """
        matmul mm bmm mv dot vdot inner outer ger kron addmm addmv addr addbmm baddbmm einsum tensordot cross
        linear bilinear cdist pdist pairwise_distance cosine_similarity det logdet slogdet inverse pinverse
        matrix_exp matrix_power svd vander
    """,
    "creation": """
        zeros ones full eye arange linspace logspace tensor as_tensor scalar_tensor tril_indices triu_indices
        hann_window hamming_window blackman_window bartlett_window kaiser_window zeros_like ones_like
        full_like
    """,
    "random": """
        rand randn randint randperm normal rand_like randn_like randint_like bernoulli multinomial poisson
        binomial dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout
    """,
    "convolution": """
        conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d conv_tbc unfold fold
    """,
    "pooling": """
        max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d lp_pool3d
        adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d adaptive_avg_pool1d adaptive_avg_pool2d
        adaptive_avg_pool3d fractional_max_pool2d fractional_max_pool3d max_unpool1d max_unpool2d max_unpool3d
    """,
    "normalisation": """
        batch_norm instance_norm layer_norm rms_norm group_norm local_response_norm normalize
    """,
    "attention": """
        scaled_dot_product_attention
    """,
    "vision": """
        pad interpolate grid_sample affine_grid pixel_shuffle pixel_unshuffle channel_shuffle
    """,
    "loss": """
        l1_loss mse_loss smooth_l1_loss huber_loss cross_entropy linear_cross_entropy nll_loss
        binary_cross_entropy binary_cross_entropy_with_logits kl_div poisson_nll_loss gaussian_nll_loss
        ctc_loss hinge_embedding_loss margin_ranking_loss soft_margin_loss multi_margin_loss
        multilabel_margin_loss multilabel_soft_margin_loss cosine_embedding_loss triplet_margin_loss
        triplet_margin_with_distance_loss
    """,
}

#: Methods and attributes of ``Tensor``.
METHOD_NAMES: Mapping[str, str] = {
    "elementwise": """
        abs absolute abs_ absolute_ neg negative neg_ negative_ positive sign sign_ sgn sgn_ signbit exp exp_
        exp2 exp2_ expm1 expm1_ log log_ log10 log10_ log1p log1p_ log2 log2_ logit logit_ sqrt sqrt_ rsqrt
        rsqrt_ square square_ reciprocal reciprocal_ sin sin_ cos cos_ tan tan_ asin arcsin asin_ arcsin_ acos
        arccos acos_ arccos_ atan arctan atan_ arctan_ sinh sinh_ cosh cosh_ asinh arcsinh asinh_ arcsinh_
        acosh arccosh acosh_ arccosh_ atanh arctanh atanh_ arctanh_ sinc sinc_ deg2rad deg2rad_ rad2deg
        rad2deg_ floor floor_ ceil ceil_ round round_ trunc fix trunc_ fix_ frac frac_ frexp erf erf_ erfc
        erfc_ erfinv erfinv_ lgamma lgamma_ digamma digamma_ polygamma polygamma_ mvlgamma mvlgamma_ i0 i0_
        nan_to_num nan_to_num_ angle conj logical_not logical_not_ bitwise_not bitwise_not_ isnan isinf
        isposinf isneginf isfinite isreal add add_ sub subtract sub_ subtract_ mul multiply mul_ multiply_ div
        divide div_ divide_ true_divide true_divide_ floor_divide floor_divide_ remainder remainder_ fmod
        fmod_ pow pow_ float_power atan2 arctan2 atan2_ arctan2_ hypot hypot_ copysign copysign_ nextafter
        nextafter_ ldexp ldexp_ xlogy xlogy_ logaddexp logaddexp2 heaviside heaviside_ gcd gcd_ lcm lcm_
        igamma igamma_ igammac igammac_ maximum minimum fmax fmin eq ne not_equal lt less le less_equal gt
        greater ge greater_equal isclose logical_and logical_and_ logical_or logical_or_ logical_xor
        logical_xor_ bitwise_and bitwise_and_ bitwise_or bitwise_or_ bitwise_xor bitwise_xor_
        bitwise_left_shift bitwise_left_shift_ bitwise_right_shift bitwise_right_shift_ where clamp clip
        clamp_ clip_ clamp_min clamp_min_ clamp_max clamp_max_ lerp lerp_ addcmul addcmul_ addcdiv addcdiv_
        fill_ zero_ copy_
    """,
    "activation": """
        relu relu_ prelu sigmoid sigmoid_ tanh tanh_ hardshrink softmax log_softmax
    """,
    "reduction": """
        sum nansum mean nanmean prod var std amax amin aminmax max min argmax argmin median nanmedian mode
        quantile nanquantile kthvalue all any count_nonzero logsumexp norm renorm dist trace cov corrcoef
        histc cumsum cumsum_ cumprod cumprod_ cummax cummin logcumsumexp diff sort argsort msort topk
    """,
    "view": """
        view view_as reshape reshape_as flatten ravel unflatten squeeze unsqueeze transpose swapdims swapaxes
        permute movedim moveaxis t adjoint T mT H mH expand expand_as broadcast_to sum_to_size repeat tile
        repeat_interleave narrow select chunk split split_with_sizes tensor_split hsplit vsplit dsplit unbind
        unfold diagonal diag diag_embed diagflat tril tril_ triu triu_ fill_diagonal_ flip fliplr flipud roll
        rot90 real imag contiguous clone detach to type_as float double half bfloat16 long int short char byte
        bool cfloat cdouble shape size dim ndimension ndim numel nelement dtype device element_size itemsize
        nbytes is_floating_point is_complex is_signed is_same_size
    """,
    "indexing": """
        index_select gather take_along_dim take scatter scatter_ scatter_add scatter_add_ scatter_reduce
        scatter_reduce_ index_add index_add_ index_copy index_copy_ index_fill index_fill_ index_reduce
        index_reduce_ index_put index_put_ put put_ masked_fill masked_fill_ masked_scatter masked_scatter_
        select_scatter slice_scatter diagonal_scatter nonzero_static
    """,
    "joining": """

    """,
    "linear algebra": """
        matmul mm bmm mv dot vdot inner outer ger kron addmm addmm_ addmv addmv_ addr addr_ addbmm addbmm_
        baddbmm baddbmm_ cross det logdet slogdet inverse pinverse matrix_exp matrix_power svd
    """,
    "creation": """
        new_zeros new_ones new_full new_tensor
    """,
    "random": """
        bernoulli multinomial normal_ uniform_ bernoulli_ random_ exponential_ log_normal_ cauchy_ geometric_
    """,
    "convolution": """

    """,
    "pooling": """

    """,
    "normalisation": """

    """,
    "attention": """

    """,
    "vision": """

    """,
    "loss": """

    """,
}
