"""What ``[tool.layercli]`` may say, and how what it may not say is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from layercli.configuration import Configuration, Ignore, Pattern, find_configuration, read_configuration
from layercli.errors import CommandError
from layercli.lock import CLASSES

WHOLE = """\
[project]
name = "mine"

[tool.layercli]
specs = ["configs/**/*.yaml"]
exclude = ["configs/old"]
fail-on = ["callers", "checkpoints"]
ignore = [
  {spec = "configs/lenet.yaml", path = "fc1", class = "checkpoints", reason = "retrained in May"},
]
"""


def test_all_keys() -> None:
    found = read_configuration(WHOLE, "pyproject.toml")
    assert [pattern.text for pattern in found.specs] == ["configs/**/*.yaml"]
    assert str(found.specs[0].position) == "pyproject.toml:5:10"
    assert found.fail_on == ("checkpoints", "callers")
    [known] = found.ignore
    assert (known.spec, known.path, known.kind, known.reason) == (
        "configs/lenet.yaml",
        "fc1",
        "checkpoints",
        "retrained in May",
    )
    assert str(known.position) == "pyproject.toml:9:3"
    assert str(known) == "spec = configs/lenet.yaml, path = fc1, class = checkpoints"
    assert (found.problems, found.known) == ((), found.ignore)
    assert found.takes("configs/a/net.yaml")
    assert not found.takes("configs/old/net.yaml")
    assert not found.takes("net.yaml")


def test_nothing_said_is_the_default() -> None:
    for text in ("", "[project]\nname = 'layercli'\n", "[tool.other]\nx = 1\n", "tool = 1 # layercli\n"):
        assert read_configuration(text, "pyproject.toml") == Configuration()
    assert read_configuration("[tool.layercli]\n", "p.toml").name == "p.toml"
    assert Configuration().fail_on == tuple(kind for kind in CLASSES if kind != "cost")
    assert Configuration().takes("anything.yaml")


WRONG = {
    "spec = []": ("2:1", "[tool.layercli] has no key spec", "did you mean specs?"),
    "strict = true": (
        "2:1",
        "[tool.layercli] has no key strict",
        "its keys are specs, exclude, fail-on, ignore, ignore-warnings",
    ),
    "specs = 'a'": ("2:9", "specs has to be a list", "write specs = [...]"),
    "specs = []": ("2:9", "specs is empty, so there would be nothing to check", "leave it out"),
    "specs = ['a', 3]": ("2:15", "a pattern of specs has to be a text", ""),
    "exclude = ['/etc']": ("2:12", "/etc is no path below the folder of the configuration", None),
    "specs = ['~/a.yaml']": ("2:10", "~/a.yaml is no path below the folder of the configuration", None),
    "specs = ['C:/a.yaml']": ("2:10", "C:/a.yaml is no path below the folder of the configuration", None),
    "specs = ['a/../../b']": ("2:10", "a/../../b leads out of the folder of the configuration", None),
    "specs = ['a\\b']": ("2:10", "a\\b has a backslash: separate folders with /", None),
    "specs = ['*a*a*a*a*a*a*a*a*']": ("2:10", "*a*a*a*a*a*a*a*a* has too many stars", None),
    "specs = ['']": ("2:10", "an empty text is no pattern of paths", None),
    "fail-on = []": ("2:11", "fail-on is empty, so nothing would fail", "leave it out for the default"),
    "fail-on = ['caller']": (
        "2:12",
        "there is no class of differences called caller",
        "did you mean callers?",
    ),
    "fail-on = [1]": ("2:12", "a class of differences has to be a text", ""),
    "ignore = {}": ("2:10", "ignore has to be a list", "write ignore = [...]"),
    "ignore = ['fc1']": ("2:11", "an ignore has to be a table", '{spec = "...", reason = "..."}'),
    "ignore = [{pth = 'a'}]": ("2:12", "an ignore has no key pth", "did you mean path?"),
    "ignore = [{path = 1}]": ("2:19", "path of an ignore has to be a text", ""),
    "ignore = [{class = 'costs'}]": (
        "2:20",
        "there is no class of differences called costs",
        "did you mean cost?",
    ),
    "ignore = [{spec = '../a'}]": ("2:19", "../a leads out of the folder of the configuration", None),
    "\n[[tool.layercli.ignore]]\nreson = 'a'": ("4:1", "an ignore has no key reson", "did you mean reason?"),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_it_may_not_say_is_told_with_its_place(text: str) -> None:
    place, message, hint = WRONG[text]
    with pytest.raises(CommandError) as caught:
        read_configuration(f"[tool.layercli]\n{text}\n", "pyproject.toml")
    [problem] = caught.value.problems
    assert (str(problem.position), problem.message) == (f"pyproject.toml:{place}", message)
    assert hint is None or problem.hint == hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("ignore", "code"),
    [
        ("{spec = 'a.yaml'}", "ignore-unreasoned"),
        ("{spec = 'a.yaml', reason = ' '}", "ignore-unreasoned"),
        ("{reason = 'r'}", "ignore-everything"),
        ("{class = 'cost', reason = 'r'}", "ignore-everything"),
        ("{spec = '**/*.yaml', path = '**', reason = 'r'}", "ignore-everything"),
        ("{spec = '*', path = '*', class = 'inside', reason = 'r'}", "ignore-everything"),
    ],
)
def test_an_ignore_that_says_too_little_counts_for_nothing(ignore: str, code: str) -> None:
    found = read_configuration(f"[tool.layercli]\nignore = [{ignore}]\n", "pyproject.toml")
    assert [problem.code for problem in found.problems] == [code]
    assert str(found.problems[0].position) == "pyproject.toml:2:11"
    assert found.known == ()


MATCHES = [
    ("configs/*.yaml", "configs/a.yaml", True),
    ("configs/*.yaml", "configs/deep/a.yaml", False),
    ("configs/**/*.yaml", "configs/a.yaml", True),
    ("configs/**/*.yaml", "configs/x/y/a.yaml", True),
    ("**/*.yaml", "a.yaml", True),
    ("configs", "configs/x/a.yaml", True),
    ("configs/", "configs/a.yaml", True),
    ("configs", "configs2/a.yaml", False),
    ("./a?.yaml", "ab.yaml", True),
    ("a?.yaml", "a/.yaml", False),
    ("a[b].yaml", "a[b].yaml", True),
    ("a[b].yaml", "ab.yaml", False),
    ("*.yaml", "a.yaml.yaml", True),
    ("a.yaml", "xa.yaml", False),
]


@pytest.mark.parametrize(("pattern", "path", "matches"), MATCHES)
def test_patterns(pattern: str, path: str, matches: bool) -> None:
    assert Pattern(pattern).matches(path) == matches


PATHS = [
    ("fc1", "fc1", True),
    ("fc1", "fc1.weight", True),
    ("fc1", "fc10.weight", False),
    ("fc*", "fc10.weight", True),
    ("h.*.ln", "h.3.ln.bias", True),
    ("h.*.ln", "h.3.attn.ln", False),
    ("**.bias", "h.3.ln.bias", True),
    (".", "", True),
    (".", "fc1", False),
    ("*", "", True),
]


@pytest.mark.parametrize(("pattern", "path", "matches"), PATHS)
def test_paths_of_an_ignore(pattern: str, path: str, matches: bool) -> None:
    assert Ignore("", pattern, None, "r").matches("a.yaml", path, "cost") == matches
    assert not Ignore("b.yaml", pattern, None, "r").matches("a.yaml", path, "cost")
    assert not Ignore("", pattern, "callers", "r").matches("a.yaml", path, "cost")


def test_it_is_found_up_to_the_root_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.layercli]\nspecs = ['outside']\n")
    root = tmp_path / "repository"
    deep = root / "a/b"
    deep.mkdir(parents=True)
    assert find_configuration(deep) == (deep, Configuration())
    (root / ".git").mkdir()
    assert find_configuration(deep) == (deep, Configuration())
    (root / "pyproject.toml").write_text("[tool.layercli]\nspecs = ['*.yaml']\n")
    (root / "a/pyproject.toml").write_text("[project]\nname = 'layercli-user'\n")
    place, found = find_configuration(deep)
    assert (place, found.name) == (root, "../../pyproject.toml")
    (deep / "pyproject.toml").write_text("[tool.layercli]\n")
    assert find_configuration(deep)[0] == deep
