"""Errors and warnings of specs without torch: cases of ``cases/warn``, and that nothing else warns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from layercli.codes.warnings import IGNORABLE
from layercli.errors import CommandError, Problem
from layercli.validation import find_problems, validate_spec, validate_specs
from tests.test_cases_bad import BAD
from tests.test_cases_bad import CASES as BAD_CASES
from tests.test_cases_bad import read_header as read_errors

ROOT = Path(__file__).parents[1]
CASES = Path(__file__).parent / "cases"
WARN = sorted((CASES / "warn").glob("*.yaml"))
SEVERAL = sorted((CASES / "several").glob("*.yaml"))
OK = sorted((CASES / "ok").glob("*.yaml"))
BUNDLED = sorted((ROOT / "configs").glob("*.yaml"))

#: The good cases that do what is warned of, each on purpose.
MEANT = {
    "Unnamed": {"implicit-dim"},
    "forward_list_return": {"unused-value"},
    "forward_loops": {"unused-value"},
    "forward_pasted": {"unused-layer"},
    "forward_running": {"unused-layer", "unused-value"},
    "forward_running_local": {"unused-value"},
    "layers_containers": {"unused-layer"},
    "layers_long_form": {"unused-param"},
    "layers_mapping": {"cancelled-bias"},
    "params_required": {"param-needed"},
    "rows_never_called": {"unused-layer"},
    "yaml_words": {"unused-value"},
}

_WARNING = re.compile(r"# warning\[([a-z0-9-]+)\] (\d+):(\d+)-(\d+) (.+)")
SPEC = "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 8)\n  spare: Linear(8, 8)\nforward:\n  - fc\n"


def read_warnings(path: Path) -> Iterator[tuple[str, int, int, int, str, str]]:
    """What a case begins with: each warning with its place, and the hint below it."""
    lines = path.read_text("utf-8").splitlines()
    for line, below in pairwise(lines):
        found = _WARNING.fullmatch(line)
        if found is not None:
            code, row, first, last, message = found.groups()
            assert below.startswith("#   help: ")
            yield code, int(row), int(first), int(last), message, below.removeprefix("#   help: ")


def tell(problem: Problem) -> tuple[str, int, int, int, str, str]:
    place = problem.position
    assert place is not None
    last = place.column + place.width - 1
    return problem.code, place.line, place.column, last, problem.message, problem.hint


@pytest.mark.parametrize("path", WARN, ids=lambda path: path.stem)
def test_warnings(path: Path) -> None:
    expected = [*read_warnings(path)]
    assert expected, f"{path.name} begins with no warning"
    found = validate_spec(path, path.name)
    assert {problem.severity for problem in found.problems} == {"warning"}
    assert [tell(problem) for problem in found.problems] == expected
    assert found.exit_code == 0


def test_every_warning_has_cases() -> None:
    told = {code for path in WARN for code, *_ in read_warnings(path)}
    assert told == {*IGNORABLE, "bad-ignore", "unneeded-ignore"}


@pytest.mark.parametrize("path", OK, ids=lambda path: path.stem)
def test_good_cases_warn_of_what_is_meant_only(path: Path) -> None:
    found = {problem.code for problem in find_problems(path)}
    assert found == MEANT.get(path.stem, set())


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_bundled_models_have_no_problem(path: Path) -> None:
    assert find_problems(path) == ()


#: What only a run can tell: it depends on values, or on memory.
RUN_ONLY = (
    "forward_index_out_of_range",
    "forward_negative_classes",
    "forward_numbers_past_the_end",
    "forward_targets_past_the_classes",
    "limits_elements",
)


@pytest.mark.parametrize(
    "path", [path for path in BAD_CASES if path.stem not in RUN_ONLY], ids=lambda path: path.stem
)
def test_bad_cases_have_their_errors_and_no_follow_ups(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    expected, stage = read_errors(path)
    found = validate_spec(Path(path.name), path.name)
    errors = [problem for problem in found.problems if problem.severity == "error"]
    assert [problem.code for problem in errors] == [each.code for each in expected]
    assert stage != "load" or errors == list(found.problems), "warnings are of specs that can be evaluated"
    assert found.exit_code == 1


@pytest.mark.parametrize("path", SEVERAL, ids=lambda path: path.stem)
def test_independent_problems_are_told_together(path: Path) -> None:
    expected, _ = read_errors(path)
    assert len(expected) > 1
    errors = [problem for problem in find_problems(path, path.name) if problem.severity == "error"]
    assert [tell(problem)[:5] for problem in errors] == [
        (each.code, each.line, each.first, each.last, each.message) for each in expected
    ]


# What else there is to a validation


def test_a_model_that_fails_has_its_rows_and_warnings_that_do_not_depend_on_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("params: {width: 8}\n" + SPEC.replace("fc: Linear(8", "fc: Linear(9"))
    found = validate_spec(path, "net.yaml")
    assert [problem.code for problem in found.problems] == ["unused-param", "shape-mismatch"]
    assert found.exit_code == 1
    assert found.trace is not None
    assert [(row.path, row.finished) for row in found.trace.rows] == [("fc", False)]
    assert found.plan is not None


def test_texts_of_an_editor_stand_for_files(tmp_path: Path) -> None:
    path, block = tmp_path / "net.yaml", tmp_path / "block.yaml"
    path.write_text(SPEC)
    texts = {path: "imports: {Block: block.yaml}\ninputs: {x: [1, 8]}\nlayers:\n  body: Block()\n"}
    assert [problem.code for problem in find_problems(path, texts=texts)] == ["import-missing"]
    texts[block] = "blocks:\n  Block:\n    layers:\n      fc: Linaer(8, 8)\n"
    [problem] = find_problems(path, "net.yaml", texts=texts)
    assert problem.code == "unknown-layer"
    assert problem.position is not None
    assert problem.position.line == 4
    texts[block] = texts[block].replace("Linaer", "Linear")
    assert find_problems(path, texts=texts) == ()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = validate_spec(tmp_path / "net.yaml", "net.yaml")
    assert [problem.code for problem in found.problems] == ["missing-file"]
    assert (found.exit_code, found.plan, found.trace) == (2, None, None)


def test_codes_that_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(SPEC)
    assert [problem.code for problem in find_problems(path)] == ["unused-layer"]
    assert find_problems(path, ignore=["unused-layer"]) == ()
    # A comment that is needed without the option is still needed with it.
    path.write_text(
        SPEC.replace("spare: Linear(8, 8)", "spare: Linear(8, 8)  # layercli: ignore[unused-layer]")
    )
    assert find_problems(path, ignore=["unused-layer"]) == ()


def test_several_specs(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SPEC)
    (tmp_path / "b.yaml").write_text(SPEC.replace("Linear", "Linaer"))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "d.yml").write_text(SPEC.replace("  spare: Linear(8, 8)\n", ""))
    (tmp_path / "notes.yaml").write_text("a: 1\n")
    result = validate_specs([], tmp_path)
    assert [(spec.path, spec.exit_code, len(spec.problems)) for spec in result.specs] == [
        ("a.yaml", 0, 1),
        ("b.yaml", 1, 2),
        ("c/d.yml", 0, 0),
    ]
    assert result.summary == "3 specs: 2 errors and 1 warning in 2 of them"
    assert result.exit_code == 1
    assert validate_specs(["a.yaml"], tmp_path).exit_code == 0
    assert validate_specs(["a.yaml"], tmp_path, strict=True).exit_code == 1
    assert validate_specs(["c"], tmp_path, strict=True).summary == "1 spec: no problems"
    with pytest.raises(CommandError) as caught:
        validate_specs(["notes.yaml", "nothing"], tmp_path)
    assert caught.value.problems[0].code == "missing-file"
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError) as caught:
        validate_specs(["empty"], tmp_path)
    assert caught.value.problems[0].code == "nothing-to-validate"


def test_a_problem_of_a_file_that_several_import_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "block.yaml").write_text(
        "blocks:\n  Block:\n    params: {spare: 1}\n    layers:\n      fc: Linear(8, 8)\n"
    )
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(
            "imports: {Block: block.yaml}\ninputs: {x: [1, 8]}\nlayers:\n  body: Block()\n"
        )
    result = validate_specs([], tmp_path)
    assert [len(spec.problems) for spec in result.specs] == [1, 1]
    assert result.summary == "2 specs: 1 warning in 2 of them"


def test_the_configuration_turns_warnings_off(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    configuration = tmp_path / "pyproject.toml"
    configuration.write_text('[tool.layercli]\nignore-warnings = ["unused-layer"]\n')
    assert validate_specs([], tmp_path).problems == ()
    configuration.write_text('[tool.layercli]\nignore-warnings = ["unused-laier"]\n')
    with pytest.raises(CommandError) as caught:
        validate_specs([], tmp_path)
    [problem] = caught.value.problems
    assert problem.message == "there is no warning called unused-laier, and errors can't be ignored"
    assert problem.position is not None
    assert problem.position.line == 2
    assert "did you mean unused-layer" in problem.hint


#: A line that is wrong, and what stands above and below it.
WRONG_LINES = {
    "a layer": ("inputs: {x: [1, 8]}\nlayers:\n", "  a#: Linaer(8, 8)\n", ""),
    "a call": ("inputs: {x: [1, 8]}\nlayers: {fc: 'Linear(8, 8)'}\nforward:\n", "  - rleu#(x)\n", ""),
    "a param": ("params:\n", "  p#: q# + 1\n", "inputs: {x: [1, 8]}\nlayers: {fc: 'Linear(8, 8)'}\n"),
    "a glob": ("inputs: {x: [1, 8]}\nlayers: {fc: 'Linear(8, 8)'}\nfreeze:\n", "  - 'fc#.*'\n", ""),
    "a tie": ("inputs: {x: [1, 8]}\nlayers: {fc: 'Linear(8, 8)'}\ntie:\n", "  fc#.bias: fc.bias\n", ""),
}


@pytest.mark.parametrize("place", WRONG_LINES)
def test_no_more_is_told_than_anybody_reads(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of a megabyte has room for thousands of mistakes, and for each the name that was meant is looked for."""
    for module in ("planner", "forward", "ties"):
        monkeypatch.setattr(f"layercli.plan.{module}.MAX_PROBLEMS", 20)
    above, line, below = WRONG_LINES[place]
    path = tmp_path / "net.yaml"
    path.write_text(above + "".join(line.replace("#", str(number)) for number in range(60)) + below)
    assert len(find_problems(path)) == 21
