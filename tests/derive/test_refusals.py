"""What both engines say of a model that is wrong: the same code, place and sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

import layercli
from layercli.errors import LayercliError, Problem

BAD = Path(__file__).parents[1] / "cases" / "bad"

#: Cases of which the engines say something else, and why.
EXCEPTIONS = {
    **dict.fromkeys(
        (
            "forward_index_out_of_range",
            "forward_negative_classes",
            "forward_numbers_past_the_end",
            "forward_targets_past_the_classes",
        ),
        "which numbers a tensor holds is a value",
    ),
    "layers_wrapper_refused": "PyTorch's sentence has the printed layer in it",
    "limits_elements": "it is a limit of what a run may take",
}

NET = """\
inputs: {{x: [2, 4]}}
layers:
  fc: Linear(4, 4)
  norms: ModuleList([LayerNorm(4), LayerNorm(5)])
  inner: Inner()
  encoder: TransformerEncoderLayer(4, 2, 8)
  lstm: LSTM(4, 4)
forward: |
  {forward}
blocks:
  Inner:
    inputs: [x]
    layers:
      order: Order()
    forward: |
      y = order(x[:, :3])
      return y + ones(3)
  Order:
    layers:
      up: Linear(3, 6)
      down: Linear(4, 3)
    inputs: [x]
"""

#: Statements that PyTorch refuses, and what both engines say first.
STATEMENTS = {
    "return fc(x, x)": "fc takes 1 input and got 2",
    "return fc()": "fc needs an input",
    "return fc(x, scale=1)": "fc has no input scale",
    "return fc(x, input=x)": "fc got its input input twice",
    "return encoder()": "encoder needs the input src",
    "return fc(x[:, :3])": "fc expects 4 features in the last dimension and got 3: float32[2, 3]",
    "return fc(lstm(x))": "fc needs a tensor as input, not (float32[2, 4], (float32[1, 4], float32[1, 4]))",
    "return norms(x)": "norms is a ModuleList, which holds layers and can't be called",
    "for norm in norms: x = norm(x)\n  return x": "norms.1 ",
    "return inner(x, x)": "Inner takes 1 input and got 2",
    "return inner(x)": "inner.order.down expects 4 features in the last dimension and got 6: float32[2, 6]",
    "return cat()": "cat needs tensors",
    "return softmax()": "softmax needs input",
    "return x.transpose(0, 1, 2)": "transpose takes 2 arguments by place and got 3",
    "return x.transpose(1)": "transpose needs dim1",
    "return torch.add(x, 1, 2, 3)": "add takes 2 arguments by place and got 4",
    "return x[x > 0]": "a mask as an index gives a size that depends on values",
    "return x + ones(3)": "add can't broadcast [2, 4] and [3]: 4 and 3 differ",
    "return x.view(3, -1)": "view ",
    "return x @ x": "matmul ",
}


def find_problems(path: str | Path, run: bool) -> tuple[Problem, ...]:
    try:
        layercli.trace(path, device="cpu") if run else layercli.derive(path)
    except LayercliError as error:
        return error.problems
    return ()


def list_cases() -> list[Path]:
    """The cases that only an engine finds wrong."""
    found = []
    for path in sorted(BAD.glob("*.yaml")):
        stage = [line for line in path.read_text("utf-8").splitlines() if line.startswith("# stage: ")]
        found += [path] if stage and stage[0] != "# stage: load" else []
    return found


def say(problems: tuple[Problem, ...]) -> list[tuple[str, str, str]]:
    return [(problem.code, str(problem.position), problem.message) for problem in problems]


@pytest.mark.parametrize("path", list_cases(), ids=lambda path: path.stem)
def test_bad_case(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    layercli.load(path.name)
    run, derived = find_problems(path.name, True), find_problems(path.name, False)
    assert run
    # An exception that is none any more is to be taken out.
    assert (say(run) == say(derived)) == (path.stem not in EXCEPTIONS)


def test_all_exceptions_are_cases() -> None:
    assert len(list_cases()) > 50
    assert set(EXCEPTIONS) <= {path.stem for path in list_cases()}


@pytest.mark.parametrize("forward", STATEMENTS)
def test_statement(forward: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET.format(forward=forward), "utf-8")
    (run,), (derived,) = find_problems(path, True), find_problems(path, False)
    assert run.message.startswith(STATEMENTS[forward])
    assert say((run,)) == say((derived,))
    assert (run.labels, run.hint) == (derived.labels, derived.hint)


def test_a_run_has_the_sentence_of_pytorch_below(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET.format(forward="return fc(x[:, :3])"), "utf-8")
    (run,), (derived,) = find_problems(path, True), find_problems(path, False)
    assert run.notes == ("PyTorch: mat1 and mat2 shapes cannot be multiplied (2x3 and 4x4)",)
    assert derived.notes == ()
    assert [label.text for label in run.labels] == ["fc is made here"]
