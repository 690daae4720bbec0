"""All that is wrong with a model is told, with its causes and mends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from layercli.errors import SpecError

if TYPE_CHECKING:
    from layercli.plan.records import Plan


@contextmanager
def diagnosed(plan: Plan) -> Iterator[None]:
    """What a plan is refused for inside is raised with where it came from and what to write instead."""
    try:
        yield
    except SpecError as failure:
        from layercli.diagnose.session import diagnose_all

        raise diagnose_all(plan, failure) from failure.__cause__
