"""The pytest plugin: specs as test items, and ``shape_check``, which locks the shapes of any ``nn.Module``.

pytest imports it at every start where layercli is installed, so what it needs is imported when there is work.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Generator, Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from layercli.errors import CommandError, LayercliError, Problem, draw_problems

if TYPE_CHECKING:
    from torch import nn

    from layercli.engines import Engine

#: The folder beside a test file that holds the locks of its ``shape_check``.
LOCKS = "__locks__"

#: A longer name of a lock is cut: with its ending it has to be a file's name.
MAX_NAME = 150

UPDATE = "--layercli-update"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--layercli``, ``--layercli-update``, and the same as ``layercli = true`` of the configuration."""
    group = parser.getgroup("layercli", "layercli: shapes of PyTorch models, compared with their locks")
    group.addoption(
        "--layercli",
        action="store_true",
        help="Make each spec that layercli check would check a test.",
    )
    group.addoption(
        UPDATE,
        action="store_true",
        help="Write the locks of specs and of shape_check instead of comparing. Implies --layercli; refused in CI.",
    )
    parser.addini("layercli", "Make each spec a test, as --layercli does.", type="bool", default=False)


class State:
    """What one run knows: which files are specs, and what it has written."""

    def __init__(self, config: pytest.Config) -> None:
        self.root = config.rootpath
        self.update = bool(config.getoption(UPDATE))
        #: The files that become items, by their real path; empty where specs are not asked for.
        self.files: dict[str, Path] = {}
        #: How many of them are in folders into which pytest doesn't go.
        self.skipped = 0
        #: The text of each lock of a module that this process wrote.
        self.written: dict[Path, str] = {}

    def name(self, path: Path) -> str:
        """What messages call a file: its path from the root where it is below it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


STATE = pytest.StashKey[State]()
WRITTEN = pytest.StashKey[list[str]]()
#: The locks that a test compares with, or writes.
USED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Find the specs that were asked for. Raises UsageError where there are none, and for an update in CI."""
    config.addinivalue_line("markers", "layercli: a spec that is compared with its lock, made by layercli.")
    state = config.stash[STATE] = State(config)
    config.pluginmanager.register(Teller(config, state), "layercli-teller")
    if state.update and os.environ.get("CI"):
        problem = f"{UPDATE} writes locks, and CI is set: run it where you can review and commit them"
        raise pytest.UsageError(problem)
    if not (state.update or config.getoption("--layercli") or config.getini("layercli")):
        return
    try:
        found = _find_files(state.root)
    except LayercliError as error:
        raise pytest.UsageError(draw_problems(error.problems)) from None
    if not found and not state.update:
        raise pytest.UsageError(f"layercli found no spec to check in {state.root}")
    state.files = {os.path.realpath(path): path for path in found}
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        # Nothing was named, so all is meant, and specs aren't where testpaths points.
        state.skipped = _reach_all(found, config)


def _find_files(root: Path) -> tuple[Path, ...]:
    """The specs that the configuration means, and the locks that have none."""
    from layercli.scope import find_scope

    scope = find_scope((), root)
    return (*scope.specs, *scope.orphans)


def _reach_all(files: Iterable[Path], config: pytest.Config) -> int:
    """Name each file to pytest that isn't below a folder where it looks anyway.

    Gives the number of those that are below one, and in a folder into which pytest doesn't go.
    """
    tops = [Path(os.path.abspath(config.invocation_params.dir / arg.split("::")[0])) for arg in config.args]
    closed = config.getini("norecursedirs")
    skipped = 0
    for path in files:
        place = Path(os.path.abspath(path))
        inside = [place.relative_to(top).parts[:-1] for top in tops if place.is_relative_to(top)]
        if not inside:
            config.args.append(str(path))
        elif all(any(fnmatch(part, pattern) for part in parts for pattern in closed) for parts in inside):
            skipped += 1
    return skipped


def pytest_report_header(config: pytest.Config) -> str | None:
    """How many specs there are to check."""
    state = config.stash[STATE]
    count = len(state.files) - state.skipped
    if not state.files:
        return None
    left = f", and {state.skipped:,} in folders of norecursedirs" if state.skipped else ""
    return f"layercli: {count:,} spec{'s' * (count != 1)}{left}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SpecFile | None:
    """A spec that is to be checked, or a lock without one."""
    files = parent.config.stash[STATE].files
    if not files or os.path.realpath(file_path) not in files:
        return None
    return SpecFile.from_parent(parent, path=file_path)


class SpecFile(pytest.File):
    """A spec, with one item."""

    def collect(self) -> Iterator[SpecItem]:
        """Its comparison with its lock."""
        yield SpecItem.from_parent(self, name="lock")


class SpecItem(pytest.Item):
    """The comparison of one spec with its lock."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.add_marker("layercli")

    def runtest(self) -> None:
        """Compare, or with ``--layercli-update`` write the lock. Raises Verdict where it doesn't hold."""
        from layercli.checks import check_specs

        state = self.config.stash[STATE]
        name = state.name(self.path)
        result = check_specs([name], state.root)
        if state.update and result.accept:
            self._update(name, state.root)
            result = check_specs([name], state.root)
        if result.exit_code:
            from layercli.report.check import format_check

            raise Verdict(format_check(result, "text").rstrip("\n"))

    def _update(self, name: str, root: Path) -> None:
        from layercli.checks import lock_specs
        from layercli.engines import has_torch

        engine: Engine = "both" if has_torch() else "derive"
        written = [item.lock for item in lock_specs([name], root, engine) if item.changed]
        self.stash.setdefault(WRITTEN, []).extend(written)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict alone: where layercli found it is nobody's concern."""
        if isinstance(excinfo.value, LayercliError):
            return draw_problems(excinfo.value.problems)
        if isinstance(excinfo.value, Verdict):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """What the item is called."""
        return self.path, None, self.config.stash[STATE].name(self.path)


class Verdict(Exception):
    """What doesn't hold, in words."""


@pytest.fixture
def shape_check(request: pytest.FixtureRequest) -> ShapeCheck:
    """Compare the shapes, parameters and calls of a module with the lock beside the test: see ``ShapeCheck``."""
    return ShapeCheck(request)


class ShapeCheck:
    """``shape_check(module, inputs, name)``, for one test."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node: pytest.Item = request.node
        self._state = request.config.stash[STATE]
        self._folder = request.path.parent / LOCKS / request.path.stem
        owner = f"{request.cls.__qualname__}." if request.cls is not None else ""
        self._default = clean_name(f"{owner}{request.node.name}")
        self._used: set[str] = set()

    def __call__(self, module: nn.Module, inputs: Any, name: str | None = None) -> None:
        """Call ``module`` once and fail the test where it isn't what its lock says.

        ``inputs`` are its only input, a tuple or list of what its forward takes by position, or a dict of what it
        takes by name. The lock is ``__locks__/TEST_FILE/NAME.lock`` beside the test; ``name`` is the test's own
        unless it is given. With ``--layercli-update`` the lock is written. What the forward raises is raised. The
        module is left as it was.
        """
        __tracebackhide__ = True
        path = self._folder / f"{self._choose_name(name)}.lock"
        lock_name = self._state.name(path)
        self._node.stash.setdefault(USED, []).append(str(path))

        from layercli.lock import format_lock
        from layercli.module_checks import check_module, lock_module

        try:
            lock = lock_module(module, inputs)
        except LayercliError as error:
            if isinstance(error.__cause__, Exception):
                error.__cause__.add_note(draw_problems(error.problems))
                raise error.__cause__ from None
            _fail(error)
        if self._state.update:
            self._write(path, lock_name, format_lock(lock))
            return
        result = check_module(lock, path, self._node.nodeid, lock_name)
        if result.status != "ok":
            from layercli.report.differences import draw_spec

            command = f"pytest {UPDATE} {shlex.quote(self._node.nodeid)}"
            # The name of the test stands above it, and its first line in the summary of the run.
            text = draw_spec(result).removeprefix(f"{self._node.nodeid} ")
            pytest.fail(f"{text}\n\naccept it with: {command}", pytrace=False)

    def _choose_name(self, name: str | None) -> str:
        __tracebackhide__ = True
        if name is not None and clean_name(name) != name:
            problem = f"{name!r} is no name of a lock: use letters, digits, dots, dashes and underscores"
            _fail(CommandError(Problem("lock-name", problem, hint=f"did you mean {clean_name(name)!r}?")))
        chosen = name or self._default
        if chosen in self._used:
            problem = f"this test checks {chosen} twice"
            _fail(CommandError(Problem("lock-name", problem, hint="give each check of a test a name")))
        self._used.add(chosen)
        return chosen

    def _write(self, path: Path, lock_name: str, text: str) -> None:
        __tracebackhide__ = True
        from layercli.lock import write_lock

        if self._state.written.setdefault(path, text) != text:
            problem = f"another test wrote another model to {lock_name}"
            _fail(CommandError(Problem("lock-name", problem, hint="give each of them a name of its own")))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if write_lock(path, text, lock_name):
                self._node.stash.setdefault(WRITTEN, []).append(lock_name)
        except LayercliError as error:
            _fail(error)


def _fail(error: LayercliError) -> NoReturn:
    """Fail the test with what an error says."""
    __tracebackhide__ = True
    pytest.fail(draw_problems(error.problems), pytrace=False)


def clean_name(name: str) -> str:
    """A name as a file may have it on any system: ``test_it[3-relu]`` is ``test_it-3-relu``."""
    cleaned = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "lock"
    if len(cleaned) <= MAX_NAME:
        return cleaned
    from hashlib import sha256

    return f"{cleaned[: MAX_NAME - 9]}-{sha256(name.encode()).hexdigest()[:8]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in the report which locks were used and written: under pytest-xdist it goes to another process."""
    report = yield
    if call.when == "call" and USED in item.stash:
        vars(report)["layercli_used"] = item.stash[USED]
    if call.when == "call" and WRITTEN in item.stash:
        vars(report)["layercli_written"] = item.stash[WRITTEN]
    return report


#: Options by which not all tests of a file run.
CHOICES = ("keyword", "markexpr", "deselect", "lf", "stepwise")


class Teller:
    """Tells at the end of a run which locks were written, in whichever process, and removes those that no test has now."""

    def __init__(self, config: pytest.Config, state: State) -> None:
        self.state = state
        self.written: list[str] = []
        #: By their real paths.
        self.used: set[str] = set()
        #: The test files of which all tests that ran passed, and the others.
        self.passed: set[Path] = set()
        self.unsure: set[Path] = set()
        self.removed: list[str] = []
        chosen = any(getattr(config.option, name, None) for name in CHOICES)
        named = any("::" in argument for argument in config.args)
        self.prunes = state.update and not (chosen or named or hasattr(config, "workerinput"))

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        """What some plugin left out may have locks."""
        self.unsure |= {item.path for item in items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take down what one test used and wrote."""
        self.written += getattr(report, "layercli_written", [])
        self.used |= set(map(os.path.realpath, getattr(report, "layercli_used", [])))
        file = self.state.root / report.nodeid.partition("::")[0]
        (self.passed if report.passed and not hasattr(report, "wasxfail") else self.unsure).add(file)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Remove the locks of tests that are gone, after an update in which everything passed."""
        if not self.prunes or exitstatus:
            return
        files = self.passed - self.unsure
        for file in files:
            self._prune(file.parent / LOCKS / file.stem)
        for folder in {file.parent / LOCKS for file in files}:
            places = [place for place in folder.iterdir() if place.is_dir()] if folder.is_dir() else []
            for place in places:
                if not (folder.parent / f"{place.name}.py").exists():
                    self._prune(place)

    def _prune(self, folder: Path) -> None:
        """Remove the locks in a folder that no test used."""
        if not folder.is_dir() or folder.is_symlink():
            return

        from layercli.lock import remove_lock
        from layercli.scope import looks_like_lock

        for path in sorted(folder.glob("*.lock")):
            if os.path.realpath(path) in self.used or path.is_symlink() or not path.is_file():
                continue
            if looks_like_lock(path.read_bytes()[:64]):
                remove_lock(path, self.state.name(path))
                self.removed.append(self.state.name(path))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the locks."""
        lines = [f"wrote {lock}" for lock in sorted(set(self.written))]
        lines += [f"removed {lock}, which no test has" for lock in self.removed]
        if lines:
            terminalreporter.section("layercli")
            for line in lines:
                terminalreporter.write_line(line)
