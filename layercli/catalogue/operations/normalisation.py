"""Normalisations."""

from __future__ import annotations

from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, Operation

OPERATIONS = (
    Operation(
        "batch_norm",
        "input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05",
        "Each channel normalised over the batch, or by running statistics outside training.",
        FUNCTIONAL,
    ),
    Operation(
        "instance_norm",
        "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, "
        "momentum=0.1, eps=1e-05",
        "Each channel of each sample normalised.",
        FUNCTIONAL,
    ),
    Operation(
        "layer_norm",
        "input, normalized_shape, weight=None, bias=None, eps=1e-05",
        "The last dimensions normalised to mean 0 and variance 1.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "rms_norm",
        "input, normalized_shape, weight=None, eps=None",
        "The last dimensions divided by their root mean square.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "group_norm",
        "input, num_groups, weight=None, bias=None, eps=1e-05",
        "Groups of channels of each sample normalised.",
        FUNCTIONAL_AND_TORCH,
    ),
    Operation(
        "local_response_norm",
        "input, size, alpha=0.0001, beta=0.75, k=1.0",
        "Each value divided by a power of the mean square of its neighbouring channels.",
        FUNCTIONAL,
    ),
    Operation(
        "normalize",
        "input, p=2.0, dim=1, eps=1e-12",
        "Vectors along `dim` divided by their p-norm.",
        FUNCTIONAL,
    ),
)
