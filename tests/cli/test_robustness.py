"""No text makes reading a spec fail in another way than with an error that says where and why."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import layercli
from layercli.cli.main import main
from layercli.errors import LayercliError, Problem, draw_problems
from layercli.spec.library import list_bundled

#: Specs whose text is changed: the bundled ones that are quick to read, and the bad cases' good relatives.
SOURCES = [path for path in list_bundled() if path.stat().st_size < 4_000]

#: What is put into a text: characters with a meaning for YAML or Python, and words of the language.
PIECES = [
    *"()[]{}:,-#'\"|>&*!%@`~?.=+/\\^$;<_ \t\n0x\x00é\u202e",
    "\n\n", "  ", "- ", ": ", "...", "**", "//", "->", ":=", "==", "|\n  ", "'''", '"""', "\r\n", "\r",
    "layers:", "forward:", "inputs:", "params:", "blocks:", "imports: {A: a.yaml}\n", "tie:", "freeze:", "dims:",
    "self", "self.", "nn.", "F.", "torch.", "None", "True", "~", "null", "return ", "for i in range(3): ", "if ",
    "lambda x: ", "x", "N", "1", "-1", "0", "1e400", "10 ** 10 ** 10", "'a' * 10 ** 9", "range(10 ** 12)",
    "9" * 400, "Linear(", "Linear(8, 8)", "Sequential", "2 * ", "1000 * ", "Parameter(", "relu", "x[0]", "[x for x in ",
    "{{ x }}", "<<: ", "*a", "&a ", "!!python/name:os.system ", "---\n", "<<<<<<< ours\n",
]  # fmt: skip


@cache
def read_text(path: Path) -> str:
    return path.read_text("utf-8")


@st.composite
def mutated_specs(draw: st.DrawFn) -> str:
    """A spec's text after one to four changes of characters or lines."""
    text = read_text(draw(st.sampled_from(SOURCES)))
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            lines = text.split("\n")
            one, two = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
            change = draw(st.sampled_from(("delete", "double", "swap", "move", "indent", "cut")))
            if change == "delete":
                del lines[one]
            elif change == "double":
                lines.insert(two, lines[one])
            elif change == "swap":
                lines[one], lines[two] = lines[two], lines[one]
            elif change == "move":
                lines.insert(min(two, len(lines) - 1), lines.pop(one))
            elif change == "indent":
                lines[one] = " " * draw(st.integers(0, 8)) + lines[one].lstrip()
            else:
                lines = lines[: one + 1]
            text = "\n".join(lines)
        else:
            at = draw(st.integers(0, len(text)))
            length = draw(st.sampled_from((0, 0, 1, 1, 2, 5, 20)))
            piece = draw(st.sampled_from(("", *PIECES)))
            text = text[:at] + piece + text[at + length :]
    return text


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Fail where something goes on for ever, which no other test would end."""

    def fail(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def check_reading(path: Path) -> None:
    """Reading succeeds, or ends in problems whose places are in their files."""
    with time_limit(20):
        problems = find_problems(path)
    for problem in problems:
        for place in (problem.position, *(label.position for label in problem.labels)):
            assert place is not None
            assert 1 <= place.line <= len(place.source.lines)
            assert 1 <= place.column <= len(place.source.line(place.line)) + 1
            assert place.width >= 1
        assert problem.code
        assert problem.message
    assert re.fullmatch(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f]*", draw_problems(problems))


def find_problems(path: Path) -> tuple[Problem, ...]:
    """What is wrong with a spec, of which there is at least one thing where it can't be read."""
    try:
        layercli.load(path)
    except LayercliError as error:
        return error.problems or (Problem("", "an error without a problem"),)
    return ()


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(text=mutated_specs())
def test_mutated_specs(text: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(text.encode("utf-8"))
    check_reading(path)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_a_layer_of_anything(pieces: list[str], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(("inputs: {x: [1, 8]}\nlayers:\n  fc: " + "".join(pieces) + "\n").encode("utf-8"))
    check_reading(path)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.binary(max_size=200))
def test_any_bytes(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"inputs: {x: [1, 8]}\nlayers:\n" + data)
    check_reading(path)


@pytest.mark.parametrize(
    "statement",
    [
        "x.nothing()", "x.__class__", "fc.forward(x)", "fc(x)(x)", "fc()", "fc(*x)", "fc(**x)", "fc(**{'a': x})", "x()",
        "x[x]", "x[None, ..., 0:1:-1]", "x['a']", "x[1.5]", "x[[0, 99]]", "x[()]", "x[{}]", "(x, 1) == (x, 2)", "[x] == [x]",
        "x in [x]", "x and x", "not x", "x if x else x", "x < 'a'", "x + None", "x @ x", "x ** x ** x", "-'a'", "~1.5",
        "x // 0", "1 // 0", "1 % 0", "0 ** -1", "2.0 ** 10000", "len(1)", "len(fc)", "min()", "max([])", "sum()", "sum(1)",
        "zip(1)", "range()", "range(1, 2, 0)", "range(-5)", "list(1)", "dict(1)", "dict([1])", "tuple(1, 2)", "int('a')",
        "float('nan')", "float('inf')", "int(float('inf'))", "round(1.5, 10 ** 9)", "math.log(-1)", "math.sqrt('a')",
        "math.pi()", "math.exp(1000)", "x.view()", "x.view(-1, -1)", "x.view('a')", "x.permute(0)", "x.mean(dim=9)",
        "x.to('cuda')", "x.to(3)", "x.size(9)", "x.split(0)", "x.reshape(10 ** 30)", "x.expand(10 ** 20)", "x.repeat(10 ** 9, 9)",
        "zeros(10 ** 12)", "zeros(-1)", "ones(2 ** 62, 2 ** 62)", "arange(10 ** 15)", "full((2,), 'a')", "cat(x)", "cat([])",
        "cat([x, 1])", "stack([x, fc(x).sum()])", "einsum('ij,jk', x)", "einsum(x)", "where(x, x)", "pad(x, (1,))",
        "F.conv2d(x, x)", "F.softmax(x)", "F.softmax(x, dim='a')", "F.cross_entropy(x, x, reduction='all')", "F.one_hot(x, -2)",
        "torch.tensor('a')", "torch.tensor([1, [2]])", "torch.float32", "torch.pi", "nn.Linear", "nn.Linear(8, 8)(x)", "fc",
        "relu", "relu()", "relu(relu)", "relu(x, x, x)", "relu(y=x)", "{}['a']", "[][0]", "[1][True]", "'abc'[5]", "(1, 2)[x]",
        "[i for i in x for j in i]", "[i for i in 5]", "{i: i for i in [[1]]}", "{x: 1}", "{**x}", "[*x, *5]", "x[:x]",
        "'%s' % x", "'a' + 1", "'a' < 1", "None + 1", "None.a", "True.b", "(1).real", "'a'.upper()", "[].append()", "[].append(1, 2)",
        "{}.items(1)", "self", "self.x", "self.fc.weight", "self.fc.wieght", "self.training + x", "fc.weight.data", "x.grad",
        "x.T.mT.H", "x.is_cuda", "dtype", "x.type(torch.float)", "x.long().bool() & 1.5", "x << 1", "x != None", "x is x", "x is None",
        "2j", "b'a'", "...", "yield x", "await x", "f'{x}'", "x := 1", "lambda: x", "assert False", "return", "return return",
        "del x", "global x", "x.a = 1", "x[0] = 1", "a, b = x", "a, b = 1", "(a, (b, c)) = (x, x)", "a = b = x", "x += 'a'", "y += x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("style", ["list", "block"])
def test_statements_that_make_no_sense(
    statement: str, style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever a forward says, the program ends with 0, 1 or 2 and shows no traceback."""
    path = tmp_path / "net.yaml"
    quoted = statement.replace("'", "''")
    forward = (
        f"forward:\n  - '{quoted}'\n"
        if style == "list"
        else f"forward: |\n  y = x\n  {statement}\n  return y\n"
    )
    path.write_text("inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 8)\n" + forward)
    with time_limit(20):
        code = main(["trace", str(path)])
    told = capsys.readouterr()
    assert code in (0, 1)
    assert "Traceback" not in told.err
    assert "error[internal]" not in told.err
    assert (code == 1) == ("error[" in told.err)


@pytest.mark.parametrize(
    "value",
    [
        "Linear", "Linear()", "Linear('a', 'b')", "Linear(8, 8)(8)", "Linear(8, 8).weight", "Linear(8, 8) + Linear(8, 8)",
        "Linear(8, 8) * Linear(8, 8)", "0 * Linear(8, 8)", "True * Linear(8, 8)", "[Linear(8, 8)]", "'Linear(8, 8)'", "nn", "nn.",
        "Linear(8, 8, bias='a')", "Linear(8, 10 ** 10)", "Linear(2 ** 40, 2 ** 40)", "Linear(0, 0)", "Conv2d(1, 1, 'a')",
        "Conv2d(1, 1, (1,))", "Conv2d(1, 1, (1, 2, 3))", "Conv2d(1, 1, 0)", "Conv2d(1, 1, 1, padding='a')", "Conv2d(1, 1, 1, groups=0)",
        "Conv2d(1, 1, 10 ** 6)", "LSTM(8, 8, num_layers=0)", "LSTM(8, 8, dropout='a')", "LSTM(8, 8, num_layers=99)", "MultiheadAttention(8, 0)",
        "Embedding(8, 8, padding_idx=99)", "Embedding(-1, 8)", "BatchNorm1d('a')", "LayerNorm([])", "LayerNorm([8, 'a'])", "Dropout('a')",
        "Dropout(None)", "Sequential()", "Sequential([])", "Sequential(1)", "Sequential(*Linear(8, 8))", "Sequential(*5)", "Sequential({})",
        "Sequential({1: Linear(8, 8)})", "Sequential({'a.b': Linear(8, 8)})", "ModuleList(5)", "ModuleList()", "ModuleDict()", "ModuleDict({1: 2})",
        "ModuleDict(a=1)", "ParameterList([1])", "ParameterList()", "ParameterDict(a=1)", "ParameterDict()", "Parameter()", "Parameter(-1)",
        "Parameter(zeros(2), 1)", "Parameter([1, 2])", "Parameter(1.5)", "Parameter(10 ** 12)", "Buffer('a')", "Buffer(zeros('a'))", "Buffer(zeros(3) + 'a')",
        "Buffer(zeros(3)[5])", "Buffer(zeros(3).nothing())", "Buffer(zeros(3).view(2))", "Buffer(fc)", "weight_norm()", "weight_norm(1)",
        "weight_norm(Linear(8, 8), name='a')", "weight_norm(Linear(8, 8), name=1)", "spectral_norm(ReLU())", "TransformerEncoder(1, 2)",
        "TransformerEncoder(TransformerEncoderLayer(8, 2), 10 ** 9)", "Transformer(8, 3)", "Transformer(num_encoder_layers='a')", "Upsample()",
        "Flatten('a')", "Unflatten(1, 2)", "MaxPool2d('a')", "Softmax(dim='a')", "GELU('none')", "CrossEntropyLoss(weight=1)", "LazyLinear(8)",
        "Bilinear(1, 2, 3)", "Identity(1, 2, a=3)", "Identity(Identity)", "relu", "relu(1)", "x", "T", "self", "self.fc", "1", "None", "...", "(1, 2)",
        "AdaptiveAvgPool2d(('a', 1))", "PReLU(-1)", "GRUCell(8, 'a')", "Fold(1, 2)", "PixelShuffle(0)", "AdaptiveLogSoftmaxWithLoss(8, 8, [9])",
    ],
)  # fmt: skip
def test_layers_that_make_no_sense(value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    quoted = value.replace("'", "''")
    path.write_text(f"inputs: {{x: [1, 8]}}\nlayers:\n  fc: '{quoted}'\n")
    with time_limit(20):
        code = main(["trace", str(path), "--device", "meta"])
    told = capsys.readouterr()
    assert code in (0, 1)
    assert "Traceback" not in told.err
    assert "error[internal]" not in told.err
    assert (code == 1) == ("error[" in told.err)
