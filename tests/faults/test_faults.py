"""What may go wrong around the program: it's interrupted or killed, disks are full, folders can't be written, files change."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pty
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from layercli.files import write_whole
from tests.apart import Ending, can_mount, drop_powers, mount_small, run_apart

NET = "name: Net\ndims: {N: 2}\ninputs: {x: [N, 8]}\nlayers:\n  fc: Linear(8, 8)\n  act: ReLU()\n"
#: A model that takes longer than any test waits.
LONG = (
    NET + "forward: |\n  for i in range(10 ** 5):\n    for j in range(10 ** 5): k = j\n  return act(fc(x))\n"
)
#: Each command that writes, with the files that it would write. The model has a lock of before.
WRITING: dict[str, tuple[str, ...]] = {
    "trace net.yaml --static --format json --output out.json": ("out.json",),
    "trace net.yaml --static --format csv --output out.csv": ("out.csv",),
    "trace wrong.yaml --fix": ("wrong.yaml",),
    "params net.yaml --output out.txt": ("out.txt",),
    "show net.yaml --output out.txt": ("out.txt",),
    "show net.yaml --format spec --output out.yaml": ("out.yaml",),
    "dims net.yaml --output out.txt": ("out.txt",),
    "explain net.yaml fc --output out.txt": ("out.txt",),
    "diff net.yaml net.lock --output out.txt": ("out.txt",),
    "schema --output out.json": ("out.json",),
    "check --static --output out.txt": ("out.txt",),
    "check --static --format sarif=out.sarif": ("out.sarif",),
    "check --static --format junit=out.xml": ("out.xml",),
    "validate --format sarif=out.sarif": ("out.sarif",),
    "lock --static": ("net.lock",),
    "new other": ("other.yaml",),
}


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The lock of a model that the project's differs from."""
    folder = tmp_path_factory.mktemp("before")
    (folder / "net.yaml").write_text(NET.replace("8, 8", "8, 9"))
    assert run_apart("lock", "--static", "net.yaml", folder=folder).code == 0
    return (folder / "net.lock").read_bytes()


@pytest.fixture
def project(tmp_path: Path, lock: bytes) -> Path:
    """A project with a model that differs from its lock."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[tool.layercli]\nspecs = ['net.yaml']\n")
    (folder / "net.yaml").write_text(NET)
    (folder / "net.lock").write_bytes(lock)
    (folder / "wrong.yaml").write_text(NET.replace("8, 8", "9, 8"))
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_refusal(ending: Ending, before: dict[str, bytes], folder: Path) -> None:
    """The command said that it can't write, and left everything as it was."""
    assert ending.code == 2, ending.err
    assert "error[unwritable]: " in ending.err
    assert "Traceback" not in ending.err
    assert snapshot(folder) == before


# Interrupts ------------------------------------------------------------------------------------------------


def interrupt_soon(seconds: float = 0.1) -> None:
    threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT)).start()


@pytest.mark.parametrize(
    "command",
    [
        "trace net.yaml --static",
        "trace net.yaml --run",
        "lock --static",
        "check --static",
        "validate",
        "params net.yaml --run",
    ],
)
def test_an_interrupt_ends_with_130_and_a_word(command: str, project: Path) -> None:
    (project / "net.yaml").write_text(
        LONG if "params" not in command else NET.replace("Linear(8, 8)", "50000 * Linear(8, 8)")
    )
    before = snapshot(project)
    ending = run_apart(
        *command.split(), "--limit", "steps=1000000000000", folder=project, prepare=interrupt_soon
    )
    assert (ending.code, ending.err) == (130, "interrupted\n")
    assert snapshot(project) == before


def test_an_interrupt_of_the_start_shows_no_traceback(tmp_path: Path) -> None:
    """The signal comes while modules are imported, which is before anything can be said well."""
    code = (
        "import os, signal, sys\n"
        # A shell that starts work in the background has it ignore the signal.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Stop:\n"
        "  def find_spec(self, name, path=None, target=None):\n"
        "    if name == 'layercli.cli.main': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from layercli.cli.program import run\n"
        "sys.argv = ['layercli', 'list']\n"
        "run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_a_kernel_that_never_returns_is_ended(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals wait for a kernel; a thread doesn't."""
    import torch

    from layercli.build import engine

    find = engine.find_torch_function

    def wait_in_kernel(*values: object) -> object:
        # Like a kernel it lets other threads run, and hears no signal before it is done.
        ctypes.CDLL(None).usleep(10_000_000)
        ctypes.CDLL(None).usleep(10_000_000)
        return torch.zeros(1)

    def prepare() -> None:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.signal = lambda *ignored: signal.SIG_IGN
        engine.find_torch_function = lambda function: (
            wait_in_kernel if function.entry.name == "relu" else find(function)
        )

    monkeypatch.setattr("layercli.cli.bounds.GRACE", 0.2)
    (project / "net.yaml").write_text(NET + "forward: ['relu(fc(x))', act]\n")
    ending = run_apart("trace", "net.yaml", "--run", "--limit", "seconds=1", folder=project, prepare=prepare)
    assert ending.code == 2
    assert ending.err.startswith("error[out-of-time]: this takes more than 1 seconds\n")


# Disks and folders -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", WRITING)
def test_a_folder_that_is_read_only(command: str, project: Path) -> None:
    before = snapshot(project)
    project.chmod(0o555)
    try:
        ending = run_apart(*command.split(), folder=project, prepare=drop_powers)
    finally:
        project.chmod(0o755)
    check_refusal(ending, before, project)
    assert "may not be written" in ending.err


def fill_disk() -> None:
    """Every write to a file fails as on a full disk, but for the streams."""
    import errno
    import io

    class Full(io.BytesIO):
        def __init__(self, descriptor: int, *ignored: object) -> None:
            super().__init__()
            self.descriptor = descriptor

        def fileno(self) -> int:
            return self.descriptor

        def flush(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def close(self) -> None:
            if not self.closed:
                os.close(self.descriptor)
            super().close()

    import layercli.files

    plain = open
    # A name in the module hides the builtin, and is not there before.
    layercli.files.open = lambda name, mode: (Full if mode == "wb" else plain)(name, mode)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", ["lock --static", "trace net.yaml --static --output out.txt"])
def test_a_disk_that_says_it_is_full(command: str, project: Path) -> None:
    before = snapshot(project)
    ending = run_apart(*command.split(), folder=project, prepare=fill_disk)
    check_refusal(ending, before, project)
    assert "the disk is full" in ending.err


SMALL = 1 << 16


def move_to_full_disk(folder: Path, free: int = 0) -> None:
    """Let the files of a folder stand on a file system of their own that has so many bytes left."""
    files = snapshot(folder)
    mount_small(folder, SMALL)
    os.chdir(folder)
    for name, data in files.items():
        Path(name).write_bytes(data)
    with contextlib.suppress(OSError), open("filler", "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    os.truncate("filler", os.path.getsize("filler") - free)


def run_on_full_disk(
    command: str, project: Path, after: Path, *, free: int = 0, prepare: Callable[[], object] = lambda: None
) -> Ending:
    """What a command says there; the files that it leaves go to ``after``."""

    def begin() -> None:
        move_to_full_disk(project, free)
        prepare()

    def keep() -> None:
        after.mkdir()
        for name, data in snapshot(Path()).items():
            (after / name).write_bytes(data)
        (after / "filler").unlink()

    return run_apart(*command.split(), folder=project, prepare=begin, finish=keep)


needs_mounts = pytest.mark.skipif(not can_mount(), reason="no process may mount a file system here")


@needs_mounts
@pytest.mark.parametrize("command", WRITING)
def test_a_disk_that_is_full(command: str, project: Path, tmp_path: Path) -> None:
    before = snapshot(project)
    ending = run_on_full_disk(command, project, tmp_path / "after")
    check_refusal(ending, before, tmp_path / "after")
    assert "the disk is full" in ending.err


@needs_mounts
def test_a_disk_that_is_full_in_the_middle_of_a_file(project: Path, tmp_path: Path) -> None:
    before = snapshot(project)
    ending = run_on_full_disk("schema --output out.json", project, tmp_path / "after", free=8192)
    check_refusal(ending, before, tmp_path / "after")
    assert "the disk is full" in ending.err


@needs_mounts
@pytest.mark.parametrize(
    "command", ["trace net.yaml --static", "show net.yaml", "check --static", "validate", "list", "schema"]
)
def test_standard_output_to_a_disk_that_is_full(command: str, project: Path, tmp_path: Path) -> None:
    def redirect() -> None:
        os.dup2(os.open("out.txt", os.O_WRONLY | os.O_CREAT), 1)

    before = snapshot(project)
    ending = run_on_full_disk(command, project, tmp_path / "after", prepare=redirect)
    assert (ending.code, ending.err) == (
        2,
        "error[unwritable]: the output can't be written: No space left on device\n",
    )
    assert snapshot(tmp_path / "after") == {**before, "out.txt": b""}


@needs_mounts
def test_a_step_summary_on_a_disk_that_is_full(project: Path, tmp_path: Path) -> None:
    def summarise() -> None:
        os.environ["GITHUB_STEP_SUMMARY"] = "summary.md"
        os.environ["GITHUB_ACTIONS"] = "true"

    before = snapshot(project)
    command = "check --static --format github"
    ending = run_on_full_disk(command, project, tmp_path / "after", prepare=summarise)
    assert ending.code == 1
    assert "Traceback" not in ending.err
    assert "the disk is full" in ending.out + ending.err
    assert snapshot(tmp_path / "after") == {**before, "summary.md": b""}


def test_a_file_that_may_grow_no_larger(project: Path) -> None:
    """The system's own limit, in the middle of a write."""
    before = snapshot(project)
    ending = run_apart(
        *["trace", "gpt2", "--static", "--format", "json", "--output", "out.json"],
        folder=project,
        prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    check_refusal(ending, before, project)


@pytest.mark.parametrize("command", ["check --static", "validate"])
@pytest.mark.parametrize("target", ["/dev/full", "nowhere/summary.md", "."])
def test_a_step_summary_that_can_t_be_written(command: str, target: str, project: Path) -> None:
    before = snapshot(project)

    def prepare() -> None:
        os.environ["GITHUB_STEP_SUMMARY"] = target
        os.environ["GITHUB_ACTIONS"] = "true"

    ending = run_apart(*command.split(), "--format", "github", folder=project, prepare=prepare)
    assert ending.code in (0, 1, 2)
    assert "Traceback" not in ending.err
    assert "internal" not in ending.err
    assert snapshot(project) == before


def test_a_write_that_is_killed_leaves_a_whole_file(tmp_path: Path) -> None:
    """The old one or the new one, whenever the process ends."""
    path = tmp_path / "out.txt"
    texts = ["a" * 2_000_000, "b" * 2_000_000]
    path.write_text(texts[0])
    draw = random.Random(0)
    for _ in range(12):
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                while True:
                    for text in texts:
                        write_whole(path, text)
            os._exit(1)
        time.sleep(draw.uniform(0.002, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert path.read_text() in texts


# Files that change -----------------------------------------------------------------------------------------


def change_again_and_again(path: Path, texts: list[str]) -> Callable[[], None]:
    """Write a file in place, so that it is empty or half there in between."""

    def change() -> None:
        while True:
            for text in texts:
                with open(path, "w") as file:
                    file.write(text)
                    file.flush()

    return lambda: threading.Thread(target=change, daemon=True).start()


@pytest.mark.parametrize(
    "command", ["validate net.yaml", "trace net.yaml --static", "check --static", "lock --static"]
)
def test_a_file_that_changes_while_it_is_read(command: str, project: Path) -> None:
    texts = [NET, NET + "  last: Linear(8, 3)\n" * 1, "\0" * 5000, NET * 400, ""]
    ending = run_apart(
        *command.split(), folder=project, prepare=change_again_and_again(project / "net.yaml", texts)
    )
    assert ending.code in (0, 1, 2)
    assert "Traceback" not in ending.err
    assert "internal" not in ending.err


def test_a_file_that_grows_without_end(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_bytes(b"# \n" * (1 << 20))
    ending = run_apart("validate", "net.yaml", folder=tmp_path)
    assert ending.code == 2
    assert "error[file-too-large]" in ending.err + ending.out


# Memory ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "validate net.yaml",
        "trace net.yaml --static",
        "trace net.yaml --symbolic",
        "trace net.yaml --run",
        "trace net.yaml --fix",
        "show net.yaml",
        "show net.yaml --run",
        "show net.yaml --format spec",
        "params net.yaml --static",
        "params net.yaml --run",
        "dims net.yaml",
        "explain net.yaml fc",
        "lock net.yaml --static",
        "check net.yaml --static",
        "diff net.yaml net.lock",
    ],
)
def test_a_spec_that_takes_all_memory_where_it_is_read(command: str, project: Path) -> None:
    """The lists are there before any layer is, and no step of them is large by itself."""
    (project / "net.yaml").write_text("params: {a: '[[0] * 99999 for i in range(9999)]'}\n" + NET)
    before = snapshot(project)
    limits = ["--limit", "memory=64", "--limit", "steps=1000000000"]
    ending = run_apart(*command.split(), *limits, folder=project)
    assert ending.code == 2, ending.out
    assert "error[out-of-memory]: this takes more than 64 MiB of memory\n" in ending.out + ending.err
    assert snapshot(project) == before


# Surroundings ----------------------------------------------------------------------------------------------


def test_windows_line_ends_are_those_of_everyone(project: Path) -> None:
    assert run_apart("lock", "--static", folder=project).code == 0
    lock = (project / "net.lock").read_bytes()
    (project / "net.yaml").write_bytes(NET.replace("\n", "\r\n").encode())
    assert run_apart("check", "--static", folder=project).code == 0
    assert run_apart("lock", "--static", folder=project).code == 0
    assert (project / "net.lock").read_bytes() == lock
    (project / "net.lock").write_bytes(lock.replace(b"\n", b"\r\n"))
    assert run_apart("check", "--static", folder=project).code in (0, 2)


@pytest.mark.parametrize("columns", ["20", "1", "a", "99999999999999999999"])
@pytest.mark.parametrize(
    "command",
    ["trace net.yaml --static", "params net.yaml", "check --static", "dims net.yaml"],
)
def test_any_width(command: str, columns: str, project: Path) -> None:
    def prepare() -> None:
        os.environ["COLUMNS"] = columns

    ending = run_apart(*command.split(), folder=project, prepare=prepare)
    assert ending.code in (0, 1)
    assert not ending.err or ending.err.startswith("warning[")


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The program in a new process with little more than this environment, and no terminal."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "VIRTUAL_ENV") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "layercli", *arguments],
        cwd=folder,
        env=kept | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        start_new_session=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "utf-16"},
    ],
    ids=str,
)
def test_any_locale(environment: dict[str, str], project: Path) -> None:
    folder = project / "a b \u00e9\u6f22"
    folder.mkdir()
    (folder / "n \u00e9t.yaml").write_text(f"doc: caf\u00e9 \u6f22\n{NET}", "utf-8")
    (folder / "wrong.yaml").write_text("# \u00e9\u6f22\n" + NET.replace("ReLU", "Relu\u00e9"), "utf-8")
    done = start(folder, "trace", "n \u00e9t.yaml", "--static", "--output", "t\u00e9.txt", **environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Linear" in (folder / "t\u00e9.txt").read_text("utf-8")
    done = start(folder, "validate", ".", **environment)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_a_terminal_that_is_dumb_gets_plain_text(project: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "layercli", "check", "--static"],
            cwd=project,
            env={**os.environ, "TERM": "dumb", "FORCE_COLOR": "", "NO_COLOR": "", "CI": "", "COLUMNS": "20"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        told = b""
        with contextlib.suppress(OSError):  # Linux says so at the end of a terminal.
            while part := os.read(ours, 65536):
                told += part
    finally:
        os.close(ours)
    assert process.wait(timeout=60) == 1
    assert b"fc" in told
    assert b"\x1b" not in told
