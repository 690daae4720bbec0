"""The PyTorch class that each spec of ``ok/`` stands for, by the spec's name.

They are written as a person would write them without layercli, so that names, initialisation order and results
are PyTorch's own. ``example`` gives the inputs where the spec's expressions for them are compared, too.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations


class Named(nn.Sequential):
    """A Sequential with names, which prints as one."""

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name)

    def __init__(self, **layers: nn.Module) -> None:
        super().__init__(OrderedDict(layers))

    def _get_name(self) -> str:
        return "Sequential"


# Names -----------------------------------------------------------------------------------------------------


class Unnamed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(100, 200)
        self.activation = nn.ReLU()
        self.linear2 = nn.Linear(200, 10)
        self.softmax = nn.Softmax()

    def forward(self, x: Tensor) -> Tensor:
        return self.softmax(self.linear2(self.activation(self.linear1(x))))


class NamesKept(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.self = nn.Linear(4, 4)
        self.layer = nn.Linear(4, 4)
        self.LayerNorm = nn.LayerNorm(4)
        self.output = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.LayerNorm(self.layer(self.self(x))))


class NamesParamAndLayer(nn.Module):
    def __init__(self, dropout: float = 0.25, relu: int = 4) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.relu = nn.Linear(relu, relu)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.relu(x))


class NamesLocalFirst(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        norm = self.norm(x)
        return self.norm(norm) + norm


class NamesLayerBeforeParam(nn.Module):
    def __init__(self, scale: float = 3.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((4,), scale))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.scale


class NamesLayerBeforeFunction(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.LeakyReLU(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(-x) + functional.relu(-x)


class GELU(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class NamesBlockBeforeClass(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.quick = GELU()
        self.exact = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        return self.exact(self.quick(x))


class NamesPrefixes(nn.Module):
    def __init__(self, power: int = 2) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.ones(4))
        self.shift = nn.Buffer(torch.zeros(4))
        self.power = power

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = functional.relu(self.a(x)) ** self.power
        x = functional.gelu(self.b(x)) * self.scale + self.shift
        x = torch.cat([x, x], dim=1).to(torch.float64)
        return x, (x * 100).to(torch.long)


class NamesMath(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x * math.sqrt(2.0) + math.pi
        y = y / math.log(10.0) - math.exp(1.0)
        y = y.reshape(math.ceil(1.5), math.floor(4.5))
        return y.masked_fill(y > 0.5, -math.inf)


class NamesFunctions(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = torch.stack([functional.softmax(x, dim=1), torch.tanh(x)])
        y = functional.layer_norm(y, (4,), eps=1e-3)
        return functional.pad(y, (1, 1), value=2.0).unsqueeze(0)


class NamesBuiltinsPlain(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        total = max(2, 3) + min([4, 2]) + sum([1, 2]) + math.prod([2, 3]) + abs(-1) + round(2.6) + len((1, 2))
        factor = total + int(2.5) + float(2) + math.sqrt(16) + max(x.shape)
        several = [0, 1, 2, 5, 6]
        pairs = [a * b + i for i, (a, b) in enumerate(zip(several, range(1, 4), strict=False))]
        return x * factor + sum(several) + 1 + sum(pairs)


class NamesBuiltinsTensors(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Any:
        values, indices = torch.max(x, dim=1)
        total = torch.max(x) + torch.min(x) + torch.sum(x) + torch.prod(x)
        rounded = torch.round(torch.sqrt(torch.abs(x)))
        return values, indices, total, rounded, sum([x, y]), torch.sum(x, 1) * len(x)


class Narrow(nn.Module):
    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.width = width
        self.fc = nn.Linear(2 * width, width)

    def forward(self, y: Tensor) -> Tensor:
        return self.fc(y) * self.width


class NamesBlocksApart(nn.Module):
    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.narrow = Narrow()

    def forward(self, x: Tensor) -> Tensor:
        return self.narrow(self.fc(x))


# params, dims, inputs --------------------------------------------------------------------------------------


class ParamsKinds(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, [3, 3], padding=1, padding_mode="circular", bias=False)  # type: ignore[arg-type]
        self.norm = nn.BatchNorm2d(4, 1e-3)
        self.act = nn.GELU()
        self.out = nn.Conv2d(4, 16, 3, padding="valid")

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.act(self.norm(self.conv(x))))


class Head(nn.Module):
    def __init__(self, features: int, classes: int = 3) -> None:
        super().__init__()
        self.fc = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x)


class ParamsRequired(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.head = Head(width)
        self.again = Head(features=3, classes=width)

    def forward(self, x: Tensor) -> Tensor:
        return self.again(self.head(x))


class ParamsSet(nn.Module):
    def __init__(
        self,
        dim: int,
        ff: int,
        slope: float,
        act: Callable[[], nn.Module],
        mode: Any,
        kernel: tuple[int, int],
        bias: bool,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(dim, ff, kernel, padding=1, padding_mode=mode, bias=bias)
        self.act = act()
        self.leak = nn.LeakyReLU(slope)

    def forward(self, x: Tensor) -> Tensor:
        return self.leak(self.act(self.conv(x)))


class DimsSizes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        n, t, _ = x.shape
        x = self.fc(x).reshape(n * t, 4)
        return x + torch.arange(n * t).unsqueeze(1)


class DimsLoop(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros(x.shape[0], 5)
        states = []
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            states.append(h)
        return torch.stack(states, dim=1)


class DimsFromInput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.fc(x) + y


class InputsSizes(nn.Module):
    def forward(self, x: Tensor, scale: Tensor) -> Tensor:
        return x * scale

    def example(self) -> dict[str, Any]:
        return {"x": torch.rand(2, 3, 6, dtype=torch.float64), "scale": torch.rand((), dtype=torch.float64)}


class InputsExpressions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 3)

    def forward(
        self,
        sentence: Tensor,
        shifted: Tensor,
        mask: Tensor,
        positions: Tensor,
        segments: Tensor,
        noise: Tensor,
    ) -> Tensor:
        x = self.embedding(sentence) + noise + positions[:, None] + segments.unsqueeze(1)
        return shifted.masked_fill(~mask, 0.0) @ x

    def example(self) -> dict[str, Any]:
        return {
            "sentence": torch.randint(0, 5, (4,)),
            "shifted": torch.rand(1, 4, 4) * 20 + 5,
            "mask": torch.ones(4, 4).tril().bool(),
            "positions": torch.arange(4),
            "segments": torch.zeros(4, dtype=torch.int64),
            "noise": torch.randn(4, 3).abs(),
        }


class InputsStructures(nn.Module):
    def forward(
        self,
        pair: tuple[Tensor, Tensor],
        several: list[Tensor],
        named: dict[str, Tensor],
        scale: float,
        times: int,
        flag: bool,
        mask: Tensor | None,
    ) -> Any:
        x, y = pair
        if mask is not None:
            x = x * mask
        z = (x + y + several[1]) * scale if flag else x
        return [z * times, *several], named["a"] + named["b"]

    def example(self) -> dict[str, Any]:
        return {
            "pair": (torch.rand(2, 3), torch.zeros(2, 3)),
            "several": [torch.rand(2, 3), torch.ones(2, 3)],
            "named": {"a": torch.rand(2, 3), "b": torch.rand(2, 1)},
            "scale": 0.5,
            "times": 3,
            "flag": True,
            "mask": None,
        }


class InputsReplaced(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 2)

    def forward(self, sentence: Tensor, x: Tensor) -> Tensor:
        return self.embedding(sentence) + x

    def example(self) -> dict[str, Any]:
        return {"sentence": torch.randint(0, 5, (4,)), "x": torch.rand(4, 2) * 10}


# layers ----------------------------------------------------------------------------------------------------


class LayersList(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 2, 3),
            nn.ReLU(),
            nn.Sequential(nn.Conv2d(2, 2, 1), nn.Tanh(), nn.Tanh()),
            Named(down=nn.MaxPool2d(2), flat=nn.Flatten()),
        )


class LayersCalls(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 6, num_layers=2, batch_first=True, bidirectional=True)
        layer = nn.TransformerEncoderLayer(12, 2, 16, activation=functional.gelu, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.conv = nn.Conv1d(5, 5, 3, padding=1, padding_mode="reflect")
        self.pool = nn.AdaptiveAvgPool1d((4,))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, (h, c) = self.lstm(x)
        return self.pool(self.conv(self.encoder(x))), h, c


class Residual(nn.Module):
    def __init__(self, dim: int = 4) -> None:
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.fc(x)


class LayersProduct(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(*(Residual(4) for _ in range(3)))
        self.tail = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.tail(self.body(x))


class LayersProductSpliced(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 8), nn.ReLU())
        self.heads = nn.ModuleList([nn.Linear(8, 2), nn.Linear(8, 3), nn.Linear(8, 3)])
        self.more = nn.ModuleList([nn.Linear(8, 1), nn.Linear(8, 1)])

    def forward(self, x: Tensor) -> Any:
        x = self.body(x)
        return tuple(head(x) for head in self.heads), [layer(x) for layer in self.more]


class LayersContainers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.row = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 4)))
        self.unpacked = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Tanh())
        self.listed = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.named = nn.ModuleDict({"box": nn.Linear(4, 2), "label": nn.Linear(4, 3)})
        self.given = nn.ModuleDict(
            {"left": nn.Linear(4, 2), "right": nn.Sequential(nn.Linear(4, 2), nn.ReLU())}
        )
        self.comprehended = nn.ModuleDict({f: nn.Linear(4, 1) for f in ("one", "two")})

    def forward(self, x: Tensor) -> Any:
        x = self.unpacked(self.row(x))
        for layer in self.listed:
            x = layer(x)
        box, label = self.named["box"](x), self.named["label"](x)
        return box, label, self.given["right"](x) + self.given["left"](x), self.comprehended["two"](x)


class Dense(nn.Module):
    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(features, growth, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(x)], 1)


class LayersGenerator(nn.Module):
    def __init__(self, growth: int = 2) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(Dense(4 + i * growth, growth) for i in range(3)))
        self.odd = nn.ModuleList([nn.Conv2d(10, 1, 1), nn.Conv2d(10, 3, 1)])

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.dense(x)
        return [layer(x) for layer in self.odd]


class Unit(nn.Module):
    def __init__(self, planes: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(planes, planes, 3, stride, 1)
        self.downsample = nn.Conv2d(planes, planes, 1, stride) if stride != 1 else None

    def forward(self, x: Tensor) -> Tensor:
        identity = x
        if self.downsample is not None:
            identity = self.downsample(x)
        return self.conv(x) + identity


class LayersChoice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.plain = Unit(4)
        self.strided = Unit(4, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.strided(self.plain(x))


class LayersParameters(nn.Module):
    def __init__(self, dim: int = 4) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.position = nn.Parameter(torch.zeros(1, 4, dim))
        self.scale = nn.Parameter(torch.rand(dim) * 0.02 + 1, requires_grad=False)
        self.mask = nn.Buffer(torch.ones(4, 4).tril())
        self.bias = nn.Buffer(torch.arange(4).float(), persistent=False)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1)
        return self.mask @ self.norm(x + self.position) * self.scale + self.bias


class LayersParameterLists(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(2, 3))])
        self.named = nn.ParameterDict(
            {"left": nn.Parameter(torch.zeros(3)), "right": nn.Parameter(torch.ones(1))}
        )

    def forward(self, x: Tensor) -> Tensor:
        for scale in self.scales:
            x = x * scale
        return x + self.named["left"] * self.named["right"] + self.scales[1]


class LayersWrapped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = parametrizations.spectral_norm(nn.Conv2d(3, 4, 3))
        self.flatten = nn.Flatten()
        self.fc = parametrizations.weight_norm(nn.Linear(144, 8))
        self.turn = parametrizations.orthogonal(nn.Linear(8, 8, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        x = self.turn(self.fc(self.flatten(self.conv(x))))
        return x @ self.fc.weight.mean(1)


class LayersMapping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = Named(conv=nn.Conv2d(1, 4, 3), inner=Named(norm=nn.BatchNorm2d(4), act=nn.ReLU()))
        self.tail = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 2, 1))
        self.pool = Named(avg=nn.AvgPool2d(2), flatten=nn.Flatten())

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.tail(self.features.inner(self.features.conv(x))))


class Scale(nn.Module):
    def __init__(self, by: float, name: str) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: Tensor) -> Tensor:
        return x * self.by


class LayersLongForm(nn.Module):
    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, width, (3, 3), padding=1, padding_mode="circular")
        self.again = nn.Conv2d(width, width, 3, padding="same", bias=False)
        self.scale = Scale(0.1, "anything")

    def forward(self, x: Tensor) -> Tensor:
        return self.scale(self.again(self.conv(x)))


class Wide(nn.Module):
    def __init__(self, dim: int, act: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.fc = nn.Linear(dim, 2 * dim)
        self.act = act()
        self.out = nn.Linear(2 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.act(self.fc(x)))


class LayersClassValues(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Wide(4)
        self.second = Wide(4, act=nn.Tanh)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


# forward ---------------------------------------------------------------------------------------------------


class ForwardRunning(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.encoder = Named(conv=nn.Linear(4, 4))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        functional.relu(self.fc(x))
        a = torch.tanh(y)
        return self.encoder.conv(self.layers[1](functional.gelu(self.fc(a))))


class ForwardRunningLocal(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        a = torch.tanh(x)
        self.fc(y)
        torch.sigmoid(a)
        return torch.exp(torch.abs(a))


class ForwardList(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 8)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.fc(x).chunk(2, dim=1)
        a += b
        return b * a + x


class ForwardListReturn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        self.fc(x)
        y = torch.softmax(self.fc(x), -1)
        return {"logits": self.fc(x), "probabilities": y}


class ForwardInPlace(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = x.clone()
        y = x
        x += 1
        x *= 2
        x -= y / 8
        x /= 3
        return x, y * 9


class ForwardLoops(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
        self.norms = nn.ModuleList([nn.LayerNorm(4) for _ in range(3)])
        self.heads = nn.ModuleDict({"a": nn.Linear(4, 2), "b": nn.Linear(4, 3)})
        self.stack = nn.Sequential(nn.ReLU(), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        for i in range(2):
            x = self.layers[i](x) * i
        for i, layer in enumerate(self.layers, 1):
            x = x + i * layer(x)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = norm(layer(x))
        for layer in self.stack:
            x = layer(x)
        for a, b in ((1, 2), (3, 4)):
            x = x * a - b
        for n in (0.5, 0.25):
            x = x / n
        parts = []
        for name, head in self.heads.items():
            parts.append(head(x) if name == "a" else head(-x))
        for head in self.heads.values():
            parts.append(head(x))
        for name in self.heads:
            parts.append(self.heads[name](x))
        return torch.cat(parts, 1)


class ForwardBranches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = self.norm(self.fc(x)) * 2
        return x if mask is None else x + mask


class ForwardTraining(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(x)
        if self.training:
            x = self.dropout(x)
        return functional.dropout(x, 0.5, self.training)


class ForwardAssert(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x)


class ForwardAppend(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = [x]
        for layer in self.layers:
            x = layer(x)
            features.append(x)
        return torch.stack(features[1:], dim=1).sum(1), features[-1]


class ForwardPasted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(4)])

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers[2](self.layers[0](x))
        return functional.relu(x) + torch.tanh(x)


class ForwardReturnTuple(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 6)
        self.attention = nn.MultiheadAttention(4, 2)

    def forward(self, x: Tensor) -> Any:
        out, state = self.lstm(x)
        return out, state, self.attention(x, x, x, need_weights=False), (x,), None


class ForwardReturnDict(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> dict[str, Any]:
        x = self.fc(x)
        return {"logits": x, "hidden": (x, x * 2), "loss": None}


class ForwardReturnDictCall(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> dict[str, Any]:
        return {"logits": self.fc(x), "inner": {"x": x}}


# Expressions -----------------------------------------------------------------------------------------------


class ExpressionsArithmetic(nn.Module):
    def forward(self, x: Tensor, n: Tensor) -> Any:
        y = x + 1 - 2 * x / 3 + x**2
        z = 2 - x + 1 / x + 2**x - x * y
        w = n // 2 + n % 3 + 7 // n + 7 % n
        bits = n & 3 | 4 ^ n
        flags = ~(x > 1.5) & (y < 3.0)
        return -y, +z, w, bits, flags, (7 // 2 + 7 % 4 - 2**3 * 1.5) / 2 * x


class ExpressionsComparisons(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Any:
        larger = (x > y) | (x == y)
        smaller = (x <= 0.5) & (y <= 0.25) & (x != 0)
        return torch.where(larger, x, y), smaller, x < y


class ExpressionsLiterals(nn.Module):
    def forward(self, x: Tensor) -> Any:
        parts = [x, x.mean(dim=1, keepdim=True).expand(2, 4)]
        return torch.cat([*parts, x], dim=1), x.sum(dim=0, keepdim=True), 1e-3 * x


class ExpressionsSubscripts(nn.Module):
    def forward(self, x: Tensor, index: Tensor) -> Any:
        first = x[0] + x[-1]
        last = x[..., -1]
        middle = x[:, 1:3, ::2]
        wider = x[:, None, 0]
        both = x[1:, :, None, ...]
        picked = x[index]
        inner = x[:, index] + x[:, index, 0].unsqueeze(-1)
        return first, last, middle, wider, both, picked, inner, x[(0, 1)], 4 * x[0, 0, 0]


class ExpressionsMatmul(nn.Module):
    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        scores = q @ k.transpose(-2, -1) / math.sqrt(k.size(-1))
        mask = torch.ones(3, 5).tril() == 0
        return torch.softmax(scores.masked_fill(mask, float("-inf")), dim=-1) @ k


class ExpressionsComprehensions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])

    def forward(self, x: Tensor) -> Any:
        outputs = [layer(x) for layer in self.layers]
        even = [outputs[i] for i in range(3) if i % 2 == 0]
        named = {name: value * 2 for name, value in zip(["a", "b"], even, strict=True)}
        total = sum([layer(x) for layer in self.layers])
        return torch.stack(even), named, total * 2


class ExpressionsPaths(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.heads = nn.ModuleDict({"box": nn.Linear(4, 2)})
        self.encoder = Named(conv=nn.Linear(4, 4), inner=Named(fc=nn.Linear(4, 4)))
        self.fc = nn.Linear(4, 4, bias=False)

    def forward(self, x: Tensor) -> Any:
        first: Any
        last: Any
        first, last = self.layers
        box: Any = self.heads["box"]
        x = first(x) + last(x)
        x = self.encoder.conv(x) + self.encoder.inner.fc(x) + self.encoder.inner.fc(x)
        x = last(x)
        y = functional.linear(x, self.fc.weight, first.bias) @ self.fc.weight.T
        return box(y), box.bias * 2, self.fc.weight


class ExpressionsMethods(nn.Module):
    def forward(self, x: Tensor) -> Any:
        n, t, d = x.size()
        a = x.view(n, -1).T + x.flatten(1).t()
        b = x.transpose(1, 2).contiguous().view(n, d, t).permute(0, 2, 1)
        c, rest = torch.split(x, [1, 2], dim=1)
        mean = x.mean(dim=(1, 2), keepdim=True).squeeze(-1)
        values, indices = x.max(dim=1)
        total, filled = b.sum(), x.masked_fill(x > 0.5, 0.0).mT
        return a, total, c, rest, mean, values, indices, filled, x.shape[0] * x.numel()


class ExpressionsRandom(nn.Module):
    def forward(self, x: Tensor) -> Any:
        noise = torch.randn_like(x) + torch.rand(2, 4)
        kept = functional.dropout(x, 0.5)
        return noise, kept, torch.bernoulli(x), torch.rand_like(x) * torch.randint(0, 9, (2, 4))


class ExpressionsDevices(nn.Module):
    def forward(self, x: Tensor, i: Tensor) -> Any:
        positions = torch.arange(x.size(1), dtype=torch.long)
        start = torch.zeros(x.shape[0], 4)
        wide = torch.ones(4, dtype=torch.float64) + i.to(dtype=x.dtype) + i.to(torch.float64)
        return positions, start + x, wide, i.type_as(x) + i.float(), x.half().to(torch.bfloat16)


class ExpressionsUnpacked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 3)

    def forward(self, x: Tensor) -> Any:
        a, b, c = torch.chunk(x, 3)
        q, k = (part.contiguous() for part in torch.split(x, 2, dim=-1))
        _, (h, state) = self.lstm(x.unsqueeze(1))
        out, _ = self.lstm(x.unsqueeze(1), (h, state))
        values, indices = torch.topk(x, 2)
        return a + b * c, q - k, h + state, out, values, indices, a


# Rows ------------------------------------------------------------------------------------------------------


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.add = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.fc(x)) + 1
        return functional.relu(self.add(x))


class RowsNumbering(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.relu_2 = nn.ReLU()
        self.inner = Inner()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(x)
        x = functional.relu(x)
        x = self.relu_2(functional.relu(x))
        x = functional.relu(x)
        x += x[0] * 2
        x = self.inner(-x @ x.T @ x)
        return self.inner(x[:, :]) + x.T.T


class RowsCalls(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.inner = Named(a=nn.Linear(4, 4), b=nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(self.inner(self.fc(self.fc(x))))


class RowsNeverCalled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.spare = nn.Linear(4, 2)
        self.unused = Named(a=nn.Linear(4, 1), b=nn.ReLU())
        self.mask = nn.Buffer(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x)


class RowsTuples(nn.Module):
    def forward(self, x: Tensor) -> Any:
        parts = x.unbind(0)
        pair = torch.split(x, 2, dim=1)
        found = x.max(dim=1)
        return parts, pair[0], found[0], torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")


# blocks and imports ----------------------------------------------------------------------------------------


class ConvUnit(nn.Module):
    def __init__(
        self, features: int, out: int, kernel: int = 3, act: Callable[..., nn.Module] = nn.ReLU
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(features, out, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(out)
        self.act = act(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))


class BlocksCalled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = ConvUnit(2, 4)
        self.b = ConvUnit(4, 4, kernel=1, act=nn.SiLU)
        self.c = nn.Sequential(ConvUnit(4, 2), ConvUnit(2, 2), ConvUnit(2, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.c(self.b(self.a(x)))


class Leaf(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.fc(x))


class Outer(nn.Module):
    def __init__(self, dim: int, depth: int = 2) -> None:
        super().__init__()
        self.inner = nn.Sequential(*(Leaf(dim) for _ in range(depth)))
        self.last = Leaf(dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.inner(x)) + x


class BlocksNested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.outer = nn.Sequential(Outer(4), Outer(4))
        self.more = Outer(4, depth=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.more(self.outer(x))


class Mlp(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.up = nn.Linear(dim, 2 * dim)
        self.act = nn.GELU()
        self.down = nn.Linear(2 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.act(self.up(x)))


class Twice(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + x


class Listed(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(4, 4), nn.ReLU())


class BlocksInOrder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mlp = Mlp(4)
        self.twice = Twice()
        self.listed = Listed()

    def forward(self, x: Tensor) -> Tensor:
        return self.listed(self.twice(self.mlp(x)))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Linear(4, 4)

    def forward(self, x: Tensor, mask: Tensor | None = None, scale: float = 0.5) -> Tensor:
        scores = self.proj(x) @ x.transpose(1, 2) * scale
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -1e9)
        return torch.softmax(scores, -1) @ x


class BlocksInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.plain = Attention()
        self.masked = Attention()

    def forward(self, x: Tensor) -> Tensor:
        mask = torch.ones(3, 3).tril()
        return self.masked(self.plain(x), mask=mask, scale=2.0) + self.masked(self.plain(x, None), mask)


class Coder(nn.Module):
    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, 4)
        self.norm = nn.LayerNorm(4).requires_grad_(False)
        self.head = nn.Linear(4, words, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.embedding(x)))


class BlocksTieFreeze(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Coder(5)
        self.second = Coder(5)

    def forward(self, x: Tensor) -> Tensor:
        return self.first(x) + self.second(x)


class Scaled(nn.Module):
    def __init__(self, factor: float = 2.0) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


class ImportedResidual(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.scaled = Scaled()
        self.fc = nn.Linear(dim, dim)

    def _get_name(self) -> str:
        return "Residual"

    def forward(self, x: Tensor) -> Tensor:
        return x + self.fc(self.scaled(x))


class Deep(nn.Module):
    def __init__(self, depth: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(*(ImportedResidual(4) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class ImportsBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = ImportedResidual(4)
        self.two = Scaled(factor=0.5)
        self.three = Deep(depth=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.three(self.two(self.one(x)))


class Language(nn.Module):
    def __init__(self, words: int = 5, width: int = 4) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.fc = nn.Linear(width, width).requires_grad_(False)
        self.head = nn.Linear(width, words, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.fc(self.embedding(tokens)))


class ImportsSpec(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = Language(width=6)
        self.large = Language()
        self.words = TieWeights()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.model(x) + self.large(tokens=x), self.words(x)


# tie, freeze, dtype, mode, YAML ----------------------------------------------------------------------------


class TieWeights(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(7, 4)
        first, second = nn.Linear(4, 4), nn.Linear(4, 4)
        second.weight = first.weight
        self.body = nn.Sequential(first, second)
        self.lm_head = nn.Linear(4, 7, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.lm_head(self.body(self.wte(x)))


class FreezeGlobs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = Named(a=nn.Linear(4, 4), b=nn.Linear(4, 4)).requires_grad_(False)
        self.scale = nn.Parameter(torch.zeros(4), requires_grad=False)
        self.head = nn.Linear(4, 2)
        self.head.bias.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x) * self.scale)


class DtypeDefault(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4, dtype=torch.bfloat16)
        self.scale = nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
        self.wide = nn.Buffer(torch.zeros(4))

    def forward(self, x: Tensor, n: Tensor) -> Any:
        return self.fc(x) * self.scale + torch.ones(4, dtype=torch.bfloat16) + n, x.float() + self.wide

    def example(self) -> dict[str, Any]:
        return {"x": torch.rand(2, 4, dtype=torch.bfloat16), "n": torch.arange(4)}


class ModeTrain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.dropout = nn.Dropout(0.4)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.norm(x))


class YamlQuotes(nn.Module):
    def __init__(self, width: int = 4, pair: tuple[int, int] = (1, 2)) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, pair)
        self.act = nn.ReLU()
        self.long = nn.Sequential(nn.Conv2d(width, width, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return self.long(self.act(x[:, :4]))


class YamlWords(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.on = nn.Linear(4, 4, bias=False)
        self.off = nn.LayerNorm(4, 1e-3, bias=False)
        self.no = nn.LayerNorm(4, 1e-5, True)
        self.y = nn.Linear(4, 10)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        self.no(self.off(self.on(x)))
        return self.y(self.no(y))


class ForwardFunctionFlags(nn.Module):
    def __init__(self, last: bool = False) -> None:
        super().__init__()
        self.last = last
        self.norm = nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.dropout(x, 0.5, self.training)
        x = functional.dropout(self.norm(x), p=0.1, training=self.training)
        return x.sum(-1, self.last or self.training)
