"""``layercli server``."""

from __future__ import annotations

from importlib.util import find_spec

from layercli.cli.bounds import bounded
from layercli.errors import CommandError, Problem

EXAMPLES = (("layercli server", "what an editor's settings name as its command"),)


def run() -> int:
    """Answer an editor that asks for the problems, shapes and completions of specs.

    It is a language server: the editor starts it, and they talk over standard input and output. Specs are derived as they
    are typed, without torch, and nothing in one is executed. It needs pip install layercli[server].
    """
    if find_spec("pygls") is None or find_spec("lsprotocol") is None:
        hint = 'pip install "layercli[server]"'
        raise CommandError(
            Problem("no-pygls", "the language server needs pygls, and it is not installed", hint=hint)
        )

    from layercli.server.program import serve

    return serve(bounded)
