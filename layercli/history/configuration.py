"""The configuration as it was at a revision, and what another one checks less."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from layercli.configuration import FILE_NAME, MAX_BYTES, Configuration, Pattern, read_configuration
from layercli.errors import Position, Problem
from layercli.git import Revision
from layercli.spec.document import read_source


def find_configuration_at(revision: Revision, folder: Path) -> tuple[Path, Configuration]:
    """The configuration that held in ``folder``, and the folder that its paths are counted from.

    Raises CommandError for one that can't be read.
    """
    root = revision.repository.root
    for place in (folder, *folder.parents):
        file = place / FILE_NAME
        if revision.look(file) == "file":
            name = revision.name(file)
            found = read_configuration(read_source(file, name, MAX_BYTES, revision).text, name)
            if found.name:
                return place, found
        if place == root:
            break
    return folder, Configuration()


def find_loosened(shown: str, old: Configuration, new: Configuration) -> Iterator[Problem]:
    """What ``new`` lets pass that ``old``, that of the revision ``shown``, didn't."""
    passing = [kind for kind in old.fail_on if kind not in new.fail_on]
    if passing:
        what = f"differences of these classes no longer fail: {', '.join(passing)}"
        yield _loosen(shown, what, new.places.get("fail-on"))
    for item in new.known:
        if not any((item.spec, item.path, item.kind) == (one.spec, one.path, one.kind) for one in old.known):
            yield _loosen(shown, f"differences are ignored: {item}", item.position)
    known = {pattern.text for pattern in old.exclude}
    for pattern in new.exclude:
        if pattern.text not in known:
            yield _loosen(shown, f"specs are left out: {pattern.text}", pattern.position)
    for text in _list_narrowed(old.specs, new.specs):
        yield _loosen(shown, f"specs are no longer looked for: {text}", new.places.get("specs"))


def _list_narrowed(old: tuple[Pattern, ...], new: tuple[Pattern, ...]) -> Iterator[str]:
    """The patterns that no longer say which specs there are; without any all are."""
    if not new:
        return
    if not old:
        yield f"only {', '.join(pattern.text for pattern in new)} are"
    kept = {pattern.text for pattern in new}
    yield from (pattern.text for pattern in old if pattern.text not in kept)


def _loosen(shown: str, what: str, position: Position | None = None) -> Problem:
    return Problem(
        "configuration-loosened",
        f"the configuration is looser than at {shown}: {what}",
        position,
        hint=f"this check went by the configuration of {shown}; the next one will go by this",
    )
