"""Running git so that neither a repository's configuration nor an argument can run or write anything."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import IO

from layercli.errors import CommandError, Problem
from layercli.record import record

#: Seconds that one question may take.
MAX_SECONDS = 60.0

#: Bytes that one answer may have: the names of a million files.
MAX_BYTES = 1 << 27

#: What a repository's own configuration could name a program by, or be slow by. Later values win, and these are later.
_SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.askPass=false",
    "core.untrackedCache=false",
    "credential.helper=",
    "diff.external=",
    "protocol.allow=never",
    "log.showSignature=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
)

_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    # A repository may allow single protocols, which counts for more than protocol.allow. This counts for more than that.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
    "LANGUAGE": "",
}
#: What the surroundings may say about where a search for a repository ends.
_KEPT = ("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM")


@record
class Answer:
    """What git said. ``code`` is 0 where it did what was asked."""

    code: int
    output: bytes
    errors: str


def find_program() -> str:
    """The git that stands first on PATH, folders that depend on the working folder left out. Raises CommandError."""
    name = "git.exe" if os.name == "nt" else "git"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        place = os.path.join(folder, name)
        if os.path.isabs(folder) and os.path.isfile(place) and os.access(place, os.X_OK):
            return place
    message = "revisions are read by git, and there is no git on PATH"
    raise CommandError(Problem("no-git", message, hint="install git"))


def make_environment() -> dict[str, str]:
    """The surroundings without what steers git: in a hook git itself names the repository that the hook is of."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    return kept | _ENVIRONMENT


@contextmanager
def start_git(folder: Path, arguments: Sequence[str], settings: Sequence[str] = ()) -> Iterator[GitProcess]:
    """git with ``arguments`` in ``folder``; it ends with the block. Raises CommandError where it can't be started."""
    options = [part for setting in (*_SETTINGS, *settings) for part in ("-c", setting)]
    try:
        process = subprocess.Popen(
            [find_program(), "--no-pager", *options, *arguments],
            cwd=folder,
            env=make_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        message = f"git can't be started: {(error.strerror or str(error)).lower()}"
        raise CommandError(Problem("git-failed", message)) from None
    try:
        yield GitProcess(process)
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            close_stream(stream)
        process.wait()


def close_stream(stream: IO[bytes] | None) -> None:
    """Close a stream whose other end may be gone."""
    if stream is not None:
        with suppress(OSError):
            stream.close()


class GitProcess:
    """A running git that is asked and that answers, each time within ``MAX_SECONDS``."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.late = False

    def _stop(self) -> None:
        self.late = True
        self.process.kill()

    @contextmanager
    def timed(self) -> Iterator[None]:
        """End the process where the block takes too long, which ends the block. Raises CommandError."""
        timer = Timer(MAX_SECONDS, self._stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        if self.late:
            message = f"git took more than {MAX_SECONDS:g} seconds, and was stopped"
            raise CommandError(Problem("git-slow", message))

    def finish(self) -> Answer:
        """All that it says until it ends. Raises CommandError where that is too much, or takes too long."""
        stdout, stderr = self.process.stdout, self.process.stderr
        assert stdout is not None
        assert stderr is not None
        with self.timed():
            close_stream(self.process.stdin)
            output = stdout.read(MAX_BYTES + 1)
            if len(output) > MAX_BYTES:
                self.process.kill()
                message = f"git says more than {MAX_BYTES:,} bytes, the limit for an answer"
                raise CommandError(Problem("git-too-much", message))
            errors = stderr.read(MAX_BYTES)
            code = self.process.wait()
        return Answer(code, output, os.fsdecode(errors))

    def read_object(self, key: str, most: int) -> tuple[int, bytes]:
        """Size and bytes of an object by its hash, of one with more than ``most`` bytes the size only; -1 for none.

        The process is a ``cat-file --batch``. Raises CommandError where it takes too long.
        """
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        with self.timed():
            try:
                stdin.write(key.encode("ascii") + b"\n")
                stdin.flush()
            except BrokenPipeError:
                return -1, b""
            head = re.fullmatch(rb"[0-9a-f]+ blob ([0-9]+)\n", stdout.readline(1 << 12))
            if head is None:
                return -1, b""
            size = int(head[1])
            data = stdout.read(size) if size <= most else b""
            left = size - len(data)
            while left and (skipped := len(stdout.read(min(left, 1 << 20)))):
                left -= skipped
            stdout.read(1)
        return (size if not left else -1), data

    def read_errors(self) -> str:
        """What it complained about, where it has ended."""
        if self.process.poll() is None or self.process.stderr is None:
            return ""
        with self.timed():
            return os.fsdecode(self.process.stderr.read(1 << 12))


def run_git(folder: Path, arguments: Sequence[str], settings: Sequence[str] = ()) -> Answer:
    """What git says to ``arguments`` in ``folder``. Raises CommandError where it can't be asked."""
    with start_git(folder, arguments, settings) as process:
        return process.finish()


def read_trusted_folders() -> list[str]:
    """What the user's and the machine's own configuration names as ``safe.directory``."""
    found: list[str] = []
    for scope in ("--system", "--global"):
        command = [find_program(), "config", scope, "--includes", "-z", "--get-all", "safe.directory"]
        surroundings = {name: value for name, value in os.environ.items() if name != "GIT_DIR"}
        with_limit = {"timeout": MAX_SECONDS, "cwd": os.path.abspath(os.sep), "env": surroundings}
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                **with_limit,  # type: ignore[call-overload]
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        found += [os.fsdecode(value) for value in done.stdout.split(b"\0") if value]
    return found


def last_line(errors: str) -> str:
    """What git complained about, as a note."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (fatal or lines or ["git ended without a word"])[0]
