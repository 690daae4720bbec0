"""``layercli check --against``: what a change as a whole breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from layercli.checks import lock_specs
from layercli.errors import CommandError
from layercli.history.against import check_against, list_against
from layercli.lock import CheckResult, SpecResult
from tests.git.repositories import NET, Sandbox, make_repository

WIDER = NET.replace("8", "16")
OTHER = """\
name: Other
inputs: {x: [1, 16]}
layers:
  norm: LayerNorm(16)
  act: Tanh()
"""
BLOCKS = "blocks:\n  Block: {inputs: [x], layers: {fc: 'Linear(4, 4)'}, forward: [fc(x)]}\n"
IMPORTING = "imports: {Block: blocks.yaml}\ninputs: {x: [1, 4]}\nlayers: {block: 'Block()'}\n"


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A repository with two locked specs."""
    made = make_repository(tmp_path / "repository")
    made.write("configs/net.yaml", NET)
    made.write("configs/other.yaml", OTHER)
    lock(made)
    made.commit()
    return made


def lock(sandbox: Sandbox, *paths: str) -> None:
    list(lock_specs(paths, sandbox.root, "derive"))


def check(sandbox: Sandbox, *paths: str, folder: str = ".", revision: str = "HEAD") -> CheckResult:
    return check_against(paths, sandbox.root / folder, revision)


def find(result: CheckResult, path: str) -> SpecResult:
    return next(spec for spec in result.specs if spec.path == path)


def codes(spec: SpecResult) -> list[str]:
    return [difference.code for difference in spec.differences]


def problems(result: CheckResult | SpecResult) -> list[str]:
    return [problem.code for problem in result.problems]


def test_nothing_changed(sandbox: Sandbox) -> None:
    result = check(sandbox)
    assert [spec.status for spec in result.specs] == ["ok", "ok"]
    assert result.exit_code == 0
    assert result.summary == "2 models, 5 rows compared with HEAD: all hold"


def test_an_accepted_change_still_shows(sandbox: Sandbox) -> None:
    sandbox.write("configs/net.yaml", WIDER)
    result = check(sandbox)
    spec = find(result, "configs/net.yaml")
    assert (spec.status, spec.lock) == ("differs", "HEAD:configs/net.yaml")
    assert result.accept == "layercli lock configs/net.yaml"
    lock(sandbox)
    sandbox.commit()
    result = check(sandbox, revision="HEAD~1")
    spec = find(result, "configs/net.yaml")
    assert (spec.status, spec.lock, problems(spec)) == (
        "differs",
        "HEAD~1:configs/net.yaml",
        ["lock-accepted"],
    )
    assert [verdict.holds for verdict in spec.verdicts if verdict.kind == "checkpoints"] == [False]
    assert (result.exit_code, result.accept) == (1, "")


def test_a_new_spec_is_no_difference(sandbox: Sandbox) -> None:
    sandbox.write("configs/new.yaml", "inputs: {t: [2, 3]}\nlayers: {act: 'Tanh()'}\n")
    assert find(check(sandbox), "configs/new.yaml").status == "missing"
    lock(sandbox)
    assert check(sandbox).exit_code == 0


def test_a_spec_that_is_gone(sandbox: Sandbox) -> None:
    (sandbox.root / "configs/net.yaml").unlink()
    result = check(sandbox)
    spec = find(result, "configs/net.yaml")
    assert (spec.status, codes(spec)) == ("deleted", ["spec-deleted"])
    assert find(result, "configs/net.lock").status == "orphaned"
    assert result.exit_code == 1
    (sandbox.root / "configs/net.lock").unlink()
    result = check(sandbox)
    assert (len(result.specs), result.exit_code) == (2, 1)
    assert result.summary == "1 model, 2 rows compared with HEAD, 1 difference: 1 model is gone"


def test_a_spec_and_a_folder_that_are_gone_can_be_named(sandbox: Sandbox) -> None:
    for name in ("net", "other"):
        (sandbox.root / f"configs/{name}.yaml").unlink()
        (sandbox.root / f"configs/{name}.lock").unlink()
    (sandbox.root / "configs").rmdir()
    assert [spec.status for spec in check(sandbox, "configs/net.yaml").specs] == ["deleted"]
    assert [spec.status for spec in check(sandbox, "configs").specs] == ["deleted", "deleted"]
    assert [spec.status for spec in check(sandbox).specs] == ["deleted", "deleted"]
    with pytest.raises(CommandError, match="no file configs/never"):
        check(sandbox, "configs/never.yaml")


def test_a_lock_that_is_gone(sandbox: Sandbox) -> None:
    (sandbox.root / "configs/net.lock").unlink()
    spec = find(check(sandbox), "configs/net.yaml")
    assert (spec.status, problems(spec)) == ("missing", ["lock-deleted"])
    sandbox.write("configs/net.yaml", WIDER)
    result = check(sandbox)
    spec = find(result, "configs/net.yaml")
    assert (spec.status, problems(spec)) == ("differs", ["lock-deleted"])
    assert result.accept == "layercli lock configs/net.yaml"


def test_a_lock_that_was_edited(sandbox: Sandbox) -> None:
    path = sandbox.root / "configs/net.lock"
    path.write_text(path.read_text().replace("name: Net", "name: Nett").replace("model: net", "model: nett"))
    spec = find(check(sandbox), "configs/net.yaml")
    assert (spec.status, spec.lock) == ("differs", "configs/net.lock")


@pytest.mark.parametrize("text", [NET, NET + "# moved\n", WIDER], ids=["same", "comment", "wider"])
def test_a_renamed_spec_is_known_by_its_content(sandbox: Sandbox, text: str) -> None:
    for end in ("yaml", "lock"):
        (sandbox.root / f"configs/net.{end}").rename(sandbox.root / f"network.{end}")
    sandbox.write("network.yaml", text)
    result = check(sandbox)
    assert [spec.status for spec in result.specs] == ["ok", "differs"]
    spec = find(result, "network.yaml")
    assert spec.lock == "HEAD:configs/net.yaml"
    assert codes(spec)[0] == "spec-renamed"
    assert len(codes(spec)) > 1 or text is not WIDER
    assert {verdict.kind: verdict.holds for verdict in spec.verdicts}["callers"] is False


def test_another_spec_is_no_renamed_one(sandbox: Sandbox) -> None:
    for end in ("yaml", "lock"):
        (sandbox.root / f"configs/net.{end}").unlink()
    sandbox.write("configs/act.yaml", "inputs: {t: [2, 3]}\nlayers: {act: 'Tanh()'}\n")
    result = check(sandbox)
    assert find(result, "configs/net.yaml").status == "deleted"
    assert find(result, "configs/act.yaml").status == "missing"


def test_two_that_changed_places(sandbox: Sandbox) -> None:
    sandbox.write("configs/net.yaml", OTHER)
    sandbox.write("configs/other.yaml", NET)
    result = check(sandbox)
    assert [spec.status for spec in result.specs] == ["differs", "differs"]
    assert "spec-renamed" not in codes(result.specs[0])


def test_what_is_imported_is_read_as_it_was(sandbox: Sandbox) -> None:
    sandbox.write("blocks.yaml", BLOCKS)
    sandbox.write("importing.yaml", IMPORTING)
    lock(sandbox)
    sandbox.commit()
    assert check(sandbox).exit_code == 0
    sandbox.write("blocks.yaml", BLOCKS.replace("Linear(4, 4)", "Linear(4, 6)"))
    spec = find(check(sandbox), "importing.yaml")
    assert (spec.status, spec.lock) == ("differs", "HEAD:importing.yaml")


def test_a_spec_that_was_wrong_is_compared_by_its_lock(sandbox: Sandbox) -> None:
    sandbox.write("configs/net.yaml", NET.replace("Linear(4, 8)", "Linaer(4, 8)"))
    sandbox.commit()
    sandbox.write("configs/net.yaml", NET)
    spec = find(check(sandbox), "configs/net.yaml")
    assert (spec.status, problems(spec)) == ("ok", ["spec-unreadable"])
    sandbox.write("configs/net.yaml", WIDER)
    spec = find(check(sandbox), "configs/net.yaml")
    assert (spec.status, problems(spec)) == ("differs", ["spec-unreadable"])
    (sandbox.root / "configs/net.lock").unlink()
    sandbox.write("configs/net.yaml", "inputs: {x: [1]}\nlayers: {fc: Linaer(1)}\n")
    sandbox.commit()
    sandbox.write("configs/net.yaml", NET)
    lock(sandbox)
    spec = find(check(sandbox), "configs/net.yaml")
    assert (spec.status, problems(spec)) == ("ok", ["spec-unreadable"])
    assert "nothing was compared" in spec.problems[0].message


def test_a_spec_that_is_wrong(sandbox: Sandbox) -> None:
    sandbox.write("configs/net.yaml", NET.replace("Linear(4, 8)", "Linaer(4, 8)"))
    result = check(sandbox)
    assert (find(result, "configs/net.yaml").status, result.exit_code) == ("error", 1)


def test_a_spec_that_fails_says_what_changed_since_the_revision(sandbox: Sandbox) -> None:
    sandbox.write("configs/net.yaml", NET.replace("Linear(8, 2)", "Linear(8, 3)"))
    lock(sandbox)
    sandbox.write("configs/net.yaml", NET.replace("Linear(4, 8)", "Linear(4, 9)"))
    spec = find(check(sandbox), "configs/net.yaml")
    told = "first Linear(4, 8) -> Linear(4, 9) (configs/net.yaml:4:10), and so first.weight [8, 4] -> [9, 4]"
    notes = [note for note in spec.problems[0].notes if note.startswith("since ")]
    assert (spec.status, len(notes)) == ("error", 1)
    assert notes[0].startswith(f"since HEAD:configs/net.yaml: {told}")
    # One that is new is compared with its lock.
    sandbox.write("new.yaml", OTHER)
    lock(sandbox, "new.yaml")
    sandbox.write("new.yaml", OTHER.replace("LayerNorm(16)", "LayerNorm(12)"))
    problem = find(check(sandbox), "new.yaml").problems[0]
    assert any(note.startswith("since new.lock: norm LayerNorm(16) -> ") for note in problem.notes)


def test_a_lock_that_is_left_of_a_spec_that_was_named(sandbox: Sandbox) -> None:
    (sandbox.root / "configs/net.yaml").unlink()
    for path in ("configs/net.yaml", "configs/net.lock"):
        result = check(sandbox, path)
        found = [(spec.path, spec.status) for spec in result.specs]
        assert found == [("configs/net.yaml", "deleted"), ("configs/net.lock", "orphaned")]
        assert result.accept == "layercli lock --prune configs/net.lock"


def test_a_lock_that_was_not_renamed_with_its_spec(sandbox: Sandbox) -> None:
    (sandbox.root / "configs/net.yaml").rename(sandbox.root / "network.yaml")
    spec = find(check(sandbox), "network.yaml")
    assert [(item.code, item.hint) for item in spec.problems] == [
        ("lock-deleted", "if it is the lock of this spec: git mv configs/net.lock network.lock")
    ]


def test_from_a_folder_inside(sandbox: Sandbox) -> None:
    sandbox.write("configs/net.yaml", WIDER)
    sandbox.write("elsewhere.yaml", OTHER)
    result = check(sandbox, folder="configs")
    assert [spec.path for spec in result.specs] == ["net.yaml", "other.yaml"]
    assert result.specs[0].lock == "HEAD:configs/net.yaml"
    assert [spec.path for spec in check(sandbox, "net.lock", folder="configs").specs] == ["net.yaml"]


def test_files_above_are_named_as_they_were_given(sandbox: Sandbox) -> None:
    sandbox.write("configs/net.yaml", WIDER)
    sandbox.write("src/deep/model.py", "")
    (sandbox.root / "configs/other.yaml").unlink()
    result = check(sandbox, "../../configs/net.yaml", "../../configs/other.yaml", folder="src/deep")
    names = ["net.yaml", "other.yaml", "other.lock"]
    assert [spec.path for spec in result.specs] == [f"../../configs/{name}" for name in names]
    assert result.accept == "layercli lock --prune ../../configs/net.yaml ../../configs/other.lock"
    whole = str(sandbox.root / "configs/net.yaml")
    assert [spec.path for spec in check(sandbox, whole, folder="src/deep").specs] == [whole]


def test_links_are_not_followed(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(NET)
    (sandbox.root / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (sandbox.root / "folder").symlink_to(tmp_path)
    sandbox.commit()
    assert [spec.path for spec in check(sandbox).specs] == ["configs/net.yaml", "configs/other.yaml"]


def test_hidden_folders_and_those_of_others_are_left_out(sandbox: Sandbox) -> None:
    for name in (".cache/net.yaml", "node_modules/net.yaml", "configs/.net.yaml"):
        sandbox.write(name, NET)
    sandbox.commit()
    for name in (".cache/net.yaml", "node_modules/net.yaml", "configs/.net.yaml"):
        (sandbox.root / name).unlink()
    assert check(sandbox).exit_code == 0


def test_environments_are_left_out_now_and_then(sandbox: Sandbox) -> None:
    sandbox.write("venv/pyvenv.cfg", "home = /usr/bin\n")
    sandbox.write("venv/lib/net.yaml", NET)
    sandbox.commit()
    sandbox.write("venv/lib/net.yaml", WIDER)
    assert [spec.path for spec in check(sandbox).specs] == ["configs/net.yaml", "configs/other.yaml"]


def test_a_folder_of_what_was_built_can_be_named(sandbox: Sandbox) -> None:
    sandbox.write("pyproject.toml", '[tool.layercli]\nspecs = ["build/*.yaml"]\n')
    sandbox.write("build/net.yaml", NET)
    lock(sandbox)
    sandbox.commit()
    sandbox.write("build/net.yaml", WIDER)
    assert [(spec.path, spec.status) for spec in check(sandbox).specs] == [("build/net.yaml", "differs")]


def test_the_files_are_listed_with_what_became_of_them(sandbox: Sandbox) -> None:
    sandbox.write("configs/same.yaml", NET.replace("first", "start"))
    sandbox.write("configs/gone.yaml", OTHER.replace("LayerNorm", "RMSNorm").replace("Tanh", "Sigmoid"))
    lock(sandbox)
    sandbox.commit()
    sandbox.write("configs/net.yaml", WIDER)
    (sandbox.root / "configs/other.yaml").rename(sandbox.root / "configs/another.yaml")
    (sandbox.root / "configs/gone.yaml").unlink()
    sandbox.write("configs/new.yaml", "inputs:\n  y: [3]\nlayers:\n  only: Dropout(0.5)\n")
    listed = list_against((), sandbox.root, "HEAD")
    assert {item.name: item.reason for item in listed if item.taken} == {
        "configs/another.yaml": "it was HEAD:configs/other.yaml",
        "configs/gone.yaml": "it is gone since HEAD",
        "configs/net.yaml": "it changed since HEAD",
        "configs/new.yaml": "it is new since HEAD",
        "configs/same.yaml": "it is as it was at HEAD",
    }
    sandbox.write("pyproject.toml", '[tool.layercli]\nexclude = ["configs/n*.yaml"]\n')
    taken = {item.name: item.taken for item in list_against((), sandbox.root, "HEAD")}
    # What only the present configuration leaves out is compared all the same.
    assert (taken["configs/net.yaml"], taken["configs/new.yaml"]) == (True, True)


def test_nothing_to_compare(tmp_path: Path) -> None:
    sandbox = make_repository(tmp_path)
    sandbox.commit()
    with pytest.raises(CommandError, match="neither here nor at HEAD"):
        check(sandbox)


def test_no_such_revision(sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="there is no revision v9 here") as caught:
        check(sandbox, revision="v9")
    assert caught.value.exit_code == 2


# Configuration

STRICT = """\
[tool.layercli]
specs = ["configs/**/*.yaml", "more"]
exclude = ["configs/old"]
fail-on = ["checkpoints", "callers", "behaviour"]
ignore = [{spec = "configs/net.yaml", path = "last", reason = "known"}]
"""


@pytest.fixture
def configured(sandbox: Sandbox) -> Sandbox:
    sandbox.write("pyproject.toml", STRICT)
    sandbox.commit()
    return sandbox


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"callers", ', "", "differences of these classes no longer fail: callers"),
        ('["configs/old"]', '["configs/old", "configs/net.yaml"]', "specs are left out: configs/net.yaml"),
        (', "more"]', "]", "specs are no longer looked for: more"),
        (
            'reason = "known"}]',
            'reason = "known"}, {spec = "configs/other.yaml", path = "norm", reason = "later"}]',
            "differences are ignored: spec = configs/other.yaml, path = norm",
        ),
    ],
)
def test_a_looser_configuration_is_told(configured: Sandbox, old: str, new: str, message: str) -> None:
    assert old in STRICT
    configured.write("pyproject.toml", STRICT.replace(old, new))
    result = check(configured)
    assert problems(result) == ["configuration-loosened"]
    [problem] = result.problems
    assert problem.message == f"the configuration is looser than at HEAD: {message}"
    assert problem.position is not None
    key = message.partition(":")[0]
    line = {"specs are no longer looked for": 2, "specs are left out": 3, "differences are ignored": 5}
    assert problem.position.line == line.get(key, 4)
    assert result.exit_code == 1


def test_a_stricter_configuration_is_none_of_it(configured: Sandbox) -> None:
    stricter = '[tool.layercli]\nfail-on = ["checkpoints", "callers", "behaviour", "inside", "cost"]\n'
    configured.write("pyproject.toml", stricter)
    result = check(configured)
    assert (problems(result), result.exit_code) == ([], 0)


def test_what_is_left_out_now_is_still_compared(configured: Sandbox) -> None:
    configured.write("configs/net.yaml", WIDER)
    configured.write("pyproject.toml", STRICT.replace("configs/old", "configs/net.yaml"))
    assert find(check(configured), "configs/net.yaml").status == "differs"
    (configured.root / "pyproject.toml").unlink()
    assert find(check(configured), "configs/net.yaml").status == "differs"


def test_what_was_left_out_is_compared_once_it_is_not(configured: Sandbox) -> None:
    configured.write("configs/old/net.yaml", NET)
    configured.commit()
    assert not any(spec.path == "configs/old/net.yaml" for spec in check(configured).specs)
    configured.write("pyproject.toml", STRICT.replace("configs/old", "configs/older"))
    assert find(check(configured), "configs/old/net.yaml").status == "missing"


def test_a_configuration_that_was_wrong(configured: Sandbox) -> None:
    configured.write("pyproject.toml", "[tool.layercli]\nspces = []\n")
    configured.commit()
    configured.write("pyproject.toml", STRICT)
    with pytest.raises(CommandError) as caught:
        check(configured)
    position = caught.value.problems[0].position
    assert position is not None
    assert position.file == "HEAD:pyproject.toml"
