"""The JSON Schema of a spec file: every good spec validates against it, and bad keys don't."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from layercli.catalogue.layers import LAYERS
from layercli.cli.main import main
from layercli.spec.keys import BLOCK_KEYS, KEYS, SPEC_KEYS
from layercli.spec.library import list_bundled
from layercli.spec.reader import read_text
from layercli.spec.schema import make_schema

TESTS = Path(__file__).parents[1]
GOOD = [
    *list_bundled(),
    *sorted((TESTS.parent / "configs" / "blocks").glob("*.yaml")),
    *sorted((TESTS / "cases" / "ok").rglob("*.yaml")),
    *sorted((TESTS / "derive" / "found").glob("*.yaml")),
]
BAD = sorted((TESTS / "cases" / "bad").glob("*.yaml"))

#: Codes that are about keys, names and what has no value.
SEEN_CODES = (
    "bad-name", "empty-spec", "empty-value", "import-absolute", "import-path", "missing-key", "not-a-mapping",
    "unknown-dtype", "unknown-key", "unknown-mode", "yaml-merge",
)  # fmt: skip
#: Cases of them where what is wrong stands inside a text, or where an empty value is as good as ``null``.
UNSEEN = ("forward_local_with_a_meaning", "layers_mapping_empty_child", "layers_module_dict_name")
#: Cases of other codes, some of which are about kinds of values.
ALSO_SEEN = (
    "blocks_a_text", "blocks_inputs_a_mapping", "dims_negative", "forward_a_mapping", "freeze_a_mapping",
    "inputs_a_list_of_names", "inputs_negative_size", "inputs_nested_list", "layers_class_not_called",
    "layers_long_form_missing", "layers_plain_value", "layers_unknown_argument_long_form", "params_a_list",
    "tie_a_list", "top_name_is_a_list",
)  # fmt: skip

VALIDATOR = jsonschema.Draft7Validator(make_schema())


class CoreLoader(yaml.SafeLoader):
    """Plain scalars as YAML 1.2 types them, which editors do: ``no``, ``off`` and ``12:30`` are texts."""

    # PyYAML's stubs have a dict that only add_implicit_resolver may fill.
    yaml_implicit_resolvers: Mapping[str, Any] = {}  # type: ignore[assignment]


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), [*_first])


def read_as_editor(text: str) -> Any:
    """The data that a schema is held to: YAML 1.2, keys as texts."""
    return json.loads(json.dumps(yaml.load(text, CoreLoader)))


def find_errors(text: str) -> list[jsonschema.ValidationError]:
    return list(VALIDATOR.iter_errors(read_as_editor(text)))


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(make_schema())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_specs_validate(path: Path) -> None:
    assert [error.message for error in find_errors(path.read_text("utf-8"))] == []


def has_seen_code(path: Path) -> bool:
    return re.search(rf"error\[(?:{'|'.join(SEEN_CODES)})\]", path.read_text("utf-8")) is not None


@pytest.mark.parametrize(
    "path",
    [path for path in BAD if path.stem in ALSO_SEEN or (has_seen_code(path) and path.stem not in UNSEEN)],
    ids=lambda path: path.stem,
)
def test_bad_keys_fail(path: Path) -> None:
    text = path.read_text("utf-8")
    if path.stem != "top_python_class":
        assert find_errors(text), "an editor would find nothing"
        return
    with pytest.raises(yaml.YAMLError):
        find_errors(text)


GOOD_TEXT = """
params: {width: 8, sizes: [1, [2]], given: ~}
dims: {N: 1}
inputs: {x: [N, 8], mask: None}
blocks: {Block: {params: {dim: ~}, inputs: [x, "mask=None"], layers: {fc: "Linear(dim, dim)"}}}
layers:
  fc: Linear(8, 8)
  long: {type: Linear, in_features: 8, out_features: width, bias: false}
  block: {type: Block, dim: 8}
  named: {a: ReLU(), b: [Linear(8, 8), "2 * Block(8)"]}
  none: ~
tie: {fc.weight: long.weight}
freeze: ["fc.*"]
dtype: torch.bfloat16
mode: train
"""


def test_the_good_text_validates() -> None:
    assert [error.message for error in find_errors(GOOD_TEXT)] == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("dims:", "dim:", ""),
        ("N: 1", "N: -1", "dims.N"),
        ("N: 1", "N: 1.5", "dims.N"),
        ("N: 1", "self: 1", "dims"),
        ("x: [N, 8]", "x: [N, [8]]", "inputs.x"),
        ("x: [N, 8]", "class: [N, 8]", "inputs"),
        ("sizes: [1, [2]]", "sizes: {a: 1}", "params.sizes"),
        ("fc: Linear(8, 8)", "fc: Linear", "layers"),
        ("fc: Linear(8, 8)", "fc: nn.Linear", "layers"),
        ("fc: Linear(8, 8)", "fc: 8", "layers"),
        ("fc: Linear(8, 8)", "train: Linear(8, 8)", "layers"),
        ("out_features: width", "out_feature: width", "layers"),
        (", out_features: width", "", "layers"),
        ("b: [Linear(8, 8)", "b: [ReLU", "layers"),
        ("params: {dim: ~}", "dims: {M: 1}", "blocks.Block"),
        ("inputs: [x, ", "inputs: [1x, ", "blocks.Block.inputs.0"),
        ("fc.weight: long.weight", "fc.weight: [long]", "tie.fc.weight"),
        ("torch.bfloat16", "int64", "dtype"),
        ("mode: train", "mode: test", "mode"),
    ],
)
def test_one_mistake_is_seen_where_it_is(old: str, new: str, place: str) -> None:
    assert old in GOOD_TEXT
    found = find_errors(GOOD_TEXT.replace(old, new, 1))
    assert place in [".".join(map(str, error.absolute_path)) for error in found], found


def test_every_key_is_described_with_an_example_that_validates() -> None:
    schema = make_schema()
    assert list(schema["properties"]) == list(SPEC_KEYS) == list(KEYS)
    block = schema["definitions"]["block"]["properties"]
    assert list(block) == list(BLOCK_KEYS)
    for keys in (schema["properties"], block):
        for name, described in keys.items():
            assert described["description"]
            own = jsonschema.Draft7Validator({**described, "definitions": schema["definitions"]})
            (example,) = described["examples"]
            assert own.is_valid(example), name


def test_examples_of_keys_are_read() -> None:
    text = "".join(
        f"{key.name}: {key.example}\n"
        for key in KEYS.values()
        if key.name not in ("imports", "tie", "freeze")
    )
    assert read_text(text, "net.yaml").problems == ()
    blocks = "".join(
        f"    {name}: {KEYS[name].block_example or KEYS[name].example}\n"
        for name in BLOCK_KEYS
        if name not in ("tie", "freeze")
    )
    whole = f"inputs: {{x: [1]}}\nlayers: {{a: ReLU()}}\nblocks:\n  Block:\n{blocks}"
    assert read_text(whole, "net.yaml").problems == ()


def test_layers_are_those_of_the_catalogue() -> None:
    definitions = make_schema()["definitions"]
    labels = [snippet["label"] for snippet in definitions["call"]["defaultSnippets"]]
    assert labels == [
        f"{name}({layer.signature})" for name, layer in sorted(LAYERS.items()) if not layer.refused
    ]
    bodies = {snippet["body"] for snippet in definitions["call"]["defaultSnippets"]}
    assert {"Linear(${1:in_features}, ${2:out_features})", "ReLU($1)"} <= bodies


def test_the_command_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == make_schema()
    assert main(["schema", "--output", str(tmp_path / "spec.schema.json")]) == 0
    assert json.loads((tmp_path / "spec.schema.json").read_text("utf-8")) == make_schema()
