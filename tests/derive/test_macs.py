"""MACs of every operation and layer: the same by both engines, and what PyTorch counts where it does."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

import layercli
from layercli.catalogue.sizes import evaluate, make_dim
from layercli.errors import LayercliError
from tests.derive.counting import Counts, count_expression, count_layer_call
from tests.derive.test_layer_rules import LAYER_CALLS
from tests.derive.test_operation_rules import CALLS

#: What PyTorch's counter leaves out.
NOT_COUNTED = {
    "mv", "dot", "vdot", "inner", "outer", "ger", "kron", "addmv", "addr", "addbmm", "bilinear", "conv_tbc",
    "affine_grid", "Bilinear", "spectral_norm", "addmm_", "addmv_", "addr_", "addbmm_", "baddbmm_",
}  # fmt: skip
#: What depends on values, or on the kernel.
UNKNOWN = {
    "cdist", "det", "logdet", "slogdet", "inverse", "pinverse", "matrix_exp", "svd", "AdaptiveLogSoftmaxWithLoss",
    "orthogonal",
}  # fmt: skip

DRAWS = 6


@pytest.fixture(autouse=True)
def from_left_to_right() -> Iterator[None]:
    """Let einsum take its tensors in their order, also where PyTorch would choose another."""
    enabled = torch.backends.opt_einsum.enabled
    torch.backends.opt_einsum.enabled = False
    yield
    torch.backends.opt_einsum.enabled = enabled


def check(counts: Counts, name: str, text: str) -> None:
    """Both engines agree, and with PyTorch where it counts."""
    assert counts.run == counts.derived, text
    if name in UNKNOWN or "distance_function=pairwise_distance" in text:
        assert counts.unknown, text
        return
    assert not counts.unknown, text
    if name in NOT_COUNTED or counts.device == "cpu":
        assert counts.known >= counts.pytorch, text
    else:
        assert counts.known == counts.pytorch, text


# Sample calls ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({name for name, _ in CALLS}))
def test_sample_calls_of_an_operation(name: str) -> None:
    for known, text in CALLS:
        if known == name:
            check(count_expression(text), name, text)


@pytest.mark.parametrize("name", sorted({name for name, _, _ in LAYER_CALLS}))
def test_sample_calls_of_a_layer(name: str) -> None:
    for known, constructor, inputs in LAYER_CALLS:
        for train in (False, True) if known == name else ():
            try:
                counts = count_layer_call(constructor, inputs, train=train)
            except LayercliError:
                continue  # It's a sample of what is refused.
            check(counts, name, f"{constructor} on {inputs}")


# Generated shapes --------------------------------------------------------------------------------------------

#: Each capital letter is a size.
OPERATIONS = (
    "matmul(rand(A, B), rand(B, C))",
    "matmul(rand(B), rand(B, C))",
    "matmul(rand(A, C, B), rand(B, D))",
    "matmul(rand(A, 1, C, B), rand(D, B, E))",
    "matmul(rand(A, C, B), other=rand(A, B, D))",
    "rand(A, C, B) @ rand(A, B, D)",
    "mm(rand(A, B), rand(B, C))",
    "rand(A, B).mm(mat2=rand(B, C))",
    "bmm(rand(D, A, B), rand(D, B, C))",
    "addmm(rand(C), rand(A, B), rand(B, C))",
    "rand(A, C).addmm(mat1=rand(A, B), mat2=rand(B, C), beta=2)",
    "baddbmm(rand(D, 1, C), rand(D, A, B), rand(D, B, C))",
    "F.linear(rand(A, D, B), rand(C, B), rand(C))",
    "F.linear(rand(A, B), weight=rand(C, B))",
    "inner(rand(A, D, B), rand(C, B))",
    "matrix_power(rand(A, B, B), 0) + matrix_power(rand(A, B, B), 1)",
    "matrix_power(rand(A, B, B), 2) + matrix_power(rand(A, B, B), 3)",
    "matrix_power(rand(A, B, B), 13) + matrix_power(rand(A, B, B), 16)",
    "tensordot(rand(A, B, C), rand(B, C, D))",
    "tensordot(rand(A, B, C), rand(C, D), dims=1)",
    "tensordot(rand(A, B), rand(C, D), 0)",
    "tensordot(rand(A, B, C), rand(D, C, A), dims=([0, 2], [-1, 1]))",
    "tensordot(rand(A, 1, C), rand(D, B), dims=([1], [1]))",
    "einsum('ij,jk->ik', rand(A, B), rand(B, C))",
    "einsum('bij,bjk', rand(A, B, C), rand(A, C, D))",
    "einsum('bhqd,bhkd->bhqk', rand(A, B, C, D), rand(A, B, E, D))",
    "einsum('...ij,...kj->...ik', rand(A, B, C, D), rand(B, E, D))",
    "einsum('ij,jk,kl->il', rand(A, B), rand(B, C), rand(C, D))",
    "einsum('ab,bc,cd,da->', rand(A, B), rand(B, C), rand(C, D), rand(D, A))",
    "einsum('ij,jk->k', rand(2, 3), rand(3, 2)).mean() + rand(A)",
    "einsum('bi,oij,bj->bo', rand(A, B), rand(C, B, D), rand(A, D))",
    "einsum('bii->bi', rand(A, B, B))",
    "einsum('ij,ij->ij', rand(A, B), rand(A, B))",
    "einsum('ij,j->ij', rand(A, B), rand(B))",
    "F.conv1d(rand(A, 2 * B, 9), rand(2 * C, B, 3), None, 2, 1, 1, 2)",
    "F.conv2d(rand(A, B, 9, 8), rand(C, B, 3, 2), rand(C), stride=2, padding=1)",
    "F.conv2d(rand(3 * B, 9, 8), weight=rand(3 * C, B, 3, 2), groups=3, dilation=2)",
    "F.conv3d(rand(A, B, 5, 6, 7), rand(C, B, 1, 2, 3), padding='same')",
    "F.conv_transpose1d(rand(A, 2 * B, 9), rand(2 * B, C, 3), stride=2, groups=2)",
    "F.conv_transpose2d(rand(A, B, 4, 5), rand(B, C, 3, 2), output_padding=1, stride=2)",
    "F.conv_transpose3d(rand(A, B, 4, 5, 2), rand(B, C, 3, 2, 2))",
    "F.scaled_dot_product_attention(rand(A, B, C, D), rand(A, B, E, D), rand(A, B, E, D))",
    "F.scaled_dot_product_attention(rand(A, B, C, D), rand(A, B, E, D), rand(A, B, E, F))",
    "F.scaled_dot_product_attention(rand(A, C, D), rand(A, E, D), value=rand(A, E, F), is_causal=True)",
    "F.scaled_dot_product_attention(rand(A, B, C, D), rand(1, B, E, D), rand(1, B, E, D), rand(C, E))",
    "F.scaled_dot_product_attention(rand(A, 4 * B, C, D), rand(A, B, E, D), rand(A, B, E, D), enable_gqa=True)",
    "relu(rand(A, B)) + softmax(rand(A, B), -1) * rand(B)",
)
LAYERS = (
    ("Linear(A, B)", "rand(A)"),
    ("Linear(A, B, bias=False)", "rand(C, D, A)"),
    ("LazyLinear(B)", "rand(C, A)"),
    ("Conv1d(2 * A, 2 * B, 3, padding=1, groups=2)", "rand(C, 2 * A, 7)"),
    ("Conv2d(A, B, (3, 2), stride=(1, 2), bias=False)", "rand(C, A, 8, 9)"),
    ("Conv2d(3 * A, 3 * B, 3, padding='same', groups=3, padding_mode='circular')", "rand(3 * A, 8, 9)"),
    ("Conv3d(A, B, 2, dilation=2)", "rand(C, A, 4, 5, 6)"),
    ("LazyConv2d(2 * B, 3, groups=2)", "rand(C, 2 * A, 8, 9)"),
    ("ConvTranspose1d(2 * A, 2 * B, 3, groups=2, stride=2)", "rand(C, 2 * A, 7)"),
    ("ConvTranspose2d(A, B, (3, 2), stride=2)", "rand(C, A, 5, 4), output_size=(12, 9)"),
    ("ConvTranspose3d(A, B, 2, bias=False)", "rand(A, 4, 5, 6)"),
    ("LazyConvTranspose2d(2 * B, 3, groups=2)", "rand(C, 2 * A, 5, 4)"),
    ("RNN(A, B, num_layers=2)", "rand(C, D, A)"),
    ("RNN(A, B, 3, bidirectional=True, bias=False)", "rand(C, A)"),
    ("GRU(A, B)", "rand(C, D, A)"),
    ("GRU(A, B, 2, batch_first=True, bidirectional=True)", "rand(C, D, A)"),
    ("LSTM(A, B, 2)", "rand(C, D, A), (rand(2, D, B), rand(2, D, B))"),
    ("LSTM(A, B, 2, bidirectional=True)", "rand(C, D, A)"),
    ("LSTM(A, 8, proj_size=B)", "rand(C, D, A)"),
    ("LSTM(A, 8, 3, bidirectional=True, proj_size=B, batch_first=True)", "rand(C, D, A)"),
    ("RNNCell(A, B)", "rand(C, A)"),
    ("GRUCell(A, B, bias=False)", "rand(A)"),
    ("LSTMCell(A, B)", "rand(C, A)"),
    ("MultiheadAttention(2 * A, 2)", "rand(B, C, 2 * A), rand(D, C, 2 * A), rand(D, C, 2 * A)"),
    (
        "MultiheadAttention(4 * A, 4, batch_first=True)",
        "rand(C, B, 4 * A), rand(C, D, 4 * A), rand(C, D, 4 * A), need_weights=False",
    ),
    (
        "MultiheadAttention(2 * A, 2, kdim=B, vdim=E, add_bias_kv=True)",
        "key=rand(D, C, B), value=rand(D, C, E), query=rand(F, C, 2 * A)",
    ),
    (
        "MultiheadAttention(2 * A, 1, add_zero_attn=True, add_bias_kv=True, batch_first=True, bias=False)",
        "rand(B, 2 * A), rand(D, 2 * A), rand(D, 2 * A)",
    ),
    ("TransformerEncoderLayer(2 * A, 2, B, batch_first=True)", "rand(C, D, 2 * A)"),
    ("TransformerDecoderLayer(2 * A, 2, B)", "rand(C, D, 2 * A), rand(E, D, 2 * A)"),
    ("Transformer(2 * A, 2, 2, 1, B)", "rand(C, D, 2 * A), rand(E, D, 2 * A)"),
    ("Sequential(Linear(A, B), ReLU(), weight_norm(Linear(B, C)))", "rand(D, A)"),
)


def draw_sizes(generator: random.Random) -> dict[str, str]:
    return {letter: str(generator.randint(2, 7)) for letter in "ABCDEF"}


def fill(text: str, sizes: dict[str, str]) -> str:
    return re.sub(r"\b([A-F])\b(?!\.)", lambda found: sizes[found[1]], text)


@pytest.mark.parametrize("text", OPERATIONS)
def test_generated_calls_of_an_operation(text: str) -> None:
    generator = random.Random(text)
    for _ in range(DRAWS):
        call = fill(text, draw_sizes(generator))
        counts = count_expression(call)
        assert counts.device == "meta"
        check(counts, "", call)


@pytest.mark.parametrize(("constructor", "inputs"), LAYERS)
def test_generated_calls_of_a_layer(constructor: str, inputs: str) -> None:
    generator = random.Random(constructor + inputs)
    for number in range(DRAWS):
        sizes = draw_sizes(generator)
        made, given = fill(constructor, sizes), fill(inputs, sizes)
        counts = count_layer_call(made, given, train=number % 2 == 1)
        assert counts.device == "meta"
        check(counts, "", f"{made} on {given}")


# By hand -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "macs"),
    [
        ("mv(rand(2, 3), rand(3))", 2 * 3),
        ("rand(2, 3) @ rand(3)", 2 * 3),
        ("dot(rand(5), rand(5))", 5),
        ("vdot(rand(5), rand(5))", 5),
        ("inner(rand(2, 5), rand(5))", 2 * 5),
        ("inner(rand(2, 5), rand(()))", 0),
        ("outer(rand(3), rand(4))", 3 * 4),
        ("kron(rand(2, 3), rand(4, 5))", 2 * 3 * 4 * 5),
        ("rand(2, 4).addmm_(rand(2, 3), rand(3, 4))", 2 * 3 * 4),
        ("addmv(rand(2), rand(2, 3), rand(3))", 2 * 3),
        ("addr(rand(2, 3), rand(2), rand(3))", 2 * 3),
        ("addbmm(rand(2, 4), rand(5, 2, 3), rand(5, 3, 4))", 5 * 2 * 3 * 4),
        ("rand(2, 4).addbmm(batch2=rand(5, 3, 4), batch1=rand(5, 2, 3))", 5 * 2 * 3 * 4),
        ("einsum('i,j->ij', rand(3), rand(4))", 3 * 4),
        ("einsum('i,i', rand(3), rand(3))", 3),
        ("einsum('ij,jk->ik', rand(4, 1), rand(1, 7))", 4 * 7),
        ("rand(4, 1) @ rand(1, 7)", 4 * 7),
        ("einsum('ij,jk->ik', rand(4, 1), rand(5, 7))", 4 * 7),
        ("einsum('ij,jk->ik', rand(1, 1), rand(1, 7))", 7),
        ("einsum('ij,ij->ij', rand(4, 7), rand(4, 7))", 0),
        ("F.bilinear(rand(7, 3), rand(7, 4), rand(5, 3, 4), rand(5))", 7 * 5 * 3 * 4),
        ("F.conv_tbc(rand(6, 2, 3), rand(2, 3, 4), rand(4))", 5 * 2 * 4 * 2 * 3),
        ("F.affine_grid(rand(2, 2, 3), (2, 1, 4, 5))", 2 * 4 * 5 * 2 * 3),
        ("cov(rand(3, 10))", 3 * 3 * 10),
        ("F.linear_cross_entropy(rand(6, 4), rand(3, 4), randint(0, 3, (6,)))", 6 * 4 * 3),
        ("F.linear(rand(2, 3), rand(3))", 2 * 3),
        ("F.embedding(tensor([1, 2]), rand(5, 4))", 0),
    ],
)
def test_operation_by_hand(text: str, macs: int) -> None:
    counts = count_expression(text)
    assert counts.run == counts.derived
    assert (counts.known, counts.unknown) == (macs, set())


@pytest.mark.parametrize(
    ("constructor", "inputs", "macs"),
    [
        ("Bilinear(3, 4, 2)", "rand(6, 5, 3), rand(6, 5, 4)", 6 * 5 * 2 * 3 * 4),
        (
            "LinearCrossEntropyLoss(4, 3, out_features=(2,))",
            "rand(5, 4), randint(0, 3, (5, 2))",
            5 * 4 * 3 * 2,
        ),
        # Gates of input and state, and a projection, for each of both directions; the second layer reads both.
        (
            "LSTM(3, 8, 2, bidirectional=True, proj_size=5)",
            "rand(7, 2, 3)",
            7 * 2 * 2 * ((4 * 8 * (3 + 5) + 8 * 5) + (4 * 8 * (2 * 5 + 5) + 8 * 5)),
        ),
        # Four projections, of queries and the result and of keys and values, and two products of 3 by 5 by 4.
        (
            "MultiheadAttention(4, 2)",
            "rand(3, 2, 4), rand(5, 2, 4), rand(5, 2, 4)",
            2 * (2 * 3 * 4 * 4 + 2 * 5 * 4 * 4 + 2 * 3 * 5 * 4),
        ),
        # The layer, and u (W v).
        ("spectral_norm(Linear(3, 2))", "rand(4, 3)", 4 * 3 * 2 + 2 * 3 + 2),
        ("Embedding(5, 4)", "tensor([[0, 2]])", 0),
        ("BatchNorm2d(3)", "rand(1, 3, 4, 4)", 0),
        ("MaxPool2d(2)", "rand(1, 3, 4, 4)", 0),
    ],
)
def test_layer_by_hand(constructor: str, inputs: str, macs: int) -> None:
    counts = count_layer_call(constructor, inputs)
    assert counts.run == counts.derived
    assert (counts.known, counts.unknown) == (macs, set())


def test_inverse_power_is_unknown() -> None:
    assert count_expression("matrix_power(eye(3), -2)").unknown == {"matrix_power"}


# Whole models ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "macs"),
    [
        ("lenet", 322_056),
        ("resnet50", 4_089_184_256),
        ("vit-base-patch16-224", 17_563_828_224),
        ("gpt2", 1_981_231_104),
    ],
)
def test_bundled_model(model: str, macs: int) -> None:
    totals = layercli.derive(model).totals
    assert (totals.macs, totals.macs_unknown) == (macs, 0)


def test_symbols_pass_through() -> None:
    from layercli.catalogue.layers import LAYERS
    from layercli.catalogue.modules import Module
    from layercli.catalogue.tensors import Tensor as Type

    batch, height = make_dim("N", 2), make_dim("H", 9)
    layer = Module("", "Conv2d", {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "groups": 2})
    given, output = Type("float32", (batch, 4, height, 9)), Type("float32", (batch, 6, height - 2, 7))
    found = LAYERS["Conv2d"].macs(layer, output, given)
    assert found is not None
    assert evaluate(found, {"N": 3, "H": 11}) == 3 * 6 * 9 * 7 * 2 * 9


# Modules of one's own ----------------------------------------------------------------------------------------


class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.ones(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) + x @ self.scale


class _PassOn(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class _Hidden(nn.Module):
    """Computes where no operation is seen."""

    def forward(self, x: Tensor) -> Tensor:
        with torch._C.DisableTorchFunction():
            return x @ x.T


class _Scaled(nn.Linear):
    """A layer of PyTorch's with a forward of its own."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


def macs_of(model: nn.Module) -> list[tuple[str, int | None]]:
    return [(row.path, row.macs) for row in layercli.trace(model, torch.rand(2, 4)).rows]


def test_module_of_ones_own_leaves_its_macs_to_its_rows() -> None:
    assert macs_of(nn.Sequential(_Residual(), _Scaled(4, 3))) == [
        ("0", 0),
        ("0.inner", 32),
        ("0.matmul", 32),
        ("0.add", 0),
        ("1", 0),
        ("1.linear", 24),
        ("1.mul", 0),
    ]


def test_module_without_rows_inside_is_unknown() -> None:
    model = nn.Sequential(_PassOn(), _Hidden(), nn.ReLU())
    assert macs_of(model) == [("0", 0), ("1", None), ("2", 0)]
    assert layercli.trace(model, torch.rand(2, 4)).totals.macs_unknown == 1


def test_operation_that_the_catalogue_does_not_have_is_unknown() -> None:
    class Decomposed(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.linalg.qr(x)[1].exp()

    assert [row.macs for row in layercli.trace(Decomposed(), torch.rand(2, 4)).rows] == [None, 0]


def test_packed_sequence_counts_the_steps_it_has() -> None:
    packed = nn.utils.rnn.pack_padded_sequence(torch.rand(5, 2, 3), torch.tensor([5, 2]))
    assert layercli.trace(nn.GRU(3, 4), packed).totals.macs == 7 * 3 * 4 * (3 + 4)
