"""Running the program in a copy of this process: with limits, and whatever comes of it comes back."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import importlib
import os
import pkgutil
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import layercli
from layercli.cli.main import main

#: Seconds of processor time, and bytes beside what this process has, that a command may take.
SECONDS = 60
MEMORY = 3 << 30


@dataclass(frozen=True)
class Ending:
    """How a command ended: its exit code, or the negative number of the signal that ended it, and what it wrote."""

    code: int
    out: str
    err: str


@cache
def load_program() -> None:
    """Import whatever a command may need, once, and leave it out of the collector's sight, so that copies share it."""
    for package in (
        "cli",
        "spec",
        "plan",
        "derive",
        "build",
        "run",
        "diagnose",
        "lint",
        "report",
        "catalogue",
        "trace",
    ):
        folder = Path(layercli.__path__[0], package)
        for found in pkgutil.walk_packages([str(folder)], f"layercli.{package}."):
            importlib.import_module(found.name)
    gc.collect()
    gc.freeze()


def run_apart(
    *arguments: str,
    folder: Path,
    prepare: Callable[[], object] | None = None,
    finish: Callable[[], object] | None = None,
) -> Ending:
    """What the program does in ``folder``, in a process of its own that costs no new start of Python or torch.

    ``prepare`` is called there before, ``finish`` after it.
    """
    load_program()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            # Nothing of pytest's may run on here, whatever happens.
            code = 99
            with contextlib.suppress(BaseException):
                code = _run_in_child(arguments, folder, prepare, out.fileno(), err.fileno())
                if finish is not None:
                    finish()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        told = []
        for stream in (out, err):
            stream.seek(0)
            told.append(stream.read().decode("utf-8", "replace"))
    return Ending(code, *told)


def _run_in_child(
    arguments: tuple[str, ...], folder: Path, prepare: Callable[[], object] | None, out: int, err: int
) -> int:
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    os.chdir(folder)
    faulthandler.disable()
    limit_child()
    if prepare is not None:
        prepare()
    code = main(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
    """At most ``MEMORY`` more bytes for this process inside, so that what takes all of them fails at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = _held() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _held() -> int:
    """Bytes that this process has mapped."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def limit_child() -> None:
    """Bounds that end this process where the program's own don't: no test waits for ever, or fills the machine."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    most = _held() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "torch" in sys.modules:
        # Threads of the process that was copied are not here, and its pool waits for them.
        sys.modules["torch"].set_num_threads(1)


def mount_small(folder: Path, size: int) -> None:
    """Put an empty file system of ``size`` bytes over a folder, for this process only. Raises OSError where that isn't allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    new_user, new_mounts = 0x10000000, 0x00020000
    private, recursive = 1 << 18, 1 << 14
    names = (b"tmpfs", os.fsencode(folder), b"tmpfs")

    def check(result: int) -> None:
        if result != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    check(libc.unshare(new_mounts | (0 if os.geteuid() == 0 else new_user)))
    check(libc.mount(b"none", b"/", None, private | recursive, None))
    check(libc.mount(*names, 0, f"size={size}".encode()))


@cache
def can_mount() -> bool:
    """Whether a process may have a file system of its own here."""
    with tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if child == 0:
            code = 1
            with contextlib.suppress(OSError):
                mount_small(Path(folder), 1 << 16)
                code = 0
            os._exit(code)
        return os.waitpid(child, 0)[1] == 0


def drop_powers() -> None:
    """Root may write anywhere; here it may no longer."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    assert libc.capset(ctypes.byref(header), ctypes.byref(data)) == 0
