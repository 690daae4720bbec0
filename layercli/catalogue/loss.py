"""Losses: one number, or one per element, for how far a prediction is from its target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from layercli.catalogue import loss_work, macs, work
from layercli.catalogue.arguments import FLOATS, check_dtype
from layercli.catalogue.entries import Layer
from layercli.catalogue.functions import call_function
from layercli.catalogue.modules import Child, Module, State
from layercli.catalogue.operations import loss
from layercli.catalogue.rules import expect_tensor, is_number
from layercli.catalogue.signature import BindingError, parse_signature
from layercli.catalogue.sizes import product
from layercli.catalogue.tensors import Tensor, refuse


def find_reduction(layer: Module) -> Any:
    """The layer's reduction, by its deprecated arguments where these are given."""
    given = layer.arguments
    return loss.find_reduction(given.get("size_average"), given.get("reduce"), layer.reduction)


def measure(rule: Callable[..., Any], inputs: str, *names: str) -> Callable[..., Any]:
    """The rule of a loss: an operation of its inputs, with these of the layer's arguments and weights by name.

    ``inputs`` are the names of the inputs, as in a signature; ``operands`` of the rule has them.
    """
    signature = parse_signature(inputs)

    def apply(layer: Module, *arguments: Any, **keywords: Any) -> Any:
        try:
            bound = signature.bind(layer.type, arguments, keywords)
        except BindingError as error:
            refuse(error.message.removeprefix(f"{layer.type} "), code=error.code)
        held = layer.tensors
        given = {name: held.get(name) if name in _WEIGHTS else layer.arguments[name] for name in names}
        return rule(*bound.values(), reduction=find_reduction(layer), **given)

    apply.__dict__["operands"] = tuple(item.name for item in signature.parameters)
    return apply


_WEIGHTS = ("weight", "pos_weight")


def hold_weights(layer: Module) -> Iterator[State]:
    """``weight`` and ``pos_weight`` as they are given."""
    for name in _WEIGHTS:
        given = layer.arguments.get(name)
        if given is not None:
            if not isinstance(given, Tensor):
                refuse(f"needs a tensor as {name}, not {given!r}", name, "wrong-kind")
            yield State(name, given.shape, "buffer", given.dtype)


def hold_margin_weights(layer: Module) -> Iterator[State]:
    """``weight`` as it is given, of one dimension; ``p`` is 1 or 2."""
    if layer.p not in (1, 2):
        refuse(f"only p == 1 and p == 2 are there, not {layer.p}", "p", "invalid-argument")
    for state in hold_weights(layer):
        if len(state.shape) != 1:
            refuse(f"needs a weight of one dimension and got {layer.weight!r}", "weight", "invalid-argument")
        yield state


def check_delta(layer: Module) -> Iterator[State]:
    """No parameters; ``delta`` is a number."""
    if not is_number(layer.delta):
        refuse(f"needs a number as delta, not {layer.delta!r}", "delta", "wrong-kind")
    yield from ()


def check_margin(layer: Module) -> Iterator[State]:
    """No parameters; ``margin`` is above 0."""
    if not isinstance(layer.margin, Tensor) and layer.margin <= 0:
        refuse(f"margin must be greater than 0, got {layer.margin}", "margin", "invalid-argument")
    yield from ()


# Distances -------------------------------------------------------------------------------------------------


def make_distance(layer: Module) -> Iterator[Child]:
    """The layer that measures distances: the given one, else a PairwiseDistance; none for a function."""
    given = layer.distance_function
    if given is None:
        yield Child("distance_function", "PairwiseDistance")
    elif isinstance(given, Child):
        yield given


def compare_distances(layer: Module, anchor: Any, positive: Any, negative: Any) -> Tensor:
    """(*, D) three times to what the distance gives, or one number.

    Source: torch.nn.TripletMarginWithDistanceLoss.
    """

    def measure_distance(left: Tensor, right: Tensor) -> Any:
        if "distance_function" in layer.children:
            return layer.call("distance_function", left, right)
        return call_function(layer.distance_function, left, right)

    losses = loss.compare_triplet(
        expect_tensor(anchor, "anchor"),
        expect_tensor(positive, "positive"),
        expect_tensor(negative, "negative"),
        measure_distance,
        margin=layer.margin,
        swap=layer.swap,
    )
    return loss.reduce_loss(losses, layer.reduction, others=())


# Classes ---------------------------------------------------------------------------------------------------


def hold_linear_weights(layer: Module) -> Iterator[State]:
    """``weight`` of one value for each class, as it is given."""
    smoothing = layer.label_smoothing
    if smoothing < 0 or smoothing > 1:
        refuse(f"label_smoothing must be from 0 to 1, not {smoothing}", "label_smoothing", "invalid-argument")
    if not isinstance(layer.out_features, (tuple, list)):
        refuse(
            f"needs a tuple of ints as out_features, not {layer.out_features!r}", "out_features", "wrong-kind"
        )
    for state in hold_weights(layer):
        if len(state.shape) != 1 or state.shape[0] != layer.num_classes:
            message = f"expected weight of [{layer.num_classes}], got {list(state.shape)}"
            refuse(message, "weight", "invalid-argument")
        yield state


def make_linear(layer: Module) -> Iterator[Child]:
    """The Linear whose weight maps features to the scores of all classes."""
    given = {
        "in_features": layer.in_features,
        "out_features": product((layer.num_classes, *layer.out_features)),
        "bias": layer.bias,
        "dtype": layer.arguments["dtype"],
    }
    yield Child("linear", "Linear", given)


def measure_linear(layer: Module, input: Any, target: Any) -> Tensor:
    """(N, in_features) to (N, *out_features), or one number. Source: torch.nn.LinearCrossEntropyLoss."""
    held = layer.children["linear"].tensors
    shape = (layer.num_classes, *layer.out_features)
    weight, bias = held["weight"], held.get("bias")
    return loss.cross_entropy_of_linear(
        input,
        Tensor(weight.dtype, (*shape, layer.in_features)),
        target,
        linear_bias=None if bias is None else Tensor(bias.dtype, shape),
        weight=layer.tensors.get("weight"),
        reduction=layer.reduction,
        ignore_index=layer.ignore_index,
        label_smoothing=layer.label_smoothing,
    )


def check_cutoffs(layer: Module) -> Iterator[State]:
    """No parameters of its own; the cutoffs rise from 1 or more to below the number of classes."""
    cutoffs = layer.cutoffs
    if not isinstance(cutoffs, (tuple, list)) or not cutoffs:
        refuse(f"cutoffs should be a sequence of ints, not {cutoffs!r}", "cutoffs", "invalid-argument")
    bounds = [0, *cutoffs, layer.n_classes]
    if any(int(bound) != bound for bound in cutoffs) or any(
        left >= right for left, right in pairwise(bounds)
    ):
        message = f"cutoffs should rise from 1 or more to below {layer.n_classes}, not {list(cutoffs)}"
        refuse(message, "cutoffs", "invalid-argument")
    yield from ()


def make_clusters(layer: Module) -> Iterator[Child]:
    """``head`` for the frequent classes and the clusters, ``tail`` with two maps for each cluster."""
    sizes = [*layer.cutoffs, layer.n_classes]
    dtype = layer.arguments["dtype"]

    def make_map(name: str, inner: Any, outer: Any, bias: Any = False) -> Child:
        given = {"in_features": inner, "out_features": outer, "bias": bias, "dtype": dtype}
        return Child(name, "Linear", given)

    yield make_map("head", layer.in_features, sizes[0] + len(sizes) - 1, layer.head_bias)
    clusters = []
    for place, (low, high) in enumerate(pairwise(sizes)):
        hidden = int(layer.in_features // layer.div_value ** (place + 1))
        maps = (make_map("0", layer.in_features, hidden), make_map("1", hidden, high - low))
        clusters.append(Child(str(place), "Sequential", children=maps))
    yield Child("tail", "ModuleList", children=tuple(clusters))


def measure_clusters(layer: Module, input_: Any, target_: Any) -> Any:
    """(N, in_features) and (N) to the log-probabilities of the targets, (N), and the loss, without dimensions.

    Which clusters run is up to the values of the targets, so none of them has a row.
    Source: torch.nn.AdaptiveLogSoftmaxWithLoss.
    """
    tensor, target = expect_tensor(input_, "input_"), expect_tensor(target_, "target_")
    if target.dim > 1 or tensor.dim != target.dim + 1:
        refuse(
            f"expects [N, {layer.in_features}] by [N], or one sample, and got {tensor!r} and {target!r}",
            "target_",
        )
    if target.dim == 1 and tensor.shape[0] != target.shape[0]:
        refuse(f"expects one batch size and got {tensor!r} and {target!r}", "target_")
    if tensor.shape[-1] != layer.in_features:
        refuse(f"expects {layer.in_features} features and got {tensor.shape[-1]}: {tensor!r}", "input_")
    check_dtype(tensor.dtype, frozenset({layer.dtype}), "input_", tensor)
    check_dtype(target.dtype, frozenset({"int64", "int32"}), "target_", target)
    if target.numel != 0:
        check_dtype(tensor.dtype, FLOATS, "input_", tensor)
    return Tensor(layer.dtype, target.shape), Tensor(layer.dtype, ())


LAYERS: tuple[Layer, ...] = (
    Layer(
        "L1Loss",
        "size_average=None, reduce=None, reduction='mean'",
        "Averages the absolute differences between prediction and target.",
        rule=measure(loss.measure_l1, "input, target"),
        work=loss_work.lose_of(loss_work.lose_l1),
    ),
    Layer(
        "MSELoss",
        "size_average=None, reduce=None, reduction='mean'",
        "Averages the squared differences between prediction and target.",
        rule=measure(loss.measure_mse, "input, target"),
        work=loss_work.lose_of(loss_work.lose_squares),
    ),
    Layer(
        "CrossEntropyLoss",
        "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', "
        "label_smoothing=0.0",
        "Gives the cross-entropy between unnormalised class scores and classes, or probabilities of classes.",
        state=hold_weights,
        rule=measure(loss.cross_entropy, "input, target", "weight", "ignore_index", "label_smoothing"),
        work=loss_work.lose_of(loss_work.lose_classes, "weight", "label_smoothing"),
    ),
    Layer(
        "LinearCrossEntropyLoss",
        "in_features, num_classes, *, out_features=(), bias=False, dtype=None, reduction='mean', "
        "weight=None, ignore_index=None, label_smoothing=0.0, options=None",
        "Maps features to class scores by a weight of its own and gives their cross-entropy with the target.",
        state=hold_linear_weights,
        children=make_linear,
        rule=measure_linear,
        reads="linear",
        macs=macs.map_classes,
        work=loss_work.lose_mapped_classes_of,
    ),
    Layer(
        "CTCLoss",
        "blank=0, reduction='mean', zero_infinity=False",
        "Gives the negative log-likelihood of a label sequence, summed over all its alignments with a "
        "longer sequence.",
        rule=measure(
            loss.align_labels, "log_probs, targets, input_lengths, target_lengths", "blank", "zero_infinity"
        ),
        work=work.leave_unknown,
    ),
    Layer(
        "NLLLoss",
        "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'",
        "Picks the negative log-probability of each target class.",
        state=hold_weights,
        rule=measure(loss.pick_classes, "input, target", "weight", "ignore_index"),
        work=loss_work.lose_of(loss_work.lose_picked, "weight"),
    ),
    Layer(
        "PoissonNLLLoss",
        "log_input=True, full=False, size_average=None, eps=1e-08, reduce=None, reduction='mean'",
        "Gives the negative log-likelihood of counts under a Poisson distribution of predicted rate.",
        rule=measure(loss.measure_counts, "log_input, target", "log_input", "full", "eps"),
        work=loss_work.lose_of(loss_work.lose_counts, "log_input", "full"),
    ),
    Layer(
        "GaussianNLLLoss",
        "*, full=False, eps=1e-06, reduction='mean'",
        "Gives the negative log-likelihood of the target under a normal distribution of predicted mean "
        "and variance.",
        rule=measure(loss.measure_gaussian, "input, target, var", "full", "eps"),
        work=loss_work.lose_of(loss_work.lose_gaussian, "full"),
    ),
    Layer(
        "KLDivLoss",
        "size_average=None, reduce=None, reduction='mean', log_target=False",
        "Gives the Kullback-Leibler divergence of the target from a prediction given as log-probabilities.",
        rule=measure(loss.measure_divergence, "input, target", "log_target"),
        work=loss_work.lose_of(loss_work.lose_divergence, "log_target"),
    ),
    Layer(
        "BCELoss",
        "weight=None, size_average=None, reduce=None, reduction='mean'",
        "Gives the cross-entropy between probabilities and targets of 0 to 1, each element on its own.",
        state=hold_weights,
        rule=measure(loss.measure_binary, "input, target", "weight"),
        work=loss_work.lose_of(loss_work.lose_binary, "weight"),
    ),
    Layer(
        "BCEWithLogitsLoss",
        "weight=None, size_average=None, reduce=None, reduction='mean', pos_weight=None",
        "Applies a sigmoid to the prediction and gives its binary cross-entropy, in one stable step.",
        state=hold_weights,
        rule=measure(loss.measure_binary_logits, "input, target", "weight", "pos_weight"),
        work=loss_work.lose_of(loss_work.lose_logits, "weight", "pos_weight"),
    ),
    Layer(
        "MarginRankingLoss",
        "margin=0.0, size_average=None, reduce=None, reduction='mean'",
        "Asks that, of two inputs, the one that the target prefers is larger by a margin.",
        rule=measure(loss.compare_pair, "input1, input2, target", "margin"),
        work=loss_work.lose_of(loss_work.lose_order),
    ),
    Layer(
        "HingeEmbeddingLoss",
        "margin=1.0, size_average=None, reduce=None, reduction='mean'",
        "Asks that distances are small where the target is 1 and above a margin where it is -1.",
        rule=measure(loss.measure_hinge, "input, target", "margin"),
        work=loss_work.lose_of(loss_work.lose_hinges),
    ),
    Layer(
        "MultiLabelMarginLoss",
        "size_average=None, reduce=None, reduction='mean'",
        "Asks that the score of each true label exceeds that of each other class by 1, several labels a "
        "sample.",
        rule=measure(loss.measure_label_margins, "input, target"),
        work=work.leave_unknown,
    ),
    Layer(
        "HuberLoss",
        "reduction='mean', delta=1.0",
        "Is quadratic for differences below delta and delta times linear above.",
        state=check_delta,
        rule=measure(loss.measure_huber, "input, target", "delta"),
        work=loss_work.lose_of(loss_work.lose_huber),
    ),
    Layer(
        "SmoothL1Loss",
        "size_average=None, reduce=None, reduction='mean', beta=1.0",
        "Is quadratic for differences below beta and linear above, with slope 1.",
        rule=measure(loss.measure_smooth_l1, "input, target", "beta"),
        work=loss_work.lose_of(loss_work.lose_smoothly, "beta"),
    ),
    Layer(
        "SoftMarginLoss",
        "size_average=None, reduce=None, reduction='mean'",
        "Averages log(1 + exp(-target * prediction)) for targets of 1 and -1.",
        rule=measure(loss.measure_soft_margin, "input, target"),
        work=loss_work.lose_of(loss_work.lose_softly),
    ),
    Layer(
        "MultiLabelSoftMarginLoss",
        "weight=None, size_average=None, reduce=None, reduction='mean'",
        "Averages the binary cross-entropy of unnormalised scores over all classes, several labels a sample.",
        state=hold_weights,
        rule=measure(loss.measure_labels, "input, target", "weight"),
        work=loss_work.lose_of(loss_work.lose_labels, "weight"),
    ),
    Layer(
        "CosineEmbeddingLoss",
        "margin=0.0, size_average=None, reduce=None, reduction='mean'",
        "Asks that two vectors point the same way where the target is 1 and apart where it is -1.",
        rule=measure(loss.compare_directions, "input1, input2, target", "margin"),
        work=loss_work.lose_of(loss_work.lose_directions),
    ),
    Layer(
        "MultiMarginLoss",
        "p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction='mean'",
        "Asks that the score of the one true class exceeds that of each other class by a margin.",
        state=hold_margin_weights,
        rule=measure(loss.measure_margins, "input, target", "p", "margin", "weight"),
        work=loss_work.lose_of(loss_work.lose_margins, "p", "weight"),
    ),
    Layer(
        "TripletMarginLoss",
        "margin=1.0, p=2.0, eps=1e-06, swap=False, size_average=None, reduce=None, reduction='mean'",
        "Asks that an anchor is nearer to a positive than to a negative example by a margin, by p-norm.",
        state=check_margin,
        rule=measure(loss.compare_distances, "anchor, positive, negative", "margin", "p", "eps", "swap"),
        work=loss_work.lose_of(loss_work.lose_distances, "p", "swap"),
    ),
    Layer(
        "TripletMarginWithDistanceLoss",
        "*, distance_function=None, margin=1.0, swap=False, reduction='mean'",
        "Asks that an anchor is nearer to a positive than to a negative example by a margin, by a given "
        "distance.",
        state=check_margin,
        children=make_distance,
        rule=compare_distances,
        macs=macs.measure_with,
        work=loss_work.lose_given_distances_of,
    ),
    Layer(
        "AdaptiveLogSoftmaxWithLoss",
        "in_features, n_classes, cutoffs, div_value=4.0, head_bias=False, *, dtype=None",
        "Gives log-probabilities of targets among very many classes, rare ones in clusters, and their loss.",
        state=check_cutoffs,
        children=make_clusters,
        rule=measure_clusters,
        reads="*",
        macs=macs.leave_unknown,
        work=work.leave_unknown,
    ),
    Layer(
        "NLLLoss2d",
        "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'",
        "Is the deprecated name of NLLLoss for images.",
        state=hold_weights,
        rule=measure(loss.pick_classes, "input, target", "weight", "ignore_index"),
        work=loss_work.lose_of(loss_work.lose_picked, "weight"),
    ),
)
