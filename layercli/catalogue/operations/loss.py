"""Losses."""

from __future__ import annotations

from layercli.catalogue.entries import FUNCTIONAL, Operation

OPERATIONS = (
    Operation(
        "l1_loss",
        "input, target, size_average=None, reduce=None, reduction='mean', weight=None",
        "The absolute difference.",
        FUNCTIONAL,
    ),
    Operation(
        "mse_loss",
        "input, target, size_average=None, reduce=None, reduction='mean', weight=None",
        "The squared difference.",
        FUNCTIONAL,
    ),
    Operation(
        "smooth_l1_loss",
        "input, target, size_average=None, reduce=None, reduction='mean', beta=1.0",
        "The squared difference below `beta`, the absolute one above.",
        FUNCTIONAL,
    ),
    Operation(
        "huber_loss",
        "input, target, reduction='mean', delta=1.0, weight=None",
        "The squared difference below `delta`, delta times the absolute one above.",
        FUNCTIONAL,
    ),
    Operation(
        "cross_entropy",
        "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', "
        "label_smoothing=0.0",
        "The negative logarithm of softmax at the target class, or against class shares.",
        FUNCTIONAL,
    ),
    Operation(
        "linear_cross_entropy",
        "input, linear_weight, target, *, linear_bias=None, weight=None, reduction='mean', ignore_index=None, "
        "label_smoothing=0.0",
        "The cross entropy of a linear layer's output.",
        FUNCTIONAL,
    ),
    Operation(
        "nll_loss",
        "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'",
        "The negative of the log-probability at the target class.",
        FUNCTIONAL,
    ),
    Operation(
        "binary_cross_entropy",
        "input, target, weight=None, size_average=None, reduce=None, reduction='mean'",
        "The cross entropy of a probability and a target from 0 to 1.",
        FUNCTIONAL,
    ),
    Operation(
        "binary_cross_entropy_with_logits",
        "input, target, weight=None, size_average=None, reduce=None, reduction='mean', pos_weight=None",
        "The cross entropy of a logit's sigmoid and a target from 0 to 1.",
        FUNCTIONAL,
    ),
    Operation(
        "kl_div",
        "input, target, size_average=None, reduce=None, reduction='mean', log_target=False",
        "The Kullback-Leibler divergence of log-probabilities from a target distribution.",
        FUNCTIONAL,
    ),
    Operation(
        "poisson_nll_loss",
        "input, target, log_input=True, full=False, size_average=None, eps=1e-08, reduce=None, "
        "reduction='mean'",
        "The negative log-likelihood of counts with a Poisson rate.",
        FUNCTIONAL,
    ),
    Operation(
        "gaussian_nll_loss",
        "input, target, var, full=False, eps=1e-06, reduction='mean'",
        "The negative log-likelihood of targets with a normal distribution.",
        FUNCTIONAL,
    ),
    Operation(
        "ctc_loss",
        "log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', zero_infinity=False",
        "Connectionist temporal classification: the negative log-probability of all alignments.",
        FUNCTIONAL,
    ),
    Operation(
        "hinge_embedding_loss",
        "input, target, margin=1.0, size_average=None, reduce=None, reduction='mean'",
        "The distance where the target is 1, max(0, margin - distance) where it is -1.",
        FUNCTIONAL,
    ),
    Operation(
        "margin_ranking_loss",
        "input1, input2, target, margin=0, size_average=None, reduce=None, reduction='mean'",
        "max(0, margin - target * (input1 - input2)).",
        FUNCTIONAL,
    ),
    Operation(
        "soft_margin_loss",
        "input, target, size_average=None, reduce=None, reduction='mean'",
        "log(1 + exp(-target * input)).",
        FUNCTIONAL,
    ),
    Operation(
        "multi_margin_loss",
        "input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction='mean'",
        "The hinge loss of every other class against the target class.",
        FUNCTIONAL,
    ),
    Operation(
        "multilabel_margin_loss",
        "input, target, size_average=None, reduce=None, reduction='mean'",
        "The hinge loss of every other class against each target class.",
        FUNCTIONAL,
    ),
    Operation(
        "multilabel_soft_margin_loss",
        "input, target, weight=None, size_average=None, reduce=None, reduction='mean'",
        "The mean over the classes of the cross entropy of each class on its own.",
        FUNCTIONAL,
    ),
    Operation(
        "cosine_embedding_loss",
        "input1, input2, target, margin=0, size_average=None, reduce=None, reduction='mean'",
        "1 - cosine where the target is 1, max(0, cosine - margin) where it is -1.",
        FUNCTIONAL,
    ),
    Operation(
        "triplet_margin_loss",
        "anchor, positive, negative, margin=1.0, p=2, eps=1e-06, swap=False, size_average=None, reduce=None, "
        "reduction='mean'",
        "max(0, distance to the positive - distance to the negative + margin).",
        FUNCTIONAL,
    ),
    Operation(
        "triplet_margin_with_distance_loss",
        "anchor, positive, negative, *, margin=1.0, swap=False, reduction='mean'",
        "The triplet loss with the Euclidean distance.",
        FUNCTIONAL,
    ),
)
