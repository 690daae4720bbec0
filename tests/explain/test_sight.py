"""What an output sees of the input, against the gradients of a real run: which values have one that isn't 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import layercli
from layercli.explain.session import explain_path
from layercli.trace.explanation import Sight

#: The hull of what some seeds see: a ReLU or a maximum hides values from single ones.
SEEDS = 12

#: Layers and forward of small models, with the sizes of their input.
MODELS: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "conv": ("1, 2, 16, 16", {"a": "Conv2d(2, 3, 3)", "b": "Conv2d(3, 4, 5)"}, ["b(a(x))"]),
    "stride": (
        "1, 2, 24, 24",
        {"a": "Conv2d(2, 3, 3, stride=2, padding=1)", "b": "Conv2d(3, 4, 3, stride=2, padding=1)"},
        ["b(gelu(a(x)))"],
    ),
    "dilation": (
        "1, 2, 24, 25",
        {"a": "Conv2d(2, 3, 3, dilation=2, padding=2)", "b": "Conv2d(3, 3, (3, 1), padding='same')"},
        ["b(a(x))"],
    ),
    "groups": (
        "1, 4, 12, 12",
        {"a": "Conv2d(4, 8, 3, groups=2)", "b": "Conv2d(8, 8, 1, groups=4)"},
        ["b(a(x))"],
    ),
    "pool": ("1, 1, 20, 20", {"a": "Conv2d(1, 2, 3)", "b": "AvgPool2d(3, 2, 1)"}, ["b(a(x))"]),
    "max pool": ("1, 1, 12, 12", {"a": "MaxPool2d(2)", "b": "Conv2d(1, 1, 3)"}, ["b(a(x))"]),
    "transposed": (
        "1, 2, 9, 9",
        {"a": "ConvTranspose2d(2, 3, 3, stride=2, padding=1)", "b": "Conv2d(3, 2, 3)"},
        ["b(a(x))"],
    ),
    "upsample": (
        "1, 2, 9, 9",
        {"a": "Upsample(scale_factor=2.0)", "b": "Conv2d(2, 2, 3, padding=1)"},
        ["b(a(x))"],
    ),
    "bilinear": (
        "1, 2, 9, 9",
        {"a": "Upsample(scale_factor=2.0, mode='bilinear')", "b": "Conv2d(2, 2, 3, padding=1)"},
        ["b(a(x))"],
    ),
    "bicubic": ("1, 1, 9, 9", {"a": "Upsample(scale_factor=3.0, mode='bicubic')"}, ["a(x)"]),
    "corners": ("1, 1, 9, 9", {"a": "UpsamplingBilinear2d(scale_factor=3)"}, ["a(x)"]),
    "adaptive": ("1, 1, 11, 13", {"a": "AdaptiveAvgPool2d((3, 4))"}, ["a(x)"]),
    "global": ("1, 2, 9, 9", {"a": "Conv2d(2, 3, 3)", "b": "AdaptiveAvgPool2d(1)"}, ["b(a(x))"]),
    "flatten": (
        "1, 2, 8, 8",
        {"a": "Conv2d(2, 3, 3)", "b": "Flatten()", "c": "Linear(108, 2)"},
        ["c(b(a(x)))"],
    ),
    "branches": (
        "1, 2, 16, 16",
        {"a": "Conv2d(2, 2, 3, padding=1)", "b": "Conv2d(2, 2, 5, padding=2)", "c": "Conv2d(4, 2, 1)"},
        ["c(cat((a(x), b(b(x))), dim=1))"],
    ),
    "residual": ("1, 2, 16, 16", {"a": "Conv2d(2, 2, 3, padding=1)", "c": "Identity()"}, ["c(x + a(a(x)))"]),
    "pad": ("1, 1, 12, 12", {"a": "ZeroPad2d((1, 2, 3, 0))", "b": "Conv2d(1, 1, 3)"}, ["b(a(x))"]),
    "shuffle": (
        "1, 4, 6, 6",
        {"a": "PixelShuffle(2)", "b": "Conv2d(1, 2, 3)"},
        ["b(a(x))"],
    ),
    "unshuffle": ("1, 1, 8, 8", {"a": "PixelUnshuffle(2)", "b": "Conv2d(4, 1, 1)"}, ["b(a(x))"]),
    "normalised": (
        "2, 4, 8, 8",
        {"a": "BatchNorm2d(4)", "b": "Conv2d(4, 4, 3)", "c": "GroupNorm(2, 4)"},
        ["c(b(a(x)))"],
    ),
    "instance": ("2, 4, 8, 8", {"a": "InstanceNorm2d(4)"}, ["a(x)"]),
    "layer norm": ("2, 5, 6", {"a": "LayerNorm(6)"}, ["a(x)"]),
    "softmax": ("2, 5, 6", {"a": "Softmax(1)"}, ["a(x)"]),
    "softmax without a dim": ("2, 5, 6", {"a": "Softmax()"}, ["a(x)"]),
    "sorted": ("2, 5, 6", {"a": "Linear(6, 6)", "b": "Identity()"}, ["b(a(x).sort()[0])"]),
    "reduced": ("2, 5, 6", {"a": "Linear(6, 6)", "b": "Identity()"}, ["b(a(x).mean(1, keepdim=True) + x)"]),
    "sums before": ("2, 7, 6", {"a": "Linear(6, 6)", "b": "Identity()"}, ["b(a(x).cumsum(1))"]),
    "stacked": (
        "2, 5, 6",
        {"a": "Linear(6, 6)", "b": "Identity()"},
        ["b(stack((a(x), x), dim=1).unbind(1)[0])"],
    ),
    "parts": (
        "2, 5, 6",
        {"a": "Linear(6, 6)", "b": "Identity()"},
        ["y, z = x.split([2, 3], dim=1)", "b(a(y).sum(1) * z.narrow(1, 1, 1)[:, 0])"],
    ),
    "linear": ("3, 5, 4", {"a": "Linear(4, 6)"}, ["a(x)"]),
    "slices": ("1, 2, 9, 9", {"a": "Conv2d(2, 2, 3)", "b": "Identity()"}, ["b(a(x)[:, :, 1:6:2, 2:])"]),
    "transposes": (
        "2, 3, 6, 4",
        {"a": "Linear(3, 3)", "b": "Identity()"},
        ["b(a(x.transpose(1, 3)).permute(0, 3, 1, 2))"],
    ),
    "reshaped": (
        "2, 3, 4, 4",
        {"a": "Conv2d(3, 4, 3, padding=1)", "b": "Linear(4, 4)"},
        ["b(a(x).flatten(2).transpose(1, 2))"],
    ),
    "recurrent": ("7, 2, 3", {"a": "LSTM(3, 4, 2)", "b": "Linear(4, 2)"}, ["y, _ = a(x)", "b(y)"]),
    "both ways": (
        "2, 7, 3",
        {"a": "GRU(3, 4, bidirectional=True, batch_first=True)", "b": "Linear(8, 2)"},
        ["y, _ = a(x)", "b(y)"],
    ),
    "attention": (
        "2, 5, 4",
        {"a": "MultiheadAttention(4, 2, batch_first=True)", "b": "Identity()"},
        ["b(a(x, x, x)[0])"],
    ),
    "encoder": (
        "5, 2, 4",
        {"a": "TransformerEncoderLayer(4, 2, 6, activation='gelu')", "b": "Linear(4, 2)"},
        ["b(a(x))"],
    ),
    "causal": (
        "1, 2, 7, 4",
        {"a": "Linear(4, 4)", "b": "Identity()"},
        ["b(F.scaled_dot_product_attention(a(x), a(x), a(x), is_causal=True))"],
    ),
    "products": (
        "2, 5, 4",
        {"a": "Linear(4, 4)", "b": "Identity()"},
        ["b(softmax(a(x) @ a(x).transpose(1, 2), -1) @ x)"],
    ),
    "sequences": ("2, 3, 16", {"a": "Conv1d(3, 4, 3, stride=2)", "b": "MaxPool1d(2)"}, ["b(a(x))"]),
    "volumes": ("1, 1, 6, 7, 8", {"a": "Conv3d(1, 2, (1, 2, 3))"}, ["a(x)"]),
}


def write_spec(folder: Path, name: str) -> Path:
    sizes, layers, forward = MODELS[name]
    lines = ["name: Net", f"inputs: {{x: [{sizes}]}}", "layers:"]
    lines += [f"  {layer}: {text}" for layer, text in layers.items()]
    lines += ["forward:", *(f"  - {statement}" for statement in forward)]
    path = folder / "net.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def find_gradient(path: Path, sizes: list[int], layer: str, seed: int) -> torch.Tensor:
    """Where the gradient of the middle of a layer's first output isn't 0."""
    model = layercli.build(str(path), seed=seed, mode="eval")
    outputs: list[Any] = []
    dict(model.named_modules())[layer].register_forward_hook(
        lambda module, given, output: outputs.append(output)
    )
    torch.manual_seed(seed)
    x = torch.randn(sizes, requires_grad=True)
    model(x)
    output = outputs[0]
    while not isinstance(output, torch.Tensor):
        output = output[0]
    middle = tuple((size - 1) // 2 for size in output.shape)
    (gradient,) = torch.autograd.grad(output[middle], x)
    return gradient != 0


@pytest.mark.parametrize(
    ("name", "layer"), [(name, layer) for name, (_, layers, _) in MODELS.items() for layer in layers]
)
def test_sees_what_has_a_gradient(name: str, layer: str, tmp_path: Path) -> None:
    path = write_spec(tmp_path, name)
    sizes = [int(size) for size in MODELS[name][0].split(",")]
    (sight,) = explain_path(layercli.load(str(path)), layer).calls[0].sees
    seen = torch.stack([find_gradient(path, sizes, layer, seed) for seed in range(SEEDS)]).any(0).nonzero()
    first, last = seen.min(0).values, seen.max(0).values
    assert sight.sizes is not None, sight.because
    assert list(sight.starts) == first.tolist()
    assert list(sight.sizes) == (last - first + 1).tolist()


@pytest.mark.parametrize(
    ("model", "path", "field", "step"),
    [
        ("resnet18", "conv1", 7, "2"),
        ("resnet18", "maxpool", 11, "4"),
        ("resnet18", "layer1", 43, "4"),
        ("resnet18", "layer4", 435, "32"),
        ("resnet50", "layer4", 427, "32"),
        ("unet", "bottom", 32, "4"),
    ],
)
def test_fields_of_published_models(model: str, path: str, field: int, step: str) -> None:
    """As computed by hand: each window adds its reach times the steps before it."""
    (sight,) = explain_path(layercli.load(model), path).calls[0].sees
    assert sight.field[2:] == (field, field)
    assert sight.steps[2:] == (step, step)


def test_that_nothing_is_claimed_where_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "name: Net\ninputs: {x: [2, 3]}\nlayers: {a: Identity()}\nforward:\n  - a(x.roll(1, 0))\n"
    )
    (sight,) = explain_path(layercli.load(str(path)), "a").calls[0].sees
    assert sight == Sight("", (), None, because="roll")
