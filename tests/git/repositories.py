"""Git repositories for tests: made in an empty folder, without anyone's own configuration."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Author",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "Author",
    "GIT_COMMITTER_EMAIL": "author@example.org",
    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z",
}

NET = """\
dims: {N: 1}
inputs: {x: [N, 4]}
layers:
  first: Linear(4, 8)
  last: Linear(8, 2)
forward:
  - relu(first(x))
  - last
"""


@dataclass(frozen=True)
class Sandbox:
    """A repository at ``root``, with what tests do to it."""

    root: Path

    def git(self, *arguments: str, code: int | None = 0) -> str:
        """What git says to ``arguments``, ending with ``code``; any where that is None."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env=inherited | ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert code in (None, done.returncode), done.stderr
        return done.stdout.strip()

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self) -> str:
        """Commit everything there is; the hash."""
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", "a commit")
        return self.git("rev-parse", "HEAD")


def make_repository(root: Path) -> Sandbox:
    """A new repository whose branch is ``main``."""
    root.mkdir(parents=True, exist_ok=True)
    sandbox = Sandbox(root)
    sandbox.git("init", "--quiet", "--initial-branch=main")
    return sandbox
