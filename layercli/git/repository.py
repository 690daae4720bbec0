"""Which repository a folder lies in, and which commit a revision means."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from layercli.errors import CommandError, Problem
from layercli.git.program import Answer, last_line, read_trusted_folders, run_git
from layercli.record import record


@record
class Repository:
    """A repository with a working tree. ``root`` is its top folder, ``folder`` the one it was asked from.

    ``shallow``: it hasn't all commits. ``trusted`` are settings that let git read it, where the user's own say so.
    """

    root: Path
    folder: Path
    shallow: bool = False
    trusted: tuple[str, ...] = ()

    def ask(self, *arguments: str) -> Answer:
        """What git says. Raises CommandError where it can't be asked."""
        return run_git(self.root, arguments, self.trusted)

    def find_commit(self, revision: str) -> str:
        """The full hash of the commit that a revision means.

        Raises CommandError where it means none, with what to do about it in a clone that hasn't all commits.
        """
        if not revision.strip() or revision.startswith("-") or not revision.isprintable():
            hint = "name a branch, a tag or a commit, such as main or HEAD~1"
            raise CommandError(Problem("unknown-revision", f"{revision!r} is no revision", hint=hint))
        _refuse_others(revision)
        answer = self.ask("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        commit = answer.output.decode("ascii", "replace").strip()
        if answer.code == 0 and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
            return commit
        raise CommandError(self._explain_revision(revision, answer))

    def list_names(self) -> list[str]:
        """The names of branches, those of remotes too, and of tags; none where git can't tell."""
        refs = ("refs/heads", "refs/remotes", "refs/tags")
        answer = self.ask("for-each-ref", "--format=%(refname:short)", *refs)
        return ["HEAD", *os.fsdecode(answer.output).split("\n")[:-1]] if answer.code == 0 else []

    def _explain_revision(self, revision: str, answer: Answer) -> Problem:
        message = f"there is no revision {revision} here"
        hint = "git fetch brings what the remote has; git log --oneline --all shows what is here"
        if self.shallow:
            message += ": this clone hasn't all commits"
            hint = (
                "git fetch --unshallow brings the others; in a workflow give actions/checkout fetch-depth: 0"
            )
        note = last_line(answer.errors)
        # What git says of most names that it doesn't know adds nothing.
        notes = () if "Needed a single revision" in note else (note,)
        return Problem("unknown-revision", message, notes=notes, hint=hint)


#: What git takes for something else than one commit: a text in it, what that makes of it, and what to write instead, with
#: ``{0}`` and ``{1}`` for what stands around the text.
_OTHERS: Sequence[tuple[str, str, str]] = (
    ("...", "a range", "name the commit that they have in common: $(git merge-base {0} {1})"),
    ("..", "a range", "name the commit that it begins at: {0}"),
    (":/", "a search for a commit", "name a branch, a tag or a commit, such as main or HEAD~1"),
    (":", "a file", "name a branch, a tag or a commit, such as main or HEAD~1"),
)


def _refuse_others(revision: str) -> None:
    """Raises CommandError for what git would take for something else than one commit."""
    # In braces stand dates and words of messages, and any sign may be in those.
    bare = re.sub(r"\{[^{}]*\}", "", revision)
    for text, what, hint in _OTHERS:
        if text in bare:
            first, _, second = revision.partition(text)
            hint = hint.format(first or "HEAD", second or "HEAD")
            raise CommandError(
                Problem("unknown-revision", f"{revision} is {what}, not one commit", hint=hint)
            )


def find_repository(folder: Path) -> Repository:
    """The repository that ``folder`` lies in. Raises CommandError where there is none, or git won't read it."""
    question = ("rev-parse", "--is-shallow-repository", "--show-toplevel")
    trusted: tuple[str, ...] = ()
    answer = run_git(folder, question)
    if answer.code and "dubious ownership" in answer.errors:
        # Only what isn't of the repository itself counts, and that isn't read otherwise.
        trusted = tuple(f"safe.directory={value}" for value in read_trusted_folders())
        answer = run_git(folder, question, trusted) if trusted else answer
    if answer.code:
        raise CommandError(_explain_refusal(folder, answer))
    shallow, _, top = answer.output.partition(b"\n")
    root = Path(os.fsdecode(top.removesuffix(b"\n"))).resolve()
    here = folder.resolve()
    if not here.is_relative_to(root):
        message = f"the repository here has its files in another folder, {root}"
        raise CommandError(Problem("no-repository", message, hint="work in that folder"))
    return Repository(root, here, shallow == b"true", trusted)


#: What git says, and what that means.
_REFUSALS: Sequence[tuple[str, str, str, str]] = (
    (
        "not a git repository",
        "no-repository",
        "{folder} lies in no git repository, so there are no revisions to compare with",
        "work in a clone, or make one: git init",
    ),
    (
        "dubious ownership",
        "repository-owner",
        "git doesn't read the repository here: its folder belongs to another user",
        "if you trust it: git config --global --add safe.directory {top}",
    ),
    (
        "must be run in a work tree",
        "no-repository",
        "{folder} is a repository without files, a bare one",
        "work in a clone of it",
    ),
)


def _explain_refusal(folder: Path, answer: Answer) -> Problem:
    owned = re.search(r"dubious ownership in repository at '(.*)'", answer.errors)
    top = owned[1] if owned else str(folder)
    note = (last_line(answer.errors),)
    for text, code, message, hint in _REFUSALS:
        if text in answer.errors:
            return Problem(code, message.format(folder=folder), notes=note, hint=hint.format(top=top))
    return Problem("git-failed", "git can't read the repository here", notes=note)
