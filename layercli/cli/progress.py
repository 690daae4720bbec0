"""How far long work has come, on a terminal."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from layercli.errors import escape_controls
from layercli.work import Tell, tell_nothing

#: Seconds after which work is long, and between two lines of it.
DELAY = 0.5
INTERVAL = 0.1


@contextmanager
def show_progress(verb: str) -> Iterator[Tell]:
    """A function that is told of each step, by its number, how many there are, and what it is about.

    They stand on one line of standard error that is gone at the end; where that is no terminal, or in CI, nothing is
    written.
    """
    if not _is_shown():
        yield tell_nothing
        return
    line = _Line(verb)
    try:
        yield line.tell
    finally:
        line.clear()


def _is_shown() -> bool:
    return (
        sys.stderr is not None
        and sys.stderr.isatty()
        and not os.environ.get("CI")
        and os.environ.get("TERM") != "dumb"
    )


class _Line:
    def __init__(self, verb: str) -> None:
        self.verb = verb
        self.next = time.monotonic() + DELAY
        self.shown = False

    def tell(self, done: int, count: int, name: str) -> None:
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + INTERVAL
        width = shutil.get_terminal_size((80, 24)).columns - 1
        text = f"{self.verb} {done:,} of {count:,}: {escape_controls(name)}"
        self.write("\r\x1b[K" + text.replace("\n", "\\n")[:width])
        self.shown = True

    def clear(self) -> None:
        if self.shown:
            self.write("\r\x1b[K")

    def write(self, text: str) -> None:
        # What can't be shown is no reason to end the work.
        with suppress(OSError, ValueError):
            sys.stderr.write(text.encode("ascii", "replace").decode("ascii"))
            sys.stderr.flush()
