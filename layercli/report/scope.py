"""Which specs a check is about, and why."""

from __future__ import annotations

from collections.abc import Sequence

from layercli.errors import escape_controls
from layercli.report.logs import break_commands


def format_scope(candidates: Sequence[tuple[str, bool, str]]) -> str:
    """A line for each file: its name, whether it is checked, and why; then how many are."""
    rows = [(_escape(name), taken, _escape(reason)) for name, taken, reason in candidates]
    width = max((len(name) for name, _, _ in rows), default=0)
    lines = [
        f"{'check' if taken else 'leave'}  {name:<{width}}  {reason}".rstrip() for name, taken, reason in rows
    ]
    taken = sum(candidate[1] for candidate in candidates)
    specs = "spec" if taken == 1 else "specs"
    end = f"{taken:,} {specs} to check"
    if taken < len(rows):
        end += f", {len(rows) - taken:,} left out"
    return break_commands("\n".join([*lines, end]) + "\n")


def _escape(text: str) -> str:
    return escape_controls(text).replace("\n", "\\n")
