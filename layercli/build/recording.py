"""Where a running spec tells of its operations: nowhere, unless somebody listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from layercli.spec.values import Site


class Recorder(Protocol):
    """Runs operations, and may note what went in and came out."""

    def run_operation(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        site: Site,
    ) -> Any:
        """``function(*arguments, **keywords)``, under the name that its row has."""
        ...


RECORDER: ContextVar[Recorder | None] = ContextVar("layercli_recorder", default=None)
