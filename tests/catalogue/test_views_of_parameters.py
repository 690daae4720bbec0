"""What views share with the tensor that they look into: a parameter is no plain number, and a conjugated tensor isn't shown."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import layercli
from layercli.build.engine import TorchEngine
from layercli.build.types import type_of as torch_type_of
from layercli.catalogue.tensors import Tensor, settings
from layercli.derive.engine import TypeEngine
from layercli.derive.engine import type_of as derived_type_of
from layercli.errors import LayercliError
from layercli.spec.interpreter import Interpreter, Scope
from layercli.trace import format_type
from tests.derive.draws import Sample, list_entries
from tests.derive.proving import parse

CALLS = {
    name: tuple(sample for sample in samples if sample.kind not in ("layer", "operator"))
    for name, samples in list_entries().items()
}


def write_call(sample: Sample) -> ast.Call | None:
    """A sample call as a tree; None where it is an attribute."""
    if sample.kind != "Tensor":
        tree = ast.parse(f"{sample.kind}.{sample.name}({sample.arguments})", mode="eval").body
        return tree if isinstance(tree, ast.Call) else None
    tree = ast.parse(f"f({sample.arguments})", mode="eval").body
    if not isinstance(tree, ast.Call) or not tree.args:
        return None
    return ast.Call(ast.Attribute(tree.args[0], sample.name), tree.args[1:], tree.keywords)


def replace_numbers(call: ast.Call) -> Iterator[tuple[str, float]]:
    """The call with ``p`` in place of one number after the other, and that number."""
    for place in range(len(call.args) + len(call.keywords)):
        args = list(call.args)
        keywords = [ast.keyword(keyword.arg, keyword.value) for keyword in call.keywords]
        node = args[place] if place < len(args) else keywords[place - len(args)].value
        if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
            continue
        if not isinstance(node.value, (int, float)):
            continue
        if place < len(args):
            args[place] = ast.Name("p")
        else:
            keywords[place - len(args)].value = ast.Name("p")
        yield ast.unparse(ast.Call(call.func, args, keywords)), float(node.value)


def find_outcome(engine: TorchEngine | TypeEngine, learned: torch.Tensor | Tensor, text: str) -> str:
    """The type of the value, or ``refused``."""
    interpreter = Interpreter(engine, Scope("inputs", {"p": learned}))
    with settings("float32"), torch.no_grad():
        try:
            value = interpreter.evaluate(parse(text))
        except LayercliError:
            return "refused"
    return format_type(torch_type_of(value) if isinstance(engine, TorchEngine) else derived_type_of(value))


@pytest.mark.parametrize("name", [name for name, samples in CALLS.items() if samples])
def test_a_parameter_is_taken_for_a_number_where_pytorch_takes_it(name: str) -> None:
    found = [
        (text, number)
        for sample in CALLS[name]
        if (call := write_call(sample)) is not None
        for text, number in replace_numbers(call)
    ]
    for text, number in dict.fromkeys(found):
        measured = find_outcome(
            TorchEngine(None, torch.device("cpu")), torch.nn.Parameter(torch.tensor(number)), text
        )
        derived = find_outcome(TypeEngine(None), Tensor("float32", (), requires_grad=True), text)
        assert (text, derived) == (text, measured)


#: What looks into a parameter, and what makes another tensor of it.
VIEWS = (
    "p[0]", "p.view(())", "p.squeeze()", "p.t()[0]", "p.unsqueeze(0)[0, 0]", "p.expand(2)[1]", "p.contiguous()[0]",
    "p.float()[0]", "p.reshape(())", "p.unbind()[0]", "p.split(1)[0][0]", "p.narrow(0, 0, 1)[0]", "p.flatten()[0]",
    "p.T[0]", "p.view_as(p)[0]", "select(p, 0, 0)", "p.mul_(1)[0]", "p[tensor(0)]", "F.dropout(p, 0.5, False)[0]",
    "p.unflatten(0, (1, 1))[0, 0]", "p.movedim(0, 0)[0]", "p[None, 0][0]", "p[..., 0]", "identity(p)[0]",
    "drop(p)[0]", "broadcast_tensors(p, p)[0][0]", "broadcast_to(p, (3,))[0]", "meshgrid(p, indexing='ij')[0][0]",
    "[v for v in p][0]", "p.view(1, 1).diagonal()[0]", "p.unfold(0, 1, 1)[0, 0]", "atleast_2d(p)[0, 0]", "p.hsplit(1)[0][0]",
)  # fmt: skip
COPIES = (
    "p.detach()[0]", "p[[0]][0]", "p.clone()[0]", "(p * 1)[0]", "p.double()[0]", "p.sum()", "p.max()", "p.repeat(1)[0]",
    "cat((p,))[0]", "stack((p,))[0, 0]", "p.clamp(0)[0]", "p.view(float32)[0]", "frozen[0]", "frozen.squeeze()",
)  # fmt: skip


def check_both(spec: Path, refusal: str) -> None:
    """Both engines take a spec, or refuse it with the words of ``refusal``."""
    read = layercli.load(spec)
    for make in (layercli.trace, layercli.derive):
        if not refusal:
            assert make(read).rows
        else:
            with pytest.raises(LayercliError, match=refusal):
                make(read)


@pytest.mark.parametrize("text", [*VIEWS, *COPIES])
def test_a_view_of_a_parameter_is_no_plain_number_either(text: str, tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(
        "inputs: {x: [2, 1]}\n"
        "layers: {p: Parameter(ones(1)), frozen: Parameter(ones(1)), identity: Identity(), drop: Dropout(0.5)}\n"
        f"freeze: [frozen]\nforward: |\n  return leaky_relu(x, {text})\n",
        "utf-8",
    )
    check_both(spec, "" if text in COPIES else "leaky_relu")


#: Of a conjugated tensor c and a plain one x: what is to be conjugated yet, and what isn't.
CONJUGATED = (
    "c", "c.contiguous()", "c.detach()", "c[0]", "c.view(16)", "c.reshape(16)", "c.T", "x.mH", "x.H", "x.adjoint()",
    "c.to(complex64)", "c.expand(4, 4)", "c.unbind()[0]", "c.flatten()", "c.mul_(1)", "c.split(2)[0]", "c.positive()",
    "broadcast_tensors(c, x)[0]", "identity(c)", "c.movedim(0, 1)", "c.unflatten(0, (2, 2))", "c.mH.conj()",
)  # fmt: skip
PLAIN = (
    "x", "c.clone()", "c + 0", "c.conj()", "c.mH", "c.repeat(1, 1)", "cat((c, c))", "c[[0]]", "c.flip(0)", "-c",
    "c.to(complex128)", "c.tril()", "c.T.contiguous()", "x.T", "broadcast_tensors(c, x)[1]",
)  # fmt: skip


@pytest.mark.parametrize("text", [*CONJUGATED, *PLAIN])
def test_a_conjugated_tensor_is_not_shown_as_real(text: str, tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(
        "inputs: {x: 'rand(4, 4).to(complex64)'}\nlayers: {identity: Identity()}\n"
        f"forward: |\n  c = identity(x).conj()\n  return view_as_real({text})\n",
        "utf-8",
    )
    check_both(spec, "" if text in PLAIN else "view_as_real")
