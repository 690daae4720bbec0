"""A spec that is printed and read again says the same, and has the same trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import layercli
from layercli.errors import LayercliError, SpecError
from layercli.plan.planner import Setting, plan_model
from layercli.spec.model import Spec
from layercli.spec.printing import print_spec, set_defaults
from layercli.spec.reader import read_spec, read_text
from tests.spec.printed import check_printed, describe, describe_trace

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = sorted((ROOT / "configs").glob("*.yaml"))
OK = sorted((ROOT / "tests" / "cases" / "ok").glob("*.yaml"))
WRONG = sorted(
    path for kind in ("bad", "warn", "several") for path in (ROOT / "tests/cases" / kind).rglob("*.yaml")
)


@pytest.mark.parametrize("path", [*BUNDLED, *OK], ids=lambda path: path.stem)
def test_what_is_printed_is_the_same_model(path: Path) -> None:
    spec = read_spec(path, path.name)
    again = check_printed(spec)
    assert not again.imports
    if path.stem == "moe-1t":
        # Describing its rows twice takes longer than all other models, and equal records give equal traces.
        return
    expected = path.with_suffix(".json")
    given = json.loads(expected.read_text()).get("given", {}).get("params", {}) if path in OK else {}
    settings = {name: Setting(text) for name, text in given.items()}
    plan, printed = plan_model(spec, params=settings), plan_model(again, params=settings)
    assert describe_trace(layercli.derive(printed)) == describe_trace(layercli.derive(plan))


def test_specs_with_mistakes_are_printed_as_they_are() -> None:
    printed = 0
    for path in WRONG:
        try:
            spec = read_spec(path, path.name)
        except LayercliError:
            continue
        if spec.problems:
            with pytest.raises(SpecError):
                print_spec(spec)
        else:
            check_printed(spec)
            printed += 1
    assert printed > 100


EVERYTHING = """\
name: 'Net'
doc: >
  A doc: with "quotes", a # and
  ünïcode.
params: {width: 0x10, act: GELU, eps: 1e-5, sizes: [1, [2, x]], pair: '(1, 2)', needed: ~, none: 'null', mode: no}
dims: {N: 2, T: 2*N}
inputs:
  x: [N, T, width]
  y: 'rand(N,T) if True else [zeros(1), ones(1)]'
layers:
  on: Linear(width, 8)
  long: {type: Conv1d, in_channels: 8, out_channels: 8, kernel_size: [1], padding_mode: circular}
  named: {a: ReLU(), b: {c: Tanh()}, d: {}}
  listed:
    - - Linear(8,
        8)
      - act()
    - inner: [Identity()]
    - []
  maybe: 'None'
  many: 2*Block()
blocks:
  Block:
    inputs: [x, "pairs={'a': (1, 2)}", mask = None]
    layers: {fc: 'Linear(8, 8)'}
    forward: |

      # A comment that is left out.
      for i in range(2): x = x + fc(x)   # this one, too
      if mask is not None: return x[:, : 2]
      'text'
      return {'x': x}, '''a
        b'''
    freeze: fc.*
  Plain:
    layers: [ReLU()]
  Empty:
    inputs: []
    forward: [zeros(1)]
forward:
  - y = on( x ); y = long(y)
  - 'x[:, : 2]'
  - return y
tie: {'on.weight': "named.b: c"}
freeze: ['*.bias', "on # 'it'", yes, -]
dtype: bfloat16
mode: train
"""

PRINTED = """\
name: Net
doc: 'A doc: with "quotes", a # and ünïcode.'
params:
  width: 16
  act: GELU
  eps: 1e-05
  sizes: [1, [2, x]]
  pair: (1, 2)
  needed: ~
  none: None
  mode: 'no'
dims:
  N: 2
  T: 2 * N
inputs:
  x: [N, T, width]
  y: rand(N, T) if True else [zeros(1), ones(1)]
layers:
  'on': Linear(width, 8)
  long:
    type: Conv1d
    in_channels: 8
    out_channels: 8
    kernel_size: [1]
    padding_mode: circular
  named:
    a: ReLU()
    b:
      c: Tanh()
    d: {}
  listed:
    - - Linear(8, 8)
      - act()
    - inner:
        - Identity()
    - []
  maybe: None
  many: 2 * Block()
forward:
  - y = on(x); y = long(y)
  - x[:, :2]
  - return y
blocks:
  Block:
    inputs: [x, "pairs={'a': (1, 2)}", mask=None]
    layers:
      fc: Linear(8, 8)
    forward: |
      for i in range(2):
          x = x + fc(x)
      if mask is not None:
          return x[:, :2]
      'text'
      return ({'x': x}, 'a\\n  b')
    freeze:
      - fc.*
  Plain:
    inputs: [input]
    layers:
      - ReLU()
  Empty:
    inputs: []
    forward:
      - zeros(1)
tie:
  on.weight: 'named.b: c'
freeze:
  - '*.bias'
  - "on # 'it'"
  - 'yes'
  - '-'
dtype: bfloat16
mode: train
"""


def test_every_form() -> None:
    spec = read_text(EVERYTHING, "net.yaml")
    assert not spec.problems
    assert print_spec(spec) == PRINTED
    check_printed(spec)


def test_other_programs_read_names_as_texts() -> None:
    loaded = yaml.safe_load(PRINTED)
    assert [*loaded["layers"]] == ["on", "long", "named", "listed", "maybe", "many"]
    assert loaded["params"]["mode"] == "no"
    assert loaded["freeze"] == ["*.bias", "on # 'it'", "yes", "-"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Linear(8, sum([{','.join(['1'] * 4000)}]))", id="too long"),
        pytest.param(f"Sequential({'(' * 58}ReLU(){')' * 58})", id="many brackets"),
        pytest.param("+".join(["1"] * 100), id="many levels"),
    ],
)
def test_what_python_writes_too_long_stays_as_it_is(text: str) -> None:
    check_printed(read_text(f"inputs: {{x: [1]}}\nlayers: {{a: '{text}'}}\n", "net.yaml"))


def test_statements_that_python_writes_too_long_stay_as_they_are() -> None:
    long = ",".join(["1"] * 4000)
    head = "inputs: {x: [1]}\nlayers: {}\n"
    for forward in (f"forward:\n  - x + sum([{long}])\n", f"forward: |2\n    # More.\n  return [{long}]\n"):
        text = print_spec(check_printed(read_text(head + forward, "net.yaml")))
        assert long in text


FILES = {
    "net.yaml": """imports: {Encoder: a.yaml, Head: b.yaml, Same: a.yaml}
inputs: {x: [2, 8]}
blocks:
  Part: {inputs: [x], layers: {fc: 'Linear(8, 8)'}}
  ReLU: {inputs: [x], layers: {fc: 'Tanh()'}}
layers: {encoder: Encoder(), same: Same(), head: Head(Tanh), part: Part(), relu: ReLU()}
""",
    "a.yaml": """name: Net
inputs: {x: [1, 8]}
blocks:
  Part: {inputs: [x], layers: {relu: ReLU(), fc: 'Linear(8, 8, bias=False)'}}
  Unused: {inputs: [x], layers: {fc: 'Linear(8, 8)'}}
layers: {part: 2 * Part()}
""",
    "b.yaml": """inputs: {}
blocks:
  Part: {inputs: [x], layers: {fc: 'Identity()'}}
  Head:
    params: {act: ReLU}
    inputs: [x]
    layers: {part: Part(), parts: [Part(), Sequential(Part() for i in range(2))], long: {type: Part}, act: act()}
""",
}


def write_files(folder: Path, files: dict[str, str]) -> Spec:
    for name, text in files.items():
        (folder / name).write_text(text)
    return read_spec(folder / "net.yaml", "net.yaml")


def test_blocks_of_one_name_get_others(tmp_path: Path) -> None:
    spec = write_files(tmp_path, FILES)
    text = print_spec(spec)
    again = read_text(text, "net.yaml")
    blocks = [*again.main.definitions]
    assert blocks == ["Net", "Head", "Part", "ReLU_2", "Part_2", "Part_3"]
    assert print_spec(again) == text
    assert "relu: ReLU()" in text.split("Part_2:")[1]
    before, after = layercli.derive(plan_model(spec)), layercli.derive(plan_model(again))
    new = {"Part_2": "Part", "Part_3": "Part", "ReLU_2": "ReLU"}
    assert [(row.path, row.type, row.output) for row in before.rows] == [
        (row.path, new.get(row.type, row.type), row.output) for row in after.rows
    ]


def test_a_name_that_would_mean_two_things_is_refused(tmp_path: Path) -> None:
    files = {**FILES, "b.yaml": FILES["b.yaml"].replace("{act: ReLU}", "{act: ReLU, Part: 3}")}
    with pytest.raises(SpecError, match="Part is a block here") as caught:
        print_spec(write_files(tmp_path, files))
    (problem,) = caught.value.problems
    assert problem.position is not None
    assert (problem.code, problem.position.file.rpartition("/")[2]) == ("doubled-name", "b.yaml")


def test_settings_are_the_defaults() -> None:
    text = "params: {a: 8, p: 0.5, act: ReLU, b: 2 * a, w: ~}\ninputs: {x: [1, a]}\nlayers: {fc: act(), d: Dropout(p)}\n"
    settings = {"p": "1", "act": "nn.GELU", "b": "a // 2", "w": "no"}
    spec = read_text(text, "net.yaml")
    plan = plan_model(spec, params={name: Setting(value) for name, value in settings.items()})
    printed = print_spec(set_defaults(spec, settings, plan.given_params))
    assert "  a: 8\n  p: 1.0\n  act: nn.GELU\n  b: a // 2\n  w: 'no'\n" in printed
    again = plan_model(read_text(printed, "net.yaml"))
    assert again.params == plan.params


def test_a_comparison_can_fail() -> None:
    text = "inputs: {x: [1, 8]}\nlayers: {fc: 'Linear(8, 8)'}\n"
    spec = read_text(text, "net.yaml")
    assert describe(spec) == describe(read_text("\n" + text.replace(" 8)", "8)"), "net.yaml"))
    for other in ("layers: {fc: 'Linear(8, 9)'}", "layers: {fd: 'Linear(8, 8)'}", "mode: train"):
        key = other.split(":")[0]
        lines = [line for line in text.splitlines() if not line.startswith(key)]
        assert describe(spec) != describe(read_text("\n".join([*lines, other]), "net.yaml"))
