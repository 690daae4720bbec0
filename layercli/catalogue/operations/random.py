"""Operations that draw from the seeded generator: creation, sampling, dropout."""

from __future__ import annotations

from layercli.catalogue.entries import FUNCTIONAL, FUNCTIONAL_AND_TORCH, TENSOR, TORCH, Operation

OPERATIONS = (
    Operation(
        "rand",
        "*size, dtype=None, device=None",
        "Evenly drawn numbers from 0 up to 1.",
        TORCH,
        creates=True,
        random=True,
    ),
    Operation(
        "randn",
        "*size, dtype=None, device=None",
        "Normally drawn numbers, mean 0, deviation 1.",
        TORCH,
        creates=True,
        random=True,
    ),
    Operation(
        "randint",
        "low=0, high=None, size=None, *, dtype=int64, device=None",
        "Drawn whole numbers from `low` (0 where left out) up to but without `high`.",
        TORCH,
        creates=True,
        random=True,
    ),
    Operation(
        "randperm",
        "n, *, dtype=int64, device=None",
        "The numbers from 0 to n - 1 in drawn order.",
        TORCH,
        creates=True,
        random=True,
    ),
    Operation(
        "normal",
        "mean, std, size, *, dtype=None, device=None",
        "Normally drawn numbers of the given mean and deviation.",
        TORCH,
        creates=True,
        random=True,
    ),
    Operation(
        "rand_like",
        "input, *, dtype=None, device=None",
        "Evenly drawn numbers from 0 up to 1, in the shape of the input.",
        TORCH,
        random=True,
    ),
    Operation(
        "randn_like",
        "input, *, dtype=None, device=None",
        "Normally drawn numbers in the shape of the input.",
        TORCH,
        random=True,
    ),
    Operation(
        "randint_like",
        "input, low=0, high=None, *, dtype=None, device=None",
        "Drawn whole numbers in the shape of the input.",
        TORCH,
        random=True,
    ),
    # Sampling
    Operation(
        "bernoulli", "input, p=None", "0 or 1, drawn with the chance of 1 that each value gives.", random=True
    ),
    Operation(
        "multinomial",
        "input, num_samples, replacement=False",
        "Indices drawn with the weights in each row.",
        random=True,
    ),
    Operation("poisson", "input", "Counts drawn with the rate that each value gives.", TORCH, random=True),
    Operation(
        "binomial", "count, prob", "Successes drawn of `count` trials of chance `prob`.", TORCH, random=True
    ),
    Operation("normal_", "mean=0, std=1", "Fills with normally drawn numbers.", TENSOR, random=True),
    Operation("uniform_", "from_=0, /, to=1", "Fills with evenly drawn numbers.", TENSOR, random=True),
    Operation(
        "bernoulli_", "p=0.5", "Fills with 0 or 1, drawn with the chance `p` of 1.", TENSOR, random=True
    ),
    Operation("random_", "from_=0, to=None, /", "Fills with drawn whole numbers.", TENSOR, random=True),
    Operation("exponential_", "lambd=1", "Fills with exponentially drawn numbers.", TENSOR, random=True),
    Operation(
        "log_normal_", "mean=1, std=2", "Fills with numbers whose logarithm is normal.", TENSOR, random=True
    ),
    Operation(
        "cauchy_", "median=0, sigma=1", "Fills with numbers of a Cauchy distribution.", TENSOR, random=True
    ),
    Operation(
        "geometric_", "p", "Fills with the number of trials up to a first success.", TENSOR, random=True
    ),
    # Dropout
    Operation(
        "dropout",
        "input, p=0.5, training=True, inplace=False",
        "Zeroes elements with chance `p` and scales the others by 1 / (1 - p).",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, p, train",
        random=True,
    ),
    Operation(
        "dropout1d",
        "input, p=0.5, training=True, inplace=False",
        "Zeroes whole channels of sequences with chance `p`.",
        FUNCTIONAL,
        random=True,
    ),
    Operation(
        "dropout2d",
        "input, p=0.5, training=True, inplace=False",
        "Zeroes whole channels of images with chance `p`.",
        FUNCTIONAL,
        random=True,
    ),
    Operation(
        "dropout3d",
        "input, p=0.5, training=True, inplace=False",
        "Zeroes whole channels of volumes with chance `p`.",
        FUNCTIONAL,
        random=True,
    ),
    Operation(
        "alpha_dropout",
        "input, p=0.5, training=False, inplace=False",
        "Dropout that keeps mean and deviation, for SELU.",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, p, train",
        random=True,
    ),
    Operation(
        "feature_alpha_dropout",
        "input, p=0.5, training=False, inplace=False",
        "Dropout of whole channels that keeps mean and deviation, for SELU.",
        FUNCTIONAL_AND_TORCH,
        in_torch="input, p, train",
        random=True,
    ),
)
