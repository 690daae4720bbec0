"""What runners of workflows take for commands in the output of a step, and how a text isn't taken for one."""

from __future__ import annotations

import re


def break_commands(text: str) -> str:
    """A text with a backslash in everything that GitHub's or Azure's runner would act on.

    These are two colons at the start of a line, blanks before them or not, and two number signs before a word in a
    bracket wherever they stand: ``##[error]``.
    """
    text = re.sub(r"^([ \t]*)(?=::)", r"\1\\", text, flags=re.MULTILINE)
    return re.sub(r"##(?=[\w.-]*\[)", r"#\\#", text)
