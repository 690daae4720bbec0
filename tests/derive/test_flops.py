"""FLOPs by hand, for each family of operations and layers; that both engines agree is in test_macs.py."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import layercli
from tests.derive.counting import count_expression, count_layer_call

LENET = (
    # A convolution: two for each multiply-add, one for each bias added. The curve. Three comparisons in each window.
    2 * 117_600 + 6 * 28 * 28 + 6 * 28 * 28 + 3 * 6 * 14 * 14
    + 2 * 124_416 + 16 * 12 * 12 + 16 * 12 * 12 + 3 * 16 * 6 * 6
    + 2 * 69_120 + 120 + 120
    + 2 * 10_080 + 84 + 84
    + 2 * 840 + 10
)  # fmt: skip


@pytest.mark.parametrize("derive", [False, True])
def test_lenet(derive: bool) -> None:
    trace = (layercli.derive if derive else layercli.trace)("lenet")
    assert (trace.totals.flops, trace.totals.flops_unknown) == (LENET, 0)
    assert LENET == 663_802


@pytest.mark.parametrize(
    ("text", "flops"),
    [
        # Elementwise
        ("rand(2, 3) + rand(3)", 6),
        ("2 - rand(2, 3)", 6),
        ("-rand(2, 3)", 6),
        ("rand(2, 3) ** 2", 6),
        ("rand(4) // 0.5", 2 * 4),
        ("rand(4) % 0.5", 4 * 4),
        ("rand(4) < 0.5", 4),
        ("add(rand(4), rand(4), alpha=2)", 2 * 4),
        ("rand(4).sub_(rand(4))", 4),
        ("div(rand(4), 3, rounding_mode='floor')", 2 * 4),
        ("clamp(rand(4), min=0.1)", 4),
        ("clamp(rand(4), 0.1, 0.2)", 2 * 4),
        ("rand(4).round(decimals=2)", 3 * 4),
        ("addcmul(rand(4), rand(4), rand(4))", 2 * 4),
        ("addcdiv(rand(4), rand(4), rand(4), value=3)", 3 * 4),
        ("logit(rand(4))", 3 * 4),
        ("logit(rand(4), 0.1)", 5 * 4),
        ("mvlgamma(rand(4) + 3, 2)", 4 + 2 * 3 * 4),
        ("hypot(rand(4), rand(4))", 4 * 4),
        ("where(rand(4) > 0.5, rand(4), 0.0)", 4),
        # Nothing is computed with floating-point numbers.
        ("randint(0, 9, (4,)) + randint(0, 9, (4,))", 0),
        ("randint(0, 9, (4,)) > 3", 0),
        ("randint(0, 9, (4,)).sum()", 0),
        ("randint(0, 9, (4,)) * 0.5", 4),
        ("randint(0, 9, (4,)) @ randint(0, 9, (4,))", 0),
        # Activations
        ("relu(rand(2, 3))", 6),
        ("F.silu(rand(2, 3))", 4 * 6),
        ("F.gelu(rand(2, 3))", 5 * 6),
        ("F.gelu(rand(2, 3), approximate='tanh')", 8 * 6),
        ("F.glu(rand(2, 6))", 4 * 6),
        ("F.rrelu(rand(4))", 2 * 4),
        ("F.rrelu(rand(4), training=True)", 4 * 4),
        # The greatest of 5, 5 differences, 5 exponentials, their sum, 5 quotients.
        ("softmax(rand(3, 5), -1)", 3 * (4 + 5 + 5 + 4 + 5)),
        ("softmax(rand(3, 5), 0)", 5 * (2 + 3 + 3 + 2 + 3)),
        ("F.softmin(rand(3, 5), -1)", 3 * (5 + 4 + 5 + 5 + 4 + 5)),
        ("log_softmax(rand(3, 5), -1)", 3 * (4 + 5 + 5 + 4 + 1 + 5)),
        ("F.softmax(rand(2, 3, 5))", 15 * (1 + 2 + 2 + 1 + 2)),
        ("F.gumbel_softmax(rand(3, 5))", 3 * (5 * (3 + 2 + 2) + 23)),
        ("F.gumbel_softmax(rand(3, 5), hard=True)", 3 * (5 * (3 + 2 + 2) + 23 + 4 + 2 * 5)),
        # Reductions
        ("rand(3, 5).sum()", 14),
        ("rand(3, 5).sum(1)", 3 * 4),
        ("rand(3, 5).mean(1)", 3 * (4 + 1)),
        ("rand(3, 5).max()", 14),
        ("rand(3, 5).max(1)[0]", 3 * 4),
        ("max(rand(3, 5), other=rand(5))", 15),
        ("rand(3, 5).argmax(1)", 3 * 4),
        ("aminmax(rand(3, 5))[0]", 2 * 14),
        # The mean; differences, squares, their sum, a quotient; a root.
        ("rand(3, 5).var(1)", 3 * (4 + 1 + 5 + 5 + 4 + 1)),
        ("rand(3, 5).std(1)", 3 * (4 + 1 + 5 + 5 + 4 + 1 + 1)),
        ("logsumexp(rand(3, 5), 1)", 3 * (4 + 5 + 5 + 4 + 1 + 1)),
        ("norm(rand(3, 5))", 15 + 14 + 1),
        ("norm(rand(3, 5), 1, 1)", 3 * (5 + 4)),
        ("norm(rand(3, 5), 3, 1)", 3 * (5 + 5 + 4 + 1)),
        ("renorm(rand(3, 5), 2, 0, 1.0)", 3 * (5 + 4 + 1) + 3 * 3 + 15),
        ("dist(rand(4), rand(4))", 4 + 4 + 3 + 1),
        ("trace(rand(3, 5))", 2),
        ("cumsum(rand(3, 5), 1)", 3 * 4),
        ("logcumsumexp(rand(3, 5), 1)", 3 * 4 * 4),
        ("diff(rand(3, 5), n=2)", 3 * (4 + 3)),
        ("trapezoid(rand(3, 5))", 3 * (2 * 4 + 3 + 1)),
        ("trapezoid(rand(3, 5), rand(5))", 3 * (2 * 4 + 3 + 1) + 4),
        ("cumulative_trapezoid(rand(3, 5))", 3 * (3 * 4 + 3)),
        ("count_nonzero(rand(3, 5))", 15),
        # 3 by 3 multiply-adds of 10; means and differences; quotients of the products.
        ("cov(rand(3, 10))", 2 * 90 + 30 + 30 + 9),
        # Nothing moves for free; sums do not.
        ("rand(2, 3).t().reshape(6).unsqueeze(0).expand(4, 6).contiguous()", 0),
        ("rand(4, 6)[1:, ::2]", 0),
        ("cat([rand(2), rand(3)])", 0),
        ("rand(3).to(float64)", 0),
        ("rand(4, 6).sum_to_size(4, 1)", 4 * 5),
        # Indices
        ("gather(rand(2, 3), 1, tensor([[0, 1]]))", 0),
        ("scatter_add(zeros(3), 0, tensor([0, 1, 1]), rand(3))", 3),
        ("rand(3).scatter(0, tensor([0, 1]), rand(2), reduce='multiply')", 2),
        ("rand(3).scatter(0, tensor([0, 1]), rand(2))", 0),
        ("scatter_reduce(rand(3), 0, tensor([0, 1]), rand(2), 'mean')", 2 + 3),
        ("index_add(rand(4, 3), 0, tensor([0, 2]), rand(2, 3), alpha=2)", 2 * 6),
        ("masked_fill(rand(4), rand(4) > 0.5, 0.0)", 4),
        ("F.embedding(tensor([1, 2]), rand(5, 4))", 0),
        ("F.embedding_bag(tensor([[1, 2, 0]]), rand(5, 4), mode='sum')", 4 * 2),
        ("F.embedding_bag(tensor([[1, 2, 0]]), rand(5, 4))", 4 * 3),
        # Products of matrices
        ("rand(2, 3) @ rand(3, 4)", 2 * 24),
        ("F.linear(rand(2, 3), rand(4, 3), rand(4))", 2 * 24 + 8),
        ("addmm(rand(4), rand(2, 3), rand(3, 4))", 2 * 24 + 8),
        ("addmm(rand(4), rand(2, 3), rand(3, 4), beta=2, alpha=3)", 2 * 24 + 3 * 8),
        ("addmm(rand(4), rand(2, 3), rand(3, 4), beta=0)", 2 * 24),
        ("einsum('ij,jk->ik', rand(2, 3), rand(3, 4))", 2 * 24),
        ("einsum('ij,ij->ij', rand(2, 3), rand(2, 3))", 6),
        ("einsum('ij->j', rand(2, 3))", 3),
        ("einsum('ij,k->ik', rand(2, 3), rand(4))", 2 * 2 + 2 * 8),
        ("tensordot(rand(2, 1), rand(3, 4), dims=([1], [0]))", 2 * 4 * 2 + 4 * 2),
        ("cross(rand(2, 3), rand(2, 3))", 3 * 6),
        ("F.pairwise_distance(rand(2, 3), rand(2, 3))", 2 * (3 + 3 + 3 + 2 + 1)),
        ("F.pdist(rand(4, 3))", 6 * (3 + 3 + 2 + 1)),
        # Two norms and a product of 3 elements; the norms' product, its bound, and the quotient.
        ("F.cosine_similarity(rand(2, 3), rand(2, 3))", 2 * (2 * 6 + 5 + 3)),
        ("vander(rand(3), 4)", 3 * 2),
        # Creation
        ("zeros(3) + ones(3)", 3),
        ("arange(5)", 0),
        ("linspace(0, 1, 5)", 2 * 5),
        ("hann_window(8)", 4 * 8),
        # Chance: drawing isn't counted, and what is made of it is.
        ("randn(5)", 0),
        ("zeros(5).normal_(2, 3)", 2 * 5),
        ("bernoulli(rand(5))", 5),
        ("dropout(rand(5), 0.5, training=False)", 0),
        ("dropout(rand(5), 0.5, training=True)", 2 * 5),
        ("torch.dropout(rand(5), 0.5, train=True)", 2 * 5),
        ("torch.dropout(rand(5), 0.5, False)", 0),
        ("torch.alpha_dropout(rand(5), p=0.5, train=True)", 6 * 5),
        ("dropout(rand(5), 0.0, training=True)", 0),
        ("F.dropout3d(rand(3, 2, 2, 2))", 3 + 24),
        ("F.dropout2d(rand(2, 3, 4, 4))", 6 + 96),
        ("F.dropout1d(rand(3, 4))", 3 + 12),
        ("F.alpha_dropout(rand(5), training=True)", 6 * 5),
        ("F.feature_alpha_dropout(rand(2, 3, 4, 4), training=True)", 4 * 6 + 2 * 96),
        # Convolutions and pooling
        ("F.conv1d(rand(1, 2, 7), rand(4, 2, 3), rand(4))", 2 * 4 * 5 * 6 + 20),
        ("F.conv_transpose1d(rand(1, 2, 7), rand(2, 4, 3))", 2 * 14 * 12),
        ("F.fold(rand(1, 4, 9), (4, 4), 2)", 36),
        ("F.max_pool2d(rand(1, 3, 4, 4), 2)", 3 * 12),
        ("F.max_pool2d(rand(1, 3, 4, 4), (1, 2), return_indices=True)[0]", 24),
        ("F.avg_pool2d(rand(1, 3, 4, 4), 2)", 4 * 12),
        ("F.lp_pool2d(rand(1, 3, 4, 4), 2, 2)", 48 + 12 * (3 + 1)),
        # Windows of 2, 3 and 2 of 5 elements, which overlap.
        ("F.adaptive_avg_pool1d(rand(1, 2, 5), 3)", 2 * (2 + 3 + 2)),
        ("F.adaptive_max_pool1d(rand(1, 2, 5), 3)", 2 * (1 + 2 + 1)),
        ("F.adaptive_avg_pool2d(rand(1, 2, 6, 6), (1, 1))", 2 * 36),
        # Normalisation: variance plus eps and a root for each of 3 channels; a difference, a quotient.
        ("F.batch_norm(rand(2, 3, 4), zeros(3), ones(3))", 2 * 3 + 2 * 24),
        ("F.batch_norm(rand(2, 3, 4), zeros(3), ones(3), ones(3), zeros(3))", 2 * 3 + 4 * 24),
        # And mean (1 an element) and variance (3), and running statistics.
        ("F.batch_norm(rand(2, 3, 4), zeros(3), ones(3), training=True)", 4 * 24 + 2 * 3 + 2 * 24 + 7 * 3),
        ("F.instance_norm(rand(2, 3, 4))", 4 * 24 + 2 * 6 + 2 * 24),
        ("F.layer_norm(rand(5, 4), (4,))", 5 * (4 * 4 + 2 + 2 * 4)),
        ("F.layer_norm(rand(5, 4), (4,), ones(4), zeros(4))", 5 * (4 * 4 + 2 + 4 * 4)),
        ("F.group_norm(rand(2, 6, 4), 3)", 6 * (4 * 8 + 2 + 2 * 8)),
        # Squares, their sum, a quotient, eps, a root, quotients.
        ("F.rms_norm(rand(5, 4), (4,))", 5 * (4 + 3 + 1 + 1 + 1 + 4)),
        ("F.normalize(rand(5, 4))", 5 * (4 + 3 + 1 + 1 + 4)),
        # A square; the mean of 3 around it; alpha, k, beta, a quotient.
        ("F.local_response_norm(rand(1, 4, 5), 3)", 20 * (1 + 3 + 4)),
        # Attention: 2 heads, 3 queries, 5 keys of 4 features: scores and sums; scaling; softmax; a mask.
        (
            "F.scaled_dot_product_attention(rand(2, 3, 4), rand(2, 5, 4), rand(2, 5, 4))",
            2 * 2 * (2 * 3 * 5 * 4) + 30 + 6 * 23,
        ),
        (
            "F.scaled_dot_product_attention(rand(2, 3, 4), rand(2, 5, 4), rand(2, 5, 4), rand(3, 5), 0.5)",
            2 * 2 * (2 * 3 * 5 * 4) + 30 + 30 + 2 * 30 + 6 * 23,
        ),
        (
            "F.scaled_dot_product_attention(rand(2, 5, 4), rand(2, 5, 4), rand(2, 5, 4), is_causal=True)",
            2 * 2 * (2 * 5 * 5 * 4) + 50 + 10 * 23,
        ),
        # Images
        ("F.interpolate(rand(1, 2, 4, 4), scale_factor=2)", 0),
        ("F.interpolate(rand(1, 2, 4, 4), scale_factor=2, mode='bilinear')", 7 * 128),
        ("F.interpolate(rand(1, 2, 4, 4), scale_factor=2, mode='bicubic')", 35 * 128),
        ("F.interpolate(rand(1, 2, 4, 4), 2, mode='area')", 2 * 16),
        ("F.pad(rand(3), (1, 1))", 0),
        # Losses of 6 elements, and their mean or sum
        ("F.l1_loss(rand(2, 3), rand(2, 3))", 2 * 6 + 6),
        ("F.mse_loss(rand(2, 3), rand(2, 3), reduction='sum')", 2 * 6 + 5),
        ("F.mse_loss(rand(2, 3), rand(2, 3), None, False)", 2 * 6),
        ("F.mse_loss(rand(2, 3), rand(2, 3), weight=rand(2, 3))", 3 * 6 + 5 + 5 + 1),
        ("F.smooth_l1_loss(rand(6), rand(6), reduction='none')", 7 * 6),
        ("F.smooth_l1_loss(rand(6), rand(6), reduction='none', beta=0.0)", 2 * 6),
        ("F.huber_loss(rand(6), rand(6))", 7 * 6 + 6),
        ("F.binary_cross_entropy_with_logits(rand(6), rand(6))", 9 * 6 + 6),
        ("F.kl_div(rand(6), rand(6), reduction='batchmean')", 3 * 6 + 6),
        ("F.poisson_nll_loss(rand(6), rand(6), full=True)", 3 * 6 + 9 * 6 + 6),
        # 4 samples of 3 classes: log_softmax, the sign of each, their mean.
        ("F.cross_entropy(rand(4, 3), tensor([0, 1, 2, 0]))", 4 * 14 + 4 + 4),
        ("F.cross_entropy(rand(4, 3), tensor([0, 1, 2, 0]), rand(3))", 4 * 14 + 4 + 4 + 3 + 4),
        ("F.cross_entropy(rand(4, 3), rand(4, 3))", 4 * 14 + 12 + 4 * 2 + 4 + 4),
        ("F.cross_entropy(rand(2, 3, 5), randint(0, 3, (2, 5)), reduction='sum')", 10 * 14 + 10 + 9),
        ("F.nll_loss(rand(4, 3), tensor([0, 1, 2, 0]))", 4 + 4),
        ("F.multi_margin_loss(rand(4, 3), tensor([0, 1, 2, 0]))", 4 * (2 * 3 + 1 + 1) + 4),
        ("F.multilabel_soft_margin_loss(rand(4, 3), rand(4, 3))", 12 * 14 + 4 * 3 + 4),
        (
            "F.triplet_margin_loss(rand(2, 3), rand(2, 3), rand(2, 3))",
            2 * 2 * (3 + 3 + 3 + 2 + 1) + 2 * 3 + 2,
        ),
        (
            "F.triplet_margin_with_distance_loss(rand(2, 3), rand(2, 3), rand(2, 3), swap=True)",
            3 * 2 * (3 + 3 + 3 + 2 + 1) + 2 * 4 + 2,
        ),
        ("F.linear_cross_entropy(rand(6, 4), rand(3, 4), randint(0, 3, (6,)))", 2 * 72 + 6 * 14 + 6 + 6),
        # What isn't known
        ("sort(rand(5))[0]", None),
        ("inverse(rand(3, 3))", None),
        ("multinomial(rand(5), 2)", None),
        ("F.embedding(tensor([1, 2]), rand(5, 4), max_norm=1.0)", None),
        ("F.interpolate(rand(1, 2, 4, 4), 2, mode='bilinear', antialias=True)", None),
        ("complex(rand(3), rand(3)) * 2", None),
        ("complex(rand(3), rand(3)).reshape(1, 3)", 0),
    ],
)
def test_operation_by_hand(text: str, flops: int | None) -> None:
    counts = count_expression(text)
    assert counts.run == counts.derived
    assert counts.flops == flops


ATTENTION = (
    # Projections of 6 queries and twice 10 keys of 4 features, and of the result, each with its biases.
    2 * (6 * 4 * 4 + 2 * 10 * 4 * 4 + 6 * 4 * 4) + 2 * 6 * 4 + 2 * 10 * 4
    # The scores of 2 heads and 2 samples, 3 by 5, scaled, and the sums that they weigh; their softmax.
    + 2 * 2 * (2 * 2 * 3 * 5 * 2) + 60 + 12 * 23
)  # fmt: skip
LSTM_UNIT = 4 * 3 + 3 * 4 + 1 + 3 + 2


@pytest.mark.parametrize(
    ("constructor", "inputs", "train", "flops"),
    [
        ("Linear(3, 4)", "rand(2, 3)", False, 2 * 24 + 8),
        ("Linear(3, 4, bias=False)", "rand(2, 3)", False, 2 * 24),
        ("Conv2d(2, 4, 3, groups=2)", "rand(1, 2, 5, 5)", False, 2 * 36 * 9 + 36),
        ("Sequential(Linear(3, 4), ReLU())", "rand(2, 3)", False, 2 * 24 + 8 + 8),
        ("GELU('tanh')", "rand(2, 3)", False, 8 * 6),
        ("Softmax2d()", "rand(1, 3, 2, 2)", False, 4 * 13),
        ("MaxPool2d(3, 2)", "rand(1, 2, 7, 7)", False, 8 * 18),
        ("AdaptiveAvgPool2d(1)", "rand(1, 2, 7, 7)", False, 2 * 49),
        ("BatchNorm2d(3)", "rand(2, 3, 4, 4)", False, 2 * 3 + 4 * 96),
        ("BatchNorm2d(3)", "rand(2, 3, 4, 4)", True, 4 * 96 + 2 * 3 + 4 * 96 + 7 * 3),
        ("BatchNorm1d(3, affine=False, track_running_stats=False)", "rand(5, 3)", False, 4 * 15 + 6 + 2 * 15),
        ("InstanceNorm1d(3)", "rand(2, 3, 4)", False, 4 * 24 + 2 * 6 + 2 * 24),
        ("LayerNorm(4)", "rand(5, 4)", False, 5 * (16 + 2 + 16)),
        ("LayerNorm(4, bias=False)", "rand(5, 4)", False, 5 * (16 + 2 + 12)),
        ("RMSNorm(4)", "rand(5, 4)", False, 5 * (2 * 4 + 2 + 2 * 4)),
        ("GroupNorm(3, 6)", "rand(2, 6, 4)", False, 6 * (32 + 2 + 32)),
        ("Dropout(0.5)", "rand(5)", True, 10),
        ("Dropout(0.5)", "rand(5)", False, 0),
        ("Embedding(5, 4)", "tensor([1, 2])", False, 0),
        ("EmbeddingBag(5, 4)", "tensor([[1, 2, 0]])", False, 12),
        ("EmbeddingBag(5, 4)", "tensor([1, 2, 0]), tensor([0, 2])", False, None),
        ("CrossEntropyLoss()", "rand(4, 3), tensor([0, 1, 2, 0])", False, 4 * 14 + 4 + 4),
        ("MSELoss(reduce=False)", "rand(4), rand(4)", False, 2 * 4),
        ("CosineSimilarity()", "rand(2, 3), rand(2, 3)", False, 2 * 20),
        ("PairwiseDistance(1.0)", "rand(2, 3), rand(2, 3)", False, 2 * (6 + 3 + 2)),
        # h' = tanh(W x + b + U h + c): three sums and the curve, of 7 units, 5 steps and 2 samples.
        ("RNN(3, 7)", "rand(5, 2, 3)", False, 10 * (2 * 7 * 10 + 7 * 4)),
        ("RNN(3, 7, bias=False)", "rand(5, 2, 3)", False, 10 * (2 * 7 * 10 + 7 * 2)),
        # Four gates of three sums; sigmoids of 4 and a tanh; c' = f * c + i * g; h' = o * tanh(c').
        ("LSTM(3, 7)", "rand(5, 2, 3)", False, 10 * (2 * 4 * 7 * 10 + 7 * LSTM_UNIT)),
        (
            "LSTM(3, 7, 2, dropout=0.5, bidirectional=True)",
            "rand(5, 2, 3)",
            True,
            10 * 2 * (2 * 4 * 7 * (10 + 21) + 2 * 7 * LSTM_UNIT + 2 * 7),
        ),
        # Two gates of three sums and a sigmoid; tanh(a + r * b), a and b with their biases; (1 - z) * n + z * h.
        ("GRU(3, 7)", "rand(5, 2, 3)", False, 10 * (2 * 3 * 7 * 10 + 7 * (2 * (3 + 4) + 5 + 4))),
        ("GRUCell(3, 7, bias=False)", "rand(2, 3)", False, 2 * (2 * 3 * 7 * 10 + 7 * (2 * (1 + 4) + 3 + 4))),
        ("LSTMCell(3, 7)", "rand(2, 3)", False, 2 * (2 * 4 * 7 * 10 + 7 * LSTM_UNIT)),
        (
            "MultiheadAttention(4, 2)",
            "rand(3, 2, 4), rand(5, 2, 4), rand(5, 2, 4), need_weights=False",
            False,
            ATTENTION,
        ),
        ("MultiheadAttention(4, 2)", "rand(3, 2, 4), rand(5, 2, 4), rand(5, 2, 4)", False, ATTENTION + 60),
        (
            "MultiheadAttention(4, 2, dropout=0.5)",
            "rand(3, 2, 4), rand(5, 2, 4), rand(5, 2, 4), attn_mask=rand(3, 5), need_weights=False",
            True,
            ATTENTION + 60 + 2 * 60,
        ),
        (
            "MultiheadAttention(4, 2)",
            "rand(3, 2, 4), rand(5, 2, 4), rand(5, 2, 4), attn_mask=rand(3, 5) > 0.5, need_weights=False",
            False,
            ATTENTION,
        ),
        ("weight_norm(Linear(3, 4))", "rand(2, 3)", False, 12 + 8 + 4 + 4 + 12 + 2 * 24 + 8),
        # u . (W v), the quotient; in training u and v again, each a product and a normalised vector.
        ("spectral_norm(Linear(3, 4))", "rand(2, 3)", False, 2 * (12 + 4) + 12 + 2 * 24 + 8),
        ("spectral_norm(Linear(3, 4))", "rand(2, 3)", True, 2 * (36 + 4) + 12 + 10 + 13 + 2 * 24 + 8),
    ],
)
def test_layer_by_hand(constructor: str, inputs: str, train: bool, flops: int | None) -> None:
    counts = count_layer_call(constructor, inputs, train=train)
    assert counts.run == counts.derived
    assert counts.flops == flops


@pytest.mark.parametrize(
    ("activation", "operations"),
    [("'relu'", 1), ("gelu", 5), ("F.silu", 4), ("F.logsigmoid", 5), ("exp", None)],
)
@pytest.mark.parametrize(
    ("layer", "inputs", "residuals"),
    [
        ("TransformerEncoderLayer", "rand(5, 2, 4)", 2),
        ("TransformerDecoderLayer", "rand(5, 2, 4), rand(3, 2, 4)", 3),
    ],
)
def test_a_transformers_layer_itself(
    layer: str, inputs: str, residuals: int, activation: str, operations: int | None
) -> None:
    """What has no row inside it: the residuals, and the activation of the 6 features between its linear layers."""
    counts = count_layer_call(f"{layer}(4, 2, 6, activation={activation})", inputs)
    assert counts.run == counts.derived
    own = dict(counts.derived)[""]
    assert own.flops == (None if operations is None else residuals * 40 + operations * 60)


def test_a_layer_as_activation_has_a_row_of_its_own() -> None:
    counts = count_layer_call("TransformerEncoderLayer(4, 2, 6, activation=SiLU())", "rand(5, 2, 4)")
    assert counts.run == counts.derived
    assert dict(counts.derived)[""].flops == 2 * 40
    assert dict(counts.derived)["activation"].flops == 4 * 60


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sort(self.fc(x)).values


def test_what_is_not_known_is_counted_apart() -> None:
    """In the totals, the JSON and the footer, never as 0."""
    trace = layercli.trace(Reader(), torch.rand(4, 3))
    assert (trace.totals.flops, trace.totals.flops_unknown) == (2 * 24 + 8, 1)
    totals = trace.to_dict()["totals"]
    assert (totals["flops"], totals["flops_unknown"]) == (56, 1)
    assert [row["flops"] for row in trace.to_dict()["rows"]] == [56, None]
    assert (trace.totals.macs, trace.totals.macs_unknown) == (24, 0)
