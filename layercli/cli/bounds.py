"""Bounds of memory and time on the work of one command, so that a spec can't take more than it may."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from layercli.errors import CommandError, Problem, draw_problems
from layercli.spec.limits import allow_more, current_limits

#: Seconds that a kernel which runs at the end of the time may still take.
GRACE = 5.0


@contextmanager
def bounded(device: str = "cpu") -> Iterator[None]:
    """Inside, the process takes at most so much memory and time. Raises CommandError past them.

    The memory of a GPU isn't bounded, and a process that uses one maps more than it takes, so neither is its own.
    Where the system has no such bounds there are none. A kernel can't be interrupted: where one goes on for
    ``GRACE`` seconds longer, the process says so and ends.
    """
    with _bounded_seconds(), _watched(), _bounded_memory(device):
        try:
            yield
        except MemoryError:
            message = f"this takes more than {_most_memory() >> 20:,} MiB of memory"
            hint = f"use --device meta; {allow_more('memory')}"
            raise CommandError(Problem("out-of-memory", message, hint=hint)) from None


def _most_memory() -> int:
    """Bytes that the process may take: those of the limit, or of the machine where it has fewer.

    Past what the machine has the system would end the process, or another one, without a word.
    """
    most = current_limits().memory << 20
    with suppress(OSError, ValueError, AttributeError):
        most = min(most, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        # Of a container that is given less. "max" is no number, and no bound.
        with suppress(OSError, ValueError), open(path, encoding="ascii") as file:
            most = min(most, int(file.read()))
    return most


@contextmanager
def _bounded_memory(device: str) -> Iterator[None]:
    try:
        import resource
    except ImportError:
        yield
        return
    if device.startswith(("cuda", "mps")):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _most_memory()
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    except (OSError, ValueError):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _out_of_time() -> Problem:
    message = f"this takes more than {current_limits().seconds:,} seconds"
    return Problem("out-of-time", message, hint=allow_more("seconds"))


@contextmanager
def _watched() -> Iterator[None]:
    """End the process where a kernel runs on past the limit: kernels let other threads go on, and signals wait for them."""
    text = draw_problems([_out_of_time()]) + "\n"

    def end() -> None:
        with suppress(OSError):
            os.write(2, text.encode("utf-8", "backslashreplace"))
        os._exit(2)

    watch = threading.Timer(current_limits().seconds + GRACE, end)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


@contextmanager
def _bounded_seconds() -> Iterator[None]:
    # Only the main thread may set a signal's handler.
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise CommandError(_out_of_time())

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, current_limits().seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
