"""Every sentence of docs/tutorial.md: what states a fact is tested here, by its own words.

The outputs in it are held by ``test_docs.py``. Truth is PyTorch's: what a sentence says of a layer is tried on the
layer of ``torch.nn``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
from torch import Tensor, nn

import layercli
from layercli.cli.main import main
from layercli.trace import TensorType, Trace
from tests.docs.documents import ROOT

TUTORIAL = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")

#: Sentences that state nothing which could be tried here: what PyTorch's page does, and where to look.
OTHER = {
    "PyTorch's tutorial [Building Models with PyTorch]"
    "(https://docs.pytorch.org/tutorials/beginner/introyt/modelsyt_tutorial.html) writes each model as a Python class "
    "and prints what it wants to see.",
    "This page goes through it in the same order.",
    "For each cell it gives the layercli command that shows the same, with its real output.",
    "As a spec it is:",
    "`inputs` says what one call is given.",
    "The class doesn't say this, and a trace needs it.",
    "The tutorial loops over `tinymodel.parameters()` and prints each.",
    "They are many, and a line of three dots stands for those left out here:",
    "`requires_grad=True` at the end says that training changes them.",
    "The tutorial makes `Linear(3, 2)`, gives it one row of three random numbers, and prints input, weight, bias and "
    "output.",
    "The tutorial names two other recurrent layers, `RNN` and `GRU`.",
    "The tutorial lists what the constructor lets you choose: heads, layers, dropout, activation.",
    "It prints both and their means.",
    "The tutorial calls one layer twice on one input.",
    "A spec of your own shows what an activation does to values.",
    "A loss is a layer that compares what the model said with what was right.",
    "The tutorial names mean squared error, cross entropy and negative log-likelihood.",
}

STATED: set[str] = set()
_Test = TypeVar("_Test", bound=Callable[..., None])


def states(*sentences: str) -> Callable[[_Test], _Test]:
    """Marks a test as the one that tries these sentences."""
    STATED.update(sentences)
    return lambda test: test


def find_sentences(text: str) -> list[str]:
    """The sentences of a document outside its blocks and headings."""
    text = re.sub(r"(?ms)^(<!--[^\n]*-->\n)?```.*?^```$", "\n", text)
    text = re.sub(r"(?m)^(#.*|- )", "\n\n", text)
    paragraphs = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text))
    return [
        sentence
        for paragraph in paragraphs
        for sentence in re.split(r"(?<=\.)\s+(?=[A-Z`\d])", paragraph)
        if sentence
    ]


def test_every_sentence_is_tried() -> None:
    sentences = set(find_sentences(TUTORIAL))
    assert sentences - STATED - OTHER == set()
    assert (STATED | OTHER) - sentences == set()


def shapes(trace: Trace) -> dict[str, tuple[int, ...]]:
    """The output shapes of a trace's tensor rows, by path."""
    return {row.path: row.output.shape for row in trace.rows if isinstance(row.output, TensorType)}


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def show(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def read_tensors(text: str, word: str) -> list[Tensor]:
    """The tensors below the lines that begin with ``word``, as ``--values`` prints them."""
    found = re.findall(rf"(?m)^  {word}\b.*\n    tensor\(((?:.|\n)*?)\)$", text)
    return [torch.tensor(eval(numbers, {"__builtins__": {}})) for numbers in found]


# Modules and parameters


class TinyModel(nn.Module):
    """Two linear layers, an activation between them and a softmax at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(100, 200)
        self.activation = nn.ReLU()
        self.linear2 = nn.Linear(200, 10)
        self.softmax = nn.Softmax()

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.linear1(x))
        result: Tensor = self.softmax(self.linear2(x))
        return result


@states(
    "The tutorial's models are bundled, so the commands work in any folder.",
    "`layercli new NAME --from MODEL` copies a model for you to change.",
)
def test_models_are_found_and_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = set(re.findall(r"(?m)^\$ layercli (?:trace|show|params) ([\w-]+)(?= |$)", TUTORIAL))
    assert len(names) > 10
    for name in names:
        layercli.load(name)
        show(capsys, "new", f"my-{name}", "--from", name)
        assert layercli.load(f"my-{name}.yaml").inputs


@states(
    "The weights and inputs are random and drawn from a fixed seed, so each run prints the same values.",
    "`--seed 1` draws others.",
)
def test_the_seed_is_fixed(capsys: pytest.CaptureFixture[str]) -> None:
    first, second, other = (
        show(capsys, "trace", "linear", "--values", "--params", *seed) for seed in ((), (), ("--seed", "1"))
    )
    assert first == second
    for word in ("input", "output"):
        assert not torch.equal(read_tensors(first, word)[0], read_tensors(other, word)[0])


@states(
    "The tutorial begins with `TinyModel`, a class with two linear layers.",
    "`print(tinymodel)` is `show`:",
    "There is no `forward`, because the layers run in order.",
)
def test_show_is_print(capsys: pytest.CaptureFixture[str]) -> None:
    model = TinyModel()
    assert show(capsys, "show", "tinymodel") == f"{model}\n"
    ours = layercli.build("tinymodel")
    ours.load_state_dict(model.state_dict())
    x = torch.rand(1, 100)
    assert torch.equal(ours(x), model(x))


@states("`trace` also runs it.", "Only the two linear layers have parameters:")
def test_the_linear_layers_have_the_parameters() -> None:
    rows = layercli.trace("tinymodel").rows
    assert [row.path for row in rows if row.parameters] == ["linear1", "linear2"]


@states(
    "`params` gives each its name and shape too:",
    "A weight of `Linear(100, 200)` has the shape [200, 100]: outputs first, inputs second.",
)
def test_params_names_what_pytorch_names(capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(capsys, "params", "tinymodel")
    for name, tensor in TinyModel().state_dict().items():
        assert re.search(rf"(?m)^ +{re.escape(name)} +{re.escape(str(list(tensor.shape)))} ", shown)
    assert nn.Linear(100, 200).weight.shape == (200, 100)


@states("`--values` prints the values as PyTorch prints a `Parameter`.")
def test_values_are_printed_as_pytorch_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(capsys, "params", "tinymodel", "--layer", "linear2", "--values")
    bias = layercli.build("tinymodel", seed=0).get_parameter("linear2.bias")
    assert "".join(repr(bias).split()) in "".join(shown.split())


# Linear layers


@states(
    "A linear layer multiplies its input by a matrix and adds a bias.",
    "Each output is the sum of the inputs, each times its weight, plus a bias: `x @ weight.T + bias`.",
    "So does this:",
)
def test_the_printed_output_follows_from_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(capsys, "trace", "linear", "--values", "--params")
    x, y = read_tensors(shown, "input")[0], read_tensors(shown, "output")[0]
    model = layercli.build("linear", seed=0)
    weight, bias = model.get_parameter("lin.weight").tolist(), model.get_parameter("lin.bias").tolist()
    by_hand = [[sum(float(x[0, k]) * weight[i][k] for k in range(3)) + bias[i] for i in range(2)]]
    torch.testing.assert_close(torch.tensor(by_hand), y, atol=2e-4, rtol=0)


@states("`lin.weight` requires a gradient, because the layer registered it as a parameter:")
def test_a_registered_parameter_requires_a_gradient() -> None:
    assert dict(nn.Linear(3, 2).named_parameters())["weight"].requires_grad


# Convolutional layers


@states(
    "LeNet reads an image of 32 by 32 pixels in one channel, and gives a score for each of ten digits.",
    "The class calls `F.relu` and `F.max_pool2d` in its `forward`.",
    "They are no layers, and still each has a row here:",
    "`conv1` is `Conv2d(1, 6, 5)`: one channel in, six features out, a window of 5 by 5.",
    "A window of 5 fits at 28 places along 32 pixels, so its output is 6 x 28 x 28.",
    "`max_pool2d` keeps the greatest value of each 2 by 2 square, so 6 x 14 x 14 are left.",
    "`conv2` has a window of 3 by 3 and gives 16 x 12 x 12.",
    "The second pooling makes 16 x 6 x 6 of it.",
    "`flatten` lays these out in a row, 16 * 6 * 6 = 576 numbers, which is what `fc1` takes.",
)
def test_lenet() -> None:
    trace = layercli.trace("lenet")
    assert dict(trace.inputs) == {"x": TensorType("float32", (1, 1, 32, 32))}
    assert trace.output == TensorType("float32", (1, 10))
    assert [row.type for row in trace.rows if row.kind == "operation"].count("relu") == 4
    assert [row.type for row in trace.rows if row.kind == "operation"].count("max_pool2d") == 2
    assert len([start for start in range(32) if start + 5 <= 32]) == 28
    found = shapes(trace)
    for path, shape in {
        "conv1": (6, 28, 28),
        "max_pool2d": (6, 14, 14),
        "conv2": (16, 12, 12),
        "max_pool2d_1": (16, 6, 6),
        "flatten": (576,),
    }.items():
        assert found[path] == (1, *shape), path
    conv1, conv2, fc1 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 3), nn.Linear(576, 120)
    x = nn.functional.max_pool2d(conv1(torch.rand(1, 1, 32, 32)).relu(), 2)
    assert x.shape == (1, 6, 14, 14)
    assert fc1(nn.functional.max_pool2d(conv2(x).relu(), 2).flatten(1)).shape == (1, 120)


@states(
    "The kernel may be a tuple, for a window that isn't square; `stride` and `padding` change the size of the output.",
    "The bundled `convolutions` has one layer for each case, and `--columns call` shows the arguments beside the shapes:",
    "With a kernel of `(3, 5)` an image of 32 by 32 becomes 30 by 28.",
    "With a stride of 2 it becomes 15 by 15.",
)
def test_convolutions() -> None:
    image, found = torch.rand(1, 4, 32, 32), shapes(layercli.trace("convolutions"))
    assert nn.Conv2d(4, 6, (3, 5))(image).shape == found["tuple_kernel"] == (1, 6, 30, 28)
    assert nn.Conv2d(4, 6, 3, stride=2)(image).shape == found["strided"] == (1, 6, 15, 15)
    assert nn.Conv2d(4, 6, (3, 5), padding=(1, 2))(image).shape == found["padded"] == (1, 6, 32, 32)


# Recurrent layers


@states(
    "The tutorial's `LSTMTagger` gives each word of a sentence scores for its part of speech.",
    "Its constructor has four arguments, which are the spec's `params`:",
    "The LSTM's output is a tuple: the output at each word, and the last hidden and cell state.",
    "`--set` gives other arguments and `--dim` a longer sentence.",
)
def test_the_tagger() -> None:
    trace = layercli.trace("lstmtagger", dims={"T": 7}, params={"tagset_size": 4, "hidden_dim": 8})
    assert trace.output == TensorType("float32", (7, 4))
    assert len(trace.params) == 4
    output, (hidden, cell) = nn.LSTM(6, 8)(torch.rand(7, 1, 6))
    types = [TensorType("float32", tuple(tensor.shape)) for tensor in (output, hidden, cell)]
    assert next(row.output for row in trace.rows if row.type == "LSTM") == (types[0], (types[1], types[2]))


@states(
    "With a vocabulary of 10,000 words the model has 741,521 parameters, and the embedding holds 640,000 of them:",
    "The same tagger with a GRU has 303 parameters, with a plain RNN 135:",
)
def test_parameters_of_taggers() -> None:
    parts = (nn.Embedding(10000, 64), nn.LSTM(64, 128), nn.Linear(128, 17))
    assert (sum(map(count, parts)), count(parts[0])) == (741521, 640000)
    for name, recurrent, total in (("grutagger", nn.GRU(6, 6), 303), ("rnntagger", nn.RNN(6, 6), 135)):
        assert sum(map(count, (nn.Embedding(5, 6), recurrent, nn.Linear(6, 3)))) == total
        assert layercli.trace(name).totals.parameters == total


# Transformers


@states(
    "`torch.nn.Transformer` has a default size of 512, 8 heads, 6 encoder and 6 decoder layers.",
    "The bundled `transformer` has the same arguments, defaults and parameter names.",
    "The six layers of each half are equal, so they are shown once:",
    "`out_proj` is a layer inside `MultiheadAttention` that is never called: the attention reads its weight directly.",
    "Its parameters count in the total all the same.",
)
def test_the_transformer() -> None:
    with torch.device("meta"):
        model = nn.Transformer()
    assert (model.d_model, model.nhead) == (512, 8)
    assert (len(model.encoder.layers), len(model.decoder.layers)) == (6, 6)
    trace = layercli.trace("transformer")
    assert dict(trace.params) == {
        "d_model": "512",
        "nhead": "8",
        "num_encoder_layers": "6",
        "num_decoder_layers": "6",
        "dim_feedforward": "2048",
        "dropout": "0.1",
        "activation": "relu",
        "batch_first": "False",
    }
    state = {record.name: record.type.shape for record in trace.tensors}
    assert state == {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert trace.totals.parameters == count(model)
    types = {row.path: row.type for row in trace.rows}
    assert len(trace.never_called) == 18
    for layer in trace.never_called:
        assert layer.path == f"{layer.used_by}.out_proj"
        assert types[layer.used_by] == "MultiheadAttention"


@states(
    "Each is a param:",
    "The number of heads doesn't change the number of parameters; the number of layers does.",
    "The parts are layers of their own: `TransformerEncoder` and `TransformerDecoder`, made of `TransformerEncoderLayer` "
    "and `TransformerDecoderLayer`.",
    "The bundled `transformer-encoder` and `transformer-decoder` show six layers of each alone.",
)
def test_parts_of_the_transformer() -> None:
    with torch.device("meta"):
        full, heads = nn.Transformer(), nn.Transformer(nhead=4)
        fewer = nn.Transformer(num_encoder_layers=2, num_decoder_layers=2)
    assert count(full) == count(heads) > count(fewer)
    assert isinstance(full.encoder, nn.TransformerEncoder)
    assert isinstance(full.decoder.layers[0], nn.TransformerDecoderLayer)
    for name, layer in (("transformer-encoder", "Encoder"), ("transformer-decoder", "Decoder")):
        types = [row.type for row in layercli.trace(name, device="meta").rows]
        assert types.count(f"Transformer{layer}Layer") == 6


# Layers that change data


@states(
    "`MaxPool2d(3)` keeps the greatest value of each 3 by 3 square.",
    "Find 0.8964 in the upper left square of the input:",
    "Min pooling keeps the least value, and `torch.nn` has no layer for it.",
    "It is max pooling of the negated input, negated again, and the bundled `minpool` does that in one line, "
    "`x = -maxpool(-x)`:",
)
def test_pooling(capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(capsys, "trace", "maxpool", "--values")
    x, y = read_tensors(shown, "input")[0], read_tensors(shown, "output")[0]
    squares = [[x[0, i : i + 3, k : k + 3] for k in (0, 3)] for i in (0, 3)]
    assert torch.equal(y[0], torch.stack([torch.stack([square.max() for square in row]) for row in squares]))
    torch.testing.assert_close(squares[0][0].max(), torch.tensor(0.8964), atol=2e-4, rtol=0)
    assert not [name for name in dir(nn) if "minpool" in name.lower()]
    least = torch.stack([torch.stack([square.min() for square in row]) for row in squares])
    assert torch.equal(layercli.build("minpool")(x)[0], least)
    assert "x = -maxpool(-x)" in (ROOT / "configs/minpool.yaml").read_text(encoding="utf-8")


@states(
    "The tutorial makes numbers between 5 and 25, and passes them through `BatchNorm1d(4)`.",
    "`--stats` prints the mean below each:",
    "The expected mean of the input is 15, and here it was 13.32.",
    "The output has a mean of about 0 and a standard deviation of about 1.",
    "This holds in train mode, where the layer uses the mean and deviation of its input.",
    "The spec says `mode: train`, and the first line of the output shows it.",
    "In eval mode the layer uses the running averages that it keeps as buffers.",
    "In a new layer these are 0 and 1, so it changes hardly anything:",
)
def test_batch_normalisation(capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(capsys, "trace", "batchnorm", "--stats")
    x = read_tensors(shown, "input")[0]
    assert bool(((x >= 5) & (x <= 25)).all())
    torch.manual_seed(0)
    assert abs((torch.rand(10**6) * 20 + 5).mean().item() - 15) < 0.1
    means = [float(mean) for mean in re.findall(r"(?m)^    mean (\S+)", shown)]
    assert abs(means[0] - x.mean().item()) < 0.01
    assert abs(means[0] - 13.32) < 0.01
    y = nn.BatchNorm1d(4)(x)
    assert abs(y.mean().item()) < 1e-5
    assert abs(y.std(correction=0).item() - 1) < 1e-3
    assert abs(means[-1]) < 1e-5
    assert " train" in shown.split("\n")[0]
    layer = nn.BatchNorm1d(4).eval()
    buffers = {name: buffer.tolist() for name, buffer in layer.named_buffers()}
    assert buffers["running_mean"] == [0] * 4
    assert buffers["running_var"] == [1] * 4
    torch.testing.assert_close(layer(x), x, atol=1e-3, rtol=0)


@states(
    "`Dropout(p=0.4)` sets each value to zero with probability 0.4, in train mode only, and divides the others by 0.6.",
    "The spec does too, and the two calls draw different masks:",
    "The first value, 0.4963, became 0.8271, which is 0.4963 / 0.6 but for rounding.",
    "`--repeat 2` runs the whole model twice on the same input, with new masks.",
    "In eval mode dropout gives back its input:",
)
def test_dropout(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    ones = torch.ones(10**6)
    dropped = nn.Dropout(p=0.4)(ones)
    assert abs((dropped == 0).float().mean().item() - 0.4) < 0.01
    assert torch.equal(dropped[dropped != 0], (ones / 0.6)[dropped != 0])
    assert torch.equal(nn.Dropout(p=0.4).eval()(ones), ones)
    shown = show(capsys, "trace", "dropout", "--values", "--repeat", "2")
    inputs, outputs = read_tensors(shown, "input"), read_tensors(shown, "output")
    assert (len(inputs), len(outputs)) == (4, 4)
    assert all(torch.equal(x, inputs[0]) for x in inputs)
    masks = {tuple((y == 0).flatten().tolist()) for y in outputs}
    assert len(masks) == 4
    for y in outputs:
        torch.testing.assert_close(y[y != 0], inputs[0][y != 0] / 0.6, atol=2e-4, rtol=0)
    assert abs(inputs[0][0, 0, 0] - 0.4963) < 1e-4
    assert abs(outputs[0][0, 0, 0] - 0.8271) < 1e-4
    (plain, _), (x, _) = (
        read_tensors(show(capsys, "trace", "dropout", "--values", "--eval"), word)
        for word in ("output", "input")
    )
    assert torch.equal(plain, x)


# Activations and losses


def list_classes(module: Any, kind: str = "") -> set[str]:
    """The public layer classes of a module of ``torch.nn``."""
    return {name for name in module.__all__ if kind in name and issubclass(getattr(nn, name), nn.Module)}


@states(
    "`torch.nn` has the activation functions as layers.",
    "The bundled `activations` gives all of them the same values:",
    "Most keep the shape.",
    "`GLU` halves the dimension that it splits.",
    "Two have parameters: `PReLU` and `MultiheadAttention`, which PyTorch counts among the activations.",
    "ReLU has no value below 0 in its output, tanh none outside -1 to 1:",
)
def test_activations() -> None:
    rows = [row for row in layercli.trace("activations").rows if row.kind == "layer"]
    assert {row.type for row in rows} == list_classes(nn.modules.activation)
    kept = [row.type for row in rows if row.output == row.inputs[0]]
    assert {row.type for row in rows} - set(kept) == {"GLU", "MultiheadAttention"}
    assert nn.GLU(dim=1)(torch.rand(1, 4, 8, 8)).shape == (1, 2, 8, 8)
    assert {row.type for row in rows if row.parameters} == {"PReLU", "MultiheadAttention"}
    x = torch.linspace(-100, 100, 1001)
    assert nn.ReLU()(x).min() >= 0
    assert nn.Tanh()(x).abs().max() <= 1


@states(
    "Its output is one number, which has the shape [].",
    "The bundled `losses` gives each one fitting inputs:",
    "`AdaptiveLogSoftmaxWithLoss` returns two things, and the number is the second.",
    "Cross entropy is the negative log-likelihood of a log-softmax, so these two agree:",
)
def test_losses() -> None:
    rows = [row for row in layercli.trace("losses").rows if row.kind == "layer" and row.depth == 0]
    classes = {name for name in dir(nn) if name.endswith(("Loss", "Loss2d"))} - {"CTCLoss2d"}
    assert {row.type for row in rows} == classes
    number = TensorType("float32", ())
    for row in rows:
        output = row.output[1] if isinstance(row.output, tuple) else row.output
        assert output == number, row.path
        assert isinstance(row.output, tuple) == (row.type == "AdaptiveLogSoftmaxWithLoss")
    scores, labels = torch.randn(5, 3), torch.tensor([0, 2, 1, 0, 2])
    torch.testing.assert_close(
        nn.CrossEntropyLoss()(scores, labels), nn.NLLLoss()(nn.LogSoftmax(dim=1)(scores), labels)
    )
