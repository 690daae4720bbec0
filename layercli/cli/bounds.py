"""Bounds of memory and time on the work of a command, so that a spec can't take more than it may."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any

from layercli.errors import CommandError, Problem, draw_problems
from layercli.spec.limits import allow_more, current_limits
from layercli.work import Tell

#: Seconds that a kernel which runs at the end of the time may still take.
GRACE = 5.0

#: Seconds after which the end of the time is raised again, where it was taken for a fault that may be passed over.
AGAIN = 0.5


class Clock:
    """The time that a piece of work may take: the whole of a command, or what is about one of its specs."""

    def __init__(self) -> None:
        self.name = "this"
        self.deadline = 0.0
        self.set_alarm: Callable[[float], object] = lambda seconds: None
        self.start()

    def start(self) -> None:
        """The time begins anew."""
        self.deadline = time.monotonic() + current_limits().seconds
        self.set_alarm(current_limits().seconds)

    def start_each(self, tell: Tell) -> Tell:
        """``tell``, at each call of which the time begins anew for what it is told of."""

        def start(done: int, count: int, name: str) -> None:
            self.name = name
            self.start()
            tell(done, count, name)

        return start

    def explain(self) -> Problem:
        """That the time is over."""
        message = f"{self.name} takes more than {current_limits().seconds:,} seconds"
        return Problem("out-of-time", message, hint=allow_more("seconds"))


@contextmanager
def bounded(device: str = "cpu") -> Iterator[Clock]:
    """Inside, the process takes at most so much memory, and time as the clock says. Raises CommandError past them.

    The memory of a GPU isn't bounded, and a process that uses one maps more than it takes, so neither is its own.
    Where the system has no such bounds there are none. A kernel can't be interrupted: where one goes on for
    ``GRACE`` seconds longer, the process says so and ends.
    """
    clock = Clock()
    with _bounded_seconds(clock), _watched(clock), _bounded_memory(device):
        try:
            yield clock
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


def _held_memory() -> int:
    """Bytes that the process had before, which the system counts, too, and the work inside doesn't take."""
    with suppress(OSError, ValueError, IndexError), open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    return 0


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
    most = _most_memory() + _held_memory()
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
def _watched(clock: Clock) -> Iterator[None]:
    """End the process where a kernel runs on past the limit: kernels let other threads go on, and signals wait for them."""
    done = threading.Event()

    def watch() -> None:
        while (left := clock.deadline + GRACE - time.monotonic()) > 0:
            if done.wait(left):
                return
        text = draw_problems([clock.explain()]) + "\n"
        with suppress(OSError):
            os.write(2, text.encode("utf-8", "backslashreplace"))
        os._exit(2)

    context = copy_context()
    threading.Thread(target=lambda: context.run(watch), daemon=True).start()
    try:
        yield
    finally:
        done.set()


@contextmanager
def _bounded_seconds(clock: Clock) -> Iterator[None]:
    # Only the main thread may set a signal's handler.
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise CommandError(clock.explain())

    before = signal.signal(signal.SIGALRM, stop)
    clock.set_alarm = lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    clock.start()
    try:
        yield
    finally:
        clock.set_alarm(0)
        signal.signal(signal.SIGALRM, before)
