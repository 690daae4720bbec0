"""Which PyTorch module each bundled model is held to, with the params and inputs of the comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from tests.derive.bundled import SMALLER
from tests.models import reference


@dataclass(frozen=True)
class Case:
    """One comparison of a bundled model with PyTorch.

    ``golden`` is the stem of a reference trace, ``values`` says that the model is small enough to run, so
    that the numbers are compared too; the others are compared on the meta device, without numbers.
    ``random`` marks models whose output differs from call to call.
    """

    model: str
    reference: Callable[[], nn.Module]
    inputs: Callable[[], tuple[Tensor, ...]]
    params: Mapping[str, Any] = field(default_factory=dict)
    dims: Mapping[str, int] = field(default_factory=dict)
    golden: str = ""
    values: bool = True
    random: bool = False
    train: bool = False
    parameters: int | None = None
    label: str = ""

    def __str__(self) -> str:
        return f"{self.model} {self.label}".rstrip()


def image(*shape: int) -> Callable[[], tuple[Tensor, ...]]:
    return lambda: (torch.rand(shape),)


def words(vocabulary: int, *shape: int) -> Callable[[], tuple[Tensor, ...]]:
    return lambda: (torch.randint(0, vocabulary, shape),)


def make_loss_inputs() -> tuple[Tensor, ...]:
    return (
        torch.randn(5, 5),
        torch.arange(5),
        torch.rand(5, 5),
        torch.rand(5, 5) + 0.1,
        torch.randint(0, 10, (5, 5)).float(),
        torch.randint(0, 2, (5, 5)).float(),
        torch.randint(0, 2, (5, 5)) * 2 - 1,
        torch.randn(5, 5),
        torch.randn(5, 5),
        torch.randint(0, 2, (5,)) * 2 - 1,
        torch.randn(5, 16),
        torch.randint(0, 5, (5, 8, 8)),
        torch.randn(5, 5, 8, 8),
        torch.randn(12, 5, 5),
        torch.randint(1, 5, (5, 3)),
        torch.full((5,), 12),
        torch.full((5,), 3),
    )


def make_llama(*sizes: int) -> nn.Module:
    return make_in_bfloat16(reference.LlamaForCausalLM, *sizes)


def make_in_bfloat16(make: Callable[..., nn.Module], *sizes: int) -> nn.Module:
    """A reference with parameters in bfloat16 and the frequencies in float32."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        return make(*sizes)
    finally:
        torch.set_default_dtype(before)


def make_encoder(d_model: int, nhead: int, num_layers: int, dim_feedforward: int) -> nn.Module:
    layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward, batch_first=True)
    return nn.TransformerEncoder(layer, num_layers)


def make_decoder(d_model: int, nhead: int, num_layers: int, dim_feedforward: int) -> nn.Module:
    layer = nn.TransformerDecoderLayer(d_model, nhead, dim_feedforward, batch_first=True)
    return reference.Only("decoder", nn.TransformerDecoder(layer, num_layers))


SMALL_TRANSFORMER = {"d_model": 32, "nhead": 4, "num_layers": 2, "dim_feedforward": 48}


CASES = (
    Case("tinymodel", reference.TinyModel, image(1, 100), golden="tinymodel", parameters=22_210),
    Case("linear", lambda: reference.Only("lin", nn.Linear(3, 2)), image(1, 3), parameters=8),
    Case("lenet", reference.LeNet, image(1, 1, 32, 32), golden="lenet", parameters=81_290),
    Case(
        "convolutions",
        reference.Convolutions,
        lambda: (torch.rand(1, 4, 32), torch.rand(1, 4, 32, 32), torch.rand(1, 1, 16, 16, 16)),
    ),
    Case("lstmtagger", lambda: reference.Tagger("LSTM"), words(5, 5), golden="lstmtagger", parameters=387),
    Case(
        "lstmtagger",
        lambda: reference.Tagger("LSTM", 64, 128, 10_000, 17),
        words(10_000, 12),
        params={"embedding_dim": 64, "hidden_dim": 128, "vocab_size": 10_000, "tagset_size": 17},
        dims={"T": 12},
        golden="lstmtagger-large",
        parameters=741_521,
        label="large",
    ),
    Case("rnntagger", lambda: reference.Tagger("RNN"), words(5, 5), golden="rnntagger", parameters=135),
    Case("grutagger", lambda: reference.Tagger("GRU"), words(5, 5), golden="grutagger", parameters=303),
    Case(
        "transformer",
        nn.Transformer,
        lambda: (torch.rand(10, 32, 512), torch.rand(20, 32, 512)),
        golden="transformer",
        values=False,
        parameters=44_140_544,
    ),
    Case(
        "transformer",
        lambda: nn.Transformer(64, 4, 2, 2, 128, activation="gelu", batch_first=True),
        lambda: (torch.rand(2, 10, 64), torch.rand(2, 7, 64)),
        params={
            "d_model": 64,
            "nhead": 4,
            "num_encoder_layers": 2,
            "num_decoder_layers": 2,
            "dim_feedforward": 128,
            "activation": "gelu",
            "batch_first": True,
        },
        dims={"N": 2, "T": 7},
        golden="transformer-small",
        parameters=167_680,
        label="small",
    ),
    Case(
        "transformer-encoder",
        lambda: make_encoder(512, 8, 6, 2048),
        image(2, 10, 512),
        golden="transformer-encoder",
        values=False,
        parameters=18_914_304,
    ),
    Case(
        "transformer-encoder",
        lambda: make_encoder(**SMALL_TRANSFORMER),
        image(2, 10, 32),
        params=SMALL_TRANSFORMER,
        label="small",
    ),
    Case(
        "transformer-decoder",
        lambda: make_decoder(512, 8, 6, 2048),
        lambda: (torch.rand(2, 20, 512), torch.rand(2, 10, 512)),
        golden="transformer-decoder",
        values=False,
        parameters=25_224_192,
    ),
    Case(
        "transformer-decoder",
        lambda: make_decoder(**SMALL_TRANSFORMER),
        lambda: (torch.rand(2, 20, 32), torch.rand(2, 10, 32)),
        params=SMALL_TRANSFORMER,
        label="small",
    ),
    Case("maxpool", lambda: reference.Only("maxpool", nn.MaxPool2d(3)), image(1, 6, 6), parameters=0),
    Case("minpool", lambda: reference.MinPool("maxpool", nn.MaxPool2d(3)), image(1, 6, 6), parameters=0),
    Case(
        "batchnorm",
        lambda: reference.Only("norm", nn.BatchNorm1d(4)),
        lambda: (torch.rand(1, 4, 4) * 20 + 5,),
        train=True,
        parameters=8,
    ),
    Case(
        "dropout",
        lambda: reference.TwoDropouts("dropout", nn.Dropout(0.4)),
        image(1, 4, 4),
        train=True,
        random=True,
        parameters=0,
    ),
    Case("activations", reference.Activations, lambda: (torch.randn(1, 4, 8, 8),)),
    Case("losses", reference.Losses, make_loss_inputs),
    Case(
        "resnet18",
        lambda: reference.ResNet(reference.BasicBlock, [2, 2, 2, 2]),
        image(1, 3, 224, 224),
        golden="resnet18",
        values=False,
        parameters=11_689_512,
    ),
    Case(
        "resnet18",
        lambda: reference.ResNet(reference.BasicBlock, [2, 2, 2, 2], num_classes=10),
        image(2, 3, 64, 64),
        params={"num_classes": 10},
        dims={"N": 2, "H": 64, "W": 64},
        label="small",
    ),
    Case(
        "resnet50",
        lambda: reference.ResNet(reference.Bottleneck, [3, 4, 6, 3]),
        image(1, 3, 224, 224),
        golden="resnet50",
        values=False,
        parameters=25_557_032,
    ),
    Case(
        "vit-base-patch16-224",
        reference.VisionTransformer,
        image(1, 3, 224, 224),
        golden="vit-base-patch16-224",
        values=False,
        parameters=86_567_656,
    ),
    Case(
        "vit-base-patch16-224",
        lambda: reference.VisionTransformer(32, 8, 24, 2, 3, 10),
        image(2, 3, 32, 32),
        params={
            "img_size": 32,
            "patch_size": 8,
            "embed_dim": 24,
            "depth": 2,
            "num_heads": 3,
            "num_classes": 10,
        },
        dims={"N": 2},
        label="small",
    ),
    Case(
        "gpt2",
        reference.GPT2LMHeadModel,
        words(50_257, 1, 16),
        golden="gpt2",
        values=False,
        parameters=124_439_808,
    ),
    Case(
        "gpt2",
        lambda: reference.GPT2LMHeadModel(100, 32, 24, 2, 3),
        words(100, 2, 9),
        params={"vocab_size": 100, "n_positions": 32, "n_embd": 24, "n_layer": 2, "n_head": 3},
        dims={"N": 2, "T": 9},
        label="small",
    ),
    Case(
        "bert-base",
        reference.BertModel,
        words(30_522, 1, 16),
        golden="bert-base",
        values=False,
        parameters=109_482_240,
    ),
    Case(
        "bert-base",
        lambda: reference.BertModel(100, 24, 2, 3, 48, 32),
        words(100, 2, 9),
        params={
            "vocab_size": 100,
            "hidden_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 3,
            "intermediate_size": 48,
            "max_position_embeddings": 32,
        },
        dims={"N": 2, "T": 9},
        label="small",
    ),
    Case(
        "llama-70b",
        make_llama,
        words(128_256, 1, 128),
        values=False,
        parameters=70_553_706_496,
    ),
    Case(
        "llama-70b",
        lambda: make_llama(100, 32, 48, 2, 4, 2),
        words(100, 2, 9),
        params={
            "vocab_size": 100,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
        },
        dims={"N": 2, "T": 9},
        label="small",
    ),
    Case(
        "moe-1t",
        lambda: make_in_bfloat16(reference.MoEForCausalLM, 100, 32, 24, 3, 4, 2, 16, 6, 2),
        words(100, 2, 9),
        **SMALLER["moe-1t"],
        label="small",
    ),
    Case("unet", reference.UNet, image(1, 1, 64, 64)),
    Case("residual", reference.ResidualNet, image(1, 3, 32, 32)),
)
