"""The bundled models as plain PyTorch classes, in the way that each is usually written in Python."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class TinyModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(100, 200)
        self.activation = nn.ReLU()
        self.linear2 = nn.Linear(200, 10)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.softmax(self.linear2(self.activation(self.linear1(x))))


class Only(nn.Module):
    """One layer under one name, applied to the input."""

    def __init__(self, name: str, layer: nn.Module) -> None:
        super().__init__()
        self.add_module(name, layer)
        self.only = name

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.get_submodule(self.only)(*inputs)


class MinPool(Only):
    def forward(self, *inputs: Tensor) -> Tensor:
        return -super().forward(-inputs[0])


class TwoDropouts(Only):
    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        return super().forward(*inputs), super().forward(*inputs)


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 3)
        self.fc1 = nn.Linear(576, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.view(x.size(0), -1)))
        return self.fc3(F.relu(self.fc2(x)))


class Convolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1d = nn.Conv1d(4, 8, kernel_size=3)
        self.conv2d = nn.Conv2d(4, 6, kernel_size=5)
        self.tuple_kernel = nn.Conv2d(4, 6, kernel_size=(3, 5))
        self.strided = nn.Conv2d(4, 6, kernel_size=3, stride=2)
        self.padded = nn.Conv2d(4, 6, kernel_size=(3, 5), padding=(1, 2))
        self.same = nn.Conv2d(4, 6, kernel_size=5, padding="same", padding_mode="circular")
        self.dilated = nn.Conv2d(4, 6, kernel_size=3, dilation=2)
        self.grouped = nn.Conv2d(4, 8, kernel_size=3, groups=4, bias=False)
        self.conv3d = nn.Conv3d(1, 4, kernel_size=3)

    def forward(self, signal: Tensor, image: Tensor, volume: Tensor) -> dict[str, Tensor]:
        result = {"conv1d": self.conv1d(signal)}
        for name in ("conv2d", "tuple_kernel", "strided", "padded", "same", "dilated", "grouped"):
            result[name] = self.get_submodule(name)(image)
        result["conv3d"] = self.conv3d(volume)
        return result


class Tagger(nn.Module):
    """``recurrent`` names the class of the recurrent layer, and in lower case its attribute."""

    def __init__(
        self,
        recurrent: str,
        embedding_dim: int = 6,
        hidden_dim: int = 6,
        vocab_size: int = 5,
        tagset_size: int = 3,
    ) -> None:
        super().__init__()
        self.attribute = recurrent.lower()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.add_module(self.attribute, getattr(nn, recurrent)(embedding_dim, hidden_dim))
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

    def forward(self, sentence: Tensor) -> Tensor:
        embeds = self.word_embeddings(sentence)
        hidden, _ = self.get_submodule(self.attribute)(embeds.view(len(sentence), 1, -1))
        return F.log_softmax(self.hidden2tag(hidden.view(len(sentence), -1)), dim=1)


class Activations(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.celu = nn.CELU()
        self.elu = nn.ELU()
        self.gelu = nn.GELU()
        self.glu = nn.GLU(1)
        self.hardshrink = nn.Hardshrink()
        self.hardsigmoid = nn.Hardsigmoid()
        self.hardswish = nn.Hardswish()
        self.hardtanh = nn.Hardtanh()
        self.leaky_relu = nn.LeakyReLU()
        self.log_sigmoid = nn.LogSigmoid()
        self.log_softmax = nn.LogSoftmax(1)
        self.mish = nn.Mish()
        self.attention = nn.MultiheadAttention(64, 8, batch_first=True)
        self.prelu = nn.PReLU(4)
        self.rrelu = nn.RReLU()
        self.relu = nn.ReLU()
        self.relu6 = nn.ReLU6()
        self.selu = nn.SELU()
        self.silu = nn.SiLU()
        self.sigmoid = nn.Sigmoid()
        self.softmax = nn.Softmax(1)
        self.softmax2d = nn.Softmax2d()
        self.softmin = nn.Softmin(1)
        self.softplus = nn.Softplus()
        self.softshrink = nn.Softshrink()
        self.softsign = nn.Softsign()
        self.tanh = nn.Tanh()
        self.tanhshrink = nn.Tanhshrink()
        self.threshold = nn.Threshold(0.1, 20)

    def forward(self, x: Tensor) -> dict[str, Tensor | tuple[Tensor, Tensor]]:
        sequence = x.reshape(x.size(0), 4, 64)
        return {
            name: layer(*(3 * [sequence] if name == "attention" else [x]))
            for name, layer in self.named_children()
        }


class Losses(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.l1 = nn.L1Loss()
        self.mse = nn.MSELoss()
        self.cross_entropy = nn.CrossEntropyLoss(label_smoothing=0.1)
        self.ctc = nn.CTCLoss()
        self.nll = nn.NLLLoss()
        self.nll_2d = nn.NLLLoss2d()
        self.poisson_nll = nn.PoissonNLLLoss()
        self.gaussian_nll = nn.GaussianNLLLoss()
        self.kl_div = nn.KLDivLoss(reduction="batchmean")
        self.bce = nn.BCELoss()
        self.bce_with_logits = nn.BCEWithLogitsLoss()
        self.margin_ranking = nn.MarginRankingLoss(margin=0.5)
        self.hinge_embedding = nn.HingeEmbeddingLoss()
        self.multilabel_margin = nn.MultiLabelMarginLoss()
        self.huber = nn.HuberLoss(delta=0.5)
        self.smooth_l1 = nn.SmoothL1Loss()
        self.soft_margin = nn.SoftMarginLoss()
        self.multilabel_soft_margin = nn.MultiLabelSoftMarginLoss()
        self.cosine_embedding = nn.CosineEmbeddingLoss()
        self.multi_margin = nn.MultiMarginLoss()
        self.triplet_margin = nn.TripletMarginLoss()
        self.triplet_margin_with_distance = nn.TripletMarginWithDistanceLoss(
            distance_function=F.pairwise_distance
        )
        self.linear_cross_entropy = nn.LinearCrossEntropyLoss(16, 5)
        self.adaptive_log_softmax = nn.AdaptiveLogSoftmaxWithLoss(16, 5, [2, 4])

    def forward(
        self,
        scores: Tensor,
        labels: Tensor,
        values: Tensor,
        variances: Tensor,
        counts: Tensor,
        yes_or_no: Tensor,
        signs: Tensor,
        other: Tensor,
        third: Tensor,
        pair_signs: Tensor,
        features: Tensor,
        label_image: Tensor,
        image_scores: Tensor,
        frames: Tensor,
        transcripts: Tensor,
        frame_counts: Tensor,
        transcript_lengths: Tensor,
    ) -> dict[str, Tensor | tuple[Tensor, Tensor]]:
        one_label = torch.full_like(scores, -1, dtype=torch.long)
        one_label[:, 0] = labels
        arguments: dict[str, tuple[Tensor, ...]] = {
            "l1": (scores, values),
            "mse": (scores, values),
            "cross_entropy": (image_scores, label_image),
            "ctc": (frames.log_softmax(-1), transcripts, frame_counts, transcript_lengths),
            "nll": (scores.log_softmax(1), labels),
            "nll_2d": (image_scores.log_softmax(1), label_image),
            "poisson_nll": (scores, counts),
            "gaussian_nll": (scores, values, variances),
            "kl_div": (scores.log_softmax(1), other.softmax(1)),
            "bce": (scores.sigmoid(), values),
            "bce_with_logits": (scores, values),
            "margin_ranking": (scores[:, 0], other[:, 0], pair_signs),
            "hinge_embedding": (scores, signs),
            "multilabel_margin": (scores, one_label),
            "huber": (scores, values),
            "smooth_l1": (scores, values),
            "soft_margin": (scores, signs),
            "multilabel_soft_margin": (scores, yes_or_no),
            "cosine_embedding": (scores, other, pair_signs),
            "multi_margin": (scores, labels),
            "triplet_margin": (scores, other, third),
            "triplet_margin_with_distance": (scores, other, third),
            "linear_cross_entropy": (features, labels),
            "adaptive_log_softmax": (features, labels),
        }
        return {name: self.get_submodule(name)(*given) for name, given in arguments.items()}


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = make_downsample(in_channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU()
        self.downsample = make_downsample(in_channels, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


def make_downsample(in_channels: int, channels: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and in_channels == channels:
        return None
    return nn.Sequential(nn.Conv2d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))


class ResNet(nn.Module):
    def __init__(
        self, block: type[BasicBlock] | type[Bottleneck], depths: list[int], num_classes: int = 1000
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = 64
        for stage, depth in enumerate(depths):
            layer = nn.Sequential()
            for index in range(depth):
                layer.append(block(channels, 64 << stage, 2 if stage and not index else 1))
                channels = block.expansion * (64 << stage)
            self.add_module(f"layer{stage + 1}", layer)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in (1, 2, 3, 4):
            x = self.get_submodule(f"layer{stage}")(x)
        return self.fc(self.avgpool(x).squeeze(-1).squeeze(-1))


def attend(query: Tensor, key: Tensor, value: Tensor, causal: bool = False) -> Tensor:
    """Attention in full: softmax(query @ key.T / sqrt(head size)) @ value over the last two dimensions."""
    scores = query @ key.transpose(-2, -1) / query.size(-1) ** 0.5
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, float("-inf"))
    return scores.softmax(-1) @ value


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(N, T, heads * size) to (N, heads, T, size)."""
    batch, length, width = x.shape
    return x.view(batch, length, heads, width // heads).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """(N, heads, T, size) to (N, T, heads * size)."""
    return x.transpose(1, 2).flatten(2)


class PatchEmbed(nn.Module):
    def __init__(self, patch_size: int, embed_dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, embed_dim, patch_size, patch_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x).flatten(2).mT


class Attention(nn.Module):
    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (split_heads(part, self.num_heads) for part in self.qkv(x).chunk(3, -1))
        return self.proj_drop(self.proj(join_heads(attend(q, k, v))))


class Mlp(nn.Module):
    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.act = nn.GELU()
        self.drop1 = nn.Dropout(0.0)
        self.fc2 = nn.Linear(hidden_dim, dim)
        self.drop2 = nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop2(self.fc2(self.drop1(self.act(self.fc1(x)))))


class Block(nn.Module):
    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, num_heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, 4 * dim)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(
        self,
        img_size: int = 224,
        patch_size: int = 16,
        embed_dim: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.randn(1, (img_size // patch_size) ** 2 + 1, embed_dim))
        self.patch_embed = PatchEmbed(patch_size, embed_dim)
        self.pos_drop = nn.Dropout(0.0)
        self.blocks = nn.Sequential(*(Block(embed_dim, num_heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head_drop = nn.Dropout(0.0)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.repeat(x.size(0), 1, 1), x], 1) + self.pos_embed
        x = self.norm(self.blocks(self.pos_drop(x)))
        return self.head(self.head_drop(x.select(1, 0)))


class Conv1D(nn.Module):
    def __init__(self, nf: int, nx: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(nx, nf).normal_(std=0.02))
        self.bias = nn.Parameter(torch.zeros(nf))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.T, self.bias)


class GPT2Attention(nn.Module):
    def __init__(self, n_embd: int, n_head: int, dropout: float) -> None:
        super().__init__()
        self.n_head = n_head
        self.c_attn = Conv1D(3 * n_embd, n_embd)
        self.c_proj = Conv1D(n_embd, n_embd)
        self.resid_dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (split_heads(part, self.n_head) for part in self.c_attn(x).chunk(3, -1))
        return self.resid_dropout(self.c_proj(join_heads(attend(q, k, v, causal=True))))


class GPT2MLP(nn.Module):
    def __init__(self, n_embd: int, dropout: float) -> None:
        super().__init__()
        self.c_fc = Conv1D(4 * n_embd, n_embd)
        self.c_proj = Conv1D(n_embd, 4 * n_embd)
        self.act = nn.GELU(approximate="tanh")
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.c_proj(self.act(self.c_fc(x))))


class GPT2Block(nn.Module):
    def __init__(self, n_embd: int, n_head: int, dropout: float) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(n_embd)
        self.attn = GPT2Attention(n_embd, n_head, dropout)
        self.ln_2 = nn.LayerNorm(n_embd)
        self.mlp = GPT2MLP(n_embd, dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT2Model(nn.Module):
    def __init__(
        self, vocab_size: int, n_positions: int, n_embd: int, n_layer: int, n_head: int, dropout: float
    ) -> None:
        super().__init__()
        self.wte = nn.Embedding(vocab_size, n_embd)
        self.wpe = nn.Embedding(n_positions, n_embd)
        self.drop = nn.Dropout(dropout)
        self.h = nn.ModuleList(GPT2Block(n_embd, n_head, dropout) for _ in range(n_layer))
        self.ln_f = nn.LayerNorm(n_embd)

    def forward(self, input_ids: Tensor) -> Tensor:
        positions = torch.arange(input_ids.size(-1), device=input_ids.device)[None]
        x = self.drop(self.wte(input_ids) + self.wpe(positions))
        for block in self.h:
            x = block(x)
        return self.ln_f(x)


class GPT2LMHeadModel(nn.Module):
    def __init__(
        self,
        vocab_size: int = 50257,
        n_positions: int = 1024,
        n_embd: int = 768,
        n_layer: int = 12,
        n_head: int = 12,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.transformer = GPT2Model(vocab_size, n_positions, n_embd, n_layer, n_head, dropout)
        self.lm_head = nn.Linear(n_embd, vocab_size, bias=False)
        self.lm_head.weight = self.transformer.wte.weight

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.lm_head(self.transformer(input_ids))


class BertEmbeddings(nn.Module):
    position_ids: Tensor
    token_type_ids: Tensor

    def __init__(self, vocab_size: int, hidden_size: int, max_positions: int, dropout: float) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, hidden_size, padding_idx=0)
        self.position_embeddings = nn.Embedding(max_positions, hidden_size)
        self.token_type_embeddings = nn.Embedding(2, hidden_size)
        self.LayerNorm = nn.LayerNorm(hidden_size, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("position_ids", torch.arange(max_positions)[None], persistent=False)
        self.register_buffer(
            "token_type_ids", torch.zeros(1, max_positions, dtype=torch.long), persistent=False
        )

    def forward(self, input_ids: Tensor) -> Tensor:
        length = input_ids.size(1)
        x = self.word_embeddings(input_ids)
        x = x + self.token_type_embeddings(self.token_type_ids[:, :length])
        x = x + self.position_embeddings(self.position_ids[:, :length])
        return self.dropout(self.LayerNorm(x))


class BertSelfAttention(nn.Module):
    def __init__(self, hidden_size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (split_heads(project(x), self.heads) for project in (self.query, self.key, self.value))
        return join_heads(attend(q, k, v))


class BertOutput(nn.Module):
    def __init__(self, in_size: int, hidden_size: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(in_size, hidden_size)
        self.LayerNorm = nn.LayerNorm(hidden_size, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(residual + self.dropout(self.dense(x)))


class BertSelfOutput(BertOutput):
    pass


class BertAttention(nn.Module):
    def __init__(self, hidden_size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.self = BertSelfAttention(hidden_size, heads)
        self.output = BertSelfOutput(hidden_size, hidden_size, dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.self(x), x)


class BertIntermediate(nn.Module):
    def __init__(self, hidden_size: int, intermediate_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, intermediate_size)
        self.intermediate_act_fn = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        return self.intermediate_act_fn(self.dense(x))


class BertLayer(nn.Module):
    def __init__(self, hidden_size: int, heads: int, intermediate_size: int, dropout: float) -> None:
        super().__init__()
        self.attention = BertAttention(hidden_size, heads, dropout)
        self.intermediate = BertIntermediate(hidden_size, intermediate_size)
        self.output = BertOutput(intermediate_size, hidden_size, dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.attention(x)
        return self.output(self.intermediate(x), x)


class BertEncoder(nn.Module):
    def __init__(
        self, hidden_size: int, depth: int, heads: int, intermediate_size: int, dropout: float
    ) -> None:
        super().__init__()
        self.layer = nn.ModuleList(
            BertLayer(hidden_size, heads, intermediate_size, dropout) for _ in range(depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layer:
            x = layer(x)
        return x


class BertPooler(nn.Module):
    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.activation = nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.dense(x.select(1, 0)))


class BertModel(nn.Module):
    def __init__(
        self,
        vocab_size: int = 30522,
        hidden_size: int = 768,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 12,
        intermediate_size: int = 3072,
        max_position_embeddings: int = 512,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.embeddings = BertEmbeddings(vocab_size, hidden_size, max_position_embeddings, dropout)
        self.encoder = BertEncoder(
            hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, dropout
        )
        self.pooler = BertPooler(hidden_size)

    def forward(self, input_ids: Tensor) -> dict[str, Tensor]:
        x = self.encoder(self.embeddings(input_ids))
        return {"last_hidden_state": x, "pooler_output": self.pooler(x)}


class LlamaRotaryEmbedding(nn.Module):
    inv_freq: Tensor

    def __init__(self, head_dim: int, theta: float) -> None:
        super().__init__()
        exponents = torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim
        self.register_buffer("inv_freq", 1 / theta**exponents, persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        positions = torch.arange(x.size(1), dtype=torch.float32, device=x.device)
        angles = torch.outer(positions, self.inv_freq).repeat(1, 2)
        return angles.cos().to(x.dtype), angles.sin().to(x.dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (i, i + half) of the last dimension by its angle."""
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin


class LlamaAttention(nn.Module):
    def __init__(self, hidden_size: int, heads: int, key_value_heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.key_value_heads = key_value_heads
        narrow = hidden_size // heads * key_value_heads
        self.q_proj = nn.Linear(hidden_size, hidden_size, bias=False)
        self.k_proj = nn.Linear(hidden_size, narrow, bias=False)
        self.v_proj = nn.Linear(hidden_size, narrow, bias=False)
        self.o_proj = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        group = self.heads // self.key_value_heads
        q = rotate(split_heads(self.q_proj(x), self.heads), cos, sin)
        k = rotate(split_heads(self.k_proj(x), self.key_value_heads), cos, sin)
        v = split_heads(self.v_proj(x), self.key_value_heads)
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        return self.o_proj(join_heads(attend(q, k, v, causal=True)))


class LlamaMLP(nn.Module):
    def __init__(self, hidden_size: int, intermediate_size: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.up_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.down_proj = nn.Linear(intermediate_size, hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class LlamaDecoderLayer(nn.Module):
    def __init__(self, hidden_size: int, intermediate_size: int, heads: int, key_value_heads: int) -> None:
        super().__init__()
        self.self_attn = LlamaAttention(hidden_size, heads, key_value_heads)
        self.mlp = LlamaMLP(hidden_size, intermediate_size)
        self.input_layernorm = nn.RMSNorm(hidden_size, eps=1e-5)
        self.post_attention_layernorm = nn.RMSNorm(hidden_size, eps=1e-5)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class LlamaModel(nn.Module):
    def __init__(
        self,
        vocab_size: int,
        hidden_size: int,
        intermediate_size: int,
        depth: int,
        heads: int,
        key_value_heads: int,
        rope_theta: float,
    ) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(vocab_size, hidden_size)
        self.layers = nn.ModuleList(
            LlamaDecoderLayer(hidden_size, intermediate_size, heads, key_value_heads) for _ in range(depth)
        )
        self.norm = nn.RMSNorm(hidden_size, eps=1e-5)
        self.rotary_emb = LlamaRotaryEmbedding(hidden_size // heads, rope_theta)

    def forward(self, input_ids: Tensor) -> Tensor:
        x = self.embed_tokens(input_ids)
        cos, sin = self.rotary_emb(x)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)


class LlamaForCausalLM(nn.Module):
    def __init__(
        self,
        vocab_size: int = 128256,
        hidden_size: int = 8192,
        intermediate_size: int = 28672,
        num_hidden_layers: int = 80,
        num_attention_heads: int = 64,
        num_key_value_heads: int = 8,
        rope_theta: float = 500000.0,
    ) -> None:
        super().__init__()
        self.model = LlamaModel(
            vocab_size,
            hidden_size,
            intermediate_size,
            num_hidden_layers,
            num_attention_heads,
            num_key_value_heads,
            rope_theta,
        )
        self.lm_head = nn.Linear(hidden_size, vocab_size, bias=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.lm_head(self.model(input_ids))


class Expert(LlamaMLP):
    pass


class SparseMLP(nn.Module):
    """Each token's best experts, each expert's best tokens; what is left of a share is filled up and counts nothing."""

    def __init__(self, hidden_size: int, intermediate_size: int, experts: int, chosen: int) -> None:
        super().__init__()
        self.chosen = chosen
        self.gate = nn.Linear(hidden_size, experts, bias=False)
        self.experts = nn.ModuleList(Expert(hidden_size, intermediate_size) for _ in range(experts))

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.reshape(-1, x.size(-1))
        scores = self.gate(tokens).float().softmax(-1)
        order = scores.argsort(dim=-1, descending=True)
        kept = torch.zeros_like(scores).scatter(-1, order[:, : self.chosen], 1.0) * scores
        kept = kept / kept.sum(-1, keepdim=True)
        share = math.ceil(len(tokens) * self.chosen / len(self.experts))
        y = torch.zeros_like(tokens)
        for index, expert in enumerate(self.experts):
            places = kept[:, index].argsort(descending=True)[:share]
            y[places] += expert(tokens[places]) * kept[places, index, None].to(x.dtype)
        return y.view(x.shape)


class MoEAttention(nn.Module):
    def __init__(self, hidden_size: int, heads: int, key_value_heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.key_value_heads = key_value_heads
        self.q_proj = nn.Linear(hidden_size, heads * head_dim, bias=False)
        self.k_proj = nn.Linear(hidden_size, key_value_heads * head_dim, bias=False)
        self.v_proj = nn.Linear(hidden_size, key_value_heads * head_dim, bias=False)
        self.o_proj = nn.Linear(heads * head_dim, hidden_size, bias=False)
        self.q_norm = nn.RMSNorm(head_dim, eps=1e-6)
        self.k_norm = nn.RMSNorm(head_dim, eps=1e-6)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        group = self.heads // self.key_value_heads
        q = self.q_norm(self.q_proj(x).unflatten(-1, (self.heads, -1))).transpose(1, 2)
        k = self.k_norm(self.k_proj(x).unflatten(-1, (self.key_value_heads, -1))).transpose(1, 2)
        v = split_heads(self.v_proj(x), self.key_value_heads)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        return self.o_proj(join_heads(attend(q, k, v, causal=True)))


class MoERotaryEmbedding(LlamaRotaryEmbedding):
    pass


class MoEDecoderLayer(nn.Module):
    def __init__(self, hidden_size: int, intermediate_size: int, *sizes: int) -> None:
        super().__init__()
        heads, key_value_heads, head_dim, experts, chosen = sizes
        self.self_attn = MoEAttention(hidden_size, heads, key_value_heads, head_dim)
        self.mlp = SparseMLP(hidden_size, intermediate_size, experts, chosen)
        self.input_layernorm = nn.RMSNorm(hidden_size, eps=1e-6)
        self.post_attention_layernorm = nn.RMSNorm(hidden_size, eps=1e-6)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class MoEModel(nn.Module):
    def __init__(
        self, vocab_size: int, hidden_size: int, intermediate_size: int, depth: int, *sizes: int
    ) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(vocab_size, hidden_size)
        self.layers = nn.ModuleList(
            MoEDecoderLayer(hidden_size, intermediate_size, *sizes) for _ in range(depth)
        )
        self.norm = nn.RMSNorm(hidden_size, eps=1e-6)
        self.rotary_emb = MoERotaryEmbedding(sizes[2], 500000.0)

    def forward(self, input_ids: Tensor) -> Tensor:
        x = self.embed_tokens(input_ids)
        cos, sin = self.rotary_emb(x)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)


class MoEForCausalLM(nn.Module):
    def __init__(self, vocab_size: int, hidden_size: int, *sizes: int) -> None:
        super().__init__()
        self.model = MoEModel(vocab_size, hidden_size, *sizes)
        self.lm_head = nn.Linear(hidden_size, vocab_size, bias=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.lm_head(self.model(input_ids))


class DoubleConv(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()


class UNet(nn.Module):
    def __init__(self, in_channels: int = 1, num_classes: int = 2, width: int = 16) -> None:
        super().__init__()
        self.down1 = DoubleConv(in_channels, width)
        self.down2 = DoubleConv(width, 2 * width)
        self.bottom = DoubleConv(2 * width, 4 * width)
        self.pool = nn.MaxPool2d(2)
        self.up2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, 2)
        self.merge2 = DoubleConv(4 * width, 2 * width)
        self.up1 = nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.merge1 = DoubleConv(2 * width, width)
        self.head = nn.Conv2d(width, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip1 = self.down1(x)
        skip2 = self.down2(self.pool(skip1))
        x = self.bottom(self.pool(skip2))
        x = self.merge2(torch.cat([skip2, self.up2(x)], 1))
        x = self.merge1(torch.cat([skip1, self.up1(x)], 1))
        return self.head(x)


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class ResidualNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.body = nn.Sequential(*(Residual(16) for _ in range(3)))
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(F.relu(self.stem(x))).mean((-1, -2)))
