"""The language server, as an editor sees it: through the protocol."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layercli.cli import server as command
from layercli.cli.main import main
from layercli.server.program import LIMITS
from layercli.spec.keys import KEYS
from layercli.spec.library import list_bundled
from tests.server.session import PATIENCE, Session, apply

NET = """\
name: Net
params: {width: 16}
dims: {N: 2}
inputs:
  x: [N, 1, 8, 8]
layers:
  conv: Conv2d(1, width, 3)
  fc: Linear(width * 6 * 6, 10)
forward:
  - x = relu(conv(x))
  - x = x.flatten(1)
  - fc(x)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One server for the tests that only open files of their own."""
    with Session(tmp_path_factory.mktemp("specs")) as session:
        session.initialise()
        yield session
        assert session.end() == 0
        assert b"Traceback" not in b"".join(session.errors)


def find_line(text: str, part: str) -> tuple[int, int]:
    """Line and column of the first place where a part of a text stands."""
    before = text[: text.index(part)]
    return before.count("\n"), len(before) - (before.rfind("\n") + 1)


def hover(server: Session, text: str, part: str, name: str) -> str:
    """What is told of a part of a text."""
    found = server.at("hover", *find_line(text, part), name)
    return "" if found is None else str(found["contents"]["value"])


# Problems -------------------------------------------------------------------------------------------------


def test_it_says_what_it_can(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        capabilities = session.initialise()
        assert capabilities["positionEncoding"] == "utf-16"
        assert capabilities["textDocumentSync"]["change"] == 1
        assert capabilities["hoverProvider"]
        assert capabilities["codeActionProvider"]["codeActionKinds"] == ["quickfix"]
        assert "." in capabilities["completionProvider"]["triggerCharacters"]
        assert session.end() == 0


def test_a_good_spec_has_no_problems(server: Session) -> None:
    assert server.open(NET, "good.yaml") == []


@pytest.mark.parametrize("path", list_bundled(), ids=lambda path: path.stem)
def test_bundled_specs_have_no_problems(path: Path, server: Session) -> None:
    """They import blocks of their own folder, so they are opened there."""
    text = path.read_text("utf-8")
    document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
    server.notify("textDocument/didOpen", {"textDocument": document})
    told = server.wait(lambda message: (message.get("params") or {}).get("uri") == path.as_uri())
    assert told["params"]["diagnostics"] == []
    answer = {
        "textDocument": {"uri": path.as_uri()},
        "position": {"line": text.count("\n") - 1, "character": 9},
    }
    server.ask("textDocument/hover", answer)
    server.notify("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})


def test_problems_come_and_go_as_one_types(server: Session) -> None:
    server.open(NET, "typed.yaml")
    server.change(NET.replace("Conv2d", "Conv2D"), 2, "typed.yaml")
    (problem,) = server.problems("typed.yaml", 2)
    line, column = find_line(NET, "Conv2d")
    assert problem["range"] == {
        "start": {"line": line, "character": column},
        "end": {"line": line, "character": column + len("Conv2d")},
    }
    assert (problem["code"], problem["severity"], problem["source"]) == ("unknown-layer", 1, "layercli")
    assert problem["message"].startswith("there is no layer called Conv2D\nhelp: did you mean Conv2d")
    assert problem["data"] == {"help": "layercli help unknown-layer"}
    server.change(NET, 3, "typed.yaml")
    assert server.problems("typed.yaml", 3) == []


def test_only_the_last_of_several_texts_is_looked_at(server: Session) -> None:
    server.open(NET, "fast.yaml")
    for version in range(2, 30):
        server.change(NET.replace("Conv2d", "Conv2D"[: version % 6]), version, "fast.yaml")
    server.change(NET, 30, "fast.yaml")
    assert server.problems("fast.yaml", 30) == []


def test_a_shape_that_does_not_fit_is_told_with_where_it_came_from(server: Session) -> None:
    text = NET.replace("width * 6 * 6", "500")
    (problem,) = server.open(text, "shape.yaml")
    assert problem["code"] == "shape-mismatch"
    assert "576" in problem["message"]
    related = problem["relatedInformation"]
    assert {item["location"]["uri"] for item in related} == {server.uri("shape.yaml")}
    assert find_line(text, "Linear")[0] in [item["location"]["range"]["start"]["line"] for item in related]


def test_a_warning_is_one(server: Session) -> None:
    (problem,) = server.open(NET.replace("forward:", "  more: ReLU()\nforward:"), "warning.yaml")
    assert (problem["code"], problem["severity"], problem["tags"]) == ("unused-layer", 2, [1])


def test_a_closed_file_has_no_problems(server: Session) -> None:
    assert server.open(NET.replace("Conv2d", "Conv2D"), "closed.yaml")
    server.notify("textDocument/didClose", {"textDocument": {"uri": server.uri("closed.yaml")}})
    assert server.problems("closed.yaml") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "services:\n  web:\n    image: nginx\n",
        "name: Action\ndescription: d\ninputs: {who: {default: me}}\nruns: {using: node20}\noutputs: {}\n",
        "layer: [1]\n",
    ],
    ids=["empty", "compose", "action", "other"],
)
def test_what_is_no_spec_is_left_alone(text: str, server: Session) -> None:
    assert server.open(text, "other.yaml") == []


def test_an_unsaved_file_is_a_spec_too(server: Session) -> None:
    name = "untitled:Untitled-1"
    (problem,) = server.open(NET.replace("Conv2d", "Conv2D"), name)
    assert problem["code"] == "unknown-layer"


def test_imports_are_read_as_they_are_in_the_editor(server: Session) -> None:
    block = "blocks:\n  Block:\n    inputs: [x]\n    layers: {fc: 'Linear(8, 8)'}\n"
    text = "inputs: {x: [1, 8]}\nimports: {Block: block.yaml}\nlayers:\n  block: Block()\n"
    (missing,) = server.open(text, "importing.yaml")
    assert missing["code"] == "import-missing"
    server.open(block, "block.yaml")
    assert server.problems("importing.yaml", 1) == []
    server.change(block.replace("Linear(8", "Linaer(8"), 2, "block.yaml")
    (problem,) = server.problems("importing.yaml", 1)
    assert problem["code"] == "unknown-layer"
    assert problem["range"]["start"]["line"] == 1
    (related, *_) = problem["relatedInformation"]
    assert related["location"]["uri"] == server.uri("block.yaml")
    assert related["location"]["range"]["start"] == {"line": 3, "character": len("    layers: {fc: '")}


def test_nothing_outside_the_project_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("token: hunter2\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text("")
    (project / ".env.yaml").write_text("token: hunter2\n")
    with Session(project) as session:
        session.initialise()
        for target in ("../secret.yaml", str(tmp_path / "secret.yaml"), "/etc/passwd", "secret.yaml"):
            text = f"inputs: {{x: [1, 8]}}\nimports: {{Block: {target}}}\nlayers:\n  block: Block()\n"
            problems = session.open(text, "net.yaml")
            assert problems
            assert "hunter2" not in json.dumps(problems)
            assert all(
                "secret" not in item["location"]["uri"]
                for p in problems
                for item in p.get("relatedInformation", [])
            )
        assert session.end() == 0


# Places ---------------------------------------------------------------------------------------------------

ASTRAL = NET.replace("name: Net", "name: Net\ndoc: \U0001f600\u00e9").replace(
    "conv: Conv2d(1, width, 3)", "conv: Conv2d(1, width, 3 if '\U0001f600\u00e9' else 5, bais=True)"
)


@pytest.mark.parametrize(("encoding", "extra"), [("utf-8", 6), ("utf-16", 3), ("utf-32", 2)])
def test_columns_are_in_the_units_that_were_agreed_on(encoding: str, extra: int, tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        assert session.initialise([encoding])["positionEncoding"] == encoding
        problems = session.open(ASTRAL)
        place = next(item["range"] for item in problems if item["code"] == "unknown-argument")
        line = next(line for line in ASTRAL.split("\n") if "bais" in line)
        assert place["start"]["character"] == line.index("bais") - 2 + extra
        told = session.at("hover", place["start"]["line"], line.index("Conv2d") + 2)
        assert "Conv2d(in_channels" in told["contents"]["value"]
        (action, *_) = session.actions(place["start"]["line"], 0, 99)
        codec = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[encoding]
        (edits,) = action["edit"]["changes"].values()
        assert apply(ASTRAL, edits, *codec) == ASTRAL.replace("bais", "bias")


def test_windows_line_ends_and_a_byte_order_mark(server: Session) -> None:
    text = "\ufeff" + NET.replace("Conv2d", "Conv2D").replace("\n", "\r\n")
    (problem,) = server.open(text, "windows.yaml")
    assert problem["range"]["start"] == {"line": 6, "character": 8}
    (action, *_) = server.actions(6, 8, 8, "windows.yaml")
    (edits,) = action["edit"]["changes"].values()
    assert apply(text, edits) == text.replace("Conv2D", "Conv2d")
    first = "\ufeffnmae: Net\r\n" + NET.partition("\n")[2]
    (problem,) = [item for item in server.open(first, "mark.yaml") if item["code"] == "unknown-key"]
    assert problem["range"]["start"] == {"line": 0, "character": 1}


def test_characters_that_end_a_line_for_some(server: Session) -> None:
    (problem,) = server.open("doc: a\u2028b\n" + NET, "separator.yaml")
    assert problem["code"] == "line-separator"
    assert problem["range"]["start"] == {"line": 0, "character": 6}
    (problem,) = server.open("doc: a\rb\n" + NET, "return.yaml")
    assert problem["range"]["start"] == {"line": 0, "character": 6}


# Hover ----------------------------------------------------------------------------------------------------


def test_a_layer_is_told_with_its_types_and_cost(server: Session) -> None:
    server.open(NET, "hover.yaml")
    told = hover(server, NET, "Conv2d", "hover.yaml")
    assert "Conv2d(in_channels, out_channels, kernel_size, stride=1," in told
    for line in (
        "call    Conv2d(1, 16, 3)",
        "in      float32[N, 1, 8, 8] = [2, 1, 8, 8]",
        "out     float32[N, 16, 6, 6] = [2, 16, 6, 6]",
        "params  160",
        "MACs    10,368",
    ):
        assert line in told.split("\n")
    assert "https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html" in told


def test_a_statement_is_told_with_what_its_calls_give(server: Session) -> None:
    server.open(NET, "statement.yaml")
    told = hover(server, NET, "relu", "statement.yaml")
    assert "conv  float32[N, 16, 6, 6] = [2, 16, 6, 6]\nrelu  float32[N, 16, 6, 6] = [2, 16, 6, 6]" in told
    assert "relu(input, inplace=False)" in told
    assert "flatten  float32[N, 576] = [2, 576]" in hover(server, NET, "x.flatten", "statement.yaml")
    assert "flatten(start_dim=0, end_dim=-1)" in hover(server, NET, "flatten", "statement.yaml")


def test_rows_up_to_the_failing_one_are_told(server: Session) -> None:
    text = NET.replace("width * 6 * 6", "500")
    server.open(text, "failing.yaml")
    assert "flatten  float32[N, 576] = [2, 576]" in hover(server, text, "flatten", "failing.yaml")
    assert "shape-mismatch: " in hover(server, text, "fc(x)", "failing.yaml")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("dims", "Named sizes"),
        ("N: 2", "N = 2"),
        ("width: 16", "width = 16"),
        ("x: [N", "x: float32[N, 1, 8, 8] = [2, 1, 8, 8]"),
        ("forward", "The computation"),
    ],
)
def test_keys_and_values_are_told(part: str, told: str, server: Session) -> None:
    server.open(NET, "keys.yaml")
    assert told in hover(server, NET, part, "keys.yaml")


BLOCKS = """\
inputs: {x: [4, 8]}
blocks:
  Block:
    params: {dim: ~}
    inputs: [x]
    layers:
      fc: Linear(dim, dim)
    forward: |
      y = self.fc(x)
      return x + y
layers:
  several: 3 * Block(8)
  last: Linear(8, 2)
forward: |
  for block in several:
      x = block(x)
  return self.last(x)
"""


def test_only_the_keys_of_a_block_are_told_inside_it(server: Session) -> None:
    """A param may be called like a key, and blocks don't have all keys."""
    params = "params: {dim: ~}", "params:\n      mode: 1\n      dim: ~"
    text = BLOCKS.replace(*params).replace("inputs: [x]", "dims: {}\n    inputs: [x]")
    server.open(text, "params.yaml")
    docs = [KEYS[name].doc for name in ("params", "mode", "dims", "inputs")]
    parts = ("params:", "mode: 1", "dims: {}", "inputs: [x]")
    told = [[doc in hover(server, text, part, "params.yaml") for doc in docs] for part in parts]
    assert told == [[True, False, False, False], [False] * 4, [False] * 4, [False, False, False, True]]


def test_a_line_that_runs_several_times_is_told_once(server: Session) -> None:
    assert server.open(BLOCKS, "blocks.yaml") == []
    told = hover(server, BLOCKS, "fc: Linear", "blocks.yaml")
    assert "several.0.fc to several.2.fc, 3 layers" in told
    assert "params  72 each" in told
    assert "several.0.fc  float32[4, 8]   3 calls" in hover(server, BLOCKS, "self.fc", "blocks.yaml")
    assert "several.0  float32[4, 8]   3 calls" in hover(server, BLOCKS, "block(x)", "blocks.yaml")
    assert "params  72 each" in hover(server, BLOCKS, "Block(8)", "blocks.yaml")
    assert "last  float32[4, 2]" in hover(server, BLOCKS, "self.last", "blocks.yaml")


def test_plain_text_where_the_editor_wants_that(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        session.initialise(markdown=False)
        session.open(NET)
        found = session.at("hover", *find_line(NET, "conv(x)"))
        assert found["contents"]["kind"] == "plaintext"
        assert "```" not in found["contents"]["value"]
        assert session.end() == 0


def test_nothing_of_a_spec_is_read_as_markdown(server: Session) -> None:
    text = NET.replace("{width: 16}", "{width: 16, bad: '\"```![a](https://example.org/a.png) <b>\"'}")
    server.open(text, "markdown.yaml")
    told = hover(server, text, "bad:", "markdown.yaml")
    fence, *_ = re.findall("`{4,}", told)
    assert re.fullmatch(rf".*\n\n{fence}text\nbad = '```!\[a\].*\n{fence}", told, re.DOTALL)


# Completion -----------------------------------------------------------------------------------------------


def complete(server: Session, marked: str, name: str) -> dict[str, dict[str, Any]]:
    """What is offered where ``|`` stands, by its label, the nearest first."""
    before, _, after = marked.partition("^")
    server.open(before + after, name)
    line = before.count("\n")
    found = server.at("completion", line, len(before) - (before.rfind("\n") + 1), name)
    items = sorted(found["items"], key=lambda item: item["sortText"])
    return {item["label"]: item for item in items}


@pytest.mark.parametrize(
    ("old", "new", "offered", "first"),
    [
        ("name: Net", "name: Net\n^", {"doc", "blocks", "tie", "freeze", "dtype", "mode"}, "doc"),
        ("name: Net", "dtype: ^", {"float32", "bfloat16"}, ""),
        ("Conv2d(1, width, 3)", "Conv^", {"Conv2d", "ConvTranspose2d"}, ""),
        ("Conv2d(1, width, 3)", "nn.Conv^", {"Conv2d"}, ""),
        ("Conv2d(1, width, 3)", "Conv2d(1, ^", {"kernel_size=", "bias=", "width"}, "out_channels="),
        ("Conv2d(1, width, 3)", "Conv2d(1, width, bias=False, ^", {"stride="}, "kernel_size="),
        ("Conv2d(1, width, 3)", "\n    type: Conv2d\n    ^", {"kernel_size", "groups"}, "in_channels"),
        ("[N, 1, 8, 8]", "rand^", {"rand", "randint"}, ""),
        ("relu(conv(x))", "re^", {"relu", "reshape"}, ""),
        ("relu(conv(x))", "F.max_p^", {"max_pool2d"}, ""),
        ("relu(conv(x))", "torch.ca^", {"cat"}, ""),
        ("relu(conv(x))", "self.^", {"conv", "fc", "width", "training"}, "conv"),
        ("relu(conv(x))", "x.fla^", {"flatten"}, "flatten"),
        ("relu(conv(x))", "conv(x).sh^", {"shape"}, ""),
        ("relu(conv(x))", "conv.^", {"weight", "bias"}, "weight"),
        ("relu(conv(x))", "^", {"x", "conv", "fc", "width", "N", "relu"}, "width"),
        ("relu(conv(x))", "max_pool2d(x, ^", {"kernel_size=", "x"}, "kernel_size="),
    ],
)  # fmt: skip
def test_what_may_be_written_is_offered(
    old: str, new: str, offered: set[str], first: str, server: Session
) -> None:
    name = f"complete-{abs(hash((old, new)))}.yaml"
    server.open(NET, name)
    found = complete(server, NET.replace(old, new, 1), name)
    assert offered <= set(found)
    assert not first or next(iter(found)) == first


def test_what_stands_there_or_makes_no_sense_is_not_offered(server: Session) -> None:
    found = complete(server, NET.replace("name: Net", "name: Net\n^"), "not.yaml")
    assert "layers" not in found
    assert "N" not in complete(server, NET.replace("Conv2d(1", "Conv2d(^1"), "not.yaml")
    assert "out_channels=" not in complete(server, NET.replace("width, 3)", "width, ^"), "not.yaml")
    server.open("services:\n  ", "compose.yaml")
    assert server.at("completion", 1, 2, "compose.yaml") is None


def test_a_layer_is_offered_with_its_arguments(server: Session) -> None:
    item = complete(server, NET.replace("Linear(", "Linea^ # ("), "layer.yaml")["Linear"]
    assert item["insertText"] == "Linear(${1:in_features}, ${2:out_features})"
    assert item["insertTextFormat"] == 2
    assert item["detail"] == "Linear(in_features, out_features, bias=True, *, dtype=None)"
    assert "weight matrix" in item["documentation"]["value"]
    item = complete(server, NET.replace("Linear(", "Linea^("), "layer.yaml")["Linear"]
    assert item["insertText"] == "Linear"


def test_blocks_are_offered_with_their_params_and_inputs(server: Session) -> None:
    found = complete(server, BLOCKS.replace("3 * Block(8)", "3 * B^"), "block.yaml.yaml")
    assert found["Block"]["insertText"] == "Block(${1:dim})"
    text = BLOCKS.replace("3 * Block(8)", "Block(8)").replace("      x = block(x)", "      x = several(^")
    assert next(iter(complete(server, text, "inputs.yaml"))) == "x="


def test_plain_text_is_offered_to_an_editor_without_snippets(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        session.initialise(snippets=False)
        item = complete(session, NET.replace("Linear(", "Linea^ # ("), "net.yaml")["Linear"]
        assert (item["insertText"], item["insertTextFormat"]) == ("Linear(", 1)
        assert session.end() == 0


def test_the_signature_of_an_open_call_is_shown(server: Session) -> None:
    text = NET.replace("Conv2d(1, width, 3)", "Conv2d(1, width, ")
    server.open(text, "signature.yaml")
    line, column = find_line(text, "Conv2d(1, width, ")
    found = server.at("signatureHelp", line, column + len("Conv2d(1, width, "), "signature.yaml")
    (signature,) = found["signatures"]
    assert signature["label"].startswith("Conv2d(in_channels, out_channels, kernel_size,")
    assert signature["parameters"][found["activeParameter"]]["label"] == "kernel_size"
    assert all(parameter["label"] in signature["label"] for parameter in signature["parameters"])


# Quick fixes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "title"),
    [
        ("Conv2d", "Conv2D", "Write Conv2d"),
        ("Linear", "Linaer", "Write Linear"),
        ("flatten", "flaten", "Write flatten"),
        ("relu(conv", "rleu(conv", "Write relu"),
        ("dims:", "dimz:", "Write dims"),
        ("width * 6", "widht * 6", "Write width"),
        ("width * 6 * 6", "500", "Write fc: Linear(width * 6 * 6, 10)"),
    ],
)
def test_a_problem_has_the_fix_that_was_tried(old: str, new: str, title: str, server: Session) -> None:
    name = f"fix-{old.split('(')[0].strip(':* 6')}.yaml"
    text = NET.replace(old, new, 1)
    (problem, *_) = server.open(text, name)
    line, _ = find_line(text, new)
    found = [
        action
        for action in server.actions(line, 0, 200, name)
        if apply(text, action["edit"]["changes"][server.uri(name)]).replace("576", "width * 6 * 6") == NET
    ]
    assert found, (problem, server.actions(line, 0, 200, name))
    assert found[0]["kind"] == "quickfix"
    assert found[0]["isPreferred"]
    assert found[0]["diagnostics"][0]["code"] == problem["code"]


def test_no_fix_is_offered_that_ends_nothing(server: Session) -> None:
    text = NET.replace("fc: Linear(", "fc: Zzzzzz(")
    server.open(text, "none.yaml")
    assert server.actions(find_line(text, "Zzz")[0], 0, 99, "none.yaml") == []
    assert server.actions(0, 0, 5, "none.yaml") == []


def test_other_kinds_of_actions_are_none_of_ours(server: Session) -> None:
    text = NET.replace("Conv2d", "Conv2D")
    server.open(text, "kinds.yaml")
    place = {"start": {"line": 6, "character": 0}, "end": {"line": 6, "character": 99}}
    asked = {"textDocument": {"uri": server.uri("kinds.yaml")}, "range": place}
    context = {"diagnostics": [], "only": ["refactor"]}
    assert server.ask("textDocument/codeAction", {**asked, "context": context}) == []


# What an editor doesn't send ------------------------------------------------------------------------------

GARBAGE = [
    "inputs: [\nlayers: {" * 3,
    "inputs:\nlayers:\n" + "[" * 50_000,
    "inputs:\nlayers:\n" + "- " * 50_000,
    "inputs: {x: [1]}\nlayers: {a: '" + "(" * 5_000 + "'}\n",
    "inputs: {x: [1]}\nlayers: {a: 'Linear(10 ** 10 ** 10, 1)'}\n",
    "inputs: {x: [1]}\nlayers: {a: 'ReLU()'}\nforward: |\n  while True:\n    pass\n",
    "inputs: {x: [1]}\nlayers: {a: 'ReLU()'}\nforward: |\n  for i in range(10 ** 9):\n    x = x + 1\n  return x\n",
    "inputs:\nlayers:\n\x00\x1b[31m\ufffe",
    "inputs:\nlayers: \ud800",
    "inputs:\nlayers:\n" + "x" * (2 << 20),
    "inputs: &a [*a]\nlayers: *a\n",
]


@pytest.mark.parametrize("text", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_has_problems_and_nothing_else(text: str, server: Session) -> None:
    name = "garbage.yaml"
    problems = server.open(text, name)
    assert problems
    assert "internal" not in [problem["code"] for problem in problems]
    for line, column in ((0, 0), (1, 5), (2, 3), (99, 99)):
        server.at("hover", line, column, name)
        server.at("completion", line, column, name)
        server.at("signatureHelp", line, column, name)
        server.actions(line, 0, column, name)


def test_what_is_no_message_is_passed_over(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        session.initialise()
        session.write(b"nonsense\r\n\r\nContent-Length: x\r\n\r\n")
        session.write(b"Content-Length: 7\r\n\r\nnot so!")
        session.write(b"Content-Length: 2\r\n\r\n[]")
        session.send({"method": "textDocument/didChange", "params": {"textDocument": 1}})
        session.notify("no/such/thing", {})
        session.change(NET, 2, "never-opened.yaml")
        assert session.at("hover", 0, 0, "never-opened.yaml") is None
        assert session.at("hover", 3, 3, "untitled:x") is None
        assert session.open(NET) == []
        assert session.end() == 0


def test_a_request_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        session.initialise()
        session.send({"id": 77, "method": "no/such/thing", "params": {}})
        assert "error" in session.wait(lambda message: message.get("id") == 77)
        assert session.open(NET) == []


def test_a_message_without_end_ends_the_server(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        session.initialise()
        session.write(b"Content-Length: 999999999999\r\n\r\n")
        assert session.process.wait(PATIENCE) == 1


def test_an_editor_that_is_gone_ends_the_server(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        session.initialise()
        assert session.process.stdin is not None
        session.process.stdin.close()
        assert session.process.wait(PATIENCE) == 1


def test_torch_is_not_imported(tmp_path: Path) -> None:
    with Session(tmp_path, ["-X", "importtime"]) as session:
        session.initialise()
        session.open(NET)
        hover(session, NET, "Conv2d", "net.yaml")
        complete(session, NET.replace("relu(conv(x))", "^"), "other.yaml")
        session.actions(0, 0, 9)
        assert session.end() == 0
        session.threads[1].join()
        imported = {line.rpartition(b"|")[2].strip() for line in session.errors}
        assert b"pygls" in imported
        assert b"torch" not in imported


def test_without_pygls_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert main(["server"]) == 2
    told = capsys.readouterr().err
    assert "error[no-pygls]" in told
    assert 'pip install "layercli[server]"' in told


def test_a_spec_runs_no_code(tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("open('hit', 'w').close()\n")
    (tmp_path / "torch.py").write_text("open('hit', 'w').close()\n")
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    with Session(tmp_path, environment=environment) as session:
        session.initialise()
        text = "inputs: {x: [1]}\nlayers:\n  a: __import__('os').system('touch hit')\nforward:\n  - F.importlib.x\n"
        assert session.open(text)
        assert session.end() == 0
    assert not (tmp_path / "hit").exists()


def test_the_document_says_the_limits() -> None:
    text = (Path(__file__).parents[2] / "docs" / "editor.md").read_text("utf-8")
    assert f"{LIMITS['seconds']} seconds and {LIMITS['steps']:,} steps" in text


def test_a_text_that_takes_too_long_is_told(tmp_path: Path) -> None:
    loop = "forward: |\n  for i in range(99999):\n    for j in range(99999):\n      k = i\n  return fc(x)\n"
    text = "inputs: {x: [1, 8]}\nlayers: {fc: 'Linear(8, 8)'}\n" + loop
    with Session(tmp_path) as session:
        session.initialise()
        problems = session.open(text)
        codes = {problem["code"] for problem in problems}
        # On a slow machine the seconds are over before the steps are.
        assert codes & {"too-many-steps", "out-of-time"}
        # An editor has no options.
        told = [problem["message"] for problem in problems if problem["code"] in codes]
        assert any("in a terminal, layercli validate --limit" in message for message in told), told
        assert session.at("hover", 1, 15) is not None
        assert session.actions(4, 0, 20) == []
        assert session.end() == 0
