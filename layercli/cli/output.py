"""Where text goes: standard output and error, or a file that is written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import TextIO

from layercli.errors import CommandError, Problem


def write_output(text: str, path: Path | None = None) -> None:
    """Write a report to standard output, or to ``path``. Raises CommandError where the file can't be written."""
    if path is not None:
        from layercli.files import write_whole

        write_whole(path, text)
        return
    _write(sys.stdout, text)


def write_error(text: str) -> None:
    """Write a message to standard error; where that is impossible the exit code has to do."""
    # A message quotes what a stranger wrote, and a runner of workflows reads it.
    from layercli.report.logs import break_commands

    with contextlib.suppress(CommandError):
        _write(sys.stderr, break_commands(text))


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # The program was started with the stream closed.
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = text.encode(encoding, errors="backslashreplace").decode(encoding)
    try:
        stream.write(shown)
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
    except OSError as error:
        _silence(stream)
        raise CommandError(Problem("unwritable", f"the output can't be written: {error.strerror}")) from None


def _silence(stream: TextIO) -> None:
    """Send what follows nowhere: whoever read it is gone, and the exit code still says what was found."""
    try:
        number = os.open(os.devnull, os.O_WRONLY)
        os.dup2(number, stream.fileno())
        os.close(number)
    except (OSError, ValueError):
        pass


def close_output(code: int) -> int:
    """Flush what is left, so that a closed pipe isn't found out about after the program's end."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            _silence(stream)
    return code


def use_color() -> bool:
    """Whether to write colours: not where NO_COLOR is set, else where FORCE_COLOR is, else on a terminal that has them."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    if os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        return False
    return _is_terminal(sys.stdout)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def find_width() -> int | None:
    """The columns of the terminal, or of COLUMNS where that is set; None where the output is a file or pipe."""
    if os.environ.get("COLUMNS", "").isdigit() or _is_terminal(sys.stdout):
        return max(20, shutil.get_terminal_size((80, 24)).columns)
    return None


def needs_ascii() -> bool:
    """Whether standard output can't show what isn't ASCII."""
    try:
        "·×".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return True
    return False
