"""Losses: one number, or one per element, for how far a prediction is from its target."""

from __future__ import annotations

from layercli.catalogue.entries import Layer

LAYERS: tuple[Layer, ...] = (
    Layer(
        "L1Loss",
        "size_average=None, reduce=None, reduction='mean'",
        "Averages the absolute differences between prediction and target.",
    ),
    Layer(
        "MSELoss",
        "size_average=None, reduce=None, reduction='mean'",
        "Averages the squared differences between prediction and target.",
    ),
    Layer(
        "CrossEntropyLoss",
        "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', "
        "label_smoothing=0.0",
        "Gives the cross-entropy between unnormalised class scores and classes, or probabilities of classes.",
    ),
    Layer(
        "LinearCrossEntropyLoss",
        "in_features, num_classes, *, out_features=(), bias=False, dtype=None, reduction='mean', "
        "weight=None, ignore_index=None, label_smoothing=0.0, options=None",
        "Maps features to class scores by a weight of its own and gives their cross-entropy with the target.",
    ),
    Layer(
        "CTCLoss",
        "blank=0, reduction='mean', zero_infinity=False",
        "Gives the negative log-likelihood of a label sequence, summed over all its alignments with a "
        "longer sequence.",
    ),
    Layer(
        "NLLLoss",
        "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'",
        "Picks the negative log-probability of each target class.",
    ),
    Layer(
        "PoissonNLLLoss",
        "log_input=True, full=False, size_average=None, eps=1e-08, reduce=None, reduction='mean'",
        "Gives the negative log-likelihood of counts under a Poisson distribution of predicted rate.",
    ),
    Layer(
        "GaussianNLLLoss",
        "*, full=False, eps=1e-06, reduction='mean'",
        "Gives the negative log-likelihood of the target under a normal distribution of predicted mean "
        "and variance.",
    ),
    Layer(
        "KLDivLoss",
        "size_average=None, reduce=None, reduction='mean', log_target=False",
        "Gives the Kullback-Leibler divergence of the target from a prediction given as log-probabilities.",
    ),
    Layer(
        "BCELoss",
        "weight=None, size_average=None, reduce=None, reduction='mean'",
        "Gives the cross-entropy between probabilities and targets of 0 to 1, each element on its own.",
    ),
    Layer(
        "BCEWithLogitsLoss",
        "weight=None, size_average=None, reduce=None, reduction='mean', pos_weight=None",
        "Applies a sigmoid to the prediction and gives its binary cross-entropy, in one stable step.",
    ),
    Layer(
        "MarginRankingLoss",
        "margin=0.0, size_average=None, reduce=None, reduction='mean'",
        "Asks that, of two inputs, the one that the target prefers is larger by a margin.",
    ),
    Layer(
        "HingeEmbeddingLoss",
        "margin=1.0, size_average=None, reduce=None, reduction='mean'",
        "Asks that distances are small where the target is 1 and above a margin where it is -1.",
    ),
    Layer(
        "MultiLabelMarginLoss",
        "size_average=None, reduce=None, reduction='mean'",
        "Asks that the score of each true label exceeds that of each other class by 1, several labels a "
        "sample.",
    ),
    Layer(
        "HuberLoss",
        "reduction='mean', delta=1.0",
        "Is quadratic for differences below delta and delta times linear above.",
    ),
    Layer(
        "SmoothL1Loss",
        "size_average=None, reduce=None, reduction='mean', beta=1.0",
        "Is quadratic for differences below beta and linear above, with slope 1.",
    ),
    Layer(
        "SoftMarginLoss",
        "size_average=None, reduce=None, reduction='mean'",
        "Averages log(1 + exp(-target * prediction)) for targets of 1 and -1.",
    ),
    Layer(
        "MultiLabelSoftMarginLoss",
        "weight=None, size_average=None, reduce=None, reduction='mean'",
        "Averages the binary cross-entropy of unnormalised scores over all classes, several labels a sample.",
    ),
    Layer(
        "CosineEmbeddingLoss",
        "margin=0.0, size_average=None, reduce=None, reduction='mean'",
        "Asks that two vectors point the same way where the target is 1 and apart where it is -1.",
    ),
    Layer(
        "MultiMarginLoss",
        "p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction='mean'",
        "Asks that the score of the one true class exceeds that of each other class by a margin.",
    ),
    Layer(
        "TripletMarginLoss",
        "margin=1.0, p=2.0, eps=1e-06, swap=False, size_average=None, reduce=None, reduction='mean'",
        "Asks that an anchor is nearer to a positive than to a negative example by a margin, by p-norm.",
    ),
    Layer(
        "TripletMarginWithDistanceLoss",
        "*, distance_function=None, margin=1.0, swap=False, reduction='mean'",
        "Asks that an anchor is nearer to a positive than to a negative example by a margin, by a given "
        "distance.",
    ),
    Layer(
        "AdaptiveLogSoftmaxWithLoss",
        "in_features, n_classes, cutoffs, div_value=4.0, head_bias=False, *, dtype=None",
        "Gives log-probabilities of targets among very many classes, rare ones in clusters, and their loss.",
    ),
    Layer(
        "NLLLoss2d",
        "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'",
        "Is the deprecated name of NLLLoss for images.",
    ),
)
