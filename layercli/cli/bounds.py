"""Bounds of memory and time on the work of one command, so that a spec can't take more than it may."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from layercli.errors import CommandError, Problem
from layercli.spec.limits import allow_more, current_limits


@contextmanager
def bounded(device: str = "cpu") -> Iterator[None]:
    """Inside, the process takes at most so much memory and time. Raises CommandError past them.

    The memory of a GPU isn't bounded, and a process that uses one maps more than it takes, so neither is its own.
    Where the system has no such bounds there are none. A kernel that runs is not interrupted.
    """
    with _bounded_seconds(), _bounded_memory(device):
        try:
            yield
        except MemoryError:
            message = f"this takes more than {current_limits().memory:,} MiB of memory"
            hint = f"use --device meta; {allow_more('memory')}"
            raise CommandError(Problem("out-of-memory", message, hint=hint)) from None


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
    most = current_limits().memory << 20
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


@contextmanager
def _bounded_seconds() -> Iterator[None]:
    # Only the main thread may set a signal's handler.
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        message = f"this takes more than {current_limits().seconds:,} seconds"
        raise CommandError(Problem("out-of-time", message, hint=allow_more("seconds")))

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, current_limits().seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
