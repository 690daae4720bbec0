"""README and docs: every command and statement in them is run, and does what stands below it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import layercli
from tests.docs.documents import (
    ROOT,
    Step,
    describe,
    find_fences,
    list_documents,
    run_document,
    same_output,
    write_outputs,
)

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", list_documents(), ids=lambda path: path.name)
def test_a_document_shows_what_its_commands_print(path: Path, tmp_path: Path) -> None:
    blocks = run_document(path.read_text(encoding="utf-8"), tmp_path)
    wrong = [describe(path.name, step) for steps in blocks for step in steps if not step.agrees]
    assert not wrong, "\n".join(["python -m tests.docs.update writes the real outputs", *wrong])


def test_readme_begins_with_a_spec_its_command_and_the_output() -> None:
    first, second, *_ = find_fences(README)
    assert (first.language, first.marker) == ("yaml", "file: lenet.yaml")
    assert first.lines == tuple((ROOT / "configs/lenet.yaml").read_text(encoding="utf-8").splitlines())
    assert second.lines[0] == "$ layercli trace lenet.yaml"
    assert second.lines[-1].startswith("81,290 parameters")


def test_readme_has_two_setup_commands_that_begin_alike() -> None:
    use, test = [fence for fence in find_fences(README) if fence.language == "bash"]
    assert [fence.marker for fence in (use, test)] == ["", "test command"]
    assert use.lines[-1] == "layercli trace lenet.yaml"
    assert test.lines[-1] == "python -m pytest"
    # The second is what CI runs, so that CI also shows that the first one installs.
    installs = [" ".join(fence.lines[:-1]) for fence in (use, test)]
    assert installs[1].replace(" -e '.[dev]'", " .") == installs[0]
    assert "pip install torch==2.13.0" in installs[0]


def test_ci_runs_the_test_command_of_readme() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert README.count("\n<!-- test command -->\n") == 1
    assert "<!-- test command -->" in script
    assert "pytest" not in script


def test_links_lead_somewhere() -> None:
    for path in [*list_documents(), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        prose = re.sub(r"(?ms)^```.*?^```$|`[^`\n]*`", "", path.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)#:]+)\)", prose):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_picture_of_the_code_is_whole() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    picture = text.split("\nlayercli/\n")[1].split("\n```")[0]
    named = set(re.findall(r"(?m)^  (\S+)  ", picture))
    real = {
        path.name + "/" * path.is_dir()
        for path in (ROOT / "layercli").iterdir()
        if path.name not in ("__pycache__", "py.typed")
    }
    assert named == real


def test_readme_has_every_command() -> None:
    from layercli.cli.main import COMMANDS

    assert re.findall(r"(?m)^\| `layercli (\w+)", README) == list(COMMANDS)


# The specs of docs/spec.md


def _complete_specs() -> list[str]:
    text = (ROOT / "docs/spec.md").read_text(encoding="utf-8")
    blocks = ["\n".join(fence.lines) + "\n" for fence in find_fences(text) if fence.language == "yaml"]
    return [block for block in blocks if re.search(r"(?m)^inputs:", block)]


def test_the_language_shows_whole_specs() -> None:
    assert len(_complete_specs()) >= 3


@pytest.mark.parametrize("text", _complete_specs())
def test_a_spec_of_the_language_runs(text: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    assert layercli.trace(tmp_path / "net.yaml").rows


def test_the_limits_of_the_language_are_the_real_ones() -> None:
    from layercli.plan import planner
    from layercli.spec import expressions, interpreter, reader
    from layercli.spec.limits import LIMIT_NAMES, Limits

    text = (ROOT / "docs/spec.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| [^|]+ \| ([\d,]+) \| `([\w-]+)` \|$", text)
    assert [int(number.replace(",", "")) for number, _ in rows] == [
        *(getattr(Limits(), name) for name in LIMIT_NAMES),
        Limits().characters * expressions.BLOCK_STATEMENTS,
        expressions.MAX_BRACKETS,
        expressions.MAX_DEPTH,
        interpreter.MAX_NESTING,
        planner.MAX_BLOCK_DEPTH,
        planner.MAX_INNER_LAYERS,
        reader.MAX_IMPORTS,
    ]
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "layercli").rglob("*.py"))
    assert [code for _, code in rows if f'"{code}"' not in source] == []


# docs/json.md: its tables name every key


def _documented(heading: str) -> set[str]:
    text = (ROOT / "docs/json.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return {
        key
        for line in section.split("\n")
        if line.startswith("| `")
        for key in re.findall(r"`(\w+)`", line.split("|")[1])
    }


def _collect(traces: Sequence[Mapping[str, Any]], part: str) -> set[str]:
    found: set[str] = set()
    for trace in traces:
        items = [trace] if part == "" else [trace[part]] if part == "totals" else trace[part]
        found.update(*items)
    return found


def _trace_everything(tmp_path: Path) -> list[dict[str, Any]]:
    """Traces that have between them every key."""
    from layercli.run.session import trace_plan
    from layercli.run.tracer import ValueRequest
    from layercli.trace.failure import TraceFailed

    failing = tmp_path / "failing.yaml"
    failing.write_text("inputs: {x: [1, 3]}\nlayers: {fc: 'Linear(4, 2)'}\n", encoding="utf-8")
    with pytest.raises(TraceFailed) as failure:
        layercli.trace(failing)
    viewed = tmp_path / "viewed.yaml"
    viewed.write_text(
        "inputs: {x: [1, 2, 5, 4]}\nlayers: {same: Identity()}\nforward:\n"
        "  - F.scaled_dot_product_attention(same(x), x, x).transpose(1, 2).view(5, 8)\n",
        encoding="utf-8",
    )
    valued = trace_plan(layercli.load("linear"), request=ValueRequest(None, True))[0]
    bundled = [layercli.trace(name) for name in ("gpt2", "transformer-encoder", "residual")]
    traces = [failure.value.trace, valued, layercli.derive(viewed), *bundled]
    return [json.loads(json.dumps(trace.to_dict())) for trace in traces]


def test_the_json_page_names_every_key(tmp_path: Path) -> None:
    traces = _trace_everything(tmp_path)
    assert _documented("The object") == _collect(traces, "")
    assert _documented("A row") == _collect(traces, "rows")
    assert _documented("A layer that was never called") == _collect(traces, "never_called")
    assert _documented("Totals") == _collect(traces, "totals")


# The runner itself


def _run(text: str, tmp_path: Path) -> list[Step]:
    return [step for steps in run_document(text, tmp_path) for step in steps]


SAMPLE = """\
<!-- file: net.yaml -->
```yaml
inputs: {x: [1, 3]}
layers: {fc: "Linear(3, 2)"}
```

<!-- edit: net.yaml -->
```diff
-layers: {fc: "Linear(3, 2)"}
+layers: {fc: "Linear(3, 4)"}
```

```console
$ layercli show net.yaml
net(
...
)

$ layercli show nothing
$ echo $?
2
```

```python
>>> total = 1
>>> for number in range(2):
...     total += number
>>> total
3
```
"""


def test_the_runner_finds_what_disagrees(tmp_path: Path) -> None:
    steps = _run(SAMPLE, tmp_path)
    assert [step.agrees for step in steps] == [True, False, True, True, True, False]
    assert steps[0].actual[1] == "  (fc): Linear(in_features=3, out_features=4, bias=True)"
    assert steps[1].actual[0] == "error[unknown-spec]: there is no spec called nothing"
    assert steps[1].line == SAMPLE.split("\n").index("$ layercli show nothing") + 1
    assert steps[5].actual == ("2",)


def test_the_runner_writes_what_disagrees_only(tmp_path: Path) -> None:
    written = write_outputs(SAMPLE, run_document(SAMPLE, tmp_path))
    assert "net(\n...\n)\n" in written
    assert "$ layercli show nothing\nerror[unknown-spec]" in written
    assert written.endswith(">>> total\n2\n```\n")
    assert all(step.agrees for step in _run(written, tmp_path))


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a\nb", "a\nb", True),
        ("a\nb", "a", False),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...\nd", "a\nd", True),
        ("a\n...\nd", "a\nb", False),
        ("tensor([0.4963, 0.7682])", "tensor([ 0.4964, 0.7681])", True),
        ("tensor([0.4963, 0.7682])", "tensor([0.4963, 0.7782])", False),
        ("tensor([0.4963, 0.7682])", "tensor([0.4963])", False),
        ("  mean 3.725e-09  std 1  min -1.275  max 1.62", "  mean -1e-08  std 1  min -1.275  max 1.62", True),
        ("  mean 13.32  std 1  min 0  max 2", "  mean 14.32  std 1  min 0  max 2", False),
        ("81,290 parameters", "81,291 parameters", False),
        ("fc1 85.2%", "fc1 85.3%", False),
    ],
)
def test_outputs_are_compared_literally_but_for_the_digits_of_values(
    expected: str, actual: str, same: bool
) -> None:
    assert same_output(expected.split("\n"), actual.split("\n")) is same
