"""Bad input: each file of ``cases/bad`` begins with the problems that it has, and has no others.

A header line is ``# error[code] line:first-last message``, the columns those of the caret, with the file's name in
front where the problem stands in another file. ``#   help: text`` below it is the hint; without it there is none.
``# stage: build`` or ``trace`` says how far the spec gets before its problem shows; the others fail at once.
Message and hint may be given in part.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import layercli
from layercli.cli.main import main
from layercli.errors import LayercliError, Problem, SpecError, draw_problem

BAD = Path(__file__).parent / "cases" / "bad"
CASES = sorted(BAD.glob("*.yaml"))
STAGES = ("load", "build", "trace")

_ERROR = re.compile(r"# error\[([a-z0-9-]+)\] (?:([\w./-]+\.yaml):)?(\d+):(\d+)(?:-(\d+))? (.+)")


@dataclass(frozen=True)
class Expected:
    """One problem of a header."""

    code: str
    file: str
    line: int
    first: int
    last: int
    message: str
    hint: str = ""


def read_header(path: Path) -> tuple[list[Expected], str]:
    """The expected problems of a case, and the stage at which they show."""
    expected: list[Expected] = []
    stage = "load"
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            break
        found = _ERROR.fullmatch(line)
        if found is not None:
            code, file, row, first, last, message = found.groups()
            columns = int(first), int(last or first)
            expected.append(Expected(code, file or path.name, int(row), *columns, message))
        elif line.startswith("#   help: "):
            text = line.removeprefix("#   help: ")
            expected[-1] = Expected(**{**vars(expected[-1]), "hint": text})
        else:
            stage = line.removeprefix("# stage: ")
            assert stage in STAGES, f"{path.name}: {line} is neither an error, nor its help, nor a stage"
    assert expected, f"{path.name} begins with no expected error"
    return expected, stage


def find_problems(path: str, last: str) -> tuple[str, tuple[Problem, ...], type[LayercliError]]:
    """Go through the stages up to ``last``: the one that fails, with its problems."""
    stage = "load"
    try:
        plan = layercli.load(path)
        if last != "load":
            stage = "build"
            layercli.build(plan)
        if last == "trace":
            stage = "trace"
            layercli.trace(plan)
    except LayercliError as error:
        return stage, error.problems, type(error)
    raise AssertionError(f"{path} has no problem")


def check_drawing(problem: Problem) -> None:
    """Every position lies inside its file, and every place is drawn with its line and a caret under it."""
    drawn = draw_problem(problem).split("\n")
    assert drawn[0].startswith(f"error[{problem.code}]: ")
    places = [
        *([problem.position] if problem.position else []),
        *(label.position for label in problem.labels),
    ]
    for place in places:
        assert 1 <= place.line <= len(place.source.lines)
        assert 1 <= place.column <= len(place.source.line(place.line)) + 1
        assert place.width >= 1
        at = next(number for number, line in enumerate(drawn) if line.strip() == f"--> {place}")
        assert re.fullmatch(rf" *{place.line} \| .*", drawn[at + 1])
        caret = re.fullmatch(r" +\| ( *)(\^+)(?: .*)?", drawn[at + 2])
        assert caret is not None
        source_line = place.source.line(place.line)
        if len(source_line) <= 160:
            assert len(caret[1]) == place.column - 1
            assert len(caret[2]) == max(1, min(place.width, len(source_line) - place.column + 1))
    for sentence in (problem.message, problem.hint):
        assert not sentence.endswith(".") or sentence.endswith("...")
        assert "\n" not in sentence


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_bad_case(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    expected, stage = read_header(path)
    monkeypatch.chdir(BAD)
    failed, problems, kind = find_problems(path.name, stage)
    assert failed == stage
    assert issubclass(kind, SpecError)
    for problem in problems:
        check_drawing(problem)
    assert [
        (problem.code, problem.position.file, problem.position.line, problem.position.column)
        for problem in problems
        if problem.position is not None
    ] == [(each.code, each.file, each.line, each.first) for each in expected]
    for problem, each in zip(problems, expected, strict=True):
        assert problem.position is not None
        assert problem.position.column + problem.position.width - 1 == each.last
        assert each.message in problem.message
        assert each.hint in problem.hint
        assert bool(each.hint) == bool(problem.hint), "a hint that the header doesn't name"

    assert main(["trace", path.name]) == 1
    told = capsys.readouterr().err
    for each in expected:
        assert f"error[{each.code}]: " in told
        assert f"--> {each.file}:{each.line}:{each.first}\n" in told
        # What was tried stands in the place of a hint.
        assert not each.hint or f"help: {each.hint}" in told or "   (tried: " in told
    assert "Traceback" not in told
    if len(expected) > 1:
        assert re.search(rf"^{len(expected)} problems in ", told, re.MULTILINE)


def test_the_cases_are_there() -> None:
    assert len(CASES) > 250


def test_a_wrong_header_is_seen(tmp_path: Path) -> None:
    case = tmp_path / "net.yaml"
    case.write_text(
        "# error[unknown-layer] 5:7-12 there is no layer called Linaer\n#   help: did you mean Linear\n"
    )
    assert read_header(case) == (
        [
            Expected(
                "unknown-layer",
                "net.yaml",
                5,
                7,
                12,
                "there is no layer called Linaer",
                "did you mean Linear",
            )
        ],
        "load",
    )
    case.write_text("# eror[unknown-layer] 5:7 there is no layer\n")
    with pytest.raises(AssertionError, match="neither an error"):
        read_header(case)
    case.write_text("inputs: {x: [1, 8]}\n")
    with pytest.raises(AssertionError, match="no expected error"):
        read_header(case)


# What a file in the repository can't well hold: characters that editors and git change, lines of thousands of
# characters, links ------------------------------------------------------------------------------------------

NET = "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 2)\n"


@pytest.mark.parametrize(
    ("data", "code", "place", "message"),
    [
        (NET.encode("utf-16"), "not-utf8", "1:1", "this file is UTF-16, not UTF-8"),
        (NET.encode() + b"# caf\xe9\n", "not-utf8", "4:6", "the byte 0xe9 here isn't UTF-8"),
        (NET.encode() + b"# \x00\n", "control-character", "4:3", "U+0000"),
        (NET.encode() + b"# \x1b[31m\n", "control-character", "4:3", "U+001B"),
        ((NET + "# \u202e\n").encode(), "bidirectional-character", "4:3", "U+202E"),
        ((NET + "# \u2028\n").encode(), "line-separator", "4:3", "U+2028"),
        ((NET + "# \x85\n").encode(), "line-separator", "4:3", "U+0085"),
        (
            NET.replace("\n", "\r").encode(),
            "lone-carriage-return",
            "1:20",
            "a carriage return without a line feed",
        ),
        ((NET + "# \ufeff\n").encode(), "byte-order-mark", "4:3", "inside the file"),
        (b"", "empty-spec", "1:1", "this file holds no spec"),
        (b"\n\n", "empty-spec", "1:1", "this file holds no spec"),
        (NET.encode() + b"#" * (1 << 20), "file-too-large", "", "larger than 1,048,576 bytes"),
    ],
)
def test_characters_and_bytes(data: bytes, code: str, place: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(data)
    _, (problem,), _ = find_problems(str(path), "load")
    assert problem.code == code
    assert message in problem.message
    if problem.position is not None:
        assert f"{problem.position.line}:{problem.position.column}" == place
        check_drawing(problem)
    else:
        assert not place


@pytest.mark.parametrize(
    ("value", "code", "column"),
    [
        ("Linear(8, " + "9" * 5_000 + ")", "number-too-large", 17),
        ("Linear(8, " + "1" * 12_000 + ")", "too-long", 7),
        ("Linear(8, 1" + " + 1" * 300 + ")", "too-deep", 621),
        ("Linear(8, " + "-" * 400 + "8)", "too-deep", 167),
        ("Linear(8, " + "not " * 400 + "8)", "too-deep", 617),
        ("Linear(8, " + "(" * 200 + "2" + ")" * 200 + ")", "too-deep", 76),
        ("Linear(8, " + "[" * 200 + "2" + "]" * 200 + ")", "too-deep", 76),
        ("Linear(8, 'a'" + "'a'" * 3_000 + ")", "wrong-kind", 17),
        ("[" * 60 + "]" * 60, "yaml-depth", 45),
        ("{a: " * 60 + "}" * 60, "yaml-depth", 159),
        ("Linear" + "(8, 8)" * 100, "layer-called-here", 7),
        ("nn" + ".nn" * 400, "too-deep", 7),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_long_and_deep(value: str, code: str, column: int, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"inputs: {{x: [1, 8]}}\nlayers:\n  fc: {value}\n")
    _, problems, _ = find_problems(str(path), "load")
    assert [(problem.code, problem.position and problem.position.column) for problem in problems] == [
        (code, column)
    ]
    check_drawing(problems[0])
    assert max(map(len, draw_problem(problems[0]).split("\n"))) < 250


def test_lists_of_lists_of_lists(tmp_path: Path) -> None:
    """A small text for an immense value: it is refused before anything walks through it."""
    lines = ["a0: '[1, 1]'", *(f"a{n}: '[a{n - 1}, a{n - 1}]'" for n in range(1, 40))]
    path = tmp_path / "net.yaml"
    path.write_text("params:\n  " + "\n  ".join(lines) + "\n" + NET)
    _, problems, _ = find_problems(str(path), "load")
    assert [problem.code for problem in problems] == ["too-long"]


# Imports ----------------------------------------------------------------------------------------------------

BLOCK = "blocks:\n  Block:\n    inputs: [x]\n    layers:\n      fc: Linear(8, 8)\n"


def _link_file(root: Path) -> None:
    (root / "real.yaml").write_text(BLOCK)
    (root / "block.yaml").symlink_to("real.yaml")


def _link_folder(root: Path) -> None:
    (root / "real").mkdir()
    (root / "real" / "block.yaml").write_text(BLOCK)
    (root / "link").symlink_to("real")


def _hide_folder(root: Path) -> None:
    (root / ".hidden").mkdir()
    (root / ".hidden" / "block.yaml").write_text(BLOCK)


def _make_pipe(root: Path) -> None:
    os.mkfifo(root / "block.yaml")


def _import_back(root: Path) -> None:
    (root / "block.yaml").write_text("imports: {Net: net.yaml}\n" + BLOCK)


@pytest.mark.parametrize(
    ("prepare", "target", "code", "message"),
    [
        (_link_file, "block.yaml", "import-link", "block.yaml goes through a link, block.yaml"),
        (_link_folder, "link/block.yaml", "import-link", "goes through a link, link,"),
        (_hide_folder, ".hidden/block.yaml", "import-hidden", "lies in .hidden"),
        (_make_pipe, "block.yaml", "import-not-regular", "a pipe or a device"),
        (
            _import_back,
            "block.yaml",
            "import-cycle",
            "these files import each other: net.yaml -> block.yaml -> net.yaml",
        ),
        (lambda root: None, "../block.yaml", "import-outside", "leads out of the project"),
        (lambda root: None, "a/../../block.yaml", "import-outside", "leads out of the project"),
        (lambda root: None, "C:/block.yaml", "import-absolute", "an absolute path"),
        (lambda root: None, "parts\\block.yaml", "import-path", "has a backslash"),
        (lambda root: None, "net", "import-path", "doesn't end in .yaml or .yml"),
    ],
)
def test_imports(
    prepare: Callable[[Path], None], target: str, code: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").touch()
    prepare(tmp_path)
    path = tmp_path / "net.yaml"
    path.write_text(f"imports: {{Block: {target}}}\ninputs: {{x: [1, 8]}}\nlayers:\n  body: Block()\n")
    _, (problem,), _ = find_problems(str(path), "load")
    assert problem.code == code
    assert message in problem.message
    assert problem.hint or code == "import-not-regular"
    check_drawing(problem)


# Options of the commands: no position in a file, exit code 2 ------------------------------------------------

PARAMS = """\
params: {width: 8, rate: 0.5, bias: True, act: GELU, mode: zeros, sizes: [3, 3], depth: ~}
dims: {N: 1, T: 4}
inputs:
  x: [N, T, width]
  y: "rand(N, 4) * 2"
  z: "(rand(1), rand(2))"
layers:
  fc: Linear(width, 2, bias=bias)
"""


@pytest.mark.parametrize(
    ("options", "code", "message", "hint"),
    [
        (
            ["--set", "widht=4"],
            "unknown-param",
            "--set widht: the spec has no param widht",
            "did you mean width?",
        ),
        (
            ["--set", "lr=4"],
            "unknown-param",
            "no param lr",
            "it has width, rate, bias, act, mode, sizes, depth",
        ),
        (["--set", "width"], "usage", "--set width is not of the form NAME=VALUE", "write --set width=64"),
        (["--set", "width="], "usage", "--set width= is not of the form NAME=VALUE", "write --set width=64"),
        (["--set", "=4"], "usage", "--set =4 is not of the form NAME=VALUE", "write --set width=64"),
        (["--set", "width=4", "--set", "width=8"], "usage", "--set sets width twice", ""),
        (["--set", "width=1.5"], "wrong-kind", "--set width=1.5: width is an int, 8 in the spec", ""),
        (["--set", "width=wide"], "wrong-kind", "--set width='wide': width is an int", ""),
        (["--set", "width=True"], "wrong-kind", "--set width=True: width is an int", ""),
        (["--set", "rate=True"], "wrong-kind", "--set rate=True: rate is a number", ""),
        (["--set", "bias=0"], "wrong-kind", "--set bias=0: bias is True or False", ""),
        (["--set", "mode=3"], "wrong-kind", "--set mode=3: mode is a text", ""),
        (["--set", "act=3"], "wrong-kind", "--set act=3: act is of the kind of GELU", ""),
        (["--set", "sizes=3"], "wrong-kind", "--set sizes=3: sizes is of the kind of [3, 3]", ""),
        (["--set", "width=(4"], "syntax", "this can't be read: '(' was never closed", "close every bracket"),
        (["--set", "width=4 +"], "syntax", "this can't be read: invalid syntax", ""),
        (
            ["--set", "width=open('x')"],
            "unknown-function",
            "open of Python is not in the spec language",
            "a spec neither",
        ),
        (["--set", "width=10 ** 10 ** 10"], "number-too-large", "this power is too large for any size", ""),
        (
            ["--set", "width=rate * 2"],
            "used-before-assigned",
            "rate is used before it has a value",
            "write rate further",
        ),
        (["--dim", "M=4"], "unknown-dim", "--dim M: the spec has no dim M", "it has N, T"),
        (["--dim", "N"], "usage", "--dim N is not of the form NAME=VALUE", "write --dim N=32"),
        (["--dim", "N=-1"], "usage", "--dim N: '-1' is no size", "write --dim N=32"),
        (["--dim", "N=four"], "usage", "--dim N: 'four' is no size", "write --dim N=32"),
        (["--dim", "N=1.5"], "usage", "--dim N: '1.5' is no size", "write --dim N=32"),
        (["--dim", "N=" + "9" * 30], "usage", "is no size", "write --dim N=32"),
        (["--input", "w=1x8"], "unknown-input", "--input w: the spec has no input w", "it has x, y, z"),
        (["--input", "x"], "usage", "--input x is not of the form NAME=VALUE", "write --input x=4x1x32x32"),
        (["--input", "x=1xx8"], "usage", "--input x: '' is no size", "write --input x=4x1x32x32"),
        (["--input", "x=1x-8"], "usage", "--input x: '-8' is no size", "write --input x=4x1x32x32"),
        (
            ["--input", "z=1x8"],
            "input-not-sized",
            "--input can't replace the sizes of this input",
            "or use --dim",
        ),
        (["--input", "x=2x4x8", "--dim", "N=3"], "conflicting-size", "N would be 2 here and 3 elsewhere", ""),
        (
            ["--input", "x=2x4x8", "--input", "y=3x4"],
            "conflicting-size",
            "N would be 3 here and 2 elsewhere",
            "",
        ),
        (["--device", "gpu"], "unknown-device", "there is no kind of device gpu", "cpu"),
        (["--device", "cdua"], "unknown-device", "there is no kind of device cdua", "did you mean cuda"),
        (
            ["--device", "cuda:999"],
            "no-such-device",
            "there is no device cuda:999 here",
            "there is cpu, meta",
        ),
        (["--device", "cpu:1"], "unknown-device", "there is no kind of device cpu:1", "cpu"),
        (["--device", ""], "unknown-device", "there is no kind of device", "it is one of auto, cpu"),
        (
            ["--device", "meta", "--values"],
            "no-values",
            "on the meta device tensors have no values",
            "--device cpu",
        ),
        (["--format", "jsno"], "usage", "--format can't be jsno", "did you mean json"),
        (["--values", "--layer", "fc1"], "unknown-path", "the model has no layer fc1", "did you mean fc"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_options(
    options: Sequence[str],
    code: str,
    message: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(PARAMS)
    needed = [] if any(option.startswith("depth=") for option in options) else ["--set", "depth=2"]
    assert main(["trace", "net.yaml", *options, *needed]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    first, *_ = told.err.split("\n")
    assert first.startswith(f"error[{code}]: ")
    assert message in first
    assert hint in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("name", "code", "message", "hint"),
    [
        ("lenett", "unknown-spec", "there is no spec called lenett", "did you mean lenet"),
        ("resnet", "unknown-spec", "there is no spec called resnet", "resnet50"),
        ("zzzzzz", "unknown-spec", "there is no spec called zzzzzz", "layercli list models"),
        ("./lenett.yaml", "missing-file", "there is no file ./lenett.yaml", ""),
        ("folder", "is-folder", "folder is a folder, not a spec", "such as folder/net.yaml"),
        ("folder/", "is-folder", "folder/ is a folder, not a spec", "such as folder/net.yaml"),
        ("folder/nett.yaml", "missing-file", "there is no file folder/nett.yaml", "did you mean net.yaml?"),
        ("notes.txt", "unknown-spec", "notes.txt is no .yaml file", "the names of specs end in .yaml"),
        ("", "unknown-spec", "a spec needs a name", "name a file or a model"),
        ("gone.yaml", "missing-file", "gone.yaml is a link to a file that isn't there", ""),
        ("pipe.yaml", "not-regular", "pipe.yaml is a pipe or a device", ""),
    ],
)
def test_spec_names(
    name: str,
    code: str,
    message: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("folder/net.yaml").write_text(NET)
    Path("notes.txt").write_text("no spec")
    Path("gone.yaml").symlink_to("nowhere.yaml")
    os.mkfifo("pipe.yaml")
    assert main(["trace", name]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"error[{code}]: ")
    assert message in told.err
    assert hint in told.err
