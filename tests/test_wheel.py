"""What is built is whole: the wheel works where there is no source tree, and the sdist makes the same wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(target: str, source: Path, place: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", place, cwd=source)
    (built,) = place.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed, and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    run(*pip, "--disable-pip-version-check", "--target", target, wheel, cwd=target)
    return target


def list_names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def list_sources() -> set[str]:
    """What has to be in the wheel, under the names that it has there."""
    package = ROOT / "layercli"
    modules = {path.relative_to(ROOT).as_posix() for path in package.rglob("*.py")}
    specs = {f"layercli/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "configs").rglob("*.yaml")}
    return {*modules, *specs, "layercli/py.typed"}


def test_the_wheel_holds_the_package_and_the_bundled_specs(wheel: Path) -> None:
    names = list_names(wheel)
    assert list_sources() - names == set()
    assert "layercli/configs/blocks/resnet.yaml" in names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"layercli"}
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_sdist_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    sdist = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert list_names(build("wheel", source, tmp_path / "wheel")) == list_names(wheel)


def test_the_installed_program_finds_its_specs_from_anywhere(installed: Path, tmp_path: Path) -> None:
    program = installed / "bin" / "layercli"
    place = run(
        sys.executable,
        "-P",
        "-c",
        "import layercli; print(layercli.__file__)",
        cwd=tmp_path,
        PYTHONPATH=str(installed),
    )
    assert Path(place.strip()) == installed / "layercli" / "__init__.py"
    command = (sys.executable, program, "list", "models", "--format", "json")
    listed = json.loads(run(*command, cwd=tmp_path, PYTHONPATH=str(installed)))
    assert {model["name"] for model in listed} == {path.stem for path in (ROOT / "configs").glob("*.yaml")}
    traced = run(
        sys.executable, program, "trace", "lenet", cwd=tmp_path, PYTHONPATH=str(installed), COLUMNS="80"
    )
    assert traced.startswith("LeNet   lenet.yaml · cpu · eval · N = 1\n")
    assert "81,290 parameters, all trainable" in traced


def test_the_installed_program_copies_specs_with_their_imports(installed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "layercli", "new", "mine", "--from", "resnet18"]
    run(*command, cwd=tmp_path, PYTHONPATH=str(installed))
    copied = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.yaml")}
    assert copied == {"mine.yaml", "blocks/resnet.yaml"}
