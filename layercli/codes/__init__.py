"""Every code of an error, a warning or a difference: what it means, what to do, and an example."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from layercli.codes.records import Code, Example, Severity

__all__ = ["FAMILIES", "Code", "Example", "Severity", "find_code", "list_codes"]

#: What each family's codes are about, in the order in which they are listed.
FAMILIES: Mapping[str, str] = {
    "text": "The text of a file",
    "keys": "Keys, blocks and imports",
    "language": "Expressions and statements",
    "models": "What PyTorch refuses, and limits",
    "warnings": "Warnings",
    "commands": "Commands and configuration",
    "locks": "Locks",
    "differences": "Differences from a lock",
}


@cache
def list_codes() -> Mapping[str, Code]:
    """Every code by its name, family after family."""
    modules = [import_module(f"layercli.codes.{family}") for family in FAMILIES]
    return {entry.code: entry for module in modules for entry in module.CODES}


def find_code(code: str) -> Code | None:
    """What is known of a code; None where there is no such one."""
    return list_codes().get(code)
