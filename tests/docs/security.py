"""The table of docs/security.md, made from the limits: ``python -m tests.docs.security`` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from layercli.spec.limits import LIMIT_NAMES, Limits

PAGE = Path(__file__).parents[2] / "docs" / "security.md"

#: What each limit is of, and the code of the error.
WORDS = {
    "bytes": ("of a file", "file-too-large"),
    "levels": ("of YAML inside YAML", "yaml-depth"),
    "characters": ("of an expression, a statement or a text that is computed", "too-long"),
    "digits": ("of a number", "number-too-large"),
    "modules": ("of a model, counted before any is made", "too-many-modules"),
    "steps": ("of evaluation", "too-many-steps"),
    "items": ("of a list or a range; tensors that one call gives", "too-long"),
    "elements": ("of one tensor, expanded ones as they look", "tensor-too-large"),
    "sequence": ("steps of a recurrent layer", "tensor-too-large"),
    "memory": ("MiB that a command takes", "out-of-memory"),
    "seconds": ("that a command takes", "out-of-time"),
}


def write_table() -> str:
    """The rows, a line each."""
    limits = Limits()
    lines = ["| limit | at most | code of the error |", "|---|---|---|"]
    for name in LIMIT_NAMES:
        what, code = WORDS[name]
        lines.append(f"| `{name}`: {what} | {getattr(limits, name):,} | [`{code}`](errors.md#{code}) |")
    return "\n".join(lines)


def write_page(text: str) -> str:
    """The page with the table in its place."""
    begin, end = "<!-- limits -->\n", "\n<!-- end of limits -->"
    table = f"{begin}{write_table()}{end}"
    return re.sub(
        f"{re.escape(begin)}.*?{re.escape(end.lstrip())}", lambda found: table, text, flags=re.DOTALL
    )


if __name__ == "__main__":
    PAGE.write_text(write_page(PAGE.read_text("utf-8")), "utf-8")
